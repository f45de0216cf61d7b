//! Temporary passes (`access-variants` §2, `pass-rest-v2` §15) and the API that resets them (§18.2).

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use usher_registry::{Kind, TempPassSettings};

use crate::app::{Answer, App, DEVICE, OTHER_DEVICE, members, number, refused, send, text};

const HOUR: Duration = Duration::from_hours(1);
const HOUR_MILLIS: i64 = 3_600_000;
const DAY_MILLIS: i64 = 24 * HOUR_MILLIS;

const DURATION: &str = "temporary_access_duration_limit_exceeded";
const RESOURCES: &str = "temporary_access_resources_limit_exceeded";
const CONFIGURATION: &str = "invalid_configuration_temporary_access";
const IDENTITY: &str = "invalid_header_identity_for_temporary_access";

/// The published check value: SHA-256 of `user@domain.com`.
const USER: &str = "user@domain.com";
const USER_HASH: &str = "f7ee5ec7312165148b69fcca1d29075b14b8aef0b5048a332b18b88d09069fb7";

/// Somebody in front of a device: `AP-Device-Identifier` and the address the application knows.
#[derive(Clone, Copy)]
struct Viewer(&'static str, &'static str);

const ANN: Viewer = Viewer(DEVICE, "ann@acme.example");
const ANN_ELSEWHERE: Viewer = Viewer(OTHER_DEVICE, "ann@acme.example");
const BEN: Viewer = Viewer(DEVICE, "ben@acme.example");
const BEN_ELSEWHERE: Viewer = Viewer(OTHER_DEVICE, "ben@acme.example");

fn header(json: &Value) -> String {
    STANDARD.encode(json.to_string())
}

impl Viewer {
    fn call(self, app: &App, method: Method, path: &str) -> RequestBuilder {
        app.bare(method, path)
            .header("AP-Device-Identifier", self.0)
            .header("AP-TempPass-Identity", header(&json!({ "email": self.1 })))
    }

    async fn profile(self, app: &App, mvpd: &str) -> Answer {
        send(self.call(app, Method::GET, &format!("REF30/profiles/{mvpd}"))).await
    }

    async fn decide(self, app: &App, path: &str, resources: &[&str]) -> Vec<Value> {
        let call = self.call(app, Method::POST, &format!("REF30/decisions/{path}"));
        decisions(call.json(&json!({ "resources": resources }))).await
    }

    async fn authorize(self, app: &App, mvpd: &str, resources: &[&str]) -> Vec<Value> {
        self.decide(app, &format!("authorize/{mvpd}"), resources).await
    }

    async fn preauthorize(self, app: &App, mvpd: &str, resources: &[&str]) -> Vec<Value> {
        self.decide(app, &format!("preauthorize/{mvpd}"), resources).await
    }

    /// The attributes of the profile, without their state.
    async fn attributes(self, app: &App, mvpd: &str) -> Value {
        let entry = entry(&self.profile(app, mvpd).await, mvpd);
        let attributes = entry["attributes"].as_object().expect("attributes").clone();
        attributes
            .into_iter()
            .map(|(name, attribute)| {
                assert_eq!(attribute["state"], "plain", "{name}");
                (name, attribute["value"].clone())
            })
            .collect()
    }
}

async fn decisions(request: RequestBuilder) -> Vec<Value> {
    send(request).await.ok()["decisions"].as_array().expect("decisions").clone()
}

/// The profile of `mvpd`, which is the only one.
fn entry(answer: &Answer, mvpd: &str) -> Value {
    let body = answer.ok();
    assert_eq!(members(&body["profiles"]), [mvpd]);
    body["profiles"][mvpd].clone()
}

/// `permit`, or the code of the item's error.
fn outcomes(decisions: &[Value]) -> Vec<&str> {
    decisions
        .iter()
        .map(|decision| {
            assert_eq!(decision["source"], "temppass", "{decision}");
            if decision["authorized"] == true {
                return "permit";
            }
            assert!(decision.get("token").is_none() && decision.get("notAfter").is_none());
            decision["error"]["code"].as_str().expect("a code")
        })
        .collect()
}

/// Status, code and action of an item's error.
fn item_error(decision: &Value) -> (i64, String, String) {
    let error = &decision["error"];
    (number(error, "status"), text(error, "code"), text(error, "action"))
}

/// The regular profile without what is encrypted anew each time.
async fn signed_in_profile(app: &App) -> Value {
    let mut profile = app.profile().await;
    assert_eq!(profile["type"], "regular");
    profile["attributes"].as_object_mut().expect("attributes").remove("zip");
    profile
}

/// What `acme-ops` may reset.
struct Desk<'a> {
    app: &'a App,
    token: String,
}

impl<'a> Desk<'a> {
    async fn of(app: &'a App) -> Self {
        Self { app, token: app.house.token("acme-ops").await }
    }

    fn ask(&self, path: &str, query: &[(&str, &str)]) -> RequestBuilder {
        let url = self.app.house.url(&format!("/reset-tempass/v3/reset{path}"));
        self.app.house.http.delete(url).bearer_auth(&self.token).query(query)
    }

    async fn reset(&self, path: &str, mvpd: &str, whose: &[(&str, &str)]) {
        let channel = [("requestor_id", "REF30"), ("mvpd_id", mvpd)];
        let answer = send(self.ask(path, &channel).query(whose)).await;
        assert_eq!((answer.status, answer.text.as_str()), (204, ""), "{answer:?}");
    }
}

/// Makes the demo's passes unusable: no time for one, no identity key for the other.
fn break_passes(app: &App) {
    app.push(|catalog| {
        for mvpd in &mut catalog.mvpds {
            if let Some(settings) = &mut mvpd.temp_pass {
                match settings.identity_key {
                    Some(_) => settings.identity_key = None,
                    None => settings.ttl = None,
                }
            }
        }
    });
}

#[tokio::test]
async fn rest_18_29_var_13_passes_are_marked_and_need_no_session() {
    let app = App::open().await;
    let body = app.get("REF30/configuration").await.ok();
    let providers = body["requestor"]["mvpds"].as_array().expect("providers").clone();
    for pass in ["FreeHour", "PromoPass"] {
        let listed = providers.iter().find(|it| it["id"] == pass).expect("listed");
        assert_eq!(listed["isTempPass"], true);
        assert_eq!(listed["authPerAggregator"], true);
        let session = app.create(&[("mvpd", pass)]).await.ok();
        assert_eq!(session["actionName"], "authorize");
        assert_eq!(session["actionType"], "direct");
        assert_eq!(session["reasonType"], "temporary");
        assert_eq!(session["url"], format!("/api/v2/REF30/decisions/authorize/{pass}"));
    }
}

#[tokio::test]
async fn rest_101_102_113_a_pass_permits_without_sign_in_for_an_hour_that_does_not_move() {
    let app = App::open().await;
    app.sign_in("ben").await;
    let signed_in = signed_in_profile(&app).await;
    let end = app.now() + HOUR_MILLIS;
    let first = ANN.authorize(&app, "FreeHour", &["acme-one"]).await.remove(0);
    assert_eq!(outcomes(std::slice::from_ref(&first)), ["permit"]);
    assert_eq!(
        members(&first),
        [
            "authorized",
            "mvpd",
            "notAfter",
            "notBefore",
            "resource",
            "serviceProvider",
            "source",
            "token"
        ]
    );
    assert_eq!(number(&first, "notAfter"), end);
    assert_eq!(number(&first["token"], "notAfter"), app.now() + 420_000);

    app.house.clock.advance(Duration::from_mins(59));
    let later = ANN.authorize(&app, "FreeHour", &["acme-two"]).await.remove(0);
    assert_eq!(outcomes(std::slice::from_ref(&later)), ["permit"]);
    assert_eq!(number(&later, "notAfter"), end);
    // The token may outlive the trial: it is good for what has begun.
    assert_eq!(number(&later["token"], "notAfter"), app.now() + 420_000);
    assert_eq!(signed_in_profile(&app).await, signed_in);
}

#[tokio::test]
async fn rest_104_105_106_var_14_only_an_authorization_starts_the_clock() {
    let app = App::open().await;
    app.create(&[("mvpd", "FreeHour")]).await.ok();
    let many = ["a", "b", "c", "d", "e", "f", "g"];
    assert_eq!(outcomes(&ANN.preauthorize(&app, "FreeHour", &many).await), ["permit"; 7]);
    let before = entry(&ANN.profile(&app, "FreeHour").await, "FreeHour");
    assert_eq!(number(&before, "notAfter"), app.now() + HOUR_MILLIS);
    app.house.clock.advance(2 * HOUR);
    let projected = entry(&ANN.profile(&app, "FreeHour").await, "FreeHour");
    assert_eq!(projected["issuer"], "Adobe");
    assert_eq!(projected["type"], "temporary");
    assert_eq!(number(&projected, "notBefore"), app.now());
    assert_eq!(number(&projected, "notAfter"), app.now() + HOUR_MILLIS);
    let attributes = ANN.attributes(&app, "FreeHour").await;
    assert_eq!(members(&attributes), ["expiration_date", "userID"]);
    assert_eq!(attributes["expiration_date"], projected["notAfter"]);
    let user = text(&attributes, "userID");
    let digits = user.strip_prefix("temppass_").expect("the prefix");
    assert!(digits.len() == 40 && digits.bytes().all(|it| it.is_ascii_hexdigit()), "{user}");

    let start = app.now();
    ANN.authorize(&app, "FreeHour", &["a"]).await;
    app.house.clock.advance(HOUR / 2);
    let running = entry(&ANN.profile(&app, "FreeHour").await, "FreeHour");
    assert_eq!(number(&running, "notBefore"), start);
    assert_eq!(number(&running, "notAfter"), start + HOUR_MILLIS);
    assert_eq!(ANN.attributes(&app, "FreeHour").await["userID"], user.as_str());
    // No list of profiles shows it.
    assert_eq!(app.get("REF30/profiles").await.ok(), json!({ "profiles": {} }));
}

#[tokio::test]
async fn a_pass_has_no_limit_of_resources_but_that_of_reason() {
    let app = App::open().await;
    let many = ["a"; 101];
    let decided = ANN.authorize(&app, "FreeHour", &many[1..]).await;
    assert_eq!(outcomes(&decided), ["permit"; 100]);
    for refusal in [
        ANN.authorize(&app, "FreeHour", &many).await,
        ANN.preauthorize(&app, "FreeHour", &many).await,
    ] {
        assert_eq!(outcomes(&refusal), ["too_many_resources"; 101]);
    }
}

#[tokio::test]
async fn rest_103_err_25_after_the_hour_everything_is_refused() {
    let app = App::open().await;
    ANN.authorize(&app, "FreeHour", &["acme-one"]).await;
    app.house.clock.advance(Duration::from_millis(3_599_999));
    assert_eq!(outcomes(&ANN.authorize(&app, "FreeHour", &["acme-one"]).await), ["permit"]);
    app.house.clock.advance(Duration::from_millis(1));
    let refusal = ANN.authorize(&app, "FreeHour", &["acme-one", "acme-two"]).await;
    assert_eq!(outcomes(&refusal), [DURATION, DURATION]);
    let expected = (403, DURATION.to_owned(), "authentication".to_owned());
    assert_eq!(item_error(&refusal[0]), expected);
    assert_eq!(outcomes(&ANN.preauthorize(&app, "FreeHour", &["acme-one"]).await), [DURATION]);
    let profile = ANN.profile(&app, "FreeHour").await;
    assert_eq!(profile.refusal(), refused(403, DURATION));
    assert_eq!(profile.json()["action"], "authentication");
}

#[tokio::test]
async fn rest_107_err_26_var_18_a_promotional_pass_asks_who_it_is() {
    let app = App::open().await;
    let unreadable = [
        None,
        Some("not base64!".to_owned()),
        Some(STANDARD.encode("no JSON")),
        Some(header(&json!(["email"]))),
        Some(header(&json!({ "phone": "1" }))),
        Some(header(&json!({ "email": "" }))),
        Some(header(&json!({ "email": "x".repeat(513) }))),
    ];
    for identity in unreadable {
        let sent = |request: RequestBuilder| match &identity {
            Some(value) => request.header("AP-TempPass-Identity", value),
            None => request,
        };
        let profile = send(sent(app.call(Method::GET, "REF30/profiles/PromoPass"))).await;
        assert_eq!(profile.refusal(), refused(400, IDENTITY), "{identity:?}");
        assert_eq!(profile.json()["action"], "none");
        for path in ["authorize", "preauthorize"] {
            let path = format!("REF30/decisions/{path}/PromoPass");
            let call = app.call(Method::POST, &path).json(&json!({ "resources": ["a", "b"] }));
            let refusal = decisions(sent(call)).await;
            assert_eq!(outcomes(&refusal), [IDENTITY, IDENTITY], "{identity:?}");
            assert_eq!(item_error(&refusal[0]), (400, IDENTITY.to_owned(), "none".to_owned()));
        }
        // A basic pass does not look.
        send(sent(app.call(Method::GET, "REF30/profiles/FreeHour"))).await.ok();
    }
    let attributes = ANN.attributes(&app, "PromoPass").await;
    assert_eq!(attributes["remaining_resources"], 2, "nothing was used up");
}

#[tokio::test]
async fn rest_108_109_var_17_a_promotional_pass_counts_distinct_resources() {
    let mut app = App::open().await;
    let end = app.now() + DAY_MILLIS;
    let attributes = ANN.attributes(&app, "PromoPass").await;
    assert_eq!(
        members(&attributes),
        ["expiration_date", "remaining_resources", "used_assets", "userID"]
    );
    assert_eq!(attributes["used_assets"], json!([]));

    let first = ANN.authorize(&app, "PromoPass", &["a", "a"]).await;
    assert_eq!(outcomes(&first), ["permit", "permit"]);
    assert_eq!(number(&first[0], "notAfter"), end);
    let attributes = ANN.attributes(&app, "PromoPass").await;
    assert_eq!(attributes["remaining_resources"], 1);
    assert_eq!(attributes["used_assets"], json!(["a"]));
    assert_eq!(attributes["expiration_date"], end);
    // Looking uses nothing up.
    let looked = ANN.preauthorize(&app, "PromoPass", &["x", "y", "z"]).await;
    assert_eq!(outcomes(&looked), ["permit"; 3]);

    let rest = ANN.authorize(&app, "PromoPass", &["b", "c", "a"]).await;
    assert_eq!(outcomes(&rest), ["permit", RESOURCES, "permit"]);
    let expected = (403, RESOURCES.to_owned(), "authentication".to_owned());
    assert_eq!(item_error(&rest[1]), expected);
    let looked = ANN.preauthorize(&app, "PromoPass", &["b", "c"]).await;
    assert_eq!(outcomes(&looked), ["permit", RESOURCES]);
    let profile = ANN.profile(&app, "PromoPass").await;
    assert_eq!(profile.refusal(), refused(403, RESOURCES));

    app.house.clock.advance(24 * HOUR);
    // Trials belong to channel and device, not to the client, whose token has expired.
    app.token = app.house.token("acme-tv").await;
    assert_eq!(outcomes(&ANN.authorize(&app, "PromoPass", &["a"]).await), [DURATION]);
    assert_eq!(ANN.profile(&app, "PromoPass").await.refusal(), refused(403, DURATION));
}

#[tokio::test]
async fn rest_110_var_16_identity_and_device_each_continue_a_trial() {
    let app = App::open().await;
    let used =
        async |viewer: Viewer| viewer.attributes(&app, "PromoPass").await["used_assets"].clone();
    // New and new starts one; the other two see it without having joined.
    ANN.authorize(&app, "PromoPass", &["a"]).await;
    assert_eq!(used(ANN_ELSEWHERE).await, json!(["a"]));
    assert_eq!(used(BEN).await, json!(["a"]));
    assert_eq!(used(BEN_ELSEWHERE).await, json!([]));
    // Joining makes the new name find the trial by itself: Ben through Ann's device, ...
    BEN.authorize(&app, "PromoPass", &["a"]).await;
    assert_eq!(used(BEN_ELSEWHERE).await, json!(["a"]));
    // ... and the other device through Ann.
    ANN_ELSEWHERE.authorize(&app, "PromoPass", &["b"]).await;
    let stranger = Viewer(OTHER_DEVICE, "eve@acme.example");
    assert_eq!(outcomes(&stranger.authorize(&app, "PromoPass", &["c"]).await), [RESOURCES]);
}

#[tokio::test]
async fn var_16_of_two_trials_the_more_consumed_one_counts() {
    let app = App::open().await;
    ANN.authorize(&app, "PromoPass", &["a"]).await;
    BEN_ELSEWHERE.authorize(&app, "PromoPass", &["x", "y"]).await;
    // Ann's identity and Ben's device, in either order, lead to Ben's trial, which is used up.
    assert_eq!(outcomes(&ANN_ELSEWHERE.authorize(&app, "PromoPass", &["b"]).await), [RESOURCES]);
    assert_eq!(
        outcomes(&BEN.authorize(&app, "PromoPass", &["b", "x"]).await),
        [RESOURCES, "permit"]
    );
    assert_eq!(ANN.attributes(&app, "PromoPass").await["remaining_resources"], 1);
}

#[tokio::test]
async fn rest_111_err_27_var_21_a_broken_configuration_is_our_fault() {
    let app = App::open().await;
    break_passes(&app);
    for pass in ["FreeHour", "PromoPass"] {
        let profile = ANN.profile(&app, pass).await;
        assert_eq!(profile.refusal(), refused(500, CONFIGURATION));
        assert_eq!(profile.json()["action"], "configuration");
        let refusals =
            [ANN.authorize(&app, pass, &["a"]).await, ANN.preauthorize(&app, pass, &["a"]).await];
        for refusal in refusals {
            let expected = (500, CONFIGURATION.to_owned(), "configuration".to_owned());
            assert_eq!(item_error(&refusal[0]), expected);
        }
    }
}

#[tokio::test]
async fn rest_112_var_15_trials_belong_to_devices_and_can_be_reset() {
    let app = App::open().await;
    let desk = Desk::of(&app).await;
    let is_over = async |viewer: Viewer| {
        outcomes(&viewer.authorize(&app, "FreeHour", &["acme-one"]).await) == [DURATION]
    };
    ANN.authorize(&app, "FreeHour", &["acme-one"]).await;
    app.house.clock.advance(HOUR);
    assert!(is_over(ANN).await);
    assert!(!is_over(ANN_ELSEWHERE).await, "another device has a trial of its own");
    app.house.clock.advance(HOUR);

    desk.reset("", "FreeHour", &[("device_id", "living-room")]).await;
    assert!(!is_over(ANN).await);
    assert!(is_over(ANN_ELSEWHERE).await);
    app.house.clock.advance(HOUR);
    for everybody in [&[][..], &[("device_id", "all")]] {
        assert!(is_over(ANN).await && is_over(ANN_ELSEWHERE).await);
        desk.reset("", "FreeHour", everybody).await;
        assert!(!is_over(ANN).await && !is_over(ANN_ELSEWHERE).await);
        app.house.clock.advance(HOUR);
    }
    // One device of a promotional trial takes the whole trial with it.
    ANN.authorize(&app, "PromoPass", &["a", "b"]).await;
    ANN_ELSEWHERE.authorize(&app, "PromoPass", &["a"]).await;
    desk.reset("", "PromoPass", &[("device_id", "kitchen")]).await;
    assert_eq!(ANN.attributes(&app, "PromoPass").await["used_assets"], json!([]));
}

#[tokio::test]
async fn rest_112_var_19_a_key_is_reset_in_clear_or_by_the_published_hash() {
    let app = App::open().await;
    let desk = Desk::of(&app).await;
    let [clear, hashed] = [Viewer(DEVICE, USER), Viewer(OTHER_DEVICE, USER_HASH)];
    for whose in [&[("key", USER_HASH)][..], &[("key", USER)], &[("key", "all")], &[]] {
        clear.authorize(&app, "PromoPass", &["a", "b"]).await;
        let refusal = hashed.authorize(&app, "PromoPass", &["c"]).await;
        assert_eq!(outcomes(&refusal), [RESOURCES], "the hash is the same viewer");
        desk.reset("/generic", "PromoPass", whose).await;
        for viewer in [clear, hashed] {
            let attributes = viewer.attributes(&app, "PromoPass").await;
            assert_eq!(attributes["remaining_resources"], 2, "{whose:?}");
        }
    }
    ANN.authorize(&app, "PromoPass", &["a"]).await;
    desk.reset("/generic", "PromoPass", &[("key", "somebody@else.example")]).await;
    assert_eq!(ANN.attributes(&app, "PromoPass").await["remaining_resources"], 1);
}

#[tokio::test]
async fn var_20_a_reset_says_what_is_wrong_with_it() {
    let app = App::open().await;
    let desk = Desk::of(&app).await;
    let (channel, pass) = (("requestor_id", "REF30"), ("mvpd_id", "FreeHour"));
    let bad: [&[(&str, &str)]; 8] = [
        &[pass],
        &[channel],
        &[("requestor_id", ""), pass],
        &[("requestor_id", "NOBODY"), pass],
        &[channel, ("mvpd_id", "Nobody")],
        &[channel, ("mvpd_id", "Cablevision")],
        &[channel, pass, ("device_id", "")],
        &[channel, pass, ("key", "")],
    ];
    for (number, query) in bad.iter().enumerate() {
        let path = if number == 7 { "/generic" } else { "" };
        assert_eq!(send(desk.ask(path, query)).await.status, 400, "{query:?}");
    }
    // A basic pass has no keys.
    assert_eq!(send(desk.ask("/generic", &[channel, pass])).await.status, 400);
    let foreign = send(desk.ask("", &[("requestor_id", "GLOBEX1"), pass])).await;
    assert_eq!(foreign.status, 403);
    for application in ["acme-tv", "acme-news-ops"] {
        let token = app.house.token(application).await;
        let answer = send(Desk { app: &app, token }.ask("", &[channel, pass])).await;
        assert_eq!(answer.status, 403, "{application} lacks the scope");
    }
    let forged = Desk { app: &app, token: "a.b.c".to_owned() };
    let answer = send(forged.ask("", &[])).await;
    assert_eq!(
        (answer.status, answer.header("www-authenticate")),
        (401, "Bearer error=\"invalid_token\"")
    );
    let wrong = send(app.house.get("/reset-tempass/v3/reset")).await;
    assert_eq!((wrong.status, wrong.header("allow")), (405, "DELETE"));
    // Ignored parameters of the older generation, and nothing to do: done.
    let legacy = [channel, pass, ("appId", "x"), ("deviceUser", "y"), ("environment", "z")];
    assert_eq!(send(desk.ask("", &legacy)).await.status, 204);
    assert_eq!(send(desk.ask("/", &legacy)).await.status, 204);
}

/// A session can only be about a pass when its provider became one meanwhile.
#[tokio::test]
async fn the_profile_of_a_session_whose_provider_became_a_pass_is_that_of_its_device() {
    let app = App::open().await;
    let code = app.session_code().await;
    app.push(|catalog| {
        let pass = catalog.mvpds.iter().find(|mvpd| mvpd.id.as_str() == "FreeHour");
        let settings = pass.and_then(|pass| pass.temp_pass.clone());
        for mvpd in catalog.mvpds.iter_mut().filter(|it| it.id.as_str() == "Cablevision") {
            mvpd.kind = Kind::TempPass;
            mvpd.temp_pass.clone_from(&settings);
        }
    });
    ANN.authorize(&app, "Cablevision", &["acme-one"]).await;
    let of_device = entry(&ANN.profile(&app, "Cablevision").await, "Cablevision");
    assert_eq!(of_device["type"], "temporary");
    assert_eq!(entry(&app.poll(&code).await, "Cablevision"), of_device);
    app.house.clock.advance(Duration::from_mins(20));
    app.push(|catalog| {
        for mvpd in catalog.mvpds.iter_mut().filter(|it| it.id.as_str() == "Cablevision") {
            mvpd.kind = Kind::TempPass;
            mvpd.temp_pass = None;
        }
    });
    assert_eq!(app.poll(&code).await.refusal(), refused(500, CONFIGURATION));
}

/// The agreement of a channel wins over what the pass offers everywhere.
#[tokio::test]
async fn a_channel_may_have_limits_of_its_own() {
    let app = App::open().await;
    app.push(|catalog| {
        let pass = catalog.mvpds.iter().find(|mvpd| mvpd.id.as_str() == "PromoPass");
        let offer = pass.and_then(|pass| pass.temp_pass.clone());
        let own = offer.map(|offer| TempPassSettings { resources_max: Some(1), ..offer });
        for integration in &mut catalog.integrations {
            if integration.mvpd.as_str() == "PromoPass" {
                integration.temp_pass.clone_from(&own);
            }
        }
    });
    let decided = ANN.authorize(&app, "PromoPass", &["a", "b"]).await;
    assert_eq!(outcomes(&decided), ["permit", RESOURCES]);
}

#[tokio::test]
async fn rest_114_logout_leaves_a_trial_as_it_is() {
    let app = App::open().await;
    ANN.authorize(&app, "PromoPass", &["a"]).await;
    let before = ANN.attributes(&app, "PromoPass").await;
    let out = app.get("REF30/logout/PromoPass").await.ok();
    assert_eq!(
        out["logouts"]["PromoPass"],
        json!({ "actionName": "complete", "actionType": "none", "mvpd": "PromoPass" })
    );
    assert_eq!(ANN.attributes(&app, "PromoPass").await, before);
}

#[tokio::test]
async fn simultaneous_authorizations_do_not_give_away_more_than_there_is() {
    let app = App::open().await;
    let resources = ["a", "b", "c", "d", "e", "f"];
    let asks = resources.map(|resource| {
        let request = ANN
            .call(&app, Method::POST, "REF30/decisions/authorize/PromoPass")
            .json(&json!({ "resources": [resource] }));
        tokio::spawn(send(request))
    });
    let mut permits = 0;
    for ask in asks {
        let body = ask.await.expect("an answer").ok();
        permits += usize::from(body["decisions"][0]["authorized"] == true);
    }
    assert_eq!(permits, 2);
}

#[tokio::test]
async fn a_trial_survives_a_restart() {
    let mut app = App::open().await;
    ANN.authorize(&app, "PromoPass", &["a"]).await;
    app.house.restart().await;
    assert_eq!(ANN.attributes(&app, "PromoPass").await["used_assets"], json!(["a"]));
}

#[tokio::test]
async fn the_setting_shortens_every_trial() {
    let app = App::with("temppass.duration", "3s").await;
    for pass in ["FreeHour", "PromoPass"] {
        ANN.authorize(&app, pass, &["acme-one"]).await;
        app.house.clock.advance(Duration::from_secs(3));
        assert_eq!(outcomes(&ANN.authorize(&app, pass, &["acme-one"]).await), [DURATION]);
    }
}

#[tokio::test]
async fn reports_count_authorizations_by_a_pass_like_all_others() {
    let app = App::open().await;
    ANN.authorize(&app, "PromoPass", &["a", "b", "c"]).await;
    ANN.preauthorize(&app, "PromoPass", &["a"]).await;
    let token = app.house.token("acme-ops").await;
    let url = "/esm/v3/media-company/year/month/day?start=2026-03-01&end=2026-04-01&mvpd=PromoPass";
    let request = app.house.get(url).bearer_auth(token).header("Accept", "application/json");
    let report = send(request).await.ok()["report"].clone();
    assert_eq!(report.as_array().map(Vec::len), Some(1), "{report}");
    let row = |name: &str| report[0][name].as_str().map(str::to_owned);
    let expected = [
        ("authn-attempts", "0"),
        ("authz-attempts", "3"),
        ("authz-successful", "2"),
        ("authz-failed", "1"),
        ("authz-latency", "0"),
        ("media-tokens", "2"),
    ];
    for (name, count) in expected {
        assert_eq!(row(name).as_deref(), Some(count), "{name} in {report}");
    }
}
