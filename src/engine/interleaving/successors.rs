//! What may come next, as a search has it.

use super::watch::Found;

/// One event, as one state has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Move {
    /// A message is handled.
    Deliver { from: u16, to: u16, message: u32 },
    /// The network loses a message.
    Lose { from: u16, to: u16, message: u32 },
    /// A message is handled, and another copy of it is still to come.
    Repeat { from: u16, to: u16, message: u32 },
    /// A message arrives at a process that is down.
    Miss { from: u16, to: u16, message: u32 },
    /// The failure detector reports.
    Report { observer: u16, of: u16 },
    /// A timer fires, while something else could happen (`early`) or not.
    Fire { process: u16, timer: u32, early: bool },
    /// An application makes a request.
    Request { process: u16, request: u32 },
    /// A process crashes between two steps.
    Crash { process: u16 },
    /// A process comes back.
    Restart { process: u16 },
}

/// One successor of a state.
#[derive(Clone, Debug)]
pub(crate) struct Successor {
    pub(crate) event: Move,
    /// In its step, the process crashed.
    pub(crate) crashed: bool,
    pub(crate) found: Option<Box<Found>>,
    /// The outcome of the step that it is, if it is one.
    pub(super) outcome: Option<u32>,
}

impl Successor {
    /// Whether a process crashes, in a step or between two.
    pub(crate) fn is_crash(&self) -> bool {
        self.crashed || matches!(self.event, Move::Crash { .. })
    }
}

/// The successors of one state, in memory that is used again.
#[derive(Clone, Debug, Default)]
pub(crate) struct Successors {
    pub(super) tuples: Vec<u32>,
    pub(super) all: Vec<Successor>,
    /// What each process of the state weighs.
    pub(super) weights: Vec<u32>,
    /// Of which outcome what comes next is, if of any.
    pub(super) outcome: Option<u32>,
}

impl Successors {
    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    /// All tuples, one after the other.
    pub(crate) fn tuples(&self) -> &[u32] {
        &self.tuples
    }

    #[inline]
    pub(crate) fn get(&self, index: usize) -> (&[u32], &Successor) {
        let length = self.tuples.len() / self.all.len();
        (&self.tuples[index * length..(index + 1) * length], &self.all[index])
    }

    /// Each tuple, of this length, with its successor.
    pub(crate) fn iter(&self, length: usize) -> impl Iterator<Item = (&[u32], &Successor)> {
        self.tuples.chunks_exact(length).zip(&self.all)
    }

    pub(super) fn clear(&mut self) {
        self.tuples.clear();
        self.all.clear();
        self.outcome = None;
    }
}
