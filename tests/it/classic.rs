//! The algorithms of the literature in worlds of many sizes in which nothing goes wrong, within the patience that each
//! says it needs.

use jeton::explore::{Case, Exploration};
use jeton::mutex::{Property, System};
use jeton::scenario::{Scenario, Visitor};

/// Explores some schedules of a scenario, all of which must hold.
struct Holds {
    schedules: u64,
}

impl Visitor for Holds {
    type Output = ();
    fn visit<S: System>(self, case: Case<S>) {
        assert!(case.properties.contains(&Property::EveryRequestGranted));
        let processes = case.setup.processes;
        let report = Exploration::of(case).schedules(self.schedules).run().expect("the setup can be run");
        println!("{}, {processes} processes: {} events", S::NAME, report.events);
        report.assert_holds();
        assert!(report.entries > 0);
    }
}

/// Delays of all lengths, stays that are longer than most, and three loads.
fn holds_at_any_size(system: &str, order: &str) {
    for (processes, schedules) in [(1, 2), (2, 40), (3, 40), (5, 40), (8, 16), (13, 8), (21, 4)] {
        for think in [0, 30, 2_000] {
            let source = format!(
                r#"
                    about = "An example."
                    expect = "holds"
                    processes = {processes}
                    [system]
                    name = "{system}"
                    [workload]
                    requests = 8
                    think_ticks = {{ uniform = [0, {think}] }}
                    hold_ticks = {{ uniform = [0, 30] }}
                    [network]
                    order = "{order}"
                    service_ticks = {{ uniform = [0, 2] }}
                    delay_ticks = {{ exponential = {{ min = 1, mean = 10, max = 100 }} }}
                "#
            );
            let scenario = Scenario::parse("example.toml", &source).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(scenario.warnings(), [""; 0]);
            scenario.visit(Holds { schedules });
        }
    }
}

#[test]
fn lamport_holds() {
    holds_at_any_size("lamport", "fifo");
}

#[test]
fn ricart_and_agrawala_hold() {
    holds_at_any_size("ricart_agrawala", "unordered");
}

#[test]
fn carvalho_and_roucairol_hold() {
    holds_at_any_size("carvalho_roucairol", "unordered");
}

#[test]
fn maekawa_holds() {
    holds_at_any_size("maekawa", "fifo");
}

#[test]
fn suzuki_and_kasami_hold() {
    holds_at_any_size("suzuki_kasami", "unordered");
}

#[test]
fn raymond_holds() {
    holds_at_any_size("raymond", "unordered");
}

#[test]
fn naimi_and_trehel_hold() {
    holds_at_any_size("naimi_trehel", "unordered");
}

/// What each needs and has not is told, where it is to hold.
#[test]
fn what_they_assume_is_told() {
    let warnings = |system: &str, world: &str| {
        let source = format!(
            "about = \"An example.\"\nexpect = \"holds\"\nprocesses = 5\n[system]\nname = \"{system}\"\n{world}"
        );
        Scenario::parse("example.toml", &source).unwrap_or_else(|error| panic!("{error}")).warnings().to_vec()
    };
    let unordered = "[network]\norder = \"unordered\"\n";
    assert!(warnings("lamport", unordered)[0].starts_with("lamport needs FIFO channels"));
    assert_eq!(warnings("ricart_agrawala", unordered), [""; 0]);
    let crash = "[[faults.random]]\nup_to = 1\n";
    assert!(warnings("raymond", crash)[0].starts_with("raymond needs processes that never crash"));
}
