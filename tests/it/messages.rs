//! What an entry costs where nothing goes wrong: messages and time, against the closed forms of the papers.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use jeton::algorithms::carvalho_roucairol::CarvalhoRoucairol;
use jeton::algorithms::classic::{Algorithm, Classic, NoParameters};
use jeton::algorithms::coordinator::{
    Durable, DurableParameters, Replicated, ReplicatedParameters, Stateless, StatelessParameters,
};
use jeton::algorithms::lamport::Lamport;
use jeton::algorithms::maekawa::{self, Maekawa};
use jeton::algorithms::naimi_trehel::NaimiTrehel;
use jeton::algorithms::neighbour_ring::{self, NeighbourRing};
use jeton::algorithms::query_ring::{self, QueryRing};
use jeton::algorithms::raymond::{self, Raymond};
use jeton::algorithms::ricart_agrawala::RicartAgrawala;
use jeton::algorithms::suzuki_kasami::SuzukiKasami;
use jeton::engine::{Agenda, Application, Distribution, End, MessageId, Observer, Setup, Simulation, World};
use jeton::explore::{Case, Runner};
use jeton::model::{Effect, Event, Process};
use jeton::mutex::{DataId, Indication, Monitor, Mutex, Request, System, Workload};
use jeton::{ProcessId, Ticks};

/// How long a message takes where it is not drawn.
const T: u64 = 10;
/// Longer than any run: nobody loses patience.
const NEVER: u64 = 1 << 30;

/// Everybody wants to enter again as soon as it has left.
fn saturated(requests: u32) -> Workload {
    Workload { requests, think_ticks: 0.into(), hold_ticks: 5.into(), write_per_mille: 0, ..Workload::default() }
}

/// Hardly two want to enter at once.
fn sparse(requests: u32) -> Workload {
    Workload { think_ticks: (0..=2_000).into(), ..saturated(requests) }
}

/// What one run took.
#[derive(Clone, Debug, Default)]
struct Cost {
    /// The messages sent by their type, up to the last leaving.
    messages: BTreeMap<String, u64>,
    /// The same, since the last leaving.
    since: BTreeMap<String, u64>,
    entries: u64,
    left_at: Option<Ticks>,
    /// From each leaving to the next entry.
    handovers: Vec<u64>,
}

impl Cost {
    fn total(&self) -> u64 {
        self.messages.values().chain(self.since.values()).sum()
    }

    /// Up to the last leaving: a token goes round after that for nobody.
    fn of(&self, message: &str) -> u64 {
        self.messages.get(message).copied().unwrap_or(0)
    }
}

impl<P: Mutex> Observer<P> for Cost {
    fn effect(&mut self, _: ProcessId, effect: &Effect<P>, _: Option<MessageId>, world: &World<P>) {
        match effect {
            Effect::Send { message, .. } => *self.since.entry(type_of(message)).or_insert(0) += 1,
            Effect::Indicate { indication: Indication::Entered(..) } => {
                self.entries += 1;
                self.handovers.extend(self.left_at.map(|left| world.now().get() - left.get()));
            }
            Effect::Indicate { indication: Indication::Left(..) } => {
                self.left_at = Some(world.now());
                for (message, count) in std::mem::take(&mut self.since) {
                    *self.messages.entry(message).or_insert(0) += count;
                }
            }
            _ => {}
        }
    }
}

/// The name of a message's variant.
fn type_of(message: &impl serde::Serialize) -> String {
    let value = serde_json::to_value(message).expect("a message is data");
    let value = value.get("body").unwrap_or(&value);
    let name = value.as_str().or_else(|| value.as_object()?.keys().next().map(String::as_str));
    name.expect("a message is one of several").to_owned()
}

/// Runs one schedule in which nothing goes wrong, and in which everything must hold.
fn run<S: System>(processes: u32, parameters: &S::Parameters, load: Workload, delay: Distribution, seed: u64) -> Cost {
    let config = S::configure(processes, parameters).expect("the parameters can be");
    let mut setup = Setup::<S>::new(processes, config);
    setup.network.delay_ticks = delay;
    let mut case = Case::new(setup);
    case.set_workload(load);
    let mut cost = Cost::default();
    let outcome = Runner::new(&case).expect("the setup can be run").run_observed(seed, &mut cost);
    assert!(matches!(outcome.end, End::Settled | End::Quiescent), "{}: {:?}", S::NAME, outcome.end);
    assert_eq!(outcome.stats.messages, cost.total(), "{}: what the engine counts", S::NAME);
    cost
}

/// The same, with many delays and at any load.
fn runs<A: Algorithm>(processes: u32) -> impl Iterator<Item = Cost>
where
    Classic<A>: System<Parameters = A::Parameters>,
{
    let loads = [saturated(6), Workload { think_ticks: (0..=60).into(), ..saturated(6) }, sparse(6)];
    let parameters = A::Parameters::default();
    loads.into_iter().flat_map(move |load| {
        let parameters = parameters.clone();
        (0..8).map(move |seed| run::<Classic<A>>(processes, &parameters, load, (1..=20).into(), seed))
    })
}

/// Processes ask one after the other, each long after the one before has left.
struct InTurn<'a> {
    askers: &'a [u32],
    left: usize,
}

/// Between one who asks and the next.
const TURN: u64 = 1 << 20;

impl<P: Process<Request = Request, Indication = Indication>> Application<P> for InTurn<'_> {
    fn start(&mut self, process: ProcessId, _: &P, agenda: &mut Agenda<'_, Request>) {
        for (turn, _) in (0..).zip(self.askers).filter(|(_, asker)| **asker == process.get()) {
            agenda.request(Ticks::new(turn * TURN), Request::Enter(DataId::default()));
        }
    }

    fn indication(&mut self, _: ProcessId, indication: &Indication, agenda: &mut Agenda<'_, Request>) {
        match *indication {
            Indication::Entered(data, _) => agenda.request(Ticks::new(5), Request::Leave(data)),
            Indication::Left(_) => self.left += 1,
            _ => {}
        }
    }

    fn settled(&self) -> bool {
        self.left == self.askers.len()
    }
}

/// The messages of each turn.
#[derive(Default)]
struct Turns(Vec<u64>);

impl<P: Mutex> Observer<P> for Turns {
    fn event(&mut self, _: ProcessId, event: &Event<P>, _: Option<MessageId>, _: &World<P>) {
        if matches!(event, Event::Request(Request::Enter(_))) {
            self.0.push(0);
        }
    }

    fn effect(&mut self, _: ProcessId, effect: &Effect<P>, _: Option<MessageId>, _: &World<P>) {
        if matches!(effect, Effect::Send { .. }) {
            *self.0.last_mut().expect("nobody sends before anybody asks") += 1;
        }
    }
}

/// What each costs of those who ask in turn.
fn in_turn<S: System>(processes: u32, parameters: &S::Parameters, askers: &[u32]) -> Vec<u64> {
    let config = S::configure(processes, parameters).expect("the parameters can be");
    let setup = Setup::<S>::new(processes, config);
    let mut simulation = Simulation::new(setup).expect("the setup can be run");
    let mut turns = Turns::default();
    let mut monitor = Monitor::new(S::PROPERTIES, Ticks::new(TURN / 2));
    let outcome = simulation.run(0, &mut InTurn { askers, left: 0 }, &mut (&mut monitor, &mut turns));
    assert!(matches!(outcome.end, End::Settled | End::Quiescent), "{}: {:?}", S::NAME, outcome.end);
    assert_eq!(turns.0.len(), askers.len());
    turns.0
}

/// Numbers below a bound, in no order (a linear congruential generator, its upper bits).
fn any_askers(bound: u32, count: usize) -> Vec<u32> {
    let mut state = 1_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as u32 % bound
    };
    (0..count).map(|_| next()).collect()
}

/// The time from each leaving to the next entry when everybody always wants to enter and a message takes `T`, once all
/// have been heard.
fn handovers<S: System>(processes: u32, parameters: &S::Parameters) -> Vec<u64> {
    let requests = 20;
    let cost = run::<S>(processes, parameters, saturated(requests), T.into(), 0);
    let last = cost.handovers.len() - processes as usize;
    cost.handovers[processes as usize..last].to_vec()
}

mod messages_per_entry {
    use super::*;

    const SIZES: [u32; 5] = [1, 2, 3, 7, 16];

    #[test]
    fn of_lamport_are_three_to_each_other() {
        for processes in SIZES {
            for cost in runs::<Lamport>(processes) {
                assert_eq!(cost.total(), cost.entries * 3 * u64::from(processes - 1), "{cost:?}");
            }
        }
    }

    #[test]
    fn of_ricart_and_agrawala_are_two_to_each_other() {
        for processes in SIZES {
            for cost in runs::<RicartAgrawala>(processes) {
                assert_eq!(cost.total(), cost.entries * 2 * u64::from(processes - 1), "{cost:?}");
            }
        }
    }

    #[test]
    fn of_carvalho_and_roucairol_are_at_most_two_to_each_other() {
        for processes in SIZES {
            let most = 2 * u64::from(processes - 1);
            for cost in runs::<CarvalhoRoucairol>(processes) {
                assert!(cost.total() <= cost.entries * most, "{cost:?}");
            }
            let sparse = run::<Classic<CarvalhoRoucairol>>(processes, &NoParameters {}, sparse(20), T.into(), 0);
            assert!(processes == 1 || sparse.total() < sparse.entries * most, "{sparse:?}");
        }
    }

    #[test]
    fn of_carvalho_and_roucairol_go_to_those_who_asked_since() {
        let askers = [1, 1, 1, 3, 1, 3, 3, 0, 3];
        let costs = in_turn::<Classic<CarvalhoRoucairol>>(5, &NoParameters {}, &askers);
        assert_eq!(costs, [8, 0, 0, 8, 2, 2, 0, 8, 2]);
    }

    #[test]
    fn of_maekawa_are_three_to_its_quorum_if_nobody_else_asks() {
        for processes in SIZES {
            let askers = any_askers(processes, 40);
            let costs = in_turn::<Classic<Maekawa>>(processes, &maekawa::Parameters::default(), &askers);
            for (asker, cost) in askers.into_iter().zip(costs) {
                let quorum = maekawa::quorum(ProcessId::new(asker), processes).len() as u64;
                assert_eq!(cost, 3 * (quorum - 1), "p{asker} of {processes}");
            }
        }
    }

    #[test]
    fn of_maekawa_are_at_most_six_to_its_quorum_and_three_more() {
        for processes in SIZES {
            let sizes = ProcessId::all(processes).map(|process| maekawa::quorum(process, processes).len() as u64);
            let (mut least, mut most) = (0, 0);
            for quorum in sizes {
                least += 3 * (quorum - 1);
                most += 6 * (quorum - 1) + 3;
            }
            for cost in runs::<Maekawa>(processes) {
                let each = cost.entries / u64::from(processes);
                assert!((least * each..=most * each).contains(&cost.total()), "{processes}: {cost:?}");
            }
        }
    }

    #[test]
    fn of_suzuki_and_kasami_are_one_for_each_process_or_none() {
        let askers = [0, 0, 2, 2, 1, 0, 0];
        assert_eq!(in_turn::<Classic<SuzukiKasami>>(5, &NoParameters {}, &askers), [0, 0, 5, 0, 5, 5, 0]);
        for processes in SIZES {
            for cost in runs::<SuzukiKasami>(processes) {
                let tokens = cost.of("token");
                assert_eq!(cost.total(), tokens * u64::from(processes), "{cost:?}");
                assert!(tokens <= cost.entries, "{cost:?}");
            }
        }
    }

    /// The edges between two processes of a tree in which the parent of `i` is `(i − 1) / arity`.
    fn distance(mut one: u32, mut other: u32, arity: u32) -> u64 {
        let mut edges = 0;
        while one != other {
            let lower = if one > other { &mut one } else { &mut other };
            *lower = (*lower - 1) / arity;
            edges += 1;
        }
        edges
    }

    #[test]
    fn of_raymond_are_two_for_each_edge_to_the_holder_if_nobody_else_asks() {
        for (processes, arity, diameter) in [(31, 2, 8), (16, 1, 15), (16, 15, 2), (64, 3, 7)] {
            let askers = any_askers(processes, 200);
            let costs = in_turn::<Classic<Raymond>>(processes, &raymond::Parameters { arity }, &askers);
            let mut holder = 0;
            for (&asker, cost) in askers.iter().zip(costs) {
                assert_eq!(cost, 2 * distance(holder, asker, arity), "p{asker} of {processes}, from p{holder}");
                assert!(cost <= 2 * diameter);
                holder = asker;
            }
        }
    }

    #[test]
    fn of_raymond_are_nearly_four_when_all_want_to_enter() {
        for processes in [2, 7, 31, 64] {
            let requests = 40;
            let cost = run::<Classic<Raymond>>(processes, &Default::default(), saturated(requests), T.into(), 0);
            // Each edge carries a request and the privilege, there and back, while all enter once.
            let round = 4 * u64::from(processes - 1);
            let rounds = u64::from(requests);
            assert!((round * (rounds - 1)..=round * rounds).contains(&cost.total()), "{processes}: {cost:?}");
        }
    }

    #[test]
    fn of_naimi_and_trehel_grow_with_the_logarithm_on_average() {
        for processes in [2, 4, 16, 64, 256] {
            let askers = any_askers(processes, 4_000);
            let costs = in_turn::<Classic<NaimiTrehel>>(processes, &NoParameters {}, &askers);
            assert!(costs.iter().all(|&cost| cost <= u64::from(processes)), "{processes}");
            let mean = costs.iter().sum::<u64>() as f64 / costs.len() as f64;
            let harmonic: f64 = (1..processes).map(|k| 1.0 / f64::from(k)).sum();
            // The way to the root, and the token, unless the root itself asks.
            let expected = harmonic + 1.0 - 1.0 / f64::from(processes);
            println!("naimi_trehel, {processes} processes: {mean:.3} messages per entry, expected {expected:.3}");
            assert!((mean - expected).abs() < 0.1 * expected, "{processes}: {mean} and not {expected}");
        }
    }

    #[test]
    fn of_naimi_and_trehel_grow_no_faster_when_all_want_to_enter() {
        for processes in [2_u32, 4, 16, 64] {
            let cost = run::<Classic<NaimiTrehel>>(processes, &NoParameters {}, saturated(20), (1..=20).into(), 0);
            let mean = cost.total() as f64 / cost.entries as f64;
            println!("naimi_trehel, {processes} processes, all want to enter: {mean:.3} messages per entry");
            assert!(mean <= f64::from(processes).log2() + 2.0, "{processes}: {mean}");
        }
    }

    /// A client connects and is accepted once.
    const CONNECT: u64 = 2;

    #[test]
    fn of_the_coordinators_that_are_one_server_are_three() {
        let durable = DurableParameters { retry_interval_ticks: NEVER, ..DurableParameters::default() };
        let stateless = StatelessParameters { retry_interval_ticks: NEVER, ..StatelessParameters::default() };
        for load in [saturated(10), sparse(10)] {
            for cost in [
                run::<Durable>(6, &durable, load, (1..=20).into(), 0),
                run::<Stateless>(6, &stateless, load, (1..=20).into(), 0),
            ] {
                assert_eq!(cost.total(), 5 * CONNECT + 3 * cost.entries, "{cost:?}");
            }
        }
    }

    /// Of the three the enter and the leave change the table: each goes to the backup and is acknowledged.
    #[test]
    fn of_the_replicated_coordinator_are_three_and_two_for_each_change() {
        for load in [saturated(10), sparse(10)] {
            let cost = run::<Replicated>(6, &ReplicatedParameters::default(), load, (1..=20).into(), 0);
            assert_eq!(cost.total(), 4 * CONNECT + (3 + 2 * 2) * cost.entries, "{cost:?}");
        }
    }

    fn writes(per_mille: u16, load: Workload) -> Workload {
        Workload { write_per_mille: per_mille, ..load }
    }

    fn query_ring(processes: u32, load: Workload) -> Cost {
        let parameters = query_ring::Parameters { token_timeout_ticks: NEVER, ..query_ring::Parameters::default() };
        run::<QueryRing>(processes, &parameters, load, T.into(), 0)
    }

    fn neighbour_ring(processes: u32, load: Workload) -> Cost {
        let parameters = neighbour_ring::Parameters {
            token_timeout_ticks: NEVER,
            change_timeout_ticks: NEVER,
            link_timeout_ticks: NEVER,
            ..neighbour_ring::Parameters::default()
        };
        run::<NeighbourRing>(processes, &parameters, load, T.into(), 0)
    }

    #[test]
    fn of_a_ring_are_one_when_all_want_to_enter() {
        for processes in [2, 5, 16] {
            for cost in [query_ring(processes, saturated(20)), neighbour_ring(processes, saturated(20))] {
                let handovers = cost.handovers.len() as u64;
                assert!((handovers..=handovers + 1).contains(&cost.of("token")), "one at the start: {cost:?}");
                assert_eq!(cost.messages.len(), 1, "and nothing else: {cost:?}");
            }
        }
    }
}
