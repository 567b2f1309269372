//! Every interleaving of a small configuration.

mod counters;
mod liveness;
mod report;
mod search;
mod trace;

use std::ops::ControlFlow;
use std::sync::Arc;

use self::liveness::Outcome;
pub use self::report::{Budget, Coverage, Proof, Unchecked, Verdict};
pub use self::search::Order;
use self::search::{Search, Stop};
pub use self::trace::{Counterexample, Step};
use super::exploration::Exploration;
use super::runner::Case;
use crate::engine::interleaving::Bounds;
use crate::engine::{DetectorClass, Faults, Invalid, NO_PANIC, Setup, Unreliable};
use crate::mutex::{Lookout, Mutex, Property, Workload};

/// Runs every interleaving of one case, and says "verified" only if it was every one.
///
/// What may come next in each state is anything that is on its way: messages, reports, requests, crashes, restarts. It
/// has no clock: delays, latencies and the times of the workload say nothing, and timeouts are long, which is to say
/// that a timer fires when nothing else is sure to come; and so many times a process before
/// ([`early_timers`](Self::early_timers)). Crashes come as often as the setup says at most, at any moment, between the
/// effects of a step too.
///
/// ```
/// use jeton::algorithms::query_ring::{Parameters, QueryRing};
/// use jeton::mutex::{System, Workload};
/// use jeton::{engine::Setup, explore::Exhaustive};
///
/// let config = QueryRing::configure(2, &Parameters::default())?;
/// let workload = Workload { requests: 1, write_per_mille: 1000, ..Workload::default() };
/// let proof = Exhaustive::new(Setup::<QueryRing>::new(2, config)).workload(workload).run()?;
/// assert!(proof.is_verified());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Exhaustive<'a, P: Mutex> {
    case: Case<P>,
    early_timers: u32,
    losses: Option<u32>,
    duplicates: Option<u32>,
    order: Order,
    memory_bytes: u64,
    states_max: u64,
    progress: Option<&'a dyn Fn(Coverage) -> ControlFlow<()>>,
}

impl<'a, P: Mutex> Exploration<'a, P> {
    /// Every interleaving of the same case instead of some of its schedules.
    pub fn exhaustive(self) -> Exhaustive<'a, P> {
        Exhaustive::of(self.case)
    }
}

impl<'a, P: Mutex> Exhaustive<'a, P> {
    /// Every interleaving of the default workload, checked against what the algorithm claims, in 4 GiB.
    pub fn new(setup: Setup<P>) -> Self {
        Self::of(Case::new(setup))
    }

    /// Every interleaving of this case.
    pub fn of(case: Case<P>) -> Self {
        Self {
            case,
            early_timers: 0,
            losses: None,
            duplicates: None,
            order: Order::default(),
            memory_bytes: 4 << 30,
            states_max: u64::from(u32::MAX),
            progress: None,
        }
    }

    /// What the applications do.
    #[must_use]
    pub fn workload(mut self, workload: Workload) -> Self {
        self.case.set_workload(workload);
        self
    }

    /// What is checked.
    #[must_use]
    pub fn properties(mut self, properties: &[Property]) -> Self {
        self.case.properties = properties.to_vec();
        self
    }

    /// How many timers of each process fire though something else is sure to come: 0, if it is never said. Those that
    /// fire when nothing else is are not counted.
    #[must_use]
    pub fn early_timers(mut self, each: u32) -> Self {
        self.early_timers = each;
        self
    }

    /// How many messages the network loses at most. If it is never said: one, if messages are lost in the setup.
    #[must_use]
    pub fn losses(mut self, losses: u32) -> Self {
        self.losses = Some(losses);
        self
    }

    /// How many messages the network delivers twice at most. If it is never said: one, if the setup has such.
    #[must_use]
    pub fn duplicates(mut self, duplicates: u32) -> Self {
        self.duplicates = Some(duplicates);
        self
    }

    /// In which order states are looked at.
    #[must_use]
    pub fn order(mut self, order: Order) -> Self {
        self.order = order;
        self
    }

    /// How much memory it may take, in bytes; then it stops, and says that it is not complete.
    #[must_use]
    pub fn memory_bytes(mut self, bytes: u64) -> Self {
        self.memory_bytes = bytes;
        self
    }

    /// After how many states it stops, and says that it is not complete.
    #[must_use]
    pub fn states_max(mut self, states: u64) -> Self {
        self.states_max = states;
        self
    }

    /// Whom to tell how far it is, every few thousand states; it may break off, and then the search is incomplete.
    #[must_use]
    pub fn progress(mut self, progress: &'a dyn Fn(Coverage) -> ControlFlow<()>) -> Self {
        self.progress = Some(progress);
        self
    }

    /// Runs them.
    ///
    /// # Errors
    /// What in the setup cannot be, or has no meaning without a clock.
    pub fn run(self) -> Result<Proof, Invalid> {
        self.case.validate()?;
        refuse(&self.case)?;
        let mut search = self.search(&self.case.properties);
        let mut stop = search.start();
        let unchecked = unchecked(&search, &self.case.properties);
        if !unchecked.is_empty() {
            // What cannot be told is not told.
            let is_checked = |property: &Property| unchecked.iter().all(|unchecked| unchecked.property != *property);
            let checked: Vec<Property> = self.case.properties.iter().copied().filter(is_checked).collect();
            search = self.search(&checked);
            stop = search.start();
        }
        let verdict = self.decide(&mut search, stop);
        let is_checked = |property: &&Property| unchecked.iter().all(|unchecked| unchecked.property != **property);
        let mut checked: Vec<_> = self.case.properties.iter().filter(is_checked).map(|p| p.name()).collect();
        checked.push(NO_PANIC);
        let budget = self.budget();
        Ok(Proof { verdict, coverage: coverage(&search), checked, unchecked, budget })
    }

    fn budget(&self) -> Budget {
        let Exhaustive { early_timers, losses, duplicates, case, .. } = self;
        let Faults { messages, random, crashes, .. } = &case.setup.faults;
        let some = |share: fn(&Unreliable) -> u16| u32::from(messages.as_ref().is_some_and(|faults| share(faults) > 0));
        Budget {
            crashes: random.iter().map(|random| random.up_to).sum::<u32>() + crashes.len() as u32,
            early_timers: *early_timers,
            losses: losses.unwrap_or_else(|| some(|faults| faults.loss_per_mille)),
            duplicates: duplicates.unwrap_or_else(|| some(|faults| faults.duplicate_per_mille)),
        }
    }

    fn search(&self, properties: &[Property]) -> Search<P, Lookout<P>> {
        let Case { setup, workload, .. } = &self.case;
        let watch = Lookout::<P>::new(setup.processes, *workload, properties);
        let Budget { early_timers, losses, duplicates, .. } = self.budget();
        let weighs = properties.contains(&Property::SingleToken);
        let bounds = Bounds { early_timers: Some(early_timers), losses, duplicates, weighs };
        Search::new(Arc::clone(setup), watch, bounds, self.order)
    }

    /// Searches to the end: all states, then the cycles among them, and whatever those lead to.
    fn decide(&self, search: &mut Search<P, Lookout<P>>, mut stop: Option<Stop>) -> Verdict {
        loop {
            match stop.take().unwrap_or_else(|| search.run(|search| self.goes_on(search))) {
                Stop::Exhausted => {}
                Stop::Limit => return Verdict::Incomplete,
                Stop::Found { from, to, found } => {
                    return Verdict::Violated(Box::new(trace::trace(search, from, to, found)));
                }
            }
            // Its tables are as large as the states are many.
            let bytes = search.bytes() as u64 + search.tuples.len() as u64 * CYCLE_BYTES;
            if bytes > self.memory_bytes {
                return Verdict::Incomplete;
            }
            match liveness::look_through(search) {
                Outcome::Settled => return Verdict::Verified,
                Outcome::Unsettled(counterexample) => return Verdict::Violated(Box::new(counterexample)),
                Outcome::Held(states) => stop = search.free(&states),
            }
        }
    }

    fn goes_on(&self, search: &Search<P, Lookout<P>>) -> bool {
        if self.progress.is_some_and(|progress| progress(coverage(search)).is_break()) {
            return false;
        }
        search.bytes() as u64 <= self.memory_bytes && (search.tuples.len() as u64) < self.states_max
    }
}

/// What is asked for and cannot be told of this system.
fn unchecked<P: Mutex>(search: &Search<P, Lookout<P>>, properties: &[Property]) -> Vec<Unchecked> {
    if !search.space.has_counters() {
        return Vec::new();
    }
    let why = |property: &Property| match property {
        Property::FencingGrows | Property::QueueOrder => Some("compares numbers with those of states long past"),
        _ if property.is_liveness() && !search.space.is_fifo() => {
            Some("cannot follow one message of an unordered channel whose numbers change")
        }
        _ => None,
    };
    let unchecked = |&property: &Property| why(&property).map(|why| Unchecked { property, why });
    properties.iter().filter_map(unchecked).collect()
}

fn coverage<P: Mutex>(search: &Search<P, Lookout<P>>) -> Coverage {
    Coverage {
        states: search.tuples.len() as u64,
        transitions: search.transitions,
        frontier: search.frontier(),
        bytes: search.bytes_in_use() as u64,
    }
}

/// Refuses what an interleaving does not have.
fn refuse<P: Mutex>(case: &Case<P>) -> Result<(), Invalid> {
    let Case { setup, workload, .. } = case;
    // Each is a way to go, in each state in which one is chosen.
    if workload.data_ids > DATA_IDS_MAX {
        let problem = format!("{}, expected at most {DATA_IDS_MAX} for every interleaving", workload.data_ids);
        return Err(Invalid { key: "workload.data_ids".to_owned(), problem });
    }
    let faults = &setup.faults;
    let partitions = !faults.partitions.is_empty() || faults.random_partitions.is_some();
    let problem = "expected none: every interleaving has no clock, and what is lost is counted";
    if partitions {
        return Err(Invalid { key: "faults.partitions".to_owned(), problem: problem.to_owned() });
    }
    if setup.detector.class == DetectorClass::EventuallyPerfect {
        let problem = "eventually_perfect, expected perfect or none: every interleaving has no false suspicions";
        return Err(Invalid { key: "detector.class".to_owned(), problem: problem.to_owned() });
    }
    if setup.processes > PROCESSES_MAX {
        let problem = format!("{}, expected at most {PROCESSES_MAX} for every interleaving", setup.processes);
        return Err(Invalid { key: "processes".to_owned(), problem });
    }
    Ok(())
}

/// What the search for cycles takes for each state on its way, at most: its number, its place in two stacks, and some
/// successors.
const CYCLE_BYTES: u64 = 64;

/// More could not be exhausted anyway.
const PROCESSES_MAX: u32 = 64;
const DATA_IDS_MAX: u32 = 64;

#[cfg(test)]
mod tests;
