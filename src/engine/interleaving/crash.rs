//! Crashes and restarts, and what becomes of what is in flight.

use super::inbox::{Inbox, REPORT};
use super::node::Local;
use super::space::{Group, Move, Space, Successors};
use super::watch::Watch;
use crate::engine::setup::{DetectorClass, FromDead, ToDead};
use crate::model::{Process, ProcessId};

impl<P: Process, W: Watch<P>> Space<P, W> {
    pub(super) fn strike(&mut self, process: usize, tuple: &[u32], out: &mut Successors) {
        for group in self.armed(process, tuple[tuple.len() - 1]) {
            let event = Move::Crash { process: process as u16 };
            self.crash(process, group, event, false, tuple.to_vec(), tuple, out);
        }
    }

    /// The groups with which a process may crash; of those that differ in nothing, one.
    pub(super) fn armed(&self, process: usize, global: u32) -> Vec<usize> {
        let left = &self.globals.get(global).crashes;
        let process = ProcessId::new(process as u32);
        let armed = |(index, group): &(usize, &Group)| left[*index] > 0 && group.among.contains(&process);
        self.groups.iter().enumerate().filter(armed).map(|(index, _)| index).collect()
    }

    pub(super) fn come_back(&mut self, process: usize, tuple: &[u32], out: &mut Successors) {
        out.work.clear();
        out.work.extend_from_slice(tuple);
        if self.setup.detector.class != DetectorClass::None {
            // It is told of everyone who is down.
            for other in (0..self.count()).filter(|&other| other != process) {
                if !self.about[tuple[2 * other] as usize].is_up {
                    out.work[2 * process + 1] = self.with(out.work[2 * process + 1], other as u16, REPORT);
                }
            }
        }
        let event = Move::Restart { process: process as u16 };
        self.happen(process, Local::Restart, event, tuple, out);
    }

    /// A process crashes: every outcome of it is a successor of `tuple`.
    #[expect(clippy::too_many_arguments, reason = "a crash has these parts")]
    pub(super) fn crash(
        &mut self,
        process: usize,
        group: usize,
        event: Move,
        in_step: bool,
        mut crashed: Vec<u32>,
        tuple: &[u32],
        out: &mut Successors,
    ) {
        let comes_back = self.groups[group].comes_back;
        crashed[2 * process] = self.nodes.crash(crashed[2 * process], comes_back);
        self.learn();
        crashed[2 * process + 1] = self.bereave(crashed[2 * process + 1], comes_back);
        let slot = crashed.len() - 1;
        let mut global = self.globals.get(crashed[slot]).clone();
        global.crashes[group] -= 1;
        if let Some(watch) = self.nodes.watch.crashed(ProcessId::new(process as u32), &global.watch) {
            global.watch = watch;
        }
        crashed[slot] = self.globals.intern(global);
        for cut in self.cuts(process, crashed) {
            out.work = cut;
            if self.setup.detector.class != DetectorClass::None {
                for other in 0..self.count() {
                    if other != process && self.about[out.work[2 * other] as usize].is_up {
                        let slot = 2 * other + 1;
                        out.work[slot] = self.with(out.work[slot], process as u16, REPORT);
                    }
                }
            }
            self.finish(event, in_step, None, tuple, out);
        }
    }

    /// What is left in flight to a process that crashes.
    fn bereave(&mut self, inbox: u32, comes_back: bool) -> u32 {
        let mut left = Inbox::new(self.inboxes.get(inbox).to);
        if comes_back && self.setup.network.to_dead == ToDead::Datagram {
            left = self.inboxes.get(inbox).clone();
            for from in 0..self.count() as u16 {
                left.change(from, self.orders, |items| items.retain(|&item| item != REPORT));
            }
        }
        let left = self.inboxes.intern(left);
        self.learn();
        left
    }

    /// Every way in which the messages in flight from a process that crashes can be cut off.
    fn cuts(&mut self, process: usize, tuple: Vec<u32>) -> Vec<Vec<u32>> {
        let mut all = vec![tuple];
        if self.setup.network.from_dead == FromDead::Deliver {
            return all;
        }
        for other in 0..self.count() {
            let slot = 2 * other + 1;
            let inbox = self.inboxes.get(all[0][slot]).clone();
            let items = inbox.channel(process as u16);
            if items.is_empty() {
                continue;
            }
            let mut left: Vec<Inbox> = Vec::new();
            for kept in self.orders.cut(items, self.setup.network.from_dead) {
                let mut inbox = inbox.clone();
                inbox.change(process as u16, self.orders, |items| *items = kept);
                if !left.contains(&inbox) {
                    left.push(inbox);
                }
            }
            let left: Vec<u32> = left.into_iter().map(|inbox| self.inboxes.intern(inbox)).collect();
            self.learn();
            all = all
                .iter()
                .flat_map(|tuple| {
                    left.iter().map(move |&inbox| {
                        let mut tuple = tuple.clone();
                        tuple[slot] = inbox;
                        tuple
                    })
                })
                .collect();
        }
        all
    }
}
