//! Facts of one day as columns.
//!
//! A fact is an instant, a *shape* (the combination of everything that classifies it, stored once), an
//! amount, an actor and a session: 32 bytes. Real dimensions are correlated, so shapes are few, and
//! filters and grouping are decided per shape instead of per fact.

use std::sync::Arc;

use crate::schema::Taken;
use crate::{Labels, Marks, Measure, Schema};

/// Stands for "no actor" and "no session".
pub const NOBODY: u32 = u32::MAX;

/// Stands for "no amount".
pub const NO_AMOUNT: i64 = i64::MIN;

/// What a fact says about the session it belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// It began.
    Begin,
    /// It was active.
    Touch,
    /// It ended by its user's will: the end is its last activity.
    Stop,
    /// It ended otherwise; the amount, if any, is when it was last active (epoch milliseconds).
    End,
}

/// What classifies facts, once for each combination.
#[derive(Clone, Debug, Default)]
pub struct Shapes {
    /// Dimension values.
    pub labels: Labels,
    /// What each counts for.
    pub marks: Vec<Marks>,
    /// What each says about its session.
    pub steps: Vec<Option<Step>>,
}

/// Facts, one per position.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    /// When, in epoch milliseconds.
    pub at: Vec<i64>,
    /// The shape.
    pub shape: Vec<u32>,
    /// Milliseconds to sum up, or the instant of last activity; [`NO_AMOUNT`] for none.
    pub amount: Vec<i64>,
    /// The actor, [`NOBODY`] for none.
    pub actor: Vec<u32>,
    /// The session, [`NOBODY`] for none.
    pub session: Vec<u32>,
}

/// Immutable facts of one day of report time.
#[derive(Clone, Debug)]
pub struct Block {
    /// What they consist of.
    pub schema: &'static Schema,
    /// Their shapes; dimensions that nobody asked for may be missing.
    pub shapes: Shapes,
    /// The facts.
    pub rows: Rows,
    /// Fingerprints of the actors.
    pub actors: Arc<[u64]>,
    /// Fingerprints of the sessions.
    pub sessions: Arc<[u64]>,
}

/// One fact of a block.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    pub(crate) at: i64,
    pub(crate) shape: u32,
    pub(crate) amount: i64,
    pub(crate) actor: u32,
    pub(crate) session: u32,
}

impl Block {
    /// How many facts there are.
    pub fn len(&self) -> usize {
        self.rows.at.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.at.is_empty()
    }

    /// About how many bytes it takes in memory.
    pub fn bytes(&self) -> usize {
        let shapes = self.shapes.marks.len() * (4 * self.shapes.labels.0.len() + 8);
        self.len() * 32 + shapes + 8 * (self.actors.len() + self.sessions.len())
    }

    pub(crate) fn rows(&self) -> impl Iterator<Item = Row> {
        let keys = self.rows.at.iter().zip(&self.rows.shape).zip(&self.rows.amount);
        let owners = self.rows.actor.iter().zip(&self.rows.session);
        keys.zip(owners).map(|(((at, shape), amount), (actor, session))| Row {
            at: *at,
            shape: *shape,
            amount: *amount,
            actor: *actor,
            session: *session,
        })
    }

    pub(crate) fn marks(&self, shape: u32) -> Marks {
        self.shapes.marks.get(shape as usize).copied().unwrap_or_default()
    }

    pub(crate) fn step(&self, shape: u32) -> Option<Step> {
        self.shapes.steps.get(shape as usize).copied().flatten()
    }

    /// The fingerprint of whoever a measure takes of a fact.
    pub(crate) fn met(&self, row: &Row, measure: Measure) -> Option<u64> {
        match measure.takes(self.marks(row.shape))? {
            Taken::Actor => self.who(row.actor),
            Taken::Session => self.which(row.session),
            Taken::Itself | Taken::Amount => None,
        }
    }

    /// The fingerprint of an actor.
    pub(crate) fn who(&self, actor: u32) -> Option<u64> {
        self.actors.get(actor as usize).copied()
    }

    /// The fingerprint of a session.
    pub(crate) fn which(&self, session: u32) -> Option<u64> {
        self.sessions.get(session as usize).copied()
    }
}
