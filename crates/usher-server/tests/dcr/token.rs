use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::asking::{Answer, Asking as _, form, part, refused, send};
use crate::support::House;

/// Query parameters that ask for a token.
fn query(client: &(String, String)) -> String {
    format!(
        "/o/client/token?grant_type=client_credentials&client_id={}&client_secret={}",
        client.0, client.1
    )
}

fn assert_is_a_token(answer: &Answer) {
    assert_eq!(answer.status, 201, "{}", answer.text);
    assert_eq!(answer.header("content-type"), "application/json;charset=UTF-8");
    assert_eq!(answer.header("cache-control"), "no-store");
    let body = answer.json();
    let members: Vec<_> = body.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members, ["id", "access_token", "created_at", "expires_in", "token_type"]);
}

#[tokio::test]
async fn dcr_2_20_22_23_45_credentials_in_a_form_become_a_token() {
    let house = House::open().await;
    let client = house.client("acme-tv").await;

    let answer = house.token_with(&form(&client)).await;

    assert_is_a_token(&answer);
    let body = answer.json();
    assert_eq!(body["created_at"], 1_773_512_400_000_i64);
    assert_eq!(body["expires_in"], 21_600);
    assert_eq!(body["token_type"], "bearer");
    assert!(body["id"].as_str().is_some_and(|id| id.len() == 36), "{body}");
}

#[tokio::test]
async fn dcr_21_46_credentials_in_the_query_become_a_token_whatever_the_media_type() {
    let house = House::open().await;
    let client = house.client("acme-tv").await;
    let post = || house.post(&query(&client));
    for request in [
        post(),
        post().header("content-type", "application/json"),
        post().header("content-type", "application/x-www-form-urlencoded").body(""),
        post().header("content-type", "text/plain"),
    ] {
        assert_is_a_token(&send(request).await);
    }
}

#[tokio::test]
async fn dcr_24_the_token_is_a_jwt_of_the_documented_shape() {
    let house = House::open().await;
    let client = house.client("acme-tv").await;
    let answer = house.token_with(&form(&client)).await.json();
    let token = answer["access_token"].as_str().unwrap();
    assert_eq!(part(token, 0)["alg"], "RS256");
    let claims = part(token, 1);
    assert_eq!(claims["sub"], client.0.as_str());
    assert_eq!(claims["scopes"], "api:client:v2");
    assert_eq!(claims["iat"], 1_773_512_400);
    assert_eq!(claims["iat"], claims["nbf"]);
    let life = claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap();
    assert_eq!(Value::from(life), answer["expires_in"]);
    assert!((400..=700).contains(&token.len()), "{}", token.len());
}

#[tokio::test]
async fn dcr_25_several_scopes_are_joined_by_commas() {
    let house = House::open().await;
    let token = house.token("acme-legacy").await;
    assert_eq!(
        part(&token, 1)["scopes"],
        "config:client,decisions:client,platform:sso,profile:client,tokens:client"
    );
}

#[tokio::test]
async fn dcr_26_27_34_a_wrong_secret_and_an_unknown_client_get_the_same_answer() {
    let house = House::open().await;
    let (id, secret) = house.client("acme-tv").await;
    let wrong = house.token_with(&form(&(id, "guess".into()))).await;
    let unknown = house.token_with(&form(&("nobody".into(), secret))).await;
    assert_eq!(wrong.status, 400);
    assert_eq!(wrong.text, r#"{"error":"invalid_client"}"#);
    assert_eq!((unknown.status, &unknown.text), (wrong.status, &wrong.text));
    let names = |answer: &Answer| answer.headers.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&unknown), names(&wrong));
}

#[tokio::test]
async fn dcr_28_a_missing_parameter_is_an_invalid_request() {
    let house = House::open().await;
    let client = house.client("acme-tv").await;
    for missing in ["grant_type", "client_id", "client_secret"] {
        let form: Vec<_> = form(&client).into_iter().filter(|(name, _)| *name != missing).collect();
        let answer = house.token_with(&form).await;
        assert_eq!(answer.refusal(), refused(400, "invalid_request"), "{missing}");
    }
}

#[tokio::test]
async fn dcr_29_other_grants_are_not_supported() {
    let house = House::open().await;
    let client = house.client("acme-tv").await;
    for grant in ["password", "refresh_token", "authorization_code", "CLIENT_CREDENTIALS"] {
        let mut form = form(&client).to_vec();
        form[0].1 = grant;
        form.push(("refresh_token", "x"));
        let answer = house.token_with(&form).await;
        assert_eq!(answer.refusal(), refused(400, "unsupported_grant_type"), "{grant}");
    }
}

#[tokio::test]
async fn dcr_30_a_client_without_the_grant_is_unauthorized() {
    let house = House::open().await;
    let client = house.client("acme-tv").await;
    house.change_application("acme-tv", "grant_types = []");
    let answer = house.token_with(&form(&client)).await;
    assert_eq!(answer.refusal(), refused(400, "unauthorized_client"));
}

#[tokio::test]
async fn dcr_31_32_a_repeated_parameter_is_an_invalid_request() {
    let house = House::open().await;
    let client = house.client("acme-tv").await;
    let both = house.post(&format!("/o/client/token?client_id={}", client.0));
    let answer = send(both.form(&form(&client))).await;
    assert_eq!(answer.refusal(), refused(400, "invalid_request"));
    let mut twice = form(&client).to_vec();
    twice.push(("client_id", &client.0));
    assert_eq!(house.token_with(&twice).await.refusal(), refused(400, "invalid_request"));
    let query = send(house.post(&format!("{}&grant_type=password", query(&client)))).await;
    assert_eq!(query.refusal(), refused(400, "invalid_request"));
}

#[tokio::test]
async fn dcr_33_basic_authentication_is_not_accepted_here() {
    let house = House::open().await;
    let client = house.client("acme-tv").await;
    let basic = format!("Basic {}", STANDARD.encode(format!("{}:{}", client.0, client.1)));
    let post = || house.post("/o/client/token").header("authorization", &basic);
    let beside = send(post().form(&form(&client))).await;
    assert_eq!(beside.refusal(), refused(400, "invalid_request"));
    let alone = send(post().form(&[("grant_type", "client_credentials")])).await;
    assert_eq!(alone.refusal(), refused(400, "invalid_request"));
}

#[tokio::test]
async fn dcr_28_a_body_of_another_kind_or_size_is_an_invalid_request() {
    let house = House::open().await;
    let client = house.client("acme-tv").await;
    let [grant, id, secret] = form(&client);
    let body = format!("{}={}&{}={}&{}={}", grant.0, grant.1, id.0, id.1, secret.0, secret.1);
    let post = |media_type: &str| house.post("/o/client/token").header("content-type", media_type);
    let json = send(post("application/json").body(body.clone())).await;
    assert_eq!(json.refusal(), refused(400, "invalid_request"));
    let endless = format!("{body}&x={}", "a".repeat(10_000));
    let endless = send(post("application/x-www-form-urlencoded").body(endless)).await;
    assert_eq!(endless.refusal(), refused(400, "invalid_request"));
}

#[tokio::test]
async fn dcr_35_an_earlier_token_works_until_it_expires() {
    let house = House::open().await;
    let client = house.client("acme-tv").await;
    let first = house.token_of(&client).await;
    house.clock.advance(std::time::Duration::from_secs(21_599));
    let second = house.token_of(&client).await;
    let status =
        async |token: &str| house.call(token, "/api/v2/REF30/configuration").await.status.as_u16();
    assert_eq!((status(&first).await, status(&second).await), (200, 200));
    house.clock.advance(std::time::Duration::from_secs(1));
    assert_eq!((status(&first).await, status(&second).await), (401, 200));
}

#[tokio::test]
async fn dcr_3_credentials_survive_a_restart() {
    let mut house = House::open().await;
    let client = house.client("acme-tv").await;
    let token = house.token_of(&client).await;
    house.restart().await;
    assert_eq!(house.call(&token, "/api/v2/REF30/configuration").await.status, 200);
    assert_eq!(house.token_with(&form(&client)).await.status, 201);
}
