//! May this stream play? (`concurrency` §10, §11)
//!
//! Pure: streams and one registry revision in, violations out. The same function decides starts and
//! heartbeats, whatever store holds the streams.

use std::borrow::Cow;
use std::sync::Arc;

use indexmap::{IndexMap, IndexSet};
use usher_core::{TenantId, Timestamp};
use usher_registry::{Obligation, Policy, Predicate, Rule, Snapshot, Strategy, StreamApplication};

use crate::stream::Stream;
use crate::{Metadata, Subject, TerminationCode};

/// Attributes the service knows by itself (`concurrency` §6.3): never required, never spoofed.
const BY_DESIGN: [&str; 10] = [
    "applicationId",
    "application",
    "applicationName",
    "mvpd",
    "mvpdName",
    "idp",
    "accountId",
    "subject",
    "streamId",
    "streamStart",
];

/// A rule that does not let a stream play.
#[derive(Clone, Debug, PartialEq)]
pub struct Violation {
    /// The policy's name.
    pub policy: String,
    /// The tenant that wrote the policy.
    pub owner: TenantId,
    /// The rule's name.
    pub rule: String,
    /// The configured text for viewers.
    pub message: String,
    /// The attribute whose distinct values are counted.
    pub attribute: String,
    /// The most distinct values allowed.
    pub threshold: u32,
    /// Attributes that partition the count.
    pub scope: Vec<String>,
    /// What the client must do, if anything.
    pub obligation: Option<Obligation>,
    /// The other values in use with their streams; those that keep playing come first.
    pub conflicts: Vec<(String, Vec<Conflict>)>,
}

/// A stream in the way of another one.
#[derive(Clone, Debug, PartialEq)]
pub struct Conflict {
    /// What to put into `X-Terminate` to end it.
    pub code: TerminationCode,
    /// Its metadata, and what it replaced.
    pub metadata: Metadata,
    /// When it started.
    pub started_at: Timestamp,
    /// The display name of its application.
    pub application_name: String,
}

/// What an application must send with every start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequiredMetadata {
    /// Attribute names, in the order policies mention them.
    pub names: Vec<String>,
    /// When the configuration behind them changed last.
    pub revised_at: Timestamp,
}

/// One revision's view on the streams of one subject.
#[derive(Clone, Copy)]
pub(crate) struct Judge<'a> {
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) subject: &'a Subject,
}

impl<'a> Judge<'a> {
    /// Every rule of every policy of `stream`'s application that `stream` violates among `active`,
    /// which contains it.
    pub(crate) fn violations(&self, stream: &Stream, active: &[&Stream]) -> Vec<Violation> {
        let Some(application) = self.application(stream) else { return Vec::new() };
        self.snapshot
            .policies(application)
            .filter(|policy| self.matches(&policy.target, stream))
            .flat_map(|policy| self.policy_violations(policy, stream, active))
            .collect()
    }

    fn policy_violations(
        &self,
        policy: &Policy,
        stream: &Stream,
        active: &[&Stream],
    ) -> Vec<Violation> {
        // There are never more values than streams: most heartbeats end here.
        let may_exceed = |rule: &&Rule| exceeds(active.len(), rule.threshold);
        let mut rules = policy.rules.iter().filter(may_exceed).peekable();
        if rules.peek().is_none() {
            return Vec::new();
        }
        let relevant: Vec<_> =
            active.iter().copied().filter(|it| self.is_relevant(policy, it)).collect();
        rules.filter_map(|rule| self.violation(policy, rule, stream, &relevant)).collect()
    }

    /// Whether `stream` is part of `policy`'s activity: its application references the policy
    /// today, whatever its tenant, and the target matches.
    fn is_relevant(&self, policy: &Policy, stream: &Stream) -> bool {
        self.application(stream)
            .is_some_and(|application| application.policies.contains(&policy.name))
            && self.matches(&policy.target, stream)
    }

    fn violation(
        &self,
        policy: &Policy,
        rule: &Rule,
        stream: &Stream,
        relevant: &[&Stream],
    ) -> Option<Violation> {
        if !self.matches(&rule.condition, stream) {
            return None;
        }
        let own_value = self.value(stream, &rule.attribute)?;
        let own_scope: Vec<_> =
            rule.scope.iter().map(|name| self.value(stream, name)).collect::<Option<_>>()?;
        let mut groups: IndexMap<Cow<'_, str>, Vec<&Stream>> = IndexMap::new();
        for other in relevant.iter().filter(|other| self.matches(&rule.condition, other)) {
            let same_scope = rule
                .scope
                .iter()
                .zip(&own_scope)
                .all(|(name, own)| self.value(other, name).as_ref() == Some(own));
            if let Some(value) = self.value(other, &rule.attribute).filter(|_| same_scope) {
                groups.entry(value).or_default().push(other);
            }
        }
        if !exceeds(groups.len(), rule.threshold) {
            return None;
        }
        rank(&mut groups, rule.strategy);
        let allowed = usize::try_from(rule.threshold).unwrap_or(usize::MAX);
        if groups.keys().take(allowed).any(|value| *value == own_value) {
            return None;
        }
        groups.shift_remove(&own_value);
        Some(self.describe(policy, rule, groups))
    }

    fn describe(
        &self,
        policy: &Policy,
        rule: &Rule,
        groups: IndexMap<Cow<'_, str>, Vec<&Stream>>,
    ) -> Violation {
        let conflicts = groups.into_iter().map(|(value, streams)| {
            let streams = streams.into_iter().map(|stream| self.conflict(stream)).collect();
            (value.into_owned(), streams)
        });
        Violation {
            policy: policy.name.clone(),
            owner: policy.owner.clone(),
            rule: rule.name.clone(),
            message: rule.message.clone(),
            attribute: rule.attribute.clone(),
            threshold: rule.threshold,
            scope: rule.scope.clone(),
            obligation: rule.obligation,
            conflicts: conflicts.collect(),
        }
    }

    fn conflict(&self, stream: &Stream) -> Conflict {
        Conflict {
            code: stream.id.code(),
            metadata: stream.metadata.clone(),
            started_at: stream.id.started_at(),
            application_name: self.application_name(stream).to_owned(),
        }
    }

    fn matches(&self, predicate: &Predicate, stream: &Stream) -> bool {
        predicate
            .tests
            .iter()
            .all(|(name, test)| self.value(stream, name).is_some_and(|value| test.holds(&value)))
    }

    /// The value policies see (`concurrency` §11.1).
    fn value<'v>(&self, stream: &'v Stream, name: &str) -> Option<Cow<'v, str>>
    where
        'a: 'v,
    {
        match name {
            "streamId" => Some(stream.id.to_string().into()),
            "streamStart" => Some(stream.id.started_at().as_millis().to_string().into()),
            "applicationId" | "application" => Some(stream.application.as_str().into()),
            "applicationName" => Some(self.application_name(stream).into()),
            "mvpd" | "mvpdName" | "idp" => Some(self.subject.idp().into()),
            "accountId" | "subject" => Some(self.subject.account().into()),
            _ => stream.metadata.get(name).map(Cow::Borrowed),
        }
    }

    fn application(&self, stream: &Stream) -> Option<&'a Arc<StreamApplication>> {
        self.snapshot.stream_application(stream.application.as_str())
    }

    /// The display name of `stream`'s application; its id when it is no longer configured.
    pub(crate) fn application_name<'v>(&self, stream: &'v Stream) -> &'v str
    where
        'a: 'v,
    {
        self.application(stream).map_or(stream.application.as_str(), |it| it.name.as_str())
    }

    /// Whether `caller` may see and end `stream`: same tenant, or a policy in common
    /// (`concurrency` §5.5, §11.4).
    pub(crate) fn is_shared(&self, caller: &StreamApplication, stream: &Stream) -> bool {
        stream.tenant == caller.tenant
            || self.application(stream).is_some_and(|other| {
                other.policies.iter().any(|policy| caller.policies.contains(policy))
            })
    }
}

fn exceeds(count: usize, threshold: u32) -> bool {
    u64::try_from(count).unwrap_or(u64::MAX) > u64::from(threshold)
}

/// Orders values so that those that keep the right to play come first.
fn rank(groups: &mut IndexMap<Cow<'_, str>, Vec<&Stream>>, strategy: Strategy) {
    let age = |stream: &&Stream| (stream.id.started_at(), stream.seq);
    match strategy {
        Strategy::FirstWins => groups.sort_by_cached_key(|_, it| it.iter().map(age).min()),
        Strategy::LatestWins => {
            groups.sort_by_cached_key(|_, it| std::cmp::Reverse(it.iter().map(age).max()));
        }
    }
}

/// The attributes `application`'s policies read, in declaration order (`concurrency` §6.6).
pub(crate) fn required(snapshot: &Snapshot, application: &StreamApplication) -> Vec<String> {
    let names: IndexSet<_> = read_by_rules(snapshot, application).collect();
    names.into_iter().map(str::to_owned).collect()
}

/// The same, some of them several times, nothing collected: every start asks.
pub(crate) fn read_by_rules<'a>(
    snapshot: &'a Snapshot,
    application: &'a StreamApplication,
) -> impl Iterator<Item = &'a str> {
    let of_rule = |policy: &'a Policy, rule: &'a Rule| {
        let scope = rule.scope.iter().map(String::as_str);
        let own = rule.condition.attributes().chain(scope).chain([rule.attribute.as_str()]);
        policy.target.attributes().chain(own)
    };
    let of_policy = move |policy: &'a Arc<Policy>| {
        policy.rules.iter().flat_map(move |rule| of_rule(policy, rule))
    };
    snapshot.policies(application).flat_map(of_policy).filter(|name| !BY_DESIGN.contains(name))
}

/// Standard attributes with a closed set of values (`concurrency` §6.4).
const CLOSED: [(&str, &[&str]); 4] = [
    ("contentType", &["live", "vod"]),
    ("mobileDevice", &["true", "false"]),
    ("hba", &["true", "false"]),
    (
        "type",
        &[
            "movie",
            "broadcastEpisode",
            "nonBroadcastEpisode",
            "musicVideo",
            "awardsShow",
            "clip",
            "concert",
            "conference",
            "newsEvent",
            "sportingEvent",
            "trailer",
        ],
    ),
];

/// Whether `value` is one the standard attribute `name` may have.
pub(crate) fn is_standard(name: &str, value: &str) -> bool {
    CLOSED.iter().all(|(closed, values)| *closed != name || values.contains(&value))
}
