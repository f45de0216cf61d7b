//! The promises of [`ActivityStore`].

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "a broken promise ends the test"
)]

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::Poll;
use std::time::Duration;

use futures_util::future::join_all;
use usher_core::{Clock, Entropy, Timestamp};
use usher_reports::{Event, EventJournal, MemoryJournal, StreamEventName};
use usher_streams::{
    ActivityStore, Caller, Change, Ports, StartError, Started, Streams, Subject, Submission,
};

use crate::{ManualClock, registry, unthrottled};

/// Checks every promise of [`ActivityStore`].
///
/// `open` opens a new, empty store that delivers its events to the given journal.
///
/// # Panics
///
/// When a promise is broken.
pub async fn activity(open: impl AsyncFn(Arc<dyn EventJournal>) -> Arc<dyn ActivityStore>) {
    looking_leaves_nothing_behind(&open).await;
    each_decision_sees_what_the_one_before_left(&open).await;
    subjects_do_not_meet(&open).await;
    concurrent_decisions_are_serialised(&open).await;
    events_reach_the_journal_in_order_and_once(&open).await;
    a_caller_that_goes_away_loses_no_event(&open).await;
    sweeping_visits_what_is_due_and_nothing_else(&open).await;
}

/// Stream limiting over a store, with one application that may have two streams at once.
pub struct StreamHouse {
    /// The service.
    pub streams: Streams,
    /// What it reported.
    pub journal: Arc<MemoryJournal>,
    /// Its clock.
    pub clock: Arc<ManualClock>,
    caller: Caller,
}

impl StreamHouse {
    /// A service over `store`, which delivers to `journal`.
    pub fn over(
        store: Arc<dyn ActivityStore>,
        journal: Arc<MemoryJournal>,
        clock: Arc<ManualClock>,
    ) -> Self {
        let catalog = r#"
            tenants = [{ id = "acme" }]
            stream_applications = [{ id = "two", name = "Two", tenant = "acme", policies = ["two"] }]
            policies = [{ name = "two", owner = "acme", rules = [{ name = "2", threshold = 2 }] }]
        "#;
        let ports = Ports {
            store,
            journal: Arc::clone(&journal) as _,
            registry: registry(catalog, clock.now()),
            clock: Arc::clone(&clock) as _,
            entropy: Arc::new(Counting::default()),
        };
        let streams = Streams::new(ports, unthrottled());
        let caller = streams.caller("two").expect("the application is known");
        Self { streams, journal, clock, caller }
    }

    /// Starts a stream of `subject`.
    pub async fn start(&self, subject: &Subject) -> Result<Started, StartError> {
        self.start_with(subject, &Submission::EMPTY).await
    }

    /// Starts a stream of `subject` that says something about itself.
    pub async fn start_with(
        &self,
        subject: &Subject,
        submission: &Submission,
    ) -> Result<Started, StartError> {
        self.streams.start(&self.caller, subject, submission, &[]).await
    }

    /// Starts a stream that must be accepted and returns its id.
    pub async fn starts(&self, subject: &Subject) -> String {
        self.start(subject).await.expect("the start is accepted").id.to_string()
    }

    /// Sends a heartbeat and says whether it was accepted.
    pub async fn beats(&self, subject: &Subject, session: &str) -> bool {
        self.streams.beat(&self.caller, subject, session, &Submission::EMPTY).await.is_ok()
    }

    /// Stops a stream, which must be accepted.
    pub async fn stops(&self, subject: &Subject, session: &str) {
        self.streams.stop(&self.caller, subject, session).await.expect("the stop is accepted");
    }

    /// The ids of the running streams of `subject`.
    pub async fn running(&self, subject: &Subject) -> Vec<String> {
        let listing = self.streams.list(&self.caller, subject).await.expect("a listing");
        listing.streams.iter().map(|stream| stream.id.to_string()).collect()
    }

    /// Names and sessions of everything reported since the last call, heartbeats left out.
    pub async fn reported(&self) -> Vec<(StreamEventName, Option<String>)> {
        self.streams.settle().await.expect("the events arrive");
        let events = self.journal.take().into_iter().map(|event| match event {
            Event::Stream(event) => (event.event, event.session_id.map(Into::into)),
            Event::Entitlement(_) => panic!("streams write stream events"),
        });
        events.filter(|(name, _)| *name != StreamEventName::SessionHeartbeat).collect()
    }
}

/// Every number in its turn; hardly random: ids must differ all the same.
#[derive(Default)]
struct Counting(AtomicU32);

impl Entropy for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        let number = self.0.fetch_add(1 << 26, Ordering::Relaxed).to_be_bytes();
        bytes.iter_mut().zip(number.into_iter().cycle()).for_each(|(to, from)| *to = from);
    }
}

async fn house(
    open: &impl AsyncFn(Arc<dyn EventJournal>) -> Arc<dyn ActivityStore>,
) -> StreamHouse {
    let journal = Arc::new(MemoryJournal::default());
    let store = open(Arc::clone(&journal) as _).await;
    StreamHouse::over(store, journal, Arc::new(ManualClock::default()))
}

fn subject(account: &str) -> Subject {
    Subject::new("northcable", account)
}

async fn looking_leaves_nothing_behind(
    open: &impl AsyncFn(Arc<dyn EventJournal>) -> Arc<dyn ActivityStore>,
) {
    let store = open(Arc::new(MemoryJournal::default())).await;
    for _ in 0..2 {
        let mut seen = None;
        let look = &mut |_: &Subject, activity: &mut usher_streams::Activity| {
            seen = Some(activity.live().len());
            Change::None
        };
        assert_eq!(store.change(&subject("u"), look).await, Ok(()));
        assert_eq!(seen, Some(0));
    }
    let far = Timestamp::from_secs(i64::from(u32::MAX));
    let swept = store.sweep(far, &mut |_, _| Change::None).await;
    assert_eq!(swept, Ok(0), "a look is not remembered");
}

async fn each_decision_sees_what_the_one_before_left(
    open: &impl AsyncFn(Arc<dyn EventJournal>) -> Arc<dyn ActivityStore>,
) {
    let house = house(open).await;
    let one = house.starts(&subject("u")).await;
    let two = house.starts(&subject("u")).await;
    assert!(matches!(house.start(&subject("u")).await, Err(StartError::Denied(_))));
    house.stops(&subject("u"), &one).await;
    assert_eq!(house.running(&subject("u")).await, [two]);
    house.starts(&subject("u")).await;
}

async fn subjects_do_not_meet(
    open: &impl AsyncFn(Arc<dyn EventJournal>) -> Arc<dyn ActivityStore>,
) {
    let house = house(open).await;
    for number in 0..200 {
        let subject = subject(&format!("u{number}"));
        house.starts(&subject).await;
        house.starts(&subject).await;
    }
    assert_eq!(house.running(&subject("u17")).await.len(), 2);
    assert!(house.running(&Subject::new("southcable", "u17")).await.is_empty());
}

async fn concurrent_decisions_are_serialised(
    open: &impl AsyncFn(Arc<dyn EventJournal>) -> Arc<dyn ActivityStore>,
) {
    let house = house(open).await;
    let subject = subject("u");
    let answers = join_all((0..50).map(|_| house.start(&subject))).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 2);
    assert_eq!(house.running(&subject).await.len(), 2);
}

async fn events_reach_the_journal_in_order_and_once(
    open: &impl AsyncFn(Arc<dyn EventJournal>) -> Arc<dyn ActivityStore>,
) {
    let house = house(open).await;
    let subject = subject("u");
    let id = house.starts(&subject).await;
    let session = Some(id.clone());
    assert_eq!(house.reported().await, [(StreamEventName::SessionStarted, session.clone())]);
    house.beats(&subject, &id).await;
    let other = Some(house.starts(&subject).await);
    house.stops(&subject, &id).await;
    let expected =
        [(StreamEventName::SessionStarted, other), (StreamEventName::SessionStopped, session)];
    assert_eq!(house.reported().await, expected);
    assert!(house.reported().await.is_empty());
}

async fn a_caller_that_goes_away_loses_no_event(
    open: &impl AsyncFn(Arc<dyn EventJournal>) -> Arc<dyn ActivityStore>,
) {
    let house = house(open).await;
    let gone = subject("gone");
    {
        let mut start = pin!(house.start(&gone));
        // Asks once and leaves.
        poll_fn(|context| {
            let _answer = start.as_mut().poll(context);
            Poll::Ready(())
        })
        .await;
    }
    // What comes later is answered later.
    house.starts(&subject("other")).await;
    house.starts(&gone).await;
    let started = house.running(&gone).await.len();
    let reported = house.reported().await.len();
    assert_eq!(reported, started + 1, "each stream that was started was reported");
}

async fn sweeping_visits_what_is_due_and_nothing_else(
    open: &impl AsyncFn(Arc<dyn EventJournal>) -> Arc<dyn ActivityStore>,
) {
    let house = house(open).await;
    let subjects: Vec<_> = (0..300).map(|number| subject(&format!("u{number}"))).collect();
    let ids = join_all(subjects.iter().map(|subject| house.starts(subject))).await;
    house.clock.advance(Duration::from_mins(1));
    assert!(house.beats(&subjects[0], &ids[0]).await);
    house.reported().await;
    sweep(&house).await;
    assert!(house.reported().await.is_empty(), "nobody is overdue yet");
    house.clock.advance(Duration::from_secs(30));
    sweep(&house).await;
    let reported = house.reported().await;
    assert_eq!(reported.len(), 299);
    assert!(reported.iter().all(|(name, _)| *name == StreamEventName::SessionExpired));
    assert!(reported.iter().all(|(_, session)| session.as_ref() != Some(&ids[0])));
    sweep(&house).await;
    house.clock.advance(Duration::from_mins(1));
    sweep(&house).await;
    assert_eq!(house.reported().await, [(StreamEventName::SessionExpired, Some(ids[0].clone()))]);
}

async fn sweep(house: &StreamHouse) {
    while house.streams.expire_due().await.expect("the sweep works") > 0 {}
}
