//! See [`cloudauth_fuzz::flow_any_order`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cloudauth_fuzz::flow_any_order(bytes));
