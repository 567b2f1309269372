//! Every interleaving of the zoo, where that is soon done: the mistakes are found, by counterexamples as short as any,
//! and what has none of them is verified.

use std::collections::BTreeSet;

use jeton::explore::{Proof, Verdict};
use jeton::mutex::Property;

use super::tests::SHORTEST;
use super::{Entry, Small, zoo};

/// With how many processes and early timers, and after how many events, starts included, each is seen at the earliest.
const FOUND: &[(&str, u32, u32, u64)] = &[];

/// Those of which a shorter schedule is known in virtual time, and why.
const LONGER: &[(&str, &str)] = &[];

/// Those that no small configuration shows, and why.
const DO_NOT_FIT: &[(&str, &str)] = &[];

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

/// Runs every interleaving of an entry that has such a part.
fn check(name: &str, sound: bool, bounds: &Small) -> Proof {
    entry(name).specimen.check(sound, bounds, STATES).unwrap_or_else(|| panic!("{name} is refused"))
}

#[test]
fn mistakes_are_found_and_no_sooner_than_can_be() {
    for &(name, processes, early_timers, events) in FOUND {
        let entry = entry(name);
        let bounds = Small { processes: Some(processes), early_timers, property: property(entry) };
        let proof = check(name, false, &bounds);
        let counterexample = proof.counterexample().unwrap_or_else(|| panic!("{name}: {:?}", proof.coverage));
        assert_eq!(counterexample.property, entry.violates, "{name}: {counterexample}");
        assert_eq!(counterexample.ending.event, events, "{name}: {counterexample}");
        // Its file, read again, is the same run.
        let schedule = counterexample.schedule.to_string().parse().unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(entry.specimen.replay_untimed(&bounds, &schedule).as_ref(), Ok(counterexample), "{name}");
    }
}

#[test]
fn they_are_found_with_no_more_events_than_the_shortest_schedule_known() {
    for &(name, _, _, events) in FOUND {
        let shortest = SHORTEST.iter().find(|(known, _)| *known == name).map(|(_, events)| *events);
        let longer = LONGER.iter().any(|(known, _)| *known == name);
        let is_no_longer = shortest.is_none_or(|shortest| events <= shortest);
        assert_eq!(is_no_longer, !longer, "{name}: {events} events, and {shortest:?} are enough");
    }
}

#[test]
fn every_mistake_is_found_or_does_not_fit() {
    let found = FOUND.iter().map(|(name, ..)| *name);
    let listed: BTreeSet<&str> = found.chain(DO_NOT_FIT.iter().map(|(name, _)| *name)).collect();
    let names: BTreeSet<&str> = zoo().map(|entry| entry.name).collect();
    assert_eq!(listed, names);
    assert_eq!(listed.len(), FOUND.len() + DO_NOT_FIT.len(), "a name is there twice");
}

#[test]
fn without_them_everything_holds_in_every_interleaving() {
    for name in VERIFIED {
        check(name, true, &Small::default()).assert_verified();
    }
}

#[test]
fn a_mistake_that_takes_an_early_timer_is_found_with_one_only() {
    let name = "loss_reported_to_the_holder_panics";
    assert_eq!(check(name, false, &Small::default()).verdict, Verdict::Verified);
    let proof = check(name, false, &Small { early_timers: 1, ..Small::default() });
    assert_eq!(proof.counterexample().map(|counterexample| counterexample.property), Some(entry(name).violates));
}

/// Prints what is found of each with how few processes and after how many events, as the table above has it.
#[test]
fn experiment() {
    let Some(states) = std::env::var("STATES").ok().map(|text| text.parse().expect("a number")) else { return };
    for entry in zoo() {
        let shortest = SHORTEST.iter().find(|(name, _)| *name == entry.name).map(|(_, n)| *n);
        let (mut best, mut told) = (None::<(u64, u32, u32)>, String::new());
        for early_timers in [0, 1] {
            for processes in 1..=5 {
                let bounds = Small { processes: Some(processes), early_timers, property: property(entry) };
                let Some(proof) = entry.specimen.check(false, &bounds, states) else {
                    told += " -";
                    continue;
                };
                match &proof.verdict {
                    Verdict::Verified => told += " v",
                    Verdict::Incomplete => {
                        told += " i";
                        break;
                    }
                    Verdict::Violated(found) => {
                        let found = (found.ending.event, processes, early_timers);
                        told += &format!(" {}", found.0);
                        best = Some(best.map_or(found, |best| best.min(found)));
                        if processes > 2 {
                            break;
                        }
                    }
                }
            }
            if best.is_some_and(|(events, ..)| shortest.is_some_and(|shortest| events <= shortest)) {
                break;
            }
        }
        match best {
            Some((events, processes, early)) => {
                println!("FOUND (\"{}\", {processes}, {early}, {events}), // {shortest:?}{told}", entry.name)
            }
            None => println!("MISSED {} {shortest:?}{told}", entry.name),
        }
    }
}

fn property(entry: Entry) -> Option<Property> {
    serde_json::from_value(entry.violates.into()).ok()
}
