//! Tenants, stream applications and policies (`concurrency` §10).

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use usher_core::{ApplicationId, TenantId};

use crate::duration;

/// A tenant of the stream-limiting service.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tenant {
    /// Its id, as reports show it.
    pub id: TenantId,
    /// The organisation it belongs to in privacy requests; its id when absent.
    #[serde(default)]
    pub organization: Option<String>,
    /// Disabled tenants' applications are answered 403.
    #[serde(default)]
    pub disabled: bool,
}

impl Tenant {
    /// The organisation it belongs to.
    pub fn organization(&self) -> &str {
        self.organization.as_deref().unwrap_or(self.id.as_str())
    }
}

/// An application of the stream-limiting service.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StreamApplication {
    /// The application id clients authenticate with.
    pub id: ApplicationId,
    /// The name viewers see in conflicts.
    pub name: String,
    /// The tenant it belongs to.
    pub tenant: TenantId,
    /// Its platform, for reports, when the client does not say.
    #[serde(default)]
    pub platform: Option<String>,
    /// Disabled applications are answered 403.
    #[serde(default)]
    pub disabled: bool,
    /// Announced time between heartbeats; the deployment's when absent.
    #[serde(default, deserialize_with = "duration::optional")]
    pub heartbeat_interval: Option<Duration>,
    /// Time after which a silent stream is over; interval + 30 s when absent.
    #[serde(default, deserialize_with = "duration::optional")]
    pub activity_window: Option<Duration>,
    /// Names of the policies it references, in order.
    #[serde(default)]
    pub policies: Vec<String>,
}

/// A policy: which streams it looks at and the rules they obey.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Unique name, shown in denials.
    pub name: String,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// The tenant that wrote it.
    pub owner: TenantId,
    /// Streams it looks at; all when empty.
    #[serde(default)]
    pub target: Predicate,
    /// Its rules, all of which must hold.
    pub rules: Vec<Rule>,
}

/// One rule: at most `threshold` distinct values of `attribute` among comparable streams.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Shown in denials.
    pub name: String,
    /// `maxstreams` is accepted as the documented way to say "count `streamId`".
    #[serde(default, rename = "type")]
    pub kind: Option<RuleType>,
    /// The attribute whose distinct values are counted.
    #[serde(default = "stream_id")]
    pub attribute: String,
    /// The most distinct values allowed, inclusive.
    #[serde(alias = "limit")]
    pub threshold: u32,
    /// Attributes that partition the streams (GROUP BY).
    #[serde(default)]
    pub scope: Vec<String>,
    /// Streams the rule looks at (WHERE); all when empty.
    #[serde(default)]
    pub condition: Predicate,
    /// Who keeps playing when there are too many.
    #[serde(default)]
    pub strategy: Strategy,
    /// What the client must do when refused.
    #[serde(default)]
    pub obligation: Option<Obligation>,
    /// The text viewers see.
    #[serde(default = "too_many")]
    pub message: String,
}

/// The documented rule type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RuleType {
    /// Counts streams.
    MaxStreams,
}

fn stream_id() -> String {
    "streamId".to_owned()
}

fn too_many() -> String {
    "Too many streams are playing on this account.".to_owned()
}

/// Who keeps playing when there are too many (`concurrency` §10.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// Running streams stay; the new one is refused.
    #[default]
    FirstWins,
    /// The new stream plays; the oldest one is stopped at its next heartbeat.
    LatestWins,
}

/// What a refused client must do (`concurrency` §8.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Obligation {
    /// Sign the viewer out at the TV provider.
    Logout,
}

/// A conjunction of tests on attributes. Empty: always true.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(transparent)]
pub struct Predicate {
    /// Attribute name to its test.
    pub tests: BTreeMap<String, Test>,
}

/// A test of one attribute; comparison is exact.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Test {
    /// Equal to this value.
    Eq(String),
    /// Present and different from this value.
    Ne(String),
    /// One of these.
    In(Vec<String>),
    /// Present and none of these.
    NotIn(Vec<String>),
}

impl Predicate {
    /// The attributes it reads, in name order.
    pub fn attributes(&self) -> impl Iterator<Item = &str> {
        self.tests.keys().map(String::as_str)
    }

    /// Whether every test holds; `value` gives an attribute's value, if there is one. A test on an
    /// absent attribute never holds.
    pub fn holds<'v>(&self, value: impl Fn(&str) -> Option<&'v str>) -> bool {
        self.tests.iter().all(|(name, test)| value(name).is_some_and(|value| test.holds(value)))
    }
}

impl Test {
    /// Whether `value` passes.
    pub fn holds(&self, value: &str) -> bool {
        match self {
            Self::Eq(wanted) => value == wanted,
            Self::Ne(unwanted) => value != unwanted,
            Self::In(wanted) => wanted.iter().any(|wanted| value == wanted),
            Self::NotIn(unwanted) => unwanted.iter().all(|unwanted| value != unwanted),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_predicate_holds_and_a_test_on_nothing_does_not() {
        assert!(Predicate::default().holds(|_| None));
        let live = Predicate {
            tests: BTreeMap::from([("contentType".to_owned(), Test::Ne("vod".to_owned()))]),
        };
        assert!(!live.holds(|_| None));
        assert!(live.holds(|_| Some("live")));
        assert!(!live.holds(|_| Some("vod")));
    }
}
