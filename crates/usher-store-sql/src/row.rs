//! From rows to values, and from the driver's errors to the domain's.

use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::any::AnyRow;
use sqlx::{Any, ColumnIndex, Decode, Row as _, Type};
use usher_core::{StoreError, Timestamp};

/// One record as it came from the database.
pub(crate) struct Record<'r> {
    /// The kind of record, for the error that says it is corrupt.
    what: &'static str,
    row: &'r AnyRow,
}

impl<'r> Record<'r> {
    /// A record of kind `what`, whose column `id` names it.
    pub(crate) const fn new(what: &'static str, row: &'r AnyRow) -> Self {
        Self { what, row }
    }

    /// The value in `column`.
    pub(crate) fn get<T>(&self, column: &'static str) -> Result<T, StoreError>
    where
        T: Decode<'r, Any> + Type<Any>,
        &'static str: ColumnIndex<AnyRow>,
    {
        self.row.try_get(column).map_err(|_| self.corrupt())
    }

    /// The instant in `column`.
    pub(crate) fn instant(&self, column: &'static str) -> Result<Timestamp, StoreError> {
        self.get(column).map(Timestamp::from_millis)
    }

    /// The instant in `column`, if there is one.
    pub(crate) fn optional_instant(
        &self,
        column: &'static str,
    ) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.get::<Option<i64>>(column)?.map(Timestamp::from_millis))
    }

    /// The value whose JSON is in `column`.
    pub(crate) fn json<T: DeserializeOwned>(&self, column: &'static str) -> Result<T, StoreError> {
        let text: String = self.get(column)?;
        serde_json::from_str(&text).map_err(|_| self.corrupt())
    }

    /// The error that says this record makes no sense.
    pub(crate) fn corrupt(&self) -> StoreError {
        let id = self.row.try_get("id").unwrap_or_else(|_| "?".to_owned());
        StoreError::Corrupt { what: self.what, id }
    }
}

/// `value` as JSON text. Only for maps and lists whose keys are text, which cannot fail.
pub(crate) fn to_json(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Unavailable(error.to_string()))
}

/// The driver's error in the domain's words.
#[expect(clippy::needless_pass_by_value, reason = "the shape that `map_err` wants")]
pub(crate) fn store_error(error: sqlx::Error) -> StoreError {
    if error.as_database_error().is_some_and(sqlx::error::DatabaseError::is_unique_violation) {
        StoreError::Conflict
    } else {
        StoreError::Unavailable(error.to_string())
    }
}
