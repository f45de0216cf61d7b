//! Access tokens: credentials become a bearer token (`dcr` §6, §7).

use std::collections::HashMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use usher_core::{ClientId, EntropyExt as _, Secret, StoreError, Timestamp};
use usher_jose::jws::Kid;
use usher_jose::{SignError, constant_time_eq, sha256};
use usher_registry::{GrantType, RegisteredApplication, Scope, Status};

use crate::clients::Clients;

/// Longer client ids than this are not looked up. Ours have 36 bytes.
const CLIENT_ID_BYTES_MAX: usize = 128;

/// The only grant there is.
const CLIENT_CREDENTIALS: &str = "client_credentials";

/// How a client proves who it is.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// Its name.
    pub client_id: ClientId,
    /// Its secret.
    pub client_secret: Secret<String>,
}

/// A request for a token, with every parameter where it belongs.
#[derive(Clone, Debug)]
pub struct TokenAsk {
    /// Who asks.
    pub credentials: Credentials,
    /// The scopes wanted, separated by blanks; all of the client's when absent.
    pub scope: Option<String>,
}

/// A token that was issued.
#[derive(Clone, Debug)]
pub struct IssuedToken {
    /// Names this act of issuing, for tracking activity. A UUID.
    pub id: String,
    /// The token itself, a JWT.
    pub access_token: Secret<String>,
    /// When it was issued.
    pub created_at: Timestamp,
    /// How long it lives.
    pub expires_in: Duration,
    /// What it may be used for.
    pub scopes: Vec<Scope>,
}

/// Why no token was issued.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// A parameter is missing, repeated or malformed, or credentials come in two ways.
    #[error("a parameter is missing, repeated or malformed")]
    InvalidRequest,
    /// Unknown client, wrong secret, or revoked; deliberately one answer (SEC-6).
    #[error("the client is unknown, unproven or revoked")]
    InvalidClient,
    /// The client may not use this grant.
    #[error("the client may not use this grant")]
    UnauthorizedClient,
    /// There is no such grant here.
    #[error("this grant type is not supported")]
    UnsupportedGrantType,
    /// A scope was asked for that the client does not have.
    #[error("the client does not have this scope")]
    InvalidScope,
    /// The client could not be looked up.
    #[error("the client store could not answer")]
    Store(#[from] StoreError),
    /// The token could not be signed.
    #[error("the token could not be signed")]
    Sign(#[from] SignError),
}

impl TokenAsk {
    /// Reads the parameters of `/o/client/token`, wherever in the request they stood (`dcr` §6.1).
    ///
    /// Checks in the contract's order: no repetition, then presence of all three, then the grant
    /// type. A parameter without a value counts as absent (RFC 6749 §3.2). `scope` and
    /// `refresh_token` are ignored.
    pub fn from_parameters(
        parameters: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, TokenError> {
        let mut parameters = Parameters::collect(parameters)?;
        let client_id = parameters.required("client_id")?;
        let client_secret = parameters.required("client_secret")?;
        parameters.client_credentials_grant()?;
        Ok(Self { credentials: Credentials::new(client_id, client_secret), scope: None })
    }

    /// Reads the form of the standard token endpoint (RFC 6749 §4.4.2), whose client may have proven
    /// itself by `Basic` authentication instead.
    ///
    /// Proving itself twice is an invalid request, not at all an invalid client.
    pub fn from_standard_form(
        parameters: impl IntoIterator<Item = (String, String)>,
        basic: Option<Credentials>,
    ) -> Result<Self, TokenError> {
        let mut parameters = Parameters::collect(parameters)?;
        parameters.client_credentials_grant()?;
        let scope = parameters.0.remove("scope");
        let in_form = (parameters.0.remove("client_id"), parameters.0.remove("client_secret"));
        let credentials = match (basic, in_form) {
            (Some(_), (_, Some(_))) => return Err(TokenError::InvalidRequest),
            // RFC 6749 §3.2.1 lets a client repeat its name.
            (Some(basic), (Some(id), None)) if id != basic.client_id.as_str() => {
                return Err(TokenError::InvalidRequest);
            }
            (Some(basic), (_, None)) => basic,
            (None, (Some(id), Some(secret))) => Credentials::new(id, secret),
            (None, _) => return Err(TokenError::InvalidClient),
        };
        Ok(Self { credentials, scope })
    }
}

impl Credentials {
    /// These two.
    pub fn new(client_id: String, client_secret: String) -> Self {
        Self { client_id: ClientId::new(client_id), client_secret: Secret::new(client_secret) }
    }
}

/// Parameters by name, each with a value and none twice.
struct Parameters(HashMap<String, String>);

impl Parameters {
    fn collect(all: impl IntoIterator<Item = (String, String)>) -> Result<Self, TokenError> {
        let mut parameters = HashMap::new();
        for (name, value) in all {
            if parameters.insert(name, value).is_some() {
                return Err(TokenError::InvalidRequest);
            }
        }
        parameters.retain(|_, value| !value.is_empty());
        Ok(Self(parameters))
    }

    fn required(&mut self, name: &str) -> Result<String, TokenError> {
        self.0.remove(name).ok_or(TokenError::InvalidRequest)
    }

    fn client_credentials_grant(&mut self) -> Result<(), TokenError> {
        if self.required("grant_type")? == CLIENT_CREDENTIALS {
            Ok(())
        } else {
            Err(TokenError::UnsupportedGrantType)
        }
    }
}

/// The payload of an access token (`dcr` §7). Clients treat it as opaque; debugging tools do not.
#[derive(Serialize, Deserialize)]
pub(crate) struct Claims {
    pub(crate) sub: ClientId,
    pub(crate) nbf: i64,
    pub(crate) iss: String,
    /// Separated by commas, without blanks.
    pub(crate) scopes: String,
    pub(crate) exp: i64,
    pub(crate) iat: i64,
}

impl Clients {
    /// Issues a token to a client that proves itself. Tokens issued before stay valid.
    pub async fn issue_token(&self, ask: TokenAsk) -> Result<IssuedToken, TokenError> {
        let software = self.prove(&ask.credentials).await?;
        let snapshot = self.registry.snapshot();
        let application = snapshot.application(&software).ok_or(TokenError::InvalidClient)?;
        let scopes = grant(application, ask.scope.as_deref())?;

        let now = self.clock.now();
        let claims = Claims {
            sub: ask.credentials.client_id,
            nbf: now.as_secs(),
            iss: self.issuer.clone(),
            scopes: scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(","),
            exp: (Timestamp::from_secs(now.as_secs()) + self.access_token_ttl).as_secs(),
            iat: now.as_secs(),
        };
        let access_token = self.token_signer.sign_jws(None, Kid::Named, &claims).await?;
        Ok(IssuedToken {
            id: self.entropy.uuid().to_string(),
            access_token: Secret::new(access_token),
            created_at: now,
            expires_in: self.access_token_ttl,
            scopes,
        })
    }

    /// The application of the client that `credentials` prove.
    async fn prove(&self, credentials: &Credentials) -> Result<usher_core::SoftwareId, TokenError> {
        if credentials.client_id.as_str().len() > CLIENT_ID_BYTES_MAX {
            return Err(TokenError::InvalidClient);
        }
        let client = self.client(&credentials.client_id).await?;
        // An unknown client is compared as well, so that it takes as long as a wrong secret.
        let expected = client.as_ref().map_or([0; 32], |client| client.secret_digest);
        let given = sha256(credentials.client_secret.expose().as_bytes());
        let proven = constant_time_eq(&expected, &given);
        client
            .filter(|client| proven && client.revoked_at.is_none())
            .map(|client| client.software.clone())
            .ok_or(TokenError::InvalidClient)
    }
}

/// The scopes a proven client of `application` gets when it asks for `wanted`.
fn grant(
    application: &RegisteredApplication,
    wanted: Option<&str>,
) -> Result<Vec<Scope>, TokenError> {
    match application.status {
        Status::Active => {}
        Status::Revoked | Status::Disabled => return Err(TokenError::InvalidClient),
    }
    if !application.grant_types.contains(&GrantType::ClientCredentials) {
        return Err(TokenError::UnauthorizedClient);
    }
    let Some(wanted) = wanted else {
        return Ok(application.scopes.clone());
    };
    let find = |name| application.scopes.iter().copied().find(|scope| scope.as_str() == name);
    wanted.split_ascii_whitespace().map(find).collect::<Option<_>>().ok_or(TokenError::InvalidScope)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: [(&str, &str); 3] =
        [("client_id", "me"), ("client_secret", "word"), ("grant_type", "client_credentials")];

    fn pairs(parameters: &[(&str, &str)]) -> Vec<(String, String)> {
        parameters.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
    }

    fn refusal(parameters: &[(&str, &str)]) -> Option<TokenError> {
        TokenAsk::from_parameters(pairs(parameters)).err()
    }

    fn standard(
        parameters: &[(&str, &str)],
        basic: Option<(&str, &str)>,
    ) -> Result<TokenAsk, TokenError> {
        let basic = basic.map(|(id, secret)| Credentials::new(id.into(), secret.into()));
        TokenAsk::from_standard_form(pairs(parameters), basic)
    }

    #[test]
    fn three_parameters_are_enough() {
        let ask = TokenAsk::from_parameters(pairs(&GOOD)).unwrap();
        assert_eq!(ask.credentials.client_id.as_str(), "me");
        assert_eq!(ask.credentials.client_secret.expose(), "word");
    }

    #[test]
    fn scope_and_refresh_token_are_ignored() {
        let mut parameters = GOOD.to_vec();
        parameters.extend([("scope", "everything"), ("refresh_token", "x"), ("other", "y")]);
        assert_eq!(TokenAsk::from_parameters(pairs(&parameters)).unwrap().scope, None);
    }

    #[test]
    fn a_missing_or_empty_parameter_is_an_invalid_request() {
        for missing in 0..3 {
            let mut parameters = GOOD.to_vec();
            let (name, _) = parameters.remove(missing);
            assert_eq!(refusal(&parameters), Some(TokenError::InvalidRequest), "{name}");
            parameters.push((name, ""));
            assert_eq!(refusal(&parameters), Some(TokenError::InvalidRequest), "{name}");
        }
    }

    #[test]
    fn a_repeated_parameter_is_an_invalid_request_even_with_the_same_value() {
        for repeated in GOOD {
            let mut parameters = GOOD.to_vec();
            parameters.push(repeated);
            assert_eq!(refusal(&parameters), Some(TokenError::InvalidRequest), "{repeated:?}");
        }
    }

    #[test]
    fn presence_is_checked_before_the_grant_type() {
        let other = [("client_id", "me"), ("client_secret", "word"), ("grant_type", "password")];
        assert_eq!(refusal(&other), Some(TokenError::UnsupportedGrantType));
        let [_, rest @ ..] = other;
        assert_eq!(refusal(&rest), Some(TokenError::InvalidRequest));
    }

    #[test]
    fn the_standard_form_takes_credentials_from_exactly_one_place() {
        let grant = ("grant_type", "client_credentials");
        let (id, secret) = (("client_id", "me"), ("client_secret", "word"));
        let basic = Some(("me", "word"));
        assert!(standard(&[grant, id, secret], None).is_ok());
        assert!(standard(&[grant], basic).is_ok());
        assert!(standard(&[grant, id], basic).is_ok());
        let refused = |parameters: &[_], basic| standard(parameters, basic).err();
        assert_eq!(refused(&[grant, id, secret], basic), Some(TokenError::InvalidRequest));
        assert_eq!(
            refused(&[grant, ("client_id", "you")], basic),
            Some(TokenError::InvalidRequest)
        );
        assert_eq!(refused(&[grant, id], None), Some(TokenError::InvalidClient));
        assert_eq!(refused(&[grant], None), Some(TokenError::InvalidClient));
        assert_eq!(refused(&[id, secret], None), Some(TokenError::InvalidRequest));
    }

    #[test]
    fn the_standard_form_keeps_the_wanted_scope() {
        let form = [("grant_type", "client_credentials"), ("scope", "api:client:v2")];
        let ask = standard(&form, Some(("me", "word"))).unwrap();
        assert_eq!(ask.scope.as_deref(), Some("api:client:v2"));
    }
}
