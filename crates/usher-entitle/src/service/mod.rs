//! The entitlement service: one method per operation of the API.
//!
//! Each operation gathers what it needs, decides by plain functions, records what changed, tells the
//! reports, and answers. Wire formats, error codes and protocols towards providers are not known here.

mod authorize;
mod configuration;
mod create_session;
mod decide;
mod degradation;
mod explain;
mod forget;
mod framework;
mod logout;
mod preauthorize;
mod profiles;
mod resume_session;
mod ruled;
mod sign_in;
mod sso;
mod sso_service;
mod temp_pass;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use moka::sync::Cache;
use usher_core::{Clock, DeviceId, Entropy, Secret, StoreError, Timestamp};
use usher_jose::{SealError, SealingKey, Signer, VerificationKeys};
use usher_registry::{ChangesLog, Mvpd, Registry, ServiceProvider, Snapshot};
use usher_reports::{Event, EventJournal};

use crate::call::Call;
use crate::config::EntitlementConfig;
use crate::degradation::{Degradation, DegradationStore, HISTORY};
use crate::events::Reporter;
use crate::explain::Explanations;
use crate::framework::FrameworkSignIns;
use crate::media_token::Mint;
use crate::metadata::MetadataKeys;
use crate::mvpd::{MvpdAuthorization, MvpdSignIn};
use crate::permits::Permits;
use crate::profile::Profile;
use crate::profiles_cache::Profiles;
use crate::pseudonym::Pseudonyms;
use crate::sealed::Sealed;
use crate::session::Origin;
use crate::sso::{MistakeGuard, SsoAccount, SsoStore, TokenReader};
use crate::store::{ProfileStore, SessionStore, UsedAssertions};
use crate::temp_pass::{Pass, TrialStore};

pub use configuration::{Configuration, ConfiguredMvpd, PartnerSso};
pub use create_session::{
    AuthorizeReason, CreateSessionError, GivenParameters, NextStep, SessionAnswer, Ticket,
};
pub use decide::{DecisionAsk, DecisionError};
pub use degradation::{DegradationError, RuleOwner, RuleSelection, RuleTerms};
pub use framework::{BeginFrameworkError, Fallback, FinishFrameworkError, FrameworkAnswer};
pub use logout::{LogoutAnswer, LogoutError, LogoutStep, ProviderLogoutError};
pub use profiles::{ProfileError, ProfileKind, ProfileView};
pub use resume_session::{ResumeSessionError, SessionError, SessionView};
pub use sign_in::{BeginSignInError, FinishSignInError, SignInStep};
pub use sso_service::{ServiceToken, SsoDevice, SsoIdentity, SsoServiceError};
pub use temp_pass::{TrialReset, TrialResetError};

/// Passes whose scheduled resets are remembered: more than any catalog plausibly has.
const PASSES_MAX: u64 = 10_000;

/// Viewers of our own single-sign-on service that are remembered.
const ACCOUNTS_MAX: u64 = 50_000;
/// How long what is known of their devices is believed: how late a device that another process unlinked
/// is noticed.
const BINDING_BELIEVED: Duration = Duration::from_secs(10);

/// What the service is made of: the world it needs, as ports.
#[expect(missing_docs, reason = "each field is named for its port")]
pub struct EntitlementPorts {
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
    pub registry: Arc<Registry>,
    pub sessions: Arc<dyn SessionStore>,
    pub profiles: Arc<dyn ProfileStore>,
    pub trials: Arc<dyn TrialStore>,
    pub assertions: Arc<dyn UsedAssertions>,
    pub degradation: Arc<dyn DegradationStore>,
    pub sso: Arc<dyn SsoStore>,
    pub framework_sign_ins: Arc<dyn FrameworkSignIns>,
    pub changes: Arc<dyn ChangesLog>,
    pub sign_in: Arc<dyn MvpdSignIn>,
    pub authorization: Arc<dyn MvpdAuthorization>,
    pub journal: Arc<dyn EventJournal>,
    pub explanations: Arc<dyn Explanations>,
    /// Signs media tokens: an RSA key for the documented form, any key for the JWS form.
    pub media_token_signer: Signer,
    /// Signs the tokens of our own single-sign-on service (RSA).
    pub service_token_signer: Signer,
    /// Seals what providers entrust to us.
    pub sealing: SealingKey,
}

/// Authentication sessions, profiles, decisions and media tokens.
pub struct Entitlement {
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    registry: Arc<Registry>,
    sessions: Arc<dyn SessionStore>,
    profiles: Profiles,
    trials: Arc<dyn TrialStore>,
    /// The scheduled resets that are known to be done.
    daily_resets: Cache<Pass, Timestamp>,
    assertions: Arc<dyn UsedAssertions>,
    degradation: Degradation,
    changes: Arc<dyn ChangesLog>,
    permits: Permits,
    sign_in: Arc<dyn MvpdSignIn>,
    authorization: Arc<dyn MvpdAuthorization>,
    journal: Arc<dyn EventJournal>,
    explanations: Arc<dyn Explanations>,
    mint: Mint,
    sealing: SealingKey,
    metadata_keys: MetadataKeys,
    sso_tokens: TokenReader,
    sso_store: Arc<dyn SsoStore>,
    framework_sign_ins: Arc<dyn FrameworkSignIns>,
    service_tokens: Signer,
    /// What is known of the devices of viewers seen lately.
    bound_devices: Cache<SsoAccount, Arc<[DeviceId]>>,
    code_guards: (MistakeGuard<DeviceId>, MistakeGuard<IpAddr>),
    pseudonyms: Pseudonyms,
    config: EntitlementConfig,
}

impl Entitlement {
    /// The service on these ports.
    pub fn new(ports: EntitlementPorts, config: EntitlementConfig) -> Self {
        Self {
            clock: ports.clock,
            entropy: ports.entropy,
            registry: ports.registry,
            sessions: ports.sessions,
            profiles: Profiles::new(ports.profiles),
            trials: ports.trials,
            daily_resets: Cache::new(PASSES_MAX),
            assertions: ports.assertions,
            degradation: Degradation::new(ports.degradation),
            changes: ports.changes,
            permits: Permits::new(),
            sign_in: ports.sign_in,
            authorization: ports.authorization,
            journal: ports.journal,
            explanations: ports.explanations,
            mint: Mint::new(config.media_token_format, &config.issuer, ports.media_token_signer),
            sealing: ports.sealing,
            metadata_keys: MetadataKeys::new(),
            sso_store: ports.sso,
            framework_sign_ins: ports.framework_sign_ins,
            bound_devices: Cache::builder()
                .max_capacity(ACCOUNTS_MAX)
                .time_to_live(BINDING_BELIEVED)
                .build(),
            code_guards: (MistakeGuard::new(), MistakeGuard::new()),
            sso_tokens: TokenReader::new(VerificationKeys::new([ports
                .service_token_signer
                .public()
                .clone()])),
            service_tokens: ports.service_token_signer,
            pseudonyms: Pseudonyms::new(config.pseudonym_key.clone()),
            config,
        }
    }

    /// Forgets sessions, sign-outs, tombstones, assertions, trials and rules whose time is over; returns
    /// how many. Worth calling now and then: nothing depends on it but the size of the store.
    pub async fn sweep(&self) -> Result<u64, StoreError> {
        let now = self.clock.now();
        let signed_in = self.sessions.sweep(now).await? + self.profiles.store().sweep(now).await?;
        let links = self.sso_store.sweep(now).await? + self.framework_sign_ins.sweep(now).await?;
        let rules = self.degradation.store().sweep(now - HISTORY).await?;
        let others = self.assertions.sweep(now).await? + links + rules;
        Ok(signed_in + others + self.trials.sweep(self.trials_over_at(now)).await?)
    }

    fn reporter<'r>(&'r self, call: &'r Call, mvpd: &'r Mvpd, now: Timestamp) -> Reporter<'r> {
        self.reporter_for(&call.snapshot, &call.service_provider, mvpd, (&call.origin, now))
    }

    fn reporter_for<'r>(
        &'r self,
        snapshot: &'r Snapshot,
        channel: &'r ServiceProvider,
        mvpd: &'r Mvpd,
        (origin, now): (&'r Origin, Timestamp),
    ) -> Reporter<'r> {
        let entropy = self.entropy.as_ref();
        let (region, platform) = (&self.config.region, None);
        Reporter { entropy, region, snapshot, channel, mvpd, origin, platform, now }
    }

    /// Writes `events` down before the answer they belong to leaves.
    ///
    /// A journal that cannot write (a full disk, for instance) does not keep viewers from watching:
    /// the loss is logged for the operator.
    async fn record(&self, events: Vec<Event>) {
        if events.is_empty() {
            return;
        }
        let count = events.len();
        if let Err(error) = self.journal.write(events).await {
            tracing::error!(%error, count, "entitlement events were lost");
        }
    }

    fn pseudonym(&self, profile: &Profile) -> String {
        self.pseudonyms.of(&profile.key.mvpd, &profile.user_id)
    }

    fn seal(&self, secret: &Secret<impl AsRef<[u8]>>, context: &[u8]) -> Result<Sealed, SealError> {
        self.sealing.seal(secret.expose().as_ref(), context).map(Sealed::from_bytes)
    }

    /// What was a text before it was sealed.
    fn open(&self, sealed: &Sealed, context: &[u8]) -> Result<Secret<String>, SealError> {
        let plain = self.sealing.open(sealed.as_bytes(), context)?;
        String::from_utf8(plain.expose().clone()).map(Secret::new).map_err(|_| SealError)
    }

    /// What the provider left for later calls about `profile`. Credentials that cannot be opened (the
    /// sealing key was exchanged) are as good as none.
    fn credentials(&self, profile: &Profile) -> Option<Secret<Vec<u8>>> {
        let sealed = profile.credentials.as_ref()?;
        self.sealing
            .open(sealed.as_bytes(), profile.id.as_bytes())
            .inspect_err(|error| tracing::error!(%error, "sign-in credentials cannot be opened"))
            .ok()
    }
}

impl std::fmt::Debug for Entitlement {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Entitlement").finish_non_exhaustive()
    }
}
