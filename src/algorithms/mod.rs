//! The built-in systems, each a plain implementation of [`Process`](crate::Process).
//!
//! They import `model` and `mutex` and nothing else: whatever a built-in algorithm can do, yours can.

pub mod coordinator;
pub mod neighbour_ring;
pub mod query_ring;

use crate::mutex::System;

/// What is to be done with a system that is known by its name only.
pub trait Visitor {
    /// What comes of it.
    type Output;
    /// Does it, with the system's type.
    fn visit<S: System>(self) -> Self::Output;
}

/// Adding a system is one line here, beside its module.
macro_rules! systems {
    ($($system:ty),* $(,)?) => {
        /// The names of the built-in systems.
        pub const NAMES: &[&str] = &[$(<$system as System>::NAME),*];

        /// Does something with the system of this name; `None` if there is none.
        pub fn with_system<V: Visitor>(name: &str, visitor: V) -> Option<V::Output> {
            $(if name == <$system as System>::NAME {
                return Some(visitor.visit::<$system>());
            })*
            let _ = (name, visitor);
            None
        }
    };
}

systems! {
    query_ring::QueryRing,
    neighbour_ring::NeighbourRing,
    coordinator::Durable,
    coordinator::Stateless,
    coordinator::Replicated,
}
