//! Raymond's algorithm: a token, here called the privilege, that wanders in a tree, and every process knows in which
//! direction it is.
//!
//! K. Raymond, *A tree-based algorithm for distributed mutual exclusion*, ACM Transactions on Computer Systems 7(1),
//! 1989, with its variables `HOLDER`, `USING`, `REQUEST_Q` and `ASKED`.
//!
//! 1. A process that wants to enter puts itself into its queue; then 4 and 5.
//! 2. A neighbour's request puts the neighbour into the queue; then 4 and 5.
//! 3. The privilege arrives: its holder is the process itself; then 4 and 5.
//! 4. *Assign the privilege.* A process that has it and does not use it gives it to the first of its queue: enters, if
//!    that is itself, or sends it to that neighbour, which is from then on the direction in which the holder is.
//! 5. *Make a request.* A process that has not the privilege, has somebody in its queue and has not asked yet asks the
//!    neighbour in the direction of the holder.
//! 6. On leaving: 4 and 5.
//!
//! The tree is that of a heap: the parent of process i is (i − 1) / `arity`, rounded down; with `arity` 1 it is a
//! chain. At the start the privilege is at the root, process 0.
//!
//! It assumes no crash and no loss. Channels need not be FIFO: the only two messages that can be on one channel at once
//! are the privilege and the request that goes after it, and a process that gets the second first has asked already,
//! and waits for the first.
//!
//! Messages per entry: of a process that asks while all others are idle 2d, where d is the way to the holder, so at
//! most twice the diameter of the tree, which is O(log N). When all always want to enter, the privilege goes once round
//! the tree, there and back on each of its N − 1 edges, and ahead of it a request in the other direction, while all N
//! enter once: 4(N − 1) / N, nearly 4. Synchronisation delay: dT, where d is the way to the next holder. It is
//! published as (T log₂ N) / 2 on average. Measured under constant delay, it depends on how many wait: when all always
//! want to enter it is the 2(N − 1) T of a round for N entries, so less than 2T whatever N, since the queues serve
//! neighbours one after the other; when one waits while another is in its critical section, and any two are as likely,
//! it is the mean way between two processes, in a binary tree 3.5 T for N = 15 and 6.6 T for N = 63. The published
//! 1.95 T and 2.99 T are between the two. The privilege bears no number: there is no fencing number.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::classic::{Algorithm, Config, Ctx, ONE_CRASH, TOKEN_CONDITIONS, TOKEN_PROPERTIES, fault_free};
use crate::model::ProcessId;
use crate::mutex::{Impossible, Property, Wait, sealed};

/// The parameters of Raymond's algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Parameters {
    /// How many children a process of the tree has at most: 1 makes a chain, and the number of processes less one a
    /// star.
    pub arity: u32,
}

impl Default for Parameters {
    fn default() -> Self {
        Self { arity: 2 }
    }
}

/// What the processes say to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Message {
    /// Somebody on the sender's side wants the privilege.
    Request,
    /// The receiver has it.
    Privilege,
}

/// A process of Raymond's algorithm.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Raymond {
    me: ProcessId,
    /// The neighbour in whose direction the privilege is, or itself.
    holder: ProcessId,
    using: bool,
    queue: VecDeque<ProcessId>,
    asked: bool,
}

impl sealed::Sealed for Raymond {}

impl Algorithm for Raymond {
    const NAME: &'static str = "raymond";
    const BASELINE: &'static str = fault_free!("raymond");
    const DIALS: &'static [(&'static str, &'static str)] =
        &[ONE_CRASH, ("a chain", "system.arity = 1"), ("a star", "system.arity = 4")];
    const PROPERTIES: &'static [Property] = TOKEN_PROPERTIES;
    const CONDITIONS: &'static [&'static str] = TOKEN_CONDITIONS;
    type Parameters = Parameters;
    type Message = Message;

    fn new(me: ProcessId, config: &Config<Parameters>) -> Self {
        let holder = match me.get() {
            0 => me,
            id => ProcessId::new((id - 1) / config.parameters.arity),
        };
        Self { me, holder, using: false, queue: VecDeque::new(), asked: false }
    }

    fn check(_processes: u32, parameters: &Parameters) -> Result<(), Impossible> {
        if parameters.arity == 0 {
            return Err(Impossible { key: "arity", problem: "0, expected at least 1".to_owned() });
        }
        Ok(())
    }

    /// Rule 1.
    fn request(&mut self, ctx: &mut Ctx<'_, Self>) {
        self.queue.push_back(self.me);
        self.assign_privilege(ctx);
        self.make_request(ctx);
    }

    /// Rule 6.
    fn release(&mut self, ctx: &mut Ctx<'_, Self>) {
        self.using = false;
        self.assign_privilege(ctx);
        self.make_request(ctx);
    }

    /// Rules 2 and 3.
    fn receive(&mut self, from: ProcessId, message: Message, ctx: &mut Ctx<'_, Self>) {
        match message {
            Message::Request => self.queue.push_back(from),
            Message::Privilege => self.holder = self.me,
        }
        self.assign_privilege(ctx);
        self.make_request(ctx);
    }

    fn may_enter(&self) -> bool {
        self.using
    }

    /// For itself, or for a neighbour that has asked it.
    fn waits_for(&self, _waiting: bool) -> Vec<Wait> {
        let wanted = self.holder != self.me && !self.queue.is_empty();
        wanted.then(|| Wait::from(self.holder, "the privilege")).into_iter().collect()
    }

    fn has_token(&self) -> bool {
        self.holder == self.me
    }

    fn is_token(message: &Message) -> bool {
        *message == Message::Privilege
    }
}

impl Raymond {
    /// Rule 4.
    fn assign_privilege(&mut self, ctx: &mut Ctx<'_, Self>) {
        if self.holder != self.me || self.using {
            return;
        }
        let Some(first) = self.queue.pop_front() else { return };
        self.holder = first;
        self.asked = false;
        if first == self.me {
            self.using = true;
        } else {
            ctx.send(first, Message::Privilege);
        }
    }

    /// Rule 5.
    fn make_request(&mut self, ctx: &mut Ctx<'_, Self>) {
        if self.holder != self.me && !self.queue.is_empty() && !self.asked {
            self.asked = true;
            ctx.send(self.holder, Message::Request);
        }
    }
}
