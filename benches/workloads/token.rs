//! One token goes round a ring of applications that want nothing: the minimal ring once more, in a form in which all
//! properties of mutual exclusion have something to look at.

use jeton::engine::{Setup, Simulation};
use jeton::mutex::{Indication, Monitor, Mutex, Property, Replica, Request};
use jeton::{Context, Never, Process, ProcessId, Ticks};

use super::ring::{pass, run_observed, unlimited};

/// Passes the token on, so many hops in all.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Passer;

impl Process for Passer {
    type Config = u64;
    type Message = u64;
    type Timer = Never;
    type Request = Request;
    type Indication = Indication;
    type Stable = ();
    type Record = Never;

    fn new(_me: ProcessId, _hops: &u64) -> Self {
        Passer
    }

    fn on_start(&mut self, ctx: &mut Context<'_, Self>) {
        if ctx.me().get() == 0 {
            pass(1, ctx);
        }
    }

    fn on_message(&mut self, _from: ProcessId, hop: u64, ctx: &mut Context<'_, Self>) {
        if hop < *ctx.config() {
            pass(hop + 1, ctx);
        }
    }
}

impl Mutex for Passer {
    const PROPERTIES: &'static [Property] = &[
        Property::SingleHolder,
        Property::FencingGrows,
        Property::SingleToken,
        Property::TokenInCs,
        Property::FreshReplica,
        Property::SynchronousWrite,
        Property::RegisteredBeforeAck,
        Property::QueueOrder,
        Property::EveryRequestGranted,
        Property::ReplicasConverge,
        Property::NoDeadlock,
    ];

    fn token(hop: &u64) -> Option<u64> {
        Some(*hop)
    }

    fn replica(&self) -> Option<Replica> {
        Some(Replica { version: 0, value: 0 })
    }
}

/// A ring of so many processes with all properties.
pub(crate) struct Ring {
    simulation: Simulation<Passer>,
    monitor: Monitor<Passer>,
}

impl Ring {
    pub(crate) fn new(processes: u32, hops: u64) -> Self {
        let monitor = Monitor::new(Passer::PROPERTIES, Ticks::MAX);
        Self { simulation: unlimited(Setup::new(processes, hops)), monitor }
    }

    /// Returns the number of events.
    pub(crate) fn run(&mut self, seed: u64) -> u64 {
        self.monitor.reset();
        run_observed(&mut self.simulation, seed, &mut self.monitor)
    }
}
