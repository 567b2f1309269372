//! What the fuzzers of `tests/fuzz` kept is tried by their own functions: inputs that reach far, and those that once
//! failed.

#[path = "../fuzz/src/lib.rs"]
#[allow(unreachable_pub, reason = "there it is a library")]
mod targets;

use std::fs;
use std::path::Path;

/// Tries every file of some directories.
fn try_all(target: fn(&[u8]), directories: &[&str]) {
    for directory in directories {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join(directory);
        let entries = fs::read_dir(&directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
        let mut files: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
        files.sort();
        assert!(!files.is_empty(), "{} is empty", directory.display());
        for file in files {
            // What fails says which.
            println!("{}", file.display());
            target(&fs::read(&file).expect("a file"));
        }
    }
}

#[test]
fn scenario() {
    try_all(targets::scenario, &["tests/fuzz/corpus/scenario", "scenarios"]);
}

#[test]
fn schedule() {
    try_all(targets::schedule, &["tests/fuzz/corpus/schedule", "tests/schedules"]);
}

#[test]
fn untimed() {
    try_all(targets::untimed, &["tests/fuzz/corpus/untimed"]);
}

#[test]
fn trace() {
    try_all(targets::trace, &["tests/fuzz/corpus/trace"]);
}

#[test]
fn engine() {
    try_all(targets::engine, &["tests/fuzz/corpus/engine"]);
}
