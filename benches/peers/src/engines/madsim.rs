//! MadSim: a deterministic runtime for real asynchronous code: a simulated network, clock and file system; crashes,
//! restarts and partitions of nodes. Its endpoints also sleep for up to 5 µs before each send, as real ones do, and its
//! network draws delays in nanoseconds: 1 to 10 ms.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use madsim::net::Endpoint;
use madsim::runtime::{NodeHandle, Runtime};
use madsim::time::sleep;

use super::{CLIENTS, HOLD, Many, ROUNDS, SHORT, timed};
use crate::workloads::relay::neighbour;

const TAG: u64 = 1;

type Counter = Arc<AtomicU64>;

fn address(number: u32) -> SocketAddr {
    let [_, a, b, c] = (number + 1).to_be_bytes();
    ([10, a, b, c], 1).into()
}

fn runtime(seed: u64) -> Runtime {
    let mut config = madsim::Config::default();
    config.net.send_latency = Duration::from_millis(1)..Duration::from_millis(10);
    Runtime::with_seed_and_config(seed, config)
}

/// So many nodes, each with its endpoint.
fn nodes(runtime: &Runtime, count: u32) -> Vec<(NodeHandle, Endpoint)> {
    let node = |number| {
        let node = runtime.create_node().ip(address(number).ip()).build();
        let endpoint = node.spawn(async move { Endpoint::bind(address(number)).await.expect("it is free") });
        let endpoint = runtime.block_on(endpoint).expect("it does not panic");
        (node, endpoint)
    };
    (0..count).map(node).collect()
}

async fn receive<const N: usize>(endpoint: &Endpoint) -> ([u8; N], SocketAddr) {
    let mut bytes = [0; N];
    let (length, from) = endpoint.recv_from(TAG, &mut bytes).await.expect("a message");
    assert_eq!(length, N);
    (bytes, from)
}

async fn send(endpoint: &Endpoint, to: SocketAddr, bytes: &[u8]) {
    endpoint.send_to(to, TAG, bytes).await.expect("the network takes it");
}

/// Runs until so many messages were delivered.
fn until(runtime: &Runtime, delivered: &Counter, wanted: u64) {
    runtime.block_on(async {
        while delivered.load(Relaxed) < wanted {
            sleep(Duration::from_millis(10)).await;
        }
    });
    assert_eq!(delivered.load(Relaxed), wanted);
}

pub(crate) fn ring(processes: u32, hops: u64, seed: u64) -> Duration {
    let runtime = runtime(seed);
    let delivered = Counter::default();
    for (me, (node, endpoint)) in nodes(&runtime, processes).into_iter().enumerate() {
        let (delivered, me) = (Arc::clone(&delivered), me as u32);
        let next = address((me + 1) % processes);
        node.spawn(async move {
            if me == 0 {
                send(&endpoint, next, &1_u64.to_le_bytes()).await;
            }
            loop {
                let hop = u64::from_le_bytes(receive(&endpoint).await.0);
                delivered.fetch_add(1, Relaxed);
                if hop < hops {
                    send(&endpoint, next, &(hop + 1).to_le_bytes()).await;
                }
            }
        });
    }
    timed(|| until(&runtime, &delivered, hops))
}

pub(crate) fn many(many: Many, seed: u64) -> Duration {
    let runtime = runtime(seed);
    let delivered = Counter::default();
    for (me, (node, endpoint)) in nodes(&runtime, many.processes).into_iter().enumerate() {
        let delivered = Arc::clone(&delivered);
        let to = move |number| address(neighbour(me as u32, number, many.processes));
        node.spawn(async move {
            for number in 0..many.each {
                send(&endpoint, to(number), &many.hops.to_le_bytes()).await;
            }
            loop {
                let left = u32::from_le_bytes(receive(&endpoint).await.0);
                delivered.fetch_add(1, Relaxed);
                if left > 0 {
                    send(&endpoint, to(left), &(left - 1).to_le_bytes()).await;
                }
            }
        });
    }
    timed(|| until(&runtime, &delivered, many.deliveries()))
}

const REQUEST: [u8; 1] = [0];
const GRANT: [u8; 1] = [1];
const RELEASE: [u8; 1] = [2];

async fn serve(endpoint: Endpoint, handled: Counter) {
    let (mut holder, mut queue) = (None, VecDeque::new());
    loop {
        let (message, from) = receive::<1>(&endpoint).await;
        handled.fetch_add(1, Relaxed);
        if message == REQUEST && holder.is_some() {
            queue.push_back(from);
            continue;
        }
        holder = if message == REQUEST { Some(from) } else { queue.pop_front() };
        if let Some(holder) = holder {
            send(&endpoint, holder, &GRANT).await;
        }
    }
}

async fn enter(endpoint: Endpoint, handled: Counter) {
    send(&endpoint, address(0), &REQUEST).await;
    for round in 1..=ROUNDS {
        assert_eq!(receive(&endpoint).await.0, GRANT);
        sleep(Duration::from_millis(HOLD)).await;
        handled.fetch_add(2, Relaxed);
        send(&endpoint, address(0), &RELEASE).await;
        if round < ROUNDS {
            send(&endpoint, address(0), &REQUEST).await;
        }
    }
}

pub(crate) fn short(first: u64, runs: u64) -> Duration {
    timed(|| {
        for seed in first..first + runs {
            let runtime = runtime(seed);
            let handled = Counter::default();
            for (number, (node, endpoint)) in nodes(&runtime, CLIENTS + 1).into_iter().enumerate() {
                if number == 0 {
                    node.spawn(serve(endpoint, Arc::clone(&handled)));
                } else {
                    node.spawn(enter(endpoint, Arc::clone(&handled)));
                }
            }
            until(&runtime, &handled, SHORT);
        }
    })
}
