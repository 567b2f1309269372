//! The schedules that were kept, each with its scenario: whatever changes, they show what they did.

use std::fs;
use std::path::Path;

use jeton::engine::Decisions;
use jeton::explore::{Case, Runner, Schedule};
use jeton::mutex::System;
use jeton::scenario::{Scenario, Visitor};

struct Replay<'a>(&'a Schedule);

impl Visitor for Replay<'_> {
    type Output = Result<(), String>;

    fn visit<S: System>(self, case: Case<S>) -> Self::Output {
        let Self(schedule) = self;
        let case = case.part(&schedule.part).expect("there is such a part");
        let decisions: Decisions = schedule.decisions.clone();
        let (outcome, divergence) = Runner::new(&case).expect("a valid setup").replay(decisions, &mut ());
        if schedule.is_reproduced_by(&outcome.end) && divergence.is_empty() {
            Ok(())
        } else {
            Err(format!("{:?}, {divergence:?}", outcome.end))
        }
    }
}

#[test]
fn every_kept_schedule_shows_what_it_did() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join("schedules");
    let mut count = 0;
    for entry in fs::read_dir(&directory).expect("there are schedules") {
        let path = entry.expect("an entry").path();
        let text = fs::read_to_string(&path).expect("a text");
        let schedule: Schedule = text.parse().unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let kept = schedule.scenario.as_ref().expect("a schedule of a scenario");
        let scenario = Scenario::parse(&format!("{}.toml", kept.name), &kept.source);
        let scenario = scenario.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        if let Err(seen) = scenario.visit(Replay(&schedule)) {
            panic!("{}: not reproduced: {seen}", path.display());
        }
        count += 1;
    }
    assert!(count >= 7, "only {count} schedules");
}
