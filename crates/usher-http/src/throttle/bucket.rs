//! The token bucket of `errors` §6.3.

use usher_core::Timestamp;

/// How fast and how often a device may call.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limit {
    /// Sustained requests per second.
    pub rate: f64,
    /// Requests on top of the rate.
    pub burst: u32,
}

impl Limit {
    /// A full bucket: the burst and one more. Ten would not reproduce the published example.
    fn capacity(self) -> f64 {
        f64::from(self.burst) + 1.0
    }
}

/// What is left for one device.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bucket {
    tokens: f64,
    filled_at: Timestamp,
}

impl Bucket {
    pub(super) fn full(limit: Limit, now: Timestamp) -> Self {
        Self { tokens: limit.capacity(), filled_at: now }
    }

    /// Takes one token, if there is one.
    pub(super) fn take(&mut self, limit: Limit, now: Timestamp) -> bool {
        self.tokens = self.level(limit, now);
        self.filled_at = now;
        let passes = self.tokens >= 1.0;
        if passes {
            self.tokens -= 1.0;
        }
        passes
    }

    /// Whether forgetting it would change nothing.
    pub(super) fn is_full(&self, limit: Limit, now: Timestamp) -> bool {
        self.level(limit, now) >= limit.capacity()
    }

    fn level(&self, limit: Limit, now: Timestamp) -> f64 {
        let refilled = now.since(self.filled_at).as_secs_f64() * limit.rate;
        (self.tokens + refilled).min(limit.capacity())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Limit = Limit { rate: 1.0, burst: 10 };

    #[test]
    fn err_35_the_published_example_is_reproduced() {
        let times = [
            0, 300, 600, 900, 1200, 1300, 1400, 1500, 1600, 1700, 1800, 2100, 2200, 2400, 2600,
            2800, 3100,
        ];
        let mut bucket = Bucket::full(LIMIT, Timestamp::from_millis(0));
        let refused: Vec<i64> = times
            .into_iter()
            .filter(|at| !bucket.take(LIMIT, Timestamp::from_millis(*at)))
            .collect();
        assert_eq!(refused, [2400, 2600, 2800]);
    }

    #[test]
    fn a_clock_that_steps_back_neither_fills_nor_drains() {
        let mut bucket = Bucket::full(LIMIT, Timestamp::from_secs(100));
        assert!(bucket.take(LIMIT, Timestamp::from_secs(50)));
        assert!(!bucket.is_full(LIMIT, Timestamp::from_secs(50)));
        assert!(bucket.is_full(LIMIT, Timestamp::from_secs(51)));
    }
}
