//! What a system stands on: its baseline, in which everything holds, and that with one assumption taken away.

use toml::{Table, Value};

use super::{Error, Scenario};
use crate::algorithms::{Visitor, with_system};
use crate::mutex::System;

/// Something that a system may need, and what a scenario file says to take it away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Assumption {
    /// What is the case when it is taken away.
    pub name: &'static str,
    /// The keys of a scenario file that take it away, as TOML.
    pub patch: &'static str,
}

/// What is taken from every system; what is a system's own is in [`System::DIALS`].
const COMMON: [Assumption; 12] = [
    Assumption { name: "baseline", patch: "" },
    Assumption { name: "unordered channels", patch: "network.order = 'unordered'" },
    Assumption { name: "unordered reports", patch: "detector.order = 'unordered'" },
    Assumption { name: "last messages of the dead lost", patch: "network.from_dead = 'prefix'" },
    Assumption { name: "messages of the dead lost", patch: "network.from_dead = 'drop'" },
    Assumption { name: "datagrams", patch: "network.to_dead = 'datagram'" },
    Assumption {
        name: "detector of class ◇P",
        patch: "detector = { class = 'eventually_perfect', suspicions = { up_to = 2 } }",
    },
    Assumption { name: "no detector", patch: "detector.class = 'none'" },
    Assumption { name: "messages lost", patch: "faults.messages = { loss_per_mille = 30, until_tick = 400 }" },
    Assumption {
        name: "messages duplicated",
        patch: "faults.messages = { duplicate_per_mille = 30, until_tick = 400 }",
    },
    Assumption { name: "partitions", patch: "faults.random_partitions = { up_to = 1 }" },
    Assumption { name: "pauses", patch: "faults.random_pauses = { up_to = 2 }" },
];

/// What can be taken from a system, its baseline first; `None` if there is no such system.
pub fn assumptions(system: &str) -> Option<Vec<Assumption>> {
    struct Dials;
    impl Visitor for Dials {
        type Output = &'static [(&'static str, &'static str)];
        fn visit<S: System>(self) -> Self::Output {
            S::DIALS
        }
    }
    let dials = with_system(system, Dials)?;
    let own = dials.iter().map(|&(name, patch)| Assumption { name, patch });
    Some(COMMON.into_iter().chain(own).collect())
}

impl Scenario {
    /// The baseline of a system with one assumption taken away.
    ///
    /// # Errors
    /// If the two do not make a scenario: the fault is the assumption's.
    pub fn without(system: &str, assumption: &Assumption) -> Result<Self, Error> {
        struct Baseline;
        impl Visitor for Baseline {
            type Output = &'static str;
            fn visit<S: System>(self) -> Self::Output {
                S::BASELINE
            }
        }
        let path = format!("{system}.toml");
        let baseline = with_system(system, Baseline).unwrap_or_default();
        let (Ok(mut scenario), Ok(patch)) = (baseline.parse::<Table>(), assumption.patch.parse::<Table>()) else {
            // Whichever it is, reading it again says what is wrong with it.
            return Self::parse(&path, baseline).and_then(|_| Self::parse(&path, assumption.patch));
        };
        overlay(&mut scenario, patch);
        Self::parse(&path, &scenario.to_string())
    }
}

/// Puts one table over another: tables are joined, anything else is replaced.
fn overlay(under: &mut Table, over: Table) {
    for (key, value) in over {
        match (under.get_mut(&key), value) {
            (Some(Value::Table(under)), Value::Table(over)) => overlay(under, over),
            (_, value) => {
                under.insert(key, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::algorithms::NAMES;

    #[test]
    fn every_system_can_be_run_without_any_of_its_assumptions() {
        for system in NAMES {
            for assumption in assumptions(system).expect("a system") {
                let scenario = Scenario::without(system, &assumption);
                assert!(scenario.is_ok(), "{system}, {}: {}", assumption.name, scenario.unwrap_err());
            }
        }
    }

    #[test]
    fn there_are_none_of_what_is_no_system() {
        assert_eq!(assumptions("query_rin"), None);
    }

    #[test]
    fn tables_are_joined_and_the_rest_is_replaced() {
        let mut under: Table = "a = { b = 1, c = [1, 2] }\nd = 1".parse().expect("TOML");
        overlay(&mut under, "a = { c = [3], e = 4 }\nf = 5".parse().expect("TOML"));
        assert_eq!(under, "a = { b = 1, c = [3], e = 4 }\nd = 1\nf = 5".parse::<Table>().expect("TOML"));
    }
}
