//! The token endpoint (`mvpd` §6.3; RFC 6749 §4.1.3, §6).

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use form_urlencoded::{Serializer, byte_serialize};
use serde::Deserialize;
use url::Url;
use usher_core::Secret;
use usher_entitle::{Partner, SignInError};
use usher_registry::{ClientAuthentication, OAuthEndpoint};

use crate::peer::{Answer, PeerError, Peers, exchange};
use crate::text;

/// Who we are at the provider: agreed per integration.
pub(crate) struct Client<'p> {
    pub(crate) id: &'p str,
    secret: Option<&'p Secret<String>>,
    authentication: ClientAuthentication,
}

impl<'p> Client<'p> {
    /// The client of `partner`'s integration.
    pub(crate) fn of(
        partner: &'p Partner,
        authentication: ClientAuthentication,
    ) -> Result<Self, SignInError> {
        let id = partner.integration.client_id.as_deref().ok_or_else(|| {
            SignInError::Unsupported("the integration has no OAuth client id".to_owned())
        })?;
        Ok(Self { id, secret: partner.integration.client_secret.as_ref(), authentication })
    }

    /// `client_secret_basic`: both parts form-encoded before base64 (RFC 6749 §2.3.1).
    fn authorization(&self) -> Option<String> {
        let secret = self.secret.filter(|_| self.authentication == ClientAuthentication::Basic)?;
        let secret = secret.expose();
        let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
        let pair = format!("{}:{}", encoded(self.id), encoded(secret));
        Some(format!("Basic {}", STANDARD.encode(pair)))
    }
}

/// A token endpoint, and who we are there.
pub(crate) struct TokenEndpoint<'p> {
    pub(crate) url: &'p Url,
    pub(crate) client: Client<'p>,
    /// Is a refresh token used that replaces the one of the sign-in (`mvpd` O1)?
    pub(crate) accept_rotation: bool,
}

impl<'p> TokenEndpoint<'p> {
    /// The token endpoint of `oauth`, and who `partner`'s integration is there.
    pub(crate) fn of(oauth: &'p OAuthEndpoint, partner: &'p Partner) -> Result<Self, SignInError> {
        let client = Client::of(partner, oauth.client_authentication)?;
        Ok(Self { url: &oauth.token_url, client, accept_rotation: oauth.accept_rotation })
    }
}

/// What is exchanged for tokens.
pub(super) enum Grant<'g> {
    Code { code: &'g str, redirect_uri: &'g Url, verifier: Option<&'g str> },
    Refresh(&'g str),
}

/// A successful answer.
#[derive(Deserialize)]
pub(super) struct Tokens {
    pub(super) access_token: String,
    token_type: String,
    /// Seconds; some providers send a text or a fraction.
    #[serde(default)]
    expires_in: Option<serde_json::Value>,
    #[serde(default)]
    pub(super) refresh_token: Option<String>,
    #[serde(default)]
    pub(super) id_token: Option<String>,
}

impl Tokens {
    /// How long the access token lasts, when the provider says.
    pub(super) fn lifetime(&self) -> Option<Duration> {
        let seconds = self.expires_in.as_ref()?;
        let seconds = seconds.as_f64().or_else(|| seconds.as_str()?.trim().parse().ok())?;
        Duration::try_from_secs_f64(seconds).ok()
    }
}

/// Why there are no tokens.
#[derive(Debug)]
pub(super) enum TokenError {
    /// The provider says no, with this error code.
    Refused(String),
    /// There was no sensible answer.
    Peer(PeerError),
}

impl From<PeerError> for TokenError {
    fn from(error: PeerError) -> Self {
        Self::Peer(error)
    }
}

/// Exchanges `grant` for tokens.
pub(super) async fn request(
    peers: &Peers,
    endpoint: &TokenEndpoint<'_>,
    grant: &Grant<'_>,
) -> Result<Tokens, TokenError> {
    let client = &endpoint.client;
    let mut request = peers
        .post(endpoint.url)?
        .header("Accept", "application/json")
        .header("Content-Type", "application/x-www-form-urlencoded");
    let authorization = client.authorization();
    let in_form = authorization.is_none().then_some(client);
    if let Some(authorization) = authorization {
        request = request.header("Authorization", authorization);
    }
    read(&exchange(request.body(form(grant, in_form))).await?)
}

/// A client without a secret, or one that has to, names itself in the form.
fn form(grant: &Grant<'_>, client: Option<&Client<'_>>) -> String {
    let mut form = Serializer::new(String::new());
    if let Some(client) = client {
        form.append_pair("client_id", client.id);
        let secret = client.secret.map(|secret| ("client_secret", secret.expose()));
        form.extend_pairs(secret);
    }
    match grant {
        Grant::Code { code, redirect_uri, verifier } => {
            form.append_pair("grant_type", "authorization_code")
                .append_pair("code", code)
                .append_pair("redirect_uri", redirect_uri.as_str());
            if let Some(verifier) = verifier {
                form.append_pair("code_verifier", verifier);
            }
        }
        Grant::Refresh(token) => {
            form.append_pair("grant_type", "refresh_token").append_pair("refresh_token", token);
        }
    }
    form.finish()
}

fn read(answer: &Answer) -> Result<Tokens, TokenError> {
    #[derive(Deserialize)]
    struct Complaint {
        error: String,
    }
    if matches!(answer.status, 400..=403) {
        let complaint: Complaint =
            serde_json::from_slice(&answer.body).map_err(|_| PeerError::Broken)?;
        return Err(TokenError::Refused(text::code(&complaint.error)));
    }
    let tokens: Tokens = answer.json()?;
    if !tokens.token_type.eq_ignore_ascii_case("bearer") || tokens.access_token.is_empty() {
        return Err(PeerError::Broken.into());
    }
    Ok(tokens)
}
