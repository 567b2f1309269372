//! The tests.

mod laws;
mod toy;
mod trace;
