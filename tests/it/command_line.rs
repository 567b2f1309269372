//! The command line as scripts and people meet it: exit statuses, what is on which stream, and what is in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use jeton::trace::Trace;
use serde_json::Value;

use crate::scenario::directory;

pub(crate) struct Ran {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    fn objects(&self) -> Vec<Value> {
        self.stdout.lines().map(|line| serde_json::from_str(line).expect("an object a line")).collect()
    }

    #[track_caller]
    pub(crate) fn exits(self, status: i32) -> Self {
        assert_eq!(self.status, status, "{}\n{}", self.stdout, self.stderr);
        self
    }
}

/// Runs `jeton` where the scenarios are.
pub(crate) fn jeton(arguments: &[&str]) -> Ran {
    jeton_in(Path::new(env!("CARGO_MANIFEST_DIR")), arguments)
}

/// Runs `jeton` in this directory.
pub(crate) fn jeton_in(directory: &Path, arguments: &[&str]) -> Ran {
    let Output { status, stdout, stderr } = Command::new(env!("CARGO_BIN_EXE_jeton"))
        .args(arguments)
        .current_dir(directory)
        .env_remove("JETON_SCHEDULES")
        .env_remove("JETON_SEED")
        .output()
        .expect("it runs");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    Ran { status: status.code().expect("no signal"), stdout: text(stdout), stderr: text(stderr) }
}

const HOLDS: &str = "scenarios/query_ring_one_crash.toml";
const VIOLATED: &str = "scenarios/query_ring_unordered_channels.toml";

/// A directory with these scenarios in it, by name.
pub(crate) fn with_files(name: &str, files: &[(&str, &str)]) -> PathBuf {
    let directory = directory(name);
    for (file, source) in files {
        fs::write(directory.join(file), source).expect("written");
    }
    directory
}

/// A scenario that expects something else than what comes true.
fn contrary(path: &str, expected: &str, contrary: &str) -> String {
    let source = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect("a scenario");
    let changed = source.replace(&format!("expect = \"{expected}\""), &format!("expect = \"{contrary}\""));
    assert_ne!(source, changed);
    changed
}

#[test]
fn explore_prints_a_line_for_each_scenario_and_what_was_tried_beneath() {
    let ran = jeton(&["explore", HOLDS, VIOLATED, "--schedules", "200"]).exits(0);
    let lines: Vec<&str> = ran.stdout.lines().collect();
    assert!(lines[0].starts_with("scenario "), "{}", ran.stdout);
    assert!(lines[1].starts_with("query_ring_one_crash           holds                        200 "), "{}", lines[1]);
    assert!(lines[2].starts_with("    seen: holder_crashed "), "{}", lines[2]);
    let violated = lines.iter().position(|line| line.starts_with("query_ring_unordered_channels")).expect("a line");
    assert!(lines[violated].contains("violated, as expected"), "{}", lines[violated]);
    assert!(lines[violated + 1].starts_with("    seed "), "{}", lines[violated + 1]);
    assert!(lines[violated + 1].contains("fresh_replica violated at tick "), "{}", lines[violated + 1]);
    assert_eq!(lines.last(), Some(&"2 scenarios: 2 as expected, 0 not"));
    assert!(lines.iter().all(|line| line.chars().count() <= 100), "{}", ran.stdout);
    assert_eq!(ran.stderr, "", "no progress where there is no terminal");
}

#[test]
fn explore_says_what_never_happened() {
    let wants = r#"
        about = "It is waited for in vain."
        expect = "holds"
        processes = 3
        sometimes = ["pigs_fly"]
        system = { name = "query_ring" }
    "#;
    let directory = with_files("never", &[("wants.toml", wants)]);
    let ran = jeton(&["explore", &directory.to_string_lossy(), "--schedules", "10"]).exits(0);
    assert!(ran.stdout.ends_with("\n    never: pigs_fly\n"), "{}", ran.stdout);
    let ran = jeton(&["explore", &directory.to_string_lossy(), "--schedules", "10", "--json"]).exits(0);
    assert_eq!(ran.objects()[0]["sometimes"]["pigs_fly"], 0);
    fs::remove_dir_all(directory).expect("removed");
}

#[test]
fn explore_json_has_one_object_for_each_scenario() {
    let ran = jeton(&["explore", HOLDS, VIOLATED, "--schedules", "100", "--first-seed", "5", "--json"]).exits(0);
    let objects = ran.objects();
    let [holds, violated] = &objects[..] else { panic!("{}", ran.stdout) };
    assert_eq!(holds["scenario"], "query_ring_one_crash");
    assert_eq!(holds["system"], "query_ring");
    assert_eq!((&holds["expected"], &holds["met"]), (&"holds".into(), &true.into()));
    assert_eq!((&holds["schedules"], &holds["first_seed"], &holds["cut_off"]), (&100.into(), &5.into(), &0.into()));
    assert_eq!(
        (&holds["violated"], &holds["found_within"], &holds["seed"]),
        (&Value::Array(vec![]), &Value::Null, &Value::Null)
    );
    assert!(holds["events"].as_u64() > Some(1000) && holds["seconds"].is_f64());
    assert!(holds["sometimes"]["holder_crashed"].is_u64());
    assert_eq!((&violated["expected"], &violated["met"]), (&"fresh_replica".into(), &true.into()));
    assert_eq!(violated["violated"].as_array().expect("a list").last(), Some(&"fresh_replica".into()));
    let (seed, within) = (violated["seed"].as_u64(), violated["found_within"].as_u64());
    assert_eq!(seed.map(|seed| seed - 5 + 1), within);
    assert_eq!(violated["schedules"].as_u64(), within, "it ends where it is found");
}

#[test]
fn an_expectation_that_is_not_met_is_status_1_and_says_how_to_see_it() {
    let fails = contrary(VIOLATED, "fresh_replica", "holds");
    let lacks = contrary(HOLDS, "holds", "single_token");
    let directory = with_files("unmet", &[("fails.toml", &fails), ("lacks.toml", &lacks)]);
    let ran = jeton(&["explore", &directory.to_string_lossy(), "--schedules", "50"]).exits(1);
    let seed_line = ran.stdout.lines().find(|line| line.starts_with("    seed ")).expect("a seed");
    let seed = seed_line.trim_start_matches("    seed ").split(':').next().expect("a number");
    let fails = directory.join("fails.toml");
    for command in [
        format!("    to see it: cargo jeton view {} --seed {seed} --open\n", fails.display()),
        format!("    to read it: cargo jeton run {} --seed {seed} --diagram\n", fails.display()),
    ] {
        assert!(ran.stdout.contains(&command), "{}", ran.stdout);
    }
    assert!(ran.stdout.contains("  VIOLATED  ") && ran.stdout.contains("  NOT VIOLATED  "), "{}", ran.stdout);
    assert!(ran.stdout.contains("    no schedule violates single_token\n"), "{}", ran.stdout);
    assert!(ran.stdout.ends_with("2 scenarios: 0 as expected, 2 not\n"), "{}", ran.stdout);
    // And the seed does show it.
    let ran = jeton(&["run", &fails.to_string_lossy(), "--seed", seed]).exits(1);
    assert!(ran.stdout.contains("fresh_replica violated at tick "), "{}", ran.stdout);
    fs::remove_dir_all(directory).expect("removed");
}

#[test]
fn holds_is_not_said_of_runs_that_were_cut_off() {
    let source = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(HOLDS)).expect("a scenario");
    let directory = with_files("cut_off", &[("short.toml", &format!("{source}\n[limits]\nevents = 20\n"))]);
    let ran = jeton(&["explore", &directory.to_string_lossy(), "--schedules", "10"]).exits(1);
    assert!(ran.stdout.contains("  CUT OFF  ") && !ran.stdout.contains("holds"), "{}", ran.stdout);
    assert!(ran.stdout.contains("raise `limits.events`"), "{}", ran.stdout);
    let ran = jeton(&["explore", &directory.to_string_lossy(), "--schedules", "10", "--json"]).exits(1);
    assert!(ran.objects()[0]["cut_off"].as_u64() > Some(0));
    assert_eq!(ran.objects()[0]["met"], false);
    fs::remove_dir_all(directory).expect("removed");
}

#[test]
fn every_bad_file_is_told_and_nothing_is_run() {
    let good = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(HOLDS)).expect("a scenario");
    let files = [("a.toml", "about = 1"), ("b.toml", &*good), ("c.toml", "expct = 1"), ("d.txt", "no scenario")];
    let directory = with_files("bad", &files);
    let ran = jeton(&["explore", &directory.to_string_lossy(), "no/such/file.toml"]).exits(2);
    assert_eq!(ran.stdout, "");
    let starts: Vec<&str> = ran.stderr.lines().filter(|line| line.starts_with("error: ")).collect();
    assert_eq!(starts.len(), 3, "{}", ran.stderr);
    assert!(starts[0].ends_with("a.toml:1:9: wrong value of `about`"), "{}", starts[0]);
    assert!(starts[1].ends_with("c.toml:1:1: unknown key `expct`"), "{}", starts[1]);
    assert!(starts[2].starts_with("error: no/such/file.toml: cannot be read: "), "{}", starts[2]);
    fs::remove_dir_all(directory).expect("removed");
}

#[test]
fn an_empty_directory_is_a_fault() {
    let directory = with_files("empty", &[("notes.txt", "")]);
    let ran = jeton(&["explore", &directory.to_string_lossy()]).exits(2);
    assert!(ran.stderr.contains("no scenario in this directory, expected `*.toml`"), "{}", ran.stderr);
    fs::remove_dir_all(directory).expect("removed");
}

#[test]
fn arguments_that_cannot_be_are_status_2() {
    for arguments in [
        &["explore"][..],
        &["explore", HOLDS, "--schedules", "0"],
        &["explore", HOLDS, "--jobs", "0"],
        &["explore", HOLDS, "--schedules", "many"],
        &["run"],
        &["run", HOLDS, "--seed", "-1"],
        &["run", "no/such/file.toml"],
        &["run", HOLDS, "--strategy", "swam"],
        &["fly"],
    ] {
        let ran = jeton(arguments).exits(2);
        assert!(ran.stdout.is_empty() && !ran.stderr.is_empty(), "{arguments:?}");
    }
}

#[test]
fn a_strategy_is_named_wherever_it_is_needed_to_see_a_schedule_again() {
    let ran = jeton(&["explore", HOLDS, "--strategy", "swam"]).exits(2);
    assert!(ran.stderr.contains("'swarm'"), "{}", ran.stderr);
    let found = jeton(&["explore", VIOLATED, "--strategy", "swarm", "--json"]).exits(0).objects().remove(0);
    assert_eq!(found["strategy"], "swarm");
    let seed = found["seed"].to_string();
    let run = |strategy: &[&str]| {
        let arguments = [&["run", VIOLATED, "--seed", &seed, "--json"], strategy].concat();
        jeton(&arguments).objects().remove(0)
    };
    let shown = run(&["--strategy", "swarm"]);
    assert_eq!((&shown["strategy"], &shown["met"]), (&"swarm".into(), &true.into()));
    assert_eq!(shown["violation"]["explanation"], found["explanation"]);
    assert_eq!(run(&[])["strategy"], "auto");
}

/// What does not depend on how fast it went.
fn timeless(ran: &Ran) -> Vec<Value> {
    let mut objects = ran.objects();
    for object in &mut objects {
        object.as_object_mut().expect("an object").remove("seconds").expect("seconds");
    }
    objects
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let explore = |jobs| jeton(&["explore", "scenarios", "--schedules", "150", "--json", "--jobs", jobs]);
    let (one, two) = (explore("1"), explore("2"));
    assert_eq!(one.status, two.status);
    assert_eq!(timeless(&one), timeless(&two));
    assert!(one.objects().len() >= 8);
}

#[test]
fn a_seed_is_one_run() {
    let run = |seed| jeton(&["run", HOLDS, "--seed", seed]).exits(0).stdout;
    assert_eq!(run("3"), run("3"));
    assert_ne!(run("3"), run("4"));
}

#[test]
fn the_environment_gives_what_the_arguments_leave_out() {
    let run = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_jeton"))
            .args(arguments)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .env("JETON_SCHEDULES", "7")
            .env("JETON_SEED", "4")
            .output()
            .expect("it runs");
        let text = String::from_utf8(output.stdout).expect("text");
        serde_json::from_str::<Value>(&text).expect("an object")
    };
    let object = run(&["explore", HOLDS, "--json"]);
    assert_eq!((&object["schedules"], &object["first_seed"]), (&7.into(), &4.into()));
    let object = run(&["explore", HOLDS, "--json", "--schedules", "8", "--first-seed", "0"]);
    assert_eq!((&object["schedules"], &object["first_seed"]), (&8.into(), &0.into()));
    assert_eq!(run(&["run", HOLDS, "--json"])["seed"], 4);
}

#[test]
fn run_says_what_came_of_it() {
    let object = jeton(&["run", VIOLATED, "--seed", "0", "--json"]).objects().remove(0);
    for key in ["scenario", "system", "seed", "expected", "met", "end", "ticks", "events", "messages", "violation"] {
        assert!(object.get(key).is_some(), "{key} in {object}");
    }
    let ran = jeton(&["run", HOLDS, "--seed", "0"]).exits(0);
    assert!(ran.stdout.starts_with("query_ring_one_crash, seed 0: One peer crashes"), "{}", ran.stdout);
    assert!(ran.stdout.contains("and these hold: "), "{}", ran.stdout);
}

#[test]
fn a_trace_is_the_run_whole_and_the_same_again() {
    let directory = directory("trace");
    let write = |name: &str| {
        let path = directory.join(name);
        jeton(&["run", HOLDS, "--seed", "7", "--trace", &path.to_string_lossy()]).exits(0);
        fs::read(path).expect("a trace")
    };
    let bytes = write("one.jsonl");
    assert_eq!(bytes, write("two.jsonl"));
    let trace = Trace::read(&bytes[..]).expect("a trace");
    assert_eq!((trace.header.scenario.as_str(), trace.header.seed), ("query_ring_one_crash", Some(7)));
    let source = trace.header.source.expect("the scenario is in it");
    assert_eq!(source, fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(HOLDS)).expect("a scenario"));
    assert!(trace.records.len() > 50);
    let mut names: Vec<_> =
        fs::read_dir(&directory).expect("a directory").map(|e| e.expect("a file").file_name()).collect();
    names.sort();
    assert_eq!(names, ["one.jsonl", "two.jsonl"], "nothing else is left");
    fs::remove_dir_all(directory).expect("removed");
}

#[test]
fn a_trace_that_cannot_be_written_is_told_before_anything_is_run() {
    for (place, why) in [("no/such/directory/x.jsonl", "cannot be written: "), ("scenarios", "it is a directory")] {
        let ran = jeton(&["run", HOLDS, "--trace", place]).exits(2);
        assert!(ran.stderr.starts_with(&format!("error: {place}: ")) && ran.stderr.contains(why), "{}", ran.stderr);
        assert_eq!(ran.stdout, "");
    }
}

#[test]
fn a_diagram_stands_between_what_was_run_and_what_came_of_it() {
    let ran = jeton(&["run", VIOLATED, "--seed", "0", "--diagram"]);
    let lines: Vec<&str> = ran.stdout.lines().collect();
    assert!(lines[0].starts_with("query_ring_unordered_channels, seed 0: "), "{}", ran.stdout);
    assert!(lines.iter().any(|line| line.starts_with(" tick  p0 ") && line.contains(" p4")), "{}", ran.stdout);
    assert!(lines.iter().any(|line| line.contains("─token▶p1")), "{}", ran.stdout);
    assert_eq!(ran.stdout.matches(" violated at tick ").count(), 1, "{}", ran.stdout);
    assert!(lines.iter().all(|line| line.chars().count() <= 100), "{}", ran.stdout);
}

mod viewing {
    use super::*;

    const SEEN: &str = "scenarios/query_ring_without_confirm_loss.toml";
    const KEPT: &str = "tests/schedules/query_ring_without_confirm_loss.toml";

    /// Views something as a file of this name, and returns what is in it.
    fn view(directory: &Path, input: &str, name: &str, more: &[&str]) -> String {
        let place = directory.join(name);
        let output = place.to_string_lossy();
        let ran = jeton(&[&["view", input, "-o", &output], more].concat()).exits(0);
        assert!(ran.stdout.starts_with(&*output), "it says where: {}", ran.stdout);
        fs::read_to_string(place).expect("a text")
    }

    #[test]
    fn the_name_of_the_output_says_what_it_is() {
        let directory = with_files("formats", &[]);
        let see = |name| view(&directory, SEEN, name, &["--strategy", "random", "--seed", "29"]);
        assert!(see("a.html").starts_with("<!doctype html>"));
        assert!(see("a.svg").starts_with("<svg "));
        assert!(see("a.txt").contains("─token▶p1"));
        assert!(see("a.mmd").starts_with("sequenceDiagram\n"));
        assert!(see("a.shiviz").starts_with("(?<host>"));
        assert!(see("a.json").contains("\"traceEvents\""));
        assert_eq!(
            view(&directory, SEEN, "b", &["--strategy", "random", "--seed", "29", "--format", "svg"]),
            see("a.svg")
        );
        let short = view(&directory, SEEN, "b.svg", &["--strategy", "random", "--seed", "29", "--rows", "8"]);
        assert!(short.len() < see("a.svg").len() / 2);
        fs::remove_dir_all(directory).expect("removed");
    }

    #[test]
    fn a_trace_a_seed_and_a_schedule_of_one_run_are_one_view() {
        let directory = with_files("inputs", &[]);
        let path = |name: &str| directory.join(name).to_string_lossy().into_owned();
        jeton(&["run", SEEN, "--strategy", "random", "--seed", "29", "--trace", &path("run.jsonl")]);
        let of_seed = view(&directory, SEEN, "seed.html", &["--strategy", "random", "--seed", "29"]);
        assert_eq!(view(&directory, &path("run.jsonl"), "trace.html", &[]), of_seed, "a trace has all that is seen");
        let of_schedule = view(&directory, KEPT, "schedule.html", &[]);
        assert!(of_schedule.contains("single_token violated"));
        fs::remove_dir_all(directory).expect("removed");
    }

    #[test]
    fn what_cannot_be_viewed_is_status_2_and_leaves_nothing() {
        let whole = contrary(SEEN, "single_token", "holds");
        let directory = with_files(
            "not_viewed",
            &[("cut.jsonl", "{\"format\":\"jeton-trace\",\"version\":2}\n"), ("odd.toml", &whole[1..])],
        );
        let path = |name: &str| directory.join(name).to_string_lossy().into_owned();
        let says = |input: &str, output: &str, more: &[&str], what: &str| {
            let ran = jeton(&[&["view", input, "-o", output], more].concat()).exits(2);
            assert!(ran.stderr.contains(what), "{}", ran.stderr);
            assert!(!Path::new(output).exists() || output == "scenarios");
        };
        says(SEEN, &path("a.pdf"), &[], "expected one of .html, .svg, .txt, .mmd, .shiviz, .json");
        says(SEEN, "scenarios", &["--format", "svg"], "it is a directory");
        says(&path("none.toml"), &path("a.svg"), &[], "cannot be read");
        says(&path("cut.jsonl"), &path("a.svg"), &[], "line 1");
        says(&path("odd.toml"), &path("a.svg"), &[], "odd.toml:1");
        says(KEPT, &path("a.svg"), &["--seed", "3"], "a schedule is one run, and has no other seed");
        let ran = jeton(&["view", SEEN]).exits(2);
        assert!(ran.stderr.contains("or `--open` for the browser"), "{}", ran.stderr);
        fs::remove_dir_all(directory).expect("removed");
    }

    /// Runs `jeton` with a browser that only writes down what it is to open, or with none.
    #[cfg(target_os = "linux")]
    fn with_browser(directory: &Path, arguments: &[&str], browser: bool) -> (i32, String, Option<String>) {
        use std::os::unix::fs::PermissionsExt;

        let programs = directory.join("programs");
        fs::create_dir_all(&programs).expect("created");
        let (program, opened) = (programs.join("xdg-open"), directory.join("opened"));
        if browser {
            fs::write(&program, format!("#!/bin/sh\nprintf %s \"$1\" >{0}.new && mv {0}.new {0}\n", opened.display()))
                .expect("written");
            fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("executable");
        }
        let path =
            if browser { format!("{}:/usr/bin:/bin", programs.display()) } else { programs.display().to_string() };
        let ran = Command::new(env!("CARGO_BIN_EXE_jeton"))
            .args(arguments)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .env("PATH", path)
            .env("TMPDIR", directory)
            .output()
            .expect("it runs");
        // The browser goes its own way.
        let waits = if browser { 100 } else { 0 };
        let page = (0..waits).find_map(|_| {
            std::thread::sleep(std::time::Duration::from_millis(50));
            fs::read_to_string(&opened).ok()
        });
        let _ = fs::remove_file(&opened);
        (ran.status.code().expect("no signal"), String::from_utf8(ran.stderr).expect("text"), page)
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn what_is_found_is_opened_where_there_is_a_browser_and_named_where_there_is_none() {
        let directory = with_files("opened", &[]);
        let page_of = |place: &str| fs::read_to_string(place).expect("a page");
        for (arguments, status) in [
            (&["view", SEEN, "--strategy", "random", "--seed", "29", "--open"][..], 0),
            (&["run", SEEN, "--strategy", "random", "--seed", "29", "--open"], 0),
            (&["replay", KEPT, "--open"], 0),
            (&["explore", SEEN, "--open"], 0),
        ] {
            let (found, _, page) = with_browser(&directory, arguments, true);
            assert_eq!(found, status, "{arguments:?}");
            let page = page_of(&page.unwrap_or_else(|| panic!("nothing is opened: {arguments:?}")));
            assert!(page.contains("single_token violated"), "{arguments:?}");
        }
        let campaign = directory.join("campaign").to_string_lossy().into_owned();
        let arguments = ["explore", SEEN, "--schedules", "30", "--minimise", "0", "--out", &campaign, "--open"];
        let (_, said, page) = with_browser(&directory, &arguments, true);
        assert_eq!(page, Some(format!("{campaign}/report.html")), "{said}");
        assert!(page_of(&format!("{campaign}/report.html")).contains("<h1>Campaign</h1>"));
        fs::remove_dir_all(directory.join("programs")).expect("removed");
        let (found, said, _) =
            with_browser(&directory, &["run", SEEN, "--strategy", "random", "--seed", "29", "--open"], false);
        assert_eq!(found, 0, "{said}");
        let place = said.trim_end().rsplit("the page is ").next().expect("it is named");
        assert!(page_of(place).contains("single_token violated"), "{said}");
        fs::remove_dir_all(directory).expect("removed");
    }
}

#[test]
fn schema_is_json() {
    let ran = jeton(&["schema"]).exits(0);
    let schema: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
}
