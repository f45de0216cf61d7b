//! One column of one row group: its pages, and what the footer says about them.

use std::ops::Range;

use bytes::Bytes;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::column::page::{CompressedPage, Page, PageWriter};
use parquet::column::writer::ColumnCloseResult;
use parquet::file::metadata::{ColumnChunkMetaData, OffsetIndexBuilder};
use parquet::file::statistics::Statistics;
use parquet::file::writer::{SerializedPageWriter, TrackedWrite};
use parquet::schema::types::ColumnDescPtr;

use crate::numbering::Numbering;
use crate::{NULL, NULL_NUMBER, ParquetError, hybrid};

/// The fastest, and on random ids better than those that look for more repetitions.
const LEVEL: i32 = 1;

/// Rows of a page at most.
const PAGE_ROWS: usize = 65_536;

/// A column chunk, ready to be appended to a row group.
pub(crate) struct Chunk {
    pub(crate) bytes: Bytes,
    pub(crate) close: ColumnCloseResult,
}

/// What makes zstd frames; one for all pages of a file, because it is dear to make.
pub(crate) struct Compressor(zstd::bulk::Compressor<'static>);

impl Compressor {
    /// Frames get a checksum, so that a damaged page is an error and not other numbers.
    pub(crate) fn new() -> Result<Self, ParquetError> {
        let mut compressor = zstd::bulk::Compressor::new(LEVEL)?;
        compressor.include_checksum(true)?;
        Ok(Self(compressor))
    }

    fn frame(&mut self, body: &[u8]) -> Result<Bytes, ParquetError> {
        Ok(self.0.compress(body)?.into())
    }
}

/// Codes of distinct values, or the values themselves.
enum Cells<'a> {
    Codes { codes: &'a [u32], width: u32 },
    Plain(&'a [i64]),
}

/// The codec of every column.
pub(crate) fn compression() -> Compression {
    Compression::ZSTD(ZstdLevel::try_new(LEVEL).unwrap_or_default())
}

/// A column of texts.
pub(crate) fn texts(
    descr: ColumnDescPtr,
    dictionary: &[&str],
    codes: &[u32],
    breaks: &[usize],
    compressor: &mut Compressor,
) -> Result<Chunk, ParquetError> {
    let mut plain = Vec::new();
    for text in dictionary {
        let length = u32::try_from(text.len()).map_err(|_| ParquetError::TooLarge)?;
        plain.extend(length.to_le_bytes());
        plain.extend(text.as_bytes());
    }
    let nulls = codes.iter().filter(|code| **code == NULL).count() as u64;
    let extremes = dictionary.iter().min().zip(dictionary.iter().max());
    let statistics = extremes.map(|(min, max)| {
        let bytes = |text: &str| Some(text.as_bytes().to_vec().into());
        Statistics::byte_array(bytes(min), bytes(max), None, Some(nulls), false)
    });
    let mut writing = Writing::new(descr, Encoding::RLE_DICTIONARY, compressor);
    writing.dictionary(&plain, dictionary.len())?;
    let width = hybrid::width_for(dictionary.len());
    writing.pages(&Cells::Codes { codes, width }, breaks)?;
    writing.finish(codes.len(), statistics)
}

/// A column of numbers.
pub(crate) fn numbers(
    descr: ColumnDescPtr,
    values: &[i64],
    breaks: &[usize],
    compressor: &mut Compressor,
) -> Result<Chunk, ParquetError> {
    let present = || values.iter().copied().filter(|value| *value != NULL_NUMBER);
    let nulls = (values.len() - present().count()) as u64;
    let extremes = present().min().zip(present().max());
    let statistics = extremes
        .map(|(min, max)| Statistics::int64(Some(min), Some(max), None, Some(nulls), false));
    if let Some((distinct, codes)) = coded(values) {
        let plain: Vec<_> = distinct.iter().flat_map(|value| value.to_le_bytes()).collect();
        let mut writing = Writing::new(descr, Encoding::RLE_DICTIONARY, compressor);
        writing.dictionary(&plain, distinct.len())?;
        let width = hybrid::width_for(distinct.len());
        writing.pages(&Cells::Codes { codes: &codes, width }, breaks)?;
        writing.finish(values.len(), statistics)
    } else {
        let mut writing = Writing::new(descr, Encoding::PLAIN, compressor);
        writing.pages(&Cells::Plain(values), breaks)?;
        writing.finish(values.len(), statistics)
    }
}

/// Distinct numbers and codes, unless there are so many that this would be longer.
fn coded(values: &[i64]) -> Option<(Vec<i64>, Vec<u32>)> {
    let mut numbering = Numbering::of(values.len());
    let mut codes = Vec::with_capacity(values.len());
    for value in values {
        let is_null = *value == NULL_NUMBER;
        codes.push(if is_null { NULL } else { numbering.code(*value) });
        if numbering.distinct.len() > 64 + values.len() * 3 / 4 {
            return None;
        }
    }
    Some((numbering.distinct, codes))
}

/// A chunk in the making.
struct Writing<'a> {
    compressor: &'a mut Compressor,
    descr: ColumnDescPtr,
    encoding: Encoding,
    sink: TrackedWrite<Vec<u8>>,
    offsets: OffsetIndexBuilder,
    uncompressed: usize,
    data_offset: Option<u64>,
}

impl<'a> Writing<'a> {
    fn new(descr: ColumnDescPtr, encoding: Encoding, compressor: &'a mut Compressor) -> Self {
        Self {
            compressor,
            descr,
            encoding,
            sink: TrackedWrite::new(Vec::new()),
            offsets: OffsetIndexBuilder::new(),
            uncompressed: 0,
            data_offset: None,
        }
    }

    fn dictionary(&mut self, plain: &[u8], count: usize) -> Result<(), ParquetError> {
        let page = Page::DictionaryPage {
            buf: self.compressor.frame(plain)?,
            num_values: small(count)?,
            encoding: Encoding::PLAIN,
            is_sorted: false,
        };
        self.write(page, plain.len()).map(|_| ())
    }

    /// Writes data pages that end at `breaks`, except that nothing but nulls needs no page of its own.
    fn pages(&mut self, cells: &Cells<'_>, breaks: &[usize]) -> Result<(), ParquetError> {
        let mut begin = 0;
        for range in ranges(cells.len(), breaks) {
            let is_last = range.end == cells.len();
            if !is_last && cells.is_empty(range.clone()) {
                continue;
            }
            if begin < range.start {
                self.page(cells, begin..range.start)?;
            }
            self.page(cells, range.clone())?;
            begin = range.end;
        }
        Ok(())
    }

    fn page(&mut self, cells: &Cells<'_>, rows: Range<usize>) -> Result<(), ParquetError> {
        let count = rows.len();
        let body = cells.encode(rows);
        let page = Page::DataPage {
            buf: self.compressor.frame(&body)?,
            num_values: small(count)?,
            encoding: self.encoding,
            def_level_encoding: Encoding::RLE,
            rep_level_encoding: Encoding::RLE,
            statistics: None,
        };
        let (offset, size) = self.write(page, body.len())?;
        self.data_offset.get_or_insert(offset);
        self.offsets.append_row_count(i64::from(small(count)?));
        self.offsets.append_offset_and_size(signed(offset)?, small_signed(size)?);
        Ok(())
    }

    /// Writes a page; returns where it begins and how long it is, header included.
    fn write(&mut self, page: Page, uncompressed: usize) -> Result<(u64, u64), ParquetError> {
        let mut writer = SerializedPageWriter::new(&mut self.sink);
        let written = writer.write_page(CompressedPage::new(page, uncompressed))?;
        self.uncompressed += written.uncompressed_size;
        Ok((written.offset, written.bytes_written))
    }

    fn finish(self, rows: usize, statistics: Option<Statistics>) -> Result<Chunk, ParquetError> {
        let bytes = self.sink.into_inner()?;
        let has_dictionary = self.encoding == Encoding::RLE_DICTIONARY;
        let mut encodings = vec![Encoding::PLAIN, Encoding::RLE];
        encodings.extend(has_dictionary.then_some(Encoding::RLE_DICTIONARY));
        let mut metadata = ColumnChunkMetaData::builder(self.descr)
            .set_compression(compression())
            .set_encodings(encodings)
            .set_num_values(signed(rows as u64)?)
            .set_total_compressed_size(signed(bytes.len() as u64)?)
            .set_total_uncompressed_size(signed(self.uncompressed as u64)?)
            .set_data_page_offset(signed(self.data_offset.unwrap_or(0))?)
            .set_dictionary_page_offset(has_dictionary.then_some(0));
        if let Some(statistics) = statistics {
            metadata = metadata.set_statistics(statistics);
        }
        let close = ColumnCloseResult {
            bytes_written: bytes.len() as u64,
            rows_written: rows as u64,
            metadata: metadata.build()?,
            bloom_filter: None,
            column_index: None,
            offset_index: Some(self.offsets.build()),
        };
        Ok(Chunk { bytes: bytes.into(), close })
    }
}

/// Rows `0..count`, cut at `breaks` and into pages.
fn ranges(count: usize, breaks: &[usize]) -> impl Iterator<Item = Range<usize>> {
    let cuts = breaks.iter().copied().filter(move |cut| 0 < *cut && *cut < count);
    let mut begin = 0;
    cuts.chain([count]).flat_map(move |end| {
        let from = std::mem::replace(&mut begin, end);
        (from..end).step_by(PAGE_ROWS).map(move |start| start..end.min(start + PAGE_ROWS))
    })
}

impl Cells<'_> {
    const fn len(&self) -> usize {
        match self {
            Self::Codes { codes, .. } => codes.len(),
            Self::Plain(values) => values.len(),
        }
    }

    /// Whether there are only nulls in these rows.
    fn is_empty(&self, rows: Range<usize>) -> bool {
        match self {
            Self::Codes { codes, .. } => slice(codes, rows).iter().all(|code| *code == NULL),
            Self::Plain(values) => slice(values, rows).iter().all(|it| *it == NULL_NUMBER),
        }
    }

    /// Definition levels, then values.
    fn encode(&self, rows: Range<usize>) -> Vec<u8> {
        let mut body = Vec::new();
        match self {
            Self::Codes { codes, width } => {
                let codes = slice(codes, rows);
                levels(codes.iter().map(|code| *code != NULL), &mut body);
                let present: Vec<_> = codes.iter().copied().filter(|it| *it != NULL).collect();
                body.push(u8::try_from(*width).unwrap_or(u8::MAX));
                hybrid::encode(&present, *width, &mut body);
            }
            Self::Plain(values) => {
                let values = slice(values, rows);
                levels(values.iter().map(|value| *value != NULL_NUMBER), &mut body);
                let present = values.iter().filter(|value| **value != NULL_NUMBER);
                body.extend(present.flat_map(|value| value.to_le_bytes()));
            }
        }
        body
    }
}

/// Writes which values are there, after its length.
fn levels(present: impl Iterator<Item = bool>, body: &mut Vec<u8>) {
    let levels: Vec<_> = present.map(u32::from).collect();
    let mut encoded = Vec::new();
    hybrid::encode(&levels, 1, &mut encoded);
    let length = u32::try_from(encoded.len()).unwrap_or(u32::MAX);
    body.extend(length.to_le_bytes());
    body.extend(encoded);
}

fn slice<T>(values: &[T], rows: Range<usize>) -> &[T] {
    values.get(rows).unwrap_or_default()
}

fn small(count: usize) -> Result<u32, ParquetError> {
    u32::try_from(count).map_err(|_| ParquetError::TooLarge)
}

fn small_signed(size: u64) -> Result<i32, ParquetError> {
    i32::try_from(size).map_err(|_| ParquetError::TooLarge)
}

fn signed(size: u64) -> Result<i64, ParquetError> {
    i64::try_from(size).map_err(|_| ParquetError::TooLarge)
}
