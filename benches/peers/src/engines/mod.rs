//! The same work on each engine. Every function runs it once, sees to it that there were as many deliveries as there
//! should be, and returns how long it took. A ring or many messages are timed without what builds the processes; a
//! short run with it.

use std::time::Duration;

use cpu_time::ProcessTime;

use crate::workloads::bare::Delays;

pub(crate) mod anysystem;
pub(crate) mod bare;
#[cfg(feature = "desim")]
pub(crate) mod desim;
pub(crate) mod jeton;
#[cfg(madsim)]
pub(crate) mod madsim;
pub(crate) mod nexosim;
pub(crate) mod odem;
pub(crate) mod shuttle;
pub(crate) mod simpy;
pub(crate) mod stateright;
pub(crate) mod turmoil;

/// How long a message takes at least and at most, in ticks.
pub(crate) const COARSE: (u64, u64) = (1, 10);
pub(crate) const FINE: (u64, u64) = (1_000_000, 10_000_000);

/// Many messages: so many processes, and how many messages each sends at first, which are sent on so often.
#[derive(Clone, Copy)]
pub(crate) struct Many {
    pub(crate) processes: u32,
    pub(crate) each: u32,
    pub(crate) hops: u32,
    pub(crate) delay: (u64, u64),
}

impl Many {
    pub(crate) fn deliveries(&self) -> u64 {
        u64::from(self.processes) * u64::from(self.each) * (u64::from(self.hops) + 1)
    }
}

/// What comes in a short run: a request, a grant and a release of each round, and its timer.
pub(crate) const SHORT: u64 = 4 * ROUNDS as u64 * CLIENTS as u64;
pub(crate) use crate::workloads::lock::{CLIENTS, HOLD, ROUNDS};

/// Where an engine leaves delays to its user, they are drawn as the bare loop does.
pub(crate) fn delays(seed: u64, range: (u64, u64)) -> Delays {
    Delays::new(seed, range)
}

/// The time of the processor, of all threads: what else the machine does is not counted.
pub(crate) fn timed(work: impl FnOnce()) -> Duration {
    let start = ProcessTime::now();
    work();
    start.elapsed()
}
