//! Metadata of providers.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| usher_saml::fuzz::metadata(data));
