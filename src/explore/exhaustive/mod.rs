//! Every interleaving of a small configuration.

mod search;

pub use search::Order;
