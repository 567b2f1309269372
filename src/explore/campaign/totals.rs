use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::engine::Limit;
use crate::explore::{Failing, Report};

/// What came of some schedules. Those of several parts are added in any order, and the sum is the same.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Totals {
    /// How many there were.
    pub schedules: u64,
    /// The events in them.
    pub events: u64,
    /// The messages sent in them.
    pub messages: u64,
    /// The entries into critical sections in them.
    pub entries: u64,
    /// How many requests those entries overtook; see [`Report::overtakes`].
    pub overtakes: u64,
    /// How many met a limit and prove nothing.
    pub cut_off: u64,
    /// The lowest seed that was cut off, and by which limit.
    pub first_cut_off: Option<(u64, Limit)>,
    /// In how many schedules each thing worth trying happened.
    pub sometimes: BTreeMap<String, u64>,
    /// The schedules that violate each property, the lowest seeds first.
    pub failing: BTreeMap<String, Failing>,
}

impl From<Report> for Totals {
    fn from(report: Report) -> Self {
        Self {
            schedules: report.schedules,
            events: report.events,
            messages: report.messages,
            entries: report.entries,
            overtakes: report.overtakes,
            cut_off: report.cut_off,
            first_cut_off: report.first_cut_off,
            sometimes: report.sometimes.into_iter().map(|(name, count)| (name.to_owned(), count)).collect(),
            failing: report.failing,
        }
    }
}

impl Totals {
    /// Whether every schedule ran to its end and no property was violated.
    pub fn holds(&self) -> bool {
        self.failing.is_empty() && self.cut_off == 0
    }

    /// Adds those of other schedules.
    pub fn add(&mut self, other: &Self) {
        self.schedules += other.schedules;
        self.events += other.events;
        self.messages += other.messages;
        self.entries += other.entries;
        self.overtakes += other.overtakes;
        self.cut_off += other.cut_off;
        let cut_off = [self.first_cut_off, other.first_cut_off];
        self.first_cut_off = cut_off.into_iter().flatten().min_by_key(|(seed, _)| *seed);
        for (name, count) in &other.sometimes {
            *self.sometimes.entry(name.clone()).or_insert(0) += count;
        }
        for (property, more) in &other.failing {
            let failing = self.failing.entry(property.clone()).or_default();
            failing.schedules += more.schedules;
            failing.seeds.extend(&more.seeds);
            failing.seeds.sort_unstable();
            failing.seeds.truncate(Failing::SEEDS);
        }
    }
}
