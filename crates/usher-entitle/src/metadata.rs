//! What applications see of a viewer's metadata (`pass-rest-v2` §17.1, `mvpd` §11.2).
//!
//! A key is shown when the provider delivered it and the integration (else the MVPD) enables it;
//! `userID` always is. Keys marked `encrypted` leave only encrypted to the programmer's certificate,
//! and when that is not possible they do not leave at all.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use indexmap::IndexMap;
use serde_json::{Map, Value};
use usher_core::Entropy;
use usher_jose::{Certificate, EncryptionKey, jwe};
use usher_registry::{MediaCompany, MetadataEncryption, MetadataRule, ServiceProvider};

use crate::partner::Partner;
use crate::profile::Profile;

/// One metadata key as applications see it.
#[derive(Clone, Debug, PartialEq)]
pub enum Attribute {
    /// Readable.
    Plain(Value),
    /// Encrypted to the programmer: base64, or a token.
    Encrypted(String),
    /// It has to be encrypted and cannot be: no usable certificate, or the value is too long.
    Unencryptable,
}

/// The metadata of a profile as applications see it, by key.
pub type Attributes = IndexMap<String, Attribute>;

/// Public keys of programmers, read from their certificates once.
#[derive(Clone, Debug)]
pub(crate) struct MetadataKeys(moka::sync::Cache<String, Option<Arc<EncryptionKey>>>);

impl MetadataKeys {
    /// Remembers at most as many certificates as any catalog plausibly has.
    pub(crate) fn new() -> Self {
        Self(moka::sync::Cache::new(10_000))
    }

    /// How metadata for `channel` is encrypted: to its own certificates first, then its company's, the
    /// newest usable one of them.
    pub(crate) fn for_channel<'a>(
        &self,
        channel: &ServiceProvider,
        company: Option<&MediaCompany>,
        entropy: &'a dyn Entropy,
    ) -> Option<Cipher<'a>> {
        let companys = company.map(|company| company.metadata_encryption);
        let way = channel.metadata_encryption.or(companys).unwrap_or_default();
        let key = channel
            .metadata_certificates
            .iter()
            .chain(company.iter().flat_map(|company| &company.metadata_certificates))
            .find_map(|pem| self.0.get_with_by_ref(pem, || read(pem)))?;
        Some(Cipher { key, way, entropy })
    }
}

/// Encrypts metadata to one programmer.
pub(crate) struct Cipher<'a> {
    key: Arc<EncryptionKey>,
    way: MetadataEncryption,
    entropy: &'a dyn Entropy,
}

impl Cipher<'_> {
    /// Nothing when the text is too long.
    fn encrypt(&self, text: &str) -> Option<String> {
        match self.way {
            MetadataEncryption::Rsa => {
                self.key.encrypt_pkcs1(text.as_bytes()).ok().map(|cipher| STANDARD.encode(cipher))
            }
            MetadataEncryption::Jwe => jwe::encrypt(&self.key, text.as_bytes(), self.entropy).ok(),
        }
    }
}

fn read(pem: &str) -> Option<Arc<EncryptionKey>> {
    let key = Certificate::from_pem(pem).ok()?.encryption_key();
    key.inspect_err(|error| tracing::warn!(%error, "a metadata certificate cannot be used"))
        .ok()
        .map(Arc::new)
}

/// The metadata of `profile` as applications of this integration see it.
pub(crate) fn shape(
    profile: &Profile,
    partner: &Partner,
    cipher: Option<&Cipher<'_>>,
) -> Attributes {
    let mut shaped = Attributes::new();
    shaped.insert("userID".to_owned(), Attribute::Plain(profile.user_id.as_str().into()));
    for (name, value) in known(profile) {
        if let Some(rule) = rule(partner, &name).filter(|rule| rule.enabled) {
            shaped.insert(name, shown(value, rule, cipher));
        }
    }
    shaped
}

/// Takes what follows from the sign-in anyway out of the metadata that are kept with `profile`.
pub(crate) fn keep_once(profile: &mut Profile) {
    let follows = following(profile);
    profile.attributes.retain(|name, value| follows.get(name) != Some(value));
}

/// What follows from a sign-in; a provider may say otherwise.
fn following(profile: &Profile) -> Map<String, Value> {
    let mut known = Map::new();
    // For concurrency limits; the same as `userID` unless the provider says otherwise.
    known.insert("upstreamUserID".to_owned(), profile.user_id.as_str().into());
    known.insert("mvpd".to_owned(), profile.key.mvpd.as_str().into());
    if let Some(framework) = profile.framework {
        known.insert("tokenSource".to_owned(), framework.as_str().into());
    }
    if let Some(home_based) = profile.home_based {
        known.insert("hba_status".to_owned(), home_based.to_string().into());
    }
    known
}

/// Everything known of the viewer but `userID`: what follows from the sign-in, and as delivered.
fn known(profile: &Profile) -> Map<String, Value> {
    let mut known = following(profile);
    known.extend(
        profile
            .attributes
            .iter()
            .filter(|(name, value)| *name != "userID" && !value.is_null())
            .map(|(name, value)| (name.clone(), normalised(name, value))),
    );
    known
}

/// Values in the type the contract gives to their key, whatever the provider sends.
fn normalised(name: &str, value: &Value) -> Value {
    match (name, value) {
        ("zip" | "channelID", Value::String(text)) => vec![text.as_str()].into(),
        ("hba_status" | "allowMirroring", Value::Bool(flag)) => flag.to_string().into(),
        ("is_hoh", Value::Bool(flag)) => if *flag { "1" } else { "0" }.into(),
        _ => value.clone(),
    }
}

fn rule(partner: &Partner, name: &str) -> Option<MetadataRule> {
    // Whatever is configured: concurrency limits and single sign-on do not work without.
    let always = matches!(name, "upstreamUserID" | "tokenSource")
        .then_some(MetadataRule { enabled: true, encrypted: false });
    partner
        .integration
        .metadata
        .get(name)
        .or_else(|| partner.mvpd.metadata.get(name))
        .or_else(|| partner.proxy.as_ref()?.metadata.get(name))
        .copied()
        .or(always)
}

fn shown(value: Value, rule: MetadataRule, cipher: Option<&Cipher<'_>>) -> Attribute {
    if !rule.encrypted {
        return Attribute::Plain(value);
    }
    let plain = match value {
        Value::String(text) => text,
        other => other.to_string(),
    };
    cipher
        .and_then(|cipher| cipher.encrypt(&plain))
        .map_or(Attribute::Unencryptable, Attribute::Encrypted)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use usher_core::Timestamp;
    use usher_jose::{OsEntropy, RsaKey};

    use super::*;
    use crate::fixtures;

    fn shaped(delivered: &Value, cipher: Option<&Cipher<'_>>) -> Attributes {
        let world = fixtures::world();
        let partner = world.partner_of("Cablevision");
        let mut profile = fixtures::profile("Cablevision", Timestamp::from_secs(0));
        profile.attributes = delivered.as_object().cloned().unwrap();
        profile.home_based = Some(true);
        shape(&profile, &partner, cipher)
    }

    #[test]
    fn keys_that_are_not_enabled_stay_home() {
        let shaped =
            shaped(&json!({"householdID": "h1", "secretKey": "x", "language": null}), None);
        assert_eq!(shaped["userID"], Attribute::Plain("u-1".into()));
        assert_eq!(shaped["upstreamUserID"], Attribute::Plain("u-1".into()));
        assert_eq!(shaped["householdID"], Attribute::Plain("h1".into()));
        assert_eq!(shaped["hba_status"], Attribute::Plain("true".into()));
        assert!(!shaped.contains_key("secretKey"));
        assert!(!shaped.contains_key("language"));
    }

    #[test]
    fn an_encrypted_key_without_certificate_is_an_error_of_that_key_alone() {
        let shaped = shaped(&json!({"zip": "10001"}), None);
        assert_eq!(shaped["zip"], Attribute::Unencryptable);
        assert_eq!(shaped["userID"], Attribute::Plain("u-1".into()));
    }

    #[test]
    fn what_follows_from_the_sign_in_is_not_kept_twice_and_shown_all_the_same() {
        let delivered = json!({"upstreamUserID": "u-1", "hba_status": "true", "zip": ["10001"]});
        let mut profile = fixtures::profile("Cablevision", Timestamp::from_secs(0));
        profile.attributes = delivered.as_object().cloned().unwrap();
        profile.home_based = Some(true);
        let before = known(&profile);
        keep_once(&mut profile);
        assert_eq!(Value::Object(profile.attributes.clone()), json!({"zip": ["10001"]}));
        assert_eq!(known(&profile), before);

        let otherwise = json!({"upstreamUserID": "u-2", "hba_status": "false", "mvpd": "Brand"});
        profile.attributes = otherwise.as_object().cloned().unwrap();
        keep_once(&mut profile);
        assert_eq!(Value::Object(profile.attributes), otherwise);
    }

    fn cipher(way: MetadataEncryption) -> Cipher<'static> {
        let key = RsaKey::generate().unwrap().public().encryption_key().unwrap();
        Cipher { key: Arc::new(key), way, entropy: &OsEntropy }
    }

    #[test]
    fn an_encrypted_key_is_encrypted_text() {
        let shaped = shaped(&json!({"zip": "10001"}), Some(&cipher(MetadataEncryption::Rsa)));
        assert!(matches!(&shaped["zip"], Attribute::Encrypted(text) if text.len() == 344));
    }

    #[test]
    fn a_value_too_long_for_the_certificate_is_an_error_of_that_key_alone() {
        let long = json!({"zip": vec!["10001"; 100]});
        let rsa = shaped(&long, Some(&cipher(MetadataEncryption::Rsa)));
        assert_eq!(rsa["zip"], Attribute::Unencryptable);
        let jwe = shaped(&long, Some(&cipher(MetadataEncryption::Jwe)));
        assert!(matches!(&jwe["zip"], Attribute::Encrypted(text) if text.split('.').count() == 5));
    }
}
