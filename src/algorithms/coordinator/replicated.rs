//! The replicated coordinator: a primary, and a backup that has a copy of its table and takes its place.
//!
//! Its rules, beside the shared ones:
//!
//! - R1. Every accepted change of the table goes to the backup with a sequence number, and the backup makes the changes
//!   in that order: it keeps one that comes early until those before have come. (The notes send the whole state each
//!   time, of which the newest counts; that would cost as much as there are clients. Who is granted what follows from
//!   the changes, so that tables that saw the same changes are equal.)
//! - R2. With `sync` replication the primary acts on a change towards clients only after the backup has acknowledged it
//!   and all before it, or alone if the backup is dead. With `async` it acts at once.
//! - R3. The primary's death makes the backup primary, with the table that it has, struck of everyone reported dead. It
//!   sends the present holders their grants again, grants what is free, and goes on.
//! - R4. What arrives from clients before the backup knows itself primary is set aside until it does.
//! - R5. Clients that hear of the primary's death connect to the backup, and say in their connect where they stand. It
//!   merges that by step: queues keep their order, requests that it never heard of go last.
//! - R6. Changes that still arrive when the primary is dead are ignored.
//! - R7. The fencing number is a counter, a part of the table, so that both servers count on.
//!
//! A request is *accepted*, and its place certain, when it is in the backup's table, or in that of the one server left;
//! that server then says so ([`Indication::Accepted`]).
//!
//! With `sync` it needs a perfect detector, and channels that lose nothing but of and to the dead: it is safe whatever
//! becomes of the messages in flight, in whatever order they and the reports come. `async` needs besides that all that
//! the dead sent arrives, before the report of the death. One server may die; if both do, it is safe, and nothing
//! serves.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::mem;

use serde::{Deserialize, Serialize};

use super::message::{Absence, Body, Change, Claim, Message, Phase};
use super::table::{Grant, Learned, Table};
use super::{
    CONNECTED_AGAIN, Ctx, GRANT_IGNORED, KNOWN_STEP_IGNORED, LEAVE_IMPLIED, MESSAGE_OF_THE_DEAD_IGNORED, Server, Stamp,
    TWO_LOCKS_FREED_BY_CRASH, Terms, free, is_ignored, note_learned, times,
};
use crate::model::{Never, ProcessId, Relabelling, Ticks};
use crate::mutex::{Circumstances, DataId, Fence, Impossible, Indication, Property, Wait, sealed};

const PRIMARY: ProcessId = ProcessId::new(0);
const BACKUP: ProcessId = ProcessId::new(1);

/// A client told the new primary that it waits for what the table says it was granted: that grant was lost, or is
/// ignored.
const FAILOVER_WITH_GRANT_IN_FLIGHT: &str = "failover_with_grant_in_flight";
/// A message of a client came before the backup knew itself primary.
const SET_ASIDE: &str = "set_aside";
/// A client told the new primary of a request that it had never heard of.
const REQUEST_NEVER_HEARD_OF: &str = "request_never_heard_of";
/// The backup died, and the primary goes on alone.
const BACKUP_DIED: &str = "backup_died";

/// What the replicated coordinator can be told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct ReplicatedParameters {
    /// When the primary acts on a change.
    pub replication: Replication,
    /// Rules to leave out, to see what they are for.
    pub rules: ReplicatedRules,
}

/// When the primary acts on a change towards clients (R2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Replication {
    /// When the backup has acknowledged it.
    #[default]
    Sync,
    /// At once.
    Async,
}

/// The rules of the replicated coordinator; all are on unless a scenario leaves one out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct ReplicatedRules {
    /// A new primary sends the present holders their grants again (R3).
    pub grant_again: bool,
    /// What arrives before the backup knows itself primary is set aside, not dropped (R4).
    pub set_aside: bool,
    /// Claims that are older than what the server knows are ignored, and grants name the request (rules 1 and 3).
    pub steps: bool,
    /// What arrives from a client that is reported dead, or was set aside from it, is ignored (rule 4).
    pub ignore_dead: bool,
}

impl Default for ReplicatedRules {
    fn default() -> Self {
        Self { grant_again: true, set_aside: true, steps: true, ignore_dead: true }
    }
}

/// A server of the replicated coordinator.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ReplicatedServer {
    role: Role,
    /// The number of the last change made.
    sequence: u64,
    table: Table,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Role {
    /// It decides, and has a backup.
    Primary {
        /// The number of the last change that the backup has, as far as this server knows.
        acknowledged: u64,
        /// What clients are to be told once the backup has the change of that number.
        held_back: VecDeque<(u64, ProcessId, Body)>,
    },
    /// It decides, and the other server is dead.
    Alone,
    /// It copies what the primary decides.
    Backup {
        /// Changes that wait for one before them.
        early: BTreeMap<u64, Change>,
        /// What clients have sent to the primary that this server is to be.
        set_aside: Vec<(ProcessId, Body)>,
        /// The clients that were reported dead.
        reported: BTreeSet<ProcessId>,
    },
}

impl ReplicatedServer {
    /// Upon a message of a client, at the server that decides.
    fn on_client(&mut self, client: ProcessId, body: &Body, ctx: &mut Ctx<'_, Self>) {
        if is_ignored(&self.table, client, ctx.config().rules.ignore_dead, ctx) {
            return;
        }
        match body {
            Body::Connect { claims } => {
                self.reply(client, Body::Accept, ctx);
                for &claim in claims {
                    self.merge(client, claim, ctx);
                }
            }
            Body::Disconnect => self.on_gone(client, Absence::Disconnected, ctx),
            body => {
                if let Some(claim) = body.claim() {
                    self.on_claim(client, claim, ctx);
                }
            }
        }
    }

    /// Upon what the connect of a client says of one lock (R5).
    fn merge(&mut self, client: ProcessId, claim: Claim, ctx: &mut Ctx<'_, Self>) {
        let granted = self.table.holder(claim.data) == Some(client);
        let learned = self.on_claim(client, claim, ctx);
        match learned {
            _ if ctx.me() == PRIMARY => {} // Nobody has failed over.
            Learned::Known if granted && claim.step.phase == Phase::Waiting => ctx.note(FAILOVER_WITH_GRANT_IN_FLIGHT),
            Learned::Waits { .. } => ctx.note(REQUEST_NEVER_HEARD_OF),
            _ => {}
        }
    }

    fn on_claim(&mut self, client: ProcessId, claim: Claim, ctx: &mut Ctx<'_, Self>) -> Learned {
        let learned = self.table.take(client, claim, ctx.config().rules.steps);
        note_learned(learned, ctx);
        if learned.changed() {
            self.publish(Change::Step { client, claim }, ctx);
            self.grant(claim.data, ctx);
        }
        learned
    }

    /// A client has gone for good (rule 4).
    fn on_gone(&mut self, client: ProcessId, absence: Absence, ctx: &mut Ctx<'_, Self>) {
        let freed = free(&mut self.table, client, absence, ctx);
        self.publish(Change::Gone { client, absence }, ctx);
        for data in freed {
            self.grant(data, ctx);
        }
    }

    /// A change has been made: the backup makes it too, if there is one (R1).
    fn publish(&mut self, change: Change, ctx: &mut Ctx<'_, Self>) {
        self.sequence += 1;
        if let Role::Primary { .. } = self.role {
            let body = Body::Replicate { sequence: self.sequence, change };
            ctx.send(BACKUP, Message { stamp: stamp(ctx), body });
        } else {
            indicate_accepted(change, ctx);
        }
    }

    fn grant(&mut self, data: DataId, ctx: &mut Ctx<'_, Self>) {
        if let Some(grant) = self.table.grant(data) {
            self.send_grant(grant, ctx);
        }
    }

    fn send_grant(&mut self, grant: Grant, ctx: &mut Ctx<'_, Self>) {
        let Grant { client, data, request, counter } = grant;
        self.reply(client, Body::Grant { data, request, fence: Fence { epoch: 0, counter } }, ctx);
    }

    /// Acts towards a client: not before the backup has all that led to it (R2).
    fn reply(&mut self, client: ProcessId, body: Body, ctx: &mut Ctx<'_, Self>) {
        match &mut self.role {
            Role::Primary { acknowledged, held_back }
                if *acknowledged < self.sequence && ctx.config().replication == Replication::Sync =>
            {
                held_back.push_back((self.sequence, client, body));
            }
            _ => ctx.send(client, Message { stamp: stamp(ctx), body }),
        }
    }

    /// Upon an acknowledgement, which stands for those of all changes before: they may come in another order.
    fn on_acknowledge(&mut self, sequence: u64, ctx: &mut Ctx<'_, Self>) {
        let Role::Primary { acknowledged, held_back } = &mut self.role else { return };
        *acknowledged = sequence.max(*acknowledged);
        while held_back.front().is_some_and(|(number, ..)| number <= acknowledged) {
            if let Some((_, client, body)) = held_back.pop_front() {
                ctx.send(client, Message { stamp: stamp(ctx), body });
            }
        }
    }

    /// Upon a change of the primary's table: the backup makes those whose turn it is (R1).
    fn on_replicate(&mut self, sequence: u64, change: Change, ctx: &mut Ctx<'_, Self>) {
        let Role::Backup { early, .. } = &mut self.role else {
            ctx.note("late_replication_ignored");
            return;
        };
        if sequence <= self.sequence {
            return;
        }
        early.insert(sequence, change);
        if sequence > self.sequence + 1 {
            ctx.note("change_came_early");
        }
        while let Some(change) = self.next_change() {
            self.sequence += 1;
            self.copy(change, ctx);
        }
    }

    fn next_change(&mut self) -> Option<Change> {
        let Role::Backup { early, .. } = &mut self.role else { return None };
        early.remove(&(self.sequence + 1))
    }

    /// Makes a change as the primary made it, with the grants that follow from it; to send them is the primary's
    /// affair.
    fn copy(&mut self, change: Change, ctx: &mut Ctx<'_, Self>) {
        match change {
            Change::Step { client, claim } => {
                self.table.take(client, claim, ctx.config().rules.steps);
                self.table.grant(claim.data);
            }
            Change::Gone { client, absence } => {
                for data in self.table.bury(client, absence) {
                    self.table.grant(data);
                }
            }
        }
        indicate_accepted(change, ctx);
        if ctx.config().replication == Replication::Sync {
            let body = Body::Acknowledge { sequence: self.sequence };
            ctx.send(PRIMARY, Message { stamp: PRIMARY.get().into(), body });
        }
    }

    /// Upon the death of the backup: what waited for it does so no longer (R2), and what only this server has is
    /// accepted now.
    fn on_backup_died(&mut self, ctx: &mut Ctx<'_, Self>) {
        let Role::Primary { held_back, .. } = mem::replace(&mut self.role, Role::Alone) else { return };
        ctx.note(BACKUP_DIED);
        for data in self.table.data_ids() {
            for client in self.table.holder(data).into_iter().chain(self.table.waiting(data)) {
                let request = self.table.step(client, data).request;
                ctx.indicate(Indication::Accepted { client, data, request });
            }
        }
        for (_, client, body) in held_back {
            ctx.send(client, Message { stamp: stamp(ctx), body });
        }
    }

    /// Upon the death of the primary: the backup is primary (R3). Changes that came early follow one that is lost;
    /// nobody has seen anything of them, or with `async` replication, too much.
    fn on_primary_died(&mut self, ctx: &mut Ctx<'_, Self>) {
        let Role::Backup { set_aside, reported, .. } = mem::replace(&mut self.role, Role::Alone) else { return };
        ctx.note("failover");
        for client in reported {
            free(&mut self.table, client, Absence::Dead, ctx);
        }
        for data in self.table.data_ids() {
            match self.table.unconfirmed(data) {
                Some(grant) if ctx.config().rules.grant_again => self.send_grant(grant, ctx),
                _ => self.grant(data, ctx),
            }
        }
        for (client, body) in set_aside {
            self.on_client(client, &body, ctx);
        }
    }
}

/// The server itself, by its id: the later one is the newer.
fn stamp(ctx: &Ctx<'_, ReplicatedServer>) -> u64 {
    ctx.me().get().into()
}

/// Says that a request has its place for certain, if the change is one.
fn indicate_accepted(change: Change, ctx: &mut Ctx<'_, ReplicatedServer>) {
    match change {
        Change::Step { client, claim: Claim { data, step } } if step.phase == Phase::Waiting => {
            ctx.indicate(Indication::Accepted { client, data, request: step.request });
        }
        _ => {}
    }
}

impl sealed::Sealed for ReplicatedServer {}

impl Server for ReplicatedServer {
    const NAME: &'static str = "replicated";
    const SERVERS: u32 = 2;
    const RESTARTS: bool = false;
    const STAMP: Stamp = Stamp::Server;
    const PROPERTIES: &'static [Property] = &[
        Property::SingleHolder,
        Property::FencingGrows,
        Property::QueueOrder,
        Property::EveryRequestGranted,
        Property::NoDeadlock,
    ];
    const SOMETIMES: &'static [&'static str] = &[
        BACKUP_DIED,
        CONNECTED_AGAIN,
        FAILOVER_WITH_GRANT_IN_FLIGHT,
        GRANT_IGNORED,
        KNOWN_STEP_IGNORED,
        LEAVE_IMPLIED,
        MESSAGE_OF_THE_DEAD_IGNORED,
        REQUEST_NEVER_HEARD_OF,
        SET_ASIDE,
        TWO_LOCKS_FREED_BY_CRASH,
    ];
    const BASELINE: &'static str = include_str!("replicated.toml");
    const DIALS: &'static [(&'static str, &'static str)] = &[
        ("one crash too many: both servers", "faults.random = [{ up_to = 2, among = [0, 1] }]"),
        ("replication async", "system.replication = 'async'"),
        ("async, last messages of the dead lost", "system.replication = 'async'\nnetwork.from_dead = 'prefix'"),
        ("async, unordered reports", "system.replication = 'async'\ndetector.order = 'unordered'"),
    ];
    type Parameters = ReplicatedParameters;
    type Stable = ();
    type Record = Never;

    fn new(me: ProcessId) -> Self {
        let role = if me == PRIMARY {
            Role::Primary { acknowledged: 0, held_back: VecDeque::new() }
        } else {
            Role::Backup { early: BTreeMap::new(), set_aside: Vec::new(), reported: BTreeSet::new() }
        };
        Self { role, sequence: 0, table: Table::default() }
    }

    fn terms(parameters: &Self::Parameters) -> Terms {
        // Nobody comes back: a connect is lost only if its receiver dies, and then the other server is the one.
        Terms { retry: None, steps: parameters.rules.steps, stamps: true, keep_number: true }
    }

    fn warnings(parameters: &Self::Parameters, circumstances: &Circumstances) -> Vec<String> {
        let sync = parameters.replication == Replication::Sync;
        let all =
            "all that the dead sent to arrive, if replication is async: a grant outlives what the backup knows of it";
        let order = "reports after the messages of the dead, if replication is async: the backup takes over too soon";
        Circumstances::unmet(
            Self::NAME,
            &[(sync || circumstances.dead_deliver, all), (sync || circumstances.reports_after_channel, order)],
        )
    }

    fn check(_parameters: &Self::Parameters) -> Result<(), Impossible> {
        Ok(())
    }

    fn patience(_parameters: &Self::Parameters, delay: Ticks, latency: Ticks, hold: Ticks, requests: u64) -> Ticks {
        // The last reports come; then connect, accept, and enter.
        let known = latency + times(3, delay);
        // Each request before it, and its own: the change goes to the backup and its acknowledgement comes back, the
        // grant, the stay, the leave. A change may wait for the report that the backup is dead.
        let served = times(requests.saturating_add(1), times(4, delay) + hold) + latency + times(2, delay);
        times(2, known + served)
    }

    fn relabel(&mut self, ids: &Relabelling<'_>) {
        match &mut self.role {
            Role::Primary { held_back, .. } => {
                for (_, client, body) in held_back {
                    ids.put(client);
                    body.relabel(ids);
                }
            }
            Role::Alone => {}
            Role::Backup { early, set_aside, reported } => {
                for change in early.values_mut() {
                    change.relabel(ids);
                }
                for (client, body) in set_aside {
                    ids.put(client);
                    body.relabel(ids);
                }
                *reported = reported.iter().map(|&client| ids.of(client)).collect();
            }
        }
        self.table.relabel(ids);
    }

    fn waits_for(&self, me: ProcessId) -> Vec<Wait> {
        let other = ProcessId::new(1 - me.get());
        match &self.role {
            Role::Primary { held_back, .. } if !held_back.is_empty() => {
                vec![Wait::from(other, "the acknowledgement")]
            }
            Role::Backup { set_aside, .. } if !set_aside.is_empty() => {
                vec![Wait::new(format!("the report that {other} is dead"))]
            }
            Role::Primary { .. } | Role::Alone => self.table.waits_for(),
            Role::Backup { .. } => Vec::new(),
        }
    }

    fn on_message(&mut self, from: ProcessId, message: Message, ctx: &mut Ctx<'_, Self>) {
        match message.body {
            Body::Replicate { sequence, change } => self.on_replicate(sequence, change, ctx),
            Body::Acknowledge { sequence } => self.on_acknowledge(sequence, ctx),
            body => match &mut self.role {
                Role::Backup { set_aside, .. } => {
                    if ctx.config().rules.set_aside {
                        ctx.note(SET_ASIDE);
                        set_aside.push((from, body));
                    }
                }
                Role::Primary { .. } | Role::Alone => self.on_client(from, &body, ctx),
            },
        }
    }

    fn on_crash(&mut self, process: ProcessId, ctx: &mut Ctx<'_, Self>) {
        match process {
            PRIMARY => self.on_primary_died(ctx),
            BACKUP => self.on_backup_died(ctx),
            client => match &mut self.role {
                Role::Backup { reported, .. } => {
                    reported.insert(client);
                }
                Role::Primary { .. } | Role::Alone => self.on_gone(client, Absence::Dead, ctx),
            },
        }
    }
}
