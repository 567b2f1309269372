//! A search by partial order against one that leaves nothing out, on hundreds of small random models.

mod conditions;

use std::collections::BTreeMap;
use std::sync::Arc;

use jeton::algorithms::coordinator::{Durable, Replicated};
use jeton::algorithms::neighbour_ring::NeighbourRing;
use jeton::algorithms::query_ring::QueryRing;
use jeton::engine::{ChannelOrder, DetectorClass, FromDead, RandomCrashes, ReportOrder, Setup, ToDead};
use jeton::explore::{Exhaustive, Order, Proof, Reduction, Strategy, Verdict};
use jeton::model::Report;
use jeton::mutex::{DataId, Fence, Indication, Mutex, Property, Replica, Request, System, TOKEN_ACCEPTED, Workload};
use jeton::{Context, Never, Process, ProcessId, Ticks};
use serde::Serialize;

pub(crate) const D: DataId = DataId::new(0);

/// A process by its table.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Toy {
    me: u32,
    state: u8,
    /// How many messages it may still send of its own accord, so that there is an end.
    fuel: u8,
    held: bool,
    version: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub(crate) struct Word {
    kind: u8,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Action {
    Send {
        to: u32,
        kind: u8,
    },
    /// In the place of the message that it handles, so that some things go round for ever.
    Pass {
        to: u32,
        kind: u8,
    },
    Enter,
    Leave,
    Grow,
    Take,
    Accept {
        client: u32,
        request: u64,
    },
    Timer(u8),
    Cancel(u8),
    Choose,
    Look {
        from: u32,
    },
    Panic,
}

/// By process, state and kind of event: the next state, and what is done.
#[derive(Debug)]
pub(crate) struct Table(Vec<(u8, Vec<Action>)>);

const STATES: u8 = 3;
const KINDS: u8 = 4;
const TIMERS: u8 = 2;
/// A start, a restart, a report, a request to enter, one to leave, the timers, the messages.
const EVENTS: u8 = 5 + TIMERS + KINDS;
const FIRST_TIMER: u8 = 5;
const FIRST_KIND: u8 = 5 + TIMERS;

struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize]
    }

    fn action(&mut self, kind: &Kind) -> Action {
        let to = self.below(kind.processes.into()) as u32;
        let word = self.below(KINDS.into()) as u8;
        match self.below(28) {
            9..=13 => Action::Pass { to, kind: word },
            14 | 15 if self.below(kind.quiet) == 0 => Action::Enter,
            16 | 17 => Action::Leave,
            18 if self.below(kind.quiet) == 0 => Action::Grow,
            19 if self.below(kind.quiet) == 0 => Action::Take,
            20 if self.below(kind.quiet) == 0 => Action::Accept { client: to, request: self.below(3) },
            21 | 22 => Action::Timer(self.below(TIMERS.into()) as u8),
            23 => Action::Cancel(self.below(TIMERS.into()) as u8),
            24 => Action::Choose,
            25 if kind.looks => Action::Look { from: to },
            26 if kind.panics => Action::Panic,
            _ => Action::Send { to, kind: word },
        }
    }

    fn table(&mut self, kind: &Kind) -> Table {
        let rows = kind.processes * u32::from(STATES) * u32::from(EVENTS);
        let row = |dice: &mut Self| {
            let count = dice.below(3);
            (dice.below(STATES.into()) as u8, (0..count).map(|_| dice.action(kind)).collect())
        };
        Table((0..rows).map(|_| row(self)).collect())
    }
}

/// What a model has.
#[derive(Debug)]
struct Kind {
    processes: u32,
    /// One in so many of what can be seen by others is.
    quiet: u64,
    looks: bool,
    panics: bool,
}

impl Toy {
    fn go(&mut self, event: u8, from: Option<ProcessId>, ctx: &mut Context<'_, Self>) {
        let row = (self.me * u32::from(STATES) + u32::from(self.state)) * u32::from(EVENTS) + u32::from(event);
        let table = Arc::clone(ctx.config());
        let (next, actions) = &table.0[row as usize];
        self.state = *next;
        let mut passes = from.is_some();
        for action in actions {
            match *action {
                Action::Send { to, kind } if self.fuel > 0 => {
                    self.fuel -= 1;
                    ctx.send(ProcessId::new(to), Word { kind });
                }
                Action::Pass { to, kind } if passes => {
                    passes = false;
                    ctx.send(ProcessId::new(to), Word { kind });
                }
                Action::Enter if !self.held => {
                    self.held = true;
                    ctx.indicate(Indication::Entered(D, Fence { epoch: 0, counter: self.state.into() }));
                }
                Action::Leave if self.held => {
                    self.held = false;
                    ctx.indicate(Indication::Left(D));
                }
                Action::Grow => self.version = (self.version + 1) % 3,
                Action::Take => ctx.note(TOKEN_ACCEPTED),
                Action::Accept { client, request } => {
                    ctx.indicate(Indication::Accepted { client: ProcessId::new(client), data: D, request });
                }
                Action::Timer(timer) => ctx.set_timer(timer, Ticks::new(1)),
                Action::Cancel(timer) => ctx.cancel_timer(timer),
                Action::Choose => self.state = ctx.choose(2) as u8,
                Action::Look { from } => self.state = ctx.inbox_len(ProcessId::new(from)).min(2) as u8,
                Action::Panic => panic!("as the table says"),
                Action::Send { .. } | Action::Pass { .. } | Action::Enter | Action::Leave => {}
            }
        }
    }
}

impl Process for Toy {
    type Config = Arc<Table>;
    type Message = Word;
    type Timer = u8;
    type Request = Request;
    type Indication = Indication;
    type Stable = ();
    type Record = Never;

    fn new(me: ProcessId, _: &Arc<Table>) -> Self {
        Self { me: me.get(), state: 0, fuel: 2, held: false, version: 0 }
    }

    fn on_start(&mut self, ctx: &mut Context<'_, Self>) {
        self.go(0, None, ctx);
    }

    fn on_restart(&mut self, (): &(), ctx: &mut Context<'_, Self>) {
        self.go(1, None, ctx);
    }

    fn on_report(&mut self, _: Report, ctx: &mut Context<'_, Self>) {
        self.go(2, None, ctx);
    }

    fn on_request(&mut self, request: Request, ctx: &mut Context<'_, Self>) {
        self.go(if matches!(request, Request::Enter(_)) { 3 } else { 4 }, None, ctx);
    }

    fn on_timer(&mut self, timer: u8, ctx: &mut Context<'_, Self>) {
        self.go(FIRST_TIMER + timer, None, ctx);
    }

    fn on_message(&mut self, from: ProcessId, word: Word, ctx: &mut Context<'_, Self>) {
        self.go(FIRST_KIND + word.kind, Some(from), ctx);
    }
}

impl Mutex for Toy {
    fn tokens(&self) -> u32 {
        u32::from(self.state == 1)
    }

    fn token(word: &Word) -> Option<u64> {
        (word.kind == 1).then_some(0)
    }

    fn would_accept(&self, _: ProcessId, _: &Word) -> bool {
        self.state != 2
    }

    fn grant(word: &Word) -> Option<(DataId, u64)> {
        (word.kind == 2).then_some((D, 1))
    }

    fn replica(&self) -> Option<Replica> {
        Some(Replica { version: self.version.into(), value: 0 })
    }
}

pub(crate) const PROPERTIES: [Property; 7] = [
    Property::SingleHolder,
    Property::FencingGrows,
    Property::SingleToken,
    Property::TokenInCs,
    Property::FreshReplica,
    Property::QueueOrder,
    Property::NoDeadlock,
];

/// So many of them.
const MODELS: u64 = 200;

pub(crate) struct Model {
    pub(crate) setup: Setup<Toy>,
    pub(crate) workload: Workload,
    pub(crate) early: u32,
    pub(crate) losses: u32,
    pub(crate) duplicates: u32,
    pub(crate) panics: bool,
}

impl Model {
    pub(crate) fn new(seed: u64) -> Self {
        let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let processes = dice.one(&[2, 3, 3, 3, 4]);
        let kind = Kind { processes, quiet: dice.one(&[1, 3]), looks: dice.below(6) == 0, panics: dice.below(5) == 0 };
        let mut setup = Setup::new(processes, Arc::new(dice.table(&kind)));
        setup.network.order = dice.one(&[ChannelOrder::Fifo, ChannelOrder::Fifo, ChannelOrder::Unordered]);
        setup.network.to_dead = dice.one(&[ToDead::Connection, ToDead::Datagram]);
        setup.network.from_dead = dice.one(&[FromDead::Prefix, FromDead::Deliver, FromDead::Drop]);
        setup.detector.order = dice.one(&[ReportOrder::AfterChannel, ReportOrder::Unordered]);
        setup.detector.class = dice.one(&[DetectorClass::Perfect, DetectorClass::Perfect, DetectorClass::None]);
        if kind.looks {
            setup.network.service_ticks = (1..=2).into();
        }
        if dice.below(2) == 0 {
            let some = ProcessId::all(processes).filter(|_| dice.below(2) == 0).collect();
            let down_ticks = (dice.below(2) == 0).then(|| (1..=2).into());
            setup.faults.random = vec![RandomCrashes { among: some, down_ticks, ..RandomCrashes::up_to(1) }];
        }
        let requests = dice.one(&[0, 0, 1]);
        let workload = Workload { requests, ..Workload::default() };
        let early = dice.one(&[0, 0, 1, 1, 2, u32::MAX]);
        let (losses, duplicates) = (dice.one(&[0, 0, 0, 1]), dice.one(&[0, 0, 0, 1]));
        Self { setup, workload, early, losses, duplicates, panics: kind.panics }
    }

    pub(crate) fn search(&self, properties: &[Property], reduction: Reduction) -> Exhaustive<'static, Toy> {
        let Self { setup, workload, early, losses, duplicates, .. } = self;
        Exhaustive::new(setup.clone())
            .workload(*workload)
            .properties(properties)
            .early_timers(*early)
            .losses(*losses)
            .duplicates(*duplicates)
            .states_max(4_000)
            .jobs(1)
            .reduction(reduction)
    }
}

/// What is violated, as far as it can be told with so many states.
fn told(proof: &Proof) -> Option<Option<&'static str>> {
    match &proof.verdict {
        Verdict::Verified => Some(None),
        Verdict::Violated(counterexample) => Some(Some(counterexample.property)),
        Verdict::Incomplete => None,
    }
}

#[test]
fn it_tells_of_random_models_what_a_search_of_all_does() {
    let mut counts = BTreeMap::<&str, u64>::new();
    for seed in 0..MODELS {
        let model = Model::new(seed);
        // A panic ends a run, and what would be violated later is not.
        let all: Vec<Vec<Property>> =
            if model.panics { vec![vec![]] } else { PROPERTIES.iter().map(|&property| vec![property]).collect() };
        for properties in all {
            let whole = model.search(&properties, Reduction::None).run().expect("it can be run");
            let Some(expected) = told(&whole) else { continue };
            for order in [Order::BreadthFirst, Order::DepthFirst] {
                let part = model.search(&properties, Reduction::PartialOrder).order(order).states_max(40_000);
                let part = part.run().expect("it can be run");
                // Some ways are long.
                if expected.is_some() && told(&part).is_none() {
                    *counts.entry("too long").or_default() += 1;
                    continue;
                }
                assert_eq!(told(&part), Some(expected), "seed {seed}, {properties:?}, {order:?}");
                let (all, some) = (whole.coverage.states, part.coverage.states);
                if expected.is_none() {
                    assert!(some <= all, "seed {seed}: {some} of {all}");
                    *counts.entry("fewer").or_default() += u64::from(some < all);
                } else if let (Some(counterexample), Order::BreadthFirst) = (part.counterexample(), order) {
                    let schedule = counterexample.schedule.to_string().parse().expect("it is read as it is written");
                    let again = model.search(&properties, Reduction::None).replay(&schedule);
                    assert!(again.expect("it can be run").is_ok(), "seed {seed}: {counterexample}");
                }
            }
            *counts.entry(expected.unwrap_or("holds")).or_default() += 1;
        }
    }
    for (name, least) in [("holds", 500), ("fewer", 500), ("single_token", 50), ("no_panic", 10), ("fresh_replica", 5)]
    {
        let count = counts.get(name).copied().unwrap_or(0);
        assert!(count >= least, "{name} only {count} times: {counts:?}");
    }
    assert!(counts.get("too long").is_none_or(|&count| count < 20), "{counts:?}");
}

#[test]
fn it_finds_the_same_with_any_number_of_threads() {
    for seed in 0..12 {
        let model = Model::new(seed);
        let search = |jobs| model.search(&[Property::SingleHolder], Reduction::PartialOrder).jobs(jobs).run();
        assert_eq!(search(1), search(3), "seed {seed}");
    }
    let setup = || case::<QueryRing>(3).with_random_crashes(1);
    let search = |jobs| one_write(setup(), Reduction::PartialOrder).jobs(jobs).run().expect("it can be run");
    assert_eq!(search(1), search(2));
}

/// It tells itself to go on, so many times.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Clockwork;

impl Process for Clockwork {
    type Config = u32;
    type Message = u32;
    type Timer = Never;
    type Request = Request;
    type Indication = Indication;
    type Stable = ();
    type Record = Never;

    fn new(_: ProcessId, _: &u32) -> Self {
        Self
    }

    fn on_start(&mut self, ctx: &mut Context<'_, Self>) {
        let steps = *ctx.config();
        ctx.send(ctx.me(), steps);
    }

    fn on_message(&mut self, _: ProcessId, steps: u32, ctx: &mut Context<'_, Self>) {
        if steps > 1 {
            ctx.send(ctx.me(), steps - 1);
        }
    }

    fn takes_requests(&self) -> bool {
        false
    }
}

impl Mutex for Clockwork {}

#[test]
fn of_processes_that_never_meet_one_order_is_looked_at() {
    for (processes, steps) in [(1, 5), (2, 4), (3, 3), (4, 2), (5, 3)] {
        let search = |reduction| {
            let search = Exhaustive::<Clockwork>::new(Setup::new(processes, steps)).properties(&[]);
            search.reduction(reduction).run().expect("it can be run")
        };
        let (whole, part) = (search(Reduction::None), search(Reduction::PartialOrder));
        assert!(whole.is_verified() && part.is_verified());
        assert_eq!(whole.coverage.states, u64::from(steps + 1).pow(processes));
        assert_eq!(part.coverage.states, u64::from(steps * processes + 1));
    }
}

fn one_write<S: System>(setup: Setup<S>, reduction: Reduction) -> Exhaustive<'static, S> {
    let safety: Vec<_> = S::PROPERTIES.iter().copied().filter(|property| !property.is_liveness()).collect();
    let workload = Workload { requests: 1, write_per_mille: 1000, ..Workload::default() };
    Exhaustive::new(setup).workload(workload).properties(&safety).reduction(reduction)
}

fn case<S: System>(processes: u32) -> Setup<S> {
    let config = S::configure(processes, &S::Parameters::default()).expect("defaults can be");
    Setup::new(processes, config)
}

#[test]
fn systems_are_verified_in_no_more_states() {
    fn check<S: System>(setup: &Setup<S>) -> bool {
        let states = |reduction| {
            let proof = one_write(setup.clone(), reduction).run().expect("it can be run");
            assert!(proof.is_verified(), "{}", S::NAME);
            proof.coverage.states
        };
        let (all, some) = (states(Reduction::None), states(Reduction::PartialOrder));
        assert!(some <= all, "{}: {some} of {all} states", S::NAME);
        some < all
    }
    assert!(check(&case::<QueryRing>(3).with_random_crashes(1)), "as many states");
    check(&case::<NeighbourRing>(3));
    check(&case::<Durable>(3));
    check(&case::<Replicated>(4));
}

#[test]
fn what_must_come_in_the_end_is_not_checked_and_the_reason_is_told() {
    let proof = Exhaustive::new(case::<Durable>(3)).reduction(Reduction::PartialOrder).run().expect("it can be run");
    assert!(proof.is_verified());
    let unchecked: Vec<_> = proof.unchecked.iter().map(|unchecked| (unchecked.property, unchecked.why)).collect();
    let why = "is of runs that never end, of which partial order leaves some out";
    assert_eq!(unchecked, [(Property::EveryRequestGranted, why)]);
    let refused = Exhaustive::new(case::<Durable>(3)).reduction(Reduction::PartialOrder).reach(1, &[Strategy::Random]);
    let refused = refused.expect_err("it does not know all states");
    assert_eq!(refused.to_string(), "reduction: partial-order, and how many of all states are reached is asked");
    let refused = one_write(case::<QueryRing>(3), Reduction::Both).run().expect_err("a ring has an order");
    assert_eq!(refused.to_string(), "reduction: symmetry, and this system has no interchangeable processes");
}

#[test]
fn reductions_have_names() {
    for reduction in Reduction::ALL {
        assert_eq!(reduction.to_string().parse(), Ok(reduction));
    }
    let unknown = "partial-odrer".parse::<Reduction>().expect_err("there is none such");
    assert!(unknown.to_string().ends_with(", did you mean `partial-order`?"), "{unknown}");
}
