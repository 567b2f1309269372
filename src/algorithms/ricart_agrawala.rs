//! Ricart and Agrawala's algorithm: a process asks all others, and who has asked before it answers when it leaves.
//!
//! G. Ricart and A. K. Agrawala, *An optimal algorithm for mutual exclusion in computer networks*, Communications of
//! the ACM 24(1), 1981.
//!
//! 1. To enter, a process sends a request with a sequence number, greater than any it has seen, to every other.
//! 2. A request that arrives is answered with a reply at once, unless the process has a request of its own that comes
//!    first, by the sequence number and then by the id: then it is deferred.
//! 3. A process enters when it has a reply from every other.
//! 4. On leaving, a process sends the replies that it has deferred.
//!
//! It assumes no crash and no loss; channels need not be FIFO. Messages per entry: 2(N − 1), a request to and a reply
//! from every other. Synchronisation delay: T, that of the deferred reply. Entries follow the order of the requests:
//! whoever replied before it asked has seen the other's number, and takes a greater one. So the request's stamp is the
//! fencing number.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use serde::Serialize;

use super::classic::{Algorithm, Clock, Config, Ctx, NoParameters, ONE_CRASH, Stamp, fault_free, send_to_others};
use crate::model::ProcessId;
use crate::mutex::{Fence, Property, Wait, Whose, sealed};

/// What the processes say to each other.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Message {
    /// The sender wants to enter.
    Request {
        /// Its sequence number.
        sequence: u64,
    },
    /// The sender lets the receiver enter.
    Reply,
}

/// A process of Ricart and Agrawala's algorithm.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RicartAgrawala {
    /// The highest sequence number seen.
    highest: Clock,
    /// Its own request, from asking to leaving.
    own: Option<Stamp>,
    /// Who has not replied to it yet.
    outstanding: BTreeSet<ProcessId>,
    deferred: Vec<ProcessId>,
}

impl sealed::Sealed for RicartAgrawala {}

impl Algorithm for RicartAgrawala {
    const NAME: &'static str = "ricart_agrawala";
    const BASELINE: &'static str = fault_free!("ricart_agrawala");
    const DIALS: &'static [(&'static str, &'static str)] = &[ONE_CRASH];
    const PROPERTIES: &'static [Property] =
        &[Property::SingleHolder, Property::FencingGrows, Property::EveryRequestGranted];
    type Parameters = NoParameters;
    type Message = Message;

    fn new(_me: ProcessId, _config: &Config<NoParameters>) -> Self {
        Self { highest: Clock::default(), own: None, outstanding: BTreeSet::new(), deferred: Vec::new() }
    }

    /// Rule 1.
    fn request(&mut self, ctx: &mut Ctx<'_, Self>) {
        let sequence = self.highest.tick();
        self.own = Some(Stamp { time: sequence, process: ctx.me() });
        self.outstanding = ctx.others().collect();
        send_to_others(&Message::Request { sequence }, ctx);
    }

    /// Rule 4.
    fn release(&mut self, ctx: &mut Ctx<'_, Self>) {
        self.own = None;
        for process in self.deferred.drain(..) {
            ctx.send(process, Message::Reply);
        }
    }

    fn receive(&mut self, from: ProcessId, message: Message, ctx: &mut Ctx<'_, Self>) {
        match message {
            // Rule 2.
            Message::Request { sequence } => {
                self.highest.observe(sequence);
                if self.own.is_some_and(|own| own < Stamp { time: sequence, process: from }) {
                    ctx.note("reply_deferred");
                    self.deferred.push(from);
                } else {
                    ctx.send(from, Message::Reply);
                }
            }
            Message::Reply => {
                self.outstanding.remove(&from);
            }
        }
    }

    /// Rule 3.
    fn whose(message: &Message) -> Whose {
        match message {
            Message::Request { .. } => Whose::Sender,
            Message::Reply => Whose::Receiver,
        }
    }

    fn may_enter(&self) -> bool {
        self.outstanding.is_empty()
    }

    fn waits_for(&self, _waiting: bool) -> Vec<Wait> {
        self.outstanding.iter().map(|&process| Wait::from(process, "the reply")).collect()
    }

    fn fence(&self) -> Fence {
        self.own.map(Stamp::fence).unwrap_or_default()
    }
}
