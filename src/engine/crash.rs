//! Crashes and restarts in virtual time: what becomes of messages, timers, reports and the application.

use std::collections::{BTreeMap, BTreeSet};

use super::application::{Agenda, Application};
use super::decision::Topic;
use super::distribution::Distribution;
use super::flight::Envelope;
use super::observer::{LossCause, Observer, Violation};
use super::rng::Stream;
use super::setup::{DetectorClass, FromDead, ReportOrder};
use super::timed::{Pending, Timed};
use super::world::{Arrived, World};
use crate::model::{Event, Process, ProcessId, Report, Ticks};

impl<P: Process, A: Application<P>, O: Observer<P>> Timed<'_, P, A, O> {
    /// A crash by time.
    pub(super) fn crash_at(&mut self, index: usize, world: &mut World<P>) -> Result<(), Box<Violation>> {
        let crash = self.clock.plan.at[index].clone();
        if !world.is_up(crash.process) {
            return Ok(());
        }
        world.now = crash.at;
        if crash.drawn {
            self.clock.chance.keep(Topic::CrashAt { process: crash.process }, crash.at.get());
        }
        self.crash_between_steps(crash.process, crash.down, world)
    }

    /// The crash that ended the step that `process` has just made.
    #[inline(never)]
    pub(super) fn crash_in_step(&mut self, process: ProcessId, world: &mut World<P>) {
        let step = world.steps(process);
        let Some((effects, down, drawn)) = self.clock.plan.crash_in(process, step) else { return };
        if drawn {
            self.clock.chance.keep(Topic::CrashIn { process, step }, u64::from(effects) + 1);
        }
        self.crash(process, down, world);
    }

    /// A crash on a condition, replayed as what it was: a crash after a step.
    #[inline(never)]
    pub(super) fn crash_after_step(&mut self, process: ProcessId, world: &mut World<P>) -> Result<(), Box<Violation>> {
        let step = world.steps(process);
        world.set_alarm(process, self.clock.plan.alarm(process, step + 1));
        for victim in self.clock.plan.crashes_after(process, step) {
            let down = self.clock.plan.drawn_down(victim);
            self.crash_drawn_after(victim, down, process, step, world)?;
        }
        Ok(())
    }

    /// A crash on a condition.
    pub(super) fn crash_watched(
        &mut self,
        index: usize,
        process: ProcessId,
        step: u64,
        world: &mut World<P>,
    ) -> Result<(), Box<Violation>> {
        let watch = &self.clock.plan.watches[index];
        let (victim, down) = (watch.process, watch.down);
        if watch.drawn {
            self.crash_drawn_after(victim, down, process, step, world)
        } else if world.is_up(victim) {
            self.crash_between_steps(victim, down, world)
        } else {
            Ok(())
        }
    }

    fn crash_drawn_after(
        &mut self,
        victim: ProcessId,
        down: Option<Distribution>,
        process: ProcessId,
        step: u64,
        world: &mut World<P>,
    ) -> Result<(), Box<Violation>> {
        if victim.get() >= world.count() || !world.is_up(victim) {
            return Ok(());
        }
        self.clock.chance.keep(Topic::CrashAfter { process, step }, u64::from(victim.get()) + 1);
        self.crash_between_steps(victim, down, world)
    }

    /// A crash that is an event of its own.
    fn crash_between_steps(
        &mut self,
        victim: ProcessId,
        down: Option<Distribution>,
        world: &mut World<P>,
    ) -> Result<(), Box<Violation>> {
        world.events += 1;
        self.crash(victim, down, world);
        Ok(self.observer.check(world)?)
    }

    fn crash(&mut self, victim: ProcessId, down: Option<Distribution>, world: &mut World<P>) {
        self.clock.end_calm();
        self.clock.stats.crashes += 1;
        let inbox = world.crash(victim);
        self.clock.timers.cancel_all(victim, &mut self.clock.queue);
        self.observer.crashed(victim, world);
        for arrived in inbox {
            if let Arrived::Message { from, id, message } = arrived {
                self.lose(from, victim, id, &message, LossCause::ReceiverDown, world);
            }
        }
        self.application.crashed(victim);
        let last = self.cut_off(victim, world);
        // Scheduled first, so that whoever hears of the death in the tick of the restart finds the process up.
        if let Some(down) = down {
            let taken = self.clock.chance.span(Stream::Faults, &down, || Topic::Down { process: victim });
            let now = world.now();
            self.clock.queue.push(now + taken, Pending::Restart { process: victim }, now);
        }
        for observer in ProcessId::all(world.count()).filter(|&p| world.is_up(p)) {
            self.report(observer, victim, last.get(&observer).copied(), world);
        }
    }

    /// Loses what is to be lost of the messages in flight from the dead, and tells when the last of the rest arrives at
    /// each receiver.
    fn cut_off(&mut self, victim: ProcessId, world: &World<P>) -> BTreeMap<ProcessId, Ticks> {
        let setup = world.setup();
        let mut last = BTreeMap::new();
        if setup.network.from_dead == FromDead::Deliver && setup.detector.order == ReportOrder::Unordered {
            return last;
        }
        let mut channels: BTreeMap<ProcessId, Vec<(u64, Ticks)>> = BTreeMap::new();
        for (at, envelope) in self.in_flight(victim) {
            channels.entry(envelope.to()).or_default().push((envelope.id, at));
        }
        let mut lost_ids = BTreeSet::new();
        for (to, mut flight) in channels {
            flight.sort_unstable();
            let lost = match setup.network.from_dead {
                FromDead::Deliver => 0,
                FromDead::Drop => flight.len() as u64,
                FromDead::Prefix => {
                    let bound = flight.len() as u64 + 1;
                    self.clock.chance.below(Stream::Faults, bound, || Topic::CutOff { from: victim, to })
                }
            };
            lost_ids.extend(flight.split_off(flight.len() - lost as usize).into_iter().map(|(id, _)| id));
            if let Some(at) = flight.iter().map(|(_, at)| *at).max() {
                last.insert(to, at);
            }
        }
        if !lost_ids.is_empty() {
            self.lose_in_flight(&lost_ids, world);
        }
        last
    }

    /// The messages of a sender that are in flight, in no order, each with when it arrives.
    fn in_flight(&self, from: ProcessId) -> impl Iterator<Item = (Ticks, &Envelope<P>)> {
        self.clock.queue.iter().filter_map(move |(at, pending)| match pending {
            Pending::Message(envelope) if envelope.from() == from => Some((at, envelope)),
            _ => None,
        })
    }

    /// Loses these messages: receiver by receiver, and in the order of sending.
    fn lose_in_flight(&mut self, ids: &BTreeSet<u64>, world: &World<P>) {
        let mut lost = BTreeMap::new();
        self.clock.queue.remove_where(|pending| match pending {
            Pending::Message(envelope) if ids.contains(&envelope.id) => {
                lost.insert((envelope.to(), envelope.id), envelope.clone());
                true
            }
            _ => false,
        });
        for envelope in lost.into_values() {
            let (from, to) = (envelope.from(), envelope.to());
            self.lose(from, to, envelope.id, &envelope.message, LossCause::SenderCrashed, world);
        }
    }

    /// The failure detector will tell `observer` of a crash, not before `last` if reports keep behind the channel.
    fn report(&mut self, observer: ProcessId, of: ProcessId, last: Option<Ticks>, world: &World<P>) {
        let detector = &world.setup().detector;
        if detector.class == DetectorClass::None {
            return;
        }
        let latency =
            self.clock.chance.span(Stream::Detector, &detector.latency_ticks, || Topic::Latency { observer, of });
        let mut at = world.now() + latency;
        if detector.order == ReportOrder::AfterChannel {
            at = at.max(last.unwrap_or_default());
        }
        let epoch = world.epoch(observer);
        self.clock.queue.push(at, Pending::Report { observer, epoch, report: Report::Crash(of) }, world.now());
    }

    #[inline(never)]
    pub(super) fn restart(&mut self, process: ProcessId, world: &mut World<P>) -> Result<(), Box<Violation>> {
        self.clock.stats.restarts += 1;
        world.restart(process);
        world.set_alarm(process, self.clock.plan.alarm(process, world.steps(process) + 1));
        // It is told of everyone who is down, each after what that one still has in flight to it.
        for of in world.down().to_vec() {
            let last = self.in_flight(of).filter(|(_, envelope)| envelope.to() == process).map(|(at, _)| at).max();
            self.report(process, of, last, world);
        }
        self.handle(process, Event::Restart, None, world)?;
        if world.is_up(process) {
            let mut agenda = Agenda::new(process, &mut self.clock.chance, &mut self.clock.requests);
            self.application.restarted(process, world.process(process), &mut agenda);
            self.schedule_requests(world);
        }
        Ok(())
    }
}
