//! What is counted, kept and told of many schedules.

use super::*;
use crate::engine::{Idle, MessageId, World};
use crate::explore::toy::{Post, RULE, Reckless, Rule, Writer, letters};
use crate::model::{Event, ProcessId};

fn exploration(rule: Rule) -> Exploration<'static, Writer, Own<Writer, Idle, Post>> {
    Exploration::of(letters(2, rule)).jobs(1)
}

fn finding(property: &str, seed: u64, event: u64) -> Finding {
    let (property, explanation) = (property.to_owned(), String::new());
    let violation = Violation { property, at: Ticks::ZERO, event, processes: Vec::new(), explanation };
    Finding { seed, found_within: seed + 1, violation }
}

#[test]
fn of_each_property_the_first_finding_is_kept_or_the_first_of_the_shortest() {
    let kept = |shortest| {
        let mut report = Report::default();
        for (seed, event) in [(0, 5), (1, 5), (2, 7), (3, 3), (4, 3), (5, 4)] {
            report.keep(finding("a", seed, event), shortest);
        }
        report.keep(finding("b", 6, 9), shortest);
        report.findings.iter().map(|finding| finding.seed).collect::<Vec<_>>()
    };
    assert_eq!((kept(false), kept(true)), (vec![0, 6], vec![3, 6]));
}

#[test]
fn the_parts_of_a_report_add_up() {
    let part = |first: u64| Report {
        schedules: 10,
        events: 200,
        messages: 30,
        entries: 4,
        overtakes: 5,
        cut_off: 1,
        first_cut_off: Some((first + 8, Limit::Ticks)),
        sometimes: [("seen", 7)].into(),
        findings: vec![finding("a", first + 2, 5)],
        failing: [("a".to_owned(), Failing { schedules: 90, seeds: (first..first + 60).collect() })].into(),
        ..Report::default()
    };
    let mut report = Report { schedules: 3, ..Report::default() };
    report.add(part(0), false);
    report.add(part(100), false);
    let sum = Report {
        schedules: 23,
        events: 400,
        messages: 60,
        entries: 8,
        overtakes: 10,
        cut_off: 2,
        first_cut_off: Some((8, Limit::Ticks)),
        sometimes: [("seen", 14)].into(),
        findings: vec![Finding { found_within: 6, ..finding("a", 2, 5) }],
        failing: [("a".to_owned(), Failing { schedules: 180, seeds: (0..60).chain(100..140).collect() })].into(),
        ..Report::default()
    };
    assert_eq!(report, sum, "of the seeds the first hundred");
}

#[test]
fn what_happens_in_the_schedules_is_counted_and_how_far_it_is_is_told() {
    let told = Lock::new(Vec::new());
    let tell = |progress: Progress| told.lock().expect("no panic").push(progress);
    let letters = exploration(|_| false).strategy(Strategy::Swarm).first_seed(5).schedules(70);
    let report = Exploration { progress: Some(&tell), ..letters }.run().expect("a setup");
    // Three start, and four letters come.
    assert_eq!((report.schedules, report.events, report.messages), (70, 70 * 7, 70 * 4));
    assert_eq!((report.strategy, report.first_seed), (Strategy::Swarm, 5));
    assert_eq!((report.entries, report.overtakes), (0, 0));
    assert_eq!((report.seen("letter_came"), report.seen("nothing")), (70, 0), "in each, however often");
    assert!(report.holds());
    let progress = |done| Progress { done, schedules: 70 };
    assert_eq!(told.into_inner().expect("no panic"), [32, 64, 70].map(progress));
}

#[test]
fn it_stops_where_it_is_told_to() {
    let failing = |stop| exploration(|came| came.has(0, 1, 9)).schedules(100).stop(stop).run().expect("a setup");
    let first = failing(Stop::AtFirstFailure);
    let seed = first.finding(RULE).expect("one in ten").seed;
    assert_eq!((first.schedules, first.findings[0].found_within), (seed + 1, seed + 1));
    assert_eq!(first, failing(Stop::AtViolationOf(RULE.to_owned())));
    let all = failing(Stop::AtViolationOf("another".to_owned()));
    assert_eq!((all.schedules, &all), (100, &failing(Stop::Never)));
    assert!(all.failing[RULE].schedules > 1);
    assert_eq!((all.findings[0].seed, all.failing[RULE].seeds[0]), (seed, seed));
}

#[test]
fn a_schedule_that_is_cut_off_is_a_failure_and_each_is_counted() {
    let cut_off = |stop| {
        let mut case = letters(2, |_| false);
        std::sync::Arc::make_mut(&mut case.setup).limits.events = 4;
        Exploration::of(case).jobs(1).first_seed(9).schedules(40).stop(stop).run().expect("a setup")
    };
    let (first, all) = (cut_off(Stop::AtFirstFailure), cut_off(Stop::Never));
    assert_eq!((first.schedules, first.cut_off, first.first_cut_off), (1, 1, Some((9, Limit::Events))));
    assert_eq!((all.schedules, all.cut_off, all.first_cut_off), (40, 40, Some((9, Limit::Events))));
    assert_eq!(cut_off(Stop::AtViolationOf(RULE.to_owned())), all);
    assert!(!all.holds());
}

#[test]
fn a_thorough_run_goes_on_after_a_violation_and_counts_every_entry() {
    let mut case = Case::new(Setup::<Reckless>::new(3, ()));
    case.workload.write_per_mille = 0;
    let thorough = Exploration::of(case.clone()).jobs(1).schedules(20).thorough();
    let report = thorough.run().expect("a setup");
    assert_eq!(report.entries, 20 * 3 * u64::from(case.workload.requests));
    assert_eq!(report.overtakes, 0, "whoever asks enters at once");
    let failing = &report.failing["single_holder"];
    assert!(failing.schedules > 1);
    // Alone each seed shows it as well, and the finding is the shortest of them.
    let alone = |seed: &u64| {
        let outcome = Runner::new(&case).expect("a setup").run(*seed);
        if let End::Violated(violation) = outcome.end { violation.event } else { panic!("{seed} holds") }
    };
    let shortest = failing.seeds.iter().map(alone).min();
    assert_eq!(report.finding("single_holder").map(|finding| finding.violation.event), shortest);
}

/// Counts the events of one run.
#[derive(Clone, Default)]
struct Count(u64);

impl Observer<Reckless> for Count {
    fn event(&mut self, _: ProcessId, _: &Event<Reckless>, _: Option<MessageId>, _: &World<Reckless>) {
        self.0 += 1;
    }

    fn check(&mut self, world: &World<Reckless>) -> Result<(), Violation> {
        let is_of_this_run = self.0 == world.event();
        if is_of_this_run { Ok(()) } else { Err(world.violation("count", vec![], self.0.to_string())) }
    }

    fn seen(&self, mark: &mut dyn FnMut(&'static str)) {
        mark(if self.0 > 0 { "event" } else { "nothing" });
    }
}

#[test]
fn each_schedule_of_a_lock_has_new_properties_of_ones_own_and_what_they_saw_is_counted() {
    let workload = Workload { write_per_mille: 0, ..Workload::default() };
    let own = Exploration::new(Setup::<Reckless>::new(1, ())).workload(workload).also(Count::default());
    let report = own.jobs(1).schedules(20).run().expect("a setup");
    report.assert_holds();
    assert_eq!((report.schedules, report.seen("event")), (20, 20));
}
