//! What is wrong, in words: the same whether runs are watched or every interleaving is searched.

use super::{DataId, Fence, Replica};
use crate::model::ProcessId;

/// Whom a violation concerns, and the sentence about it, without its full stop.
pub(super) type Explained = (Vec<ProcessId>, String);

pub(super) fn several_holders(holders: Vec<ProcessId>, data: DataId, last: ProcessId) -> Explained {
    let names: Vec<String> = holders.iter().map(ToString::to_string).collect();
    let names = names.join(" and ");
    let text = format!("{names} are in the critical section of {data} at once, the last to enter being {last}");
    (holders, text)
}

pub(super) fn fence_refused(
    process: ProcessId,
    data: DataId,
    fence: Fence,
    (seen, by): (Fence, ProcessId),
) -> Explained {
    let show = |Fence { epoch, counter }| format!("({epoch}, {counter})");
    let (fence, seen) = (show(fence), show(seen));
    let text = format!("the resource of {data} refuses {process}, whose fence is {fence}: it has seen {seen} of {by}");
    (vec![process, by], text)
}

pub(super) fn passed_over(server: ProcessId, client: ProcessId, passed: ProcessId, data: DataId) -> Explained {
    let text = format!("{server} grants {data} to {client}, and {passed} was accepted before and still waits");
    (vec![server, client, passed], text)
}

pub(super) fn tokenless(process: ProcessId) -> Explained {
    (vec![process], format!("{process} is in the critical section and has no token"))
}

pub(super) fn several_tokens(places: Vec<ProcessId>, tokens: &str) -> Explained {
    (places, format!("there are several valid tokens: {tokens}"))
}

pub(super) fn stale_token(process: ProcessId, mine: Replica, other: ProcessId, newest: i64) -> Explained {
    let mine = mine.version;
    let text =
        format!("{process} accepted the token with version {mine} of the data while {other} has version {newest}");
    (vec![process, other], text)
}

pub(super) fn left_too_early(writer: ProcessId, mine: Replica, other: ProcessId, oldest: i64) -> Explained {
    let mine = mine.version;
    let text = format!("{writer} has left after writing version {mine} while {other} still has version {oldest}");
    (vec![writer, other], text)
}

pub(super) fn unlisted(process: ProcessId, server: ProcessId) -> Explained {
    let text = format!("{process} has its accept from {server}, whose stable storage does not list it");
    (vec![process, server], text)
}

pub(super) fn struck_off(server: ProcessId, client: ProcessId) -> Explained {
    let text = format!("{server} strikes {client} off its list, and {client} has its accept and is up");
    (vec![client, server], text)
}

pub(super) fn deadlock(cycle: &[(ProcessId, DataId)]) -> Explained {
    let links: Vec<String> = cycle.iter().map(|(process, data)| format!("{process} waits for {data}")).collect();
    let text = format!("each waits for what the next one holds: {}", links.join(", "));
    (cycle.iter().map(|(process, _)| *process).collect(), text)
}

/// `when` they differ for good.
pub(super) fn diverged(when: &str, (p, mine): (ProcessId, Replica), (q, other): (ProcessId, Replica)) -> Explained {
    let text = format!(
        "{when} {p} has version {} with value {}, {q} version {} with value {}",
        mine.version, mine.value, other.version, other.value
    );
    (vec![p, q], text)
}
