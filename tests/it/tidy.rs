//! The house rules that no other tool checks, each with a snippet that breaks it.

mod source;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use self::source::Source;

/// What is wrong with a file: the line, or 0 for the whole, and why.
type Complaint = (usize, String);

/// Each folder of `src` and what it may import. Imports go down only; the command line and `lib.rs` are above all.
const LAYERS: &[(&str, &[&str])] = &[
    ("guide", &[]),
    ("model", &[]),
    ("engine", &["model"]),
    ("trace", &["engine", "model"]),
    ("property", &["engine", "model"]),
    ("mutex", &["property", "engine", "model"]),
    ("view", &["mutex", "trace", "engine", "model"]),
    ("explore", &["view", "mutex", "property", "trace", "engine", "model"]),
    ("algorithms", &["mutex", "model"]),
    ("scenario", &["algorithms", "explore", "mutex", "property", "trace", "engine", "model"]),
    ("measure", &["algorithms", "explore", "view", "mutex", "property", "engine", "model"]),
    ("testing", &["scenario", "algorithms", "explore", "view", "mutex", "property", "trace", "engine", "model"]),
];

const ABOVE_ALL: &[&str] = &["src/lib.rs", "src/bin/", "src/cli/"];
const COMMAND_LINE: &[&str] = &["src/bin/", "src/cli/"];
/// And what stands for it in a test.
const FRONT_ENDS: &[&str] = &["src/bin/", "src/cli/", "src/explore/check.rs"];

/// What may make a run differ from the last, or between machines; where it is harmless; and why or what instead.
type Hazard = (&'static str, &'static [&'static str], &'static str);

const HAZARDOUS_NAMES: &[Hazard] = &[
    ("HashMap", &[], "its order is not determined: BTreeMap or Vec"),
    ("HashSet", &[], "its order is not determined: BTreeSet or Vec"),
    ("RandomState", &[], "it is another one in each run"),
    ("Instant", COMMAND_LINE, "nothing but the command line reads a clock"),
    ("SystemTime", COMMAND_LINE, "nothing but the command line reads a clock"),
    ("thread_rng", &[], "chance comes through `engine::decision` alone"),
];

const HAZARDOUS_PATHS: &[Hazard] = &[
    ("std::env", FRONT_ENDS, "nothing but the command line and `check` reads the environment"),
    (
        "std::thread",
        &["src/explore/", "src/measure/", "src/bin/", "src/cli/"],
        "only explorations and sweeps have threads",
    ),
    // The bare loops of the benches have no engine to ask.
    ("rand", &["src/engine/rng.rs", "benches/workloads/bare.rs"], "chance comes through `engine::rng` alone"),
    ("rand_chacha", &["src/engine/rng.rs", "benches/workloads/bare.rs"], "chance comes through `engine::rng` alone"),
];

const WITHOUT_FLOATS: &[&str] = &["src/engine/", "src/model/", "src/mutex/", "src/algorithms/"];

const LINES_MAX: usize = 500;
const TEST_LINES_MAX: usize = 600;
const COLUMNS_MAX: usize = 120;

fn is_in(path: &str, places: &[&str]) -> bool {
    places.iter().any(|place| path == *place || place.ends_with('/') && path.starts_with(place))
}

fn imports_go_down_only(file: &Source) -> Vec<Complaint> {
    if !is_in(&file.path, &["src/"]) || is_in(&file.path, ABOVE_ALL) {
        return Vec::new();
    }
    let module = file.module();
    let own = module.first().map_or("", String::as_str);
    let Some((_, below)) = LAYERS.iter().find(|(layer, _)| *layer == own) else {
        return vec![(0, format!("`{own}` is none of the layers: give it a place among them"))];
    };
    let mut complaints = Vec::new();
    for (line, path) in file.paths_in_crate() {
        let target = path.first().map_or("*", String::as_str);
        if LAYERS.iter().all(|(layer, _)| *layer != target) {
            complaints.push((line, format!("`crate::{target}` is no layer: name it by the module it lives in")));
        } else if target != own && !below.contains(&target) {
            let allowed = if below.is_empty() { "nothing of the crate".to_owned() } else { below.join(", ") };
            complaints.push((line, format!("`{own}` imports `{target}`; it may import {allowed}")));
        }
    }
    complaints
}

fn runs_are_deterministic(file: &Source) -> Vec<Complaint> {
    if !is_in(&file.path, &["src/"]) {
        return Vec::new();
    }
    let is_harmful = |(_, harmless, _): &&Hazard| !is_in(&file.path, harmless);
    let mut complaints = Vec::new();
    for (name, _, why) in HAZARDOUS_NAMES.iter().filter(is_harmful) {
        let named = file.tokens.iter().filter(|token| token.text == *name);
        complaints.extend(named.map(|token| (token.line, format!("`{name}`: {why}"))));
    }
    let paths = file.paths();
    for (path, _, why) in HAZARDOUS_PATHS.iter().filter(is_harmful) {
        let segments: Vec<&str> = path.split("::").collect();
        let named = paths.iter().filter(|named| named.starts_with(&segments));
        complaints.extend(named.map(|named| (named.line, format!("`{path}`: {why}"))));
    }
    complaints
}

fn the_engine_has_no_floats(file: &Source) -> Vec<Complaint> {
    if !is_in(&file.path, WITHOUT_FLOATS) {
        return Vec::new();
    }
    let is_float = |text: &str| {
        let is_number = text.starts_with(|c: char| c.is_ascii_digit());
        text == "f32"
            || text == "f64"
            || is_number && (text.contains('.') || text.ends_with("f32") || text.ends_with("f64"))
    };
    let floats = file.tokens.iter().filter(|token| is_float(&token.text));
    floats
        .map(|token| {
            (token.line, format!("`{}`: machines differ in floating point: integers, or ratios of them", token.text))
        })
        .collect()
}

fn nothing_is_left_unfinished(file: &Source) -> Vec<Complaint> {
    let prints_freely = !is_in(&file.path, &["src/"]) || is_in(&file.path, FRONT_ENDS);
    let mut complaints = Vec::new();
    for pair in file.tokens.windows(2) {
        let name = format!("{}{}", pair[0].text, pair[1].text);
        match name.as_str() {
            "todo!" | "unimplemented!" | "dbg!" | "[ignore" => {
                complaints.push((pair[0].line, format!("`{name}` is for work in progress")));
            }
            "println!" | "print!" | "eprintln!" | "eprint!" if !prints_freely => {
                complaints.push((pair[0].line, format!("`{name}`: nothing but the command line and `check` prints")));
            }
            _ => {}
        }
    }
    complaints
}

fn files_are_short(file: &Source) -> Vec<Complaint> {
    let mut lines: Vec<usize> = file.tokens.iter().map(|token| token.line).collect();
    lines.dedup();
    let is_test = !file.path.starts_with("src/") || file.path.contains("/tests/") || file.path.ends_with("/tests.rs");
    let most = if is_test { TEST_LINES_MAX } else { LINES_MAX };
    if lines.len() <= most {
        return Vec::new();
    }
    vec![(0, format!("{} lines of code, at most {most}: is it two files?", lines.len()))]
}

fn lines_are_short(file: &Source) -> Vec<Complaint> {
    if !file.is_rust() {
        return Vec::new();
    }
    // The row of a table cannot be broken, nor can what is taken as it is.
    let is_row = |text: &str| text.starts_with("//! |") || text.trim_start().starts_with("/// |");
    let raw: Vec<_> = file.tokens.iter().filter(|token| token.is_raw_string()).collect();
    let is_raw = |line| raw.iter().any(|token| (token.line..=token.last).contains(&line));
    let mut complaints = Vec::new();
    for (line, text) in (1..).zip(file.text.lines()) {
        let columns = text.chars().count();
        if columns > COLUMNS_MAX && !is_row(text) && !is_raw(line) {
            complaints.push((line, format!("{columns} columns, at most {COLUMNS_MAX}")));
        }
    }
    complaints
}

fn paths_of_one_machine_stay_on_it(file: &Source) -> Vec<Complaint> {
    // In two parts, or this file would have them.
    let private = [["/wo", "rk/"], ["/ro", "ot/"], ["/tm", "p/"], ["/ho", "me/"]].map(|parts| parts.concat());
    let mut complaints = Vec::new();
    for (index, line) in file.text.lines().enumerate() {
        for path in private.iter().filter(|path| line.contains(path.as_str())) {
            complaints.push((index + 1, format!("`{path}` is a path of one machine")));
        }
    }
    complaints
}

fn scenarios_are_a_flat_folder_of_toml(file: &Source) -> Vec<Complaint> {
    match file.path.strip_prefix("scenarios/") {
        Some(name) if name.contains('/') || Path::new(name).extension().is_none_or(|extension| extension != "toml") => {
            vec![(0, "scenarios is one flat folder of *.toml, which the command line takes as it is".to_owned())]
        }
        _ => Vec::new(),
    }
}

/// A module says at its top what it is; a small one may leave that to its folder.
fn modules_say_what_they_are(house: &[Source]) -> BTreeMap<&str, Complaint> {
    let says: BTreeMap<&str, bool> =
        house.iter().map(|file| (file.path.as_str(), file.text.starts_with("//!"))).collect();
    let is_told = |path: &str| says.get(path).copied().unwrap_or(false);
    let is_untold = |file: &&Source| {
        let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let modules = folder != "src" && (is_told(&format!("{folder}/mod.rs")) || is_told(&format!("{folder}.rs")));
        // What an example includes is a part of it.
        let folder_says = modules || folder.starts_with("examples/") && is_told(&format!("{folder}/main.rs"));
        file.is_rust() && !is_told(&file.path) && !folder_says
    };
    let complaint = || (1, "it opens without `//!`, and so does the module of its folder".to_owned());
    house.iter().filter(is_untold).map(|file| (file.path.as_str(), complaint())).collect()
}

/// The files that people write, from the root of the project; of what a package leaves out, what there is.
fn house() -> &'static [Source] {
    static HOUSE: OnceLock<Vec<Source>> = OnceLock::new();
    HOUSE.get_or_init(|| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut house = Vec::new();
        collect(root, root, &mut house);
        house.sort_by(|one, other| one.path.cmp(&other.path));
        assert!(house.iter().any(|file| file.path == "src/lib.rs"), "the house was not found");
        house
    })
}

fn collect(root: &Path, folder: &Path, house: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).expect("a folder of the project can be listed") {
        let path = entry.expect("a folder of the project can be listed").path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let is_ours = !name.starts_with('.') || [".ci", ".cargo"].contains(&name);
        if path.is_dir() && is_ours && name != "target" {
            collect(root, &path, house);
        } else if path.is_file() && !["Cargo.lock", ".git"].contains(&name) {
            // What is no text has no rules.
            if let Ok(text) = fs::read_to_string(&path) {
                let inside = path.strip_prefix(root).expect("it is within the project");
                house.push(Source::new(inside.to_string_lossy().replace('\\', "/"), text));
            }
        }
    }
}

#[track_caller]
fn assert_kept(rule: fn(&Source) -> Vec<Complaint>) {
    let told = |file: &Source| rule(file).iter().map(|complaint| show(&file.path, complaint)).collect::<Vec<_>>();
    assert_none(&house().iter().flat_map(told).collect::<Vec<_>>());
}

#[track_caller]
fn assert_none(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

fn show(path: &str, (line, why): &Complaint) -> String {
    if *line == 0 { format!("{path}: {why}") } else { format!("{path}:{line}: {why}") }
}

/// What a rule says of a snippet.
fn says(rule: fn(&Source) -> Vec<Complaint>, path: &str, text: &str) -> Vec<String> {
    let file = Source::new(path, text);
    rule(&file).iter().map(|complaint| show(&file.path, complaint)).collect()
}

mod the_house_keeps_its_rules {
    use super::*;

    #[test]
    fn on_imports() {
        assert_kept(imports_go_down_only);
    }

    #[test]
    fn on_determinism() {
        assert_kept(runs_are_deterministic);
    }

    #[test]
    fn on_floats() {
        assert_kept(the_engine_has_no_floats);
    }

    #[test]
    fn on_unfinished_work() {
        assert_kept(nothing_is_left_unfinished);
    }

    #[test]
    fn on_long_files() {
        assert_kept(files_are_short);
    }

    #[test]
    fn on_long_lines() {
        assert_kept(lines_are_short);
    }

    #[test]
    fn on_private_paths() {
        assert_kept(paths_of_one_machine_stay_on_it);
    }

    #[test]
    fn on_scenarios() {
        assert_kept(scenarios_are_a_flat_folder_of_toml);
    }

    #[test]
    fn on_the_first_line_of_a_module() {
        let complaints = modules_say_what_they_are(house());
        assert_none(&complaints.iter().map(|(path, complaint)| show(path, complaint)).collect::<Vec<_>>());
    }
}

mod a_broken_rule_is_told {
    use super::*;

    #[test]
    fn the_model_imports_nothing_of_the_crate() {
        assert_eq!(
            says(imports_go_down_only, "src/model/time.rs", "use std::fmt;\nuse crate::engine::World;"),
            ["src/model/time.rs:2: `model` imports `engine`; it may import nothing of the crate"]
        );
    }

    #[test]
    fn an_algorithm_imports_the_model_and_the_domain_only() {
        let path = "src/algorithms/ring/mod.rs";
        assert!(says(imports_go_down_only, path, "use crate::{model::Ticks, mutex::DataId};").is_empty());
        assert_eq!(
            says(imports_go_down_only, path, "use crate::{\n    engine::World,\n    model::Ticks,\n};"),
            [format!("{path}:2: `algorithms` imports `engine`; it may import mutex, model")]
        );
        assert_eq!(says(imports_go_down_only, path, "use super::super::trace::Trace;").len(), 1);
        assert_eq!(says(imports_go_down_only, path, "mod tests { fn f() { crate::explore::run() } }").len(), 1);
    }

    #[test]
    fn every_edge_up_is_told_and_none_down() {
        for (place, (layer, below)) in LAYERS.iter().enumerate() {
            for (other, _) in LAYERS {
                let text = format!("use crate::{other}::X;");
                let told = !says(imports_go_down_only, &format!("src/{layer}/x.rs"), &text).is_empty();
                assert_eq!(told, other != layer && !below.contains(other), "{layer} imports {other}");
            }
            let lower: Vec<_> = LAYERS[..place].iter().map(|(lower, _)| *lower).collect();
            assert!(below.iter().all(|one| lower.contains(one)), "{layer} may import what is above it");
        }
    }

    #[test]
    fn the_root_of_the_crate_is_no_place_to_import_from() {
        let told = says(imports_go_down_only, "src/mutex/monitor.rs", "use crate::Ticks;");
        assert_eq!(told, ["src/mutex/monitor.rs:1: `crate::Ticks` is no layer: name it by the module it lives in"]);
    }

    #[test]
    fn a_new_folder_needs_a_place() {
        let told = says(imports_go_down_only, "src/helpers.rs", "");
        assert_eq!(told, ["src/helpers.rs: `helpers` is none of the layers: give it a place among them"]);
    }

    #[test]
    fn what_is_above_all_imports_what_it_wants() {
        assert!(says(imports_go_down_only, "src/lib.rs", "pub use crate::model::Ticks;").is_empty());
        assert!(says(imports_go_down_only, "src/bin/jeton.rs", "use crate::arguments::Arguments;").is_empty());
    }

    #[test]
    fn chance_comes_through_one_file() {
        let text = "use rand_chacha::ChaCha8Rng;\nfn f() { rand::random() }";
        assert_eq!(says(runs_are_deterministic, "src/engine/world.rs", text).len(), 2);
        assert!(says(runs_are_deterministic, "src/engine/rng.rs", text).is_empty());
        assert!(
            says(runs_are_deterministic, "src/engine/world.rs", "let rand = random::rand(); // rand::random")
                .is_empty()
        );
    }

    #[test]
    fn each_hazard_is_told() {
        for hazard in ["HashMap", "HashSet", "RandomState"] {
            for text in [format!("use std::collections::{hazard};"), format!("fn f(x: {hazard}<u8>) {{}}")] {
                assert_eq!(says(runs_are_deterministic, "src/bin/jeton.rs", &text).len(), 1, "{text}");
            }
        }
        for text in
            ["Instant::now()", "use std::time::{Duration, SystemTime};", "use std::{env, fmt};", "std::env::var(x)"]
        {
            assert_eq!(says(runs_are_deterministic, "src/explore/runner.rs", text).len(), 1, "{text}");
            assert!(says(runs_are_deterministic, "src/bin/jeton.rs", text).is_empty(), "{text}");
        }
        assert_eq!(says(runs_are_deterministic, "src/explore/runner.rs", "thread_rng()").len(), 1);
        assert_eq!(says(runs_are_deterministic, "src/engine/world.rs", "std::thread::scope(f)").len(), 1);
        assert!(says(runs_are_deterministic, "src/explore/runner.rs", "std::thread::scope(f)").is_empty());
    }

    #[test]
    fn floats_are_told_by_type_and_by_literal() {
        for text in ["let x: f64;", "x as f32", "let x = 0.5;", "let x = 1f64;"] {
            assert_eq!(says(the_engine_has_no_floats, "src/engine/queue.rs", text).len(), 1, "{text}");
        }
        for text in ["let x = 1..5; pair.0.max(1) // 0.5", "let x = \"0.5\";"] {
            assert!(says(the_engine_has_no_floats, "src/engine/queue.rs", text).is_empty(), "{text}");
        }
        assert!(says(the_engine_has_no_floats, "src/trace/diagram.rs", "let x = 0.5;").is_empty());
    }

    #[test]
    fn unfinished_work_is_told() {
        for text in ["todo!()", "unimplemented!()", "dbg!(x)", "#[ignore]\nfn f() {}", "#[ignore = \"slow\"]"] {
            assert_eq!(says(nothing_is_left_unfinished, "tests/it/main.rs", text).len(), 1, "{text}");
        }
        for text in ["println!()", "print!()", "eprintln!()", "eprint!()"] {
            assert_eq!(says(nothing_is_left_unfinished, "src/engine/world.rs", text).len(), 1, "{text}");
            assert!(says(nothing_is_left_unfinished, "src/bin/jeton.rs", text).is_empty(), "{text}");
        }
        assert!(says(nothing_is_left_unfinished, "src/engine/world.rs", "// todo!()\nlet s = \"dbg!\";").is_empty());
    }

    #[test]
    fn a_long_file_is_told_by_its_lines_of_code() {
        let code = "x();\n".repeat(500);
        let with_comments = format!("{code}\n\n// x\n/* x\n */\n");
        assert!(says(files_are_short, "src/engine/world.rs", &with_comments).is_empty());
        let longer = format!("{code}x();\n");
        assert_eq!(
            says(files_are_short, "src/engine/world.rs", &longer),
            ["src/engine/world.rs: 501 lines of code, at most 500: is it two files?"]
        );
        for path in ["src/engine/world/tests.rs", "src/engine/tests/world.rs", "tests/it/world.rs"] {
            assert!(says(files_are_short, path, &longer).is_empty(), "{path}");
            assert_eq!(says(files_are_short, path, &"x();\n".repeat(601)).len(), 1, "{path}");
        }
    }

    #[test]
    fn a_long_line_is_told() {
        assert!(says(lines_are_short, "src/lib.rs", &"é".repeat(120)).is_empty());
        let told = says(lines_are_short, "src/lib.rs", &format!("// short\n{}", "é".repeat(121)));
        assert_eq!(told, ["src/lib.rs:2: 121 columns, at most 120"]);
        assert!(says(lines_are_short, "README.md", &"é".repeat(121)).is_empty());
        assert!(says(lines_are_short, "src/lib.rs", &format!("//! | {} |", "é".repeat(121))).is_empty());
        assert!(says(lines_are_short, "src/lib.rs", &format!("f(r\"\n{}\");", "é".repeat(121))).is_empty());
        assert_eq!(says(lines_are_short, "src/lib.rs", &format!("f(\"\n{}\");", "é".repeat(121))).len(), 1);
    }

    #[test]
    fn a_path_of_one_machine_is_told_in_code_comments_and_text() {
        for place in ["work", "root", "tmp", "home"] {
            for path in ["src/lib.rs", "README.md", ".ci/run"] {
                let told = says(paths_of_one_machine_stay_on_it, path, &format!("a\n// see /{place}/x"));
                assert_eq!(told, [format!("{path}:2: `/{place}/` is a path of one machine")]);
            }
        }
    }

    #[test]
    fn a_scenario_elsewhere_is_told() {
        assert!(says(scenarios_are_a_flat_folder_of_toml, "scenarios/ring.toml", "").is_empty());
        for path in ["scenarios/more/ring.toml", "scenarios/ring.json"] {
            assert_eq!(says(scenarios_are_a_flat_folder_of_toml, path, "").len(), 1, "{path}");
        }
    }

    #[test]
    fn a_module_that_does_not_say_what_it_is_is_told() {
        let told = |files: &[(&str, &str)]| -> Vec<String> {
            let house: Vec<_> = files.iter().map(|(path, text)| Source::new(*path, *text)).collect();
            modules_say_what_they_are(&house).into_keys().map(str::to_owned).collect()
        };
        assert_eq!(told(&[("src/lib.rs", "//! It."), ("src/a.rs", "use b;")]), ["src/a.rs"]);
        assert_eq!(told(&[("src/a/mod.rs", "mod b;"), ("src/a/b.rs", "")]), ["src/a/b.rs", "src/a/mod.rs"]);
        assert_eq!(told(&[("src/a/mod.rs", "//! It."), ("src/a/b.rs", "")]), [""; 0]);
        assert_eq!(told(&[("src/a/b.rs", "//! It."), ("src/a/b/tests.rs", "")]), [""; 0]);
        assert_eq!(told(&[("README.md", "# It")]), [""; 0]);
    }
}
