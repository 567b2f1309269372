//! The search: from state to state until there are no new ones, a violation, or no memory left.

use std::sync::Arc;

use crate::engine::Setup;
use crate::engine::interleaving::{Bounds, Found, Move, Space, Successors, Tuples, Unfolded, Watch};
use crate::model::Process;

/// In which order states are looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// The nearest to the start first: a counterexample is as short as any.
    #[default]
    BreadthFirst,
    /// The last to be found first.
    DepthFirst,
}

/// The states found so far, and how.
pub(super) struct Search<P: Process, W: Watch<P>> {
    pub(super) space: Space<P, W>,
    pub(super) tuples: Tuples,
    /// From which state each was found; a root from itself.
    parents: Vec<u32>,
    /// Those that are still to be looked at, if the order is not that of their numbers.
    stack: Vec<u32>,
    /// All before it have been looked at, if the order is that of their numbers.
    next: u32,
    order: Order,
    pub(super) transitions: u64,
    /// States in which timers may fire though something else is to come, in order.
    pub(super) free: Vec<u32>,
    work: Vec<u32>,
    canonical: Vec<u32>,
    unfolded: Unfolded,
    successors: Successors,
}

/// How a search stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// There are no new states.
    Exhausted,
    /// In a step from the state of the first number to that of the second, or in the start.
    Found { from: Option<u32>, to: u32, found: Found },
    /// It was told to.
    Limit,
}

impl<P: Process, W: Watch<P>> Search<P, W> {
    pub(super) fn new(setup: Arc<Setup<P>>, watch: W, bounds: Bounds, order: Order) -> Self {
        let space = Space::new(setup, watch, bounds);
        Self {
            tuples: Tuples::new(space.length()),
            space,
            parents: Vec::new(),
            stack: Vec::new(),
            next: 0,
            order,
            transitions: 0,
            free: Vec::new(),
            work: Vec::new(),
            canonical: Vec::new(),
            unfolded: Unfolded::default(),
            successors: Successors::default(),
        }
    }

    /// How many states were found and not yet looked at.
    pub(super) fn frontier(&self) -> u64 {
        match self.order {
            Order::BreadthFirst => self.tuples.len() as u64 - u64::from(self.next),
            Order::DepthFirst => self.stack.len() as u64,
        }
    }

    /// What it takes in memory at most before it is looked at again.
    pub(super) fn bytes(&self) -> usize {
        let lists = self.parents.capacity() + self.stack.capacity();
        self.tuples.bytes_ahead() + 2 * size_of::<u32>() * lists + self.space.bytes()
    }

    /// What a state takes besides what all share, in bytes.
    pub(super) fn bytes_in_use(&self) -> usize {
        self.tuples.bytes() + size_of::<u32>() * self.parents.capacity()
    }

    /// Begins.
    pub(super) fn start(&mut self) -> Option<Stop> {
        let roots = self.space.roots();
        for index in 0..roots.len() {
            let (tuple, successor) = roots.get(index);
            let found = successor.found.clone();
            let to = self.keep(tuple, None);
            if let Some(found) = found {
                return Some(Stop::Found { from: None, to, found });
            }
        }
        None
    }

    /// The number of a state in its canonical form, and whether it is new.
    pub(super) fn number(&mut self, tuple: &[u32]) -> (u32, bool) {
        if !self.space.has_counters() {
            return self.tuples.intern(tuple, &self.unfolded, &mut self.work);
        }
        let mut canonical = std::mem::take(&mut self.canonical);
        canonical.clear();
        canonical.extend_from_slice(tuple);
        self.space.normalise(&mut canonical);
        let number = self.tuples.intern(&canonical, &self.unfolded, &mut self.work);
        self.canonical = canonical;
        number
    }

    fn keep(&mut self, tuple: &[u32], from: Option<u32>) -> u32 {
        let (number, is_new) = self.number(tuple);
        if is_new {
            self.parents.push(from.unwrap_or(number));
            if self.order == Order::DepthFirst {
                self.stack.push(number);
            }
        }
        number
    }

    /// Goes on, as long as it `may` after every few states.
    pub(super) fn run(&mut self, mut may: impl FnMut(&Self) -> bool) -> Stop {
        const FEW: u64 = 4096;
        let mut looked = 0_u64;
        loop {
            if looked % FEW == 0 && !may(self) {
                return Stop::Limit;
            }
            looked += 1;
            let state = match self.order {
                Order::BreadthFirst if (self.next as usize) < self.tuples.len() => {
                    self.next += 1;
                    self.next - 1
                }
                Order::BreadthFirst => return Stop::Exhausted,
                Order::DepthFirst => match self.stack.pop() {
                    Some(state) => state,
                    None => return Stop::Exhausted,
                },
            };
            if let Some(stop) = self.look_at(state) {
                return stop;
            }
        }
    }

    /// Finds the successors of a state.
    pub(super) fn look_at(&mut self, state: u32) -> Option<Stop> {
        let mut successors = std::mem::take(&mut self.successors);
        let is_free = self.is_free(state);
        self.tuples.unfold(state, &mut self.unfolded);
        self.space.successors(self.unfolded.tuple(), is_free, &mut successors);
        self.transitions += successors.len() as u64;
        let mut stop = None;
        for index in 0..successors.len() {
            let (tuple, successor) = successors.get(index);
            let to = self.keep(tuple, Some(state));
            if let Some(found) = &successor.found {
                stop = Some(Stop::Found { from: Some(state), to, found: found.clone() });
                break;
            }
        }
        self.successors = successors;
        stop
    }

    pub(super) fn is_free(&self, state: u32) -> bool {
        !self.free.is_empty() && self.free.binary_search(&state).is_ok()
    }

    /// The states from a root to this one.
    pub(super) fn path(&self, state: u32) -> Vec<u32> {
        let mut path = vec![state];
        let mut at = state;
        while self.parents[at as usize] != at {
            at = self.parents[at as usize];
            path.push(at);
        }
        path.reverse();
        path
    }

    /// How many states are at each distance from the start, as far as all of that distance are known: of a search that
    /// goes breadth first.
    pub(super) fn levels(&self) -> Vec<u64> {
        let mut levels: Vec<u32> = Vec::with_capacity(self.parents.len());
        let mut counts = Vec::new();
        for (state, &parent) in (0..).zip(&self.parents) {
            let level = if parent == state { 0 } else { levels[parent as usize] + 1 };
            // Behind a state that was not looked at, its level is the last that is known whole.
            if self.next < self.parents.len() as u32 && levels.get(self.next as usize).is_some_and(|last| level > *last)
            {
                break;
            }
            levels.push(level);
            counts.resize(counts.len().max(level as usize + 1), 0);
            counts[level as usize] += 1;
        }
        counts
    }

    /// The successors of a state: their numbers and the events that lead to them. All have been found before.
    pub(super) fn edges(&mut self, state: u32, edges: &mut Vec<(u32, Move, bool)>) {
        edges.clear();
        let mut successors = std::mem::take(&mut self.successors);
        let is_free = self.is_free(state);
        self.tuples.unfold(state, &mut self.unfolded);
        self.space.successors(self.unfolded.tuple(), is_free, &mut successors);
        for index in 0..successors.len() {
            let (tuple, successor) = successors.get(index);
            let (to, is_new) = self.number(tuple);
            debug_assert!(!is_new, "a successor that was not found before");
            edges.push((to, successor.event, successor.crashed));
        }
        self.successors = successors;
    }

    /// The tuple of a state.
    pub(super) fn tuple(&mut self, state: u32) -> &[u32] {
        self.tuples.unfold(state, &mut self.unfolded);
        self.unfolded.tuple()
    }
}

#[cfg(test)]
mod tests;
