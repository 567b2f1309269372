//! One simulation of a large ring, and what it costs: `cargo run --release --example large_ring [PROCESSES]`.

use std::time::Instant;

use jeton::Ticks;
use jeton::algorithms::query_ring::{Parameters, QueryRing};
use jeton::engine::Setup;
use jeton::explore::{Case, Runner};
use jeton::mutex::{System, Workload};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let processes = std::env::args().nth(1).map_or(Ok(100_000), |text| text.parse::<u32>())?;
    // Everyone waits for most of a round, and must not ask the whole ring meanwhile.
    let parameters = Parameters { token_timeout_ticks: 1 << 32, ..Parameters::default() };
    let config = QueryRing::configure(processes, &parameters)?;
    let mut case = Case::new(Setup::<QueryRing>::new(processes, config));
    case.set_workload(Workload { requests: 5, write_per_mille: 0, hold_ticks: 0.into(), ..Workload::default() });
    case.patience = Ticks::MAX;

    let before = resident_kib();
    let started = Instant::now();
    let outcome = Runner::new(&case)?.run(0);
    let taken = started.elapsed();
    let events = outcome.stats.events;
    println!("{processes} processes, {events} events in {} ticks: {:?}", outcome.at, outcome.end);
    println!("{taken:.2?}, {} ns an event", taken.as_nanos() / u128::from(events));
    if let (Some(before), Some(after)) = (before, resident_kib()) {
        let kib = after - before;
        println!("{} MiB at the most, {} bytes a process", kib / 1024, kib * 1024 / u64::from(processes));
    }
    Ok(())
}

/// The most memory that the program has had so far, in KiB, where the system tells (Linux).
fn resident_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
