//! What no run exceeds whose algorithm makes sense, whatever its limits: more of it is a finding, not a run that was
//! cut off.
//!
//! The properties are always checked, as is `no_panic`; a step of more than 100,000 effects is a panic.
//! - `time_passes`: timers and requests of no delay do not follow each other for ever in one tick.
//! - `bounded_messages`: messages are not sent faster than they are handled, for ever.
//! - `bounded_timers`: nor are timers set faster than they fire.

use super::observer::Violation;
use super::timed::Clock;
use super::world::World;
use crate::model::{Process, ProcessId};

/// How much is too much, in a system of so many processes. A limit of the setup that is met before cuts the run off.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// Of timers and requests to come up at once, since time last passed.
    at_once: u64,
    /// Of messages in flight or in an inbox.
    messages: u64,
    /// Of timers that one process has set.
    timers: u64,
}

/// A step may have something for each process, and some more of them.
const EACH: u64 = 64;

impl Bounds {
    pub(super) fn of(processes: u32) -> Self {
        let n = u64::from(processes);
        Self { at_once: 100_000 + EACH * n, messages: 20_000 + EACH * n * n, timers: 2_000 + EACH * n }
    }

    /// How many events can be pending before there are too many messages.
    pub(super) fn crowd(self) -> u64 {
        self.messages
    }

    /// Whether so many timers of one process, or so many things at once, are too many.
    pub(super) fn is_too_much(self, timers: u64, at_once: u64) -> bool {
        timers > self.timers || at_once > self.at_once
    }

    /// After a step of this process, where anything may be too much.
    pub(super) fn check<P: Process>(
        self,
        clock: &Clock<P>,
        process: ProcessId,
        world: &World<P>,
    ) -> Result<(), Box<Violation>> {
        if clock.on_their_way() > self.messages {
            let explanation =
                format!("more than {} messages are on their way, with this step of {process}", self.messages);
            return Err(Box::new(world.violation("bounded_messages", vec![process], explanation)));
        }
        if clock.at_once(world.now()) > self.at_once {
            let explanation = format!(
                "time stands still: more than {} timers and requests have followed each other without delay, the last \
                 at {process}",
                self.at_once
            );
            return Err(Box::new(world.violation("time_passes", vec![process], explanation)));
        }
        if clock.timers.count(process) > self.timers {
            let explanation = format!("{process} has set more than {} timers", self.timers);
            return Err(Box::new(world.violation("bounded_timers", vec![process], explanation)));
        }
        Ok(())
    }
}
