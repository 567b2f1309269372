//! The trace event format of Chrome's tools, which Perfetto opens: a process is a process, its events and what lasts
//! are slices, and messages are flows between them.

use serde_json::{Value as Json, json};

use super::story::{Event, Said, Span, SpanKind, Story, What};

/// A tick is a millisecond there; times are in microseconds. Events of one tick share it, in their order.
const TICK: u64 = 1000;

/// The rows of a process.
const EVENTS: u32 = 1;
const LOCK: u32 = 2;
const TOKEN: u32 = 3;
const STATE: u32 = 4;

/// The run in the trace event format of Chrome: critical sections are slices, messages are flows. Perfetto opens it.
pub fn chrome(story: &Story) -> String {
    let times = times(story);
    let mut events = names(story);
    for (place, event) in story.events.iter().enumerate() {
        let (at, until) = (times[place], times[place + 1]);
        if event.is_step() {
            let length = (until - at).clamp(1, TICK);
            events.push(json!({
                "ph": "X", "name": event.label, "cat": category(event.what), "pid": event.process.get(),
                "tid": EVENTS, "ts": at, "dur": length,
                "args": { "event": event.number, "tick": event.tick, "says": says(event) },
            }));
        } else {
            events.push(instant(event, at, &event.label, "p"));
        }
    }
    for (id, message) in story.messages.iter().enumerate() {
        let flow = |phase: &str, process: u32, at: u64| {
            json!({
                "ph": phase, "bp": "e", "name": message.name, "cat": "message", "id": id, "pid": process,
                "tid": EVENTS, "ts": at,
                "args": { "content": message.content, "token": message.token },
            })
        };
        if let Some(arrived) = message.arrived {
            events.push(flow("s", message.from.get(), times[message.sent]));
            events.push(flow("f", message.to.get(), times[arrived]));
        }
        if let Some((place, cause)) = message.lost {
            let name = format!("{} from {} lost", message.name, message.from);
            let mut lost = instant(&story.events[place], times[place], &name, "t");
            lost["pid"] = json!(message.to.get());
            lost["args"] = json!({ "cause": cause, "content": message.content });
            events.push(lost);
        }
    }
    events.extend(story.spans.iter().map(|span| slice(span, &times)));
    if let Some(place) = story.ending.wrong_at {
        events.push(instant(&story.events[place], times[place], &story.ending.text, "g"));
    }
    let document = json!({
        "displayTimeUnit": "ms",
        "otherData": { "scenario": story.title(), "outcome": story.ending.text },
        "traceEvents": events,
    });
    format!("{document}\n")
}

/// When each event is, and when the last one is over. No two have the same time but those of a crowded tick.
fn times(story: &Story) -> Vec<u64> {
    let mut times = Vec::with_capacity(story.events.len() + 1);
    for tick in story.events.chunk_by(|one, next| one.tick == next.tick) {
        let (start, count) = (tick[0].tick.get().saturating_mul(TICK), tick.len() as u64);
        times.extend((0..count).map(|index| start.saturating_add(index * TICK / count)));
    }
    times.push(story.events.last().map_or(0, |last| last.tick.get().saturating_add(1).saturating_mul(TICK)));
    times
}

fn names(story: &Story) -> Vec<Json> {
    let mut names = Vec::new();
    let mut seen: Vec<_> = story.events.iter().map(|event| event.process).collect();
    seen.sort_unstable();
    seen.dedup();
    for process in seen {
        let pid = process.get();
        let named = |what: &str, tid: u32, name: &str| {
            let name = json!({ "name": name });
            json!({ "ph": "M", "name": what, "pid": pid, "tid": tid, "args": name })
        };
        names.push(named("process_name", EVENTS, &process.to_string()));
        for (tid, name) in [(EVENTS, "events"), (LOCK, "critical section"), (TOKEN, "token"), (STATE, "state")] {
            names.push(named("thread_name", tid, name));
        }
    }
    names
}

fn slice(span: &Span, times: &[u64]) -> Json {
    let (tid, name) = match span.kind {
        SpanKind::Critical(data) => (LOCK, format!("critical section of d{data}")),
        SpanKind::Waiting(data) => (STATE, format!("waits for d{data}")),
        SpanKind::Token => (TOKEN, "token".to_owned()),
        SpanKind::Down => (STATE, "down".to_owned()),
        SpanKind::Paused(_) => (STATE, "paused".to_owned()),
    };
    let (from, to) = (times[span.from], times[span.to.unwrap_or(times.len() - 1)]);
    json!({
        "ph": "X", "name": name, "cat": "span", "pid": span.process.get(), "tid": tid, "ts": from,
        "dur": (to - from).max(1),
    })
}

fn instant(event: &Event, at: u64, name: &str, scope: &str) -> Json {
    json!({
        "ph": "i", "name": name, "cat": category(event.what), "s": scope, "pid": event.process.get(), "tid": EVENTS,
        "ts": at,
    })
}

fn says(event: &Event) -> Vec<&str> {
    event
        .says
        .iter()
        .map(|said| match said {
            Said::Store(text)
            | Said::Indicate(text)
            | Said::Note(text)
            | Said::SetTimer(text)
            | Said::CancelTimer(text) => text.as_str(),
        })
        .collect()
}

fn category(what: What) -> &'static str {
    match what {
        What::Start => "start",
        What::Request => "request",
        What::Message => "message",
        What::Timer => "timer",
        What::Report => "report",
        What::Restart => "restart",
        What::Crash => "crash",
        What::Loss => "loss",
        What::Partition => "partition",
        What::Pause => "pause",
    }
}
