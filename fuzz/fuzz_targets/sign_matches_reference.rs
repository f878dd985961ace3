//! See [`cloudauth_fuzz::sign_matches_reference`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cloudauth_fuzz::sign_matches_reference(bytes));
