//! Hands the fuzzer's inputs to `annals_fuzz::upcasting`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| annals_fuzz::upcasting(bytes));
