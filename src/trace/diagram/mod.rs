//! The diagram: one column a process, time downwards, an event a row.
//!
//! ```text
//!  tick  p0            p1            p2
//!     0  ●             ●             ● start
//!     0  ●─Token▶p1    │             │
//!     4  │      p0─Token▶●─Token▶p2  │
//! ```
//!
//! What belongs to an event stands beside its dot, to the left or to the right: a message points from its sender to its
//! receiver, at the row in which it is sent and again at the row in which it is handled. Rows are made of entries
//! ([`script`]), set on a grid ([`grid`]) and drawn by a [`Stage`](stage::Stage), which follows who is up and marked.

mod brief;
mod glyphs;
mod grid;
mod label;
mod script;
mod stage;
#[cfg(test)]
mod tests;

use std::fmt::Write;
use std::ops::Range;

use serde_json::Value as Json;

use self::brief::Part;
use self::glyphs::{ASCII, Glyphs, UNICODE};
use self::grid::Grid;
use self::stage::Stage;
use super::file::{Ended, Ending};
use super::record::{Kind, Record};
use crate::engine::Limit;
use crate::model::ProcessId;

/// Draws a run as text for a terminal.
///
/// ```text
///  tick  p0            p1            p2
///     4  ●─Token▶p1    │             │             p0 sends a Token to p1,
///     9  │      p0─Token▶● ENTERED   │             which handles it and tells its application something,
///    12  │             ║      p1─Ask▶●             marked from here on;
///    13  │             ✗ crash       │             p1 crashes,
///    20  ● †p1                       │             and p0 learns of it
/// ```
///
/// If there are more processes than columns, those whom a violation concerns have one, then those that crash, then
/// those that act last; a line says how many are left out.
pub struct Diagram<'a> {
    width: usize,
    ascii: bool,
    brief: bool,
    notes: bool,
    meaning: &'a str,
    marks: Marks<'a>,
}

type Marks<'a> = Box<dyn Fn(ProcessId, &Json) -> Option<Mark> + 'a>;

/// What an indication changes about the mark of a process. It is marked while anything that began has not ended; a
/// crash ends everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// This begins.
    Begin(u64),
    /// This ends.
    End(u64),
}

/// The width of terminals.
const WIDTH: usize = 80;
/// Below this there is no room for a single message.
const WIDTH_MIN: usize = 40;

impl Default for Diagram<'_> {
    fn default() -> Self {
        let marks = Box::new(|_: ProcessId, _: &Json| None);
        Self { width: WIDTH, ascii: false, brief: false, notes: false, meaning: "", marks }
    }
}

impl<'a> Diagram<'a> {
    /// A diagram 80 columns wide.
    pub fn new() -> Self {
        Self::default()
    }

    /// So many characters wide, at least 40.
    #[must_use]
    pub fn width(mut self, width: usize) -> Self {
        self.width = width.max(WIDTH_MIN);
        self
    }

    /// Drawn with ASCII characters alone.
    #[must_use]
    pub fn ascii(mut self, ascii: bool) -> Self {
        self.ascii = ascii;
        self
    }

    /// Without the long stretches in which nobody asks for anything, is told anything, fails or learns of a failure.
    /// Each is one line that says so. The last 40 events before a violation are always there.
    #[must_use]
    pub fn brief(mut self, brief: bool) -> Self {
        self.brief = brief;
        self
    }

    /// With the notes of processes.
    #[must_use]
    pub fn notes(mut self, notes: bool) -> Self {
        self.notes = notes;
        self
    }

    /// With a thicker line where a process is marked, which `marks` tells from its indications; `meaning` says in the
    /// legend what a marked process is: `in a critical section`.
    #[must_use]
    pub fn marks(mut self, meaning: &'a str, marks: impl Fn(ProcessId, &Json) -> Option<Mark> + 'a) -> Self {
        self.meaning = meaning;
        self.marks = Box::new(marks);
        self
    }

    /// Draws the records of a run of so many processes, and how it ended.
    pub fn render(&self, processes: u32, records: &[Record], ending: Option<&Ending>) -> String {
        let glyphs = if self.ascii { &ASCII } else { &UNICODE };
        let violated = ending.filter(|ending| ending.end == Ended::Violated);
        let concerned = violated.map_or(&[][..], |ending| &ending.processes);
        let grid = Grid::new(self.width, processes, records, concerned, glyphs);
        let shown: Vec<&Record> = records.iter().filter(|record| grid.shows(record)).collect();
        let cycle = ending.and_then(|ending| ending.cycle_from_event);
        // Nothing is left out of what goes round.
        let parts = brief::parts(&shown, self.brief && cycle.is_none(), violated.is_some());

        let mut stage = Stage::new(&grid, self);
        let mut next = 0;
        let mut round = false;
        for record in records {
            if !round && cycle.is_some_and(|event| record.number > event) {
                round = true;
                stage.remark("again and again from here on:");
            }
            if !grid.shows(record) {
                stage.pass(record);
                continue;
            }
            match parts[next] {
                Part::Row => stage.draw(record),
                Part::Start { last } => stage.start(record, last),
                Part::Folded => stage.pass(record),
                Part::FoldEnd { first } => {
                    stage.pass(record);
                    stage.fold(&brief::summary(&shown[first..=next], glyphs));
                }
            }
            next += 1;
        }
        if cycle.is_some() {
            stage.remark(if round { "and round again" } else { "and nothing need happen any more" });
        }
        let drawn = stage.finish();

        let mut text = String::new();
        for line in self.legend(records, glyphs).into_iter().chain(left_out(&grid, processes, records)) {
            text.push_str(&line);
            text.push('\n');
        }
        text.push_str(&drawn);
        if let Some(ending) = ending {
            for line in wrap(&sentence(ending, glyphs), self.width) {
                text.push_str(&line);
                text.push('\n');
            }
        }
        text
    }

    /// The signs that the diagram has, explained.
    fn legend(&self, records: &[Record], glyphs: &Glyphs) -> Vec<String> {
        let has = |wanted: fn(&Record) -> bool| records.iter().any(wanted);
        let mut signs = vec![format!("{} handles an event", glyphs.dot)];
        if has(|record| matches!(record.kind, Kind::Timer(_))) {
            signs.push(format!("{} a timer fires", glyphs.ring));
        }
        if has(|record| record.crashed || record.kind == Kind::Crash || !record.lost.is_empty()) {
            signs.push(format!("{} crash or loss", glyphs.cross));
        }
        if has(|record| matches!(record.kind, Kind::Report(_))) {
            signs.push(format!("{}p0 hears that p0 crashed", glyphs.dagger));
        }
        if !self.meaning.is_empty() {
            signs.push(format!("{} {}", glyphs.thick, self.meaning));
        }
        let mut lines: Vec<String> = Vec::new();
        for sign in signs {
            match lines.last_mut() {
                Some(line) if label::width(line) + 3 + label::width(&sign) <= self.width => {
                    line.push_str("   ");
                    line.push_str(&sign);
                }
                _ => lines.push(sign),
            }
        }
        lines
    }
}

/// The short name of a message, and the name with the numbers and words in it; see [`label`].
pub(crate) fn name(content: &Json) -> String {
    label::name(content, &UNICODE)
}

/// What a request, timer or indication is in few words.
pub(crate) fn phrase(content: &Json) -> String {
    label::phrase(content, &UNICODE)
}

/// How a run ended, in one sentence.
pub(crate) fn ended(ending: &Ending) -> String {
    sentence(ending, &UNICODE).trim_start_matches([UNICODE.cross, ' ']).to_owned()
}

/// The stretches of records that a brief drawing has in one line, each with what that line says.
pub(crate) fn folds(records: &[Record], violated: bool) -> Vec<(Range<usize>, String)> {
    let records: Vec<&Record> = records.iter().collect();
    let parts = brief::parts(&records, true, violated);
    let ends = parts.iter().enumerate().filter_map(|(end, part)| match part {
        Part::FoldEnd { first } => Some(*first..end + 1),
        _ => None,
    });
    ends.map(|range| (range.clone(), brief::summary(&records[range], &UNICODE))).collect()
}

/// The processes to show where there is room for so many, in the order of their ids.
pub(crate) fn columns(processes: u32, records: &[Record], concerned: &[ProcessId], room: usize) -> Vec<ProcessId> {
    if processes as usize <= room {
        return ProcessId::all(processes).collect();
    }
    grid::choose(processes, records, concerned, room)
}

/// The line that says who is not shown.
fn left_out(grid: &Grid<'_>, processes: u32, records: &[Record]) -> Option<String> {
    let out = processes as usize - grid.shown();
    let events = records.iter().filter(|record| !grid.shows(record) && record.kind != Kind::Start).count();
    let rest = if events == 0 { "who do nothing".to_owned() } else { format!("with {events} events") };
    (out > 0).then(|| format!("{} of {processes} processes; left out are {out}, {rest}", grid.shown()))
}

/// How it ended, in words.
fn sentence(ending: &Ending, glyphs: &Glyphs) -> String {
    let Ending { at, event, .. } = ending;
    let mut text = String::new();
    let written = match ending.end {
        Ended::Settled => write!(text, "settled at tick {at} after {event} events"),
        Ended::Quiescent => write!(text, "nothing left to happen at tick {at} after {event} events"),
        Ended::CutOff => {
            let limit = match ending.limit {
                Some(Limit::Ticks) => "ticks",
                Some(Limit::Events) => "events",
                Some(Limit::Pending) => "pending events",
                None => "what a run may take",
            };
            write!(text, "cut off at tick {at} after {event} events by the limit of {limit}: it proves nothing")
        }
        Ended::Violated => {
            let property = ending.property.as_deref().unwrap_or("a property");
            let explanation = ending.explanation.as_deref().unwrap_or("no explanation");
            write!(text, "{} {property} violated at tick {at} (event {event}): {explanation}", glyphs.cross)
        }
    };
    written.expect("a string takes everything");
    label::clean(&text, glyphs)
}

/// Breaks a text into lines at its blanks.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if label::width(line) + 1 + label::width(word) <= width => {
                line.push(' ');
                line.push_str(word);
            }
            Some(_) => lines.push(format!("  {word}")),
            None => lines.push(word.to_owned()),
        }
    }
    lines
}
