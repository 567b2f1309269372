//! A smaller case: fewer processes, fewer requests, fewer faults.

use super::explore_again::{FEW, SEEDS};
use super::{Failing, Search, Stage};
use crate::engine::{Decisions, Faults, Topic};
use crate::explore::reduction::{Part, decisions_without, victim};
use crate::explore::trial::Trial;
use crate::model::{Process, ProcessId};

/// A schedule of a smaller case is looked for among so many that are near the one at hand.
const NEAR: u64 = 150;
const NEAR_WITH_FEWER_REQUESTS: u64 = 20;
/// Of a process that makes more requests, up to so many are tried.
const REQUESTS_TRIED: u32 = 64;

impl<P: Process, T: Trial<P>> Search<'_, P, T> {
    /// Takes the first step to a smaller case that there is.
    pub(super) fn shrink(&mut self, stage: &mut Stage<P, T>, best: &mut Failing) -> bool {
        self.fewer_processes(stage, best) || self.fewer_requests(stage, best) || self.fewer_faults(stage, best)
    }

    fn fewer_processes(&mut self, stage: &mut Stage<P, T>, best: &mut Failing) -> bool {
        let processes = stage.case.setup.processes;
        let without = |process| Some((process, stage_without(self.minimiser.case, &stage.part, processes, process)?));
        let mut smaller: Vec<_> = ProcessId::all(processes).rev().filter_map(without).collect();
        // What the schedule at hand can be made into first, then what others show.
        for (process, smaller) in &mut smaller {
            let decisions = decisions_without(&best.decisions, *process);
            if let Some(found) = self.near(smaller, &decisions, NEAR) {
                if self.takes(stage, best, smaller, found) {
                    return true;
                }
            }
        }
        for (_, smaller) in &mut smaller {
            if let Some(found) = self.try_seeds(smaller, SEEDS) {
                if self.takes(stage, best, smaller, found) {
                    return true;
                }
            }
        }
        false
    }

    /// Makes a schedule of a smaller case small, and keeps it unless it has many more decisions than the one at hand.
    pub(super) fn takes(
        &mut self,
        stage: &mut Stage<P, T>,
        best: &mut Failing,
        smaller: &mut Stage<P, T>,
        found: Failing,
    ) -> bool {
        let mut found = found;
        self.take_away(smaller, &mut found);
        self.make_smaller(smaller, &mut found);
        if found.decisions.len() > best.decisions.len().max(FEW) {
            return false;
        }
        std::mem::swap(stage, smaller);
        *best = found;
        true
    }

    fn fewer_requests(&mut self, stage: &mut Stage<P, T>, best: &mut Failing) -> bool {
        let processes = stage.case.setup.processes;
        let requests: Vec<u32> = ProcessId::all(processes).map(|process| stage.case.requests_of(process)).collect();
        let mut fewer = vec![vec![requests.iter().copied().min().unwrap_or(0).min(1); processes as usize]];
        for process in (0..processes as usize).rev() {
            for number in 0..requests[process].min(REQUESTS_TRIED) {
                let mut requests = requests.clone();
                requests[process] = number;
                fewer.push(requests);
            }
        }
        fewer.retain(|fewer| *fewer != requests && fewer.iter().any(|&number| number > 0));
        fewer.into_iter().any(|requests| {
            // Whoever asks for nothing is as good as gone.
            let variations = if requests.contains(&0) { NEAR } else { NEAR_WITH_FEWER_REQUESTS };
            let part = Part { requests, ..stage.part.clone() };
            self.tries(stage, best, part, variations)
        })
    }

    fn fewer_faults(&mut self, stage: &mut Stage<P, T>, best: &mut Failing) -> bool {
        let faults = stage.case.setup.faults.clone();
        fewer(&faults, &best.decisions).into_iter().any(|faults| {
            let part = Part { faults: Some(faults), ..stage.part.clone() };
            self.tries(stage, best, part, 0)
        })
    }

    fn tries(&mut self, stage: &mut Stage<P, T>, best: &mut Failing, part: Part, variations: u64) -> bool {
        let case = self.minimiser.case.part(&part);
        let Some(mut smaller) = case.and_then(|case| Stage::new(part, case).ok()) else { return false };
        let found = self.near(&mut smaller, &best.decisions, variations);
        found.is_some_and(|found| self.takes(stage, best, &mut smaller, found))
    }
}

/// The part without one more process, which is numbered as in the part.
fn stage_without<P: Process, T: Trial<P>>(
    whole: &crate::explore::Case<P, T>,
    part: &Part,
    processes: u32,
    process: ProcessId,
) -> Option<Stage<P, T>> {
    let all = ProcessId::all(processes + part.without.len() as u32);
    let original = all.filter(|id| !part.without.contains(id)).nth(process.index())?;
    let mut part = part.clone();
    part.without.push(original);
    part.without.sort_unstable();
    if process.index() < part.requests.len() {
        part.requests.remove(process.index());
    }
    // Faults are reduced when the processes are.
    part.faults = None;
    let case = whole.part(&part)?;
    Stage::new(part, case).ok()
}

/// The faults without one of them, or without one kind of drawn ones of which the schedule has none.
fn fewer(faults: &Faults, decisions: &Decisions) -> Vec<Faults> {
    let mut fewer = Vec::new();
    let mut without = |change: &dyn Fn(&mut Faults)| {
        let mut left = faults.clone();
        change(&mut left);
        if left != *faults {
            fewer.push(left);
        }
    };
    let has = |wanted: &dyn Fn(&Topic) -> bool| decisions.keys().any(|key| wanted(&key.topic));
    for index in 0..faults.crashes.len() {
        without(&|left| drop(left.crashes.remove(index)));
    }
    for index in 0..faults.partitions.len() {
        without(&|left| drop(left.partitions.remove(index)));
    }
    for index in 0..faults.pauses.len() {
        without(&|left| {
            left.pauses.remove(index);
        });
    }
    for (index, group) in faults.random.iter().enumerate() {
        if !decisions.iter().filter_map(victim).any(|victim| group.has(victim)) {
            without(&|left| drop(left.random.remove(index)));
        }
    }
    if !has(&|topic| matches!(topic, Topic::Loss { .. } | Topic::Duplicate { .. } | Topic::CopyDelay { .. })) {
        without(&|left| left.messages = None);
    }
    if !has(&|topic| matches!(topic, Topic::PartitionAt)) {
        without(&|left| left.random_partitions = None);
    }
    if !has(&|topic| matches!(topic, Topic::PauseAt { .. })) {
        without(&|left| left.random_pauses = None);
    }
    fewer
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Crash, Moment, Partition, Pause, RandomCrashes, Unreliable, Windows};

    fn faults() -> Faults {
        let p = ProcessId::new;
        let crash = |process| Crash { process, moment: Moment::AtTick(9), down_ticks: None };
        let windows = Windows { up_to: 1, within_ticks: 100, length_ticks: 9.into() };
        Faults {
            crashes: vec![crash(p(0)), crash(p(1))],
            random: [2, 3].map(|process| RandomCrashes { among: vec![p(process)], ..RandomCrashes::up_to(1) }).into(),
            messages: Some(Unreliable { loss_per_mille: 1, duplicate_per_mille: 1, until_tick: 9 }),
            partitions: vec![Partition { at_tick: 1, length_ticks: 2, side: vec![p(0)] }],
            random_partitions: Some(windows),
            pauses: vec![Pause { process: p(0), at_tick: 1, length_ticks: 2 }],
            random_pauses: Some(windows),
        }
    }

    /// Which of the faults each candidate is without.
    fn without(keys: &[&str]) -> Vec<String> {
        let decisions = keys.iter().map(|key| (key.parse().expect("a key"), 1)).collect();
        let all = faults();
        let name = |left: Faults| {
            let gone = [
                ("crash of p0", left.crashes.first() != all.crashes.first()),
                ("crash of p1", left.crashes.last() != all.crashes.last()),
                ("crashes of p2", left.random.first() != all.random.first()),
                ("crashes of p3", left.random.last() != all.random.last()),
                ("messages", left.messages.is_none()),
                ("partition", left.partitions.is_empty()),
                ("partitions", left.random_partitions.is_none()),
                ("pause", left.pauses.is_empty()),
                ("pauses", left.random_pauses.is_none()),
            ];
            gone.iter().filter(|(_, gone)| *gone).map(|(name, _)| *name).collect::<Vec<_>>().join(" and ")
        };
        fewer(&all, &decisions).into_iter().map(name).collect()
    }

    #[test]
    fn each_fault_is_left_out_in_turn_and_of_the_drawn_ones_those_of_which_there_is_none() {
        let exact = ["crash of p0", "crash of p1", "partition", "pause"];
        let drawn = ["crashes of p2", "crashes of p3", "messages", "partitions", "pauses"];
        assert_eq!(without(&["delay p0->p1 #1"]), [&exact[..], &drawn].concat());
        assert_eq!(
            without(&["crash_at p2 #1", "partition_at #1"]),
            [&exact[..], &["crashes of p3", "messages", "pauses"]].concat()
        );
        for key in ["loss p0->p1 #1", "duplicate p0->p1 #1", "copy_delay p0->p1 #1"] {
            assert!(
                !without(&[key, "pause_at p1 #1"]).iter().any(|gone| gone == "messages" || gone == "pauses"),
                "{key}"
            );
        }
        assert_eq!(fewer(&Faults::default(), &Decisions::new()), []);
    }
}
