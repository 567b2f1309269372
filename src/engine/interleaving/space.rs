//! States of the whole, as tuples of numbers, and what may happen next in each.

use std::sync::Arc;

use super::Bounds;
use super::canonical::{Canon, Shown};
use super::inbox::{Inbox, Orders, REPORT};
use super::intern::{Interner, Memo};
use super::node::{Life, Local, Node, Nodes, Outcome};
use super::watch::{Found, Watch};
use crate::engine::setup::{ChannelOrder, Setup, ToDead};
use crate::model::{Process, ProcessId};

/// Every interleaving of a setup: from each state, the events that may come next, and the states after them.
///
/// A state is a tuple of numbers: for each process one for itself and one for what is in flight to it, then one for
/// what belongs to all. What a step comes to is found out once for each state of a process and each event, and looked
/// up from then on.
pub(crate) struct Space<P: Process, W: Watch<P>> {
    pub(super) setup: Arc<Setup<P>>,
    pub(super) bounds: Bounds,
    pub(super) groups: Vec<Group>,
    pub(super) orders: Orders,
    pub(super) nodes: Nodes<P, W>,
    /// Beside each node what is looked up of it in each state that it is in.
    pub(super) about: Vec<About<W::Facts>>,
    pub(super) inboxes: Interner<Inbox>,
    pub(super) mail: Vec<Mail>,
    pub(super) globals: Interner<Global<W::Global>>,
    pub(super) outcomes: Vec<Outcome<W::Shown>>,
    /// By node and event, and where a handler looks into its inbox, by that too.
    pub(super) steps: Memo<(u32, Local, u32), Range>,
    pushes: Memo<(u32, u16, u32), u32>,
    weights: Memo<(u32, u32), u32>,
    pub(super) canon: Canon,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Range {
    first: u32,
    count: u32,
    /// What the handler does depends on its inbox.
    looks: bool,
}

/// Processes of which so many may crash.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub(super) up_to: u32,
    pub(super) among: Vec<ProcessId>,
    pub(super) comes_back: bool,
}

/// What belongs to no process.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Global<G> {
    /// How many crashes each group has left.
    pub(super) crashes: Vec<u32>,
    losses: u32,
    duplicates: u32,
    pub(super) watch: G,
}

#[derive(Clone, Debug)]
pub(super) struct About<F> {
    pub(super) is_up: bool,
    comes_back: bool,
    fired: u32,
    timers: Vec<u32>,
    /// Each that is to be requested, once.
    requests: Vec<u32>,
    /// Whether one of them will be requested before long.
    hurries: bool,
    facts: F,
    pub(super) counters: Vec<Shown>,
}

#[derive(Clone, Debug)]
pub(super) struct Mail {
    /// The sender, the place in the channel, and the message.
    deliveries: Vec<(u16, u16, u32)>,
    reports: Vec<u16>,
    pub(super) counters: Vec<Shown>,
}

/// One event, as one state has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Move {
    /// A message is handled.
    Deliver { from: u16, to: u16, message: u32 },
    /// The network loses a message.
    Lose { from: u16, to: u16, message: u32 },
    /// A message is handled, and another copy of it is still to come.
    Repeat { from: u16, to: u16, message: u32 },
    /// A message arrives at a process that is down.
    Miss { from: u16, to: u16, message: u32 },
    /// The failure detector reports.
    Report { observer: u16, of: u16 },
    /// A timer fires, while something else could happen (`early`) or not.
    Fire { process: u16, timer: u32, early: bool },
    /// An application makes a request.
    Request { process: u16, request: u32 },
    /// A process crashes between two steps.
    Crash { process: u16 },
    /// A process comes back.
    Restart { process: u16 },
}

/// One successor of a state.
#[derive(Clone, Debug)]
pub(crate) struct Successor {
    pub(crate) event: Move,
    /// In its step, the process crashed.
    pub(crate) crashed: bool,
    pub(crate) found: Option<Found>,
}

/// The successors of one state, in memory that is used again.
#[derive(Clone, Debug, Default)]
pub(crate) struct Successors {
    tuples: Vec<u32>,
    pub(super) all: Vec<Successor>,
    /// Of which outcome each is, or of none; it may be shorter.
    pub(super) outcomes: Vec<Option<u32>>,
    pub(super) work: Vec<u32>,
}

impl Successors {
    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    pub(crate) fn get(&self, index: usize) -> (&[u32], &Successor) {
        let length = self.tuples.len() / self.all.len();
        (&self.tuples[index * length..(index + 1) * length], &self.all[index])
    }

    /// Those that have come since are of this outcome.
    fn belong_to(&mut self, outcome: Option<u32>) {
        self.outcomes.resize(self.all.len(), outcome);
    }

    pub(super) fn clear(&mut self) {
        self.tuples.clear();
        self.all.clear();
        self.outcomes.clear();
    }
}

impl<P: Process, W: Watch<P>> Space<P, W> {
    pub(crate) fn new(setup: Arc<Setup<P>>, watch: W, bounds: Bounds) -> Self {
        let drawn = setup.faults.random.iter().map(|random| Group {
            up_to: random.up_to,
            among: ProcessId::all(setup.processes).filter(|process| random.has(*process)).collect(),
            comes_back: random.down_ticks.is_some(),
        });
        let exact = setup.faults.crashes.iter().map(|crash| Group {
            up_to: 1,
            among: vec![crash.process],
            comes_back: crash.down_ticks.is_some(),
        });
        Self {
            groups: drawn.chain(exact).collect(),
            orders: Orders { channel: setup.network.order, report: setup.detector.order },
            nodes: Nodes::new(&setup, watch),
            setup,
            bounds,
            about: Vec::new(),
            inboxes: Interner::default(),
            mail: Vec::new(),
            globals: Interner::default(),
            outcomes: Vec::new(),
            steps: Memo::default(),
            pushes: Memo::default(),
            weights: Memo::default(),
            canon: Canon::default(),
        }
    }

    /// How many processes there are.
    pub(crate) fn count(&self) -> usize {
        self.setup.processes as usize
    }

    /// The length of a tuple.
    pub(crate) fn length(&self) -> usize {
        2 * self.count() + 1
    }

    /// What the numbers stand for takes so many bytes, at a guess for what values own.
    pub(crate) fn bytes(&self) -> usize {
        const OWNED: usize = 160;
        let values = self.nodes.all.len() + self.inboxes.len() + self.outcomes.len() + self.nodes.messages.len();
        self.nodes.all.bytes()
            + self.inboxes.bytes()
            + self.outcomes.capacity() * size_of::<Outcome<W::Shown>>()
            + (self.about.capacity() * size_of::<About<W::Facts>>() + self.mail.capacity() * size_of::<Mail>())
            + (self.steps.bytes() + self.pushes.bytes() + self.weights.bytes())
            + values * OWNED
    }

    /// The state before the start.
    pub(crate) fn before(&mut self) -> Vec<u32> {
        let mut tuple = Vec::new();
        for process in ProcessId::all(self.setup.processes) {
            tuple.push(self.nodes.before(process));
            tuple.push(self.inboxes.intern(Inbox::new(process.get() as u16)));
        }
        let crashes = self.groups.iter().map(|group| group.up_to).collect();
        let Bounds { losses, duplicates, .. } = self.bounds;
        tuple.push(self.globals.intern(Global { crashes, losses, duplicates, watch: W::Global::default() }));
        self.learn();
        tuple
    }

    /// The states after the start, in which the processes start one after the other; some may crash in it.
    pub(crate) fn roots(&mut self) -> Successors {
        let count = self.count();
        let mut started = vec![(self.before(), None)];
        let mut next = Successors::default();
        for process in 0..count {
            let mut all = Vec::new();
            for (tuple, found) in started {
                // Who crashed in another's start does not start.
                next.clear();
                next.work.clone_from(&tuple);
                self.happen(process, Local::Start, Move::Request { process: 0, request: 0 }, &tuple, &mut next);
                for index in 0..next.len() {
                    let (tuple, successor) = next.get(index);
                    all.push((tuple.to_vec(), found.clone().or_else(|| successor.found.clone())));
                }
            }
            started = all;
        }
        let mut roots = Successors::default();
        for (tuple, found) in started {
            roots.tuples.extend(tuple);
            let event = Move::Request { process: 0, request: 0 };
            roots.all.push(Successor { event, crashed: false, found });
        }
        roots
    }

    /// Whether a message, a report or a request that does not wait for anything is to come.
    pub(crate) fn hurries(&self, tuple: &[u32]) -> bool {
        (0..self.count()).any(|process| {
            let about = &self.about[tuple[2 * process] as usize];
            let mail = &self.mail[tuple[2 * process + 1] as usize];
            !mail.deliveries.is_empty() || about.is_up && (about.hurries || !mail.reports.is_empty())
        })
    }

    /// Whether the application at a process will request something before long.
    pub(crate) fn is_requested_soon(&self, tuple: &[u32], process: u16) -> bool {
        self.about[tuple[2 * usize::from(process)] as usize].hurries
    }

    /// The timers that are set, by process and number.
    pub(crate) fn timers<'a>(&'a self, tuple: &'a [u32]) -> impl Iterator<Item = (u16, u32)> + use<'a, P, W> {
        let of =
            |process: usize| self.about[tuple[2 * process] as usize].timers.iter().map(move |&t| (process as u16, t));
        (0..self.count()).flat_map(of)
    }

    pub(crate) fn is_fifo(&self) -> bool {
        self.orders.channel == ChannelOrder::Fifo
    }

    /// All that may come next, into `out`. With `free` timers, they may fire though something else is to come.
    pub(crate) fn successors(&mut self, tuple: &[u32], free: bool, out: &mut Successors) {
        out.clear();
        let hurries = self.hurries(tuple);
        for process in 0..self.count() {
            let is_up = self.about[tuple[2 * process] as usize].is_up;
            self.deliver(process, is_up, tuple, out);
            if is_up {
                self.report(process, tuple, out);
                self.request(process, tuple, out);
                if hurries {
                    self.fire(process, true, tuple, out);
                }
                if free || !hurries {
                    self.fire(process, false, tuple, out);
                }
                self.strike(process, tuple, out);
            } else if self.about[tuple[2 * process] as usize].comes_back {
                self.come_back(process, tuple, out);
            }
        }
    }

    fn deliver(&mut self, process: usize, is_up: bool, tuple: &[u32], out: &mut Successors) {
        let inbox = tuple[2 * process + 1];
        let global = self.globals.get(tuple[tuple.len() - 1]);
        let (loses, repeats) = (global.losses > 0, global.duplicates > 0);
        let to = process as u16;
        for index in 0..self.mail[inbox as usize].deliveries.len() {
            let (from, place, message) = self.mail[inbox as usize].deliveries[index];
            let rest = self.without(inbox, from, place);
            out.work.clear();
            out.work.extend_from_slice(tuple);
            out.work[2 * process + 1] = rest;
            if is_up {
                let event = Local::Message { from, message };
                self.happen(process, event, Move::Deliver { from, to, message }, tuple, out);
            } else {
                self.finish(Move::Miss { from, to, message }, false, None, tuple, out);
            }
            if loses {
                out.work.clear();
                out.work.extend_from_slice(tuple);
                out.work[2 * process + 1] = rest;
                self.spend(out, |global| global.losses -= 1);
                self.finish(Move::Lose { from, to, message }, false, None, tuple, out);
            }
            if repeats && is_up {
                out.work.clear();
                out.work.extend_from_slice(tuple);
                self.spend(out, |global| global.duplicates -= 1);
                let event = Local::Message { from, message };
                self.happen(process, event, Move::Repeat { from, to, message }, tuple, out);
            }
        }
    }

    fn report(&mut self, process: usize, tuple: &[u32], out: &mut Successors) {
        let inbox = tuple[2 * process + 1];
        for index in 0..self.mail[inbox as usize].reports.len() {
            let of = self.mail[inbox as usize].reports[index];
            out.work.clear();
            out.work.extend_from_slice(tuple);
            out.work[2 * process + 1] = self.without(inbox, of, 0);
            let event = Move::Report { observer: process as u16, of };
            self.happen(process, Local::Report { of }, event, tuple, out);
        }
    }

    fn request(&mut self, process: usize, tuple: &[u32], out: &mut Successors) {
        let node = tuple[2 * process] as usize;
        for index in 0..self.about[node].requests.len() {
            let request = self.about[node].requests[index];
            out.work.clear();
            out.work.extend_from_slice(tuple);
            let event = Move::Request { process: process as u16, request };
            self.happen(process, Local::Request { request }, event, tuple, out);
        }
    }

    /// Timers fire when nothing else is to come; before that, so many times a process.
    fn fire(&mut self, process: usize, early: bool, tuple: &[u32], out: &mut Successors) {
        let node = tuple[2 * process] as usize;
        let counts = early && self.bounds.early_timers.is_some();
        if counts && self.bounds.early_timers.is_some_and(|most| self.about[node].fired >= most) {
            return;
        }
        for index in 0..self.about[node].timers.len() {
            let timer = self.about[node].timers[index];
            out.work.clear();
            out.work.extend_from_slice(tuple);
            let event = Move::Fire { process: process as u16, timer, early };
            self.happen(process, Local::Timer { timer, counts }, event, tuple, out);
        }
    }

    fn spend(&mut self, out: &mut Successors, spend: impl FnOnce(&mut Global<W::Global>)) {
        let slot = out.work.len() - 1;
        let mut global = self.globals.get(out.work[slot]).clone();
        spend(&mut global);
        out.work[slot] = self.globals.intern(global);
    }

    /// A process makes a step from the tuple in `out.work`: every outcome of it is a successor of `tuple`.
    pub(super) fn happen(&mut self, process: usize, local: Local, event: Move, tuple: &[u32], out: &mut Successors) {
        let start = std::mem::take(&mut out.work);
        let range = self.steps_of(start[2 * process], local, start[2 * process + 1]);
        for index in range.first..range.first + range.count {
            out.belong_to(None);
            let crashes = self.outcomes[index as usize].crashes;
            let groups = if crashes { self.armed(process, start[start.len() - 1]) } else { Vec::new() };
            if crashes && groups.is_empty() {
                continue;
            }
            out.work.clear();
            out.work.extend_from_slice(&start);
            out.work[2 * process] = self.outcomes[index as usize].node;
            for send in 0..self.outcomes[index as usize].sends.len() {
                let (to, message) = self.outcomes[index as usize].sends[send];
                self.send(process as u16, to, message, &mut out.work);
            }
            let mut found = self.outcomes[index as usize].panicked.clone();
            if self.outcomes[index as usize].shows {
                found = found.or(self.check(process, index, &mut out.work));
            }
            if !crashes {
                self.finish(event, false, found, tuple, out);
                out.belong_to(Some(index));
                continue;
            }
            let work = out.work.clone();
            for group in groups {
                let first = out.all.len();
                self.crash(process, group, event, true, work.clone(), tuple, out);
                for successor in &mut out.all[first..] {
                    successor.found = found.clone().or(successor.found.take());
                }
            }
            out.belong_to(Some(index));
        }
        out.work = start;
    }

    fn steps_of(&mut self, node: u32, event: Local, inbox: u32) -> Range {
        let known = self.steps.get(&(node, event, u32::MAX));
        if let Some(range) = known.filter(|range| !range.looks) {
            return range;
        }
        if known.is_some() {
            if let Some(range) = self.steps.get(&(node, event, inbox)) {
                return range;
            }
        }
        let (outcomes, looks) = self.nodes.step(node, event, self.inboxes.get(inbox));
        let first = u32::try_from(self.outcomes.len()).expect("fewer than 2^32 outcomes");
        let range = Range { first, count: outcomes.len() as u32, looks };
        self.outcomes.extend(outcomes);
        self.learn();
        if looks {
            self.steps.insert((node, event, inbox), range);
        }
        if known.is_none() {
            self.steps.insert((node, event, u32::MAX), range);
        }
        range
    }

    fn send(&mut self, from: u16, to: u16, message: u32, tuple: &mut [u32]) {
        let receiver = &self.about[tuple[2 * usize::from(to)] as usize];
        let reaches = receiver.is_up || receiver.comes_back && self.setup.network.to_dead == ToDead::Datagram;
        if reaches {
            let slot = 2 * usize::from(to) + 1;
            tuple[slot] = self.with(tuple[slot], from, message);
        }
    }

    /// A step has shown something; returns what is violated.
    fn check(&mut self, process: usize, outcome: u32, tuple: &mut [u32]) -> Option<Found> {
        let slot = tuple.len() - 1;
        let global = self.globals.get(tuple[slot]);
        let facts: Vec<&W::Facts> =
            (0..self.count()).map(|process| &self.about[tuple[2 * process] as usize].facts).collect();
        let shown = &self.outcomes[outcome as usize].shown;
        let (found, changed) = self.nodes.watch.check(ProcessId::new(process as u32), shown, &facts, &global.watch);
        if let Some(watch) = changed {
            let changed = Global { watch, ..global.clone() };
            tuple[slot] = self.globals.intern(changed);
        }
        found
    }

    pub(super) fn with(&mut self, inbox: u32, from: u16, item: u32) -> u32 {
        if let Some(known) = self.pushes.get(&(inbox, from, item)) {
            return known;
        }
        let mut changed = self.inboxes.get(inbox).clone();
        changed.push(from, item, self.orders);
        let changed = self.inboxes.intern(changed);
        self.learn();
        self.pushes.insert((inbox, from, item), changed);
        changed
    }

    fn without(&mut self, inbox: u32, from: u16, place: u16) -> u32 {
        // Kept with the pushes, by the sender's number and a place that no sender can have.
        let key = (inbox, from | 1 << 15, u32::from(place));
        if let Some(known) = self.pushes.get(&key) {
            return known;
        }
        let mut changed = self.inboxes.get(inbox).clone();
        changed.remove(from, usize::from(place), self.orders);
        let changed = self.inboxes.intern(changed);
        self.learn();
        self.pushes.insert(key, changed);
        changed
    }

    /// The tuple in `out.work` is a successor of `tuple`.
    pub(super) fn finish(
        &mut self,
        event: Move,
        crashed: bool,
        mut found: Option<Found>,
        tuple: &[u32],
        out: &mut Successors,
    ) {
        if found.is_none() && self.bounds.weighs {
            let same = (0..2 * self.count()).all(|slot| out.work[slot] == tuple[slot]);
            if !same {
                found = self.weigh(&out.work);
            }
        }
        out.tuples.extend_from_slice(&out.work);
        out.all.push(Successor { event, crashed, found });
    }

    fn weigh(&mut self, tuple: &[u32]) -> Option<Found> {
        let mut sum = 0;
        for process in 0..self.count() {
            sum += self.weight(tuple[2 * process], tuple[2 * process + 1]);
        }
        if sum <= 1 {
            return None;
        }
        let weights: Vec<u32> =
            (0..self.count()).map(|process| self.weight(tuple[2 * process], tuple[2 * process + 1])).collect();
        Some(self.nodes.watch.overweight(&weights))
    }

    fn weight(&mut self, node: u32, inbox: u32) -> u32 {
        if let Some(known) = self.weights.get(&(node, inbox)) {
            return known;
        }
        let Nodes { all, messages, watch, .. } = &self.nodes;
        let mut flight = Vec::new();
        for (from, items) in self.inboxes.get(inbox).channels() {
            let from = ProcessId::new(u32::from(*from));
            flight.extend(items.iter().filter(|&&item| item != REPORT).map(|&item| (from, messages.get(item))));
        }
        let weight = match &all.get(node).life {
            Life::Up(state) => watch.weigh(state, &flight),
            Life::Down { .. } => 0,
        };
        self.weights.insert((node, inbox), weight);
        weight
    }

    /// Looks at the nodes and inboxes that are new.
    pub(super) fn learn(&mut self) {
        while self.about.len() < self.nodes.all.len() {
            let node = self.nodes.all.get(self.about.len() as u32);
            let about = self.look_at(node);
            self.canon.has_counters |= !about.counters.is_empty();
            self.about.push(about);
        }
        while self.mail.len() < self.inboxes.len() {
            let inbox = self.inboxes.get(self.mail.len() as u32);
            let message = |&(from, place): &(u16, usize)| (from, place as u16, inbox.channel(from)[place]);
            let deliveries = inbox.deliverable(self.orders).iter().map(message).collect();
            let counters = self.nodes.counters_of_inbox(inbox);
            self.canon.has_counters |= !counters.is_empty();
            self.mail.push(Mail { deliveries, reports: inbox.reportable(), counters });
        }
    }

    fn look_at(&self, node: &Node<P, W::Local>) -> About<W::Facts> {
        let watch = &self.nodes.watch;
        let state = match &node.life {
            Life::Up(state) => Some(state),
            Life::Down { .. } => None,
        };
        let mut requests = node.requests.clone();
        requests.dedup();
        About {
            is_up: state.is_some(),
            comes_back: matches!(node.life, Life::Down { comes_back: true }),
            fired: node.fired,
            timers: node.timers.clone(),
            hurries: !requests.is_empty() && !watch.may_put_off(&node.local),
            requests,
            facts: watch.facts(ProcessId::new(node.process.into()), state, &node.stable, &node.local),
            counters: self.nodes.counters_of_node(node),
        }
    }

    /// What others must know of each process.
    pub(crate) fn facts(&self, tuple: &[u32]) -> Vec<&W::Facts> {
        (0..self.count()).map(|process| &self.about[tuple[2 * process] as usize].facts).collect()
    }

    pub(crate) fn message(&self, number: u32) -> &P::Message {
        self.nodes.messages.get(number)
    }

    pub(crate) fn timer(&self, number: u32) -> &P::Timer {
        self.nodes.timers.get(number)
    }

    pub(crate) fn requested(&self, number: u32) -> &P::Request {
        self.nodes.requests.get(number)
    }

    pub(crate) fn watch(&self) -> &W {
        &self.nodes.watch
    }
}
