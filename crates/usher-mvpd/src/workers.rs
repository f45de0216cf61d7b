//! Threads for work that would keep others waiting: signatures and messages of strangers.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

/// A bounded number of jobs at once; the rest waits.
#[derive(Debug)]
pub(crate) struct Workers {
    places: Arc<Semaphore>,
    /// The one place where a short job is done on the spot.
    spot: Semaphore,
}

impl Default for Workers {
    /// As many at once as there are processors.
    fn default() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self { places: Arc::new(Semaphore::new(processors)), spot: Semaphore::new(1) }
    }
}

impl Workers {
    /// Does `work` elsewhere; nothing comes back only if the process is about to end.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let place = Arc::clone(&self.places).acquire_owned().await.ok()?;
        let job = spawn_blocking(move || {
            let done = work();
            drop(place);
            done
        });
        job.await.ok()
    }

    /// Does `work`, which takes a signature's time at most, on the spot: waking another thread and being woken
    /// by it costs a fifth of that. One at a time, so that a crowd leaves threads to the others' requests;
    /// whoever comes meanwhile has it done elsewhere.
    pub(crate) async fn run_short<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        if let Ok(_spot) = self.spot.try_acquire() {
            return Some(work());
        }
        self.run(work).await
    }
}

#[cfg(test)]
mod tests {
    use std::thread::{ThreadId, current};

    use super::*;

    async fn short(workers: &Workers) -> ThreadId {
        workers.run_short(|| current().id()).await.unwrap()
    }

    #[tokio::test]
    async fn a_short_job_changes_threads_only_while_another_is_done() {
        let workers = Workers::default();
        let here = current().id();
        assert_eq!(short(&workers).await, here);
        let other = workers.spot.try_acquire().unwrap();
        assert_ne!(short(&workers).await, here);
        drop(other);
        assert_eq!(short(&workers).await, here);
    }
}
