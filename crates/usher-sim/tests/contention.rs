//! Real threads at the real store: the limit holds at every instant, whoever comes when.

#![expect(clippy::expect_used, reason = "what a test cannot go on without ends it")]

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};

use tempfile::TempDir;
use usher_core::{Clock, Entropy, Timestamp};
use usher_reports::MemoryJournal;
use usher_sim::{Ask, CATALOG, Call, Said, most_at_once};
use usher_store_local::{ActivitySettings, LocalActivity};
use usher_streams::{Ports, Streams};
use usher_testkit::{registry, unthrottled};

/// Players per account; three may play at once.
const PLAYERS: usize = 8;
const ACCOUNTS: [&str; 3] = ["ann", "bob", "cleo"];
const ROUNDS: usize = 40;

/// A millisecond passes whenever somebody looks: no two decisions have the same instant.
struct Ticking(AtomicI64);

impl Clock for Ticking {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.fetch_add(1, Ordering::SeqCst))
    }
}

/// Every number once.
struct Counting(AtomicU32);

impl Entropy for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        let number = self.0.fetch_add(1, Ordering::SeqCst).to_be_bytes();
        bytes.iter_mut().zip(number.into_iter().cycle()).for_each(|(to, from)| *to = from);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_limit_holds_at_every_instant() {
    let home = TempDir::new().expect("a directory");
    let clock = Arc::new(Ticking(AtomicI64::new(1_773_512_400_000)));
    let journal = Arc::new(MemoryJournal::default());
    let (bounds, events) = (ActivitySettings::default(), Arc::clone(&journal) as _);
    let store = LocalActivity::open(home.path(), bounds, events, Arc::clone(&clock) as _).await;
    let ports = Ports {
        store: Arc::new(store.expect("the store opens")),
        journal: Arc::clone(&journal) as _,
        registry: registry(CATALOG, clock.now()),
        clock,
        entropy: Arc::new(Counting(AtomicU32::new(0))),
    };
    let streams = Arc::new(Streams::new(ports, unthrottled()));
    let players: Vec<_> = (0..PLAYERS * ACCOUNTS.len())
        .map(|number| tokio::spawn(play(Arc::clone(&streams), number)))
        .collect();
    let mut started = 0;
    for player in players {
        started += player.await.expect("a player ends");
    }
    streams.settle().await.expect("events arrive");
    let events = journal.take();
    assert!(started > ROUNDS * ACCOUNTS.len(), "{started} started");
    assert_eq!(most_at_once(&events, &["three", "shared"]), 3);
}

/// Starts whenever it may and stops soon after; returns how often it started.
async fn play(streams: Arc<Streams>, number: usize) -> usize {
    let account = ACCOUNTS.iter().cycle().nth(number).expect("an account");
    let application = if number.is_multiple_of(2) { "three" } else { "shared" };
    let call = |ask| Call {
        application: application.to_owned(),
        subject: ("north".to_owned(), (*account).to_owned()),
        ask,
    };
    let mut started = 0;
    for _ in 0..ROUNDS {
        let start = call(Ask::Start { form: Vec::new(), codes: Vec::new() });
        if let Some(Said::Started { session, .. }) = start.make(&streams).await {
            started += 1;
            tokio::task::yield_now().await;
            let stopped = call(Ask::Stop { session }).make(&streams).await;
            assert_eq!(stopped, Some(Said::Stopped));
        }
    }
    started
}
