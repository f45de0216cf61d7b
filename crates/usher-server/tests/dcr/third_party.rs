//! Clients written by others, against the server as it is.
//!
//! `cargo xtask test` installs them outside the clone and says where. Without them these tests fail.

use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::asking::Asking as _;
use crate::support::House;

#[expect(clippy::disallowed_methods, reason = "the test command passes its tools in variables")]
fn tool(variable: &str) -> OsString {
    let set = std::env::var(variable).ok().filter(|value| !value.is_empty());
    set.unwrap_or_else(|| panic!("{variable} is not set: run the tests with `cargo xtask test`"))
        .into()
}

/// Runs a script of `third_party/` with `input` as its argument; answers what it printed.
async fn run(program: OsString, script: &str, input: Value) -> Value {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/third_party").join(script);
    let mut command = Command::new(program);
    command.arg(&script).arg(input.to_string()).stdin(Stdio::null());
    // The interpreters run beside the server, which lives on this very thread.
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{} failed\n{out}{err}", script.display());
    serde_json::from_str(&out).unwrap()
}

#[tokio::test]
async fn dcr_47_a_strict_standard_client_registers_and_gets_a_token() {
    let modules = tool("USHER_TEST_NODE_MODULES");
    let house = House::open().await;
    let input = json!({
        "issuer": house.base,
        "statement": house.statement("acme-tv"),
        "modules": modules.to_string_lossy(),
    });

    let got = run("node".into(), "oauth4webapi.mjs", input).await;

    assert_eq!(got["token_types"], json!(["bearer", "bearer"]));
    let token = got["access_token"].as_str().unwrap();
    assert_eq!(house.call(token, "/api/v2/REF30/configuration").await.status, 200);
    // Verified by npm `jose` with the keys we publish.
    assert_eq!(got["verified"]["sub"], got["client_id"]);
}

#[tokio::test]
async fn dcr_20_35_a_tolerant_client_gets_tokens_from_the_documented_endpoint() {
    let python = tool("USHER_TEST_PYTHON");
    let house = House::open().await;
    let input = json!({ "base": house.base, "statement": house.statement("acme-tv") });

    let got = run(python, "authlib_client.py", input).await;

    for token in got["access_tokens"].as_array().unwrap() {
        let token = token.as_str().unwrap();
        assert_eq!(house.call(token, "/api/v2/REF30/configuration").await.status, 200);
    }
    assert_eq!(got["wrong_secret"], "invalid_client");
}
