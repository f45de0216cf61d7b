//! The sign-in page: a request checked, a form, an answer.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use usher_entitle::BrowserForm;
use usher_saml::binding::{Parameter, Redirected, post_value};
use usher_saml::idp::{
    AuthnRequestView, RequestRejection, ResponseToSign, SignParts, failure, read_redirected_request,
};
use usher_saml::{NameId, PERSISTENT, TrustedKeys, XmlError};

use super::super::subscribers::{Special, Subscriber, signed_in};
use super::super::switchboard::Fault;
use super::super::tokens::Kind;
use super::SamlSide;

/// How long an answer can be used.
const LIFETIME: Duration = Duration::from_mins(5);
/// How far back it is dated, for clocks that are slow.
const ANTEDATED: Duration = Duration::from_secs(30);

/// What is wrong with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SamlRequestError {
    /// Not to be read.
    #[error("the message is {0}")]
    Unreadable(#[from] XmlError),
    /// Not usher's, or not to here.
    #[error("the request is refused: {0}")]
    Refused(#[from] RequestRejection),
    /// It cannot be carried by the form.
    #[error("the request cannot be kept")]
    Unkept,
}

/// What the sign-in form shows and carries.
#[derive(Clone, Debug)]
pub struct SamlForm {
    /// Goes back with the form: the checked request, signed.
    pub request: String,
    /// The brand that asks.
    pub requestor: String,
    /// The proxied provider the viewer has chosen.
    pub proxied: Option<String>,
}

/// What a posted form leads to.
#[derive(Clone, Debug)]
pub enum SamlOutcome {
    /// The browser posts this to usher.
    Answer(BrowserForm),
    /// Name and password do not belong together: the form again.
    WrongPassword(SamlForm),
    /// The form is not one of ours, or hours old.
    Expired,
}

/// A request that was checked.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Checked {
    /// Which provider was asked.
    provider: String,
    id: String,
    requestor: String,
    relay_state: String,
    /// Name and id of the proxied provider.
    proxied: Option<(Option<String>, String)>,
}

impl SamlSide<'_> {
    /// Checks the request in `query`; the answer is the form to show.
    pub fn asked(&self, query: &str) -> Result<SamlForm, SamlRequestError> {
        let message = Redirected::parse(query, Parameter::Request)?;
        let view = read_redirected_request(&message, &self.sso_url(), self.service())?;
        let checked = self.checked(view, message.relay_state);
        self.form(&checked).ok_or(SamlRequestError::Unkept)
    }

    /// Signs a subscriber in. The password is the name.
    pub fn sign_in(&self, request: &str, username: &str, password: &str) -> SamlOutcome {
        let Some(checked) = self.opened(request) else { return SamlOutcome::Expired };
        let answer = match signed_in(username, password) {
            Some(subscriber) => self
                .response(&checked, subscriber)
                .and_then(|response| self.posted(&response, &checked))
                .map(SamlOutcome::Answer),
            None => self.form(&checked).map(SamlOutcome::WrongPassword),
        };
        answer.unwrap_or(SamlOutcome::Expired)
    }

    /// The viewer turns back; the browser posts this to usher.
    pub fn cancel(&self, request: &str) -> Option<BrowserForm> {
        let checked = self.opened(request)?;
        let status = (
            "urn:oasis:names:tc:SAML:2.0:status:Responder",
            Some("urn:oasis:names:tc:SAML:2.0:status:AuthnFailed"),
        );
        let (id, issuer, acs) = (self.id(), self.issuer(&checked), self.acs());
        let now = self.demo.clock.now();
        let document = failure((&id, &issuer, &acs), Some(&checked.id), status, now);
        self.posted(&document, &checked)
    }

    /// The base64 of the answer to a request that no browser brought.
    pub(in super::super) fn response_to(
        self,
        request: AuthnRequestView,
        subscriber: &Subscriber,
    ) -> Option<String> {
        let response = self.response(&self.checked(request, None), subscriber)?;
        Some(post_value(&response))
    }

    /// Where requests come.
    pub(in super::super) fn sso_url(self) -> String {
        format!("{}/sso", self.entity_id())
    }

    /// The keys that sign them.
    pub(in super::super) const fn service(&self) -> &TrustedKeys {
        &self.demo.peer.signing
    }

    fn checked(&self, request: AuthnRequestView, relay_state: Option<String>) -> Checked {
        Checked {
            provider: self.provider.name.id().to_owned(),
            requestor: requestor(&request),
            id: request.id,
            relay_state: relay_state.unwrap_or_default(),
            proxied: request.proxied,
        }
    }

    fn opened(&self, request: &str) -> Option<Checked> {
        let checked: Checked = self.demo.open(Kind::Request, request)?;
        (checked.provider == self.provider.name.id()).then_some(checked)
    }

    fn form(&self, checked: &Checked) -> Option<SamlForm> {
        let named = |(name, id): &(Option<String>, String)| name.as_ref().unwrap_or(id).clone();
        Some(SamlForm {
            request: self.demo.sign(Kind::Request, checked)?,
            requestor: checked.requestor.clone(),
            proxied: checked.proxied.as_ref().map(named),
        })
    }

    fn acs(&self) -> String {
        format!("{}/sp/saml/SAMLAssertionConsumer", self.demo.origin)
    }

    /// The proxied provider answers in its own name (`mvpd` §12.1).
    fn issuer(&self, checked: &Checked) -> String {
        let proxied = checked.proxied.as_ref().map(|(_, id)| id.as_str());
        self.issuer_for(proxied)
    }

    fn posted(&self, document: &str, checked: &Checked) -> Option<BrowserForm> {
        let fields = vec![
            ("SAMLResponse".to_owned(), post_value(document)),
            ("RelayState".to_owned(), checked.relay_state.clone()),
        ];
        Some(BrowserForm { action: self.acs().parse().ok()?, fields })
    }

    /// The document that says who signed in.
    fn response(&self, checked: &Checked, subscriber: &Subscriber) -> Option<String> {
        let age = if self.does(Fault::Expired) { Duration::from_hours(1) } else { Duration::ZERO };
        let now = self.demo.clock.now() - age;
        let (issuer, acs, session) = (self.issuer(checked), self.acs(), self.id());
        let somewhere = "https://somebody.example/acs";
        let recipient = if self.does(Fault::WrongRecipient) { somewhere } else { &acs };
        let replayed = self.does(Fault::Replayed).then(|| "_always-the-same".to_owned());
        let (response_id, assertion_id) = (self.id(), replayed.unwrap_or_else(|| self.id()));
        let audience = &self.demo.peer.entity_id;
        let name_id = NameId {
            value: subscriber.user_id(),
            format: Some(PERSISTENT.to_owned()),
            name_qualifier: Some(issuer.clone()),
            sp_name_qualifier: Some(audience.clone()),
        };
        let attributes = attributes(subscriber);
        let response = ResponseToSign {
            response_id: &response_id,
            assertion_id: &assertion_id,
            issue_instant: now,
            not_before: now - ANTEDATED,
            not_on_or_after: now + LIFETIME,
            issuer: &issuer,
            acs_url: recipient,
            audience: if self.does(Fault::WrongAudience) {
                "https://somebody.example"
            } else {
                audience
            },
            in_response_to: (!self.does(Fault::Unsolicited)).then_some(checked.id.as_str()),
            name_id: &name_id,
            session_index: Some(&session),
            session_not_on_or_after: None,
            attributes: &attributes,
            sign: if self.does(Fault::Unsigned) {
                SignParts::Neither
            } else {
                SignParts::Assertion
            },
        };
        let document = if self.does(Fault::Encrypted) {
            let reader = &self.demo.peer.encryption;
            response.encrypted(self.identity(), reader, &*self.demo.entropy)
        } else {
            response.clear(self.identity())
        };
        Some(self.spoilt(document.ok()?, recipient))
    }

    /// What goes wrong after signing.
    fn spoilt(&self, document: String, recipient: &str) -> String {
        let destination = format!("Destination=\"{recipient}\"");
        let document = if self.does(Fault::WrongDestination) {
            document.replacen(&destination, "Destination=\"https://somebody.example/acs\"", 1)
        } else if self.does(Fault::WrongRecipient) {
            document.replacen(&destination, &format!("Destination=\"{}\"", self.acs()), 1)
        } else {
            document
        };
        if self.does(Fault::BadSignature) {
            document.replacen("PasswordProtectedTransport", "Password", 1)
        } else {
            document
        }
    }
}

/// The brand that asks: as the scoping element says, else as the issuer ends.
fn requestor(view: &AuthnRequestView) -> String {
    let suffix = || view.issuer.rsplit_once("/on-behalf-of/").map(|(_, requestor)| requestor);
    let requestor = view.requester_id.as_deref().or_else(suffix);
    requestor.unwrap_or(&view.issuer).to_owned()
}

/// What OpCo tells about a subscriber.
fn attributes(subscriber: &Subscriber) -> Vec<(&'static str, Vec<String>)> {
    let one = |value: &str| vec![value.to_owned()];
    let (tv, film) = match subscriber.special {
        Special::ParentalControls => ("tv-14", "pg-13"),
        _ => ("tv-ma", "nc-17"),
    };
    let at_home = subscriber.special == Special::AtHome;
    vec![
        ("uid", one(&subscriber.user_id())),
        ("uniqueId", one(&subscriber.user_id())),
        ("householdID", one(&subscriber.household_id())),
        ("zip", one(subscriber.zip)),
        ("authorized_resources", subscriber.channels.iter().map(|&it| it.to_owned()).collect()),
        ("language", one("en")),
        ("is_hoh", one("1")),
        ("MaxTVRating", one(tv)),
        ("MaxMovieRating", one(film)),
        ("hba_status", one(if at_home { "true" } else { "false" })),
    ]
}
