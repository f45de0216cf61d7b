//! Reads the catalog of `usher serve` from disk.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use usher_core::Timestamp;
use usher_registry::{Catalog, Snapshot};

/// The catalog at `path`: one TOML file, or a directory whose `*.toml` files are read in name order.
pub fn read(path: &Path, now: Timestamp) -> Result<Snapshot> {
    let mut catalog = Catalog::default();
    for file in toml_files(path)? {
        let read = || -> Result<Catalog> { Ok(Catalog::from_toml(&fs::read_to_string(&file)?)?) };
        catalog.extend(read().with_context(|| format!("in {}", file.display()))?);
    }
    Ok(Snapshot::check(catalog, now)?)
}

fn toml_files(path: &Path) -> Result<Vec<std::path::PathBuf>> {
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let entries = fs::read_dir(path).with_context(|| {
        format!("there is no catalog at {}: set `server.catalog`", path.display())
    })?;
    let mut files = Vec::new();
    for entry in entries {
        let file = entry?.path();
        if file.extension().is_some_and(|extension| extension == "toml") {
            files.push(file);
        }
    }
    files.sort();
    Ok(files)
}
