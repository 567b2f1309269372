use std::num::NonZero;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use super::point::{Phase, Point, csv, json_lines};
use super::run::{Cell, mean};
use super::{CrashKind, Load};
use crate::algorithms::{NAMES, Visitor, with_system};
use crate::engine::Distribution;
use crate::mutex::System;

/// What is run: every system with every number of processes at every load, fault-free and with each kind of crash.
#[derive(Clone, Debug, PartialEq)]
pub struct Sweep {
    /// The systems, by their names.
    pub systems: Vec<String>,
    /// How many processes; those that a system cannot have are left out.
    pub processes: Vec<u32>,
    /// How much is asked of the lock.
    pub loads: Vec<Load>,
    /// How long a message takes, at least a tick.
    pub delay: Distribution,
    /// How long a stay takes.
    pub hold: Distribution,
    /// In how many of 1,000 stays there is a write.
    pub write_per_mille: u16,
    /// How many runs.
    pub seeds: u64,
    /// The seed of the first run.
    pub first_seed: u64,
    /// How many entries of a run are looked at, at least.
    pub entries: u32,
    /// The crashes, of those systems that survive one.
    pub crashes: Vec<CrashKind>,
}

/// Why there is no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Failed(pub(super) String);

/// What a sweep came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Results {
    /// What was run.
    pub sweep: Sweep,
    /// Every point that there is, in the order of systems, processes, loads and phases.
    pub points: Vec<Point>,
}

impl Default for Sweep {
    /// All systems with 2 to 256 processes, from an idle lock to a saturated one, messages that take 10 ticks, stays of
    /// 5, 10 seeds, and every kind of crash.
    fn default() -> Self {
        Self {
            systems: NAMES.iter().map(|&name| name.to_owned()).collect(),
            processes: (1..=8).map(|power| 1 << power).collect(),
            loads: Load::between(Load::IDLE, Load::SATURATED),
            delay: 10.into(),
            hold: 5.into(),
            write_per_mille: 0,
            seeds: 10,
            first_seed: 0,
            entries: 200,
            crashes: CrashKind::ALL.to_vec(),
        }
    }
}

impl Sweep {
    /// The most processes of a point.
    pub const PROCESSES_MAX: u32 = 4_096;

    /// The least that a turn takes on average: a stay, and a message to the next.
    pub(super) fn turn(&self) -> f64 {
        mean(&self.hold) + mean(&self.delay)
    }

    fn check(&self) -> Result<(), Failed> {
        let failed = |problem: String| Err(Failed(problem));
        for (name, spread, least) in [("delay", &self.delay, 1), ("hold", &self.hold, 0)] {
            if let Some(problem) = spread.problem(least) {
                return failed(format!("{name}: {problem}"));
            }
            if spread.max().get() > 1_000_000 {
                return failed(format!("{name}: the longest is {}, expected at most 1000000", spread.max()));
            }
        }
        if let Some(processes) = self.processes.iter().find(|count| !(2..=Self::PROCESSES_MAX).contains(count)) {
            return failed(format!("processes: {processes}, expected 2..={}", Self::PROCESSES_MAX));
        }
        if self.write_per_mille > 1_000 {
            return failed(format!("writes: {} of 1000", self.write_per_mille));
        }
        match self.systems.iter().find(|system| !NAMES.contains(&system.as_str())) {
            Some(system) => failed(format!("there is no system `{system}`")),
            None if self.seeds == 0 => failed("seeds: 0, expected at least 1".to_owned()),
            None => Ok(()),
        }
    }

    fn cells(&self) -> Vec<Cell<'_>> {
        let crashes = self.crashes.iter().map(|&kind| Phase::Crash(kind));
        let phases: Vec<Phase> = std::iter::once(Phase::FaultFree).chain(crashes).collect();
        let mut cells = Vec::new();
        for system in &self.systems {
            for &processes in &self.processes {
                for &load in &self.loads {
                    let cell = |&phase: &Phase| Cell { sweep: self, system, processes, load, phase };
                    cells.extend(phases.iter().map(cell));
                }
            }
        }
        cells
    }

    /// Runs all of it on so many threads (all cores, if not said), and tells of each point how many of how many are
    /// done.
    ///
    /// ```
    /// use jeton::measure::{Load, Sweep};
    /// let sweep = Sweep {
    ///     systems: vec!["ricart_agrawala".to_owned()],
    ///     processes: vec![4],
    ///     loads: vec![Load::SATURATED],
    ///     seeds: 3,
    ///     ..Sweep::default()
    /// };
    /// let results = sweep.run(None, &|_, _| {})?;
    /// let messages = results.points[0].mean(|run| run.messages).expect("there were entries");
    /// assert_eq!((messages.mean, messages.error), (6.0, 0.0));
    /// # Ok::<(), jeton::measure::Failed>(())
    /// ```
    ///
    /// # Errors
    /// What cannot be run; a run that was cut off, or in which something did not hold.
    pub fn run(
        self,
        jobs: Option<NonZero<usize>>,
        progress: &(dyn Fn(usize, usize) + Sync),
    ) -> Result<Results, Failed> {
        self.check()?;
        let cells = self.cells();
        let jobs = jobs.or(thread::available_parallelism().ok()).map_or(1, NonZero::get).min(cells.len().max(1));
        let (next, done, failed) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicBool::new(false));
        let found = Mutex::new(vec![None; cells.len()]);
        let work = || {
            while !failed.load(Ordering::Relaxed) {
                let place = next.fetch_add(1, Ordering::Relaxed);
                let Some(cell) = cells.get(place) else { return };
                let point = with_system(cell.system, *cell).expect("its name was looked up");
                failed.fetch_or(point.is_err(), Ordering::Relaxed);
                if let Ok(mut found) = found.lock() {
                    found[place] = Some(point);
                }
                progress(done.fetch_add(1, Ordering::Relaxed) + 1, cells.len());
            }
        };
        thread::scope(|scope| {
            for _ in 0..jobs {
                scope.spawn(work);
            }
        });
        let found = found.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        // Of several that failed the first, which was begun before all others.
        let points: Result<Vec<_>, Failed> = found.into_iter().flatten().collect();
        let points = points?.into_iter().flatten().collect();
        drop(cells);
        Ok(Results { sweep: self, points })
    }
}

impl Results {
    /// Every point as CSV: a row for each, with means, confidence intervals and percentiles.
    pub fn csv(&self) -> String {
        csv(self.points.iter().map(Point::record))
    }

    /// The same as JSON Lines.
    pub fn json_lines(&self) -> String {
        json_lines(self.points.iter().map(Point::record))
    }

    /// Every run as CSV: a row for each.
    pub fn runs_csv(&self) -> String {
        csv(self.points.iter().flat_map(Point::run_records))
    }

    /// The same as JSON Lines.
    pub fn runs_json_lines(&self) -> String {
        json_lines(self.points.iter().flat_map(Point::run_records))
    }

    /// The messages of every point by their type and purpose, as CSV.
    pub fn types_csv(&self) -> String {
        csv(self.points.iter().flat_map(Point::type_records))
    }

    /// The same as JSON Lines.
    pub fn types_json_lines(&self) -> String {
        json_lines(self.points.iter().flat_map(Point::type_records))
    }

    /// The points of this phase and load.
    pub(super) fn of(&self, phase: Phase, load: Load) -> impl Iterator<Item = &Point> {
        self.points.iter().filter(move |point| point.phase == phase && point.load == load)
    }

    /// The systems that are made for a world in which nobody crashes.
    pub(super) fn without_crashes(&self) -> Vec<&str> {
        let names = self.sweep.systems.iter().map(String::as_str);
        names.filter(|name| with_system(name, Survives) == Some(false)).collect()
    }
}

struct Survives;

impl Visitor for Survives {
    type Output = bool;
    fn visit<S: System>(self) -> bool {
        S::TOLERATES_FAULTS
    }
}
