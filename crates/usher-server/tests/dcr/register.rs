use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use usher_core::Secret;

use crate::asking::{Asking as _, credentials, only, part, refused, send, with_payload};
use crate::support::House;

#[tokio::test]
async fn dcr_1_2_4_5_45_a_valid_statement_becomes_credentials() {
    let house = House::open().await;

    let answer = house.register(only(&house.statement("acme-tv"))).await;

    assert_eq!(answer.status, 201);
    assert_eq!(answer.header("content-type"), "application/json;charset=UTF-8");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("pragma"), "no-cache");
    let body = answer.json();
    let members: Vec<_> = body.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        members,
        [
            "client_id",
            "client_secret",
            "client_id_issued_at",
            "client_secret_expires_at",
            "redirect_uris",
            "grant_types",
            "scopes",
        ]
    );
    let is_uuid = |member: &str| body[member].as_str().is_some_and(|text| text.len() == 36);
    assert!(is_uuid("client_id") && is_uuid("client_secret"), "{body}");
    assert_eq!(body["client_id_issued_at"], 1_773_512_400);
    assert_eq!(body["client_secret_expires_at"], 0);
    assert_eq!(body["redirect_uris"], json!(["adbe.acmedemo0000000000001://"]));
    assert_eq!(body["grant_types"], json!(["client_credentials"]));
    assert_eq!(body["scopes"], json!(["api:client:v2"]));
}

#[tokio::test]
async fn dcr_5_the_scopes_are_those_of_the_application() {
    let house = House::open().await;
    let answer = house.register(only(&house.statement("acme-ops"))).await;
    let expected =
        json!(["analytics:client", "decisions:owner", "temporary:passes:owner", "privacy:owner"]);
    assert_eq!(answer.json()["scopes"], expected);
}

#[tokio::test]
async fn dcr_3_each_registration_makes_another_client() {
    let house = House::open().await;
    let first = house.client("acme-tv").await;
    let second = house.client("acme-tv").await;
    assert_ne!(first.0, second.0);
    assert_ne!(first.1, second.1);
    for client in [first, second] {
        let token = house.token_of(&client).await;
        let answer = house.call(&token, "/api/v2/REF30/configuration").await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
}

#[tokio::test]
async fn dcr_6_7_9_redirect_uris_of_the_application_are_accepted_and_echoed() {
    let house = House::open().await;
    let statement = house.statement("acme-tv");
    assert_eq!(house.register(only(&statement)).await.status, 201);
    for uri in [
        "https://acme.example/signed-in",
        "https://watch.acme.example",
        "http://localhost:3000/",
        "http://127.0.0.1:3000/",
        "adbe.acmedemo0000000000001://signed-in",
        "example.acme.tv",
        "adobepass://example.acme",
    ] {
        let body = json!({ "software_statement": statement, "redirect_uri": uri });
        let answer = house.register(body).await;
        assert_eq!(answer.status, 201, "{uri}");
        assert_eq!(answer.json()["redirect_uris"], json!([uri]));
    }
}

#[tokio::test]
async fn dcr_8_9_34_redirect_uris_of_others_are_refused() {
    let house = House::open().await;
    let statement = house.statement("acme-tv");
    for uri in [
        "https://globex.example/",
        "https://notacme.example/",
        "https://acme.example.evil.test/",
        "https://acme.example@evil.test/",
        "https://acme.example/#fragment",
        "adbe.somebodyelse00000001://signed-in",
        "javascript:alert(1)",
        "",
    ] {
        let body = json!({ "software_statement": statement, "redirect_uri": uri });
        let answer = house.register(body).await;
        assert_eq!(answer.refusal(), refused(400, "invalid_redirect_uri"), "{uri}");
        assert_eq!(answer.text, r#"{"error":"invalid_redirect_uri"}"#);
        assert_eq!(answer.header("content-type"), "application/json;charset=UTF-8");
    }
}

#[tokio::test]
async fn dcr_10_11_45_a_body_that_is_not_a_registration_is_an_invalid_request() {
    let house = House::open().await;
    let statement = house.statement("acme-tv");
    let repeated =
        format!(r#"{{"software_statement":"{statement}","software_statement":"{statement}"}}"#);
    let endless = format!(r#"{{"software_statement":"{}"}}"#, "a".repeat(100_000));
    for body in [
        "",
        "{}",
        "[]",
        "software_statement=x",
        r#"{"software_statement":""}"#,
        r#"{"software_statement":7}"#,
        r#"{"redirect_uri":"https://acme.example"}"#,
        &repeated,
        &endless,
    ] {
        let request = house.post("/o/client/register").header("content-type", "application/json");
        let answer = send(request.body(body.to_owned())).await;
        assert_eq!(answer.refusal(), refused(400, "invalid_request"), "{body:.80}");
        assert_eq!(answer.header("cache-control"), "no-store");
    }
}

#[tokio::test]
async fn dcr_11_the_media_type_counts_its_parameters_and_case_do_not() {
    let house = House::open().await;
    let body = only(&house.statement("acme-tv")).to_string();
    for (media_type, status) in [
        ("application/json", 201),
        ("Application/JSON; charset=utf-8", 201),
        ("text/plain", 400),
        ("application/x-www-form-urlencoded", 400),
    ] {
        let request = house.post("/o/client/register").header("content-type", media_type);
        let answer = send(request.body(body.clone())).await;
        assert_eq!(answer.status, status, "{media_type}");
    }
    let untyped = send(house.post("/o/client/register").body(body)).await;
    assert_eq!(untyped.refusal(), refused(400, "invalid_request"));
}

#[tokio::test]
async fn dcr_12_an_altered_statement_is_refused() {
    let house = House::open().await;
    let statement = house.statement("acme-legacy");
    let promoted = part(&house.statement("acme-tv"), 1)["sub"].clone();
    let altered = with_payload(&statement, |payload| payload["sub"] = promoted.clone());
    let answer = house.register(only(&altered)).await;
    assert_eq!(answer.refusal(), refused(400, "invalid_software_statement"));
    for garbage in ["a.b.c", "not a token", "..", "e30.e30."] {
        let answer = house.register(only(garbage)).await;
        assert_eq!(answer.refusal(), refused(400, "invalid_software_statement"), "{garbage}");
    }
}

#[tokio::test]
async fn dcr_13_unsigned_and_symmetric_statements_are_refused() {
    let house = House::open().await;
    let statement = house.statement("acme-tv");
    let payload = statement.split('.').nth(1).unwrap();
    let unsigned = format!("{}.{payload}.", URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#));
    let claims = part(&statement, 1);
    let keys: Value = house.get("/jwks.json").send().await.unwrap().json().await.unwrap();
    let modulus = keys["keys"][0]["n"].as_str().unwrap().to_owned();
    let symmetric = usher_jose::sign_hs256(&Secret::new(modulus), None, &claims).unwrap();
    for forged in [unsigned, symmetric] {
        let answer = house.register(only(&forged)).await;
        assert_eq!(answer.refusal(), refused(400, "invalid_software_statement"));
    }
}

#[tokio::test]
async fn dcr_13_an_access_token_is_no_statement() {
    let house = House::open().await;
    let token = house.token("acme-tv").await;
    let answer = house.register(only(&token)).await;
    assert_eq!(answer.refusal(), refused(400, "invalid_software_statement"));
}

#[tokio::test]
async fn dcr_14_the_statement_of_a_withdrawn_application_is_unapproved() {
    let house = House::open().await;
    for status in ["revoked", "disabled"] {
        house.change_application("acme-tv", &format!("status = \"{status}\""));
        // The statement is judged before the redirect URI.
        let body = json!({
            "software_statement": house.statement("acme-tv"),
            "redirect_uri": "https://evil.test/",
        });
        let answer = house.register(body).await;
        assert_eq!(answer.refusal(), refused(400, "unapproved_software_statement"), "{status}");
        assert_eq!(house.register(only(&house.statement("acme-web"))).await.status, 201);
    }
}

#[tokio::test]
async fn dcr_15_a_statement_does_not_age() {
    let house = House::open().await;
    let statement = house.statement("acme-tv");
    assert_eq!(part(&statement, 1).get("exp"), None);
    assert_eq!(part(&statement, 0)["alg"], "RS256");
    house.clock.advance(Duration::from_hours(24 * 365 * 10));
    assert_eq!(house.register(only(&statement)).await.status, 201);
}

#[tokio::test]
async fn dcr_16_a_statement_with_line_breaks_is_accepted() {
    let house = House::open().await;
    let statement = house.statement("acme-tv");
    let (front, back) = statement.split_at(64);
    let answer = house.register(only(&format!("{front}\n{back}\r\n"))).await;
    assert_eq!(answer.status, 201);
}

#[tokio::test]
async fn dcr_17_18_device_information_may_be_missing_or_unreadable() {
    let house = House::open().await;
    let statement = only(&house.statement("acme-tv"));
    assert_eq!(house.register(statement.clone()).await.status, 201);
    for value in ["%%%", "bm90IEpTT04=", ""] {
        let request = house.post("/o/client/register").header("X-Device-Info", value);
        assert_eq!(send(request.json(&statement)).await.status, 201, "{value}");
    }
}

#[tokio::test]
async fn dcr_19_only_post_is_allowed() {
    let house = House::open().await;
    for path in ["/o/client/register", "/o/client/token"] {
        for request in [house.get(path), house.http.put(house.url(path))] {
            let answer = send(request).await;
            assert_eq!(answer.status, 405, "{path}");
            assert_eq!(answer.header("allow"), "POST", "{path}");
        }
    }
}

#[tokio::test]
async fn a_trailing_slash_does_no_harm_and_undocumented_neighbours_are_not_there() {
    let house = House::open().await;
    let statement = only(&house.statement("acme-tv"));
    let answer = send(house.post("/o/client/register/").json(&statement)).await;
    let client = credentials(&answer);
    let form = crate::asking::form(&client);
    assert_eq!(send(house.post("/o/client/token/").form(&form)).await.status, 201);
    for path in ["/o/client/scopes", "/o/client/validate"] {
        assert_eq!(send(house.post(path)).await.status, 404, "{path}");
    }
}
