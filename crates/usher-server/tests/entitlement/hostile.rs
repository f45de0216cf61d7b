//! Input that nobody sends by mistake: the contract's code, and nothing else changes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde_json::json;

use crate::app::{App, DONE, OTHER_DEVICE, complete, location, refused, send, text};

#[tokio::test]
async fn bodies_without_end_are_refused_in_each_operations_words() {
    let app = App::open().await;
    app.sign_in("ann").await;
    let long = "x".repeat(300_000);
    let resources = json!({ "resources": [long.as_str()] });
    let status = STANDARD
        .encode(json!({ "frameworkPermissionInfo": { "accessStatus": "granted" } }).to_string());
    let partner = app.call(Method::POST, "REF30/profiles/sso/Apple");
    let partner = partner.header("AP-Partner-Framework-Status", status);
    for (request, code) in [
        (
            app.call(Method::POST, "REF30/sessions").form(&[("mvpd", &long)]),
            "invalid_parameter_redirect_url",
        ),
        (
            app.call(Method::POST, "REF30/decisions/authorize/Cablevision").json(&resources),
            "invalid_parameter_resources",
        ),
        (
            app.call(Method::POST, "REF30/decisions/preauthorize/Cablevision").json(&resources),
            "invalid_parameter_resources",
        ),
        (partner.form(&[("SAMLResponse", &long)]), "invalid_parameter_saml_response"),
    ] {
        assert_eq!(send(request).await.refusal(), refused(400, code));
    }
    let register =
        app.house.post("/o/client/register").json(&json!({ "software_statement": long }));
    assert_eq!(send(register).await.text, r#"{"error":"invalid_request"}"#);
    assert!(app.profile().await.is_object(), "still signed in");
}

#[tokio::test]
async fn nobody_is_sent_where_the_channel_is_not_at_home() {
    let app = App::open().await;
    app.sign_in("ann").await;
    for elsewhere in [
        "https://evil.example/",
        "https://evil.example/acme.example",
        "https://evil.example?acme.example",
        "https://evil.example#acme.example",
        "https://acme.example.evil.example/",
        "https://evilacme.example/",
        "https://acme.example@evil.example/",
        "https://acme.example:443@evil.example/",
        r"https://evil.example\@acme.example/",
        r"https:\\evil.example/",
        "https:evil.example",
        "//evil.example/",
        "///evil.example/",
        "/relative",
        "javascript:alert(1)//acme.example",
        "data:text/html,acme.example",
        "file://acme.example/etc",
        "ftp://acme.example/",
        "https://acme.example%2eevil.example/",
        "https://acme.example%00.evil.example/",
        "https://acme.example\r\nLocation: https://evil.example/",
        "https://acme.example/\u{0}",
        "adbe.acmedemo0000000000009://done",
    ] {
        let form = [("mvpd", "OpCo"), ("domainName", "acme.example"), ("redirectUrl", elsewhere)];
        let expected = refused(400, "invalid_parameter_redirect_url");
        assert_eq!(app.create(&form).await.refusal(), expected, "{elsewhere:?}");
        let logout = app.call(Method::GET, "REF30/logout/Cablevision");
        let answer = send(logout.query(&[("redirectUrl", elsewhere)])).await;
        assert_eq!(answer.refusal(), expected, "{elsewhere:?}");
    }
    assert!(app.profile().await.is_object(), "still signed in");
}

#[tokio::test]
async fn of_everything_said_twice_the_first_counts_or_nothing_does() {
    let app = App::open().await;
    app.sign_in("ann").await;
    let twice = app.call(Method::GET, "REF30/profiles");
    let twice = send(twice.header("AP-Device-Identifier", OTHER_DEVICE)).await.ok();
    assert!(twice["profiles"]["Cablevision"].is_object(), "{twice}");
    let other =
        app.bare(Method::GET, "REF30/profiles").header("AP-Device-Identifier", OTHER_DEVICE);
    let other = other.header("AP-Device-Identifier", crate::app::DEVICE);
    assert_eq!(send(other).await.ok(), json!({ "profiles": {} }));
    // A token behind a forged one proves nothing.
    let forged = app.house.get("/api/v2/REF30/configuration").bearer_auth("e30.e30.e30");
    assert_eq!(send(forged.bearer_auth(&app.token)).await.status, 401);
    for body in [
        r#"{"resources":["acme-one"],"resources":["acme-movies"]}"#,
        r#"{"resources":["acme-one"]}{"resources":["acme-two"]}"#,
    ] {
        let request = app.call(Method::POST, "REF30/decisions/authorize/Cablevision");
        let answer = send(request.header("Content-Type", "application/json").body(body)).await;
        assert_eq!(answer.refusal(), refused(400, "invalid_parameter_resources"), "{body}");
    }
}

#[tokio::test]
async fn control_characters_name_nothing_and_come_back_escaped() {
    let app = App::open().await;
    app.sign_in("ann").await;
    for (path, code) in [
        ("REF30%00/configuration", "invalid_parameter_service_provider"),
        ("REF30%0d%0aSet-Cookie:x/configuration", "invalid_parameter_service_provider"),
        ("%ff%fe/configuration", "invalid_parameter_service_provider"),
        ("REF30/profiles/Cable%00vision", "invalid_parameter_mvpd"),
        ("REF30/profiles/Cablevision%0a", "invalid_parameter_mvpd"),
        ("REF30/sessions/ABC%00DEF", "invalid_parameter_code"),
        ("REF30/profiles/code/%e2%80%ae123456", "invalid_parameter_code"),
    ] {
        let answer = app.get(path).await;
        assert_eq!(answer.refusal(), refused(400, code), "{path}");
        assert!(!answer.headers.contains_key("set-cookie"));
    }
    let nasty = "acme\u{0}\r\n\u{202e}</script>";
    let decision = app.authorized(nasty).await;
    assert_eq!((&decision["resource"], &decision["authorized"]), (&json!(nasty), &json!(false)));
    let form = [("mvpd", "Cablevision"), ("domainName", "acme\r\n.example"), ("redirectUrl", DONE)];
    app.get("REF30/logout/Cablevision").await.ok();
    let session = app.create(&form).await.ok();
    assert_eq!(session["missingParameters"], json!(["domainName"]));
}

#[tokio::test]
async fn guessing_codes_teaches_nothing_and_is_slowed_down() {
    let app = App::throttled().await;
    let code = app.session_code().await;
    let guess = |number: usize, path: &str| {
        let path = format!("REF30/{path}/{number:07}");
        app.bare(Method::GET, &path).header("X-Forwarded-For", "203.0.113.66")
    };
    let mut answers = Vec::new();
    for number in 0..30 {
        let path = ["sessions", "profiles/code"][number % 2];
        answers.push(send(guess(number, path)).await);
    }
    let (answered, slowed): (Vec<_>, Vec<_>) = answers.iter().partition(|it| it.status != 429);
    assert_eq!((answered.len(), slowed.len()), (11, 19));
    for answer in answered {
        assert_eq!(answer.refusal(), refused(400, "invalid_authentication_session"));
        assert!(!answer.text.contains(&code));
    }
    // The page for browsers belongs to the same allowance.
    let page = app.house.get("/api/v2/authenticate/REF30/0000000");
    assert_eq!(send(page.header("X-Forwarded-For", "203.0.113.66")).await.status, 429);
}

#[tokio::test]
async fn what_was_used_once_signs_nobody_in_again() {
    let app = App::open().await;
    let session = app.session().await;
    let (code, mut url) = (text(&session, "code"), app.absolute(&text(&session, "url")));
    let mut callback = String::new();
    while url.starts_with(&app.house.base) {
        if url.contains("/sp/oauth2/callback") {
            callback.clone_from(&url);
        }
        let page = send(app.house.http.get(&url)).await;
        let next = if page.status == 200 { app.fill_in(&page, "ann").await } else { page };
        url = app.absolute(&location(&next));
    }
    assert!(app.profile().await.is_object() && !callback.is_empty());
    app.get("REF30/logout/Cablevision").await.ok();
    let replayed = send(app.house.http.get(&callback)).await;
    assert_eq!(replayed.status, 400, "{replayed:?}");
    let again = send(app.house.get(&format!("/api/v2/authenticate/REF30/{code}"))).await;
    assert!([302, 400].contains(&again.status), "{again:?}");
    assert_eq!(app.poll(&code).await.ok(), json!({ "profiles": {} }));
    assert!(app.profile().await.is_null());
    // A newer session takes the place of the older one.
    let newer = text(&app.create(&complete()).await.ok(), "code");
    assert_eq!(app.poll(&code).await.refusal(), refused(400, "invalid_authentication_session"));
    assert_eq!(app.poll(&newer).await.ok(), json!({ "profiles": {} }));
}
