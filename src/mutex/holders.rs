use std::collections::BTreeMap;

use super::{DataId, Fence};
use crate::model::ProcessId;

/// Who is in which critical section, as the applications were told, and who waits for which.
#[derive(Clone, Debug, Default)]
pub(super) struct Holders {
    of: BTreeMap<DataId, Vec<ProcessId>>,
    /// Of each process what it holds.
    held: BTreeMap<ProcessId, Vec<DataId>>,
    waits_for: BTreeMap<ProcessId, DataId>,
    /// The greatest fencing number that each resource has seen, and whose it was.
    greatest: BTreeMap<DataId, (Fence, ProcessId)>,
}

impl Holders {
    pub(super) fn reset(&mut self) {
        self.of.clear();
        self.held.clear();
        self.waits_for.clear();
        self.greatest.clear();
    }

    pub(super) fn requested(&mut self, process: ProcessId, data: DataId) {
        self.waits_for.insert(process, data);
    }

    pub(super) fn entered(&mut self, process: ProcessId, data: DataId) {
        if self.waits_for.get(&process) == Some(&data) {
            self.waits_for.remove(&process);
        }
        let holders = self.of.entry(data).or_default();
        if !holders.contains(&process) {
            holders.push(process);
            self.held.entry(process).or_default().push(data);
        }
    }

    pub(super) fn left(&mut self, process: ProcessId, data: DataId) {
        if let Some(holders) = self.of.get_mut(&data) {
            holders.retain(|&holder| holder != process);
        }
        if let Some(held) = self.held.get_mut(&process) {
            held.retain(|&other| other != data);
            if held.is_empty() {
                self.held.remove(&process);
            }
        }
    }

    /// The process is gone; returns how many critical sections it was in.
    pub(super) fn crashed(&mut self, process: ProcessId) -> usize {
        self.waits_for.remove(&process);
        let held = self.held.remove(&process).unwrap_or_default();
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

    pub(super) fn is_inside(&self, process: ProcessId) -> bool {
        !self.held.is_empty() && self.held.contains_key(&process)
    }

    pub(super) fn is_waiting(&self, process: ProcessId) -> bool {
        self.waits_for.contains_key(&process)
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
            let data = *self.waits_for.get(&at)?;
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
