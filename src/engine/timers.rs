//! The timers that are set.

use super::queue::Queue;
use super::timed::Pending;
use crate::model::{Process, ProcessId, Ticks};

/// The timers of all processes, each known by its value.
#[derive(Clone, Debug)]
pub(super) struct Timers<P: Process> {
    of: Vec<Vec<Armed<P>>>,
    ids: u64,
}

#[derive(Clone, Debug)]
struct Armed<P: Process> {
    timer: P::Timer,
    id: u64,
    /// By which it is removed from the queue, until it comes up.
    ticket: Option<u32>,
    at: Ticks,
}

impl<P: Process> Armed<P> {
    #[inline]
    fn cancel(timers: &mut Vec<Self>, timer: &P::Timer, queue: &mut Queue<Pending<P>>) {
        if let Some(index) = timers.iter().position(|armed| armed.timer == *timer) {
            timers.swap_remove(index).remove_from(queue);
        }
    }

    #[inline(never)]
    fn remove_from(self, queue: &mut Queue<Pending<P>>) {
        if let Some(ticket) = self.ticket {
            queue.remove(ticket, self.at);
        }
    }
}

impl<P: Process> Default for Timers<P> {
    fn default() -> Self {
        Self { of: Vec::new(), ids: 0 }
    }
}

impl<P: Process> Timers<P> {
    /// Back to none, with the memory they have.
    pub(super) fn reset(&mut self, processes: u32) {
        for timers in &mut self.of {
            timers.clear();
        }
        self.of.resize_with(processes as usize, Vec::new);
        self.ids = 0;
    }

    /// How many of a process are set.
    pub(super) fn count(&self, process: ProcessId) -> u64 {
        self.of[process.index()].len() as u64
    }

    /// Sets one, or moves it, and tells how many of the process are set.
    #[inline(always)]
    pub(super) fn set(
        &mut self,
        process: ProcessId,
        timer: P::Timer,
        after: Ticks,
        now: Ticks,
        queue: &mut Queue<Pending<P>>,
    ) -> u64 {
        let timers = &mut self.of[process.index()];
        Armed::cancel(timers, &timer, queue);
        let id = self.ids;
        self.ids += 1;
        let at = now + after;
        let ticket = queue.push_removable(at, |ticket| Pending::Timer { process, ticket, id }, now);
        timers.push(Armed { timer, id, ticket: Some(ticket), at });
        timers.len() as u64
    }

    pub(super) fn cancel(&mut self, process: ProcessId, timer: &P::Timer, queue: &mut Queue<Pending<P>>) {
        Armed::cancel(&mut self.of[process.index()], timer, queue);
    }

    pub(super) fn cancel_all(&mut self, process: ProcessId, queue: &mut Queue<Pending<P>>) {
        for armed in self.of[process.index()].drain(..) {
            armed.remove_from(queue);
        }
    }

    /// It has come up: it can no longer be removed from the queue, but still be cancelled in an inbox.
    pub(super) fn is_up(&mut self, process: ProcessId, id: u64) {
        if let Some(armed) = self.of[process.index()].iter_mut().find(|armed| armed.id == id) {
            armed.ticket = None;
        }
    }

    /// It fires, if it is set.
    pub(super) fn take(&mut self, process: ProcessId, id: u64) -> Option<P::Timer> {
        let timers = &mut self.of[process.index()];
        let index = timers.iter().position(|armed| armed.id == id)?;
        Some(timers.swap_remove(index).timer)
    }
}
