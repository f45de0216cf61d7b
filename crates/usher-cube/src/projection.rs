//! Which cube answers a request, and with which metrics (`wolap.md` §7, steps 2 to 7).

use crate::model::{Cube, grain};
use crate::plan::Invalid;
use crate::{Audience, Dim, Grain, Metric, Model};

/// What the choice depends on.
pub(crate) struct Wish<'a> {
    pub(crate) audience: Audience,
    pub(crate) path: &'a [Dim],
    pub(crate) included: &'a [Dim],
    /// Filtered dimensions, without those exempt because they only repeat the caller's scope.
    pub(crate) filtered: &'a [Dim],
    pub(crate) metrics: &'a [Metric],
}

/// The chosen projection.
#[derive(Debug)]
pub(crate) struct Projection {
    pub(crate) dims: Vec<Dim>,
    pub(crate) metrics: Vec<Metric>,
    /// A group is a row when one of these counted something.
    pub(crate) counted: Vec<Metric>,
    /// The dimensions of the cube, from which level reports know which level is meant.
    pub(crate) cube: Vec<Dim>,
}

impl Wish<'_> {
    /// Chooses, or says why nothing fits.
    pub(crate) fn choose(&self, model: &Model) -> Result<Projection, Invalid> {
        let candidates: Vec<&Cube> = model
            .cubes(self.audience)
            .iter()
            .filter(|cube| cube.dims.starts_with(self.path))
            .collect();
        self.check_names(model, &candidates)?;
        let covering: Vec<_> = candidates
            .into_iter()
            .filter(|cube| self.dims().all(|dim| cube.dims.contains(dim)))
            .collect();
        if covering.is_empty() {
            return Err(Invalid::NoProjection);
        }
        let output = self.output();
        let cube = covering
            .into_iter()
            .filter(|cube| self.metrics.iter().all(|metric| offers(cube, &output, metric)))
            .min_by_key(|cube| (cube.rank, cube.dims.len()))
            .ok_or_else(|| Invalid::MetricsUnavailable(self.metrics.to_vec()))?;
        Ok(Projection {
            metrics: self.columns(cube, &output),
            counted: cube.metrics.clone(),
            cube: cube.dims.clone(),
            dims: output,
        })
    }

    /// `P ∪ V ∪ F`.
    fn dims(&self) -> impl Iterator<Item = &Dim> {
        self.path.iter().chain(self.included).chain(self.filtered)
    }

    /// The path, then what was included, in order of first appearance.
    fn output(&self) -> Vec<Dim> {
        let mut output = self.path.to_vec();
        for dim in self.included {
            if !output.contains(dim) {
                output.push(dim.clone());
            }
        }
        output
    }

    /// Steps 3 and 5: every name is known, every dimension lies in some valid subpath.
    fn check_names(&self, model: &Model, candidates: &[&Cube]) -> Result<(), Invalid> {
        for dim in self.included.iter().chain(self.filtered) {
            if !model.dims.contains(dim) {
                return Err(Invalid::UnknownDimension(dim.clone()));
            }
            if !candidates.iter().any(|cube| cube.dims.contains(dim)) {
                return Err(Invalid::NotInHierarchy(dim.clone()));
            }
        }
        match self.metrics.iter().find(|metric| !model.metrics.contains(*metric)) {
            Some(unknown) => Err(Invalid::UnknownMetric(unknown.clone())),
            None => Ok(()),
        }
    }

    /// The selected metrics, else all of the cube that are defined for this output.
    fn columns(&self, cube: &Cube, output: &[Dim]) -> Vec<Metric> {
        if !self.metrics.is_empty() {
            return self.metrics.to_vec();
        }
        let all = cube.metrics.iter().chain(&cube.uniques);
        all.filter(|metric| offers(cube, output, metric)).cloned().collect()
    }
}

/// Whether `cube` can answer `metric` for these output dimensions.
fn offers(cube: &Cube, output: &[Dim], metric: &Metric) -> bool {
    if cube.uniques.contains(metric) {
        return equal_sets(&cube.dims, output);
    }
    // Distinct users are only defined for an interval no longer than a month (`wolap.md` §6.2).
    let needs_month = metric.as_str() == "active-users";
    (cube.metrics.contains(metric) || cube.on_request.contains(metric))
        && (!needs_month || grain(output).is_some_and(|grain| grain >= Grain::Month))
}

/// The order of dimensions does not matter (contracts README, clarification 20).
fn equal_sets(left: &[Dim], right: &[Dim]) -> bool {
    left.len() == right.len() && left.iter().all(|dim| right.contains(dim))
}
