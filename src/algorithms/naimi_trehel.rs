//! Naimi and Tréhel's algorithm: a token, a tree whose root is the last to have asked, and a queue of which each knows
//! its next.
//!
//! M. Naimi, M. Tréhel and A. Arnold, *A log(N) distributed mutual exclusion algorithm based on path reversal*, Journal
//! of Parallel and Distributed Computing 34(1), 1996, with its variables father, next, requesting and token.
//!
//! 1. A process that wants to enter sends a request to its father, and has no father from then on: it is the root. One
//!    that is the root has the token, and enters.
//! 2. A request that arrives at a process with a father is sent on to it. At the root it ends: if the root waits or is
//!    in its critical section, whoever asks is its next; otherwise it is sent the token. In each case whoever asks is
//!    the father from then on (*path reversal*).
//! 3. The token arrives: the process enters.
//! 4. On leaving, a process sends the token to its next, if it has one.
//!
//! At the start the token is at process 0, which is everyone's father. It assumes no crash and no loss; channels need
//! not be FIFO. Messages per entry: 0 for the root, otherwise the length of the way to the root and the token: N at
//! worst, and O(log N) on average: if each asks as often as any other, one after the other, the harmonic number of N −
//! 1, 1 + 1/2 + … + 1/(N − 1), the token included. Synchronisation delay: T, that of the token. The token bears no
//! number: there is no fencing number.

#[cfg(test)]
mod tests;

use serde::Serialize;

use super::classic::{Algorithm, Config, Ctx, NoParameters, ONE_CRASH, TOKEN_CONDITIONS, TOKEN_PROPERTIES, fault_free};
use crate::model::ProcessId;
use crate::mutex::{Property, Wait, sealed};

/// What the processes say to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Message {
    /// Somebody wants the token.
    Request {
        /// Who.
        asker: ProcessId,
    },
    /// The receiver may enter.
    Token,
}

/// A process of Naimi and Tréhel's algorithm.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NaimiTrehel {
    /// Who asked last, as far as it knows; nobody, if that is itself.
    father: Option<ProcessId>,
    /// Who is to have the token after it.
    next: Option<ProcessId>,
    /// Whether it waits or is in its critical section.
    requesting: bool,
    token: bool,
}

impl sealed::Sealed for NaimiTrehel {}

impl Algorithm for NaimiTrehel {
    const NAME: &'static str = "naimi_trehel";
    const BASELINE: &'static str = fault_free!("naimi_trehel");
    const DIALS: &'static [(&'static str, &'static str)] = &[ONE_CRASH];
    const PROPERTIES: &'static [Property] = TOKEN_PROPERTIES;
    const CONDITIONS: &'static [&'static str] = TOKEN_CONDITIONS;
    type Parameters = NoParameters;
    type Message = Message;

    fn new(me: ProcessId, _config: &Config<NoParameters>) -> Self {
        let elected = ProcessId::new(0);
        let father = Some(elected).filter(|&elected| elected != me);
        Self { father, next: None, requesting: false, token: me == elected }
    }

    /// Rule 1.
    fn request(&mut self, ctx: &mut Ctx<'_, Self>) {
        self.requesting = true;
        if let Some(father) = self.father.take() {
            ctx.send(father, Message::Request { asker: ctx.me() });
        }
    }

    /// Rule 4.
    fn release(&mut self, ctx: &mut Ctx<'_, Self>) {
        self.requesting = false;
        if let Some(next) = self.next.take() {
            self.send_token(next, ctx);
        }
    }

    fn receive(&mut self, _from: ProcessId, message: Message, ctx: &mut Ctx<'_, Self>) {
        match message {
            // Rule 2.
            Message::Request { asker } => {
                match self.father {
                    Some(father) => ctx.send(father, message),
                    None if self.requesting => self.next = Some(asker),
                    None => self.send_token(asker, ctx),
                }
                self.father = Some(asker);
            }
            // Rule 3.
            Message::Token => self.token = true,
        }
    }

    fn may_enter(&self) -> bool {
        self.token
    }

    /// It does not know who has it: whom it has asked may have sent the request on.
    fn waits_for(&self, waiting: bool) -> Vec<Wait> {
        waiting.then(|| Wait::new("the token")).into_iter().collect()
    }

    fn has_token(&self) -> bool {
        self.token
    }

    fn is_token(message: &Message) -> bool {
        *message == Message::Token
    }
}

impl NaimiTrehel {
    fn send_token(&mut self, to: ProcessId, ctx: &mut Ctx<'_, Self>) {
        self.token = false;
        ctx.send(to, Message::Token);
    }
}
