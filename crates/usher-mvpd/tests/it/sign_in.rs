//! Signing in by OpenID Connect: what is asked, and which answers are not believed.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::{Value, json};
use url::Url;
use usher_core::Secret;
use usher_entitle::{
    AuthorizationAsk, BrowserStep, MvpdAuthorization as _, MvpdSignIn as _, SignInAnswer,
    SignInError, SignInStart, VerifiedIdentity,
};
use usher_jose::jws::{self, Kid};
use usher_jose::{EcKey, Jwks, RsaKey, SigningKey, base64url, sha256, sign_hs256};

use crate::peer::{Peer, Reply, Request, json as reply};
use crate::world::{World, provider};

/// An OpenID provider whose tokens a test can spoil.
struct Provider {
    peer: Peer,
    world: World,
    key: SigningKey,
    start: SignInStart,
    asked: HashMap<String, String>,
}

/// Where the browser goes.
fn location(start: &SignInStart) -> &Url {
    match &start.step {
        BrowserStep::Go(location) => location,
        BrowserStep::Post(form) => panic!("{form:?}"),
    }
}

impl Provider {
    async fn new() -> Self {
        let peer = Peer::answering(|_| Reply::Plain(404, String::new())).await;
        let world = World::with(&peer);
        let start = world.begin("the-state").await;
        let asked = location(&start).query_pairs().into_owned().collect();
        Self { peer, world, key: EcKey::generate().unwrap().into(), start, asked }
    }

    /// Claims that pass every check.
    fn claims(&self) -> Value {
        let now = self.world.now();
        json!({
            "iss": "https://cable.example", "sub": "u-7", "aud": "usher & co", "zip": "10001",
            "nonce": self.asked["nonce"], "iat": now, "exp": now + 300, "hba_status": true,
        })
    }

    fn signed(&self, claims: &Value) -> String {
        jws::sign(&self.key, Some("JWT"), Kid::Named, claims).unwrap()
    }

    fn key_set(&self) -> Value {
        serde_json::to_value(Jwks::of([self.key.public()])).unwrap()
    }

    /// Answers with `id_token` from now on.
    fn hands_out(&self, id_token: &str) {
        let tokens = json!({
            "access_token": "access-1", "token_type": "Bearer", "expires_in": 3600,
            "refresh_token": "refresh-1", "id_token": id_token,
        });
        let keys = self.key_set();
        self.peer.now_answers(move |request| match request.path.as_str() {
            "/token" => reply(&tokens),
            "/jwks" => reply(&keys),
            _ => Reply::Plain(404, String::new()),
        });
    }

    async fn finish(&self) -> Result<VerifiedIdentity, SignInError> {
        self.finish_with(&[("code", "the-code"), ("state", "the-state")]).await
    }

    async fn finish_with(
        &self,
        callback: &[(&str, &str)],
    ) -> Result<VerifiedIdentity, SignInError> {
        let callback =
            callback.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        let answer = SignInAnswer::OAuth(callback);
        let world = &self.world;
        world.gateway.finish(&world.partner, &self.start.pending, &answer).await
    }

    /// The complaint about `id_token`.
    async fn complaint(&self, id_token: &str) -> String {
        self.hands_out(id_token);
        self.finish().await.map(|identity| identity.user_id).unwrap_err().to_string()
    }
}

#[tokio::test]
async fn mvpd_13_the_request_carries_pkce_state_and_nonce() {
    let provider = Provider::new().await;
    let asked = &provider.asked;
    assert!(
        location(&provider.start).as_str().starts_with("https://cable.example/authorize?brand=1&")
    );
    for (name, value) in [
        ("response_type", "code"),
        ("client_id", "usher & co"),
        ("redirect_uri", "https://usher.example/sp/oauth2/callback"),
        ("scope", "openid"),
        ("state", "the-state"),
        ("code_challenge_method", "S256"),
    ] {
        assert_eq!(asked[name], value);
    }
    assert_eq!(asked["nonce"].len(), 22);
    let again = provider.world.begin("s").await;
    let again: HashMap<_, _> = location(&again).query_pairs().into_owned().collect();
    assert_ne!(again["nonce"], asked["nonce"]);
    assert_ne!(again["code_challenge"], asked["code_challenge"]);
}

#[tokio::test]
async fn a_good_answer_becomes_a_verified_identity() {
    let provider = Provider::new().await;
    provider.hands_out(&provider.signed(&provider.claims()));

    let identity = provider.finish().await.unwrap();

    assert_eq!(identity.user_id, "u-7");
    assert_eq!(identity.home_based, Some(true));
    assert_eq!(Value::Object(identity.attributes), json!({"zip": ["10001"], "hba_status": "true"}));
    assert!(identity.credentials.is_some());
    let [exchange] = provider.peer.asked_for("/token").try_into().unwrap();
    assert_eq!(exchange.form["grant_type"], "authorization_code");
    assert_eq!(exchange.form["code"], "the-code");
    assert_eq!(exchange.form["redirect_uri"], "https://usher.example/sp/oauth2/callback");
    // base64 of "usher+%26+co:s%3Ae+c".
    assert_eq!(exchange.headers["authorization"], "Basic dXNoZXIrJTI2K2NvOnMlM0FlK2M=");
    let proof = base64url(sha256(exchange.form["code_verifier"].as_bytes()));
    assert_eq!(proof, provider.asked["code_challenge"]);
    assert!(provider.peer.asked_for("/userinfo").is_empty());
}

/// What the peer was asked at the token endpoint and by which access tokens elsewhere.
fn grants_and_bearers(peer: &Peer) -> (Vec<String>, Vec<String>) {
    let grants = peer.asked_for("/token");
    let asked = peer.asked_for("/decide");
    (
        grants.iter().map(|it| it.form["grant_type"].clone()).collect(),
        asked.iter().map(|it| it.headers["authorization"].clone()).collect(),
    )
}

#[tokio::test]
async fn mvpd_14_the_access_token_of_the_sign_in_serves_from_memory_until_it_ends() {
    let provider = Provider::new().await;
    provider.hands_out(&provider.signed(&provider.claims()));
    let world = &provider.world;
    let ask = AuthorizationAsk {
        credentials: provider.finish().await.unwrap().credentials,
        ..world.ask(&["one"])
    };
    provider.peer.now_answers(|request| match request.path.as_str() {
        "/token" => reply(&json!({
            "access_token": "access-2", "token_type": "Bearer", "expires_in": 3600,
        })),
        _ => reply(&json!({"decision": "Permit"})),
    });

    world.clock.advance(Duration::from_secs(3569));
    world.gateway.decide(&ask).await;
    world.clock.advance(Duration::from_secs(1));
    world.gateway.decide(&ask).await;
    // A server that has forgotten: what is kept of the sign-in holds no access token.
    let restarted = World::with(&provider.peer);
    restarted.gateway.decide(&ask).await;

    let (grants, bearers) = grants_and_bearers(&provider.peer);
    assert_eq!(grants, ["authorization_code", "refresh_token", "refresh_token"]);
    assert_eq!(bearers, ["Bearer access-1", "Bearer access-2", "Bearer access-2"]);
}

#[tokio::test]
async fn an_access_token_that_cannot_be_had_again_is_kept_with_the_sign_in() {
    let provider = Provider::new().await;
    let tokens = json!({
        "access_token": "only", "token_type": "Bearer", "expires_in": 3600,
        "id_token": provider.signed(&provider.claims()),
    });
    let keys = provider.key_set();
    provider.peer.now_answers(move |request| match request.path.as_str() {
        "/token" => reply(&tokens),
        "/jwks" => reply(&keys),
        _ => reply(&json!({"decision": "Permit"})),
    });
    let credentials = provider.finish().await.unwrap().credentials;

    let restarted = World::with(&provider.peer);
    let ask = AuthorizationAsk { credentials, ..restarted.ask(&["one"]) };
    restarted.gateway.decide(&ask).await;

    let (grants, bearers) = grants_and_bearers(&provider.peer);
    assert_eq!((grants.len(), bearers), (1, vec!["Bearer only".to_owned()]));
}

#[tokio::test]
async fn a_sign_out_forgets_the_access_token() {
    let provider = Provider::new().await;
    provider.hands_out(&provider.signed(&provider.claims()));
    let world = &provider.world;
    let credentials = provider.finish().await.unwrap().credentials;
    let ask = AuthorizationAsk { credentials, ..world.ask(&["one"]) };

    world.gateway.sign_out(&world.partner, ask.credentials.as_ref(), "s").await.unwrap();
    world.gateway.decide(&ask).await;

    let (grants, _) = grants_and_bearers(&provider.peer);
    assert_eq!(grants, ["authorization_code", "refresh_token"]);
}

#[tokio::test]
async fn missing_claims_come_from_the_user_profile_of_the_same_subject() {
    let provider = Provider::new().await;
    let mut claims = provider.claims();
    claims.as_object_mut().unwrap().remove("zip");
    let (token, keys) = (provider.signed(&claims), provider.key_set());
    let subject = Arc::new(Mutex::new("u-7"));
    let profiled = Arc::clone(&subject);
    provider.peer.now_answers(move |request| match request.path.as_str() {
        "/token" => reply(&json!({"access_token": "a", "token_type": "bearer", "id_token": token})),
        "/userinfo" if request.headers["authorization"] == "Bearer a" => {
            reply(&json!({"sub": *profiled.lock(), "zip": ["94107", "94108"], "hba_status": false}))
        }
        _ => reply(&keys),
    });

    let identity = provider.finish().await.unwrap();
    assert_eq!(identity.attributes["zip"], json!(["94107", "94108"]));
    // What was signed wins.
    assert_eq!(identity.home_based, Some(true));

    *subject.lock() = "somebody else";
    let complaint = provider.finish().await.unwrap_err().to_string();
    assert!(complaint.contains("somebody else's"), "{complaint}");
}

#[tokio::test]
async fn tokens_that_prove_nothing_are_refused() {
    let provider = Provider::new().await;
    let spoiled = |name: &str, value: Value| {
        let mut claims = provider.claims();
        claims[name] = value;
        provider.signed(&claims)
    };
    let claims = provider.claims();
    let none = format!("{}.{}.", base64url(r#"{"alg":"none"}"#), base64url(claims.to_string()));
    let public_key = Secret::new(provider.key.public().to_pem().unwrap());
    let confused = sign_hs256(&public_key, Some("JWT"), &claims).unwrap();
    let foreign = EcKey::generate().unwrap().into();
    let foreign = jws::sign(&foreign, Some("JWT"), Kid::Omitted, &claims).unwrap();
    for (token, complaint) in [
        (spoiled("nonce", json!("another")), "another sign-in"),
        (spoiled("aud", json!("another-client")), "somebody else"),
        (spoiled("iss", json!("https://evil.example")), "another issuer"),
        (spoiled("exp", json!(provider.world.now() - 121)), "expired"),
        (spoiled("iat", json!(provider.world.now() + 3600)), "from the future"),
        (none, "algorithm"),
        (confused, "algorithm"),
        (foreign, "not by a known key"),
        ("x.y".to_owned(), "not a compact JWS"),
    ] {
        let said = provider.complaint(&token).await;
        assert!(said.contains("not accepted") && said.contains(complaint), "{said}");
    }
}

#[tokio::test]
async fn a_storm_of_unknown_keys_asks_for_the_key_set_once_in_half_a_minute() {
    let provider = Provider::new().await;
    let stranger: SigningKey = RsaKey::generate().unwrap().into();
    let forged = jws::sign(&stranger, None, Kid::Named, &provider.claims()).unwrap();
    for _ in 0..20 {
        provider.complaint(&forged).await;
    }
    assert_eq!(provider.peer.asked_for("/jwks").len(), 1);
    provider.world.clock.advance(Duration::from_secs(31));
    for _ in 0..20 {
        provider.complaint(&forged).await;
    }
    assert_eq!(provider.peer.asked_for("/jwks").len(), 2);
}

#[tokio::test]
async fn a_rotated_key_is_found_and_an_outage_of_the_key_set_is_survived() {
    let mut provider = Provider::new().await;
    provider.hands_out(&provider.signed(&provider.claims()));
    provider.finish().await.unwrap();
    provider.world.clock.advance(Duration::from_secs(31));
    provider.key = RsaKey::generate().unwrap().into();
    provider.hands_out(&provider.signed(&provider.claims()));
    provider.finish().await.unwrap();

    provider.world.clock.advance(Duration::from_hours(2));
    let tokens = json!({
        "access_token": "a", "token_type": "Bearer", "id_token": provider.signed(&provider.claims()),
    });
    provider.peer.now_answers(move |request| match request.path.as_str() {
        "/token" => reply(&tokens),
        _ => Reply::Plain(503, String::new()),
    });
    provider.finish().await.unwrap();
    assert_eq!(provider.peer.asked_for("/jwks").len(), 3);
}

#[tokio::test]
async fn a_token_endpoint_that_does_not_answer_properly_is_unreachable() {
    let provider = Provider::new().await;
    let answers: [fn(&Request) -> Reply; 8] = [
        |_| Reply::Plain(200, "<html>Sign in!</html>".into()),
        |_| Reply::Plain(200, r#"{"access_token":"a","token_type":"mac"}"#.into()),
        |_| Reply::Plain(500, String::new()),
        |_| Reply::Elsewhere("/token".into()),
        |_| Reply::Endless(65 * 1024),
        |_| Reply::Hangs,
        |_| Reply::Silence,
        |_| Reply::HangsUp,
    ];
    for answer in answers {
        provider.peer.now_answers(answer);
        let error = provider.finish().await.unwrap_err();
        assert!(matches!(error, SignInError::Unreachable(_)), "{error}");
    }
    // Nothing followed the redirect.
    assert_eq!(provider.peer.asked_for("/token").len(), 8);
}

#[tokio::test]
async fn a_refused_code_is_not_a_sign_in() {
    let provider = Provider::new().await;
    provider.peer.now_answers(|_| Reply::Plain(400, r#"{"error":"invalid_grant"}"#.into()));
    let error = provider.finish().await.unwrap_err().to_string();
    assert_eq!(
        error,
        "the provider's answer was not accepted (oauth): the code was refused: invalid_grant"
    );
}

#[tokio::test]
async fn an_answer_by_another_issuer_or_without_a_code_asks_nobody() {
    let provider = Provider::new().await;
    provider.hands_out(&provider.signed(&provider.claims()));
    for callback in [
        &[("code", "c"), ("iss", "https://evil.example")][..],
        &[("code", "c"), ("code", "d")],
        &[("state", "the-state")],
    ] {
        let error = provider.finish_with(callback).await.unwrap_err();
        assert!(matches!(error, SignInError::Unverified { .. }), "{error}");
    }
    let turned_back = provider.finish_with(&[("error", "access_denied")]).await.unwrap_err();
    assert!(matches!(&turned_back, SignInError::Refused(code) if code == "access_denied"));
    assert!(provider.peer.asked_for("/token").is_empty());
}

#[tokio::test]
async fn tokens_never_travel_in_the_clear_beyond_loopback() {
    let peer = Peer::answering(|_| Reply::HangsUp).await;
    let mut mvpd = provider(&peer);
    mvpd["authn"]["token_url"] = json!("http://cable.example/token");
    let world = World::of(&mvpd);
    let start = world.begin("s").await;
    let answer = SignInAnswer::OAuth(vec![("code".into(), "c".into())]);
    let error = world.gateway.finish(&world.partner, &start.pending, &answer).await.unwrap_err();
    assert!(error.to_string().contains("not HTTPS"), "{error}");
}

#[tokio::test]
async fn logout_leads_to_the_provider_with_a_hint_and_the_way_back() {
    let provider = Provider::new().await;
    let world = &provider.world;
    let credentials = world.credentials(60);
    let start = world.gateway.sign_out(&world.partner, Some(&credentials), "s").await.unwrap();
    let BrowserStep::Go(url) = start.step else { panic!("{start:?}") };
    let asked: HashMap<_, _> = url.query_pairs().into_owned().collect();
    assert!(url.as_str().starts_with("https://cable.example/logout?"));
    let back = "https://usher.example/sp/oauth2/logout-callback";
    assert_eq!(asked["redirect_uri"], format!("{back}?state=s"));
    assert_eq!(asked["id_token_hint"], "id-0");

    let mut mvpd = crate::world::provider(&Peer::answering(|_| Reply::HangsUp).await);
    mvpd["logout"]["state"] = json!("beside");
    let world = World::of(&mvpd);
    let start = world.gateway.sign_out(&world.partner, None, "s").await.unwrap();
    let BrowserStep::Go(url) = start.step else { panic!("{start:?}") };
    let asked: HashMap<_, _> = url.query_pairs().into_owned().collect();
    assert_eq!((asked["redirect_uri"].as_str(), asked["state"].as_str()), (back, "s"));
}
