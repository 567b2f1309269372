//! Scenario files, by their names or those of directories.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Fault, output};
use crate::explore::{ScenarioText, Schedule, UntimedSchedule};
use crate::scenario::Scenario;

/// Reads one scenario, and says on stderr what there is to warn of.
pub(super) fn scenario(path: &Path) -> Result<Scenario, Fault> {
    let scenario = Scenario::load(path).map_err(|error| Fault::new(error.to_string()))?;
    warn(&scenario);
    Ok(scenario)
}

/// A schedule of either kind.
pub(super) enum AnySchedule {
    Timed(Box<Schedule>),
    Untimed(UntimedSchedule),
}

/// Reads a schedule.
pub(super) fn schedule(path: &Path) -> Result<AnySchedule, Fault> {
    let place = path.display();
    let text = fs::read_to_string(path).map_err(|error| Fault::new(format!("{place} cannot be read: {error}")))?;
    if is_untimed(&text) {
        let schedule = text.parse().map_err(|error| Fault::new(format!("{place}: {error}")))?;
        return Ok(AnySchedule::Untimed(schedule));
    }
    let schedule = text.parse().map_err(|error| Fault::new(format!("{place}: {error}")))?;
    Ok(AnySchedule::Timed(Box::new(schedule)))
}

/// Whether a text is a schedule of either kind: it says its version before anything else. A scenario has none.
pub(super) fn is_schedule(text: &str) -> bool {
    let timed = |table: toml::Table| table.contains_key("version") && table.contains_key("decisions");
    is_untimed(text) || text.parse().is_ok_and(timed)
}

fn is_untimed(text: &str) -> bool {
    text.parse().is_ok_and(|table: toml::Table| table.contains_key("untimed"))
}

/// The scenario that a schedule has in its file.
pub(super) fn scenario_of(path: &Path, scenario: Option<&ScenarioText>) -> Result<Scenario, Fault> {
    let place = path.display();
    let Some(scenario) = scenario else {
        let problem = "it has no scenario: it is a schedule of a test, which tries it by itself when it is run";
        return Err(Fault::new(format!("{place}: {problem}")));
    };
    Scenario::parse(&format!("{}.toml", scenario.name), &scenario.source)
        .map_err(|error| Fault::new(format!("{place}, its scenario:\n{error}")))
}

pub(super) fn no_such_part(path: &Path) -> Fault {
    Fault::new(format!("{}: its scenario has no such part as its `[part]`", path.display()))
}

/// Reads every file named and every `*.toml` of each directory named, in the order of their names. If any is at fault,
/// so is the input, and each fault is told.
pub(super) fn scenarios(paths: &[PathBuf]) -> Result<Vec<Scenario>, Fault> {
    let mut found = Vec::new();
    let mut problems = Vec::new();
    for path in paths {
        match files(path) {
            Ok(files) => {
                for file in files {
                    match Scenario::load(&file) {
                        Ok(scenario) => found.push(scenario),
                        Err(error) => problems.push(error.to_string()),
                    }
                }
            }
            Err(Fault(more)) => problems.extend(more),
        }
    }
    if !problems.is_empty() {
        return Err(Fault(problems));
    }
    found.iter().for_each(warn);
    Ok(found)
}

/// The file itself, or the scenario files of a directory. Directories within it are not looked into.
fn files(path: &Path) -> Result<Vec<PathBuf>, Fault> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let unreadable = |error: std::io::Error| Fault::new(format!("{}: cannot be read: {error}", path.display()));
    let mut files = Vec::new();
    for entry in fs::read_dir(path).map_err(unreadable)? {
        let file = entry.map_err(unreadable)?.path();
        if file.extension().is_some_and(|extension| extension == "toml") && !file.is_dir() {
            files.push(file);
        }
    }
    if files.is_empty() {
        return Err(Fault::new(format!("{}: no scenario in this directory, expected `*.toml`", path.display())));
    }
    files.sort();
    Ok(files)
}

fn warn(scenario: &Scenario) {
    for warning in scenario.warnings() {
        output::complain("warning", &format!("{}: {warning}", scenario.path()));
    }
}
