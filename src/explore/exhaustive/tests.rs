use super::*;
use crate::algorithms::coordinator::{Durable, Replicated};
use crate::algorithms::neighbour_ring::NeighbourRing;
use crate::algorithms::query_ring::QueryRing;
use crate::engine::RandomCrashes;
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
