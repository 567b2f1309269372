use std::fmt;
use std::str::FromStr;

use crate::engine::Distribution;

/// How much is asked of a lock: more than 0, at most 1; four decimals. What it means is said at the
/// [module](crate::measure).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Load(u32);

const UNIT: u32 = 10_000;

/// A text that is no load.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no load: expected a number from 0.0001 (idle) to 1 (saturated)")]
pub struct BadLoad(String);

impl Load {
    /// Everyone always wants to enter.
    pub const SATURATED: Self = Self(UNIT);
    /// The lock is in use for a hundredth of the time.
    pub const IDLE: Self = Self(UNIT / 100);

    /// From one load to another, both included, and of those between 1 and 3 times each power of ten.
    pub fn between(from: Self, to: Self) -> Vec<Self> {
        let mut loads = vec![from];
        let mut power = 1;
        while power < UNIT {
            loads.extend([Self(power), Self(3 * power)].into_iter().filter(|&load| from < load && load < to));
            power *= 10;
        }
        if from < to {
            loads.push(to);
        }
        loads
    }

    /// The number.
    pub fn get(self) -> f64 {
        f64::from(self.0) / f64::from(UNIT)
    }

    /// How long each of so many applications thinks where a turn takes `turn` ticks.
    pub(super) fn thinking(self, applications: u32, turn: f64) -> Distribution {
        if self == Self::SATURATED {
            return 0.into();
        }
        let mean = f64::from(applications) * turn * f64::from(UNIT - self.0) / f64::from(self.0);
        let mean = mean.round().max(1.0) as u64;
        Distribution::Exponential { min: 0, mean, max: mean.saturating_mul(10) }
    }
}

impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.get(), f)
    }
}

impl FromStr for Load {
    type Err = BadLoad;

    fn from_str(text: &str) -> Result<Self, BadLoad> {
        let bad = || BadLoad(text.to_owned());
        let number: f64 = text.trim().parse().map_err(|_| bad())?;
        let scaled = (number * f64::from(UNIT)).round();
        let whole = (1.0..=f64::from(UNIT)).contains(&scaled) && (scaled / f64::from(UNIT) - number).abs() < 1e-9;
        if whole { Ok(Self(scaled as u32)) } else { Err(bad()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(text: &str) -> Load {
        text.parse().expect("a load")
    }

    #[test]
    fn it_is_more_than_nothing_and_at_most_all() {
        assert_eq!(load("0.01").to_string(), "0.01");
        assert_eq!(load("1"), Load::SATURATED);
        for bad in ["0", "1.0001", "-1", "nan", "", "0.00001", "half"] {
            assert!(bad.parse::<Load>().is_err(), "{bad}");
        }
    }

    #[test]
    fn between_two_are_ones_and_threes() {
        let loads = Load::between(load("0.01"), load("1"));
        assert_eq!(loads, ["0.01", "0.03", "0.1", "0.3", "1"].map(load));
        assert_eq!(Load::between(load("0.2"), load("0.5")), ["0.2", "0.3", "0.5"].map(load));
        assert_eq!(Load::between(load("0.5"), load("0.5")), [load("0.5")]);
    }

    #[test]
    fn at_one_half_a_process_thinks_as_long_as_all_take_their_turns() {
        let expected = Distribution::Exponential { min: 0, mean: 120, max: 1_200 };
        assert_eq!(load("0.5").thinking(8, 15.0), expected);
        assert_eq!(Load::SATURATED.thinking(8, 15.0), 0.into());
    }
}
