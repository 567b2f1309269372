use crate::algorithms::coordinator::{Durable, Stateless};
use crate::algorithms::neighbour_ring::NeighbourRing;
use crate::algorithms::query_ring::QueryRing;
use crate::mutex::System;

/// The longest that things take in a world in which nothing goes wrong, in ticks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Longest {
    pub(super) processes: u64,
    pub(super) delay: u64,
    pub(super) hold: u64,
    /// Of a report of a crash.
    pub(super) latency: u64,
    pub(super) writes: bool,
}

/// The parameters of a system, as TOML: timeouts no shorter than what they wait for, where nothing goes wrong.
pub(super) fn parameters(system: &str, longest: Longest) -> String {
    let Longest { processes, delay, hold, latency, writes } = longest;
    // Everybody enters before the token is back, and a writer may wait for its change to go round.
    let change = if writes { processes * delay } else { 0 };
    let round = processes * (delay + hold + change) + 1;
    let answer = 4 * delay + 1;
    match system {
        QueryRing::NAME => format!("token_timeout_ticks = {round}"),
        NeighbourRing::NAME => {
            let change = processes * delay + 1;
            format!(
                "token_timeout_ticks = {round}\nchange_timeout_ticks = {change}\nlink_timeout_ticks = {}",
                answer + latency
            )
        }
        Durable::NAME => format!("retry_interval_ticks = {answer}"),
        // The least grace with which it is safe; see its module.
        Stateless::NAME => {
            let grace = latency.max(delay).max(answer) + delay;
            format!("retry_interval_ticks = {answer}\ngrace_ticks = {grace}")
        }
        _ => String::new(),
    }
}
