//! See [`cloudauth_fuzz::never_another_identity`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cloudauth_fuzz::never_another_identity(bytes));
