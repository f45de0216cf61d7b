//! Files that are either whole or not there.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};
use tempfile::NamedTempFile;

/// Writes `content` to `path` so that a crash leaves the old file or the new one: a temporary file
/// in the same directory (readable by the owner only), synced, renamed, directory synced.
pub fn write_atomically(path: &Path, content: &[u8]) -> Result<()> {
    let directory = path.parent().unwrap_or_else(|| Path::new("."));
    let write = || -> Result<()> {
        let mut file = NamedTempFile::new_in(directory)?;
        file.write_all(content)?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        File::open(directory)?.sync_all()?;
        Ok(())
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}

/// Gives the file at `from` the place of the one at `to`, for good.
pub fn rename(from: &Path, to: &Path) -> Result<()> {
    let directory = to.parent().unwrap_or_else(|| Path::new("."));
    fs::rename(from, to)
        .and_then(|()| File::open(directory)?.sync_all())
        .with_context(|| format!("cannot rename {} to {}", from.display(), to.display()))
}

/// The text of `path`, or nothing when there is no such file.
pub fn read_if_there(path: &Path) -> Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

/// Makes `directory` and everything above it, closed to other users.
pub fn make_private(directory: &Path) -> Result<()> {
    let make = || -> std::io::Result<()> {
        fs::create_dir_all(directory)?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(directory, fs::Permissions::from_mode(0o700))?;
        }
        Ok(())
    };
    make().with_context(|| format!("cannot make the directory {}", directory.display()))
}
