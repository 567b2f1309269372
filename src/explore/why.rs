use std::fmt;

use super::runner::{Case, Runner};
use super::trial::Trial;
use crate::engine::{Decisions, Invalid, Key, MessageId, Observer, World};
use crate::model::{Event, Process, ProcessId, Ticks};

/// Why a decision matters: the nearest schedule with a smaller answer, and the event at which the two part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// The decision.
    pub key: Key,
    /// Its answer in the schedule that violates the property.
    pub answer: u64,
    /// The answer of the other schedule, one less.
    pub instead: u64,
    /// The property that the other schedule violates, if any: another one, if the schedule was minimal.
    pub other_violation: Option<String>,
    /// What happens where the two part.
    pub happens: Happening,
    /// What happens there in the other.
    pub rather: Happening,
}

/// An event in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happening {
    /// When.
    pub at: Ticks,
    /// What; empty where nothing more happens.
    pub what: String,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, answer, instead, happens, rather, .. } = self;
        write!(f, "{key} = {answer}; with {instead} instead, ")?;
        if rather.what.is_empty() {
            return write!(f, "the run ends before tick {}: {}", happens.at, happens.what);
        }
        write!(f, "at tick {}: {}", rather.at, rather.what)?;
        if happens.what.is_empty() { Ok(()) } else { write!(f, " (and not, at tick {}: {})", happens.at, happens.what) }
    }
}

/// Says of each decision of a minimal schedule why it is needed.
///
/// # Errors
/// What in the setup cannot be.
pub fn why<P: Process, T: Trial<P>>(case: &Case<P, T>, decisions: &Decisions) -> Result<Vec<Reason>, Invalid> {
    why_first(case, decisions, usize::MAX)
}

/// Says it of so many decisions: each takes a run.
pub(super) fn why_first<P: Process, T: Trial<P>>(
    case: &Case<P, T>,
    decisions: &Decisions,
    most: usize,
) -> Result<Vec<Reason>, Invalid> {
    let mut runner = Runner::new(case)?;
    let mut log = Log::default();
    runner.replay(decisions.clone(), &mut log);
    let mut reasons = Vec::new();
    for (key, &answer) in decisions.iter().take(most) {
        let mut nearest = decisions.clone();
        let instead = answer.saturating_sub(1);
        if instead == 0 {
            nearest.remove(key);
        } else {
            nearest.insert(key.clone(), instead);
        }
        let mut other = Log::default();
        let (outcome, _) = runner.replay(nearest, &mut other);
        let other_violation = match outcome.end {
            crate::engine::End::Violated(violation) => Some(violation.property),
            _ => None,
        };
        let (happens, rather) = log.part(&other);
        reasons.push(Reason { key: key.clone(), answer, instead, other_violation, happens, rather });
    }
    Ok(reasons)
}

/// The events of a run in words.
#[derive(Debug, Default)]
struct Log(Vec<Happening>);

impl Log {
    fn push(&mut self, at: Ticks, what: String) {
        self.0.push(Happening { at, what });
    }

    /// The first events that differ in what happens; if none do, the first that differ in when.
    fn part(&self, other: &Self) -> (Happening, Happening) {
        let differ_in_what = |index: &usize| {
            self.0.get(*index).map(|happening| &happening.what) != other.0.get(*index).map(|happening| &happening.what)
        };
        let differ = |index: &usize| self.0.get(*index) != other.0.get(*index);
        let longest = self.0.len().max(other.0.len());
        let index = (0..longest).find(differ_in_what).or_else(|| (0..longest).find(differ)).unwrap_or(longest);
        let at = |log: &Self| {
            let end = Happening { at: log.0.last().map_or(Ticks::ZERO, |last| last.at), what: String::new() };
            log.0.get(index).cloned().unwrap_or(end)
        };
        (at(self), at(other))
    }
}

impl<P: Process> Observer<P> for Log {
    fn event(&mut self, process: ProcessId, event: &Event<P>, _message: Option<MessageId>, world: &World<P>) {
        let what = match event {
            Event::Start => format!("{process} starts"),
            Event::Request(request) => format!("{process} is asked to {request:?}"),
            Event::Message { from, message } => format!("{process} receives {message:?} from {from}"),
            Event::Timer(timer) => format!("at {process} the timer {timer:?} fires"),
            Event::Report(report) => format!("{process} is told {report:?}"),
            Event::Restart => format!("{process} restarts"),
        };
        self.push(world.now(), what);
    }

    fn crashed(&mut self, process: ProcessId, world: &World<P>) {
        self.push(world.now(), format!("{process} crashes"));
    }
}
