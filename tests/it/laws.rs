//! The laws of the engine, on runs of every kind. What a run was is read from its trace.

use std::collections::{BTreeMap, BTreeSet};

use jeton::engine::{
    ChannelOrder, Crash, DetectorClass, Distribution, End, Faults, FromDead, LossCause, MessageId, Moment,
    RandomCrashes, ReportOrder, Setup, Simulation, ToDead, Unreliable,
};
use jeton::model::Report;
use jeton::trace::{Effect, Kind, Record};
use jeton::{ProcessId, Ticks};
use proptest::prelude::*;

use crate::toy::{self, Rules, Runner, cases};

mod channels;

mod replay {
    use super::*;

    proptest! {
        #[test]
        fn a_replay_of_the_recorded_decisions_is_the_run((setup, seed, wishes) in cases()) {
            let mut simulation = Simulation::new(setup).expect("a valid setup");
            let recorded = toy::record(&mut simulation, seed, wishes);
            let (outcome, records, divergence) = toy::replay(&mut simulation, recorded.decisions, wishes);
            prop_assert_eq!(records, recorded.records);
            prop_assert_eq!(outcome, recorded.outcome);
            prop_assert!(divergence.is_empty(), "{:?}", divergence);
        }

        #[test]
        fn recording_changes_nothing((setup, seed, wishes) in cases()) {
            let mut simulation = Simulation::new(setup).expect("a valid setup");
            let recorded = toy::record(&mut simulation, seed, wishes);
            let (outcome, records) = toy::run(&mut simulation, seed, wishes);
            prop_assert_eq!(records, recorded.records);
            prop_assert_eq!(outcome, recorded.outcome);
        }

        #[test]
        fn turning_crashes_off_leaves_everything_before_the_first_one_as_it_was((setup, seed, wishes) in cases()) {
            let mut setup = setup;
            // These draw from the stream of faults, as crashes do.
            setup.faults.random_partitions = None;
            setup.faults.random_pauses = None;
            setup.detector.suspicions = None;
            let mut without = setup.clone();
            without.faults.crashes.clear();
            without.faults.random.clear();
            let (outcome, crashing) = run(&setup, seed, wishes);
            let (calm_outcome, calm) = run(&without, seed, wishes);
            match crashing.iter().position(|record| record.crashed || record.kind == Kind::Crash) {
                None => {
                    prop_assert_eq!(crashing, calm);
                    prop_assert_eq!(outcome, calm_outcome);
                }
                Some(first) => {
                    prop_assert_eq!(&crashing[..first], &calm[..first]);
                    let fatal = &crashing[first];
                    if fatal.crashed {
                        prop_assert_eq!(&fatal.kind, &calm[first].kind);
                        prop_assert!(calm[first].effects.starts_with(&fatal.effects));
                    }
                }
            }
        }
    }

    /// The crash of somebody who is down already, or one that is drawn for a time after the end, is not in the
    /// schedule.
    #[test]
    fn a_crash_that_never_comes_to_pass_does_not_change_how_a_run_ends() {
        let mut setup = Setup::new(2, Rules { hops: 3, beats: 0 });
        setup.limits.settle_ticks = Some(100);
        setup.faults.random = vec![RandomCrashes { within_ticks: 10_000, ..RandomCrashes::up_to(2) }];
        let mut simulation = Simulation::new(setup).expect("a valid setup");
        let mut quiescent = 0;
        for seed in 0..50 {
            let recorded = toy::record(&mut simulation, seed, 0);
            quiescent += u32::from(recorded.outcome.end == End::Quiescent && recorded.outcome.stats.crashes == 0);
            let (outcome, ..) = toy::replay(&mut simulation, recorded.decisions, 0);
            assert_eq!(outcome, recorded.outcome);
        }
        assert!(quiescent > 10, "{quiescent}");
    }
}

mod crashes {
    use super::*;

    proptest! {
        #[test]
        fn a_crashed_process_does_nothing_until_it_restarts((setup, seed, wishes) in cases()) {
            let mut world = Watch::new(&setup);
            for record in &run(&setup, seed, wishes).1 {
                let was_up = world.life(record.process).up;
                match record.kind {
                    Kind::Loss | Kind::Partition { .. } => {}
                    Kind::Restart => prop_assert!(!was_up, "{:?}", record),
                    _ => prop_assert!(was_up, "{:?}", record),
                }
                world.begin(record);
                world.end(record);
            }
        }

        #[test]
        fn a_process_handles_nothing_while_it_pauses((setup, seed, wishes) in cases(), pauses in toy::windows()) {
            let mut setup = setup;
            setup.faults.random_pauses = Some(pauses);
            let mut over = vec![Ticks::ZERO; setup.processes as usize];
            for record in &run(&setup, seed, wishes).1 {
                let over = &mut over[record.process.index()];
                match record.kind {
                    Kind::Pause { until } => *over = until.max(*over),
                    Kind::Loss | Kind::Partition { .. } | Kind::Crash => {}
                    _ => prop_assert!(record.tick >= *over, "{:?}", record),
                }
                if crashes(record).is_some() {
                    *over = Ticks::ZERO;
                }
            }
        }

        #[test]
        fn what_is_counted_is_what_happened((setup, seed, wishes) in cases()) {
            let (outcome, records) = run(&setup, seed, wishes);
            let events = records.iter().filter(|record| is_event(record)).count() as u64;
            let sends = records.iter().flat_map(|record| &record.effects);
            let sends = sends.filter(|effect| matches!(effect, Effect::Send { .. })).count() as u64;
            let restarts = records.iter().filter(|record| record.kind == Kind::Restart).count() as u64;
            prop_assert_eq!(outcome.stats.events, events);
            prop_assert_eq!(outcome.stats.messages, sends);
            prop_assert_eq!(outcome.stats.lost, records.iter().map(|record| record.lost.len() as u64).sum::<u64>());
            prop_assert_eq!(outcome.stats.crashes, records.iter().filter_map(crashes).count() as u64);
            prop_assert_eq!(outcome.stats.restarts, restarts);

            let numbers = records.iter().filter(|record| is_event(record)).map(|record| record.number);
            prop_assert!(numbers.eq(1..=events), "events are numbered from 1");
            prop_assert!(records.is_sorted_by_key(|record| (record.number, record.tick)), "time goes on");
            prop_assert!(records.iter().all(|record| record.tick <= outcome.at));
        }
    }

    /// Of one step, with a store and two sends, in that order, a crash leaves as many effects as it says.
    #[test]
    fn a_crash_may_fall_between_any_two_effects_of_a_step() {
        let mut setup = Setup::new(5, Rules { hops: 9, beats: 0 });
        let whole = run(&setup, 1, 0).1;
        // The eighth hop is stored, then passed on.
        let step = whole.iter().find(|record| record.effects.len() == 2).expect("a step with two effects").clone();
        let nth = whole.iter().filter(|r| r.process == step.process && r.number <= step.number).count() as u64;
        for after_effects in 0..=3 {
            setup.faults.crashes =
                vec![crash(step.process.get(), Moment::InStep { step: nth, after_effects }, Some(5))];
            let (_, records) = run(&setup, 1, 0);
            let fatal = records.iter().find(|record| record.crashed).expect("a crash");
            assert_eq!(fatal.number, step.number);
            assert_eq!(fatal.effects, step.effects[..2.min(after_effects as usize)]);
        }
    }

    #[test]
    fn what_was_stored_before_a_crash_is_there_after_it_and_nothing_else_is() {
        let mut setup = Setup::new(2, Rules { hops: 40, beats: 0 });
        setup.network.delay_ticks = Distribution::Constant(1);
        // By tick 10 it has seen hop 10, and stored hop 8.
        setup.faults.crashes.push(crash(0, Moment::AtTick(11), Some(3)));
        let mut simulation = Simulation::<Runner>::new(setup).expect("a valid setup");
        let mut recorder = jeton::trace::Recorder::new().with_states();
        simulation.run(1, &mut toy::Wishes::new(0), &mut recorder);
        let records = recorder.finish();
        let of = |record: &Record| record.state.as_ref().and_then(|state| state.get("hop")).map(str::to_owned);
        let mine = |record: &&Record| record.process == ProcessId::new(0);
        let last = records.iter().filter(mine).take_while(|r| r.kind != Kind::Crash).filter_map(of).last();
        assert_eq!(last.as_deref(), Some("10"));
        let restarted = records.iter().find(|record| record.kind == Kind::Restart).and_then(of);
        assert_eq!(restarted.as_deref(), Some("8"));
    }
}

mod detector {
    use super::*;

    /// Whom a process is to hear of in its present life, and how often it has: one crash of a process is one report.
    #[derive(Clone, Default)]
    struct Hearing {
        /// By process: where in the trace its crashes are.
        crashes: BTreeMap<ProcessId, Vec<usize>>,
        reports: BTreeMap<ProcessId, usize>,
    }

    /// Goes through a trace and shows each report, with the crash that it can be of at the earliest.
    fn hear(
        setup: &Setup<Runner>,
        records: &[Record],
        mut each: impl FnMut(usize, ProcessId, Option<usize>) -> Result<(), TestCaseError>,
    ) -> Result<Vec<Hearing>, TestCaseError> {
        let mut world = Watch::new(setup);
        let mut last_crash: BTreeMap<ProcessId, usize> = BTreeMap::new();
        let mut hearings = vec![Hearing::default(); setup.processes as usize];
        for (index, record) in records.iter().enumerate() {
            world.begin(record);
            let hearing = &mut hearings[record.process.index()];
            if record.kind == Kind::Restart {
                *hearing = Hearing::default();
                for of in ProcessId::all(setup.processes).filter(|&of| !world.life(of).up) {
                    hearing.crashes.insert(of, vec![last_crash[&of]]);
                }
            }
            if let Kind::Report(Report::Crash(of)) = record.kind {
                let reports = hearing.reports.entry(of).or_default();
                *reports += 1;
                let crash = hearing.crashes.get(&of).and_then(|crashes| crashes.get(*reports - 1));
                each(index, of, crash.copied())?;
            }
            world.end(record);
            if let Some(of) = crashes(record) {
                last_crash.insert(of, index);
                for process in ProcessId::all(setup.processes).filter(|&p| world.life(p).up) {
                    hearings[process.index()].crashes.entry(of).or_default().push(index);
                }
            }
        }
        Ok(hearings)
    }

    proptest! {
        #[test]
        fn a_perfect_detector_reports_every_crash_to_everybody_and_nothing_else((setup, seed, wishes) in cases()) {
            let mut setup = setup;
            setup.detector.class = DetectorClass::Perfect;
            setup.detector.suspicions = None;
            let (outcome, records) = run(&setup, seed, wishes);
            prop_assert!(!records.iter().any(|record| matches!(record.kind, Kind::Report(Report::Restore(_)))));
            let hearings = hear(&setup, &records, |index, of, crash| {
                prop_assert!(crash.is_some(), "accuracy: {of} had not crashed once more: {:?}", records[index]);
                Ok(())
            })?;
            let up = up_at_the_end(&setup, &records);
            for (hearing, process) in hearings.iter().zip(ProcessId::all(setup.processes)) {
                for (of, crashes) in &hearing.crashes {
                    let reports = hearing.reports.get(of).copied().unwrap_or_default();
                    let complete = outcome.end != End::Quiescent || !up.contains(&process) || reports == crashes.len();
                    prop_assert!(complete, "completeness: {process} heard {reports} times of {of}");
                }
            }
        }

        #[test]
        fn a_report_after_the_channel_comes_after_what_the_dead_had_sent((setup, seed, wishes) in cases()) {
            let mut setup = setup;
            setup.detector.order = ReportOrder::AfterChannel;
            setup.detector.class = DetectorClass::Perfect;
            setup.detector.suspicions = None;
            let (_, records) = run(&setup, seed, wishes);
            let sent: BTreeMap<MessageId, usize> = records
                .iter()
                .enumerate()
                .flat_map(|(index, record)| sends(record).into_iter().map(move |(id, _)| (id, index)))
                .collect();
            hear(&setup, &records, |index, of, crash| {
                let crash = crash.expect("a crash");
                for later in records[index..].iter().filter(|later| later.process == records[index].process) {
                    if let Kind::Message { from, id, .. } = later.kind {
                        prop_assert!(from != of || sent[&id] > crash, "{:?} after the report", later);
                    }
                }
                Ok(())
            })?;
        }

        #[test]
        fn an_eventually_perfect_detector_takes_back_every_suspicion_of_who_never_crashed(
            (setup, seed, wishes) in cases(),
            suspicions in toy::windows(),
        ) {
            let mut setup = setup;
            setup.detector.class = DetectorClass::EventuallyPerfect;
            setup.detector.suspicions = Some(suspicions).filter(|_| setup.processes > 1);
            let (outcome, records) = run(&setup, seed, wishes);
            let crashed: BTreeSet<ProcessId> = records.iter().filter_map(crashes).collect();
            let mut suspected: BTreeSet<(ProcessId, ProcessId)> = BTreeSet::new();
            for record in &records {
                match record.kind {
                    Kind::Report(Report::Crash(of)) => { suspected.insert((record.process, of)); }
                    Kind::Report(Report::Restore(of)) => { suspected.remove(&(record.process, of)); }
                    _ => {}
                }
                // Of those who die, none hears any more.
                suspected.retain(|(process, _)| crashes(record) != Some(*process));
            }
            let rightly = suspected.iter().all(|(_, of)| crashed.contains(of));
            prop_assert!(rightly || outcome.end != End::Quiescent, "{:?}", suspected);
        }

        #[test]
        fn without_a_detector_nobody_hears_anything((setup, seed, wishes) in cases()) {
            let mut setup = setup;
            setup.detector.class = DetectorClass::None;
            setup.detector.suspicions = None;
            let (_, records) = run(&setup, seed, wishes);
            prop_assert!(!records.iter().any(|record| matches!(record.kind, Kind::Report(_))));
        }
    }

    #[test]
    fn an_unordered_report_may_come_before_what_the_dead_had_sent() {
        let mut setup = Setup::new(2, Rules { hops: 1, beats: 0 });
        setup.network.delay_ticks = Distribution::Constant(20);
        setup.detector.latency_ticks = Distribution::Constant(2);
        setup.faults.crashes.push(crash(0, Moment::AtTick(1), None));
        let kinds = |order| {
            let mut setup = setup.clone();
            setup.detector.order = order;
            let (_, records) = run(&setup, 1, 0);
            let at_p1 =
                records.into_iter().filter(|record| record.process == ProcessId::new(1) && record.tick.get() > 0);
            at_p1.map(|record| (record.tick.get(), matches!(record.kind, Kind::Report(_)))).take(2).collect::<Vec<_>>()
        };
        assert_eq!(kinds(ReportOrder::Unordered), [(3, true), (20, false)]);
        assert_eq!(kinds(ReportOrder::AfterChannel), [(20, false), (20, true)]);
    }
}

mod timers {
    use super::*;

    proptest! {
        #[test]
        fn a_timer_fires_once_at_its_tick_unless_it_is_cancelled_or_set_anew((setup, seed, wishes) in cases()) {
            let (outcome, records) = run(&setup, seed, wishes);
            let punctual = !handles_late(&setup);
            let mut armed: Vec<BTreeMap<String, Ticks>> = vec![BTreeMap::new(); setup.processes as usize];
            for record in &records {
                let missed = armed.iter().flatten().any(|(_, due)| *due < record.tick);
                prop_assert!(!(punctual && missed), "a timer did not fire before {:?}", record);
                let mine = &mut armed[record.process.index()];
                if let Kind::Timer(timer) = &record.kind {
                    let due = mine.remove(&timer.to_string());
                    prop_assert!(due.is_some_and(|due| due <= record.tick), "not set, or too early: {:?}", record);
                }
                for effect in &record.effects {
                    match effect {
                        Effect::SetTimer { timer, after } => { mine.insert(timer.to_string(), record.tick + *after); }
                        Effect::CancelTimer(timer) => { mine.remove(&timer.to_string()); }
                        _ => {}
                    }
                }
                if crashes(record).is_some() {
                    mine.clear();
                }
            }
            if outcome.end == End::Quiescent {
                prop_assert!(armed.iter().all(BTreeMap::is_empty), "{:?}", armed);
            }
        }
    }
}

fn run(setup: &Setup<Runner>, seed: u64, wishes: u32) -> (jeton::engine::Outcome, Vec<Record>) {
    let mut simulation = Simulation::new(setup.clone()).expect("a valid setup");
    toy::run(&mut simulation, seed, wishes)
}

/// The messages that come into being in an event, copies too.
fn sends(record: &Record) -> Vec<(MessageId, ProcessId)> {
    let sent = record.effects.iter().filter_map(|effect| match effect {
        Effect::Send { id, to, .. } => Some((*id, *to)),
        _ => None,
    });
    sent.chain(record.copied.iter().map(|copied| (copied.copy, copied.to))).collect()
}

/// Who crashes in an event.
fn crashes(record: &Record) -> Option<ProcessId> {
    (record.crashed || record.kind == Kind::Crash).then_some(record.process)
}

fn is_event(record: &Record) -> bool {
    !matches!(record.kind, Kind::Loss | Kind::Partition { .. } | Kind::Pause { .. })
}

/// Whether what arrives may have to wait.
fn handles_late(setup: &Setup<Runner>) -> bool {
    let Faults { pauses, random_pauses, .. } = &setup.faults;
    setup.network.service_ticks.max() > Ticks::ZERO || !pauses.is_empty() || random_pauses.is_some()
}

fn crash(process: u32, moment: Moment, down: Option<u64>) -> Crash {
    Crash { process: ProcessId::new(process), moment, down_ticks: down.map(Distribution::Constant) }
}

fn up_at_the_end(setup: &Setup<Runner>, records: &[Record]) -> BTreeSet<ProcessId> {
    let mut world = Watch::new(setup);
    for record in records {
        world.begin(record);
        world.end(record);
    }
    ProcessId::all(setup.processes).filter(|&process| world.life(process).up).collect()
}

/// Which life a process is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Life {
    number: u32,
    up: bool,
}

/// Who is up, as the records say.
struct Watch(Vec<Life>);

impl Watch {
    fn new(setup: &Setup<Runner>) -> Self {
        Self(vec![Life { number: 1, up: true }; setup.processes as usize])
    }

    /// Before the effects of an event.
    fn begin(&mut self, record: &Record) {
        if record.kind == Kind::Restart {
            let life = &mut self.0[record.process.index()];
            *life = Life { number: life.number + 1, up: true };
        }
    }

    /// After them.
    fn end(&mut self, record: &Record) {
        if crashes(record).is_some() {
            self.0[record.process.index()].up = false;
        }
    }

    fn life(&self, process: ProcessId) -> Life {
        self.0[process.index()]
    }
}
