use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::record::{Copied, Effect, Kind, Loss, Record};
use super::state::State;
use crate::engine::{Lost, MessageId, Observer, Violation, World};
use crate::model::{self, Event, Process, ProcessId, Ticks, Value};

/// Takes records one by one, in order: a list that keeps them, a file that they are written to, a fingerprint.
pub trait Sink {
    /// Takes the next record.
    fn take(&mut self, record: Record);
}

impl Sink for Vec<Record> {
    fn take(&mut self, record: Record) {
        self.push(record);
    }
}

/// What viewers follow through a run as it goes from hand to hand: the token of a ring.
pub trait Follow<P: Process> {
    /// Whether this message carries it.
    fn carries(&self, message: &P::Message) -> bool;
    /// How many a process in this state has.
    fn has(&self, process: &P) -> u32;
}

/// Follows nothing.
impl<P: Process> Follow<P> for () {
    fn carries(&self, _message: &P::Message) -> bool {
        false
    }
    fn has(&self, _process: &P) -> u32 {
        0
    }
}

/// An observer that makes a [`Record`] of each event and hands it to a [`Sink`] when the event is over.
///
/// One recorder is for one run.
#[derive(Clone, Debug)]
pub struct Recorder<S = Vec<Record>, F = ()> {
    sink: S,
    followed: F,
    /// The record of the present event.
    open: Option<Record>,
    /// The last state of each process that was written down, if states are wanted.
    states: Option<BTreeMap<ProcessId, (String, State)>>,
    /// Who has how many of what is followed; who has none is not there.
    has: BTreeMap<ProcessId, u32>,
    /// When messages that wait arrived; only if states are wanted.
    waiting: BTreeMap<MessageId, Ticks>,
}

impl Recorder {
    /// A recorder that keeps its records.
    pub fn new() -> Self {
        Self::to(Vec::new())
    }
}

impl Default for Recorder {
    fn default() -> Self {
        Self::new()
    }
}

impl<S: Sink> Recorder<S> {
    /// A recorder that hands its records on.
    pub fn to(sink: S) -> Self {
        Self { sink, followed: (), open: None, states: None, has: BTreeMap::new(), waiting: BTreeMap::new() }
    }

    /// Records too which messages carry what is followed, and who has how many.
    pub fn following<F>(self, followed: F) -> Recorder<S, F> {
        let Self { sink, open, states, has, waiting, .. } = self;
        Recorder { sink, followed, open, states, has, waiting }
    }
}

impl<S: Sink, F> Recorder<S, F> {
    /// Records the states of processes too, as [fields](State) of their `Debug` text: after each event what it
    /// changed; and since when a message waited that is handled.
    #[must_use]
    pub fn with_states(mut self) -> Self {
        self.states = Some(BTreeMap::new());
        self
    }

    /// The run is over: returns what took the records. An event that a panic cut short has its record too.
    pub fn finish(mut self) -> S {
        self.close();
        self.sink
    }

    fn open<P: Process>(&mut self, process: ProcessId, kind: Kind, world: &World<P>) -> &mut Record {
        self.close();
        self.open.insert(Record::new(world.event(), world.now(), process, kind))
    }

    fn close(&mut self) {
        if let Some(record) = self.open.take() {
            self.sink.take(record);
        }
    }
}

impl<P: Process, S: Sink, F: Follow<P>> Observer<P> for Recorder<S, F> {
    fn event(&mut self, process: ProcessId, event: &Event<P>, message: Option<MessageId>, world: &World<P>) {
        let kind = match (event, message) {
            (Event::Start, _) => Kind::Start,
            (Event::Request(request), _) => Kind::Request(json(request)),
            (Event::Message { from, message }, id) => {
                let id = id.expect("a message has a number");
                Kind::Message { from: *from, id, content: json(message) }
            }
            (Event::Timer(timer), _) => Kind::Timer(json(timer)),
            (Event::Report(report), _) => Kind::Report(*report),
            (Event::Restart, _) => Kind::Restart,
        };
        let waited_from = message.and_then(|id| self.waiting.remove(&id)).filter(|&since| since < world.now());
        self.open(process, kind, world).waited_from = waited_from;
    }

    fn queued(&mut self, _: ProcessId, message: MessageId, world: &World<P>) {
        if self.states.is_some() {
            self.waiting.insert(message, world.now());
        }
    }

    fn effect(&mut self, _: ProcessId, effect: &model::Effect<P>, message: Option<MessageId>, _: &World<P>) {
        let carrier = match effect {
            model::Effect::Send { message: content, .. } if self.followed.carries(content) => message,
            _ => None,
        };
        let effect = match effect {
            model::Effect::Send { to, message: content } => {
                let id = message.expect("a message has a number");
                Effect::Send { to: *to, id, content: json(content) }
            }
            model::Effect::SetTimer { timer, after } => Effect::SetTimer { timer: json(timer), after: *after },
            model::Effect::CancelTimer { timer } => Effect::CancelTimer(json(timer)),
            model::Effect::Store { record } => Effect::Store(json(record)),
            model::Effect::Indicate { indication } => Effect::Indicate(json(indication)),
            model::Effect::Note { note } => Effect::Note((*note).to_owned()),
        };
        let Some(record) = &mut self.open else { return };
        record.carriers.extend(carrier);
        record.effects.push(effect);
    }

    fn crashed(&mut self, process: ProcessId, world: &World<P>) {
        if let Some(record) = &mut self.open {
            record.crashed = true;
        } else {
            self.open(process, Kind::Crash, world);
        }
        if let Some(states) = &mut self.states {
            states.remove(&process);
        }
        self.has.remove(&process);
    }

    fn lost(&mut self, message: &Lost<'_, P>, world: &World<P>) {
        let Lost { from, to, id, cause, .. } = *message;
        let loss = Loss { id, from, to, cause };
        if let Some(record) = &mut self.open {
            record.lost.push(loss);
        } else {
            self.open(to, Kind::Loss, world).lost.push(loss);
            self.close();
        }
    }

    fn duplicated(&mut self, to: ProcessId, message: MessageId, copy: MessageId, _: &World<P>) {
        if let Some(record) = &mut self.open {
            record.copied.push(Copied { id: message, copy, to });
        }
    }

    fn partitioned(&mut self, side: &[ProcessId], until: Ticks, world: &World<P>) {
        let first = side.iter().copied().min().unwrap_or(ProcessId::new(0));
        self.open(first, Kind::Partition { side: side.to_vec(), until }, world);
        self.close();
    }

    fn paused(&mut self, process: ProcessId, until: Ticks, world: &World<P>) {
        self.open(process, Kind::Pause { until }, world);
        self.close();
    }

    fn check(&mut self, world: &World<P>) -> Result<(), Violation> {
        if let Some(record) = self.open.as_mut().filter(|record| world.is_up(record.process)) {
            let (id, process) = (record.process, world.process(record.process));
            let has = self.followed.has(process);
            let had = if has == 0 { self.has.remove(&id) } else { self.has.insert(id, has) };
            record.has = Some(has).filter(|&has| has != had.unwrap_or(0));
            if let Some(states) = &mut self.states {
                record.state = changes(states, id, format!("{process:?}"));
            }
        }
        self.close();
        Ok(())
    }
}

/// What a process changed in its state, of which this is the text; the text is kept.
fn changes(states: &mut BTreeMap<ProcessId, (String, State)>, process: ProcessId, text: String) -> Option<State> {
    let last = states.get(&process);
    if last.is_some_and(|(last, _)| *last == text) {
        return None;
    }
    let state = State::parse(&text);
    let changes = state.since(last.map_or(&State::default(), |(_, last)| last));
    states.insert(process, (text, state));
    changes
}

/// The value as JSON, the same whatever features the JSON library was built with: keys are sorted. What JSON cannot say
/// (a map whose keys are no strings) is its `Debug` text.
fn json<V: Value>(value: &V) -> Json {
    match serde_json::to_value(value) {
        Ok(mut json) => {
            json.sort_all_objects();
            json
        }
        Err(_) => Json::String(format!("{value:?}")),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Serialize;

    use super::*;

    #[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
    struct Reversed {
        zeta: u8,
        alpha: u8,
    }

    #[test]
    fn the_keys_of_an_object_are_sorted_so_that_no_feature_of_the_json_library_shows() {
        assert_eq!(json(&Reversed { zeta: 1, alpha: 2 }).to_string(), r#"{"alpha":2,"zeta":1}"#);
    }

    #[test]
    fn what_json_cannot_say_is_its_debug_text() {
        let keyed_by_pairs = BTreeMap::from([((1, 2), 3)]);
        assert_eq!(json(&keyed_by_pairs), Json::String("{(1, 2): 3}".to_owned()));
        // One that JSON could say with more digits than the library's numbers have.
        assert_eq!(json(&u128::MAX), Json::String(u128::MAX.to_string()));
    }
}
