//! See [`cloudauth_fuzz::responses_are_read`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cloudauth_fuzz::responses_are_read(bytes));
