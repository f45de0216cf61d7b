//! Signing in by SAML (`mvpd` §5).

use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use usher_registry::Binding;
use usher_saml::binding::{Parameter, Redirected};

use crate::couch::{Couch, location, mvpd, saml};
use crate::support::{House, attribute, hidden_fields};

/// The request that a browser carries in `url`.
fn request(url: &reqwest::Url) -> String {
    let query = url.query().expect("a query");
    Redirected::parse(query, Parameter::Request).expect("a SAML request").xml
}

/// Makes a built-in provider do these things wrong, and nothing else.
pub(crate) async fn switch(house: &House, provider: &str, faults: &[&str]) {
    let form: Vec<_> = [("provider", provider)]
        .into_iter()
        .chain(faults.iter().map(|it| ("fault", *it)))
        .collect();
    let answer = house.send(house.post("/demo/switchboard").form(&form)).await;
    assert_eq!(answer.status(), 303, "{}", answer.text().await.unwrap_or_default());
}

/// Why sign-ins of the day failed, from the reports.
pub(crate) async fn failures(house: &House) -> Vec<String> {
    let token = house.token("acme-ops").await;
    let url = "/esm/v3/media-company/year/month/day/event/requestor-id/proxy/mvpd/reason\
               ?event=authn-failed&limit=1000&start=2026-03-01&end=2026-04-01";
    let request = house.get(url).bearer_auth(token).header("Accept", "application/json");
    let report: Value = house.send(request).await.json().await.expect("JSON");
    let rows = report["report"].as_array().unwrap_or_else(|| panic!("{report}")).clone();
    rows.iter().filter_map(|row| row["reason"].as_str().map(str::to_owned)).collect()
}

/// The element by which a request says who made it.
fn issued_by(issuer: &str) -> String {
    let namespace = "urn:oasis:names:tc:SAML:2.0:assertion";
    format!("<saml:Issuer xmlns:saml=\"{namespace}\">{issuer}</saml:Issuer>")
}

#[tokio::test]
async fn mvpd_1_the_metadata_announce_entity_id_consumer_and_certificates() {
    let house = House::with(&[("deployment.saml_entity_id", "https://saml.sp.tve.example")]).await;
    let answer = house.send(house.get("/sp/metadata")).await;
    let media_type = answer.headers()["content-type"].to_str().expect("text").to_owned();
    assert!(media_type.starts_with("application/samlmetadata+xml"), "{media_type}");
    let document = answer.text().await.expect("text");
    for part in [
        "entityID=\"https://saml.sp.tve.example\"",
        "AuthnRequestsSigned=\"true\"",
        "WantAssertionsSigned=\"true\"",
        "use=\"signing\"",
        "use=\"encryption\"",
        "Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\"",
        &format!("Location=\"{}/sp/saml/SAMLAssertionConsumer\"", house.base),
        &format!("ResponseLocation=\"{}/sp/saml/LogoutServiceHTTPRedirectResponse\"", house.base),
    ] {
        assert!(document.contains(part), "{part} is not in {document}");
    }
}

#[tokio::test]
async fn mvpd_2_the_request_says_what_the_contract_says_and_is_signed() {
    let house = House::open().await;
    let couch = Couch::at(&house, "OpCo").await;
    let url = couch.provider_address().await;
    assert_eq!(url.path(), "/demo/opco/sso");
    let parameters: HashSet<String> = url.query_pairs().map(|(name, _)| name.into()).collect();
    for name in ["SAMLRequest", "RelayState", "SigAlg", "Signature"] {
        assert!(parameters.contains(name), "{name}");
    }
    let relay_state = url.query_pairs().find(|(name, _)| name == "RelayState").expect("state").1;
    assert!((22..=80).contains(&relay_state.len()), "{relay_state}");
    let request = request(&url);
    let sp = house.url("/sp/metadata");
    for part in [
        &*format!(
            "AssertionConsumerServiceURL=\"{}\"",
            house.url("/sp/saml/SAMLAssertionConsumer")
        ),
        &format!("Destination=\"{}\"", house.url("/demo/opco/sso")),
        "ForceAuthn=\"false\"",
        "IsPassive=\"false\"",
        "Version=\"2.0\"",
        "ProtocolBinding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\"",
        "AllowCreate=\"true\"",
        "Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:persistent\"",
        &format!("SPNameQualifier=\"{sp}\""),
        &issued_by(&format!("{sp}/on-behalf-of/REF30")),
    ] {
        assert!(request.contains(part), "{part} is not in {request}");
    }
    assert!(!request.contains("RequestedAuthnContext"), "{request}");
    // A provider refuses a request whose query was touched.
    let touched = url.as_str().replace("RelayState=", "RelayState=x");
    assert_eq!(house.send(house.http.get(touched)).await.status(), 400);
}

#[tokio::test]
async fn mvpd_2_a_provider_may_want_its_request_in_a_form() {
    let house = House::open().await;
    let couch = Couch::at(&house, "OpCo").await;
    house.push(|catalog| {
        let saml = saml(catalog, "OpCo");
        saml.sso_binding = Binding::Post;
        saml.name_id_format = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient".into();
        saml.authn_context = Some("urn:oasis:names:tc:SAML:2.0:ac:classes:Password".into());
        mvpd(catalog, "OpCo").connection.force_authn = Some(true);
    });
    let answer = house.send(house.http.get(couch.start().await)).await;
    let policy = answer.headers()["content-security-policy"].to_str().expect("text").to_owned();
    assert!(policy.contains("script-src 'sha256-"), "{policy}");
    let page = answer.text().await.expect("a page");
    assert_eq!(attribute(&page, "<form", "action"), Some(house.url("/demo/opco/sso")));
    let fields = hidden_fields(&page);
    let [(first, document), (second, _)] = fields.as_slice() else { panic!("{fields:?}") };
    assert_eq!((first.as_str(), second.as_str()), ("SAMLRequest", "RelayState"));
    let document = String::from_utf8(STANDARD.decode(document).expect("base64")).expect("text");
    for part in [
        "<ds:Signature ",
        "ForceAuthn=\"true\"",
        "nameid-format:transient",
        "<saml:AuthnContextClassRef xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">\
         urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef>",
    ] {
        assert!(document.contains(part), "{part} is not in {document}");
    }
}

#[tokio::test]
async fn mvpd_3_the_brand_is_told_as_the_provider_wants_to_hear_it() {
    use usher_registry::Scoping::{Both, Issuer, None, RequesterId};
    let house = House::open().await;
    let couch = Couch::at(&house, "OpCo").await;
    let sp = house.url("/sp/metadata");
    for (scoping, partner_id, issuer, requester) in [
        (Issuer, Option::None, "/on-behalf-of/REF30", Option::None),
        (RequesterId, Option::None, "", Some("REF30")),
        (Both, Some("acme-on-opco"), "/on-behalf-of/acme-on-opco", Some("acme-on-opco")),
        (None, Option::None, "", Option::None),
    ] {
        house.push(|catalog| {
            mvpd(catalog, "OpCo").connection.sp_scoping = Some(scoping);
            for integration in &mut catalog.integrations {
                integration.partner_id = partner_id.map(str::to_owned);
            }
        });
        let request = request(&couch.provider_address().await);
        assert!(request.contains(&issued_by(&format!("{sp}{issuer}"))), "{request}");
        assert!(request.contains(&format!("SPNameQualifier=\"{sp}\"")), "{request}");
        let told = requester.map(|id| format!("<samlp:RequesterID>{id}</samlp:RequesterID>"));
        match told {
            Some(told) => assert!(request.contains(&told), "{request}"),
            Option::None => assert!(!request.contains("RequesterID"), "{request}"),
        }
        assert_eq!(couch.sign_in("ben").await, house.url("/demo/done"));
        assert_eq!(couch.profile().await["issuer"], "OpCo");
        couch.logout().await;
    }
}

#[tokio::test]
async fn mvpd_4_a_proxied_provider_is_asked_for_by_name() {
    let house = House::open().await;
    let couch = Couch::at(&house, "OpCoProxied").await;
    for provider_id in [None, Some("urn:hub:valley-17")] {
        house.push(|catalog| {
            mvpd(catalog, "OpCoProxied").provider_id = provider_id.map(str::to_owned);
        });
        let url = couch.provider_address().await;
        assert_eq!(url.path(), "/demo/opcohub/sso");
        let request = request(&url);
        let id = provider_id.unwrap_or("OpCoProxied");
        let scoping = format!(
            "<samlp:Scoping><samlp:IDPList><samlp:IDPEntry Name=\"OpCo Valley (demo, through a \
             proxy)\" ProviderID=\"{id}\"></samlp:IDPEntry></samlp:IDPList>\
             <samlp:RequesterID>REF30</samlp:RequesterID></samlp:Scoping>"
        );
        assert!(request.contains(&scoping), "{request}");
        assert_eq!(couch.sign_in("ben").await, house.url("/demo/done"));
        let profile = couch.profile().await;
        assert_eq!(profile["issuer"], "OpCoProxied");
        let decision = couch.authorize("acme-one").await;
        assert_eq!(decision["authorized"], true, "{decision}");
        couch.logout().await;
    }
}

#[tokio::test]
async fn mvpd_4_who_may_answer_for_a_proxied_provider_is_configured() {
    use usher_registry::ProxyIssuer::{Either, Proxied, Proxy};
    let house = House::open().await;
    let couch = Couch::at(&house, "OpCoProxied").await;
    // The built-in hub answers in the name of the proxied provider.
    for (mode, accepted) in [(Proxied, true), (Proxy, false), (Either, true)] {
        house.push(|catalog| saml(catalog, "OpCoHub").proxy_issuer = mode);
        assert_eq!(couch.sign_in("ben").await, house.url("/demo/done"));
        assert_eq!(couch.profile().await.is_object(), accepted, "{mode:?}");
        couch.logout().await;
    }
    assert_eq!(failures(&house).await, ["issuer"]);
}

#[tokio::test]
async fn mvpd_5_a_valid_response_makes_a_regular_profile_and_returns_the_browser() {
    let house = House::open().await;
    let couch = Couch::with(&house, "OpCo", "ben").await;
    let profile = couch.profile().await;
    assert_eq!(profile["type"], "regular");
    assert_eq!(profile["issuer"], "OpCo");
    let at = |member: &str| profile[member].as_i64().expect("ms");
    // Unidentified devices have a shorter life than the provider's general setting.
    assert_eq!(at("notAfter") - at("notBefore"), 24 * 3_600_000);
    let attributes = &profile["attributes"];
    assert_eq!(attributes["channelID"]["value"], json!(["acme-one", "acme-two"]));
    assert_eq!(attributes["maxRating"]["value"], json!({ "VCHIP": "TV-MA", "MPAA": "NC-17" }));
    assert_eq!(attributes["hba_status"]["value"], "false");
    assert_eq!(attributes["zip"]["state"], "enc");
    assert_eq!(attributes["upstreamUserID"]["value"], attributes["userID"]["value"]);
}

#[tokio::test]
async fn a_viewer_who_turns_back_returns_without_a_profile_and_can_try_again() {
    let house = House::open().await;
    let couch = Couch::at(&house, "OpCo").await;
    let start = couch.start().await;
    let (url, page) = house.browse(house.http.get(&start)).await;
    let cancel = attribute(&page, "<a class=\"cancel\"", "href").expect("a link");
    let cancel = reqwest::Url::parse(&url).expect("a URL").join(&cancel).expect("a URL");
    assert_eq!(house.browse(house.http.get(cancel)).await.0, house.url("/demo/done"));
    assert!(couch.profile().await.is_null());
    assert_eq!(failures(&house).await, ["status"]);
    assert_eq!(house.browse_and_sign_in(&start, "ann").await, house.url("/demo/done"));
    assert!(couch.profile().await.is_object());
}

#[tokio::test]
async fn mvpd_6_a_bad_response_makes_no_profile_and_the_reports_know_why() {
    let house = House::open().await;
    let couch = Couch::at(&house, "OpCo").await;
    let mut reasons = HashSet::new();
    for (fault, reason) in [
        ("wrong-destination", "destination"),
        ("wrong-audience", "audience"),
        ("expired", "time"),
        ("wrong-recipient", "subject_confirmation"),
        ("unsigned", "signature"),
        ("former-key", "signature"),
        ("bad-signature", "signature"),
        ("wrong-issuer", "issuer"),
        ("unsolicited", "unsolicited"),
    ] {
        switch(&house, "OpCo", &[fault]).await;
        assert_eq!(couch.sign_in("ben").await, house.url("/demo/done"), "{fault}");
        assert!(couch.profile().await.is_null(), "{fault}");
        reasons.insert(reason.to_owned());
        assert_eq!(failures(&house).await.into_iter().collect::<HashSet<_>>(), reasons, "{fault}");
    }
    switch(&house, "OpCo", &[]).await;
    assert_eq!(couch.sign_in("ben").await, house.url("/demo/done"));
    assert!(couch.profile().await.is_object());
}

#[tokio::test]
async fn mvpd_6_an_answer_to_another_request_or_one_that_was_answered_makes_no_profile() {
    let house = House::open().await;
    let couch = Couch::at(&house, "OpCo").await;
    let (action, first) = couch.answer_for("ben").await;
    let (_, second) = couch.answer_for("ann").await;
    let mut crossed = second.clone();
    crossed.insert("SAMLResponse".into(), first["SAMLResponse"].clone());
    let answer = couch.post(&action, &crossed).await;
    assert_eq!(location(&answer).as_str(), house.url("/demo/done"));
    assert!(couch.profile().await.is_null());
    assert_eq!(failures(&house).await, ["unsolicited"]);
    // A reference is consumed by whatever comes with it, good or bad.
    for fields in [&second, &first] {
        assert_eq!(couch.post(&action, fields).await.status(), 400);
    }
    // Without a reference there is nothing to answer.
    let mut lost = couch.answer_for("ben").await.1;
    lost.remove("RelayState");
    assert_eq!(couch.post(&action, &lost).await.status(), 400);
    assert!(couch.profile().await.is_null());
}

#[tokio::test]
async fn mvpd_6_an_assertion_is_accepted_once_on_whichever_device() {
    let house = House::open().await;
    let couch = Couch::at(&house, "OpCo").await;
    switch(&house, "OpCo", &["replayed"]).await;
    couch.sign_in("ben").await;
    assert!(couch.profile().await.is_object());
    couch.logout().await;
    couch.sign_in("ben").await;
    assert!(couch.profile().await.is_null());
    assert_eq!(failures(&house).await, ["replay"]);
}

#[tokio::test]
async fn mvpd_6_what_is_no_answer_at_all_is_refused_without_detail() {
    let house = House::open().await;
    let couch = Couch::at(&house, "OpCo").await;
    let document = |text: &str| STANDARD.encode(text);
    for response in [
        String::new(),
        "%%%".to_owned(),
        document("no XML"),
        document("<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><x>&e;</x>"),
        document("<samlp:Response xmlns:samlp='urn:oasis:names:tc:SAML:2.0:protocol'/>"),
        document(&format!("<x>{}</x>", " ".repeat(300 * 1024))),
    ] {
        let (action, mut fields) = couch.answer_for("ben").await;
        fields.insert("SAMLResponse".into(), response);
        let answer = couch.post(&action, &fields).await;
        assert_eq!(location(&answer).as_str(), house.url("/demo/done"));
        assert!(couch.profile().await.is_null());
    }
    let consumer = house.url("/sp/saml/SAMLAssertionConsumer");
    let form = [("SAMLResponse", "x"), ("RelayState", "unknown")];
    for request in [
        house.http.post(&consumer),
        house.http.post(&consumer).form(&[("RelayState", "x")]),
        house.http.post(&consumer).form(&form),
        house.http.post(&consumer).body("x".repeat(2 << 20)),
    ] {
        let answer = house.send(request).await;
        assert_eq!(answer.status(), 400);
        assert!(answer.headers()["content-type"].to_str().expect("text").starts_with("text/html"));
    }
}

#[tokio::test]
async fn mvpd_7_an_unsolicited_response_needs_the_endpoints_consent() {
    let house = House::open().await;
    let couch = Couch::at(&house, "OpCo").await;
    switch(&house, "OpCo", &["unsolicited"]).await;
    couch.sign_in("ben").await;
    assert!(couch.profile().await.is_null());
    house.push(|catalog| saml(catalog, "OpCo").block_unsolicited = false);
    couch.sign_in("ben").await;
    assert!(couch.profile().await.is_object());
}

#[tokio::test]
async fn mvpd_9_the_viewer_is_named_by_the_configured_attribute() {
    let house = House::open().await;
    let couch = Couch::at(&house, "OpCo").await;
    let user = async || couch.profile().await["attributes"]["userID"]["value"].clone();
    house.push(|catalog| {
        let guid = Some("householdID".to_owned());
        mvpd(catalog, "OpCo").connection.authn_guid_attribute_name = guid;
    });
    couch.sign_in("ben").await;
    assert!(user().await.as_str().is_some_and(|id| id.starts_with("h-")), "{}", user().await);
    // The decision point is asked about the viewer by the name the provider signs them out by.
    assert_eq!(couch.authorize("acme-one").await["authorized"], true);
    couch.logout().await;

    house.push(|catalog| {
        let guid = Some("nobody".to_owned());
        for integration in &mut catalog.integrations {
            integration.connection.authn_guid_attribute_name.clone_from(&guid);
        }
    });
    couch.sign_in("ben").await;
    assert!(couch.profile().await.is_null());
    assert_eq!(failures(&house).await, ["no_user_id"]);
}

#[tokio::test]
async fn mvpd_10_an_encrypted_assertion_is_read_and_may_be_demanded() {
    let house = House::open().await;
    let couch = Couch::at(&house, "OpCo").await;
    house.push(|catalog| saml(catalog, "OpCo").require_encrypted_assertion = true);
    couch.sign_in("ben").await;
    assert!(couch.profile().await.is_null());
    assert_eq!(failures(&house).await, ["decrypt"]);
    switch(&house, "OpCo", &["encrypted"]).await;
    let (action, fields) = couch.answer_for("ben").await;
    let document = STANDARD.decode(&fields["SAMLResponse"]).expect("base64");
    let document = String::from_utf8(document).expect("text");
    assert!(document.contains("EncryptedAssertion") && !document.contains("uniqueId"));
    couch.post(&action, &fields).await;
    assert!(couch.profile().await.is_object());
}

#[tokio::test]
async fn two_certificates_may_be_pinned_while_a_provider_changes_its_own() {
    let house = House::open().await;
    let couch = Couch::at(&house, "OpCo").await;
    house.push(|catalog| {
        let other = saml(catalog, "OpCoHub").certificates.clone();
        let certificates = &mut saml(catalog, "OpCo").certificates;
        certificates.splice(0..0, other);
    });
    couch.sign_in("ben").await;
    assert!(couch.profile().await.is_object());
    couch.logout().await;
    house.push(|catalog| {
        let other = saml(catalog, "OpCoHub").certificates.clone();
        saml(catalog, "OpCo").certificates = other;
    });
    couch.sign_in("ben").await;
    assert!(couch.profile().await.is_null());
}

#[tokio::test]
async fn an_integration_that_is_switched_off_meanwhile_makes_no_profile() {
    let house = House::open().await;
    let couch = Couch::at(&house, "OpCo").await;
    let (action, fields) = couch.answer_for("ben").await;
    house.push(|catalog| {
        for integration in &mut catalog.integrations {
            integration.enabled = integration.mvpd.as_str() != "OpCo";
        }
    });
    let answer = couch.post(&action, &fields).await;
    assert_eq!(location(&answer).as_str(), house.url("/demo/done"));
    house.push(|_| ());
    assert!(couch.profile().await.is_null());
    assert_eq!(failures(&house).await, ["integration"]);
}

#[tokio::test]
async fn the_documented_start_address_works_with_a_session_code() {
    let house = House::open().await;
    let couch = Couch::at(&house, "OpCo").await;
    let session = couch.session().await;
    let documented = [
        ("noflash", "true"),
        ("mso_id", "OpCo"),
        ("requestor_id", "REF30"),
        ("no_iframe", "false"),
        ("domain_name", "127.0.0.1"),
        ("redirect_url", "https://elsewhere.example/"),
    ];
    let start = || house.get("/adobe-services/authenticate/saml").query(&documented);
    let code = session["code"].as_str().expect("a code");
    let answer = house.send(start().query(&[("code", code)])).await;
    assert_eq!(location(&answer).path(), "/demo/opco/sso");
    assert_eq!(house.send(start()).await.status(), 400);
}
