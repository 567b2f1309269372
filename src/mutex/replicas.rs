use std::collections::BTreeMap;

use super::Replica;
use crate::model::ProcessId;

/// The replicas of the live processes, with the oldest and the newest version at hand.
#[derive(Clone, Debug, Default)]
pub(super) struct Replicas {
    of: Vec<Option<Replica>>,
    /// How many live replicas have each version.
    versions: BTreeMap<i64, u32>,
}

impl Replicas {
    pub(super) fn reset(&mut self, processes: u32) {
        self.of.clear();
        self.of.resize(processes as usize, None);
        self.versions.clear();
    }

    /// A process has this replica now, most often the one it is known to have.
    #[inline(always)]
    pub(super) fn update(&mut self, process: ProcessId, replica: Option<Replica>) {
        if self.of[process.index()] != replica {
            self.set(process, replica);
        }
    }

    /// A process has this replica now; none, if it crashed.
    #[inline(never)]
    pub(super) fn set(&mut self, process: ProcessId, replica: Option<Replica>) {
        let old = std::mem::replace(&mut self.of[process.index()], replica);
        let (old, new) = (old.map(|r| r.version), replica.map(|r| r.version));
        if old == new {
            return;
        }
        if let Some(version) = new {
            *self.versions.entry(version).or_insert(0) += 1;
        }
        if let Some(version) = old {
            let count = self.versions.get_mut(&version).expect("a version that a replica had is counted");
            *count -= 1;
            if *count == 0 {
                self.versions.remove(&version);
            }
        }
    }

    pub(super) fn oldest(&self) -> Option<i64> {
        self.versions.keys().next().copied()
    }

    pub(super) fn newest(&self) -> Option<i64> {
        self.versions.keys().next_back().copied()
    }

    /// Some live process whose version is `version`.
    pub(super) fn with_version(&self, version: i64) -> Option<ProcessId> {
        let index = self.of.iter().position(|replica| replica.is_some_and(|r| r.version == version))?;
        Some(ProcessId::new(index as u32))
    }

    /// Two live processes whose replicas differ, if any do.
    pub(super) fn difference(&self) -> Option<[(ProcessId, Replica); 2]> {
        let mut live = self
            .of
            .iter()
            .enumerate()
            .filter_map(|(index, replica)| replica.map(|replica| (ProcessId::new(index as u32), replica)));
        let first = live.next()?;
        live.find(|(_, replica)| *replica != first.1).map(|other| [first, other])
    }
}
