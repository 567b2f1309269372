//! States that differ only in where counters have got to are one.

use super::inbox::{Inbox, REPORT};
use super::intern::{Interner, Memo, hash_of};
use super::learn::Unknown;
use super::node::{Life, Node, Nodes};
use super::space::Space;
use super::watch::Watch;
use crate::model::{Counters, Family, Part, Process, ProcessId};

/// A counter, as a process shows it: its family, then its value, then whether it is added to. Those of one family are
/// in the order of their values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
    /// What components show; the number of what most show, which is nothing, is 0.
    shows: Interner<Vec<Shown>>,
    /// What each node shows, and each inbox.
    of_nodes: Vec<u32>,
    of_inboxes: Vec<u32>,
    /// New values for the counters of a component.
    changes: Interner<Vec<i64>>,
    /// Components with other counters: by their number and by that of the new values.
    nodes: Memo<(u32, u32), u32>,
    inboxes: Memo<(u32, u32), u32>,
}

impl Canon {
    pub(super) fn bytes(&self) -> usize {
        (self.of_nodes.capacity() + self.of_inboxes.capacity()) * size_of::<u32>()
            + (self.shows.bytes() + self.changes.bytes())
            + (self.nodes.bytes() + self.inboxes.bytes())
    }

    /// Of the next node, or inbox.
    pub(super) fn show(&mut self, is_node: bool, counters: Vec<Shown>) {
        self.shows.intern(Vec::new());
        self.has_counters |= !counters.is_empty();
        let number = self.shows.intern(counters);
        let of = if is_node { &mut self.of_nodes } else { &mut self.of_inboxes };
        of.push(number);
    }

    #[inline]
    fn number(&self, place: usize, component: u32) -> u32 {
        let of = if place % 2 == 0 { &self.of_nodes } else { &self.of_inboxes };
        of[component as usize]
    }
}

/// Another form of a component that is to be found out.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
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
    known: Known,
    /// What the components of a state show.
    shows: Vec<u32>,
    /// Other forms of a state.
    pub(super) forms: Vec<u32>,
}

/// What the counters of some states come to, which are those of many others: a table in which the last that came is
/// remembered.
#[derive(Clone, Debug, Default)]
struct Known {
    /// For each entry what the components show, then what becomes of each: the number of its change, plus 1. An entry
    /// of noughts says that what shows nothing stays the same, which is so.
    words: Vec<u32>,
}

/// There are so many places in the table of what is known.
const ENTRIES: usize = 1 << 14;

/// The counters of a component stay as they are.
const SAME: u32 = 0;

impl Known {
    /// The entry of states that show this: whether it is known, and where it is.
    #[inline]
    fn entry(&mut self, shows: &[u32]) -> (bool, &mut [u32]) {
        let size = 2 * shows.len();
        if self.words.len() != size * ENTRIES {
            self.words = vec![0; size * ENTRIES];
        }
        let at = hash_of(shows) as usize % ENTRIES * size;
        let entry = &mut self.words[at..at + size];
        (entry[..shows.len()] == *shows, entry)
    }
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

    /// Finds the new values of the counters of a component; returns whether any is new.
    fn change(&mut self, counters: &[Shown]) -> bool {
        self.values.clear();
        let mut is_new = false;
        for shown in counters {
            let index = self.all.binary_search(shown).expect("every counter of the state was gathered");
            is_new |= self.new[index] != shown.value();
            self.values.push(self.new[index]);
        }
        is_new
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
    pub(crate) fn normalise(&mut self, tuple: &mut [u32], counted: &mut Counted) {
        while let Err(unknown) = self.known_normal(tuple, counted) {
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
        let parts = tuple.len() - 1;
        counted.shows.clear();
        counted
            .shows
            .extend(tuple[..parts].iter().enumerate().map(|(place, &number)| self.canon.number(place, number)));
        let mut known = std::mem::take(&mut counted.known);
        let result = self.changed_by(&mut known, tuple, counted);
        counted.known = known;
        result
    }

    fn changed_by(
        &self,
        known: &mut Known,
        tuple: &mut [u32],
        counted: &mut Counted,
    ) -> Result<(), Unknown<W::Global>> {
        let parts = tuple.len() - 1;
        let (is_known, entry) = known.entry(&counted.shows);
        let (shows, changes) = entry.split_at_mut(parts);
        if !is_known {
            shows.fill(0);
            let found = self.find_changes(tuple, counted, changes);
            if found.is_err() {
                changes.fill(SAME);
            }
            found?;
            shows.copy_from_slice(&counted.shows);
        }
        // All or nothing: what was renamed already has other counters.
        counted.forms.clear();
        for (place, (&number, &change)) in tuple.iter().zip(&*changes).enumerate() {
            let known = if place % 2 == 0 { &self.canon.nodes } else { &self.canon.inboxes };
            let renamed = if change == SAME { Some(number) } else { known.get(&(number, change - 1)) };
            let unknown = || {
                let values = self.canon.changes.get(change - 1).clone();
                Unknown::Renamed(Renaming { is_node: place % 2 == 0, number, values })
            };
            counted.forms.push(renamed.ok_or_else(unknown)?);
        }
        tuple[..parts].copy_from_slice(&counted.forms);
        Ok(())
    }

    /// What becomes of the counters of each component.
    fn find_changes(
        &self,
        tuple: &[u32],
        counted: &mut Counted,
        changes: &mut [u32],
    ) -> Result<(), Unknown<W::Global>> {
        changes.fill(SAME);
        counted.all.clear();
        for &shows in &counted.shows {
            counted.all.extend_from_slice(self.canon.shows.get(shows));
        }
        if !counted.rename() {
            return Ok(());
        }
        for (place, change) in changes.iter_mut().enumerate() {
            if counted.change(self.canon.shows.get(counted.shows[place])) {
                let unknown = || {
                    let values = counted.values.clone();
                    Unknown::Renamed(Renaming { is_node: place % 2 == 0, number: tuple[place], values })
                };
                *change = 1 + self.canon.changes.number(&counted.values).ok_or_else(unknown)?;
            }
        }
        Ok(())
    }

    pub(super) fn rename(&mut self, renaming: Renaming) {
        let Renaming { is_node, number, values } = renaming;
        let mut new = values.iter().copied();
        if is_node {
            let mut renamed = self.nodes.all.get(number).clone();
            self.nodes.show_node(&mut renamed, &mut |_, _, old| new.next().unwrap_or(old));
            let renamed = self.nodes.all.intern(renamed);
            self.learn();
            let change = self.canon.changes.intern(values);
            self.canon.nodes.insert((number, change), renamed);
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
            let change = self.canon.changes.intern(values);
            self.canon.inboxes.insert((number, change), renamed);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_is_its_family_and_value_and_whether_it_is_added_to() {
        let mut all = Vec::new();
        for family in [0, 1, u32::MAX] {
            for value in [i64::MIN, -1, 0, 1, i64::MAX] {
                for shift in [false, true] {
                    let shown = Shown::new(family, value, shift);
                    assert_eq!((shown.family(), shown.value(), shown.shift()), (family.into(), value, shift));
                    all.push(shown);
                }
            }
        }
        assert!(all.is_sorted(), "by family, then by value");
    }
}
