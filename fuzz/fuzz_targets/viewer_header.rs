//! See `usher_http::probe::header`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| usher_http::probe::header(bytes));
