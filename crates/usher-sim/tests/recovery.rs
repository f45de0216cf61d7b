//! The real embedded store on a real disk, copied away at any moment and opened again, against the
//! model: what was acknowledged is there, what was under way is there as a whole or not at all.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "what a test cannot go on without ends it"
)]

use std::collections::HashMap;
use std::future::poll_fn;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use tempfile::TempDir;
use usher_core::{Clock, Entropy};
use usher_registry::Catalog;
use usher_reports::MemoryJournal;
use usher_sim::{Ask, CATALOG, Call, Reference, Said, Settings, Shown, code};
use usher_store_local::{ActivitySettings, LocalActivity};
use usher_streams::{Ports, Streams};
use usher_testkit::{ManualClock, copy_as_crashed, registry, unthrottled};

const SUBJECTS: [&str; 3] = ["ann", "bob", "cleo"];
const CALLS: usize = 60;

/// A house on a directory, and the model beside it.
struct House {
    home: TempDir,
    store: Arc<LocalActivity>,
    streams: Streams,
    clock: Arc<ManualClock>,
    reference: Reference,
    dice: Pcg64Mcg,
    /// Subjects and ids of streams that were started.
    known: Vec<(String, String)>,
}

impl House {
    async fn new(seed: u64) -> Self {
        let (home, clock) =
            (TempDir::new().expect("a directory"), Arc::new(ManualClock::default()));
        let (store, streams) = open(home.path(), &clock).await;
        let catalog = Catalog::from_toml(CATALOG).expect("a catalog");
        let settings = Settings { interval: 60, window: 90_000, limit: None };
        let reference = Reference::new(catalog, settings);
        let (dice, known) = (Pcg64Mcg::seed_from_u64(seed), Vec::new());
        Self { home, store, streams, clock, reference, dice, known }
    }

    fn call(&mut self) -> Call {
        let stream = self.dice.random_range(0..self.known.len().max(1));
        let known = self.known.get(stream).cloned();
        let subject = SUBJECTS[self.dice.random_range(0..SUBJECTS.len())].to_owned();
        let (subject, ask) = match (self.dice.random_range(0..10_u32), known) {
            (0..3, Some((subject, session))) => (subject, Ask::Stop { session }),
            (3..5, Some((subject, session))) => {
                let form = vec![("plan".to_owned(), self.dice.random_range(0..9).to_string())];
                (subject, Ask::Beat { session, form })
            }
            (5, Some((subject, session))) => {
                (subject, Ask::Start { form: Vec::new(), codes: vec![code(&session)] })
            }
            _ => (subject, Ask::Start { form: Vec::new(), codes: Vec::new() }),
        };
        Call { application: "three".to_owned(), subject: ("north".to_owned(), subject), ask }
    }

    /// Makes a call and holds its answer against the model.
    async fn goes_on(&mut self) {
        self.clock.advance(Duration::from_millis(self.dice.random_range(1..4_000)));
        let call = self.call();
        let said = call.make(&self.streams).await.expect("the application is known");
        self.hear(&call, &said);
    }

    fn hear(&mut self, call: &Call, said: &Said) {
        let session = match said {
            Said::Started { session, .. } => Some(session.as_str()),
            _ => None,
        };
        let now = self.clock.now().as_millis();
        assert_eq!(*said, self.reference.perform(call, now, session), "{call:?}");
        if let Some(session) = session {
            self.known.push((call.subject.1.clone(), session.to_owned()));
        }
    }

    /// Begins a call, copies the disk, and continues on the copy, as after `kill -9`.
    async fn is_killed(&mut self) {
        let call = self.call();
        {
            let mut call = pin!(call.make(&self.streams));
            poll_fn(|context| {
                let _answer = call.as_mut().poll(context);
                Poll::Ready(())
            })
            .await;
        }
        let copy = copy(self.home.path());
        self.store.close().await;
        (self.store, self.streams) = open(copy.path(), &self.clock).await;
        self.home = copy;
        self.reconcile(&call).await;
    }

    /// The model without the call, or with it: one of them is what there is.
    async fn reconcile(&mut self, call: &Call) {
        let now = self.clock.now().as_millis();
        let accounts = |reference: &Reference| {
            let subjects = SUBJECTS.map(|name| ("north".to_owned(), name.to_owned()));
            subjects
                .map(|it| (it.clone(), reference.account(&it)))
                .into_iter()
                .collect::<HashMap<_, _>>()
        };
        let mut without = self.reference.clone();
        without.restart(accounts(&self.reference), now);
        let found = self.listed().await;
        if self.expected(&mut without) == found {
            self.reference = without;
            return;
        }
        // The id of a stream that nobody was told about is learned from the list.
        let new = found.iter().flatten().find(|stream| !self.knows(&stream.session));
        let session = new.map(|stream| stream.session.clone());
        let mut with = self.reference.clone();
        with.perform(call, now, session.as_deref());
        let accounts = accounts(&with);
        with.restart(accounts, now);
        assert_eq!(self.expected(&mut with), found, "after {call:?}");
        self.known.extend(session.map(|session| (call.subject.1.clone(), session)));
        self.reference = with;
    }

    fn knows(&self, session: &str) -> bool {
        self.known.iter().any(|(_, known)| known == session)
    }

    async fn listed(&self) -> Vec<Vec<Shown>> {
        let mut all = Vec::new();
        for subject in SUBJECTS {
            let said = list(subject).make(&self.streams).await;
            all.push(shown(said.expect("the application is known")));
        }
        all
    }

    fn expected(&self, reference: &mut Reference) -> Vec<Vec<Shown>> {
        let now = self.clock.now().as_millis();
        SUBJECTS.map(|subject| shown(reference.perform(&list(subject), now, None))).into()
    }
}

fn list(subject: &str) -> Call {
    let subject = ("north".to_owned(), subject.to_owned());
    Call { application: "three".to_owned(), subject, ask: Ask::List }
}

/// The streams of a list.
fn shown(said: Said) -> Vec<Shown> {
    let Said::Listed { streams, .. } = said else { return Vec::new() };
    streams
}

async fn open(directory: &Path, clock: &Arc<ManualClock>) -> (Arc<LocalActivity>, Streams) {
    let journal = Arc::new(MemoryJournal::default());
    let (bounds, events) = (ActivitySettings::default(), Arc::clone(&journal) as _);
    let store = LocalActivity::open(directory, bounds, events, Arc::clone(clock) as _).await;
    let store = Arc::new(store.expect("the store opens"));
    let ports = Ports {
        store: Arc::clone(&store) as _,
        journal,
        registry: registry(CATALOG, clock.now()),
        clock: Arc::clone(clock) as _,
        entropy: Arc::new(Nothing),
    };
    (store, Streams::new(ports, unthrottled()))
}

/// No randomness at all.
struct Nothing;

impl Entropy for Nothing {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(0);
    }
}

/// What is on disk at this instant, as a crash would leave it.
fn copy(from: &Path) -> TempDir {
    let to = TempDir::new().expect("a directory");
    copy_as_crashed(from, to.path());
    to
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_crash_leaves_what_was_acknowledged() {
    for seed in 0..4 {
        let mut house = House::new(seed).await;
        for number in 1..=CALLS {
            house.goes_on().await;
            if number % 6 == 0 {
                house.is_killed().await;
            }
        }
        assert!(house.known.len() > 10, "{} streams", house.known.len());
    }
}
