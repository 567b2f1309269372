//! What a search finds in fixed small models, which have everything that a world can have.

use jeton::engine::RandomCrashes;
use jeton::explore::{Exhaustive, Proof, Reduction, Strategy, Verdict};
use jeton::mutex::Property;

use crate::partial_order::{Model, PROPERTIES};

fn line(seed: u64, proof: &Proof) -> String {
    match &proof.verdict {
        Verdict::Verified => {
            format!(
                "{seed:>3} verified: {} states, {} transitions\n",
                proof.coverage.states, proof.coverage.transitions
            )
        }
        Verdict::Violated(found) => format!("{seed:>3} {} after {} events\n", found.property, found.steps.len()),
        Verdict::Incomplete => format!("{seed:>3} incomplete\n"),
    }
}

#[test]
fn what_is_found_in_fixed_models_never_changes() {
    let mut lines = String::new();
    for seed in 0..120 {
        let model = Model::new(seed);
        // Of a panic nothing else is told, and what is violated at the start hides what comes later.
        let one = [PROPERTIES[seed as usize % PROPERTIES.len()]];
        let all: [&[Property]; 3] = [&[], &one, &[Property::EveryRequestGranted]];
        for properties in &all[..if model.panics { 1 } else { all.len() }] {
            let proof = model.search(properties, Reduction::None).run().expect("it can be run");
            lines.push_str(&line(seed, &proof));
        }
    }
    insta::assert_snapshot!(lines);
}

#[test]
fn what_is_found_in_fixed_models_in_bounded_time_never_changes() {
    let mut lines = String::new();
    for seed in 0..100 {
        let Model { mut setup, workload, panics, .. } = Model::new(seed);
        setup.network.delay_ticks = (1..=2).into();
        setup.detector.latency_ticks = (1..=2).into();
        let one = [PROPERTIES[seed as usize % PROPERTIES.len()]];
        let all: [&[Property]; 3] = [&[], &one, &[Property::EveryRequestGranted]];
        for properties in &all[..if panics { 1 } else { all.len() }] {
            let search = Exhaustive::new(setup.clone()).workload(workload).properties(properties).states_max(2_000);
            let proof = search.bounded_time().run();
            lines.push_str(&proof.map_or_else(|refused| format!("{seed:>3} {refused}\n"), |proof| line(seed, &proof)));
        }
    }
    insta::assert_snapshot!(lines);
}

/// Two crashes, of which nobody knows whose, and everybody comes back.
fn with_two_crashes(seed: u64) -> Model {
    let mut model = Model::new(seed);
    model.setup.faults.random = vec![RandomCrashes { down_ticks: Some((1..=2).into()), ..RandomCrashes::up_to(2) }];
    model
}

#[test]
fn what_is_found_in_fixed_models_with_two_crashes_never_changes() {
    let mut lines = String::new();
    for seed in 0..80 {
        let proof = with_two_crashes(seed).search(&[], Reduction::None).run().expect("it can be run");
        lines.push_str(&line(seed, &proof));
    }
    insta::assert_snapshot!(lines);
}

#[test]
fn no_schedule_of_fixed_models_leaves_the_states_of_the_search() {
    for seed in 0..200 {
        // Who is to make a second request may crash before it has an application, or come back without one.
        let mut wanting = with_two_crashes(seed);
        wanting.workload.requests = 2;
        wanting.setup.limits.events = 300;
        for model in [Model::new(seed), with_two_crashes(seed), wanting] {
            let search = model.search(&[], Reduction::None).early_timers(u32::MAX);
            let (_, reached) = search.reach(10, &[Strategy::Random, Strategy::CrashPoints]).expect("it can be run");
            for reach in reached {
                assert_eq!(reach.left, 0, "{seed}: {reach:?}");
            }
        }
    }
}
