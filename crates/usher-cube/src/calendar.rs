//! Report time: the zone, moments as people write them, default ranges and buckets (`wolap.md` §10).
//!
//! Inside the engine a moment of report time is *local milliseconds*: its civil date and time counted
//! as if it were UTC. Buckets are labels of civil time, so a repeated hour at the end of daylight
//! saving is one bucket.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{Offset, TimeZone};
use jiff::{Span, Timestamp};

/// A time dimension, from coarse to fine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Grain {
    Year,
    Month,
    Day,
    Hour,
    Minute,
}

impl Grain {
    /// The time dimension called `name`.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "year" => Some(Self::Year),
            "month" => Some(Self::Month),
            "day" => Some(Self::Day),
            "hour" => Some(Self::Hour),
            "minute" => Some(Self::Minute),
            _ => None,
        }
    }

    /// The start of the bucket that `moment` lies in.
    pub fn floor(self, moment: DateTime) -> DateTime {
        let date = moment.date();
        let (hour, minute) = match self {
            Self::Year => return date.first_of_year().to_datetime(Time::midnight()),
            Self::Month => return date.first_of_month().to_datetime(Time::midnight()),
            Self::Day => return date.to_datetime(Time::midnight()),
            Self::Hour => (moment.hour(), 0),
            Self::Minute => (moment.hour(), moment.minute()),
        };
        Time::new(hour, minute, 0, 0).map_or(moment, |time| date.to_datetime(time))
    }

    /// The end of the last bucket that begins before `moment`.
    pub fn ceil(self, moment: DateTime) -> DateTime {
        let floor = self.floor(moment);
        if floor == moment { moment } else { self.next(floor).unwrap_or(DateTime::MAX) }
    }

    /// The start of the bucket after the one that begins at `floor`; nothing at the end of time.
    pub(crate) fn next(self, floor: DateTime) -> Option<DateTime> {
        let step = match self {
            Self::Year => Span::new().years(1),
            Self::Month => Span::new().months(1),
            Self::Day => Span::new().days(1),
            Self::Hour => Span::new().hours(1),
            Self::Minute => Span::new().minutes(1),
        };
        floor.checked_add(step).ok()
    }

    /// The value of this dimension at `moment`.
    pub(crate) fn value(self, moment: DateTime) -> i16 {
        match self {
            Self::Year => moment.year(),
            Self::Month => moment.month().into(),
            Self::Day => moment.day().into(),
            Self::Hour => moment.hour().into(),
            Self::Minute => moment.minute().into(),
        }
    }

    /// Where a report starts that ends at `end` and does not say.
    pub(crate) fn default_start(self, end: DateTime) -> DateTime {
        match self {
            Self::Year => Self::Year.floor(end),
            // A month earlier; 31 March gives the last day of February.
            Self::Month => {
                let date: Date = end.date().checked_sub(Span::new().months(1)).unwrap_or(Date::MIN);
                date.to_datetime(Time::midnight())
            }
            Self::Day => Self::Month.floor(end),
            Self::Hour => Self::Day.floor(end),
            Self::Minute => Self::Hour.floor(end),
        }
    }

    /// No bucket is shorter than this many milliseconds; for estimates.
    pub(crate) const fn millis_min(self) -> i64 {
        match self {
            Self::Year => 365 * DAY,
            Self::Month => 28 * DAY,
            Self::Day => DAY,
            Self::Hour => HOUR,
            Self::Minute => MINUTE,
        }
    }
}

pub(crate) const MINUTE: i64 = 60_000;
pub(crate) const HOUR: i64 = 60 * MINUTE;
pub(crate) const DAY: i64 = 24 * HOUR;

/// From `start` (inclusive) to `end` (exclusive), in report time, whole seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// Where the report starts.
    pub start: DateTime,
    /// Where it ends.
    pub end: DateTime,
}

/// The zone reports are counted and labelled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone(TimeZone);

/// The setting names no zone.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is neither an offset such as UTC-08:00 nor an IANA time zone")]
pub struct ZoneError(String);

impl Default for Zone {
    /// Fixed UTC−08:00, without daylight saving (`wolap.md` OP-5).
    fn default() -> Self {
        Self(TimeZone::fixed(Offset::constant(-8)))
    }
}

impl Zone {
    /// Reads `UTC`, `UTC-08:00`, `-08:00` or an IANA name.
    pub fn parse(text: &str) -> Result<Self, ZoneError> {
        let error = || ZoneError(text.to_owned());
        let offset = text.strip_prefix("UTC").unwrap_or(text);
        if offset.starts_with(['+', '-']) {
            let offset = parse_offset(offset).ok_or_else(error)?;
            return Ok(Self(TimeZone::fixed(offset)));
        }
        TimeZone::get(text).map(Self).map_err(|_| error())
    }

    /// The day of report time an instant lies on.
    pub fn date(&self, epoch_millis: i64) -> Date {
        from_local(self.reader().at(epoch_millis)).date()
    }

    /// The instants from which and until which it is `day`, in epoch milliseconds.
    pub fn day(&self, day: Date) -> (i64, i64) {
        let midnight = |day: Date| {
            let midnight = self.0.to_ambiguous_timestamp(day.to_datetime(Time::midnight()));
            midnight.compatible().map_or(i64::MAX, Timestamp::as_millisecond)
        };
        (midnight(day), day.tomorrow().map_or(i64::MAX, midnight))
    }

    /// The civil moment of an instant given in epoch milliseconds; nothing outside years ±9999.
    pub fn civil(&self, epoch_millis: i64) -> Option<DateTime> {
        let instant = Timestamp::from_millisecond(epoch_millis).ok()?;
        Some(self.0.to_datetime(instant))
    }

    /// Converts instants one after the other; cheap when neighbours share an offset.
    pub fn reader(&self) -> LocalTime<'_> {
        LocalTime { zone: &self.0, from: 0, until: 0, offset: 0 }
    }

    /// Reads a moment as `wolap.md` §10 allows it to be written; whole seconds of report time.
    pub fn moment(&self, text: &str) -> Option<DateTime> {
        if text.bytes().all(|byte| byte.is_ascii_digit()) {
            return self.digits(text);
        }
        let (text, offset) = split_offset(text);
        let moment = parse_civil(text)?;
        match offset {
            None => Some(moment),
            // A suffix belongs to a time of day: `2024-03Z` says nothing.
            Some(_) if text.len() < "2024-03-05T10".len() => None,
            Some(offset) => {
                let instant = offset?.to_timestamp(moment).ok()?;
                Some(self.0.to_datetime(instant))
            }
        }
    }

    /// Exactly four digits are a year, ten or more are epoch milliseconds.
    fn digits(&self, text: &str) -> Option<DateTime> {
        match text.len() {
            4 => parse_civil(text),
            10.. => self.civil(text.parse().ok()?).map(whole_seconds),
            _ => None,
        }
    }
}

impl std::fmt::Display for Zone {
    /// As [`Zone::parse`] reads it.
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(name) = self.0.iana_name() {
            return out.write_str(name);
        }
        let seconds = self.0.to_fixed_offset().map_or(0, Offset::seconds);
        let sign = if seconds < 0 { '-' } else { '+' };
        let minutes = seconds.unsigned_abs() / 60;
        write!(out, "{sign}{:02}:{:02}", minutes / 60, minutes % 60)
    }
}

/// `moment` without its fraction.
pub(crate) fn whole_seconds(moment: DateTime) -> DateTime {
    moment.with().subsec_nanosecond(0).build().unwrap_or(moment)
}

/// Takes a `Z` or `±hh:mm` off the end; the inner option is empty when it is no offset.
#[expect(clippy::option_option, reason = "absent, wrong and right are three cases")]
fn split_offset(text: &str) -> (&str, Option<Option<Offset>>) {
    if let Some(text) = text.strip_suffix('Z') {
        return (text, Some(Some(Offset::UTC)));
    }
    // After the date, that is from the eleventh character on, a sign can only start an offset.
    match text.char_indices().skip(10).find(|&(_, character)| matches!(character, '+' | '-')) {
        Some((at, _)) => {
            let (text, offset) = text.split_at_checked(at).unwrap_or((text, ""));
            (text, Some(parse_offset(offset)))
        }
        None => (text, None),
    }
}

/// Reads `±hh:mm`.
fn parse_offset(text: &str) -> Option<Offset> {
    let (sign, text) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+')?),
    };
    let (hours, minutes) = text.split_once(':')?;
    let (hours, minutes) = (number(hours, 2)?, number(minutes, 2)?);
    (minutes < 60).then_some(())?;
    Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok()
}

/// Reads `YYYY[-MM[-DD[(T| |:)HH[:mm[:ss[.fff]]]]]]`; what is missing is the minimum.
fn parse_civil(text: &str) -> Option<DateTime> {
    let date_text = text.get(..10).unwrap_or(text);
    let mut date = date_text.splitn(3, '-');
    let year = number(date.next()?, 4)?;
    let month = date.next().map_or(Some(1), |month| number(month, 2))?;
    let day = date.next().map_or(Some(1), |day| number(day, 2))?;
    let time = match text.get(10..).filter(|rest| !rest.is_empty()) {
        Some(rest) => parse_time(rest.strip_prefix(['T', ' ', ':'])?)?,
        None => Time::midnight(),
    };
    let date =
        Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?);
    Some(date.ok()?.to_datetime(time))
}

/// Reads `HH[:mm[:ss[.fff]]]`, dropping the fraction.
fn parse_time(text: &str) -> Option<Time> {
    let mut parts = text.splitn(3, ':');
    let hour = number(parts.next()?, 2)?;
    let minute = parts.next().map_or(Some(0), |minute| number(minute, 2))?;
    let second = parts.next().map_or(Some(0), |second| match second.split_once('.') {
        Some((_, "")) => None,
        Some((_, fraction)) if !fraction.bytes().all(|byte| byte.is_ascii_digit()) => None,
        Some((second, _)) => number(second, 2),
        None => number(second, 2),
    })?;
    let part = |value| i8::try_from(value).ok();
    Time::new(part(hour)?, part(minute)?, part(second)?, 0).ok()
}

/// Exactly `digits` decimal digits.
fn number(text: &str, digits: usize) -> Option<i32> {
    let valid = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
    valid.then(|| text.parse().ok())?
}

/// `moment` in local milliseconds.
pub(crate) fn to_local(moment: DateTime) -> i64 {
    Offset::UTC.to_timestamp(moment).map_or(i64::MAX, Timestamp::as_millisecond)
}

/// The civil moment of `local` milliseconds.
pub(crate) fn from_local(local: i64) -> DateTime {
    let bound = if local < 0 { DateTime::MIN } else { DateTime::MAX };
    Timestamp::from_millisecond(local).map_or(bound, |instant| Offset::UTC.to_datetime(instant))
}

/// Instants to local milliseconds, remembering between which transitions the last one lay.
pub struct LocalTime<'a> {
    zone: &'a TimeZone,
    from: i64,
    until: i64,
    offset: i64,
}

impl LocalTime<'_> {
    /// `epoch_millis` in local milliseconds.
    pub fn at(&mut self, epoch_millis: i64) -> i64 {
        if !(self.from..self.until).contains(&epoch_millis) {
            self.find(epoch_millis);
        }
        epoch_millis.saturating_add(self.offset)
    }

    fn find(&mut self, epoch_millis: i64) {
        let instant = Timestamp::from_millisecond(epoch_millis).unwrap_or(Timestamp::UNIX_EPOCH);
        self.offset = i64::from(self.zone.to_offset(instant).seconds()) * 1000;
        self.until = self
            .zone
            .following(instant)
            .next()
            .map_or(i64::MAX, |change| change.timestamp().as_millisecond());
        // `preceding` is exclusive and transitions are at whole seconds: a millisecond later it also
        // finds the one at this very instant.
        let just_after = Timestamp::from_millisecond(epoch_millis.saturating_add(1));
        self.from = self
            .zone
            .preceding(just_after.unwrap_or(instant))
            .next()
            .map_or(i64::MIN, |change| change.timestamp().as_millisecond());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<String> {
        Zone::default().moment(text).map(|moment| moment.to_string())
    }

    #[test]
    fn what_is_missing_becomes_the_minimum() {
        for (text, moment) in [
            ("2024", "2024-01-01T00:00:00"),
            ("2024-07", "2024-07-01T00:00:00"),
            ("2024-07-15", "2024-07-15T00:00:00"),
            ("2024-07-15T10", "2024-07-15T10:00:00"),
            ("2024-07-15 10:05", "2024-07-15T10:05:00"),
            ("2012-01-01:00:00:00", "2012-01-01T00:00:00"),
            ("2024-07-15T10:05:06.789", "2024-07-15T10:05:06"),
        ] {
            assert_eq!(read(text).as_deref(), Some(moment), "{text}");
        }
    }

    #[test]
    fn offsets_and_milliseconds_become_report_time() {
        for (text, moment) in [
            ("2024-03-05T20:00:00+02:00", "2024-03-05T10:00:00"),
            ("2024-03-05T18:00:00Z", "2024-03-05T10:00:00"),
            ("2024-03-05T18Z", "2024-03-05T10:00:00"),
            ("1709661600999", "2024-03-05T10:00:00"),
        ] {
            assert_eq!(read(text).as_deref(), Some(moment), "{text}");
        }
    }

    #[test]
    fn anything_else_is_no_moment() {
        for text in [
            "",
            "24",
            "202403",
            "2024-3",
            "2024-13",
            "2024-02-30",
            "2024-03-05T",
            "2024-03-05T24",
            "2024-03-05T10:60",
            "2024-03-05T10:00:00.",
            "2024-03-05T10:00:00+2",
            "2024-03Z",
            "now",
            "2024-03-05T10:00:00 02:00",
            "99999999999999999999",
            "２０２４",
            "2024-03-0é",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn zones_are_offsets_or_iana_names() {
        assert_eq!(Zone::parse("UTC-08:00"), Ok(Zone::default()));
        assert!(Zone::parse("America/Los_Angeles").is_ok());
        assert!(Zone::parse("UTC").is_ok());
        assert!(Zone::parse("Atlantis/Center").is_err());
        assert!(Zone::parse("UTC-8").is_err());
    }

    #[test]
    fn zones_are_written_as_they_are_read() {
        for name in ["-08:00", "+05:30", "America/Los_Angeles", "UTC"] {
            let zone = Zone::parse(name).unwrap_or_default();
            assert_eq!(zone.to_string(), name);
            assert_eq!(Zone::parse(&zone.to_string()), Ok(zone));
        }
        assert_eq!(Zone::parse("UTC-08:00").unwrap_or_default().to_string(), "-08:00");
    }

    #[test]
    fn days_begin_and_end_at_midnight_of_report_time() -> Result<(), ZoneError> {
        let day = jiff::civil::date(2024, 11, 3);
        let hours = |zone: &Zone| (zone.day(day).1 - zone.day(day).0) / HOUR;
        assert_eq!(hours(&Zone::default()), 24);
        let zone = Zone::parse("America/Los_Angeles")?;
        assert_eq!(hours(&zone), 25);
        let (begin, end) = zone.day(day);
        assert_eq!((zone.date(begin), zone.date(end - 1)), (day, day));
        assert_ne!(zone.date(begin - 1), day);
        Ok(())
    }

    #[test]
    fn defaults_reach_back_as_far_as_the_grain_asks() {
        let default = |grain: Grain, end| {
            let end = Zone::default().moment(end).unwrap_or_default();
            grain.default_start(end).to_string()
        };
        assert_eq!(default(Grain::Year, "2024-03-31T10:11:12"), "2024-01-01T00:00:00");
        assert_eq!(default(Grain::Month, "2024-03-31T10:11:12"), "2024-02-29T00:00:00");
        assert_eq!(default(Grain::Day, "2024-03-31T10:11:12"), "2024-03-01T00:00:00");
        assert_eq!(default(Grain::Hour, "2024-03-31T10:11:12"), "2024-03-31T00:00:00");
        assert_eq!(default(Grain::Minute, "2024-03-31T10:11:12"), "2024-03-31T10:00:00");
    }

    #[test]
    fn a_repeated_hour_has_one_label() -> Result<(), ZoneError> {
        let zone = Zone::parse("America/Los_Angeles")?;
        let mut local = zone.reader();
        // 2024-11-03 08:30Z is 01:30 PDT, one hour later it is 01:30 PST.
        let (pdt, pst) = (1_730_622_600_000, 1_730_626_200_000);
        assert_eq!(local.at(pdt), local.at(pst));
        assert_eq!(from_local(local.at(pdt)).to_string(), "2024-11-03T01:30:00");
        Ok(())
    }
}
