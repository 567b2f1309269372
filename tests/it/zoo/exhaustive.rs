//! Every interleaving of the zoo.

use jeton::explore::Verdict;

use super::zoo;

#[test]
fn table() {
    for entry in zoo() {
        for early in 0..2 {
            for sound in [false, true] {
                let started = std::time::Instant::now();
                let proof = entry.specimen.check(sound, early, 400_000);
                let verdict = match &proof.verdict {
                    Verdict::Violated(c) => format!("{} after {}", c.property, c.steps.len()),
                    other => format!("{other:?}"),
                };
                println!(
                    "{:40} {early} {sound:5} {verdict:40} {:?} expected {}",
                    entry.name, proof.coverage, entry.violates
                );
                println!("   {:?}", started.elapsed());
            }
        }
    }
}
