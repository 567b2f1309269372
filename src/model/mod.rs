//! What an algorithm is written against: the [`Process`] trait, the events it handles and the effects it has.
//!
//! This module is for authors of algorithms. It must never know how time passes, where messages are or what a property
//! is: it imports nothing of the crate, so that a process runs in a simulation, under an exhaustive search and in a
//! unit test ([`Bench`]) without a difference.

mod bench;
mod canonical;
mod effect;
mod event;
mod id;
mod never;
mod process;
#[cfg(test)]
pub(crate) mod tests;
mod time;

pub use bench::Bench;
pub use canonical::{Counter, Counters, Family, Part, Relabelling};
pub use effect::Effect;
pub use event::{Event, Report};
pub use id::ProcessId;
pub use never::Never;
pub use process::{Context, Process, Surroundings, Value};
pub use time::Ticks;
