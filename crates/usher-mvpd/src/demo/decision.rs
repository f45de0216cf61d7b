//! Cablevision's REST decision point.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use usher_saml::Resource;

use super::DemoProviders;
use super::switchboard::{DemoProvider, Fault};
use super::verdict::{SLOWNESS, Verdict, verdict};

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
        #[serde(skip_serializing_if = "Option::is_none")]
        ttl: Option<u64>,
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
        let says = |fault| self.switchboard.is_on(DemoProvider::Cablevision, fault);
        let ttl = (!says(Fault::MissingTtl)).then(|| self.authz_ttl.as_secs().max(1));
        match verdict(&question.user_id, &channel) {
            Verdict::Permit => DecisionAnswer::Decided(Decision::Permit { ttl }),
            Verdict::Late => DecisionAnswer::Late(SLOWNESS, Decision::Permit { ttl }),
            Verdict::Broken => DecisionAnswer::Broken,
            Verdict::Deny(why) => DecisionAnswer::Decided(Decision::Deny {
                reason: why.code(),
                message: why.message(),
            }),
        }
    }
}

/// The channel that the document in base64 is about.
fn channel(mrss: &str) -> Option<String> {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    let text = String::from_utf8(STANDARD.decode(mrss).ok()?).ok()?;
    // A plain id is no document; the contract promises one.
    text.trim_start().starts_with('<').then(|| Resource::parse(&text).ok())?.map(|it| it.channel)
}
