//! The name of one request to us.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::{Builder, Uuid};

use crate::{Entropy, EntropyExt as _, Timestamp};

/// Names one request, in its answer, in logs and for whoever asks how its answer came about: a UUID of
/// version 7, so that names sort by the time they were given.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TraceId(Uuid);

/// A text that names no request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a trace is a UUID such as 019f6a3e-5b2a-7c31-8f1e-4d6f0a9b2c11")]
pub struct NoTraceId;

impl TraceId {
    /// A name for a request that arrives `now`.
    pub fn new(entropy: &dyn Entropy, now: Timestamp) -> Self {
        let millis = u64::try_from(now.as_millis()).unwrap_or(0);
        Self(Builder::from_unix_timestamp_millis(millis, &entropy.bytes()).into_uuid())
    }

    /// When it was given, to the millisecond.
    pub fn at(&self) -> Timestamp {
        // The first 48 bits (RFC 9562 §5.7).
        Timestamp::from_millis(i64::try_from(self.0.as_u128() >> 80).unwrap_or(i64::MAX))
    }

    /// Its sixteen bytes; they sort like the names.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }

    /// The name with these bytes.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }
}

impl FromStr for TraceId {
    type Err = NoTraceId;

    fn from_str(text: &str) -> Result<Self, NoTraceId> {
        Uuid::try_parse(text.trim()).map(Self).map_err(|_| NoTraceId)
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, out)
    }
}

impl fmt::Debug for TraceId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, out)
    }
}

impl Serialize for TraceId {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for TraceId {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Constant(u8);

    impl Entropy for Constant {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(self.0);
        }
    }

    #[test]
    fn a_name_is_a_uuid_of_version_7_that_survives_being_written() {
        let trace = TraceId::new(&Constant(0xa5), Timestamp::from_millis(1_795_000_000_123));
        let text = trace.to_string();
        assert_eq!(text.parse(), Ok(trace));
        assert_eq!(text.get(14..15), Some("7"));
        assert_eq!(trace.at(), Timestamp::from_millis(1_795_000_000_123));
        assert_eq!(TraceId::from_bytes(*trace.as_bytes()), trace);
        assert_eq!("nonsense".parse::<TraceId>(), Err(NoTraceId));
    }

    #[test]
    fn names_sort_by_time() {
        let (earlier, later) = (Timestamp::from_millis(1_000), Timestamp::from_millis(1_001));
        let earlier = TraceId::new(&Constant(0xff), earlier);
        let later = TraceId::new(&Constant(0), later);
        assert!(earlier < later);
        assert!(earlier.as_bytes() < later.as_bytes());
    }
}
