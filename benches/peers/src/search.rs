//! Every interleaving of the reference model, breadth first, here and in stateright: the same semantics, the same
//! states. Neither checks anything but what it always does, uses symmetry, or leaves out orders.

use std::process::Command;
use std::time::Instant;

use cpu_time::ProcessTime;
use jeton::engine::{ChannelOrder, Setup};
use jeton::explore::Exhaustive;
use stateright::actor::Network;
use stateright::{Checker, Model};

use crate::engines::stateright::reference;
use crate::table::{digits, median, thousands};
use crate::workloads::reference::Reference;

/// The word by which the program has itself run one search alone, so that the most memory that it has is that search's.
pub(crate) const ALONE: &str = "--alone";

/// Clients and rounds, and the states that there are with unordered and with FIFO channels.
const SIZES: [((u32, u32), u64, u64); 6] = [
    ((3, 1), 98, 98),
    ((4, 1), 472, 472),
    ((3, 2), 720, 549),
    ((4, 2), 7_077, 4_905),
    ((5, 3), 599_624, 328_984),
    ((6, 2), 1_082_295, 617_517),
];
const MEASURED: (u32, u32) = (6, 2);
const TURNS: usize = 3;

type Search = fn(u32, u32, ChannelOrder, usize) -> u64;
const ENGINES: [(&str, Search); 2] = [("stateright", stateright), ("jeton", jeton)];

fn stateright(clients: u32, rounds: u32, order: ChannelOrder, threads: usize) -> u64 {
    let network = match order {
        ChannelOrder::Fifo => Network::new_ordered([]),
        ChannelOrder::Unordered => Network::new_unordered_nonduplicating([]),
    };
    // Without a property it would look at nothing.
    let checker = reference(clients, rounds, network, |_, _| true).checker().threads(threads).spawn_bfs().join();
    checker.assert_properties();
    checker.unique_state_count() as u64
}

fn jeton(clients: u32, rounds: u32, order: ChannelOrder, threads: usize) -> u64 {
    let mut setup = Setup::<Reference>::new(clients + 1, rounds);
    setup.network.order = order;
    let search = Exhaustive::new(setup).early_timers(u32::MAX).properties(&[]).jobs(threads);
    let proof = search.run().expect("it can be run");
    proof.assert_verified();
    proof.coverage.states
}

/// One search alone: prints the states, the seconds, those of the processor, and the most memory in KiB.
pub(crate) fn alone(words: &[String]) {
    let [engine, clients, rounds, order, threads] = words else { panic!("five words") };
    let (_, search) = ENGINES.iter().find(|(name, _)| name == engine).expect("it is there");
    let order = if order == "Fifo" { ChannelOrder::Fifo } else { ChannelOrder::Unordered };
    let number = |word: &String| word.parse().expect("a number");
    let (start, worked) = (Instant::now(), ProcessTime::now());
    let states = search(number(clients), number(rounds), order, number(threads) as usize);
    let (seconds, worked) = (start.elapsed().as_secs_f64(), worked.elapsed().as_secs_f64());
    println!("{states} {seconds} {worked} {}", peak_kib().unwrap_or(0));
}

/// The most memory that this program had (Linux).
fn peak_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

struct Run {
    states: u64,
    seconds: f64,
    /// Of the processor, of all threads.
    worked: f64,
    kib: u64,
}

fn run(engine: &str, (clients, rounds): (u32, u32), order: ChannelOrder, threads: usize) -> Run {
    let program = std::env::current_exe().expect("this program");
    let words = [ALONE, engine, &clients.to_string(), &rounds.to_string(), &format!("{order:?}"), &threads.to_string()];
    let output = Command::new(program).args(words).output().expect("this program runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    let mut numbers = said.split_whitespace();
    let mut number = || numbers.next().expect("four numbers");
    Run {
        states: number().parse().expect("a number"),
        seconds: number().parse().expect("a number"),
        worked: number().parse().expect("a number"),
        kib: number().parse().expect("a number"),
    }
}

pub(crate) fn table() {
    let (clients, rounds) = MEASURED;
    println!("\n## Every interleaving of a lock server, {clients} clients × {rounds} rounds\n");
    for (size, unordered, fifo) in SIZES.into_iter().filter(|(size, ..)| *size != MEASURED) {
        for (order, states) in [(ChannelOrder::Unordered, unordered), (ChannelOrder::Fifo, fifo)] {
            for (engine, _) in ENGINES {
                eprint!("\r{engine}, {size:?}, {order:?}, expected {states} ");
                assert_eq!(run(engine, size, order, 1).states, states, "{engine}, {size:?}, {order:?}");
            }
        }
    }
    println!(
        "| channels | engine, threads | states | states a second of a core: median | best | times stateright's on 1 | \
         states a second, best | bytes a state | share of stateright's |"
    );
    println!("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    for (order, states) in [(ChannelOrder::Unordered, SIZES[5].1), (ChannelOrder::Fifo, SIZES[5].2)] {
        orders(order, states);
    }
    eprintln!();
}

/// Both engines with these channels, in turns.
fn orders(order: ChannelOrder, states: u64) {
    let rows = [("stateright", 1), ("stateright", 2), ("jeton", 1), ("jeton", 2)];
    let mut runs: [Vec<Run>; 4] = Default::default();
    for turn in 0..TURNS {
        for ((engine, threads), runs) in rows.iter().zip(&mut runs) {
            eprint!("\r{engine} on {threads}, {order:?}, turn {} of {TURNS}             ", turn + 1);
            let run = run(engine, MEASURED, order, *threads);
            assert_eq!(run.states, states, "{engine}, {order:?}");
            runs.push(run);
        }
    }
    eprint!("\r");
    let per_core = |run: &Run| run.states as f64 / run.worked;
    let fastest = |speeds: &mut dyn Iterator<Item = f64>| thousands(speeds.fold(0.0, f64::max) as u64);
    let bytes = |row: usize| {
        // What the program takes with hardly any state is no state's.
        let rest = self::run(rows[row].0, (1, 1), order, rows[row].1).kib;
        median(runs[row].iter().map(|run| run.kib.saturating_sub(rest) as f64 * 1024.0 / states as f64))
    };
    let stateright_bytes = bytes(0);
    for (row, (engine, threads)) in rows.iter().enumerate() {
        let (name, bytes, runs_of_it) = (if *engine == "jeton" { "**jeton**" } else { engine }, bytes(row), &runs[row]);
        let ratio = median(runs_of_it.iter().zip(&runs[0]).map(|(own, other)| per_core(own) / per_core(other)));
        println!(
            "| {order:?} | {name}, {threads} | {} | {} | {} | {} | {} | {bytes:.0} | {:.2} |",
            thousands(states),
            thousands(median(runs_of_it.iter().map(per_core)) as u64),
            fastest(&mut runs_of_it.iter().map(per_core)),
            digits(ratio),
            fastest(&mut runs_of_it.iter().map(|run| run.states as f64 / run.seconds)),
            bytes / stateright_bytes,
        );
    }
}
