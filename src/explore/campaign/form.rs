use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::Small;
use crate::engine::Topic;
use crate::explore::Schedule;

/// Failing schedules that are alike once they are small: they violate the same property and need the same faults, so
/// many crashes and so many lost messages. What differs in the timing alone is most often one bug.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    /// The property that they violate.
    pub property: String,
    /// How many faults of each kind they need.
    pub faults: BTreeMap<&'static str, u64>,
    /// How many of those that were made small have this form.
    pub schedules: u64,
    /// The seed of the one that is the smallest: it has the fewest decisions, then the fewest events.
    pub seed: u64,
    /// That one, small.
    pub schedule: Schedule,
    /// Whether it is 1-minimal.
    pub minimal: bool,
}

/// The forms, by property, those that most schedules have first.
pub(super) fn forms<'a>(small: impl Iterator<Item = &'a Small>) -> Vec<Form> {
    let mut alike: BTreeMap<_, Vec<&Small>> = BTreeMap::new();
    for one in small {
        alike.entry((&one.property, faults(&one.schedule))).or_default().push(one);
    }
    let mut forms: Vec<Form> = alike
        .into_iter()
        .filter_map(|((property, faults), all)| {
            let smallest = all.iter().min_by_key(|small| size(small))?;
            Some(Form {
                property: property.clone(),
                faults,
                schedules: all.len() as u64,
                seed: smallest.seed,
                schedule: smallest.schedule.clone(),
                minimal: smallest.minimal,
            })
        })
        .collect();
    // It is stable: alike numbers leave the order of the faults.
    forms.sort_by(|one, other| {
        (&one.property, Reverse(one.schedules)).cmp(&(&other.property, Reverse(other.schedules)))
    });
    forms
}

fn size(small: &Small) -> (usize, u64, u64) {
    let event = small.schedule.violation.as_ref().map_or(0, |violation| violation.event);
    (small.schedule.decisions.len(), event, small.seed)
}

pub(super) fn faults(schedule: &Schedule) -> BTreeMap<&'static str, u64> {
    let mut faults = BTreeMap::new();
    for fault in schedule.decisions.keys().filter_map(|key| fault(&key.topic)) {
        *faults.entry(fault).or_insert(0) += 1;
    }
    faults
}

/// What goes wrong by a decision about this; most are of the timing, or of how a fault goes on.
fn fault(topic: &Topic) -> Option<&'static str> {
    match topic {
        Topic::CrashAt { .. } | Topic::CrashIn { .. } | Topic::CrashAfter { .. } => Some("crash"),
        Topic::Loss { .. } => Some("loss"),
        Topic::Duplicate { .. } => Some("duplicate"),
        Topic::CutOff { .. } => Some("cut-off"),
        Topic::PartitionAt => Some("partition"),
        Topic::PauseAt { .. } => Some("pause"),
        Topic::SuspectAt { .. } => Some("false suspicion"),
        _ => None,
    }
}
