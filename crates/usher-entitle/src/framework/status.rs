//! What a framework says about the viewer (`AP-Partner-Framework-Status`, `pass-rest-v2` §3.8).

use serde_json::Value;
use usher_core::{MvpdId, Timestamp};

/// What the application passes on from the framework. Nothing of it is proven: it only keeps an
/// application from acting against what the viewer has allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrameworkStatus {
    access: Access,
    provider: Option<String>,
    expiration: Expiration,
}

/// Whether the viewer lets the application ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Access {
    /// Not said.
    Unsaid,
    Granted,
    Withheld,
    Undetermined,
}

/// When the viewer's sign-in at the framework ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expiration {
    /// Not said, as before the first sign-in at the framework.
    Unsaid,
    At(Timestamp),
    Unreadable,
}

/// Why a status allows nothing. The first of these that applies counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum StatusDefect {
    /// There is no status, or it does not mention the permission.
    #[error("the status says nothing about the viewer's permission")]
    AccessNotPresent,
    /// The viewer was not asked yet.
    #[error("the viewer has not decided about the permission")]
    AccessNotDetermined,
    /// The viewer, or the device's owner, said no.
    #[error("the viewer has not given the permission")]
    AccessNotGranted,
    /// It names no provider, or none that is known here.
    #[error("the status names no provider that is known here")]
    ProviderNotDetermined,
    /// It names another provider than the request.
    #[error("the status names another provider")]
    ProviderMismatch,
    /// The viewer's sign-in at the framework is over.
    #[error("the viewer's sign-in at the framework is over")]
    ProviderExpired,
}

impl FrameworkStatus {
    /// The status in a JSON document, if it is an object.
    pub fn from_json(json: &[u8]) -> Option<Self> {
        let document: Value = serde_json::from_slice(json).ok().filter(Value::is_object)?;
        let access = access(document.pointer("/frameworkPermissionInfo/accessStatus"));
        let provider = document.pointer("/frameworkProviderInfo/id").and_then(Value::as_str);
        let provider = provider.map(str::trim).filter(|id| !id.is_empty()).map(str::to_owned);
        let expiration = expiration(document.pointer("/frameworkProviderInfo/expirationDate"));
        Some(Self { access, provider, expiration })
    }

    /// The provider it names, as the partner knows it.
    pub fn provider(&self) -> Option<&str> {
        self.provider.as_deref()
    }

    /// Whether it allows to act at `now` for the viewer of `mapped`, which is who stands behind
    /// [`Self::provider`]. `addressed` is the provider that the request is about, when it says so.
    pub fn check(
        &self,
        mapped: Option<&MvpdId>,
        addressed: Option<&MvpdId>,
        now: Timestamp,
    ) -> Result<(), StatusDefect> {
        match self.access {
            Access::Unsaid => return Err(StatusDefect::AccessNotPresent),
            Access::Undetermined => return Err(StatusDefect::AccessNotDetermined),
            Access::Withheld => return Err(StatusDefect::AccessNotGranted),
            Access::Granted => {}
        }
        let mapped = mapped.ok_or(StatusDefect::ProviderNotDetermined)?;
        if addressed.is_some_and(|addressed| addressed != mapped) {
            return Err(StatusDefect::ProviderMismatch);
        }
        match self.expiration {
            Expiration::Unreadable => Err(StatusDefect::ProviderExpired),
            Expiration::At(end) if end < now => Err(StatusDefect::ProviderExpired),
            Expiration::At(_) | Expiration::Unsaid => Ok(()),
        }
    }
}

fn access(value: Option<&Value>) -> Access {
    match value {
        None | Some(Value::Null) => Access::Unsaid,
        Some(Value::String(word)) => match word.trim() {
            "granted" => Access::Granted,
            "denied" | "restricted" => Access::Withheld,
            _ => Access::Undetermined,
        },
        Some(_) => Access::Undetermined,
    }
}

/// Milliseconds, documented as text and accepted as a number, too.
fn expiration(value: Option<&Value>) -> Expiration {
    let at = |millis| Expiration::At(Timestamp::from_millis(millis));
    match value {
        None | Some(Value::Null) => Expiration::Unsaid,
        Some(Value::String(text)) if text.trim().is_empty() => Expiration::Unsaid,
        Some(Value::String(text)) => text.trim().parse().map_or(Expiration::Unreadable, at),
        Some(Value::Number(number)) => number.as_i64().map_or(Expiration::Unreadable, at),
        Some(_) => Expiration::Unreadable,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_765_000_000);

    fn checked(document: &Value) -> Option<Result<(), StatusDefect>> {
        let status = FrameworkStatus::from_json(document.to_string().as_bytes())?;
        let opco = MvpdId::from("OpCo");
        let mapped = status.provider().filter(|id| *id == "opco-partner").map(|_| &opco);
        Some(status.check(mapped, Some(&opco), NOW))
    }

    #[test]
    fn the_first_defect_counts() {
        let provider = |id: &str, end: Value| json!({ "id": id, "expirationDate": end });
        let later = json!("1893456000000");
        for (access, provider, expected) in [
            (json!("granted"), provider("opco-partner", later.clone()), Ok(())),
            (json!("granted"), json!({ "id": "opco-partner" }), Ok(())),
            (json!("granted"), provider("opco-partner", json!("")), Ok(())),
            (json!("granted"), provider("opco-partner", json!(1_893_456_000_000_i64)), Ok(())),
            (
                json!("granted"),
                provider("opco-partner", json!("1000")),
                Err(StatusDefect::ProviderExpired),
            ),
            (
                json!("granted"),
                provider("opco-partner", json!("soon")),
                Err(StatusDefect::ProviderExpired),
            ),
            (
                json!("granted"),
                provider("nobody", later.clone()),
                Err(StatusDefect::ProviderNotDetermined),
            ),
            (json!("granted"), json!({}), Err(StatusDefect::ProviderNotDetermined)),
            (json!("denied"), json!({}), Err(StatusDefect::AccessNotGranted)),
            (json!("restricted"), json!({}), Err(StatusDefect::AccessNotGranted)),
            (json!("notDetermined"), json!({}), Err(StatusDefect::AccessNotDetermined)),
            (json!("GRANTED?"), json!({}), Err(StatusDefect::AccessNotDetermined)),
            (json!(1), json!({}), Err(StatusDefect::AccessNotDetermined)),
        ] {
            let document = json!({
                "frameworkPermissionInfo": { "accessStatus": access },
                "frameworkProviderInfo": provider,
            });
            assert_eq!(checked(&document), Some(expected), "{document}");
        }
    }

    #[test]
    fn without_a_word_about_the_permission_there_is_none() {
        for document in [
            json!({}),
            json!({ "frameworkPermissionInfo": {} }),
            json!({ "frameworkPermissionInfo": { "accessStatus": null } }),
            json!({ "frameworkProviderInfo": { "id": "opco-partner" } }),
        ] {
            assert_eq!(checked(&document), Some(Err(StatusDefect::AccessNotPresent)), "{document}");
        }
        for document in [json!(null), json!([]), json!("granted")] {
            assert_eq!(checked(&document), None, "{document}");
        }
    }

    #[test]
    fn a_provider_that_is_not_the_addressed_one_is_a_mismatch() {
        let text = br#"{"frameworkPermissionInfo":{"accessStatus":"granted"}}"#;
        let status = FrameworkStatus::from_json(text).unwrap();
        let (opco, other) = (MvpdId::from("OpCo"), MvpdId::from("Cablevision"));
        let checked = status.check(Some(&opco), Some(&other), NOW);
        assert_eq!(checked, Err(StatusDefect::ProviderMismatch));
        assert_eq!(status.check(Some(&opco), None, NOW), Ok(()));
    }

    proptest! {
        #[test]
        fn whatever_is_sent_is_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = FrameworkStatus::from_json(&bytes);
        }

        #[test]
        fn any_end_is_read_without_harm(end in "\\PC{0,30}") {
            let document = json!({
                "frameworkPermissionInfo": { "accessStatus": "granted" },
                "frameworkProviderInfo": { "id": "opco-partner", "expirationDate": end },
            });
            let said = end.trim();
            let lives = said.is_empty()
                || said.parse::<i64>().is_ok_and(|end| Timestamp::from_millis(end) >= NOW);
            prop_assert_eq!(checked(&document).unwrap().is_ok(), lives);
        }
    }
}
