//! The two tree files as they are written.

use indexmap::IndexMap;
use serde::Deserialize;

use crate::{Dim, Metric};

/// `esm-tree.yaml`. Members the engine does not need are left unread.
#[derive(Debug, Deserialize)]
pub(crate) struct EsmFile {
    pub(crate) dimension_aliases: IndexMap<String, Dim>,
    pub(crate) metric_sets: IndexMap<String, Vec<Metric>>,
    pub(crate) trees: IndexMap<String, Tree>,
    pub(crate) extended_trees: IndexMap<String, Tree>,
    pub(crate) cubes: IndexMap<String, Vec<CubeEntry>>,
}

/// One line of `cubes`.
#[derive(Debug, Deserialize)]
pub(crate) struct CubeEntry {
    pub(crate) dims: Vec<Dim>,
    pub(crate) metrics: String,
    pub(crate) unique: Unique,
    pub(crate) src: Source,
}

/// Where unique metrics are defined for a cube.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Unique {
    None,
    Day,
    Hour,
    AccountsOnly,
}

/// Whether a cube is documented or only seen in the field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Source {
    Doc,
    Field,
}

/// `cmu-tree.yaml`.
#[derive(Debug, Deserialize)]
pub(crate) struct CmuFile {
    pub(crate) audience_roots: IndexMap<String, Vec<Dim>>,
    pub(crate) metric_sets: IndexMap<String, Vec<Metric>>,
    pub(crate) metric_set_by_root: IndexMap<Dim, String>,
    pub(crate) trees: Tree,
    pub(crate) extended: CmuExtended,
}

/// The undocumented part of the CMU file.
#[derive(Debug, Deserialize)]
pub(crate) struct CmuExtended {
    pub(crate) aliases: IndexMap<String, AliasEntry>,
    pub(crate) metrics_on_general_reports: String,
}

/// A saved report.
#[derive(Debug, Deserialize)]
pub(crate) struct AliasEntry {
    pub(crate) path: String,
    pub(crate) metrics: Vec<Metric>,
}

/// A node of a drill-down tree: the dimensions that may follow.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(transparent)]
pub(crate) struct Tree(pub(crate) IndexMap<Dim, Tree>);

impl Tree {
    /// The node at the end of `path`, if that chain exists.
    pub(crate) fn find<S: AsRef<str>>(&self, path: &[S]) -> Option<&Self> {
        path.iter().try_fold(self, |node, segment| node.0.get(segment.as_ref()))
    }

    /// Adds every chain of `other`.
    pub(crate) fn merge(&mut self, other: &Self) {
        for (dim, below) in &other.0 {
            self.0.entry(dim.clone()).or_default().merge(below);
        }
    }

    /// Removes every subtree that starts with `dim`.
    pub(crate) fn prune(&mut self, dim: &str) {
        self.0.retain(|name, _| name.as_str() != dim);
        for below in self.0.values_mut() {
            below.prune(dim);
        }
    }

    /// Every node except this one, parents before children.
    pub(crate) fn paths(&self) -> Vec<Vec<Dim>> {
        let mut paths = Vec::new();
        self.collect(&mut Vec::new(), &mut paths);
        paths
    }

    fn collect(&self, path: &mut Vec<Dim>, into: &mut Vec<Vec<Dim>>) {
        for (dim, below) in &self.0 {
            path.push(dim.clone());
            into.push(path.clone());
            below.collect(path, into);
            path.pop();
        }
    }
}
