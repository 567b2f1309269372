//! The lock table: for every data id a holder and a first-come-first-served queue, and for every client how far it has
//! come with each lock.
//!
//! The table decides who is next and knows nothing of messages. A request costs O(log n) in clients and in data ids,
//! and the death of a client O(the locks it ever asked for): places in a queue are found through the client.

use std::collections::{BTreeMap, VecDeque};
use std::hash::{Hash, Hasher};

use super::message::{Absence, Claim, Phase, Step};
use crate::model::{ProcessId, Relabelling};
use crate::mutex::{DataId, Wait};

/// The locks, and those who hold them or wait for them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Table {
    locks: BTreeMap<DataId, Lock>,
    clients: BTreeMap<ProcessId, BTreeMap<DataId, Record>>,
    gone: BTreeMap<ProcessId, Absence>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Lock {
    holder: Option<ProcessId>,
    queue: Queue,
    /// How many grants this table has made of the lock: the counter of the fencing number (rule 5).
    grants: u64,
}

/// What the table knows of one client and one lock: the newest step that the client told, and its place in the queue. A
/// client that has been granted the lock is the holder there and still waits here, until it says otherwise.
#[derive(Clone, Debug, Default)]
struct Record {
    step: Step,
    ticket: Option<Ticket>,
}

// A ticket says no more than the queue does: records with the same step are the same.
impl PartialEq for Record {
    fn eq(&self, other: &Self) -> bool {
        self.step == other.step
    }
}

impl Eq for Record {}

impl Hash for Record {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.step.hash(state);
    }
}

/// A lock that is given to a client: what a grant says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Grant {
    pub(super) client: ProcessId,
    pub(super) data: DataId,
    pub(super) request: u64,
    pub(super) counter: u64,
}

/// What came of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Learned {
    /// It is older than what the table knows, and ignored.
    Older,
    /// The table knew it.
    Known,
    /// The client waits; if it was the holder, it has implied its leave.
    Waits { leave_implied: bool },
    /// The client is the holder.
    Holds,
    /// The client says that it is the holder, and somebody else is.
    Conflicts,
    /// The client neither holds the lock nor waits for it.
    Rests,
}

impl Learned {
    /// Whether the table is another one than before.
    pub(super) fn changed(self) -> bool {
        !matches!(self, Self::Older | Self::Known)
    }
}

impl Table {
    /// Takes note of a claim (rule 1). One that newly waits has no place in the queue yet. Without `steps` every claim
    /// passes for news.
    pub(super) fn learn(&mut self, client: ProcessId, claim: Claim, steps: bool) -> Learned {
        let Claim { data, step } = claim;
        let record = self.clients.entry(client).or_default().entry(data).or_default();
        let lock = self.locks.entry(data).or_default();
        let held = lock.holder == Some(client);
        if steps && step < record.step {
            return Learned::Older;
        }
        // A holder that the table does not have as one is listened to each time it says so.
        if steps && step == record.step && (step.phase != Phase::Holding || held) {
            return Learned::Known;
        }
        record.step = step;
        if step.phase == Phase::Waiting {
            if held {
                lock.holder = None;
            }
            return Learned::Waits { leave_implied: held };
        }
        if let Some(ticket) = record.ticket.take() {
            lock.queue.remove(ticket);
        }
        if step.phase == Phase::Idle {
            if held {
                lock.holder = None;
            }
            return Learned::Rests;
        }
        match lock.holder {
            Some(holder) if holder != client => Learned::Conflicts,
            _ => {
                lock.holder = Some(client);
                Learned::Holds
            }
        }
    }

    /// Takes note of a claim, and queues one that newly waits behind all others.
    pub(super) fn take(&mut self, client: ProcessId, claim: Claim, steps: bool) -> Learned {
        let learned = self.learn(client, claim, steps);
        if let Learned::Waits { .. } = learned {
            self.queue(client, claim.data, Queue::push_back);
        }
        learned
    }

    /// Puts a client that waits before all others.
    pub(super) fn queue_first(&mut self, client: ProcessId, data: DataId) {
        self.queue(client, data, Queue::push_front);
    }

    fn queue(&mut self, client: ProcessId, data: DataId, push: impl FnOnce(&mut Queue, ProcessId) -> Ticket) {
        let record = self.clients.entry(client).or_default().entry(data).or_default();
        if record.ticket.is_none() {
            record.ticket = Some(push(&mut self.locks.entry(data).or_default().queue, client));
        }
    }

    /// Gives a free lock to the first in its queue, who becomes the holder (rule 2).
    pub(super) fn grant(&mut self, data: DataId) -> Option<Grant> {
        let lock = self.locks.get_mut(&data)?;
        if lock.holder.is_some() {
            return None;
        }
        let client = lock.queue.pop_front()?;
        lock.holder = Some(client);
        lock.grants += 1;
        let counter = lock.grants;
        let record = self.clients.get_mut(&client)?.get_mut(&data)?;
        record.ticket = None;
        Some(Grant { client, data, request: record.step.request, counter })
    }

    /// The last grant of a lock once more, if its receiver is not known to have it: it is the holder and, by what it
    /// told, waits.
    pub(super) fn unconfirmed(&self, data: DataId) -> Option<Grant> {
        let lock = self.locks.get(&data)?;
        let client = lock.holder?;
        let step = self.step(client, data);
        (step.phase == Phase::Waiting).then_some(Grant { client, data, request: step.request, counter: lock.grants })
    }

    /// Strikes out a client that is gone for good: its places in queues vanish, and the locks that it held are free
    /// (rule 4). Returns those.
    pub(super) fn bury(&mut self, client: ProcessId, absence: Absence) -> Vec<DataId> {
        self.gone.insert(client, absence);
        let mut freed = Vec::new();
        for (data, record) in self.clients.remove(&client).unwrap_or_default() {
            let lock = self.locks.entry(data).or_default();
            if let Some(ticket) = record.ticket {
                lock.queue.remove(ticket);
            }
            if lock.holder == Some(client) {
                lock.holder = None;
                freed.push(data);
            }
        }
        freed
    }

    /// Whether, and how, a client is gone.
    pub(super) fn absence(&self, client: ProcessId) -> Option<Absence> {
        self.gone.get(&client).copied()
    }

    /// The newest step that a client told.
    pub(super) fn step(&self, client: ProcessId, data: DataId) -> Step {
        self.clients.get(&client).and_then(|locks| locks.get(&data)).map(|record| record.step).unwrap_or_default()
    }

    /// The leaves for which somebody waits.
    pub(super) fn waits_for(&self) -> Vec<Wait> {
        let wanted = self.locks.iter().filter(|(_, lock)| !lock.queue.places.is_empty());
        let held = wanted.filter_map(|(data, lock)| Some((data, lock.holder?)));
        held.map(|(data, holder)| Wait::from(holder, format!("the leave of {data}"))).collect()
    }

    /// The client that has the lock.
    pub(super) fn holder(&self, data: DataId) -> Option<ProcessId> {
        self.locks.get(&data)?.holder
    }

    /// Whether this table has ever granted the lock.
    pub(super) fn has_granted(&self, data: DataId) -> bool {
        self.locks.get(&data).is_some_and(|lock| lock.grants > 0)
    }

    /// Whether some lock is held and waited for.
    pub(super) fn is_contended(&self) -> bool {
        self.locks.values().any(|lock| lock.holder.is_some() && !lock.queue.is_empty())
    }

    /// Clients have got other ids.
    pub(super) fn relabel(&mut self, ids: &Relabelling<'_>) {
        for lock in self.locks.values_mut() {
            lock.holder.iter_mut().for_each(|holder| ids.put(holder));
            lock.queue.places.iter_mut().flatten().for_each(|client| ids.put(client));
        }
        let clients = std::mem::take(&mut self.clients);
        self.clients = clients.into_iter().map(|(client, locks)| (ids.of(client), locks)).collect();
        self.gone = self.gone.iter().map(|(&client, &absence)| (ids.of(client), absence)).collect();
    }

    /// Every lock that was ever asked for. Not for every request: there may be many.
    pub(super) fn data_ids(&self) -> Vec<DataId> {
        self.locks.keys().copied().collect()
    }

    /// Who waits for a lock, the first in the queue first.
    pub(super) fn waiting(&self, data: DataId) -> impl Iterator<Item = ProcessId> + '_ {
        self.locks.get(&data).into_iter().flat_map(|lock| lock.queue.iter())
    }

    /// Those who wait and have neither the lock nor a place in its queue, by lock and in the order of their ids. Not
    /// for every request: it looks at all clients.
    pub(super) fn without_place(&self) -> BTreeMap<DataId, Vec<ProcessId>> {
        let mut waiting: BTreeMap<DataId, Vec<ProcessId>> = BTreeMap::new();
        for (&client, locks) in &self.clients {
            for (&data, record) in locks {
                let placed = record.ticket.is_some() || self.holder(data) == Some(client);
                if record.step.phase == Phase::Waiting && !placed {
                    waiting.entry(data).or_default().push(client);
                }
            }
        }
        waiting
    }
}

/// The name of a place in a queue, for as long as the place is there.
type Ticket = usize;

/// First come, first served, and anyone may drop out: each operation is O(1), amortised, and allocates nothing once the
/// queue has been as long.
///
/// Two queues are equal if the same clients wait in the same order; gaps and tickets do not count.
#[derive(Clone, Debug, Default)]
struct Queue {
    /// Who waits; a gap is who dropped out. Neither end is a gap.
    places: VecDeque<Option<ProcessId>>,
    /// The ticket of the first place. It may wrap round.
    first: Ticket,
}

impl Queue {
    fn push_back(&mut self, client: ProcessId) -> Ticket {
        self.places.push_back(Some(client));
        self.first.wrapping_add(self.places.len() - 1)
    }

    fn push_front(&mut self, client: ProcessId) -> Ticket {
        self.places.push_front(Some(client));
        self.first = self.first.wrapping_sub(1);
        self.first
    }

    fn pop_front(&mut self) -> Option<ProcessId> {
        let client = self.places.pop_front()?;
        self.first = self.first.wrapping_add(1);
        self.trim();
        client
    }

    fn remove(&mut self, ticket: Ticket) {
        if let Some(place) = self.places.get_mut(ticket.wrapping_sub(self.first)) {
            *place = None;
            self.trim();
        }
    }

    fn trim(&mut self) {
        while let Some(None) = self.places.front() {
            self.places.pop_front();
            self.first = self.first.wrapping_add(1);
        }
        while let Some(None) = self.places.back() {
            self.places.pop_back();
        }
    }

    fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    fn iter(&self) -> impl Iterator<Item = ProcessId> + '_ {
        self.places.iter().flatten().copied()
    }
}

impl PartialEq for Queue {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Queue {}

impl Hash for Queue {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for client in self.iter() {
            client.hash(state);
        }
        // Ends the sequence, so that what follows is not taken for a part of it.
        u32::MAX.hash(state);
    }
}
