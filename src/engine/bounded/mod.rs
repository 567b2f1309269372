//! Every schedule of virtual time: each delay, latency and time of the application that there can be, and a crash at
//! every moment, tick by tick.
//!
//! It is virtual time as [`Simulation`](super::Simulation) passes it, with every decision answered in every way:
//!
//! - what is pending is in the order of its ticks, and within a tick in the order in which it was scheduled;
//! - a message takes each number of ticks that its channel can take, and on a FIFO channel does not arrive before the
//!   one ahead of it; a report has each latency, a victim stays down each span, an application thinks and holds for
//!   each;
//! - a crash comes between any two effects of a step, after any step, and at the beginning of any tick, as often as the
//!   setup says at most, whenever that is;
//! - timers fire exactly when they are due.
//!
//! A state has no time in it, only how many ticks from now each pending event is due, so that states repeat. Between
//! events there are none: time goes on to the next event, or to a crash before it.
//!
//! A run ends by its limits, and when all has been settled for a while; here it goes on.

mod actor;
mod calendar;
mod crash;
mod space;

pub(crate) use actor::Happening;
pub(crate) use space::{Next, Space, What};
