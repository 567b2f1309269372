//! One token goes round a ring.

use jeton::engine::{End, Idle, Limits, Observer, Setup, Simulation};
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

/// Sends a hop to the next process.
pub(crate) fn pass<P: Process<Message = u64>>(hop: u64, ctx: &mut Context<'_, P>) {
    let next = ctx.me().get() + 1;
    let next = if next == ctx.count() { 0 } else { next };
    ctx.send(ProcessId::new(next), hop);
}

/// A ring of so many processes, with delays of 1 to 10 ticks, ready to run.
pub(crate) fn ring(processes: u32, hops: u64) -> Simulation<Passer> {
    unlimited(Setup::new(processes, hops))
}

/// Ready to run, and never cut off.
pub(crate) fn unlimited<P: Process>(mut setup: Setup<P>) -> Simulation<P> {
    setup.limits = Limits { ticks: 1 << 40, events: 1 << 40, ..Limits::default() };
    Simulation::new(setup).expect("a valid setup")
}

/// Runs anything that comes to rest of its own accord, and returns the number of events.
pub(crate) fn run<P: Process>(simulation: &mut Simulation<P>, seed: u64) -> u64 {
    run_observed(simulation, seed, &mut ())
}

/// The same, observed.
pub(crate) fn run_observed<P: Process, O: Observer<P>>(
    simulation: &mut Simulation<P>,
    seed: u64,
    observer: &mut O,
) -> u64 {
    let outcome = simulation.run(seed, &mut Idle, observer);
    assert_eq!(outcome.end, End::Quiescent);
    outcome.stats.events
}
