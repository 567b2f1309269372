use std::collections::BTreeMap;

use super::{DataId, Fence};
use crate::model::ProcessId;

/// Who is in which critical section, as the applications were told, and who waits for which.
#[derive(Clone, Debug, Default)]
pub(super) struct Holders {
    of: BTreeMap<DataId, Vec<ProcessId>>,
    /// Of each process what it holds and what it waits for, up to the last that ever asked or entered.
    each: Vec<Place>,
    /// The greatest fencing number that each resource has seen, and whose it was.
    greatest: BTreeMap<DataId, (Fence, ProcessId)>,
}

#[derive(Clone, Debug, Default)]
struct Place {
    held: Vec<DataId>,
    waits_for: Option<DataId>,
}

impl Holders {
    fn place(&mut self, process: ProcessId) -> &mut Place {
        if self.each.len() <= process.index() {
            self.each.resize_with(process.index() + 1, Place::default);
        }
        &mut self.each[process.index()]
    }

    pub(super) fn reset(&mut self) {
        self.of.clear();
        for place in &mut self.each {
            place.held.clear();
            place.waits_for = None;
        }
        self.greatest.clear();
    }

    pub(super) fn requested(&mut self, process: ProcessId, data: DataId) {
        self.place(process).waits_for = Some(data);
    }

    pub(super) fn entered(&mut self, process: ProcessId, data: DataId) {
        let place = self.place(process);
        if place.waits_for == Some(data) {
            place.waits_for = None;
        }
        let holders = self.of.entry(data).or_default();
        if !holders.contains(&process) {
            holders.push(process);
            self.place(process).held.push(data);
        }
    }

    pub(super) fn left(&mut self, process: ProcessId, data: DataId) {
        if let Some(holders) = self.of.get_mut(&data) {
            holders.retain(|&holder| holder != process);
        }
        if let Some(place) = self.each.get_mut(process.index()) {
            place.held.retain(|&other| other != data);
        }
    }

    /// The process is gone; returns how many critical sections it was in.
    pub(super) fn crashed(&mut self, process: ProcessId) -> usize {
        let place = self.place(process);
        place.waits_for = None;
        let held = std::mem::take(&mut place.held);
        for data in &held {
            if let Some(holders) = self.of.get_mut(data) {
                holders.retain(|&holder| holder != process);
            }
        }
        held.len()
    }

    pub(super) fn of(&self, data: DataId) -> &[ProcessId] {
        self.of.get(&data).map_or(&[], Vec::as_slice)
    }

    #[inline(always)]
    pub(super) fn is_inside(&self, process: ProcessId) -> bool {
        self.each.get(process.index()).is_some_and(|place| !place.held.is_empty())
    }

    pub(super) fn is_waiting(&self, process: ProcessId) -> bool {
        self.each.get(process.index()).is_some_and(|place| place.waits_for.is_some())
    }

    /// A holder shows its fencing number to the resource. Returns what the resource has seen, if it must refuse, or
    /// cannot tell the two holders apart.
    pub(super) fn show(&mut self, process: ProcessId, data: DataId, fence: Fence) -> Option<(Fence, ProcessId)> {
        let seen = self.greatest.entry(data).or_insert((fence, process));
        if fence < seen.0 || fence == seen.0 && process != seen.1 {
            return Some(*seen);
        }
        *seen = (fence, process);
        None
    }

    /// The cycle of processes, each waiting for what the next one holds, that this one is on.
    pub(super) fn cycle(&self, process: ProcessId) -> Option<Vec<(ProcessId, DataId)>> {
        let mut path = Vec::new();
        let mut at = process;
        loop {
            let data = self.each.get(at.index())?.waits_for?;
            path.push((at, data));
            at = *self.of(data).first()?;
            if at == process {
                return Some(path);
            }
            if path.iter().any(|(seen, _)| *seen == at) {
                return None;
            }
        }
    }
}
