//! Threads that search together, and find the same in the same order however many they are.
//!
//! They find the successors of some states, which changes nothing that is shared; each takes the next few states that
//! nobody has. Then they add what was found to the states, each to another part of them, in the order of the states
//! that it was found from.

use std::sync::{Mutex, PoisonError};
use std::thread;

use super::search::{Desk, Far};
use crate::engine::interleaving::{Found, SHARDS, Space, Tuples, Unknown, Watch};
use crate::model::Process;

/// So many states are looked at by one thread at a time.
const BATCH: usize = 1024;
/// Fewer are not worth a second thread.
pub(super) const FEW: usize = 512;

/// The successors of a few states.
#[derive(Clone, Debug)]
pub(super) struct Batch<G> {
    /// By the part of the states that they belong to: strings, and behind each the state from which it was found; when
    /// it has been added, its number.
    pub(super) parts: Vec<Vec<u32>>,
    pub(super) transitions: u64,
    /// States whose successors take something that is not known yet.
    pub(super) unknown: Vec<u32>,
    /// The first such thing of each process of theirs.
    pub(super) wanted: Vec<Unknown<G>>,
    /// The first violation: in a step from this state to this one, in its canonical form.
    pub(super) found: Option<(u32, Vec<u32>, Found)>,
    /// If a graph is drawn: each state whose successors these are, with the head of its row.
    pub(super) heads: Vec<(u32, u32)>,
    /// And of each successor the part that it belongs to, twice, and 1 more if a timer leads there that is not early.
    pub(super) ways: Vec<u8>,
}

impl<G> Batch<G> {
    fn new() -> Self {
        Self {
            parts: vec![Vec::new(); SHARDS],
            transitions: 0,
            unknown: Vec::new(),
            wanted: Vec::new(),
            found: None,
            heads: Vec::new(),
            ways: Vec::new(),
        }
    }

    fn clear(&mut self) {
        self.parts.iter_mut().for_each(Vec::clear);
        self.transitions = 0;
        self.unknown.clear();
        self.wanted.clear();
        self.found = None;
        self.heads.clear();
        self.ways.clear();
    }
}

/// The threads, and memory that they use again.
pub(super) struct Crew<G> {
    jobs: usize,
    desks: Vec<Desk>,
    spare: Vec<Batch<G>>,
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<G: Send + Sync> Crew<G> {
    pub(super) fn new(jobs: usize) -> Self {
        let jobs = jobs.max(1);
        Self { jobs, desks: (0..jobs).map(|_| Desk::default()).collect(), spare: Vec::new() }
    }

    /// Finds the successors of these states, as far as what they take is known; in the order of the states.
    pub(super) fn look_at<P: Process, W: Watch<P, Global = G>>(
        &mut self,
        space: &Space<P, W>,
        tuples: &Tuples,
        far: Far<'_>,
        states: &[u32],
        draws: bool,
    ) -> Vec<Batch<G>> {
        let count = states.len().div_ceil(BATCH);
        let mut batches: Vec<Batch<G>> = (0..count).map(|_| self.spare.pop().unwrap_or_else(Batch::new)).collect();
        let work = Mutex::new(states.chunks(BATCH).zip(&mut batches));
        let look = |desk: &mut Desk| {
            loop {
                let next = lock(&work).next();
                let Some((states, batch)) = next else { return };
                batch.clear();
                for &state in states {
                    desk.look_at(space, tuples, far, state, draws, batch);
                }
            }
        };
        self.share(states.len() > FEW, look);
        batches
    }

    /// The rows of these states in a graph, a few states at a time.
    pub(super) fn rows<'a, P: Process, W: Watch<P>>(
        &mut self,
        space: &Space<P, W>,
        tuples: &Tuples,
        free: &[u32],
        states: &'a [u32],
    ) -> Vec<(&'a [u32], Vec<u32>)> {
        let mut all: Vec<(&[u32], Vec<u32>)> = states.chunks(BATCH).map(|states| (states, Vec::new())).collect();
        let work = Mutex::new(all.iter_mut());
        let look = |desk: &mut Desk| {
            loop {
                let next = lock(&work).next();
                let Some((states, words)) = next else { return };
                for &state in *states {
                    desk.row(space, tuples, free, state, words);
                }
            }
        };
        self.share(states.len() > FEW, look);
        all
    }

    /// Adds what was found to the states.
    pub(super) fn add(&mut self, tuples: &mut Tuples, batches: &mut [Batch<G>]) {
        let words = tuples.layout().words();
        let found: usize = batches.iter().map(|batch| batch.transitions as usize).sum();
        let mut parts: Vec<Vec<&mut Vec<u32>>> = (0..SHARDS).map(|_| Vec::new()).collect();
        for batch in batches {
            parts.iter_mut().zip(&mut batch.parts).for_each(|(all, part)| all.push(part));
        }
        let work = Mutex::new(tuples.shards_mut().iter_mut().zip(parts).enumerate());
        self.share(found > FEW, |_| {
            loop {
                let next = lock(&work).next();
                let Some((number, (shard, parts))) = next else { return };
                for string in parts.into_iter().flat_map(|part| part.chunks_exact_mut(words + 1)) {
                    let (string, last) = string.split_at_mut(words);
                    last[0] = shard.insert(number, string, Some(last[0])).0;
                }
            }
        });
    }

    /// Those of these states in which something is unsettled.
    pub(super) fn unsettled<P: Process, W: Watch<P, Global = G>>(
        &mut self,
        space: &Space<P, W>,
        tuples: &Tuples,
        states: &[u32],
    ) -> Vec<u32> {
        let mut all: Vec<(&[u32], Vec<u32>)> = states.chunks(BATCH).map(|states| (states, Vec::new())).collect();
        let work = Mutex::new(all.iter_mut());
        let look = |desk: &mut Desk| {
            loop {
                let next = lock(&work).next();
                let Some((states, found)) = next else { return };
                found.extend(states.iter().copied().filter(|&state| desk.is_unsettled(space, tuples, state)));
            }
        };
        self.share(states.len() > FEW, look);
        all.into_iter().flat_map(|(_, found)| found).collect()
    }

    /// What the batches that are kept take, in bytes.
    pub(super) fn bytes(&self) -> usize {
        let words = |batch: &Batch<G>| batch.parts.iter().map(Vec::capacity).sum::<usize>();
        self.spare.iter().map(words).sum::<usize>() * size_of::<u32>()
    }

    /// Takes batches back, to be used again.
    pub(super) fn keep(&mut self, batches: Vec<Batch<G>>) {
        self.spare.extend(batches);
    }

    /// Has every thread do this, or only the present one.
    pub(super) fn share(&mut self, with_all: bool, work: impl Fn(&mut Desk) + Sync) {
        let Some((mine, others)) = self.desks.split_first_mut() else { return };
        if !with_all || self.jobs == 1 {
            return work(mine);
        }
        let work = &work;
        thread::scope(|scope| {
            for desk in others {
                scope.spawn(move || work(desk));
            }
            work(mine);
        });
    }
}
