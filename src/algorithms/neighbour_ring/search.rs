//! Rule 6: looking for a token that does not come.

use std::collections::BTreeSet;

use super::{Ctx, Message, NeighbourRing, Phase, Timer, Token};
use crate::model::ProcessId;

/// A search whose answers are not all in. It ends with the last of them, with the first that has the token, or when the
/// token comes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Search {
    /// Who has neither answered nor been reported dead.
    awaited: BTreeSet<ProcessId>,
    /// The highest hop sent, as far as is known.
    pub(super) hop: i64,
    /// Who sent it.
    sender: ProcessId,
}

impl Search {
    /// Who has yet to answer.
    pub(super) fn awaited(&self) -> impl Iterator<Item = ProcessId> {
        self.awaited.iter().copied()
    }
}

impl NeighbourRing {
    /// Upon the timeout of waiting for the token.
    pub(super) fn look_for_token(&mut self, ctx: &mut Ctx<'_>) {
        if self.phase != Phase::Waiting {
            return;
        }
        ctx.set_timer(Timer::Token, ctx.config().token_timeout);
        if self.token != Token::Elsewhere {
            return; // spent, and waiting for a next
        }
        if let Some(search) = &self.search {
            // Once more those who have not answered: a new search could outrun its answers for ever.
            ctx.note("search_repeated");
            for &other in &search.awaited {
                ctx.send(other, Message::WhereIsToken { round: self.round });
            }
            return;
        }
        ctx.note("search_begun");
        self.round += 1;
        let awaited = self.live_others(ctx).collect();
        self.search = Some(Search { awaited, hop: self.sent_hop, sender: ctx.me() });
        self.broadcast(&Message::WhereIsToken { round: self.round }, ctx);
    }

    /// Upon the answer of `from`.
    pub(super) fn on_token_seen(&mut self, from: ProcessId, round: u64, has: bool, sent_hop: i64, ctx: &mut Ctx<'_>) {
        let Some(search) = self.search.as_mut().filter(|_| round == self.round) else { return };
        if has {
            ctx.note("token_seen");
            self.search = None;
            return;
        }
        if search.awaited.remove(&from) && sent_hop > search.hop {
            search.hop = sent_hop;
            search.sender = from;
        }
        self.conclude(ctx);
    }

    /// Upon the report that `process` is dead: its answer is not waited for.
    pub(super) fn excuse(&mut self, process: ProcessId, ctx: &mut Ctx<'_>) {
        if let Some(search) = &mut self.search {
            search.awaited.remove(&process);
            self.conclude(ctx);
        }
    }

    /// If all answers are in, nobody has the token: the scheduler is told.
    fn conclude(&mut self, ctx: &mut Ctx<'_>) {
        let Some(Search { hop, sender, .. }) = self.search.take_if(|search| search.awaited.is_empty()) else { return };
        ctx.note("token_missed");
        let me = ctx.me();
        let scheduler = self.live_others(ctx).next().map_or(me, |lowest| lowest.min(me));
        if scheduler == me {
            self.on_token_lost(sender, hop, ctx);
        } else {
            ctx.send(scheduler, Message::TokenLost { sender, hop });
        }
    }

    /// Upon the news, at the scheduler, that nobody has the token. If `sender` is dead, rule 4 looks after its token.
    pub(super) fn on_token_lost(&mut self, sender: ProcessId, hop: i64, ctx: &mut Ctx<'_>) {
        if sender == ctx.me() {
            self.send_again(hop, ctx);
        } else if !self.dead.contains(&sender) {
            ctx.send(sender, Message::SendAgain { hop });
        }
    }

    /// Upon the scheduler's word. If `next` is empty or has changed since, rule 4 has looked after the token.
    pub(super) fn send_again(&mut self, hop: i64, ctx: &mut Ctx<'_>) {
        let is_last = self.token == Token::Elsewhere && self.sent_hop == hop;
        match self.neighbour(ctx) {
            Some(next) if is_last => {
                ctx.note("token_sent_again");
                let message = self.token_message();
                ctx.send(next, message);
            }
            _ => ctx.note("not_sent_again"),
        }
    }
}
