//! What reports are computed from: facts by day, and what was counted of them when a day was closed.

use std::sync::Arc;

use jiff::civil::Date;

use crate::{Block, DimSet, Grain, Labels, Marks, Schema};

/// Everything that is kept of one API, day by day of report time.
///
/// An answer is computed from one shelf; whoever implements it sees to it that the shelf does not change
/// meanwhile. Days are independent of each other.
pub trait Shelf {
    /// Why something cannot be taken off the shelf.
    type Error;

    /// What the facts consist of.
    fn schema(&self) -> &'static Schema;

    /// The days that hold anything, ascending.
    fn days(&self) -> Vec<Date>;

    /// What there is of a day.
    fn outline(&self, day: Date) -> Result<Outline, Self::Error>;

    /// All facts of a day, with at least these dimensions.
    fn facts(&self, day: Date, dims: DimSet) -> Result<Vec<Arc<Block>>, Self::Error>;

    /// The facts of a day that came after it was closed.
    fn late(&self, day: Date, dims: DimSet) -> Result<Vec<Arc<Block>>, Self::Error>;

    /// What the rows of a roll-up stand for.
    fn keys(&self, day: Date, rollup: usize) -> Result<Arc<Keys>, Self::Error>;

    /// The numbers of a roll-up for a metric of the schema, one per row.
    fn values(&self, day: Date, rollup: usize, metric: usize)
    -> Result<Arc<Vec<u64>>, Self::Error>;

    /// Who started streams on a closed day, and how many they had at once.
    fn viewers(&self, day: Date) -> Result<Arc<Viewers>, Self::Error>;

    /// The streams of a closed day that other days know more about.
    fn pieces(&self, day: Date) -> Result<Arc<Pieces>, Self::Error>;

    /// Hears what will be read next, so that what takes long may be fetched side by side. Whoever has
    /// everything at hand need not listen.
    fn fetch(&self, _wanted: &[(Date, Wanted)]) -> Result<(), Self::Error> {
        Ok(())
    }
}

/// Something of a day that will be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// [`Shelf::outline`].
    Outline,
    /// [`Shelf::facts`] with these dimensions.
    Facts(DimSet),
    /// [`Shelf::late`] with these dimensions.
    Late(DimSet),
    /// [`Shelf::keys`] of a roll-up.
    Keys(usize),
    /// [`Shelf::values`] of a roll-up and a metric.
    Values(usize, usize),
}

/// What there is of a day.
#[derive(Clone, Debug)]
pub struct Outline {
    /// How many facts, late ones included.
    pub facts: u64,
    /// How many facts came after the day was closed.
    pub late: u64,
    /// The roll-ups of a closed day; nothing while it is open, or where its facts are too irregular to
    /// be counted beforehand.
    pub rollups: Option<Arc<[Sketch]>>,
}

/// A roll-up from afar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sketch {
    /// Its dimensions, time excluded.
    pub dims: DimSet,
    /// Its buckets: hours or the whole day.
    pub grain: Grain,
    /// How many rows it has.
    pub rows: u64,
}

/// What the rows of a roll-up stand for: sorted by group, then by hour.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keys {
    /// Dimension values of the groups.
    pub groups: Labels,
    /// Per row, its group.
    pub group: Vec<u32>,
    /// Per row, its hour; empty in a roll-up by day.
    pub hour: Vec<u8>,
    /// Per row, the marks of all its facts.
    pub marks: Vec<Marks>,
}

/// Who started streams on a day: one thing per actor, dimension values and hour of a start, and one
/// without an hour for actors who only have streams from before or were only refused.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Viewers {
    /// Dimension values of the streams.
    pub labels: Labels,
    /// Fingerprints of the actors.
    pub actor: Vec<u64>,
    /// The hour of the start, or [`NO_HOUR`].
    pub hour: Vec<u8>,
    /// The actor's peaks of the day.
    pub peaks: Vec<Peaks>,
}

/// Stands for "started nothing".
pub const NO_HOUR: u8 = u8::MAX;

/// How many streams an actor had at once. All zero where only the pieces of the day can tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Peaks {
    /// Within the first dimension's value (the tenant).
    pub streams: u32,
    /// The same, counting refused starts.
    pub attempts: u32,
    /// Altogether.
    pub streams_total: u32,
    /// Altogether, counting refused starts.
    pub attempts_total: u32,
}

/// Streams that a day alone cannot tell everything about, and everything else of their actors.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pieces {
    /// Dimension values.
    pub labels: Labels,
    /// Fingerprints of the actors, if known.
    pub actor: Vec<Option<u64>>,
    /// What happened.
    pub piece: Vec<Piece>,
}

/// One stream on one day, or a refused start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece {
    /// What this day knows of a stream.
    Stretch(Stretch),
    /// A start was refused at this instant.
    Refused(i64),
}

/// What one day knows of a stream; times in epoch milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// Fingerprint of the session.
    pub session: u64,
    /// Whether it began this day.
    pub begins: bool,
    /// Its first event.
    pub first: i64,
    /// Its last event that shows activity.
    pub active: Option<i64>,
    /// Its end.
    pub end: Option<Ending>,
    /// The marks of all its facts.
    pub marks: Marks,
}

/// How a stream ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ending {
    /// When.
    pub at: i64,
    /// Last activity, as the end event knows it.
    pub active: Option<i64>,
}

impl Stretch {
    /// Whether the day knows everything about it.
    pub(crate) const fn is_whole(&self) -> bool {
        self.begins && self.end.is_some()
    }
}

impl Keys {
    /// How many groups there are.
    pub(crate) fn groups_len(&self) -> usize {
        self.group.iter().max().map_or(0, |last| *last as usize + 1)
    }
}

impl Pieces {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.piece.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.piece.is_empty()
    }
}
