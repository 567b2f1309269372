use std::sync::Arc;

use super::crash_points::Steps;
use super::placing::Placing;
use super::strategy::Strategy;
use crate::engine::{
    Decisions, Divergence, Draw, End, Invalid, Observer, Outcome, RandomCrashes, Setup, Simulation, Violation,
};
use crate::model::Ticks;
use crate::mutex::{Applications, Monitor, Mutex, Property, Workload};
use crate::property::Tally;

/// What a seed is run against: a setup, what the applications do, and what must hold.
#[derive(Clone, Debug)]
pub struct Case<P: Mutex> {
    /// The processes and their world.
    pub setup: Arc<Setup<P>>,
    /// What the applications do.
    pub workload: Workload,
    /// How many requests each process makes, where that is not what the workload says; else empty.
    pub requests: Vec<u32>,
    /// What is checked.
    pub properties: Vec<Property>,
    /// Within how many ticks of the later of the request and the last fault a request must be granted.
    pub patience: Ticks,
    /// How the schedule of a seed is chosen.
    pub strategy: Strategy,
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
        };
        case.set_workload(Workload::default());
        case
    }

    /// Another workload, with a patience to match.
    pub fn set_workload(&mut self, workload: Workload) {
        let processes = u64::from(self.setup.processes) + 4;
        let requests = u64::from(workload.requests).saturating_mul(processes);
        let delay = self.setup.network.delay_max().get() + self.setup.detector.latency_ticks.max().get();
        let round = processes.saturating_mul(delay).saturating_mul(4);
        let each = round.saturating_add(workload.hold_ticks.max().get());
        self.workload = workload;
        self.patience = Ticks::new(requests.saturating_mul(each));
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
#[derive(Clone, Debug)]
pub struct Runner<P: Mutex> {
    simulation: Simulation<P>,
    applications: Applications,
    monitor: Monitor<P>,
    strategy: Strategy,
    dry: DryRun<P>,
}

/// What watches a dry run: nothing of it is counted.
#[derive(Clone, Debug)]
struct DryRun<P: Mutex> {
    groups: Vec<RandomCrashes>,
    monitor: Monitor<P>,
    steps: Steps,
}

impl<P: Mutex> Runner<P> {
    /// Ready to run.
    ///
    /// # Errors
    /// What in the setup cannot be.
    pub fn new(case: &Case<P>) -> Result<Self, Invalid> {
        Ok(Self {
            simulation: Simulation::new(Arc::clone(&case.setup))?,
            applications: Applications::new(case.workload).with_requests(&case.requests),
            monitor: Monitor::new(&case.properties, case.patience),
            strategy: case.strategy,
            dry: DryRun {
                groups: case.setup.faults.random.clone(),
                monitor: Monitor::new(&case.properties, case.patience),
                steps: Steps::default(),
            },
        })
    }

    /// Has every run show what it can of every property, rather than end with the first violation; see
    /// [`Monitor::collecting`].
    #[must_use]
    pub fn collecting(mut self) -> Self {
        self.monitor = self.monitor.collecting();
        self
    }

    /// What the last run collected, but for the violation that ended it.
    pub fn collected(&self) -> &[Violation] {
        self.monitor.collected()
    }

    /// Runs the schedule of a seed.
    pub fn run(&mut self, seed: u64) -> Outcome {
        let plan = self.plan(seed, &mut (), false);
        self.reset();
        self.simulation.run_drawn(seed, plan.draw(), &mut self.applications, &mut self.monitor)
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
        let observers = &mut (&mut self.monitor, (observer, watcher));
        self.simulation.run_drawn(seed, plan.draw(), &mut self.applications, observers)
    }

    /// As [`run_watched`](Self::run_watched), but every run is recorded, the dry ones too: whichever the watcher ends
    /// with a panic leaves its decisions.
    pub(super) fn record_watched<W: Observer<P>>(&mut self, seed: u64, watcher: &mut W) {
        let plan = self.plan(seed, watcher, true);
        self.reset();
        let observers = &mut (&mut self.monitor, watcher);
        self.simulation.record_drawn(seed, plan.draw(), &mut self.applications, observers);
    }

    /// Runs the schedule of a seed and returns its decisions too.
    pub fn record(&mut self, seed: u64) -> (Outcome, Decisions) {
        let plan = self.plan(seed, &mut (), false);
        self.reset();
        self.simulation.record_drawn(seed, plan.draw(), &mut self.applications, &mut self.monitor)
    }

    fn plan<W: Observer<P>>(&mut self, seed: u64, watcher: &mut W, records: bool) -> Plan {
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
    fn place_crashes<W: Observer<P>>(&mut self, seed: u64, watcher: &mut W, records: bool) -> Option<Placing> {
        let DryRun { groups, monitor, steps } = &mut self.dry;
        let mut placing = Placing::new(seed, groups)?;
        while !placing.is_done() {
            self.applications.reset();
            monitor.reset();
            steps.0.clear();
            let observers = &mut (&mut *monitor, (&mut *steps, &mut *watcher));
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
        self.simulation.replay(decisions, &mut self.applications, &mut (&mut self.monitor, observer))
    }

    /// The entries since this was last asked, and how many requests they overtook; see [`Monitor::take_overtakes`].
    pub fn take_overtakes(&mut self) -> (u64, u64) {
        self.monitor.take_overtakes()
    }

    /// The decisions of the last run, if it was recorded or replayed; see [`Simulation::decisions`].
    pub fn decisions(&self) -> Decisions {
        self.simulation.decisions()
    }

    /// In how many runs each thing worth trying happened since this was last asked.
    pub fn take_tally(&mut self) -> Tally {
        self.monitor.take_tally()
    }

    fn reset(&mut self) {
        self.applications.reset();
        self.monitor.reset();
    }
}
