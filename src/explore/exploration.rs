use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Mutex as Lock;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::runner::{Case, Runner};
use super::strategy::Strategy;
use super::trial::{Locks, Own, Trial};
use super::watchdog::{Pulse, Watchdog, Watched};
use crate::engine::{Application, End, Invalid, Limit, Observer, Setup, Violation};
use crate::model::{Process, ProcessId, Ticks};
use crate::mutex::{Mutex, Property, Workload};

/// Runs many schedules of one case, one a seed, on all cores.
///
/// ```
/// use jeton::explore::Exploration;
/// # use jeton::{Context, Never, Process, ProcessId, engine::Setup, mutex::*};
/// # #[derive(Clone, Debug, PartialEq, Eq, Hash)]
/// # struct Reckless;
/// # impl Process for Reckless {
/// #     type Config = ();
/// #     type Message = ();
/// #     type Timer = Never;
/// #     type Request = Request;
/// #     type Indication = Indication;
/// #     type Stable = ();
/// #     type Record = Never;
/// #     fn new(_me: ProcessId, _config: &()) -> Self { Reckless }
/// #     fn on_request(&mut self, request: Request, ctx: &mut Context<'_, Self>) {
/// #         match request {
/// #             Request::Enter(data) => ctx.indicate(Indication::Entered(data, Fence::default())),
/// #             Request::Leave(data) => ctx.indicate(Indication::Left(data)),
/// #             _ => {}
/// #         }
/// #     }
/// #     fn on_message(&mut self, _: ProcessId, _: (), _: &mut Context<'_, Self>) {}
/// # }
/// # impl Mutex for Reckless {}
/// // `Reckless` enters whenever it is asked to.
/// let report = Exploration::<Reckless>::new(Setup::new(3, ())).schedules(100).run()?;
/// assert!(!report.holds());
/// assert_eq!(report.findings[0].violation.property, "single_holder");
/// # Ok::<(), jeton::engine::Invalid>(())
/// ```
pub struct Exploration<'a, P: Process, T = Locks> {
    pub(super) case: Case<P, T>,
    pub(super) first_seed: u64,
    pub(super) schedules: u64,
    jobs: usize,
    stop: Stop,
    thorough: bool,
    pub(super) name: Option<String>,
    pub(super) directory: Option<PathBuf>,
    progress: Option<&'a (dyn Fn(Progress) + Sync)>,
    watchdog: Option<Watchdog<'a>>,
    pub(super) hang_after: Duration,
}

/// When to stop before all schedules were run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Stop {
    /// At the first violation of any property, or the first schedule that was cut off.
    #[default]
    AtFirstFailure,
    /// At the first violation of this property.
    AtViolationOf(String),
    /// Never.
    Never,
}

/// How far an exploration is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The schedules run so far, by all threads.
    pub done: u64,
    /// The schedules to run.
    pub schedules: u64,
}

/// What an exploration found. It is the same for any number of threads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// How the schedule of a seed was chosen.
    pub strategy: Strategy,
    /// The first seed.
    pub first_seed: u64,
    /// The schedules that were run, up to where it stopped.
    pub schedules: u64,
    /// The events in them.
    pub events: u64,
    /// The messages sent in them.
    pub messages: u64,
    /// The entries into critical sections in them.
    pub entries: u64,
    /// How many requests those entries overtook: requests for the same data id that were made before the entry's own
    /// and still waited.
    pub overtakes: u64,
    /// Of each property that was violated the first schedule that shows it, in the order of the schedules.
    pub findings: Vec<Finding>,
    /// The schedules that violate each property.
    pub failing: BTreeMap<String, Failing>,
    /// How many schedules met a limit and prove nothing, and the seed and the limit of the first.
    pub cut_off: u64,
    /// The first schedule that was cut off.
    pub first_cut_off: Option<(u64, Limit)>,
    /// In how many schedules each thing worth trying happened.
    pub sometimes: BTreeMap<&'static str, u64>,
}

/// The schedules that violate one property.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Failing {
    /// How many there are.
    pub schedules: u64,
    /// The seeds of the first of them, at most [`Failing::SEEDS`].
    pub seeds: Vec<u64>,
}

impl Failing {
    /// So many seeds are kept of each property.
    pub const SEEDS: usize = 100;

    fn push(&mut self, seed: u64) {
        self.schedules += 1;
        if self.seeds.len() < Self::SEEDS {
            self.seeds.push(seed);
        }
    }
}

/// A violation and where to see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The seed that shows it.
    pub seed: u64,
    /// How many schedules it took, this one included.
    pub found_within: u64,
    /// What is violated.
    pub violation: Violation,
}

impl Report {
    /// Whether every schedule ran to its end and no property was violated.
    pub fn holds(&self) -> bool {
        self.findings.is_empty() && self.cut_off == 0
    }

    /// The finding of this property.
    pub fn finding(&self, property: &str) -> Option<&Finding> {
        self.findings.iter().find(|finding| finding.violation.property == property)
    }

    /// In how many schedules this happened: a note of a process, or what a property has seen.
    pub fn seen(&self, name: &str) -> u64 {
        self.sometimes.get(name).copied().unwrap_or(0)
    }

    /// Does nothing if this happened in some schedule, so that nothing holds for want of being tried.
    ///
    /// # Panics
    /// If it never happened, with what did.
    pub fn assert_seen(&self, name: &str) {
        if self.seen(name) == 0 {
            let seen: Vec<String> = self.sometimes.iter().map(|(name, count)| format!("{name} {count}")).collect();
            let seen = if seen.is_empty() { "nothing".to_owned() } else { seen.join(", ") };
            panic!(
                "`{name}` was never seen in {} schedules; seen in: {seen}\n\
                 more schedules may show it, or more faults, or another workload; is it spelt as where it is noted?",
                self.schedules
            );
        }
    }

    /// Does nothing if everything holds.
    ///
    /// # Panics
    /// With what was violated and the seed that shows it, or with how many schedules were cut off.
    pub fn assert_holds(&self) {
        if let Some(Finding { seed, found_within, violation }) = self.findings.first() {
            panic!("{violation}\nseed {seed} of strategy {}, found within {found_within} schedules", self.strategy);
        }
        if let Some(text) = self.cut_off_text() {
            panic!("{text}");
        }
    }

    /// Says that schedules were cut off, if any were, and what to do about it.
    pub(super) fn cut_off_text(&self) -> Option<String> {
        let (seed, limit) = self.first_cut_off?;
        let name = match limit {
            Limit::Ticks => "ticks",
            Limit::Events => "events",
            Limit::Pending => "pending",
        };
        Some(format!(
            "{} of {} schedules were cut off by the limit on {name}, and prove nothing: seed {seed} of strategy {}\n\
             if the processes need that many, raise `limits.{name}` of the setup; else something runs away",
            self.cut_off, self.schedules, self.strategy
        ))
    }

    /// Keeps a finding, if it is the first of its property, or if `shortest` are wanted and it is shorter.
    fn keep(&mut self, finding: Finding, shortest: bool) {
        match self.findings.iter_mut().find(|known| known.violation.property == finding.violation.property) {
            None => self.findings.push(finding),
            Some(known) if shortest && finding.violation.event < known.violation.event => *known = finding,
            Some(_) => {}
        }
    }

    fn add(&mut self, part: Report, shortest: bool) {
        for mut finding in part.findings {
            finding.found_within += self.schedules;
            self.keep(finding, shortest);
        }
        for (property, part) in part.failing {
            let failing = self.failing.entry(property).or_default();
            failing.schedules += part.schedules;
            failing.seeds.extend(part.seeds);
            failing.seeds.truncate(Failing::SEEDS);
        }
        self.schedules += part.schedules;
        self.events += part.events;
        self.messages += part.messages;
        self.entries += part.entries;
        self.overtakes += part.overtakes;
        self.cut_off += part.cut_off;
        self.first_cut_off = self.first_cut_off.or(part.first_cut_off);
        for (name, count) in part.sometimes {
            *self.sometimes.entry(name).or_insert(0) += count;
        }
    }
}

/// Threads take so many schedules at a time.
const BATCH: u64 = 32;

impl<P: Mutex> Exploration<'_, P> {
    /// A thousand schedules from seed 0 of the default workload, checked against what the algorithm claims.
    pub fn new(setup: Setup<P>) -> Self {
        Self::of(Case::new(setup))
    }
}

impl<P: Mutex, O> Exploration<'_, P, Locks<O>> {
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

    /// Within how many ticks of the later of the request and the last fault a request must be granted. Set it after the
    /// workload.
    #[must_use]
    pub fn patience(mut self, patience: Ticks) -> Self {
        self.case.patience = patience;
        self
    }
}

impl<'a, P: Mutex> Exploration<'a, P> {
    /// Checks properties of your own besides those of locks, and counts what they
    /// [see](crate::engine::Observer::seen): see [`crate::property`]. Several are a pair. Each run has a new copy.
    ///
    /// ```
    /// use jeton::algorithms::query_ring::{Parameters, QueryRing};
    /// use jeton::engine::{Setup, World};
    /// use jeton::mutex::{Mutex, System};
    /// use jeton::property::{always, sometimes};
    /// use jeton::{ProcessId, explore::Exploration};
    ///
    /// let setup = Setup::<QueryRing>::new(3, QueryRing::configure(3, &Parameters::default())?);
    /// let one = |world: &World<QueryRing>, p: ProcessId| match world.process(p).tokens() {
    ///     0 | 1 => Ok(()),
    ///     tokens => Err(format!("{p} has {tokens} tokens")),
    /// };
    /// let has = |world: &World<QueryRing>, p: ProcessId| world.process(p).tokens() > 0;
    /// let own = (always("one_token_each", one), sometimes("has_the_token", has));
    /// let report = Exploration::new(setup).also(own).schedules(10).run()?;
    /// report.assert_holds();
    /// report.assert_seen("has_the_token");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn also<O: Observer<P> + Clone + Send + Sync>(self, own: O) -> Exploration<'a, P, Locks<O>> {
        self.trying(Locks { also: own, round: None })
    }
}

impl<P, A, O> Exploration<'_, P, Own<P, A, O>>
where
    P: Process,
    A: Application<P> + Clone + Send + Sync,
    O: Observer<P> + Clone + Send + Sync,
{
    /// A thousand schedules from seed 0 of processes that need not be locks: with any application, which may be
    /// [`Idle`](crate::engine::Idle), and any properties, of which several are a pair. Each run has new copies of both.
    /// What a process [notes](crate::Context::note) is counted, and so is what properties
    /// [see](crate::engine::Observer::seen).
    ///
    /// ```
    /// use jeton::engine::{Idle, Setup, World};
    /// use jeton::{ProcessId, explore::Exploration, property::always};
    /// # use jeton::{Context, Never, Process};
    /// # #[derive(Clone, Debug, PartialEq, Eq, Hash)]
    /// # struct Greeter { greeted: u32 }
    /// # impl Process for Greeter {
    /// #     type Config = ();
    /// #     type Message = u64;
    /// #     type Timer = Never;
    /// #     type Request = Never;
    /// #     type Indication = Never;
    /// #     type Stable = ();
    /// #     type Record = Never;
    /// #     fn new(_me: ProcessId, _config: &()) -> Self { Greeter { greeted: 0 } }
    /// #     fn on_start(&mut self, ctx: &mut Context<'_, Self>) {
    /// #         for p in ctx.others() { ctx.send(p, 1); }
    /// #     }
    /// #     fn on_message(&mut self, _: ProcessId, _: u64, _: &mut Context<'_, Self>) { self.greeted += 1; }
    /// # }
    /// // Processes of which each greets the others at the start.
    /// let shy = always("greeted_twice_at_most", |world: &World<Greeter>, p: ProcessId| {
    ///     if world.process(p).greeted <= 2 { Ok(()) } else { Err(format!("{p} is greeted again")) }
    /// });
    /// let setup = Setup::<Greeter>::new(5, ());
    /// let report = Exploration::of_any(setup, Idle, shy).run()?;
    /// assert_eq!(report.findings[0].violation.property, "greeted_twice_at_most");
    /// # Ok::<(), jeton::engine::Invalid>(())
    /// ```
    pub fn of_any(setup: Setup<P>, application: A, properties: O) -> Self {
        Self::of(Case::of_any(setup, application, properties))
    }

    /// Lets a failing schedule be made small by taking processes out: what the processes share when one of so many is
    /// taken out and those after it each move up by one id, or `None` if it cannot be. If it is never said, all stay.
    #[must_use]
    pub fn without(mut self, without: fn(&P::Config, u32, ProcessId) -> Option<P::Config>) -> Self {
        self.case.trial.without = without;
        self
    }
}

impl<'a, P: Process, T: Trial<P>> Exploration<'a, P, T> {
    /// A thousand schedules from seed 0 of this case.
    pub fn of(case: Case<P, T>) -> Self {
        let jobs = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        Self {
            case,
            first_seed: 0,
            schedules: 1000,
            jobs,
            stop: Stop::default(),
            thorough: false,
            name: None,
            directory: None,
            progress: None,
            watchdog: None,
            hang_after: Duration::from_secs(30),
        }
    }

    /// How the schedule of a seed is chosen; [`Strategy::Auto`], if it is never said.
    #[must_use]
    pub fn strategy(mut self, strategy: Strategy) -> Self {
        self.case.strategy = strategy;
        self
    }

    /// How many schedules.
    #[must_use]
    pub fn schedules(mut self, schedules: u64) -> Self {
        self.schedules = schedules;
        self
    }

    /// The seed of the first schedule; the next has the next number.
    #[must_use]
    pub fn first_seed(mut self, seed: u64) -> Self {
        self.first_seed = seed;
        self
    }

    /// On how many threads; all cores, if it is never said. The result does not depend on it.
    #[must_use]
    pub fn jobs(mut self, jobs: usize) -> Self {
        self.jobs = jobs.max(1);
        self
    }

    /// When to stop early.
    #[must_use]
    pub fn stop(mut self, stop: Stop) -> Self {
        self.stop = stop;
        self
    }

    /// Runs all schedules, has each show what it can of every property, and keeps of each property the violation that
    /// came after the fewest events.
    #[must_use]
    pub fn thorough(mut self) -> Self {
        self.stop = Stop::Never;
        self.thorough = true;
        self
    }

    /// Under which name [`check`](Self::check) keeps schedules; the name of the test, if it is never said.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Where [`check`](Self::check) keeps schedules; in `tests/schedules/` of the package, if it is never said.
    #[must_use]
    pub fn keep_in(mut self, directory: impl Into<PathBuf>) -> Self {
        self.directory = Some(directory.into());
        self
    }

    /// Whom to tell how far it is, from any thread, every few schedules.
    #[must_use]
    pub fn progress(mut self, progress: &'a (dyn Fn(Progress) + Sync)) -> Self {
        self.progress = Some(progress);
        self
    }

    /// Who is told of a handler that never returns. Without one such a handler is waited for.
    #[must_use]
    pub fn watchdog(mut self, watchdog: Watchdog<'a>) -> Self {
        self.watchdog = Some(watchdog);
        self
    }

    /// After how long [`check`](Self::check) gives a handler up that has not returned, and ends the process; 30 s, if
    /// it is never said.
    #[must_use]
    pub fn hang_after(mut self, patience: Duration) -> Self {
        self.hang_after = patience;
        self
    }

    /// Runs them.
    ///
    /// # Errors
    /// What in the setup cannot be.
    pub fn run(self) -> Result<Report, Invalid> {
        self.run_under(self.watchdog)
    }

    pub(super) fn run_under(&self, watchdog: Option<Watchdog<'_>>) -> Result<Report, Invalid> {
        self.case.validate()?;
        let batches = self.schedules.div_ceil(BATCH);
        let next = AtomicU64::new(0);
        // Batches from here on are not needed: one before it ended the exploration.
        let end = AtomicU64::new(batches);
        let done = AtomicU64::new(0);
        let parts = Lock::new(BTreeMap::new());
        let work = |pulse: &Pulse| -> Result<(), Invalid> {
            let mut runner = Runner::new(&self.case)?;
            if self.thorough {
                runner = runner.collecting();
            }
            loop {
                let batch = next.fetch_add(1, Ordering::Relaxed);
                if batch >= end.load(Ordering::Relaxed) {
                    return Ok(());
                }
                let (part, stopped) = self.batch(&mut runner, batch, watchdog.map(|_| pulse));
                if stopped {
                    end.fetch_min(batch + 1, Ordering::Relaxed);
                }
                let done = done.fetch_add(part.schedules, Ordering::Relaxed) + part.schedules;
                parts.lock().unwrap_or_else(PoisonError::into_inner).insert(batch, part);
                if let Some(progress) = self.progress {
                    progress(Progress { done, schedules: self.schedules });
                }
            }
        };
        let threads = self.jobs.min(usize::try_from(batches).unwrap_or(usize::MAX)).max(1);
        let pulse = || watchdog.map_or_else(Pulse::default, Watchdog::pulse);
        let pulses: Vec<Pulse> = (0..threads).map(|_| pulse()).collect();
        thread::scope(|scope| {
            let watched = || pulses.iter().map(|pulse| (pulse, Watched::Seeds)).collect();
            let _guard = watchdog.map(|watchdog| watchdog.guard(scope, &self.case, self.thorough, watched()));
            let work = &work;
            let others: Vec<_> = pulses[1..].iter().map(|pulse| scope.spawn(move || work(pulse))).collect();
            let mine = work(&pulses[0]);
            others.into_iter().fold(mine, |result, other| {
                result.and(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            })
        })?;
        let mut report = Report { strategy: self.case.strategy, first_seed: self.first_seed, ..Report::default() };
        let end = end.into_inner();
        for (_, part) in
            parts.into_inner().unwrap_or_else(PoisonError::into_inner).into_iter().take_while(|p| p.0 < end)
        {
            report.add(part, self.thorough);
        }
        Ok(report)
    }

    /// One batch, up to the schedule with which the exploration ends, if it is in it.
    fn batch(&self, runner: &mut Runner<P, T>, batch: u64, pulse: Option<&Pulse>) -> (Report, bool) {
        let mut part = Report::default();
        let mut stopped = false;
        let first = batch * BATCH;
        for index in first..self.schedules.min(first + BATCH) {
            let seed = self.first_seed.wrapping_add(index);
            let outcome = match pulse {
                None => runner.run(seed),
                Some(mut pulse) => {
                    pulse.begin(seed);
                    let outcome = runner.run_watched(seed, &mut (), &mut pulse);
                    pulse.end();
                    outcome
                }
            };
            part.schedules += 1;
            for violation in runner.collected() {
                let finding = Finding { seed, found_within: part.schedules, violation: violation.clone() };
                part.failing.entry(violation.property.clone()).or_default().push(seed);
                part.keep(finding, self.thorough);
            }
            part.events += outcome.stats.events;
            part.messages += outcome.stats.messages;
            match outcome.end {
                End::Settled | End::Quiescent => {}
                End::CutOff(limit) => {
                    part.cut_off += 1;
                    part.first_cut_off = part.first_cut_off.or(Some((seed, limit)));
                    stopped = self.stop == Stop::AtFirstFailure;
                }
                End::Violated(violation) => {
                    stopped = match &self.stop {
                        Stop::AtFirstFailure => true,
                        Stop::AtViolationOf(property) => violation.property == *property,
                        Stop::Never => false,
                    };
                    part.failing.entry(violation.property.clone()).or_default().push(seed);
                    part.keep(Finding { seed, found_within: part.schedules, violation }, self.thorough);
                }
            }
            if stopped {
                break;
            }
        }
        part.sometimes = runner.take_tally().counts();
        (part.entries, part.overtakes) = runner.take_overtakes();
        (part, stopped)
    }

    /// The same with another trial.
    fn trying<U>(self, trial: U) -> Exploration<'a, P, U> {
        let Self { case, first_seed, schedules, jobs, stop, thorough, .. } = self;
        let Self { name, directory, progress, watchdog, hang_after, .. } = self;
        let Case { setup, workload, requests, properties, patience, strategy, .. } = case;
        let case = Case { setup, workload, requests, properties, patience, strategy, trial };
        Exploration {
            case,
            first_seed,
            schedules,
            jobs,
            stop,
            thorough,
            name,
            directory,
            progress,
            watchdog,
            hang_after,
        }
    }
}

#[cfg(test)]
mod tests;
