//! What an entry costs where nothing goes wrong: messages and time, against the closed forms of the papers.

use std::collections::BTreeMap;

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
use jeton::mutex::{Accounting, DataId, Indication, Monitor, Mutex, Request, System, Workload};
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

/// So much by so many.
fn mean(sum: u64, count: u64) -> f64 {
    let exact = |number| f64::from(u32::try_from(number).expect("no run is as long"));
    exact(sum) / exact(count)
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
    let mut cost = Cost::default();
    let messages = observe::<S, _>(processes, parameters, load, delay, seed, &mut cost);
    assert_eq!(messages, cost.total(), "{}: what the engine counts", S::NAME);
    cost
}

/// The same, under other eyes; returns the number of messages.
fn observe<S: System, O: Observer<S>>(
    processes: u32,
    parameters: &S::Parameters,
    load: Workload,
    delay: Distribution,
    seed: u64,
    observer: &mut O,
) -> u64 {
    let config = S::configure(processes, parameters).expect("the parameters can be");
    let mut setup = Setup::<S>::new(processes, config);
    setup.network.delay_ticks = delay;
    let mut case = Case::new(setup);
    case.set_workload(load);
    let outcome = Runner::new(&case).expect("the setup can be run").run_observed(seed, observer);
    assert!(matches!(outcome.end, End::Settled | End::Quiescent), "{}: {:?}", S::NAME, outcome.end);
    outcome.stats.messages
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

fn query_ring() -> query_ring::Parameters {
    query_ring::Parameters { token_timeout_ticks: NEVER, ..query_ring::Parameters::default() }
}

fn neighbour_ring() -> neighbour_ring::Parameters {
    neighbour_ring::Parameters {
        token_timeout_ticks: NEVER,
        change_timeout_ticks: NEVER,
        link_timeout_ticks: NEVER,
        ..neighbour_ring::Parameters::default()
    }
}

/// Processes ask one after the other, each long after the one before has left.
struct InTurn<'a> {
    askers: &'a [u32],
    left: usize,
}

/// Between one who asks and the next.
const TURN: u64 = 10_000;

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
    pub(super) fn distance(mut one: u32, mut other: u32, arity: u32) -> u64 {
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
            let cost =
                run::<Classic<Raymond>>(processes, &raymond::Parameters::default(), saturated(requests), T.into(), 0);
            // Each edge carries a request and the privilege, there and back, while all enter once.
            let round = 4 * u64::from(processes - 1);
            let rounds = u64::from(requests);
            // But in the first round and the last.
            assert!((round * (rounds - 2)..=round * rounds).contains(&cost.total()), "{processes}: {cost:?}");
        }
    }

    #[test]
    fn of_naimi_and_trehel_grow_with_the_logarithm_on_average() {
        for processes in [2, 4, 16, 64, 256] {
            let askers = any_askers(processes, 4_000);
            let costs = in_turn::<Classic<NaimiTrehel>>(processes, &NoParameters {}, &askers);
            assert!(costs.iter().all(|&cost| cost <= u64::from(processes)), "{processes}");
            let mean = mean(costs.iter().sum(), costs.len() as u64);
            let harmonic: f64 = (1..processes).map(|k| 1.0 / f64::from(k)).sum();
            println!("naimi_trehel, {processes} processes: {mean:.3} messages per entry, expected {harmonic:.3}");
            assert!((mean - harmonic).abs() < 0.05 * harmonic, "{processes}: {mean} and not {harmonic}");
        }
    }

    #[test]
    fn of_naimi_and_trehel_grow_no_faster_when_all_want_to_enter() {
        for processes in [2_u32, 4, 16, 64] {
            let cost = run::<Classic<NaimiTrehel>>(processes, &NoParameters {}, saturated(20), (1..=20).into(), 0);
            let mean = mean(cost.total(), cost.entries);
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

    #[test]
    fn of_a_ring_are_one_when_all_want_to_enter() {
        for processes in [2, 5, 16] {
            let query = run::<QueryRing>(processes, &query_ring(), saturated(20), T.into(), 0);
            let neighbour = run::<NeighbourRing>(processes, &neighbour_ring(), saturated(20), T.into(), 0);
            for cost in [query, neighbour] {
                let handovers = cost.handovers.len() as u64;
                assert!((handovers..=handovers + 1).contains(&cost.of("token")), "one at the start: {cost:?}");
                assert_eq!(cost.messages.len(), 1, "and nothing else: {cost:?}");
            }
        }
    }

    /// The token's hops from each request to its entry, those that begin after the request.
    #[derive(Default)]
    struct Hops {
        so_far: u64,
        asked_at: BTreeMap<ProcessId, u64>,
        waits: Vec<u64>,
    }

    impl<P: Mutex> Observer<P> for Hops {
        fn event(&mut self, process: ProcessId, event: &Event<P>, _: Option<MessageId>, _: &World<P>) {
            if matches!(event, Event::Request(Request::Enter(_))) {
                self.asked_at.insert(process, self.so_far);
            }
        }

        fn effect(&mut self, process: ProcessId, effect: &Effect<P>, _: Option<MessageId>, _: &World<P>) {
            match effect {
                Effect::Send { message, .. } if P::token(message).is_some() => self.so_far += 1,
                Effect::Indicate { indication: Indication::Entered(..) } => {
                    self.waits.push(self.so_far - self.asked_at[&process]);
                }
                _ => {}
            }
        }
    }

    /// The hop on which the token is when somebody asks, and up to N − 1 more. What it does while nobody asks is idle
    /// circulation, one message for each delay, and no entry's.
    #[test]
    fn of_a_ring_are_between_one_and_one_for_each_process_when_few_want_to_enter() {
        let processes = 9;
        let mut query = Hops::default();
        observe::<QueryRing, _>(processes, &query_ring(), sparse(60), T.into(), 0, &mut query);
        let mut neighbour = Hops::default();
        observe::<NeighbourRing, _>(processes, &neighbour_ring(), sparse(60), T.into(), 0, &mut neighbour);
        for hops in [query, neighbour] {
            let (least, most) = (hops.waits.iter().min(), hops.waits.iter().max());
            assert_eq!((least, most), (Some(&0), Some(&u64::from(processes - 1))));
        }
    }

    /// A write of the query ring is one edit, which stops at its editor; one of the neighbour ring is one change, for
    /// whose return the writer waits. Both go once round.
    #[test]
    fn of_a_ring_a_write_adds_one_for_each_process() {
        for processes in [2, 5, 16] {
            let writes = Workload { write_per_mille: 1_000, ..saturated(10) };
            let query = run::<QueryRing>(processes, &query_ring(), writes, T.into(), 0);
            let edits = query.of("edit") + query.since.get("edit").copied().unwrap_or(0);
            assert_eq!(edits, query.entries * u64::from(processes), "{query:?}");
            let neighbour = run::<NeighbourRing>(processes, &neighbour_ring(), writes, T.into(), 0);
            assert_eq!(neighbour.of("change"), neighbour.entries * u64::from(processes), "{neighbour:?}");
        }
    }
}

mod synchronisation_delay {
    use super::*;

    /// The time from each leaving to the next entry when everybody always wants to enter and a message takes `T`, in
    /// ten rounds after the first.
    fn handovers<S: System>(processes: u32, parameters: &S::Parameters) -> Vec<u64> {
        let cost = run::<S>(processes, parameters, saturated(20), T.into(), 0);
        let users = (cost.entries / 20) as usize;
        cost.handovers[users..11 * users].to_vec()
    }

    #[track_caller]
    fn is_always<S: System>(parameters: &S::Parameters, delay: u64) {
        for processes in [S::PROCESSES_MIN + 1, 9, 31] {
            let handovers = handovers::<S>(processes, parameters);
            assert!(handovers.iter().all(|&time| time == delay), "{}, {processes}: {handovers:?}", S::NAME);
        }
    }

    #[test]
    fn of_who_asks_all_is_one_message() {
        is_always::<Classic<Lamport>>(&NoParameters {}, T);
        is_always::<Classic<RicartAgrawala>>(&NoParameters {}, T);
        is_always::<Classic<CarvalhoRoucairol>>(&NoParameters {}, T);
    }

    #[test]
    fn of_a_token_is_one_message() {
        is_always::<Classic<SuzukiKasami>>(&NoParameters {}, T);
        is_always::<Classic<NaimiTrehel>>(&NoParameters {}, T);
        is_always::<QueryRing>(&query_ring(), T);
        is_always::<NeighbourRing>(&neighbour_ring(), T);
    }

    /// The leave, and the grant; between them the backup has its copy, and says so.
    #[test]
    fn of_a_server_is_two_messages_and_of_two_is_four() {
        is_always::<Durable>(&DurableParameters::default(), 2 * T);
        is_always::<Stateless>(&StatelessParameters::default(), 2 * T);
        is_always::<Replicated>(&ReplicatedParameters::default(), 4 * T);
    }

    /// The release to an arbiter, and its lock; one of the two is none if the arbiter leaves or enters itself.
    #[test]
    fn of_maekawa_is_two_messages() {
        for processes in [2, 4, 9, 16, 31, 64] {
            let handovers = handovers::<Classic<Maekawa>>(processes, &maekawa::Parameters::default());
            assert!(handovers.iter().all(|time| [T, 2 * T].contains(time)), "{processes}: {handovers:?}");
            let two = handovers.iter().filter(|&&time| time == 2 * T).count();
            assert!(processes < 9 || two == handovers.len(), "{processes}: {handovers:?}");
        }
    }

    /// The privilege makes 2(N − 1) steps, there and back on each edge, while all N enter once. From a dozen processes
    /// on that is no more than the (T log N) / 2 that is published.
    #[test]
    fn of_raymond_is_the_way_in_the_tree() {
        for (processes, diameter) in [(3, 2), (7, 4), (15, 6), (31, 8), (63, 10)] {
            let handovers = handovers::<Classic<Raymond>>(processes, &raymond::Parameters::default());
            let steps: u64 = handovers.iter().sum::<u64>() / T;
            assert_eq!(steps, 10 * 2 * u64::from(processes - 1), "{processes}: {handovers:?}");
            assert!(handovers.iter().all(|time| (0..=diameter * T).contains(time)), "{processes}: {handovers:?}");
            let mean = mean(steps, handovers.len() as u64);
            println!("raymond, {processes} processes: {mean:.3} T");
            assert!(processes < 12 || mean <= f64::from(processes).log2() / 2.0, "{processes}: {mean}");
        }
    }

    /// In each turn two ask: the second while the first is in its critical section.
    struct Pairs<'a> {
        askers: &'a [u32],
        left: usize,
    }

    impl<P: Process<Request = Request, Indication = Indication>> Application<P> for Pairs<'_> {
        fn start(&mut self, process: ProcessId, _: &P, agenda: &mut Agenda<'_, Request>) {
            for (place, _) in (0..).zip(self.askers).filter(|(_, asker)| **asker == process.get()) {
                agenda.request(Ticks::new(place / 2 * TURN + place % 2 * 500), Request::Enter(DataId::default()));
            }
        }

        fn indication(&mut self, _: ProcessId, indication: &Indication, agenda: &mut Agenda<'_, Request>) {
            match *indication {
                Indication::Entered(data, _) => agenda.request(Ticks::new(1_000), Request::Leave(data)),
                Indication::Left(_) => self.left += 1,
                _ => {}
            }
        }

        fn settled(&self) -> bool {
            self.left == self.askers.len()
        }
    }

    /// When one waits and another is in its critical section it is the way between the two, which is longer than the
    /// (T log N) / 2 that is published on average: that is between this and when all want to enter.
    #[test]
    fn of_raymond_is_the_way_between_two_if_nobody_else_asks() {
        for (processes, expected) in [(15, 3.505), (31, 4.955), (63, 6.587)] {
            let askers = any_askers(processes, 1_000);
            let apart = askers.chunks(2).filter(|pair| pair[0] != pair[1]).flatten();
            let askers: Vec<u32> = apart.copied().collect();
            let config = Classic::<Raymond>::configure(processes, &raymond::Parameters::default()).expect("possible");
            let mut setup = Setup::<Classic<Raymond>>::new(processes, config);
            setup.network.delay_ticks = T.into();
            let mut accounting = Accounting::default();
            let mut pairs = Pairs { askers: &askers, left: 0 };
            let outcome = Simulation::new(setup).expect("possible").run(0, &mut pairs, &mut accounting);
            assert!(matches!(outcome.end, End::Settled | End::Quiescent), "{:?}", outcome.end);
            let delays: Vec<u64> = accounting.each().filter_map(|entry| Some(entry.handover?.get())).collect();
            let ways = askers.chunks(2).map(|pair| T * super::messages_per_entry::distance(pair[0], pair[1], 2));
            assert_eq!(delays, ways.collect::<Vec<_>>());
            let mean = mean(delays.iter().sum(), T * delays.len() as u64);
            println!("raymond, two of {processes}: {mean:.3} T, {expected} T if all pairs are as likely");
            assert!((mean - expected).abs() < 0.05 * expected && mean > f64::from(processes).log2() / 2.0, "{mean}");
        }
    }
}
