//! Decisions and media tokens (`pass-rest-v2` §10, §16).

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use usher_core::Clock as _;
use usher_entitle::media_token::{Expected, MediaTokenContent, MediaTokenError, verify};
use usher_jose::{Certificate, VerificationKeys};

use crate::app::{App, members, number, refused, send, text};

const ALL: [&str; 5] = ["acme-kids", "acme-one", "acme-sports", "acme-two", "acme-movies"];

fn items(body: &Value) -> Vec<Value> {
    body["decisions"].as_array().expect("decisions").clone()
}

/// The code of the only decision.
fn code(body: &Value) -> Value {
    body["decisions"][0]["error"]["code"].clone()
}

/// The keys that check media tokens of this house, as anybody gets them.
async fn published(app: &App) -> VerificationKeys {
    let pem = send(app.house.get("/media-token/certificate.pem")).await.text;
    let certificate = Certificate::from_pem(&pem).expect("a certificate");
    VerificationKeys::new([certificate.verification_key().expect("a key")])
}

async fn read(app: &App, permit: &Value) -> Result<MediaTokenContent, MediaTokenError> {
    let token = text(&permit["token"], "serializedToken");
    verify(&token, &published(app).await, Expected::default(), app.house.clock.now())
}

#[tokio::test]
async fn rest_73_74_preauthorization_answers_each_resource_in_order_and_permits_no_playback() {
    let app = App::open().await;
    app.sign_in("ben").await;
    let body = app.preauthorize(&ALL).await.ok();
    let items = items(&body);
    assert_eq!(items.iter().map(|item| text(item, "resource")).collect::<Vec<_>>(), ALL);
    for item in &items {
        let permitted = ["acme-one", "acme-two"].contains(&text(item, "resource").as_str());
        assert_eq!(item["authorized"], permitted, "{item}");
        assert_eq!(item["source"], "mvpd");
        assert_eq!(item["serviceProvider"], "REF30");
        assert_eq!(item["mvpd"], "Cablevision");
        let expected = ["authorized", "error", "mvpd", "resource", "serviceProvider", "source"];
        let without_error = ["authorized", "mvpd", "resource", "serviceProvider", "source"];
        let expected = if permitted { &without_error[..] } else { &expected[..] };
        assert_eq!(members(item), expected);
        if !permitted {
            assert_eq!(item["error"]["code"], "preauthorization_denied_by_mvpd");
        }
    }
}

#[tokio::test]
async fn rest_75_76_a_permit_carries_a_media_token_and_its_times() {
    let app = App::open().await;
    app.sign_in("ben").await;
    let permit = app.authorized("acme-one").await;
    assert_eq!(
        members(&permit),
        [
            "authorized",
            "mvpd",
            "notAfter",
            "notBefore",
            "resource",
            "serviceProvider",
            "source",
            "token"
        ]
    );
    assert_eq!(permit["authorized"], true);
    assert_eq!(permit["source"], "mvpd");
    assert_eq!(members(&permit["token"]), ["notAfter", "notBefore", "serializedToken"]);
    let token = &permit["token"];
    assert_eq!(number(token, "notAfter") - number(token, "notBefore"), 420_000);
    assert_eq!(number(&permit, "notBefore"), app.now());
}

#[tokio::test]
async fn rest_77_a_permit_lasts_as_long_as_the_provider_says_but_not_beyond_the_sign_in() {
    let app = App::open().await;
    app.sign_in("ben").await;
    let permit = app.authorized("acme-one").await;
    assert_eq!(number(&permit, "notAfter"), app.now() + 3_600_000);

    let app = App::with("entitlement.profile_ttl", "60s").await;
    app.sign_in("ben").await;
    let permit = app.authorized("acme-one").await;
    assert_eq!(permit["notAfter"], app.profile().await["notAfter"]);

    let app = App::with("entitlement.authz_ttl", "2s").await;
    app.sign_in("ben").await;
    let permit = app.authorized("acme-one").await;
    assert_eq!(number(&permit, "notAfter"), app.now() + 2_000);
}

#[tokio::test]
async fn rest_78_a_permit_is_remembered_and_every_answer_has_a_token_of_its_own() {
    let app = App::open().await;
    app.sign_in("ben").await;
    let first = app.authorized("acme-one").await;
    // From here on the provider could not be asked any more.
    let break_provider = |to: &str| {
        let wrong = to.to_owned();
        app.push(|catalog| {
            for mvpd in &mut catalog.mvpds {
                for endpoint in mvpd.authz.iter_mut() {
                    if let usher_registry::AuthzProtocol::Rest(rest) = &mut endpoint.protocol {
                        rest.decision_path.clone_from(&wrong);
                    }
                }
            }
        });
    };
    app.house.clock.advance(Duration::from_secs(10));
    let second = app.authorized("acme-one").await;
    assert_eq!(second["notBefore"], first["notBefore"]);
    assert_eq!(second["notAfter"], first["notAfter"]);
    assert_ne!(second["token"]["serializedToken"], first["token"]["serializedToken"]);
    assert_eq!(number(&second["token"], "notBefore"), app.now());
    // A push may have changed what resources mean: the provider is asked again.
    break_provider("no.such.member");
    assert_eq!(app.authorized("acme-one").await["authorized"], false);
    // So it is once the permit is over.
    break_provider("decision");
    app.house.clock.advance(Duration::from_hours(1));
    let third = app.authorized("acme-one").await;
    assert_eq!(number(&third, "notBefore"), app.now());
}

#[tokio::test]
async fn rest_79_80_denials_are_decisions_and_speak_the_providers_words() {
    let app = App::open().await;
    app.sign_in("fay").await;
    let denied = app.authorize(&["acme-one"]).await.ok();
    let item = &denied["decisions"][0];
    assert_eq!(
        members(item),
        ["authorized", "error", "mvpd", "resource", "serviceProvider", "source"]
    );
    assert_eq!(item["authorized"], false);
    let error = &item["error"];
    assert_eq!(error["code"], "authorization_denied_by_mvpd");
    assert_eq!((&error["status"], &error["action"]), (&json!(403), &json!("none")));
    assert!(!text(error, "details").is_empty());
    let denied = app.preauthorize(&["acme-one"]).await.ok();
    assert_eq!(code(&denied), "preauthorization_denied_by_mvpd");
    assert!(denied["decisions"][0]["error"]["details"].is_string());
}

#[tokio::test]
async fn parental_controls_have_a_code_of_their_own_on_both_kinds_of_decisions() {
    let app = App::open().await;
    app.sign_in("cam").await;
    let parental = "authorization_denied_by_parental_controls";
    assert_eq!(code(&app.authorize(&["acme-movies"]).await.ok()), parental);
    assert_eq!(code(&app.preauthorize(&["acme-movies"]).await.ok()), parental);
    assert_eq!(app.authorized("acme-one").await["authorized"], true);
}

#[tokio::test]
async fn rest_81_without_a_sign_in_each_resource_is_refused() {
    let app = App::open().await;
    for answer in [app.authorize(&["acme-one"]).await, app.preauthorize(&["acme-one"]).await] {
        let body = answer.ok();
        assert_eq!(code(&body), "authenticated_profile_missing");
        let error = &body["decisions"][0]["error"];
        assert_eq!((&error["status"], &error["action"]), (&json!(403), &json!("authentication")));
        assert_eq!(body["decisions"][0]["source"], "mvpd");
    }
}

#[tokio::test]
async fn rest_82_an_expired_and_an_ended_sign_in_are_told_apart() {
    let app = App::with("entitlement.profile_ttl", "4s").await;
    app.sign_in("ben").await;
    app.authorized("acme-one").await;
    app.house.clock.advance(Duration::from_secs(4));
    assert_eq!(code(&app.authorize(&["acme-one"]).await.ok()), "authenticated_profile_expired");
    assert_eq!(code(&app.preauthorize(&["acme-one"]).await.ok()), "authenticated_profile_expired");

    let app = App::open().await;
    app.sign_in("gus").await;
    let ended = app.authorize(&["acme-one"]).await.ok();
    assert_eq!(code(&ended), "authorization_denied_by_session_invalidated");
    assert_eq!(ended["decisions"][0]["error"]["action"], "authentication");
    let later = app.authorize(&["acme-one"]).await.ok();
    assert_eq!(code(&later), "authenticated_profile_invalidated");
    assert_eq!(app.get("REF30/profiles").await.ok(), json!({ "profiles": {} }));
    // A new sign-in clears the tombstone.
    app.sign_in("ben").await;
    assert_eq!(app.authorized("acme-one").await["authorized"], true);
}

#[tokio::test]
async fn rest_83_a_body_without_resources_is_400() {
    let app = App::open().await;
    for path in ["authorize", "preauthorize"] {
        let path = format!("REF30/decisions/{path}/Cablevision");
        let post = |body: &str| send(app.call(Method::POST, &path).body(body.to_owned()));
        let huge = json!({ "resources": ["x".repeat(100_000)] }).to_string();
        for body in [
            "",
            "{",
            "[]",
            "{}",
            r#"{"resources":[]}"#,
            r#"{"resources":"acme-one"}"#,
            r#"{"resources":[1]}"#,
            r#"{"resources":["acme-one",""]}"#,
            r#"{"resources":[" "]}"#,
            r#"{"resources":null}"#,
            "\u{0}",
            &huge,
        ] {
            let answer = post(body).await;
            assert_eq!(answer.refusal(), refused(400, "invalid_parameter_resources"), "{body}");
        }
    }
}

#[tokio::test]
async fn rest_84_too_many_resources_refuse_each_of_them() {
    let app = App::open().await;
    app.sign_in("ben").await;
    let six: Vec<_> = ALL.into_iter().chain(["acme-one"]).collect();
    let body = app.preauthorize(&six).await.ok();
    assert_eq!(items(&body).len(), 6);
    for item in items(&body) {
        let error = &item["error"];
        assert_eq!(error["code"], "too_many_resources");
        assert_eq!((&error["status"], &error["action"]), (&json!(403), &json!("configuration")));
    }
    let two = app.authorize(&["acme-one", "acme-two"]).await.ok();
    let codes: Vec<_> = items(&two).iter().map(|item| item["error"]["code"].clone()).collect();
    assert_eq!(codes, ["too_many_resources", "too_many_resources"]);

    app.push(|catalog| {
        for integration in &mut catalog.integrations {
            integration.settings.all.authorize_resources_max = Some(2);
            integration.settings.all.preflight_resources_max = Some(6);
        }
    });
    assert_eq!(items(&app.preauthorize(&six).await.ok())[5]["authorized"], true);
    let two = app.authorize(&["acme-two", "acme-sports"]).await.ok();
    let permitted: Vec<_> = items(&two).iter().map(|item| item["authorized"].clone()).collect();
    assert_eq!(permitted, [true, false]);
}

#[tokio::test]
async fn rest_85_an_mrss_resource_is_echoed_as_it_was_sent() {
    let app = App::open().await;
    app.sign_in("ben").await;
    let mrss = "<rss version=\"2.0\"  xmlns:media=\"http://search.yahoo.com/mrss/\">\n\
                <channel><title>acme-one</title></channel></rss>";
    let permit = app.authorized(mrss).await;
    assert_eq!(permit["resource"], mrss);
    assert_eq!(permit["authorized"], true, "{permit}");
    assert_eq!(read(&app, &permit).await.expect("a token").resource, mrss);
}

#[tokio::test]
async fn rest_86_a_dummy_integration_permits_without_asking() {
    let app = App::open().await;
    app.sign_in("fay").await;
    app.push(|catalog| {
        for integration in &mut catalog.integrations {
            integration.dummy = true;
        }
    });
    let permit = app.authorized("anything").await;
    assert_eq!((&permit["authorized"], &permit["source"]), (&json!(true), &json!("dummy")));
    assert!(permit["token"]["serializedToken"].is_string());
    let informed = app.preauthorize(&["anything"]).await.ok();
    assert_eq!(informed["decisions"][0]["source"], "dummy");
    assert!(informed["decisions"][0].get("token").is_none());
}

#[tokio::test]
async fn a_provider_in_trouble_is_a_retry_not_an_error_of_the_request() {
    let app = App::with("entitlement.mvpd_deadline", "200ms").await;
    app.sign_in("eve").await;
    for answer in [app.authorize(&["acme-one"]).await, app.preauthorize(&["acme-one"]).await] {
        let body = answer.ok();
        assert_eq!(code(&body), "network_received_error");
        let error = &body["decisions"][0]["error"];
        assert_eq!((&error["status"], &error["action"]), (&json!(403), &json!("retry")));
    }
    app.get("REF30/logout/Cablevision").await.ok();
    app.sign_in("dee").await;
    let late = app.authorize(&["acme-one"]).await.ok();
    assert_eq!(code(&late), "maximum_execution_time_exceeded");
    assert_eq!(late["decisions"][0]["error"]["action"], "retry");
}

#[tokio::test]
async fn rest_88_89_the_cookbooks_path_and_either_media_type_work() {
    let app = App::open().await;
    app.sign_in("ben").await;
    let alias = app.decide("decision/authorize/Cablevision", &["acme-one"]).await.ok();
    assert_eq!(alias["decisions"][0]["authorized"], true);
    for kind in ["application/json", "application/json;charset=utf-8"] {
        let request = app.call(Method::POST, "REF30/decisions/authorize/Cablevision");
        let request = request.header("Content-Type", kind).body(r#"{"resources":["acme-one"]}"#);
        assert_eq!(send(request).await.ok()["decisions"][0]["authorized"], true, "{kind}");
    }
}

#[tokio::test]
async fn rest_90_91_a_media_token_verifies_with_the_published_certificate_and_only_unaltered() {
    let app = App::open().await;
    app.sign_in("ben").await;
    let permit = app.authorized("acme-one").await;
    let token = text(&permit["token"], "serializedToken");
    assert!(token.starts_with("PHNpZ25hdHVyZUluZm8+"), "{token}");
    assert_eq!(token.len() % 4, 0);

    let content = read(&app, &permit).await.expect("a valid token");
    assert_eq!(content.service_provider.as_str(), "REF30");
    assert_eq!(content.resource, "acme-one");
    assert_eq!(content.ttl, Duration::from_mins(7));
    assert_eq!(content.mvpd.as_str(), "Cablevision");
    assert_eq!(content.proxy_mvpd, None);
    let user = text(&app.profile().await["attributes"]["userID"], "value");
    assert_ne!(content.session_guid, user);

    let keys = published(&app).await;
    let mut bytes = STANDARD.decode(&token).expect("Base64");
    let at = bytes.len() / 2;
    bytes[at] ^= 1;
    let altered = STANDARD.encode(&bytes);
    let now = app.house.clock.now();
    assert!(verify(&altered, &keys, Expected::default(), now).is_err());
}

#[tokio::test]
async fn rest_93_the_verifier_names_each_outcome() {
    let app = App::open().await;
    app.sign_in("ben").await;
    let token = text(&app.authorized("acme-one").await["token"], "serializedToken");
    let keys = published(&app).await;
    let status = |token: &str, resource| {
        let expected = Expected { resource, service_provider: None };
        verify(token, &keys, expected, app.house.clock.now())
            .map_or_else(MediaTokenError::status, |_| "VALID_TOKEN")
    };
    assert_eq!(status(&token, None), "VALID_TOKEN");
    assert_eq!(status(&token, Some("acme-one")), "VALID_TOKEN");
    assert_eq!(status(&token, Some("acme-two")), "INVALID_RESOURCE_ID");
    assert_eq!(status("nonsense", None), "INVALID_TOKEN_FORMAT");
    let text = String::from_utf8(STANDARD.decode(&token).expect("Base64")).expect("text");
    let forged = STANDARD.encode(text.replace("acme-one", "acme-two"));
    assert_eq!(status(&forged, None), "INVALID_SIGNATURE");
    app.house.clock.advance(Duration::from_secs(421));
    assert_eq!(status(&token, None), "TOKEN_EXPIRED");
}

#[tokio::test]
async fn media_tokens_can_be_jws_and_verify_with_the_published_key_set() {
    let app = App::with("entitlement.media_token_format", "jws").await;
    app.sign_in("ben").await;
    let token = text(&app.authorized("acme-one").await["token"], "serializedToken");
    let jwks = send(app.house.get("/jwks.json")).await;
    let keys = VerificationKeys::from_json(jwks.text.as_bytes()).expect("a key set");
    let now = app.house.clock.now();
    let expected = Expected { resource: Some("acme-one"), service_provider: Some("REF30") };
    let content = verify(&token, &keys, expected, now).expect("a valid token");
    assert_eq!(content.mvpd.as_str(), "Cablevision");
}

#[tokio::test]
async fn a_crowd_that_wants_the_same_gets_it() {
    let app = Arc::new(App::open().await);
    app.sign_in("ben").await;
    let mut crowd = JoinSet::new();
    for _ in 0..50 {
        let app = Arc::clone(&app);
        crowd.spawn(async move { app.authorized("acme-one").await });
    }
    let permits = crowd.join_all().await;
    assert!(permits.iter().all(|permit| permit["authorized"] == true));
    let first = &permits[0];
    assert!(permits.iter().all(|permit| permit["notAfter"] == first["notAfter"]));
}
