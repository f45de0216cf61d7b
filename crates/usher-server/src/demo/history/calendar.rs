//! When people watch: broadcast days, the rhythm of the day and the week, and what was special.
//!
//! A broadcast day runs from 05:00 to 05:00 in the reports' default zone, UTC−8 (`wolap.md` §10): at
//! five nobody watches, so that no evening is cut in two and each day can be told without the others.

use std::ops::Range;
use std::time::Duration;

use usher_core::Timestamp;

use super::dice::Dice;

/// What everything before the first household rolls with.
const STORY: u64 = 1;
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);
const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// 05:00 in the reports' default zone, as time of day in UTC.
const OPENING: Duration = Duration::from_hours(8 + 5);
/// Nothing is still on this long before the day ends.
const CLOSING: Duration = Duration::from_mins(5);

/// The special days come back after 13 weeks: each lies once in every window of 91 days, whenever
/// that ends, which is `--history 90` and today.
const SEASON_DAYS: i64 = 91;
/// The first Sunday after the epoch, a Thursday.
const SUNDAY: i64 = 3;
/// From the live event to the outage: a Wednesday three weeks on.
const OUTAGE_AFTER_DAYS: i64 = 24;

/// How many households there are on this day, and how many come and go in a year.
const CENSUS_DAY: i64 = 20_454;
const CENSUS: i64 = 300;
const NEWCOMERS_PER_YEAR: i64 = 100;
const HOUSEHOLDS: Range<i64> = 150..800;

/// How much is watched at 05:00, 06:00, … 04:00 from Monday to Friday, and at the weekend.
const WORKDAY: [u64; 24] =
    [2, 6, 14, 16, 12, 9, 8, 10, 11, 9, 10, 14, 24, 38, 62, 88, 96, 74, 44, 22, 10, 5, 3, 0];
const WEEKEND: [u64; 24] =
    [1, 3, 8, 16, 24, 28, 30, 32, 34, 36, 38, 40, 44, 52, 68, 86, 92, 78, 54, 30, 15, 8, 4, 0];

/// A broadcast day, counted from the epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct BroadcastDay(i64);

impl BroadcastDay {
    /// The day on the air at `at`.
    pub(super) fn of(at: Timestamp) -> Self {
        Self((at - OPENING).as_millis().div_euclid(DAY_MS))
    }

    /// The days from `days` days before this one to this one.
    pub(super) fn and_before(self, days: u32) -> impl Iterator<Item = Self> {
        (self.0 - i64::from(days)..=self.0).map(Self)
    }

    /// When it begins.
    pub(super) fn start(self) -> Timestamp {
        Timestamp::from_millis(self.0.saturating_mul(DAY_MS)) + OPENING
    }

    /// When the next one begins.
    pub(super) fn end(self) -> Timestamp {
        self.start() + DAY
    }

    /// Everything that plays has ended by then.
    pub(super) fn closing(self) -> Timestamp {
        self.end() - CLOSING
    }

    /// How many households there are: slowly more.
    pub(super) fn households(self) -> u64 {
        let newcomers = (self.0 - CENSUS_DAY).saturating_mul(NEWCOMERS_PER_YEAR) / 365;
        (CENSUS + newcomers).clamp(HOUSEHOLDS.start, HOUSEHOLDS.end).unsigned_abs()
    }

    /// What makes its dice differ from another day's.
    pub(super) const fn number(self) -> u64 {
        self.0.cast_unsigned()
    }

    /// How much is watched in it, in per mille of an average day.
    pub(super) const fn bustle(self) -> u64 {
        match self.days_after_sunday() {
            0 => 1_250,
            1 => 900,
            2 => 870,
            3 => 890,
            4 => 930,
            5 => 1_040,
            _ => 1_180,
        }
    }

    /// An instant of the day at which somebody sits down to watch.
    pub(super) fn instant(self, dice: &mut Dice) -> Timestamp {
        let weekend = matches!(self.days_after_sunday(), 0 | 6);
        let hour = dice.slot(if weekend { &WEEKEND } else { &WORKDAY });
        self.start() + Duration::from_hours(hour) + dice.seconds(0..60 * 60)
    }

    /// `hour` o'clock, from 5 to 28.
    fn at(self, hour: u32) -> Timestamp {
        self.start() + HOUR * hour.saturating_sub(5)
    }

    const fn days_after_sunday(self) -> i64 {
        (self.0 - SUNDAY).rem_euclid(7)
    }
}

/// A broadcast day of one past.
pub(super) struct Day {
    pub(super) seed: u64,
    pub(super) date: BroadcastDay,
    /// When the live event begins, if there is one.
    pub(super) kick_off: Option<Timestamp>,
    /// While one provider answers nothing, if it fails.
    pub(super) outage: Option<Range<Timestamp>>,
}

impl Day {
    /// The day `date` of the past that `seed` tells.
    pub(super) fn new(seed: u64, date: BroadcastDay) -> Self {
        let sunday = Dice::new(seed, &[STORY]).within(&(0..13)).cast_signed();
        let season_day = (date.0 - SUNDAY - 7 * sunday).rem_euclid(SEASON_DAYS);
        Self {
            seed,
            date,
            kick_off: (season_day == 0).then(|| date.at(18)),
            outage: (season_day == OUTAGE_AFTER_DAYS).then(|| date.at(19)..date.at(21)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broadcast_day_begins_at_five_in_the_reports_zone() {
        // 2026-03-01T13:00:00Z is 05:00 on that Sunday at UTC−8.
        let five = Timestamp::from_secs(1_772_370_000);
        let day = BroadcastDay::of(five);
        assert_eq!(day.start(), five);
        assert_eq!(day.days_after_sunday(), 0);
        assert!(BroadcastDay::of(five - Duration::from_millis(1)) < day);
        assert_eq!(BroadcastDay::of(day.end()).number(), day.number() + 1);
    }

    #[test]
    fn any_ninety_days_and_today_have_one_live_event_and_one_outage() {
        for seed in 0..20_u64 {
            let last = BroadcastDay(20_000 + seed.cast_signed() * 11);
            let days: Vec<_> = last.and_before(90).map(|date| Day::new(seed, date)).collect();
            let live: Vec<_> = days.iter().filter(|day| day.kick_off.is_some()).collect();
            assert_eq!(live.len(), 1);
            assert!(live.iter().all(|day| day.date.days_after_sunday() == 0));
            assert_eq!(days.iter().filter(|day| day.outage.is_some()).count(), 1);
        }
    }

    #[test]
    fn households_become_slowly_more_but_never_too_many() {
        let households = |day| BroadcastDay(day).households();
        assert_eq!(households(CENSUS_DAY), 300);
        assert_eq!(households(CENSUS_DAY + 365), 400);
        assert_eq!(households(i64::MAX / 2), 800);
        assert_eq!(households(0), 150);
    }
}
