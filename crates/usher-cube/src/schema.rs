//! What the facts of one API consist of, declared by whoever pushes them.

/// What an event counts for: a set of up to 32 marks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
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
    /// Dimensions of a fact, in the order its labels are pushed.
    pub dims: &'static [&'static str],
    /// Every metric.
    pub metrics: &'static [(&'static str, Measure)],
    /// The mark of a refused start, which counts as activity.
    pub refused: Marks,
}

impl Schema {
    /// The position of a dimension.
    pub(crate) fn column(&self, name: &str) -> Option<usize> {
        self.dims.iter().position(|dim| *dim == name)
    }

    /// How a metric is computed.
    pub(crate) fn measure(&self, name: &str) -> Option<Measure> {
        self.metrics.iter().find_map(|(metric, measure)| (*metric == name).then_some(*measure))
    }
}

impl Measure {
    /// The facts this measure makes rows of.
    pub(crate) const fn marks(self) -> Marks {
        match self {
            Self::Count(marks) | Self::Sum(marks) | Self::Actors(marks) | Self::Sessions(marks) => {
                marks
            }
            Self::Lasted { .. } | Self::Units(_) | Self::Reached => Marks::NONE,
        }
    }
}
