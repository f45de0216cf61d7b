//! See `usher_http::probe::codes`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| usher_http::probe::codes(bytes));
