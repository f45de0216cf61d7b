//! Media tokens: short signed permissions to play one resource (`pass-rest-v2` §16).
//!
//! A token is made per permit, never stored, and checked offline by the programmer's back end with
//! the published certificate or key set. [`verify`] is that check, for both forms of token.

mod jws;
mod verify;
mod xml;

use std::time::Duration;

use usher_core::{Entropy, EntropyExt, MvpdId, ServiceProviderId, Timestamp};
use usher_jose::{SignError, Signer};

use crate::config::MediaTokenFormat;

pub use verify::{Expected, MediaTokenError, verify};

/// What a media token says.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MediaTokenContent {
    /// The viewer's pseudonym.
    #[serde(rename = "sessionGUID")]
    pub session_guid: String,
    /// The channel.
    #[serde(rename = "requestorID")]
    pub service_provider: ServiceProviderId,
    /// The resource as it was asked for.
    #[serde(rename = "resourceID")]
    pub resource: String,
    /// How long the token is good, in milliseconds on the wire.
    #[serde(serialize_with = "millis")]
    pub ttl: Duration,
    /// When it was made; the XML form keeps whole seconds only.
    pub issue_time: Timestamp,
    /// The provider the viewer signed in with.
    #[serde(rename = "mvpdId")]
    pub mvpd: MvpdId,
    /// The proxy in front of that provider.
    #[serde(rename = "proxyMvpdId", skip_serializing_if = "Option::is_none")]
    pub proxy_mvpd: Option<MvpdId>,
}

fn millis<S: serde::Serializer>(ttl: &Duration, out: S) -> Result<S::Ok, S::Error> {
    out.serialize_u64(u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX))
}

/// A media token as applications get it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaToken {
    /// When it was made.
    pub not_before: Timestamp,
    /// When it expires.
    pub not_after: Timestamp,
    /// What the programmer's back end verifies.
    pub serialized: String,
}

/// Makes media tokens of one form.
#[derive(Clone, Debug)]
pub(crate) enum Mint {
    /// The documented form.
    Xml(Signer),
    /// The form for new players.
    Jws(jws::Mint),
}

impl Mint {
    /// Makes tokens of `format`, in the name of `issuer` where they name one.
    pub(crate) fn new(format: MediaTokenFormat, issuer: &str, signer: Signer) -> Self {
        match format {
            MediaTokenFormat::Xml => Self::Xml(signer),
            MediaTokenFormat::Jws => Self::Jws(jws::Mint::new(issuer, signer)),
        }
    }

    /// A token that says `content`. Signing happens on the signer's own threads.
    pub(crate) async fn make(
        &self,
        content: &MediaTokenContent,
        entropy: &(impl Entropy + ?Sized),
    ) -> Result<MediaToken, SignError> {
        let serialized = match self {
            Self::Xml(signer) => xml::make(content, signer).await?,
            Self::Jws(mint) => mint.make(content, entropy.uuid().to_string()).await?,
        };
        Ok(MediaToken {
            not_before: content.issue_time,
            not_after: content.issue_time + content.ttl,
            serialized,
        })
    }
}
