//! Every crash point of short runs: no step of any process, and no place between two of its effects, is left out.

use std::sync::Arc;

use jeton::ProcessId;
use jeton::algorithms::coordinator::{Durable, DurableParameters, DurableRules};
use jeton::algorithms::query_ring::{self, QueryRing};
use jeton::engine::{Crash, Distribution, FromDead, Moment, ReportOrder, Setup};
use jeton::explore::{Case, CrashPointReport, CrashPoints};
use jeton::mutex::{Mutex, System, Workload};

/// The ways in which a crash may treat what the dead had in flight, and the order of its report.
const WORLDS: [(FromDead, ReportOrder); 4] = [
    (FromDead::Deliver, ReportOrder::AfterChannel),
    (FromDead::Deliver, ReportOrder::Unordered),
    (FromDead::Prefix, ReportOrder::AfterChannel),
    (FromDead::Drop, ReportOrder::Unordered),
];

/// One request of each process, in little time.
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

fn case<S: System>(processes: u32, parameters: &S::Parameters, workload: Workload) -> Case<S> {
    let config = S::configure(processes, parameters).expect("the parameters can be");
    let mut setup = Setup::new(processes, config);
    setup.network.delay_ticks = (1..=5).into();
    setup.detector.latency_ticks = (1..=10).into();
    // Long enough for a round of everything, and what goes round after that is only more of the same.
    setup.limits.settle_ticks = 50;
    let (delay, latency) = (setup.network.delay_max(), setup.detector.latency_ticks.max());
    let requests = u64::from(processes) * u64::from(processes);
    let patience = S::patience(&setup.config, processes, delay, latency, workload.hold_ticks.max(), requests);
    Case { setup: Arc::new(setup), workload, properties: S::PROPERTIES.to_vec(), patience }
}

fn world<S: Mutex>(mut case: Case<S>, (from_dead, order): (FromDead, ReportOrder)) -> Case<S> {
    let setup = Arc::make_mut(&mut case.setup);
    setup.network.from_dead = from_dead;
    setup.detector.order = order;
    case
}

/// Tries them all and returns how many there were.
fn try_all<S: Mutex>(points: CrashPoints<S>) -> CrashPointReport {
    points.run().expect("the setup can be run")
}

#[track_caller]
fn assert_hold(name: &str, reports: impl Iterator<Item = CrashPointReport>, at_least: u64) {
    let mut sum = 0;
    for report in reports {
        sum += report.points;
        if let Some((crashes, end)) = report.failures.first() {
            panic!("{name}: {crashes:?}: {end:?}");
        }
    }
    println!("{name}: {sum} crash points");
    assert!(sum >= at_least, "{name}: only {sum} crash points");
}

fn query_ring(processes: u32) -> Case<QueryRing> {
    let parameters = query_ring::Parameters { token_timeout_ticks: 20, ..query_ring::Parameters::default() };
    case(processes, &parameters, SHORT)
}

fn seeds_and_worlds(seeds: u64) -> impl Iterator<Item = (u64, (FromDead, ReportOrder))> {
    (0..seeds).flat_map(|seed| WORLDS.map(|world| (seed, world)))
}

#[test]
fn a_query_ring_survives_any_one_crash() {
    for processes in [3, 4] {
        let all =
            seeds_and_worlds(3).map(|(seed, kind)| try_all(CrashPoints::new(world(query_ring(processes), kind), seed)));
        assert_hold("query ring, one crash", all, 500);
    }
}

#[test]
fn a_query_ring_of_three_survives_any_two_crashes() {
    let all =
        seeds_and_worlds(1).map(|(seed, kind)| try_all(CrashPoints::new(world(query_ring(3), kind), seed).crashes(2)));
    assert_hold("query ring, two crashes", all, 10_000);
}

const SERVER: ProcessId = ProcessId::new(0);

fn durable(rules: DurableRules) -> Case<Durable> {
    case(4, &DurableParameters { retry_interval_ticks: 8, rules }, SHORT)
}

fn clients() -> impl Iterator<Item = ProcessId> {
    (1..4).map(ProcessId::new)
}

#[test]
fn a_durable_coordinator_survives_the_crashes_of_its_clients() {
    for crashes in [1, 2] {
        let all = seeds_and_worlds(2).map(|(seed, kind)| {
            try_all(
                CrashPoints::new(world(durable(DurableRules::default()), kind), seed).among(clients()).crashes(crashes),
            )
        });
        assert_hold("durable, clients", all, 300 * u64::from(crashes));
    }
}

#[test]
fn a_durable_coordinator_survives_its_own_crashes() {
    for crashes in [1, 2] {
        let all = seeds_and_worlds(2).map(|(seed, kind)| {
            let points = CrashPoints::new(world(durable(DurableRules::default()), kind), seed);
            try_all(points.among([SERVER]).down_ticks(1..=12).crashes(crashes))
        });
        assert_hold("durable, server", all, 100);
    }
}

#[test]
fn a_durable_coordinator_survives_a_crash_of_a_client_and_one_of_its_own() {
    let steps =
        clients().flat_map(|client| (1..=10).flat_map(move |step| (0..=2).map(move |effects| (client, step, effects))));
    let all = steps.map(|(process, step, after_effects)| {
        let mut case = durable(DurableRules::default());
        let moment = Moment::InStep { step, after_effects };
        Arc::make_mut(&mut case.setup).faults.crashes.push(Crash { process, moment, down_ticks: None });
        try_all(CrashPoints::new(case, 0).among([SERVER]).down_ticks(1..=12))
    });
    assert_hold("durable, both", all, 1_000);
}
