//! Hands the fuzzer's inputs to `annals_fuzz::canonical_json`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| annals_fuzz::canonical_json(bytes));
