//! See [`cloudauth_fuzz::fault_and_mismatch_parser`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cloudauth_fuzz::fault_and_mismatch_parser(bytes));
