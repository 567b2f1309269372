use std::collections::{BTreeMap, VecDeque};

use super::DataId;
use crate::model::{ProcessId, Relabelling};

/// The requests that were accepted and not granted yet, of each data id in the order in which they were accepted,
/// whichever server said so.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Queues {
    waiting: BTreeMap<DataId, VecDeque<(ProcessId, u64)>>,
    /// The number of the last request of each client that was accepted, and of the last that was granted.
    accepted: BTreeMap<(ProcessId, DataId), u64>,
    granted: BTreeMap<(ProcessId, DataId), u64>,
}

impl Queues {
    pub(super) fn reset(&mut self) {
        self.waiting.clear();
        self.accepted.clear();
        self.granted.clear();
    }

    /// A request is accepted; said again, it keeps its place.
    pub(super) fn accept(&mut self, client: ProcessId, data: DataId, request: u64) {
        let last = self.accepted.entry((client, data)).or_insert(0);
        let granted = self.granted.get(&(client, data)).copied().unwrap_or(0);
        if request <= *last {
            return;
        }
        *last = request;
        let queue = self.waiting.entry(data).or_default();
        queue.retain(|&(other, _)| other != client);
        if request > granted {
            queue.push_back((client, request));
        }
    }

    /// A request is granted. Returns the request of another that had to be granted before. Granted again, it passes
    /// nobody.
    pub(super) fn grant(&mut self, client: ProcessId, data: DataId, request: u64) -> Option<(ProcessId, u64)> {
        let last = self.granted.entry((client, data)).or_insert(0);
        if request <= *last {
            return None;
        }
        *last = request;
        let queue = self.waiting.get_mut(&data)?;
        let passed = queue.front().copied().filter(|&(first, _)| first != client);
        queue.retain(|&(other, number)| other != client || number > request);
        passed
    }

    /// Clients have got other ids.
    pub(super) fn relabel(&mut self, ids: &Relabelling<'_>) {
        for (client, _) in self.waiting.values_mut().flatten() {
            ids.put(client);
        }
        for numbers in [&mut self.accepted, &mut self.granted] {
            *numbers = numbers.iter().map(|(&(client, data), &number)| ((ids.of(client), data), number)).collect();
        }
    }

    pub(super) fn crashed(&mut self, client: ProcessId) {
        for queue in self.waiting.values_mut() {
            queue.retain(|&(other, _)| other != client);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const D: DataId = DataId::new(0);
    const P: ProcessId = ProcessId::new(1);
    const Q: ProcessId = ProcessId::new(2);

    fn both() -> Queues {
        let mut queues = Queues::default();
        queues.accept(P, D, 1);
        queues.accept(Q, D, 1);
        queues
    }

    #[test]
    fn grants_in_the_order_of_acceptance_pass_nobody() {
        let mut queues = both();
        assert_eq!((queues.grant(P, D, 1), queues.grant(Q, D, 1)), (None, None));
    }

    #[test]
    fn who_is_granted_out_of_turn_passes_the_first() {
        assert_eq!(both().grant(Q, D, 1), Some((P, 1)));
    }

    #[test]
    fn the_dead_are_not_passed() {
        let mut queues = both();
        queues.crashed(P);
        assert_eq!(queues.grant(Q, D, 1), None);
    }

    #[test]
    fn what_is_said_again_changes_nothing() {
        let mut queues = both();
        queues.accept(P, D, 1);
        assert_eq!(queues.grant(P, D, 1), None);
        assert_eq!(queues.grant(P, D, 1), None);
        queues.accept(P, D, 1);
        assert_eq!(queues.grant(Q, D, 1), None);
    }

    #[test]
    fn an_unaccepted_request_must_not_pass_an_accepted_one() {
        let mut queues = Queues::default();
        queues.accept(P, D, 1);
        assert_eq!(queues.grant(Q, D, 1), Some((P, 1)));
    }
}
