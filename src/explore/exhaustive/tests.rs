use proptest::prelude::*;

use super::*;
use crate::algorithms::coordinator::{Durable, Replicated};
use crate::algorithms::neighbour_ring::NeighbourRing;
use crate::algorithms::query_ring::QueryRing;
use crate::engine::ChannelOrder;
use crate::engine::interleaving::Successors;
use crate::model::{Context, Never, Process, ProcessId, Ticks};
use crate::mutex::{DataId, Fence, Indication, Request, System};

fn one_write() -> Workload {
    Workload { requests: 1, write_per_mille: 1000, ..Workload::default() }
}

fn case<S: System>(processes: u32) -> Setup<S> {
    let config = S::configure(processes, &S::Parameters::default()).expect("defaults");
    Setup::new(processes, config)
}

fn is_verified<S: System>(setup: Setup<S>, early: u32) -> Coverage {
    let proof = Exhaustive::new(setup).workload(one_write()).early_timers(early).run().expect("it can be run");
    proof.assert_verified();
    assert_eq!(proof.coverage.frontier, 0);
    proof.coverage
}

#[test]
fn rings_of_three_are_verified() {
    for early in 0..2 {
        is_verified(case::<QueryRing>(3), early);
        is_verified(case::<NeighbourRing>(3), early);
    }
    is_verified(case::<QueryRing>(3).with_random_crashes(1), 0);
    is_verified(case::<NeighbourRing>(3).with_random_crashes(1), 0);
}

#[test]
fn coordinators_with_two_clients_are_verified() {
    is_verified(case::<Durable>(3), 1);
    is_verified(case::<Replicated>(4), 1);
    is_verified(case::<Replicated>(4).with_random_crashes(1), 0);
}

#[test]
fn more_can_happen_with_a_crash_and_more_with_an_early_timer() {
    let states = |crashes, early| is_verified(case::<QueryRing>(2).with_random_crashes(crashes), early).states;
    assert!(states(0, 0) < states(1, 0) && states(1, 0) < states(1, 1));
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

/// Whom a carousel's token passes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Carousel {
    /// Nobody.
    Fair,
    /// Process 2.
    Unfair,
    /// Process 2, unless it asks for it, which it does when its timer fires.
    Asked,
    /// Process 2, which asks process 1, who never hears of anything.
    Deaf,
}

/// A token goes round for ever.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Rider {
    has: bool,
    wants: bool,
    asked: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
enum Word {
    Token,
    Please,
}

impl Rider {
    fn pass(&mut self, ctx: &mut Context<'_, Self>) {
        self.has = false;
        let me = ctx.me().get();
        let skips = *ctx.config() != Carousel::Fair && !(*ctx.config() == Carousel::Asked && self.asked);
        let next = if skips { (me + 1) % 2 } else { (me + 1) % 3 };
        if next == 2 {
            self.asked = false;
        }
        ctx.send(ProcessId::new(next), Word::Token);
    }
}

impl Process for Rider {
    type Config = Carousel;
    type Message = Word;
    type Timer = ();
    type Request = Request;
    type Indication = Indication;
    type Stable = ();
    type Record = Never;

    fn new(_: ProcessId, _: &Carousel) -> Self {
        Self { has: false, wants: false, asked: false }
    }

    fn on_start(&mut self, ctx: &mut Context<'_, Self>) {
        if ctx.me().get() == 0 {
            self.pass(ctx);
        }
    }

    fn on_request(&mut self, request: Request, ctx: &mut Context<'_, Self>) {
        match request {
            Request::Enter(_) => {
                self.wants = true;
                ctx.set_timer((), Ticks::new(9));
            }
            Request::Leave(data) => {
                ctx.indicate(Indication::Left(data));
                self.pass(ctx);
            }
            _ => {}
        }
    }

    fn on_message(&mut self, _: ProcessId, word: Word, ctx: &mut Context<'_, Self>) {
        match word {
            Word::Please => self.asked = *ctx.config() == Carousel::Asked,
            Word::Token if self.wants => {
                self.wants = false;
                self.has = true;
                ctx.cancel_timer(());
                ctx.indicate(Indication::Entered(DataId::new(0), Fence::default()));
            }
            Word::Token => self.pass(ctx),
        }
    }

    fn on_timer(&mut self, (): (), ctx: &mut Context<'_, Self>) {
        ctx.set_timer((), Ticks::new(9));
        if ctx.me().get() == 2 {
            ctx.send(ProcessId::new(1), Word::Please);
        }
    }
}

impl Mutex for Rider {}

fn ride(carousel: Carousel, early: u32) -> Proof {
    let workload = Workload { requests: 1, write_per_mille: 0, ..Workload::default() };
    Exhaustive::<Rider>::new(Setup::new(3, carousel))
        .workload(workload)
        .early_timers(early)
        .run()
        .expect("it can be run")
}

#[test]
fn a_token_that_goes_round_is_no_false_alarm() {
    for early in 0..2 {
        ride(Carousel::Fair, early).assert_verified();
    }
}

#[test]
fn a_token_that_goes_round_and_passes_a_process_by_is_found() {
    for carousel in [Carousel::Unfair, Carousel::Deaf] {
        for early in 0..2 {
            let proof = ride(carousel, early);
            let counterexample = proof.counterexample().expect("process 2 never enters");
            assert_eq!(counterexample.property, "every_request_granted");
            assert_eq!(counterexample.processes, [ProcessId::new(2)]);
            let cycle = counterexample.cycle.expect("it goes round for ever");
            let again = &counterexample.steps[cycle..];
            // The token goes from 0 to 1 and back, and the timer fires: a cycle without that would not be fair.
            assert!(again.iter().filter(|step| step.event.contains("Token")).count() >= 2, "{counterexample}");
            assert!(again.iter().any(|step| step.event.contains("timer")), "{counterexample}");
        }
    }
}

#[test]
fn a_timer_fires_though_a_token_goes_round_if_somebody_waits_for_it() {
    for early in 0..2 {
        ride(Carousel::Asked, early).assert_verified();
    }
}

/// Answers nobody, or everybody.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Silent;

impl Process for Silent {
    type Config = ();
    type Message = ();
    type Timer = Never;
    type Request = Request;
    type Indication = Indication;
    type Stable = ();
    type Record = Never;

    fn new(_: ProcessId, (): &()) -> Self {
        Self
    }

    fn on_message(&mut self, _: ProcessId, (): (), _: &mut Context<'_, Self>) {}
}

impl Mutex for Silent {}

#[test]
fn a_rest_with_a_request_is_found() {
    let proof = Exhaustive::<Silent>::new(Setup::new(2, ())).run().expect("it can be run");
    let counterexample = proof.counterexample().expect("nobody enters");
    assert_eq!(counterexample.property, "every_request_granted");
    assert_eq!((counterexample.steps.len(), counterexample.cycle), (1, Some(1)));
}

#[test]
fn a_search_that_stops_at_a_limit_proves_nothing() {
    let proof = Exhaustive::new(case::<QueryRing>(3)).workload(one_write()).states_max(1).run().expect("it can be run");
    assert_eq!(proof.verdict, Verdict::Incomplete);
    let small =
        Exhaustive::new(case::<QueryRing>(3)).workload(one_write()).memory_bytes(1).run().expect("it can be run");
    assert_eq!(small.verdict, Verdict::Incomplete);
}
