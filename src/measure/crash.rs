use std::fmt;
use std::str::FromStr;

use crate::engine::{Crash, Distribution, Moment};
use crate::model::ProcessId;
use crate::mutex::System;

/// What a process was when it crashed, once, in the middle of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CrashKind {
    /// It wanted nothing.
    Idle,
    /// It waited.
    Waiting,
    /// It was in the critical section.
    Holder,
    /// The token was on its way to it.
    Token,
    /// It was process 0: the server, the primary, or the one of a ring that is told of losses.
    Coordinator,
}

impl CrashKind {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Idle, Self::Waiting, Self::Holder, Self::Token, Self::Coordinator];

    /// The name on the command line and in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Waiting => "waiting",
            Self::Holder => "holder",
            Self::Token => "token",
            Self::Coordinator => "coordinator",
        }
    }

    /// Whether there is such a thing in a system.
    pub(super) fn strikes<S: System>(self) -> bool {
        self != Self::Token || S::CONDITIONS.contains(&"token_in_flight")
    }

    /// One crash of this kind: of an application's process, in the middle of its rounds, or of process 0 at a tick.
    /// What can come back does so after a while.
    pub(super) fn crash<S: System>(self, config: &S::Config, victim: ProcessId, rounds: u32, middle: u64) -> Crash {
        let when = |condition: &str| Moment::When { condition: condition.to_owned(), nth: (rounds / 2).max(2) };
        let (process, moment) = match self {
            Self::Idle => (victim, when("idle")),
            Self::Waiting => (victim, when("waiting")),
            Self::Holder => (victim, when("in_critical_section")),
            Self::Token => (victim, when("token_in_flight")),
            Self::Coordinator => (ProcessId::new(0), Moment::AtTick(middle.max(1))),
        };
        let down_ticks = S::restarts(config, process).then_some(Distribution::Constant(DOWN));
        Crash { process, moment, down_ticks }
    }
}

/// How long what comes back is down.
const DOWN: u64 = 50;

impl fmt::Display for CrashKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for CrashKind {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|kind| kind.name() == text).ok_or(())
    }
}
