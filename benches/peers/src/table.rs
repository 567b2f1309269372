//! Turns: each engine runs once a turn, so that what slows the machine down slows all of them.

use std::time::{Duration, Instant};

/// An engine at some work.
pub(crate) struct Peer {
    name: String,
    besides: &'static str,
    /// How much of it is done each time.
    amount: u64,
    run: Box<dyn FnMut(u64) -> Duration>,
}

pub(crate) fn peer(name: &str, besides: &'static str, amount: u64, run: impl FnMut(u64) -> Duration + 'static) -> Peer {
    Peer { name: name.to_owned(), besides, amount, run: Box::new(run) }
}

/// In how many turns they are compared.
const TURNS: u64 = 5;

/// What a measurement is of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    /// The time of each delivery.
    NanosEach,
    /// The number of them in a second.
    PerSecond,
}

/// Prints how long each takes, and how many times as long as the first two: the limit and this project.
pub(crate) fn compare(title: &str, unit: Unit, mut peers: Vec<Peer>) {
    let what = match unit {
        Unit::NanosEach => "ns a delivery",
        Unit::PerSecond => "schedules a second",
    };
    println!("\n## {title}\n");
    println!("| engine | {what}: median | best | times the bare loop's time | times jeton's | done | besides |");
    println!("| --- | ---: | ---: | ---: | ---: | ---: | --- |");
    let begin = Instant::now();
    let mut nanos: Vec<Vec<f64>> = vec![Vec::new(); peers.len()];
    for turn in 1..=TURNS {
        for (peer, nanos) in peers.iter_mut().zip(&mut nanos) {
            // The first time it gets its memory, and tidies up what others left of theirs.
            let _ = (peer.run)(TURNS + turn);
            nanos.push((peer.run)(turn).as_nanos() as f64 / peer.amount as f64);
        }
        eprint!("\r{title}: {turn} of {TURNS} turns, {:.0} s ", begin.elapsed().as_secs_f64());
    }
    eprintln!();
    for (peer, own) in peers.iter().zip(&nanos) {
        let times = |other: &[f64]| digits(median(own.iter().zip(other).map(|(own, other)| own / other)));
        let shown = |nanos: f64| digits(if unit == Unit::NanosEach { nanos } else { 1e9 / nanos });
        let best = own.iter().copied().fold(f64::INFINITY, f64::min);
        println!(
            "| {} | {} | {} | {} | {} | {} | {} |",
            peer.name,
            shown(median(own.iter().copied())),
            shown(best),
            times(&nanos[0]),
            times(&nanos[1]),
            thousands(peer.amount),
            peer.besides
        );
    }
}

pub(crate) fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Two digits at least, and no more than mean something.
pub(crate) fn digits(value: f64) -> String {
    match value {
        ..9.995 => format!("{value:.2}"),
        ..99.95 => format!("{value:.1}"),
        _ => thousands(value.round() as u64),
    }
}

pub(crate) fn thousands(value: u64) -> String {
    let digits = value.to_string();
    let mut shown = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}
