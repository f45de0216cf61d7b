//! A shelf that is read within a bound.

use std::cell::Cell;
use std::sync::Arc;

use jiff::civil::Date;

use crate::{Block, DimSet, Shelf, TooBroad};

/// Takes facts off a shelf until the plan's bound is reached; roll-ups are small enough to be free.
pub(crate) struct Reader<'a, S> {
    pub(crate) shelf: &'a S,
    left: Cell<u64>,
}

impl<'a, S: Shelf> Reader<'a, S>
where
    S::Error: From<TooBroad>,
{
    pub(crate) const fn new(shelf: &'a S, facts_max: u64) -> Self {
        Self { shelf, left: Cell::new(facts_max) }
    }

    /// All facts of a day.
    pub(crate) fn facts(&self, day: Date, dims: DimSet) -> Result<Vec<Arc<Block>>, S::Error> {
        self.spend(self.shelf.outline(day)?.facts)?;
        self.shelf.facts(day, dims)
    }

    /// The facts that came after a day was closed.
    pub(crate) fn late(&self, day: Date, dims: DimSet) -> Result<Vec<Arc<Block>>, S::Error> {
        self.spend(self.shelf.outline(day)?.late)?;
        self.shelf.late(day, dims)
    }

    fn spend(&self, facts: u64) -> Result<(), S::Error> {
        let left = self.left.get().checked_sub(facts).ok_or(TooBroad)?;
        self.left.set(left);
        Ok(())
    }
}
