//! Decisions: whether a viewer may watch a resource, and why not (`pass-rest-v2` §10).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use usher_core::{Timestamp, TraceId};

use crate::explain::{Ground, Lifetime};
use crate::media_token::MediaToken;
use crate::mvpd::{DenyReason, MvpdFailure};
use crate::temp_pass::TrialRefusal;

/// The answer about one resource.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// The resource, exactly as it was asked for.
    pub resource: String,
    /// Who decided.
    pub source: Source,
    /// Permit or not.
    pub outcome: Outcome,
    /// What it rests on.
    pub ground: Ground,
}

/// Who decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The TV provider, or its answer remembered; also for what keeps us from asking it.
    Mvpd,
    /// An integration that permits everything.
    Dummy,
    /// A temporary pass.
    Temporary,
    /// A rule that bypasses the provider.
    Degradation,
}

/// Permit or not.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The viewer may watch.
    Permit(Option<Playback>),
    /// The viewer may not.
    Refusal(Refusal),
}

/// What an authorization adds to a permit.
#[derive(Clone, Debug, PartialEq)]
pub struct Playback {
    /// Since when and until when the permit holds, where the wire says so.
    pub permit: Option<Permit>,
    /// Permission to play once.
    pub token: MediaToken,
}

/// Why not, with the provider's words for the viewer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Why not.
    pub reason: RefusalReason,
    /// Plain text for the viewer.
    pub details: Option<String>,
}

/// Why a viewer may not watch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalReason {
    /// More resources than the provider agreed to.
    TooManyResources,
    /// Nobody is signed in.
    ProfileMissing,
    /// The sign-in is over.
    ProfileExpired,
    /// The sign-in was ended early.
    ProfileInvalidated,
    /// The provider says no.
    Denied(DenyReason),
    /// The provider could not be asked.
    Failed(MvpdFailure),
    /// A rule of degradation says no.
    DegradationRule,
    /// The temporary pass is over, used up, or cannot be used at all.
    TemporaryAccess(TrialRefusal),
    /// The permit has no lifetime: neither the provider nor the catalog names one.
    NoLifetime,
    /// The media token could not be signed.
    NoToken,
}

impl From<RefusalReason> for Refusal {
    fn from(reason: RefusalReason) -> Self {
        Self { reason, details: None }
    }
}

/// How long a viewer may watch without anybody being asked again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permit {
    /// Since when it holds.
    pub not_before: Timestamp,
    /// Until when it holds.
    pub not_after: Timestamp,
    /// Who set its end.
    pub lifetime: Lifetime,
    /// The request it was decided for.
    pub trace: TraceId,
}

impl Permit {
    /// The permit, ending at `end` if it would not end before.
    pub(crate) fn ending_by(self, end: Timestamp, lifetime: Lifetime) -> Self {
        if self.not_after <= end { self } else { Self { not_after: end, lifetime, ..self } }
    }
}

/// `details` as they may leave the house: plain text without control characters, of bounded length.
pub(crate) fn plain_details(details: Option<String>) -> Option<String> {
    const CHARS_MAX: usize = 1_024;
    let text: String = details?
        .chars()
        .map(|character| if character.is_control() { ' ' } else { character })
        .take(CHARS_MAX)
        .collect();
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// `stored` with what came with an authorization; nothing when that changes nothing.
pub(crate) fn refreshed(
    stored: &Map<String, Value>,
    delivered: Map<String, Value>,
) -> Option<Map<String, Value>> {
    let mut merged = stored.clone();
    for (key, news) in delivered {
        match (merged.get_mut(&key), news) {
            // A provider that tells one rating has not taken back the other.
            (Some(Value::Object(known)), Value::Object(news)) => known.extend(news),
            (_, news) => drop(merged.insert(key, news)),
        }
    }
    (merged != *stored).then_some(merged)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_are_plain_text_or_absent() {
        let clean = |text: &str| plain_details(Some(text.to_owned()));
        assert_eq!(clean("Upgrade\r\nneeded\0").as_deref(), Some("Upgrade  needed"));
        assert_eq!(clean(" \n "), None);
        assert_eq!(plain_details(None), None);
        assert_eq!(clean(&"x".repeat(5_000)).map(|text| text.len()), Some(1_024));
    }

    #[test]
    fn only_news_change_the_profile() {
        let stored = serde_json::json!({"zip": "1", "language": "en"});
        let stored = stored.as_object().unwrap();
        let same = serde_json::json!({"zip": "1"}).as_object().cloned().unwrap();
        assert_eq!(refreshed(stored, same), None);
        let news = serde_json::json!({"zip": "2"}).as_object().cloned().unwrap();
        let merged = refreshed(stored, news).unwrap();
        assert_eq!(Value::from(merged), serde_json::json!({"zip": "2", "language": "en"}));

        let stored = serde_json::json!({"maxRating": {"MPAA": "R", "VCHIP": "TV-14"}});
        let news = serde_json::json!({"maxRating": {"VCHIP": "TV-MA"}});
        let merged = refreshed(stored.as_object().unwrap(), news.as_object().cloned().unwrap());
        let both = serde_json::json!({"maxRating": {"MPAA": "R", "VCHIP": "TV-MA"}});
        assert_eq!(merged.map(Value::from), Some(both));
    }
}
