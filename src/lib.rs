//! Deterministic simulation of fault-tolerant distributed mutual exclusion.
#![forbid(unsafe_code)]

pub mod algorithms;
pub mod engine;
pub mod model;
pub mod mutex;

pub use model::{Context, Process, ProcessId, Ticks};
