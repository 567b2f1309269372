//! Who runs what, and how much of it: the slow ones less, so that a turn of each takes less than a second or so.

use jeton::engine::ChannelOrder;

use crate::engines::{self, COARSE, FINE, Many};
use crate::table::{Peer, Unit, compare, peer};

const NOTHING: &str = "nothing: the limit";
const JETON: &str = "FIFO channels, faults, limits, statistics";
const UNORDERED: &str = "the same, unordered channels";
#[cfg(feature = "desim")]
const DESIM: &str = "coroutines; no network, no order of equal times";
const ODEM: &str = "async agents; no network";
const NEXOSIM: &str = "async models, mailboxes; no network";
const ANYSYSTEM: &str = "strings, network faults, a trace of everything; no FIFO";
#[cfg(madsim)]
const MADSIM: &str = "real async code, network and node faults, a timer more a send";
const TURMOIL: &str = "real async code, network and node faults, steps of 1 ms that visit all";
const SIMPY: &str = "Python; no network";
const SIMPY_CALLBACKS: &str = "Python, callbacks only; no network";
const SHUTTLE: &str = "threads; no time, no network";
const STATERIGHT: &str = "untimed random walk, fingerprint and property of each state";

fn has_simpy() -> bool {
    engines::simpy::version().is_ok()
}

pub(crate) fn ring() {
    for processes in [8, 64, 1_024] {
        // The last hop of a ring with fewer is to the first process too.
        let hops = |about: u64| about / u64::from(processes) * u64::from(processes);
        let add = |peers: &mut Vec<Peer>, name, besides, about, run: fn(u32, u64, u64) -> _| {
            let hops = hops(about);
            peers.push(peer(name, besides, hops, move |seed| run(processes, hops, seed)));
        };
        let mut peers = Vec::new();
        add(&mut peers, "bare loop", NOTHING, 1_000_000, engines::bare::ring);
        let all = hops(1_000_000);
        peers.push(peer("**jeton**", JETON, all, engines::jeton::ring(processes, all)));
        #[cfg(feature = "desim")]
        add(&mut peers, "desim", DESIM, 1_000_000, engines::desim::ring);
        add(&mut peers, "odem-rs", ODEM, 1_000_000, engines::odem::ring);
        add(&mut peers, "nexosim", NEXOSIM, 200_000, engines::nexosim::ring);
        add(&mut peers, "anysystem", ANYSYSTEM, 100_000, engines::anysystem::ring);
        #[cfg(madsim)]
        add(&mut peers, "madsim", MADSIM, 100_000, engines::madsim::ring);
        // What each of its steps visits grows with the square of the processes.
        match processes {
            8 => add(&mut peers, "turmoil", TURMOIL, 4_000, engines::turmoil::ring),
            64 => add(&mut peers, "turmoil", TURMOIL, 256, engines::turmoil::ring),
            _ => {}
        }
        if has_simpy() {
            add(&mut peers, "SimPy", SIMPY, 50_000, engines::simpy::ring);
        }
        compare(&format!("A token round a ring of {processes}"), Unit::NanosEach, peers);
    }
}

pub(crate) fn many() {
    for (name, delay) in [("coarse", COARSE), ("fine", FINE)] {
        let many = |hops| Many { processes: 1_000, each: 10, hops, delay };
        let add = |peers: &mut Vec<Peer>, name, besides, hops, run: fn(Many, u64) -> _| {
            let many = many(hops);
            peers.push(peer(name, besides, many.deliveries(), move |seed| run(many, seed)));
        };
        let mut peers = Vec::new();
        add(&mut peers, "bare loop", NOTHING, 99, engines::bare::many);
        for (besides, order) in [(JETON, ChannelOrder::Fifo), (UNORDERED, ChannelOrder::Unordered)] {
            let many = many(99);
            peers.push(peer("**jeton**", besides, many.deliveries(), engines::jeton::many(many, order)));
        }
        #[cfg(feature = "desim")]
        add(&mut peers, "desim", DESIM, 99, engines::desim::many);
        add(&mut peers, "nexosim", NEXOSIM, 9, engines::nexosim::many);
        add(&mut peers, "anysystem", ANYSYSTEM, 9, engines::anysystem::many);
        #[cfg(madsim)]
        if delay == FINE {
            add(&mut peers, "madsim", MADSIM, 9, engines::madsim::many);
        }
        if has_simpy() {
            add(&mut peers, "SimPy", SIMPY_CALLBACKS, 9, engines::simpy::many);
        }
        compare(&format!("10,000 messages in flight, {name} delays"), Unit::NanosEach, peers);
    }
}

pub(crate) fn short() {
    // Of each turn its own seeds.
    let add = |peers: &mut Vec<Peer>, name, besides, runs: u64, mut run: Box<dyn FnMut(u64, u64) -> _>| {
        peers.push(peer(name, besides, runs, move |turn| run(turn * runs, runs)));
    };
    let mut peers = Vec::new();
    add(&mut peers, "bare loop", NOTHING, 100_000, Box::new(engines::bare::short()));
    add(&mut peers, "**jeton**", JETON, 100_000, Box::new(engines::jeton::short()));
    add(&mut peers, "shuttle", SHUTTLE, 5_000, Box::new(engines::shuttle::short));
    add(&mut peers, "stateright, simulation", STATERIGHT, 2_000, Box::new(engines::stateright::short));
    add(&mut peers, "anysystem", ANYSYSTEM, 1_000, Box::new(engines::anysystem::short));
    #[cfg(madsim)]
    add(&mut peers, "madsim", MADSIM, 1_000, Box::new(engines::madsim::short));
    add(&mut peers, "turmoil", TURMOIL, 100, Box::new(engines::turmoil::short));
    if has_simpy() {
        add(&mut peers, "SimPy", SIMPY, 200, Box::new(engines::simpy::short));
    }
    compare("Short runs of a lock server, 4 clients × 5 rounds", Unit::PerSecond, peers);
}
