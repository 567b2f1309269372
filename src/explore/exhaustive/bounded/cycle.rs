//! What goes round for ever while time passes, and what comes to rest.

use std::collections::VecDeque;
use std::ops::Range;

use crate::explore::exhaustive::components::{Leads, components};

/// No state, and no component.
const NONE: u32 = u32::MAX;

/// What leads from each state to which others, crashes left out: those come to an end.
#[derive(Clone, Debug, Default)]
pub(super) struct Edges {
    /// The lowest bit says whether time passes on the way.
    to: Vec<u32>,
    /// Where those of each state end.
    ends: Vec<usize>,
}

impl Edges {
    /// One more of the state that is looked at.
    pub(super) fn add(&mut self, to: u32, passes: bool) {
        self.to.push(to << 1 | u32::from(passes));
    }

    /// The next state is looked at.
    pub(super) fn close(&mut self) {
        self.ends.push(self.to.len());
    }

    pub(super) fn bytes(&self) -> usize {
        self.to.capacity() * size_of::<u32>() + self.ends.capacity() * size_of::<usize>()
    }

    fn count(&self) -> usize {
        self.ends.len()
    }

    fn first(&self, state: u32) -> usize {
        if state == 0 { 0 } else { self.ends[state as usize - 1] }
    }

    fn of(&self, state: u32) -> impl Iterator<Item = (u32, bool)> + use<'_> {
        self.to[self.first(state)..self.ends[state as usize]].iter().map(|edge| (edge >> 1, edge & 1 == 1))
    }

    /// The first state of these in which nothing comes any more.
    pub(super) fn rest(&self, is_in: &[bool]) -> Option<u32> {
        (0..self.count() as u32).find(|&state| is_in[state as usize] && self.of(state).next().is_none())
    }

    /// A way round within these states on which time passes, or one on which it stands still, as the states on it; the
    /// first is the last, too, and the nearest to the start of all from which such a way leads.
    pub(super) fn round(&self, is_in: &[bool], stands_still: bool) -> Option<Vec<u32>> {
        let components = self.components(is_in, stands_still);
        let inside = |from: u32, to: u32| {
            components[from as usize] != NONE && components[to as usize] == components[from as usize]
        };
        for from in (0..self.count() as u32).filter(|&state| is_in[state as usize]) {
            let passing = self.of(from).find(|&(to, passes)| passes != stands_still && inside(from, to));
            if let Some((to, _)) = passing {
                let mut round = vec![from];
                round.extend(self.way(to, from, stands_still, inside));
                return Some(round);
            }
        }
        None
    }

    /// A shortest way from one state to another of its component, both included.
    fn way(&self, from: u32, to: u32, stands_still: bool, inside: impl Fn(u32, u32) -> bool) -> Vec<u32> {
        let mut before = vec![NONE; self.count()];
        before[from as usize] = from;
        let mut queue = VecDeque::from([from]);
        while let Some(at) = queue.pop_front() {
            if at == to {
                break;
            }
            let goes = |&(next, passes): &(u32, bool)| !(passes && stands_still) && inside(at, next);
            for (next, _) in self.of(at).filter(goes) {
                if before[next as usize] == NONE {
                    before[next as usize] = at;
                    queue.push_back(next);
                }
            }
        }
        let mut way = vec![to];
        let mut at = to;
        while at != from {
            at = before[at as usize];
            way.push(at);
        }
        way.reverse();
        way
    }

    /// Of each of these states the strongly connected component with a cycle that it is in, if it is in one; if time
    /// stands still, by what takes none.
    fn components(&self, is_in: &[bool], stands_still: bool) -> Vec<u32> {
        let mut of = vec![NONE; self.count()];
        let found = components(&Within { edges: self, is_in, stands_still }, &mut || true);
        for (number, members) in (0..).zip(found.iter()) {
            for &member in members {
                of[member as usize] = number;
            }
        }
        of
    }
}

/// What is followed among some states.
struct Within<'a> {
    edges: &'a Edges,
    is_in: &'a [bool],
    stands_still: bool,
}

impl Leads for Within<'_> {
    fn bound(&self) -> u32 {
        self.edges.count() as u32
    }

    fn has(&self, state: u32) -> bool {
        self.is_in[state as usize]
    }

    fn ways(&self, state: u32) -> Range<usize> {
        self.edges.first(state)..self.edges.ends[state as usize]
    }

    fn to(&self, way: usize) -> Option<u32> {
        let edge = self.edges.to[way];
        let passes = edge & 1 == 1;
        Some(edge >> 1).filter(|&to| self.has(to) && !(passes && self.stands_still))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edges(of: &[&[(u32, bool)]]) -> Edges {
        let mut edges = Edges::default();
        for to in of {
            to.iter().for_each(|&(to, passes)| edges.add(to, passes));
            edges.close();
        }
        edges
    }

    #[test]
    fn a_way_round_is_one_on_which_time_passes() {
        let graph = edges(&[&[(1, true)], &[(2, false)], &[(1, false), (3, true)], &[(2, false), (4, true)], &[]]);
        let all = [true; 5];
        assert_eq!(graph.round(&all, false), Some(vec![2, 3, 2]));
        assert_eq!(graph.rest(&all), Some(4));
        // Without the third there is only a way round in which no time passes.
        let some = [true, true, true, false, false];
        assert_eq!((graph.round(&some, false), graph.rest(&some)), (None, None));
        assert_eq!(graph.round(&some, true), Some(vec![1, 2, 1]));
    }

    #[test]
    fn a_state_may_lead_to_itself() {
        let graph = edges(&[&[(0, false), (1, true)], &[(1, true)]]);
        assert_eq!(graph.round(&[true, true], false), Some(vec![1, 1]));
        assert_eq!(graph.round(&[true, true], true), Some(vec![0, 0]));
    }

    #[test]
    fn a_way_round_does_not_leave_these_states_though_it_were_shorter() {
        let graph = edges(&[&[(1, true)], &[(2, false), (3, false)], &[(0, false)], &[(4, false)], &[(0, false)]]);
        assert_eq!(graph.round(&[true; 5], false), Some(vec![0, 1, 2, 0]));
        assert_eq!(graph.round(&[true, true, false, true, true], false), Some(vec![0, 1, 3, 4, 0]));
    }
}
