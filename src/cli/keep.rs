//! A seed made into a schedule file.

use std::path::Path;

use super::Fault;
use super::output::NewFile;
use crate::engine::{End, Invalid};
use crate::explore::{Case, Recorded, Runner, ScenarioText, Schedule, Strategy, minimise};
use crate::mutex::System;
use crate::scenario::{Scenario, Visitor};

/// Minimising stops after so many runs.
const RUNS_MAX: u64 = 20_000;

/// Records the schedule of a seed, makes it small if it violates a property, and writes it to a file. Returns how many
/// decisions are in it.
pub(super) fn keep(scenario: &Scenario, strategy: Strategy, seed: u64, file: &Path) -> Result<usize, Fault> {
    let file = NewFile::create(file)?;
    let mut schedule = scenario.visit(Work { strategy, seed }).map_err(|invalid| Fault::new(invalid.to_string()))?;
    schedule.scenario = Some(ScenarioText { name: scenario.name().to_owned(), source: scenario.source().to_owned() });
    file.finish(schedule.to_string().as_bytes())?;
    Ok(schedule.decisions.len())
}

struct Work {
    strategy: Strategy,
    seed: u64,
}

impl Visitor for Work {
    type Output = Result<Schedule, Invalid>;

    fn visit<S: System>(self, mut case: Case<S>) -> Self::Output {
        case.strategy = self.strategy;
        let (outcome, decisions) = Runner::new(&case)?.record(self.seed);
        let End::Violated(violation) = &outcome.end else {
            return Ok(Schedule { decisions, ..Schedule::default() });
        };
        Ok(match minimise(&case, &decisions, &violation.property, RUNS_MAX)? {
            Some(small) => Schedule {
                violation: Some(Recorded::from(&small.violation)),
                decisions: small.decisions,
                ..Schedule::default()
            },
            None => Schedule { violation: Some(Recorded::from(violation)), decisions, ..Schedule::default() },
        })
    }
}
