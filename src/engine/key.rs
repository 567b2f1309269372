use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use super::spelling::did_you_mean;
use crate::model::ProcessId;

/// What a decision is about; the n-th about one topic is a [`Key`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Topic {
    /// How many ticks above the shortest a message takes.
    Delay {
        /// The sender.
        from: ProcessId,
        /// The receiver.
        to: ProcessId,
    },
    /// Whether a message is lost: 1 if so.
    Loss {
        /// The sender.
        from: ProcessId,
        /// The receiver.
        to: ProcessId,
    },
    /// Whether a message arrives twice: 1 if so.
    Duplicate {
        /// The sender.
        from: ProcessId,
        /// The receiver.
        to: ProcessId,
    },
    /// How many ticks above the shortest the second copy of a message takes.
    CopyDelay {
        /// The sender.
        from: ProcessId,
        /// The receiver.
        to: ProcessId,
    },
    /// How many of the last messages in flight from a process were lost with its crash.
    CutOff {
        /// The process that crashed.
        from: ProcessId,
        /// The receiver.
        to: ProcessId,
    },
    /// How many ticks above the shortest a failure detector takes to report.
    Latency {
        /// Who is told.
        observer: ProcessId,
        /// Of whom.
        of: ProcessId,
    },
    /// How many ticks above the shortest an event takes to handle.
    Service {
        /// Who handles it.
        process: ProcessId,
    },
    /// The process crashes at this tick.
    CrashAt {
        /// Who crashes.
        process: ProcessId,
    },
    /// The process crashes in this step of its, counted from 1: 1 more than the effects that are done before.
    CrashIn {
        /// Who crashes.
        process: ProcessId,
        /// Which of its steps.
        step: u64,
    },
    /// When this step is over, another process crashes: 1 more than its index.
    CrashAfter {
        /// Whose step.
        process: ProcessId,
        /// Which of its steps, counted from 1.
        step: u64,
    },
    /// How many ticks above the shortest a process stays down.
    Down {
        /// Who crashed.
        process: ProcessId,
    },
    /// A partition begins at this tick.
    PartitionAt,
    /// How many ticks above the shortest a partition lasts.
    PartitionLength,
    /// Whether a process is on the far side of a partition: 1 if so.
    PartitionSide {
        /// Who.
        process: ProcessId,
    },
    /// A pause of a process begins at this tick.
    PauseAt {
        /// Who is silent.
        process: ProcessId,
    },
    /// How many ticks above the shortest a pause lasts.
    PauseLength {
        /// Who is silent.
        process: ProcessId,
    },
    /// A false suspicion begins at this tick.
    SuspectAt {
        /// Who suspects.
        observer: ProcessId,
        /// Whom.
        of: ProcessId,
    },
    /// How many ticks above the shortest a false suspicion lasts.
    SuspectLength {
        /// Who suspects.
        observer: ProcessId,
        /// Whom.
        of: ProcessId,
    },
    /// A free choice of a process ([`crate::Context::choose`]).
    Choice {
        /// Who chooses.
        process: ProcessId,
    },
    /// A choice of the application at a process.
    Application {
        /// At which process.
        process: ProcessId,
        /// What is chosen.
        what: Cow<'static, str>,
    },
}

/// The engine's words that name no single process: an application's cannot be one of them.
const RESERVED: [&str; 13] = [
    "",
    "delay",
    "loss",
    "duplicate",
    "copy_delay",
    "cut_off",
    "latency",
    "suspect_at",
    "suspect_length",
    "crash_in",
    "crash_after",
    "partition_at",
    "partition_length",
];

/// Whom a topic is about, as it is written.
enum Place {
    Nobody,
    Process(ProcessId),
    Pair(ProcessId, ProcessId),
    Step(ProcessId, u64),
}

impl Topic {
    fn parts(&self) -> (&str, Place) {
        match self {
            Self::Delay { from, to } => ("delay", Place::Pair(*from, *to)),
            Self::Loss { from, to } => ("loss", Place::Pair(*from, *to)),
            Self::Duplicate { from, to } => ("duplicate", Place::Pair(*from, *to)),
            Self::CopyDelay { from, to } => ("copy_delay", Place::Pair(*from, *to)),
            Self::CutOff { from, to } => ("cut_off", Place::Pair(*from, *to)),
            Self::Latency { observer, of } => ("latency", Place::Pair(*of, *observer)),
            Self::Service { process } => ("service", Place::Process(*process)),
            Self::CrashAt { process } => ("crash_at", Place::Process(*process)),
            Self::CrashIn { process, step } => ("crash_in", Place::Step(*process, *step)),
            Self::CrashAfter { process, step } => ("crash_after", Place::Step(*process, *step)),
            Self::Down { process } => ("down", Place::Process(*process)),
            Self::PartitionAt => ("partition_at", Place::Nobody),
            Self::PartitionLength => ("partition_length", Place::Nobody),
            Self::PartitionSide { process } => ("partition_side", Place::Process(*process)),
            Self::PauseAt { process } => ("pause_at", Place::Process(*process)),
            Self::PauseLength { process } => ("pause_length", Place::Process(*process)),
            Self::SuspectAt { observer, of } => ("suspect_at", Place::Pair(*of, *observer)),
            Self::SuspectLength { observer, of } => ("suspect_length", Place::Pair(*of, *observer)),
            Self::Choice { process } => ("choice", Place::Process(*process)),
            Self::Application { process, what } => (what, Place::Process(*process)),
        }
    }

    /// The same of processes with other names; nothing, if it is about one that has none.
    pub(crate) fn renamed(&self, name: impl Fn(ProcessId) -> Option<ProcessId>) -> Option<Self> {
        let (word, place) = self.parts();
        let place = match place {
            Place::Nobody => Place::Nobody,
            Place::Process(process) => Place::Process(name(process)?),
            Place::Pair(from, to) => Place::Pair(name(from)?, name(to)?),
            Place::Step(process, step) => Place::Step(name(process)?, step),
        };
        Self::from_parts(word, place)
    }

    /// Whether it is about how long something takes that happens again and again.
    fn is_span(&self) -> bool {
        matches!(self, Self::Delay { .. } | Self::CopyDelay { .. } | Self::Latency { .. } | Self::Service { .. })
    }

    /// Every word but those of an application belongs to the engine.
    fn from_parts(word: &str, place: Place) -> Option<Self> {
        Some(match (word, place) {
            ("delay", Place::Pair(from, to)) => Self::Delay { from, to },
            ("loss", Place::Pair(from, to)) => Self::Loss { from, to },
            ("duplicate", Place::Pair(from, to)) => Self::Duplicate { from, to },
            ("copy_delay", Place::Pair(from, to)) => Self::CopyDelay { from, to },
            ("cut_off", Place::Pair(from, to)) => Self::CutOff { from, to },
            ("latency", Place::Pair(of, observer)) => Self::Latency { observer, of },
            ("suspect_at", Place::Pair(of, observer)) => Self::SuspectAt { observer, of },
            ("suspect_length", Place::Pair(of, observer)) => Self::SuspectLength { observer, of },
            ("crash_in", Place::Step(process, step)) => Self::CrashIn { process, step },
            ("crash_after", Place::Step(process, step)) => Self::CrashAfter { process, step },
            ("partition_at", Place::Nobody) => Self::PartitionAt,
            ("partition_length", Place::Nobody) => Self::PartitionLength,
            ("service", Place::Process(process)) => Self::Service { process },
            ("crash_at", Place::Process(process)) => Self::CrashAt { process },
            ("down", Place::Process(process)) => Self::Down { process },
            ("partition_side", Place::Process(process)) => Self::PartitionSide { process },
            ("pause_at", Place::Process(process)) => Self::PauseAt { process },
            ("pause_length", Place::Process(process)) => Self::PauseLength { process },
            ("choice", Place::Process(process)) => Self::Choice { process },
            (what, Place::Process(process)) if !RESERVED.contains(&what) => {
                Self::Application { process, what: Cow::Owned(what.to_owned()) }
            }
            _ => return None,
        })
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (word, place) = self.parts();
        f.write_str(word)?;
        match place {
            Place::Nobody => Ok(()),
            Place::Process(process) => write!(f, " {process}"),
            Place::Pair(from, to) => write!(f, " {from}->{to}"),
            Place::Step(process, step) => write!(f, " {process} step {step}"),
        }
    }
}

/// The name of one decision: its topic, and that it is the n-th about it, counted from 1. Of spans there is a key of
/// each one as well: `delay p0->p1 #each` answers for every message on that channel that has no key of its own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// What it is about.
    pub topic: Topic,
    /// Which one of those; 0 stands for each.
    pub nth: u32,
}

impl Key {
    /// The key of each decision about a topic; nothing, if it is not about how long something takes.
    pub fn each(topic: &Topic) -> Option<Self> {
        topic.is_span().then(|| Self { topic: topic.clone(), nth: 0 })
    }

    /// Whether it is the key of each decision about its topic.
    pub fn is_of_each(&self) -> bool {
        self.nth == 0
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_of_each() { write!(f, "{} #{EACH}", self.topic) } else { write!(f, "{} #{}", self.topic, self.nth) }
    }
}

/// What stands in place of a number.
const EACH: &str = "each";

/// A text that is no [`Key`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` names no decision, expected something like `delay p0->p1 #2`, `crash_in p1 step 4 #1` or `think p0 #1`\
     {meant}",
    meant = meant(.0)
)]
pub struct KeyError(String);

/// The topic that was probably meant.
fn meant(text: &str) -> String {
    let word = text.split(' ').next().unwrap_or_default();
    if RESERVED.contains(&word) { String::new() } else { did_you_mean(word, &RESERVED) }
}

impl FromStr for Key {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        parse(text).ok_or_else(|| KeyError(text.to_owned()))
    }
}

fn parse(text: &str) -> Option<Key> {
    let (topic, nth) = text.rsplit_once(" #")?;
    let mut words = topic.split(' ');
    let word = words.next()?;
    let place = match (words.next(), words.next(), words.next(), words.next()) {
        (None, ..) => Place::Nobody,
        (Some(whom), None, ..) => match whom.split_once("->") {
            Some((from, to)) => Place::Pair(process(from)?, process(to)?),
            None => Place::Process(process(whom)?),
        },
        (Some(whom), Some("step"), Some(step), None) => Place::Step(process(whom)?, step.parse().ok()?),
        _ => return None,
    };
    let topic = Topic::from_parts(word, place)?;
    let key = if nth == EACH { Key::each(&topic)? } else { Key { topic, nth: nth.parse().ok()? } };
    // One decision has one name: no leading zeros, no signs.
    (key.to_string() == text).then_some(key)
}

fn process(text: &str) -> Option<ProcessId> {
    text.strip_prefix('p')?.parse().ok().map(ProcessId::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_read_as_it_is_written() {
        let texts = [
            "delay p0->p1 #1",
            "loss p0->p1 #2",
            "duplicate p0->p1 #1",
            "copy_delay p0->p1 #1",
            "cut_off p4->p1 #1",
            "latency p2->p0 #3",
            "service p0 #1",
            "crash_at p3 #1",
            "crash_in p1 step 4 #1",
            "crash_after p1 step 4 #2",
            "down p1 #1",
            "partition_at #1",
            "partition_length #1",
            "partition_side p0 #1",
            "pause_at p0 #1",
            "pause_length p0 #1",
            "suspect_at p0->p1 #1",
            "suspect_length p0->p1 #1",
            "choice p0 #7",
            "think p12 #1",
            "delay p0->p1 #each",
            "service p0 #each",
        ];
        for text in texts {
            let key: Key = text.parse().expect(text);
            assert_eq!(key.to_string(), text);
            let is_application = matches!(key.topic, Topic::Application { .. });
            assert_eq!(is_application, text.starts_with("think"), "{text}");
        }
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for text in [
            "",
            "delay",
            "delay p0 p1 #1",
            "delay p0->p1",
            "delay p0->p1 #01",
            "delay p0->x #1",
            "crash_in p1 #1",
            "crash_in p1 step 4 #each",
            "delay p0->p1 #0",
            " p1 #1",
        ] {
            assert!(text.parse::<Key>().is_err(), "{text}");
        }
        assert!("crash_in p1 step #1".parse::<Key>().is_err());
        assert!("crash_in p1 step 4 5 #1".parse::<Key>().is_err());
    }

    #[test]
    fn a_topic_is_the_same_of_processes_with_other_names() {
        let topic = |text: &str| text.parse::<Key>().expect(text).topic;
        let name = |process: ProcessId| (process.get() < 3).then(|| ProcessId::new(process.get() + 5));
        for (old, new) in [
            ("delay p0->p1 #1", "delay p5->p6 #1"),
            ("latency p2->p0 #3", "latency p7->p5 #3"),
            ("service p0 #1", "service p5 #1"),
            ("crash_in p1 step 4 #1", "crash_in p6 step 4 #1"),
            ("partition_at #1", "partition_at #1"),
            ("think p2 #1", "think p7 #1"),
        ] {
            assert_eq!(topic(old).renamed(name), Some(topic(new)), "{old}");
        }
        for old in ["delay p0->p3 #1", "delay p3->p0 #1", "service p3 #1", "crash_in p3 step 4 #1"] {
            assert_eq!(topic(old).renamed(name), None, "{old}: it has no name");
        }
    }
}
