//! Another report zone: events change days.
//!
//! A day of one zone is not a day of another, so every file is written anew, and every day is closed anew
//! afterwards. It takes some seconds per million events, while the server starts; nobody does it twice.

use std::sync::Arc;

use usher_core::StoreError;
use usher_cube::Zone;
use usher_parquet::ParquetError;
use usher_reports::{Api, Layout};

use super::batch::Batch;
use super::file::{self, Attributes, EventFile, Keys};
use super::kept::{DataFile, Days, Holds, Kept, Segment};
use super::seal::{make_room, sync_parent};
use super::shelf::store_error;
use super::unavailable;

/// The same events in the days of `zone`. Nothing changes when they are that already.
pub(super) fn into_days_of(zone: &Zone, kept: Kept) -> Result<Kept, StoreError> {
    let name = zone.to_string();
    if kept.zone == name {
        return Ok(kept);
    }
    tracing::warn!(from = kept.zone, to = name, "sorting all events into the days of another zone");
    let mut moved = kept.clone();
    moved.zone = name;
    for api in [Api::Esm, Api::Cmu] {
        let mut days = Days::new();
        for api_day in kept.days(api).values() {
            for source in api_day.events() {
                sort(&mut moved, (api, zone), source, &mut days)?;
            }
        }
        *moved.days_mut(api) = days;
    }
    moved.commit().map_err(unavailable)?;
    let old = kept.esm.values().chain(kept.cmu.values());
    old.flat_map(|api_day| api_day.files()).for_each(DataFile::retire);
    Ok(moved)
}

/// Sorts the events of a file into days.
fn sort(
    moved: &mut Kept,
    (api, zone): (Api, &Zone),
    source: &DataFile,
    days: &mut Days,
) -> Result<(), StoreError> {
    let failed = |error| store_error(&source.path, &error);
    let table = file::open(&source.path).map_err(failed)?;
    for group in 0..table.groups() {
        let read = file::read(&table, group, Layout::of(api), Attributes::ALL);
        let batch = read.map_err(failed)?;
        let ranks = batch.kind_ranks();
        for (day, rows) in batch.by_day(zone) {
            let order = batch.ordered(&ranks, rows.iter().copied());
            let number = moved.number();
            let path = moved.path(api, day, Holds::Events, number);
            make_room(&path).map_err(unavailable)?;
            write(&path, &batch, Keys::of(&table), &order)
                .map_err(|error| store_error(&path, &error))?;
            sync_parent(&path)?;
            let segment = Segment { file: DataFile::at(path, number), rows: rows.len() as u64 };
            let api_day = Arc::make_mut(days.entry(day).or_default());
            api_day.segments.push(Arc::new(segment));
        }
    }
    Ok(())
}

fn write(
    path: &std::path::Path,
    batch: &Batch,
    keys: Keys,
    order: &[u32],
) -> Result<(), ParquetError> {
    let mut file = EventFile::create(path, batch.layout, keys)?;
    file.write(batch, order)?;
    file.finish()
}
