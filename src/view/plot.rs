//! Plots for pages and slides: lines with their names at their ends, read as well in grey as in colour.
//!
//! ```
//! use jeton::view::plot::{Axis, Plot, Scale, Series};
//!
//! let sizes = [2.0, 4.0, 8.0, 16.0];
//! let mut plot = Plot::new("Messages per entry", Axis::new("processes", "").scale(Scale::Log2),
//!     Axis::new("messages per entry", ""));
//! plot.push(Series::new("ricart_agrawala").points(sizes.map(|n| (n, 2.0 * (n - 1.0)))));
//! assert!(plot.svg().starts_with("<svg"));
//! ```
//!
//! The same plot is the same text on every machine.

#![allow(clippy::cast_precision_loss, reason = "places of labels")]

mod scale;

use std::fmt::Write;

use super::svg::escape;
pub use scale::Scale;
use scale::Span;

/// Lines over two axes.
#[derive(Clone, Debug, PartialEq)]
pub struct Plot {
    /// What it shows, in a few words.
    pub title: String,
    /// How that was measured, in a line under the title; may be empty.
    pub note: String,
    /// To the right.
    pub x: Axis,
    /// Upwards.
    pub y: Axis,
    /// The lines; the first are drawn first.
    pub series: Vec<Series>,
}

/// A quantity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Axis {
    /// What is measured.
    pub name: String,
    /// In what unit; empty if the name says it.
    pub unit: String,
    /// How it is laid along the axis.
    pub scale: Scale,
}

/// A line.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// What stands at its end.
    pub name: String,
    /// Its points, from left to right.
    pub points: Vec<Point>,
    /// Which colour, dashes and marks it has; by default its place among the lines. One thing has one look in all plots
    /// of a page.
    pub look: Option<usize>,
    /// Whether it is something to compare with, not measured: thin, grey and without marks.
    pub is_reference: bool,
}

/// A point of a line. One that is not finite, or has no place on a logarithmic axis, is left out, and the text of the
/// plot says so.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// How far to the right.
    pub x: f64,
    /// How far up.
    pub y: f64,
    /// How far from it the true value may be, up and down; 0 if nothing is known of that.
    pub error: f64,
}

impl Plot {
    /// A plot without a line.
    pub fn new(title: impl Into<String>, x: Axis, y: Axis) -> Self {
        Self { title: title.into(), note: String::new(), x, y, series: Vec::new() }
    }

    /// Says how it was measured.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }

    /// Adds a line.
    pub fn push(&mut self, series: Series) {
        self.series.push(series);
    }

    /// Draws it as SVG.
    pub fn svg(&self) -> String {
        Drawing::new(self).draw()
    }
}

impl Axis {
    /// An evenly divided axis.
    pub fn new(name: impl Into<String>, unit: impl Into<String>) -> Self {
        Self { name: name.into(), unit: unit.into(), scale: Scale::Linear }
    }

    /// On another scale.
    #[must_use]
    pub fn scale(mut self, scale: Scale) -> Self {
        self.scale = scale;
        self
    }

    fn label(&self) -> String {
        if self.unit.is_empty() { self.name.clone() } else { format!("{} ({})", self.name, self.unit) }
    }
}

impl Series {
    /// A line without a point.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), points: Vec::new(), look: None, is_reference: false }
    }

    /// Adds points of which no error is known.
    #[must_use]
    pub fn points(mut self, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        self.points.extend(points.into_iter().map(|(x, y)| Point { x, y, error: 0.0 }));
        self
    }

    /// Adds a point that is so far off at most.
    pub fn push(&mut self, x: f64, y: f64, error: f64) {
        self.points.push(Point { x, y, error });
    }

    /// With the look of this number.
    #[must_use]
    pub fn look(mut self, look: usize) -> Self {
        self.look = Some(look);
        self
    }

    /// Something to compare with.
    #[must_use]
    pub fn reference(mut self) -> Self {
        self.is_reference = true;
        self
    }
}

const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 600.0;
const LEFT: f64 = 92.0;
const BOTTOM: f64 = HEIGHT - 72.0;
/// Between two names.
const LINE: f64 = 20.0;
/// About how wide a character of a name is.
const CHARACTER: f64 = 8.0;
/// From the end of a line to its name.
const GAP: f64 = 34.0;

const STYLE: &str = "\
.plot text{font:15px system-ui,sans-serif;fill:#222}.plot .h{font-size:22px;font-weight:600}\
.plot .k{fill:#555}.plot .a{font-size:17px;font-weight:600}.plot .g{stroke:#e4e4e4}.plot .f{stroke:#444}\
.plot .w{paint-order:stroke;stroke:#fff;stroke-width:4px;stroke-linejoin:round}\
.plot path{fill:none;stroke-width:2.4;stroke-linejoin:round}.plot .r{stroke:#8a8a8a;stroke-width:1.4}\
.plot .l{stroke:#bbb;stroke-width:1}.plot .e{stroke-width:1.4}";

/// Each dark enough to be read as text on white.
const COLOURS: [&str; 12] = [
    "#0b5fa5", "#b3400a", "#1b7a4b", "#8a3b8f", "#1b1b1b", "#a3123f", "#0f7280", "#755a00", "#4b4fb8", "#5a6b00",
    "#6b4226", "#5c5c5c",
];
const DASHES: [&str; 4] = ["", "9 4", "2.5 3.5", "10 3 2.5 3"];
/// The marks, around the point where they are; every other is hollow.
const MARKS: [&str; 5] = [
    "m-5 0a5 5 0 1 0 10 0a5 5 0 1 0 -10 0z",
    "m-4.5 -4.5h9v9h-9z",
    "m0 -6l5.5 10h-11z",
    "m0 -6.5l5.5 6.5l-5.5 6.5l-5.5 -6.5z",
    "m0 6l5.5 -10h-11z",
];

/// Writing to a string does not fail.
macro_rules! put {
    ($out:expr, $($arguments:tt)*) => { let _ = write!($out, $($arguments)*); };
}

struct Drawing<'a> {
    plot: &'a Plot,
    x: Span,
    y: Span,
    right: f64,
    top: f64,
    out: String,
}

/// Where the name of a line goes.
struct Label<'a> {
    series: &'a Series,
    look: usize,
    from: (f64, f64),
    y: f64,
}

impl<'a> Drawing<'a> {
    fn new(plot: &'a Plot) -> Self {
        let points = || plot.series.iter().flat_map(|series| &series.points).filter(|point| plot.takes(point));
        let x = plot.x.scale.span(points().map(|point| point.x));
        let ends = |point: &Point| [plot.low(point), point.y, point.y + point.error];
        let y = plot.y.scale.span(points().flat_map(ends));
        let longest = plot.series.iter().map(|series| series.name.chars().count()).max().unwrap_or(0);
        let margin = (longest as f64 * CHARACTER + GAP + 12.0).clamp(40.0, WIDTH / 2.0);
        let top = if plot.note.is_empty() { 62.0 } else { 88.0 };
        Self { plot, x, y, right: WIDTH - margin, top, out: String::new() }
    }

    fn at_x(&self, along: f64) -> f64 {
        LEFT + along * (self.right - LEFT)
    }

    fn at_y(&self, along: f64) -> f64 {
        BOTTOM - along * (BOTTOM - self.top)
    }

    fn at(&self, point: &Point) -> (f64, f64) {
        (self.at_x(self.x.along(point.x)), self.at_y(self.y.along(point.y)))
    }

    fn draw(mut self) -> String {
        self.head();
        self.axes();
        let mut labels = Vec::new();
        for (place, series) in self.plot.series.iter().enumerate() {
            let look = series.look.unwrap_or(place);
            if let Some(from) = self.series(series, look) {
                labels.push(Label { series, look, from, y: from.1 });
            }
        }
        if labels.is_empty() {
            let (x, y) = (self.at_x(0.5), self.at_y(0.5));
            put!(self.out, "<text class=\"k\" x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"middle\">nothing to show</text>");
        }
        self.spread(&mut labels);
        for label in &labels {
            self.label(label);
        }
        self.out.push_str("</svg>\n");
        self.out
    }

    fn head(&mut self) {
        let Plot { title, note, .. } = self.plot;
        let (name, text) = (escape(title), escape(&self.plot.text()));
        put!(
            self.out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"plot\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
             width=\"{WIDTH}\" height=\"{HEIGHT}\" role=\"img\" aria-label=\"{name}\"><title>{name}</title>\
             <desc>{text}</desc><style>{STYLE}</style><rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\
             <text class=\"h\" x=\"20\" y=\"36\">{name}</text>"
        );
        if !note.is_empty() {
            put!(self.out, "<text class=\"k\" x=\"20\" y=\"60\">{}</text>", escape(note));
        }
        self.out.push('\n');
    }

    fn axes(&mut self) {
        let (left, right, top, bottom) = (LEFT, self.right, self.top, BOTTOM);
        let down: Vec<_> = self.x.labels().map(|(along, label)| (self.at_x(along), label)).collect();
        for (x, label) in down {
            put!(self.out, "<line class=\"g\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{top:.1}\" y2=\"{bottom:.1}\"/>");
            let y = bottom + 22.0;
            put!(self.out, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"middle\">{label}</text>");
        }
        let across: Vec<_> = self.y.labels().map(|(along, label)| (self.at_y(along), label)).collect();
        for (y, label) in across {
            put!(self.out, "<line class=\"g\" x1=\"{left:.1}\" x2=\"{right:.1}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>");
            let (x, y) = (left - 9.0, y + 5.0);
            put!(self.out, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"end\">{label}</text>");
        }
        put!(
            self.out,
            "<path class=\"f\" style=\"stroke-width:1.4\" d=\"M{left:.1} {top:.1}V{bottom:.1}H{right:.1}\"/>"
        );
        let (middle, below) = (self.at_x(0.5), bottom + 52.0);
        let name = escape(&self.plot.x.label());
        put!(self.out, "<text class=\"a\" x=\"{middle:.1}\" y=\"{below:.1}\" text-anchor=\"middle\">{name}</text>");
        let (middle, name) = (self.at_y(0.5), escape(&self.plot.y.label()));
        put!(
            self.out,
            "<text class=\"a\" transform=\"translate(24 {middle:.1}) rotate(-90)\" \
             text-anchor=\"middle\">{name}</text>\n"
        );
    }

    /// Draws a line, and tells where it ends; nothing if it has no point.
    fn series(&mut self, series: &Series, look: usize) -> Option<(f64, f64)> {
        let points: Vec<&Point> = series.points.iter().filter(|point| self.plot.takes(point)).collect();
        let (colour, dashes) = (COLOURS[look % COLOURS.len()], DASHES[look % DASHES.len()]);
        put!(self.out, "<g><title>{}</title>", escape(&series.name));
        let mut line = String::new();
        for point in &points {
            let ((x, y), step) = (self.at(point), if line.is_empty() { 'M' } else { 'L' });
            put!(line, "{step}{x:.1} {y:.1}");
        }
        if series.is_reference {
            put!(self.out, "<path class=\"r\" d=\"{line}\"/>");
        } else {
            put!(self.out, "<path stroke=\"{colour}\" stroke-dasharray=\"{dashes}\" d=\"{line}\"/>");
            for point in &points {
                self.point(series, point, look);
            }
        }
        self.out.push_str("</g>\n");
        points.last().map(|point| self.at(point))
    }

    fn point(&mut self, series: &Series, point: &Point, look: usize) {
        let (x, y) = self.at(point);
        let colour = COLOURS[look % COLOURS.len()];
        if point.error > 0.0 && point.error.is_finite() {
            let (low, high) = (self.y.along(self.plot.low(point)), self.y.along(point.y + point.error));
            let (low, high) = (self.at_y(low), self.at_y(high));
            put!(self.out, "<path class=\"e\" stroke=\"{colour}\" d=\"M{x:.1} {low:.1}V{high:.1}m-4 0h8M");
            put!(self.out, "{:.1} {low:.1}h8\"/>", x - 4.0);
        }
        self.mark(x, y, look);
        let Plot { x: across, y: up, .. } = self.plot;
        // The text of the mark that was just begun.
        let (at, value, error) = (number(point.x), number(point.y), number(point.error));
        let error = if point.error > 0.0 { format!(" ± {error}") } else { String::new() };
        let text = format!("{}, {} {at}: {} {value}{error}", series.name, across.name, up.label());
        put!(self.out, "<title>{}</title></path>", escape(&text));
    }

    /// Begins a mark.
    fn mark(&mut self, x: f64, y: f64, look: usize) {
        let (colour, mark) = (COLOURS[look % COLOURS.len()], MARKS[look % MARKS.len()]);
        let fill = if look / MARKS.len() % 2 == 0 { colour } else { "#fff" };
        put!(self.out, "<path stroke=\"{colour}\" style=\"fill:{fill};stroke-width:1.8\" d=\"M{x:.1} {y:.1}{mark}\">");
    }

    /// Moves names apart that would be upon each other, each as little as can be: those that touch are a block around
    /// the middle of where they should be (isotonic regression).
    fn spread(&self, labels: &mut [Label<'_>]) {
        labels.sort_by(|one, other| one.y.total_cmp(&other.y));
        let room = (BOTTOM - self.top + LINE) / labels.len().max(1) as f64;
        let line = room.min(LINE);
        // Of each block: the sum of what its first should be at, and how many it has.
        let mut blocks: Vec<(f64, usize)> = Vec::new();
        for (place, label) in labels.iter().enumerate() {
            let mut block = (label.y - place as f64 * line, 1);
            while let Some(&(sum, count)) = blocks.last() {
                if sum / (count as f64) < block.0 / block.1 as f64 {
                    break;
                }
                block = (block.0 + sum, block.1 + count);
                blocks.pop();
            }
            blocks.push(block);
        }
        let mut place = 0;
        let lowest = BOTTOM - labels.len().saturating_sub(1) as f64 * line;
        for (sum, count) in blocks {
            let first = (sum / count as f64).clamp(self.top.min(lowest), lowest.max(self.top));
            for _ in 0..count {
                labels[place].y = first + place as f64 * line;
                place += 1;
            }
        }
    }

    fn label(&mut self, label: &Label<'_>) {
        let Label { series, look, from: (x, y), y: at } = *label;
        let to = self.right + GAP - 18.0;
        put!(self.out, "<path class=\"l\" d=\"M{:.1} {y:.1}L{to:.1} {at:.1}\"/>", x + 7.0);
        let colour = if series.is_reference {
            "#666"
        } else {
            self.mark(to + 7.0, at, look);
            self.out.push_str("</path>");
            COLOURS[look % COLOURS.len()]
        };
        let (x, y, name) = (to + 18.0, at + 5.0, escape(&series.name));
        put!(self.out, "<text class=\"w\" style=\"fill:{colour}\" x=\"{x:.1}\" y=\"{y:.1}\">{name}</text>\n");
    }
}

impl Plot {
    fn takes(&self, point: &Point) -> bool {
        self.x.scale.takes(point.x) && self.y.scale.takes(point.y)
    }

    /// The lower end of a bar: what is never below zero is not so by mistake either, and has no logarithm there.
    fn low(&self, point: &Point) -> f64 {
        let low = point.y - point.error;
        if self.y.scale.takes(low) && (low >= 0.0 || point.y < 0.0) {
            low
        } else if self.y.scale.takes(0.0) {
            0.0
        } else {
            point.y
        }
    }

    /// What it shows, for whoever does not see it.
    fn text(&self) -> String {
        let mut text = format!("{} over {}. ", self.y.label(), self.x.label());
        if !self.note.is_empty() {
            put!(text, "{}. ", self.note.trim_end_matches('.'));
        }
        let mut left_out = 0;
        for series in &self.series {
            let shown: Vec<&Point> = series.points.iter().filter(|point| self.takes(point)).collect();
            left_out += series.points.len() - shown.len();
            if let [first, .., last] = shown[..] {
                let ends = [first.x, first.y, last.x, last.y].map(number);
                put!(text, "{}: {} at {}, {} at {}. ", series.name, ends[1], ends[0], ends[3], ends[2]);
            }
        }
        if left_out > 0 {
            put!(text, "Left out, for they have no place on these axes: {left_out}.");
        }
        text.trim_end().to_owned()
    }
}

/// A number in three figures, as people write it: `1,024`, `12.3`, `0.05`.
pub fn number(value: f64) -> String {
    let size = value.abs();
    let decimals = match size {
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        size if size >= 1.0 => 2,
        size if size >= 0.1 => 3,
        _ => 4,
    };
    let text = format!("{size:.decimals$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    let (whole, fraction) = text.split_once('.').map_or((text, None), |(whole, fraction)| (whole, Some(fraction)));
    let mut number = String::from(if value < 0.0 && text != "0" { "-" } else { "" });
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place) % 3 == 0 {
            number.push(',');
        }
        number.push(digit);
    }
    if let Some(fraction) = fraction {
        put!(number, ".{fraction}");
    }
    number
}

#[cfg(test)]
mod tests;
