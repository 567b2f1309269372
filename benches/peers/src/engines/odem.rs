//! ODEM-rs: agents that are futures, a calendar with ranks, channels between agents; no network. A message waits at its
//! sender for the end of its delay, so that one agent has one message on its way.

use std::cell::{Cell, RefCell};
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use cpu_time::ProcessTime;
use odem_rs::prelude::*;
use odem_rs::sync::channel::backing::Rendezvous;
use odem_rs::sync::channel::shared::{Receiver, Sender, channel};

use super::{COARSE, delays};
use crate::workloads::bare::Delays;

struct Passer {
    from: Receiver<u64>,
    to: Sender<u64>,
    hops: u64,
    delays: Rc<RefCell<Delays>>,
    delivered: Rc<Cell<u64>>,
}

impl Passer {
    async fn send(&self, hop: u64, sim: &Sim) {
        let delay = self.delays.borrow_mut().draw();
        sim.advance(delay as f64).await;
        self.to.send(hop).await.expect("the ring is closed");
    }
}

impl Behavior for Passer {
    type Output = ();

    async fn actions(&self, sim: &Sim) {
        loop {
            let hop = self.from.recv().await.expect("the ring is closed");
            self.delivered.set(self.delivered.get() + 1);
            if hop == self.hops {
                return;
            }
            self.send(hop + 1, sim).await;
        }
    }
}

/// The hops are a multiple of the processes, so that the last one is to the first, whose end is that of the run.
pub(crate) fn ring(processes: u32, hops: u64, seed: u64) -> Duration {
    assert_eq!(hops % u64::from(processes), 0);
    let delays = Rc::new(RefCell::new(delays(seed, COARSE)));
    let delivered = Rc::new(Cell::new(0));
    let (mut senders, mut receivers): (Vec<_>, Vec<_>) = (0..processes).map(|_| channel(Rendezvous::new())).unzip();
    // The last process sends to the first.
    senders.rotate_left(1);
    let mut took = Duration::ZERO;
    let run = async |sim: &Sim| {
        let arena = pin!(Pool::with_capacity(processes as usize).with(Agent::new));
        let passer =
            |(from, to)| Passer { from, to, hops, delays: Rc::clone(&delays), delivered: Rc::clone(&delivered) };
        let mut passers = receivers.drain(..).zip(senders.drain(..)).map(passer);
        let first = passers.next().expect("there is a process");
        for passer in passers {
            arena.activate(sim, passer);
        }
        let start = ProcessTime::now();
        first.send(1, sim).await;
        first.actions(sim).await;
        took = start.elapsed();
    };
    simulation(run).expect("the first process ends");
    assert_eq!(delivered.get(), hops);
    took
}
