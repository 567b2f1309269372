//! One token goes round a ring.

use jeton::engine::{End, Idle, Limits, Setup, Simulation};
use jeton::{Context, Never, Process, ProcessId};

/// Passes the token on, so many hops in all.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Passer;

impl Process for Passer {
    type Config = u64;
    type Message = u64;
    type Timer = Never;
    type Request = Never;
    type Indication = Never;
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

fn pass(hop: u64, ctx: &mut Context<'_, Passer>) {
    let next = ctx.me().get() + 1;
    let next = if next == ctx.count() { 0 } else { next };
    ctx.send(ProcessId::new(next), hop);
}

/// A ring of so many processes, with delays of 1 to 10 ticks, ready to run.
pub(crate) fn ring(processes: u32, hops: u64) -> Simulation<Passer> {
    let mut setup = Setup::new(processes, hops);
    setup.limits = unlimited();
    Simulation::new(setup).expect("a valid setup")
}

/// No run of a bench is cut off.
pub(crate) fn unlimited() -> Limits {
    Limits { ticks: 1 << 40, events: 1 << 40, ..Limits::default() }
}

/// Runs anything that comes to rest of its own accord, and returns the number of events.
pub(crate) fn run<P: Process>(simulation: &mut Simulation<P>, seed: u64) -> u64 {
    let outcome = simulation.run(seed, &mut Idle, &mut ());
    assert_eq!(outcome.end, End::Quiescent);
    outcome.stats.events
}
