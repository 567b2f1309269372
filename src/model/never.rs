use serde::Serialize;

/// What cannot be: the timer of a process that sets none, the record of one that stores nothing.
///
/// It is [`std::convert::Infallible`] with the traits of a [`Value`](super::Value).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Never {}
