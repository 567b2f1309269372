//! What is kept for ever: the runs of fixed seeds, and schedules that failed once. `tests/builds` has it too, for
//! compilers and machines on which not all tests are built.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use jeton::explore::{Case, Runner, Schedule, Strategy};
use jeton::mutex::System;
use jeton::scenario::{Scenario, Visitor};
use jeton::trace::{Fingerprint, Recorder};

const SEEDS: [(&str, [u64; 2]); 11] = [
    ("query_ring_no_faults", [0, u64::MAX - 1]),
    ("query_ring_all_but_one_crash", [1, 2]),
    ("query_ring_slow_peers", [3, 4]),
    ("query_ring_lossy_channels", [5, 6]),
    ("query_ring_unordered_channels", [7, 8]),
    ("neighbour_ring_all_but_one_crash", [1, 2]),
    ("neighbour_ring_lossy_channels", [3, 4]),
    ("durable_both_crash", [1, 2]),
    ("durable_unordered_channels", [3, 4]),
    ("stateless_both_crash", [1, 2]),
    ("replicated_unordered", [1, 2]),
];

/// Of every system and every kind of fault.
pub(crate) const OF_EVERY_KIND: [&str; 9] = [
    "query_ring_all_but_one_crash",
    "query_ring_slow_peers",
    "query_ring_lossy_channels",
    "query_ring_false_suspicion",
    "neighbour_ring_all_but_one_crash",
    "neighbour_ring_lossy_channels",
    "durable_both_crash",
    "stateless_both_crash",
    "replicated_unordered",
];

pub(crate) const SINGLE: [Strategy; 4] = [Strategy::Random, Strategy::Swarm, Strategy::CrashPoints, Strategy::Pct];

/// The fingerprint of a seed.
pub(crate) struct Print(pub(crate) Strategy, pub(crate) u64);

impl Visitor for Print {
    type Output = String;

    fn visit<S: System>(self, case: Case<S>) -> String {
        let Self(strategy, seed) = self;
        let mut runner = Runner::new(&Case { strategy, ..case }).expect("a valid setup");
        // Whatever ran before leaves no trace.
        runner.run(seed + 1);
        let mut recorder = Recorder::to(Fingerprint::new());
        runner.run_observed(seed, &mut recorder);
        recorder.finish().to_string()
    }
}

/// A scenario of the package in this directory.
pub(crate) fn scenario(root: &Path, name: &str) -> Scenario {
    Scenario::load(root.join("scenarios").join(name).with_extension("toml")).expect("a scenario")
}

/// A line for each run of a fixed seed.
pub(crate) fn fingerprints(root: &Path) -> String {
    let mut lines = String::new();
    for (name, seeds) in SEEDS {
        for seed in seeds {
            let _ = writeln!(lines, "{name} {seed}: {}", scenario(root, name).visit(Print(Strategy::Random, seed)));
        }
    }
    lines
}

/// A line for each run of one seed under each strategy.
pub(crate) fn fingerprints_of_strategies(root: &Path) -> String {
    let mut lines = String::new();
    for name in OF_EVERY_KIND {
        for strategy in SINGLE {
            let _ = writeln!(lines, "{name} {strategy} 1: {}", scenario(root, name).visit(Print(strategy, 1)));
        }
    }
    lines
}

struct Replay<'a>(&'a Schedule);

impl Visitor for Replay<'_> {
    type Output = Result<(), String>;

    fn visit<S: System>(self, case: Case<S>) -> Self::Output {
        let Self(schedule) = self;
        let case = case.part(&schedule.part).expect("there is such a part");
        let (outcome, divergence) =
            Runner::new(&case).expect("a valid setup").replay(schedule.decisions.clone(), &mut ());
        if schedule.is_reproduced_by(&outcome.end) && divergence.is_empty() {
            Ok(())
        } else {
            Err(format!("{:?}, {divergence:?}", outcome.end))
        }
    }
}

/// Replays every kept schedule, and says how many there are.
///
/// # Panics
/// If one shows something else than it did.
pub(crate) fn replay_schedules(root: &Path) -> usize {
    let mut count = 0;
    for entry in fs::read_dir(root.join("tests").join("schedules")).expect("there are schedules") {
        let path = entry.expect("an entry").path();
        let text = fs::read_to_string(&path).expect("a text");
        let schedule: Schedule = text.parse().unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let kept = schedule.scenario.as_ref().expect("a schedule of a scenario");
        let scenario = Scenario::parse(&format!("{}.toml", kept.name), &kept.source);
        let scenario = scenario.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        if let Err(seen) = scenario.visit(Replay(&schedule)) {
            panic!("{}: not reproduced: {seen}", path.display());
        }
        count += 1;
    }
    count
}
