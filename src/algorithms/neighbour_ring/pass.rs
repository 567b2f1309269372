//! Rules 1 and 2: the token, the critical section, and writes.

use super::{Change, Ctx, LOCK, Message, NeighbourRing, Phase, Timer, Token};
use crate::mutex::{Fence, Indication, TOKEN_ACCEPTED};

impl NeighbourRing {
    /// Upon `Enter`.
    pub(super) fn want(&mut self, ctx: &mut Ctx<'_>) {
        self.phase = Phase::Waiting;
        if self.token == Token::Here {
            self.enter(ctx);
        } else {
            ctx.set_timer(Timer::Token, ctx.config().token_timeout);
        }
    }

    /// Upon a token.
    pub(super) fn on_token(&mut self, hop: i64, change: Option<Change>, ctx: &mut Ctx<'_>) {
        if self.refuses(hop) {
            ctx.note("hop_refused");
            return;
        }
        if let Some(change) = change {
            self.apply_change(change);
        }
        self.receive_token(hop, ctx);
    }

    /// Rule 1: enter if wanted, else pass the token on.
    pub(super) fn receive_token(&mut self, hop: i64, ctx: &mut Ctx<'_>) {
        ctx.note(TOKEN_ACCEPTED);
        self.received_hop = hop;
        self.token = Token::Here;
        match self.phase {
            Phase::Idle => self.pass_token(ctx),
            Phase::Waiting => self.enter(ctx),
            // A second token, which only a rule switched off can bring.
            Phase::Inside | Phase::Writing { .. } => {}
        }
    }

    /// Sends the token to `next`, or keeps it: alone for want of others, and by rule 3 while `next` is empty.
    pub(super) fn pass_token(&mut self, ctx: &mut Ctx<'_>) {
        match self.neighbour(ctx) {
            Some(next) => {
                self.token = Token::Elsewhere;
                self.sent_hop = self.received_hop + 1;
                let message = self.token_message();
                ctx.send(next, message);
            }
            None if self.is_alone(ctx) => self.pass_token_to_oneself(),
            None => ctx.note("token_held"),
        }
    }

    /// The token that was sent last, for the first time or again.
    pub(super) fn token_message(&self) -> Message {
        Message::Token { hop: self.sent_hop, change: self.rules.change_in_token.then_some(self.newest) }
    }

    /// Rule 8. A token that nobody used need not move.
    fn pass_token_to_oneself(&mut self) {
        if self.token == Token::Spent {
            self.sent_hop = self.received_hop + 1;
            self.received_hop = self.sent_hop;
            self.token = Token::Here;
        }
    }

    pub(super) fn enter(&mut self, ctx: &mut Ctx<'_>) {
        self.phase = Phase::Inside;
        self.search = None;
        ctx.cancel_timer(Timer::Token);
        ctx.indicate(Indication::Entered(LOCK, self.fence(ctx)));
    }

    /// The hop, counted from the least that any process starts with.
    fn fence(&self, ctx: &Ctx<'_>) -> Fence {
        let counter = self.received_hop.saturating_add(i64::from(ctx.count()));
        Fence { epoch: 0, counter: u64::try_from(counter).unwrap_or(0) }
    }

    /// Upon `Leave`, or upon the completion of a write after which the application wants to leave.
    pub(super) fn leave(&mut self, ctx: &mut Ctx<'_>) {
        self.phase = Phase::Idle;
        self.token = Token::Spent;
        ctx.indicate(Indication::Left(LOCK));
        self.pass_token(ctx);
    }

    /// Upon `Write`.
    pub(super) fn write(&mut self, value: u64, ctx: &mut Ctx<'_>) {
        let version = self.received_hop;
        let attempt = if self.newest.version == version { self.newest.attempt + 1 } else { 0 };
        self.newest = Change { version, attempt, value };
        if self.is_alone(ctx) {
            ctx.indicate(Indication::Written(LOCK));
            return;
        }
        self.phase = Phase::Writing { attempt, leave: false };
        ctx.set_timer(Timer::Change, ctx.config().change_timeout);
        self.send_change(ctx);
    }

    /// Sends the newest change to `next`; rule 3 holds it while `next` is empty, and rule 5 sends it then.
    pub(super) fn send_change(&mut self, ctx: &mut Ctx<'_>) {
        match self.neighbour(ctx) {
            Some(next) => ctx.send(next, Message::Change(self.newest)),
            None => ctx.note("change_held"),
        }
    }

    /// Upon a change, in a message of its own or in a question.
    pub(super) fn on_change(&mut self, change: Change, ctx: &mut Ctx<'_>) {
        if self.is_of_own_write(change) {
            self.complete_write(ctx);
        } else if self.apply_change(change) {
            self.send_change(ctx);
        } else {
            ctx.note("change_dropped");
        }
    }

    /// Whether the change is that of the write that is out, at whichever attempt: then it has been round.
    fn is_of_own_write(&self, change: Change) -> bool {
        match self.phase {
            Phase::Writing { attempt, .. } => change.version == self.received_hop && change.attempt >= attempt,
            _ => false,
        }
    }

    /// Whether the change is news.
    fn apply_change(&mut self, change: Change) -> bool {
        let is_news = change.is_newer_than(self.newest);
        if is_news {
            self.newest = change;
        }
        is_news
    }

    /// Everyone has the write: the application is told, and leaves if it has asked to.
    pub(super) fn complete_write(&mut self, ctx: &mut Ctx<'_>) {
        let Phase::Writing { leave, .. } = self.phase else { return };
        self.phase = Phase::Inside;
        ctx.cancel_timer(Timer::Change);
        ctx.indicate(Indication::Written(LOCK));
        if leave {
            self.leave(ctx);
        }
    }

    /// Upon the timeout of a write: the change, or a copy that the dead swallowed, may be lost.
    pub(super) fn send_change_again(&mut self, ctx: &mut Ctx<'_>) {
        if !matches!(self.phase, Phase::Writing { .. }) {
            return;
        }
        // While `next` is empty nothing is sent, so the attempt would say nothing.
        if self.next.is_some() {
            ctx.note("change_sent_again");
            self.newest.attempt += 1;
        }
        self.send_change(ctx);
        ctx.set_timer(Timer::Change, ctx.config().change_timeout);
    }
}
