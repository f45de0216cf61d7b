//! Facts as they are booked, one by one, and blocks of them.

use std::sync::Arc;

use indexmap::IndexSet;

use crate::block::{Block, NO_AMOUNT, NOBODY, Rows, Shapes, Step};
use crate::labels::{Dictionary, LabelColumn, Labels, small};
use crate::{Fingerprints, Marks, Schema};

/// One event, ready to be counted.
#[derive(Clone, Copy, Debug)]
pub struct Fact<'a> {
    /// When, in epoch milliseconds.
    pub at: i64,
    /// One label per dimension of the schema, in its order.
    pub labels: &'a [&'a str],
    /// What it counts for.
    pub marks: Marks,
    /// Milliseconds to sum up, or the instant of last activity.
    pub amount: Option<i64>,
    /// Whose it is, as parts that together identify the actor.
    pub actor: Option<[&'a str; 2]>,
    /// The session it belongs to, and what it says about it.
    pub session: Option<(&'a str, Option<Step>)>,
}

/// A block in the making.
#[derive(Clone, Debug)]
pub struct BlockBuilder {
    schema: &'static Schema,
    fingerprints: Fingerprints,
    dictionaries: Vec<Dictionary>,
    shapes: IndexSet<(Box<[u32]>, Marks, Option<Step>)>,
    rows: Rows,
    actors: IndexSet<u64>,
    sessions: IndexSet<u64>,
}

impl BlockBuilder {
    /// No facts of `schema` yet.
    pub fn new(schema: &'static Schema, fingerprints: Fingerprints) -> Self {
        Self {
            schema,
            fingerprints,
            dictionaries: vec![Dictionary::default(); schema.dims.len()],
            shapes: IndexSet::new(),
            rows: Rows::default(),
            actors: IndexSet::new(),
            sessions: IndexSet::new(),
        }
    }

    /// Adds a fact; facts may come in any order of time.
    pub fn push(&mut self, fact: &Fact<'_>) {
        let codes = self.dictionaries.iter_mut().zip(fact.labels);
        let codes = codes.map(|(dictionary, label)| dictionary.code(label)).collect();
        let step = fact.session.and_then(|(_, step)| step);
        let shape = self.shapes.insert_full((codes, fact.marks, step)).0;
        let actor = fact
            .actor
            .map_or(NOBODY, |parts| small(self.actors.insert_full(self.fingerprints.of(&parts)).0));
        let session = fact.session.map_or(NOBODY, |(id, _)| {
            small(self.sessions.insert_full(self.fingerprints.of(&[id])).0)
        });
        self.rows.at.push(fact.at);
        self.rows.shape.push(small(shape));
        self.rows.amount.push(fact.amount.unwrap_or(NO_AMOUNT));
        self.rows.actor.push(actor);
        self.rows.session.push(session);
    }

    /// How many facts there are.
    pub fn len(&self) -> usize {
        self.rows.at.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.at.is_empty()
    }

    /// The facts so far.
    pub fn block(&self) -> Block {
        let column = |(column, dictionary): (usize, &Dictionary)| LabelColumn {
            column,
            dictionary: dictionary.to_vec(),
            codes: self
                .shapes
                .iter()
                .map(|(codes, ..)| codes.get(column).copied().unwrap_or(u32::MAX))
                .collect(),
        };
        let shapes = Shapes {
            labels: Labels(self.dictionaries.iter().enumerate().map(column).collect()),
            marks: self.shapes.iter().map(|(_, marks, _)| *marks).collect(),
            steps: self.shapes.iter().map(|(.., step)| *step).collect(),
        };
        let fingerprints = |set: &IndexSet<u64>| set.iter().copied().collect::<Arc<[u64]>>();
        Block {
            schema: self.schema,
            shapes,
            rows: self.rows.clone(),
            actors: fingerprints(&self.actors),
            sessions: fingerprints(&self.sessions),
        }
    }
}
