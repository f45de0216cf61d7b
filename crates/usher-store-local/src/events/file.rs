//! Events in Parquet files, one row per event, columns named like the attributes of event files
//! (`docs/report-data.md` describes the format for those who read it with other tools).

use std::fs::File;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use hashbrown::HashMap;
use usher_parquet::{Column, Field, NULL, NULL_NUMBER, ParquetError, Table, TableWriter};
use usher_reports::{Layout, Numbered, OWN};

use super::batch::{Batch, Kind, NO_NUMBER, NONE, Row, Texts, small};
use super::ids::{DayIds, tag, tagged};

const TIME: &str = "ts";

/// Fingerprints of ids, in files of open days.
const KEY: &str = "event_key";

/// What is left of them when the day is closed.
const TAG: &str = "event_tag";

/// Which attributes are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Attributes(u64);

impl Attributes {
    pub(super) const ALL: Self = Self(u64::MAX);

    /// Nothing yet.
    pub(super) const NONE: Self = Self(0);

    #[must_use]
    pub(super) const fn with(self, position: usize) -> Self {
        Self(self.0 | 1 << (position & 63))
    }

    const fn has(self, position: usize) -> bool {
        self.0 & 1 << (position & 63) != 0
    }
}

/// How a file keeps the fingerprints of its events' ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keys {
    /// As they are.
    Whole,
    /// Shortened to tags.
    Tags,
}

impl Keys {
    /// How a file keeps them.
    pub(super) fn of(table: &Table) -> Self {
        if table.has(KEY) { Self::Whole } else { Self::Tags }
    }

    const fn column(self) -> &'static str {
        match self {
            Self::Whole => KEY,
            Self::Tags => TAG,
        }
    }
}

fn fields(layout: &Layout, keys: Keys) -> Vec<Field<'_>> {
    let number = if layout.number.ends_with("_ms") {
        Field::number(layout.number)
    } else {
        Field::instant(layout.number)
    };
    let texts = layout.kind.iter().chain(&layout.own).map(|name| Field::text(name));
    let key = match keys {
        Keys::Whole => Field::number(keys.column()),
        Keys::Tags => Field::keys(keys.column()),
    };
    [Field::timeline(TIME)].into_iter().chain(texts).chain([number, key]).collect()
}

/// A file of events in the making.
pub(super) struct EventFile {
    writer: TableWriter<File>,
    keys: Keys,
}

impl EventFile {
    pub(super) fn create(path: &Path, layout: &Layout, keys: Keys) -> Result<Self, ParquetError> {
        let file = File::create(path)?;
        Ok(Self { writer: TableWriter::new(file, &fields(layout, keys))?, keys })
    }

    /// Writes these rows of a batch as one row group.
    pub(super) fn write(&mut self, batch: &Batch, rows: &[u32]) -> Result<(), ParquetError> {
        let kinds: Vec<_> =
            rows.iter().filter_map(|row| batch.rows.kind.get(*row as usize)).collect();
        let (mut texts, mut places) = (Vec::new(), vec![NULL; batch.texts.len()]);
        for attribute in 0..batch.layout.kind.len() {
            let code = |kind: &Kind| kind.codes.get(attribute).copied().unwrap_or(NONE);
            let of_kind: Vec<_> = batch.kinds.iter().map(code).collect();
            let code = |kind: &&u32| of_kind.get(**kind as usize).copied().unwrap_or(NONE);
            texts.push(Coded::of(&batch.texts, kinds.iter().map(code), &mut places));
        }
        for column in &batch.rows.own {
            let codes = rows.iter().map(|row| column.get(*row as usize).copied().unwrap_or(NONE));
            texts.push(Coded::of(&batch.texts, codes, &mut places));
        }
        let numbers = |column: &[i64]| {
            rows.iter().filter_map(|row| column.get(*row as usize).copied()).collect::<Vec<_>>()
        };
        let (at, number) = (numbers(&batch.rows.at), numbers(&batch.rows.number));
        let keys = rows.iter().filter_map(|row| batch.rows.key.get(*row as usize));
        let shortened = |key: &u64| match self.keys {
            Keys::Whole => *key,
            Keys::Tags => tag(*key),
        };
        let keys: Vec<_> = keys.map(|key| shortened(key).cast_signed()).collect();
        let mut columns = vec![Column::Numbers(&at)];
        columns.extend(texts.iter().map(Coded::column));
        columns.extend([Column::Numbers(&number), Column::Numbers(&keys)]);
        self.writer.write(&columns, &[])
    }

    /// Finishes the file; it is durable when this returns.
    pub(super) fn finish(self) -> Result<(), ParquetError> {
        Ok(self.writer.finish()?.sync_all()?)
    }
}

/// A column of texts with a dictionary of its own.
struct Coded<'a> {
    dictionary: Vec<&'a str>,
    codes: Vec<u32>,
}

impl<'a> Coded<'a> {
    /// `places` has a place for every text and is handed back as it came: a file has few of them, a batch many.
    fn of(texts: &'a Texts, column: impl Iterator<Item = u32>, places: &mut [u32]) -> Self {
        let (mut dictionary, mut used) = (Vec::new(), Vec::new());
        let (mut last, mut last_place) = (NONE, NULL);
        let codes = column.map(|code| {
            if code == last {
                return last_place;
            }
            last = code;
            last_place = match places.get_mut(code as usize) {
                Some(place) => {
                    if *place == NULL {
                        *place = small(dictionary.len());
                        dictionary.extend(texts.get(code));
                        used.push(code);
                    }
                    *place
                }
                None => NULL,
            };
            last_place
        });
        let codes = codes.collect();
        for code in used {
            if let Some(place) = places.get_mut(code as usize) {
                *place = NULL;
            }
        }
        Self { dictionary, codes }
    }

    fn column(&self) -> Column<'_> {
        Column::Texts { dictionary: &self.dictionary, codes: &self.codes }
    }
}

/// Reads a row group back, with these attributes; others are as if they were not there.
pub(super) fn read(
    table: &Table,
    group: usize,
    layout: &'static Layout,
    attributes: Attributes,
) -> Result<Batch, ParquetError> {
    let rows = 0..table.rows(group);
    let mut batch = Batch::new(layout);
    let kinds = layout.kind.iter().enumerate().map(|(position, name)| {
        // A column that this version knows and the file does not is a column without values.
        if attributes.has(position) && table.has(name) {
            column(table, (group, name), rows.clone(), &mut batch.texts)
        } else {
            Ok(Vec::new())
        }
    });
    let kinds = kinds.collect::<Result<Vec<_>, ParquetError>>()?;
    let mut own: [Vec<u32>; OWN] = Default::default();
    for (column_of, name) in own.iter_mut().zip(&layout.own) {
        if attributes == Attributes::ALL || *name == layout.own[0] || *name == layout.own[1] {
            *column_of = column(table, (group, name), rows.clone(), &mut batch.texts)?;
        }
    }
    let at = table.numbers(group, TIME, rows.clone())?;
    let number = table.numbers(group, layout.number, rows.clone())?;
    let key = if attributes == Attributes::ALL {
        table.numbers(group, Keys::of(table).column(), rows.clone())?
    } else {
        Vec::new()
    };
    let mut index = KindIndex::default();
    for row in rows {
        let number = number.get(row).copied().unwrap_or(NULL_NUMBER);
        let numbered = if number == NULL_NUMBER { Numbered::No } else { Numbered::Yes };
        let kind = index.kind(&kinds, row, numbered, &mut batch.kinds);
        batch.rows.push(Row {
            at: at.get(row).copied().unwrap_or(0),
            kind,
            number: if number == NULL_NUMBER { NO_NUMBER } else { number },
            own: std::array::from_fn(|nth| {
                own.get(nth).and_then(|column| column.get(row)).copied().unwrap_or(NONE)
            }),
            key: key.get(row).copied().unwrap_or(0).cast_unsigned(),
        });
    }
    Ok(batch)
}

/// A column of texts as codes of `texts`.
fn column(
    table: &Table,
    (group, name): (usize, &str),
    rows: Range<usize>,
    texts: &mut Texts,
) -> Result<Vec<u32>, ParquetError> {
    let column = table.texts(group, name, rows)?;
    let codes: Vec<_> = column.dictionary.iter().map(|text| texts.adopt(text)).collect();
    let code = |code: &u32| codes.get(*code as usize).copied().unwrap_or(NONE);
    Ok(column.codes.iter().map(code).collect())
}

/// Numbers the combinations of attributes that occur.
#[derive(Default)]
struct KindIndex {
    numbers: HashMap<Kind, u32>,
    last: Option<(Kind, u32)>,
}

impl KindIndex {
    fn kind(
        &mut self,
        columns: &[Vec<u32>],
        row: usize,
        numbered: Numbered,
        kinds: &mut Vec<Kind>,
    ) -> u32 {
        let codes = || columns.iter().map(|column| column.get(row).copied().unwrap_or(NONE));
        if let Some((last, number)) = &self.last
            && last.numbered == numbered
            && last.codes.iter().copied().eq(codes())
        {
            return *number;
        }
        let kind = Kind { codes: codes().collect(), numbered };
        let next = small(kinds.len());
        let number = *self.numbers.entry(kind.clone()).or_insert(next);
        if number == next {
            kinds.push(kind.clone());
        }
        self.last = Some((kind, number));
        number
    }
}

/// Adds the ids of a file to those of its day.
pub(super) fn add_ids(table: &Table, ids: &mut DayIds) -> Result<(), ParquetError> {
    let keys = Keys::of(table);
    for group in 0..table.groups() {
        let rows = 0..table.rows(group);
        let of_group = table.numbers(group, keys.column(), rows.clone())?;
        let of_group = of_group.into_iter().map(i64::cast_unsigned);
        match keys {
            Keys::Whole => ids.fresh.extend(of_group),
            Keys::Tags => {
                let at = table.numbers(group, TIME, rows)?;
                ids.closed.extend(at.into_iter().zip(of_group).map(|(at, key)| tagged(at, key)));
            }
        }
    }
    Ok(())
}

/// Opens a file for reading.
pub(super) fn open(path: &Path) -> Result<Arc<Table>, ParquetError> {
    Ok(Arc::new(Table::open(File::open(path)?)?))
}
