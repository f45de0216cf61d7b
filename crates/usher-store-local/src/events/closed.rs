//! What was counted when a day was closed, in Parquet files beside its events: roll-ups, viewers and
//! the streams that other days know more about. Columns are named as in reports.

use std::fs::File;
use std::ops::Range;
use std::path::Path;

use serde::{Deserialize, Serialize};
use usher_cube::{
    DimSet, Ending, Grain, Keys, LabelColumn, Labels, Marks, NO_HOUR, Peaks, Piece, Pieces, Rollup,
    Schema, Sketch, Stretch, Viewers,
};
use usher_parquet::{Column, Field, NULL, NULL_NUMBER, ParquetError, Table, TableWriter};

use super::batch::{NONE, Texts, small};

/// The list of roll-ups in the footer of their file.
const ROLLUPS: &str = "rollups";

/// A roll-up in that list.
#[derive(Debug, Serialize, Deserialize)]
struct Listed {
    hours: bool,
    dims: Vec<String>,
    rows: u64,
}

/// Writes roll-ups one after the other, each with pages of its own.
pub(super) fn write_rollups(
    path: &Path,
    schema: &Schema,
    rollups: &[Rollup],
) -> Result<(), ParquetError> {
    let dims = schema.dims.iter().map(|dim| Field::text(dim));
    let metrics = schema.metrics.iter().map(|(metric, _)| Field::number(metric));
    let fields = [Field::number("rollup"), Field::number("hour")].into_iter().chain(dims);
    let fields: Vec<_> = fields.chain([Field::number("marks")]).chain(metrics).collect();
    let mut writer = TableWriter::new(File::create(path)?, &fields)?;

    let rows = |rollup: &Rollup| rollup.keys.group.len();
    let nth = rollups.iter().zip(0..).flat_map(|(rollup, nth)| vec![nth; rows(rollup)]);
    let nth: Vec<i64> = nth.collect();
    let hour: Vec<_> = rollups.iter().flat_map(|rollup| hours(&rollup.keys)).collect();
    let marks = rollups.iter().flat_map(|rollup| &rollup.keys.marks);
    let marks: Vec<_> = marks.map(|marks| i64::from(marks.to_bits())).collect();
    let labels: Vec<_> =
        (0..schema.dims.len()).map(|dim| Cells::of_rollups(rollups, dim)).collect();
    let values: Vec<Vec<_>> = (0..schema.metrics.len())
        .map(|metric| rollups.iter().flat_map(|rollup| numbers(rollup, metric)).collect())
        .collect();

    let dictionaries: Vec<_> = labels.iter().map(Cells::dictionary).collect();
    let mut columns = vec![Column::Numbers(&nth), Column::Numbers(&hour)];
    columns.extend(labels.iter().zip(&dictionaries).map(|(cells, texts)| cells.column(texts)));
    columns.push(Column::Numbers(&marks));
    columns.extend(values.iter().map(|values| Column::Numbers(values)));
    let breaks = rollups.iter().scan(0, |end, rollup| {
        *end += rows(rollup);
        Some(*end)
    });
    writer.write(&columns, &breaks.collect::<Vec<_>>())?;
    writer.remark(ROLLUPS, list(schema, rollups));
    Ok(writer.finish()?.sync_all()?)
}

fn hours(keys: &Keys) -> Vec<i64> {
    if keys.hour.is_empty() {
        return vec![NULL_NUMBER; keys.group.len()];
    }
    keys.hour.iter().map(|hour| i64::from(*hour)).collect()
}

fn numbers(rollup: &Rollup, metric: usize) -> Vec<i64> {
    match rollup.values.get(metric).filter(|values| !values.is_empty()) {
        Some(values) => values.iter().map(|value| value.cast_signed()).collect(),
        None => vec![NULL_NUMBER; rollup.keys.group.len()],
    }
}

fn list(schema: &Schema, rollups: &[Rollup]) -> String {
    let listed = rollups.iter().map(|rollup| {
        let dims = rollup.sketch.dims.columns().filter_map(|column| schema.dims.get(column));
        Listed {
            hours: rollup.sketch.grain == Grain::Hour,
            dims: dims.map(|dim| (*dim).to_owned()).collect(),
            rows: rollup.sketch.rows,
        }
    });
    serde_json::to_string(&listed.collect::<Vec<_>>()).unwrap_or_default()
}

/// A column of texts in the making.
#[derive(Default)]
struct Cells {
    texts: Texts,
    codes: Vec<u32>,
}

impl Cells {
    /// The values of one dimension in all rows of all roll-ups; null where a roll-up does not have it.
    fn of_rollups(rollups: &[Rollup], dim: usize) -> Self {
        let mut cells = Self::default();
        for rollup in rollups {
            let groups = &rollup.keys.group;
            match rollup.keys.groups.0.iter().find(|labels| labels.column == dim) {
                Some(labels) => cells.add(labels, groups.iter().map(|group| *group as usize)),
                None => cells.codes.extend(std::iter::repeat_n(NULL, groups.len())),
            }
        }
        cells
    }

    /// The values of one dimension of everything that `labels` describe.
    fn of_labels(labels: &Labels, dim: usize, count: usize) -> Self {
        let mut cells = Self::default();
        match labels.0.iter().find(|labels| labels.column == dim) {
            Some(labels) => cells.add(labels, 0..count),
            None => cells.codes.extend(std::iter::repeat_n(NULL, count)),
        }
        cells
    }

    fn add(&mut self, labels: &LabelColumn, things: impl Iterator<Item = usize>) {
        let mut places = vec![NONE; labels.dictionary.len()];
        for thing in things {
            let code = labels.codes.get(thing).copied().unwrap_or(NONE);
            let place = places.get_mut(code as usize);
            self.codes.push(match (place, labels.dictionary.get(code as usize)) {
                (Some(place), Some(text)) => {
                    if *place == NONE {
                        *place = self.texts.adopt(text);
                    }
                    *place
                }
                (Some(_) | None, _) => NULL,
            });
        }
    }

    fn dictionary(&self) -> Vec<&str> {
        self.texts.iter().map(|text| &**text).collect()
    }

    fn column<'a>(&'a self, dictionary: &'a [&'a str]) -> Column<'a> {
        Column::Texts { dictionary, codes: &self.codes }
    }
}

/// The roll-ups of a file, and where the rows of each are.
pub(super) fn sketches(
    table: &Table,
    schema: &Schema,
) -> Result<Vec<(Sketch, Range<usize>)>, ParquetError> {
    let unreadable = || ParquetError::Column(ROLLUPS.to_owned());
    let listed = table.remark(ROLLUPS).ok_or_else(unreadable)?;
    let listed: Vec<Listed> = serde_json::from_str(listed).map_err(|_| unreadable())?;
    let mut end = 0;
    let sketch = |listed: Listed| {
        let start = end;
        end += usize::try_from(listed.rows).unwrap_or(usize::MAX);
        let dims: Option<DimSet> = listed.dims.iter().map(|dim| schema.column(dim)).collect();
        let grain = if listed.hours { Grain::Hour } else { Grain::Day };
        // A roll-up by something this version does not know serves nobody.
        let dims = dims.unwrap_or_default();
        (Sketch { dims, grain, rows: listed.rows }, start..end)
    };
    Ok(listed.into_iter().map(sketch).collect())
}

/// What the rows of a roll-up stand for.
pub(super) fn keys(
    table: &Table,
    schema: &Schema,
    (sketch, rows): (Sketch, Range<usize>),
) -> Result<Keys, ParquetError> {
    let columns: Vec<_> =
        sketch.dims.columns().filter(|column| *column < schema.dims.len()).collect();
    let mut texts = Vec::with_capacity(columns.len());
    for column in &columns {
        let name = schema.dims.get(*column).copied().unwrap_or_default();
        texts.push(table.texts(0, name, rows.clone())?);
    }
    let cell = |column: &usize, row: usize| {
        texts.get(*column).and_then(|texts| texts.codes.get(row)).copied().unwrap_or(NULL)
    };
    // Rows of a group are neighbours.
    let nth: Vec<_> = (0..columns.len()).collect();
    let mut firsts: Vec<usize> = Vec::new();
    let group = (0..rows.len()).map(|row| {
        let is_same = |first: &usize| nth.iter().all(|it| cell(it, *first) == cell(it, row));
        if !firsts.last().is_some_and(is_same) {
            firsts.push(row);
        }
        small(firsts.len() - 1)
    });
    let group = group.collect();
    let labels = columns.iter().zip(&texts).map(|(column, texts)| LabelColumn {
        column: *column,
        dictionary: texts.dictionary.clone(),
        codes: firsts.iter().filter_map(|row| texts.codes.get(*row).copied()).collect(),
    });
    let hour = match sketch.grain {
        Grain::Hour => bytes(&table.numbers(0, "hour", rows.clone())?),
        Grain::Year | Grain::Month | Grain::Day | Grain::Minute => Vec::new(),
    };
    let marks = table.numbers(0, "marks", rows)?;
    let marks = marks.into_iter().map(|bits| Marks::from_bits(u32::try_from(bits).unwrap_or(0)));
    Ok(Keys { groups: Labels(labels.collect()), group, hour, marks: marks.collect() })
}

fn bytes(numbers: &[i64]) -> Vec<u8> {
    numbers.iter().map(|number| u8::try_from(*number).unwrap_or(NO_HOUR)).collect()
}

/// The numbers of a roll-up for a metric; none where the file does not know it.
pub(super) fn values(
    table: &Table,
    metric: &str,
    rows: Range<usize>,
) -> Result<Vec<u64>, ParquetError> {
    if !table.has(metric) {
        return Ok(Vec::new());
    }
    let numbers = table.numbers(0, metric, rows)?;
    Ok(numbers
        .into_iter()
        .map(|it| if it == NULL_NUMBER { 0 } else { it.cast_unsigned() })
        .collect())
}

const PEAKS: [&str; 4] = ["streams", "attempts", "streams-total", "attempts-total"];

/// Writes who started streams.
pub(super) fn write_viewers(
    path: &Path,
    schema: &Schema,
    viewers: &Viewers,
) -> Result<(), ParquetError> {
    let dims = schema.dims.iter().map(|dim| Field::text(dim));
    let fields = [Field::number("actor"), Field::number("hour")].into_iter().chain(dims);
    let fields: Vec<_> = fields.chain(PEAKS.iter().map(|name| Field::number(name))).collect();
    let mut writer = TableWriter::new(File::create(path)?, &fields)?;
    let count = viewers.actor.len();
    let actor: Vec<_> = viewers.actor.iter().map(|actor| actor.cast_signed()).collect();
    let hour =
        viewers.hour.iter().map(|hour| if *hour == NO_HOUR { NULL_NUMBER } else { (*hour).into() });
    let hour: Vec<i64> = hour.collect();
    let labels: Vec<_> =
        (0..schema.dims.len()).map(|dim| Cells::of_labels(&viewers.labels, dim, count)).collect();
    let dictionaries: Vec<_> = labels.iter().map(Cells::dictionary).collect();
    let peaks = |of: fn(&Peaks) -> u32| {
        viewers.peaks.iter().map(|peaks| i64::from(of(peaks))).collect::<Vec<_>>()
    };
    let peaks = [
        peaks(|peaks| peaks.streams),
        peaks(|peaks| peaks.attempts),
        peaks(|peaks| peaks.streams_total),
        peaks(|peaks| peaks.attempts_total),
    ];
    let mut columns = vec![Column::Numbers(&actor), Column::Numbers(&hour)];
    columns.extend(labels.iter().zip(&dictionaries).map(|(cells, texts)| cells.column(texts)));
    columns.extend(peaks.iter().map(|peaks| Column::Numbers(peaks)));
    writer.write(&columns, &[])?;
    Ok(writer.finish()?.sync_all()?)
}

/// Who started streams.
pub(super) fn viewers(table: &Table, schema: &Schema) -> Result<Viewers, ParquetError> {
    let rows = 0..table.rows(0);
    let numbers = |name: &str| table.numbers(0, name, rows.clone());
    let [streams, attempts, streams_total, attempts_total] = PEAKS.map(numbers);
    let (streams, attempts) = (streams?, attempts?);
    let (streams_total, attempts_total) = (streams_total?, attempts_total?);
    let peak = |column: &[i64], row: usize| {
        column.get(row).and_then(|peak| u32::try_from(*peak).ok()).unwrap_or(0)
    };
    let peaks = rows.clone().map(|row| Peaks {
        streams: peak(&streams, row),
        attempts: peak(&attempts, row),
        streams_total: peak(&streams_total, row),
        attempts_total: peak(&attempts_total, row),
    });
    Ok(Viewers {
        labels: labels(table, schema)?,
        actor: numbers("actor")?.into_iter().map(i64::cast_unsigned).collect(),
        hour: bytes(&numbers("hour")?),
        peaks: peaks.collect(),
    })
}

/// All dimensions of all rows.
fn labels(table: &Table, schema: &Schema) -> Result<Labels, ParquetError> {
    let column = |(column, dim): (usize, &&str)| {
        let texts = table.texts(0, dim, 0..table.rows(0))?;
        Ok(LabelColumn { column, dictionary: texts.dictionary, codes: texts.codes })
    };
    let columns: Result<_, ParquetError> = schema.dims.iter().enumerate().map(column).collect();
    Ok(Labels(columns?))
}

/// Writes the streams that other days know more about.
pub(super) fn write_pieces(
    path: &Path,
    schema: &Schema,
    pieces: &Pieces,
) -> Result<(), ParquetError> {
    let dims = schema.dims.iter().map(|dim| Field::text(dim));
    let numbers = ["actor", "session", "begins", "marks"].map(Field::number);
    let instants = ["refused", "first", "active", "end", "end-active"].map(Field::instant);
    let fields: Vec<_> = numbers.into_iter().chain(instants).chain(dims).collect();
    let mut writer = TableWriter::new(File::create(path)?, &fields)?;
    let count = pieces.len();
    let stretch = |of: &dyn Fn(&Stretch) -> Option<i64>| {
        let cell = |piece: &Piece| match piece {
            Piece::Stretch(stretch) => of(stretch).unwrap_or(NULL_NUMBER),
            Piece::Refused(_) => NULL_NUMBER,
        };
        pieces.piece.iter().map(cell).collect::<Vec<_>>()
    };
    let refused = |piece: &Piece| match piece {
        Piece::Refused(at) => *at,
        Piece::Stretch(_) => NULL_NUMBER,
    };
    let numbers = [
        pieces.actor.iter().map(|it| it.map_or(NULL_NUMBER, u64::cast_signed)).collect(),
        stretch(&|it| Some(it.session.cast_signed())),
        stretch(&|it| Some(it.begins.into())),
        stretch(&|it| Some(it.marks.to_bits().into())),
        pieces.piece.iter().map(refused).collect(),
        stretch(&|it| Some(it.first)),
        stretch(&|it| it.active),
        stretch(&|it| it.end.map(|end| end.at)),
        stretch(&|it| it.end.and_then(|end| end.active)),
    ];
    let labels: Vec<_> =
        (0..schema.dims.len()).map(|dim| Cells::of_labels(&pieces.labels, dim, count)).collect();
    let dictionaries: Vec<_> = labels.iter().map(Cells::dictionary).collect();
    let mut columns: Vec<_> = numbers.iter().map(|numbers| Column::Numbers(numbers)).collect();
    columns.extend(labels.iter().zip(&dictionaries).map(|(cells, texts)| cells.column(texts)));
    writer.write(&columns, &[])?;
    Ok(writer.finish()?.sync_all()?)
}

/// The streams that other days know more about.
pub(super) fn pieces(table: &Table, schema: &Schema) -> Result<Pieces, ParquetError> {
    let rows = 0..table.rows(0);
    let numbers = |name: &str| table.numbers(0, name, rows.clone());
    let (session, begins, marks) = (numbers("session")?, numbers("begins")?, numbers("marks")?);
    let (refused, first, active) = (numbers("refused")?, numbers("first")?, numbers("active")?);
    let (end, end_active) = (numbers("end")?, numbers("end-active")?);
    let some = |column: &[i64], row: usize| {
        column.get(row).copied().filter(|number| *number != NULL_NUMBER)
    };
    let piece = |row: usize| {
        if let Some(at) = some(&refused, row) {
            return Piece::Refused(at);
        }
        let ending = |at| Ending { at, active: some(&end_active, row) };
        let bits = some(&marks, row).and_then(|bits| u32::try_from(bits).ok());
        Piece::Stretch(Stretch {
            session: session.get(row).copied().unwrap_or(0).cast_unsigned(),
            begins: some(&begins, row) == Some(1),
            first: some(&first, row).unwrap_or(0),
            active: some(&active, row),
            end: some(&end, row).map(ending),
            marks: Marks::from_bits(bits.unwrap_or(0)),
        })
    };
    let actor = numbers("actor")?.into_iter();
    Ok(Pieces {
        labels: labels(table, schema)?,
        actor: actor.map(|it| (it != NULL_NUMBER).then_some(it.cast_unsigned())).collect(),
        piece: rows.clone().map(piece).collect(),
    })
}
