//! Each value that is refused, with the message that says so; for each, what is just allowed.

use super::super::disturbance::{Partition, Pause};
use super::*;
use crate::model::tests::Probe;

fn p(index: u32) -> ProcessId {
    ProcessId::new(index)
}

/// Four processes in the default world, but for one change.
fn with(change: impl FnOnce(&mut Setup<Probe>)) -> Setup<Probe> {
    let mut setup = Setup::new(4, 0);
    change(&mut setup);
    setup
}

#[track_caller]
fn allows(change: impl FnOnce(&mut Setup<Probe>)) {
    assert_eq!(with(change).validate(), Ok(()));
}

#[track_caller]
fn refuses(message: &str, change: impl FnOnce(&mut Setup<Probe>)) {
    let refused = with(change).validate().expect_err("it is refused");
    assert_eq!(refused.to_string(), message);
}

const SPAN: &str = "1099511627776";

#[test]
fn the_default_world_is_allowed() {
    allows(|_| ());
    allows(|s| s.faults.random = vec![RandomCrashes::up_to(4)]);
}

#[test]
fn what_is_wrong_says_where() {
    let refused = with(|s| s.processes = 0).validate().expect_err("it is refused");
    assert_eq!((refused.key.as_str(), refused.problem.as_str()), ("processes", "0, expected at least 1"));
}

#[test]
fn processes_are_at_least_one_and_at_most_2_to_the_24() {
    refuses("processes: 0, expected at least 1", |s| s.processes = 0);
    refuses("processes: 16777217, expected at most 16777216", |s| s.processes = PROCESSES_MAX + 1);
    allows(|s| s.processes = 1);
    allows(|s| s.processes = PROCESSES_MAX);
}

mod network {
    use super::*;

    fn link(from: u32, to: u32, delay_ticks: impl Into<Distribution>) -> Link {
        Link { from: p(from), to: p(to), delay_ticks: delay_ticks.into() }
    }

    #[test]
    fn a_message_takes_at_least_a_tick() {
        let message = "network.delay_ticks: the shortest is 0, expected at least 1";
        refuses(message, |s| s.network.delay_ticks = 0.into());
        allows(|s| s.network.delay_ticks = 1.into());
    }

    #[test]
    fn handling_may_take_no_time_but_not_all_of_it() {
        let message = format!("network.service_ticks: the longest is 1099511627777, expected at most {SPAN}");
        refuses(&message, |s| s.network.service_ticks = (0..=SPAN_MAX + 1).into());
        allows(|s| s.network.service_ticks = 0.into());
    }

    #[test]
    fn a_link_is_between_processes_that_there_are() {
        let message = "network.links.1.from: process 4 of 4, expected 0..=3";
        refuses(message, |s| s.network.links = vec![link(0, 1, 1), link(4, 1, 1)]);
        let message = "network.links.0.to: process 9 of 4, expected 0..=3";
        refuses(message, |s| s.network.links = vec![link(0, 9, 1)]);
        allows(|s| s.network.links = vec![link(0, 3, 1), link(3, 0, 1)]);
    }

    #[test]
    fn a_link_takes_at_least_a_tick() {
        let message = "network.links.0.delay_ticks: the shortest is 0, expected at least 1";
        refuses(message, |s| s.network.links = vec![link(0, 1, 0..=5)]);
    }

    #[test]
    fn a_link_is_listed_once() {
        let message = "network.links.2: the channel from p0 to p1 twice, expected it once";
        refuses(message, |s| s.network.links = vec![link(0, 1, 1), link(1, 0, 1), link(0, 1, 2)]);
    }

    #[test]
    fn the_longest_delay_is_that_of_the_slowest_channel_and_of_handling() {
        let mut network = Network { delay_ticks: (1..=10).into(), service_ticks: 3.into(), ..Network::default() };
        assert_eq!(network.delay_max().get(), 13);
        network.links = vec![link(0, 1, 2..=20), link(1, 0, 5)];
        assert_eq!(network.delay_max().get(), 23);
    }
}

mod detector {
    use super::*;

    fn suspicious(setup: &mut Setup<Probe>, windows: Windows) {
        setup.detector.class = DetectorClass::EventuallyPerfect;
        setup.detector.suspicions = Some(windows);
    }

    const SOME: Windows = Windows { up_to: 1, within_ticks: 1, length_ticks: Distribution::Constant(1) };

    #[test]
    fn a_report_may_take_no_time_but_not_from_the_longest_to_the_shortest() {
        let message = "detector.latency_ticks: the shortest is 3 and the longest 2, expected the shortest first";
        refuses(message, |s| s.detector.latency_ticks = Distribution::Uniform(3, 2));
        allows(|s| s.detector.latency_ticks = 0.into());
    }

    #[test]
    fn only_an_eventually_perfect_detector_suspects() {
        let message = "detector.suspicions: suspicions of a detector that never errs, expected class = \
                       \"eventually_perfect\"";
        for class in [DetectorClass::Perfect, DetectorClass::None] {
            refuses(message, |s| {
                suspicious(s, SOME);
                s.detector.class = class;
            });
        }
        allows(|s| suspicious(s, SOME));
    }

    #[test]
    fn suspicions_need_someone_to_suspect() {
        refuses("detector.suspicions: nobody to suspect, expected at least 2 processes", |s| {
            suspicious(s, SOME);
            s.processes = 1;
        });
    }

    #[test]
    fn suspicions_begin_at_a_tick_and_last() {
        let message = format!("detector.suspicions.within_ticks: 0, expected 1..={SPAN}");
        refuses(&message, |s| suspicious(s, Windows { within_ticks: 0, ..SOME }));
        let message = "detector.suspicions.length_ticks: the shortest is 0, expected at least 1";
        refuses(message, |s| suspicious(s, Windows { length_ticks: 0.into(), ..SOME }));
    }
}

mod crashes {
    use super::*;

    fn crash(setup: &mut Setup<Probe>, process: u32, moment: Moment) {
        setup.faults.crashes.push(Crash { process: p(process), moment, down_ticks: None });
    }

    #[test]
    fn the_victim_is_a_process_that_there_is() {
        refuses("faults.crashes.1.process: process 4 of 4, expected 0..=3", |s| {
            crash(s, 3, Moment::AtTick(1));
            crash(s, 4, Moment::AtTick(1));
        });
    }

    #[test]
    fn its_moment_is_counted_from_1() {
        let message = format!("faults.crashes.0.moment.at_tick: 0, expected 1..={SPAN}");
        refuses(&message, |s| crash(s, 0, Moment::AtTick(0)));
        let message = format!("faults.crashes.0.moment.at_tick: 1099511627777, expected 1..={SPAN}");
        refuses(&message, |s| crash(s, 0, Moment::AtTick(SPAN_MAX + 1)));
        let message = format!("faults.crashes.0.moment.in_step.step: 0, expected 1..={SPAN}");
        refuses(&message, |s| crash(s, 0, Moment::InStep { step: 0, after_effects: 0 }));
        let message = format!("faults.crashes.0.moment.when.nth: 0, expected 1..={SPAN}");
        refuses(&message, |s| crash(s, 0, Moment::When { condition: "waiting".into(), nth: 0 }));
        allows(|s| {
            crash(s, 0, Moment::AtTick(SPAN_MAX));
            crash(s, 0, Moment::InStep { step: 1, after_effects: 0 });
            crash(s, 0, Moment::When { condition: "waiting".into(), nth: 1 });
        });
    }

    #[test]
    fn who_comes_back_is_down_for_at_least_a_tick() {
        refuses("faults.crashes.0.down_ticks: the shortest is 0, expected at least 1", |s| {
            crash(s, 0, Moment::AtTick(1));
            s.faults.crashes[0].down_ticks = Some(0.into());
        });
    }

    #[test]
    fn drawn_victims_are_processes_that_there_are() {
        refuses("faults.random.0.among: process 4 of 4, expected 0..=3", |s| {
            s.faults.random = vec![RandomCrashes { among: vec![p(3), p(4)], ..RandomCrashes::up_to(1) }];
        });
    }

    #[test]
    fn drawn_moments_are_counted_from_1() {
        refuses(&format!("faults.random.0.within_ticks: 0, expected 1..={SPAN}"), |s| {
            s.faults.random = vec![RandomCrashes { within_ticks: 0, ..RandomCrashes::up_to(1) }];
        });
        refuses(&format!("faults.random.0.within_steps: 0, expected 1..={SPAN}"), |s| {
            s.faults.random = vec![RandomCrashes { within_steps: 0, ..RandomCrashes::up_to(1) }];
        });
    }

    #[test]
    fn drawn_victims_that_come_back_are_down_for_at_least_a_tick() {
        refuses("faults.random.0.down_ticks: the shortest is 0, expected at least 1", |s| {
            s.faults.random = vec![RandomCrashes { down_ticks: Some(0.into()), ..RandomCrashes::up_to(1) }];
        });
    }

    #[test]
    fn no_more_crash_for_ever_than_there_are() {
        refuses(
            "faults.random.0.up_to: 5 crashes of 4 processes that stay down, expected at most 4, or `down_ticks`",
            |s| {
                s.faults.random = vec![RandomCrashes::up_to(5)];
            },
        );
        refuses(
            "faults.random.0.up_to: 2 crashes of 1 processes that stay down, expected at most 1, or `down_ticks`",
            |s| {
                s.faults.random = vec![RandomCrashes { among: vec![p(0)], ..RandomCrashes::up_to(2) }];
            },
        );
        allows(|s| s.faults.random = vec![RandomCrashes { down_ticks: Some(1.into()), ..RandomCrashes::up_to(5) }]);
    }
}

mod disturbances {
    use super::*;

    #[test]
    fn shares_are_of_a_thousand() {
        let unreliable = |loss_per_mille, duplicate_per_mille| {
            move |s: &mut Setup<Probe>| {
                s.faults.messages = Some(Unreliable { loss_per_mille, duplicate_per_mille, until_tick: 1 });
            }
        };
        refuses("faults.messages.loss_per_mille: 1001, expected 0..=1000", unreliable(1001, 0));
        refuses("faults.messages.duplicate_per_mille: 1001, expected 0..=1000", unreliable(0, 1001));
        allows(unreliable(1000, 1000));
    }

    #[test]
    fn messages_become_safe_in_the_end() {
        refuses(&format!("faults.messages.until_tick: 1099511627777, expected 1..={SPAN}"), |s| {
            let until_tick = SPAN_MAX + 1;
            s.faults.messages = Some(Unreliable { loss_per_mille: 1, duplicate_per_mille: 1, until_tick });
        });
    }

    #[test]
    fn a_partition_begins_and_lasts_and_parts_processes_that_there_are() {
        let partition = |at_tick, length_ticks, side| {
            move |s: &mut Setup<Probe>| {
                s.faults.partitions = vec![Partition { at_tick, length_ticks, side: vec![p(0), p(side)] }];
            }
        };
        refuses(&format!("faults.partitions.0.at_tick: 0, expected 1..={SPAN}"), partition(0, 1, 1));
        refuses(&format!("faults.partitions.0.length_ticks: 0, expected 1..={SPAN}"), partition(1, 0, 1));
        refuses("faults.partitions.0.side: process 4 of 4, expected 0..=3", partition(1, 1, 4));
        allows(partition(1, 1, 3));
    }

    #[test]
    fn a_pause_begins_and_lasts_and_is_of_a_process_that_there_is() {
        let pause = |at_tick, length_ticks, process| {
            move |s: &mut Setup<Probe>| {
                s.faults.pauses = vec![Pause { at_tick, length_ticks, process: p(process) }];
            }
        };
        refuses("faults.pauses.0.process: process 4 of 4, expected 0..=3", pause(1, 1, 4));
        refuses(&format!("faults.pauses.0.at_tick: 0, expected 1..={SPAN}"), pause(0, 1, 1));
        refuses(&format!("faults.pauses.0.length_ticks: 0, expected 1..={SPAN}"), pause(1, 0, 1));
        allows(pause(1, 1, 3));
    }

    #[test]
    fn drawn_partitions_and_pauses_begin_and_last() {
        let never = Windows { up_to: 1, within_ticks: 0, length_ticks: 1.into() };
        let no_time = Windows { up_to: 1, within_ticks: 1, length_ticks: 0.into() };
        let message = format!("faults.random_partitions.within_ticks: 0, expected 1..={SPAN}");
        refuses(&message, |s| s.faults.random_partitions = Some(never));
        let message = "faults.random_partitions.length_ticks: the shortest is 0, expected at least 1";
        refuses(message, |s| s.faults.random_partitions = Some(no_time));
        let message = format!("faults.random_pauses.within_ticks: 0, expected 1..={SPAN}");
        refuses(&message, |s| s.faults.random_pauses = Some(never));
        let message = "faults.random_pauses.length_ticks: the shortest is 0, expected at least 1";
        refuses(message, |s| s.faults.random_pauses = Some(no_time));
    }
}

#[test]
fn limits_stay_clear_of_the_end_of_time() {
    let over = SPAN_MAX + 1;
    refuses(&format!("limits.ticks: {over}, expected at most {SPAN}"), |s| s.limits.ticks = over);
    refuses(&format!("limits.events: {over}, expected at most {SPAN}"), |s| s.limits.events = over);
    refuses(&format!("limits.settle_ticks: {over}, expected at most {SPAN}"), |s| s.limits.settle_ticks = Some(over));
    refuses("limits.pending: 2147483648, expected less than 2^31", |s| s.limits.pending = 1 << 31);
    allows(|s| s.limits = Limits { ticks: SPAN_MAX, events: 0, pending: (1 << 31) - 1, settle_ticks: Some(SPAN_MAX) });
}
