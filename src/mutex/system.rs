use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Mutex;
use crate::model::{ProcessId, Ticks};

/// A built-in algorithm, as scenario files name it: what parameters it has and what it is known to bear.
///
/// Only the crate implements it; an algorithm of your own needs [`Mutex`] alone.
pub trait System: Mutex + sealed::Sealed {
    /// The name in scenario files and on the command line.
    const NAME: &'static str;

    /// The fewest processes it makes sense with.
    const PROCESSES_MIN: u32;

    /// The number of data ids it has locks for: 1 for a ring, more (as the workload wants) for a coordinator.
    const DATA_IDS_MAX: u32;

    /// Whether it is made to survive faults; one that is not is there to be compared with.
    const TOLERATES_FAULTS: bool;

    /// A scenario file in which everything it claims holds, with the faults that it is known to bear: where taking
    /// assumptions away begins.
    const BASELINE: &'static str;

    /// What else can be taken from it than what every system stands on: what is then the case, and the keys of a
    /// scenario file that make it so, as TOML.
    const DIALS: &'static [(&'static str, &'static str)];

    /// Its parameters in a scenario file: plain serde data that refuses unknown keys and has a default for each.
    type Parameters: Parameters;

    /// Checks the parameters and makes of them what the processes share.
    ///
    /// # Errors
    /// [`Impossible`] names the first key whose value cannot be.
    fn configure(processes: u32, parameters: &Self::Parameters) -> Result<Self::Config, Impossible>;

    /// Whether this process can come back after a crash.
    fn restarts(config: &Self::Config, process: ProcessId) -> bool;

    /// How long a live process may take to be granted a request once faults are over, if a message takes at most
    /// `delay` (service time included), a report at most `latency`, a stay in the critical section at most `hold`, and
    /// at most `requests` are before it. It need not be tight; it must never be too short.
    fn patience(
        config: &Self::Config,
        processes: u32,
        delay: Ticks,
        latency: Ticks,
        hold: Ticks,
        requests: u64,
    ) -> Ticks;

    /// What a scenario that expects no violation should be warned of: an assumption that the algorithm is known to need
    /// and does not have, a timeout below a round trip. One sentence each, without its full stop.
    fn warnings(_config: &Self::Config, _circumstances: &Circumstances) -> Vec<String> {
        Vec::new()
    }
}

/// What an algorithm may depend on in the world it runs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Circumstances {
    /// The number of processes.
    pub processes: u32,
    /// Whether no process crashes.
    pub crash_free: bool,
    /// Whether the failure detector is of class P.
    pub perfect_detector: bool,
    /// Whether no message between live processes is lost or duplicated.
    pub reliable: bool,
    /// Whether channels keep the order of sending.
    pub fifo: bool,
    /// Whether a report of a crash waits for what the dead process had in flight to the observer.
    pub reports_after_channel: bool,
    /// Whether all that a process sent before its crash arrives.
    pub dead_deliver: bool,
    /// The longest that a message takes, its handling included.
    pub delay_max: Ticks,
    /// The longest that a report of a crash takes.
    pub latency_max: Ticks,
}

impl Circumstances {
    /// Of what a system needs, each with whether it has it: a warning for each that it has not.
    pub fn unmet(system: &str, needs: &[(bool, &str)]) -> Vec<String> {
        needs.iter().filter(|(given, _)| !given).map(|(_, need)| format!("{system} needs {need}")).collect()
    }
}

/// A parameter of a scenario that cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {problem}")]
pub struct Impossible {
    /// The key, from the table `[system]` down, dots between: `rules.cancel_question`.
    pub key: &'static str,
    /// What is wrong with its value and what was expected.
    pub problem: String,
}

/// What the parameters of a system must be able to do.
#[cfg(not(feature = "cli"))]
pub trait Parameters: DeserializeOwned + Serialize + Default + Clone + std::fmt::Debug + Send + Sync {}
#[cfg(not(feature = "cli"))]
impl<T: DeserializeOwned + Serialize + Default + Clone + std::fmt::Debug + Send + Sync> Parameters for T {}

/// What the parameters of a system must be able to do.
#[cfg(feature = "cli")]
pub trait Parameters:
    DeserializeOwned + Serialize + Default + Clone + std::fmt::Debug + Send + Sync + schemars::JsonSchema
{
}
#[cfg(feature = "cli")]
impl<T: DeserializeOwned + Serialize + Default + Clone + std::fmt::Debug + Send + Sync + schemars::JsonSchema>
    Parameters for T
{
}

pub(crate) mod sealed {
    /// Keeps [`super::System`] to this crate, so that it can grow.
    pub trait Sealed {}
}
