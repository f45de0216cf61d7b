//! Spares a provider questions it has just denied, again and again (`mvpd` §3 "protection").

use std::time::Duration;

use moka::sync::Cache;
use usher_core::{MvpdId, Timestamp};
use usher_entitle::MvpdOutcome;
use usher_jose::sha256;
use usher_registry::Protection;

/// Denials remembered, the latest ones.
const DENIALS_MAX: u64 = 100_000;
/// Nothing is remembered longer, whatever a catalog says.
const REMEMBERED_MAX: Duration = Duration::from_mins(10);

/// Recent denials by question.
#[derive(Debug)]
pub(crate) struct Guard(Cache<[u8; 32], Denials>);

#[derive(Clone, Debug)]
struct Denials {
    count: u32,
    /// When they began.
    since: Timestamp,
    outcome: MvpdOutcome,
}

/// Who asks for what.
pub(crate) struct Question([u8; 32]);

impl Question {
    /// May `viewer` of `mvpd` watch `resource`?
    pub(crate) fn of(mvpd: &MvpdId, viewer: &str, resource: &str) -> Self {
        Self(sha256(format!("{mvpd}\0{viewer}\0{resource}").as_bytes()))
    }
}

impl Default for Guard {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(DENIALS_MAX).time_to_live(REMEMBERED_MAX).build())
    }
}

impl Guard {
    /// What the provider has answered more than often enough already.
    pub(crate) fn answer(
        &self,
        question: &Question,
        protection: &Protection,
        now: Timestamp,
    ) -> Option<MvpdOutcome> {
        let denials = self.0.get(&question.0)?;
        let recent = now.since(denials.since) < protection.deny_replay_window;
        (recent && denials.count >= protection.deny_replay_max).then_some(denials.outcome)
    }

    /// The provider said no.
    pub(crate) fn denied(
        &self,
        question: &Question,
        protection: &Protection,
        (outcome, now): (&MvpdOutcome, Timestamp),
    ) {
        self.0.entry(question.0).and_upsert_with(|known| {
            let known = known.map(moka::Entry::into_value);
            let recent =
                known.filter(|known| now.since(known.since) < protection.deny_replay_window);
            let (count, since) = recent.map_or((0, now), |known| (known.count, known.since));
            Denials { count: count.saturating_add(1), since, outcome: outcome.clone() }
        });
    }

    /// The provider said something else.
    pub(crate) fn forget(&self, question: &Question) {
        self.0.invalidate(&question.0);
    }
}

#[cfg(test)]
mod tests {
    use usher_entitle::DenyReason;

    use super::*;

    #[test]
    fn the_fourth_denial_within_ten_seconds_is_answered_without_the_provider() {
        let (guard, protection) = (Guard::default(), Protection::default());
        let question = Question::of(&"OpCo".into(), "u-1", "one");
        let denial = MvpdOutcome::Deny { reason: DenyReason::NotEntitled, details: None };
        let now = Timestamp::from_secs(1);
        for _ in 0..3 {
            assert_eq!(guard.answer(&question, &protection, now), None);
            guard.denied(&question, &protection, (&denial, now));
        }
        assert_eq!(guard.answer(&question, &protection, now), Some(denial.clone()));
        let other = Question::of(&"OpCo".into(), "u-1", "two");
        assert_eq!(guard.answer(&other, &protection, now), None);

        let later = now + Duration::from_secs(10);
        assert_eq!(guard.answer(&question, &protection, later), None);
        guard.denied(&question, &protection, (&denial, later));
        assert_eq!(guard.answer(&question, &protection, later), None);
    }
}
