//! The OpenAPI document and the server say the same.

#![expect(clippy::expect_used, reason = "what a test cannot go on without ends it")]

#[cfg(test)]
mod support;

use reqwest::{Method, StatusCode};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use support::House;
use usher_registry::Scope;

/// Methods that a path either documents or refuses.
const METHODS: [&str; 4] = ["get", "post", "put", "delete"];

/// Pages of the built-in providers, which are for people.
const UNDOCUMENTED: [&str; 1] = ["/demo"];

#[test]
fn a_validator_by_others_accepts_the_document() {
    let python = std::env::var_os("USHER_TEST_PYTHON")
        .expect("USHER_TEST_PYTHON is not set: run the tests with `cargo xtask test`");
    let output = Command::new(python)
        .args(["-m", "openapi_spec_validator", "--schema", "3.1"])
        .arg(edge().join("openapi.json"))
        .output()
        .expect("the validator can be started");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[tokio::test]
async fn the_server_serves_the_document() {
    let house = House::open().await;
    let served: Value = house
        .http
        .get(format!("{}/openapi.json", house.base))
        .send()
        .await
        .expect("ask for the document")
        .json()
        .await
        .expect("the document is JSON");
    assert_eq!(served, document());
}

#[test]
fn every_route_is_documented_and_every_documented_path_is_a_route() {
    let documented: BTreeSet<String> = paths(&document()).map(|path| shape(&path)).collect();
    let mut routed = BTreeSet::new();
    collect_routes(&edge().join("src"), &mut routed);
    routed.retain(|path| !UNDOCUMENTED.iter().any(|prefix| path.starts_with(prefix)));
    assert_eq!(documented, routed);
}

#[tokio::test]
async fn documented_methods_exist_and_others_answer_405() {
    let house = House::open().await;
    let document = document();
    for path in paths(&document) {
        let operations = &document["paths"][&path];
        let url = house.base.clone() + &example(&path);
        for method in METHODS {
            let ask = Method::from_bytes(method.to_uppercase().as_bytes()).expect("a method");
            let answer = house.http.request(ask, &url).send().await.expect("ask the server");
            let refused = answer.status() == StatusCode::METHOD_NOT_ALLOWED;
            assert_eq!(refused, operations.get(method).is_none(), "{method} {path}");
            assert!(!refused || answer.headers().contains_key("allow"), "{method} {path}");
        }
    }
}

/// Whatever is called: no failure of ours, no status, header, type or member that the document does not
/// name. What the document cannot say (that a header holds Base64 of JSON, that a statement is signed) may be
/// refused although it looks right, so that one check is left out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_that_others_make_up_find_no_answer_but_those_documented() {
    let house = House::open().await;
    house.push(|catalog| {
        let application = catalog.applications.iter_mut().find(|it| it.name == "acme-tv");
        let everything = [Scope::Analytics, Scope::Decisions, Scope::TemporaryPasses];
        application.expect("the application").scopes.extend(everything);
    });
    let directory = tempfile::tempdir().expect("a directory");
    let settings = directory.path().join("schemathesis.toml");
    std::fs::write(&settings, caller(&house).await).expect("the settings are written");
    let mut command = schemathesis();
    command.arg("--config-file").arg(&settings).current_dir(directory.path());
    command.args(["run", &house.url("/openapi.json"), "--seed", "7", "--max-examples", "6"]);
    command.args(["--phases", "coverage,fuzzing", "--no-shrink", "--generation-database", "none"]);
    command.args(["--continue-on-failure", "--exclude-checks", "positive_data_acceptance"]);
    let output = tokio::task::spawn_blocking(move || command.output()).await.expect("no panic");
    let output = output.expect("schemathesis can be started");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    let document = document();
    let methods = |path: &String| {
        METHODS.iter().filter(|method| document["paths"][path].get(method).is_some()).count()
    };
    // The document itself is where it comes from.
    let others = paths(&document).filter(|path| path != "/openapi.json");
    let operations: usize = others.map(|path| methods(&path)).sum();
    assert!(text.contains(&format!("Tested: {operations}")), "{operations} operations: {text}");
}

/// The program stands beside the interpreter.
fn schemathesis() -> Command {
    let python = std::env::var_os("USHER_TEST_PYTHON")
        .expect("USHER_TEST_PYTHON is not set: run the tests with `cargo xtask test`");
    Command::new(Path::new(&python).with_file_name("schemathesis"))
}

/// Who calls, and what the paths name: things that exist, or little more than the way to them is tried.
async fn caller(house: &House) -> String {
    let token = house.token("acme-tv").await;
    let admin = house.demo.get("admin_token").and_then(Value::as_str).expect("a token");
    let service = house
        .post("/api/REF30/serviceToken")
        .bearer_auth(&token)
        .header("AP-Device-Identifier", "fingerprint bGl2aW5nLXJvb20=")
        .header("X-SSO-ID", "zelda");
    let service: Value = house.send(service).await.json().await.expect("JSON");
    let service = service.get("serviceToken").and_then(Value::as_str).expect("a token");
    format!(
        r#"
        [auth.openapi.accessToken]
        bearer = "{token}"
        [auth.openapi.application]
        username = "demo-app"
        password = ""
        [auth.openapi.adminToken]
        bearer = "{admin}"
        [parameters]
        "path.serviceProvider" = "REF30"
        "path.mvpd" = "Cablevision"
        "path.env" = "release-production"
        "path.company" = "acme"
        "query.programmer" = "REF30"
        [[operations]]
        include-path-regex = "^/api/[^/]+/(serviceToken|link|unlink|list)$"
        parameters = {{ "header.AD-Service-Token" = "{service}", "header.AP-Device-Identifier" = "fingerprint bGl2aW5nLXJvb20=" }}
        "#
    )
}

fn edge() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../usher-http")
}

fn document() -> Value {
    let text = std::fs::read_to_string(edge().join("openapi.json")).expect("read the document");
    serde_json::from_str(&text).expect("the document is JSON")
}

fn paths(document: &Value) -> impl Iterator<Item = String> {
    document["paths"].as_object().expect("paths").keys().cloned()
}

/// A path with the names of its parameters left out. All reports of one API are one shape: they are
/// one route.
fn shape(path: &str) -> String {
    if let Some(api) = ["/esm", "/cmu"].into_iter().find(|api| path.starts_with(api)) {
        return api.to_owned();
    }
    let parts = path.trim_end_matches('/').split('/');
    let parts: Vec<_> = parts.map(|part| if part.starts_with('{') { "{}" } else { part }).collect();
    parts.join("/")
}

/// A path with plausible values for its parameters.
fn example(path: &str) -> String {
    path.replace("{code}", "ZZZZZZZ")
        .replace("{serviceProvider}", "REF30")
        .replace("{mvpd}", "Cablevision")
        .replace("{path}", "year")
        .replace("{partner}", "Apple")
        .replace("{state}", "unknown")
        .replace("{idp}", "Cablevision")
        .replace("{subject}", "someone")
        .replace("{env}", "release-production")
        .replace("{client}", "nobody")
        .replace("{company}", "acme")
        .replace("{session}", "00000194-d634-06cd-c134-7445567a01b0")
}

/// The paths that stand as literals in the sources that build routers or name routes. Paths that catch whatever is
/// left over, in order to refuse it in their API's words, are none.
fn collect_routes(directory: &Path, routes: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(directory).expect("read a directory") {
        let path = entry.expect("read an entry").path();
        if path.is_dir() {
            collect_routes(&path, routes);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).expect("read a source");
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            if code.contains(".route(") || code.contains("fn route(") {
                routes.extend(path_literals(code).filter(|path| !is_stray(path)).map(shape));
            }
        }
    }
}

fn path_literals(text: &str) -> impl Iterator<Item = &str> {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    code.flat_map(|line| line.split('"').skip(1).step_by(2))
        .filter(|literal| literal.starts_with('/') && literal.len() > 1)
}

fn is_stray(path: &str) -> bool {
    path.contains("{*rest}") || ["/v2", "/api/v2"].contains(&path.trim_end_matches('/'))
}
