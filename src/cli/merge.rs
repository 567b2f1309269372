use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;

use super::campaign::{Directory, Manifest, Part, Plot, Report, Shown};
use super::output::{Output, complain};
use super::{Fault, Verdict};
use crate::explore::{Campaign, CampaignStep};

/// Join the parts of a campaign into the report that one run would have given
///
/// It wants the directory of every part, each done to its end. Exit status: that of the one run, or 2 if parts are
/// missing, unfinished, there twice or not of one campaign.
#[derive(Args)]
pub(super) struct Merge {
    /// The directories of the parts
    #[arg(required = true, value_name = "DIR")]
    parts: Vec<PathBuf>,
    /// Leave here what one run would have left: the report, also as a page, and the schedules that it names
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Put the plots (`*.svg`) of this directory on the page: what `jeton messages --out` left
    #[arg(long, value_name = "DIR", requires = "out")]
    plots: Option<PathBuf>,
    #[command(flatten)]
    shown: Shown,
}

impl Merge {
    pub(super) fn execute(self, output: &mut Output) -> Result<Verdict, Fault> {
        let plots = self.plots.as_deref().map(Plot::all).transpose()?.unwrap_or_default();
        let parts: Vec<Part> = self.parts.iter().map(|place| Part::read(place)).collect::<Result<_, _>>()?;
        let manifest = self.check(&parts)?;
        let scenarios = manifest.scenarios()?;
        let mut directory = self.out.as_deref().map(|out| Directory::open(out, &manifest)).transpose()?;
        let mut campaigns = match &mut directory {
            Some(directory) => directory.resume(&manifest)?,
            None => manifest.campaigns(),
        };
        join(&mut campaigns, &parts, |scenario, step| match &mut directory {
            Some(directory) => directory.keep(scenario, step),
            None => Ok(()),
        })?;
        if !campaigns.iter().all(Campaign::is_complete) {
            return Err(Fault::new("the parts do not make a whole"));
        }
        let report = Report::new(&manifest, &scenarios, &campaigns, &plots);
        let page = directory.map(|mut directory| directory.publish(&report)).transpose()?;
        self.shown.report(&report, self.out.as_deref().unwrap_or(Path::new("")), page.as_deref(), output);
        if page.is_none() {
            complain("note", "with `--out DIR` the schedules it names are written there, and a page of it");
        }
        Ok(report.verdict())
    }

    /// The whole that these are all parts of, each once and done to its end.
    fn check(&self, parts: &[Part]) -> Result<Manifest, Fault> {
        let mut problems = Vec::new();
        let (first, first_place) = (&parts[0].manifest, self.parts[0].display());
        let count = first.shard().count();
        let mut places: BTreeMap<u64, &Path> = BTreeMap::new();
        for (part, place) in parts.iter().zip(&self.parts) {
            let (shard, shown) = (part.manifest.shard(), place.display());
            let differences = part.manifest.whole().differences(&first.whole());
            if !differences.is_empty() {
                problems.push(format!("{shown}: not of the campaign of {first_place}: {}", differences.join("; ")));
            } else if shard.count() != count {
                problems.push(format!("{shown}: it is part {shard}, but {first_place} is part {}", first.shard()));
            } else if let Some(other) = places.insert(shard.index(), place) {
                problems.push(format!("{shown}: it is part {shard}, and so is {}", other.display()));
            }
            match part.campaigns() {
                Err(why) => problems.push(format!("{shown}: its journal cannot be: {why}")),
                Ok(campaigns) => {
                    let told =
                        |lacks| format!("{shown}: part {shard} is not done: {lacks}; its command goes on with it");
                    problems.extend(unfinished(&campaigns).map(told));
                }
            }
        }
        if problems.is_empty() {
            let missing = (1..=count).filter(|index| !places.contains_key(index));
            problems.extend(missing.take(10).map(|index| format!("part {index}/{count} is missing")));
        }
        if problems.is_empty() { Ok(first.whole()) } else { Err(Fault(problems)) }
    }
}

/// What is still to be done, if anything is.
fn unfinished(campaigns: &[Campaign]) -> Option<String> {
    let chunks: usize = campaigns.iter().map(|campaign| campaign.missing_chunks().count()).sum();
    let all: usize = campaigns.iter().map(|campaign| campaign.plan().own_chunks().count()).sum();
    if chunks > 0 {
        return Some(format!("{chunks} of its {all} chunks of schedules are missing"));
    }
    let small: usize = campaigns.iter().map(|campaign| campaign.unminimised().count()).sum();
    if small > 0 { Some(format!("{small} failing schedules are not made small yet")) } else { None }
}

/// Takes what the parts have and the whole has not: first all schedules, since only then it is known which are to be
/// made small.
fn join(
    campaigns: &mut [Campaign],
    parts: &[Part],
    mut keep: impl FnMut(usize, &CampaignStep) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let steps = || parts.iter().flat_map(|part| &part.steps);
    let chunks = steps().filter(|(_, step)| matches!(step, CampaignStep::Chunk { .. }));
    let small = steps().filter(|(_, step)| matches!(step, CampaignStep::Small(_)));
    for (scenario, step) in chunks.chain(small) {
        let campaign = &mut campaigns[*scenario];
        let is_needed = match step {
            CampaignStep::Chunk { chunk, .. } => !campaign.has(*chunk),
            CampaignStep::Small(small) => campaign.wants(&small.property, small.seed),
        };
        if is_needed {
            campaign.take(step.clone()).map_err(|misfit| Fault::new(misfit.to_string()))?;
            keep(*scenario, step)?;
        }
    }
    Ok(())
}
