//! The command line as an operator meets it: the binary, its files, what it prints and exits with.

#![expect(clippy::expect_used, reason = "helpers of tests fail the test like the tests themselves")]

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use reqwest::{Client, Url};
use serde_json::{Value, json};
use tempfile::TempDir;

#[path = "process/mod.rs"]
mod process;

use process::Usher;

const CATALOG: &str = r#"
[[media_companies]]
id = "north"
name = "North Media"

[[service_providers]]
id = "NORTH1"
name = "North One"
media_company = "north"
domains = [{ name = "north.example" }]

[[applications]]
id = "0e5be1a8-33f1-4a3f-8d4c-0a8a1c0f0001"
name = "north-tv"
assigned = { media_company = "north" }
scopes = ["api:client:v2"]
"#;

fn usher(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_usher")).args(arguments).output().expect("usher runs")
}

fn said(output: &Output) -> String {
    let (out, err) = (&output.stdout, &output.stderr);
    format!("{}{}", String::from_utf8_lossy(out), String::from_utf8_lossy(err))
}

fn path(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

/// `usher serve` on a free port; ended hard when dropped.
struct Server {
    child: Child,
    origin: String,
}

impl Server {
    /// Starts the server and waits for the log line that says it is ready.
    fn start(config: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_usher"))
            .args(["serve", "--config", path(config), "--set", "server.listen=127.0.0.1:0"])
            .args(["--set", "log.json=true"])
            .stderr(Stdio::piped())
            .spawn()
            .expect("usher starts");
        let mut log = BufReader::new(child.stderr.take().expect("piped"));
        let origin = loop {
            let mut line = String::new();
            assert_ne!(log.read_line(&mut line).expect("a log line"), 0, "usher ended");
            let line: Value = serde_json::from_str(&line).expect("JSON");
            if let Some(url) = line.pointer("/fields/base_url").and_then(Value::as_str) {
                break url.trim_end_matches('/').to_owned();
            }
        };
        child.stderr = Some(log.into_inner());
        Self { child, origin }
    }

    /// Tells it to read its catalog again and waits until it says that it did.
    fn reload(&mut self) {
        let hangup = Command::new("kill").args(["-HUP", &self.child.id().to_string()]).status();
        assert!(hangup.expect("kill runs").success());
        let mut log = BufReader::new(self.child.stderr.take().expect("piped"));
        let mut line = String::new();
        while !line.contains("catalog was") {
            line.clear();
            assert_ne!(log.read_line(&mut line).expect("a log line"), 0, "usher ended");
        }
        self.child.stderr = Some(log.into_inner());
    }

    async fn register(&self, statement: &str) -> (u16, Value) {
        let answer = client()
            .post(format!("{}/o/client/register", self.origin))
            .json(&json!({ "software_statement": statement }))
            .send()
            .await
            .expect("an answer");
        (answer.status().as_u16(), answer.json().await.expect("JSON"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn client() -> Client {
    Client::builder().build().expect("a client")
}

#[tokio::test]
async fn a_server_with_its_own_catalog_registers_its_own_applications() {
    let directory = TempDir::new().expect("a directory");
    let catalog = directory.path().join("catalog.toml");
    std::fs::write(&catalog, CATALOG).expect("the catalog is written");
    let config = directory.path().join("usher.toml");
    let data = directory.path().join("data");
    let text = format!("[server]\ncatalog = {catalog:?}\ndata_dir = {data:?}\n");
    std::fs::write(&config, text).expect("the configuration is written");

    let checked = usher(&["config", "check", "--config", path(&config)]);
    assert!(checked.status.success(), "{}", said(&checked));
    let statement = usher(&["statement", "north-tv", "--config", path(&config)]);
    assert!(statement.status.success(), "{}", said(&statement));
    let statement = String::from_utf8(statement.stdout).expect("text");

    let mut server = Server::start(&config);
    let (status, registered) = server.register(statement.trim()).await;
    assert_eq!((status, registered["scopes"][0].as_str()), (201, Some("api:client:v2")));
    let demo = client().get(format!("{}/demo/", server.origin)).send().await;
    assert_eq!(demo.expect("an answer").status(), 404, "nothing of the demo is in it");

    // A catalog with a mistake changes nothing; a good one takes effect at once.
    std::fs::write(&catalog, format!("{CATALOG}\ncolour = 1")).expect("written");
    server.reload();
    assert_eq!(server.register(statement.trim()).await.0, 201);
    std::fs::write(&catalog, format!("{CATALOG}status = \"revoked\"\n")).expect("written");
    server.reload();
    let (status, refusal) = server.register(statement.trim()).await;
    assert_eq!((status, refusal), (400, json!({ "error": "unapproved_software_statement" })));
}

#[test]
fn mistakes_on_the_command_line_say_what_to_do() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let output = usher(&["demo", "--listen", &address]);
    assert!(!output.status.success());
    assert!(said(&output).contains("choose another with --listen"), "{}", said(&output));

    let output = usher(&["demo", "--set", "throtle.enabled=false"]);
    assert!(said(&output).contains("did you mean `throttle.enabled`?"), "{}", said(&output));

    let output = usher(&["serve", "--set", "server.catalog=/nowhere"]);
    assert!(said(&output).contains("set `server.catalog`"), "{}", said(&output));

    let output = usher(&["token", "verify", "abc"]);
    assert!(said(&output).contains("--certificate or --jwks"), "{}", said(&output));
}

#[test]
fn an_event_file_is_loaded_whole_or_not_at_all_and_once() {
    let directory = TempDir::new().expect("a directory");
    let data = directory.path().join("data");
    let file = directory.path().join("events.ndjson");
    let line = |ts: u32| {
        format!(
            r#"{{"event":"authn-attempt","ts":{ts},"media_company":"acme","requestor_id":"REF30","mvpd":"OpCo"}}"#
        )
    };
    let import = || usher(&["events", "import", path(&file), "--data", path(&data)]);

    std::fs::write(&file, format!("{}\n{}\nnot json\n", line(1), line(2))).expect("written");
    let output = import();
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("line 3"), "{}", said(&output));

    std::fs::write(&file, format!("{}\n{}\n", line(1), line(2))).expect("written");
    let output = import();
    assert!(said(&output).starts_with("2 new events"), "{}", said(&output));
    let output = import();
    assert!(said(&output).starts_with("0 new events"), "{}", said(&output));
}

#[test]
fn the_sample_configuration_is_accepted_and_shown() {
    let directory = TempDir::new().expect("a directory");
    let sample = usher(&["config", "sample"]);
    let file = directory.path().join("usher.toml");
    std::fs::write(&file, &sample.stdout).expect("written");
    let shown = usher(&["config", "show", "--config", path(&file)]);
    assert!(shown.status.success(), "{}", said(&shown));
    assert!(said(&shown).contains("code_ttl: 1800s"), "{}", said(&shown));
}

/// The value of `name` in a tag of `page`.
fn attribute(page: &str, name: &str) -> String {
    let value = page.split_once(&format!("{name}=\"")).and_then(|(_, rest)| rest.split_once('"'));
    value.expect("an attribute").0.replace("&amp;", "&").replace("&#38;", "&")
}

#[tokio::test]
async fn a_provider_is_looked_at_and_tried_while_the_server_runs() {
    let demo = Usher::demo(&[]);
    let data = demo.data_dir();
    let output = usher(&["mvpd", "check", "Cablevision", "--demo", path(&data)]);
    let report = said(&output);
    assert!(output.status.success(), "{report}");
    assert!(report.contains("its published configuration agrees with the catalog"), "{report}");
    assert!(!report.contains("PROBLEM"), "{report}");
    let link = report.lines().map(str::trim).find(|line| line.contains("/api/v2/authenticate/"));
    let link = link.expect("an address for a test sign-in");
    let code = link.rsplit('/').next().expect("a code");
    let result = ["mvpd", "check", "Cablevision", "--result", code, "--demo", path(&data)];
    let early = usher(&result);
    assert!(said(&early).contains("nobody has signed in yet"), "{}", said(&early));

    let form = client().get(link).send().await.expect("a page");
    let url = form.url().clone();
    let page = form.text().await.expect("text");
    let request = page.split_once("name=\"request\"").expect("a field").1;
    let fields = [
        ("request", attribute(request, "value")),
        ("username", "ann".to_owned()),
        ("password", "ann".to_owned()),
    ];
    let action = url.join(&attribute(&page, "action")).expect("a URL");
    let landed = client().post(action).form(&fields).send().await.expect("a page");
    let landed = Url::parse(landed.url().as_str()).expect("a URL");
    assert_eq!((landed.path(), landed.port()), ("/demo/done", url.port()));

    let outcome = usher(&result);
    let told = said(&outcome);
    assert!(told.starts_with("signed in\n  user id: u-9***"), "{told}");
    assert!(told.contains("home-based: yes") && told.contains("householdID"), "{told}");
    let again = usher(&result);
    assert!(said(&again).contains("the outcome was shown already"), "{}", said(&again));
    let unknown = usher(&["mvpd", "check", "Cabelvision", "--demo", path(&data)]);
    assert_eq!(unknown.status.code(), Some(1));
    assert!(said(&unknown).contains("only Cablevision, FreeHour"), "{}", said(&unknown));

    let metadata = format!("{}/demo/opco/metadata", demo.origin());
    let entry = usher(&["mvpd", "import", "Hill", &metadata]);
    let entry = String::from_utf8(entry.stdout).expect("text");
    assert!(entry.contains("id = \"Hill\"") && entry.contains("# SHA-256 "), "{entry}");
}

#[test]
fn what_is_wrong_with_a_provider_is_said_and_counts_as_failure() {
    let directory = TempDir::new().expect("a directory");
    let catalog = directory.path().join("catalog.toml");
    let data = directory.path().join("data");
    let nobody = {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.local_addr().expect("an address").to_string()
    };
    let provider = format!(
        "{CATALOG}\n[[mvpds]]\nid = \"Hill\"\ndisplay_name = \"Hill Cable\"\n\
         logo_url = \"https://hill.example/logo.png\"\nauthn = {{ protocol = \"saml2\", \
         entity_id = \"urn:hill\", sso_url = \"http://{nobody}/sso\" }}\n\
         settings = {{ all = {{ authn_ttl = \"30d\" }} }}\n"
    );
    std::fs::write(&catalog, provider).expect("the catalog is written");
    let config = directory.path().join("usher.toml");
    let text = format!("[server]\ncatalog = {catalog:?}\ndata_dir = {data:?}\n");
    std::fs::write(&config, text).expect("the configuration is written");

    let output = usher(&["mvpd", "check", "Hill", "--config", path(&config)]);
    let report = said(&output);
    assert_eq!(output.status.code(), Some(1), "{report}");
    for words in [
        "PROBLEM it has no `authz` endpoint: nobody may watch",
        "advice  no channel works with it",
        "PROBLEM no certificate is pinned: every answer is refused",
        &format!("PROBLEM http://{nobody}/sso: no connection could be made"),
        "SAML entity id: ",
    ] {
        assert!(report.contains(words), "`{words}` is not in {report}");
    }

    let keys = |option: &[&str]| {
        let output = usher(&[&["mvpd", "keys", "--config", path(&config)], option].concat());
        (output.status.success(), said(&output))
    };
    let (_, before) = keys(&[]);
    assert_eq!(before.matches("lasts until").count(), 2, "{before}");
    assert!(!keys(&["--switch"]).0);
    let (_, announced) = keys(&["--announce"]);
    assert!(announced.contains("will sign (announced)"), "{announced}");
    let next = announced.lines().skip_while(|line| !line.starts_with("will sign")).nth(1);
    let (_, after) = keys(&["--switch"]);
    assert_eq!(after.lines().nth(1), next, "{after}");
}

#[test]
fn a_report_is_shown_on_the_terminal_as_a_table_or_as_csv() {
    let demo = Usher::demo(&["--history", "2"]);
    let get = |arguments: &[&str]| {
        usher(&[&["reports", "get", "--server", demo.origin()], arguments].concat())
    };
    let days = "esm/v3/media-company/year/month/day?metrics=media-tokens&start=2020";
    let table = said(&get(&[days, "--application", "acme-ops"]));
    let lines: Vec<_> = table.lines().collect();
    assert!(lines.len() >= 3, "{table}");
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let header = ["media-company", "year", "month", "day", "media-tokens"];
    assert_eq!(words(lines.first().expect("a header")), header);
    // Numbers stand below each other.
    let ends: Vec<_> = lines.iter().map(|line| line.chars().count()).collect();
    assert!(ends.iter().all(|end| Some(end) == ends.first()), "{table}");

    let csv = said(&get(&[days, "--application", "acme-ops", "--csv"]));
    let rows: Vec<Vec<_>> =
        csv.lines().map(|line| line.split(',').map(str::to_owned).collect()).collect();
    assert_eq!(rows, lines.iter().map(|line| words(line)).collect::<Vec<_>>());

    for (arguments, reason) in [
        (vec![days, "--application", "acme-tv"], "your application may not read these reports"),
        (vec!["esm/v3/nosuch", "--application", "acme-ops"], "no such report"),
        (vec!["api/v2", "--application", "acme-ops"], "they begin with `esm/` or `cmu/`"),
        (vec![days, "--token", "nonsense"], "token"),
        (vec![days], "USHER_TOKEN"),
    ] {
        let output = get(&arguments);
        assert!(!output.status.success(), "{arguments:?}");
        assert!(said(&output).contains(reason), "{arguments:?}: {}", said(&output));
    }
}
