//! The query ring: a token ring in which a peer that waits too long asks the ring whether the token still exists.
//!
//! All peers know the order of the ring and hear of every crash. A peer's *successor* and *predecessor* are its nearest
//! neighbours that it does not know dead; *ring messages* (token, edit, question) go to the successor. Whoever has the
//! token may be in the critical section. The data have a replica, (version, value), at every peer. It needs channels
//! that are reliable and FIFO and a perfect failure detector (class P), whose reports may come in any order; a single
//! false suspicion can block it, two can make two tokens. It survives any number of crashes short of all.
//!
//! 1. *Token.* A peer that gets the token keeps it and enters if it wants to; otherwise it passes it on. The token goes
//!    round for ever. It starts at the first peer of the order.
//! 2. *Leaving.* A peer that edited the data sends the edit, then the token: on FIFO channels everyone has the edit
//!    before the token.
//! 3. *Edit.* A peer applies an edit that is newer than its replica and passes it on, and stops any other. So an edit
//!    ends at its editor, or, if that one died, at the first peer that has it already ([`Rules::newer_edits_only`]).
//! 4. *Question.* A peer that has waited for a timeout sends a question round the ring, and again after every further
//!    timeout, until it gets a token: that cancels its questions ([`Rules::cancel_question`]), because the token may
//!    have been behind a question, on its way into the asker, and be gone again when the question is back. Until then
//!    the return of any of its questions counts, not only of the newest ([`Rules::earlier_questions`]): one that was
//!    asked earlier proves no less, and otherwise a timeout shorter than the trip round the ring would outrun every
//!    answer.
//! 5. *Passing a question on.* A peer that has the token, or knows the asker dead, drops the question. If messages from
//!    the predecessor wait in the inbox, the question waits until they are handled, and is dropped if one of them was a
//!    token that was accepted ([`Rules::inbox_check`]). That saves messages only; safety rests on rules 4 and 8. A
//!    question learns the greatest token generation known to the peers that it passes.
//! 6. *Loss.* A question that comes back while its asker has no token means that the token is lost. The asker tells the
//!    *coordinator*, the peer of the lowest id that it does not know dead; whoever is told acts as coordinator. The
//!    coordinator asks a question of its own to confirm it, and creates a token of the next generation when that one is
//!    back ([`Rules::confirm_loss`]). While it is out, further reports are ignored: two peers may well have found the
//!    same loss, and one token must come of it. Whoever was coordinator already when it asked needs no second question.
//! 7. *Death of the successor.* The ring closes over it, and the new successor is sent the edit that the dead one may
//!    have swallowed ([`Rules::resend_edit`]).
//! 8. *Order across a death.* A ring message from a live peer that is not the predecessor comes early: the peers
//!    between are dead, and something of theirs may still be on its way. It is held until they are reported
//!    ([`Rules::hold_early`]), and so that nothing of theirs can come later, what is held or arrives from a peer
//!    reported dead is dropped ([`Rules::drop_dead`]). Without this a question overtakes a token.
//! 9. *Alone.* The last peer keeps the token, and has an answer to its question at once. Nobody sends to itself.
//!
//! Messages per entry: 1 if all peers always want to enter, unbounded while nobody does; an edit costs one round, and
//! so does a question that meets no token.
//!
//! The module must never depend on how fast messages are: no rule reads a clock, and a timeout that is too short costs
//! messages, not safety or progress.

mod config;
mod message;
mod note;
mod system;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};

pub use self::config::{Config, Parameters, Rules};
pub use self::message::{Message, Timer};
use crate::model::{Context, Counters, Never, Part, Process, ProcessId, Report};
use crate::mutex::{DataId, Fence, Indication, Replica, Request, TOKEN_ACCEPTED};

/// The ring has one lock.
const DATA: DataId = DataId::new(0);

/// Where the application is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Phase {
    Idle,
    Waiting,
    InCriticalSection { edited: bool },
}

/// The questions of one's own that are out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Outstanding {
    /// The return of this one or of a later one counts.
    since: u64,
    /// They were asked as coordinator: their return creates a token without a second question.
    confirms: bool,
}

/// Another peer's question that waits for the inbox (rule 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct WaitingQuestion {
    asker: ProcessId,
    id: u64,
    generation: u64,
    /// The messages from the predecessor that are still to be handled before it. Later ones come behind it.
    behind: usize,
}

/// One peer of the query ring.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct QueryRing {
    me: ProcessId,
    /// The nearest peers not in `dead`; both are `me` when it is alone.
    successor: ProcessId,
    predecessor: ProcessId,
    phase: Phase,
    /// The generation of the token that the peer has: in the critical section, or alone.
    token: Option<u64>,
    /// The greatest generation that it has heard of.
    generation: u64,
    replica: Replica,
    /// The id of its last question.
    asked: u64,
    question: Option<Outstanding>,
    waiting_questions: Vec<WaitingQuestion>,
    /// What came early (rule 8), by sender. No sender is the predecessor or dead, none has an empty queue.
    held: BTreeMap<ProcessId, VecDeque<Message>>,
    /// The peers reported dead, sorted: empty for most, and there are as many of these lists as peers.
    dead: Vec<ProcessId>,
}

type Ctx<'a> = Context<'a, QueryRing>;

impl Process for QueryRing {
    type Config = Config;
    type Message = Message;
    type Timer = Timer;
    type Request = Request;
    type Indication = Indication;
    type Stable = ();
    type Record = Never;

    fn new(me: ProcessId, config: &Config) -> Self {
        Self {
            me,
            successor: config.after(me),
            predecessor: config.before(me),
            phase: Phase::Idle,
            token: (me == config.first()).then_some(0),
            generation: 0,
            replica: Replica { version: 0, value: 0 },
            asked: 0,
            question: None,
            waiting_questions: Vec::new(),
            held: BTreeMap::new(),
            dead: Vec::new(),
        }
    }

    fn on_start(&mut self, ctx: &mut Ctx<'_>) {
        if let Some(generation) = self.token.take() {
            self.accept_token(generation, ctx);
        }
    }

    /// Upon a request. Connecting is not needed; what is out of order, or of another data id, is ignored.
    fn on_request(&mut self, request: Request, ctx: &mut Ctx<'_>) {
        match (request, self.phase) {
            (Request::Enter(DATA), Phase::Idle) => self.want(ctx),
            (Request::Write(DATA, value), Phase::InCriticalSection { .. }) => {
                self.replica = Replica { version: self.replica.version + 1, value };
                self.phase = Phase::InCriticalSection { edited: true };
                ctx.indicate(Indication::Written(DATA));
            }
            (Request::Leave(DATA), Phase::InCriticalSection { edited }) => self.leave(edited, ctx),
            _ => {}
        }
    }

    fn on_message(&mut self, from: ProcessId, message: Message, ctx: &mut Ctx<'_>) {
        if from == self.predecessor {
            return self.receive(message, ctx);
        }
        let rules = &ctx.config().rules;
        let dead = self.knows_dead(from);
        if dead && rules.drop_dead {
            ctx.note(note::DEAD_DROPPED);
        } else if dead || !rules.hold_early || matches!(message, Message::TokenLost { .. }) {
            self.deliver(message, ctx);
        } else {
            ctx.note(note::EARLY_HELD);
            self.held.entry(from).or_default().push_back(message);
        }
    }

    /// Upon the timeout, rules 4 and 6: ask, and ask again. A confirmation is repeated as one.
    fn on_timer(&mut self, _timer: Timer, ctx: &mut Ctx<'_>) {
        if self.is_timed() {
            let confirms = self.is_confirming() || self.coordinator() == self.me;
            self.ask(confirms, ctx);
        }
    }

    fn counters(part: Part<'_, Self>, counters: &mut Counters<'_>) {
        system::show_counters(part, counters);
    }

    /// Upon a report. That a peer is alive after all is ignored: what was dropped of it cannot be had back.
    fn on_report(&mut self, report: Report, ctx: &mut Ctx<'_>) {
        if let Report::Crash(peer) = report {
            self.on_crash(peer, ctx);
        }
    }
}

/// Entering and leaving.
impl QueryRing {
    fn want(&mut self, ctx: &mut Ctx<'_>) {
        if let Some(generation) = self.token {
            return self.enter(generation, ctx);
        }
        if !self.is_timed() {
            ctx.set_timer(Timer::TokenTimeout, ctx.config().token_timeout);
        }
        self.phase = Phase::Waiting;
    }

    fn enter(&mut self, generation: u64, ctx: &mut Ctx<'_>) {
        self.token = Some(generation);
        self.phase = Phase::InCriticalSection { edited: false };
        ctx.indicate(Indication::Entered(DATA, Fence { epoch: generation, counter: 0 }));
    }

    /// Rule 2. The application is told first: from then on it may be somebody else's turn.
    fn leave(&mut self, edited: bool, ctx: &mut Ctx<'_>) {
        self.phase = Phase::Idle;
        ctx.indicate(Indication::Left(DATA));
        if edited {
            self.send_edit(ctx);
        }
        if !self.is_alone() {
            if let Some(generation) = self.token.take() {
                self.pass_on(Message::Token { generation }, ctx);
            }
        }
    }
}

/// Ring messages.
impl QueryRing {
    /// A message from the predecessor: the next of those that a question may wait for (rule 5).
    fn receive(&mut self, message: Message, ctx: &mut Ctx<'_>) {
        if self.waiting_questions.is_empty() {
            return self.deliver(message, ctx);
        }
        for question in &mut self.waiting_questions {
            question.behind = question.behind.saturating_sub(1);
        }
        let before = self.waiting_questions.len();
        self.deliver(message, ctx);
        // An accepted token has dropped them all; this message may itself be a question that now waits behind them.
        let before = before.min(self.waiting_questions.len());
        let handled = self.waiting_questions[..before].iter().take_while(|question| question.behind == 0).count();
        self.pass_waiting_questions(handled, ctx);
    }

    fn deliver(&mut self, message: Message, ctx: &mut Ctx<'_>) {
        match message {
            Message::Token { generation } => self.accept_token(generation, ctx),
            Message::Edit { origin, version, value } => self.on_edit(origin, Replica { version, value }, ctx),
            Message::Question { asker, id, generation } if asker == self.me => self.on_return(id, generation, ctx),
            Message::Question { asker, id, generation } => self.on_question(asker, id, generation, ctx),
            Message::TokenLost { generation } => self.on_loss(generation, ctx),
        }
    }

    /// Rules 1, 4 and 9.
    fn accept_token(&mut self, generation: u64, ctx: &mut Ctx<'_>) {
        ctx.note(TOKEN_ACCEPTED);
        self.generation = self.generation.max(generation);
        let timed = self.is_timed();
        if self.question.is_some() && ctx.config().rules.cancel_question {
            ctx.note(note::QUESTION_CANCELLED);
            self.question = None;
        }
        if !self.waiting_questions.is_empty() {
            ctx.note(note::WAITING_QUESTION_DROPPED);
            self.waiting_questions.clear();
        }
        if self.phase == Phase::Waiting {
            self.enter(generation, ctx);
        } else if self.is_alone() {
            self.token = Some(generation);
        } else {
            self.pass_on(Message::Token { generation }, ctx);
        }
        self.disarm(timed, ctx);
    }

    /// Rule 3.
    fn on_edit(&mut self, origin: ProcessId, edit: Replica, ctx: &mut Ctx<'_>) {
        let passes =
            if ctx.config().rules.newer_edits_only { edit.version > self.replica.version } else { origin != self.me };
        if passes {
            self.replica = edit;
            self.pass_on(Message::Edit { origin, version: edit.version, value: edit.value }, ctx);
        } else {
            ctx.note(note::EDIT_STOPPED);
        }
    }

    /// Rule 5: another peer's question.
    fn on_question(&mut self, asker: ProcessId, id: u64, generation: u64, ctx: &mut Ctx<'_>) {
        if self.token.is_some() {
            return ctx.note(note::QUESTION_MET_TOKEN);
        }
        if self.knows_dead(asker) {
            return ctx.note(note::QUESTION_OF_DEAD);
        }
        let mut question = WaitingQuestion { asker, id, generation, behind: 0 };
        if ctx.config().rules.inbox_check {
            // Messages that are just being released came before those in the inbox, and wait as well.
            let released = self.held.get(&self.predecessor).map_or(0, VecDeque::len);
            question.behind = released + ctx.inbox_len(self.predecessor);
        }
        if question.behind == 0 {
            self.pass_question(question, ctx);
        } else {
            ctx.note(note::QUESTION_WAITS);
            self.waiting_questions.push(question);
        }
    }

    fn pass_question(&self, question: WaitingQuestion, ctx: &mut Ctx<'_>) {
        let WaitingQuestion { asker, id, generation, .. } = question;
        self.pass_on(Message::Question { asker, id, generation: generation.max(self.generation) }, ctx);
    }

    fn pass_waiting_questions(&mut self, count: usize, ctx: &mut Ctx<'_>) {
        for i in 0..count {
            ctx.note(note::WAITING_QUESTION_PASSED);
            self.pass_question(self.waiting_questions[i], ctx);
        }
        self.waiting_questions.drain(..count);
    }

    fn send_edit(&self, ctx: &mut Ctx<'_>) {
        let Replica { version, value } = self.replica;
        self.pass_on(Message::Edit { origin: self.me, version, value }, ctx);
    }

    fn pass_on(&self, message: Message, ctx: &mut Ctx<'_>) {
        if !self.is_alone() {
            ctx.send(self.successor, message);
        }
    }
}

/// The question of one's own, and the loss of the token.
impl QueryRing {
    fn ask(&mut self, confirms: bool, ctx: &mut Ctx<'_>) {
        ctx.note(note::QUESTION_ASKED);
        self.asked += 1;
        let id = self.asked;
        let since = match self.question {
            // Those asked before as coordinator count as well; those asked before as anything else no longer do.
            Some(out) if out.confirms == confirms && ctx.config().rules.earlier_questions => out.since,
            _ => id,
        };
        self.question = Some(Outstanding { since, confirms });
        ctx.set_timer(Timer::TokenTimeout, ctx.config().token_timeout);
        if self.is_alone() {
            ctx.note(note::ALONE);
            self.on_return(id, self.generation, ctx);
        } else {
            self.pass_on(Message::Question { asker: self.me, id, generation: self.generation }, ctx);
        }
    }

    /// Rule 6: a question of one's own comes back.
    fn on_return(&mut self, id: u64, generation: u64, ctx: &mut Ctx<'_>) {
        let question = match self.question {
            Some(out) if id >= out.since && self.token.is_none() => out,
            _ => return ctx.note(note::QUESTION_STALE),
        };
        ctx.note(note::QUESTION_RETURNED);
        if question.confirms {
            return self.create_token(generation, ctx);
        }
        // The timer goes on: if the report is lost with the coordinator, the next question finds the next one.
        self.question = None;
        let coordinator = self.coordinator();
        if coordinator == self.me {
            self.on_loss(generation, ctx);
        } else {
            ctx.note(note::LOSS_REPORTED);
            ctx.send(coordinator, Message::TokenLost { generation });
        }
    }

    /// Rule 6: whoever is told of a loss acts as coordinator.
    fn on_loss(&mut self, generation: u64, ctx: &mut Ctx<'_>) {
        if self.token.is_some() || self.is_confirming() {
            return ctx.note(note::LOSS_IGNORED);
        }
        self.generation = self.generation.max(generation);
        if ctx.config().rules.confirm_loss {
            ctx.note(note::LOSS_CONFIRMATION);
            self.ask(true, ctx);
        } else {
            self.create_token(generation, ctx);
        }
    }

    fn create_token(&mut self, generation: u64, ctx: &mut Ctx<'_>) {
        ctx.note(note::TOKEN_CREATED);
        let timed = self.is_timed();
        self.question = None;
        self.disarm(timed, ctx);
        self.accept_token(self.generation.max(generation) + 1, ctx);
    }

    /// Whether the timer is set: it is while the peer waits, and while it acts as coordinator.
    fn is_timed(&self) -> bool {
        self.phase == Phase::Waiting || self.is_confirming()
    }

    /// Cancels the timer if it `was` set and what it was set for is over.
    fn disarm(&self, was: bool, ctx: &mut Ctx<'_>) {
        if was && !self.is_timed() {
            ctx.cancel_timer(Timer::TokenTimeout);
        }
    }

    fn is_confirming(&self) -> bool {
        self.question.is_some_and(|question| question.confirms)
    }
}

/// Who is alive.
impl QueryRing {
    /// Rules 7 and 8.
    fn on_crash(&mut self, peer: ProcessId, ctx: &mut Ctx<'_>) {
        let place = match self.dead.binary_search(&peer) {
            Err(place) if peer != self.me => place,
            _ => return,
        };
        self.dead.insert(place, peer);
        if peer == self.successor {
            self.close_over_successor(ctx);
        }
        if let Some(held) = self.held.remove(&peer) {
            if ctx.config().rules.drop_dead {
                ctx.note(note::HELD_DROPPED);
            } else {
                for message in held {
                    self.deliver(message, ctx);
                }
            }
        }
        self.waiting_questions.retain(|question| question.asker != peer);
        if peer == self.predecessor {
            self.close_over_predecessor(ctx);
        }
    }

    /// Rule 7.
    fn close_over_successor(&mut self, ctx: &mut Ctx<'_>) {
        while self.knows_dead(self.successor) {
            self.successor = ctx.config().after(self.successor);
        }
        if ctx.config().rules.resend_edit && !self.is_alone() {
            ctx.note(note::EDIT_RESENT);
            self.send_edit(ctx);
        }
    }

    /// Rule 8: the nearest peer whose messages may have been held is now the predecessor.
    fn close_over_predecessor(&mut self, ctx: &mut Ctx<'_>) {
        // What these waited for will be dropped when its turn comes, so nothing of it can be a token that counts.
        self.pass_waiting_questions(self.waiting_questions.len(), ctx);
        while self.knows_dead(self.predecessor) {
            self.predecessor = ctx.config().before(self.predecessor);
        }
        let sender = self.predecessor;
        while let Some(message) = self.held.get_mut(&sender).and_then(VecDeque::pop_front) {
            ctx.note(note::HELD_RELEASED);
            self.receive(message, ctx);
        }
        self.held.remove(&sender);
    }

    fn is_alone(&self) -> bool {
        self.successor == self.me
    }

    fn knows_dead(&self, peer: ProcessId) -> bool {
        self.dead.binary_search(&peer).is_ok()
    }

    /// The peer of the lowest id that is not known dead.
    fn coordinator(&self) -> ProcessId {
        let mut lowest = ProcessId::new(0);
        for &dead in &self.dead {
            if dead != lowest {
                break;
            }
            lowest = ProcessId::new(lowest.get() + 1);
        }
        lowest
    }
}
