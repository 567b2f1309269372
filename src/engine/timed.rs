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
use super::flight::{Envelope, Routine};
use super::observer::{MessageId, Observer, Violation};
use super::queue::Queue;
use super::rng::Stream;
use super::setup::Setup;
use super::simulation::Stats;
use super::world::{Alarm, Arrived, Driver, World};
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
    pub(super) channels: Channels,
    pub(super) routine: Routine,
    /// The timers that are set, by process.
    timers: Vec<Vec<Armed<P>>>,
    pub(super) chance: Chance,
    pub(super) plan: Plan,
    pub(super) disturbances: Vec<Planned>,
    /// What goes wrong by time, in order. It is not among the pending events: a replay knows only what came to pass,
    /// and must end where the run did.
    faults: VecDeque<(Ticks, Fault)>,
    /// When the first of them strikes.
    pub(super) next_fault: Ticks,
    pub(super) divides: Vec<Divide>,
    links: BTreeMap<(ProcessId, ProcessId), Distribution>,
    pub(super) messages: u64,
    timer_ids: u64,
    pub(super) bounds: Bounds,
    /// How many messages were handled or lost.
    pub(super) done: u64,
    /// When timers or requests were last set to come up at once, and how many in that tick.
    at_once: (Ticks, u64),
    /// Whether more may come of a step than what its effects are: handling takes time, a watch waits, or anything may
    /// be [too much](Bounds).
    takes_care: bool,
    pub(super) requests: Vec<(Ticks, ProcessId, P::Request)>,
    /// Watches whose condition came to hold with a message of this step.
    pub(super) struck: Vec<usize>,
    pub(super) stats: Stats,
}

impl<P: Process> Clock<P> {
    pub(super) fn new(setup: &Setup<P>) -> Self {
        Self {
            queue: Queue::default(),
            channels: Channels::default(),
            routine: Routine::default(),
            timers: Vec::new(),
            chance: Chance::seeded(0),
            plan: Plan::default(),
            disturbances: Vec::new(),
            faults: VecDeque::new(),
            next_fault: Ticks::MAX,
            divides: Vec::new(),
            links: setup.network.links.iter().map(|link| ((link.from, link.to), link.delay_ticks)).collect(),
            messages: 0,
            timer_ids: 0,
            bounds: Bounds::of(setup.processes),
            done: 0,
            at_once: (Ticks::ZERO, 0),
            takes_care: false,
            requests: Vec::new(),
            struck: Vec::new(),
            stats: Stats::default(),
        }
    }

    /// Back to the start, with the memory it has, but for chance and what is planned.
    pub(super) fn reset(&mut self, setup: &Setup<P>) {
        let processes = setup.processes;
        self.queue.clear();
        self.channels.reset(processes);
        for timers in &mut self.timers {
            timers.clear();
        }
        self.timers.resize_with(processes as usize, Vec::new);
        self.divides.clear();
        self.messages = 0;
        self.timer_ids = 0;
        self.queue.tell_above(self.bounds.crowd().min(setup.limits.pending));
        self.done = 0;
        self.at_once = (Ticks::ZERO, 0);
        self.takes_care = setup.network.service_ticks.max() > Ticks::ZERO || !self.plan.watches.is_empty();
        self.requests.clear();
        self.struck.clear();
        self.stats = Stats::default();
    }

    fn look_for_next_fault(&mut self) {
        self.next_fault = self.faults.front().map_or(Ticks::MAX, |&(at, _)| at);
    }

    /// Whether any message may be lost or arrive twice, or is waited for.
    pub(super) fn may_meddle(&self, setup: &Setup<P>) -> bool {
        !self.disturbances.is_empty() || setup.faults.messages.is_some() || !self.plan.watches.is_empty()
    }

    pub(super) fn has_links(&self) -> bool {
        !self.links.is_empty()
    }

    /// How long messages of a channel take.
    pub(super) fn spread(&self, from: ProcessId, to: ProcessId, setup: &Setup<P>) -> Distribution {
        *self.links.get(&(from, to)).unwrap_or(&setup.network.delay_ticks)
    }

    /// How many messages are in flight or wait in an inbox.
    pub(super) fn on_their_way(&self) -> u64 {
        self.messages - self.done
    }

    /// How many timers and requests were set to come up at once in this tick.
    pub(super) fn at_once(&self, now: Ticks) -> u64 {
        if self.at_once.0 == now { self.at_once.1 } else { 0 }
    }

    fn one_more_at_once(&mut self, now: Ticks) {
        self.at_once = (now, self.at_once(now) + 1);
        self.takes_care |= self.bounds.is_too_much(0, self.at_once.1);
    }

    /// How many timers of a process are set.
    pub(super) fn timers_of(&self, process: ProcessId) -> u64 {
        self.timers[process.index()].len() as u64
    }

    #[inline(never)]
    fn set_timer(&mut self, process: ProcessId, timer: P::Timer, at: Ticks) {
        self.cancel_timer(process, &timer);
        let id = self.timer_ids;
        self.timer_ids += 1;
        let slot = self.queue.push(at, Pending::Timer { process, id });
        self.timers[process.index()].push(Armed { timer, id, slot: Some(slot) });
        self.takes_care |= self.bounds.is_too_much(self.timers_of(process), 0);
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

    #[inline(always)]
    fn observe(&mut self, process: ProcessId, effect: &Effect<P>, world: &World<P>) {
        let message = matches!(effect, Effect::Send { .. }).then_some(MessageId(self.clock.messages));
        self.observer.effect(process, effect, message, world);
    }

    #[inline(always)]
    fn effect(&mut self, process: ProcessId, effect: Effect<P>, world: &mut World<P>) {
        match effect {
            Effect::Send { to, message } => self.send(process, to, message, world),
            effect => self.effect_otherwise(process, effect, world),
        }
    }

    fn crash_in(&mut self, process: ProcessId, step: u64) -> Option<u32> {
        self.clock.plan.crash_in(process, step).map(|(effects, ..)| effects)
    }
}

impl<P: Process, A: Application<P>, O: Observer<P>> Timed<'_, P, A, O> {
    #[inline(never)]
    fn effect_otherwise(&mut self, process: ProcessId, effect: Effect<P>, world: &mut World<P>) {
        match effect {
            Effect::SetTimer { timer, after } => {
                if after == Ticks::ZERO {
                    self.clock.one_more_at_once(world.now());
                }
                self.clock.set_timer(process, timer, world.now() + after);
            }
            Effect::CancelTimer { timer } => self.clock.cancel_timer(process, &timer),
            Effect::Indicate { indication } => {
                let mut agenda = Agenda::new(process, &mut self.clock.chance, &mut self.clock.requests);
                self.application.indication(process, &indication, &mut agenda);
            }
            Effect::Send { .. } | Effect::Store { .. } | Effect::Note { .. } => {}
        }
    }

    /// Every process starts, then every application, then whatever was planned is scheduled.
    pub(super) fn start(&mut self, world: &mut World<P>) -> Result<(), Box<Violation>> {
        let crashes = self.clock.plan.at.iter().enumerate();
        let crashes = crashes.map(|(index, crash)| (crash.at, Fault::Crash { index }));
        let disturbances = self.clock.disturbances.iter().enumerate();
        let disturbances = disturbances.map(|(index, planned)| (planned.at, Fault::Disturb { index }));
        self.clock.faults.clear();
        self.clock.faults.extend(crashes.chain(disturbances));
        self.clock.faults.make_contiguous().sort_by_key(|&(at, _)| at);
        self.clock.look_for_next_fault();
        self.clock.routine = Routine::of(self.clock, world.setup());
        if self.clock.plan.has_steps() {
            for process in ProcessId::all(world.count()) {
                world.set_alarm(process, self.clock.plan.alarm(process, 1));
            }
        }
        for process in ProcessId::all(world.count()) {
            if world.is_up(process) {
                self.handle_now_and_then(process, Event::Start, world)?;
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
    #[inline(never)]
    pub(super) fn befall(&mut self, world: &mut World<P>) -> Result<(), Box<Violation>> {
        let next = self.clock.faults.pop_front();
        self.clock.look_for_next_fault();
        match next {
            Some((_, Fault::Crash { index })) => self.crash_at(index, world),
            Some((_, Fault::Disturb { index })) => self.disturb(index, world),
            None => Ok(()),
        }
    }

    /// One pending event comes up. Most are messages, whose way to the next message is one stretch of code.
    #[inline(always)]
    pub(super) fn come_up(&mut self, pending: Pending<P>, world: &mut World<P>) -> Result<(), Box<Violation>> {
        match pending {
            Pending::Message(envelope) => self.arrive(envelope, world),
            pending => self.come_up_otherwise(pending, world),
        }
    }

    #[inline(never)]
    fn come_up_otherwise(&mut self, pending: Pending<P>, world: &mut World<P>) -> Result<(), Box<Violation>> {
        match pending {
            Pending::Message(envelope) => self.accept_message(envelope, world),
            Pending::Timer { process, id } => {
                self.clock.timer_is_up(process, id);
                self.accept(process, Arrived::Timer { id }, world)
            }
            Pending::Report { observer, epoch, report } => self.hear(observer, epoch, report, world),
            Pending::Request { process, epoch, request } if world.epoch(process) == epoch => {
                self.accept(process, Arrived::Request(request), world)
            }
            Pending::Serve { process, epoch } if world.epoch(process) == epoch => self.serve(process, world),
            Pending::Restore { observer, epoch, of } => self.restore(observer, epoch, of, world),
            Pending::Restart { process } => self.restart(process, world),
            // Something of a life that is over.
            Pending::Request { .. } | Pending::Serve { .. } => Ok(()),
        }
    }

    /// The failure detector tells of someone, if whom it tells has not crashed since.
    #[inline(never)]
    pub(super) fn hear(
        &mut self,
        observer: ProcessId,
        epoch: u32,
        report: Report,
        world: &mut World<P>,
    ) -> Result<(), Box<Violation>> {
        if world.epoch(observer) == epoch { self.accept(observer, Arrived::Report(report), world) } else { Ok(()) }
    }

    /// Something has arrived at a process that is up: it is handled at once, or waits its turn.
    #[inline(never)]
    fn accept(&mut self, process: ProcessId, arrived: Arrived<P>, world: &mut World<P>) -> Result<(), Box<Violation>> {
        if world.must_wait(process) {
            self.wait(process, arrived, world);
            return Ok(());
        }
        self.handle_arrived(process, arrived, world)
    }

    #[inline(never)]
    pub(super) fn wait(&mut self, process: ProcessId, arrived: Arrived<P>, world: &mut World<P>) {
        // The queue knows only of what is pending.
        self.clock.takes_care = true;
        if let Arrived::Message { id, .. } = &arrived {
            self.observer.queued(process, MessageId(*id), world);
        }
        let is_first = !world.has_arrivals(process);
        world.put_into_inbox(process, arrived);
        if is_first {
            let epoch = world.epoch(process);
            self.clock.queue.push(world.busy_until(process), Pending::Serve { process, epoch });
        }
    }

    #[inline(never)]
    fn serve(&mut self, process: ProcessId, world: &mut World<P>) -> Result<(), Box<Violation>> {
        // A pause may have begun meanwhile.
        if world.busy_until(process) <= world.now() {
            if let Some(arrived) = world.take_from_inbox(process) {
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

    #[inline(never)]
    fn handle_arrived(
        &mut self,
        process: ProcessId,
        arrived: Arrived<P>,
        world: &mut World<P>,
    ) -> Result<(), Box<Violation>> {
        let mut number = None;
        let event = match arrived {
            Arrived::Message { from, id, message } => {
                self.clock.done += 1;
                number = Some(MessageId(id));
                Event::Message { from, message }
            }
            Arrived::Report(report) => Event::Report(report),
            Arrived::Request(request) if self.application.requested(process, &request) => Event::Request(request),
            Arrived::Request(_) => return Ok(()),
            // It may have been cancelled while it waited.
            Arrived::Timer { id } => match self.clock.take_timer(process, id) {
                Some(timer) => Event::Timer(timer),
                None => return Ok(()),
            },
        };
        self.handle(process, event, number, world)
    }

    /// One step, where few are.
    #[inline(never)]
    pub(super) fn handle_now_and_then(
        &mut self,
        process: ProcessId,
        event: Event<P>,
        world: &mut World<P>,
    ) -> Result<(), Box<Violation>> {
        self.handle(process, event, None, world)
    }

    /// One step, and what comes of it.
    #[inline(always)]
    pub(super) fn handle(
        &mut self,
        process: ProcessId,
        event: Event<P>,
        message: Option<MessageId>,
        world: &mut World<P>,
    ) -> Result<(), Box<Violation>> {
        world.events += 1;
        self.observer.event(process, &event, message, world);
        self.clock.chance.handles(message.map(MessageId::get));
        let alarm = world.step(process, event, self);
        if !self.clock.requests.is_empty() {
            self.schedule_requests(world);
        }
        if alarm.is_some() || self.clock.takes_care || self.clock.queue.is_above() {
            return self.finish_with_care(process, alarm, world);
        }
        Ok(self.observer.check(world)?)
    }

    /// What comes of a step where more may than what its effects are.
    #[inline(never)]
    fn finish_with_care(
        &mut self,
        process: ProcessId,
        alarm: Option<Alarm>,
        world: &mut World<P>,
    ) -> Result<(), Box<Violation>> {
        if world.setup().network.service_ticks.max() > Ticks::ZERO {
            self.serve_for_a_while(process, world);
        }
        if alarm == Some(Alarm::Crash) {
            self.crash_in_step(process, world);
        }
        self.observer.check(world)?;
        self.clock.bounds.check(self.clock, process, world)?;
        if !self.clock.plan.watches.is_empty() {
            self.strike(process, world)?;
        }
        if alarm.is_some() { self.crash_after_step(process, world) } else { Ok(()) }
    }

    fn serve_for_a_while(&mut self, process: ProcessId, world: &mut World<P>) {
        let service = world.setup().network.service_ticks;
        let taken = self.clock.chance.span(Stream::Network, &service, || Topic::Service { process });
        let until = world.busy_until(process).max(world.now() + taken);
        world.set_busy_until(process, until);
    }

    #[inline(never)]
    pub(super) fn schedule_requests(&mut self, world: &World<P>) {
        self.clock.requests.reverse();
        while let Some((after, process, request)) = self.clock.requests.pop() {
            if after == Ticks::ZERO {
                self.clock.one_more_at_once(world.now());
            }
            let epoch = world.epoch(process);
            self.clock.queue.push(world.now() + after, Pending::Request { process, epoch, request });
        }
    }

    /// The watches whose condition came to hold with the step of `process`.
    #[inline(never)]
    fn strike(&mut self, process: ProcessId, world: &mut World<P>) -> Result<(), Box<Violation>> {
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
