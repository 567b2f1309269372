use serde::{Deserialize, Serialize};

use super::super::{Fault, assumptions, hang};
use super::{Extent, Planned};
use crate::engine::Invalid;
use crate::explore::{Campaign, Case, Hang, Plan, Runner, SCHEDULE_VERSION, Shard, Strategy, Watchdog};
use crate::mutex::System;
use crate::scenario::{Scenario, Visitor};
use crate::trace::{Fingerprint, Recorder};

/// The version of the files of a campaign.
const FORMAT: u32 = 1;

/// What a campaign is to do: all that its report depends on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::cli) struct Manifest {
    format: u32,
    jeton: String,
    schedule_version: u32,
    strategy: String,
    first_seed: u64,
    minimise: usize,
    shard: String,
    scenarios: Vec<Entry>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    /// What is taken away from the baseline of its system, if that is what it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    assumption: Option<String>,
    schedules: u64,
    /// The fingerprint of the run of the first seed: a build that behaves otherwise is not to go on with it.
    first_run: String,
    source: String,
}

/// Only this much of a manifest of another version is looked at.
#[derive(Deserialize)]
struct Version {
    format: u32,
    jeton: String,
}

impl Manifest {
    pub(super) fn new(
        scenarios: &[Planned],
        shard: Shard,
        minimise: usize,
        extent: &Extent<'_>,
    ) -> Result<Self, Fault> {
        let mut entries: Vec<Entry> = Vec::new();
        for Planned { scenario, assumption } in scenarios {
            let name = scenario.name().to_owned();
            if entries.iter().any(|entry| entry.name == name) {
                return Err(Fault::new(format!(
                    "two scenarios are called {name}: a campaign tells them by their names"
                )));
            }
            let assumption = assumption.map(str::to_owned);
            let usual = if assumption.is_some() { assumptions::SCHEDULES } else { scenario.schedules() };
            let schedules = extent.schedules.unwrap_or(usual);
            let bark = |hang: Hang| hang::end(&hang, scenario);
            let watchdog = extent.patience.watchdog(&bark);
            let first_run =
                scenario.visit(FirstRun { strategy: extent.strategy, seed: extent.first_seed, watchdog })?;
            entries.push(Entry { name, assumption, schedules, first_run, source: scenario.source().to_owned() });
        }
        let manifest = Self {
            format: FORMAT,
            jeton: env!("CARGO_PKG_VERSION").to_owned(),
            schedule_version: SCHEDULE_VERSION,
            strategy: extent.strategy.to_string(),
            first_seed: extent.first_seed,
            minimise,
            shard: shard.to_string(),
            scenarios: entries,
        };
        manifest.plans().map(|_| manifest).map_err(Fault::new)
    }

    /// Reads it from its file.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let Version { format, jeton } = serde_json::from_str(text).map_err(|error| format!("no campaign: {error}"))?;
        if format != FORMAT || jeton != env!("CARGO_PKG_VERSION") {
            let own = env!("CARGO_PKG_VERSION");
            return Err(format!("a campaign of jeton {jeton}, and this is {own}: it must be ended with what began it"));
        }
        let manifest: Self = serde_json::from_str(text).map_err(|error| format!("no campaign: {error}"))?;
        manifest.plans()?;
        Ok(manifest)
    }

    pub(super) fn text(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }

    /// The plan of each scenario.
    fn plans(&self) -> Result<Vec<Plan>, String> {
        let shard: Shard = self.shard.parse().map_err(|error| format!("{error}"))?;
        let plan = |entry: &Entry| {
            let Self { first_seed, mut minimise, .. } = *self;
            if entry.assumption.is_some() {
                // One picture of each is enough.
                minimise = minimise.min(1);
            }
            let plan = Plan { first_seed, schedules: entry.schedules, minimise, shard };
            if plan.is_possible() {
                return Ok(plan);
            }
            Err(format!("{} schedules from seed {first_seed} are too many", entry.schedules))
        };
        self.scenarios.iter().map(plan).collect()
    }

    pub(in crate::cli) fn shard(&self) -> Shard {
        self.shard.parse().unwrap_or(Shard::WHOLE)
    }

    pub(super) fn first_seed(&self) -> u64 {
        self.first_seed
    }

    pub(super) fn strategy(&self) -> &str {
        &self.strategy
    }

    /// What each scenario takes away from its system, if that is what it is for.
    pub(super) fn assumptions(&self) -> impl Iterator<Item = Option<&str>> {
        self.scenarios.iter().map(|entry| entry.assumption.as_deref())
    }

    /// A campaign for each scenario, none of which has done anything.
    pub(in crate::cli) fn campaigns(&self) -> Vec<Campaign> {
        self.plans().unwrap_or_default().into_iter().map(Campaign::new).collect()
    }

    /// The scenarios, from their texts.
    pub(in crate::cli) fn scenarios(&self) -> Result<Vec<Scenario>, Fault> {
        let read = |entry: &Entry| Scenario::parse(&format!("{}.toml", entry.name), &entry.source);
        self.scenarios.iter().map(read).collect::<Result<_, _>>().map_err(|error| Fault::new(error.to_string()))
    }

    /// The campaign that this is a part of.
    pub(in crate::cli) fn whole(&self) -> Self {
        Self { shard: Shard::WHOLE.to_string(), ..self.clone() }
    }

    /// In what this differs from another one, which is called `kept`.
    pub(in crate::cli) fn differences(&self, kept: &Self) -> Vec<String> {
        let mut differences = Vec::new();
        let mut compare = |what: &str, own: String, kept: String| {
            if own != kept {
                differences.push(format!("{what} was {kept} and is {own}"));
            }
        };
        compare("the version of schedules", self.schedule_version.to_string(), kept.schedule_version.to_string());
        compare("the strategy", self.strategy.clone(), kept.strategy.clone());
        compare("the first seed", self.first_seed.to_string(), kept.first_seed.to_string());
        compare("`--minimise`", self.minimise.to_string(), kept.minimise.to_string());
        compare("the shard", self.shard.clone(), kept.shard.clone());
        let has_assumptions = |of: &Self| of.assumptions().any(|assumption| assumption.is_some());
        match (has_assumptions(self), has_assumptions(kept)) {
            (true, false) => differences.push("it was begun without `--assumptions`".to_owned()),
            (false, true) => differences.push("it was begun with `--assumptions`".to_owned()),
            _ => {}
        }
        let of_files = |of: &Self| {
            let entries = of.scenarios.iter().filter(|entry| entry.assumption.is_none());
            entries.map(|entry| entry.name.clone()).collect::<Vec<_>>()
        };
        if of_files(self) != of_files(kept) {
            differences.push(format!("the scenarios were {}", in_short(&of_files(kept))));
            return differences;
        }
        let names = |of: &Self| of.scenarios.iter().map(|entry| entry.name.as_str()).collect::<Vec<_>>().join(", ");
        if names(self) != names(kept) && differences.is_empty() {
            differences.push(format!("the scenarios were {}", names(kept)));
            return differences;
        }
        for (own, kept) in self.scenarios.iter().zip(&kept.scenarios) {
            let name = &own.name;
            if own.source != kept.source {
                differences.push(format!("the text of {name} is another one"));
            } else if own.schedules != kept.schedules {
                differences.push(format!("{name} had {} schedules and has {}", kept.schedules, own.schedules));
            } else if own.first_run != kept.first_run {
                differences.push(format!("this jeton runs {name} otherwise: it is another build"));
            }
        }
        differences
    }
}

/// The first of many names.
fn in_short(names: &[String]) -> String {
    let more = names.len().saturating_sub(5);
    let shown = names[..names.len() - more].join(", ");
    if more == 0 { shown } else { format!("{shown} and {more} more") }
}

/// The fingerprint of one run.
struct FirstRun<'a> {
    strategy: Strategy,
    seed: u64,
    watchdog: Watchdog<'a>,
}

impl Visitor for FirstRun<'_> {
    type Output = Result<String, Invalid>;

    fn visit<S: System>(self, mut case: Case<S>) -> Self::Output {
        case.strategy = self.strategy;
        let mut recorder = Recorder::to(Fingerprint::new());
        self.watchdog.run(&case, &mut Runner::new(&case)?, self.seed, &mut recorder);
        Ok(recorder.finish().to_string())
    }
}
