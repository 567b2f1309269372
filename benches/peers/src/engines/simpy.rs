//! SimPy: processes as generators in Python, timeouts and stores; no network. It runs in a program of its own, whose
//! start is not counted.

use std::process::Command;
use std::time::Duration;

use super::{CLIENTS, COARSE, HOLD, Many, ROUNDS, SHORT};

fn python(arguments: &[String]) -> Result<String, String> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/src/engines/simpy_work.py");
    let output = Command::new("python3").arg(script).args(arguments).output().map_err(|error| error.to_string())?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    } else {
        let said = String::from_utf8_lossy(&output.stderr);
        Err(said.trim().lines().last().unwrap_or("it failed").to_owned())
    }
}

/// Its version and that of Python.
///
/// # Errors
/// Why there is none.
pub(crate) fn version() -> Result<(String, String), String> {
    let answer = python(&["version".to_owned()])?;
    let (simpy, python) = answer.split_once(' ').ok_or("no version")?;
    Ok((simpy.to_owned(), python.to_owned()))
}

fn run(work: &str, numbers: &[u64], deliveries: u64) -> Duration {
    let mut arguments = vec![work.to_owned()];
    arguments.extend(numbers.iter().map(u64::to_string));
    let answer = python(&arguments).expect("it ran before");
    let (seconds, delivered) = answer.split_once(' ').expect("two numbers");
    assert_eq!(delivered.parse(), Ok(deliveries));
    Duration::from_secs_f64(seconds.parse().expect("a number"))
}

pub(crate) fn ring(processes: u32, hops: u64, seed: u64) -> Duration {
    assert_eq!(COARSE, (1, 10));
    run("ring", &[seed, processes.into(), hops], hops)
}

pub(crate) fn many(many: Many, seed: u64) -> Duration {
    let Many { processes, each, hops, delay } = many;
    let numbers = [seed, processes.into(), each.into(), hops.into(), delay.0, delay.1];
    run("many", &numbers, many.deliveries())
}

pub(crate) fn short(first: u64, runs: u64) -> Duration {
    run("short", &[first, runs, CLIENTS.into(), ROUNDS.into(), HOLD], SHORT * runs)
}
