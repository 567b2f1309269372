//! Properties of any system: what must always hold, what must eventually happen, what must happen sometimes.
//!
//! A property is an [`Observer`](crate::engine::Observer) with a verdict, fed event by event. It must never scan all
//! processes at each event, and it knows no domain: those of mutual exclusion are in [`crate::mutex`].
//!
//! Properties are combined as pairs: `(always(..), (eventually(..), sometimes(..)))` is one observer.

mod always;
mod eventually;
mod tally;
#[cfg(test)]
mod tests;

pub use always::{Always, Sometimes, always, sometimes};
pub use eventually::{Eventually, Obligations, eventually};
pub use tally::Tally;
