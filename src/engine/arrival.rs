//! What has arrived at a process: it is handled at once, or waits in an inbox while the process is busy or paused.

use super::application::Application;
use super::decision::Topic;
use super::observer::{MessageId, Observer, Violation};
use super::rng::Stream;
use super::timed::{Pending, Timed};
use super::world::{Arrived, World};
use crate::model::{Event, Process, ProcessId, Report};

impl<P: Process, A: Application<P>, O: Observer<P>> Timed<'_, P, A, O> {
    /// A timer fires, unless it was cancelled while it waited in an inbox.
    pub(super) fn fire(&mut self, process: ProcessId, id: u64, world: &mut World<P>) -> Result<(), Box<Violation>> {
        match self.clock.timers.take(process, id) {
            Some(timer) => self.handle(process, Event::Timer(timer), None, world),
            None => Ok(()),
        }
    }

    /// A timer fires where all is calm.
    #[inline(never)]
    pub(super) fn fire_calmly(
        &mut self,
        process: ProcessId,
        ticket: u32,
        id: u64,
        world: &mut World<P>,
    ) -> Result<(), Box<Violation>> {
        self.clock.queue.give_back(ticket);
        let Some(timer) = self.clock.timers.take(process, id) else { return Ok(()) };
        world.events += 1;
        let event = Event::Timer(timer);
        self.observer.event(process, &event, None, world);
        let first = world.react(process, event, self);
        world.perform_all(process, first, self);
        self.finish_calmly(process, world)
    }

    /// A process is asked for something, if the application still wants it.
    pub(super) fn hand_over(
        &mut self,
        process: ProcessId,
        request: P::Request,
        world: &mut World<P>,
    ) -> Result<(), Box<Violation>> {
        if self.application.requested(process, &request) {
            self.handle(process, Event::Request(request), None, world)
        } else {
            Ok(())
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
    pub(super) fn accept(
        &mut self,
        process: ProcessId,
        arrived: Arrived<P>,
        world: &mut World<P>,
    ) -> Result<(), Box<Violation>> {
        if world.must_wait(process) {
            self.wait(process, arrived, world);
            return Ok(());
        }
        self.handle_arrived(process, arrived, world)
    }

    #[inline(never)]
    pub(super) fn wait(&mut self, process: ProcessId, arrived: Arrived<P>, world: &mut World<P>) {
        // The queue knows only of what is pending.
        self.clock.take_care();
        if let Arrived::Message { id, .. } = &arrived {
            self.observer.queued(process, MessageId(*id), world);
        }
        let is_first = !world.has_arrivals(process);
        world.put_into_inbox(process, arrived);
        if is_first {
            let epoch = world.epoch(process);
            let at = world.busy_until(process).max(world.now());
            self.clock.queue.push(at, Pending::Serve { process, epoch }, world.now());
        }
    }

    #[inline(never)]
    pub(super) fn serve(&mut self, process: ProcessId, world: &mut World<P>) -> Result<(), Box<Violation>> {
        // A pause may have begun meanwhile.
        if world.busy_until(process) <= world.now() {
            if let Some(arrived) = world.take_from_inbox(process) {
                self.handle_arrived(process, arrived, world)?;
            }
        }
        if world.is_up(process) && world.has_arrivals(process) {
            let epoch = world.epoch(process);
            let at = world.busy_until(process).max(world.now());
            self.clock.queue.push(at, Pending::Serve { process, epoch }, world.now());
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
        match arrived {
            Arrived::Message { from, id, message } => {
                self.clock.done += 1;
                self.handle(process, Event::Message { from, message }, Some(MessageId(id)), world)
            }
            Arrived::Report(report) => self.handle(process, Event::Report(report), None, world),
            Arrived::Request(request) => self.hand_over(process, request, world),
            Arrived::Timer { id } => self.fire(process, id, world),
        }
    }

    pub(super) fn serve_for_a_while(&mut self, process: ProcessId, world: &mut World<P>) {
        let service = world.setup().network.service_ticks;
        let taken = self.clock.chance.span(Stream::Network, &service, || Topic::Service { process });
        let until = world.busy_until(process).max(world.now() + taken);
        world.set_busy_until(process, until);
    }
}
