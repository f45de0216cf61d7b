//! Events as `wolap.md` §17 names them.

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use usher_core::Timestamp;

/// An attribute. Most are short or constants, and no event has less than a dozen of them: those cost no
/// memory of their own.
pub type Text = SmolStr;

/// Anything a service reports. One immutable record each.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Event {
    /// An entitlement event (`wolap.md` §17.1), behind ESM reports.
    Entitlement(Box<EntitlementEvent>),
    /// A stream event (`wolap.md` §17.2), behind CMU reports.
    Stream(Box<StreamEvent>),
}

impl Event {
    /// The event's identity: the same id delivered twice is counted once.
    pub fn id(&self) -> &str {
        match self {
            Self::Entitlement(event) => &event.event_id,
            Self::Stream(event) => &event.event_id,
        }
    }

    /// When it happened.
    pub fn at(&self) -> Timestamp {
        match self {
            Self::Entitlement(event) => event.ts,
            Self::Stream(event) => event.ts,
        }
    }
}

/// The entitlement events (`wolap.md` §17.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EntitlementEventName {
    /// A user was sent to the MVPD's sign-in page.
    AuthnAttempt,
    /// The MVPD's positive answer arrived and a profile was made.
    AuthnPending,
    /// The application fetched that profile for the first time.
    AuthnGranted,
    /// An external authentication system answered with a failure.
    AuthnFailed,
    /// A clientless token call delivered a token.
    ClientlessTokenGranted,
    /// A clientless token call found none.
    ClientlessTokenFailed,
    /// Authorization was needed and none was cached.
    AuthzAttempt,
    /// The MVPD (or a rule) permits.
    AuthzGranted,
    /// The MVPD denies, or the authorization errored.
    AuthzFailed,
    /// Abuse protection refused before the MVPD was called.
    AuthzRejected,
    /// A media token was issued.
    MediaToken,
    /// A media token was asked for and refused.
    MediaTokenFailed,
    /// A preauthorization was asked of the MVPD.
    PreauthzAttempt,
    /// It permitted.
    PreauthzGranted,
    /// It denied.
    PreauthzDenied,
    /// It errored.
    PreauthzFailed,
    /// A logout was started.
    LogoutAttempt,
    /// A logout came to its end.
    LogoutCompleted,
    /// A logout failed.
    LogoutFailed,
    /// One decision of the decisions API (extended).
    Decision,
}

impl EntitlementEventName {
    /// The name as it stands in event files and `event` reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AuthnAttempt => "authn-attempt",
            Self::AuthnPending => "authn-pending",
            Self::AuthnGranted => "authn-granted",
            Self::AuthnFailed => "authn-failed",
            Self::ClientlessTokenGranted => "clientless-token-granted",
            Self::ClientlessTokenFailed => "clientless-token-failed",
            Self::AuthzAttempt => "authz-attempt",
            Self::AuthzGranted => "authz-granted",
            Self::AuthzFailed => "authz-failed",
            Self::AuthzRejected => "authz-rejected",
            Self::MediaToken => "media-token",
            Self::MediaTokenFailed => "media-token-failed",
            Self::PreauthzAttempt => "preauthz-attempt",
            Self::PreauthzGranted => "preauthz-granted",
            Self::PreauthzDenied => "preauthz-denied",
            Self::PreauthzFailed => "preauthz-failed",
            Self::LogoutAttempt => "logout-attempt",
            Self::LogoutCompleted => "logout-completed",
            Self::LogoutFailed => "logout-failed",
            Self::Decision => "decision",
        }
    }

    /// The event of that name.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "authn-attempt" => Self::AuthnAttempt,
            "authn-pending" => Self::AuthnPending,
            "authn-granted" => Self::AuthnGranted,
            "authn-failed" => Self::AuthnFailed,
            "clientless-token-granted" => Self::ClientlessTokenGranted,
            "clientless-token-failed" => Self::ClientlessTokenFailed,
            "authz-attempt" => Self::AuthzAttempt,
            "authz-granted" => Self::AuthzGranted,
            "authz-failed" => Self::AuthzFailed,
            "authz-rejected" => Self::AuthzRejected,
            "media-token" => Self::MediaToken,
            "media-token-failed" => Self::MediaTokenFailed,
            "preauthz-attempt" => Self::PreauthzAttempt,
            "preauthz-granted" => Self::PreauthzGranted,
            "preauthz-denied" => Self::PreauthzDenied,
            "preauthz-failed" => Self::PreauthzFailed,
            "logout-attempt" => Self::LogoutAttempt,
            "logout-completed" => Self::LogoutCompleted,
            "logout-failed" => Self::LogoutFailed,
            "decision" => Self::Decision,
            _ => return None,
        })
    }
}

/// Declares an event: the members every file must have, then the optional ones.
macro_rules! event {
    ($(#[$doc:meta])* $name:ident {
        required { $($required:ident: $required_kind:ty,)* }
        optional { $($optional:ident: $optional_kind:ty,)* }
    }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[expect(missing_docs, reason = "the field names are the contract's attribute names")]
        pub struct $name {
            /// Empty until the journal or the importer gives one.
            #[serde(default, skip_serializing_if = "String::is_empty")]
            pub event_id: String,
            pub ts: Timestamp,
            $(pub $required: $required_kind,)*
            $(
                #[serde(default, skip_serializing_if = "Option::is_none")]
                pub $optional: Option<$optional_kind>,
            )*
        }
    };
}

event! {
    /// One entitlement event. Absent attributes are reported as `Unknown`, `N/A` or `None`
    /// (`wolap.md` §5; contracts README, clarification 19).
    EntitlementEvent {
        required {
            event: EntitlementEventName,
            media_company: Text,
            requestor_id: Text,
            mvpd: Text,
        }
        optional {
            dc: Text,
            proxy: Text,
            platform: Text,
            nsdk: Text,
            nsdk_version: Text,
            cdt: Text,
            platform_version: Text,
            eap: Text,
            device: Text,
            os_family: Text,
            os_type: Text,
            browser_family: Text,
            browser_version: Text,
            application_name: Text,
            application_version: Text,
            application_software_id: Text,
            customer_app: Text,
            api: Text,
            arch: Text,
            reason: Text,
            session_id: Text,
            user_id: Text,
            channel: Text,
            resource_id: Text,
            content_category: Text,
            sso_type: Text,
            token_type: Text,
            latency_ms: u64,
            decision_type: Text,
            decision_outcome: Text,
            token_issued: bool,
            visitor_id: Text,
        }
    }
}

/// The stream events (`wolap.md` §17.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StreamEventName {
    /// A start was accepted.
    SessionStarted,
    /// A start was refused by a policy.
    SessionDenied,
    /// A heartbeat was accepted.
    SessionHeartbeat,
    /// The player stopped the stream.
    SessionStopped,
    /// No heartbeat came until the stream expired.
    SessionExpired,
    /// A heartbeat was refused by a policy, which ended the stream.
    SessionDismissed,
    /// Another start named this stream's termination code.
    SessionKilled,
}

impl StreamEventName {
    /// The name as it stands in event files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SessionStarted => "session-started",
            Self::SessionDenied => "session-denied",
            Self::SessionHeartbeat => "session-heartbeat",
            Self::SessionStopped => "session-stopped",
            Self::SessionExpired => "session-expired",
            Self::SessionDismissed => "session-dismissed",
            Self::SessionKilled => "session-killed",
        }
    }

    /// The event of that name.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "session-started" => Self::SessionStarted,
            "session-denied" => Self::SessionDenied,
            "session-heartbeat" => Self::SessionHeartbeat,
            "session-stopped" => Self::SessionStopped,
            "session-expired" => Self::SessionExpired,
            "session-dismissed" => Self::SessionDismissed,
            "session-killed" => Self::SessionKilled,
            _ => return None,
        })
    }
}

event! {
    /// One stream event. Session attributes are frozen at the start.
    StreamEvent {
        required {
            event: StreamEventName,
            tenant: Text,
            application_id: Text,
            mvpd: Text,
            account: Text,
        }
        optional {
            application: Text,
            session_id: Text,
            channel: Text,
            platform: Text,
            superseded: Vec<Text>,
            policy: Text,
            rule: Text,
            killer_session_id: Text,
            last_activity: Timestamp,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_file_line_reads_as_the_event_it_names() -> Result<(), serde_json::Error> {
        let line = r#"{"event":"authn-attempt","ts":1,"media_company":"acme","requestor_id":"REF30","mvpd":"OpCo"}"#;
        let Event::Entitlement(event) = serde_json::from_str(line)? else {
            panic!("an authn event is an entitlement event");
        };
        assert_eq!(event.event, EntitlementEventName::AuthnAttempt);
        assert_eq!(event.dc, None);

        let line = r#"{"event":"session-denied","ts":1,"tenant":"acme","application_id":"a","mvpd":"m","account":"u"}"#;
        assert!(matches!(serde_json::from_str(line)?, Event::Stream(_)));
        Ok(())
    }
}
