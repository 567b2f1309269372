//! Schedules that are no part of the one at hand: it with random changes, and those of other seeds.

use super::{Failing, Found, Search, Stage};
use crate::engine::{Decisions, End, Invalid, Key, Stream, Streams, Topic};
use crate::explore::Part;
use crate::explore::trial::Trial;
use crate::model::Process;

/// A schedule with no more decisions than this is understood at a glance.
pub(super) const FEW: usize = 10;
/// One with more than this is understood by nobody.
pub(super) const MANY: usize = 30;
/// So many random changes are tried.
const VARIATIONS: u64 = 300;
/// So many where a schedule has more than a few decisions.
const VARIATIONS_OF_MANY: u64 = 3_000;
/// So many seeds are tried, and so many of those that fail are made small.
pub(super) const SEEDS: u64 = 150;
/// So many where a schedule has more than a few decisions.
const SEEDS_OF_MANY: u64 = 3_000;
const FAILING_SEEDS: usize = 3;
/// So many other schedules of the whole case are made small.
const OTHERS: usize = 5;

/// How far to look for other schedules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    Near,
    /// For one with more than a few decisions that nothing else made smaller.
    Far,
}

impl<P: Process, T: Trial<P>> Search<'_, P, T> {
    /// Looks for a schedule with fewer decisions, or smaller answers, among those that differ at random.
    pub(super) fn vary(&mut self, stage: &mut Stage<P, T>, best: &mut Failing, reach: Reach) -> bool {
        let many = reach == Reach::Far && best.decisions.len() > FEW;
        let mut chance = Streams::new(self.runs);
        for _ in 0..if many { VARIATIONS_OF_MANY } else { VARIATIONS } {
            let away = 1 + below(&mut chance, 3);
            let candidate = changed(&best.decisions, away, &mut chance);
            if self.try_it(stage, &candidate, best) {
                return true;
            }
            if self.cut_off {
                return false;
            }
        }
        if !many {
            return false;
        }
        if self.gather(stage, best) {
            return true;
        }
        let found = self.try_seeds(stage, SEEDS_OF_MANY).filter(|found| found.size() < best.size());
        found.map(|found| *best = found).is_some()
    }

    /// Makes the schedules of a few other seeds small, where one has more than a few decisions, and keeps the one that
    /// is understood best.
    pub(super) fn try_others(&mut self, found: &mut Found<P, T>) -> Result<(), Invalid> {
        if found.best.decisions.len() <= FEW {
            return Ok(());
        }
        let mut whole = Stage::new(Part::default(), self.minimiser.case.clone())?;
        let mut others = 0;
        for seed in self.minimiser.seeds.clone() {
            if others == OTHERS || self.is_spent() {
                break;
            }
            let outcome = whole.run(seed, self.minimiser.watchdog);
            self.count(&outcome);
            if !self.violates(&outcome.end) {
                continue;
            }
            let (_, decisions) = whole.runner.record(seed);
            let Some(mut other) = self.begin(&decisions)? else { continue };
            others += 1;
            self.settle(&mut other, Reach::Near);
            if other.minimal && other.best.effort() < found.best.effort() {
                *found = Found { seed: Some(seed), ..other };
            }
        }
        Ok(())
    }

    fn violates(&self, end: &End) -> bool {
        matches!(end, End::Violated(violation) if violation.property == self.minimiser.property)
    }

    /// Looks for a schedule of another case near these decisions, which were some of a larger one.
    pub(super) fn near(&mut self, stage: &mut Stage<P, T>, decisions: &Decisions, variations: u64) -> Option<Failing> {
        if self.is_spent() {
            return None;
        }
        if let Some(failing) = self.fails(stage, decisions) {
            return Some(failing);
        }
        let mut chance = Streams::new(self.runs);
        for _ in 0..variations {
            if self.is_spent() {
                return None;
            }
            let away = below(&mut chance, 2);
            if let Some(failing) = self.fails(stage, &changed(decisions, away, &mut chance)) {
                return Some(failing);
            }
        }
        None
    }

    /// The smallest that the first failing seeds can be made into.
    pub(super) fn try_seeds(&mut self, stage: &mut Stage<P, T>, seeds: u64) -> Option<Failing> {
        let mut smallest: Option<Failing> = None;
        let mut failing = 0;
        for seed in 0..seeds {
            if failing == FAILING_SEEDS || self.is_spent() {
                break;
            }
            let outcome = stage.run(seed, self.minimiser.watchdog);
            self.count(&outcome);
            if !self.violates(&outcome.end) {
                continue;
            }
            failing += 1;
            let (_, decisions) = stage.runner.record(seed);
            let Some(mut found) = self.fails(stage, &decisions) else { continue };
            self.reduce(stage, &mut found);
            if smallest.as_ref().is_none_or(|smallest| found.size() < smallest.size()) {
                smallest = Some(found);
            }
        }
        smallest
    }
}

fn below(chance: &mut Streams, bound: u64) -> u64 {
    chance.below(Stream::Processes, bound)
}

/// The decisions without some of them, and with about half of the others changed.
pub(super) fn changed(decisions: &Decisions, away: u64, chance: &mut Streams) -> Decisions {
    let mut left = decisions.clone();
    for _ in 0..away {
        if let Some(key) = left.keys().nth(below(chance, left.len().max(1) as u64) as usize).cloned() {
            left.remove(&key);
        }
    }
    let mut candidate = Decisions::new();
    for (key, answer) in left {
        let (key, answer) = if below(chance, 2) == 0 { (key, answer) } else { another(key, answer, chance) };
        if answer > 0 {
            candidate.insert(key, answer);
        }
    }
    candidate
}

/// Another answer, most often a near one; or a near decision of the same kind.
fn another(key: Key, answer: u64, chance: &mut Streams) -> (Key, u64) {
    let Key { mut topic, mut nth } = key;
    let near = |number: u64, chance: &mut Streams| {
        let reach = [1, 3, 10, 30][below(chance, 4) as usize];
        (number + below(chance, 2 * reach + 1)).saturating_sub(reach)
    };
    match (below(chance, 3), &mut topic) {
        (0, Topic::CrashIn { step, .. } | Topic::CrashAfter { step, .. }) => *step = near(*step, chance).max(1),
        (0, _) => nth = (near(u64::from(nth), chance) as u32).max(1),
        (_, Topic::CrashAfter { step, .. }) => *step = near(*step, chance).max(1),
        _ => return (Key { topic, nth }, near(answer, chance)),
    }
    (Key { topic, nth }, answer)
}
