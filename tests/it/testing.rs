//! What other crates' tests are given: that it draws what it says, and shrinks to what a person would have written.

use jeton::ProcessId;
use jeton::algorithms::NAMES;
use jeton::algorithms::query_ring::{Parameters, QueryRing};
use jeton::engine::{
    Crash, Distribution, End, Faults, Invalid, Moment, Outcome, Pause, RandomCrashes, Setup, Unreliable, Windows,
};
use jeton::explore::{Case, Runner};
use jeton::mutex::System;
use jeton::scenario::{Scenario, Visitor};
use jeton::testing::{fault_plans, scenarios, setups};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestError, TestRunner};

/// What a strategy shrinks to when this is held against it.
fn simplest<S: Strategy>(strategy: S, holds: impl Fn(&S::Value) -> bool) -> S::Value
where
    S::Value: Clone,
{
    let config = Config { cases: 2_000, max_shrink_iters: 100_000, failure_persistence: None, ..Config::default() };
    let check = |value: S::Value| if holds(&value) { Ok(()) } else { Err(TestCaseError::fail("found")) };
    match TestRunner::new_with_rng(config, rng()).run(&strategy, check) {
        Err(TestError::Fail(_, value)) => value,
        other => panic!("nothing was found: {}", other.is_ok()),
    }
}

fn rng() -> proptest::test_runner::TestRng {
    proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha)
}

fn anything() -> Faults {
    Faults {
        random: vec![
            RandomCrashes { among: vec![ProcessId::new(0)], ..RandomCrashes::up_to(1) },
            RandomCrashes {
                among: vec![ProcessId::new(1), ProcessId::new(2)],
                down_ticks: Some(Distribution::Uniform(5, 9)),
                ..RandomCrashes::up_to(3)
            },
        ],
        messages: Some(Unreliable { loss_per_mille: 30, duplicate_per_mille: 40, until_tick: 100 }),
        random_partitions: Some(windows()),
        random_pauses: Some(windows()),
        ..Faults::default()
    }
}

fn windows() -> Windows {
    Windows { up_to: 2, within_ticks: 50, length_ticks: Distribution::Uniform(3, 8) }
}

fn ring(processes: u32) -> Setup<QueryRing> {
    let config = QueryRing::configure(processes, &Parameters::default()).expect("defaults");
    Setup::new(processes, config).with_random_crashes(processes - 1)
}

proptest! {
    #[test]
    fn a_plan_stays_within_what_was_allowed(plan in fault_plans(3, anything())) {
        let crashes = |process| plan.crashes.iter().filter(|crash| crash.process == ProcessId::new(process)).count();
        prop_assert!(crashes(0) <= 1 && crashes(1) + crashes(2) <= 3);
        for Crash { process, moment, down_ticks } in &plan.crashes {
            prop_assert_eq!(down_ticks.is_none(), process.get() == 0);
            prop_assert!(down_ticks.is_none_or(|down| down.min() == down.max() && (5..=9).contains(&down.min().get())));
            prop_assert!(!matches!(moment, Moment::AtTick(tick) if !(1..=300).contains(tick)));
        }
        prop_assert!(plan.partitions.len() <= 2 && plan.pauses.len() <= 2);
        for Pause { at_tick, length_ticks, .. } in &plan.pauses {
            prop_assert!((1..=50).contains(at_tick) && (3..=8).contains(length_ticks));
        }
        prop_assert!(plan.messages.is_none_or(|m| m.loss_per_mille <= 30 && m.until_tick <= 100));
        prop_assert!(plan.random.is_empty() && plan.random_partitions.is_none() && plan.random_pauses.is_none());
    }

    #[test]
    fn a_setup_can_always_be_run(setup in setups(2..=6, ring), seed: u64) {
        prop_assert!((2..=6).contains(&setup.processes));
        let outcome = Runner::new(&Case::new(setup)).expect("valid").run(seed);
        prop_assert!(matches!(outcome.end, End::Settled | End::Quiescent), "{:?}", outcome.end);
    }
}

#[test]
fn every_kind_of_fault_is_drawn() {
    let seen = |found: fn(&Faults) -> bool| simplest(fault_plans(3, anything()), |plan| !found(plan));
    seen(|plan| plan.crashes.iter().any(|crash| matches!(crash.moment, Moment::When { .. })));
    seen(|plan| plan.crashes.iter().any(|crash| matches!(crash.moment, Moment::InStep { .. })));
    seen(|plan| plan.crashes.len() == 4);
    seen(|plan| plan.partitions.len() == 2 && plan.pauses.len() == 2 && plan.messages.is_some());
}

#[test]
fn a_plan_shrinks_to_the_earliest_crashes_that_do() {
    let plan =
        simplest(fault_plans(5, Faults { random: vec![RandomCrashes::up_to(4)], ..Faults::default() }), |plan| {
            plan.crashes.len() < 2
        });
    let crash = |process| Crash { process: ProcessId::new(process), moment: Moment::AtTick(1), down_ticks: None };
    assert_eq!(plan, Faults { crashes: vec![crash(0), crash(1)], ..Faults::default() });
}

#[test]
fn a_setup_shrinks_in_its_processes_and_delays_while_its_faults_stay() {
    let setup = simplest(setups(2..=6, ring), |setup| setup.faults.crashes.is_empty());
    assert_eq!(setup.processes, 2);
    assert_eq!(setup.network.delay_ticks, Distribution::Constant(1));
    assert_eq!(setup.faults.crashes.len(), 1);
}

/// Runs a scenario a few times.
struct Few;

impl Visitor for Few {
    type Output = Result<Vec<Outcome>, Invalid>;
    fn visit<S: System>(self, case: Case<S>) -> Self::Output {
        let mut runner = Runner::new(&case)?;
        Ok((0..3).map(|seed| runner.run(seed)).collect())
    }
}

#[test]
fn scenarios_within_a_baseline_hold() {
    for system in NAMES {
        let config = Config { cases: 60, failure_persistence: None, ..Config::default() };
        let strategy = scenarios(system).expect("a system");
        let result = TestRunner::new_with_rng(config, rng()).run(&strategy, |scenario: Scenario| {
            let again = Scenario::parse("again.toml", scenario.source()).expect("its source is a scenario");
            for outcome in again.visit(Few).expect("a scenario can be run") {
                prop_assert!(matches!(outcome.end, End::Settled | End::Quiescent), "{:?}", outcome.end);
            }
            Ok(())
        });
        if let Err(TestError::Fail(why, scenario)) = &result {
            panic!("{system}: {why}\n{}", scenario.source());
        }
        result.expect("no case is given up");
    }
    assert!(scenarios("query_rin").is_none());
}

#[test]
fn a_run_is_a_snapshot() {
    let mut setup = ring(2);
    setup.faults = Faults::default();
    jeton::assert_transcript!(setup, 7);
}
