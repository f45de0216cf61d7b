//! The pure core as a whole: one subject, a catalog, a clock that is just a number.

mod lifecycle;
mod model;

use std::sync::Arc;
use std::time::Duration;

use usher_core::{Secret, Timestamp};
use usher_registry::{Catalog, Snapshot};
use usher_reports::{Event, StreamEvent, StreamEventName};

use crate::beat::Heartbeat;
use crate::events::Reporter;
use crate::start::{Outcome, Start, checked};
use crate::stop::Stop;
use crate::stream::Pace;
use crate::{
    Activity, Beat, BeatError, Caller, Change, Grain, Listing, Quota, Seal, SessionId, StartError,
    Started, StopError, Subject, Submission, TerminationCode,
};

const CATALOG: &str = r#"
tenants = [{ id = "acme" }, { id = "globex" }]
stream_applications = [
  { id = "three", name = "Three", tenant = "acme", platform = "tv", policies = ["three"] },
  { id = "channel", name = "Channel", tenant = "acme", policies = ["channel"] },
  { id = "latest", name = "Latest", tenant = "acme", policies = ["latest"] },
  { id = "shared", name = "Shared", tenant = "globex", policies = ["three"] },
  { id = "free", name = "Free", tenant = "globex" },
  { id = "live", name = "Live", tenant = "acme", policies = ["live"] },
]
policies = [
  { name = "three", owner = "acme", rules = [{ name = "3", threshold = 3 }] },
  { name = "channel", owner = "acme", rules = [{ name = "2", threshold = 2, scope = ["channel"] }] },
  { name = "latest", owner = "acme", rules = [{ name = "1", threshold = 1, strategy = "latest_wins" }] },
  { name = "live", owner = "acme", rules = [{ name = "l", threshold = 9, condition = { contentType = { eq = "live" } } }] },
]
"#;

/// One subject's world.
struct World {
    snapshot: Arc<Snapshot>,
    subject: Subject,
    seal: Seal,
    activity: Activity,
    now: Timestamp,
    salt: u32,
    quota: Option<Quota>,
    grain: Grain,
    /// Durable events, in order.
    events: Vec<StreamEvent>,
    /// Events that came without a durable change.
    asides: Vec<StreamEvent>,
}

impl World {
    fn new() -> Self {
        let catalog = Catalog::from_toml(CATALOG).unwrap();
        Self {
            snapshot: Arc::new(Snapshot::check(catalog, Timestamp::default()).unwrap()),
            subject: Subject::new("northcable", "u1"),
            seal: Seal::new(Secret::new([1; 16])),
            activity: Activity::default(),
            now: Timestamp::from_secs(1_773_512_400),
            salt: 0,
            quota: None,
            grain: Grain::QUARTER,
            events: Vec::new(),
            asides: Vec::new(),
        }
    }

    fn caller(&self, application: &str) -> Caller {
        Caller {
            application: Arc::clone(self.snapshot.stream_application(application).unwrap()),
            snapshot: Arc::clone(&self.snapshot),
        }
    }

    fn starts(&mut self, application: &str, form: &[(&str, &str)]) -> SessionId {
        self.start(application, form, &[]).unwrap().id
    }

    fn start(
        &mut self,
        application: &str,
        form: &[(&str, &str)],
        kill: &[SessionId],
    ) -> Result<Started, StartError> {
        let caller = self.caller(application);
        let codes: Vec<TerminationCode> = kill.iter().map(|id| id.code()).collect();
        self.salt += 1;
        let subject = self.subject.clone();
        let ask = Start {
            reporter: Reporter::new(&caller.snapshot, &subject),
            application: &caller.application,
            metadata: &checked(&caller, &submission(form), true),
            codes: &codes,
            pace: pace(),
            quota: self.quota,
            grain: self.grain,
            seal: &self.seal.clone(),
            salt: self.salt,
            now: self.now,
        };
        let outcome = self.activity.start(&ask);
        self.keep(outcome)
    }

    fn beat(
        &mut self,
        application: &str,
        id: SessionId,
        form: &[(&str, &str)],
    ) -> Result<Beat, BeatError> {
        let caller = self.caller(application);
        let subject = self.subject.clone();
        let ask = Heartbeat {
            reporter: Reporter::new(&caller.snapshot, &subject),
            application: &caller.application,
            id,
            submission: &submission(form),
            pace: pace(),
            quota: self.quota,
            grain: self.grain,
            now: self.now,
        };
        let outcome = self.activity.beat(&ask);
        self.keep(outcome)
    }

    fn stop(&mut self, application: &str, id: SessionId) -> Result<(), StopError> {
        let caller = self.caller(application);
        let subject = self.subject.clone();
        let ask = Stop {
            reporter: Reporter::new(&caller.snapshot, &subject),
            application: &caller.application,
            id,
            quota: self.quota,
            now: self.now,
        };
        let outcome = self.activity.stop(&ask);
        self.keep(outcome)
    }

    fn list(&self, application: &str) -> Listing {
        let caller = self.caller(application);
        let judge = Reporter::new(&caller.snapshot, &self.subject).0;
        self.activity.list(judge, &caller.application, self.now)
    }

    fn wait(&mut self, secs: u64) {
        self.now = self.now + Duration::from_secs(secs);
    }

    fn keep<T, E>(&mut self, outcome: Outcome<T, E>) -> Result<T, E> {
        if let Change::Durable(events) = outcome.change {
            self.events.extend(events.into_iter().map(unwrap));
        }
        self.asides.extend(outcome.aside.map(unwrap));
        outcome.answer
    }

    /// Names and sessions of the durable events so far.
    fn reported(&self) -> Vec<(StreamEventName, String)> {
        let line = |it: &StreamEvent| (it.event, it.session_id.clone().unwrap_or_default().into());
        self.events.iter().map(line).collect()
    }
}

fn unwrap(event: Event) -> StreamEvent {
    match event {
        Event::Stream(event) => *event,
        Event::Entitlement(_) => panic!("streams write stream events"),
    }
}

fn submission(form: &[(&str, &str)]) -> Submission {
    Submission::Pairs(form.iter().map(|(n, v)| ((*n).into(), (*v).into())).collect())
}

fn pace() -> Pace {
    Pace::new(Duration::from_mins(1), Duration::from_secs(90))
}
