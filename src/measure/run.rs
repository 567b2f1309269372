use std::collections::BTreeMap;

use hdrhistogram::Histogram;

use super::point::{Percentiles, Phase, Point, Row, TypeRow};
use super::statistics::{jain, rounded};
use super::sweep::{Failed, Sweep};
use super::timeouts::{Longest, parameters};
use super::{CrashKind, Load};
use crate::algorithms::Visitor;
use crate::engine::{Distribution, End, Limits, MessageId, Observer, Setup, Simulation, World};
use crate::explore::Case;
use crate::model::{Effect, Event, ProcessId, Ticks};
use crate::mutex::{Accounting, Applications, Entry, Monitor, Mutex, Purpose, System, Workload};

/// One point of a sweep, to be run.
#[derive(Clone, Copy)]
pub(super) struct Cell<'a> {
    pub(super) sweep: &'a Sweep,
    pub(super) system: &'a str,
    pub(super) processes: u32,
    pub(super) load: Load,
    pub(super) phase: Phase,
}

/// Counts, and sees when the crash strikes.
#[derive(Default)]
struct Watch {
    accounting: Accounting,
    crashed_at: Option<Ticks>,
}

impl<P: Mutex> Observer<P> for Watch {
    fn event(&mut self, process: ProcessId, event: &Event<P>, message: Option<MessageId>, world: &World<P>) {
        self.accounting.event(process, event, message, world);
    }
    fn effect(&mut self, process: ProcessId, effect: &Effect<P>, message: Option<MessageId>, world: &World<P>) {
        self.accounting.effect(process, effect, message, world);
    }
    fn crashed(&mut self, process: ProcessId, world: &World<P>) {
        self.crashed_at = Some(world.now());
        self.accounting.crashed(process, world);
    }
    fn lost(&mut self, lost: &crate::engine::Lost<'_, P>, world: &World<P>) {
        self.accounting.lost(lost, world);
    }
}

/// What the runs of a point came to, so far.
struct Gathered {
    rows: Vec<Row>,
    spared: u64,
    messages: Histogram<u64>,
    wait: Histogram<u64>,
    handover: Histogram<u64>,
    types: BTreeMap<(String, Purpose), crate::mutex::Sum>,
}

impl Visitor for Cell<'_> {
    /// Nothing if there is no such thing: too few processes, or a crash that the system does not survive.
    type Output = Result<Option<Point>, Failed>;

    fn visit<S: System>(self) -> Self::Output {
        let Self { sweep, processes, .. } = self;
        if processes < S::PROCESSES_MIN {
            return Ok(None);
        }
        let mut setup = self.setup::<S>()?;
        let with_application =
            |process: &ProcessId| <S as crate::model::Process>::new(*process, &setup.config).takes_requests();
        let users: Vec<ProcessId> = ProcessId::all(processes).filter(with_application).collect();
        let applications = users.len() as u32;
        let rounds = sweep.entries.div_ceil(applications).saturating_add(2).max(3);
        let victim = users[users.len() / 2];
        if let Phase::Crash(kind) = self.phase {
            if !S::TOLERATES_FAULTS || !kind.strikes::<S>() || applications < 2 {
                return Ok(None);
            }
        }
        let workload = Workload {
            requests: rounds,
            think_ticks: self.load.thinking(applications, sweep.turn()),
            hold_ticks: sweep.hold,
            write_per_mille: sweep.write_per_mille,
            ..Workload::default()
        };
        let mut gathered = Gathered::new();
        for seed in sweep.first_seed..sweep.first_seed.saturating_add(sweep.seeds) {
            if let Phase::Crash(kind) = self.phase {
                let middle = if kind == CrashKind::Coordinator { self.middle(&setup, workload, seed)? } else { 0 };
                setup.faults.crashes = vec![kind.crash::<S>(&setup.config, victim, rounds, middle)];
            }
            let watch = self.watch(&setup, workload, seed)?;
            gathered.add(&watch, &users, rounds, seed, self.phase);
        }
        Ok(Some(gathered.finish(&self, applications)))
    }
}

impl Cell<'_> {
    fn setup<S: System>(&self) -> Result<Setup<S>, Failed> {
        let Self { sweep, processes, .. } = *self;
        let mut setup = Setup::<S>::new(processes, self.config::<S>()?);
        setup.network.delay_ticks = sweep.delay;
        setup.limits = Limits { ticks: 1 << 40, events: 1 << 33, pending: 1 << 28, settle_ticks: None };
        Ok(setup)
    }

    fn config<S: System>(&self) -> Result<S::Config, Failed> {
        let Self { sweep, processes, .. } = *self;
        let longest = Longest {
            processes: processes.into(),
            delay: sweep.delay.max().get(),
            hold: sweep.hold.max().get(),
            latency: crate::engine::Detector::default().latency_ticks.max().get(),
            writes: sweep.write_per_mille > 0,
        };
        let text = parameters(S::NAME, longest);
        let parameters = toml::from_str::<S::Parameters>(&text).map_err(|error| self.failed(error.to_string()))?;
        S::configure(processes, &parameters).map_err(|impossible| self.failed(impossible.to_string()))
    }

    fn failed(&self, problem: impl Into<String>) -> Failed {
        let Self { system, processes, load, phase, .. } = self;
        Failed(format!("{system}, {processes} processes, load {load}, {phase}: {}", problem.into()))
    }

    fn watch<S: System>(&self, setup: &Setup<S>, workload: Workload, seed: u64) -> Result<Watch, Failed> {
        let mut case = Case::new(setup.clone());
        case.set_workload(workload);
        let mut watch = Watch::default();
        let mut monitor = Monitor::new(&case.properties, case.patience);
        let mut applications = Applications::new(workload).connecting_at_once();
        let mut simulation = Simulation::new(case.setup).map_err(|invalid| self.failed(invalid.to_string()))?;
        match simulation.run(seed, &mut applications, &mut (&mut monitor, &mut watch)).end {
            End::Settled | End::Quiescent => Ok(watch),
            End::Violated(violation) => Err(self.failed(format!("seed {seed}: {violation}"))),
            End::CutOff(limit) => Err(self.failed(format!("seed {seed}: it met the limit of {limit:?}"))),
        }
    }

    /// When the middle one of the entries comes if nothing goes wrong.
    fn middle<S: System>(&self, setup: &Setup<S>, workload: Workload, seed: u64) -> Result<u64, Failed> {
        let mut setup = setup.clone();
        setup.faults.crashes.clear();
        let accounting = self.watch(&setup, workload, seed)?.accounting;
        let middle = accounting.each().nth(accounting.each().len() / 2).and_then(|entry| entry.entered_at);
        Ok(middle.unwrap_or(Ticks::ZERO).get())
    }
}

impl Gathered {
    fn new() -> Self {
        let histogram = || Histogram::new(3).expect("three figures are possible");
        Self {
            rows: Vec::new(),
            spared: 0,
            messages: histogram(),
            wait: histogram(),
            handover: histogram(),
            types: BTreeMap::new(),
        }
    }

    fn add(&mut self, watch: &Watch, users: &[ProcessId], rounds: u32, seed: u64, phase: Phase) {
        let Watch { accounting, crashed_at } = watch;
        if phase != Phase::FaultFree && crashed_at.is_none() {
            self.spared += 1;
            return;
        }
        for (name, purpose, sum) in accounting.sums() {
            let sums = self.types.entry((name.to_owned(), purpose)).or_default();
            sums.messages += sum.messages;
            sums.bytes += sum.bytes;
        }
        let each: Vec<&Entry> = accounting.each().collect();
        let middle = each.get(users.len()..each.len().saturating_sub(users.len())).unwrap_or_default();
        let count = middle.len() as f64;
        let per_entry = |of: &dyn Fn(&Entry) -> u64| {
            (!middle.is_empty()).then(|| rounded(middle.iter().map(|entry| of(entry) as f64).sum::<f64>() / count))
        };
        let handovers: Vec<u64> = middle.iter().filter_map(|entry| Some(entry.handover?.get())).collect();
        for entry in middle {
            record(&mut self.messages, entry.sum.messages);
            record(&mut self.wait, waited(entry));
        }
        for &ticks in &handovers {
            record(&mut self.handover, ticks);
        }
        let outage = crashed_at.and_then(|crash| {
            let next = each.iter().filter_map(|entry| entry.entered_at).find(|&at| at > crash)?;
            Some((next.get() - crash.get()) as f64)
        });
        self.rows.push(Row {
            seed,
            entries: middle.len() as u64,
            messages: per_entry(&|entry| entry.sum.messages),
            bytes: per_entry(&|entry| entry.sum.bytes),
            idle: idle(middle),
            wait: per_entry(&waited),
            handover: (!handovers.is_empty())
                .then(|| rounded(handovers.iter().map(|&ticks| ticks as f64).sum::<f64>() / handovers.len() as f64)),
            overtaken: per_entry(&|entry| entry.overtook),
            jain: if phase == Phase::FaultFree { shares(&each, users, rounds) } else { None },
            recovery: accounting.sum(Purpose::Recovery).messages as f64,
            outage,
        });
    }

    fn finish(self, cell: &Cell<'_>, applications: u32) -> Point {
        let types = self.types.into_iter().map(|((name, purpose), sum)| TypeRow { name, purpose, sum });
        Point {
            system: cell.system.to_owned(),
            processes: cell.processes,
            applications,
            load: cell.load,
            phase: cell.phase,
            rows: self.rows,
            spared: self.spared,
            messages: Percentiles::of(&self.messages),
            wait: Percentiles::of(&self.wait),
            handover: Percentiles::of(&self.handover),
            types: types.collect(),
        }
    }
}

fn record(histogram: &mut Histogram<u64>, value: u64) {
    histogram.record(value).expect("it grows by itself");
}

fn waited(entry: &Entry) -> u64 {
    entry.entered_at.map_or(0, |entered| entered.get() - entry.requested_at.get())
}

/// What circulated idly between the first and the last of these, for each but the first.
fn idle(entries: &[&Entry]) -> Option<f64> {
    let [first, .., last] = entries else { return None };
    let idle = last.idle_before.messages - first.idle_before.messages;
    Some(rounded(idle as f64 / (entries.len() - 1) as f64))
}

/// Jain's index of what each had when the first had all its rounds.
fn shares(entries: &[&Entry], users: &[ProcessId], rounds: u32) -> Option<f64> {
    let mut shares: BTreeMap<ProcessId, u64> = users.iter().map(|&user| (user, 0)).collect();
    for entry in entries {
        let share = shares.entry(entry.process).or_default();
        *share += 1;
        if *share == u64::from(rounds) {
            break;
        }
    }
    jain(&shares.into_values().collect::<Vec<_>>()).map(rounded)
}

/// The mean of what is drawn, before what is above the greatest is cut.
pub(super) fn mean(of: &Distribution) -> f64 {
    match *of {
        Distribution::Constant(ticks) => ticks as f64,
        Distribution::Uniform(from, to) => f64::midpoint(from as f64, to as f64),
        Distribution::Exponential { mean, .. } => mean as f64,
    }
}
