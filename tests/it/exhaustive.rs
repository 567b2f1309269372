//! Every interleaving of small configurations of the systems.

use std::cell::Cell;
use std::ops::ControlFlow;

use jeton::algorithms::coordinator::{Durable, Replicated};
use jeton::algorithms::neighbour_ring::NeighbourRing;
use jeton::algorithms::query_ring::QueryRing;
use jeton::engine::{ChannelOrder, DetectorClass, FromDead, RandomCrashes, Setup};
use jeton::explore::{Coverage, Exhaustive, Exploration, Order, Verdict};
use jeton::mutex::{Fence, Indication, Mutex, Property, Request, System, Workload};
use jeton::{Context, Never, Process, ProcessId};
use proptest::prelude::*;

fn one_write() -> Workload {
    Workload { requests: 1, write_per_mille: 1000, ..Workload::default() }
}

fn case<S: System>(processes: u32) -> Setup<S> {
    let config = S::configure(processes, &S::Parameters::default()).expect("defaults can be");
    Setup::new(processes, config)
}

fn is_verified<S: System>(setup: Setup<S>, early: u32) -> Coverage {
    let proof = Exploration::new(setup).workload(one_write()).exhaustive().early_timers(early).run();
    let proof = proof.expect("it can be run");
    proof.assert_verified();
    assert_eq!(proof.coverage.frontier, 0);
    proof.coverage
}

#[test]
fn rings_of_three_are_verified() {
    is_verified(case::<QueryRing>(3), 1);
    is_verified(case::<NeighbourRing>(3), 0);
    is_verified(case::<QueryRing>(3).with_random_crashes(1), 0);
    is_verified(case::<NeighbourRing>(3).with_random_crashes(2), 0);
}

#[test]
fn coordinators_with_two_clients_are_verified() {
    is_verified(case::<Durable>(3), 1);
    is_verified(case::<Replicated>(4), 1);
    let mut setup = case::<Replicated>(4).with_random_crashes(1);
    setup.network.from_dead = FromDead::Prefix;
    is_verified(setup, 0);
}

#[test]
fn more_can_happen_with_a_crash_and_more_with_an_early_timer() {
    let states = |crashes, early| is_verified(case::<QueryRing>(2).with_random_crashes(crashes), early).states;
    assert!(states(0, 0) < states(1, 0) && states(1, 0) < states(1, 1));
}

#[test]
fn a_token_that_overtakes_an_edit_is_found_by_both_orders_and_sooner_by_one() {
    let find = |order| {
        let mut setup = case::<QueryRing>(3);
        setup.network.order = ChannelOrder::Unordered;
        let proof = Exhaustive::new(setup).workload(one_write()).order(order).run().expect("it can be run");
        let counterexample = proof.counterexample().expect("the query ring needs FIFO channels");
        assert_eq!(counterexample.property, "fresh_replica");
        counterexample.steps.len()
    };
    assert!(find(Order::BreadthFirst) <= find(Order::DepthFirst));
}

#[test]
fn any_number_of_threads_comes_to_the_same() {
    let proof = |order: ChannelOrder, jobs: usize| {
        let mut setup = case::<QueryRing>(3).with_random_crashes(1);
        setup.network.order = order;
        Exhaustive::new(setup).workload(one_write()).jobs(jobs).run().expect("it can be run")
    };
    for (order, holds) in [(ChannelOrder::Fifo, true), (ChannelOrder::Unordered, false)] {
        let one = proof(order, 1);
        assert_eq!(one.is_verified(), holds);
        assert_eq!(proof(order, 2), one);
        assert_eq!(proof(order, 7), one);
    }
}

#[test]
fn a_search_that_is_stopped_whenever_it_asks_has_proved_nothing() {
    // Where nobody hears of a crash somebody waits for ever.
    for class in [DetectorClass::Perfect, DetectorClass::None] {
        let run = |stop_at: u64| {
            let asked = Cell::new(0);
            let progress = |_| {
                asked.set(asked.get() + 1);
                if asked.get() == stop_at { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            };
            let mut setup = case::<QueryRing>(3).with_random_crashes(2);
            setup.detector.class = class;
            let search = Exhaustive::new(setup).workload(one_write()).progress(&progress).jobs(1);
            (search.run().expect("it can be run").verdict, asked.get())
        };
        let (verdict, times) = run(0);
        assert_eq!(verdict == Verdict::Verified, class == DetectorClass::Perfect);
        assert!(times > 5, "asked {times} times");
        for stop_at in 1..=times {
            assert_eq!(run(stop_at).0, Verdict::Incomplete, "stopped at the {stop_at}th of {times} times");
        }
    }
}

/// Grants itself everything, but not in its second life.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Once;

impl Process for Once {
    type Config = ();
    type Message = Never;
    type Timer = Never;
    type Request = Request;
    type Indication = Indication;
    type Stable = ();
    type Record = Never;

    fn new(_: ProcessId, (): &()) -> Self {
        Self
    }

    fn on_request(&mut self, request: Request, ctx: &mut Context<'_, Self>) {
        assert_eq!(ctx.boot(), 1, "it has lived before");
        match request {
            Request::Enter(data) => ctx.indicate(Indication::Entered(data, Fence::default())),
            Request::Leave(data) => ctx.indicate(Indication::Left(data)),
            _ => {}
        }
    }

    fn on_message(&mut self, _: ProcessId, never: Never, _: &mut Context<'_, Self>) {
        match never {}
    }
}

impl Mutex for Once {}

#[test]
fn the_application_of_who_comes_back_goes_on_with_its_requests() {
    let verdict = |requests: u32, restarts: bool| {
        let mut setup = Setup::<Once>::new(1, ());
        let down_ticks = restarts.then_some(1.into());
        setup.faults.random = vec![RandomCrashes { down_ticks, ..RandomCrashes::up_to(1) }];
        let workload = Workload { requests, write_per_mille: 0, ..Workload::default() };
        let search = Exhaustive::new(setup).workload(workload).properties(&[Property::SingleHolder]);
        search.run().expect("it can be run").counterexample().map(|found| found.property)
    };
    assert_eq!((verdict(2, false), verdict(2, true)), (None, Some("no_panic")));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn canonical_states_of_rings_go_on_as_others_do(
        walk in prop::collection::vec(0_usize..1000, 120),
        processes in 2_u32..5,
        unordered in any::<bool>(),
    ) {
        fn check<S: System>(processes: u32, order: ChannelOrder, walk: &[usize]) {
            let mut setup = case::<S>(processes).with_random_crashes(processes - 1);
            setup.network.order = order;
            let search = Exhaustive::new(setup).workload(one_write()).early_timers(2).losses(1).duplicates(1);
            let result = search.check_counters(walk.iter().copied()).expect("it can be run");
            result.unwrap_or_else(|violation| panic!("{violation}"));
        }
        let order = if unordered { ChannelOrder::Unordered } else { ChannelOrder::Fifo };
        check::<NeighbourRing>(processes, order, &walk);
        check::<QueryRing>(processes, order, &walk);
    }
}
