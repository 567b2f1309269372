//! A run without a clock, in a file.

use serde::{Deserialize, Serialize};

use super::report::Budget;
use crate::explore::ScenarioText;
use crate::explore::schedule::what_is_wrong;

/// The version of the format, and of what its moves mean.
pub const UNTIMED_VERSION: u32 = 1;

/// A counterexample of a search of every interleaving, in a file: event after event, without a clock. It needs no
/// search to replay, and any event that is not possible, or does not do what it did, is told.
///
/// Each move is one line: what the event came to, as the beginning of the fingerprint of its records, and what happens.
/// `~2` beside the first means the second of those that are alike so far: they differ in what an application is going
/// to do.
///
/// ```
/// use jeton::explore::UntimedSchedule;
/// let text = r#"
/// untimed = 1
/// cycle_from = 2
/// moves = [
///   "1be6a3dc5f8a0e2c p0 starts",
///   "0a3c6de1b95f7e42 p0 is asked to Enter(d0)",
/// ]
///
/// [violation]
/// property = "every_request_granted"
/// event = 2
///
/// [bounds]
/// early_timers = 0
/// losses = 0
/// duplicates = 0
/// "#;
/// let schedule: UntimedSchedule = text.parse()?;
/// assert_eq!(schedule.moves.len(), 2);
/// assert_eq!(schedule.to_string().parse::<UntimedSchedule>()?, schedule);
/// # Ok::<(), jeton::explore::UntimedError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UntimedSchedule {
    /// What it shows.
    pub violation: UntimedViolation,
    /// How often what is bounded may happen in it.
    pub bounds: UntimedBounds,
    /// Its events, from the starts of the processes on.
    pub moves: Vec<String>,
    /// Where nothing comes in the end: how many moves come before those that come again for ever. If there are no more,
    /// nothing need happen after the last.
    pub cycle_from: Option<usize>,
    /// The scenario that it is a schedule of; a schedule of a test's own setup has none.
    pub scenario: Option<ScenarioText>,
}

/// What an untimed schedule showed when it was kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UntimedViolation {
    /// The property that is violated.
    pub property: String,
    /// With which event; of a run that goes round for ever, its last.
    pub event: u64,
    /// What is wrong; for the reader only.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub explanation: String,
}

/// What a search of every interleaving counts, but for crashes, which the setup counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UntimedBounds {
    /// The timers of each process that fire though something else is sure to come.
    pub early_timers: u32,
    /// The messages that are lost.
    pub losses: u32,
    /// The messages that arrive twice.
    pub duplicates: u32,
}

impl From<Budget> for UntimedBounds {
    fn from(Budget { early_timers, losses, duplicates, .. }: Budget) -> Self {
        Self { early_timers, losses, duplicates }
    }
}

/// A text that is no untimed schedule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UntimedError {
    /// It is not TOML, or has a key that does not belong there, or lacks one.
    #[error("this is no untimed schedule, expected a file that `jeton check --keep` wrote: {0}")]
    Syntax(String),
    /// It was written by another version.
    #[error(
        "this untimed schedule has version {found}, and this is a jeton for version {UNTIMED_VERSION}: it would be \
         another run"
    )]
    Version {
        /// Its version.
        found: u32,
    },
    /// It would go round from beyond its end.
    #[error("`cycle_from` is {from}, expected at most the {moves} moves that there are")]
    Cycle {
        /// Where it goes round from.
        from: usize,
        /// How many moves there are.
        moves: usize,
    },
}

/// The file, field by field.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[allow(dead_code, reason = "it was looked at before")]
    untimed: u32,
    violation: UntimedViolation,
    bounds: UntimedBounds,
    moves: Vec<String>,
    #[serde(default)]
    cycle_from: Option<usize>,
    #[serde(default)]
    scenario: Option<ScenarioText>,
}

/// Only this much of a file of another version is looked at.
#[derive(Deserialize)]
struct Version {
    untimed: u32,
}

/// The tables of the file, as they are written.
#[derive(Serialize)]
struct Tables<'a> {
    violation: &'a UntimedViolation,
    bounds: UntimedBounds,
    #[serde(skip_serializing_if = "Option::is_none")]
    scenario: &'a Option<ScenarioText>,
}

impl UntimedSchedule {
    pub(super) fn new(
        property: &str,
        event: u64,
        explanation: &str,
        moves: Vec<String>,
        cycle_from: Option<usize>,
    ) -> Self {
        let violation = UntimedViolation { property: property.to_owned(), event, explanation: explanation.to_owned() };
        Self { violation, bounds: UntimedBounds::default(), moves, cycle_from, scenario: None }
    }
}

impl std::str::FromStr for UntimedSchedule {
    type Err = UntimedError;

    fn from_str(text: &str) -> Result<Self, UntimedError> {
        let syntax = |error| UntimedError::Syntax(what_is_wrong(&error));
        let Version { untimed } = toml::from_str(text).map_err(syntax)?;
        if untimed != UNTIMED_VERSION {
            return Err(UntimedError::Version { found: untimed });
        }
        let File { violation, bounds, moves, cycle_from, scenario, .. } = toml::from_str(text).map_err(syntax)?;
        if let Some(from) = cycle_from.filter(|&from| from > moves.len()) {
            return Err(UntimedError::Cycle { from, moves: moves.len() });
        }
        Ok(Self { violation, bounds, moves, cycle_from, scenario })
    }
}

impl std::fmt::Display for UntimedSchedule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "untimed = {UNTIMED_VERSION}")?;
        if let Some(from) = self.cycle_from {
            writeln!(f, "cycle_from = {from}")?;
        }
        writeln!(f, "moves = [")?;
        for line in &self.moves {
            writeln!(f, "  {},", toml::Value::String(line.clone()))?;
        }
        writeln!(f, "]\n")?;
        let Self { violation, bounds, scenario, .. } = self;
        let tables = Tables { violation, bounds: *bounds, scenario };
        f.write_str(&toml::to_string(&tables).map_err(|_| std::fmt::Error)?)
    }
}
