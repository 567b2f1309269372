//! One run among the interleavings, event by event, for whoever wants to see it whole.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::canonical::Counted;
use super::inbox::REPORT;
use super::intern::Memo;
use super::node::Life;
use super::space::Space;
use super::successors::{Move, Successors};
use super::watch::Watch;
use crate::engine::observer::{LossCause, Lost, MessageId, Observer, Violation};
use crate::engine::setup::Setup;
use crate::engine::simulation::Stats;
use crate::engine::world::World;
use crate::model::{Effect, Event, Process, ProcessId, Report, Ticks};

/// A run that goes from state to state and tells an observer of each event what a run in virtual time tells it. There
/// is no time: each event has its number for a tick. What is lost is told as soon as it will never be handled.
#[derive(Clone, Debug)]
pub(crate) struct Course<P: Process> {
    world: World<P>,
    /// By sender and receiver: the messages in flight, in the order of sending, with their numbers in the run.
    flight: BTreeMap<(u16, u16), Vec<(MessageId, u32)>>,
    messages: u64,
    pub(crate) stats: Stats,
}

impl<P: Process, W: Watch<P>> Space<P, W> {
    /// From now on it is known what a step does, not only what comes of it.
    pub(crate) fn keep_diary(&mut self) {
        self.nodes.diary = Some(Vec::new());
        self.outcomes.clear();
        self.brief.clear();
        self.sends.clear();
        self.steps = Memo::default();
        self.looking = Memo::default();
    }

    /// Puts a state into its canonical form.
    pub(crate) fn canonical(&mut self, tuple: &mut [u32]) {
        let mut counted = Counted::default();
        while let Err(unknown) = self.known_normal(tuple, &mut counted) {
            self.find_out(unknown);
        }
    }

    fn is_up(&self, tuple: &[u32], process: u16) -> bool {
        self.about[tuple[2 * usize::from(process)] as usize].is_up
    }

    fn received(&self, from: u16, message: u32) -> Event<P> {
        Event::Message { from: ProcessId::new(from.into()), message: self.message(message).clone() }
    }

    /// The messages that are in flight from one process to another.
    fn flight(&self, tuple: &[u32], from: u16, to: u16) -> Vec<u32> {
        let inbox = self.inboxes.get(tuple[2 * usize::from(to) + 1]);
        inbox.channel(from).iter().copied().filter(|&item| item != REPORT).collect()
    }
}

/// What comes next in a course.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stride<'a> {
    /// All that may follow.
    pub(crate) successors: &'a Successors,
    /// Which of them does.
    pub(crate) index: usize,
    /// Who starts with it, or crashes before it does, if it is a start and no move.
    pub(crate) start: Option<u16>,
}

impl<P: Process> Course<P> {
    /// Nobody has started.
    pub(crate) fn new(setup: &Arc<Setup<P>>) -> Self {
        Self { world: World::new(Arc::clone(setup)), flight: BTreeMap::new(), messages: 0, stats: Stats::default() }
    }

    /// The number of the last event.
    pub(crate) fn event(&self) -> u64 {
        self.world.event()
    }

    /// Goes on, and tells of it. The space must have kept a diary since before it knew of these successors.
    ///
    /// # Errors
    /// What the observer finds to be violated.
    pub(crate) fn go<W: Watch<P>>(
        &mut self,
        space: &Space<P, W>,
        stride: Stride<'_>,
        observer: &mut impl Observer<P>,
    ) -> Result<(), Violation> {
        let Stride { successors, index, start, .. } = stride;
        let (_, successor) = successors.get(index);
        let event = match (start, successor.event) {
            (None, Move::Deliver { from, to, message } | Move::Repeat { from, to, message }) => {
                let id = self.take(from, to, message);
                (to, space.received(from, message), Some(id))
            }
            (None, Move::Report { observer, of }) => {
                (observer, Event::Report(Report::Crash(ProcessId::new(of.into()))), None)
            }
            (None, Move::Fire { process, timer, .. }) => (process, Event::Timer(space.timer(timer).clone()), None),
            (None, Move::Request { process, request }) => {
                (process, Event::Request(space.requested(request).clone()), None)
            }
            (None, Move::Restart { process }) => (process, Event::Restart, None),
            (None, Move::Lose { from, to, message }) => {
                let id = self.take(from, to, message);
                self.lose(space, (from, to), (id, message), LossCause::Network, observer);
                return Ok(());
            }
            (None, Move::Miss { from, to, message }) => {
                let id = self.take(from, to, message);
                self.lose(space, (from, to), (id, message), LossCause::ReceiverDown, observer);
                return Ok(());
            }
            (_, Move::Crash { process }) => {
                self.count();
                self.crash(ProcessId::new(process.into()), observer);
                self.settle(space, stride, process, observer);
                return observer.check(&self.world);
            }
            (Some(process), _) => (process, Event::Start, None),
        };
        self.step(space, stride, event, observer)
    }

    fn step<W: Watch<P>>(
        &mut self,
        space: &Space<P, W>,
        stride: Stride<'_>,
        (at, event, message): (u16, Event<P>, Option<MessageId>),
        observer: &mut impl Observer<P>,
    ) -> Result<(), Violation> {
        let Stride { successors, index, start, .. } = stride;
        let (after, successor) = successors.get(index);
        let outcome = successor.outcome.expect("a step has an outcome") as usize;
        let diary = space.nodes.diary.as_ref().expect("a diary is kept");
        // What the application no longer wants never comes to the process.
        let Some(effects) = &diary[outcome] else { return Ok(()) };
        let process = ProcessId::new(at.into());
        self.count();
        if matches!(event, Event::Restart) {
            self.world.restart(process);
            self.stats.restarts += 1;
        }
        observer.event(process, &event, message, &self.world);
        if let (Some(id), None, Move::Repeat { from, to, message }) = (message, start, successor.event) {
            let copy = self.number();
            self.flight.entry((from, to)).or_default().insert(0, (copy, message));
            observer.duplicated(process, id, copy, &self.world);
        }
        for effect in effects {
            self.effect(space, process, effect, observer);
        }
        if space.outcomes[outcome].panicked.is_some() {
            return Ok(());
        }
        let node = space.nodes.all.get(after[2 * usize::from(at)]);
        let state = match &node.life {
            Life::Up(state) => state.clone(),
            Life::Down { .. } => self.world.process(process).clone(),
        };
        self.world.follow(process, state, node.stable.clone());
        if successor.crashed {
            self.crash(process, observer);
        }
        self.settle(space, stride, at, observer);
        observer.check(&self.world)
    }

    fn effect<W: Watch<P>>(
        &mut self,
        space: &Space<P, W>,
        process: ProcessId,
        effect: &Effect<P>,
        observer: &mut impl Observer<P>,
    ) {
        let Effect::Send { to, message } = effect else {
            return observer.effect(process, effect, None, &self.world);
        };
        let id = self.number();
        self.stats.messages += 1;
        observer.effect(process, effect, Some(id), &self.world);
        let number = space.nodes.messages.number(message).expect("a message that was sent has a number");
        self.flight.entry((process.get() as u16, to.get() as u16)).or_default().push((id, number));
    }

    fn count(&mut self) {
        self.world.events += 1;
        self.world.now = Ticks::new(self.world.events);
    }

    fn crash(&mut self, process: ProcessId, observer: &mut impl Observer<P>) {
        self.stats.crashes += 1;
        self.world.crash(process);
        observer.crashed(process, &self.world);
    }

    /// What was in flight and no longer is, is lost.
    fn settle<W: Watch<P>>(
        &mut self,
        space: &Space<P, W>,
        stride: Stride<'_>,
        process: u16,
        observer: &mut impl Observer<P>,
    ) {
        let (after, _) = stride.successors.get(stride.index);
        for (from, to) in self.flight.keys().copied().collect::<Vec<_>>() {
            let mut left = VecDeque::from(space.flight(after, from, to));
            let all = self.flight.remove(&(from, to)).unwrap_or_default();
            let mut kept = Vec::new();
            for (id, message) in all {
                if let Some(place) = left.iter().position(|&other| other == message) {
                    left.remove(place);
                    kept.push((id, message));
                    continue;
                }
                let is_cut_off = from == process && space.is_up(after, to);
                let cause = if is_cut_off { LossCause::SenderCrashed } else { LossCause::ReceiverDown };
                self.lose(space, (from, to), (id, message), cause, observer);
            }
            debug_assert!(left.is_empty(), "what is in flight was sent");
            if !kept.is_empty() {
                self.flight.insert((from, to), kept);
            }
        }
    }

    fn lose<W: Watch<P>>(
        &mut self,
        space: &Space<P, W>,
        (from, to): (u16, u16),
        (id, message): (MessageId, u32),
        cause: LossCause,
        observer: &mut impl Observer<P>,
    ) {
        self.stats.lost += 1;
        let (from, to) = (ProcessId::new(from.into()), ProcessId::new(to.into()));
        let message = space.message(message);
        observer.lost(&Lost { from, to, id, message, cause }, &self.world);
    }

    fn number(&mut self) -> MessageId {
        let id = MessageId(self.messages);
        self.messages += 1;
        id
    }

    /// The first message of a channel that is this one leaves it.
    fn take(&mut self, from: u16, to: u16, message: u32) -> MessageId {
        let channel = self.flight.get_mut(&(from, to)).expect("a message on its way was sent");
        let place = channel.iter().position(|(_, other)| *other == message).expect("a message on its way was sent");
        channel.remove(place).0
    }
}
