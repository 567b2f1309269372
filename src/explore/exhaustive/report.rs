use std::fmt;

use super::estimate::Estimate;
use super::reduction::Reduction;
use super::trace::Counterexample;
use crate::model::Ticks;
use crate::mutex::Property;

/// A diagram in a test's output is as wide as the narrowest terminal.
const WIDTH: usize = 80;

/// What a search of every interleaving came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// Whether everything holds.
    pub verdict: Verdict,
    /// How much was looked at.
    pub coverage: Coverage,
    /// The names of the properties that were checked in every state.
    pub checked: Vec<&'static str>,
    /// The properties that were asked for and not checked.
    pub unchecked: Vec<Unchecked>,
    /// How often what has a bound happens at most: all of it is meant by "every interleaving".
    pub budget: Budget,
    /// If it was in bounded time: how long everything takes.
    pub spans: Option<Spans>,
    /// What was left out because it is as something that was not.
    pub reduction: Reduction,
    /// If it is incomplete: how many states there are in all, where that can be told.
    pub estimate: Option<Estimate>,
}

/// How often things go wrong at most in a search of every interleaving.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// The crashes in all.
    pub crashes: u32,
    /// The timers of each process that fire though something else is sure to come.
    pub early_timers: u32,
    /// The messages that are lost.
    pub losses: u32,
    /// The messages that arrive twice.
    pub duplicates: u32,
}

/// How long everything takes in a search in bounded time, at least and at most, in ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spans {
    /// A message; over all channels, if they differ.
    pub delay: (Ticks, Ticks),
    /// The report of a crash.
    pub latency: (Ticks, Ticks),
    /// The time for which a victim stays down, if any comes back.
    pub down: Option<(Ticks, Ticks)>,
    /// The time for which an application thinks before each request.
    pub think: (Ticks, Ticks),
    /// The time for which it holds a lock.
    pub hold: (Ticks, Ticks),
}

impl fmt::Display for Spans {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let span = |(least, most): (Ticks, Ticks)| {
            if least == most { format!("{least}") } else { format!("{least} to {most}") }
        };
        let Self { delay, latency, down, think, hold } = *self;
        write!(f, "in ticks, a message takes {}, a report {}", span(delay), span(latency))?;
        if let Some(down) = down {
            write!(f, ", a restart {}", span(down))?;
        }
        write!(f, "; applications think for {} and hold for {}", span(think), span(hold))
    }
}

/// A property that was not checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unchecked {
    /// Which.
    pub property: Property,
    /// Why: what it has or does that the search cannot do.
    pub why: &'static str,
}

/// Whether everything holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every interleaving was looked at, and what was checked holds in each.
    Verified,
    /// A property does not hold.
    Violated(Box<Counterexample>),
    /// It stopped at a limit: nothing was found, and nothing is proved.
    Incomplete,
}

/// How much of a state space was looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// The states that were found.
    pub states: u64,
    /// The events that lead from one to another.
    pub transitions: u64,
    /// The states that were found and not looked at.
    pub frontier: u64,
    /// What the states take, in bytes.
    pub bytes: u64,
    /// While it looks for cycles, which goes through all states once more or a few times: how many it has gone through.
    pub looked_through: u64,
}

impl Proof {
    /// Whether every interleaving was looked at and nothing is violated. What was not checked is not meant.
    pub fn is_verified(&self) -> bool {
        self.verdict == Verdict::Verified
    }

    /// What is violated, if anything is.
    pub fn counterexample(&self) -> Option<&Counterexample> {
        match &self.verdict {
            Verdict::Violated(counterexample) => Some(counterexample),
            Verdict::Verified | Verdict::Incomplete => None,
        }
    }

    /// Does nothing if everything that was asked for was checked and holds.
    ///
    /// # Panics
    /// With the counterexample and its picture, with how far it came, or with what was not checked.
    pub fn assert_verified(&self) {
        let Coverage { states, frontier, .. } = self.coverage;
        match &self.verdict {
            Verdict::Violated(counterexample) => panic!("{counterexample}\n\n{}", counterexample.draw(WIDTH)),
            Verdict::Incomplete => panic!(
                "incomplete: {states} states, {frontier} of them not looked at: allow more memory or states, or take \
                 fewer processes, requests or crashes; counters that only grow must be shown (`Process::counters`)"
            ),
            Verdict::Verified => {}
        }
        if let Some(Unchecked { property, why }) = self.unchecked.first() {
            panic!("{property} was not checked: it {why}");
        }
    }
}
