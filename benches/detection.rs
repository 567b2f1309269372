//! What each strategy is worth: of every mistake in the zoo, in how many schedules each finds it, and how small the
//! schedule becomes.
//!
//! `cargo bench --bench detection -- [--seeds N] [--schedules N] [NAME…]`: from so many starting seeds (20), at most so
//! many schedules from each (20,000), of the mistakes of these names (all). Exit status 1 if `auto` misses one from any
//! starting seed.

use std::env;
use std::process::ExitCode;

use jeton::explore::{Minimised, Strategy};

use zoo::{Entry, zoo};

#[path = "../tests/it/zoo/mod.rs"]
#[allow(dead_code, unused_imports, reason = "its tests are no part of this")]
mod zoo;

/// Starting seeds are so far apart.
const APART: u64 = 1_000_000;

struct Options {
    seeds: u64,
    schedules: u64,
    names: Vec<String>,
}

fn main() -> ExitCode {
    let Some(options) = options() else {
        eprintln!("usage: cargo bench --bench detection -- [--seeds N] [--schedules N] [NAME...]");
        return ExitCode::from(2);
    };
    let is_wanted = |entry: &Entry| options.names.is_empty() || options.names.iter().any(|name| name == entry.name);
    let entries: Vec<Entry> = zoo().filter(is_wanted).collect();
    let names = Strategy::ALL.map(Strategy::name);
    println!("| mistake | {} | decisions | events |", names.join(" | "));
    println!("| --- |{}", " ---: |".repeat(names.len() + 2));
    let mut missed = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        eprintln!("{} of {}: {}", index + 1, entries.len(), entry.name);
        let found = Strategy::ALL.map(|strategy| find(entry, strategy, &options));
        let medians: Vec<String> = found.iter().map(|found| show(median(found), options.schedules)).collect();
        let auto = &found[Strategy::ALL.len() - 1];
        missed.extend((0..).zip(auto).filter(|(_, within)| within.is_none()).map(|(start, _)| (entry.name, start)));
        let (decisions, events) = match minimised(entry, auto) {
            Some(small) => (small.decisions.len().to_string(), small.violation.event.to_string()),
            None => ("-".to_owned(), "-".to_owned()),
        };
        println!("| `{}` | {} | {decisions} | {events} |", entry.name, medians.join(" | "));
    }
    for (name, start) in &missed {
        println!("\n{name} is missed by auto from seed {}", start * APART);
    }
    if missed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// `None` if they cannot be read.
fn options() -> Option<Options> {
    let mut options = Options { seeds: 20, schedules: 20_000, names: Vec::new() };
    let mut arguments = env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            // Cargo says so of its own accord.
            "--bench" => {}
            "--seeds" => options.seeds = arguments.next()?.parse().ok().filter(|seeds| *seeds > 0)?,
            "--schedules" => options.schedules = arguments.next()?.parse().ok().filter(|most| *most <= APART)?,
            name if zoo().any(|entry| entry.name == name) => options.names.push(argument),
            _ => return None,
        }
    }
    Some(options)
}

/// From each starting seed, within how many schedules the mistake is found. Where the median is plain before all were
/// tried the rest is not, but for `auto`, which must find it from each.
fn find(entry: &Entry, strategy: Strategy, options: &Options) -> Vec<Option<u64>> {
    let mut found = vec![None; options.seeds as usize];
    let mut missed = 0;
    for (start, within) in (0..).zip(&mut found) {
        if missed > options.seeds / 2 && strategy != Strategy::Auto {
            break;
        }
        let first = start * APART;
        let report = entry.specimen.find(entry.violates, strategy, first..first + options.schedules);
        *within = report.finding(entry.violates).map(|finding| finding.found_within);
        missed += u64::from(within.is_none());
    }
    found
}

/// The median, `None` if that is where nothing was found; of an even number the greater of the two.
fn median(found: &[Option<u64>]) -> Option<u64> {
    let mut sorted: Vec<u64> = found.iter().map(|within| within.unwrap_or(u64::MAX)).collect();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied().filter(|within| *within < u64::MAX)
}

fn show(median: Option<u64>, schedules: u64) -> String {
    median.map_or_else(|| format!("> {schedules}"), |within| within.to_string())
}

/// The schedule that `auto` finds from the first starting seed, made small.
fn minimised(entry: &Entry, auto: &[Option<u64>]) -> Option<Minimised> {
    let seed = auto.first().copied().flatten()? - 1;
    entry.specimen.minimise(Strategy::Auto, seed, entry.violates)
}
