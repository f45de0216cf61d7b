//! The error object (`errors` §1–4).

use std::time::Duration;

use reqwest::Method;
use serde_json::Value;

use crate::app::{App, DEVICE, complete, members, number, refused, send, text};

/// Checks what every error object has; the answer is its trace.
fn sound(error: &Value) -> String {
    assert_eq!(members(error), ["action", "code", "helpUrl", "message", "status", "trace"]);
    let help = error["helpUrl"].as_str().expect("a help URL");
    assert!(reqwest::Url::parse(help).is_ok(), "{help}");
    assert!(error["message"].as_str().is_some_and(|message| !message.is_empty()));
    let trace = error["trace"].as_str().expect("a trace");
    assert_eq!(trace.len(), 36);
    trace.to_owned()
}

#[tokio::test]
async fn err_1_2_4_5_6_an_error_is_one_flat_object_with_a_trace_of_its_own() {
    let app = App::open().await;
    let mut traces = std::collections::HashSet::new();
    for answer in [
        app.get("NOBODY/profiles").await,
        app.get("REF30/profiles/Nobody").await,
        app.get("REF30/profiles/Nobody").await,
        app.poll("ABC!").await,
        send(app.bare(Method::GET, "REF30/profiles")).await,
        send(app.house.get("/api/v2/REF30/profiles")).await,
        send(app.house.http.put(app.house.url("/api/v2/REF30/profiles"))).await,
        app.get("nothing").await,
    ] {
        let error = answer.json();
        assert_eq!(error["status"], answer.status, "{error}");
        assert_eq!(answer.header("content-type"), "application/json;charset=UTF-8");
        assert!(traces.insert(sound(&error)), "a trace came twice: {error}");
    }
}

#[tokio::test]
async fn err_3_errors_of_items_come_with_200() {
    let app = App::open().await;
    for answer in [app.authorize(&["acme-one"]).await, app.preauthorize(&["a", "b"]).await] {
        for item in answer.ok()["decisions"].as_array().expect("decisions") {
            assert_eq!(item["error"]["status"], 403);
            sound(&item["error"]);
        }
    }
}

#[tokio::test]
async fn err_28_partners_nobody_supports_are_400() {
    let app = App::open().await;
    for path in ["sessions", "profiles"] {
        let call =
            |partner: &str| send(app.call(Method::POST, &format!("REF30/{path}/sso/{partner}")));
        let expected = refused(400, "invalid_parameter_partner");
        assert_eq!(call("Foo").await.refusal(), expected);
        for known in ["Apple", "apple"] {
            assert_ne!(call(known).await.refusal(), expected);
        }
    }
}

#[tokio::test]
async fn an_expired_token_asks_for_another_try_and_not_for_another_registration() {
    let app = App::open().await;
    app.house.clock.advance(Duration::from_secs(6 * 3_600 + 1));
    let answer = app.get("REF30/profiles").await;
    assert_eq!(answer.refusal(), refused(401, "invalid_access_token_client_application"));
    assert_eq!(answer.json()["action"], "retry");
}

#[tokio::test]
async fn the_first_defect_in_the_contracts_order_is_the_one_reported() {
    let app = App::open().await;
    let call =
        |path: &'static str, headers: &[(&'static str, &'static str)], body: &'static str| {
            let request = app.bare(Method::POST, path).body(body);
            send(headers.iter().fold(request, |it, (name, value)| it.header(*name, *value)))
        };
    let device = ("AP-Device-Identifier", DEVICE);
    let wrong_info = ("X-Device-Info", "!");
    for (path, headers, body, code) in [
        ("X/decisions/authorize/Y", vec![], "", "invalid_parameter_service_provider"),
        ("REF30/decisions/authorize/Y", vec![], "", "invalid_header_device_identifier"),
        ("REF30/decisions/authorize/Y", vec![device, wrong_info], "", "invalid_header_device_info"),
        ("REF30/decisions/authorize/Y", vec![device], "", "invalid_parameter_resources"),
        ("REF30/decisions/authorize/Y", vec![device], OK, "invalid_parameter_mvpd"),
        ("REF30/decisions/authorize/Unlinked", vec![device], OK, "invalid_integration"),
    ] {
        assert_eq!(call(path, &headers, body).await.refusal(), refused(400, code), "{path}");
    }
}

const OK: &str = r#"{"resources":["acme-one"]}"#;

#[tokio::test]
async fn oversized_headers_and_odd_paths_are_refused_without_harm() {
    let app = App::open().await;
    let long = format!("fingerprint {}", "A".repeat(20_000));
    let answer = send(app.bare(Method::GET, "REF30/profiles").header("AP-Device-Identifier", long));
    assert_eq!(answer.await.refusal(), refused(400, "invalid_header_device_identifier"));
    for path in ["REF30/profiles/%00", "REF30/profiles/%2F", "REF30/profiles/%0d%0aX"] {
        assert_eq!(app.get(path).await.refusal(), refused(400, "invalid_parameter_mvpd"), "{path}");
    }
    app.create(&complete()).await.ok();
}

fn denied(code: &str) -> (i64, String) {
    (403, code.to_owned())
}

/// Codes and statuses of all items of an answer with 200.
fn item_codes(body: &Value) -> Vec<(i64, String)> {
    let items = body["decisions"].as_array().expect("decisions");
    let each = items.iter().map(|item| &item["error"]);
    each.map(|error| (number(error, "status"), text(error, "code"))).collect()
}

#[tokio::test]
async fn err_8_9_10_11_12_13_14_15_defects_of_the_request_have_their_codes() {
    let app = App::open().await;
    let superseded = app.session_code().await;
    let expired = app.session_code().await;
    for (answer, code) in [
        (app.get("NOBODY/profiles").await, "invalid_parameter_service_provider"),
        (app.get("REF30/profiles/Nobody").await, "invalid_parameter_mvpd"),
        (app.get("REF30/profiles/Unlinked").await, "invalid_integration"),
        (app.poll("ABC!").await, "invalid_parameter_code"),
        (app.poll("ABCDEFG").await, "invalid_authentication_session"),
        (app.poll(&superseded).await, "invalid_authentication_session"),
        (app.authorize(&[]).await, "invalid_parameter_resources"),
    ] {
        assert_eq!(answer.refusal(), refused(400, code));
    }
    app.house.clock.advance(Duration::from_secs(1_801));
    let answer = app.poll(&expired).await;
    assert_eq!(answer.refusal(), refused(400, "invalid_authentication_session"));
    for (method, path) in [
        (Method::GET, "REF30/profiles"),
        (Method::GET, "REF30/profiles/Cablevision"),
        (Method::POST, "REF30/sessions"),
        (Method::POST, "REF30/decisions/preauthorize/Cablevision"),
        (Method::POST, "REF30/decisions/authorize/Cablevision"),
        (Method::GET, "REF30/logout/Cablevision"),
    ] {
        let nameless = send(app.bare(method.clone(), path)).await;
        assert_eq!(nameless.refusal(), refused(400, "invalid_header_device_identifier"));
        // No call here describes its device: that alone is never an error.
        let named = send(app.call(method, path).body(OK)).await;
        assert_eq!(named.status, 200, "{path}: {named:?}");
    }
}

#[tokio::test]
async fn err_16_17_18_limits_and_missing_sign_ins_refuse_each_item() {
    let app = App::open().await;
    let missing = || denied("authenticated_profile_missing");
    assert_eq!(item_codes(&app.authorize(&["a"]).await.ok()), [missing()]);
    assert_eq!(item_codes(&app.preauthorize(&["a", "b"]).await.ok()), [missing(), missing()]);
    app.sign_in("ben").await;
    let many = || denied("too_many_resources");
    assert_eq!(item_codes(&app.authorize(&["a", "b"]).await.ok()), [many(), many()]);
    let six = ["a", "b", "c", "d", "e", "f"];
    let body = app.preauthorize(&six).await.ok();
    assert!(item_codes(&body).iter().all(|code| *code == many()));
    assert_eq!(item_codes(&body).len(), 6);
    assert_eq!(body["decisions"][5]["error"]["action"], "configuration");
}

#[tokio::test]
async fn err_19_20_21_22_denials_and_ended_sign_ins_have_their_codes() {
    let app = App::open().await;
    app.sign_in("fay").await;
    let body = app.authorize(&["acme-one"]).await.ok();
    assert_eq!(item_codes(&body), [denied("authorization_denied_by_mvpd")]);
    assert!(body["decisions"][0]["error"]["details"].is_string(), "{body}");
    let body = app.preauthorize(&["acme-one"]).await.ok();
    assert_eq!(item_codes(&body), [denied("preauthorization_denied_by_mvpd")]);

    app.get("REF30/logout/Cablevision").await.ok();
    app.sign_in("gus").await;
    app.authorize(&["acme-one"]).await.ok();
    let body = app.authorize(&["acme-one"]).await.ok();
    assert_eq!(item_codes(&body), [denied("authenticated_profile_invalidated")]);

    let app = App::with("entitlement.profile_ttl", "4s").await;
    app.sign_in("ben").await;
    app.house.clock.advance(Duration::from_secs(4));
    let body = app.authorize(&["acme-one"]).await.ok();
    assert_eq!(item_codes(&body), [denied("authenticated_profile_expired")]);
}

#[tokio::test]
async fn err_31_errors_for_browsers_are_pages() {
    let app = App::open().await;
    for path in ["REF30/ABCDEFG", "REF30/ABC!", "NOBODY/ABCDEFG"] {
        let page = send(app.house.get(&format!("/api/v2/authenticate/{path}"))).await;
        assert_eq!(page.status, 400);
        assert!(page.header("content-type").starts_with("text/html"), "{page:?}");
    }
}

#[tokio::test]
async fn err_39_a_401_is_an_envelope_with_a_challenge() {
    let app = App::open().await;
    let foreign = app.house.token("acme-news").await;
    let get = |token: &str| send(app.house.get("/api/v2/REF30/profiles").bearer_auth(token));
    for answer in [get("nonsense").await, get(&foreign).await] {
        assert_eq!(answer.status, 401);
        sound(&answer.json());
        assert!(answer.header("www-authenticate").starts_with("Bearer"), "{answer:?}");
    }
}

#[tokio::test]
async fn rest_130_only_the_one_partner_is_known_in_any_letter_case() {
    let app = App::open().await;
    let call = |partner: &'static str| {
        send(app.call(Method::POST, &format!("REF30/sessions/sso/{partner}")))
    };
    assert_eq!(call("Foo").await.refusal(), refused(400, "invalid_parameter_partner"));
    for known in ["Apple", "apple"] {
        assert_ne!(call(known).await.refusal(), refused(400, "invalid_parameter_partner"));
    }
}
