//! What may come next in a state: messages, reports, requests and timers. Crashes have a file of their own.

use super::learn::Unknown;
use super::space::{Cause, Global, Item, Space, UNKNOWN};
use super::successors::{Move, Successors};
use super::watch::Watch;
use crate::model::Process;

impl<P: Process, W: Watch<P>> Space<P, W> {
    /// All that may come next, into `out`. With `free` timers, they may fire though something else is to come.
    pub(crate) fn successors(&mut self, tuple: &[u32], free: bool, out: &mut Successors) {
        out.clear();
        while let Err(unknown) = self.weigh_all(tuple, out) {
            self.find_out(unknown);
        }
        let hurries = self.hurries(tuple);
        for process in 0..self.count() {
            let known = (out.tuples.len(), out.all.len());
            while let Err(unknown) = self.successors_by(process, hurries, free, tuple, out) {
                out.tuples.truncate(known.0);
                out.all.truncate(known.1);
                out.outcome = None;
                self.find_out(unknown);
            }
        }
    }

    /// All that may come next at some processes, by their bits, into `out`, if all that it takes is known.
    pub(crate) fn known_moves(
        &self,
        tuple: &[u32],
        free: bool,
        movers: u64,
        out: &mut Successors,
    ) -> Result<(), Unknown<W::Global>> {
        out.clear();
        self.weigh_all(tuple, out)?;
        let hurries = self.hurries(tuple);
        let mut movers = (0..self.count()).filter(|process| movers >> process & 1 == 1);
        movers.try_for_each(|process| self.successors_by(process, hurries, free, tuple, out))
    }

    /// All that may come next at a process.
    fn successors_by(
        &self,
        process: usize,
        hurries: bool,
        free: bool,
        tuple: &[u32],
        out: &mut Successors,
    ) -> Result<(), Unknown<W::Global>> {
        let about = &self.about[tuple[2 * process] as usize];
        let (is_up, comes_back) = (about.is_up, about.comes_back);
        self.deliver(process, is_up, tuple, out)?;
        if is_up {
            self.report(process, tuple, out)?;
            self.request(process, tuple, out)?;
            if hurries {
                self.fire(process, true, tuple, out)?;
            }
            if free || !hurries {
                self.fire(process, false, tuple, out)?;
            }
            self.strike(process, tuple, out)?;
        } else if comes_back {
            self.come_back(process, tuple, out)?;
        }
        Ok(())
    }

    #[inline]
    fn deliver(
        &self,
        process: usize,
        is_up: bool,
        tuple: &[u32],
        out: &mut Successors,
    ) -> Result<(), Unknown<W::Global>> {
        let inbox = tuple[2 * process + 1];
        let global = tuple[tuple.len() - 1];
        let to = process as u16;
        for (index, item) in self.mail[inbox as usize].deliveries.iter().enumerate() {
            let Item { from, message, event, rest, .. } = *item;
            if rest == UNKNOWN {
                return Err(Unknown::Rest { inbox, index, report: false });
            }
            if is_up {
                let cause = Cause { process, inbox: rest, global, event: Move::Deliver { from, to, message } };
                self.happen(event, cause, tuple, out)?;
            } else {
                let cause = Cause { process, inbox: rest, global, event: Move::Miss { from, to, message } };
                self.pass(cause, tuple, out)?;
            }
            let Global { losses, duplicates, .. } = *self.globals.get(global);
            if losses > 0 {
                let global = self.spent(global, |global| global.losses -= 1)?;
                self.pass(Cause { process, inbox: rest, global, event: Move::Lose { from, to, message } }, tuple, out)?;
            }
            if duplicates > 0 && is_up {
                let global = self.spent(global, |global| global.duplicates -= 1)?;
                self.happen(
                    event,
                    Cause { process, inbox, global, event: Move::Repeat { from, to, message } },
                    tuple,
                    out,
                )?;
            }
        }
        Ok(())
    }

    #[inline]
    fn report(&self, process: usize, tuple: &[u32], out: &mut Successors) -> Result<(), Unknown<W::Global>> {
        let inbox = tuple[2 * process + 1];
        for (index, item) in self.mail[inbox as usize].reports.iter().enumerate() {
            let Item { from: of, event, rest, .. } = *item;
            if rest == UNKNOWN {
                return Err(Unknown::Rest { inbox, index, report: true });
            }
            let global = tuple[tuple.len() - 1];
            let cause = Cause { process, inbox: rest, global, event: Move::Report { observer: process as u16, of } };
            self.happen(event, cause, tuple, out)?;
        }
        Ok(())
    }

    #[inline]
    fn request(&self, process: usize, tuple: &[u32], out: &mut Successors) -> Result<(), Unknown<W::Global>> {
        let (inbox, global) = (tuple[2 * process + 1], tuple[tuple.len() - 1]);
        for &(request, event) in &self.about[tuple[2 * process] as usize].requests {
            let cause = Cause { process, inbox, global, event: Move::Request { process: process as u16, request } };
            self.happen(event, cause, tuple, out)?;
        }
        Ok(())
    }

    /// Timers fire when nothing else is to come; before that, so many times a process.
    #[inline]
    fn fire(&self, process: usize, early: bool, tuple: &[u32], out: &mut Successors) -> Result<(), Unknown<W::Global>> {
        let about = &self.about[tuple[2 * process] as usize];
        let counts = early && self.bounds.early_timers.is_some();
        if counts && self.bounds.early_timers.is_some_and(|most| about.fired >= most) {
            return Ok(());
        }
        let (inbox, global) = (tuple[2 * process + 1], tuple[tuple.len() - 1]);
        for &(timer, counted, uncounted) in &about.timers {
            let event = Move::Fire { process: process as u16, timer, early };
            self.happen(if counts { counted } else { uncounted }, Cause { process, inbox, global, event }, tuple, out)?;
        }
        Ok(())
    }
}
