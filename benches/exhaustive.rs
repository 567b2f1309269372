//! How fast every interleaving of the *reference model* is looked at, and what a state takes.
//!
//! `cargo bench --bench exhaustive [-- CLIENTS ROUNDS]`; 6 clients and 2 rounds, if nothing is said. The states are
//! those that two other checkers count: 1,082,295 with unordered channels and 617,517 with FIFO ones.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use jeton::engine::{ChannelOrder, Setup};
use jeton::explore::{Coverage, Exhaustive};

use workloads::reference::Reference;

#[allow(dead_code, reason = "each bench needs a part of it")]
mod workloads;

#[allow(clippy::cast_precision_loss, reason = "a few figures are shown")]
fn main() {
    let numbers: Vec<u32> = std::env::args().skip(1).filter_map(|word| word.parse().ok()).collect();
    let (clients, rounds) = (numbers.first().copied().unwrap_or(6), numbers.get(1).copied().unwrap_or(2));
    println!("{clients} clients, {rounds} rounds; the best of 5");
    println!("channels   threads      states  transitions  seconds     states/s  bytes/state");
    for order in [ChannelOrder::Unordered, ChannelOrder::Fifo] {
        for jobs in [1, 2] {
            let (coverage, taken) =
                (0..5).map(|_| search(clients, rounds, order, jobs)).min_by_key(|run| run.1).expect("there are 5");
            let Coverage { states, transitions, bytes, .. } = coverage;
            let seconds = taken.as_secs_f64();
            println!(
                "{:<10} {jobs:>7} {states:>11} {transitions:>12} {seconds:>8.2} {:>12.0} {:>12.1}",
                format!("{order:?}"),
                states as f64 / seconds,
                bytes as f64 / states as f64
            );
        }
    }
}

/// How long it takes until all states are found; cycles are not looked for.
fn search(clients: u32, rounds: u32, order: ChannelOrder, jobs: usize) -> (Coverage, Duration) {
    let mut setup = Setup::<Reference>::new(clients + 1, rounds);
    setup.network.order = order;
    let started = Instant::now();
    let last = std::cell::Cell::new((Coverage::default(), Duration::ZERO));
    let progress = |coverage: Coverage| {
        last.set((coverage, started.elapsed()));
        ControlFlow::Continue(())
    };
    let proof = Exhaustive::new(setup).jobs(jobs).early_timers(u32::MAX).properties(&[]).progress(&progress).run();
    proof.expect("it can be run").assert_verified();
    last.get()
}
