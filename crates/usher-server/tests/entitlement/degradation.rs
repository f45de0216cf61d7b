//! Rules of degradation (`access-variants` §1, `pass-rest-v2` §14): what they do, and the API that puts
//! them in force.

use std::time::Duration;

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use usher_core::Clock as _;
use usher_registry::{Catalog, Endpoints, Kind, Scope};

use crate::app::{Answer, App, OTHER_DEVICE, complete, members, number, refused, send, text};
use crate::support::House;

const DENIED: &str = "authorization_denied_by_degradation_rule";
const PREFIX: &str = "95cf93bcd183214a";
const RULES: &str = "/control/v3/degradation";

/// Whoever runs the channels of one company.
struct Operator<'h> {
    house: &'h House,
    token: String,
    company: &'static str,
}

impl<'h> Operator<'h> {
    async fn of(house: &'h House) -> Self {
        Self { house, token: house.token("acme-ops").await, company: "acme" }
    }

    fn call(&self, method: Method, rule: &str, query: &str) -> RequestBuilder {
        let url = format!("{RULES}/{}/{rule}?{query}", self.company);
        self.house.http.request(method, self.house.url(&url)).bearer_auth(&self.token)
    }

    async fn apply(&self, rule: &str, query: &str) -> Value {
        send(self.call(Method::POST, rule, query)).await.ok()["degradation-measure"].clone()
    }

    async fn remove(&self, rule: &str, query: &str) -> Answer {
        send(self.call(Method::DELETE, rule, query)).await
    }

    async fn list(&self, rule: &str, query: &str) -> Answer {
        send(self.call(Method::GET, rule, query)).await
    }
}

/// A house in which `rule` is in force between `REF30` and `Cablevision`.
async fn degraded(rule: &str, query: &str) -> App {
    let app = App::open().await;
    let ops = Operator::of(&app.house).await;
    ops.apply(rule, &format!("programmer=REF30&mvpd=Cablevision&{query}")).await;
    app
}

/// Nobody can ask the provider any more.
fn cut_off(app: &App) {
    app.push(|catalog| {
        for mvpd in &mut catalog.mvpds {
            mvpd.authn = Endpoints::default();
            mvpd.authz = Endpoints::default();
        }
    });
}

fn items(answer: &Answer) -> Vec<Value> {
    answer.ok()["decisions"].as_array().expect("decisions").clone()
}

async fn authorize_ok(app: &App, resource: &str) -> bool {
    app.authorized(resource).await["authorized"] == true
}

#[tokio::test]
async fn var_1_rest_30_40_everybody_counts_as_signed_in_without_asking_the_provider() {
    let app = degraded("authnAll", "").await;
    cut_off(&app);
    for form in [&complete()[..], &[("mvpd", "Cablevision")][..]] {
        let session = app.create(form).await.ok();
        assert_eq!(
            members(&session),
            [
                "actionName",
                "actionType",
                "mvpd",
                "reasonType",
                "serviceProvider",
                "sessionId",
                "url"
            ]
        );
        assert_eq!(session["actionName"], "authorize");
        assert_eq!(session["actionType"], "direct");
        assert_eq!(session["reasonType"], "degraded");
        assert_eq!(session["url"], "/api/v2/REF30/decisions/authorize/Cablevision");
    }
    let open = text(&app.create(&[]).await.ok(), "code");
    assert_eq!(app.resume(&open, &[("mvpd", "Cablevision")]).await.ok()["reasonType"], "degraded");
    // Another provider is nobody's business here.
    let other = app.create(&[("mvpd", "FreeHour")]).await.ok();
    assert_eq!(other["reasonType"], "temporary");
}

#[tokio::test]
async fn var_2_rest_71_the_degraded_profile_names_the_device_and_nothing_else() {
    let app = degraded("authnAll", "ttl=3600").await;
    let profile = app.profile().await;
    assert_eq!(profile["type"], "degraded");
    assert_eq!(profile["issuer"], "Adobe");
    assert_eq!(members(&profile["attributes"]), ["userID"]);
    assert_eq!(profile["attributes"]["userID"]["state"], "plain");
    let user = text(&profile["attributes"]["userID"], "value");
    assert!(user.starts_with(PREFIX), "{user}");
    assert_eq!(user.len(), 56);
    assert!(user.bytes().all(|byte| byte.is_ascii_hexdigit() && !byte.is_ascii_uppercase()));
    assert_eq!(number(&profile, "notBefore"), app.now());
    assert_eq!(number(&profile, "notAfter"), app.now() + 3_600_000);

    app.house.clock.advance(Duration::from_secs(10));
    assert_eq!(app.profile().await["attributes"]["userID"]["value"], user.as_str(), "stable");
    let elsewhere = app.bare(Method::GET, "REF30/profiles/Cablevision");
    let elsewhere = send(elsewhere.header("AP-Device-Identifier", OTHER_DEVICE)).await.ok();
    let elsewhere = &elsewhere["profiles"]["Cablevision"]["attributes"]["userID"]["value"];
    assert_ne!(*elsewhere, user.as_str(), "each device is somebody else");
    assert_eq!(app.get("REF30/profiles").await.ok(), json!({ "profiles": {} }), "never listed");
}

#[tokio::test]
async fn a_degraded_profile_by_code_is_that_of_the_device_that_has_the_code() {
    let app = App::open().await;
    let code = app.session_code().await;
    let ops = Operator::of(&app.house).await;
    ops.apply("authnAll", "programmer=REF30&mvpd=Cablevision").await;
    let by_code = app.poll(&code).await.ok()["profiles"]["Cablevision"].clone();
    assert_eq!(by_code["type"], "degraded");
    assert_eq!(by_code["attributes"], app.profile().await["attributes"]);
}

#[tokio::test]
async fn rest_72_a_viewer_who_is_signed_in_stays_who_they_are() {
    let app = App::open().await;
    app.sign_in("ann").await;
    let own = app.profile().await;
    let before = app.authorized("acme-one").await;
    let ops = Operator::of(&app.house).await;
    ops.apply("authnAll", "programmer=REF30&mvpd=Cablevision").await;
    let still = app.profile().await;
    for member in ["type", "issuer", "notBefore", "notAfter"] {
        assert_eq!(still[member], own[member], "{member}");
    }
    assert_eq!(still["attributes"]["userID"], own["attributes"]["userID"]);
    assert_eq!(app.session().await["reasonType"], "authenticated");
    let ruled = app.authorized("acme-one").await;
    assert_eq!(ruled["source"], "degradation");
    assert_eq!(guid(&ruled), guid(&before));
}

/// The `sessionGUID` in the media token of a permit.
fn guid(permit: &Value) -> String {
    use base64::Engine as _;
    let token = text(&permit["token"], "serializedToken");
    let token = base64::engine::general_purpose::STANDARD.decode(token).expect("base64");
    let token = String::from_utf8(token).expect("text");
    let (_, rest) = token.split_once("<sessionGUID>").expect("a session GUID");
    rest.split_once('<').expect("its end").0.to_owned()
}

#[tokio::test]
async fn var_3_rest_94_100_permits_under_authn_all_carry_their_times() {
    let app = degraded("authnAll", "ttl=600").await;
    cut_off(&app);
    let both = items(&app.authorize(&["acme-one", "acme-two"]).await);
    assert_eq!(both.len(), 2, "the provider's limit is none of the rule's");
    for item in &both {
        assert_eq!(item["authorized"], true);
        assert_eq!(item["source"], "degradation");
        assert_eq!(number(item, "notBefore"), app.now());
        assert_eq!(number(item, "notAfter"), app.now() + 600_000);
        assert!(guid(item).starts_with(PREFIX), "{item}");
        let token = &item["token"];
        assert_eq!(number(token, "notAfter") - number(token, "notBefore"), 420_000);
    }
    for item in items(&app.preauthorize(&["acme-one", "acme-two"]).await) {
        assert_eq!(item["source"], "degradation");
        assert_eq!(members(&item), ["authorized", "mvpd", "resource", "serviceProvider", "source"]);
    }
}

#[tokio::test]
async fn var_3_rest_95_permits_under_authz_all_carry_a_token_and_no_times() {
    let app = degraded("authzAll", "").await;
    cut_off(&app);
    let permit = app.authorized("anything").await;
    assert_eq!(permit["authorized"], true);
    assert_eq!(permit["source"], "degradation");
    assert_eq!(
        members(&permit),
        ["authorized", "mvpd", "resource", "serviceProvider", "source", "token"]
    );
    let item = items(&app.preauthorize(&["anything"]).await).remove(0);
    assert_eq!((&item["authorized"], &item["source"]), (&json!(true), &json!("degradation")));
}

#[tokio::test]
async fn authz_all_may_be_kept_for_viewers_who_are_signed_in() {
    let app = App::with("entitlement.authzall_requires_profile", "true").await;
    let ops = Operator::of(&app.house).await;
    ops.apply("authzAll", "programmer=REF30&mvpd=Cablevision").await;
    assert_eq!(app.authorized("acme-one").await["error"]["code"], "authenticated_profile_missing");
    app.sign_in("fay").await;
    assert!(authorize_ok(&app, "acme-one").await);
}

#[tokio::test]
async fn rest_33_authz_all_leaves_signing_in_as_it_is() {
    let app = degraded("authzAll", "").await;
    let session = app.session().await;
    assert_eq!(session["actionName"], "authenticate");
    assert_eq!(session["reasonType"], "none");
    assert_eq!(app.get("REF30/profiles/Cablevision").await.ok(), json!({ "profiles": {} }));
}

#[tokio::test]
async fn var_4_rest_96_err_24_a_denial_is_one_of_each_resource_in_the_operators_words() {
    let app = degraded("authzNone", "msg=Free+weekend%0D%0Ais+over").await;
    app.sign_in("ann").await;
    for answer in [app.authorize(&["acme-one"]).await, app.preauthorize(&["acme-one"]).await] {
        let item = items(&answer).remove(0);
        assert_eq!(item["authorized"], false);
        assert_eq!(item["source"], "degradation");
        let error = &item["error"];
        assert_eq!(error["code"], DENIED);
        assert_eq!(error["status"], 403);
        assert_eq!(error["action"], "none");
        assert_eq!(error["details"], "Free weekend  is over");
        assert_eq!(
            error["message"],
            "The integration has an AuthZNone rule applied for the requested resources"
        );
    }
    let silent = degraded("authzNone", "").await;
    assert!(silent.authorized("acme-one").await["error"].get("details").is_none());
}

#[tokio::test]
async fn var_5_rest_97_a_denial_covers_its_resource_alone_and_beats_every_permit() {
    let app = App::open().await;
    app.sign_in("ann").await;
    let ops = Operator::of(&app.house).await;
    let pair = "programmer=REF30&mvpd=Cablevision";
    ops.apply("authzNone", &format!("{pair}&channel=acme-sports&channel=acme-kids")).await;
    assert_eq!(app.authorized("acme-sports").await["error"]["code"], DENIED);
    assert_eq!(app.authorized("acme-one").await["source"], "mvpd");
    let mixed = ["acme-one", "acme-sports", "acme-two"];
    let sources: Vec<_> = items(&app.preauthorize(&mixed).await)
        .iter()
        .map(|item| (text(item, "resource"), text(item, "source")))
        .collect();
    let expected = [("acme-one", "mvpd"), ("acme-sports", "degradation"), ("acme-two", "mvpd")];
    assert_eq!(sources, expected.map(|(one, two)| (one.to_owned(), two.to_owned())));
    // The document that names the channel is the channel.
    let mrss = "<rss version=\"2.0\"><channel><title>acme-kids</title></channel></rss>";
    assert_eq!(app.authorized(mrss).await["error"]["code"], DENIED);

    for rule in ["authzAll", "authnAll"] {
        ops.apply(rule, pair).await;
        assert_eq!(app.authorized("acme-sports").await["error"]["code"], DENIED, "{rule}");
        assert_eq!(app.authorized("acme-one").await["source"], "degradation", "{rule}");
    }
}

#[tokio::test]
async fn a_permit_for_one_resource_leaves_the_others_to_the_provider() {
    let app = App::open().await;
    app.sign_in("fay").await;
    let ops = Operator::of(&app.house).await;
    ops.apply("authzAll", "programmer=REF30&mvpd=Cablevision&resource=acme-one").await;
    assert!(authorize_ok(&app, "acme-one").await);
    let denied = app.authorized("acme-two").await;
    assert_eq!(denied["error"]["code"], "authorization_denied_by_mvpd");
}

#[tokio::test]
async fn var_6_rest_98_a_rule_ends_by_itself_and_its_profiles_with_it() {
    let app = degraded("authnAll", "ttl=60").await;
    app.house.clock.advance(Duration::from_millis(59_999));
    assert_eq!(app.profile().await["type"], "degraded");
    assert!(authorize_ok(&app, "acme-one").await);
    app.house.clock.advance(Duration::from_millis(1));
    assert_eq!(app.get("REF30/profiles/Cablevision").await.ok(), json!({ "profiles": {} }));
    assert_eq!(app.authorized("acme-one").await["error"]["code"], "authenticated_profile_missing");
    assert_eq!(app.session().await["actionName"], "authenticate");
}

#[tokio::test]
async fn a_rule_in_force_survives_a_restart_and_a_removed_one_does_not_come_back() {
    let mut app = degraded("authzNone", "channel=acme-one").await;
    let ops = Operator::of(&app.house).await;
    ops.apply("authzNone", "programmer=REF30&mvpd=Cablevision&channel=acme-two").await;
    let gone = ops.remove("authzNone", "programmer=REF30&mvpd=Cablevision&channel=acme-two").await;
    assert_eq!(gone.ok()["degradation-measure"]["channel"][0]["id"], "acme-one", "what is left");
    app.house.restart().await;
    assert_eq!(app.authorized("acme-one").await["error"]["code"], DENIED);
    assert_eq!(app.authorized("acme-two").await["error"]["code"], "authenticated_profile_missing");
}

#[tokio::test]
async fn var_8_rest_99_signing_out_under_authn_all_needs_no_browser() {
    let app = App::open().await;
    app.sign_in("ann").await;
    let ops = Operator::of(&app.house).await;
    ops.apply("authnAll", "programmer=REF30&mvpd=Cablevision").await;
    for _ in ["the own profile", "the degraded one"] {
        let entry =
            app.get("REF30/logout/Cablevision").await.ok()["logouts"]["Cablevision"].clone();
        let expected =
            json!({ "actionName": "complete", "actionType": "none", "mvpd": "Cablevision" });
        assert_eq!(entry, expected);
    }
    assert_eq!(app.profile().await["type"], "degraded", "the own profile is gone");
}

#[tokio::test]
async fn a_browser_under_authn_all_is_sent_straight_back() {
    let app = App::open().await;
    let session = app.session().await;
    let ops = Operator::of(&app.house).await;
    ops.apply("authnAll", "programmer=REF30&mvpd=Cablevision").await;
    let answer = send(app.house.get(&text(&session, "url"))).await;
    assert_eq!((answer.status, answer.header("location")), (302, crate::app::DONE));
}

#[tokio::test]
async fn var_9_rules_are_put_in_force_read_and_removed() {
    let app = App::open().await;
    let ops = Operator::of(&app.house).await;
    assert_eq!(ops.list("authzNone", "").await.status, 204);
    let pair = "programmer=REF30&mvpd=OpCo";
    let measure =
        ops.apply("authzNone", &format!("{pair}&ttl=5400&msg=Over&channel=acme-one")).await;
    assert_eq!(
        measure,
        json!({
            "id": "authz-none", "programmer": { "id": "REF30" }, "mvpd": { "id": "OpCo" },
            "degradation-measure-enable": true, "degradation-measure-status": "APPLIED",
            "ttl": 5400, "activation-time": app.house.clock.now().as_secs(), "err-msg": "Over",
            "channel": [{
                "id": "acme-one",
                "degradation-measure-enable": true, "degradation-measure-status": "APPLIED",
            }],
        })
    );
    let listed = async |query: &str| ops.list("authzNone", query).await;
    assert_eq!(listed(pair).await.ok()["degradation-measure"], measure);
    assert_eq!(listed("format=json").await.ok()["degradation-measure"], measure);
    assert_eq!(listed("programmer=NEWS24").await.status, 204);
    assert_eq!(ops.list("authnAll", pair).await.status, 204);
    let all = ops.list("all", "").await.ok();
    assert_eq!(all, json!({ "authnRules": [], "authzRules": [], "authzNoneRules": [measure] }));

    // Again: text, life and start are replaced.
    app.house.clock.advance(Duration::from_secs(7));
    let again = ops.apply("authzNone", &format!("{pair}&channel=acme-one")).await;
    assert_eq!(again["ttl"], 14_400);
    assert_eq!(again["activation-time"], app.house.clock.now().as_secs());
    assert!(again.get("err-msg").is_none());
    assert_eq!(ops.list("all", "").await.ok()["authzNoneRules"], json!([again]));

    let removed = ops.remove("authzNone", pair).await;
    assert_eq!((removed.status, removed.text.as_str()), (204, ""));
    assert_eq!(ops.remove("authzNone", pair).await.status, 404);
    assert_eq!(ops.list("all", "").await.ok()["authzNoneRules"], json!([]));
    let history = ops.list("all", "includeHistory=true").await.ok();
    let over = &history["authzNoneRules"][0];
    assert_eq!(over["degradation-measure-status"], "REMOVED");
    assert_eq!(over["degradation-measure-enable"], false);
}

#[tokio::test]
async fn parameters_may_stand_in_a_form_or_in_json() {
    let app = App::open().await;
    let ops = Operator::of(&app.house).await;
    let form = [("programmer", "REF30"), ("mvpd", "OpCo"), ("ttl", "60"), ("resource", "a,b")];
    let measure = send(ops.call(Method::POST, "authzAll", "").form(&form)).await.ok();
    let measure = &measure["degradation-measure"];
    assert_eq!((&measure["ttl"], &measure["resource"][0]["id"]), (&json!(60), &json!("a,b")));
    let body = json!({ "programmer": "REF30", "mvpd": ["OpCo", "Cablevision"], "ttl": 61 });
    let measures = send(ops.call(Method::POST, "authnAll", "").json(&body)).await.ok();
    let measures = measures["degradation-measure"].as_array().expect("two").clone();
    assert_eq!(measures.len(), 2);
    assert!(measures.iter().all(|measure| measure["ttl"] == 61));
}

#[tokio::test]
async fn var_9_rules_are_for_those_who_own_the_channel() {
    let app = App::open().await;
    let ops = Operator::of(&app.house).await;
    let pair = "programmer=REF30&mvpd=OpCo";
    let status = |company: &'static str, token: String, query: String| {
        let ops = Operator { house: &app.house, token, company };
        async move { send(ops.call(Method::POST, "authnAll", &query)).await.status }
    };
    for (company, application, query, expected) in [
        ("acme", "acme-tv", pair, 403),                              // scope
        ("acme", "globex-ops", pair, 403),                           // company
        ("globex", "acme-ops", "programmer=GLOBEX1&mvpd=OpCo", 403), // company
        ("acme", "acme-ops", "programmer=GLOBEX1&mvpd=OpCo", 403),   // channel
        ("nobody", "acme-ops", pair, 404),
        ("acme", "acme-ops", "programmer=NOBODY&mvpd=OpCo", 404),
        ("acme", "acme-ops", "programmer=REF30&mvpd=Nobody", 404),
        ("acme", "acme-ops", "programmer=REF30&mvpd=Unlinked", 404),
        ("acme", "acme-ops", "programmer=REF30&mvpd=FreeHour", 404), // nothing to bypass
        ("acme", "acme-ops", "mvpd=OpCo", 400),
        ("acme", "acme-ops", "programmer=REF30&ttl=5", 400),
    ] {
        let token = app.house.token(application).await;
        assert_eq!(
            status(company, token, query.to_owned()).await,
            expected,
            "{application} {query}"
        );
    }
    assert_eq!(status("acme", "nonsense".to_owned(), pair.to_owned()).await, 401);
    assert_eq!(ops.list("all", "").await.ok()["authnRules"], json!([]), "nothing came of it");

    let unknown = send(app.house.post(&format!("{RULES}/acme/authn?{pair}"))).await;
    assert_eq!(unknown.status, 404);
    let put = send(ops.call(Method::PUT, "authnAll", pair)).await;
    assert_eq!((put.status, put.header("allow").contains("POST")), (405, true));
    assert_eq!(send(ops.call(Method::POST, "all", pair)).await.status, 405);
}

#[tokio::test]
async fn var_9_an_address_that_is_not_listed_may_not_manage() {
    let app = App::open().await;
    let ops = Operator::of(&app.house).await;
    app.push(|catalog| {
        let far = "203.0.113.0/24".parse().expect("a network");
        application(catalog, "acme-ops").ip_allow_list = vec![far];
    });
    let pair = "programmer=REF30&mvpd=OpCo";
    assert_eq!(ops.list("all", "").await.status, 401);
    let claimed = ops.call(Method::POST, "authnAll", pair).header("X-Forwarded-For", "203.0.113.9");
    assert_eq!(send(claimed).await.status, 401, "what a caller says of itself counts for nothing");
}

fn application<'c>(
    catalog: &'c mut Catalog,
    name: &str,
) -> &'c mut usher_registry::RegisteredApplication {
    catalog.applications.iter_mut().find(|it| it.name == name).expect("an application")
}

#[tokio::test]
async fn var_9_the_third_call_within_a_minute_is_too_many() {
    let house = House::with(&[]).await;
    let ops = Operator::of(&house).await;
    let call = || async { ops.list("all", "").await };
    assert_eq!(call().await.status, 200);
    house.clock.advance(Duration::from_secs(30));
    assert_eq!(call().await.status, 200);
    house.clock.advance(Duration::from_secs(29));
    let refused = call().await;
    assert_eq!(refused.status, 429);
    assert_eq!(refused.header("retry-after"), "60");
    house.clock.advance(Duration::from_secs(1));
    assert_eq!(call().await.status, 200);
}

#[tokio::test]
async fn var_10_a_rule_covers_every_provider_of_the_channel_or_several() {
    let app = App::open().await;
    let ops = Operator::of(&app.house).await;
    let ids = |measures: &Value| -> Vec<String> {
        let measures = measures.as_array().expect("several");
        measures.iter().map(|measure| text(&measure["mvpd"], "id")).collect()
    };
    let several = ops.apply("authzNone", "programmer=REF30&mvpd=OpCo&mvpd=OpCoProxied").await;
    assert_eq!(ids(&several), ["OpCo", "OpCoProxied"]);
    let listed = ops.apply("authzAll", "programmer=REF30&mvpd=OpCo,Cablevision").await;
    assert_eq!(ids(&listed), ["Cablevision", "OpCo"]);
    let all = ops.apply("authnAll", "programmer=REF30").await;
    assert_eq!(ids(&all), ["Cablevision", "OpCo", "OpCoProxied"]);
    for mvpd in ["Cablevision", "OpCo", "OpCoProxied"] {
        assert_eq!(app.create(&[("mvpd", mvpd)]).await.ok()["reasonType"], "degraded", "{mvpd}");
    }
    assert_eq!(app.create(&[("mvpd", "FreeHour")]).await.ok()["reasonType"], "temporary");
}

#[tokio::test]
async fn var_11_every_change_is_one_entry_of_the_changes_log() {
    let app = App::open().await;
    let ops = Operator::of(&app.house).await;
    ops.apply("authnAll", "programmer=REF30").await;
    ops.apply("authnAll", "programmer=REF30&mvpd=OpCo&ttl=60").await;
    ops.list("all", "").await;
    assert_eq!(ops.remove("authnAll", "programmer=REF30&mvpd=OpCo").await.status, 204);
    assert_eq!(ops.remove("authnAll", "programmer=REF30&mvpd=OpCo").await.status, 404);
    let admin = text(&app.house.demo, "admin_token");
    let log = app.house.get("/admin/v1/release-production/versions").bearer_auth(admin);
    let items = send(log).await.ok()["items"].as_array().expect("items").clone();
    let told: Vec<_> = items
        .iter()
        .map(|item| {
            let changes = item["changes"].as_array().expect("changes");
            let operations = changes.iter().map(|change| text(change, "operation"));
            (text(item, "description"), operations.collect::<Vec<_>>().join(" "))
        })
        .collect();
    let expected = [
        ("authn-all removed: REF30_OpCo", "DELETED"),
        ("authn-all applied: REF30_OpCo", "UPDATED"),
        (
            "authn-all applied: REF30_Cablevision, REF30_OpCo, REF30_OpCoProxied",
            "ADDED ADDED ADDED",
        ),
    ];
    assert_eq!(told, expected.map(|(text, operations)| (text.to_owned(), operations.to_owned())));
    assert!(items.iter().all(|item| item["pushedBy"] == "degradation API"));
    assert!(items.iter().all(|item| item["client"].is_string() && item["address"] == "127.0.0.1"));
}

#[tokio::test]
async fn var_12_a_rule_of_a_proxy_covers_its_providers_and_not_the_reverse() {
    let app = App::open().await;
    let ops = Operator::of(&app.house).await;
    app.push(|catalog| {
        let mut sibling = catalog.mvpds.iter().find(|it| it.kind == Kind::Proxied).cloned();
        if let Some(sibling) = &mut sibling {
            sibling.id = "OpCoSibling".into();
        }
        catalog.mvpds.extend(sibling);
    });
    let reason = |mvpd: &'static str| {
        let app = &app;
        async move { text(&app.create(&[("mvpd", mvpd)]).await.ok(), "reasonType") }
    };
    ops.apply("authnAll", "programmer=REF30&mvpd=OpCoProxied").await;
    assert_eq!(reason("OpCoProxied").await, "degraded");
    assert_eq!(reason("OpCoSibling").await, "none");
    assert_eq!(ops.remove("authnAll", "programmer=REF30").await.status, 204);
    ops.apply("authnAll", "programmer=REF30&mvpd=OpCoHub").await;
    assert_eq!(reason("OpCoProxied").await, "degraded");
    assert_eq!(reason("OpCoSibling").await, "degraded");
    assert_eq!(reason("OpCo").await, "none");
}

#[tokio::test]
async fn a_provider_may_degrade_itself_at_every_channel() {
    let app = App::open().await;
    app.push(|catalog| application(catalog, "opco-ops").scopes.push(Scope::Decisions));
    let token = app.house.token("opco-ops").await;
    let call = |mvpd: &str, query: &str| {
        let url = app.house.url(&format!("{RULES}/mvpd/{mvpd}/authzAll?{query}"));
        send(app.house.http.post(url).bearer_auth(&token))
    };
    let measures = call("OpCo", "ttl=60").await.ok()["degradation-measure"].clone();
    let channels: Vec<_> = measures
        .as_array()
        .expect("several")
        .iter()
        .map(|it| text(&it["programmer"], "id"))
        .collect();
    assert_eq!(channels, ["GLOBEX1", "KIDS1", "NEWS24", "REF30"]);
    let one = call("OpCo", "programmer=KIDS1").await.ok()["degradation-measure"].clone();
    assert_eq!(one["programmer"]["id"], "KIDS1");
    assert_eq!(call("Cablevision", "").await.status, 403);
    assert_eq!(call("OpCo", "mvpd=Cablevision").await.status, 403);
    assert_eq!(call("Nobody", "").await.status, 404);
}

#[tokio::test]
async fn the_reports_know_who_decided() {
    let app = degraded("authzNone", "channel=acme-one").await;
    let ops = Operator::of(&app.house).await;
    ops.apply("authzAll", "programmer=REF30&mvpd=Cablevision&resource=acme-two").await;
    app.authorize(&["acme-one"]).await.ok();
    app.authorize(&["acme-two"]).await.ok();
    let report = "/esm/v3/media-company/year/month/day/event/requestor-id/proxy/mvpd/reason";
    let report = send(app.house.get(report).bearer_auth(&ops.token)).await.ok();
    let counted: Vec<_> = report["report"]
        .as_array()
        .expect("rows")
        .iter()
        .map(|row| format!("{} {} {}", text(row, "event"), text(row, "reason"), text(row, "count")))
        .collect();
    let expected = [
        "authz-attempt None 2",
        "authz-failed authzNone 1",
        "authz-granted None 1",
        "media-token None 1",
        "media-token-failed authzNone 1",
    ];
    assert_eq!(counted, expected);
}

#[tokio::test]
async fn a_temporary_pass_knows_no_rules() {
    let app = App::open().await;
    let ops = Operator::of(&app.house).await;
    ops.apply("authzNone", "programmer=REF30").await;
    let permit = items(&app.decide("decisions/authorize/FreeHour", &["acme-one"]).await).remove(0);
    assert_eq!((&permit["authorized"], &permit["source"]), (&json!(true), &json!("temppass")));
    let wrong = app.get("REF30/profiles/Nobody").await.refusal();
    assert_eq!(wrong, refused(400, "invalid_parameter_mvpd"));
}
