//! States that differ only in where counters have got to are one.

use hashbrown::HashTable;

use super::inbox::{Inbox, REPORT};
use super::intern::{Interner, hash_of};
use super::learn::Unknown;
use super::node::{Life, Node, Nodes};
use super::space::Space;
use super::watch::Watch;
use crate::model::{Counters, Family, Part, Process, ProcessId};

/// A counter, as a process shows it: its family, then its value, then whether it is added to. Those of one family are
/// in the order of their values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Shown(u128);

impl Shown {
    fn new(family: u32, value: i64, shift: bool) -> Self {
        Self(
            u128::from(family) << 65
                | u128::from(u64::from_ne_bytes(value.to_ne_bytes()) ^ 1 << 63) << 1
                | u128::from(shift),
        )
    }

    #[inline]
    fn family(self) -> u64 {
        (self.0 >> 65) as u64
    }

    #[inline]
    fn value(self) -> i64 {
        i64::from_ne_bytes(((self.0 >> 1) as u64 ^ 1 << 63).to_ne_bytes())
    }

    #[inline]
    fn shift(self) -> bool {
        self.0 & 1 == 1
    }
}

/// What was found out about counters.
#[derive(Clone, Debug, Default)]
pub(super) struct Canon {
    pub(super) has_counters: bool,
    families: Interner<Family>,
    nodes: Renamed,
    inboxes: Renamed,
}

impl Canon {
    pub(super) fn bytes(&self) -> usize {
        self.nodes.bytes() + self.inboxes.bytes()
    }
}

/// Components by their number and the new values of their counters.
#[derive(Clone, Debug, Default)]
struct Renamed {
    known: HashTable<(u32, Vec<i64>, u32)>,
    values: usize,
}

impl Renamed {
    #[inline]
    fn get(&self, number: u32, values: &[i64]) -> Option<u32> {
        let is_it = |(other, old, _): &(u32, Vec<i64>, u32)| *other == number && old == values;
        self.known.find(hash_of(&(number, values)), is_it).map(|(.., renamed)| *renamed)
    }

    fn insert(&mut self, number: u32, values: Vec<i64>, renamed: u32) {
        self.values += values.len();
        let hash = hash_of(&(number, &values[..]));
        let rehash = |(number, values, _): &(u32, Vec<i64>, u32)| hash_of(&(*number, &values[..]));
        self.known.insert_unique(hash, (number, values, renamed), rehash);
    }

    fn bytes(&self) -> usize {
        self.known.allocation_size() + self.values * size_of::<i64>()
    }
}

/// Another form of a component that is to be found out.
#[derive(Clone, Debug)]
pub(crate) struct Renaming {
    is_node: bool,
    number: u32,
    values: Vec<i64>,
}

/// Memory for bringing states into their canonical form.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counted {
    all: Vec<Shown>,
    /// The new value of each.
    new: Vec<i64>,
    values: Vec<i64>,
    /// Other forms of a state.
    pub(super) forms: Vec<u32>,
}

impl Counted {
    /// Finds the new values of all counters; returns whether any differs from its old one.
    ///
    /// The counters of a family that are added to begin at the least possible number; what is less than all of them is
    /// put right below, in order, and the least is 0. So is a family that has no others.
    fn rename(&mut self) -> bool {
        self.all.sort_unstable();
        self.all.dedup();
        self.new.clear();
        let mut changes = false;
        for family in self.all.chunk_by(|one, other| one.family() == other.family()) {
            let least = family.iter().find(|shown| shown.shift()).map(|shown| shown.value());
            let (mut below, mut last) = (0, None);
            for shown in family {
                let value = shown.value();
                let is_below = least.is_none_or(|least| value < least);
                if is_below && last != Some(value) {
                    below += 1;
                    last = Some(value);
                }
                let new = if is_below { below - 1 } else { value - least.unwrap_or(0) + below };
                changes |= new != value;
                self.new.push(new);
            }
        }
        changes
    }

    /// The new values of the counters of a component, if any is new.
    fn new_values(&mut self, counters: &[Shown]) -> Option<&[i64]> {
        self.values.clear();
        let mut is_new = false;
        for shown in counters {
            let index = self.all.binary_search(shown).expect("every counter of the state was gathered");
            is_new |= self.new[index] != shown.value();
            self.values.push(self.new[index]);
        }
        is_new.then_some(&self.values)
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
        let mut counted = Counted::default();
        while let Err(unknown) = self.known_normal(tuple, &mut counted) {
            self.find_out(unknown);
        }
    }

    /// Whether a state may have other forms than its canonical one.
    pub(crate) fn has_forms(&self) -> bool {
        self.canon.has_counters || self.is_symmetric()
    }

    /// Puts a state into its canonical form, if all that it takes is known; else it is as it was.
    pub(crate) fn known_normal(&self, tuple: &mut [u32], counted: &mut Counted) -> Result<(), Unknown<W::Global>> {
        if self.is_symmetric() {
            return self.least(tuple, &mut counted.forms);
        }
        if self.canon.has_counters { self.counted(tuple, counted) } else { Ok(()) }
    }

    fn counted(&self, tuple: &mut [u32], counted: &mut Counted) -> Result<(), Unknown<W::Global>> {
        counted.all.clear();
        for pair in tuple.chunks_exact(2) {
            counted.all.extend_from_slice(&self.about[pair[0] as usize].counters);
            counted.all.extend_from_slice(&self.mail[pair[1] as usize].counters);
        }
        if !counted.rename() {
            return Ok(());
        }
        // All or nothing: what was renamed already has other counters.
        let parts = tuple.len() - 1;
        for (place, &number) in tuple[..parts].iter().enumerate() {
            self.renamed(place, number, counted)?;
        }
        for (place, number) in tuple[..parts].iter_mut().enumerate() {
            *number = self.renamed(place, *number, counted)?;
        }
        Ok(())
    }

    #[inline]
    fn renamed(&self, place: usize, number: u32, counted: &mut Counted) -> Result<u32, Unknown<W::Global>> {
        let is_node = place % 2 == 0;
        let (counters, known) = if is_node {
            (&self.about[number as usize].counters, &self.canon.nodes)
        } else {
            (&self.mail[number as usize].counters, &self.canon.inboxes)
        };
        let Some(values) = counted.new_values(counters) else { return Ok(number) };
        let unknown = || Unknown::Renamed(Renaming { is_node, number, values: values.to_vec() });
        known.get(number, values).ok_or_else(unknown)
    }

    pub(super) fn rename(&mut self, renaming: Renaming) {
        let Renaming { is_node, number, values } = renaming;
        let mut new = values.iter().copied();
        if is_node {
            let mut renamed = self.nodes.all.get(number).clone();
            self.nodes.show_node(&mut renamed, &mut |_, _, old| new.next().unwrap_or(old));
            let renamed = self.nodes.all.intern(renamed);
            self.learn();
            self.canon.nodes.insert(number, values, renamed);
        } else {
            let old = self.inboxes.get(number);
            let mut renamed = Inbox::new(old.to);
            for (from, items) in old.channels() {
                for &item in items {
                    let item = self.nodes.show_message(*from, old.to, item, &mut |_, _, old| new.next().unwrap_or(old));
                    renamed.push(*from, item, self.orders);
                }
            }
            let renamed = self.inboxes.intern(renamed);
            self.learn();
            self.canon.inboxes.insert(number, values, renamed);
        }
    }
}

type See<'a> = &'a mut dyn FnMut(Family, bool, i64) -> i64;

impl<P: Process, W: Watch<P>> Nodes<P, W> {
    /// The counters of a process that is up, and of what it has stored.
    pub(super) fn counters_of_node(&self, node: &Node<P, W::Local>, canon: &mut Canon) -> Vec<Shown> {
        let mut shown = Vec::new();
        let mut see = |family, shift, value| {
            shown.push(Shown::new(canon.families.intern(family), value, shift));
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

    pub(super) fn counters_of_inbox(&self, inbox: &Inbox, canon: &mut Canon) -> Vec<Shown> {
        let mut shown = Vec::new();
        let mut see = |family, shift, value| {
            shown.push(Shown::new(canon.families.intern(family), value, shift));
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
