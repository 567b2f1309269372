//! Maekawa's algorithm: a process asks a quorum, any two of which have a process in common, and every process lets one
//! at a time enter.
//!
//! M. Maekawa, *A √N algorithm for mutual exclusion in decentralized systems*, ACM Transactions on Computer Systems
//! 3(2), 1985, with the names of its messages, and with the correction of B. A. Sanders, *The information
//! structure of distributed mutual exclusion algorithms*, ACM Transactions on Computer Systems 5(3), 1987.
//!
//! Every process asks for itself, and is an *arbiter* for those in whose quorum it is. It is in its own quorum; what it
//! says to itself is no message.
//!
//! 1. To enter, a process sends a request with a sequence number, greater than any it has seen, to its quorum. It
//!    enters when all of it has locked for it, and sends all of it a release on leaving.
//! 2. An arbiter locks for the first to ask. It keeps every other request in a queue, in the order of sequence numbers,
//!    then ids. On a release it locks for the first of the queue.
//! 3. *Deadlock.* A request that comes first of all, also before the one that the arbiter has locked for, makes it
//!    inquire of that one's process, once; any other request has failed, and is told so.
//! 4. A process that is inquired of ignores it if it is in its critical section, or has left. If another of its
//!    quorum has told it that it failed, or it has given up another lock and not been given it again, it relinquishes:
//!    the arbiter puts the request back into its queue and locks for the first. Otherwise it waits for what comes.
//! 5. *Sanders.* A request that was first in the queue while the arbiter inquired, and is no longer, has failed as
//!    well, and is told so ([`Rules::tell_overtaken`]). Without that it may keep another lock for ever.
//! 6. **\[added\]** A lock bears the arbiter's highest sequence number, so that a process does not overtake a request
//!    that waits at an arbiter of its again and again with low numbers.
//!
//! The order of locks is not that of sequence numbers, so these are no fencing numbers.
//!
//! *Quorums.* The processes are put row by row into a grid of ⌈√N⌉ columns; the quorum of one is its row and its
//! column. If N is not such a product the last row is short. Two quorums have a process in common all the same: of two
//! processes in different rows the one in the upper row, which is whole, has the lower one's column; two in one row
//! have the row. So K ≤ 2⌈√N⌉ − 1. A finite projective plane has about √N, and exists only for some N.
//!
//! It assumes FIFO channels, no crash and no loss.
//!
//! Messages per entry: 3(K − 1) if nobody else asks: requests, locks, releases. Otherwise at most 6(K − 1) + 3: a
//! request that arrives at one of the K arbiters has at most one of three things follow, besides those three messages.
//! It has failed (1 message); or it comes first, and has the arbiter inquire, the other relinquish, and the arbiter
//! lock for the other once more later (3); or it comes first while the arbiter inquires already, and another has failed
//! (1). Nothing but the arrival of a request makes an arbiter inquire or tell of failure. So it is 6 at each of the
//! K − 1 others. At the process itself it is the 3 of the second case, since what it says to itself costs nothing.
//!
//! Synchronisation delay: 2T, that of the release to the arbiter and of the lock to the next.

mod grid;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

pub use self::grid::quorum;
use super::classic::{Algorithm, Clock, Config, Ctx, ONE_CRASH, Stamp, fault_free};
use crate::model::ProcessId;
use crate::mutex::{Property, Wait, Whose, sealed};

/// The parameters of Maekawa's algorithm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Parameters {
    /// The rules that can be switched off, to see what each is for.
    pub rules: Rules,
}

/// The rules of Maekawa's algorithm that can be switched off. All are on by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Rules {
    /// Rule 3: an arbiter inquires of the process that it has locked for when an older request comes. Off: processes
    /// that have some locks each wait for those of the others for ever.
    pub inquire: bool,
    /// Rule 5: a request that was first in the queue and is no longer is told that it has failed. Off: its process
    /// does not give up the locks that it has, and others wait for them for ever.
    pub tell_overtaken: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self { inquire: true, tell_overtaken: true }
    }
}

/// What the processes say to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Message {
    /// To an arbiter: the sender wants to enter.
    Request {
        /// Its sequence number.
        sequence: u64,
    },
    /// To a process: the arbiter has locked for it.
    Locked {
        /// The highest sequence number that the arbiter has seen.
        sequence: u64,
    },
    /// To a process: another is before it at the arbiter.
    Failed,
    /// To a process: an older request has come; it may give up the lock.
    Inquire,
    /// To an arbiter: the sender gives up the lock for now.
    Relinquish,
    /// To an arbiter: the sender has left.
    Release,
}

/// A process of Maekawa's algorithm, with its two sides.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Maekawa {
    me: ProcessId,
    /// The highest sequence number seen.
    highest: Clock,
    /// Sorted.
    quorum: Vec<ProcessId>,
    /// The arbiters that have locked for it.
    locked: BTreeSet<ProcessId>,
    /// The arbiters that told it that it failed, or whose lock it gave up, and that have not locked for it since.
    failed: BTreeSet<ProcessId>,
    /// The arbiters that have inquired and were not answered.
    inquiries: BTreeSet<ProcessId>,
    arbiter: Arbiter,
}

/// The side that locks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Arbiter {
    locked_for: Option<Stamp>,
    inquired: bool,
    queue: BTreeSet<Stamp>,
}

impl sealed::Sealed for Maekawa {}

impl Algorithm for Maekawa {
    const NAME: &'static str = "maekawa";
    const BASELINE: &'static str = fault_free!("maekawa");
    const DIALS: &'static [(&'static str, &'static str)] = &[
        ONE_CRASH,
        ("nobody inquires", "system.rules.inquire = false"),
        ("the overtaken are not told", "system.rules.tell_overtaken = false"),
    ];
    const PROPERTIES: &'static [Property] = &[Property::SingleHolder, Property::EveryRequestGranted];
    const NEEDS_FIFO: Option<&'static str> =
        Some("FIFO channels: an inquiry can overtake the lock that was sent before it, and is ignored");
    type Parameters = Parameters;
    type Message = Message;

    fn new(me: ProcessId, config: &Config<Parameters>) -> Self {
        Self {
            me,
            highest: Clock::default(),
            quorum: quorum(me, config.processes),
            locked: BTreeSet::new(),
            failed: BTreeSet::new(),
            inquiries: BTreeSet::new(),
            arbiter: Arbiter::default(),
        }
    }

    /// Rule 1.
    fn request(&mut self, ctx: &mut Ctx<'_, Self>) {
        let sequence = self.highest.tick();
        self.tell_quorum(Message::Request { sequence }, ctx);
    }

    /// Rule 1.
    fn release(&mut self, ctx: &mut Ctx<'_, Self>) {
        self.locked.clear();
        self.inquiries.clear();
        self.tell_quorum(Message::Release, ctx);
    }

    fn receive(&mut self, from: ProcessId, message: Message, ctx: &mut Ctx<'_, Self>) {
        match message {
            Message::Request { sequence } => {
                self.highest.observe(sequence);
                self.on_request(Stamp { time: sequence, process: from }, ctx);
            }
            Message::Release => {
                self.arbiter.locked_for = None;
                self.lock_for_first(ctx);
            }
            Message::Relinquish => {
                self.arbiter.queue.extend(self.arbiter.locked_for);
                self.lock_for_first(ctx);
            }
            Message::Locked { sequence } => {
                self.highest.observe(sequence);
                self.locked.insert(from);
                self.failed.remove(&from);
            }
            Message::Failed => {
                self.failed.insert(from);
                self.answer_inquiries(ctx);
            }
            Message::Inquire => {
                // Whoever has no such lock has left since.
                if self.locked.contains(&from) && !self.may_enter() {
                    self.inquiries.insert(from);
                    self.answer_inquiries(ctx);
                } else {
                    ctx.note("inquiry_ignored");
                }
            }
        }
    }

    fn whose(message: &Message) -> Whose {
        match message {
            Message::Locked { .. } | Message::Failed => Whose::Receiver,
            _ => Whose::Cause,
        }
    }

    fn may_enter(&self) -> bool {
        self.locked.len() == self.quorum.len()
    }

    /// Of its own lock, and of its own release, that it waits or is inside says enough.
    fn waits_for(&self, waiting: bool) -> Vec<Wait> {
        let lacking = self.quorum.iter().filter(|&arbiter| waiting && !self.locked.contains(arbiter));
        let locks = lacking.filter(|&arbiter| *arbiter != self.me).map(|&arbiter| Wait::from(arbiter, "the lock"));
        let holder =
            self.arbiter.locked_for.filter(|holder| holder.process != self.me && !self.arbiter.queue.is_empty());
        locks.chain(holder.map(|holder| Wait::from(holder.process, "the release"))).collect()
    }
}

/// The side that asks.
impl Maekawa {
    /// Rule 4.
    fn answer_inquiries(&mut self, ctx: &mut Ctx<'_, Self>) {
        while !self.failed.is_empty() {
            let Some(arbiter) = self.inquiries.pop_first() else { return };
            ctx.note("relinquished");
            self.locked.remove(&arbiter);
            self.failed.insert(arbiter);
            self.tell(arbiter, Message::Relinquish, ctx);
        }
    }

    fn tell_quorum(&mut self, message: Message, ctx: &mut Ctx<'_, Self>) {
        for index in 0..self.quorum.len() {
            self.tell(self.quorum[index], message, ctx);
        }
    }

    /// Says something to the other side of a process, be it one's own. It is the last thing that a handler does, since
    /// one's own answers at once.
    fn tell(&mut self, to: ProcessId, message: Message, ctx: &mut Ctx<'_, Self>) {
        if to == self.me {
            self.receive(to, message, ctx);
        } else {
            ctx.send(to, message);
        }
    }
}

/// The side that locks.
impl Maekawa {
    /// Rules 2, 3 and 5.
    fn on_request(&mut self, request: Stamp, ctx: &mut Ctx<'_, Self>) {
        let rules = &ctx.config().parameters.rules;
        let arbiter = &mut self.arbiter;
        let Some(holder) = arbiter.locked_for else {
            arbiter.queue.insert(request);
            return self.lock_for_first(ctx);
        };
        let first = arbiter.queue.first().copied();
        arbiter.queue.insert(request);
        if holder < request || first.is_some_and(|first| first < request) {
            self.tell(request.process, Message::Failed, ctx);
        } else if arbiter.inquired {
            // It was first while the arbiter inquired.
            if let Some(overtaken) = first.filter(|_| rules.tell_overtaken) {
                ctx.note("overtaken_told");
                self.tell(overtaken.process, Message::Failed, ctx);
            }
        } else if rules.inquire {
            arbiter.inquired = true;
            self.tell(holder.process, Message::Inquire, ctx);
        }
    }

    /// Rule 2.
    fn lock_for_first(&mut self, ctx: &mut Ctx<'_, Self>) {
        self.arbiter.inquired = false;
        self.arbiter.locked_for = self.arbiter.queue.pop_first();
        if let Some(Stamp { process, .. }) = self.arbiter.locked_for {
            self.tell(process, Message::Locked { sequence: self.highest.now() }, ctx);
        }
    }
}
