//! Hands the fuzzer's inputs to `annals_fuzz::positions_and_tokens`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| annals_fuzz::positions_and_tokens(bytes));
