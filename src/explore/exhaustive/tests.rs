use proptest::prelude::*;

use super::*;
use crate::algorithms::coordinator::{Durable, Replicated};
use crate::algorithms::neighbour_ring::NeighbourRing;
use crate::algorithms::query_ring::QueryRing;
use crate::engine::ChannelOrder;
use crate::engine::RandomCrashes;
use crate::engine::interleaving::Successors;
use crate::mutex::System;

fn one_write() -> Workload {
    Workload { requests: 1, write_per_mille: 1000, ..Workload::default() }
}

fn case<S: System>(processes: u32) -> Setup<S> {
    let config = S::configure(processes, &S::Parameters::default()).expect("defaults");
    Setup::new(processes, config)
}

#[test]
fn systems() {
    let show = |name: &str, proof: Proof| {
        println!("{name}: {:?}, {} bytes each", proof.coverage, proof.coverage.bytes / proof.coverage.states);
        if let Some(counterexample) = proof.counterexample() {
            println!("{counterexample}");
        }
        println!("{:?}", proof.is_verified());
    };
    let run = |e: Exhaustive<'_, QueryRing>| e.workload(one_write()).states_max(300_000).run().unwrap();
    show("query 3", run(Exhaustive::new(case::<QueryRing>(3))));
    show("query 3, 1", run(Exhaustive::new(case::<QueryRing>(3).with_random_crashes(1))));
    show(
        "neighbour 3",
        Exhaustive::new(case::<NeighbourRing>(3)).workload(one_write()).states_max(100_000).run().unwrap(),
    );
    show("durable 3", Exhaustive::new(case::<Durable>(3)).workload(one_write()).states_max(300_000).run().unwrap());
    show(
        "replicated 4",
        Exhaustive::new(case::<Replicated>(4)).workload(one_write()).states_max(300_000).run().unwrap(),
    );
    let mut setup = case::<Durable>(3);
    setup.faults.random.push(RandomCrashes {
        among: vec![crate::ProcessId::new(0)],
        down_ticks: Some((1..=2).into()),
        ..RandomCrashes::up_to(1)
    });
    show("durable 3, 1", Exhaustive::new(setup).workload(one_write()).states_max(300_000).run().unwrap());
    show(
        "replicated 4, 1",
        Exhaustive::new(case::<Replicated>(4).with_random_crashes(1))
            .workload(one_write())
            .states_max(300_000)
            .run()
            .unwrap(),
    );
}

/// From a state and from its canonical form the same canonical states can be reached, with the same violations.
fn is_canonical<S: System>(setup: Setup<S>, walk: &[usize]) {
    let setup = Arc::new(setup);
    let watch = Lookout::<S>::new(setup.processes, one_write(), S::PROPERTIES);
    let bounds = Bounds { early_timers: Some(2), losses: 1, duplicates: 1, weighs: true };
    let mut search = Search::new(setup, watch, bounds, Order::default());
    let roots = search.space.roots();
    let mut tuple = roots.get(0).0.to_vec();
    for &choice in walk {
        let mut canonical = tuple.clone();
        search.space.normalise(&mut canonical);
        let mut successors = Successors::default();
        search.space.successors(&tuple, false, &mut successors);
        let mut reached = Vec::new();
        for index in 0..successors.len() {
            let (tuple, successor) = successors.get(index);
            let mut tuple = tuple.to_vec();
            search.space.normalise(&mut tuple);
            let found = successor.found.as_ref().map(|found| found.property);
            reached.push((tuple, successor.crashed, found));
        }
        let mut from_canonical = Successors::default();
        search.space.successors(&canonical, false, &mut from_canonical);
        let mut others = Vec::new();
        for index in 0..from_canonical.len() {
            let (tuple, successor) = from_canonical.get(index);
            let mut tuple = tuple.to_vec();
            search.space.normalise(&mut tuple);
            let mut twice = tuple.clone();
            search.space.normalise(&mut twice);
            assert_eq!(tuple, twice, "a canonical form has itself for its canonical form");
            others.push((tuple, successor.crashed, successor.found.as_ref().map(|found| found.property)));
        }
        reached.sort();
        others.sort();
        assert_eq!(reached, others);
        if successors.len() == 0 {
            return;
        }
        tuple = successors.get(choice % successors.len()).0.to_vec();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn canonical_states_of_rings_go_on_as_others_do(
        walk in prop::collection::vec(0_usize..1000, 150),
        processes in 2_u32..5,
        unordered in any::<bool>(),
    ) {
        let order = if unordered { ChannelOrder::Unordered } else { ChannelOrder::Fifo };
        let mut setup = case::<NeighbourRing>(processes).with_random_crashes(processes - 1);
        setup.network.order = order;
        is_canonical(setup, &walk);
        let mut setup = case::<QueryRing>(processes).with_random_crashes(processes - 1);
        setup.network.order = order;
        is_canonical(setup, &walk);
    }
}
