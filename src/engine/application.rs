use std::borrow::Cow;

use super::decision::{Chance, Topic};
use super::distribution::Distribution;
use super::rng::Stream;
use crate::model::{Process, ProcessId, Ticks};

/// The applications at all processes: what makes requests and takes indications.
pub trait Application<P: Process> {
    /// Upon the start of the run, once for each process, after every process has started.
    fn start(&mut self, _process: ProcessId, _state: &P, _agenda: &mut Agenda<'_, P::Request>) {}

    /// A request it made is about to be handed to the process: whether it still wants it.
    fn requested(&mut self, _process: ProcessId, _request: &P::Request) -> bool {
        true
    }

    /// Upon an indication of a process. Requests it makes come after the step.
    fn indication(&mut self, process: ProcessId, indication: &P::Indication, agenda: &mut Agenda<'_, P::Request>);

    /// Upon a crash: the application at this process is gone too, and so are the requests it had scheduled.
    fn crashed(&mut self, _process: ProcessId) {}

    /// Upon a restart, after the process has handled it.
    fn restarted(&mut self, _process: ProcessId, _state: &P, _agenda: &mut Agenda<'_, P::Request>) {}

    /// Whether nothing more is wanted: then the run ends after `settle_ticks`.
    fn settled(&self) -> bool;

    /// The names of the conditions that crashes can be set to strike at.
    fn conditions(&self) -> &'static [&'static str] {
        &[]
    }

    /// Whether a condition holds of a process in this state.
    fn holds(&self, _condition: &str, _process: ProcessId, _state: &P) -> bool {
        false
    }

    /// Whether a condition holds of the receiver of a message while the message is in flight.
    fn holds_in_flight(&self, _condition: &str, _message: &P::Message) -> bool {
        false
    }
}

/// An application that wants nothing: the run goes on until nothing happens any more or a limit is met.
#[derive(Clone, Copy, Debug, Default)]
pub struct Idle;

impl<P: Process> Application<P> for Idle {
    fn indication(&mut self, _: ProcessId, _: &P::Indication, _: &mut Agenda<'_, P::Request>) {}

    fn settled(&self) -> bool {
        false
    }
}

/// Where an application schedules the requests of one process, and draws what it leaves to chance.
pub struct Agenda<'a, R> {
    process: ProcessId,
    chance: &'a mut Chance,
    requests: &'a mut Vec<(Ticks, ProcessId, R)>,
}

impl<'a, R> Agenda<'a, R> {
    pub(crate) fn new(
        process: ProcessId,
        chance: &'a mut Chance,
        requests: &'a mut Vec<(Ticks, ProcessId, R)>,
    ) -> Self {
        Self { process, chance, requests }
    }

    /// Makes a request `after` ticks from now.
    pub fn request(&mut self, after: Ticks, request: R) {
        self.requests.push((after, self.process, request));
    }

    /// Draws a span. `what` names it in schedules: one word, `snake_case`.
    pub fn span(&mut self, what: &'static str, spread: &Distribution) -> Ticks {
        let process = self.process;
        self.chance.span(Stream::Workload, spread, || topic(process, what))
    }

    /// Draws a number in `0..bound`; 0 also where there is none.
    pub fn below(&mut self, what: &'static str, bound: u64) -> u64 {
        let process = self.process;
        self.chance.below(Stream::Workload, bound, || topic(process, what))
    }

    /// Is true in `per_mille` of 1,000 cases.
    pub fn happens(&mut self, what: &'static str, per_mille: u16) -> bool {
        let process = self.process;
        self.chance.happens(Stream::Workload, per_mille, || topic(process, what))
    }
}

fn topic(process: ProcessId, what: &'static str) -> Topic {
    Topic::Application { process, what: Cow::Borrowed(what) }
}
