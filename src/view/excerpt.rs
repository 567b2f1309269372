//! How much of a run a drawing that stands still has room for.

use std::ops::Range;

use super::story::{Story, What};
use crate::model::ProcessId;
use crate::trace;

/// What a drawing that stands still shows of a run: the last rows up to the violation, without the stretches in which
/// nobody asks for anything, is told anything, fails or learns of a failure.
///
/// ```
/// use jeton::view::Excerpt;
/// let small = Excerpt { rows: 12, ..Excerpt::default() };
/// assert_eq!(small.columns, Excerpt::default().columns);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Excerpt {
    /// At most so many rows; each is an event, or a line for several.
    pub rows: usize,
    /// At most so many processes: those that a violation concerns, that crash, and that act last.
    pub columns: usize,
}

impl Default for Excerpt {
    fn default() -> Self {
        Self { rows: 60, columns: 10 }
    }
}

/// A row: an event, several starts, or the words for what is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) places: Range<usize>,
    pub(super) instead: Option<String>,
}

/// The part of a story that is shown.
#[derive(Debug)]
pub(super) struct Cut {
    pub(super) rows: Vec<Row>,
    pub(super) columns: Vec<ProcessId>,
    /// The row of each event; those of one row have the same.
    row_of: Vec<usize>,
}

impl Cut {
    pub(super) fn new(story: &Story, excerpt: &Excerpt) -> Self {
        let trace = story.trace();
        let records = &trace.records;
        let columns = trace::columns(story.processes(), records, &story.ending.processes, excerpt.columns.max(1));
        let mut rows = rows(story, &columns);
        let room = excerpt.rows.max(2);
        if rows.len() > room {
            let out = rows.len() - (room - 1);
            let end = rows[out - 1].places.end;
            let instead = Some(format!("{end} earlier events"));
            rows.splice(..out, [Row { places: 0..end, instead }]);
        }
        let mut row_of = vec![0; story.events.len()];
        for (row, Row { places, .. }) in rows.iter().enumerate() {
            row_of[places.clone()].fill(row);
        }
        Self { rows, columns, row_of }
    }

    pub(super) fn row(&self, place: usize) -> usize {
        self.row_of[place]
    }

    pub(super) fn column(&self, process: ProcessId) -> Option<usize> {
        self.columns.binary_search(&process).ok()
    }

    /// Whether an event has a row, and a column to be in.
    pub(super) fn shows(&self, story: &Story, place: usize) -> bool {
        self.rows[self.row(place)].instead.is_none() && self.column(story.events[place].process).is_some()
    }
}

fn rows(story: &Story, columns: &[ProcessId]) -> Vec<Row> {
    let violated = story.ending.wrong_at.is_some();
    let mut folds = trace::folds(&story.trace().records, violated).into_iter().peekable();
    let mut rows: Vec<Row> = Vec::new();
    let mut next = 0;
    while next < story.events.len() {
        let (end, instead) = match folds.peek() {
            Some((range, _)) if range.start == next => {
                let (range, text) = folds.next().expect("it was seen");
                (range.end, Some(text))
            }
            _ => (next + 1, None),
        };
        let row = Row { places: next..end, instead };
        next = end;
        // Who has no column is seen by what comes of it alone; starts have one row together.
        let out = row.instead.is_none() && columns.binary_search(&story.events[row.places.start].process).is_err();
        match rows.last_mut() {
            Some(last) if out || is_start(story, &row) && is_start(story, last) => last.places.end = row.places.end,
            _ => rows.push(row),
        }
    }
    rows
}

/// Nothing but starts of which nothing came.
fn is_start(story: &Story, row: &Row) -> bool {
    let silent = |place: usize| {
        let event = &story.events[place];
        event.what == What::Start && event.says.is_empty() && !event.crashed
    };
    let sends = |place| story.messages.binary_search_by_key(&place, |message| message.sent).is_ok();
    row.instead.is_none() && row.places.clone().all(|place| silent(place) && !sends(place))
}
