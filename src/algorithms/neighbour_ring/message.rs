use serde::Serialize;

use crate::model::ProcessId;

/// A write on its way round the ring, and at the same time a process's replica: the newest change it knows.
///
/// A change is newer than another by its version first, then by its attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Change {
    /// The hop of the token under which it was written.
    pub version: i64,
    /// One more at each repetition, and at each further write under the same hop.
    pub attempt: u32,
    /// The data.
    pub value: u64,
}

impl Change {
    pub(super) fn is_newer_than(self, other: Self) -> bool {
        (self.version, self.attempt) > (other.version, other.attempt)
    }
}

/// What the processes of a [`NeighbourRing`](super::NeighbourRing) send to each other.
///
/// `change` in a token and in a question is absent only where its rule is switched off.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Message {
    /// The token, to `next`.
    Token {
        /// The number of this pass; the receiver has received none so great.
        hop: i64,
        /// The newest change that the sender has.
        change: Option<Change>,
    },
    /// A write, to `next` (rule 2).
    Change(Change),
    /// "My next is dead: who lost its prev?", to everyone (rule 3).
    WhoLostPrev {
        /// Which loss of its next this is to the asker.
        id: u32,
        /// The hop of the last token that the asker sent: the dead may have had it.
        sent_hop: i64,
        /// The newest change that the asker has.
        change: Option<Change>,
    },
    /// "Your next is me", to an asker (rule 4).
    IAmNext {
        /// The question that this answers.
        id: u32,
    },
    /// "Who has the token?", to everyone (rule 6).
    WhereIsToken {
        /// Which search of the asker this is.
        round: u64,
    },
    /// The answer to that.
    TokenSeen {
        /// The search that this answers.
        round: u64,
        /// Whether the sender has the token.
        has: bool,
        /// The hop of the last token that the sender sent.
        sent_hop: i64,
    },
    /// "Nobody has the token", to the scheduler, which is the lowest live process (rule 6).
    TokenLost {
        /// The process that sent the highest hop.
        sender: ProcessId,
        /// That hop.
        hop: i64,
    },
    /// "Send the token of this hop again", from the scheduler to whoever sent it last (rule 6).
    SendAgain {
        /// The hop.
        hop: i64,
    },
}

/// The timers of a process of a [`NeighbourRing`](super::NeighbourRing).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Timer {
    /// Set while waiting for the token: where is it? (rule 6)
    Token,
    /// Set while a write is out: send its change again (rule 2).
    Change,
    /// Set while `next` is empty: ask again who lost its prev (rule 3).
    Link,
}
