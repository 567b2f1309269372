//! A drawing for papers and slides: time goes down, a column a process. It is read as well in grey as in colour.

#![allow(clippy::cast_possible_wrap, reason = "pixels")]

use std::fmt::Write;

use super::excerpt::{Cut, Excerpt};
use super::story::{Event, Message, Said, Span, SpanKind, Story, What};
use crate::engine::LossCause;
use crate::model::ProcessId;

/// Where the line of the first process is: left of it are the ticks.
const GUTTER: i64 = 64;
/// How high a row is.
const ROW: i64 = 26;
/// The height of a line of text.
const LINE: i64 = 17;
/// Between the lines of two processes.
const PITCH_MAX: i64 = 170;
const PITCH_MIN: i64 = 84;
/// How wide the columns are together if they can be.
const WIDTH: i64 = 860;
/// Right of the last line, for what is said there.
const MARGIN: i64 = 150;
/// About how wide a character is.
const CHARACTER: i64 = 7;

const STYLE: &str = "\
text{font:12px system-ui,sans-serif;fill:#1c1c1c}\
.h{font-weight:600;font-size:14px}.k,.s{fill:#666}.b{font-weight:600}\
.s,.n{font-size:11px;paint-order:stroke;stroke:#fff;stroke-width:4px;stroke-linejoin:round}.b{paint-order:stroke;\
stroke:#fff;stroke-width:4px}.t{fill:#9a4a00;font-weight:600}\
line,path{fill:none;stroke:#1c1c1c;stroke-width:1.2}\
.p{stroke:#777}.l{stroke-dasharray:5 3;stroke:#666}.T{stroke:#d9730d;stroke-width:4}\
.x{stroke-width:2.2}.c{fill:#2b4c7e}.w{fill:#dbe3ee;stroke:#2b4c7e;stroke-width:.8}.z{fill:#eee;stroke:#999;\
stroke-width:.8;stroke-dasharray:2 2}.r{fill:#fde3e1;stroke:#b3261e;stroke-width:1.2}.v{fill:#b3261e;font-weight:600}\
circle{fill:#1c1c1c;stroke:#1c1c1c;stroke-width:1.4}.o{fill:#fff}";

/// Draws a story as SVG, light, in a few kilobytes.
pub fn svg(story: &Story, excerpt: &Excerpt) -> String {
    let mut drawing = Drawing::new(story, Cut::new(story, excerpt));
    drawing.draw();
    drawing.finish()
}

struct Drawing<'a> {
    story: &'a Story,
    cut: Cut,
    pitch: i64,
    width: i64,
    /// Where the first row is.
    top: i64,
    /// Where labels of messages are: from, to, at which height.
    taken: Vec<(i64, i64, i64)>,
    out: String,
}

/// Writing to a string does not fail.
macro_rules! put {
    ($out:expr, $($arguments:tt)*) => { let _ = write!($out, $($arguments)*); };
}

impl<'a> Drawing<'a> {
    fn new(story: &'a Story, cut: Cut) -> Self {
        let columns = cut.columns.len().max(1) as i64;
        let pitch = (WIDTH / columns).clamp(PITCH_MIN, PITCH_MAX);
        let width = GUTTER + (columns - 1) * pitch + MARGIN;
        Self { story, cut, pitch, width, top: 0, taken: Vec::new(), out: String::new() }
    }

    fn x(&self, column: usize) -> i64 {
        GUTTER + column as i64 * self.pitch
    }

    fn y(&self, row: usize) -> i64 {
        self.top + row as i64 * ROW
    }

    fn bottom(&self) -> i64 {
        self.y(self.cut.rows.len())
    }

    /// Where an event is, if its process has a column. What is in a row with others is where that row is.
    fn at(&self, process: ProcessId, place: usize) -> Option<(i64, i64)> {
        Some((self.x(self.cut.column(process)?), self.y(self.cut.row(place))))
    }

    fn is_out(&self, place: usize) -> bool {
        self.cut.rows[self.cut.row(place)].instead.is_some()
    }

    fn draw(&mut self) {
        self.title();
        self.wrong();
        self.cycle();
        self.lines();
        for span in &self.story.spans {
            self.span(span);
        }
        let (carriers, others): (Vec<_>, Vec<_>) = self.story.messages.iter().partition(|message| message.token);
        for message in carriers.into_iter().chain(others) {
            self.message(message);
        }
        self.rows();
        self.sentence();
    }

    fn title(&mut self) {
        put!(self.out, "<text class=\"h\" x=\"12\" y=\"24\">{}</text>", escape(&self.story.title()));
        let mut y = 24;
        for line in wrap(&self.story.about().unwrap_or_default(), self.width) {
            y += LINE;
            put!(self.out, "<text x=\"12\" y=\"{y}\">{}</text>", escape(&line));
        }
        y += LINE + 12;
        put!(self.out, "<text class=\"k\" x=\"12\" y=\"{y}\">tick</text>");
        for (column, process) in self.cut.columns.iter().enumerate() {
            put!(
                self.out,
                "<text class=\"b\" x=\"{}\" y=\"{y}\" text-anchor=\"middle\">{process}</text>",
                self.x(column)
            );
        }
        self.top = y + ROW;
    }

    /// The row in which it went wrong.
    fn wrong(&mut self) {
        let Some(place) = self.story.ending.wrong_at else { return };
        let y = self.y(self.cut.row(place)) - ROW / 2;
        put!(self.out, "<rect class=\"r\" x=\"4\" y=\"{y}\" width=\"{}\" height=\"{ROW}\" rx=\"5\"/>", self.width - 8);
    }

    /// A bracket along the events that come again and again, from the last of them back to the first.
    fn cycle(&mut self) {
        let Some(place) = self.story.cycle else { return };
        let (x, y, bottom) = (self.width - 14, self.y(self.cut.row(place)) - ROW / 2, self.bottom() - ROW / 2);
        put!(self.out, "<path class=\"x\" d=\"M{} {bottom}H{x}V{y}h-14m6 -5l-6 5 6 5\"/>", x - 8);
        let (x, y) = (x - 6, y + 20);
        put!(self.out, "<text class=\"s\" x=\"{x}\" y=\"{y}\" text-anchor=\"end\">again and again</text>");
    }

    /// The lines of the processes, where they are up.
    fn lines(&mut self) {
        let mut path = String::new();
        for (column, &process) in self.cut.columns.iter().enumerate() {
            let (x, mut from) = (self.x(column), self.top - 8);
            let downs = self.story.spans.iter().filter(|span| span.process == process && span.kind == SpanKind::Down);
            for down in downs {
                put!(path, "M{x} {from}V{}", self.y(self.cut.row(down.from)).max(from));
                from = down.to.map_or(i64::MAX, |to| self.y(self.cut.row(to)));
            }
            if from < self.bottom() {
                put!(path, "M{x} {from}V{}", self.bottom());
            }
        }
        put!(self.out, "<path class=\"p\" d=\"{path}\"/>");
    }

    fn span(&mut self, span: &Span) {
        let Some((x, from)) = self.at(span.process, span.from) else { return };
        let to = span.to.map_or(self.bottom(), |to| self.y(self.cut.row(to)));
        let (class, half) = match span.kind {
            SpanKind::Critical(_) => ("c", 5),
            SpanKind::Waiting(_) => ("w", 3),
            SpanKind::Paused(_) => ("z", 8),
            SpanKind::Down => return,
            SpanKind::Token => {
                if from < to {
                    put!(self.out, "<path class=\"T\" d=\"M{x} {from}V{to}\"/>");
                }
                return;
            }
        };
        // What begins and ends in one event is seen too; what was out of sight throughout is not.
        let (from, to) = if from == to && !self.is_out(span.from) { (from - 5, to + 5) } else { (from, to) };
        if from < to {
            let (x, width, height) = (x - half, 2 * half, to - from);
            put!(
                self.out,
                "<rect class=\"{class}\" x=\"{x}\" y=\"{from}\" width=\"{width}\" height=\"{height}\" rx=\"2\"/>"
            );
        }
    }

    fn message(&mut self, message: &Message) {
        let Some((x1, y1)) = self.at(message.from, message.sent) else { return };
        let Some((x2, _)) = self.at(message.to, message.sent) else { return };
        let end = message.arrived.or(message.lost.map(|(place, _)| place));
        if self.is_out(message.sent) && end.is_some_and(|end| self.cut.row(end) == self.cut.row(message.sent)) {
            return;
        }
        let y2 = end.map_or(self.bottom(), |end| self.y(self.cut.row(end)));
        // What is lost falls short of its receiver; at once, of the next row too.
        let percent = match (message.arrived, message.lost) {
            (Some(_), _) => 100,
            (None, Some((_, LossCause::ReceiverDown))) => 90,
            (None, _) => 55,
        };
        let y2 = if message.arrived.is_none() { y2.max(y1 + ROW / 2) } else { y2 };
        let (mut dx, mut dy) = ((x2 - x1) * percent / 100, y2 - y1);
        let waits = message.held.filter(|_| dx != 0);
        if let Some(before) = waits {
            // It waits beside the line of its receiver.
            let side = -12 * dx.signum();
            (dx, dy) = (dx + side, (self.y(self.cut.row(before)) + ROW / 2).min(y2) - y1);
            let class = if message.token { "T l" } else { "l" };
            let back = -side * 2 / 3;
            put!(self.out, "<path class=\"{class}\" d=\"M{} {}V{y2}h{back}\"/>", x1 + dx, y1 + dy);
        }
        let class = match (message.token, message.arrived.is_some()) {
            (true, true) => " class=\"T\"",
            (true, false) => " class=\"T l\"",
            (false, true) => "",
            (false, false) => " class=\"l\"",
        };
        if dx == 0 {
            // To itself.
            put!(self.out, "<path{class} d=\"M{x1} {y1}c28 4 28 {} 4 {dy}\"/>", dy - 4);
        } else {
            let ends_in_dot = message.arrived.is_some() && waits.is_none();
            let (x, y) = if ends_in_dot { shorten(dx, dy, 6) } else { (dx, dy) };
            put!(self.out, "<path{class} d=\"M{x1} {y1}l{x} {y}\"{}/>", self.tip(message));
            if message.lost.is_some() {
                put!(self.out, "<path class=\"x\" d=\"M{} {}l8 8m0 -8l-8 8\"/>", x1 + x - 4, y1 + y - 4);
            }
        }
        if !self.is_out(message.sent) {
            // In the middle, unless that is far from where it was sent.
            let middle = if dy > 3 * ROW { 1500 * ROW / dy } else { 500 };
            let name = cut(&message.name, self.pitch / CHARACTER);
            let (x, y) = self.free(middle, &name, |mille| (x1 + dx * mille / 1000, y1 + dy * mille / 1000 - 3));
            let class = if message.token { "n t" } else { "n" };
            let name = escape(&name);
            put!(self.out, "<text class=\"{class}\" x=\"{x}\" y=\"{y}\" text-anchor=\"middle\">{name}</text>");
        }
    }

    /// Where along its arrow a label covers no other, if there is such a place; `middle` is in thousandths of it.
    fn free(&mut self, middle: i64, text: &str, at: impl Fn(i64) -> (i64, i64)) -> (i64, i64) {
        let half = text.chars().count() as i64 * CHARACTER / 2;
        let is_free = |(x, y): &(i64, i64)| {
            self.taken.iter().all(|(left, right, base)| x + half < *left || x - half > *right || (y - base).abs() > 11)
        };
        let found = [100, 65, 135, 40].into_iter().map(|percent| at(middle * percent / 100)).find(is_free);
        let (x, y) = found.unwrap_or_else(|| at(middle));
        self.taken.push((x - half, x + half, y));
        (x, y)
    }

    fn tip(&self, message: &Message) -> &'static str {
        let is_seen = message.arrived.is_some_and(|place| !self.is_out(place)) && message.held.is_none();
        match (is_seen, message.token) {
            (false, _) => "",
            (true, false) => " marker-end=\"url(#a)\"",
            (true, true) => " marker-end=\"url(#b)\"",
        }
    }

    fn rows(&mut self) {
        let mut last = None;
        for row in 0..self.cut.rows.len() {
            let (places, instead) = (self.cut.rows[row].places.clone(), self.cut.rows[row].instead.clone());
            let y = self.y(row);
            if let Some(text) = instead {
                let (text, width) = (escape(&text), self.width - GUTTER);
                put!(self.out, "<rect x=\"{}\" y=\"{}\" width=\"{width}\" height=\"20\" fill=\"#fff\"/>", 50, y - 10);
                put!(self.out, "<text class=\"s\" x=\"{}\" y=\"{}\">⋮ {text}</text>", GUTTER - 8, y + 4);
                last = None;
                continue;
            }
            let tick = self.story.events[places.start].tick;
            if last != Some(tick) {
                put!(self.out, "<text class=\"k\" x=\"44\" y=\"{}\" text-anchor=\"end\">{tick}</text>", y + 4);
                last = Some(tick);
            }
            for place in places.filter(|&place| self.cut.shows(self.story, place)).collect::<Vec<_>>() {
                self.event(place);
            }
        }
    }

    fn event(&mut self, place: usize) {
        let event = &self.story.events[place];
        let Some((x, y)) = self.at(event.process, place) else { return };
        if event.is_step() && event.what != What::Crash {
            let class = if event.what == What::Timer { " class=\"o\"" } else { "" };
            put!(self.out, "<circle{class} cx=\"{x}\" cy=\"{y}\" r=\"4\"/>");
        }
        if event.crashed || event.what == What::Crash {
            put!(self.out, "<path class=\"x\" d=\"M{} {}l12 12m0 -12l-12 12\"/>", x - 6, y - 6);
        }
        let text = said(event);
        if !text.is_empty() {
            let class = if text.starts_with(|c: char| c.is_uppercase()) { "b" } else { "n" };
            let text = escape(&cut(&text, self.room(event.process)));
            // Below what comes in from the right.
            let from_right = event.message.is_some_and(|message| self.story.messages[message].from > event.process);
            let y = if from_right { y + 9 } else { y - 2 };
            put!(self.out, "<text class=\"{class}\" x=\"{}\" y=\"{y}\">{text}</text>", x + 9);
        }
    }

    /// How many characters there are right of the line of a process.
    fn room(&self, process: ProcessId) -> i64 {
        let last = self.cut.columns.last() == Some(&process);
        (if last { MARGIN } else { self.pitch } - 16) / CHARACTER
    }

    fn sentence(&mut self) {
        let wrong = self.story.ending.wrong_at.is_some();
        let class = if wrong { "v" } else { "k" };
        let mut y = self.bottom() + 8;
        for line in wrap(&self.story.ending.text, self.width) {
            y += LINE;
            put!(self.out, "<text class=\"{class}\" x=\"12\" y=\"{y}\">{}</text>", escape(&line));
        }
        self.top = y + 14 - self.cut.rows.len() as i64 * ROW;
    }

    fn finish(self) -> String {
        let (width, height) = (self.width, self.bottom());
        let label = escape(&format!("{}: {}", self.story.title(), self.story.ending.text));
        let tip = |id, size, colour| {
            format!(
                "<marker id=\"{id}\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"{size}\" \
                 markerHeight=\"{size}\" orient=\"auto\">\
                 <path d=\"M0 0l8 4-8 4z\" style=\"fill:{colour};stroke:none\"/>\
                 </marker>"
            )
        };
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{label}\">\n<style>{STYLE}</style>\n<defs>{}{}\
             </defs>\n<rect width=\"{width}\" height=\"{height}\" fill=\"#fff\"/>\n{}\n</svg>\n",
            tip("a", 7, "#1c1c1c"),
            tip("b", 3, "#d9730d"),
            self.out.replace("/><", "/>\n<").replace("</text><", "</text>\n<")
        )
    }
}

/// What is said beside an event: for a message, what came of it; its name is at its line.
fn said(event: &Event) -> String {
    let mut parts = Vec::new();
    if !matches!(event.what, What::Message | What::Loss | What::Crash) {
        parts.push(event.label.clone());
    }
    parts.extend(event.says.iter().filter_map(|said| match said {
        Said::Indicate(text) => Some(text.to_uppercase()),
        Said::Store(text) => Some(format!("store {text}")),
        Said::Note(_) | Said::SetTimer(_) | Said::CancelTimer(_) => None,
    }));
    if event.crashed || event.what == What::Crash {
        parts.push("crash".to_owned());
    }
    parts.join(" · ")
}

/// So much off the end of a vector.
#[allow(clippy::cast_precision_loss, reason = "pixels")]
fn shorten(dx: i64, dy: i64, by: i64) -> (i64, i64) {
    let (x, y) = (dx as f64, dy as f64);
    let rest = 1.0 - (by as f64 / (x * x + y * y).sqrt()).min(0.9);
    ((x * rest).round() as i64, (y * rest).round() as i64)
}

fn cut(text: &str, room: i64) -> String {
    let room = usize::try_from(room).unwrap_or(0).max(4);
    if text.chars().count() <= room {
        return text.to_owned();
    }
    text.chars().take(room - 1).chain(['…']).collect()
}

fn wrap(text: &str, width: i64) -> Vec<String> {
    let room = (width - 24) / CHARACTER;
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if ((line.chars().count() + 1 + word.chars().count()) as i64) <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// As text in XML may be; what XML cannot have is a question mark.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\u{fffe}' | '\u{ffff}' => escaped.push('?'),
            c if c.is_control() && !matches!(c, '\n' | '\t') => escaped.push('?'),
            c => escaped.push(c),
        }
    }
    escaped
}
