//! Every crash point of short runs: no step of any process, and no place between two of its effects, is left out.

use std::sync::Arc;

use jeton::ProcessId;
use jeton::algorithms::coordinator::{
    Durable, DurableParameters, Replicated, ReplicatedParameters, Stateless, StatelessParameters, grace_bound,
};
use jeton::algorithms::{neighbour_ring, query_ring};
use jeton::engine::{Crash, Distribution, End, FromDead, Moment, ReportOrder, Setup};
use jeton::explore::{Case, CrashPointReport, CrashPoints, Locks, Strategy};
use jeton::mutex::{Mutex, System, Workload};

use super::zoo::zoo;

/// How a crash treats what the dead had in flight, and when it is reported.
type World = (FromDead, ReportOrder);

const WORLDS: [World; 4] = [
    (FromDead::Deliver, ReportOrder::AfterChannel),
    (FromDead::Deliver, ReportOrder::Unordered),
    (FromDead::Prefix, ReportOrder::AfterChannel),
    (FromDead::Drop, ReportOrder::Unordered),
];

/// One request of each process, soon.
const SHORT: Workload = Workload {
    requests: 1,
    think_ticks: Distribution::Uniform(0, 5),
    hold_ticks: Distribution::Uniform(0, 3),
    write_per_mille: 500,
    data_ids: 1,
    second_per_mille: 0,
    second_any: false,
    disconnect: false,
};

/// Stays that a restart of the server falls into.
const LONG_STAYS: Workload = Workload { hold_ticks: Distribution::Uniform(0, 25), ..SHORT };

/// How long a server is down.
const DOWN: Distribution = Distribution::Uniform(1, 12);

const DELAY_MAX: u64 = 5;
const LATENCY_MAX: u64 = 10;

fn case<S: System>(processes: u32, parameters: &S::Parameters, workload: Workload, world: World) -> Case<S> {
    let config = S::configure(processes, parameters).expect("the parameters can be");
    let mut setup = Setup::new(processes, config);
    setup.network.delay_ticks = (1..=DELAY_MAX).into();
    setup.detector.latency_ticks = (1..=LATENCY_MAX).into();
    (setup.network.from_dead, setup.detector.order) = world;
    // Two rounds of everything, and what goes round after that is only more of the same.
    setup.limits.settle_ticks = Some(50);
    let requests = u64::from(processes) * u64::from(processes);
    let hold = workload.hold_ticks.max();
    let patience = S::patience(&setup.config, processes, DELAY_MAX.into(), LATENCY_MAX.into(), hold, requests);
    let properties = S::PROPERTIES.to_vec();
    let (setup, strategy) = (Arc::new(setup), Strategy::Random);
    Case { setup, workload, requests: Vec::new(), properties, patience, strategy, trial: Locks::default() }
}

/// Tries every crash point of all runs, and that each holds, and that there were as many as one would think.
#[track_caller]
fn assert_all_hold<S: Mutex>(name: &str, at_least: u64, runs: impl Iterator<Item = CrashPoints<S>>) {
    let mut sum = 0;
    for points in runs {
        let CrashPointReport { points, failures, .. } = points.run().expect("the setup can be run");
        sum += points;
        if let Some((crashes, end)) = failures.first() {
            panic!("{name}: {end:?}\n{crashes:?}");
        }
    }
    println!("{name}: {sum} crash points");
    assert!(sum >= at_least, "{name}: only {sum} crash points");
}

fn seeds_and_worlds(seeds: u64) -> impl Iterator<Item = (u64, World)> {
    (0..seeds).flat_map(|seed| WORLDS.map(|world| (seed, world)))
}

fn ids(ids: impl IntoIterator<Item = u32>) -> impl Iterator<Item = ProcessId> {
    ids.into_iter().map(ProcessId::new)
}

mod the_query_ring {
    use super::*;

    fn run(processes: u32, (seed, world): (u64, World)) -> CrashPoints<query_ring::QueryRing> {
        let parameters = query_ring::Parameters { token_timeout_ticks: 20, ..query_ring::Parameters::default() };
        CrashPoints::new(case(processes, &parameters, SHORT, world), seed)
    }

    #[test]
    fn survives_any_one_crash() {
        assert_all_hold("query ring of 3", 800, seeds_and_worlds(3).map(|it| run(3, it)));
        assert_all_hold("query ring of 4", 800, seeds_and_worlds(3).map(|it| run(4, it)));
    }

    #[test]
    fn survives_any_two_crashes_of_three() {
        assert_all_hold("query ring of 3, two crashes", 8_000, seeds_and_worlds(2).map(|it| run(3, it).crashes(2)));
    }
}

mod the_neighbour_ring {
    use super::*;

    fn run(processes: u32, (seed, world): (u64, World)) -> CrashPoints<neighbour_ring::NeighbourRing> {
        let parameters = neighbour_ring::Parameters {
            token_timeout_ticks: 20,
            change_timeout_ticks: 20,
            link_timeout_ticks: 15,
            ..neighbour_ring::Parameters::default()
        };
        CrashPoints::new(case(processes, &parameters, SHORT, world), seed)
    }

    #[test]
    fn survives_any_one_crash() {
        assert_all_hold("neighbour ring of 3", 800, seeds_and_worlds(3).map(|it| run(3, it)));
        assert_all_hold("neighbour ring of 4", 800, seeds_and_worlds(3).map(|it| run(4, it)));
    }

    #[test]
    fn survives_any_two_crashes_of_three() {
        assert_all_hold("neighbour ring of 3, two crashes", 8_000, seeds_and_worlds(2).map(|it| run(3, it).crashes(2)));
    }
}

mod the_durable_coordinator {
    use super::*;

    fn run((seed, world): (u64, World)) -> CrashPoints<Durable> {
        CrashPoints::new(durable(world), seed)
    }

    fn durable(world: World) -> Case<Durable> {
        case(4, &DurableParameters { retry_interval_ticks: 8, ..DurableParameters::default() }, LONG_STAYS, world)
    }

    #[test]
    fn survives_the_crashes_of_its_clients() {
        let clients = |it| run(it).among(ids(1..4));
        assert_all_hold("durable, a client", 200, seeds_and_worlds(3).map(clients));
        assert_all_hold("durable, two clients", 2_000, seeds_and_worlds(3).map(|it| clients(it).crashes(2)));
    }

    #[test]
    fn survives_its_own_crashes() {
        let server = |it| run(it).among(ids([0])).down_ticks(DOWN);
        assert_all_hold("durable, the server", 200, seeds_and_worlds(3).map(server));
        assert_all_hold("durable, the server twice", 2_000, seeds_and_worlds(3).map(|it| server(it).crashes(2)));
    }

    #[test]
    fn survives_a_crash_of_a_client_and_one_of_its_own() {
        let moments =
            (1..4).flat_map(|client| (1..=9).flat_map(move |step| (0..=2).map(move |effects| (client, step, effects))));
        let runs = moments.map(|(client, step, after_effects)| {
            let mut case = durable(WORLDS[1]);
            let crash = Crash {
                process: ProcessId::new(client),
                moment: Moment::InStep { step, after_effects },
                down_ticks: None,
            };
            Arc::make_mut(&mut case.setup).faults.crashes.push(crash);
            CrashPoints::new(case, 0).among(ids([0])).down_ticks(DOWN)
        });
        assert_all_hold("durable, a client and the server", 1_000, runs);
    }
}

mod the_stateless_coordinator {
    use super::*;

    /// The grace is as short as it may be.
    fn run((seed, world): (u64, World)) -> CrashPoints<Stateless> {
        let mut parameters = StatelessParameters { retry_interval_ticks: 8, ..StatelessParameters::default() };
        let after_channel = world.1 == ReportOrder::AfterChannel;
        parameters.grace_ticks = grace_bound(&parameters, DELAY_MAX.into(), LATENCY_MAX.into(), after_channel).get();
        CrashPoints::new(case(4, &parameters, LONG_STAYS, world), seed)
    }

    #[test]
    fn survives_the_crashes_of_its_clients() {
        let clients = |it| run(it).among(ids(1..4));
        assert_all_hold("stateless, a client", 200, seeds_and_worlds(3).map(clients));
        assert_all_hold("stateless, two clients", 2_000, seeds_and_worlds(3).map(|it| clients(it).crashes(2)));
    }

    #[test]
    fn survives_its_own_crashes() {
        let server = |it| run(it).among(ids([0])).down_ticks(DOWN);
        assert_all_hold("stateless, the server", 200, seeds_and_worlds(3).map(server));
        assert_all_hold("stateless, the server twice", 2_000, seeds_and_worlds(3).map(|it| server(it).crashes(2)));
    }
}

mod the_replicated_coordinator {
    use super::*;

    fn run((seed, world): (u64, World)) -> CrashPoints<Replicated> {
        CrashPoints::new(case(5, &ReplicatedParameters::default(), SHORT, world), seed)
    }

    #[test]
    fn survives_any_one_crash() {
        assert_all_hold("replicated, one crash", 800, seeds_and_worlds(3).map(run));
    }

    #[test]
    fn survives_the_crash_of_a_server_and_those_of_clients() {
        for server in [0, 1] {
            let runs = seeds_and_worlds(1).map(|it| run(it).among(ids([server, 2, 3, 4])).crashes(2));
            assert_all_hold("replicated, two crashes", 2_000, runs);
        }
    }
}

/// Mistakes that show only when somebody crashes, and who that is.
#[test]
fn mistakes_that_a_crash_brings_to_light_are_found() {
    let server = (&[0][..], Some(DOWN));
    let anyone = (&[][..], None);
    for (name, (among, down)) in [
        ("question_not_cancelled", anyone),
        ("early_messages_dropped", anyone),
        ("askers_block_each_other", anyone),
        ("question_taken_for_leave_to_enter", anyone),
        ("stale_value_resent", anyone),
        ("accept_before_store", server),
        ("fencing_number_reset", server),
        ("dead_keep_their_places", anyone),
        ("grants_not_sent_again", (&[0][..], None)),
        ("acknowledged_and_forgotten", (&[0][..], None)),
    ] {
        let entry = zoo().find(|entry| entry.name == name).expect("it is in the zoo");
        let among: Vec<ProcessId> = ids(among.iter().copied()).collect();
        let report = entry.specimen.crash_points(0..8, &among, down);
        let found = report.failures.iter().filter(|(crashes, end)| {
            let violates = matches!(end, End::Violated(violation) if violation.property == entry.violates);
            crashes.len() == 1 && violates
        });
        let found = found.count();
        println!("{name}: {found} of {} crash points", report.points);
        assert!(found > 0, "{name}: {} crash points, and none shows it: {}", report.points, entry.wrong);
    }
}
