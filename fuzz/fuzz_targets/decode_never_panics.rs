//! See [`cloudauth_fuzz::decode_never_panics`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cloudauth_fuzz::decode_never_panics(bytes));
