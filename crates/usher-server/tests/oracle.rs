//! Reports against SQL: random events and random questions, answered by usher and by `DuckDB` over the raw events.
//!
//! `USHER_ORACLE_SEED` repeats a run, `USHER_ORACLE_QUERIES` makes it longer.

#[cfg(test)]
#[path = "oracle/differential.rs"]
mod differential;
#[cfg(test)]
#[path = "oracle/duck.rs"]
mod duck;
#[cfg(test)]
#[path = "oracle/files.rs"]
mod files;
#[cfg(test)]
#[path = "oracle/past.rs"]
mod past;
#[cfg(test)]
#[path = "oracle/question.rs"]
mod question;
#[cfg(test)]
#[path = "oracle/sql.rs"]
mod sql;
#[cfg(test)]
#[path = "oracle/store.rs"]
mod store;
