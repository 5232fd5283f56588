//! Hands the fuzzer's inputs to `annals_fuzz::event_decoding`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| annals_fuzz::event_decoding(bytes));
