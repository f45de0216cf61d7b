//! What is said differently to SQLite than to other databases.

use std::path::Path;

use sqlx::any::AnyConnectOptions;
use sqlx::{AnyConnection, Executor as _};
use url::Url;

/// What each new connection is told.
///
/// `FULL` makes a commit wait for the disk, which is what "acknowledged" means here; write-ahead
/// logging lets readers go on meanwhile. The time-out is for other processes (a backup, the shell):
/// within this one only one connection writes.
const SESSION: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
                       PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 5000";

/// How to reach the database file at `path`, which is created if it is missing.
pub(crate) fn options(path: &Path) -> Result<AnyConnectOptions, sqlx::Error> {
    let unusable = || sqlx::Error::Configuration(format!("cannot open {}", path.display()).into());
    let absolute = std::path::absolute(path)?;
    let file = Url::from_file_path(absolute).map_err(|()| unusable())?;
    format!("sqlite://{}?mode=rwc", file.path()).parse()
}

/// Makes a new connection ready for use.
pub(crate) async fn prepare(connection: &mut AnyConnection) -> Result<(), sqlx::Error> {
    connection.execute(SESSION).await.map(drop)
}
