//! Cablevision's machine side: discovery, tokens, user profile, logout.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::Url;
use usher_jose::{EcKey, base64url, constant_time_eq, sha256};

use super::subscribers::Special;
use super::switchboard::{DemoProvider, Fault};
use super::tokens::{Kind, Session};
use super::{DemoClient, DemoProviders};

/// The form of the token endpoint.
#[derive(Clone, Default, Deserialize)]
#[expect(missing_docs, reason = "the names are the standard's")]
pub struct TokenForm {
    pub grant_type: Option<String>,
    pub code: Option<String>,
    pub redirect_uri: Option<String>,
    pub code_verifier: Option<String>,
    pub refresh_token: Option<String>,
    pub client_id: Option<String>,
    pub client_secret: Option<String>,
}

/// Who a client says it is, wherever it said so.
#[derive(Clone, Default)]
pub struct ClientAuthentication {
    /// Its id.
    pub id: String,
    /// Its secret.
    pub secret: String,
}

/// What the token endpoint hands out.
#[derive(Clone, Serialize)]
#[expect(missing_docs, reason = "the names are the standard's")]
pub struct TokenAnswer {
    pub access_token: String,
    pub token_type: &'static str,
    pub expires_in: u64,
    pub refresh_token: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token: Option<String>,
    pub scope: &'static str,
}

/// Why the token endpoint hands out nothing (RFC 6749 §5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenProblem {
    /// The client is unknown or its secret is wrong.
    InvalidClient,
    /// The code or refresh token is not good for this.
    InvalidGrant,
    /// Something is missing.
    InvalidRequest,
    /// Neither a code nor a refresh token.
    UnsupportedGrantType,
}

impl TokenProblem {
    /// The error code of RFC 6749 §5.2.
    pub const fn code(self) -> &'static str {
        match self {
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
            Self::InvalidRequest => "invalid_request",
            Self::UnsupportedGrantType => "unsupported_grant_type",
        }
    }
}

/// The claims of an id token beyond those of every signed text.
#[derive(Serialize)]
struct IdClaims<'c> {
    sub: &'c str,
    sid: &'c str,
    aud: &'c str,
    auth_time: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<&'c str>,
    hba_status: &'static str,
}

/// What logout reads of an id token.
#[derive(Deserialize)]
struct Hint {
    sid: String,
    aud: String,
}

impl DemoProviders {
    /// The discovery document (OpenID Connect Discovery §3).
    pub fn configuration(&self) -> Value {
        let issuer = self.issuer();
        let at = |path: &str| format!("{issuer}/{path}");
        json!({
            "issuer": issuer,
            "authorization_endpoint": at("authorize"),
            "token_endpoint": at("token"),
            "userinfo_endpoint": at("userinfo"),
            "jwks_uri": at("jwks.json"),
            "end_session_endpoint": at("logout"),
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
            "scopes_supported": ["openid"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": true,
        })
    }

    /// Redeems a code or a refresh token.
    pub fn token(
        &self,
        caller: &ClientAuthentication,
        form: &TokenForm,
    ) -> Result<TokenAnswer, TokenProblem> {
        let client = self.authenticate(caller).ok_or(TokenProblem::InvalidClient)?;
        match form.grant_type.as_deref() {
            Some("authorization_code") => self.redeem_code(client, form),
            Some("refresh_token") => self.refresh(client, form),
            Some(_) => Err(TokenProblem::UnsupportedGrantType),
            None => Err(TokenProblem::InvalidRequest),
        }
    }

    /// The profile behind an access token; nothing when the token is no good.
    pub fn user_info(&self, access_token: &str) -> Option<Value> {
        let session = self.access(access_token)?;
        let subscriber = session.subscriber()?;
        Some(json!({
            "sub": session.sub,
            "upstream_user_id": session.sub,
            "household_id": subscriber.household_id(),
            "zip": [subscriber.zip],
            "channels": subscriber.channels,
            "language": "en",
            "is_hoh": "1",
            "max_rating": match subscriber.special {
                Special::ParentalControls => json!({ "MPAA": "PG-13", "VCHIP": "TV-14" }),
                _ => json!({ "MPAA": "NC-17", "VCHIP": "TV-MA" }),
            },
        }))
    }

    /// Ends the session that `id_token_hint` names, and says where the browser goes: to
    /// `post_logout_redirect_uri` if it is registered, else nowhere (OpenID Connect RP-Initiated
    /// Logout §2). Without a hint there is nothing to end.
    pub fn log_out(
        &self,
        id_token_hint: Option<&str>,
        post_logout_redirect_uri: Option<&str>,
    ) -> Option<Url> {
        let hint = id_token_hint.and_then(|token| self.open_expired::<Hint>(Kind::Id, token));
        if let Some(hint) = hint
            && self.client(&hint.content.aud).is_some()
        {
            self.signed_out.insert(hint.content.sid, ());
        }
        // Registered for every client: usher's own address for coming back.
        let registered = format!("{}/sp/oauth2/logout-callback", self.origin);
        let url = post_logout_redirect_uri.filter(|url| *url == registered)?;
        Url::parse(url).ok()
    }

    fn authenticate(&self, caller: &ClientAuthentication) -> Option<&DemoClient> {
        let client = self.client(&caller.id)?;
        constant_time_eq(client.secret.expose().as_bytes(), caller.secret.as_bytes())
            .then_some(client)
    }

    /// A code counts once, whatever comes of it.
    fn redeem_code(
        &self,
        client: &DemoClient,
        form: &TokenForm,
    ) -> Result<TokenAnswer, TokenProblem> {
        let code = form.code.as_ref().ok_or(TokenProblem::InvalidRequest)?;
        let verifier = form.code_verifier.as_ref().ok_or(TokenProblem::InvalidRequest)?;
        let grant = self.codes.remove(code).ok_or(TokenProblem::InvalidGrant)?;
        let proof = base64url(sha256(verifier.as_bytes()));
        let holds = grant.session.client_id == client.id
            && form.redirect_uri.as_deref() == Some(&grant.redirect_uri)
            && constant_time_eq(proof.as_bytes(), grant.code_challenge.as_bytes())
            && self.clock.now() < grant.expires_at;
        if !holds {
            return Err(TokenProblem::InvalidGrant);
        }
        let refresh_token =
            self.sign(Kind::Refresh, &grant.session).ok_or(TokenProblem::InvalidGrant)?;
        let id_token = self.id_token(&grant.session, grant.nonce.as_deref());
        self.tokens(&grant.session, refresh_token, id_token)
    }

    /// The refresh token stays the same (`mvpd` O1).
    fn refresh(&self, client: &DemoClient, form: &TokenForm) -> Result<TokenAnswer, TokenProblem> {
        let token = form.refresh_token.as_ref().ok_or(TokenProblem::InvalidRequest)?;
        let session = self
            .open::<Session>(Kind::Refresh, token)
            .filter(|session| session.client_id == client.id && self.goes_on(session))
            .filter(|session| !self.does(Fault::RefusedRefresh) && self.is_latest(session))
            .ok_or(TokenProblem::InvalidGrant)?;
        let token = if self.does(Fault::RotatingRefreshToken) {
            let next = Session { rotation: session.rotation + 1, ..session.clone() };
            self.rotations.insert(next.sid.clone(), next.rotation);
            self.sign(Kind::Refresh, &next).ok_or(TokenProblem::InvalidGrant)?
        } else {
            token.clone()
        };
        self.tokens(&session, token, None)
    }

    /// A refresh token that was replaced is no good any more.
    fn is_latest(&self, session: &Session) -> bool {
        self.rotations.get(&session.sid).is_none_or(|latest| latest == session.rotation)
    }

    fn does(&self, fault: Fault) -> bool {
        self.switchboard.is_on(DemoProvider::Cablevision, fault)
    }

    fn tokens(
        &self,
        session: &Session,
        refresh_token: String,
        id_token: Option<String>,
    ) -> Result<TokenAnswer, TokenProblem> {
        Ok(TokenAnswer {
            access_token: self.sign(Kind::Access, session).ok_or(TokenProblem::InvalidGrant)?,
            token_type: "Bearer",
            expires_in: Kind::Access.lifetime().as_secs(),
            refresh_token,
            id_token,
            scope: "openid",
        })
    }

    fn id_token(&self, session: &Session, nonce: Option<&str>) -> Option<String> {
        let at_home = session.subscriber().is_some_and(|it| it.special == Special::AtHome);
        let claims = IdClaims {
            sub: &session.sub,
            sid: &session.sid,
            aud: if self.does(Fault::WrongAudience) { "somebody" } else { &session.client_id },
            auth_time: self.clock.now().as_secs(),
            nonce,
            hba_status: if at_home { "true" } else { "false" },
        };
        let age = if self.does(Fault::Expired) { Duration::from_hours(1) } else { Duration::ZERO };
        if self.does(Fault::FormerKey) {
            let former = EcKey::generate().ok()?.into();
            return self.sign_with(&former, (Kind::Id, age), claims);
        }
        self.sign_with(&self.key, (Kind::Id, age), claims)
    }
}
