//! States of the whole, as tuples of numbers, and what may happen next in each.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::actor::{Actors, Deed, Happening, Outcome};
use super::calendar::{Calendar, Item};
use crate::engine::decision::{Chance, Topic};
use crate::engine::distribution::Distribution;
use crate::engine::interleaving::intern::{Interner, Memo};
use crate::engine::interleaving::{Found, Watch};
use crate::engine::rng::Stream;
use crate::engine::setup::{ChannelOrder, FromDead, Setup, ToDead};
use crate::model::{Process, ProcessId};

/// Every schedule of a setup in virtual time: from each state, what may come next, and the states after that.
///
/// A state is a tuple of numbers: one for each process, one for all that is pending, and one for what belongs to no
/// process. What a step comes to is found out once for each state of a process and each event.
pub(crate) struct Space<P: Process, W: Watch<P>> {
    pub(super) setup: Arc<Setup<P>>,
    /// Whether states are weighed.
    weighs: bool,
    links: BTreeMap<(ProcessId, ProcessId), Distribution>,
    actors: Actors<P, W>,
    /// By actor.
    facts: Vec<W::Facts>,
    calendars: Interner<Calendar>,
    /// What the calendars own, in bytes.
    owned: usize,
    globals: Interner<Global<W::Global>>,
    outcomes: Vec<Outcome<W::Shown>>,
    /// By actor and event: the first outcome, and how many there are.
    steps: Memo<(u32, Happening), (u32, u32)>,
    /// By actor and whether it comes back: after a crash.
    crashes: Memo<(u32, bool), u32>,
}

/// What belongs to no process.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Global<G> {
    /// How many crashes each group has left.
    pub(super) crashes: Vec<u32>,
    /// Who is down, in the order of their crashes.
    pub(super) down: Vec<u16>,
    window: Window,
    pub(super) watch: G,
}

/// Who may crash before time goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Window {
    /// A step was made: anyone.
    Step,
    /// The tick begins, and the crashes of its beginning come by the ids of their victims: from this one on.
    Tick { from: u16 },
    /// Nobody.
    Closed,
}

/// A state that is being made.
#[derive(Clone, Debug)]
pub(super) struct Draft<G> {
    pub(super) actors: Vec<u32>,
    pub(super) calendar: Calendar,
    pub(super) global: Global<G>,
}

/// What happens between two states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// A process handles an event; it crashes after so many effects.
    Step { process: u16, event: Happening, cut: Option<u32> },
    /// Nothing that is a step.
    Aside,
    /// A process crashes: at the beginning of the tick, or after the last step.
    Crash { victim: u16, at_beginning: bool },
}

/// What may come next.
pub(crate) struct Next<'a> {
    pub(crate) tuple: &'a [u32],
    /// How many ticks pass before.
    pub(crate) passed: u64,
    pub(crate) what: What,
    pub(crate) found: Option<Found>,
    /// The decisions of it, but for a crash.
    pub(crate) said: &'a dyn Fn() -> Vec<(Topic, u64)>,
}

/// Who is told of what may come next; whether it wants to hear more.
pub(crate) type Sink<'a> = &'a mut dyn FnMut(Next<'_>) -> bool;

impl<P: Process, W: Watch<P>> Space<P, W> {
    pub(crate) fn new(setup: Arc<Setup<P>>, watch: W, weighs: bool) -> Self {
        let links = setup.network.links.iter().map(|link| ((link.from, link.to), link.delay_ticks)).collect();
        Self {
            actors: Actors::new(&setup, watch),
            setup,
            weighs,
            links,
            facts: Vec::new(),
            calendars: Interner::default(),
            owned: 0,
            globals: Interner::default(),
            outcomes: Vec::new(),
            steps: Memo::default(),
            crashes: Memo::default(),
        }
    }

    /// How many processes there are.
    pub(crate) fn count(&self) -> usize {
        self.setup.processes as usize
    }

    /// What the numbers stand for takes so many bytes, at a guess for what values own.
    pub(crate) fn bytes(&self) -> usize {
        const OWNED: usize = 100;
        let outcomes = self.outcomes.len() * (size_of::<Outcome<W::Shown>>() + OWNED);
        let facts = self.facts.len() * size_of::<W::Facts>();
        self.actors.bytes()
            + self.calendars.bytes()
            + self.owned
            + self.globals.bytes()
            + (outcomes + facts + self.steps.bytes() + self.crashes.bytes())
    }

    /// The state before the start: everyone is about to, and then their applications are.
    pub(crate) fn before(&mut self) -> Vec<u32> {
        let ids = || ProcessId::all(self.setup.processes).map(|process| process.get() as u16);
        let mut calendar = Calendar::default();
        ids().for_each(|process| calendar.put(0, Item::Start { process }));
        ids().for_each(|process| calendar.put(0, Item::Begin { process }));
        let crashes = self.setup.faults.random.iter().map(|group| group.up_to).collect();
        let global = Global { crashes, down: Vec::new(), window: Window::Closed, watch: W::Global::default() };
        let actors = ProcessId::all(self.setup.processes).map(|process| self.actors.before(process)).collect();
        self.learn_facts();
        self.tuple(Draft { actors, calendar, global })
    }

    pub(super) fn tuple(&mut self, draft: Draft<W::Global>) -> Vec<u32> {
        let Draft { actors: mut tuple, calendar, global } = draft;
        let (known, bytes) = (self.calendars.len(), calendar.bytes());
        tuple.push(self.calendars.intern(calendar));
        if self.calendars.len() > known {
            self.owned += bytes;
        }
        tuple.push(self.globals.intern(global));
        tuple
    }

    pub(super) fn draft(&self, tuple: &[u32]) -> Draft<W::Global> {
        let count = self.count();
        let calendar = self.calendars.get(tuple[count]).clone();
        Draft { actors: tuple[..count].to_vec(), calendar, global: self.globals.get(tuple[count + 1]).clone() }
    }

    fn learn_facts(&mut self) {
        for actor in self.facts.len()..self.actors.len() {
            self.facts.push(self.actors.facts(actor as u32));
        }
    }

    /// What others must know of each process.
    pub(crate) fn facts(&self, tuple: &[u32]) -> Vec<&W::Facts> {
        tuple[..self.count()].iter().map(|&actor| &self.facts[actor as usize]).collect()
    }

    /// The state of each process that is up.
    #[cfg(test)]
    pub(crate) fn states(&self, tuple: &[u32]) -> Vec<Option<P>> {
        tuple[..self.count()].iter().map(|&actor| self.actors.state(actor).cloned()).collect()
    }

    pub(super) fn is_up(&self, actor: u32) -> bool {
        self.actors.state(actor).is_some()
    }

    pub(crate) fn watch(&self) -> &W {
        &self.actors.watch
    }

    pub(crate) fn message(&self, number: u32) -> &P::Message {
        self.actors.messages.get(number)
    }

    pub(crate) fn timer(&self, number: u32) -> &P::Timer {
        self.actors.timers.get(number)
    }

    pub(crate) fn requested(&self, number: u32) -> &P::Request {
        self.actors.requests.get(number)
    }

    /// The process of this actor after a crash.
    pub(super) fn crashed(&mut self, actor: u32, comes_back: bool) -> u32 {
        if let Some(known) = self.crashes.get(&(actor, comes_back)) {
            return known;
        }
        let crashed = self.actors.crash(actor, comes_back);
        self.learn_facts();
        self.crashes.insert((actor, comes_back), crashed);
        crashed
    }

    /// Tells all that may come next, the next event first, until no more is wanted. False if that came first.
    pub(crate) fn successors(&mut self, tuple: &[u32], sink: Sink<'_>) -> bool {
        let draft = self.draft(tuple);
        self.next_event(&draft, sink) && self.crashes_now(&draft, sink) && self.crashes_later(&draft, sink)
    }

    /// Whether nothing comes of it.
    fn is_idle(&self, item: Item, actors: &[u32]) -> bool {
        match item {
            Item::Doomed { .. } | Item::Gap { .. } => true,
            Item::Message { to: process, .. } | Item::Start { process } | Item::Begin { process } => {
                !self.is_up(actors[usize::from(process)])
            }
            _ => false,
        }
    }

    fn next_event(&mut self, before: &Draft<W::Global>, sink: Sink<'_>) -> bool {
        let mut draft = before.clone();
        let mut passed = 0;
        loop {
            let Some((after, item)) = draft.calendar.take() else { return true };
            passed += after;
            if !self.is_idle(item, &draft.actors) {
                return self.happen(item, passed, &draft, sink);
            }
        }
    }

    /// Crashes at the moment of the last event.
    fn crashes_now(&mut self, draft: &Draft<W::Global>, sink: Sink<'_>) -> bool {
        let (from, window) = match draft.global.window {
            Window::Step => (0, Window::Step),
            Window::Tick { from } => (from, draft.global.window),
            Window::Closed => return true,
        };
        self.strike(from, window, 0, draft, sink)
    }

    /// Crashes at the beginning of each tick up to that of the next event.
    fn crashes_later(&mut self, before: &Draft<W::Global>, sink: Sink<'_>) -> bool {
        if before.global.crashes.iter().all(|left| *left == 0) {
            return true;
        }
        let mut draft = before.clone();
        let mut passed = 0;
        loop {
            // Nothing comes of what is first, if its tick is over.
            while draft.calendar.first().is_some_and(|(after, item)| after == 0 && self.is_idle(item, &draft.actors)) {
                draft.calendar.take();
            }
            let first = draft.calendar.first();
            if first.is_some_and(|(after, _)| after == 0) {
                return true;
            }
            draft.calendar.pass(1);
            passed += 1;
            if !self.strike(0, Window::Tick { from: 0 }, passed, &draft, sink) {
                return false;
            }
            // When nothing is pending any more, one moment is as good as another.
            if first.is_none() {
                return true;
            }
        }
    }

    /// Whoever may crash does, each by itself.
    fn strike(&mut self, from: u16, window: Window, passed: u64, before: &Draft<W::Global>, sink: Sink<'_>) -> bool {
        for victim in from..self.count() as u16 {
            let is_up = self.is_up(before.actors[usize::from(victim)]);
            let Some(group) = self.armed(victim, &before.global.crashes).filter(|_| is_up) else { continue };
            let at_beginning = window != Window::Step;
            let mut chance = Chance::exhaustive_in_time();
            loop {
                let mut draft = before.clone();
                draft.global.window = if at_beginning { Window::Tick { from: victim + 1 } } else { window };
                self.crash(victim, group, &mut draft, &mut chance);
                let what = What::Crash { victim, at_beginning };
                if !self.tell(draft, passed, what, None, &|| chance.said(), sink) {
                    return false;
                }
                if !chance.turn() {
                    break;
                }
            }
        }
        true
    }

    /// Something comes up.
    fn happen(&mut self, item: Item, passed: u64, before: &Draft<W::Global>, sink: Sink<'_>) -> bool {
        let (process, event) = match item {
            Item::Start { process } => (process, Happening::Start),
            Item::Begin { process } => (process, Happening::Begin),
            Item::Message { from, to, message, .. } => (to, Happening::Message { from, message }),
            Item::Timer { process, timer } => (process, Happening::Timer { timer }),
            Item::Report { observer, of } => (observer, Happening::Report { of }),
            Item::Request { process, request } => (process, Happening::Request { request }),
            Item::Restart { process } => (process, Happening::Restart),
            Item::Doomed { .. } | Item::Gap { .. } => return true,
        };
        let (first, count) = self.step(before.actors[usize::from(process)], event);
        for index in first..first + count {
            let outcome = self.outcomes[index as usize].clone();
            let group = self.armed(process, &before.global.crashes);
            if outcome.cut.is_some() && group.is_none() {
                continue;
            }
            let mut chance = Chance::exhaustive_in_time();
            loop {
                let mut draft = before.clone();
                let found = self.perform(process, event, &outcome, &mut draft, &mut chance);
                if let (Some(_), Some(group)) = (outcome.cut, group) {
                    self.crash(process, group, &mut draft, &mut chance);
                }
                let what = if outcome.is_step { What::Step { process, event, cut: outcome.cut } } else { What::Aside };
                let said = || outcome.said.iter().cloned().chain(chance.said()).collect();
                if !self.tell(draft, passed, what, found, &said, sink) {
                    return false;
                }
                if !chance.turn() {
                    break;
                }
            }
        }
        true
    }

    fn step(&mut self, actor: u32, event: Happening) -> (u32, u32) {
        if let Some(known) = self.steps.get(&(actor, event)) {
            return known;
        }
        let first = self.outcomes.len() as u32;
        let outcomes = self.actors.step(actor, event);
        let range = (first, outcomes.len() as u32);
        self.outcomes.extend(outcomes);
        self.learn_facts();
        self.steps.insert((actor, event), range);
        range
    }

    /// What a step comes to, in one of all ways; returns what it violates.
    fn perform(
        &mut self,
        process: u16,
        event: Happening,
        outcome: &Outcome<W::Shown>,
        draft: &mut Draft<W::Global>,
        chance: &mut Chance,
    ) -> Option<Found> {
        draft.global.window = if outcome.is_step { Window::Step } else { Window::Closed };
        draft.actors[usize::from(process)] = outcome.actor;
        if event == Happening::Restart {
            draft.global.down.retain(|&other| other != process);
            // It is told of everyone who is down.
            for of in draft.global.down.clone() {
                self.report(process, of, draft, chance);
            }
        }
        for &deed in &outcome.deeds {
            match deed {
                Deed::Send { to, message } => self.send(process, to, message, draft, chance),
                Deed::Set { timer, after } => {
                    let item = Item::Timer { process, timer };
                    draft.calendar.replace(|other| (other != item).then_some(other));
                    draft.calendar.put(after, item);
                }
                Deed::Cancel { timer } => {
                    let item = Item::Timer { process, timer };
                    draft.calendar.replace(|other| (other != item).then_some(other));
                }
                Deed::Request { request, after } => draft.calendar.put(after, Item::Request { process, request }),
            }
        }
        if !outcome.shows {
            return outcome.panicked.clone();
        }
        let id = ProcessId::new(process.into());
        let (found, after) = self.watch().check(id, &outcome.shown, &self.facts(&draft.actors), &draft.global.watch);
        if let Some(watch) = after {
            draft.global.watch = watch;
        }
        outcome.panicked.clone().or(found)
    }

    fn send(&self, from: u16, to: u16, message: u32, draft: &mut Draft<W::Global>, chance: &mut Chance) {
        let (sender, receiver) = (ProcessId::new(from.into()), ProcessId::new(to.into()));
        let network = &self.setup.network;
        let spread = self.links.get(&(sender, receiver)).unwrap_or(&network.delay_ticks);
        let topic = || Topic::Delay { from: sender, to: receiver };
        let mut after = chance.span(Stream::Network, spread, topic).get();
        if network.to_dead == ToDead::Connection && !self.is_up(draft.actors[usize::from(to)]) {
            return;
        }
        let is_fifo = network.order == ChannelOrder::Fifo;
        if is_fifo {
            after = after.max(draft.calendar.last_arrival(from, to));
        }
        let is_ranked = !is_fifo && network.from_dead == FromDead::Prefix;
        let rank = if is_ranked { draft.calendar.in_flight(from, to) } else { 0 };
        draft.calendar.put(after, Item::Message { from, to, message, rank });
    }

    fn tell(
        &mut self,
        draft: Draft<W::Global>,
        passed: u64,
        what: What,
        found: Option<Found>,
        said: &dyn Fn() -> Vec<(Topic, u64)>,
        sink: Sink<'_>,
    ) -> bool {
        let found = found.or_else(|| self.weigh(&draft));
        let tuple = self.tuple(draft);
        sink(Next { tuple: &tuple, passed, what, found, said })
    }

    /// What is wrong with the weight of a state.
    fn weigh(&self, draft: &Draft<W::Global>) -> Option<Found> {
        if !self.weighs {
            return None;
        }
        let weight = |(process, &actor): (usize, &u32)| {
            let Some(state) = self.actors.state(actor) else { return 0 };
            let mut flight = Vec::new();
            for item in draft.calendar.items() {
                if let Item::Message { from, to, message, .. } = item {
                    if usize::from(to) == process {
                        flight.push((ProcessId::new(from.into()), self.message(message)));
                    }
                }
            }
            self.watch().weigh(state, &flight)
        };
        let weights: Vec<u32> = draft.actors.iter().enumerate().map(weight).collect();
        (weights.iter().sum::<u32>() > 1).then(|| self.watch().overweight(&weights))
    }
}
