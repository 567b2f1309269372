//! What can go round: strongly connected components.

use std::ops::Range;

/// What leads where among states that have numbers.
pub(super) trait Leads {
    /// All numbers are less than this.
    fn bound(&self) -> u32;

    /// Whether a state is looked at.
    fn has(&self, state: u32) -> bool;

    /// Where the ways from a state are.
    fn ways(&self, state: u32) -> Range<usize>;

    /// Where one of them leads; none, if it is not followed, or to a state that is not looked at.
    fn to(&self, way: usize) -> Option<u32>;
}

/// A state on the way of the depth-first search.
struct Frame {
    state: u32,
    low: u32,
    /// Its ways up to this one are still to be looked at.
    next: usize,
}

/// Some sets of states that have no member in common.
#[derive(Clone, Debug, Default)]
pub(super) struct Components {
    pub(super) members: Vec<u32>,
    /// Where each of them ends.
    ends: Vec<usize>,
}

impl Components {
    pub(super) fn iter(&self) -> impl Iterator<Item = &[u32]> {
        let begins = [0].into_iter().chain(self.ends.iter().copied());
        begins.zip(&self.ends).map(|(begin, &end)| &self.members[begin..end])
    }
}

/// The strongly connected components in which there is a cycle (Tarjan 1972); those that were found until it may not
/// look at another state.
pub(super) fn components(graph: &impl Leads, may: &mut dyn FnMut() -> bool) -> Components {
    const DONE: u32 = u32::MAX;
    let mut found = Components::default();
    // 0 is for those that were not reached yet.
    let mut numbers = vec![0_u32; graph.bound() as usize];
    let (mut path, mut frames) = (Vec::<u32>::new(), Vec::<Frame>::new());
    let mut number = 0;
    for root in 0..graph.bound() {
        let mut enter = (numbers[root as usize] == 0 && graph.has(root)).then_some(root);
        while enter.is_some() || !frames.is_empty() {
            if let Some(state) = enter.take() {
                if !may() {
                    return found;
                }
                number += 1;
                numbers[state as usize] = number;
                path.push(state);
                frames.push(Frame { state, low: number, next: graph.ways(state).end });
            }
            let Some(frame) = frames.last_mut() else { break };
            if frame.next > graph.ways(frame.state).start {
                frame.next -= 1;
                if let Some(to) = graph.to(frame.next) {
                    match numbers[to as usize] {
                        0 => enter = Some(to),
                        DONE => {}
                        seen => frame.low = frame.low.min(seen),
                    }
                }
                continue;
            }
            let Frame { state, low, .. } = frames.pop().expect("there is one");
            if let Some(before) = frames.last_mut() {
                before.low = before.low.min(low);
            }
            if low != numbers[state as usize] {
                continue;
            }
            let begin = path.iter().rposition(|&member| member == state).expect("it is on the path");
            for &member in &path[begin..] {
                numbers[member as usize] = DONE;
            }
            if path.len() - begin > 1 || graph.ways(state).any(|way| graph.to(way) == Some(state)) {
                found.members.extend_from_slice(&path[begin..]);
                found.ends.push(found.members.len());
            }
            path.truncate(begin);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By state where its ways lead.
    struct Ways(Vec<Vec<u32>>);

    impl Leads for Ways {
        fn bound(&self) -> u32 {
            self.0.len() as u32
        }

        fn has(&self, state: u32) -> bool {
            state != 3
        }

        fn ways(&self, state: u32) -> Range<usize> {
            let first = 10 * state as usize;
            first..first + self.0[state as usize].len()
        }

        fn to(&self, way: usize) -> Option<u32> {
            Some(self.0[way / 10][way % 10]).filter(|&to| self.has(to))
        }
    }

    fn found(ways: &[&[u32]], states: u32) -> Vec<Vec<u32>> {
        let mut seen = 0;
        let may = &mut || {
            seen += 1;
            seen <= states
        };
        let found = components(&Ways(ways.iter().map(|to| to.to_vec()).collect()), may);
        let mut all: Vec<Vec<u32>> = found.iter().map(<[u32]>::to_vec).collect();
        for members in &mut all {
            members.sort_unstable();
        }
        all.sort();
        all
    }

    #[test]
    fn each_component_with_a_cycle_is_found() {
        let ways: &[&[u32]] = &[&[1, 2], &[0], &[4, 5], &[0], &[2], &[5, 6], &[7], &[]];
        assert_eq!(found(ways, 9), [vec![0, 1], vec![2, 4], vec![5]]);
        assert_eq!(found(&[&[1], &[2], &[4], &[], &[0], &[4]], 9), [[0, 1, 2, 4]]);
        assert_eq!(found(&[&[1], &[3], &[], &[0]], 9), [[0; 0]; 0], "3 is not looked at");
    }

    #[test]
    fn it_stops_when_it_may_not_go_on() {
        let ways: &[&[u32]] = &[&[0], &[1], &[2]];
        assert_eq!(found(ways, 2), [[0], [1]]);
    }
}
