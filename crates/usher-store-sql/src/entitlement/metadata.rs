//! The metadata of a profile as they are kept: JSON, compressed by Zstandard with their usual names.
//!
//! A profile's are a few hundred bytes, most of which are the names that the contract gives (`mvpd` §11.1)
//! and that every profile repeats. A dictionary is there for that (RFC 8878 §5).

use std::cell::RefCell;
use std::io;

use serde_json::{Map, Value};
use zstd::bulk::{Compressor, Decompressor};
use zstd::zstd_safe::get_frame_content_size;

/// Metadata by profile key.
type Metadata = Map<String, Value>;

/// The longest text; longer than any answer that is read of a provider.
const BYTES_MAX: usize = 4 * 1024 * 1024;
/// Beyond this, short texts do not get shorter.
const LEVEL: i32 = 9;

/// The names, and values that are common, the likeliest last. Rows were written with exactly this: another
/// dictionary needs an id (RFC 8878 §5), and this one beside it.
const DICTIONARY: &str = concat!(
    r#"{"primaryOID":"","typeID":"Primary","allowMirroring":"false","encryptedZip":"","cmt":"","#,
    r#""onNet":"true","inHome":"true","authorized_resources":["","mvpd":"","upstreamUserID":"","#,
    r#""hba_status":"false","is_hoh":"0","language":"es","maxRating":{"MPAA":"PG-13","VCHIP":"#,
    r#""TV-14","URL":"https://"},"channelID":["","",""],"maxRating":{"MPAA":"NC-17","VCHIP":"#,
    r#""TV-MA"},"householdID":"","is_hoh":"1","language":"en","zip":["10"]}"#,
);

/// What to keep.
pub(super) fn compress(metadata: &Metadata) -> io::Result<Vec<u8>> {
    let json = serde_json::to_vec(metadata)?;
    Compressor::with_dictionary(LEVEL, DICTIONARY.as_bytes())?.compress(&json)
}

thread_local! {
    /// Each thread's own, for making one takes longer than everything it is for. Nothing without memory.
    static DECOMPRESSOR: RefCell<Option<Decompressor<'static>>> =
        RefCell::new(Decompressor::with_dictionary(DICTIONARY.as_bytes()).ok());
}

/// What was kept.
pub(super) fn decompress(kept: &[u8]) -> io::Result<Metadata> {
    let length = get_frame_content_size(kept).ok().flatten();
    let length = length.and_then(|length| usize::try_from(length).ok());
    let length = length.filter(|length| *length <= BYTES_MAX).ok_or(io::ErrorKind::InvalidData)?;
    let json = DECOMPRESSOR.with_borrow_mut(|decompressor| {
        decompressor.as_mut().ok_or(io::ErrorKind::OutOfMemory)?.decompress(kept, length)
    })?;
    Ok(serde_json::from_slice(&json)?)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn metadata(json: &Value) -> Metadata {
        json.as_object().cloned().unwrap()
    }

    #[test]
    fn metadata_come_back_as_they_were() {
        for value in [
            json!({}),
            json!({"zip": ["10001"], "language": "en \u{fc}", "maxRating": {"URL": "https://x"}}),
            json!({"channelID": vec!["acme-one"; 10_000], "own": null, "number": 1.5}),
        ] {
            let kept = compress(&metadata(&value)).unwrap();
            assert_eq!(decompress(&kept).unwrap(), metadata(&value));
        }
    }

    #[test]
    fn usual_metadata_take_less_than_two_thirds_of_their_json() {
        let usual = json!({
            "channelID": ["one", "two"], "householdID": "h-4SryZ0q0MX_MOdY-", "is_hoh": "1",
            "language": "en", "maxRating": {"MPAA": "NC-17", "VCHIP": "TV-MA"}, "zip": ["94107"],
        });
        let kept = compress(&metadata(&usual)).unwrap();
        assert!(kept.len() * 3 < usual.to_string().len() * 2, "{}", kept.len());
    }

    #[test]
    fn rows_that_were_written_stay_readable() {
        // Fails when the dictionary changes.
        let kept = b"(\xb5/\xfd 2\xbd\x00\x00`{h-194107\x22]}\x03\x00R3 \x04d~\xa7\xae";
        let metadata = json!({"householdID": "h-1", "is_hoh": "1", "zip": ["94107"]});
        assert_eq!(Value::Object(decompress(kept).unwrap()), metadata);
    }

    #[test]
    fn what_was_not_written_here_is_refused() {
        for kept in [&b""[..], b"{}", &[0x28, 0xB5, 0x2F, 0xFD], &[0x28, 0xB5, 0x2F, 0xFD, 255]] {
            assert!(decompress(kept).is_err(), "{kept:?}");
        }
    }
}
