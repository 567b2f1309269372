//! Threads that search together, and find the same in the same order however many they are.
//!
//! They find the successors of some states, which changes nothing that is shared; each takes the next few states that
//! nobody has. Then they add what was found to the states, each to another part of them, in the order of the states
//! that it was found from.

use std::sync::{Mutex, PoisonError};
use std::thread;

use super::search::Desk;
use crate::engine::interleaving::{Found, SHARDS, Space, Tuples, Watch};
use crate::model::Process;

/// So many states are looked at by one thread at a time.
const BATCH: usize = 1024;
/// Fewer are not worth a second thread.
const FEW: usize = 512;

/// The successors of a few states.
#[derive(Clone, Debug)]
pub(super) struct Batch {
    /// By the part of the states that they belong to: strings, and behind each the state from which it was found.
    pub(super) parts: Vec<Vec<u32>>,
    pub(super) transitions: u64,
    /// States whose successors take something that is not known yet.
    pub(super) unknown: Vec<u32>,
    /// The first violation: in a step from this state to this one, in its canonical form.
    pub(super) found: Option<(u32, Vec<u32>, Found)>,
}

impl Batch {
    fn new() -> Self {
        Self { parts: vec![Vec::new(); SHARDS], transitions: 0, unknown: Vec::new(), found: None }
    }

    fn clear(&mut self) {
        self.parts.iter_mut().for_each(Vec::clear);
        self.transitions = 0;
        self.unknown.clear();
        self.found = None;
    }
}

/// The threads, and memory that they use again.
pub(super) struct Crew {
    jobs: usize,
    desks: Vec<Desk>,
    spare: Vec<Batch>,
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Crew {
    pub(super) fn new(jobs: usize) -> Self {
        let jobs = jobs.max(1);
        Self { jobs, desks: (0..jobs).map(|_| Desk::default()).collect(), spare: Vec::new() }
    }

    /// Finds the successors of these states, as far as what they take is known; in the order of the states.
    pub(super) fn look_at<P: Process, W: Watch<P>>(
        &mut self,
        space: &Space<P, W>,
        tuples: &Tuples,
        free: &[u32],
        states: &[u32],
    ) -> Vec<Batch> {
        let count = states.len().div_ceil(BATCH);
        let mut batches: Vec<Batch> = (0..count).map(|_| self.spare.pop().unwrap_or_else(Batch::new)).collect();
        let work = Mutex::new(states.chunks(BATCH).zip(&mut batches));
        let look = |desk: &mut Desk| {
            loop {
                let next = lock(&work).next();
                let Some((states, batch)) = next else { return };
                batch.clear();
                for &state in states {
                    desk.look_at(space, tuples, free, state, batch);
                }
            }
        };
        self.share(states.len() > FEW, look);
        batches
    }

    /// Adds what was found to the states.
    pub(super) fn add(&mut self, tuples: &mut Tuples, batches: &[Batch]) {
        let words = tuples.layout().words();
        let found: usize = batches.iter().map(|batch| batch.transitions as usize).sum();
        let parts = Mutex::new(tuples.shards_mut().iter_mut().enumerate());
        self.share(found > FEW, |_| {
            loop {
                let next = lock(&parts).next();
                let Some((number, shard)) = next else { return };
                for batch in batches {
                    for string in batch.parts[number].chunks_exact(words + 1) {
                        shard.insert(number, &string[..words], Some(string[words]));
                    }
                }
            }
        });
    }

    /// Takes batches back, to be used again.
    pub(super) fn keep(&mut self, batches: Vec<Batch>) {
        self.spare.extend(batches);
    }

    /// Has every thread do this, or only the present one.
    fn share(&mut self, with_all: bool, work: impl Fn(&mut Desk) + Sync) {
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
