//! Algorithms with a mistake in each, and the properties that find them: what checks the checker.
//!
//! Most are a built-in algorithm behind a [`Mutation`](mutant::Mutation); some are one with a rule switched off. Beside
//! each stands the algorithm without the mistake, in the same world, where everything holds.

mod classic;
mod durable;
#[cfg(test)]
mod exhaustive;
pub(crate) mod mutant;
mod neighbour_ring;
mod query_ring;
mod replicated;
mod stateless;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use jeton::ProcessId;
use jeton::engine::{Decisions, Distribution, End, Faults, Outcome, RandomCrashes, Setup, Violation};
use jeton::explore::{
    Case, Counterexample, CrashPointReport, CrashPoints, Departure, Exhaustive, Exploration, Locks, Minimised,
    Minimiser, Part, Proof, Reduction, Report, Runner, Stop, Strategy, UntimedSchedule,
};
use jeton::mutex::{Mutex, Property, System, Workload};

/// One algorithm with a mistake.
#[derive(Clone, Copy)]
pub(crate) struct Entry {
    pub(crate) name: &'static str,
    /// The mistake, in one sentence.
    pub(crate) wrong: &'static str,
    /// The property that is violated first, by its name.
    pub(crate) violates: &'static str,
    pub(crate) specimen: &'static dyn Specimen,
}

/// Everything in the zoo.
pub(crate) fn zoo() -> impl Iterator<Item = Entry> {
    [query_ring::ZOO, neighbour_ring::ZOO, durable::ZOO, stateless::ZOO, replicated::ZOO, classic::ZOO]
        .into_iter()
        .flatten()
        .copied()
}

/// The property that is always checked and is no [`Property`](jeton::mutex::Property).
pub(crate) const NO_PANIC: &str = "no_panic";

/// An algorithm with a mistake, and the same without, in one world.
struct Pair<B: Mutex, S: Mutex> {
    broken: fn() -> Case<B>,
    sound: fn() -> Case<S>,
}

/// A [`Pair`] of any algorithm.
pub(crate) trait Specimen: Sync {
    /// Runs schedules of the algorithm with the mistake, from some seed on, up to the first that violates the property.
    fn find(&self, property: &str, strategy: Strategy, seeds: Range<u64>) -> Report;

    /// Runs schedules of the algorithm without the mistake, from seed 0.
    fn explore_sound(&self, schedules: u64) -> Report;

    /// In how many random schedules with the mistake, from seed 0, each property is violated.
    fn count(&self, schedules: u64) -> BTreeMap<String, u64>;

    /// Runs the schedule of a seed with the mistake, and returns its decisions too.
    fn record(&self, strategy: Strategy, seed: u64) -> (Outcome, Decisions);

    /// What a schedule of a part of the case violates, with the mistake.
    fn replay(&self, part: &Part, decisions: Decisions) -> Option<Violation>;

    /// Tries every crash point of the schedules of some seeds, with the mistake and with no other fault. Who crashes is
    /// one of `among`, and stays down so long, or for ever.
    fn crash_points(&self, seeds: Range<u64>, among: &[ProcessId], down: Option<Distribution>) -> CrashPointReport;

    /// Runs every interleaving of the algorithm with the mistake, or without, up to so many states, with so many
    /// requests of each process, in which it may write, and so many early timers.
    fn check(&self, sound: bool, bounds: &Small, states: u64) -> Proof;

    /// Goes the way of a counterexample again, with the mistake.
    fn replay_untimed(&self, bounds: &Small, schedule: &UntimedSchedule) -> Result<Counterexample, Departure>;

    /// Makes the schedule of a seed small that violates the property; nothing, if it does not.
    fn minimise(&self, strategy: Strategy, seed: u64, property: &str) -> Option<Minimised>;
}

impl<B: Mutex, S: Mutex> Specimen for Pair<B, S> {
    fn find(&self, property: &str, strategy: Strategy, seeds: Range<u64>) -> Report {
        let exploration =
            Exploration::of((self.broken)()).strategy(strategy).stop(Stop::AtViolationOf(property.into()));
        let exploration = exploration.first_seed(seeds.start).schedules(seeds.end - seeds.start);
        exploration.run().expect("the setup can be run")
    }

    fn explore_sound(&self, schedules: u64) -> Report {
        Exploration::of((self.sound)()).schedules(schedules).run().expect("the setup can be run")
    }

    fn count(&self, schedules: u64) -> BTreeMap<String, u64> {
        let case = Case { strategy: Strategy::Random, ..(self.broken)() };
        let mut runner = Runner::new(&case).expect("the setup can be run");
        let mut counts = BTreeMap::new();
        for seed in 0..schedules {
            if let End::Violated(violation) = runner.run(seed).end {
                *counts.entry(violation.property).or_insert(0) += 1;
            }
        }
        counts
    }

    fn record(&self, strategy: Strategy, seed: u64) -> (Outcome, Decisions) {
        let case = Case { strategy, ..(self.broken)() };
        Runner::new(&case).expect("the setup can be run").record(seed)
    }

    fn replay(&self, part: &Part, decisions: Decisions) -> Option<Violation> {
        let case = (self.broken)().part(part).expect("there is such a part");
        let mut runner = Runner::new(&case).expect("the setup can be run");
        match runner.replay(decisions, &mut ()).0.end {
            End::Violated(violation) => Some(violation),
            _ => None,
        }
    }

    fn crash_points(&self, seeds: Range<u64>, among: &[ProcessId], down: Option<Distribution>) -> CrashPointReport {
        let mut case = (self.broken)();
        Arc::make_mut(&mut case.setup).faults = Faults::default();
        let mut sum = CrashPointReport::default();
        for seed in seeds {
            let mut points = CrashPoints::new(case.clone(), seed).among(among.iter().copied());
            if let Some(down) = down {
                points = points.down_ticks(down);
            }
            let report = points.run().expect("the setup can be run");
            sum.points += report.points;
            sum.events += report.events;
            sum.failures.extend(report.failures);
        }
        sum
    }

    fn check(&self, sound: bool, bounds: &Small, states: u64) -> Proof {
        if sound { check((self.sound)(), bounds, states) } else { check((self.broken)(), bounds, states) }
    }

    fn replay_untimed(&self, bounds: &Small, schedule: &UntimedSchedule) -> Result<Counterexample, Departure> {
        small((self.broken)(), bounds).replay(schedule).expect("the setup can be run")
    }

    fn minimise(&self, strategy: Strategy, seed: u64, property: &str) -> Option<Minimised> {
        let case = Case { strategy, ..(self.broken)() };
        let (_, decisions) = Runner::new(&case).expect("the setup can be run").record(seed);
        let minimiser = Minimiser::new(&case, property).max_runs(100_000).max_events(100_000_000);
        minimiser.seeds_after(seed).run(&decisions).expect("the setup can be run")
    }
}

/// What makes a case small enough to be searched.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Small {
    /// The requests of each process.
    pub(crate) requests: &'static [u32],
    pub(crate) early_timers: u32,
    /// Only this property is checked, if one is named.
    pub(crate) property: Option<Property>,
    pub(crate) reduction: Reduction,
}

fn small<P: Mutex>(mut case: Case<P>, bounds: &Small) -> Exhaustive<'static, P> {
    case.requests = bounds.requests.to_vec();
    if let Some(property) = bounds.property {
        case.properties = vec![property];
    }
    let workload = Workload { requests: 1, ..case.workload };
    case.workload = workload;
    Exhaustive::of(case).early_timers(bounds.early_timers).reduction(bounds.reduction)
}

fn check<P: Mutex>(case: Case<P>, bounds: &Small, states: u64) -> Proof {
    small(case, bounds).states_max(states).run().expect("the setup can be run")
}

/// A small world for the system `S`, or for a mutant of it, with the patience that the system claims to need.
fn case<S, Q>(
    processes: u32,
    parameters: &S::Parameters,
    workload: Workload,
    world: impl FnOnce(&mut Setup<Q>),
) -> Case<Q>
where
    S: System,
    Q: Mutex<Config = S::Config>,
{
    let config = S::configure(processes, parameters).expect("the parameters can be");
    let mut setup = Setup::new(processes, config);
    // Whoever waits for something that nobody promised does so until this.
    setup.limits.events = 100_000;
    world(&mut setup);
    let (delay, latency) = (setup.network.delay_max(), setup.detector.latency_ticks.max());
    let (mut hold, mut requests) = (workload.hold_ticks.max(), u64::from(processes));
    if workload.second_per_mille > 0 {
        (hold, requests) = (hold + hold, requests * requests);
    }
    let patience = S::patience(&setup.config, processes, delay, latency, hold, requests);
    let (setup, strategy) = (Arc::new(setup), Strategy::default());
    let properties = Q::PROPERTIES.to_vec();
    Case { setup, workload, requests: Vec::new(), properties, patience, strategy, trial: Locks::default() }
}

/// A workload of few requests in little time.
fn short(requests: u32) -> Workload {
    Workload { requests, think_ticks: (0..=20).into(), hold_ticks: (0..=5).into(), ..Workload::default() }
}

/// Up to so many crashes of these processes, early in a run.
fn crashes(up_to: u32, among: impl IntoIterator<Item = u32>) -> RandomCrashes {
    let among = among.into_iter().map(ProcessId::new).collect();
    RandomCrashes { among, within_ticks: 80, within_steps: 20, ..RandomCrashes::up_to(up_to) }
}
