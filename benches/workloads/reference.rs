//! The lock server that other checkers were measured with: clients that want the lock so many times, and each stays in
//! its critical section as long as it likes.

use std::collections::VecDeque;

use jeton::mutex::{Indication, Mutex, Request};
use jeton::{Context, Never, Process, ProcessId, Ticks};
use serde::Serialize;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Reference {
    Server { holder: Option<ProcessId>, queue: VecDeque<ProcessId> },
    Waiting { left: u32 },
    Inside { left: u32 },
    Done,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub(crate) enum Word {
    Req,
    Grant,
    Rel,
}

const SERVER: ProcessId = ProcessId::new(0);

impl Process for Reference {
    /// The rounds of each client.
    type Config = u32;
    type Message = Word;
    type Timer = ();
    type Request = Request;
    type Indication = Indication;
    type Stable = ();
    type Record = Never;

    fn new(me: ProcessId, &rounds: &u32) -> Self {
        if me == SERVER {
            Self::Server { holder: None, queue: VecDeque::new() }
        } else {
            Self::Waiting { left: rounds }
        }
    }

    fn on_start(&mut self, ctx: &mut Context<'_, Self>) {
        if ctx.me() != SERVER {
            ctx.send(SERVER, Word::Req);
        }
    }

    fn on_message(&mut self, from: ProcessId, word: Word, ctx: &mut Context<'_, Self>) {
        match (self, word) {
            (Self::Server { holder: holder @ None, .. }, Word::Req) => {
                *holder = Some(from);
                ctx.send(from, Word::Grant);
            }
            (Self::Server { queue, .. }, Word::Req) => queue.push_back(from),
            (Self::Server { holder, queue }, Word::Rel) => {
                *holder = queue.pop_front();
                if let Some(next) = *holder {
                    ctx.send(next, Word::Grant);
                }
            }
            (client, _) => {
                if let Self::Waiting { left } = *client {
                    *client = Self::Inside { left };
                    ctx.set_timer((), Ticks::new(1));
                }
            }
        }
    }

    fn on_timer(&mut self, (): (), ctx: &mut Context<'_, Self>) {
        let Self::Inside { left } = *self else { return };
        ctx.send(SERVER, Word::Rel);
        *self = if left > 1 { Self::Waiting { left: left - 1 } } else { Self::Done };
        if left > 1 {
            ctx.send(SERVER, Word::Req);
        }
    }

    fn takes_requests(&self) -> bool {
        false
    }
}

/// Nobody but the clients themselves wants anything.
impl Mutex for Reference {}
