//! A seed made into a file by the command line, and a handler that never returns.

use std::fs;
use std::path::Path;

use jeton::explore::Schedule;

use crate::command_line::{jeton, with_files};
use crate::scenario::directory;

const VIOLATED: &str = "scenarios/query_ring_without_confirm_loss.toml";
/// A seed that shows two tokens there.
const SEED: &str = "13";

fn schedule(path: &Path) -> Schedule {
    fs::read_to_string(path).expect("it is kept").parse().expect("a schedule")
}

#[test]
fn a_seed_is_kept_small_and_replayed() {
    let directory = directory("keep");
    let kept = directory.join("kept.toml");
    let place = kept.to_str().expect("a path");
    let ran = jeton(&["run", VIOLATED, "--seed", SEED, "--keep", place]).exits(0);
    let small = schedule(&kept);
    assert!(small.decisions.len() <= 5 && !small.part.without.is_empty(), "{small}");
    assert_eq!(small.violation.as_ref().map(|violation| &*violation.property), Some("single_token"));
    let text = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    let said = format!(" of {} of 5 processes", 5 - small.part.without.len());
    assert!(text.contains(&said), "{said}: {}", ran.stdout);
    assert!(!text.contains("not known to be 1-minimal"), "{}", ran.stdout);
    assert!(text.ends_with(&format!("to see it: cargo jeton view {place} --open")), "{}", ran.stdout);

    let replayed = jeton(&["replay", place]).exits(0);
    assert!(replayed.stdout.contains("reproduced: the same property at the same event"), "{}", replayed.stdout);
    fs::remove_dir_all(directory).expect("removed");
}

#[test]
fn what_may_be_spent_on_making_it_small_is_kept_to_and_said() {
    let directory = directory("keep_limits");
    let kept = directory.join("kept.toml");
    let place = kept.to_str().expect("a path");
    for limit in [["--keep-runs", "1"], ["--keep-seconds", "0"]] {
        let arguments = [&["run", VIOLATED, "--seed", SEED, "--keep", place][..], &limit].concat();
        let ran = jeton(&arguments).exits(0);
        let text = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains("not known to be 1-minimal"), "{limit:?}: {}", ran.stdout);
        let large = schedule(&kept);
        assert!(large.part.is_whole() && large.decisions.len() > 5, "{limit:?}: {large}");
        jeton(&["replay", place]).exits(0);
        let alone = [&["run", VIOLATED, "--seed", SEED][..], &limit].concat();
        assert!(jeton(&alone).exits(2).stderr.contains("--keep"), "{limit:?}: there is nothing to make small");
    }
    assert!(jeton(&["run", VIOLATED, "--keep", place, "--keep-runs", "0"]).exits(2).stderr.contains("--keep-runs"));
    fs::remove_dir_all(directory).expect("removed");
}

/// Of a run that violates nothing the file is the run.
#[test]
fn a_seed_that_shows_nothing_is_kept_as_it_is() {
    let directory = directory("keep_holds");
    let kept = directory.join("kept.toml");
    let place = kept.to_str().expect("a path");
    jeton(&["run", "scenarios/query_ring_one_crash.toml", "--seed", "3", "--keep", place]).exits(0);
    let whole = schedule(&kept);
    assert!(whole.violation.is_none() && whole.part.is_whole() && whole.decisions.len() > 20, "{whole}");
    jeton(&["replay", place]).exits(0);
    fs::remove_dir_all(directory).expect("removed");
}

/// No handler of a built-in system fails to return, so the binary of the tests can be told that one does.
#[cfg(debug_assertions)]
mod stalled {
    use std::process::Command;

    use super::*;

    /// Runs `jeton` in a directory with a scenario in it, and returns what it says on stderr.
    fn ends(directory: &Path, arguments: &[&str], status: i32) -> String {
        let output = Command::new(env!("CARGO_BIN_EXE_jeton"))
            .args(arguments)
            .args(["--watchdog", "1"])
            .current_dir(directory)
            .output()
            .expect("it runs");
        let text = String::from_utf8(output.stderr).expect("text");
        assert_eq!(output.status.code(), Some(status), "{arguments:?}: {text}");
        text
    }

    #[test]
    fn a_handler_that_never_returns_is_status_1_and_leaves_its_schedule() {
        let source = "about = \"It hangs.\"\nexpect = \"holds\"\nprocesses = 3\nsystem = { name = \"query_ring\" }\n";
        let directory = with_files("stalled", &[("ring.toml", source)]);
        let kept = directory.join("ring.seed-7.toml");
        for command in [
            &["run", "ring.toml", "--seed", "7", "--strategy", "random"][..],
            &["explore", "ring.toml", "--first-seed", "7", "--jobs", "1", "--strategy", "random"],
            &["explore", "ring.toml", "--first-seed", "7", "--strategy", "random", "--out", "campaign"],
        ] {
            let text = ends(&directory, &[command, &["--stalled-at", "20"]].concat(), 1);
            assert!(text.contains("handlers_return violated at tick "), "{text}");
            assert!(text.contains(" has not returned from handling "), "{text}");
            assert!(text.contains("its schedule is in ring.seed-7.toml"), "{text}");
            let hang = schedule(&kept);
            let recorded = hang.violation.as_ref().expect("what it shows");
            assert_eq!((&*recorded.property, recorded.event), ("handlers_return", 20), "{command:?}");
            assert!(hang.scenario.is_some() && !hang.decisions.is_empty(), "{hang}");
            fs::rename(&kept, directory.join("kept.toml")).expect("moved");
        }
        // The file leads to where it hangs, and says so if it no longer does.
        let again = ends(&directory, &["replay", "kept.toml", "--stalled-at", "20"], 0);
        assert!(again.contains("reproduced: handlers_return violated at tick "), "{again}");
        let gone = jeton(&["replay", directory.join("kept.toml").to_str().expect("a path")]).exits(1);
        assert!(gone.stdout.contains("not reproduced: it was handlers_return at tick "), "{}", gone.stdout);
        fs::remove_dir_all(directory).expect("removed");
    }
}
