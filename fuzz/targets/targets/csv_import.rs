//! Hands the fuzzer's inputs to `annals_fuzz::csv_import`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| annals_fuzz::csv_import(bytes));
