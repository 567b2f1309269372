//! Campaigns: explorations that keep in a directory what they did, so that they go on where they stopped and can be
//! done in parts.
//!
//! The directory has `campaign.json`, what is to be done; `journal`, a line for each step that was done; and in the end
//! `report.txt`, `report.jsonl`, `report.html` and the small schedules with their views in `schedules/`. Whoever works
//! in it holds a lock on `lock`.

mod array;
mod directory;
mod journal;
mod manifest;
mod report;

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::thread;

use clap::Args;
use indicatif::ProgressBar;

use super::hang::{self, Patience};
use super::layout::grouped;
use super::number::number;
use super::output::{self, Output};
use super::{Fault, Verdict, progress, view};
use crate::explore::{Campaign, CampaignStep, Case, Failing, Hang, Shard, Strategy, Watchdog};
use crate::mutex::System;
use crate::scenario::{Scenario, Visitor, assumptions};

pub(super) use directory::{Directory, Part};
pub(super) use manifest::Manifest;
pub(super) use report::{Plot, Report};

/// What makes an exploration a campaign.
#[derive(Args)]
pub(super) struct Options {
    /// Keep in this directory what was done, and go on where it stopped: run every schedule, whatever they show, and
    /// report the failures, alike ones together
    #[arg(long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,
    /// Do part I of N, from 1 to N, for `jeton merge`; by default what the variables of a Slurm array or of an indexed
    /// Kubernetes job say (with `JETON_SHARDS` for its number of completions), or all of it
    #[arg(long, value_name = "I/N", requires = "out")]
    shard: Option<Shard>,
    /// How many failing schedules of each property are made small, the first ones
    #[arg(long, value_name = "N", requires = "out", default_value_t = 20)]
    #[arg(value_parser = number::<usize>(0..=Failing::SEEDS as u64))]
    minimise: usize,
    /// Take from each system of these scenarios one assumption after another too, as `jeton assumptions` does, and put
    /// that table on the page: of each as many schedules as `--schedules` says, or 250
    #[arg(long, requires = "out")]
    assumptions: bool,
    /// Put the plots (`*.svg`) of this directory on the page: what `jeton messages --out` left
    #[arg(long, value_name = "DIR", requires = "out")]
    plots: Option<PathBuf>,
}

/// A scenario, and what it takes away from its system if that is what it is for.
struct Planned {
    scenario: Scenario,
    assumption: Option<&'static str>,
}

/// How many schedules of each scenario, which, and on how many threads.
pub(super) struct Extent<'a> {
    pub(super) schedules: Option<u64>,
    pub(super) first_seed: u64,
    pub(super) jobs: Option<usize>,
    pub(super) strategy: Strategy,
    pub(super) patience: &'a Patience,
}

/// Goes on with the campaign in a directory, or begins it, and reports.
pub(super) fn explore(
    scenarios: Vec<Scenario>,
    (place, options): (&Path, &Options),
    extent: &Extent<'_>,
    shown: &Shown,
    output: &mut Output,
) -> Result<Verdict, Fault> {
    let shard = match options.shard {
        Some(shard) => shard,
        None => array::shard(|variable| std::env::var(variable).ok())?,
    };
    let plots = options.plots.as_deref().map(Plot::all).transpose()?.unwrap_or_default();
    let planned = planned(scenarios, options.assumptions)?;
    let manifest = Manifest::new(&planned, shard, options.minimise, extent)?;
    let mut directory = Directory::open(place, &manifest)?;
    let mut campaigns = directory.resume(&manifest)?;
    let jobs = extent.jobs.unwrap_or_else(|| thread::available_parallelism().map_or(1, NonZeroUsize::get));
    let scenarios: Vec<Scenario> = planned.into_iter().map(|planned| planned.scenario).collect();
    for (index, (scenario, campaign)) in scenarios.iter().zip(&mut campaigns).enumerate() {
        if campaign.is_complete() {
            continue;
        }
        let bar = bar(scenario.name(), campaign);
        let keep = |campaign: &Campaign, step: &CampaignStep| {
            show(&bar, campaign, step);
            directory.keep(index, step)
        };
        let bark = |hang: Hang| hang::end(&hang, scenario);
        let watchdog = extent.patience.watchdog(&bark);
        let gone_on = scenario.visit(Work { campaign, strategy: extent.strategy, jobs, watchdog, keep });
        bar.finish_and_clear();
        gone_on?;
    }
    let report = Report::new(&manifest, &scenarios, &campaigns, &plots);
    let page = directory.publish(&report)?;
    shown.report(&report, place, Some(&page), output);
    Ok(report.verdict())
}

/// The scenarios, and what is asked beside them.
fn planned(scenarios: Vec<Scenario>, with_assumptions: bool) -> Result<Vec<Planned>, Fault> {
    let systems: BTreeSet<String> = scenarios.iter().map(|scenario| scenario.system().to_owned()).collect();
    let mut planned: Vec<Planned> =
        scenarios.into_iter().map(|scenario| Planned { scenario, assumption: None }).collect();
    for system in systems.into_iter().filter(|_| with_assumptions) {
        for assumption in assumptions(&system).unwrap_or_default() {
            let scenario = Scenario::without(&system, &assumption).and_then(|scenario| {
                Scenario::parse(&format!("{system}.{}.toml", hyphened(assumption.name)), scenario.source())
            });
            let scenario = scenario.map_err(|error| Fault::new(error.to_string()))?;
            planned.push(Planned { scenario, assumption: Some(assumption.name) });
        }
    }
    Ok(planned)
}

/// A text as part of the name of a file.
fn hyphened(text: &str) -> String {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-").to_lowercase()
}

/// How a report is shown.
#[derive(Args)]
pub(super) struct Shown {
    /// Print JSON Lines: an object per scenario; with `--assumptions` also one per system, property and assumption
    #[arg(long)]
    pub(super) json: bool,
    /// Open the page of the report in the browser
    #[arg(long, requires = "out")]
    pub(super) open: bool,
}

impl Shown {
    pub(super) fn report(&self, report: &Report<'_>, place: &Path, page: Option<&Path>, output: &mut Output) {
        output.lines(report.shown(self.json, place).trim_end());
        let Some(page) = page else { return };
        if !self.json {
            output.lines(&format!("\nas a page: {}", page.display()));
        }
        if self.open {
            view::show(page);
        }
    }
}

fn bar(name: &str, campaign: &Campaign) -> ProgressBar {
    let bar = progress::schedules(campaign.plan().own_schedules(), name);
    bar.set_position(campaign.totals().schedules);
    bar.reset_eta();
    bar
}

fn show(bar: &ProgressBar, campaign: &Campaign, step: &CampaignStep) {
    match step {
        CampaignStep::Chunk { totals, .. } => bar.set_position(campaign.totals().schedules + totals.schedules),
        CampaignStep::Small(_) => {
            let left = campaign.unminimised().count();
            bar.set_message(format!("{} failing schedules are to be made small;", grouped(left as u64)));
        }
    }
}

/// What is left to do of a campaign, of any system.
struct Work<'a, K> {
    campaign: &'a mut Campaign,
    strategy: Strategy,
    jobs: usize,
    watchdog: Watchdog<'a>,
    keep: K,
}

impl<K: FnMut(&Campaign, &CampaignStep) -> Result<(), Fault>> Visitor for Work<'_, K> {
    type Output = Result<(), Fault>;

    fn visit<S: System>(self, mut case: Case<S>) -> Self::Output {
        case.strategy = self.strategy;
        self.campaign.run(&case, self.jobs, Some(self.watchdog), self.keep)
    }
}

/// Says on stderr where a campaign goes on.
fn note(text: &str) {
    output::complain("note", text);
}
