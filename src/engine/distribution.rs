use serde::{Deserialize, Serialize};

use crate::model::Ticks;

/// How a span of ticks is drawn. Every one is at least as long as its shortest, which is also the simplest answer.
///
/// In a scenario file: `{ constant = 5 }`, `{ uniform = [1, 10] }` (both ends included) or
/// `{ exponential = { min = 1, mean = 10, max = 100 } }`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Distribution {
    /// Always so many ticks.
    Constant(u64),
    /// Each number of ticks from the first to the second, both included, with the same probability.
    Uniform(u64, u64),
    /// `min` more than an exponentially distributed number of ticks, and what is above `max` is cut to `max`.
    Exponential {
        /// The shortest, in ticks.
        #[serde(default = "one")]
        min: u64,
        /// The mean before the cut, in ticks; at least `min`.
        mean: u64,
        /// The longest, in ticks.
        max: u64,
    },
}

fn one() -> u64 {
    1
}

/// Spans above this are refused, so that no sum of a run's spans comes near the end of time.
pub(crate) const SPAN_MAX: u64 = 1 << 40;

impl Distribution {
    /// The shortest span it can give.
    pub const fn min(&self) -> Ticks {
        match *self {
            Self::Constant(ticks) => Ticks::new(ticks),
            Self::Uniform(min, _) | Self::Exponential { min, .. } => Ticks::new(min),
        }
    }

    /// The longest span it can give.
    pub const fn max(&self) -> Ticks {
        match *self {
            Self::Constant(ticks) => Ticks::new(ticks),
            Self::Uniform(_, max) | Self::Exponential { max, .. } => Ticks::new(max),
        }
    }

    /// What is wrong with it, if spans must be at least `least` ticks.
    pub(crate) fn problem(&self, least: u64) -> Option<String> {
        let (min, max) = (self.min().get(), self.max().get());
        if min < least {
            return Some(format!("the shortest is {min}, expected at least {least}"));
        }
        if min > max {
            return Some(format!("the shortest is {min} and the longest {max}, expected the shortest first"));
        }
        if max > SPAN_MAX {
            return Some(format!("the longest is {max}, expected at most {SPAN_MAX}"));
        }
        match *self {
            Self::Exponential { mean, .. } if mean < min || mean > max => {
                Some(format!("the mean is {mean}, expected {min}..={max}"))
            }
            _ => None,
        }
    }
}

impl From<std::ops::RangeInclusive<u64>> for Distribution {
    fn from(range: std::ops::RangeInclusive<u64>) -> Self {
        Self::Uniform(*range.start(), *range.end())
    }
}

impl From<u64> for Distribution {
    fn from(ticks: u64) -> Self {
        Self::Constant(ticks)
    }
}
