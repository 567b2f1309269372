use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::reduction::Part;
use crate::engine::spelling::in_words;
use crate::engine::{Decisions, End, Key, KeyError, Violation};

/// The version of the format, and of what decisions mean: a change that gives a kept schedule another run gives it
/// another number, so that an old file is refused rather than replayed as something else.
pub const SCHEDULE_VERSION: u32 = 1;

/// A schedule in a file: the decisions that are not the simplest, and what they show. It is a reproducer that needs no
/// seed and no generator. Where each message of a channel takes long, one line says so: `"delay p0->p1 #each" = 8`.
///
/// ```
/// use jeton::explore::Schedule;
/// let text = r#"
/// version = 1
///
/// [violation]
/// property = "single_token"
/// at_tick = 41
/// event = 17
///
/// [decisions]
/// "crash_in p1 step 4 #1" = 2
/// "delay p0->p1 #3" = 8
/// "#;
/// let schedule: Schedule = text.parse()?;
/// assert_eq!(schedule.decisions.len(), 2);
/// assert_eq!(schedule.to_string().parse::<Schedule>()?, schedule);
/// # Ok::<(), jeton::explore::ScheduleError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schedule {
    /// What it shows; nothing, if it shows that all is well.
    pub violation: Option<Recorded>,
    /// Of which part of the case it is a schedule.
    pub part: Part,
    /// The decisions whose answer is not the simplest.
    pub decisions: Decisions,
    /// The scenario that it is a schedule of; a schedule of a test's own setup has none.
    pub scenario: Option<ScenarioText>,
}

/// What a schedule showed when it was kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recorded {
    /// The property that is violated.
    pub property: String,
    /// When it is seen.
    pub at_tick: u64,
    /// With which event.
    pub event: u64,
    /// What is wrong; for the reader only.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub explanation: String,
}

impl From<&Violation> for Recorded {
    fn from(violation: &Violation) -> Self {
        Self {
            property: violation.property.clone(),
            at_tick: violation.at.get(),
            event: violation.event,
            explanation: violation.explanation.clone(),
        }
    }
}

/// The scenario of a schedule, whole, so that the file stands for itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScenarioText {
    /// Its name.
    pub name: String,
    /// Its file, to the letter.
    pub source: String,
}

/// A text that is no schedule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScheduleError {
    /// It is not TOML, or has a key that does not belong there, or lacks one.
    #[error("this is no schedule, expected a file that `check` or `jeton run --keep` wrote: {0}")]
    Syntax(String),
    /// It was written by another version.
    #[error(
        "this schedule has version {found}, and this is a jeton for version {SCHEDULE_VERSION}, for which it would be \
         another run: replay it with the jeton that wrote it, or find the failure again and keep that"
    )]
    Version {
        /// Its version.
        found: u32,
    },
    /// A decision whose key cannot be read.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// The file, field by field.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    violation: Option<Recorded>,
    #[serde(default)]
    part: Part,
    #[serde(default)]
    decisions: BTreeMap<String, u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scenario: Option<ScenarioText>,
}

/// The table `[part]`, as it is written.
#[derive(Serialize)]
struct PartTable<'a> {
    part: &'a Part,
}

/// Only this much of a file of another version is looked at.
#[derive(Deserialize)]
struct Version {
    version: u32,
}

/// What is wrong with a text in TOML, and where.
pub(super) fn what_is_wrong(error: &toml::de::Error) -> String {
    let text = error.to_string();
    let place = text.trim_end().strip_suffix(error.message()).unwrap_or_default();
    format!("{place}{}", in_words(error.message()))
}

impl Schedule {
    /// Whether a run ended as this schedule says: with the same property at the same event, or well.
    pub fn is_reproduced_by(&self, end: &End) -> bool {
        match (&self.violation, end) {
            (Some(recorded), End::Violated(violation)) => {
                recorded.property == violation.property
                    && recorded.event == violation.event
                    && recorded.at_tick == violation.at.get()
            }
            (None, End::Settled | End::Quiescent) => true,
            _ => false,
        }
    }
}

impl std::str::FromStr for Schedule {
    type Err = ScheduleError;

    fn from_str(text: &str) -> Result<Self, ScheduleError> {
        let syntax = |error| ScheduleError::Syntax(what_is_wrong(&error));
        let Version { version } = toml::from_str(text).map_err(syntax)?;
        if version != SCHEDULE_VERSION {
            return Err(ScheduleError::Version { found: version });
        }
        let file: File = toml::from_str(text).map_err(syntax)?;
        let mut decisions = Decisions::new();
        for (key, answer) in file.decisions {
            decisions.insert(key.parse::<Key>()?, answer);
        }
        Ok(Self { violation: file.violation, part: file.part, decisions, scenario: file.scenario })
    }
}

impl std::fmt::Display for Schedule {
    /// Decisions stand in the order of their keys as values, not as text.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "version = {SCHEDULE_VERSION}")?;
        if let Some(violation) = &self.violation {
            writeln!(f, "\n[violation]")?;
            f.write_str(&toml::to_string(violation).map_err(|_| std::fmt::Error)?)?;
        }
        if !self.part.is_whole() {
            let part = toml::to_string(&PartTable { part: &self.part }).map_err(|_| std::fmt::Error)?;
            write!(f, "\n{part}")?;
        }
        writeln!(f, "\n[decisions]")?;
        for (key, answer) in &self.decisions {
            writeln!(f, "{} = {answer}", toml::Value::String(key.to_string()))?;
        }
        if let Some(scenario) = &self.scenario {
            writeln!(f, "\n[scenario]")?;
            f.write_str(&toml::to_string(scenario).map_err(|_| std::fmt::Error)?)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Faults, Limit, RandomCrashes, Violation};
    use crate::explore::Round;
    use crate::model::{ProcessId, Ticks};
    use crate::mutex::Property;

    fn schedule() -> Schedule {
        let mut decisions = Decisions::new();
        decisions.insert("delay p0->p1 #10".parse().expect("a key"), 3);
        decisions.insert("delay p0->p1 #9".parse().expect("a key"), u64::from(u32::MAX));
        decisions.insert("think p2 #1".parse().expect("a key"), 1);
        let violation = Recorded {
            property: "single_holder".to_owned(),
            at_tick: 5,
            event: 3,
            explanation: "p0 and \"p1\"".to_owned(),
        };
        let source = "about = \"a\\\"b\"\n# 'quoted' '''\nprocesses = 3\n".to_owned();
        let scenario = ScenarioText { name: "a".to_owned(), source };
        Schedule { violation: Some(violation), part: Part::default(), decisions, scenario: Some(scenario) }
    }

    #[test]
    fn so_is_the_part_of_a_case() {
        let faults = Faults { random: vec![RandomCrashes::up_to(1)], ..Faults::default() };
        for faults in [None, Some(Faults::default()), Some(faults)] {
            let part = Part {
                without: vec![ProcessId::new(1), ProcessId::new(3)],
                requests: vec![0, 2],
                faults,
                ..Part::default()
            };
            let schedule = Schedule { part, ..schedule() };
            let text = schedule.to_string();
            assert_eq!(text.parse::<Schedule>(), Ok(schedule), "{text}");
        }
        let round = Some(Round { from_event: 3, to_event: 5 });
        let limits = Part { properties: Some(vec![Property::QueueOrder]), to_event: Some(7), ..Part::default() };
        let nothing = Part { properties: Some(Vec::new()), faults: Some(Faults::default()), round, ..limits.clone() };
        for part in [Part { round, ..Part::default() }, limits, nothing] {
            let schedule = Schedule { part, ..schedule() };
            let text = schedule.to_string();
            assert_eq!(text.parse::<Schedule>(), Ok(schedule), "{text}");
        }
    }

    #[test]
    fn it_is_read_as_it_is_written() {
        let text = schedule().to_string();
        assert_eq!(text.parse::<Schedule>(), Ok(schedule()), "{text}");
        assert_eq!(Schedule::default().to_string().parse(), Ok(Schedule::default()));
    }

    #[test]
    fn the_ninth_comes_before_the_tenth() {
        let text = schedule().to_string();
        assert!(text.find("#9").expect("#9") < text.find("#10").expect("#10"), "{text}");
    }

    #[test]
    fn another_version_is_refused_whatever_else_is_in_it() {
        let error = "version = 2\nfuture = true".parse::<Schedule>();
        assert_eq!(error, Err(ScheduleError::Version { found: 2 }));
    }

    #[test]
    fn what_is_no_schedule_is_refused() {
        for text in [
            "",
            "version = 1\nfoo = 2",
            "version = 1\n[decisions]\n\"delay\" = 1",
            "version = 1\n[decisions]\n\"down p0 #1\" = -1",
        ] {
            assert!(text.parse::<Schedule>().is_err(), "{text}");
        }
    }

    #[test]
    fn it_is_reproduced_by_the_same_violation_at_the_same_event_and_tick() {
        let violation = |property: &str, at, event| {
            let (property, at, explanation) = (property.to_owned(), Ticks::new(at), String::new());
            End::Violated(Violation { property, at, event, processes: Vec::new(), explanation })
        };
        let failing = schedule();
        assert!(failing.is_reproduced_by(&violation("single_holder", 5, 3)));
        for other in
            [violation("single_token", 5, 3), violation("single_holder", 6, 3), violation("single_holder", 5, 4)]
        {
            assert!(!failing.is_reproduced_by(&other), "{other:?}");
            assert!(!Schedule::default().is_reproduced_by(&other), "it was to end well");
        }
        let good = [End::Settled, End::Quiescent];
        assert!(good.iter().all(|end| Schedule::default().is_reproduced_by(end) && !failing.is_reproduced_by(end)));
        assert!(!Schedule::default().is_reproduced_by(&End::CutOff(Limit::Events)), "that proves nothing");
    }
}
