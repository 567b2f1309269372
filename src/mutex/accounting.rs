use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;

use super::{DataId, Indication, Mutex, Request};
use crate::engine::{Lost, MessageId, Observer, World};
use crate::model::{Effect, Event, ProcessId};

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
    /// Their bytes as JSON, as a trace has them.
    pub bytes: u64,
}

/// Counts the messages of one run by their type and by what they are sent for; see [`Purpose`].
///
/// The type of a message is the name of its variant, or, if it is a record, that of the first variant in it.
#[derive(Clone, Debug, Default)]
pub struct Accounting {
    sums: BTreeMap<(String, Purpose), Sum>,
    entries: u64,
    /// What the messages on their way were sent for.
    in_flight: BTreeMap<MessageId, Purpose>,
    /// Who waits for which data id or is in its critical section.
    wanting: BTreeSet<(ProcessId, DataId)>,
    waiting: BTreeSet<(ProcessId, DataId)>,
    /// What the present step is for.
    step: Option<Purpose>,
}

impl Accounting {
    /// The entries into critical sections.
    pub fn entries(&self) -> u64 {
        self.entries
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
        self.entries += other.entries;
        for (key, sum) in &other.sums {
            self.sums.entry(key.clone()).or_default().add(*sum);
        }
    }

    /// Rules 2 to 4.
    fn purpose<P: Mutex>(&mut self, process: ProcessId, event: &Event<P>, message: Option<MessageId>) -> Purpose {
        match event {
            Event::Request(Request::Connect | Request::Disconnect) | Event::Start => Purpose::Membership,
            Event::Request(Request::Enter(_) | Request::Write(..) | Request::Leave(_)) => Purpose::Entry,
            Event::Message { .. } => {
                let sent_for = message.and_then(|id| self.in_flight.remove(&id));
                match sent_for.unwrap_or(Purpose::Entry) {
                    Purpose::Membership if self.waits(process) => Purpose::Entry,
                    purpose => purpose,
                }
            }
            Event::Report(_) | Event::Timer(_) | Event::Restart => Purpose::Recovery,
        }
    }

    fn waits(&self, process: ProcessId) -> bool {
        let all = (process, DataId::new(0))..=(process, DataId::new(u32::MAX));
        self.waiting.range(all).next().is_some()
    }

    fn count<P: Mutex>(&mut self, message: &P::Message, id: Option<MessageId>) {
        let purpose = match P::token(message) {
            // Rule 1.
            Some(_) if self.wanting.is_empty() => Purpose::IdleCirculation,
            Some(_) => Purpose::Entry,
            None => self.step.unwrap_or(Purpose::Membership),
        };
        let content = serde_json::to_value(message).unwrap_or(Value::Null);
        let sum = Sum { messages: 1, bytes: content.to_string().len() as u64 };
        self.sums.entry((type_of(&content).to_owned(), purpose)).or_default().add(sum);
        self.in_flight.extend(id.map(|id| (id, purpose)));
    }
}

impl Sum {
    fn add(&mut self, other: Self) {
        self.messages += other.messages;
        self.bytes += other.bytes;
    }
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
    fn event(&mut self, process: ProcessId, event: &Event<P>, message: Option<MessageId>, _world: &World<P>) {
        if let Event::Request(Request::Enter(data)) = event {
            self.wanting.insert((process, *data));
            self.waiting.insert((process, *data));
        }
        self.step = Some(self.purpose(process, event, message));
    }

    fn effect(&mut self, process: ProcessId, effect: &Effect<P>, message: Option<MessageId>, _world: &World<P>) {
        match effect {
            Effect::Send { message: content, .. } => self.count::<P>(content, message),
            Effect::Indicate { indication: Indication::Entered(data, _) } => {
                self.entries += 1;
                self.waiting.remove(&(process, *data));
            }
            Effect::Indicate { indication: Indication::Left(data) | Indication::Lost(data) } => {
                self.wanting.remove(&(process, *data));
            }
            _ => {}
        }
    }

    fn crashed(&mut self, process: ProcessId, _world: &World<P>) {
        self.wanting.retain(|(other, _)| *other != process);
        self.waiting.retain(|(other, _)| *other != process);
    }

    fn lost(&mut self, lost: &Lost<'_, P>, _world: &World<P>) {
        self.in_flight.remove(&lost.id);
    }

    fn duplicated(&mut self, _to: ProcessId, message: MessageId, copy: MessageId, _world: &World<P>) {
        let purpose = self.in_flight.get(&message).copied();
        self.in_flight.extend(purpose.map(|purpose| (copy, purpose)));
    }
}
