//! The first sum of a day: facts per shape and hour, from which everything else is added up.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use indexmap::IndexSet;

use crate::block::NO_AMOUNT;
use crate::calendar::LocalTime;
use crate::close::{EachBlock, Evening};
use crate::execute::Spread;
use crate::labels::{Dictionary, small};
use crate::{Block, Marks, Schema};

/// A hash map of small numbers.
pub(crate) type Sums<K, V> = HashMap<K, V, BuildHasherDefault<Spread>>;

/// The shapes of a day, whichever block they come from, and how many facts of each there are by the hour.
#[derive(Debug)]
pub(crate) struct Base {
    pub(crate) shapes: DayShapes,
    /// Facts, by shape and hour.
    pub(crate) sums: Vec<Sum>,
    /// How many facts there are.
    pub(crate) facts: u64,
}

/// Facts of one shape in one hour.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sum {
    pub(crate) kind: u32,
    pub(crate) hour: u8,
    pub(crate) marks: Marks,
    /// How many.
    pub(crate) facts: u64,
    /// The sum of their amounts.
    pub(crate) amount: u64,
}

/// Shapes and the combinations of dimension values among them, which are called *kinds*.
#[derive(Clone, Debug)]
pub(crate) struct DayShapes {
    pub(crate) dictionaries: Vec<Dictionary>,
    kinds: IndexSet<Box<[u32]>>,
    /// Kind and marks.
    shapes: IndexSet<(u32, Marks)>,
}

impl Base {
    pub(crate) fn of<E>(evening: &Evening<'_>, blocks: EachBlock<'_, E>) -> Result<Self, E> {
        let (mut shapes, mut facts) = (DayShapes::new(evening.schema), 0);
        let mut sums: Sums<(u32, u8), (u64, u64)> = Sums::default();
        let mut hours = Hours::of(evening);
        blocks(&mut |block| {
            let of_block = shapes.adopt(block);
            for row in block.rows() {
                let Some(shape) = of_block.get(row.shape as usize) else { continue };
                let amount = if row.amount == NO_AMOUNT { 0 } else { row.amount };
                let (facts, sum) = sums.entry((*shape, hours.of_fact(row.at))).or_default();
                *facts += 1;
                *sum = sum.saturating_add(u64::try_from(amount).unwrap_or(0));
            }
            facts += block.len() as u64;
        })?;
        let sum = |((shape, hour), (facts, amount))| Sum {
            kind: shapes.kind(shape),
            hour,
            marks: shapes.marks(shape),
            facts,
            amount,
        };
        let mut sums: Vec<_> = sums.into_iter().map(sum).collect();
        sums.sort_unstable_by_key(|sum| (sum.kind, sum.hour));
        Ok(Self { shapes, sums, facts })
    }
}

impl DayShapes {
    fn new(schema: &Schema) -> Self {
        Self {
            dictionaries: vec![Dictionary::default(); schema.dims.len()],
            kinds: IndexSet::new(),
            shapes: IndexSet::new(),
        }
    }

    /// The number of each shape of a block among those of the day.
    pub(crate) fn adopt(&mut self, block: &Block) -> Vec<u32> {
        let labels = &block.shapes.labels;
        let columns: Vec<_> = self
            .dictionaries
            .iter_mut()
            .enumerate()
            .map(|(column, dictionary)| {
                labels.column(column).map(|labels| {
                    let codes = labels.dictionary.iter().map(|label| dictionary.code(label));
                    (&labels.codes, codes.collect::<Vec<_>>())
                })
            })
            .collect();
        let code = |column: &Option<(&Vec<u32>, Vec<u32>)>, shape: usize| {
            let (codes, global) = column.as_ref()?;
            global.get(*codes.get(shape)? as usize).copied()
        };
        let shapes = block.shapes.marks.iter().enumerate().map(|(shape, marks)| {
            let kind = columns.iter().map(|it| code(it, shape).unwrap_or(u32::MAX)).collect();
            let kind = small(self.kinds.insert_full(kind).0);
            small(self.shapes.insert_full((kind, *marks)).0)
        });
        shapes.collect()
    }

    pub(crate) fn marks(&self, shape: u32) -> Marks {
        self.shapes.get_index(shape as usize).map_or(Marks::NONE, |(_, marks)| *marks)
    }

    pub(crate) fn kind(&self, shape: u32) -> u32 {
        self.shapes.get_index(shape as usize).map_or(u32::MAX, |(kind, _)| *kind)
    }

    /// The dimension values of each kind.
    pub(crate) fn kinds(&self) -> impl ExactSizeIterator<Item = &[u32]> {
        self.kinds.iter().map(|codes| &**codes)
    }

    /// The code of a kind's value of one dimension.
    pub(crate) fn code(&self, kind: u32, column: usize) -> Option<u32> {
        self.kinds.get_index(kind as usize)?.get(column).copied()
    }
}

/// The hours of a day.
pub(crate) struct Hours<'a> {
    local: LocalTime<'a>,
}

impl<'a> Hours<'a> {
    pub(crate) fn of(evening: &Evening<'a>) -> Self {
        Self { local: evening.zone.reader() }
    }

    /// The hour of report time, 0 to 23.
    pub(crate) fn of_fact(&mut self, epoch_millis: i64) -> u8 {
        let hours = self.local.at(epoch_millis).div_euclid(crate::calendar::HOUR);
        u8::try_from(hours.rem_euclid(24)).unwrap_or(0)
    }
}
