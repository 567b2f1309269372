//! This project's engine: FIFO or unordered channels, faults, detectors, limits and statistics ready for use.

use std::time::Duration;

use jeton::engine::{ChannelOrder, Distribution};

use super::{CLIENTS, Many, SHORT, timed};
use crate::workloads::{lock, relay, ring as passer};

pub(crate) fn ring(processes: u32, hops: u64) -> impl FnMut(u64) -> Duration {
    let mut simulation = passer::ring(processes, hops);
    move |seed| timed(|| assert_eq!(passer::run(&mut simulation, seed), hops + u64::from(processes)))
}

pub(crate) fn many(many: Many, order: ChannelOrder) -> impl FnMut(u64) -> Duration {
    let Many { processes, each, hops, delay: (min, max) } = many;
    let load = relay::Load { each, hops };
    let mut simulation = relay::relay(processes, load, Distribution::Uniform(min, max), order);
    move |seed| timed(|| assert_eq!(passer::run(&mut simulation, seed), many.deliveries() + u64::from(processes)))
}

pub(crate) fn short() -> impl FnMut(u64, u64) -> Duration {
    let mut simulation = lock::lock();
    move |first, runs| {
        timed(|| {
            for seed in first..first + runs {
                assert_eq!(passer::run(&mut simulation, seed), SHORT + u64::from(CLIENTS) + 1);
            }
        })
    }
}
