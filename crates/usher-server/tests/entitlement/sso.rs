//! Single sign-on by platform identity and by service token (`pass-rest-v2` §13, `access-variants` §4.1 to
//! §4.3): one viewer on several devices and in several applications.

use std::time::Duration;

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use usher_core::{Clock as _, Secret};
use usher_jose::jws::Kid;
use usher_jose::{
    DecryptionKey, EncryptionKey, OsEntropy, RsaKey, SigningKey, jwe, jws, sign_hs256,
};
use usher_registry::{Platform, SsoScope};

use crate::app::{App, DEVICE, DONE, OTHER_DEVICE, complete, device_info, number, send, text};
use crate::events::told;

const PLATFORM: &str = "Adobe-Subject-Token";
const ROKU: &str = "X-Roku-Reserved-Roku-Connect-Token";
const SERVICE: &str = "AD-Service-Token";

/// An application on a device, with the header that says who the viewer is.
#[derive(Clone)]
struct Device {
    token: String,
    channel: &'static str,
    uuid: &'static str,
    os: &'static str,
    identity: Option<(&'static str, String)>,
}

impl Device {
    /// Another application than the one of `app`, on another Roku.
    async fn other(app: &App, channel: &'static str) -> Self {
        let token = app.house.token("acme-web").await;
        Self { token, channel, uuid: OTHER_DEVICE, os: "Roku OS", identity: None }
    }

    /// The application of `app`, on its Roku.
    fn first(app: &App) -> Self {
        let token = app.token.clone();
        Self { token, channel: "REF30", uuid: DEVICE, os: "Roku OS", identity: None }
    }

    fn known_as(&self, header: &'static str, token: impl Into<String>) -> Self {
        Self { identity: Some((header, token.into())), ..self.clone() }
    }

    fn call(&self, app: &App, method: Method, path: &str) -> RequestBuilder {
        let url = app.house.url(&format!("/api/v2/{}/{path}", self.channel));
        let request = app
            .house
            .http
            .request(method, url)
            .bearer_auth(&self.token)
            .header("AP-Device-Identifier", self.uuid)
            .header("X-Device-Info", device_info(&json!({ "osName": self.os })));
        match &self.identity {
            Some((name, token)) => request.header(*name, token),
            None => request,
        }
    }

    async fn get(&self, app: &App, path: &str) -> Value {
        send(self.call(app, Method::GET, path)).await.ok()
    }

    /// The profile at `Cablevision`; null when there is none.
    async fn profile(&self, app: &App) -> Value {
        self.get(app, "profiles/Cablevision").await["profiles"]["Cablevision"].clone()
    }

    async fn profile_type(&self, app: &App) -> Option<String> {
        self.profile(app).await["type"].as_str().map(str::to_owned)
    }

    async fn session(&self, app: &App) -> Value {
        send(self.call(app, Method::POST, "sessions").form(&complete())).await.ok()
    }

    async fn sign_in(&self, app: &App, viewer: &str) {
        let session = self.session(app).await;
        assert_eq!(app.browse(&text(&session, "url"), viewer).await, DONE);
    }

    async fn authorize(&self, app: &App, resource: &str) -> Value {
        let body = json!({ "resources": [resource] });
        let path = "decisions/authorize/Cablevision";
        send(self.call(app, Method::POST, path).json(&body)).await.ok()["decisions"][0].clone()
    }

    async fn logout(&self, app: &App) -> Value {
        self.get(app, "logout/Cablevision").await["logouts"]["Cablevision"].clone()
    }
}

/// A platform token of the issuer `roku` about the account `sub`.
fn platform_token(app: &App, sub: &str) -> String {
    platform_token_with(app, &json!({ "sub": sub }))
}

fn platform_token_with(app: &App, changes: &Value) -> String {
    let platform = &app.house.demo["platform_token"];
    let secret = Secret::new(text(platform, "hs256_secret"));
    let now = app.house.clock.now().as_secs();
    let mut claims = json!({
        "iss": "roku", "aud": "adobe", "sub": "account-1", "did": "box-1",
        "iat": now, "exp": now + 3_600,
    });
    for (name, value) in changes.as_object().expect("changes") {
        claims[name] = value.clone();
    }
    sign_hs256(&secret, Some("JWT"), &claims).expect("a token")
}

/// The key of the identity service `acme-id`.
fn acme_id(app: &App) -> SigningKey {
    let pem = text(&app.house.demo["service_token_issuer"], "private_key_pem");
    SigningKey::from_pkcs8_pem(&Secret::new(pem)).expect("a key")
}

fn service_claims(app: &App, sub: &str) -> Value {
    let now = app.house.clock.now().as_secs();
    json!({ "iss": "acme-id", "aud": "Adobe", "sub": sub, "iat": now, "exp": now + 3_600, "jti": "x" })
}

fn service_token(app: &App, sub: &str) -> String {
    jws::sign(&acme_id(app), None, Kid::Omitted, &service_claims(app, sub)).expect("a token")
}

#[tokio::test]
async fn var_23_rest_115_116_a_platform_token_carries_the_sign_in_to_another_application() {
    let app = App::open().await;
    let token = platform_token(&app, "account-1");
    let first = Device::first(&app).known_as(PLATFORM, &token);
    first.sign_in(&app, "ann").await;
    let own = first.profile(&app).await;
    assert_eq!(own["type"], "regular");

    for channel in ["REF30", "NEWS24"] {
        let other = Device::other(&app, channel).await;
        assert_eq!(other.profile(&app).await, Value::Null, "nobody knows the viewer yet");
        let other = other.known_as(PLATFORM, &token);
        let shared = other.profile(&app).await;
        assert_eq!(shared["type"], "platformSSO");
        assert_eq!(shared["issuer"], "Cablevision");
        assert_eq!(shared["notAfter"], own["notAfter"]);
        assert_eq!(shared["attributes"]["userID"], own["attributes"]["userID"]);
        let all = other.get(&app, "profiles").await;
        assert_eq!(all["profiles"]["Cablevision"]["type"], "platformSSO");
    }
}

#[tokio::test]
async fn rest_28_a_session_of_a_viewer_who_is_known_needs_no_sign_in() {
    let app = App::open().await;
    let token = platform_token(&app, "account-1");
    Device::first(&app).known_as(PLATFORM, &token).sign_in(&app, "ann").await;
    let other = Device::other(&app, "NEWS24").await;
    assert_eq!(other.session(&app).await["actionName"], "authenticate");
    let session = other.known_as(PLATFORM, &token).session(&app).await;
    assert_eq!(session["actionName"], "authorize");
    assert_eq!(session["actionType"], "direct");
    assert_eq!(session["reasonType"], "authenticatedSSO");
    assert_eq!(session["url"], "/api/v2/NEWS24/decisions/authorize/Cablevision");
    assert!(session.get("code").is_none());
}

#[tokio::test]
async fn var_23_rest_117_a_token_that_proves_nothing_is_as_good_as_none() {
    let app = App::open().await;
    let token = platform_token(&app, "account-1");
    let first = Device::first(&app).known_as(PLATFORM, &token);
    first.sign_in(&app, "ann").await;
    let other = Device::other(&app, "REF30").await;
    let now = app.house.clock.now().as_secs();
    let forged = sign_hs256(&Secret::new("guess".into()), None, &json!({ "iss": "roku" }));
    let (head, tail) = token.rsplit_once('.').expect("a signature");
    for (what, worthless) in [
        ("expired", platform_token_with(&app, &json!({ "exp": now }))),
        ("later", platform_token_with(&app, &json!({ "nbf": now + 3_600 }))),
        ("for others", platform_token_with(&app, &json!({ "aud": "somebody" }))),
        ("unknown issuer", platform_token_with(&app, &json!({ "iss": "nobody" }))),
        ("nameless", platform_token_with(&app, &json!({ "sub": "" }))),
        ("forged", forged.expect("a token")),
        ("cut", head.to_owned()),
        ("reversed", format!("{head}.{}", tail.chars().rev().collect::<String>())),
        ("unsigned", "eyJhbGciOiJub25lIn0.eyJpc3MiOiJyb2t1In0.".to_owned()),
        ("nonsense", "nonsense".to_owned()),
    ] {
        let profile = other.known_as(PLATFORM, worthless).profile(&app).await;
        assert_eq!(profile, Value::Null, "{what}");
    }
    assert_eq!(other.known_as(PLATFORM, &token).profile(&app).await["type"], "platformSSO");
    // Nor does it keep anybody from signing in.
    let denied = first.known_as(PLATFORM, "nonsense");
    assert_eq!(denied.profile(&app).await["type"], "regular");
}

#[tokio::test]
async fn rest_118_both_names_of_the_platform_header_mean_the_same() {
    let app = App::open().await;
    let token = platform_token(&app, "account-1");
    Device::first(&app).known_as(ROKU, &token).sign_in(&app, "ann").await;
    let other = Device::other(&app, "REF30").await;
    assert_eq!(other.known_as(PLATFORM, &token).profile(&app).await["type"], "platformSSO");
    assert_eq!(other.known_as(ROKU, &token).profile(&app).await["type"], "platformSSO");
    let both = other
        .known_as(PLATFORM, platform_token(&app, "somebody-else"))
        .call(&app, Method::GET, "profiles/Cablevision")
        .header(ROKU, &token);
    assert_eq!(send(both).await.ok(), json!({ "profiles": {} }), "the first name is preferred");
}

#[tokio::test]
async fn an_encrypted_platform_token_is_opened_and_has_to_be_signed_inside() {
    let app = App::open().await;
    let key = RsaKey::generate().expect("a key");
    let pem = key.to_pkcs8_pem().expect("PEM");
    DecryptionKey::from_pkcs8_pem(&pem).expect("a key that decrypts");
    app.push(|catalog| catalog.platform_identities[0].decryption_key = Some(pem.clone()));
    let public: EncryptionKey = key.public().encryption_key().expect("its public half");
    let encrypted = |plain: &str| {
        jwe::encrypt(&public, plain.as_bytes(), &OsEntropy).expect("an encrypted token")
    };
    let token = platform_token(&app, "account-1");
    Device::first(&app).known_as(PLATFORM, encrypted(&token)).sign_in(&app, "ann").await;
    let other = Device::other(&app, "REF30").await;
    assert_eq!(other.known_as(PLATFORM, &token).profile(&app).await["type"], "platformSSO");
    let bare = json!({ "iss": "roku", "aud": "adobe", "sub": "account-1", "exp": i64::MAX });
    let profile = other.known_as(PLATFORM, encrypted(&bare.to_string())).profile(&app).await;
    assert_eq!(profile, Value::Null, "anybody can encrypt to a public key");
}

#[tokio::test]
async fn var_25_rest_119_121_a_service_token_carries_the_sign_in_across_devices() {
    let app = App::open().await;
    let first = Device { os: "Windows", ..Device::first(&app) };
    first.known_as(SERVICE, service_token(&app, "viewer-1")).sign_in(&app, "ann").await;
    let own = first.profile(&app).await;

    let other = Device { os: "Android", ..Device::other(&app, "NEWS24").await };
    let mut claims = service_claims(&app, "viewer-1");
    for audience in ["Adobe", "adobe", "ADOBE"] {
        claims["aud"] = audience.into();
        let token = jws::sign(&acme_id(&app), None, Kid::Named, &claims).expect("a token");
        let shared = other.known_as(SERVICE, token).profile(&app).await;
        assert_eq!(shared["type"], "serviceTokenSSO", "{audience}");
        assert_eq!(shared["issuer"], "Cablevision");
        assert_eq!(shared["notAfter"], own["notAfter"]);
    }
    let session = other.known_as(SERVICE, service_token(&app, "viewer-1")).session(&app).await;
    assert_eq!(session["reasonType"], "authenticatedSSO");
    let stranger = other.known_as(SERVICE, service_token(&app, "viewer-2"));
    assert_eq!(stranger.profile(&app).await, Value::Null);
}

#[tokio::test]
async fn what_a_revoked_client_made_is_not_shared_any_more() {
    let app = App::open().await;
    let token = service_token(&app, "viewer-1");
    Device::first(&app).known_as(SERVICE, &token).sign_in(&app, "ann").await;
    let other = Device::other(&app, "REF30").await.known_as(SERVICE, &token);
    assert_eq!(other.profile_type(&app).await.as_deref(), Some("serviceTokenSSO"));
    app.revoke_client().await;
    assert_eq!(other.profile_type(&app).await, None);
}

#[tokio::test]
async fn var_25_rest_120_a_service_token_that_proves_nothing_is_ignored() {
    let app = App::open().await;
    let good = service_token(&app, "viewer-1");
    Device::first(&app).known_as(SERVICE, &good).sign_in(&app, "ann").await;
    let other = Device::other(&app, "REF30").await;
    let now = app.house.clock.now().as_secs();
    let signed = |key: &SigningKey, changes: Value| {
        let mut claims = service_claims(&app, "viewer-1");
        for (name, value) in changes.as_object().expect("changes") {
            claims[name] = value.clone();
        }
        jws::sign(key, None, Kid::Omitted, &claims).expect("a token")
    };
    let stranger = SigningKey::from(RsaKey::generate().expect("a key"));
    let public = acme_id(&app).public().to_pem().expect("PEM");
    let confused = sign_hs256(&Secret::new(public), None, &service_claims(&app, "viewer-1"));
    for (what, worthless) in [
        ("HS256 with the public key", confused.expect("a token")),
        ("another key", signed(&stranger, json!({}))),
        ("expired", signed(&acme_id(&app), json!({ "exp": now }))),
        ("another audience", signed(&acme_id(&app), json!({ "aud": "somebody" }))),
        ("no audience", signed(&acme_id(&app), json!({ "aud": null }))),
        ("unknown issuer", signed(&acme_id(&app), json!({ "iss": "nobody" }))),
        ("our own name", signed(&acme_id(&app), json!({ "iss": "ssoservicetoken" }))),
        ("nonsense", "nonsense".to_owned()),
    ] {
        let profile = other.known_as(SERVICE, worthless).profile(&app).await;
        assert_eq!(profile, Value::Null, "{what}");
    }
    assert_eq!(other.known_as(SERVICE, good).profile(&app).await["type"], "serviceTokenSSO");
}

#[tokio::test]
async fn a_service_token_counts_only_where_its_issuer_is_trusted() {
    let app = App::open().await;
    let token = service_token(&app, "viewer-1");
    Device::first(&app).known_as(SERVICE, &token).sign_in(&app, "ann").await;
    let globex = Device {
        token: app.house.token("globex-tv").await,
        channel: "GLOBEX1",
        ..Device::other(&app, "REF30").await
    };
    assert_eq!(globex.known_as(SERVICE, &token).profile(&app).await, Value::Null);
    // Not even a company that trusts it sees another company's viewers by it, unless the MVPD says so.
    app.push(|catalog| catalog.service_token_issuers[0].media_companies.push("globex".into()));
    assert_eq!(globex.known_as(SERVICE, &token).profile(&app).await, Value::Null);
    app.push(|catalog| {
        catalog.service_token_issuers[0].media_companies.push("globex".into());
        catalog.mvpds[0].sso_scope = Some(SsoScope::Global);
    });
    assert_eq!(globex.known_as(SERVICE, &token).profile(&app).await["type"], "serviceTokenSSO");
}

#[tokio::test]
async fn var_24_rest_122_either_integration_can_switch_sharing_off() {
    let app = App::open().await;
    let platform = platform_token(&app, "account-1");
    let service = service_token(&app, "viewer-1");
    let first = Device::first(&app).known_as(PLATFORM, &platform);
    let request = first.call(&app, Method::POST, "sessions").header(SERVICE, &service);
    let session = send(request.form(&complete())).await.ok();
    assert_eq!(app.browse(&text(&session, "url"), "ann").await, DONE);
    let news = Device::other(&app, "NEWS24").await;
    let by_platform = || async { news.known_as(PLATFORM, &platform).profile_type(&app).await };
    let by_service = || async { news.known_as(SERVICE, &service).profile_type(&app).await };
    assert_eq!(by_platform().await.as_deref(), Some("platformSSO"));
    assert_eq!(by_service().await.as_deref(), Some("serviceTokenSSO"));

    for channel in ["REF30", "NEWS24"] {
        app.push(|catalog| {
            let on_roku = integration(catalog, channel).settings.platform.get_mut(&Platform::Roku);
            on_roku.expect("settings for Roku").enable_single_sign_on = Some(false);
        });
        assert_eq!(by_platform().await, None, "{channel}: switched off");
        assert_eq!(by_service().await.as_deref(), Some("serviceTokenSSO"), "{channel}: unaffected");
        app.push(|catalog| {
            integration(catalog, channel).settings.all.auth_per_aggregator = Some(true);
        });
        assert_eq!(by_platform().await, None, "{channel}: a sign-in for each channel");
        assert_eq!(by_service().await, None, "{channel}: a sign-in for each channel");
    }
    app.push(|catalog| catalog.mvpds[0].sso_scope = Some(SsoScope::None));
    assert_eq!(by_platform().await, None);
    assert_eq!(by_service().await, None);
    app.push(|_| ());
    let phone = Device { os: "Android", ..news.clone() }.known_as(PLATFORM, &platform);
    assert_eq!(phone.profile(&app).await, Value::Null, "the platform has no such switch");
    assert_eq!(by_platform().await.as_deref(), Some("platformSSO"));
}

#[tokio::test]
async fn mvpd_37_a_provider_that_wants_a_sign_in_for_each_channel_gets_it() {
    let app = App::open().await;
    app.push(|catalog| catalog.mvpds[0].settings.all.auth_per_aggregator = Some(true));
    let (platform, service) = (platform_token(&app, "account-1"), service_token(&app, "viewer-1"));
    let first = Device::first(&app).known_as(PLATFORM, &platform);
    let request = first.call(&app, Method::POST, "sessions").header(SERVICE, &service);
    let session = send(request.form(&complete())).await.ok();
    assert_eq!(app.browse(&text(&session, "url"), "ann").await, DONE);
    assert_eq!(first.profile_type(&app).await.as_deref(), Some("regular"));
    for (header, token) in [(PLATFORM, &platform), (SERVICE, &service)] {
        for channel in ["REF30", "NEWS24"] {
            let other = Device::other(&app, channel).await.known_as(header, token);
            assert_eq!(other.profile(&app).await, Value::Null, "{channel}, {header}");
        }
        let news = Device { channel: "NEWS24", ..Device::first(&app) }.known_as(header, token);
        assert_eq!(news.profile(&app).await, Value::Null, "{header}");
        let denied = news.authorize(&app, "acme-one").await;
        assert_eq!(denied["error"]["code"], "authenticated_profile_missing", "{denied}");
    }
}

fn integration<'c>(
    catalog: &'c mut usher_registry::Catalog,
    channel: &str,
) -> &'c mut usher_registry::Integration {
    catalog
        .integrations
        .iter_mut()
        .find(|it| it.service_provider.as_str() == channel && it.mvpd.as_str() == "Cablevision")
        .expect("an integration")
}

#[tokio::test]
async fn rest_123_decisions_work_with_a_shared_sign_in() {
    let app = App::open().await;
    let token = platform_token(&app, "account-1");
    Device::first(&app).known_as(PLATFORM, &token).sign_in(&app, "ben").await;
    let news = Device::other(&app, "NEWS24").await;
    let refused = news.authorize(&app, "acme-one").await;
    assert_eq!(refused["error"]["code"], "authenticated_profile_missing");
    let news = news.known_as(PLATFORM, &token);
    // Long after the access token is over: it is renewed by whoever it was issued to.
    app.house.clock.advance(Duration::from_hours(2));
    let news = news.known_as(PLATFORM, platform_token(&app, "account-1"));
    let permit = news.authorize(&app, "acme-one").await;
    assert_eq!((&permit["authorized"], &permit["source"]), (&json!(true), &json!("mvpd")));
    assert_eq!(permit["serviceProvider"], "NEWS24");
    let own = number(&Device::first(&app).profile(&app).await, "notAfter");
    assert!(number(&permit, "notAfter") <= own);
    let denied = news.authorize(&app, "acme-sports").await;
    assert_eq!(denied["error"]["code"], "authorization_denied_by_mvpd");
    let body = json!({ "resources": ["acme-one", "acme-sports"] });
    let path = "decisions/preauthorize/Cablevision";
    let items = send(news.call(&app, Method::POST, path).json(&body)).await.ok();
    assert_eq!(items["decisions"][0]["authorized"], true);
    assert_eq!(items["decisions"][1]["authorized"], false);
}

#[tokio::test]
async fn var_34_rest_124_signing_out_with_the_header_signs_everybody_out() {
    let app = App::open().await;
    let token = platform_token(&app, "account-1");
    let first = Device::first(&app).known_as(PLATFORM, &token);
    let other = Device::other(&app, "NEWS24").await;
    let known = other.known_as(PLATFORM, &token);

    // Without the header only the own profile goes, and there is none.
    first.sign_in(&app, "ann").await;
    assert_eq!(other.logout(&app).await["actionName"], "invalid");
    assert_eq!(first.profile(&app).await["type"], "regular");

    let out = known.logout(&app).await;
    assert_eq!(out["actionName"], "logout");
    assert_eq!(out["actionType"], "interactive");
    assert_eq!(first.profile(&app).await, Value::Null, "the first device is signed out, too");
    assert_eq!(known.profile(&app).await, Value::Null);
    let (landed, _) = app.house.browse(app.house.http.get(text(&out, "url"))).await;
    assert_eq!(landed, app.house.url("/demo/done"));

    // And the other way round.
    first.sign_in(&app, "ann").await;
    assert_eq!(known.profile(&app).await["type"], "platformSSO");
    first.logout(&app).await;
    assert_eq!(known.profile(&app).await, Value::Null);
}

#[tokio::test]
async fn a_sign_in_that_the_provider_ends_ends_for_everybody() {
    let app = App::open().await;
    let token = platform_token(&app, "account-1");
    let first = Device::first(&app).known_as(PLATFORM, &token);
    first.sign_in(&app, "gus").await;
    let news = Device::other(&app, "NEWS24").await.known_as(PLATFORM, &token);
    let over = news.authorize(&app, "acme-one").await;
    assert_eq!(over["error"]["code"], "authorization_denied_by_session_invalidated");
    let first = first.authorize(&app, "acme-one").await;
    assert_eq!(first["error"]["code"], "authenticated_profile_invalidated");
    assert_eq!(news.profile(&app).await, Value::Null);
}

#[tokio::test]
async fn the_reports_know_how_the_sign_in_was_shared() {
    let app = App::open().await;
    let token = platform_token(&app, "account-1");
    Device::first(&app).known_as(PLATFORM, &token).sign_in(&app, "ann").await;
    let news = Device::other(&app, "NEWS24").await.known_as(PLATFORM, &token);
    news.profile(&app).await;
    news.authorize(&app, "acme-one").await;
    let ops = app.house.token("acme-ops").await;
    let path = "/esm/v3/media-company/year/month/day/requestor-id/cdt/sso-type";
    let report = send(app.house.get(path).bearer_auth(ops)).await.ok();
    let rows = report["report"].as_array().expect("rows").clone();
    let rows: Vec<_> = rows
        .iter()
        .map(|row| [text(row, "requestor-id"), text(row, "sso-type"), text(row, "media-tokens")])
        .collect();
    assert_eq!(rows, [["NEWS24", "platform", "1"]]);
    // Scenario S12 of `wolap` §18.2: whoever is known already adds nothing to signing in.
    assert_eq!(told(&app, "&requestor-id=NEWS24").await, "zA1 zS1 MT1");
    assert_eq!(told(&app, "&requestor-id=REF30").await, "aA1 aP1");
}
