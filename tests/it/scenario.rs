//! Scenario files: what is read, what is refused and how, and that no text whatever makes the reader or a run panic.

use std::fs;
use std::path::PathBuf;

use jeton::Ticks;
use jeton::algorithms::NAMES;
use jeton::engine::{End, Setup};
use jeton::explore::{Case, Runner};
use jeton::mutex::{Property, System};
use jeton::scenario::{Error, Expectation, Scenario, Visitor};
use proptest::prelude::*;

/// The scenario files of the project, with their texts.
pub(crate) fn files() -> Vec<(String, String)> {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios");
    let mut paths: Vec<PathBuf> =
        fs::read_dir(directory).expect("scenarios").map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    let name = |path: &PathBuf| path.file_name().expect("a name").to_string_lossy().into_owned();
    paths.iter().map(|path| (name(path), fs::read_to_string(path).expect("text"))).collect()
}

/// What is the same in most of the files below.
const HEAD: &str = "about = \"An example.\"\nexpect = \"holds\"\nprocesses = 5\n";
const SYSTEM: &str = "[system]\nname = \"query_ring\"\n";

fn refuse(source: &str) -> Error {
    match Scenario::parse("example.toml", source) {
        Ok(_) => panic!("not refused:\n{source}"),
        Err(error) => error,
    }
}

/// Compares the messages for these, one below the other, with those that were kept under this name.
#[track_caller]
fn assert_refusals(name: &str, sources: &[String]) {
    let messages: Vec<String> = sources.iter().map(|source| refuse(source).to_string()).collect();
    insta::assert_snapshot!(name, messages.join("\n\n"));
}

#[test]
fn every_file_of_the_project_is_read_and_is_named_by_its_stem() {
    let files = files();
    assert!(files.len() >= 8);
    for (file, source) in files {
        let scenario = Scenario::parse(&format!("scenarios/{file}"), &source).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(format!("{}.toml", scenario.name()), file);
        assert!(file.starts_with(scenario.system()), "{file} tells of which system it is");
        assert!(scenario.about().ends_with('.'), "{file}: a sentence has a full stop");
        let warned = scenario.warnings().len();
        assert_eq!(warned, usize::from(file == "query_ring_short_timeout.toml"), "{file}: {:?}", scenario.warnings());
    }
}

#[test]
fn text_that_is_not_toml_is_refused_where_it_ceases_to_be() {
    assert_refusals(
        "not_toml",
        &[
            "about = \"An example".to_owned(),
            format!("{HEAD}patience_ticks = null\n{SYSTEM}"),
            format!("{HEAD}properties = [single_token]\n{SYSTEM}"),
            "expect = holds".to_owned(),
            format!("{HEAD}{HEAD}{SYSTEM}"),
            format!("{HEAD}[system\n"),
            "\u{0}".to_owned(),
        ],
    );
}

#[test]
fn unknown_keys_and_names_come_with_what_was_probably_meant() {
    assert_refusals(
        "unknown",
        &[
            format!("{HEAD}patience_tick = 5\n{SYSTEM}"),
            format!("{HEAD}{SYSTEM}[workload]\nrequest = 5\n"),
            format!("{HEAD}{SYSTEM}rules = {{ cancel_questoin = false }}\n"),
            format!("{HEAD}{SYSTEM}token_timeout = 60\n"),
            format!("{HEAD}properties = [\"single_token\", \"singel_holder\"]\n{SYSTEM}"),
            format!("{}{SYSTEM}", HEAD.replace("holds", "hold")),
            format!("{HEAD}{SYSTEM}[network]\norder = \"lifo\"\n"),
            format!("{HEAD}{SYSTEM}[network]\ndelay_ticks = {{ unifrom = [1, 10] }}\n"),
            format!(
                "{HEAD}{SYSTEM}[[faults.crashes]]\nprocess = 1\n\
                 moment = {{ when = {{ condition = \"in_critical\" }} }}\n"
            ),
            format!("{HEAD}{SYSTEM}[[faults.random]]\nup_to = 1\nconditions = [\"waiting\", \"has_tokn\"]\n"),
        ],
    );
}

#[test]
fn a_system_that_is_not_known_or_not_named_comes_with_those_that_are() {
    let unknown = refuse(&format!("{HEAD}[system]\nname = \"qurey_ring\"\n")).to_string();
    assert!(unknown.starts_with("example.toml:5:8: unknown name \"qurey_ring\" of `system.name`\n"), "{unknown}");
    assert!(unknown.contains(" ^^^^^^^^^^^^ did you mean `query_ring`?\n"), "{unknown}");
    let unnamed = refuse(&format!("{HEAD}[system]\n")).to_string();
    assert!(unnamed.starts_with("example.toml:4:1: the key `name` in `system` is missing\n"), "{unnamed}");
    for name in NAMES {
        assert!(unknown.contains(&format!("`{name}`")) && unnamed.contains(&format!("`{name}`")), "{name}");
    }
}

#[test]
fn a_missing_key_comes_with_what_to_add() {
    assert_refusals(
        "missing",
        &[
            String::new(),
            "about = \"An example.\"".to_owned(),
            HEAD.to_owned(),
            format!("{HEAD}{SYSTEM}[[faults.crashes]]\nprocess = 1\n"),
            format!("{HEAD}{SYSTEM}[[faults.random]]\n"),
        ],
    );
}

#[test]
fn a_value_of_the_wrong_kind_is_shown_with_the_right_one() {
    assert_refusals(
        "mismatch",
        &[
            format!("{HEAD}{SYSTEM}[network]\ndelay_ticks = 5\n"),
            format!("{HEAD}{SYSTEM}[network]\ndelay_ticks = {{ uniform = [1, 5, 10] }}\n"),
            format!("{HEAD}{SYSTEM}[network]\ndelay_ticks = \"constant\"\n"),
            format!("{HEAD}{SYSTEM}[network]\ndelay_ticks = {{ constant = 1, uniform = [1, 2] }}\n"),
            format!("{HEAD}{SYSTEM}[network]\norder = {{ fifo = true }}\n"),
            format!("{HEAD}network = \"fast\"\n{SYSTEM}"),
            format!("{HEAD}{SYSTEM}[faults.random]\nup_to = 1\n"),
            format!("{HEAD}system = \"query_ring\"\n"),
            format!("{HEAD}[system]\nname = 5\n"),
            format!("{HEAD}{SYSTEM}rules = {{ cancel_question = \"no\" }}\n"),
            format!("{HEAD}{SYSTEM}[limits]\nevents = -1\n"),
            format!("{HEAD}{SYSTEM}[limits]\nevents = 99999999999999999999999999\n"),
            format!("{HEAD}{SYSTEM}[limits]\nevents = nan\n"),
            format!("{HEAD}{SYSTEM}[workload]\nrequests = 1.5\n"),
            format!("{HEAD}{SYSTEM}[workload]\nwrite_per_mille = 70000\n"),
        ],
    );
}

#[test]
fn values_that_cannot_be_are_refused_with_the_reason() {
    assert_refusals(
        "impossible",
        &[
            format!("{}{SYSTEM}", HEAD.replace("An example.", "  ")),
            format!("{}{SYSTEM}", HEAD.replace("processes = 5", "processes = 0")),
            format!("{}{SYSTEM}", HEAD.replace("processes = 5", "processes = 4294967295")),
            format!("{HEAD}schedules = 0\n{SYSTEM}"),
            format!("{HEAD}patience_ticks = 0\n{SYSTEM}"),
            format!("{HEAD}{SYSTEM}token_timeout_ticks = 0\n"),
            format!("{HEAD}{SYSTEM}ring_order = [0, 1, 2, 2, 4]\n"),
            format!("{HEAD}{SYSTEM}ring_order = [0, 1, 2]\n"),
            format!("{HEAD}{SYSTEM}[network]\ndelay_ticks = {{ uniform = [10, 1] }}\n"),
            format!("{HEAD}{SYSTEM}[network]\ndelay_ticks = {{ constant = 0 }}\n"),
            format!("{HEAD}{SYSTEM}[[network.links]]\nfrom = 0\nto = 5\ndelay_ticks = {{ constant = 1 }}\n"),
            format!("{HEAD}{SYSTEM}[workload]\nwrite_per_mille = 1001\n"),
            format!("{HEAD}{SYSTEM}[workload]\ndata_ids = 2\n"),
            format!("{HEAD}{SYSTEM}[workload]\nsecond_per_mille = 1\n"),
            format!("{HEAD}{SYSTEM}[limits]\nticks = 9999999999999999\n"),
        ],
    );
}

#[test]
fn what_does_not_fit_together_is_refused_where_it_is_written() {
    assert_refusals(
        "unfitting",
        &[
            format!("{HEAD}{SYSTEM}[[faults.crashes]]\nprocess = 7\nmoment = {{ at_tick = 5 }}\n"),
            format!("{HEAD}{SYSTEM}[[faults.crashes]]\nprocess = 1\nmoment = {{ in_step = {{ step = 0 }} }}\n"),
            format!(
                "{HEAD}{SYSTEM}[[faults.crashes]]\nprocess = 1\nmoment = {{ at_tick = 5 }}\n\n[[faults.crashes]]\n\
             process = 3\nmoment = {{ at_tick = 9 }}\ndown_ticks = {{ constant = 4 }}\n"
            ),
            format!("{HEAD}{SYSTEM}[[faults.random]]\nup_to = 1\ndown_ticks = {{ uniform = [1, 9] }}\n"),
            format!("{HEAD}{SYSTEM}[[faults.random]]\nup_to = 6\n"),
            format!("{HEAD}{SYSTEM}[[faults.random]]\nup_to = 1\namong = [1, 5]\n"),
            format!("{HEAD}properties = [\"single_token\", \"queue_order\"]\n{SYSTEM}"),
            format!("{HEAD}properties = []\n{SYSTEM}"),
            format!("{}{SYSTEM}", HEAD.replace("holds", "queue_order")),
            format!("{}properties = [\"single_token\"]\n{SYSTEM}", HEAD.replace("holds", "single_holder")),
            format!("{HEAD}{SYSTEM}[detector]\nsuspicions = {{ up_to = 1 }}\n"),
        ],
    );
}

#[test]
fn a_file_that_cannot_be_read_or_is_not_text_is_refused() {
    let missing = Scenario::load("no/such/file.toml").expect_err("there is none").to_string();
    assert!(missing.starts_with("no/such/file.toml: cannot be read: "), "{missing}");
    let directory = directory("not_text");
    let path = directory.join("not_text.toml");
    fs::write(&path, b"about = \"\xff\"\n").expect("written");
    let error = Scenario::load(&path).expect_err("it is not text");
    let place = error.place().expect("a place");
    assert_eq!((place.line, place.column), (1, 10));
    assert!(error.to_string().contains("this byte is not UTF-8"), "{error}");
    fs::remove_dir_all(directory).expect("removed");
}

/// A directory of one's own for files to come.
pub(crate) fn directory(name: &str) -> PathBuf {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}_{}", std::process::id()));
    fs::create_dir_all(&directory).expect("created");
    directory
}

/// What a visitor can see of a case, whatever its system.
struct Look;

#[derive(Debug, PartialEq)]
struct Seen {
    system: &'static str,
    properties: Vec<Property>,
    patience: Ticks,
    settle_ticks: u64,
    ticks: u64,
}

impl Visitor for Look {
    type Output = Seen;
    fn visit<S: System>(self, case: Case<S>) -> Seen {
        let Setup { limits, .. } = &*case.setup;
        Seen {
            system: S::NAME,
            properties: case.properties,
            patience: case.patience,
            settle_ticks: case.setup.settle().get(),
            ticks: limits.ticks,
        }
    }
}

fn look(source: &str) -> Seen {
    Scenario::parse("example.toml", source).unwrap_or_else(|error| panic!("{error}")).visit(Look)
}

#[test]
fn what_a_file_leaves_out_is_derived_from_the_rest() {
    let seen = look(&format!("{HEAD}{SYSTEM}"));
    assert_eq!(seen.system, "query_ring");
    assert!(seen.properties.contains(&Property::SingleToken) && seen.properties.len() > 1);
    // (5 processes + 4) × a delay of at most 10, and a latency of at most 30.
    assert_eq!(seen.settle_ticks, 9 * 10 + 30);
    assert!(seen.ticks >= 4 * seen.patience.get(), "each of the 3 requests may take the patience: {seen:?}");
    let slow = look(&format!("{HEAD}{SYSTEM}[network]\ndelay_ticks = {{ constant = 1000000000 }}\n"));
    assert!(slow.patience > seen.patience && slow.ticks >= 4 * slow.patience.get(), "{slow:?}");
    assert_eq!(slow.settle_ticks, 9 * 1_000_000_000 + 30);
}

#[test]
fn a_run_that_ends_before_a_message_has_gone_round_is_warned_of() {
    let warnings = |settle: u64| {
        let source = format!("{HEAD}{SYSTEM}[limits]\nsettle_ticks = {settle}\n");
        Scenario::parse("example.toml", &source).expect("possible").warnings().to_vec()
    };
    assert_eq!(warnings(120), [""; 0]);
    let late = "limits.settle_ticks is 119, and a message may take 120 to go round: what is late may be told";
    assert_eq!(warnings(119), [late]);
}

#[test]
fn what_a_file_says_is_taken_as_it_is() {
    let limits = "[limits]\nsettle_ticks = 7\nticks = 1000\n";
    let seen = look(&format!("{HEAD}properties = [\"single_token\"]\npatience_ticks = 77\n{SYSTEM}{limits}"));
    let expected = Seen {
        system: "query_ring",
        properties: vec![Property::SingleToken],
        patience: Ticks::new(77),
        settle_ticks: 7,
        ticks: 1000,
    };
    assert_eq!(seen, expected);
    let scenario = Scenario::parse("a/b.toml", &format!("{HEAD}{SYSTEM}")).expect("possible");
    assert_eq!((scenario.name(), scenario.path(), scenario.expect()), ("b", "a/b.toml", Expectation::Holds));
    assert_eq!((scenario.processes(), scenario.schedules()), (5, 1000));
}

#[test]
fn what_runs_should_show_depends_on_the_faults() {
    let parse = |source: String| Scenario::parse("example.toml", &source).expect("possible");
    let holder = "holder_crashed".to_owned();
    let without = parse(format!("{HEAD}{SYSTEM}"));
    assert!(without.sometimes().is_empty(), "nothing happens where nothing goes wrong");
    let exact = parse(format!("{HEAD}{SYSTEM}[[faults.crashes]]\nprocess = 1\nmoment = {{ at_tick = 5 }}\n"));
    assert!(!exact.sometimes().is_empty() && !exact.sometimes().contains(&holder));
    let drawn = parse(format!("{HEAD}{SYSTEM}[[faults.random]]\nup_to = 1\n"));
    assert!(drawn.sometimes().contains(&holder));
    let listed = parse(format!("{HEAD}sometimes = [\"alone\"]\n{SYSTEM}[[faults.random]]\nup_to = 1\n"));
    assert_eq!(listed.sometimes(), ["alone"]);
}

#[test]
fn a_scenario_that_expects_no_violation_is_warned_of_what_may_cause_one() {
    let world = "[network]\norder = \"unordered\"\ndelay_ticks = { constant = 100 }\n";
    let warned = |expect| {
        let source = format!("{}{SYSTEM}{world}", HEAD.replace("holds", expect));
        Scenario::parse("example.toml", &source).expect("possible").warnings().to_vec()
    };
    let [order, timeout] = &warned("holds")[..] else { panic!("{:?}", warned("holds")) };
    assert!(order.contains("FIFO") && timeout.contains("token_timeout_ticks"), "{order}\n{timeout}");
    assert_eq!(warned("fresh_replica"), [""; 0]);
}

/// One run, if it is small enough to be worth it in a test.
struct RunOne;

impl Visitor for RunOne {
    type Output = ();
    fn visit<S: System>(self, mut case: Case<S>) {
        let mut setup = (*case.setup).clone();
        if setup.processes > 100 {
            return;
        }
        setup.limits.events = setup.limits.events.min(5_000);
        setup.limits.pending = setup.limits.pending.min(50_000);
        case.setup = setup.into();
        let outcome = Runner::new(&case).expect("what was read can be run").run(1);
        if let End::Violated(violation) = outcome.end {
            assert_ne!(violation.property, "no_panic", "{violation}");
        }
    }
}

/// Reads a text, and runs what comes of it.
fn survive(source: &str) {
    match Scenario::parse("example.toml", source) {
        Ok(scenario) => scenario.visit(RunOne),
        Err(error) => {
            let text = error.to_string();
            let place = error.place().expect("a text has places");
            assert!(text.starts_with(&format!("{place}: ")), "{text}");
            assert!(text.contains('^'), "{text}");
        }
    }
}

/// The texts to be changed: the files of the project, and of each system one with everything that there is.
fn texts() -> Vec<String> {
    let everything = r#"
        about = "Everything there is."
        expect = "holds"
        processes = 4
        patience_ticks = 5000
        schedules = 10
        sometimes = ["pigs_fly"]
        properties = ["single_holder"]
        [workload]
        requests = 2
        think_ticks = { exponential = { min = 1, mean = 10, max = 100 } }
        hold_ticks = { constant = 5 }
        write_per_mille = 300
        disconnect = true
        [network]
        order = "unordered"
        delay_ticks = { uniform = [1, 9] }
        links = [{ from = 0, to = 1, delay_ticks = { constant = 3 } }]
        from_dead = "prefix"
        to_dead = "datagram"
        service_ticks = { uniform = [0, 2] }
        [detector]
        class = "eventually_perfect"
        latency_ticks = { uniform = [0, 9] }
        order = "unordered"
        suspicions = { up_to = 1, within_ticks = 100, length_ticks = { constant = 9 } }
        [faults]
        crashes = [
            { process = 1, moment = { at_tick = 9 } },
            { process = 2, moment = { in_step = { step = 3, after_effects = 1 } } },
            { process = 3, moment = { when = { condition = "waiting", nth = 2 } } },
        ]
        random = [{ up_to = 1, among = [1, 2], within_ticks = 90, within_steps = 9, conditions = ["idle"] }]
        messages = { loss_per_mille = 5, duplicate_per_mille = 5, until_tick = 90 }
        partitions = [{ at_tick = 9, length_ticks = 9, side = [0, 1] }]
        random_partitions = { up_to = 1 }
        pauses = [{ process = 0, at_tick = 9, length_ticks = 9 }]
        random_pauses = { up_to = 1 }
        [limits]
        ticks = 100000
        events = 5000
        pending = 5000
        settle_ticks = 100
    "#;
    let files = files().into_iter().map(|(_, source)| source);
    files.chain(NAMES.iter().map(|name| format!("{everything}[system]\nname = \"{name}\"\n"))).collect()
}

#[test]
fn a_file_can_have_everything_that_there_is() {
    for source in texts() {
        Scenario::parse("example.toml", &source).unwrap_or_else(|error| panic!("{error}")).visit(RunOne);
    }
}

/// A change to a text.
#[derive(Clone, Debug)]
enum Change {
    Truncate,
    Delete,
    Insert(char),
    Replace(char),
    /// The n-th run of letters, digits and `_` becomes another.
    Word(String),
}

fn changes() -> impl Strategy<Value = Change> {
    let telling =
        proptest::sample::select(vec!['"', '=', '[', ']', '{', '}', '.', ',', '\n', '#', '-', '9', '0', 'é', '\u{0}']);
    let character = prop_oneof![telling, any::<char>()];
    let words = [
        "0",
        "1",
        "2",
        "3",
        "7",
        "-1",
        "1000",
        "4294967295",
        "4294967296",
        "18446744073709551615",
        "1e9",
        "0x10",
        "inf",
        "nan",
        "true",
        "false",
        "null",
        "\"\"",
        "\"holds\"",
        "[]",
        "[0]",
        "[1, 2]",
        "{}",
        "{ constant = 1 }",
        "constant",
        "uniform",
        "exponential",
        "faults",
        "workload",
        "up_to",
        "at_tick",
        "1979-05-27",
        "processes",
        "name",
    ];
    let word = proptest::sample::select(words.map(str::to_owned).to_vec());
    prop_oneof![
        Just(Change::Truncate),
        Just(Change::Delete),
        character.clone().prop_map(Change::Insert),
        character.prop_map(Change::Replace),
        word.prop_map(Change::Word),
    ]
}

fn apply(source: &str, change: &Change, place: proptest::sample::Index) -> String {
    if let Change::Word(word) = change {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let starts: Vec<usize> = source
            .char_indices()
            .filter(|&(at, c)| is_word(c) && !source[..at].chars().next_back().is_some_and(is_word))
            .map(|(at, _)| at)
            .collect();
        if starts.is_empty() {
            return source.to_owned();
        }
        let start = starts[place.index(starts.len())];
        let rest = &source[start..];
        let end = rest.find(|c: char| !is_word(c)).unwrap_or(rest.len());
        return format!("{}{word}{}", &source[..start], &rest[end..]);
    }
    let mut characters: Vec<char> = source.chars().collect();
    let at = place.index(characters.len() + 1);
    match change {
        Change::Truncate => characters.truncate(at),
        Change::Insert(c) => characters.insert(at, *c),
        Change::Delete if at < characters.len() => drop(characters.remove(at)),
        Change::Replace(c) if at < characters.len() => characters[at] = *c,
        _ => {}
    }
    characters.into_iter().collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn no_change_to_a_file_makes_reading_or_running_it_panic(
        text in any::<proptest::sample::Index>(),
        changes in proptest::collection::vec((changes(), any::<proptest::sample::Index>()), 1..4),
    ) {
        let texts = texts();
        let mut source = text.get(&texts).clone();
        for (change, place) in &changes {
            source = apply(&source, change, *place);
        }
        survive(&source);
    }

    #[test]
    fn no_text_makes_reading_it_panic(source in "\\PC{0,200}|[a-z=\\[\\]{}\".,\n0-9 ]{0,200}") {
        survive(&source);
    }
}

#[test]
fn nesting_without_end_is_refused() {
    let error = refuse(&format!("about = {}", "[".repeat(100_000)));
    assert!(matches!(error, Error::Syntax { .. }), "{error}");
    let error = refuse(&"a.".repeat(100_000));
    assert!(error.place().is_some());
}
