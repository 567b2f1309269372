//! How many of all states random schedules come to.

use jeton::algorithms::coordinator::Durable;
use jeton::algorithms::neighbour_ring::NeighbourRing;
use jeton::algorithms::query_ring::QueryRing;
use jeton::engine::{FromDead, Setup};
use jeton::explore::{Exhaustive, Reach, Strategy};
use jeton::mutex::{System, Workload};

/// How many states there are, and what each strategy comes to.
fn reached<S: System>(setup: Setup<S>, early: u32, schedules: u64) -> (u64, Vec<Reach>) {
    let workload = Workload { requests: 1, write_per_mille: 1000, ..Workload::default() };
    let search = Exhaustive::new(setup).workload(workload).early_timers(early);
    let (proof, reached) = search.reach(schedules, &Strategy::ALL).expect("it can be run");
    proof.assert_verified();
    (proof.coverage.states, reached)
}

fn case<S: System>(processes: u32) -> Setup<S> {
    let config = S::configure(processes, &S::Parameters::default()).expect("defaults can be");
    Setup::new(processes, config)
}

#[test]
fn enough_schedules_come_to_every_state() {
    fn check<S: System>() {
        let (states, all) = reached(case::<S>(2), 0, 300);
        for (reach, strategy) in all.iter().zip(Strategy::ALL) {
            assert_eq!(*reach, Reach { strategy, schedules: 300, states, left: 0 });
        }
    }
    check::<QueryRing>();
    check::<NeighbourRing>();
}

#[test]
fn nothing_that_a_schedule_comes_to_is_missing_whenever_the_crash_is() {
    fn check<S: System>(from_dead: FromDead) {
        let mut setup = case::<S>(2).with_random_crashes(1);
        setup.network.from_dead = from_dead;
        let (few, (states, many)) = (reached(setup.clone(), 1, 1).1, reached(setup, 1, 300));
        for (few, many) in few.iter().zip(&many) {
            assert!(0 < few.states && few.states < many.states && many.states < states, "{few:?} {many:?} of {states}");
            assert_eq!((few.left, many.left), (0, 0), "{from_dead:?}: {many:?}");
        }
    }
    for from_dead in [FromDead::Deliver, FromDead::Drop, FromDead::Prefix] {
        check::<QueryRing>(from_dead);
        check::<NeighbourRing>(from_dead);
    }
}

#[test]
fn a_schedule_is_followed_up_to_a_timer_that_is_earlier_than_the_search_has_it() {
    let left = |early| reached(case::<Durable>(3), early, 100).1.iter().map(|reach| reach.left).sum::<u64>();
    assert!(left(0) > 0);
    assert_eq!(left(1), 0);
}
