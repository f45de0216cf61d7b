//! The adapters keep the promises of their ports, on SQLite.

#[cfg(test)]
mod sqlite;
