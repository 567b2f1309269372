//! AnySystem: processes on nodes of a network with loss, duplication, corruption, partitions and crashes; messages of
//! strings; a trace of everything, which is not freed before the end of the run; no FIFO channels.

use std::cell::Cell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use anysystem::{Context, Message, Process, System};

use super::{CLIENTS, COARSE, HOLD, Many, ROUNDS, SHORT, timed};
use crate::workloads::relay::neighbour;

type Answer = Result<(), String>;
type Counter = Rc<Cell<u64>>;

fn count(counter: &Counter) {
    counter.set(counter.get() + 1);
}

/// A node of its own for each process.
fn place(system: &mut System, number: u32, process: Box<dyn Process>) {
    let (node, name) = (format!("n{number}"), number.to_string());
    system.add_node(&node);
    system.add_process(&name, process, &node);
}

fn system(seed: u64, (min, max): (u64, u64)) -> System {
    let system = System::new(seed);
    system.network().set_delays(min as f64, max as f64);
    system
}

#[derive(Clone)]
struct Passer {
    next: String,
    hops: u64,
    delivered: Counter,
}

impl Process for Passer {
    fn on_message(&mut self, message: Message, _: String, context: &mut Context) -> Answer {
        count(&self.delivered);
        let hop: u64 = message.data.parse().map_err(|_| message.data)?;
        if hop < self.hops {
            context.send(Message::new("TOKEN", &(hop + 1).to_string()), self.next.clone());
        }
        Ok(())
    }

    fn on_local_message(&mut self, message: Message, context: &mut Context) -> Answer {
        context.send(message, self.next.clone());
        Ok(())
    }

    fn on_timer(&mut self, _: String, _: &mut Context) -> Answer {
        Ok(())
    }
}

pub(crate) fn ring(processes: u32, hops: u64, seed: u64) -> Duration {
    let delivered = Counter::default();
    let mut system = system(seed, COARSE);
    for me in 0..processes {
        let next = ((me + 1) % processes).to_string();
        place(&mut system, me, Box::new(Passer { next, hops, delivered: Rc::clone(&delivered) }));
    }
    timed(|| {
        system.send_local_message("0", Message::new("TOKEN", "1"));
        system.step_until_no_events();
        assert_eq!(delivered.get(), hops);
    })
}

#[derive(Clone)]
struct Relay {
    me: u32,
    many: Many,
    delivered: Counter,
}

impl Relay {
    fn send(&self, number: u32, left: u32, context: &mut Context) {
        let to = neighbour(self.me, number, self.many.processes);
        context.send(Message::new("HOP", &left.to_string()), to.to_string());
    }
}

impl Process for Relay {
    fn on_message(&mut self, message: Message, _: String, context: &mut Context) -> Answer {
        count(&self.delivered);
        let left: u32 = message.data.parse().map_err(|_| message.data)?;
        if left > 0 {
            self.send(left, left - 1, context);
        }
        Ok(())
    }

    fn on_local_message(&mut self, _: Message, context: &mut Context) -> Answer {
        (0..self.many.each).for_each(|number| self.send(number, self.many.hops, context));
        Ok(())
    }

    fn on_timer(&mut self, _: String, _: &mut Context) -> Answer {
        Ok(())
    }
}

pub(crate) fn many(many: Many, seed: u64) -> Duration {
    let delivered = Counter::default();
    let mut system = system(seed, many.delay);
    for me in 0..many.processes {
        place(&mut system, me, Box::new(Relay { me, many, delivered: Rc::clone(&delivered) }));
    }
    timed(|| {
        for me in 0..many.processes {
            system.send_local_message(&me.to_string(), Message::new("START", ""));
        }
        system.step_until_no_events();
        assert_eq!(delivered.get(), many.deliveries());
    })
}

#[derive(Clone)]
struct Server {
    holder: Option<String>,
    queue: VecDeque<String>,
    handled: Counter,
}

impl Process for Server {
    fn on_message(&mut self, message: Message, from: String, context: &mut Context) -> Answer {
        count(&self.handled);
        match message.tip.as_str() {
            "REQUEST" if self.holder.is_none() => self.holder = Some(from),
            "REQUEST" => {
                self.queue.push_back(from);
                return Ok(());
            }
            _ => self.holder = self.queue.pop_front(),
        }
        if let Some(holder) = &self.holder {
            context.send(Message::new("GRANT", ""), holder.clone());
        }
        Ok(())
    }

    fn on_local_message(&mut self, _: Message, _: &mut Context) -> Answer {
        Ok(())
    }

    fn on_timer(&mut self, _: String, _: &mut Context) -> Answer {
        Ok(())
    }
}

#[derive(Clone)]
struct Client {
    rounds: u32,
    handled: Counter,
}

impl Process for Client {
    fn on_start(&mut self, context: &mut Context) -> Answer {
        context.send(Message::new("REQUEST", ""), "0".to_owned());
        Ok(())
    }

    fn on_message(&mut self, _: Message, _: String, context: &mut Context) -> Answer {
        count(&self.handled);
        context.set_timer("leave", HOLD as f64);
        Ok(())
    }

    fn on_local_message(&mut self, _: Message, _: &mut Context) -> Answer {
        Ok(())
    }

    fn on_timer(&mut self, _: String, context: &mut Context) -> Answer {
        count(&self.handled);
        self.rounds -= 1;
        context.send(Message::new("RELEASE", ""), "0".to_owned());
        if self.rounds > 0 {
            context.send(Message::new("REQUEST", ""), "0".to_owned());
        }
        Ok(())
    }
}

pub(crate) fn short(first: u64, runs: u64) -> Duration {
    timed(|| {
        for seed in first..first + runs {
            let handled = Counter::default();
            let mut system = system(seed, COARSE);
            let server = Server { holder: None, queue: VecDeque::new(), handled: Rc::clone(&handled) };
            place(&mut system, 0, Box::new(server));
            for client in 1..=CLIENTS {
                place(&mut system, client, Box::new(Client { rounds: ROUNDS, handled: Rc::clone(&handled) }));
            }
            system.step_until_no_events();
            assert_eq!(handled.get(), SHORT);
        }
    })
}
