//! What is sealed, compressed by Zstandard with a dictionary of its own.
//!
//! Values are a few hundred bytes long and all of a kind: too short to repeat much in themselves, but full of
//! the names that every token and sign-in has. A dictionary is there for that (RFC 8878 §5). Earlier versions
//! deflated without one, which is still read.

use std::io::Read;

use flate2::read::DeflateDecoder;
use zstd::bulk::Compressor;
use zstd::stream::read::Decoder;

/// The longest value, in bytes.
const PLAIN_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Beyond this, short values do not get shorter.
const LEVEL: i32 = 12;
/// Begins what Zstandard wrote (RFC 8878 §3.1.1). Deflate never does: it would be a stored block of a length
/// that contradicts itself.
const MAGIC: [u8; 4] = [0x28, 0xB5, 0x2F, 0xFD];

/// What JWTs (RFC 7519, RFC 9068, OpenID Connect Core §2) and SAML sign-ins have in common, the likeliest last.
/// Values on disk were made with exactly this: another dictionary needs an id (RFC 8878 §5), and this one
/// beside it.
const DICTIONARY: &str = concat!(
    "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified",
    "urn:oasis:names:tc:SAML:2.0:nameid-format:transient",
    "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
    "https:///sp/metadata/on-behalf-of/",
    "saml2\txacml_soap\u{8}saml_slooauth2\u{4}rest\u{8}redirect",
    r#","amr":["pwd"],"acr":"0","azp":"","jti":"","at_hash":"","email":"""#,
    r#","scope":"openid offline_access","client_id":""#,
    r#","hba_status":"false"},"hba_status":"true"}"#,
    r#"","nonce":"","auth_time":17","aud":"","sid":"","sub":""#,
    r#"{"iss":"https://{"iss":"http://,"iat":17,"exp":18"#,
    r#"{"alg":"RS256","kid":"","typ":"JWT"}{"alg":"ES256","typ":"JWT","kid":""#,
    r#"{"alg":"RS256","typ":"JWT","kid":"{"alg":"ES256","typ":"at+jwt","kid":""#,
);

/// `plain` in few bytes; nothing when it is too long.
pub(super) fn compress(plain: &[u8]) -> Option<Vec<u8>> {
    if plain.len() > PLAIN_BYTES_MAX {
        return None;
    }
    Compressor::with_dictionary(LEVEL, DICTIONARY.as_bytes()).ok()?.compress(plain).ok()
}

/// What was compressed, by this version or an earlier one.
pub(super) fn decompress(compressed: &[u8]) -> Option<Vec<u8>> {
    if compressed.starts_with(&MAGIC) {
        read(Decoder::with_dictionary(compressed, DICTIONARY.as_bytes()).ok()?)
    } else {
        read(DeflateDecoder::new(compressed))
    }
}

fn read(plain: impl Read) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let bytes_max = u64::try_from(PLAIN_BYTES_MAX).unwrap_or(u64::MAX);
    plain.take(bytes_max).read_to_end(&mut bytes).ok().map(|_| bytes)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::DeflateEncoder;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn long_values_are_refused_and_repetitive_ones_are_short() {
        let long = vec![b'x'; PLAIN_BYTES_MAX];
        let compressed = compress(&long).unwrap();
        assert!(compressed.len() < PLAIN_BYTES_MAX / 100);
        assert_eq!(decompress(&compressed).unwrap().len(), PLAIN_BYTES_MAX);
        assert_eq!(compress(&[long, vec![b'x']].concat()), None);
    }

    #[test]
    fn what_is_on_disk_stays_readable() {
        // Fails when the dictionary changes.
        let compressed =
            "KLUv_SBNnQEANAJ7Y2FibGUuZXhhbXBsZSI5NTY5MjU1MDM0Njg1NTd1LTcifQQACUs40rYBtEKDnbkC";
        let plain = decompress(&crate::base64url_decode(compressed).unwrap()).unwrap();
        let claims =
            r#"{"iss":"https://cable.example","iat":1795692557,"exp":1803468557,"sub":"u-7"}"#;
        assert_eq!(String::from_utf8(plain).as_deref(), Ok(claims));
        assert!(compress(claims.as_bytes()).unwrap().len() < claims.len() * 4 / 5);
    }

    proptest! {
        #[test]
        fn every_value_comes_back_as_it_was(plain: Vec<u8>) {
            prop_assert_eq!(decompress(&compress(&plain).unwrap()), Some(plain));
        }

        #[test]
        fn what_earlier_versions_deflated_is_read(plain: Vec<u8>, level in 0..=9_u32) {
            let mut deflated = DeflateEncoder::new(Vec::new(), Compression::new(level));
            deflated.write_all(&plain).unwrap();
            prop_assert_eq!(decompress(&deflated.finish().unwrap()), Some(plain));
        }

        #[test]
        fn garbage_is_nothing_or_bounded(garbage: Vec<u8>) {
            for compressed in [[&MAGIC, &*garbage].concat(), garbage] {
                let plain = decompress(&compressed).unwrap_or_default();
                prop_assert!(plain.len() <= PLAIN_BYTES_MAX);
            }
        }
    }
}
