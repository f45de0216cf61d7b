//! Messages of SAML, as queries carry them.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| usher_saml::fuzz::saml_redirect(data));
