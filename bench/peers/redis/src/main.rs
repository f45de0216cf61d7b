//! A stream limiter as most teams write it: a small web service in front of Redis, which decides in one
//! atomic Lua script per call.
//!
//! It does the job that the load profiles ask of usher with throttling switched off: knows who calls, keeps
//! metadata for the answers to those who are refused, admits three streams at once, notes starts for
//! reports. Everything else it leaves out: other policies, immutable metadata, tombstones, ends that are
//! noticed and reported, a handful of headers.
//!
//! usage: `stream-limiter-on-redis LISTEN_ADDRESS REDIS_URL`

use std::error::Error;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::routing::post;
use axum::serve::ListenerExt;
use redis::Script;
use redis::aio::MultiplexedConnection;

const INTERVAL: Duration = Duration::from_secs(60);
/// How long a silent stream lives. Longer than any measurement.
const WINDOW_MS: u64 = 6 * 60 * 60 * 1000;
const STREAMS_MAX: u32 = 3;

/// One sorted set per subject: streams by the instant they expire; beside it a hash with their metadata.
/// 1 when the stream may start.
const START: &str = "
local over = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1])
if #over > 0 then
  redis.call('ZREM', KEYS[1], unpack(over))
  redis.call('HDEL', KEYS[2], unpack(over))
end
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[4]) then
  return 0
end
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[3])
redis.call('HSET', KEYS[2], ARGV[3], ARGV[5])
redis.call('PEXPIREAT', KEYS[1], ARGV[2])
redis.call('PEXPIREAT', KEYS[2], ARGV[2])
redis.call('XADD', 'events', 'MAXLEN', '~', 1000000, '*',
  'event', 'session-started', 'session', ARGV[3], 'subject', KEYS[1], 'metadata', ARGV[5])
return 1
";

/// 1 when the stream is alive and within the limit, 0 when others have its place, -1 when it is over.
const BEAT: &str = "
local expires = redis.call('ZSCORE', KEYS[1], ARGV[3])
if not expires or tonumber(expires) <= tonumber(ARGV[1]) then
  return -1
end
if redis.call('ZCOUNT', KEYS[1], '(' .. ARGV[1], '+inf') > tonumber(ARGV[4]) then
  redis.call('ZREM', KEYS[1], ARGV[3])
  return 0
end
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[3])
redis.call('PEXPIREAT', KEYS[1], ARGV[2])
redis.call('PEXPIREAT', KEYS[2], ARGV[2])
return 1
";

#[derive(Clone)]
struct Limiter {
    redis: MultiplexedConnection,
    start: Script,
    beat: Script,
}

/// What a script is asked about.
struct Ask<'a> {
    subject: &'a str,
    stream: &'a str,
    metadata: &'a [u8],
}

impl Limiter {
    async fn ask(&self, script: &Script, ask: Ask<'_>) -> Result<i32, StatusCode> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
        script
            .key(ask.subject)
            .key(format!("{}:metadata", ask.subject))
            .arg(now)
            .arg(now + WINDOW_MS)
            .arg(ask.stream)
            .arg(STREAMS_MAX)
            .arg(ask.metadata)
            .invoke_async(&mut self.redis.clone())
            .await
            .map_err(|_| StatusCode::SERVICE_UNAVAILABLE)
    }
}

type Answer = Result<(StatusCode, HeaderMap), StatusCode>;

/// The one application there is.
fn authenticate(headers: &HeaderMap) -> Result<(), StatusCode> {
    let credentials = headers.get(header::AUTHORIZATION);
    let is_known = credentials.is_some_and(|it| it.as_bytes() == b"Basic ZGVtby1hcHA6");
    is_known.then_some(()).ok_or(StatusCode::UNAUTHORIZED)
}

async fn start(
    State(limiter): State<Limiter>,
    Path((idp, account)): Path<(String, String)>,
    headers: HeaderMap,
    metadata: Bytes,
) -> Answer {
    authenticate(&headers)?;
    let stream = uuid::Uuid::new_v4().to_string();
    let subject = format!("{idp}/{account}");
    let ask = Ask { subject: &subject, stream: &stream, metadata: &metadata };
    match limiter.ask(&limiter.start, ask).await? {
        1 => {
            let mut headers = expires();
            let location = HeaderValue::try_from(stream).map_err(|_| StatusCode::IM_A_TEAPOT)?;
            headers.insert(header::LOCATION, location);
            Ok((StatusCode::ACCEPTED, headers))
        }
        _ => Err(StatusCode::CONFLICT),
    }
}

async fn beat(
    State(limiter): State<Limiter>,
    Path((idp, account, stream)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Answer {
    authenticate(&headers)?;
    let subject = format!("{idp}/{account}");
    let ask = Ask { subject: &subject, stream: &stream, metadata: b"" };
    match limiter.ask(&limiter.beat, ask).await? {
        1 => Ok((StatusCode::ACCEPTED, expires())),
        0 => Err(StatusCode::CONFLICT),
        _ => Err(StatusCode::GONE),
    }
}

fn expires() -> HeaderMap {
    let date = httpdate::fmt_http_date(SystemTime::now() + INTERVAL);
    let value = HeaderValue::try_from(date).unwrap_or(HeaderValue::from_static(""));
    HeaderMap::from_iter([(header::EXPIRES, value)])
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(listen), Some(redis)) = (arguments.next(), arguments.next()) else {
        return Err("usage: stream-limiter-on-redis LISTEN_ADDRESS REDIS_URL".into());
    };
    let redis = redis::Client::open(redis)?.get_multiplexed_async_connection().await?;
    let limiter = Limiter { redis, start: Script::new(START), beat: Script::new(BEAT) };
    let router = Router::new()
        .route("/health/live", axum::routing::get(|| async { "live\n" }))
        .route("/v2/sessions/{idp}/{account}", post(start))
        .route("/v2/sessions/{idp}/{account}/{stream}", post(beat))
        .with_state(limiter);
    let listener = tokio::net::TcpListener::bind(listen).await?.tap_io(|connection| {
        // Without it the connection works as well, only later.
        let _ = connection.set_nodelay(true);
    });
    axum::serve(listener, router).await?;
    Ok(())
}
