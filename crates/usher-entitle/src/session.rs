//! Authentication sessions: attempts to sign a device in (`pass-rest-v2` §5.1).
//!
//! A session lives until its `not_after`, which never moves. Expired and superseded sessions are
//! indistinguishable from ones that never were, so they have no state of their own: stores do not
//! return them.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use usher_core::{ClientId, DeviceId, MvpdId, ServiceProviderId, SoftwareId, Timestamp};

use crate::code::Code;
use crate::device::DeviceInfo;
use crate::redirect::RedirectUrl;
use crate::sealed::{Sealed, StateDigest};
use crate::sso::SsoSubject;

/// Whose session or profile it is: a device, as one client of one channel sees it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Holder {
    /// The channel.
    pub service_provider: ServiceProviderId,
    /// The application's credentials.
    pub client: ClientId,
    /// The device.
    pub device: DeviceId,
}

/// An attempt to sign a device in.
#[derive(Clone, Debug, PartialEq)]
pub struct AuthenticationSession {
    /// What the viewer may type elsewhere; unique among stored sessions.
    pub code: Code,
    /// For following what happens; no secret. A UUID.
    pub session_id: String,
    /// Who gets the profile.
    pub holder: Holder,
    /// Where the request that created it came from.
    pub origin: Origin,
    /// Who the viewer is according to the request that created it.
    pub subjects: Vec<SsoSubject>,
    /// How far it has come.
    pub stage: Stage,
    /// When it was created.
    pub not_before: Timestamp,
    /// When it ends.
    pub not_after: Timestamp,
}

/// Where a request comes from, as far as later steps and reports need it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Origin {
    /// The device.
    pub device_info: DeviceInfo,
    /// Its public address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_ip: Option<IpAddr>,
    /// The port it calls from, when it called us itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_port: Option<u16>,
    /// The registered application.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub software: Option<SoftwareId>,
    /// The analytics id of the visitor (`pass-rest-v2` §3.10).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub visitor_id: Option<String>,
}

/// How far a session has come.
#[derive(Clone, Debug, PartialEq)]
pub enum Stage {
    /// Something is still missing.
    Incomplete(Parameters),
    /// The viewer can be sent to the provider.
    Ready(Target),
    /// The viewer was sent to the provider.
    InLogin(Target, Login),
    /// The profile is stored.
    Completed(Target),
}

impl Stage {
    /// The first stage of a session with these parameters.
    pub fn of(parameters: Parameters) -> Self {
        match parameters.clone().complete() {
            Some(target) => Self::Ready(target),
            None => Self::Incomplete(parameters),
        }
    }

    /// What is known so far.
    pub fn parameters(&self) -> Parameters {
        match self {
            Self::Incomplete(parameters) => parameters.clone(),
            Self::Ready(target) | Self::InLogin(target, _) | Self::Completed(target) => {
                Parameters::from(target.clone())
            }
        }
    }
}

/// What a session must know before the viewer can sign in; each may still be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameters {
    /// The TV provider.
    pub mvpd: Option<MvpdId>,
    /// The domain of the application that performs the sign-in.
    pub domain_name: Option<String>,
    /// Where the viewer lands in the end.
    pub redirect_url: Option<RedirectUrl>,
}

/// The name of a parameter on the wire (`pass-rest-v2` §7.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "named for the members of Parameters")]
pub enum ParameterName {
    Mvpd,
    DomainName,
    RedirectUrl,
}

impl Parameters {
    /// Those still missing, in the contract's order.
    pub fn missing(&self) -> Vec<ParameterName> {
        let gaps = [
            (self.mvpd.is_none(), ParameterName::Mvpd),
            (self.domain_name.is_none(), ParameterName::DomainName),
            (self.redirect_url.is_none(), ParameterName::RedirectUrl),
        ];
        gaps.into_iter().filter_map(|(missing, name)| missing.then_some(name)).collect()
    }

    /// These parameters with those of `given` on top.
    #[must_use]
    pub fn overlaid_with(self, given: Self) -> Self {
        Self {
            mvpd: given.mvpd.or(self.mvpd),
            domain_name: given.domain_name.or(self.domain_name),
            redirect_url: given.redirect_url.or(self.redirect_url),
        }
    }

    /// The parameters as a whole, once nothing is missing.
    pub fn complete(self) -> Option<Target> {
        Some(Target {
            mvpd: self.mvpd?,
            domain_name: self.domain_name?,
            redirect_url: self.redirect_url?,
        })
    }
}

/// All parameters of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the members of Parameters")]
pub struct Target {
    pub mvpd: MvpdId,
    pub domain_name: String,
    pub redirect_url: RedirectUrl,
}

impl From<Target> for Parameters {
    fn from(target: Target) -> Self {
        Self {
            mvpd: Some(target.mvpd),
            domain_name: Some(target.domain_name),
            redirect_url: Some(target.redirect_url),
        }
    }
}

/// A sign-in under way at the provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// The reference that must come back with the browser.
    pub state: StateDigest,
    /// What the provider's adapter needs to check the answer.
    pub pending: Sealed,
}

/// A sign-out that has to visit the provider with the viewer's browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingLogout {
    /// The reference in the links.
    pub state: StateDigest,
    /// What the browser does at the provider. It may carry what proves the session, hence sealed.
    pub visit: Sealed,
    /// Where the viewer lands in the end.
    pub redirect_url: RedirectUrl,
    /// When the links stop working.
    pub not_after: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_ready_once_nothing_is_missing() {
        let partly = Parameters { mvpd: Some("OpCo".into()), ..Parameters::default() };
        assert_eq!(partly.missing(), [ParameterName::DomainName, ParameterName::RedirectUrl]);

        let rest = Parameters {
            mvpd: None,
            domain_name: Some("acme.example".into()),
            redirect_url: Some(RedirectUrl::from_stored("https://acme.example/".into())),
        };
        let whole = partly.overlaid_with(rest);
        assert_eq!(whole.missing(), []);
        assert!(matches!(Stage::of(whole), Stage::Ready(_)));
    }

    #[test]
    fn a_value_given_again_replaces_the_stored_one() {
        let stored = Parameters { mvpd: Some("OpCo".into()), ..Parameters::default() };
        let given = Parameters { mvpd: Some("Cablevision".into()), ..Parameters::default() };
        assert_eq!(stored.overlaid_with(given.clone()), given);
    }
}
