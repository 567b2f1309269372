//! The limit: loops that do nothing but the pending events, the draw of a delay and the hop, each with the structure
//! that was found to be the fastest for it. They know no FIFO, no faults, no observers and no limits.

use std::collections::VecDeque;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::lock::{CLIENTS, HOLD, ROUNDS};
use super::relay::neighbour;

/// One word of 32 bits a delay, by multiplication and shift.
pub(crate) struct Delays {
    rng: ChaCha8Rng,
    min: u64,
    bound: u64,
}

impl Delays {
    pub(crate) fn new(seed: u64, (min, max): (u64, u64)) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        Self { rng: ChaCha8Rng::from_seed(key), min, bound: max - min + 1 }
    }

    pub(crate) fn draw(&mut self) -> u64 {
        self.min + ((u64::from(self.rng.next_u32()) * self.bound) >> 32)
    }
}

/// Few pending events: a vector, the next one last. The time is above the sequence in the key.
struct Few<T>(Vec<(u64, T)>, u64);

impl<T: Copy> Few<T> {
    fn push(&mut self, at: u64, item: T) {
        let key = at << 24 | self.1 & 0xff_ffff;
        self.1 += 1;
        let mut index = self.0.len();
        self.0.push((key, item));
        while index > 0 && self.0[index - 1].0 < key {
            self.0[index] = self.0[index - 1];
            index -= 1;
        }
        self.0[index] = (key, item);
    }

    fn pop(&mut self) -> Option<(u64, T)> {
        self.0.pop().map(|(key, item)| (key >> 24, item))
    }
}

/// A token that goes round a ring. Returns the number of events.
pub(crate) fn ring(processes: u32, hops: u64, seed: u64) -> u64 {
    let mut delays = Delays::new(seed, (1, 10));
    let mut pending = Few(Vec::new(), 0);
    let mut handled = vec![0_u32; processes as usize];
    pending.push(delays.draw(), (1 % processes, 1));
    let mut events = 0;
    while let Some((now, (to, hop))) = pending.pop() {
        events += 1;
        handled[to as usize] += 1;
        if hop < hops {
            let next = if to + 1 == processes { 0 } else { to + 1 };
            pending.push(now + delays.draw(), (next, hop + 1));
        }
    }
    std::hint::black_box(&handled);
    events
}

/// Many messages with delays of a few ticks: a wheel with a bucket for each.
pub(crate) fn relay_coarse(processes: u32, (each, hops): (u32, u32), seed: u64) -> u64 {
    const BUCKETS: usize = 16;
    let mut delays = Delays::new(seed, (1, 10));
    let mut wheel: [Vec<(u32, u32)>; BUCKETS] = Default::default();
    let mut handled = vec![0_u32; processes as usize];
    for me in 0..processes {
        for number in 0..each {
            wheel[delays.draw() as usize % BUCKETS].push((neighbour(me, number, processes), hops));
        }
    }
    let (mut events, mut now) = (0, 0);
    let mut left = u64::from(processes) * u64::from(each);
    let mut bucket = Vec::new();
    while left > 0 {
        now += 1;
        std::mem::swap(&mut bucket, &mut wheel[now % BUCKETS]);
        for &(to, hops) in &bucket {
            events += 1;
            handled[to as usize] += 1;
            if hops > 0 {
                let at = now + delays.draw() as usize;
                wheel[at % BUCKETS].push((neighbour(to, hops, processes), hops - 1));
            } else {
                left -= 1;
            }
        }
        bucket.clear();
    }
    std::hint::black_box(&handled);
    events
}

/// Many messages with delays of millions of ticks: a hierarchy of wheels of 64 buckets, which keeps the order of
/// pushing without a number for it.
pub(crate) fn relay_fine(processes: u32, (each, hops): (u32, u32), range: (u64, u64), seed: u64) -> u64 {
    let mut delays = Delays::new(seed, range);
    let mut wheel = Wheel::default();
    let mut handled = vec![0_u32; processes as usize];
    for me in 0..processes {
        for number in 0..each {
            wheel.push((delays.draw(), neighbour(me, number, processes), hops));
        }
    }
    let mut events = 0;
    let mut bucket = Vec::new();
    while wheel.take(&mut bucket) {
        for &(now, to, hops) in &bucket {
            events += 1;
            handled[to as usize] += 1;
            if hops > 0 {
                wheel.push((now + delays.draw(), neighbour(to, hops, processes), hops - 1));
            }
        }
        bucket.clear();
    }
    std::hint::black_box(&handled);
    events
}

type Timed = (u64, u32, u32);

#[derive(Default)]
struct Wheel {
    base: u64,
    levels: [Level; 8],
}

struct Level {
    filled: u64,
    buckets: [Vec<Timed>; 64],
}

impl Default for Level {
    fn default() -> Self {
        Self { filled: 0, buckets: [const { Vec::new() }; 64] }
    }
}

impl Wheel {
    fn push(&mut self, item: Timed) {
        let level = ((item.0 ^ self.base) | 1).ilog2() / 6;
        let digit = (item.0 >> (level * 6)) as usize % 64;
        let level = &mut self.levels[level as usize];
        level.filled |= 1 << digit;
        level.buckets[digit].push(item);
    }

    /// The messages of the next tick that has any.
    fn take(&mut self, into: &mut Vec<Timed>) -> bool {
        while let Some(index) = self.levels.iter().position(|level| level.filled != 0) {
            let level = &mut self.levels[index];
            let digit = level.filled.trailing_zeros() as usize;
            level.filled &= !(1 << digit);
            if index == 0 {
                self.base = self.base & !63 | digit as u64;
                std::mem::swap(into, &mut level.buckets[digit]);
                return true;
            }
            let shift = index as u32 * 6;
            self.base = (self.base >> shift >> 6 << 6 | digit as u64) << shift;
            let mut bucket = std::mem::take(&mut level.buckets[digit]);
            for item in bucket.drain(..) {
                self.push(item);
            }
            self.levels[index].buckets[digit] = bucket;
        }
        false
    }
}

#[derive(Clone, Copy)]
enum Step {
    Request(u32),
    Grant(u32),
    Timer(u32),
    Release,
}

/// The memory of [`Lock::run`], which is used again.
#[derive(Default)]
pub(crate) struct Lock {
    pending: Vec<(u64, Step)>,
    queue: VecDeque<u32>,
}

impl Lock {
    /// A lock server with its clients.
    pub(crate) fn run(&mut self, seed: u64) -> u64 {
        let mut delays = Delays::new(seed, (1, 10));
        let mut pending = Few(std::mem::take(&mut self.pending), 0);
        let mut holder = None;
        let mut rounds = [ROUNDS; CLIENTS as usize];
        for client in 0..CLIENTS {
            pending.push(delays.draw(), Step::Request(client));
        }
        // The engine's clients and server start with an event too.
        let mut events = u64::from(CLIENTS) + 1;
        while let Some((now, step)) = pending.pop() {
            events += 1;
            match step {
                Step::Request(client) if holder.is_none() => {
                    holder = Some(client);
                    pending.push(now + delays.draw(), Step::Grant(client));
                }
                Step::Request(client) => self.queue.push_back(client),
                Step::Grant(client) => pending.push(now + HOLD, Step::Timer(client)),
                Step::Timer(client) => {
                    pending.push(now + delays.draw(), Step::Release);
                    let left = &mut rounds[client as usize];
                    *left -= 1;
                    if *left > 0 {
                        pending.push(now + delays.draw(), Step::Request(client));
                    }
                }
                Step::Release => {
                    holder = self.queue.pop_front();
                    if let Some(client) = holder {
                        pending.push(now + delays.draw(), Step::Grant(client));
                    }
                }
            }
        }
        self.pending = pending.0;
        events
    }
}
