use super::crash_points::Steps;
use crate::engine::{CrashPoint, Dice, Draw, RandomCrashes};

/// More crashes than this are not placed: each takes one more dry run.
const CRASHES_MAX: u64 = 4;

/// Chooses crash points, each from the steps of a dry run with those before.
#[derive(Clone, Debug)]
pub(super) struct Placing {
    dice: Dice,
    /// Of each group of processes how many crashes are left.
    left: Vec<u32>,
    /// How many are still to be placed.
    wanted: u64,
    /// The first step of the run at which the next may be.
    since: usize,
    chosen: Vec<CrashPoint>,
}

impl Placing {
    /// `None` where there are no crashes to place.
    pub(super) fn new(seed: u64, groups: &[RandomCrashes]) -> Option<Self> {
        let most = groups.iter().map(|group| u64::from(group.up_to)).sum::<u64>().min(CRASHES_MAX);
        if most == 0 {
            return None;
        }
        let mut dice = Dice::new(seed);
        let wanted = 1 + dice.below(most);
        let left = groups.iter().map(|group| group.up_to).collect();
        Some(Self { dice, left, wanted, since: 0, chosen: Vec::new() })
    }

    /// How the next dry run is drawn, or the run itself.
    pub(super) fn draw(&self) -> Draw<'_> {
        Draw::Crashes(&self.chosen)
    }

    /// Whether all are placed.
    pub(super) fn is_done(&self) -> bool {
        self.wanted == 0
    }

    /// Places one more crash in a run of these steps; false if there is no place for it.
    pub(super) fn place(&mut self, groups: &[RandomCrashes], steps: &Steps) -> bool {
        let group_of = |process| groups.iter().position(|group| group.has(process));
        let candidates = steps.0.iter().enumerate().skip(self.since).filter_map(|(index, step)| {
            let group = group_of(step.process)?;
            let in_time = step.number <= groups[group].within_steps || step.at.get() <= groups[group].within_ticks;
            (self.left[group] > 0 && in_time && !step.crashed).then_some((index, step, group))
        });
        let points: u64 = candidates.clone().map(|(_, step, _)| u64::from(step.effects) + 1).sum();
        if points == 0 {
            return false;
        }
        // The earliest of as many as are wanted: the others come after it.
        let mut point = (0..self.wanted).map(|_| self.dice.below(points)).min().unwrap_or(0);
        for (index, step, group) in candidates {
            let here = u64::from(step.effects) + 1;
            if point < here {
                self.chosen.push(CrashPoint { process: step.process, step: step.number, effects: point as u32 });
                self.left[group] -= 1;
                self.since = index + 1;
                self.wanted -= 1;
                return true;
            }
            point -= here;
        }
        false
    }
}
