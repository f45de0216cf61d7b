//! The world in which proposed policies are tried.

use std::collections::{BTreeMap, BTreeSet};

use usher_core::{ApplicationId, TenantId, Timestamp};
use usher_registry::{Catalog, CatalogError, Policy, Snapshot, StreamApplication, Tenant};

use crate::evaluate::required;

/// What events tell of a stream's metadata. Everything else a policy may look at is lost.
const RECORDED: [&str; 2] = ["channel", "platform"];

/// Policies on trial.
#[derive(Clone, Debug)]
pub struct Proposal {
    /// The policies, all of which apply to each application.
    pub policies: Vec<Policy>,
    /// The applications they apply to; all when empty. Streams of others are left out.
    pub applications: BTreeSet<ApplicationId>,
}

/// Why a proposal cannot be tried.
#[derive(Debug, thiserror::Error)]
pub enum SimulateError {
    /// The policies contradict themselves or each other.
    #[error(transparent)]
    Policies(#[from] CatalogError),
    /// A policy looks at what events do not tell.
    #[error("the policies look at `{0}`, which recorded events do not tell: leave those rules out")]
    Unrecorded(String),
    /// A named application did nothing.
    #[error("nothing was recorded of application `{0}`")]
    NoSuchApplication(ApplicationId),
}

impl Proposal {
    /// A revision in which `recorded` applications, of these tenants, follow the proposal.
    pub(super) fn try_out(
        &self,
        recorded: BTreeMap<ApplicationId, TenantId>,
    ) -> Result<Snapshot, SimulateError> {
        if let Some(missing) = self.applications.iter().find(|it| !recorded.contains_key(*it)) {
            return Err(SimulateError::NoSuchApplication(missing.clone()));
        }
        let owners = self.policies.iter().map(|policy| policy.owner.clone());
        let tenants: BTreeSet<_> = recorded.values().cloned().chain(owners).collect();
        let is_meant =
            |id: &ApplicationId| self.applications.is_empty() || self.applications.contains(id);
        let catalog = Catalog {
            tenants: tenants
                .into_iter()
                .map(|id| Tenant { id, organization: None, disabled: false })
                .collect(),
            stream_applications: recorded
                .into_iter()
                .filter(|(id, _)| is_meant(id))
                .map(|(id, tenant)| self.application(id, tenant))
                .collect(),
            policies: self.policies.clone(),
            ..Catalog::default()
        };
        let snapshot = Snapshot::check(catalog, Timestamp::default())?;
        let lost = snapshot
            .stream_applications()
            .flat_map(|application| required(&snapshot, application))
            .find(|name| !RECORDED.contains(&name.as_str()));
        lost.map_or(Ok(snapshot), |name| Err(SimulateError::Unrecorded(name)))
    }

    fn application(&self, id: ApplicationId, tenant: TenantId) -> StreamApplication {
        StreamApplication {
            name: id.to_string(),
            id,
            tenant,
            platform: None,
            disabled: false,
            heartbeat_interval: None,
            activity_window: None,
            policies: self.policies.iter().map(|policy| policy.name.clone()).collect(),
        }
    }
}
