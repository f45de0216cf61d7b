//! A plan as the executor sees it: measures instead of names.

use jiff::civil::Date;

use crate::calendar::to_local;
use crate::execute::groups::Groups;
use crate::{DimSet, Grain, Marks, Measure, Outline, Plan, Schema, Sketch};

/// What has to be computed.
pub(crate) struct Ask<'a> {
    pub(crate) plan: &'a Plan,
    /// Per metric of the output, its position in the schema and how it is computed.
    pub(crate) measures: Vec<(usize, Measure)>,
    /// The facts that make a group a row (`wolap.md` §7, step 9).
    pub(crate) counted: Marks,
    /// Dimensions of the output and of filters.
    pub(crate) dims: DimSet,
}

/// Where the numbers of a day come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// A roll-up, and facts that came later.
    Rollup(usize),
    /// All facts.
    Facts,
}

/// A day of the range.
#[derive(Clone, Debug)]
pub(crate) struct Day {
    pub(crate) date: Date,
    pub(crate) outline: Outline,
    pub(crate) source: Source,
}

impl<'a> Ask<'a> {
    pub(crate) fn of(schema: &Schema, plan: &'a Plan, groups: &Groups<'_>) -> Self {
        let measure = |metric: &crate::Metric| {
            Some((schema.metric(metric.as_str())?, schema.measure(metric.as_str())?))
        };
        let counted = plan.counted.iter().filter_map(|it| schema.measure(it.as_str()));
        Self {
            plan,
            measures: plan.metrics.iter().filter_map(measure).collect(),
            counted: counted.map(Measure::marks).fold(Marks::NONE, Marks::and),
            dims: groups.dims(),
        }
    }

    pub(crate) fn has(&self, wanted: impl Fn(Measure) -> bool) -> bool {
        self.measures.iter().any(|(_, measure)| wanted(*measure))
    }

    /// Which kind of roll-up can hold distinct counts of this report's buckets, or be added up to them.
    pub(crate) fn grain(&self) -> Option<Grain> {
        match self.plan.grain {
            Some(Grain::Minute) => None,
            Some(Grain::Hour) => Some(Grain::Hour),
            Some(Grain::Day | Grain::Month | Grain::Year) | None => Some(Grain::Day),
        }
    }

    /// How many buckets the range may have.
    pub(crate) fn buckets(&self) -> u64 {
        let buckets = self.plan.grain.zip(self.plan.range).map_or(1, |(grain, range)| {
            (to_local(range.end) - to_local(range.start)) / grain.millis_min() + 2
        });
        u64::try_from(buckets).unwrap_or(0)
    }

    /// The smallest roll-up of a day that covers the plan; facts where there is none or where late facts
    /// make it useless.
    pub(crate) fn source(&self, outline: &Outline) -> Source {
        let is_additive = !self.has(|measure| !measure.is_additive());
        let Some((rollups, grain)) = outline.rollups.as_deref().zip(self.grain()) else {
            return Source::Facts;
        };
        if outline.late > 0 && !is_additive {
            return Source::Facts;
        }
        let fits = |sketch: &Sketch| {
            let fine = sketch.grain == grain || is_additive && sketch.grain == Grain::Hour;
            fine && sketch.dims.covers(self.dims) && sketch.rows < outline.facts
        };
        let smallest = (0..)
            .zip(rollups)
            .filter(|(_, sketch)| fits(sketch))
            .min_by_key(|(_, sketch)| sketch.rows);
        smallest.map_or(Source::Facts, |(rollup, _)| Source::Rollup(rollup))
    }
}
