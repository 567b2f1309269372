use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args;
use indicatif::ProgressBar;
use serde_json::json;

use super::hang::{self, Patience};
use super::layout::{grouped, rounded, width, wrap};
use super::number::{self, number};
use super::output::Output;
use super::tried::{as_f64, tried};
use super::{Fault, Verdict, campaign, input, progress, strategy, view};
use crate::engine::Invalid;
use crate::explore::{Case, Exploration, Finding, Hang, Progress, Report, Stop, Strategy, Watchdog};
use crate::mutex::System;
use crate::scenario::{Expectation, Scenario, Visitor};

/// Run many schedules of each scenario, and tell whether what it expects comes true
///
/// A scenario that expects everything to hold runs all its schedules, or up to the first that violates a property. One
/// that expects a violation runs until a schedule shows it. Beneath each are the things worth trying and in how many
/// schedules they were tried. Exit status: 0 if every expectation is met, 1 if not, 2 if a file is at fault.
///
/// With `--out` it is a campaign: killed at any moment, the same command goes on where it stopped, and the report is
/// the same to the byte.
#[derive(Args)]
pub(super) struct Explore {
    /// Scenario files, or directories of them
    #[arg(required = true, value_name = "FILE|DIR")]
    paths: Vec<PathBuf>,
    /// How many schedules; by default what the scenario says, or 1000
    #[arg(long, value_name = "N", env = "JETON_SCHEDULES")]
    #[arg(value_parser = number::<u64>(number::SOME))]
    schedules: Option<u64>,
    /// The seed of the first schedule; each has the next number
    #[arg(long, value_name = "N", env = "JETON_SEED", default_value_t = 0)]
    #[arg(value_parser = number::<u64>(number::ANY))]
    first_seed: u64,
    #[command(flatten)]
    chosen: strategy::Chosen,
    /// On how many threads; all cores by default. The result is the same
    #[arg(long, value_name = "N", value_parser = number::<usize>(1..=1024))]
    jobs: Option<usize>,
    #[command(flatten)]
    patience: Patience,
    /// Print JSON Lines, an object per scenario; with `--assumptions` also one per system, property and assumption
    #[arg(long)]
    json: bool,
    /// Open a page of the first schedule found that nobody expected, or else of the first that was; with `--out` the
    /// page of the report
    #[arg(long)]
    open: bool,
    #[command(flatten)]
    campaign: campaign::Options,
}

/// One scenario, explored.
struct Explored<'a> {
    scenario: &'a Scenario,
    report: Report,
    chosen: &'a strategy::Chosen,
    taken: Duration,
    /// Whether it is the only one, so that there is room for what to do next.
    alone: bool,
}

impl Explore {
    pub(super) fn execute(self, output: &mut Output) -> Result<Verdict, Fault> {
        let scenarios = input::scenarios(&self.paths)?;
        if let Some(place) = &self.campaign.out {
            let extent = campaign::Extent {
                schedules: self.schedules,
                first_seed: self.first_seed,
                jobs: self.jobs,
                strategy: self.chosen.strategy,
                patience: &self.patience,
            };
            let shown = campaign::Shown { json: self.json, open: self.open };
            return campaign::explore(scenarios, (place, &self.campaign), &extent, &shown, output);
        }
        let columns = Columns::of(&scenarios);
        if !self.json {
            output.lines(&columns.header());
        }
        let mut unmet = 0;
        let mut seen = None;
        for scenario in &scenarios {
            let started = Instant::now();
            let report = self.explore(scenario)?;
            let explored = Explored {
                scenario,
                report,
                chosen: &self.chosen,
                taken: started.elapsed(),
                alone: scenarios.len() == 1,
            };
            unmet += usize::from(!explored.met());
            if self.open {
                explored.worth_seeing(&mut seen);
            }
            output.lines(&if self.json { explored.json() } else { explored.text(&columns) });
        }
        if !self.json && scenarios.len() > 1 {
            output.lines(&format!(
                "\n{} scenarios: {} as expected, {unmet} not",
                scenarios.len(),
                scenarios.len() - unmet
            ));
        }
        if let Some((scenario, seed, _)) = seen {
            view::open(view::run(scenario, self.chosen.strategy, seed, &self.patience)?)?;
        }
        Ok(if unmet == 0 { Verdict::Met } else { Verdict::NotMet })
    }

    fn explore(&self, scenario: &Scenario) -> Result<Report, Invalid> {
        let schedules = self.schedules.unwrap_or(scenario.schedules());
        let bar = progress::schedules(schedules, scenario.name());
        let stop = match scenario.expect() {
            Expectation::Holds => Stop::AtFirstFailure,
            Expectation::Violates(property) => Stop::AtViolationOf(property.name().to_owned()),
        };
        let (first_seed, strategy) = (self.first_seed, self.chosen.strategy);
        let bark = |hang: Hang| hang::end(&hang, scenario);
        let watchdog = self.patience.watchdog(&bark);
        let work = Work { schedules, first_seed, strategy, jobs: self.jobs, stop, watchdog, bar: &bar };
        let report = scenario.visit(work);
        bar.finish_and_clear();
        report
    }
}

/// What is to be done with a scenario of any system.
struct Work<'a> {
    schedules: u64,
    first_seed: u64,
    strategy: Strategy,
    jobs: Option<usize>,
    stop: Stop,
    watchdog: Watchdog<'a>,
    bar: &'a ProgressBar,
}

impl Visitor for Work<'_> {
    type Output = Result<Report, Invalid>;

    fn visit<S: System>(self, case: Case<S>) -> Self::Output {
        let progress = |progress: Progress| self.bar.set_position(progress.done);
        let exploration = Exploration::of(case)
            .schedules(self.schedules)
            .first_seed(self.first_seed)
            .strategy(self.strategy)
            .stop(self.stop)
            .watchdog(self.watchdog)
            .progress(&progress);
        match self.jobs {
            Some(jobs) => exploration.jobs(jobs).run(),
            None => exploration.run(),
        }
    }
}

impl<'a> Explored<'a> {
    /// Takes this scenario's finding as what is to be opened, unless there is a better one.
    fn worth_seeing(&self, seen: &mut Option<(&'a Scenario, u64, bool)>) {
        let better = seen.is_none_or(|(_, _, met)| met && !self.met());
        if let Some(finding) = self.finding().filter(|_| better) {
            *seen = Some((self.scenario, finding.seed, self.met()));
        }
    }

    fn met(&self) -> bool {
        match self.scenario.expect() {
            Expectation::Holds => self.report.holds(),
            Expectation::Violates(property) => self.report.finding(property.name()).is_some(),
        }
    }

    /// The violation that was expected, or else the first.
    fn finding(&self) -> Option<&Finding> {
        let expected = self.report.finding(self.scenario.expect().name());
        expected.or(self.report.findings.first())
    }

    fn verdict(&self) -> &'static str {
        match (self.scenario.expect(), self.met()) {
            (Expectation::Holds, true) => "holds",
            (Expectation::Holds, false) if self.report.findings.is_empty() => "CUT OFF",
            (Expectation::Holds, false) => "VIOLATED",
            (Expectation::Violates(_), true) => AS_EXPECTED,
            (Expectation::Violates(_), false) => "NOT VIOLATED",
        }
    }

    /// In how many schedules each thing happened, those that the scenario wants to see first.
    fn sometimes(&self) -> Vec<(&str, u64)> {
        let count = |name: &str| self.report.sometimes.get(name).copied().unwrap_or(0);
        let wanted = self.scenario.sometimes();
        let mut counts: Vec<(&str, u64)> = wanted.iter().map(|name| (name.as_str(), count(name))).collect();
        let others = self.report.sometimes.iter().filter(|(name, _)| !wanted.iter().any(|wanted| wanted == *name));
        counts.extend(others.map(|(name, count)| (*name, *count)));
        counts
    }

    fn text(&self, columns: &Columns) -> String {
        let width = width();
        let mut text = columns.row(self);
        let mut add = |line: &str| {
            let _ = write!(text, "\n{}", wrap(line, INDENT, width));
        };
        if self.scenario.expect() == Expectation::Holds {
            let wanted = &self.sometimes()[..self.scenario.sometimes().len()];
            for line in tried(wanted, self.report.entries, self.report.overtakes) {
                add(&line);
            }
        }
        if let Some(finding) = self.finding() {
            add(&format!("seed {}: {}", finding.seed, finding.violation));
        }
        if !self.met() || self.alone {
            for line in self.advice() {
                let _ = write!(text, "\n{INDENT}{line}");
            }
        }
        text
    }

    /// What whoever expected something else needs next.
    fn advice(&self) -> Vec<String> {
        let path = shell_word(self.scenario.path());
        let strategy = self.chosen.words();
        let to_see = |seed: u64| format!("to see it: {}", view::command(self.scenario.path(), seed, self.chosen));
        let to_read = |seed: u64| format!("to read it: cargo jeton run {path} --seed {seed}{strategy} --diagram");
        if let (Expectation::Violates(property), None) = (self.scenario.expect(), self.finding()) {
            let more = self.report.schedules.saturating_mul(10);
            return vec![
                format!("no schedule violates {property}"),
                format!("to try more: cargo jeton explore {path} --schedules {more}{strategy}"),
            ];
        }
        match (self.finding(), self.report.first_cut_off) {
            (Some(finding), _) => vec![to_see(finding.seed), to_read(finding.seed)],
            (None, Some((seed, limit))) => {
                let limit = format!("{limit:?}").to_lowercase();
                let (cut_off, all) = (grouped(self.report.cut_off), grouped(self.report.schedules));
                vec![
                    format!("{cut_off} of {all} schedules were cut off and prove nothing; raise `limits.{limit}`"),
                    to_see(seed),
                    to_read(seed),
                ]
            }
            (None, None) => Vec::new(),
        }
    }

    fn json(&self) -> String {
        let Self { scenario, report, .. } = self;
        let sometimes: serde_json::Map<String, serde_json::Value> =
            self.sometimes().into_iter().map(|(name, count)| (name.to_owned(), count.into())).collect();
        let violated: Vec<&str> = report.findings.iter().map(|finding| finding.violation.property.as_str()).collect();
        json!({
            "scenario": scenario.name(),
            "system": scenario.system(),
            "expected": scenario.expect().name(),
            "met": self.met(),
            "violated": violated,
            "strategy": report.strategy.name(),
            "first_seed": report.first_seed,
            "schedules": report.schedules,
            "found_within": self.finding().map(|finding| finding.found_within),
            "seed": self.finding().map(|finding| finding.seed),
            "explanation": self.finding().map(|finding| &finding.violation.explanation),
            "cut_off": report.cut_off,
            "events": report.events,
            "messages": report.messages,
            "entries": report.entries,
            "overtakes": report.overtakes,
            "seconds": self.taken.as_secs_f64(),
            "sometimes": sometimes,
        })
        .to_string()
    }
}

pub(super) const INDENT: &str = "    ";
pub(super) const AS_EXPECTED: &str = "violated, as expected";

/// The table that people read.
struct Columns {
    name: usize,
    verdict: usize,
}

impl Columns {
    fn of(scenarios: &[Scenario]) -> Self {
        let name = scenarios.iter().map(|scenario| scenario.name().chars().count()).max().unwrap_or(0);
        let violation = scenarios.iter().any(|scenario| scenario.expect() != Expectation::Holds);
        Self { name: name.max("scenario".len()), verdict: if violation { AS_EXPECTED.len() } else { "VIOLATED".len() } }
    }

    fn line(&self, [name, verdict, schedules, events, pace, speed]: [&str; 6]) -> String {
        let Self { name: name_width, verdict: verdict_width } = self;
        format!("{name:name_width$}  {verdict:verdict_width$}  {schedules:>9}  {events:>6}  {pace:>11}  {speed:>8}")
    }

    fn header(&self) -> String {
        self.line(["scenario", "verdict", "schedules", "events", "schedules/s", "events/s"])
    }

    fn row(&self, explored: &Explored<'_>) -> String {
        let Explored { scenario, report, taken, .. } = explored;
        let seconds = taken.as_secs_f64();
        // Below that it is the start of the threads that was measured.
        let rate = |count: u64| if seconds < 0.02 { "-".to_owned() } else { rounded(as_f64(count) / seconds) };
        self.line([
            scenario.name(),
            explored.verdict(),
            &grouped(report.schedules),
            &rounded(as_f64(report.events)),
            &rate(report.schedules),
            &rate(report.events),
        ])
    }
}

/// A path as a shell takes it for one word.
pub(super) fn shell_word(path: impl AsRef<Path>) -> String {
    let path = path.as_ref().display().to_string();
    let plain = |c: char| c.is_alphanumeric() || "_./-+=:@%,".contains(c);
    if !path.is_empty() && path.chars().all(plain) { path } else { format!("'{}'", path.replace('\'', r"'\''")) }
}
