use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::application::Application;
use super::decision::{Chance, Decisions, Key};
use super::disturbance;
use super::fault::Plan;
use super::manner::Draw;
use super::observer::{Observer, Violation};
use super::setup::{Invalid, Setup};
use super::timed::{Clock, Pending, Timed};
use super::world::World;
use crate::model::{Process, Ticks};

/// Runs a setup in virtual time, once for each seed, and uses its memory again from run to run.
///
/// Events happen in the order of their ticks, and within a tick in the order in which they were scheduled. One seed is
/// one run: nothing else enters.
///
/// ```
/// use jeton::engine::{End, Idle, Setup, Simulation};
/// # use jeton::{Context, Never, Process, ProcessId};
/// # #[derive(Clone, Debug, PartialEq, Eq, Hash)]
/// # struct Greeter;
/// # impl Process for Greeter {
/// #     type Config = ();
/// #     type Message = u64;
/// #     type Timer = Never;
/// #     type Request = Never;
/// #     type Indication = Never;
/// #     type Stable = ();
/// #     type Record = Never;
/// #     fn new(_me: ProcessId, _config: &()) -> Self { Greeter }
/// #     fn on_start(&mut self, ctx: &mut Context<'_, Self>) {
/// #         for p in ctx.others() { ctx.send(p, 1); }
/// #     }
/// #     fn on_message(&mut self, _from: ProcessId, _message: u64, _ctx: &mut Context<'_, Self>) {}
/// # }
/// // Three processes of which each greets the others at the start.
/// let mut simulation = Simulation::<Greeter>::new(Setup::new(3, ()))?;
/// let outcome = simulation.run(7, &mut Idle, &mut ());
/// assert_eq!(outcome.end, End::Quiescent);
/// assert_eq!(outcome.stats.messages, 6);
/// # Ok::<(), jeton::engine::Invalid>(())
/// ```
#[derive(Clone, Debug)]
pub struct Simulation<P: Process> {
    world: World<P>,
    clock: Clock<P>,
}

/// How a run ended, and what it came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// How.
    pub end: End,
    /// When.
    pub at: Ticks,
    /// What was counted.
    pub stats: Stats,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// The application wanted nothing more, and `settle_ticks` have passed since.
    Settled,
    /// Nothing is left to happen.
    Quiescent,
    /// A property does not hold.
    Violated(Violation),
    /// A limit was met: the run proves nothing.
    CutOff(Limit),
}

/// Which limit a run met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Limit {
    /// [`Limits::ticks`](super::Limits::ticks)
    Ticks,
    /// [`Limits::events`](super::Limits::events)
    Events,
    /// [`Limits::pending`](super::Limits::pending)
    Pending,
}

/// What is counted in a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Stats {
    /// Steps of processes, and crashes between steps.
    pub events: u64,
    /// Messages sent.
    pub messages: u64,
    /// Messages lost, for whatever reason.
    pub lost: u64,
    /// Crashes.
    pub crashes: u64,
    /// Restarts.
    pub restarts: u64,
}

/// Where a replay was not what its schedule says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Divergence {
    /// Decisions that never came up.
    pub unasked: Vec<Key>,
    /// Decisions whose answer is greater than any that could be given; the greatest was.
    pub out_of_bounds: Vec<Key>,
}

impl Divergence {
    /// Whether every decision came up as it is written.
    pub fn is_empty(&self) -> bool {
        self.unasked.is_empty() && self.out_of_bounds.is_empty()
    }
}

impl<P: Process> Simulation<P> {
    /// Ready to run.
    ///
    /// # Errors
    /// What in the setup cannot be.
    pub fn new(setup: impl Into<Arc<Setup<P>>>) -> Result<Self, Invalid> {
        let setup = setup.into();
        setup.validate()?;
        Ok(Self { clock: Clock::new(&setup), world: World::new(setup) })
    }

    /// The world as the last run left it.
    pub fn world(&self) -> &World<P> {
        &self.world
    }

    /// Runs the schedule of a seed.
    pub fn run<A: Application<P>, O: Observer<P>>(
        &mut self,
        seed: u64,
        application: &mut A,
        observer: &mut O,
    ) -> Outcome {
        self.run_drawn(seed, Draw::Plain, application, observer)
    }

    /// Runs the schedule that a seed means when it is drawn so.
    pub(crate) fn run_drawn<A: Application<P>, O: Observer<P>>(
        &mut self,
        seed: u64,
        draw: Draw<'_>,
        application: &mut A,
        observer: &mut O,
    ) -> Outcome {
        self.clock.chance.reseed(seed, draw);
        self.go(application, observer)
    }

    /// Runs the schedule of a seed and returns its decisions too.
    pub fn record<A: Application<P>, O: Observer<P>>(
        &mut self,
        seed: u64,
        application: &mut A,
        observer: &mut O,
    ) -> (Outcome, Decisions) {
        self.record_drawn(seed, Draw::Plain, application, observer)
    }

    /// Runs the schedule that a seed means when it is drawn so, and returns its decisions too.
    pub(crate) fn record_drawn<A: Application<P>, O: Observer<P>>(
        &mut self,
        seed: u64,
        draw: Draw<'_>,
        application: &mut A,
        observer: &mut O,
    ) -> (Outcome, Decisions) {
        self.clock.chance = Chance::recorded(seed).in_manner(draw);
        let outcome = self.go(application, observer);
        (outcome, self.clock.chance.kept())
    }

    /// Runs a schedule that is a list of decisions. What it does not list is answered in the simplest way.
    pub fn replay<A: Application<P>, O: Observer<P>>(
        &mut self,
        decisions: Decisions,
        application: &mut A,
        observer: &mut O,
    ) -> (Outcome, Divergence) {
        self.clock.chance = Chance::answered(decisions);
        let outcome = self.go(application, observer);
        let (unasked, out_of_bounds) = self.clock.chance.left_over();
        (outcome, Divergence { unasked, out_of_bounds })
    }

    /// The decisions of the last run whose answer was not the simplest, if it was recorded or replayed: the schedule as
    /// it was, up to where the run ended.
    pub fn decisions(&self) -> Decisions {
        self.clock.chance.kept()
    }

    fn go<A: Application<P>, O: Observer<P>>(&mut self, application: &mut A, observer: &mut O) -> Outcome {
        self.world.reset();
        let setup = self.world.setup();
        let (processes, chance) = (setup.processes, &mut self.clock.chance);
        self.clock.plan = Plan::new(&setup.faults, processes, application.conditions(), chance);
        self.clock.disturbances = disturbance::plan(&setup.faults, &setup.detector, processes, chance);
        self.clock.reset(setup);
        let mut timed = Timed { clock: &mut self.clock, application, observer };
        let world = &mut self.world;
        // A panic of a handler is a finding; one of the application, an observer or the engine is not ours to keep.
        let end = catch_unwind(AssertUnwindSafe(|| timed.run(world)));
        let end = end.unwrap_or_else(|panic| match self.world.stepping() {
            Some(process) => {
                let explanation = format!("{process} panicked: {}", message_of(panic.as_ref()));
                End::Violated(self.world.violation(NO_PANIC, vec![process], explanation))
            }
            None => resume_unwind(panic),
        });
        let messages = self.clock.messages - self.clock.copies;
        let stats = Stats { events: self.world.event(), messages, ..self.clock.stats };
        Outcome { end, at: self.world.now(), stats }
    }
}

/// The property that no handler panics; it is always checked.
pub(crate) const NO_PANIC: &str = "no_panic";

pub(super) fn message_of(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("with something that is no text")
}

impl<P: Process, A: Application<P>, O: Observer<P>> Timed<'_, P, A, O> {
    fn run(&mut self, world: &mut World<P>) -> End {
        let end = self.start(world).and_then(|()| self.pass_time(world)).and_then(|end| match end {
            End::Settled | End::Quiescent => Ok(self.observer.end(world).map(|()| end)?),
            end => Ok(end),
        });
        end.unwrap_or_else(|violation| End::Violated(*violation))
    }

    fn pass_time(&mut self, world: &mut World<P>) -> Result<End, Box<Violation>> {
        self.clock.end_calm_if_crowded();
        let (events, settle) = (world.setup().limits.events, world.setup().settle());
        let mut settled_at = None;
        loop {
            let at = self.clock.queue.next_at().unwrap_or(Ticks::MAX);
            if at < self.clock.calm_until && world.event() < events && !self.application.settled() {
                settled_at = None;
                world.now = at;
                // Most are messages, whose way to the next message is one stretch of code: one for those at hand, and
                // another for the rest. Where either led into the same, a message would pass through memory (measured:
                // twice the time of a hop).
                match self.clock.queue.at_hand() {
                    Some(place @ Some(Pending::Message(_))) => {
                        let Some(Pending::Message(envelope)) = place.take() else { continue };
                        let until = self.clock.calm_until.min(self.clock.queue.soonest());
                        self.arrive_calmly(envelope, until, events, world)?;
                    }
                    Some(place @ &mut Some(Pending::Timer { process, ticket, id })) => {
                        *place = None;
                        self.fire_calmly(process, ticket, id, world)?;
                    }
                    Some(place) => {
                        if let Some(pending) = place.take() {
                            self.come_up(pending, world)?;
                        }
                    }
                    None => self.come_up_due(events, world)?,
                }
            } else if let Some(end) = self.pass_with_care(settle, &mut settled_at, world)? {
                return Ok(end);
            }
        }
    }

    /// The next event, or the next fault, or the end.
    #[inline(never)]
    fn pass_with_care(
        &mut self,
        settle: Ticks,
        settled_at: &mut Option<Ticks>,
        world: &mut World<P>,
    ) -> Result<Option<End>, Box<Violation>> {
        let until = if self.application.settled() {
            let since = *settled_at.get_or_insert(world.now());
            Some(world.last_fault().max(since) + settle)
        } else {
            *settled_at = None;
            None
        };
        let at = match self.clock.queue.next_at() {
            Some(at) if at < self.clock.next_fault => at,
            next => {
                let fault = self.clock.next_fault;
                if fault < Ticks::MAX && self.ends(fault, until, world).is_none() {
                    self.befall(world)?;
                    return Ok(None);
                }
                // A fault that would strike after the end does not keep the run from it.
                let Some(at) = next else { return Ok(Some(End::Quiescent)) };
                at
            }
        };
        if let Some(end) = self.ends(at, until, world) {
            world.now = until.filter(|_| end == End::Settled).unwrap_or(world.now);
            return Ok(Some(end));
        }
        world.now = at;
        if let Some(pending) = self.clock.queue.take() {
            self.come_up(pending, world)?;
        }
        Ok(None)
    }

    /// How the run ends, if it does before this tick.
    fn ends(&self, at: Ticks, settled_until: Option<Ticks>, world: &World<P>) -> Option<End> {
        let limits = &world.setup().limits;
        if settled_until.is_some_and(|until| at > until) {
            Some(End::Settled)
        } else if at.get() > limits.ticks {
            Some(End::CutOff(Limit::Ticks))
        } else if world.event() >= limits.events {
            Some(End::CutOff(Limit::Events))
        } else if self.clock.queue.len() as u64 > limits.pending {
            Some(End::CutOff(Limit::Pending))
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::decision::Topic;
    use super::*;
    use crate::model::ProcessId;

    #[test]
    fn a_replay_diverges_where_a_decision_is_unasked_or_out_of_bounds() {
        let key = || vec![Key { topic: Topic::Down { process: ProcessId::new(0) }, nth: 1 }];
        assert!(Divergence::default().is_empty());
        assert!(!Divergence { unasked: key(), out_of_bounds: Vec::new() }.is_empty());
        assert!(!Divergence { unasked: Vec::new(), out_of_bounds: key() }.is_empty());
    }

    #[test]
    fn a_panic_is_told_in_its_own_words() {
        assert_eq!(message_of(&"a literal"), "a literal");
        assert_eq!(message_of(&"a text".to_owned()), "a text");
        assert_eq!(message_of(&7), "with something that is no text");
    }
}
