//! One simulated history: a crowd of clients, a service, a disk, a clock, and a seed that decides
//! everything.

use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures_util::FutureExt;
use parking_lot::Mutex;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use usher_core::{Clock, Entropy, Timestamp};
use usher_registry::Catalog;
use usher_reports::Event;
use usher_streams::{Grain, Ports, Quota, Quotas, Streams, StreamsConfig};
use usher_testkit::{ManualClock, registry, unthrottled};

use crate::books;
use crate::call::{Call, Said};
use crate::crowd::Crowd;
use crate::reference::{Limit, Reference, Settings};
use crate::store::{Disk, Fate, Leaves, SimStore};
use crate::witness::Witness;

/// Applications and policies of every simulation.
pub const CATALOG: &str = include_str!("catalog.toml");

/// Calls under way at any time.
const CALLS_MAX: usize = 8;

/// Starts per subject, heartbeats and stops per stream in ten seconds: few, so that limits are met.
const LIMIT: Limit = Limit { calls: 12, per: 10 };

/// How a simulation may treat its world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weather {
    /// Processes live, clocks run forward.
    Calm,
    /// Crashes, broken disks, clocks that jump in both directions.
    Stormy,
}

/// What is left of a simulation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// A hash of everything that happened, in order.
    pub trace: u64,
    /// Calls that were answered.
    pub answered: usize,
    /// Starts that were accepted.
    pub started: usize,
    /// Starts that were refused by a policy.
    pub denied: usize,
    /// Crashes.
    pub crashes: usize,
}

/// Runs `steps` steps of the world of `seed`, lets everything come to its end, and checks the books.
///
/// # Panics
///
/// When the service says anything else than the model, forgets what it acknowledged, or books wrongly.
/// The message names the seed.
pub fn simulate(seed: u64, steps: usize, weather: Weather) -> Outcome {
    World::new(seed, weather, Grain::QUARTER).live(steps).0
}

pub(crate) struct World {
    seed: u64,
    weather: Weather,
    grain: Grain,
    pub(crate) dice: Pcg64Mcg,
    pub(crate) clock: Arc<ManualClock>,
    witness: Arc<Mutex<Witness>>,
    store: Arc<SimStore>,
    streams: Arc<Streams>,
    crowd: Crowd,
    calls: Vec<Under>,
    /// The last answer.
    said: Option<Said>,
    trace: DefaultHasher,
    outcome: Outcome,
}

/// A call under way.
struct Under {
    call: Call,
    answering: Pin<Box<dyn Future<Output = Said> + Send>>,
    verdict: Option<Said>,
}

impl World {
    pub(crate) fn new(seed: u64, weather: Weather, grain: Grain) -> Self {
        let dice = Pcg64Mcg::seed_from_u64(seed);
        let clock = Arc::new(ManualClock::default());
        let catalog = Catalog::from_toml(CATALOG).expect("a catalog");
        let settings = Settings { interval: 60, window: 90_000, limit: Some(LIMIT) };
        let witness = Arc::new(Mutex::new(Witness::new(
            Reference::new(catalog, settings),
            Arc::clone(&clock),
        )));
        let disk = Disk::default();
        let store = Arc::new(SimStore::on(disk, clock.now(), Arc::clone(&witness)));
        let streams = Arc::new(service(Arc::clone(&store), &clock, (seed, grain)));
        let outcome = Outcome { trace: 0, answered: 0, started: 0, denied: 0, crashes: 0 };
        let (crowd, calls, trace) = (Crowd::default(), Vec::new(), DefaultHasher::new());
        Self {
            seed,
            weather,
            grain,
            dice,
            clock,
            witness,
            store,
            streams,
            crowd,
            calls,
            said: None,
            trace,
            outcome,
        }
    }

    /// Runs to the end; returns what is left and everything that was reported.
    fn live(mut self, steps: usize) -> (Outcome, Vec<Event>) {
        for _ in 0..steps {
            self.step();
        }
        self.finish()
    }

    fn step(&mut self) {
        match self.dice.random_range(0..100_u32) {
            0..25 => self.begin_call(),
            25..60 => self.go_on(),
            60..75 => self.write(),
            75..80 => self.store.deliver(self.dice.random_range(1..4), Leaves::Nothing),
            80..82 => self.store.flush(),
            82..86 => self.sweep(),
            86..95 => self.wait(),
            95 => self.store.delay(self.dice.random_range(0..4)),
            96 => self.hang_up(),
            _ if self.weather == Weather::Calm => self.go_on(),
            97 => self.jump(),
            98 => self.break_disk(),
            _ => self.crash(),
        }
    }

    fn now(&self) -> i64 {
        self.clock.now().as_millis()
    }

    /// Makes a call, alone, and returns what is said.
    pub(crate) fn ask(&mut self, call: Call) -> Said {
        self.begin(call);
        while !self.calls.is_empty() {
            self.store.write(usize::MAX, Fate::Written);
            self.go_on();
        }
        self.said.take().expect("every call is answered")
    }

    fn begin_call(&mut self) {
        if self.calls.len() >= CALLS_MAX {
            return self.go_on();
        }
        let call = self.crowd.call(&mut self.dice);
        self.begin(call);
    }

    fn begin(&mut self, call: Call) {
        let (streams, ask) = (Arc::clone(&self.streams), call.clone());
        let answering =
            Box::pin(async move { ask.make(&streams).await.expect("applications are known") });
        self.calls.push(Under { call, answering, verdict: None });
    }

    /// Lets one call make a step.
    fn go_on(&mut self) {
        if self.calls.is_empty() {
            return;
        }
        let index = self.dice.random_range(0..self.calls.len());
        let mut under = self.calls.swap_remove(index);
        {
            let mut witness = self.witness.lock();
            witness.current = under.verdict.is_none().then(|| under.call.clone());
            witness.verdict = None;
        }
        let polled = under.answering.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        {
            let mut witness = self.witness.lock();
            witness.current = None;
            under.verdict = witness.verdict.take().or(under.verdict);
        }
        match polled {
            Poll::Pending => self.calls.push(under),
            Poll::Ready(said) => {
                self.hear(under, &said);
                self.said = Some(said);
            }
        }
    }

    /// Holds an answer against the model.
    fn hear(&mut self, under: Under, said: &Said) {
        let Under { call, verdict, .. } = under;
        if *said == Said::Unavailable {
            assert!(self.store.is_broken(), "{}: a sound store failed {call:?}", self.place());
        } else {
            // Whatever is answered without a decision is about ids that nobody has.
            let now = self.now();
            let expected =
                verdict.unwrap_or_else(|| self.witness.lock().reference.perform(&call, now, None));
            assert_eq!(*said, expected, "{}: {call:?}", self.place());
        }
        self.note(|| format!("{call:?} {said:?}"));
        self.outcome.answered += 1;
        match said {
            Said::Started { session, .. } => {
                self.outcome.started += 1;
                let id = format!("{session}/started");
                let is_kept = self.store.with_disk(|disk| books::is_kept(disk, &id));
                assert!(is_kept, "{}: answered before it was durable: {id}", self.place());
            }
            Said::Denied(_) => self.outcome.denied += 1,
            _ => {}
        }
        self.crowd.learn(&mut self.dice, &call, said);
    }

    fn write(&mut self) {
        let count = self.dice.random_range(1..6);
        self.store.write(count, Fate::Written);
    }

    fn sweep(&mut self) {
        if self.store.is_broken() {
            return;
        }
        self.witness.lock().reference.expire(self.now());
        let swept = self.streams.expire_due().now_or_never();
        let swept = swept.expect("a sweep waits for nobody").expect("the store is sound");
        self.note(|| format!("swept {swept}"));
    }

    fn wait(&mut self) {
        let millis = match self.dice.random_range(0..10_u32) {
            0..8 => self.dice.random_range(0..1_500),
            8 => self.dice.random_range(1_500..30_000),
            _ => self.dice.random_range(30_000..120_000),
        };
        self.clock.advance(Duration::from_millis(millis));
        self.note(|| format!("waited {millis}"));
    }

    fn jump(&mut self) {
        let millis = self.dice.random_range(-100_000..300_000_i64);
        self.clock.set(Timestamp::from_millis(self.now() + millis));
        self.note(|| format!("jumped {millis}"));
    }

    /// A client goes away.
    fn hang_up(&mut self) {
        if !self.calls.is_empty() {
            let index = self.dice.random_range(0..self.calls.len());
            let under = self.calls.swap_remove(index);
            self.note(|| format!("hung up {:?}", under.call));
        }
    }

    fn break_disk(&mut self) {
        if self.store.is_waiting() {
            let fates = [Fate::Failed, Fate::FailedButWritten];
            self.store.write(2, fates[self.dice.random_range(0..2)]);
            self.note(|| "the disk broke".to_owned());
        }
    }

    /// The process stops somewhere between two steps and starts again.
    fn crash(&mut self) {
        match self.dice.random_range(0..4_u32) {
            0 => self.store.write(self.dice.random_range(1..4), Fate::WrittenUnanswered),
            1 => self.store.deliver(2, Leaves::Copies),
            _ => {}
        }
        self.calls.clear();
        let disk = self.store.crash();
        if self.dice.random_bool(0.5) {
            self.wait();
        }
        let now = self.clock.now();
        self.witness.lock().crash(disk.written, now.as_millis());
        self.store = Arc::new(SimStore::on(disk, now, Arc::clone(&self.witness)));
        let seed = self.dice.random();
        self.streams = Arc::new(service(Arc::clone(&self.store), &self.clock, (seed, self.grain)));
        self.outcome.crashes += 1;
        self.note(|| "crashed".to_owned());
    }

    /// Lets everything come to its end and checks the books.
    pub(crate) fn finish(mut self) -> (Outcome, Vec<Event>) {
        if self.store.is_broken() {
            self.crash();
        }
        while !self.calls.is_empty() {
            self.store.write(usize::MAX, Fate::Written);
            self.go_on();
        }
        self.clock.advance(Duration::from_hours(1));
        self.sweep();
        self.store.write(usize::MAX, Fate::Written);
        self.store.deliver(usize::MAX, Leaves::Nothing);
        self.store.flush();
        let place = self.place();
        self.store.for_each(|_, activity| {
            assert!(activity.live().is_empty(), "{place}: a stream lives for ever");
        });
        self.store.with_disk(|disk| books::check(disk.journal(), self.weather, &place));
        let events = self.store.with_disk(|disk| disk.journal().to_vec());
        self.note(|| format!("{events:?}"));
        self.outcome.trace = self.trace.finish();
        (self.outcome, events)
    }

    fn place(&self) -> String {
        let mut place = format!("seed {}", self.seed);
        // Writing to a string cannot fail.
        let _ = write!(place, " {:?} after {} answers", self.weather, self.outcome.answered);
        place
    }

    fn note(&mut self, what: impl FnOnce() -> String) {
        what().hash(&mut self.trace);
    }
}

fn service(
    store: Arc<SimStore>,
    clock: &Arc<ManualClock>,
    (seed, report_grain): (u64, Grain),
) -> Streams {
    let quota = Quota { calls: LIMIT.calls, per: Duration::from_secs(LIMIT.per.unsigned_abs()) };
    let ports = Ports {
        journal: Arc::clone(&store) as _,
        store,
        registry: registry(CATALOG, clock.now()),
        clock: Arc::clone(clock) as _,
        entropy: Arc::new(Dice(Mutex::new(Pcg64Mcg::seed_from_u64(seed)))),
    };
    let config = StreamsConfig {
        throttle: Some(Quotas { per_session: quota, per_subject: quota }),
        report_grain,
        ..unthrottled()
    };
    Streams::new(ports, config)
}

/// Randomness that a seed decides.
struct Dice(Mutex<Pcg64Mcg>);

impl Entropy for Dice {
    fn fill(&self, bytes: &mut [u8]) {
        self.0.lock().fill(bytes);
    }
}
