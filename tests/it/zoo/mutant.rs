//! A built-in algorithm and a mistake made on top of it, as one process.

use std::fmt::Debug;
use std::hash::Hash;

use jeton::model::{Context, Counters, Effect, Event, Part, Process, ProcessId, Surroundings};
use jeton::mutex::{DataId, Mutex, Property, Replica, Wait};

/// A mistake: what it makes of the events and of the effects of a process that makes none. It is a part of the state,
/// so it may remember what it needs; a process that restarts makes it afresh.
pub(crate) trait Mutation<P: Mutex>: Clone + Debug + Default + Eq + Hash + Send + Sync + 'static {
    /// What the process handles instead of the event; `None` if it never hears of it.
    fn before(&mut self, event: Event<P>, _scene: &mut Scene<'_, P>) -> Option<Event<P>> {
        Some(event)
    }

    /// Changes what the process does upon the event.
    fn after(&mut self, _event: &Event<P>, _effects: &mut Vec<Effect<P>>, _scene: &mut Scene<'_, P>) {}
}

/// Where a mistake is made.
pub(crate) struct Scene<'a, P: Mutex> {
    pub(crate) me: ProcessId,
    pub(crate) count: u32,
    pub(crate) boot: u64,
    pub(crate) config: &'a P::Config,
    process: &'a mut P,
    stable: &'a P::Stable,
    world: &'a mut dyn Surroundings,
}

impl<P: Mutex> Scene<'_, P> {
    /// The process in the state in which it is.
    pub(crate) fn process(&self) -> &P {
        self.process
    }

    /// Has the process handle one more event, and returns its effects.
    pub(crate) fn handle(&mut self, event: Event<P>) -> Vec<Effect<P>> {
        let mut effects = Vec::new();
        let mut ctx = Context::new(self.me, self.count, self.boot, self.config, &mut effects, self.world);
        self.process.handle(event, self.stable, &mut ctx);
        effects
    }

    /// The process after this one in a ring in the order of the ids.
    pub(crate) fn next(&self) -> ProcessId {
        ProcessId::new((self.me.get() + 1) % self.count)
    }
}

/// A process that is right but for a mistake.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Mutant<P, M> {
    process: P,
    mutation: M,
}

/// Passes on to the run what the process asks of it.
struct Through<'a, 'b, Q: Process>(&'a mut Context<'b, Q>);

impl<Q: Process> Surroundings for Through<'_, '_, Q> {
    fn choose(&mut self, bound: u32) -> u32 {
        self.0.choose(bound)
    }

    fn inbox_len(&self, from: ProcessId) -> usize {
        self.0.inbox_len(from)
    }
}

impl<P: Mutex, M: Mutation<P>> Process for Mutant<P, M> {
    type Config = P::Config;
    type Message = P::Message;
    type Timer = P::Timer;
    type Request = P::Request;
    type Indication = P::Indication;
    type Stable = P::Stable;
    type Record = P::Record;

    fn new(me: ProcessId, config: &P::Config) -> Self {
        Self { process: P::new(me, config), mutation: M::default() }
    }

    fn apply(stable: &mut P::Stable, record: P::Record) {
        P::apply(stable, record);
    }

    fn on_message(&mut self, from: ProcessId, message: P::Message, _ctx: &mut Context<'_, Self>) {
        unreachable!("events come through `handle`, and not {message:?} from {from}");
    }

    fn takes_requests(&self) -> bool {
        self.process.takes_requests()
    }

    /// No mutation remembers a counter.
    fn counters(part: Part<'_, Self>, counters: &mut Counters<'_>) {
        match part {
            Part::State(me, mutant) => P::counters(Part::State(me, &mut mutant.process), counters),
            Part::Stable(me, stable) => P::counters(Part::Stable(me, stable), counters),
            Part::Timer(me, timer) => P::counters(Part::Timer(me, timer), counters),
            Part::Message { from, to, message } => P::counters(Part::Message { from, to, message }, counters),
        }
    }

    fn handle(&mut self, event: Event<Self>, stable: &P::Stable, ctx: &mut Context<'_, Self>) {
        let (me, count, boot, config) = (ctx.me(), ctx.count(), ctx.boot(), ctx.config());
        let mut world = Through(&mut *ctx);
        let mut scene = Scene { me, count, boot, config, process: &mut self.process, stable, world: &mut world };
        let Some(event) = self.mutation.before(inward(event), &mut scene) else { return };
        let mut effects = scene.handle(event.clone());
        self.mutation.after(&event, &mut effects, &mut scene);
        for effect in effects {
            forward(effect, ctx);
        }
    }
}

fn inward<P: Mutex, M: Mutation<P>>(event: Event<Mutant<P, M>>) -> Event<P> {
    match event {
        Event::Start => Event::Start,
        Event::Request(request) => Event::Request(request),
        Event::Message { from, message } => Event::Message { from, message },
        Event::Timer(timer) => Event::Timer(timer),
        Event::Report(report) => Event::Report(report),
        Event::Restart => Event::Restart,
    }
}

fn forward<P: Mutex, M: Mutation<P>>(effect: Effect<P>, ctx: &mut Context<'_, Mutant<P, M>>) {
    match effect {
        Effect::Send { to, message } => ctx.send(to, message),
        Effect::SetTimer { timer, after } => ctx.set_timer(timer, after),
        Effect::CancelTimer { timer } => ctx.cancel_timer(timer),
        Effect::Store { record } => ctx.store(record),
        Effect::Indicate { indication } => ctx.indicate(indication),
        Effect::Note { note } => ctx.note(note),
    }
}

impl<P: Mutex, M: Mutation<P>> Mutex for Mutant<P, M> {
    const PROPERTIES: &'static [Property] = P::PROPERTIES;
    const SOMETIMES: &'static [&'static str] = P::SOMETIMES;
    const CONDITIONS: &'static [&'static str] = P::CONDITIONS;
    const CONNECTS: bool = P::CONNECTS;

    fn without(config: &P::Config, processes: u32, process: ProcessId) -> Option<P::Config> {
        P::without(config, processes, process)
    }

    fn waits_for(&self, me: ProcessId) -> Vec<Wait> {
        self.process.waits_for(me)
    }

    fn tokens(&self) -> u32 {
        self.process.tokens()
    }

    fn token(message: &P::Message) -> Option<u64> {
        P::token(message)
    }

    fn would_accept(&self, from: ProcessId, message: &P::Message) -> bool {
        self.process.would_accept(from, message)
    }

    fn replica(&self) -> Option<Replica> {
        self.process.replica()
    }

    fn grant(message: &P::Message) -> Option<(DataId, u64)> {
        P::grant(message)
    }

    fn accepted_by(&self) -> Option<ProcessId> {
        self.process.accepted_by()
    }

    fn registers(stable: &P::Stable, client: ProcessId) -> bool {
        P::registers(stable, client)
    }

    fn unregisters(record: &P::Record) -> Option<ProcessId> {
        P::unregisters(record)
    }
}
