use serde::Serialize;

use crate::model::ProcessId;

/// What peers send to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Message {
    /// The token. Only one is valid at any time.
    Token {
        /// One more than that of any token before it that somebody still knew of.
        generation: u64,
    },
    /// The data have changed.
    Edit {
        /// The peer that sent it first: its editor, or the one that sent it again (rule 7). Read only where
        /// [`Rules::newer_edits_only`](super::Rules::newer_edits_only) is off.
        origin: ProcessId,
        /// That of the editor's replica before, and one.
        version: i64,
        /// The data.
        value: u64,
    },
    /// Does anybody have the token?
    Question {
        /// The peer that asks, to which the question comes back if nobody has it.
        asker: ProcessId,
        /// Which question of the asker.
        id: u64,
        /// The greatest generation known to the peers that it has passed.
        generation: u64,
    },
    /// To the coordinator, past the ring: a question came back.
    TokenLost {
        /// The generation in that question.
        generation: u64,
    },
}

/// The only timer: the token has not come, or a confirmation is not back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Timer {
    /// After `token_timeout_ticks`.
    TokenTimeout,
}
