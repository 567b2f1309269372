use std::fmt::Debug;
use std::hash::Hash;

use serde::Serialize;

use super::{Counters, Effect, Event, Part, ProcessId, Relabelling, Report, Ticks};

/// What messages, timers, requests, indications and stable storage are made of: plain data that can be compared,
/// hashed, printed, written to a trace and sent to another thread. Every type that can is one.
pub trait Value: Clone + Debug + Eq + Hash + Serialize + Send + Sync + 'static {}

impl<T: Clone + Debug + Eq + Hash + Serialize + Send + Sync + 'static> Value for T {}

/// A process: a deterministic state machine that reacts to events with effects.
///
/// A process is a value. It has no clock, no generator and no I/O: a handler takes an event, changes the state and
/// pushes effects into its [`Context`]. Whatever is not determined (delays, crashes, the answer to [`Context::choose`])
/// is the engine's to decide. What all processes share and never changes is [`Process::Config`].
///
/// A client and a server of one system are two variants of one `enum` that implements this trait.
///
/// ```
/// use jeton::{Context, Never, Process, ProcessId};
///
/// /// Answers every message with the next number.
/// #[derive(Clone, Debug, PartialEq, Eq, Hash)]
/// struct Counter(u64);
///
/// impl Process for Counter {
///     type Config = ();
///     type Message = u64;
///     type Timer = Never;
///     type Request = Never;
///     type Indication = Never;
///     type Stable = ();
///     type Record = Never;
///
///     fn new(_me: ProcessId, _config: &()) -> Self {
///         Counter(0)
///     }
///
///     fn on_message(&mut self, from: ProcessId, message: u64, ctx: &mut Context<'_, Self>) {
///         self.0 = message + 1;
///         ctx.send(from, self.0);
///     }
/// }
/// ```
pub trait Process: Clone + Debug + Eq + Hash + Send + Sync + 'static {
    /// What all processes of a system share and what never changes: an order, timeouts, rules switched off.
    type Config: Clone + Debug + Send + Sync + 'static;
    /// What processes send to each other.
    type Message: Value;
    /// The names of timers; [`Never`](super::Never) where there are none.
    type Timer: Value;
    /// What the application asks of a process.
    type Request: Value;
    /// What a process tells its application.
    type Indication: Value;
    /// What survives a crash; `()` where nothing does.
    type Stable: Value + Default;
    /// One write to stable storage.
    type Record: Value;

    /// The state in which a process starts, and starts again after a crash. How many processes there are is for the
    /// configuration to say, if it matters here; handlers, [`on_start`](Self::on_start) among them, know it from
    /// [`Context::count`].
    fn new(me: ProcessId, config: &Self::Config) -> Self;

    /// Carries out one write to stable storage.
    fn apply(_stable: &mut Self::Stable, _record: Self::Record) {}

    /// Upon the start of the run.
    fn on_start(&mut self, _ctx: &mut Context<'_, Self>) {}

    /// Upon a request of the application.
    fn on_request(&mut self, _request: Self::Request, _ctx: &mut Context<'_, Self>) {}

    /// Upon the arrival of a message.
    fn on_message(&mut self, from: ProcessId, message: Self::Message, ctx: &mut Context<'_, Self>);

    /// Upon the firing of a timer.
    fn on_timer(&mut self, _timer: Self::Timer, _ctx: &mut Context<'_, Self>) {}

    /// Upon a report of the failure detector.
    fn on_report(&mut self, _report: Report, _ctx: &mut Context<'_, Self>) {}

    /// Upon a restart: `self` is new, and `stable` is what was stored before the crash.
    fn on_restart(&mut self, _stable: &Self::Stable, _ctx: &mut Context<'_, Self>) {}

    /// Whether an application at this process makes requests; a server's does not.
    fn takes_requests(&self) -> bool {
        true
    }

    /// Shows the counters that only grow and mean nothing but by comparison: hops, ids of questions. An exhaustive
    /// search takes states that differ only in where such counters have got to for one; without, no state of a process
    /// that counts for ever comes again, and the search has no end.
    ///
    /// Every number of a family must be shown, wherever it is, and the algorithm must do the same, but for the numbers,
    /// if all of a family are shifted, or are put in other places without a change of order
    /// ([`Counters::shift`], [`Counters::order`]). A constant that is compared with them makes it wrong.
    fn counters(_part: Part<'_, Self>, _counters: &mut Counters<'_>) {}

    /// Gives the processes that a part of the run names other ids: in states, stable storage, timers and messages, and
    /// those that lists are ordered by. An exhaustive search that takes interchangeable processes for each other needs
    /// it; what names no process need not say anything. The part itself may then be at another process; it is told by
    /// its old id.
    fn relabel(_part: Part<'_, Self>, _ids: &Relabelling<'_>) {}

    /// Hands an event to its handler. `stable` is read on a restart only.
    #[inline(always)]
    fn handle(&mut self, event: Event<Self>, stable: &Self::Stable, ctx: &mut Context<'_, Self>) {
        match event {
            Event::Start => self.on_start(ctx),
            Event::Request(request) => self.on_request(request, ctx),
            Event::Message { from, message } => self.on_message(from, message, ctx),
            Event::Timer(timer) => self.on_timer(timer, ctx),
            Event::Report(report) => self.on_report(report, ctx),
            Event::Restart => self.on_restart(stable, ctx),
        }
    }
}

/// What a handler may ask of whoever runs it, besides its effects.
pub trait Surroundings {
    /// An answer below `bound`, which is at least 1.
    fn choose(&mut self, bound: u32) -> u32;
    /// How many messages from `from` have arrived at the process and wait to be handled.
    fn inbox_len(&self, from: ProcessId) -> usize;
}

/// More effects in one step than this, and than so many for each process, are a handler that does not end.
const EFFECTS_MAX: usize = 100_000;
const EFFECTS_MAX_EACH: usize = 64;

/// What a handler sees of the world while it handles one event, and where it puts its effects.
pub struct Context<'a, P: Process> {
    me: ProcessId,
    count: u32,
    boot: u64,
    config: &'a P::Config,
    effects: &'a mut Vec<Effect<P>>,
    /// The first effect, if it is kept apart: most steps have one, which then need not go through memory.
    first: Option<Effect<P>>,
    keeps_first: bool,
    surroundings: &'a mut dyn Surroundings,
}

impl<'a, P: Process> Context<'a, P> {
    /// The context of one step, for whoever runs processes: effects are appended to `effects`.
    pub fn new(
        me: ProcessId,
        count: u32,
        boot: u64,
        config: &'a P::Config,
        effects: &'a mut Vec<Effect<P>>,
        surroundings: &'a mut dyn Surroundings,
    ) -> Self {
        Self { me, count, boot, config, effects, first: None, keeps_first: false, surroundings }
    }

    /// Has the first effect kept apart: [`into_first`](Self::into_first) tells it.
    #[inline(always)]
    pub(crate) fn keeping_first(mut self) -> Self {
        self.keeps_first = true;
        self
    }

    #[inline(always)]
    pub(crate) fn into_first(self) -> Option<Effect<P>> {
        self.first
    }

    /// The process that handles the event.
    pub fn me(&self) -> ProcessId {
        self.me
    }

    /// The number of processes in the system, dead ones too.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// Every other process, in the order of their ids.
    pub fn others(&self) -> impl Iterator<Item = ProcessId> + use<P> {
        let me = self.me;
        ProcessId::all(self.count).filter(move |&p| p != me)
    }

    /// What all processes share.
    pub fn config(&self) -> &'a P::Config {
        self.config
    }

    /// How many times this process has started, this time included: 1 until its first restart. It only grows, and
    /// survives without stable storage, as a clock does.
    pub fn boot(&self) -> u64 {
        self.boot
    }

    /// Sends a message; see [`Effect::Send`].
    ///
    /// # Panics
    /// If there is no such process.
    pub fn send(&mut self, to: ProcessId, message: P::Message) {
        if to.get() >= self.count {
            no_such_process(self.me, to, self.count);
        }
        self.push(Effect::Send { to, message });
    }

    /// Sets a timer, or moves it if it is set; see [`Effect::SetTimer`].
    pub fn set_timer(&mut self, timer: P::Timer, after: Ticks) {
        self.push(Effect::SetTimer { timer, after });
    }

    /// Cancels a timer; see [`Effect::CancelTimer`].
    pub fn cancel_timer(&mut self, timer: P::Timer) {
        self.push(Effect::CancelTimer { timer });
    }

    /// Writes to stable storage; see [`Effect::Store`].
    pub fn store(&mut self, record: P::Record) {
        self.push(Effect::Store { record });
    }

    /// Tells the application something; see [`Effect::Indicate`].
    pub fn indicate(&mut self, indication: P::Indication) {
        self.push(Effect::Indicate { indication });
    }

    /// Marks that a branch was taken; see [`Effect::Note`].
    pub fn note(&mut self, note: &'static str) {
        self.push(Effect::Note { note });
    }

    /// A free choice among `0..bound`: a seeded run draws it, a replay looks it up, and an exhaustive search runs the
    /// handler again for each answer.
    ///
    /// # Panics
    /// If `bound` is 0: there is nothing to choose from.
    pub fn choose(&mut self, bound: u32) -> u32 {
        assert!(bound > 0, "choose(0): there is nothing to choose from");
        self.surroundings.choose(bound)
    }

    /// How many messages from `from` have arrived here and wait behind the event being handled. Always 0 where
    /// handling takes no time and nobody pauses.
    pub fn inbox_len(&self, from: ProcessId) -> usize {
        self.surroundings.inbox_len(from)
    }

    #[inline]
    fn push(&mut self, effect: Effect<P>) {
        if self.keeps_first {
            self.keeps_first = false;
            self.first = Some(effect);
            return;
        }
        if self.effects.len() >= EFFECTS_MAX {
            let effects = self.effects.len() + usize::from(self.first.is_some());
            refuse_too_many(effects, self.count);
        }
        self.effects.push(effect);
    }
}

/// Ends a handler that does not end.
#[cold]
#[inline(never)]
fn refuse_too_many(effects: usize, count: u32) {
    let most = EFFECTS_MAX + EFFECTS_MAX_EACH * count as usize;
    assert!(effects < most, "more than {most} effects in one step");
}

/// Out of line: a context that no message is made of stays in registers.
#[cold]
#[inline(never)]
fn no_such_process(me: ProcessId, to: ProcessId, count: u32) -> ! {
    panic!("{me} sends to {to}, and there are {count} processes")
}
