//! The built-in provider refuses what an OpenID provider must refuse.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use url::Url;
use usher_core::{Clock as _, Secret};
use usher_jose::{Certificate, EcKey, OsEntropy, base64url, sha256};
use usher_mvpd::demo::{
    AuthorizeError, AuthorizeRequest, ClientAuthentication, Decision, DecisionAnswer,
    DecisionQuestion, DemoClient, DemoSettings, SUBSCRIBERS, SamlIdentity, SamlPeer, SignInOutcome,
    TokenAnswer, TokenForm, TokenProblem,
};
use usher_mvpd::{DemoProviders, Resource};
use usher_testkit::ManualClock;

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CALLBACK: &str = "http://127.0.0.1:8080/sp/oauth2/callback";

struct Cablevision {
    providers: DemoProviders,
    clock: Arc<ManualClock>,
}

fn saml_identity() -> SamlIdentity {
    let key = EcKey::generate().unwrap();
    let now = ManualClock::default().now();
    let validity = (now, now + Duration::from_hours(24));
    let certificate = Certificate::self_signed(&key, "a provider", validity).unwrap();
    SamlIdentity { key, certificate }
}

impl Cablevision {
    fn open() -> Self {
        let clock = Arc::new(ManualClock::default());
        let client = |id: &str, secret: &str| DemoClient {
            id: id.to_owned(),
            secret: Secret::new(secret.to_owned()),
        };
        let providers = DemoProviders::new(
            &Url::parse("http://127.0.0.1:8080").unwrap(),
            DemoSettings {
                cablevision: EcKey::generate().unwrap(),
                clients: vec![client("one", "1"), client("two", "2")],
                opco: saml_identity(),
                opcohub: saml_identity(),
                peer: SamlPeer {
                    entity_id: "https://saml.sp.usher.example".into(),
                    signing: vec![saml_identity().certificate],
                    encryption: saml_identity().certificate,
                },
                authz_ttl: None,
            },
            (Arc::clone(&clock) as _, Arc::new(OsEntropy)),
        )
        .unwrap();
        Self { providers, clock }
    }

    /// A new code for client `one`.
    fn code(&self) -> String {
        let form = self.providers.authorize(request()).unwrap();
        let SignInOutcome::SignedIn(url) = self.providers.sign_in(&form.request, "ann", "ann")
        else {
            unreachable!("ann signs in")
        };
        pairs(&url)["code"].clone()
    }

    fn redeem(&self, change: impl FnOnce(&mut TokenForm)) -> Result<TokenAnswer, TokenProblem> {
        let mut form = TokenForm {
            grant_type: Some("authorization_code".into()),
            code: Some(self.code()),
            redirect_uri: Some(CALLBACK.into()),
            code_verifier: Some(VERIFIER.into()),
            ..TokenForm::default()
        };
        change(&mut form);
        self.providers.token(&caller("one", "1"), &form)
    }

    fn refresh(
        &self,
        token: &str,
        who: &ClientAuthentication,
    ) -> Result<TokenAnswer, TokenProblem> {
        let form = TokenForm {
            grant_type: Some("refresh_token".into()),
            refresh_token: Some(token.into()),
            ..TokenForm::default()
        };
        self.providers.token(who, &form)
    }
}

fn caller(id: &str, secret: &str) -> ClientAuthentication {
    ClientAuthentication { id: id.into(), secret: secret.into() }
}

fn request() -> AuthorizeRequest {
    AuthorizeRequest {
        response_type: Some("code".into()),
        client_id: Some("one".into()),
        redirect_uri: Some(CALLBACK.into()),
        scope: Some("openid".into()),
        state: Some("st&te".into()),
        nonce: Some("n".into()),
        code_challenge: Some(base64url(sha256(VERIFIER.as_bytes()))),
        code_challenge_method: Some("S256".into()),
        prompt: None,
    }
}

fn pairs(url: &Url) -> HashMap<String, String> {
    url.query_pairs().into_owned().collect()
}

#[test]
fn a_request_that_is_not_registered_stays_at_the_provider() {
    let cablevision = Cablevision::open();
    for spoil in [
        (|it| it.client_id = Some("three".into())) as fn(&mut AuthorizeRequest),
        |it| it.redirect_uri = Some("https://evil.example/".into()),
        |it| it.redirect_uri = Some(format!("{CALLBACK}/")),
        |it| it.redirect_uri = None,
    ] {
        let mut request = request();
        spoil(&mut request);
        let refused = cablevision.providers.authorize(request).unwrap_err();
        assert!(matches!(refused, AuthorizeError::Page(_)), "{refused:?}");
    }
}

#[test]
fn a_request_without_a_proper_challenge_returns_with_an_error() {
    let cablevision = Cablevision::open();
    for (spoil, error) in [
        ((|it| it.code_challenge = None) as fn(&mut AuthorizeRequest), "invalid_request"),
        (|it| it.code_challenge_method = Some("plain".into()), "invalid_request"),
        (|it| it.response_type = Some("token".into()), "unsupported_response_type"),
        (|it| it.scope = Some("profile".into()), "invalid_scope"),
        (|it| it.prompt = Some("none".into()), "login_required"),
    ] {
        let mut request = request();
        spoil(&mut request);
        let Err(AuthorizeError::Redirect(url)) = cablevision.providers.authorize(request) else {
            panic!("the client is told about {error}")
        };
        assert_eq!(pairs(&url)["error"], error);
        assert_eq!(pairs(&url)["state"], "st&te");
        assert_eq!(pairs(&url)["iss"], "http://127.0.0.1:8080/demo/cablevision");
    }
}

#[test]
fn a_wrong_password_shows_the_form_again_and_cancelling_returns() {
    let cablevision = Cablevision::open();
    let form = cablevision.providers.authorize(request()).unwrap();
    assert_eq!(pairs(&form.cancel)["error"], "access_denied");
    for (name, password) in [("ann", "ben"), ("ann", ""), ("zoe", "zoe"), ("", "")] {
        let outcome = cablevision.providers.sign_in(&form.request, name, password);
        let SignInOutcome::WrongPassword(again) = outcome else { panic!("{name} {password}") };
        let outcome = cablevision.providers.sign_in(&again.request, " Ann", "ann");
        assert!(matches!(outcome, SignInOutcome::SignedIn(_)));
    }
    cablevision.clock.advance(Duration::from_mins(30));
    let outcome = cablevision.providers.sign_in(&form.request, "ann", "ann");
    assert!(matches!(outcome, SignInOutcome::Expired));
    let outcome = cablevision.providers.sign_in("forged", "ann", "ann");
    assert!(matches!(outcome, SignInOutcome::Expired));
}

#[test]
fn a_code_works_once_for_its_client_its_address_and_its_verifier() {
    let cablevision = Cablevision::open();
    let code = cablevision.code();
    assert!(cablevision.redeem(|form| form.code = Some(code.clone())).is_ok());
    for spoil in [
        Box::new(|form: &mut TokenForm| form.code = Some(code.clone()))
            as Box<dyn Fn(&mut TokenForm)>,
        Box::new(|form: &mut TokenForm| form.redirect_uri = Some("https://evil.example/".into())),
        Box::new(|form: &mut TokenForm| form.code_verifier = Some("another".into())),
        Box::new(|_: &mut TokenForm| cablevision.clock.advance(Duration::from_mins(1))),
    ] {
        let refused = cablevision.redeem(spoil).err();
        assert_eq!(refused, Some(TokenProblem::InvalidGrant));
    }
    let code = cablevision.code();
    let form = TokenForm {
        grant_type: Some("authorization_code".into()),
        code: Some(code),
        redirect_uri: Some(CALLBACK.into()),
        code_verifier: Some(VERIFIER.into()),
        ..TokenForm::default()
    };
    for (who, problem) in [
        (caller("one", "2"), TokenProblem::InvalidClient),
        (caller("three", "1"), TokenProblem::InvalidClient),
        (caller("two", "2"), TokenProblem::InvalidGrant),
    ] {
        assert_eq!(cablevision.providers.token(&who, &form).err(), Some(problem));
    }
}

#[test]
fn one_kind_of_token_does_not_pass_as_another_and_a_signed_out_one_not_at_all() {
    let cablevision = Cablevision::open();
    let tokens = cablevision.redeem(|_| ()).unwrap();
    let id_token = tokens.id_token.unwrap();
    let providers = &cablevision.providers;
    assert!(providers.user_info(&tokens.access_token).is_some());
    assert!(providers.user_info(&tokens.refresh_token).is_none());
    assert!(providers.user_info(&id_token).is_none());
    let one = caller("one", "1");
    assert!(cablevision.refresh(&tokens.access_token, &one).is_err());
    assert!(cablevision.refresh(&tokens.refresh_token, &caller("two", "2")).is_err());
    let refreshed = cablevision.refresh(&tokens.refresh_token, &one).unwrap();
    assert_eq!(refreshed.refresh_token, tokens.refresh_token);

    let back = "http://127.0.0.1:8080/sp/oauth2/logout-callback";
    let returned = providers.log_out(Some(&id_token), Some(back));
    assert_eq!(returned.map(String::from).as_deref(), Some(back));
    assert!(
        providers.log_out(None, Some("https://evil.example/sp/oauth2/logout-callback")).is_none()
    );
    assert!(providers.user_info(&tokens.access_token).is_none());
    let refused = cablevision.refresh(&tokens.refresh_token, &one).err();
    assert_eq!(refused, Some(TokenProblem::InvalidGrant));
}

#[test]
fn every_subscriber_is_decided_about_as_the_table_says() {
    let providers = Cablevision::open().providers;
    let decide = |name: &str, channel: &str| {
        let subscriber = SUBSCRIBERS.iter().find(|it| it.name == name).unwrap();
        let mrss = STANDARD.encode(Resource::parse(channel).unwrap().mrss);
        let question = DecisionQuestion { user_id: subscriber.user_id(), mrss, client_ip: None };
        match providers.decide(&question, None) {
            DecisionAnswer::Decided(Decision::Permit { ttl: Some(ttl) }) => format!("permit {ttl}"),
            DecisionAnswer::Decided(Decision::Deny { reason, .. }) => reason.to_owned(),
            DecisionAnswer::Late(delay, _) => format!("late {}", delay.as_secs()),
            other => format!("{other:?}"),
        }
    };
    for (name, channel, expected) in [
        ("ann", "acme-kids", "permit 3600"),
        ("ann", "other", "not_entitled"),
        ("ben", "acme-two", "permit 3600"),
        ("ben", "acme-sports", "not_entitled"),
        ("cam", "acme-movies", "parental"),
        ("cam", "acme-one", "permit 3600"),
        ("dee", "acme-one", "late 30"),
        ("eve", "acme-one", "Broken"),
        ("fay", "acme-one", "not_entitled"),
        ("gus", "acme-one", "session_invalidated"),
    ] {
        assert_eq!(decide(name, channel), expected, "{name} {channel}");
    }
}
