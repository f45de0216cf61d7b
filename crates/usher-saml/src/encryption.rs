//! Encrypted assertions: RSA-OAEP carries an AES key, AES the assertion.
//!
//! Only what [`decrypt`] reads is looked at: key names, derived keys, references to other places and
//! agreements are no part of the profile. Every failure is the same failure.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bergshamra::crypto::cipher;
use bergshamra::crypto::keytransport::{OaepParams, from_uri_with_params};
use bergshamra::crypto::sign::SigningKey;
use bergshamra::keys::loader::{load_rsa_private_pem, load_x509_cert_pem};
use usher_core::{Entropy, EntropyExt as _};
use usher_jose::{Certificate, RsaKey};

use crate::names::{DS, XENC, XENC11};
use crate::signature::SignError;
use crate::xml::{Element, Node};

const AES128_GCM: &str = "http://www.w3.org/2009/xmlenc11#aes128-gcm";
const AES256_GCM: &str = "http://www.w3.org/2009/xmlenc11#aes256-gcm";
const AES128_CBC: &str = "http://www.w3.org/2001/04/xmlenc#aes128-cbc";
const AES256_CBC: &str = "http://www.w3.org/2001/04/xmlenc#aes256-cbc";
const OAEP_MGF1P: &str = "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p";
const OAEP: &str = "http://www.w3.org/2009/xmlenc11#rsa-oaep";

/// The most encrypted keys tried: one message may be encrypted to several readers.
const KEYS_MAX: usize = 4;

/// The most decryption keys of ours: the current one and those before it.
const OWN_KEYS_MAX: usize = 3;

/// A private key that assertions are encrypted to.
pub struct DecryptionKey(SigningKey);

impl DecryptionKey {
    /// Decrypts with this key.
    pub fn new(key: &RsaKey) -> Result<Self, SignError> {
        let pem = key.to_pkcs8_pem().map_err(|_| SignError::Key)?;
        let key = load_rsa_private_pem(pem.expose().as_bytes()).map_err(|_| SignError::Key)?;
        key.to_signing_key().ok().flatten().map(Self).ok_or(SignError::Key)
    }
}

impl fmt::Debug for DecryptionKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("DecryptionKey")
    }
}

/// How a ciphertext is protected against change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Integrity {
    /// By the cipher.
    Own,
    /// Only by a signature around it: without one, errors would tell an attacker about the plaintext.
    Signed,
}

/// The plaintext inside `encrypted`, a `saml:EncryptedAssertion`; `None` whatever went wrong.
pub(crate) fn decrypt(
    encrypted: Node<'_>,
    keys: &[DecryptionKey],
    outer: Integrity,
) -> Option<String> {
    let data = encrypted.only_child(XENC, "EncryptedData")?;
    let algorithm = data.only_child(XENC, "EncryptionMethod")?.attribute("Algorithm")?;
    let (size, integrity) = cipher_of(algorithm)?;
    if integrity == Integrity::Signed && outer != Integrity::Signed {
        return None;
    }
    let ciphertext = cipher_value(data)?;
    let inside = data.only_child(DS, "KeyInfo").into_iter();
    let mut candidates = inside
        .chain([encrypted])
        .flat_map(|place| place.children(XENC, "EncryptedKey"))
        .take(KEYS_MAX)
        .flat_map(|key| keys.iter().take(OWN_KEYS_MAX).map(move |own| (key, own)));
    let plain = candidates.find_map(|(key, own)| {
        let session = session_key(key, own).filter(|session| session.len() == size)?;
        cipher::from_uri(algorithm).ok()?.decrypt(&session, &ciphertext).ok()
    })?;
    String::from_utf8(plain).ok()
}

/// Key size in bytes and integrity of a cipher.
fn cipher_of(algorithm: &str) -> Option<(usize, Integrity)> {
    match algorithm {
        AES128_GCM => Some((16, Integrity::Own)),
        AES256_GCM => Some((32, Integrity::Own)),
        AES128_CBC => Some((16, Integrity::Signed)),
        AES256_CBC => Some((32, Integrity::Signed)),
        _ => None,
    }
}

fn session_key(encrypted: Node<'_>, own: &DecryptionKey) -> Option<Vec<u8>> {
    let method = encrypted.only_child(XENC, "EncryptionMethod")?;
    let algorithm = method.attribute("Algorithm")?;
    if algorithm != OAEP && algorithm != OAEP_MGF1P {
        return None;
    }
    let named = |namespace, name| {
        let child = method.child(namespace, name)?;
        child.attribute("Algorithm").map(str::to_owned)
    };
    let label = match method.child_text(XENC, "OAEPparams").filter(|text| !text.is_empty()) {
        Some(text) => Some(base64_decode(&text)?),
        None => None,
    };
    let parameters = OaepParams {
        digest_uri: named(DS, "DigestMethod"),
        mgf_uri: named(XENC11, "MGF"),
        oaep_params: label,
    };
    let transport = from_uri_with_params(algorithm, parameters).ok()?;
    transport.decrypt(&own.0, &cipher_value(encrypted)?).ok()
}

fn cipher_value(node: Node<'_>) -> Option<Vec<u8>> {
    let data = node.only_child(XENC, "CipherData")?;
    base64_decode(&data.only_child(XENC, "CipherValue")?.text())
}

/// Base64 with or without line breaks.
pub(crate) fn base64_decode(text: &str) -> Option<Vec<u8>> {
    let compact: String = text.split_ascii_whitespace().collect();
    STANDARD.decode(compact).ok()
}

/// The `saml:EncryptedAssertion` of an assertion for the owner of `certificate`: AES-256-GCM under
/// RSA-OAEP. The session key is drawn from `entropy`; padding and nonce from the library.
pub(crate) fn encrypt(
    assertion: &str,
    certificate: &Certificate,
    entropy: &dyn Entropy,
) -> Result<Element, SignError> {
    encrypt_with(AES256_GCM, assertion, certificate, &entropy.bytes::<32>())
}

/// The same with a cipher and a session key of one's choice.
pub(crate) fn encrypt_with(
    algorithm: &str,
    assertion: &str,
    certificate: &Certificate,
    session: &[u8],
) -> Result<Element, SignError> {
    let key = load_x509_cert_pem(certificate.pem().as_bytes()).map_err(|_| SignError::Key)?;
    let key = key.software_key().ok().flatten().ok_or(SignError::Key)?;
    let wrapped = from_uri_with_params(OAEP_MGF1P, OaepParams::default())
        .and_then(|transport| transport.encrypt(&key, session))
        .map_err(|_| SignError::Encrypt)?;
    let ciphertext = cipher::from_uri(algorithm)
        .and_then(|cipher| cipher.encrypt(session, assertion.as_bytes()))
        .map_err(|_| SignError::Encrypt)?;
    let key_info = Element::new("ds:KeyInfo").attr("xmlns:ds", DS).child(&encrypted(
        "xenc:EncryptedKey",
        OAEP_MGF1P,
        &wrapped,
    ));
    let data = Element::new("xenc:EncryptedData")
        .attr("xmlns:xenc", XENC)
        .attr("Type", "http://www.w3.org/2001/04/xmlenc#Element")
        .child(&Element::new("xenc:EncryptionMethod").attr("Algorithm", algorithm))
        .child(&key_info)
        .child(&cipher_data(&ciphertext));
    Ok(Element::new("saml:EncryptedAssertion").child(&data))
}

fn encrypted(tag: &'static str, algorithm: &str, ciphertext: &[u8]) -> Element {
    Element::new(tag)
        .child(&Element::new("xenc:EncryptionMethod").attr("Algorithm", algorithm))
        .child(&cipher_data(ciphertext))
}

fn cipher_data(ciphertext: &[u8]) -> Element {
    let value = Element::new("xenc:CipherValue").text(&STANDARD.encode(ciphertext));
    Element::new("xenc:CipherData").child(&value)
}
