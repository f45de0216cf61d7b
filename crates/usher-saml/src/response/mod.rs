//! The answer to a sign-in: believed only after every check of `mvpd` §5.5, in its order.
//!
//! [`IdentityProvider`] says once what is known of a provider, [`Expected`] what this answer must fit.
//! [`IdentityProvider::verify`] returns what the assertion says or the reason why it says nothing. It
//! remembers nothing: the caller keeps the request id for one use and refuses an assertion id it has seen.

mod assertion;
mod audience;
mod check;
mod document;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use usher_core::Timestamp;

use crate::encryption::DecryptionKey;
use crate::signature::{SignatureError, TrustedKeys};
use crate::xml::XmlError;

pub(crate) use assertion::name_id;
pub(crate) use audience::{Window, accepts_audience, instant_of};
pub(crate) use document::{StatusView, is_message};

/// What the configuration says about a provider that signs viewers in.
#[derive(Debug)]
pub struct IdentityProvider {
    /// The provider's pinned keys.
    pub trust: Arc<TrustedKeys>,
    /// Which part must be signed.
    pub signed: SignedPart,
    /// Keys assertions may be encrypted to, the newest first.
    pub decryption_keys: Arc<[DecryptionKey]>,
    /// Are clear assertions refused?
    pub require_encryption: bool,
    /// How far the provider's clock may be off, 0 to 600 s; 120 s by default.
    pub skew: Duration,
}

/// Which part of an answer must be signed. Signatures beyond that must be valid all the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SignedPart {
    /// The assertion or the response around it.
    #[default]
    Either,
    /// The assertion itself.
    Assertion,
    /// The assertion and the response.
    Both,
}

/// What one answer must fit.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// The present.
    pub now: Timestamp,
    /// The URL the answer was posted to.
    pub acs_url: &'a str,
    /// Our entity id, without the scoping suffix.
    pub sp_entity_id: &'a str,
    /// The requestor the request was scoped to (`mvpd` §5.4).
    pub requestor: Option<&'a str>,
    /// Entity ids that may stand as issuer; several for a proxied MVPD (`mvpd` §12.1).
    pub issuers: &'a [String],
    /// The id of the request this session sent and that nobody has answered yet.
    pub request_id: Option<&'a str>,
    /// What becomes of answers nobody asked for.
    pub unsolicited: Unsolicited,
    /// The attribute that names the viewer; the name identifier if there is none (`mvpd` §5.6).
    pub user_id_attribute: Option<&'a str>,
}

/// What becomes of answers nobody asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unsolicited {
    /// They are refused.
    #[default]
    Refused,
    /// They are accepted if they are good in every other way.
    Accepted,
}

/// What a provider proved about a viewer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedAssertion {
    /// The viewer, never empty (`mvpd` §5.6).
    pub user_id: String,
    /// The subject, for logout and authorization; a provider may name the viewer by attribute only.
    pub name_id: Option<NameId>,
    /// The provider's name for its session, needed to log out.
    pub session_index: Option<String>,
    /// When the viewer proved who they are.
    pub authn_instant: Option<Timestamp>,
    /// When the provider wants the session to end.
    pub session_not_on_or_after: Option<Timestamp>,
    /// How the viewer proved it. Kept, not enforced.
    pub authn_context: Option<String>,
    /// Attribute values by name, in the order of the document.
    pub attributes: BTreeMap<String, Vec<String>>,
    /// Who says so.
    pub issuer: String,
    /// The assertion's id; to be accepted once until `not_on_or_after`.
    pub assertion_id: String,
    /// When the assertion is refused for its age, skew included.
    pub not_on_or_after: Timestamp,
    /// The end of `Conditions`, the last resort for the length of a session (`mvpd` §9 T1).
    pub conditions_not_on_or_after: Option<Timestamp>,
    /// The request it answers; `None` if unsolicited.
    pub in_response_to: Option<String>,
}

/// A name identifier with all that logout has to repeat.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NameId {
    /// The identifier.
    pub value: String,
    /// Its format.
    pub format: Option<String>,
    /// The domain of the identifier.
    pub name_qualifier: Option<String>,
    /// The service provider it was made for.
    pub sp_name_qualifier: Option<String>,
}

/// Why an answer makes no profile. Each variant is one reason code of `mvpd` §5.5.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// No XML within bounds, or an element that must be there is not.
    #[error("malformed: {0}")]
    Malformed(#[from] XmlError),
    /// Not a SAML 2.0 response, or one for somebody else.
    #[error("not a response to this address")]
    Destination,
    /// Nobody asked for it, or somebody else did.
    #[error("does not answer the request of this session")]
    Unsolicited,
    /// Made by somebody else, or the parts disagree about who made it.
    #[error("the issuer is not the expected provider")]
    Issuer,
    /// The provider says no.
    #[error("the provider answered {code}{}", .detail.as_deref().map(|d| format!(" / {d}")).unwrap_or_default())]
    Status {
        /// The status code.
        code: String,
        /// The status code inside it.
        detail: Option<String>,
    },
    /// Not decrypted, or clear where it must not be.
    #[error("the assertion could not be decrypted")]
    Decrypt,
    /// Not signed by the provider, or not the part that is read.
    #[error("{0}")]
    Signature(SignatureError),
    /// Signed or encrypted with something that is not allowed.
    #[error("an algorithm that is not allowed")]
    Algorithm,
    /// Too early or too late.
    #[error("valid from {} to {}, and it is {}", written(*.not_before), written(*.not_on_or_after), written(Some(*.now)))]
    Time {
        /// Our clock.
        now: Timestamp,
        /// The start of validity.
        not_before: Option<Timestamp>,
        /// The end of validity.
        not_on_or_after: Option<Timestamp>,
    },
    /// Meant for somebody else, or under a condition we do not know.
    #[error("the assertion is not meant for this service")]
    Audience,
    /// No bearer confirmation that fits.
    #[error("no subject confirmation fits")]
    SubjectConfirmation,
    /// Nobody signed in.
    #[error("the assertion has no authentication statement")]
    AuthnStatement,
    /// The viewer has no usable name.
    #[error("the assertion names no viewer")]
    NoUserId,
}

impl Rejection {
    /// The reason code of `mvpd` §5.5.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "malformed",
            Self::Destination => "destination",
            Self::Unsolicited => "unsolicited",
            Self::Issuer => "issuer",
            Self::Status { .. } => "status",
            Self::Decrypt => "decrypt",
            Self::Signature(_) => "signature",
            Self::Algorithm => "algorithm",
            Self::Time { .. } => "time",
            Self::Audience => "audience",
            Self::SubjectConfirmation => "subject_confirmation",
            Self::AuthnStatement => "authn_statement",
            Self::NoUserId => "no_user_id",
        }
    }

    /// Is it the ordinary answer of a passive request to a viewer who is not signed in (`mvpd` §5.8)?
    pub fn is_no_passive(&self) -> bool {
        matches!(self, Self::Status { detail: Some(detail), .. } if detail == crate::names::NO_PASSIVE)
    }
}

impl From<SignatureError> for Rejection {
    fn from(error: SignatureError) -> Self {
        match error {
            SignatureError::Algorithm => Self::Algorithm,
            other => Self::Signature(other),
        }
    }
}

fn written(instant: Option<Timestamp>) -> String {
    instant.map_or_else(|| "-".to_owned(), crate::instant::format)
}
