//! Deterministic simulation of fault-tolerant distributed mutual exclusion.
#![forbid(unsafe_code)]

pub mod algorithms;
pub mod engine;
pub mod explore;
pub mod model;
pub mod mutex;
pub mod property;
pub mod trace;

pub use model::{Context, Never, Process, ProcessId, Ticks};
