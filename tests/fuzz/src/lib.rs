//! What is fuzzed: nothing panics, nothing hangs, and what must hold of anything read or run holds. The targets of
//! cargo-fuzz share it with `tests/it/fuzz.rs`, which tries what was kept.

mod engine;

use std::any::Any;
use std::str::FromStr;
use std::sync::Arc;

use jeton::algorithms::classic::Classic;
use jeton::algorithms::coordinator::Durable;
use jeton::algorithms::query_ring::QueryRing;
use jeton::algorithms::raymond::Raymond;
use jeton::engine::Limits;
use jeton::explore::{Case, Exhaustive, Runner, Schedule, UntimedSchedule};
use jeton::mutex::System;
use jeton::scenario::{Scenario, Visitor};
use jeton::trace::{Reader, Trace};
use jeton::view::{self, Excerpt, Story};

pub use engine::engine;
use engine::play;

/// So much is run: no more processes, no more events.
const PROCESSES_MAX: u32 = 8;
const EVENTS_MAX: u64 = 2_000;

/// A case that is over soon.
fn bounded<S: System>(mut case: Case<S>) -> Case<S> {
    let setup = Arc::make_mut(&mut case.setup);
    let Limits { events, pending, .. } = setup.limits;
    setup.limits = Limits { events: events.min(EVENTS_MAX), pending: pending.min(100_000), ..setup.limits };
    case
}

/// The scenario of this text, if it is one that can be run here.
fn small(source: &str) -> Option<Scenario> {
    Scenario::parse("fuzz.toml", source).ok().filter(|scenario| scenario.processes() <= PROCESSES_MAX)
}

/// What takes long to compile is tried with these systems.
struct Few<V>(V);

impl<V: Visitor<Output = ()>> Visitor for Few<V> {
    type Output = ();

    fn visit<S: System>(self, case: Case<S>) {
        let Self(visitor) = self;
        let case: Box<dyn Any> = Box::new(case);
        let case = match case.downcast::<Case<QueryRing>>() {
            Ok(case) => return visitor.visit(*case),
            Err(case) => case,
        };
        let case = match case.downcast::<Case<Durable>>() {
            Ok(case) => return visitor.visit(*case),
            Err(case) => case,
        };
        if let Ok(case) = case.downcast::<Case<Classic<Raymond>>>() {
            visitor.visit(*case);
        }
    }
}

struct Seeds(u64);

impl Visitor for Seeds {
    type Output = ();

    fn visit<S: System>(self, case: Case<S>) {
        let mut runner = Runner::new(&bounded(case)).expect("a scenario is possible");
        for seed in 0..self.0 {
            let (recorded, decisions) = runner.record(seed);
            assert_eq!(play(&mut runner, &decisions).outcome, recorded, "a replay of seed {seed} is another run");
        }
    }
}

/// A scenario file: refused in words that can be read, or possible to run.
pub fn scenario(data: &[u8]) {
    let source = String::from_utf8_lossy(data);
    if let Err(error) = Scenario::parse("fuzz.toml", &source) {
        let text = error.to_string();
        assert!(text.starts_with("fuzz.toml:") && text.lines().count() >= 3, "{text}");
        assert!(text.lines().all(|line| line.chars().count() < 1_000), "{text}");
    }
    if let Some(scenario) = small(&source) {
        scenario.visit(Seeds(4));
    }
}

/// A text that is written as it was read.
fn round_trip<T: FromStr<Err: std::error::Error> + ToString + PartialEq + std::fmt::Debug>(text: &str) -> Option<T> {
    match text.parse::<T>() {
        Ok(parsed) => {
            let written = parsed.to_string();
            assert_eq!(written.parse::<T>().ok().as_ref(), Some(&parsed), "{written}");
            Some(parsed)
        }
        Err(error) => {
            assert!(!error.to_string().is_empty());
            None
        }
    }
}

struct Replay<'a>(&'a Schedule);

impl Visitor for Replay<'_> {
    type Output = ();

    fn visit<S: System>(self, case: Case<S>) {
        let Self(Schedule { part, decisions, .. }) = self;
        let Some(case) = case.part(part) else { return };
        // A part can have other faults, and they may be impossible.
        let Ok(mut runner) = Runner::new(&bounded(case)) else { return };
        let run = play(&mut runner, decisions);
        let again = play(&mut runner, &run.decisions);
        assert_eq!(again.outcome, run.outcome);
        assert!(again.divergence.is_empty(), "{:?}", again.divergence);
    }
}

/// A schedule file: refused, or the same when it is written; and its run can be had again.
pub fn schedule(data: &[u8]) {
    let Some(schedule) = round_trip::<Schedule>(&String::from_utf8_lossy(data)) else { return };
    if let Some(scenario) = schedule.scenario.as_ref().and_then(|kept| small(&kept.source)) {
        scenario.visit(Replay(&schedule));
    }
}

struct Walk<'a>(&'a UntimedSchedule);

impl Visitor for Walk<'_> {
    type Output = ();

    fn visit<S: System>(self, case: Case<S>) {
        let search = Exhaustive::of(bounded(case));
        let Ok(went) = search.replay(self.0) else { return };
        let again = search.replay(self.0).expect("it was possible once");
        match (went, again) {
            (Ok(went), Ok(again)) => assert_eq!(went.schedule, again.schedule),
            (Err(departed), Err(again)) => {
                assert_eq!((departed.number, departed.problem), (again.number, again.problem));
            }
            _ => panic!("it is not the same twice"),
        }
    }
}

/// An untimed schedule file: refused, or the same when it is written; and it ends the same way twice.
pub fn untimed(data: &[u8]) {
    let Some(schedule) = round_trip::<UntimedSchedule>(&String::from_utf8_lossy(data)) else { return };
    if let Some(scenario) = schedule.scenario.as_ref().and_then(|kept| small(&kept.source)) {
        scenario.visit(Few(Walk(&schedule)));
    }
}

/// A trace file: refused with the line, or the same when it is written.
pub fn trace(data: &[u8]) {
    match Trace::read(data) {
        Ok(trace) => {
            let mut written = Vec::new();
            trace.write(&mut written).expect("a buffer takes it");
            assert_eq!(Trace::read(&written[..]).ok().as_ref(), Some(&trace));
            let plain: Vec<_> = trace.records.iter().map(jeton::trace::Record::plain).collect();
            assert_eq!(
                jeton::trace::fingerprint(&plain),
                trace.fingerprint(),
                "what viewers add is in the fingerprint"
            );
            if trace.header.processes <= PROCESSES_MAX {
                draw(&trace);
            }
        }
        Err(error) => assert!(error.to_string().starts_with("line "), "{error}"),
    }
    // After an error there are no more records.
    if let Ok(mut reader) = Reader::new(data) {
        let read = reader.by_ref().count();
        assert!(reader.next().is_none() && read <= data.len());
    }
}

/// Everything that a trace can be made into.
fn draw(trace: &Trace) {
    let story = Story::new(trace.clone());
    let rows = Excerpt { rows: 20, ..Excerpt::default() };
    assert!(view::svg(&story, &rows).ends_with("</svg>\n"));
    for text in [
        view::html(&story),
        view::text(&story, 100),
        view::mermaid(&story, &rows),
        view::shiviz(&story),
        view::chrome(&story),
    ] {
        assert!(!text.is_empty());
    }
}
