//! Fixed runs, to count their instructions: see `benches/instructions.sh`.

use jeton::algorithms::query_ring::{Parameters, QueryRing};
use jeton::engine::{ChannelOrder, Distribution, Setup};
use jeton::explore::{Case, Runner, Strategy};
use jeton::mutex::{System, Workload};

#[allow(dead_code, reason = "each bench needs a part of it")]
mod workloads;

use workloads::relay::Load;
use workloads::{lock, relay, ring, token};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |index: usize| arguments.get(index).and_then(|text| text.parse::<u64>().ok());
    match (arguments.first().map(String::as_str), number(1)) {
        (Some("ring"), Some(hops)) => {
            ring::run(&mut ring::ring(8, hops), 1);
        }
        (Some("token_ring"), Some(hops)) => {
            token::Ring::new(8, hops).run(1);
        }
        (Some("query_ring"), Some(events)) => query_ring(events),
        // Ten thousand messages in flight, each with so many hops.
        (Some("relay"), Some(hops)) => {
            let load = Load { each: 10, hops: hops as u32 };
            let delay = Distribution::Uniform(1, 10);
            ring::run(&mut relay::relay(1_000, load, delay, ChannelOrder::Fifo), 1);
        }
        (Some("short"), Some(runs)) => {
            let mut lock = lock::lock();
            for seed in 0..runs {
                ring::run(&mut lock, seed);
            }
        }
        // Cargo runs every bench; this one is for valgrind.
        _ => eprintln!("usage: instructions ring|token_ring|query_ring|relay|short NUMBER"),
    }
}

/// All properties are checked.
fn query_ring(events: u64) {
    let parameters = Parameters { token_timeout_ticks: 1 << 32, ..Parameters::default() };
    let config = QueryRing::configure(8, &parameters).expect("valid parameters");
    let mut setup = Setup::<QueryRing>::new(8, config);
    setup.limits.events = events;
    let mut case = Case::new(setup);
    case.set_workload(Workload { requests: 1_000_000, ..Workload::default() });
    case.patience = jeton::Ticks::MAX;
    case.strategy = Strategy::Random;
    Runner::new(&case).expect("a valid setup").run(1);
}
