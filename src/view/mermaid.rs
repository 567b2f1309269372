//! A sequence diagram in Mermaid's words, which README files of forges show as a picture.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::excerpt::{Cut, Excerpt};
use super::story::{Event, Message, Said, SpanKind, Story, What};
use crate::model::ProcessId;

/// The run as a Mermaid sequence diagram. Its arrows cannot slant: each stands where its message is handled, with the
/// tick in which it was sent where that is another one. Who is in a critical section is active.
pub fn mermaid(story: &Story, excerpt: &Excerpt) -> String {
    let cut = Cut::new(story, excerpt);
    let mut script = Script { story, cut: &cut, active: BTreeMap::new(), text: String::new() };
    script.write();
    script.text
}

struct Script<'a> {
    story: &'a Story,
    cut: &'a Cut,
    /// How many critical sections each is in.
    active: BTreeMap<ProcessId, u32>,
    text: String,
}

impl Script<'_> {
    fn line(&mut self, line: &str) {
        // Writing to a string does not fail.
        let _ = writeln!(self.text, "    {line}");
    }

    fn write(&mut self) {
        self.text.push_str("sequenceDiagram\n");
        for process in &self.cut.columns {
            self.line(&format!("participant {process}"));
        }
        let mut losses: BTreeMap<usize, Vec<&Message>> = BTreeMap::new();
        for message in &self.story.messages {
            if let Some((place, _)) = message.lost {
                losses.entry(place).or_default().push(message);
            }
        }
        for row in &self.cut.rows {
            if let Some(text) = &row.instead {
                self.note(&self.cut.columns, &format!("⋮ {text}"));
                // Who was in a critical section when this was over is so still.
                self.catch_up(row.places.end);
                continue;
            }
            for place in row.places.clone() {
                if Some(place) == self.story.cycle {
                    self.note(&self.cut.columns, "from here on again and again");
                }
                self.event(place);
                for message in losses.get(&place).into_iter().flatten() {
                    self.arrow(message, "--x", " (lost)");
                }
            }
        }
        let mut concerned: Vec<ProcessId> = self.story.ending.processes.clone();
        concerned.retain(|process| self.cut.column(*process).is_some());
        let over = if concerned.is_empty() { &self.cut.columns } else { &concerned };
        self.note(over, &self.story.ending.text);
    }

    /// Says who is in critical sections just before an event, as far as that is not said yet.
    fn catch_up(&mut self, place: usize) {
        let mut inside: BTreeMap<ProcessId, u32> = self.active.keys().map(|process| (*process, 0)).collect();
        for span in self.story.spans.iter().filter(|span| matches!(span.kind, SpanKind::Critical(_))) {
            if span.from < place && span.to.is_none_or(|to| to >= place) {
                *inside.entry(span.process).or_default() += 1;
            }
        }
        for (process, count) in inside.into_iter().filter(|(process, _)| self.cut.column(*process).is_some()) {
            while self.active.get(&process).is_some_and(|active| *active > count) {
                self.set_active(process, false);
            }
            while self.active.get(&process).is_none_or(|active| *active < count) && count > 0 {
                self.set_active(process, true);
            }
        }
    }

    fn event(&mut self, place: usize) {
        let event = &self.story.events[place];
        if self.cut.column(event.process).is_none() {
            return;
        }
        if let Some(message) = event.message {
            self.arrow(&self.story.messages[message], "->>", "");
        }
        let said = said(event);
        if !said.is_empty() {
            self.note(&[event.process], &said);
        }
        let spans = || self.story.spans.iter().filter(|span| matches!(span.kind, SpanKind::Critical(_)));
        let ended = spans().filter(|span| span.to == Some(place) && span.from < place);
        let begun = spans().filter(|span| span.from == place && span.to != Some(place));
        for (spans, on) in [(ended.collect::<Vec<_>>(), false), (begun.collect(), true)] {
            for span in spans {
                self.set_active(span.process, on);
            }
        }
    }

    fn set_active(&mut self, process: ProcessId, on: bool) {
        if self.cut.column(process).is_none() {
            return;
        }
        let count = self.active.entry(process).or_default();
        if !on && *count == 0 {
            return;
        }
        *count = if on { *count + 1 } else { *count - 1 };
        self.line(&format!("{} {process}", if on { "activate" } else { "deactivate" }));
    }

    fn arrow(&mut self, message: &Message, arrow: &str, how: &str) {
        if self.cut.column(message.from).is_none() || self.cut.column(message.to).is_none() {
            return;
        }
        let sent = &self.story.events[message.sent];
        let arrived = message.arrived.map(|place| self.story.events[place].tick);
        let when = if arrived.is_none_or(|tick| tick != sent.tick) {
            format!(" (sent at {})", sent.tick)
        } else {
            String::new()
        };
        self.line(&format!("{}{arrow}{}: {}{how}{when}", message.from, message.to, plain(&message.name)));
    }

    fn note(&mut self, over: &[ProcessId], text: &str) {
        let ends: BTreeSet<ProcessId> = over.first().into_iter().chain(over.last()).copied().collect();
        let ends: Vec<String> = ends.iter().map(ToString::to_string).collect();
        self.line(&format!("Note over {}: {}", ends.join(","), plain(text)));
    }
}

fn said(event: &Event) -> String {
    let mut parts = Vec::new();
    if !matches!(event.what, What::Message | What::Loss | What::Start) {
        parts.push(event.label.clone());
    }
    parts.extend(event.says.iter().filter_map(|said| match said {
        Said::Indicate(text) => Some(text.to_uppercase()),
        Said::Store(text) => Some(format!("store {text}")),
        Said::Note(_) | Said::SetTimer(_) | Said::CancelTimer(_) => None,
    }));
    if event.crashed {
        parts.push("crash".to_owned());
    }
    if parts.is_empty() { String::new() } else { format!("{}: {}", event.tick, parts.join(", ")) }
}

/// Without what means something to Mermaid: its entities begin with `#` and end with `;`.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '#' | ';' | '<' | '>' | '&' | '%' | '{' | '}' | '"' | '\\' => {
                let _ = write!(plain, "#{};", u32::from(c));
            }
            c if c.is_control() => plain.push(' '),
            c => plain.push(c),
        }
    }
    plain
}
