//! See [`cloudauth_fuzz::one_bit_off_is_refused`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cloudauth_fuzz::one_bit_off_is_refused(bytes));
