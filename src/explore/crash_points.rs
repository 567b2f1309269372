use std::sync::Arc;

use super::runner::{Case, Runner};
use crate::engine::{Crash, Distribution, End, Invalid, MessageId, Moment, Observer, Outcome, World};
use crate::model::{Effect, Event, Process, ProcessId, Ticks};
use crate::mutex::Mutex;

/// Tries every crash point of a short run, instead of drawing some: each step of each process, before its effects,
/// between any two of them, and after all. With several crashes, every further one at every point of the run that the
/// ones before it left.
///
/// It runs the schedule of one seed over and over, so the delays are that schedule's; try several seeds.
#[derive(Clone, Debug)]
pub struct CrashPoints<P: Mutex> {
    case: Case<P>,
    seed: u64,
    crashes: u32,
    among: Vec<ProcessId>,
    down_ticks: Option<Distribution>,
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct CrashPointReport {
    /// How many combinations of crash points were run.
    pub points: u64,
    /// How many events were in those runs.
    pub events: u64,
    /// The combinations that did not hold, or were cut off, and how each of their runs ended.
    pub failures: Vec<(Vec<Crash>, End)>,
}

impl<P: Mutex> CrashPoints<P> {
    /// Every single crash, for ever, of any process, in the run of this seed.
    pub fn new(case: Case<P>, seed: u64) -> Self {
        Self { case, seed, crashes: 1, among: Vec::new(), down_ticks: None }
    }

    /// Every combination of so many crashes.
    #[must_use]
    pub fn crashes(mut self, crashes: u32) -> Self {
        self.crashes = crashes;
        self
    }

    /// Only these processes crash.
    #[must_use]
    pub fn among(mut self, processes: impl IntoIterator<Item = ProcessId>) -> Self {
        self.among = processes.into_iter().collect();
        self
    }

    /// Who crashes comes back after so many ticks.
    #[must_use]
    pub fn down_ticks(mut self, down: impl Into<Distribution>) -> Self {
        self.down_ticks = Some(down.into());
        self
    }

    /// Runs them all.
    ///
    /// # Errors
    /// What in the setup cannot be.
    pub fn run(self) -> Result<CrashPointReport, Invalid> {
        let mut report = CrashPointReport::default();
        self.descend(&mut Vec::new(), 0, &mut report)?;
        Ok(report)
    }

    /// Runs the crashes chosen so far; then, at every point from the step `since` of that run on, one more.
    fn descend(&self, chosen: &mut Vec<Crash>, since: usize, report: &mut CrashPointReport) -> Result<(), Invalid> {
        let mut steps = Steps::default();
        let outcome = self.try_crashes(chosen, &mut steps)?;
        report.events += outcome.stats.events;
        if !chosen.is_empty() {
            report.points += 1;
        }
        if matches!(outcome.end, End::Violated(_) | End::CutOff(_)) {
            report.failures.push((chosen.clone(), outcome.end));
            return Ok(());
        }
        if chosen.len() as u32 == self.crashes {
            return Ok(());
        }
        for (index, step) in steps.0.iter().enumerate().skip(since) {
            if !self.among.is_empty() && !self.among.contains(&step.process) {
                continue;
            }
            // A step in which its process crashed already has no other end.
            if step.crashed {
                continue;
            }
            for after_effects in 0..=step.effects {
                let moment = Moment::InStep { step: step.number, after_effects };
                chosen.push(Crash { process: step.process, moment, down_ticks: self.down_ticks });
                self.descend(chosen, index + 1, report)?;
                chosen.pop();
            }
        }
        Ok(())
    }

    fn try_crashes(&self, chosen: &[Crash], steps: &mut Steps) -> Result<Outcome, Invalid> {
        let mut case = self.case.clone();
        Arc::make_mut(&mut case.setup).faults.crashes.extend_from_slice(chosen);
        Ok(Runner::new(&case)?.run_observed(self.seed, steps))
    }
}

/// The steps of a run, in order.
#[derive(Clone, Debug, Default)]
pub(super) struct Steps(pub(super) Vec<Step>);

#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) process: ProcessId,
    /// Which step of the process.
    pub(super) number: u64,
    pub(super) at: Ticks,
    pub(super) effects: u32,
    pub(super) crashed: bool,
}

impl<P: Process> Observer<P> for Steps {
    fn event(&mut self, process: ProcessId, _event: &Event<P>, _message: Option<MessageId>, world: &World<P>) {
        // The step is counted when it is made.
        let (number, at) = (world.steps(process) + 1, world.now());
        self.0.push(Step { process, number, at, effects: 0, crashed: false });
    }

    fn effect(&mut self, _process: ProcessId, effect: &Effect<P>, _message: Option<MessageId>, _world: &World<P>) {
        if let (Some(step), false) = (self.0.last_mut(), matches!(effect, Effect::Note { .. })) {
            step.effects += 1;
        }
    }

    fn crashed(&mut self, process: ProcessId, _world: &World<P>) {
        if let Some(step) = self.0.last_mut() {
            step.crashed |= step.process == process;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Setup;
    use crate::model::{Context, Never};
    use crate::mutex::{Indication, Request, Workload};

    /// At its start process 0 sends a message to process 1.
    #[derive(Clone, Debug, PartialEq, Eq, Hash)]
    struct Greeter;

    impl Process for Greeter {
        type Config = ();
        type Message = ();
        type Timer = Never;
        type Request = Request;
        type Indication = Indication;
        type Stable = ();
        type Record = Never;

        fn new(_: ProcessId, (): &()) -> Self {
            Self
        }

        fn on_start(&mut self, ctx: &mut Context<'_, Self>) {
            if ctx.me().get() == 0 {
                ctx.send(ProcessId::new(1), ());
            }
        }

        fn on_message(&mut self, _: ProcessId, (): (), _: &mut Context<'_, Self>) {}
    }

    impl Mutex for Greeter {}

    /// How many points there are at these processes, where one of them crashes in its first step in any case.
    fn points(crashing: Option<u32>, among: &[u32]) -> u64 {
        let mut case = Case::new(Setup::<Greeter>::new(2, ()));
        case.set_workload(Workload { requests: 0, ..Workload::default() });
        let crashes = crashing.map(|process| {
            let (process, moment) = (ProcessId::new(process), Moment::InStep { step: 1, after_effects: 1 });
            Crash { process, moment, down_ticks: None }
        });
        Arc::make_mut(&mut case.setup).faults.crashes = crashes.into_iter().collect();
        let among = among.iter().map(|&process| ProcessId::new(process));
        CrashPoints::new(case, 1).among(among).run().expect("the setup can be").points
    }

    #[test]
    fn a_step_in_which_its_process_crashes_anyway_has_no_point() {
        assert_eq!([points(None, &[0]), points(None, &[1]), points(None, &[])], [2, 2, 4]);
        assert_eq!([points(Some(0), &[0]), points(Some(1), &[1])], [0, 0]);
        assert_eq!(points(Some(1), &[0]), 3, "another hears of it");
    }
}
