//! What it takes to look at every schedule of the stateless coordinator in virtual time, with a grace at its bound and
//! one tick below: states, time and memory.
//!
//! `cargo run --release --example bounded_time -- [GIB [SECONDS [NAME]]]`: at most so much memory and time for each
//! row, and only the rows whose beginning has the name in it.

use std::ops::ControlFlow;
use std::time::Instant;

use jeton::ProcessId;
use jeton::algorithms::coordinator::{Stateless, StatelessParameters, grace_bound};
use jeton::engine::{RandomCrashes, ReportOrder, Setup};
use jeton::explore::{Coverage, Exhaustive, Verdict};
use jeton::mutex::{System, Workload};

/// The longest of everything, in ticks.
struct Spans {
    clients: u32,
    order: ReportOrder,
    delay: u64,
    latency: u64,
    retry: u64,
    hold: u64,
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut number = |or: u64| arguments.next().map_or(or, |word| word.parse().expect("a number"));
    let (memory, seconds) = (number(4) << 30, number(60));
    let name = arguments.next().unwrap_or_default();
    println!("one request of each client; the server crashes once, at any moment, and is down for 1 or 2 ticks");
    println!("clients reports   D  L  R  hold  grace  verdict          states   transitions  seconds   MiB");
    let (after, before) = (ReportOrder::AfterChannel, ReportOrder::Unordered);
    for (order, delay, latency, retry) in [
        (after, 1, 1, 1),
        (after, 2, 1, 2),
        (before, 2, 1, 2),
        (after, 2, 3, 2),
        (before, 1, 3, 1),
        (after, 1, 1, 3),
        (before, 2, 1, 3),
    ] {
        let hold = 4 + delay + latency.max(retry);
        for below in [0, 1] {
            row(&Spans { clients: 2, order, delay, latency, retry, hold }, below, memory, seconds, &name);
        }
    }
}

fn row(spans: &Spans, below: u64, memory: u64, seconds: u64, name: &str) {
    let &Spans { clients, order, delay, latency, retry, hold } = spans;
    let reports = if order == ReportOrder::AfterChannel { "after" } else { "any order" };
    let mut parameters = StatelessParameters { retry_interval_ticks: retry, ..StatelessParameters::default() };
    let bound = grace_bound(&parameters, delay.into(), latency.into(), order == ReportOrder::AfterChannel);
    parameters.grace_ticks = bound.get() - below;
    let grace = parameters.grace_ticks;
    let head = format!("{clients:>7} {reports:<9} {delay} {latency:>2} {retry:>2} {hold:>5} {grace:>6}");
    if !head.contains(name) {
        return;
    }
    let config = Stateless::configure(clients + 1, &parameters).expect("it can be");
    let mut setup = Setup::<Stateless>::new(clients + 1, config);
    setup.network.delay_ticks = (1..=delay).into();
    setup.detector.latency_ticks = (1..=latency).into();
    setup.detector.order = order;
    let down_ticks = Some((1..=2).into());
    setup.faults.random = vec![RandomCrashes { among: vec![ProcessId::new(0)], down_ticks, ..RandomCrashes::up_to(1) }];
    let (think_ticks, hold_ticks) = (0.into(), (0..=hold).into());
    let workload = Workload { requests: 1, write_per_mille: 0, think_ticks, hold_ticks, ..Workload::default() };
    let started = Instant::now();
    let progress = |_: Coverage| {
        let is_late = started.elapsed().as_secs() >= seconds;
        if is_late { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let search = Exhaustive::new(setup).workload(workload).bounded_time().memory_bytes(memory).progress(&progress);
    let proof = search.run().expect("the setup can be run");
    let Coverage { states, transitions, bytes, .. } = proof.coverage;
    let verdict = match &proof.verdict {
        Verdict::Verified => "verified",
        Verdict::Violated(counterexample) => counterexample.property,
        Verdict::Incomplete => "incomplete",
    };
    let taken = started.elapsed().as_secs_f64();
    println!("{head}  {verdict:<12} {states:>11} {transitions:>13} {taken:>8.1} {:>5}", bytes >> 20);
    if let Verdict::Violated(counterexample) = &proof.verdict {
        println!("{counterexample}");
    }
}
