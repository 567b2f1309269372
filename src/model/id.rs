use std::fmt;

use serde::{Deserialize, Serialize};

/// The name of a process: its index, from 0 to the number of processes less one.
///
/// It is written `p3`, in text and in JSON as the bare number.
///
/// ```
/// use jeton::ProcessId;
/// assert_eq!(ProcessId::new(3).to_string(), "p3");
/// assert_eq!(ProcessId::all(3).last(), Some(ProcessId::new(2)));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProcessId(u32);

impl ProcessId {
    /// The process with this index.
    pub const fn new(index: u32) -> Self {
        Self(index)
    }

    /// The index as a number.
    pub const fn get(self) -> u32 {
        self.0
    }

    /// The index as a position in a slice that has one place a process.
    pub const fn index(self) -> usize {
        self.0 as usize
    }

    /// Every process of a system of `count`, in the order of their ids.
    pub fn all(count: u32) -> impl DoubleEndedIterator<Item = Self> + Clone {
        (0..count).map(Self)
    }
}

impl fmt::Display for ProcessId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "p{}", self.0)
    }
}

impl fmt::Debug for ProcessId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
