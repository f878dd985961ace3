//! See the body's documentation.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cloudauth_fuzz::returns_are_read(bytes));
