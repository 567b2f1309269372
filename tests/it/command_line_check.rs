//! `jeton check`: every interleaving of a scenario from the command line.

use std::fs;

use serde_json::Value;

use crate::command_line::{jeton, with_files};

fn small(system: &str, expect: &str, more: &str) -> String {
    format!(
        "about = \"small\"\nexpect = \"{expect}\"\nprocesses = 3\n\
         workload = {{ requests = 1, write_per_mille = 1000 }}\n{more}\n[system]\nname = \"{system}\"\n"
    )
}

#[test]
fn check_tells_whether_every_interleaving_is_as_expected() {
    let unordered = "network = { order = \"unordered\" }";
    let crash = "faults.random = [{ up_to = 1 }]";
    let files = [
        ("holds.toml", small("query_ring", "holds", crash)),
        ("violated.toml", small("query_ring", "fresh_replica", unordered)),
        ("contrary.toml", small("query_ring", "holds", unordered)),
        ("partition.toml", small("neighbour_ring", "holds", "faults.random_partitions = { up_to = 1 }")),
    ];
    let directory = with_files("check", &files.each_ref().map(|(name, source)| (*name, source.as_str())));
    let path = |name: &str| directory.join(name).display().to_string();

    let ran = jeton(&["check", &path("holds.toml"), "--early-timers", "0"]).exits(0);
    assert!(ran.stdout.starts_with("verified: 6,927 states, "), "{}", ran.stdout);
    assert!(ran.stdout.contains("every_request_granted"), "{}", ran.stdout);
    assert!(ran.stdout.contains("at most: 1 crash, 0 early timers of each process"), "{}", ran.stdout);
    assert!(ran.stdout.lines().all(|line| line.chars().count() <= 100), "{}", ran.stdout);

    let object = |ran: String| serde_json::from_str::<Value>(&ran).expect("one object");
    let ran = jeton(&["check", &path("holds.toml"), "--early-timers", "0", "--json"]).exits(0);
    let verified = object(ran.stdout);
    assert_eq!((&verified["states"], &verified["complete"]), (&Value::from(6_927), &Value::from(true)));
    assert_eq!((&verified["met"], &verified["violated"]), (&Value::from(true), &Value::Array(Vec::new())));

    let violated = object(jeton(&["check", &path("violated.toml"), "--json"]).exits(0).stdout);
    assert_eq!(violated["violated"], Value::from(vec!["fresh_replica"]));
    assert_eq!(violated["complete"], false);
    assert!(violated["steps"].as_array().is_some_and(|steps| steps.len() > 3), "{violated}");
    let ran = jeton(&["check", &path("contrary.toml")]).exits(1);
    assert!(ran.stdout.contains(" violated after "), "{}", ran.stdout);

    let ran = jeton(&["check", &path("partition.toml")]).exits(2);
    assert!(ran.stderr.contains("faults.partitions: expected none"), "{}", ran.stderr);
    fs::remove_dir_all(directory).expect("removed");
}

fn stateless(expect: &str, grace: u64) -> String {
    format!(
        "about = \"small\"\nexpect = \"{expect}\"\nprocesses = 3\n\
         [system]\nname = \"stateless\"\nretry_interval_ticks = 1\ngrace_ticks = {grace}\n\
         [workload]\nrequests = 1\nwrite_per_mille = 0\nthink_ticks = {{ uniform = [0, 1] }}\n\
         hold_ticks = {{ uniform = [0, 6] }}\n\
         [network]\ndelay_ticks = {{ constant = 1 }}\n[detector]\nlatency_ticks = {{ constant = 1 }}\n\
         [[faults.random]]\nup_to = 1\namong = [0]\ndown_ticks = {{ uniform = [1, 2] }}\n"
    )
}

#[test]
fn what_needs_bounded_delays_is_checked_in_bounded_time_and_replayed() {
    let files = [
        ("at.toml", stateless("holds", 2)),
        ("below.toml", stateless("single_holder", 1)),
        ("ring.toml", small("query_ring", "holds", "faults.pauses = [{ process = 0, at_tick = 1, length_ticks = 1 }]")),
    ];
    let directory = with_files("bounded_time", &files.each_ref().map(|(name, source)| (*name, source.as_str())));
    let path = |name: &str| directory.join(name).display().to_string();

    let ran = jeton(&["check", &path("at.toml")]).exits(0);
    assert!(ran.stdout.starts_with("verified: "), "{}", ran.stdout);
    let spans = "bounded time: in ticks, a message takes 1, a report 1, a restart 1 to 2;";
    assert!(ran.stdout.contains(spans), "{}", ran.stdout);

    let kept = path("kept.toml");
    let ran = jeton(&["check", &path("below.toml"), "--keep", &kept]).exits(0);
    assert!(ran.stdout.contains("single_holder violated after "), "{}", ran.stdout);
    let ran = jeton(&["replay", &kept, "--diagram"]).exits(0);
    assert!(ran.stdout.contains("reproduced: the same property at the same event"), "{}", ran.stdout);
    let drawing = path("kept.svg");
    jeton(&["view", &kept, "-o", &drawing]).exits(0);

    let ran = jeton(&["check", &path("ring.toml"), "--bounded-time"]).exits(2);
    assert!(ran.stderr.contains("faults.pauses: expected none in bounded time"), "{}", ran.stderr);
    fs::remove_dir_all(directory).expect("removed");
}

#[test]
fn what_goes_round_for_ever_in_bounded_time_is_kept_replayed_and_drawn_as_a_round() {
    let patient = format!("patience_ticks = {}\n", 1_u64 << 40);
    let never = patient + &stateless("every_request_granted", 2).replace("down_ticks = { uniform = [1, 2] }\n", "");
    let directory = with_files("bounded_time_round", &[("never.toml", &*never)]);
    let path = |name: &str| directory.join(name).display().to_string();

    let kept = path("kept.toml");
    let ran = jeton(&["check", &path("never.toml"), "--keep", &kept]).exits(0);
    assert!(ran.stdout.contains("  again and again:\n"), "{}", ran.stdout);
    let ran = jeton(&["replay", &kept, "--diagram"]).exits(0);
    assert!(ran.stdout.contains("reproduced: the same property at the same event"), "{}", ran.stdout);
    assert!(ran.stdout.contains("again and again from here on:"), "{}", ran.stdout);
    let drawing = path("kept.mmd");
    jeton(&["view", &kept, "-o", &drawing]).exits(0);
    let drawn = fs::read_to_string(&drawing).expect("it is there");
    assert!(drawn.contains("from here on again and again"), "{drawn}");

    // From another event on it is no round.
    let text = fs::read_to_string(&kept).expect("it is there");
    let other = text.replace("from_event = 9\n", "from_event = 8\n");
    assert_ne!(other, text);
    fs::write(&kept, other).expect("written");
    let ran = jeton(&["replay", &kept]).exits(1);
    assert!(ran.stdout.contains("not reproduced: it was every_request_granted"), "{}", ran.stdout);
    fs::remove_dir_all(directory).expect("removed");
}

#[test]
fn what_comes_beyond_the_limits_of_its_scenario_is_replayed_from_its_file() {
    let limited = stateless("single_holder", 1) + "[limits]\nticks = 3\n";
    let directory = with_files("bounded_time_limits", &[("limited.toml", &*limited)]);
    let path = |name: &str| directory.join(name).display().to_string();

    let kept = path("kept.toml");
    jeton(&["check", &path("limited.toml"), "--bounded-time", "--keep", &kept]).exits(0);
    let ran = jeton(&["replay", &kept]).exits(0);
    assert!(ran.stdout.contains("reproduced: the same property at the same event"), "{}", ran.stdout);
    let part = "in a part of the scenario: 3 processes, up to event 26 beyond every limit\n";
    assert!(ran.stdout.contains(part), "{}", ran.stdout);

    // With a grace at its bound it would not come, and the run still ends there.
    let text = fs::read_to_string(&kept).expect("it is there");
    let mended = text.replace("grace_ticks = 1\n", "grace_ticks = 2\n");
    assert_ne!(mended, text);
    fs::write(&kept, mended).expect("written");
    let ran = jeton(&["replay", &kept]).exits(1);
    assert!(ran.stdout.starts_with("everything holds up to event 26\n"), "{}", ran.stdout);

    // Nor can it be replayed within the limits.
    fs::write(&kept, text.replace("to_event = 26\n", "")).expect("written");
    let ran = jeton(&["replay", &kept]).exits(1);
    assert!(ran.stdout.starts_with("cut off by `limits.ticks`\n"), "{}", ran.stdout);
    fs::remove_dir_all(directory).expect("removed");
}
