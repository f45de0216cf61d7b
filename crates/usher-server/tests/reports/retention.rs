//! What is too old leaves.

use std::path::Path;
use std::time::Duration;

use usher_testkit::scenarios::CMU_EVENTS;

use crate::support::House;
use crate::world::World;

#[tokio::test]
async fn cm_106_what_viewers_did_is_forgotten_after_25_months() {
    let house = House::with_settings_and_events(
        &[("throttle.enabled", "false"), ("reports.retention_months", "25")],
        &[&crate::world::renamed(CMU_EVENTS)],
    )
    .await;
    let world = World::of(house);
    world.house.close_days().await;
    let may = "/cmu/v2/tenant/year/month?start=2024-05&end=2024-06&metrics=started-sessions";
    assert_eq!(world.rows("tenant acme", may).await, ["acme,2024,5,7"]);
    let events = world.house.data_dir().join("events");
    assert!(says(&events, "day=2024-05-10"));

    // 26 months after May 2024.
    world.house.clock.advance(Duration::from_hours(24 * 130));
    world.house.close_days().await;
    let world = World::of(world.house);
    assert!(world.rows("tenant acme", may).await.is_empty());
    assert!(!says(&events, "day=2024-05"), "files of forgotten days are still there");
}

/// Whether a directory below has a name like this and a file in it.
fn says(directory: &Path, name: &str) -> bool {
    std::fs::read_dir(directory).into_iter().flatten().flatten().any(|entry| {
        let is_named = entry.file_name().to_string_lossy().starts_with(name);
        let path = entry.path();
        let has_files = || std::fs::read_dir(&path).is_ok_and(|mut files| files.next().is_some());
        (is_named && has_files()) || path.is_dir() && says(&path, name)
    })
}
