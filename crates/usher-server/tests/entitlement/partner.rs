//! Single sign-on through the framework of a platform partner (`pass-rest-v2` §12, `access-variants`
//! §4.5), with the partner of the demo world.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use usher_core::Clock as _;
use usher_registry::{Catalog, Platform, Settings};

use crate::app::{Answer, App, DONE, device_info, number, refused, send, text};

const SESSIONS: &str = "sessions/sso/Apple";
const PROFILES: &str = "profiles/sso/Apple";

/// An application on a box whose framework has the viewer signed in.
struct SetTop<'a> {
    app: &'a App,
    os: &'static str,
    channel: &'static str,
    status: Option<String>,
}

impl<'a> SetTop<'a> {
    /// A box that says `query` of itself (`/demo/partner/status`).
    async fn saying(app: &'a App, query: &str) -> Self {
        let path = format!("/demo/partner/status?{query}");
        let status = send(app.house.get(&path)).await;
        assert_eq!(status.status, 200);
        Self { app, os: "tvOS", channel: "REF30", status: Some(status.text) }
    }

    async fn signed_in(app: &'a App) -> Self {
        Self::saying(app, "").await
    }

    /// A box with a status of this content.
    fn stating(app: &'a App, status: &Value) -> Self {
        let status = Some(STANDARD.encode(status.to_string()));
        Self { app, os: "tvOS", channel: "REF30", status }
    }

    fn silent(app: &'a App) -> Self {
        Self { app, os: "tvOS", channel: "REF30", status: None }
    }

    fn call(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self
            .app
            .call(method, &format!("{}/{path}", self.channel))
            .header("X-Device-Info", device_info(&json!({ "osName": self.os })));
        match &self.status {
            Some(status) => request.header("AP-Partner-Framework-Status", status),
            None => request,
        }
    }

    async fn get(&self, path: &str) -> Value {
        send(self.call(Method::GET, path)).await.ok()
    }

    async fn ask_with(&self, form: &[(&str, &str)]) -> Value {
        send(self.call(Method::POST, SESSIONS).form(form)).await.ok()
    }

    /// What the application shall do.
    async fn ask(&self) -> Value {
        self.ask_with(&[("domainName", "acme.example"), ("redirectUrl", DONE)]).await
    }

    /// The answer of the provider to a request that the framework carries for `viewer`.
    async fn carry(&self, request: &str, viewer: &str) -> Answer {
        let form = [("SAMLRequest", request), ("username", viewer), ("password", viewer)];
        send(self.app.house.post("/demo/partner/saml").form(&form)).await
    }

    /// A fresh answer of the provider about `viewer`.
    async fn response(&self, viewer: &str) -> String {
        let asked = Self::signed_in(self.app).await.ask().await;
        let request = text(&asked["authenticationRequest"], "request");
        let carried = self.carry(&request, viewer).await;
        assert_eq!(carried.status, 200, "{carried:?}");
        carried.text
    }

    async fn post(&self, response: &str) -> Answer {
        send(self.call(Method::POST, PROFILES).form(&[("SAMLResponse", response)])).await
    }

    /// Signs `viewer` in; the answer is the profile.
    async fn sign_in(&self, viewer: &str) -> Value {
        let created = self.post(&self.response(viewer).await).await;
        assert_eq!(created.status, 201, "{created:?}");
        created.json()["profiles"]["OpCo"].clone()
    }

    async fn decide(&self, operation: &str) -> Answer {
        let body = json!({ "resources": ["acme-sports"] });
        let path = format!("decisions/{operation}/OpCo");
        send(self.call(Method::POST, &path).json(&body)).await
    }
}

/// What an answer tells the application to do, and why.
fn action(answer: &Value) -> [&str; 3] {
    ["actionName", "actionType", "reasonType"].map(|name| answer[name].as_str().unwrap_or("absent"))
}

/// The settings that `REF30` has for `OpCo` on Apple TVs.
fn settings(catalog: &mut Catalog) -> &mut Settings {
    let integration = catalog
        .integrations
        .iter_mut()
        .find(|it| it.service_provider.as_str() == "REF30" && it.mvpd.as_str() == "OpCo");
    let settings = &mut integration.expect("an integration").settings;
    settings.platform.entry(Platform::TvOs).or_default()
}

async fn degrade(app: &App, rule: &str) {
    let token = app.house.token("acme-ops").await;
    let path = format!("/control/v3/degradation/acme/{rule}?programmer=REF30&mvpd=OpCo&ttl=600");
    send(app.house.post(&path).bearer_auth(token)).await.ok();
}

#[tokio::test]
async fn rest_125_131_var_31_the_box_carries_a_request_and_its_answer_becomes_a_profile() {
    let app = App::open().await;
    let phone = SetTop { os: "iOS", ..SetTop::signed_in(&app).await };
    for device in [SetTop::signed_in(&app).await, phone] {
        let asked = device.ask().await;
        assert_eq!(action(&asked), ["partner_profile", "direct", "none"], "{asked}");
        assert_eq!(asked["url"], "/api/v2/REF30/profiles/sso/Apple");
        assert_eq!((&asked["mvpd"], &asked["serviceProvider"]), (&json!("OpCo"), &json!("REF30")));
        for absent in ["code", "notBefore", "notAfter", "missingParameters"] {
            assert_eq!(asked[absent], Value::Null, "{absent}");
        }
        let request = &asked["authenticationRequest"];
        assert_eq!(request["type"], "saml");
        assert_eq!(request["attributesNames"], json!(["uid", "NameID", "uniqueId"]));
        let document = STANDARD.decode(text(request, "request")).expect("base64");
        let document = String::from_utf8(document).expect("text");
        assert!(document.contains("<samlp:AuthnRequest "), "{document}");
        assert!(document.contains("<ds:Signature "), "{document}");
    }

    let device = SetTop::signed_in(&app).await;
    let before = app.now();
    let profile = device.sign_in("ann").await;
    assert_eq!((&profile["type"], &profile["issuer"]), (&json!("appleSSO"), &json!("Apple")));
    let attributes = &profile["attributes"];
    assert_eq!(attributes["tokenSource"], json!({ "value": "Apple", "state": "plain" }));
    assert_eq!(attributes["mvpd"], json!({ "value": "OpCo", "state": "plain" }));
    assert_eq!(attributes["upstreamUserID"], attributes["userID"]);
    // The lifetime is that of this integration, not that of the box's own sign-in.
    let lifetime = number(&profile, "notAfter") - number(&profile, "notBefore");
    assert_eq!((number(&profile, "notBefore"), lifetime), (before, 30 * 24 * 3_600 * 1_000));

    let permit = device.decide("authorize").await.ok()["decisions"][0].clone();
    assert_eq!((&permit["authorized"], &permit["source"]), (&json!(true), &json!("mvpd")));
    let preview = device.decide("preauthorize").await.ok()["decisions"][0].clone();
    assert_eq!(preview["authorized"], true, "{preview}");
}

#[tokio::test]
async fn rest_126_var_31_without_what_a_browser_needs_the_session_is_resumed() {
    let app = App::open().await;
    let device = SetTop::signed_in(&app).await;
    let complete = [("domainName", "acme.example"), ("redirectUrl", DONE)];
    let foreign = [("domainName", "acme.example"), ("redirectUrl", "https://elsewhere.example/")];
    for (form, missing) in [
        (&complete[..1], json!(["redirectUrl"])),
        (&complete[1..], json!(["domainName"])),
        (&[], json!(["domainName", "redirectUrl"])),
        (&foreign, json!(["redirectUrl"])),
    ] {
        let asked = device.ask_with(form).await;
        assert_eq!(action(&asked), ["resume", "direct", "missing_parameters_fallback"], "{asked}");
        assert_eq!(asked["missingParameters"], missing);
        let code = text(&asked, "code");
        assert_eq!(asked["url"], format!("/api/v2/REF30/sessions/{code}"));
        assert!(asked["notBefore"].is_string() && asked["notAfter"].is_string(), "{asked}");
    }
}

#[tokio::test]
async fn rest_127_var_31_a_status_that_allows_nothing_leads_to_the_browser() {
    let app = App::open().await;
    for query in ["access=denied", "access=notDetermined", "access=", "expires=1000"] {
        let asked = SetTop::saying(&app, query).await.ask().await;
        assert_eq!(action(&asked), ["authenticate", "interactive", "pfs_fallback"], "{asked}");
        let code = text(&asked, "code");
        assert_eq!(asked["url"], format!("/api/v2/authenticate/REF30/{code}"));
        assert_eq!(asked["mvpd"], "OpCo");
        assert!(asked["notBefore"].is_string() && asked["notAfter"].is_string(), "{asked}");
    }
    let nobody = [
        SetTop::silent(&app),
        SetTop::saying(&app, "access=denied&provider=").await,
        SetTop::saying(&app, "provider=somebody-else").await,
    ];
    for device in nobody {
        let asked = device.ask().await;
        assert_eq!(action(&asked), ["resume", "direct", "pfs_fallback"], "{asked}");
        assert_eq!(asked["missingParameters"], json!(["mvpd"]));
    }
    // The browser works as it always does.
    let done = app.house.url("/demo/done");
    let form = [("domainName", "127.0.0.1"), ("redirectUrl", done.as_str())];
    let asked = SetTop::saying(&app, "access=denied").await.ask_with(&form).await;
    let url = app.house.url(&text(&asked, "url"));
    assert_eq!(app.house.browse_and_sign_in(&url, "ann").await, done);
}

#[tokio::test]
async fn rest_128_var_31_an_integration_that_is_not_set_up_leads_to_the_browser() {
    let app = App::open().await;
    let device = SetTop::signed_in(&app).await;
    let changes: [fn(&mut Catalog); 4] = [
        |catalog| settings(catalog).enable_single_sign_on = Some(false),
        |catalog| settings(catalog).auth_per_aggregator = Some(true),
        |catalog| {
            let opco = catalog.mvpds.iter_mut().find(|it| it.id.as_str() == "OpCo").expect("OpCo");
            opco.partner.get_mut(&Platform::TvOs).expect("tvOS").boarding_status =
                "PICKER".to_owned();
        },
        |catalog| {
            let oauth = catalog.mvpds.iter().find(|it| it.id.as_str() == "Cablevision");
            let authn = oauth.expect("Cablevision").authn.clone();
            let opco = catalog.mvpds.iter_mut().find(|it| it.id.as_str() == "OpCo").expect("OpCo");
            opco.authn = authn;
        },
    ];
    for change in changes {
        app.push(change);
        let asked = device.ask().await;
        let expected = ["authenticate", "interactive", "configuration_fallback"];
        assert_eq!(action(&asked), expected, "{asked}");
        assert!(text(&asked, "url").starts_with("/api/v2/authenticate/REF30/"), "{asked}");
    }
    app.push(|_| ());
    let elsewhere = SetTop { os: "Roku", ..SetTop::signed_in(&app).await };
    let asked = elsewhere.ask().await;
    assert_eq!(action(&asked), ["authenticate", "interactive", "configuration_fallback"]);
}

#[tokio::test]
async fn rest_129_var_31_nobody_signs_in_who_need_not() {
    let app = App::open().await;
    let device = SetTop::signed_in(&app).await;
    degrade(&app, "authnAll").await;
    let asked = device.ask().await;
    assert_eq!(action(&asked), ["authorize", "direct", "degraded"], "{asked}");
    assert_eq!(asked["url"], "/api/v2/REF30/decisions/authorize/OpCo");

    let app = App::open().await;
    let device = SetTop::signed_in(&app).await;
    device.sign_in("ann").await;
    let asked = device.ask().await;
    assert_eq!(action(&asked), ["authorize", "direct", "authenticatedSSO"], "{asked}");
    assert_eq!(asked["code"], Value::Null);
}

#[tokio::test]
async fn var_7_rest_132_who_counts_as_signed_in_needs_no_answer_of_the_provider() {
    let app = App::open().await;
    let device = SetTop::signed_in(&app).await;
    let response = device.response("ann").await;
    degrade(&app, "authnAll").await;
    for answer in [response.as_str(), "rubbish", ""] {
        let shown = device.post(answer).await.ok()["profiles"]["OpCo"].clone();
        assert_eq!((&shown["type"], &shown["issuer"]), (&json!("degraded"), &json!("Adobe")));
    }
}

#[tokio::test]
async fn err_29_var_32_rest_133_136_each_defect_of_the_status_has_a_code() {
    let app = App::open().await;
    let response = SetTop::signed_in(&app).await.response("ann").await;
    let said = |access: Value, provider: Value| json!({ "frameworkPermissionInfo": access, "frameworkProviderInfo": provider });
    let granted = || json!({ "accessStatus": "granted" });
    let now = app.house.clock.now().as_millis();
    let opco = |end: Value| json!({ "id": "opco-partner", "expirationDate": end });
    for (device, code) in [
        (SetTop::silent(&app), "permission_access_not_present"),
        (SetTop::stating(&app, &said(json!({}), opco(json!("")))), "permission_access_not_present"),
        (SetTop::saying(&app, "access=notDetermined").await, "permission_access_not_determined"),
        (SetTop::saying(&app, "access=denied").await, "permission_access_not_granted"),
        (SetTop::saying(&app, "access=restricted").await, "permission_access_not_granted"),
        (SetTop::saying(&app, "provider=").await, "provider_id_not_determined"),
        (SetTop::saying(&app, "provider=somebody-else").await, "provider_id_not_determined"),
        (
            SetTop::stating(&app, &said(granted(), opco(json!((now - 1).to_string())))),
            "provider_info_expired",
        ),
        (SetTop::stating(&app, &said(granted(), opco(json!(now - 1)))), "provider_info_expired"),
        (SetTop::stating(&app, &said(granted(), opco(json!("soon")))), "provider_info_expired"),
    ] {
        let refusal = device.post(&response).await.refusal();
        assert_eq!(refusal, refused(400, &format!("invalid_header_pfs_{code}")));
    }
    // What can be read, is read: an end as text, as a number, or not at all.
    for end in [json!((now + 1_000).to_string()), json!(now + 1_000), json!(""), Value::Null] {
        let device = SetTop::stating(&app, &said(granted(), opco(end)));
        device.sign_in("ann").await;
        device.get("logout/OpCo").await;
    }
}

#[tokio::test]
async fn err_29_var_32_an_answer_of_another_provider_does_not_match_the_status() {
    let app = App::open().await;
    let session = app.create(&[
        ("mvpd", "OpCoProxied"),
        ("domainName", "acme.example"),
        ("redirectUrl", DONE),
    ]);
    let url = app.house.url(&text(&session.await.ok(), "url"));
    let foreign = app.house.saml_answer(&url, "ann").await;
    let device = SetTop::signed_in(&app).await;
    device.ask().await;
    let refusal = device.post(&foreign).await.refusal();
    assert_eq!(refusal, refused(400, "invalid_header_pfs_provider_id_mismatch"));
}

#[tokio::test]
async fn err_30_rest_133_an_answer_that_proves_nothing_makes_no_profile() {
    let app = App::open().await;
    let device = SetTop::signed_in(&app).await;
    let refusal = refused(400, "invalid_parameter_saml_response");
    let without = send(device.call(Method::POST, PROFILES).form(&[("other", "x")])).await;
    assert_eq!(without.refusal(), refusal);
    for answer in ["", "%%%", "PHg+", &STANDARD.encode("<x/>")] {
        assert_eq!(device.post(answer).await.refusal(), refusal, "{answer}");
    }
    for fault in ["bad-signature", "unsigned", "wrong-audience", "expired", "wrong-issuer"] {
        let form = [("provider", "OpCo"), ("fault", fault)];
        assert_eq!(send(app.house.post("/demo/switchboard").form(&form)).await.status, 303);
        let answer = device.response("ann").await;
        assert_eq!(device.post(&answer).await.refusal(), refusal, "{fault}");
    }
    send(app.house.post("/demo/switchboard").form(&[("provider", "OpCo")])).await;
    // Each answer serves once, and only for the device that asked.
    let answer = device.response("ann").await;
    assert_eq!(device.post(&answer).await.status, 201);
    assert_eq!(device.post(&answer).await.refusal(), refusal);
    assert_eq!(device.get("profiles/OpCo").await["profiles"]["OpCo"]["type"], "appleSSO");
}

#[tokio::test]
async fn rest_134_135_the_profile_is_used_with_the_viewers_permission_only() {
    let app = App::open().await;
    let device = SetTop::signed_in(&app).await;
    device.sign_in("ann").await;
    let shown = |list: &Value| list["profiles"]["OpCo"]["type"].as_str().map(str::to_owned);
    let denying = SetTop::saying(&app, "access=denied").await;
    for path in ["profiles", "profiles/OpCo"] {
        assert_eq!(shown(&device.get(path).await).as_deref(), Some("appleSSO"), "{path}");
        assert_eq!(shown(&SetTop::silent(&app).get(path).await), None, "{path}");
        assert_eq!(shown(&denying.get(path).await), None, "{path}");
    }
    for (device, code) in [
        (SetTop::saying(&app, "expires=1000").await, "provider_info_expired"),
        (SetTop::saying(&app, "access=denied").await, "permission_access_not_granted"),
        (SetTop::silent(&app), "permission_access_not_present"),
    ] {
        for operation in ["authorize", "preauthorize"] {
            let refusal = device.decide(operation).await.refusal();
            assert_eq!(refusal, refused(400, &format!("invalid_header_pfs_{code}")));
        }
    }
    // The integration may not care.
    app.push(|catalog| settings(catalog).enforce_platform_permissions = Some(false));
    assert_eq!(shown(&denying.get("profiles").await).as_deref(), Some("appleSSO"));
    assert_eq!(denying.decide("authorize").await.ok()["decisions"][0]["authorized"], true);
}

#[tokio::test]
async fn var_33_rest_139_signing_out_ends_on_the_box() {
    let app = App::open().await;
    let device = SetTop::signed_in(&app).await;
    device.sign_in("ann").await;
    let logout = SetTop::silent(&app).get("logout/OpCo").await["logouts"]["OpCo"].clone();
    assert_eq!(logout["actionName"], "partner_logout");
    assert_eq!(logout["actionType"], "partner_interactive");
    assert_eq!(logout["url"], Value::Null);
    assert_eq!(device.get("profiles").await["profiles"], json!({}));
    let again = device.get("logout/OpCo").await["logouts"]["OpCo"].clone();
    assert_eq!(again["actionName"], "invalid");
}

#[tokio::test]
async fn the_box_carries_requests_of_usher_for_subscribers_only() {
    let app = App::open().await;
    let device = SetTop::signed_in(&app).await;
    let asked = device.ask().await;
    let request = text(&asked["authenticationRequest"], "request");
    assert_eq!(device.carry(&request, "nobody").await.status, 403);
    assert_eq!(device.carry("rubbish", "ann").await.status, 400);
    let document = String::from_utf8(STANDARD.decode(&request).expect("base64")).expect("text");
    let touched = document.replace("IsPassive=\"false\"", "IsPassive=\"true\"");
    assert_ne!(touched, document);
    assert_eq!(device.carry(&STANDARD.encode(touched), "ann").await.status, 400);

    let page = send(app.house.get("/demo/partner/")).await;
    assert_eq!(page.status, 200);
    let status = device.status.as_deref().expect("a status");
    assert!(page.text.contains(status), "the page hands out {status}");
}
