//! Where the columns are, and whose.

use std::collections::BTreeSet;

use super::glyphs::Glyphs;
use super::label;
use crate::model::ProcessId;
use crate::trace::record::{Kind, Record};

/// The places of everything that does not move.
pub(super) struct Grid<'a> {
    pub(super) width: usize,
    pub(super) glyphs: &'a Glyphs,
    /// How wide a tick is.
    ticks: usize,
    /// How far apart the lines of processes are.
    pub(super) pitch: usize,
    /// The processes that have a column, in the order of their ids.
    columns: Vec<ProcessId>,
}

/// The heading of the ticks, and the least room for them.
const TICK: &str = " tick";
/// Between the ticks and the first line.
const MARGIN: usize = 2;
/// Wider columns only take messages further from their lines.
const PITCH_MAX: usize = 20;
/// In narrower ones nothing can be told apart.
const PITCH_MIN: usize = 4;

impl<'a> Grid<'a> {
    pub(super) fn new(
        width: usize,
        processes: u32,
        records: &[Record],
        concerned: &[ProcessId],
        glyphs: &'a Glyphs,
    ) -> Self {
        let last = records.last().map(|record| record.tick).unwrap_or_default();
        let ticks = label::width(TICK).max(label::width(&last.to_string()));
        let room = width - ticks - MARGIN;
        let name = label::width(&ProcessId::new(processes.saturating_sub(1)).to_string());
        let capacity = room / PITCH_MIN.max(name + 1);
        let columns = if processes as usize <= capacity {
            ProcessId::all(processes).collect()
        } else {
            choose(processes, records, concerned, capacity)
        };
        let pitch = (room / columns.len().max(1)).min(PITCH_MAX);
        Self { width, glyphs, ticks, pitch, columns }
    }

    /// How many processes have a column.
    pub(super) fn shown(&self) -> usize {
        self.columns.len()
    }

    pub(super) fn column(&self, process: ProcessId) -> Option<usize> {
        self.columns.binary_search(&process).ok()
    }

    /// Whether it is something that has a row.
    pub(super) fn shows(&self, record: &Record) -> bool {
        self.column(record.process).is_some() || matches!(record.kind, Kind::Partition { .. })
    }

    /// Where the line of a column is.
    pub(super) fn line(&self, column: usize) -> usize {
        self.start() + column * self.pitch
    }

    /// Where the ticks have ended and the lines may begin.
    pub(super) fn start(&self) -> usize {
        self.ticks + MARGIN
    }

    pub(super) fn tick(&self, tick: &str) -> String {
        format!("{tick:>width$}", width = self.ticks)
    }

    /// The names of the processes, each above its line.
    pub(super) fn heading(&self) -> String {
        let mut heading = self.tick(TICK.trim_start());
        for (column, process) in self.columns.iter().enumerate() {
            let at = self.line(column);
            heading = format!("{heading:<at$}{process}");
        }
        heading
    }
}

/// Those who do more than start: first whom a violation concerns, then who crashes, then whoever acts latest.
pub(super) fn choose(processes: u32, records: &[Record], concerned: &[ProcessId], capacity: usize) -> Vec<ProcessId> {
    let crashes = |record: &&Record| record.crashed || record.kind == Kind::Crash;
    let acts = |record: &&Record| match record.kind {
        Kind::Partition { .. } => false,
        Kind::Start => !record.effects.is_empty(),
        _ => true,
    };
    let fatal = records.iter().rev().filter(crashes).map(|record| record.process);
    let active = records.iter().rev().filter(acts).map(|record| record.process);
    let mut chosen = BTreeSet::new();
    for process in concerned.iter().copied().chain(fatal).chain(active) {
        if chosen.len() == capacity {
            break;
        }
        if process.get() < processes {
            chosen.insert(process);
        }
    }
    chosen.into_iter().collect()
}
