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
use super::queue::{Queue, Removable};
use super::rng::Stream;
use super::setup::Setup;
use super::simulation::Stats;
use super::timers::Timers;
use super::world::{Alarm, Arrived, Driver, World};
use crate::model::{Effect, Event, Process, ProcessId, Report, Ticks};

/// An event to come.
#[derive(Clone, Debug)]
pub(super) enum Pending<P: Process> {
    Message(Envelope<P>),
    Timer {
        process: ProcessId,
        ticket: u32,
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

impl<P: Process> Removable for Pending<P> {
    #[inline]
    fn ticket(&self) -> Option<u32> {
        if let Self::Timer { ticket, .. } = self { Some(*ticket) } else { None }
    }
}

/// What goes wrong by time: which one of those planned.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fault {
    Crash { index: usize },
    Disturb { index: usize },
}

/// All of a run in virtual time that is not the world.
#[derive(Clone, Debug)]
pub(super) struct Clock<P: Process> {
    pub(super) queue: Queue<Pending<P>>,
    pub(super) channels: Channels,
    pub(super) routine: Routine,
    pub(super) timers: Timers<P>,
    pub(super) chance: Chance,
    pub(super) plan: Plan,
    pub(super) disturbances: Vec<Planned>,
    /// What goes wrong by time, in order. It is not among the pending events: a replay knows only what came to pass,
    /// and must end where the run did.
    faults: VecDeque<(Ticks, Fault)>,
    /// When the first of them strikes.
    pub(super) next_fault: Ticks,
    /// Before this tick all is calm: what happens is what processes do, who are all up and wait for nothing, and no
    /// decision is more than a draw. Zero if that cannot be said.
    pub(super) calm_until: Ticks,
    pub(super) divides: Vec<Divide>,
    links: BTreeMap<(ProcessId, ProcessId), Distribution>,
    /// How many messages there have been, copies included, and how many of them were copies.
    pub(super) messages: u64,
    pub(super) copies: u64,
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
            timers: Timers::default(),
            chance: Chance::seeded(0),
            plan: Plan::default(),
            disturbances: Vec::new(),
            faults: VecDeque::new(),
            next_fault: Ticks::MAX,
            calm_until: Ticks::ZERO,
            divides: Vec::new(),
            links: setup.network.links.iter().map(|link| ((link.from, link.to), link.delay_ticks)).collect(),
            messages: 0,
            copies: 0,
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
        self.timers.reset(processes);
        self.divides.clear();
        self.messages = 0;
        self.copies = 0;
        self.queue.tell_above(self.bounds.crowd().min(setup.limits.pending));
        self.done = 0;
        self.at_once = (Ticks::ZERO, 0);
        self.takes_care = setup.network.service_ticks.max() > Ticks::ZERO || !self.plan.watches.is_empty();
        self.requests.clear();
        self.struck.clear();
        self.stats = Stats::default();
    }

    fn look_for_next_fault(&mut self, setup: &Setup<P>) {
        self.next_fault = self.faults.front().map_or(Ticks::MAX, |&(at, _)| at);
        if self.is_calm() {
            self.calm_until = self.next_fault.min(Ticks::new(setup.limits.ticks) + Ticks::new(1));
        }
    }

    /// Whether nothing goes wrong but by time, and nothing may be seen of a step but its effects.
    fn is_calm_until_a_fault(&self, setup: &Setup<P>) -> bool {
        let may_meddle =
            !self.disturbances.is_empty() || setup.faults.messages.is_some() || !self.plan.watches.is_empty();
        self.chance.is_plain() && !may_meddle && !self.plan.has_steps() && !self.takes_care
    }

    #[inline(always)]
    pub(super) fn is_calm(&self) -> bool {
        self.calm_until > Ticks::ZERO
    }

    /// The calm is over, for the rest of the run.
    pub(super) fn end_calm(&mut self) {
        self.calm_until = Ticks::ZERO;
        self.routine.end_calm();
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
        if self.bounds.is_too_much(0, self.at_once.1) {
            self.take_care();
        }
    }

    /// More than its effects may come of a step from now on.
    pub(super) fn take_care(&mut self) {
        self.takes_care = true;
        self.end_calm();
    }

    /// There may be too many events: that is for those to see who look more closely.
    pub(super) fn end_calm_if_crowded(&mut self) {
        if self.queue.is_above() {
            self.end_calm();
        }
    }

    #[inline(always)]
    fn set_timer(&mut self, process: ProcessId, timer: P::Timer, after: Ticks, now: Ticks) {
        let timers = self.timers.set(process, timer, after, now, &mut self.queue);
        if self.bounds.is_too_much(timers, 0) {
            self.take_care();
        }
        self.end_calm_if_crowded();
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
                self.clock.set_timer(process, timer, after, world.now());
            }
            Effect::CancelTimer { timer } => self.clock.timers.cancel(process, &timer, &mut self.clock.queue),
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
        self.clock.calm_until = Ticks::new(u64::from(self.clock.is_calm_until_a_fault(world.setup())));
        self.clock.look_for_next_fault(world.setup());
        self.clock.routine = Routine::of(self.clock, world.setup());
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
    #[inline(never)]
    pub(super) fn befall(&mut self, world: &mut World<P>) -> Result<(), Box<Violation>> {
        let next = self.clock.faults.pop_front();
        self.clock.look_for_next_fault(world.setup());
        match next {
            Some((_, Fault::Crash { index })) => self.crash_at(index, world),
            Some((_, Fault::Disturb { index })) => self.disturb(index, world),
            None => Ok(()),
        }
    }

    /// The next events come up where none is at hand, as long as all is calm and they are messages of this tick.
    #[inline(never)]
    pub(super) fn come_up_due(&mut self, events: u64, world: &mut World<P>) -> Result<(), Box<Violation>> {
        loop {
            match self.clock.queue.take_due() {
                Some(Pending::Message(envelope)) => self.arrive_calmly(envelope, Ticks::ZERO, events, world)?,
                Some(pending) => return self.come_up(pending, world),
                None => return Ok(()),
            }
            if !self.clock.is_calm() || world.events >= events || self.application.settled() {
                return Ok(());
            }
        }
    }

    /// An event comes up.
    #[inline(never)]
    pub(super) fn come_up(&mut self, pending: Pending<P>, world: &mut World<P>) -> Result<(), Box<Violation>> {
        match pending {
            Pending::Message(envelope) => self.arrive(envelope, world),
            Pending::Timer { process, ticket, id } if self.clock.is_calm() => {
                self.fire_calmly(process, ticket, id, world)
            }
            Pending::Timer { process, ticket, id } => {
                self.clock.queue.give_back(ticket);
                self.clock.timers.is_up(process, id);
                self.accept(process, Arrived::Timer { id }, world)
            }
            Pending::Report { observer, epoch, report } => self.hear(observer, epoch, report, world),
            Pending::Request { process, epoch, request } if world.epoch(process) == epoch => {
                if self.clock.is_calm() {
                    return self.hand_over(process, request, world);
                }
                self.accept(process, Arrived::Request(request), world)
            }
            Pending::Serve { process, epoch } if world.epoch(process) == epoch => self.serve(process, world),
            Pending::Restore { observer, epoch, of } => self.restore(observer, epoch, of, world),
            Pending::Restart { process } => self.restart(process, world),
            // Something of a life that is over.
            Pending::Request { .. } | Pending::Serve { .. } => Ok(()),
        }
    }

    /// One step, and what comes of it.
    #[inline(never)]
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

    /// What comes of a step whose effects are done, where all was calm before.
    #[inline(always)]
    pub(super) fn finish_calmly(&mut self, process: ProcessId, world: &mut World<P>) -> Result<(), Box<Violation>> {
        if !self.clock.requests.is_empty() {
            self.schedule_requests(world);
        }
        if !self.clock.is_calm() {
            return self.finish_with_care(process, None, world);
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
        self.clock.end_calm_if_crowded();
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

    #[inline(never)]
    pub(super) fn schedule_requests(&mut self, world: &World<P>) {
        self.clock.requests.reverse();
        while let Some((after, process, request)) = self.clock.requests.pop() {
            if after == Ticks::ZERO {
                self.clock.one_more_at_once(world.now());
            }
            let epoch = world.epoch(process);
            let now = world.now();
            self.clock.queue.push(now + after, Pending::Request { process, epoch, request }, now);
        }
        self.clock.end_calm_if_crowded();
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

#[cfg(test)]
mod tests;
