use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::distribution::{Distribution, SPAN_MAX};
use super::disturbance::{Unreliable, Windows};
use super::fault::{Crash, Faults, Moment, RandomCrashes};
use crate::model::{Process, ProcessId, Ticks};

/// All that is fixed before a run: the processes and the world they run in. What is left is the seed.
#[derive(Clone, Debug)]
pub struct Setup<P: Process> {
    /// The number of processes.
    pub processes: u32,
    /// What they share.
    pub config: P::Config,
    /// How messages travel.
    pub network: Network,
    /// How crashes are reported.
    pub detector: Detector,
    /// What goes wrong.
    pub faults: Faults,
    /// When a run is cut off.
    pub limits: Limits,
}

impl<P: Process> Setup<P> {
    /// So many processes in the default world: reliable FIFO channels, delays of 1 to 10 ticks, a perfect failure
    /// detector, no faults.
    pub fn new(processes: u32, config: P::Config) -> Self {
        Self {
            processes,
            config,
            network: Network::default(),
            detector: Detector::default(),
            faults: Faults::default(),
            limits: Limits::default(),
        }
    }

    /// With up to `count` crashes of random processes at random moments, the conditions of the application included.
    #[must_use]
    pub fn with_random_crashes(mut self, count: u32) -> Self {
        self.faults.random.push(RandomCrashes::up_to(count));
        self
    }

    /// How long a run goes on when every request is settled: as [`Limits::settle_ticks`] says, or else as long as a
    /// message takes at most to go round all processes and a few more besides, after a report: (processes + 4) × the
    /// greatest delay + the greatest latency.
    pub fn settle(&self) -> Ticks {
        self.limits.settle_ticks.map_or_else(|| self.enough_to_settle(), Ticks::new)
    }

    pub(crate) fn enough_to_settle(&self) -> Ticks {
        let round = (u64::from(self.processes) + 4).saturating_mul(self.network.delay_max().get());
        Ticks::new((Ticks::new(round) + self.detector.latency_ticks.max()).get().min(SPAN_MAX))
    }

    /// Checks that it can be run.
    ///
    /// # Errors
    /// [`Invalid`] names the first value that cannot be.
    pub fn validate(&self) -> Result<(), Invalid> {
        if self.processes == 0 {
            return Err(Invalid::new("processes", "0, expected at least 1"));
        }
        if self.processes > PROCESSES_MAX {
            let problem = format!("{}, expected at most {PROCESSES_MAX}", self.processes);
            return Err(Invalid::new("processes", problem));
        }
        self.network.validate(self.processes)?;
        self.detector.validate(self.processes)?;
        self.faults.validate(self.processes)?;
        self.limits.validate()
    }
}

/// More than this are refused.
pub(crate) const PROCESSES_MAX: u32 = 1 << 24;

/// No more faults of a kind are drawn: each has its place in the plan of a run.
pub(crate) const DRAWN_MAX: u32 = 1 << 16;

/// How messages travel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Network {
    /// Whether messages of one channel can overtake each other.
    pub order: ChannelOrder,
    /// How long a message takes, in ticks, at least 1.
    pub delay_ticks: Distribution,
    /// Channels with a delay of their own.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<Link>,
    /// What becomes of the messages in flight from a process that crashes.
    pub from_dead: FromDead,
    /// What becomes of messages to a process that is, or was, down.
    pub to_dead: ToDead,
    /// How long a process takes to handle an event, in ticks; meanwhile what arrives waits in its inbox.
    pub service_ticks: Distribution,
}

impl Default for Network {
    fn default() -> Self {
        Self {
            order: ChannelOrder::Fifo,
            delay_ticks: Distribution::Uniform(1, 10),
            links: Vec::new(),
            from_dead: FromDead::Deliver,
            to_dead: ToDead::Connection,
            service_ticks: Distribution::Constant(0),
        }
    }
}

impl Network {
    /// The longest that a message can take, its handling and that of an event before it included.
    pub fn delay_max(&self) -> Ticks {
        let longest = self.links.iter().map(|link| link.delay_ticks.max()).max().unwrap_or_default();
        longest.max(self.delay_ticks.max()) + self.service_ticks.max()
    }

    fn validate(&self, processes: u32) -> Result<(), Invalid> {
        spread("network.delay_ticks", &self.delay_ticks, 1)?;
        spread("network.service_ticks", &self.service_ticks, 0)?;
        let mut seen = BTreeSet::new();
        for (index, link) in self.links.iter().enumerate() {
            exists(&format!("network.links.{index}.from"), link.from, processes)?;
            exists(&format!("network.links.{index}.to"), link.to, processes)?;
            spread(&format!("network.links.{index}.delay_ticks"), &link.delay_ticks, 1)?;
            if !seen.insert((link.from, link.to)) {
                let problem = format!("the channel from {} to {} twice, expected it once", link.from, link.to);
                return Err(Invalid::new(format!("network.links.{index}"), problem));
            }
        }
        Ok(())
    }
}

/// A channel with a delay of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// The sender.
    #[cfg_attr(feature = "cli", schemars(with = "u32"))]
    pub from: ProcessId,
    /// The receiver.
    #[cfg_attr(feature = "cli", schemars(with = "u32"))]
    pub to: ProcessId,
    /// How long a message takes, in ticks, at least 1.
    pub delay_ticks: Distribution,
}

/// Whether messages of one channel can overtake each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ChannelOrder {
    /// They arrive in the order in which they were sent.
    #[default]
    Fifo,
    /// They arrive in any order.
    Unordered,
}

/// What becomes of the messages in flight from a process that crashes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum FromDead {
    /// They still arrive.
    #[default]
    Deliver,
    /// Of each channel a drawn number of the last ones is lost, as a closing socket may do.
    Prefix,
    /// They are lost.
    Drop,
}

/// What becomes of messages to a process that is, or was, down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ToDead {
    /// Lost if the receiver was down at any moment between sending and arrival: the connection broke.
    #[default]
    Connection,
    /// Lost only if the receiver is down on arrival.
    Datagram,
}

/// How crashes are reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Detector {
    /// What it promises.
    pub class: DetectorClass,
    /// How long each observer takes to learn of a crash, in ticks.
    pub latency_ticks: Distribution,
    /// Whether a report waits for the messages of the dead.
    pub order: ReportOrder,
    /// The false suspicions of an eventually perfect detector; each is taken back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suspicions: Option<Windows>,
}

/// What a failure detector promises (Chandra and Toueg 1996).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum DetectorClass {
    /// Class P: every crash is reported to every live process, and nothing else is.
    #[default]
    Perfect,
    /// Class ◇P: every crash is reported, and for a while live processes are suspected too.
    EventuallyPerfect,
    /// Nothing is reported.
    None,
}

impl Default for Detector {
    fn default() -> Self {
        Self {
            class: DetectorClass::Perfect,
            latency_ticks: Distribution::Uniform(1, 30),
            order: ReportOrder::AfterChannel,
            suspicions: None,
        }
    }
}

/// Whether a report waits for the messages of the dead.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ReportOrder {
    /// An observer learns of a crash only after what the dead process had in flight to it, as a socket reports a reset
    /// after its data.
    #[default]
    AfterChannel,
    /// It may learn of it before.
    Unordered,
}

/// When a run is cut off. A run that is cut off proves nothing and is reported as such.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// The last tick.
    #[cfg_attr(feature = "cli", schemars(range(max = crate::engine::SPAN_MAX)))]
    pub ticks: u64,
    /// The number of events.
    #[cfg_attr(feature = "cli", schemars(range(max = crate::engine::SPAN_MAX)))]
    pub events: u64,
    /// The number of messages, timers and reports that may be on their way at once.
    #[cfg_attr(feature = "cli", schemars(range(max = PENDING_MAX)))]
    pub pending: u64,
    /// How long a run goes on when every request is settled, in ticks: what goes wrong then is seen too, and what must
    /// come in the end has had its time. If absent, [`Setup::settle`] says; a shorter one may have a property judged
    /// before its time.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "cli", schemars(range(max = crate::engine::SPAN_MAX)))]
    pub settle_ticks: Option<u64>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { ticks: 100_000_000, events: 10_000_000, pending: 10_000_000, settle_ticks: None }
    }
}

/// One more pending event is too many for a number of 31 bits.
const PENDING_MAX: u64 = (1 << 31) - 1;

impl Limits {
    /// Nothing but a number of events.
    pub(crate) fn of_events(events: u64) -> Self {
        Self { ticks: SPAN_MAX, events, pending: PENDING_MAX, settle_ticks: Some(SPAN_MAX) }
    }

    fn validate(&self) -> Result<(), Invalid> {
        let settle_ticks = self.settle_ticks.unwrap_or_default();
        for (name, value) in [("ticks", self.ticks), ("events", self.events), ("settle_ticks", settle_ticks)] {
            if value > SPAN_MAX {
                return Err(Invalid::new(format!("limits.{name}"), format!("{value}, expected at most {SPAN_MAX}")));
            }
        }
        if self.pending > PENDING_MAX {
            return Err(Invalid::new("limits.pending", format!("{}, expected less than 2^31", self.pending)));
        }
        Ok(())
    }
}

impl Detector {
    fn validate(&self, processes: u32) -> Result<(), Invalid> {
        spread("detector.latency_ticks", &self.latency_ticks, 0)?;
        let Some(windows) = &self.suspicions else { return Ok(()) };
        if self.class != DetectorClass::EventuallyPerfect {
            let problem = "suspicions of a detector that never errs, expected class = \"eventually_perfect\"";
            return Err(Invalid::new("detector.suspicions", problem));
        }
        if processes < 2 {
            return Err(Invalid::new("detector.suspicions", "nobody to suspect, expected at least 2 processes"));
        }
        windows.validate("detector.suspicions")
    }
}

impl Windows {
    fn validate(&self, key: &str) -> Result<(), Invalid> {
        most(&format!("{key}.up_to"), self.up_to)?;
        tick(&format!("{key}.within_ticks"), self.within_ticks)?;
        spread(&format!("{key}.length_ticks"), &self.length_ticks, 1)
    }
}

impl Unreliable {
    fn validate(&self) -> Result<(), Invalid> {
        for (name, share) in [("loss", self.loss_per_mille), ("duplicate", self.duplicate_per_mille)] {
            if share > 1000 {
                let key = format!("faults.messages.{name}_per_mille");
                return Err(Invalid::new(key, format!("{share}, expected 0..=1000")));
            }
        }
        tick("faults.messages.until_tick", self.until_tick)
    }
}

impl Faults {
    fn validate(&self, processes: u32) -> Result<(), Invalid> {
        for (index, crash) in self.crashes.iter().enumerate() {
            crash.validate(&format!("faults.crashes.{index}"), processes)?;
        }
        for (index, group) in self.random.iter().enumerate() {
            group.validate(&format!("faults.random.{index}"), processes)?;
            let twice =
                |&process: &ProcessId| group.has(process) && self.random[..index].iter().any(|g| g.has(process));
            if let Some(process) = ProcessId::all(processes).find(twice) {
                let problem = format!("{process} is in a group before, expected each process in one");
                return Err(Invalid::new(format!("faults.random.{index}.among"), problem));
            }
        }
        self.messages.as_ref().map_or(Ok(()), Unreliable::validate)?;
        for (index, partition) in self.partitions.iter().enumerate() {
            let key = format!("faults.partitions.{index}");
            tick(&format!("{key}.at_tick"), partition.at_tick)?;
            tick(&format!("{key}.length_ticks"), partition.length_ticks)?;
            for &process in &partition.side {
                exists(&format!("{key}.side"), process, processes)?;
            }
        }
        for (index, pause) in self.pauses.iter().enumerate() {
            let key = format!("faults.pauses.{index}");
            exists(&format!("{key}.process"), pause.process, processes)?;
            tick(&format!("{key}.at_tick"), pause.at_tick)?;
            tick(&format!("{key}.length_ticks"), pause.length_ticks)?;
        }
        self.random_partitions.as_ref().map_or(Ok(()), |windows| windows.validate("faults.random_partitions"))?;
        self.random_pauses.as_ref().map_or(Ok(()), |windows| windows.validate("faults.random_pauses"))
    }
}

impl Crash {
    fn validate(&self, key: &str, processes: u32) -> Result<(), Invalid> {
        exists(&format!("{key}.process"), self.process, processes)?;
        if let Some(down) = &self.down_ticks {
            spread(&format!("{key}.down_ticks"), down, 1)?;
        }
        let (name, number) = match &self.moment {
            Moment::AtTick(tick) => ("at_tick", *tick),
            Moment::InStep { step, .. } => ("in_step.step", *step),
            Moment::When { nth, .. } => ("when.nth", u64::from(*nth)),
        };
        tick(&format!("{key}.moment.{name}"), number)
    }
}

impl RandomCrashes {
    fn validate(&self, key: &str, processes: u32) -> Result<(), Invalid> {
        most(&format!("{key}.up_to"), self.up_to)?;
        for &process in &self.among {
            exists(&format!("{key}.among"), process, processes)?;
        }
        for (name, value) in [("within_ticks", self.within_ticks), ("within_steps", self.within_steps)] {
            tick(&format!("{key}.{name}"), value)?;
        }
        let candidates = if self.among.is_empty() { processes as usize } else { self.among.len() };
        match &self.down_ticks {
            Some(down) => spread(&format!("{key}.down_ticks"), down, 1),
            None if self.up_to as usize > candidates => {
                let up_to = self.up_to;
                let most = format!("expected at most {candidates}, or `down_ticks`");
                let problem = format!("{up_to} crashes of {candidates} processes that stay down, {most}");
                Err(Invalid::new(format!("{key}.up_to"), problem))
            }
            None => Ok(()),
        }
    }
}

/// A value of a [`Setup`] that cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {problem}")]
pub struct Invalid {
    /// Which: the path of fields to it, dots between, elements of lists by their index.
    pub key: String,
    /// What is wrong with it and what was expected.
    pub problem: String,
}

impl Invalid {
    fn new(key: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { key: key.into(), problem: problem.into() }
    }
}

fn exists(key: &str, process: ProcessId, processes: u32) -> Result<(), Invalid> {
    if process.get() < processes {
        return Ok(());
    }
    let problem = format!("process {} of {processes}, expected 0..={}", process.get(), processes - 1);
    Err(Invalid::new(key, problem))
}

fn tick(key: &str, value: u64) -> Result<(), Invalid> {
    if (1..=SPAN_MAX).contains(&value) {
        return Ok(());
    }
    Err(Invalid::new(key, format!("{value}, expected 1..={SPAN_MAX}")))
}

fn most(key: &str, drawn: u32) -> Result<(), Invalid> {
    if drawn <= DRAWN_MAX {
        return Ok(());
    }
    Err(Invalid::new(key, format!("{drawn}, expected at most {DRAWN_MAX}")))
}

fn spread(key: &str, spread: &Distribution, least: u64) -> Result<(), Invalid> {
    spread.problem(least).map_or(Ok(()), |problem| Err(Invalid::new(key, problem)))
}

#[cfg(test)]
mod tests;
