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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::explore::crash_points::Step;
    use crate::model::{ProcessId, Ticks};

    fn step(process: u32, number: u64, at: u64, effects: u32, crashed: bool) -> Step {
        Step { process: ProcessId::new(process), number, at: Ticks::new(at), effects, crashed }
    }

    /// Up to so many crashes of the first two processes, in their first step or within 300 ticks.
    fn early(up_to: u32) -> RandomCrashes {
        let among = [0, 1].map(ProcessId::new).into();
        RandomCrashes { among, within_steps: 1, within_ticks: 300, ..RandomCrashes::up_to(up_to) }
    }

    fn steps() -> Steps {
        Steps(vec![
            step(0, 1, 301, 2, false),
            step(1, 1, 1, 9, true),
            step(0, 2, 301, 1, false),
            step(2, 1, 1, 3, false),
            step(1, 2, 300, 1, false),
        ])
    }

    /// The crashes that each of many seeds places in these steps.
    fn placed(groups: &[RandomCrashes], steps: &Steps) -> BTreeSet<Vec<(u32, u64, u32)>> {
        let place = |seed| {
            let mut placing = Placing::new(seed, groups).expect("there are crashes");
            while !placing.is_done() && placing.place(groups, steps) {}
            let Draw::Crashes(chosen) = placing.draw() else { unreachable!("it places crashes") };
            chosen.iter().map(|point| (point.process.get(), point.step, point.effects)).collect()
        };
        (0..300).map(place).collect()
    }

    #[test]
    fn where_there_is_none_to_place_nothing_is_placed() {
        assert!(Placing::new(1, &[]).is_none() && Placing::new(1, &[early(0)]).is_none());
        let groups = [early(1)];
        let mut placing = Placing::new(1, &groups).expect("one");
        assert!(!placing.place(&groups, &Steps(vec![step(2, 1, 1, 3, false)])) && !placing.is_done());
    }

    #[test]
    fn each_point_of_a_step_in_time_of_who_may_crash_and_has_not_is_one() {
        let expected = [(0, 1, 0), (0, 1, 1), (0, 1, 2), (1, 2, 0), (1, 2, 1)].map(|point| vec![point]);
        assert_eq!(placed(&[early(1)], &steps()), BTreeSet::from(expected));
    }

    #[test]
    fn the_next_is_in_a_later_step_and_no_group_has_more_than_its_own() {
        let two = placed(&[early(2)], &steps());
        let (p0, p1) = ([(0, 1, 0), (0, 1, 1), (0, 1, 2)], [(1, 2, 0), (1, 2, 1)]);
        let pairs = p0.iter().flat_map(|&one| p1.iter().map(move |&other| vec![one, other]));
        let single = p0.iter().chain(&p1).map(|&one| vec![one]);
        assert_eq!(two, pairs.chain(single).collect());
        let one_each = [0, 1].map(|process| RandomCrashes { among: [ProcessId::new(process)].into(), ..early(1) });
        let often = Steps((1..9).map(|number| step(u32::from(number > 6), number, 1, 0, false)).collect());
        assert!(placed(&one_each, &often).iter().all(|chosen| chosen.len() < 2 || chosen[0].0 != chosen[1].0));
        assert!(placed(&[early(9)], &often).iter().map(Vec::len).max() == Some(CRASHES_MAX as usize));
    }
}
