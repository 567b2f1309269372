//! Coordinators: clients ask a server for locks. Three of them, which differ in what becomes of the locks when the
//! server crashes: [`Durable`] asks its clients, whose list it has in stable storage; [`Stateless`] has its clients
//! claim what they held, and grants nothing for a while; [`Replicated`] has a backup that has a copy.
//!
//! The processes of the lowest ids are the servers, all others are clients. Clients crash for good. The failure
//! detector is perfect: every crash is reported to every live process, nothing else is; a server that restarts is told
//! of everyone who is down. Channels need not be FIFO, and a report may come before or after the messages of the dead,
//! and after the server is up again.
//!
//! # What the three share
//!
//! 1. *Steps.* With every lock a client goes from idle to waiting (it asked), to holding (it was granted) and back to
//!    idle, once for each of its requests. A [`Step`](message::Step), the number of the request and its phase, only
//!    grows, and whatever a client says of a lock bears it. A server ignores what is older than what it knows of that
//!    client (an addition to the notes that these systems are built from: on a channel that is not FIFO an old enter
//!    would be queued after its leave). A request at a known step is not queued twice. An enter of a later step from
//!    the recorded holder implies its leave.
//! 2. *The table.* For every data id the server has a holder and a first-come-first-served queue. A free lock goes to
//!    the first in its queue.
//! 3. *Grants name the request.* A grant of a request that is over is ignored if its leave is on the way to that same
//!    server in the same incarnation, and answered with a leave otherwise.
//! 4. *The death of a client.* All the locks that it held go each to the next in their queue, and its places in queues
//!    vanish. Whatever still arrives from it, or was set aside from it, is ignored (an addition too: an enter that was
//!    under way would be granted, and never left). A client that dies idle changes nothing.
//! 5. *Fencing.* A grant bears a number that only grows for each data id.
//! 6. *Connecting.* A client connects first, and is accepted. A request that comes before makes it wait, and is sent
//!    then; so is a leave. One that hears of its server's death connects again, and again until it is accepted. One
//!    that disconnects leaves everything that it holds or waits for first, and is told nothing more; if a server
//!    accepts it or asks it after all, it says so once more.
//!
//! Each of the three adds rules of its own. The server side is one state machine for each, behind [`Server`]; the
//! client side is one for all, and its [`Stamp`] says what it takes for out of date.

mod client;
mod durable;
/// What clients and servers say to each other.
pub mod message;
mod replicated;
mod stateless;
mod table;
#[cfg(test)]
mod tests;

use std::fmt::Debug;
use std::hash::Hash;

pub use client::Client;
use client::{CONNECTED_AGAIN, GRANT_IGNORED};
pub use durable::{DurableParameters, DurableRecord, DurableRules, DurableServer, DurableStable};
use message::{Absence, Body, Message, Timer};
pub use replicated::{ReplicatedParameters, ReplicatedRules, ReplicatedServer, Replication};
pub use stateless::{StatelessParameters, StatelessRules, StatelessServer, grace_bound};
use table::{Learned, Table};

use crate::model::{Context, Part, Process, ProcessId, Relabelling, Report, Ticks, Value};
use crate::mutex::{
    Circumstances, DataId, Impossible, Indication, Mutex, Parameters, Property, Request, System, Wait, sealed,
};

/// The coordinator whose server has the list of its clients in stable storage, and asks them when it is up again.
pub type Durable = Coordinator<DurableServer>;

/// The coordinator whose server stores nothing, and has its clients claim what they held when it is up again.
pub type Stateless = Coordinator<StatelessServer>;

/// The coordinator that has a primary, and a backup that has a copy of its table and takes its place.
pub type Replicated = Coordinator<ReplicatedServer>;

/// A process of a coordinator system.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Coordinator<S> {
    /// A process that has an application, which asks for locks.
    Client(Client),
    /// A process that gives them.
    Server(S),
}

/// What the stamp of a message counts, and so what makes it out of date: a client ignores what bears an older stamp
/// than its own, and takes over a newer one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stamp {
    /// The starts of the server, who gives the number.
    Incarnation,
    /// The connections of the client, who gives the number; the server echoes it.
    Connection,
    /// The servers: its id.
    Server,
}

/// What a client must know of its system.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// How long a client waits for an accept before it connects again; without, it does so only when it hears of a
    /// death.
    pub retry: Option<Ticks>,
    /// Whether grants name the request (rules 1 and 3).
    pub steps: bool,
    /// Whether stamps count.
    pub stamps: bool,
    /// Whether a connection keeps its number when the client tries again.
    pub keep_number: bool,
}

/// The server side of a coordinator, and whatever else makes it a system of its own.
pub trait Server: Clone + Debug + Eq + Hash + Send + Sync + 'static + sealed::Sealed {
    /// See [`System::NAME`].
    const NAME: &'static str;
    /// How many servers there are.
    const SERVERS: u32;
    /// Whether servers come back after a crash.
    const RESTARTS: bool;
    /// What stamps count.
    const STAMP: Stamp;
    /// See [`Mutex::PROPERTIES`].
    const PROPERTIES: &'static [Property];
    /// See [`Mutex::SOMETIMES`].
    const SOMETIMES: &'static [&'static str];
    /// See [`System::BASELINE`].
    const BASELINE: &'static str;
    /// See [`System::DIALS`].
    const DIALS: &'static [(&'static str, &'static str)];
    /// See [`System::Parameters`]; they are what processes share, too.
    type Parameters: Parameters + 'static;
    /// See [`Process::Stable`].
    type Stable: Value + Default;
    /// See [`Process::Record`].
    type Record: Value;

    /// The server `me` at its start.
    fn new(me: ProcessId) -> Self;
    /// What clients must know.
    fn terms(parameters: &Self::Parameters) -> Terms;
    /// See [`System::configure`].
    ///
    /// # Errors
    /// [`Impossible`] names the first key whose value cannot be.
    fn check(parameters: &Self::Parameters) -> Result<(), Impossible>;
    /// See [`System::patience`].
    fn patience(parameters: &Self::Parameters, delay: Ticks, latency: Ticks, hold: Ticks, requests: u64) -> Ticks;

    /// What this one needs besides what all coordinators do; see [`System::warnings`].
    fn warnings(_parameters: &Self::Parameters, _circumstances: &Circumstances) -> Vec<String> {
        Vec::new()
    }

    /// See [`Process::apply`].
    fn apply(_stable: &mut Self::Stable, _record: Self::Record) {}
    /// See [`Mutex::registers`].
    fn registers(_stable: &Self::Stable, _client: ProcessId) -> bool {
        true
    }
    /// See [`Mutex::unregisters`].
    fn unregisters(_record: &Self::Record) -> Option<ProcessId> {
        None
    }

    /// See [`Process::relabel`]: clients have got other ids.
    fn relabel(&mut self, ids: &Relabelling<'_>);
    /// See [`Process::relabel`]: clients have got other ids.
    fn relabel_stable(_stable: &mut Self::Stable, _ids: &Relabelling<'_>) {}

    /// See [`Mutex::waits_for`].
    fn waits_for(&self, me: ProcessId) -> Vec<Wait>;

    /// Upon the start of the run.
    fn on_start(&mut self, _ctx: &mut Ctx<'_, Self>) {}
    /// Upon a restart.
    fn on_restart(&mut self, _stable: &Self::Stable, _ctx: &mut Ctx<'_, Self>) {}
    /// Upon the arrival of a message.
    fn on_message(&mut self, from: ProcessId, message: Message, ctx: &mut Ctx<'_, Self>);
    /// Upon the end of the grace.
    fn on_grace(&mut self, _ctx: &mut Ctx<'_, Self>) {}
    /// Upon the report of a crash.
    fn on_crash(&mut self, process: ProcessId, ctx: &mut Ctx<'_, Self>);
}

/// The context of a step of a coordinator's process.
pub type Ctx<'a, S> = Context<'a, Coordinator<S>>;

impl<S: Server> Process for Coordinator<S> {
    type Config = S::Parameters;
    type Message = Message;
    type Timer = Timer;
    type Request = Request;
    type Indication = Indication;
    type Stable = S::Stable;
    type Record = S::Record;

    fn new(me: ProcessId, _config: &Self::Config) -> Self {
        if me.get() < S::SERVERS { Self::Server(S::new(me)) } else { Self::Client(Client::new()) }
    }

    fn apply(stable: &mut Self::Stable, record: Self::Record) {
        S::apply(stable, record);
    }

    fn on_start(&mut self, ctx: &mut Context<'_, Self>) {
        if let Self::Server(server) = self {
            server.on_start(ctx);
        }
    }

    fn on_request(&mut self, request: Request, ctx: &mut Context<'_, Self>) {
        if let Self::Client(client) = self {
            client.on_request(request, ctx);
        }
    }

    fn on_message(&mut self, from: ProcessId, message: Message, ctx: &mut Context<'_, Self>) {
        match self {
            Self::Client(client) => client.on_message(from, message, ctx),
            Self::Server(server) => server.on_message(from, message, ctx),
        }
    }

    fn on_timer(&mut self, timer: Timer, ctx: &mut Context<'_, Self>) {
        match (self, timer) {
            (Self::Client(client), Timer::Retry(connection)) => client.on_retry(connection, ctx),
            (Self::Server(server), Timer::Grace) => server.on_grace(ctx),
            _ => {}
        }
    }

    fn on_report(&mut self, report: Report, ctx: &mut Context<'_, Self>) {
        match (self, report) {
            (Self::Client(client), _) => client.on_report(report, ctx),
            (Self::Server(server), Report::Crash(process)) => server.on_crash(process, ctx),
            // What a death has set going cannot be taken back: the detector must be perfect.
            (Self::Server(_), Report::Restore(_)) => {}
        }
    }

    fn on_restart(&mut self, stable: &Self::Stable, ctx: &mut Context<'_, Self>) {
        if let Self::Server(server) = self {
            server.on_restart(stable, ctx);
        }
    }

    fn takes_requests(&self) -> bool {
        matches!(self, Self::Client(_))
    }

    /// A client knows nobody but servers.
    fn relabel(part: Part<'_, Self>, ids: &Relabelling<'_>) {
        match part {
            Part::State(_, Self::Server(server)) => server.relabel(ids),
            Part::Stable(_, stable) => S::relabel_stable(stable, ids),
            Part::Message { message, .. } => message.body.relabel(ids),
            Part::State(_, Self::Client(_)) | Part::Timer(..) => {}
        }
    }
}

impl<S: Server> Mutex for Coordinator<S> {
    const PROPERTIES: &'static [Property] = S::PROPERTIES;
    const SOMETIMES: &'static [&'static str] = S::SOMETIMES;
    const CONNECTS: bool = true;

    /// The servers and one client are needed.
    fn without(config: &Self::Config, processes: u32, process: ProcessId) -> Option<Self::Config> {
        (process.get() >= S::SERVERS && processes > S::SERVERS + 1).then(|| config.clone())
    }

    /// The clients.
    fn interchangeable(_config: &Self::Config, processes: u32) -> Vec<ProcessId> {
        ProcessId::all(processes).filter(|process| process.get() >= S::SERVERS).collect()
    }

    fn waits_for(&self, me: ProcessId) -> Vec<Wait> {
        match self {
            Self::Client(client) => client.waits_for::<S>(),
            Self::Server(server) => server.waits_for(me),
        }
    }

    fn grant(message: &Message) -> Option<(DataId, u64)> {
        match message.body {
            Body::Grant { data, request, .. } => Some((data, request)),
            _ => None,
        }
    }

    fn accepted_by(&self) -> Option<ProcessId> {
        match self {
            Self::Client(client) => client.accepted_by::<S>(),
            Self::Server(_) => None,
        }
    }

    fn registers(stable: &Self::Stable, client: ProcessId) -> bool {
        S::registers(stable, client)
    }

    fn unregisters(record: &Self::Record) -> Option<ProcessId> {
        S::unregisters(record)
    }
}

impl<S> sealed::Sealed for Coordinator<S> {}

impl<S: Server> System for Coordinator<S> {
    const NAME: &'static str = S::NAME;
    const PROCESSES_MIN: u32 = S::SERVERS + 1;
    const DATA_IDS_MAX: u32 = u32::MAX;
    const TOLERATES_FAULTS: bool = true;
    const BASELINE: &'static str = S::BASELINE;
    const DIALS: &'static [(&'static str, &'static str)] = S::DIALS;
    type Parameters = S::Parameters;

    fn configure(_processes: u32, parameters: &Self::Parameters) -> Result<Self::Config, Impossible> {
        S::check(parameters)?;
        Ok(parameters.clone())
    }

    fn warnings(config: &Self::Config, circumstances: &Circumstances) -> Vec<String> {
        let needs = [
            (
                circumstances.perfect_detector,
                "a perfect failure detector: the locks of whoever is suspected are handed on",
            ),
            (circumstances.reliable, "reliable channels: a grant or a leave is sent once"),
        ];
        let mut warnings = Circumstances::unmet(Self::NAME, &needs);
        warnings.extend(S::warnings(config, circumstances));
        warnings
    }

    fn restarts(_config: &Self::Config, process: ProcessId) -> bool {
        S::RESTARTS && process.get() < S::SERVERS
    }

    fn patience(
        config: &Self::Config,
        _processes: u32,
        delay: Ticks,
        latency: Ticks,
        hold: Ticks,
        requests: u64,
    ) -> Ticks {
        S::patience(config, delay, latency, hold, requests)
    }
}

impl Stamp {
    /// The note that a message was out of date.
    const fn older_ignored(self) -> &'static str {
        match self {
            Self::Incarnation => "older_incarnation_ignored",
            Self::Connection => "older_connection_ignored",
            Self::Server => "older_server_ignored",
        }
    }
}

/// A message of a client that is dead was ignored.
const MESSAGE_OF_THE_DEAD_IGNORED: &str = "message_of_the_dead_ignored";
/// A client died that held more than one lock.
const TWO_LOCKS_FREED_BY_CRASH: &str = "two_locks_freed_by_crash";
/// A claim that the server knew already, such as a request that is queued, was ignored.
const KNOWN_STEP_IGNORED: &str = "known_step_ignored";
/// An enter of the recorded holder implied its leave.
const LEAVE_IMPLIED: &str = "leave_implied";
/// A claim that is older than what the server knows was ignored.
const STALE_STEP_IGNORED: &str = "stale_step_ignored";

/// Whether a message must be ignored because of its sender (rule 4).
fn is_ignored<S: Server>(table: &Table, from: ProcessId, ignore_dead: bool, ctx: &mut Ctx<'_, S>) -> bool {
    match table.absence(from) {
        Some(Absence::Dead) if ignore_dead => ctx.note(MESSAGE_OF_THE_DEAD_IGNORED),
        Some(Absence::Disconnected) => ctx.note("message_of_the_disconnected_ignored"),
        _ => return false,
    }
    true
}

/// Strikes out a client that is gone for good; returns the locks that it held (rule 4).
fn free<S: Server>(table: &mut Table, client: ProcessId, absence: Absence, ctx: &mut Ctx<'_, S>) -> Vec<DataId> {
    let freed = table.bury(client, absence);
    if absence == Absence::Dead && freed.len() > 1 {
        ctx.note(TWO_LOCKS_FREED_BY_CRASH);
    }
    freed
}

/// Notes what came of a claim.
fn note_learned<S: Server>(learned: Learned, ctx: &mut Ctx<'_, S>) {
    match learned {
        Learned::Older => ctx.note(STALE_STEP_IGNORED),
        Learned::Waits { leave_implied: true } => ctx.note(LEAVE_IMPLIED),
        Learned::Known => ctx.note(KNOWN_STEP_IGNORED),
        Learned::Conflicts => ctx.note("two_holders_claimed"),
        _ => {}
    }
}

/// A retry interval of no time would have a client connect for ever in one tick.
fn check_retry(retry_interval_ticks: u64) -> Result<(), Impossible> {
    if retry_interval_ticks > 0 {
        return Ok(());
    }
    Err(Impossible { key: "retry_interval_ticks", problem: "is 0, expected at least 1".to_owned() })
}

/// So many times so long.
fn times(count: u64, span: Ticks) -> Ticks {
    Ticks::new(span.get().saturating_mul(count))
}
