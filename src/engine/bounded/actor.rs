//! One process with all that is its own, and its steps, each effect in its order.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::engine::application::Agenda;
use crate::engine::decision::{Chance, Topic};
use crate::engine::interleaving::intern::Interner;
use crate::engine::interleaving::{Found, Watch};
use crate::engine::rng::Stream;
use crate::engine::setup::Setup;
use crate::engine::simulation::{NO_PANIC, message_of};
use crate::engine::world::{Driver, World};
use crate::model::{Effect, Event, Process, ProcessId, Report, Ticks};

/// A process: its state, if it is up, its stable storage, its application.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Actor<P: Process, L> {
    process: u16,
    state: Option<P>,
    stable: P::Stable,
    boot: u32,
    local: L,
}

/// What happens at one process, in terms of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Happening {
    Start,
    /// Its application starts.
    Begin,
    Message {
        from: u16,
        message: u32,
    },
    Timer {
        timer: u32,
    },
    Report {
        of: u16,
    },
    Request {
        request: u32,
    },
    Restart,
}

/// What a step, or the part of it that is done before a crash, comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Outcome<S> {
    pub(super) actor: u32,
    /// What of it concerns time and others, in order.
    pub(super) deeds: Vec<Deed>,
    /// After so many effects the process crashes.
    pub(super) cut: Option<u32>,
    /// Whether an event was handled at all.
    pub(super) is_step: bool,
    pub(super) shown: S,
    pub(super) shows: bool,
    pub(super) panicked: Option<Found>,
    /// The decisions that it took, in order.
    pub(super) said: Vec<(Topic, u64)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    Send { to: u16, message: u32 },
    Set { timer: u32, after: u64 },
    Cancel { timer: u32 },
    Request { request: u32, after: u64 },
}

/// The world of one process at a time, and numbers for what it is made of.
pub(super) struct Actors<P: Process, W: Watch<P>> {
    pub(super) watch: W,
    world: World<P>,
    setup: Arc<Setup<P>>,
    all: Interner<Actor<P, W::Local>>,
    pub(super) messages: Interner<P::Message>,
    pub(super) timers: Interner<P::Timer>,
    pub(super) requests: Interner<P::Request>,
}

/// Takes down what a handler does.
struct Scribe<'a, P: Process> {
    chance: &'a mut Chance,
    effects: Vec<Effect<P>>,
}

impl<P: Process> Driver<P> for Scribe<'_, P> {
    fn choose(&mut self, process: ProcessId, bound: u32) -> u32 {
        self.chance.below(Stream::Processes, u64::from(bound), || Topic::Choice { process }) as u32
    }

    fn effect(&mut self, _: ProcessId, _: Effect<P>, _: &mut World<P>) {}

    fn observe(&mut self, _: ProcessId, effect: &Effect<P>, _: &World<P>) {
        self.effects.push(effect.clone());
    }
}

impl<P: Process, W: Watch<P>> Actors<P, W> {
    pub(super) fn new(setup: &Arc<Setup<P>>, watch: W) -> Self {
        Self {
            watch,
            world: World::new(Arc::clone(setup)),
            setup: Arc::clone(setup),
            all: Interner::default(),
            messages: Interner::default(),
            timers: Interner::default(),
            requests: Interner::default(),
        }
    }

    /// A process before the start.
    pub(super) fn before(&mut self, process: ProcessId) -> u32 {
        let state = Some(P::new(process, &self.setup.config));
        let (stable, local) = (P::Stable::default(), self.watch.before());
        self.all.intern(Actor { process: process.get() as u16, state, stable, boot: 1, local })
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn bytes(&self) -> usize {
        const OWNED: usize = 160;
        self.all.bytes() + (self.all.len() + self.messages.len()) * OWNED
    }

    /// The state of a process, if it is up.
    pub(super) fn state(&self, actor: u32) -> Option<&P> {
        self.all.get(actor).state.as_ref()
    }

    pub(super) fn facts(&self, actor: u32) -> W::Facts {
        let Actor { process, state, stable, local, .. } = self.all.get(actor);
        self.watch.facts(ProcessId::new((*process).into()), state.as_ref(), stable, local)
    }

    /// The process crashes.
    pub(super) fn crash(&mut self, actor: u32, comes_back: bool) -> u32 {
        let mut actor = self.all.get(actor).clone();
        actor.state = None;
        self.watch.crash(&mut actor.local, ProcessId::new(actor.process.into()), comes_back);
        self.all.intern(actor)
    }

    /// All that a process may do upon an event.
    pub(super) fn step(&mut self, actor: u32, event: Happening) -> Vec<Outcome<W::Shown>> {
        let mut before = self.all.get(actor).clone();
        let process = ProcessId::new(before.process.into());
        let mut outcomes = Vec::new();
        let mut chance = Chance::exhaustive_in_time();
        match event {
            Happening::Begin => loop {
                outcomes.push(self.begin(&before, process, &mut chance));
                if !chance.turn() {
                    return outcomes;
                }
            },
            Happening::Request { request }
                if !self.watch.requested(&mut before.local, process, self.requests.get(request)) =>
            {
                let actor = self.all.intern(before);
                return vec![Self::quiet(actor, false)];
            }
            Happening::Restart => {
                before.boot += 1;
                before.state = Some(P::new(process, &self.setup.config));
            }
            _ => {}
        }
        loop {
            self.run(&before, process, event, &mut chance, &mut outcomes);
            if !chance.turn() {
                return outcomes;
            }
        }
    }

    /// Nothing is done, and nothing is shown.
    fn quiet(actor: u32, is_step: bool) -> Outcome<W::Shown> {
        let (deeds, said, shown) = (Vec::new(), Vec::new(), W::Shown::default());
        Outcome { actor, deeds, cut: None, is_step, shown, shows: false, panicked: None, said }
    }

    fn event(&self, event: Happening) -> Event<P> {
        match event {
            Happening::Start | Happening::Begin => Event::Start,
            Happening::Message { from, message } => {
                Event::Message { from: ProcessId::new(from.into()), message: self.messages.get(message).clone() }
            }
            Happening::Timer { timer } => Event::Timer(self.timers.get(timer).clone()),
            Happening::Report { of } => Event::Report(Report::Crash(ProcessId::new(of.into()))),
            Happening::Request { request } => Event::Request(self.requests.get(request).clone()),
            Happening::Restart => Event::Restart,
        }
    }

    /// The application of a process starts.
    fn begin(&mut self, before: &Actor<P, W::Local>, process: ProcessId, chance: &mut Chance) -> Outcome<W::Shown> {
        let mut actor = before.clone();
        let mut requests = Vec::new();
        if let Some(state) = &before.state {
            self.watch.start(&mut actor.local, process, state, &mut Agenda::new(process, chance, &mut requests));
        }
        let mut deeds = Vec::new();
        self.schedule(requests, &mut deeds);
        Outcome { deeds, said: chance.said(), ..Self::quiet(self.all.intern(actor), false) }
    }

    fn schedule(&mut self, requests: Vec<(Ticks, ProcessId, P::Request)>, deeds: &mut Vec<Deed>) {
        for (after, _, request) in requests {
            deeds.push(Deed::Request { request: self.requests.intern(request), after: after.get() });
        }
    }

    /// One run of the handler, and all crashes in it.
    fn run(
        &mut self,
        before: &Actor<P, W::Local>,
        process: ProcessId,
        event: Happening,
        chance: &mut Chance,
        outcomes: &mut Vec<Outcome<W::Shown>>,
    ) {
        let state = before.state.clone().expect("only a process that is up makes a step");
        self.world.load(process, state, before.stable.clone(), before.boot);
        let handled = self.event(event);
        let mut scribe = Scribe { chance, effects: Vec::new() };
        let world = &mut self.world;
        let result = catch_unwind(AssertUnwindSafe(|| world.step(process, handled.clone(), &mut scribe)));
        let Scribe { chance, effects } = scribe;
        if let Err(panic) = result {
            outcomes.push(self.panicked(before, process, panic.as_ref(), chance));
            return;
        }
        let after = self.world.process(process).clone();
        let asked = chance.clone();
        let whole = self.finish(before, process, event, &handled, &effects, None, Some(&after), chance);
        outcomes.push(whole);
        // A note is no effect that a crash falls before, and a crash after the last effect is one after the step; but
        // only who comes to the end of its restart has an application again.
        let whole = (event == Happening::Restart).then_some(effects.len());
        let ends = (0..effects.len()).filter(|&index| !matches!(effects[index], Effect::Note { .. })).chain(whole);
        for (done, end) in (0..).zip(ends) {
            let part = &effects[..end];
            let mut chance = asked.clone();
            let cut = self.finish(before, process, event, &handled, part, Some(done), None, &mut chance);
            let is_same = |other: &Outcome<W::Shown>| other.cut.is_some() && other.is_like(&cut);
            if !outcomes.iter().any(is_same) {
                outcomes.push(cut);
            }
        }
    }

    fn panicked(
        &mut self,
        before: &Actor<P, W::Local>,
        process: ProcessId,
        panic: &(dyn Any + Send),
        chance: &Chance,
    ) -> Outcome<W::Shown> {
        let explanation = format!("{process} panicked: {}", message_of(panic));
        let found = Found { property: NO_PANIC, processes: vec![process], explanation };
        let actor = self.all.intern(before.clone());
        Outcome { panicked: Some(found), said: chance.said(), ..Self::quiet(actor, true) }
    }

    /// What these effects come to; the process is then in the state `after`, or crashes.
    #[expect(clippy::too_many_arguments, reason = "one step has these parts")]
    fn finish(
        &mut self,
        before: &Actor<P, W::Local>,
        process: ProcessId,
        event: Happening,
        handled: &Event<P>,
        effects: &[Effect<P>],
        cut: Option<u32>,
        after: Option<&P>,
        chance: &mut Chance,
    ) -> Outcome<W::Shown> {
        let mut actor = before.clone();
        let mut shown = W::Shown::default();
        let (mut deeds, mut requests) = (Vec::new(), Vec::new());
        self.watch.event(&mut actor.local, &mut shown, handled);
        for effect in effects {
            let mut agenda = Agenda::new(process, chance, &mut requests);
            self.watch.effect(&mut actor.local, &mut shown, process, effect, &mut agenda);
            match effect {
                Effect::Send { to, message } => {
                    deeds.push(Deed::Send { to: to.get() as u16, message: self.messages.intern(message.clone()) });
                }
                Effect::SetTimer { timer, after } => {
                    deeds.push(Deed::Set { timer: self.timers.intern(timer.clone()), after: after.get() });
                }
                Effect::CancelTimer { timer } => {
                    deeds.push(Deed::Cancel { timer: self.timers.intern(timer.clone()) });
                }
                Effect::Store { record } => P::apply(&mut actor.stable, record.clone()),
                Effect::Indicate { .. } | Effect::Note { .. } => {}
            }
        }
        if let (Some(after), Some(state)) = (after, &before.state) {
            if event == Happening::Restart {
                let mut agenda = Agenda::new(process, chance, &mut requests);
                self.watch.restarted(&mut actor.local, process, after, &mut agenda);
            }
            self.watch.after(&actor.local, &mut shown, state, after);
            actor.state = Some(after.clone());
            self.schedule(requests, &mut deeds);
        } else {
            self.watch.cut_short(&mut shown);
            // Its timers and its application die with it.
            deeds.retain(|deed| matches!(deed, Deed::Send { .. }));
        }
        let shows = shown != W::Shown::default();
        let (actor, said) = (self.all.intern(actor), chance.said());
        Outcome { actor, deeds, cut, is_step: true, shown, shows, panicked: None, said }
    }
}

impl<S: PartialEq> Outcome<S> {
    /// Whether nothing can tell them apart.
    fn is_like(&self, other: &Self) -> bool {
        self.actor == other.actor && self.deeds == other.deeds && self.shown == other.shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_are_alike_if_state_and_deeds_and_what_is_shown_are() {
        let outcome = |actor, timer, shown: u8, done| Outcome {
            actor,
            deeds: vec![Deed::Cancel { timer }],
            cut: Some(done),
            is_step: true,
            shown,
            shows: true,
            panicked: None,
            said: Vec::new(),
        };
        let one = outcome(1, 1, 1, 0);
        assert!(one.is_like(&outcome(1, 1, 1, 9)), "where a crash falls is not seen");
        for other in [outcome(2, 1, 1, 0), outcome(1, 2, 1, 0), outcome(1, 1, 2, 0)] {
            assert!(!one.is_like(&other), "{other:?}");
        }
    }
}
