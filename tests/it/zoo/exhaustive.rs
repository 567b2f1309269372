//! Every interleaving of the zoo, where that is soon done: the mistakes are found, by counterexamples as short as any,
//! and what has none of them is verified.

use jeton::explore::Verdict;

use super::{Entry, zoo};

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
        let proof = entry.specimen.check(false, 0, STATES);
        let counterexample = proof.counterexample().unwrap_or_else(|| panic!("{name}: {:?}", proof.coverage));
        assert_eq!(counterexample.property, entry.violates, "{name}: {counterexample}");
        assert_eq!(counterexample.steps.len(), events, "{name}: {counterexample}");
    }
}

#[test]
fn without_them_everything_holds_in_every_interleaving() {
    for name in VERIFIED {
        let proof = entry(name).specimen.check(true, 0, STATES);
        proof.assert_verified();
    }
}

#[test]
fn a_mistake_that_takes_an_early_timer_is_found_with_one_only() {
    let entry = entry("loss_reported_to_the_holder_panics");
    assert_eq!(entry.specimen.check(false, 0, STATES).verdict, Verdict::Verified);
    let proof = entry.specimen.check(false, 1, STATES);
    assert_eq!(proof.counterexample().map(|counterexample| counterexample.property), Some(entry.violates));
}
