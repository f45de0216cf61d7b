//! Requests per device: a token bucket per address, shared by all throttled paths (`errors` §6).
//!
//! Runs before everything else, so that nobody can make the server work by being wrong. Memory is
//! bounded: buckets that are full again are forgotten when room is needed, and if that is not enough
//! newcomers pass unmetered rather than anybody being locked out.

mod bucket;
mod device;

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse as _, Response};
use ipnet::IpNet;
use parking_lot::Mutex;
use usher_core::{Clock, Timestamp};

use bucket::Bucket;
use device::household;

pub use bucket::Limit;
pub use device::TrustForwardedFor;

/// Throttled paths begin like this (`errors` §6.2; the standard twins count like the documented
/// operations, and paths of older API generations count although nothing is there).
const PATHS: [&str; 6] =
    ["/api/v2/", "/o/client/", "/oauth2/", "/api/v1/", "/adobe-services/config/", "/reggie/v1/"];

/// Buckets are spread over this many locks.
const SHARDS: usize = 16;

/// Buckets per shard. With 16 shards and about 50 bytes each: 6 MB when full.
const SHARD_BUCKETS_MAX: usize = 8_192;

/// How the throttle is set.
#[derive(Clone, Debug)]
pub struct ThrottleSettings {
    /// The allowance of each device; nothing is throttled when absent.
    pub limit: Option<Limit>,
    /// Whose word is taken for which device calls.
    pub trust_forwarded_for: TrustForwardedFor,
    /// Clients in these networks call as often as they like.
    pub exempt: Vec<IpNet>,
}

impl ThrottleSettings {
    /// Whether a request with these headers comes from a client that is not limited. Nobody gets there
    /// by naming an address, but through a proxy that is trusted by name.
    fn exempts(&self, headers: &HeaderMap, peer: IpAddr) -> bool {
        !self.exempt.is_empty() && {
            let client = self.trust_forwarded_for.manager(headers, peer);
            self.exempt.iter().any(|network| network.contains(&client))
        }
    }
}

/// The buckets of all devices.
pub(crate) struct Throttle {
    settings: ThrottleSettings,
    clock: Arc<dyn Clock>,
    hasher: RandomState,
    shards: [Mutex<Shard>; SHARDS],
}

#[derive(Default)]
struct Shard {
    buckets: HashMap<IpAddr, Bucket>,
    swept_at: Timestamp,
}

impl Throttle {
    pub(crate) fn new(settings: ThrottleSettings, clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self {
            settings,
            clock,
            hasher: RandomState::new(),
            shards: std::array::from_fn(|_| Mutex::default()),
        })
    }

    /// Whether a request of `peer` may pass.
    pub(crate) fn admits(&self, request: &Request, peer: IpAddr) -> bool {
        let Some(limit) = self.settings.limit else { return true };
        let path = request.uri().path();
        if request.method() == Method::OPTIONS || !PATHS.iter().any(|from| path.starts_with(from)) {
            return true;
        }
        let headers = request.headers();
        if self.settings.exempts(headers, peer) {
            return true;
        }
        let device = self.settings.trust_forwarded_for.device(headers, peer);
        self.take(household(device), limit)
    }

    fn take(&self, device: IpAddr, limit: Limit) -> bool {
        let now = self.clock.now();
        let at = usize::try_from(self.hasher.hash_one(device)).unwrap_or_default() % SHARDS;
        self.shards.get(at).is_none_or(|shard| shard.lock().take(device, limit, now))
    }
}

impl Shard {
    fn take(&mut self, device: IpAddr, limit: Limit, now: Timestamp) -> bool {
        if let Some(bucket) = self.buckets.get_mut(&device) {
            return bucket.take(limit, now);
        }
        if self.buckets.len() >= SHARD_BUCKETS_MAX {
            self.sweep(limit, now);
        }
        if self.buckets.len() >= SHARD_BUCKETS_MAX {
            return true;
        }
        self.buckets.entry(device).or_insert(Bucket::full(limit, now)).take(limit, now)
    }

    /// Forgets the buckets that are full again. At most once a second, since it looks at all.
    fn sweep(&mut self, limit: Limit, now: Timestamp) {
        if self.swept_at.as_secs() != now.as_secs() {
            self.swept_at = now;
            self.buckets.retain(|_, bucket| !bucket.is_full(limit, now));
        }
    }
}

/// The address at the other end of the connection.
fn peer(request: &Request) -> IpAddr {
    let connection = request.extensions().get::<ConnectInfo<SocketAddr>>();
    connection.map_or(Ipv4Addr::UNSPECIFIED.into(), |ConnectInfo(peer)| peer.ip())
}

/// Lets a request pass, or answers 429 (`errors` TH-4).
pub(crate) async fn apply(
    State(throttle): State<Arc<Throttle>>,
    request: Request,
    next: Next,
) -> Response {
    if throttle.admits(&request, peer(&request)) { next.run(request).await } else { refusal() }
}

/// The answer to whoever calls too often.
pub(crate) fn refusal() -> Response {
    (
        StatusCode::TOO_MANY_REQUESTS,
        [(header::RETRY_AFTER, HeaderValue::from_static("1"))],
        Html(
            "<!doctype html><title>Too many requests</title>\
             <h1>Too many requests</h1><p>Wait a second, then try again.</p>\n",
        ),
    )
        .into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Limit = Limit { rate: 1.0, burst: 10 };

    fn address(number: u32) -> IpAddr {
        Ipv4Addr::from_bits(number).into()
    }

    #[test]
    fn devices_do_not_share_an_allowance() {
        let mut shard = Shard::default();
        let passed = |shard: &mut Shard, number| {
            (0..20).filter(|_| shard.take(address(number), LIMIT, Timestamp::default())).count()
        };
        assert_eq!((passed(&mut shard, 1), passed(&mut shard, 2)), (11, 11));
    }

    #[test]
    fn memory_is_bounded_and_idle_devices_make_room() {
        let mut shard = Shard::default();
        let (start, later) = (Timestamp::from_secs(1), Timestamp::from_secs(3));
        for number in 0..20_000 {
            assert!(shard.take(address(number), LIMIT, start));
        }
        assert_eq!(shard.buckets.len(), SHARD_BUCKETS_MAX);
        assert!(shard.take(address(99_999), LIMIT, later));
        assert_eq!(shard.buckets.len(), 1);
    }
}
