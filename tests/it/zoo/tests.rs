//! Every mistake is found, and made small; without it everything holds.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use jeton::explore::{Finding, Stop};

use super::{Entry, zoo};

/// A mistake must be found within so many schedules.
const SCHEDULES: u64 = 10_000;
/// The algorithm without it is run so many times.
const SOUND_SCHEDULES: u64 = 2_000;
/// A minimised schedule has at most so many decisions.
const DECISIONS: usize = 10;

fn entry(name: &str) -> Entry {
    zoo().find(|entry| entry.name == name).unwrap_or_else(|| panic!("{name} is not in the zoo"))
}

/// What the exploration of an entry finds: it is run once, for all the tests of the entry.
fn finding(entry: Entry) -> Finding {
    static FOUND: OnceLock<BTreeMap<&'static str, OnceLock<Finding>>> = OnceLock::new();
    let found = FOUND.get_or_init(|| zoo().map(|entry| (entry.name, OnceLock::new())).collect());
    let find = || {
        let report = entry.specimen.explore(SCHEDULES, Stop::AtFirstFailure);
        assert_eq!(report.cut_off, 0, "{}: cut off, {:?}", entry.name, report.first_cut_off);
        report.findings.first().unwrap_or_else(|| panic!("{}: nothing found", entry.name)).clone()
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
    let (_, decisions) = entry.specimen.record(finding(entry).seed);
    let small =
        entry.specimen.minimise(&decisions, entry.violates).expect("the recorded schedule fails as the seed does");
    println!("{name}: {} decisions, then {} after {} runs", decisions.len(), small.decisions.len(), small.runs);
    for (key, answer) in &small.decisions {
        println!("  {key} = {answer}");
    }
    println!("  {}", small.violation);
    assert!(small.minimal, "{name}: not minimal after {} runs", small.runs);
    assert_eq!(entry.specimen.replay(small.decisions.clone()).as_ref(), Some(&small.violation));
    for key in small.decisions.keys() {
        let mut fewer = small.decisions.clone();
        fewer.remove(key);
        let property = entry.specimen.replay(fewer).map(|violation| violation.property);
        assert_ne!(property.as_deref(), Some(entry.violates), "{name}: it fails without {key} too");
    }
    assert!(small.decisions.len() <= DECISIONS, "{name}: {} decisions", small.decisions.len());
}

fn holds_without_it(name: &str) {
    entry(name).specimen.explore_sound(SOUND_SCHEDULES).assert_holds();
}

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
    questions_outrun,
    askers_block_each_other,
    stale_value_resent,
    question_taken_for_leave_to_enter,
    loss_reported_to_the_holder_panics,
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
}

// TEMPRATES
#[test]
fn temp_rates() {
    let Ok(n) = std::env::var("RATES") else { return };
    let only = std::env::var("ONLY").unwrap_or_default();
    std::panic::set_hook(Box::new(|_| {}));
    for entry in zoo().filter(|e| e.name.contains(&only)) {
        let t = std::time::Instant::now();
        let counts = entry.specimen.count(n.parse().unwrap());
        eprintln!("{:40} {:24} {:?} {:?}", entry.name, entry.violates, counts, t.elapsed());
    }
}
// TEMPMIN
#[test]
fn temp_min() {
    let Ok(only) = std::env::var("MIN") else { return };
    std::panic::set_hook(Box::new(|_| {}));
    for entry in zoo().filter(|e| e.name.contains(&only)) {
        let report = entry.specimen.explore(SCHEDULES, Stop::AtFirstFailure);
        let Some(f) = report.findings.first() else { continue };
        let (_, decisions) = entry.specimen.record(f.seed);
        let Some(small) = entry.specimen.minimise(&decisions, &f.violation.property) else { continue };
        let fails = |d: &jeton::engine::Decisions| {
            entry.specimen.replay(d.clone()).is_some_and(|v| v.property == f.violation.property)
        };
        let mut best = small.decisions.clone();
        let mut runs = 0;
        'again: loop {
            let keys: Vec<_> = best.keys().cloned().collect();
            for a in &keys {
                let mut without = best.clone();
                let x = without.remove(a).unwrap();
                runs += 1;
                if fails(&without) {
                    best = without;
                    continue 'again;
                }
                for b in &keys {
                    if a == b {
                        continue;
                    }
                    let y = best[b];
                    for z in [0, y + x, y.saturating_sub(x)] {
                        let mut c = without.clone();
                        if z == 0 {
                            c.remove(b);
                        } else {
                            c.insert(b.clone(), z);
                        }
                        runs += 1;
                        if fails(&c) {
                            best = c;
                            continue 'again;
                        }
                    }
                }
            }
            break;
        }
        eprintln!(
            "{}: {} -> {} ({} runs) -> {} ({runs} runs)",
            entry.name,
            decisions.len(),
            small.decisions.len(),
            small.runs,
            best.len()
        );
        for (k, v) in &best {
            eprintln!("   {k} = {v}");
        }
    }
}
