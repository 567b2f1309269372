//! A short run: a lock server with four clients, each of which enters five times.

use std::collections::VecDeque;

use jeton::engine::{Setup, Simulation};
use jeton::{Context, Never, Process, ProcessId, Ticks};
use serde::Serialize;

pub(crate) const CLIENTS: u32 = 4;
pub(crate) const ROUNDS: u32 = 5;
/// How long a client stays in its critical section.
pub(crate) const HOLD: u64 = 5;

/// The server is the first process, all others are clients.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Lock {
    Server { holder: Option<ProcessId>, queue: VecDeque<ProcessId> },
    Client { rounds: u32 },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub(crate) enum Message {
    Request,
    Grant,
    Release,
}

const SERVER: ProcessId = ProcessId::new(0);

impl Process for Lock {
    type Config = ();
    type Message = Message;
    type Timer = ();
    type Request = Never;
    type Indication = Never;
    type Stable = ();
    type Record = Never;

    fn new(me: ProcessId, (): &()) -> Self {
        if me == SERVER {
            Self::Server { holder: None, queue: VecDeque::new() }
        } else {
            Self::Client { rounds: ROUNDS }
        }
    }

    fn on_start(&mut self, ctx: &mut Context<'_, Self>) {
        if ctx.me() != SERVER {
            ctx.send(SERVER, Message::Request);
        }
    }

    fn on_message(&mut self, from: ProcessId, message: Message, ctx: &mut Context<'_, Self>) {
        match (self, message) {
            (Self::Server { holder, .. }, Message::Request) if holder.is_none() => {
                *holder = Some(from);
                ctx.send(from, Message::Grant);
            }
            (Self::Server { queue, .. }, Message::Request) => queue.push_back(from),
            (Self::Server { holder, queue }, Message::Release) => {
                *holder = queue.pop_front();
                if let Some(next) = *holder {
                    ctx.send(next, Message::Grant);
                }
            }
            (Self::Client { .. }, Message::Grant) => ctx.set_timer((), Ticks::new(HOLD)),
            _ => unreachable!("nobody sends that"),
        }
    }

    fn on_timer(&mut self, (): (), ctx: &mut Context<'_, Self>) {
        let Self::Client { rounds } = self else { unreachable!("the server has no timer") };
        *rounds -= 1;
        ctx.send(SERVER, Message::Release);
        if *rounds > 0 {
            ctx.send(SERVER, Message::Request);
        }
    }
}

/// Ready to run.
pub(crate) fn lock() -> Simulation<Lock> {
    Simulation::new(Setup::new(CLIENTS + 1, ())).expect("a valid setup")
}
