//! desim: a scheduler of coroutines with time in floating point and no order among equal times; no network. A message
//! is an event for its receiver. A coroutine yields one effect each time it is resumed, so that the lock server, whose
//! clients send two messages at once, does not fit.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use desim::{Effect, EndCondition, SimContext, SimState, Simulation};

use super::{COARSE, Many, delays, timed};
use crate::workloads::bare::Delays;
use crate::workloads::relay::neighbour;

#[derive(Clone)]
struct Hop {
    effect: Effect,
    number: u64,
}

impl SimState for Hop {
    fn get_effect(&self) -> Effect {
        self.effect
    }

    fn set_effect(&mut self, effect: Effect) {
        self.effect = effect;
    }

    fn should_log(&self) -> bool {
        false
    }
}

struct Shared {
    delays: RefCell<Delays>,
    delivered: Cell<u64>,
}

/// So many processes; `pass` says to whom a message goes on and with which number, if it does.
fn processes(
    count: u32,
    shared: &Rc<Shared>,
    pass: fn(u32, u32, u64, u64) -> Option<(u32, u64)>,
    hops: u64,
) -> Simulation<Hop> {
    let mut simulation = Simulation::new();
    for me in 0..count {
        let shared = Rc::clone(shared);
        simulation.create_process(Box::new(
            #[coroutine]
            move |mut context: SimContext<Hop>| {
                loop {
                    shared.delivered.set(shared.delivered.get() + 1);
                    let effect = match pass(me, count, context.state().number, hops) {
                        Some((to, number)) => {
                            let time = shared.delays.borrow_mut().draw() as f64;
                            Hop { effect: Effect::Event { time, process: to as usize }, number }
                        }
                        None => Hop { effect: Effect::Wait, number: 0 },
                    };
                    context = yield effect;
                }
            },
        ));
    }
    simulation
}

pub(crate) fn ring(count: u32, hops: u64, seed: u64) -> Duration {
    fn pass(me: u32, count: u32, hop: u64, hops: u64) -> Option<(u32, u64)> {
        (hop < hops).then_some((if me + 1 == count { 0 } else { me + 1 }, hop + 1))
    }
    let shared = Rc::new(Shared { delays: RefCell::new(delays(seed, COARSE)), delivered: Cell::new(0) });
    let mut simulation = processes(count, &shared, pass, hops);
    let first = shared.delays.borrow_mut().draw() as f64;
    simulation.schedule_event(first, 1, Hop { effect: Effect::Wait, number: 1 });
    timed(|| {
        simulation.run(EndCondition::NoEvents);
        assert_eq!(shared.delivered.get(), hops);
    })
}

pub(crate) fn many(many: Many, seed: u64) -> Duration {
    fn pass(me: u32, count: u32, left: u64, _: u64) -> Option<(u32, u64)> {
        (left > 0).then(|| (neighbour(me, left as u32, count), left - 1))
    }
    let shared = Rc::new(Shared { delays: RefCell::new(delays(seed, many.delay)), delivered: Cell::new(0) });
    let mut simulation = processes(many.processes, &shared, pass, 0);
    timed(|| {
        for me in 0..many.processes {
            for number in 0..many.each {
                let time = shared.delays.borrow_mut().draw() as f64;
                let to = neighbour(me, number, many.processes) as usize;
                simulation.schedule_event(time, to, Hop { effect: Effect::Wait, number: many.hops.into() });
            }
        }
        simulation.run(EndCondition::NoEvents);
        assert_eq!(shared.delivered.get(), many.deliveries());
    })
}
