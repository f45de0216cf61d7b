//! `usher streams simulate` through the built binary.

#![expect(clippy::expect_used, reason = "what a test cannot go on without ends it")]

mod process;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use process::Usher;
use tempfile::TempDir;

/// 2026-03-02T12:00:00Z.
const NOON: i64 = 1_772_452_800_000;
const DAY: i64 = 86_400_000;

/// What a run printed, and whether it went well.
struct Run {
    good: bool,
    out: String,
    complaint: String,
}

impl Run {
    fn simulate(arguments: &[&str]) -> Self {
        let output = Command::new(env!("CARGO_BIN_EXE_usher"))
            .args(["streams", "simulate"])
            .args(arguments)
            .output()
            .expect("usher runs");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("usher prints text");
        let good = output.status.success();
        Self { good, out: text(output.stdout), complaint: text(output.stderr) }
    }

    /// The cells of each line below the headings, without the signs of shares.
    fn rows(&self) -> Vec<Vec<&str>> {
        assert!(self.good, "{}", self.complaint);
        let cells = |line| str::split_whitespace(line).filter(|it| *it != "%").collect();
        self.out.lines().skip(1).map(cells).collect()
    }

    /// The total of a column.
    fn total(&self, column: usize) -> u64 {
        let rows = self.rows();
        let cell = rows.last().and_then(|row| row.get(column)).expect("a total");
        cell.parse().expect("a number")
    }
}

fn write(directory: &TempDir, name: &str, text: &str) -> PathBuf {
    let path = directory.path().join(name);
    std::fs::write(&path, text).expect("the file is written");
    path
}

fn at_most(directory: &TempDir, threshold: u32) -> PathBuf {
    let text = format!(
        "[[policies]]\nname = \"proposed\"\nowner = \"acme\"\n[[policies.rules]]\nname = \"limit\"\nthreshold = {threshold}\n"
    );
    write(directory, &format!("at-most-{threshold}.toml"), &text)
}

/// Two days: three streams at once and a refused one on the first, one stream on the second.
fn events(directory: &TempDir) -> PathBuf {
    let lines = [
        ("session-started", NOON, "a"),
        ("session-started", NOON + 1_000, "b"),
        ("session-started", NOON + 2_000, "c"),
        ("session-denied", NOON + 3_000, ""),
        ("session-stopped", NOON + 60_000, "a"),
        ("session-stopped", NOON + 60_000, "b"),
        ("session-stopped", NOON + 60_000, "c"),
        ("session-started", NOON + DAY, "d"),
    ];
    let mut text = String::new();
    for (event, ts, session) in lines {
        let session = if session.is_empty() {
            String::new()
        } else {
            format!(r#","session_id":"{session}""#)
        };
        writeln!(
            text,
            r#"{{"event":"{event}","ts":{ts},"tenant":"acme","application_id":"tv","mvpd":"OpCo","account":"u"{session}}}"#
        )
        .expect("a String takes it");
    }
    write(directory, "events.ndjson", &text)
}

fn text(path: &Path) -> &str {
    path.to_str().expect("paths of tests are text")
}

#[test]
fn each_day_shows_what_was_and_what_would_have_been_refused() {
    let directory = TempDir::new().expect("a directory");
    let (events, policy) = (events(&directory), at_most(&directory, 2));
    let arguments = ["--policy", text(&policy), "--events", text(&events)];

    let run = Run::simulate(&arguments);
    let expected = [
        "2026-03-02 4 1 2 50.00 0 0 1 1 100.00",
        "2026-03-03 1 0 0 0.00 0 0 1 0 0.00",
        "total 5 1 2 40.00 0 0 1 1 100.00",
    ];
    assert_eq!(run.rows().iter().map(|row| row.join(" ")).collect::<Vec<_>>(), expected);

    // The same file twice says the same; the second day alone is what is asked about.
    let again = [&arguments[..], &["--events", text(&events), "--from", "2026-03-03"]].concat();
    let run = Run::simulate(&again);
    assert_eq!(run.rows().first().map(|row| row.join(" ")), Some(expected[1].to_owned()));

    // Thirteen hours further east the first noon is in the next day.
    let east =
        Run::simulate(&[&arguments[..], &["--zone", "+13:00", "--to", "2026-03-03"]].concat());
    assert_eq!(east.rows().first().and_then(|row| row.first()), Some(&"2026-03-03"));
    assert_eq!(east.total(1), 4);
}

#[test]
fn what_cannot_be_tried_is_said() {
    let directory = TempDir::new().expect("a directory");
    let (events, good) = (events(&directory), at_most(&directory, 2));
    let devices = "[[policies]]\nname = \"p\"\nowner = \"acme\"\n[[policies.rules]]\nname = \"r\"\nthreshold = 2\nattribute = \"deviceId\"\n";
    let devices = write(&directory, "devices.toml", devices);
    let whole = write(&directory, "catalog.toml", "tenants = []\npolicies = []\n");
    let bad = write(&directory, "bad.ndjson", "{\"event\":\"session-begun\",\"ts\":1}\n");

    for (policy, source, complaint) in [
        (&devices, &events, "`deviceId`"),
        (&whole, &events, "unknown field `tenants`"),
        (&good, &bad, "line 1: unknown event `session-begun`"),
    ] {
        let run = Run::simulate(&["--policy", text(policy), "--events", text(source)]);
        assert!(!run.good);
        assert!(run.complaint.contains(complaint), "{}", run.complaint);
    }
    let nowhere = Run::simulate(&["--policy", text(&good), "--data", text(directory.path())]);
    assert!(nowhere.complaint.contains("cannot read the events"), "{}", nowhere.complaint);
    let elsewhere = ["--policy", text(&good), "--events", text(&events), "--application", "web"];
    let elsewhere = Run::simulate(&elsewhere);
    assert!(elsewhere.complaint.contains("application `web`"), "{}", elsewhere.complaint);
}

#[test]
fn the_history_of_a_data_directory_is_replayed_once_its_server_has_stopped() {
    let directory = TempDir::new().expect("a directory");
    let (strict, wide) = (at_most(&directory, 1), at_most(&directory, 100));
    let mut usher = Usher::demo(&["--history", "3"]);
    let data = usher.data_dir();
    let demo_app = |policy: &Path| {
        let arguments =
            ["--policy", text(policy), "--data", text(&data), "--application", "demo-app"];
        Run::simulate(&arguments)
    };

    let busy = demo_app(&strict);
    assert!(busy.complaint.contains("in use by another process"), "{}", busy.complaint);
    usher.terminate();
    usher.wait();

    let (strict, wide) = (demo_app(&strict), demo_app(&wide));
    assert_eq!((wide.total(3), wide.total(8)), (0, 0), "{}", wide.out);
    assert_eq!(strict.total(1), wide.total(1));
    assert!(strict.total(3) > strict.total(2), "{}", strict.out);
}
