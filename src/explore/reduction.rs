//! A part of a case: fewer processes, fewer requests, fewer faults.

use std::cmp::Ordering;
use std::fmt::Write as _;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::round::Round;
use super::runner::Case;
use super::trial::Trial;
use crate::engine::{Crash, Decisions, Faults, Key, Limits, Outcome, Pause, RandomCrashes, Setup, Topic};
use crate::model::{Process, ProcessId, Ticks};
use crate::mutex::Property;
use crate::trace::Ending;

/// What is left of a case in which a failing schedule was made small. Nothing is added, so what fails in the part is a
/// fault of the whole. Limits and patience are as in the whole, or else there are none but a last event: what comes in
/// bounded time may come beyond them, and what goes round for ever is told in one turn.
///
/// In a schedule file it is the table `[part]`, and stands for itself: whoever has the whole case, from a scenario or
/// from the setup of a test, can make the part again with [`Case::part`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Part {
    /// The processes that are taken out, by their ids in the whole. Those after each have moved up.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub without: Vec<ProcessId>,
    /// How many requests each process makes that is left; as in the whole, if empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub requests: Vec<u32>,
    /// The properties that are checked; as in the whole, if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub properties: Option<Vec<Property>>,
    /// The last event of its runs, which have no other limit and every patience; both are as in the whole, if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to_event: Option<u64>,
    /// The faults that are left, by the new ids; as in the whole, if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub faults: Option<Faults>,
    /// If its runs end where they come back to where they were: where that is. Their last event is then this one's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub round: Option<Round>,
}

impl Part {
    /// Whether it is the whole.
    pub fn is_whole(&self) -> bool {
        *self == Self::default()
    }

    /// What it is, in half a sentence: `4 of 5 processes (without p2), with 1, 0, 2, 0 requests`.
    pub fn describe(&self, processes: u32) -> String {
        let mut text = format!("{processes} processes");
        if !self.without.is_empty() {
            let without: Vec<String> = self.without.iter().map(ToString::to_string).collect();
            let all = processes as usize + without.len();
            text = format!("{processes} of {all} processes (without {})", without.join(", "));
        }
        if !self.requests.is_empty() {
            let requests: Vec<String> = self.requests.iter().map(ToString::to_string).collect();
            let _ = write!(text, ", with {} requests", requests.join(", "));
        }
        if let Some(properties) = &self.properties {
            let names: Vec<&str> = properties.iter().map(|property| property.name()).collect();
            let names = if names.is_empty() { "nothing".to_owned() } else { names.join(", ") };
            let _ = write!(text, ", with {names} checked");
        }
        if let Some(last) = self.last_event() {
            let _ = write!(text, ", up to event {last}");
            let _ = match self.round {
                Some(Round { from_event, .. }) => write!(text, ", which leads back to where event {from_event} led"),
                None => write!(text, " beyond every limit"),
            };
        }
        text
    }

    /// Where its runs end, if they have no other limit.
    pub(crate) fn last_event(&self) -> Option<u64> {
        self.round.map(|round| round.to_event).or(self.to_event)
    }

    /// The last line for a run of it that came to this.
    pub fn ending(&self, outcome: &Outcome) -> Ending {
        self.round.map_or_else(|| Ending::new(outcome), |round| round.ending(outcome))
    }
}

impl<P: Process, T: Trial<P>> Case<P, T> {
    /// A part of this case; `None` if there is none such, because there are no such processes or they cannot be taken
    /// out ([`Mutex::without`](crate::mutex::Mutex::without), [`Exploration::without`](super::Exploration::without)).
    pub fn part(&self, part: &Part) -> Option<Self> {
        let mut case = self.clone();
        let mut without = part.without.clone();
        without.sort_unstable();
        without.dedup();
        if without.len() != part.without.len() {
            return None;
        }
        for &process in without.iter().rev() {
            case = case.without(process)?;
        }
        if !part.requests.is_empty() {
            if part.requests.len() != case.setup.processes as usize {
                return None;
            }
            case.requests.clone_from(&part.requests);
        }
        if let Some(properties) = &part.properties {
            case.properties.clone_from(properties);
        }
        if let Some(faults) = &part.faults {
            Arc::make_mut(&mut case.setup).faults = faults.clone();
        }
        if let Some(round) = part.round {
            *case.trial.round()? = Some(round);
        }
        if let Some(last) = part.last_event() {
            // Its runs end there, and not before.
            Arc::make_mut(&mut case.setup).limits = Limits::of_events(last);
            case.patience = Ticks::MAX;
        }
        Some(case)
    }

    /// How many requests a process makes.
    pub(super) fn requests_of(&self, process: ProcessId) -> u32 {
        self.requests.get(process.index()).copied().unwrap_or(self.workload.requests)
    }

    /// Without a process; those after it have moved up.
    fn without(&self, process: ProcessId) -> Option<Self> {
        let Setup { processes, config, network, faults, .. } = &*self.setup;
        if process.get() >= *processes || *processes < 2 {
            return None;
        }
        let mut network = network.clone();
        network.links.retain(|link| link.from != process && link.to != process);
        for link in &mut network.links {
            (link.from, link.to) = (moved_up(link.from, process)?, moved_up(link.to, process)?);
        }
        let setup = Setup {
            processes: processes - 1,
            config: self.trial.without(config, *processes, process)?,
            network,
            faults: faults_without(faults, *processes, process),
            ..(*self.setup).clone()
        };
        let mut requests = self.requests.clone();
        if process.index() < requests.len() {
            requests.remove(process.index());
        }
        let Self { workload, properties, patience, strategy, trial, .. } = self.clone();
        Some(Self { setup: Arc::new(setup), workload, requests, properties, patience, strategy, trial })
    }

    /// Whether the drawn crashes of a schedule are such as could be drawn: each of a process of a group, and no more
    /// than the group has.
    pub(super) fn may_crash_as(&self, decisions: &Decisions) -> bool {
        let groups = &self.setup.faults.random;
        let mut left: Vec<u32> = groups.iter().map(|group| group.up_to).collect();
        decisions.iter().filter_map(victim).all(|victim| {
            let group = groups.iter().position(|group| group.has(victim));
            let left = group.map(|group| &mut left[group]).filter(|left| **left > 0);
            left.map(|left| *left -= 1).is_some()
        })
    }
}

/// Who crashes by this decision, if anyone does.
pub(super) fn victim((key, &answer): (&Key, &u64)) -> Option<ProcessId> {
    match key.topic {
        Topic::CrashAt { process } | Topic::CrashIn { process, .. } => Some(process),
        Topic::CrashAfter { .. } => Some(ProcessId::new(u32::try_from(answer).ok()?.checked_sub(1)?)),
        _ => None,
    }
}

/// The decisions of a schedule that are not about a process, with the new ids.
pub(super) fn decisions_without(decisions: &Decisions, process: ProcessId) -> Decisions {
    let renamed = |(key, &answer): (&Key, &u64)| {
        let topic = key.topic.renamed(|other| moved_up(other, process))?;
        let answer = match victim((key, &answer)) {
            Some(victim) if matches!(topic, Topic::CrashAfter { .. }) => {
                u64::from(moved_up(victim, process)?.get()) + 1
            }
            _ => answer,
        };
        Some((Key { topic, nth: key.nth }, answer))
    };
    decisions.iter().filter_map(renamed).collect()
}

/// The new id of a process when another is taken out; none of that one.
fn moved_up(process: ProcessId, gone: ProcessId) -> Option<ProcessId> {
    match process.cmp(&gone) {
        Ordering::Less => Some(process),
        Ordering::Equal => None,
        Ordering::Greater => Some(ProcessId::new(process.get() - 1)),
    }
}

fn faults_without(faults: &Faults, processes: u32, gone: ProcessId) -> Faults {
    let renamed = |those: &[ProcessId]| those.iter().filter_map(|&process| moved_up(process, gone)).collect();
    let crash = |crash: &Crash| Some(Crash { process: moved_up(crash.process, gone)?, ..crash.clone() });
    let pause = |pause: &Pause| Some(Pause { process: moved_up(pause.process, gone)?, ..*pause });
    let mut left = faults.clone();
    left.crashes = faults.crashes.iter().filter_map(crash).collect();
    left.pauses = faults.pauses.iter().filter_map(pause).collect();
    for partition in &mut left.partitions {
        partition.side = renamed(&partition.side);
    }
    // An empty side divides nobody, and an empty group would be one of everybody.
    left.partitions.retain(|partition| !partition.side.is_empty());
    left.random.retain(|group| group.among != [gone]);
    for group in &mut left.random {
        let before = if group.among.is_empty() { processes } else { group.among.len() as u32 };
        if group.has(gone) {
            group.up_to = fewer_crashes(group, before);
        }
        group.among = renamed(&group.among);
    }
    left
}

/// How many of a group of one process less may crash: as large a share, but one at least, and not all if not all could
/// before.
fn fewer_crashes(group: &RandomCrashes, before: u32) -> u32 {
    let RandomCrashes { up_to, down_ticks, .. } = *group;
    if down_ticks.is_some() {
        return up_to;
    }
    let left = before - 1;
    let share = (u64::from(up_to) * u64::from(left) / u64::from(before)) as u32;
    let most = if up_to < before { left.saturating_sub(1) } else { left };
    share.max(1).min(up_to).min(most)
}

#[cfg(test)]
mod tests;
