//! Deterministic simulation of fault-tolerant distributed mutual exclusion.
//!
//! `jeton` (French for *token*) runs distributed algorithms, written as pure state machines, under a simulator in
//! virtual time, and checks after every event what must hold. One seed is one schedule, bit for bit, for ever. A
//! failing schedule comes back as the short list of decisions that matter.
//!
//! ```
//! use jeton::algorithms::query_ring::{Parameters, QueryRing};
//! use jeton::mutex::System;
//! use jeton::{engine::Setup, explore::Exploration};
//!
//! // Five peers pass a token round a ring; up to two of them crash, at any moment.
//! let config = QueryRing::configure(5, &Parameters::default())?;
//! let setup = Setup::<QueryRing>::new(5, config).with_random_crashes(2);
//! let report = Exploration::new(setup).schedules(200).run()?;
//! report.assert_holds();
//! assert!(report.sometimes["holder_crashed"] > 0, "and it was tried");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Where to begin
//!
//! - [The guide](guide): an algorithm of your own under test within the hour.
//! - To write an algorithm: [`Process`] and [`Context`]; for unit tests without an engine, [`model::Bench`].
//! - To have it checked as a lock: [`mutex::Mutex`] (one line, if it has no ring and no replica), then
//!   [`explore::Exploration`].
//! - To have every interleaving of a small configuration looked at: [`explore::Exhaustive`].
//! - To explore something that is no lock: [`explore::Exploration::of_any`] with an [`engine::Application`] and any
//!   [`engine::Observer`]; [`property`] has `always`, `eventually` and `sometimes`.
//!
//! # The code map
//!
//! Imports go down only.
//!
//! | module | what it is | what it must never do |
//! | --- | --- | --- |
//! | [`model`] | the trait that algorithms implement, events and effects | know anything else of the crate |
//! | [`engine`] | the world, virtual time and the order of events without one, channels, faults, the detector, and the one door for chance | know what an algorithm is for; read a clock |
//! | [`trace`] | a run as records, its fingerprint, and its drawing | change a run |
//! | [`property`] | always, eventually, sometimes, of any system | scan all processes at each event |
//! | [`mutex`] | requests and indications, the workload, the properties of mutual exclusion | know which algorithm it looks at |
//! | [`view`] | a run as a picture: pages, drawings, the formats of other tools | know which algorithm it looks at |
//! | [`mod@explore`] | many schedules, every crash point, every interleaving, minimising, schedule files | depend on the number of threads |
//! | [`algorithms`] | the built-in systems | import anything but `model` and `mutex` |
//! | [`guide`] | how all this is used, chapter by chapter | say what is not run |
//! | [`scenario`] | a TOML file is a run | run what it was not told |
//! | `measure` | what entering costs: messages, time, fairness; behind the feature `measure` | know one algorithm from another but by its timeouts |
//! | `testing` | strategies and snapshots for the tests of other crates, behind the features `proptest` and `insta` | judge a run |
//! | `cli` | the command line, behind the feature `cli` | hold what a library user would miss |
//!
//! # What is kept, whatever changes
//!
//! - A process has no clock, no generator and no I/O: what it does depends on its state, the event and the answers of
//!   its context, and on nothing else. There is no `async`, and no trait object in the loop that handles events but the
//!   one that answers [`Context::choose`].
//! - There is no floating-point number in the engine, no iteration over a hash map, no wall clock and no environment.
//! - Everything that is not determined comes through one door, [`engine::decision`], under a key that names it locally.
//! - Events have a total order: by tick, then in the order in which they were scheduled.
//! - The types of `rand` never show.
//! - "Holds" is said only of schedules that came to their end; one that met a limit proves nothing, and is counted.
#![forbid(unsafe_code)]

// Some tests have a file in common with the benches.
#[cfg(test)]
extern crate self as jeton;

pub mod algorithms;
#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod cli;
pub mod engine;
pub mod explore;
pub mod guide;
#[cfg(feature = "measure")]
pub mod measure;
pub mod model;
pub mod mutex;
pub mod property;
pub mod scenario;
#[cfg(any(feature = "proptest", feature = "insta"))]
pub mod testing;
pub mod trace;
pub mod view;

pub use model::{Context, Never, Process, ProcessId, Ticks};

/// Begins an exploration of a setup; in a test, end it with [`check`](explore::Exploration::check).
///
/// ```
/// # use jeton::algorithms::query_ring::{Parameters, QueryRing};
/// # use jeton::{engine::Setup, mutex::System};
/// # let config = QueryRing::configure(4, &Parameters::default()).expect("defaults");
/// let setup = Setup::<QueryRing>::new(4, config).with_random_crashes(1);
/// let report = jeton::explore(setup).schedules(100).check();
/// assert!(report.sometimes["token_lost"] > 0, "and it was tried");
/// ```
pub fn explore<'a, P: mutex::Mutex>(setup: engine::Setup<P>) -> explore::Exploration<'a, P> {
    explore::Exploration::new(setup)
}

/// The README's example is compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
