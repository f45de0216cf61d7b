use axum::http::HeaderValue;
use base64::engine::general_purpose::{STANDARD as PADDED, URL_SAFE_NO_PAD};
use proptest::prelude::*;

use super::*;

fn with(name: HeaderName, value: &[u8]) -> Option<HeaderMap> {
    let value = HeaderValue::from_bytes(value).ok()?;
    Some(HeaderMap::from_iter([(name, value)]))
}

fn device(value: &str) -> Result<Option<DeviceId>, Malformed> {
    device_identifier(&with(DEVICE_IDENTIFIER, value.as_bytes()).unwrap())
}

#[test]
fn devices_are_compared_by_their_decoded_bytes() {
    let spellings = [
        "fingerprint bGl2aW5nLXJvb20=",
        "FingerPrint   bGl2aW5nLXJvb20",
        " fingerprint bGl2aW5nLXJvb20= ",
    ];
    for spelling in spellings {
        assert_eq!(device(spelling), Ok(DeviceId::new(b"living-room")), "{spelling}");
    }
    assert_eq!(device("fingerprint -_8"), Ok(DeviceId::new(&[0xfb, 0xff])));
    assert_eq!(device_identifier(&HeaderMap::new()), Ok(None));
}

#[test]
fn anything_else_names_no_device() {
    let long = format!("fingerprint {}", PADDED.encode([7; 257]));
    for wrong in [
        "",
        "fingerprint",
        "fingerprint ",
        "uuid abc",
        "bGl2aW5n",
        "fingerprint a b",
        "fingerprint !!",
        &long,
    ] {
        assert_eq!(device(wrong), Err(Malformed), "{wrong}");
    }
}

#[test]
fn device_info_that_is_no_json_says_nothing_but_must_be_base64() {
    let info = |value: &str| device_info(&with(DEVICE_INFO, value.as_bytes()).unwrap());
    let model = info(&PADDED.encode(r#"{"model":"Box 9"}"#)).unwrap().model;
    assert_eq!(model.as_deref(), Some("Box 9"));
    assert_eq!(info(&PADDED.encode("{\"a\":1 \"b\":2}")), Ok(DeviceInfo::default()));
    assert_eq!(info("not base64!"), Err(Malformed));
    assert_eq!(device_info(&HeaderMap::new()), Ok(DeviceInfo::default()));
}

#[test]
fn a_visitor_id_loses_one_pair_of_quotes() {
    let visitor =
        |value: &str| visitor_identifier(&with(VISITOR_IDENTIFIER, value.as_bytes()).unwrap());
    assert_eq!(visitor("\"7\"").as_deref(), Some("7"));
    assert_eq!(visitor("\"\"7\"\"").as_deref(), Some("\"7\""));
    assert_eq!(visitor("7\"").as_deref(), Some("7\""));
    assert_eq!(visitor("\"\""), None);
}

proptest! {
    #[test]
    fn every_device_id_survives_its_header(bytes in prop::collection::vec(any::<u8>(), 1..=256)) {
        let expected = Ok(DeviceId::new(&bytes));
        prop_assert_eq!(device(&format!("fingerprint {}", PADDED.encode(&bytes))), expected.clone());
        prop_assert_eq!(device(&format!("fingerprint {}", URL_SAFE_NO_PAD.encode(&bytes))), expected);
    }

    #[test]
    fn no_value_of_any_header_is_too_odd_to_be_answered(value: Vec<u8>) {
        let [platform, vendors] = PLATFORM_TOKENS;
        let others = [SERVICE_TOKEN, VISITOR_IDENTIFIER, header::USER_AGENT, platform, vendors];
        let named = [DEVICE_IDENTIFIER, DEVICE_INFO, FRAMEWORK_STATUS, PASS_IDENTITY];
        for name in named.into_iter().chain(others) {
            if let Some(headers) = with(name, &value) {
                let _ = device_identifier(&headers);
                let _ = device_info(&headers);
                let _ = visitor_identifier(&headers);
                let _ = user_agent(&headers);
                let _ = framework_status(&headers);
                let _ = pass_identity(&headers);
                let _ = sso_tokens(&headers);
            }
        }
    }
}
