//! The domain: what applications ask of a mutual exclusion algorithm and are told by it, the workload that drives any
//! of them, and the properties it must have.
//!
//! It knows processes only through their requests, their indications and the [`Mutex`] trait, never which algorithm it
//! looks at.

mod accounting;
mod explain;
mod fairness;
mod holders;
mod interface;
mod monitor;
mod property;
mod queues;
mod replicas;
mod system;
mod tokens;
mod waiting;
mod watch;
mod workload;

pub use accounting::{Accounting, Entry, Purpose, Sum};
pub use interface::{DataId, Fence, Indication, Mutex, Replica, Request, TOKEN_ACCEPTED, Wait, Whose};
pub use monitor::Monitor;
pub use property::Property;
pub(crate) use system::sealed;
pub use system::{Circumstances, Impossible, Parameters, System};
pub(crate) use watch::Lookout;
pub use workload::{Applications, Workload};
