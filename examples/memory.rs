//! What a simulation holds, from the most memory that a program of its own had (Linux):
//! `cargo run --release --example memory`.
//!
//! The minimal process of a ring has no state, so what it takes is the engine's; the query ring is with the workload
//! and all properties. A visited state is one of a search of every interleaving, its place in the table of states and
//! the way to it included; there the search itself says what it takes.

use std::process::Command;

use jeton::algorithms::query_ring::{Parameters, QueryRing};
use jeton::engine::{ChannelOrder, Distribution, Setup};
use jeton::explore::{Case, Exhaustive, Runner};
use jeton::mutex::{System, Workload};

use workloads::{relay, ring};

#[path = "../benches/workloads/mod.rs"]
#[allow(dead_code, reason = "the benches need more of it")]
mod workloads;

type Error = Box<dyn std::error::Error>;

/// What is counted, and a small and a large number of it, whose difference is measured.
const ROWS: [(&str, &str, u64, u64); 4] = [
    ("ring", "process of a ring", 1_000, 1_000_000),
    ("query_ring", "process of the query ring, all properties", 1_000, 200_000),
    ("fifo", "message in flight, FIFO", 10_000, 2_000_000),
    ("unordered", "message in flight, unordered", 10_000, 2_000_000),
];

fn main() -> Result<(), Error> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [what, number] = arguments.as_slice() {
        return measure(what, number.parse()?);
    }
    println!("| bytes | of each |\n| ---: | --- |");
    for (what, name, few, many) in ROWS {
        let kib = |number: u64| -> Result<u64, Error> {
            let output = Command::new(std::env::current_exe()?).args([what, &number.to_string()]).output()?;
            Ok(String::from_utf8(output.stdout)?.trim().parse()?)
        };
        println!("| {} | {name} |", (kib(many)? - kib(few)?) * 1024 / (many - few));
    }
    let (states, bytes) = visited()?;
    println!("| {} | visited state of the query ring, of {states} |", bytes / states);
    Ok(())
}

/// How many states four processes with one crash can be in, or many of them, and what these take.
fn visited() -> Result<(u64, u64), Error> {
    let config = QueryRing::configure(4, &Parameters::default())?;
    let setup = Setup::<QueryRing>::new(4, config).with_random_crashes(1);
    let workload = Workload { requests: 1, ..Workload::default() };
    let coverage = Exhaustive::new(setup).workload(workload).states_max(2_000_000).run()?.coverage;
    Ok((coverage.states, coverage.bytes))
}

/// Runs so many of it and prints the most memory that it took, in KiB.
fn measure(what: &str, number: u64) -> Result<(), Error> {
    match what {
        "ring" => {
            ring::run(&mut ring::ring(u32::try_from(number)?, number * 2), 1);
        }
        "query_ring" => query_ring(u32::try_from(number)?)?,
        _ => {
            const PROCESSES: u32 = 1_000;
            let order = if what == "fifo" { ChannelOrder::Fifo } else { ChannelOrder::Unordered };
            let load = relay::Load { each: u32::try_from(number)? / PROCESSES, hops: 3 };
            ring::run(&mut relay::relay(PROCESSES, load, Distribution::Uniform(1_000_000, 10_000_000), order), 1);
        }
    }
    println!("{}", peak_kib().ok_or("the system does not tell")?);
    Ok(())
}

fn query_ring(processes: u32) -> Result<(), Error> {
    // Everyone waits for most of a round, and must not ask the whole ring meanwhile.
    let parameters = Parameters { token_timeout_ticks: 1 << 32, ..Parameters::default() };
    let config = QueryRing::configure(processes, &parameters)?;
    let mut case = Case::new(Setup::<QueryRing>::new(processes, config));
    case.set_workload(Workload { requests: 2, write_per_mille: 0, hold_ticks: 0.into(), ..Workload::default() });
    case.patience = jeton::Ticks::MAX;
    Runner::new(&case)?.run(0);
    Ok(())
}

fn peak_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
