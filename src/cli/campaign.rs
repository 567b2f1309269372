//! Campaigns: explorations that keep in a directory what they did, so that they go on where they stopped and can be
//! done in parts.
//!
//! The directory has `campaign.json`, what is to be done; `journal`, a line for each step that was done; and in the end
//! `report.txt`, `report.jsonl` and the small schedules in `schedules/`. Whoever works in it holds a lock on `lock`.

mod array;
mod directory;
mod journal;
mod manifest;
mod report;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::thread;

use clap::Args;
use indicatif::ProgressBar;

use super::layout::grouped;
use super::output::{self, Output};
use super::{Fault, Verdict, progress};
use crate::explore::{Campaign, CampaignStep, Case, Failing, Shard, Strategy};
use crate::mutex::System;
use crate::scenario::{Scenario, Visitor};

pub(super) use directory::{Directory, Part};
pub(super) use manifest::Manifest;
pub(super) use report::Report;

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
    #[arg(value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(0..=Failing::SEEDS as u64))]
    minimise: usize,
}

/// How many schedules of each scenario, which, and on how many threads.
pub(super) struct Extent {
    pub(super) schedules: Option<u64>,
    pub(super) first_seed: u64,
    pub(super) jobs: Option<usize>,
    pub(super) strategy: Strategy,
}

/// Goes on with the campaign in a directory, or begins it, and reports.
pub(super) fn explore(
    scenarios: &[Scenario],
    (place, options): (&Path, &Options),
    extent: &Extent,
    json: bool,
    output: &mut Output,
) -> Result<Verdict, Fault> {
    let shard = match options.shard {
        Some(shard) => shard,
        None => array::shard(|variable| std::env::var(variable).ok())?,
    };
    let manifest = Manifest::new(scenarios, shard, options.minimise, extent)?;
    let mut directory = Directory::open(place, &manifest)?;
    let mut campaigns = directory.resume(&manifest)?;
    let jobs = extent.jobs.unwrap_or_else(|| thread::available_parallelism().map_or(1, NonZeroUsize::get));
    for (index, (scenario, campaign)) in scenarios.iter().zip(&mut campaigns).enumerate() {
        if campaign.is_complete() {
            continue;
        }
        let bar = bar(scenario.name(), campaign);
        let keep = |campaign: &Campaign, step: &CampaignStep| {
            show(&bar, campaign, step);
            directory.keep(index, step)
        };
        let gone_on = scenario.visit(Work { campaign, strategy: extent.strategy, jobs, keep });
        bar.finish_and_clear();
        gone_on?;
    }
    let report = Report::new(&manifest, scenarios, &campaigns);
    directory.publish(&report)?;
    output.lines(report.shown(json, place).trim_end());
    Ok(report.verdict())
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
    keep: K,
}

impl<K: FnMut(&Campaign, &CampaignStep) -> Result<(), Fault>> Visitor for Work<'_, K> {
    type Output = Result<(), Fault>;

    fn visit<S: System>(self, mut case: Case<S>) -> Self::Output {
        case.strategy = self.strategy;
        self.campaign.run(&case, self.jobs, self.keep)
    }
}

/// Says on stderr where a campaign goes on.
fn note(text: &str) {
    output::complain("note", text);
}
