//! What tests of stream limiting have in common.

#![expect(clippy::expect_used, clippy::missing_panics_doc, reason = "for tests only")]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use usher_core::{Secret, Timestamp};
use usher_registry::{Catalog, Registry, Snapshot};
use usher_streams::{Grain, ReliefSettings, StreamsConfig};

/// Stream limiting as the contract has it, exact to the second and without limits on calls.
pub fn unthrottled() -> StreamsConfig {
    StreamsConfig {
        heartbeat_interval: None,
        activity_window: None,
        throttle: None,
        strict_metadata: false,
        jitter: Duration::ZERO,
        relief: ReliefSettings::default(),
        report_grain: Grain::QUARTER,
        seal_key: Secret::new([5; 16]),
    }
}

/// The applications and policies of `catalog`, in force since `now`.
pub fn registry(catalog: &str, now: Timestamp) -> Arc<Registry> {
    let catalog = Catalog::from_toml(catalog).expect("a catalog");
    Arc::new(Registry::new(Snapshot::check(catalog, now).expect("a valid catalog")))
}

/// Copies everything in the directory `from` into `to`: what a crash at this instant would leave.
pub fn copy_as_crashed(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a directory");
    for entry in std::fs::read_dir(from).expect("a directory") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("a type").is_dir() {
            copy_as_crashed(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("the file is copied");
        }
    }
}
