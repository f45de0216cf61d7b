//! An app on a device, and the viewer in front of it.

use std::collections::HashMap;

use reqwest::{RequestBuilder, Response, Url};
use serde_json::{Value, json};
use usher_registry::{AuthnProtocol, AuthzProtocol, Catalog, Mvpd, SamlEndpoint, XacmlAuthz};

use crate::support::{House, attribute, hidden_fields};

pub(crate) const DEVICE: &str = "fingerprint c2FtbC10ZXN0cw==";

pub(crate) struct Couch<'h> {
    pub(crate) house: &'h House,
    pub(crate) mvpd: &'static str,
    channel: &'static str,
    token: String,
}

impl<'h> Couch<'h> {
    /// A couch whose viewer will use `mvpd`.
    pub(crate) async fn at(house: &'h House, mvpd: &'static str) -> Self {
        Self { house, mvpd, channel: "REF30", token: house.token("acme-tv").await }
    }

    /// A couch whose viewer has signed in.
    pub(crate) async fn with(house: &'h House, mvpd: &'static str, viewer: &str) -> Self {
        let couch = Self::at(house, mvpd).await;
        assert_eq!(couch.sign_in(viewer).await, house.url("/demo/done"));
        couch
    }

    /// The same app for another channel.
    pub(crate) fn on(&self, channel: &'static str) -> Self {
        Self { channel, token: self.token.clone(), ..*self }
    }

    pub(crate) async fn call(&self, request: RequestBuilder) -> Value {
        let request = request.bearer_auth(&self.token).header("AP-Device-Identifier", DEVICE);
        self.house.send(request).await.json().await.expect("JSON")
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        self.call(self.house.get(&format!("/api/v2/{}/{path}", self.channel))).await
    }

    /// The answer to the wish for a session.
    pub(crate) async fn session(&self) -> Value {
        let form = [
            ("mvpd", self.mvpd),
            ("domainName", "127.0.0.1"),
            ("redirectUrl", &self.house.url("/demo/done")),
        ];
        let path = format!("/api/v2/{}/sessions", self.channel);
        self.call(self.house.post(&path).form(&form)).await
    }

    /// The address that begins a sign-in.
    pub(crate) async fn start(&self) -> String {
        let session = self.session().await;
        self.house.url(session["url"].as_str().unwrap_or_else(|| panic!("{session}")))
    }

    /// Signs `viewer` in at the provider's own page; returns where the browser ends.
    pub(crate) async fn sign_in(&self, viewer: &str) -> String {
        self.house.browse_and_sign_in(&self.start().await, viewer).await
    }

    /// Where the browser is sent to sign in.
    pub(crate) async fn provider_address(&self) -> Url {
        location(&self.house.send(self.house.http.get(self.start().await)).await)
    }

    /// What the provider lets the browser post after `viewer` signed in: the address and the fields.
    pub(crate) async fn answer_for(&self, viewer: &str) -> (String, HashMap<String, String>) {
        let form = self.house.send(self.house.http.get(self.provider_address().await)).await;
        let url = form.url().clone();
        let page = form.text().await.expect("a page");
        let mut fields = hidden_fields(&page);
        fields.push(("username".to_owned(), viewer.to_owned()));
        fields.push(("password".to_owned(), viewer.to_owned()));
        let action =
            url.join(&attribute(&page, "<form", "action").expect("a form")).expect("a URL");
        let answer = self.house.send(self.house.http.post(action).form(&fields)).await;
        let page = answer.text().await.expect("a page");
        let action = attribute(&page, "<form", "action").expect("a form");
        (action, hidden_fields(&page).into_iter().collect())
    }

    /// Posts a provider's answer; returns where the browser ends.
    pub(crate) async fn post(&self, action: &str, fields: &HashMap<String, String>) -> Response {
        self.house.send(self.house.http.post(action).form(fields)).await
    }

    pub(crate) async fn profile(&self) -> Value {
        self.get(&format!("profiles/{}", self.mvpd)).await["profiles"][self.mvpd].clone()
    }

    pub(crate) async fn authorize(&self, resource: &str) -> Value {
        self.decide("authorize", &[resource]).await[0].clone()
    }

    pub(crate) async fn decide(&self, operation: &str, resources: &[&str]) -> Value {
        let path = format!("/api/v2/{}/decisions/{operation}/{}", self.channel, self.mvpd);
        let request = self.house.post(&path).json(&json!({ "resources": resources }));
        self.call(request).await["decisions"].clone()
    }

    /// Signs out; the answer about the provider.
    pub(crate) async fn logout(&self) -> Value {
        let path = format!("logout/{}?redirectUrl={}", self.mvpd, self.house.url("/demo/done"));
        self.get(&path).await["logouts"][self.mvpd].clone()
    }
}

pub(crate) fn location(answer: &Response) -> Url {
    let location = answer.headers()["location"].to_str().expect("text");
    answer.url().join(location).expect("a URL")
}

/// The error code of a decision.
pub(crate) fn error(decision: &Value) -> &str {
    decision["error"]["code"].as_str().unwrap_or("no error")
}

/// The record of `id` in a catalog.
pub(crate) fn mvpd<'c>(catalog: &'c mut Catalog, id: &str) -> &'c mut Mvpd {
    catalog.mvpds.iter_mut().find(|mvpd| mvpd.id.as_str() == id).expect("an MVPD")
}

/// The SAML endpoint of `id`.
pub(crate) fn saml<'c>(catalog: &'c mut Catalog, id: &str) -> &'c mut SamlEndpoint {
    let endpoint = mvpd(catalog, id).authn.iter_mut().next().expect("an endpoint");
    match &mut endpoint.protocol {
        AuthnProtocol::Saml2(saml) => saml,
        AuthnProtocol::Oauth2(_) => panic!("{id} signs in by OAuth"),
    }
}

/// The decision point of `id`.
pub(crate) fn xacml<'c>(catalog: &'c mut Catalog, id: &str) -> &'c mut XacmlAuthz {
    let endpoint = mvpd(catalog, id).authz.iter_mut().next().expect("an endpoint");
    match &mut endpoint.protocol {
        AuthzProtocol::XacmlSoap(xacml) | AuthzProtocol::XacmlPlain(xacml) => xacml,
        AuthzProtocol::Rest(_) | AuthzProtocol::None => panic!("{id} is not asked in XACML"),
    }
}
