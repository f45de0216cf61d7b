//! Instants as SAML writes them: `xs:dateTime` in UTC.

use jiff::civil::DateTime;
use jiff::tz::Offset;
use usher_core::Timestamp;

/// `2031-04-02T09:15:27.114Z`.
pub(crate) fn format(instant: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(instant.as_millis())
        .map(|instant| format!("{instant:.3}"))
        .unwrap_or_default()
}

/// Reads an instant; one without a zone is in UTC (SAML Core §1.3.3).
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    // The library reads more forms than XML Schema has.
    let date_time = |byte: u8| byte.is_ascii_digit() || b"-:.+TZ".contains(&byte);
    if text.len() > 40 || !text.bytes().all(date_time) || !text.contains('T') {
        return None;
    }
    let instant = text
        .parse::<jiff::Timestamp>()
        .or_else(|_| text.parse::<DateTime>().and_then(|civil| Offset::UTC.to_timestamp(civil)));
    instant.ok().map(|instant| Timestamp::from_millis(instant.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_read_in_every_form_xml_schema_has() {
        let expected = Timestamp::from_millis(1_932_887_727_114);
        assert_eq!(format(expected), "2031-04-02T09:15:27.114Z");
        for text in [
            "2031-04-02T09:15:27.114Z",
            "2031-04-02T09:15:27.114",
            "2031-04-02T11:15:27.114000+02:00",
        ] {
            assert_eq!(parse(text), Some(expected), "{text}");
        }
        for text in ["", "2031-04-02", "2031-04-02 09:15:27Z", "2031-04-02T09:15:27Z[UTC]", "soon"]
        {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
