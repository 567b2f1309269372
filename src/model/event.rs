use serde::{Deserialize, Serialize};

use super::{Process, ProcessId};

/// What a process handles: one event is one step.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Event<P: Process> {
    /// The run begins. Every process handles it once, first of all, in the order of their ids.
    Start,
    /// The application at this process asks for something.
    Request(P::Request),
    /// A message arrives.
    Message {
        /// The process that sent it.
        from: ProcessId,
        /// What was sent.
        message: P::Message,
    },
    /// A timer that the process had set fires.
    Timer(P::Timer),
    /// The failure detector reports.
    Report(Report),
    /// The process is up again after a crash, with nothing but its stable storage.
    Restart,
}

/// What a failure detector tells a process (Cachin, Guerraoui and Rodrigues 2011, modules 2.6 and 2.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Report {
    /// This process crashed. The perfect detector says so of every crash and of nothing else; the eventually perfect
    /// one also suspects live processes for a while, in the same words.
    Crash(ProcessId),
    /// This process had been suspected, and is alive. The perfect detector never says so.
    Restore(ProcessId),
}
