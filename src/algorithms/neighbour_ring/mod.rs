//! The neighbour ring: a token ring whose processes know their neighbours, and mend the ring and the token among
//! themselves when neighbours crash.
//!
//! Processes form a ring in the order of their ids. Each has a link `next`, along which it sends the token, and a link
//! `prev`, which is for people to look at: no rule reads it. Whoever has the token may be in the critical section; the
//! token goes round for ever, wanted or not. The data is replicated at every process, and a write is synchronous: the
//! writer leaves only when every live process has it.
//!
//! # Hops
//!
//! A token bears a *hop*, one more at every pass, and the newest change that its sender has. A process remembers the
//! hop of the last token it received and of the last it sent, and refuses a token whose hop does not exceed the last
//! one received. So a token can be sent again, or created twice, without harm: it is the same token.
//!
//! At the start the token is at process 0 with hop 0, and the others are set as if it had just been round: of N
//! processes, process i > 0 received hop i − N and sent hop i + 1 − N (process 0 received 0 and sent 1 − N). Therefore
//! always: the token is somewhere between two processes if and only if the first has sent a hop that exceeds what
//! the second received. Rule 4 rests on that.
//!
//! # Rules
//!
//! 1. *The token arrives.* The process applies its change if it is newer than its own, enters if it wants to, and else
//!    passes the token on. When it leaves it passes the token on.
//! 2. *Writes.* A writer sends its change, of which the version is the token's hop, to `next`. Whoever receives a
//!    change that is news to it applies it and passes it on; what is not news is dropped. The change comes back to the
//!    writer when everyone has it: the write is complete, and only then can the writer leave. A writer that waits too
//!    long sends the change again, with the next attempt number.
//! 3. *`next` is reported dead.* `next` becomes empty, and the process asks everyone else who lost its prev, naming its
//!    last sent hop and its newest change. It asks again after a timeout, for as long as `next` is empty. Meanwhile it
//!    holds the token and changes; if it has the token it may enter.
//! 4. *Who lost its prev?* A process keeps the question of a live asker until every process strictly between the
//!    asker and itself is reported dead to it. Then the asker is its prev. It treats the asker's change like one that
//!    arrives by rule 2, unless that is news older than the last token received: then everyone who had it died, the
//!    token has been here without it, and it is lost. If the asker sent a hop that exceeds what the process received
//!    itself, the dead had the token, and it creates it, with the hop that it would have if all the dead had passed
//!    it on. Then it answers.
//! 5. *The answer.* The asker links to whoever answers first. It sends its newest change, so that one that came while
//!    `next` was empty goes on, and then the token if it has it and is not in its critical section.
//! 6. *The token does not come.* A process that waits too long asks everyone where the token is. Each answers whether
//!    it has it and which hop it sent last; the dead are excused. If nobody has it, the asker tells the *scheduler*,
//!    the lowest live process, who sent the highest hop, and the scheduler has that process send its token again, if
//!    that is still the last one it sent. If the token was not lost, its receiver refuses the copy.
//! 7. *The dead.* Whatever arrives from a process reported dead is dropped.
//! 8. *Alone.* When all others are reported dead `next` is the process itself, rule 4 applies to itself as asker and
//!    answerer, and a write is complete at once. It keeps the token; leaving passes it to itself, under the next hop.
//!
//! The details that the rules leave open are settled thus. The hop orders stays and fencing numbers, so a process
//! that is not alone stays once under a hop: if it wants to enter again while `next` is empty, it waits for the token
//! to come round. Several writes in one stay differ by their attempts. All questions that a process asks about one loss
//! of its next have the same id, so that answers that take longer than the timeout still count. A search that is not
//! complete when the timeout strikes goes on, with those asked again that have not answered; else the next search has a
//! new number.
//!
//! # What it needs
//!
//! A perfect failure detector: every crash is reported to everyone, and nothing else is (a report that takes back an
//! earlier one is ignored). It needs neither FIFO channels nor reports that come after the channel's messages, and it
//! survives lost and repeated messages through its timeouts. Processes that crash do not come back. Any number
//! of them may crash.
//!
//! The rules fill out lecture notes on a token ring with replicated data, which leave open how creating a token again
//! can be safe: the hops, rule 7 and the changes in tokens and questions are the answer given here.

mod config;
mod counters;
mod link;
mod message;
mod pass;
mod search;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

pub use config::{Config, Parameters, Rules};
pub use message::{Change, Message, Timer};

use crate::model::{Context, Counters, Part, Process, ProcessId, Report};
use crate::mutex::{DataId, Indication, Mutex, Property, Replica, Request, Wait};
use link::Question;
use search::Search;

/// The name of the one lock.
const LOCK: DataId = DataId::new(0);

/// The context of a step of this algorithm.
type Ctx<'a> = Context<'a, NeighbourRing>;

/// A process of the neighbour ring.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NeighbourRing {
    /// Empty from the report of its death until someone else answers.
    next: Option<ProcessId>,
    prev: ProcessId,
    phase: Phase,
    token: Token,
    /// The hop of the last token sent; less than `received_hop` while the token is here.
    sent_hop: i64,
    /// The hop of the last token received.
    received_hop: i64,
    /// The replica.
    newest: Change,
    /// Everyone reported dead.
    dead: BTreeSet<ProcessId>,
    /// How many times `next` was lost: the id of one's question.
    losses: u32,
    /// The kept questions, by their askers.
    questions: BTreeMap<ProcessId, Question>,
    /// How many searches have begun: the number of the last.
    round: u64,
    search: Option<Search>,
    /// A copy from the configuration, which [`Mutex::would_accept`] does not see.
    rules: Rules,
}

/// What the application does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Phase {
    Idle,
    Waiting,
    Inside,
    /// Inside, with a write out.
    Writing {
        /// The first attempt of this write: the change of an earlier one does not complete it.
        attempt: u32,
        /// Whether the application has asked to leave since.
        leave: bool,
    },
}

/// Where the token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Token {
    Elsewhere,
    Here,
    /// Here, with a stay behind it, to be passed on as soon as there is a next.
    Spent,
}

impl NeighbourRing {
    /// The process to which this one sends the token; none while its next is dead and nobody has answered.
    pub fn next(&self) -> Option<ProcessId> {
        self.next
    }

    /// The process whose next this one is, by the last question that it answered.
    pub fn prev(&self) -> ProcessId {
        self.prev
    }

    /// Whether the process is in its critical section.
    fn is_inside(&self) -> bool {
        matches!(self.phase, Phase::Inside | Phase::Writing { .. })
    }

    fn is_alone(&self, ctx: &Ctx<'_>) -> bool {
        self.next == Some(ctx.me())
    }

    /// `next`, unless it is empty or the process itself.
    fn neighbour(&self, ctx: &Ctx<'_>) -> Option<ProcessId> {
        self.next.filter(|&next| next != ctx.me())
    }

    /// Everyone else who is not reported dead.
    fn live_others(&self, ctx: &Ctx<'_>) -> impl Iterator<Item = ProcessId> + use<'_> {
        ctx.others().filter(|p| !self.dead.contains(p))
    }

    /// Sends a message to everyone else who is not reported dead.
    fn broadcast(&self, message: &Message, ctx: &mut Ctx<'_>) {
        for other in self.live_others(ctx) {
            ctx.send(other, message.clone());
        }
    }

    /// Rule 7.
    fn drops(&self, from: ProcessId) -> bool {
        self.rules.drop_dead && self.dead.contains(&from)
    }

    /// Whether a token is refused for its hop.
    fn refuses(&self, hop: i64) -> bool {
        self.rules.refuse_old_hops && hop <= self.received_hop
    }
}

impl Process for NeighbourRing {
    type Config = Config;
    type Message = Message;
    type Timer = Timer;
    type Request = Request;
    type Indication = Indication;
    type Stable = ();
    type Record = ();

    fn new(me: ProcessId, config: &Config) -> Self {
        let (i, n) = (me.get(), config.processes);
        let position = i64::from(i) - i64::from(n);
        let is_first = i == 0;
        Self {
            next: Some(ProcessId::new(if i + 1 == n { 0 } else { i + 1 })),
            prev: ProcessId::new(if is_first { n - 1 } else { i - 1 }),
            phase: Phase::Idle,
            token: if is_first { Token::Here } else { Token::Elsewhere },
            sent_hop: position + 1,
            received_hop: if is_first { 0 } else { position },
            newest: Change { version: -i64::from(n), attempt: 0, value: 0 },
            dead: BTreeSet::new(),
            losses: 0,
            questions: BTreeMap::new(),
            round: 0,
            search: None,
            rules: config.rules,
        }
    }

    fn on_start(&mut self, ctx: &mut Ctx<'_>) {
        if self.token == Token::Here {
            self.receive_token(self.received_hop, ctx);
        }
    }

    fn on_request(&mut self, request: Request, ctx: &mut Ctx<'_>) {
        match (request, self.phase) {
            (Request::Enter(LOCK), Phase::Idle) => self.want(ctx),
            (Request::Write(LOCK, value), Phase::Inside) => self.write(value, ctx),
            (Request::Leave(LOCK), Phase::Inside) => self.leave(ctx),
            (Request::Leave(LOCK), Phase::Writing { attempt, .. }) => {
                self.phase = Phase::Writing { attempt, leave: true };
            }
            // Out of order, of another lock, or of a system with connections.
            _ => {}
        }
    }

    fn on_message(&mut self, from: ProcessId, message: Message, ctx: &mut Ctx<'_>) {
        if self.drops(from) {
            ctx.note("dead_dropped");
            return;
        }
        match message {
            Message::Token { hop, change } => self.on_token(hop, change, ctx),
            Message::Change(change) => self.on_change(change, ctx),
            Message::WhoLostPrev { id, sent_hop, change } => {
                self.on_question(from, Question { id, sent_hop, change }, ctx);
            }
            Message::IAmNext { id } => self.on_answer(from, id, ctx),
            Message::WhereIsToken { round } => {
                let has = self.token != Token::Elsewhere;
                ctx.send(from, Message::TokenSeen { round, has, sent_hop: self.sent_hop });
            }
            Message::TokenSeen { round, has, sent_hop } => self.on_token_seen(from, round, has, sent_hop, ctx),
            Message::TokenLost { sender, hop } => self.on_token_lost(sender, hop, ctx),
            Message::SendAgain { hop } => self.send_again(hop, ctx),
        }
    }

    fn on_timer(&mut self, timer: Timer, ctx: &mut Ctx<'_>) {
        match timer {
            Timer::Token => self.look_for_token(ctx),
            Timer::Change => self.send_change_again(ctx),
            Timer::Link => self.ask_who_lost_prev(ctx),
        }
    }

    fn counters(part: Part<'_, Self>, counters: &mut Counters<'_>) {
        counters::show(part, counters);
    }

    /// A report that takes back an earlier one is ignored: the ring has closed over that process.
    fn on_report(&mut self, report: Report, ctx: &mut Ctx<'_>) {
        let Report::Crash(process) = report else { return };
        if process == ctx.me() || !self.dead.insert(process) {
            return;
        }
        self.mend(process, ctx);
        self.excuse(process, ctx);
    }
}

impl Mutex for NeighbourRing {
    const CONDITIONS: &'static [&'static str] = &["in_critical_section", "waiting", "has_token", "token_in_flight"];
    const PROPERTIES: &'static [Property] = &[
        Property::SingleHolder,
        Property::SingleToken,
        Property::TokenInCs,
        Property::FreshReplica,
        Property::SynchronousWrite,
        Property::EveryRequestGranted,
        Property::ReplicasConverge,
    ];

    const SOMETIMES: &'static [&'static str] = &[
        "token_held",
        "change_held",
        "question_kept",
        "token_created",
        "linked",
        "token_sent_again",
        "hop_refused",
        "dead_dropped",
        "alone",
    ];

    fn without(config: &Config, processes: u32, _process: ProcessId) -> Option<Config> {
        (processes > 1).then(|| Config { processes: processes - 1, ..config.clone() })
    }

    fn waits_for(&self, _me: ProcessId) -> Vec<Wait> {
        let mut waits = Vec::new();
        if self.next.is_none() {
            waits.push(Wait::new("an answer to who lost its prev"));
        }
        if let Phase::Writing { .. } = self.phase {
            waits.push(Wait::from(self.prev, "its change to come round"));
        }
        if let Some(search) = &self.search {
            waits.extend(search.awaited().map(|process| Wait::from(process, "word of the token")));
        } else if self.token == Token::Elsewhere {
            waits.push(Wait::from(self.prev, "the token"));
        }
        waits
    }

    fn tokens(&self) -> u32 {
        u32::from(self.token != Token::Elsewhere)
    }

    /// The hop, of which no two passes have the same.
    #[expect(clippy::cast_sign_loss, reason = "a name, not a number: negative hops wrap round and stay distinct")]
    fn token(message: &Message) -> Option<u64> {
        match message {
            Message::Token { hop, .. } => Some(*hop as u64),
            _ => None,
        }
    }

    fn would_accept(&self, from: ProcessId, message: &Message) -> bool {
        match message {
            Message::Token { hop, .. } => !self.drops(from) && !self.refuses(*hop),
            _ => true,
        }
    }

    fn replica(&self) -> Option<Replica> {
        Some(Replica { version: self.newest.version, value: self.newest.value })
    }
}
