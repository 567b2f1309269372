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

use std::collections::BTreeSet;
use std::ops::Range;

use super::components::{Leads, components};
use super::graph::Graph;
use super::lasso::{self, Lasso};
use super::search::Search;
use super::trim::going_round;
use crate::engine::interleaving::{Move, Space, Successors, Watch};
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
pub(super) struct Next {
    /// Each successor, and what comes with the step if it is due.
    pub(super) edges: Vec<(u32, Option<Due>)>,
    /// What must come sooner or later if it stays so.
    pub(super) due: BTreeSet<Due>,
}

/// Whether timers fire, but for early ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Timers {
    Fire,
    Wait,
}

impl Next {
    pub(super) fn of<P: Process, W: Watch<P>>(search: &mut Search<P, W>, state: u32, timers: Timers) -> Self {
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

/// What is followed among some states.
struct Followed<'a> {
    graph: &'a Graph,
    is_in: &'a [bool],
    timers: Timers,
}

impl Leads for Followed<'_> {
    fn bound(&self) -> u32 {
        self.graph.bound()
    }

    fn has(&self, state: u32) -> bool {
        self.is_in[state as usize]
    }

    fn ways(&self, state: u32) -> Range<usize> {
        self.graph.row(state)
    }

    fn to(&self, way: usize) -> Option<u32> {
        let (to, fires) = self.graph.successor(way);
        (self.has(to) && (self.timers == Timers::Fire || !fires)).then_some(to)
    }
}

/// Looks through a search that has come to its end.
pub(super) fn look_through<P: Process, W: Watch<P>>(search: &mut Search<P, W>, pass: &mut Pass<'_>) -> Outcome {
    let mut graph = std::mem::take(&mut search.graph);
    graph.grow(search, pass);
    if pass.stopped {
        return Outcome::Limit;
    }
    let mut is_in = going_round(&graph, &mut search.crew, pass);
    let fired = Followed { graph: &graph, is_in: &is_in, timers: Timers::Fire };
    let fired = components(&fired, &mut || pass.goes_on());
    // What no cycle goes through with timers none goes through without.
    is_in.fill(false);
    fired.members.iter().for_each(|&member| is_in[member as usize] = true);
    let waits = Followed { graph: &graph, is_in: &is_in, timers: Timers::Wait };
    let waits = components(&waits, &mut || pass.goes_on());
    if pass.stopped {
        return Outcome::Limit;
    }
    let rests: Vec<u32> = (0..graph.bound()).filter(|&state| graph.has(state) && graph.rests(state)).collect();
    is_in.fill(false);
    for members in [&rests, &fired.members] {
        search.unsettled(members).into_iter().for_each(|state| is_in[state as usize] = true);
    }
    let unsettled = |members: &[u32]| members.iter().any(|&state| is_in[state as usize]);
    let mut held = Vec::new();
    for members in waits.iter().filter(|members| unsettled(members)) {
        if is_held(search, members) && is_fair(search, members, Timers::Wait, pass) {
            held.extend_from_slice(members);
        }
    }
    if pass.stopped {
        return Outcome::Limit;
    }
    if !held.is_empty() {
        held.sort_unstable();
        graph.forget(&held);
        search.graph = graph;
        return Outcome::Held(held);
    }
    let all = rests.iter().map(std::slice::from_ref).chain(fired.iter());
    let lasso = lasso::nearest(search, all, &is_in, pass);
    match lasso {
        _ if pass.stopped => Outcome::Limit,
        Some(lasso) => Outcome::Unsettled(lasso),
        None => Outcome::Settled,
    }
}

/// Whether each thing that is due in all of its states comes in a step within it. Of a state without steps, that is so
/// if nothing is.
pub(super) fn is_fair<P: Process, W: Watch<P>>(
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

#[cfg(test)]
mod tests {
    use super::*;

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
