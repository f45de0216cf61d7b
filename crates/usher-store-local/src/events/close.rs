//! Closing days and letting old ones go.

use std::path::Path;
use std::sync::Arc;

use jiff::civil::Date;
use usher_core::StoreError;
use usher_cube::{Block, Closed, DimSet, Evening, RollupSet};
use usher_parquet::{ParquetError, Table};
use usher_reports::{Api, Layout};

use super::batch::Batch;
use super::closed;
use super::file::{self, Attributes, EventFile, Keys};
use super::keeper::{Haste, Work};
use super::kept::{ApiDay, ClosedDay, DataFile, Holds, Kept};
use super::seal::{GROUP_ROWS, make_room, sync_parent};
use super::shelf::store_error;
use super::subject::Rename;
use super::unavailable;
use crate::side_by_side::{processors, side_by_side};

/// A closed day is closed anew, before its hour is up, when one of so many of its events came late.
const LATE_SHARE: u64 = 20;

/// Days are closed together, and on several threads, when they have no more events than this: memory is bounded.
const TOGETHER_ROWS: u64 = 500_000;

impl Work {
    /// Whether a day is over, and what is on its way has had time to arrive.
    pub(super) fn is_over(&self, day: Date) -> bool {
        let (_, end) = self.shared.settings.zone.day(day);
        let grace = i64::try_from(self.shared.settings.grace.as_millis()).unwrap_or(i64::MAX);
        self.shared.clock.now().as_millis() >= end.saturating_add(grace)
    }

    /// Closes the first day that can be closed, or the first few at once. Whether there is none.
    pub(super) fn close_next(&self, haste: Haste) -> Result<bool, StoreError> {
        let kept = self.kept();
        let tail = self.tail_days();
        let mut days: Vec<_> = kept.esm.keys().chain(kept.cmu.keys()).copied().collect();
        days.sort_unstable();
        days.dedup();
        let api_days = |day: &Date| [kept.esm.get(day), kept.cmu.get(day)].into_iter().flatten();
        let mut due = days.into_iter().filter(|day| {
            self.is_over(*day)
                && (haste == Haste::AtOnce || !tail.contains(day))
                && api_days(day).any(|api_day| self.is_worth_closing(api_day, haste))
        });
        let rows = |day: &Date| api_days(day).map(|api_day| api_day.rows()).sum::<u64>();
        let Some(first) = due.next() else { return Ok(true) };
        let mut left = TOGETHER_ROWS.saturating_sub(rows(&first));
        let more = due.take_while(|day| {
            let has_room = haste == Haste::AtOnce && rows(day) <= left;
            left = left.saturating_sub(rows(day));
            has_room
        });
        let days: Vec<_> = std::iter::once(first).chain(more).collect();
        self.close(&days, None).map(|()| false)
    }

    /// Whether a day that is over should be closed, now or anew.
    fn is_worth_closing(&self, day: &ApiDay, haste: Haste) -> bool {
        let Some(closed) = &day.closed else { return true };
        let age = self.shared.clock.now().as_millis() - closed.made;
        let is_old =
            age >= i64::try_from(self.shared.settings.grace.as_millis()).unwrap_or(i64::MAX);
        let is_many = day.late() * LATE_SHARE >= closed.rows;
        day.late() > 0 && (haste == Haste::AtOnce || is_old || is_many)
    }

    /// Closes days for both APIs, giving somebody a new name on the way.
    ///
    /// Days and APIs are independent of each other: those that memory has room for are written side by side. All
    /// become true in one step.
    pub(super) fn close(
        &self,
        days: &[Date],
        rename: Option<&Rename<'_>>,
    ) -> Result<(), StoreError> {
        let mut kept = self.kept();
        let mut merges = Vec::new();
        for day in days {
            for api in [Api::Esm, Api::Cmu] {
                let Some(api_day) = kept.days(api).get(day).cloned() else { continue };
                if api_day.segments.is_empty() && rename.is_none() {
                    continue;
                }
                let number = kept.number();
                merges.push(Merge { day: *day, number, layout: Layout::of(api), api_day, rename });
            }
        }
        let rows: u64 = merges.iter().map(|merge| merge.api_day.rows()).sum();
        let threads = if rows <= TOGETHER_ROWS { processors() } else { 1 };
        let closed = side_by_side(threads, &merges, |merge| self.close_api(&kept, merge));
        for (merge, closed) in merges.iter().zip(closed) {
            let closed = ApiDay { segments: Vec::new(), closed: Some(Arc::new(closed?)) };
            kept.days_mut(merge.layout.api).insert(merge.day, Arc::new(closed));
        }
        self.commit(kept, |_| {})?;
        for merge in merges {
            merge.api_day.retire(&self.shared.cache);
        }
        Ok(())
    }

    /// Writes one API's closed day.
    fn close_api(&self, kept: &Kept, merge: &Merge<'_>) -> Result<ClosedDay, StoreError> {
        let (day, number, api) = (merge.day, merge.number, merge.layout.api);
        let path = |holds| kept.path(api, day, holds, number);
        let events = path(Holds::Events);
        make_room(&events).map_err(unavailable)?;
        let merged = merge.write(&events).map_err(|error| store_error(&events, &error))?;
        let closed = self.count(day, &merged, &events)?;
        let made = self.shared.clock.now().as_millis();
        let schema = merge.layout.schema;
        let put = |holds, is_there: bool, write: &dyn Fn(&Path) -> Result<(), ParquetError>| {
            if !is_there {
                return Ok(None);
            }
            let path = path(holds);
            write(&path).map_err(|error| store_error(&path, &error))?;
            Ok::<_, StoreError>(Some(DataFile::at(path, number)))
        };
        let rollups = closed.rollups.as_deref().unwrap_or_default();
        let (viewers, pieces) = (&closed.viewers, &closed.pieces);
        let files = ClosedDay {
            rows: merged.rows,
            made,
            is_counted: closed.rollups.is_some(),
            rollups: put(Holds::Rollups, !rollups.is_empty(), &|path| {
                closed::write_rollups(path, schema, rollups)
            })?,
            viewers: put(Holds::Viewers, !viewers.actor.is_empty(), &|path| {
                closed::write_viewers(path, schema, viewers)
            })?,
            pieces: put(Holds::Pieces, !pieces.is_empty(), &|path| {
                closed::write_pieces(path, schema, pieces)
            })?,
            events: DataFile::at(events.clone(), number),
        };
        sync_parent(&events)?;
        Ok(files)
    }

    /// Counts the events of a day.
    fn count(&self, date: Date, merged: &Merged, path: &Path) -> Result<Closed, StoreError> {
        let sets = self.shared.settings.sets(merged.layout.api);
        let zone = &self.shared.settings.zone;
        let schema = merged.layout.schema;
        let facts_per_row = self.shared.settings.facts_per_row;
        let evening = Evening { date, zone, schema, sets, facts_per_row };
        let fingerprints = &self.shared.fingerprints;
        if let Some(batch) = &merged.whole {
            return Ok(evening.close_blocks(&[Arc::new(batch.block(fingerprints, DimSet::ALL))]));
        }
        let each = |take: &mut dyn FnMut(&Block)| {
            let table = file::open(path)?;
            for group in 0..table.groups() {
                let batch = file::read(&table, group, merged.layout, Attributes::ALL)?;
                take(&batch.block(fingerprints, DimSet::ALL));
            }
            Ok::<_, ParquetError>(())
        };
        evening.close(&each).map_err(|error| store_error(path, &error))
    }

    /// Lets go of days that are older than the retention (contract: `concurrency.md` §15).
    pub(super) fn purge(&self) -> Result<(), StoreError> {
        let oldest = self.shared.day(self.shared.cutoff().as_millis());
        let mut kept = self.kept();
        let mut gone = Vec::new();
        for api in [Api::Esm, Api::Cmu] {
            let young = kept.days_mut(api).split_off(&oldest);
            gone.extend(std::mem::replace(kept.days_mut(api), young).into_values());
        }
        if gone.is_empty() {
            return Ok(());
        }
        tracing::info!(before = %oldest, days = gone.len(), "old events were removed");
        self.commit(kept, |_| {})?;
        for api_day in gone {
            api_day.retire(&self.shared.cache);
        }
        Ok(())
    }
}

/// Brings the files of a day together.
struct Merge<'a> {
    day: Date,
    /// The number of the new files.
    number: u64,
    layout: &'static Layout,
    api_day: Arc<ApiDay>,
    rename: Option<&'a Rename<'a>>,
}

/// The events of a day in one file.
struct Merged {
    layout: &'static Layout,
    rows: u64,
    /// All of them, when they are few enough to be in memory.
    whole: Option<Batch>,
}

impl Merge<'_> {
    /// Writes the file, row group by row group, so that memory is bounded.
    fn write(&self, path: &Path) -> Result<Merged, ParquetError> {
        let mut file = EventFile::create(path, self.layout, Keys::Tags)?;
        let mut batch = Batch::new(self.layout);
        let (mut rows, mut groups) = (0, 0);
        for source in self.api_day.events() {
            let table: Arc<Table> = file::open(&source.path)?;
            for group in 0..table.groups() {
                if !batch.is_empty() && batch.len() + table.rows(group) > GROUP_ROWS {
                    rows += write_group(&mut file, &batch)?;
                    groups += 1;
                    batch = Batch::new(self.layout);
                }
                let mut read = file::read(&table, group, self.layout, Attributes::ALL)?;
                if let Some(rename) = self.rename {
                    rename.apply(&mut read);
                }
                batch.absorb(&read, |_| true);
            }
        }
        rows += write_group(&mut file, &batch)?;
        file.finish()?;
        Ok(Merged { layout: self.layout, rows, whole: (groups == 0).then_some(batch) })
    }
}

fn write_group(file: &mut EventFile, batch: &Batch) -> Result<u64, ParquetError> {
    file.write(batch, &batch.ordered(&batch.kind_ranks(), 0..batch.len()))?;
    Ok(batch.len() as u64)
}

/// The roll-ups that reports may ask for.
#[derive(Clone, Debug, Default)]
pub struct RollupSets {
    /// Of entitlement.
    pub esm: Vec<RollupSet>,
    /// Of streams.
    pub cmu: Vec<RollupSet>,
}
