//! What the algorithms of the literature share, each of which is an [`Algorithm`] in a module of its own: one lock, and
//! an application at every process.
//!
//! Each is as in its paper, and so are its assumptions: no process crashes and no message is lost or duplicated. There
//! is no detector to be told of a crash and no timer. What they are for here is comparison: what they cost is known.
//!
//! | module | by | messages per entry | synchronisation delay | channels |
//! | --- | --- | --- | --- | --- |
//! | [`lamport`](super::lamport) | permission of all | 3(N − 1) | T | FIFO |
//! | [`ricart_agrawala`](super::ricart_agrawala) | permission of all | 2(N − 1) | T | any |
//! | [`carvalho_roucairol`](super::carvalho_roucairol) | permission of all, kept | 0 to 2(N − 1) | T | any |
//! | [`maekawa`](super::maekawa) | permission of K | 3(K − 1) to 6(K − 1) + 3 | 2T | FIFO |
//! | [`suzuki_kasami`](super::suzuki_kasami) | a token, asked of all | 0 or N | T | any |
//! | [`raymond`](super::raymond) | a token in a tree | 0 to 2D, under 4 when all want it | T to DT | any |
//! | [`naimi_trehel`](super::naimi_trehel) | a token, asked of a tree that changes | O(log N) on average | T | any |
//!
//! N is the number of processes, K that of a quorum, D the diameter of the tree and T the delay of a message. The
//! *synchronisation delay* is the time from one process's leaving to the next one's entering while others wait.
//!
//! These algorithms replicate nothing: a write is done at once, as with a coordinator.

#[cfg(test)]
pub(super) mod bench;

use std::fmt::Debug;
use std::hash::Hash;

use serde::{Deserialize, Serialize};

use crate::model::{Context, Never, Process, ProcessId, Ticks, Value};
use crate::mutex::{
    Circumstances, DataId, Fence, Impossible, Indication, Mutex, Parameters, Property, Request, System, Wait, Whose,
    sealed,
};

/// There is one lock.
const DATA: DataId = DataId::new(0);

/// What makes one algorithm differ from the others.
pub trait Algorithm: Clone + Debug + Eq + Hash + Send + Sync + 'static + sealed::Sealed {
    /// See [`System::NAME`].
    const NAME: &'static str;
    /// See [`System::BASELINE`].
    const BASELINE: &'static str;
    /// See [`System::DIALS`].
    const DIALS: &'static [(&'static str, &'static str)];
    /// See [`Mutex::PROPERTIES`].
    const PROPERTIES: &'static [Property];
    /// See [`Mutex::CONDITIONS`].
    const CONDITIONS: &'static [&'static str] = &["waiting", "in_critical_section", "idle"];
    /// Why channels must be FIFO, if they must.
    const NEEDS_FIFO: Option<&'static str> = None;
    /// See [`System::Parameters`].
    type Parameters: Parameters + 'static;
    /// See [`Process::Message`].
    type Message: Value;

    /// The process `me` at its start.
    fn new(me: ProcessId, config: &Config<Self::Parameters>) -> Self;

    /// See [`System::configure`].
    ///
    /// # Errors
    /// [`Impossible`] names the first key whose value cannot be.
    fn check(_processes: u32, _parameters: &Self::Parameters) -> Result<(), Impossible> {
        Ok(())
    }

    /// Upon the application's wish to enter.
    fn request(&mut self, ctx: &mut Ctx<'_, Self>);

    /// Upon its leaving.
    fn release(&mut self, ctx: &mut Ctx<'_, Self>);

    /// Upon the arrival of a message.
    fn receive(&mut self, from: ProcessId, message: Self::Message, ctx: &mut Ctx<'_, Self>);

    /// Whether the process, which waits, may enter now. It is asked after every step.
    fn may_enter(&self) -> bool;

    /// See [`Mutex::waits_for`]; `waiting` tells whether the process itself has asked to enter and may not yet.
    fn waits_for(&self, waiting: bool) -> Vec<Wait>;

    /// The fencing number of the present entry, where the algorithm has one.
    fn fence(&self) -> Fence {
        Fence::default()
    }

    /// Whether the process has the token, where there is one.
    fn has_token(&self) -> bool {
        false
    }

    /// See [`Mutex::whose`].
    fn whose(_message: &Self::Message) -> Whose {
        Whose::Cause
    }

    /// Whether this message is the token.
    fn is_token(_message: &Self::Message) -> bool {
        false
    }
}

/// What the processes share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config<P> {
    /// The number of processes.
    pub processes: u32,
    /// What a scenario file says.
    pub parameters: P,
}

/// The parameters of an algorithm that has none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct NoParameters {}

/// The context of a step of an algorithm.
pub type Ctx<'a, A> = Context<'a, Classic<A>>;

/// A process of one of these algorithms, and where its application is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Classic<A> {
    phase: Phase,
    algorithm: A,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Phase {
    Idle,
    Waiting,
    InCriticalSection,
}

impl<A: Algorithm> Classic<A> {
    fn enter_if_it_may(&mut self, ctx: &mut Ctx<'_, A>) {
        if self.phase == Phase::Waiting && self.algorithm.may_enter() {
            self.phase = Phase::InCriticalSection;
            ctx.indicate(Indication::Entered(DATA, self.algorithm.fence()));
        }
    }
}

impl<A: Algorithm> Process for Classic<A> {
    type Config = Config<A::Parameters>;
    type Message = A::Message;
    type Timer = Never;
    type Request = Request;
    type Indication = Indication;
    type Stable = ();
    type Record = Never;

    fn new(me: ProcessId, config: &Self::Config) -> Self {
        Self { phase: Phase::Idle, algorithm: A::new(me, config) }
    }

    /// Upon a request. Connecting is not needed; what is out of order, or of another data id, is ignored.
    fn on_request(&mut self, request: Request, ctx: &mut Context<'_, Self>) {
        match (request, self.phase) {
            (Request::Enter(DATA), Phase::Idle) => {
                self.phase = Phase::Waiting;
                self.algorithm.request(ctx);
                self.enter_if_it_may(ctx);
            }
            (Request::Write(DATA, _), Phase::InCriticalSection) => ctx.indicate(Indication::Written(DATA)),
            (Request::Leave(DATA), Phase::InCriticalSection) => {
                self.phase = Phase::Idle;
                ctx.indicate(Indication::Left(DATA));
                self.algorithm.release(ctx);
            }
            _ => {}
        }
    }

    fn on_message(&mut self, from: ProcessId, message: A::Message, ctx: &mut Context<'_, Self>) {
        self.algorithm.receive(from, message, ctx);
        self.enter_if_it_may(ctx);
    }
}

impl<A: Algorithm> Mutex for Classic<A> {
    const PROPERTIES: &'static [Property] = A::PROPERTIES;
    const CONDITIONS: &'static [&'static str] = A::CONDITIONS;

    fn waits_for(&self, _me: ProcessId) -> Vec<Wait> {
        self.algorithm.waits_for(self.phase == Phase::Waiting)
    }

    fn tokens(&self) -> u32 {
        u32::from(self.algorithm.has_token())
    }

    fn without(config: &Self::Config, processes: u32, _process: ProcessId) -> Option<Self::Config> {
        Self::configure(processes - 1, &config.parameters).ok()
    }

    /// There is one token, and it has no number.
    fn token(message: &A::Message) -> Option<u64> {
        A::is_token(message).then_some(0)
    }

    fn whose(message: &A::Message) -> Whose {
        A::whose(message)
    }
}

impl<A> sealed::Sealed for Classic<A> {}

impl<A: Algorithm> System for Classic<A> {
    const NAME: &'static str = A::NAME;
    const PROCESSES_MIN: u32 = 1;
    const DATA_IDS_MAX: u32 = 1;
    const TOLERATES_FAULTS: bool = false;
    const BASELINE: &'static str = A::BASELINE;
    const DIALS: &'static [(&'static str, &'static str)] = A::DIALS;
    type Parameters = A::Parameters;

    fn configure(processes: u32, parameters: &A::Parameters) -> Result<Self::Config, Impossible> {
        A::check(processes, parameters)?;
        Ok(Config { processes, parameters: parameters.clone() })
    }

    fn restarts(_config: &Self::Config, _process: ProcessId) -> bool {
        false
    }

    fn warnings(_config: &Self::Config, circumstances: &Circumstances) -> Vec<String> {
        let fifo = A::NEEDS_FIFO.unwrap_or_default();
        let needs = [
            (
                circumstances.crash_free,
                "processes that never crash: whoever waits for a message of the dead waits for ever",
            ),
            (circumstances.reliable, "reliable channels: nothing is sent twice"),
            (circumstances.fifo || A::NEEDS_FIFO.is_none(), fifo),
        ];
        Circumstances::unmet(Self::NAME, &needs)
    }

    /// Of every other process at most two entries come before: one that was ahead, and one that was asked for before
    /// this request had been heard of. From one entry to the next it takes a stay, and no longer than four messages to
    /// each process one after the other: a request and a token go once past all at most, even where the tree is a
    /// chain, and so do an inquiry, its answer and the lock where each waits for the next.
    fn patience(
        _config: &Self::Config,
        processes: u32,
        delay: Ticks,
        _latency: Ticks,
        hold: Ticks,
        requests: u64,
    ) -> Ticks {
        let times = |span: Ticks, factor: u64| Ticks::new(span.get().saturating_mul(factor));
        // A message takes a tick at least, whatever the scenario says.
        let trips = times(delay + Ticks::new(1), u64::from(processes).saturating_mul(4));
        times(trips + hold, requests.saturating_mul(2).saturating_add(2))
    }
}

/// Sends a message to every other process.
pub(super) fn send_to_others<A: Algorithm>(message: &A::Message, ctx: &mut Ctx<'_, A>) {
    for process in ctx.others() {
        ctx.send(process, message.clone());
    }
}

/// The logical clock of a process (Lamport 1978): what is sent bears a time, and whatever follows it a later one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Clock(u64);

impl Clock {
    /// Something happens: a time later than all that were told or observed.
    pub(super) fn tick(&mut self) -> u64 {
        self.0 += 1;
        self.0
    }

    /// The latest time that was told or observed.
    pub(super) fn now(self) -> u64 {
        self.0
    }

    /// A message arrives that bears this time.
    pub(super) fn observe(&mut self, time: u64) {
        self.0 = self.0.max(time);
    }
}

/// When a process asked, by its logical clock; of one time, the lower id is first. No two are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Stamp {
    pub(super) time: u64,
    pub(super) process: ProcessId,
}

impl Stamp {
    /// The stamp as a fencing number, for an algorithm that grants in the order of stamps.
    pub(super) fn fence(self) -> Fence {
        Fence { epoch: self.time, counter: u64::from(self.process.get()) }
    }
}

/// A scenario in which everything that a system of five processes claims holds: nothing goes wrong.
macro_rules! fault_free {
    ($name:literal) => {
        concat!(
            "about = \"Nothing goes wrong.\"\nexpect = \"holds\"\nprocesses = 5\n\n[system]\nname = \"",
            $name,
            "\"\n"
        )
    };
}
pub(super) use fault_free;

/// What an algorithm with a token claims.
pub(super) const TOKEN_PROPERTIES: &[Property] =
    &[Property::SingleHolder, Property::SingleToken, Property::TokenInCs, Property::EveryRequestGranted];

/// And when crashes may strike it.
pub(super) const TOKEN_CONDITIONS: &[&str] = &["in_critical_section", "waiting", "has_token", "token_in_flight"];

/// What none of these bears.
pub(super) const ONE_CRASH: (&str, &str) = ("one crash", "faults.random = [{ up_to = 1 }]");
