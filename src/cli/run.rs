use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::explore::shell_word;
use super::hang::{self, Patience};
use super::keep::Keep;
use super::layout::{count, grouped, width, wrap};
use super::number::{self, number};
use super::output::{NewFile, Output};
use super::{Fault, Verdict, input, strategy, view};
use crate::engine::{End, Invalid, Outcome};
use crate::explore::{Case, Hang, Runner, Strategy, Watchdog};
use crate::mutex::{Property, System};
use crate::scenario::{Expectation, Scenario, Visitor};
use crate::trace::{Ending, Header, Record, Recorder, Sink, Writer};
use crate::view::{Token, diagram};

/// Run one schedule of a scenario, and tell what came of it
///
/// A seed is a schedule: the same file and the same seed are the same run, everywhere and always. Exit status: 0 if the
/// run is as the scenario expects, 1 if not, 2 if the input is at fault.
#[derive(Args)]
pub(super) struct Run {
    /// The scenario file
    file: PathBuf,
    /// Which schedule
    #[arg(long, value_name = "N", env = "JETON_SEED", default_value_t = 0)]
    #[arg(value_parser = number::<u64>(number::ANY))]
    seed: u64,
    #[command(flatten)]
    chosen: strategy::Chosen,
    /// Write every event of the run to this file, as JSON Lines
    #[arg(long, value_name = "OUT.jsonl")]
    trace: Option<PathBuf>,
    /// Draw the run, a column a process, time downwards
    #[arg(long)]
    diagram: bool,
    #[command(flatten)]
    keep: Keep,
    #[command(flatten)]
    patience: Patience,
    /// Print one JSON object instead of text
    #[arg(long, conflicts_with = "diagram")]
    json: bool,
    /// Open a page of the run in the browser
    #[arg(long)]
    open: bool,
}

/// What a run came to.
struct Ran {
    outcome: Outcome,
    properties: Vec<Property>,
    notes: Vec<&'static str>,
    /// The trace file, if it is wanted.
    trace: Option<Vec<u8>>,
    /// Every event, if they are wanted.
    records: Option<Vec<Record>>,
}

impl Run {
    pub(super) fn execute(self, output: &mut Output) -> Result<Verdict, Fault> {
        let scenario = input::scenario(&self.file)?;
        let file = self.trace.as_deref().map(NewFile::create).transpose()?;
        let bark = |hang: Hang| hang::end(&hang, &scenario);
        let watchdog = self.patience.watchdog(&bark);
        let ran = scenario.visit(self.work(&scenario, watchdog))?;
        if let (Some(file), Some(trace)) = (file, &ran.trace) {
            file.finish(trace)?;
        }
        output.lines(&if self.json { self.json_of(&scenario, &ran) } else { self.text_of(&scenario, &ran) });
        if let (Some(kept), false) =
            (self.keep.execute(&scenario, self.chosen.strategy, self.seed, &self.patience)?, self.json)
        {
            output.lines(&kept);
        }
        if self.open {
            view::open(view::run(&scenario, self.chosen.strategy, self.seed, &self.patience)?)?;
        } else if !self.json && matches!(ran.outcome.end, End::Violated(_)) {
            let command = match self.keep.place() {
                Some(kept) => format!("cargo jeton view {} --open", shell_word(kept)),
                None => view::command(scenario.path(), self.seed, &self.chosen),
            };
            output.lines(&format!("to see it: {command}"));
        }
        let met = ran.meets(scenario.expect());
        Ok(if met { Verdict::Met } else { Verdict::NotMet })
    }

    fn text_of(&self, scenario: &Scenario, ran: &Ran) -> String {
        let Outcome { end, at, stats } = &ran.outcome;
        let width = width();
        let strategy = match self.chosen.strategy.of_seed(self.seed) {
            Strategy::Random => String::new(),
            strategy => format!(" ({strategy})"),
        };
        let heading = format!("{}, seed {}{strategy}: {}", scenario.name(), self.seed, scenario.about());
        let mut text = wrap(&heading, "", width);
        if let Some(records) = &ran.records {
            let ending = Ending::new(&ran.outcome);
            text = format!("{text}\n\n{}", diagram().width(width).render(scenario.processes(), records, Some(&ending)));
        }
        let mut lines = vec![format!(
            "{} in {} ticks: {} ({} lost), {}, {}",
            count(stats.events, "event"),
            grouped(at.get()),
            count(stats.messages, "message"),
            grouped(stats.lost),
            count(stats.crashes, "crash"),
            count(stats.restarts, "restart")
        )];
        if !ran.notes.is_empty() {
            lines.push(format!("seen: {}", ran.notes.join(", ")));
        }
        let properties: Vec<&str> = ran.properties.iter().map(|property| property.name()).collect();
        let properties = properties.join(", ");
        match end {
            // The diagram ends with it.
            End::Violated(_) if ran.records.is_some() => {}
            End::Violated(violation) => lines.push(violation.to_string()),
            End::CutOff(limit) => {
                let limit = format!("{limit:?}").to_lowercase();
                lines.push(format!("cut off: it met `limits.{limit}`, and proves nothing"));
            }
            End::Settled => lines.push(format!("every request was settled, and these hold: {properties}")),
            End::Quiescent => lines.push(format!("nothing is left to happen, and these hold: {properties}")),
        }
        match scenario.expect() {
            expected if ran.meets(expected) => {}
            Expectation::Holds => lines.push("expected: holds".to_owned()),
            Expectation::Violates(property) => {
                lines.push(format!("expected: a violation of {property}, which `explore` may find with another seed"));
            }
        }
        for line in lines {
            text = format!("{text}\n{}", wrap(&line, "", width));
        }
        text
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
            "strategy": self.chosen.strategy.name(),
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

    fn work<'a>(&self, scenario: &Scenario, watchdog: Watchdog<'a>) -> Work<'a> {
        let header = Header::new(scenario.name(), scenario.processes());
        let strategy = self.chosen.strategy;
        let header = header.with_seed(self.seed).with_strategy(strategy.name()).with_source(scenario.source());
        let trace = self.trace.is_some().then(|| Writer::new(Vec::new(), &header).expect(MEMORY));
        Work { strategy, seed: self.seed, watchdog, sinks: Sinks { trace, records: self.diagram.then(Vec::new) } }
    }
}

const MEMORY: &str = "memory takes everything";

impl Ran {
    fn meets(&self, expectation: Expectation) -> bool {
        match (expectation, &self.outcome.end) {
            (Expectation::Holds, end) => matches!(end, End::Settled | End::Quiescent),
            (Expectation::Violates(property), End::Violated(violation)) => violation.property == property.name(),
            (Expectation::Violates(_), _) => false,
        }
    }
}

struct Work<'a> {
    strategy: Strategy,
    seed: u64,
    watchdog: Watchdog<'a>,
    sinks: Sinks,
}

/// Where the events of the run go. A trace file is written when all of it is there, so that nothing is left of one if
/// the run is interrupted.
struct Sinks {
    trace: Option<Writer<Vec<u8>>>,
    records: Option<Vec<Record>>,
}

impl Sink for Sinks {
    fn take(&mut self, record: Record) {
        if let Some(trace) = &mut self.trace {
            trace.write(&record).expect(MEMORY);
        }
        if let Some(records) = &mut self.records {
            records.push(record);
        }
    }
}

impl Visitor for Work<'_> {
    type Output = Result<Ran, Invalid>;

    fn visit<S: System>(self, mut case: Case<S>) -> Self::Output {
        let Self { strategy, seed, watchdog, sinks } = self;
        case.strategy = strategy;
        let mut runner = Runner::new(&case)?;
        let wanted = sinks.trace.is_some() || sinks.records.is_some();
        // Whoever looks at a trace later needs no rerun.
        let with_states = sinks.trace.is_some();
        let mut recorder = Recorder::to(sinks).following(Token);
        if with_states {
            recorder = recorder.with_states();
        }
        let outcome = if wanted {
            watchdog.run(&case, &mut runner, seed, &mut recorder)
        } else {
            watchdog.run(&case, &mut runner, seed, &mut ())
        };
        let notes = runner.take_tally().counts().into_keys().collect();
        let Sinks { trace, records } = recorder.finish();
        let trace = trace.map(|trace| trace.finish(&Ending::new(&outcome)).expect(MEMORY));
        Ok(Ran { outcome, properties: case.properties, notes, trace, records })
    }
}
