//! The client of every coordinator.
//!
//! What differs between the three is which messages are out of date, which is what a [`Stamp`] says, and what a client
//! does when it hears that its server is dead: it connects again (rule 6), to the same server or to the next.

use std::collections::BTreeMap;

use super::message::{Body, Claim, Message, Phase, Step, Timer};
use super::{Ctx, Server, Stamp};
use crate::model::{ProcessId, Report};
use crate::mutex::{DataId, Fence, Indication, Request, Wait};

/// A grant was ignored: the client has it already, or its leave is on the way to that server.
pub(super) const GRANT_IGNORED: &str = "grant_ignored";
/// A grant of a request that is over was answered with a leave.
pub(super) const GRANT_OVER_ANSWERED_WITH_LEAVE: &str = "grant_over_answered_with_leave";
/// The client connected again.
pub(super) const CONNECTED_AGAIN: &str = "connected_again";

/// A client: where it stands with its server and with every lock that it has asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Client {
    link: Link,
    /// The newest stamp that it has seen, or given.
    stamp: u64,
    locks: BTreeMap<DataId, Standing>,
}

/// Where a client stands with its server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Link {
    /// It has not connected yet.
    Out,
    /// It has asked to be accepted.
    Connecting,
    /// It is accepted.
    Accepted,
    /// It has disconnected.
    Gone,
}

/// Where a client stands with one lock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Standing {
    step: Step,
    /// The stamp under which a server was told of the step, unless none was or (a grant) the server knows it anyway.
    told: Option<u64>,
}

impl Client {
    pub(super) fn new() -> Self {
        Self { link: Link::Out, stamp: 0, locks: BTreeMap::new() }
    }

    /// The server that this client turns to.
    fn server<S: Server>(&self) -> ProcessId {
        match S::STAMP {
            Stamp::Incarnation | Stamp::Connection => ProcessId::new(0),
            Stamp::Server => ProcessId::new(u32::from(self.stamp > 0)),
        }
    }

    /// The server by which it is accepted.
    pub(super) fn accepted_by<S: Server>(&self) -> Option<ProcessId> {
        (self.link == Link::Accepted).then(|| self.server::<S>())
    }

    /// See [`Mutex::waits_for`](crate::mutex::Mutex::waits_for).
    pub(super) fn waits_for<S: Server>(&self) -> Vec<Wait> {
        let server = self.server::<S>();
        if self.link == Link::Connecting {
            return vec![Wait::from(server, "the accept")];
        }
        let waiting = self.locks.iter().filter(|(_, standing)| standing.step.phase == Phase::Waiting);
        waiting.map(|(data, _)| Wait::from(server, format!("the grant of {data}"))).collect()
    }

    /// Upon a request of the application.
    pub(super) fn on_request<S: Server>(&mut self, request: Request, ctx: &mut Ctx<'_, S>) {
        match request {
            Request::Connect if self.link == Link::Out => {
                self.renumber(ctx);
                self.connect(true, ctx);
            }
            Request::Disconnect if self.link != Link::Gone => self.disconnect(ctx),
            Request::Enter(data) if self.link != Link::Gone => self.enter(data, ctx),
            Request::Write(data, _) if self.phase(data) == Phase::Holding => ctx.indicate(Indication::Written(data)),
            Request::Leave(data) => self.leave(data, ctx),
            _ => {}
        }
    }

    /// Upon `mutex_enter`: it waits, and says so once it is accepted.
    fn enter<S: Server>(&mut self, data: DataId, ctx: &mut Ctx<'_, S>) {
        let standing = self.locks.entry(data).or_default();
        if standing.step.phase == Phase::Idle {
            *standing = Standing { step: Step::waiting(standing.step.request + 1), told: None };
            self.tell(data, ctx);
        }
    }

    /// Upon `mutex_leave`: it is out of its critical section before the message is sent that lets the next one in.
    fn leave<S: Server>(&mut self, data: DataId, ctx: &mut Ctx<'_, S>) {
        if self.phase(data) == Phase::Holding {
            self.give_up(data, ctx);
            self.tell(data, ctx);
        }
    }

    /// Upon the application's last request: everything held or waited for is left first (rule 6).
    fn disconnect<S: Server>(&mut self, ctx: &mut Ctx<'_, S>) {
        let busy = self.locks.iter().filter(|(_, standing)| standing.step.phase != Phase::Idle);
        for data in busy.map(|(&data, _)| data).collect::<Vec<_>>() {
            self.give_up(data, ctx);
            self.tell(data, ctx);
        }
        if self.link != Link::Out {
            self.send(Body::Disconnect, ctx);
        }
        if self.link == Link::Connecting {
            self.stop_retrying(ctx);
        }
        self.link = Link::Gone;
    }

    /// Ends a request; the server is not told.
    fn give_up<S: Server>(&mut self, data: DataId, ctx: &mut Ctx<'_, S>) {
        let standing = self.locks.entry(data).or_default();
        let held = standing.step.phase == Phase::Holding;
        *standing = Standing { step: Step::idle(standing.step.request), told: None };
        if held {
            ctx.indicate(Indication::Left(data));
        }
    }

    /// Upon a message of a server: what is older than the newest seen is ignored, whatever it says. Only a client that
    /// has disconnected and is accepted or asked after all says so once more in any case: its connect came after its
    /// disconnect, or to a server that forgot.
    pub(super) fn on_message<S: Server>(&mut self, from: ProcessId, message: Message, ctx: &mut Ctx<'_, S>) {
        let Message { stamp, body } = message;
        if self.link == Link::Gone && matches!(body, Body::Accept | Body::Ask) {
            self.stamp = self.stamp.max(stamp);
            return self.send(Body::Disconnect, ctx);
        }
        if stamp < self.stamp {
            ctx.note(S::STAMP.older_ignored());
            return;
        }
        self.stamp = stamp;
        match body {
            Body::Accept if self.link == Link::Connecting => self.on_accept(ctx),
            Body::Ask => {
                let claims = self.claims(true);
                self.send(Body::Phases { claims }, ctx);
            }
            Body::Grant { data, request, fence } => self.on_grant(from, data, request, fence, ctx),
            Body::Reset if self.link == Link::Accepted => self.reconnect(ctx),
            Body::Refuse { data, request } => self.on_refuse(data, request, ctx),
            _ => {}
        }
    }

    /// Upon its accept, a client tells what it could not tell before.
    fn on_accept<S: Server>(&mut self, ctx: &mut Ctx<'_, S>) {
        self.link = Link::Accepted;
        self.stop_retrying(ctx);
        let untold = self.locks.iter().filter(|(_, standing)| standing.told.is_none());
        for data in untold.map(|(&data, _)| data).collect::<Vec<_>>() {
            self.tell(data, ctx);
        }
    }

    /// Upon a grant (rule 3).
    fn on_grant<S: Server>(&mut self, from: ProcessId, data: DataId, request: u64, fence: Fence, ctx: &mut Ctx<'_, S>) {
        let stamp = self.stamp;
        let standing = self.locks.entry(data).or_default();
        let named = request == standing.step.request || !S::terms(ctx.config()).steps;
        if standing.step.phase == Phase::Waiting && named {
            standing.step.phase = Phase::Holding;
            ctx.indicate(Indication::Entered(data, fence));
        } else if standing.step.phase == Phase::Holding && named || standing.told == Some(stamp) {
            ctx.note(GRANT_IGNORED);
        } else {
            ctx.note(GRANT_OVER_ANSWERED_WITH_LEAVE);
            if standing.step == Step::idle(request) {
                standing.told = Some(stamp);
            }
            ctx.send(from, Message { stamp, body: Body::Leave { data, request } });
        }
    }

    /// Upon the news that a lock was granted to another, since the client came too late to claim it.
    fn on_refuse<S: Server>(&mut self, data: DataId, request: u64, ctx: &mut Ctx<'_, S>) {
        let stamp = self.stamp;
        let standing = self.locks.entry(data).or_default();
        if standing.step == Step::holding(request) {
            *standing = Standing { step: Step::idle(request), told: Some(stamp) };
            ctx.indicate(Indication::Lost(data));
        }
    }

    /// Upon the report of a crash, of which there may be several for one server, and which may come when the server is
    /// long up again: the client connects again, and its phases stay as they are.
    pub(super) fn on_report<S: Server>(&mut self, report: Report, ctx: &mut Ctx<'_, S>) {
        // Servers come back by themselves, and a perfect detector takes nothing back: `Restore` says nothing here.
        let Report::Crash(process) = report else { return };
        if process != ProcessId::new(0) {
            return;
        }
        if S::STAMP == Stamp::Server {
            self.stamp = 1;
        }
        match self.link {
            Link::Connecting | Link::Accepted => self.reconnect(ctx),
            // The other server has not been told.
            Link::Gone if S::STAMP == Stamp::Server => self.send(Body::Disconnect, ctx),
            Link::Out | Link::Gone => {}
        }
    }

    /// Upon the retry timer of a connection. That of an older one tries once more for the present one: a report must
    /// not put off a connect that was due, or the last to reclaim would be later than a retry interval.
    pub(super) fn on_retry<S: Server>(&mut self, connection: u64, ctx: &mut Ctx<'_, S>) {
        if self.link != Link::Connecting {
            return;
        }
        if connection != self.connection::<S>() {
            self.send_connect(false, ctx);
        } else if S::terms(ctx.config()).keep_number {
            self.connect(false, ctx);
        } else {
            self.renumber(ctx);
            self.connect(true, ctx);
        }
    }

    fn reconnect<S: Server>(&mut self, ctx: &mut Ctx<'_, S>) {
        ctx.note(CONNECTED_AGAIN);
        self.renumber(ctx);
        self.connect(true, ctx);
    }

    /// Counts up the connection number, where there is one.
    fn renumber<S: Server>(&mut self, ctx: &Ctx<'_, S>) {
        if S::STAMP == Stamp::Connection && S::terms(ctx.config()).stamps {
            self.stamp += 1;
        }
    }

    /// The number of the connection, where connections have one.
    fn connection<S: Server>(&self) -> u64 {
        if S::STAMP == Stamp::Connection { self.stamp } else { 0 }
    }

    /// Asks to be accepted, for the `first` time under this number or not, and will ask again.
    fn connect<S: Server>(&mut self, first: bool, ctx: &mut Ctx<'_, S>) {
        self.link = Link::Connecting;
        self.send_connect(first, ctx);
        if let Some(interval) = S::terms(ctx.config()).retry {
            ctx.set_timer(Timer::Retry(self.connection::<S>()), interval);
        }
    }

    /// A server that knows nothing of this client, or less, is told where the client stands. Any of the connects under
    /// one number may be the one that is accepted, so only what the first says has been told for certain; the rest is
    /// told upon the accept.
    fn send_connect<S: Server>(&mut self, first: bool, ctx: &mut Ctx<'_, S>) {
        let claims = if S::STAMP == Stamp::Incarnation { Vec::new() } else { self.claims(first) };
        self.send(Body::Connect { claims }, ctx);
    }

    fn stop_retrying<S: Server>(&self, ctx: &mut Ctx<'_, S>) {
        if S::terms(ctx.config()).retry.is_some() {
            ctx.cancel_timer(Timer::Retry(self.connection::<S>()));
        }
    }

    /// Where it stands with every lock; this `tells` the server, or may not.
    fn claims(&mut self, tells: bool) -> Vec<Claim> {
        let stamp = self.stamp;
        let locks = self.locks.iter_mut();
        let claim = |(&data, standing): (&DataId, &mut Standing)| {
            if tells {
                standing.told = Some(stamp);
            }
            Claim { data, step: standing.step }
        };
        locks.map(claim).collect()
    }

    /// Tells the server of the present step, if the client is accepted; otherwise it will be told then.
    fn tell<S: Server>(&mut self, data: DataId, ctx: &mut Ctx<'_, S>) {
        if self.link != Link::Accepted {
            return;
        }
        let stamp = self.stamp;
        let standing = self.locks.entry(data).or_default();
        standing.told = Some(stamp);
        let request = standing.step.request;
        match standing.step.phase {
            Phase::Waiting => self.send(Body::Enter { data, request }, ctx),
            Phase::Idle => self.send(Body::Leave { data, request }, ctx),
            Phase::Holding => {} // It was granted, so the server knows.
        }
    }

    fn send<S: Server>(&self, body: Body, ctx: &mut Ctx<'_, S>) {
        ctx.send(self.server::<S>(), Message { stamp: self.stamp, body });
    }

    fn phase(&self, data: DataId) -> Phase {
        self.locks.get(&data).map_or(Phase::Idle, |standing| standing.step.phase)
    }
}
