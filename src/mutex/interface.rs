use std::fmt;

use serde::{Deserialize, Serialize};

use super::Property;
use crate::model::{Process, ProcessId};

/// The name of what a lock protects. A system with one lock (a ring) has `DataId::new(0)`.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DataId(u32);

impl DataId {
    /// The data id with this number.
    pub const fn new(id: u32) -> Self {
        Self(id)
    }

    /// The number.
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl fmt::Display for DataId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "d{}", self.0)
    }
}

impl fmt::Debug for DataId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A fencing number: what a holder shows to the resource behind its lock, which refuses a number below the greatest it
/// has seen. Numbers are compared by their epoch first (the incarnation or boot of the server that granted), then by
/// the counter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Fence {
    /// Which incarnation of the granting server.
    pub epoch: u64,
    /// Which grant of that incarnation.
    pub counter: u64,
}

/// What an application asks of its process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// Join the system. Only where [`Mutex::CONNECTS`]; then it is the first request.
    Connect,
    /// Leave the system, and first of all everything held or waited for. It is the last request.
    Disconnect,
    /// Enter the critical section of a data id; answered by [`Indication::Entered`].
    Enter(DataId),
    /// Change the data, within the critical section; answered by [`Indication::Written`].
    Write(DataId, u64),
    /// Leave the critical section; answered by [`Indication::Left`].
    Leave(DataId),
}

/// What a process tells its application.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Indication {
    /// The application is in the critical section from here on, under this fencing number.
    Entered(DataId, Fence),
    /// The write is done, as far as the algorithm promises.
    Written(DataId),
    /// The application is no longer in the critical section. It precedes whatever passes the lock on.
    Left(DataId),
    /// The lock was lost without having been left; the application is out of the critical section.
    Lost(DataId),
    /// Not to an application but for the record, at a server that is one of several: this request has been accepted, so
    /// that it has its place in the queue whatever becomes of one of the servers. It is said in the order of the
    /// places, and may be said again, even when the request has been granted.
    Accepted {
        /// The client whose request it is.
        client: ProcessId,
        /// The lock that is asked for.
        data: DataId,
        /// The number of the request: 1 for the client's first of this data id.
        request: u64,
    },
}

/// A copy of the replicated data at one process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Replica {
    /// How new it is; only greater and smaller mean anything.
    pub version: i64,
    /// The data.
    pub value: u64,
}

/// Something that a process waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wait {
    /// What, as it stands after "waits for": `the token`.
    pub what: String,
    /// From whom, if from one process.
    pub from: Option<ProcessId>,
}

impl Wait {
    /// For something that comes from a process.
    pub fn from(process: ProcessId, what: impl Into<String>) -> Self {
        Self { what: what.into(), from: Some(process) }
    }

    /// For something that comes from nobody in particular.
    pub fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), from: None }
    }
}

/// Whose entry a message is sent for, which is not a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// That of what let it be sent: a message that is passed on.
    Cause,
    /// The sender's: a request, also where it is sent again because another came first.
    Sender,
    /// The receiver's: a reply or a grant, also where the leave of another lets it be sent.
    Receiver,
}

/// The note with which a ring says that it accepted a token in this step (kept it, or passed it on as its own):
/// `fresh_replica` is checked there.
pub const TOKEN_ACCEPTED: &str = "token_accepted";

/// What properties look at in a mutual exclusion algorithm.
///
/// Who is in a critical section, and under which fencing number, shows in the indications; everything here has a
/// default that fits an algorithm without the feature, so `impl Mutex for Mine {}` is enough to have
/// [`Property::SingleHolder`] and [`Property::EveryRequestGranted`] checked.
pub trait Mutex: Process<Request = Request, Indication = Indication> {
    /// The properties that this algorithm claims, whatever the schedule.
    const PROPERTIES: &'static [Property] = &[Property::SingleHolder, Property::EveryRequestGranted];

    /// The notes that its runs with faults should show at least once: its branches, and what faults must have done.
    const SOMETIMES: &'static [&'static str] = &[];

    /// The states of a process in which drawn crashes may strike, besides any tick and any step: some of
    /// [`Workload::CONDITIONS`](super::Workload::CONDITIONS).
    const CONDITIONS: &'static [&'static str] = &["waiting", "in_critical_section", "idle"];

    /// Whether applications must [`Request::Connect`] first.
    const CONNECTS: bool = false;

    /// What the processes share when one of `processes` is taken out and those after it each move up by one id; `None`
    /// if it cannot be taken out, or if fewer would bear fewer crashes than these and so fail for want of a majority.
    ///
    /// It lets a failing schedule be made small: fewer processes are easier to understand. An algorithm whose
    /// configuration says nothing of single processes has `Some(config.clone())`; one that never says so keeps all.
    fn without(_config: &Self::Config, _processes: u32, _process: ProcessId) -> Option<Self::Config> {
        None
    }

    /// The processes that differ in nothing but their ids, so that what one does any other would do in its place;
    /// at most one set of them. Then [`Process::relabel`] must find all ids of them wherever they are. An exhaustive
    /// search that uses it looks whether it is so.
    fn interchangeable(_config: &Self::Config, _processes: u32) -> Vec<ProcessId> {
        Vec::new()
    }

    /// What a process waits for in this state. It is asked where a request is not granted, so that the explanation says
    /// who waits for whom.
    fn waits_for(&self, _me: ProcessId) -> Vec<Wait> {
        Vec::new()
    }

    /// Rings: the number of valid tokens that this process has, those set aside for later included. One that it is
    /// bound to refuse is not valid.
    fn tokens(&self) -> u32 {
        0
    }

    /// Rings: which token a message carries, if any. Copies of one token have one number.
    fn token(_message: &Self::Message) -> Option<u64> {
        None
    }

    /// Rings: whether a token that arrived now would be accepted, in the state in which the process is.
    fn would_accept(&self, _from: ProcessId, _message: &Self::Message) -> bool {
        true
    }

    /// The process's copy of the data, where the algorithm replicates it.
    fn replica(&self) -> Option<Replica> {
        None
    }

    /// Coordinators: which of its receiver's requests a message grants, if any: the lock, and the number of the request
    /// as in [`Indication::Accepted`]. A grant may be sent again.
    fn grant(_message: &Self::Message) -> Option<(DataId, u64)> {
        None
    }

    /// Whose entry a message is for, so that each entry has its costs; see [`Accounting`](super::Accounting). It
    /// changes no sum over all entries.
    fn whose(message: &Self::Message) -> Whose {
        if Self::grant(message).is_some() { Whose::Receiver } else { Whose::Cause }
    }

    /// Coordinators: the server by which this client is accepted.
    fn accepted_by(&self) -> Option<ProcessId> {
        None
    }

    /// Coordinators: whether the stable storage of a server lists this client.
    fn registers(_stable: &Self::Stable, _client: ProcessId) -> bool {
        true
    }

    /// Coordinators: the client that this record takes off the list of a server.
    fn unregisters(_record: &Self::Record) -> Option<ProcessId> {
        None
    }
}
