//! Scenarios: a TOML file names a system, the world it runs in, what goes wrong and what is expected of it.
//!
//! ```toml
//! about = "A peer of the ring crashes at any moment, and nothing is lost by it."
//! expect = "holds"       # or the name of the property that is violated
//! processes = 5
//! properties = ["single_token"]   # default: all that the system claims
//! schedules = 1000
//!
//! [system]
//! name = "query_ring"
//! token_timeout_ticks = 60        # the other keys of this table are the system's parameters
//!
//! [workload]                      # a `mutex::Workload`
//! requests = 3
//! [network]                       # an `engine::Network`
//! delay_ticks = { uniform = [1, 10] }
//! [detector]                      # an `engine::Detector`
//! [[faults.random]]                 # an `engine::Faults`
//! up_to = 1
//! [limits]                        # an `engine::Limits`
//! ```
//!
//! Whatever a file contains, reading it gives a [`Scenario`] that can be run or an [`Error`] that says where it is
//! wrong. This module knows files, not runs: it must never look into a process or draw a number.

mod assumption;
mod check;
mod error;
mod file;
#[cfg(feature = "cli")]
mod schema;
mod value;

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use crate::algorithms::with_system;
use crate::engine::Distribution;
use crate::explore::{Case, ScenarioText};
use crate::mutex::{Property, System, Workload};

pub use assumption::{Assumption, assumptions};
use check::{Checked, Document};
pub use error::{Error, Place};
#[cfg(feature = "cli")]
pub use schema::schema;

/// A scenario that has been read and found possible.
#[derive(Clone, Debug)]
pub struct Scenario {
    name: String,
    path: String,
    source: String,
    contents: file::File,
    system: String,
    checked: Checked,
}

/// What a scenario expects of its runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Expectation {
    /// No property is violated.
    Holds,
    /// This property is violated by some schedule: the scenario shows what a rule or an assumption is for.
    Violates(Property),
}

/// What is to be done with a scenario, whatever its system.
pub trait Visitor {
    /// What comes of it.
    type Output;
    /// Does it, with the system's type.
    fn visit<S: System>(self, case: Case<S>) -> Self::Output;
}

impl From<&Scenario> for ScenarioText {
    /// What a schedule file has of the scenario that it is a schedule of.
    fn from(scenario: &Scenario) -> Self {
        Self { name: scenario.name().to_owned(), source: scenario.source().to_owned() }
    }
}

impl Scenario {
    /// The number of schedules to explore if nobody says otherwise.
    pub const SCHEDULES: u64 = 1000;

    /// Reads a scenario file.
    ///
    /// # Errors
    /// If the file cannot be read, or cannot be run as it stands.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let file = path.display().to_string();
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) => return Err(Error::Unreadable { file, problem: format!("cannot be read: {error}") }),
        };
        match String::from_utf8(bytes) {
            Ok(source) => Self::parse(&file, &source),
            Err(error) => {
                let good = error.utf8_error().valid_up_to();
                let source = String::from_utf8_lossy(error.as_bytes());
                let problem = "this byte is not UTF-8, in which TOML is written".to_owned();
                Err(Error::Syntax { place: Place::new(&file, &source, &(good..good)).into(), problem })
            }
        }
    }

    /// Reads the text of a scenario. `path` is what errors call the file; the name of the scenario is its stem.
    ///
    /// ```
    /// use jeton::scenario::Scenario;
    /// let error = Scenario::parse("mine.toml", "about = 1").unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "mine.toml:1:9: wrong value of `about`
    ///   |
    /// 1 | about = 1
    ///   |         ^ found the number 1, expected text in quotes"
    /// );
    /// ```
    ///
    /// # Errors
    /// If it cannot be run as it stands.
    pub fn parse(path: &str, source: &str) -> Result<Self, Error> {
        let document = Document::read(path, source)?;
        let system = document.system()?.to_owned();
        let checked = document.check(&system)?;
        let name = Path::new(path).file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let contents = document.contents;
        Ok(Self { name, path: path.to_owned(), source: source.to_owned(), contents, system, checked })
    }

    /// So many processes of the system of this name with its default parameters, in a world in which nothing goes
    /// wrong, at this load: what messages are counted in. The servers of a coordinator are among the processes.
    ///
    /// ```
    /// use jeton::algorithms::NAMES;
    /// use jeton::mutex::Workload;
    /// use jeton::scenario::Scenario;
    /// let saturated = Workload { think_ticks: 0.into(), write_per_mille: 0, ..Workload::default() };
    /// for name in NAMES {
    ///     let scenario = Scenario::fault_free(name, 9, &saturated, 10.into())?;
    ///     assert_eq!((scenario.system(), scenario.processes()), (*name, 9));
    /// }
    /// # Ok::<(), jeton::scenario::Error>(())
    /// ```
    ///
    /// # Errors
    /// If there is no such system, or it cannot have so many processes or this load.
    pub fn fault_free(system: &str, processes: u32, load: &Workload, delay: Distribution) -> Result<Self, Error> {
        /// The file.
        #[derive(serde::Serialize)]
        struct FaultFree<'a> {
            about: &'static str,
            expect: &'static str,
            processes: u32,
            system: BTreeMap<&'static str, &'a str>,
            workload: &'a Workload,
            network: BTreeMap<&'static str, Distribution>,
        }
        let file = FaultFree {
            about: "Nothing goes wrong.",
            expect: Expectation::HOLDS,
            processes,
            system: BTreeMap::from([("name", system)]),
            workload: load,
            network: BTreeMap::from([("delay_ticks", delay)]),
        };
        let source = toml::to_string(&file).expect("plain data has a text");
        Self::parse(&format!("{system}.toml"), &source)
    }

    /// Does something with the scenario, with the type of its system.
    pub fn visit<V: Visitor>(&self, visitor: V) -> V::Output {
        struct Prepare<'s, V>(&'s Scenario, V);
        impl<V: Visitor> crate::algorithms::Visitor for Prepare<'_, V> {
            type Output = V::Output;
            fn visit<S: System>(self) -> V::Output {
                let Self(Scenario { path, source, .. }, visitor) = self;
                let case = Document::read(path, source).and_then(|document| document.case::<S>());
                visitor.visit(case.expect("what could be prepared once can be prepared again"))
            }
        }
        with_system(&self.system, Prepare(self, visitor)).expect("the system was found when the scenario was read")
    }

    /// The name: the stem of the file's.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The path of the file, as it was given.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The text it was read from.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// What it shows, in one sentence.
    pub fn about(&self) -> &str {
        &self.contents.about
    }

    /// What it expects.
    pub fn expect(&self) -> Expectation {
        self.contents.expect
    }

    /// The name of the system.
    pub fn system(&self) -> &str {
        &self.system
    }

    /// The number of processes.
    pub fn processes(&self) -> u32 {
        self.contents.processes
    }

    /// How many schedules to explore if nobody says otherwise.
    pub fn schedules(&self) -> u64 {
        self.contents.schedules.unwrap_or(Self::SCHEDULES)
    }

    /// The names of what its runs should show: notes of the processes, and what the monitor counts.
    pub fn sometimes(&self) -> &[String] {
        &self.checked.sometimes
    }

    /// What is possible and probably not meant: an assumption that the system is known to need and does not have here,
    /// a timeout below a round trip. There are none where a violation is expected.
    pub fn warnings(&self) -> &[String] {
        &self.checked.warnings
    }
}

impl Expectation {
    const HOLDS: &str = "holds";

    /// The name in scenario files: `holds`, or that of the property.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Holds => Self::HOLDS,
            Self::Violates(property) => property.name(),
        }
    }
}

impl fmt::Display for Expectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{End, other_rule};
    use crate::explore::{Runner, Schedule};

    /// How the decisions of a schedule end, and how the run of a seed does.
    struct Run<'a>(&'a Schedule);

    impl Visitor for Run<'_> {
        type Output = (End, crate::engine::Outcome);

        fn visit<S: System>(self, case: Case<S>) -> Self::Output {
            let Self(Schedule { part, decisions, .. }) = self;
            let part = case.part(part).expect("there is such a part");
            let (outcome, divergence) = Runner::new(&part).expect("valid").replay(decisions.clone(), &mut ());
            assert!(divergence.is_empty(), "{divergence:?}");
            (outcome.end, Runner::new(&case).expect("valid").run(1))
        }
    }

    /// Decisions, not seeds, are what reproduces a run.
    #[test]
    fn kept_schedules_show_what_they_did_whatever_the_rule_for_the_expansion_of_seeds() {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join("schedules");
        for entry in std::fs::read_dir(directory).expect("there are schedules") {
            let text = std::fs::read_to_string(entry.expect("an entry").path()).expect("a text");
            let schedule: Schedule = text.parse().expect("a schedule");
            let kept = schedule.scenario.as_ref().expect("of a scenario");
            let scenario = Scenario::parse(&format!("{}.toml", kept.name), &kept.source).expect("valid");
            let (end, seeded) = scenario.visit(Run(&schedule));
            let (other_end, other_seeded) = other_rule::under(|| scenario.visit(Run(&schedule)));
            assert!(schedule.is_reproduced_by(&end), "{}: {end:?}", kept.name);
            assert_eq!(other_end, end, "{}", kept.name);
            assert_ne!(other_seeded, seeded, "{}: the rule makes no difference", kept.name);
        }
    }
}
