//! Sign-in responses, as forms carry them.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| usher_saml::fuzz::saml_post(data));
