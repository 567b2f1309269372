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
    /// Where nothing comes in the end: the steps from this one on come again for ever; if there are none, nothing need
    /// happen after the last.
    pub cycle: Option<usize>,
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
            if self.cycle == Some(index) {
                f.write_str("\n  again and again:")?;
            }
            write!(f, "\n  {:>3}. {step}", index + 1)?;
        }
        if self.cycle == Some(self.steps.len()) {
            f.write_str("\n  and nothing need happen any more")?;
        }
        Ok(())
    }
}

/// The way to a violation, which is in the step between the last two states.
///
/// States are in canonical form, where counters are not what they were. So the way is gone once more from the start,
/// with the numbers that a run has.
pub(super) fn trace<P: Process, W: Watch<P>>(
    search: &mut Search<P, W>,
    from: Option<u32>,
    to: u32,
    found: Found,
) -> Counterexample {
    let mut walk = Walk::new(search, &from.map_or_else(Vec::new, |from| search.path(from)));
    let found = if from.is_some() { walk.step(search, to, true).unwrap_or(found) } else { found };
    let Found { property, processes, explanation } = found;
    Counterexample { property, processes, explanation, steps: walk.steps, cycle: None }
}

/// A run along known states.
pub(super) struct Walk {
    /// Where it is, with the numbers of the run.
    tuple: Vec<u32>,
    free: bool,
    pub(super) steps: Vec<Step>,
}

impl Walk {
    /// Along this path, which begins with a root.
    pub(super) fn new<P: Process, W: Watch<P>>(search: &mut Search<P, W>, path: &[u32]) -> Self {
        let mut walk = Self { tuple: Vec::new(), free: false, steps: Vec::new() };
        let Some((&root, path)) = path.split_first() else { return walk };
        let roots = search.space.roots();
        let is_root = |index: &usize| search.number(roots.get(*index).0) == Some(root);
        let index = (0..roots.len()).find(is_root).expect("a path begins with a root");
        walk.tuple = roots.get(index).0.to_vec();
        walk.free = search.is_free(root);
        for &state in path {
            walk.step(search, state, false);
        }
        walk
    }

    /// Goes on to a state, if need be by an event that violates something.
    pub(super) fn step<P: Process, W: Watch<P>>(
        &mut self,
        search: &mut Search<P, W>,
        to: u32,
        violates: bool,
    ) -> Option<Found> {
        let mut successors = Successors::default();
        search.space.successors(&self.tuple, self.free, &mut successors);
        let leads_there = |index: &usize| {
            let (tuple, successor) = successors.get(*index);
            successor.found.is_some() == violates && search.number(tuple) == Some(to)
        };
        let index =
            (0..successors.len()).find(leads_there).expect("an edge of the search is one of every run along it");
        let (tuple, successor) = successors.get(index);
        let (process, event) = search.space.describe(successor.event);
        self.steps.push(Step { process, event, crashes: successor.crashed });
        self.tuple = tuple.to_vec();
        self.free = search.is_free(to);
        successor.found.as_deref().cloned()
    }
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
