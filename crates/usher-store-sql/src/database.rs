//! The connection to the records.

use std::path::Path;
use std::time::Duration;

use sqlx::any::{AnyConnectOptions, AnyPoolOptions, install_default_drivers};
use sqlx::{AnyPool, ConnectOptions as _, Connection as _};

use crate::{dialect, migrations};

/// Connections that read at the same time.
const READERS_MAX: u32 = 4;

/// How long a call waits for a free connection before it is told that the store is unavailable.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why the records could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The database does not answer, or is not one.
    #[error("the database cannot be opened: {0}")]
    Connect(#[from] sqlx::Error),
    /// The schema could not be brought up to date.
    #[error("the database cannot be brought up to date: {0}")]
    Migrate(#[from] sqlx::migrate::MigrateError),
}

/// An open database with an up-to-date schema. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Database {
    readers: AnyPool,
    /// SQLite has one writer at a time; queueing here is fairer than its busy time-out.
    writer: AnyPool,
}

impl Database {
    /// Opens the SQLite database in the file `path`, and creates it if it is missing.
    pub async fn open(path: &Path) -> Result<Self, OpenError> {
        install_default_drivers();
        let options = dialect::options(path)?;
        // Not from a pool, which would try again and again and then only say that it took too long.
        let mut connection = options.connect().await?;
        dialect::prepare(&mut connection).await?;
        migrations::migrator().run(&mut connection).await?;
        connection.close().await?;
        Ok(Self { readers: pool(&options, READERS_MAX), writer: pool(&options, 1) })
    }

    /// For statements that only read.
    pub(crate) const fn readers(&self) -> &AnyPool {
        &self.readers
    }

    /// For everything that writes. One connection: what runs in a transaction on it is alone.
    pub(crate) const fn writer(&self) -> &AnyPool {
        &self.writer
    }

    /// Waits for statements in flight and closes the files.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

fn pool(options: &AnyConnectOptions, connections_max: u32) -> AnyPool {
    AnyPoolOptions::new()
        .max_connections(connections_max)
        .acquire_timeout(PATIENCE)
        .after_connect(|connection, _| Box::pin(dialect::prepare(connection)))
        .connect_lazy_with(options.clone())
}
