//! Shuttle: threads as coroutines, any order of them; no time and no network, so that a delay is nothing and the stay
//! in the critical section one point at which others may run.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use shuttle::scheduler::RandomScheduler;
use shuttle::sync::mpsc::{Sender, channel};
use shuttle::{Runner, thread};

use super::{CLIENTS, ROUNDS, SHORT, timed};

enum Message {
    Request(usize),
    Release,
}

fn lock_server() -> u64 {
    let (to_server, from_clients) = channel();
    let (grants, clients): (Vec<Sender<()>>, Vec<_>) = (0..CLIENTS as usize)
        .map(|me| {
            let (grant, granted) = channel();
            let to_server = to_server.clone();
            let client = thread::spawn(move || {
                to_server.send(Message::Request(me)).expect("the server runs");
                let mut handled = 0;
                for round in 1..=ROUNDS {
                    granted.recv().expect("the server runs");
                    thread::yield_now();
                    handled += 2;
                    to_server.send(Message::Release).expect("the server runs");
                    if round < ROUNDS {
                        to_server.send(Message::Request(me)).expect("the server runs");
                    }
                }
                handled
            });
            (grant, client)
        })
        .unzip();
    drop(to_server);
    let (mut handled, mut holder, mut queue) = (0, None, VecDeque::new());
    while let Ok(message) = from_clients.recv() {
        handled += 1;
        holder = match message {
            Message::Request(client) if holder.is_some() => {
                queue.push_back(client);
                continue;
            }
            Message::Request(client) => Some(client),
            Message::Release => queue.pop_front(),
        };
        if let Some(client) = holder {
            grants[client].send(()).expect("the client waits");
        }
    }
    handled + clients.into_iter().map(|client| client.join().expect("no panic")).sum::<u64>()
}

pub(crate) fn short(first: u64, runs: u64) -> Duration {
    let handled = Arc::new(AtomicU64::new(0));
    let sum = Arc::clone(&handled);
    timed(|| {
        let runner = Runner::new(RandomScheduler::new_from_seed(first, runs as usize), shuttle::Config::new());
        runner.run(move || {
            sum.fetch_add(lock_server(), Relaxed);
        });
        assert_eq!(handled.load(Relaxed), SHORT * runs);
    })
}
