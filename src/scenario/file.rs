//! The contents of a scenario file as they are written, before anything is known of the system.

use serde::de::{IgnoredAny, IntoDeserializer};
use serde::{Deserialize, Deserializer};

use super::Expectation;
use crate::engine::{Detector, Faults, Limits, Network};
use crate::mutex::{Property, Workload};

/// A scenario: a system, the world it runs in, what goes wrong, and what is expected of it.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "cli", schemars(rename = "Scenario"))]
pub(super) struct File {
    /// What the scenario shows, in one sentence.
    #[cfg_attr(feature = "cli", schemars(length(min = 1)))]
    pub(super) about: String,
    /// `holds` if no property is ever violated, or else the name of the property that is.
    pub(super) expect: Expectation,
    /// The number of processes.
    #[cfg_attr(feature = "cli", schemars(range(min = 1, max = crate::engine::PROCESSES_MAX)))]
    pub(super) processes: u32,
    /// The properties that are checked; all that the system claims, if absent.
    #[cfg_attr(feature = "cli", schemars(length(min = 1)))]
    pub(super) properties: Option<Vec<Property>>,
    /// How long a request may take to be granted once faults are over, in ticks; enough for the system, if absent.
    #[cfg_attr(feature = "cli", schemars(range(min = 1, max = crate::engine::SPAN_MAX)))]
    pub(super) patience_ticks: Option<u64>,
    /// How many schedules are explored unless the command line says otherwise; 1000 if absent.
    #[cfg_attr(feature = "cli", schemars(range(min = 1)))]
    pub(super) schedules: Option<u64>,
    /// What runs of this scenario should show: the names of notes; those of the system, if absent.
    pub(super) sometimes: Option<Vec<String>>,
    /// The system and its parameters, which depend on it.
    #[cfg_attr(feature = "cli", schemars(with = "serde_json::Value"))]
    #[allow(dead_code, reason = "it must be there, and is read when it is known which system it is")]
    pub(super) system: IgnoredAny,
    /// What the applications do.
    #[serde(default)]
    pub(super) workload: Workload,
    /// How messages travel.
    #[serde(default)]
    pub(super) network: Network,
    /// How crashes are reported.
    #[serde(default)]
    pub(super) detector: Detector,
    /// What goes wrong.
    #[serde(default)]
    pub(super) faults: Faults,
    /// When a run is cut off; what is absent is derived from the rest.
    #[serde(default)]
    pub(super) limits: Limits,
}

impl<'de> Deserialize<'de> for Expectation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        if name == Self::HOLDS {
            return Ok(Self::Holds);
        }
        Property::deserialize(name.as_str().into_deserializer()).map(Self::Violates)
    }
}

/// What a required key is for, for whoever left it out.
pub(super) fn hint(key: &str) -> &'static str {
    match key {
        "about" => "add `about = \"What this scenario shows, in one sentence.\"`",
        "expect" => "add `expect = \"holds\"`, or the name of the property that is violated",
        "processes" => "add `processes = 5`, or how many there are",
        "system" | "name" => "add the table `[system]` with `name = \"…\"`",
        "process" => "add `process = 0`, or whichever process crashes",
        "moment" => {
            "add `moment = { at_tick = 50 }`, `{ in_step = { step = 3 } }` or `{ when = { condition = \"waiting\" } }`"
        }
        "up_to" => "add `up_to = 1`, or the greatest number of crashes",
        _ => "",
    }
}
