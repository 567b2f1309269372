//! What goes wrong without killing anyone: messages lost and duplicated, partitions, pauses, false suspicions. All of
//! it ends, so that what must happen in the end can be asked for.

use serde::{Deserialize, Serialize};

use super::application::Application;
use super::decision::{Chance, Topic};
use super::distribution::Distribution;
use super::observer::{Observer, Violation};
use super::rng::Stream;
use super::setup::{Detector, DetectorClass};
use super::timed::{Pending, Timed};
use super::world::World;
use crate::engine::Faults;
use crate::model::{Process, ProcessId, Report, Ticks};

/// Channels that lose and duplicate messages, for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Unreliable {
    /// How many of 1,000 messages are lost.
    #[serde(default)]
    #[cfg_attr(feature = "cli", schemars(range(max = 1000)))]
    pub loss_per_mille: u16,
    /// How many of 1,000 messages arrive twice.
    #[serde(default)]
    #[cfg_attr(feature = "cli", schemars(range(max = 1000)))]
    pub duplicate_per_mille: u16,
    /// Until when: messages sent later are safe.
    #[cfg_attr(feature = "cli", schemars(range(min = 1, max = crate::engine::SPAN_MAX)))]
    pub until_tick: u64,
}

/// A partition between two sets of processes: what is sent across while it lasts is lost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Partition {
    /// Its first tick, at least 1.
    #[cfg_attr(feature = "cli", schemars(range(min = 1, max = crate::engine::SPAN_MAX)))]
    pub at_tick: u64,
    /// How long it lasts, in ticks.
    #[cfg_attr(feature = "cli", schemars(range(min = 1, max = crate::engine::SPAN_MAX)))]
    pub length_ticks: u64,
    /// The processes on one side; all others are on the other.
    #[cfg_attr(feature = "cli", schemars(with = "Vec<u32>"))]
    pub side: Vec<ProcessId>,
}

/// A process that is alive and silent for a while; what arrives waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Pause {
    /// Who is silent.
    #[cfg_attr(feature = "cli", schemars(with = "u32"))]
    pub process: ProcessId,
    /// Its first tick, at least 1.
    #[cfg_attr(feature = "cli", schemars(range(min = 1, max = crate::engine::SPAN_MAX)))]
    pub at_tick: u64,
    /// How long it lasts, in ticks.
    #[cfg_attr(feature = "cli", schemars(range(min = 1, max = crate::engine::SPAN_MAX)))]
    pub length_ticks: u64,
}

/// Partitions, pauses or suspicions of drawn number, place and length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Windows {
    /// The greatest number; each number from 0 to it is as likely.
    #[cfg_attr(feature = "cli", schemars(range(max = super::setup::DRAWN_MAX)))]
    pub up_to: u32,
    /// The last tick at which one may begin.
    #[serde(default = "Windows::default_within_ticks")]
    #[cfg_attr(feature = "cli", schemars(range(min = 1, max = crate::engine::SPAN_MAX)))]
    pub within_ticks: u64,
    /// How long each lasts, in ticks, at least 1.
    #[serde(default = "Windows::default_length_ticks")]
    pub length_ticks: Distribution,
}

impl Windows {
    fn default_within_ticks() -> u64 {
        300
    }

    fn default_length_ticks() -> Distribution {
        Distribution::Uniform(1, 100)
    }
}

/// A disturbance to come.
#[derive(Clone, Debug)]
pub(crate) struct Planned {
    pub(crate) at: Ticks,
    kind: Kind,
    length: Length,
}

#[derive(Clone, Debug)]
enum Kind {
    /// With the processes on one side; drawn, if absent.
    Partition(Option<Vec<ProcessId>>),
    Pause(ProcessId),
    Suspicion {
        observer: ProcessId,
        of: ProcessId,
    },
}

#[derive(Clone, Copy, Debug)]
enum Length {
    Exact(Ticks),
    Drawn(Distribution),
}

/// A partition while it lasts.
#[derive(Clone, Debug)]
pub(crate) struct Divide {
    until: Ticks,
    side: Vec<ProcessId>,
}

impl Divide {
    pub(crate) fn separates(&self, from: ProcessId, to: ProcessId, now: Ticks) -> bool {
        now < self.until && self.side.contains(&from) != self.side.contains(&to)
    }
}

/// Lays down what is exact and draws, or looks up, the rest; in the order in which it comes.
pub(crate) fn plan(faults: &Faults, detector: &Detector, processes: u32, chance: &mut Chance) -> Vec<Planned> {
    let mut planned = Vec::new();
    for partition in &faults.partitions {
        planned.push(Planned {
            at: Ticks::new(partition.at_tick),
            kind: Kind::Partition(Some(partition.side.clone())),
            length: Length::Exact(Ticks::new(partition.length_ticks)),
        });
    }
    for pause in &faults.pauses {
        planned.push(Planned {
            at: Ticks::new(pause.at_tick),
            kind: Kind::Pause(pause.process),
            length: Length::Exact(Ticks::new(pause.length_ticks)),
        });
    }
    let any = u64::from(processes);
    // What is given of a process that there is not is left over.
    let exists = |process: &ProcessId| process.get() < processes;
    if let Some(windows) = &faults.random_partitions {
        draw(windows, &mut planned, chance, |_| Kind::Partition(None));
        look_up(windows, &mut planned, chance, |topic| match topic {
            Topic::PartitionAt => Some(Kind::Partition(None)),
            _ => None,
        });
    }
    if let Some(windows) = &faults.random_pauses {
        draw(windows, &mut planned, chance, |chance| Kind::Pause(ProcessId::new(chance.plan(any) as u32)));
        look_up(windows, &mut planned, chance, |topic| match topic {
            Topic::PauseAt { process } if exists(process) => Some(Kind::Pause(*process)),
            _ => None,
        });
    }
    if let (DetectorClass::EventuallyPerfect, Some(windows)) = (detector.class, &detector.suspicions) {
        draw(windows, &mut planned, chance, |chance| {
            let observer = chance.plan(any) as u32;
            let other = chance.plan(any.saturating_sub(1)) as u32;
            let of = ProcessId::new(other + u32::from(other >= observer));
            Kind::Suspicion { observer: ProcessId::new(observer), of }
        });
        look_up(windows, &mut planned, chance, |topic| match topic {
            Topic::SuspectAt { observer, of } if exists(observer) && exists(of) => {
                Some(Kind::Suspicion { observer: *observer, of: *of })
            }
            _ => None,
        });
    }
    planned.sort_by_key(|planned| (planned.at, planned.kind.rank()));
    planned
}

impl Kind {
    /// Drawn or looked up, the disturbances of one tick come in one order.
    fn rank(&self) -> (u8, u32, u32) {
        match self {
            Self::Partition(side) => (u8::from(side.is_none()), 0, 0),
            Self::Pause(process) => (2, process.get(), 0),
            Self::Suspicion { observer, of } => (3, observer.get(), of.get()),
        }
    }
}

fn draw(windows: &Windows, planned: &mut Vec<Planned>, chance: &mut Chance, mut kind: impl FnMut(&mut Chance) -> Kind) {
    if chance.is_answered() {
        return;
    }
    let mix = chance.fault_mix();
    for _ in 0..mix.number(windows.up_to, |bound| chance.plan(bound)) {
        let at = Ticks::new(mix.moment(windows.within_ticks, |bound| chance.plan(bound)));
        planned.push(Planned { at, kind: kind(chance), length: Length::Drawn(windows.length_ticks) });
    }
}

fn look_up(windows: &Windows, planned: &mut Vec<Planned>, chance: &Chance, kind: impl Fn(&Topic) -> Option<Kind>) {
    for (key, answer) in chance.given(|topic| kind(topic).is_some()) {
        if let (Some(kind), 1..) = (kind(&key.topic), answer) {
            planned.push(Planned { at: Ticks::new(answer), kind, length: Length::Drawn(windows.length_ticks) });
        }
    }
}

impl<P: Process, A: Application<P>, O: Observer<P>> Timed<'_, P, A, O> {
    /// A disturbance begins.
    pub(super) fn disturb(&mut self, index: usize, world: &mut World<P>) -> Result<(), Box<Violation>> {
        let Planned { at, kind, length } = self.clock.disturbances[index].clone();
        match kind {
            Kind::Partition(exact) => {
                let until = self.begin(at, length, Topic::PartitionAt, Topic::PartitionLength, world);
                let side = exact.unwrap_or_else(|| self.draw_side(world.count()));
                self.observer.partitioned(&side, until, world);
                self.clock.divides.push(Divide { until, side });
                Ok(())
            }
            Kind::Pause(process) if world.is_up(process) => {
                let topics = (Topic::PauseAt { process }, Topic::PauseLength { process });
                let until = self.begin(at, length, topics.0, topics.1, world);
                world.set_busy_until(process, world.busy_until(process).max(until));
                self.observer.paused(process, until, world);
                Ok(())
            }
            Kind::Suspicion { observer, of } if world.is_up(observer) && world.is_up(of) => {
                let topics = (Topic::SuspectAt { observer, of }, Topic::SuspectLength { observer, of });
                let until = self.begin(at, length, topics.0, topics.1, world);
                let epoch = world.epoch(observer);
                self.clock.queue.push(until, Pending::Restore { observer, epoch, of }, world.now());
                self.hear(observer, epoch, Report::Crash(of), world)
            }
            // Of someone who is down by now.
            Kind::Pause(_) | Kind::Suspicion { .. } => Ok(()),
        }
    }

    /// A suspicion is taken back, unless it has come true.
    pub(super) fn restore(
        &mut self,
        observer: ProcessId,
        epoch: u32,
        of: ProcessId,
        world: &mut World<P>,
    ) -> Result<(), Box<Violation>> {
        if !world.is_up(of) {
            return Ok(());
        }
        self.hear(observer, epoch, Report::Restore(of), world)
    }

    /// Records that a disturbance has begun, if it was drawn, and tells until when it lasts.
    fn begin(&mut self, at: Ticks, length: Length, begins: Topic, lasts: Topic, world: &mut World<P>) -> Ticks {
        let ticks = match length {
            Length::Exact(ticks) => ticks,
            Length::Drawn(spread) => {
                self.clock.chance.keep(begins, at.get());
                self.clock.chance.span(Stream::Faults, &spread, || lasts)
            }
        };
        world.now = at;
        let until = at + ticks;
        world.last_fault = world.last_fault.max(until);
        until
    }

    fn draw_side(&mut self, processes: u32) -> Vec<ProcessId> {
        ProcessId::all(processes)
            .filter(|&process| self.clock.chance.below(Stream::Faults, 2, || Topic::PartitionSide { process }) == 1)
            .collect()
    }
}

#[cfg(test)]
mod tests;
