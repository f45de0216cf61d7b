//! The HTTP bindings, as far as they are text: POST form values and redirect queries.

use std::io::{Read as _, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::encryption::base64_decode;
use crate::signature::{SignError, SignatureError, SigningIdentity, TrustedKeys};
use crate::xml::{BYTES_MAX, XmlError};

/// Which of the two parameters a message travels in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parameter {
    /// `SAMLRequest`.
    Request,
    /// `SAMLResponse`.
    Response,
}

impl Parameter {
    /// The parameter's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Request => "SAMLRequest",
            Self::Response => "SAMLResponse",
        }
    }
}

/// The longest relay state, in bytes (SAML Bindings §3.4.3).
pub const RELAY_STATE_MAX: usize = 80;

/// Unreserved characters of RFC 3986 stay as they are.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The value of the form field that carries `xml` in the POST binding.
pub fn post_value(xml: &str) -> String {
    STANDARD.encode(xml)
}

/// The document in the form field of the POST binding.
pub fn from_post_value(value: &str) -> Result<String, XmlError> {
    // Line breaks may stand in between; nothing needs more room than this.
    if value.len() > BYTES_MAX / 2 * 3 {
        return Err(XmlError::TooLong);
    }
    let bytes = base64_decode(value).ok_or(XmlError::Encoding)?;
    String::from_utf8(bytes).map_err(|_| XmlError::Encoding)
}

/// The URL that carries `xml` to `destination` in the redirect binding; signed if there is a `signer`.
pub fn redirect_url(
    destination: &str,
    (parameter, xml): (Parameter, &str),
    relay_state: Option<&str>,
    signer: Option<&SigningIdentity>,
) -> Result<String, SignError> {
    let mut query = format!("{}={}", parameter.name(), encoded(&STANDARD.encode(deflate(xml)?)));
    if let Some(state) = relay_state {
        query.push_str("&RelayState=");
        query.push_str(&encoded(state));
    }
    if let Some(signer) = signer {
        query.push_str("&SigAlg=");
        query.push_str(&encoded(signer.method()));
        let signature = signer.sign_detached(query.as_bytes())?;
        query.push_str("&Signature=");
        query.push_str(&encoded(&STANDARD.encode(signature)));
    }
    let separator = if destination.contains('?') { '&' } else { '?' };
    Ok(format!("{destination}{separator}{query}"))
}

/// A message of the redirect binding, its signature not judged yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirected {
    /// The document.
    pub xml: String,
    /// The state that came with it.
    pub relay_state: Option<String>,
    signature: Option<Detached>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Detached {
    method: String,
    value: Vec<u8>,
    signed: String,
}

impl Redirected {
    /// Reads the query of a request as it was received, nothing decoded.
    pub fn parse(query: &str, parameter: Parameter) -> Result<Self, XmlError> {
        if query.len() > BYTES_MAX {
            return Err(XmlError::TooLong);
        }
        let message = raw(query, parameter.name())?.ok_or(XmlError::Encoding)?;
        let relay_state = raw(query, "RelayState")?;
        let method = raw(query, "SigAlg")?;
        let value = raw(query, "Signature")?;
        let signature = match (method, value) {
            (Some(method), Some(value)) => Some(Detached {
                method: decoded(method)?,
                value: base64_decode(&decoded(value)?).ok_or(XmlError::Encoding)?,
                signed: signed_part((parameter, message), relay_state, method),
            }),
            (None, None) => None,
            _ => return Err(XmlError::Encoding),
        };
        let compressed = base64_decode(&decoded(message)?).ok_or(XmlError::Encoding)?;
        let relay_state =
            relay_state.map(|state| decoded(&state.replace('+', "%20"))).transpose()?;
        Ok(Self { xml: inflate(&compressed)?, relay_state, signature })
    }

    /// Is the query signed by one of the trusted keys? `Ok(false)` if it is not signed at all.
    pub fn is_signed(&self, trust: &TrustedKeys) -> Result<bool, SignatureError> {
        let Some(signature) = &self.signature else { return Ok(false) };
        if !trust.allows(&signature.method) {
            return Err(SignatureError::Algorithm);
        }
        let signed = signature.signed.as_bytes();
        if trust.verify_detached(&signature.method, signed, &signature.value) {
            Ok(true)
        } else {
            Err(SignatureError::Invalid)
        }
    }
}

/// What the signature of a query is about: the values exactly as received (SAML Bindings §3.4.4.1).
fn signed_part(
    (parameter, message): (Parameter, &str),
    relay_state: Option<&str>,
    method: &str,
) -> String {
    let state = relay_state.map(|state| format!("&RelayState={state}")).unwrap_or_default();
    format!("{}={message}{state}&SigAlg={method}", parameter.name())
}

/// The undecoded value of a parameter that may be given once.
fn raw<'q>(query: &'q str, name: &str) -> Result<Option<&'q str>, XmlError> {
    let mut values = query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .filter(|(key, _)| *key == name)
        .map(|(_, value)| value);
    let first = values.next();
    if values.next().is_some() { Err(XmlError::Encoding) } else { Ok(first) }
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, QUERY).to_string()
}

/// A plus sign stays one: base64 has it, and some peers do not escape it.
fn decoded(text: &str) -> Result<String, XmlError> {
    let text = percent_decode_str(text).decode_utf8().map_err(|_| XmlError::Encoding)?;
    Ok(text.into_owned())
}

fn deflate(xml: &str) -> Result<Vec<u8>, SignError> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(xml.as_bytes()).map_err(|_| SignError::Sign)?;
    encoder.finish().map_err(|_| SignError::Sign)
}

fn inflate(compressed: &[u8]) -> Result<String, XmlError> {
    let limit = u64::try_from(BYTES_MAX).unwrap_or(u64::MAX).saturating_add(1);
    let mut xml = Vec::new();
    DeflateDecoder::new(compressed)
        .take(limit)
        .read_to_end(&mut xml)
        .map_err(|_| XmlError::Encoding)?;
    if xml.len() > BYTES_MAX {
        return Err(XmlError::TooLong);
    }
    String::from_utf8(xml).map_err(|_| XmlError::Encoding)
}
