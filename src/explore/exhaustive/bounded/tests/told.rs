//! What is found is told, and replayed.

use jeton::algorithms::query_ring::QueryRing;

use super::super::*;
use crate::engine::{RandomCrashes, Setup};
use crate::explore::toy::Reckless;
use crate::model::{Context, Never, Process, ProcessId};
use crate::mutex::{DataId, Fence, Indication, Request, System, Workload};

/// Each enters without being asked, when its timer fires, or panics.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Intruder;

impl Process for Intruder {
    /// After how many ticks, and whether it panics.
    type Config = (u64, bool);
    type Message = Never;
    type Timer = ();
    type Request = Request;
    type Indication = Indication;
    type Stable = ();
    type Record = Never;

    fn new(_: ProcessId, _: &Self::Config) -> Self {
        Self
    }

    fn on_start(&mut self, ctx: &mut Context<'_, Self>) {
        let (after, _) = *ctx.config();
        ctx.set_timer((), Ticks::new(after));
    }

    fn on_request(&mut self, _: Request, _: &mut Context<'_, Self>) {}

    fn on_message(&mut self, _: ProcessId, message: Never, _: &mut Context<'_, Self>) {
        match message {}
    }

    fn on_timer(&mut self, (): (), ctx: &mut Context<'_, Self>) {
        assert!(!ctx.config().1, "it was to");
        ctx.indicate(Indication::Entered(DataId::new(0), Fence::default()));
    }
}

impl Mutex for Intruder {}

/// Which property two of them are found to violate, and the part in which that is replayed.
fn intruders(config: (u64, bool), claims: &[Property], checked: &[Property]) -> (&'static str, Part) {
    let mut case = Case::new(Setup::<Intruder>::new(2, config));
    case.set_workload(Workload { requests: 0, ..Workload::default() });
    case.properties = claims.to_vec();
    let proof = Exhaustive::of(case.clone()).properties(checked).bounded_time().run().expect("it can be run");
    let found = (case, proof.counterexample().expect("nobody keeps them away").clone());
    (found.1.property, replayed(&found).part.clone())
}

#[test]
fn what_comes_when_all_is_settled_is_replayed_up_to_where_it_comes() {
    let found = |config, to_event| {
        let (property, part) = intruders(config, &[Property::SingleHolder], &[Property::SingleHolder]);
        assert_eq!(part, Part { to_event, ..Part::default() }, "{property}");
        property
    };
    // Two starts and two timers. A run goes on for some ticks when all is settled.
    assert_eq!(found((2, false), None), "single_holder");
    assert_eq!(found((500, false), Some(4)), "single_holder");
    assert_eq!(found((500, true), Some(3)), NO_PANIC);
}

#[test]
fn what_is_looked_for_is_replayed_though_something_else_is_wrong_before() {
    let claims = [Property::TokenInCs, Property::SingleHolder];
    let (property, part) = intruders((2, false), &claims, &[Property::SingleHolder]);
    let alone = Part { properties: Some(vec![Property::SingleHolder]), to_event: Some(4), ..Part::default() };
    assert_eq!((property, part), ("single_holder", alone));
    // Nobody has a token, with the first that enters.
    assert_eq!(intruders((2, false), &claims, &claims), ("token_in_cs", Part::default()));
}

/// Whoever is asked for the resource tosses a coin each second tick, until it shows tails.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Tossing;

/// What heads are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Heads {
    /// It tosses again.
    Again,
    /// It panics.
    Panic,
    /// It tosses no more, and gives nothing.
    Give,
}

impl Process for Tossing {
    type Config = Heads;
    type Message = Never;
    type Timer = ();
    type Request = Request;
    type Indication = Indication;
    type Stable = ();
    type Record = Never;

    fn new(_: ProcessId, _: &Heads) -> Self {
        Self
    }

    fn on_request(&mut self, request: Request, ctx: &mut Context<'_, Self>) {
        match request {
            Request::Enter(_) => ctx.set_timer((), TOSS),
            Request::Leave(data) => ctx.indicate(Indication::Left(data)),
            _ => {}
        }
    }

    fn on_message(&mut self, _: ProcessId, message: Never, _: &mut Context<'_, Self>) {
        match message {}
    }

    fn on_timer(&mut self, (): (), ctx: &mut Context<'_, Self>) {
        match (ctx.choose(2), *ctx.config()) {
            (1, Heads::Again) => ctx.set_timer((), TOSS),
            (1, Heads::Panic) => panic!("heads"),
            (1, Heads::Give) => {}
            _ => ctx.indicate(Indication::Entered(DataId::new(0), Fence::default())),
        }
    }
}

const TOSS: Ticks = Ticks::new(2);

impl Mutex for Tossing {}

/// It has a token, and must not be asked for anything in its second life, or once its timer has fired, a tick after its
/// start.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Mortal {
    rang: bool,
}

impl Process for Mortal {
    type Config = ();
    type Message = Never;
    type Timer = ();
    type Request = Request;
    type Indication = Indication;
    type Stable = ();
    type Record = Never;

    fn new(_: ProcessId, (): &()) -> Self {
        Self { rang: false }
    }

    fn on_start(&mut self, ctx: &mut Context<'_, Self>) {
        ctx.set_timer((), Ticks::new(1));
    }

    fn on_request(&mut self, _: Request, ctx: &mut Context<'_, Self>) {
        assert!(ctx.boot() != 2 && !self.rang);
    }

    fn on_message(&mut self, _: ProcessId, message: Never, _: &mut Context<'_, Self>) {
        match message {}
    }

    fn on_timer(&mut self, (): (), _: &mut Context<'_, Self>) {
        self.rang = true;
    }
}

impl Mutex for Mortal {
    fn tokens(&self) -> u32 {
        1
    }
}

/// Two requests of each, which come at once and are held for a tick.
fn hurried() -> Workload {
    let (think_ticks, hold_ticks) = (0.into(), 1.into());
    Workload { requests: 2, write_per_mille: 0, think_ticks, hold_ticks, ..Workload::default() }
}

/// What is found of a setup in which users think for so long, and the case of it.
fn found<P: Mutex>(case: impl Into<Case<P>>, think_ticks: Distribution) -> (Case<P>, Counterexample) {
    let mut case = case.into();
    case.set_workload(Workload { think_ticks, ..hurried() });
    let proof = Exhaustive::of(case.clone()).bounded_time().run().expect("it can be run");
    let counterexample = proof.counterexample().unwrap_or_else(|| panic!("{:?}", proof.coverage)).clone();
    (case, counterexample)
}

/// The schedule of what was found, whose run shows it.
fn replayed<P: Mutex>((case, counterexample): &(Case<P>, Counterexample)) -> &Schedule {
    let Reproducer::Timed(schedule) = &counterexample.schedule else { panic!("there is a clock") };
    let case = case.part(&schedule.part).expect("it is there");
    let mut runner = Runner::new(&case).expect("it can be run");
    let (outcome, divergence) = runner.replay(schedule.decisions.clone(), &mut ());
    assert!(schedule.is_reproduced_by(&outcome.end) && divergence.is_empty(), "{:?}\n{counterexample}", outcome.end);
    schedule
}

#[test]
fn two_holders_are_found() {
    let found = found(Setup::<Reckless>::new(2, ()), 0.into());
    assert_eq!((found.1.property, found.1.cycle), ("single_holder", None));
    replayed(&found);
}

#[test]
fn a_panic_is_found_with_the_choice_that_leads_to_it() {
    let found = found(Setup::<Tossing>::new(1, Heads::Panic), 0.into());
    assert_eq!((found.1.property, &*found.1.explanation), ("no_panic", "p0 panicked: heads"));
    assert_eq!(replayed(&found).decisions.len(), 1);
}

#[test]
fn the_application_of_a_process_that_comes_back_asks_again() {
    let mut setup = Setup::<Mortal>::new(1, ());
    setup.faults.random = vec![RandomCrashes { down_ticks: Some(1.into()), ..RandomCrashes::up_to(1) }];
    let mut case = Case::new(setup);
    case.properties.clear();
    let found = found(case, 0.into());
    assert_eq!(found.1.property, "no_panic");
    replayed(&found);
}

#[test]
fn what_comes_of_an_application_that_thinks_for_longer_is_found() {
    let found = found(Setup::<Mortal>::new(1, ()), (0..=1).into());
    assert_eq!(found.1.property, "no_panic");
    assert_eq!(replayed(&found).decisions.len(), 1);
}

#[test]
fn a_rest_in_which_somebody_waits_is_found() {
    let found = found(Setup::<Tossing>::new(1, Heads::Give), 0.into());
    // Asked, tossed, and nothing comes any more.
    assert_eq!((found.1.property, found.1.steps.len(), found.1.cycle), ("every_request_granted", 2, Some(2)));
    assert_eq!(replayed(&found).decisions.len(), 1);
}

#[test]
fn a_way_round_is_told_in_one_turn() {
    let found = found(Setup::<Tossing>::new(1, Heads::Again), 0.into());
    assert_eq!((found.1.property, found.1.steps.len(), found.1.cycle), ("every_request_granted", 2, Some(1)));
    assert_eq!(replayed(&found).decisions.len(), 1);
}

#[test]
fn tokens_are_weighed_with_those_on_their_way() {
    let mortal = |processes| {
        let mut case = Case::new(Setup::<Mortal>::new(processes, ()));
        case.properties = vec![Property::SingleToken];
        case
    };
    let found = found(mortal(2), 0.into());
    assert_eq!(found.1.property, "single_token");
    replayed(&found);
    Exhaustive::of(mortal(1)).workload(hurried()).bounded_time().run().expect("it can be run").assert_verified();

    // The token goes from process 0 to process 2, and perhaps back.
    let config = QueryRing::configure(3, &<QueryRing as System>::Parameters::default()).expect("it can be");
    let mut case = Case::new(Setup::<QueryRing>::new(3, config));
    Arc::make_mut(&mut case.setup).network.delay_ticks = 1.into();
    case.set_workload(hurried());
    (case.properties, case.requests) = (vec![Property::SingleToken], vec![0, 0, 1]);
    Exhaustive::of(case).bounded_time().run().expect("it can be run").assert_verified();
}
