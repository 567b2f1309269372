//! The way of a message: sent, under way, arrived.

use super::application::Application;
use super::decision::Topic;
use super::distribution::Distribution;
use super::observer::{LossCause, Lost, MessageId, Observer, Violation};
use super::rng::Stream;
use super::setup::{ChannelOrder, Setup, ToDead};
use super::timed::{Clock, Pending, Timed};
use super::world::{Arrived, Driver, World};
use crate::model::{Effect, Event, Process, ProcessId, Ticks};

#[derive(Clone, Debug)]
pub(super) struct Envelope<P: Process> {
    /// From whom and to whom, in one word: what was written in two is not read fast in one.
    route: u64,
    /// The receiver's when it was sent: another on arrival is another life.
    epoch: u32,
    pub(super) id: u64,
    pub(super) message: P::Message,
}

fn route(from: ProcessId, to: ProcessId) -> u64 {
    u64::from(from.get()) << 32 | u64::from(to.get())
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
    /// While all is calm: the shortest delay and how many there are, if each is as likely on every channel.
    calm: Option<(u64, u64)>,
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
            calm: delays.filter(|_| clock.is_calm() && !clock.has_links()),
            is_fifo: network.order == ChannelOrder::Fifo,
            connects: network.to_dead == ToDead::Connection,
        }
    }

    pub(super) fn end_calm(&mut self) {
        self.calm = None;
    }
}

impl<P: Process, A: Application<P>, O: Observer<P>> Timed<'_, P, A, O> {
    #[inline(always)]
    pub(super) fn send(&mut self, from: ProcessId, to: ProcessId, message: P::Message, world: &mut World<P>) {
        match self.clock.routine.calm {
            Some(delays) => {
                let (at, envelope) = self.address_calmly(from, to, message, delays, world.now());
                self.launch(at, envelope, world.now());
            }
            None => {
                let id = self.number();
                self.send_with_care(from, to, id, message, world);
            }
        }
    }

    #[inline(always)]
    fn number(&mut self) -> u64 {
        let id = self.clock.messages;
        self.clock.messages += 1;
        id
    }

    /// When a message arrives that is sent now where all is calm, so that nobody has crashed so far.
    #[inline(always)]
    fn address_calmly(
        &mut self,
        from: ProcessId,
        to: ProcessId,
        message: P::Message,
        (min, bound): (u64, u64),
        now: Ticks,
    ) -> (Ticks, Envelope<P>) {
        let id = self.number();
        let delay = min + self.clock.chance.draw(Stream::Network, bound);
        (self.arrival(from, to, delay, now), Envelope { route: route(from, to), epoch: 0, id, message })
    }

    /// Sends a message into a network in which more can befall it than a delay.
    #[inline(never)]
    fn send_with_care(&mut self, from: ProcessId, to: ProcessId, id: u64, message: P::Message, world: &mut World<P>) {
        let spread = self.clock.spread(from, to, world.setup());
        let delay = self.clock.chance.span(Stream::Network, &spread, || Topic::Delay { from, to }).get();
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
        let at = self.arrival(from, to, delay, world.now());
        self.launch(at, Envelope { route: route(from, to), epoch: world.epoch(to), id, message }, world.now());
        if let Some(message) = copy {
            world.last_fault = world.last_fault.max(world.now());
            self.launch_copy(from, to, id, message, world);
        }
    }

    #[inline(always)]
    fn arrival(&mut self, from: ProcessId, to: ProcessId, delay: u64, now: Ticks) -> Ticks {
        // Neither is near the end of time: the limits of a setup see to that.
        let at = Ticks::new(now.get() + delay);
        if !self.clock.routine.is_fifo {
            return at;
        }
        // Arrivals of one tick come in the order of sending, so equal is late enough.
        let last = self.clock.channels.last_arrival(from, to);
        *last = at.max(*last);
        *last
    }

    #[inline(always)]
    fn launch(&mut self, at: Ticks, envelope: Envelope<P>, now: Ticks) {
        if self.clock.queue.push_soon(at, Pending::Message(envelope), now) {
            self.clock.end_calm();
        }
    }

    fn launch_copy(&mut self, from: ProcessId, to: ProcessId, id: u64, message: P::Message, world: &World<P>) {
        let spread = self.clock.spread(from, to, world.setup());
        let delay = self.clock.chance.span(Stream::Network, &spread, || Topic::CopyDelay { from, to }).get();
        let copy = self.clock.messages;
        self.clock.messages += 1;
        self.clock.copies += 1;
        self.observer.duplicated(to, MessageId(id), MessageId(copy), world);
        let at = self.arrival(from, to, delay, world.now());
        self.launch(at, Envelope { route: route(from, to), epoch: world.epoch(to), id: copy, message }, world.now());
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

    /// A message arrives where all is calm. If all that comes of it is another, which arrives before `until` and before
    /// anything else does, that one arrives too, and so on: it is never among the pending events.
    #[inline(always)]
    pub(super) fn arrive_calmly(
        &mut self,
        mut envelope: Envelope<P>,
        until: Ticks,
        events: u64,
        world: &mut World<P>,
    ) -> Result<(), Box<Violation>> {
        let delays = self.clock.routine.calm;
        loop {
            let (from, process) = (envelope.from(), envelope.to());
            let Envelope { id, message, .. } = envelope;
            self.clock.done += 1;
            world.events += 1;
            let event = Event::Message { from, message };
            self.observer.event(process, &event, Some(MessageId(id)), world);
            let first = world.react(process, event, self);
            let (Some(delays), Some(Effect::Send { .. }), false) = (delays, &first, world.has_other_effects()) else {
                world.perform_all(process, first, self);
                return self.finish_calmly(process, world);
            };
            let Some(effect) = first else { return Ok(()) };
            self.observe(process, &effect, world);
            let Effect::Send { to, message } = effect else { return Ok(()) };
            let (at, next) = self.address_calmly(process, to, message, delays, world.now());
            if at < until && world.events < events && !self.application.settled() {
                self.observer.check(world)?;
                world.now = at;
                envelope = next;
            } else {
                self.launch(at, next, world.now());
                return self.finish_calmly(process, world);
            }
        }
    }

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
