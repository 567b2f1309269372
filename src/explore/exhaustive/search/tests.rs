//! Models whose states can be counted otherwise.

use proptest::prelude::*;

use self::reference::Reference;
use super::*;
use crate::engine::interleaving::{Course, Stride};
use crate::engine::{Agenda, ChannelOrder, Observer, RandomCrashes, Violation, World};
use crate::explore::exhaustive::graph::Graph;
use crate::explore::exhaustive::liveness::{Due, Pass};
use crate::model::{Context, Counters, Effect, Event, Family, Never, Part, ProcessId, Relabelling, Ticks};

#[path = "../../../../benches/workloads/reference.rs"]
mod reference;

/// No application and no property.
#[derive(Clone, Copy, Debug)]
struct Nothing;

impl<P: Process> Watch<P> for Nothing {
    type Local = ();
    type Global = ();
    type Shown = ();
    type Facts = ();
    fn before(&self) {}
    fn start(&self, (): &mut (), _: ProcessId, _: &P, _: &mut Agenda<'_, P::Request>) {}
    fn requested(&self, (): &mut (), _: ProcessId, _: &P::Request) -> bool {
        true
    }
    fn may_put_off(&self, (): &()) -> bool {
        false
    }
    fn event(&self, (): &mut (), (): &mut (), _: &Event<P>) {}
    fn effect(&self, (): &mut (), (): &mut (), _: ProcessId, _: &Effect<P>, _: &mut Agenda<'_, P::Request>) {}
    fn after(&self, (): &(), (): &mut (), _: &P, _: &P) {}
    fn cut_short(&self, (): &mut ()) {}
    fn crash(&self, (): &mut (), _: ProcessId, _: bool) {}
    fn restarted(&self, (): &mut (), _: ProcessId, _: &P, _: &mut Agenda<'_, P::Request>) {}
    fn facts(&self, _: ProcessId, _: Option<&P>, _: &P::Stable, (): &()) {}
    fn check(&self, _: ProcessId, (): &(), _: &[&()], (): &()) -> (Option<Found>, Option<()>) {
        (None, None)
    }
    fn crashed(&self, _: ProcessId, (): &()) -> Option<()> {
        None
    }
    fn relabel(&self, (): &mut (), _: ProcessId, _: ProcessId) {}
    fn relabel_request(&self, _: &mut P::Request, _: ProcessId, _: ProcessId) {}
    fn relabel_global(&self, (): &mut (), _: &Relabelling<'_>) {}
    fn relabel_shown(&self, (): &mut (), _: &Relabelling<'_>) {}
    fn is_weighed(&self, _: &P::Message) -> bool {
        false
    }
    fn weigh(&self, _: &P, _: &[(ProcessId, &P::Message)]) -> u32 {
        0
    }
    fn overweight(&self, _: &[u32]) -> Found {
        unreachable!("nothing is weighed")
    }
    fn unsettled(&self, _: &[&()]) -> Option<Found> {
        None
    }
}

const FREE: Bounds = Bounds { early_timers: None, losses: 0, duplicates: 0, weighs: false };

fn search<P: Process>(setup: Setup<P>, bounds: Bounds, order: Order) -> Search<P, Nothing> {
    search_by(2, setup, bounds, order)
}

fn search_by<P: Process>(jobs: usize, setup: Setup<P>, bounds: Bounds, order: Order) -> Search<P, Nothing> {
    let mut search = Search::new(Arc::new(setup), Nothing, bounds, order, jobs);
    assert_eq!(search.start(), None);
    assert_eq!(search.run(|_| true), Stop::Exhausted);
    assert_eq!(search.frontier(), 0);
    search
}

/// How many ways there are from the roots to states without successors.
fn schedules<P: Process>(search: &mut Search<P, Nothing>) -> u64 {
    let mut ways = vec![0; search.tuples.bound()];
    let mut edges = Vec::new();
    // In these models every event leads away from the start.
    let mut order: Vec<u32> = (0..search.tuples.bound() as u32).filter(|&state| search.tuples.has(state)).collect();
    let start = order.iter().copied().find(|&state| search.path(state).len() == 1).expect("there is a root");
    order.sort_by_key(|&state| search.path(state).len());
    for &state in order.iter().rev() {
        search.edges(state, &mut edges);
        let ends = u64::from(edges.is_empty());
        ways[state as usize] = ends + edges.iter().map(|&(to, ..)| ways[to as usize]).sum::<u64>();
    }
    ways[start as usize]
}

/// Process 0 receives one message of each other, and remembers in which order.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Listener(Vec<ProcessId>);

impl Process for Listener {
    type Config = ();
    type Message = ();
    type Timer = Never;
    type Request = Never;
    type Indication = Never;
    type Stable = ();
    type Record = Never;

    fn new(_: ProcessId, (): &()) -> Self {
        Self(Vec::new())
    }

    fn on_start(&mut self, ctx: &mut Context<'_, Self>) {
        if ctx.me().get() > 0 {
            ctx.send(ProcessId::new(0), ());
        }
    }

    fn on_message(&mut self, from: ProcessId, (): (), _: &mut Context<'_, Self>) {
        self.0.push(from);
    }
}

#[test]
fn independent_messages_come_in_every_order_and_no_other() {
    let factorials = [1_u64, 1, 2, 6, 24, 120, 720];
    for k in 0..=6 {
        let mut search = search(Setup::<Listener>::new(k + 1, ()), FREE, Order::BreadthFirst);
        assert_eq!(schedules(&mut search), factorials[k as usize], "{k} messages");
        // Of each number of messages that have come, in each order: k! / (k - j)!.
        let states: Vec<u64> = (0..=k as usize).map(|j| factorials[k as usize] / factorials[k as usize - j]).collect();
        assert_eq!(search.tuples.len() as u64, states.iter().sum::<u64>(), "{k} messages");
        assert_eq!(search.levels(), states, "{k} messages");
    }
}

/// Counts up with each firing of its timer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Counter(u32);

impl Process for Counter {
    type Config = u32;
    type Message = Never;
    type Timer = ();
    type Request = Never;
    type Indication = Never;
    type Stable = ();
    type Record = Never;

    fn new(_: ProcessId, _: &u32) -> Self {
        Self(0)
    }

    fn on_start(&mut self, ctx: &mut Context<'_, Self>) {
        ctx.set_timer((), Ticks::new(1));
    }

    fn on_message(&mut self, _: ProcessId, never: Never, _: &mut Context<'_, Self>) {
        match never {}
    }

    fn on_timer(&mut self, (): (), ctx: &mut Context<'_, Self>) {
        self.0 += 1;
        if self.0 < *ctx.config() {
            ctx.set_timer((), Ticks::new(1));
        }
    }
}

#[test]
fn independent_counters_are_a_product() {
    for (n, most) in [(1, 5), (2, 3), (3, 2), (4, 4)] {
        for order in [Order::BreadthFirst, Order::DepthFirst] {
            let mut search = search(Setup::<Counter>::new(n, most), FREE, order);
            assert_eq!(search.tuples.len() as u32, (most + 1).pow(n), "{n} counters up to {most}");
            if (n, most) == (3, 2) {
                assert_eq!(schedules(&mut search), 720 / 8, "6! / (2! 2! 2!)");
            }
        }
    }
}

/// How many events each process has handled, and how far it has counted, after each event.
struct Steps(Vec<Vec<(u64, u32)>>);

impl Observer<Counter> for Steps {
    fn check(&mut self, world: &World<Counter>) -> Result<(), Violation> {
        let all = ProcessId::all(world.count());
        self.0.push(all.map(|process| (world.steps(process), world.process(process).0)).collect());
        Ok(())
    }
}

#[test]
fn one_way_of_a_search_is_told_event_by_event() {
    let setup = Arc::new(Setup::<Counter>::new(2, 3));
    let mut search = Search::new(Arc::clone(&setup), Nothing, FREE, Order::BreadthFirst, 1);
    search.space.keep_diary();
    let (mut course, mut steps) = (Course::new(&setup), Steps(Vec::new()));
    let (mut tuple, mut successors) = (search.space.before(), Successors::default());
    for process in (0..2).map(Some).chain(std::iter::repeat(None)) {
        match process {
            Some(process) => search.space.start(process, &tuple, &mut successors),
            None => search.space.successors(&tuple, true, &mut successors),
        }
        if successors.len() == 0 {
            break;
        }
        let stride = Stride { successors: &successors, index: 0, start: process };
        course.go(&search.space, stride, &mut steps).expect("nothing is looked for");
        tuple = successors.get(0).0.to_vec();
    }
    // Each starts, and its timer fires three times.
    let expected = [[1, 0], [1, 1], [2, 1], [3, 1], [4, 1], [4, 2], [4, 3], [4, 4]];
    assert_eq!(steps.0, expected.map(|steps| steps.map(|steps: u32| (steps.into(), steps.saturating_sub(1)))));
    assert_eq!(course.event(), 8);
}

/// What tells processes apart whose timers bear their names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Difference {
    Nothing,
    /// That of process 0 is set again whenever it fires.
    First,
    /// That of process 0 may be set again whenever it fires.
    Lucky,
    /// They differ in nothing, and count how often their timers fire.
    Counted,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Alike(u64);

impl Process for Alike {
    type Config = Difference;
    type Message = Never;
    type Timer = ProcessId;
    type Request = Never;
    type Indication = Never;
    type Stable = ();
    type Record = Never;

    fn new(_: ProcessId, _: &Difference) -> Self {
        Self(0)
    }

    fn on_start(&mut self, ctx: &mut Context<'_, Self>) {
        ctx.set_timer(ctx.me(), Ticks::new(1));
    }

    fn on_message(&mut self, _: ProcessId, never: Never, _: &mut Context<'_, Self>) {
        match never {}
    }

    fn on_timer(&mut self, name: ProcessId, ctx: &mut Context<'_, Self>) {
        assert_eq!(name, ctx.me());
        match *ctx.config() {
            Difference::Counted => self.0 += 1,
            Difference::First if name.get() == 0 => ctx.set_timer(name, Ticks::new(1)),
            Difference::Lucky if ctx.choose(2) == 1 && name.get() == 0 => ctx.set_timer(name, Ticks::new(1)),
            _ => {}
        }
    }

    fn relabel(part: Part<'_, Self>, ids: &Relabelling<'_>) {
        if let Part::Timer(_, name) = part {
            *name = ids.of(*name);
        }
    }

    fn counters(part: Part<'_, Self>, counters: &mut Counters<'_>) {
        if let Part::State(_, Self(count @ 1..)) = part {
            counters.shift(Family::shared(0), count);
        }
    }
}

#[test]
fn processes_with_timers_of_their_own_are_interchangeable_if_they_do_the_same() {
    let alike = |difference, among: &[ProcessId]| {
        let setup = Arc::new(Setup::<Alike>::new(3, difference));
        let mut search = Search::new(setup, Nothing, FREE, Order::BreadthFirst, 1);
        search.space.interchange(among);
        assert_eq!((search.start(), search.run(|_| true)), (None, Stop::Exhausted));
        (search.tuples.len(), search.space.asymmetry().map(str::to_owned))
    };
    let all: Vec<ProcessId> = ProcessId::all(3).collect();
    // Which timers have fired, or how many.
    assert_eq!(alike(Difference::Nothing, &[]), (8, None));
    assert_eq!(alike(Difference::Nothing, &all), (4, None));
    let told = |difference| alike(difference, &all).1.expect("it is told");
    for difference in [Difference::First, Difference::Lucky] {
        let told = told(difference);
        assert!(told.contains("would not do the same upon Timer"), "{told}");
    }
    assert_eq!(told(Difference::Counted), "states have counters that only grow");
    assert_eq!(alike(Difference::Counted, &[]).1, None);
}

pub(super) fn reference(clients: u32, rounds: u32, channel: ChannelOrder) -> Setup<impl Process> {
    let mut setup = Setup::<Reference>::new(clients + 1, rounds);
    setup.network.order = channel;
    setup
}

/// Counted by two other checkers, which agree.
#[test]
fn the_reference_model_has_as_many_states_as_others_count() {
    let known = [((3, 1), 98, 98), ((4, 1), 472, 472), ((3, 2), 720, 549), ((4, 2), 7_077, 4_905)];
    for ((clients, rounds), unordered, fifo) in known {
        for (channel, states) in [(ChannelOrder::Unordered, unordered), (ChannelOrder::Fifo, fifo)] {
            let search = search(reference(clients, rounds, channel), FREE, Order::BreadthFirst);
            assert_eq!(search.tuples.len(), states, "{clients} clients, {rounds} rounds, {channel:?}");
        }
    }
}

#[test]
fn any_number_of_threads_finds_the_same_states_in_the_same_way() {
    let find = |jobs| search_by(jobs, reference(5, 2, ChannelOrder::Fifo), FREE, Order::BreadthFirst);
    let (mut one, mut others) = (find(1), [find(2), find(5)]);
    let states: Vec<u32> = (0..one.tuples.bound() as u32).filter(|&state| one.tuples.has(state)).collect();
    assert!(states.len() > 40_000, "too few for all threads to have something to do");
    for other in &mut others {
        assert_eq!((other.tuples.len(), other.transitions), (states.len(), one.transitions));
        for &state in &states {
            assert_eq!(other.tuples.parent(state), one.tuples.parent(state));
            assert_eq!(other.depth(state), one.depth(state));
            assert_eq!(other.tuple(state), one.tuple(state));
        }
    }
}

#[test]
fn a_graph_has_the_successors_of_each_state_with_any_number_of_threads() {
    for jobs in [1, 3] {
        let mut search = search_by(jobs, reference(4, 2, ChannelOrder::Fifo), FREE, Order::BreadthFirst);
        let mut graph = Graph::default();
        graph.grow(&mut search, &mut Pass::new(&mut |_| true));
        let mut edges = Vec::new();
        assert_eq!((0..graph.bound()).filter(|&state| graph.has(state)).count(), search.tuples.len());
        for state in (0..graph.bound()).filter(|&state| graph.has(state)) {
            search.edges(state, &mut edges);
            let fires = |event: Move| matches!(event, Move::Fire { early: false, .. });
            let edges: Vec<(u32, bool)> = edges.iter().map(|&(to, event, _)| (to, fires(event))).collect();
            let row: Vec<(u32, bool)> = graph.row(state).map(|at| graph.successor(at)).collect();
            assert_eq!(row, edges);
            assert_eq!(graph.rests(state), row.is_empty(), "here something is due wherever something can happen");
        }
    }
}

/// Though a process may crash there.
#[test]
fn nothing_need_happen_in_the_states_in_which_nothing_is_due() {
    let (mut counters, mut listeners) = (Setup::<Counter>::new(2, 2), Setup::<Listener>::new(3, ()));
    counters.faults.random = vec![RandomCrashes::up_to(1)];
    listeners.faults.random = vec![RandomCrashes::up_to(1)];
    assert!(rests(counters) > 0 && rests(listeners) > 0);
}

/// In how many states nothing need happen.
fn rests<P: Process>(setup: Setup<P>) -> usize {
    let mut search = search(setup, FREE, Order::BreadthFirst);
    let mut graph = Graph::default();
    graph.grow(&mut search, &mut Pass::new(&mut |_| true));
    let mut successors = Successors::default();
    let states: Vec<u32> = (0..graph.bound()).filter(|&state| graph.has(state)).collect();
    for &state in &states {
        let tuple = search.tuple(state).to_vec();
        search.space.successors(&tuple, search.is_free(state), &mut successors);
        let due = Due::all_of(&search.space, &tuple, &successors);
        assert_eq!(graph.rests(state), due.is_empty(), "{due:?}");
    }
    states.into_iter().filter(|&state| graph.rests(state)).count()
}

#[test]
fn a_search_stops_at_about_as_many_states_as_it_was_told() {
    let setup = Arc::new(reference(5, 2, ChannelOrder::Fifo));
    let mut search = Search::new(setup, Nothing, FREE, Order::BreadthFirst, 2);
    search.states_max = 10_000;
    assert_eq!(search.start(), None);
    assert_eq!(search.run(|search| search.tuples.len() < 10_000), Stop::Limit);
    assert!((10_000..10_032).contains(&search.tuples.len()), "{} states", search.tuples.len());
}

/// Process 0 sets its timer again and again; process 1 always has a message on its way to itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Busy;

impl Process for Busy {
    type Config = ();
    type Message = ();
    type Timer = ();
    type Request = Never;
    type Indication = Never;
    type Stable = ();
    type Record = Never;

    fn new(_: ProcessId, (): &()) -> Self {
        Self
    }

    fn on_start(&mut self, ctx: &mut Context<'_, Self>) {
        if ctx.me().get() == 0 { ctx.set_timer((), Ticks::new(1)) } else { ctx.send(ctx.me(), ()) }
    }

    fn on_message(&mut self, from: ProcessId, (): (), ctx: &mut Context<'_, Self>) {
        ctx.send(from, ());
    }

    fn on_timer(&mut self, (): (), ctx: &mut Context<'_, Self>) {
        ctx.set_timer((), Ticks::new(1));
    }
}

/// Up with 0 to `early` timers fired, then dead: with the report on its way, and with that told.
#[test]
fn how_many_timers_of_the_dead_have_fired_is_forgotten() {
    for early in 0..4 {
        let mut setup = Setup::<Busy>::new(2, ());
        let among = vec![ProcessId::new(0)];
        setup.faults.random = vec![RandomCrashes { among, ..RandomCrashes::up_to(1) }];
        let bounds = Bounds { early_timers: Some(early), ..FREE };
        assert_eq!(search(setup, bounds, Order::BreadthFirst).tuples.len() as u32, early + 1 + 2);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn the_order_of_the_search_changes_nothing(clients in 1_u32..4, rounds in 1_u32..2, losses in 0_u32..2) {
        let bounds = Bounds { losses, duplicates: losses, ..FREE };
        let setup = || reference(clients, rounds, ChannelOrder::Fifo);
        let breadth = search(setup(), bounds, Order::BreadthFirst);
        let depth = search(setup(), bounds, Order::DepthFirst);
        prop_assert_eq!(breadth.tuples.len(), depth.tuples.len());
        prop_assert_eq!(breadth.transitions, depth.transitions);
    }
}
