//! Which of its states a fair run can come to again and again.

use std::collections::BTreeSet;

use super::machine::Due;

/// What a state leads to.
pub(super) struct Node {
    /// Each next state, and what comes with the step.
    pub(super) edges: Vec<(usize, Option<Due>)>,
    /// What is possible and must come if it stays so.
    pub(super) due: BTreeSet<Due>,
}

/// The largest sets of states in which each leads to each, by steps that are not left out. A state that leads nowhere
/// is such a set, too. Two searches, forwards and backwards (Kosaraju).
fn components(graph: &[Node], is_left_out: impl Fn(&Option<Due>) -> bool) -> Vec<Vec<usize>> {
    let mut back = vec![Vec::new(); graph.len()];
    for (from, node) in graph.iter().enumerate() {
        for (to, _) in node.edges.iter().filter(|(_, comes)| !is_left_out(comes)) {
            back[*to].push(from);
        }
    }
    let mut order = Vec::new();
    let mut seen = vec![false; graph.len()];
    for first in 0..graph.len() {
        let mut path = vec![(first, 0)];
        if std::mem::replace(&mut seen[first], true) {
            continue;
        }
        while let Some((state, index)) = path.last_mut() {
            match graph[*state].edges.get(*index) {
                Some((to, comes)) => {
                    *index += 1;
                    if !is_left_out(comes) && !std::mem::replace(&mut seen[*to], true) {
                        path.push((*to, 0));
                    }
                }
                None => {
                    order.push(*state);
                    path.pop();
                }
            }
        }
    }
    let mut all = Vec::new();
    let mut seen = vec![false; graph.len()];
    for first in order.into_iter().rev() {
        let mut members = Vec::new();
        let mut left = vec![first];
        while let Some(state) = left.pop() {
            if !std::mem::replace(&mut seen[state], true) {
                members.push(state);
                left.extend(&back[state]);
            }
        }
        if !members.is_empty() {
            all.push(members);
        }
    }
    all
}

/// The sets in which a run can stay for ever and miss nothing that is due, if timers fire or if they do not.
pub(super) fn fair(graph: &[Node], timers_fire: bool) -> Vec<Vec<usize>> {
    let waits = |due: &Due| !timers_fire && matches!(due, Due::Timer(..));
    let is_left_out = |comes: &Option<Due>| comes.as_ref().is_some_and(waits);
    let is_fair = |members: &Vec<usize>| {
        let inside: BTreeSet<usize> = members.iter().copied().collect();
        let edges = || members.iter().flat_map(|&state| &graph[state].edges);
        let stays = |(to, comes): &&(usize, Option<Due>)| inside.contains(to) && !is_left_out(comes);
        let comes: BTreeSet<Due> = edges().filter(stays).filter_map(|(_, comes)| *comes).collect();
        let mut due = graph[members[0]].due.clone();
        for &state in members {
            due = &due & &graph[state].due;
        }
        due.iter().all(|due| waits(due) || comes.contains(due))
    };
    components(graph, is_left_out).into_iter().filter(is_fair).collect()
}
