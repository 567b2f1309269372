//! What is planned, exact, drawn and looked up; what a partition separates; what a replay cannot use.

use std::collections::BTreeSet;

use super::super::application::Idle;
use super::super::decision::{Decisions, Key};
use super::super::setup::Setup;
use super::super::simulation::Simulation;
use super::*;
use crate::model::tests::Probe;

fn p(index: u32) -> ProcessId {
    ProcessId::new(index)
}

fn windows(up_to: u32) -> Windows {
    Windows { up_to, within_ticks: 5, length_ticks: 7.into() }
}

fn everything() -> (Faults, Detector) {
    let faults = Faults { random_partitions: Some(windows(2)), random_pauses: Some(windows(2)), ..Faults::default() };
    let detector =
        Detector { class: DetectorClass::EventuallyPerfect, suspicions: Some(windows(2)), ..Detector::default() };
    (faults, detector)
}

fn given(decisions: impl IntoIterator<Item = (Topic, u64)>) -> Decisions {
    decisions.into_iter().map(|(topic, answer)| (Key { topic, nth: 1 }, answer)).collect()
}

/// When each begins, and the rank of its kind.
fn outline(planned: &[Planned]) -> Vec<(u64, (u8, u32, u32))> {
    planned.iter().map(|planned| (planned.at.get(), planned.kind.rank())).collect()
}

#[test]
fn a_partition_separates_its_sides_until_it_ends() {
    let divide = Divide { until: Ticks::new(10), side: vec![p(0), p(2)] };
    let now = Ticks::new(9);
    assert!(divide.separates(p(0), p(1), now) && divide.separates(p(1), p(2), now));
    assert!(!divide.separates(p(0), p(2), now) && !divide.separates(p(1), p(3), now));
    assert!(!divide.separates(p(0), p(1), Ticks::new(10)));
}

#[test]
fn disturbances_come_in_the_order_of_time_and_of_their_kinds() {
    let faults = Faults {
        pauses: vec![
            Pause { process: p(1), at_tick: 4, length_ticks: 1 },
            Pause { process: p(0), at_tick: 4, length_ticks: 1 },
            Pause { process: p(2), at_tick: 2, length_ticks: 1 },
        ],
        partitions: vec![Partition { at_tick: 4, length_ticks: 1, side: vec![p(0)] }],
        ..Faults::default()
    };
    let planned = plan(&faults, &Detector::default(), 3, &mut Chance::seeded(1));
    assert_eq!(outline(&planned), [(2, (2, 2, 0)), (4, (0, 0, 0)), (4, (2, 0, 0)), (4, (2, 1, 0))]);
}

#[test]
fn draws_stay_within_their_bounds_and_reach_them() {
    let (faults, detector) = everything();
    let plans: Vec<_> = (0..300).map(|seed| plan(&faults, &detector, 3, &mut Chance::seeded(seed))).collect();
    let all = || plans.iter().flatten();
    let counts = |rank| plans.iter().map(move |plan| plan.iter().filter(|p| p.kind.rank().0 == rank).count());
    for kind in [1, 2, 3] {
        assert_eq!((counts(kind).min(), counts(kind).max()), (Some(0), Some(2)), "kind {kind}");
    }
    for tick in 0..8 {
        assert_eq!(all().any(|planned| planned.at.get() == tick), (1..=5).contains(&tick), "tick {tick}");
    }
}

#[test]
fn nobody_suspects_itself_and_everybody_else() {
    let (_, detector) = everything();
    let mut pairs = Vec::new();
    for seed in 0..300 {
        for planned in plan(&Faults::default(), &detector, 3, &mut Chance::seeded(seed)) {
            if let Kind::Suspicion { observer, of } = planned.kind {
                pairs.push((observer.get(), of.get()));
            }
        }
    }
    pairs.sort_unstable();
    pairs.dedup();
    assert_eq!(pairs, [(0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1)]);
}

#[test]
fn a_replay_lays_down_what_is_given_and_draws_nothing() {
    let (faults, detector) = everything();
    let decisions = given([
        (Topic::PartitionAt, 3),
        (Topic::PauseAt { process: p(1) }, 2),
        (Topic::PauseAt { process: p(2) }, 0),
        (Topic::SuspectAt { observer: p(2), of: p(0) }, 4),
    ]);
    let planned = plan(&faults, &detector, 3, &mut Chance::answered(decisions));
    assert_eq!(outline(&planned), [(2, (2, 1, 0)), (3, (1, 0, 0)), (4, (3, 2, 0))]);
}

#[test]
fn a_replay_without_the_fault_in_its_setup_leaves_the_decision_over() {
    let setup = Setup::<Probe>::new(3, 0);
    let decisions = given([(Topic::PartitionAt, 3), (Topic::PauseAt { process: p(1) }, 2)]);
    let keys: Vec<_> = decisions.keys().cloned().collect();
    let (_, divergence) = Simulation::new(setup).expect("it can be run").replay(decisions, &mut Idle, &mut ());
    assert_eq!(divergence.unasked, keys);
}

#[test]
fn a_replay_leaves_over_what_befalls_a_process_that_there_is_not() {
    let mut setup = Setup::<Probe>::new(3, 0);
    (setup.faults, setup.detector) = everything();
    let setup = setup.with_random_crashes(1);
    let decisions = given([
        (Topic::CrashAt { process: p(3) }, 1),
        (Topic::CrashIn { process: p(3), step: 1 }, 1),
        (Topic::CrashAfter { process: p(3), step: 1 }, 1),
        (Topic::CrashAfter { process: p(0), step: 1 }, 4),
        (Topic::PauseAt { process: p(3) }, 1),
        (Topic::SuspectAt { observer: p(3), of: p(0) }, 1),
        (Topic::SuspectAt { observer: p(0), of: p(3) }, 1),
    ]);
    let keys: Vec<_> = decisions.keys().cloned().collect();
    let (outcome, divergence) = Simulation::new(setup).expect("it can be run").replay(decisions, &mut Idle, &mut ());
    assert_eq!(divergence.unasked, keys);
    assert_eq!(outcome.stats.crashes, 0);
}

/// The sides of the partitions of a run.
#[derive(Default)]
struct Sides(Vec<Vec<ProcessId>>);

impl Observer<Probe> for Sides {
    fn partitioned(&mut self, side: &[ProcessId], _: Ticks, _: &World<Probe>) {
        self.0.push(side.to_vec());
    }
}

#[test]
fn a_drawn_side_is_of_those_that_are_decided_to_be_on_it() {
    let mut setup = Setup::<Probe>::new(5, 0);
    setup.faults.random_partitions = Some(windows(2));
    let mut simulation = Simulation::new(setup).expect("a valid setup");
    let mut sizes = BTreeSet::new();
    for seed in 0..40 {
        let mut sides = Sides::default();
        let (_, decisions) = simulation.record(seed, &mut Idle, &mut sides);
        for (nth, side) in (1..).zip(&sides.0) {
            let is_on_it = |&process: &ProcessId| {
                let key = Key { topic: Topic::PartitionSide { process }, nth };
                decisions.get(&key) == Some(&1)
            };
            assert_eq!(*side, ProcessId::all(5).filter(is_on_it).collect::<Vec<_>>(), "seed {seed}");
            sizes.insert(side.len());
        }
    }
    assert!(sizes.len() > 3, "{sizes:?}");
}
