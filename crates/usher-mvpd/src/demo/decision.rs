//! Cablevision's REST decision point.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::DemoProviders;
use super::subscribers::{Special, Subscriber, by_user_id};
use crate::resource::Resource;

/// How long the slow subscriber's answers take (`demo` §3).
const SLOWNESS: Duration = Duration::from_secs(30);

/// The query of the decision point, with the contract's parameter names (`mvpd` §7.6).
#[derive(Clone, Debug, Deserialize)]
pub struct DecisionQuestion {
    /// The viewer's id.
    #[serde(rename = "uuID")]
    pub user_id: String,
    /// The resource as MRSS in base64.
    pub mrss: String,
    /// The viewer's address. Known to the provider, and of no interest to it.
    #[serde(default, rename = "IPAddress")]
    pub client_ip: Option<String>,
}

/// What the decision point does.
#[derive(Clone, Debug, PartialEq)]
pub enum DecisionAnswer {
    /// Answers 200 with this.
    Decided(Decision),
    /// Answers 200 with this, much later.
    Late(Duration, Decision),
    /// Answers 400: the question makes no sense.
    Nonsense,
    /// Answers 401: the access token is no good.
    Unauthorized,
    /// Answers 500.
    Broken,
}

/// A decision as JSON.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "decision")]
pub enum Decision {
    /// Yes.
    Permit {
        /// For so many seconds.
        ttl: u64,
    },
    /// No.
    Deny {
        /// Why, for machines.
        reason: &'static str,
        /// Why, for viewers.
        message: &'static str,
    },
}

impl DemoProviders {
    /// Decides about one resource. An access token is not demanded, but one that is shown must be good.
    pub fn decide(&self, question: &DecisionQuestion, bearer: Option<&str>) -> DecisionAnswer {
        if bearer.is_some_and(|token| self.access(token).is_none()) {
            return DecisionAnswer::Unauthorized;
        }
        let Some(channel) = channel(&question.mrss) else { return DecisionAnswer::Nonsense };
        let Some(subscriber) = by_user_id(&question.user_id) else {
            return DecisionAnswer::Decided(UNKNOWN_VIEWER);
        };
        let permit = Decision::Permit { ttl: self.authz_ttl.as_secs().max(1) };
        match subscriber.special {
            Special::SessionInvalidated => DecisionAnswer::Decided(SESSION_OVER),
            Special::NoPackage => DecisionAnswer::Decided(NO_PACKAGE),
            Special::Broken => DecisionAnswer::Broken,
            Special::ParentalControls if channel == "acme-movies" => {
                DecisionAnswer::Decided(PARENTAL)
            }
            _ if !is_entitled(subscriber, &channel) => DecisionAnswer::Decided(NOT_IN_PACKAGE),
            Special::Slow => DecisionAnswer::Late(SLOWNESS, permit),
            Special::ParentalControls | Special::AtHome | Special::Nothing => {
                DecisionAnswer::Decided(permit)
            }
        }
    }
}

const UNKNOWN_VIEWER: Decision =
    Decision::Deny { reason: "unknown_viewer", message: "We do not know this subscriber." };
const SESSION_OVER: Decision =
    Decision::Deny { reason: "session_invalidated", message: "Please sign in again." };
const PARENTAL: Decision =
    Decision::Deny { reason: "parental", message: "Parental controls do not allow this channel." };
const NO_PACKAGE: Decision = Decision::Deny {
    reason: "not_entitled",
    message: "Your account has no TV package. Add one at cablevision.example/upgrade.",
};
const NOT_IN_PACKAGE: Decision = Decision::Deny {
    reason: "not_entitled",
    message: "This channel is not in your package. Add it at cablevision.example/upgrade.",
};

fn is_entitled(subscriber: &Subscriber, channel: &str) -> bool {
    subscriber.channels.contains(&channel)
}

/// The channel that the document in base64 is about.
fn channel(mrss: &str) -> Option<String> {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    let text = String::from_utf8(STANDARD.decode(mrss).ok()?).ok()?;
    // A plain id is no document; the contract promises one.
    text.trim_start().starts_with('<').then(|| Resource::parse(&text).ok())?.map(|it| it.channel)
}
