//! A whole demo world in this process, with a clock that the test turns, reached over real HTTP.

#![allow(dead_code, reason = "every test binary uses a part of it")]
#![allow(clippy::allow_attributes, reason = "`expect` would fail in binaries that use all of it")]

use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use reqwest::{Client, RequestBuilder, Response, Url, redirect};
use serde_json::{Value, json};
use tempfile::TempDir;
use usher_core::Clock;
use usher_jose::OsEntropy;
use usher_registry::{Catalog, Registry, Snapshot};
use usher_server::demo::{CATALOG, Demo, DemoKeys, DemoOptions, filled};
use usher_server::keys::KeyRing;
use usher_testkit::ManualClock;

/// A running demo world.
pub(crate) struct House {
    /// Its origin, such as `http://127.0.0.1:40123`.
    pub(crate) base: String,
    /// Its clock.
    pub(crate) clock: Arc<ManualClock>,
    /// A client that follows no redirects.
    pub(crate) http: Client,
    /// The content of `demo.json`.
    pub(crate) demo: Value,
    /// Its catalog.
    pub(crate) registry: Arc<Registry>,
    world: Option<Demo>,
    options: DemoOptions,
    directory: TempDir,
}

impl House {
    /// A demo world without throttling.
    pub(crate) async fn open() -> Self {
        Self::with(&[("throttle.enabled", "false")]).await
    }

    /// A demo world with these settings, each as `--set` takes it.
    pub(crate) async fn with(settings: &[(&str, &str)]) -> Self {
        Self::build(settings, &[], 0).await
    }

    /// A demo world with these settings that loaded these NDJSON texts.
    pub(crate) async fn with_settings_and_events(
        settings: &[(&str, &str)],
        texts: &[&str],
    ) -> Self {
        Self::build(settings, texts, 0).await
    }

    /// A demo world with so many days of made-up activity, without throttling.
    pub(crate) async fn with_history(days: u32) -> Self {
        Self::build(&[("throttle.enabled", "false")], &[], days).await
    }

    /// A demo world without throttling that loaded these NDJSON texts before it became ready.
    pub(crate) async fn with_events(texts: &[&str]) -> Self {
        Self::build(&[("throttle.enabled", "false")], texts, 0).await
    }

    async fn build(settings: &[(&str, &str)], events: &[&str], history_days: u32) -> Self {
        let directory = TempDir::new().expect("a temporary directory");
        copy_keys(&directory.path().join("data/keys"));
        let mut files = Vec::new();
        for (number, text) in events.iter().enumerate() {
            let file = directory.path().join(format!("events-{number}.ndjson"));
            std::fs::write(&file, text).expect("the events are written");
            files.push(file);
        }
        let options = DemoOptions {
            listen: ([127, 0, 0, 1], 0).into(),
            data: Some(directory.path().join("data")),
            history_days,
            seed: 1,
            events: files,
            settings: settings.iter().map(|(key, value)| format!("{key}={value}")).collect(),
        };
        let clock = Arc::new(ManualClock::default());
        let world = start(&options, &clock).await;
        let http = Client::builder()
            .redirect(redirect::Policy::none())
            .timeout(Duration::from_secs(30))
            .build()
            .expect("a client");
        let mut house = Self {
            base: String::new(),
            clock,
            http,
            demo: Value::Null,
            registry: Arc::clone(&world.registry),
            world: None,
            options,
            directory,
        };
        house.move_in(world);
        house
    }

    fn move_in(&mut self, world: Demo) {
        world.base_url.as_str().trim_end_matches('/').clone_into(&mut self.base);
        self.registry = Arc::clone(&world.registry);
        let text = std::fs::read(world.data_dir.join("demo.json")).expect("demo.json is there");
        self.demo = serde_json::from_slice(&text).expect("demo.json is JSON");
        self.world = Some(world);
    }

    /// Closes every day of the reports that is over.
    pub(crate) async fn close_days(&self) {
        let world = self.world.as_ref().expect("the world runs");
        world.close_days().await.expect("days are closed");
    }

    /// Stops the world in good order; its data stay.
    pub(crate) async fn stop(&mut self) {
        if let Some(world) = self.world.take() {
            world.stop().await.expect("the world stops");
        }
    }

    /// Stops the world in good order and starts it again on the same data (and another port).
    pub(crate) async fn restart(&mut self) {
        self.stop().await;
        self.options.events.clear();
        let world = start(&self.options, &self.clock).await;
        self.move_in(world);
    }

    /// From now on the house's catalog is the demo's with this change.
    pub(crate) fn push(&self, change: impl FnOnce(&mut Catalog)) {
        self.replace_catalog(CATALOG, change);
    }

    /// From now on the house's catalog is the demo's with these texts replaced.
    pub(crate) fn push_texts(&self, changes: &[(&str, &str)]) {
        let text = changes.iter().fold(CATALOG.to_owned(), |catalog, (from, to)| {
            assert!(catalog.contains(from), "the catalog has no `{from}`");
            catalog.replace(from, to)
        });
        self.replace_catalog(&text, |_| ());
    }

    fn replace_catalog(&self, text: &str, change: impl FnOnce(&mut Catalog)) {
        let ring = KeyRing::open(&self.data_dir().join("keys")).expect("a key ring");
        let (_, keys) = DemoKeys::open(&ring, self.clock.now()).expect("keys");
        let base = Url::parse(&self.base).expect("a URL");
        let mut catalog = filled(text, &base, &keys).expect("the demo's catalog");
        change(&mut catalog);
        let snapshot = Snapshot::check(catalog, self.clock.now()).expect("a sound catalog");
        self.registry.replace(snapshot);
    }

    /// The data directory.
    pub(crate) fn data_dir(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    /// The URL of `path`.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// `GET path`.
    pub(crate) fn get(&self, path: &str) -> RequestBuilder {
        self.http.get(self.url(path))
    }

    /// `POST path`.
    pub(crate) fn post(&self, path: &str) -> RequestBuilder {
        self.http.post(self.url(path))
    }

    /// Sends `request`; a transport error ends the test.
    pub(crate) async fn send(&self, request: RequestBuilder) -> Response {
        request.send().await.expect("the server answers")
    }

    /// Client credentials of a new client of `application`: id and secret.
    pub(crate) async fn client(&self, application: &str) -> (String, String) {
        let statement = &self.demo["software_statements"][application];
        assert!(statement.is_string(), "demo.json has no statement for {application}");
        let body = json!({ "software_statement": statement });
        let answer = self.send(self.post("/o/client/register").json(&body)).await;
        assert_eq!(answer.status(), 201);
        let client: Value = answer.json().await.expect("JSON");
        let text = |member: &str| client[member].as_str().expect("text").to_owned();
        (text("client_id"), text("client_secret"))
    }

    /// An access token for a client.
    pub(crate) async fn token_of(&self, client: &(String, String)) -> String {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", client.0.as_str()),
            ("client_secret", client.1.as_str()),
        ];
        let answer = self.send(self.post("/o/client/token").form(&form)).await;
        assert_eq!(answer.status(), 201);
        let token: Value = answer.json().await.expect("JSON");
        token["access_token"].as_str().expect("text").to_owned()
    }

    /// Signs `viewer` in at `mvpd` for channel `REF30` on `device` (an `AP-Device-Identifier`), as a
    /// browser would: follows redirects, fills the form. Returns the session's code.
    pub(crate) async fn sign_in(
        &self,
        token: &str,
        device: &str,
        mvpd: &str,
        viewer: &str,
    ) -> String {
        let redirect_url = self.url("/demo/done");
        let form =
            [("mvpd", mvpd), ("domainName", "127.0.0.1"), ("redirectUrl", redirect_url.as_str())];
        let request = self
            .post("/api/v2/REF30/sessions")
            .bearer_auth(token)
            .header("AP-Device-Identifier", device)
            .form(&form);
        let answer = self.send(request).await;
        assert_eq!(answer.status(), 200);
        let session: Value = answer.json().await.expect("JSON");
        let start = self.url(session["url"].as_str().expect("a URL"));
        let landed = self.browse_and_sign_in(&start, viewer).await;
        assert_eq!(landed, redirect_url);
        session["code"].as_str().expect("a code").to_owned()
    }

    /// Opens `url`, fills the provider's form with the name and password `viewer`, and returns where
    /// the browser lands.
    pub(crate) async fn browse_and_sign_in(&self, url: &str, viewer: &str) -> String {
        let (form_url, page) = self.browse(self.http.get(url)).await;
        let form_url = Url::parse(&form_url).expect("a URL");
        let action = attribute(&page, "<form", "action").unwrap_or_default();
        let target = form_url.join(&action).expect("a URL");
        let mut fields = hidden_fields(&page);
        fields.push(("username".to_owned(), viewer.to_owned()));
        fields.push(("password".to_owned(), viewer.to_owned()));
        self.browse(self.http.post(target).form(&fields)).await.0
    }

    /// Opens `url`, signs `viewer` in at a SAML provider, and keeps the answer from being posted: the
    /// `SAMLResponse`.
    pub(crate) async fn saml_answer(&self, url: &str, viewer: &str) -> String {
        let (form_url, page) = self.browse(self.http.get(url)).await;
        let action = attribute(&page, "<form", "action").unwrap_or_default();
        let target = Url::parse(&form_url).and_then(|url| url.join(&action)).expect("a URL");
        let mut fields = hidden_fields(&page);
        fields.push(("username".to_owned(), viewer.to_owned()));
        fields.push(("password".to_owned(), viewer.to_owned()));
        let page = self.send(self.http.post(target).form(&fields)).await.text().await;
        let fields = hidden_fields(&page.expect("text"));
        let answer = fields.into_iter().find(|(name, _)| name == "SAMLResponse");
        answer.expect("an answer").1
    }

    /// Follows redirects, and forms that submit themselves, until a page comes for people; returns its
    /// address and text.
    pub(crate) async fn browse(&self, request: RequestBuilder) -> (String, String) {
        let mut answer = self.send(request).await;
        for _ in 0..10 {
            if let Some(location) = answer.headers().get("location") {
                let location = location.to_str().expect("text");
                let next = answer.url().join(location).expect("a URL");
                answer = self.send(self.http.get(next)).await;
                continue;
            }
            let url = answer.url().clone();
            let page = answer.text().await.expect("text");
            if !page.contains("forms[0].submit()") {
                return (url.to_string(), page);
            }
            let action = attribute(&page, "<form", "action").expect("a form");
            let target = url.join(&action).expect("a URL");
            answer = self.send(self.http.post(target).form(&hidden_fields(&page))).await;
        }
        panic!("ten redirects and no page");
    }

    /// An access token for a new client of `application`.
    pub(crate) async fn token(&self, application: &str) -> String {
        self.token_of(&self.client(application).await).await
    }
}

/// Keys are made once per test run: RSA keys take most of a first start's time.
fn copy_keys(target: &Path) {
    static KEYS: LazyLock<TempDir> = LazyLock::new(|| {
        let directory = TempDir::new().expect("a temporary directory");
        let ring = KeyRing::open(directory.path()).expect("a key ring");
        DemoKeys::open(&ring, ManualClock::default().now()).expect("keys are made");
        directory
    });
    std::fs::create_dir_all(target).expect("a directory for keys");
    for file in std::fs::read_dir(KEYS.path()).expect("keys were made") {
        let file = file.expect("a key file");
        std::fs::copy(file.path(), target.join(file.file_name())).expect("a key is copied");
    }
}

async fn start(options: &DemoOptions, clock: &Arc<ManualClock>) -> Demo {
    Demo::start(options.clone(), Arc::clone(clock) as _, Arc::new(OsEntropy))
        .await
        .expect("the demo world starts")
}

/// Names and values of the hidden fields of a page.
pub(crate) fn hidden_fields(page: &str) -> Vec<(String, String)> {
    let inputs = page.split("<input").skip(1).filter(|input| input.contains("hidden"));
    let field = |input: &str| {
        let name = attribute(input, "", "name").expect("a hidden field has a name");
        (name, attribute(input, "", "value").unwrap_or_default())
    };
    inputs.map(field).collect()
}

/// The value of `name` in the first tag of `html` that begins with `tag`, unescaped.
pub(crate) fn attribute(html: &str, tag: &str, name: &str) -> Option<String> {
    let (_, html) = html.split_once(tag)?;
    let (html, _) = html.split_once('>')?;
    let (_, rest) = html.split_once(&format!(" {name}=\""))?;
    let (value, _) = rest.split_once('"')?;
    let value = value.replace("&quot;", "\"").replace("&#x27;", "'").replace("&#39;", "'");
    Some(value.replace("&#38;", "&").replace("&amp;", "&"))
}
