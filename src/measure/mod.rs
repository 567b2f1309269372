//! What entering costs: messages, waiting, synchronisation delay, fairness and the price of a crash, as they grow with
//! the number of processes and with the load.
//!
//! A [`Sweep`] says what is run; [`Sweep::run`] runs it and returns a [`Point`] for each system, number of processes,
//! load and [`Phase`]. The result does not depend on the number of threads. It must never know one algorithm from
//! another, but by the timeouts that each needs.
//!
//! # What is measured
//!
//! Each of the n applications thinks, asks, stays and leaves, again and again; a coordinator's servers are among the
//! processes and have none, and whoever must connect does so when the run begins. The first n entries and the last n
//! are left out, when not all take part yet or any more.
//!
//! - *Messages per entry*: what was sent for an entry, as [`Accounting`](crate::mutex::Accounting) attributes it. Idle
//!   circulation, in the same stretch, is told apart, and so are recovery and membership.
//! - *Bytes per entry*: of the same messages, as JSON without white space.
//! - *Waiting time*: from the request to the entry.
//! - *Synchronisation delay*: from a leave to the next entry, where somebody waited at the leave.
//! - *Overtaking*: how many requests that were made earlier, and still waited, an entry overtook.
//! - *Jain's index* of the number of entries of each application when the first of them had made its last: (Σx)² / (n
//!   Σx²), 1 if all had as many, 1/n if one had all (Jain, Chiu and Hawe 1984).
//! - *Recovery*, of a run with a crash: the messages that were sent for [recovery](crate::mutex::Purpose::Recovery),
//!   and the *outage*, from the crash to the next entry of anybody.
//!
//! The *load* ρ is the share of a cycle in which the lock is busy if n applications take turns without pause: with s =
//! the mean stay + the mean delay of a message, which is the least that a turn takes, an application thinks
//! n·s·(1 − ρ)/ρ ticks on average. At 1 nobody thinks, and everyone always wants to enter; at 0.5 an application
//! thinks as long as a turn of all takes; near 0 the lock is busy ρ of the time, and hardly two want it at once.
//! Thinking is exponentially distributed, cut at ten times its mean.
//!
//! Of each run a mean is taken, and of the runs of different seeds their mean with a 95 % confidence interval
//! ([`Mean`]). Percentiles are those of all entries of all seeds, to three figures (`hdrhistogram`).
//!
//! Timeouts are as long as it takes at most where nothing goes wrong, so that nobody loses patience for nothing.

#![allow(clippy::cast_precision_loss, reason = "counts of a run are far below 2^52")]
#![allow(clippy::cast_sign_loss, reason = "no length and no count is below zero")]

mod crash;
mod load;
mod page;
mod picture;
mod point;
mod run;
mod statistics;
mod sweep;
mod table;
mod timeouts;

pub use crash::CrashKind;
pub use load::{BadLoad, Load};
pub use page::page;
pub use picture::{Picture, pictures};
pub use point::{Percentiles, Phase, Point, Row, TypeRow};
pub use statistics::{Mean, jain};
pub use sweep::{Failed, Results, Sweep};
pub use table::{matrix, table};
