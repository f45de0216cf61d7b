//! Times of day in a zone, as people write them: `00:00 Europe/Berlin`.

use std::fmt;

use jiff::ToSpan as _;
use jiff::civil::Time;
use jiff::tz::TimeZone;
use serde::{Deserialize, Deserializer};
use usher_core::Timestamp;

/// A time of every day.
#[derive(Clone, Debug, PartialEq)]
pub struct Daily {
    time: Time,
    zone: TimeZone,
}

impl Daily {
    /// Reads a time of day and the name of a time zone.
    pub fn parse(text: &str) -> Option<Self> {
        let (time, zone) = text.split_once(' ')?;
        Some(Self { time: time.parse().ok()?, zone: TimeZone::get(zone.trim()).ok()? })
    }

    /// The last such time that is not after `now`. Where a clock was put forward over it, the instant
    /// after the gap; where it was put back, the first of two.
    pub fn last(&self, now: Timestamp) -> Option<Timestamp> {
        let here = jiff::Timestamp::from_millisecond(now.as_millis()).ok()?;
        let today = here.to_zoned(self.zone.clone()).date();
        [today, today.checked_sub(1.day()).ok()?]
            .into_iter()
            .filter_map(|day| day.to_datetime(self.time).to_zoned(self.zone.clone()).ok())
            .map(|instant| Timestamp::from_millis(instant.timestamp().as_millisecond()))
            .find(|instant| *instant <= now)
    }
}

impl fmt::Display for Daily {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let zone = self.zone.iana_name().unwrap_or("UTC");
        write!(out, "{} {zone}", self.time.strftime("%H:%M"))
    }
}

impl<'de> Deserialize<'de> for Daily {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        let text = String::deserialize(source)?;
        Self::parse(&text).ok_or_else(|| {
            let complaint = format!(
                "`{text}` is no time of day: write a time and the name of a time zone, such as \
                 `00:00 Europe/Berlin`"
            );
            serde::de::Error::custom(complaint)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        let instant: jiff::Timestamp = text.parse().unwrap();
        Timestamp::from_millis(instant.as_millisecond())
    }

    #[test]
    fn the_last_time_is_todays_or_yesterdays() {
        let midnight = Daily::parse("00:00 Europe/Berlin").unwrap();
        assert_eq!(midnight.last(at("2026-01-09T22:59:59Z")), Some(at("2026-01-08T23:00:00Z")));
        assert_eq!(midnight.last(at("2026-01-09T23:00:00Z")), Some(at("2026-01-09T23:00:00Z")));
        let evening = Daily::parse("20:15 America/New_York").unwrap();
        assert_eq!(evening.last(at("2026-07-02T00:14:59Z")), Some(at("2026-07-01T00:15:00Z")));
        assert_eq!(evening.last(at("2026-07-02T00:15:00Z")), Some(at("2026-07-02T00:15:00Z")));
    }

    #[test]
    fn clocks_that_are_put_forward_or_back_reset_once() {
        let night = Daily::parse("02:30 Europe/Berlin").unwrap();
        // There was no half past two on this day; it was half past three at once.
        assert_eq!(night.last(at("2026-03-29T12:00:00Z")), Some(at("2026-03-29T01:30:00Z")));
        // There were two; the first counts.
        assert_eq!(night.last(at("2026-10-25T12:00:00Z")), Some(at("2026-10-25T00:30:00Z")));
    }

    #[test]
    fn what_is_no_time_of_day_is_refused() {
        for wrong in ["", "00:00", "24:00 UTC", "00:00 Nowhere/At_All", "noon UTC", "UTC 00:00"] {
            assert_eq!(Daily::parse(wrong), None, "{wrong}");
        }
        assert_eq!(Daily::parse("6:05 UTC").map(|it| it.to_string()), None);
        assert_eq!(
            Daily::parse("06:05 UTC").map(|it| it.to_string()).as_deref(),
            Some("06:05 UTC")
        );
    }
}
