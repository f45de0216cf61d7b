//! Takes events from the outbox to the journal.
//!
//! They are durable already, so nobody waits for this; it gathers what comes within [`LINGER`], because
//! a sync of the journal costs as much for one event as for a thousand. Who wants to see everything
//! that was acknowledged asks [`Delivery::reaches`], which hurries it. When the journal refuses, the
//! events stay in the outbox, from where the next start delivers them, and nothing more is accepted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::time::Instant;
use usher_core::StoreError;
use usher_reports::{Event, EventJournal};

/// How long events wait for others.
const LINGER: Duration = Duration::from_millis(100);

/// Events after which no more are waited for.
const EVENTS_MAX: usize = 16_384;

/// Events that may wait, about 100 MB of them: the journal may stand still for seconds before the
/// writer, and with it everybody who starts or stops, has to wait for it.
const WAITING_MAX: u32 = 131_072;

/// The events of a group, with its ticket and the room they take.
struct Parcel {
    ticket: u64,
    events: Vec<Event>,
    room: OwnedSemaphorePermit,
}

/// What has been delivered, for those who wait for it.
pub(super) struct Delivery {
    delivered: watch::Receiver<u64>,
    hurry: Arc<Notify>,
}

/// Where the writer hands groups over.
pub(super) struct Sink {
    parcels: mpsc::UnboundedSender<Parcel>,
    room: Arc<Semaphore>,
    runtime: Handle,
    delivered: Arc<AtomicU64>,
}

impl Delivery {
    /// Starts delivering to `journal`, which has everything up to the ticket `last`. Must be called
    /// inside a tokio runtime.
    pub(super) fn start(journal: Arc<dyn EventJournal>, last: u64) -> (Self, Sink) {
        let (parcels, inbox) = mpsc::unbounded_channel();
        let (news, delivered) = watch::channel(last);
        let hurry = Arc::new(Notify::new());
        let done = Arc::new(AtomicU64::new(last));
        let courier =
            Courier { journal, inbox, hurry: Arc::clone(&hurry), news, done: Arc::clone(&done) };
        let runtime = Handle::current();
        runtime.spawn(courier.run());
        let room = Arc::new(Semaphore::new(usize::try_from(WAITING_MAX).unwrap_or(usize::MAX)));
        (Self { delivered, hurry }, Sink { parcels, room, runtime, delivered: done })
    }

    /// Waits until the events of every write up to `ticket` are in the journal.
    pub(super) async fn reaches(&self, ticket: u64) -> Result<(), StoreError> {
        let mut delivered = self.delivered.clone();
        if *delivered.borrow_and_update() >= ticket {
            return Ok(());
        }
        self.hurry.notify_one();
        let reached = delivered.wait_for(|delivered| *delivered >= ticket).await;
        reached.map(|_| ()).map_err(|_| stopped())
    }
}

impl Sink {
    /// Hands the events of the group `ticket` over, waiting for room.
    pub(super) fn take(&self, ticket: u64, events: Vec<Event>) -> Result<(), StoreError> {
        let wanted = u32::try_from(events.len()).unwrap_or(u32::MAX).min(WAITING_MAX);
        let room = || Arc::clone(&self.room);
        let room = match room().try_acquire_many_owned(wanted) {
            Ok(free) => free,
            Err(_) => {
                self.runtime.block_on(room().acquire_many_owned(wanted)).map_err(|_| stopped())?
            }
        };
        let parcel = Parcel { ticket, events, room };
        self.parcels.send(parcel).map_err(|_| stopped())
    }

    /// The last ticket whose events are in the journal.
    pub(super) fn delivered(&self) -> u64 {
        self.delivered.load(Ordering::Acquire)
    }
}

fn stopped() -> StoreError {
    StoreError::Unavailable("stream events do not reach the journal any more".to_owned())
}

struct Courier {
    journal: Arc<dyn EventJournal>,
    inbox: mpsc::UnboundedReceiver<Parcel>,
    hurry: Arc<Notify>,
    news: watch::Sender<u64>,
    done: Arc<AtomicU64>,
}

impl Courier {
    async fn run(mut self) {
        while let Some(parcels) = self.gather().await {
            let Some(ticket) = parcels.last().map(|parcel| parcel.ticket) else { continue };
            let mut events = Vec::new();
            let _room: Vec<_> =
                parcels.into_iter().map(|parcel| parcel.open(&mut events)).collect();
            if !events.is_empty()
                && let Err(error) = self.journal.append(events).await
            {
                return tracing::error!(%error, "stream events could not be delivered");
            }
            self.done.store(ticket, Ordering::Release);
            self.news.send_replace(ticket);
        }
    }

    /// Waits for a parcel and takes those that come soon after. Nothing when no more can come.
    async fn gather(&mut self) -> Option<Vec<Parcel>> {
        let first = self.inbox.recv().await?;
        let mut count = first.events.len();
        let mut parcels = vec![first];
        let patience = tokio::time::sleep_until(Instant::now() + LINGER);
        tokio::pin!(patience);
        let mut hurries = false;
        while count < EVENTS_MAX {
            let next = if hurries {
                self.inbox.try_recv().ok()
            } else {
                tokio::select! {
                    next = self.inbox.recv() => next,
                    () = self.hurry.notified() => {
                        hurries = true;
                        continue;
                    }
                    () = &mut patience => None,
                }
            };
            let Some(next) = next else { break };
            count += next.events.len();
            parcels.push(next);
        }
        Some(parcels)
    }
}

impl Parcel {
    /// Adds its events to `events` and keeps their room.
    fn open(mut self, events: &mut Vec<Event>) -> OwnedSemaphorePermit {
        events.append(&mut self.events);
        self.room
    }
}
