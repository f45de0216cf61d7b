//! Which roll-ups reports may ask for: one per cube of the trees, narrowed as its callers are.

use std::collections::BTreeMap;

use crate::model::{Cube, grain};
use crate::{Audience, DimSet, Grain, Model, RollupSet, Schema};

impl Model {
    /// The roll-ups that answer the trees of this API, widest first.
    ///
    /// A cube is asked for by the hour when it reaches hours, and always by the day. Its dimensions and
    /// those its callers are narrowed to (`wolap.md` §16) make one roll-up.
    pub fn rollup_sets(&self, schema: &Schema) -> Vec<RollupSet> {
        let mut sets: BTreeMap<(Grain, DimSet), bool> = BTreeMap::new();
        for audience in self.audiences() {
            for cube in self.cubes(audience) {
                for scope in scopes(audience) {
                    for (grain, has_distinct) in grains(cube) {
                        let dims =
                            cube.dims.iter().map(crate::Dim::as_str).chain(scope.iter().copied());
                        let dims = dims.filter_map(|dim| schema.column(dim)).collect();
                        *sets.entry((grain, dims)).or_default() |= has_distinct;
                    }
                }
            }
        }
        let set = |((grain, dims), has_distinct)| RollupSet { grain, dims, has_distinct };
        sets.into_iter().map(set).collect()
    }
}

/// The dimensions that callers of an audience may be narrowed to.
fn scopes(audience: Audience) -> &'static [&'static [&'static str]] {
    match audience {
        Audience::Programmer => &[&["media-company"], &["media-company", "requestor-id"]],
        Audience::Mvpd => &[&["mvpd"]],
        Audience::Tenant => &[&["tenant"]],
        Audience::Operator => &[&[]],
    }
}

/// By what a cube is rolled up, and whether distinct counts are asked for there.
fn grains(cube: &Cube) -> impl Iterator<Item = (Grain, bool)> {
    let finest = grain(&cube.dims);
    let counts_users = cube.metrics.iter().any(|metric| metric.as_str() == "active-users");
    let has_distinct =
        move |grain| counts_users || !cube.uniques.is_empty() && finest == Some(grain);
    let hours = (finest >= Some(Grain::Hour)).then(|| (Grain::Hour, has_distinct(Grain::Hour)));
    [(Grain::Day, has_distinct(Grain::Day))].into_iter().chain(hours)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ModelError, Switches};

    /// Every dimension of the trees.
    static SCHEMA: Schema = Schema {
        dims: &["media-company", "requestor-id", "proxy", "mvpd", "dc", "platform", "tenant"],
        metrics: &[],
        streams: None,
    };

    #[test]
    fn cubes_are_rolled_up_with_and_without_the_scope_of_their_callers() -> Result<(), ModelError> {
        let sets = Model::esm(Switches::default())?.rollup_sets(&SCHEMA);
        let find = |grain, names: &[&str]| {
            let dims = names.iter().filter_map(|name| SCHEMA.column(name)).collect();
            let set = sets.iter().find(|set| set.grain == grain && set.dims == dims);
            set.map(|set| set.has_distinct)
        };
        assert_eq!(find(Grain::Day, &["dc"]), Some(true));
        assert_eq!(find(Grain::Day, &["dc", "media-company"]), Some(true));
        assert_eq!(find(Grain::Day, &["dc", "media-company", "requestor-id"]), Some(true));
        assert_eq!(find(Grain::Hour, &["dc", "media-company"]), Some(true));
        assert_eq!(find(Grain::Hour, &["media-company", "proxy", "tenant"]), None);
        assert!(sets.iter().all(|set| matches!(set.grain, Grain::Day | Grain::Hour)));
        Ok(())
    }

    #[test]
    fn unique_metrics_by_the_hour_can_be_switched_off() -> Result<(), ModelError> {
        let switches = Switches { hourly_uniques: false, ..Switches::default() };
        let sets = Model::esm(switches)?.rollup_sets(&SCHEMA);
        assert!(sets.iter().all(|set| set.grain == Grain::Day || !set.has_distinct));
        Ok(())
    }

    #[test]
    fn every_node_of_stream_usage_counts_users() -> Result<(), ModelError> {
        let sets = Model::cmu(Switches::default())?.rollup_sets(&SCHEMA);
        let tenants = SCHEMA.column("tenant").into_iter().collect();
        let of_tenant: Vec<_> = sets.iter().filter(|set| set.dims == tenants).collect();
        assert_eq!(of_tenant.len(), 2);
        assert!(of_tenant.iter().all(|set| set.has_distinct));
        Ok(())
    }
}
