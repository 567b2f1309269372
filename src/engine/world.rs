use std::collections::VecDeque;
use std::mem;
use std::sync::Arc;

use super::observer::Violation;
use super::setup::Setup;
use crate::model::{Context, Effect, Event, Process, ProcessId, Report, Surroundings, Ticks};

/// The processes with their stable storage and what has arrived at them: all that a step reads and changes. Time is not
/// here, nor what is in flight: those belong to whoever drives it.
#[derive(Clone, Debug)]
pub struct World<P: Process> {
    setup: Arc<Setup<P>>,
    nodes: Vec<Node<P>>,
    waits: Vec<Wait>,
    inboxes: Vec<VecDeque<Arrived<P>>>,
    down: Vec<ProcessId>,
    /// The buffer that every step uses again.
    effects: Vec<Effect<P>>,
    pub(super) now: Ticks,
    pub(super) events: u64,
    pub(super) last_fault: Ticks,
    /// Who is handling an event: who it was, should the handler panic.
    stepping: ProcessId,
}

/// A process and what every step needs, and no more: in a large system each line of it is a miss of the cache.
#[derive(Clone, Debug)]
struct Node<P: Process> {
    /// Even while the process is up, one more with each crash and each restart.
    epoch: u32,
    boot: u32,
    steps: u64,
    state: P,
    stable: P::Stable,
}

impl<P: Process> Node<P> {
    fn new(state: P) -> Self {
        Self { epoch: 0, boot: 1, steps: 0, state, stable: P::Stable::default() }
    }
}

/// What a process waits for, which matters only where something may go wrong or handling takes time.
#[derive(Clone, Debug)]
struct Wait {
    /// The first step at which the plan of faults must be asked.
    alarm: u64,
    /// Until when it handles its last event.
    busy_until: Ticks,
    /// What arrives from then on is handled at once: never while its inbox has something.
    open_from: Ticks,
}

impl Wait {
    const NONE: Self = Self { alarm: u64::MAX, busy_until: Ticks::ZERO, open_from: Ticks::ZERO };
}

/// What the plan of faults has for a step: nothing that this one does, or its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Alarm {
    Other,
    /// The process is to crash now.
    Crash,
}

const NOBODY: ProcessId = ProcessId::new(u32::MAX);

/// What waits in an inbox.
#[derive(Clone, Debug)]
pub(super) enum Arrived<P: Process> {
    Message { from: ProcessId, id: u64, message: P::Message },
    Timer { id: u64 },
    Report(Report),
    Request(P::Request),
}

/// Who drives a world: it takes the effects of a step, and answers what a handler may ask.
pub(super) trait Driver<P: Process> {
    fn choose(&mut self, process: ProcessId, bound: u32) -> u32;
    /// An effect is done: everything but stable storage, which is the world's.
    fn effect(&mut self, process: ProcessId, effect: Effect<P>, world: &mut World<P>);
    /// Told of every effect, just before it is done.
    fn observe(&mut self, process: ProcessId, effect: &Effect<P>, world: &World<P>);
    /// How many messages of a sender wait in the inbox of the process, which has `arrived` in it.
    fn inbox_len(&self, sender: ProcessId, arrived: usize) -> usize {
        let _ = sender;
        arrived
    }
    /// After how many effects of this step the process is to crash: asked at its [alarm](World::set_alarm), which few
    /// drivers set.
    fn crash_in(&mut self, process: ProcessId, step: u64) -> Option<u32> {
        let _ = (process, step);
        None
    }
}

struct Asked<'a, P: Process, D> {
    process: ProcessId,
    inboxes: &'a [VecDeque<Arrived<P>>],
    driver: &'a mut D,
}

impl<P: Process, D: Driver<P>> Surroundings for Asked<'_, P, D> {
    fn choose(&mut self, bound: u32) -> u32 {
        self.driver.choose(self.process, bound)
    }

    fn inbox_len(&self, sender: ProcessId) -> usize {
        let from_sender = |arrived: &&Arrived<P>| matches!(arrived, Arrived::Message { from, .. } if *from == sender);
        let arrived = self.inboxes[self.process.index()].iter().filter(from_sender).count();
        self.driver.inbox_len(sender, arrived)
    }
}

impl<P: Process> World<P> {
    pub(super) fn new(setup: Arc<Setup<P>>) -> Self {
        let mut world = Self {
            setup,
            nodes: Vec::new(),
            waits: Vec::new(),
            inboxes: Vec::new(),
            down: Vec::new(),
            effects: Vec::new(),
            now: Ticks::ZERO,
            events: 0,
            last_fault: Ticks::ZERO,
            stepping: NOBODY,
        };
        world.reset();
        world
    }

    /// Back to the start, with the memory it has.
    pub(super) fn reset(&mut self) {
        let count = self.setup.processes;
        self.nodes.clear();
        self.nodes.extend(ProcessId::all(count).map(|p| Node::new(P::new(p, &self.setup.config))));
        self.waits.clear();
        self.waits.resize(count as usize, Wait::NONE);
        for inbox in &mut self.inboxes {
            inbox.clear();
        }
        self.inboxes.resize_with(count as usize, VecDeque::new);
        self.down.clear();
        self.effects.clear();
        self.now = Ticks::ZERO;
        self.events = 0;
        self.last_fault = Ticks::ZERO;
        self.stepping = NOBODY;
    }

    /// What is fixed before the run.
    pub fn setup(&self) -> &Setup<P> {
        &self.setup
    }

    /// The state of a process; of a dead one, that in which it died.
    pub fn process(&self, process: ProcessId) -> &P {
        &self.nodes[process.index()].state
    }

    /// The stable storage of a process.
    pub fn stable(&self, process: ProcessId) -> &P::Stable {
        &self.nodes[process.index()].stable
    }

    /// Whether a process is up.
    pub fn is_up(&self, process: ProcessId) -> bool {
        self.nodes[process.index()].epoch % 2 == 0
    }

    /// The processes that are down, in the order in which they crashed.
    pub fn down(&self) -> &[ProcessId] {
        &self.down
    }

    /// The number of processes.
    pub fn count(&self) -> u32 {
        self.setup.processes
    }

    /// How many events a process has handled, the present one included.
    pub fn steps(&self, process: ProcessId) -> u64 {
        self.nodes[process.index()].steps
    }

    /// The time; 0 throughout where there is none.
    pub fn now(&self) -> Ticks {
        self.now
    }

    /// The number of the present event, counted from 1.
    pub fn event(&self) -> u64 {
        self.events
    }

    /// When something last went wrong.
    pub fn last_fault(&self) -> Ticks {
        self.last_fault
    }

    /// Who was handling an event when the run stopped in the middle of one.
    pub(super) fn stepping(&self) -> Option<ProcessId> {
        (self.stepping != NOBODY).then_some(self.stepping)
    }

    /// A violation, seen now.
    pub fn violation(
        &self,
        property: impl Into<String>,
        processes: Vec<ProcessId>,
        explanation: impl Into<String>,
    ) -> Violation {
        Violation {
            property: property.into(),
            at: self.now,
            event: self.events,
            processes,
            explanation: explanation.into(),
        }
    }

    pub(super) fn epoch(&self, process: ProcessId) -> u32 {
        self.nodes[process.index()].epoch
    }

    pub(super) fn set_alarm(&mut self, process: ProcessId, step: u64) {
        self.waits[process.index()].alarm = step;
    }

    pub(super) fn busy_until(&self, process: ProcessId) -> Ticks {
        self.waits[process.index()].busy_until
    }

    pub(super) fn set_busy_until(&mut self, process: ProcessId, until: Ticks) {
        self.waits[process.index()].busy_until = until;
        self.open_or_close(process);
    }

    /// Whether what arrives now has to wait.
    #[inline]
    pub(super) fn must_wait(&self, process: ProcessId) -> bool {
        self.waits[process.index()].open_from > self.now
    }

    pub(super) fn put_into_inbox(&mut self, process: ProcessId, arrived: Arrived<P>) {
        self.inboxes[process.index()].push_back(arrived);
        self.open_or_close(process);
    }

    pub(super) fn take_from_inbox(&mut self, process: ProcessId) -> Option<Arrived<P>> {
        let arrived = self.inboxes[process.index()].pop_front();
        self.open_or_close(process);
        arrived
    }

    fn open_or_close(&mut self, process: ProcessId) {
        let wait = &mut self.waits[process.index()];
        wait.open_from = if self.inboxes[process.index()].is_empty() { wait.busy_until } else { Ticks::MAX };
    }

    pub(super) fn has_arrivals(&self, process: ProcessId) -> bool {
        !self.inboxes[process.index()].is_empty()
    }

    /// One step, the same however time passes: the process handles the event, then its effects are done in order, up to
    /// where it crashes.
    #[inline(always)]
    pub(super) fn step<D: Driver<P>>(&mut self, process: ProcessId, event: Event<P>, driver: &mut D) -> Option<Alarm> {
        let first = self.react(process, event, driver);
        if self.steps(process) == self.waits[process.index()].alarm {
            return Some(self.perform_to_crash(process, first, driver));
        }
        self.perform_all(process, first, driver);
        None
    }

    /// The process handles the event. Its first effect is returned, [the others](Self::has_other_effects) are in the
    /// buffer.
    #[inline(always)]
    pub(super) fn react<D: Driver<P>>(
        &mut self,
        process: ProcessId,
        event: Event<P>,
        driver: &mut D,
    ) -> Option<Effect<P>> {
        self.stepping = process;
        let Self { setup, nodes, inboxes, effects, .. } = self;
        let node = &mut nodes[process.index()];
        node.steps += 1;
        let mut asked = Asked { process, inboxes, driver };
        let boot = u64::from(node.boot);
        let ctx = Context::new(process, setup.processes, boot, &setup.config, effects, &mut asked);
        let mut ctx = ctx.keeping_first();
        node.state.handle(event, &node.stable, &mut ctx);
        let first = ctx.into_first();
        self.stepping = NOBODY;
        first
    }

    #[inline(always)]
    pub(super) fn has_other_effects(&self) -> bool {
        !self.effects.is_empty()
    }

    /// The effects of a step are done, all of them.
    #[inline(always)]
    pub(super) fn perform_all<D: Driver<P>>(&mut self, process: ProcessId, first: Option<Effect<P>>, driver: &mut D) {
        if let Some(effect) = first {
            self.perform(process, effect, driver);
            if self.has_other_effects() {
                self.perform_others(process, driver);
            }
        }
    }

    #[inline(never)]
    fn perform_others<D: Driver<P>>(&mut self, process: ProcessId, driver: &mut D) {
        // Taken from the end, the effects leave the buffer where it is.
        self.effects.reverse();
        while let Some(effect) = self.effects.pop() {
            self.perform(process, effect, driver);
        }
    }

    #[inline(always)]
    fn perform<D: Driver<P>>(&mut self, process: ProcessId, effect: Effect<P>, driver: &mut D) {
        driver.observe(process, &effect, self);
        match effect {
            Effect::Store { record } => P::apply(&mut self.nodes[process.index()].stable, record),
            effect => driver.effect(process, effect, self),
        }
    }

    #[cold]
    #[inline(never)]
    fn perform_to_crash<D: Driver<P>>(
        &mut self,
        process: ProcessId,
        first: Option<Effect<P>>,
        driver: &mut D,
    ) -> Alarm {
        self.effects.reverse();
        self.effects.extend(first);
        let crash = driver.crash_in(process, self.steps(process));
        let mut left = crash.unwrap_or(u32::MAX);
        while let Some(effect) = self.effects.pop() {
            // No crash falls before a note rather than after it.
            if !matches!(effect, Effect::Note { .. }) {
                if left == 0 {
                    self.effects.clear();
                    break;
                }
                left -= 1;
            }
            self.perform(process, effect, driver);
        }
        if crash.is_some() { Alarm::Crash } else { Alarm::Other }
    }

    /// The process stops: its inbox goes with it.
    pub(super) fn crash(&mut self, process: ProcessId) -> VecDeque<Arrived<P>> {
        let node = &mut self.nodes[process.index()];
        debug_assert!(node.epoch % 2 == 0, "a crash of a process that is down");
        node.epoch += 1;
        let wait = &mut self.waits[process.index()];
        (wait.busy_until, wait.open_from) = (Ticks::ZERO, Ticks::ZERO);
        self.down.push(process);
        self.last_fault = self.now;
        mem::take(&mut self.inboxes[process.index()])
    }

    /// A step that was made elsewhere has brought a process into this state.
    pub(super) fn follow(&mut self, process: ProcessId, state: P, stable: P::Stable) {
        let node = &mut self.nodes[process.index()];
        node.steps += 1;
        node.state = state;
        node.stable = stable;
    }

    /// Puts a process into this state.
    pub(super) fn load(&mut self, process: ProcessId, state: P, stable: P::Stable, boot: u32) {
        self.nodes[process.index()] = Node { boot, stable, ..Node::new(state) };
        self.waits[process.index()] = Wait::NONE;
        // A handler that panicked may have left some.
        self.effects.clear();
        self.stepping = NOBODY;
    }

    /// The process is new, but for its stable storage; it has yet to handle its restart.
    pub(super) fn restart(&mut self, process: ProcessId) {
        let node = &mut self.nodes[process.index()];
        debug_assert!(node.epoch % 2 == 1, "a restart of a process that is up");
        node.epoch += 1;
        node.boot += 1;
        self.last_fault = self.now;
        node.state = P::new(process, &self.setup.config);
        self.down.retain(|&p| p != process);
    }
}
