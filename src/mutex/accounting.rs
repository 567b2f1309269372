use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;

use super::fairness::Fairness;
use super::{DataId, Indication, Mutex, Request, Whose};
use crate::engine::{Lost, MessageId, Observer, World};
use crate::model::{Effect, Event, ProcessId, Ticks};

/// What a message is sent for. It is decided when it is sent; of these rules the first that fits counts:
///
/// 1. *Tokens* ([`Mutex::token`]). A token is for an entry if anyone waits or is in a critical section, and goes round
///    idly otherwise.
/// 2. *Requests.* What is sent upon a request is for the entry that is asked for, written in or left; upon connecting
///    and disconnecting, for membership.
/// 3. *Messages.* What is sent upon a message is for what that message was sent for; but what a process that waits
///    sends upon a message for membership is for its entry, since that is what it was accepted for.
/// 4. *The rest.* What is sent upon the start of the run is for membership; upon a report of the failure detector, the
///    firing of a timer or a restart, for recovery.
///
/// So a grant is for an entry, also if it is the leave of another that lets it be sent. A lock that a crash has freed
/// is granted upon a report, which is recovery, and so is the question of a process that has lost its patience,
/// whether anything was lost or not. A message that is lost was sent, and counts.
///
/// To which entry a message goes that is for one is said at [`Accounting`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Purpose {
    /// An entry into a critical section, from the request to all that follows from the leave.
    Entry,
    /// A token goes round while nobody wants it.
    IdleCirculation,
    /// A fault, or what was taken for one.
    Recovery,
    /// Connecting and disconnecting.
    Membership,
}

/// How many messages, and how much.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Sum {
    /// How many.
    pub messages: u64,
    /// Their bytes as JSON without white space, as a trace has them: a measure that every message has, whatever its
    /// algorithm. Another encoding is smaller, and makes the same differences.
    pub bytes: u64,
}

/// One request for a critical section, and what came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Who asked.
    pub process: ProcessId,
    /// For what.
    pub data: DataId,
    /// When.
    pub requested_at: Ticks,
    /// When it entered, if it did.
    pub entered_at: Option<Ticks>,
    /// What was sent for it.
    pub sum: Sum,
    /// How many requests it overtook: that were made before its own, for the same lock, and still waited.
    pub overtook: u64,
    /// The *synchronisation delay*: the time from the leave before it, if somebody waited then.
    pub handover: Option<Ticks>,
    /// What had circulated idly when it entered, since the run began.
    pub idle_before: Sum,
}

/// Counts the messages of one run by their type, by what they are sent for (see [`Purpose`]) and by the entry for which
/// they are sent.
///
/// The type of a message is the name of its variant, or, if it is a record, that of the first variant in it.
///
/// A message for an entry goes to exactly one; of these rules the first that fits counts:
///
/// 1. A *token* goes to the next entry of anybody: the one that it is on its way to. So do the requests that are sent
///    along with it, for it to come back.
/// 2. What its algorithm says is the *receiver's* or the *sender's* ([`Mutex::whose`]) goes to the entry that this
///    process waits for or is in: a grant, and a reply that was put off until a leave, go to the entry they allow.
/// 3. What is sent upon a *request* goes to the entry that is asked for, written in or left.
/// 4. What is sent upon a *message* goes where that message went.
///
/// What goes to a next entry that never comes, and to a request that is never granted, goes to no entry: see
/// [`unclaimed`](Self::unclaimed) and [`waiting`](Self::waiting).
#[derive(Clone, Debug, Default)]
pub struct Accounting {
    sums: BTreeMap<(String, Purpose), Sum>,
    requests: Vec<Entry>,
    /// The requests that were granted, in the order of entering.
    entered: Vec<usize>,
    /// What is for the next entry.
    unclaimed: Sum,
    idle: Sum,
    /// What the messages on their way were sent for.
    in_flight: BTreeMap<MessageId, Reason>,
    /// Who waits for which data id or is in its critical section, with the request.
    wanting: BTreeMap<(ProcessId, DataId), usize>,
    waiting: BTreeSet<(ProcessId, DataId)>,
    /// Of each lock, when it was left last, if somebody waited then.
    left: BTreeMap<DataId, Ticks>,
    fairness: Fairness,
    /// The type of each shape that a message had so far: its text without its numbers.
    types: BTreeMap<Vec<u8>, String>,
    text: Vec<u8>,
    /// What the present step is for.
    step: Option<Reason>,
}

/// What a message is sent for, and to which entry it goes if it is for one.
#[derive(Clone, Copy, Debug)]
struct Reason {
    purpose: Purpose,
    entry: Target,
}

#[derive(Clone, Copy, Debug)]
enum Target {
    Request(usize),
    Next,
}

impl Accounting {
    /// The entries into critical sections.
    pub fn entries(&self) -> u64 {
        self.entered.len() as u64
    }

    /// Every entry, in the order of entering.
    pub fn each(&self) -> impl ExactSizeIterator<Item = &Entry> {
        self.entered.iter().map(|&place| &self.requests[place])
    }

    /// The requests that were not granted: what their messages were sent for did not come about.
    pub fn waiting(&self) -> impl Iterator<Item = &Entry> {
        self.requests.iter().filter(|request| request.entered_at.is_none())
    }

    /// What was sent for a next entry, after the last.
    pub fn unclaimed(&self) -> Sum {
        self.unclaimed
    }

    /// The messages by type and purpose, in that order.
    pub fn sums(&self) -> impl Iterator<Item = (&str, Purpose, Sum)> {
        self.sums.iter().map(|((name, purpose), sum)| (name.as_str(), *purpose, *sum))
    }

    /// All messages that were sent for this.
    pub fn sum(&self, purpose: Purpose) -> Sum {
        let mut total = Sum::default();
        for (_, _, sum) in self.sums().filter(|(_, other, _)| *other == purpose) {
            total.add(sum);
        }
        total
    }

    /// Adds what was counted in another run.
    pub fn add(&mut self, other: &Self) {
        let before = self.requests.len();
        self.requests.extend(&other.requests);
        self.entered.extend(other.entered.iter().map(|place| place + before));
        self.unclaimed.add(other.unclaimed);
        self.idle.add(other.idle);
        for (key, sum) in &other.sums {
            self.sums.entry(key.clone()).or_default().add(*sum);
        }
    }

    /// What a step is for: rules 2 to 4 of a purpose, and 3 and 4 of an entry.
    fn reason<P: Mutex>(&mut self, process: ProcessId, event: &Event<P>, message: Option<MessageId>) -> Reason {
        let of = |purpose| Reason { purpose, entry: Target::Next };
        match event {
            Event::Request(Request::Connect | Request::Disconnect) | Event::Start => of(Purpose::Membership),
            Event::Request(Request::Enter(data) | Request::Write(data, _) | Request::Leave(data)) => {
                Reason { purpose: Purpose::Entry, entry: self.request_of(process, Some(*data)) }
            }
            Event::Message { .. } => {
                let sent_for = message.and_then(|id| self.in_flight.remove(&id)).unwrap_or(of(Purpose::Entry));
                if sent_for.purpose == Purpose::Membership && self.waits(process) {
                    return Reason { purpose: Purpose::Entry, entry: self.request_of(process, None) };
                }
                sent_for
            }
            Event::Report(_) | Event::Timer(_) | Event::Restart => of(Purpose::Recovery),
        }
    }

    fn waits(&self, process: ProcessId) -> bool {
        self.waiting.range(all_of(process)).next().is_some()
    }

    /// What a process wants: of this lock, or of any.
    fn request_of(&self, process: ProcessId, data: Option<DataId>) -> Target {
        let place = match data {
            Some(data) => self.wanting.get(&(process, data)),
            None => self.wanting.range(all_of(process)).next().map(|(_, place)| place),
        };
        place.map_or(Target::Next, |&place| Target::Request(place))
    }

    /// What a message is for.
    fn reason_of<P: Mutex>(&self, from: ProcessId, to: ProcessId, message: &P::Message) -> Reason {
        let step = self.step.unwrap_or(Reason { purpose: Purpose::Membership, entry: Target::Next });
        if P::token(message).is_some() {
            let purpose = if self.wanting.is_empty() { Purpose::IdleCirculation } else { Purpose::Entry };
            return Reason { purpose, entry: Target::Next };
        }
        let data = P::grant(message).map(|(data, _)| data);
        let owner = match P::whose(message) {
            Whose::Sender => self.request_of(from, None),
            Whose::Receiver => self.request_of(to, data),
            Whose::Cause => Target::Next,
        };
        match owner {
            Target::Request(_) => Reason { entry: owner, ..step },
            Target::Next => step,
        }
    }

    fn count<P: Mutex>(&mut self, from: ProcessId, to: ProcessId, message: &P::Message, id: Option<MessageId>) {
        let reason = self.reason_of::<P>(from, to, message);
        let mut text = std::mem::take(&mut self.text);
        text.clear();
        // A message is plain data, and memory takes everything.
        let _ = serde_json::to_writer(&mut text, message);
        let sum = Sum { messages: 1, bytes: text.len() as u64 };
        let name = self.type_of(&text);
        self.sums.entry((name, reason.purpose)).or_default().add(sum);
        self.text = text;
        match (reason.purpose, reason.entry) {
            (Purpose::Entry, Target::Request(place)) => self.requests[place].sum.add(sum),
            (Purpose::Entry, Target::Next) => self.unclaimed.add(sum),
            (Purpose::IdleCirculation, _) => self.idle.add(sum),
            (Purpose::Recovery | Purpose::Membership, _) => {}
        }
        self.in_flight.extend(id.map(|id| (id, reason)));
    }

    /// The type of a message with this text. It is read once for each shape.
    fn type_of(&mut self, text: &[u8]) -> String {
        let shape = shape(text);
        if let Some(name) = self.types.get(&shape) {
            return name.clone();
        }
        let name = type_of(&serde_json::from_slice(text).unwrap_or(Value::Null)).to_owned();
        self.types.insert(shape, name.clone());
        name
    }

    fn requested(&mut self, process: ProcessId, data: DataId, now: Ticks) {
        self.wanting.insert((process, data), self.requests.len());
        self.waiting.insert((process, data));
        self.fairness.requested(process, data);
        self.requests.push(Entry {
            process,
            data,
            requested_at: now,
            entered_at: None,
            sum: Sum::default(),
            overtook: 0,
            handover: None,
            idle_before: Sum::default(),
        });
    }

    fn entered(&mut self, process: ProcessId, data: DataId, now: Ticks) {
        let before = self.fairness.overtakes;
        self.fairness.entered(process, data);
        let left = self.left.remove(&data);
        if !self.waiting.remove(&(process, data)) {
            return;
        }
        let Target::Request(place) = self.request_of(process, Some(data)) else { return };
        let entry = &mut self.requests[place];
        entry.entered_at = Some(now);
        entry.overtook = self.fairness.overtakes - before;
        entry.handover = left.map(|left| Ticks::new(now.get() - left.get()));
        entry.idle_before = self.idle;
        entry.sum.add(std::mem::take(&mut self.unclaimed));
        self.entered.push(place);
        // What follows in this step is this entry's.
        if let Some(Reason { entry: entry @ Target::Next, .. }) = &mut self.step {
            *entry = Target::Request(place);
        }
    }

    fn left(&mut self, process: ProcessId, data: DataId, now: Ticks) {
        self.wanting.remove(&(process, data));
        self.left.remove(&data);
        if self.waiting.iter().any(|(_, waited)| *waited == data) {
            self.left.insert(data, now);
        }
    }
}

impl Sum {
    fn add(&mut self, other: Self) {
        self.messages += other.messages;
        self.bytes += other.bytes;
    }
}

fn all_of(process: ProcessId) -> std::ops::RangeInclusive<(ProcessId, DataId)> {
    (process, DataId::new(0))..=(process, DataId::new(u32::MAX))
}

/// JSON without the digits of its numbers: texts of one shape have the same names in the same places.
fn shape(text: &[u8]) -> Vec<u8> {
    let (mut quoted, mut escaped) = (false, false);
    let is_kept = |byte: &u8| {
        quoted ^= *byte == b'"' && !escaped;
        escaped = quoted && *byte == b'\\' && !escaped;
        quoted || !byte.is_ascii_digit()
    };
    text.iter().copied().filter(is_kept).collect()
}

/// The name of a variant as serde writes it, or of the first in a record.
fn type_of(content: &Value) -> &str {
    match content {
        Value::String(name) => name,
        Value::Object(fields) if fields.len() == 1 => fields.keys().next().map_or("", String::as_str),
        Value::Object(fields) => fields.values().map(type_of).find(|name| !name.is_empty()).unwrap_or(""),
        _ => "",
    }
}

impl<P: Mutex> Observer<P> for Accounting {
    fn event(&mut self, process: ProcessId, event: &Event<P>, message: Option<MessageId>, world: &World<P>) {
        if let Event::Request(Request::Enter(data)) = event {
            self.requested(process, *data, world.now());
        }
        self.step = Some(self.reason(process, event, message));
    }

    fn effect(&mut self, process: ProcessId, effect: &Effect<P>, message: Option<MessageId>, world: &World<P>) {
        match effect {
            Effect::Send { to, message: content } => self.count::<P>(process, *to, content, message),
            Effect::Indicate { indication: Indication::Entered(data, _) } => {
                self.entered(process, *data, world.now());
            }
            Effect::Indicate { indication: Indication::Left(data) | Indication::Lost(data) } => {
                self.left(process, *data, world.now());
            }
            _ => {}
        }
    }

    fn crashed(&mut self, process: ProcessId, _world: &World<P>) {
        self.wanting.retain(|(other, _), _| *other != process);
        self.waiting.retain(|(other, _)| *other != process);
        self.fairness.crashed(process);
    }

    fn lost(&mut self, lost: &Lost<'_, P>, _world: &World<P>) {
        self.in_flight.remove(&lost.id);
    }

    fn duplicated(&mut self, _to: ProcessId, message: MessageId, copy: MessageId, _world: &World<P>) {
        let reason = self.in_flight.get(&message).copied();
        self.in_flight.extend(reason.map(|reason| (copy, reason)));
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_shape_has_the_digits_of_names_and_not_of_numbers() {
        let shape = |text: &str| String::from_utf8(super::shape(text.as_bytes())).expect("text");
        assert_eq!(shape(r#"{"from":12,"body":{"phase2":[3,40]}}"#), r#"{"from":,"body":{"phase2":[,]}}"#);
        assert_eq!(shape(r#"{"a\"1":1,"b\\\\":2}"#), r#"{"a\"1":,"b\\\\":}"#);
    }
}
