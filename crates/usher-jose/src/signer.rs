//! Signing with a key, on the threads of a [`SigningPool`] if that takes long.

use std::sync::Arc;

use serde::Serialize;

use crate::jwk::VerificationKey;
use crate::jws::{EncodedHeader, Header, Kid, attach, signing_input};
use crate::key::{KeyError, SigningKey};
use crate::signing_pool::SigningPool;

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
        self.sign_jws_under(&self.jws_header(typ, kid), payload).await
    }

    /// The header of JWSs by this signer, for [`Signer::sign_jws_under`].
    pub fn jws_header(&self, typ: Option<&str>, kid: Kid) -> EncodedHeader {
        Header::of(&self.key, typ, kid).encoded()
    }

    /// `payload` as a compact JWS whose header calls the key `kid`.
    pub async fn sign_jws_as(
        &self,
        kid: &str,
        payload: &(impl Serialize + Sync),
    ) -> Result<String, SignError> {
        let header = Header::new(self.key.algorithm().name(), None, Some(kid));
        self.sign_jws_under(&header.encoded(), payload).await
    }

    /// `payload` as a compact JWS with a header that was made before.
    pub async fn sign_jws_under(
        &self,
        header: &EncodedHeader,
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
    use crate::{EcKey, Patience, RsaKey, VerificationKeys};

    #[test]
    fn both_kinds_of_keys_sign_through_the_pool() {
        let pool = SigningPool::new(1, 1, Patience::endless()).unwrap();
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
}
