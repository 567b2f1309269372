//! States that differ only in where counters have got to are one.

use super::inbox::{Inbox, REPORT};
use super::intern::Memo;
use super::node::{Life, Node, Nodes};
use super::space::Space;
use super::watch::Watch;
use crate::model::{Counters, Family, Part, Process, ProcessId};

/// A counter, as a process shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Shown {
    family: Family,
    value: i64,
    shift: bool,
}

/// What was found out about counters.
#[derive(Clone, Debug, Default)]
pub(super) struct Canon {
    pub(super) has_counters: bool,
    /// By node, or inbox, and the new values of its counters.
    nodes: Memo<(u32, Vec<i64>), u32>,
    inboxes: Memo<(u32, Vec<i64>), u32>,
    all: Vec<Shown>,
    /// Each value, its new one beside it.
    renamed: Vec<(Shown, i64)>,
}

impl Canon {
    /// Finds the new values of all counters; returns whether any differs from its old one.
    ///
    /// The counters of a family that are added to begin at the least possible number; what is less than all of them is
    /// put right below, in order, and the least is 0. So is a family that has no others.
    fn rename(&mut self) -> bool {
        self.all.sort_unstable();
        self.all.dedup();
        self.renamed.clear();
        let mut changes = false;
        for family in self.all.chunk_by(|one, other| one.family == other.family) {
            let least = family.iter().filter(|shown| shown.shift).map(|shown| shown.value).min();
            let is_below = |shown: &Shown| least.is_none_or(|least| shown.value < least);
            let (mut below, mut last) = (0, None);
            for shown in family {
                if is_below(shown) && last != Some(shown.value) {
                    below += 1;
                    last = Some(shown.value);
                }
                let new = if is_below(shown) { below - 1 } else { shown.value - least.unwrap_or(0) + below };
                changes |= new != shown.value;
                self.renamed.push((*shown, new));
            }
        }
        changes
    }

    fn new_value(&self, shown: &Shown) -> i64 {
        let index = self.renamed.binary_search_by_key(shown, |(shown, _)| *shown);
        self.renamed[index.expect("every counter of the state was gathered")].1
    }

    fn new_values(&self, counters: &[Shown]) -> Option<Vec<i64>> {
        let is_new = |shown: &Shown| self.new_value(shown) != shown.value;
        counters.iter().any(is_new).then(|| counters.iter().map(|shown| self.new_value(shown)).collect())
    }
}

impl<P: Process, W: Watch<P>> Space<P, W> {
    /// Whether timers of a process have counters.
    pub(crate) fn has_timers_with_counters(&self) -> bool {
        self.nodes.have_timers_counters()
    }

    /// Whether processes show counters.
    pub(crate) fn has_counters(&self) -> bool {
        self.canon.has_counters
    }

    /// Puts a state into its canonical form.
    pub(crate) fn normalise(&mut self, tuple: &mut [u32]) {
        if !self.canon.has_counters {
            return;
        }
        self.canon.all.clear();
        for pair in tuple.chunks_exact(2) {
            self.canon.all.extend_from_slice(&self.about[pair[0] as usize].counters);
            self.canon.all.extend_from_slice(&self.mail[pair[1] as usize].counters);
        }
        if !self.canon.rename() {
            return;
        }
        for pair in tuple.chunks_exact_mut(2) {
            if let Some(values) = self.canon.new_values(&self.about[pair[0] as usize].counters) {
                pair[0] = self.renamed_node(pair[0], values);
            }
            if let Some(values) = self.canon.new_values(&self.mail[pair[1] as usize].counters) {
                pair[1] = self.renamed_inbox(pair[1], values);
            }
        }
    }

    fn renamed_node(&mut self, node: u32, values: Vec<i64>) -> u32 {
        let key = (node, values);
        if let Some(known) = self.canon.nodes.get(&key) {
            return known;
        }
        let mut renamed = self.nodes.all.get(node).clone();
        let mut values = key.1.iter().copied();
        self.nodes.show_node(&mut renamed, &mut |_, _, old| values.next().unwrap_or(old));
        let renamed = self.nodes.all.intern(renamed);
        self.learn();
        self.canon.nodes.insert(key, renamed);
        renamed
    }

    fn renamed_inbox(&mut self, inbox: u32, values: Vec<i64>) -> u32 {
        let key = (inbox, values);
        if let Some(known) = self.canon.inboxes.get(&key) {
            return known;
        }
        let old = self.inboxes.get(inbox);
        let mut renamed = Inbox::new(old.to);
        let mut values = key.1.iter().copied();
        for (from, items) in old.channels() {
            for &item in items {
                let new = self.nodes.show_message(*from, old.to, item, &mut |_, _, old| values.next().unwrap_or(old));
                renamed.push(*from, new, self.orders);
            }
        }
        let renamed = self.inboxes.intern(renamed);
        self.learn();
        self.canon.inboxes.insert(key, renamed);
        renamed
    }
}

type See<'a> = &'a mut dyn FnMut(Family, bool, i64) -> i64;

impl<P: Process, W: Watch<P>> Nodes<P, W> {
    /// The counters of a process that is up, and of what it has stored.
    pub(super) fn counters_of_node(&self, node: &Node<P, W::Local>) -> Vec<Shown> {
        let mut shown = Vec::new();
        let mut see = |family, shift, value| {
            shown.push(Shown { family, value, shift });
            value
        };
        let mut node = node.clone();
        let process = ProcessId::new(node.process.into());
        for timer in &node.timers {
            P::counters(Part::Timer(process, &mut self.timers.get(*timer).clone()), &mut Counters::new(&mut see));
        }
        show_state(&mut node, &mut see);
        shown
    }

    fn have_timers_counters(&self) -> bool {
        let mut any = false;
        let mut see = |_, _, value| {
            any = true;
            value
        };
        for node in (0..self.all.len()).map(|number| self.all.get(number as u32)) {
            let process = ProcessId::new(node.process.into());
            for timer in &node.timers {
                let mut timer = self.timers.get(*timer).clone();
                P::counters(Part::Timer(process, &mut timer), &mut Counters::new(&mut see));
            }
        }
        any
    }

    pub(super) fn counters_of_inbox(&self, inbox: &Inbox) -> Vec<Shown> {
        let mut shown = Vec::new();
        let mut see = |family, shift, value| {
            shown.push(Shown { family, value, shift });
            value
        };
        for (from, items) in inbox.channels() {
            for &item in items.iter().filter(|&&item| item != REPORT) {
                let mut message = self.messages.get(item).clone();
                let (from, to) = (ProcessId::new((*from).into()), ProcessId::new(inbox.to.into()));
                P::counters(Part::Message { from, to, message: &mut message }, &mut Counters::new(&mut see));
            }
        }
        shown
    }

    /// Shows all counters of a node, in the order in which they are listed.
    fn show_node(&mut self, node: &mut Node<P, W::Local>, see: See<'_>) {
        let process = ProcessId::new(node.process.into());
        for timer in &mut node.timers {
            let mut changed = self.timers.get(*timer).clone();
            P::counters(Part::Timer(process, &mut changed), &mut Counters::new(see));
            *timer = self.timers.intern(changed);
        }
        node.timers.sort_unstable();
        show_state(node, see);
    }

    fn show_message(&mut self, from: u16, to: u16, item: u32, see: See<'_>) -> u32 {
        if item == REPORT {
            return REPORT;
        }
        let mut message = self.messages.get(item).clone();
        let (from, to) = (ProcessId::new(from.into()), ProcessId::new(to.into()));
        P::counters(Part::Message { from, to, message: &mut message }, &mut Counters::new(see));
        self.messages.intern(message)
    }
}

fn show_state<P: Process, L>(node: &mut Node<P, L>, see: See<'_>) {
    let process = ProcessId::new(node.process.into());
    P::counters(Part::Stable(process, &mut node.stable), &mut Counters::new(see));
    if let Life::Up(state) = &mut node.life {
        P::counters(Part::State(process, state), &mut Counters::new(see));
    }
}
