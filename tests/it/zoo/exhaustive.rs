//! Every interleaving of the zoo, where that is soon done: the mistakes are found, by counterexamples as short as any,
//! and what has none of them is verified.

use std::collections::BTreeSet;

use jeton::explore::{Reduction, Verdict};
use jeton::mutex::Property;

use super::tests::SHORTEST;
use super::{Entry, Small, zoo};

/// How many requests each process makes, one if it is not said, and after how many events, the starts not counted, each
/// is seen at the earliest. No timer fires early.
const FOUND: &[(&str, &[u32], usize)] = &[
    ("token_passed_on_entering", &[], 2),
    ("edit_after_token", &[], 5),
    ("first_never_asks", &[1, 0, 0, 0, 0, 0], 7),
    ("early_messages_dropped", &[], 10),
    ("askers_block_each_other", &[0, 1, 0, 0, 0, 0], 23),
    ("stale_value_resent", &[1, 0, 0, 0, 0, 0], 14),
    ("question_taken_for_leave_to_enter", &[], 10),
    ("old_hops_accepted", &[], 1),
    ("writer_leaves_at_once", &[], 4),
    ("whoever_is_asked_is_next", &[], 10),
    ("last_writer_panics", &[], 7),
    ("accept_before_store", &[], 3),
    ("requests_during_recovery_forgotten", &[], 14),
    ("dead_are_heard", &[0, 1, 1, 0, 0, 0], 14),
    ("dead_keep_their_places", &[], 22),
    ("second_lock_in_any_order", &[0, 1, 1, 0, 0, 0], 14),
    ("grants_before_acknowledgement", &[], 13),
    ("grants_not_sent_again", &[0, 1, 1, 0, 0, 0], 12),
    ("early_clients_not_set_aside", &[0, 1, 1, 0, 0, 0], 8),
    ("silence_taken_for_death", &[], 7),
    ("acknowledged_too_soon", &[1, 0, 0, 0, 0, 0], 7),
    ("acknowledgement_overtakes", &[], 7),
    ("nothing_deferred", &[1, 1, 0, 0, 0, 0], 14),
    ("nobody_inquires", &[1, 1, 0, 0, 0, 0], 12),
    ("privilege_not_asked_back", &[], 7),
    ("token_kept", &[], 4),
];

/// Of these a schedule with fewer events is known, and why. (Those that were made small have fewer processes too, so
/// that starts are not counted here, which can only be more.)
const LONGER: [(&str, &str); 3] = [
    ("first_never_asks", "virtual time is up before the others have asked and waited"),
    ("stale_value_resent", "replicas that differ for ever must have come to rest, and virtual time only to its end"),
    ("dead_keep_their_places", "virtual time is up before all who can ask have"),
];

/// Those that no test shows here, and why: their states are too many for a test, or there are none that are wrong.
const DO_NOT_FIT: &[(&str, &str)] = &[
    ("question_not_cancelled", MANY),
    ("loss_not_confirmed", MANY),
    ("early_messages_delivered", MANY),
    ("token_of_the_dead_accepted", MANY),
    ("questions_outrun", MANY),
    ("lost_next_asked_for_once", MANY),
    ("change_sent_once", MANY),
    ("change_not_in_question", MANY),
    ("dead_are_believed", "on unordered channels no message whose numbers change is followed"),
    ("loss_reported_to_the_holder_panics", "it takes an early timer: it has a test of its own"),
    ("grants_before_all_answers", MANY),
    ("fencing_number_reset", MANY),
    ("late_answer_not_counted", MANY),
    ("older_incarnations_heard", MANY),
    ("steps_ignored", MANY),
    ("one_lock_of_the_dead_freed", MANY),
    ("last_come_first_served", "with one request of each nobody is overtaken again and again"),
    ("grace_too_short_by_one", TIME),
    ("holders_do_not_reclaim", TIME),
    ("retries_counted_as_connections", TIME),
    ("acknowledged_and_forgotten", MANY),
    ("authorisation_not_asked_for_again", MANY),
    ("overtaken_not_told", MANY),
    ("all_granted", MANY),
];

const MANY: &str = "it was not seen within the first 30,000 states, with or without an early timer";
const TIME: &str = "the stateless coordinator needs bounded delays, and here is no clock: see `bounded_time`";

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
    for &(name, requests, events) in FOUND {
        let entry = entry(name);
        let property = serde_json::from_value(entry.violates.into()).ok();
        let bounds = Small { requests, property, ..Small::default() };
        let proof = entry.specimen.check(false, &bounds, STATES);
        let counterexample = proof.counterexample().unwrap_or_else(|| panic!("{name}: {:?}", proof.coverage));
        assert_eq!(counterexample.property, entry.violates, "{name}: {counterexample}");
        assert_eq!(counterexample.steps.len(), events, "{name}: {counterexample}");
        // Its file, read again, is the same run.
        let schedule = counterexample.schedule.to_string().parse().expect("it is read as it is written");
        assert_eq!(entry.specimen.replay_untimed(&bounds, &schedule).as_ref(), Ok(counterexample), "{name}");
    }
}

#[test]
fn mistakes_are_found_by_partial_order_too() {
    for &(name, requests, events) in FOUND {
        let entry = entry(name);
        let property = serde_json::from_value(entry.violates.into()).ok();
        // A run that never ends is not looked for.
        if property.is_some_and(Property::is_liveness) {
            continue;
        }
        let bounds = Small { requests, property, reduction: Reduction::PartialOrder, ..Small::default() };
        let proof = entry.specimen.check(false, &bounds, STATES);
        let counterexample = proof.counterexample().unwrap_or_else(|| panic!("{name}: {:?}", proof.coverage));
        assert_eq!(counterexample.property, entry.violates, "{name}: {counterexample}");
        assert!(counterexample.steps.len() >= events, "{name}: {counterexample}");
        let schedule = counterexample.schedule.to_string().parse().expect("it is read as it is written");
        assert_eq!(entry.specimen.replay_untimed(&bounds, &schedule).as_ref(), Ok(counterexample), "{name}");
    }
}

#[test]
fn they_take_no_more_events_than_the_shortest_schedule_known() {
    for &(name, _, events) in FOUND {
        let shortest = SHORTEST.iter().find(|(known, _)| *known == name).expect("one is known").1;
        let is_longer = LONGER.iter().any(|(known, _)| *known == name);
        assert_eq!(events as u64 > shortest, is_longer, "{name}: {events} events, and {shortest} are enough");
    }
}

#[test]
fn every_mistake_is_found_or_said_not_to_fit() {
    let found = FOUND.iter().map(|(name, ..)| *name);
    let listed: BTreeSet<&str> = found.chain(DO_NOT_FIT.iter().map(|(name, _)| *name)).collect();
    assert_eq!(listed, zoo().map(|entry| entry.name).collect());
    assert_eq!(listed.len(), FOUND.len() + DO_NOT_FIT.len(), "a name is there twice");
}

#[test]
fn without_them_everything_holds_in_every_interleaving() {
    for name in VERIFIED {
        let proof = entry(name).specimen.check(true, &Small::default(), STATES);
        proof.assert_verified();
        let bounds = Small { reduction: Reduction::PartialOrder, ..Small::default() };
        let part = entry(name).specimen.check(true, &bounds, STATES);
        assert!(part.is_verified() && part.coverage.states <= proof.coverage.states, "{name}: {:?}", part.coverage);
    }
}

#[test]
fn a_mistake_that_takes_an_early_timer_is_found_with_one_only() {
    let entry = entry("loss_reported_to_the_holder_panics");
    assert_eq!(entry.specimen.check(false, &Small::default(), STATES).verdict, Verdict::Verified);
    let proof = entry.specimen.check(false, &Small { early_timers: 1, ..Small::default() }, STATES);
    assert_eq!(proof.counterexample().map(|counterexample| counterexample.property), Some(entry.violates));
}
