//! Everything one subject is playing, and what it just played.

use std::collections::HashSet;
use std::hash::Hash;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use usher_core::{ApplicationId, TenantId, Timestamp};

use crate::SessionId;
use crate::stream::{End, Ended, Stream};
use crate::throttle::Window;

/// Most streams one subject may have alive. Far beyond any household; it bounds the work and the
/// size of one record.
pub const LIVE_STREAMS_MAX: usize = 1024;

/// Most ended streams remembered per subject; older ones are still known to have been issued.
const ENDED_MAX: usize = 256;

/// How long an ended stream is remembered (`concurrency` §7.3).
const REMEMBERED: Duration = Duration::from_hours(24);

/// One subject's streams: the unit of atomicity. Its lists are as long as they must be and no longer:
/// most subjects have one stream, and millions of them are held.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Activity {
    /// In the order of their starts.
    pub(crate) live: Box<[Stream]>,
    /// In the order of their ends.
    pub(crate) ended: Box<[Ended]>,
    pub(crate) seq: u32,
    /// Starts in the current throttle window. Not kept over a restart.
    #[serde(skip)]
    pub(crate) starts: Window,
    /// How often a stream was started, refused or ended. Not kept over a restart.
    #[serde(skip)]
    pub(crate) changes: u16,
}

impl Activity {
    /// Streams alive, those included whose time is up but whose end nobody noticed yet.
    pub fn live(&self) -> &[Stream] {
        &self.live
    }

    /// Ends every stream whose window is over at `now` and returns them with the instants of their
    /// ends; forgets what ended long ago.
    pub(crate) fn expire(&mut self, now: Timestamp) -> Vec<(Stream, Timestamp)> {
        if self.live.iter().all(|stream| stream.is_active(now)) {
            return Vec::new();
        }
        let mut over: Vec<_> = edit(&mut self.live, |live| {
            let over = live.extract_if(.., |stream| !stream.is_active(now));
            let over = over.map(|stream| {
                let at = stream.expires_at();
                (stream, at)
            });
            over.collect()
        });
        over.sort_by_key(|(_, at)| *at);
        for (stream, at) in &over {
            self.remember(stream, *at, End::Expired);
        }
        over
    }

    /// Ends the stream `id`; `None` when it is not alive.
    pub(crate) fn end(&mut self, id: SessionId, at: Timestamp, end: End) -> Option<Stream> {
        let index = self.live.iter().position(|stream| stream.id == id)?;
        let stream = edit(&mut self.live, |live| live.remove(index));
        self.remember(&stream, at, end);
        Some(stream)
    }

    fn remember(&mut self, stream: &Stream, at: Timestamp, end: End) {
        self.changes = self.changes.wrapping_add(1);
        let ended = Ended {
            id: stream.id,
            application: stream.application.clone(),
            at,
            end,
            calls: stream.calls,
        };
        edit(&mut self.ended, |all| {
            all.retain(|ended| at < ended.at + REMEMBERED);
            if all.len() >= ENDED_MAX {
                all.remove(0);
            }
            all.push(ended);
        });
    }

    /// Adds a stream that starts.
    pub(crate) fn admit(&mut self, stream: Stream) {
        let others = std::mem::take(&mut self.live);
        let mut live = Vec::with_capacity(others.len() + 1);
        live.extend(others);
        live.push(stream);
        self.live = live.into_boxed_slice();
    }

    /// The earliest instant at which a live stream runs out of time.
    pub fn next_expiry(&self) -> Option<Timestamp> {
        self.live.iter().map(Stream::expires_at).min()
    }

    /// From when on nothing is lost by keeping this record's image only: no stream is alive and
    /// every throttle window is over. `None` while a stream is alive.
    pub fn rests_from(&self) -> Option<Timestamp> {
        let windows = self.ended.iter().map(|ended| ended.calls).chain([self.starts]);
        self.live.is_empty().then(|| windows.map(Window::until).max().unwrap_or_default())
    }

    /// From when on even the image says nothing any more. `None` while a stream is alive.
    pub fn forgotten_from(&self) -> Option<Timestamp> {
        let last = self.ended.iter().map(|ended| ended.at + REMEMBERED).max().unwrap_or_default();
        Some(self.rests_from()?.max(last))
    }

    /// Gives every live stream a fresh activity window that begins at `now`: while the service was
    /// down nobody could send a heartbeat.
    pub fn revive(&mut self, now: Timestamp) {
        for stream in &mut self.live {
            stream.heard = stream.heard.max(now);
        }
    }

    /// Appends the durable image: everything but throttle windows and what the reports know.
    pub fn append_image(&self, image: &mut Vec<u8>) -> Result<(), ImageError> {
        image.push(IMAGE_VERSION);
        *image = postcard::to_extend(self, std::mem::take(image)).map_err(|_| ImageError)?;
        Ok(())
    }

    /// Reads what [`Activity::append_image`] wrote. Ids that `names` knows take no memory of their own.
    pub fn from_image(image: &[u8], names: &mut Names) -> Result<Self, ImageError> {
        let Some((&IMAGE_VERSION, image)) = image.split_first() else { return Err(ImageError) };
        let mut activity: Self = postcard::from_bytes(image).map_err(|_| ImageError)?;
        for stream in &mut activity.live {
            names.share(&mut stream.application, &mut stream.tenant);
        }
        Ok(activity)
    }

    /// What this record takes on the heap, in bytes, with a little for each allocation.
    pub fn heap_bytes(&self) -> u32 {
        let streams = self.live.iter().map(Stream::bytes);
        let ended = self.ended.iter().map(Ended::bytes);
        u32::try_from(streams.chain(ended).sum::<usize>()).unwrap_or(u32::MAX)
    }
}

/// Lets `change` have the list as a vector.
fn edit<T, R>(list: &mut Box<[T]>, change: impl FnOnce(&mut Vec<T>) -> R) -> R {
    let mut vector = std::mem::take(list).into_vec();
    let result = change(&mut vector);
    *list = vector.into_boxed_slice();
    result
}

/// Ids of applications and tenants, each text once: millions of streams belong to a few of them.
#[derive(Debug, Default)]
pub struct Names {
    applications: HashSet<ApplicationId>,
    tenants: HashSet<TenantId>,
}

impl Names {
    fn share(&mut self, application: &mut ApplicationId, tenant: &mut TenantId) {
        share(&mut self.applications, application);
        share(&mut self.tenants, tenant);
    }
}

fn share<T: Clone + Eq + Hash>(known: &mut HashSet<T>, id: &mut T) {
    match known.get(id) {
        Some(known) => *id = known.clone(),
        None => {
            known.insert(id.clone());
        }
    }
}

/// The first byte of every image; another layout gets another number.
const IMAGE_VERSION: u8 = 1;

/// The bytes are no image this version understands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an image of a subject's streams")]
pub struct ImageError;
