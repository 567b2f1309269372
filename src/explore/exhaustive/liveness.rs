//! What must come in the end: no rest and no fair cycle with something unsettled.
//!
//! A run may go round a cycle for ever if it is *fair*: no message, report, timer, restart, or request that follows
//! from another is possible all the way round and never comes. Of a strongly connected component that is so if each is
//! impossible in some state of it, or comes in some step within it; then there is a cycle through all of those.
//! Crashes, losses and early timers have budgets, so no cycle has one; and whoever thinks may think for ever.
//!
//! Timeouts are long, so a timer fires when nothing else is sure to come. Where something always is, because a token
//! goes round, that would be never. So first of all components are looked for in which no timer fires, that are fair
//! but for timers, and in which something is unsettled. If timers are set there, they are let go: each of these states
//! may come again and again, when every message that is in flight now has long come. That may lead on to states that
//! the search has not seen, and then it goes on. What no timer is let go for is settled without, or unfair.
//!
//! After that a component is fair only if each timer that is set all the way round fires in it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::graph::Graph;
use super::search::Search;
use crate::engine::interleaving::{Found, Move, Space, Successors, Watch};
use crate::model::Process;

/// What must come sooner or later if it stays possible, in one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Due {
    /// The first message of a channel, or this one of an unordered one.
    Message(u16, u16, u32),
    Report(u16, u16),
    Timer(u16, u32),
    Request(u16, u32),
    Restart(u16),
}

impl Due {
    /// What comes with this event of a state, if it is due.
    pub(super) fn of<P: Process, W: Watch<P>>(
        space: &Space<P, W>,
        tuple: &[u32],
        event: Move,
        crashed: bool,
    ) -> Option<Self> {
        if crashed {
            return None;
        }
        match event {
            Move::Deliver { from, to, message } | Move::Miss { from, to, message } => {
                Some(Self::Message(from, to, if space.is_fifo() { 0 } else { message }))
            }
            Move::Report { observer, of } => Some(Self::Report(observer, of)),
            Move::Fire { process, timer, early: false } => Some(Self::Timer(process, timer)),
            Move::Request { process, request } if space.is_requested_soon(tuple, process) => {
                Some(Self::Request(process, request))
            }
            Move::Restart { process } => Some(Self::Restart(process)),
            _ => None,
        }
    }

    /// All that is due in a state, where timers may fire.
    pub(super) fn all_of<P: Process, W: Watch<P>>(
        space: &Space<P, W>,
        tuple: &[u32],
        successors: &Successors,
    ) -> BTreeSet<Self> {
        let successors = (0..successors.len()).map(|index| successors.get(index).1);
        let due = successors.filter_map(|successor| Self::of(space, tuple, successor.event, successor.crashed));
        due.chain(space.timers(tuple).map(|(process, timer)| Self::Timer(process, timer))).collect()
    }
}

/// What a state leads to.
#[derive(Clone, Debug, Default)]
struct Next {
    /// Each successor, and what comes with the step if it is due.
    edges: Vec<(u32, Option<Due>)>,
    /// What must come sooner or later if it stays so.
    due: BTreeSet<Due>,
}

/// Whether timers fire, but for early ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Timers {
    Fire,
    Wait,
}

impl Next {
    fn of<P: Process, W: Watch<P>>(search: &mut Search<P, W>, state: u32, timers: Timers) -> Self {
        let mut all = Vec::new();
        search.edges(state, &mut all);
        let tuple = search.tuple(state).to_vec();
        let edges = all.iter().map(|&(to, event, crashed)| (to, Due::of(&search.space, &tuple, event, crashed)));
        let waits = |due: &Option<Due>| timers == Timers::Wait && matches!(due, Some(Due::Timer(..)));
        let edges: Vec<(u32, Option<Due>)> = edges.filter(|(_, due)| !waits(due)).collect();
        let mut due: BTreeSet<Due> = edges.iter().filter_map(|(_, due)| *due).collect();
        if timers == Timers::Fire {
            due.extend(search.space.timers(&tuple).map(|(process, timer)| Due::Timer(process, timer)));
        }
        Self { edges, due }
    }
}

/// Whether an event comes sooner or later whatever the state.
pub(super) fn is_due(event: Move) -> bool {
    matches!(event, Move::Deliver { .. } | Move::Miss { .. } | Move::Report { .. } | Move::Restart { .. })
}

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

/// What the search for cycles came to.
pub(super) enum Outcome {
    /// Everything is settled in the end.
    Settled,
    /// Something is not.
    Unsettled(Lasso),
    /// These states are to have their timers fire, and then there is more to be looked at.
    Held(Vec<u32>),
    /// It was told to stop.
    Limit,
}

/// What a search for cycles does, as far as somebody wants to know or to stop it.
pub(super) struct Pass<'a> {
    /// States looked at once more.
    pub(super) looked: u64,
    stopped: bool,
    may: &'a mut dyn FnMut(u64) -> bool,
}

impl<'a> Pass<'a> {
    /// It goes on as long as it `may`, which is asked every few states.
    pub(super) fn new(may: &'a mut dyn FnMut(u64) -> bool) -> Self {
        Self { looked: 0, stopped: false, may }
    }

    /// One more state; whether to go on.
    fn goes_on(&mut self) -> bool {
        const FEW: u64 = 4096;
        self.looked += 1;
        self.looked % FEW != 0 || self.go_on(0)
    }

    /// So many more states; whether to go on.
    pub(super) fn go_on(&mut self, states: u64) -> bool {
        self.looked += states;
        self.stopped = self.stopped || !(self.may)(self.looked);
        !self.stopped
    }
}

/// Looks through a search that has come to its end.
pub(super) fn look_through<P: Process, W: Watch<P>>(search: &mut Search<P, W>, pass: &mut Pass<'_>) -> Outcome {
    let mut graph = std::mem::take(&mut search.graph);
    graph.grow(search, pass);
    if pass.stopped {
        return Outcome::Limit;
    }
    // The one that was found first, which is the nearest to the start if the search was breadth first.
    let mut first: Option<(Vec<u32>, Found)> = None;
    let mut goes_round = false;
    components(&graph, Timers::Fire, pass, &mut |members, cycles, pass| {
        goes_round |= cycles;
        let place = |state: &u32| (search.depth(*state), *state);
        let nearest = members.iter().map(place).min();
        if first.as_ref().is_none_or(|(first, _)| nearest < first.first().map(place)) {
            if let Some(found) = unsettled(search, members, Timers::Fire, pass) {
                let mut members = members.to_vec();
                members.sort_unstable_by_key(|state| (search.depth(*state), *state));
                first = Some((members, found));
            }
        }
    });
    // A cycle without timers is one with them, so that there is none to be held up in if there is none at all.
    let mut held = Vec::new();
    if goes_round {
        components(&graph, Timers::Wait, pass, &mut |members, cycles, pass| {
            if cycles && is_held(search, members) && unsettled(search, members, Timers::Wait, pass).is_some() {
                held.extend_from_slice(members);
            }
        });
    }
    if pass.stopped {
        return Outcome::Limit;
    }
    if !held.is_empty() {
        graph.forget(&held);
        search.graph = graph;
        return Outcome::Held(held);
    }
    match first {
        Some((members, found)) => Outcome::Unsettled(lasso(search, &members, found)),
        None => Outcome::Settled,
    }
}

/// What is unsettled in a component in which a run can stay.
fn unsettled<P: Process, W: Watch<P>>(
    search: &mut Search<P, W>,
    members: &[u32],
    timers: Timers,
    pass: &mut Pass<'_>,
) -> Option<Found> {
    let found = members.iter().find_map(|&state| {
        let tuple = search.tuple(state).to_vec();
        search.space.watch().unsettled(&search.space.facts(&tuple))
    })?;
    is_fair(search, members, timers, pass).then_some(found)
}

/// Whether each thing that is due in all of its states comes in a step within it. Of a state without steps, that is so
/// if nothing is.
fn is_fair<P: Process, W: Watch<P>>(
    search: &mut Search<P, W>,
    members: &[u32],
    timers: Timers,
    pass: &mut Pass<'_>,
) -> bool {
    let mut sorted = members.to_vec();
    sorted.sort_unstable();
    let (mut always, mut comes) = (None::<BTreeSet<Due>>, BTreeSet::new());
    for &state in members {
        if !pass.goes_on() {
            return false;
        }
        let next = Next::of(search, state, timers);
        let inside = next.edges.iter().filter(|(to, _)| sorted.binary_search(to).is_ok());
        comes.extend(inside.filter_map(|(_, due)| *due));
        let still = always.map_or_else(|| next.due.clone(), |always| &always & &next.due);
        if still.is_subset(&comes) {
            return true;
        }
        always = Some(still);
    }
    false
}

/// Whether timers are set in it that do not fire because something else is to come.
fn is_held<P: Process, W: Watch<P>>(search: &mut Search<P, W>, members: &[u32]) -> bool {
    members.iter().any(|&state| {
        let free = search.is_free(state);
        let tuple = search.tuple(state).to_vec();
        !free && search.space.hurries(&tuple) && search.space.timers(&tuple).next().is_some()
    })
}

/// A state on the way of the depth-first search.
struct Frame {
    state: u32,
    low: u32,
    /// Its successors up to this one are still to be looked at.
    next: usize,
}

type Tell<'a> = &'a mut dyn FnMut(&[u32], bool, &mut Pass<'_>);

/// Tells of each strongly connected component (Tarjan 1972) in which a run can stay, and whether because there is a
/// cycle or because nothing need happen there.
fn components(graph: &Graph, timers: Timers, pass: &mut Pass<'_>, tell: Tell<'_>) {
    const DONE: u32 = u32::MAX;
    // 0 is for those that were not reached yet.
    let mut numbers = vec![0_u32; graph.bound() as usize];
    let (mut path, mut frames) = (Vec::<u32>::new(), Vec::<Frame>::new());
    let mut number = 0;
    let happens = |fires: bool| timers == Timers::Fire || !fires;
    for root in 0..graph.bound() {
        let mut enter = (numbers[root as usize] == 0 && graph.has(root)).then_some(root);
        while enter.is_some() || !frames.is_empty() {
            if let Some(state) = enter.take() {
                if !pass.goes_on() {
                    return;
                }
                number += 1;
                numbers[state as usize] = number;
                path.push(state);
                frames.push(Frame { state, low: number, next: graph.row(state).end });
            }
            let Some(frame) = frames.last_mut() else { break };
            if frame.next > graph.row(frame.state).start {
                frame.next -= 1;
                let (to, fires) = graph.successor(frame.next);
                if happens(fires) {
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
            if graph.rests(state) {
                tell(&[state], false, pass);
            }
            if low != numbers[state as usize] {
                continue;
            }
            let begin = path.iter().rposition(|&member| member == state).expect("it is on the path");
            for &member in &path[begin..] {
                numbers[member as usize] = DONE;
            }
            let loops =
                || graph.row(state).map(|at| graph.successor(at)).any(|(to, fires)| to == state && happens(fires));
            if path.len() - begin > 1 || loops() {
                tell(&path[begin..], true, pass);
            }
            path.truncate(begin);
        }
    }
}

/// The way to an unsettled state, and round a fair cycle through it.
fn lasso<P: Process, W: Watch<P>>(search: &mut Search<P, W>, members: &[u32], found: Found) -> Lasso {
    let unsettled = |search: &mut Search<P, W>, state: u32| {
        let tuple = search.tuple(state).to_vec();
        search.space.watch().unsettled(&search.space.facts(&tuple))
    };
    let start = members.iter().copied().find(|&state| unsettled(search, state).is_some()).unwrap_or(members[0]);
    let next: BTreeMap<u32, Next> =
        members.iter().map(|&state| (state, Next::of(search, state, Timers::Fire))).collect();
    let mut cycle: Vec<(u32, Option<Due>)> = Vec::new();
    let mut open: BTreeSet<Due> = next[&start].due.clone();
    let at = |cycle: &[(u32, Option<Due>)]| cycle.last().map_or(start, |(state, _)| *state);
    while let Some(&due) = open.first() {
        let meets = |to: u32, came: Option<Due>| came == Some(due) || !next[&to].due.contains(&due);
        let Some(way) = route(&next, at(&cycle), meets) else { break };
        for (to, due) in way {
            if let Some(due) = due {
                open.remove(&due);
            }
            // What is impossible somewhere on the cycle need not come.
            open.retain(|due| next[&to].due.contains(due));
            cycle.push((to, due));
        }
    }
    let rests = members.len() == 1 && next[&start].due.is_empty();
    if !rests && (at(&cycle) != start || cycle.is_empty()) {
        cycle.extend(route(&next, at(&cycle), |to, _| to == start).unwrap_or_default());
    }
    Lasso { start, cycle, found }
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

    #[test]
    fn a_pass_goes_on_until_it_is_told_to_stop() {
        let mut asked = Vec::new();
        let mut may = |looked| {
            asked.push(looked);
            looked < 8192
        };
        let mut pass = Pass::new(&mut may);
        assert_eq!((1..20_000).find(|_| !pass.goes_on()), Some(8192));
        assert!((1..=4096).any(|_| !pass.goes_on()) && pass.stopped);
        assert_eq!(asked, [4096, 8192], "and it is not asked again");
    }
}
