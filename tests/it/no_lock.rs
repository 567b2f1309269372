//! Exploration of processes that are no locks, with the leader election of `examples/`.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};

use jeton::engine::Setup;
use jeton::explore::{Exploration, Own, Stop};

use crate::scenario::directory;

include!("../../examples/leader_election/algorithm.rs");
include!("../../examples/leader_election/check.rs");

fn elections(
    impatience: Option<Ticks>,
) -> Exploration<'static, ChangRoberts, Own<ChangRoberts, Elections, impl Observer<ChangRoberts> + Clone + Send + Sync>>
{
    let setup = Setup::new(4, Ring { numbers: vec![30, 10, 40, 20], impatience })
        .with_random_crashes(u32::from(impatience.is_none()));
    Exploration::of_any(setup, Elections, properties()).schedules(100).stop(Stop::Never)
}

#[test]
fn the_result_is_the_same_on_any_number_of_threads_and_of_any_seeds_before() {
    let all = elections(None).jobs(1).run().expect("a setup");
    assert_eq!(all, elections(None).jobs(3).run().expect("a setup"));
    assert!(all.failing["leader_known"].schedules > 0 && !all.failing.contains_key("one_leader"), "{all:?}");
    // Nothing that a property remembers goes from one run to the next.
    let alone = |seed: u64| elections(None).first_seed(seed).schedules(1).run().expect("a setup");
    let failing: Vec<u64> = (0..100).filter(|&seed| !alone(seed).holds()).collect();
    assert_eq!(all.failing["leader_known"].seeds, failing);
    let swallowed: u64 = (0..100).map(|seed| alone(seed).seen("swallowed")).sum();
    assert_eq!(all.seen("swallowed"), swallowed);
    assert_eq!((all.entries, all.seen("p0_leads")), (0, 0));
}

#[test]
fn a_check_keeps_a_small_schedule_and_tries_it_first() {
    let place = directory("no_lock");
    let failure = || {
        let exploration = elections(Some(Ticks::new(30))).stop(Stop::default()).named("elects").keep_in(&place);
        let panic = catch_unwind(AssertUnwindSafe(|| exploration.check())).expect_err("it is impatient");
        panic.downcast_ref::<String>().expect("a text").clone()
    };
    let first = failure();
    assert!(first.starts_with("one_leader violated at tick ") && first.contains("it is kept in "), "{first}");
    assert!(!first.contains("critical section"), "{first}");
    let second = failure();
    assert!(second.starts_with("one_leader violated at tick ") && second.contains("it was kept in "), "{second}");
    fs::remove_dir_all(place).expect("removed");
}

#[test]
fn a_smaller_ring_shows_it_too_if_one_can_be_made() {
    let smaller = |ring: &Ring, _processes: u32, process: ProcessId| {
        let mut ring = ring.clone();
        ring.numbers.remove(process.index());
        Some(ring)
    };
    let columns =
        |text: &str| text.lines().find(|line| line.starts_with(" tick")).expect("a head").matches(" p").count();
    let whole = elections(Some(Ticks::new(30))).stop(Stop::default()).explain().expect_err("it is impatient");
    let small = elections(Some(Ticks::new(30))).stop(Stop::default()).without(smaller).explain();
    let small = small.expect_err("it is impatient").to_string();
    assert_eq!(columns(&whole.to_string()), 4, "{whole}");
    assert!(columns(&small) < 4, "{small}");
}
