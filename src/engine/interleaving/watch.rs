//! What a search keeps of a run besides the world: its applications, and what properties must remember.

use std::fmt::Debug;
use std::hash::Hash;

use crate::engine::application::Agenda;
use crate::model::{Effect, Event, Process, ProcessId, Relabelling};

/// The applications at all processes and the properties, in parts: one part for each process, which only its own steps
/// change, and one for the whole run. All are values, and belong to the state of the search.
///
/// A search remembers what a process does upon an event, so that nothing here may depend on anything but its arguments.
pub(crate) trait Watch<P: Process>: Send + Sync {
    /// Of one process: its application, and what must be remembered of what it did.
    type Local: Clone + Debug + Eq + Hash + Send + Sync;
    /// Of the whole run.
    type Global: Clone + Debug + Eq + Hash + Default + Send + Sync;
    /// What a step has shown as far as it matters beyond its process; the default shows nothing.
    type Shown: Clone + Debug + Eq + Hash + Default + Send + Sync;
    /// What others must know of a process, found out once for each of its states.
    type Facts: Clone + Debug + PartialEq + Send + Sync;

    /// Of a process before the start.
    fn before(&self) -> Self::Local;

    /// The process has started: its application does.
    fn start(&self, local: &mut Self::Local, process: ProcessId, state: &P, agenda: &mut Agenda<'_, P::Request>);

    /// Whether the application still wants what it is about to request.
    fn requested(&self, local: &mut Self::Local, process: ProcessId, request: &P::Request) -> bool;

    /// Whether the application may for ever put off what it has yet to request.
    fn may_put_off(&self, local: &Self::Local) -> bool;

    /// The process is about to handle an event.
    fn event(&self, local: &mut Self::Local, shown: &mut Self::Shown, event: &Event<P>);

    /// An effect is about to be done.
    fn effect(
        &self,
        local: &mut Self::Local,
        shown: &mut Self::Shown,
        process: ProcessId,
        effect: &Effect<P>,
        agenda: &mut Agenda<'_, P::Request>,
    );

    /// The process has handled an event, and has not crashed; `before` is the state in which it was.
    fn after(&self, local: &Self::Local, shown: &mut Self::Shown, before: &P, state: &P);

    /// The process crashes within the step: what is looked at after a step is not shown.
    fn cut_short(&self, shown: &mut Self::Shown);

    /// The process crashes; it may come back, or does not.
    fn crash(&self, local: &mut Self::Local, process: ProcessId, comes_back: bool);

    /// The process has handled its restart.
    fn restarted(&self, local: &mut Self::Local, process: ProcessId, state: &P, agenda: &mut Agenda<'_, P::Request>);

    /// What others must know of a process; its state, if it is up.
    fn facts(&self, process: ProcessId, state: Option<&P>, stable: &P::Stable, local: &Self::Local) -> Self::Facts;

    /// A step of a process is over, and has shown something: what is violated, and what is remembered if it changes.
    fn check(
        &self,
        process: ProcessId,
        shown: &Self::Shown,
        facts: &[&Self::Facts],
        global: &Self::Global,
    ) -> (Option<Found>, Option<Self::Global>);

    /// A process has crashed: what is remembered, if it changes.
    fn crashed(&self, process: ProcessId, global: &Self::Global) -> Option<Self::Global>;

    /// The process has got another id.
    fn relabel(&self, local: &mut Self::Local, from: ProcessId, to: ProcessId);

    /// The process that is to be asked this has got another id.
    fn relabel_request(&self, request: &mut P::Request, from: ProcessId, to: ProcessId);

    /// Processes have got other ids.
    fn relabel_global(&self, global: &mut Self::Global, ids: &Relabelling<'_>);

    /// Processes have got other ids.
    fn relabel_shown(&self, shown: &mut Self::Shown, ids: &Relabelling<'_>);

    /// Whether a message may weigh something in flight.
    fn is_weighed(&self, message: &P::Message) -> bool;

    /// What a process that is up, together with what is in flight to it, weighs; 0 where nothing is weighed. With a
    /// message more in flight it weighs no less.
    fn weigh(&self, state: &P, flight: &[(ProcessId, &P::Message)]) -> u32;

    /// What it means that all processes together weigh more than 1.
    fn overweight(&self, weights: &[u32]) -> Found;

    /// What must not be so for ever, in a state in which nothing need happen any more or to which a run comes back for
    /// ever.
    fn unsettled(&self, facts: &[&Self::Facts]) -> Option<Found>;
}

/// What is violated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// The name of the property.
    pub(crate) property: &'static str,
    /// The processes that it concerns.
    pub(crate) processes: Vec<ProcessId>,
    /// One sentence without its full stop.
    pub(crate) explanation: String,
}
