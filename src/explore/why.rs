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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explore::toy::{RULE, Rule, later, letters};

    fn told(rule: Rule, answer: u64) -> (Option<String>, String) {
        let reasons = why(&letters(1, rule), &later(0, 1, answer)).expect("a setup");
        assert_eq!((reasons.len(), reasons[0].answer, reasons[0].instead), (1, answer, answer - 1));
        (reasons[0].other_violation.clone(), reasons[0].to_string())
    }

    #[test]
    fn a_decision_is_held_against_the_same_with_an_answer_of_one_less() {
        let came = "p2 receives 1 from p0";
        let text = format!("delay p0->p2 #1 = 9; with 8 instead, at tick 9: {came} (and not, at tick 10: {came})");
        assert_eq!(told(|came| came.has(0, 1, 9), 9), (None, text.clone()));
        assert_eq!(told(|came| came.late(0) > 0, 9), (Some(RULE.to_owned()), text));
        let text = format!(
            "delay p0->p2 #1 = 1; with 0 instead, at tick 1: {came} (and not, at tick 1: p2 receives 1 from p1)"
        );
        assert_eq!(told(|came| came.has(0, 1, 1), 1), (None, text));
    }

    #[test]
    fn so_many_decisions_are_told_as_are_asked_for() {
        let (case, decisions) = (letters(3, |came| came.late(0) == 3), later(0, 3, 5));
        let all = why(&case, &decisions).expect("a setup");
        assert_eq!(all.iter().map(|reason| &reason.key).collect::<Vec<_>>(), decisions.keys().collect::<Vec<_>>());
        assert_eq!(why_first(&case, &decisions, 2).expect("a setup"), all[..2]);
    }

    #[test]
    fn of_two_runs_of_which_one_ends_before_the_other_goes_on() {
        let happening = |at, what: &str| Happening { at: Ticks::new(at), what: what.to_owned() };
        let told = |happens, rather| {
            let key = "delay p0->p1 #2".parse().expect("a key");
            Reason { key, answer: 3, instead: 2, other_violation: None, happens, rather }.to_string()
        };
        assert_eq!(
            told(happening(7, "p0 crashes"), happening(5, "")),
            "delay p0->p1 #2 = 3; with 2 instead, the run ends before tick 7: p0 crashes"
        );
        assert_eq!(
            told(happening(5, ""), happening(8, "p1 starts")),
            "delay p0->p1 #2 = 3; with 2 instead, at tick 8: p1 starts"
        );
    }
}
