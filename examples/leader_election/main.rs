//! An algorithm that is not mutual exclusion: leader election on a ring, with an application and properties of its own.
//!
//! `cargo run --release --example leader_election`

use jeton::engine::{Invalid, Setup};
use jeton::explore::Exploration;

include!("algorithm.rs");
include!("check.rs");

fn main() -> Result<(), Invalid> {
    let ring = Ring { numbers: vec![30, 10, 20, 40, 50], impatience: None };
    let setup = Setup::<ChangRoberts>::new(5, ring.clone());
    let report = Exploration::of_any(setup, Elections, properties()).run()?;
    report.assert_holds();
    println!(
        "holds in {} schedules, in {} of which a number was swallowed",
        report.schedules,
        report.seen("swallowed")
    );

    let impatient = Ring { impatience: Some(Ticks::new(40)), ..ring };
    let setup = Setup::<ChangRoberts>::new(5, impatient);
    match Exploration::of_any(setup, Elections, properties()).without(smaller).explain() {
        Ok(_) => println!("impatience does no harm"),
        Err(failure) => println!("\nWith impatience:\n\n{failure}"),
    }
    Ok(())
}

/// The ring without one of its processes; every ring can be had so.
#[allow(clippy::unnecessary_wraps, reason = "others cannot do without a process, and say `None`")]
fn smaller(ring: &Ring, _processes: u32, process: ProcessId) -> Option<Ring> {
    let mut ring = ring.clone();
    ring.numbers.remove(process.index());
    Some(ring)
}
