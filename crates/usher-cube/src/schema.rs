//! What the facts of one API consist of, declared by whoever books them.

/// What an event counts for: a set of up to 32 marks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Marks(u32);

impl Marks {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// Any mark at all.
    pub const ANY: Self = Self(u32::MAX);

    /// The mark number `bit`, 0 to 31.
    pub const fn bit(bit: u32) -> Self {
        Self(1 << (bit & 31))
    }

    /// Both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether they share a mark.
    pub const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// The set as a number, for storing it.
    pub const fn to_bits(self) -> u32 {
        self.0
    }

    /// The set that `to_bits` made a number of.
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }
}

/// How a metric is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Facts with the mark.
    Count(Marks),
    /// The amounts of facts with the mark.
    Sum(Marks),
    /// Distinct actors of facts with the mark.
    Actors(Marks),
    /// Distinct sessions of facts with the mark.
    Sessions(Marks),
    /// Ended sessions that lasted from `from` (inclusive) to `until` minutes (exclusive).
    Lasted {
        /// Shortest, in minutes.
        from: i64,
        /// Longest, in minutes.
        until: i64,
    },
    /// Units of so many minutes that sessions began (`wolap.md` §6.2, bstreams).
    Units(i64),
    /// Actors who reached a level of concurrency (`wolap.md` §18.4).
    Reached,
}

/// The columns and metrics of one API's facts.
#[derive(Clone, Copy, Debug)]
pub struct Schema {
    /// Dimensions of a fact, in the order of its labels; at most 32.
    pub dims: &'static [&'static str],
    /// Every metric.
    pub metrics: &'static [(&'static str, Measure)],
    /// For APIs whose sessions are streams: with a beginning, a length and an end.
    pub streams: Option<Streams>,
}

/// What streams are known by.
#[derive(Clone, Copy, Debug)]
pub struct Streams {
    /// A stream began.
    pub started: Marks,
    /// A start was refused, which counts as activity.
    pub refused: Marks,
}

/// A set of dimensions, by their positions in the schema.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DimSet(u32);

impl DimSet {
    /// Every dimension there can be.
    pub const ALL: Self = Self(u32::MAX);

    /// With this position.
    #[must_use]
    pub const fn with(self, column: usize) -> Self {
        Self(self.0 | 1 << (column & 31))
    }

    /// Whether it has this position.
    pub const fn has(self, column: usize) -> bool {
        self.0 & 1 << (column & 31) != 0
    }

    /// Whether it has all positions of `other`.
    pub const fn covers(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Its positions, ascending.
    pub fn columns(self) -> impl Iterator<Item = usize> {
        (0..32).filter(move |column| self.has(*column))
    }
}

impl FromIterator<usize> for DimSet {
    fn from_iter<T: IntoIterator<Item = usize>>(columns: T) -> Self {
        columns.into_iter().fold(Self::default(), Self::with)
    }
}

impl Schema {
    /// The position of a dimension.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.dims.iter().position(|dim| *dim == name)
    }

    /// The position of a metric.
    pub fn metric(&self, name: &str) -> Option<usize> {
        self.metrics.iter().position(|(metric, _)| *metric == name)
    }

    /// How a metric is computed.
    pub fn measure(&self, name: &str) -> Option<Measure> {
        self.metrics.iter().find_map(|(metric, measure)| (*metric == name).then_some(*measure))
    }
}

/// What a measure takes of a fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// That there is one.
    Itself,
    /// Its amount.
    Amount,
    /// Its actor, whoever that is.
    Actor,
    /// Its session.
    Session,
}

impl Measure {
    /// What it takes of a fact with these marks.
    pub(crate) const fn takes(self, marks: Marks) -> Option<Taken> {
        let (wanted, taken) = match self {
            Self::Count(wanted) => (wanted, Taken::Itself),
            Self::Sum(wanted) => (wanted, Taken::Amount),
            Self::Actors(wanted) => (wanted, Taken::Actor),
            Self::Sessions(wanted) => (wanted, Taken::Session),
            Self::Lasted { .. } | Self::Units(_) | Self::Reached => return None,
        };
        if marks.meets(wanted) { Some(taken) } else { None }
    }

    /// The facts this measure makes rows of.
    pub(crate) const fn marks(self) -> Marks {
        match self {
            Self::Count(marks) | Self::Sum(marks) | Self::Actors(marks) | Self::Sessions(marks) => {
                marks
            }
            Self::Lasted { .. } | Self::Units(_) | Self::Reached => Marks::NONE,
        }
    }

    /// Whether numbers of disjoint facts can be added, whoever they belong to.
    pub(crate) const fn is_additive(self) -> bool {
        matches!(self, Self::Count(_) | Self::Sum(_))
    }

    /// Whether it counts who is there, not what happens.
    pub const fn is_distinct(self) -> bool {
        matches!(self, Self::Actors(_) | Self::Sessions(_))
    }

    /// Whether it depends on how long streams are.
    pub(crate) const fn is_about_streams(self) -> bool {
        matches!(self, Self::Lasted { .. } | Self::Units(_) | Self::Reached)
    }
}
