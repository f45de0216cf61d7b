//! What a file consists of: named columns of texts, numbers and instants.

use std::sync::Arc;

use parquet::basic::{ConvertedType, LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::schema::types::{Type, TypePtr};

use crate::ParquetError;

/// A column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    /// Its name.
    pub name: &'a str,
    pub(crate) kind: Kind,
}

/// What stands in a column, and how it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// UTF-8, nullable, each distinct text once.
    Text,
    /// Whole numbers, nullable; each distinct one once where that is shorter.
    Number,
    /// Milliseconds since the epoch, nullable; stored like numbers.
    Instant,
    /// Milliseconds since the epoch, in every row, stored as differences.
    Timeline,
    /// Whole numbers, in every row, stored as differences: for ascending keys.
    Keys,
}

impl<'a> Field<'a> {
    /// A nullable text.
    pub const fn text(name: &'a str) -> Self {
        Self { name, kind: Kind::Text }
    }

    /// A nullable whole number.
    pub const fn number(name: &'a str) -> Self {
        Self { name, kind: Kind::Number }
    }

    /// A nullable instant in milliseconds since the epoch.
    pub const fn instant(name: &'a str) -> Self {
        Self { name, kind: Kind::Instant }
    }

    /// An instant that every row has and that differs little from row to row.
    pub const fn timeline(name: &'a str) -> Self {
        Self { name, kind: Kind::Timeline }
    }

    /// A whole number that every row has, ascending.
    pub const fn keys(name: &'a str) -> Self {
        Self { name, kind: Kind::Keys }
    }

    fn to_type(self) -> Result<TypePtr, ParquetError> {
        let instant = LogicalType::timestamp(true, TimeUnit::MILLIS);
        let (physical, logical, converted, repetition) = match self.kind {
            Kind::Text => (
                Physical::BYTE_ARRAY,
                Some(LogicalType::String),
                ConvertedType::UTF8,
                Repetition::OPTIONAL,
            ),
            Kind::Number => (Physical::INT64, None, ConvertedType::NONE, Repetition::OPTIONAL),
            Kind::Instant => {
                (Physical::INT64, Some(instant), ConvertedType::NONE, Repetition::OPTIONAL)
            }
            Kind::Timeline => {
                (Physical::INT64, Some(instant), ConvertedType::NONE, Repetition::REQUIRED)
            }
            Kind::Keys => (Physical::INT64, None, ConvertedType::NONE, Repetition::REQUIRED),
        };
        let column = Type::primitive_type_builder(self.name, physical)
            .with_logical_type(logical)
            .with_converted_type(converted)
            .with_repetition(repetition);
        Ok(Arc::new(column.build()?))
    }
}

/// The schema of a file with these columns.
pub(crate) fn schema(fields: &[Field<'_>]) -> Result<TypePtr, ParquetError> {
    let columns: Result<_, _> = fields.iter().map(|field| field.to_type()).collect();
    let schema = Type::group_type_builder("schema").with_fields(columns?).build()?;
    Ok(Arc::new(schema))
}
