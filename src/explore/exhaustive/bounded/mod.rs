//! Every schedule of a small configuration in virtual time.

mod cycle;
mod path;
mod search;

use std::sync::Arc;

use self::path::{Edge, Teller};
use self::search::{OFTEN, Progress, Search, Stop};
use super::{Budget, Counterexample, Coverage, Exhaustive, Proof, Reduction, Reproducer, Spans, Verdict};
use crate::engine::interleaving::{Found, Watch as _};
use crate::engine::{Decisions, Distribution, End, Invalid, NO_PANIC};
use crate::explore::runner::{Case, Runner};
use crate::explore::schedule::{Recorded, Schedule};
use crate::explore::{Part, Round};
use crate::model::Ticks;
use crate::mutex::{Lookout, Mutex, Property};
use crate::trace::{Ending, Record, Recorder};
use crate::view::Token;

impl<P: Mutex> Exhaustive<'_, P> {
    /// Runs every schedule in virtual time.
    pub(super) fn decided_in_time(&self) -> Result<Proof, Invalid> {
        self.refuse_in_time()?;
        let properties = &self.case.properties;
        let looks_for_cycles = properties.iter().any(|property| property.is_liveness());
        let weighs = properties.contains(&Property::SingleToken);
        let watch = self.watch(properties);
        let mut search = Search::new(Arc::clone(&self.case.setup), watch, weighs, looks_for_cycles);
        let mut told = 0;
        let mut may = |progress: Progress| {
            let is_news = progress.transitions >= told + OFTEN;
            if is_news {
                told = progress.transitions;
            }
            let goes_on = !is_news || self.is_told(coverage(progress));
            goes_on && progress.bytes <= self.memory_bytes && progress.states < self.states_max
        };
        let verdict = match search.run(&mut may) {
            Stop::Limit => Verdict::Incomplete,
            Stop::Found { from, found } => self.violated_in_time(&mut search, from, &found)?,
            Stop::Exhausted => self.decide_cycles(&mut search)?,
        };
        let mut checked: Vec<_> = properties.iter().map(|property| property.name()).collect();
        checked.push(NO_PANIC);
        Ok(Proof {
            verdict,
            coverage: coverage(search.progress()),
            checked,
            unchecked: Vec::new(),
            budget: Budget { early_timers: 0, losses: 0, duplicates: 0, ..self.budget() },
            spans: Some(self.spans()),
            reduction: Reduction::None,
            estimate: None,
        })
    }

    fn spans(&self) -> Spans {
        let setup = &self.case.setup;
        let links = setup.network.links.iter().map(|link| link.delay_ticks);
        let delays = links.chain([setup.network.delay_ticks]);
        let workload = &self.case.workload;
        let of = |spread: Distribution| (spread.min(), spread.max());
        let widest = |all: &mut dyn Iterator<Item = Distribution>| {
            all.map(of).reduce(|one, other| (one.0.min(other.0), one.1.max(other.1)))
        };
        Spans {
            delay: widest(&mut delays.into_iter()).unwrap_or_default(),
            latency: of(setup.detector.latency_ticks),
            down: widest(&mut setup.faults.random.iter().filter_map(|group| group.down_ticks)),
            think: of(workload.think_ticks),
            hold: of(workload.hold_ticks),
        }
    }

    fn decide_cycles(&self, search: &mut Search<P, Lookout<P>>) -> Result<Verdict, Invalid> {
        let Some(edges) = &search.edges else { return Ok(Verdict::Verified) };
        let unsettled = |state: usize| {
            let facts = search.space.facts(search.states.get(state as u32));
            search.space.watch().unsettled(&facts)
        };
        let all = vec![true; search.states.len()];
        let is_in: Vec<bool> = (0..search.states.len()).map(|state| unsettled(state).is_some()).collect();
        let (round, stands_still) = if let Some(round) = edges.round(&all, true) {
            (round, true)
        } else if let Some(state) = edges.rest(&is_in) {
            (vec![state], false)
        } else if let Some(round) = edges.round(&is_in, false) {
            (round, false)
        } else {
            return Ok(Verdict::Verified);
        };
        let found = unsettled(round[0] as usize).filter(|_| !stands_still).unwrap_or_else(|| Found {
            property: "time_passes",
            processes: Vec::new(),
            explanation: "time stands still".to_owned(),
        });
        let stem = search.path(round[0]);
        let stem = Edge::along(search, &stem);
        let cycle = if round.len() > 1 { Edge::around(search, &round, stands_still) } else { Vec::new() };
        let mut teller = Teller::default();
        for edge in &stem {
            teller.tell(edge);
        }
        let (from, from_event) = (teller.steps.len(), teller.events);
        for edge in &cycle {
            teller.tell(edge);
        }
        let round = Round { from_event, to_event: teller.events };
        self.tell(&found, teller, Some(from), Some(round).filter(|_| !cycle.is_empty()))
    }

    fn violated_in_time(
        &self,
        search: &mut Search<P, Lookout<P>>,
        from: u32,
        found: &Found,
    ) -> Result<Verdict, Invalid> {
        let path = search.path(from);
        let mut edges = Edge::along(search, &path);
        edges.push(Edge::find(search, from, |next| next.found.is_some()));
        let mut teller = Teller::default();
        for edge in &edges {
            teller.tell(edge);
        }
        self.tell(found, teller, None, None)
    }

    /// The run that has these decisions; if it goes round, up to where it is back.
    fn tell(
        &self,
        found: &Found,
        teller: Teller,
        cycle: Option<usize>,
        round: Option<Round>,
    ) -> Result<Verdict, Invalid> {
        let Teller { decisions, steps, events, .. } = teller;
        let whole = Part { round, ..Part::default() };
        // It may come beyond a limit or the patience of the case, or when all is settled and the run is over.
        let beyond = Part { to_event: Some(events), ..whole.clone() };
        // Or after what is wrong with the case besides, and was not looked for.
        let checked = self.case.properties.iter().copied();
        let properties = checked.filter(|property| property.name() == found.property).collect();
        let alone = Part { properties: Some(properties), ..beyond.clone() };
        let mut parts = [whole, beyond, alone].into_iter();
        let replayed = parts.find_map(|part| self.replayed(found, part, &decisions).transpose());
        let (schedule, ending, records) =
            replayed.unwrap_or_else(|| panic!("what was found is no run: {found:?}, {decisions:?}"))?;
        Ok(Verdict::Violated(Box::new(Counterexample {
            property: found.property,
            processes: found.processes.clone(),
            explanation: found.explanation.clone(),
            steps,
            cycle,
            schedule: Reproducer::Timed(schedule),
            records,
            ending,
            count: self.case.setup.processes,
        })))
    }

    /// The schedule that has these decisions of this part, with its run, if that shows what was found.
    fn replayed(
        &self,
        found: &Found,
        part: Part,
        decisions: &Decisions,
    ) -> Result<Option<(Schedule, Ending, Vec<Record>)>, Invalid> {
        let whole = Case { properties: self.all_properties.clone(), ..self.case.clone() };
        let case = whole.part(&part).expect("locks may go round");
        let mut recorder = Recorder::new().with_states().following(Token);
        let (outcome, divergence) = Runner::new(&case)?.replay(decisions.clone(), &mut recorder);
        let End::Violated(violation) = &outcome.end else { return Ok(None) };
        if violation.property != found.property || !divergence.is_empty() {
            return Ok(None);
        }
        let violation = Some(Recorded::from(violation));
        let ending = part.ending(&outcome);
        let schedule = Schedule { violation, part, decisions: decisions.clone(), scenario: None };
        Ok(Some((schedule, ending, recorder.finish())))
    }

    /// Refuses what it does not have.
    fn refuse_in_time(&self) -> Result<(), Invalid> {
        let refused = |key: &str, problem: &str| Err(Invalid { key: key.to_owned(), problem: problem.to_owned() });
        let faults = &self.case.setup.faults;
        if !faults.crashes.is_empty() {
            return refused("faults.crashes", "expected none in bounded time: `faults.random`, of which all come");
        }
        if faults.messages.is_some() {
            return refused("faults.messages", "expected none: in bounded time no message is lost or repeated");
        }
        if !faults.pauses.is_empty() || faults.random_pauses.is_some() {
            return refused("faults.pauses", "expected none in bounded time");
        }
        if self.case.setup.network.service_ticks.max() > Ticks::ZERO {
            return refused("network.service_ticks", "expected 0 in bounded time: handling takes no time");
        }
        if self.early_timers > 0 {
            return refused("early_timers", "expected none: in bounded time timers fire when they are due");
        }
        if self.losses.unwrap_or(0) > 0 || self.duplicates.unwrap_or(0) > 0 {
            return refused("losses", "expected none: in bounded time no message is lost or repeated");
        }
        if self.reduction != Reduction::None {
            return refused("reduction", "expected none in bounded time");
        }
        Ok(())
    }
}

fn coverage(progress: Progress) -> Coverage {
    let Progress { states, transitions, frontier, bytes } = progress;
    Coverage { states, transitions, frontier, bytes, looked_through: 0 }
}

#[cfg(test)]
mod tests;
