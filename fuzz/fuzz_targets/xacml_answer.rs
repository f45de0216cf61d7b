//! Answers of decision points.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| usher_saml::fuzz::xacml_answer(data));
