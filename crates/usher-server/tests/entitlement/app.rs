//! An application on one device, and the viewer in front of it.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use reqwest::header::{HeaderMap, LOCATION};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use usher_core::Clock as _;
use usher_registry::Catalog;

use crate::support::House;

pub(crate) const DEVICE: &str = "fingerprint bGl2aW5nLXJvb20=";
pub(crate) const OTHER_DEVICE: &str = "fingerprint a2l0Y2hlbg==";
/// Where viewers land; kept exactly as written here.
pub(crate) const DONE: &str = "https://WWW.acme.example/done?a=%20b&c#d";

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// The body of a success.
    pub(crate) fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{self:?}");
        self.json()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Status and code of an error of the whole request.
    pub(crate) fn refusal(&self) -> (u16, String) {
        let code = self.json()["code"].as_str().map(str::to_owned);
        (self.status, code.unwrap_or_default())
    }
}

/// What a refusal with this status and code looks like.
pub(crate) fn refused(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

pub(crate) async fn send(request: RequestBuilder) -> Answer {
    let response = request.send().await.expect("the server answers");
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Answer { status, headers, text: response.text().await.expect("text") }
}

/// `value` as `X-Device-Info` carries it.
pub(crate) fn device_info(value: &Value) -> String {
    STANDARD.encode(value.to_string())
}

/// A demo world, and a client of `acme-tv` in it.
pub(crate) struct App {
    pub(crate) house: House,
    pub(crate) token: String,
    /// Id and secret.
    pub(crate) client: (String, String),
}

impl App {
    pub(crate) async fn open() -> Self {
        Self::of(House::open().await).await
    }

    pub(crate) async fn with(setting: &str, value: &str) -> Self {
        let settings = [("throttle.enabled", "false"), (setting, value)];
        Self::of(House::with(&settings).await).await
    }

    /// With the production throttle.
    pub(crate) async fn throttled() -> Self {
        Self::of(House::with(&[]).await).await
    }

    async fn of(house: House) -> Self {
        let client = house.client("acme-tv").await;
        let token = house.token_of(&client).await;
        Self { house, token, client }
    }

    /// Gets the same client another token.
    pub(crate) async fn renew_token(&mut self) {
        self.token = self.house.token_of(&self.client).await;
    }

    /// A call of this client without device; the path is below `/api/v2/`.
    pub(crate) fn bare(&self, method: Method, path: &str) -> RequestBuilder {
        let url = self.house.url(&format!("/api/v2/{path}"));
        self.house.http.request(method, url).bearer_auth(&self.token)
    }

    /// A call of this client from its device.
    pub(crate) fn call(&self, method: Method, path: &str) -> RequestBuilder {
        self.bare(method, path).header("AP-Device-Identifier", DEVICE)
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        send(self.call(Method::GET, path)).await
    }

    pub(crate) async fn create(&self, form: &[(&str, &str)]) -> Answer {
        send(self.call(Method::POST, "REF30/sessions").form(form)).await
    }

    pub(crate) async fn resume(&self, code: &str, form: &[(&str, &str)]) -> Answer {
        send(self.bare(Method::POST, &format!("REF30/sessions/{code}")).form(form)).await
    }

    /// A complete session for `Cablevision`.
    pub(crate) async fn session(&self) -> Value {
        self.create(&complete()).await.ok()
    }

    pub(crate) async fn session_code(&self) -> String {
        text(&self.session().await, "code")
    }

    /// Signs `viewer` in at `Cablevision`; the answer is the code of the session.
    pub(crate) async fn sign_in(&self, viewer: &str) -> String {
        let session = self.session().await;
        assert_eq!(self.browse(&text(&session, "url"), viewer).await, DONE, "{session}");
        text(&session, "code")
    }

    /// Opens `url` in a browser, signs `viewer` in when asked, and follows until it leaves this house.
    pub(crate) async fn browse(&self, url: &str, viewer: &str) -> String {
        let mut url = self.absolute(url);
        for _ in 0..10 {
            let page = send(self.house.http.get(&url)).await;
            let next = if page.status == 200 { self.fill_in(&page, viewer).await } else { page };
            url = self.absolute(&location(&next));
            if !url.starts_with(&self.house.base) {
                return url;
            }
        }
        panic!("the browser went round in circles, last to {url}")
    }

    /// Posts the provider's form, as it was given, with name and password.
    pub(crate) async fn fill_in(&self, page: &Answer, viewer: &str) -> Answer {
        self.fill_in_with(page, viewer, viewer).await
    }

    pub(crate) async fn fill_in_with(&self, page: &Answer, viewer: &str, password: &str) -> Answer {
        let request = between(&page.text, r#"name="request" value=""#, "\"");
        let action = between(&page.text, r#"<form method="post" action=""#, "\"");
        let form = [("request", request.as_str()), ("username", viewer), ("password", password)];
        send(self.house.http.post(self.absolute(&action)).form(&form)).await
    }

    pub(crate) fn absolute(&self, url: &str) -> String {
        if url.starts_with('/') { self.house.url(url) } else { url.to_owned() }
    }

    pub(crate) async fn poll(&self, code: &str) -> Answer {
        send(self.bare(Method::GET, &format!("REF30/profiles/code/{code}"))).await
    }

    /// The signed-in viewer's profile at `Cablevision`.
    pub(crate) async fn profile(&self) -> Value {
        self.get("REF30/profiles/Cablevision").await.ok()["profiles"]["Cablevision"].clone()
    }

    pub(crate) async fn authorize(&self, resources: &[&str]) -> Answer {
        self.decide("decisions/authorize/Cablevision", resources).await
    }

    pub(crate) async fn preauthorize(&self, resources: &[&str]) -> Answer {
        self.decide("decisions/preauthorize/Cablevision", resources).await
    }

    pub(crate) async fn decide(&self, path: &str, resources: &[&str]) -> Answer {
        let body = json!({ "resources": resources });
        send(self.call(Method::POST, &format!("REF30/{path}")).json(&body)).await
    }

    /// The only decision on `resource`.
    pub(crate) async fn authorized(&self, resource: &str) -> Value {
        self.authorize(&[resource]).await.ok()["decisions"][0].clone()
    }

    /// Has the operator revoke this client.
    pub(crate) async fn revoke_client(&self) {
        let payload = self.token.split('.').nth(1).expect("a JWT");
        let claims = URL_SAFE_NO_PAD.decode(payload).expect("base64");
        let claims: Value = serde_json::from_slice(&claims).expect("claims");
        let client = text(&claims, "sub");
        let path = format!("/admin/v1/release-production/clients/{client}/revocation");
        let request = self.house.post(&path).bearer_auth(text(&self.house.demo, "admin_token"));
        assert_eq!(send(request).await.status, 204);
    }

    pub(crate) fn now(&self) -> i64 {
        self.house.clock.now().as_millis()
    }

    /// Pushes the demo's catalog with a change.
    pub(crate) fn push(&self, change: impl FnOnce(&mut Catalog)) {
        self.house.push(change);
    }
}

/// Everything a session needs.
pub(crate) fn complete() -> [(&'static str, &'static str); 3] {
    [("mvpd", "Cablevision"), ("domainName", "acme.example"), ("redirectUrl", DONE)]
}

pub(crate) fn text(value: &Value, member: &str) -> String {
    value[member].as_str().unwrap_or_else(|| panic!("no text `{member}` in {value}")).to_owned()
}

pub(crate) fn number(value: &Value, member: &str) -> i64 {
    value[member].as_i64().unwrap_or_else(|| panic!("no number `{member}` in {value}"))
}

/// The names of the members of an object, in order of the alphabet.
pub(crate) fn members(value: &Value) -> Vec<&str> {
    let mut names: Vec<_> =
        value.as_object().expect("an object").keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}

pub(crate) fn location(answer: &Answer) -> String {
    assert!([302, 303].contains(&answer.status), "{answer:?}");
    answer.header(LOCATION.as_str()).to_owned()
}

fn between(text: &str, before: &str, after: &str) -> String {
    let found = text.split_once(before).and_then(|(_, rest)| rest.split_once(after));
    let found = found.unwrap_or_else(|| panic!("no `{before}` in {text}")).0;
    found.replace("&amp;", "&").replace("&#38;", "&")
}
