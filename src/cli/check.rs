use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use clap::builder::RangedU64ValueParser;
use indicatif::ProgressBar;
use serde_json::json;

use super::layout::{count, grouped, width, wrap};
use super::output::{NewFile, Output};
use super::replay::to_see;
use super::{Fault, Verdict as Outcome, input, progress, view};
use crate::algorithms::coordinator::Stateless;
use crate::engine::Invalid;
use crate::explore::{Case, Counterexample, Coverage, Exhaustive, Proof, Reduction, ScenarioText, Verdict};
use crate::mutex::System;
use crate::scenario::{Expectation, Scenario, Visitor};

/// Run every interleaving of a scenario, and tell whether what it expects is so in all of them
///
/// There is no clock: messages, reports, requests and crashes come in every order, as often as the scenario says at
/// most. Timers fire when nothing else is sure to come, and so many times a process before. "Verified" is said only if
/// nothing was left out. Exit status: 0 if the expectation is met, 1 if it is not or the search is incomplete, 2 if the
/// file is at fault.
#[derive(Args)]
pub(super) struct Check {
    /// The scenario file; small, for states multiply with processes, requests and crashes
    #[arg(value_name = "FILE")]
    path: PathBuf,
    /// How much memory it may take, in GiB; then it says how far it came
    #[arg(long, value_name = "GIB", default_value_t = 4)]
    #[arg(value_parser = RangedU64ValueParser::<u64>::new().range(1..=4096))]
    memory: u64,
    /// How many timers of each process fire though something else is sure to come
    #[arg(long, value_name = "N", default_value_t = 1)]
    early_timers: u32,
    /// How many messages are lost at most; by default one, if the scenario has messages lost
    #[arg(long, value_name = "N")]
    losses: Option<u32>,
    /// How many messages arrive twice at most; by default one, if the scenario has messages repeated
    #[arg(long, value_name = "N")]
    duplicates: Option<u32>,
    /// What it leaves out: symmetry takes states that differ only in which client is which for one
    #[arg(long, value_name = "HOW", default_value = "none", value_parser = ["none", "symmetry"])]
    reduction: String,
    /// How many threads search; by default all that there are
    #[arg(long, value_name = "N", value_parser = RangedU64ValueParser::<usize>::new().range(1..=1024))]
    jobs: Option<usize>,
    /// Stop after so many seconds; then it says how far it came
    #[arg(long, value_name = "SECONDS", value_parser = RangedU64ValueParser::<u64>::new().range(1..))]
    seconds: Option<u64>,
    /// Write what it finds to this file, for `jeton replay`; by default, to one among the temporary files
    #[arg(long, value_name = "OUT.toml")]
    keep: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// Open a page of what it finds in the browser
    #[arg(long)]
    open: bool,
}

/// One scenario, checked.
struct Checked {
    scenario: Scenario,
    proof: Proof,
    taken: Duration,
    /// Where its schedule is, if it found something.
    kept: Option<PathBuf>,
}

impl Check {
    pub(super) fn execute(self, output: &mut Output) -> Result<Outcome, Fault> {
        let scenario = input::scenario(&self.path)?;
        if scenario.system() == Stateless::NAME {
            let problem = "`stateless` needs bounded delays, and every interleaving has no clock: explore it instead";
            return Err(Fault::new(format!("{}: {problem}", scenario.path())));
        }
        let place = self.keep.clone().unwrap_or_else(|| temporary(scenario.name()));
        let file = NewFile::create(&place)?;
        let started = Instant::now();
        let bar = progress::open_ended(scenario.name());
        let proof = scenario.visit(Work { check: &self, expect: scenario.expect(), bar: &bar, started });
        bar.finish_and_clear();
        let proof = proof.map_err(|invalid| Fault::new(format!("{}: {invalid}", scenario.path())))?;
        let taken = started.elapsed();
        let kept = proof.counterexample().map(|found| keep(file, &scenario, found)).transpose()?.map(|()| place);
        let checked = Checked { scenario, proof, taken, kept };
        output.lines(&if self.json { checked.json() } else { checked.text() });
        if let Some(place) = checked.kept.as_ref().filter(|_| !self.json && !self.open) {
            output.lines(&to_see(place));
        }
        if let Some(found) = checked.proof.counterexample().filter(|_| self.open) {
            let mut trace = found.trace(checked.scenario.name());
            trace.header = trace.header.with_source(checked.scenario.source());
            view::open(trace)?;
        }
        Ok(if checked.met() { Outcome::Met } else { Outcome::NotMet })
    }
}

/// Writes the schedule of what was found.
fn keep(file: NewFile, scenario: &Scenario, found: &Counterexample) -> Result<(), Fault> {
    let mut schedule = found.schedule.clone();
    schedule.scenario = Some(ScenarioText { name: scenario.name().to_owned(), source: scenario.source().to_owned() });
    file.finish(schedule.to_string().as_bytes())
}

fn temporary(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("jeton-check-{name}.toml"))
}

struct Work<'a> {
    check: &'a Check,
    expect: Expectation,
    bar: &'a ProgressBar,
    started: Instant,
}

impl Visitor for Work<'_> {
    type Output = Result<Proof, Invalid>;

    fn visit<S: System>(self, case: Case<S>) -> Self::Output {
        let Check { memory, early_timers, losses, duplicates, .. } = *self.check;
        let progress = |coverage: Coverage| {
            let Coverage { states, frontier, .. } = coverage;
            let pace = u128::from(states) * 1000 / self.started.elapsed().as_millis().max(1);
            let pace = grouped(u64::try_from(pace).unwrap_or(u64::MAX));
            let (states, frontier) = (grouped(states), grouped(frontier));
            self.bar.set_prefix(format!("{states} states, {frontier} to look at, {pace} states/s"));
            self.bar.tick();
            let is_late = self.check.seconds.is_some_and(|seconds| self.started.elapsed().as_secs() >= seconds);
            if is_late { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let mut search = Exhaustive::of(case).early_timers(early_timers).memory_bytes(memory << 30).progress(&progress);
        // Another violation, which may come sooner, would hide it.
        if let Expectation::Violates(property) = self.expect {
            search = search.properties(&[property]);
        }
        if self.check.reduction == "symmetry" {
            search = search.reduction(Reduction::Symmetry);
        }
        if let Some(jobs) = self.check.jobs {
            search = search.jobs(jobs);
        }
        if let Some(losses) = losses {
            search = search.losses(losses);
        }
        if let Some(duplicates) = duplicates {
            search = search.duplicates(duplicates);
        }
        search.run()
    }
}

impl Checked {
    fn met(&self) -> bool {
        match self.scenario.expect() {
            Expectation::Holds => self.proof.is_verified() && self.proof.unchecked.is_empty(),
            Expectation::Violates(property) => {
                self.proof.counterexample().is_some_and(|counterexample| counterexample.property == property.name())
            }
        }
    }

    fn text(&self) -> String {
        let Proof { verdict, coverage, checked, unchecked, budget } = &self.proof;
        let (states, transitions) = (grouped(coverage.states), grouped(coverage.transitions));
        let looked = format!("{states} states, {transitions} transitions, {} s", self.taken.as_secs());
        let mut lines = Vec::new();
        match verdict {
            Verdict::Verified => {
                lines.push(format!("verified: {looked}"));
                lines.push(format!("in every state, and in the end: {}", checked.join(", ")));
            }
            Verdict::Violated(counterexample) => {
                lines.push(format!("violated: {looked}"));
                lines.extend(counterexample.to_string().lines().map(str::to_owned));
            }
            Verdict::Incomplete => {
                lines.push(format!("incomplete: {looked}, {} states not looked at", grouped(coverage.frontier)));
                lines.push("nothing was found, and nothing is proved; more --memory, or a smaller scenario".to_owned());
            }
        }
        for unchecked in unchecked {
            lines.push(format!("not checked: {}, which {}", unchecked.property, unchecked.why));
        }
        lines.push(format!(
            "at most: {}, {} of each process, {} lost, {} repeated",
            count(budget.crashes.into(), "crash"),
            count(budget.early_timers.into(), "early timer"),
            count(budget.losses.into(), "message"),
            budget.duplicates
        ));
        if let (Expectation::Violates(property), Verdict::Verified) = (self.scenario.expect(), verdict) {
            lines.push(format!("NOT MET: {property} was to be violated, and within these bounds it never is"));
        }
        lines.iter().map(|line| wrap(line, "", width())).collect::<Vec<_>>().join("\n")
    }

    fn json(&self) -> String {
        let Proof { verdict, coverage, checked, unchecked, budget } = &self.proof;
        let counterexample = self.proof.counterexample();
        let steps =
            |counterexample: &Counterexample| counterexample.steps.iter().map(ToString::to_string).collect::<Vec<_>>();
        json!({
            "scenario": self.scenario.name(),
            "system": self.scenario.system(),
            "expected": self.scenario.expect().name(),
            "met": self.met(),
            "violated": counterexample.map(|counterexample| counterexample.property).into_iter().collect::<Vec<_>>(),
            "explanation": counterexample.map(|counterexample| &counterexample.explanation),
            "steps": counterexample.map(steps),
            "cycle": counterexample.and_then(|counterexample| counterexample.cycle),
            "schedule": self.kept.as_ref().map(|place| place.display().to_string()),
            "states": coverage.states,
            "transitions": coverage.transitions,
            "frontier": coverage.frontier,
            "bytes": coverage.bytes,
            "complete": *verdict == Verdict::Verified,
            "checked": checked,
            "unchecked": unchecked.iter().map(|unchecked| unchecked.property.name()).collect::<Vec<_>>(),
            "crashes": budget.crashes,
            "early_timers": budget.early_timers,
            "losses": budget.losses,
            "duplicates": budget.duplicates,
            "schedules": null,
            "events": coverage.transitions,
            "found_within": null,
            "sometimes": {},
            "seconds": self.taken.as_secs_f64(),
        })
        .to_string()
    }
}
