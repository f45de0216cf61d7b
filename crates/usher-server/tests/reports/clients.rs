//! HAL clients written by others, against the server as it is.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::trees;
use crate::world::World;

/// Runs the clients from `root`, which follow the links called `way` in the end.
async fn walk(world: &World, caller: &str, root: &str, way: &[&str]) -> Value {
    let modules = std::env::var_os("USHER_TEST_NODE_MODULES")
        .expect("USHER_TEST_NODE_MODULES is not set: run the tests with `cargo xtask test`");
    let input = json!({
        "base": world.house.base,
        "root": root,
        "token": world.token(caller).await,
        "way": way,
        "modules": modules.to_string_lossy(),
    });
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/third_party/hal.mjs");
    let mut command = Command::new("node");
    command.arg(script).arg(input.to_string());
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn visited(walk: &Value) -> BTreeSet<String> {
    let paths = walk["visited"].as_array().expect("a list").iter();
    paths.map(|path| path.as_str().expect("text").to_owned()).collect()
}

#[tokio::test]
async fn hal_clients_of_others_find_every_report_by_its_links() {
    let world = World::open().await;

    let streams = walk(&world, "tenant acme", "/cmu/v2", &["tenant", "year", "month"]).await;
    assert_eq!(streams["wrong"], json!([]));
    assert_eq!(visited(&streams), trees::tenant());
    let there = world.report("tenant acme", "/cmu/v2/tenant/year/month").await;
    assert_eq!(streams["followed"], there);

    let mvpd = walk(&world, "OpCo", "/esm/v3", &["mvpd", "year", "month", "day"]).await;
    assert_eq!(mvpd["wrong"], json!([]));
    assert_eq!(visited(&mvpd), trees::mvpd());
    assert_eq!(mvpd["followed"], world.report("OpCo", "/esm/v3/mvpd/year/month/day").await);
}
