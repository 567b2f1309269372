//! One process with all that is its own, and its steps.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::inbox::Inbox;
use super::intern::Interner;
use super::watch::{Found, Watch};
use crate::engine::application::Agenda;
use crate::engine::decision::{Chance, Topic};
use crate::engine::rng::Stream;
use crate::engine::setup::Setup;
use crate::engine::simulation::{NO_PANIC, message_of};
use crate::engine::world::{Driver, World};
use crate::model::{Effect, Event, Process, ProcessId, Report, Ticks};

/// A process: its state, its stable storage, its timers, its application.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Node<P: Process, L> {
    pub(super) process: u16,
    pub(super) life: Life<P>,
    pub(super) stable: P::Stable,
    pub(super) boot: u32,
    /// The timers that are set, by number, in order.
    pub(super) timers: Vec<u32>,
    /// What the application has yet to request, by number, in order.
    pub(super) requests: Vec<u32>,
    /// How many timers have fired while something else could happen, if there is a limit on it.
    pub(super) fired: u32,
    pub(super) local: L,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Life<P> {
    Up(P),
    Down { comes_back: bool },
}

/// What happens at one process, in terms of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Local {
    Start,
    Message { from: u16, message: u32 },
    Timer { timer: u32, counts: bool },
    Report { of: u16 },
    Request { request: u32 },
    Restart,
}

/// What a step, or the part of it that is done before a crash, comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Outcome<S> {
    pub(super) node: u32,
    /// The process crashes then.
    pub(super) crashes: bool,
    pub(super) sends: Vec<(u16, u32)>,
    pub(super) shown: S,
    pub(super) shows: bool,
    pub(super) panicked: Option<Found>,
}

/// The world of one process at a time, and numbers for what it is made of.
pub(super) struct Nodes<P: Process, W: Watch<P>> {
    pub(super) watch: W,
    world: World<P>,
    setup: Arc<Setup<P>>,
    /// Whether messages wait while a process is busy, so that it can see them.
    has_inbox: bool,
    pub(super) all: Interner<Node<P, W::Local>>,
    pub(super) messages: Interner<P::Message>,
    pub(super) timers: Interner<P::Timer>,
    pub(super) requests: Interner<P::Request>,
    /// The effects of each outcome found from now on, if they are wanted; nothing, if nothing is handled.
    pub(super) diary: Option<Vec<Option<Vec<Effect<P>>>>>,
}

/// Takes down what a handler does.
struct Scribe<'a, P: Process> {
    chance: RefCell<&'a mut Chance>,
    effects: Vec<Effect<P>>,
    has_inbox: bool,
    inbox: &'a Inbox,
    looked: Cell<bool>,
}

impl<P: Process> Driver<P> for Scribe<'_, P> {
    fn choose(&mut self, process: ProcessId, bound: u32) -> u32 {
        self.chance.get_mut().below(Stream::Processes, u64::from(bound), || Topic::Choice { process }) as u32
    }

    fn effect(&mut self, _: ProcessId, _: Effect<P>, _: &mut World<P>) {}

    fn observe(&mut self, _: ProcessId, effect: &Effect<P>, _: &World<P>) {
        self.effects.push(effect.clone());
    }

    /// Any number of what is in flight may have arrived.
    fn inbox_len(&self, sender: ProcessId, _: usize) -> usize {
        if !self.has_inbox {
            return 0;
        }
        self.looked.set(true);
        let bound = self.inbox.messages(sender.get() as u16) as u64 + 1;
        let topic = || Topic::Choice { process: sender };
        self.chance.borrow_mut().below(Stream::Processes, bound, topic) as usize
    }
}

impl<P: Process, W: Watch<P>> Nodes<P, W> {
    pub(super) fn new(setup: &Arc<Setup<P>>, watch: W) -> Self {
        let pauses = !setup.faults.pauses.is_empty() || setup.faults.random_pauses.is_some();
        Self {
            watch,
            world: World::new(Arc::clone(setup)),
            setup: Arc::clone(setup),
            has_inbox: pauses || setup.network.service_ticks.max() > Ticks::ZERO,
            all: Interner::default(),
            messages: Interner::default(),
            timers: Interner::default(),
            requests: Interner::default(),
            diary: None,
        }
    }

    /// A process before the start.
    pub(super) fn before(&mut self, process: ProcessId) -> u32 {
        let state = P::new(process, &self.setup.config);
        let node = Node {
            process: process.get() as u16,
            life: Life::Up(state),
            stable: P::Stable::default(),
            boot: 1,
            timers: Vec::new(),
            requests: Vec::new(),
            fired: 0,
            local: self.watch.before(),
        };
        self.all.intern(node)
    }

    /// The process crashes.
    pub(super) fn crash(&mut self, node: u32, comes_back: bool) -> u32 {
        let mut node = self.all.get(node).clone();
        node.life = Life::Down { comes_back };
        node.timers.clear();
        node.requests.clear();
        if !comes_back {
            // No timer of it fires again, so that it does not matter how many have.
            node.fired = 0;
        }
        self.watch.crash(&mut node.local, ProcessId::new(node.process.into()), comes_back);
        self.all.intern(node)
    }

    /// All that a process may do upon an event, with what is in flight to it besides; and whether that mattered.
    pub(super) fn step(&mut self, node: u32, event: Local, inbox: &Inbox) -> (Vec<Outcome<W::Shown>>, bool) {
        let mut before = self.all.get(node).clone();
        let process = ProcessId::new(before.process.into());
        let mut outcomes = Vec::new();
        let mut wanted = true;
        match event {
            Local::Timer { timer, counts } => {
                before.timers.retain(|&other| other != timer);
                before.fired += u32::from(counts);
            }
            Local::Request { request } => {
                let index = before.requests.iter().position(|&other| other == request);
                before.requests.remove(index.expect("a request that is made was to be made"));
                wanted = self.watch.requested(&mut before.local, process, self.requests.get(request));
            }
            Local::Restart => {
                before.boot += 1;
                before.life = Life::Up(P::new(process, &self.setup.config));
            }
            Local::Start | Local::Message { .. } | Local::Report { .. } => {}
        }
        if !wanted {
            let node = self.all.intern(before);
            let nothing = W::Shown::default();
            outcomes.push(Outcome {
                node,
                crashes: false,
                sends: vec![],
                shown: nothing,
                shows: false,
                panicked: None,
            });
            self.note(None);
            return (outcomes, false);
        }
        let mut looked = false;
        let mut chance = Chance::exhaustive();
        loop {
            looked |= self.run(&before, process, event, inbox, &mut chance, &mut outcomes);
            if !chance.turn() {
                return (outcomes, looked);
            }
        }
    }

    fn note(&mut self, effects: Option<&[Effect<P>]>) {
        if let Some(diary) = &mut self.diary {
            diary.push(effects.map(<[_]>::to_vec));
        }
    }

    fn event(&self, event: Local) -> Event<P> {
        match event {
            Local::Start => Event::Start,
            Local::Message { from, message } => {
                Event::Message { from: ProcessId::new(from.into()), message: self.messages.get(message).clone() }
            }
            Local::Timer { timer, .. } => Event::Timer(self.timers.get(timer).clone()),
            Local::Report { of } => Event::Report(Report::Crash(ProcessId::new(of.into()))),
            Local::Request { request } => Event::Request(self.requests.get(request).clone()),
            Local::Restart => Event::Restart,
        }
    }

    /// One run of the handler, and all crashes in it. Returns whether it looked into its inbox.
    fn run(
        &mut self,
        before: &Node<P, W::Local>,
        process: ProcessId,
        event: Local,
        inbox: &Inbox,
        chance: &mut Chance,
        outcomes: &mut Vec<Outcome<W::Shown>>,
    ) -> bool {
        let Life::Up(state) = &before.life else { unreachable!("only a process that is up makes a step") };
        self.world.load(process, state.clone(), before.stable.clone(), before.boot);
        let handled = self.event(event);
        let has_inbox = self.has_inbox;
        let mut scribe =
            Scribe { chance: RefCell::new(chance), effects: Vec::new(), has_inbox, inbox, looked: Cell::new(false) };
        let world = &mut self.world;
        let result = catch_unwind(AssertUnwindSafe(|| world.step(process, handled.clone(), &mut scribe)));
        let looked = scribe.looked.get();
        let effects = scribe.effects;
        if let Err(panic) = result {
            outcomes.push(self.panicked(before, process, panic.as_ref()));
            self.note(Some(&[]));
            return looked;
        }
        let after = self.world.process(process).clone();
        let asked = chance.clone();
        let whole = self.finish(before, process, event, &handled, &effects, Some(&after), chance);
        let mut results = vec![(whole, &effects[..])];
        let seen =
            |effect: &Effect<P>| matches!(effect, Effect::Send { .. } | Effect::Store { .. } | Effect::Indicate { .. });
        // A crash before the first effect is one before the step, but before a restart nobody is up; and a crash after
        // the last is one after the step, but who does not come to the end of its start has no application.
        let before_all = (event == Local::Restart).then_some(0);
        let begins = matches!(event, Local::Start | Local::Restart);
        let ends = (0..effects.len()).filter(|&index| seen(&effects[index])).map(|index| index + 1);
        let last = ends.clone().next_back().filter(|_| !begins);
        for done in before_all.into_iter().chain(ends.filter(|done| Some(*done) != last)) {
            let part = &effects[..done];
            results.push((self.finish(before, process, event, &handled, part, None, &mut asked.clone()), part));
        }
        for (result, effects) in results {
            if !outcomes.contains(&result) {
                outcomes.push(result);
                self.note(Some(effects));
            }
        }
        looked
    }

    fn panicked(
        &mut self,
        before: &Node<P, W::Local>,
        process: ProcessId,
        panic: &(dyn Any + Send),
    ) -> Outcome<W::Shown> {
        let explanation = format!("{process} panicked: {}", message_of(panic));
        let found = Found { property: NO_PANIC, processes: vec![process], explanation };
        let node = self.all.intern(before.clone());
        Outcome { node, crashes: false, sends: vec![], shown: W::Shown::default(), shows: false, panicked: Some(found) }
    }

    /// What these effects come to; the process is then in the state `after`, or crashes.
    #[expect(clippy::too_many_arguments, reason = "one step has these parts")]
    fn finish(
        &mut self,
        before: &Node<P, W::Local>,
        process: ProcessId,
        event: Local,
        handled: &Event<P>,
        effects: &[Effect<P>],
        after: Option<&P>,
        chance: &mut Chance,
    ) -> Outcome<W::Shown> {
        let Life::Up(state) = &before.life else { unreachable!("only a process that is up makes a step") };
        let mut node = before.clone();
        let mut shown = W::Shown::default();
        let mut sends = Vec::new();
        let mut requests = Vec::new();
        self.watch.event(&mut node.local, &mut shown, handled);
        for effect in effects {
            let mut agenda = Agenda::new(process, chance, &mut requests);
            self.watch.effect(&mut node.local, &mut shown, process, effect, &mut agenda);
            match effect {
                Effect::Send { to, message } => sends.push((to.get() as u16, self.messages.intern(message.clone()))),
                Effect::SetTimer { timer, .. } => {
                    let timer = self.timers.intern(timer.clone());
                    if let Err(place) = node.timers.binary_search(&timer) {
                        node.timers.insert(place, timer);
                    }
                }
                Effect::CancelTimer { timer } => {
                    let timer = self.timers.intern(timer.clone());
                    node.timers.retain(|&other| other != timer);
                }
                Effect::Store { record } => P::apply(&mut node.stable, record.clone()),
                Effect::Indicate { .. } | Effect::Note { .. } => {}
            }
        }
        if let Some(after) = after {
            let mut agenda = Agenda::new(process, chance, &mut requests);
            match event {
                Local::Start => self.watch.start(&mut node.local, process, after, &mut agenda),
                Local::Restart => self.watch.restarted(&mut node.local, process, after, &mut agenda),
                _ => {}
            }
            self.watch.after(&node.local, &mut shown, state, after);
            node.life = Life::Up(after.clone());
        } else {
            self.watch.cut_short(&mut shown);
        }
        for (_, _, request) in requests {
            let request = self.requests.intern(request);
            let place = node.requests.partition_point(|&other| other < request);
            node.requests.insert(place, request);
        }
        let shows = shown != W::Shown::default();
        Outcome { node: self.all.intern(node), crashes: after.is_none(), sends, shown, shows, panicked: None }
    }
}
