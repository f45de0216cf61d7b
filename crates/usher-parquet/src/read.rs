//! Reading columns, whole or between two rows.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;

use bytes::Bytes;
use parquet::basic::{Encoding, Type as Physical};
use parquet::column::page::{Page, PageReader};
use parquet::column::reader::{get_column_reader, get_typed_column_reader};
use parquet::data_type::Int64Type;
use parquet::file::metadata::{
    ColumnChunkMetaData, PageIndexPolicy, ParquetMetaData, ParquetMetaDataReader,
};
use parquet::file::page_index::offset_index::PageLocation;
use parquet::file::reader::{ChunkReader, Length};
use parquet::file::serialized_reader::SerializedPageReader;

use crate::{NULL, NULL_NUMBER, ParquetError, hybrid};

/// A file that was opened for reading.
#[derive(Debug)]
pub struct Table {
    source: Arc<Source>,
    metadata: ParquetMetaData,
    columns: HashMap<String, usize>,
}

/// Texts of rows: a dictionary and one place in it per row, [`NULL`] for no text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Texts {
    /// Distinct texts; not all of them need to be in the rows that were asked for.
    pub dictionary: Vec<Arc<str>>,
    /// One place per row.
    pub codes: Vec<u32>,
}

impl Table {
    /// Reads the footer of `file`.
    pub fn open(file: File) -> Result<Self, ParquetError> {
        let bytes = file.metadata()?.len();
        let source = Arc::new(Source { file, bytes });
        let metadata = ParquetMetaDataReader::new()
            .with_offset_index_policy(PageIndexPolicy::Required)
            .parse_and_finish(source.as_ref())?;
        let descr = metadata.file_metadata().schema_descr();
        let columns = descr.columns().iter().map(|column| column.name().to_owned()).zip(0..);
        Ok(Self { columns: columns.collect(), source, metadata })
    }

    /// How many row groups there are.
    pub fn groups(&self) -> usize {
        self.metadata.num_row_groups()
    }

    /// How many rows a group has.
    pub fn rows(&self, group: usize) -> usize {
        let group = self.metadata.row_groups().get(group);
        group.map_or(0, |group| usize::try_from(group.num_rows()).unwrap_or(0))
    }

    /// Whether there is a column of this name.
    pub fn has(&self, column: &str) -> bool {
        self.columns.contains_key(column)
    }

    /// A remark of the footer.
    pub fn remark(&self, key: &str) -> Option<&str> {
        let remarks = self.metadata.file_metadata().key_value_metadata()?;
        remarks.iter().find(|remark| remark.key == key)?.value.as_deref()
    }

    /// A column of texts, in these rows of a group.
    pub fn texts(
        &self,
        group: usize,
        column: &str,
        rows: Range<usize>,
    ) -> Result<Texts, ParquetError> {
        let unreadable = || ParquetError::Column(column.to_owned());
        let mut cells = self.cells(group, column, Physical::BYTE_ARRAY)?;
        let mut texts = Texts::default();
        cells
            .each(rows, |page| match page {
                Part::Dictionary { bytes, count } => {
                    texts.dictionary = dictionary(bytes, count)?;
                    Some(())
                }
                Part::Codes { codes, .. } => {
                    let is_known =
                        |code: &u32| *code == NULL || (*code as usize) < texts.dictionary.len();
                    codes.iter().all(is_known).then(|| texts.codes.extend_from_slice(codes))
                }
                Part::Plain { .. } => None,
            })?
            .ok_or_else(unreadable)?;
        Ok(texts)
    }

    /// A column of numbers or instants, in these rows of a group; [`NULL_NUMBER`] for none.
    pub fn numbers(
        &self,
        group: usize,
        column: &str,
        rows: Range<usize>,
    ) -> Result<Vec<i64>, ParquetError> {
        let unreadable = || ParquetError::Column(column.to_owned());
        let mut cells = self.cells(group, column, Physical::INT64)?;
        if !cells.is_nullable {
            return cells.differences(rows)?.ok_or_else(unreadable);
        }
        let (mut numbers, mut distinct) = (Vec::new(), Vec::new());
        cells
            .each(rows, |page| match page {
                Part::Dictionary { bytes, .. } => {
                    distinct = plain_numbers(bytes).collect();
                    Some(())
                }
                Part::Codes { codes, .. } => {
                    for code in codes {
                        let number = match *code {
                            NULL => NULL_NUMBER,
                            code => *distinct.get(code as usize)?,
                        };
                        numbers.push(number);
                    }
                    Some(())
                }
                Part::Plain { bytes, present } => {
                    let mut values = plain_numbers(bytes);
                    for is_present in present {
                        numbers.push(if *is_present { values.next()? } else { NULL_NUMBER });
                    }
                    Some(())
                }
            })?
            .ok_or_else(unreadable)?;
        Ok(numbers)
    }

    /// The pages of a column of a group.
    fn cells(&self, group: usize, column: &str, physical: Physical) -> Result<Cells, ParquetError> {
        let missing = || ParquetError::Column(column.to_owned());
        let index = *self.columns.get(column).ok_or_else(missing)?;
        let row_group = self.metadata.row_groups().get(group).ok_or_else(missing)?;
        let chunk = row_group.columns().get(index).ok_or_else(missing)?;
        if chunk.column_type() != physical {
            return Err(missing());
        }
        let page_index = self.metadata.page_index_for_row_group(group);
        let offsets = page_index.offset_index(index).ok_or_else(missing)?;
        let rows = self.rows(group);
        let locations = offsets.page_locations().clone();
        let starts = page_starts(chunk, &locations, self.source.bytes).ok_or_else(missing)?;
        let pages =
            SerializedPageReader::new(Arc::clone(&self.source), chunk, rows, Some(locations))?;
        let descr = chunk.column_descr_ptr();
        let is_nullable = descr.max_def_level() > 0;
        Ok(Cells { pages: Box::new(pages), descr, is_nullable, starts, rows })
    }
}

/// The first row of each page, if the footer makes sense: the library takes it at its word.
fn page_starts(
    chunk: &ColumnChunkMetaData,
    pages: &[PageLocation],
    bytes: u64,
) -> Option<Vec<usize>> {
    let begin = chunk.dictionary_page_offset().unwrap_or_else(|| chunk.data_page_offset());
    let begin = u64::try_from(begin).ok()?;
    let end = begin.checked_add(u64::try_from(chunk.compressed_size()).ok()?)?;
    let (mut at, mut row) = (begin, 0);
    let mut starts = Vec::with_capacity(pages.len());
    for page in pages {
        let start = usize::try_from(page.first_row_index).ok()?;
        let offset = u64::try_from(page.offset).ok()?;
        if offset < at || start < row {
            return None;
        }
        at = offset.checked_add(u64::try_from(page.compressed_page_size).ok()?)?;
        row = start;
        starts.push(start);
    }
    (at <= end && end <= bytes && starts.first().is_none_or(|start| *start == 0)).then_some(starts)
}

/// A column chunk that is read page by page.
struct Cells {
    pages: Box<SerializedPageReader<Source>>,
    descr: parquet::schema::types::ColumnDescPtr,
    is_nullable: bool,
    /// The first row of each page.
    starts: Vec<usize>,
    rows: usize,
}

/// What a page holds, cut to the rows that were asked for.
enum Part<'a> {
    Dictionary {
        bytes: &'a [u8],
        count: usize,
    },
    Codes {
        codes: &'a [u32],
    },
    /// Values of the rows that have one.
    Plain {
        bytes: &'a [u8],
        present: &'a [bool],
    },
}

impl Cells {
    /// Hands the dictionary and then the pages of `rows` to `take`. Nothing when a page makes no sense
    /// or `take` says so.
    fn each(
        &mut self,
        rows: Range<usize>,
        mut take: impl FnMut(Part<'_>) -> Option<()>,
    ) -> Result<Option<()>, ParquetError> {
        if rows.end > self.rows {
            return Ok(None);
        }
        let ends = self.starts.iter().skip(1).copied().chain([self.rows]);
        let pages: Vec<_> = self.starts.iter().copied().zip(ends).collect();
        if self.pages.peek_next_page()?.is_some_and(|page| page.is_dict) {
            let Some(Page::DictionaryPage { buf, num_values, .. }) = self.pages.get_next_page()?
            else {
                return Ok(None);
            };
            if take(Part::Dictionary { bytes: &buf, count: num_values as usize }).is_none() {
                return Ok(None);
            }
        }
        for (start, end) in pages {
            if end <= rows.start || rows.end <= start || rows.is_empty() {
                self.pages.skip_next_page()?;
                continue;
            }
            let Some(page) = self.pages.get_next_page()? else { return Ok(None) };
            let within = rows.start.max(start) - start..rows.end.min(end) - start;
            if read_page(&page, end - start, &within, &mut take).is_none() {
                return Ok(None);
            }
        }
        Ok(Some(()))
    }

    /// The values of a column that every row has.
    fn differences(self, rows: Range<usize>) -> Result<Option<Vec<i64>>, ParquetError> {
        if rows.end > self.rows {
            return Ok(None);
        }
        let mut reader =
            get_typed_column_reader::<Int64Type>(get_column_reader(self.descr, self.pages));
        let mut values = Vec::with_capacity(rows.len());
        if reader.skip_records(rows.start)? != rows.start {
            return Ok(None);
        }
        while values.len() < rows.len() {
            let missing = rows.len() - values.len();
            if reader.read_records(missing, None, None, &mut values)?.0 == 0 {
                return Ok(None);
            }
        }
        Ok(Some(values))
    }
}

/// Decodes a data page of `count` nullable values and hands on those `within`.
fn read_page(
    page: &Page,
    count: usize,
    within: &Range<usize>,
    take: &mut impl FnMut(Part<'_>) -> Option<()>,
) -> Option<()> {
    let Page::DataPage { buf, num_values, encoding, .. } = page else { return None };
    if *num_values as usize != count {
        return None;
    }
    let (length, rest) = buf.split_first_chunk::<4>()?;
    let (levels, values) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
    let mut present = Vec::new();
    hybrid::decode(levels, 1, count, &mut present)?;
    let there = present.iter().filter(|level| **level == 1).count();
    let before = present.get(..within.start)?.iter().filter(|level| **level == 1).count();
    match encoding {
        Encoding::RLE_DICTIONARY => {
            let (width, packed) = values.split_first()?;
            let mut codes = Vec::new();
            hybrid::decode(packed, u32::from(*width), there, &mut codes)?;
            if there == count {
                return take(Part::Codes { codes: codes.get(within.clone())? });
            }
            let mut codes = codes.get(before..)?.iter();
            let spread = present.get(within.clone())?.iter().map(|level| match level {
                1 => codes.next().copied(),
                _ => Some(NULL),
            });
            take(Part::Codes { codes: &spread.collect::<Option<Vec<_>>>()? })
        }
        Encoding::PLAIN => {
            let bytes = values.get(before * size_of::<i64>()..)?;
            let present: Vec<_> =
                present.get(within.clone())?.iter().map(|level| *level == 1).collect();
            take(Part::Plain { bytes, present: &present })
        }
        _ => None,
    }
}

/// The texts of a dictionary page.
fn dictionary(bytes: &[u8], count: usize) -> Option<Vec<Arc<str>>> {
    let mut rest = bytes;
    let mut texts = Vec::new();
    for _ in 0..count {
        let (length, after) = rest.split_first_chunk::<4>()?;
        let (text, after) = after.split_at_checked(u32::from_le_bytes(*length) as usize)?;
        texts.push(std::str::from_utf8(text).ok()?.into());
        rest = after;
    }
    Some(texts)
}

fn plain_numbers(bytes: &[u8]) -> impl Iterator<Item = i64> {
    bytes.as_chunks::<8>().0.iter().map(|bytes| i64::from_le_bytes(*bytes))
}

/// A file that many may read from at once.
#[derive(Debug)]
struct Source {
    file: File,
    bytes: u64,
}

impl Length for Source {
    fn len(&self) -> u64 {
        self.bytes
    }
}

impl ChunkReader for Source {
    type T = BufReader<From>;

    fn get_read(&self, start: u64) -> parquet::errors::Result<Self::T> {
        Ok(BufReader::new(From { file: self.file.try_clone()?, at: start }))
    }

    fn get_bytes(&self, start: u64, length: usize) -> parquet::errors::Result<Bytes> {
        // A damaged footer must not ask for more memory than the file is long.
        let is_within = start.checked_add(length as u64).is_some_and(|end| end <= self.bytes);
        if !is_within {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
        let mut bytes = vec![0; length];
        self.file.read_exact_at(&mut bytes, start)?;
        Ok(bytes.into())
    }
}

/// Reads on from an offset.
#[derive(Debug)]
struct From {
    file: File,
    at: u64,
}

impl Read for From {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(bytes, self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}
