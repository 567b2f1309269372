use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use indicatif::ProgressBar;
use serde_json::json;

use super::layout::{count, grouped, indented};
use super::number::{self, number};
use super::output::{NewFile, Output};
use super::replay::to_see;
use super::{Fault, Verdict as Outcome, input, progress, view};
use crate::algorithms::coordinator::Stateless;
use crate::engine::Invalid;
use crate::explore::{
    Case, Counterexample, Coverage, Estimate, Exhaustive, Proof, Reach, Reduction, ScenarioText, Spans, Strategy,
    Verdict,
};
use crate::mutex::System;
use crate::scenario::{Expectation, Scenario, Visitor};

/// Run every interleaving of a scenario, and tell whether what it expects is so in all of them
///
/// There is no clock, unless time is bounded: messages, reports, requests and crashes come in every order, as often as
/// the scenario says at most. Timers fire when nothing else is sure to come, and so many times a process before.
/// "Verified" is said only if nothing was left out. Exit status: 0 if the expectation is met, 1 if it is not or the
/// search is incomplete, 2 if the file is at fault.
#[derive(Args)]
pub(super) struct Check {
    /// The scenario file; small, for states multiply with processes, requests and crashes
    #[arg(value_name = "FILE")]
    path: PathBuf,
    /// How much memory it may take, in GiB; then it says how far it came
    #[arg(long, value_name = "GIB", default_value_t = 4)]
    #[arg(value_parser = number::<u64>(1..=4096))]
    memory: u64,
    /// Run every schedule of virtual time instead: each message, report, restart and application takes each number of
    /// ticks that the scenario allows, and timers fire when they are due. `stateless`, which needs bounded delays, has
    /// this by itself
    #[arg(long)]
    bounded_time: bool,
    /// How many timers of each process fire though something else is sure to come; 1 where there is no clock
    #[arg(long, value_name = "N")]
    #[arg(value_parser = number::<u32>(number::FEW))]
    early_timers: Option<u32>,
    /// How many messages are lost at most; by default one, if the scenario has messages lost
    #[arg(long, value_name = "N")]
    #[arg(value_parser = number::<u32>(number::FEW))]
    losses: Option<u32>,
    /// How many messages arrive twice at most; by default one, if the scenario has messages repeated
    #[arg(long, value_name = "N")]
    #[arg(value_parser = number::<u32>(number::FEW))]
    duplicates: Option<u32>,
    /// What it leaves out: symmetry takes states that differ only in which client is which for one, partial-order looks
    /// at one order of events that do not observe each other
    #[arg(long, value_name = "HOW", default_value_t, value_parser = reductions())]
    reduction: Reduction,
    /// How many threads search; by default all that there are
    #[arg(long, value_name = "N", value_parser = number::<usize>(1..=1024))]
    jobs: Option<usize>,
    /// Stop after so many seconds; then it says how far it came
    #[arg(long, value_name = "SECONDS", value_parser = number::<u64>(number::SOME))]
    seconds: Option<u64>,
    /// Look at the first so many states only, and estimate how many there are in all
    #[arg(long, value_name = "STATES", num_args = 0..=1, default_missing_value = "100000")]
    #[arg(value_parser = number::<u64>(number::SOME))]
    estimate: Option<u64>,
    /// And if all is verified, run so many schedules of each strategy in virtual time: how many of the states do they
    /// come to?
    #[arg(long, value_name = "SCHEDULES")]
    #[arg(value_parser = number::<u64>(number::SOME))]
    coverage: Option<u64>,
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
    reach: Vec<Reach>,
    taken: Duration,
    /// Where its schedule is, if it found something.
    kept: Option<PathBuf>,
    /// What it was to leave out.
    asked: Reduction,
}

impl Check {
    pub(super) fn execute(self, output: &mut Output) -> Result<Outcome, Fault> {
        let scenario = input::scenario(&self.path)?;
        let bounded_time = self.bounded_time || scenario.system() == Stateless::NAME;
        let place = self.keep.clone().unwrap_or_else(|| temporary(scenario.name()));
        let file = NewFile::create(&place)?;
        let started = Instant::now();
        let bar = progress::open_ended(scenario.name());
        let proof = scenario.visit(Work { check: &self, bounded_time, expect: scenario.expect(), bar: &bar, started });
        bar.finish_and_clear();
        let (proof, reach) = proof.map_err(|invalid| Fault::new(format!("{}: {invalid}", scenario.path())))?;
        let taken = started.elapsed();
        let kept = proof.counterexample().map(|found| keep(file, &scenario, found)).transpose()?.map(|()| place);
        let checked = Checked { scenario, proof, reach, taken, kept, asked: self.reduction };
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

fn reductions() -> impl TypedValueParser<Value = Reduction> {
    PossibleValuesParser::new(Reduction::ALL.map(Reduction::name)).try_map(|name| name.parse::<Reduction>())
}

/// Writes the schedule of what was found.
fn keep(file: NewFile, scenario: &Scenario, found: &Counterexample) -> Result<(), Fault> {
    let schedule = found.schedule.clone().with_scenario(ScenarioText::from(scenario));
    file.finish(schedule.to_string().as_bytes())
}

fn temporary(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("jeton-check-{name}.toml"))
}

/// A number of which only the first two digits mean something.
fn about(number: u128) -> String {
    let mut scale = 1;
    while number / scale >= 100 {
        scale *= 10;
    }
    let rounded = (number + scale / 2) / scale * scale;
    format!("about {}", grouped(u64::try_from(rounded).unwrap_or(u64::MAX)))
}

struct Work<'a> {
    check: &'a Check,
    bounded_time: bool,
    expect: Expectation,
    bar: &'a ProgressBar,
    started: Instant,
}

impl Visitor for Work<'_> {
    type Output = Result<(Proof, Vec<Reach>), Invalid>;

    fn visit<S: System>(self, case: Case<S>) -> Self::Output {
        let Check { memory, early_timers, losses, duplicates, .. } = *self.check;
        let progress = |coverage: Coverage| {
            let Coverage { states, frontier, looked_through, .. } = coverage;
            let pace = u128::from(states) * 1000 / self.started.elapsed().as_millis().max(1);
            let pace = grouped(u64::try_from(pace).unwrap_or(u64::MAX));
            let (states, frontier) = (grouped(states), grouped(frontier));
            self.bar.set_prefix(if looked_through > 0 {
                format!("{states} states, looking for cycles: {}", grouped(looked_through))
            } else {
                format!("{states} states, {frontier} to look at, {pace} states/s")
            });
            self.bar.tick();
            let is_late = self.check.seconds.is_some_and(|seconds| self.started.elapsed().as_secs() >= seconds);
            if is_late { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let early_timers = early_timers.unwrap_or(u32::from(!self.bounded_time));
        let mut search = Exhaustive::of(case).early_timers(early_timers).memory_bytes(memory << 30).progress(&progress);
        if self.bounded_time {
            search = search.bounded_time();
        }
        // Another violation, which may come sooner, would hide it.
        if let Expectation::Violates(property) = self.expect {
            search = search.properties(&[property]);
        }
        search = search.reduction(self.check.reduction);
        if let Some(jobs) = self.check.jobs {
            search = search.jobs(jobs);
        }
        if let Some(losses) = losses {
            search = search.losses(losses);
        }
        if let Some(duplicates) = duplicates {
            search = search.duplicates(duplicates);
        }
        if let Some(states) = self.check.estimate {
            search = search.states_max(states);
        }
        match self.check.coverage {
            Some(schedules) => search.reach(schedules, &Strategy::ALL),
            None => Ok((search.run()?, Vec::new())),
        }
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
        let Proof { verdict, coverage, checked, unchecked, budget, spans, reduction, .. } = &self.proof;
        let (states, transitions) = (grouped(coverage.states), grouped(coverage.transitions));
        let looked = format!("{states} states, {transitions} transitions, {} s", self.taken.as_secs());
        let mut lines = Vec::new();
        match verdict {
            Verdict::Verified => {
                lines.push(format!("verified: {looked}"));
                let when = if *reduction == Reduction::None { ", and in the end" } else { "" };
                lines.push(format!("in every state{when}: {}", checked.join(", ")));
                lines.extend(self.reached());
            }
            Verdict::Violated(counterexample) => {
                lines.push(format!("violated: {looked}"));
                lines.extend(counterexample.to_string().lines().map(str::to_owned));
            }
            Verdict::Incomplete => {
                lines.push(format!("incomplete: {looked}, {} states not looked at", grouped(coverage.frontier)));
                lines.push("nothing was found, and nothing is proved; more --memory, or a smaller scenario".to_owned());
                lines.extend(self.foretold());
            }
        }
        for unchecked in unchecked {
            lines.push(format!("not checked: {}, which {}", unchecked.property, unchecked.why));
        }
        match reduction {
            Reduction::None => {}
            Reduction::Both => lines.push("reduced by symmetry and by partial-order".to_owned()),
            Reduction::Symmetry if self.asked == Reduction::Both => {
                let why = "with partial-order too, a step came that clients do not do alike";
                lines.push(format!("reduced by symmetry alone: {why}"));
            }
            one => lines.push(format!("reduced by {one}")),
        }
        if let Some(spans) = spans {
            lines.push(format!("bounded time: {spans}; at most {}", count(budget.crashes.into(), "crash")));
        } else {
            lines.push(format!(
                "at most: {}, {} of each process, {} lost, {} repeated",
                count(budget.crashes.into(), "crash"),
                count(budget.early_timers.into(), "early timer"),
                count(budget.losses.into(), "message"),
                budget.duplicates
            ));
        }
        if let (Expectation::Violates(property), Verdict::Verified) = (self.scenario.expect(), verdict) {
            lines.push(format!("NOT MET: {property} was to be violated, and within these bounds it never is"));
        }
        lines.iter().map(|line| indented(line)).collect::<Vec<_>>().join("\n")
    }

    /// To how many of the states schedules in virtual time come.
    fn reached(&self) -> Vec<String> {
        let all = self.proof.coverage.states.max(1);
        let line = |reach: &Reach| {
            let per_mille = reach.states * 1000 / all;
            let (percent, tenth) = (per_mille / 10, per_mille % 10);
            let left =
                if reach.left > 0 { format!("; {} leave these bounds", grouped(reach.left)) } else { String::new() };
            let (schedules, states) = (grouped(reach.schedules), grouped(reach.states));
            format!("{schedules} schedules of {} reach {states} of them, {percent}.{tenth} %{left}", reach.strategy)
        };
        self.reach.iter().map(line).collect()
    }

    /// How large the whole is, how long it takes and in how much memory, if it goes on as it began.
    fn foretold(&self) -> Vec<String> {
        let Coverage { states, bytes, frontier, .. } = self.proof.coverage;
        let Some(Estimate { states: all, low, high, levels }) = self.proof.estimate else {
            let why = if frontier == 0 { "all states are known" } else { "the levels so far foretell no end" };
            return vec![format!("no estimate of the whole: {why}")];
        };
        let high = high.map_or("no end in sight".to_owned(), |high| about(high.into()));
        let scaled = |amount: u128| amount * u128::from(all) / u128::from(states.max(1));
        let seconds = about(scaled(self.taken.as_millis()) / 1000);
        let mebibytes = about(scaled(bytes.into()) >> 20);
        vec![
            format!("estimate of the whole: {} states, from {} to {high}", about(all.into()), about(low.into())),
            format!("  by how {levels} levels of the search branch, which is an extrapolation and no bound"),
            format!("  at this pace {seconds} s and {mebibytes} MiB for the states, before it looks for cycles"),
        ]
    }

    fn json(&self) -> String {
        let Proof { verdict, coverage, checked, unchecked, budget, spans, reduction, estimate } = &self.proof;
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
            "estimate": estimate.map(|estimate| json!({
                "states": estimate.states,
                "low": estimate.low,
                "high": estimate.high,
                "levels": estimate.levels,
            })),
            "complete": *verdict == Verdict::Verified,
            "checked": checked,
            "unchecked": unchecked.iter().map(|unchecked| unchecked.property.name()).collect::<Vec<_>>(),
            "crashes": budget.crashes,
            "early_timers": budget.early_timers,
            "losses": budget.losses,
            "duplicates": budget.duplicates,
            "bounded_time": spans.map(|Spans { delay, latency, down, think, hold }| json!({
                "delay": delay, "latency": latency, "down": down, "think": think, "hold": hold,
            })),
            "reduction": reduction.name(),
            "schedules": null,
            "events": coverage.transitions,
            "found_within": null,
            "reach": self.reach.iter().map(|reach| json!({
                "strategy": reach.strategy.name(),
                "schedules": reach.schedules,
                "states": reach.states,
                "left": reach.left,
            })).collect::<Vec<_>>(),
            "sometimes": {},
            "seconds": self.taken.as_secs_f64(),
        })
        .to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explore::Budget;

    #[test]
    fn a_verdict_says_which_reduction_it_is_by() {
        let source = "about = \"small\"\nexpect = \"holds\"\nprocesses = 3\n[system]\nname = \"durable\"\n";
        let line = |asked, reduction| {
            let budget = Budget { crashes: 0, early_timers: 1, losses: 0, duplicates: 0 };
            let coverage = Coverage { states: 1_000, transitions: 2_000, ..Coverage::default() };
            let (checked, verdict) = (vec!["single_holder"], Verdict::Verified);
            let (unchecked, spans, estimate) = (Vec::new(), None, None);
            let proof = Proof { verdict, coverage, checked, unchecked, budget, spans, reduction, estimate };
            let scenario = Scenario::parse("small.toml", source).expect("valid");
            let checked = Checked { scenario, proof, reach: Vec::new(), taken: Duration::ZERO, kept: None, asked };
            checked.text().lines().find(|line| line.starts_with("reduced")).map(str::to_owned)
        };
        assert_eq!(line(Reduction::None, Reduction::None), None);
        let told = |asked, reduction| line(asked, reduction).expect("it is reduced");
        assert_eq!(told(Reduction::Symmetry, Reduction::Symmetry), "reduced by symmetry");
        assert_eq!(told(Reduction::Both, Reduction::Both), "reduced by symmetry and by partial-order");
        assert_eq!(
            told(Reduction::Both, Reduction::Symmetry),
            "reduced by symmetry alone: with partial-order too, a step came that clients do not do alike"
        );
    }
}
