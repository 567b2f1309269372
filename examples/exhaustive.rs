//! What it takes to look at every interleaving of each system: states, time and memory.
//!
//! `cargo run --release --example exhaustive -- [GIB [SECONDS [NAME [JOBS [REDUCTION]]]]]`: at most so much memory and
//! time for each row, only the rows whose beginning has the name in it (`query_ring 3 1 0`: three processes, one crash,
//! no early timer), and so many threads. With a reduction, `none` say, only what is violated at a moment is looked for:
//! what must come in the end is not told by the others. Beside the seconds by the clock stand those of the processor,
//! all threads together, and how many of those the states took and how many the cycles among them.

use std::cell::Cell;
use std::ops::ControlFlow;
use std::time::Instant;

use jeton::ProcessId;
use jeton::algorithms::coordinator::{Durable, Replicated};
use jeton::algorithms::neighbour_ring::NeighbourRing;
use jeton::algorithms::query_ring::QueryRing;
use jeton::engine::{FromDead, RandomCrashes, Setup};
use jeton::explore::{Coverage, Estimate, Exhaustive, Reduction, Verdict};
use jeton::mutex::{System, Workload};

/// What a row may take, and which rows there are.
struct Limits {
    memory: u64,
    seconds: u64,
    name: String,
    jobs: Option<usize>,
    reduction: Option<Reduction>,
}

/// The seconds of the processor so far, where the system tells.
#[allow(clippy::cast_precision_loss, reason = "a few figures are shown")]
fn processor_seconds() -> f64 {
    const TICKS_A_SECOND: f64 = 100.0;
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // Behind the name in brackets: the 12th word is the time in the process, the 13th that in the system for it.
    let words = stat.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11).take(2);
    let ticks: u64 = words.filter_map(|word| word.parse::<u64>().ok()).sum();
    ticks as f64 / TICKS_A_SECOND
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut number = |or: u64| arguments.next().map_or(or, |word| word.parse().expect("a number"));
    let (memory, seconds) = (number(4) << 30, number(60));
    let name = arguments.next().unwrap_or_default();
    let jobs = arguments.next().map(|word| word.parse().expect("a number of threads"));
    let reduction = arguments.next().map(|word| word.parse().expect("a reduction"));
    let limits = Limits { memory, seconds, name, jobs, reduction };
    println!("every process makes one write request; the last messages of the dead may be lost");
    println!(
        "{:<14} n  crashes  early  {:<12} {:>11} {:>13} {:>8} {:>12} {:>6} {:>11}",
        "system", "verdict", "states", "transitions", "seconds", "processor", "MiB", "bytes/state"
    );
    for early in [0, 1] {
        for crashes in 0..=2 {
            for processes in [3, 4] {
                row::<QueryRing>(processes, random(crashes, &[], false), early, &limits);
                row::<NeighbourRing>(processes, random(crashes, &[], false), early, &limits);
                let mut of_server = random(crashes.min(1), &[0], true);
                if crashes == 2 {
                    of_server.extend(random(1, &[1], false));
                }
                row::<Durable>(processes, of_server, early, &limits);
                if crashes < 2 {
                    row::<Replicated>(processes + 1, random(crashes, &[], false), early, &limits);
                }
            }
        }
    }
}

fn random(up_to: u32, among: &[u32], comes_back: bool) -> Vec<RandomCrashes> {
    let among = among.iter().copied().map(ProcessId::new).collect();
    let down_ticks = comes_back.then(|| (1..=2).into());
    vec![RandomCrashes { among, down_ticks, ..RandomCrashes::up_to(up_to) }]
}

fn row<S: System>(processes: u32, crashes: Vec<RandomCrashes>, early: u32, limits: &Limits) {
    let up_to: u32 = crashes.iter().map(|crashes| crashes.up_to).sum();
    if !format!("{} {processes} {up_to} {early}", S::NAME).contains(&limits.name) {
        return;
    }
    let config = S::configure(processes, &S::Parameters::default()).expect("defaults can be");
    let mut setup = Setup::<S>::new(processes, config);
    setup.faults.random = crashes;
    setup.network.from_dead = FromDead::Prefix;
    let workload = Workload { requests: 1, write_per_mille: 1000, ..Workload::default() };
    let (started, before) = (Instant::now(), processor_seconds());
    let searched = Cell::new(0.0);
    let progress = |coverage: Coverage| {
        if coverage.looked_through == 0 {
            searched.set(processor_seconds() - before);
        }
        let is_late = started.elapsed().as_secs() >= limits.seconds;
        if is_late { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let mut search = Exhaustive::new(setup).workload(workload).early_timers(early).memory_bytes(limits.memory);
    if let Some(jobs) = limits.jobs {
        search = search.jobs(jobs);
    }
    if let Some(reduction) = limits.reduction {
        let safety: Vec<_> = S::PROPERTIES.iter().copied().filter(|property| !property.is_liveness()).collect();
        search = search.properties(&safety).reduction(reduction);
    }
    let proof = search.progress(&progress).run();
    let proof = proof.expect("the setup can be run");
    let Coverage { states, transitions, frontier, bytes, .. } = proof.coverage;
    let verdict = match &proof.verdict {
        Verdict::Verified => "verified",
        Verdict::Violated(counterexample) => counterexample.property,
        Verdict::Incomplete => "incomplete",
    };
    let processor = processor_seconds() - before;
    let seconds = started.elapsed().as_secs_f64();
    let taken = format!("{:.1} + {:.1}", searched.get(), processor - searched.get());
    println!(
        "{:<14} {processes} {up_to:>8} {early:>6}  {verdict:<12} {states:>11} {transitions:>13} {seconds:>8.1} \
         {taken:>12} {:>6} {:>11}",
        S::NAME,
        bytes >> 20,
        bytes / states
    );
    match &proof.verdict {
        Verdict::Violated(counterexample) => println!("{counterexample}"),
        Verdict::Incomplete => {
            let whole = proof.estimate.map_or_else(
                || "no end in sight".to_owned(),
                |Estimate { states, low, high, levels }| {
                    let high = high.map_or_else(|| "no end in sight".to_owned(), |high| high.to_string());
                    format!("in all about {states} by the branching of {levels} levels ({low} to {high})")
                },
            );
            println!("    {frontier} of the states have not been looked at; {whole}");
        }
        Verdict::Verified => {}
    }
}
