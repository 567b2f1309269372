//! Every interleaving of the zoo, where that is soon done: the mistakes are found, by counterexamples as short as any,
//! and what has none of them is verified.

use jeton::explore::Verdict;

use super::{Entry, Small, zoo};

/// With one request of each process and no early timer, and after how many events each is seen at the earliest.
const FOUND: [(&str, usize); 13] = [
    ("token_passed_on_entering", 2),
    ("edit_after_token", 5),
    ("early_messages_dropped", 10),
    ("question_taken_for_leave_to_enter", 10),
    ("old_hops_accepted", 1),
    ("writer_leaves_at_once", 4),
    ("whoever_is_asked_is_next", 10),
    ("last_writer_panics", 7),
    ("accept_before_store", 3),
    ("requests_during_recovery_forgotten", 14),
    ("dead_are_heard", 14),
    ("dead_keep_their_places", 22),
    ("silence_taken_for_death", 7),
];

/// Those whose sound twins are verified soon.
const VERIFIED: [&str; 5] = [
    "token_passed_on_entering",
    "last_writer_panics",
    "requests_during_recovery_forgotten",
    "dead_are_heard",
    "silence_taken_for_death",
];

/// Stops where a search would take too long for a test.
const STATES: u64 = 60_000;

fn entry(name: &str) -> Entry {
    zoo().find(|entry| entry.name == name).unwrap_or_else(|| panic!("{name} is not in the zoo"))
}

#[test]
fn mistakes_are_found_and_no_sooner_than_can_be() {
    for (name, events) in FOUND {
        let entry = entry(name);
        let proof = entry.specimen.check(false, &Small::default(), STATES);
        let counterexample = proof.counterexample().unwrap_or_else(|| panic!("{name}: {:?}", proof.coverage));
        assert_eq!(counterexample.property, entry.violates, "{name}: {counterexample}");
        assert_eq!(counterexample.steps.len(), events, "{name}: {counterexample}");
    }
}

#[test]
fn without_them_everything_holds_in_every_interleaving() {
    for name in VERIFIED {
        let proof = entry(name).specimen.check(true, &Small::default(), STATES);
        proof.assert_verified();
    }
}

#[test]
fn a_mistake_that_takes_an_early_timer_is_found_with_one_only() {
    let entry = entry("loss_reported_to_the_holder_panics");
    assert_eq!(entry.specimen.check(false, &Small::default(), STATES).verdict, Verdict::Verified);
    let proof = entry.specimen.check(false, &Small { early_timers: 1, ..Small::default() }, STATES);
    assert_eq!(proof.counterexample().map(|counterexample| counterexample.property), Some(entry.violates));
}

#[test]
fn experiment() {
    let states = std::env::var("STATES").map_or(1000, |text| text.parse().expect("a number"));
    let only = std::env::var("ONLY").unwrap_or_default();
    for entry in zoo().filter(|entry| only.is_empty() || only.split(',').any(|name| name == entry.name)) {
        let property = serde_json::from_value(entry.violates.into()).ok();
        let shortest = super::tests::SHORTEST.iter().find(|(name, _)| *name == entry.name).map(|(_, n)| *n);
        for (requests, early_timers) in [
            (&[][..], 0),
            (&[], 1),
            (&[2, 1, 1, 1, 1, 1], 0),
            (&[1, 2, 1, 1, 1, 1], 0),
            (&[1, 0, 0, 0, 0, 0], 0),
            (&[0, 1, 0, 0, 0, 0], 0),
            (&[1, 1, 0, 0, 0, 0], 0),
            (&[0, 1, 1, 0, 0, 0], 0),
        ] {
            let small = Small { requests, early_timers, property };
            let started = std::time::SystemTime::now();
            let proof = entry.specimen.check(false, &small, states);
            let verdict = match &proof.verdict {
                Verdict::Verified => "verified".to_owned(),
                Verdict::Incomplete => "incomplete".to_owned(),
                Verdict::Violated(found) => {
                    let again = entry.specimen.replay_untimed(&small, &found.schedule.to_string().parse().unwrap());
                    assert_eq!(again.as_ref(), Ok(&**found), "{}", entry.name);
                    format!("FOUND event {} steps {} cycle {:?}", found.ending.event, found.steps.len(), found.cycle)
                }
            };
            let unchecked: Vec<_> = proof.unchecked.iter().map(|u| u.property.name()).collect();
            println!(
                "{} {requests:?} {early_timers}: {verdict}; {} states, frontier {}, shortest {shortest:?} {unchecked:?} {:?}",
                entry.name,
                proof.coverage.states,
                proof.coverage.frontier,
                started.elapsed().unwrap()
            );
            if matches!(proof.verdict, Verdict::Violated(_)) {
                break;
            }
        }
    }
}
