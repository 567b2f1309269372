//! turmoil: tokio code on simulated hosts, with TCP, UDP, partitions and crashes. Time goes on in steps, of 1 ms by
//! default, each of which visits every host and every link; a tick is 1 ms here. Latencies are drawn from a curve
//! between the least and the greatest.

use std::cell::Cell;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use turmoil::net::UdpSocket;
use turmoil::{Builder, Sim};

use super::{CLIENTS, COARSE, HOLD, ROUNDS, SHORT, timed};

const PORT: u16 = 9;

type Counter = Rc<Cell<u64>>;
type Answer = turmoil::Result;

fn sim(seed: u64) -> Sim<'static> {
    Builder::new()
        .rng_seed(seed)
        .min_message_latency(Duration::from_millis(COARSE.0))
        .max_message_latency(Duration::from_millis(COARSE.1))
        .simulation_duration(Duration::from_secs(1 << 30))
        .build()
}

fn name(number: u32) -> String {
    format!("p{number}")
}

async fn socket() -> std::io::Result<UdpSocket> {
    UdpSocket::bind(("0.0.0.0", PORT)).await
}

async fn receive<const N: usize>(socket: &UdpSocket) -> std::io::Result<([u8; N], SocketAddr)> {
    let mut bytes = [0; N];
    let (length, from) = socket.recv_from(&mut bytes).await?;
    assert_eq!(length, N);
    Ok((bytes, from))
}

async fn pass(me: u32, processes: u32, hops: u64, delivered: Counter) -> Answer {
    let socket = socket().await?;
    let next = (name((me + 1) % processes), PORT);
    if me == 0 {
        socket.send_to(&1_u64.to_le_bytes(), next.clone()).await?;
    }
    loop {
        let hop = u64::from_le_bytes(receive(&socket).await?.0);
        delivered.set(delivered.get() + 1);
        if hop >= hops {
            return Ok(());
        }
        socket.send_to(&(hop + 1).to_le_bytes(), next.clone()).await?;
    }
}

/// The hops are a multiple of the processes, so that the last one is to the client, whose end is that of the run.
pub(crate) fn ring(processes: u32, hops: u64, seed: u64) -> Duration {
    assert_eq!(hops % u64::from(processes), 0);
    let delivered = Counter::default();
    let mut sim = sim(seed);
    for me in 1..processes {
        let delivered = Rc::clone(&delivered);
        sim.host(name(me), move || pass(me, processes, hops, Rc::clone(&delivered)));
    }
    sim.client(name(0), pass(0, processes, hops, Rc::clone(&delivered)));
    timed(|| {
        sim.run().expect("nobody fails");
        assert_eq!(delivered.get(), hops);
    })
}

const REQUEST: [u8; 1] = [0];
const GRANT: [u8; 1] = [1];
const RELEASE: [u8; 1] = [2];

async fn serve(handled: Counter) -> Answer {
    let socket = socket().await?;
    let (mut holder, mut queue) = (None, VecDeque::new());
    loop {
        let (message, from) = receive::<1>(&socket).await?;
        handled.set(handled.get() + 1);
        if message == REQUEST && holder.is_some() {
            queue.push_back(from);
            continue;
        }
        holder = if message == REQUEST { Some(from) } else { queue.pop_front() };
        if let Some(holder) = holder {
            socket.send_to(&GRANT, holder).await?;
        }
        // The last release has come when everything else has.
        if handled.get() == SHORT {
            return Ok(());
        }
    }
}

async fn enter(handled: Counter) -> Answer {
    let socket = socket().await?;
    let server = (name(0), PORT);
    socket.send_to(&REQUEST, server.clone()).await?;
    for round in 1..=ROUNDS {
        assert_eq!(receive(&socket).await?.0, GRANT);
        tokio::time::sleep(Duration::from_millis(HOLD)).await;
        handled.set(handled.get() + 2);
        socket.send_to(&RELEASE, server.clone()).await?;
        if round < ROUNDS {
            socket.send_to(&REQUEST, server.clone()).await?;
        }
    }
    Ok(())
}

pub(crate) fn short(first: u64, runs: u64) -> Duration {
    timed(|| {
        for seed in first..first + runs {
            let handled = Counter::default();
            let mut sim = sim(seed);
            sim.client(name(0), serve(Rc::clone(&handled)));
            for client in 1..=CLIENTS {
                sim.client(name(client), enter(Rc::clone(&handled)));
            }
            sim.run().expect("nobody fails");
            assert_eq!(handled.get(), SHORT);
        }
    })
}
