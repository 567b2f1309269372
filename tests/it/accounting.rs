//! What each message was sent for.

use std::collections::BTreeMap;

use jeton::algorithms::NAMES;
use jeton::algorithms::classic::Classic;
use jeton::algorithms::lamport::Lamport;
use jeton::engine::{End, Setup};
use jeton::explore::{Case, Runner};
use jeton::mutex::{Accounting, Purpose, Sum, System, Workload};
use jeton::scenario::{Scenario, Visitor};

/// Runs one schedule, and counts.
struct Count {
    seed: u64,
}

impl Visitor for Count {
    type Output = Accounting;
    fn visit<S: System>(self, case: Case<S>) -> Accounting {
        let mut accounting = Accounting::default();
        let outcome = Runner::new(&case).expect("the setup can be run").run_observed(self.seed, &mut accounting);
        assert!(matches!(outcome.end, End::Settled | End::Quiescent), "{}: {:?}", S::NAME, outcome.end);
        let all: u64 = accounting.sums().map(|(_, _, sum)| sum.messages).sum();
        assert_eq!(all, outcome.stats.messages, "{}: every message has one purpose", S::NAME);
        let Setup { processes, .. } = *case.setup;
        assert!(accounting.entries() <= u64::from(processes * case.workload.requests));
        let requests = accounting.each().chain(accounting.waiting());
        let attributed: u64 = requests.map(|entry| entry.sum.messages).sum();
        let for_entries = accounting.sum(Purpose::Entry);
        assert_eq!(
            attributed + accounting.unclaimed().messages,
            for_entries.messages,
            "{}: to one entry each",
            S::NAME
        );
        accounting
    }
}

fn count(source: &str) -> Accounting {
    Scenario::parse("example.toml", source).unwrap_or_else(|error| panic!("{error}")).visit(Count { seed: 1 })
}

/// The number of messages by type, of those sent for this.
fn types(accounting: &Accounting, purpose: Purpose) -> BTreeMap<&str, u64> {
    let of_purpose = accounting.sums().filter(|(_, other, _)| *other == purpose);
    of_purpose.map(|(name, _, sum)| (name, sum.messages)).collect()
}

fn five(system: &str, rest: &str) -> String {
    format!("about = \"An example.\"\nexpect = \"holds\"\nprocesses = 5\n[system]\nname = \"{system}\"\n{rest}")
}

#[test]
fn without_faults_every_message_of_the_literature_is_for_an_entry() {
    let load = Workload { requests: 4, ..Workload::default() };
    for name in NAMES.iter().skip_while(|name| **name != Classic::<Lamport>::NAME) {
        let scenario = Scenario::fault_free(name, 7, &load, (1..=20).into()).expect("possible");
        let accounting = scenario.visit(Count { seed: 3 });
        assert_eq!(accounting.entries(), 7 * 4);
        for purpose in [Purpose::IdleCirculation, Purpose::Recovery, Purpose::Membership] {
            assert_eq!(accounting.sum(purpose), Sum::default(), "{name}, {purpose:?}");
        }
    }
}

#[test]
fn a_type_is_the_name_of_a_variant_and_bytes_are_those_of_its_json() {
    let accounting = count(&five("lamport", "[workload]\nrequests = 1\n"));
    let each = types(&accounting, Purpose::Entry);
    assert_eq!(each, BTreeMap::from([("acknowledge", 20), ("release", 20), ("request", 20)]));
    let (_, _, releases) = accounting.sums().find(|(name, ..)| *name == "release").expect("there are some");
    let (shortest, longest) = (r#"{"release":{"time":1}}"#.len() as u64, r#"{"release":{"time":99}}"#.len() as u64);
    assert!((20 * shortest..=20 * longest).contains(&releases.bytes), "{releases:?}");
}

#[test]
fn a_coordinator_has_three_for_each_entry_and_two_for_each_client() {
    // Longer than it takes to be accepted.
    let retry = "retry_interval_ticks = 1000\n";
    for think in ["constant = 0", "uniform = [0, 50]"] {
        let load = format!("[workload]\nthink_ticks = {{ {think} }}\n");
        let accounting = count(&five("durable", &format!("{retry}{load}")));
        let entries = accounting.entries();
        let expected = BTreeMap::from([("enter", entries), ("grant", entries), ("leave", entries)]);
        assert_eq!(types(&accounting, Purpose::Entry), expected);
        assert_eq!(types(&accounting, Purpose::Membership), BTreeMap::from([("accept", 4), ("connect", 4)]));
        assert_eq!(accounting.sum(Purpose::Recovery), Sum::default());
    }
}

#[test]
fn a_token_that_nobody_wants_circulates_idly() {
    let load = "token_timeout_ticks = 100000\n[workload]\nrequests = 2\nwrite_per_mille = 1000\n\
                think_ticks = { uniform = [500, 900] }\n";
    let accounting = count(&five("query_ring", load));
    assert_eq!(types(&accounting, Purpose::Entry)["edit"], accounting.entries() * 5, "a write goes once round");
    let idle = types(&accounting, Purpose::IdleCirculation);
    assert_eq!(idle.keys().copied().collect::<Vec<_>>(), ["token"]);
    let hops = types(&accounting, Purpose::Entry)["token"];
    assert!(hops <= accounting.entries() * 5 && idle["token"] > hops, "{idle:?}, {hops}");
    assert_eq!(accounting.sum(Purpose::Recovery), Sum::default());
}

#[test]
fn what_is_done_about_a_fault_is_recovery() {
    let crash = "[workload]\nwrite_per_mille = 1000\n[[faults.crashes]]\nprocess = 2\nmoment = { when = { \
                 condition = \"in_critical_section\" } }\n";
    let recovery = count(&five("query_ring", crash));
    let recovery = types(&recovery, Purpose::Recovery);
    assert!(recovery["question"] >= 4 && recovery.contains_key("edit"), "{recovery:?}");
    assert!(!recovery.contains_key("token"), "{recovery:?}");
    let crash = "[[faults.crashes]]\nprocess = 0\nmoment = { at_tick = 60 }\ndown_ticks = { constant = 20 }\n";
    let durable = count(&five("durable", crash));
    let recovery = types(&durable, Purpose::Recovery);
    assert!(recovery["connect"] >= 4 && recovery["accept"] >= 4, "{recovery:?}");
}

/// The messages of each entry of seven processes, in the order of entering, at two loads.
fn each(system: &str) -> Vec<u64> {
    let loads = [0, 400].map(|think| Workload { think_ticks: (0..=think).into(), requests: 6, ..Workload::default() });
    let of = |load: &Workload| {
        let load = Workload { write_per_mille: 0, ..*load };
        let scenario = Scenario::fault_free(system, 7, &load, (1..=9).into()).expect("possible");
        let accounting = scenario.visit(Count { seed: 5 });
        accounting.each().map(|entry| entry.sum.messages).collect::<Vec<_>>()
    };
    loads.iter().flat_map(of).collect()
}

/// Not on average: the grant and the reply that another's leave lets be sent go to the entry that they allow.
#[test]
fn each_entry_has_what_was_sent_for_it() {
    for (system, cost) in [("lamport", 18), ("ricart_agrawala", 12), ("durable", 3)] {
        let each = each(system);
        assert!(!each.is_empty() && each.iter().all(|&messages| messages == cost), "{system}: {each:?}");
    }
    // Where all ask at once and for the first time when they are accepted: five clients, six entries each.
    assert_eq!(each("replicated")[..30], [7; 30]);
    // What is asked for in the grace of the start is asked for in a connect, which is for membership.
    assert!(each("stateless").iter().all(|&messages| messages <= 3));
    assert!(each("suzuki_kasami").iter().all(|messages| [0, 7].contains(messages)));
    assert!(each("carvalho_roucairol").iter().all(|&messages| messages <= 12));
    // At most one trip round, since whatever the token does while nobody wants it is nobody's.
    assert!(each("query_ring").iter().all(|&messages| messages <= 7));
    assert!(each("naimi_trehel").iter().all(|&messages| messages <= 7));
}

#[test]
fn a_token_on_its_way_is_for_the_next_entry() {
    let load = Workload { think_ticks: 0.into(), write_per_mille: 0, ..Workload::default() };
    for (system, first) in [("query_ring", 0), ("neighbour_ring", 0)] {
        let scenario = Scenario::fault_free(system, 4, &load, 3.into()).expect("possible");
        let accounting = scenario.visit(Count { seed: 0 });
        let hops: Vec<u64> = accounting.each().map(|entry| entry.sum.messages).collect();
        assert_eq!(hops[0], first, "it begins where it is wanted");
        assert_eq!(hops[1..8], [1; 7], "{system}");
        assert!(accounting.each().skip(1).take(7).all(|entry| entry.handover == Some(jeton::Ticks::new(3))));
    }
}

#[test]
fn who_overtakes_whom_and_how_long_each_waits_is_known_of_each_entry() {
    let load = Workload { think_ticks: 0.into(), hold_ticks: 5.into(), write_per_mille: 0, ..Workload::default() };
    let scenario = Scenario::fault_free("ricart_agrawala", 3, &load, 10.into()).expect("possible");
    let accounting = scenario.visit(Count { seed: 0 });
    let waits: Vec<u64> =
        accounting.each().filter_map(|entry| Some(entry.entered_at?.get() - entry.requested_at.get())).collect();
    // All ask at once: a request and a reply; then a stay and a reply after the one before.
    assert_eq!(waits[..3], [20, 35, 50]);
    assert!(accounting.each().all(|entry| entry.overtook == 0), "of one tick the lower id asked first");
}

#[test]
fn runs_are_added() {
    let once = count(&five("raymond", ""));
    let mut twice = once.clone();
    twice.add(&once);
    assert_eq!(twice.entries(), 2 * once.entries());
    let (one, two) = (once.sum(Purpose::Entry), twice.sum(Purpose::Entry));
    assert_eq!((two.messages, two.bytes), (2 * one.messages, 2 * one.bytes));
    assert!(one.bytes > one.messages);
}
