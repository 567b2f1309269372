//! Campaigns: killed, gone on with, done in parts and joined, they come to the same report.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::scenario::directory;
use crate::viewer::browser::Page;

const HOLDS: &str = "scenarios/query_ring_one_crash.toml";
const VIOLATED: &str = "scenarios/query_ring_lossy_channels.toml";
const OFTEN_VIOLATED: &str = "scenarios/neighbour_ring_without_refuse_old_hops.toml";
const MORE_FORMS: &str = "scenarios/durable_without_steps.toml";

/// What may say which part of a campaign a process does.
const VARIABLES: [&str; 9] = [
    "JETON_SCHEDULES",
    "JETON_SEED",
    "JETON_SHARDS",
    "JOB_COMPLETION_INDEX",
    "SLURM_ARRAY_TASK_ID",
    "SLURM_ARRAY_TASK_COUNT",
    "SLURM_ARRAY_TASK_MIN",
    "SLURM_ARRAY_TASK_MAX",
    "SLURM_ARRAY_TASK_STEP",
];

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_jeton"));
    command.args(arguments).current_dir(env!("CARGO_MANIFEST_DIR"));
    for variable in VARIABLES {
        command.env_remove(variable);
    }
    command
}

/// Exit status, stdout and stderr.
fn ran(mut command: Command) -> (i32, String, String) {
    let output = command.output().expect("it runs");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    (output.status.code().expect("no signal"), text(output.stdout), text(output.stderr))
}

#[track_caller]
fn succeeds(arguments: &[&str]) -> (String, String) {
    let (status, stdout, stderr) = ran(command(arguments));
    assert_eq!(status, 0, "{stdout}\n{stderr}");
    (stdout, stderr)
}

#[track_caller]
fn is_refused(arguments: &[&str], why: &str) {
    let (status, stdout, stderr) = ran(command(arguments));
    assert_eq!((status, stdout.as_str()), (2, ""), "{stderr}");
    assert!(stderr.contains(why), "{why}: {stderr}");
}

/// A place for campaigns that goes away with the test.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        Self(directory(&format!("campaign-{name}")))
    }

    fn at(&self, name: &str) -> String {
        self.0.join(name).to_string_lossy().into_owned()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The report, the schedules and the views of a campaign, by the names of their files.
fn result(directory: &str) -> BTreeMap<String, String> {
    let directory = Path::new(directory);
    let schedules = fs::read_dir(directory.join("schedules")).expect("schedules");
    let mut files: Vec<PathBuf> = schedules.map(|entry| entry.expect("a file").path()).collect();
    files.extend(["report.txt", "report.jsonl", "report.html"].map(|name| directory.join(name)));
    let name = |path: &PathBuf| path.strip_prefix(directory).expect("within").to_string_lossy().into_owned();
    files.iter().map(|path| (name(path), fs::read_to_string(path).expect("text"))).collect()
}

fn objects(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("an object a line")).collect()
}

/// How often each chunk of each scenario is in the journal.
fn chunks(directory: &str) -> BTreeMap<(u64, u64), u32> {
    let journal = fs::read_to_string(Path::new(directory).join("journal")).expect("a journal");
    let mut chunks = BTreeMap::new();
    for line in journal.lines() {
        let (_, entry) = line.split_once(' ').expect("a checksum");
        let entry: Value = serde_json::from_str(entry).expect("an entry");
        if let Some(chunk) = entry["step"]["chunk"]["chunk"].as_u64() {
            *chunks.entry((entry["scenario"].as_u64().expect("a scenario"), chunk)).or_default() += 1;
        }
    }
    chunks
}

/// Numbers for when to kill: a linear congruential generator is good enough for that.
struct Moments(u64);

impl Moments {
    fn within(&mut self, longest: Duration) -> Duration {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        longest * (self.0 >> 40) as u32 / (1 << 24)
    }
}

fn begin(arguments: &[&str]) -> Child {
    command(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it runs")
}

#[test]
fn killed_two_hundred_times_it_comes_to_the_same_report() {
    let place = Place::new("killed");
    let whole = place.at("whole");
    let scenarios = [HOLDS, "scenarios/query_ring_unordered_channels.toml", OFTEN_VIOLATED];
    let options = [&["explore"], &scenarios[..], &["--schedules", "150", "--minimise", "3", "--out"]].concat();
    let started = Instant::now();
    succeeds(&[&options[..], &[&whole]].concat());
    let usual = started.elapsed() / 4;
    let (expected, expected_chunks) = (result(&whole), chunks(&whole));
    assert!(expected.len() > 3, "schedules are among it: {:?}", expected.keys());

    let (mut moments, mut kills, mut campaigns) = (Moments(1), 0, 0);
    while kills < 200 {
        let directory = place.at(&campaigns.to_string());
        let arguments = [&options[..], &[&directory]].concat();
        let kept = || fs::metadata(Path::new(&directory).join("journal")).map_or(0, |journal| journal.len());
        let mut longest = usual;
        loop {
            let before = kept();
            let mut child = begin(&arguments);
            sleep(moments.within(longest));
            child.kill().expect("killed, or gone already");
            let status = child.wait().expect("gone");
            if status.code().is_some() {
                assert_eq!(status.code(), Some(0));
                break;
            }
            kills += 1;
            // A machine that has become slow must get a step done now and then.
            longest = if kept() > before { usual } else { longest.mul_f64(1.2) };
        }
        assert_eq!(result(&directory), expected, "after {kills} kills");
        let chunks = chunks(&directory);
        assert!(chunks.values().all(|times| *times == 1), "{chunks:?}");
        assert_eq!(chunks, expected_chunks);
        campaigns += 1;
    }
    println!("{kills} kills of {campaigns} campaigns");
    assert!(kills > campaigns, "most campaigns were killed");
}

#[test]
fn its_parts_are_joined_into_the_report_of_one_run() {
    let place = Place::new("parts");
    let options = ["explore", HOLDS, VIOLATED, MORE_FORMS, "--schedules", "500", "--minimise", "6"];
    let whole = place.at("whole");
    let (report, _) = succeeds(&[&options[..], &["--jobs", "1", "--out", &whole]].concat());
    for count in [1, 2, 5] {
        let directory = |index: u64| place.at(&format!("{index}-of-{count}"));
        for index in 1..=count {
            let (shard, directory) = (format!("{index}/{count}"), directory(index));
            let part = [&options[..], &["--jobs", "2", "--shard", &shard, "--out", &directory]].concat();
            let (report, _) = succeeds(&part);
            assert_eq!(report.contains(&format!("; part {shard}: ")), count > 1, "{report}");
        }
        let parts: Vec<String> = (1..=count).rev().map(directory).collect();
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let (joined, notes) = succeeds(&[&["merge"], &parts[..]].concat());
        assert!(notes.starts_with("note: with `--out DIR` "), "{notes}");
        assert_eq!(joined, fs::read_to_string(place.0.join("whole/report.txt")).expect("a report"));
        let merged = place.at(&format!("merged-{count}"));
        for _ in 0..2 {
            let (joined, _) = succeeds(&[&["merge"], &parts[..], &["--out", &merged]].concat());
            assert_eq!(joined, report.replace(&whole, &merged));
            assert_eq!(result(&merged), result(&whole));
        }
        let (json, _) = succeeds(&[&["merge", "--json"], &parts[..]].concat());
        assert_eq!(json, fs::read_to_string(place.0.join("whole/report.jsonl")).expect("a report"));
    }
}

#[test]
fn the_report_counts_failures_and_each_schedule_it_names_replays() {
    let place = Place::new("report");
    let options = ["--schedules", "400", "--minimise", "5", "--out"];
    let out = place.at("one");
    let (text, _) = succeeds(&[&["explore", HOLDS, VIOLATED], &options[..], &[&out]].concat());
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "strategy auto, seeds from 0");
    assert!(
        lines[3].starts_with("query_ring_one_crash       holds                          400          0 "),
        "{text}"
    );
    assert!(lines[4].starts_with("    seen: holder_crashed "), "{text}");
    assert!(text.contains("  violated, as expected  "), "{text}");
    assert!(
        text.contains(" failing schedules, the first 5 made small: 1 distinct form\n        5× with 1 loss, "),
        "{text}"
    );
    let end = format!("\n2 scenarios: 2 as expected, 0 not\n\nas a page: {out}/report.html\n");
    assert!(text.ends_with(&end), "{text}");
    let named: Vec<&str> =
        lines.iter().filter_map(|line| line.split_once("cargo jeton replay ")).map(|(_, path)| path).collect();
    assert!(!named.is_empty() && 2 * named.len() + 3 == result(&out).len(), "{text}");
    for path in named {
        succeeds(&["replay", path.strip_suffix(" --diagram").expect("how to see it")]);
    }
    let (json, notes) = succeeds(&[&["explore", "--json", HOLDS, VIOLATED], &options[..], &[&out]].concat());
    assert!(notes.ends_with("800 of 800 schedules are done already\n"), "{notes}");
    let objects = objects(&json);
    let failures = &objects[1]["failures"][0];
    assert_eq!((&failures["property"], &failures["minimised"]), (&"fresh_replica".into(), &5.into()));
    assert!(failures["schedules"].as_u64() > Some(5) && failures["forms"][0]["decisions"].as_u64() < Some(10));
    assert_eq!((&objects[0]["failures"], &objects[0]["met"]), (&Value::Array(vec![]), &true.into()));
    assert!(objects.iter().all(|object| object.get("seconds").is_none()), "it has no timings");

    // It agrees with an exploration that keeps nothing, as far as that goes.
    let (plain, _) = succeeds(&["explore", "--json", HOLDS, VIOLATED, "--schedules", "400"]);
    for (object, plain) in objects.iter().zip(self::objects(&plain)) {
        assert_eq!((&object["seed"], &object["found_within"]), (&plain["seed"], &plain["found_within"]));
        if object["failures"] == Value::Array(vec![]) {
            for key in ["schedules", "events", "messages", "entries", "overtakes", "sometimes"] {
                assert_eq!(object[key], plain[key], "{key}");
            }
        }
    }
}

/// Each address that a page links to, as it is written there.
fn links(page: &str) -> Vec<&str> {
    page.split(" href=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

#[test]
fn its_page_leads_to_the_view_of_each_failure() {
    let place = Place::new("page");
    let out = place.at("one");
    let options = ["explore", HOLDS, VIOLATED, MORE_FORMS, "--schedules", "300", "--minimise", "4", "--out", &out];
    succeeds(&options);
    let page = fs::read_to_string(place.0.join("one/report.html")).expect("a page");
    let mut views = 0;
    for link in links(&page) {
        if let Some(anchor) = link.strip_prefix('#') {
            assert!(page.contains(&format!(" id=\"{anchor}\"")), "{link}");
        } else if link != "data:," {
            let file = fs::read_to_string(place.0.join("one").join(link)).unwrap_or_else(|_| panic!("no {link}"));
            if Path::new(link).extension().is_some_and(|extension| extension == "html") {
                assert!(file.starts_with("<!doctype html>"), "{link}");
                views += 1;
            }
        }
    }
    let objects = objects(&fs::read_to_string(place.0.join("one/report.jsonl")).expect("a report"));
    let failures = objects.iter().flat_map(|object| object["failures"].as_array().expect("failures"));
    let forms: Vec<&Value> = failures.flat_map(|failure| failure["forms"].as_array().expect("forms")).collect();
    assert_eq!(views, forms.len());
    for form in forms {
        let explanation = form["violation"]["explanation"].as_str().expect("an explanation");
        assert!(page.contains(explanation) && page.contains(form["view"].as_str().expect("a view")), "{form}");
    }

    let Some(mut browser) = Page::open(&place.0.join("one/report.html"), (1300, 900)) else { return };
    let shown = |browser: &mut Page| browser.evaluate("+document.body.dataset.shown").as_u64();
    assert_eq!(shown(&mut browser), Some(3));
    browser.evaluate("document.querySelector('[value=failing]').click()");
    assert_eq!(shown(&mut browser), Some(2));
    let find = "(() => { const find = document.querySelector('#find'); find.value = 'durable'; \
                find.dispatchEvent(new Event('input', { bubbles: true })); })()";
    browser.evaluate(find);
    assert_eq!(shown(&mut browser), Some(1));
    let paper = |browser: &mut Page| browser.evaluate("getComputedStyle(document.body).backgroundColor");
    browser.prefer("dark", "screen");
    let dark = paper(&mut browser);
    browser.prefer("light", "screen");
    assert_ne!(paper(&mut browser), dark);
    browser.resize(390, 780);
    assert_eq!(browser.evaluate("document.documentElement.scrollWidth"), Value::from(390), "nothing sticks out");
    browser.prefer("light", "print");
    assert_eq!(browser.evaluate("getComputedStyle(document.querySelector('nav')).display"), Value::from("none"));
    assert_eq!(browser.trouble(), [""; 0]);
    browser.evaluate("document.querySelector('main a[href$=\".html\"]').click()");
    browser.wait_for("document.readyState === 'complete' && document.querySelector('#ending') !== null");
    let told = browser.evaluate("document.querySelector('#ending').textContent");
    assert!(told.as_str().is_some_and(|told| told.contains(" violated at tick ")), "{told}");
    assert_eq!(browser.trouble(), [""; 0]);
}

#[test]
fn what_a_system_stands_on_is_on_the_page_and_joined_too() {
    let place = Place::new("stands");
    let options = ["explore", VIOLATED, "--schedules", "33", "--minimise", "0", "--assumptions", "--out"];
    let whole = place.at("whole");
    let (text, _) = succeeds(&[&options[..], &[&whole]].concat());
    assert!(
        text.contains("\nquery_ring, 33 schedules of each\n  baseline                        all 6 hold\n"),
        "{text}"
    );
    assert!(text.contains("\n  messages duplicated             violated: "), "{text}");
    let parts = [place.at("one"), place.at("two")];
    for (part, shard) in parts.iter().zip(["1/2", "2/2"]) {
        succeeds(&[&options[..], &[part, "--shard", shard]].concat());
    }
    let joined = place.at("joined");
    succeeds(&["merge", &parts[0], &parts[1], "--out", &joined]);
    assert_eq!(result(&joined), result(&whole));
    let page = &result(&whole)["report.html"];
    assert!(page.contains("<caption>query_ring, 33 schedules of each</caption>"));
    assert!(page.contains("✓ held") && page.contains("✗ violated, seed "));
    is_refused(&["explore", VIOLATED, "--schedules", "33", "--minimise", "0", "--out", &whole], "with `--assumptions`");
    is_refused(&["explore", VIOLATED, "--assumptions"], "--out");
}

#[test]
fn a_campaign_is_gone_on_with_only_as_it_was_begun() {
    let place = Place::new("as-begun");
    let scenario = place.at("mine.toml");
    fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join(HOLDS), &scenario).expect("copied");
    let out = place.at("out");
    let explore = |more: &[&str]| -> Vec<String> {
        let options = [&["explore", &scenario, "--out", &out], more].concat();
        options.into_iter().map(str::to_owned).collect()
    };
    let refused = |more: &[&str], why: &str| {
        let arguments = explore(more);
        is_refused(&arguments.iter().map(String::as_str).collect::<Vec<_>>(), why);
    };
    let same: &[&str] = &["--schedules", "50"];
    let arguments = explore(same);
    let (report, _) = succeeds(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    refused(&["--schedules", "51"], "mine had 50 schedules and has 51");
    refused(&["--schedules", "50", "--first-seed", "1"], "the first seed was 0 and is 1");
    refused(&["--schedules", "50", "--strategy", "pct"], "the strategy was auto and is pct");
    refused(&["--schedules", "50", "--shard", "1/2"], "the shard was 1/1 and is 1/2");
    refused(&["--schedules", "50", "--minimise", "3"], "`--minimise` was 20 and is 3");
    refused(&["--schedules", "50", VIOLATED], "the scenarios were mine");
    refused(&["--schedules", "50", &scenario], "two scenarios are called mine");
    refused(&["--schedules", "50", "--first-seed", "18446744073709551600"], "are too many");
    let source = fs::read_to_string(&scenario).expect("text");
    fs::write(&scenario, format!("{source}\n# changed")).expect("written");
    refused(same, "the text of mine is another one");
    fs::write(&scenario, source).expect("written");

    let manifest = place.0.join("out").join("campaign.json");
    let text = fs::read_to_string(&manifest).expect("a manifest");
    let version = format!("\"jeton\": \"{}\"", env!("CARGO_PKG_VERSION"));
    fs::write(&manifest, text.replace(&version, "\"jeton\": \"0.0.9\"")).expect("written");
    refused(same, "a campaign of jeton 0.0.9");
    let run = text.find("\"first_run\": \"").expect("a fingerprint") + "\"first_run\": \"".len();
    fs::write(&manifest, format!("{}{}{}", &text[..run], "0".repeat(64), &text[run + 64..])).expect("written");
    refused(same, "this jeton runs mine otherwise");
    fs::write(&manifest, "{}").expect("written");
    refused(same, "no campaign");
    fs::write(&manifest, text).expect("written");
    let (again, _) = succeeds(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(again, report);
    is_refused(&["explore", HOLDS, "--out", &place.at("")], "no campaign is in it, but `mine.toml` is");
    is_refused(&["explore", HOLDS, "--shard", "1/2"], "--out");
}

#[test]
fn a_torn_journal_is_mended() {
    let place = Place::new("torn");
    let out = place.at("out");
    let options = ["explore", VIOLATED, "--schedules", "200", "--minimise", "3", "--out", &out];
    let (report, _) = succeeds(&options);
    let journal = place.0.join("out").join("journal");
    let bytes = fs::read(&journal).expect("a journal");
    for length in [0, 1, bytes.len() / 3, bytes.len() / 2, bytes.len() - 1] {
        let mut torn = bytes[..length].to_vec();
        // What a power cut may leave where the end of a file was to be.
        torn.extend([0; 100]);
        fs::write(&journal, torn).expect("written");
        let (again, notes) = succeeds(&options);
        assert_eq!(again, report);
        assert!(notes.contains("bytes are torn and do not count"), "{notes}");
        let times = chunks(&out);
        assert!(times.len() == 13 && times.values().all(|times| *times == 1), "{times:?}");
    }
}

#[test]
fn parts_that_make_no_whole_are_refused() {
    let place = Place::new("no-whole");
    let part = |name: &str, shard: &str, schedules: &str| {
        let out = place.at(name);
        succeeds(&["explore", HOLDS, "--schedules", schedules, "--shard", shard, "--out", &out]);
        out
    };
    let (one, two) = (part("one", "1/3", "60"), part("two", "2/3", "60"));
    let (other, fewer) = (part("other", "3/3", "61"), part("fewer", "2/2", "60"));
    is_refused(&["merge", &one, &two], "part 3/3 is missing");
    is_refused(&["merge", &one, &two, &one], "it is part 1/3, and so is");
    is_refused(&["merge", &one, &two, &other], "query_ring_one_crash had 60 schedules and has 61");
    is_refused(&["merge", &one, &fewer], "it is part 2/2, but");
    is_refused(&["merge", &one, "scenarios"], "scenarios: no campaign is in it");
    let three = part("three", "3/3", "60");
    succeeds(&["merge", &one, &two, &three]);
    let journal = place.0.join("two").join("journal");
    fs::write(&journal, "").expect("written");
    is_refused(&["merge", &one, &two, &three], "part 2/3 is not done: 1 of its 1 chunks of schedules are missing");
}

#[test]
fn one_process_at_a_time_works_in_a_directory() {
    let place = Place::new("locked");
    let out = place.at("out");
    let options = ["explore", HOLDS, "--schedules", "1000000", "--out", &out];
    let mut first = begin(&options);
    let journal = place.0.join("out").join("journal");
    let deadline = Instant::now() + Duration::from_secs(60);
    while fs::metadata(&journal).map_or(0, |journal| journal.len()) == 0 {
        assert!(Instant::now() < deadline, "it does not begin");
        sleep(Duration::from_millis(5));
    }
    let told = format!("another jeton works in it, process {}", first.id());
    is_refused(&options, &told);
    is_refused(&["merge", &out], &told);
    first.kill().expect("killed");
    first.wait().expect("gone");
    is_refused(&["merge", &out], "chunks of schedules are missing");
}

#[test]
fn a_cluster_says_which_part_it_is() {
    let place = Place::new("cluster");
    let explore = |name: &str, variables: &[(&str, &str)]| {
        let mut command = command(&["explore", VIOLATED, "--schedules", "50", "--json", "--out", &place.at(name)]);
        command.envs(variables.iter().copied());
        ran(command)
    };
    let shard = |told: &str| objects(told)[0]["shard"].as_str().map(str::to_owned);
    let slurm = [
        ("SLURM_ARRAY_TASK_ID", "3"),
        ("SLURM_ARRAY_TASK_COUNT", "3"),
        ("SLURM_ARRAY_TASK_MIN", "1"),
        ("SLURM_ARRAY_TASK_MAX", "3"),
        ("SLURM_ARRAY_TASK_STEP", "1"),
    ];
    assert_eq!(shard(&explore("slurm", &slurm).1).as_deref(), Some("3/3"));
    let kubernetes = [("JOB_COMPLETION_INDEX", "0"), ("JETON_SHARDS", "2")];
    assert_eq!(shard(&explore("kubernetes", &kubernetes).1).as_deref(), Some("1/2"));
    let (status, _, stderr) = explore("uncounted", &kubernetes[..1]);
    assert!(status == 2 && stderr.contains("JETON_SHARDS is not"), "{stderr}");
}

#[test]
fn a_part_does_not_judge_what_it_cannot_know() {
    let place = Place::new("open");
    let rare = "scenarios/durable_without_incarnations.toml";
    let out = place.at("out");
    // No schedule of this part shows the violation, and the last part has no schedule at all.
    let options = ["explore", rare, HOLDS, "--schedules", "20", "--json", "--out", &out];
    let (json, _) = succeeds(&[&options[..], &["--shard", "3/3"]].concat());
    for object in objects(&json) {
        assert_eq!((&object["schedules"], &object["met"]), (&0.into(), &Value::Null));
    }
    let text = fs::read_to_string(place.0.join("out/report.txt")).expect("a report");
    assert!(!text.contains("holds") && text.contains("  open  "), "{text}");
}
