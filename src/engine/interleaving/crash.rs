//! Crashes and restarts, and what becomes of what is in flight.

use super::inbox::{Inbox, REPORT};
use super::learn::Unknown;
use super::node::Local;
use super::space::{Cause, Space, known};
use super::successors::{Move, Successors};
use super::watch::{Found, Watch};
use crate::engine::setup::{DetectorClass, ToDead};
use crate::model::{Process, ProcessId};

impl<P: Process, W: Watch<P>> Space<P, W> {
    #[inline]
    pub(super) fn strike(&self, process: usize, tuple: &[u32], out: &mut Successors) -> Result<(), Unknown<W::Global>> {
        for group in self.armed(process, tuple[tuple.len() - 1]) {
            let first = out.tuples.len();
            out.tuples.extend_from_slice(tuple);
            let event = Move::Crash { process: process as u16 };
            self.crash(process, group, event, false, None, first, tuple, out)?;
        }
        Ok(())
    }

    /// The groups with which a process may crash; of those that differ in nothing, one.
    #[inline]
    pub(super) fn armed(&self, process: usize, global: u32) -> impl Iterator<Item = usize> {
        let left = &self.globals.get(global).crashes;
        let process = ProcessId::new(process as u32);
        let groups = self.groups.iter().enumerate();
        groups.filter(move |(index, group)| left[*index] > 0 && group.among.contains(&process)).map(|(index, _)| index)
    }

    pub(super) fn come_back(
        &self,
        process: usize,
        tuple: &[u32],
        out: &mut Successors,
    ) -> Result<(), Unknown<W::Global>> {
        let mut inbox = tuple[2 * process + 1];
        if self.setup.detector.class != DetectorClass::None {
            // It is told of everyone who is down.
            for other in (0..self.count()).filter(|&other| other != process) {
                if !self.about[tuple[2 * other] as usize].is_up {
                    inbox = self.with(inbox, self.report_of(other))?;
                }
            }
        }
        let event = Move::Restart { process: process as u16 };
        let restart = self.events.number(&Local::Restart).expect("the restart is one of the first events");
        self.happen(restart, Cause { process, inbox, global: tuple[tuple.len() - 1], event }, tuple, out)
    }

    /// The report of a crash, as a letter.
    fn report_of(&self, process: usize) -> u32 {
        self.letters.number(&(process as u16, REPORT)).expect("the reports are the first letters")
    }

    /// In the last tuple of `out` a process is in the middle of a step, and crashes: with each group that it can.
    pub(super) fn crash_in_step(
        &self,
        cause: Cause,
        found: Option<&Found>,
        tuple: &[u32],
        out: &mut Successors,
    ) -> Result<(), Unknown<W::Global>> {
        let Cause { process, event, global, .. } = cause;
        let work = out.tuples.split_off(out.tuples.len() - tuple.len());
        for group in self.armed(process, global) {
            let first = out.tuples.len();
            out.tuples.extend_from_slice(&work);
            self.crash(process, group, event, true, found, first, tuple, out)?;
        }
        Ok(())
    }

    /// A process crashes in the last tuple of `out`, the first word of which is the `first`: every outcome of it is a
    /// successor of `tuple`.
    #[expect(clippy::too_many_arguments, reason = "a crash has these parts")]
    fn crash(
        &self,
        process: usize,
        group: usize,
        event: Move,
        in_step: bool,
        found: Option<&Found>,
        first: usize,
        tuple: &[u32],
        out: &mut Successors,
    ) -> Result<(), Unknown<W::Global>> {
        let comes_back = self.groups[group].comes_back;
        let work = &mut out.tuples[first..];
        let slot = tuple.len() - 1;
        let (node, inbox) = (work[2 * process], work[2 * process + 1]);
        work[2 * process] = known(self.about[node as usize].crashed[usize::from(comes_back)])
            .ok_or(Unknown::Crash { node, comes_back })?;
        work[2 * process + 1] = known(self.mail[inbox as usize].bereaved[usize::from(comes_back)])
            .ok_or(Unknown::Bereaved { inbox, comes_back })?;
        let (global, process) = (work[slot], process as u16);
        let struck = self.struck.get(&(global, process, group));
        work[slot] = struck.ok_or(Unknown::Struck { global, process, group })?;
        let process = usize::from(process);
        self.cut_off(process, first, tuple.len(), out)?;
        let count = (out.tuples.len() - first) / tuple.len();
        for _ in 0..count {
            self.finish(event, in_step, found.cloned().map(Box::new), tuple, out)?;
        }
        Ok(())
    }

    /// From the tuple in `out` that begins with its word `first`, every way in which the messages in flight from a
    /// process that crashes can be cut off; and whoever is up is to be told of the crash.
    fn cut_off(
        &self,
        process: usize,
        first: usize,
        length: usize,
        out: &mut Successors,
    ) -> Result<(), Unknown<W::Global>> {
        let tells = self.setup.detector.class != DetectorClass::None;
        // It is one of the receivers itself, and is down by now.
        for other in 0..self.count() {
            let inbox = out.tuples[first + 2 * other + 1];
            let told = tells && self.about[out.tuples[first + 2 * other] as usize].is_up;
            let of = process as u16;
            let cut = self.cuts.get(&(inbox, of, told)).ok_or(Unknown::Cut { inbox, of, told })?;
            let left = &self.cut[cut.0 as usize..(cut.0 + cut.1) as usize];
            let so_far = first..out.tuples.len();
            for (index, &inbox) in left.iter().enumerate() {
                let begin = if index == 0 { first } else { out.tuples.len() };
                if index > 0 {
                    out.tuples.extend_from_within(so_far.clone());
                }
                for work in out.tuples[begin..begin + so_far.len()].chunks_exact_mut(length) {
                    work[2 * other + 1] = inbox;
                }
            }
        }
        Ok(())
    }

    /// What belongs to all after a crash.
    pub(super) fn find_struck(&mut self, global: u32, process: u16, group: usize) {
        let mut struck = self.globals.get(global).clone();
        struck.crashes[group] -= 1;
        if let Some(watch) = self.nodes.watch.crashed(ProcessId::new(process.into()), &struck.watch) {
            struck.watch = watch;
        }
        let struck = self.globals.intern(struck);
        self.struck.insert((global, process, group), struck);
    }

    /// What is left in flight to a process that crashes.
    pub(super) fn find_bereaved(&mut self, inbox: u32, comes_back: bool) {
        let mut left = Inbox::new(self.inboxes.get(inbox).to);
        if comes_back && self.setup.network.to_dead == ToDead::Datagram {
            left = self.inboxes.get(inbox).clone();
            for from in 0..self.count() as u16 {
                left.change(from, self.orders, |items| items.retain(|&item| item != REPORT));
            }
        }
        let left = self.inboxes.intern(left);
        self.learn();
        self.mail[inbox as usize].bereaved[usize::from(comes_back)] = left;
    }

    /// What can be left in flight from a process that crashes, the report of it behind, if the receiver is told.
    pub(super) fn find_cut(&mut self, inbox: u32, of: u16, told: bool) {
        let before = self.inboxes.get(inbox).clone();
        let mut left: Vec<Inbox> = Vec::new();
        for kept in self.orders.cut(before.channel(of), self.setup.network.from_dead) {
            let mut inbox = before.clone();
            inbox.change(of, self.orders, |items| *items = kept);
            if told {
                inbox.push(of, REPORT, self.orders);
            }
            if !left.contains(&inbox) {
                left.push(inbox);
            }
        }
        let first = u32::try_from(self.cut.len()).expect("fewer than 2^32 cuts");
        for inbox in left {
            let inbox = self.inboxes.intern(inbox);
            self.cut.push(inbox);
        }
        self.learn();
        self.cuts.insert((inbox, of, told), (first, self.cut.len() as u32 - first));
    }
}
