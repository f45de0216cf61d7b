//! The service over the embedded store against the model, call by call; a difference shrinks to the
//! shortest history that shows it.

#![expect(clippy::expect_used, reason = "what a test cannot go on without ends it")]

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use proptest::prelude::*;
use proptest::sample::select;
use usher_core::{Clock, Entropy};
use usher_registry::Catalog;
use usher_reports::MemoryJournal;
use usher_sim::{Ask, CATALOG, Call, Limit, Reference, Said, Settings, code};
use usher_store_local::{ActivitySettings, LocalActivity};
use usher_streams::{Ports, Quota, Quotas, Streams, StreamsConfig};
use usher_testkit::{ManualClock, registry, unthrottled};

const APPLICATIONS: [&str; 7] = ["three", "shared", "channel", "latest", "both", "live", "free"];
const LIMIT: Limit = Limit { calls: 9, per: 10 };

/// One thing that happens. Streams are named by the order of their starts.
#[derive(Clone, Debug)]
enum Step {
    Start {
        application: &'static str,
        form: Form,
        kill: Vec<usize>,
    },
    Beat {
        stream: usize,
        form: Form,
    },
    Stop {
        stream: usize,
    },
    /// A heartbeat of another application, or under another subject.
    Trespass {
        stream: usize,
        application: &'static str,
        account: &'static str,
    },
    List {
        application: &'static str,
    },
    Wait {
        millis: u64,
    },
    Sweep,
}

type Form = Vec<(&'static str, &'static str)>;

fn form() -> impl Strategy<Value = Form> {
    let pair = select(vec![
        ("channel", "one"),
        ("channel", "two"),
        ("deviceId", "tv"),
        ("deviceId", "phone"),
        ("contentType", "live"),
        ("contentType", "clip"),
        ("room", "den"),
        ("room", "garage"),
        ("plan", "gold"),
        ("plan", ""),
        ("superseded", "me"),
    ]);
    prop::collection::vec(pair, 0..8)
}

/// Everything a policy may require, so that most starts are decided by rules.
fn full_form() -> impl Strategy<Value = Form> {
    (form(), select(vec!["one", "two"]), select(vec!["tv", "phone"]), select(vec!["live", "vod"]))
        .prop_map(|(mut form, channel, device, content)| {
            form.extend([
                ("channel", channel),
                ("deviceId", device),
                ("contentType", content),
                ("room", "den"),
            ]);
            form
        })
}

fn step() -> impl Strategy<Value = Step> {
    let application = || select(APPLICATIONS.to_vec());
    let stream = || 0_usize..12;
    let kill = prop::collection::vec(stream(), 0..3);
    prop_oneof![
        6 => (application(), prop_oneof![full_form(), form()], kill)
            .prop_map(|(application, form, kill)| Step::Start { application, form, kill }),
        4 => (stream(), form()).prop_map(|(stream, form)| Step::Beat { stream, form }),
        2 => stream().prop_map(|stream| Step::Stop { stream }),
        1 => (stream(), application(), select(vec!["ann", "bob"])).prop_map(
            |(stream, application, account)| Step::Trespass { stream, application, account }
        ),
        1 => application().prop_map(|application| Step::List { application }),
        4 => (0_u64..100_000).prop_map(|millis| Step::Wait { millis }),
        1 => Just(Step::Sweep),
    ]
}

/// The real service and the model, side by side.
struct Pair {
    streams: Streams,
    clock: Arc<ManualClock>,
    reference: Reference,
    /// Applications and ids, in the order of the starts.
    started: Vec<(String, String)>,
}

impl Pair {
    fn new() -> Self {
        let clock = Arc::new(ManualClock::default());
        let journal = Arc::new(MemoryJournal::default());
        let store =
            LocalActivity::in_memory(ActivitySettings::default(), Arc::clone(&journal) as _);
        let ports = Ports {
            store: Arc::new(store),
            journal,
            registry: registry(CATALOG, clock.now()),
            clock: Arc::clone(&clock) as _,
            entropy: Arc::new(Nothing),
        };
        let per = Duration::from_secs(LIMIT.per.unsigned_abs());
        let quota = Quota { calls: LIMIT.calls, per };
        let config = StreamsConfig {
            throttle: Some(Quotas { per_session: quota, per_subject: quota }),
            ..unthrottled()
        };
        let settings = Settings { interval: 60, window: 90_000, limit: Some(LIMIT) };
        let reference = Reference::new(Catalog::from_toml(CATALOG).expect("a catalog"), settings);
        Self { streams: Streams::new(ports, config), clock, reference, started: Vec::new() }
    }

    fn take(&mut self, step: &Step) -> Result<(), TestCaseError> {
        match step {
            Step::Wait { millis } => self.clock.advance(Duration::from_millis(*millis)),
            Step::Sweep => {
                self.reference.expire(self.clock.now().as_millis());
                let swept = self.streams.expire_due().now_or_never();
                prop_assert!(swept.is_some_and(|swept| swept.is_ok()));
            }
            Step::Start { application, form, kill } => {
                let kill = kill.iter().filter_map(|stream| self.started.get(*stream));
                let codes = kill.map(|(_, session)| code(session)).collect();
                self.compare(application, "ann", Ask::Start { form: owned(form), codes })?;
            }
            Step::Beat { stream, form } => {
                if let Some((application, session)) = self.started.get(*stream).cloned() {
                    self.compare(&application, "ann", Ask::Beat { session, form: owned(form) })?;
                }
            }
            Step::Stop { stream } => {
                if let Some((application, session)) = self.started.get(*stream).cloned() {
                    self.compare(&application, "ann", Ask::Stop { session })?;
                }
            }
            Step::Trespass { stream, application, account } => {
                if let Some((_, session)) = self.started.get(*stream).cloned() {
                    let ask = Ask::Beat { session, form: Vec::new() };
                    self.compare(application, account, ask)?;
                }
            }
            Step::List { application } => self.compare(application, "ann", Ask::List)?,
        }
        Ok(())
    }

    fn compare(&mut self, application: &str, account: &str, ask: Ask) -> Result<(), TestCaseError> {
        let subject = ("north".to_owned(), account.to_owned());
        let call = Call { application: application.to_owned(), subject, ask };
        let said = call.make(&self.streams).now_or_never().flatten().expect("an answer at once");
        let session = match &said {
            Said::Started { session, .. } => {
                self.started.push((application.to_owned(), session.clone()));
                Some(session.as_str())
            }
            _ => None,
        };
        let now = self.clock.now().as_millis();
        prop_assert_eq!(&said, &self.reference.perform(&call, now, session), "{:?}", call);
        Ok(())
    }
}

fn owned(form: &Form) -> Vec<(String, String)> {
    form.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// No randomness at all: ids must differ all the same.
struct Nothing;

impl Entropy for Nothing {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(0);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn the_service_says_what_the_contract_says(steps in prop::collection::vec(step(), 1..60)) {
        let mut pair = Pair::new();
        for step in &steps {
            pair.take(step)?;
        }
    }
}
