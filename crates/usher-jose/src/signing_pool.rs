//! Threads that make RSA signatures without being in anybody's way.
//!
//! An RSA signature keeps a core busy for 0.25 to 0.4 ms: far too long for a thread that serves other
//! requests, and long enough to be noticed by those that wait for the core meanwhile. So the first to get a
//! job is a *quiet* thread, which the system runs when nobody else wants the core, and stops the moment
//! somebody does. On a machine that never rests it might never run, so that a job that is not done within
//! the [`Patience`] of whoever wants it goes to a thread of ordinary rank, and the next ones go there at once.
//!
//! A quiet thread must hold nothing that others wait for: queues are without locks. What is left are moments
//! in which the library locks a key's blinding and the async runtime its queue of woken tasks.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering, fence};
use std::sync::{Arc, OnceLock};
use std::thread::{self, Thread};

use crossbeam_queue::ArrayQueue;
use futures_channel::oneshot;
use futures_util::future::{Either, pending, select};

use crate::key::{KeyError, SigningKey};
use crate::signer::SignError;

/// How long is waited for quiet threads: makes futures that are ready then. They come from outside, because
/// nothing here depends on an async runtime.
#[derive(Clone)]
pub struct Patience(Arc<dyn Fn() -> Waiting + Send + Sync>);

type Waiting = Pin<Box<dyn Future<Output = ()> + Send>>;

impl Patience {
    /// Until the futures that `wait` makes are ready.
    pub fn new<W: Future<Output = ()> + Send + 'static>(
        wait: impl Fn() -> W + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(move || Box::pin(wait())))
    }

    /// For ever.
    pub fn endless() -> Self {
        Self::new(pending)
    }
}

/// Threads that make RSA signatures. They end when the last handle is dropped.
#[derive(Clone)]
pub struct SigningPool(Arc<Crews>);

struct Crews {
    quiet: Arc<Crew>,
    ordinary: Arc<Crew>,
    patience: Patience,
    /// How many jobs are not given to quiet threads, because one was in vain: half of the work might be.
    detours: AtomicUsize,
}

/// Jobs that go to ordinary threads after one that quiet threads did not finish.
const DETOURS: usize = 100;

/// Threads that share a queue.
struct Crew {
    jobs: ArrayQueue<Job>,
    members: OnceLock<Vec<Member>>,
    is_over: AtomicBool,
}

struct Member {
    thread: Thread,
    /// Whether it rests, and looks at the queue only when it is woken.
    is_resting: Arc<AtomicBool>,
}

/// One signature to be made.
struct Job {
    key: Arc<SigningKey>,
    message: Arc<Vec<u8>>,
    answer: oneshot::Sender<Result<Vec<u8>, KeyError>>,
}

/// A signature under way.
type Signature = oneshot::Receiver<Result<Vec<u8>, KeyError>>;

/// The rank of a thread among those that want a core.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rank {
    Quiet,
    Ordinary,
}

impl SigningPool {
    /// `threads` threads of either rank, at least one, with room for `waiting_max` waiting jobs each.
    pub fn new(threads: usize, waiting_max: usize, patience: Patience) -> io::Result<Self> {
        let crew = |rank| Crew::start(rank, threads.max(1), waiting_max);
        let (quiet, ordinary) = (crew(Rank::Quiet)?, crew(Rank::Ordinary)?);
        Ok(Self(Arc::new(Crews { quiet, ordinary, patience, detours: AtomicUsize::new(0) })))
    }

    /// The signature of `message` with `key`.
    pub(crate) async fn sign(
        &self,
        key: Arc<SigningKey>,
        message: Vec<u8>,
    ) -> Result<Vec<u8>, SignError> {
        let message = Arc::new(message);
        let signature = match self.0.signed_quietly(&key, &message).await {
            Some(signature) => signature,
            None => self.0.ordinary.ask(&key, &message)?.await,
        };
        Ok(signature.map_err(|_| SignError::Busy)??)
    }
}

impl fmt::Debug for SigningPool {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("SigningPool").finish_non_exhaustive()
    }
}

impl Crews {
    /// What quiet threads made of a job, if they got to it in time.
    async fn signed_quietly(
        &self,
        key: &Arc<SigningKey>,
        message: &Arc<Vec<u8>>,
    ) -> Option<<Signature as Future>::Output> {
        let detour = |detours: usize| detours.checked_sub(1);
        if self.detours.fetch_update(Ordering::Relaxed, Ordering::Relaxed, detour).is_ok() {
            return None;
        }
        let signature = self.quiet.ask(key, message).ok()?;
        match select(signature, (self.patience.0)()).await {
            Either::Left((signature, _)) => Some(signature),
            // Whoever gets to the job sees that nobody wants it any more.
            Either::Right(((), _)) => {
                self.detours.store(DETOURS, Ordering::Relaxed);
                None
            }
        }
    }
}

impl Drop for Crews {
    fn drop(&mut self) {
        for crew in [&self.quiet, &self.ordinary] {
            crew.is_over.store(true, Ordering::SeqCst);
            crew.members().iter().for_each(|member| member.thread.unpark());
        }
    }
}

impl Crew {
    fn start(rank: Rank, threads: usize, waiting_max: usize) -> io::Result<Arc<Self>> {
        let crew = Arc::new(Self {
            jobs: ArrayQueue::new(waiting_max.max(1)),
            members: OnceLock::new(),
            is_over: AtomicBool::new(false),
        });
        let members = (0..threads).map(|number| Member::start(&crew, rank, number));
        let members = members.collect::<io::Result<_>>()?;
        crew.members.get_or_init(|| members);
        Ok(crew)
    }

    fn members(&self) -> &[Member] {
        self.members.get().map_or(&[], Vec::as_slice)
    }

    /// Queues a job and sees that somebody does it.
    fn ask(&self, key: &Arc<SigningKey>, message: &Arc<Vec<u8>>) -> Result<Signature, SignError> {
        let (answer, signature) = oneshot::channel();
        let job = Job { key: Arc::clone(key), message: Arc::clone(message), answer };
        self.jobs.push(job).map_err(|_| SignError::Busy)?;
        // Either a member that goes to rest sees the job, or it is seen resting here.
        fence(Ordering::SeqCst);
        let mut resting = self.members().iter();
        if let Some(member) = resting.find(|it| it.is_resting.swap(false, Ordering::SeqCst)) {
            member.thread.unpark();
        }
        Ok(signature)
    }

    fn work(&self, is_resting: &AtomicBool) {
        while !self.is_over.load(Ordering::SeqCst) {
            if let Some(job) = self.jobs.pop() {
                is_resting.store(false, Ordering::SeqCst);
                job.finish();
            } else if is_resting.swap(true, Ordering::SeqCst) {
                thread::park();
            } else {
                // Looks once more before it rests.
                fence(Ordering::SeqCst);
            }
        }
    }
}

impl Member {
    fn start(crew: &Arc<Crew>, rank: Rank, number: usize) -> io::Result<Self> {
        let is_resting = Arc::new(AtomicBool::new(false));
        let (crew, resting) = (Arc::clone(crew), Arc::clone(&is_resting));
        let name = match rank {
            Rank::Quiet => format!("sign-quiet-{number}"),
            Rank::Ordinary => format!("sign-{number}"),
        };
        let thread = thread::Builder::new().name(name).spawn(move || {
            if rank == Rank::Quiet {
                keep_quiet();
            }
            crew.work(&resting);
        })?;
        Ok(Self { thread: thread.thread().clone(), is_resting })
    }
}

impl Job {
    fn finish(self) {
        // Whoever gave up waiting no longer needs the signature.
        if !self.answer.is_canceled() {
            let _ = self.answer.send(self.key.sign_sha256(&self.message));
        }
    }
}

/// Lets this thread run only while nobody else wants its core.
#[cfg(target_os = "linux")]
fn keep_quiet() {
    use thread_priority::unix::{set_thread_priority_and_policy, thread_native_id};
    use thread_priority::{NormalThreadSchedulePolicy, ThreadPriority, ThreadSchedulePolicy};

    let idle = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle);
    // A sandbox may forbid it; then all threads are alike.
    let _ = set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Min, idle);
}

/// No other system is known to have such a rank.
#[cfg(not(target_os = "linux"))]
const fn keep_quiet() {}

#[cfg(test)]
mod tests {
    use std::future::ready;

    use futures_executor::block_on;

    use super::*;
    use crate::RsaKey;

    fn key() -> Arc<SigningKey> {
        Arc::new(RsaKey::generate().unwrap().into())
    }

    /// A pool with so many threads of either rank, and room for one waiting job each.
    fn pool([quiet, ordinary]: [usize; 2], patience: Patience) -> SigningPool {
        let crew = |rank, threads| Crew::start(rank, threads, 1).unwrap();
        let (quiet, ordinary) = (crew(Rank::Quiet, quiet), crew(Rank::Ordinary, ordinary));
        SigningPool(Arc::new(Crews { quiet, ordinary, patience, detours: AtomicUsize::new(0) }))
    }

    #[test]
    fn quiet_threads_suffice_where_nobody_is_in_a_hurry() {
        let pool = pool([1, 0], Patience::endless());
        assert!(block_on(pool.sign(key(), b"text".to_vec())).is_ok());
    }

    #[test]
    fn what_quiet_threads_do_not_get_to_is_done_by_ordinary_ones() {
        let (pool, key) = (pool([0, 1], Patience::new(|| ready(()))), key());
        // The first job stays in the queue of those who never come; the last finds that full.
        for _ in 0..DETOURS + 2 {
            assert!(block_on(pool.sign(Arc::clone(&key), b"text".to_vec())).is_ok());
        }
    }

    #[test]
    fn a_full_queue_says_so_at_once() {
        let pool = pool([0, 0], Patience::endless());
        let (key, message) = (key(), Arc::new(Vec::new()));
        for crew in [&pool.0.quiet, &pool.0.ordinary] {
            assert!(crew.ask(&key, &message).is_ok());
        }
        assert_eq!(block_on(pool.sign(key, Vec::new())), Err(SignError::Busy));
    }

    #[test]
    fn nobody_is_forgotten_while_threads_go_to_rest_and_wake() {
        let pool = SigningPool::new(2, 64, Patience::endless()).unwrap();
        let key = key();
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..100 {
                        let signed = block_on(pool.sign(Arc::clone(&key), b"text".to_vec()));
                        assert!(signed.is_ok());
                    }
                });
            }
        });
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn quiet_threads_are_of_the_lowest_rank() {
        use thread_priority::unix::thread_schedule_policy;
        use thread_priority::{NormalThreadSchedulePolicy, ThreadSchedulePolicy};

        let policy = thread::spawn(|| {
            keep_quiet();
            thread_schedule_policy()
        });
        let idle = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle);
        assert_eq!(policy.join().unwrap(), Ok(idle));
    }
}
