//! Every interleaving of a small configuration.

mod bounded;
mod components;
mod counters;
mod crew;
mod estimate;
mod graph;
mod lasso;
mod liveness;
mod partial_order;
mod reach;
mod reduction;
mod replay;
mod report;
mod search;
mod symmetry;
mod trace;
mod trim;
mod untimed;
mod walk;

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::thread;

pub use self::estimate::Estimate;
use self::graph::Graph;
use self::liveness::{Outcome, Pass};
pub use self::reach::Reach;
pub use self::reduction::{Reduction, UnknownReduction};
pub use self::replay::Departure;
pub use self::report::{Budget, Coverage, Proof, Spans, Unchecked, Verdict};
pub use self::search::Order;
use self::search::{Search, Stop};
pub use self::trace::{Counterexample, Reproducer, Step};
pub use self::untimed::{UNTIMED_VERSION, UntimedBounds, UntimedError, UntimedSchedule, UntimedViolation};
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
/// ([`early_timers`](Self::early_timers)). ([In bounded time](Self::bounded_time) there is a clock.) Crashes come as
/// often as the setup says at most, at any moment, between the effects of a step too.
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
    /// What the case has checked, of which more may be than it is said to check here.
    all_properties: Vec<Property>,
    early_timers: u32,
    losses: Option<u32>,
    duplicates: Option<u32>,
    order: Order,
    memory_bytes: u64,
    states_max: u64,
    jobs: usize,
    reduction: Reduction,
    bounded_time: bool,
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
            all_properties: case.properties.clone(),
            case,
            early_timers: 0,
            losses: None,
            duplicates: None,
            order: Order::default(),
            memory_bytes: 4 << 30,
            states_max: u64::from(u32::MAX),
            jobs: thread::available_parallelism().map_or(1, NonZeroUsize::get),
            reduction: Reduction::None,
            bounded_time: false,
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
    /// fire when nothing else is are not counted. `u32::MAX` is any number, and then none is counted.
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

    /// How many threads search: all that there are, if it is never said. What they find is the same with any number.
    #[must_use]
    pub fn jobs(mut self, jobs: usize) -> Self {
        self.jobs = jobs.max(1);
        self
    }

    /// What it leaves out; nothing, if it is never said.
    #[must_use]
    pub fn reduction(mut self, reduction: Reduction) -> Self {
        self.reduction = reduction;
        self
    }

    /// Runs every schedule of virtual time instead, tick by tick: each delay, latency and time down of the setup, each
    /// time and choice of the workload, and a crash at every moment of any tick, whenever that is. Timers fire when
    /// they are due. It is for what needs bounded delays, as the stateless coordinator does; states are many more, so
    /// all of these must be small, and counters that only grow are not taken for one another. What it finds is a
    /// schedule of virtual time, to be replayed like any other.
    ///
    /// A request that is never granted is found as a way round on which time passes, or a rest; one that is granted
    /// late is none, however late. It has one thread, and no limits of the setup but its own; a schedule that goes
    /// beyond those says how far ([`Part::to_event`](super::Part::to_event)).
    ///
    /// ```
    /// use jeton::algorithms::coordinator::{Stateless, StatelessParameters};
    /// use jeton::mutex::{System, Workload};
    /// use jeton::{engine::Setup, explore::Exhaustive};
    ///
    /// let parameters = StatelessParameters { grace_ticks: 2, retry_interval_ticks: 1, ..Default::default() };
    /// let mut setup = Setup::<Stateless>::new(3, Stateless::configure(3, &parameters)?);
    /// setup.network.delay_ticks = 1.into();
    /// let (think_ticks, hold_ticks) = (0.into(), (0..=1).into());
    /// let workload = Workload { requests: 1, think_ticks, hold_ticks, ..Workload::default() };
    /// let proof = Exhaustive::new(setup).workload(workload).bounded_time().run()?;
    /// assert!(proof.is_verified());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn bounded_time(mut self) -> Self {
        self.bounded_time = true;
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
    pub fn run(mut self) -> Result<Proof, Invalid> {
        if self.bounded_time {
            self.case.validate()?;
            refuse(&self.case)?;
            return self.decided_in_time();
        }
        Ok(self.decided()?.0)
    }

    /// Runs them, and returns what was found too.
    fn decided(&mut self) -> Result<(Proof, Search<P, Lookout<P>>), Invalid> {
        match self.searched() {
            // By partial order other steps are looked at, and sooner, than by symmetry alone, which may not come to the
            // one that it does not bear.
            Err(_) if self.reduction == Reduction::Both => self.reduction = Reduction::Symmetry,
            decided => return decided,
        }
        self.searched()
    }

    fn searched(&self) -> Result<(Proof, Search<P, Lookout<P>>), Invalid> {
        self.case.validate()?;
        refuse(&self.case)?;
        self.refuse_reduction()?;
        let mut unchecked = self.unchecked_by_reduction();
        loop {
            let is_checked = |property: &Property| unchecked.iter().all(|unchecked| unchecked.property != *property);
            let checked: Vec<Property> = self.case.properties.iter().copied().filter(is_checked).collect();
            let mut search = self.search(&checked);
            let stop = search.start();
            let more = cannot_tell(&search, &checked);
            if !more.is_empty() {
                unchecked.extend(more);
                continue;
            }
            let verdict = self.decide(&mut search, stop);
            symmetry::is_kept(&search.space)?;
            // Counters may come into sight on the way, and what cannot be told is not told.
            let more = cannot_tell(&search, &checked);
            if more.is_empty() || matches!(verdict, Verdict::Incomplete) {
                unchecked.extend(more);
                let is_checked = |property: &&Property| unchecked.iter().all(|other| other.property != **property);
                let mut names: Vec<_> = checked.iter().filter(is_checked).map(|property| property.name()).collect();
                names.push(NO_PANIC);
                let (coverage, budget) = (coverage(&search), self.budget());
                let estimate = self.estimate(&search).filter(|_| verdict == Verdict::Incomplete);
                let (checked, reduction, spans) = (names, self.reduction, None);
                let proof = Proof { verdict, coverage, checked, unchecked, budget, spans, reduction, estimate };
                return Ok((proof, search));
            }
            unchecked.extend(more);
        }
    }

    fn estimate(&self, search: &Search<P, Lookout<P>>) -> Option<Estimate> {
        let is_whole = search.frontier() == 0;
        if is_whole || self.order != Order::BreadthFirst {
            return None;
        }
        Estimate::of(&search.levels(), search.tuples.len() as u64)
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
        let watch = self.watch(properties);
        let Budget { early_timers, losses, duplicates, .. } = self.budget();
        let weighs = properties.contains(&Property::SingleToken);
        let early_timers = (early_timers < u32::MAX).then_some(early_timers);
        let bounds = Bounds { early_timers, losses, duplicates, weighs };
        let mut search = Search::new(Arc::clone(&self.case.setup), watch, bounds, self.order, self.jobs);
        search.states_max = self.states_max;
        if properties.iter().any(|property| property.is_liveness()) && self.reduction == Reduction::None {
            search.graph_bytes = usize::try_from(self.memory_bytes / 4).unwrap_or(usize::MAX);
        }
        search.space.interchange(&self.interchanged());
        if self.reduction.by_partial_order() {
            search.space.find_ample();
        }
        search
    }

    fn watch(&self, properties: &[Property]) -> Lookout<P> {
        let Case { setup, workload, requests, .. } = &self.case;
        Lookout::new(setup.processes, *workload, requests, properties)
    }

    /// Searches to the end: all states, then the cycles among them, and whatever those lead to.
    fn decide(&self, search: &mut Search<P, Lookout<P>>, mut next: Option<Stop>) -> Verdict {
        loop {
            let stop = next.take().unwrap_or_else(|| search.run(|search| self.goes_on(search)));
            if symmetry::is_kept(&search.space).is_err() {
                return Verdict::Incomplete;
            }
            match stop {
                Stop::Exhausted => {}
                Stop::Limit => return Verdict::Incomplete,
                Stop::Found { from, to, found } => {
                    return self.violated(trace::trace(&self.case.setup, search, from, to, found));
                }
            }
            let is_told = |property: &Property| property.is_liveness() && self.reduction == Reduction::None;
            if !self.case.properties.iter().any(is_told) {
                return Verdict::Verified;
            }
            // Its tables are as large as the states are many.
            let bytes = search.bytes() as u64 + Graph::bytes(search.tuples.len() as u64, search.transitions);
            if bytes > self.memory_bytes || !Graph::has_room(&search.tuples) {
                return Verdict::Incomplete;
            }
            let so_far = coverage(search);
            let mut may = |looked_through| self.is_told(Coverage { looked_through, ..so_far });
            match liveness::look_through(search, &mut Pass::new(&mut may)) {
                Outcome::Limit => return Verdict::Incomplete,
                Outcome::Settled => return Verdict::Verified,
                Outcome::Unsettled(lasso) => return self.violated(trace::lasso(&self.case.setup, search, lasso)),
                Outcome::Held(states) => search.free(states),
            }
        }
    }

    /// Tells how far it is; whether to go on.
    fn is_told(&self, coverage: Coverage) -> bool {
        self.progress.is_none_or(|progress| progress(coverage).is_continue())
    }

    fn violated(&self, mut counterexample: Counterexample) -> Verdict {
        if let Reproducer::Untimed(schedule) = &mut counterexample.schedule {
            schedule.bounds = self.budget().into();
        }
        Verdict::Violated(Box::new(counterexample))
    }

    fn goes_on(&self, search: &Search<P, Lookout<P>>) -> bool {
        symmetry::is_kept(&search.space).is_ok()
            && self.is_told(coverage(search))
            && search.bytes() as u64 <= self.memory_bytes
            && (search.tuples.len() as u64) < self.states_max
    }
}

/// What is asked for and cannot be told of this system.
fn cannot_tell<P: Mutex>(search: &Search<P, Lookout<P>>, properties: &[Property]) -> Vec<Unchecked> {
    if !search.space.has_counters() {
        return Vec::new();
    }
    let why = |property: &Property| match property {
        Property::FencingGrows | Property::QueueOrder => Some("compares numbers with those of states long past"),
        _ if property.is_liveness() && !search.space.is_fifo() => {
            Some("cannot follow one message of an unordered channel whose numbers change")
        }
        _ if property.is_liveness() && search.space.has_timers_with_counters() => {
            Some("cannot follow one timer whose numbers change")
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
        looked_through: 0,
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

/// More could not be exhausted anyway.
const PROCESSES_MAX: u32 = 64;
const DATA_IDS_MAX: u32 = 64;

#[cfg(test)]
mod tests;
