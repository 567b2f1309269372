use std::fmt;

use serde::{Deserialize, Serialize};

/// The properties of mutual exclusion that are checked. Safety is checked after every event, over live processes;
/// liveness within a bound of ticks after the later of the request and the last fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Property {
    /// Safety: for each data id, at most one process is in its critical section.
    SingleHolder,
    /// Safety: the fencing numbers of one data id grow from holder to holder, so that a resource that refuses smaller
    /// ones never refuses the rightful holder and never takes two holders' writes under one number.
    FencingGrows,
    /// Safety, rings: valid tokens held and valid tokens in flight to live processes are at most one.
    SingleToken,
    /// Safety, rings: whoever is in the critical section has the token.
    TokenInCs,
    /// Safety, rings: whoever accepts a token has a replica at least as new as any other live process.
    FreshReplica,
    /// Safety: when a writer leaves, every live replica has its write.
    SynchronousWrite,
    /// Safety, durable coordinator: every client that has its accept is in stable storage.
    RegisteredBeforeAck,
    /// Safety, replicated coordinator: grants follow the order in which requests were accepted.
    QueueOrder,
    /// Liveness: a request of a process that stays up is granted, and so are its writes and leaves completed.
    EveryRequestGranted,
    /// Liveness: once writes stop, live replicas become equal.
    ReplicasConverge,
    /// Liveness: no cycle of clients, each holding what the next one waits for.
    NoDeadlock,
}

impl Property {
    /// Whether it is about what must come to be in the end, so that no single step violates it. A cycle of clients that
    /// wait for each other is seen in the step that closes it.
    pub const fn is_liveness(self) -> bool {
        matches!(self, Self::EveryRequestGranted | Self::ReplicasConverge)
    }

    /// The name in scenarios and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SingleHolder => "single_holder",
            Self::FencingGrows => "fencing_grows",
            Self::SingleToken => "single_token",
            Self::TokenInCs => "token_in_cs",
            Self::FreshReplica => "fresh_replica",
            Self::SynchronousWrite => "synchronous_write",
            Self::RegisteredBeforeAck => "registered_before_ack",
            Self::QueueOrder => "queue_order",
            Self::EveryRequestGranted => "every_request_granted",
            Self::ReplicasConverge => "replicas_converge",
            Self::NoDeadlock => "no_deadlock",
        }
    }
}

impl fmt::Display for Property {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
