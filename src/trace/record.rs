use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::state::State;
use crate::engine::{LossCause, MessageId};
use crate::model::{ProcessId, Report, Ticks};

/// One event of a run, and all that came of it at once.
///
/// In JSON the fields have this order, and those that say nothing (no effects, no crash, no loss) are absent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// The number of the event in its run, counted from 1. What no process handles ([`Kind::Loss`],
    /// [`Kind::Partition`], [`Kind::Pause`]) is no event: it has the number of the event before it.
    pub number: u64,
    /// When.
    pub tick: Ticks,
    /// At which process; of a partition, the first on its side, or `p0` if nobody is.
    pub process: ProcessId,
    /// What the process handled, or what befell it.
    pub kind: Kind,
    /// The effects that were done, in order. Those that a crash prevented are not here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub effects: Vec<Effect>,
    /// Whether the process crashed in this step, after these effects.
    #[serde(default, skip_serializing_if = "is_false")]
    pub crashed: bool,
    /// The messages that were lost with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lost: Vec<Loss>,
    /// The messages sent in it of which a second copy is on its way.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub copied: Vec<Copied>,
    /// What it changed in the state of the process, for viewers: only if asked for, and only where it is not as it was.
    /// This and what follows is no part of the fingerprint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<State>,
    /// The messages sent in it that carry what viewers [follow](super::Follow): a token.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub carriers: Vec<MessageId>,
    /// How many of what viewers follow the process has from here on, where that changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub has: Option<u32>,
    /// When the message that is handled arrived, if it waited since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waited_from: Option<Ticks>,
}

impl Record {
    /// Of what has come to nothing so far.
    pub(crate) fn new(number: u64, tick: Ticks, process: ProcessId, kind: Kind) -> Self {
        Self {
            number,
            tick,
            process,
            kind,
            effects: Vec::new(),
            crashed: false,
            lost: Vec::new(),
            copied: Vec::new(),
            state: None,
            carriers: Vec::new(),
            has: None,
            waited_from: None,
        }
    }

    /// Whether it has what only viewers want.
    pub(super) fn is_for_viewers(&self) -> bool {
        self.state.is_some() || !self.carriers.is_empty() || self.has.is_some() || self.waited_from.is_some()
    }

    /// It without what only viewers want.
    #[must_use]
    pub fn plain(&self) -> Self {
        Self { state: None, carriers: Vec::new(), has: None, waited_from: None, ..self.clone() }
    }
}

#[allow(clippy::trivially_copy_pass_by_ref)] // as serde wants it
fn is_false(value: &bool) -> bool {
    !value
}

/// What a record is of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Kind {
    /// The process started with the run.
    Start,
    /// The application made this request.
    Request(Json),
    /// A message arrived.
    Message {
        /// From whom.
        from: ProcessId,
        /// Its number: that of the [`Effect::Send`], or of the [copy](Copied).
        id: MessageId,
        /// What was sent.
        content: Json,
    },
    /// This timer fired.
    Timer(Json),
    /// The failure detector reported.
    Report(Report),
    /// The process came up again.
    Restart,
    /// The process crashed between two steps.
    Crash,
    /// Messages to the process were lost between two events: it is down, or was meanwhile.
    Loss,
    /// From here on, what is sent between these processes and the others is lost.
    Partition {
        /// Those on one side.
        side: Vec<ProcessId>,
        /// The first tick at which it is over.
        until: Ticks,
    },
    /// From here on, the process handles nothing: what arrives waits.
    Pause {
        /// The first tick at which it is over.
        until: Ticks,
    },
}

/// What a process did to the world in a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Effect {
    /// It sent a message.
    Send {
        /// To whom.
        to: ProcessId,
        /// Its number in the run, in the order of sending.
        id: MessageId,
        /// What was sent.
        content: Json,
    },
    /// It set a timer, or moved it.
    SetTimer {
        /// Which.
        timer: Json,
        /// How long from then, in ticks.
        after: Ticks,
    },
    /// It cancelled this timer.
    CancelTimer(Json),
    /// It wrote this to stable storage.
    Store(Json),
    /// It told the application this.
    Indicate(Json),
    /// It took the branch of this name.
    Note(String),
}

/// A message that will never be handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Loss {
    /// Its number.
    pub id: MessageId,
    /// Who sent it.
    pub from: ProcessId,
    /// Who would have received it.
    pub to: ProcessId,
    /// Why it is lost.
    pub cause: LossCause,
}

/// A message of which a second copy is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Copied {
    /// The number of the message.
    pub id: MessageId,
    /// The number of the copy.
    pub copy: MessageId,
    /// To whom.
    pub to: ProcessId,
}
