//! A store of events that answers reports, with and without closed days.

use std::path::Path;
use std::sync::Arc;

use usher_core::Timestamp;
use usher_cube::Switches;
use usher_jose::OsEntropy;
use usher_reports::{Api, Event, Reports};
use usher_store_local::{EventSettings, LocalEvents, RollupSets};
use usher_testkit::ManualClock;

use super::past::MIDNIGHT;

/// Everything is switched on.
pub(super) const SWITCHES: Switches = Switches {
    extended: true,
    hourly_uniques: true,
    minute_reports: true,
    strict_time_filters: false,
};

/// Some days after the last event; `now` of every report.
pub(super) fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(Timestamp::from_millis(MIDNIGHT + 20 * 86_400_000)))
}

/// Opens the store in `directory`. Every roll-up is made, however little it helps.
pub(super) fn open(directory: &Path) -> Arc<LocalEvents> {
    let sets = |api| Reports::rollups(api, SWITCHES).unwrap();
    let settings = EventSettings {
        rollups: RollupSets { esm: sets(Api::Esm), cmu: sets(Api::Cmu) },
        facts_per_row: 1,
        ..EventSettings::default()
    };
    Arc::new(LocalEvents::open(directory, settings, clock(), Arc::new(OsEntropy)).unwrap())
}

/// Lines of an event file as events.
pub(super) fn read(lines: &[String]) -> Vec<Event> {
    lines.iter().map(|line| Event::from_line(line.as_bytes()).unwrap()).collect()
}
