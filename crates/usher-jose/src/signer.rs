//! Signing on threads of its own.
//!
//! An RSA signature keeps a core busy for about 0.4 ms, far too long for a thread that serves other
//! requests. A [`SigningPool`] is a fixed number of threads behind a bounded queue; when the queue is
//! full the caller is told at once. It needs no particular async runtime.

use std::fmt;
use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use futures_channel::oneshot;
use serde::Serialize;

use crate::jwk::VerificationKey;
use crate::jws::{Header, Kid, attach, signing_input};
use crate::key::{KeyError, SigningKey};

/// Why nothing was signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// More signatures are wanted than can be made. Trying again later may help.
    #[error("too many signatures are waiting to be made")]
    Busy,
    /// The key refuses.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// One signature to be made.
struct Job {
    key: Arc<SigningKey>,
    message: Vec<u8>,
    answer: oneshot::Sender<Result<Vec<u8>, KeyError>>,
}

/// Threads that make RSA signatures. They end when the last handle is dropped.
#[derive(Clone)]
pub struct SigningPool(SyncSender<Job>);

impl SigningPool {
    /// `threads` threads, at least one, with room for `waiting_max` waiting jobs.
    pub fn new(threads: usize, waiting_max: usize) -> io::Result<Self> {
        let (sender, receiver) = sync_channel(waiting_max);
        let receiver = Arc::new(Mutex::new(receiver));
        for number in 0..threads.max(1) {
            let jobs = Arc::clone(&receiver);
            thread::Builder::new().name(format!("sign-{number}")).spawn(move || work(&jobs))?;
        }
        Ok(Self(sender))
    }

    async fn sign(&self, key: Arc<SigningKey>, message: Vec<u8>) -> Result<Vec<u8>, SignError> {
        let (answer, signature) = oneshot::channel();
        self.0.try_send(Job { key, message, answer }).map_err(|_| SignError::Busy)?;
        let signature = signature.await.map_err(|_| SignError::Busy)?;
        Ok(signature?)
    }
}

impl fmt::Debug for SigningPool {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("SigningPool").finish_non_exhaustive()
    }
}

fn work(jobs: &Mutex<Receiver<Job>>) {
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Job { key, message, answer }) = job else {
            return;
        };
        // Whoever gave up waiting no longer needs the signature.
        if !answer.is_canceled() {
            let _ = answer.send(key.sign_sha256(&message));
        }
    }
}

/// A key and the threads it signs on. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Signer {
    key: Arc<SigningKey>,
    pool: SigningPool,
}

impl Signer {
    /// Signs with `key` on `pool`.
    pub fn new(key: impl Into<Arc<SigningKey>>, pool: SigningPool) -> Self {
        Self { key: key.into(), pool }
    }

    /// The signature of `message`. Elliptic-curve signatures (25 µs) are made on the spot.
    pub async fn sign_sha256(&self, message: Vec<u8>) -> Result<Vec<u8>, SignError> {
        match *self.key {
            SigningKey::Rsa(_) => self.pool.sign(Arc::clone(&self.key), message).await,
            SigningKey::Ec(_) => Ok(self.key.sign_sha256(&message)?),
        }
    }

    /// `payload` as a compact JWS; see [`crate::jws::sign`].
    pub async fn sign_jws(
        &self,
        typ: Option<&str>,
        kid: Kid,
        payload: &(impl Serialize + Sync),
    ) -> Result<String, SignError> {
        self.sign_with(&Header::of(&self.key, typ, kid), payload).await
    }

    /// `payload` as a compact JWS whose header calls the key `kid`.
    pub async fn sign_jws_as(
        &self,
        kid: &str,
        payload: &(impl Serialize + Sync),
    ) -> Result<String, SignError> {
        let header = Header::new(self.key.algorithm().name(), None, Some(kid));
        self.sign_with(&header, payload).await
    }

    async fn sign_with(
        &self,
        header: &Header,
        payload: &(impl Serialize + Sync),
    ) -> Result<String, SignError> {
        let signed = signing_input(header, payload)?;
        let signature = self.sign_sha256(signed.clone().into_bytes()).await?;
        Ok(attach(signed, &signature))
    }

    /// The public half of the key.
    pub fn public(&self) -> &VerificationKey {
        self.key.public()
    }

    /// The key itself.
    pub const fn key(&self) -> &Arc<SigningKey> {
        &self.key
    }
}

#[cfg(test)]
mod tests {
    use futures_executor::block_on;
    use serde_json::json;

    use super::*;
    use crate::jws::{self, Algorithm};
    use crate::{EcKey, RsaKey, VerificationKeys};

    #[test]
    fn both_kinds_of_keys_sign_through_the_pool() {
        let pool = SigningPool::new(1, 1).unwrap();
        for key in
            [SigningKey::from(RsaKey::generate().unwrap()), EcKey::generate().unwrap().into()]
        {
            let signer = Signer::new(key, pool.clone());
            let token = block_on(signer.sign_jws(None, Kid::Named, &json!({"a": 1}))).unwrap();
            let keys = VerificationKeys::new([signer.public().clone()]);
            let both = [Algorithm::Rs256, Algorithm::Es256];
            assert_eq!(jws::verify(&token, &keys, &both).unwrap().payload, br#"{"a":1}"#);
        }
    }

    #[test]
    fn a_full_queue_says_so_at_once() {
        let (sender, _jobs) = sync_channel(1);
        let key = Arc::new(SigningKey::from(RsaKey::generate().unwrap()));
        let pool = SigningPool(sender);
        let (answer, _signature) = oneshot::channel();
        pool.0.try_send(Job { key: Arc::clone(&key), message: Vec::new(), answer }).unwrap();
        assert_eq!(block_on(pool.sign(key, Vec::new())), Err(SignError::Busy));
    }
}
