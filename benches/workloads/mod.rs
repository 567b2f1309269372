//! What the benches run: on the engine, and as the *bare loop* that is its limit.

pub(crate) mod bare;
pub(crate) mod lock;
pub(crate) mod reference;
pub(crate) mod relay;
pub(crate) mod ring;
pub(crate) mod token;
