//! A seed made into a schedule file.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args;
use indicatif::ProgressBar;

use super::hang::{self, Patience};
use super::layout::count;
use super::number::{self, number};
use super::output::NewFile;
use super::{Fault, progress};
use crate::engine::{End, Invalid};
use crate::explore::{
    Case, Hang, MinimiseProgress, Minimised, Minimiser, Recorded, Runner, ScenarioText, Schedule, Strategy, Watchdog,
};
use crate::mutex::System;
use crate::scenario::{Scenario, Visitor};

/// Where the schedule goes, and what may be spent on it.
#[derive(Args)]
#[allow(clippy::struct_field_names, reason = "they are the names of options")]
pub(super) struct Keep {
    /// Write its schedule to this file, made as small as still shows the violation, for `jeton replay`
    #[arg(long = "keep", value_name = "OUT.toml")]
    kept: Option<PathBuf>,
    /// How many schedules are tried to make it small
    #[arg(id = "keep-runs", long, value_name = "N", default_value_t = 20_000, requires = "kept")]
    #[arg(value_parser = number::<u64>(number::SOME))]
    runs: u64,
    /// How long that may take at most; the result then depends on the speed of the machine
    #[arg(id = "keep-seconds", long, value_name = "N", requires = "kept")]
    #[arg(value_parser = number::<u64>(number::ANY))]
    seconds: Option<u64>,
}

impl Keep {
    /// Where the schedule goes, if it is kept.
    pub(super) fn place(&self) -> Option<&Path> {
        self.kept.as_deref()
    }

    /// Records the schedule of a seed, makes it small if it violates a property, and writes it to a file. Returns what
    /// is in it; nothing, if no file is wanted.
    pub(super) fn execute(
        &self,
        scenario: &Scenario,
        strategy: Strategy,
        seed: u64,
        patience: &Patience,
    ) -> Result<Option<String>, Fault> {
        let Some(place) = &self.kept else { return Ok(None) };
        let file = NewFile::create(place)?;
        let bark = |hang: Hang| hang::end(&hang, scenario);
        let watchdog = patience.watchdog(&bark);
        let bar = progress::runs(self.runs, "making it small");
        let kept = scenario.visit(Work { strategy, seed, keep: self, bar: &bar, watchdog });
        bar.finish_and_clear();
        let (mut schedule, text) = kept?;
        schedule.scenario = Some(ScenarioText::from(scenario));
        file.finish(schedule.to_string().as_bytes())?;
        Ok(Some(format!("{text} in {}", place.display())))
    }
}

struct Work<'a> {
    strategy: Strategy,
    seed: u64,
    keep: &'a Keep,
    bar: &'a ProgressBar,
    watchdog: Watchdog<'a>,
}

impl Visitor for Work<'_> {
    type Output = Result<(Schedule, String), Invalid>;

    fn visit<S: System>(self, mut case: Case<S>) -> Self::Output {
        case.strategy = self.strategy;
        let (outcome, decisions) = Runner::new(&case)?.record(self.seed);
        let number = count(decisions.len() as u64, "decision");
        let End::Violated(violation) = &outcome.end else {
            return Ok((Schedule { decisions, ..Schedule::default() }, number));
        };
        let started = Instant::now();
        let limit = self.keep.seconds.map(Duration::from_secs);
        let until = || limit.is_some_and(|limit| started.elapsed() >= limit);
        let progress = |progress: MinimiseProgress| {
            self.bar.set_position(progress.runs);
            let processes = count(u64::from(progress.processes), "process");
            self.bar.set_message(format!("{processes}, {}", count(progress.decisions as u64, "decision")));
        };
        let minimiser = Minimiser::new(&case, &*violation.property)
            .max_runs(self.keep.runs)
            .seeds_after(self.seed)
            .watchdog(self.watchdog);
        Ok(match minimiser.until(&until).progress(&progress).run(&decisions)? {
            Some(Minimised { part, decisions, violation, minimal, seed, .. }) => {
                let violation = Some(Recorded::from(&violation));
                let processes = case.setup.processes - part.without.len() as u32;
                let number = count(decisions.len() as u64, "decision");
                let doubt = if minimal { "" } else { ", not known to be 1-minimal," };
                // A schedule of more than a few decisions gives way to a smaller one that shows the same.
                let whose = seed.map(|seed| format!(", from seed {seed},")).unwrap_or_default();
                let text = format!("{number} of {}{doubt}{whose}", part.describe(processes));
                (Schedule { violation, part, decisions, ..Schedule::default() }, text)
            }
            None => {
                let violation = Some(Recorded::from(violation));
                (Schedule { violation, decisions, ..Schedule::default() }, number)
            }
        })
    }
}
