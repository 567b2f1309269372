use std::fmt;
use std::sync::Arc;

use super::crash_points::Steps;
use super::placing::Placing;
use super::round::Rounds;
use super::strategy::Strategy;
use super::trial::{Judge, Locks, Own, Trial, Without};
use crate::engine::{
    Decisions, Divergence, Draw, End, Invalid, Limit, Observer, Outcome, RandomCrashes, Setup, Simulation, Violation,
};
use crate::model::{Process, Ticks};
use crate::mutex::{Mutex, Property, Workload};
use crate::property::Tally;

/// What a seed is run against: a setup, what the applications do, and what must hold.
#[derive(Clone, Debug)]
pub struct Case<P: Process, T = Locks> {
    /// The processes and their world.
    pub setup: Arc<Setup<P>>,
    /// What the applications do, where locks are tried.
    pub workload: Workload,
    /// How many requests each process makes, where that is not what the workload says; else empty.
    pub requests: Vec<u32>,
    /// What is checked of locks.
    pub properties: Vec<Property>,
    /// Within how many ticks of the later of the request and the last fault a request must be granted.
    pub patience: Ticks,
    /// How the schedule of a seed is chosen.
    pub strategy: Strategy,
    /// What is run with the processes, and what must hold of them: locks, or anything else.
    pub trial: T,
}

impl<P: Mutex> Case<P> {
    /// The default workload, the properties that the algorithm claims, and a patience so long that only a request
    /// without hope exceeds it: for each request of the whole run, four rounds of messages, one to each process, and a
    /// critical section.
    pub fn new(setup: Setup<P>) -> Self {
        let mut case = Self {
            setup: Arc::new(setup),
            workload: Workload::default(),
            requests: Vec::new(),
            properties: P::PROPERTIES.to_vec(),
            patience: Ticks::ZERO,
            strategy: Strategy::default(),
            trial: Locks::default(),
        };
        case.set_workload(Workload::default());
        case
    }
}

impl<P: Process, T> Case<P, T> {
    /// Checks that it can be run.
    pub(super) fn validate(&self) -> Result<(), Invalid> {
        self.setup.validate()?;
        let invalid = |(key, problem)| Invalid { key: format!("workload.{key}"), problem };
        self.workload.problem().map_or(Ok(()), |problem| Err(invalid(problem)))
    }

    /// Another workload, with a patience to match.
    pub fn set_workload(&mut self, workload: Workload) {
        let processes = u64::from(self.setup.processes) + 4;
        let requests = u64::from(workload.requests).saturating_mul(processes);
        let delay = self.setup.network.delay_max() + self.setup.detector.latency_ticks.max();
        let round = processes.saturating_mul(delay.get()).saturating_mul(4);
        let each = round.saturating_add(workload.hold_ticks.max().get());
        self.workload = workload;
        self.patience = Ticks::new(requests.saturating_mul(each));
    }
}

impl<P: Process, A, O> Case<P, Own<P, A, O>> {
    /// Any application, and any properties; see [`Exploration::of_any`](super::Exploration::of_any).
    pub fn of_any(setup: Setup<P>, application: A, properties: O) -> Self {
        let nobody: Without<P> = |_, _, _| None;
        Self {
            setup: Arc::new(setup),
            // Nobody asks for a lock.
            workload: Workload { requests: 0, ..Workload::default() },
            requests: Vec::new(),
            properties: Vec::new(),
            patience: Ticks::MAX,
            strategy: Strategy::default(),
            trial: Own { application, properties, without: nobody },
        }
    }
}

impl<P: Mutex> From<Setup<P>> for Case<P> {
    /// See [`Case::new`].
    fn from(setup: Setup<P>) -> Self {
        Self::new(setup)
    }
}

/// What a strategy makes of a seed.
#[derive(Debug)]
enum Plan {
    Random,
    Swarm,
    CrashPoints(Box<Placing>),
    Pct,
}

impl Plan {
    fn draw(&self) -> Draw<'_> {
        match self {
            Self::Random => Draw::Plain,
            Self::Swarm => Draw::Swarm,
            Self::CrashPoints(placing) => placing.draw(),
            Self::Pct => Draw::Priorities,
        }
    }
}

/// Runs a case, seed after seed, in memory that is used again.
#[derive(Clone)]
pub struct Runner<P: Process, T: Trial<P> = Locks> {
    simulation: Simulation<P>,
    trial: T,
    applications: T::Application,
    judge: T::Judge,
    strategy: Strategy,
    dry: DryRun<T::Judge>,
}

impl<P: Process, T: Trial<P>> fmt::Debug for Runner<P, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { simulation, strategy, .. } = self;
        f.debug_struct("Runner").field("simulation", simulation).field("strategy", strategy).finish_non_exhaustive()
    }
}

/// Who else sees a run. Behind a pointer, or the engine would be compiled once more for each: what compiles it for all
/// systems takes minutes.
type Eyes<'a, P> = &'a mut (dyn Observer<P> + 'a);

/// What watches a dry run: nothing of it is counted.
#[derive(Clone)]
struct DryRun<J> {
    groups: Vec<RandomCrashes>,
    judge: J,
    steps: Steps,
}

impl<P: Process, T: Trial<P>> Runner<P, T> {
    /// Ready to run.
    ///
    /// # Errors
    /// What in the setup cannot be.
    pub fn new(case: &Case<P, T>) -> Result<Self, Invalid> {
        case.validate()?;
        Ok(Self {
            simulation: Simulation::new(Arc::clone(&case.setup))?,
            trial: case.trial.clone(),
            applications: T::application(case),
            judge: T::judge(case),
            strategy: case.strategy,
            dry: DryRun { groups: case.setup.faults.random.clone(), judge: T::judge(case), steps: Steps::default() },
        })
    }

    /// Has every run show what it can of every property of locks, rather than end with the first violation; see
    /// [`Monitor::collecting`](crate::mutex::Monitor::collecting).
    #[must_use]
    pub fn collecting(mut self) -> Self {
        self.judge.collect();
        self
    }

    /// What the last run collected, but for the violation that ended it.
    pub fn collected(&self) -> &[Violation] {
        self.judge.collected()
    }

    /// Runs the schedule of a seed.
    pub fn run(&mut self, seed: u64) -> Outcome {
        let plan = self.plan(seed, &mut (), false);
        self.reset();
        self.simulation.run_drawn(seed, plan.draw(), &mut self.applications, self.judge.watch())
    }

    /// Runs the schedule of a seed under the eyes of one more observer.
    pub fn run_observed<O: Observer<P>>(&mut self, seed: u64, observer: &mut O) -> Outcome {
        self.run_watched(seed, observer, &mut ())
    }

    /// Runs the schedule of a seed under the eyes of one more observer, and of one that also sees the dry runs, if the
    /// strategy makes some.
    pub(super) fn run_watched<O, W>(&mut self, seed: u64, observer: &mut O, watcher: &mut W) -> Outcome
    where
        O: Observer<P>,
        W: Observer<P>,
    {
        let plan = self.plan(seed, watcher, false);
        self.reset();
        let observers: Eyes<'_, P> = &mut (observer, watcher);
        self.simulation.run_drawn(seed, plan.draw(), &mut self.applications, &mut (self.judge.watch(), observers))
    }

    /// As [`run_watched`](Self::run_watched), but every run is recorded, the dry ones too: whichever the watcher ends
    /// with a panic leaves its decisions.
    pub(super) fn record_watched<W: Observer<P>>(&mut self, seed: u64, watcher: &mut W) -> (Outcome, Decisions) {
        let plan = self.plan(seed, watcher, true);
        self.reset();
        let watcher: Eyes<'_, P> = watcher;
        self.simulation.record_drawn(seed, plan.draw(), &mut self.applications, &mut (self.judge.watch(), watcher))
    }

    /// Runs the schedule of a seed and returns its decisions too.
    pub fn record(&mut self, seed: u64) -> (Outcome, Decisions) {
        self.record_watched(seed, &mut ())
    }

    fn plan(&mut self, seed: u64, watcher: Eyes<'_, P>, records: bool) -> Plan {
        match self.strategy.of_seed(seed) {
            Strategy::Random | Strategy::Auto => Plan::Random,
            Strategy::Swarm => Plan::Swarm,
            Strategy::Pct => Plan::Pct,
            Strategy::CrashPoints => match self.place_crashes(seed, watcher, records) {
                Some(placing) => Plan::CrashPoints(Box::new(placing)),
                None => Plan::Random,
            },
        }
    }

    /// Makes dry runs and chooses a crash in each, until all are placed or those before have ended the run.
    fn place_crashes(&mut self, seed: u64, watcher: Eyes<'_, P>, records: bool) -> Option<Placing> {
        let DryRun { groups, judge, steps } = &mut self.dry;
        let mut placing = Placing::new(seed, groups)?;
        while !placing.is_done() {
            self.trial.reset(&mut self.applications);
            judge.reset();
            steps.0.clear();
            let eyes: Eyes<'_, P> = &mut (&mut *steps, &mut *watcher);
            let observers = &mut (judge.watch(), eyes);
            let outcome = if records {
                self.simulation.record_drawn(seed, placing.draw(), &mut self.applications, observers).0
            } else {
                self.simulation.run_drawn(seed, placing.draw(), &mut self.applications, observers)
            };
            if matches!(outcome.end, End::Violated(_)) || !placing.place(groups, steps) {
                break;
            }
        }
        Some(placing)
    }

    /// Runs a schedule that is a list of decisions, under the eyes of one more observer.
    pub fn replay<O: Observer<P>>(&mut self, decisions: Decisions, observer: &mut O) -> (Outcome, Divergence) {
        self.reset();
        let mut rounds = Rounds::new(self.trial.round().and_then(|round| *round));
        let mut eyes = (observer, &mut rounds);
        let eyes: Eyes<'_, P> = &mut eyes;
        let observers = &mut (self.judge.watch(), eyes);
        let (mut outcome, divergence) = self.simulation.replay(decisions, &mut self.applications, observers);
        if outcome.end == End::CutOff(Limit::Events) {
            if let Err(violation) = rounds.judge(&mut self.judge, self.simulation.world()) {
                outcome.end = End::Violated(violation);
            }
        }
        (outcome, divergence)
    }

    /// The entries since this was last asked, and how many requests they overtook; see
    /// [`Monitor::take_overtakes`](crate::mutex::Monitor::take_overtakes).
    pub fn take_overtakes(&mut self) -> (u64, u64) {
        self.judge.take_overtakes()
    }

    /// The decisions of the last run, if it was recorded or replayed; see [`Simulation::decisions`].
    pub fn decisions(&self) -> Decisions {
        self.simulation.decisions()
    }

    /// In how many runs each thing worth trying happened since this was last asked.
    pub fn take_tally(&mut self) -> Tally {
        self.judge.take_tally()
    }

    fn reset(&mut self) {
        self.trial.reset(&mut self.applications);
        self.judge.reset();
    }
}
