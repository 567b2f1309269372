//! Many messages in flight: each goes on from neighbour to neighbour, so many hops.

use jeton::engine::{ChannelOrder, Distribution, Setup, Simulation};
use jeton::{Context, Never, Process, ProcessId};

/// Sends on what it gets, to one of ten neighbours.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Relay;

/// How many messages each process sends at the start, and how often each message is sent on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    pub(crate) each: u32,
    pub(crate) hops: u32,
}

pub(crate) const NEIGHBOURS: u32 = 10;

impl Process for Relay {
    type Config = Load;
    type Message = u32;
    type Timer = Never;
    type Request = Never;
    type Indication = Never;
    type Stable = ();
    type Record = Never;

    fn new(_me: ProcessId, _load: &Load) -> Self {
        Relay
    }

    fn on_start(&mut self, ctx: &mut Context<'_, Self>) {
        let Load { each, hops } = *ctx.config();
        for number in 0..each {
            let to = neighbour(ctx.me().get(), number, ctx.count());
            ctx.send(ProcessId::new(to), hops);
        }
    }

    fn on_message(&mut self, _from: ProcessId, left: u32, ctx: &mut Context<'_, Self>) {
        if left > 0 {
            let to = neighbour(ctx.me().get(), left, ctx.count());
            ctx.send(ProcessId::new(to), left - 1);
        }
    }
}

/// The neighbour of `me` with this number.
pub(crate) fn neighbour(me: u32, number: u32, count: u32) -> u32 {
    let to = me + 1 + number % NEIGHBOURS;
    if to >= count { to - count } else { to }
}

/// So many processes, ready to run.
pub(crate) fn relay(processes: u32, load: Load, delay: Distribution, order: ChannelOrder) -> Simulation<Relay> {
    let mut setup = Setup::new(processes, load);
    setup.network.delay_ticks = delay;
    setup.network.order = order;
    super::ring::unlimited(setup)
}
