use std::fmt;

use serde::{Deserialize, Serialize};

use super::world::World;
use crate::model::{Effect, Event, Process, ProcessId, Ticks};

/// Sees everything that happens in a run, in order, and may end it with a violation: properties and traces are made of
/// this.
///
/// One event is seen as one call of [`event`](Observer::event), or of [`crashed`](Observer::crashed), then one call of
/// [`effect`](Observer::effect) for each effect that is done, then one of [`check`](Observer::check). What is lost on
/// the way is told between them. A pair of observers is an observer.
pub trait Observer<P: Process> {
    /// A process is about to handle an event. `message` numbers the message, if it is one.
    fn event(&mut self, _process: ProcessId, _event: &Event<P>, _message: Option<MessageId>, _world: &World<P>) {}

    /// An effect is about to be done. `message` numbers the message, if one is sent.
    fn effect(&mut self, _process: ProcessId, _effect: &Effect<P>, _message: Option<MessageId>, _world: &World<P>) {}

    /// A process has crashed; in a step of its, after the effects that were told.
    fn crashed(&mut self, _process: ProcessId, _world: &World<P>) {}

    /// A message will never be handled.
    fn lost(&mut self, _lost: &Lost<'_, P>, _world: &World<P>) {}

    /// A second copy of a message is on its way.
    fn duplicated(&mut self, _to: ProcessId, _message: MessageId, _copy: MessageId, _world: &World<P>) {}

    /// A message has arrived and waits: its receiver is busy or paused.
    fn queued(&mut self, _to: ProcessId, _message: MessageId, _world: &World<P>) {}

    /// Until a tick, what is sent between these processes and the others is lost.
    fn partitioned(&mut self, _side: &[ProcessId], _until: Ticks, _world: &World<P>) {}

    /// Until a tick, a process handles nothing; what arrives waits.
    fn paused(&mut self, _process: ProcessId, _until: Ticks, _world: &World<P>) {}

    /// The event is over.
    ///
    /// # Errors
    /// A violation ends the run.
    fn check(&mut self, _world: &World<P>) -> Result<(), Violation> {
        Ok(())
    }

    /// The run is over, and was not cut off: nothing is left to happen, or everything wanted was had.
    ///
    /// # Errors
    /// What should have happened and did not.
    fn end(&mut self, _world: &World<P>) -> Result<(), Violation> {
        Ok(())
    }

    /// Names what it has seen in the run, for an exploration to count the schedules in which it was; asked once, when
    /// the run is over, however it ended.
    fn seen(&self, _mark: &mut dyn FnMut(&'static str)) {}
}

/// Sees nothing.
impl<P: Process> Observer<P> for () {}

impl<P: Process, O: Observer<P> + ?Sized> Observer<P> for &mut O {
    fn event(&mut self, process: ProcessId, event: &Event<P>, message: Option<MessageId>, world: &World<P>) {
        (**self).event(process, event, message, world);
    }
    fn effect(&mut self, process: ProcessId, effect: &Effect<P>, message: Option<MessageId>, world: &World<P>) {
        (**self).effect(process, effect, message, world);
    }
    fn crashed(&mut self, process: ProcessId, world: &World<P>) {
        (**self).crashed(process, world);
    }
    fn lost(&mut self, lost: &Lost<'_, P>, world: &World<P>) {
        (**self).lost(lost, world);
    }
    fn duplicated(&mut self, to: ProcessId, message: MessageId, copy: MessageId, world: &World<P>) {
        (**self).duplicated(to, message, copy, world);
    }
    fn queued(&mut self, to: ProcessId, message: MessageId, world: &World<P>) {
        (**self).queued(to, message, world);
    }
    fn partitioned(&mut self, side: &[ProcessId], until: Ticks, world: &World<P>) {
        (**self).partitioned(side, until, world);
    }
    fn paused(&mut self, process: ProcessId, until: Ticks, world: &World<P>) {
        (**self).paused(process, until, world);
    }
    fn check(&mut self, world: &World<P>) -> Result<(), Violation> {
        (**self).check(world)
    }
    fn end(&mut self, world: &World<P>) -> Result<(), Violation> {
        (**self).end(world)
    }
    fn seen(&self, mark: &mut dyn FnMut(&'static str)) {
        (**self).seen(mark);
    }
}

impl<P: Process, A: Observer<P>, B: Observer<P>> Observer<P> for (A, B) {
    fn event(&mut self, process: ProcessId, event: &Event<P>, message: Option<MessageId>, world: &World<P>) {
        self.0.event(process, event, message, world);
        self.1.event(process, event, message, world);
    }
    fn effect(&mut self, process: ProcessId, effect: &Effect<P>, message: Option<MessageId>, world: &World<P>) {
        self.0.effect(process, effect, message, world);
        self.1.effect(process, effect, message, world);
    }
    fn crashed(&mut self, process: ProcessId, world: &World<P>) {
        self.0.crashed(process, world);
        self.1.crashed(process, world);
    }
    fn lost(&mut self, lost: &Lost<'_, P>, world: &World<P>) {
        self.0.lost(lost, world);
        self.1.lost(lost, world);
    }
    fn duplicated(&mut self, to: ProcessId, message: MessageId, copy: MessageId, world: &World<P>) {
        self.0.duplicated(to, message, copy, world);
        self.1.duplicated(to, message, copy, world);
    }
    fn queued(&mut self, to: ProcessId, message: MessageId, world: &World<P>) {
        self.0.queued(to, message, world);
        self.1.queued(to, message, world);
    }
    fn partitioned(&mut self, side: &[ProcessId], until: Ticks, world: &World<P>) {
        self.0.partitioned(side, until, world);
        self.1.partitioned(side, until, world);
    }
    fn paused(&mut self, process: ProcessId, until: Ticks, world: &World<P>) {
        self.0.paused(process, until, world);
        self.1.paused(process, until, world);
    }
    fn check(&mut self, world: &World<P>) -> Result<(), Violation> {
        let first = self.0.check(world);
        let second = self.1.check(world);
        first.and(second)
    }
    fn end(&mut self, world: &World<P>) -> Result<(), Violation> {
        let first = self.0.end(world);
        let second = self.1.end(world);
        first.and(second)
    }
    fn seen(&self, mark: &mut dyn FnMut(&'static str)) {
        self.0.seen(mark);
        self.1.seen(mark);
    }
}

/// The number of a message within its run, in the order of sending.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MessageId(pub(crate) u64);

impl MessageId {
    /// The number.
    pub const fn get(self) -> u64 {
        self.0
    }
}

/// A message that will never be handled.
#[derive(Debug)]
pub struct Lost<'a, P: Process> {
    /// Who sent it.
    pub from: ProcessId,
    /// Who would have received it.
    pub to: ProcessId,
    /// Its number.
    pub id: MessageId,
    /// What was sent.
    pub message: &'a P::Message,
    /// Why it is lost.
    pub cause: LossCause,
}

/// Why a message was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LossCause {
    /// Its receiver is down, or was since it was sent.
    ReceiverDown,
    /// Its sender crashed while it was in flight.
    SenderCrashed,
    /// The network lost it.
    Network,
    /// It was sent across a partition.
    Partition,
}

/// A property that does not hold: which, where, and of whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// The name of the property.
    pub property: String,
    /// When it was seen.
    pub at: Ticks,
    /// With which event of the run, counted from 1.
    pub event: u64,
    /// The processes it concerns.
    pub processes: Vec<ProcessId>,
    /// What is wrong, in one sentence without its full stop.
    pub explanation: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} violated at tick {} (event {}): {}", self.property, self.at, self.event, self.explanation)
    }
}

impl std::error::Error for Violation {}

#[cfg(test)]
mod tests;
