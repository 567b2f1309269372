//! Nothing but the pending events, the draws and the hops: the limit.

use std::time::Duration;

use super::{COARSE, FINE, Many, SHORT, timed};
use crate::workloads::bare;
use crate::workloads::lock::CLIENTS;

pub(crate) fn ring(processes: u32, hops: u64, seed: u64) -> Duration {
    timed(|| assert_eq!(bare::ring(processes, hops, seed), hops))
}

pub(crate) fn many(many: Many, seed: u64) -> Duration {
    let Many { processes, each, hops, delay } = many;
    timed(|| {
        let events = match delay {
            COARSE => bare::relay_coarse(processes, (each, hops), seed),
            _ => bare::relay_fine(processes, (each, hops), FINE, seed),
        };
        assert_eq!(events, many.deliveries());
    })
}

pub(crate) fn short() -> impl FnMut(u64, u64) -> Duration {
    let mut lock = bare::Lock::default();
    move |first, runs| {
        timed(|| {
            for seed in first..first + runs {
                assert_eq!(lock.run(seed), SHORT + u64::from(CLIENTS) + 1);
            }
        })
    }
}
