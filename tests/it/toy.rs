//! A process that does a little of everything: a token that goes round, pings with timeouts, stable storage, choices,
//! a look into the inbox. And setups of every kind for it. It promises nothing: it is there for laws of the engine.

use std::collections::BTreeSet;

use jeton::engine::{
    Agenda, Application, ChannelOrder, Crash, Decisions, Detector, DetectorClass, Distribution, Divergence, Faults,
    FromDead, Limits, Link, MessageId, Moment, Network, Observer, Outcome, Partition, Pause, RandomCrashes,
    ReportOrder, Setup, Simulation, ToDead, Unreliable, Violation, Windows, World,
};
use jeton::model::{Context, Effect, Process, Report};
use jeton::trace::{Record, Recorder};
use jeton::{ProcessId, Ticks};
use proptest::collection::{btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use serde::Serialize;

/// What all runners know: after so many hops a token stops, and so many times each runner pings somebody.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    pub(crate) hops: u64,
    pub(crate) beats: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub(crate) enum Message {
    Token { hop: u64 },
    Ping(u64),
    Pong(u64),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub(crate) enum Timer {
    Beat,
    Give,
    Answer(ProcessId),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub(crate) enum Request {
    Want,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub(crate) enum Indication {
    Got(u64),
    Gave,
}

/// The greatest hop seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize)]
pub(crate) struct Stable(pub(crate) u64);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Runner {
    hop: u64,
    beats: u32,
    pub(crate) has: bool,
    pub(crate) wants: bool,
    dead: BTreeSet<ProcessId>,
}

impl Process for Runner {
    type Config = Rules;
    type Message = Message;
    type Timer = Timer;
    type Request = Request;
    type Indication = Indication;
    type Stable = Stable;
    type Record = Stable;

    fn new(_me: ProcessId, rules: &Rules) -> Self {
        Self { hop: 0, beats: rules.beats, has: false, wants: false, dead: BTreeSet::new() }
    }

    fn apply(stable: &mut Stable, record: Stable) {
        *stable = record;
    }

    fn on_start(&mut self, ctx: &mut Context<'_, Self>) {
        self.wait(ctx);
        if ctx.me().get() == 0 {
            self.pass(ctx);
        }
    }

    fn on_request(&mut self, _request: Request, ctx: &mut Context<'_, Self>) {
        self.wants = true;
        if self.has {
            self.keep(ctx);
        }
    }

    fn on_message(&mut self, from: ProcessId, message: Message, ctx: &mut Context<'_, Self>) {
        self.dead.remove(&from);
        match message {
            Message::Token { hop } => {
                self.hop = self.hop.max(hop);
                if hop % 8 == 0 {
                    ctx.store(Stable(self.hop));
                }
                if self.wants { self.keep(ctx) } else { self.pass(ctx) }
            }
            Message::Ping(number) => ctx.send(from, Message::Pong(number)),
            Message::Pong(_) => ctx.cancel_timer(Timer::Answer(from)),
        }
    }

    fn on_timer(&mut self, timer: Timer, ctx: &mut Context<'_, Self>) {
        match timer {
            Timer::Beat => {
                self.beats -= 1;
                let peer = ProcessId::new(ctx.choose(ctx.count()));
                let waiting = ctx.inbox_len(peer);
                if waiting > 0 {
                    ctx.note("messages_wait");
                }
                ctx.send(peer, Message::Ping(waiting as u64));
                ctx.set_timer(Timer::Answer(peer), Ticks::new(12));
                self.wait(ctx);
            }
            Timer::Give => {
                self.wants = false;
                ctx.indicate(Indication::Gave);
                self.pass(ctx);
            }
            Timer::Answer(_) => ctx.note("no_answer"),
        }
    }

    fn on_report(&mut self, report: Report, ctx: &mut Context<'_, Self>) {
        let of = match report {
            Report::Crash(of) => of,
            Report::Restore(of) => {
                self.dead.remove(&of);
                return;
            }
        };
        self.dead.insert(of);
        // It may have had the token: the first who is left makes another.
        if ProcessId::all(ctx.count()).find(|p| !self.dead.contains(p)) == Some(ctx.me()) {
            self.pass(ctx);
        }
    }

    fn on_restart(&mut self, stable: &Stable, ctx: &mut Context<'_, Self>) {
        self.hop = stable.0;
        self.wait(ctx);
        for peer in ctx.others() {
            ctx.send(peer, Message::Ping(ctx.boot()));
        }
    }
}

impl Runner {
    fn wait(&mut self, ctx: &mut Context<'_, Self>) {
        if self.beats > 0 {
            let wait = 5 + u64::from(ctx.choose(4));
            ctx.set_timer(Timer::Beat, Ticks::new(wait));
        }
    }

    fn keep(&mut self, ctx: &mut Context<'_, Self>) {
        self.has = true;
        ctx.set_timer(Timer::Give, Ticks::new(3));
        ctx.indicate(Indication::Got(self.hop));
    }

    fn pass(&mut self, ctx: &mut Context<'_, Self>) {
        self.has = self.hop >= ctx.config().hops;
        if self.has {
            return;
        }
        let after_me = ProcessId::all(ctx.count()).cycle().skip(ctx.me().index() + 1);
        let next = after_me.take(ctx.count() as usize).find(|p| !self.dead.contains(p));
        ctx.send(next.unwrap_or(ctx.me()), Message::Token { hop: self.hop + 1 });
    }
}

/// Everybody wants the token so many times.
#[derive(Clone, Debug)]
pub(crate) struct Wishes {
    times: u32,
    left: Vec<u32>,
    pause: Distribution,
}

impl Wishes {
    pub(crate) fn new(times: u32) -> Self {
        Self { times, left: Vec::new(), pause: Distribution::Uniform(0, 30) }
    }

    fn wish(&mut self, process: ProcessId, agenda: &mut Agenda<'_, Request>) {
        if self.left[process.index()] > 0 {
            let pause = agenda.span("pause", &self.pause);
            agenda.request(pause, Request::Want);
        }
    }
}

impl Application<Runner> for Wishes {
    fn start(&mut self, process: ProcessId, _state: &Runner, agenda: &mut Agenda<'_, Request>) {
        self.left.resize(self.left.len().max(process.index() + 1), 0);
        self.left[process.index()] = self.times;
        self.wish(process, agenda);
    }

    fn indication(&mut self, process: ProcessId, indication: &Indication, agenda: &mut Agenda<'_, Request>) {
        if *indication == Indication::Gave && self.left.get(process.index()).is_some_and(|&left| left > 0) {
            self.left[process.index()] -= 1;
            self.wish(process, agenda);
        }
    }

    fn crashed(&mut self, process: ProcessId) {
        if let Some(left) = self.left.get_mut(process.index()) {
            *left = 0;
        }
    }

    fn restarted(&mut self, process: ProcessId, _state: &Runner, agenda: &mut Agenda<'_, Request>) {
        if agenda.happens("again", 700) && process.index() < self.left.len() {
            self.left[process.index()] = 1;
            self.wish(process, agenda);
        }
    }

    fn settled(&self) -> bool {
        self.left.iter().all(|&left| left == 0)
    }

    fn conditions(&self) -> &'static [&'static str] {
        &["wants", "has", "token_in_flight"]
    }

    fn holds(&self, condition: &str, _process: ProcessId, state: &Runner) -> bool {
        condition == "wants" && state.wants || condition == "has" && state.has
    }

    fn holds_in_flight(&self, condition: &str, message: &Message) -> bool {
        condition == "token_in_flight" && matches!(message, Message::Token { .. })
    }
}

/// The property that no two have the token at once, which it does not have.
#[derive(Debug, Default)]
pub(crate) struct OneHolder(BTreeSet<ProcessId>);

impl Observer<Runner> for OneHolder {
    fn effect(
        &mut self,
        process: ProcessId,
        effect: &Effect<Runner>,
        _message: Option<MessageId>,
        _world: &World<Runner>,
    ) {
        match effect {
            Effect::Indicate { indication: Indication::Got(_) } => self.0.insert(process),
            Effect::Indicate { indication: Indication::Gave } => self.0.remove(&process),
            _ => false,
        };
    }

    fn crashed(&mut self, process: ProcessId, _world: &World<Runner>) {
        self.0.remove(&process);
    }

    fn check(&mut self, world: &World<Runner>) -> Result<(), Violation> {
        if self.0.len() < 2 {
            return Ok(());
        }
        let holders: Vec<ProcessId> = self.0.iter().copied().collect();
        let names: Vec<String> = holders.iter().map(ProcessId::to_string).collect();
        let explanation = format!("{} have the token at once", names.join(" and "));
        Err(world.violation("one_holder", holders, explanation))
    }
}

/// A run, and everything there is to know of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) outcome: Outcome,
    pub(crate) records: Vec<Record>,
    pub(crate) decisions: Decisions,
}

pub(crate) fn record(simulation: &mut Simulation<Runner>, seed: u64, wishes: u32) -> Run {
    let mut recorder = Recorder::new();
    let (outcome, decisions) = simulation.record(seed, &mut Wishes::new(wishes), &mut recorder);
    Run { outcome, records: recorder.finish(), decisions }
}

pub(crate) fn run(simulation: &mut Simulation<Runner>, seed: u64, wishes: u32) -> (Outcome, Vec<Record>) {
    let mut recorder = Recorder::new();
    let outcome = simulation.run(seed, &mut Wishes::new(wishes), &mut recorder);
    (outcome, recorder.finish())
}

pub(crate) fn replay(
    simulation: &mut Simulation<Runner>,
    decisions: Decisions,
    wishes: u32,
) -> (Outcome, Vec<Record>, Divergence) {
    let mut recorder = Recorder::new();
    let (outcome, divergence) = simulation.replay(decisions, &mut Wishes::new(wishes), &mut recorder);
    (outcome, recorder.finish(), divergence)
}

/// Setups of every kind, with a seed each. The parts are boxed, since together they are too large for a stack.
pub(crate) fn cases() -> BoxedStrategy<(Setup<Runner>, u64, u32)> {
    (1_u32..=6)
        .prop_flat_map(|processes| {
            (Just(processes), rules(), network(processes), detector(processes), faults(processes), limits())
        })
        .prop_map(|(processes, config, network, detector, faults, limits)| Setup {
            processes,
            config,
            network,
            detector,
            faults,
            limits,
        })
        .prop_flat_map(|setup| (Just(setup), any::<u64>(), 0_u32..4))
        .boxed()
}

fn rules() -> impl Strategy<Value = Rules> {
    (5_u64..60, 0_u32..8).prop_map(|(hops, beats)| Rules { hops, beats })
}

fn spans(least: u64) -> impl Strategy<Value = Distribution> {
    prop_oneof![
        (0_u64..8).prop_map(move |ticks| Distribution::Constant(least + ticks)),
        (0_u64..4, 0_u64..20).prop_map(move |(min, more)| Distribution::Uniform(least + min, least + min + more)),
        (0_u64..10, 0_u64..30).prop_map(move |(mean, more)| Distribution::Exponential {
            min: least,
            mean: least + mean,
            max: least + mean + more
        }),
    ]
}

fn network(processes: u32) -> BoxedStrategy<Network> {
    let order = prop_oneof![Just(ChannelOrder::Fifo), Just(ChannelOrder::Unordered)];
    let from_dead = prop_oneof![Just(FromDead::Deliver), Just(FromDead::Prefix), Just(FromDead::Drop)];
    let to_dead = prop_oneof![Just(ToDead::Connection), Just(ToDead::Datagram)];
    let service = prop_oneof![Just(Distribution::Constant(0)), spans(0)];
    let link = (0..processes, 0..processes, spans(1));
    (order, spans(1), option::of(link), from_dead, to_dead, service)
        .prop_map(|(order, delay_ticks, link, from_dead, to_dead, service_ticks)| {
            let link = link.map(|(from, to, delay_ticks)| Link {
                from: ProcessId::new(from),
                to: ProcessId::new(to),
                delay_ticks,
            });
            Network { order, delay_ticks, links: link.into_iter().collect(), from_dead, to_dead, service_ticks }
        })
        .boxed()
}

fn detector(processes: u32) -> BoxedStrategy<Detector> {
    let order = prop_oneof![Just(ReportOrder::AfterChannel), Just(ReportOrder::Unordered)];
    let class = prop_oneof![
        4 => Just(DetectorClass::Perfect),
        2 => Just(DetectorClass::EventuallyPerfect),
        1 => Just(DetectorClass::None),
    ];
    (class, spans(0), order, option::of(windows()))
        .prop_map(move |(class, latency_ticks, order, suspicions)| {
            let errs = class == DetectorClass::EventuallyPerfect && processes > 1;
            Detector { class, latency_ticks, order, suspicions: suspicions.filter(|_| errs) }
        })
        .boxed()
}

pub(crate) fn windows() -> impl Strategy<Value = Windows> {
    (0_u32..4, 1_u64..150, spans(1)).prop_map(|(up_to, within_ticks, length_ticks)| Windows {
        up_to,
        within_ticks,
        length_ticks,
    })
}

fn faults(processes: u32) -> BoxedStrategy<Faults> {
    let unreliable = (0_u16..200, 0_u16..200, 1_u64..200).prop_map(|(loss, duplicate, until_tick)| Unreliable {
        loss_per_mille: loss,
        duplicate_per_mille: duplicate,
        until_tick,
    });
    let crashes = (vec(crash(processes), 0..3), random_crashes(processes));
    let partitions = (vec(partition(processes), 0..2), option::weighted(0.3, windows()));
    let pauses = (vec(pause(processes), 0..2), option::weighted(0.3, windows()));
    (crashes, option::weighted(0.3, unreliable), partitions, pauses)
        .prop_map(|((crashes, random), messages, (partitions, random_partitions), (pauses, random_pauses))| Faults {
            crashes,
            random,
            messages,
            partitions,
            random_partitions,
            pauses,
            random_pauses,
        })
        .boxed()
}

fn partition(processes: u32) -> impl Strategy<Value = Partition> {
    let side = btree_set(0..processes, 0..=processes as usize);
    (1_u64..100, 1_u64..50, side).prop_map(|(at_tick, length_ticks, side)| Partition {
        at_tick,
        length_ticks,
        side: side.into_iter().map(ProcessId::new).collect(),
    })
}

fn pause(processes: u32) -> impl Strategy<Value = Pause> {
    (0..processes, 1_u64..100, 1_u64..50).prop_map(|(process, at_tick, length_ticks)| Pause {
        process: ProcessId::new(process),
        at_tick,
        length_ticks,
    })
}

fn crash(processes: u32) -> impl Strategy<Value = Crash> {
    let condition = prop_oneof![Just("wants"), Just("has"), Just("token_in_flight")];
    let moment = prop_oneof![
        (1_u64..120).prop_map(Moment::AtTick),
        (1_u64..20, 0_u32..4).prop_map(|(step, after_effects)| Moment::InStep { step, after_effects }),
        (condition, 1_u32..4).prop_map(|(condition, nth)| Moment::When { condition: condition.to_owned(), nth }),
    ];
    (0..processes, moment, option::of(spans(1))).prop_map(|(process, moment, down_ticks)| Crash {
        process: ProcessId::new(process),
        moment,
        down_ticks,
    })
}

/// Of everybody, or of two groups with their own bounds.
fn random_crashes(processes: u32) -> BoxedStrategy<Vec<RandomCrashes>> {
    let all = ProcessId::all(processes);
    let (even, odd) = all.clone().partition(|process| process.get() % 2 == 0);
    let groups = (drawn_crashes(even), drawn_crashes(odd));
    prop_oneof![
        1 => Just(Vec::new()),
        3 => drawn_crashes(all.collect()).prop_map(|group| vec![group]),
        1 => groups.prop_map(|(even, odd)| [even, odd].into_iter().filter(|group| !group.among.is_empty()).collect()),
    ]
    .boxed()
}

fn drawn_crashes(among: Vec<ProcessId>) -> BoxedStrategy<RandomCrashes> {
    let conditions = prop_oneof![Just(vec![]), Just(vec!["has".to_owned()])];
    // In a narrow window several strike in one tick, or one step.
    let within_ticks = prop_oneof![1_u64..6, 1_u64..200];
    let within_steps = prop_oneof![1_u64..4, 1_u64..30];
    (0_u32..6, within_ticks, within_steps, conditions, option::of(spans(1)))
        .prop_map(move |(up_to, within_ticks, within_steps, conditions, down_ticks)| RandomCrashes {
            up_to: if down_ticks.is_some() { up_to } else { up_to.min(among.len() as u32) },
            among: among.clone(),
            within_ticks,
            within_steps,
            conditions,
            down_ticks,
        })
        .boxed()
}

fn limits() -> impl Strategy<Value = Limits> {
    let ticks = prop_oneof![3 => Just(100_000), 1 => 1_u64..300];
    let events = prop_oneof![3 => Just(10_000), 1 => 1_u64..200];
    let pending = prop_oneof![5 => Just(10_000), 1 => 1_u64..30];
    (ticks, events, pending, option::of(0_u64..100)).prop_map(|(ticks, events, pending, settle_ticks)| Limits {
        ticks,
        events,
        pending,
        settle_ticks,
    })
}
