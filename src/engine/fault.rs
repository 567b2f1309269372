use serde::{Deserialize, Serialize};

use super::decision::{Chance, Key, Topic};
use super::distribution::Distribution;
use super::disturbance::{Partition, Pause, Unreliable, Windows};
use super::manner::{CrashPoint, FaultMix};
use crate::model::{ProcessId, Ticks};

/// The faults of a run: some exact, some drawn.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Faults {
    /// Crashes at stated moments.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub crashes: Vec<Crash>,
    /// Crashes of drawn number, place and kind: several groups of processes, if some come back and others do not. No
    /// process is in two.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub random: Vec<RandomCrashes>,
    /// Messages lost and duplicated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub messages: Option<Unreliable>,
    /// Partitions at stated times.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub partitions: Vec<Partition>,
    /// Partitions of drawn number, place and length.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub random_partitions: Option<Windows>,
    /// Pauses at stated times.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pauses: Vec<Pause>,
    /// Pauses of drawn number, place and length.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub random_pauses: Option<Windows>,
}

/// One crash at a stated moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Crash {
    /// Who crashes.
    #[cfg_attr(feature = "cli", schemars(with = "u32"))]
    pub process: ProcessId,
    /// When.
    pub moment: Moment,
    /// How long it stays down, in ticks, at least 1; for ever if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub down_ticks: Option<Distribution>,
}

/// When a crash strikes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Moment {
    /// At this tick, before whatever else happens in it; at least 1.
    AtTick(#[cfg_attr(feature = "cli", schemars(range(min = 1, max = crate::engine::SPAN_MAX)))] u64),
    /// In a step of the process. A step that has fewer effects is done whole first.
    InStep {
        /// Which of its steps, counted from 1; the start of the run is the first.
        #[cfg_attr(feature = "cli", schemars(range(min = 1, max = crate::engine::SPAN_MAX)))]
        step: u64,
        /// How many of its effects are done before.
        #[serde(default)]
        after_effects: u32,
    },
    /// Right after the event with which a condition on the process comes to hold.
    When {
        /// The condition, as the application names it: `in_critical_section`, `token_in_flight`, …
        condition: String,
        /// At which of its occurrences, counted from 1.
        #[serde(default = "first")]
        #[cfg_attr(feature = "cli", schemars(range(min = 1)))]
        nth: u32,
    },
}

fn first() -> u32 {
    1
}

/// Crashes whose number, victims and moments are drawn: a third each at any tick, in any step between any two effects,
/// and when any of the conditions comes to hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RandomCrashes {
    /// The greatest number of crashes; each number from 0 to it is as likely.
    #[cfg_attr(feature = "cli", schemars(range(max = super::setup::DRAWN_MAX)))]
    pub up_to: u32,
    /// The processes that may crash; all, if empty. Without a restart each crashes at most once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "cli", schemars(with = "Vec<u32>"))]
    pub among: Vec<ProcessId>,
    /// The last tick at which a crash by time may strike.
    #[serde(default = "RandomCrashes::default_within_ticks")]
    #[cfg_attr(feature = "cli", schemars(range(min = 1, max = crate::engine::SPAN_MAX)))]
    pub within_ticks: u64,
    /// The last step of a process in which a crash by step may strike.
    #[serde(default = "RandomCrashes::default_within_steps")]
    #[cfg_attr(feature = "cli", schemars(range(min = 1, max = crate::engine::SPAN_MAX)))]
    pub within_steps: u64,
    /// The conditions to strike at; those of the application, if empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<String>,
    /// How long the victims stay down, in ticks, at least 1; for ever if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub down_ticks: Option<Distribution>,
}

impl RandomCrashes {
    /// Up to `up_to` crashes of any process, for ever.
    pub fn up_to(up_to: u32) -> Self {
        Self {
            up_to,
            among: Vec::new(),
            within_ticks: Self::default_within_ticks(),
            within_steps: Self::default_within_steps(),
            conditions: Vec::new(),
            down_ticks: None,
        }
    }

    /// Whether this process may crash.
    pub(crate) fn has(&self, process: ProcessId) -> bool {
        self.among.is_empty() || self.among.contains(&process)
    }

    fn default_within_ticks() -> u64 {
        300
    }

    fn default_within_steps() -> u64 {
        40
    }
}

/// A crash falls after at most so many effects of a step when it is drawn; exact ones may ask for more.
const EFFECTS_DRAWN: u64 = 5;
/// A drawn crash on a condition strikes at one of so many first occurrences.
const OCCURRENCES_DRAWN: u64 = 4;

/// What is to befall this run. It is consulted at few steps: each process knows at which of its steps it must be
/// ([`Plan::alarm`]).
#[derive(Clone, Debug, Default)]
pub(crate) struct Plan {
    pub(crate) at: Vec<AtTick>,
    in_step: Vec<InStep>,
    /// After which step of whom who crashes: only where a recorded crash on a condition is replayed.
    after: Vec<AfterStep>,
    pub(crate) watches: Vec<Watch>,
    /// The groups that drawn crashes strike.
    groups: Vec<RandomCrashes>,
}

#[derive(Clone, Debug)]
pub(crate) struct AtTick {
    pub(crate) process: ProcessId,
    pub(crate) at: Ticks,
    pub(crate) down: Option<Distribution>,
    pub(crate) drawn: bool,
}

#[derive(Clone, Debug)]
struct InStep {
    process: ProcessId,
    step: u64,
    effects: u32,
    down: Option<Distribution>,
    drawn: bool,
}

#[derive(Clone, Debug)]
struct AfterStep {
    process: ProcessId,
    step: u64,
    victim: ProcessId,
}

/// A crash that waits for a condition.
#[derive(Clone, Debug)]
pub(crate) struct Watch {
    pub(crate) process: ProcessId,
    pub(crate) condition: String,
    /// How many more times it must come to hold.
    pub(crate) left: u32,
    /// Whether it held after the last event, for conditions on the state.
    pub(crate) held: bool,
    pub(crate) down: Option<Distribution>,
    pub(crate) drawn: bool,
}

impl Plan {
    /// Lays down what is exact and draws, or looks up, the rest.
    pub(crate) fn new(faults: &Faults, processes: u32, conditions: &[&str], chance: &mut Chance) -> Self {
        let mut plan = Self::default();
        for crash in &faults.crashes {
            plan.add(crash.process, &crash.moment, crash.down_ticks, false);
        }
        plan.groups.clone_from(&faults.random);
        if !chance.is_answered() {
            plan.draw_all(faults, processes, conditions, chance);
        }
        plan.look_up(processes, chance);
        // Drawn or looked up, the crashes of one tick come in one order.
        plan.at.sort_by_key(|crash| (crash.at, crash.process));
        plan
    }

    /// Whether any crash is bound to a step.
    pub(crate) fn has_steps(&self) -> bool {
        !self.in_step.is_empty() || !self.after.is_empty()
    }

    fn add(&mut self, process: ProcessId, moment: &Moment, down: Option<Distribution>, drawn: bool) {
        match moment {
            Moment::AtTick(at) => self.at.push(AtTick { process, at: Ticks::new(*at), down, drawn }),
            Moment::InStep { step, after_effects } => {
                self.in_step.push(InStep { process, step: *step, effects: *after_effects, down, drawn });
            }
            Moment::When { condition, nth } => {
                let condition = condition.clone();
                self.watches.push(Watch { process, condition, left: *nth, held: false, down, drawn });
            }
        }
    }

    fn draw_all(&mut self, faults: &Faults, processes: u32, conditions: &[&str], chance: &mut Chance) {
        if let Some(points) = chance.crash_points() {
            for &CrashPoint { process, step, effects } in points {
                let down = self.drawn_down(process);
                self.in_step.push(InStep { process, step, effects, down, drawn: true });
            }
            return;
        }
        for group in &faults.random {
            self.draw(group, processes, conditions, chance);
        }
    }

    fn draw(&mut self, random: &RandomCrashes, processes: u32, conditions: &[&str], chance: &mut Chance) {
        let mut candidates: Vec<ProcessId> =
            if random.among.is_empty() { ProcessId::all(processes).collect() } else { random.among.clone() };
        let mix = chance.fault_mix();
        let count = mix.number(random.up_to, |bound| chance.plan(bound));
        for _ in 0..count {
            if candidates.is_empty() {
                break;
            }
            let index = chance.plan(candidates.len() as u64) as usize;
            let process = candidates[index];
            if random.down_ticks.is_none() {
                candidates.remove(index);
            }
            let moment = Self::draw_moment(random, conditions, mix, chance);
            self.add(process, &moment, random.down_ticks, true);
        }
    }

    fn draw_moment(random: &RandomCrashes, conditions: &[&str], mix: FaultMix, chance: &mut Chance) -> Moment {
        let named = random.conditions.iter().map(String::as_str);
        let conditions: Vec<&str> = if random.conditions.is_empty() { conditions.to_vec() } else { named.collect() };
        match mix.kind(if conditions.is_empty() { 2 } else { 3 }, |bound| chance.plan(bound)) {
            0 => Moment::AtTick(mix.moment(random.within_ticks, |bound| chance.plan(bound))),
            1 => Moment::InStep {
                step: mix.moment(random.within_steps, |bound| chance.plan(bound)),
                after_effects: chance.plan(EFFECTS_DRAWN) as u32,
            },
            _ => Moment::When {
                condition: conditions[chance.plan(conditions.len() as u64) as usize].to_owned(),
                nth: 1 + chance.plan(OCCURRENCES_DRAWN) as u32,
            },
        }
    }

    /// The crashes of a schedule that is replayed. One of a process that there is not is left over.
    fn look_up(&mut self, processes: u32, chance: &mut Chance) {
        let crashes = chance.given(|topic| match topic {
            Topic::CrashAt { process } => process.get() < processes,
            Topic::CrashIn { .. } | Topic::CrashAfter { .. } => true,
            _ => false,
        });
        for (Key { topic, .. }, answer) in crashes {
            // Of a step, and of a victim, the answer is one more: 0 is no crash.
            let number = u32::try_from(answer.saturating_sub(1)).unwrap_or(u32::MAX);
            match topic {
                _ if answer == 0 => {}
                Topic::CrashAt { process } => {
                    self.at.push(AtTick {
                        process,
                        at: Ticks::new(answer),
                        down: self.drawn_down(process),
                        drawn: true,
                    });
                }
                Topic::CrashIn { process, step } => {
                    self.in_step.push(InStep {
                        process,
                        step,
                        effects: number,
                        down: self.drawn_down(process),
                        drawn: true,
                    });
                }
                Topic::CrashAfter { process, step } => {
                    self.after.push(AfterStep { process, step, victim: ProcessId::new(number) });
                }
                _ => unreachable!("only crashes were asked for"),
            }
        }
    }

    /// How long this process stays down after a drawn crash.
    pub(crate) fn drawn_down(&self, process: ProcessId) -> Option<Distribution> {
        self.groups.iter().find(|group| group.has(process)).and_then(|group| group.down_ticks)
    }

    /// The first step from `step` on at which the plan has something for this process.
    pub(crate) fn alarm(&self, process: ProcessId, step: u64) -> u64 {
        let in_step = self.in_step.iter().map(|crash| (crash.process, crash.step));
        let after = self.after.iter().map(|crash| (crash.process, crash.step));
        let to_come = in_step.chain(after).filter(|&(whose, when)| whose == process && when >= step);
        to_come.map(|(_, when)| when).min().unwrap_or(u64::MAX)
    }

    /// After how many effects of this step the process crashes, for how long, and whether that was drawn.
    pub(crate) fn crash_in(&self, process: ProcessId, step: u64) -> Option<(u32, Option<Distribution>, bool)> {
        let crash = self.in_step.iter().find(|c| c.process == process && c.step == step)?;
        Some((crash.effects, crash.down, crash.drawn))
    }

    /// Who crashes when this step is over.
    pub(crate) fn crashes_after(&self, process: ProcessId, step: u64) -> Vec<ProcessId> {
        self.after.iter().filter(|c| c.process == process && c.step == step).map(|c| c.victim).collect()
    }
}

#[cfg(test)]
mod tests;
