//! What entering costs: `cargo bench --bench messages --features measure`.
//!
//! Prints the tables of every system with 2 to 64 processes, and then the counts that the test
//! `costs::no_algorithm_sends_more_than_it_did` compares with its snapshot. Nothing of it is a matter of the machine.

use std::process::ExitCode;

use jeton::measure::{Failed, Sweep, table};

#[path = "../tests/it/costs/gate.rs"]
mod gate;

fn main() -> ExitCode {
    match print() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failed) => {
            eprintln!("{failed}");
            ExitCode::FAILURE
        }
    }
}

fn print() -> Result<(), Failed> {
    let progress = |done: usize, of: usize| {
        if done % 100 == 0 || done == of {
            eprintln!("{done} of {of} points");
        }
    };
    let sweep = Sweep { processes: (1..=6).map(|power| 1 << power).collect(), ..Sweep::default() };
    println!("{}\n", table(&sweep.run(None, &progress)?, 100));
    println!("{}", gate::counts(&gate::sweep().run(None, &progress)?));
    Ok(())
}
