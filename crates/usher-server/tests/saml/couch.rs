//! An app on a device, and the viewer in front of it.

use reqwest::{RequestBuilder, Url};
use serde_json::{Value, json};

use crate::support::House;

pub(crate) const DEVICE: &str = "fingerprint c2FtbC10ZXN0cw==";

pub(crate) struct Couch<'h> {
    pub(crate) house: &'h House,
    pub(crate) mvpd: &'static str,
    token: String,
}

impl<'h> Couch<'h> {
    /// A couch whose viewer will use `mvpd`.
    pub(crate) async fn at(house: &'h House, mvpd: &'static str) -> Self {
        Self { house, mvpd, token: house.token("acme-tv").await }
    }

    /// A couch whose viewer has signed in.
    pub(crate) async fn with(house: &'h House, mvpd: &'static str, viewer: &str) -> Self {
        let couch = Self::at(house, mvpd).await;
        assert_eq!(couch.sign_in(viewer).await, house.url("/demo/done"));
        couch
    }

    pub(crate) async fn call(&self, request: RequestBuilder) -> Value {
        let request = request.bearer_auth(&self.token).header("AP-Device-Identifier", DEVICE);
        self.house.send(request).await.json().await.expect("JSON")
    }

    /// The address that begins a sign-in.
    pub(crate) async fn start(&self) -> String {
        let form = [
            ("mvpd", self.mvpd),
            ("domainName", "127.0.0.1"),
            ("redirectUrl", &self.house.url("/demo/done")),
        ];
        let session = self.call(self.house.post("/api/v2/REF30/sessions").form(&form)).await;
        self.house.url(session["url"].as_str().unwrap_or_else(|| panic!("{session}")))
    }

    /// Signs `viewer` in at the provider's own page; returns where the browser ends.
    pub(crate) async fn sign_in(&self, viewer: &str) -> String {
        self.house.browse_and_sign_in(&self.start().await, viewer).await
    }

    /// The provider's sign-in page is asked for with this address.
    pub(crate) async fn provider_address(&self) -> Url {
        let answer = self.house.send(self.house.http.get(self.start().await)).await;
        let location = answer.headers()["location"].to_str().expect("text");
        Url::parse(location).expect("a URL")
    }

    pub(crate) async fn profile(&self) -> Value {
        let path = format!("/api/v2/REF30/profiles/{}", self.mvpd);
        self.call(self.house.get(&path)).await["profiles"][self.mvpd].clone()
    }

    pub(crate) async fn authorize(&self, resource: &str) -> Value {
        self.decide("authorize", &[resource]).await[0].clone()
    }

    pub(crate) async fn decide(&self, operation: &str, resources: &[&str]) -> Value {
        let path = format!("/api/v2/REF30/decisions/{operation}/{}", self.mvpd);
        let request = self.house.post(&path).json(&json!({ "resources": resources }));
        self.call(request).await["decisions"].clone()
    }
}
