//! For the tests of other people's crates, beside [`check`](crate::explore::Exploration::check): proptest strategies
//! for what a run depends on (feature `proptest`), and a run as a snapshot (feature `insta`).
//!
//! It must never decide whether a run is right: that is what properties are for.

#[cfg(feature = "proptest")]
mod strategies;
#[cfg(feature = "insta")]
mod transcript;

#[cfg(feature = "proptest")]
pub use strategies::{fault_plans, scenarios, setups, workloads};
#[cfg(feature = "insta")]
pub use transcript::transcript;

#[cfg(feature = "insta")]
#[doc(hidden)]
pub use ::insta as snapshots;
