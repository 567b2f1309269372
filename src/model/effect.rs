use super::{Process, ProcessId, Ticks};

/// What a handler asks of the world. The engine applies the effects of a step after the handler has returned, in the
/// order in which they were asked for, and a crash may fall between any two: then those before it are done and those
/// after it never happen.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Effect<P: Process> {
    /// Send a message. On a FIFO channel it arrives after whatever was sent to the same process before; whether it
    /// arrives at all is the network's affair, and nothing says so.
    Send {
        /// The receiver; the sender itself is allowed.
        to: ProcessId,
        /// What is sent.
        message: P::Message,
    },
    /// Have a timer fire once, this long from now, unless it is cancelled or set anew. A timer is known by its value:
    /// setting one that is set moves it. A crash cancels all of them.
    SetTimer {
        /// The timer.
        timer: P::Timer,
        /// How long from now; zero is later in this same tick.
        after: Ticks,
    },
    /// Cancel a timer; it is no fault if it is not set.
    CancelTimer {
        /// The timer.
        timer: P::Timer,
    },
    /// Write to stable storage. It is there when the next effect happens, and after any crash from then on.
    Store {
        /// What is written.
        record: P::Record,
    },
    /// Tell the application at this process something.
    Indicate {
        /// What it is told.
        indication: P::Indication,
    },
    /// Mark that this branch was taken. It changes nothing, no crash falls before it rather than after, and it is
    /// counted: a `sometimes` is a count of notes.
    Note {
        /// The name of the branch, `snake_case`.
        note: &'static str,
    },
}
