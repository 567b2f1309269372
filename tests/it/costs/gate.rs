//! What the gate looks at, and the bench besides it.

use std::fmt::Write as _;

use jeton::measure::{Results, Sweep};

/// A sweep that takes a second, of every system, with and without a crash.
pub(crate) fn sweep() -> Sweep {
    Sweep {
        processes: vec![5, 16],
        loads: ["0.1", "1"].map(|load| load.parse().expect("a load")).to_vec(),
        delay: (5..=15).into(),
        write_per_mille: 500,
        seeds: 2,
        entries: 20,
        ..Sweep::default()
    }
}

/// The messages of each point as whole numbers: a line for each system, number of processes, load, phase and type.
pub(crate) fn counts(results: &Results) -> String {
    let mut text = String::new();
    for point in &results.points {
        let entries: u64 = point.rows.iter().map(|row| row.entries).sum();
        let _ = write!(
            text,
            "{}, {} processes, load {}, {}: {} runs, {entries} entries, {} ticks of waiting at most:",
            point.system,
            point.processes,
            point.load,
            point.phase,
            point.rows.len(),
            point.wait.max
        );
        for of_type in &point.types {
            let purpose = serde_json::to_value(of_type.purpose).expect("plain data");
            let purpose = purpose.as_str().unwrap_or_default();
            let _ = write!(text, " {} {} ({purpose}, {} bytes)", of_type.sum.messages, of_type.name, of_type.sum.bytes);
        }
        text.push('\n');
    }
    text
}
