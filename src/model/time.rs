use std::fmt;
use std::ops::{Add, AddAssign, Sub};

use serde::{Deserialize, Serialize};

/// Virtual time, or a span of it, in ticks. A tick has no length: only the order of events and the ratios of spans mean
/// something.
///
/// Arithmetic saturates: a timer set for `Ticks::MAX` from now never fires, and nothing wraps round.
///
/// ```
/// use jeton::Ticks;
/// assert_eq!(Ticks::new(2) + Ticks::new(3), Ticks::new(5));
/// assert_eq!(Ticks::MAX + Ticks::new(1), Ticks::MAX);
/// assert_eq!(Ticks::new(2) - Ticks::new(3), Ticks::ZERO);
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ticks(u64);

impl Ticks {
    /// The start of a run, and the empty span.
    pub const ZERO: Self = Self(0);
    /// Later than any event of any run.
    pub const MAX: Self = Self(u64::MAX);

    /// So many ticks.
    pub const fn new(ticks: u64) -> Self {
        Self(ticks)
    }

    /// The number of ticks.
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl Add for Ticks {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Ticks {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for Ticks {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl From<u64> for Ticks {
    fn from(ticks: u64) -> Self {
        Self(ticks)
    }
}

impl fmt::Display for Ticks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Ticks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}t", self.0)
    }
}
