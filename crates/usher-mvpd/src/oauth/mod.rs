//! Signing in by OAuth 2.0 / OpenID Connect (`mvpd` §6): authorization code with PKCE and nonce.
//!
//! A client of our own rather than the `openidconnect` crate: that one brings a second JOSE
//! implementation (with the crate `rsa`, which `deny.toml` bans), while all cryptography here
//! stays in `usher-jose`; and what providers of this field need around the standard (claims by table,
//! stable refresh tokens, one budget over several calls) would be ours to write all the same.

mod access;
mod callback;
mod id_token;
mod keys;
mod token;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;
use usher_core::{Clock, Entropy, EntropyExt, Secret};
use usher_entitle::{Partner, SignInError, SignInStart, VerifiedIdentity};
use usher_jose::{base64url, sha256};
use usher_registry::{OAuthEndpoint, PreflightMode};

pub(crate) use self::access::{AccessError, AccessTokens};
use self::callback::Callback;
use self::keys::KeySets;
pub(crate) use self::token::{Client, TokenEndpoint};
use self::token::{Grant, TokenError, Tokens};
use crate::claims;
use crate::credentials::{Credentials, OAuthCredentials};
use crate::peer::{PeerError, Peers, exchange};

/// The OAuth side of the gateway.
pub(crate) struct OAuth {
    peers: Peers,
    keys: KeySets,
    redirect_uri: Url,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

/// What must be known to check the answer.
#[derive(Serialize, Deserialize)]
struct Pending {
    nonce: String,
    verifier: String,
}

impl OAuth {
    /// Sends viewers to `redirect_uri` after their sign-in.
    pub(crate) fn new(
        peers: Peers,
        redirect_uri: Url,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        Self { peers, keys: KeySets::default(), redirect_uri, clock, entropy }
    }

    /// The authorization request (`mvpd` §6.2).
    pub(crate) fn begin(
        &self,
        partner: &Partner,
        endpoint: &OAuthEndpoint,
        state: &str,
    ) -> Result<SignInStart, SignInError> {
        let client = Client::of(partner)?;
        let random = || base64url(self.entropy.bytes::<32>());
        let pending = Pending { nonce: random(), verifier: random() };
        let mut location = endpoint.authorization_url.clone();
        let mut query = location.query_pairs_mut();
        query
            .append_pair("response_type", "code")
            .append_pair("client_id", client.id)
            .append_pair("redirect_uri", self.redirect_uri.as_str())
            .append_pair("scope", &endpoint.scope)
            .append_pair("state", state);
        if is_openid(endpoint) {
            query.append_pair("nonce", &pending.nonce);
        }
        if endpoint.pkce {
            query
                .append_pair("code_challenge", &base64url(sha256(pending.verifier.as_bytes())))
                .append_pair("code_challenge_method", "S256");
        }
        drop(query);
        let pending = serde_json::to_string(&pending)
            .map_err(|error| SignInError::Unsupported(error.to_string()))?;
        Ok(SignInStart { location, pending: Secret::new(pending) })
    }

    /// Redeems the code and believes what the provider proves (`mvpd` §6.3, §6.4).
    pub(crate) async fn finish(
        &self,
        partner: &Partner,
        endpoint: &OAuthEndpoint,
        pending: &Secret<String>,
        answer: &[(String, String)],
    ) -> Result<VerifiedIdentity, SignInError> {
        let pending: Pending = serde_json::from_str(pending.expose())
            .map_err(|_| unverified("nothing is known about this sign-in"))?;
        let code = Callback::read(answer)?.code_from(&endpoint.issuer)?;
        let tokens = self.redeem(partner, endpoint, code, &pending.verifier).await?;
        let nonce = is_openid(endpoint).then_some(pending.nonce.as_str());
        let claims = self.claims(Client::of(partner)?.id, endpoint, &tokens, nonce).await?;
        let user_id = claims::user_id(endpoint, &claims)
            .ok_or_else(|| unverified("the answer holds no usable user id"))?;
        let attributes = claims::attributes(&endpoint.claims, &claims);
        let line_up = (partner.mvpd.preflight.mode == PreflightMode::Lineup)
            .then(|| attributes.get("channelID").and_then(words))
            .flatten();
        Ok(VerifiedIdentity {
            user_id,
            home_based: claims::home_based(&claims),
            credentials: self.credentials(tokens, line_up).seal(),
            attributes,
            not_after: None,
        })
    }

    async fn redeem(
        &self,
        partner: &Partner,
        endpoint: &OAuthEndpoint,
        code: &str,
        verifier: &str,
    ) -> Result<Tokens, SignInError> {
        let verifier = endpoint.pkce.then_some(verifier);
        let grant = Grant::Code { code, redirect_uri: &self.redirect_uri, verifier };
        let provider = TokenEndpoint { url: &endpoint.token_url, client: Client::of(partner)? };
        token::request(&self.peers, &provider, &grant).await.map_err(|error| match error {
            TokenError::Refused(code) => unverified(&format!("the code was refused: {code}")),
            TokenError::Peer(error) => unreachable("token endpoint", error),
        })
    }

    /// The claims of the id token (which must be there if a nonce was sent), completed from the user-profile endpoint where they fall short.
    async fn claims(
        &self,
        client_id: &str,
        endpoint: &OAuthEndpoint,
        tokens: &Tokens,
        nonce: Option<&str>,
    ) -> Result<Value, SignInError> {
        let mut claims = match &tokens.id_token {
            Some(token) => {
                let expected = id_token::Expected {
                    issuer: &endpoint.issuer,
                    client_id,
                    nonce,
                    now: self.clock.now(),
                };
                self.verified(endpoint, token, &expected).await?
            }
            None if nonce.is_some() => return Err(unverified("there is no id token")),
            None => Value::Object(serde_json::Map::new()),
        };
        if let Some(url) = &endpoint.userinfo_url
            && !claims::are_complete(endpoint, &claims)
        {
            let profile = self.profile(url, &tokens.access_token).await?;
            complete(&mut claims, profile)?;
        }
        Ok(claims)
    }

    async fn verified(
        &self,
        endpoint: &OAuthEndpoint,
        token: &str,
        expected: &id_token::Expected<'_>,
    ) -> Result<Value, SignInError> {
        let url = endpoint
            .jwks_url
            .as_ref()
            .ok_or_else(|| SignInError::Unsupported("no key set is configured".to_owned()))?;
        let claims = self
            .keys
            .verify(&self.peers, url, token, expected.now)
            .await
            .map_err(|error| unreachable("key set", error))?
            .map_err(|error| unverified(&error.to_string()))?;
        id_token::check(&claims, expected).map_err(unverified)?;
        Ok(claims)
    }

    /// The user-profile call (`mvpd` §6.4).
    async fn profile(&self, url: &Url, access_token: &str) -> Result<Value, SignInError> {
        let profile = async {
            let request = self.peers.get(url)?.bearer_auth(access_token);
            exchange(request.header("Accept", "application/json")).await?.json()
        };
        profile.await.map_err(|error| unreachable("user-profile endpoint", error))
    }

    fn credentials(&self, tokens: Tokens, line_up: Option<Vec<String>>) -> Credentials {
        Credentials::Oauth2(OAuthCredentials {
            access_expires_at: tokens.lifetime().map(|lifetime| self.clock.now() + lifetime),
            access_token: tokens.access_token,
            refresh_token: tokens.refresh_token,
            id_token: tokens.id_token,
            line_up,
        })
    }
}

/// Adds what `profile` knows beyond `claims`; both must speak of one subject (OpenID Connect Core
/// §5.3.2), and what was signed wins.
fn complete(claims: &mut Value, profile: Value) -> Result<(), SignInError> {
    let (Value::Object(claims), Value::Object(profile)) = (claims, profile) else {
        return Err(unverified("the user profile is no JSON object"));
    };
    if claims.get("sub").is_some_and(|subject| profile.get("sub") != Some(subject)) {
        return Err(unverified("the user profile is somebody else's"));
    }
    for (name, value) in profile {
        claims.entry(name).or_insert(value);
    }
    Ok(())
}

fn is_openid(endpoint: &OAuthEndpoint) -> bool {
    endpoint.scope.split(' ').any(|scope| scope == "openid")
}

fn words(value: &Value) -> Option<Vec<String>> {
    let words = value.as_array()?.iter();
    Some(words.filter_map(|word| word.as_str().map(str::to_owned)).collect())
}

fn unverified(why: &str) -> SignInError {
    SignInError::Unverified(why.to_owned())
}

fn unreachable(what: &str, error: PeerError) -> SignInError {
    SignInError::Unreachable(format!("{what}: {error}"))
}
