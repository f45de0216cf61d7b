//! Durations as people write them: `30s`, `4h`, `30d`.

use std::time::Duration;

use serde::{Deserialize, Deserializer};

/// Reads a number with a unit (`ms`, `s`, `m`, `h`, `d`), for `#[serde(deserialize_with)]`.
pub(crate) fn optional<'de, D: Deserializer<'de>>(source: D) -> Result<Option<Duration>, D::Error> {
    let text = Option::<String>::deserialize(source)?;
    text.map(|text| parse(&text).ok_or_else(|| serde::de::Error::custom(complaint(&text))))
        .transpose()
}

/// The same where a duration must stand.
pub(crate) fn required<'de, D: Deserializer<'de>>(source: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(source)?;
    parse(&text).ok_or_else(|| serde::de::Error::custom(complaint(&text)))
}

fn complaint(text: &str) -> String {
    format!("`{text}` is no duration: write a number and a unit, such as `30s`, `4h` or `30d`")
}

fn parse(text: &str) -> Option<Duration> {
    let digits = text.find(|character: char| !character.is_ascii_digit())?;
    let (number, unit) = text.split_at_checked(digits)?;
    let number: u64 = number.parse().ok()?;
    let millis_per_unit = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    number.checked_mul(millis_per_unit).map(Duration::from_millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_need_a_number_and_a_unit() {
        assert_eq!(parse("30d"), Some(Duration::from_hours(24 * 30)));
        assert_eq!(parse("1500ms"), Some(Duration::from_millis(1_500)));
        for wrong in ["", "30", "d", "3 d", "-1s", "1w", "99999999999999999999s"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
