//! How decisions came about, for whoever has to tell a viewer why.
//!
//! Each decision keeps its [`Ground`]; together with what was known of the viewer they make an
//! [`Explanation`], which is filed under the request's trace. Nothing in it identifies a viewer to
//! outsiders: pseudonyms, no addresses, and exchanges with providers are masked by their adapters.

mod ground;
mod store;

use serde::{Deserialize, Serialize};
use usher_core::{ClientId, MvpdId, ServiceProviderId, SoftwareId, Timestamp, TraceId};

pub(crate) use ground::notes;
pub use ground::{Ground, Lifetime, PassNote, RuleNote};
pub use store::{Explanations, Unexplained};

use crate::decision::{RefusalReason, Source};
use crate::framework::PlatformPartner;
use crate::mvpd::{Exchange, ExchangeStatus, Purpose};
use crate::sso::SsoMethod;

/// How the decisions of one request came about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    /// The request.
    pub trace: TraceId,
    /// When it arrived.
    pub at: Timestamp,
    /// Until its decisions were made, in milliseconds.
    pub took_ms: u64,
    /// What was asked for.
    pub purpose: Purpose,
    /// The channel.
    pub service_provider: ServiceProviderId,
    /// The provider.
    pub mvpd: MvpdId,
    /// Who speaks for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxy: Option<MvpdId>,
    /// The registered application.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application: Option<SoftwareId>,
    /// Its credentials.
    pub client: ClientId,
    /// What the device was recognised as.
    pub platform: String,
    /// The revision of the catalog that applied.
    pub catalog: Timestamp,
    /// The viewer.
    pub viewer: ViewerNote,
    /// The decisions, in the order of the request.
    pub resources: Vec<ResourceNote>,
    /// What was said to and by the provider, masked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exchanges: Vec<ExchangeNote>,
}

/// What was known of the viewer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ViewerNote {
    /// Whether somebody was signed in.
    pub standing: ViewerStanding,
    /// The viewer's pseudonym, as in reports and media tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The sign-in that counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sign_in: Option<SignInNote>,
}

/// Whether somebody was signed in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ViewerStanding {
    /// Somebody was.
    SignedIn,
    /// Nobody was.
    #[default]
    NotSignedIn,
    /// The sign-in was over.
    Expired,
    /// The provider or an operator had ended the sign-in.
    Ended,
    /// Nobody has to be: it is a temporary pass.
    Temporary,
}

/// A sign-in, as far as it matters for decisions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SignInNote {
    /// The authentication session it came from.
    pub session: String,
    /// When it began.
    pub since: Timestamp,
    /// When it ends.
    pub until: Timestamp,
    /// The channel it was made in.
    pub service_provider: ServiceProviderId,
    /// By what it counts here, if it is another application's or device's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shared_by: Option<SsoMethod>,
    /// Whose framework it came through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub framework: Option<PlatformPartner>,
    /// Whether it was home-based, when the provider said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub home_based: Option<bool>,
}

/// One decision.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ResourceNote {
    /// The resource; the beginning of it, if it is long.
    pub resource: String,
    /// Permit or not.
    pub permitted: bool,
    /// Who decided, as the answer said.
    pub source: Source,
    /// How it came about.
    pub ground: GroundNote,
    /// Why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<RefusalReason>,
    /// What the viewer was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<String>,
    /// How long it holds without anybody being asked again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permit: Option<PermitNote>,
    /// Until when the media token is good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_until: Option<Timestamp>,
}

/// How long a permit holds, and why so.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PermitNote {
    /// Since when.
    pub since: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// Who set its end.
    pub by: Lifetime,
}

/// How one decision came about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum GroundNote {
    /// Nobody was asked; the reason says why.
    Unasked,
    /// A rule of degradation.
    Rule(RuleNote),
    /// What was decided before, and still holds.
    Remembered {
        /// The request it was decided for.
        trace: TraceId,
    },
    /// The provider's answer to the same question of another request at the same moment.
    Together,
    /// The provider.
    Provider {
        /// How long it took, in milliseconds.
        took_ms: u64,
        /// Which of the exchanges were about it.
        exchanges: Vec<usize>,
    },
    /// Abuse protection: the provider has said no to this question a moment ago, more than once.
    Guard,
    /// An integration that permits everything.
    Dummy,
    /// A provider that is not asked beforehand.
    NoPreflight,
    /// The line-up that came with the sign-in.
    LineUp {
        /// How many channels it has.
        channels: usize,
    },
    /// A temporary pass.
    Pass(PassNote),
}

/// One call to a provider, masked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExchangeNote {
    /// What was spoken.
    pub protocol: String,
    /// The endpoint's id in the catalog.
    pub endpoint: String,
    /// The address, without query.
    pub address: String,
    /// What was asked.
    pub asked: String,
    /// The HTTP status of the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Why there was no answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// The beginning of the answer.
    pub answer: String,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
}

impl From<&Exchange> for ExchangeNote {
    fn from(exchange: &Exchange) -> Self {
        let (status, failure) = match exchange.status {
            ExchangeStatus::Answered(status) => (Some(status), None),
            ExchangeStatus::Failed(why) => (None, Some(why.to_owned())),
        };
        Self {
            protocol: exchange.protocol.to_owned(),
            endpoint: exchange.endpoint.clone(),
            address: exchange.address.clone(),
            asked: exchange.asked.clone(),
            status,
            failure,
            answer: exchange.answer.clone(),
            took_ms: ground::millis(exchange.took),
        }
    }
}
