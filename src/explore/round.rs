//! A run that goes round for ever, up to where it has come back once.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::trial::Judge;
use crate::engine::{Lost, MessageId, Observer, Outcome, Violation, World};
use crate::model::{Effect, Event, Process, ProcessId, Ticks};
use crate::trace::Ending;

/// Where a run comes back to where it was: what has not come by then never comes, and so the run is judged there as one
/// that is over. If no time passes on the way, that is wrong by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Round {
    /// After this event it is for the first time where it will be again.
    pub from_event: u64,
    /// After this one it is there again.
    pub to_event: u64,
}

impl Round {
    /// The last line for a run that came to this: if it went round, with where.
    pub(super) fn ending(self, outcome: &Outcome) -> Ending {
        let mut ending = Ending::new(outcome);
        let went_round = ending.property.is_some() && ending.event == self.to_event;
        ending.cycle_from_event = went_round.then_some(self.from_event);
        ending
    }
}

/// Sees whether a run goes round where it should.
///
/// It compares the processes and the messages in flight. When what is pending comes it cannot see: that was compared
/// when the schedule was found.
pub(super) struct Rounds<P: Process> {
    round: Option<Round>,
    flight: BTreeMap<MessageId, (ProcessId, ProcessId, P::Message)>,
    start: Option<Place<P>>,
    since: Ticks,
    is_back: bool,
    stands_still: bool,
}

/// Where a run is.
#[derive(PartialEq, Eq)]
struct Place<P: Process> {
    processes: Vec<(bool, P, P::Stable)>,
    flight: Vec<(ProcessId, ProcessId, P::Message)>,
    last_fault: Ticks,
}

impl<P: Process> Rounds<P> {
    pub(super) fn new(round: Option<Round>) -> Self {
        Self { round, flight: BTreeMap::new(), start: None, since: Ticks::ZERO, is_back: false, stands_still: false }
    }

    /// What is wrong with a run that was cut off where it should be back.
    pub(super) fn judge(&self, judge: &mut impl Judge<P>, world: &World<P>) -> Result<(), Violation> {
        if !self.is_back {
            return Ok(());
        }
        if self.stands_still {
            return Err(world.violation("time_passes", Vec::new(), "time stands still".to_owned()));
        }
        judge.goes_round(world)
    }

    fn place(&self, world: &World<P>) -> Place<P> {
        let all = ProcessId::all(world.count());
        let seat = |p| (world.is_up(p), world.process(p).clone(), world.stable(p).clone());
        let flight = self.flight.values().cloned().collect();
        Place { processes: all.map(seat).collect(), flight, last_fault: world.last_fault() }
    }
}

impl<P: Process> Observer<P> for Rounds<P> {
    fn event(&mut self, _: ProcessId, _: &Event<P>, message: Option<MessageId>, _: &World<P>) {
        if let Some(id) = message {
            self.flight.remove(&id);
        }
    }

    fn effect(&mut self, from: ProcessId, effect: &Effect<P>, message: Option<MessageId>, _: &World<P>) {
        if let (Some(_), Effect::Send { to, message: content }, Some(id)) = (self.round, effect, message) {
            self.flight.insert(id, (from, *to, content.clone()));
        }
    }

    fn lost(&mut self, lost: &Lost<'_, P>, _: &World<P>) {
        self.flight.remove(&lost.id);
    }

    fn check(&mut self, world: &World<P>) -> Result<(), Violation> {
        let Some(Round { from_event, to_event }) = self.round else { return Ok(()) };
        if world.event() == from_event {
            self.start = Some(self.place(world));
            self.since = world.now();
        } else if world.event() == to_event {
            let place = self.place(world);
            self.is_back = self.start.as_ref() == Some(&place);
            self.stands_still = self.since == world.now();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Crash, Decisions, End, Limit, Moment, Setup, Stats};
    use crate::explore::{Case, Part, Runner};
    use crate::model::{Context, Never};
    use crate::mutex::{Indication, Mutex, Request, Workload};

    /// Process 0 sends something to process 1 once every four ticks, and never grants anything.
    #[derive(Clone, Debug, PartialEq, Eq, Hash)]
    struct Beat(u64);

    impl Process for Beat {
        /// Whether it counts.
        type Config = bool;
        type Message = ();
        type Timer = ();
        type Request = Request;
        type Indication = Indication;
        type Stable = ();
        type Record = Never;

        fn new(_: ProcessId, _: &bool) -> Self {
            Self(0)
        }

        fn on_start(&mut self, ctx: &mut Context<'_, Self>) {
            if ctx.me() == ProcessId::new(0) {
                ctx.set_timer((), Ticks::new(4));
            }
        }

        fn on_timer(&mut self, (): (), ctx: &mut Context<'_, Self>) {
            self.0 += u64::from(*ctx.config());
            ctx.send(ProcessId::new(1), ());
            ctx.set_timer((), Ticks::new(4));
        }

        fn on_message(&mut self, _: ProcessId, (): (), _: &mut Context<'_, Self>) {}

        fn on_request(&mut self, _: Request, _: &mut Context<'_, Self>) {}
    }

    impl Mutex for Beat {}

    fn setup(counts: bool) -> Setup<Beat> {
        let mut setup = Setup::new(2, counts);
        setup.network.delay_ticks = 2.into();
        setup
    }

    /// How a run ends that goes round between these events: two starts and two requests come first.
    fn ends(setup: Setup<Beat>, from_event: u64, to_event: u64) -> End {
        let mut case = Case::new(setup);
        case.set_workload(Workload { requests: 1, think_ticks: 0.into(), ..Workload::default() });
        case.patience = Ticks::MAX;
        let part = Part { round: Some(Round { from_event, to_event }), ..Part::default() };
        let case = case.part(&part).expect("locks may go round");
        let outcome = Runner::new(&case).expect("it can be run").replay(Decisions::new(), &mut ()).0;
        assert_eq!(outcome.stats.events, to_event);
        outcome.end
    }

    const NO_ROUND: End = End::CutOff(Limit::Events);

    #[test]
    fn whoever_waits_where_a_run_is_back_waits_for_ever() {
        let End::Violated(violation) = ends(setup(false), 5, 7) else { panic!("it is back") };
        assert_eq!((&*violation.property, violation.event), ("every_request_granted", 7));
        let why = "p0 has waited for d0 since tick 0, and the run goes round for ever: ";
        assert!(violation.explanation.starts_with(why), "{violation}");
    }

    #[test]
    fn it_is_back_if_processes_and_messages_are_as_they_were_and_nothing_went_wrong_meanwhile() {
        assert_eq!(ends(setup(false), 5, 6), NO_ROUND, "a message is no longer in flight");
        assert_eq!(ends(setup(true), 5, 7), NO_ROUND, "a process has counted");
        let crash = |at| Crash { process: ProcessId::new(1), moment: Moment::AtTick(at), down_ticks: Some(1.into()) };
        let mut crashes = setup(false);
        // What was in flight is lost, the crash is told, and whoever crashed is back.
        crashes.faults.crashes = vec![crash(9)];
        assert_eq!(ends(crashes.clone(), 6, 10), NO_ROUND);
        crashes.faults.crashes = vec![crash(3)];
        assert!(matches!(ends(crashes, 10, 12), End::Violated(_)), "it was before");
    }

    #[test]
    fn no_time_passes_between_two_requests_of_one_tick() {
        let End::Violated(violation) = ends(setup(false), 3, 4) else { panic!("nothing is sent") };
        assert_eq!(violation.property, "time_passes");
    }

    #[test]
    fn a_run_went_round_if_it_is_violated_where_it_is_back() {
        let stats = Stats { events: 7, ..Stats::default() };
        let cycle = |event: Option<u64>, to_event| {
            let violated = |event| {
                let (property, explanation) = ("every_request_granted".to_owned(), "it waits".to_owned());
                End::Violated(Violation { property, at: Ticks::ZERO, event, processes: Vec::new(), explanation })
            };
            let end = event.map_or(End::Quiescent, violated);
            Round { from_event: 3, to_event }.ending(&Outcome { end, at: Ticks::ZERO, stats }).cycle_from_event
        };
        assert_eq!(cycle(Some(5), 5), Some(3));
        assert_eq!((cycle(Some(4), 5), cycle(None, 7), cycle(None, 8)), (None, None, None));
    }
}
