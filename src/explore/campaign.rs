//! A campaign: an exploration in steps that can be kept, so that it goes on where it stopped and can be done in parts.

mod form;
mod run;
mod shard;
mod totals;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

pub use form::Form;
use serde::{Deserialize, Serialize};
pub use shard::{Shard, ShardError};
pub use totals::Totals;

use super::exploration::Failing;
use super::schedule::Schedule;

/// Which schedules a campaign has, and which of them are its part.
///
/// They are done in chunks, whose length follows from the number of schedules alone: chunk after chunk is dealt to the
/// shards in turn, so that the parts are alike whatever the seeds show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The first seed.
    pub first_seed: u64,
    /// How many schedules there are in all parts together, one a seed.
    pub schedules: u64,
    /// How many failing schedules of each property are made small, the first ones: at most [`Failing::SEEDS`].
    pub minimise: usize,
    /// Which part this is.
    pub shard: Shard,
}

/// No campaign has more chunks than this, as long as they stay this short.
const CHUNKS: u64 = 1024;
/// What a kill costs at least and at most, in schedules and for each thread.
const CHUNK_LENGTHS: (u64, u64) = (16, 65_536);

impl Plan {
    /// No campaign has more schedules.
    pub const SCHEDULES_MAX: u64 = 1 << 48;

    /// Whether there are schedules, not too many, each with a seed of its own, and not too many of them are made small.
    pub const fn is_possible(&self) -> bool {
        self.schedules > 0
            && self.schedules <= Self::SCHEDULES_MAX
            && self.first_seed.checked_add(self.schedules - 1).is_some()
            && self.minimise <= Failing::SEEDS
    }

    /// How many chunks there are in all parts together.
    pub fn chunks(&self) -> u64 {
        self.schedules.div_ceil(self.chunk_length())
    }

    /// The chunks of this part.
    pub fn own_chunks(&self) -> impl Iterator<Item = u64> + Send + use<> {
        let apart = usize::try_from(self.shard.count()).unwrap_or(usize::MAX);
        (self.shard.index() - 1..self.chunks()).step_by(apart)
    }

    /// How many schedules this part has.
    pub fn own_schedules(&self) -> u64 {
        let (chunks, length) = (self.chunks(), self.chunk_length());
        // Before this part's first chunk there are as many as it has index, less one; then each `count`th is its own.
        let own = chunks.saturating_sub(self.shard.index() - 1).div_ceil(self.shard.count());
        let lacking = if self.shard.owns(chunks - 1) { chunks * length - self.schedules } else { 0 };
        own * length - lacking
    }

    /// Which schedules are in a chunk, counted from 0.
    fn chunk(&self, chunk: u64) -> Range<u64> {
        let length = self.chunk_length();
        let start = chunk * length;
        start..(start + length).min(self.schedules)
    }

    fn chunk_length(&self) -> u64 {
        let (shortest, longest) = CHUNK_LENGTHS;
        self.schedules.div_ceil(CHUNKS).clamp(shortest, longest)
    }
}

/// What a campaign has done since it was last asked: what is kept of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CampaignStep {
    /// A chunk of schedules was run.
    Chunk {
        /// Which one.
        chunk: u64,
        /// What came of it.
        totals: Totals,
    },
    /// A failing schedule was made small.
    Small(Box<Small>),
}

/// A failing schedule that was made small.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Small {
    /// The property that it violates.
    pub property: String,
    /// Its seed, before it was made small.
    pub seed: u64,
    /// Whether it is 1-minimal; see [`Minimised::minimal`](super::Minimised::minimal).
    pub minimal: bool,
    /// The small schedule, without its scenario; it is written as the text of its file.
    #[serde(with = "text")]
    pub schedule: Schedule,
}

/// A schedule as the text of its file.
mod text {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use crate::explore::Schedule;

    pub(super) fn serialize<S: Serializer>(schedule: &Schedule, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(schedule)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Schedule, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// A step that is none of this campaign, or was taken before.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Misfit {
    /// It would count schedules twice.
    #[error("chunk {0} is there twice")]
    Twice(u64),
    /// Another part has it, or none.
    #[error("chunk {0} is not of this part")]
    Foreign(u64),
    /// It has not the schedules that it must have.
    #[error("chunk {chunk} has {found} schedules, expected {expected}")]
    Length {
        /// Which chunk.
        chunk: u64,
        /// How many schedules it has.
        found: u64,
        /// How many it should have.
        expected: u64,
    },
    /// Nobody asked for it.
    #[error("the schedule of seed {seed} is none of those that violate {property} and are to be made small")]
    Unasked {
        /// The property that it is said to violate.
        property: String,
        /// Its seed.
        seed: u64,
    },
}

/// An exploration of one case that can be interrupted: what it has done so far.
///
/// It runs every schedule of its part, whatever they show. What it knows in the end depends neither on the order of its
/// steps, nor on how they were dealt to parts, nor on how often it was interrupted.
///
/// ```
/// use jeton::explore::{Campaign, Case, Plan, Shard};
/// # use jeton::algorithms::query_ring::{Parameters, QueryRing};
/// # use jeton::{engine::{Invalid, Setup}, mutex::System};
/// # let config = QueryRing::configure(4, &Parameters::default()).expect("defaults");
/// let case = Case::new(Setup::<QueryRing>::new(4, config).with_random_crashes(1));
/// let plan = Plan { first_seed: 0, schedules: 100, minimise: 5, shard: Shard::WHOLE };
///
/// // It is interrupted after three steps. What is kept of it is enough to go on.
/// let mut kept = Vec::new();
/// let mut campaign = Campaign::new(plan);
/// let interrupted = campaign.run(&case, 1, None, |_, step| {
///     kept.push(step.clone());
///     if kept.len() < 3 { Ok(()) } else { Err(None) }
/// });
/// assert_eq!(interrupted, Err(None::<Invalid>));
///
/// let mut resumed = Campaign::new(plan);
/// for step in kept {
///     resumed.take(step)?;
/// }
/// resumed.run(&case, 2, None, |_, _| Ok::<(), Invalid>(()))?;
/// assert!(resumed.is_complete());
/// assert_eq!(resumed.totals().schedules, 100);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Campaign {
    plan: Plan,
    taken: BTreeSet<u64>,
    totals: Totals,
    small: BTreeMap<(String, u64), Small>,
}

impl Campaign {
    /// One that has done nothing.
    ///
    /// # Panics
    /// If the plan is not [possible](Plan::is_possible).
    pub fn new(plan: Plan) -> Self {
        assert!(plan.is_possible(), "{plan:?}");
        Self { plan, taken: BTreeSet::new(), totals: Totals::default(), small: BTreeMap::new() }
    }

    /// What it is to do.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Takes a step that was done before.
    ///
    /// # Errors
    /// If it was taken already, or is none of this campaign.
    pub fn take(&mut self, step: CampaignStep) -> Result<(), Misfit> {
        match step {
            CampaignStep::Chunk { chunk, totals } => self.take_chunk(chunk, &totals),
            CampaignStep::Small(small) => {
                if !self.wants(&small.property, small.seed) {
                    return Err(Misfit::Unasked { property: small.property, seed: small.seed });
                }
                self.small.insert((small.property.clone(), small.seed), *small);
                Ok(())
            }
        }
    }

    fn take_chunk(&mut self, chunk: u64, totals: &Totals) -> Result<(), Misfit> {
        if chunk >= self.plan.chunks() || !self.plan.shard.owns(chunk) {
            return Err(Misfit::Foreign(chunk));
        }
        let range = self.plan.chunk(chunk);
        let (found, expected) = (totals.schedules, range.end - range.start);
        if found != expected {
            return Err(Misfit::Length { chunk, found, expected });
        }
        if !self.taken.insert(chunk) {
            return Err(Misfit::Twice(chunk));
        }
        self.totals.add(totals);
        Ok(())
    }

    /// Whether all schedules were run and this one is to be made small still.
    pub fn wants(&self, property: &str, seed: u64) -> bool {
        self.unminimised().any(|(wanted, known)| wanted == property && known == seed)
    }

    /// Whether this chunk is done.
    pub fn has(&self, chunk: u64) -> bool {
        self.taken.contains(&chunk)
    }

    /// The chunks that are not done yet.
    pub fn missing_chunks(&self) -> impl Iterator<Item = u64> + '_ {
        self.plan.own_chunks().filter(|chunk| !self.taken.contains(chunk))
    }

    /// The failing schedules that are to be made small still, by property and seed; none before all schedules were run,
    /// since which are the first is not known before.
    pub fn unminimised(&self) -> impl Iterator<Item = (&str, u64)> {
        let all_run = self.totals.schedules == self.plan.own_schedules();
        let failing = self.totals.failing.iter().filter(move |_| all_run);
        failing.flat_map(|(property, failing)| {
            let seeds = failing.seeds.iter().take(self.plan.minimise);
            let missing = seeds.filter(|seed| !self.small.contains_key(&(property.clone(), **seed)));
            missing.map(|seed| (property.as_str(), *seed))
        })
    }

    /// Whether nothing of its part is left to do.
    pub fn is_complete(&self) -> bool {
        self.totals.schedules == self.plan.own_schedules() && self.unminimised().next().is_none()
    }

    /// What came of the schedules so far.
    pub fn totals(&self) -> &Totals {
        &self.totals
    }

    /// How many failing schedules of a property were made small.
    pub fn minimised(&self, property: &str) -> usize {
        self.small.keys().filter(|(of, _)| of == property).count()
    }

    /// The failing schedules that were made small, alike ones together.
    pub fn forms(&self) -> Vec<Form> {
        form::forms(self.small.values())
    }
}

#[cfg(test)]
mod tests;
