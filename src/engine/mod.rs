//! The machinery: a world of processes and channels, the ways in which time passes over it, the faults that befall it,
//! and the one door through which everything undetermined comes.
//!
//! It is for whoever runs processes. It must never know what an algorithm is for (no lock, no token, no holder: an
//! [`Application`] and an [`Observer`] bring those), read a clock or the environment, or draw a number anywhere but
//! through [`Chance`](decision).

mod application;
mod arrival;
pub(crate) mod bounded;
mod bounds;
mod channel;
mod crash;
pub mod decision;
mod distribution;
mod disturbance;
mod fault;
mod few;
mod flight;
pub(crate) mod interleaving;
mod key;
mod manner;
mod observer;
mod queue;
mod rng;
mod setup;
mod simulation;
pub(crate) mod spelling;
mod timed;
mod timers;
mod wheel;
mod world;

pub use application::{Agenda, Application, Idle};
pub use decision::{Decisions, Key, KeyError, Topic};
pub use distribution::Distribution;
pub(crate) use distribution::SPAN_MAX;
pub use disturbance::{Partition, Pause, Unreliable, Windows};
pub use fault::{Crash, Faults, Moment, RandomCrashes};
pub(crate) use manner::{CrashPoint, Dice, Draw};
pub use observer::{LossCause, Lost, MessageId, Observer, Violation};
#[cfg(any(test, debug_assertions))]
#[doc(hidden)]
pub use rng::other_rule;
pub(crate) use rng::{Stream, Streams};
pub(crate) use setup::PROCESSES_MAX;
pub use setup::{
    ChannelOrder, Detector, DetectorClass, FromDead, Invalid, Limits, Link, Network, ReportOrder, Setup, ToDead,
};
pub(crate) use simulation::NO_PANIC;
pub use simulation::{Divergence, End, Limit, Outcome, Simulation, Stats};
pub use world::World;
