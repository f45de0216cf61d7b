//! Fixed windows anchored at their first call (`concurrency` §13).

use std::time::Duration;

use usher_core::Timestamp;

/// At most `calls` in `per`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// Calls accepted in one window.
    pub calls: u32,
    /// The window's length, in whole seconds.
    pub per: Duration,
}

impl Default for Quota {
    /// 200 calls in 60 s.
    fn default() -> Self {
        Self { calls: 200, per: Duration::from_mins(1) }
    }
}

/// The two limits of the contract.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quotas {
    /// Heartbeats and stops of one stream, together.
    pub per_session: Quota,
    /// Starts of one subject.
    pub per_subject: Quota,
}

/// Calls counted in the current window.
///
/// Windows begin at a full second, so that the `Expires` a refused caller gets is the instant from
/// which calls are accepted again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Window {
    /// Seconds since the epoch: good until 2106, and half the size of an instant.
    until_s: u32,
    calls: u32,
}

impl Window {
    /// Counts a call at `now`, or says from when on calls are accepted again.
    pub(crate) fn admit(&mut self, now: Timestamp, quota: Option<Quota>) -> Result<(), Timestamp> {
        let Some(quota) = quota else { return Ok(()) };
        let now_s = u32::try_from(now.as_secs()).unwrap_or(0);
        let full = now_s.saturating_add(u32::try_from(quota.per.as_secs()).unwrap_or(u32::MAX));
        // A window that ends later than one opened now could: the clock was set back.
        if now_s >= self.until_s || self.until_s > full {
            *self = Self { until_s: full, calls: 0 };
        }
        if self.calls >= quota.calls {
            return Err(self.until());
        }
        self.calls += 1;
        Ok(())
    }

    /// When the window can be forgotten.
    pub(crate) fn until(self) -> Timestamp {
        Timestamp::from_secs(self.until_s.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capacity_returns_at_once_when_the_window_of_the_first_call_is_over() {
        let quota = Some(Quota { calls: 2, per: Duration::from_mins(1) });
        let at = |millis: i64| Timestamp::from_millis(10_000 + millis);
        let mut window = Window::default();
        assert_eq!(window.admit(at(250), quota), Ok(()));
        assert_eq!(window.admit(at(59_000), quota), Ok(()));
        assert_eq!(window.admit(at(59_999), quota), Err(at(60_000)));
        assert_eq!(window.admit(at(60_000), quota), Ok(()));
        assert_eq!(window.admit(at(60_000), quota), Ok(()));
        assert_eq!(window.admit(at(60_001), quota), Err(at(120_000)));
    }

    #[test]
    fn a_clock_set_back_locks_nobody_out() {
        let quota = Some(Quota { calls: 1, per: Duration::from_mins(1) });
        let mut window = Window::default();
        assert_eq!(window.admit(Timestamp::from_secs(9_000), quota), Ok(()));
        assert_eq!(window.admit(Timestamp::from_secs(10), quota), Ok(()));
    }

    #[test]
    fn without_a_quota_nothing_is_counted() {
        let mut window = Window::default();
        assert_eq!(window.admit(Timestamp::from_secs(1), None), Ok(()));
        assert_eq!(window, Window::default());
    }
}
