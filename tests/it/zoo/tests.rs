//! Every mistake is found, and made small; without it everything holds.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use jeton::algorithms::{NAMES, Visitor, with_system};
use jeton::engine::Decisions;
#[cfg(debug_assertions)]
use jeton::engine::other_rule;
use jeton::explore::{Finding, Minimised, Part, Recorded, Schedule, Strategy};
use jeton::mutex::{Property, System};

use super::{Entry, NO_PANIC, zoo};

/// A mistake must be found within so many schedules.
const SCHEDULES: u64 = 10_000;
/// The algorithm without it is run so many times.
const SOUND_SCHEDULES: u64 = 2_000;
/// A minimised schedule has at most so many decisions.
const DECISIONS: usize = 10;
/// It has at most so many times the events of the shortest.
const TIMES_THE_SHORTEST: u64 = 3;

fn entry(name: &str) -> Entry {
    zoo().find(|entry| entry.name == name).unwrap_or_else(|| panic!("{name} is not in the zoo"))
}

/// What the exploration of an entry finds: it is run once, for all the tests of the entry.
fn finding(entry: Entry) -> Finding {
    static FOUND: OnceLock<BTreeMap<&'static str, OnceLock<Finding>>> = OnceLock::new();
    let found = FOUND.get_or_init(|| zoo().map(|entry| (entry.name, OnceLock::new())).collect());
    let find = || {
        let report = entry.specimen.find(entry.violates, Strategy::Auto, 0..SCHEDULES);
        assert_eq!(report.cut_off, 0, "{}: cut off, {:?}", entry.name, report.first_cut_off);
        report.finding(entry.violates).unwrap_or_else(|| panic!("{}: nothing found", entry.name)).clone()
    };
    found[entry.name].get_or_init(find).clone()
}

fn is_found(name: &str) {
    let entry = entry(name);
    let Finding { seed, found_within, violation } = finding(entry);
    println!("{name}: {violation}\nseed {seed}, found within {found_within} schedules");
    assert_eq!(violation.property, entry.violates, "{name}: {}", entry.wrong);
}

fn is_made_small(name: &str) {
    let entry = entry(name);
    let seed = finding(entry).seed;
    let small = entry.specimen.minimise(Strategy::Auto, seed, entry.violates);
    let small = small.expect("the recorded schedule fails as the seed does");
    println!(
        "{name}: seed {}, {} decisions and {} events after {} runs, {:?}",
        small.seed.unwrap_or(seed),
        small.decisions.len(),
        small.violation.event,
        small.runs,
        small.part,
    );
    for (key, answer) in &small.decisions {
        println!("  {key} = {answer}");
    }
    println!("  {}", small.violation);
    assert!(small.minimal, "{name}: not minimal after {} runs", small.runs);
    replays_from_its_file(entry, seed, &small);
    for key in small.decisions.keys() {
        let mut fewer = small.decisions.clone();
        fewer.remove(key);
        let property = entry.specimen.replay(&small.part, fewer).map(|violation| violation.property);
        assert_ne!(property.as_deref(), Some(entry.violates), "{name}: it fails without {key} too");
    }
    assert!(small.decisions.len() <= DECISIONS, "{name}: {} decisions", small.decisions.len());
    let (_, shortest) = SHORTEST.iter().find(|(known, _)| *known == name).expect("a shortest is known of each");
    let events = small.violation.event;
    assert!(events <= TIMES_THE_SHORTEST * shortest, "{name}: {events} events, and {shortest} are enough");
}

/// Decisions, not seeds, are what reproduces a run: under another rule for the expansion of seeds the seed is another
/// run, and the file the same.
fn replays_from_its_file(entry: Entry, seed: u64, small: &Minimised) {
    let Minimised { part, decisions, violation, .. } = small.clone();
    let kept = Schedule { violation: Some(Recorded::from(&violation)), part, decisions, scenario: None };
    let kept: Schedule = kept.to_string().parse().expect("what is written can be read");
    let replay = || entry.specimen.replay(&kept.part, kept.decisions.clone());
    assert_eq!(replay().as_ref(), Some(&violation), "{}", entry.name);
    #[cfg(not(debug_assertions))]
    let _ = seed;
    #[cfg(debug_assertions)]
    {
        assert_eq!(other_rule::under(replay), Some(violation), "{}", entry.name);
        let record = || entry.specimen.record(Strategy::Auto, seed);
        assert_ne!(other_rule::under(record), record(), "{}: the rule makes no difference", entry.name);
    }
}

fn holds_without_it(name: &str) {
    entry(name).specimen.explore_sound(SOUND_SCHEDULES).assert_holds();
}

/// With how many events the shortest schedule known shows each: of ten seeds that do, as they are and made small.
pub(super) const SHORTEST: &[(&str, u64)] = &[
    ("token_passed_on_entering", 2),
    ("edit_after_token", 7),
    ("question_not_cancelled", 22),
    ("loss_not_confirmed", 16),
    ("first_never_asks", 5),
    ("early_messages_dropped", 15),
    ("early_messages_delivered", 12),
    ("token_of_the_dead_accepted", 13),
    ("questions_outrun", 114),
    ("askers_block_each_other", 38),
    ("stale_value_resent", 12),
    ("question_taken_for_leave_to_enter", 11),
    ("loss_reported_to_the_holder_panics", 15),
    ("old_hops_accepted", 4),
    ("writer_leaves_at_once", 6),
    ("whoever_is_asked_is_next", 17),
    ("lost_next_asked_for_once", 35),
    ("change_sent_once", 7),
    ("change_not_in_question", 19),
    ("dead_are_believed", 99),
    ("last_writer_panics", 7),
    ("accept_before_store", 6),
    ("grants_before_all_answers", 21),
    ("fencing_number_reset", 28),
    ("requests_during_recovery_forgotten", 21),
    ("late_answer_not_counted", 18),
    ("older_incarnations_heard", 24),
    ("steps_ignored", 19),
    ("dead_are_heard", 20),
    ("dead_keep_their_places", 20),
    ("one_lock_of_the_dead_freed", 30),
    ("last_come_first_served", 143),
    ("second_lock_in_any_order", 17),
    ("grace_too_short_by_one", 23),
    ("holders_do_not_reclaim", 25),
    ("retries_counted_as_connections", 214),
    ("grants_before_acknowledgement", 18),
    ("grants_not_sent_again", 14),
    ("early_clients_not_set_aside", 8),
    ("silence_taken_for_death", 10),
    ("acknowledged_and_forgotten", 35),
    ("acknowledged_too_soon", 11),
    ("acknowledgement_overtakes", 37),
    ("all_granted", 20),
    ("authorisation_not_asked_for_again", 53),
    ("nobody_inquires", 18),
    ("nothing_deferred", 26),
    ("overtaken_not_told", 21),
    ("privilege_not_asked_back", 15),
    ("token_kept", 11),
];

/// The tests of each entry, in a module of its name.
macro_rules! entries {
    ($($name:ident),* $(,)?) => {
        const TESTED: &[&str] = &[$(stringify!($name)),*];
        $(mod $name {
            #[test]
            fn is_found() {
                super::is_found(stringify!($name));
            }

            #[test]
            fn is_made_small() {
                super::is_made_small(stringify!($name));
            }

            #[test]
            fn holds_without_it() {
                super::holds_without_it(stringify!($name));
            }
        })*
    };
}

entries! {
    token_passed_on_entering,
    edit_after_token,
    question_not_cancelled,
    loss_not_confirmed,
    first_never_asks,
    early_messages_dropped,
    early_messages_delivered,
    token_of_the_dead_accepted,
    questions_outrun,
    askers_block_each_other,
    stale_value_resent,
    question_taken_for_leave_to_enter,
    loss_reported_to_the_holder_panics,
    old_hops_accepted,
    writer_leaves_at_once,
    whoever_is_asked_is_next,
    lost_next_asked_for_once,
    change_sent_once,
    change_not_in_question,
    dead_are_believed,
    last_writer_panics,
    accept_before_store,
    grants_before_all_answers,
    fencing_number_reset,
    requests_during_recovery_forgotten,
    late_answer_not_counted,
    older_incarnations_heard,
    steps_ignored,
    dead_are_heard,
    dead_keep_their_places,
    one_lock_of_the_dead_freed,
    last_come_first_served,
    second_lock_in_any_order,
    grants_before_acknowledgement,
    grants_not_sent_again,
    early_clients_not_set_aside,
    silence_taken_for_death,
    acknowledged_and_forgotten,
    grace_too_short_by_one,
    holders_do_not_reclaim,
    retries_counted_as_connections,
    acknowledged_too_soon,
    acknowledgement_overtakes,
    nothing_deferred,
    authorisation_not_asked_for_again,
    nobody_inquires,
    overtaken_not_told,
    all_granted,
    privilege_not_asked_back,
    token_kept,
}

#[test]
fn every_entry_is_tested() {
    let names: Vec<&str> = zoo().map(|entry| entry.name).collect();
    let tested: BTreeSet<&str> = TESTED.iter().copied().collect();
    assert_eq!(names.iter().copied().collect::<BTreeSet<_>>(), tested);
    assert_eq!((names.len(), TESTED.len()), (tested.len(), tested.len()), "a name is there twice");
    assert!(zoo().all(|entry| entry.wrong.ends_with('.')));
}

#[test]
fn every_property_that_a_system_claims_is_violated() {
    struct Claims;
    impl Visitor for Claims {
        type Output = &'static [Property];
        fn visit<S: System>(self) -> Self::Output {
            S::PROPERTIES
        }
    }
    let claimed = NAMES.iter().flat_map(|name| with_system(name, Claims).expect("it is one of the names"));
    let claimed: BTreeSet<&str> = claimed.map(|property| property.name()).chain([NO_PANIC]).collect();
    let violated: BTreeSet<&str> = zoo().map(|entry| entry.violates).collect();
    assert_eq!(violated, claimed);
}

/// A schedule of a request that is not granted says who waits for whom.
#[test]
fn who_waits_for_whom_is_told() {
    let mut told = Vec::new();
    for name in ["askers_block_each_other", "questions_outrun", "lost_next_asked_for_once", "change_sent_once"]
        .into_iter()
        .chain(["grants_not_sent_again", "late_answer_not_counted", "dead_keep_their_places", "last_come_first_served"])
        .chain(["acknowledged_too_soon", "authorisation_not_asked_for_again", "nobody_inquires", "overtaken_not_told"])
        .chain(["all_granted", "privilege_not_asked_back"])
    {
        let entry = entry(name);
        let small = entry.specimen.minimise(Strategy::Auto, finding(entry).seed, entry.violates).expect("it fails");
        told.push(format!("{name}: {}", small.violation.explanation));
    }
    insta::assert_snapshot!(told.join("\n"));
}

/// Where the writer is the only one to ask, nobody else waits for it either.
#[test]
fn a_write_that_is_never_done_is_seen_though_nobody_else_waits() {
    let part = Part { requests: vec![1, 0, 0, 0], ..Part::default() };
    let decisions = ["write p0 #1", "loss p0->p1 #2"].map(|key| (key.parse().expect("a key"), 1));
    let violation = entry("change_sent_once").specimen.replay(&part, Decisions::from(decisions)).expect("it fails");
    assert_eq!(violation.property, Property::EveryRequestGranted.name());
    assert!(violation.explanation.contains("p0 has waited for the end of its write to d0"), "{violation}");
}

/// Some mistakes show in fewer than one of a thousand schedules, and are found all the same.
#[test]
fn the_rare_ones_are_rare() {
    for name in RARE {
        let entry = entry(name);
        let counts = entry.specimen.count(SCHEDULES);
        println!("{name}: {counts:?} of {SCHEDULES}");
        let failures: u64 = counts.values().sum();
        assert!((1..SCHEDULES / 1_000).contains(&failures), "{name}: {counts:?} of {SCHEDULES}");
    }
}

/// With how many of 10,000 schedules show each.
const RARE: [&str; 5] = [
    "early_messages_delivered",   // 3
    "token_of_the_dead_accepted", // 3
    "change_not_in_question",     // 5
    "older_incarnations_heard",   // 7
    "grace_too_short_by_one",     // 3
];
