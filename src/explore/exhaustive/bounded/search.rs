//! The search of every schedule in virtual time: from state to state, those with the fewest events first.

use std::sync::Arc;

use hashbrown::HashTable;

use super::cycle::Edges;
use crate::engine::Setup;
use crate::engine::bounded::{Next, Space, What};
use crate::engine::interleaving::intern::hash_of;
use crate::engine::interleaving::{Found, Watch};
use crate::model::Process;

/// States, each once, numbered in the order in which they were found, which is that in which they are looked at.
#[derive(Debug)]
pub(super) struct States {
    length: usize,
    numbers: Vec<u32>,
    /// From which each was found; the first from itself.
    parents: Vec<u32>,
    places: HashTable<u32>,
}

impl States {
    fn new(length: usize) -> Self {
        Self { length, numbers: Vec::new(), parents: Vec::new(), places: HashTable::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.parents.len()
    }

    pub(super) fn get(&self, state: u32) -> &[u32] {
        &self.numbers[state as usize * self.length..][..self.length]
    }

    /// From which state it was found.
    pub(super) fn parent(&self, state: u32) -> u32 {
        self.parents[state as usize]
    }

    fn add(&mut self, tuple: &[u32], from: u32) -> u32 {
        let Self { length, numbers, parents, places } = self;
        let of = |state: u32| state as usize * *length..(state as usize + 1) * *length;
        let hash = hash_of(tuple);
        if let Some(&known) = places.find(hash, |&state| numbers[of(state)] == *tuple) {
            return known;
        }
        let number = parents.len() as u32;
        numbers.extend_from_slice(tuple);
        parents.push(from);
        places.insert_unique(hash, number, |&state| hash_of(&numbers[of(state)]));
        number
    }

    fn bytes(&self) -> usize {
        (self.numbers.capacity() + self.parents.capacity()) * size_of::<u32>() + self.places.allocation_size()
    }
}

/// The states found so far, and how.
pub(super) struct Search<P: Process, W: Watch<P>> {
    pub(super) space: Space<P, W>,
    pub(super) states: States,
    /// How many have been looked at.
    pub(super) looked: u32,
    pub(super) transitions: u64,
    /// What leads from where to where, if cycles are looked for.
    pub(super) edges: Option<Edges>,
}

/// How a search stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// There are no new states.
    Exhausted,
    /// On the way from this state to the next.
    Found { from: u32, found: Found },
    /// It was told to.
    Limit,
}

/// How far a search is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Progress {
    pub(super) states: u64,
    pub(super) transitions: u64,
    pub(super) frontier: u64,
    pub(super) bytes: u64,
}

/// After so many events it asks whether to go on.
pub(super) const OFTEN: u64 = 4096;

/// What a state that is new brings with it, at a guess.
const NEW_BYTES: usize = 256;

/// States have numbers of 32 bits, one of which says whether time passes.
const STATES_MAX: usize = 1 << 31;

impl<P: Process, W: Watch<P>> Search<P, W> {
    pub(super) fn new(setup: Arc<Setup<P>>, watch: W, weighs: bool, keeps_edges: bool) -> Self {
        let mut space = Space::new(setup, watch, weighs);
        let before = space.before();
        let mut states = States::new(before.len());
        states.add(&before, 0);
        Self { space, states, looked: 0, transitions: 0, edges: keeps_edges.then(Edges::default) }
    }

    /// Goes on until there is nothing new, something is found, or it may not go on.
    pub(super) fn run(&mut self, may: &mut dyn FnMut(Progress) -> bool) -> Stop {
        while (self.looked as usize) < self.states.len() {
            let from = self.looked;
            let tuple = self.states.get(from).to_vec();
            let mut found = None;
            let mut stopped = false;
            let Self { space, states, transitions, edges, .. } = self;
            // What the space takes is known between two states; within one it grows by something for each new one.
            let (known, before) = (space.bytes(), states.len());
            space.successors(&tuple, &mut |next: Next<'_>| {
                *transitions += 1;
                if let Some(wrong) = next.found {
                    found = Some(wrong);
                    return false;
                }
                let to = states.add(next.tuple, from);
                if let Some(edges) = edges.as_mut().filter(|_| !matches!(next.what, What::Crash { .. })) {
                    edges.add(to, next.passed > 0);
                }
                if *transitions % OFTEN == 0 {
                    let bytes = known
                        + states.bytes()
                        + NEW_BYTES * (states.len() - before)
                        + edges.as_ref().map_or(0, Edges::bytes);
                    let count = states.len() as u64;
                    let frontier = count - u64::from(from);
                    let bytes = bytes as u64;
                    let progress = Progress { states: count, transitions: *transitions, frontier, bytes };
                    stopped = states.len() >= STATES_MAX || !may(progress);
                }
                !stopped
            });
            if let Some(found) = found {
                return Stop::Found { from, found };
            }
            if stopped || !may(self.progress()) {
                return Stop::Limit;
            }
            self.looked += 1;
            if let Some(edges) = &mut self.edges {
                edges.close();
            }
        }
        Stop::Exhausted
    }

    pub(super) fn progress(&self) -> Progress {
        Progress {
            states: self.states.len() as u64,
            transitions: self.transitions,
            frontier: self.states.len() as u64 - u64::from(self.looked),
            bytes: (self.space.bytes() + self.states.bytes() + self.edges.as_ref().map_or(0, Edges::bytes)) as u64,
        }
    }

    /// The states on the way to one, from the first on.
    pub(super) fn path(&self, state: u32) -> Vec<u32> {
        let mut path = vec![state];
        let mut at = state;
        while at != 0 {
            at = self.states.parent(at);
            path.push(at);
        }
        path.reverse();
        path
    }
}
