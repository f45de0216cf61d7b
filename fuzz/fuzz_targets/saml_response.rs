//! Sign-in responses, as documents.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| usher_saml::fuzz::saml_response(data));
