//! Reading everything back, for exports and simulations.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io;
use std::path::Path;

use jiff::civil::Date;
use usher_core::StoreError;
use usher_cube::Zone;
use usher_reports::{Api, Event, Layout};

use super::batch::Batch;
use super::file::{self, Attributes};
use super::kept::{ApiDay, Kept};
use super::open::{self, Torn};
use super::shelf::store_error;
use super::tail::Chunk;
use super::unavailable;

/// A store that no server uses, for reading. Nothing in it is changed.
#[derive(Debug)]
pub struct Archive {
    kept: Kept,
    chunks: Vec<std::sync::Arc<Chunk>>,
    zone: Zone,
    _lock: File,
}

impl Archive {
    /// Opens the store in `directory`, which must exist. Refused while a process has it open.
    pub fn open(directory: &Path) -> Result<Self, StoreError> {
        // Looked at first: taking the lock would create the directory.
        let absent = || unavailable(io::Error::from(io::ErrorKind::NotFound));
        let kept = Kept::read(directory).map_err(unavailable)?.ok_or_else(absent)?;
        let lock = open::lock(directory)?;
        let chunks = open::replay(&directory.join("log"), kept.sealed, Torn::Leave)?.seen();
        let zone = Zone::parse(&kept.zone).map_err(|error| unavailable(io::Error::other(error)))?;
        Ok(Self { kept, chunks, zone, _lock: lock })
    }

    /// The days that have events, and about how many.
    pub fn days(&self) -> BTreeMap<Date, u64> {
        let mut days: BTreeMap<Date, u64> = BTreeMap::new();
        for (day, api_day) in self.kept.esm.iter().chain(&self.kept.cmu) {
            *days.entry(*day).or_default() += api_day.rows();
        }
        let in_memory: BTreeSet<_> =
            self.chunks.iter().flat_map(|chunk| chunk.days(&self.zone)).collect();
        for day in in_memory {
            days.entry(*day).or_default();
        }
        days
    }

    /// Hands the events of a day to `each`, in the order of time and without their ids: those are not kept.
    pub fn each(&self, day: Date, mut each: impl FnMut(Event)) -> Result<(), StoreError> {
        let mut batches = Vec::new();
        for api in [Api::Esm, Api::Cmu] {
            if let Some(api_day) = self.kept.days(api).get(&day) {
                batches.extend(read(api, api_day)?);
            }
        }
        for chunk in self.chunks.iter().filter(|chunk| chunk.days(&self.zone).contains(&day)) {
            let mut of_day = Batch::new(chunk.batch.layout);
            of_day.absorb(&chunk.batch, |row| self.zone.date(row.at) == day);
            batches.push(of_day);
        }
        let mut order: Vec<_> = batches
            .iter()
            .enumerate()
            .flat_map(|(batch, rows)| {
                rows.rows.at.iter().enumerate().map(move |(row, at)| (*at, batch, row))
            })
            .collect();
        order.sort_unstable();
        for (_, batch, row) in order {
            let event = batches.get(batch).and_then(|it| it.event(&it.rows.get(row)?));
            event.into_iter().for_each(&mut each);
        }
        Ok(())
    }
}

fn read(api: Api, day: &ApiDay) -> Result<Vec<Batch>, StoreError> {
    let mut batches = Vec::new();
    for source in day.events() {
        let failed = |error| store_error(&source.path, &error);
        let table = file::open(&source.path).map_err(failed)?;
        for group in 0..table.groups() {
            let batch = file::read(&table, group, Layout::of(api), Attributes::ALL);
            batches.push(batch.map_err(failed)?);
        }
    }
    Ok(batches)
}
