//! The built-in systems, each a plain implementation of [`Process`](crate::Process).
//!
//! They import `model` and `mutex` and nothing else: whatever a built-in algorithm can do, yours can.
//!
//! The first five survive faults. The others are what the literature compares with; see [`classic`].

pub mod carvalho_roucairol;
pub mod classic;
pub mod coordinator;
pub mod lamport;
pub mod maekawa;
pub mod naimi_trehel;
pub mod neighbour_ring;
pub mod query_ring;
pub mod raymond;
pub mod ricart_agrawala;
pub mod suzuki_kasami;

use self::classic::Classic;
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
    Classic<lamport::Lamport>,
    Classic<ricart_agrawala::RicartAgrawala>,
    Classic<carvalho_roucairol::CarvalhoRoucairol>,
    Classic<maekawa::Maekawa>,
    Classic<suzuki_kasami::SuzukiKasami>,
    Classic<raymond::Raymond>,
    Classic<naimi_trehel::NaimiTrehel>,
}
