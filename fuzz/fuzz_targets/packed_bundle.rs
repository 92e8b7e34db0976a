#![no_main]

use narrows_fuzz::harness;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| harness::packed_bundle(bytes));
