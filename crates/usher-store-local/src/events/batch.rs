//! Events of one API in memory, with everything they say, as columns.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use hashbrown::HashMap;
use indexmap::IndexSet;
use jiff::civil::Date;
use usher_cube::Zone;
use usher_reports::{Event, Layout, Numbered, OWN, Record};

use super::day_finder::DayFinder;

/// Stands for an attribute that is not there.
pub(super) const NONE: u32 = u32::MAX;

/// Stands for "no number".
pub(super) const NO_NUMBER: i64 = i64::MIN;

/// Events, in the order in which they came.
#[derive(Clone, Debug)]
pub(super) struct Batch {
    pub(super) layout: &'static Layout,
    pub(super) texts: Texts,
    pub(super) kinds: Vec<Kind>,
    pub(super) rows: Rows,
}

/// Distinct texts, by code.
#[derive(Clone, Debug, Default)]
pub(super) struct Texts(IndexSet<Arc<str>, hashbrown::DefaultHashBuilder>);

/// A combination of classifying attributes, and whether events of it carry their number.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Kind {
    pub(super) codes: Box<[u32]>,
    pub(super) numbered: Numbered,
}

/// What is each event's own.
#[derive(Clone, Debug, Default)]
pub(super) struct Rows {
    pub(super) at: Vec<i64>,
    pub(super) kind: Vec<u32>,
    pub(super) number: Vec<i64>,
    pub(super) own: [Vec<u32>; OWN],
    /// Fingerprints of the ids, or their tags; zero where nobody asked.
    pub(super) key: Vec<u64>,
}

/// One event's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) at: i64,
    pub(super) kind: u32,
    pub(super) number: i64,
    pub(super) own: [u32; OWN],
    pub(super) key: u64,
}

impl Batch {
    pub(super) fn new(layout: &'static Layout) -> Self {
        Self { layout, texts: Texts::default(), kinds: Vec::new(), rows: Rows::default() }
    }

    /// An empty batch with room for as much as is in this one.
    pub(super) fn roomy(&self) -> Self {
        let texts = IndexSet::with_capacity_and_hasher(self.texts.len(), <_>::default());
        Self { texts: Texts(texts), rows: Rows::with_room(self.len()), ..Self::new(self.layout) }
    }

    pub(super) fn len(&self) -> usize {
        self.rows.at.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.at.is_empty()
    }

    /// The first `rows` events, and the kinds and texts there are.
    pub(super) fn prefix(&self, rows: usize) -> Self {
        let mut prefix = self.clone();
        prefix.rows.truncate(rows);
        prefix
    }

    /// Adds the rows of `other` that are `wanted`.
    pub(super) fn absorb(&mut self, other: &Self, wanted: impl Fn(&Row) -> bool) {
        let texts: Vec<_> = other.texts.iter().map(|text| self.texts.adopt(text)).collect();
        let translated = |code: u32| texts.get(code as usize).copied().unwrap_or(NONE);
        let mut known: HashMap<Kind, u32> =
            self.kinds.iter().cloned().zip(0..).collect::<HashMap<_, _>>();
        let kinds: Vec<_> = other
            .kinds
            .iter()
            .map(|kind| {
                let codes = kind.codes.iter().map(|code| translated(*code)).collect();
                let kind = Kind { codes, numbered: kind.numbered };
                let next = small(self.kinds.len());
                let code = *known.entry(kind.clone()).or_insert(next);
                if code == next {
                    self.kinds.push(kind);
                }
                code
            })
            .collect();
        for row in other.rows.iter().filter(|row| wanted(row)) {
            let kind = kinds.get(row.kind as usize).copied().unwrap_or(NONE);
            self.rows.push(Row { kind, own: row.own.map(translated), ..row });
        }
    }

    /// The days of `zone` that have events; one may be named more than once.
    pub(super) fn days(&self, zone: &Zone) -> Vec<Date> {
        let mut finder = DayFinder::default();
        let mut days: Vec<_> = self.rows.at.iter().map(|at| finder.find(zone, *at)).collect();
        days.dedup();
        days
    }

    /// The rows of each day of `zone`.
    pub(super) fn by_day(&self, zone: &Zone) -> BTreeMap<Date, Vec<usize>> {
        let mut finder = DayFinder::default();
        let mut days: BTreeMap<Date, Vec<usize>> = BTreeMap::new();
        for (row, at) in self.rows.at.iter().enumerate() {
            days.entry(finder.find(zone, *at)).or_default().push(row);
        }
        days
    }

    /// The attributes of a kind.
    pub(super) fn attributes(&self, kind: u32) -> Vec<Option<&str>> {
        let codes = self.kinds.get(kind as usize).map_or(&[][..], |kind| &kind.codes);
        codes.iter().map(|code| self.texts.get(*code)).collect()
    }

    /// An event as it was, except for its id.
    pub(super) fn event(&self, row: &Row) -> Option<Event> {
        let record = Record {
            id: Cow::Borrowed(""),
            at: row.at,
            kind: self.attributes(row.kind),
            own: row.own.map(|code| self.texts.get(code).map(Cow::Borrowed)),
            number: (row.number != NO_NUMBER).then_some(row.number),
        };
        Event::from_record(self.layout.api, &record)
    }
}

impl Texts {
    /// The code of a text.
    pub(super) fn code(&mut self, text: &str) -> u32 {
        let known = self.0.get_index_of(text);
        small(known.unwrap_or_else(|| self.0.insert_full(text.into()).0))
    }

    /// The code of a text that may be shared.
    pub(super) fn adopt(&mut self, text: &Arc<str>) -> u32 {
        small(self.0.insert_full(Arc::clone(text)).0)
    }

    pub(super) fn find(&self, text: &str) -> Option<u32> {
        self.0.get_index_of(text).map(small)
    }

    pub(super) fn get(&self, code: u32) -> Option<&str> {
        self.0.get_index(code as usize).map(|text| &**text)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = &Arc<str>> {
        self.0.iter()
    }
}

impl Rows {
    fn with_room(rows: usize) -> Self {
        Self {
            at: Vec::with_capacity(rows),
            kind: Vec::with_capacity(rows),
            number: Vec::with_capacity(rows),
            own: [(); OWN].map(|()| Vec::with_capacity(rows)),
            key: Vec::with_capacity(rows),
        }
    }

    pub(super) fn push(&mut self, row: Row) {
        self.at.push(row.at);
        self.kind.push(row.kind);
        self.number.push(row.number);
        for (column, code) in self.own.iter_mut().zip(row.own) {
            column.push(code);
        }
        self.key.push(row.key);
    }

    fn truncate(&mut self, rows: usize) {
        self.at.truncate(rows);
        self.kind.truncate(rows);
        self.number.truncate(rows);
        self.own.iter_mut().for_each(|column| column.truncate(rows));
        self.key.truncate(rows);
    }

    pub(super) fn get(&self, row: usize) -> Option<Row> {
        let mut own = [NONE; OWN];
        for (code, column) in own.iter_mut().zip(&self.own) {
            *code = *column.get(row)?;
        }
        Some(Row {
            at: *self.at.get(row)?,
            kind: *self.kind.get(row)?,
            number: *self.number.get(row)?,
            own,
            key: *self.key.get(row)?,
        })
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Row> {
        (0..self.at.len()).filter_map(|row| self.get(row))
    }

    /// The rows from `first` on.
    pub(super) fn since(&self, first: usize) -> impl Iterator<Item = Row> {
        (first..self.at.len()).filter_map(|row| self.get(row))
    }
}

/// An index as it is stored; four thousand million texts do not fit into memory.
pub(super) fn small(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(NONE - 1)
}
