//! A seed means the same run for ever: the fingerprints of fixed seeds. A change that alters one gives kept schedules
//! another meaning, and must raise `SCHEDULE_VERSION`.

use std::fmt::Write as _;
use std::path::Path;

use jeton::explore::{Case, Runner, Strategy};
use jeton::mutex::System;
use jeton::scenario::{Scenario, Visitor};
use jeton::trace::{Fingerprint, Recorder};

struct Of(u64);

impl Visitor for Of {
    type Output = String;

    fn visit<S: System>(self, mut case: Case<S>) -> String {
        case.strategy = Strategy::Random;
        let mut runner = Runner::new(&case).expect("a valid setup");
        // Whatever ran before leaves no trace.
        runner.run(self.0 + 1);
        let mut recorder = Recorder::to(Fingerprint::new());
        runner.run_observed(self.0, &mut recorder);
        recorder.finish().to_string()
    }
}

#[test]
fn the_fingerprints_of_fixed_seeds_never_change() {
    let scenarios = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let mut lines = String::new();
    for (name, seeds) in [
        ("query_ring_no_faults", [0, u64::MAX - 1]),
        ("query_ring_all_but_one_crash", [1, 2]),
        ("query_ring_slow_peers", [3, 4]),
        ("query_ring_lossy_channels", [5, 6]),
        ("query_ring_unordered_channels", [7, 8]),
        ("neighbour_ring_all_but_one_crash", [1, 2]),
        ("neighbour_ring_lossy_channels", [3, 4]),
        ("durable_both_crash", [1, 2]),
        ("durable_unordered_channels", [3, 4]),
        ("stateless_both_crash", [1, 2]),
        ("replicated_unordered", [1, 2]),
    ] {
        let scenario = Scenario::load(scenarios.join(name).with_extension("toml")).expect("a scenario");
        for seed in seeds {
            let _ = writeln!(lines, "{name} {seed}: {}", scenario.visit(Of(seed)));
        }
    }
    insta::assert_snapshot!(lines);
}
