use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::layout::{grouped, width, wrap};
use super::output::Output;
use super::{Fault, Verdict, input};
use crate::engine::{End, Invalid, Outcome};
use crate::explore::{Case, Runner};
use crate::mutex::{Property, System};
use crate::scenario::{Expectation, Scenario, Visitor};

/// Run one schedule of a scenario, and tell what came of it
///
/// A seed is a schedule: the same file and the same seed are the same run, everywhere and always.
#[derive(Args)]
pub(super) struct Run {
    /// The scenario file
    file: PathBuf,
    /// Which schedule
    #[arg(long, value_name = "N", env = "JETON_SEED", default_value_t = 0)]
    seed: u64,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// What a run came to.
struct Ran {
    outcome: Outcome,
    properties: Vec<Property>,
    notes: Vec<&'static str>,
}

impl Run {
    pub(super) fn execute(self, output: &mut Output) -> Result<Verdict, Fault> {
        let scenario = input::scenario(&self.file)?;
        let ran = scenario.visit(Work { seed: self.seed }).map_err(|invalid| Fault::new(invalid.to_string()))?;
        let met = ran.meets(scenario.expect());
        output.lines(&if self.json { self.json_of(&scenario, &ran) } else { self.text_of(&scenario, &ran) });
        Ok(if met { Verdict::Met } else { Verdict::NotMet })
    }

    fn text_of(&self, scenario: &Scenario, ran: &Ran) -> String {
        let Outcome { end, at, stats } = &ran.outcome;
        let mut lines = vec![
            format!("{}, seed {}: {}", scenario.name(), self.seed, scenario.about()),
            format!(
                "{} events in {} ticks: {} messages ({} lost), {} crashes, {} restarts",
                grouped(stats.events),
                grouped(at.get()),
                grouped(stats.messages),
                grouped(stats.lost),
                stats.crashes,
                stats.restarts
            ),
        ];
        if !ran.notes.is_empty() {
            lines.push(format!("seen: {}", ran.notes.join(", ")));
        }
        let properties: Vec<&str> = ran.properties.iter().map(|property| property.name()).collect();
        let properties = properties.join(", ");
        match end {
            End::Violated(violation) => lines.push(violation.to_string()),
            End::CutOff(limit) => {
                let limit = format!("{limit:?}").to_lowercase();
                lines.push(format!("cut off: it met `limits.{limit}`, and proves nothing"));
            }
            End::Settled => lines.push(format!("every request was settled, and these hold: {properties}")),
            End::Quiescent => lines.push(format!("nothing is left to happen, and these hold: {properties}")),
        }
        if !ran.meets(scenario.expect()) {
            lines.push(format!("expected: {}", scenario.expect()));
        }
        let width = width();
        lines.iter().map(|line| wrap(line, "", width)).collect::<Vec<_>>().join("\n")
    }

    fn json_of(&self, scenario: &Scenario, ran: &Ran) -> String {
        let Outcome { end, at, stats } = &ran.outcome;
        let (end, violation) = match end {
            End::Violated(violation) => ("violated", Some(violation)),
            End::CutOff(_) => ("cut_off", None),
            End::Settled => ("settled", None),
            End::Quiescent => ("quiescent", None),
        };
        json!({
            "scenario": scenario.name(),
            "system": scenario.system(),
            "seed": self.seed,
            "expected": scenario.expect().name(),
            "met": ran.meets(scenario.expect()),
            "end": end,
            "ticks": at,
            "events": stats.events,
            "messages": stats.messages,
            "lost": stats.lost,
            "crashes": stats.crashes,
            "restarts": stats.restarts,
            "violation": violation,
            "seen": ran.notes,
        })
        .to_string()
    }
}

impl Ran {
    fn meets(&self, expectation: Expectation) -> bool {
        match (expectation, &self.outcome.end) {
            (Expectation::Holds, end) => matches!(end, End::Settled | End::Quiescent),
            (Expectation::Violates(property), End::Violated(violation)) => violation.property == property.name(),
            (Expectation::Violates(_), _) => false,
        }
    }
}

struct Work {
    seed: u64,
}

impl Visitor for Work {
    type Output = Result<Ran, Invalid>;

    fn visit<S: System>(self, case: Case<S>) -> Self::Output {
        let mut runner = Runner::new(&case)?;
        let outcome = runner.run(self.seed);
        let notes = runner.take_tally().counts().into_keys().collect();
        Ok(Ran { outcome, properties: case.properties, notes })
    }
}
