//! Which heartbeats tell the reports something they cannot know yet.
//!
//! Every accepted heartbeat is an event of `wolap` §17.2, but reports never show single ones: they ask
//! whether a stream was active in a period, in which of its own quarters of an hour it still ran, and how
//! many streams of a subject ran at once. The first heartbeat of each such period answers the first two,
//! the first one after another stream of the subject came, went or was refused answers the third; all
//! others repeat what is known. Five million streams beat 83 000 times a second; this leaves a twentieth.
//! The proof that no report differs is `tests/reports.rs`.

use usher_core::Timestamp;

/// The shortest period that a report tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grain {
    millis: i64,
}

impl Grain {
    /// Reports by the hour, whatever the time zone, and by the quarter of an hour a stream has run.
    pub const QUARTER: Self = Self::of(15 * 60_000);
    /// Reports by the minute.
    pub const MINUTE: Self = Self::of(60_000);

    /// Reports that tell periods of this length apart.
    pub const fn of(millis: u32) -> Self {
        Self { millis: if millis == 0 { 1 } else { millis as i64 } }
    }

    /// What a heartbeat at `at` tells about a stream that started at `started`.
    pub(crate) fn telling(self, started: Timestamp, at: Timestamp, changes: u16) -> Told {
        let ran = i64::try_from(at.since(started).as_millis()).unwrap_or(i64::MAX);
        Told {
            period: short(at.as_millis().div_euclid(self.millis)),
            // A stream that ran for exactly one unit has not begun the second.
            unit: short((ran - 1).max(0) / self.millis),
            changes,
        }
    }
}

/// What the reports were last told about a stream.
///
/// Compared with what the next heartbeat would tell, an activity window later at most: the low bits do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Told {
    period: u16,
    unit: u16,
    /// How often the subject's streams had changed.
    changes: u16,
}

/// The low bits of a count.
fn short(count: i64) -> u16 {
    u16::try_from(count & i64::from(u16::MAX)).unwrap_or_default()
}

impl Default for Grain {
    fn default() -> Self {
        Self::QUARTER
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn told(started: u64, at: u64) -> Told {
        let instant = |secs| Timestamp::from_secs(1_773_511_200) + Duration::from_millis(secs);
        Grain::QUARTER.telling(instant(started), instant(at), 0)
    }

    #[test]
    fn the_first_heartbeat_of_a_quarter_of_an_hour_is_new() {
        assert_eq!(told(0, 60_000), told(0, 899_999));
        assert_ne!(told(0, 899_999), told(0, 900_000));
    }

    #[test]
    fn so_is_the_first_one_after_a_quarter_of_an_hour_of_the_stream() {
        // From 0:07 on: the second unit begins just after 0:22.
        let start = 420_000;
        assert_eq!(told(start, start + 480_000), told(start, start + 900_000));
        assert_ne!(told(start, start + 900_000), told(start, start + 900_001));
    }
}
