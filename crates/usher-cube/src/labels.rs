//! Dimension values of many things at once: one column of codes per dimension.

use std::sync::Arc;

use indexmap::IndexSet;

use crate::DimSet;

/// One dimension of many things.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LabelColumn {
    /// Its position in the schema.
    pub column: usize,
    /// Distinct values.
    pub dictionary: Vec<Arc<str>>,
    /// Per thing, its value's place in the dictionary.
    pub codes: Vec<u32>,
}

/// Some dimensions of many things.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labels(pub Vec<LabelColumn>);

impl Labels {
    /// The column at a position of the schema.
    pub(crate) fn column(&self, column: usize) -> Option<&LabelColumn> {
        self.0.iter().find(|labels| labels.column == column)
    }

    /// Which dimensions there are.
    pub fn dims(&self) -> DimSet {
        self.0.iter().map(|labels| labels.column).collect()
    }
}

impl LabelColumn {
    /// The value of a thing; empty when there is none.
    pub fn label(&self, thing: usize) -> &str {
        let code = self.codes.get(thing).copied().unwrap_or(u32::MAX);
        self.dictionary.get(code as usize).map_or("", |label| label)
    }
}

/// A dictionary that grows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Dictionary(IndexSet<Arc<str>>);

impl Dictionary {
    /// The code of a label.
    pub(crate) fn code(&mut self, label: &str) -> u32 {
        let code = self.0.get_index_of(label);
        small(code.unwrap_or_else(|| self.0.insert_full(label.into()).0))
    }

    pub(crate) fn label(&self, code: u32) -> Arc<str> {
        self.0.get_index(code as usize).cloned().unwrap_or_default()
    }

    pub(crate) fn to_vec(&self) -> Vec<Arc<str>> {
        self.0.iter().cloned().collect()
    }

    /// The rank of each code by code point.
    pub(crate) fn ranks(&self) -> Vec<u32> {
        let mut order: Vec<_> = (0..self.0.len()).collect();
        order.sort_unstable_by_key(|code| self.0.get_index(*code));
        let mut ranks = vec![0; order.len()];
        for (rank, code) in order.into_iter().enumerate() {
            if let Some(place) = ranks.get_mut(code) {
                *place = small(rank);
            }
        }
        ranks
    }
}

/// An index as it is stored; four thousand million labels or facts do not fit into a block.
pub(crate) fn small(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX - 1)
}
