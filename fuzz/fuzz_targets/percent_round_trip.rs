//! See [`cloudauth_fuzz::percent_round_trip`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cloudauth_fuzz::percent_round_trip(bytes));
