//! Cablevision's authorization endpoint: checks a request, shows a form, makes a code of it.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use url::Url;
use usher_core::EntropyExt;
use usher_jose::base64url;

use super::DemoProviders;
use super::subscribers::{Subscriber, signed_in};
use super::tokens::{Grant, Kind, Session};

/// Codes are redeemed by machines, at once (RFC 6749 §4.1.2).
const CODE_LIFETIME: Duration = Duration::from_mins(1);

/// An authorization request as it comes (RFC 6749 §4.1.1).
#[derive(Clone, Debug, Default, Deserialize)]
#[expect(missing_docs, reason = "the names are the standard's")]
pub struct AuthorizeRequest {
    pub response_type: Option<String>,
    pub client_id: Option<String>,
    pub redirect_uri: Option<String>,
    pub scope: Option<String>,
    pub state: Option<String>,
    pub nonce: Option<String>,
    pub code_challenge: Option<String>,
    pub code_challenge_method: Option<String>,
    pub prompt: Option<String>,
}

/// What is wrong with an authorization request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthorizeError {
    /// The browser must stay here: it is not known where it may be sent.
    #[error("{0}")]
    Page(&'static str),
    /// The client is told, by way of the browser.
    #[error("the client is told what is wrong")]
    Redirect(Url),
}

/// What the sign-in form shows and carries.
#[derive(Clone, Debug)]
pub struct SignInForm {
    /// Goes back with the form: the checked request, signed.
    pub request: String,
    /// Where the cancel link leads.
    pub cancel: Url,
    /// The client that asks.
    pub client_id: String,
}

/// What a posted form leads to.
#[derive(Clone, Debug)]
pub enum SignInOutcome {
    /// The browser goes back to the client with a code.
    SignedIn(Url),
    /// Name and password do not belong together: the form again.
    WrongPassword(SignInForm),
    /// The form is not one of ours, or hours old.
    Expired,
}

/// A request that was checked.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Checked {
    client_id: String,
    redirect_uri: Url,
    state: Option<String>,
    nonce: Option<String>,
    code_challenge: String,
}

impl DemoProviders {
    /// Checks `request`; the answer is the form to show.
    pub fn authorize(&self, request: AuthorizeRequest) -> Result<SignInForm, AuthorizeError> {
        let checked = self.check(request)?;
        self.form(&checked).ok_or(AuthorizeError::Page("The provider cannot sign anything."))
    }

    /// Signs a subscriber in. The password is the name.
    pub fn sign_in(&self, request: &str, username: &str, password: &str) -> SignInOutcome {
        let Some(checked) = self.open::<Checked>(Kind::Request, request) else {
            return SignInOutcome::Expired;
        };
        match signed_in(username, password) {
            Some(subscriber) => SignInOutcome::SignedIn(self.code(checked, subscriber)),
            None => {
                self.form(&checked).map_or(SignInOutcome::Expired, SignInOutcome::WrongPassword)
            }
        }
    }

    fn check(&self, request: AuthorizeRequest) -> Result<Checked, AuthorizeError> {
        let client = request
            .client_id
            .as_deref()
            .and_then(|id| self.client(id))
            .ok_or(AuthorizeError::Page("The client is not known here."))?;
        let redirect_uri = request
            .redirect_uri
            .as_deref()
            .filter(|uri| *uri == self.callback())
            .and_then(|uri| Url::parse(uri).ok())
            .ok_or(AuthorizeError::Page("The client is not registered with this address."))?;
        let refuse = |error: &str| {
            let answer = [("error", error)];
            AuthorizeError::Redirect(self.back(&redirect_uri, request.state.as_deref(), &answer))
        };
        if request.response_type.as_deref() != Some("code") {
            return Err(refuse("unsupported_response_type"));
        }
        let scope = request.scope.as_deref().unwrap_or_default();
        if !scope.split(' ').any(|scope| scope == "openid") {
            return Err(refuse("invalid_scope"));
        }
        // Nobody is ever signed in before the form.
        if request.prompt.as_deref() == Some("none") {
            return Err(refuse("login_required"));
        }
        match request.code_challenge {
            // The base64url of a SHA-256 has 43 characters (RFC 7636 §4.2).
            Some(challenge)
                if challenge.len() == 43
                    && request.code_challenge_method.as_deref() == Some("S256") =>
            {
                Ok(Checked {
                    client_id: client.id.clone(),
                    redirect_uri,
                    state: request.state,
                    nonce: request.nonce,
                    code_challenge: challenge,
                })
            }
            _ => Err(refuse("invalid_request")),
        }
    }

    /// Where clients come back to: all of them are this very server.
    fn callback(&self) -> String {
        format!("{}/sp/oauth2/callback", self.origin)
    }

    fn form(&self, checked: &Checked) -> Option<SignInForm> {
        let cancelled = [("error", "access_denied")];
        Some(SignInForm {
            cancel: self.back(&checked.redirect_uri, checked.state.as_deref(), &cancelled),
            client_id: checked.client_id.clone(),
            request: self.sign(Kind::Request, checked)?,
        })
    }

    fn code(&self, checked: Checked, subscriber: &Subscriber) -> Url {
        let random = || base64url(self.entropy.bytes::<24>());
        let code = random();
        let back = self.back(&checked.redirect_uri, checked.state.as_deref(), &[("code", &code)]);
        let grant = Grant {
            session: Session {
                sid: random(),
                sub: subscriber.user_id(),
                client_id: checked.client_id,
                name: subscriber.name.to_owned(),
                rotation: 0,
            },
            redirect_uri: checked.redirect_uri.into(),
            code_challenge: checked.code_challenge,
            nonce: checked.nonce,
            expires_at: self.clock.now() + CODE_LIFETIME,
        };
        self.codes.insert(code, grant);
        back
    }

    /// The client's address with `answer`, its state and who we are (RFC 9207).
    fn back(&self, redirect_uri: &Url, state: Option<&str>, answer: &[(&str, &str)]) -> Url {
        let mut url = redirect_uri.clone();
        let state = state.map(|state| ("state", state));
        url.query_pairs_mut()
            .extend_pairs(answer)
            .extend_pairs(state)
            .append_pair("iss", &self.issuer());
        url
    }
}
