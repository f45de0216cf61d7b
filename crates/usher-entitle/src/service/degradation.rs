//! Putting rules of degradation in force, ending them, and telling which there are
//! (`access-variants` §1.3).

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use usher_core::{ClientId, MvpdId, ServiceProviderId, StoreError, Timestamp};
use usher_registry::{Change, ChangedProperty, Kind, Operation, Snapshot};

use super::Entitlement;
use crate::degradation::{DegradationRule, HISTORY, Measure, RuleKey, RuleStanding};

/// Who may rule over what: proven by whoever hands it in.
#[derive(Clone, Debug)]
pub struct RuleOwner {
    /// The registry as of this call.
    pub snapshot: Arc<Snapshot>,
    /// The channels that may be ruled over.
    pub channels: BTreeSet<ServiceProviderId>,
    /// The only MVPD that may be ruled over, for an MVPD that degrades itself.
    pub mvpd: Option<MvpdId>,
    /// The client that calls.
    pub client: ClientId,
    /// Where it calls from.
    pub address: IpAddr,
}

/// Which rules are meant. Of a list that is empty everything is meant.
#[derive(Clone, Debug, Default)]
pub struct RuleSelection {
    /// The channel; every channel of the owner when absent.
    pub channel: Option<String>,
    /// The MVPDs.
    pub mvpds: Vec<String>,
    /// The resources.
    pub targets: Vec<String>,
}

/// How long and with which words a rule is in force.
#[derive(Clone, Debug)]
pub struct RuleTerms {
    /// For how long.
    pub ttl: Duration,
    /// Text for viewers.
    pub message: Option<String>,
}

/// Why a call about rules has no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DegradationError {
    /// Nobody has this channel id.
    #[error("there is no channel `{0}`")]
    UnknownChannel(String),
    /// The channel or MVPD is somebody else's.
    #[error("your application may not rule over `{0}`")]
    NotYours(String),
    /// There is no such MVPD, or it has nothing to do with the channel.
    #[error("there is no MVPD `{0}` that works with the channel")]
    UnknownMvpd(String),
    /// There is nothing to remove.
    #[error("no such rule is in force")]
    NoSuchRule,
    /// The store could not answer.
    #[error("the rules cannot be read or written at the moment")]
    Store(#[from] StoreError),
}

/// A channel and an MVPD that are ruled over.
type Pair = (ServiceProviderId, MvpdId);

impl Entitlement {
    /// Reads again which rules are in force. Worth calling every few seconds where several processes
    /// share one store.
    pub async fn refresh_degradation(&self) -> Result<(), StoreError> {
        self.degradation.refresh(self.clock.now()).await
    }

    /// Puts `measure` in force for everything selected, from now on, in place of what is there.
    pub async fn degrade(
        &self,
        owner: &RuleOwner,
        measure: Measure,
        selection: &RuleSelection,
        terms: &RuleTerms,
    ) -> Result<Vec<DegradationRule>, DegradationError> {
        let now = self.clock.now();
        let before = self.rules_since(now).await?;
        let rules: Vec<_> = keys(&owner.pairs(selection)?, measure, &selection.targets)
            .map(|key| DegradationRule {
                key,
                message: terms.message.clone(),
                activated_at: now,
                ttl: terms.ttl,
                removed_at: None,
            })
            .collect();
        self.degradation.store().put(&rules).await?;
        self.degradation.refresh(now).await?;
        let described = rules.iter().map(|rule| applied(rule, &before)).collect();
        self.log_rules(owner, now, (measure, "applied"), described).await?;
        Ok(rules)
    }

    /// Ends what is selected of `measure` and returns what else of it is in force there.
    pub async fn end_degradation(
        &self,
        owner: &RuleOwner,
        measure: Measure,
        selection: &RuleSelection,
    ) -> Result<Vec<DegradationRule>, DegradationError> {
        let now = self.clock.now();
        let pairs = owner.pairs(selection)?;
        let in_force = self.rules_since(now).await?.into_iter().filter(|rule| {
            rule.standing(now) == RuleStanding::Applied
                && rule.key.measure == measure
                && pairs.contains(&pair(rule))
        });
        let (ended, rest): (Vec<_>, Vec<_>) =
            in_force.partition(|rule| selection.covers_target(rule));
        if ended.is_empty() {
            return Err(DegradationError::NoSuchRule);
        }
        let keys: Vec<_> = ended.iter().map(|rule| rule.key.clone()).collect();
        self.degradation.store().remove(&keys, now).await?;
        self.degradation.refresh(now).await?;
        let described = ended.iter().map(removed).collect();
        self.log_rules(owner, now, (measure, "removed"), described).await?;
        Ok(rest)
    }

    /// The rules of the owner that are in force, as far as selected.
    pub async fn degradation(
        &self,
        owner: &RuleOwner,
        selection: &RuleSelection,
    ) -> Result<Vec<DegradationRule>, DegradationError> {
        let now = self.clock.now();
        let mut rules = self.degradation_history(owner, selection).await?;
        rules.retain(|rule| rule.standing(now) == RuleStanding::Applied);
        Ok(rules)
    }

    /// Like [`Self::degradation`], with the rules that were over in the last [`HISTORY`].
    pub async fn degradation_history(
        &self,
        owner: &RuleOwner,
        selection: &RuleSelection,
    ) -> Result<Vec<DegradationRule>, DegradationError> {
        if let Some(channel) = &selection.channel {
            owner.channel(channel)?;
        }
        let mut rules = self.rules_since(self.clock.now() - HISTORY).await?;
        rules.retain(|rule| owner.owns(rule) && selection.covers(rule));
        Ok(rules)
    }

    async fn rules_since(&self, since: Timestamp) -> Result<Vec<DegradationRule>, StoreError> {
        self.degradation.store().since(since).await
    }

    /// One entry of the changes log for one call (`access-variants` G10).
    async fn log_rules(
        &self,
        owner: &RuleOwner,
        now: Timestamp,
        (measure, done): (Measure, &str),
        properties: Vec<ChangedProperty>,
    ) -> Result<(), StoreError> {
        let integrations: BTreeSet<_> =
            properties.iter().map(|property| property.entity_id.as_str()).collect();
        let integrations: Vec<_> = integrations.into_iter().collect();
        let change = Change {
            at: now,
            author: "degradation API".to_owned(),
            description: format!("{} {done}: {}", measure.id(), integrations.join(", ")),
            client: Some(owner.client.clone()),
            address: Some(owner.address),
            properties,
        };
        self.changes.record(&change).await.map(drop)
    }
}

impl RuleOwner {
    /// The channel and MVPD pairs that `selection` is about.
    fn pairs(&self, selection: &RuleSelection) -> Result<BTreeSet<Pair>, DegradationError> {
        let channels: Vec<_> = match &selection.channel {
            Some(channel) => vec![self.channel(channel)?],
            None => self.channels.iter().cloned().collect(),
        };
        let mut pairs = BTreeSet::new();
        for channel in channels {
            let partners = self.partners_of(&channel);
            let named: BTreeSet<_> =
                selection.mvpds.iter().map(|id| MvpdId::from(id.as_str())).collect();
            let wanted = if named.is_empty() { self.own(&partners) } else { named };
            for mvpd in wanted {
                if !partners.contains(&mvpd) {
                    // An MVPD rules over whichever channels it works with.
                    if self.mvpd.is_some() && selection.channel.is_none() {
                        continue;
                    }
                    return Err(DegradationError::UnknownMvpd(mvpd.to_string()));
                }
                if self.mvpd.as_ref().is_some_and(|own| *own != mvpd) {
                    return Err(DegradationError::NotYours(mvpd.to_string()));
                }
                pairs.insert((channel.clone(), mvpd));
            }
        }
        Ok(pairs)
    }

    /// Which of `partners` are meant when none is named.
    fn own(&self, partners: &BTreeSet<MvpdId>) -> BTreeSet<MvpdId> {
        match &self.mvpd {
            Some(own) => BTreeSet::from([own.clone()]),
            // A proxy is covered by the MVPDs behind it.
            None => partners
                .iter()
                .filter(|id| {
                    self.snapshot.mvpd(id.as_str()).is_some_and(|mvpd| mvpd.kind != Kind::Proxy)
                })
                .cloned()
                .collect(),
        }
    }

    /// The MVPDs a channel works with, and the proxies some of them stand behind.
    fn partners_of(&self, channel: &ServiceProviderId) -> BTreeSet<MvpdId> {
        self.snapshot
            .integrations_of(channel)
            .filter(|(_, mvpd)| mvpd.kind != Kind::TempPass)
            .flat_map(|(_, mvpd)| std::iter::once(&mvpd.id).chain(&mvpd.proxy))
            .cloned()
            .collect()
    }

    /// The channel `id`, which has to exist and to be the owner's.
    fn channel(&self, id: &str) -> Result<ServiceProviderId, DegradationError> {
        let channel = self.snapshot.service_provider(id);
        let channel = channel.ok_or_else(|| DegradationError::UnknownChannel(id.to_owned()))?;
        if self.channels.contains(&channel.id) {
            Ok(channel.id.clone())
        } else {
            Err(DegradationError::NotYours(id.to_owned()))
        }
    }

    fn owns(&self, rule: &DegradationRule) -> bool {
        self.channels.contains(&rule.key.service_provider)
            && self.mvpd.as_ref().is_none_or(|own| *own == rule.key.mvpd)
    }
}

impl RuleSelection {
    fn covers(&self, rule: &DegradationRule) -> bool {
        let key = &rule.key;
        self.channel.as_deref().is_none_or(|channel| channel == key.service_provider.as_str())
            && (self.mvpds.is_empty() || self.mvpds.iter().any(|id| id == key.mvpd.as_str()))
            && self.covers_target(rule)
    }

    fn covers_target(&self, rule: &DegradationRule) -> bool {
        self.targets.is_empty()
            || rule.key.target.as_ref().is_some_and(|target| self.targets.contains(target))
    }
}

/// The keys of one rule for each pair and target.
fn keys<'k>(
    pairs: &'k BTreeSet<Pair>,
    measure: Measure,
    targets: &'k [String],
) -> impl Iterator<Item = RuleKey> + 'k {
    let targets: Vec<_> = if targets.is_empty() {
        vec![None]
    } else {
        let distinct: BTreeSet<_> = targets.iter().cloned().collect();
        distinct.into_iter().map(Some).collect()
    };
    pairs.iter().flat_map(move |(service_provider, mvpd)| {
        let (service_provider, mvpd) = (service_provider.clone(), mvpd.clone());
        targets.clone().into_iter().map(move |target| RuleKey {
            service_provider: service_provider.clone(),
            mvpd: mvpd.clone(),
            measure,
            target,
        })
    })
}

fn pair(rule: &DegradationRule) -> Pair {
    (rule.key.service_provider.clone(), rule.key.mvpd.clone())
}

fn applied(rule: &DegradationRule, before: &[DegradationRule]) -> ChangedProperty {
    let old = before.iter().find(|old| old.key == rule.key && old.removed_at.is_none());
    ChangedProperty {
        operation: if old.is_some() { Operation::Updated } else { Operation::Added },
        old: old.map(described),
        new: Some(described(rule)),
        ..property(rule)
    }
}

fn removed(rule: &DegradationRule) -> ChangedProperty {
    ChangedProperty { operation: Operation::Deleted, old: Some(described(rule)), ..property(rule) }
}

fn property(rule: &DegradationRule) -> ChangedProperty {
    ChangedProperty {
        entity_type: "Integration".to_owned(),
        entity_id: format!("{}_{}", rule.key.service_provider, rule.key.mvpd),
        property: format!("degradation.{}", rule.key.measure.id()),
        operation: Operation::Added,
        old: None,
        new: None,
    }
}

fn described(rule: &DegradationRule) -> Value {
    json!({
        "target": rule.key.target,
        "ttl": rule.ttl.as_secs(),
        "activationTime": rule.activated_at.as_secs(),
        "message": rule.message,
    })
}
