use serde::Serialize;

use crate::model::{ProcessId, Relabelling};
use crate::mutex::{DataId, Fence};

/// Where a client stands with regard to one lock, in the order in which a request goes through it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// It has asked for the lock.
    Waiting,
    /// It is in the critical section.
    Holding,
    /// The request is over: left, withdrawn or lost. Before its first request a client is idle too.
    #[default]
    Idle,
}

/// How far a client has come with one lock: which of its requests, and the phase of that. Steps of one client and one
/// data id are ordered, and they only grow (rule 1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Step {
    /// The number of the request: 1 for the client's first of this data id.
    pub request: u64,
    /// Where that request stands.
    pub phase: Phase,
}

impl Step {
    /// The step of a request that waits.
    pub const fn waiting(request: u64) -> Self {
        Self { request, phase: Phase::Waiting }
    }

    /// The step of a request that has been granted.
    pub const fn holding(request: u64) -> Self {
        Self { request, phase: Phase::Holding }
    }

    /// The step of a request that is over.
    pub const fn idle(request: u64) -> Self {
        Self { request, phase: Phase::Idle }
    }
}

/// What a client says of itself and one lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Claim {
    /// The lock.
    pub data: DataId,
    /// How far the client has come with it.
    pub step: Step,
}

/// A message of a coordinator or to one.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Message {
    /// To which start or server, or to which connection, the message belongs; what it counts depends on the system (see
    /// [`Stamp`](super::Stamp)).
    pub stamp: u64,
    /// What it says.
    pub body: Body,
}

/// What a message says.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Body {
    /// Client to server: let me in. Where the server forgets or is another one, with where the client stands.
    Connect {
        /// Every lock that the client has ever asked for; empty for the durable coordinator, which asks.
        claims: Vec<Claim>,
    },
    /// Client to server: I am gone for good, and hold and want nothing.
    Disconnect,
    /// Client to server: `mutex_enter`.
    Enter {
        /// The lock.
        data: DataId,
        /// The number of the request.
        request: u64,
    },
    /// Client to server: `mutex_leave`.
    Leave {
        /// The lock.
        data: DataId,
        /// The number of the request that is over.
        request: u64,
    },
    /// Client to server: the answer to [`Body::Ask`].
    Phases {
        /// Every lock that the client has ever asked for.
        claims: Vec<Claim>,
    },
    /// Server to client: you are connected.
    Accept,
    /// Server to client, durable: I was down; where do you stand?
    Ask,
    /// Server to client: the lock is yours.
    Grant {
        /// The lock.
        data: DataId,
        /// The request that is granted.
        request: u64,
        /// The fencing number to show to the resource.
        fence: Fence,
    },
    /// Server to client, stateless: I know no connection of this number; connect again.
    Reset,
    /// Server to client, stateless: your lock has been granted to another since.
    Refuse {
        /// The lock.
        data: DataId,
        /// The request that had been granted and is lost.
        request: u64,
    },
    /// Primary to backup: the next change.
    Replicate {
        /// Its number: 1 for the first.
        sequence: u64,
        /// What changed.
        change: Change,
    },
    /// Backup to primary: I have this change and all before it.
    Acknowledge {
        /// The number of the change.
        sequence: u64,
    },
}

impl Body {
    /// Clients have got other ids.
    pub(super) fn relabel(&mut self, ids: &Relabelling<'_>) {
        if let Self::Replicate { change, .. } = self {
            change.relabel(ids);
        }
    }

    /// The step that an enter or a leave stands for.
    pub(super) fn claim(&self) -> Option<Claim> {
        match *self {
            Self::Enter { data, request } => Some(Claim { data, step: Step::waiting(request) }),
            Self::Leave { data, request } => Some(Claim { data, step: Step::idle(request) }),
            _ => None,
        }
    }
}

/// One change of a lock table. Who is granted what follows from it, so that two tables that see the same changes in the
/// same order are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// A client has come further with a lock.
    Step {
        /// The client.
        client: ProcessId,
        /// The lock and the step.
        claim: Claim,
    },
    /// A client is gone for good.
    Gone {
        /// The client.
        client: ProcessId,
        /// How it went.
        absence: Absence,
    },
}

impl Change {
    /// Clients have got other ids.
    pub(super) fn relabel(&mut self, ids: &Relabelling<'_>) {
        let (Self::Step { client, .. } | Self::Gone { client, .. }) = self;
        ids.put(client);
    }
}

/// Why nothing is expected of a client any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Absence {
    /// It was reported dead.
    Dead,
    /// It disconnected.
    Disconnected,
}

/// The timers of clients and servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Timer {
    /// Client: connect again. It bears the number of the connection, where there are such numbers, and 0 otherwise.
    Retry(u64),
    /// Stateless server: the time for reclaims is over.
    Grace,
}
