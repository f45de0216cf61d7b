//! How decisions came about: traces in answers, the admin API, `usher explain`.

use std::process::Command;

use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{Answer, App, DEVICE, send, text};

const BASE: &str = "/admin/v1/release-production/traces";

fn trace(answer: &Answer) -> String {
    answer.header("x-trace-id").to_owned()
}

fn admin(app: &App) -> String {
    text(&app.house.demo, "admin_token")
}

async fn explained(app: &App, trace: &str) -> Value {
    let request = app.house.get(&format!("{BASE}/{trace}")).bearer_auth(admin(app));
    send(request).await.ok()
}

fn kind(explanation: &Value) -> &str {
    explanation["resources"][0]["ground"]["kind"].as_str().unwrap_or_default()
}

#[tokio::test]
async fn every_answer_names_its_request_and_an_error_repeats_the_name() {
    let app = App::open().await;
    let configured = app.get("REF30/configuration").await;
    let refused = app.get("NOBODY/profiles").await;
    let unknown = send(app.bare(Method::GET, "REF30/nothing/here")).await;
    let linked = send(app.house.http.post(app.house.url("/api/REF30/link"))).await;
    for answer in [&configured, &refused, &unknown, &linked] {
        let trace = trace(answer);
        assert_eq!(trace.get(14..15), Some("7"), "{trace}");
        assert!(answer.header("access-control-expose-headers").contains("X-Trace-Id"));
    }
    assert_ne!(trace(&configured), trace(&refused));
    assert_eq!(text(&refused.json(), "trace"), trace(&refused));
    assert_eq!(text(&unknown.json(), "trace"), trace(&unknown));
    assert_eq!(text(&linked.json()["error"], "trace"), trace(&linked));
}

#[tokio::test]
async fn a_permit_is_told_with_the_providers_answer_and_a_remembered_one_with_its_origin() {
    let app = App::open().await;
    app.sign_in("ann").await;
    let viewer = app.profile().await;
    let asked = app.authorize(&["acme-sports"]).await;
    assert_eq!(asked.ok()["decisions"][0]["authorized"], true);
    let told = explained(&app, &trace(&asked)).await;
    assert_eq!(told["trace"], trace(&asked));
    assert_eq!(told["purpose"], "authorize");
    assert_eq!(
        (&told["service_provider"], &told["mvpd"]),
        (&json!("REF30"), &json!("Cablevision"))
    );
    assert_eq!(told["viewer"]["standing"], "signed_in");
    assert_eq!(told["viewer"]["sign_in"]["since"], viewer["notBefore"]);
    assert_eq!(told["viewer"]["sign_in"]["until"], viewer["notAfter"]);
    let resource = &told["resources"][0];
    assert_eq!(resource["resource"], "acme-sports");
    assert_eq!((&resource["permitted"], &resource["source"]), (&json!(true), &json!("mvpd")));
    assert_eq!((kind(&told), &resource["permit"]["by"]), ("provider", &json!("provider")));
    assert_eq!(resource["permit"]["until"], asked.ok()["decisions"][0]["notAfter"]);
    let exchange = &told["exchanges"][0];
    assert_eq!((&resource["ground"]["exchanges"], &exchange["status"]), (&json!([0]), &json!(200)));

    let again = app.authorize(&["acme-sports"]).await;
    let told = explained(&app, &trace(&again)).await;
    assert_eq!(kind(&told), "remembered");
    assert_eq!(told["resources"][0]["ground"]["trace"], trace(&asked));
    assert_eq!(told["exchanges"], Value::Null);
}

#[tokio::test]
async fn a_refusal_is_told_with_the_code_the_application_got() {
    let app = App::open().await;
    let nobody = app.authorize(&["acme-one"]).await;
    let told = explained(&app, &trace(&nobody)).await;
    assert_eq!((kind(&told), &told["viewer"]["standing"]), ("unasked", &json!("not_signed_in")));
    assert_eq!(told["resources"][0]["code"], nobody.ok()["decisions"][0]["error"]["code"]);
    assert_eq!(nobody.ok()["decisions"][0]["error"]["trace"], trace(&nobody));

    app.sign_in("fay").await;
    let refused = app.authorize(&["acme-one"]).await;
    let told = explained(&app, &trace(&refused)).await;
    let resource = &told["resources"][0];
    let error = &refused.ok()["decisions"][0]["error"];
    assert_eq!((kind(&told), &resource["code"]), ("provider", &error["code"]));
    assert_eq!(
        (&resource["details"], &resource["message"]),
        (&error["details"], &error["message"])
    );

    let many = app.preauthorize(&["acme-one", "acme-two"]).await;
    let told = explained(&app, &trace(&many)).await;
    assert_eq!(told["purpose"], "preauthorize");
    assert_eq!(told["resources"][1]["code"], "preauthorization_denied_by_mvpd");
}

#[tokio::test]
async fn what_is_decided_without_a_provider_says_so() {
    let app = App::open().await;
    let trial = app.decide("decisions/authorize/FreeHour", &["acme-one"]).await;
    let told = explained(&app, &trace(&trial)).await;
    assert_eq!((kind(&told), &told["viewer"]["standing"]), ("pass", &json!("temporary")));
    assert_eq!(told["resources"][0]["permit"]["by"], "trial");
    assert_eq!(told["resources"][0]["ground"]["until"], trial.ok()["decisions"][0]["notAfter"]);

    app.sign_in("ann").await;
    app.push(|catalog| {
        let integration = catalog.integrations.iter_mut().find(|it| {
            it.service_provider.as_str() == "REF30" && it.mvpd.as_str() == "Cablevision"
        });
        integration.expect("the integration").dummy = true;
    });
    let dummy = app.authorize(&["acme-one"]).await;
    assert_eq!(kind(&explained(&app, &trace(&dummy)).await), "dummy");
    assert_eq!(dummy.ok()["decisions"][0]["source"], "dummy");
}

#[tokio::test]
async fn an_explanation_gives_nobody_away() {
    let app = App::open().await;
    app.sign_in("ann").await;
    let user = text(&app.profile().await["attributes"]["userID"], "value");
    let asked = app.authorize(&["acme-sports"]).await;
    let told = explained(&app, &trace(&asked)).await.to_string();
    let device = DEVICE.strip_prefix("fingerprint ").expect("the prefix");
    for secret in [&*user, device, "living-room", &app.token, "127.0.0.1\"", "password"] {
        assert!(!told.contains(secret), "{secret} in {told}");
    }
}

#[tokio::test]
async fn only_operators_are_told_and_only_what_is_known() {
    let app = App::open().await;
    let asked = app.authorize(&["acme-one"]).await;
    let path = format!("{BASE}/{}", trace(&asked));
    for token in ["wrong", &app.token] {
        assert_eq!(send(app.house.get(&path).bearer_auth(token)).await.status, 401);
    }
    for unknown in ["00000000-0000-7000-8000-000000000000", "no-trace", "%00"] {
        let request = app.house.get(&format!("{BASE}/{unknown}")).bearer_auth(admin(&app));
        let answer = send(request).await;
        assert_eq!(answer.status, 404, "{unknown}");
        assert_eq!(answer.header("content-type"), "application/problem+json");
    }
}

#[tokio::test]
async fn nothing_is_kept_where_nothing_shall_be() {
    let app = App::with("explain.enabled", "false").await;
    let asked = app.authorize(&["acme-one"]).await;
    let request = app.house.get(&format!("{BASE}/{}", trace(&asked))).bearer_auth(admin(&app));
    assert_eq!(send(request).await.status, 404);
}

#[tokio::test]
async fn the_command_line_tells_it_in_words() {
    let app = App::open().await;
    app.sign_in("fay").await;
    let refused = app.authorize(&["acme-one"]).await;
    let trace = trace(&refused);
    let told = usher(&app, &[&trace]).await;
    for words in [
        &format!("trace {trace}"),
        "authorize for REF30 at Cablevision",
        "signed in",
        "acme-one: refused, authorization_denied_by_mvpd",
        "the provider answered after",
        "call 1:",
        "HTTP 200",
    ] {
        assert!(told.contains(words), "{words} in {told}");
    }
    let json: Value = serde_json::from_str(&usher(&app, &[&trace, "--json"]).await).expect("JSON");
    assert_eq!(json["trace"], trace);

    let unknown = usher(&app, &["00000000-0000-7000-8000-000000000000"]).await;
    assert!(unknown.contains("there is no such trace"), "{unknown}");
}

/// What `usher explain` prints.
async fn usher(app: &App, arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_usher"));
    command.arg("explain").args(arguments).args(["--server", &app.house.base]);
    command.env("USHER_ADMIN_TOKEN", admin(app));
    let output = tokio::task::spawn_blocking(move || command.output());
    let output = output.await.expect("a thread").expect("usher runs");
    let (out, err) = (&output.stdout, &output.stderr);
    format!("{}{}", String::from_utf8_lossy(out), String::from_utf8_lossy(err))
}
