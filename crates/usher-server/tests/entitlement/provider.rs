//! Providers that misbehave, and viewers who must not be told apart by more than they say.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde_json::{Value, json};
use usher_reports::Event;
use usher_store_local::Archive;

use crate::app::{App, DEVICE, refused, send, text};
use crate::peer::Peer;

const DECISIONS: &str = "{base}/demo/cablevision/decisions";

#[tokio::test]
async fn rest_87_one_failing_question_spares_the_others() {
    let app = App::open().await;
    app.sign_in("ann").await;
    let broken = STANDARD.encode("acme-two");
    let provider = Peer::choosing(move |asked| {
        let mrss = asked.split("mrss=").nth(1).unwrap_or_default();
        let mrss = mrss.split('&').next().unwrap_or_default().replace("%3D", "=");
        let mrss = STANDARD.decode(mrss.replace("%2B", "+").replace("%2F", "/"));
        let mrss = String::from_utf8(mrss.unwrap_or_default()).unwrap_or_default();
        if mrss.contains("acme-two") || mrss == broken {
            (500, "")
        } else {
            (200, r#"{"decision":"Permit"}"#)
        }
    })
    .await;
    app.house.push_texts(&[(DECISIONS, &provider.url)]);
    let decisions = app.preauthorize(&["acme-one", "acme-two", "acme-kids"]).await.ok();
    let items = decisions["decisions"].as_array().expect("decisions");
    let permitted: Vec<_> = items.iter().map(|item| item["authorized"] == true).collect();
    assert_eq!(permitted, [true, false, true], "{decisions}");
    assert_eq!(items[1]["error"]["code"], "network_received_error");
    assert_eq!(provider.asked(), 3);
}

#[tokio::test]
async fn err_34_control_characters_of_a_provider_do_no_harm() {
    let app = App::open().await;
    app.sign_in("ann").await;
    let words =
        r#"{"decision":"Deny","message":"Up\r\nSet-Cookie: a=b\u0000grade\u001b[31m\u007f"}"#;
    let provider = Peer::answering(200, words).await;
    app.house.push_texts(&[(DECISIONS, &provider.url)]);
    for answer in [app.authorize(&["acme-one"]).await, app.preauthorize(&["acme-one"]).await] {
        let details = text(&answer.ok()["decisions"][0]["error"], "details");
        assert!(details.starts_with("Up") && details.contains("grade"), "{details}");
        assert!(!details.chars().any(char::is_control), "{details:?}");
        assert!(!answer.headers.contains_key("set-cookie"));
    }
}

#[tokio::test]
async fn rest_92_a_media_token_names_channel_resource_provider_and_proxy() {
    let app = App::open().await;
    for (mvpd, proxy) in [("Cablevision", None), ("OpCoProxied", Some("OpCoHub"))] {
        app.house.sign_in(&app.token, DEVICE, mvpd, "ann").await;
        let permit = app.decide(&format!("decisions/authorize/{mvpd}"), &["acme-one"]).await.ok();
        let token = text(&permit["decisions"][0]["token"], "serializedToken");
        let token = STANDARD.decode(token).expect("base64");
        let token = String::from_utf8(token).expect("text");
        let said = |element: &str| {
            let (_, rest) = token.split_once(&format!("<{element}>"))?;
            Some(rest.split('<').next().unwrap_or_default().to_owned())
        };
        assert_eq!(said("requestorID").as_deref(), Some("REF30"));
        assert_eq!(said("resourceID").as_deref(), Some("acme-one"));
        assert_eq!(said("ttl").as_deref(), Some("420000"), "milliseconds");
        assert_eq!(said("mvpdId").as_deref(), Some(mvpd));
        let named = said("proxyMvpdId").filter(|id| !id.is_empty());
        assert_eq!(named.as_deref(), proxy, "{token}");
    }
}

#[tokio::test]
async fn var_22_a_home_based_sign_in_says_so_and_lasts_as_long_as_such_do() {
    let app = App::open().await;
    for (mvpd, hours) in [("Cablevision", 7 * 24), ("OpCo", 7 * 24)] {
        app.push(|catalog| {
            for mvpd in &mut catalog.mvpds {
                mvpd.settings.all.hba_authn_ttl = Some(std::time::Duration::from_hours(7 * 24));
            }
        });
        app.house.sign_in(&app.token, DEVICE, mvpd, "ann").await;
        let profiles = app.get(&format!("REF30/profiles/{mvpd}")).await.ok();
        let profile = &profiles["profiles"][mvpd];
        assert_eq!(profile["attributes"]["hba_status"]["value"], "true", "{profiles}");
        let at = |member: &str| profile[member].as_i64().expect("an instant");
        assert_eq!((at("notAfter") - at("notBefore")) / 3_600_000, hours, "{mvpd}");
    }
}

#[tokio::test]
async fn var_36_the_visitor_id_is_recorded_with_events_and_changes_nothing_else() {
    let mut app = App::open().await;
    app.sign_in("ann").await;
    let ask = |visitor: Option<&str>| {
        let request = app.call(Method::POST, "REF30/decisions/preauthorize/Cablevision");
        let request = request.json(&json!({ "resources": ["acme-one", "acme-two"] }));
        match visitor {
            Some(id) => request.header("AP-Visitor-Identifier", id),
            None => request,
        }
    };
    let without = send(ask(None)).await.ok();
    let long = "x".repeat(3_000);
    for odd in ["\"4711-visitor\"", "{}", "' OR 1=1 --", &long] {
        assert_eq!(send(ask(Some(odd))).await.ok(), without, "{odd}");
    }
    app.house.stop().await;
    let mut seen = Vec::new();
    let archive = Archive::open(&app.house.data_dir().join("events")).expect("the events");
    for day in archive.days().into_keys() {
        let take = |event| {
            if let Event::Entitlement(event) = event {
                seen.extend(event.visitor_id);
            }
        };
        archive.each(day, take).expect("a day of events");
    }
    assert!(seen.contains(&"4711-visitor".into()), "without the quotes around it: {seen:?}");
    assert!(seen.iter().all(|id| id.len() <= 256), "of bounded length");
}

#[tokio::test]
async fn rest_66_the_list_has_neither_degraded_nor_temporary_profiles() {
    let app = App::open().await;
    app.decide("decisions/authorize/FreeHour", &["acme-one"]).await.ok();
    let ops = app.house.token("acme-ops").await;
    let rule = "/control/v3/degradation/acme/authnAll?programmer=REF30&mvpd=Cablevision";
    let answer = send(app.house.post(rule).bearer_auth(ops)).await;
    assert!([200, 201].contains(&answer.status), "{answer:?}");
    let one = async |mvpd: &str| {
        let profiles = app.get(&format!("REF30/profiles/{mvpd}")).await.ok();
        profiles["profiles"][mvpd]["type"].clone()
    };
    assert_eq!(
        (one("Cablevision").await, one("FreeHour").await),
        (json!("degraded"), json!("temporary"))
    );
    assert_eq!(app.get("REF30/profiles").await.ok(), json!({ "profiles": {} }));
}

#[tokio::test]
async fn rest_147_nobody_can_use_what_a_revoked_client_made() {
    let app = App::open().await;
    app.sign_in("ann").await;
    app.revoke_client().await;
    let expected = refused(401, "invalid_access_token_client_application");
    assert_eq!(app.get("REF30/profiles/Cablevision").await.refusal(), expected);
    assert_eq!(app.authorize(&["acme-one"]).await.refusal(), expected);
    // Another client of the application on the same device starts anew.
    let token = app.house.token("acme-tv").await;
    let other = App { token, ..app };
    assert_eq!(other.profile().await, Value::Null);

    // The statement: no client of an application that is gone from the catalog.
    other.sign_in("ann").await;
    other.push(|catalog| catalog.applications.retain(|it| it.name != "acme-tv"));
    assert_eq!(other.get("REF30/profiles/Cablevision").await.refusal(), expected);
}
