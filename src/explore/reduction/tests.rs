//! What is left of a case when something is taken out, counted by hand.

use super::*;
use crate::engine::{Link, Moment, Partition};
use crate::model::{Context, Never};
use crate::mutex::{Indication, Mutex, Request};

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Idle;

impl Process for Idle {
    type Config = u32;
    type Message = Never;
    type Timer = Never;
    type Request = Request;
    type Indication = Indication;
    type Stable = ();
    type Record = Never;

    fn new(_: ProcessId, _: &u32) -> Self {
        Self
    }

    fn on_message(&mut self, _: ProcessId, message: Never, _: &mut Context<'_, Self>) {
        match message {}
    }
}

impl Mutex for Idle {
    /// It knows how many there are.
    fn without(count: &u32, processes: u32, _: ProcessId) -> Option<u32> {
        assert_eq!(*count, processes);
        Some(processes - 1)
    }
}

fn p(process: u32) -> ProcessId {
    ProcessId::new(process)
}

fn ids(those: &[u32]) -> Vec<ProcessId> {
    those.iter().copied().map(ProcessId::new).collect()
}

fn case(processes: u32) -> Case<Idle> {
    Case::new(Setup::new(processes, processes))
}

fn crash(process: u32) -> Crash {
    Crash { process: p(process), moment: Moment::AtTick(9), down_ticks: None }
}

fn group(up_to: u32, among: &[u32]) -> RandomCrashes {
    RandomCrashes { among: ids(among), ..RandomCrashes::up_to(up_to) }
}

#[test]
fn a_part_is_whole_only_if_nothing_is_taken_out() {
    assert!(Part::default().is_whole());
    let part = Part { without: ids(&[2]), requests: vec![1, 0], ..Part::default() };
    assert!(!part.is_whole());
    assert_eq!(part.describe(4), "4 of 5 processes (without p2), with 1, 0 requests");
    assert_eq!(Part::default().describe(4), "4 processes");
    let round = Part { round: Some(Round { from_event: 5, to_event: 7 }), ..Part::default() };
    assert_eq!(round.describe(4), "4 processes, up to event 7, which leads back to where event 5 led");
    let one = Part { properties: Some(vec![Property::SingleHolder]), to_event: Some(7), ..Part::default() };
    assert_eq!(one.describe(4), "4 processes, with single_holder checked, up to event 7 beyond every limit");
    let none = Part { properties: Some(Vec::new()), ..Part::default() };
    assert_eq!(none.describe(4), "4 processes, with nothing checked");
}

#[test]
fn up_to_an_event_there_is_no_other_limit() {
    let whole = case(2);
    let limits = |part: Part| {
        let case = whole.part(&part).expect("locks may go round");
        (case.setup.limits, case.patience)
    };
    let to_event = Some(7);
    let (last, patience) = limits(Part { to_event, ..Part::default() });
    assert_eq!((last.events, patience), (7, Ticks::MAX));
    let Limits { ticks, pending, settle_ticks, .. } = whole.setup.limits;
    assert!(last.ticks > ticks && last.pending > pending && last.settle_ticks > settle_ticks, "{last:?}");
    // A round has its own.
    let round = Some(Round { from_event: 3, to_event: 5 });
    let (round, patience) = limits(Part { to_event, round, ..Part::default() });
    assert_eq!((round, patience), (Limits { events: 5, ..last }, Ticks::MAX));
}

#[test]
fn those_after_a_process_that_is_taken_out_move_up() {
    assert_eq!([0, 1, 2, 3].map(|process| moved_up(p(process), p(2))), [Some(p(0)), Some(p(1)), None, Some(p(2))]);
    let mut whole = case(4);
    let link = |from, to| Link { from: p(from), to: p(to), delay_ticks: 3.into() };
    whole.requests = vec![10, 11, 12, 13];
    let setup = Arc::make_mut(&mut whole.setup);
    setup.network.links = vec![link(0, 3), link(1, 0), link(0, 1), link(3, 2)];
    setup.faults.crashes = vec![crash(0), crash(1), crash(3)];
    setup.faults.partitions =
        [&[1][..], &[1, 3]].map(|side| Partition { at_tick: 1, length_ticks: 2, side: ids(side) }).into();
    let part = Part { without: ids(&[1]), ..Part::default() };
    let left = whole.part(&part).expect("it can be taken out");
    assert_eq!((left.setup.processes, left.setup.config, &left.requests[..]), (3, 3, &[10, 12, 13][..]));
    assert_eq!(left.setup.network.links, [link(0, 2), link(2, 1)]);
    assert_eq!(left.setup.faults.crashes, [crash(0), crash(2)]);
    let sides: Vec<_> = left.setup.faults.partitions.iter().map(|partition| partition.side.clone()).collect();
    assert_eq!(sides, [ids(&[2])], "a side without anybody is none");
    // In whatever order they are named, each is meant by its id in the whole.
    let two = |without: &[u32]| whole.part(&Part { without: ids(without), ..Part::default() });
    let left = two(&[0, 3]).expect("two are left");
    assert_eq!((left.setup.processes, &left.requests[..]), (2, &[11, 12][..]));
    assert_eq!(two(&[3, 0]).map(|left| left.requests), Some(vec![11, 12]));
}

#[test]
fn there_is_no_part_without_one_that_is_not_there_twice_or_without_all() {
    let part = |without: &[u32], requests: &[u32]| Part {
        without: ids(without),
        requests: requests.into(),
        ..Part::default()
    };
    assert!(case(3).part(&part(&[3], &[])).is_none());
    assert!(case(3).part(&part(&[1, 1], &[])).is_none());
    assert!(case(2).part(&part(&[0], &[])).is_some() && case(2).part(&part(&[0, 1], &[])).is_none());
    assert!(case(3).part(&part(&[1], &[5])).is_none(), "whose request is it?");
    let left = case(3).part(&part(&[1], &[5, 6])).expect("one each");
    assert_eq!((left.requests_of(p(0)), left.requests_of(p(1))), (5, 6));
    let faults = Faults { crashes: vec![crash(0)], ..Faults::default() };
    let left = case(3).part(&Part { faults: Some(faults.clone()), ..Part::default() }).expect("all");
    assert_eq!(left.setup.faults, faults);
}

#[test]
fn no_more_are_drawn_to_crash_than_their_group_has() {
    let mut case = case(4);
    Arc::make_mut(&mut case.setup).faults.random = vec![group(1, &[0, 1]), group(2, &[2])];
    let may = |keys: &[&str]| case.may_crash_as(&keys.iter().map(|key| (key.parse().expect("a key"), 1)).collect());
    assert!(may(&[]) && may(&["delay p0->p1 #1"]));
    assert!(may(&["crash_at p0 #1"]) && may(&["crash_at p1 #1", "crash_at p2 #1", "crash_at p2 #2"]));
    assert!(!may(&["crash_at p0 #1", "crash_at p1 #1"]), "one of the two");
    assert!(!may(&["crash_at p2 #1", "crash_at p2 #2", "crash_at p2 #3"]));
    assert!(!may(&["crash_at p3 #1"]), "it is in no group");
}

#[test]
fn of_a_smaller_group_as_large_a_share_may_crash() {
    let fewer = |up_to, before| fewer_crashes(&group(up_to, &[]), before);
    assert_eq!((fewer(4, 8), fewer(2, 4), fewer(1, 5)), (3, 1, 1));
    assert_eq!((fewer(3, 3), fewer(2, 3), fewer(1, 2)), (2, 1, 0), "all only if all could before");
    let coming_back = RandomCrashes { down_ticks: Some(5.into()), ..group(4, &[]) };
    assert_eq!(fewer_crashes(&coming_back, 2), 4);
    // A group of others has as many as before, and one of nobody is none.
    let random = vec![group(2, &[]), group(2, &[0, 2]), group(1, &[1]), group(2, &[1, 2, 3])];
    let left = faults_without(&Faults { random, ..Faults::default() }, 4, p(1));
    assert_eq!(left.random, [group(1, &[]), group(2, &[0, 1]), group(1, &[1, 2])]);
}
