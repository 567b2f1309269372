//! From the text of a scenario to a run, and whatever can be wrong on the way.

use std::ops::Range;
use std::sync::Arc;

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Expectation;
use super::error::{Error, Place};
use super::file::{File, hint};
use super::value::{Cause, Refusal, Table};
use crate::algorithms::{NAMES, with_system};
use crate::engine::{
    ChannelOrder, DetectorClass, Distribution, Faults, FromDead, Limits, Moment, PROCESSES_MAX, ReportOrder, SPAN_MAX,
    Setup, Windows,
};
use crate::explore::{Case, Locks, Strategy};
use crate::model::{ProcessId, Ticks};
use crate::mutex::{Circumstances, Monitor, Property, System, Workload};

/// A scenario file that is well formed.
pub(super) struct Document<'a> {
    path: &'a str,
    source: &'a str,
    tree: DeTable<'a>,
    pub(super) contents: File,
}

/// What was learnt of a scenario that can be run.
#[derive(Clone, Debug)]
pub(super) struct Checked {
    pub(super) sometimes: Vec<String>,
    pub(super) warnings: Vec<String>,
}

impl<'a> Document<'a> {
    pub(super) fn read(path: &'a str, source: &'a str) -> Result<Self, Error> {
        let tree = match DeTable::parse(source) {
            Ok(tree) => tree.into_inner(),
            Err(error) => return Err(syntax(path, source, &error)),
        };
        let contents = File::deserialize(Table::new(&tree, 0..0, &[]));
        match contents {
            Ok(contents) => Ok(Self { path, source, tree, contents }),
            Err(refusal) => Err(refused(path, source, "", refusal)),
        }
    }

    /// The name of the system.
    pub(super) fn system(&self) -> Result<&str, Error> {
        let Some(value) = self.tree.get("system") else { return Err(self.impossible("system", "there is none")) };
        let Some(table) = value.get_ref().as_table() else {
            return Err(self.mismatch("system", value, "a table with the `name` of the system"));
        };
        match table.get("name") {
            None => Err(Error::MissingKey {
                place: self.place(&value.span()).into(),
                key: "name".to_owned(),
                table: "system".to_owned(),
                hint: format!("it is one of {}", super::error::list(NAMES)),
            }),
            Some(name) => match name.get_ref().as_str() {
                Some(name) => Ok(name),
                None => Err(self.mismatch("system.name", name, "text in quotes")),
            },
        }
    }

    /// Checks that it can be run.
    pub(super) fn check(&self, system: &str) -> Result<Checked, Error> {
        struct Check<'d, 'a>(&'d Document<'a>);
        impl crate::algorithms::Visitor for Check<'_, '_> {
            type Output = Result<Checked, Error>;
            fn visit<S: System>(self) -> Self::Output {
                let Self(document) = self;
                let case = document.case::<S>()?;
                let warns = document.contents.expect == Expectation::Holds;
                let mut warnings = Vec::new();
                if warns {
                    warnings = S::warnings(&case.setup.config, &circumstances(&case.setup));
                    warnings.extend(settles_early(&case.setup));
                }
                Ok(Checked { sometimes: document.sometimes::<S>(), warnings })
            }
        }
        with_system(system, Check(self)).unwrap_or_else(|| Err(self.unknown("system.name", system, NAMES)))
    }

    /// What is to be run, with everything that the file leaves out.
    pub(super) fn case<S: System>(&self) -> Result<Case<S>, Error> {
        let File { processes, workload, .. } = self.contents;
        if self.contents.about.trim().is_empty() {
            return Err(self.impossible("about", "it is empty, expected what the scenario shows, in one sentence"));
        }
        if processes < S::PROCESSES_MIN {
            let problem = format!("{processes}, expected at least {} for {}", S::PROCESSES_MIN, S::NAME);
            return Err(self.impossible("processes", problem));
        }
        // Before anything is made that has a place for each.
        if processes > PROCESSES_MAX {
            return Err(self.impossible("processes", format!("{processes}, expected at most {PROCESSES_MAX}")));
        }
        let mut setup = Setup::<S>::new(processes, self.config::<S>()?);
        setup.network = self.contents.network.clone();
        setup.detector = self.contents.detector;
        setup.faults = self.contents.faults.clone();
        setup.limits = self.contents.limits;
        setup.validate().map_err(|invalid| self.impossible(&invalid.key, invalid.problem))?;
        self.check_faults(&setup)?;
        self.check_workload::<S>()?;
        let properties = self.properties::<S>()?;
        let patience = self.patience(&setup)?;
        setup.limits = self.limits(&setup, patience);
        let (setup, strategy) = (Arc::new(setup), Strategy::default());
        let trial = Locks::default();
        Ok(Case { setup, workload, requests: Vec::new(), properties, patience, strategy, trial })
    }

    /// What its runs should show. Without faults nothing is asked for, and where faults are drawn, that each kind of
    /// process was hit.
    fn sometimes<S: System>(&self) -> Vec<String> {
        let File { sometimes, faults, .. } = &self.contents;
        let owned = |notes: &[&str]| notes.iter().map(|&note| note.to_owned()).collect::<Vec<String>>();
        match (sometimes, faults.random.is_empty()) {
            (Some(listed), _) => listed.clone(),
            (None, true) if faults.crashes.is_empty() => Vec::new(),
            (None, true) => owned(S::SOMETIMES),
            (None, false) => [owned(S::SOMETIMES), owned(&Monitor::<S>::SOMETIMES)].concat(),
        }
    }

    fn config<S: System>(&self) -> Result<S::Config, Error> {
        let value = self.tree.get("system").expect("there is a system: its name was read");
        let empty = DeTable::new();
        let table = Table::new(value.get_ref().as_table().unwrap_or(&empty), value.span(), &["name"]);
        let parameters =
            S::Parameters::deserialize(table).map_err(|refusal| refused(self.path, self.source, "system", refusal))?;
        S::configure(self.contents.processes, &parameters)
            .map_err(|impossible| self.impossible(&format!("system.{}", impossible.key), impossible.problem))
    }

    fn check_faults<S: System>(&self, setup: &Setup<S>) -> Result<(), Error> {
        let stays = |process: ProcessId| !S::restarts(&setup.config, process);
        let problem = |p: ProcessId| format!("{p} of {} cannot come back, expected no `down_ticks`", S::NAME);
        for (index, crash) in setup.faults.crashes.iter().enumerate() {
            let key = format!("faults.crashes.{index}");
            if let Moment::When { condition, .. } = &crash.moment {
                self.check_condition(&format!("{key}.moment.when.condition"), condition)?;
            }
            if crash.down_ticks.is_some() && stays(crash.process) {
                return Err(self.impossible(&format!("{key}.down_ticks"), problem(crash.process)));
            }
        }
        for (group, random) in setup.faults.random.iter().enumerate() {
            for (index, condition) in random.conditions.iter().enumerate() {
                self.check_condition(&format!("faults.random.{group}.conditions.{index}"), condition)?;
            }
            if random.down_ticks.is_none() {
                continue;
            }
            let all: Vec<ProcessId> = ProcessId::all(setup.processes).collect();
            let among = if random.among.is_empty() { &all } else { &random.among };
            if let Some(&process) = among.iter().find(|&&process| stays(process)) {
                let problem = format!("{}, or `among` without it", problem(process));
                return Err(self.impossible(&format!("faults.random.{group}.down_ticks"), problem));
            }
        }
        Ok(())
    }

    fn check_condition(&self, key: &str, condition: &str) -> Result<(), Error> {
        if Workload::CONDITIONS.contains(&condition) {
            return Ok(());
        }
        Err(self.unknown(key, condition, &Workload::CONDITIONS))
    }

    fn check_workload<S: System>(&self) -> Result<(), Error> {
        let workload = &self.contents.workload;
        if let Some((key, problem)) = workload.problem() {
            return Err(self.impossible(&format!("workload.{key}"), problem));
        }
        if workload.data_ids > S::DATA_IDS_MAX {
            let problem = format!("{}, expected at most {} for {}", workload.data_ids, S::DATA_IDS_MAX, S::NAME);
            return Err(self.impossible("workload.data_ids", problem));
        }
        if self.contents.schedules == Some(0) {
            return Err(self.impossible("schedules", "0, expected at least 1"));
        }
        Ok(())
    }

    fn properties<S: System>(&self) -> Result<Vec<Property>, Error> {
        let claimed: Vec<&str> = S::PROPERTIES.iter().map(|property| property.name()).collect();
        let claims = format!("{} does not claim it, expected one of {}", S::NAME, super::error::list(&claimed));
        let properties = self.contents.properties.clone().unwrap_or_else(|| S::PROPERTIES.to_vec());
        if let Some(index) = properties.iter().position(|property| !S::PROPERTIES.contains(property)) {
            return Err(self.impossible(&format!("properties.{index}"), claims));
        }
        if properties.is_empty() {
            return Err(self.impossible("properties", "it is empty, expected at least one, or no such key for all"));
        }
        match self.contents.expect {
            Expectation::Violates(property) if !S::PROPERTIES.contains(&property) => {
                Err(self.impossible("expect", claims))
            }
            Expectation::Violates(property) if !properties.contains(&property) => {
                Err(self.impossible("expect", "it is not among the `properties` that are checked"))
            }
            _ => Ok(properties),
        }
    }

    /// The bound of liveness. Each process waits for at most one data id, or two, at a time; where they hold one while
    /// they wait for another, a wait for the first may have all others' waits for the second in it.
    fn patience<S: System>(&self, setup: &Setup<S>) -> Result<Ticks, Error> {
        match self.contents.patience_ticks {
            Some(ticks) if ticks == 0 || ticks > SPAN_MAX => {
                Err(self.impossible("patience_ticks", format!("{ticks}, expected 1..={SPAN_MAX}")))
            }
            Some(ticks) => Ok(Ticks::new(ticks)),
            None => {
                let (delay, latency) = (setup.network.delay_max(), setup.detector.latency_ticks.max());
                let hold = self.contents.workload.hold_ticks.max();
                let count = u64::from(setup.processes);
                let two = self.contents.workload.second_per_mille > 0;
                let (hold, requests) = if two { (hold + hold, count * count) } else { (hold, count) };
                Ok(S::patience(&setup.config, setup.processes, delay, latency, hold, requests))
            }
        }
    }

    /// The limits, with those that the file leaves out derived from the rest:
    /// - `settle_ticks` is for the setup to say ([`Setup::settle`]);
    /// - `ticks` lets every request of one process, and every fault, have the whole patience to itself.
    fn limits<S: System>(&self, setup: &Setup<S>, patience: Ticks) -> Limits {
        let given = |key| self.tree.get("limits").and_then(|limits| limits.get_ref().get(key)).is_some();
        let mut limits = setup.limits;
        if !given("ticks") {
            let workload = &self.contents.workload;
            let (first, faults) = faults_end(&setup.faults, setup.detector.suspicions.as_ref());
            let each = workload.think_ticks.max() + workload.hold_ticks.max() + patience;
            let rounds = u64::from(workload.requests).saturating_add(faults).saturating_add(1);
            let ticks = Ticks::new(rounds.saturating_mul(each.get())) + first + setup.settle();
            limits.ticks = limits.ticks.max(ticks.get()).min(SPAN_MAX);
        }
        limits
    }

    fn impossible(&self, key: &str, problem: impl Into<String>) -> Error {
        Error::Impossible { place: self.place(&self.span(key)).into(), key: key.to_owned(), problem: problem.into() }
    }

    fn unknown(&self, key: &str, name: &str, known: &[&str]) -> Error {
        let known = known.iter().map(|&name| name.to_owned()).collect();
        Error::UnknownName {
            place: self.place(&self.span(key)).into(),
            key: key.to_owned(),
            name: name.to_owned(),
            known,
        }
    }

    fn mismatch(&self, key: &str, value: &Spanned<DeValue<'_>>, expected: &str) -> Error {
        let found = super::value::describe(value.get_ref());
        let place = self.place(&value.span()).into();
        Error::Mismatch { place, key: key.to_owned(), found, expected: expected.to_owned() }
    }

    fn place(&self, span: &Range<usize>) -> Place {
        Place::new(self.path, self.source, span)
    }

    /// Where the value of this key is, or else the innermost table or list around it that the file has.
    fn span(&self, key: &str) -> Range<usize> {
        let mut keys = key.split('.');
        let Some(mut value) = keys.next().and_then(|key| self.tree.get(key)) else { return 0..0 };
        for key in keys {
            let inner = match (value.get_ref(), key.parse::<usize>()) {
                (DeValue::Array(array), Ok(index)) => array.get(index),
                (inner, _) => inner.get(key),
            };
            let Some(inner) = inner else { break };
            value = inner;
        }
        value.span()
    }
}

/// A run that ends early is judged before what must come in the end has had its time.
fn settles_early<S: System>(setup: &Setup<S>) -> Option<String> {
    let (given, enough) = (setup.settle(), setup.enough_to_settle());
    (given < enough).then(|| {
        format!("limits.settle_ticks is {given}, and a message may take {enough} to go round: what is late may be told")
    })
}

/// The last tick that a fault by time can have, and how many faults there can be.
fn faults_end(faults: &Faults, suspicions: Option<&Windows>) -> (Ticks, u64) {
    let down = |down: Option<Distribution>| down.map(|down| down.max()).unwrap_or_default();
    let mut ends = Vec::new();
    for crash in &faults.crashes {
        let at = if let Moment::AtTick(tick) = crash.moment { Ticks::new(tick) } else { Ticks::ZERO };
        ends.push(at + down(crash.down_ticks));
    }
    ends.extend(
        faults.partitions.iter().map(|partition| Ticks::new(partition.at_tick) + Ticks::new(partition.length_ticks)),
    );
    ends.extend(faults.pauses.iter().map(|pause| Ticks::new(pause.at_tick) + Ticks::new(pause.length_ticks)));
    ends.extend(faults.messages.map(|messages| Ticks::new(messages.until_tick)));
    let mut count = ends.len() as u64;
    for random in &faults.random {
        ends.push(Ticks::new(random.within_ticks) + down(random.down_ticks));
        count += u64::from(random.up_to);
    }
    for windows in [faults.random_partitions.as_ref(), faults.random_pauses.as_ref(), suspicions].into_iter().flatten()
    {
        ends.push(Ticks::new(windows.within_ticks) + windows.length_ticks.max());
        count += u64::from(windows.up_to);
    }
    (ends.into_iter().max().unwrap_or_default(), count)
}

fn circumstances<S: System>(setup: &Setup<S>) -> Circumstances {
    let faults = &setup.faults;
    Circumstances {
        processes: setup.processes,
        crash_free: faults.crashes.is_empty() && faults.random.is_empty(),
        perfect_detector: setup.detector.class == DetectorClass::Perfect,
        reliable: faults.messages.is_none() && faults.partitions.is_empty() && faults.random_partitions.is_none(),
        fifo: setup.network.order == ChannelOrder::Fifo,
        reports_after_channel: setup.detector.order == ReportOrder::AfterChannel,
        dead_deliver: setup.network.from_dead == FromDead::Deliver,
        delay_max: setup.network.delay_max(),
        latency_max: setup.detector.latency_ticks.max(),
    }
}

fn refused(path: &str, source: &str, prefix: &str, refusal: Refusal) -> Error {
    let within = refusal.key();
    let dot = if prefix.is_empty() || within.is_empty() { "" } else { "." };
    let key = format!("{prefix}{dot}{within}");
    let place = Place::new(path, source, &refusal.span.unwrap_or(0..0)).into();
    let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<String>>();
    match refusal.cause {
        Cause::UnknownKey { key: unknown, known } => {
            let mut known = owned(known);
            if key == "system" {
                known.insert(0, "name".to_owned());
            }
            Error::UnknownKey { place, key: unknown, table: key, known }
        }
        Cause::MissingKey { key: missing } => {
            Error::MissingKey { place, key: missing.to_owned(), table: key, hint: hint(missing).to_owned() }
        }
        Cause::UnknownName { name, known } => {
            let mut known = owned(known);
            if key == "expect" {
                known.insert(0, Expectation::HOLDS.to_owned());
            }
            Error::UnknownName { place, key, name, known }
        }
        Cause::Mismatch { found, expected } => Error::Mismatch { place, key, found, expected },
        Cause::Other(problem) => Error::Impossible { place, key, problem },
    }
}

fn syntax(path: &str, source: &str, error: &toml::de::Error) -> Error {
    let span = error.span().unwrap_or(0..0);
    let rest = source.get(span.start..).unwrap_or_default();
    let word = rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
    let value = source.get(..span.start).is_some_and(|before| before.trim_end_matches(' ').ends_with(['=', '[', ',']));
    let problem = match word {
        "null" | "nil" | "none" | "None" if value => "TOML has no null, expected a value, or no such key".to_owned(),
        word if value && word.starts_with(char::is_alphabetic) => format!("text needs quotes, expected `{word:?}`"),
        _ => error.message().to_owned(),
    };
    Error::Syntax { place: Place::new(path, source, &span).into(), problem }
}
