use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use usher_jose::{Algorithm, VerificationKeys, jws};

use crate::asking::{Asking as _, credentials, form, part, refused, send};
use crate::support::House;

const CONFIGURATION: &str = "/api/v2/REF30/configuration";

fn basic(client: &(String, String)) -> String {
    format!("Basic {}", STANDARD.encode(format!("{}:{}", client.0, client.1)))
}

#[tokio::test]
async fn dcr_47_the_metadata_names_the_standard_endpoints() {
    let house = House::open().await;
    let answer = send(house.get("/.well-known/oauth-authorization-server")).await;
    assert_eq!(answer.status, 200);
    assert!(answer.header("content-type").starts_with("application/json"));
    let metadata = answer.json();
    assert_eq!(metadata["issuer"], house.base.as_str());
    assert_eq!(metadata["registration_endpoint"], house.url("/oauth2/register"));
    assert_eq!(metadata["token_endpoint"], house.url("/oauth2/token"));
    assert_eq!(metadata["jwks_uri"], house.url("/jwks.json"));
    assert_eq!(metadata["grant_types_supported"], json!(["client_credentials"]));
}

#[tokio::test]
async fn dcr_47_registration_and_token_follow_the_rfcs() {
    let house = House::open().await;
    let statement = house.statement("acme-tv");
    let body = json!({
        "software_statement": statement,
        "redirect_uris": ["https://acme.example/"],
        "client_name": "ignored: the statement wins",
    });
    let registered = send(house.post("/oauth2/register").json(&body)).await;
    assert_eq!(registered.status, 201);
    assert_eq!(registered.header("cache-control"), "no-store");
    let information = registered.json();
    assert_eq!(information["client_secret_expires_at"], 0);
    assert_eq!(information["redirect_uris"], json!(["https://acme.example/"]));
    assert_eq!(information["client_name"], "acme-tv");
    assert_eq!(information["scope"], "api:client:v2");
    assert_eq!(information["software_statement"], statement.as_str());

    let client = credentials(&registered);
    let grant = [("grant_type", "client_credentials")];
    let by_basic = house.post("/oauth2/token").header("authorization", basic(&client)).form(&grant);
    let by_body = house.post("/oauth2/token").form(&form(&client));
    for request in [by_basic, by_body] {
        let answer = send(request).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert_eq!(answer.header("cache-control"), "no-store");
        let body = answer.json();
        assert_eq!(body["token_type"], "Bearer");
        assert_eq!(body["expires_in"], 21_600);
        assert_eq!(body["scope"], "api:client:v2");
    }
}

#[tokio::test]
async fn dcr_47_errors_have_the_statuses_of_the_rfcs() {
    let house = House::open().await;
    let client = house.client("acme-ops").await;
    let ask = async |form: &[(&str, &str)]| send(house.post("/oauth2/token").form(form)).await;

    let wrong = ask(&form(&(client.0.clone(), "guess".into()))).await;
    assert_eq!(wrong.refusal(), refused(401, "invalid_client"));
    assert!(wrong.header("www-authenticate").starts_with("Basic"));
    let nobody = ask(&[("grant_type", "client_credentials")]).await;
    assert_eq!(nobody.refusal(), refused(401, "invalid_client"));

    let [_, id, secret] = form(&client);
    let other = ask(&[("grant_type", "password"), id, secret]).await;
    assert_eq!(other.refusal(), refused(400, "unsupported_grant_type"));
    assert_eq!(ask(&[id, secret]).await.refusal(), refused(400, "invalid_request"));
    let twice = house.post("/oauth2/token").header("authorization", basic(&client));
    let twice = send(twice.form(&form(&client))).await;
    assert_eq!(twice.refusal(), refused(400, "invalid_request"));
    // RFC 6749 §2.3.1: never in the URI.
    let path = format!("/oauth2/token?client_id={}&client_secret={}", client.0, client.1);
    let query = send(house.post(&path).form(&[("grant_type", "client_credentials")])).await;
    assert_eq!(query.refusal(), refused(401, "invalid_client"));

    let register = async |body: Value| send(house.post("/oauth2/register").json(&body)).await;
    assert_eq!(register(json!({})).await.refusal(), refused(400, "invalid_client_metadata"));
    let forged = register(json!({ "software_statement": "a.b.c" })).await;
    assert_eq!(forged.refusal(), refused(400, "invalid_software_statement"));
    let elsewhere = json!({
        "software_statement": house.statement("acme-tv"),
        "redirect_uris": ["https://evil.test/"],
    });
    assert_eq!(register(elsewhere).await.refusal(), refused(400, "invalid_redirect_uri"));
}

#[tokio::test]
async fn dcr_47_a_narrower_scope_is_honoured() {
    let house = House::open().await;
    let client = house.client("acme-ops").await;
    let ask = async |scope: &'static str| {
        let mut form = form(&client).to_vec();
        form.push(("scope", scope));
        send(house.post("/oauth2/token").form(&form)).await
    };
    let narrow = ask("decisions:owner").await.json();
    assert_eq!(narrow["scope"], "decisions:owner");
    assert_eq!(part(narrow["access_token"].as_str().unwrap(), 1)["scopes"], "decisions:owner");
    assert_eq!(ask("api:client:v2").await.refusal(), refused(400, "invalid_scope"));
}

#[tokio::test]
async fn dcr_48_tokens_of_both_forms_work_alike_and_are_revoked_alike() {
    let house = House::open().await;
    let client = house.client("acme-tv").await;
    let documented = house.token_of(&client).await;
    let standard = send(house.post("/oauth2/token").form(&form(&client))).await.json();
    let standard = standard["access_token"].as_str().unwrap().to_owned();
    for token in [&documented, &standard] {
        assert_eq!(house.call(token, CONFIGURATION).await.status, 200);
    }
    house.change_application("acme-tv", "status = \"revoked\"");
    for token in [&documented, &standard] {
        assert_eq!(house.call(token, CONFIGURATION).await.status, 401);
    }
    let answer = send(house.post("/oauth2/token").form(&form(&client))).await;
    assert_eq!(answer.refusal(), refused(401, "invalid_client"));
}

#[tokio::test]
async fn dcr_47_published_keys_verify_tokens_but_not_statements() {
    let house = House::open().await;
    let published = send(house.get("/jwks.json")).await;
    assert_eq!(published.status, 200);
    for private in ["\"d\"", "\"p\"", "\"q\"", "\"k\""] {
        assert!(!published.text.contains(private));
    }
    let keys = VerificationKeys::from_json(published.text.as_bytes()).unwrap();
    let token = house.token("acme-tv").await;
    assert!(jws::verify(&token, &keys, &[Algorithm::Rs256]).is_ok());
    assert!(jws::verify(&house.statement("acme-tv"), &keys, &[Algorithm::Rs256]).is_err());
}

#[tokio::test]
async fn the_media_token_certificate_is_published() {
    let house = House::open().await;
    let answer = send(house.get("/media-token/certificate.pem")).await;
    assert_eq!(answer.status, 200);
    assert!(answer.text.starts_with("-----BEGIN CERTIFICATE-----"));
    assert!(usher_jose::Certificate::from_pem(&answer.text).is_ok());
}
