use super::Mutex;
use crate::engine::{MessageId, World};
use crate::model::ProcessId;

/// Where the valid tokens of a ring are: held, or in flight to a live process.
///
/// A token in flight is valid as long as its receiver, in the state it is in, would accept it; only a step of the
/// receiver changes that, so a step costs the tokens on their way to one process, of which a correct ring has one.
#[derive(Clone, Debug)]
pub(super) struct Tokens<P: Mutex> {
    held: Vec<u32>,
    total_held: u64,
    flights: Vec<Flight<P>>,
}

#[derive(Clone, Debug)]
struct Flight<P: Mutex> {
    id: MessageId,
    token: u64,
    from: ProcessId,
    to: ProcessId,
    message: P::Message,
    valid: bool,
}

impl<P: Mutex> Flight<P> {
    /// The state of a process has changed.
    #[inline(always)]
    fn stepped(&mut self, process: ProcessId, world: &World<P>) {
        // A flight that has just begun is looked at with the state of its receiver, whoever stepped.
        if self.to == process || self.from == process {
            let receiver = world.process(self.to);
            self.valid = world.is_up(self.to) && receiver.would_accept(self.from, &self.message);
        }
    }
}

impl<P: Mutex> Default for Tokens<P> {
    fn default() -> Self {
        Self { held: Vec::new(), total_held: 0, flights: Vec::new() }
    }
}

impl<P: Mutex> Tokens<P> {
    pub(super) fn reset(&mut self, processes: u32) {
        self.held.clear();
        self.held.resize(processes as usize, 0);
        self.total_held = 0;
        self.flights.clear();
    }

    #[inline(always)]
    pub(super) fn sent(&mut self, from: ProcessId, to: ProcessId, id: MessageId, message: &P::Message) {
        if let Some(token) = P::token(message) {
            self.flights.push(Flight { id, token, from, to, message: message.clone(), valid: false });
        }
    }

    pub(super) fn duplicated(&mut self, id: MessageId, copy: MessageId) {
        if let Some(flight) = self.flights.iter().find(|flight| flight.id == id).cloned() {
            self.flights.push(Flight { id: copy, ..flight });
        }
    }

    #[inline(always)]
    pub(super) fn arrived(&mut self, id: MessageId) {
        // Nearly always it is the only one.
        if self.flights.last().is_some_and(|flight| flight.id == id) {
            self.flights.pop();
        } else {
            self.arrived_among(id);
        }
    }

    #[inline(never)]
    fn arrived_among(&mut self, id: MessageId) {
        if let Some(index) = self.flights.iter().position(|flight| flight.id == id) {
            self.flights.swap_remove(index);
        }
    }

    pub(super) fn crashed(&mut self, process: ProcessId) {
        self.set_held(process, 0);
        self.flights.retain(|flight| flight.to != process);
    }

    /// How many there are after a step of this process; copies of one token on their way to one process are one.
    #[inline(always)]
    pub(super) fn valid_after(&mut self, process: ProcessId, tokens: u32, world: &World<P>) -> u64 {
        if self.held[process.index()] != tokens {
            self.set_held(process, tokens);
        }
        if let [flight] = self.flights.as_mut_slice() {
            flight.stepped(process, world);
            return self.total_held + u64::from(flight.valid);
        }
        for flight in &mut self.flights {
            flight.stepped(process, world);
        }
        self.valid()
    }

    /// How many there are.
    #[inline(never)]
    pub(super) fn valid(&self) -> u64 {
        let mut count = self.total_held;
        for (index, flight) in self.flights.iter().enumerate() {
            let is_copy = |other: &Flight<P>| other.valid && other.to == flight.to && other.token == flight.token;
            count += u64::from(flight.valid && !self.flights[..index].iter().any(is_copy));
        }
        count
    }

    fn set_held(&mut self, process: ProcessId, tokens: u32) {
        let held = &mut self.held[process.index()];
        self.total_held = self.total_held - u64::from(*held) + u64::from(tokens);
        *held = tokens;
    }

    /// Who has a valid token, or is about to.
    pub(super) fn places(&self) -> Vec<ProcessId> {
        let held = self.held.iter().enumerate().filter(|(_, held)| **held > 0);
        let held = held.map(|(index, _)| ProcessId::new(index as u32));
        let flying = self.flights.iter().filter(|flight| flight.valid).map(|flight| flight.to);
        let mut places: Vec<ProcessId> = held.chain(flying).collect();
        places.sort_unstable();
        places.dedup();
        places
    }

    /// The tokens in words: who has one, and which are on their way.
    pub(super) fn describe(&self) -> String {
        let mut parts = Vec::new();
        for (index, held) in self.held.iter().enumerate().filter(|(_, held)| **held > 0) {
            let process = ProcessId::new(index as u32);
            parts.push(if *held == 1 { format!("one at {process}") } else { format!("{held} at {process}") });
        }
        for flight in self.flights.iter().filter(|flight| flight.valid) {
            parts.push(format!("one in flight from {} to {}", flight.from, flight.to));
        }
        parts.join(", ")
    }
}
