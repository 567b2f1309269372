//! Every order of events: no clock, and any enabled event may come next.
//!
//! It drives the same [`World`](super::World) through the same step as virtual time does. What may come next:
//!
//! - a message: the first of a FIFO channel, any of an unordered one;
//! - a report of a crash: at any time after it, or, with [`ReportOrder::AfterChannel`](super::ReportOrder), behind what
//!   the dead process had in flight to the observer;
//! - what an application has yet to request, in any order;
//! - a timer: whenever nothing else is sure to come. As long as a message, a report or a request that follows from
//!   another is, a process has so many timers fire as its bound says. So timeouts are long, but for those;
//! - a crash, between steps or between two effects of a step, as often as the setup says at most; with all that can be
//!   left of the messages in flight; and a restart, at any time after it;
//! - the loss or the repetition of a message that is about to arrive, so many times. A message that is lost is lost
//!   late, which nobody can tell from early: until then it might have arrived.
//!
//! A handler that looks into its inbox finds any number of the messages that are in flight from the sender, if a
//! process can be busy or pause; otherwise none, as in virtual time. Exact crashes come at any moment.

mod ample;
mod canonical;
mod course;
mod crash;
mod inbox;
pub(crate) mod intern;
mod learn;
mod moves;
mod node;
mod pack;
mod space;
mod states;
mod successors;
mod symmetry;
mod watch;
mod weigh;

pub(crate) use ample::ALL;
pub(crate) use canonical::Counted;
pub(crate) use course::{Course, Stride};
pub(crate) use intern::Interner;
pub(crate) use learn::Unknown;
pub(crate) use pack::Packed;
pub(crate) use space::{Root, Space};
pub(crate) use states::{SHARDS, Tuples};
pub(crate) use successors::{Move, Successor, Successors};
pub(crate) use watch::{Found, Watch};

/// What bounds a search, besides its setup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bounds {
    /// How many timers each process has fire though something else is sure to come; any number, if it is not said.
    pub(crate) early_timers: Option<u32>,
    /// How many messages are lost.
    pub(crate) losses: u32,
    /// How many messages arrive twice.
    pub(crate) duplicates: u32,
    /// Whether states are weighed.
    pub(crate) weighs: bool,
}
