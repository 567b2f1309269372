//! What is on no cycle, by all threads.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use super::crew::{Crew, FEW, lock};
use super::graph::Graph;
use super::liveness::Pass;

/// So many states are looked at by one thread at a time.
const CHUNK: usize = 4096;

/// Of each state whether it may be on a cycle: what is left when all states have been taken away, one after the other,
/// to which nothing leads from those that are there (Kahn 1962). Most runs come to an end, so that mostly little is.
pub(super) fn going_round<G: Send + Sync>(graph: &Graph, crew: &mut Crew<G>, pass: &mut Pass<'_>) -> Vec<bool> {
    let bound = graph.bound();
    // How many ways lead to each state.
    let left: Vec<AtomicU32> = (0..bound).map(|_| AtomicU32::new(0)).collect();
    let all: Vec<u32> = (0..bound).filter(|&state| graph.has(state)).collect();
    let to = |state: u32| graph.row(state).map(|way| &left[graph.successor(way).0 as usize]);
    share(crew, &all, |states| {
        for to in states.iter().flat_map(|&state| to(state)) {
            to.fetch_add(1, Ordering::Relaxed);
        }
        Vec::new()
    });
    let mut is_left: Vec<bool> = (0..bound).map(|state| graph.has(state)).collect();
    let mut next: Vec<u32> =
        all.into_iter().filter(|&state| left[state as usize].load(Ordering::Relaxed) == 0).collect();
    while !next.is_empty() && pass.go_on(next.len() as u64) {
        for &state in &next {
            is_left[state as usize] = false;
        }
        next = share(crew, &next, |states| {
            let mut freed = Vec::new();
            for &state in states {
                for way in graph.row(state) {
                    let to = graph.successor(way).0;
                    if left[to as usize].fetch_sub(1, Ordering::Relaxed) == 1 {
                        freed.push(to);
                    }
                }
            }
            freed
        });
    }
    is_left
}

/// Has all threads do something with states, and gathers what that yields, in any order.
fn share<G: Send + Sync>(crew: &mut Crew<G>, states: &[u32], work: impl Fn(&[u32]) -> Vec<u32> + Sync) -> Vec<u32> {
    let (chunks, all) = (Mutex::new(states.chunks(CHUNK)), Mutex::new(Vec::new()));
    crew.share(states.len() > FEW, |_| {
        loop {
            let next = lock(&chunks).next();
            let Some(states) = next else { return };
            let found = work(states);
            lock(&all).extend(found);
        }
    });
    all.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn what_is_left_is_what_can_be_reached_from_a_cycle(
            states in 1_usize..3000,
            ways in prop::collection::vec(any::<(u16, u8, bool)>(), 0..4000),
        ) {
            // Most ways lead on, as they do among the states of a search.
            let mut graph = vec![Vec::new(); states];
            for (from, far, back) in ways {
                let from = usize::from(from) % states;
                let to = if back && far < 4 { from.saturating_sub(far.into()) } else { from + 1 + usize::from(far) };
                if to < states {
                    graph[from].push(to as u32);
                }
            }
            let reached = |from: u32| {
                let mut reached = vec![false; states];
                let mut next = vec![from];
                while let Some(state) = next.pop() {
                    for &to in graph[state as usize].iter().filter(|&&to| !reached[to as usize]).collect::<Vec<_>>() {
                        reached[to as usize] = true;
                        next.push(to);
                    }
                }
                reached
            };
            // Only ways that do not lead on can close a cycle.
            let mut expected = vec![false; states];
            for (from, to) in (0..).zip(&graph).flat_map(|(from, all)| all.iter().map(move |&to| (from, to))) {
                if to <= from {
                    let reached = reached(to);
                    if to == from || reached[from as usize] {
                        expected[to as usize] = true;
                        expected.iter_mut().zip(reached).for_each(|(one, other)| *one |= other);
                    }
                }
            }
            for jobs in [1, 3] {
                let left = going_round(&Graph::of(&graph), &mut Crew::<()>::new(jobs), &mut Pass::new(&mut |_| true));
                prop_assert_eq!(&left, &expected);
            }
        }
    }
}
