//! The search: from state to state until there are no new ones, a violation, or no memory left.

mod roots;

use std::sync::Arc;

use super::crew::{Batch, Crew, FEW};
use super::graph::{Graph, Head};
use crate::engine::Setup;
use crate::engine::interleaving::{
    ALL, Bounds, Counted, Found, Interner, Move, Packed, Root, SHARDS, Space, Successor, Successors, Tuples, Unknown,
    Watch,
};
use crate::model::Process;

/// In which order states are looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// The nearest to the start first: a counterexample is as short as any, unless orders of events are left out.
    #[default]
    BreadthFirst,
    /// The last to be found first, by one thread.
    DepthFirst,
}

/// The states found so far, and how.
pub(super) struct Search<P: Process, W: Watch<P>> {
    pub(super) space: Space<P, W>,
    pub(super) tuples: Tuples,
    pub(super) order: Order,
    pub(super) crew: Crew<W::Global>,
    /// Where it begins as well, but after so many crashes that it is not as far yet; the farthest first.
    late: Vec<Root>,
    /// Those that are still to be looked at, if the order is depth first.
    stack: Vec<u32>,
    /// How many states each part had when the search went on to states a step further away.
    pub(super) levels: Vec<[u32; SHARDS]>,
    /// In this part, and at this place in it, is the next state of the present level that is to be looked at.
    next: (usize, u32),
    /// How many states have been looked at, if the order is breadth first.
    looked: u64,
    pub(super) transitions: u64,
    /// It stops at about so many states.
    pub(super) states_max: u64,
    /// States that have been looked at and are to be again, from the last to the first.
    again: Vec<u32>,
    /// States in which timers may fire though something else is to come, in order.
    pub(super) free: Vec<u32>,
    /// What leads where, as far as it was drawn.
    pub(super) graph: Graph,
    /// How much memory that may take while there are states to be looked at.
    pub(super) graph_bytes: usize,
    /// How much the space had learnt when there was last room made for it.
    settled: usize,
    canonical: Vec<u32>,
    counted: Counted,
    string: Vec<u32>,
    /// Another state is quickly packed if it is much like this one.
    beside: Packed,
    unpacked: Packed,
    successors: Successors,
    pub(super) desk: Desk,
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

/// About so many successors are found before they are added to the states.
const SUCCESSORS: u64 = 1 << 17;

impl<P: Process, W: Watch<P>> Search<P, W> {
    pub(super) fn new(setup: Arc<Setup<P>>, watch: W, bounds: Bounds, order: Order, jobs: usize) -> Self {
        Self {
            space: Space::new(setup, watch, bounds),
            tuples: Tuples::new(),
            order,
            crew: Crew::new(jobs),
            late: Vec::new(),
            stack: Vec::new(),
            levels: vec![[0; SHARDS]],
            next: (0, 0),
            looked: 0,
            transitions: 0,
            states_max: u64::MAX,
            again: Vec::new(),
            free: Vec::new(),
            graph: Graph::default(),
            graph_bytes: 0,
            settled: 0,
            canonical: Vec::new(),
            counted: Counted::default(),
            string: Vec::new(),
            beside: Packed::default(),
            unpacked: Packed::default(),
            successors: Successors::default(),
            desk: Desk::default(),
        }
    }

    /// How many states were found and not yet looked at.
    pub(super) fn frontier(&self) -> u64 {
        match self.order {
            Order::BreadthFirst => self.tuples.len() as u64 - self.looked + self.again.len() as u64,
            Order::DepthFirst => self.stack.len() as u64,
        }
    }

    /// What it takes in memory at most before it is looked at again.
    pub(super) fn bytes(&self) -> usize {
        let stack = 2 * size_of::<u32>() * self.stack.capacity();
        self.tuples.bytes_ahead(2 * SUCCESSORS as usize)
            + stack
            + self.space.bytes()
            + self.crew.bytes()
            + self.graph.bytes_in_use()
    }

    /// What a state takes besides what all share, in bytes.
    pub(super) fn bytes_in_use(&self) -> usize {
        self.tuples.bytes()
    }

    /// A state in its canonical form as a string, and its part.
    fn pack(&mut self, tuple: &[u32]) -> usize {
        let mut canonical = std::mem::take(&mut self.canonical);
        canonical.clear();
        canonical.extend_from_slice(tuple);
        while let Err(unknown) = self.space.known_normal(&mut canonical, &mut self.counted) {
            self.space.find_out(unknown);
        }
        self.settle();
        let shard = self.space.pack(self.tuples.layout(), &canonical, &self.beside, &mut self.string);
        self.string.pop();
        self.canonical = canonical;
        shard
    }

    /// Makes room for what the space has learnt.
    pub(super) fn settle(&mut self) {
        if self.settled == self.space.size() {
            return;
        }
        self.settled = self.space.size();
        self.tuples.make_room(&self.space.counts());
        self.beside = self.space.first(self.tuples.layout());
    }

    /// The number of a state that has been found, given in any form.
    pub(super) fn number(&mut self, tuple: &[u32]) -> Option<u32> {
        let shard = self.pack(tuple);
        self.tuples.find(shard, &self.string)
    }

    fn keep(&mut self, tuple: &[u32], from: Option<u32>) -> u32 {
        let shard = self.pack(tuple);
        let (number, is_new) = self.tuples.shards_mut()[shard].insert(shard, &self.string, from);
        if is_new && self.order == Order::DepthFirst {
            self.stack.push(number);
        }
        number
    }

    /// Forgets all states; the space forgets nothing.
    fn begin_anew(&mut self) {
        self.tuples = Tuples::new();
        self.graph = Graph::default();
        (self.late, self.stack) = (Vec::new(), Vec::new());
        self.levels = vec![[0; SHARDS]];
        (self.next, self.looked, self.transitions, self.settled) = ((0, 0), 0, 0, 0);
        let found = self.start();
        debug_assert_eq!(found, None, "what is found at the start is found at once");
    }

    /// Goes on, as long as it `may` after every few states.
    pub(super) fn run(&mut self, mut may: impl FnMut(&Self) -> bool) -> Stop {
        const OFTEN: usize = 4096;
        loop {
            if !may(self) {
                return Stop::Limit;
            }
            let stop = match self.order {
                _ if !self.again.is_empty() => {
                    let mut states = self.again.split_off(self.again.len().saturating_sub(self.few()));
                    states.reverse();
                    self.look_at(&states)
                }
                Order::BreadthFirst => match self.next_states() {
                    states if states.is_empty() => Some(Stop::Exhausted),
                    states => {
                        self.looked += states.len() as u64;
                        self.look_at(&states)
                    }
                },
                Order::DepthFirst => (0..OFTEN).find_map(|_| self.look_deeper()),
            };
            match stop {
                None | Some(Stop::Exhausted) if self.space.has_seen_more() => self.begin_anew(),
                None => {}
                Some(stop) => return stop,
            }
        }
    }

    /// How many states are looked at before anybody is asked whether to go on: fewer, the fewer there may yet be.
    fn few(&self) -> usize {
        let looked = self.looked.max(1);
        let room = self.states_max.saturating_sub(self.tuples.len() as u64);
        (SUCCESSORS.min(room) * looked / self.transitions.max(looked)).max(1) as usize
    }

    /// The next states that are to be looked at, all as far from the start; none if there are no more.
    fn next_states(&mut self) -> Vec<u32> {
        let most = self.few();
        let mut states = Vec::new();
        for _ in 0..2 {
            let level = &self.levels[self.levels.len() - 1];
            while self.next.0 < SHARDS && states.len() < most {
                let (shard, at) = self.next;
                if at < level[shard] {
                    states.push(at * SHARDS as u32 + shard as u32);
                    self.next.1 += 1;
                } else {
                    let before = self.levels.len().checked_sub(2).map(|before| self.levels[before]);
                    let shard = shard + 1;
                    self.next = (shard, before.and_then(|before| before.get(shard).copied()).unwrap_or(0));
                }
            }
            if !states.is_empty() {
                break;
            }
            let ended = *level;
            self.add_roots(self.levels.len() - 1);
            if self.tuples.lengths() == ended {
                self.add_roots(usize::MAX);
            }
            let lengths = self.tuples.lengths();
            if lengths == ended {
                break;
            }
            self.next = (0, ended[0]);
            self.levels.push(lengths);
        }
        states
    }

    /// How far from the start a state was found.
    pub(super) fn depth(&self, state: u32) -> usize {
        let (shard, at) = (state as usize % SHARDS, state / SHARDS as u32);
        self.levels.partition_point(|level| level[shard] <= at)
    }

    /// Finds the successors of some states.
    pub(super) fn look_at(&mut self, states: &[u32]) -> Option<Stop> {
        let mut states = std::borrow::Cow::Borrowed(states);
        let mut first: Option<(u32, Vec<u32>, Found)> = None;
        loop {
            self.settle();
            let draws = self.draws();
            let far = Far { free: &self.free, level: &self.levels[self.levels.len() - 1] };
            let mut batches = self.crew.look_at(&self.space, &self.tuples, far, &states, draws);
            self.crew.add(&mut self.tuples, &mut batches);
            let (mut learnt, mut wanted) = (Vec::new(), Interner::default());
            for batch in &mut batches {
                self.graph.draw(batch, self.tuples.layout().words());
                self.transitions += batch.transitions;
                learnt.extend_from_slice(&batch.unknown);
                for unknown in batch.wanted.drain(..) {
                    wanted.intern(unknown);
                }
                if first.is_none() {
                    first.clone_from(&batch.found);
                }
            }
            self.crew.keep(batches);
            if learnt.is_empty() {
                break;
            }
            // All threads look for what is to be found out, and of few states one finds out the rest.
            wanted.into_values().into_iter().for_each(|unknown| self.space.find_out(unknown));
            if learnt.len() <= FEW {
                for &state in &learnt {
                    self.find_out(state);
                }
            }
            states = learnt.into();
        }
        let (from, tuple, found) = first?;
        let to = self.number(&tuple).expect("its state was added");
        Some(Stop::Found { from: Some(from), to, found })
    }

    /// Whether a graph is drawn; it is given up if it has become too large.
    fn draws(&mut self) -> bool {
        if self.graph.bytes_in_use() > self.graph_bytes || !Graph::has_room(&self.tuples) {
            (self.graph, self.graph_bytes) = (Graph::default(), 0);
        }
        self.graph_bytes > 0
    }

    /// Finds out all that the successors of a state take.
    fn find_out(&mut self, state: u32) {
        if self.space.has_ample() {
            return self.find_out_ample(state);
        }
        let mut successors = std::mem::take(&mut self.successors);
        self.find_successors(state, &mut successors);
        for (tuple, _) in successors.iter(self.space.length()) {
            self.canonical.clear();
            self.canonical.extend_from_slice(tuple);
            while let Err(unknown) = self.space.known_normal(&mut self.canonical, &mut self.counted) {
                self.space.find_out(unknown);
            }
        }
        self.successors = successors;
    }

    fn find_successors(&mut self, state: u32, successors: &mut Successors) {
        let is_free = self.is_free(state);
        // Its successors are packed beside it.
        let mut beside = std::mem::take(&mut self.beside);
        self.unpack(state, &mut beside);
        self.space.successors(&beside.tuple, is_free, successors);
        self.beside = beside;
        self.settle();
    }

    fn unpack(&self, state: u32, unpacked: &mut Packed) {
        self.tuples.string(state, &mut unpacked.string);
        self.space.unpack(self.tuples.layout(), unpacked);
    }

    fn look_deeper(&mut self) -> Option<Stop> {
        let Some(state) = self.stack.pop() else { return Some(Stop::Exhausted) };
        let mut successors = std::mem::take(&mut self.successors);
        if self.space.has_ample() {
            self.find_out_ample(state);
            std::mem::swap(&mut self.beside, &mut self.desk.unpacked);
            std::mem::swap(&mut successors, &mut self.desk.successors);
        } else {
            self.find_successors(state, &mut successors);
        }
        self.transitions += successors.len() as u64;
        let mut stop = None;
        for (tuple, successor) in successors.iter(self.space.length()) {
            let to = self.keep(tuple, Some(state));
            if let Some(found) = &successor.found {
                stop = Some(Stop::Found { from: Some(state), to, found: Found::clone(found) });
                break;
            }
        }
        self.successors = successors;
        stop
    }

    /// Has timers fire in these states too; they are to be looked at again.
    pub(super) fn free(&mut self, mut states: Vec<u32>) {
        self.free.extend_from_slice(&states);
        self.free.sort_unstable();
        self.free.dedup();
        states.reverse();
        match self.order {
            Order::BreadthFirst => self.again = states,
            Order::DepthFirst => self.stack.extend(states),
        }
    }

    pub(super) fn is_free(&self, state: u32) -> bool {
        !self.free.is_empty() && self.free.binary_search(&state).is_ok()
    }

    /// The states from a root to this one.
    pub(super) fn path(&self, state: u32) -> Vec<u32> {
        let mut path = vec![state];
        let mut at = state;
        while self.tuples.parent(at) != at {
            at = self.tuples.parent(at);
            path.push(at);
        }
        path.reverse();
        path
    }

    /// How many states are at each distance from the start, as far as all of that distance are known.
    pub(super) fn levels(&self) -> Vec<u64> {
        let sum = |level: &[u32; SHARDS]| level.iter().map(|&count| u64::from(count)).sum::<u64>();
        self.levels.windows(2).map(|pair| sum(&pair[1]) - sum(&pair[0])).collect()
    }

    /// The successors of a state: their numbers and the events that lead to them. All have been found before.
    pub(super) fn edges(&mut self, state: u32, edges: &mut Vec<(u32, Move, bool)>) {
        edges.clear();
        let mut successors = std::mem::take(&mut self.successors);
        self.find_successors(state, &mut successors);
        for (tuple, successor) in successors.iter(self.space.length()) {
            let to = self.number(tuple).expect("a successor was found before");
            edges.push((to, successor.event, successor.crashed));
        }
        self.successors = successors;
    }

    /// The rows of these states in a graph, a few states at a time.
    pub(super) fn rows<'a>(&mut self, states: &'a [u32]) -> Vec<(&'a [u32], Vec<u32>)> {
        self.crew.rows(&self.space, &self.tuples, &self.free, states)
    }

    /// Those of these states in which something is unsettled.
    pub(super) fn unsettled(&mut self, states: &[u32]) -> Vec<u32> {
        self.crew.unsettled(&self.space, &self.tuples, states)
    }

    /// The tuple of a state.
    pub(super) fn tuple(&mut self, state: u32) -> &[u32] {
        let mut unpacked = std::mem::take(&mut self.unpacked);
        self.unpack(state, &mut unpacked);
        self.unpacked = unpacked;
        &self.unpacked.tuple
    }
}

/// What matters of how far a search is.
#[derive(Clone, Copy)]
pub(super) struct Far<'a> {
    /// States in which timers may fire though something else is to come, in order.
    pub(super) free: &'a [u32],
    /// How many states of each part are not looked at later than those that are looked at now.
    pub(super) level: &'a [u32; SHARDS],
}

impl Far<'_> {
    fn is_free(&self, state: u32) -> bool {
        !self.free.is_empty() && self.free.binary_search(&state).is_ok()
    }
}

/// What one thread needs to find successors.
#[derive(Default)]
pub(super) struct Desk {
    pub(super) unpacked: Packed,
    pub(super) string: Vec<u32>,
    pub(super) canonical: Vec<u32>,
    counted: Counted,
    pub(super) successors: Successors,
    movers: Vec<u64>,
}

impl Desk {
    /// Finds the successors of one state, as far as what they take is known.
    pub(super) fn look_at<P: Process, W: Watch<P>>(
        &mut self,
        space: &Space<P, W>,
        tuples: &Tuples,
        far: Far<'_>,
        state: u32,
        draws: bool,
        batch: &mut Batch<W::Global>,
    ) {
        if let Err(unknown) = self.find(space, tuples, far, state) {
            batch.unknown.push(state);
            self.miss(space, far.is_free(state), unknown, &mut batch.wanted);
            return;
        }
        batch.transitions += self.successors.len() as u64;
        let successors = &self.successors;
        let strings = if space.has_forms() { &self.canonical } else { successors.tuples() };
        let layout = tuples.layout();
        let mut head = Head::new();
        for (tuple, (_, successor)) in strings.chunks_exact(space.length()).zip(successors.iter(space.length())) {
            let shard = space.pack(layout, tuple, &self.unpacked, &mut self.string);
            // In the place of the word that is for work only.
            self.string[layout.words()] = state;
            batch.parts[shard].extend_from_slice(&self.string);
            if draws {
                let fires = head.see(space, &self.unpacked.tuple, successor);
                batch.ways.push(2 * shard as u8 + u8::from(fires));
            }
            if let (None, Some(found)) = (&batch.found, &successor.found) {
                batch.found = Some((state, tuple.to_vec(), Found::clone(found)));
            }
        }
        if draws {
            batch.heads.push((state, head.end(space, &self.unpacked.tuple)));
        }
    }

    /// Tells of each successor of a state that has been looked at: the tuple of the state, then the number of the
    /// successor.
    pub(super) fn edges<P: Process, W: Watch<P>>(
        &mut self,
        space: &Space<P, W>,
        tuples: &Tuples,
        free: &[u32],
        state: u32,
        mut tell: impl FnMut(&[u32], u32, &Successor),
    ) {
        let is_free = !free.is_empty() && free.binary_search(&state).is_ok();
        let layout = tuples.layout();
        tuples.string(state, &mut self.unpacked.string);
        space.unpack(layout, &mut self.unpacked);
        let known = self.find_moves(space, is_free, ALL);
        assert!(known.is_ok(), "what successors take was found out when they were");
        let Self { unpacked, string, canonical, successors, .. } = self;
        let strings = if space.has_forms() { &canonical[..] } else { successors.tuples() };
        for (index, tuple) in strings.chunks_exact(space.length()).enumerate() {
            let shard = space.pack(layout, tuple, unpacked, string);
            let to = tuples.find(shard, &string[..layout.words()]).expect("a successor was found before");
            tell(&unpacked.tuple, to, successors.get(index).1);
        }
    }

    pub(super) fn is_unsettled<P: Process, W: Watch<P>>(
        &mut self,
        space: &Space<P, W>,
        tuples: &Tuples,
        state: u32,
    ) -> bool {
        tuples.string(state, &mut self.unpacked.string);
        space.unpack(tuples.layout(), &mut self.unpacked);
        space.watch().unsettled(&space.facts(&self.unpacked.tuple)).is_some()
    }

    /// The tuple of the state that was looked at last.
    pub(super) fn tuple(&self) -> &[u32] {
        &self.unpacked.tuple
    }

    /// Finds those successors of a state that are to be looked at, and their canonical forms, if all is known.
    pub(super) fn find<P: Process, W: Watch<P>>(
        &mut self,
        space: &Space<P, W>,
        tuples: &Tuples,
        far: Far<'_>,
        state: u32,
    ) -> Result<(), Unknown<W::Global>> {
        let is_free = far.is_free(state);
        tuples.string(state, &mut self.unpacked.string);
        space.unpack(tuples.layout(), &mut self.unpacked);
        self.movers.clear();
        if space.has_ample() {
            space.movers(&self.unpacked.tuple, &mut self.movers)?;
        }
        for index in 0..self.movers.len() {
            self.find_moves(space, is_free, self.movers[index])?;
            if self.leads_on(space, tuples, far.level) {
                return Ok(());
            }
        }
        self.find_moves(space, is_free, ALL)
    }

    /// What the successors of the state that is looked at take and is not known: the first thing, and that of each
    /// other process if all of them are wanted.
    fn miss<P: Process, W: Watch<P>>(
        &mut self,
        space: &Space<P, W>,
        is_free: bool,
        first: Unknown<W::Global>,
        wanted: &mut Vec<Unknown<W::Global>>,
    ) {
        wanted.push(first);
        if !space.has_ample() {
            let each = (0..space.count()).map(|process| 1 << process);
            wanted.extend(each.filter_map(|mover| self.find_moves(space, is_free, mover).err()));
        }
    }

    fn find_moves<P: Process, W: Watch<P>>(
        &mut self,
        space: &Space<P, W>,
        is_free: bool,
        movers: u64,
    ) -> Result<(), Unknown<W::Global>> {
        space.known_moves(&self.unpacked.tuple, is_free, movers, &mut self.successors)?;
        if !space.has_forms() {
            return Ok(());
        }
        self.canonical.clear();
        self.canonical.extend_from_slice(self.successors.tuples());
        let counted = &mut self.counted;
        self.canonical.chunks_exact_mut(space.length()).try_for_each(|tuple| space.known_normal(tuple, counted))
    }
}

#[cfg(test)]
mod tests;
