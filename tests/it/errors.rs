//! Every message that a user can meet, as text: it says what, where, what was expected, and what to do. Those of
//! scenario files are with their reader (`scenario.rs`), those of traces with theirs (`trace.rs`).

use std::fmt::Write as _;

use jeton::engine::{
    Crash, Detector, DetectorClass, Distribution, Invalid, Key, Limits, Link, Moment, Partition, Pause, RandomCrashes,
    Setup, Unreliable, Windows,
};
use jeton::explore::{Exhaustive, Exploration, Schedule, Shard, Strategy, UntimedSchedule};
use jeton::mutex::{Indication, Mutex, Request, Workload};
use jeton::{Context, Never, Process, ProcessId};

/// Enters whenever it is asked to, and asks itself for ever where that is wanted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Reckless;

impl Process for Reckless {
    type Config = ();
    type Message = ();
    type Timer = Never;
    type Request = Request;
    type Indication = Indication;
    type Stable = ();
    type Record = Never;

    fn new(_me: ProcessId, (): &()) -> Self {
        Self
    }

    fn on_request(&mut self, request: Request, ctx: &mut Context<'_, Self>) {
        match request {
            Request::Enter(data) => ctx.indicate(Indication::Entered(data, jeton::mutex::Fence::default())),
            Request::Leave(data) => ctx.indicate(Indication::Left(data)),
            _ => {}
        }
    }

    fn on_message(&mut self, _: ProcessId, (): (), _: &mut Context<'_, Self>) {}
}

impl Mutex for Reckless {}

fn p(index: u32) -> ProcessId {
    ProcessId::new(index)
}

pub(crate) fn refusal(change: impl Fn(&mut Setup<Reckless>)) -> Invalid {
    let mut setup = Setup::new(3, ());
    change(&mut setup);
    Exploration::new(setup).schedules(1).run().expect_err("it is refused")
}

#[test]
fn what_is_wrong_with_a_setup() {
    let windows = Windows { up_to: 1, within_ticks: 100, length_ticks: Distribution::Uniform(1, 9) };
    let crash = |moment| Crash { process: p(1), moment, down_ticks: None };
    let link = Link { from: p(0), to: p(1), delay_ticks: 1.into() };
    let crashes = |group: RandomCrashes| move |s: &mut Setup<Reckless>| s.faults.random.push(group.clone());
    let refusals = [
        refusal(|s| s.processes = 0),
        refusal(|s| s.processes = u32::MAX),
        refusal(|s| s.network.delay_ticks = 0.into()),
        refusal(|s| s.network.delay_ticks = Distribution::Uniform(9, 1)),
        refusal(|s| s.network.delay_ticks = u64::MAX.into()),
        refusal(|s| s.network.delay_ticks = Distribution::Exponential { min: 1, mean: 90, max: 10 }),
        refusal(|s| s.network.links = vec![Link { from: p(3), ..link.clone() }]),
        refusal(|s| s.network.links = vec![link.clone(), link.clone()]),
        refusal(|s| s.detector.suspicions = Some(windows)),
        refusal(|s| {
            let class = DetectorClass::EventuallyPerfect;
            s.processes = 1;
            s.detector = Detector { class, suspicions: Some(windows), ..Detector::default() };
        }),
        refusal(|s| s.faults.crashes.push(crash(Moment::InStep { step: 0, after_effects: 0 }))),
        refusal(|s| s.faults.crashes.push(Crash { process: p(7), ..crash(Moment::AtTick(1)) })),
        refusal(crashes(RandomCrashes::up_to(4))),
        refusal(crashes(RandomCrashes::up_to(u32::MAX))),
        refusal(crashes(RandomCrashes { among: vec![p(0), p(9)], ..RandomCrashes::up_to(1) })),
        refusal(|s| s.faults.random = vec![RandomCrashes::up_to(1), RandomCrashes::up_to(1)]),
        refusal(|s| {
            let faults = Unreliable { loss_per_mille: 1001, duplicate_per_mille: 0, until_tick: 1 };
            s.faults.messages = Some(faults);
        }),
        refusal(|s| s.faults.partitions = vec![Partition { side: vec![p(3)], at_tick: 1, length_ticks: 1 }]),
        refusal(|s| s.faults.pauses = vec![Pause { process: p(0), at_tick: 0, length_ticks: 1 }]),
        refusal(|s| s.limits = Limits { ticks: u64::MAX, ..Limits::default() }),
        refusal(|s| s.limits = Limits { pending: u64::MAX, ..Limits::default() }),
    ];
    let texts: Vec<String> = refusals.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(texts.join("\n"));
}

#[test]
fn what_is_wrong_with_a_workload_or_has_no_meaning_without_a_clock() {
    let workload = |workload| {
        let exploration = Exploration::new(Setup::<Reckless>::new(3, ())).workload(workload);
        exploration.run().expect_err("it is refused").to_string()
    };
    let exhaustive = |change: fn(&mut Setup<Reckless>)| {
        let mut setup = Setup::<Reckless>::new(3, ());
        change(&mut setup);
        Exhaustive::new(setup).run().expect_err("it is refused").to_string()
    };
    let texts = [
        workload(Workload { data_ids: 0, ..Workload::default() }),
        workload(Workload { write_per_mille: 1001, ..Workload::default() }),
        workload(Workload { second_per_mille: 1, ..Workload::default() }),
        workload(Workload { hold_ticks: u64::MAX.into(), ..Workload::default() }),
        exhaustive(|s| s.processes = 65),
        exhaustive(|s| s.detector.class = DetectorClass::EventuallyPerfect),
        exhaustive(|s| s.faults.partitions = vec![Partition { side: vec![p(0)], at_tick: 1, length_ticks: 1 }]),
    ];
    insta::assert_snapshot!(texts.join("\n"));
}

#[test]
fn what_is_no_schedule_no_key_no_strategy_and_no_shard() {
    let mut texts = String::new();
    for text in [
        "",
        "version = 1\n[decisions",
        "version = 1\n[decision]\n",
        "version = 2",
        "version = 1\n[decisions]\n\"delay p0->p1 #1\" = -1",
        "version = 1\n[decisions]\n\"dealy p0->p1 #1\" = 1",
        "version = 1\n[part]\nwithuot = [1]",
        "version = \"1\"",
        "version = 1\ndecisions = [1]",
    ] {
        let error = text.parse::<Schedule>().expect_err("it is refused");
        writeln!(texts, "{error}\n").expect("a string takes it");
    }
    for text in [
        "untimed = 2",
        "untimed = 1\nmoves = 3",
        "untimed = 1\nmoves = []\n[bounds]\nlosses = 1.5",
        "untimed = 1\nmoves = []\n[violation]\nproperty = true",
        "untimed = 1\nmoves = []\ncycle_from = 1\nviolation = { property = \"a\", event = 1 }\n\
         bounds = { early_timers = 0, losses = 0, duplicates = 0 }",
    ] {
        let error = text.parse::<UntimedSchedule>().expect_err("it is refused");
        writeln!(texts, "{error}\n").expect("a string takes it");
    }
    for text in ["", "delay", "delay p0 #1", "crash_on p1 step 4 #1", "delay p0->p1 #01", "think 0 #1"] {
        writeln!(texts, "{}", text.parse::<Key>().expect_err("it is refused")).expect("a string takes it");
    }
    for text in ["", "swam", "breadth-first"] {
        writeln!(texts, "{}", text.parse::<Strategy>().expect_err("it is refused")).expect("a string takes it");
    }
    for text in ["", "0/3", "4/3", "1/0"] {
        writeln!(texts, "{}", text.parse::<Shard>().expect_err("it is refused")).expect("a string takes it");
    }
    insta::assert_snapshot!(texts);
}

#[test]
fn what_is_not_known_to_hold() {
    let mut texts = Vec::new();
    let mut say = |text: String| texts.push(text);
    let setup = Setup::<Reckless>::new(2, ());
    let panics = |work: Box<dyn FnOnce() + std::panic::UnwindSafe>| {
        let panic = std::panic::catch_unwind(work).expect_err("it panics");
        panic.downcast_ref::<String>().expect("a text").clone()
    };
    let report = Exploration::new(setup.clone()).schedules(3).run().expect("a setup");
    let found = report.clone();
    say(panics(Box::new(move || found.assert_holds())));
    say(panics(Box::new(move || report.assert_seen("deferred"))));
    let mut short = setup.clone();
    short.limits.events = 3;
    let report = Exploration::new(short).schedules(3).run().expect("a setup");
    say(panics(Box::new(move || report.assert_holds())));
    let once = Workload { requests: 1, write_per_mille: 0, ..Workload::default() };
    let proof = Exhaustive::new(setup.clone()).workload(once).run().expect("a setup");
    say(panics(Box::new(move || proof.assert_verified())));
    let proof = Exhaustive::new(Setup::<Reckless>::new(6, ())).properties(&[]).states_max(2).run().expect("a setup");
    say(panics(Box::new(move || proof.assert_verified())));
    say(Exploration::new(setup).workload(once).explain().expect_err("it fails").to_string());
    let expected = [
        "seed 0 of strategy auto, found within 1 schedules",
        "`deferred` was never seen in 1 schedules; seen in: nothing",
        "raise `limits.events` of the setup; else something runs away",
        "    2. p1 is asked to Enter(d0)",
        "allow more memory or states, or take fewer processes",
        "single_holder violated at tick ",
    ];
    assert_eq!(texts.len(), expected.len());
    for (text, expected) in texts.iter().zip(expected) {
        assert!(text.contains(expected), "{text}");
    }
}

#[cfg(feature = "cli")]
mod command_line {
    use std::fs;

    use crate::command_line::{jeton, with_files};

    #[test]
    fn what_is_wrong_with_a_command_line() {
        let scenario = "scenarios/query_ring_no_faults.toml";
        let mut texts = String::new();
        let directory = with_files("errors", &[("empty.txt", ""), ("old.toml", "version = 9\n"), ("no.toml", "x = ")]);
        let at = |file: &str| directory.join(file).to_string_lossy().into_owned();
        let (empty, old, no, nowhere) = (at("empty.txt"), at("old.toml"), at("no.toml"), at("nowhere.toml"));
        let folder = directory.join("folder");
        fs::create_dir_all(&folder).expect("created");
        let folder = folder.to_string_lossy().into_owned();
        for arguments in [
            &["explroe", scenario][..],
            &["run", scenario, "--sed", "1"],
            &["run"],
            &["run", scenario, "--seed", "x"],
            &["run", scenario, "--seed", "-1"],
            &["run", scenario, "--seed", "18446744073709551616"],
            &["run", scenario, "--strategy", "swam"],
            &["run", &nowhere],
            &["run", &no],
            &["run", &folder],
            &["explore", &folder],
            &["explore", scenario, "--shard", "4/3", "--out", &folder],
            &["explore", scenario, "--schedules", "0"],
            &["explore", scenario, "--jobs", "0"],
            &["explore", scenario, "--jobs", "many"],
            &["explore", scenario, "--schedules", "1.5"],
            &["check", scenario, "--losses", "-1"],
            &["messages", "--writes", "1001"],
            &["replay", &empty],
            &["replay", &old],
            &["view", &empty, "-o", "x.svg"],
            &["view", scenario, "-o", "x.bmp"],
            &["merge", &folder, "--out", &nowhere],
            &["assumptions", "qurey_ring"],
            &["check", "scenarios/stateless_no_faults.toml", "--early-timers", "1"],
        ] {
            let ran = jeton(arguments).exits(2);
            let shown = format!("$ jeton {}\n{}{}\n", arguments.join(" "), ran.stdout, ran.stderr);
            texts.push_str(&shown.replace(&*directory.to_string_lossy(), "DIRECTORY"));
        }
        fs::remove_dir_all(directory).expect("removed");
        insta::assert_snapshot!(texts.trim_end());
    }
}
