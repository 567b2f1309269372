//! What messages, requests and the like are called in a diagram, and how long that is.

use serde_json::Value as Json;

use super::glyphs::Glyphs;
use crate::model::ProcessId;

/// How much room a text takes.
pub(super) fn width(text: &str) -> usize {
    text.chars().count()
}

/// Cuts a text to `room` characters, and shows that it did.
pub(super) fn cut(text: &str, room: usize, glyphs: &Glyphs) -> String {
    if width(text) <= room {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(room.saturating_sub(1)).collect();
    if room > 0 {
        short.push(glyphs.cut);
    }
    short
}

/// Takes out what would garble a terminal: a trace is somebody else's text.
pub(super) fn clean(text: &str, glyphs: &Glyphs) -> String {
    let printable = |c: char| !(c.is_control() || glyphs.ascii && !c.is_ascii());
    text.chars().map(|c| if printable(c) { c } else { '?' }).collect()
}

/// The short name of a message: its variant if it is an `enum`, and what it looks like otherwise.
pub(super) fn name(content: &Json, glyphs: &Glyphs) -> String {
    match variant(content) {
        Some((name, _)) => clean(name, glyphs),
        None => clean(&content.to_string(), glyphs),
    }
}

/// The short name with the numbers and words that it has: `enter 0`.
pub(super) fn phrase(content: &Json, glyphs: &Glyphs) -> String {
    let Some((name, inner)) = variant(content) else { return clean(&content.to_string(), glyphs) };
    let mut phrase = name.to_owned();
    for part in inner.into_iter().flat_map(parts).filter_map(scalar).take(PARTS_MAX) {
        phrase.push(' ');
        phrase.push_str(&part);
    }
    clean(&phrase, glyphs)
}

/// A phrase has at most so many numbers and words besides its name.
const PARTS_MAX: usize = 2;

/// The name of an `enum`'s variant as serde writes it, and what is in it.
fn variant(content: &Json) -> Option<(&str, Option<&Json>)> {
    match content {
        Json::String(name) => Some((name, None)),
        Json::Object(fields) if fields.len() == 1 => {
            fields.iter().next().map(|(name, inner)| (name.as_str(), Some(inner)))
        }
        // An envelope: the one variant in it says what it is.
        Json::Object(fields) => {
            let mut inner = fields.values().filter(|value| value.is_string() || value.is_object());
            let only = inner.next().filter(|_| inner.next().is_none())?;
            fields.values().all(|value| value.is_number() || value == only).then(|| variant(only))?
        }
        _ => None,
    }
}

fn parts(inner: &Json) -> Vec<&Json> {
    match inner {
        Json::Array(elements) => elements.iter().collect(),
        Json::Object(fields) => fields.values().collect(),
        scalar => vec![scalar],
    }
}

fn scalar(part: &Json) -> Option<String> {
    match part {
        Json::String(text) => Some(text.clone()),
        Json::Bool(_) | Json::Number(_) => Some(part.to_string()),
        Json::Null | Json::Array(_) | Json::Object(_) => None,
    }
}

/// Several processes in little room, in the order of their ids: `p0,p2`, `p1..p4`, `×9`.
pub(super) fn processes(sorted: &[ProcessId], glyphs: &Glyphs) -> String {
    let mut ranges: Vec<(ProcessId, ProcessId)> = Vec::new();
    for &process in sorted {
        match ranges.last_mut() {
            Some((_, last)) if last.get() + 1 == process.get() => *last = process,
            _ => ranges.push((process, process)),
        }
    }
    let text: Vec<String> = ranges
        .into_iter()
        .map(|(first, last)| match last.get() - first.get() {
            0 => first.to_string(),
            1 => format!("{first},{last}"),
            _ => format!("{first}..{last}"),
        })
        .collect();
    let text = text.join(",");
    if width(&text) <= PROCESSES_MAX { text } else { format!("{}{}", glyphs.times, sorted.len()) }
}

/// A list of processes takes at most so many characters.
const PROCESSES_MAX: usize = 12;
