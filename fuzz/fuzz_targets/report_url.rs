//! See `usher_reports::probe::url`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| usher_reports::probe::url(bytes));
