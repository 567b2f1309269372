//! A search against one that shares nothing with it but the algorithm and the rules: on hundreds of random models they
//! find as many states, the same violations after as few events, and the same that wait for ever.

mod cycles;
mod machine;
mod state;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use jeton::engine::RandomCrashes;
use jeton::explore::{Order, Proof, Reduction, Verdict};
use jeton::mutex::{Property, Workload};

use crate::partial_order::Model;
use cycles::Node;
use machine::{Due, Machine, Way};
use state::State;

/// So many states are looked at.
const STATES: usize = 3_000;

/// What a search comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Holds { states: usize },
    Violated { events: usize },
    Waits,
}

/// The states in the order of their distances.
struct Search<'a> {
    machine: Machine<'a>,
    states: Vec<State>,
    distances: Vec<usize>,
    numbers: HashMap<State, usize>,
    graph: Vec<Node>,
    /// Where timers fire though something else is sure to come.
    free: BTreeSet<usize>,
    /// What is violated, and after how many events at least.
    violated: BTreeMap<&'static str, usize>,
}

impl<'a> Search<'a> {
    /// All states, or the nearest of too many.
    fn run(machine: Machine<'a>) -> Self {
        let roots = machine.roots().into_iter();
        let mut roots: Vec<(usize, Way)> = roots.map(|way| (machine.crashes_before(&way.to), way)).collect();
        roots.sort_by_key(|(crashes, _)| *crashes);
        let mut search = Self {
            machine,
            states: Vec::new(),
            distances: Vec::new(),
            numbers: HashMap::new(),
            graph: Vec::new(),
            free: BTreeSet::new(),
            violated: BTreeMap::new(),
        };
        for (crashes, way) in &roots {
            search.note(way, *crashes);
        }
        // Who has crashed at the start is as far away as it takes crashes.
        let mut roots: VecDeque<_> = roots.into();
        loop {
            let next = search.distances.get(search.graph.len()).or(roots.front().map(|(crashes, _)| crashes)).copied();
            while roots.front().is_some_and(|(crashes, _)| next.is_some_and(|next| *crashes <= next)) {
                let (crashes, way) = roots.pop_front().expect("there is one");
                search.number(way.to, crashes);
            }
            if !search.goes_on() {
                return search;
            }
        }
    }

    /// Looks at the next state, if there is one and there are not too many.
    fn goes_on(&mut self) -> bool {
        let next = self.graph.len();
        if next == self.states.len() || self.is_too_large() {
            return false;
        }
        let node = self.look_at(next);
        self.graph.push(node);
        true
    }

    fn is_too_large(&self) -> bool {
        self.states.len() > STATES
    }

    fn number(&mut self, state: State, distance: usize) -> usize {
        let number = *self.numbers.entry(state.clone()).or_insert(self.states.len());
        if number == self.states.len() {
            self.states.push(state);
            self.distances.push(distance);
        }
        number
    }

    fn note(&mut self, way: &Way, distance: usize) {
        for property in &way.violates {
            self.violated.entry(property).or_insert(distance);
        }
    }

    fn look_at(&mut self, state: usize) -> Node {
        let distance = self.distances[state] + 1;
        let ways = self.machine.ways(&self.states[state].clone(), self.free.contains(&state));
        let mut due: BTreeSet<Due> = ways.iter().filter_map(|way| way.comes).collect();
        due.extend(self.states[state].timers());
        let mut edges = Vec::new();
        for way in ways {
            self.note(&way, distance);
            edges.push((self.number(way.to, distance), way.comes));
        }
        Node { edges, due }
    }

    /// What it says of a property, if it can.
    fn told(&mut self, property: Property) -> Option<Told> {
        let first = self.violated.get("no_panic").into_iter().chain(self.violated.get(property.name())).min();
        match first {
            Some(&events) => Some(Told::Violated { events }),
            None if property == Property::EveryRequestGranted => self.look_for_cycles(),
            None => (!self.is_too_large()).then_some(Told::Holds { states: self.states.len() }),
        }
    }

    /// Whether somebody can wait for ever. Where nothing that goes on is for who waits, timers have their time.
    fn look_for_cycles(&mut self) -> Option<Told> {
        loop {
            if self.is_too_large() {
                return None;
            }
            let held: Vec<usize> =
                cycles::fair(&self.graph, false).into_iter().filter(|set| self.is_held(set)).flatten().collect();
            if held.is_empty() {
                break;
            }
            self.free.extend(&held);
            for state in held {
                self.graph[state] = self.look_at(state);
            }
            while self.goes_on() {}
            if let Some(&events) = self.violated.get("no_panic") {
                return Some(Told::Violated { events });
            }
        }
        let waits = cycles::fair(&self.graph, true).iter().flatten().any(|&state| self.states[state].waits());
        Some(if waits { Told::Waits } else { Told::Holds { states: self.states.len() } })
    }

    /// Whether somebody waits in it, and timers are set that have yet to be let go.
    fn is_held(&self, members: &[usize]) -> bool {
        let may_be_let_go = |state: &usize| {
            let (is_free, state) = (self.free.contains(state), &self.states[*state]);
            !is_free && self.machine.hurries(state) && state.timers().count() > 0
        };
        members.iter().any(|&state| self.states[state].waits()) && members.iter().any(may_be_let_go)
    }
}

fn told(proof: &Proof) -> Option<Told> {
    match &proof.verdict {
        Verdict::Verified => Some(Told::Holds { states: proof.coverage.states as usize }),
        Verdict::Violated(found) if found.property == "every_request_granted" => Some(Told::Waits),
        Verdict::Violated(found) => Some(Told::Violated { events: found.steps.len() }),
        Verdict::Incomplete => None,
    }
}

const PROPERTIES: [Property; 6] = [
    Property::SingleHolder,
    Property::FencingGrows,
    Property::SingleToken,
    Property::TokenInCs,
    Property::FreshReplica,
    Property::EveryRequestGranted,
];

/// With up to two requests of each process, and sometimes two crashes of anyone.
fn model(seed: u64) -> Model {
    let mut model = Model::new(seed);
    model.workload = Workload { requests: seed as u32 % 3, write_per_mille: 0, ..model.workload };
    if seed % 4 == 3 {
        let down_ticks = (seed % 8 == 3).then(|| (1..=2).into());
        model.setup.faults.random = vec![RandomCrashes { down_ticks, ..RandomCrashes::up_to(2) }];
    }
    model
}

#[test]
fn it_finds_what_one_finds_that_shares_nothing_with_it() {
    let mut counts = BTreeMap::<&str, u64>::new();
    for seed in 0..200 {
        let model = model(seed);
        let mut plain = Search::run(Machine::new(&model, false));
        let mut fenced = Search::run(Machine::new(&model, true));
        for property in PROPERTIES {
            let other = if property == Property::FencingGrows { &mut fenced } else { &mut plain };
            let search = || model.search(&[property], Reduction::None).states_max(STATES as u64);
            let found = told(&search().run().expect("it can be run"));
            let (Some(found), Some(expected)) = (found, other.told(property)) else { continue };
            assert_eq!(found, expected, "seed {seed}, {property}");
            let name = if matches!(found, Told::Holds { .. }) { "holds" } else { property.name() };
            *counts.entry(name).or_default() += 1;
            // Deep first, it comes to the same by longer ways.
            match told(&search().order(Order::DepthFirst).jobs(2).run().expect("it can be run")) {
                Some(Told::Violated { events }) => {
                    assert!(matches!(found, Told::Violated { events: least } if least <= events), "seed {seed}");
                }
                Some(deep) => assert_eq!(deep, found, "seed {seed}, {property}, deep first"),
                None => assert_eq!(name, property.name(), "seed {seed}: what holds has no more states deep first"),
            }
        }
    }
    for name in PROPERTIES.iter().map(|property| property.name()).chain(["holds"]) {
        assert!(counts.get(name).is_some_and(|&count| count >= 20), "{name}: {counts:?}");
    }
}
