//! Rules 3, 4, 5 and 8: mending the ring.

use super::{Change, Ctx, Message, NeighbourRing, Phase, Timer, Token};
use crate::model::ProcessId;

/// A question who lost its prev, kept until it can be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Question {
    pub(super) id: u32,
    pub(super) sent_hop: i64,
    pub(super) change: Option<Change>,
}

impl NeighbourRing {
    /// Upon the first report that `process` is dead: what that means for the links.
    pub(super) fn mend(&mut self, process: ProcessId, ctx: &mut Ctx<'_>) {
        if self.questions.remove(&process).is_some() {
            ctx.note("question_dropped");
        }
        if self.dead.len() + 1 == ctx.count() as usize {
            self.be_alone(ctx);
            return;
        }
        if self.next == Some(process) {
            self.next = None;
            self.losses += 1;
            self.ask_who_lost_prev(ctx);
        }
        if !self.questions.is_empty() {
            let asker = self.live_predecessor(ctx);
            if let Some(question) = self.questions.remove(&asker) {
                ctx.note("kept_question_answered");
                self.answer(asker, question, ctx);
            }
        }
    }

    /// Rule 3, upon the report and upon each timeout.
    pub(super) fn ask_who_lost_prev(&mut self, ctx: &mut Ctx<'_>) {
        if self.next.is_some() {
            return;
        }
        let change = self.rules.change_in_question.then_some(self.newest);
        ctx.note("who_lost_prev");
        self.broadcast(&Message::WhoLostPrev { id: self.losses, sent_hop: self.sent_hop, change }, ctx);
        ctx.set_timer(Timer::Link, ctx.config().link_timeout);
    }

    /// Upon a question. Rule 4: it can be answered if its asker is the nearest live process before this one.
    pub(super) fn on_question(&mut self, asker: ProcessId, question: Question, ctx: &mut Ctx<'_>) {
        if asker == self.live_predecessor(ctx) {
            self.answer(asker, question, ctx);
        } else if self.dead.contains(&asker) {
            // Whoever is dead needs no next. Only with rule 7 switched off does its question get here.
        } else if self.questions.get(&asker).is_some_and(|kept| kept.id > question.id) {
            ctx.note("question_outdated");
        } else {
            ctx.note("question_kept");
            self.questions.insert(asker, question);
        }
    }

    /// The nearest process before this one that is not reported dead. `prev` was that once, and the dead stay dead, so
    /// the search begins there.
    fn live_predecessor(&self, ctx: &Ctx<'_>) -> ProcessId {
        let mut p = self.prev;
        while self.dead.contains(&p) {
            p = ProcessId::new(p.get().checked_sub(1).unwrap_or(ctx.count() - 1));
        }
        p
    }

    fn answer(&mut self, asker: ProcessId, question: Question, ctx: &mut Ctx<'_>) {
        self.prev = asker;
        match question.change {
            Some(change) if self.is_behind_token(change) => ctx.note("change_refused"),
            Some(change) => self.on_change(change, ctx),
            None => {}
        }
        self.create_token_lost_since(asker, question.sent_hop, ctx);
        ctx.send(asker, Message::IAmNext { id: question.id });
    }

    /// Whether the change would be news, but is older than the last token received. Then the asker has died unknown to
    /// this process, with everyone who had the change; the token was created without it and has been here. The write is
    /// lost: if it came to light now, those whom the token reaches next would lack it.
    fn is_behind_token(&self, change: Change) -> bool {
        self.rules.refuse_old_changes && change.version < self.received_hop && change.is_newer_than(self.newest)
    }

    /// Rule 4: everyone between `asker` and this process is dead. If the last token that the asker sent went by here, a
    /// greater hop was received; if not, the dead had it, and at most as many passes lie behind it as there are dead.
    fn create_token_lost_since(&mut self, asker: ProcessId, sent_hop: i64, ctx: &mut Ctx<'_>) {
        if sent_hop > self.received_hop {
            ctx.note("token_created");
            self.receive_token(sent_hop + distance(asker, ctx) - 1, ctx);
        }
    }

    /// Rule 5, upon an answer to one's latest question.
    pub(super) fn on_answer(&mut self, answerer: ProcessId, id: u32, ctx: &mut Ctx<'_>) {
        if self.next.is_some() || id != self.losses {
            ctx.note("answer_ignored");
            return;
        }
        ctx.note("linked");
        self.next = Some(answerer);
        ctx.cancel_timer(Timer::Link);
        self.send_change(ctx);
        if self.token != Token::Elsewhere && !self.is_inside() {
            ctx.note("held_token_passed");
            self.pass_token(ctx);
        }
    }

    /// Rule 8, upon the report of the last other's death.
    fn be_alone(&mut self, ctx: &mut Ctx<'_>) {
        ctx.note("alone");
        let me = ctx.me();
        self.next = Some(me);
        self.prev = me;
        ctx.cancel_timer(Timer::Link);
        self.create_token_lost_since(me, self.sent_hop, ctx);
        self.complete_write(ctx);
        if self.token == Token::Spent {
            self.pass_token(ctx);
            if self.phase == Phase::Waiting {
                self.enter(ctx);
            }
        }
    }
}

/// How many passes it is from `from` to this process along the ring of all: the whole ring, if it is the process
/// itself.
fn distance(from: ProcessId, ctx: &Ctx<'_>) -> i64 {
    let count = i64::from(ctx.count());
    let passes = (i64::from(ctx.me().get()) - i64::from(from.get())).rem_euclid(count);
    if passes == 0 { count } else { passes }
}
