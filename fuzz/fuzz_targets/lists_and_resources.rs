//! Lists of proxies, and resources of applications.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| usher_saml::fuzz::lists_and_resources(data));
