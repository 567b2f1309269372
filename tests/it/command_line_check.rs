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
        ("stateless.toml", small("stateless", "holds", "")),
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

    let ran = jeton(&["check", &path("stateless.toml")]).exits(2);
    assert!(ran.stderr.contains("needs bounded delays"), "{}", ran.stderr);
    let ran = jeton(&["check", &path("partition.toml")]).exits(2);
    assert!(ran.stderr.contains("faults.partitions: expected none"), "{}", ran.stderr);
    fs::remove_dir_all(directory).expect("removed");
}
