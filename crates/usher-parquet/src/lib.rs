//! Columns of texts and numbers in Parquet files.
//!
//! A thin layer over the `parquet` crate without its Arrow half: files are written from and read into
//! dictionary codes and plain numbers, never row by row. What any Parquet tool reads is written with
//! ordinary encodings (plain, dictionary, differences), version 1 data pages and zstd. Only files of this
//! crate are read back: other shapes are refused, damaged ones are an error, never a panic.

mod chunk;
mod field;
mod hybrid;
mod numbering;
mod read;
mod write;

pub use field::Field;
pub use read::{Table, Texts};
pub use write::{Column, TableWriter};

/// Stands for "no text" among codes.
pub const NULL: u32 = u32::MAX;

/// Stands for "no number" among numbers.
pub const NULL_NUMBER: i64 = i64::MIN;

/// Why a file cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum ParquetError {
    /// The disk.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// Not a file of the expected format, or a damaged one.
    #[error("{0}")]
    Format(#[from] parquet::errors::ParquetError),
    /// Columns that do not fit the fields.
    #[error("the columns do not fit the fields of the file")]
    Shape,
    /// More than the format can hold.
    #[error("a column is too large for its file")]
    TooLarge,
    /// A column that is not there or is stored in a way this crate does not write.
    #[error("column `{0}` is missing or unreadable")]
    Column(String),
}
