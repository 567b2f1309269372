mod fair;
mod lasso;

use super::*;
use crate::model::{Context, Never, Process, ProcessId, Ticks};
use crate::mutex::{DataId, Fence, Indication, Request};

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

/// What is looked at again once timers fire, and what that leads to, is looked at in any order.
#[test]
fn depth_first_goes_on_where_timers_are_let_go() {
    let find = |carousel, order| {
        let workload = Workload { requests: 1, write_per_mille: 0, ..Workload::default() };
        let search = Exhaustive::<Rider>::new(Setup::new(3, carousel)).workload(workload).order(order);
        search.run().expect("it can be run")
    };
    for carousel in [Carousel::Fair, Carousel::Asked, Carousel::Unfair, Carousel::Deaf] {
        let (breadth, depth) = (find(carousel, Order::BreadthFirst), find(carousel, Order::DepthFirst));
        assert_eq!(breadth.coverage.states, depth.coverage.states, "{carousel:?}");
        let told = |proof: &Proof| proof.counterexample().map(|it| (it.property, it.processes.clone()));
        assert_eq!(told(&depth), told(&breadth), "{carousel:?}");
        assert_eq!(told(&depth).is_none(), matches!(carousel, Carousel::Fair | Carousel::Asked), "{carousel:?}");
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
    let search = || Exhaustive::<Rider>::new(Setup::new(3, Carousel::Fair));
    assert_eq!(search().states_max(1).run().expect("it can be run").verdict, Verdict::Incomplete);
    assert_eq!(search().memory_bytes(1).run().expect("it can be run").verdict, Verdict::Incomplete);
    let stop = |_: Coverage| ControlFlow::Break(());
    assert_eq!(search().progress(&stop).run().expect("it can be run").verdict, Verdict::Incomplete);
}

/// One request of process 0, for which it sets a timer again and again.
fn one_request() -> Exhaustive<'static, Rider> {
    let mut case = Case::new(Setup::new(3, Carousel::Fair));
    case.set_workload(Workload { requests: 1, write_per_mille: 0, ..Workload::default() });
    case.requests = vec![1, 0, 0];
    Exhaustive::of(case).jobs(1)
}

#[test]
fn so_many_timers_fire_early_as_it_is_told_and_any_number_is_not_counted() {
    let states = |early| {
        let search = one_request().properties(&[Property::SingleHolder]).early_timers(early).states_max(20_000);
        let proof = search.run().expect("it can be run");
        proof.assert_verified();
        proof.coverage.states
    };
    let [none, one, two, any] = [0, 1, 2, u32::MAX].map(states);
    assert!(none < one && one < two && any < two, "{none}, {one}, {two}, any number {any}");
}

/// The tables for that are as large as the states are many.
#[test]
fn where_there_is_no_room_to_look_for_cycles_nothing_is_proved() {
    let (mut little, mut much) = (0_u64, 4 << 30);
    while much - little > 1_000 {
        let bytes = little.midpoint(much);
        let proof = one_request().memory_bytes(bytes).run().expect("it can be run");
        match (proof.is_verified(), proof.coverage.frontier) {
            (true, _) => much = bytes,
            // All states are known.
            (false, 0) => return assert_eq!(proof.verdict, Verdict::Incomplete),
            (false, _) => little = bytes,
        }
    }
    panic!("it is verified in {much} bytes, and all states are not found in {little}");
}
