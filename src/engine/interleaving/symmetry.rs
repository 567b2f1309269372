//! States that differ only in which of some interchangeable processes is which are one.
//!
//! A state stands for all those that come from it by another order of the interchangeable processes: the least of them
//! by the numbers of its parts. That is sound only if processes do the same under other names. It is not believed but
//! seen to: whenever it is found out what an event comes to, it is found out under each other naming too.

use super::inbox::{Inbox, REPORT};
use super::intern::Memo;
use super::learn::Unknown;
use super::node::{Life, Local, Node, Outcome};
use super::space::Space;
use super::watch::Watch;
use crate::model::{Part, Process, ProcessId, Relabelling};

/// The orders that interchangeable processes can have, and what parts of states are in each.
#[derive(Clone, Debug, Default)]
pub(super) struct Symmetry {
    /// The id that each process gets, in every way but the one that changes nothing.
    ways: Vec<Vec<ProcessId>>,
    nodes: Memo<(u32, u32), u32>,
    inboxes: Memo<(u32, u32), u32>,
    globals: Memo<(u32, u32), u32>,
    /// What is not the same under another naming.
    broken: Option<String>,
}

impl Symmetry {
    pub(super) fn bytes(&self) -> usize {
        self.nodes.bytes() + self.inboxes.bytes() + self.globals.bytes()
    }
}

/// A part of a state that is to be found out under another naming.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Moved {
    Node { node: u32, way: u32 },
    Inbox { inbox: u32, way: u32 },
    Global { global: u32, way: u32 },
}

/// All orders of some things.
fn orders(of: &[ProcessId]) -> Vec<Vec<ProcessId>> {
    let mut all = vec![Vec::new()];
    for (length, &one) in of.iter().enumerate() {
        let longer = |order: &Vec<ProcessId>| {
            let order = order.clone();
            (0..=length).map(move |place| {
                let mut order = order.clone();
                order.insert(place, one);
                order
            })
        };
        all = all.iter().flat_map(longer).collect();
    }
    all
}

impl<P: Process, W: Watch<P>> Space<P, W> {
    /// From now on these processes are not told apart.
    pub(crate) fn interchange(&mut self, processes: &[ProcessId]) {
        let way = |order: Vec<ProcessId>| {
            let mut way: Vec<ProcessId> = ProcessId::all(self.setup.processes).collect();
            for (old, new) in processes.iter().zip(order) {
                way[old.index()] = new;
            }
            way
        };
        let changes = |way: &Vec<ProcessId>| way.iter().enumerate().any(|(old, new)| old != new.index());
        self.symmetry.ways = orders(processes).into_iter().map(way).filter(changes).collect();
    }

    /// What is not the same under another naming, though it was to be.
    pub(crate) fn asymmetry(&self) -> Option<&str> {
        let counts = self.is_symmetric() && self.has_counters();
        counts.then_some("states have counters that only grow").or(self.symmetry.broken.as_deref())
    }

    /// Two processes under every naming.
    pub(super) fn renamings(&self, one: u16, other: u16) -> impl Iterator<Item = (usize, usize)> + use<P, W> {
        let (one, other) = (usize::from(one), usize::from(other));
        let renamed: Vec<_> = self.symmetry.ways.iter().map(|way| (way[one].index(), way[other].index())).collect();
        renamed.into_iter().chain([(one, other)])
    }

    pub(super) fn is_symmetric(&self) -> bool {
        !self.symmetry.ways.is_empty()
    }

    /// Puts a state into the least of its forms, if all that it takes is known; else it is as it was.
    pub(super) fn least(&self, tuple: &mut [u32], work: &mut Vec<u32>) -> Result<(), Unknown<W::Global>> {
        let length = tuple.len();
        work.clear();
        work.resize(2 * length, 0);
        let (best, form) = work.split_at_mut(length);
        best.copy_from_slice(tuple);
        for (number, way) in self.symmetry.ways.iter().enumerate() {
            let key = |part: u32| (part, number as u32);
            for (process, pair) in tuple.chunks_exact(2).enumerate() {
                let to = way[process].index();
                form[2 * to] = self
                    .symmetry
                    .nodes
                    .get(&key(pair[0]))
                    .ok_or_else(|| Unknown::Moved(Moved::Node { node: pair[0], way: number as u32 }))?;
                form[2 * to + 1] = self
                    .symmetry
                    .inboxes
                    .get(&key(pair[1]))
                    .ok_or_else(|| Unknown::Moved(Moved::Inbox { inbox: pair[1], way: number as u32 }))?;
            }
            let global = tuple[length - 1];
            form[length - 1] = self
                .symmetry
                .globals
                .get(&key(global))
                .ok_or_else(|| Unknown::Moved(Moved::Global { global, way: number as u32 }))?;
            if *form < *best {
                best.copy_from_slice(form);
            }
        }
        tuple.copy_from_slice(best);
        Ok(())
    }

    pub(super) fn find_moved(&mut self, moved: Moved) {
        match moved {
            Moved::Node { node, way } => {
                self.moved_node(node, way);
            }
            Moved::Inbox { inbox, way } => self.find_moved_inbox(inbox, way),
            Moved::Global { global, way } => {
                let mut renamed = self.globals.get(global).clone();
                let ids = Relabelling::new(&self.symmetry.ways[way as usize]);
                self.nodes.watch.relabel_global(&mut renamed.watch, &ids);
                let renamed = self.globals.intern(renamed);
                self.symmetry.globals.insert((global, way), renamed);
            }
        }
    }

    /// A process under another naming.
    fn moved_node(&mut self, number: u32, way: u32) -> u32 {
        if let Some(known) = self.symmetry.nodes.get(&(number, way)) {
            return known;
        }
        let ids = self.symmetry.ways[way as usize].clone();
        let ids = Relabelling::new(&ids);
        let mut node: Node<P, W::Local> = self.nodes.all.get(number).clone();
        let from = ProcessId::new(node.process.into());
        let to = ids.of(from);
        node.process = to.get() as u16;
        if let Life::Up(state) = &mut node.life {
            P::relabel(Part::State(from, state), &ids);
        }
        P::relabel(Part::Stable(from, &mut node.stable), &ids);
        for timer in &mut node.timers {
            *timer = self.moved_timer(from, *timer, &ids);
        }
        node.timers.sort_unstable();
        for request in &mut node.requests {
            *request = self.moved_request(from, *request, &ids);
        }
        node.requests.sort_unstable();
        self.nodes.watch.relabel(&mut node.local, from, to);
        let renamed = self.nodes.all.intern(node);
        self.learn();
        self.symmetry.nodes.insert((number, way), renamed);
        renamed
    }

    fn find_moved_inbox(&mut self, inbox: u32, way: u32) {
        let ids = self.symmetry.ways[way as usize].clone();
        let ids = Relabelling::new(&ids);
        let old = self.inboxes.get(inbox).clone();
        let to = ProcessId::new(old.to.into());
        let mut renamed = Inbox::new(ids.of(to).get() as u16);
        for (from, items) in old.channels() {
            let from = ProcessId::new((*from).into());
            for &item in items {
                let item = self.moved_message(from, to, item, &ids);
                renamed.push(ids.of(from).get() as u16, item, self.orders);
            }
        }
        let renamed = self.inboxes.intern(renamed);
        self.learn();
        self.symmetry.inboxes.insert((inbox, way), renamed);
    }

    fn moved_message(&mut self, from: ProcessId, to: ProcessId, item: u32, ids: &Relabelling<'_>) -> u32 {
        if item == REPORT {
            return REPORT;
        }
        let mut message = self.nodes.messages.get(item).clone();
        P::relabel(Part::Message { from, to, message: &mut message }, ids);
        self.nodes.messages.intern(message)
    }

    fn moved_timer(&mut self, at: ProcessId, timer: u32, ids: &Relabelling<'_>) -> u32 {
        let mut timer = self.nodes.timers.get(timer).clone();
        P::relabel(Part::Timer(at, &mut timer), ids);
        self.nodes.timers.intern(timer)
    }

    fn moved_request(&mut self, at: ProcessId, request: u32, ids: &Relabelling<'_>) -> u32 {
        let mut request = self.nodes.requests.get(request).clone();
        self.nodes.watch.relabel_request(&mut request, at, ids.of(at));
        self.nodes.requests.intern(request)
    }

    /// An event of this process under another naming.
    fn moved_event(&mut self, at: ProcessId, event: Local, ids: &Relabelling<'_>) -> Local {
        let id = |process: u16| ids.of(ProcessId::new(process.into())).get() as u16;
        match event {
            Local::Message { from, message } => {
                let message = self.moved_message(ProcessId::new(from.into()), at, message, ids);
                Local::Message { from: id(from), message }
            }
            Local::Timer { timer, counts } => Local::Timer { timer: self.moved_timer(at, timer, ids), counts },
            Local::Report { of } => Local::Report { of: id(of) },
            Local::Request { request } => Local::Request { request: self.moved_request(at, request, ids) },
            Local::Start | Local::Restart => event,
        }
    }

    /// Sees to it that an event comes to the same under every naming.
    pub(super) fn compare(&mut self, node: u32, event: Local, outcomes: &[Outcome<W::Shown>], looks: bool) {
        let at = ProcessId::new(self.nodes.all.get(node).process.into());
        if looks {
            self.symmetry.broken = Some(format!("{at} looks into its inbox"));
        }
        let can_crash = self.groups.iter().any(|group| group.among.contains(&at));
        let counts = |outcome: &&Outcome<W::Shown>| can_crash || !outcome.crashes;
        for way in 0..self.symmetry.ways.len() as u32 {
            let ids = self.symmetry.ways[way as usize].clone();
            let ids = Relabelling::new(&ids);
            let other = self.moved_node(node, way);
            let other_event = self.moved_event(at, event, &ids);
            let to = ids.of(at);
            let nothing = Inbox::new(to.get() as u16);
            let (found, _) = self.nodes.step(other, other_event, &nothing);
            let mut found: Vec<_> = found.iter().filter(counts).map(plain).collect();
            self.learn();
            let mut same = true;
            for outcome in outcomes.iter().filter(counts) {
                let mut renamed = outcome.clone();
                renamed.node = self.moved_node(outcome.node, way);
                for (to, message) in &mut renamed.sends {
                    let receiver = ProcessId::new((*to).into());
                    *message = self.moved_message(at, receiver, *message, &ids);
                    *to = ids.of(receiver).get() as u16;
                }
                self.nodes.watch.relabel_shown(&mut renamed.shown, &ids);
                let renamed = plain(&renamed);
                match found.iter().position(|other| *other == renamed) {
                    Some(index) => drop(found.swap_remove(index)),
                    None => same = false,
                }
            }
            if !same || !found.is_empty() {
                self.symmetry.broken = Some(format!("{at} and {to} would not do the same upon {event:?}"));
                return;
            }
        }
    }
}

/// An outcome without what is told in words, and with messages by receiver: to which of several it sends first, nobody
/// can tell.
fn plain<S: Clone>(outcome: &Outcome<S>) -> Outcome<S> {
    let mut outcome = outcome.clone();
    outcome.sends.sort_by_key(|(to, _)| *to);
    if let Some(panicked) = &mut outcome.panicked {
        panicked.processes.clear();
        panicked.explanation.clear();
    }
    outcome
}
