//! The single-sign-on service (`access-variants` §4.4) over real HTTP.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a broken expectation ends the test"
)]

mod support;

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use support::House;
use usher_core::Clock as _;

/// An application of the viewer on one device.
struct Device<'h> {
    house: &'h House,
    token: String,
    channel: &'static str,
    name: &'static str,
}

impl<'h> Device<'h> {
    async fn of(house: &'h House, name: &'static str) -> Self {
        Self { house, token: house.token("acme-tv").await, channel: "REF30", name }
    }

    fn header(&self) -> String {
        format!("fingerprint {}", STANDARD.encode(self.name))
    }

    fn call(&self, method: Method, operation: &str) -> RequestBuilder {
        let url = self.house.url(&format!("/api/{}/{operation}", self.channel));
        let info = json!({ "primaryHardwareType": "TV", "model": "M1", "osName": "Tizen", "osVersion": "8.0" });
        self.house
            .http
            .request(method, url)
            .bearer_auth(&self.token)
            .header("AP-Device-Identifier", self.header())
            .header("X-Device-Info", STANDARD.encode(info.to_string()))
    }

    async fn send(&self, request: RequestBuilder) -> (u16, Value) {
        let answer = self.house.send(request).await;
        let status = answer.status().as_u16();
        (status, answer.json().await.expect("JSON"))
    }

    async fn create(&self, header: &str, value: &str) -> (u16, Value) {
        self.send(self.call(Method::POST, "serviceToken").header(header, value)).await
    }

    /// A token for the viewer `viewer-1` on this device.
    async fn service_token(&self) -> String {
        let (status, body) = self.create("X-SSO-ID", "viewer-1").await;
        assert_eq!(status, 201, "{body}");
        text(&body, "serviceToken")
    }

    async fn with_token(&self, method: Method, operation: &str, token: &str) -> (u16, Value) {
        self.send(self.call(method, operation).header("AD-Service-Token", token)).await
    }

    async fn unlink(&self, token: &str, devices: &Value) -> (u16, Value) {
        let request = self.call(Method::POST, "unlink").header("AD-Service-Token", token);
        self.send(request.json(&json!({ "devices": devices }))).await
    }
}

fn text(value: &Value, member: &str) -> String {
    value[member].as_str().expect("text").to_owned()
}

fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).expect("a payload");
    let payload = URL_SAFE_NO_PAD.decode(payload).expect("base64url");
    serde_json::from_slice(&payload).expect("JSON")
}

/// Status, and code of the wrapped error.
fn refusal((status, body): (u16, Value)) -> (u16, String, String) {
    assert!(body.get("serviceToken").is_none() && body.get("code").is_none(), "{body}");
    let error = &body["error"];
    assert_eq!(error["status"], status, "{body}");
    for member in ["message", "action", "helpUrl", "trace"] {
        assert!(error[member].is_string(), "{member} in {body}");
    }
    (status, text(&body, "status"), text(error, "code"))
}

fn refused(status: u16, word: &str, code: &str) -> (u16, String, String) {
    (status, word.to_owned(), code.to_owned())
}

#[tokio::test]
async fn var_26_a_token_names_the_viewer_for_an_hour() {
    let house = House::open().await;
    let tv = Device::of(&house, "tv").await;
    let (status, body) = tv.create("X-SSO-ID", "viewer-1").await;
    assert_eq!((status, &body["status"]), (201, &json!("CREATED")));
    let claims = claims(&text(&body, "serviceToken"));
    let mut names: Vec<_> = claims.as_object().expect("claims").keys().cloned().collect();
    names.sort();
    assert_eq!(names, ["exp", "iat", "iss", "nbf", "sub"]);
    assert_eq!(claims["iss"], "ssoservicetoken");
    assert_eq!(claims["sub"], "viewer-1");
    let now = house.clock.now().as_secs();
    assert_eq!(claims["iat"], now);
    assert_eq!(claims["exp"], now + 3_600);
    assert_eq!(body["notBefore"], now * 1_000);
    assert_eq!(body["notAfter"], (now + 3_600) * 1_000);
}

#[tokio::test]
async fn var_27_what_a_call_lacks_is_named() {
    let house = House::open().await;
    let tv = Device::of(&house, "tv").await;
    let nobody = tv.send(tv.call(Method::POST, "serviceToken")).await;
    assert_eq!(refusal(nobody), refused(400, "BAD_REQUEST", "header_missing"));
    let url = house.url("/api/REF30/serviceToken");
    let nameless = house.http.post(url).bearer_auth(&tv.token).header("X-SSO-ID", "viewer-1");
    assert_eq!(refusal(tv.send(nameless).await), refused(400, "BAD_REQUEST", "header_missing"));
    let refresh = tv.send(tv.call(Method::GET, "serviceToken")).await;
    assert_eq!(refusal(refresh), refused(400, "BAD_REQUEST", "header_missing"));
    for (method, operation) in
        [(Method::POST, "link"), (Method::POST, "unlink"), (Method::GET, "list")]
    {
        let bare = tv.send(tv.call(method, operation)).await;
        assert_eq!(refusal(bare), refused(401, "UNAUTHORIZED", "header_missing"), "{operation}");
    }
    let stranger = Device { token: "nonsense".to_owned(), ..Device::of(&house, "tv").await };
    let stranger = stranger.create("X-SSO-ID", "viewer-1").await;
    assert_eq!(refusal(stranger), refused(401, "UNAUTHORIZED", "unauthorized"));
    let wrong = house.send(tv.call(Method::DELETE, "list")).await;
    assert_eq!(wrong.status(), 405);
    assert!(wrong.headers().contains_key("allow"));
    for sub in ["", "x".repeat(257).as_str()] {
        let (status, _) = tv.create("X-SSO-ID", sub).await;
        assert_eq!(status, 400);
    }
}

#[tokio::test]
async fn var_28_a_link_code_makes_another_device_the_same_viewer_once() {
    let house = House::open().await;
    let (tv, phone) = (Device::of(&house, "tv").await, Device::of(&house, "phone").await);
    let token = tv.service_token().await;
    let (status, link) = tv.with_token(Method::POST, "link", &token).await;
    assert_eq!((status, &link["status"]), (201, &json!("CREATED")));
    let code = text(&link, "code");
    assert!(code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit()), "{code}");
    let life = link["notAfter"].as_i64().expect("ms") - link["notBefore"].as_i64().expect("ms");
    assert_eq!(life, 30 * 60_000);

    // Of both headers the link wins.
    let both = phone.call(Method::POST, "serviceToken");
    let both = both.header("X-SSO-LINK", &code).header("X-SSO-ID", "somebody-else");
    let (status, linked) = phone.send(both).await;
    assert_eq!(status, 201, "{linked}");
    assert_eq!(claims(&text(&linked, "serviceToken"))["sub"], "viewer-1");
    let again = phone.create("X-SSO-LINK", &code).await;
    assert_eq!(refusal(again), refused(400, "BAD_REQUEST", "token_invalid"));

    let late = text(&tv.with_token(Method::POST, "link", &token).await.1, "code");
    house.clock.advance(Duration::from_millis(30 * 60_000 + 1));
    let expired = phone.create("X-SSO-LINK", &late).await;
    assert_eq!(refusal(expired), refused(400, "BAD_REQUEST", "token_invalid"));
}

#[tokio::test]
async fn guessing_codes_is_slowed_down() {
    let house = House::open().await;
    let (tv, phone) = (Device::of(&house, "tv").await, Device::of(&house, "phone").await);
    let token = tv.service_token().await;
    let code = text(&tv.with_token(Method::POST, "link", &token).await.1, "code");
    let wrong = if code == "000000" { "000001" } else { "000000" };
    for _ in 0..5 {
        assert_eq!(phone.create("X-SSO-LINK", wrong).await.0, 400);
    }
    let (status, _) = phone.create("X-SSO-LINK", &code).await;
    assert_eq!(status, 429, "not even the right one counts now");
    // Another device name at the same address does not help.
    let tablet = Device::of(&house, "tablet").await;
    assert_eq!(tablet.create("X-SSO-LINK", &code).await.0, 429);
    house.clock.advance(Duration::from_mins(10));
    assert_eq!(phone.create("X-SSO-LINK", &code).await.0, 201);
}

#[tokio::test]
async fn var_29_a_viewer_sees_the_devices_and_sends_some_away() {
    let house = House::open().await;
    let (tv, phone) = (Device::of(&house, "tv").await, Device::of(&house, "phone").await);
    let token = tv.service_token().await;
    let phone_token = phone.service_token().await;
    // The viewer signs in on the television.
    let redirect = house.url("/demo/done");
    let form =
        [("mvpd", "Cablevision"), ("domainName", "127.0.0.1"), ("redirectUrl", redirect.as_str())];
    let session = house
        .post("/api/v2/REF30/sessions")
        .bearer_auth(&tv.token)
        .header("AP-Device-Identifier", tv.header())
        .header("AD-Service-Token", &token)
        .form(&form);
    let (_, session) = tv.send(session).await;
    house.browse_and_sign_in(&house.url(&text(&session, "url")), "ann").await;

    let (status, list) = tv.with_token(Method::GET, "list", &token).await;
    assert_eq!(status, 200);
    let devices = &list["devices"];
    assert_eq!(devices["tv"]["type"], "regular");
    assert_eq!(devices["phone"]["type"], "sso");
    assert_eq!(
        devices["tv"],
        json!({
            "deviceType": "TV", "model": "M1", "os": "Tizen", "osVersion": "8.0",
            "lastSeen": house.clock.now().as_millis(), "type": "regular",
        })
    );

    // The other device shares the sign-in until it is sent away.
    let shared = || async {
        let profile = house
            .get("/api/v2/REF30/profiles/Cablevision")
            .bearer_auth(&phone.token)
            .header("AP-Device-Identifier", phone.header())
            .header("AD-Service-Token", &phone_token);
        phone.send(profile).await.1["profiles"]["Cablevision"]["type"].clone()
    };
    assert_eq!(shared().await, "serviceTokenSSO");
    let (status, unlinked) = tv.unlink(&token, &json!(["phone", "stranger"])).await;
    assert_eq!((status, &unlinked["unlinkedDevices"]), (200, &json!(["phone"])));
    assert_eq!(shared().await, Value::Null);
    let (status, list) = tv.with_token(Method::GET, "list", &token).await;
    assert_eq!(status, 200);
    assert_eq!(list["devices"].as_object().map(serde_json::Map::len), Some(1));
    for (method, operation) in
        [(Method::GET, "list"), (Method::POST, "link"), (Method::GET, "serviceToken")]
    {
        let refused = phone.with_token(method, operation, &phone_token).await;
        assert_eq!(refusal(refused).2, "token_invalid", "{operation}");
    }
}

#[tokio::test]
async fn devices_are_sent_away_by_any_of_their_names() {
    let house = House::open().await;
    let tv = Device::of(&house, "tv").await;
    let token = tv.service_token().await;
    for name in ["cGhvbmU=", "fingerprint cGhvbmU=", "phone"] {
        Device::of(&house, "phone").await.service_token().await;
        let (_, unlinked) = tv.unlink(&token, &json!([name])).await;
        assert_eq!(unlinked["unlinkedDevices"], json!(["phone"]), "{name}");
    }
    for nothing in [json!([]), json!(null), json!("phone"), json!([1])] {
        let refused_body = tv.unlink(&token, &nothing).await;
        let expected = refused(400, "BAD_REQUEST", "request_invalid");
        assert_eq!(refusal(refused_body), expected, "{nothing}");
    }
    let empty = tv.with_token(Method::POST, "unlink", &token).await;
    assert_eq!(refusal(empty), refused(400, "BAD_REQUEST", "request_null"));
}

#[tokio::test]
async fn var_30_a_token_can_be_exchanged_until_a_day_after_its_end() {
    let house = House::open().await;
    let tv = Device::of(&house, "tv").await;
    let token = tv.service_token().await;
    house.clock.advance(Duration::from_hours(1));
    let expired = tv.with_token(Method::GET, "list", &token).await;
    assert_eq!(refusal(expired), refused(401, "UNAUTHORIZED", "token_expired"));
    house.clock.advance(Duration::from_hours(24) - Duration::from_secs(1));
    let fresh_access = house.token("acme-tv").await;
    let tv = Device { token: fresh_access, ..tv };
    let (status, fresh) = tv.with_token(Method::GET, "serviceToken", &token).await;
    assert_eq!((status, &fresh["status"]), (200, &json!("OK")), "{fresh}");
    let fresh = text(&fresh, "serviceToken");
    assert_eq!(claims(&fresh)["sub"], "viewer-1");
    assert_eq!(tv.with_token(Method::GET, "list", &fresh).await.0, 200);
    house.clock.advance(Duration::from_secs(1));
    let late = tv.with_token(Method::GET, "serviceToken", &token).await;
    assert_eq!(refusal(late), refused(401, "UNAUTHORIZED", "token_expired"));
}

#[tokio::test]
async fn a_token_is_good_for_its_own_company_and_its_own_device() {
    let house = House::open().await;
    let (tv, phone) = (Device::of(&house, "tv").await, Device::of(&house, "phone").await);
    let token = tv.service_token().await;
    let globex = Device {
        token: house.token("globex-tv").await,
        channel: "GLOBEX1",
        ..Device::of(&house, "tv").await
    };
    assert_eq!(refusal(globex.with_token(Method::GET, "list", &token).await).2, "token_invalid");
    assert_eq!(refusal(phone.with_token(Method::GET, "list", &token).await).2, "token_invalid");
    // The company is part of what is signed.
    let (header, rest) = token.split_once('.').expect("a header");
    let header = URL_SAFE_NO_PAD.decode(header).expect("base64url");
    let header = String::from_utf8(header).expect("text").replace("/acme", "/globex");
    let moved = format!("{}.{rest}", URL_SAFE_NO_PAD.encode(header));
    assert_eq!(refusal(globex.with_token(Method::GET, "list", &moved).await).2, "header_invalid");
    // The same id at another company is another viewer.
    let other = text(&globex.create("X-SSO-ID", "viewer-1").await.1, "serviceToken");
    let (_, list) = globex.with_token(Method::GET, "list", &other).await;
    assert_eq!(list["devices"].as_object().map(serde_json::Map::len), Some(1));
    let access = tv.token.clone();
    assert_eq!(refusal(tv.with_token(Method::GET, "list", &access).await).2, "header_invalid");
}

#[tokio::test]
async fn what_was_issued_survives_a_restart() {
    let mut house = House::open().await;
    let tv = Device::of(&house, "tv").await;
    let token = tv.service_token().await;
    let code = text(&tv.with_token(Method::POST, "link", &token).await.1, "code");
    house.restart().await;
    let (tv, phone) = (Device::of(&house, "tv").await, Device::of(&house, "phone").await);
    assert_eq!(tv.with_token(Method::GET, "list", &token).await.0, 200);
    assert_eq!(phone.create("X-SSO-LINK", &code).await.0, 201);
}

#[tokio::test]
async fn the_names_of_the_documented_tables_are_an_option() {
    let house =
        House::with(&[("throttle.enabled", "false"), ("entitlement.sso_table_names", "true")])
            .await;
    let tv = Device::of(&house, "tv").await;
    let (_, created) = tv.create("X-SSO-ID", "viewer-1").await;
    assert_eq!(created["jws"], created["serviceToken"]);
    let (_, link) = tv.with_token(Method::POST, "link", &text(&created, "jws")).await;
    assert_eq!(link["link"], link["code"]);
}
