//! A real browser signs in: headless Chromium, driven by the scripts in `browser/`.
//!
//! The browser and the driver are installed by `cargo xtask test`, which tells the scripts where
//! they are. Nothing here talks to anything but the server under test.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "what a test cannot go on without ends it"
)]

#[cfg(test)]
mod support;

use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use support::House;

/// The device that every call of these tests comes from.
const DEVICE: &str = "fingerprint YnJvd3Nlci10ZXN0LWRldmljZQ==";

#[tokio::test(flavor = "multi_thread")]
async fn rest_50_52_56_58_a_viewer_signs_in_with_a_browser_and_the_app_finds_the_profile() {
    let house = House::open().await;
    let app = App::start(&house).await;

    let visit =
        run_script("sign_in.mjs", &[&app.sign_in_url, &app.redirect_url, "ann", "ann"]).await;

    assert_eq!(visit["landed"], app.redirect_url.as_str());
    assert_eq!(visit["complaints"], json!([]), "the browser complained: {visit}");
    let polled = app.get(&format!("profiles/code/{}", app.code)).await;
    let profile = readable(&polled);
    assert_eq!(profile["type"], "regular", "{polled}");
    assert_eq!(profile["issuer"], "Cablevision", "{polled}");
    assert!(profile["attributes"]["userID"]["value"].is_string(), "{polled}");
    assert_eq!(readable(&app.get("profiles").await), profile);
    assert_eq!(readable(&app.get("profiles/Cablevision").await), profile);
}

#[tokio::test(flavor = "multi_thread")]
async fn rest_54_55_a_viewer_who_cancels_returns_to_the_app_without_a_profile() {
    let house = House::open().await;
    let app = App::start(&house).await;
    let nothing = json!({ "profiles": {} });
    assert_eq!(app.get(&format!("profiles/code/{}", app.code)).await, nothing);

    let visit = run_script("sign_in.mjs", &[&app.sign_in_url, &app.redirect_url, "--cancel"]).await;

    assert_eq!(visit["landed"], app.redirect_url.as_str());
    assert_eq!(app.get(&format!("profiles/code/{}", app.code)).await, nothing);
}

/// Pictures of the pages a newcomer sees, in the build directory, for people to look at.
#[tokio::test(flavor = "multi_thread")]
async fn the_pages_of_the_demo_load_in_a_browser() {
    let house = House::open().await;
    let app = App::start(&house).await;
    let pictures = pictures();
    let unknown_code = format!("{}/api/v2/authenticate/REF30/ZZZZZZZ", house.base);

    let output =
        node("screenshots.mjs", &[&pictures.to_string_lossy(), &app.sign_in_url, &unknown_code])
            .await;

    let statuses: Vec<_> = output.lines().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(statuses, ["200", "400"], "{output}");
}

/// Three play, the fourth is refused, takes the place of the first, and the first is told.
#[tokio::test(flavor = "multi_thread")]
async fn cm_65_the_player_of_the_demo_shows_what_a_viewer_should_see() {
    let settings = [("throttle.enabled", "false"), ("streams.heartbeat_interval", "1s")];
    let house = House::with(&settings).await;
    let pictures = pictures();

    let seen = run_script(
        "player.mjs",
        &[&format!("{}/demo/player", house.base), &pictures.to_string_lossy()],
    )
    .await;

    let text = |member: &str| seen[member].as_str().expect(member).to_owned();
    assert_eq!(seen["complaints"], json!([]), "the browser complained: {seen}");
    assert!(text("policy").contains("script-src 'self'"), "{seen}");
    assert!(text("refused").contains("Three streams are playing on this account"), "{seen}");
    assert!(text("refused").contains("on Den"), "{seen}");
    assert!(text("victim").contains("Kicked out: This session was terminated"), "{seen}");
    assert!(text("victim").contains("on Kitchen"), "{seen}");
    assert!(text("announced").contains("Stream 1: Kicked out"), "{seen}");
    let log = seen["log"].as_array().expect("the log is a list");
    for wanted in ["202 Accepted", "409 Conflict", "410 Gone", "200 OK"] {
        assert!(log.iter().any(|line| line.as_str().is_some_and(|it| it.starts_with(wanted))));
    }
    assert!(text("refused").contains("Stream 1 of this page, “Demo application”"), "{seen}");
    assert!(text("running").contains("Stream 4 of this page, “Demo application”"), "{seen}");
    assert!(text("curl").contains("curl -i -X DELETE -u 'demo-app:' 'http://127.0.0.1:"), "{seen}");
    assert_eq!((&seen["overflow"], &seen["unnamed"]), (&json!(0), &json!([])), "{seen}");
}

/// A person looks at reports: charts, drill-down, filter, roll-up; light, dark, on a phone, on paper.
#[tokio::test(flavor = "multi_thread")]
async fn reports_are_pages_that_people_find_their_way_through() {
    let house = House::with_history(30).await;
    let pictures = pictures();

    let seen = run_script("reports.mjs", &[&pictures.to_string_lossy(), &house.base]).await;

    assert_eq!(seen["complaints"], json!([]), "the browser complained: {seen}");
    let paths: Vec<_> =
        seen["steps"].as_array().expect("steps").iter().map(|step| &step["path"]).collect();
    let days = "/esm/v3/year/month/day";
    let hours = "/esm/v3/year/month/day/hour";
    let expected = [
        days,
        days,
        days,
        days,
        days,
        days,
        hours,
        days,
        "/esm/v3",
        "/esm/v3/media-company",
        "/cmu/v2/year/month/day",
    ];
    assert_eq!(paths, expected, "{seen}");
    for step in seen["steps"].as_array().expect("steps") {
        assert!(step["rows"].as_u64() > Some(0), "{step}");
        assert_eq!(step["wider"], false, "the page is wider than the screen: {step}");
        let has_chart = step["figures"].as_u64() > Some(0);
        assert_eq!(has_chart, step["path"] != "/esm/v3", "{step}");
    }
}

/// The player is the only page with a script; `usher serve` has neither.
#[tokio::test]
async fn no_other_page_of_the_demo_allows_scripts() {
    let house = House::open().await;
    let policy = async |path: &str| {
        let response = house.send(house.get(path)).await;
        let policy = response.headers()["content-security-policy"].to_str().expect("text");
        policy.contains("script-src")
    };
    assert!(policy("/demo/player").await);
    assert!(!policy("/demo/").await);
    assert!(!policy("/demo/done").await);
}

fn pictures() -> PathBuf {
    let pictures = Path::new(env!("CARGO_TARGET_TMPDIR")).join("screenshots");
    std::fs::create_dir_all(&pictures).expect("create the directory for pictures");
    pictures
}

/// The profile with `Cablevision` without its encrypted attributes, which differ each time.
fn readable(answer: &Value) -> Value {
    let mut profile = answer["profiles"]["Cablevision"].clone();
    if let Some(attributes) = profile["attributes"].as_object_mut() {
        attributes.retain(|_, attribute| attribute["state"] == "plain");
    }
    profile
}

/// An app that has just asked for an authentication session with `Cablevision`.
struct App<'a> {
    house: &'a House,
    token: String,
    code: String,
    sign_in_url: String,
    redirect_url: String,
}

impl<'a> App<'a> {
    async fn start(house: &'a House) -> Self {
        let token = house.token("acme-tv").await;
        // Another origin than the sign-in page's, as in life: a page may forbid its form to lead there.
        let redirect_url = house.base.replace("127.0.0.1", "localhost") + "/health/live?signed-in";
        let session: Value = house
            .http
            .post(format!("{}/api/v2/REF30/sessions", house.base))
            .bearer_auth(&token)
            .header("AP-Device-Identifier", DEVICE)
            .form(&[
                ("mvpd", "Cablevision"),
                ("domainName", "localhost"),
                ("redirectUrl", &redirect_url),
            ])
            .send()
            .await
            .expect("create a session")
            .json()
            .await
            .expect("a session is JSON");
        let text = |member: &str| session[member].as_str().expect(member).to_owned();
        let sign_in_url = house.base.clone() + &text("url");
        Self { house, token, code: text("code"), sign_in_url, redirect_url }
    }

    async fn get(&self, path: &str) -> Value {
        self.house
            .http
            .get(format!("{}/api/v2/REF30/{path}", self.house.base))
            .bearer_auth(&self.token)
            .header("AP-Device-Identifier", DEVICE)
            .send()
            .await
            .expect("ask the server")
            .json()
            .await
            .expect("the answer is JSON")
    }
}

async fn run_script(name: &str, arguments: &[&str]) -> Value {
    serde_json::from_str(&node(name, arguments).await).expect("the script prints JSON")
}

/// Runs a script of `browser/` and returns what it printed.
async fn node(name: &str, arguments: &[&str]) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser").join(name);
    let mut command = Command::new("node");
    command.arg(script).args(arguments);
    let Output { status, stdout, stderr } = tokio::task::spawn_blocking(move || command.output())
        .await
        .expect("wait for node")
        .expect("node can be started; `cargo xtask test` installs it");
    let (stdout, stderr) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{name} failed\n{stdout}{stderr}");
    stdout.into_owned()
}
