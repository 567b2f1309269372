use std::fmt::{self, Write as _};
use std::ops::Range;

use crate::engine::spelling::nearest;

/// What is wrong with a scenario file. Its text has the place, the line with the offending part underlined, what was
/// expected and, for a key or a name that is not known, the one that was probably meant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file cannot be read.
    #[error("{file}: {problem}")]
    Unreadable {
        /// Which file.
        file: String,
        /// Why.
        problem: String,
    },
    /// The text is not TOML.
    #[error("{}", .place.show("this is not TOML", problem, ""))]
    Syntax {
        /// Where it ceases to be.
        place: Box<Place>,
        /// What the parser says.
        problem: String,
    },
    /// A table has a key that it cannot have.
    #[error("{}", .place.show(
        &format!("unknown key `{key}`{}", in_table(table)), &did_you_mean(key, known), &all("known keys", known)))]
    UnknownKey {
        /// Where the key is.
        place: Box<Place>,
        /// The key.
        key: String,
        /// The path of keys to the table, dots between; empty at the root.
        table: String,
        /// The keys that the table can have.
        known: Vec<String>,
    },
    /// A table lacks a key that it must have.
    #[error("{}", .place.show(&format!("the key `{key}`{} is missing", in_table(table)), "", hint))]
    MissingKey {
        /// Where the table is.
        place: Box<Place>,
        /// The key.
        key: String,
        /// The path of keys to the table, dots between; empty at the root.
        table: String,
        /// What the key is for.
        hint: String,
    },
    /// A value is none of the names it can be.
    #[error("{}", .place.show(
        &format!("unknown name {name:?}{}", in_key(key)), &did_you_mean(name, known), &all("expected", known)))]
    UnknownName {
        /// Where the value is.
        place: Box<Place>,
        /// The path of keys to the value, dots between.
        key: String,
        /// The value.
        name: String,
        /// The names that are known.
        known: Vec<String>,
    },
    /// A value is of the wrong kind or size.
    #[error("{}", .place.show(
        &format!("wrong value{}", in_key(key)), &format!("found {found}, expected {expected}"), ""))]
    Mismatch {
        /// Where the value is.
        place: Box<Place>,
        /// The path of keys to the value, dots between.
        key: String,
        /// What is there.
        found: String,
        /// What should be.
        expected: String,
    },
    /// A value is of the right kind, and yet cannot be.
    #[error("{}", .place.show(&format!("impossible value{}", in_key(key)), problem, ""))]
    Impossible {
        /// Where the value is, or where the table would be that lacks it.
        place: Box<Place>,
        /// The path of keys to the value, dots between.
        key: String,
        /// Why it cannot be, and what was expected.
        problem: String,
    },
}

impl Error {
    /// Where in the file; `None` if it could not be read at all.
    pub fn place(&self) -> Option<&Place> {
        match self {
            Self::Unreadable { .. } => None,
            Self::Syntax { place, .. }
            | Self::UnknownKey { place, .. }
            | Self::MissingKey { place, .. }
            | Self::UnknownName { place, .. }
            | Self::Mismatch { place, .. }
            | Self::Impossible { place, .. } => Some(place),
        }
    }
}

/// A place in a scenario file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub file: String,
    /// The line, counted from 1.
    pub line: usize,
    /// The column, in characters, counted from 1.
    pub column: usize,
    /// How many characters of the line are meant; at least 1.
    pub width: usize,
    /// The line.
    pub text: String,
}

/// Longer lines are shown in part.
const SHOWN_MAX: usize = 100;

impl Place {
    /// The place of a span of bytes of a text.
    pub(super) fn new(file: &str, source: &str, span: &Range<usize>) -> Self {
        let start = floor(source, span.start);
        let end = floor(source, span.end).max(start);
        let line_start = source[..start].rfind('\n').map_or(0, |newline| newline + 1);
        let line_end = source[start..].find('\n').map_or(source.len(), |newline| start + newline);
        let text = source[line_start..line_end].trim_end_matches('\r');
        Self {
            file: file.to_owned(),
            line: source[..line_start].matches('\n').count() + 1,
            column: source[line_start..start].chars().count() + 1,
            width: source[start..end.min(line_end).max(start)].chars().count().max(1),
            text: text.to_owned(),
        }
    }

    /// The lines of a message: what, where, the text, what is wrong with it, and what may help.
    fn show(&self, what: &str, label: &str, help: &str) -> String {
        let Self { file, line, column, .. } = self;
        let number = line.to_string();
        let gutter = " ".repeat(number.len());
        let skipped = if column + self.width > SHOWN_MAX { column.saturating_sub(SHOWN_MAX / 2) } else { 0 };
        let plain = |c: char| if c.is_control() { ' ' } else { c };
        let text: String = self.text.chars().map(plain).skip(skipped).take(SHOWN_MAX).collect();
        let indent = " ".repeat(column - 1 - skipped);
        let carets = "^".repeat(self.width.min(SHOWN_MAX - indent.len().min(SHOWN_MAX - 1)));
        let mut shown = format!("{file}:{line}:{column}: {what}\n{gutter} |\n{number} | {text}\n");
        let label_fits = indent.len() + carets.len() + label.chars().count() < SHOWN_MAX;
        let beside = if label_fits { label } else { "" };
        let underlined = format!("{gutter} | {indent}{carets} {beside}");
        shown += underlined.trim_end();
        for help in [if label_fits { "" } else { label }, help] {
            let mut bullet = "=";
            for line in wrapped(help) {
                let _ = write!(shown, "\n{gutter} {bullet} {line}");
                bullet = " ";
            }
        }
        shown
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// The nearest boundary of characters at or below `index`.
fn floor(source: &str, index: usize) -> usize {
    let mut index = index.min(source.len());
    while !source.is_char_boundary(index) {
        index -= 1;
    }
    index
}

/// A text in lines that can be read, broken at spaces.
fn wrapped(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        match lines.last_mut() {
            Some(line) if line.chars().count() + word.chars().count() < SHOWN_MAX - 10 => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

fn in_table(table: &str) -> String {
    if table.is_empty() { String::new() } else { format!(" in `{table}`") }
}

fn in_key(key: &str) -> String {
    if key.is_empty() { String::new() } else { format!(" of `{key}`") }
}

fn all(what: &str, names: &[String]) -> String {
    if names.is_empty() { String::new() } else { format!("{what}: {}", list(names)) }
}

fn did_you_mean(wrong: &str, known: &[String]) -> String {
    nearest(wrong, known).map(|name| format!("did you mean `{name}`?")).unwrap_or_default()
}

/// Names in a row, each in backquotes.
pub(super) fn list(names: &[impl AsRef<str>]) -> String {
    names.iter().map(|name| format!("`{}`", name.as_ref())).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_beyond_the_text_or_within_a_character_has_a_place() {
        let place = Place::new("x", "a = \"é\"", &(6..99));
        assert_eq!((place.line, place.column, place.width), (1, 6, 2));
        let place = Place::new("x", "", &(7..9));
        assert_eq!((place.line, place.column, place.width), (1, 1, 1));
    }

    #[test]
    fn a_long_line_is_shown_around_what_is_meant() {
        let source = format!("{}=1", "x".repeat(500));
        let place = Place::new("x", &source, &(500..501));
        let text = place.show("what", "label", "");
        assert!(text.lines().all(|line| line.chars().count() < 120), "{text}");
        let lines: Vec<&str> = text.lines().collect();
        let caret = lines[3].chars().position(|c| c == '^');
        assert_eq!(lines[2].chars().nth(caret.expect("a caret")), Some('='));
    }
}
