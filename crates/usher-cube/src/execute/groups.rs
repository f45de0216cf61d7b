//! Groups: distinct combinations of the output's dimension values.

use std::sync::Arc;

use indexmap::IndexSet;

use crate::labels::{Dictionary, Labels, small};
use crate::{Dim, DimSet, Filter, Plan, Schema};

/// Stands for things a filter refuses.
pub(crate) const REFUSED: u32 = u32::MAX;

/// The groups of a plan, in the order in which they were met.
pub(crate) struct Groups<'a> {
    /// The columns of the output, time and levels excluded, in order.
    outputs: Vec<usize>,
    filters: Vec<(usize, &'a Filter)>,
    dictionaries: Vec<Dictionary>,
    keys: IndexSet<Box<[u32]>>,
}

impl<'a> Groups<'a> {
    pub(crate) fn of(schema: &Schema, plan: &'a Plan) -> Self {
        let column = |dim: &Dim| schema.column(dim.as_str());
        let outputs: Vec<_> = plan.dims.iter().filter_map(column).collect();
        let filter = |filter: &'a Filter| Some((column(filter.dim())?, filter));
        Self {
            dictionaries: vec![Dictionary::default(); outputs.len()],
            filters: plan.filters.iter().filter_map(filter).collect(),
            outputs,
            keys: IndexSet::new(),
        }
    }

    /// The columns that decide about groups.
    pub(crate) fn dims(&self) -> DimSet {
        self.outputs.iter().copied().chain(self.filters.iter().map(|(column, _)| *column)).collect()
    }

    /// The columns of the output.
    pub(crate) fn outputs(&self) -> &[usize] {
        &self.outputs
    }

    /// The group of each of `count` things; [`REFUSED`] for those a filter refuses.
    pub(crate) fn assign(&mut self, labels: &Labels, count: usize) -> Vec<u32> {
        let verdicts = self.verdicts(labels);
        let outputs: Vec<_> = self
            .outputs
            .iter()
            .zip(&mut self.dictionaries)
            .map(|(column, dictionary)| translated(labels, *column, dictionary))
            .collect();
        let mut key = vec![0; outputs.len()];
        let mut last = None;
        let group = |thing: usize| {
            if !verdicts.iter().all(|verdict| verdict.admits(thing)) {
                return REFUSED;
            }
            let mut changed = last.is_none();
            for (part, (codes, global)) in key.iter_mut().zip(&outputs) {
                let code = codes.get(thing).and_then(|code| global.get(*code as usize));
                let code = code.copied().unwrap_or(REFUSED);
                changed |= std::mem::replace(part, code) != code;
            }
            match last {
                Some(group) if !changed => group,
                Some(_) | None => {
                    let known = self.keys.get_index_of(key.as_slice());
                    let group =
                        known.unwrap_or_else(|| self.keys.insert_full(key.as_slice().into()).0);
                    *last.insert(small(group))
                }
            }
        };
        (0..count).map(group).collect()
    }

    /// How many groups were met.
    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    /// The dimension values of a group, in the order of the output.
    pub(crate) fn labels(&self, group: u32) -> impl Iterator<Item = Arc<str>> {
        let codes = self.keys.get_index(group as usize).into_iter().flatten();
        codes.zip(&self.dictionaries).map(|(code, dictionary)| dictionary.label(*code))
    }

    /// Per output column, the rank of each of its codes by code point.
    pub(crate) fn ranks(&self) -> Vec<Vec<u32>> {
        self.dictionaries.iter().map(Dictionary::ranks).collect()
    }

    /// The codes of a group, one per output column.
    pub(crate) fn codes(&self, group: u32) -> &[u32] {
        self.keys.get_index(group as usize).map_or(&[], |codes| codes)
    }

    /// What each filter says to the things that `labels` describe.
    fn verdicts<'l>(&self, labels: &'l Labels) -> Vec<Verdict<'l>> {
        let verdict = |(column, filter): &(usize, &Filter)| match labels.column(*column) {
            Some(labels) => Verdict {
                codes: &labels.codes,
                admitted: labels.dictionary.iter().map(|label| filter.admits(label)).collect(),
            },
            None => Verdict { codes: &[], admitted: Vec::new() },
        };
        self.filters.iter().map(verdict).collect()
    }
}

/// A filter's answer to each value of a column, so that a long list is searched once per value.
struct Verdict<'a> {
    codes: &'a [u32],
    admitted: Vec<bool>,
}

impl Verdict<'_> {
    fn admits(&self, thing: usize) -> bool {
        let code = self.codes.get(thing).copied().unwrap_or(u32::MAX);
        self.admitted.get(code as usize).copied().unwrap_or(false)
    }
}

/// The codes of a column and what they are in `dictionary`.
fn translated<'l>(
    labels: &'l Labels,
    column: usize,
    dictionary: &mut Dictionary,
) -> (&'l [u32], Vec<u32>) {
    match labels.column(column) {
        Some(labels) => {
            let global = labels.dictionary.iter().map(|label| dictionary.code(label));
            (&labels.codes, global.collect())
        }
        None => (&[], Vec::new()),
    }
}
