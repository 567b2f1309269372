//! The way of a message: sent, under way, arrived.

use super::application::Application;
use super::decision::Topic;
use super::distribution::Distribution;
use super::observer::{LossCause, Lost, MessageId, Observer, Violation};
use super::rng::Stream;
use super::setup::{ChannelOrder, Setup, ToDead};
use super::timed::{Clock, Pending, Timed};
use super::world::{Arrived, World};
use crate::model::{Event, Process, ProcessId, Ticks};

#[derive(Clone, Debug)]
pub(super) struct Envelope<P: Process> {
    /// From whom and to whom, in one word: what was written in two is not read fast in one.
    route: u64,
    /// The receiver's when it was sent: another on arrival is another life.
    epoch: u32,
    pub(super) id: u64,
    pub(super) message: P::Message,
}

impl<P: Process> Envelope<P> {
    #[inline]
    pub(super) fn from(&self) -> ProcessId {
        ProcessId::new((self.route >> 32) as u32)
    }

    #[inline]
    pub(super) fn to(&self) -> ProcessId {
        ProcessId::new(self.route as u32)
    }
}

/// What holds of every message of a run: the answers, found once, to what would be asked of the setup again and again.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Routine {
    /// The shortest delay and how many there are, if each is as likely on every channel and no more than drawn.
    delays: Option<(u64, u64)>,
    /// Whether no message can be lost or doubled, but by the crash of its receiver, and no watch waits for one.
    is_calm: bool,
    is_fifo: bool,
    /// Whether a message reaches only the life of its receiver in which it was sent.
    connects: bool,
}

impl Routine {
    pub(super) fn of<P: Process>(clock: &Clock<P>, setup: &Setup<P>) -> Self {
        let network = &setup.network;
        let delays = match network.delay_ticks {
            Distribution::Uniform(min, max) if min < max => Some((min, max - min + 1)),
            _ => None,
        };
        Self {
            delays: delays.filter(|_| clock.chance.is_plain() && !clock.has_links()),
            is_calm: !clock.may_meddle(setup),
            is_fifo: network.order == ChannelOrder::Fifo,
            connects: network.to_dead == ToDead::Connection,
        }
    }
}

impl<P: Process, A: Application<P>, O: Observer<P>> Timed<'_, P, A, O> {
    #[inline(always)]
    pub(super) fn send(&mut self, from: ProcessId, to: ProcessId, message: P::Message, world: &mut World<P>) {
        let id = self.clock.messages;
        self.clock.messages += 1;
        self.clock.stats.messages += 1;
        let delay = match self.clock.routine.delays {
            Some((min, bound)) => Ticks::new(min + self.clock.chance.draw(Stream::Network, bound)),
            None => self.delay(from, to, world),
        };
        if self.clock.routine.is_calm && world.is_up(to) {
            self.launch(from, to, id, message, delay, world);
        } else {
            self.brave(from, to, id, message, delay, world);
        }
    }

    #[inline(never)]
    fn delay(&mut self, from: ProcessId, to: ProcessId, world: &World<P>) -> Ticks {
        let spread = self.clock.spread(from, to, world.setup());
        self.clock.chance.span(Stream::Network, &spread, || Topic::Delay { from, to })
    }

    /// Sends a message into a network in which more can befall it than a delay.
    #[inline(never)]
    fn brave(
        &mut self,
        from: ProcessId,
        to: ProcessId,
        id: u64,
        message: P::Message,
        delay: Ticks,
        world: &mut World<P>,
    ) {
        if self.clock.routine.connects && !world.is_up(to) {
            self.lose(from, to, id, &message, LossCause::ReceiverDown, world);
            return;
        }
        if let Some(cause) = self.loses(from, to, world) {
            world.last_fault = world.last_fault.max(world.now());
            self.lose(from, to, id, &message, cause, world);
            return;
        }
        let copy = self.copies(from, to, world).then(|| message.clone());
        self.watch_flight(to, &message);
        self.launch(from, to, id, message, delay, world);
        if let Some(message) = copy {
            world.last_fault = world.last_fault.max(world.now());
            self.launch_copy(from, to, id, message, world);
        }
    }

    #[inline(always)]
    fn launch(&mut self, from: ProcessId, to: ProcessId, id: u64, message: P::Message, delay: Ticks, world: &World<P>) {
        // Neither is near the end of time: the limits of a setup see to that.
        let mut at = Ticks::new(world.now().get() + delay.get());
        if self.clock.routine.is_fifo {
            // Arrivals of one tick come in the order of sending, so equal is late enough.
            let last = self.clock.channels.last_arrival(from, to);
            at = at.max(*last);
            *last = at;
        }
        let epoch = world.epoch(to);
        let route = u64::from(from.get()) << 32 | u64::from(to.get());
        self.clock.queue.push(at, Pending::Message(Envelope { route, epoch, id, message }));
    }

    fn launch_copy(&mut self, from: ProcessId, to: ProcessId, id: u64, message: P::Message, world: &World<P>) {
        let spread = self.clock.spread(from, to, world.setup());
        let delay = self.clock.chance.span(Stream::Network, &spread, || Topic::CopyDelay { from, to });
        let copy = self.clock.messages;
        self.clock.messages += 1;
        self.observer.duplicated(to, MessageId(id), MessageId(copy), world);
        self.launch(from, to, copy, message, delay, world);
    }

    /// Whether the network loses a message sent now, and why.
    fn loses(&mut self, from: ProcessId, to: ProcessId, world: &World<P>) -> Option<LossCause> {
        if self.clock.divides.iter().any(|divide| divide.separates(from, to, world.now())) {
            return Some(LossCause::Partition);
        }
        let unreliable = world.setup().faults.messages.as_ref()?;
        let lost = world.now().get() <= unreliable.until_tick
            && self.clock.chance.happens(Stream::Network, unreliable.loss_per_mille, || Topic::Loss { from, to });
        lost.then_some(LossCause::Network)
    }

    /// Whether the network delivers a message sent now twice.
    fn copies(&mut self, from: ProcessId, to: ProcessId, world: &World<P>) -> bool {
        let Some(unreliable) = &world.setup().faults.messages else { return false };
        let share = unreliable.duplicate_per_mille;
        world.now().get() <= unreliable.until_tick
            && self.clock.chance.happens(Stream::Network, share, || Topic::Duplicate { from, to })
    }

    fn watch_flight(&mut self, to: ProcessId, message: &P::Message) {
        for (index, watch) in self.clock.plan.watches.iter_mut().enumerate() {
            if watch.process == to && watch.left > 0 && self.application.holds_in_flight(&watch.condition, message) {
                watch.left -= 1;
                if watch.left == 0 {
                    self.clock.struck.push(index);
                }
            }
        }
    }

    #[cold]
    #[inline(never)]
    pub(super) fn lose(
        &mut self,
        from: ProcessId,
        to: ProcessId,
        id: u64,
        message: &P::Message,
        cause: LossCause,
        world: &World<P>,
    ) {
        self.clock.stats.lost += 1;
        self.clock.done += 1;
        self.observer.lost(&Lost { from, to, id: MessageId(id), message, cause }, world);
    }

    /// Out of the main way.
    #[inline(never)]
    pub(super) fn accept_message(&mut self, envelope: Envelope<P>, world: &mut World<P>) -> Result<(), Box<Violation>> {
        self.arrive(envelope, world)
    }

    #[inline(always)]
    pub(super) fn arrive(&mut self, envelope: Envelope<P>, world: &mut World<P>) -> Result<(), Box<Violation>> {
        let (from, to) = (envelope.from(), envelope.to());
        let Envelope { epoch, id, message, .. } = envelope;
        let reaches = if self.clock.routine.connects { world.epoch(to) == epoch } else { world.is_up(to) };
        if !reaches {
            self.lose(from, to, id, &message, LossCause::ReceiverDown, world);
            return Ok(());
        }
        if world.must_wait(to) {
            self.wait(to, Arrived::Message { from, id, message }, world);
            return Ok(());
        }
        self.clock.done += 1;
        self.handle(to, Event::Message { from, message }, Some(MessageId(id)), world)
    }
}
