//! The service the edge talks to: gathers, lets pure functions decide, has the outcome recorded.
//!
//! The clock is read when a decision is made and not when the call came: decisions of one subject happen
//! one after the other, and so do their instants.

use std::sync::Arc;
use std::time::Duration;

use usher_core::{Clock, Entropy, EntropyExt, Secret, StoreError};
use usher_registry::{Registry, Snapshot, StreamApplication};
use usher_reports::EventJournal;

use crate::beat::{Beat, BeatError, Heartbeat};
use crate::evaluate::{Judge, RequiredMetadata, required};
use crate::events::Reporter;
use crate::list::Listing;
use crate::news::Grain;
use crate::relief::{Relief, ReliefSettings, Stretch};
use crate::start::{Start, StartError, Started, checked};
use crate::stop::{Stop, StopError};
use crate::store::{ActivityStore, Change};
use crate::stream::Pace;
use crate::throttle::Quotas;
use crate::{Activity, Seal, SessionId, Subject, Submission, TerminationCode};

/// Announced unless configured otherwise (`concurrency` §7.3).
const INTERVAL: Duration = Duration::from_mins(1);
/// How much longer than the interval a silent stream lives, unless configured otherwise.
const GRACE: Duration = Duration::from_secs(30);

/// Most sweeps for one call of [`Streams::expire_due`]; the embedded store visits up to 8192
/// subjects in each.
const SWEEPS_MAX: usize = 64;

/// How a deployment limits streams. Applications may have an interval and a window of their own.
#[derive(Clone, Debug)]
pub struct StreamsConfig {
    /// Time between heartbeats; 60 s when absent. Whole seconds, at least one.
    pub heartbeat_interval: Option<Duration>,
    /// Time after which a silent stream is over; interval + 30 s when absent.
    pub activity_window: Option<Duration>,
    /// Limits on calls; `None` lifts them.
    pub throttle: Option<Quotas>,
    /// Whether required attributes with a closed set of values are checked against it.
    pub strict_metadata: bool,
    /// Added to announced intervals: up to so much, at random.
    pub jitter: Duration,
    /// When and how far intervals are stretched.
    pub relief: ReliefSettings,
    /// The shortest period that reports tell apart.
    pub report_grain: Grain,
    /// Key of the [`Seal`]; the same for every node and every run of a deployment.
    pub seal_key: Secret<[u8; 16]>,
}

/// The stream-limiting service.
pub struct Streams {
    store: Arc<dyn ActivityStore>,
    journal: Arc<dyn EventJournal>,
    registry: Arc<Registry>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    config: StreamsConfig,
    seal: Seal,
    relief: Relief,
}

impl std::fmt::Debug for Streams {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Streams").field("config", &self.config).finish_non_exhaustive()
    }
}

/// An application that proved to be known and enabled, with the revision that says so.
#[derive(Clone, Debug)]
pub struct Caller {
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) application: Arc<StreamApplication>,
}

impl Caller {
    /// The calling application.
    pub fn application(&self) -> &StreamApplication {
        &self.application
    }
}

/// Why an application may not call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallerError {
    /// No application has this id.
    #[error("no such application")]
    Unknown,
    /// The application, or its tenant, is switched off.
    #[error("the application is disabled")]
    Disabled,
}

/// What the service stands on besides its settings.
pub struct Ports {
    /// Where streams live.
    pub store: Arc<dyn ActivityStore>,
    /// Where events go that come with no durable change.
    pub journal: Arc<dyn EventJournal>,
    /// Applications and policies.
    pub registry: Arc<Registry>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness for ids.
    pub entropy: Arc<dyn Entropy>,
}

impl Streams {
    /// A service over these ports.
    pub fn new(ports: Ports, config: StreamsConfig) -> Self {
        let Ports { store, journal, registry, clock, entropy } = ports;
        let seal = Seal::new(config.seal_key.clone());
        let relief = Relief::new(config.relief);
        Self { store, journal, registry, clock, entropy, config, seal, relief }
    }

    /// The application `id`, which the rest of the request is about.
    pub fn caller(&self, id: &str) -> Result<Caller, CallerError> {
        let snapshot = self.registry.snapshot();
        let application = snapshot.stream_application(id).ok_or(CallerError::Unknown)?;
        let tenant = snapshot.tenant(&application.tenant);
        if application.disabled || tenant.is_some_and(|tenant| tenant.disabled) {
            return Err(CallerError::Disabled);
        }
        let application = Arc::clone(application);
        Ok(Caller { snapshot, application })
    }

    /// The attributes `caller` must send with every start.
    pub fn metadata(&self, caller: &Caller) -> RequiredMetadata {
        RequiredMetadata {
            names: required(&caller.snapshot, &caller.application),
            revised_at: caller.snapshot.revised_at(),
        }
    }

    /// Starts a stream of `subject`, after ending those named by `codes`: all of it or nothing.
    pub async fn start(
        &self,
        caller: &Caller,
        subject: &Subject,
        submission: &Submission,
        codes: &[TerminationCode],
    ) -> Result<Started, StartError> {
        if !self.store.has_room() {
            return Err(StartError::Full);
        }
        let metadata = checked(caller, submission, self.config.strict_metadata);
        let (pace, salt) =
            (self.pace(&caller.application), u32::from_be_bytes(self.entropy.bytes()));
        let ask = |now| Start {
            reporter: Reporter::new(&caller.snapshot, subject),
            application: &caller.application,
            metadata: &metadata,
            codes,
            pace,
            quota: self.config.throttle.map(|quotas| quotas.per_subject),
            grain: self.config.report_grain,
            seal: &self.seal,
            salt,
            now,
        };
        let mut decided = None;
        self.store
            .change(subject, &mut |_, activity| {
                let outcome = activity.start(&ask(self.clock.now()));
                decided = Some((outcome.answer, outcome.aside));
                outcome.change
            })
            .await?;
        let (answer, denied) = decided.ok_or_else(undecided)?;
        if let Some(denied) = denied {
            self.journal.write(vec![denied]).await?;
        }
        answer
    }

    /// Keeps the stream `session` of `subject` alive and updates its metadata.
    pub async fn beat(
        &self,
        caller: &Caller,
        subject: &Subject,
        session: &str,
        submission: &Submission,
    ) -> Result<Beat, BeatError> {
        let id = self.issued(subject, session).ok_or(BeatError::NeverIssued)?;
        let pace = self.pace(&caller.application);
        let ask = |now| Heartbeat {
            reporter: Reporter::new(&caller.snapshot, subject),
            application: &caller.application,
            id,
            submission,
            pace,
            quota: self.config.throttle.map(|quotas| quotas.per_session),
            grain: self.config.report_grain,
            now,
        };
        let mut decided = None;
        self.store
            .change(subject, &mut |_, activity| {
                let outcome = activity.beat(&ask(self.clock.now()));
                decided = Some((outcome.answer, outcome.aside));
                outcome.change
            })
            .await?;
        let (answer, heard) = decided.ok_or_else(undecided)?;
        if let Some(heard) = heard {
            self.journal.note(heard);
        }
        answer
    }

    /// Ends the stream `session` of `subject`.
    pub async fn stop(
        &self,
        caller: &Caller,
        subject: &Subject,
        session: &str,
    ) -> Result<(), StopError> {
        let id = self.issued(subject, session).ok_or(StopError::NeverIssued)?;
        let ask = |now| Stop {
            reporter: Reporter::new(&caller.snapshot, subject),
            application: &caller.application,
            id,
            quota: self.config.throttle.map(|quotas| quotas.per_session),
            now,
        };
        let mut decided = None;
        self.store
            .change(subject, &mut |_, activity| {
                let outcome = activity.stop(&ask(self.clock.now()));
                decided = Some(outcome.answer);
                outcome.change
            })
            .await?;
        decided.ok_or_else(undecided)?
    }

    /// What `subject` is playing, as `caller` may see it. Changes nothing and is never throttled.
    pub async fn list(&self, caller: &Caller, subject: &Subject) -> Result<Listing, StoreError> {
        let judge = Judge { snapshot: &caller.snapshot, subject };
        let mut listing = None;
        self.store
            .change(subject, &mut |_, activity| {
                listing = Some(activity.list(judge, &caller.application, self.clock.now()));
                Change::None
            })
            .await?;
        listing.ok_or_else(undecided)
    }

    /// Whether there is memory for more streams; starts are refused while there is none.
    pub fn has_room(&self) -> bool {
        self.store.has_room()
    }

    /// Waits until everything answered so far is in the journal.
    pub async fn settle(&self) -> Result<(), StoreError> {
        self.store.settle().await
    }

    /// Ends and reports streams whose time is up although nobody asks about them.
    ///
    /// Meant to be called about once a second. Returns how many subjects were looked at; stops
    /// early when there is far too much to do, so that the caller stays in charge.
    pub async fn expire_due(&self) -> Result<usize, StoreError> {
        let (snapshot, now) = (self.registry.snapshot(), self.clock.now());
        let mut total = 0;
        for _ in 0..SWEEPS_MAX {
            let expire = &mut |subject: &Subject, activity: &mut Activity| {
                let events = activity.expire_and_report(Reporter::new(&snapshot, subject), now);
                if events.is_empty() { Change::None } else { Change::Durable(events) }
            };
            match self.store.sweep(now, expire).await? {
                0 => break,
                swept => total += swept,
            }
        }
        Ok(total)
    }

    /// The id behind `session`, when this service issued it to `subject`.
    fn issued(&self, subject: &Subject, session: &str) -> Option<SessionId> {
        SessionId::parse(session).filter(|id| self.seal.issued(subject, *id))
    }

    /// Takes in how late one of the server's own tasks ran; meant to be called once a second. Returns how
    /// far heartbeat intervals are stretched from now on.
    pub fn observe_lag(&self, lag: Duration) -> Stretch {
        self.relief.observe(lag)
    }

    /// How often a stream of `application` is expected from now on. The window is longer by as much as
    /// the interval is.
    fn pace(&self, application: &StreamApplication) -> Pace {
        let (interval, window) = self.configured(application);
        let stretch = self.relief.stretch();
        if stretch == Stretch::NONE && self.config.jitter.is_zero() {
            return Pace::new(interval, window);
        }
        let [chance, more_chance] = [(); 2].map(|()| u32::from_be_bytes(self.entropy.bytes()));
        let jitter = (u64::from(more_chance) * (self.config.jitter.as_secs() + 1)) >> 32;
        let announced = stretch.announce(interval, chance) + Duration::from_secs(jitter);
        Pace::new(announced, window + announced.saturating_sub(interval))
    }

    /// An application's own values win. One with only an interval gets the usual grace, not a
    /// window of the deployment that might be shorter.
    fn configured(&self, application: &StreamApplication) -> (Duration, Duration) {
        let (own, config) = (application, &self.config);
        let interval = own.heartbeat_interval.or(config.heartbeat_interval).unwrap_or(INTERVAL);
        let general = config.activity_window.filter(|_| own.heartbeat_interval.is_none());
        (interval, own.activity_window.or(general).unwrap_or(interval + GRACE))
    }
}

/// A store that answers without having asked broke its promise.
fn undecided() -> StoreError {
    StoreError::Unavailable("the activity store asked for no decision".to_owned())
}
