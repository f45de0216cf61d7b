//! Leaves a provider alone that fails again and again, so that nobody waits for it in vain.
//!
//! After so many failures in a row the circuit is open for a while: questions are answered with the
//! failure that opened it, without asking. Then one question is let through; its outcome decides. A
//! provider that answers anything at all, even with a denial, has not failed.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use usher_core::{MvpdId, Timestamp};
use usher_entitle::MvpdFailure;

/// The circuits to all endpoints; as many as the catalogs ever had.
#[derive(Debug, Default)]
pub(crate) struct Breakers(Mutex<HashMap<(MvpdId, String), Arc<Breaker>>>);

impl Breakers {
    /// The circuit to an endpoint.
    pub(crate) fn to(&self, mvpd: &MvpdId, endpoint: &str) -> Arc<Breaker> {
        let key = (mvpd.clone(), endpoint.to_owned());
        Arc::clone(self.0.lock().entry(key).or_default())
    }
}

/// The circuit to one endpoint.
#[derive(Debug, Default)]
pub(crate) struct Breaker(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// Failures in a row.
    failures: u32,
    /// Open until then, because of this.
    open: Option<(Timestamp, MvpdFailure)>,
}

impl Breaker {
    /// May a question be asked now? If not, why.
    pub(crate) fn admit(&self, now: Timestamp, pause: Duration) -> Result<(), MvpdFailure> {
        let mut state = self.0.lock();
        match state.open {
            Some((until, failure)) if now < until => Err(failure),
            Some((_, failure)) => {
                // This one is the probe; the others wait for what it finds.
                state.open = Some((now + pause, failure));
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// The provider answered.
    pub(crate) fn answered(&self) {
        *self.0.lock() = State::default();
    }

    /// It did not, for the last of `failures_max` times in a row perhaps.
    pub(crate) fn failed(
        &self,
        failure: MvpdFailure,
        (failures_max, pause): (u32, Duration),
        now: Timestamp,
    ) {
        let mut state = self.0.lock();
        state.failures = state.failures.saturating_add(1);
        if state.failures >= failures_max {
            state.open = Some((now + pause, failure));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAUSE: Duration = Duration::from_secs(5);
    const FAILURE: MvpdFailure = MvpdFailure::ConnectionTimeout;

    #[test]
    fn a_circuit_opens_after_failures_in_a_row_and_lets_one_question_probe() {
        let (breaker, bounds) = (Breaker::default(), (3, PAUSE));
        let mut now = Timestamp::from_secs(1);
        breaker.failed(FAILURE, bounds, now);
        breaker.failed(FAILURE, bounds, now);
        breaker.answered();
        for _ in 0..3 {
            assert_eq!(breaker.admit(now, PAUSE), Ok(()));
            breaker.failed(FAILURE, bounds, now);
        }
        assert_eq!(breaker.admit(now, PAUSE), Err(FAILURE));

        now = now + PAUSE;
        assert_eq!(breaker.admit(now, PAUSE), Ok(()));
        assert_eq!(breaker.admit(now, PAUSE), Err(FAILURE));
        breaker.failed(FAILURE, bounds, now);
        assert_eq!(breaker.admit(now, PAUSE), Err(FAILURE));

        now = now + PAUSE;
        assert_eq!(breaker.admit(now, PAUSE), Ok(()));
        breaker.answered();
        assert_eq!(breaker.admit(now, PAUSE), Ok(()));
        assert_eq!(breaker.admit(now, PAUSE), Ok(()));
    }
}
