//! Writing the log into files: one file per API and day, registered in one step.

use std::path::Path;
use std::sync::Arc;

use jiff::civil::Date;
use usher_core::StoreError;
use usher_parquet::ParquetError;
use usher_reports::{Api, Layout};

use super::batch::Batch;
use super::file::{EventFile, Keys};
use super::keeper::Work;
use super::kept::{DataFile, Holds, Kept, Segment, sync};
use super::shelf::store_error;
use super::tail::Chunk;
use super::unavailable;

/// Events of a row group at most.
pub(super) const GROUP_ROWS: usize = 1_500_000;

impl Work {
    /// Writes chunks, which are all of the log up to `log`, into files.
    ///
    /// A crash before the manifest is replaced leaves files that no manifest names, and the log; a crash
    /// after it leaves a log that the manifest says is done with.
    pub(super) fn seal(&self, chunks: &[Arc<Chunk>], log: u64) -> Result<(), StoreError> {
        let mut kept = self.kept();
        for api in [Api::Esm, Api::Cmu] {
            for (day, segment) in self.write_segments(&mut kept, api, chunks)? {
                let days = kept.days_mut(api);
                let mut api_day = days.get(&day).map(|day| (**day).clone()).unwrap_or_default();
                api_day.segments.push(Arc::new(segment));
                days.insert(day, Arc::new(api_day));
            }
        }
        kept.sealed = log;
        self.commit(kept, |state| state.tail.sealing.clear())?;
        self.shared.sealed.notify_all();
        self.remove_logs(log)
    }

    fn write_segments(
        &self,
        kept: &mut Kept,
        api: Api,
        chunks: &[Arc<Chunk>],
    ) -> Result<Vec<(Date, Segment)>, StoreError> {
        let cutoff = self.shared.cutoff().as_millis();
        let mut batch = Batch::new(Layout::of(api));
        for chunk in chunks.iter().filter(|chunk| chunk.batch.layout.api == api) {
            batch.absorb(&chunk.batch, |row| row.at >= cutoff);
        }
        let (mut segments, ranks) = (Vec::new(), batch.kind_ranks());
        for (day, rows) in batch.by_day(&self.shared.settings.zone) {
            let number = kept.number();
            let path = kept.path(api, day, Holds::Events, number);
            let count = rows.len() as u64;
            let order = batch.ordered(&ranks, rows.into_iter());
            make_room(&path).map_err(unavailable)?;
            write(&path, &batch, &order).map_err(|error| store_error(&path, &error))?;
            sync_parent(&path)?;
            segments.push((day, Segment { file: DataFile::at(path, number), rows: count }));
        }
        Ok(segments)
    }
}

fn write(path: &Path, batch: &Batch, order: &[u32]) -> Result<(), ParquetError> {
    let mut file = EventFile::create(path, batch.layout, Keys::Whole)?;
    for rows in order.chunks(GROUP_ROWS) {
        file.write(batch, rows)?;
    }
    file.finish()
}

/// Makes the directory of a file.
pub(super) fn make_room(path: &Path) -> std::io::Result<()> {
    let Some(directory) = path.parent() else { return Ok(()) };
    if directory.exists() {
        return Ok(());
    }
    std::fs::create_dir_all(directory)?;
    directory.ancestors().skip(1).take(2).try_for_each(sync)
}

/// Makes the name of a file durable.
pub(super) fn sync_parent(path: &Path) -> Result<(), StoreError> {
    path.parent().map_or(Ok(()), |directory| sync(directory).map_err(unavailable))
}
