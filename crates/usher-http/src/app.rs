//! What handlers work with: the services, and nothing else.

use std::ops::Deref;
use std::sync::Arc;

use usher_clients::Clients;
use usher_core::{Clock, Entropy};
use usher_entitle::{Entitlement, Privacy, UserAgents};
use usher_mvpd::DemoProviders;
use usher_registry::{ChangesLog, Proxies, Registry};
use usher_reports::Reports;
use usher_streams::Streams;

use crate::health::Readiness;
use crate::settings::HttpSettings;

/// The application state of every handler. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Parts>);

/// The parts an [`App`] is made of; wired once, at start-up.
#[expect(missing_docs, reason = "each field is named for the service it holds")]
pub struct Parts {
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
    pub registry: Arc<Registry>,
    pub clients: Arc<Clients>,
    pub entitlement: Arc<Entitlement>,
    pub privacy: Arc<Privacy>,
    pub streams: Arc<Streams>,
    pub reports: Arc<Reports>,
    pub changes: Arc<dyn ChangesLog>,
    pub user_agents: UserAgents,
    pub proxies: Arc<Proxies>,
    /// The built-in TV providers; only in the demo world.
    pub demo: Option<Arc<DemoProviders>>,
    pub settings: HttpSettings,
    pub readiness: Readiness,
}

impl App {
    /// Puts `parts` together.
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}
