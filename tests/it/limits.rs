//! Numbers at the end of what there is: whoever builds a setup or a workload with them is told why not, or has a run
//! that ends. Nothing panics, and nothing wraps round.

use std::panic::catch_unwind;

use jeton::engine::{
    Crash, Detector, DetectorClass, Distribution, Limits, Link, Moment, Partition, Pause, RandomCrashes, Setup,
    Unreliable, Windows,
};
use jeton::explore::{Case, Exhaustive, Exploration, Minimiser, Runner, Schedule};
use jeton::mutex::Workload;
use jeton::scenario::Scenario;
use jeton::{ProcessId, Ticks};

use crate::errors::Reckless;

/// Small, and as great as can be; between them, where what is allowed often ends.
const NUMBERS: [u64; 8] = [0, 1, 1000, 1 << 24, 1 << 31, 1 << 40, (1 << 40) + 1, u64::MAX];

fn narrow(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

type Change<'a> = Box<dyn Fn(&mut Setup<Reckless>) + 'a>;

/// Every number of a setup, one at a time.
fn setups(number: u64) -> Vec<Setup<Reckless>> {
    let small = narrow(number);
    let process = ProcessId::new(small);
    let crash = |process, moment| Crash { process, moment, down_ticks: None };
    let windows = Windows { up_to: 1, within_ticks: 100, length_ticks: 9.into() };
    let p0 = ProcessId::new(0);
    let changes: Vec<Change<'_>> = vec![
        Box::new(|s| s.network.delay_ticks = number.into()),
        Box::new(|s| s.network.delay_ticks = Distribution::Uniform(1, number)),
        Box::new(|s| s.network.delay_ticks = Distribution::Exponential { min: 1, mean: number, max: number }),
        Box::new(|s| s.network.service_ticks = number.into()),
        Box::new(|s| s.network.links.push(Link { from: process, to: p0, delay_ticks: number.into() })),
        Box::new(|s| s.detector.latency_ticks = number.into()),
        Box::new(|s| {
            let suspicions = Some(Windows { up_to: small, within_ticks: number, ..windows });
            s.detector = Detector { class: DetectorClass::EventuallyPerfect, suspicions, ..s.detector };
        }),
        Box::new(|s| s.faults.crashes.push(crash(process, Moment::AtTick(1)))),
        Box::new(|s| s.faults.crashes.push(crash(p0, Moment::AtTick(number)))),
        Box::new(|s| {
            let moment = Moment::InStep { step: number, after_effects: small };
            s.faults.crashes.push(Crash { down_ticks: Some(number.into()), ..crash(p0, moment) });
        }),
        Box::new(|s| s.faults.crashes.push(crash(p0, Moment::When { condition: "idle".to_owned(), nth: small }))),
        Box::new(|s| {
            let times = RandomCrashes { within_ticks: number, within_steps: number, ..RandomCrashes::up_to(1) };
            s.faults.random.push(RandomCrashes { down_ticks: Some(number.into()), ..times });
        }),
        Box::new(|s| s.faults.random.push(RandomCrashes::up_to(small))),
        Box::new(|s| {
            let share = u16::try_from(number).unwrap_or(u16::MAX);
            s.faults.messages =
                Some(Unreliable { loss_per_mille: share, duplicate_per_mille: share, until_tick: number });
        }),
        Box::new(|s| {
            s.faults.partitions.push(Partition { at_tick: number, length_ticks: number, side: vec![p0] });
        }),
        Box::new(|s| s.faults.pauses.push(Pause { process: p0, at_tick: number, length_ticks: number })),
        Box::new(|s| s.faults.random_pauses = Some(Windows { length_ticks: number.into(), ..windows })),
        Box::new(|s| s.limits.ticks = number),
        Box::new(|s| s.limits.events = number),
        Box::new(|s| s.limits.pending = number),
        Box::new(|s| s.limits = Limits { settle_ticks: Some(number), ..Limits::default() }),
    ];
    let changed = |change: &dyn Fn(&mut Setup<Reckless>)| {
        let mut setup = Setup::new(3, ());
        // A run with great spans has few events all the same.
        setup.limits.events = 2_000;
        change(&mut setup);
        setup
    };
    changes.iter().map(|change| changed(change.as_ref())).collect()
}

/// Runs it, if it can be run; and says whether it can.
fn try_out(case: Case<Reckless>) -> bool {
    let told = format!("{case:?}");
    let outcome = catch_unwind(move || {
        let ran = Exploration::of(case.clone()).schedules(4).jobs(1).first_seed(u64::MAX - 1).run();
        let _ = Minimiser::new(&case, "single_holder").max_runs(20).run(
            &Runner::new(&case).map_or_else(|_| jeton::engine::Decisions::default(), |mut runner| runner.record(0).1),
        );
        let _ = Exhaustive::of(case).states_max(50).run();
        ran.is_ok()
    });
    outcome.unwrap_or_else(|_| panic!("it panics with {told}"))
}

#[test]
fn no_number_of_a_setup_makes_it_panic() {
    let (mut run, mut refused) = (0, 0);
    for number in NUMBERS {
        for setup in setups(number) {
            if try_out(Case::new(setup)) { run += 1 } else { refused += 1 }
        }
    }
    assert!(run > 40 && refused > 40, "{run} run, {refused} refused");
}

#[test]
fn no_number_of_a_workload_makes_it_panic() {
    for number in NUMBERS {
        let small = narrow(number);
        let share = u16::try_from(number).unwrap_or(u16::MAX);
        let usual = Workload { requests: 2, ..Workload::default() };
        for workload in [
            Workload { requests: small, ..usual },
            Workload { think_ticks: number.into(), ..usual },
            Workload { hold_ticks: number.into(), ..usual },
            Workload { hold_ticks: Distribution::Uniform(0, number), ..usual },
            Workload { data_ids: small, ..usual },
            Workload { data_ids: small, second_per_mille: 1000, second_any: true, ..usual },
            Workload { write_per_mille: share, second_per_mille: share, ..usual },
        ] {
            let mut setup = Setup::new(2, ());
            setup.limits.events = 500;
            let mut case = Case::new(setup);
            case.set_workload(workload);
            try_out(case.clone());
            case.patience = Ticks::new(number);
            try_out(case);
        }
    }
}

#[test]
fn too_many_processes_are_refused_before_there_is_a_place_for_each() {
    for processes in [0, (1 << 24) + 1, u32::MAX] {
        assert!(!try_out(Case::new(Setup::new(processes, ()))), "{processes}");
    }
}

#[test]
fn texts_that_nest_deeply_or_have_numbers_without_end_are_refused() {
    let deep = |open: &str, close: &str| format!("x = {}{}", open.repeat(100_000), close.repeat(100_000));
    let head = "about = \"An example.\"\nexpect = \"holds\"\n";
    let system = "[system]\nname = \"query_ring\"\n";
    for source in [
        deep("[", "]"),
        deep("{ x = ", "}"),
        format!("[{}x]\n", "x.".repeat(100_000)),
        format!("{head}processes = 99999999999999999999\n{system}"),
        format!("{head}processes = 4294967295\n{system}"),
        format!("{head}processes = 16777217\n{system}"),
        format!("{head}processes = 3\n{system}[limits]\nticks = 18446744073709551615\n"),
        format!("{head}processes = 3\n{system}[network]\ndelay_ticks = {{ uniform = [1, 9223372036854775807] }}\n"),
    ] {
        let error = Scenario::parse("example.toml", &source).expect_err("it is refused").to_string();
        assert!(error.len() < 2_000, "{}", &error[..2_000]);
        assert!(source.parse::<Schedule>().is_err());
    }
}
