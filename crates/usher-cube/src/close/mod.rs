//! Closing a day: everything about it that reports ask for, counted once.
//!
//! A day is closed when it is over. What is counted is exact, so a closed day answers like its facts, only
//! from a few thousand rows. Facts that come later make the day open again until it is closed anew.

mod base;
mod rollup;
mod sets;
mod streams;

use std::sync::Arc;

use jiff::civil::Date;

use crate::{Block, DimSet, Grain, Keys, Pieces, Schema, Sketch, Viewers, Zone};
use base::Base;

/// A combination of dimensions that reports may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RollupSet {
    /// Hours or days.
    pub grain: Grain,
    /// The dimensions, time excluded.
    pub dims: DimSet,
    /// Whether distinct counts are asked for by exactly these dimensions.
    pub has_distinct: bool,
}

/// The numbers of a closed day.
#[derive(Clone, Debug, Default)]
pub struct Closed {
    /// Facts rolled up; nothing when they are too irregular for it.
    pub rollups: Option<Vec<Rollup>>,
    /// Who started streams.
    pub viewers: Viewers,
    /// The streams that other days know more about.
    pub pieces: Pieces,
}

/// Facts of a day, rolled up.
#[derive(Clone, Debug)]
pub struct Rollup {
    /// What it looks like from afar.
    pub sketch: Sketch,
    /// What its rows stand for.
    pub keys: Keys,
    /// Per metric of the schema, one number per row; none for metrics that cannot be rolled up.
    pub values: Vec<Vec<u64>>,
}

/// A day that is over.
#[derive(Clone, Copy, Debug)]
pub struct Evening<'a> {
    /// Which.
    pub date: Date,
    /// The report zone.
    pub zone: &'a Zone,
    /// What its facts consist of.
    pub schema: &'static Schema,
    /// The roll-ups that reports may ask for.
    pub sets: &'a [RollupSet],
    /// A roll-up is made if it has at most one row for so many facts: reading facts costs little more.
    pub facts_per_row: u64,
}

/// Hands every block of a day to the function it is given; asked for several times.
pub type EachBlock<'a, E> = &'a dyn Fn(&mut dyn FnMut(&Block)) -> Result<(), E>;

impl Evening<'_> {
    /// Counts the day. Memory is bounded by what classifies its facts and by its users, not by the facts.
    pub fn close<E>(&self, blocks: EachBlock<'_, E>) -> Result<Closed, E> {
        let base = Base::of(self, blocks)?;
        let streams = match self.schema.streams {
            Some(marks) => match base.streams(self, marks, blocks)? {
                Some(streams) => Some(streams),
                // The same stream under two names: only its facts can tell what belongs where.
                None => return Ok(Closed::default()),
            },
            None => None,
        };
        let rollups = rollup::rollups(self, &base, streams.as_ref(), blocks)?;
        let (viewers, pieces) = streams.map_or_else(Default::default, |it| (it.viewers, it.pieces));
        Ok(Closed { rollups: Some(rollups), viewers, pieces })
    }

    /// Closes a day whose facts are all in memory.
    pub fn close_blocks(&self, blocks: &[Arc<Block>]) -> Closed {
        let each = |take: &mut dyn FnMut(&Block)| {
            for block in blocks {
                take(block);
            }
            Ok::<_, std::convert::Infallible>(())
        };
        match self.close(&each) {
            Ok(closed) => closed,
            Err(never) => match never {},
        }
    }
}
