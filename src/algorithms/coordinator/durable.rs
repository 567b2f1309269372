//! The durable coordinator: the server has the list of its clients in stable storage, and asks them when it is up
//! again.
//!
//! Its rules, beside the shared ones:
//!
//! - D1. Stable storage has the list of clients and the *incarnation*, a number that counts the starts of the server
//!   (an addition to the notes). Every change of the list, by a connect, a disconnect or a death, is stored first: a
//!   client is stored, *then* accepted, so that a server that dies in between still knows whom to ask. Those whom it
//!   has listed are accepted at once.
//! - D2. Upon a restart the server reads the list, stores the next incarnation, asks every listed client where it
//!   stands, and grants nothing until each has answered or is reported dead. Holders are holders; those who wait enter
//!   new queues, each in random order; all others are idle. Requests that arrive meanwhile queue behind.
//! - D3. An answer that the server waits for counts as one even if the server knows newer of the client by now (an
//!   addition: an enter may overtake the answer).
//! - D4. Clients ignore messages of an older incarnation than the newest that they have seen, and an answer names the
//!   incarnation that asked (an addition: a grant of the dead incarnation, or an answer to it, would undo what the
//!   client said since).
//! - D5. The fencing number is the incarnation and a counter.
//! - D6. A client that hears of the server's death connects again and again until it is accepted, which changes none of
//!   its phases.
//!
//! It needs a perfect detector, stable storage and channels that lose nothing but to the dead; neither FIFO channels
//! nor reports that come after the messages of the dead.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::message::{Absence, Body, Claim, Message};
use super::table::{Learned, Table};
use super::{
    CONNECTED_AGAIN, Ctx, KNOWN_STEP_IGNORED, LEAVE_IMPLIED, MESSAGE_OF_THE_DEAD_IGNORED, STALE_STEP_IGNORED, Server,
    Stamp, TWO_LOCKS_FREED_BY_CRASH, Terms, check_retry, free, is_ignored, note_learned, times,
};
use crate::model::{ProcessId, Relabelling, Ticks};
use crate::mutex::{DataId, Fence, Impossible, Property, Wait, sealed};

/// The server restarted with a lock that was held and waited for.
const RESTART_WITH_HOLDER_AND_QUEUE: &str = "restart_with_holder_and_queue";

/// An answer that the server waited for was older than what it knew.
const LATE_ANSWER_COUNTED: &str = "late_answer_counted";

/// What the durable coordinator can be told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct DurableParameters {
    /// How long a client waits for its accept before it connects again, in ticks; at least 1.
    pub retry_interval_ticks: u64,
    /// Rules to leave out, to see what they are for.
    pub rules: DurableRules,
}

impl Default for DurableParameters {
    fn default() -> Self {
        Self { retry_interval_ticks: 20, rules: DurableRules::default() }
    }
}

/// The rules of the durable coordinator; all are on unless a scenario leaves one out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct DurableRules {
    /// Messages bear the incarnation, and those of an older one are ignored (D4).
    pub incarnations: bool,
    /// Claims that are older than what the server knows are ignored, and grants name the request (rules 1 and 3).
    pub steps: bool,
    /// What arrives from a client that is reported dead is ignored (rule 4).
    pub ignore_dead: bool,
    /// A client is stored before it is accepted, not after (D1).
    pub store_before_accept: bool,
    /// A server that restarts grants nothing until all have answered (D2).
    pub await_all_answers: bool,
    /// An answer counts even if it is older than what the server knows by now (D3).
    pub late_answers: bool,
}

impl Default for DurableRules {
    fn default() -> Self {
        Self {
            incarnations: true,
            steps: true,
            ignore_dead: true,
            store_before_accept: true,
            await_all_answers: true,
            late_answers: true,
        }
    }
}

/// What a crash of the server leaves.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize)]
pub struct DurableStable {
    /// The clients.
    pub clients: BTreeSet<ProcessId>,
    /// How many times the server has started.
    pub incarnation: u64,
}

/// One write of the server: a change of its list costs as much as the change, not as the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DurableRecord {
    /// This incarnation starts.
    Incarnation(u64),
    /// This client is on the list.
    Add(ProcessId),
    /// This client is off the list.
    Remove(ProcessId),
}

/// The server of the durable coordinator.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct DurableServer {
    incarnation: u64,
    /// The list of clients, as it is in stable storage.
    listed: BTreeSet<ProcessId>,
    /// The clients that have been asked and have not answered; while there are any, nothing is granted.
    awaited: BTreeSet<ProcessId>,
    table: Table,
}

impl DurableServer {
    /// Upon a connect (D1).
    fn on_connect(&mut self, client: ProcessId, ctx: &mut Ctx<'_, Self>) {
        if !self.listed.insert(client) {
            self.send(client, Body::Accept, ctx);
        } else if ctx.config().rules.store_before_accept {
            ctx.store(DurableRecord::Add(client));
            self.send(client, Body::Accept, ctx);
        } else {
            self.send(client, Body::Accept, ctx);
            ctx.store(DurableRecord::Add(client));
        }
    }

    /// Upon a claim: an enter or a leave.
    fn on_claim(&mut self, client: ProcessId, claim: Claim, ctx: &mut Ctx<'_, Self>) {
        let learned = self.table.take(client, claim, ctx.config().rules.steps);
        note_learned(learned, ctx);
        self.grant(claim.data, ctx);
    }

    /// Upon the answer of a client (D2, D3). One that nobody waits for any more is news like any other.
    fn on_phases(&mut self, client: ProcessId, stamp: u64, claims: &[Claim], ctx: &mut Ctx<'_, Self>) {
        let rules = &ctx.config().rules;
        if stamp != self.stamp(ctx) {
            ctx.note(Stamp::Incarnation.older_ignored());
            return;
        }
        let older = |claim: &Claim| claim.step < self.table.step(client, claim.data);
        if rules.steps && !rules.late_answers && claims.iter().any(older) {
            ctx.note(STALE_STEP_IGNORED);
            return;
        }
        let recovering = self.is_recovering();
        for &claim in claims {
            let learned = if recovering {
                self.table.learn(client, claim, rules.steps)
            } else {
                self.table.take(client, claim, rules.steps)
            };
            note_learned(learned, ctx);
            if learned == Learned::Older && self.awaited.contains(&client) {
                ctx.note(LATE_ANSWER_COUNTED);
            }
            self.grant(claim.data, ctx);
        }
        self.await_no_longer(client, ctx);
    }

    /// A client has gone for good (rule 4): first of all it is off the list (D1).
    fn on_gone(&mut self, client: ProcessId, absence: Absence, ctx: &mut Ctx<'_, Self>) {
        if self.listed.remove(&client) {
            ctx.store(DurableRecord::Remove(client));
        }
        for data in free(&mut self.table, client, absence, ctx) {
            self.grant(data, ctx);
        }
        self.await_no_longer(client, ctx);
    }

    fn await_no_longer(&mut self, client: ProcessId, ctx: &mut Ctx<'_, Self>) {
        if self.awaited.remove(&client) && self.awaited.is_empty() {
            self.serve(ctx);
        }
    }

    /// All have answered or are dead (D2): those who wait enter new queues in random order, before the requests that
    /// arrived meanwhile, and free locks are granted.
    fn serve(&mut self, ctx: &mut Ctx<'_, Self>) {
        ctx.note("recovered");
        for (data, mut waiting) in self.table.without_place() {
            shuffle(&mut waiting, ctx);
            for &client in waiting.iter().rev() {
                self.table.queue_first(client, data);
            }
        }
        if self.table.is_contended() {
            ctx.note(RESTART_WITH_HOLDER_AND_QUEUE);
        }
        for data in self.table.data_ids() {
            self.grant(data, ctx);
        }
    }

    fn grant(&mut self, data: DataId, ctx: &mut Ctx<'_, Self>) {
        if self.is_recovering() {
            return;
        }
        if let Some(grant) = self.table.grant(data) {
            let fence = Fence { epoch: self.incarnation, counter: grant.counter };
            self.send(grant.client, Body::Grant { data, request: grant.request, fence }, ctx);
        }
    }

    fn is_recovering(&self) -> bool {
        !self.awaited.is_empty()
    }

    fn stamp(&self, ctx: &Ctx<'_, Self>) -> u64 {
        if ctx.config().rules.incarnations { self.incarnation } else { 0 }
    }

    fn send(&self, to: ProcessId, body: Body, ctx: &mut Ctx<'_, Self>) {
        ctx.send(to, Message { stamp: self.stamp(ctx), body });
    }
}

/// Puts clients in a random order: each of the remaining may be the next.
fn shuffle(clients: &mut [ProcessId], ctx: &mut Ctx<'_, DurableServer>) {
    for next in 0..clients.len().saturating_sub(1) {
        let remaining = u32::try_from(clients.len() - next).unwrap_or(u32::MAX);
        clients.swap(next, next + ctx.choose(remaining) as usize);
    }
}

impl sealed::Sealed for DurableServer {}

impl Server for DurableServer {
    const NAME: &'static str = "durable";
    const SERVERS: u32 = 1;
    const RESTARTS: bool = true;
    const STAMP: Stamp = Stamp::Incarnation;
    const PROPERTIES: &'static [Property] = &[
        Property::SingleHolder,
        Property::FencingGrows,
        Property::RegisteredBeforeAck,
        Property::EveryRequestGranted,
        Property::NoDeadlock,
    ];
    const SOMETIMES: &'static [&'static str] = &[
        CONNECTED_AGAIN,
        KNOWN_STEP_IGNORED,
        LATE_ANSWER_COUNTED,
        LEAVE_IMPLIED,
        MESSAGE_OF_THE_DEAD_IGNORED,
        Stamp::Incarnation.older_ignored(),
        RESTART_WITH_HOLDER_AND_QUEUE,
        STALE_STEP_IGNORED,
        TWO_LOCKS_FREED_BY_CRASH,
    ];
    const BASELINE: &'static str = include_str!("durable.toml");
    const DIALS: &'static [(&'static str, &'static str)] = &[
        ("a server that stays down", "faults.random = [{ up_to = 1, among = [0] }]"),
        ("retry below a round trip", "system.retry_interval_ticks = 1"),
    ];
    type Parameters = DurableParameters;
    type Stable = DurableStable;
    type Record = DurableRecord;

    fn new(_me: ProcessId) -> Self {
        Self::default()
    }

    fn terms(parameters: &Self::Parameters) -> Terms {
        let DurableParameters { retry_interval_ticks, rules } = parameters;
        Terms {
            retry: Some(Ticks::new(*retry_interval_ticks)),
            steps: rules.steps,
            stamps: rules.incarnations,
            keep_number: true,
        }
    }

    fn check(parameters: &Self::Parameters) -> Result<(), Impossible> {
        check_retry(parameters.retry_interval_ticks)
    }

    fn patience(parameters: &Self::Parameters, delay: Ticks, latency: Ticks, hold: Ticks, requests: u64) -> Ticks {
        // The last reports come, or the next retry; then connect, accept, and enter. The answers take no longer.
        let retry = Ticks::new(parameters.retry_interval_ticks);
        let known = latency + retry + times(3, delay);
        // Each request before it: the grant, the stay, the leave. A late report may hold a leave back until its client
        // has connected once more, but only within the latency, so once.
        let served = times(requests.saturating_add(1), times(2, delay) + hold) + latency + times(2, delay);
        times(2, known + served)
    }

    fn relabel(&mut self, ids: &Relabelling<'_>) {
        for clients in [&mut self.listed, &mut self.awaited] {
            *clients = clients.iter().map(|&client| ids.of(client)).collect();
        }
        self.table.relabel(ids);
    }

    fn relabel_stable(stable: &mut DurableStable, ids: &Relabelling<'_>) {
        stable.clients = stable.clients.iter().map(|&client| ids.of(client)).collect();
    }

    fn apply(stable: &mut Self::Stable, record: Self::Record) {
        match record {
            DurableRecord::Incarnation(incarnation) => stable.incarnation = incarnation,
            DurableRecord::Add(client) => {
                stable.clients.insert(client);
            }
            DurableRecord::Remove(client) => {
                stable.clients.remove(&client);
            }
        }
    }

    fn registers(stable: &Self::Stable, client: ProcessId) -> bool {
        stable.clients.contains(&client)
    }

    fn unregisters(record: &Self::Record) -> Option<ProcessId> {
        match *record {
            DurableRecord::Remove(client) => Some(client),
            _ => None,
        }
    }

    fn waits_for(&self, _me: ProcessId) -> Vec<Wait> {
        if self.awaited.is_empty() {
            return self.table.waits_for();
        }
        self.awaited.iter().map(|&client| Wait::from(client, "the answer")).collect()
    }

    fn on_start(&mut self, ctx: &mut Ctx<'_, Self>) {
        self.on_restart(&DurableStable::default(), ctx);
    }

    /// The incarnation is stored before anything is sent under it: no two starts have one number (D2).
    fn on_restart(&mut self, stable: &Self::Stable, ctx: &mut Ctx<'_, Self>) {
        self.incarnation = stable.incarnation + 1;
        self.listed.clone_from(&stable.clients);
        ctx.store(DurableRecord::Incarnation(self.incarnation));
        for &client in &self.listed {
            self.send(client, Body::Ask, ctx);
        }
        if ctx.config().rules.await_all_answers {
            self.awaited.clone_from(&self.listed);
        }
        if self.is_recovering() {
            ctx.note("recovery_began");
        }
    }

    fn on_message(&mut self, from: ProcessId, message: Message, ctx: &mut Ctx<'_, Self>) {
        if is_ignored(&self.table, from, ctx.config().rules.ignore_dead, ctx) {
            return;
        }
        match message.body {
            Body::Connect { .. } => self.on_connect(from, ctx),
            Body::Disconnect => self.on_gone(from, Absence::Disconnected, ctx),
            Body::Phases { claims } => self.on_phases(from, message.stamp, &claims, ctx),
            body => {
                if let Some(claim) = body.claim() {
                    self.on_claim(from, claim, ctx);
                }
            }
        }
    }

    fn on_crash(&mut self, process: ProcessId, ctx: &mut Ctx<'_, Self>) {
        self.on_gone(process, Absence::Dead, ctx);
    }
}
