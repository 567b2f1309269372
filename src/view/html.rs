//! The viewer: one page that has all it needs, and asks nobody for anything.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value as Json, json};

use super::story::{Event, Message, Said, Span, SpanKind, Story, What};
use super::svg::escape;

const PAGE: &str = include_str!("viewer/page.html");
const STYLE: &str = include_str!("viewer/viewer.css");
/// The colours of all pages, light and dark.
pub(crate) const THEME: &str = include_str!("viewer/theme.css");
const SCRIPT: &str = include_str!("viewer/viewer.js");

/// The run as one HTML file that can be walked through, offline, in any browser of today.
pub fn html(story: &Story) -> String {
    let data = serde_json::to_string(&data(story)).expect("plain data");
    // A page is its text: within a script, `<` could end it.
    let data = data.replace('<', "\\u003c");
    let style = [THEME, STYLE].concat();
    fill(PAGE, &[("title", &escape(&story.title())), ("style", &style), ("data", &data), ("script", SCRIPT)])
}

/// A page with these parts in their places, which are in this order.
pub(crate) fn fill(page: &str, parts: &[(&str, &str)]) -> String {
    let (mut filled, mut rest) = (String::new(), page);
    for (name, part) in parts {
        let (before, after) = rest.split_once(&format!("{{{{{name}}}}}")).expect("the page has a place for it");
        filled.push_str(before);
        filled.push_str(part);
        rest = after;
    }
    filled + rest
}

/// Texts that come again and again, each once.
#[derive(Default)]
struct Texts {
    places: BTreeMap<String, usize>,
    texts: Vec<String>,
}

impl Texts {
    fn place(&mut self, text: &str) -> usize {
        if let Some(&place) = self.places.get(text) {
            return place;
        }
        self.places.insert(text.to_owned(), self.texts.len());
        self.texts.push(text.to_owned());
        self.texts.len() - 1
    }
}

/// What the page's script knows; `viewer.js` says at its top what is where.
#[derive(Serialize)]
struct Data {
    title: String,
    about: Option<String>,
    source: Option<String>,
    processes: u32,
    ending: Json,
    cycle: Option<usize>,
    events: Vec<Json>,
    messages: Vec<Json>,
    spans: Vec<Json>,
    texts: Vec<String>,
}

fn data(story: &Story) -> Data {
    let mut texts = Texts::default();
    let records = &story.trace().records;
    let events = story.events.iter().zip(records).map(|(event, record)| {
        let states: Option<Vec<[usize; 2]>> = record
            .state
            .as_ref()
            .map(|state| state.fields().map(|(name, value)| [texts.place(name), texts.place(value)]).collect());
        self::event(event, &mut texts, states.as_deref())
    });
    let events: Vec<Json> = events.collect();
    let messages = story.messages.iter().map(|message| self::message(message, &mut texts)).collect();
    let ending = &story.ending;
    Data {
        title: story.title(),
        about: story.about(),
        source: story.trace().header.source.clone(),
        processes: story.processes(),
        ending: json!({ "text": ending.text, "wrong": ending.wrong_at, "processes": ending.processes }),
        cycle: story.cycle,
        events,
        messages,
        spans: story.spans.iter().map(span).collect(),
        texts: texts.texts,
    }
}

fn event(event: &Event, texts: &mut Texts, state: Option<&[[usize; 2]]>) -> Json {
    let what = match event.what {
        What::Start => 0,
        What::Request => 1,
        What::Message => 2,
        What::Timer => 3,
        What::Report => 4,
        What::Restart => 5,
        What::Crash => 6,
        What::Loss => 7,
        What::Partition => 8,
        What::Pause => 9,
    };
    let says: Vec<(u8, usize)> = event
        .says
        .iter()
        .map(|said| match said {
            Said::Indicate(text) => (0, texts.place(text)),
            Said::Store(text) => (1, texts.place(text)),
            Said::Note(text) => (2, texts.place(text)),
            Said::SetTimer(text) => (3, texts.place(text)),
            Said::CancelTimer(text) => (4, texts.place(text)),
        })
        .collect();
    let label = texts.place(&event.label);
    let crashed = u8::from(event.crashed);
    json!([event.number, event.tick, event.process, what, label, event.message, crashed, says, state])
}

fn message(message: &Message, texts: &mut Texts) -> Json {
    let flags = u8::from(message.token) | u8::from(message.copy) << 1;
    let (name, content) = (texts.place(&message.name), texts.place(&message.content));
    let (lost, cause) = message.lost.map_or((None, None), |(place, cause)| (Some(place), Some(cause)));
    json!([message.from, message.to, name, content, message.sent, message.arrived, lost, cause, flags, message.held])
}

fn span(span: &Span) -> Json {
    let (kind, data) = match span.kind {
        SpanKind::Critical(data) => (0, data),
        SpanKind::Waiting(data) => (1, data),
        SpanKind::Token => (2, 0),
        SpanKind::Down => (3, 0),
        SpanKind::Paused(until) => (4, until.get()),
    };
    json!([span.process, kind, data, span.from, span.to])
}
