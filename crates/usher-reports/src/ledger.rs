//! Events booked as facts, and plans answered from them: the warehouse without a store.

use usher_core::Timestamp;
use usher_cube::{Api, Facts, Plan, Table, TooBroad, execute};

use crate::{Event, cmu, esm};

/// Both APIs' facts, in memory.
#[derive(Debug)]
pub struct Ledger {
    esm: Facts,
    cmu: Facts,
}

impl Default for Ledger {
    fn default() -> Self {
        Self { esm: Facts::new(&esm::SCHEMA), cmu: Facts::new(&cmu::SCHEMA) }
    }
}

impl Ledger {
    /// Books one event. Whether it was booked before is the caller's business.
    pub fn book(&mut self, event: &Event) {
        match event {
            Event::Entitlement(event) => event.with_fact(|fact| self.esm.push(fact)),
            Event::Stream(event) => event.with_fact(|fact| self.cmu.push(fact)),
        }
    }

    /// Answers a plan from everything booked so far.
    pub fn answer(&self, plan: &Plan) -> Result<Table, TooBroad> {
        match plan.api {
            Api::Esm => execute(&self.esm, plan),
            Api::Cmu => execute(&self.cmu, plan),
        }
    }

    /// Lets go of what happened before `cutoff`, as far as that is cheap.
    pub fn forget_before(&mut self, cutoff: Timestamp) {
        self.esm.forget_before(cutoff.as_millis());
        self.cmu.forget_before(cutoff.as_millis());
    }

    /// Lets go of the oldest facts until at most `events_max` of each API are left. Returns how many
    /// went.
    pub fn shrink_to(&mut self, events_max: usize) -> usize {
        self.esm.shrink_to(events_max) + self.cmu.shrink_to(events_max)
    }

    /// How many events are booked.
    pub fn len(&self) -> usize {
        self.esm.len() + self.cmu.len()
    }

    /// Whether nothing is booked.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
