//! See `usher_http::probe::resources`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| usher_http::probe::resources(bytes));
