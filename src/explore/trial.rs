//! What is run with the processes of a case, and what must hold of them: those of mutual exclusion, or one's own.

use std::fmt;

use super::round::Round;
use super::runner::Case;
use crate::engine::{Application, MessageId, Observer, Violation, World};
use crate::model::{Effect, Process, ProcessId};
use crate::mutex::{Applications, Monitor, Mutex};
use crate::property::Tally;
use crate::trace::Diagram;
use crate::view;

/// What is run with the processes of a [`Case`], and what must hold of them: [`Locks`] for mutual exclusion, or
/// [`Own`] for anything else. There are no others.
pub trait Trial<P: Process>: Clone + fmt::Debug + Send + Sync {
    /// What makes requests and takes indications.
    #[doc(hidden)]
    type Application: Application<P> + Clone + Send;
    /// What has the verdict.
    #[doc(hidden)]
    #[expect(private_bounds, reason = "nobody else has a trial")]
    type Judge: Judge<P>;

    #[doc(hidden)]
    fn application(case: &Case<P, Self>) -> Self::Application;

    /// Back to what it was before a run.
    #[doc(hidden)]
    fn reset(&self, application: &mut Self::Application);

    #[doc(hidden)]
    fn judge(case: &Case<P, Self>) -> Self::Judge;

    /// How its runs are drawn.
    #[doc(hidden)]
    fn diagram() -> Diagram<'static>;

    /// What the processes share when one is taken out; see [`Mutex::without`].
    #[doc(hidden)]
    fn without(&self, config: &P::Config, processes: u32, process: ProcessId) -> Option<P::Config>;

    /// Where its runs come back to where they were, if it can tell what is wrong then.
    #[doc(hidden)]
    fn round(&mut self) -> Option<&mut Option<Round>>;
}

/// The verdict over one run after another.
pub(super) trait Judge<P: Process>: Clone + Send {
    /// What sees a run, and has its verdict.
    type Watch: Observer<P>;
    /// What is to see the next run.
    fn watch(&mut self) -> &mut Self::Watch;
    /// Ready for the next run; what was counted stays.
    fn reset(&mut self);
    /// Does not end a run at the first violation, where that can be helped.
    fn collect(&mut self);
    /// What is wrong with a run that goes round for ever from here on.
    fn goes_round(&mut self, world: &World<P>) -> Result<(), Violation>;
    /// What was collected in the last run, but for the violation that ended it.
    fn collected(&self) -> &[Violation];
    /// In how many runs each thing worth trying happened since this was last asked; the last run is over.
    fn take_tally(&mut self) -> Tally;
    /// The entries into critical sections since this was last asked, and how many requests they overtook.
    fn take_overtakes(&mut self) -> (u64, u64);
}

/// Mutual exclusion: the workload and the properties of the case, and perhaps some of one's own besides
/// ([`Exploration::also`](super::Exploration::also)).
#[derive(Clone, Default)]
pub struct Locks<O = ()> {
    pub(super) also: O,
    pub(super) round: Option<Round>,
}

/// Any application, and any properties ([`Exploration::of_any`](super::Exploration::of_any)).
#[derive(Clone)]
pub struct Own<P: Process, A, O> {
    pub(super) application: A,
    pub(super) properties: O,
    pub(super) without: Without<P>,
}

/// What the processes share when one is taken out.
pub(super) type Without<P> = fn(&<P as Process>::Config, u32, ProcessId) -> Option<<P as Process>::Config>;

impl<O> fmt::Debug for Locks<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Locks").finish_non_exhaustive()
    }
}

impl<P: Process, A, O> fmt::Debug for Own<P, A, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Own").finish_non_exhaustive()
    }
}

impl<P: Mutex, O: Observer<P> + Clone + Send + Sync> Trial<P> for Locks<O> {
    type Application = Applications;
    type Judge = LockJudge<P, O>;

    fn application(case: &Case<P, Self>) -> Applications {
        Applications::new(case.workload).with_requests(&case.requests)
    }

    fn reset(&self, application: &mut Applications) {
        application.reset();
    }

    fn judge(case: &Case<P, Self>) -> LockJudge<P, O> {
        let fresh = case.trial.also.clone();
        LockJudge { watch: (Monitor::new(&case.properties, case.patience), fresh.clone()), fresh }
    }

    fn diagram() -> Diagram<'static> {
        view::diagram()
    }

    fn without(&self, config: &P::Config, processes: u32, process: ProcessId) -> Option<P::Config> {
        P::without(config, processes, process)
    }

    fn round(&mut self) -> Option<&mut Option<Round>> {
        Some(&mut self.round)
    }
}

impl<P, A, O> Trial<P> for Own<P, A, O>
where
    P: Process,
    A: Application<P> + Clone + Send + Sync,
    O: Observer<P> + Clone + Send + Sync,
{
    type Application = A;
    type Judge = OwnJudge<O>;

    fn application(case: &Case<P, Self>) -> A {
        case.trial.application.clone()
    }

    fn reset(&self, application: &mut A) {
        application.clone_from(&self.application);
    }

    fn judge(case: &Case<P, Self>) -> OwnJudge<O> {
        let fresh = case.trial.properties.clone();
        OwnJudge { watch: (Notes::default(), fresh.clone()), fresh }
    }

    fn diagram() -> Diagram<'static> {
        Diagram::new().brief(true)
    }

    fn without(&self, config: &P::Config, processes: u32, process: ProcessId) -> Option<P::Config> {
        (self.without)(config, processes, process)
    }

    fn round(&mut self) -> Option<&mut Option<Round>> {
        None
    }
}

/// The [`Judge`] of [`Locks`].
#[derive(Clone)]
pub struct LockJudge<P: Mutex, O> {
    watch: (Monitor<P>, O),
    /// Each run begins with a copy of it.
    fresh: O,
}

impl<P: Mutex, O: Observer<P> + Clone> LockJudge<P, O> {
    /// The run is over, for the properties that are not the monitor's.
    fn end(&mut self) {
        let (monitor, also) = &mut self.watch;
        also.seen(&mut |name| monitor.mark(name));
        also.clone_from(&self.fresh);
    }
}

impl<P: Mutex, O: Observer<P> + Clone + Send> Judge<P> for LockJudge<P, O> {
    type Watch = (Monitor<P>, O);

    fn watch(&mut self) -> &mut Self::Watch {
        &mut self.watch
    }
    fn reset(&mut self) {
        self.end();
        self.watch.0.reset();
    }
    fn collect(&mut self) {
        self.watch.0 = self.watch.0.clone().collecting();
    }
    fn goes_round(&mut self, world: &World<P>) -> Result<(), Violation> {
        self.watch.0.goes_round(world)
    }
    fn collected(&self) -> &[Violation] {
        self.watch.0.collected()
    }
    fn take_tally(&mut self) -> Tally {
        self.end();
        self.watch.0.take_tally()
    }
    fn take_overtakes(&mut self) -> (u64, u64) {
        self.watch.0.take_overtakes()
    }
}

/// The [`Judge`] of [`Own`].
#[derive(Clone)]
pub struct OwnJudge<O> {
    watch: (Notes, O),
    /// Each run begins with a copy of it.
    fresh: O,
}

impl<P: Process, O: Observer<P> + Clone + Send> Judge<P> for OwnJudge<O> {
    type Watch = (Notes, O);

    fn watch(&mut self) -> &mut Self::Watch {
        &mut self.watch
    }
    fn reset(&mut self) {
        let (Notes(tally), properties) = &mut self.watch;
        properties.seen(&mut |name| tally.mark(name));
        properties.clone_from(&self.fresh);
        tally.close();
    }
    fn collect(&mut self) {}
    fn goes_round(&mut self, _: &World<P>) -> Result<(), Violation> {
        Ok(())
    }
    fn collected(&self) -> &[Violation] {
        &[]
    }
    fn take_tally(&mut self) -> Tally {
        Judge::<P>::reset(self);
        std::mem::take(&mut self.watch.0.0)
    }
    fn take_overtakes(&mut self) -> (u64, u64) {
        (0, 0)
    }
}

/// Counts what processes note.
#[derive(Clone, Debug, Default)]
pub(super) struct Notes(Tally);

impl<P: Process> Observer<P> for Notes {
    fn effect(&mut self, _: ProcessId, effect: &Effect<P>, _: Option<MessageId>, _: &World<P>) {
        if let Effect::Note { note } = effect {
            self.0.mark(note);
        }
    }
}
