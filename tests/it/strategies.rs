//! What every strategy keeps: a seed means the same for ever, replays are exact, and nothing leaves the setup's bounds.

use std::path::Path;

use jeton::engine::Outcome;
use jeton::explore::{Case, Exploration, Report, Runner, Stop, Strategy};
use jeton::mutex::System;
use jeton::scenario::{Scenario, Visitor};
use jeton::trace::Recorder;

use crate::kept::{self, OF_EVERY_KIND, Print, SINGLE};

fn scenario(name: &str) -> Scenario {
    kept::scenario(Path::new(env!("CARGO_MANIFEST_DIR")), name)
}

#[test]
fn the_fingerprints_of_fixed_seeds_never_change_under_any_strategy() {
    insta::assert_snapshot!(kept::fingerprints_of_strategies(Path::new(env!("CARGO_MANIFEST_DIR"))));
}

#[test]
fn auto_is_the_others_in_turn() {
    for (seed, strategy) in (4..).zip(SINGLE) {
        assert_eq!(Strategy::Auto.of_seed(seed), strategy);
        let print = |strategy| scenario("query_ring_all_but_one_crash").visit(Print(strategy, seed));
        assert_eq!(print(Strategy::Auto), print(strategy));
    }
}

#[test]
fn strategies_differ() {
    let prints: std::collections::BTreeSet<String> =
        SINGLE.iter().map(|&strategy| scenario("query_ring_one_crash").visit(Print(strategy, 1))).collect();
    assert_eq!(prints.len(), SINGLE.len());
}

/// A recorded run, its replay and the seeded run are one; no answer is out of bounds, and no crash beyond the number.
struct Replays(Strategy, u64);

impl Visitor for Replays {
    type Output = Outcome;

    fn visit<S: System>(self, case: Case<S>) -> Outcome {
        let Self(strategy, seed) = self;
        let case = Case { strategy, ..case };
        let mut runner = Runner::new(&case).expect("a valid setup");
        let (mut seeded, mut replayed) = (Recorder::new(), Recorder::new());
        let outcome = runner.run_observed(seed, &mut seeded);
        let (recorded, decisions) = runner.record(seed);
        assert_eq!(recorded, outcome, "{strategy} {seed}");
        let (again, divergence) = runner.replay(decisions.clone(), &mut replayed);
        assert_eq!(again, outcome, "{strategy} {seed}");
        assert!(divergence.is_empty(), "{strategy} {seed}: {divergence:?}");
        assert_eq!(replayed.finish(), seeded.finish(), "{strategy} {seed}");
        assert_eq!(runner.decisions(), decisions, "{strategy} {seed}");
        let most: u64 = case.setup.faults.random.iter().map(|group| u64::from(group.up_to)).sum();
        let exact = case.setup.faults.crashes.len() as u64;
        assert!(outcome.stats.crashes <= most + exact, "{strategy} {seed}: {} crashes", outcome.stats.crashes);
        outcome
    }
}

#[test]
fn a_replay_is_the_run_under_every_strategy() {
    for name in OF_EVERY_KIND {
        let scenario = scenario(name);
        for strategy in SINGLE {
            let outcomes = (0..15).map(|seed| scenario.visit(Replays(strategy, seed)));
            let crashes: u64 = outcomes.map(|outcome| outcome.stats.crashes).sum();
            let may_crash = scenario.source().contains("[[faults.random]]");
            assert_eq!(crashes > 0, may_crash, "{name} {strategy}");
        }
    }
}

struct Explored(Strategy, usize);

impl Visitor for Explored {
    type Output = Report;

    fn visit<S: System>(self, case: Case<S>) -> Report {
        let exploration = Exploration::of(case).strategy(self.0).schedules(100).stop(Stop::Never);
        exploration.jobs(self.1).run().expect("a valid setup")
    }
}

#[test]
fn a_report_does_not_depend_on_the_number_of_threads_under_any_strategy() {
    for strategy in Strategy::ALL {
        let report = |jobs| scenario("durable_both_crash").visit(Explored(strategy, jobs));
        assert_eq!(report(1), report(3));
        assert_eq!(report(1).strategy, strategy);
    }
}

#[test]
fn names_are_read_as_they_are_written() {
    for strategy in Strategy::ALL {
        assert_eq!(strategy.to_string().parse(), Ok(strategy));
    }
    let error = "swam".parse::<Strategy>().expect_err("there is none of this name");
    assert!(error.to_string().starts_with("`swam` is no strategy, expected"), "{error}");
}
