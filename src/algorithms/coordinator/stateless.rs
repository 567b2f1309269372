//! The stateless coordinator: the server stores nothing, and has its clients claim what they held. It is the lock
//! recovery of `NFSv4` (RFC 7530, section 9.6).
//!
//! Its rules, beside the shared ones:
//!
//! - S1. A client that hears of the server's death connects again, with where it stands in the connect: it *reclaims*.
//!   It does so under a connection number that it counts up once for each report of a crash and each reset. The server
//!   echoes the number, and anything under an older one is ignored, on both sides. A retry keeps the number: otherwise
//!   every accept would come too late where a round trip takes longer than the retry interval.
//! - S2. A server that starts, the first time too, takes reclaims for the *grace* and grants nothing. Then it serves.
//! - S3. A connect under a newer number that says waiting, of a request that has been granted, has it granted again
//!   under that number: the client ignores the first grant. (With a grace that is long enough every report has come
//!   before the first grant, and this never happens.)
//! - S4. A message on a connection that the server does not know is answered with a reset, and the client connects
//!   again.
//! - S5. The fencing number is the boot number and a counter. The boot number stands for the clock at the start of the
//!   server: it only grows, and needs no storage.
//! - S6. A reclaim that comes after the grace, of a lock that has been granted since, is refused: the client is told
//!   that it lost the lock. A lock that has not been granted since may still be reclaimed.
//!
//! It needs a perfect detector and channels that lose nothing but to the dead, and it alone needs *bounded* delays: see
//! [`grace_bound`].

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::message::{Absence, Body, Claim, Message, Phase, Timer};
use super::table::{Grant, Learned, Table};
use super::{
    CONNECTED_AGAIN, Ctx, KNOWN_STEP_IGNORED, LEAVE_IMPLIED, MESSAGE_OF_THE_DEAD_IGNORED, STALE_STEP_IGNORED, Server,
    Stamp, TWO_LOCKS_FREED_BY_CRASH, Terms, check_retry, free, is_ignored, note_learned, times,
};
use crate::model::{Never, ProcessId, Relabelling, Ticks};
use crate::mutex::{Circumstances, DataId, Fence, Impossible, Property, Wait, sealed};

/// A client has claimed in time a lock that it held.
const RECLAIM_IN_GRACE: &str = "reclaim_in_grace";
/// A message on an unknown connection was answered with a reset.
const CONNECTION_RESET: &str = "connection_reset";

/// What the stateless coordinator can be told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct StatelessParameters {
    /// How long a client waits for its accept before it connects again, in ticks; at least 1.
    pub retry_interval_ticks: u64,
    /// How long a server that starts takes reclaims and grants nothing, in ticks. It is long enough if it is at least
    /// the greatest delay, and the greatest of the detector's latency and the retry interval, together.
    pub grace_ticks: u64,
    /// Rules to leave out, to see what they are for.
    pub rules: StatelessRules,
}

impl Default for StatelessParameters {
    fn default() -> Self {
        Self { retry_interval_ticks: 20, grace_ticks: 60, rules: StatelessRules::default() }
    }
}

/// The rules of the stateless coordinator; all are on unless a scenario leaves one out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct StatelessRules {
    /// Connections are numbered, and what comes under an older number is ignored (S1).
    pub connection_numbers: bool,
    /// A retry keeps the number of its connection (S1).
    pub keep_number: bool,
    /// A request that was granted is granted again under a newer number (S3).
    pub grant_again: bool,
    /// A message on an unknown connection is answered with a reset (S4).
    pub reset: bool,
    /// Claims that are older than what the server knows are ignored, and grants name the request (rules 1 and 3).
    pub steps: bool,
    /// What arrives from a client that is reported dead is ignored (rule 4).
    pub ignore_dead: bool,
}

impl Default for StatelessRules {
    fn default() -> Self {
        Self {
            connection_numbers: true,
            keep_number: true,
            grant_again: true,
            reset: true,
            steps: true,
            ignore_dead: true,
        }
    }
}

/// The least grace that is safe, if a message takes at most `delay` and a report at most `latency` (`after_channel`
/// says that a report waits for the messages of the dead): whoever holds a lock reclaims it before the grace ends.
///
/// The holder hears of the crash at most `latency` after it (or when the last message of the dead has come), and before
/// that its server restarts, at the earliest one tick after the crash. If its connect comes too early, while the server
/// is down, the next is sent at most one retry interval after the last moment at which it was. Either way the connect
/// arrives at most a delay later, one tick before the grace ends; the end of the grace comes first in its tick, since
/// its timer was set when the server started. In the tick of the restart itself, the restart must come before the
/// reports of the crash: a connect that a report in that tick sets off finds the server up.
pub fn grace_bound(parameters: &StatelessParameters, delay: Ticks, latency: Ticks, after_channel: bool) -> Ticks {
    let heard = if after_channel { latency.max(delay) } else { latency };
    heard.max(Ticks::new(parameters.retry_interval_ticks)) + delay
}

/// The server of the stateless coordinator.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct StatelessServer {
    /// Whether the grace is over.
    serving: bool,
    /// The number of each client's newest connection.
    connections: BTreeMap<ProcessId, u64>,
    table: Table,
}

impl StatelessServer {
    /// Upon a connect, under a number that the server echoes from here on (S1).
    fn on_connect(&mut self, client: ProcessId, number: u64, claims: &[Claim], ctx: &mut Ctx<'_, Self>) {
        let known = self.connections.insert(client, number);
        let newer = known != Some(number) || !ctx.config().rules.connection_numbers;
        self.send(client, Body::Accept, ctx);
        for &claim in claims {
            self.on_reclaim(client, claim, newer, ctx);
        }
    }

    /// Upon what a connect says of one lock.
    fn on_reclaim(&mut self, client: ProcessId, claim: Claim, newer: bool, ctx: &mut Ctx<'_, Self>) {
        let Claim { data, step } = claim;
        let rules = &ctx.config().rules;
        let held = self.table.holder(data) == Some(client);
        if step.phase == Phase::Holding && !held && self.table.has_granted(data) {
            // Too late (S6), unless the client has said since that it left.
            if step >= self.table.step(client, data) {
                self.refuse(client, claim, ctx);
            }
            return;
        }
        let learned = self.table.take(client, claim, rules.steps);
        note_learned(learned, ctx);
        match learned {
            Learned::Holds => ctx.note(if self.serving { "reclaim_after_grace" } else { RECLAIM_IN_GRACE }),
            Learned::Conflicts => self.refuse(client, claim, ctx),
            Learned::Known if held && newer && rules.grant_again => {
                if let Some(grant) = self.table.unconfirmed(data) {
                    ctx.note("granted_again");
                    self.send_grant(grant, ctx);
                }
            }
            _ => {}
        }
        self.grant(data, ctx);
    }

    fn refuse(&self, client: ProcessId, claim: Claim, ctx: &mut Ctx<'_, Self>) {
        ctx.note("reclaim_refused");
        self.send(client, Body::Refuse { data: claim.data, request: claim.step.request }, ctx);
    }

    /// Upon a claim on a connection: an enter or a leave.
    fn on_claim(&mut self, client: ProcessId, number: u64, claim: Claim, ctx: &mut Ctx<'_, Self>) {
        match self.connections.get(&client) {
            Some(&known) if known == number => {
                note_learned(self.table.take(client, claim, ctx.config().rules.steps), ctx);
                self.grant(claim.data, ctx);
            }
            Some(&known) if known > number => ctx.note(Self::STAMP.older_ignored()),
            _ if ctx.config().rules.reset => {
                ctx.note(CONNECTION_RESET);
                ctx.send(client, Message { stamp: number, body: Body::Reset });
            }
            _ => {}
        }
    }

    /// A client has gone for good (rule 4).
    fn on_gone(&mut self, client: ProcessId, absence: Absence, ctx: &mut Ctx<'_, Self>) {
        self.connections.remove(&client);
        for data in free(&mut self.table, client, absence, ctx) {
            self.grant(data, ctx);
        }
    }

    fn grant(&mut self, data: DataId, ctx: &mut Ctx<'_, Self>) {
        if !self.serving {
            return;
        }
        if let Some(grant) = self.table.grant(data) {
            self.send_grant(grant, ctx);
        }
    }

    fn send_grant(&self, grant: Grant, ctx: &mut Ctx<'_, Self>) {
        let Grant { client, data, request, counter } = grant;
        self.send(client, Body::Grant { data, request, fence: Fence { epoch: ctx.boot(), counter } }, ctx);
    }

    fn send(&self, to: ProcessId, body: Body, ctx: &mut Ctx<'_, Self>) {
        let stamp = self.connections.get(&to).copied().unwrap_or_default();
        ctx.send(to, Message { stamp, body });
    }
}

impl sealed::Sealed for StatelessServer {}

impl Server for StatelessServer {
    const NAME: &'static str = "stateless";
    const SERVERS: u32 = 1;
    const RESTARTS: bool = true;
    const STAMP: Stamp = Stamp::Connection;
    const PROPERTIES: &'static [Property] =
        &[Property::SingleHolder, Property::FencingGrows, Property::EveryRequestGranted, Property::NoDeadlock];
    const SOMETIMES: &'static [&'static str] = &[
        CONNECTED_AGAIN,
        CONNECTION_RESET,
        KNOWN_STEP_IGNORED,
        LEAVE_IMPLIED,
        MESSAGE_OF_THE_DEAD_IGNORED,
        Stamp::Connection.older_ignored(),
        RECLAIM_IN_GRACE,
        STALE_STEP_IGNORED,
        TWO_LOCKS_FREED_BY_CRASH,
    ];
    const BASELINE: &'static str = include_str!("stateless.toml");
    const DIALS: &'static [(&'static str, &'static str)] = &[
        ("a server that stays down", "faults.random = [{ up_to = 1, among = [0] }]"),
        ("retry below a round trip", "system.retry_interval_ticks = 1"),
        ("delays near their bound, grace at its", concat!("system.grace_ticks = 40\n", include_str!("late.toml"))),
        ("delays near their bound, grace 1 below", concat!("system.grace_ticks = 39\n", include_str!("late.toml"))),
    ];
    type Parameters = StatelessParameters;
    type Stable = ();
    type Record = Never;

    fn new(_me: ProcessId) -> Self {
        Self::default()
    }

    fn terms(parameters: &Self::Parameters) -> Terms {
        let StatelessParameters { retry_interval_ticks, grace_ticks: _, rules } = parameters;
        Terms {
            retry: Some(Ticks::new(*retry_interval_ticks)),
            steps: rules.steps,
            stamps: rules.connection_numbers,
            keep_number: rules.keep_number,
        }
    }

    fn warnings(parameters: &Self::Parameters, circumstances: &Circumstances) -> Vec<String> {
        let Circumstances { delay_max, latency_max, reports_after_channel, .. } = *circumstances;
        let bound = grace_bound(parameters, delay_max, latency_max, reports_after_channel);
        let grace = parameters.grace_ticks;
        if Ticks::new(grace) >= bound {
            return Vec::new();
        }
        vec![format!("grace_ticks is {grace}, and a holder may reclaim {bound} ticks after the start: too late")]
    }

    fn check(parameters: &Self::Parameters) -> Result<(), Impossible> {
        check_retry(parameters.retry_interval_ticks)
    }

    fn patience(parameters: &Self::Parameters, delay: Ticks, latency: Ticks, hold: Ticks, requests: u64) -> Ticks {
        // The last reports come, or the next retry; an enter may meet a server that does not know its connection; then
        // reset, connect, accept, and enter again. The grace ends.
        let retry = Ticks::new(parameters.retry_interval_ticks);
        let known = latency + retry + times(5, delay) + Ticks::new(parameters.grace_ticks);
        // Each request before it: the grant, the stay, the leave. A late report may have a grant ignored and asked for
        // again, or hold a leave back, until its client has connected once more, but only within the latency, so once.
        let served = times(requests.saturating_add(1), times(2, delay) + hold) + latency + times(4, delay);
        times(2, known + served)
    }

    fn relabel(&mut self, ids: &Relabelling<'_>) {
        self.connections = self.connections.iter().map(|(&client, &number)| (ids.of(client), number)).collect();
        self.table.relabel(ids);
    }

    fn waits_for(&self, _me: ProcessId) -> Vec<Wait> {
        if self.serving { self.table.waits_for() } else { vec![Wait::new("the end of its grace")] }
    }

    /// The first thing to happen, so that it ends before whatever is sent from now on in its tick (see
    /// [`grace_bound`]).
    fn on_start(&mut self, ctx: &mut Ctx<'_, Self>) {
        ctx.set_timer(Timer::Grace, Ticks::new(ctx.config().grace_ticks));
    }

    fn on_restart(&mut self, _stable: &Self::Stable, ctx: &mut Ctx<'_, Self>) {
        self.on_start(ctx);
    }

    fn on_message(&mut self, from: ProcessId, message: Message, ctx: &mut Ctx<'_, Self>) {
        if is_ignored(&self.table, from, ctx.config().rules.ignore_dead, ctx) {
            return;
        }
        let Message { stamp, body } = message;
        match body {
            Body::Connect { .. } if self.connections.get(&from).is_some_and(|&known| stamp < known) => {
                ctx.note(Self::STAMP.older_ignored());
            }
            Body::Connect { claims } => self.on_connect(from, stamp, &claims, ctx),
            // Whatever the connection: it is the client's last word.
            Body::Disconnect => self.on_gone(from, Absence::Disconnected, ctx),
            body => {
                if let Some(claim) = body.claim() {
                    self.on_claim(from, stamp, claim, ctx);
                }
            }
        }
    }

    /// Upon the end of the grace: from here on the server grants (S2).
    fn on_grace(&mut self, ctx: &mut Ctx<'_, Self>) {
        self.serving = true;
        for data in self.table.data_ids() {
            self.grant(data, ctx);
        }
    }

    fn on_crash(&mut self, process: ProcessId, ctx: &mut Ctx<'_, Self>) {
        self.on_gone(process, Absence::Dead, ctx);
    }
}
