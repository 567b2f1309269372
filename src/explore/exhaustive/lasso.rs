//! The way to something unsettled, and round for ever.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::liveness::{Due, Next, Pass, Timers, is_fair};
use super::search::Search;
use crate::engine::interleaving::{Found, Watch};
use crate::model::Process;

/// A way to something unsettled, and round for ever.
#[derive(Clone, Debug)]
pub(super) struct Lasso {
    /// Where the cycle begins.
    pub(super) start: u32,
    /// The states that follow, back to it, each with what comes with the step if that is due; none, if nothing need
    /// happen any more.
    pub(super) cycle: Vec<(u32, Option<Due>)>,
    pub(super) found: Found,
}

/// When components of so many states in all have been gone round in, the shortest lasso so far will do.
const STATES: usize = 50_000;
/// From so many states of a component, all as near to the start, it is tried to go round.
const STARTS: usize = 8;

/// The shortest lasso among these components in which a run can stay, if a run may go round in any for ever though
/// something is unsettled; of those as short, that of the first process. How states are numbered does not matter to
/// either.
pub(super) fn nearest<'a, P: Process, W: Watch<P>>(
    search: &mut Search<P, W>,
    components: impl Iterator<Item = &'a [u32]>,
    unsettled: &[bool],
    pass: &mut Pass<'_>,
) -> Option<Lasso> {
    let place = |state: u32| (search.depth(state), state);
    let nearest = |members: &[u32]| {
        let starts = members.iter().filter(|&&state| unsettled[state as usize]);
        starts.map(|&state| place(state)).min()
    };
    let mut all: Vec<_> = components.filter_map(|members| Some((nearest(members)?, members))).collect();
    all.sort_unstable();
    let mut best: Option<(usize, Lasso)> = None;
    let mut looked = 0;
    for ((depth, _), members) in all {
        if best.as_ref().is_some_and(|(length, _)| *length < depth || looked >= STATES) {
            break;
        }
        if !is_fair(search, members, Timers::Fire, pass) {
            continue;
        }
        looked += members.len();
        let is_start = |state: &u32| unsettled[*state as usize] && search.depth(*state) == depth;
        let mut starts: Vec<u32> = members.iter().copied().filter(is_start).collect();
        starts.sort_unstable();
        starts.truncate(STARTS);
        let next: BTreeMap<u32, Next> =
            members.iter().map(|&state| (state, Next::of(search, state, Timers::Fire))).collect();
        for start in starts {
            let cycle = round(&next, start);
            let length = depth + cycle.len();
            let tuple = search.tuple(start).to_vec();
            let Some(found) = search.space.watch().unsettled(&search.space.facts(&tuple)) else { continue };
            let is_better =
                |(shortest, lasso): &(usize, Lasso)| (length, &found.processes) < (*shortest, &lasso.found.processes);
            if best.as_ref().is_none_or(is_better) {
                best = Some((length, Lasso { start, cycle, found }));
            }
        }
    }
    best.map(|(_, lasso)| lasso)
}

/// A fair way round within a component, from this state and back; none, if nothing need happen in it.
fn round(next: &BTreeMap<u32, Next>, start: u32) -> Vec<(u32, Option<Due>)> {
    let mut cycle: Vec<(u32, Option<Due>)> = Vec::new();
    let mut open: BTreeSet<Due> = next[&start].due.clone();
    let at = |cycle: &[(u32, Option<Due>)]| cycle.last().map_or(start, |(state, _)| *state);
    while !open.is_empty() {
        // What is impossible somewhere on the cycle need not come.
        let meets = |to: u32, came: Option<Due>| {
            came.is_some_and(|came| open.contains(&came)) || !open.is_subset(&next[&to].due)
        };
        let Some(way) = route(next, at(&cycle), meets) else { break };
        for (to, due) in way {
            if let Some(due) = due {
                open.remove(&due);
            }
            open.retain(|due| next[&to].due.contains(due));
            cycle.push((to, due));
        }
    }
    let rests = next.len() == 1 && next[&start].due.is_empty();
    if !rests && (at(&cycle) != start || cycle.is_empty()) {
        cycle.extend(route(next, at(&cycle), |to, _| to == start).unwrap_or_default());
    }
    cycle
}

/// The shortest way, of at least one step, within a component to what is wanted.
fn route(
    next: &BTreeMap<u32, Next>,
    from: u32,
    wanted: impl Fn(u32, Option<Due>) -> bool,
) -> Option<Vec<(u32, Option<Due>)>> {
    let mut came = BTreeMap::<u32, (u32, Option<Due>)>::new();
    let mut queue = VecDeque::from([from]);
    while let Some(state) = queue.pop_front() {
        for &(to, due) in &next[&state].edges {
            if !next.contains_key(&to) {
                continue;
            }
            let ends = wanted(to, due);
            if ends {
                let mut way = vec![(to, due)];
                let mut at = state;
                while at != from {
                    let (before, due) = came[&at];
                    way.push((at, due));
                    at = before;
                }
                way.reverse();
                return Some(way);
            }
            if to != from && !came.contains_key(&to) {
                came.insert(to, (state, due));
                queue.push_back(to);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A component of these edges, of which what comes with a step is the report of where it leads.
    fn component(edges: &[&[u32]]) -> BTreeMap<u32, Next> {
        let next = |to: &[u32]| {
            let edges = to.iter().map(|&to| (to, Some(Due::Report(to as u16, 0)))).collect();
            Next { edges, due: BTreeSet::new() }
        };
        (0..).zip(edges.iter().map(|to| next(to))).collect()
    }

    fn way(next: &BTreeMap<u32, Next>, from: u32, to: u32) -> Option<Vec<u32>> {
        let way = route(next, from, |at, due| at == to && due == Some(Due::Report(to as u16, 0)))?;
        assert!(way.iter().all(|&(at, due)| due == Some(Due::Report(at as u16, 0))), "each with its own step: {way:?}");
        Some(way.into_iter().map(|(at, _)| at).collect())
    }

    #[test]
    fn a_route_is_the_shortest_and_has_a_step_even_to_where_it_begins() {
        let next = component(&[&[1, 2], &[2, 3], &[4], &[4], &[0]]);
        assert_eq!(way(&next, 0, 4), Some(vec![2, 4]));
        assert_eq!(way(&next, 1, 4), Some(vec![2, 4]), "the first of those as short");
        assert_eq!(way(&next, 4, 4), Some(vec![0, 2, 4]));
        assert_eq!(way(&component(&[&[0]]), 0, 0), Some(vec![0]));
    }

    #[test]
    fn a_route_does_not_leave_its_component() {
        let next = component(&[&[9, 1], &[0]]);
        assert_eq!((way(&next, 0, 9), way(&next, 0, 1)), (None, Some(vec![1])));
    }

    /// What is due in a state, and where it leads with which of it.
    type State<'a> = (&'a [u16], &'a [(u32, Option<u16>)]);

    /// A component of states in each of which these reports are due, with edges on which a report comes, or none.
    fn fair(states: &[State<'_>]) -> BTreeMap<u32, Next> {
        let report = |of: u16| Due::Report(of, 0);
        let next = |(due, edges): &State<'_>| Next {
            edges: edges.iter().map(|&(to, of)| (to, of.map(report))).collect(),
            due: due.iter().map(|&of| report(of)).collect(),
        };
        (0..).zip(states.iter().map(next)).collect()
    }

    fn states(next: &BTreeMap<u32, Next>) -> Vec<u32> {
        round(next, 0).into_iter().map(|(state, _)| state).collect()
    }

    #[test]
    fn a_round_has_a_step_for_what_is_due_all_the_way_and_ends_where_it_begins() {
        let there_and_back = fair(&[(&[1], &[(1, Some(1))]), (&[1], &[(0, None)])]);
        assert_eq!(states(&there_and_back), [1, 0]);
        let by_itself = fair(&[(&[1], &[(0, Some(1))])]);
        assert_eq!(states(&by_itself), [0], "it is closed already");
        // The nearer way round has nothing to do with it.
        let far = fair(&[(&[1], &[(1, None), (2, None)]), (&[1], &[(0, None)]), (&[1], &[(0, Some(1))])]);
        assert_eq!(states(&far), [2, 0]);
        let both = fair(&[(&[1, 2], &[(1, Some(1)), (2, Some(2))]), (&[1, 2], &[(0, None)]), (&[1, 2], &[(0, None)])]);
        assert_eq!(states(&both), [1, 0, 2, 0]);
    }

    #[test]
    fn what_is_impossible_somewhere_on_a_round_need_not_come() {
        let impossible = fair(&[(&[1], &[(1, None), (2, Some(1))]), (&[], &[(0, None)]), (&[1], &[(0, None)])]);
        assert_eq!(states(&impossible), [1, 0]);
    }

    #[test]
    fn where_nothing_is_due_a_round_is_any_and_of_one_state_none() {
        assert_eq!(states(&fair(&[(&[], &[(1, None)]), (&[], &[(0, None)])])), [1, 0]);
        assert_eq!(states(&fair(&[(&[], &[])])), [0; 0]);
        assert_eq!(states(&fair(&[(&[], &[(0, None)])])), [0; 0], "nothing need happen");
    }
}
