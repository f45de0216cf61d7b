//! Which rule decides what, by plain functions (`access-variants` §0, §1.2).

use std::collections::HashMap;
use std::sync::Arc;

use usher_core::{MvpdId, ServiceProviderId, Timestamp};

use super::{DegradationRule, Measure, RuleStanding};
use crate::partner::Partner;
use crate::resource::channel_of;

/// Rules, by channel and MVPD.
#[derive(Debug, Default)]
pub(super) struct RuleSet(HashMap<(ServiceProviderId, MvpdId), Vec<Arc<DegradationRule>>>);

impl RuleSet {
    /// Those of `rules` that are in force at `now`.
    pub(super) fn of(rules: Vec<DegradationRule>, now: Timestamp) -> Self {
        let mut set = Self::default();
        for rule in rules.into_iter().filter(|rule| rule.standing(now) == RuleStanding::Applied) {
            let place = (rule.key.service_provider.clone(), rule.key.mvpd.clone());
            set.0.entry(place).or_default().push(Arc::new(rule));
        }
        set
    }

    /// The rules in force for `partner`: its own, and those of the proxy it stands behind.
    pub(super) fn on(&self, partner: &Partner, now: Timestamp) -> ActiveRules {
        if self.0.is_empty() {
            return ActiveRules::default();
        }
        let rules = std::iter::once(&partner.mvpd.id)
            .chain(&partner.mvpd.proxy)
            .filter_map(|mvpd| self.0.get(&(partner.service_provider.clone(), mvpd.clone())))
            .flatten()
            .filter(|rule| rule.standing(now) == RuleStanding::Applied);
        ActiveRules(rules.map(Arc::clone).collect())
    }
}

/// The rules in force between one channel and one MVPD.
#[derive(Clone, Debug, Default)]
pub(crate) struct ActiveRules(Vec<Arc<DegradationRule>>);

impl ActiveRules {
    /// The rule that signs everybody in.
    pub(crate) fn authn_all(&self) -> Option<&Arc<DegradationRule>> {
        self.0.iter().find(|rule| rule.key.measure == Measure::AuthnAll)
    }

    /// The rule that decides about `resource`: a denial beats everything, and a rule that also signs in
    /// beats one that only permits.
    pub(crate) fn on(&self, resource: &str) -> Option<Arc<DegradationRule>> {
        if self.0.is_empty() {
            return None;
        }
        let channel = channel_of(resource);
        let covers = |rule: &&Arc<DegradationRule>| {
            let target = rule.key.target.as_deref();
            target.is_none_or(|target| target == resource || target == channel)
        };
        [Measure::AuthzNone, Measure::AuthnAll, Measure::AuthzAll].into_iter().find_map(|measure| {
            let mut rules = self.0.iter().filter(|rule| rule.key.measure == measure);
            rules.find(covers).map(Arc::clone)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::degradation::RuleKey;
    use crate::fixtures;

    const START: Timestamp = Timestamp::from_secs(1_000);

    fn rule(mvpd: &str, measure: Measure, target: Option<&str>) -> DegradationRule {
        DegradationRule {
            key: RuleKey {
                service_provider: "REF30".into(),
                mvpd: mvpd.into(),
                measure,
                target: target.map(str::to_owned),
            },
            message: None,
            activated_at: START,
            ttl: Duration::from_mins(1),
            removed_at: None,
        }
    }

    fn measure(rules: Vec<DegradationRule>, resource: &str) -> Option<Measure> {
        let partner = fixtures::world().partner_of("Cablevision");
        let rule = RuleSet::of(rules, START).on(&partner, START).on(resource);
        rule.map(|rule| rule.key.measure)
    }

    #[test]
    fn a_denial_beats_a_permit_where_both_cover() {
        let rules = || {
            vec![
                rule("Cablevision", Measure::AuthzAll, None),
                rule("Cablevision", Measure::AuthzNone, Some("sports")),
            ]
        };
        assert_eq!(measure(rules(), "sports"), Some(Measure::AuthzNone));
        assert_eq!(measure(rules(), "news"), Some(Measure::AuthzAll));
        let mrss = "<rss version=\"2.0\"><channel><title>sports</title></channel></rss>";
        assert_eq!(measure(rules(), mrss), Some(Measure::AuthzNone));
    }

    #[test]
    fn signing_everybody_in_permits_everything() {
        let rules = vec![
            rule("Cablevision", Measure::AuthzAll, None),
            rule("Cablevision", Measure::AuthnAll, None),
        ];
        assert_eq!(measure(rules, "news"), Some(Measure::AuthnAll));
    }

    #[test]
    fn rules_of_others_decide_nothing() {
        assert_eq!(measure(vec![rule("OpCo", Measure::AuthzNone, None)], "news"), None);
        assert_eq!(measure(vec![], "news"), None);
    }

    #[test]
    fn a_rule_of_the_proxy_covers_what_is_behind_it_and_not_the_reverse() {
        let mut behind = fixtures::world().partner_of("Cablevision");
        let mut mvpd = (*behind.mvpd).clone();
        mvpd.proxy = Some("Hub".into());
        behind.mvpd = Arc::new(mvpd);
        let on = |mvpd| {
            let rules = vec![rule(mvpd, Measure::AuthzNone, None)];
            RuleSet::of(rules, START).on(&behind, START).on("news").is_some()
        };
        assert!(on("Hub"));
        assert!(on("Cablevision"));
        assert!(!on("Sibling"));
    }

    #[test]
    fn a_rule_ends_by_itself_or_when_removed() {
        let partner = fixtures::world().partner_of("Cablevision");
        let applied = rule("Cablevision", Measure::AuthnAll, None);
        let set = RuleSet::of(vec![applied.clone()], START);
        let last = applied.not_after() - Duration::from_millis(1);
        assert!(set.on(&partner, last).authn_all().is_some());
        assert!(set.on(&partner, applied.not_after()).authn_all().is_none());
        let removed = DegradationRule { removed_at: Some(START), ..applied };
        assert!(RuleSet::of(vec![removed], START).on(&partner, START).authn_all().is_none());
    }
}
