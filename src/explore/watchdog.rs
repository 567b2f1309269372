//! Handlers that never return.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{self, Scope};
use std::time::Duration;

use super::reduction::Part;
use super::runner::{Case, Runner};
use super::schedule::{Recorded, Schedule};
use super::trial::Trial;
use crate::engine::{Decisions, Divergence, MessageId, Observer, Outcome, Violation, World};
use crate::model::{Event, Process, ProcessId};

/// The property that every handler returns.
pub const HANDLERS_RETURN: &str = "handlers_return";

/// A handler that has not returned for so long that it never will.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hang {
    /// Which process handles what since when, as a violation of [`HANDLERS_RETURN`].
    pub violation: Violation,
    /// The seed of the run, if it is one of a seed.
    pub seed: Option<u64>,
    /// Of which part of the case it is a schedule.
    pub part: Part,
    /// The decisions up to there.
    pub decisions: Decisions,
}

impl Hang {
    /// The schedule that shows it.
    pub fn schedule(&self) -> Schedule {
        let violation = Some(Recorded::from(&self.violation));
        let (part, decisions) = (self.part.clone(), self.decisions.clone());
        Schedule { violation, part, decisions, scenario: None }
    }
}

/// Watches runs for handlers that never return. Nothing can stop such a handler, so whoever is told has to end the
/// process.
#[derive(Clone, Copy)]
pub struct Watchdog<'a> {
    patience: Duration,
    bark: &'a (dyn Fn(Hang) + Sync),
    /// The event that is never over; 0 if there is none.
    #[cfg(debug_assertions)]
    stalled: u64,
}

impl<'a> Watchdog<'a> {
    /// Tells of a handler that has not returned for about so long. It is told on a thread of its own, and once.
    pub fn new(patience: Duration, bark: &'a (dyn Fn(Hang) + Sync)) -> Self {
        Self {
            patience,
            bark,
            #[cfg(debug_assertions)]
            stalled: 0,
        }
    }

    /// As if the handler of this event never returned, the dry runs of its seed counted: no built-in one fails to, and
    /// what becomes of one must be seen.
    #[cfg(debug_assertions)]
    #[doc(hidden)]
    #[must_use]
    pub fn stalled_at(mut self, event: u64) -> Self {
        self.stalled = event;
        self
    }

    /// Runs what is of a part of the case.
    pub(super) fn of_part<R>(self, part: &Part, run: impl FnOnce(Watchdog<'_>) -> R) -> R {
        let bark = |hang: Hang| (self.bark)(Hang { part: part.clone(), ..hang });
        run(Watchdog { bark: &bark, ..self })
    }

    #[cfg_attr(not(debug_assertions), expect(clippy::unused_self, reason = "only debug builds have one stall"))]
    pub(super) fn pulse(self) -> Pulse {
        Pulse {
            #[cfg(debug_assertions)]
            stalled: self.stalled,
            ..Pulse::default()
        }
    }

    /// Runs the schedule of a seed under its eyes, and under those of an observer.
    pub fn run<P: Process, T: Trial<P>, O: Observer<P>>(
        self,
        case: &Case<P, T>,
        runner: &mut Runner<P, T>,
        seed: u64,
        observer: &mut O,
    ) -> Outcome {
        self.watch(case, Watched::Seed(seed), |mut pulse| runner.run_watched(seed, observer, &mut pulse))
    }

    /// Runs a schedule under its eyes, and under those of an observer.
    pub fn replay<P: Process, T: Trial<P>, O: Observer<P>>(
        self,
        case: &Case<P, T>,
        runner: &mut Runner<P, T>,
        decisions: Decisions,
        observer: &mut O,
    ) -> (Outcome, Divergence) {
        self.watch(case, Watched::Decisions(decisions.clone()), |pulse| {
            runner.replay(decisions, &mut (observer, pulse))
        })
    }

    fn watch<P: Process, T: Trial<P>, R>(self, case: &Case<P, T>, what: Watched, work: impl FnOnce(&Pulse) -> R) -> R {
        let pulse = self.pulse();
        thread::scope(|scope| {
            let _guard = self.guard(scope, case, false, vec![(&pulse, what)]);
            work(&pulse)
        })
    }

    /// Watches some runs until what it returns is dropped.
    pub(super) fn guard<'scope, P: Process, T: Trial<P>>(
        self,
        scope: &'scope Scope<'scope, '_>,
        case: &'scope Case<P, T>,
        collects: bool,
        pulses: Vec<(&'scope Pulse, Watched)>,
    ) -> Sender<()>
    where
        'a: 'scope,
    {
        let (guard, stop) = channel();
        // Time is told by how often it woke: nothing here reads a clock.
        let wakes = u32::try_from(self.patience.as_millis() / WAKE.as_millis()).unwrap_or(u32::MAX).max(1);
        scope.spawn(move || {
            let mut last: Vec<((u64, u64, u64), u32)> = vec![((0, 0, 0), 0); pulses.len()];
            while stop.recv_timeout(WAKE) == Err(RecvTimeoutError::Timeout) {
                for ((pulse, watched), (before, still)) in pulses.iter().zip(&mut last) {
                    let now = pulse.read();
                    *still = if now == *before && now.2 != 0 { *still + 1 } else { 0 };
                    *before = now;
                    if *still >= wakes {
                        let what = watched.clone().of(now.1);
                        if let Some(hang) = self.look(case, collects, &what, now.2) {
                            (self.bark)(hang);
                            return;
                        }
                    }
                }
            }
        });
        guard
    }

    /// Runs up to the event that is never over.
    fn look<P: Process, T: Trial<P>>(
        self,
        case: &Case<P, T>,
        collects: bool,
        what: &Watched,
        event: u64,
    ) -> Option<Hang> {
        let mut runner = Runner::new(case).ok()?;
        if collects {
            runner = runner.collecting();
        }
        let mut stop = Stop { before: event, seen: 0, seconds: self.patience.as_secs(), violation: None };
        let run = || match what {
            Watched::Seed(seed) => drop(runner.record_watched(*seed, &mut stop)),
            Watched::Decisions(decisions) => drop(runner.replay(decisions.clone(), &mut stop)),
            Watched::Seeds => {}
        };
        // It ends with the panic of the observer.
        let _ = catch_unwind(AssertUnwindSafe(run));
        let seed = if let Watched::Seed(seed) = what { Some(*seed) } else { None };
        Some(Hang { violation: stop.violation?, seed, part: Part::default(), decisions: runner.decisions() })
    }
}

const WAKE: Duration = Duration::from_millis(50);

/// What is run.
#[derive(Clone, Debug)]
pub(super) enum Watched {
    /// The schedule of this seed.
    Seed(u64),
    /// Those of many seeds, one after another.
    Seeds,
    /// This schedule.
    Decisions(Decisions),
}

impl Watched {
    fn of(self, seed: u64) -> Self {
        if let Self::Seeds = self { Self::Seed(seed) } else { self }
    }
}

/// Shows from outside how far a run is.
#[derive(Debug, Default)]
#[repr(align(64))]
pub(super) struct Pulse {
    /// How many runs have begun.
    runs: AtomicU64,
    seed: AtomicU64,
    /// How many events it has seen of the run, and of dry runs before it.
    events: AtomicU64,
    /// The number of the event that is being handled; 0 between events.
    handled: AtomicU64,
    #[cfg(debug_assertions)]
    stalled: u64,
}

impl Pulse {
    pub(super) fn begin(&self, seed: u64) {
        self.events.store(0, Ordering::Relaxed);
        self.seed.store(seed, Ordering::Relaxed);
        self.runs.fetch_add(1, Ordering::Relaxed);
    }

    /// The run is over, though perhaps in the middle of an event.
    pub(super) fn end(&self) {
        self.handled.store(0, Ordering::Relaxed);
    }

    fn read(&self) -> (u64, u64, u64) {
        let [runs, seed, event] = [&self.runs, &self.seed, &self.handled].map(|part| part.load(Ordering::Relaxed));
        (runs, seed, event)
    }
}

impl<P: Process> Observer<P> for &Pulse {
    #[inline]
    fn event(&mut self, _: ProcessId, _: &Event<P>, _: Option<MessageId>, _world: &World<P>) {
        // Nobody else writes it.
        let number = self.events.load(Ordering::Relaxed) + 1;
        self.events.store(number, Ordering::Relaxed);
        self.handled.store(number, Ordering::Relaxed);
        #[cfg(debug_assertions)]
        if number == self.stalled {
            loop {
                thread::sleep(WAKE);
            }
        }
    }

    #[inline]
    fn check(&mut self, _world: &World<P>) -> Result<(), Violation> {
        self.handled.store(0, Ordering::Relaxed);
        Ok(())
    }
}

/// Ends a run just before an event.
struct Stop {
    before: u64,
    seen: u64,
    seconds: u64,
    violation: Option<Violation>,
}

impl<P: Process> Observer<P> for Stop {
    fn event(&mut self, process: ProcessId, event: &Event<P>, _: Option<MessageId>, world: &World<P>) {
        self.seen += 1;
        if self.seen == self.before {
            let what = format!("{process} has not returned from handling {event:?} for {} s", self.seconds);
            self.violation = Some(world.violation(HANDLERS_RETURN, vec![process], what));
            resume_unwind(Box::new("stopped"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explore::toy::{Writer, letters};

    /// Takes its time once, while an event is being handled.
    struct Slow(bool);

    impl Observer<Writer> for Slow {
        fn check(&mut self, _: &World<Writer>) -> Result<(), Violation> {
            if !std::mem::replace(&mut self.0, true) {
                thread::sleep(3 * WAKE);
            }
            Ok(())
        }
    }

    #[test]
    fn a_handler_that_is_slow_but_within_patience_is_not_told_of() {
        let told = std::sync::Mutex::new(Vec::new());
        let bark = |hang| told.lock().expect("no panic").push(hang);
        let case = letters(1, |_| false);
        let mut runner = Runner::new(&case).expect("a setup");
        let outcome = Watchdog::new(Duration::from_secs(600), &bark).run(&case, &mut runner, 1, &mut Slow(false));
        assert_eq!(outcome.stats.events, 5, "it ran to its end");
        assert_eq!(told.into_inner().expect("no panic"), []);
    }
}
