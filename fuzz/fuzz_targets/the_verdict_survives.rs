//! See [`cloudauth_fuzz::the_verdict_survives`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cloudauth_fuzz::the_verdict_survives(bytes));
