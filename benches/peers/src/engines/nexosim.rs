//! NeXosim: asynchronous models with ports and mailboxes, time in nanoseconds; no network. A message leaves by a port
//! when the event that was scheduled for the end of its delay comes. On one thread, which is the fastest for this.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use nexosim::model::{Context, Model, schedulable};
use nexosim::ports::Output;
use nexosim::simulation::{Mailbox, SimInit, Simulation};
use nexosim::time::MonotonicTime;
use serde::{Deserialize, Serialize};

use super::{COARSE, Many, delays, timed};
use crate::workloads::bare::Delays;
use crate::workloads::relay::NEIGHBOURS;

#[derive(Serialize, Deserialize)]
struct Node {
    /// To its neighbours.
    ports: Vec<Output<u64>>,
    /// How many messages it sends at first, and the number of each.
    first: (u64, u64),
    /// How a message with this number goes on: the number of the port, and its next number.
    #[serde(skip)]
    pass: Option<fn(u64, u64) -> Option<(u64, u64)>>,
    hops: u64,
    #[serde(skip)]
    delays: Option<Delays>,
    #[serde(skip)]
    delivered: Arc<AtomicU64>,
}

#[Model]
impl Node {
    #[nexosim(init)]
    async fn init(&mut self, context: &Context<Self>) {
        let (each, hop) = self.first;
        (0..each).for_each(|number| self.send(number, hop, context));
    }

    async fn receive(&mut self, hop: u64, context: &Context<Self>) {
        self.delivered.fetch_add(1, Relaxed);
        let pass = self.pass.expect("it is set");
        if let Some((port, hop)) = pass(hop, self.hops) {
            self.send(port, hop, context);
        }
    }

    #[nexosim(schedulable)]
    async fn arrive(&mut self, (port, hop): (u64, u64)) {
        self.ports[port as usize].send(hop).await;
    }

    fn send(&mut self, port: u64, hop: u64, context: &Context<Self>) {
        let delay = Duration::from_nanos(self.delays.as_mut().expect("they are set").draw());
        let port = port % self.ports.len() as u64;
        context.schedule_event(delay, schedulable!(Self::arrive), (port, hop)).expect("it is in the future");
    }
}

/// So many nodes with so many neighbours each, ready to run.
fn bench(count: u32, neighbours: u32, node: impl Fn(u32) -> Node) -> Simulation {
    let mut nodes: Vec<(Node, Mailbox<Node>)> = (0..count).map(|me| (node(me), Mailbox::new())).collect();
    for me in 0..count {
        for number in 0..neighbours {
            let mut port = Output::default();
            port.connect(Node::receive, &nodes[((me + 1 + number) % count) as usize].1);
            nodes[me as usize].0.ports.push(port);
        }
    }
    let mut bench = SimInit::with_num_threads(1);
    for (me, (node, mailbox)) in nodes.into_iter().enumerate() {
        bench = bench.add_model(node, mailbox, &me.to_string());
    }
    bench.init(MonotonicTime::EPOCH).expect("a bench")
}

pub(crate) fn ring(processes: u32, hops: u64, seed: u64) -> Duration {
    let delivered = Arc::new(AtomicU64::new(0));
    let mut simulation = bench(processes, 1, |me| Node {
        ports: Vec::new(),
        first: (u64::from(me == 0), 1),
        pass: Some(|hop, hops| (hop < hops).then_some((0, hop + 1))),
        hops,
        delays: Some(delays(seed << 32 | u64::from(me), COARSE)),
        delivered: Arc::clone(&delivered),
    });
    timed(|| {
        simulation.run().expect("it runs");
        assert_eq!(delivered.load(Relaxed), hops);
    })
}

pub(crate) fn many(many: Many, seed: u64) -> Duration {
    let delivered = Arc::new(AtomicU64::new(0));
    let mut simulation = bench(many.processes, NEIGHBOURS, |me| Node {
        ports: Vec::new(),
        first: (many.each.into(), many.hops.into()),
        pass: Some(|left, _| (left > 0).then(|| (left, left - 1))),
        hops: 0,
        delays: Some(delays(seed << 32 | u64::from(me), many.delay)),
        delivered: Arc::clone(&delivered),
    });
    timed(|| {
        simulation.run().expect("it runs");
        assert_eq!(delivered.load(Relaxed), many.deliveries());
    })
}
