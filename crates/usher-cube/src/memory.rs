//! A shelf in memory: for tests, and for whatever is small enough.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;

use crate::calendar::{LocalTime, from_local};
use crate::{
    Block, BlockBuilder, Closed, DimSet, Evening, Fact, Fingerprints, Keys, Outline, Pieces,
    RollupSet, Schema, Shelf, TooBroad, Viewers, Zone,
};

/// Facts in memory, day by day.
#[derive(Debug)]
pub struct MemoryShelf {
    schema: &'static Schema,
    zone: Zone,
    days: BTreeMap<Date, MemoryDay>,
}

#[derive(Debug, Default)]
struct MemoryDay {
    /// What came before the day was closed, or altogether.
    facts: Option<BlockBuilder>,
    /// What came later.
    late: Option<BlockBuilder>,
    closed: Option<Closed>,
}

impl MemoryShelf {
    /// An empty shelf with days of `zone`.
    pub const fn new(schema: &'static Schema, zone: Zone) -> Self {
        Self { schema, zone, days: BTreeMap::new() }
    }

    /// Books a fact.
    pub fn push(&mut self, fact: &Fact<'_>) {
        let date = from_local(self.local().at(fact.at)).date();
        let schema = self.schema;
        let day = self.days.entry(date).or_default();
        let builder = if day.closed.is_some() { &mut day.late } else { &mut day.facts };
        let new = || BlockBuilder::new(schema, Fingerprints::new([0; 16]));
        builder.get_or_insert_with(new).push(fact);
    }

    /// Closes a day that has facts, with every roll-up however small its use.
    pub fn close(&mut self, date: Date, sets: &[RollupSet]) {
        let blocks = self.blocks(date, |_| true);
        let evening =
            Evening { date, zone: &self.zone, schema: self.schema, sets, facts_per_row: 0 };
        let closed = evening.close_blocks(&blocks);
        if let Some(day) = self.days.get_mut(&date) {
            day.closed = Some(closed);
        }
    }

    /// How many facts there are.
    pub fn len(&self) -> usize {
        self.days.values().map(|day| day.len(|_| true)).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn local(&self) -> LocalTime<'_> {
        self.zone.reader()
    }

    fn blocks(&self, date: Date, wanted: impl Fn(Part) -> bool) -> Vec<Arc<Block>> {
        let builders = self.days.get(&date).into_iter().flat_map(|day| day.parts(&wanted));
        builders.map(|builder| Arc::new(builder.block())).collect()
    }

    fn closed<T: Default>(&self, date: Date, take: impl FnOnce(&Closed) -> T) -> T {
        let closed = self.days.get(&date).and_then(|day| day.closed.as_ref());
        closed.map(take).unwrap_or_default()
    }
}

/// Part of a day's facts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Timely,
    Late,
}

impl MemoryDay {
    fn parts<'a>(
        &'a self,
        wanted: &impl Fn(Part) -> bool,
    ) -> impl Iterator<Item = &'a BlockBuilder> {
        let timely = self.facts.iter().filter(|_| wanted(Part::Timely));
        timely
            .chain(self.late.iter().filter(|_| wanted(Part::Late)))
            .collect::<Vec<_>>()
            .into_iter()
    }

    fn len(&self, wanted: impl Fn(Part) -> bool) -> usize {
        self.parts(&wanted).map(BlockBuilder::len).sum()
    }
}

impl Shelf for MemoryShelf {
    type Error = TooBroad;

    fn schema(&self) -> &'static Schema {
        self.schema
    }

    fn days(&self) -> Vec<Date> {
        self.days.keys().copied().collect()
    }

    fn outline(&self, day: Date) -> Result<Outline, TooBroad> {
        let sketches = self.closed(day, |closed| {
            let rollups = closed.rollups.as_ref()?;
            Some(rollups.iter().map(|rollup| rollup.sketch).collect())
        });
        let facts =
            |wanted: fn(Part) -> bool| self.days.get(&day).map_or(0, |day| day.len(wanted)) as u64;
        Ok(Outline {
            facts: facts(|_| true),
            late: facts(|it| it == Part::Late),
            rollups: sketches,
        })
    }

    fn facts(&self, day: Date, _: DimSet) -> Result<Vec<Arc<Block>>, TooBroad> {
        Ok(self.blocks(day, |_| true))
    }

    fn late(&self, day: Date, _: DimSet) -> Result<Vec<Arc<Block>>, TooBroad> {
        Ok(self.blocks(day, |part| part == Part::Late))
    }

    fn keys(&self, day: Date, rollup: usize) -> Result<Arc<Keys>, TooBroad> {
        Ok(self.closed(day, |closed| {
            let rollup = closed.rollups.as_ref().and_then(|rollups| rollups.get(rollup));
            Arc::new(rollup.map(|rollup| rollup.keys.clone()).unwrap_or_default())
        }))
    }

    fn values(&self, day: Date, rollup: usize, metric: usize) -> Result<Arc<Vec<u64>>, TooBroad> {
        Ok(self.closed(day, |closed| {
            let rollup = closed.rollups.as_ref().and_then(|rollups| rollups.get(rollup));
            Arc::new(rollup.and_then(|it| it.values.get(metric)).cloned().unwrap_or_default())
        }))
    }

    fn viewers(&self, day: Date) -> Result<Arc<Viewers>, TooBroad> {
        Ok(self.closed(day, |closed| Arc::new(closed.viewers.clone())))
    }

    fn pieces(&self, day: Date) -> Result<Arc<Pieces>, TooBroad> {
        Ok(self.closed(day, |closed| Arc::new(closed.pieces.clone())))
    }
}
