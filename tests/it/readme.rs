//! The commands that the README shows: each is run, on a few scenarios and with few schedules. None may find its input
//! at fault. (Its code is a doc test; the examples of clusters are run in `.ci/run`.)

use std::fs;
use std::path::Path;

use crate::command_line::jeton_in;
use crate::scenario::directory;

/// The lines of the blocks that are marked as shell.
fn commands(text: &str) -> Vec<&str> {
    let mut commands = Vec::new();
    let mut is_shell = false;
    for line in text.lines() {
        match line {
            "```sh" => is_shell = true,
            "```" => is_shell = false,
            _ if is_shell => commands.push(line.split(" #").next().unwrap_or_default().trim()),
            _ => {}
        }
    }
    commands
}

/// The same command, so that it takes a moment: `None` if it is none of jeton's.
fn cheaply(command: &str) -> Option<Vec<String>> {
    let mut words: Vec<String> = command.strip_prefix("cargo jeton ")?.split(' ').map(str::to_owned).collect();
    if let Some(place) = words.iter().position(|word| word == "--schedules") {
        "5".clone_into(&mut words[place + 1]);
    } else if ["explore", "assumptions"].contains(&&*words[0]) {
        words.extend(["--schedules", "5"].map(str::to_owned));
    }
    if words[0] == "messages" {
        words.extend(["--seeds", "1"].map(str::to_owned));
        if let Some(place) = words.iter().position(|word| word == "--processes") {
            "2..8".clone_into(&mut words[place + 1]);
        }
    }
    if words[0] == "assumptions" {
        words.push("query_ring".to_owned());
    }
    if let Some(place) = words.iter().position(|word| word == "--open") {
        // Nobody is there to look at it.
        words.splice(place.., ["-o", "run.html"].map(str::to_owned));
    }
    Some(words)
}

#[test]
fn every_command_of_the_readme_is_run() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(root.join("README.md")).expect("a README");
    let commands = commands(&readme);
    assert!(commands.len() >= 10, "{commands:?}");

    let place = directory("readme");
    fs::create_dir_all(place.join("scenarios")).expect("created");
    let named = commands.iter().flat_map(|command| command.split(' ')).filter(|word| word.starts_with("scenarios/"));
    for file in named.chain(["scenarios/lamport_sparse.toml"]) {
        fs::copy(root.join(file), place.join(file)).expect("a scenario of the project");
    }
    let mine =
        "about = \"Mine.\"\nexpect = \"holds\"\nprocesses = 2\nworkload.requests = 1\nsystem.name = \"lamport\"\n";
    fs::write(place.join("mine.toml"), mine).expect("written");

    for command in commands {
        let Some(words) = cheaply(command) else { continue };
        // One shard stands for all of them.
        let shard = words.iter().position(|word| word == "--shard");
        let parts = shard.map_or(1..=1, |_| 1..=8);
        if words[0] == "merge" {
            fs::remove_dir_all(place.join("campaign")).expect("an earlier command has made it");
        }
        for part in parts {
            let mut words = words.clone();
            if let Some(shard) = shard {
                words[shard + 1] = format!("{part}/8");
                let out = words.iter().position(|word| word == "--out").expect("where to");
                words[out + 1] = format!("part{part}");
            }
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let ran = jeton_in(&place, &words);
            assert!(ran.status <= 1, "{command}\n{}\n{}", ran.stdout, ran.stderr);
        }
    }
    fs::remove_dir_all(place).expect("removed");
}
