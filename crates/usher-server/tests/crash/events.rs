//! Event files: an import that is killed again and again counts every event once.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use usher_core::Clock as _;
use usher_server::clock::SystemClock;

use crate::counted;
use crate::process::Usher;

/// Lines of the file; the import writes them in three groups.
const LINES: usize = 60_000;
/// How often the import is killed.
const ROUNDS: u64 = 6;

#[tokio::test]
async fn an_import_that_is_killed_again_and_again_counts_every_event_once() {
    let mut usher = Usher::demo(&["--set", "throttle.enabled=false"]);
    usher.kill();
    let data = usher.data_dir();
    let file = data.join("refused.ndjson");
    write_events(&file);
    for round in 0..ROUNDS {
        kill_after(&data, &file, (round + 1) * 120_000);
    }
    let finished = import(&data, &file);
    assert!(finished.status.success(), "{}", String::from_utf8_lossy(&finished.stderr));
    let again = String::from_utf8(import(&data, &file).stdout).expect("text");
    assert!(again.starts_with("0 new events"), "{again}");

    let exported = command(&["events", "export", "--data"], &data).output().expect("it runs");
    let refused = String::from_utf8(exported.stdout).expect("text");
    let refused = refused.lines().filter(|line| line.contains("\"bulk\"")).count();
    assert_eq!(refused, LINES);
    usher.start_again();
    assert_eq!(counted(&usher, "bulk", ["failed-attempts"]).await, [LINES]);
}

/// Refused starts of this hour.
fn write_events(file: &Path) {
    let now = SystemClock.now().as_millis();
    let mut out = std::io::BufWriter::new(std::fs::File::create(file).expect("a file"));
    for (nth, ts) in (0..LINES).zip((0..now).rev()) {
        let account = nth % 500;
        writeln!(
            out,
            r#"{{"event_id":"b{nth}","event":"session-denied","ts":{ts},"tenant":"acme","application_id":"bulk","application":"Bulk","mvpd":"OpCo","account":"a{account}"}}"#
        )
        .expect("a line");
    }
    out.flush().expect("the file is written");
}

fn command(arguments: &[&str], data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_usher"));
    command.args(arguments).arg(data).stdin(Stdio::null());
    command
}

fn import(data: &Path, file: &Path) -> Output {
    command(&["events", "import", "--data"], data).arg(file).output().expect("it runs")
}

/// Starts an import and kills it once the log has grown to so many bytes, or when it is done.
fn kill_after(data: &Path, file: &Path, bytes: u64) {
    let mut import = command(&["events", "import", "--data"], data);
    let mut import = import.arg(file).stdout(Stdio::null()).spawn().expect("it starts");
    while size(&data.join("events/log")) < bytes && import.try_wait().expect("a state").is_none() {
        std::thread::yield_now();
    }
    import.kill().expect("it can be killed");
    import.wait().expect("it ends");
}

fn size(directory: &Path) -> u64 {
    let files = std::fs::read_dir(directory).into_iter().flatten().flatten();
    files.filter_map(|file| file.metadata().ok()).map(|file| file.len()).sum()
}
