//! What is written beside the line of a process when something happens to it.

use std::collections::BTreeMap;

use super::glyphs::Glyphs;
use super::label;
use super::{Diagram, Mark};
use crate::engine::MessageId;
use crate::model::{ProcessId, Report};
use crate::trace::record::{Effect, Kind, Record};

/// One thing to be written.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) item: Item,
    /// Where it belongs if there is room.
    pub(super) side: Side,
    /// What it changes about the mark.
    pub(super) mark: Option<Mark>,
    /// Whether it is the crash, which has a row of its own.
    pub(super) crash: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Left,
    Right,
}

#[derive(Clone, Debug)]
pub(super) enum Item {
    Text(String),
    Arrow {
        name: String,
        peer: String,
        /// Away from the process, or to it.
        out: bool,
        lost: bool,
    },
}

impl Item {
    /// The text as it is written on this side of the line, cut to the room there is.
    pub(super) fn write(&self, side: Side, room: usize, glyphs: &Glyphs) -> String {
        let (name, peer, out, lost) = match self {
            Self::Text(text) => {
                let text = label::cut(text, room.saturating_sub(1), glyphs);
                return if side == Side::Left { format!("{text} ") } else { format!(" {text}") };
            }
            Self::Arrow { name, peer, out, lost } => (name, peer, *out, *lost),
        };
        let head = match (lost, out == (side == Side::Right)) {
            (true, _) => glyphs.cross,
            (false, true) => glyphs.to_right,
            (false, false) => glyphs.to_left,
        };
        let name = label::cut(name, room.saturating_sub(label::width(peer) + 2).max(1), glyphs);
        let dash = glyphs.dash;
        let text = match (side, out) {
            (Side::Right, true) => format!("{dash}{name}{head}{peer}"),
            (Side::Right, false) => format!("{head}{name}{dash}{peer}"),
            (Side::Left, true) => format!("{peer}{head}{name}{dash}"),
            (Side::Left, false) => format!("{peer}{dash}{name}{head}"),
        };
        label::cut(&text, room, glyphs)
    }

    pub(super) fn is_arrow(&self) -> bool {
        matches!(self, Self::Arrow { .. })
    }
}

/// The names of the messages in flight.
#[derive(Clone, Debug, Default)]
pub(super) struct Flight(BTreeMap<MessageId, String>);

impl Flight {
    /// Follows what an event does to it.
    pub(super) fn pass(&mut self, record: &Record, glyphs: &Glyphs) {
        for effect in &record.effects {
            if let Effect::Send { id, content, .. } = effect {
                self.0.insert(*id, label::name(content, glyphs));
            }
        }
        for copied in &record.copied {
            if let Some(name) = self.0.get(&copied.id).cloned() {
                self.0.insert(copied.copy, name);
            }
        }
        if let Kind::Message { id, .. } = &record.kind {
            self.0.remove(id);
        }
        for loss in &record.lost {
            self.0.remove(&loss.id);
        }
    }

    fn name(&self, id: MessageId) -> String {
        self.0.get(&id).cloned().unwrap_or_else(|| format!("#{}", id.get()))
    }
}

/// The entries of a record, in order. The first is what happened, unless nothing is to be said of it.
pub(super) fn entries(record: &Record, flight: &Flight, diagram: &Diagram<'_>, glyphs: &Glyphs) -> Vec<Entry> {
    let mut script = Script { record, flight, glyphs, entries: Vec::new(), group: Vec::new() };
    script.cause();
    script.effects(diagram);
    if record.crashed {
        script.say("crash".to_owned(), None, true);
    }
    script.losses();
    script.entries
}

struct Script<'a> {
    record: &'a Record,
    flight: &'a Flight,
    glyphs: &'a Glyphs,
    entries: Vec<Entry>,
    /// Messages of one name that go, or went, the same way: one arrow to each side stands for all of them.
    group: Vec<Arrow>,
}

struct Arrow {
    name: String,
    side: Side,
    peers: Vec<ProcessId>,
    out: bool,
    lost: bool,
}

impl Script<'_> {
    fn cause(&mut self) {
        let glyphs = self.glyphs;
        let text = match &self.record.kind {
            Kind::Message { from, content, .. } => {
                self.arrow(label::name(content, glyphs), *from, false, false);
                return self.flush();
            }
            Kind::Loss | Kind::Partition { .. } => return,
            Kind::Crash => return self.say("crash".to_owned(), None, true),
            Kind::Start => "start".to_owned(),
            Kind::Restart => "restart".to_owned(),
            Kind::Request(content) | Kind::Timer(content) => label::phrase(content, glyphs),
            Kind::Report(Report::Crash(of)) => format!("{}{of}", glyphs.dagger),
            Kind::Report(Report::Restore(of)) => format!("{of} is alive"),
            Kind::Pause { until } => format!("pause until {until}"),
        };
        self.say(text, None, false);
    }

    fn effects(&mut self, diagram: &Diagram<'_>) {
        let (record, glyphs) = (self.record, self.glyphs);
        for effect in &record.effects {
            match effect {
                Effect::Send { to, id, content } => {
                    let lost = record.lost.iter().any(|loss| loss.id == *id);
                    self.arrow(label::name(content, glyphs), *to, true, lost);
                }
                Effect::Store(content) => self.say(format!("store {}", label::phrase(content, glyphs)), None, false),
                Effect::Indicate(indication) => {
                    let mark = (diagram.marks)(record.process, indication);
                    self.say(label::phrase(indication, glyphs).to_uppercase(), mark, false);
                }
                Effect::Note(note) if diagram.notes => {
                    self.say(format!("({})", label::clean(note, glyphs)), None, false);
                }
                Effect::Note(_) | Effect::SetTimer { .. } | Effect::CancelTimer(_) => {}
            }
        }
        self.flush();
    }

    /// What is lost and was not sent in this same event.
    fn losses(&mut self) {
        let record = self.record;
        for loss in &record.lost {
            let sent_here = |effect: &Effect| matches!(effect, Effect::Send { id, .. } if *id == loss.id);
            if record.effects.iter().any(sent_here) {
                continue;
            }
            let out = loss.to != record.process;
            self.arrow(self.flight.name(loss.id), if out { loss.to } else { loss.from }, out, true);
        }
        self.flush();
    }

    fn say(&mut self, text: String, mark: Option<Mark>, crash: bool) {
        self.flush();
        self.entries.push(Entry { item: Item::Text(text), side: Side::Right, mark, crash });
    }

    fn arrow(&mut self, name: String, peer: ProcessId, out: bool, lost: bool) {
        if self.group.last().is_some_and(|arrow| (&arrow.name, arrow.out, arrow.lost) != (&name, out, lost)) {
            self.flush();
        }
        let side = if peer < self.record.process { Side::Left } else { Side::Right };
        match self.group.iter_mut().find(|arrow| arrow.side == side) {
            Some(arrow) => arrow.peers.push(peer),
            None => self.group.push(Arrow { name, side, peers: vec![peer], out, lost }),
        }
    }

    fn flush(&mut self) {
        for Arrow { name, side, mut peers, out, lost } in self.group.drain(..) {
            peers.sort_unstable();
            let name = if peers.windows(2).any(|pair| pair[0] == pair[1]) {
                // Several of one name to one process: say how many there are.
                let count = peers.len();
                peers.dedup();
                format!("{count}{}{name}", self.glyphs.times)
            } else {
                name
            };
            let item = Item::Arrow { name, peer: label::processes(&peers, self.glyphs), out, lost };
            self.entries.push(Entry { item, side, mark: None, crash: false });
        }
    }
}
