//! See [`cloudauth_fuzz::order_does_not_matter`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cloudauth_fuzz::order_does_not_matter(bytes));
