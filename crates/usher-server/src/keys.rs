//! The process's own keys: made at the first start, kept in the data directory, one file each.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use usher_core::{Entropy, EntropyExt, Secret, Timestamp};
use usher_jose::{Certificate, EcKey, OsEntropy, RsaKey, SigningKey, SigningKeyRef};

use crate::files;
use crate::saml_keys::SamlKeys;

/// File of the key that signs software statements.
pub(crate) const STATEMENTS_FILE: &str = "statements.pem";
/// File of the key that signs access tokens.
pub(crate) const ACCESS_TOKENS_FILE: &str = "access-tokens.pem";

/// Self-signed certificates are renewed by hand: verifiers pin them.
pub(crate) const CERTIFICATE_LIFETIME: Duration = Duration::from_hours(24 * 3_650);

/// A directory of key files.
#[derive(Clone, Debug)]
pub struct KeyRing {
    directory: PathBuf,
}

impl KeyRing {
    /// The ring in `directory`, which is made when missing.
    pub fn open(directory: &Path) -> Result<Self> {
        files::make_private(directory)?;
        Ok(Self { directory: directory.to_owned() })
    }

    /// The RSA key `name`, made when it is not there yet.
    pub fn rsa(&self, name: &str) -> Result<RsaKey> {
        self.load_or_make(
            name,
            |text| Ok(RsaKey::from_pkcs8_pem(text)?),
            || {
                let key = RsaKey::generate()?;
                let text = key.to_pkcs8_pem()?;
                Ok((key, text))
            },
        )
    }

    /// Is there something called `name`?
    pub fn holds(&self, name: &str) -> bool {
        self.directory.join(name).exists()
    }

    /// Keeps `text` as `name`.
    pub fn put(&self, name: &str, text: &Secret<String>) -> Result<()> {
        files::write_atomically(&self.directory.join(name), text.expose().as_bytes())
    }

    /// Gives what is called `from` the name `to`, in the place of what had that name.
    pub fn rename(&self, from: &str, to: &str) -> Result<()> {
        files::rename(&self.directory.join(from), &self.directory.join(to))
    }

    /// The P-256 key `name`, made when it is not there yet.
    pub fn ec(&self, name: &str) -> Result<EcKey> {
        self.load_or_make(
            name,
            |text| Ok(EcKey::from_pkcs8_pem(text)?),
            || {
                let key = EcKey::generate()?;
                let text = key.to_pkcs8_pem()?;
                Ok((key, text))
            },
        )
    }

    /// The certificate `name` for `key`, issued by itself for ten years when it is not there yet.
    pub fn certificate<'k>(
        &self,
        name: &str,
        key: impl Into<SigningKeyRef<'k>>,
        common_name: &str,
        now: Timestamp,
    ) -> Result<Certificate> {
        let text = self.load_or_make(
            name,
            |text| Ok(text.expose().clone()),
            || {
                let validity = (now, now + CERTIFICATE_LIFETIME);
                let certificate = Certificate::self_signed(key, common_name, validity)?;
                Ok((certificate.pem().to_owned(), Secret::new(certificate.pem().to_owned())))
            },
        )?;
        Ok(Certificate::from_pem(&text)?)
    }

    fn media_token_certificate(&self, key: &RsaKey, now: Timestamp) -> Result<Certificate> {
        self.certificate("media-tokens-certificate.pem", key, "usher media tokens", now)
    }

    /// 32 secret bytes called `name`, drawn when they are not there yet.
    pub fn bytes(&self, name: &str) -> Result<Secret<[u8; 32]>> {
        self.load_or_make(
            name,
            |text| {
                usher_jose::base64url_decode(text.expose().trim())
                    .and_then(|bytes| <[u8; 32]>::try_from(bytes).ok())
                    .map(Secret::new)
                    .ok_or_else(|| anyhow!("it does not hold 32 bytes in base64url"))
            },
            || {
                let bytes = OsEntropy.bytes::<32>();
                Ok((Secret::new(bytes), Secret::new(usher_jose::base64url(bytes))))
            },
        )
    }

    /// A secret text called `name` of 32 characters, drawn when it is not there yet.
    pub fn password(&self, name: &str) -> Result<Secret<String>> {
        self.load_or_make(
            name,
            |text| Ok(Secret::new(text.expose().trim().to_owned())),
            || {
                let text = password(&OsEntropy);
                Ok((Secret::new(text.clone()), Secret::new(text)))
            },
        )
    }

    fn load_or_make<K>(
        &self,
        name: &str,
        load: impl FnOnce(&Secret<String>) -> Result<K>,
        make: impl FnOnce() -> Result<(K, Secret<String>)>,
    ) -> Result<K> {
        let path = self.directory.join(name);
        if let Some(text) = files::read_if_there(&path)? {
            return load(&Secret::new(text)).with_context(|| {
                format!("{} is no usable key: restore it from a backup", path.display())
            });
        }
        let (key, text) = make()?;
        files::write_atomically(&path, text.expose().as_bytes())?;
        Ok(key)
    }
}

/// A random text that can be typed: 32 characters, no look-alikes.
fn password(entropy: &dyn Entropy) -> String {
    entropy.text(b"abcdefghijkmnpqrstuvwxyz23456789", 32)
}

/// Everything the services sign, seal and authenticate with (`dcr` SEC-3: one key per purpose).
pub struct Keys {
    /// Signs software statements. Stays internal (`dcr` SEC-4).
    pub statements: Arc<SigningKey>,
    /// Signs access tokens.
    pub access_tokens: Arc<SigningKey>,
    /// Signs media tokens in the documented form.
    pub media_tokens: Arc<SigningKey>,
    /// Published so that anybody can verify media tokens in the documented form.
    pub media_token_certificate: Certificate,
    /// Signs media tokens in the JWS form.
    pub media_tokens_jws: Arc<SigningKey>,
    /// Sign and decrypt SAML messages.
    pub saml: SamlKeys,
    /// Signs the tokens of our own single-sign-on service.
    pub service_tokens: Arc<SigningKey>,
    /// Seals what TV providers entrust to us.
    pub sealing: Secret<[u8; 32]>,
    /// Makes ids recognisable as ours and user ids anonymous.
    pub fingerprint: Secret<[u8; 32]>,
    /// Bearer token of the admin API.
    pub admin_token: Secret<String>,
}

impl Keys {
    /// Loads the keys, making what is missing; RSA keys at the same time, since each takes long.
    pub fn open(ring: &KeyRing, now: Timestamp) -> Result<Self> {
        let [statements, access, media, service] = rsa_keys(
            ring,
            [STATEMENTS_FILE, ACCESS_TOKENS_FILE, "media-tokens.pem", "service-tokens.pem"],
        )?;
        let certificate = ring.media_token_certificate(&media, now)?;
        let tokens = [access, media, service].map(|key| Arc::new(key.into()));
        let saml = SamlKeys::open(ring, now)?;
        Self::around(ring, statements, tokens, (certificate, saml))
    }

    /// The keys of a sandbox: one key signs access tokens, media tokens, service tokens and SAML messages,
    /// because every RSA key makes a first start a tenth of a second longer. Nothing it signs can be taken
    /// for something else; a server for real viewers keeps its keys apart all the same ([`Self::open`]).
    pub fn of_sandbox(
        ring: &KeyRing,
        statements: RsaKey,
        tokens: RsaKey,
        now: Timestamp,
    ) -> Result<Self> {
        let certificate = ring.media_token_certificate(&tokens, now)?;
        let tokens = Arc::new(tokens.into());
        let saml = SamlKeys::of_sandbox(ring, &tokens, now)?;
        let tokens = [Arc::clone(&tokens), Arc::clone(&tokens), tokens];
        Self::around(ring, statements, tokens, (certificate, saml))
    }

    fn around(
        ring: &KeyRing,
        statements: RsaKey,
        [access_tokens, media_tokens, service_tokens]: [Arc<SigningKey>; 3],
        (media_token_certificate, saml): (Certificate, SamlKeys),
    ) -> Result<Self> {
        Ok(Self {
            statements: Arc::new(statements.into()),
            access_tokens,
            media_tokens,
            media_token_certificate,
            saml,
            service_tokens,
            media_tokens_jws: Arc::new(ring.ec("media-tokens-jws.pem")?.into()),
            sealing: ring.bytes("sealing.key")?,
            fingerprint: ring.bytes("fingerprint.key")?,
            admin_token: ring.password("admin-token")?,
        })
    }
}

/// Several RSA keys, made side by side.
pub fn rsa_keys<const N: usize>(ring: &KeyRing, names: [&str; N]) -> Result<[RsaKey; N]> {
    let keys = thread::scope(|scope| {
        let makers = names.map(|name| scope.spawn(move || ring.rsa(name)));
        makers
            .into_iter()
            .map(|maker| maker.join().unwrap_or_else(|_| Err(anyhow!("making a key failed"))))
            .collect::<Result<Vec<_>>>()
    })?;
    keys.try_into().map_err(|_| anyhow!("a key is missing"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_and_found_again() -> Result<()> {
        let directory = tempfile::tempdir()?;
        let ring = KeyRing::open(directory.path())?;
        assert_eq!(ring.rsa("a.pem")?.kid(), ring.rsa("a.pem")?.kid());
        assert_eq!(ring.bytes("b.key")?.expose(), ring.bytes("b.key")?.expose());
        assert_eq!(ring.password("c")?.expose(), ring.password("c")?.expose());
        Ok(())
    }

    #[cfg(unix)]
    #[test]
    fn key_files_are_closed_to_other_users() -> Result<()> {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir()?;
        let ring = KeyRing::open(&directory.path().join("keys"))?;
        ring.bytes("b.key")?;
        let mode = |path: &Path| Ok::<_, std::io::Error>(path.metadata()?.permissions().mode());
        assert_eq!(mode(&directory.path().join("keys/b.key"))? & 0o077, 0);
        assert_eq!(mode(&directory.path().join("keys"))? & 0o077, 0);
        Ok(())
    }

    #[test]
    fn a_damaged_key_file_is_named() -> Result<()> {
        let directory = tempfile::tempdir()?;
        std::fs::write(directory.path().join("a.pem"), "not a key")?;
        let ring = KeyRing::open(directory.path())?;
        let error = ring.rsa("a.pem").err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains("a.pem is no usable key"), "{error}");
        Ok(())
    }
}
