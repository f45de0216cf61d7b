//! Relief under load: announcing longer heartbeat intervals.
//!
//! Heartbeats are most of the work and all of it can wait a little: the first thing to ask of clients
//! of a server that falls behind is to come less often. What counts is how late the server's own tasks
//! run. While that is too much the stretch grows by a sixteenth a second; when it is over it shrinks by
//! a hundredth of the interval a second, slowly, because clients follow one interval behind. Single
//! stalls do nothing: it takes six seconds in a row.
//!
//! The activity window follows the announced interval, so nobody is ended for having listened. Under
//! stretch each announcement gets some way of its own, so that those who came together do not come back
//! together; without stretch the announced interval is exactly the configured one.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// When and how far intervals are stretched.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReliefSettings {
    /// Most times longer than configured that an interval is announced; 1 never stretches.
    pub stretch_max: f64,
    /// How late the server's own tasks may run before that begins.
    pub lag_max: Duration,
}

impl Default for ReliefSettings {
    fn default() -> Self {
        Self { stretch_max: 4.0, lag_max: Duration::from_millis(250) }
    }
}

/// How many times longer than configured intervals are announced, in thousandths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stretch(u32);

impl Stretch {
    /// Exactly as configured.
    pub const NONE: Self = Self(1000);

    /// As a factor.
    pub fn factor(self) -> f64 {
        f64::from(self.0) / 1000.0
    }

    /// `interval` stretched for one announcement, in whole seconds: half of what is added is added to
    /// all, the other half as `chance` decides.
    pub(crate) fn announce(self, interval: Duration, chance: u32) -> Duration {
        let added = u64::from(self.0 - Self::NONE.0) * interval.as_secs() / 1000;
        let own = added.div_ceil(2) * u64::from(chance) / u64::from(u32::MAX);
        Duration::from_secs(interval.as_secs() + added / 2 + own)
    }
}

/// How far a server is behind, and what it does about it.
#[derive(Debug)]
pub(crate) struct Relief {
    stretch_max: Stretch,
    lag_max_us: u32,
    /// Smoothed lag in microseconds, and the stretch: changed together.
    state: AtomicU64,
}

impl Relief {
    pub(crate) fn new(settings: ReliefSettings) -> Self {
        let thousandths = (settings.stretch_max.clamp(1.0, 1000.0) * 1000.0).round();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "clamped just above"
        )]
        let stretch_max = Stretch(thousandths as u32);
        let lag_max_us = u32::try_from(settings.lag_max.as_micros()).unwrap_or(u32::MAX / 2);
        let relief = Self { stretch_max, lag_max_us, state: AtomicU64::new(0) };
        relief.store(0, Stretch::NONE);
        relief
    }

    pub(crate) fn stretch(&self) -> Stretch {
        self.load().1
    }

    /// Takes in how late a task ran, once a second. Returns the stretch from now on.
    pub(crate) fn observe(&self, lag: Duration) -> Stretch {
        let (smooth, Stretch(stretch)) = self.load();
        // One sample never counts more than twice what is allowed: a stall is no load.
        let ceiling = self.lag_max_us.saturating_mul(2);
        let lag = u32::try_from(lag.as_micros()).unwrap_or(u32::MAX).min(ceiling);
        let smooth = smooth - smooth / 8 + lag / 8;
        let stretch = if smooth > self.lag_max_us {
            stretch + stretch / 16
        } else if smooth < self.lag_max_us / 2 {
            stretch - 10
        } else {
            stretch
        };
        let stretch = Stretch(stretch).clamp(Stretch::NONE, self.stretch_max);
        self.store(smooth, stretch);
        stretch
    }

    fn load(&self) -> (u32, Stretch) {
        let state = self.state.load(Ordering::Relaxed);
        let half = |bits: u64| u32::try_from(bits & u64::from(u32::MAX)).unwrap_or_default();
        (half(state >> 32), Stretch(half(state)))
    }

    fn store(&self, smooth: u32, stretch: Stretch) {
        self.state.store(u64::from(smooth) << 32 | u64::from(stretch.0), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LATE: Duration = Duration::from_millis(600);
    const FINE: Duration = Duration::from_millis(2);
    const MINUTE: Duration = Duration::from_mins(1);

    fn relief() -> Relief {
        Relief::new(ReliefSettings::default())
    }

    /// The stretch after so many seconds of this lag.
    fn after(relief: &Relief, seconds: usize, lag: Duration) -> Stretch {
        for _ in 0..seconds {
            relief.observe(lag);
        }
        relief.stretch()
    }

    #[test]
    fn single_stalls_do_nothing() {
        let relief = relief();
        for _ in 0..100 {
            assert_eq!(after(&relief, 1, Duration::from_mins(5)), Stretch::NONE);
            assert_eq!(after(&relief, 10, FINE), Stretch::NONE);
        }
        let fresh = self::relief();
        assert_eq!(after(&fresh, 5, LATE), Stretch::NONE);
        assert!(after(&fresh, 1, LATE) > Stretch::NONE);
    }

    #[test]
    fn lasting_lag_stretches_up_to_the_bound_and_calm_relaxes_slowly() {
        let relief = relief();
        assert!(after(&relief, 10, LATE) > Stretch(1100));
        assert_eq!(after(&relief, 60, LATE), Stretch(4000));
        let relaxing = after(&relief, 60, FINE);
        assert!((Stretch(3000)..Stretch(4000)).contains(&relaxing), "{relaxing:?}");
        assert_eq!(after(&relief, 300, FINE), Stretch::NONE);
    }

    #[test]
    fn a_lag_that_is_bearable_changes_nothing() {
        let relief = relief();
        let stretched = after(&relief, 15, LATE);
        let held = after(&relief, 20, Duration::from_millis(200));
        assert_eq!(after(&relief, 100, Duration::from_millis(200)), held);
        assert!(held >= stretched);
    }

    #[test]
    fn it_can_be_switched_off() {
        let settings = ReliefSettings { stretch_max: 1.0, ..ReliefSettings::default() };
        assert_eq!(after(&Relief::new(settings), 100, LATE), Stretch::NONE);
    }

    #[test]
    fn announcements_are_exact_without_stretch_and_spread_under_it() {
        let announced = |stretch, chance| Stretch(stretch).announce(MINUTE, chance).as_secs();
        for chance in [0, 1 << 31, u32::MAX] {
            assert_eq!(announced(1000, chance), 60);
        }
        assert_eq!([0, 1 << 31, u32::MAX].map(|chance| announced(3000, chance)), [120, 150, 180]);
    }
}
