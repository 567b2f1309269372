//! Schedules without a clock.

use std::path::Path;

use serde_json::json;

use super::layout::{count, indented};
use super::{Fault, input};
use crate::engine::Invalid;
use crate::explore::{Case, Counterexample, Departure, Exhaustive, UntimedSchedule};
use crate::mutex::System;
use crate::scenario::{Scenario, Visitor};

/// What a replay comes to.
pub(super) type Replayed = Result<Counterexample, Departure>;

/// Goes the way of an untimed schedule again, in the scenario of its file.
pub(super) fn replay(path: &Path, schedule: &UntimedSchedule) -> Result<(Scenario, Replayed), Fault> {
    let scenario = input::scenario_of(path, schedule.scenario.as_ref())?;
    let replayed = scenario.visit(Work { schedule });
    let replayed = replayed.map_err(|invalid| Fault::new(format!("{}: {invalid}", path.display())))?;
    Ok((scenario, replayed))
}

struct Work<'a> {
    schedule: &'a UntimedSchedule,
}

impl Visitor for Work<'_> {
    type Output = Result<Replayed, Invalid>;

    fn visit<S: System>(self, case: Case<S>) -> Self::Output {
        Exhaustive::of(case).replay(self.schedule)
    }
}

pub(super) fn text(schedule: &UntimedSchedule, replayed: &Replayed) -> String {
    let mut lines =
        vec![format!("an untimed schedule: {}, without a clock", count(schedule.moves.len() as u64, "move"))];
    match replayed {
        Ok(counterexample) => {
            lines.push(counterexample.to_string());
            lines.push("reproduced: the same events, and the same property at the last".to_owned());
        }
        Err(Departure { number, problem }) => {
            let was = &schedule.violation;
            lines.push(format!("not reproduced: it was {} at event {}", was.property, was.event));
            let end = schedule.moves.len();
            let place =
                if *number > end { "after the last move".to_owned() } else { format!("move {number} of {end}") };
            lines.push(format!("  {place}: {problem}"));
        }
    }
    lines.iter().flat_map(|text| text.lines()).map(indented).collect::<Vec<_>>().join("\n")
}

pub(super) fn json(schedule: &UntimedSchedule, replayed: &Replayed) -> String {
    let departure = replayed.as_ref().err();
    json!({
        "scenario": schedule.scenario.as_ref().map(|scenario| &scenario.name),
        "untimed": true,
        "reproduced": replayed.is_ok(),
        "recorded": schedule.violation,
        "moves": schedule.moves.len(),
        "departs_at": departure.map(|departure| departure.number),
        "problem": departure.map(|departure| &departure.problem),
    })
    .to_string()
}
