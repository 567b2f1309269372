//! Going the way of an untimed schedule again.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::liveness::Due;
use super::search::{Order, Search};
use super::trace::{Counterexample, Reproducer, tell};
use super::untimed::{UntimedBounds, UntimedSchedule};
use super::walk::Walk;
use super::{Exhaustive, refuse};
use crate::engine::interleaving::{Bounds, Found, Successors, Watch as _};
use crate::engine::{Invalid, NO_PANIC};
use crate::mutex::{Lookout, Mutex, Property};

/// Why a run is not what an untimed schedule says.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("move {number}: {problem}")]
pub struct Departure {
    /// With which move it departs from it, counted from 1; one more than there are moves, if not before the end.
    pub number: usize,
    /// What is not as it was.
    pub problem: String,
}

impl<P: Mutex> Exhaustive<'_, P> {
    /// Goes the way of an untimed schedule, within its bounds, and sees that it shows what it did when it was kept.
    ///
    /// The `Err` within is for a schedule that this case does not have, or that shows something else.
    ///
    /// # Errors
    /// What in the setup cannot be, or has no meaning without a clock.
    pub fn replay(&self, schedule: &UntimedSchedule) -> Result<Result<Counterexample, Departure>, Invalid> {
        self.case.validate()?;
        refuse(&self.case)?;
        let name = &schedule.violation.property;
        let property = serde_json::from_value::<Property>(name.as_str().into()).ok();
        if property.is_none() && name != NO_PANIC {
            return Ok(Err(Departure { number: 1, problem: format!("there is no property `{name}`") }));
        }
        let properties: Vec<Property> = property.into_iter().collect();
        let watch = self.watch(&properties);
        let UntimedBounds { early_timers, losses, duplicates } = schedule.bounds;
        let weighs = properties.contains(&Property::SingleToken);
        let early_timers = (early_timers < u32::MAX).then_some(early_timers);
        let bounds = Bounds { early_timers, losses, duplicates, weighs };
        let mut search = Search::new(Arc::clone(&self.case.setup), watch, bounds, Order::default(), 1);
        search.space.keep_diary();
        let walk = Walk::new(&self.case.setup, &mut search.space);
        let replay = Replay { schedule, search, walk, round: Round::default() };
        Ok(replay.run().map(|mut counterexample| {
            counterexample.schedule = Reproducer::Untimed(schedule.clone());
            counterexample
        }))
    }
}

struct Replay<'a, P: Mutex> {
    schedule: &'a UntimedSchedule,
    search: Search<P, Lookout<P>>,
    walk: Walk<P>,
    round: Round,
}

/// What was seen of a cycle.
#[derive(Default)]
struct Round {
    /// The state with which it begins, and the event before.
    start: Option<(Vec<u32>, u64)>,
    /// What is due in each state so far.
    always: Option<BTreeSet<Due>>,
    comes: BTreeSet<Due>,
    unsettled: Option<Found>,
}

impl<P: Mutex> Replay<'_, P> {
    fn run(mut self) -> Result<Counterexample, Departure> {
        let count = self.search.space.count();
        let moves = &self.schedule.moves;
        if self.schedule.cycle_from.is_some_and(|from| from < count) {
            let problem = format!("a cycle begins before the {count} processes have started");
            return Err(Departure { number: 1, problem });
        }
        for (index, line) in moves.iter().enumerate() {
            if self.schedule.cycle_from == Some(index) {
                self.round.start = Some((self.walk.tuple().to_vec(), self.walk.event()));
            }
            let departs = |problem| Departure { number: index + 1, problem };
            let found = self.go(index, line).map_err(departs)?;
            let Some(found) = found else { continue };
            let is_wanted = found.property == self.schedule.violation.property && self.schedule.cycle_from.is_none();
            if !is_wanted || index + 1 < moves.len() {
                let Found { property, explanation, .. } = found;
                return Err(departs(format!("it violates {property} here: {explanation}")));
            }
            return self.end(found, None);
        }
        let departs = |problem: &str| Departure { number: moves.len() + 1, problem: problem.to_owned() };
        let Some(from) = self.schedule.cycle_from else { return Err(departs("nothing is violated")) };
        let (found, event) = if from == moves.len() { self.rest() } else { self.cycle() }.map_err(departs)?;
        self.end(found, Some((from, event)))
    }

    /// The next move; returns what it violates.
    fn go(&mut self, index: usize, line: &str) -> Result<Option<Found>, String> {
        let Self { search, walk, .. } = self;
        let start = (index < search.space.count()).then_some(index as u16);
        let here = walk.tuple().to_vec();
        let mut successors = Successors::default();
        match start {
            Some(process) => search.space.start(process, &here, &mut successors),
            None => search.space.successors(&here, true, &mut successors),
        }
        let (_, text) = line.split_once(' ').ok_or_else(|| format!("`{line}` is no move"))?;
        let lines = walk.lines(&search.space, &successors, start, |other| other == text);
        if lines.is_empty() {
            let possible = walk.lines(&search.space, &successors, start, |_| true);
            return Err(format!("`{text}` cannot come; {}", possibilities(possible.iter().map(|(_, l)| &*l.text))));
        }
        let Some((chosen, _)) = lines.iter().find(|(_, other)| other.to_string() == line) else {
            return Err(format!("`{text}` comes, and does something else than when this was kept"));
        };
        if self.round.start.is_some() {
            let due = Due::all_of(&search.space, &here, &successors);
            self.round.always = Some(self.round.always.take().map_or_else(|| due.clone(), |always| &always & &due));
            let successor = successors.get(*chosen).1;
            self.round.comes.extend(Due::of(&search.space, &here, successor.event, successor.crashed));
            let unsettled = search.space.watch().unsettled(&search.space.facts(&here));
            self.round.unsettled = self.round.unsettled.take().or(unsettled);
        }
        walk.take(&search.space, &successors, *chosen, start);
        Ok(successors.get(*chosen).1.found.as_deref().cloned())
    }

    /// Nothing need happen any more.
    fn rest(&mut self) -> Result<(Found, u64), &'static str> {
        let here = self.walk.tuple().to_vec();
        let mut successors = Successors::default();
        self.search.space.successors(&here, true, &mut successors);
        if !Due::all_of(&self.search.space, &here, &successors).is_empty() {
            return Err("something is sure to come, and so this is no end");
        }
        let found = self.search.space.watch().unsettled(&self.search.space.facts(&here));
        Ok((found.ok_or("nothing is violated")?, self.walk.event()))
    }

    /// It has gone round once.
    fn cycle(&mut self) -> Result<(Found, u64), &'static str> {
        let (mut start, event) = self.round.start.take().ok_or("there is no cycle")?;
        let mut end = self.walk.tuple().to_vec();
        self.search.space.canonical(&mut start);
        self.search.space.canonical(&mut end);
        if start != end {
            return Err("it does not come back to where its cycle begins");
        }
        if !self.round.always.take().unwrap_or_default().is_subset(&self.round.comes) {
            return Err("its cycle is unfair: something that is possible all the way round never comes");
        }
        Ok((self.round.unsettled.take().ok_or("nothing is violated")?, event))
    }

    fn end(self, found: Found, round: Option<(usize, u64)>) -> Result<Counterexample, Departure> {
        let recorded = &self.schedule.violation;
        let (number, event) = (self.schedule.moves.len(), self.walk.event());
        if found.property != recorded.property || event != recorded.event {
            let Found { property, .. } = found;
            let problem =
                format!("{property} at event {event}, and it was {} at event {}", recorded.property, recorded.event);
            return Err(Departure { number, problem });
        }
        Ok(tell(self.walk, self.search.space.count() as u32, found, round))
    }
}

/// What can come, as far as it is worth saying.
fn possibilities<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    const TOLD: usize = 6;
    let texts: BTreeSet<&str> = texts.collect();
    if texts.is_empty() {
        return "nothing can".to_owned();
    }
    let told: Vec<String> = texts.iter().take(TOLD).map(|text| format!("`{text}`")).collect();
    let more = texts.len().saturating_sub(TOLD);
    let rest = if more > 0 { format!(", and {more} more") } else { String::new() };
    format!("what can: {}{rest}", told.join(", "))
}
