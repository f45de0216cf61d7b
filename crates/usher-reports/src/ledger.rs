//! Events booked as facts in memory, and plans answered from them: the warehouse without a store.

use usher_cube::{Api, Fact, MemoryShelf, Plan, Table, TooBroad, Zone, execute};

use crate::{Event, cmu, esm};

/// Both APIs' facts, in memory.
#[derive(Debug)]
pub struct Ledger {
    esm: MemoryShelf,
    cmu: MemoryShelf,
}

impl Ledger {
    /// An empty ledger with days of `zone`.
    pub fn new(zone: &Zone) -> Self {
        Self {
            esm: MemoryShelf::new(&esm::SCHEMA, zone.clone()),
            cmu: MemoryShelf::new(&cmu::SCHEMA, zone.clone()),
        }
    }

    /// Books one event. Whether it was booked before is the caller's business.
    pub fn book(&mut self, event: &Event) {
        event.with_fact(|fact| match event.api() {
            Api::Esm => self.esm.push(fact),
            Api::Cmu => self.cmu.push(fact),
        });
    }

    /// Answers a plan from everything booked so far.
    pub fn answer(&self, plan: &Plan) -> Result<Table, TooBroad> {
        match plan.api {
            Api::Esm => execute(&self.esm, plan),
            Api::Cmu => execute(&self.cmu, plan),
        }
    }
}

impl Event {
    /// Hands the event to `take` as a fact.
    pub fn with_fact<T>(&self, take: impl FnOnce(&Fact<'_>) -> T) -> T {
        match self {
            Self::Entitlement(event) => event.with_fact(take),
            Self::Stream(event) => event.with_fact(take),
        }
    }
}
