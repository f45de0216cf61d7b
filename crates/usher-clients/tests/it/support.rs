//! A small world: two applications of two companies, and one that is switched off.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use usher_clients::{Clients, ClientsConfig, Credentials, Registered, Registration, TokenAsk};
use usher_core::Timestamp;
use usher_jose::{OsEntropy, Patience, RsaKey, Signer, SigningKey, SigningPool};
use usher_registry::{Catalog, Registry, Snapshot};
use usher_testkit::{ManualClock, MemoryClients};

const CATALOG: &str = r#"
    [[media_companies]]
    id = "acme"
    name = "Acme Media"
    custom_schemes = ["adbe.acme"]

    [[service_providers]]
    id = "REF30"
    name = "Reference"
    media_company = "acme"
    domains = [{ name = "acme.example" }]

    [[service_providers]]
    id = "KIDS1"
    name = "Kids"
    media_company = "acme"
    domains = []

    [[applications]]
    id = "tv"
    name = "Acme TV"
    assigned = { service_providers = ["REF30"] }
    scopes = ["api:client:v2", "analytics:client"]

    [[applications]]
    id = "no-grant"
    name = "Without a grant"
    assigned = { service_providers = ["REF30"] }
    scopes = ["api:client:v2"]
    grant_types = []
"#;

/// RSA keys are slow to make, so all worlds share these.
static KEYS: LazyLock<[Arc<SigningKey>; 2]> =
    LazyLock::new(|| std::array::from_fn(|_| Arc::new(RsaKey::generate().unwrap().into())));

pub(crate) const TTL: Duration = Duration::from_hours(6);

pub(crate) struct World {
    pub(crate) clients: Clients,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) store: Arc<MemoryClients>,
    registry: Arc<Registry>,
}

impl World {
    pub(crate) fn new() -> Self {
        let clock = Arc::new(ManualClock::default());
        let registry = Arc::new(Registry::new(snapshot(CATALOG)));
        let store = Arc::new(MemoryClients::default());
        let [statement_key, token_key] = KEYS.clone();
        let config = ClientsConfig {
            issuer: "usher".into(),
            accepted_issuers: Vec::new(),
            access_token_ttl: TTL,
            statement_key,
            token_signer: Signer::new(
                token_key,
                SigningPool::new(1, 8, Patience::endless()).unwrap(),
            ),
            former_statement_keys: Vec::new(),
            former_token_keys: Vec::new(),
        };
        let clients = Clients::new(
            config,
            store.clone(),
            Arc::clone(&registry),
            clock.clone(),
            Arc::new(OsEntropy),
        );
        Self { clients, clock, store, registry }
    }

    /// Makes the application `id` have `status`.
    pub(crate) fn set_status(&self, id: &str, status: &str) {
        let line = format!("id = \"{id}\"");
        let changed = CATALOG.replace(&line, &format!("{line}\nstatus = \"{status}\""));
        self.registry.replace(snapshot(&changed));
    }

    pub(crate) async fn registered(&self, software: &str) -> Registered {
        let software_statement = self.clients.mint_statement(&software.into()).unwrap();
        let ask = Registration { software_statement, redirect_uris: Vec::new() };
        self.clients.register(ask).await.unwrap()
    }

    /// A token of a fresh client of the application `tv`.
    pub(crate) async fn token(&self) -> String {
        let ask = ask(&self.registered("tv").await);
        let issued = self.clients.issue_token(ask).await.unwrap();
        issued.access_token.expose().clone()
    }
}

pub(crate) fn ask(registered: &Registered) -> TokenAsk {
    let credentials = Credentials {
        client_id: registered.client_id.clone(),
        client_secret: registered.client_secret.clone(),
    };
    TokenAsk { credentials, scope: None }
}

fn snapshot(catalog: &str) -> Snapshot {
    Snapshot::check(Catalog::from_toml(catalog).unwrap(), Timestamp::default()).unwrap()
}
