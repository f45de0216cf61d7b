//! Asking in XACML (`mvpd` §7, §8, §10).

use std::time::Duration;

use serde_json::{Value, json};
use usher_registry::Meaning::{
    AuthorizationDeniedByHbaPolicies, AuthorizationDeniedBySessionInvalidated,
    IdentityNotRecognizedByMvpd,
};
use usher_registry::{AuthzProtocol, PreflightMode, RatingStyle, ResourceFormat};
use usher_saml::authz::{Attribute, Decision};

use crate::couch::{Couch, error, location, mvpd, xacml};
use crate::pdp::{Pdp, Question, RE_AUTHZ, Reply, each, obligation};
use crate::sign_in::switch;
use crate::support::House;

const STRING: &str = "http://www.w3.org/2001/XMLSchema#string";
const RESOURCE_ID: &str = "urn:oasis:names:tc:xacml:1.0:resource:resource-id";

/// A house whose OpCo asks at `pdp`.
fn connect(house: &House, pdp: &Pdp) {
    house.push(|catalog| pdp.at(xacml(catalog, "OpCo")));
}

/// A house and a decision point that says the same about everything.
async fn saying(decision: Decision, obligations: &[(&str, &[(&str, &str)])]) -> (House, Pdp) {
    let house = House::open().await;
    let obligations: Vec<_> =
        obligations.iter().map(|(id, assigned)| obligation(id, assigned)).collect();
    let script = move |query: &_| Reply::Grants(each(query, decision, &obligations));
    let pdp = Pdp::open(&house, script).await;
    connect(&house, &pdp);
    (house, pdp)
}

/// The attributes of the only resource of a question.
fn resource(question: &Question) -> Vec<(&str, &str)> {
    let [resource] = question.query.resources.as_slice() else { panic!("several resources") };
    assert!(resource.iter().all(|attribute| attribute.data_type == STRING));
    let mut pairs: Vec<_> = resource.iter().map(|it| (&*it.id, &*it.value)).collect();
    pairs.sort_unstable();
    pairs
}

/// A programme of a channel, as apps name it.
fn programme() -> String {
    "<rss version=\"2.0\" xmlns:media=\"http://search.yahoo.com/mrss/\"><channel>\
     <title>acme-one</title><item><title>Morning &amp; Brief</title><guid>ep-17</guid>\
     <media:rating scheme=\"urn:v-chip\">TV-PG</media:rating></item></channel></rss>"
        .to_owned()
}

#[tokio::test]
async fn mvpd_19_the_query_is_the_profiles_and_signed() {
    let house = House::open().await;
    let pdp = Pdp::permitting(&house).await;
    connect(&house, &pdp);
    let couch = Couch::with(&house, "OpCo", "ben").await;
    let user = couch.profile().await["attributes"]["userID"]["value"].clone();
    assert_eq!(couch.authorize("acme-one").await["authorized"], true);

    // The decision point took it: its signature is right.
    let questions = pdp.questions();
    let [question] = questions.as_slice() else { panic!("{} questions", questions.len()) };
    assert_eq!(question.headers["content-type"], "text/xml; charset=utf-8");
    assert_eq!(question.headers["soapaction"], "\"\"");
    let query = &question.query;
    let sp = house.url("/sp/metadata");
    assert_eq!(query.issuer, format!("{sp}/on-behalf-of/REF30"));
    let subject = query.subject.as_ref().expect("a subject");
    assert_eq!(subject.id, "urn:oasis:names:tc:xacml:1.0:subject:subject-id");
    assert_eq!((json!(subject.value), &*subject.data_type), (user, STRING));
    assert_eq!(resource(question), [(RESOURCE_ID, "acme-one")]);
    let ip = Attribute {
        id: "urn:oasis:names:tc:xacml:1.0:subject:authn-locality:ip-address".to_owned(),
        data_type: "urn:oasis:names:tc:xacml:2.0:data-type:ipAddress".to_owned(),
        value: "127.0.0.1".to_owned(),
    };
    assert_eq!(query.environment, [ip]);
    for part in [
        "SubjectCategory=\"urn:oasis:names:tc:xacml:1.0:subject-category:access-subject\"",
        "AttributeId=\"urn:oasis:names:tc:xacml:1.0:action:action-id\"",
        ">VIEW</xacml-context:AttributeValue>",
        "xsi:type=\"xacml-context:AttributeValueType\"",
        "PrefixList=\"ds saml xacml-context xacml-samlp\"",
        "Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"",
        "Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"",
        "Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256\"",
        "Version=\"2.0\"",
    ] {
        assert!(question.body.contains(part), "{part} is not in {}", question.body);
    }
}

#[tokio::test]
async fn what_a_decision_point_hears_about_the_device_is_configured() {
    let house = House::open().await;
    let pdp = Pdp::permitting(&house).await;
    let couch = Couch::with(&house, "OpCo", "ben").await;
    house.push(|catalog| {
        pdp.at(xacml(catalog, "OpCo"));
        let connection = &mut mvpd(catalog, "OpCo").connection;
        connection.include_xacml_request_ip_info = Some(false);
        connection.include_xacml_request_user_agent_info = Some(true);
        connection.xacml_request_user_agent_info_attribute_id = Some("urn:opco:agent".to_owned());
    });
    let path = "/api/v2/REF30/decisions/authorize/OpCo";
    let request = house.post(path).json(&json!({ "resources": ["acme-one"] }));
    couch.call(request.header("User-Agent", "TV/1.0")).await;
    let questions = pdp.questions();
    let environment = &questions.first().expect("a question").query.environment;
    let agent = |it: &Attribute| it.id == "urn:opco:agent" && it.value == "TV/1.0";
    assert!(environment.len() == 1 && environment.iter().all(agent), "{environment:?}");
}

#[tokio::test]
async fn mvpd_20_the_lifetime_is_the_answers_else_the_configured_one_else_there_is_none() {
    let house = House::open().await;
    let told = Pdp::permitting(&house).await;
    let silent = |query: &_| Reply::Grants(each(query, Decision::Permit, &[]));
    let untold = Pdp::open(&house, silent).await;
    let couch = Couch::with(&house, "OpCo", "ben").await;
    let lifetime = async |resource: &str| {
        let decision = couch.authorize(resource).await;
        let at = |member: &str| decision[member].as_i64().expect("ms");
        (at("notAfter") - at("notBefore")) / 1000
    };
    connect(&house, &told);
    assert_eq!(lifetime("acme-one").await, 600);
    connect(&house, &untold);
    assert_eq!(lifetime("acme-two").await, 24 * 3600);
    house.push(|catalog| {
        untold.at(xacml(catalog, "OpCo"));
        mvpd(catalog, "OpCo").settings.all.authz_ttl = None;
    });
    let decision = couch.authorize("acme-three").await;
    assert_eq!(error(&decision), "internal_server_error");
    assert_eq!(decision["authorized"], false);
    house.push(|catalog| {
        let endpoint = xacml(catalog, "OpCo");
        untold.at(endpoint);
        endpoint.ttl_from_conditions = true;
        mvpd(catalog, "OpCo").settings.all.authz_ttl = None;
    });
    assert_eq!(lifetime("acme-four").await, 5 * 60);
}

#[tokio::test]
async fn mvpd_22_a_denial_says_why() {
    let pc = "urn:tve:xacml:2.0:obligations:restrict-pc";
    let upgrade = "urn:tve:xacml:2.0:obligations:upgrade";
    let message = "urn:cablelabs:ocla:1.0:attribute:enviroment:buy-flow:message";
    let denied = "authorization_denied_by_mvpd";
    for (id, assigned, code, details) in [
        (pc, vec![], "authorization_denied_by_parental_controls", None),
        (upgrade, vec![(message, "Call\u{85} us & pay")], denied, Some("Call us & pay")),
        (
            upgrade,
            vec![],
            denied,
            Some("This is not in your package. Your TV provider offers an upgrade."),
        ),
    ] {
        let (house, _pdp) = saying(Decision::Deny, &[(id, &assigned)]).await;
        let couch = Couch::with(&house, "OpCo", "ben").await;
        let decision = couch.authorize("acme-one").await;
        assert_eq!(error(&decision), code);
        assert_eq!(decision["error"]["details"].as_str(), details);
        assert_eq!(decision["error"]["status"], 403);
        assert!(decision.get("token").is_none());
    }
}

#[tokio::test]
async fn mvpd_22_what_is_not_applicable_is_denied_and_what_is_undecided_failed() {
    let (house, _pdp) = saying(Decision::NotApplicable, &[]).await;
    let couch = Couch::with(&house, "OpCo", "ben").await;
    assert_eq!(error(&couch.authorize("acme-one").await), "authorization_denied_by_mvpd");
    let items = couch.decide("preauthorize", &["acme-one"]).await;
    assert_eq!(error(&items[0]), "preauthorization_denied_by_mvpd");

    let (house, _pdp) = saying(Decision::Indeterminate, &[]).await;
    let couch = Couch::with(&house, "OpCo", "ben").await;
    assert_eq!(error(&couch.authorize("acme-one").await), "network_received_error");
}

#[tokio::test]
async fn mvpd_23_rest_70_both_spellings_of_the_rating_assignments_refresh_the_profile() {
    for authority in ["ocla", "olca"] {
        let mpaa = format!("urn:cablelabs:{authority}:1.0:attribute:content:ratings:maxMPAA");
        let vchip = format!("urn:cablelabs:{authority}:1.0:attribute:content:ratings:maxVCHIP");
        let assigned = [("ttl", "600"), (&*mpaa, "PG"), (&*vchip, "TV-Y7")];
        let (house, _pdp) = saying(Decision::Permit, &[(RE_AUTHZ, &assigned)]).await;
        let couch = Couch::with(&house, "OpCo", "ben").await;
        let rating = async || couch.profile().await["attributes"]["maxRating"]["value"].clone();
        assert_eq!(rating().await, json!({ "VCHIP": "TV-MA", "MPAA": "NC-17" }));
        couch.authorize("acme-one").await;
        assert_eq!(rating().await, json!({ "VCHIP": "TV-Y7", "MPAA": "PG" }), "{authority}");
    }
}

#[tokio::test]
async fn an_obligation_nobody_knows_denies_only_where_that_is_wanted() {
    let (house, pdp) = saying(Decision::Permit, &[("urn:opco:sing-along", &[])]).await;
    let couch = Couch::with(&house, "OpCo", "ben").await;
    assert_eq!(couch.authorize("acme-one").await["authorized"], true);
    house.push(|catalog| {
        pdp.at(xacml(catalog, "OpCo"));
        xacml(catalog, "OpCo").strict_obligations = true;
    });
    assert_eq!(error(&couch.authorize("acme-two").await), "authorization_denied_by_mvpd");
}

#[tokio::test]
async fn mvpd_24_faults_and_answers_that_prove_nothing_are_failures() {
    let house = House::open().await;
    let couch = Couch::with(&house, "OpCo", "ben").await;
    for fault in [
        "failing",
        "unsigned",
        "bad-signature",
        "former-key",
        "wrong-issuer",
        "wrong-audience",
        "expired",
        "indeterminate",
    ] {
        switch(&house, "OpCo", &[fault]).await;
        let decision = couch.authorize("acme-one").await;
        assert_eq!(error(&decision), "network_received_error", "{fault}");
        assert_eq!(decision["error"]["action"], "retry", "{fault}");
        assert_eq!(decision["error"]["status"], 403, "{fault}");
    }
    switch(&house, "OpCo", &[]).await;
    assert_eq!(couch.authorize("acme-one").await["authorized"], true);
}

#[tokio::test]
async fn mvpd_24_a_table_gives_codes_of_the_provider_their_meaning() {
    const FAULT: &str = "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body>\
        <s:Fault><faultcode>s:Client.Gone</faultcode><faultstring>Over</faultstring></s:Fault>\
        </s:Body></s:Envelope>";
    let house = House::open().await;
    let pdp = Pdp::open(&house, |_| Reply::Raw(500, FAULT)).await;
    let teapot = Pdp::open(&house, |_| Reply::Raw(418, "short and stout")).await;
    let couch = Couch::with(&house, "OpCo", "ben").await;
    for (pdp, sign, meaning, code) in [
        (&pdp, "Client.Other", IdentityNotRecognizedByMvpd, "network_received_error"),
        (&pdp, "500", IdentityNotRecognizedByMvpd, "identity_not_recognized_by_mvpd"),
        (&teapot, "418", AuthorizationDeniedByHbaPolicies, "authorization_denied_by_hba_policies"),
        (
            &pdp,
            "Client.Gone",
            AuthorizationDeniedBySessionInvalidated,
            "authorization_denied_by_session_invalidated",
        ),
    ] {
        house.push(|catalog| {
            let endpoint = xacml(catalog, "OpCo");
            pdp.at(endpoint);
            endpoint.status_map = [(sign.to_owned(), meaning)].into_iter().collect();
        });
        assert_eq!(error(&couch.authorize("acme-one").await), code);
    }
    assert_eq!(error(&couch.authorize("acme-one").await), "authenticated_profile_invalidated");
}

#[tokio::test]
async fn mvpd_26_rest_85_a_provider_hears_of_a_resource_what_it_understands() {
    let house = House::open().await;
    let pdp = Pdp::permitting(&house).await;
    connect(&house, &pdp);
    let couch = Couch::with(&house, "OpCo", "ben").await;
    assert_eq!(couch.authorize(&programme()).await["authorized"], true);
    assert_eq!(resource(pdp.questions().last().expect("one")), [(RESOURCE_ID, "acme-one")]);
    house.push(|catalog| {
        pdp.at(xacml(catalog, "OpCo"));
        xacml(catalog, "OpCo").resource_format = ResourceFormat::Structured;
    });
    assert_eq!(couch.authorize("acme-two").await["authorized"], true);
    let network = "urn:cablelabs:ocla:1.0:attribute:content:tv-network";
    let expected = [(network, "acme-two"), (RESOURCE_ID, "acme-two")];
    assert_eq!(resource(pdp.questions().last().expect("one")), expected);
}

#[tokio::test]
async fn mvpd_27_a_programme_becomes_five_attributes() {
    let house = House::open().await;
    let pdp = Pdp::permitting(&house).await;
    let couch = Couch::with(&house, "OpCo", "ben").await;
    let content = "urn:cablelabs:ocla:1.0:attribute:content";
    for (style, token) in [(RatingStyle::Short, "vchip"), (RatingStyle::Urn, "urn:v-chip")] {
        house.push(|catalog| {
            let endpoint = xacml(catalog, "OpCo");
            pdp.at(endpoint);
            endpoint.resource_format = ResourceFormat::Structured;
            endpoint.rating_scheme_style = style;
        });
        let items = couch.decide("preauthorize", &[&programme()]).await;
        assert_eq!(items[0]["authorized"], true, "{items}");
        let questions = pdp.questions();
        let ids = ["id:namespace", &format!("rating:{token}"), "title", "tv-network"]
            .map(|name| format!("{content}:{name}"));
        let [namespace, rating, title, network] = ids.each_ref().map(String::as_str);
        assert_eq!(
            resource(questions.last().expect("a question")),
            [
                (namespace, "acme-one"),
                (rating, "TV-PG"),
                (title, "Morning & Brief"),
                (network, "acme-one"),
                (RESOURCE_ID, "ep-17"),
            ]
        );
    }
    // A provider may call them otherwise.
    house.push(|catalog| {
        pdp.at(xacml(catalog, "OpCo"));
        xacml(catalog, "OpCo").resource_format = ResourceFormat::Structured;
        let connection = &mut mvpd(catalog, "OpCo").connection;
        connection.authz_attribute_title = Some("urn:opco:title".to_owned());
        connection.authz_attribute_rating = Some("urn:opco:rating".to_owned());
    });
    couch.authorize(&programme()).await;
    let questions = pdp.questions();
    let pairs = resource(questions.last().expect("a question"));
    assert!(pairs.contains(&("urn:opco:title", "Morning & Brief")), "{pairs:?}");
    assert!(pairs.contains(&("urn:opco:rating:vchip", "TV-PG")), "{pairs:?}");
}

#[tokio::test]
async fn mvpd_28_too_many_resources_ask_nobody() {
    let house = House::open().await;
    let pdp = Pdp::permitting(&house).await;
    connect(&house, &pdp);
    let couch = Couch::with(&house, "OpCo", "ben").await;
    let six = ["1", "2", "3", "4", "5", "6"];
    let items = couch.decide("preauthorize", &six).await;
    assert_eq!(codes(&items), ["too_many_resources"; 6]);
    assert_eq!(pdp.asked(), 0);
    house.push(|catalog| {
        pdp.at(xacml(catalog, "OpCo"));
        mvpd(catalog, "OpCo").settings.all.preflight_resources_max = Some(10);
    });
    let items = couch.decide("preauthorize", &six).await;
    assert!(items.as_array().is_some_and(|items| items.iter().all(|it| it["authorized"] == true)));
}

fn codes(items: &Value) -> Vec<&str> {
    items.as_array().expect("a list").iter().map(error).collect()
}

#[tokio::test]
async fn mvpd_29_each_way_to_preauthorize_asks_as_often_as_it_should() {
    let house = House::open().await;
    let pdp = Pdp::permitting(&house).await;
    let couch = Couch::with(&house, "OpCo", "ben").await;
    let ids = ["acme-one", "acme-two", "acme-kids"];
    for (mode, calls, authorized, source) in [
        (PreflightMode::MultiChannel, 1, [true, true, true], "mvpd"),
        (PreflightMode::ForkJoin, 3, [true, true, true], "mvpd"),
        (PreflightMode::Lineup, 0, [true, true, false], "mvpd"),
        (PreflightMode::None, 0, [true, true, true], "dummy"),
    ] {
        house.push(|catalog| {
            pdp.at(xacml(catalog, "OpCo"));
            mvpd(catalog, "OpCo").preflight.get_or_insert_default().mode = mode;
        });
        let before = pdp.asked();
        let items = couch.decide("preauthorize", &ids).await;
        assert_eq!(pdp.asked() - before, calls, "{mode:?}");
        for ((item, id), authorized) in
            items.as_array().expect("a list").iter().zip(ids).zip(authorized)
        {
            assert_eq!(item["resource"], id);
            assert_eq!(item["authorized"], authorized, "{mode:?} {id}");
            assert_eq!(item["source"], source, "{mode:?} {id}");
            assert!(item.get("token").is_none());
        }
    }
}

#[tokio::test]
async fn mvpd_29_what_an_answer_about_several_lacks_is_a_failure_or_asked_again() {
    let house = House::open().await;
    let forgetful = |query: &_| {
        let mut grants = each(query, Decision::Permit, &[]);
        grants.retain(|grant| grants_alone(query, &grant.resource_id));
        Reply::Grants(grants)
    };
    let pdp = Pdp::open(&house, forgetful).await;
    connect(&house, &pdp);
    let couch = Couch::with(&house, "OpCo", "ben").await;
    let items = couch.decide("preauthorize", &["acme-one", "acme-two"]).await;
    assert_eq!(codes(&items), ["no error", "network_received_error"]);
    assert_eq!(pdp.asked(), 1);
    house.push(|catalog| {
        pdp.at(xacml(catalog, "OpCo"));
        xacml(catalog, "OpCo").retry_individually = true;
    });
    let items = couch.decide("preauthorize", &["acme-one", "acme-two"]).await;
    assert_eq!(codes(&items), ["no error", "no error"]);
    assert_eq!(pdp.asked(), 4);
}

/// Only the first of several is answered.
fn grants_alone(query: &usher_saml::idp::AuthzQuery, id: &str) -> bool {
    query.resource_ids().next() == Some(id)
}

#[tokio::test]
async fn a_plain_decision_point_is_asked_without_saml() {
    let house = House::open().await;
    let pdp = Pdp::permitting(&house).await;
    house.push(|catalog| {
        let endpoint = mvpd(catalog, "OpCo").authz.iter_mut().next().expect("an endpoint");
        let AuthzProtocol::XacmlSoap(soap) = &endpoint.protocol else { panic!("another") };
        endpoint.protocol = AuthzProtocol::XacmlPlain(soap.clone());
        pdp.at(xacml(catalog, "OpCo"));
    });
    let couch = Couch::with(&house, "OpCo", "ben").await;
    let decision = couch.authorize("acme-one").await;
    assert_eq!(decision["authorized"], true, "{decision}");
    let questions = pdp.questions();
    let question = questions.first().expect("a question");
    assert!(question.headers.get("soapaction").is_none());
    assert!(!question.body.contains("Signature"));
    assert!(question.body.contains("urn:oasis:names:tc:xacml:2.0:context:schema:os"));
    assert_eq!(question.query.environment.first().map(|it| &*it.data_type), Some(STRING));
    assert!(question.query.subject.is_some());
}

#[tokio::test]
async fn mvpd_18_profiles_stay_at_the_endpoint_of_their_sign_in() {
    let house = House::open().await;
    let couch = Couch::with(&house, "OpCo", "ben").await;
    let saml = "[mvpds.authn]\nprotocol = \"saml2\"\nentity_id = \"{base}/demo/opco\"\n";
    let xacml = "[mvpds.authz]\nprotocol = \"xacml_soap\"\nurl = \"{base}/demo/opco/decisions\"\n";
    let several = |table: &str| table.replace("[mvpds.", "[[mvpds.").replacen("]\n", "]]\n", 1);
    let more = "[[mvpds.authn]]\nid = \"oauth2\"\nprotocol = \"oauth2\"\n\
        issuer = \"{base}/demo/cablevision\"\n\
        authorization_url = \"{base}/demo/cablevision/authorize\"\n\
        token_url = \"{base}/demo/cablevision/token\"\n\
        jwks_url = \"{base}/demo/cablevision/jwks.json\"\n\
        [[mvpds.authz]]\nprotocol = \"rest\"\nurl = \"{base}/demo/cablevision/decisions\"\n";
    let logout = "[mvpds.logout]\nmode = \"saml_slo\"\nurl = \"{base}/demo/opco/slo\"\n";
    let integration = "service_provider = \"REF30\"\nmvpd = \"OpCo\"\n";
    house.push_texts(&[
        (saml, &several(saml)),
        (xacml, &several(xacml)),
        (logout, &format!("{more}{logout}")),
        (
            integration,
            &format!(
                "{integration}client_id = \"usher-ref30\"\n\
                 client_secret = \"{{cablevision_secret}}\"\n\
                 endpoints = {{ authn = \"oauth2\", authz = \"rest\" }}\n"
            ),
        ),
    ]);
    // The old sign-in goes on in XACML: the built-in REST decision point would want an access token.
    assert_eq!(couch.authorize("acme-one").await["authorized"], true);
    assert!(couch.logout().await["url"].is_string());

    let page = house.send(house.http.get(couch.start().await)).await;
    assert_eq!(location(&page).path(), "/demo/cablevision/authorize");
    assert_eq!(couch.sign_in("ben").await, house.url("/demo/done"));
    assert_eq!(couch.profile().await["issuer"], "OpCo");
    assert_eq!(couch.authorize("acme-one").await["authorized"], true);
    house.clock.advance(Duration::from_hours(2));
    assert_eq!(couch.authorize("acme-one").await["authorized"], true);
}
