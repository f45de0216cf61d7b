//! Writing a file, row group by row group.

use std::io::Write;
use std::sync::Arc;

use parquet::basic::Encoding;
use parquet::data_type::Int64Type;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{WriterProperties, WriterPropertiesPtr};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};

use crate::chunk::{self, Chunk, Compressor};
use crate::field::{Kind, schema};
use crate::{Field, ParquetError};

/// The cells of a column.
#[derive(Clone, Copy, Debug)]
pub enum Column<'a> {
    /// Texts by their place in a dictionary; [`crate::NULL`] is no text.
    Texts {
        /// Distinct texts, every one of which is used.
        dictionary: &'a [&'a str],
        /// One place per row.
        codes: &'a [u32],
    },
    /// Numbers or instants; [`crate::NULL_NUMBER`] is none where the field allows it.
    Numbers(&'a [i64]),
}

/// A file in the making.
pub struct TableWriter<W: Write + Send> {
    kinds: Vec<Kind>,
    writer: SerializedFileWriter<W>,
    compressor: Compressor,
}

impl<W: Write + Send> TableWriter<W> {
    /// Begins a file with these columns.
    pub fn new(sink: W, fields: &[Field<'_>]) -> Result<Self, ParquetError> {
        let writer = SerializedFileWriter::new(sink, schema(fields)?, properties())?;
        let kinds = fields.iter().map(|field| field.kind).collect();
        Ok(Self { kinds, writer, compressor: Compressor::new()? })
    }

    /// Writes a row group: one column per field, all of one length.
    ///
    /// No page reaches over a row of `breaks` (ascending) unless there is nothing in it: whoever wants
    /// the rows between two breaks reads nothing else.
    pub fn write(&mut self, columns: &[Column<'_>], breaks: &[usize]) -> Result<(), ParquetError> {
        if columns.len() != self.kinds.len() {
            return Err(ParquetError::Shape);
        }
        let descrs = self.writer.schema_descr().columns().to_vec();
        let mut group = self.writer.next_row_group()?;
        let compressor = &mut self.compressor;
        for ((kind, column), descr) in self.kinds.iter().zip(columns).zip(descrs) {
            match (kind, column) {
                (Kind::Text, Column::Texts { dictionary, codes }) => {
                    append(
                        &mut group,
                        chunk::texts(descr, dictionary, codes, breaks, compressor)?,
                    )?;
                }
                (Kind::Number | Kind::Instant, Column::Numbers(values)) => {
                    append(&mut group, chunk::numbers(descr, values, breaks, compressor)?)?;
                }
                (Kind::Timeline | Kind::Keys, Column::Numbers(values)) => {
                    differences(&mut group, values)?;
                }
                (Kind::Text, Column::Numbers(_))
                | (
                    Kind::Number | Kind::Instant | Kind::Timeline | Kind::Keys,
                    Column::Texts { .. },
                ) => return Err(ParquetError::Shape),
            }
        }
        group.close()?;
        Ok(())
    }

    /// Adds a remark to the footer.
    pub fn remark(&mut self, key: &str, value: String) {
        self.writer.append_key_value_metadata(KeyValue::new(key.to_owned(), value));
    }

    /// Writes the footer and returns the sink.
    pub fn finish(self) -> Result<W, ParquetError> {
        Ok(self.writer.into_inner()?)
    }
}

fn properties() -> WriterPropertiesPtr {
    let properties = WriterProperties::builder()
        .set_created_by("usher".to_owned())
        .set_compression(chunk::compression())
        .set_dictionary_enabled(false)
        .set_encoding(Encoding::DELTA_BINARY_PACKED);
    Arc::new(properties.build())
}

fn append<W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    chunk: Chunk,
) -> Result<(), ParquetError> {
    Ok(group.append_column(&chunk.bytes, chunk.close)?)
}

fn differences<W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    values: &[i64],
) -> Result<(), ParquetError> {
    let Some(mut column) = group.next_column()? else { return Err(ParquetError::Shape) };
    column.typed::<Int64Type>().write_batch(values, None, None)?;
    Ok(column.close()?)
}
