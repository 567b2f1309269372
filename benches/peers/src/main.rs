//! The same work on other people's engines, next to jeton and to the bare loop that is the limit of all: see README.md.
#![cfg_attr(feature = "desim", feature(coroutines, coroutine_trait, stmt_expr_attributes))]

use std::process::ExitCode;

mod engines;
mod eventually;
mod search;
mod simulation;
mod table;
mod versions;
#[allow(dead_code, reason = "the benches need more of it")]
#[path = "../../workloads/mod.rs"]
mod workloads;

/// What can be asked for, in the order in which it comes if nothing is.
const PARTS: [(&str, fn()); 5] = [
    ("ring", simulation::ring),
    ("many", simulation::many),
    ("short", simulation::short),
    ("search", search::table),
    ("eventually", eventually::table),
];

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let [first, rest @ ..] = words.as_slice() {
        if first == search::ALONE {
            search::alone(rest);
            return ExitCode::SUCCESS;
        }
    }
    if let Some(word) = words.iter().find(|word| PARTS.iter().all(|(name, _)| name != word)) {
        let names: Vec<&str> = PARTS.iter().map(|(name, _)| *name).collect();
        eprintln!("{word:?}, expected some of {}", names.join(", "));
        return ExitCode::from(2);
    }
    versions::print();
    for (name, part) in PARTS {
        if words.is_empty() || words.iter().any(|word| word == name) {
            part();
        }
    }
    ExitCode::SUCCESS
}
