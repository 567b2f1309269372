//! The built-in systems, each a plain implementation of [`crate::Process`].

pub mod neighbour_ring;
