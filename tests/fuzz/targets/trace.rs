//! Bytes as trace files.
#![no_main]

// A panic of a handler is caught by the engine, and no finding of the fuzzer: what it installs would end there.
libfuzzer_sys::fuzz_target!(init: drop(std::panic::take_hook()), |data: &[u8]| jeton_fuzz::trace(data));
