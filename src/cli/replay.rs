use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::explore::shell_word;
use super::hang::Patience;
use super::input::AnySchedule;
use super::layout::{width, wrap};
use super::output::{Output, complain};
use super::{Fault, Verdict, input, untimed, view};
use crate::engine::{Decisions, Divergence, End, Invalid, Limit, Outcome};
use crate::explore::{Case, Hang, Part, Reason, Runner, Schedule, UntimedSchedule, Watchdog, why};
use crate::mutex::System;
use crate::scenario::Visitor;
use crate::trace::{Record, Recorder};
use crate::view::diagram;

/// Run a schedule file, and tell whether it shows what it did when it was kept
///
/// A schedule in virtual time (`run --keep`) lists decisions, and those that it does not list get the simplest answer.
/// An untimed one (`check --keep`) lists every event; any that is not possible, or does not do what it did, is told.
/// Exit status: 0 if the recorded outcome is reproduced (the same property at the same event), 1 if not, 2 if the file
/// is at fault.
#[derive(Args)]
pub(super) struct Replay {
    /// The schedule file
    schedule: PathBuf,
    /// Draw the run, a column a process, time downwards
    #[arg(long)]
    diagram: bool,
    #[command(flatten)]
    patience: Patience,
    /// Print one JSON object instead of text
    #[arg(long, conflicts_with = "diagram")]
    json: bool,
    /// Open a page of the run in the browser
    #[arg(long)]
    open: bool,
}

/// What a replay came to.
struct Replayed {
    outcome: Outcome,
    divergence: Divergence,
    records: Vec<Record>,
    reasons: Vec<Reason>,
    processes: u32,
}

impl Replay {
    pub(super) fn execute(self, output: &mut Output) -> Result<Verdict, Fault> {
        match input::schedule(&self.schedule)? {
            AnySchedule::Timed(schedule) => self.timed(&schedule, output),
            AnySchedule::Untimed(schedule) => self.untimed(&schedule, output),
        }
    }

    fn untimed(self, schedule: &UntimedSchedule, output: &mut Output) -> Result<Verdict, Fault> {
        let (scenario, replayed) = untimed::replay(&self.schedule, schedule)?;
        if self.json {
            output.lines(&untimed::json(schedule, &replayed));
        } else {
            if let (true, Ok(counterexample)) = (self.diagram, &replayed) {
                output.lines(counterexample.draw(width()).trim_end());
                output.lines("");
            }
            output.lines(&untimed::text(schedule, &replayed));
        }
        match &replayed {
            Ok(counterexample) if self.open => view::open(counterexample.trace(scenario.name()))?,
            Ok(_) if !self.json => output.lines(&to_see(&self.schedule)),
            _ => {}
        }
        Ok(if replayed.is_ok() { Verdict::Met } else { Verdict::NotMet })
    }

    fn timed(self, schedule: &Schedule, output: &mut Output) -> Result<Verdict, Fault> {
        let place = self.schedule.display();
        let scenario = input::scenario_of(&self.schedule, schedule.scenario.as_ref())?;
        let bark = |hang: Hang| hung(schedule, &hang);
        let watchdog = self.patience.watchdog(&bark);
        let Some(replayed) = scenario.visit(Work { schedule, watchdog }) else {
            return Err(input::no_such_part(&self.schedule));
        };
        let replayed = replayed.map_err(|invalid| Fault::new(format!("{place}: {invalid}")))?;
        let reproduced = schedule.is_reproduced_by(&replayed.outcome.end) && replayed.divergence.is_empty();
        if self.json {
            output.lines(&replayed.json(schedule, reproduced));
        } else {
            if self.diagram {
                let ending = schedule.part.ending(&replayed.outcome);
                let drawn = diagram().width(width()).render(replayed.processes, &replayed.records, Some(&ending));
                output.lines(drawn.trim_end());
                output.lines("");
            }
            output.lines(&replayed.text(schedule, reproduced));
            if !self.open {
                output.lines(&to_see(&self.schedule));
            }
        }
        if self.open {
            view::open(view::replayed(&self.schedule, &scenario, schedule, &self.patience)?)?;
        }
        Ok(if reproduced { Verdict::Met } else { Verdict::NotMet })
    }
}

/// The command that shows a schedule in the browser.
pub(super) fn to_see(schedule: &Path) -> String {
    format!("to see it: cargo jeton view {} --open", shell_word(schedule))
}

/// A handler never returns, and that may be what was recorded.
fn hung(schedule: &Schedule, hang: &Hang) -> ! {
    let reproduced = schedule.is_reproduced_by(&End::Violated(hang.violation.clone()));
    let verdict = if reproduced { "reproduced" } else { "not reproduced" };
    complain(verdict, &hang.violation.to_string());
    std::process::exit(i32::from(!reproduced))
}

struct Work<'a> {
    schedule: &'a Schedule,
    watchdog: Watchdog<'a>,
}

impl Visitor for Work<'_> {
    /// Nothing, if there is no such part of the scenario.
    type Output = Option<Result<Replayed, Invalid>>;

    fn visit<S: System>(self, case: Case<S>) -> Self::Output {
        let Self { schedule, watchdog } = self;
        Some(Replayed::of(&case.part(&schedule.part)?, &schedule.decisions, watchdog))
    }
}

impl Replayed {
    fn of<S: System>(case: &Case<S>, decisions: &Decisions, watchdog: Watchdog<'_>) -> Result<Self, Invalid> {
        let mut recorder = Recorder::new();
        let mut runner = Runner::new(case)?;
        let (outcome, divergence) = watchdog.replay(case, &mut runner, decisions.clone(), &mut recorder);
        let fails = matches!(outcome.end, End::Violated(_));
        let reasons = if fails { why(case, decisions)? } else { Vec::new() };
        Ok(Self { outcome, divergence, records: recorder.finish(), reasons, processes: case.setup.processes })
    }
}

/// How a run ended, in one sentence without its full stop.
fn ended(end: &End, part: &Part) -> String {
    match (end, part.last_event()) {
        (End::Violated(violation), _) => violation.to_string(),
        (End::CutOff(Limit::Events), Some(last)) => format!("everything holds up to event {last}"),
        (End::CutOff(limit), _) => format!("cut off by `limits.{}`", format!("{limit:?}").to_lowercase()),
        (End::Settled | End::Quiescent, _) => "everything holds".to_owned(),
    }
}

impl Replayed {
    fn text(&self, schedule: &Schedule, reproduced: bool) -> String {
        let mut lines = vec![ended(&self.outcome.end, &schedule.part)];
        if !schedule.part.is_whole() {
            lines.push(format!("in a part of the scenario: {}", schedule.part.describe(self.processes)));
        }
        for reason in &self.reasons {
            lines.push(format!("  {reason}"));
        }
        if reproduced {
            lines.push("reproduced: the same property at the same event".to_owned());
        } else {
            lines.push(match &schedule.violation {
                Some(was) => {
                    format!("not reproduced: it was {} at tick {} (event {})", was.property, was.at_tick, was.event)
                }
                None => "not reproduced: everything held".to_owned(),
            });
        }
        for key in &self.divergence.unasked {
            lines.push(format!("  `{key}` no longer comes up"));
        }
        for key in &self.divergence.out_of_bounds {
            lines.push(format!("  `{key}` can no longer be as great as it is written"));
        }
        let indent = |line: &str| if line.starts_with(' ') { "  " } else { "" };
        lines.iter().map(|line| wrap(line.trim_start(), indent(line), width())).collect::<Vec<_>>().join("\n")
    }

    fn json(&self, schedule: &Schedule, reproduced: bool) -> String {
        let keys = |keys: &[crate::engine::Key]| keys.iter().map(ToString::to_string).collect::<Vec<_>>();
        json!({
            "scenario": schedule.scenario.as_ref().map(|scenario| &scenario.name),
            "reproduced": reproduced,
            "recorded": schedule.violation,
            "violation": match &self.outcome.end {
                End::Violated(violation) => Some(violation),
                _ => None,
            },
            "events": self.outcome.stats.events,
            "unasked": keys(&self.divergence.unasked),
            "out_of_bounds": keys(&self.divergence.out_of_bounds),
        })
        .to_string()
    }
}
