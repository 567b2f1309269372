//! What leads where among the states of a search.
//!
//! It is drawn while the search goes on, as long as there is plenty of memory; what is missing when that has come to
//! its end is found once more, by all threads.

use super::crew::Batch;
use super::liveness::{Due, Pass};
use super::search::{Desk, Search};
use crate::engine::interleaving::{Move, SHARDS, Space, Successor, Tuples, Watch};
use crate::model::Process;

/// The successors of each state.
#[derive(Debug, Default)]
pub(super) struct Graph {
    /// Where the row of each state begins.
    rows: Vec<usize>,
    /// Rows: a head, then the successors. The head is their number, twice, and 1 more if nothing need happen there.
    words: Vec<u32>,
}

/// There is no row, or no state of this number.
const NONE: usize = usize::MAX;

/// A successor by a timer that is not early.
const FIRES: u32 = 1 << 31;

/// So many states at a time are looked at before anybody is asked whether to go on.
const STATES: usize = 1 << 16;

impl Graph {
    /// What it takes for so many states and successors, and what looking for cycles in it takes, in bytes.
    pub(super) fn bytes(states: u64, successors: u64) -> u64 {
        const STATE: u64 = 80;
        states * STATE + successors * size_of::<u32>() as u64
    }

    /// Whether numbers of states leave room for what is kept with them.
    pub(super) fn has_room(tuples: &Tuples) -> bool {
        tuples.bound() < FIRES as usize / 2
    }

    /// What it takes now, in bytes; it may soon take a quarter more.
    pub(super) fn bytes_in_use(&self) -> usize {
        (self.rows.capacity() * size_of::<usize>() + self.words.capacity() * size_of::<u32>()) * 5 / 4
    }

    /// Takes the rows of states whose successors have been added, in strings of so many words.
    pub(super) fn draw<G>(&mut self, batch: &Batch<G>, words: usize) {
        let mut next = [0; SHARDS];
        let mut ways = batch.ways.iter();
        for &(state, head) in &batch.heads {
            let row = state as usize;
            if row >= self.rows.len() {
                grow(&mut self.rows, row + 1);
                self.rows.resize(row + 1, NONE);
            }
            self.rows[row] = self.words.len();
            let len = self.words.len() + 1 + head as usize / 2;
            grow(&mut self.words, len);
            self.words.push(head);
            for &way in ways.by_ref().take(head as usize / 2) {
                let part = usize::from(way / 2);
                let to = batch.parts[part][next[part] + words];
                next[part] += words + 1;
                self.words.push(to | if way % 2 == 1 { FIRES } else { 0 });
            }
        }
    }

    /// Looks at the states that have no row yet, as long as it may.
    pub(super) fn grow<P: Process, W: Watch<P>>(&mut self, search: &mut Search<P, W>, pass: &mut Pass<'_>) {
        let bound = search.tuples.bound();
        grow(&mut self.rows, bound);
        self.rows.resize(bound, NONE);
        let mut next = 0;
        loop {
            let is_wanted = |state: &u32| self.rows[*state as usize] == NONE && search.tuples.has(*state);
            let states: Vec<u32> = (next..self.rows.len() as u32).filter(is_wanted).take(STATES).collect();
            let Some(&last) = states.last() else { return };
            next = last + 1;
            for (states, words) in search.rows(&states) {
                let mut at = self.words.len();
                grow(&mut self.words, at + words.len());
                self.words.extend_from_slice(&words);
                for &state in states {
                    self.rows[state as usize] = at;
                    at += 1 + self.words[at] as usize / 2;
                }
            }
            if !pass.go_on(states.len() as u64) {
                return;
            }
        }
    }

    /// What these states lead to is another thing now.
    pub(super) fn forget(&mut self, states: &[u32]) {
        for &state in states {
            self.rows[state as usize] = NONE;
        }
    }

    /// The number of states, with those that are none.
    pub(super) fn bound(&self) -> u32 {
        self.rows.len() as u32
    }

    pub(super) fn has(&self, state: u32) -> bool {
        self.rows[state as usize] != NONE
    }

    /// Where the successors of a state are.
    #[inline]
    pub(super) fn row(&self, state: u32) -> std::ops::Range<usize> {
        let at = self.rows[state as usize];
        at + 1..at + 1 + self.words[at] as usize / 2
    }

    /// One of the successors, and whether a timer leads there that is not early.
    #[inline]
    pub(super) fn successor(&self, at: usize) -> (u32, bool) {
        let word = self.words[at];
        (word & !FIRES, word & FIRES != 0)
    }

    /// Whether nothing need happen in a state.
    #[inline]
    pub(super) fn rests(&self, state: u32) -> bool {
        self.words[self.rows[state as usize]] & 1 == 1
    }
}

/// Makes room for so many, and a quarter more.
fn grow<T>(list: &mut Vec<T>, len: usize) {
    if len > list.capacity() {
        list.reserve_exact(len + len / 4 + 16 - list.len());
    }
}

/// The head of a row that is being written.
pub(super) struct Head {
    successors: u32,
    rests: bool,
}

impl Head {
    pub(super) fn new() -> Self {
        Self { successors: 0, rests: true }
    }

    /// One more successor of this state; whether a timer leads there that is not early.
    #[inline]
    pub(super) fn see<P: Process, W: Watch<P>>(
        &mut self,
        space: &Space<P, W>,
        tuple: &[u32],
        successor: &Successor,
    ) -> bool {
        let Successor { event, crashed, .. } = *successor;
        let fires = matches!(event, Move::Fire { early: false, .. });
        self.successors += 1;
        // Of what is cut short by a crash there is the whole as well.
        self.rests = self.rests && !fires && Due::of(space, tuple, event, crashed).is_none();
        fires
    }

    /// All successors of this state have been seen.
    pub(super) fn end<P: Process, W: Watch<P>>(self, space: &Space<P, W>, tuple: &[u32]) -> u32 {
        2 * self.successors + u32::from(self.rests && space.timers(tuple).next().is_none())
    }
}

#[cfg(test)]
impl Graph {
    /// Of states that lead to these.
    pub(super) fn of(ways: &[Vec<u32>]) -> Self {
        let mut graph = Self::default();
        for to in ways {
            graph.rows.push(graph.words.len());
            graph.words.push(2 * to.len() as u32);
            graph.words.extend(to);
        }
        graph
    }
}

impl Desk {
    /// The row of a state.
    pub(super) fn row<P: Process, W: Watch<P>>(
        &mut self,
        space: &Space<P, W>,
        tuples: &Tuples,
        free: &[u32],
        state: u32,
        words: &mut Vec<u32>,
    ) {
        let first = words.len();
        words.push(0);
        let mut head = Head::new();
        self.edges(space, tuples, free, state, |tuple, to, successor| {
            words.push(to | if head.see(space, tuple, successor) { FIRES } else { 0 });
        });
        words[first] = head.end(space, self.tuple());
    }
}
