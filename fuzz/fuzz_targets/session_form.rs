//! See `usher_http::probe::session_form`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| usher_http::probe::session_form(bytes));
