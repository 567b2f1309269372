//! What `jeton check` finds is a file, and `jeton replay` and `jeton view` take it.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::command_line::{jeton, with_files};

/// Small scenarios in which something is violated: the name of the system, the property, how
/// many of 1,000 requests write, and the rest of the file.
const VIOLATED: [(&str, &str, u32, &str); 7] = [
    ("query_ring", "fresh_replica", 1000, "network.order = \"unordered\""),
    ("query_ring", "fresh_replica", 1000, "faults.messages = { loss_per_mille = 10, until_tick = 300 }"),
    ("query_ring", "every_request_granted", 1000, "faults.random = [{ up_to = 1 }]\ndetector.class = \"none\""),
    (
        "neighbour_ring",
        "single_token",
        1000,
        "faults.messages = { duplicate_per_mille = 50, until_tick = 400 }\nsystem.rules = { refuse_old_hops = false }",
    ),
    // A write would be tried for ever, and its attempts are numbered.
    ("neighbour_ring", "every_request_granted", 0, "faults.random = [{ up_to = 1 }]\ndetector.class = \"none\""),
    (
        "durable",
        "registered_before_ack",
        1000,
        "faults.random = [{ up_to = 2, among = [0], down_ticks = { uniform = [1, 60] } }]\n\
         system.rules = { store_before_accept = false }",
    ),
    ("raymond", "every_request_granted", 1000, "faults.random = [{ up_to = 1 }]"),
];

fn source((system, property, writes, more): (&str, &str, u32, &str)) -> String {
    let workload = format!("workload = {{ requests = 1, write_per_mille = {writes} }}");
    format!(
        "about = \"small\"\nexpect = \"{property}\"\nprocesses = 3\nsystem.name = \"{system}\"\n{workload}\n{more}\n"
    )
}

/// The file with what is found in a scenario.
fn found(directory: &Path, name: &str) -> (PathBuf, Value) {
    let kept = directory.join(format!("{name}.found.toml"));
    let scenario = directory.join(name).display().to_string();
    let ran = jeton(&["check", &scenario, "--early-timers", "0", "--json", "--keep", &kept.display().to_string()]);
    let object: Value = serde_json::from_str(&ran.exits(0).stdout).expect("one object");
    assert_eq!(object["schedule"], Value::from(kept.display().to_string()));
    (kept, object)
}

#[test]
fn what_is_found_is_replayed_and_every_edit_of_it_is_noticed() {
    let sources: Vec<(String, String)> =
        (0..).zip(VIOLATED).map(|(index, case)| (format!("{index}.toml"), source(case))).collect();
    let files: Vec<(&str, &str)> = sources.iter().map(|(name, source)| (&**name, &**source)).collect();
    let directory = with_files("untimed", &files);
    let mut cycles = 0;
    for ((name, _), (_, property, ..)) in sources.iter().zip(VIOLATED) {
        let (kept, object) = found(&directory, name);
        let path = kept.display().to_string();
        let ran = jeton(&["replay", &path]).exits(0);
        assert!(ran.stdout.starts_with("an untimed schedule: "), "{name}: {}", ran.stdout);
        assert!(ran.stdout.contains(&format!("{property} violated after ")), "{name}: {}", ran.stdout);
        assert!(ran.stdout.contains("reproduced: the same events"), "{name}: {}", ran.stdout);

        // Without any one of its moves, or with two of them the other way round, it is another run, or none.
        let text = fs::read_to_string(&kept).expect("it is there");
        let is_move = |line: &&str| line.starts_with("  \"");
        let moves: Vec<&str> = text.lines().filter(is_move).collect();
        let from = object["cycle"].as_u64().map(|cycle| cycle as usize + 3);
        cycles += usize::from(from.is_some_and(|from| from < moves.len()));
        let edited = directory.join("edited.toml");
        let edit = |text: String| {
            fs::write(&edited, text).expect("written");
            let ran = jeton(&["replay", &edited.display().to_string()]).exits(1);
            ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ")
        };
        let last = moves.last().expect("a move");
        let rests = from == Some(moves.len());
        for gone in [moves[moves.len() / 2], last] {
            let mut text = text.replacen(&format!("{gone}\n"), "", 1);
            if rests {
                let from = |moves: usize| format!("cycle_from = {moves}\n");
                text = text.replacen(&from(moves.len()), &from(moves.len() - 1), 1);
            }
            let told = edit(text);
            assert!(told.contains("not reproduced: it was "), "{name} without {gone}: {told}");
        }
        let told = edit(text.replacen(&moves[..2].join("\n"), &[moves[1], moves[0]].join("\n"), 1));
        assert!(told.contains("move 1 of ") && told.contains("cannot come"), "{name}: {told}");
        // It does something else than it did.
        let other = format!("  \"0000000000000000{}", &last[19..]);
        let told = edit(text.replacen(last, &other, 1));
        assert!(told.contains("comes, and does something else"), "{name}: {told}");
        let told = edit(text.replacen(&format!("property = \"{property}\""), "property = \"token_in_cs\"", 1));
        assert!(told.contains("nothing is violated"), "{name}: {told}");
    }
    assert!(cycles >= 2, "{cycles} go round for ever");
    fs::remove_dir_all(directory).expect("removed");
}

#[test]
fn it_is_drawn_in_every_format() {
    let cases = [source(VIOLATED[0]), source(VIOLATED[4])];
    let directory = with_files("untimed_drawn", &[("run.toml", &cases[0]), ("round.toml", &cases[1])]);
    for (name, goes_round) in [("run.toml", false), ("round.toml", true)] {
        let (kept, _) = found(&directory, name);
        let kept = kept.display().to_string();
        for (format, mark) in [
            ("txt", "again and again from here on:"),
            ("svg", "again and again"),
            ("html", "\"cycle\":"),
            ("mmd", "from here on again and again"),
            ("shiviz", ""),
            ("json", ""),
        ] {
            let drawn = directory.join(format!("drawn.{format}"));
            let ran = jeton(&["view", &kept, "-o", &drawn.display().to_string()]).exits(0);
            assert!(ran.stdout.contains(" violated at tick "), "{}", ran.stdout);
            let text = fs::read_to_string(&drawn).expect("it is there");
            if format == "html" {
                assert_eq!(text.contains("\"cycle\":null"), !goes_round, "{name}");
            } else if !mark.is_empty() {
                assert_eq!(text.contains(mark), goes_round, "{name}.{format}: {text}");
            }
        }
        let ran = jeton(&["replay", &kept, "--diagram"]).exits(0);
        assert_eq!(ran.stdout.contains("and round again"), goes_round, "{}", ran.stdout);
    }
    fs::remove_dir_all(directory).expect("removed");
}

#[test]
fn what_is_no_untimed_schedule_is_refused_and_what_is_found_is_offered() {
    let directory = with_files("untimed_bad", &[("run.toml", &source(VIOLATED[0]))]);
    let (kept, _) = found(&directory, "run.toml");
    let text = fs::read_to_string(&kept).expect("it is there");
    let bad = directory.join("bad.toml");
    for (from, to, says) in [
        ("untimed = 1", "untimed = 2", "this untimed schedule has version 2, and this is a jeton for version 1"),
        ("untimed = 1", "untimed = 1\nfuture = true", "unknown field `future`"),
        ("untimed = 1", "untimed = 1\ncycle_from = 99", "`cycle_from` is 99, expected at most the 8 moves"),
        ("[scenario]", "[sc]", "unknown field `sc`"),
        ("processes = 3", "processes = -3", "its scenario:"),
    ] {
        fs::write(&bad, text.replacen(from, to, 1)).expect("written");
        for command in [&["replay"][..], &["view", "-o", "out.svg"][..]] {
            let path = bad.display().to_string();
            let arguments: Vec<&str> = command.iter().copied().chain([&*path]).collect();
            let ran = jeton(&arguments).exits(2);
            assert!(ran.stderr.contains(says), "{from} {to}: {}", ran.stderr);
        }
    }
    let json = jeton(&["replay", &kept.display().to_string(), "--json"]).exits(0).stdout;
    let object: Value = serde_json::from_str(&json).expect("one object");
    assert_eq!((&object["untimed"], &object["reproduced"]), (&Value::from(true), &Value::from(true)));

    // Without a place of its own it is among the temporary files, and the command that shows it is said.
    let ran = jeton(&["check", &directory.join("run.toml").display().to_string()]).exits(0);
    let offered = ran.stdout.lines().last().expect("a line").to_owned();
    assert!(offered.starts_with("to see it: cargo jeton view "), "{offered}");
    let path = offered.split(' ').nth(6).expect("a path");
    jeton(&["replay", path]).exits(0);
    let nowhere = directory.join("no").join("where.toml").display().to_string();
    let ran = jeton(&["check", &directory.join("run.toml").display().to_string(), "--keep", &nowhere]).exits(2);
    assert!(ran.stderr.contains("cannot be written"), "{}", ran.stderr);
    fs::remove_dir_all(directory).expect("removed");
}
