//! A mutual exclusion algorithm of one's own: run, broken, drawn, checked in every interleaving, its messages counted.
//!
//! `cargo run --release --example ricart_agrawala`

use jeton::engine::{Invalid, Setup};
use jeton::explore::{Case, Exhaustive, Exploration, Runner};
use jeton::mutex::{Accounting, Workload};

include!("algorithm.rs");

fn main() -> Result<(), Invalid> {
    let sound = Setup::<RicartAgrawala>::new(4, Ties::LowerIdFirst);
    let report = Exploration::new(sound.clone()).schedules(1_000).run()?;
    report.assert_holds();
    println!("holds in {} schedules; a reply was deferred in {}", report.schedules, report.seen("deferred"));

    let mut accounting = Accounting::default();
    Runner::new(&Case::new(sound))?.run_observed(0, &mut accounting);
    println!("{} entries take:", accounting.entries());
    for (message, _purpose, sum) in accounting.sums() {
        println!("  {:>4} {message}", sum.messages);
    }

    let few = Workload { requests: 2, write_per_mille: 0, ..Workload::default() };
    let proof = Exhaustive::<RicartAgrawala>::new(Setup::new(3, Ties::LowerIdFirst)).workload(few).run()?;
    proof.assert_verified();
    println!("verified: {} states of three processes with two requests each", proof.coverage.states);

    match Exploration::new(Setup::<RicartAgrawala>::new(4, Ties::Polite)).explain() {
        Ok(_) => println!("no harm in being polite"),
        Err(failure) => println!("\nWithout the tie-break:\n\n{failure}"),
    }
    Ok(())
}
