use super::{DataId, Indication, Request};
use crate::engine::World;
use crate::model::{Process, ProcessId, Ticks};
use crate::property::Obligations;

/// The requests that are not answered yet, and since when.
#[derive(Clone, Debug)]
pub(super) struct Waiting {
    owed: Obligations<(Owed, DataId)>,
}

/// What answers a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Owed {
    Entered,
    Written,
    Left,
}

impl Waiting {
    /// Each request must be answered within `patience` ticks of the later of the request and the last fault.
    pub(super) fn new(patience: Ticks) -> Self {
        Self { owed: Obligations::new(patience) }
    }

    pub(super) fn reset(&mut self) {
        self.owed.clear();
    }

    pub(super) fn requested(&mut self, process: ProcessId, request: &Request, now: Ticks) {
        match *request {
            Request::Enter(data) => self.owed.start(process, (Owed::Entered, data), now),
            Request::Write(data, _) => self.owed.start(process, (Owed::Written, data), now),
            Request::Leave(data) => self.owed.start(process, (Owed::Left, data), now),
            // Whoever disconnects gives up whatever it waits for, and is told nothing more.
            Request::Disconnect => self.owed.forget(process),
            Request::Connect => {}
        }
    }

    pub(super) fn indicated(&mut self, process: ProcessId, indication: &Indication) {
        match *indication {
            Indication::Entered(data, _) => self.owed.meet(process, (Owed::Entered, data)),
            Indication::Written(data) => self.owed.meet(process, (Owed::Written, data)),
            // Out of the critical section, there is nothing more to be had of it.
            Indication::Left(data) | Indication::Lost(data) => {
                self.owed.meet(process, (Owed::Written, data));
                self.owed.meet(process, (Owed::Left, data));
            }
            Indication::Accepted { .. } => {}
        }
    }

    pub(super) fn crashed(&mut self, process: ProcessId) {
        self.owed.forget(process);
    }

    /// Who has waited too long, and for what.
    #[inline]
    pub(super) fn overdue<P: Process>(&mut self, world: &World<P>) -> Option<(ProcessId, String)> {
        self.owed.overdue(world.now(), world.last_fault()).map(tell)
    }

    /// Who has waited longest, and for what.
    pub(super) fn oldest(&mut self) -> Option<(ProcessId, String)> {
        self.owed.oldest().map(tell)
    }
}

fn tell((since, process, &(owed, data)): (Ticks, ProcessId, &(Owed, DataId))) -> (ProcessId, String) {
    let what = match owed {
        Owed::Entered => format!("{data}"),
        Owed::Written => format!("the end of its write to {data}"),
        Owed::Left => format!("the end of its stay with {data}"),
    };
    (process, format!("{process} has waited for {what} since tick {since}"))
}
