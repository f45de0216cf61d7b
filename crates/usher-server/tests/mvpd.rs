//! The TV provider's side of the journey (`mvpd`), over real HTTP against the whole server.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a broken expectation ends the test"
)]

mod support;

#[path = "mvpd/peer.rs"]
mod peer;

use std::collections::HashMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use peer::{FullHouse, Peer};
use reqwest::{RequestBuilder, Response, StatusCode, Url};
use serde_json::{Value, json};
use support::House;

const DEVICE: &str = "fingerprint bXZwZC10ZXN0cw==";
const DECISIONS: &str = "{base}/demo/cablevision/decisions";

/// An app on a device, and the viewer in front of it.
struct Couch<'h> {
    house: &'h House,
    token: String,
    /// The code of its authentication session.
    code: String,
}

impl<'h> Couch<'h> {
    /// A couch whose viewer has signed in at `Cablevision`.
    async fn with(house: &'h House, viewer: &str) -> Self {
        let token = house.token("acme-tv").await;
        let code = house.sign_in(&token, DEVICE, "Cablevision", viewer).await;
        Self { house, token, code }
    }

    /// A couch whose app has just asked for a sign-in, and where to open it.
    async fn before_sign_in(house: &'h House) -> (Self, String) {
        let token = house.token("acme-tv").await;
        let couch = Self { house, token, code: String::new() };
        let form = [
            ("mvpd", "Cablevision"),
            ("domainName", "127.0.0.1"),
            ("redirectUrl", &house.url("/demo/done")),
        ];
        let session = couch.call(house.post("/api/v2/REF30/sessions").form(&form)).await;
        let code = session["code"].as_str().expect("a code").to_owned();
        (Self { code, ..couch }, house.url(session["url"].as_str().expect("a URL")))
    }

    async fn call(&self, request: RequestBuilder) -> Value {
        let request = request.bearer_auth(&self.token).header("AP-Device-Identifier", DEVICE);
        self.house.send(request).await.json().await.expect("JSON")
    }

    async fn profile(&self) -> Value {
        let path = format!("/api/v2/REF30/profiles/code/{}", self.code);
        self.call(self.house.get(&path)).await["profiles"]["Cablevision"].clone()
    }

    async fn authorize(&self, resource: &str) -> Value {
        self.decide("authorize", &[resource]).await[0].clone()
    }

    async fn preauthorize(&self, resources: &[&str]) -> Vec<Value> {
        self.decide("preauthorize", resources).await.as_array().expect("a list").clone()
    }

    async fn decide(&self, operation: &str, resources: &[&str]) -> Value {
        let path = format!("/api/v2/REF30/decisions/{operation}/Cablevision");
        let request = self.house.post(&path).json(&json!({ "resources": resources }));
        self.call(request).await["decisions"].clone()
    }

    /// Posts the form of `page` as it was given, with a name and a password.
    async fn submit(&self, page: &str, username: &str, password: &str) -> Response {
        let value = |before: &str| {
            let (_, rest) = page.split_once(before).expect("the form");
            rest.split('"').next().unwrap_or_default().to_owned()
        };
        let form = [
            ("request", value(r#"name="request" value=""#)),
            ("username", username.to_owned()),
            ("password", password.to_owned()),
        ];
        let action = value(r#"<form method="post" action=""#);
        self.house.send(self.house.post(&action).form(&form)).await
    }
}

/// A house that gives providers `deadline` to answer.
async fn house_with_deadline(deadline: &str) -> House {
    House::with(&[("throttle.enabled", "false"), ("entitlement.mvpd_deadline", deadline)]).await
}

fn location(answer: &Response) -> Url {
    let location = answer.headers()["location"].to_str().expect("text");
    answer.url().join(location).expect("a URL")
}

fn query(url: &Url) -> HashMap<String, String> {
    url.query_pairs().into_owned().collect()
}

fn error(decision: &Value) -> &str {
    decision["error"]["code"].as_str().unwrap_or("no error")
}

#[tokio::test]
async fn mvpd_13_the_sign_in_sends_pkce_and_state_and_a_foreign_state_yields_no_profile() {
    let house = House::open().await;
    let (couch, start) = Couch::before_sign_in(&house).await;

    let (login, page) = house.browse(house.http.get(start)).await;
    let login = Url::parse(&login).expect("a URL");
    assert_eq!(login.path(), "/demo/cablevision/authorize");
    let asked = query(&login);
    assert_eq!(asked["code_challenge_method"], "S256");
    assert_eq!(asked["code_challenge"].len(), 43);
    assert_eq!(asked["client_id"], "usher-ref30");
    assert!(asked["state"].len() >= 22, "the state cannot be guessed");

    let mut callback = location(&couch.submit(&page, "ann", "ann").await);
    assert_eq!(query(&callback)["state"], asked["state"]);
    let code = query(&callback)["code"].clone();
    callback.query_pairs_mut().clear().extend_pairs([("code", &*code), ("state", "another")]);
    house.browse(house.http.get(callback)).await;
    assert_eq!(couch.profile().await, Value::Null);
}

#[tokio::test]
async fn a_wrong_password_shows_the_form_again_and_the_second_try_counts() {
    let house = House::open().await;
    let (couch, start) = Couch::before_sign_in(&house).await;
    let (_, page) = house.browse(house.http.get(start)).await;

    let again = couch.submit(&page, "ann", "wrong").await;

    assert_eq!(again.status(), StatusCode::OK);
    let page = again.text().await.expect("a page");
    assert!(page.contains(r#"role="alert""#), "{page}");
    let back = location(&couch.submit(&page, "ann", "ann").await);
    house.browse(house.http.get(back)).await;
    assert_eq!(couch.profile().await["type"], "regular");
}

#[tokio::test]
async fn the_viewer_becomes_a_profile_with_the_providers_metadata_and_life_time() {
    let house = House::open().await;
    let ann = Couch::with(&house, "ann").await.profile().await;
    let ben = Couch::with(&house, "ben").await.profile().await;
    let life = |profile: &Value| {
        let at = |member: &str| profile[member].as_i64().expect("a number");
        (at("notAfter") - at("notBefore")) / 3_600_000
    };
    assert_eq!(ann["issuer"], "Cablevision");
    assert_eq!(ann["attributes"]["hba_status"]["value"], "true");
    assert_eq!(ben["attributes"]["hba_status"]["value"], "false");
    // Home-based: `hba_authn_ttl` of the catalog; else `authn_ttl` of unidentified devices.
    assert_eq!((life(&ann), life(&ben)), (7 * 24, 24));

    let attributes = &ben["attributes"];
    assert_eq!(attributes["channelID"]["value"], json!(["acme-one", "acme-two"]));
    assert_eq!(attributes["maxRating"]["value"]["VCHIP"], "TV-MA");
    assert_eq!(attributes["upstreamUserID"]["value"], attributes["userID"]["value"]);
    assert_ne!(attributes["userID"], ann["attributes"]["userID"]);
    assert!(attributes["householdID"]["value"].is_string());
    assert_eq!(attributes["zip"]["state"], "enc");
}

#[tokio::test]
async fn denials_say_why_and_carry_the_providers_text() {
    let house = House::open().await;
    let cam = Couch::with(&house, "cam").await;
    let denied = cam.authorize("acme-movies").await;
    assert_eq!(error(&denied), "authorization_denied_by_parental_controls");
    assert_eq!(cam.authorize("acme-one").await["authorized"], true);

    let denied = Couch::with(&house, "fay").await.authorize("acme-one").await;
    assert_eq!(error(&denied), "authorization_denied_by_mvpd");
    let details = denied["error"]["details"].as_str().expect("a text");
    assert!(details.contains("no TV package"), "{details}");
}

#[tokio::test]
async fn a_viewer_whose_session_the_provider_ended_must_sign_in_again() {
    let house = House::open().await;
    let gus = Couch::with(&house, "gus").await;
    let denied = gus.authorize("acme-one").await;
    assert_eq!(error(&denied), "authorization_denied_by_session_invalidated");
    assert_eq!(error(&gus.authorize("acme-one").await), "authenticated_profile_invalidated");
}

#[tokio::test]
async fn mvpd_24_err_23_no_connection_a_broken_answer_and_a_slow_one_have_codes_of_their_own() {
    let patient = house_with_deadline("5s").await;
    let eve = Couch::with(&patient, "eve").await;
    let broken = eve.authorize("acme-one").await;
    let full = FullHouse::open().await;
    patient.push_texts(&[(DECISIONS, &full.url)]);
    let unconnected = eve.authorize("acme-one").await;

    let hasty = house_with_deadline("200ms").await;
    let slow = Couch::with(&hasty, "dee").await.authorize("acme-one").await;

    for (decision, code) in [
        (unconnected, "network_connection_timeout"),
        (broken, "network_received_error"),
        (slow, "maximum_execution_time_exceeded"),
    ] {
        assert_eq!(error(&decision), code);
        assert_eq!(decision["error"]["action"], "retry");
        assert_eq!(decision["authorized"], false);
    }
}

#[tokio::test]
async fn mvpd_28_too_many_resources_ask_nobody_until_the_limit_is_raised() {
    let house = House::open().await;
    let couch = Couch::with(&house, "ann").await;
    let decisions = Peer::answering(200, r#"{"decision":"Permit"}"#).await;
    let six = ["1", "2", "3", "4", "5", "6"];

    house.push_texts(&[(DECISIONS, &decisions.url)]);
    let items = couch.preauthorize(&six).await;
    assert_eq!(items.iter().map(error).collect::<Vec<_>>(), ["too_many_resources"; 6]);
    assert_eq!(decisions.asked(), 0);

    let raised = ("hba_authn_ttl = ", "preflight_resources_max = 10\nhba_authn_ttl = ");
    house.push_texts(&[(DECISIONS, &decisions.url), raised]);
    let items = couch.preauthorize(&six).await;
    assert!(items.len() == 6 && items.iter().all(|item| item["authorized"] == true), "{items:?}");
    // Fork and join: one question for each.
    assert_eq!(decisions.asked(), 6);
}

#[tokio::test]
async fn mvpd_21_25_a_permit_is_asked_for_once_with_the_documented_parameters() {
    let house = House::open().await;
    let couch = Couch::with(&house, "ann").await;
    let decisions = Peer::answering(200, r#"{"decision":"Permit","ttl":60}"#).await;
    house.push_texts(&[(DECISIONS, &decisions.url)]);

    let first = couch.authorize("acme-sports").await;
    house.clock.advance(Duration::from_secs(59));
    let second = couch.authorize("acme-sports").await;
    assert_eq!(decisions.asked(), 1);
    assert_ne!(first["token"]["serializedToken"], second["token"]["serializedToken"]);
    assert_eq!(first["notAfter"], second["notAfter"]);
    house.clock.advance(Duration::from_secs(2));
    couch.authorize("acme-sports").await;
    assert_eq!(decisions.asked(), 2);

    let asked = query(&house.url(&decisions.last()).parse().expect("a URL"));
    let mrss = String::from_utf8(STANDARD.decode(&asked["mrss"]).expect("base64")).expect("text");
    assert!(mrss.contains("<channel><title>acme-sports</title></channel>"), "{mrss}");
    let user = couch.profile().await["attributes"]["userID"]["value"].clone();
    assert_eq!(user, asked["uuID"].as_str());
    assert_eq!(asked["IPAddress"], "127.0.0.1");
}

#[tokio::test]
async fn a_document_that_names_the_channel_is_decided_like_its_plain_id() {
    let house = House::open().await;
    let ben = Couch::with(&house, "ben").await;
    let mrss = |channel: &str| {
        format!(r#"<rss version="2.0"><channel><title>{channel}</title></channel></rss>"#)
    };
    assert_eq!(ben.authorize(&mrss("acme-two")).await["authorized"], true);
    assert_eq!(error(&ben.authorize(&mrss("acme-kids")).await), "authorization_denied_by_mvpd");
    assert_eq!(ben.authorize("<rss><channel>").await["authorized"], false);
}

#[tokio::test]
async fn an_access_token_that_ran_out_is_renewed_without_the_viewer() {
    let house = House::open().await;
    let ann = Couch::with(&house, "ann").await;
    assert_eq!(ann.authorize("acme-one").await["authorized"], true);
    // The provider's access tokens and permits both last an hour, usher's own tokens six; the
    // decision point refuses an access token that ran out.
    house.clock.advance(Duration::from_hours(2));
    assert_eq!(ann.authorize("acme-one").await["authorized"], true);
}

#[tokio::test]
async fn a_sign_in_outlives_a_restart_of_the_provider() {
    let mut house = House::open().await;
    let Couch { token, code, .. } = Couch::with(&house, "ann").await;
    house.restart().await;
    let ann = Couch { house: &house, token, code };
    assert_eq!(ann.authorize("acme-one").await["authorized"], true);
    house.clock.advance(Duration::from_hours(2));
    assert_eq!(ann.authorize("acme-one").await["authorized"], true);
}

#[tokio::test]
async fn mvpd_16_a_home_based_sign_in_is_asked_for_where_it_is_wanted() {
    let house = House::open().await;
    for wanted in [false, true] {
        house.push(|catalog| {
            for integration in &mut catalog.integrations {
                integration.settings.all.attempt_hba = Some(wanted);
            }
        });
        let (_, start) = Couch::before_sign_in(&house).await;
        let provider = location(&house.send(house.http.get(start)).await);
        assert_eq!(query(&provider).get("hba_flag").map(String::as_str), wanted.then_some("true"));
    }
    let ann = Couch::with(&house, "ann").await.profile().await;
    assert_eq!(ann["attributes"]["hba_status"]["value"], "true");
    let lifetime = ann["notAfter"].as_i64().zip(ann["notBefore"].as_i64()).map(|(to, at)| to - at);
    assert_eq!(lifetime, Some(7 * 24 * 3_600_000));
}

#[tokio::test]
async fn mvpd_15_a_refused_refresh_token_ends_the_profile() {
    let house = House::open().await;
    let ann = Couch::with(&house, "ann").await;
    let tokens = Peer::answering(400, r#"{"error":"invalid_grant"}"#).await;
    house.push_texts(&[("{base}/demo/cablevision/token", &tokens.url)]);
    house.clock.advance(Duration::from_hours(2));

    let denied = ann.authorize("acme-one").await;

    assert_eq!(error(&denied), "authorization_denied_by_session_invalidated");
    assert_eq!(tokens.asked(), 1);
    assert_eq!(error(&ann.authorize("acme-one").await), "authenticated_profile_invalidated");
}

#[tokio::test]
async fn mvpd_36_a_disabled_integration_is_invisible_and_its_profiles_wait() {
    let house = House::open().await;
    let ann = Couch::with(&house, "ann").await;
    let before = ann.profile().await;
    let configured = async || {
        let configuration = ann.call(house.get("/api/v2/REF30/configuration")).await;
        configuration.to_string().contains(r#""id":"Cablevision""#)
    };
    let profile = house.get("/api/v2/REF30/profiles/Cablevision");

    let client = r#"client_id = "usher-ref30""#;
    house.push_texts(&[(client, &format!("enabled = false\n{client}"))]);
    assert!(!configured().await);
    assert_eq!(ann.call(profile).await["code"], "invalid_integration");

    house.push_texts(&[]);
    assert!(configured().await);
    assert_eq!(ann.profile().await["notAfter"], before["notAfter"]);
}

#[tokio::test]
async fn logging_out_leads_over_the_provider_to_the_app() {
    let house = House::open().await;
    let ann = Couch::with(&house, "ann").await;
    let back = house.url("/demo/done");
    let logout =
        house.get("/api/v2/REF30/logout/Cablevision").query(&[("redirectUrl", back.as_str())]);
    let logout = ann.call(logout).await["logouts"]["Cablevision"].clone();
    assert_eq!(logout["actionName"], "logout");
    assert_eq!(ann.profile().await, Value::Null);
    let url = logout["url"].as_str().expect("an address");
    let provider = location(&house.send(house.http.get(url)).await);
    assert_eq!(provider.path(), "/demo/cablevision/logout");
    assert!(query(&provider).contains_key("id_token_hint"));
    assert_eq!(house.browse(house.http.get(provider)).await.0, back);
}

#[tokio::test]
async fn pages_of_the_demo_may_not_be_framed_and_run_no_script() {
    let house = House::open().await;
    let (_, start) = Couch::before_sign_in(&house).await;
    let (login, _) = house.browse(house.http.get(start)).await;
    for url in [login, house.url("/demo/"), house.url("/demo/done")] {
        let page = house.send(house.http.get(url)).await;
        assert_eq!(page.status(), StatusCode::OK);
        let policy = page.headers()["content-security-policy"].to_str().expect("text").to_owned();
        assert!(policy.contains("default-src 'none'"), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        assert_eq!(page.headers()["x-frame-options"], "DENY");
        assert!(!page.text().await.expect("a page").contains("<script"));
    }
}
