//! What can be asked: the drill-down trees and cubes of one API, per audience (`wolap.md` §3, §4).

use std::collections::HashSet;

use indexmap::IndexMap;

use crate::yaml::{AliasEntry, CmuFile, EsmFile, Source, Tree, Unique};
use crate::{Address, Base, Dim, Grain, Metric};

/// The two APIs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Api {
    /// Entitlement service monitoring.
    Esm,
    /// Concurrency monitoring usage.
    Cmu,
}

/// Whose trees a caller sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Audience {
    /// A media company or some of its channels (ESM).
    Programmer,
    /// A TV provider (both APIs).
    Mvpd,
    /// A tenant of the stream-limiting service (CMU).
    Tenant,
    /// Who runs the server: every root of every tree.
    Operator,
}

/// What an operator may switch on or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "independent switches of the contract")]
pub struct Switches {
    /// Serve trees and metrics that are only known from the field (`wolap.md` OP-2, OP-17).
    pub extended: bool,
    /// Show unique metrics on hourly reports (`wolap.md` OP-12).
    pub hourly_uniques: bool,
    /// Serve CMU reports by the minute (`wolap.md` §4).
    pub minute_reports: bool,
    /// Refuse filters on time dimensions instead of ignoring them (`wolap.md` OP-9).
    pub strict_time_filters: bool,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            extended: true,
            hourly_uniques: true,
            minute_reports: false,
            strict_time_filters: false,
        }
    }
}

/// The compiled-in tree files cannot be read. A bug of this build.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// Not the expected YAML.
    #[error("a drill-down tree file cannot be read: {0}")]
    Syntax(#[from] serde_yaml_ng::Error),
    /// A name that is defined nowhere.
    #[error("a drill-down tree file names `{0}`, which it does not define")]
    Dangling(String),
}

/// A pre-aggregation: its ordered dimensions and what it can count.
#[derive(Clone, Debug)]
pub(crate) struct Cube {
    pub(crate) dims: Vec<Dim>,
    /// Lower is preferred (`wolap.md` §7, step 6).
    pub(crate) rank: usize,
    /// What a report shows that asks for nothing in particular; rows exist for these.
    pub(crate) metrics: Vec<Metric>,
    /// What is counted on request only.
    pub(crate) on_request: Vec<Metric>,
    /// What is added when the output equals the cube.
    pub(crate) uniques: Vec<Metric>,
}

/// What one audience sees.
#[derive(Debug, Default)]
pub(crate) struct View {
    tree: Tree,
    pub(crate) cubes: Vec<Cube>,
}

/// One API: its trees, cubes and names. Immutable once read.
#[derive(Debug)]
pub struct Model {
    api: Api,
    views: Vec<(Audience, View)>,
    /// Old dimension names and what they are called now; `/esm/v2` only.
    renamed: IndexMap<String, Dim>,
    aliases: IndexMap<String, AliasEntry>,
    pub(crate) dims: HashSet<Dim>,
    pub(crate) metrics: HashSet<Metric>,
}

/// A resource that exists for the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// The API root.
    pub base: Base,
    /// Its dimensions; empty at the root.
    pub path: Vec<Dim>,
    /// Dimensions that may follow, by name.
    pub children: Vec<Dim>,
    /// Metrics that come with a saved report; empty otherwise.
    pub preset: Vec<Metric>,
}

/// Why there is no such resource for the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FindError {
    /// In no tree.
    #[error("there is no such report")]
    Unknown,
    /// In a tree of somebody else.
    #[error("this report belongs to another audience")]
    OtherAudience,
}

impl Model {
    /// Reads the trees of entitlement reports.
    pub fn esm(switches: Switches) -> Result<Self, ModelError> {
        let file: EsmFile = serde_yaml_ng::from_str(include_str!("../data/esm-tree.yaml"))?;
        let programmer = file.view(switches, "programmer", |key| key.starts_with("programmer"))?;
        let mvpd = file.view(switches, "mvpd", |key| key == "mvpd")?;
        let operator = View::union(&[&programmer, &mvpd]);
        let mut metrics: HashSet<_> = file.metric_sets.into_values().flatten().collect();
        if !switches.extended {
            metrics.retain(|metric| !metric.as_str().starts_with("decision-"));
        }
        Ok(Self {
            api: Api::Esm,
            dims: operator.dims(),
            views: vec![
                (Audience::Programmer, programmer),
                (Audience::Mvpd, mvpd),
                (Audience::Operator, operator),
            ],
            renamed: file.dimension_aliases,
            aliases: IndexMap::new(),
            metrics,
        })
    }

    /// Reads the trees of stream usage reports.
    pub fn cmu(switches: Switches) -> Result<Self, ModelError> {
        let mut file: CmuFile = serde_yaml_ng::from_str(include_str!("../data/cmu-tree.yaml"))?;
        if !switches.minute_reports {
            file.trees.prune("minute");
        }
        let (tenant, mvpd) = (file.view(switches, "tenant")?, file.view(switches, "mvpd")?);
        let operator = View::union(&[&tenant, &mvpd]);
        let mut metrics: HashSet<_> = file.metric_sets.into_values().flatten().collect();
        if !switches.extended {
            file.extended.aliases.clear();
            metrics.retain(|metric| !metric.as_str().starts_with("bstreams-"));
        }
        Ok(Self {
            api: Api::Cmu,
            dims: operator.dims(),
            views: vec![
                (Audience::Tenant, tenant),
                (Audience::Mvpd, mvpd),
                (Audience::Operator, operator),
            ],
            renamed: IndexMap::new(),
            aliases: file.extended.aliases,
            metrics,
        })
    }

    /// Which API this is.
    pub const fn api(&self) -> Api {
        self.api
    }

    /// Looks a path up in the trees of `audience` (`wolap.md` §7, step 1).
    pub fn find(&self, address: &Address, audience: Audience) -> Result<Resource, FindError> {
        let alias = self.aliases.get(&address.path.join("/"));
        let path: Vec<Dim> = match alias {
            Some(saved) => saved.path.split('/').map(Dim::from).collect(),
            None => address.path.iter().map(|name| self.canonical(address.base, name)).collect(),
        };
        let node = |audience| self.view(audience)?.tree.find(&path);
        let Some(node) = node(audience) else {
            let elsewhere = node(Audience::Operator).is_some();
            return Err(if elsewhere { FindError::OtherAudience } else { FindError::Unknown });
        };
        let mut children: Vec<_> = node.0.keys().cloned().collect();
        children.sort();
        let preset = alias.map(|saved| saved.metrics.clone()).unwrap_or_default();
        Ok(Resource { base: address.base, path, children, preset })
    }

    /// Whether `address` is a saved report.
    pub fn is_saved(&self, address: &Address) -> bool {
        self.aliases.contains_key(&address.path.join("/"))
    }

    /// The current name of a dimension: `/esm/v2` still takes the old SDK names (`wolap.md` §2).
    pub fn canonical(&self, base: Base, name: &str) -> Dim {
        let renamed = self.renamed.get(name).filter(|_| base == Base::EsmV2);
        renamed.cloned().unwrap_or_else(|| Dim::from(name))
    }

    /// Every path of `audience`, the root excluded, parents before children.
    pub fn paths(&self, audience: Audience) -> Vec<Vec<Dim>> {
        self.view(audience).map(|view| view.tree.paths()).unwrap_or_default()
    }

    /// The cubes `audience` may be answered from.
    pub(crate) fn cubes(&self, audience: Audience) -> &[Cube] {
        self.view(audience).map_or(&[], |view| &view.cubes)
    }

    /// Whose trees there are.
    pub(crate) fn audiences(&self) -> impl Iterator<Item = Audience> {
        self.views.iter().map(|(audience, _)| *audience)
    }

    fn view(&self, audience: Audience) -> Option<&View> {
        self.views.iter().find_map(|(whose, view)| (*whose == audience).then_some(view))
    }
}

impl AsRef<str> for Dim {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl View {
    fn union(views: &[&Self]) -> Self {
        let mut union = Self::default();
        for view in views {
            union.tree.merge(&view.tree);
            union.cubes.extend(view.cubes.iter().cloned());
        }
        union
    }

    fn dims(&self) -> HashSet<Dim> {
        self.tree.paths().into_iter().flatten().collect()
    }
}

impl EsmFile {
    /// The part of the file that `audience` sees.
    fn view(
        &self,
        switches: Switches,
        audience: &str,
        mine: impl Fn(&str) -> bool,
    ) -> Result<View, ModelError> {
        let mut tree = self.trees.get(audience).cloned().unwrap_or_default();
        if let Some(extension) = self.extended_trees.get(audience).filter(|_| switches.extended) {
            tree.merge(extension);
        }
        let mut cubes = Vec::new();
        for entry in self.cubes.iter().filter(|(key, _)| mine(key)).flat_map(|(_, list)| list) {
            if switches.extended || entry.src == Source::Doc {
                cubes.push(Cube {
                    dims: entry.dims.clone(),
                    rank: ESM_PREFERENCE.iter().position(|set| *set == entry.metrics).unwrap_or(99),
                    metrics: self.set(&entry.metrics)?.to_vec(),
                    on_request: Vec::new(),
                    uniques: self.uniques(entry.unique, &entry.dims, switches)?,
                });
            }
        }
        Ok(View { tree, cubes })
    }

    fn set(&self, name: &str) -> Result<&[Metric], ModelError> {
        let set = self.metric_sets.get(name).ok_or_else(|| ModelError::Dangling(name.to_owned()));
        set.map(Vec::as_slice)
    }

    /// What is added when the output equals the cube (`wolap.md` §6.1).
    fn uniques(
        &self,
        unique: Unique,
        dims: &[Dim],
        switches: Switches,
    ) -> Result<Vec<Metric>, ModelError> {
        let all = self.set("UNIQUE")?;
        Ok(match unique {
            Unique::Day => all.to_vec(),
            Unique::Hour if switches.hourly_uniques => all.to_vec(),
            Unique::AccountsOnly if grain(dims) == Some(Grain::Day) => {
                all.iter().filter(|metric| metric.as_str() == "unique-accounts").cloned().collect()
            }
            Unique::None | Unique::Hour | Unique::AccountsOnly => Vec::new(),
        })
    }
}

/// Metric sets in the order of `wolap.md` §7, step 6. An audience only ever sees one of the first two.
const ESM_PREFERENCE: [&str; 6] = ["STD", "MVPD_STD", "AUTHZ", "EAP", "DECISION", "EVENT"];

/// The finest time dimension among `dims`.
pub(crate) fn grain(dims: &[Dim]) -> Option<Grain> {
    dims.iter().filter_map(|dim| Grain::named(dim.as_str())).max()
}

impl CmuFile {
    /// The part of the file that `audience` sees: every node is its own cube (`wolap.md` §7).
    fn view(&self, switches: Switches, audience: &str) -> Result<View, ModelError> {
        let roots = self
            .audience_roots
            .get(audience)
            .ok_or_else(|| ModelError::Dangling(audience.to_owned()))?;
        let mut tree = self.trees.clone();
        tree.0.retain(|root, _| roots.contains(root));
        let cubes: Result<_, _> =
            tree.paths().into_iter().map(|dims| self.cube(dims, switches)).collect();
        Ok(View { tree, cubes: cubes? })
    }

    fn cube(&self, dims: Vec<Dim>, switches: Switches) -> Result<Cube, ModelError> {
        let levels = dims.iter().any(Dim::is_level);
        let name = match dims.first() {
            Some(_) if levels => "LEVELS",
            Some(root) => self.metric_set_by_root.get(root).map_or("", String::as_str),
            None => "",
        };
        let mut metrics = Vec::new();
        for set in name.split('+') {
            metrics.extend_from_slice(self.set(set)?);
        }
        let on_request = if levels || !switches.extended {
            Vec::new()
        } else {
            self.set(&self.extended.metrics_on_general_reports)?.to_vec()
        };
        let rank = CMU_PREFERENCE.iter().position(|set| *set == name).unwrap_or(99);
        Ok(Cube { dims, rank, metrics, on_request, uniques: Vec::new() })
    }

    fn set(&self, name: &str) -> Result<&[Metric], ModelError> {
        let set = self.metric_sets.get(name).ok_or_else(|| ModelError::Dangling(name.to_owned()));
        set.map(Vec::as_slice)
    }
}

/// The root answers the first of these (contracts README, clarification 21).
const CMU_PREFERENCE: [&str; 3] = ["GENERAL", "GENERAL+DURATION", "LEVELS"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_trees_have_as_many_nodes_as_the_contract_counts() -> Result<(), ModelError> {
        let plain = Switches { extended: false, minute_reports: true, ..Switches::default() };
        let esm = Model::esm(plain)?;
        let paths = esm.paths(Audience::Programmer);
        let under = |root: &str| {
            paths.iter().filter(|path| path.first().is_some_and(|dim| dim.as_str() == root)).count()
        };
        assert_eq!((under("year"), under("media-company")), (214, 185));
        assert_eq!(esm.paths(Audience::Mvpd).len(), 39);
        assert_eq!(esm.cubes(Audience::Programmer).len(), 70 + 65);
        assert_eq!(esm.cubes(Audience::Mvpd).len(), 6);
        let extended = Model::esm(Switches::default())?;
        assert_eq!(extended.paths(Audience::Programmer).len(), 214 + 185 + 94);
        Ok(())
    }

    #[test]
    fn every_cube_is_a_leaf_of_its_tree_and_the_other_way_round() -> Result<(), ModelError> {
        let esm = Model::esm(Switches::default())?;
        for audience in [Audience::Programmer, Audience::Mvpd] {
            let paths = esm.paths(audience);
            let mut leaves: Vec<_> = paths
                .iter()
                .filter(|path| {
                    paths.iter().all(|other| other.len() <= path.len() || !other.starts_with(path))
                })
                .collect();
            let mut cubes: Vec<_> = esm.cubes(audience).iter().map(|cube| &cube.dims).collect();
            leaves.sort();
            cubes.sort();
            assert_eq!(leaves, cubes);
        }
        Ok(())
    }

    #[test]
    fn minute_reports_of_streams_exist_when_switched_on() -> Result<(), ModelError> {
        let has_minute = |minute_reports| {
            let switches = Switches { minute_reports, ..Switches::default() };
            let paths = Model::cmu(switches)?.paths(Audience::Tenant);
            Ok::<_, ModelError>(paths.iter().flatten().any(|dim| dim.as_str() == "minute"))
        };
        assert!(!has_minute(false)?);
        assert!(has_minute(true)?);
        Ok(())
    }
}
