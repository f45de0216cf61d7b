//! What holds for every operation (`pass-rest-v2` §1–4).

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{App, DEVICE, complete, device_info, refused, send};

/// Every JSON operation: method, path, whether it needs a device.
const OPERATIONS: [(&str, &str, bool); 12] = [
    ("GET", "REF30/configuration", false),
    ("POST", "REF30/sessions", true),
    ("POST", "REF30/sessions/ABCDEFG", false),
    ("GET", "REF30/sessions/ABCDEFG", false),
    ("GET", "REF30/profiles", true),
    ("GET", "REF30/profiles/Cablevision", true),
    ("GET", "REF30/profiles/code/ABCDEFG", false),
    ("POST", "REF30/decisions/preauthorize/Cablevision", true),
    ("POST", "REF30/decisions/authorize/Cablevision", true),
    ("GET", "REF30/logout/Cablevision", true),
    ("POST", "REF30/sessions/sso/Apple", true),
    ("POST", "REF30/profiles/sso/Apple", true),
];

fn method(name: &str) -> Method {
    Method::from_bytes(name.as_bytes()).expect("a method")
}

/// Whether `value` has a null anywhere but in a `device`.
fn has_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.iter().any(has_null),
        Value::Object(members) => {
            members.iter().any(|(name, value)| name != "device" && has_null(value))
        }
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

#[tokio::test]
async fn rest_2_3_4_5_answers_are_json_with_the_documented_type_whatever_is_accepted() {
    let app = App::open().await;
    app.sign_in("ben").await;
    // Encryption is random; everything else has to be the same twice.
    app.push(|catalog| {
        for rule in catalog.mvpds.iter_mut().flat_map(|mvpd| mvpd.metadata.values_mut()) {
            rule.encrypted = false;
        }
    });
    for path in ["configuration", "profiles", "profiles/Cablevision"] {
        let path = format!("REF30/{path}");
        let plain = send(app.call(Method::GET, &path).header("Accept", "text/plain")).await;
        assert_eq!(plain.header("content-type"), "application/json;charset=UTF-8", "{path}");
        assert!(!has_null(&plain.ok()), "{path}: {}", plain.text);
        assert_eq!(app.get(&format!("{path}/")).await.ok(), plain.ok(), "{path}");
    }
    for decision in ["authorize", "preauthorize"] {
        let path = format!("decisions/{decision}/Cablevision/");
        assert!(!has_null(&app.decide(&path, &["acme-one"]).await.ok()));
    }
    let session =
        send(app.bare(Method::POST, "NEWS24/sessions/").header("AP-Device-Identifier", DEVICE))
            .await;
    assert!(!has_null(&session.ok()), "{}", session.text);
    let out = app.get("REF30/logout/Cablevision/").await;
    assert!(!has_null(&out.ok()), "{}", out.text);
}

#[tokio::test]
async fn rest_6_without_a_token_every_operation_is_401_with_a_challenge() {
    let app = App::open().await;
    for (name, path, _) in OPERATIONS {
        let url = app.house.url(&format!("/api/v2/{path}"));
        let answer = send(app.house.http.request(method(name), url)).await;
        assert_eq!(answer.refusal(), refused(401, "invalid_access_token_client_application"));
        assert_eq!(answer.json()["action"], "application-registration", "{path}");
        assert!(answer.header("www-authenticate").starts_with("Bearer"), "{path}");
    }
}

#[tokio::test]
async fn rest_7_a_token_for_another_channel_is_401() {
    let app = App::open().await;
    let news = app.house.token("acme-news").await;
    for (name, path, _) in OPERATIONS {
        let url = app.house.url(&format!("/api/v2/{path}"));
        let answer = send(app.house.http.request(method(name), url).bearer_auth(&news)).await;
        assert_eq!(answer.refusal(), refused(401, "invalid_access_token_service_provider"));
    }
}

#[tokio::test]
async fn rest_8_an_unknown_channel_is_400_before_anything_about_headers() {
    let app = App::open().await;
    for (name, path, _) in OPERATIONS {
        for unknown in ["NOBODY", "ref30", "%00", "%FF"] {
            let path = path.replace("REF30", unknown);
            let answer = send(app.bare(method(name), &path)).await;
            let expected = refused(400, "invalid_parameter_service_provider");
            assert_eq!(answer.refusal(), expected, "{path}");
        }
    }
}

#[tokio::test]
async fn rest_10_nobody_has_to_describe_the_device() {
    let app = App::open().await;
    let code = app.sign_in("ben").await;
    for path in ["configuration", "profiles", "profiles/Cablevision"] {
        app.get(&format!("REF30/{path}")).await.ok();
    }
    send(app.bare(Method::GET, &format!("REF30/sessions/{code}"))).await.ok();
    app.resume(&code, &[]).await.ok();
    app.poll(&code).await.ok();
    app.authorize(&["acme-one"]).await.ok();
    app.preauthorize(&["acme-one"]).await.ok();
    app.get("REF30/logout/Cablevision").await.ok();
}

#[tokio::test]
async fn rest_11_device_information_must_be_base64_but_need_not_be_json() {
    let app = App::open().await;
    let with = |value: &'static str| {
        send(app.call(Method::GET, "REF30/profiles").header("X-Device-Info", value))
    };
    // What most published samples decode to: a comma is missing.
    with("eyJtb2RlbCI6IkJveCIgIm9zTmFtZSI6IkxpbnV4In0=").await.ok();
    let answer = with("{\"model\":\"Box\"}").await;
    assert_eq!(answer.refusal(), refused(400, "invalid_header_device_info"));
}

#[tokio::test]
async fn rest_12_13_a_device_has_to_be_named_where_it_matters() {
    let app = App::open().await;
    for (name, path, needs_device) in OPERATIONS {
        for wrong in [None, Some("uuid abc"), Some("fingerprint !!!"), Some("fingerprint")] {
            let request = app.bare(method(name), path);
            let answer = send(match wrong {
                Some(header) => request.header("AP-Device-Identifier", header),
                None => request,
            })
            .await;
            let refusal = (answer.status, answer.json()["code"].as_str().map(str::to_owned));
            let wrong_device = Some("invalid_header_device_identifier".to_owned());
            let names_it = path.ends_with("configuration") && wrong.is_some();
            let complains = refusal == (400, wrong_device);
            assert_eq!(complains, needs_device || names_it, "{name} {path} {wrong:?}");
        }
    }
}

#[tokio::test]
async fn rest_14_two_clients_on_one_device_see_different_profiles() {
    let app = App::open().await;
    app.sign_in("ben").await;
    let other = app.house.token("acme-tv").await;
    let url = app.house.url("/api/v2/REF30/profiles");
    let request = app.house.http.get(url).bearer_auth(other).header("AP-Device-Identifier", DEVICE);
    assert_eq!(send(request).await.ok(), json!({ "profiles": {} }));
    assert!(app.profile().await.is_object());
}

#[tokio::test]
async fn rest_1_every_operation_answers_on_its_path_and_method_and_405_on_others() {
    let app = App::open().await;
    let code = app.session_code().await;
    let operations = [
        (&["GET"][..], "REF30/configuration".to_owned()),
        (&["POST"], "REF30/sessions".to_owned()),
        (&["GET", "POST"], format!("REF30/sessions/{code}")),
        (&["GET"], format!("authenticate/REF30/{code}")),
        (&["GET"], "REF30/profiles".to_owned()),
        (&["GET"], "REF30/profiles/Cablevision".to_owned()),
        (&["GET"], format!("REF30/profiles/code/{code}")),
        (&["POST"], "REF30/decisions/preauthorize/Cablevision".to_owned()),
        (&["POST"], "REF30/decisions/authorize/Cablevision".to_owned()),
        (&["GET"], "REF30/logout/Cablevision".to_owned()),
        (&["POST"], "REF30/sessions/sso/Apple".to_owned()),
        (&["POST"], "REF30/profiles/sso/Apple".to_owned()),
    ];
    for (methods, path) in operations {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            let call = app.call(method.parse().expect("a method"), &path);
            let status = send(call).await.status;
            let served = methods.contains(&method);
            assert_eq!(status != 405, served, "{method} {path}: {status}");
            assert_ne!(status, 404, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn err_32_a_wrong_method_is_405_and_names_the_right_ones() {
    let app = App::open().await;
    for (name, path, _) in OPERATIONS {
        let url = app.house.url(&format!("/api/v2/{path}"));
        let answer = send(app.house.http.put(url)).await;
        assert_eq!(answer.refusal(), refused(405, "method_not_allowed"), "{path}");
        assert!(answer.header("allow").contains(name), "{path}: {:?}", answer.headers);
    }
    let nowhere = app.get("REF30/nothing/here").await;
    assert_eq!(nowhere.refusal(), refused(404, "resource_not_found"));
}

#[tokio::test]
async fn revoking_the_application_makes_its_profiles_unusable() {
    let app = App::open().await;
    app.sign_in("ben").await;
    app.push(|catalog| {
        let tv = catalog.applications.iter_mut().find(|it| it.name == "acme-tv");
        tv.expect("acme-tv").status = usher_registry::Status::Revoked;
    });
    let answer = app.get("REF30/profiles").await;
    assert_eq!(answer.refusal(), refused(401, "invalid_access_token_client_application"));
}

#[tokio::test]
async fn rest_17_148_149_an_integration_can_be_switched_off_and_on_while_running() {
    let app = App::open().await;
    app.sign_in("ben").await;
    let before = app.profile().await;
    app.push(|catalog| {
        for integration in &mut catalog.integrations {
            integration.enabled &= integration.mvpd.as_str() != "Cablevision";
        }
    });
    let configuration = app.get("REF30/configuration").await.ok();
    assert!(!configuration.to_string().contains("\"Cablevision\""), "{configuration}");
    for answer in [
        app.get("REF30/profiles/Cablevision").await,
        app.preauthorize(&["acme-one"]).await,
        app.authorize(&["acme-one"]).await,
        app.get("REF30/logout/Cablevision").await,
        app.create(&complete()).await,
    ] {
        assert_eq!(answer.refusal(), refused(400, "invalid_integration"));
    }
    assert_eq!(app.get("REF30/profiles").await.ok(), json!({ "profiles": {} }));
    app.push(|_| ());
    assert_eq!(app.profile().await["notAfter"], before["notAfter"]);
    let configuration = app.get("REF30/configuration").await.ok();
    assert!(configuration.to_string().contains("\"Cablevision\""), "{configuration}");
}

#[tokio::test]
async fn what_was_answered_survives_a_restart() {
    let mut app = App::open().await;
    app.sign_in("ben").await;
    let waiting = send(
        app.bare(Method::POST, "REF30/sessions")
            .header("AP-Device-Identifier", "fingerprint d2FpdGluZw==")
            .header("X-Device-Info", device_info(&json!({ "model": "Box" })))
            .form(&complete()),
    );
    let code = waiting.await.ok()["code"].as_str().expect("a code").to_owned();
    let before = app.profile().await;
    app.house.restart().await;
    assert_eq!(app.profile().await["notAfter"], before["notAfter"]);
    let session = send(app.bare(Method::GET, &format!("REF30/sessions/{code}"))).await.ok();
    assert_eq!(session["device"]["model"], "Box");
    app.authorize(&["acme-one"]).await.ok();
}

#[tokio::test]
async fn rest_146_polling_is_never_throttled_but_a_burst_is() {
    let app = App::throttled().await;
    let code = app.session_code().await;
    for _ in 0..50 {
        app.house.clock.advance(Duration::from_secs(3));
        assert_eq!(app.poll(&code).await.status, 200);
    }
    app.house.clock.advance(Duration::from_mins(1));
    let mut statuses = Vec::new();
    for _ in 0..12 {
        statuses.push(app.poll(&code).await.status);
    }
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 11, "{statuses:?}");
    assert_eq!(statuses.last(), Some(&429));
}
