//! What it takes to look at every interleaving of each system: states, time and memory.
//!
//! `cargo run --release --example exhaustive -- [GIB [SECONDS]]`

use std::ops::ControlFlow;
use std::time::Instant;

use jeton::ProcessId;
use jeton::algorithms::coordinator::{Durable, Replicated};
use jeton::algorithms::neighbour_ring::NeighbourRing;
use jeton::algorithms::query_ring::QueryRing;
use jeton::engine::{FromDead, RandomCrashes, Setup};
use jeton::explore::{Coverage, Exhaustive, Verdict};
use jeton::mutex::{System, Workload};

fn main() {
    let mut arguments = std::env::args().skip(1).map(|word| word.parse::<u64>().expect("a number"));
    let memory = arguments.next().unwrap_or(4) << 30;
    let seconds = arguments.next().unwrap_or(60);
    println!("system          n  crashes  early  verdict          states   transitions  seconds  bytes/state");
    for early in [0, 1] {
        for crashes in 0..=2 {
            for processes in [3, 4] {
                row::<QueryRing>(processes, random(crashes.min(processes - 1), &[], false), early, memory, seconds);
                row::<NeighbourRing>(processes, random(crashes.min(processes - 1), &[], false), early, memory, seconds);
                let mut of_server = random(crashes.min(1), &[0], true);
                if crashes == 2 {
                    of_server.extend(random(1, &[1], false));
                }
                row::<Durable>(processes, of_server, early, memory, seconds);
                row::<Replicated>(processes + 1, random(crashes.min(1), &[], false), early, memory, seconds);
            }
        }
    }
}

fn random(up_to: u32, among: &[u32], comes_back: bool) -> Vec<RandomCrashes> {
    let among = among.iter().copied().map(ProcessId::new).collect();
    let down_ticks = comes_back.then(|| (1..=2).into());
    vec![RandomCrashes { among, down_ticks, ..RandomCrashes::up_to(up_to) }]
}

fn row<S: System>(processes: u32, crashes: Vec<RandomCrashes>, early: u32, memory: u64, seconds: u64) {
    let config = S::configure(processes, &S::Parameters::default()).expect("defaults can be");
    let mut setup = Setup::<S>::new(processes, config);
    let up_to: u32 = crashes.iter().map(|crashes| crashes.up_to).sum();
    setup.faults.random = crashes;
    setup.network.from_dead = FromDead::Prefix;
    let workload = Workload { requests: 1, write_per_mille: 1000, ..Workload::default() };
    let started = Instant::now();
    let progress = |_: Coverage| {
        let is_late = started.elapsed().as_secs() >= seconds;
        if is_late { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let search = Exhaustive::new(setup).workload(workload).early_timers(early).memory_bytes(memory);
    let proof = search.progress(&progress).run();
    let proof = proof.expect("the setup can be run");
    let Coverage { states, transitions, bytes, .. } = proof.coverage;
    let verdict = match &proof.verdict {
        Verdict::Verified => "verified",
        Verdict::Violated(counterexample) => counterexample.property,
        Verdict::Incomplete => "incomplete",
    };
    println!(
        "{:<14} {processes:>2} {up_to:>8} {early:>6}  {verdict:<12} {states:>11} {transitions:>13} {:>8.1} {:>12}",
        S::NAME,
        started.elapsed().as_secs_f64(),
        bytes / states
    );
    if let Verdict::Violated(counterexample) = &proof.verdict {
        println!("{counterexample}");
    }
}
