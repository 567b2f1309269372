#[path = "workloads/ring.rs"]
mod ring;
fn main() {
    let hops: u64 = std::env::args().nth(1).and_then(|a| a.parse().ok()).unwrap_or(1_000_000);
    let mut simulation = ring::ring(8, hops);
    let start = std::time::Instant::now();
    let events = ring::run(&mut simulation, 1);
    eprintln!("{events} events, {:?}", start.elapsed() / (events as u32));
}
