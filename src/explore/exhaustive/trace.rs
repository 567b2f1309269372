//! How a state was reached, in words.

use std::fmt;

use super::search::Search;
use crate::engine::interleaving::{Found, Move, Successors, Watch};
use crate::model::{Process, ProcessId};

/// A schedule that violates a property: event by event, as short as any if the search was breadth first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counterexample {
    /// The name of the property.
    pub property: &'static str,
    /// The processes that it concerns.
    pub processes: Vec<ProcessId>,
    /// What is wrong, in one sentence without its full stop.
    pub explanation: String,
    /// The events that lead there, after all processes have started.
    pub steps: Vec<Step>,
}

/// One event of a counterexample.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The process that it befalls.
    pub process: ProcessId,
    /// What happens, in words, without a full stop.
    pub event: String,
    /// The process crashes in it.
    pub crashes: bool,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let crashes = if self.crashes { ", and crashes in it" } else { "" };
        write!(f, "{} {}{crashes}", self.process, self.event)
    }
}

impl fmt::Display for Counterexample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} violated after {} events: {}", self.property, self.steps.len(), self.explanation)?;
        for (index, step) in self.steps.iter().enumerate() {
            write!(f, "\n  {:>3}. {step}", index + 1)?;
        }
        Ok(())
    }
}

/// The way to a violation, which is in the step between the last two states.
pub(super) fn trace<P: Process, W: Watch<P>>(
    search: &mut Search<P, W>,
    from: Option<u32>,
    to: u32,
    found: Found,
) -> Counterexample {
    let path = from.map_or_else(Vec::new, |from| search.path(from));
    let mut steps = Vec::new();
    for index in 0..path.len() {
        let next = path.get(index + 1).copied();
        steps.extend(step(search, path[index], next.unwrap_or(to), next.is_none()));
    }
    let Found { property, processes, explanation } = found;
    Counterexample { property, processes, explanation, steps }
}

/// An event that leads from one state to another, and, if it is to, violates something.
fn step<P: Process, W: Watch<P>>(search: &mut Search<P, W>, from: u32, to: u32, violates: bool) -> Option<Step> {
    let target = search.tuple(to).to_vec();
    let source = search.tuple(from).to_vec();
    let free = search.is_free(from);
    let mut successors = Successors::default();
    search.space.successors(&source, free, &mut successors);
    let leads_there = |index: &usize| {
        let (tuple, successor) = successors.get(*index);
        tuple == target && successor.found.is_some() == violates
    };
    let index = (0..successors.len()).find(leads_there)?;
    let (_, successor) = successors.get(index);
    let (process, event) = search.space.describe(successor.event);
    Some(Step { process, event, crashes: successor.crashed })
}

impl<P: Process, W: Watch<P>> crate::engine::interleaving::Space<P, W> {
    /// Whom an event befalls, and what it is.
    fn describe(&self, event: Move) -> (ProcessId, String) {
        let id = |process: u16| ProcessId::new(process.into());
        match event {
            Move::Deliver { from, to, message } => {
                (id(to), format!("handles {:?} from {}", self.message(message), id(from)))
            }
            Move::Lose { from, to, message } => {
                (id(to), format!("never gets {:?} from {}: it is lost", self.message(message), id(from)))
            }
            Move::Repeat { from, to, message } => {
                (id(to), format!("handles a copy of {:?} from {}", self.message(message), id(from)))
            }
            Move::Miss { from, to, message } => {
                (id(to), format!("is down when {:?} from {} comes", self.message(message), id(from)))
            }
            Move::Report { observer, of } => (id(observer), format!("is told that {} crashed", id(of))),
            Move::Fire { process, timer, early } => {
                let early = if early { " early" } else { "" };
                (id(process), format!("has its timer {:?} fire{early}", self.timer(timer)))
            }
            Move::Request { process, request } => (id(process), format!("is asked to {:?}", self.requested(request))),
            Move::Crash { process } => (id(process), "crashes".to_owned()),
            Move::Restart { process } => (id(process), "comes back".to_owned()),
        }
    }
}
