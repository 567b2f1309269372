//! A trace read once, for whoever draws it.

use std::collections::BTreeMap;

use super::mark;
use crate::engine::{LossCause, MessageId};
use crate::model::{ProcessId, Report, Ticks};
use crate::trace::{self, Effect, Ended, Kind, Mark, Record, Trace};

/// A run with everything in its place: events in order, and what reaches from one of them to another. Places are
/// indices into [`events`](Story::events), which has as many as the trace has records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Story {
    trace: Trace,
    /// What happened, in order.
    pub events: Vec<Event>,
    /// The messages, in the order of sending.
    pub messages: Vec<Message>,
    /// What lasts, in the order in which it begins.
    pub spans: Vec<Span>,
    /// How it ended.
    pub ending: Sentence,
    /// Where a run that goes round for ever comes back to: the first event of its cycle.
    pub cycle: Option<usize>,
}

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its number in the run, counted from 1.
    pub number: u64,
    /// When.
    pub tick: Ticks,
    /// At which process.
    pub process: ProcessId,
    /// What it is.
    pub what: What,
    /// The same in few words; for a message, its name.
    pub label: String,
    /// What came of it beside messages, in few words each: what was stored, indicated and noted.
    pub says: Vec<Said>,
    /// The message that arrived.
    pub message: Option<usize>,
    /// Whether the process crashed in it.
    pub crashed: bool,
}

/// What came of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// It was written to stable storage.
    Store(String),
    /// The application was told.
    Indicate(String),
    /// A branch was taken.
    Note(String),
    /// A timer was set, or moved.
    SetTimer(String),
    /// A timer was cancelled.
    CancelTimer(String),
}

/// What an event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// A process starts with the run.
    Start,
    /// The application asks for something.
    Request,
    /// A message arrives.
    Message,
    /// A timer fires.
    Timer,
    /// The failure detector reports.
    Report,
    /// A process comes up again.
    Restart,
    /// A process crashes between two steps.
    Crash,
    /// Messages are lost between two events.
    Loss,
    /// A partition begins.
    Partition,
    /// A process is paused.
    Pause,
}

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its number in the run.
    pub id: MessageId,
    /// Who sent it.
    pub from: ProcessId,
    /// To whom.
    pub to: ProcessId,
    /// Its short name.
    pub name: String,
    /// All of it, as JSON.
    pub content: String,
    /// The event in which it was sent.
    pub sent: usize,
    /// The event in which it was handled, if it was.
    pub arrived: Option<usize>,
    /// Where it was lost, if it was, and why.
    pub lost: Option<(usize, LossCause)>,
    /// Whether it carries the token.
    pub token: bool,
    /// Whether it is a second copy made by the network.
    pub copy: bool,
    /// If it waited for its receiver, which was busy or paused: the last event before it arrived.
    pub held: Option<usize>,
}

/// Something that lasts at a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Where.
    pub process: ProcessId,
    /// What.
    pub kind: SpanKind,
    /// The event with which it begins.
    pub from: usize,
    /// The event with which it ends; none, if it lasts to the end of the run.
    pub to: Option<usize>,
}

/// What lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SpanKind {
    /// The process is in the critical section of this data id.
    Critical(u64),
    /// It has asked for this data id and waits.
    Waiting(u64),
    /// It has the token.
    Token,
    /// It is down.
    Down,
    /// It handles nothing up to this tick.
    Paused(Ticks),
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sentence {
    /// In one sentence.
    pub text: String,
    /// The event with which something was found to be wrong, if it was.
    pub wrong_at: Option<usize>,
    /// Whom that concerns.
    pub processes: Vec<ProcessId>,
}

impl Story {
    /// Reads a trace.
    pub fn new(trace: Trace) -> Self {
        let mut reader = Reader::default();
        for (place, record) in trace.records.iter().enumerate() {
            reader.read(place, record);
        }
        let Reader { events, messages, mut spans, .. } = reader;
        spans.sort_by_key(|span| (span.from, span.process, span.kind));
        let place_of = |number: u64| trace.records.iter().rposition(|record| record.number == number);
        let ending = &trace.ending;
        let wrong = ending.end == Ended::Violated && !trace.records.is_empty();
        let ending = Sentence {
            text: trace::ended(ending),
            wrong_at: wrong.then(|| place_of(ending.event).unwrap_or(trace.records.len() - 1)),
            processes: ending.processes.clone(),
        };
        let from = trace.ending.cycle_from_event;
        let cycle = from.and_then(|number| trace.records.iter().position(|record| record.number > number));
        Self { trace, events, messages, spans, ending, cycle }
    }

    /// The trace it was made of.
    pub fn trace(&self) -> &Trace {
        &self.trace
    }

    /// The number of processes.
    pub fn processes(&self) -> u32 {
        self.trace.header.processes
    }

    /// What the scenario says that it shows, if the trace has its text.
    pub fn about(&self) -> Option<String> {
        let source: toml::Table = self.trace.header.source.as_deref()?.parse().ok()?;
        source.get("about")?.as_str().map(str::to_owned)
    }

    /// The name of the scenario, and the seed if there is one.
    pub fn title(&self) -> String {
        let header = &self.trace.header;
        let Some(seed) = header.seed else { return header.scenario.clone() };
        let strategy = header.strategy.as_ref().map(|strategy| format!(" ({strategy})")).unwrap_or_default();
        format!("{}, seed {seed}{strategy}", header.scenario)
    }

    /// The event before this one at the same process; what is no step of a process has none and is none's.
    pub fn previous(&self) -> Vec<Option<usize>> {
        let mut last: BTreeMap<ProcessId, usize> = BTreeMap::new();
        let mut previous = Vec::with_capacity(self.events.len());
        for (place, event) in self.events.iter().enumerate() {
            previous.push(if event.is_step() { last.insert(event.process, place) } else { None });
        }
        previous
    }
}

impl Event {
    /// Whether it is a step or a crash of its process, rather than something that befalls the world around it.
    pub fn is_step(&self) -> bool {
        !matches!(self.what, What::Loss | What::Partition | What::Pause)
    }
}

/// What is known at some point of a trace.
#[derive(Default)]
struct Reader {
    events: Vec<Event>,
    messages: Vec<Message>,
    spans: Vec<Span>,
    /// The messages by their numbers.
    numbered: BTreeMap<MessageId, usize>,
    /// What has begun and not ended: an index into the spans.
    open: BTreeMap<(ProcessId, SpanKind), usize>,
    /// Up to when processes are paused.
    paused: BTreeMap<ProcessId, Ticks>,
}

impl Reader {
    fn read(&mut self, place: usize, record: &Record) {
        let process = record.process;
        self.resume(place, record.tick);
        let mut message = None;
        let (what, label) = match &record.kind {
            Kind::Start => (What::Start, "start".to_owned()),
            Kind::Request(content) => {
                if let Some(data) = content.get("enter").and_then(serde_json::Value::as_u64) {
                    self.begin(process, SpanKind::Waiting(data), place);
                }
                (What::Request, trace::phrase(content))
            }
            Kind::Message { id, content, .. } => {
                message = self.numbered.get(id).copied();
                if let Some(message) = message.map(|index| &mut self.messages[index]) {
                    message.arrived = Some(place);
                    let before = |tick| self.events.partition_point(|event| event.tick <= tick).saturating_sub(1);
                    message.held = record.waited_from.map(|tick| before(tick).max(message.sent));
                }
                (What::Message, trace::name(content))
            }
            Kind::Timer(content) => (What::Timer, trace::phrase(content)),
            Kind::Report(Report::Crash(of)) => (What::Report, format!("†{of}")),
            Kind::Report(Report::Restore(of)) => (What::Report, format!("{of} is alive")),
            Kind::Restart => {
                self.end(process, SpanKind::Down, place);
                (What::Restart, "restart".to_owned())
            }
            Kind::Crash => (What::Crash, "crash".to_owned()),
            Kind::Loss => (What::Loss, "lost".to_owned()),
            Kind::Partition { side, until } => {
                let side: Vec<String> = side.iter().map(ToString::to_string).collect();
                (What::Partition, format!("{} cut off until tick {until}", side.join(", ")))
            }
            Kind::Pause { until } => {
                self.paused.insert(process, *until);
                self.begin(process, SpanKind::Paused(*until), place);
                (What::Pause, format!("paused until tick {until}"))
            }
        };
        let says = record.effects.iter().filter_map(|effect| self.effect(place, record, effect)).collect();
        let crashed = record.crashed || record.kind == Kind::Crash;
        let Record { number, tick, .. } = *record;
        self.events.push(Event { number, tick, process, what, label, says, message, crashed: record.crashed });
        self.copies_and_losses(place, record);
        match record.has {
            Some(0) => self.end(process, SpanKind::Token, place),
            Some(_) => self.begin(process, SpanKind::Token, place),
            None => {}
        }
        if crashed {
            self.crash(process, place);
        }
    }

    fn effect(&mut self, place: usize, record: &Record, effect: &Effect) -> Option<Said> {
        Some(match effect {
            Effect::Send { to, id, content } => {
                let message = Message {
                    id: *id,
                    from: record.process,
                    to: *to,
                    name: trace::name(content),
                    content: content.to_string(),
                    sent: place,
                    arrived: None,
                    lost: None,
                    token: record.carriers.contains(id),
                    copy: false,
                    held: None,
                };
                self.numbered.insert(*id, self.messages.len());
                self.messages.push(message);
                return None;
            }
            Effect::Indicate(indication) => {
                match mark(indication) {
                    Some(Mark::Begin(data)) => {
                        self.end(record.process, SpanKind::Waiting(data), place);
                        self.begin(record.process, SpanKind::Critical(data), place);
                    }
                    Some(Mark::End(data)) => self.end(record.process, SpanKind::Critical(data), place),
                    None => {}
                }
                Said::Indicate(trace::phrase(indication))
            }
            Effect::Store(content) => Said::Store(trace::phrase(content)),
            Effect::Note(note) => Said::Note(note.clone()),
            Effect::SetTimer { timer, after } => Said::SetTimer(format!("{} in {after}", trace::phrase(timer))),
            Effect::CancelTimer(timer) => Said::CancelTimer(trace::phrase(timer)),
        })
    }

    fn copies_and_losses(&mut self, place: usize, record: &Record) {
        for copied in &record.copied {
            let Some(&original) = self.numbered.get(&copied.id) else { continue };
            let copy = Message { id: copied.copy, copy: true, lost: None, ..self.messages[original].clone() };
            self.numbered.insert(copied.copy, self.messages.len());
            self.messages.push(copy);
        }
        for loss in &record.lost {
            if let Some(&message) = self.numbered.get(&loss.id) {
                self.messages[message].lost = Some((place, loss.cause));
            }
        }
    }

    fn begin(&mut self, process: ProcessId, kind: SpanKind, place: usize) {
        let next = self.spans.len();
        if *self.open.entry((process, kind)).or_insert(next) == next {
            self.spans.push(Span { process, kind, from: place, to: None });
        }
    }

    fn end(&mut self, process: ProcessId, kind: SpanKind, place: usize) {
        if let Some(span) = self.open.remove(&(process, kind)) {
            self.spans[span].to = Some(place);
        }
    }

    fn crash(&mut self, process: ProcessId, place: usize) {
        let of_it = (process, SpanKind::Critical(0))..=(process, SpanKind::Paused(Ticks::MAX));
        let kinds: Vec<SpanKind> = self.open.range(of_it).map(|((_, kind), _)| *kind).collect();
        for kind in kinds {
            self.end(process, kind, place);
        }
        self.begin(process, SpanKind::Down, place);
    }

    /// Pauses that are over by now.
    fn resume(&mut self, place: usize, now: Ticks) {
        let over: Vec<_> = self.paused.iter().filter(|(_, until)| **until <= now).map(|(p, u)| (*p, *u)).collect();
        for (process, until) in over {
            self.end(process, SpanKind::Paused(until), place);
            if until < now {
                self.paused.remove(&process);
            }
        }
    }
}
