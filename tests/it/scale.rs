//! Systems far larger than those that are explored: an event must cost the same in them.

use jeton::Ticks;
use jeton::algorithms::coordinator::{Durable, DurableParameters};
use jeton::algorithms::query_ring::{Parameters, QueryRing};
use jeton::engine::{End, Setup, Stats};
use jeton::explore::{Case, Runner};
use jeton::mutex::{System, Workload};

/// Runs one schedule, in which nothing goes wrong, to its end.
fn run<S: System>(processes: u32, parameters: &S::Parameters, workload: Workload) -> Stats {
    let config = S::configure(processes, parameters).expect("the parameters can be");
    let mut case = Case::new(Setup::<S>::new(processes, config));
    case.set_workload(workload);
    case.patience = Ticks::MAX;
    let outcome = Runner::new(&case).expect("the setup can be run").run(0);
    // A coordinator has nothing left to do then; a token goes round for ever.
    let ended = matches!(outcome.end, End::Settled | End::Quiescent);
    assert!(ended, "{:?} at tick {}: {:?}", outcome.end, outcome.at, outcome.stats);
    println!("{}: {:?} in {} ticks", S::NAME, outcome.stats, outcome.at);
    outcome.stats
}

#[test]
fn a_token_goes_round_a_hundred_thousand_peers() {
    let peers = 100_000;
    let parameters = Parameters { token_timeout_ticks: 1 << 30, ..Parameters::default() };
    // An edit would take a whole round for itself.
    let workload = Workload { requests: 1, write_per_mille: 0, hold_ticks: 0.into(), ..Workload::default() };
    let stats = run::<QueryRing>(peers, &parameters, workload);
    assert!(stats.messages >= u64::from(peers), "everyone entered, so the token was everywhere: {stats:?}");
}

#[test]
fn ten_thousand_clients_ask_for_a_thousand_locks() {
    let clients = 10_000;
    let workload = Workload { requests: 2, data_ids: 1_000, second_per_mille: 100, ..Workload::default() };
    let stats = run::<Durable>(1 + clients, &DurableParameters::default(), workload);
    let (connect, request) = (2, 3);
    let least = u64::from(clients) * (connect + u64::from(workload.requests) * request);
    assert!(stats.messages >= least, "connect, accept, and enter, grant, leave: {stats:?}");
}
