//! The one door for chance: everything that is not determined is a decision.
//!
//! A decision has a [`Key`] that names it locally ("the delay of the 3rd message from p1 to p2"), never by its place in
//! the whole run, so that a change in one process does not shift the others' answers. Its answer is a number, of which 0
//! is the *simplest* (the least delay, no crash, the first in order). A seeded run draws its answers and records nothing;
//! a recorded one draws the same and keeps those that are not 0; an answered one looks them up, and whatever is not
//! listed gets 0. So a schedule is a list of decisions, and replaying is looking up.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use super::distribution::Distribution;
use super::rng::{Stream, Streams};
use crate::model::{ProcessId, Ticks};

/// What a decision is about; the n-th about one topic is a [`Key`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
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

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Delay { from, to } => write!(f, "delay {from}->{to}"),
            Self::Loss { from, to } => write!(f, "loss {from}->{to}"),
            Self::Duplicate { from, to } => write!(f, "duplicate {from}->{to}"),
            Self::CopyDelay { from, to } => write!(f, "copy_delay {from}->{to}"),
            Self::CutOff { from, to } => write!(f, "cut_off {from}->{to}"),
            Self::Latency { observer, of } => write!(f, "latency {of}->{observer}"),
            Self::Service { process } => write!(f, "service {process}"),
            Self::CrashAt { process } => write!(f, "crash_at {process}"),
            Self::CrashIn { process, step } => write!(f, "crash_in {process} step {step}"),
            Self::CrashAfter { process, step } => write!(f, "crash_after {process} step {step}"),
            Self::Down { process } => write!(f, "down {process}"),
            Self::PartitionAt => f.write_str("partition_at"),
            Self::PartitionLength => f.write_str("partition_length"),
            Self::PartitionSide { process } => write!(f, "partition_side {process}"),
            Self::PauseAt { process } => write!(f, "pause_at {process}"),
            Self::PauseLength { process } => write!(f, "pause_length {process}"),
            Self::SuspectAt { observer, of } => write!(f, "suspect_at {observer}->{of}"),
            Self::SuspectLength { observer, of } => write!(f, "suspect_length {observer}->{of}"),
            Self::Choice { process } => write!(f, "choice {process}"),
            Self::Application { process, what } => write!(f, "{what} {process}"),
        }
    }
}

/// The name of one decision: its topic, and that it is the n-th about it, counted from 1.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// What it is about.
    pub topic: Topic,
    /// Which one of those.
    pub nth: u32,
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} #{}", self.topic, self.nth)
    }
}

/// A schedule: the decisions whose answers are not the simplest.
pub type Decisions = BTreeMap<Key, u64>;

/// The door.
#[derive(Clone, Debug)]
pub(crate) struct Chance {
    streams: Streams,
    book: Option<Book>,
}

/// Keys are counted only where answers are kept or looked up: a seeded run pays nothing for them.
#[derive(Clone, Debug, Default)]
struct Book {
    counters: BTreeMap<Topic, u32>,
    kept: Decisions,
    /// The answers to look up; `None` where they are drawn.
    given: Option<Decisions>,
    /// Answers that were given and could not be used as they are.
    misfits: Vec<Key>,
}

impl Chance {
    pub(crate) fn seeded(seed: u64) -> Self {
        Self { streams: Streams::new(seed), book: None }
    }

    pub(crate) fn recorded(seed: u64) -> Self {
        Self { streams: Streams::new(seed), book: Some(Book::default()) }
    }

    pub(crate) fn answered(decisions: Decisions) -> Self {
        let book = Book { given: Some(decisions), ..Book::default() };
        Self { streams: Streams::new(0), book: Some(book) }
    }

    /// A number in `0..bound`; 0 also where there is none.
    #[inline]
    pub(crate) fn below(&mut self, stream: Stream, bound: u64, topic: impl FnOnce() -> Topic) -> u64 {
        let bound = bound.max(1);
        if bound == 1 && self.book.is_none() {
            return 0;
        }
        self.decide(bound, topic, |streams| if bound == 1 { 0 } else { streams.below(stream, bound) })
    }

    /// True in `per_mille` of 1,000 cases.
    pub(crate) fn happens(&mut self, stream: Stream, per_mille: u16, topic: impl FnOnce() -> Topic) -> bool {
        self.decide(2, topic, |streams| u64::from(streams.below(stream, 1000) < u64::from(per_mille))) == 1
    }

    /// A span.
    #[inline]
    pub(crate) fn span(&mut self, stream: Stream, spread: &Distribution, topic: impl FnOnce() -> Topic) -> Ticks {
        let (min, max) = (spread.min().get(), spread.max().get());
        let bound = max - min + 1;
        let above = match *spread {
            Distribution::Exponential { mean, .. } => {
                self.decide(bound, topic, |streams| streams.exponential(stream, mean - min).min(max - min))
            }
            _ => self.below(stream, bound, topic),
        };
        Ticks::new(min + above)
    }

    #[inline]
    fn decide(&mut self, bound: u64, topic: impl FnOnce() -> Topic, draw: impl FnOnce(&mut Streams) -> u64) -> u64 {
        match &mut self.book {
            None => draw(&mut self.streams),
            Some(book) => {
                let key = book.next(topic());
                match &mut book.given {
                    None => {
                        let answer = draw(&mut self.streams);
                        book.keep(key, answer);
                        answer
                    }
                    Some(given) => {
                        let answer = given.remove(&key).unwrap_or(0);
                        if answer >= bound {
                            book.misfits.push(key.clone());
                        }
                        let answer = answer.min(bound - 1);
                        book.keep(key, answer);
                        answer
                    }
                }
            }
        }
    }

    /// Draws for a plan whose outcome, not whose making, is recorded ([`Chance::keep`]); 0 where answers are given.
    pub(crate) fn plan(&mut self, bound: u64) -> u64 {
        if self.is_answered() { 0 } else { self.streams.below(Stream::Faults, bound) }
    }

    /// Whether answers are looked up rather than drawn.
    pub(crate) fn is_answered(&self) -> bool {
        self.book.as_ref().is_some_and(|book| book.given.is_some())
    }

    /// Records what a plan came to. A given decision that never comes to pass is left over.
    pub(crate) fn keep(&mut self, topic: Topic, answer: u64) {
        if let Some(book) = &mut self.book {
            let key = book.next(topic);
            if let Some(given) = &mut book.given {
                given.remove(&key);
            }
            book.keep(key, answer);
        }
    }

    /// The given decisions that a plan is made of, in the order of their keys.
    pub(crate) fn given(&self, wanted: impl Fn(&Topic) -> bool) -> Vec<(Key, u64)> {
        let given = self.book.as_ref().and_then(|book| book.given.as_ref());
        given
            .into_iter()
            .flatten()
            .filter(|(key, _)| wanted(&key.topic))
            .map(|(key, answer)| (key.clone(), *answer))
            .collect()
    }

    /// The decisions taken so far whose answer is not 0; empty where nothing is recorded.
    pub(crate) fn kept(&self) -> Decisions {
        self.book.as_ref().map(|book| book.kept.clone()).unwrap_or_default()
    }

    /// The given decisions that nothing asked for, then those whose answer was out of bounds.
    pub(crate) fn left_over(&self) -> (Vec<Key>, Vec<Key>) {
        let Some(book) = &self.book else { return Default::default() };
        let unasked = book.given.iter().flat_map(|given| given.keys().cloned()).collect();
        (unasked, book.misfits.clone())
    }
}

impl Book {
    fn next(&mut self, topic: Topic) -> Key {
        let counter = self.counters.entry(topic.clone()).or_insert(0);
        *counter += 1;
        Key { topic, nth: *counter }
    }

    fn keep(&mut self, key: Key, answer: u64) {
        if answer != 0 {
            self.kept.insert(key, answer);
        }
    }
}

#[cfg(test)]
mod tests;
