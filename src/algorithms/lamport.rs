//! Lamport's algorithm: every process has a queue of all requests, and all agree on its order.
//!
//! L. Lamport, *Time, clocks, and the ordering of events in a distributed system*, Communications of the ACM 21(7),
//! 1978, section "Ordering the events totally", whose five rules these are.
//!
//! 1. To enter, a process sends a request with its time to every other, and puts it into its queue.
//! 2. A request that arrives is put into the queue and acknowledged with a later time.
//! 3. On leaving, a process takes its request out of its queue and sends a release to every other.
//! 4. A release that arrives takes the sender's request out of the queue.
//! 5. A process enters when its request is the first of its queue, and a message later than it has come from every
//!    other process. An older request of another can then no longer be under way, because channels are FIFO.
//!
//! It assumes FIFO channels, no crash and no loss. Messages per entry: 3(N − 1): N − 1 each of requests,
//! acknowledgements and releases. (The paper lets an acknowledgement be left out where a later message was sent
//! already; here it is always sent.) Synchronisation delay: T, that of the release. Entries follow the order of the
//! requests, so the request's stamp is the fencing number.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use serde::Serialize;

use super::classic::{Algorithm, Clock, Config, Ctx, NoParameters, ONE_CRASH, Stamp, fault_free, send_to_others};
use crate::model::ProcessId;
use crate::mutex::{Fence, Property, Wait, sealed};

/// What the processes say to each other, each with the time at which it is said.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Message {
    /// Rule 1: the sender wants to enter.
    Request {
        /// When.
        time: u64,
    },
    /// Rule 2: the sender has the receiver's request in its queue.
    Acknowledge {
        /// Later than the request.
        time: u64,
    },
    /// Rule 3: the sender has left.
    Release {
        /// When.
        time: u64,
    },
}

/// A process of Lamport's algorithm.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Lamport {
    clock: Clock,
    queue: BTreeSet<Stamp>,
    /// The request of its own that is in the queue.
    own: Option<Stamp>,
    /// Those from whom nothing has come that is later than it (rule 5).
    unheard: BTreeSet<ProcessId>,
}

impl sealed::Sealed for Lamport {}

impl Algorithm for Lamport {
    const NAME: &'static str = "lamport";
    const BASELINE: &'static str = fault_free!("lamport");
    const DIALS: &'static [(&'static str, &'static str)] = &[ONE_CRASH];
    const PROPERTIES: &'static [Property] =
        &[Property::SingleHolder, Property::FencingGrows, Property::EveryRequestGranted];
    const NEEDS_FIFO: Option<&'static str> =
        Some("FIFO channels: an acknowledgement can overtake the request that was sent before it");
    type Parameters = NoParameters;
    type Message = Message;

    fn new(_me: ProcessId, _config: &Config<NoParameters>) -> Self {
        Self { clock: Clock::default(), queue: BTreeSet::new(), own: None, unheard: BTreeSet::new() }
    }

    /// Rule 1.
    fn request(&mut self, ctx: &mut Ctx<'_, Self>) {
        let own = Stamp { time: self.clock.tick(), process: ctx.me() };
        self.own = Some(own);
        self.queue.insert(own);
        self.unheard = ctx.others().collect();
        send_to_others(&Message::Request { time: own.time }, ctx);
    }

    /// Rule 3.
    fn release(&mut self, ctx: &mut Ctx<'_, Self>) {
        if let Some(own) = self.own.take() {
            self.queue.remove(&own);
        }
        send_to_others(&Message::Release { time: self.clock.tick() }, ctx);
    }

    fn receive(&mut self, from: ProcessId, message: Message, ctx: &mut Ctx<'_, Self>) {
        let (Message::Request { time } | Message::Acknowledge { time } | Message::Release { time }) = message;
        self.clock.observe(time);
        let stamp = Stamp { time, process: from };
        if self.own.is_some_and(|own| own < stamp) {
            self.unheard.remove(&from);
        }
        match message {
            // Rule 2.
            Message::Request { .. } => {
                self.queue.insert(stamp);
                ctx.send(from, Message::Acknowledge { time: self.clock.tick() });
            }
            Message::Acknowledge { .. } => {}
            // Rule 4.
            Message::Release { .. } => {
                let request = self.queue.iter().find(|request| request.process == from).copied();
                request.map(|request| self.queue.remove(&request));
            }
        }
    }

    /// Rule 5.
    fn may_enter(&self) -> bool {
        self.unheard.is_empty() && self.queue.first() == self.own.as_ref()
    }

    fn waits_for(&self, waiting: bool) -> Vec<Wait> {
        if !waiting {
            return Vec::new();
        }
        let first = self.queue.first().filter(|first| Some(*first) != self.own.as_ref());
        let release = first.map(|first| Wait::from(first.process, "the release"));
        let unheard = self.unheard.iter().map(|&process| Wait::from(process, "the acknowledgement"));
        release.into_iter().chain(unheard).collect()
    }

    fn fence(&self) -> Fence {
        self.own.map(Stamp::fence).unwrap_or_default()
    }
}
