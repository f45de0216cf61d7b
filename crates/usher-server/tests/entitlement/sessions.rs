//! Creating, resuming and inspecting sessions (`pass-rest-v2` §7).

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{App, DEVICE, DONE, complete, device_info, members, refused, send, text};

const HALF_AN_HOUR: Duration = Duration::from_mins(30);

fn is_uuid(text: &str) -> bool {
    let lengths: Vec<_> = text.split('-').map(str::len).collect();
    lengths == [8, 4, 4, 4, 12]
}

async fn retrieve(app: &App, code: &str) -> crate::app::Answer {
    send(app.bare(Method::GET, &format!("REF30/sessions/{code}"))).await
}

#[tokio::test]
async fn rest_21_22_23_48_a_complete_session_sends_the_viewer_to_sign_in() {
    let app = App::open().await;
    let session = app.session().await;
    let code = text(&session, "code");
    assert_eq!(
        members(&session),
        [
            "actionName",
            "actionType",
            "code",
            "mvpd",
            "notAfter",
            "notBefore",
            "reasonType",
            "serviceProvider",
            "sessionId",
            "url"
        ]
    );
    assert_eq!(session["actionName"], "authenticate");
    assert_eq!(session["actionType"], "interactive");
    assert_eq!(session["reasonType"], "none");
    assert_eq!(session["mvpd"], "Cablevision");
    assert_eq!(session["serviceProvider"], "REF30");
    assert_eq!(session["url"], format!("/api/v2/authenticate/REF30/{code}"));
    assert_eq!(session["notBefore"], app.now().to_string());
    assert_eq!(session["notAfter"], (app.now() + 1_800_000).to_string());
    assert_eq!(code.len(), 7);
    assert!(code.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()));
    assert!(is_uuid(&text(&session, "sessionId")), "{session}");
    assert_ne!(app.session().await["sessionId"], session["sessionId"]);
}

#[tokio::test]
async fn rest_24_25_26_a_session_names_what_it_lacks() {
    let app = App::open().await;
    for empty in [
        send(app.call(Method::POST, "REF30/sessions")).await,
        app.create(&[("mvpd", " "), ("domainName", ""), ("redirectUrl", "\t")]).await,
    ] {
        let session = empty.ok();
        assert_eq!(session["actionName"], "resume");
        assert_eq!(session["actionType"], "direct");
        assert_eq!(session["reasonType"], "none");
        let all = json!(["mvpd", "domainName", "redirectUrl"]);
        assert_eq!(session["missingParameters"], all);
        assert!(session.get("mvpd").is_none(), "{session}");
        let url = format!("/api/v2/REF30/sessions/{}", text(&session, "code"));
        assert_eq!(session["url"], url);
    }
    let session = app.create(&[("mvpd", "Cablevision")]).await.ok();
    assert_eq!(session["missingParameters"], json!(["domainName", "redirectUrl"]));
    assert_eq!(session["mvpd"], "Cablevision");
    let foreign = [("domainName", "evil.example"), ("redirectUrl", DONE), ("mvpd", "Cablevision")];
    assert_eq!(app.create(&foreign).await.ok()["missingParameters"], json!(["domainName"]));
}

#[tokio::test]
async fn rest_27_a_signed_in_device_needs_no_session() {
    let app = App::open().await;
    app.sign_in("ben").await;
    for form in [&complete()[..], &[("mvpd", "Cablevision")]] {
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
        assert_eq!(session["reasonType"], "authenticated");
        assert_eq!(session["url"], "/api/v2/REF30/decisions/authorize/Cablevision");
    }
}

#[tokio::test]
async fn rest_29_temporary_access_needs_no_session() {
    let app = App::open().await;
    let session = app.create(&[("mvpd", "FreeHour")]).await.ok();
    assert_eq!(session["actionName"], "authorize");
    assert_eq!(session["reasonType"], "temporary");
    assert!(session.get("code").is_none(), "{session}");
}

#[tokio::test]
async fn rest_31_32_unusable_parameters_are_400() {
    let app = App::open().await;
    let code = text(&app.create(&[]).await.ok(), "code");
    for (form, problem) in [
        (("mvpd", "Nobody"), "invalid_parameter_mvpd"),
        (("mvpd", "cablevision"), "invalid_parameter_mvpd"),
        (("mvpd", "Unlinked"), "invalid_integration"),
        (("redirectUrl", "https://evil.example/"), "invalid_parameter_redirect_url"),
        (("redirectUrl", "https://acme.example@evil.example/"), "invalid_parameter_redirect_url"),
        (("redirectUrl", "/done"), "invalid_parameter_redirect_url"),
        (("redirectUrl", "javascript:alert(1)"), "invalid_parameter_redirect_url"),
        (("redirectUrl", "https://acme.example/\r\nx: y"), "invalid_parameter_redirect_url"),
    ] {
        assert_eq!(app.create(&[form]).await.refusal(), refused(400, problem), "{form:?}");
        assert_eq!(app.resume(&code, &[form]).await.refusal(), refused(400, problem), "{form:?}");
    }
    let scheme = [("redirectUrl", "adbe.acmedemo0000000000001://ios-app.com")];
    assert_eq!(app.create(&scheme).await.status, 200);
}

#[tokio::test]
async fn rest_34_35_36_parameters_can_be_supplied_bit_by_bit() {
    let app = App::open().await;
    let created = app.create(&[("domainName", "acme.example")]).await.ok();
    let code = text(&created, "code");
    app.house.clock.advance(Duration::from_mins(1));

    let retry = app.resume(&code, &[("mvpd", "Cablevision")]).await.ok();
    assert_eq!(retry["actionName"], "retry");
    assert_eq!(retry["actionType"], "direct");
    assert_eq!(retry["reasonType"], "none");
    assert_eq!(retry["missingParameters"], json!(["redirectUrl"]));
    assert_eq!(retry["mvpd"], "Cablevision");

    let complete = app.resume(&code, &[("redirectUrl", DONE)]).await.ok();
    assert_eq!(complete["actionName"], "authenticate");
    for member in ["code", "sessionId", "notBefore", "notAfter"] {
        assert_eq!(complete[member], created[member], "{member}");
    }
    assert_eq!(complete["url"], format!("/api/v2/authenticate/REF30/{code}"));
}

#[tokio::test]
async fn rest_37_38_another_client_of_the_channel_may_resume_but_not_another_channel() {
    let app = App::open().await;
    let code = text(&app.create(&[]).await.ok(), "code");
    let web = app.house.token("acme-web").await;
    let resume = |channel: &str| {
        let url = app.house.url(&format!("/api/v2/{channel}/sessions/{code}"));
        send(app.house.http.post(url).bearer_auth(&web).form(&complete()))
    };
    assert_eq!(resume("REF30").await.ok()["actionName"], "authenticate");
    let foreign = resume("NEWS24").await;
    assert_eq!(foreign.refusal(), refused(400, "invalid_authentication_session"));
}

#[tokio::test]
async fn rest_39_resuming_notices_that_the_device_is_signed_in() {
    let app = App::open().await;
    let code = app.sign_in("ben").await;
    let resumed = app.resume(&code, &[]).await.ok();
    assert_eq!(resumed["actionName"], "authorize");
    assert_eq!(resumed["reasonType"], "authenticated");
    assert!(resumed.get("code").is_none(), "{resumed}");
    let waiting = text(&app.create(&[]).await.ok(), "code");
    let resumed = app.resume(&waiting, &[("mvpd", "Cablevision")]).await.ok();
    assert_eq!(resumed["reasonType"], "authenticated");
}

#[tokio::test]
async fn rest_41_42_43_a_session_can_be_inspected() {
    let app = App::open().await;
    let info = json!({
        "primaryHardwareType": "SetTopBox", "model": "Box 9", "vendor": "Acme",
        "osName": "Linux", "osVersion": "5.10", "connectionType": "LAN", "displayWidth": 1920
    });
    let create =
        app.call(Method::POST, "REF30/sessions").header("X-Device-Info", device_info(&info));
    let create = create.header("User-Agent", "AcmeTV/3");
    let form = [("domainName", "acme.example"), ("redirectUrl", DONE)];
    let created = send(create.form(&form)).await.ok();
    let code = text(&created, "code");

    let session = retrieve(&app, &code).await.ok();
    let existing =
        json!({ "domainName": "acme.example", "redirectUrl": DONE, "serviceProvider": "REF30" });
    assert_eq!(session["existingParameters"], existing);
    assert_eq!(session["missingParameters"], json!(["mvpd"]));
    assert_eq!(session["notBefore"], created["notBefore"]);
    assert_eq!(session["notAfter"], created["notAfter"]);
    let none = json!({ "major": 0, "minor": 0, "patch": 0, "profile": "" });
    let device = &session["device"];
    assert_eq!(device["type"], "SetTopBox");
    assert_eq!(device["model"], "Box 9");
    assert_eq!(device["version"], none);
    let hardware = json!({ "name": null, "vendor": "Acme", "version": none, "manufacturer": null });
    assert_eq!(device["hardware"], hardware);
    assert_eq!(device["operatingSystem"]["name"], "Linux");
    assert_eq!(device["operatingSystem"]["version"]["minor"], 10);
    assert_eq!(device["operatingSystem"]["family"], Value::Null);
    assert_eq!(device["browser"]["userAgent"], "AcmeTV/3");
    assert_eq!(device["browser"]["originalUserAgent"], "AcmeTV/3");
    assert_eq!(device["display"]["width"], 1920);
    assert_eq!(device["display"]["name"], "DISPLAY");
    assert_eq!(device["applicationId"], Value::Null);
    assert_eq!(device["connection"]["ipAddress"], "127.0.0.1");
    assert!(device["connection"]["port"].is_string(), "{device}");
    assert_eq!(device["connection"]["secure"], false);
    assert_eq!(device["connection"]["type"], "LAN");

    app.resume(&code, &[("mvpd", "Cablevision")]).await.ok();
    assert!(retrieve(&app, &code).await.ok().get("missingParameters").is_none());
}

#[tokio::test]
async fn rest_44_47_codes_are_checked_by_form_first_and_in_any_case() {
    let app = App::open().await;
    for (code, problem) in [
        ("ABC!", "invalid_parameter_code"),
        ("ABCDEFGHI", "invalid_parameter_code"),
        ("%C3%84BCDEF", "invalid_parameter_code"),
        ("ABCDEFG", "invalid_authentication_session"),
    ] {
        for answer in
            [retrieve(&app, code).await, app.resume(code, &[]).await, app.poll(code).await]
        {
            assert_eq!(answer.refusal(), refused(400, problem), "{code}");
        }
    }
    let code = app.session_code().await.to_lowercase();
    for answer in [retrieve(&app, &code).await, app.resume(&code, &[]).await, app.poll(&code).await]
    {
        assert_eq!(answer.status, 200, "{answer:?}");
    }
}

#[tokio::test]
async fn rest_45_46_expired_and_superseded_codes_are_void() {
    let app = App::open().await;
    let first = app.session_code().await;
    let second = app.session_code().await;
    let void = refused(400, "invalid_authentication_session");
    for answer in
        [retrieve(&app, &first).await, app.resume(&first, &[]).await, app.poll(&first).await]
    {
        assert_eq!(answer.refusal(), void);
    }
    app.house.clock.advance(HALF_AN_HOUR);
    assert_eq!(retrieve(&app, &second).await.status, 200);
    app.house.clock.advance(Duration::from_millis(1));
    for answer in
        [retrieve(&app, &second).await, app.resume(&second, &[]).await, app.poll(&second).await]
    {
        assert_eq!(answer.refusal(), void);
    }
    let url = format!("/api/v2/authenticate/REF30/{second}");
    assert_eq!(send(app.house.get(&url)).await.status, 400);
}

#[tokio::test]
async fn the_life_of_a_code_can_be_set() {
    let app = App::with("entitlement.code_ttl", "3s").await;
    let session = app.session().await;
    assert_eq!(session["notAfter"], (app.now() + 3_000).to_string());
    app.house.clock.advance(Duration::from_millis(3_001));
    assert_eq!(app.poll(&text(&session, "code")).await.status, 400);
}

#[tokio::test]
async fn of_a_parameter_given_twice_the_first_counts_and_a_flood_is_refused() {
    let app = App::open().await;
    let twice = app.create(&[("mvpd", "Cablevision"), ("mvpd", "Nobody")]).await.ok();
    assert_eq!(twice["mvpd"], "Cablevision");
    let flood = send(
        app.bare(Method::POST, "REF30/sessions")
            .header("AP-Device-Identifier", DEVICE)
            .body("x".repeat(1_000_000)),
    );
    assert_eq!(flood.await.status, 400);
}
