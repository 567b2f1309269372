//! Suzuki and Kasami's algorithm: a token that is asked of everyone, and knows whose requests are still open.
//!
//! I. Suzuki and T. Kasami, *A distributed mutual exclusion algorithm*, ACM Transactions on Computer Systems 3(4),
//! 1985.
//!
//! 1. A process that has the token enters. Without it, it numbers its request, one more than its last, and sends it to
//!    every other.
//! 2. A request that arrives is remembered if it is newer than the sender's last (RN). Whoever has the token and does
//!    not use it sends it to the sender, if the request is the one after the sender's last that was granted.
//! 3. The token bears the number of the last request of each process that was granted (LN), and a queue (Q).
//! 4. On leaving, a process enters its own request as granted into LN, and puts everyone into Q who is not in it and
//!    has a request that is the one after the last granted. The token goes to the first of Q, if there is one.
//!
//! At the start the token is at process 0. It assumes no crash and no loss; channels need not be FIFO: a request that
//! comes late is known by its number. Messages per entry: 0 if the process has the token, otherwise N: N − 1 requests
//! and the token. Synchronisation delay: T, that of the token. An entry by who has the token already is in no number:
//! there is no fencing number.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use serde::Serialize;

use super::classic::{Algorithm, Config, Ctx, NoParameters, ONE_CRASH, TOKEN_CONDITIONS, TOKEN_PROPERTIES};
use super::classic::{fault_free, send_to_others};
use crate::model::ProcessId;
use crate::mutex::{Property, Wait, sealed};

/// What the processes say to each other.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Message {
    /// The sender wants to enter.
    Request {
        /// The number of its request.
        number: u64,
    },
    /// The receiver may enter.
    Token(Token),
}

/// The token (rule 3).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Token {
    /// LN: of each process the number of its last request that was granted.
    pub granted: Vec<u64>,
    /// Q: who is to have it.
    pub queue: VecDeque<ProcessId>,
}

/// A process of Suzuki and Kasami's algorithm.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SuzukiKasami {
    me: ProcessId,
    /// Whether it waits or is in its critical section.
    requesting: bool,
    /// RN: of each process the number of its newest request that is known.
    requested: Vec<u64>,
    token: Option<Token>,
}

impl sealed::Sealed for SuzukiKasami {}

impl Algorithm for SuzukiKasami {
    const NAME: &'static str = "suzuki_kasami";
    const BASELINE: &'static str = fault_free!("suzuki_kasami");
    const DIALS: &'static [(&'static str, &'static str)] = &[ONE_CRASH];
    const PROPERTIES: &'static [Property] = TOKEN_PROPERTIES;
    const CONDITIONS: &'static [&'static str] = TOKEN_CONDITIONS;
    type Parameters = NoParameters;
    type Message = Message;

    fn new(me: ProcessId, config: &Config<NoParameters>) -> Self {
        let requested = vec![0; config.processes as usize];
        let token = Token { granted: requested.clone(), queue: VecDeque::new() };
        Self { me, requesting: false, requested, token: (me.get() == 0).then_some(token) }
    }

    /// Rule 1.
    fn request(&mut self, ctx: &mut Ctx<'_, Self>) {
        self.requesting = true;
        if self.token.is_none() {
            let own = &mut self.requested[self.me.index()];
            *own += 1;
            send_to_others(&Message::Request { number: *own }, ctx);
        }
    }

    /// Rule 4.
    fn release(&mut self, ctx: &mut Ctx<'_, Self>) {
        self.requesting = false;
        let Some(token) = &mut self.token else { return };
        token.granted[self.me.index()] = self.requested[self.me.index()];
        for process in ctx.others() {
            if token.is_open(process, &self.requested) && !token.queue.contains(&process) {
                token.queue.push_back(process);
            }
        }
        if let Some(first) = token.queue.pop_front() {
            self.send_token(first, ctx);
        }
    }

    fn receive(&mut self, from: ProcessId, message: Message, ctx: &mut Ctx<'_, Self>) {
        match message {
            // Rule 2.
            Message::Request { number } => {
                let newest = &mut self.requested[from.index()];
                *newest = number.max(*newest);
                let idle = self.token.as_ref().filter(|_| !self.requesting);
                if idle.is_some_and(|token| token.is_open(from, &self.requested)) {
                    ctx.note("idle_token_sent");
                    self.send_token(from, ctx);
                }
            }
            Message::Token(token) => self.token = Some(token),
        }
    }

    fn may_enter(&self) -> bool {
        self.token.is_some()
    }

    /// It does not know who has it.
    fn waits_for(&self, waiting: bool) -> Vec<Wait> {
        waiting.then(|| Wait::new("the token")).into_iter().collect()
    }

    fn has_token(&self) -> bool {
        self.token.is_some()
    }

    fn is_token(message: &Message) -> bool {
        matches!(message, Message::Token(_))
    }
}

impl SuzukiKasami {
    fn send_token(&mut self, to: ProcessId, ctx: &mut Ctx<'_, Self>) {
        if let Some(token) = self.token.take() {
            ctx.send(to, Message::Token(token));
        }
    }
}

impl Token {
    /// Whether the newest known request of a process is the one after its last that was granted.
    fn is_open(&self, process: ProcessId, requested: &[u64]) -> bool {
        requested[process.index()] == self.granted[process.index()] + 1
    }
}
