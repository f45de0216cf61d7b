//! Key sets of providers, fetched when needed and kept for a while.
//!
//! A token under an unknown key makes us look again, for providers rotate their keys; but at most
//! every half minute, so that forged tokens cannot turn us against the provider.

use std::time::Duration;

use moka::future::Cache;
use moka::ops::compute::Op;
use serde_json::Value;
use url::Url;
use usher_core::Timestamp;
use usher_jose::{Algorithm, JwsError, VerificationKeys, jws};

use crate::peer::{PeerError, Peers, exchange};

/// Providers whose keys are kept; far more than a deployment has.
const PROVIDERS_MAX: u64 = 1_000;
/// After this time a set is fetched again even if it still does its work: keys get revoked.
const FRESH: Duration = Duration::from_hours(1);
/// A set of this age is of no use even when no newer one can be had.
const STALE: Duration = Duration::from_hours(24);
/// Time between two attempts.
const PAUSE: Duration = Duration::from_secs(30);

const ALGORITHMS: [Algorithm; 2] = [Algorithm::Rs256, Algorithm::Es256];

/// A key set as it was at some time.
#[derive(Clone)]
struct KeySet {
    keys: VerificationKeys,
    fetched_at: Timestamp,
    /// The last attempt to fetch it again, successful or not.
    tried_at: Timestamp,
}

/// All key sets.
pub(super) struct KeySets(Cache<Url, KeySet>);

impl Default for KeySets {
    fn default() -> Self {
        Self(Cache::new(PROVIDERS_MAX))
    }
}

impl KeySets {
    /// The claims of `token` if it is signed by one of the keys at `url`. The outer error is about
    /// the key set, the inner one about the token.
    pub(super) async fn verify(
        &self,
        peers: &Peers,
        url: &Url,
        token: &str,
        now: Timestamp,
    ) -> Result<Result<Value, JwsError>, PeerError> {
        let known = self.get(peers, url, now, Need::Fresh).await?;
        let mut verdict = jws::verify(token, &known.keys, &ALGORITHMS);
        if verdict == Err(JwsError::Signature) {
            let renewed = self.get(peers, url, now, Need::NewerThan(known.fetched_at)).await?;
            if renewed.fetched_at > known.fetched_at {
                verdict = jws::verify(token, &renewed.keys, &ALGORITHMS);
            }
        }
        Ok(verdict.and_then(|verified| verified.claims()))
    }

    /// The set at `url`. Calls for one set wait for each other, so that one fetch serves them all.
    async fn get(
        &self,
        peers: &Peers,
        url: &Url,
        now: Timestamp,
        need: Need,
    ) -> Result<KeySet, PeerError> {
        let renewal = |known: Option<moka::Entry<Url, KeySet>>| async move {
            let known = known.map(moka::Entry::into_value);
            if known.as_ref().is_some_and(|known| need.is_met_by(known, now)) {
                return Ok(Op::Nop);
            }
            match (fetch(peers, url).await, known) {
                (Ok(keys), _) => Ok(Op::Put(KeySet { keys, fetched_at: now, tried_at: now })),
                (Err(_), Some(known)) if now.since(known.fetched_at) < STALE => {
                    Ok(Op::Put(KeySet { tried_at: now, ..known }))
                }
                (Err(error), _) => Err(error),
            }
        };
        let entry = self.0.entry_by_ref(url).and_try_compute_with(renewal).await?.into_entry();
        entry.map(moka::Entry::into_value).ok_or(PeerError::Broken)
    }
}

/// What a caller needs of a key set.
#[derive(Clone, Copy)]
enum Need {
    Fresh,
    NewerThan(Timestamp),
}

impl Need {
    /// Also met by a set that was tried to be renewed a moment ago: there is nothing better.
    fn is_met_by(self, known: &KeySet, now: Timestamp) -> bool {
        let met = match self {
            Self::Fresh => now.since(known.fetched_at) < FRESH,
            Self::NewerThan(seen) => known.fetched_at > seen,
        };
        met || now.since(known.tried_at) < PAUSE
    }
}

async fn fetch(peers: &Peers, url: &Url) -> Result<VerificationKeys, PeerError> {
    let answer = exchange(peers.get(url)?.header("Accept", "application/json")).await?;
    answer.json().map(|jwks| VerificationKeys::from_jwks(&jwks))
}
