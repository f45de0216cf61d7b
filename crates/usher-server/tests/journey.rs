//! The ten-minute journey, taken from the README word for word and run by a shell against the binary.

#![expect(clippy::expect_used, reason = "helpers of tests fail the test like the tests themselves")]

mod process;

use std::process::Command;

use process::Usher;

/// What the test adds to the README: a terminal that stops at the first failing line, and the viewer
/// who signs in at the browser (here: `curl` with the form's fields).
const VIEWER: &str = include_str!("journey/viewer.sh");

/// The shell blocks of the README's journey, in order, with the demo's origin and the built binary.
fn blocks(origin: &str) -> Vec<String> {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../README.md"))
        .expect("the README is there");
    let journey = readme
        .split_once("## The ten-minute journey")
        .and_then(|(_, rest)| rest.split_once("\n## "))
        .map(|(journey, _)| journey)
        .expect("the README has a journey");
    journey
        .split("```sh\n")
        .skip(1)
        .filter_map(|rest| rest.split_once("```"))
        .map(|(block, _)| {
            block
                .replace("http://127.0.0.1:8080", origin)
                .replace("cargo run --quiet --release --", env!("CARGO_BIN_EXE_usher"))
        })
        .collect()
}

#[test]
fn the_journey_of_the_readme_works_word_for_word() {
    let usher = Usher::demo(&["--set", "throttle.enabled=false"]);
    let blocks = blocks(usher.origin());
    assert_eq!(blocks.len(), 9, "one block per step; signing in is the viewer's");

    let mut script = String::from(VIEWER);
    for (number, block) in blocks.iter().enumerate() {
        // Signing in is step 4, between the third block and the fourth.
        if number == 3 {
            script.push_str("sign_in ann ann \"$USHER$(echo \"$SESSION\" | field url)\"\n");
        }
        let title = format!("echo '=== block {}'\n", number + 1);
        script.extend([&title, block.as_str(), "\necho\n"]);
    }
    let output = Command::new("bash").args(["-c", &script]).output().expect("bash runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));

    let part = |number: usize| {
        said.split(&format!("=== block {number}\n"))
            .nth(1)
            .and_then(|rest| rest.split("=== block").next())
            .unwrap_or_default()
            .to_owned()
    };
    assert!(part(2).contains(r#""id":"Cablevision""#), "{said}");
    assert!(said.contains("landed on /demo/done"), "{said}");
    assert!(part(4).contains(r#""type":"regular""#), "{said}");
    assert_eq!(part(5).matches(r#""authorized":true"#).count(), 5, "{said}");
    assert!(part(6).contains(r#""acme-sports""#), "{said}");
    let statuses: Vec<_> =
        part(7).lines().filter_map(|line| line.split(' ').nth(1).map(str::to_owned)).collect();
    assert_eq!(statuses, ["202", "202", "202", "409", "202", "410"], "{said}");
    let reports = part(8);
    assert!(reports.contains("media-company,year,month,day,hour,authn-attempts"), "{said}");
    assert!(reports.contains(r#""started-sessions": "4""#), "{said}");
    assert!(reports.contains(r#""killed-sessions": "1""#), "{said}");
    assert!(part(9).contains(r#""actionName":"logout""#), "{said}");
}

#[test]
fn a_demo_told_to_stop_ends_well_and_continues_on_its_data() {
    let mut usher = Usher::demo(&[]);
    let first = usher.statement("acme-tv");
    usher.terminate();
    assert_eq!(usher.wait().code(), Some(0));

    usher.start_again();
    assert_ne!(usher.statement("acme-tv"), "");
    assert_ne!(first, "");
}
