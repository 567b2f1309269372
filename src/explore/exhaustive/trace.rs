//! How a state was reached.

use std::fmt;
use std::sync::Arc;

use super::lasso::Lasso;
use super::liveness::Due;
use super::search::Search;
use super::untimed::UntimedSchedule;
use super::walk::Walk;
use crate::engine::interleaving::{Found, Successor, Watch};
use crate::engine::{End, Outcome, Setup, Violation};
use crate::explore::schedule::{ScenarioText, Schedule};
use crate::model::{ProcessId, Ticks};
use crate::mutex::Mutex;
use crate::trace::{Ending, Header, Record, Trace};
use crate::view::diagram;

/// A schedule that violates a property: event by event, as short as any if the search was breadth first and left out
/// no order of events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counterexample {
    /// The name of the property.
    pub property: &'static str,
    /// The processes that it concerns.
    pub processes: Vec<ProcessId>,
    /// What is wrong, in one sentence without its full stop.
    pub explanation: String,
    /// The events that lead there, after all processes have started, and crashes before that.
    pub steps: Vec<Step>,
    /// Where nothing comes in the end: the steps from this one on come again for ever; if there are none, nothing need
    /// happen after the last.
    pub cycle: Option<usize>,
    /// The same for a file, to be replayed.
    pub schedule: Reproducer,
    /// The same as records of a run, with the states of processes and with where the token is. There is no time: each
    /// event has its number for a tick.
    pub records: Vec<Record>,
    /// How that run ended.
    pub ending: Ending,
    /// How many processes there are.
    pub count: u32,
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

/// A counterexample for a file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "there is one of each search")]
pub enum Reproducer {
    /// Of a search without a clock, to be replayed move by move.
    Untimed(UntimedSchedule),
    /// Of one in bounded time: a schedule of virtual time.
    Timed(Schedule),
}

impl Reproducer {
    /// With the scenario that it is of.
    #[must_use]
    pub fn with_scenario(mut self, scenario: ScenarioText) -> Self {
        match &mut self {
            Self::Untimed(schedule) => schedule.scenario = Some(scenario),
            Self::Timed(schedule) => schedule.scenario = Some(scenario),
        }
        self
    }
}

impl fmt::Display for Reproducer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Untimed(schedule) => schedule.fmt(f),
            Self::Timed(schedule) => schedule.fmt(f),
        }
    }
}

impl Counterexample {
    /// Draws it for a terminal, `width` characters wide.
    pub fn draw(&self, width: usize) -> String {
        diagram().width(width).render(self.count, &self.records, Some(&self.ending))
    }

    /// It as the trace of a run of this scenario.
    pub fn trace(&self, scenario: impl Into<String>) -> Trace {
        let header = Header::new(scenario, self.count);
        Trace { header, records: self.records.clone(), ending: self.ending.clone() }
    }
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
pub(super) fn trace<P: Mutex, W: Watch<P>>(
    setup: &Arc<Setup<P>>,
    search: &mut Search<P, W>,
    from: Option<u32>,
    to: u32,
    found: Found,
) -> Counterexample {
    search.space.keep_diary();
    let Some(from) = from else {
        let mut walk = Walk::new(setup, &mut search.space);
        walk.begin(search, &mut |_, _, other| other.is_some_and(|other| other.property == found.property));
        return tell(walk, setup.processes, found, None);
    };
    let path = search.path(from);
    let mut walk = Walk::along(setup, search, &path);
    let violates = |other: Option<&Found>| other.is_some_and(|other| other.property == found.property);
    let last = walk.step(search, |search, tuple, successor| {
        violates(successor.found.as_deref()) && search.number(tuple) == Some(to)
    });
    tell(walk, setup.processes, last.unwrap_or(found), None)
}

/// The way to something unsettled, and round for ever.
pub(super) fn lasso<P: Mutex, W: Watch<P>>(
    setup: &Arc<Setup<P>>,
    search: &mut Search<P, W>,
    lasso: Lasso,
) -> Counterexample {
    let Lasso { start, cycle, found } = lasso;
    search.space.keep_diary();
    let path = search.path(start);
    let mut walk = Walk::along(setup, search, &path);
    let (before, event) = (walk.moves.len(), walk.event());
    for (to, due) in cycle {
        let here = walk.tuple().to_vec();
        walk.step(search, |search, tuple, successor| {
            let Successor { event, crashed, .. } = *successor;
            let came = Due::of(&search.space, &here, event, crashed);
            successor.found.is_none() && came == due && search.number(tuple) == Some(to)
        });
    }
    tell(walk, setup.processes, found, Some((before, event)))
}

/// A walk that ends with what is found, or with having gone round since so many moves and this event.
pub(super) fn tell<P: Mutex>(walk: Walk<P>, count: u32, found: Found, round: Option<(usize, u64)>) -> Counterexample {
    let (steps, moves, records, stats) = walk.finish();
    let starts = moves.len() - steps.len();
    let Found { property, processes, explanation } = found;
    let at = Ticks::new(stats.events);
    let violation = Violation {
        property: property.to_owned(),
        at,
        event: stats.events,
        processes: processes.clone(),
        explanation: explanation.clone(),
    };
    let mut ending = Ending::new(&Outcome { end: End::Violated(violation), at, stats });
    ending.cycle_from_event = round.map(|(_, event)| event);
    let schedule = UntimedSchedule::new(property, stats.events, &explanation, moves, round.map(|(moves, _)| moves));
    let cycle = round.map(|(moves, _)| moves - starts);
    let schedule = Reproducer::Untimed(schedule);
    Counterexample { property, processes, explanation, steps, cycle, schedule, records, ending, count }
}
