//! See [`cloudauth_fuzz::sim_accepts_what_we_sign`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cloudauth_fuzz::sim_accepts_what_we_sign(bytes));
