//! Hands the fuzzer's inputs to `annals_fuzz::stream_ids_and_urls`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| annals_fuzz::stream_ids_and_urls(bytes));
