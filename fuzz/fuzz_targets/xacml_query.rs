//! Questions to decision points, and sign-in requests.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| usher_saml::fuzz::xacml_query(data));
