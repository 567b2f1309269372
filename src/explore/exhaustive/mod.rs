//! Every interleaving of a small configuration.

mod report;
mod search;
mod trace;

use std::sync::Arc;

pub use self::report::{Coverage, Proof, Unchecked, Verdict};
pub use self::search::Order;
use self::search::{Search, Stop};
pub use self::trace::{Counterexample, Step};
use super::runner::Case;
use crate::engine::interleaving::Bounds;
use crate::engine::{DetectorClass, Invalid, NO_PANIC, Setup};
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
    early_timers: Option<u32>,
    losses: u32,
    duplicates: u32,
    order: Order,
    memory_bytes: u64,
    states_max: u64,
    progress: Option<&'a dyn Fn(Coverage)>,
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
            early_timers: Some(0),
            losses: 0,
            duplicates: 0,
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
        self.early_timers = Some(each);
        self
    }

    /// How many messages the network loses at most: none, if it is never said.
    #[must_use]
    pub fn losses(mut self, losses: u32) -> Self {
        self.losses = losses;
        self
    }

    /// How many messages the network delivers twice at most: none, if it is never said.
    #[must_use]
    pub fn duplicates(mut self, duplicates: u32) -> Self {
        self.duplicates = duplicates;
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

    /// Whom to tell how far it is, every few thousand states.
    #[must_use]
    pub fn progress(mut self, progress: &'a dyn Fn(Coverage)) -> Self {
        self.progress = Some(progress);
        self
    }

    /// Runs them.
    ///
    /// # Errors
    /// What in the setup cannot be, or has no meaning without a clock.
    pub fn run(self) -> Result<Proof, Invalid> {
        self.case.setup.validate()?;
        refuse(&self.case.setup)?;
        let Case { setup, workload, properties, .. } = &self.case;
        let (now, later): (Vec<Property>, Vec<Property>) =
            properties.iter().copied().partition(|property| !property.is_liveness());
        let watch = Lookout::<P>::new(setup.processes, *workload, properties);
        let bounds = Bounds {
            early_timers: self.early_timers,
            losses: self.losses,
            duplicates: self.duplicates,
            weighs: properties.contains(&Property::SingleToken),
        };
        let mut search = Search::new(Arc::clone(setup), watch, bounds, self.order);
        let stop = search.start().unwrap_or_else(|| search.run(|search| self.goes_on(search)));
        let verdict = match stop {
            Stop::Exhausted => Verdict::Verified,
            Stop::Found { from, to, found } => Verdict::Violated(Box::new(trace::trace(&mut search, from, to, found))),
            Stop::Limit => Verdict::Incomplete,
        };
        let unchecked = later.iter().map(|&property| Unchecked { property, why: "is about what comes in the end" });
        let mut checked: Vec<&'static str> = now.iter().map(|property| property.name()).collect();
        checked.push(NO_PANIC);
        Ok(Proof { verdict, coverage: coverage(&search), checked, unchecked: unchecked.collect() })
    }

    fn goes_on(&self, search: &Search<P, Lookout<P>>) -> bool {
        if let Some(progress) = self.progress {
            progress(coverage(search));
        }
        search.bytes() as u64 <= self.memory_bytes && (search.tuples.len() as u64) < self.states_max
    }
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
fn refuse<P: Mutex>(setup: &Setup<P>) -> Result<(), Invalid> {
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

/// More could not be exhausted anyway.
const PROCESSES_MAX: u32 = 64;

#[cfg(test)]
mod tests;
