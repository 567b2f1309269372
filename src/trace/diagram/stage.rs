//! Draws event after event, and follows who is up and who is marked.

use std::collections::BTreeSet;
use std::mem;

use super::grid::Grid;
use super::script::{self, Entry, Flight, Item, Side};
use super::{Diagram, Mark, label};
use crate::model::{ProcessId, Ticks};
use crate::trace::record::{Effect, Kind, Record};

/// After so many rows the names of the processes are repeated.
const ROWS: usize = 48;

pub(super) struct Stage<'a> {
    grid: &'a Grid<'a>,
    diagram: &'a Diagram<'a>,
    /// By column.
    lines: Vec<Line>,
    flight: Flight,
    text: String,
    rows: usize,
    /// The tick that was written last.
    tick: Option<Ticks>,
    /// The processes of starts without effects that are still to be drawn.
    starters: Vec<usize>,
}

/// What is to be seen of a process between its events.
#[derive(Clone, Debug)]
struct Line {
    up: bool,
    marks: BTreeSet<u64>,
}

impl Line {
    fn change(&mut self, mark: Option<Mark>) {
        match mark {
            Some(Mark::Begin(what)) => {
                self.marks.insert(what);
            }
            Some(Mark::End(what)) => {
                self.marks.remove(&what);
            }
            None => {}
        }
    }

    fn crash(&mut self) {
        self.up = false;
        self.marks.clear();
    }
}

/// One line of text: what stands at the line of a process, and on both sides of it.
#[derive(Default)]
struct Row {
    /// What stands in the line; nothing in particular where the row goes on with an event.
    knot: Option<char>,
    left: Option<Item>,
    right: Option<Item>,
    /// Whether what is on the right is the cause of all else, which may stand left of it.
    cause_right: bool,
    /// What has changed about the mark when the row is over.
    marks: Vec<Mark>,
}

impl Row {
    /// Whether there is room for one more on this side. A row is read from left to right, and the cause first.
    fn takes(&self, item: &Item, side: Side, pitch: usize) -> bool {
        let slot = match side {
            Side::Left if self.right.is_some() && !self.cause_right => return false,
            Side::Left => &self.left,
            Side::Right => &self.right,
        };
        match (slot, item) {
            (None, _) => true,
            (Some(Item::Text(before)), Item::Text(text)) => label::width(before) + label::width(text) + 4 <= pitch,
            _ => false,
        }
    }

    fn put(&mut self, item: Item, side: Side) {
        let slot = if side == Side::Left { &mut self.left } else { &mut self.right };
        match (slot, item) {
            (Some(Item::Text(before)), Item::Text(text)) => {
                before.push_str(", ");
                before.push_str(&text);
            }
            (slot, item) => *slot = Some(item),
        }
    }

    fn is_empty(&self) -> bool {
        self.knot.is_none() && self.left.is_none() && self.right.is_none()
    }
}

impl<'a> Stage<'a> {
    pub(super) fn new(grid: &'a Grid<'a>, diagram: &'a Diagram<'a>) -> Self {
        let lines = vec![Line { up: true, marks: BTreeSet::new() }; grid.shown()];
        let flight = Flight::default();
        let mut stage =
            Self { grid, diagram, lines, flight, text: String::new(), rows: 0, tick: None, starters: vec![] };
        stage.heading();
        stage
    }

    pub(super) fn finish(self) -> String {
        self.text
    }

    /// Follows an event without drawing it.
    pub(super) fn pass(&mut self, record: &Record) {
        self.flight.pass(record, self.grid.glyphs);
        let Some(column) = self.grid.column(record.process) else { return };
        let line = &mut self.lines[column];
        line.up |= record.kind == Kind::Restart;
        for effect in &record.effects {
            if let Effect::Indicate(indication) = effect {
                line.change((self.diagram.marks)(record.process, indication));
            }
        }
        if record.crashed || record.kind == Kind::Crash {
            line.crash();
        }
    }

    /// One line for the events that were passed.
    pub(super) fn fold(&mut self, summary: &str) {
        self.line(self.grid.glyphs.dots, summary);
    }

    /// One line about the events that follow, or that came.
    pub(super) fn remark(&mut self, text: &str) {
        self.line(self.grid.glyphs.rule, text);
    }

    fn line(&mut self, sign: char, text: &str) {
        let (start, glyphs) = (self.grid.start(), self.grid.glyphs);
        let text = label::cut(&format!("{sign} {text}"), self.grid.width - start, glyphs);
        self.push(&format!("{:start$}{text}", ""));
        self.tick = None;
    }

    /// A start without effects is drawn with the last of those beside it.
    pub(super) fn start(&mut self, record: &Record, last: bool) {
        self.starters.extend(self.grid.column(record.process));
        if !last {
            return;
        }
        let mut chars = self.blank(record.tick);
        for &column in &self.starters {
            chars[self.grid.line(column)] = self.grid.glyphs.dot;
        }
        if let Some(last) = mem::take(&mut self.starters).pop() {
            self.write(&mut chars, last, &Item::Text("start".to_owned()), Side::Right);
        }
        self.push(&chars.into_iter().collect::<String>());
    }

    /// The rows of an event.
    pub(super) fn draw(&mut self, record: &Record) {
        if let Kind::Partition { side, until } = &record.kind {
            return self.partition(record.tick, side, *until);
        }
        let Some(column) = self.grid.column(record.process) else { return };
        if self.rows >= ROWS {
            self.heading();
        }
        let glyphs = self.grid.glyphs;
        self.lines[column].up |= record.kind == Kind::Restart;
        let knot = match record.kind {
            Kind::Timer(_) => Some(glyphs.ring),
            Kind::Crash | Kind::Loss | Kind::Pause { .. } => None,
            _ => Some(glyphs.dot),
        };
        let mut row = Row { knot, ..Row::default() };
        for (index, entry) in self.sided(record, column).into_iter().enumerate() {
            let Entry { item, side, mark, crash } = entry;
            if crash || !row.takes(&item, side, self.grid.pitch) {
                self.emit(&mut row, column, record.tick);
            }
            row.cause_right |= index == 0 && side == Side::Right && record.kind != Kind::Loss;
            row.put(item, side);
            row.marks.extend(mark);
            if crash {
                row.knot = Some(glyphs.cross);
                self.emit(&mut row, column, record.tick);
                self.lines[column].crash();
            }
        }
        self.emit(&mut row, column, record.tick);
        self.flight.pass(record, glyphs);
    }

    /// A partition concerns everybody, so its row goes all across.
    fn partition(&mut self, tick: Ticks, side: &[ProcessId], until: Ticks) {
        let glyphs = self.grid.glyphs;
        let room = self.grid.width - self.grid.start();
        let side = label::processes(side, glyphs);
        let text =
            label::cut(&format!("{0}{0} {side} and the others are apart until {until} ", glyphs.rule), room, glyphs);
        let rest: String = std::iter::repeat_n(glyphs.rule, room - label::width(&text)).collect();
        let tick = self.blank(tick).into_iter().take(self.grid.start()).collect::<String>();
        self.push(&format!("{tick}{text}{rest}"));
    }

    /// The entries of a record, each on the side on which there is room for it.
    fn sided(&self, record: &Record, column: usize) -> Vec<Entry> {
        let mut entries = script::entries(record, &self.flight, self.diagram, self.grid.glyphs);
        for entry in &mut entries {
            entry.side = self.side(&entry.item, entry.side, column);
        }
        // A cause makes way for what it led to: then both are in one row.
        if let [cause, effect, ..] = &mut entries[..] {
            let fits = self.length(&cause.item) <= self.room(Side::Left, column).min(self.grid.pitch - 1);
            if !cause.item.is_arrow() && !effect.crash && effect.side == Side::Right && fits {
                cause.side = Side::Left;
            }
        }
        entries
    }

    fn side(&self, item: &Item, wanted: Side, column: usize) -> Side {
        let other = if wanted == Side::Left { Side::Right } else { Side::Left };
        let (length, room, elsewhere) = (self.length(item), self.room(wanted, column), self.room(other, column));
        if length <= room || room >= elsewhere { wanted } else { other }
    }

    fn length(&self, item: &Item) -> usize {
        label::width(&item.write(Side::Right, usize::MAX, self.grid.glyphs))
    }

    fn room(&self, side: Side, column: usize) -> usize {
        let at = self.grid.line(column);
        match side {
            Side::Left => at - self.grid.start(),
            Side::Right => self.grid.width - at - 1,
        }
    }

    /// Draws a row and begins the next.
    fn emit(&mut self, row: &mut Row, column: usize, tick: Ticks) {
        if row.is_empty() {
            return;
        }
        let row = mem::take(row);
        let mut chars = self.blank(tick);
        for (side, item) in [(Side::Left, &row.left), (Side::Right, &row.right)] {
            if let Some(item) = item {
                self.write(&mut chars, column, item, side);
            }
        }
        let is_arrow = |item: &Option<Item>| item.as_ref().is_some_and(Item::is_arrow);
        let attached = (is_arrow(&row.left), is_arrow(&row.right));
        chars[self.grid.line(column)] = row.knot.unwrap_or_else(|| self.joint(&self.lines[column], attached));
        self.push(&chars.into_iter().collect::<String>());
        for mark in row.marks {
            self.lines[column].change(Some(mark));
        }
    }

    fn write(&self, chars: &mut [char], column: usize, item: &Item, side: Side) {
        let text = item.write(side, self.room(side, column), self.grid.glyphs);
        let at = self.grid.line(column);
        let from = if side == Side::Left { at - label::width(&text) } else { at + 1 };
        let end = from + label::width(&text);
        for (place, c) in chars[from..].iter_mut().zip(text.chars()) {
            *place = c;
        }
        // A line that touches the text would look like a part of it.
        match side {
            Side::Left if from > self.grid.start() => chars[from - 1] = ' ',
            Side::Right if end < chars.len() => chars[end] = ' ',
            _ => {}
        }
    }

    /// The line of a process where something is attached to it.
    fn joint(&self, line: &Line, attached: (bool, bool)) -> char {
        let glyphs = self.grid.glyphs;
        let (plain, joints) = match (line.up, line.marks.is_empty()) {
            (false, _) => return ' ',
            (true, true) => (glyphs.line, glyphs.joints),
            (true, false) => (glyphs.thick, glyphs.thick_joints),
        };
        match attached {
            (false, false) => plain,
            (false, true) => joints[0],
            (true, false) => joints[1],
            (true, true) => joints[2],
        }
    }

    /// The tick, if it is a new one, and the line of each process.
    fn blank(&mut self, tick: Ticks) -> Vec<char> {
        let written = if self.tick == Some(tick) { String::new() } else { tick.to_string() };
        self.tick = Some(tick);
        let mut chars: Vec<char> = self.grid.tick(&written).chars().collect();
        chars.resize(self.grid.width, ' ');
        for (column, line) in self.lines.iter().enumerate() {
            chars[self.grid.line(column)] = self.joint(line, (false, false));
        }
        chars
    }

    fn heading(&mut self) {
        let heading = self.grid.heading();
        self.push(&heading);
        self.rows = 0;
        self.tick = None;
    }

    fn push(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
        self.rows += 1;
    }
}
