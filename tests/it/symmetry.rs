//! A search by symmetry against one that leaves nothing out, on hundreds of small random models.

use std::collections::BTreeMap;
use std::sync::Arc;

use jeton::algorithms::coordinator::{Durable, Replicated};
use jeton::algorithms::query_ring::QueryRing;
use jeton::engine::{ChannelOrder, FromDead, RandomCrashes, Setup};
use jeton::explore::{Exhaustive, Proof, Reduction, Verdict};
use jeton::model::{Part, Relabelling, Report};
use jeton::mutex::{DataId, Fence, Indication, Mutex, Property, Request, System, Workload};
use jeton::{Context, Never, Process, ProcessId, Ticks};
use serde::Serialize;

const SERVER: ProcessId = ProcessId::new(0);
const D: DataId = DataId::new(0);

/// A process by the table: a server, or one of some clients that the table does not tell apart.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Toy {
    is_server: bool,
    state: u8,
    /// How many messages it may still send, so that there is an end.
    fuel: u8,
    held: bool,
    friend: Option<ProcessId>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
struct Word {
    kind: u8,
    about: Option<ProcessId>,
}

#[derive(Clone, Copy, Debug)]
enum Who {
    Nobody,
    Sender,
    Friend,
    Named,
}

#[derive(Clone, Copy, Debug)]
enum Action {
    Send {
        server: bool,
        to: Who,
        kind: u8,
        about: Who,
    },
    /// To all clients, in the order of their ids.
    SendAll {
        kind: u8,
    },
    /// To one client whose id is in the code.
    SendFirst {
        kind: u8,
    },
    Remember(Who),
    Enter,
    Leave,
    Accept(Who),
    Timer,
    Choose,
    Panic,
}

/// By role, state and kind of event: the next state, and what is done.
#[derive(Debug)]
struct Table(Vec<(u8, Vec<Action>)>);

const STATES: u8 = 3;
const KINDS: u8 = 3;
const EVENTS: u8 = KINDS + 3;

struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    fn who(&mut self) -> Who {
        [Who::Nobody, Who::Sender, Who::Friend, Who::Named][self.below(4) as usize]
    }

    fn action(&mut self, lopsided: bool) -> Action {
        let kind = self.below(KINDS.into()) as u8;
        match self.below(20) {
            0..=6 => Action::Send { server: self.below(2) == 0, to: self.who(), kind, about: self.who() },
            7 if lopsided => Action::SendFirst { kind },
            7 | 8 => Action::SendAll { kind },
            9 | 10 => Action::Remember(self.who()),
            11 | 12 => Action::Enter,
            13..=15 => Action::Leave,
            16 => Action::Accept(self.who()),
            17 => Action::Timer,
            18 => Action::Choose,
            _ if self.below(6) == 0 => Action::Panic,
            _ => Action::Leave,
        }
    }

    fn table(&mut self, lopsided: bool) -> Table {
        let rows = 2 * usize::from(STATES) * usize::from(EVENTS);
        let row = |dice: &mut Self| {
            let count = dice.below(4);
            (dice.below(STATES.into()) as u8, (0..count).map(|_| dice.action(lopsided)).collect())
        };
        Table((0..rows).map(|_| row(self)).collect())
    }
}

impl Toy {
    fn go(&mut self, event: u8, sender: Option<ProcessId>, named: Option<ProcessId>, ctx: &mut Context<'_, Self>) {
        let row = (u8::from(self.is_server) * STATES + self.state) * EVENTS + event;
        let table = Arc::clone(ctx.config());
        let (next, actions) = &table.0[usize::from(row)];
        let friend = self.friend;
        let who = |who| match who {
            Who::Nobody => None,
            Who::Sender => sender,
            Who::Friend => friend,
            Who::Named => named,
        };
        self.state = *next;
        for action in actions {
            match *action {
                Action::Send { server, to, kind, about } => {
                    let to = if server { Some(SERVER) } else { who(to) };
                    self.send(to, Word { kind, about: who(about) }, ctx);
                }
                Action::SendAll { kind } => {
                    for client in ProcessId::all(ctx.count()).filter(|process| *process != SERVER) {
                        self.send(Some(client), Word { kind, about: None }, ctx);
                    }
                }
                Action::SendFirst { kind } => self.send(Some(ProcessId::new(1)), Word { kind, about: None }, ctx),
                Action::Remember(other) => self.friend = who(other),
                Action::Enter if !self.held => {
                    self.held = true;
                    ctx.indicate(Indication::Entered(D, Fence { epoch: 0, counter: self.state.into() }));
                }
                Action::Leave if self.held => {
                    self.held = false;
                    ctx.indicate(Indication::Left(D));
                }
                Action::Accept(client) => {
                    if let Some(client) = who(client) {
                        ctx.indicate(Indication::Accepted { client, data: D, request: 1 });
                    }
                }
                Action::Timer => ctx.set_timer((), Ticks::new(1)),
                Action::Choose => self.state = ctx.choose(2) as u8,
                Action::Panic => panic!("as the table says"),
                Action::Enter | Action::Leave => {}
            }
        }
    }

    fn send(&mut self, to: Option<ProcessId>, word: Word, ctx: &mut Context<'_, Self>) {
        if let (Some(to), true) = (to.filter(|to| *to != ctx.me()), self.fuel > 0) {
            self.fuel -= 1;
            ctx.send(to, word);
        }
    }
}

impl Process for Toy {
    type Config = Arc<Table>;
    type Message = Word;
    type Timer = ();
    type Request = Request;
    type Indication = Indication;
    type Stable = ();
    type Record = Never;

    fn new(me: ProcessId, _: &Arc<Table>) -> Self {
        let is_server = me == SERVER;
        Self { is_server, state: 0, fuel: if is_server { 4 } else { 2 }, held: false, friend: None }
    }

    fn on_start(&mut self, ctx: &mut Context<'_, Self>) {
        self.go(KINDS, None, None, ctx);
    }

    fn on_message(&mut self, from: ProcessId, word: Word, ctx: &mut Context<'_, Self>) {
        self.go(word.kind, Some(from), word.about, ctx);
    }

    fn on_timer(&mut self, (): (), ctx: &mut Context<'_, Self>) {
        self.go(KINDS + 1, None, None, ctx);
    }

    fn on_report(&mut self, report: Report, ctx: &mut Context<'_, Self>) {
        let (Report::Crash(of) | Report::Restore(of)) = report;
        self.go(KINDS + 2, None, Some(of), ctx);
    }

    fn takes_requests(&self) -> bool {
        false
    }

    fn relabel(part: Part<'_, Self>, ids: &Relabelling<'_>) {
        match part {
            Part::State(_, toy) => toy.friend.iter_mut().for_each(|friend| ids.put(friend)),
            Part::Message { message, .. } => message.about.iter_mut().for_each(|about| ids.put(about)),
            Part::Stable(..) | Part::Timer(..) => {}
        }
    }
}

impl Mutex for Toy {
    fn interchangeable(_: &Arc<Table>, processes: u32) -> Vec<ProcessId> {
        ProcessId::all(processes).filter(|process| *process != SERVER).collect()
    }

    fn tokens(&self) -> u32 {
        u32::from(self.state == 1)
    }

    fn token(word: &Word) -> Option<u64> {
        (word.kind == 1).then_some(0)
    }

    fn grant(word: &Word) -> Option<(DataId, u64)> {
        (word.kind == 2).then_some((D, 1))
    }
}

const PROPERTIES: [Property; 5] =
    [Property::SingleHolder, Property::FencingGrows, Property::SingleToken, Property::TokenInCs, Property::QueueOrder];

fn setup(dice: &mut Dice, clients: u32, lopsided: bool) -> Setup<Toy> {
    let mut setup = Setup::new(clients + 1, Arc::new(dice.table(lopsided)));
    if dice.below(2) == 0 {
        setup.network.order = ChannelOrder::Unordered;
    }
    let among = match dice.below(4) {
        0 => return setup,
        1 => vec![SERVER],
        2 => ProcessId::all(clients + 1).skip(1).collect(),
        _ => Vec::new(),
    };
    let down_ticks = (dice.below(2) == 0).then(|| (1..=2).into());
    setup.faults.random = vec![RandomCrashes { among, down_ticks, ..RandomCrashes::up_to(1) }];
    setup.network.from_dead = if dice.below(2) == 0 { FromDead::Prefix } else { FromDead::Deliver };
    setup
}

/// What is violated and how soon, as far as it can be told with so many states.
fn told(proof: &Proof) -> Option<Option<(&'static str, usize)>> {
    match &proof.verdict {
        Verdict::Verified => Some(None),
        Verdict::Violated(counterexample) => Some(Some((counterexample.property, counterexample.steps.len()))),
        Verdict::Incomplete => None,
    }
}

#[test]
fn it_tells_of_random_models_what_a_search_of_all_does() {
    let mut counts = BTreeMap::<String, u32>::new();
    for seed in 0..240_u64 {
        let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let clients = 2 + dice.below(2) as u32;
        let lopsided = seed % 8 == 0;
        let setup = setup(&mut dice, clients, lopsided);
        let orders = if clients == 2 { 2 } else { 6 };
        let (early, losses) = (dice.below(2) as u32, dice.below(2) as u32);
        for property in PROPERTIES {
            let search = |reduction| {
                let search = Exhaustive::new(setup.clone()).properties(&[property]).early_timers(early).losses(losses);
                search.states_max(6_000).jobs(1).reduction(reduction).run()
            };
            let whole = search(Reduction::None).expect("it can be run");
            let Some(expected) = told(&whole) else { continue };
            let outcome = match search(Reduction::Symmetry) {
                // Whoever tells clients apart, by a broadcast that a crash cuts short say, is told.
                Err(refused) => {
                    assert!(refused.problem.contains("would not do the same"), "{refused}");
                    "refused"
                }
                Ok(part) => {
                    assert_eq!(told(&part), Some(expected), "seed {seed}, {property}");
                    let (all, some) = (whole.coverage.states, part.coverage.states);
                    if expected.is_none() {
                        assert!(some <= all && all <= some * orders, "seed {seed}: {some} of {all}");
                        *counts.entry("fewer".to_owned()).or_default() += u32::from(some < all);
                    }
                    let both = search(Reduction::Both).expect("whatever symmetry tells, both tell");
                    let found = told(&both);
                    assert!(expected.is_some() || found == Some(None), "seed {seed}, {property}");
                    assert!(expected.is_none() || found != Some(None), "seed {seed}, {property}");
                    let fewer = expected.is_none() && both.coverage.states < some;
                    *counts.entry("fewer by both".to_owned()).or_default() += u32::from(fewer);
                    // In another order a step may be seen that symmetry does not bear.
                    if both.reduction != Reduction::Both {
                        assert_eq!(both, Proof { reduction: Reduction::Symmetry, ..part });
                        *counts.entry("by symmetry alone".to_owned()).or_default() += 1;
                    }
                    expected.map_or("holds", |(property, _)| property)
                }
            };
            *counts.entry(outcome.to_owned()).or_default() += 1;
        }
    }
    for (name, least) in [
        ("holds", 60),
        ("fewer", 60),
        ("fewer by both", 5),
        ("by symmetry alone", 1),
        ("refused", 10),
        ("single_holder", 5),
        ("no_panic", 2),
    ] {
        let count = counts.get(name).copied().unwrap_or(0);
        assert!(count >= least, "{name} only {count} times: {counts:?}");
    }
}

fn one_write<S: System>(setup: Setup<S>) -> Exhaustive<'static, S> {
    Exhaustive::new(setup).workload(Workload { requests: 1, write_per_mille: 1000, ..Workload::default() })
}

fn case<S: System>(processes: u32) -> Setup<S> {
    let config = S::configure(processes, &S::Parameters::default()).expect("defaults can be");
    Setup::new(processes, config)
}

#[test]
fn clients_of_coordinators_are_interchangeable() {
    fn check<S: System>(processes: u32, at_least: u64) {
        let safety: Vec<_> = S::PROPERTIES.iter().copied().filter(|property| !property.is_liveness()).collect();
        let search = |reduction| {
            let search = one_write(case::<S>(processes)).properties(&safety).reduction(reduction);
            search.run().expect("it can be run")
        };
        let (whole, part) = (search(Reduction::None), search(Reduction::Symmetry));
        assert!(whole.is_verified() && part.is_verified());
        let (all, some) = (whole.coverage.states, part.coverage.states);
        assert!(some * at_least <= all * 10 && all <= some * 6, "{some} of {all} states");
    }
    // Two clients: nearly half.
    check::<Durable>(3, 18);
    check::<Replicated>(4, 18);
}

#[test]
fn what_symmetry_cannot_do_is_refused_with_the_reason() {
    let refused =
        one_write(case::<QueryRing>(3)).reduction(Reduction::Symmetry).run().expect_err("a ring has an order");
    assert_eq!(refused.to_string(), "reduction: symmetry, and this system has no interchangeable processes");
    let mut setup = case::<Durable>(3);
    setup.faults.random = vec![RandomCrashes { among: vec![ProcessId::new(2)], ..RandomCrashes::up_to(1) }];
    let refused = one_write(setup).reduction(Reduction::Symmetry).run().expect_err("one may crash and one may not");
    assert!(refused.problem.ends_with("some crashes are only for some of the interchangeable processes"), "{refused}");
    // What must come in the end is of single processes.
    let proof = one_write(case::<Durable>(3)).reduction(Reduction::Symmetry).run().expect("it can be run");
    assert!(proof.is_verified());
    let unchecked: Vec<_> = proof.unchecked.iter().map(|unchecked| unchecked.property).collect();
    assert_eq!(unchecked, [Property::EveryRequestGranted]);
}
