//! Failing schedules made small, in a smaller case, and kept.

use std::cell::Cell;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use jeton::algorithms::coordinator::{Durable, DurableParameters};
use jeton::algorithms::query_ring::{Parameters, QueryRing, Rules};
use jeton::engine::{
    Crash, Decisions, End, Faults, Idle, Key, Link, Moment, Partition, Pause, RandomCrashes, Setup, Topic, World,
};
use jeton::explore::{Case, Exploration, Minimised, Minimiser, Part, Runner, Schedule};
use jeton::mutex::{Mutex, Property, System};
use jeton::property::always;
use jeton::{Context, Never, Process, ProcessId};

use super::scenario::directory;

/// Five peers of which one crashes, and who do not confirm a loss: two tokens come of it.
fn ring() -> Case<QueryRing> {
    let parameters = Parameters { rules: Rules { confirm_loss: false, ..Rules::default() }, ..Parameters::default() };
    let config = QueryRing::configure(5, &parameters).expect("it can be");
    let case = Case::new(Setup::new(5, config).with_random_crashes(1));
    Case { properties: vec![Property::SingleToken], ..case }
}

const BROKEN: &str = "single_token";

/// The first seed that shows it.
fn failing(case: &Case<QueryRing>) -> Decisions {
    let report = Exploration::of(case.clone()).run().expect("a valid setup");
    let seed = report.finding(BROKEN).expect("it is found").seed;
    Runner::new(case).expect("a valid setup").record(seed).1
}

fn violated<P: Mutex>(case: &Case<P>, decisions: &Decisions) -> Option<String> {
    match Runner::new(case).expect("a valid setup").replay(decisions.clone(), &mut ()).0.end {
        End::Violated(violation) => Some(violation.property),
        _ => None,
    }
}

#[test]
fn what_is_left_is_smaller_in_every_way_and_fails_alike() {
    let case = ring();
    let decisions = failing(&case);
    let small = Minimiser::new(&case, BROKEN).run(&decisions).expect("a valid setup").expect("it fails");
    let Minimised { part, decisions: left, violation, minimal, .. } = small;
    println!("{part:?}\n{left:?}\n{violation}");
    assert!(minimal && left.len() <= 5 && violation.property == BROKEN);
    assert!(part.without.len() >= 2, "three peers are enough");
    let smaller = case.part(&part).expect("there is such a part");
    assert!(part.requests.iter().sum::<u32>() < 3 * smaller.setup.processes);
    assert_eq!(violated(&smaller, &left).as_deref(), Some(BROKEN));
    for key in left.keys() {
        let mut fewer = left.clone();
        fewer.remove(key);
        assert_ne!(violated(&smaller, &fewer).as_deref(), Some(BROKEN), "it fails without {key} too");
    }
}

#[test]
fn it_is_the_same_every_time() {
    let case = ring();
    let decisions = failing(&case);
    let run = || Minimiser::new(&case, BROKEN).run(&decisions).expect("a valid setup");
    assert_eq!(run(), run());
}

#[test]
fn a_limit_ends_it_and_then_it_is_not_called_minimal() {
    let case = ring();
    let decisions = failing(&case);
    let told = Cell::new(0);
    let minimiser = Minimiser::new(&case, BROKEN);
    let progress = |progress: jeton::explore::MinimiseProgress| told.set(progress.runs);
    let until = || told.get() >= 20;
    for limited in [minimiser.max_runs(20), Minimiser::new(&case, BROKEN).until(&until)] {
        told.set(0);
        let small = limited.progress(&progress).run(&decisions).expect("a valid setup").expect("it fails");
        assert_eq!((small.runs, told.get()), (20, 20));
        assert!(!small.minimal);
        let smaller = case.part(&small.part).expect("there is such a part");
        assert_eq!(violated(&smaller, &small.decisions).as_deref(), Some(BROKEN));
    }
}

#[test]
fn a_schedule_that_holds_cannot_be_made_small() {
    let small = Minimiser::new(&ring(), BROKEN).run(&Decisions::new()).expect("a valid setup");
    assert_eq!(small, None);
}

/// Else a server that comes back, or never fails, would be made one that is gone for good.
#[test]
fn only_those_crash_that_could() {
    let config = Durable::configure(4, &DurableParameters::default()).expect("it can be");
    let mut setup = Setup::<Durable>::new(4, config);
    let among = vec![ProcessId::new(3)];
    setup.faults.random.push(RandomCrashes { among, ..RandomCrashes::up_to(1) });
    let case = Case::new(setup);
    let crash = |key: &str, answer| Decisions::from([(key.parse().expect("a key"), answer)]);
    let of_the_server = crash("crash_in p0 step 5 #1", 1);
    assert_eq!(violated(&case, &of_the_server).as_deref(), Some("every_request_granted"), "a file may say so");
    let small = Minimiser::new(&case, "every_request_granted").run(&of_the_server).expect("a valid setup");
    assert_eq!(small, None, "the case has no such crash");
}

#[test]
fn a_process_taken_out_takes_along_what_is_about_it() {
    let id = ProcessId::new;
    let parameters = Parameters { ring_order: Some(vec![3, 1, 0, 2]), ..Parameters::default() };
    let mut setup = Setup::<QueryRing>::new(4, QueryRing::configure(4, &parameters).expect("it can be"));
    let crash = |process| Crash { process: id(process), moment: Moment::AtTick(9), down_ticks: None };
    let pause = |process| Pause { process: id(process), at_tick: 3, length_ticks: 2 };
    let partition = |side: &[u32]| Partition {
        at_tick: 1,
        length_ticks: 2,
        side: side.iter().map(|&process| id(process)).collect(),
    };
    let group = |up_to, among: &[u32]| RandomCrashes {
        among: among.iter().map(|&process| id(process)).collect(),
        ..RandomCrashes::up_to(up_to)
    };
    let link = |from, to| Link { from: id(from), to: id(to), delay_ticks: 3.into() };
    setup.network.links = vec![link(0, 1), link(3, 2)];
    setup.faults = Faults {
        crashes: vec![crash(1), crash(2)],
        random: vec![group(2, &[0, 1, 3]), group(1, &[1])],
        partitions: vec![partition(&[1]), partition(&[0, 1, 3])],
        pauses: vec![pause(1), pause(3)],
        ..Faults::default()
    };
    let case = Case::new(setup);
    let part = Part { without: vec![id(1)], requests: vec![1, 0, 2], ..Part::default() };
    let left = case.part(&part).expect("a part");
    assert_eq!((left.setup.processes, &left.requests), (3, &vec![1, 0, 2]));
    assert_eq!(left.setup.network.links, [link(2, 1)]);
    let faults = &left.setup.faults;
    assert_eq!(faults.crashes, [crash(1)]);
    assert_eq!(faults.random, [group(1, &[0, 2])], "two of three; one of two, for not all could");
    assert_eq!(faults.partitions, [partition(&[0, 2])]);
    assert_eq!(faults.pauses, [pause(2)]);
    assert_eq!(left.setup.validate(), Ok(()));
    assert!(matches!(Runner::new(&left).expect("valid").run(0).end, End::Settled | End::Quiescent));

    let none = [
        Part { without: vec![id(4)], ..Part::default() },
        Part { without: vec![id(1), id(1)], ..Part::default() },
        Part { without: vec![id(0), id(1), id(2), id(3)], ..Part::default() },
        Part { requests: vec![1], ..Part::default() },
    ];
    assert!(none.iter().all(|part| case.part(part).is_none()));
    let server = Case::new(Setup::<Durable>::new(3, DurableParameters::default()));
    assert!(server.part(&Part { without: vec![id(0)], ..Part::default() }).is_none(), "it is needed");
    assert!(server.part(&Part { without: vec![id(1)], ..Part::default() }).is_some());
}

#[test]
fn a_test_keeps_its_schedule_and_tries_it_first_and_says_so_when_it_no_longer_fits() {
    let directory = directory("minimise_check");
    let message = |case: Case<QueryRing>| {
        let check = || Exploration::of(case).schedules(300).named("broken").keep_in(&directory).check();
        let panic = catch_unwind(AssertUnwindSafe(check)).expect_err("it fails");
        panic.downcast_ref::<String>().expect("a text").clone()
    };
    let first = message(ring());
    assert!(first.contains("it is kept in") && first.contains("single_token violated"), "{first}");
    let file = directory.join("broken.single_token.toml");
    let text = fs::read_to_string(&file).expect("it is kept");
    let schedule: Schedule = text.parse().expect("a schedule");
    assert!(!schedule.part.is_whole() && schedule.scenario.is_none(), "{text}");
    assert!(text.lines().count() < 30, "{text}");
    let again = message(ring());
    assert!(again.contains("it was kept in"), "{again}");
    let drawn = |message: &str| message.split("\n\nIt takes").next().map(str::to_owned);
    assert_eq!(drawn(&first), drawn(&again));

    let config = QueryRing::configure(1, &Parameters::default()).expect("it can be");
    let fits_no_more = message(Case::new(Setup::new(1, config)));
    assert!(fits_no_more.contains("no such part"), "{fits_no_more}");
    let mut sound = ring();
    Arc::make_mut(&mut sound.setup).config = QueryRing::configure(5, &Parameters::default()).expect("it can be");
    Exploration::of(sound).schedules(300).named("broken").keep_in(&directory).check();
}

/// Makes one of three choices at the start.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Chooser(u32);

impl Process for Chooser {
    type Config = ();
    type Message = Never;
    type Timer = Never;
    type Request = Never;
    type Indication = Never;
    type Stable = ();
    type Record = Never;

    fn new(_: ProcessId, (): &()) -> Self {
        Self(0)
    }

    fn on_start(&mut self, ctx: &mut Context<'_, Self>) {
        self.0 = ctx.choose(3);
        assert_ne!(self.0, 1, "that is another mistake");
    }

    fn on_message(&mut self, _: ProcessId, never: Never, _: &mut Context<'_, Self>) {
        match never {}
    }
}

fn not_two(world: &World<Chooser>, process: ProcessId) -> Result<(), String> {
    if world.process(process).0 == 2 { Err("it chose two".to_owned()) } else { Ok(()) }
}

#[test]
fn a_smaller_schedule_that_violates_another_property_is_not_what_is_left() {
    let case = Case::of_any(Setup::<Chooser>::new(1, ()), Idle, always("not_two", not_two));
    let choice = Key { topic: Topic::Choice { process: ProcessId::new(0) }, nth: 1 };
    let small = |property: &str, answer: u64| {
        let decisions = Decisions::from([(choice.clone(), answer)]);
        let minimiser = Minimiser::new(&case, property);
        minimiser.run(&decisions).expect("a valid setup").map(|small| (small.decisions, small.violation.property))
    };
    let left = |answer: u64, property: &str| Some((Decisions::from([(choice.clone(), answer)]), property.to_owned()));
    assert_eq!(small("no_panic", 1), left(1, "no_panic"));
    assert_eq!(small("not_two", 2), left(2, "not_two"));
    assert_eq!(small("not_two", 1), None, "what violates another does not violate this one");
}
