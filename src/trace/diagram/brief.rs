//! Which events have a row of their own, and which are told of in one line.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::glyphs::Glyphs;
use super::label;
use crate::trace::record::{Effect, Kind, Record};

/// What becomes of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// It has rows.
    Row,
    /// It is a start without effects, and has one row together with those beside it.
    Start { last: bool },
    /// It is told of with others.
    Folded,
    /// It is the last of those, of which `first` is the first.
    FoldEnd { first: usize },
}

/// Before a violation so many events are always shown.
const LAST_SHOWN: usize = 40;
/// Fewer events than this are not worth a line that stands for them.
const FOLDED_MIN: usize = 5;

pub(super) fn parts(records: &[&Record], brief: bool, violated: bool) -> Vec<Part> {
    let mut parts = vec![Part::Row; records.len()];
    for stretch in stretches(records, is_silent_start) {
        parts[stretch.clone()].fill(Part::Start { last: false });
        parts[stretch.end - 1] = Part::Start { last: true };
    }
    if brief {
        let foldable = if violated { records.len().saturating_sub(LAST_SHOWN) } else { records.len() };
        for stretch in stretches(&records[..foldable], is_dull) {
            if stretch.len() >= FOLDED_MIN {
                parts[stretch.clone()].fill(Part::Folded);
                parts[stretch.end - 1] = Part::FoldEnd { first: stretch.start };
            }
        }
    }
    parts
}

/// The longest stretches of records that are all alike.
fn stretches(records: &[&Record], alike: fn(&Record) -> bool) -> Vec<std::ops::Range<usize>> {
    let mut found: Vec<std::ops::Range<usize>> = Vec::new();
    for (index, record) in records.iter().enumerate() {
        if alike(record) {
            match found.last_mut() {
                Some(range) if range.end == index => range.end += 1,
                _ => found.push(index..index + 1),
            }
        }
    }
    found
}

fn is_silent_start(record: &Record) -> bool {
    let visible = |effect: &Effect| {
        matches!(effect, Effect::Send { .. } | Effect::Store(_) | Effect::Indicate(_) | Effect::Note(_))
    };
    record.kind == Kind::Start && !record.crashed && record.lost.is_empty() && !record.effects.iter().any(visible)
}

/// Nobody asks, is told, stores, fails or learns of a failure.
fn is_dull(record: &Record) -> bool {
    let of_note = |effect: &Effect| matches!(effect, Effect::Store(_) | Effect::Indicate(_));
    matches!(record.kind, Kind::Message { .. } | Kind::Timer(_))
        && !record.crashed
        && record.lost.is_empty()
        && !record.effects.iter().any(of_note)
}

/// The line for a stretch of events: how many, and of what.
pub(super) fn summary(records: &[&Record], glyphs: &Glyphs) -> String {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for record in records {
        let (Kind::Message { content, .. } | Kind::Timer(content)) = &record.kind else { continue };
        *counts.entry(label::name(content, glyphs)).or_default() += 1;
    }
    let mut counts: Vec<(String, usize)> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| Reverse(*count));
    let names: Vec<String> = counts.iter().map(|(name, count)| format!("{count} {name}")).collect();
    format!("{} events, no request and no indication: {}", records.len(), names.join(", "))
}
