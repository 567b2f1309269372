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
    Constant(#[cfg_attr(feature = "cli", schemars(range(max = SPAN_MAX)))] u64),
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
        #[cfg_attr(feature = "cli", schemars(range(max = SPAN_MAX)))]
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

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(spread: impl Into<Distribution>, least: u64) -> String {
        spread.into().problem(least).expect("it is refused")
    }

    fn exponential(min: u64, mean: u64, max: u64) -> Distribution {
        Distribution::Exponential { min, mean, max }
    }

    #[test]
    fn what_can_be_drawn_has_no_problem() {
        for spread in [Distribution::Constant(0), Distribution::Uniform(0, 0), exponential(0, 0, 0)] {
            assert_eq!(spread.problem(0), None, "{spread:?}");
        }
        for spread in [Distribution::Constant(SPAN_MAX), Distribution::Uniform(1, SPAN_MAX), exponential(1, 9, 9)] {
            assert_eq!(spread.problem(1), None, "{spread:?}");
        }
    }

    #[test]
    fn a_span_that_is_too_short_is_refused() {
        assert_eq!(problem(0, 1), "the shortest is 0, expected at least 1");
        assert_eq!(problem(2..=9, 3), "the shortest is 2, expected at least 3");
        assert_eq!(problem(exponential(0, 5, 9), 1), "the shortest is 0, expected at least 1");
    }

    #[test]
    #[expect(clippy::reversed_empty_ranges)]
    fn a_range_from_the_longest_to_the_shortest_is_refused() {
        assert_eq!(problem(9..=2, 1), "the shortest is 9 and the longest 2, expected the shortest first");
        assert_eq!(
            problem(exponential(9, 9, 2), 1),
            "the shortest is 9 and the longest 2, expected the shortest first"
        );
    }

    #[test]
    fn a_span_near_the_end_of_time_is_refused() {
        let expected = "the longest is 1099511627777, expected at most 1099511627776";
        assert_eq!(problem(SPAN_MAX + 1, 0), expected);
        assert_eq!(problem(1..=SPAN_MAX + 1, 0), expected);
    }

    #[test]
    fn a_mean_out_of_its_range_is_refused() {
        assert_eq!(problem(exponential(2, 1, 9), 1), "the mean is 1, expected 2..=9");
        assert_eq!(problem(exponential(2, 10, 9), 1), "the mean is 10, expected 2..=9");
    }

    #[test]
    fn the_shortest_and_the_longest_are_its_bounds() {
        let bounds = |spread: Distribution| (spread.min().get(), spread.max().get());
        assert_eq!(bounds(5.into()), (5, 5));
        assert_eq!(bounds((2..=9).into()), (2, 9));
        assert_eq!(bounds(exponential(1, 10, 100)), (1, 100));
    }

    #[test]
    fn it_is_written_in_a_scenario_as_the_documentation_says() {
        #[derive(Debug, PartialEq, Deserialize)]
        struct File {
            delay_ticks: Distribution,
        }
        let read = |text: &str| toml::from_str::<File>(text).map(|file| file.delay_ticks);
        assert_eq!(read("delay_ticks = { constant = 5 }"), Ok(Distribution::Constant(5)));
        assert_eq!(read("delay_ticks = { uniform = [1, 10] }"), Ok(Distribution::Uniform(1, 10)));
        let written = "delay_ticks = { exponential = { min = 2, mean = 10, max = 100 } }";
        assert_eq!(read(written), Ok(exponential(2, 10, 100)));
        assert_eq!(read(&written.replace("min = 2, ", "")), Ok(exponential(1, 10, 100)), "min is 1 if absent");
        assert!(read("delay_ticks = { normal = 5 }").is_err());
    }
}
