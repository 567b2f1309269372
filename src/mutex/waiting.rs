use super::{DataId, Indication, Mutex, Request, Wait};
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

    /// Whether nobody can have waited too long.
    #[inline(always)]
    pub(super) fn is_early<P: Process>(&self, world: &World<P>) -> bool {
        self.owed.is_early(world.now(), world.last_fault())
    }

    /// Who has waited too long, and for what.
    pub(super) fn overdue<P: Process>(&mut self, world: &World<P>) -> Option<(ProcessId, DataId, String)> {
        self.owed.overdue(world.now(), world.last_fault()).map(tell)
    }

    /// Who has waited longest, and for what.
    pub(super) fn oldest(&mut self) -> Option<(ProcessId, DataId, String)> {
        self.owed.oldest().map(tell)
    }
}

/// No more waits than these are told: in a large system each waits for the next.
const TOLD: usize = 8;

/// Who waits for whom, from this process on: `p2 waits for the token from p1, which is down`. An algorithm that does
/// not say what its processes wait for has the holder told.
pub(super) fn graph<P: Mutex>(process: ProcessId, holder: Option<ProcessId>, world: &World<P>) -> String {
    let down = |process: ProcessId| if world.is_up(process) { "" } else { ", which is down" };
    let mut told = Vec::new();
    let mut from_nobody = false;
    let mut seen = vec![process];
    let mut next = 0;
    while let Some(&waiter) = seen.get(next).filter(|_| told.len() <= TOLD) {
        next += 1;
        if !world.is_up(waiter) {
            continue;
        }
        for Wait { what, from } in world.process(waiter).waits_for(waiter) {
            let from_whom = from.map(|from| format!(" from {from}{}", down(from))).unwrap_or_default();
            told.push(format!("{waiter} waits for {what}{from_whom}"));
            from_nobody |= from.is_none();
            seen.extend(from.filter(|from| !seen.contains(from)));
        }
    }
    if told.len() > TOLD {
        told.truncate(TOLD);
        told.push("and so on".to_owned());
    }
    match holder {
        Some(holder) => told.push(format!("{holder} is in the critical section")),
        // Where nobody knows who has the token, the world does.
        None if from_nobody => {
            let has_token = |process: &ProcessId| world.is_up(*process) && world.process(*process).tokens() > 0;
            let owner = ProcessId::all(world.count()).find(has_token);
            told.extend(owner.map(|owner| format!("{owner} has the token")));
        }
        None if told.is_empty() => told.push("nobody is in the critical section".to_owned()),
        None => {}
    }
    told.join("; ")
}

fn tell((since, process, &(owed, data)): (Ticks, ProcessId, &(Owed, DataId))) -> (ProcessId, DataId, String) {
    let what = match owed {
        Owed::Entered => format!("{data}"),
        Owed::Written => format!("the end of its write to {data}"),
        Owed::Left => format!("the end of its stay with {data}"),
    };
    (process, data, format!("{process} has waited for {what} since tick {since}"))
}
