//! Carvalho and Roucairol's algorithm: that of Ricart and Agrawala, in which a reply is good until it is asked back.
//!
//! O. S. F. Carvalho and G. Roucairol, *On mutual exclusion in computer networks*, Communications of the ACM 26(2),
//! 1983, with the variables of that note: a process keeps the authorisation of each other that has replied.
//!
//! 1. To enter, a process sends a request with a sequence number, greater than any it has seen, to every other whose
//!    authorisation it does not have.
//! 2. A reply that arrives is the sender's authorisation. It is kept until the sender asks.
//! 3. A process enters when it has the authorisation of every other.
//! 4. A request that arrives while the process is in its critical section, or has a request of its own that comes
//!    first, is deferred. Otherwise it is answered with a reply, and the sender's authorisation is gone with it.
//! 5. If it was needed, because the process waits itself, it is asked for again, with the same sequence number.
//! 6. On leaving, a process sends the replies that it has deferred, and has those authorisations no longer.
//!
//! It assumes no crash and no loss; channels need not be FIFO. Messages per entry: 0, if nobody has asked since one's
//! own last entry, up to 2(N − 1). A request of one process goes at most once to each other: one who took back its
//! authorisation comes first, and replies when it has left. Synchronisation delay: T, that of the deferred reply.
//!
//! An entry without a message is unknown to the others, whose next request may bear a lower number: there is no fencing
//! number.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use super::classic::{Algorithm, Clock, Config, Ctx, NoParameters, ONE_CRASH, Stamp, fault_free};
/// The messages are those of Ricart and Agrawala: only how long a reply is good is another.
pub use super::ricart_agrawala::Message;
use crate::model::ProcessId;
use crate::mutex::{Property, Wait, Whose, sealed};

/// A process of Carvalho and Roucairol's algorithm.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CarvalhoRoucairol {
    /// The highest sequence number seen.
    highest: Clock,
    /// Its own request, from asking to leaving.
    own: Option<Stamp>,
    /// Whose authorisation it does not have.
    unauthorised: BTreeSet<ProcessId>,
    deferred: Vec<ProcessId>,
}

impl sealed::Sealed for CarvalhoRoucairol {}

impl Algorithm for CarvalhoRoucairol {
    const NAME: &'static str = "carvalho_roucairol";
    const BASELINE: &'static str = fault_free!("carvalho_roucairol");
    const DIALS: &'static [(&'static str, &'static str)] = &[ONE_CRASH];
    const PROPERTIES: &'static [Property] = &[Property::SingleHolder, Property::EveryRequestGranted];
    type Parameters = NoParameters;
    type Message = Message;

    fn new(me: ProcessId, config: &Config<NoParameters>) -> Self {
        let unauthorised = ProcessId::all(config.processes).filter(|&process| process != me).collect();
        Self { highest: Clock::default(), own: None, unauthorised, deferred: Vec::new() }
    }

    /// Rule 1.
    fn request(&mut self, ctx: &mut Ctx<'_, Self>) {
        let sequence = self.highest.tick();
        self.own = Some(Stamp { time: sequence, process: ctx.me() });
        for &process in &self.unauthorised {
            ctx.send(process, Message::Request { sequence });
        }
    }

    /// Rule 6.
    fn release(&mut self, ctx: &mut Ctx<'_, Self>) {
        self.own = None;
        for process in self.deferred.drain(..) {
            self.unauthorised.insert(process);
            ctx.send(process, Message::Reply);
        }
    }

    fn receive(&mut self, from: ProcessId, message: Message, ctx: &mut Ctx<'_, Self>) {
        match message {
            Message::Request { sequence } => {
                self.highest.observe(sequence);
                self.on_request(Stamp { time: sequence, process: from }, ctx);
            }
            // Rule 2.
            Message::Reply => {
                self.unauthorised.remove(&from);
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
        self.unauthorised.is_empty()
    }

    fn waits_for(&self, waiting: bool) -> Vec<Wait> {
        let unauthorised = self.unauthorised.iter().filter(|_| waiting);
        unauthorised.map(|&process| Wait::from(process, "the reply")).collect()
    }
}

impl CarvalhoRoucairol {
    /// Rules 4 and 5.
    fn on_request(&mut self, theirs: Stamp, ctx: &mut Ctx<'_, Self>) {
        let from = theirs.process;
        // Whoever has asked, and has every authorisation, is in its critical section.
        if self.own.is_some_and(|own| self.may_enter() || own < theirs) {
            ctx.note("reply_deferred");
            return self.deferred.push(from);
        }
        ctx.send(from, Message::Reply);
        let lost = self.unauthorised.insert(from);
        if let (true, Some(own)) = (lost, self.own) {
            ctx.note("asked_again");
            ctx.send(from, Message::Request { sequence: own.time });
        }
    }
}
