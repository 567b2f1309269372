//! What drives a world in virtual time: the pending events, the channels, the timers and the chance of one run, with
//! the effects of a step turned into events to come.

use std::collections::{BTreeMap, VecDeque};

use super::application::{Agenda, Application};
use super::bounds::Bounds;
use super::channel::Channels;
use super::decision::{Chance, Topic};
use super::distribution::Distribution;
use super::disturbance::{Divide, Planned};
use super::fault::Plan;
use super::observer::{LossCause, Lost, MessageId, Observer, Violation};
use super::queue::Queue;
use super::rng::Stream;
use super::setup::{ChannelOrder, Setup, ToDead};
use super::simulation::Stats;
use super::world::{Arrived, Driver, World};
use crate::model::{Effect, Event, Process, ProcessId, Report, Ticks};

/// An event to come.
#[derive(Clone, Debug)]
pub(super) enum Pending<P: Process> {
    Message(Envelope<P>),
    Timer {
        process: ProcessId,
        id: u64,
    },
    Report {
        observer: ProcessId,
        epoch: u32,
        report: Report,
    },
    Request {
        process: ProcessId,
        epoch: u32,
        request: P::Request,
    },
    /// The process is done with its last event and looks into its inbox.
    Serve {
        process: ProcessId,
        epoch: u32,
    },
    /// A suspicion is taken back.
    Restore {
        observer: ProcessId,
        epoch: u32,
        of: ProcessId,
    },
    Restart {
        process: ProcessId,
    },
}

/// What goes wrong by time: which one of those planned.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fault {
    Crash { index: usize },
    Disturb { index: usize },
}

#[derive(Clone, Debug)]
pub(super) struct Envelope<P: Process> {
    pub(super) from: ProcessId,
    pub(super) to: ProcessId,
    /// The receiver's when it was sent: another on arrival is another life.
    epoch: u32,
    pub(super) id: u64,
    pub(super) message: P::Message,
}

#[derive(Clone, Debug)]
struct Armed<P: Process> {
    timer: P::Timer,
    id: u64,
    /// Where it is in the queue, until it comes up.
    slot: Option<u32>,
}

/// All of a run in virtual time that is not the world.
#[derive(Clone, Debug)]
pub(super) struct Clock<P: Process> {
    pub(super) queue: Queue<Pending<P>>,
    channels: Channels,
    /// The timers that are set, by process.
    timers: Vec<Vec<Armed<P>>>,
    pub(super) chance: Chance,
    pub(super) plan: Plan,
    pub(super) disturbances: Vec<Planned>,
    /// What goes wrong by time, in order. It is not among the pending events: a replay knows only what came to pass,
    /// and must end where the run did.
    faults: VecDeque<(Ticks, Fault)>,
    pub(super) divides: Vec<Divide>,
    links: BTreeMap<(ProcessId, ProcessId), Distribution>,
    messages: u64,
    timer_ids: u64,
    bounds: Bounds,
    /// How many messages are in flight or wait in an inbox.
    pub(super) on_their_way: u64,
    /// How many timers and requests were set to come up at once since time last passed.
    pub(super) at_once: u64,
    pub(super) requests: Vec<(Ticks, ProcessId, P::Request)>,
    /// Watches whose condition came to hold with a message of this step.
    struck: Vec<usize>,
    pub(super) stats: Stats,
}

impl<P: Process> Clock<P> {
    pub(super) fn new(setup: &Setup<P>) -> Self {
        Self {
            queue: Queue::default(),
            channels: Channels::default(),
            timers: Vec::new(),
            chance: Chance::seeded(0),
            plan: Plan::default(),
            disturbances: Vec::new(),
            faults: VecDeque::new(),
            divides: Vec::new(),
            links: setup.network.links.iter().map(|link| ((link.from, link.to), link.delay_ticks)).collect(),
            messages: 0,
            timer_ids: 0,
            bounds: Bounds::of(setup.processes),
            on_their_way: 0,
            at_once: 0,
            requests: Vec::new(),
            struck: Vec::new(),
            stats: Stats::default(),
        }
    }

    /// Back to the start, with the memory it has.
    pub(super) fn reset(&mut self, processes: u32, chance: Chance) {
        self.queue.clear();
        self.channels.reset(processes);
        for timers in &mut self.timers {
            timers.clear();
        }
        self.timers.resize_with(processes as usize, Vec::new);
        self.chance = chance;
        self.divides.clear();
        self.messages = 0;
        self.timer_ids = 0;
        self.on_their_way = 0;
        self.at_once = 0;
        self.requests.clear();
        self.struck.clear();
        self.stats = Stats::default();
    }

    /// When the next thing goes wrong by time, if that is before any event of `tick`.
    #[inline]
    pub(super) fn next_fault(&self, tick: Option<Ticks>) -> Option<Ticks> {
        self.faults.front().map(|&(at, _)| at).filter(|&at| tick.is_none_or(|tick| at <= tick))
    }

    fn delay(&mut self, from: ProcessId, to: ProcessId, setup: &Setup<P>) -> Ticks {
        let spread = self.spread(from, to, setup);
        self.chance.span(Stream::Network, &spread, || Topic::Delay { from, to })
    }

    fn spread(&self, from: ProcessId, to: ProcessId, setup: &Setup<P>) -> Distribution {
        let link = if self.links.is_empty() { None } else { self.links.get(&(from, to)) };
        *link.unwrap_or(&setup.network.delay_ticks)
    }

    /// How many timers of a process are set.
    pub(super) fn timers_of(&self, process: ProcessId) -> u64 {
        self.timers[process.index()].len() as u64
    }

    fn set_timer(&mut self, process: ProcessId, timer: P::Timer, at: Ticks) {
        self.cancel_timer(process, &timer);
        let id = self.timer_ids;
        self.timer_ids += 1;
        let slot = self.queue.push(at, Pending::Timer { process, id });
        self.timers[process.index()].push(Armed { timer, id, slot: Some(slot) });
    }

    fn cancel_timer(&mut self, process: ProcessId, timer: &P::Timer) {
        let timers = &mut self.timers[process.index()];
        if let Some(index) = timers.iter().position(|armed| armed.timer == *timer) {
            if let Some(slot) = timers.swap_remove(index).slot {
                self.queue.remove(slot);
            }
        }
    }

    pub(super) fn cancel_timers(&mut self, process: ProcessId) {
        for armed in self.timers[process.index()].drain(..) {
            if let Some(slot) = armed.slot {
                self.queue.remove(slot);
            }
        }
    }

    /// A timer has come up: it can no longer be removed from the queue, but still be cancelled in an inbox.
    fn timer_is_up(&mut self, process: ProcessId, id: u64) {
        if let Some(armed) = self.timers[process.index()].iter_mut().find(|armed| armed.id == id) {
            armed.slot = None;
        }
    }

    fn take_timer(&mut self, process: ProcessId, id: u64) -> Option<P::Timer> {
        let timers = &mut self.timers[process.index()];
        let index = timers.iter().position(|armed| armed.id == id)?;
        Some(timers.swap_remove(index).timer)
    }
}

/// A clock at work, with the application it serves and the observer it tells.
pub(super) struct Timed<'r, P: Process, A, O> {
    pub(super) clock: &'r mut Clock<P>,
    pub(super) application: &'r mut A,
    pub(super) observer: &'r mut O,
}

impl<P: Process, A: Application<P>, O: Observer<P>> Driver<P> for Timed<'_, P, A, O> {
    fn choose(&mut self, process: ProcessId, bound: u32) -> u32 {
        self.clock.chance.below(Stream::Processes, u64::from(bound), || Topic::Choice { process }) as u32
    }

    fn observe(&mut self, process: ProcessId, effect: &Effect<P>, world: &World<P>) {
        let message = matches!(effect, Effect::Send { .. }).then_some(MessageId(self.clock.messages));
        self.observer.effect(process, effect, message, world);
    }

    #[inline]
    fn effect(&mut self, process: ProcessId, effect: Effect<P>, world: &mut World<P>) {
        match effect {
            Effect::Send { to, message } => self.send(process, to, message, world),
            Effect::SetTimer { timer, after } => {
                self.clock.at_once += u64::from(after == Ticks::ZERO);
                self.clock.set_timer(process, timer, world.now() + after);
            }
            Effect::CancelTimer { timer } => self.clock.cancel_timer(process, &timer),
            Effect::Indicate { indication } => {
                let mut agenda = Agenda::new(process, &mut self.clock.chance, &mut self.clock.requests);
                self.application.indication(process, &indication, &mut agenda);
            }
            Effect::Store { .. } | Effect::Note { .. } => {}
        }
    }

    fn crash_in(&mut self, process: ProcessId, step: u64) -> Option<u32> {
        self.clock.plan.crash_in(process, step).map(|(effects, ..)| effects)
    }
}

impl<P: Process, A: Application<P>, O: Observer<P>> Timed<'_, P, A, O> {
    #[inline]
    fn send(&mut self, from: ProcessId, to: ProcessId, message: P::Message, world: &mut World<P>) {
        let id = self.clock.messages;
        self.clock.messages += 1;
        self.clock.stats.messages += 1;
        let delay = self.clock.delay(from, to, world.setup());
        if world.setup().network.to_dead == ToDead::Connection && !world.is_up(to) {
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

    #[inline]
    fn launch(&mut self, from: ProcessId, to: ProcessId, id: u64, message: P::Message, delay: Ticks, world: &World<P>) {
        let mut at = world.now() + delay;
        if world.setup().network.order == ChannelOrder::Fifo {
            // Arrivals of one tick come in the order of sending, so equal is late enough.
            let last = self.clock.channels.last_arrival(from, to);
            at = at.max(*last);
            *last = at;
        }
        let epoch = world.epoch(to);
        self.clock.on_their_way += 1;
        self.clock.queue.push(at, Pending::Message(Envelope { from, to, epoch, id, message }));
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
    #[inline]
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
    #[inline]
    fn copies(&mut self, from: ProcessId, to: ProcessId, world: &World<P>) -> bool {
        let Some(unreliable) = &world.setup().faults.messages else { return false };
        let share = unreliable.duplicate_per_mille;
        world.now().get() <= unreliable.until_tick
            && self.clock.chance.happens(Stream::Network, share, || Topic::Duplicate { from, to })
    }

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
        self.observer.lost(&Lost { from, to, id: MessageId(id), message, cause }, world);
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

    /// Every process starts, then every application, then whatever was planned is scheduled.
    pub(super) fn start(&mut self, world: &mut World<P>) -> Result<(), Violation> {
        let crashes = self.clock.plan.at.iter().enumerate();
        let crashes = crashes.map(|(index, crash)| (crash.at, Fault::Crash { index }));
        let disturbances = self.clock.disturbances.iter().enumerate();
        let disturbances = disturbances.map(|(index, planned)| (planned.at, Fault::Disturb { index }));
        self.clock.faults = crashes.chain(disturbances).collect();
        self.clock.faults.make_contiguous().sort_by_key(|&(at, _)| at);
        if self.clock.plan.has_steps() {
            for process in ProcessId::all(world.count()) {
                world.set_alarm(process, self.clock.plan.alarm(process, 1));
            }
        }
        for process in ProcessId::all(world.count()) {
            if world.is_up(process) {
                self.handle(process, Event::Start, None, world)?;
            }
        }
        for process in ProcessId::all(world.count()) {
            if world.is_up(process) {
                let mut agenda = Agenda::new(process, &mut self.clock.chance, &mut self.clock.requests);
                self.application.start(process, world.process(process), &mut agenda);
                self.schedule_requests(world);
            }
        }
        Ok(())
    }

    /// The next thing goes wrong by time. If it befalls nobody, because the process is down, no time passes.
    pub(super) fn befall(&mut self, world: &mut World<P>) -> Result<(), Violation> {
        match self.clock.faults.pop_front() {
            Some((_, Fault::Crash { index })) => self.crash_at(index, world),
            Some((_, Fault::Disturb { index })) => self.disturb(index, world),
            None => Ok(()),
        }
    }

    /// One pending event comes up.
    #[inline]
    pub(super) fn come_up(&mut self, pending: Pending<P>, world: &mut World<P>) -> Result<(), Violation> {
        match pending {
            Pending::Message(envelope) => self.arrive(envelope, world),
            Pending::Timer { process, id } => {
                self.clock.timer_is_up(process, id);
                self.accept(process, Arrived::Timer { id }, world)
            }
            Pending::Report { observer, epoch, report } if world.epoch(observer) == epoch => {
                self.accept(observer, Arrived::Report(report), world)
            }
            Pending::Request { process, epoch, request } if world.epoch(process) == epoch => {
                self.accept(process, Arrived::Request(request), world)
            }
            Pending::Serve { process, epoch } if world.epoch(process) == epoch => self.serve(process, world),
            Pending::Restore { observer, epoch, of } => self.restore(observer, epoch, of, world),
            Pending::Restart { process } => self.restart(process, world),
            // Something of a life that is over.
            Pending::Report { .. } | Pending::Request { .. } | Pending::Serve { .. } => Ok(()),
        }
    }

    #[inline]
    fn arrive(&mut self, envelope: Envelope<P>, world: &mut World<P>) -> Result<(), Violation> {
        let Envelope { from, to, epoch, id, message } = envelope;
        let reaches = match world.setup().network.to_dead {
            ToDead::Connection => world.epoch(to) == epoch,
            ToDead::Datagram => world.is_up(to),
        };
        if reaches {
            self.accept(to, Arrived::Message { from, id, message }, world)
        } else {
            self.clock.on_their_way -= 1;
            self.lose(from, to, id, &message, LossCause::ReceiverDown, world);
            Ok(())
        }
    }

    /// Something has arrived at a process that is up: it is handled at once, or waits its turn.
    #[inline]
    fn accept(&mut self, process: ProcessId, arrived: Arrived<P>, world: &mut World<P>) -> Result<(), Violation> {
        let busy_until = world.busy_until(process);
        let waits = world.has_arrivals(process);
        if waits || busy_until > world.now() {
            if let Arrived::Message { id, .. } = &arrived {
                self.observer.queued(process, MessageId(*id), world);
            }
            world.inbox(process).push_back(arrived);
            if !waits {
                let epoch = world.epoch(process);
                self.clock.queue.push(busy_until, Pending::Serve { process, epoch });
            }
            return Ok(());
        }
        self.handle_arrived(process, arrived, world)
    }

    fn serve(&mut self, process: ProcessId, world: &mut World<P>) -> Result<(), Violation> {
        // A pause may have begun meanwhile.
        if world.busy_until(process) <= world.now() {
            if let Some(arrived) = world.inbox(process).pop_front() {
                self.handle_arrived(process, arrived, world)?;
            }
        }
        if world.is_up(process) && world.has_arrivals(process) {
            let epoch = world.epoch(process);
            let at = world.busy_until(process).max(world.now());
            self.clock.queue.push(at, Pending::Serve { process, epoch });
        }
        Ok(())
    }

    #[inline]
    fn handle_arrived(
        &mut self,
        process: ProcessId,
        arrived: Arrived<P>,
        world: &mut World<P>,
    ) -> Result<(), Violation> {
        match arrived {
            Arrived::Message { from, id, message } => {
                self.clock.on_their_way -= 1;
                self.handle(process, Event::Message { from, message }, Some(MessageId(id)), world)
            }
            Arrived::Report(report) => self.handle(process, Event::Report(report), None, world),
            Arrived::Request(request) if self.application.requested(process, &request) => {
                self.handle(process, Event::Request(request), None, world)
            }
            Arrived::Request(_) => Ok(()),
            // It may have been cancelled while it waited.
            Arrived::Timer { id } => match self.clock.take_timer(process, id) {
                Some(timer) => self.handle(process, Event::Timer(timer), None, world),
                None => Ok(()),
            },
        }
    }

    /// One step, and what comes of it.
    #[inline]
    pub(super) fn handle(
        &mut self,
        process: ProcessId,
        event: Event<P>,
        message: Option<MessageId>,
        world: &mut World<P>,
    ) -> Result<(), Violation> {
        world.events += 1;
        self.observer.event(process, &event, message, world);
        self.clock.chance.handles(message.map(MessageId::get));
        let alarm = world.alarm(process) == world.steps(process) + 1;
        let crashes = world.step(process, event, self);
        self.schedule_requests(world);
        let service = world.setup().network.service_ticks;
        if service.max() > Ticks::ZERO {
            let taken = self.clock.chance.span(Stream::Network, &service, || Topic::Service { process });
            let until = world.busy_until(process).max(world.now() + taken);
            world.set_busy_until(process, until);
        }
        if crashes {
            self.crash_in_step(process, world);
        }
        self.observer.check(world)?;
        self.clock.bounds.check(self.clock, process, world)?;
        if !self.clock.plan.watches.is_empty() {
            self.strike(process, world)?;
        }
        if alarm { self.crash_after_step(process, world) } else { Ok(()) }
    }

    pub(super) fn schedule_requests(&mut self, world: &World<P>) {
        for (after, process, request) in self.clock.requests.drain(..) {
            self.clock.at_once += u64::from(after == Ticks::ZERO);
            let epoch = world.epoch(process);
            self.clock.queue.push(world.now() + after, Pending::Request { process, epoch, request });
        }
    }

    /// The watches whose condition came to hold with the step of `process`.
    fn strike(&mut self, process: ProcessId, world: &mut World<P>) -> Result<(), Violation> {
        for (index, watch) in self.clock.plan.watches.iter_mut().enumerate() {
            if watch.process != process || watch.left == 0 {
                continue;
            }
            let holds =
                world.is_up(process) && self.application.holds(&watch.condition, process, world.process(process));
            if holds && !watch.held {
                watch.left -= 1;
                if watch.left == 0 {
                    self.clock.struck.push(index);
                }
            }
            watch.held = holds;
        }
        let step = world.steps(process);
        let mut struck = std::mem::take(&mut self.clock.struck);
        // The exact ones come first, so that a replay, which knows the drawn ones by their step, has the same order.
        struck.sort_unstable();
        for index in struck {
            self.crash_watched(index, process, step, world)?;
        }
        Ok(())
    }
}
