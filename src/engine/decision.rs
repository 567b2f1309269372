//! The one door for chance: everything that is not determined is a decision.
//!
//! A decision has a [`Key`] that names it locally ("the delay of the 3rd message from p1 to p2"), never by its place in
//! the whole run, so that a change in one process does not shift the others' answers. Its answer is a number, of which
//! 0 is the *simplest* (the least delay, no crash, the first in order). A seeded run draws its answers and records
//! nothing; a recorded one draws the same and keeps those that are not 0; an answered one looks them up, and whatever
//! is not listed gets 0. So a schedule is a list of decisions, and replaying is looking up.

use std::collections::BTreeMap;

use super::distribution::Distribution;
pub use super::key::{Key, KeyError, Topic};
use super::manner::{CrashPoint, Draw, FaultMix, Manner};
use super::rng::{Stream, Streams};
use crate::model::Ticks;

/// A schedule: the decisions whose answers are not the simplest.
pub type Decisions = BTreeMap<Key, u64>;

/// The door.
#[derive(Clone, Debug)]
pub(crate) struct Chance {
    streams: Streams,
    book: Option<Book>,
    /// How it draws, if not as the setup says.
    manner: Option<Box<Manner>>,
    /// In a search: all answers in turn.
    script: Option<Script>,
}

/// The answers of one run among all that there could be, in the order in which they are asked for.
#[derive(Clone, Debug, Default)]
struct Script {
    /// Each answer, and the bound that it is below.
    answers: Vec<(u64, u64)>,
    asked: usize,
    /// Whether spans are asked for too, and what each answer is about then.
    topics: Option<Vec<Topic>>,
}

/// Keys are counted only where answers are kept or looked up: a seeded run pays nothing for them.
#[derive(Clone, Debug, Default)]
struct Book {
    counters: BTreeMap<Topic, u32>,
    kept: Decisions,
    /// The answers to look up; `None` where they are drawn.
    given: Option<Decisions>,
    /// Those to every decision about a topic that has none of its own.
    each: BTreeMap<Topic, Each>,
    /// Answers that were given and could not be used as they are.
    misfits: Vec<Key>,
}

#[derive(Clone, Copy, Debug)]
struct Each {
    answer: u64,
    asked: bool,
}

impl Chance {
    pub(crate) fn seeded(seed: u64) -> Self {
        Self { streams: Streams::new(seed), book: None, manner: None, script: None }
    }

    pub(crate) fn recorded(seed: u64) -> Self {
        Self { book: Some(Book::default()), ..Self::seeded(seed) }
    }

    /// Begins anew with another seed, in the same place.
    pub(crate) fn reseed(&mut self, seed: u64, draw: Draw<'_>) {
        self.streams.reseed(seed);
        self.book = None;
        self.manner = Manner::new(draw, &mut self.streams);
    }

    /// In this manner from now on.
    pub(crate) fn in_manner(mut self, draw: Draw<'_>) -> Self {
        self.manner = Manner::new(draw, &mut self.streams);
        self
    }

    pub(crate) fn answered(decisions: Decisions) -> Self {
        let (each, given): (Decisions, Decisions) = decisions.into_iter().partition(|(key, _)| key.is_of_each());
        let each = each.into_iter().map(|(key, answer)| (key.topic, Each { answer, asked: false })).collect();
        let book = Book { given: Some(given), each, ..Book::default() };
        Self { book: Some(book), ..Self::seeded(0) }
    }

    /// Gives every answer in turn: the simplest first, and the next ones after [`Chance::turn`]. Spans are the
    /// shortest.
    pub(crate) fn exhaustive() -> Self {
        Self { script: Some(Script::default()), ..Self::seeded(0) }
    }

    /// The same with every span that there can be; what was asked for [is known](Self::said).
    pub(crate) fn exhaustive_in_time() -> Self {
        let script = Script { topics: Some(Vec::new()), ..Script::default() };
        Self { script: Some(script), ..Self::seeded(0) }
    }

    /// Where spans are asked for too: every decision since the last turn, in order, with its answer.
    pub(crate) fn said(&self) -> Vec<(Topic, u64)> {
        let Some(Script { answers, asked, topics: Some(topics) }) = &self.script else { return Vec::new() };
        topics.iter().cloned().zip(answers.iter().map(|(answer, _)| *answer)).take(*asked).collect()
    }

    fn has_time(&self) -> bool {
        self.script.as_ref().is_some_and(|script| script.topics.is_some())
    }

    /// Turns to the next answers. False if all were given; then it is at the first again.
    pub(crate) fn turn(&mut self) -> bool {
        let Some(script) = &mut self.script else { return false };
        script.asked = 0;
        while let Some((answer, bound)) = script.answers.pop() {
            if answer + 1 < bound {
                script.answers.push((answer + 1, bound));
                if let Some(topics) = &mut script.topics {
                    topics.truncate(script.answers.len());
                }
                return true;
            }
        }
        if let Some(topics) = &mut script.topics {
            topics.clear();
        }
        false
    }

    /// Whether answers are drawn as the setup says, and nobody asks which they were.
    pub(crate) fn is_plain(&self) -> bool {
        self.book.is_none() && self.manner.is_none()
    }

    /// A number in `0..bound`, where that [is plain](Self::is_plain) and there is something to choose.
    #[inline]
    pub(crate) fn draw(&mut self, stream: Stream, bound: u64) -> u64 {
        debug_assert!(self.is_plain() && bound > 1, "a decision that is more than a draw");
        self.streams.below(stream, bound)
    }

    /// A number in `0..bound`; 0 also where there is none.
    #[inline]
    pub(crate) fn below(&mut self, stream: Stream, bound: u64, topic: impl FnOnce() -> Topic) -> u64 {
        let bound = bound.max(1);
        // Where keys count, what is sure is a decision too.
        if bound == 1 && self.book.is_none() && !self.has_time() {
            return 0;
        }
        self.decide(bound, topic, |streams| if bound == 1 { 0 } else { streams.below(stream, bound) })
    }

    /// True in `per_mille` of 1,000 cases.
    pub(crate) fn happens(&mut self, stream: Stream, per_mille: u16, topic: impl FnOnce() -> Topic) -> bool {
        if let Some(script) = self.script.as_mut().filter(|_| !(1..1000).contains(&per_mille)) {
            script.say(u64::from(per_mille > 0), topic);
            return per_mille > 0;
        }
        let happens = |streams: &mut Streams, share: u16| u64::from(streams.below(stream, 1000) < u64::from(share));
        let answer = match &self.manner {
            None => self.decide(2, topic, |streams| happens(streams, per_mille)),
            Some(manner) => {
                let topic = topic();
                let share = manner.share(per_mille, &topic);
                self.decide(2, || topic, |streams| happens(streams, share))
            }
        };
        answer == 1
    }

    /// A span.
    #[inline]
    pub(crate) fn span(&mut self, stream: Stream, spread: &Distribution, topic: impl FnOnce() -> Topic) -> Ticks {
        let (min, max) = (spread.min().get(), spread.max().get());
        if self.script.is_some() && !self.has_time() {
            return Ticks::new(min);
        }
        let bound = max - min + 1;
        if self.manner.is_some() {
            return Ticks::new(min + self.span_in_manner(stream, spread, bound, topic()));
        }
        let above = match *spread {
            Distribution::Exponential { mean, .. } => {
                self.decide(bound, topic, |streams| streams.exponential(stream, mean - min).min(max - min))
            }
            _ => self.below(stream, bound, topic),
        };
        Ticks::new(min + above)
    }

    /// How far a span is above its shortest, where that is not for the setup alone to say.
    fn span_in_manner(&mut self, stream: Stream, spread: &Distribution, bound: u64, topic: Topic) -> u64 {
        let mut manner = self.manner.take();
        let about = topic.clone();
        let above = self.decide(
            bound,
            || topic,
            |streams| {
                let chosen = manner.as_mut().and_then(|manner| manner.span(streams, stream, bound, &about));
                chosen.unwrap_or_else(|| match *spread {
                    Distribution::Exponential { min, mean, .. } => {
                        streams.exponential(stream, mean - min).min(bound - 1)
                    }
                    _ if bound == 1 => 0,
                    _ => streams.below(stream, bound),
                })
            },
        );
        self.manner = manner;
        above
    }

    #[inline]
    fn decide(&mut self, bound: u64, topic: impl FnOnce() -> Topic, draw: impl FnOnce(&mut Streams) -> u64) -> u64 {
        if let Some(script) = &mut self.script {
            return script.next(bound, topic);
        }
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
                    Some(given) => match given.remove(&key) {
                        Some(answer) => {
                            if answer >= bound {
                                book.misfits.push(key.clone());
                            }
                            let answer = answer.min(bound - 1);
                            book.keep(key, answer);
                            answer
                        }
                        None => book.of_each(&key.topic, bound),
                    },
                }
            }
        }
    }

    /// Draws for a plan whose outcome, not whose making, is recorded ([`Chance::keep`]); 0 where answers are given.
    pub(crate) fn plan(&mut self, bound: u64) -> u64 {
        if self.is_answered() { 0 } else { self.streams.below(Stream::Faults, bound) }
    }

    /// A process is about to handle a message, or something else: what it sends comes of that.
    #[inline]
    pub(crate) fn handles(&mut self, message: Option<u64>) {
        if let Some(manner) = &mut self.manner {
            manner.handles(message);
        }
    }

    /// The mix of the next kind of fault to be planned.
    pub(crate) fn fault_mix(&mut self) -> FaultMix {
        FaultMix::draw(self.manner.as_deref(), &mut self.streams)
    }

    /// The crashes of the plan, if they are not drawn.
    pub(crate) fn crash_points(&self) -> Option<&[CrashPoint]> {
        match self.manner.as_deref() {
            Some(Manner::Crashes(points)) => Some(points),
            _ => None,
        }
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
        let Some(book) = &self.book else { return Decisions::new() };
        let each = book.each.iter().filter(|(_, each)| each.asked);
        let each = each.map(|(topic, each)| (Key { topic: topic.clone(), nth: 0 }, each.answer));
        book.kept.clone().into_iter().chain(each).collect()
    }

    /// The given decisions that nothing asked for, then those whose answer was out of bounds.
    pub(crate) fn left_over(&self) -> (Vec<Key>, Vec<Key>) {
        let Some(book) = &self.book else { return Default::default() };
        let each = book.each.iter().filter(|(_, each)| !each.asked);
        let each = each.map(|(topic, _)| Key { topic: topic.clone(), nth: 0 });
        let unasked = book.given.iter().flat_map(|given| given.keys().cloned()).chain(each).collect();
        (unasked, book.misfits.clone())
    }
}

impl Script {
    fn next(&mut self, bound: u64, topic: impl FnOnce() -> Topic) -> u64 {
        self.ask(0, bound, topic)
    }

    /// Where everything that is decided is asked for, there is only this answer.
    fn say(&mut self, answer: u64, topic: impl FnOnce() -> Topic) {
        if self.topics.is_some() {
            self.ask(answer, answer + 1, topic);
        }
    }

    fn ask(&mut self, first: u64, bound: u64, topic: impl FnOnce() -> Topic) -> u64 {
        if self.asked == self.answers.len() {
            self.answers.push((first, bound));
            if let Some(topics) = &mut self.topics {
                topics.push(topic());
            }
        }
        self.asked += 1;
        self.answers[self.asked - 1].0
    }
}

impl Book {
    fn next(&mut self, topic: Topic) -> Key {
        let counter = self.counters.entry(topic.clone()).or_insert(0);
        *counter += 1;
        Key { topic, nth: *counter }
    }

    /// The simplest answer is not worth keeping, unless each other decision about the topic has another.
    fn keep(&mut self, key: Key, answer: u64) {
        if answer != 0 || self.each.contains_key(&key.topic) {
            self.kept.insert(key, answer);
        }
    }

    /// The answer to a decision that is not given one of its own.
    fn of_each(&mut self, topic: &Topic, bound: u64) -> u64 {
        let Some(each) = self.each.get_mut(topic) else { return 0 };
        if each.answer >= bound && !each.asked {
            self.misfits.push(Key { topic: topic.clone(), nth: 0 });
        }
        *each = Each { answer: each.answer.min(bound - 1), asked: true };
        each.answer
    }
}

#[cfg(test)]
mod tests;
