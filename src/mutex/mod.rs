//! The domain: what applications ask of a mutual exclusion algorithm and are told by it, the workload that drives any
//! of them, and the properties it must have.
//!
//! It knows processes only through their requests, their indications and the [`Mutex`] trait, never which algorithm it
//! looks at.

mod interface;
mod property;
mod system;

pub use interface::{DataId, Fence, Indication, Mutex, Replica, Request, TOKEN_ACCEPTED};
pub use property::Property;
pub(crate) use system::sealed;
pub use system::{Impossible, System};
