//! Runs as drawings and in the formats of other tools, each read back by a reader of that format.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use jeton::ProcessId;
use jeton::engine::{Observer, Violation, World};
use jeton::explore::{Case, Runner, Strategy};
use jeton::mutex::System;
use jeton::scenario::{Scenario, Visitor};
use jeton::trace::{Ending, Header, Kind, Record, Recorder, State, Trace};
use jeton::view::{self, Excerpt, SpanKind, Story, Token};
use proptest::prelude::*;
use regex::Regex;
use serde_json::Value as Json;

pub(crate) fn scenario(name: &str) -> Scenario {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    Scenario::load(directory.join(name).with_extension("toml")).expect("a scenario")
}

/// The trace of a seed, with all that a view wants.
pub(crate) fn trace(scenario: &Scenario, seed: u64) -> Trace {
    struct Run(u64);
    impl Visitor for Run {
        type Output = (Vec<Record>, Ending);
        fn visit<S: System>(self, mut case: Case<S>) -> Self::Output {
            case.strategy = Strategy::Random;
            let mut recorder = Recorder::new().with_states().following(Token);
            let outcome = Runner::new(&case).expect("a valid setup").run_observed(self.0, &mut recorder);
            (recorder.finish(), Ending::new(&outcome))
        }
    }
    let header = Header::new(scenario.name(), scenario.processes())
        .with_seed(seed)
        .with_strategy("random")
        .with_source(scenario.source());
    let (records, ending) = scenario.visit(Run(seed));
    Trace { header, records, ending }
}

pub(crate) fn story(name: &str, seed: u64) -> Story {
    Story::new(trace(&scenario(name), seed))
}

/// Of each kind: a ring, a coordinator, a violation, lost messages, pauses.
const RUNS: [(&str, u64); 6] = [
    ("query_ring_without_confirm_loss", 29),
    ("neighbour_ring_lossy_channels", 7),
    ("durable_slow_processes", 7),
    ("stateless_retry_one_too_short", 3),
    ("replicated_one_server_crashes", 5),
    ("query_ring_slow_peers", 7),
];

fn stories() -> impl Iterator<Item = Story> {
    RUNS.into_iter().map(|(name, seed)| story(name, seed))
}

const EVERYTHING: Excerpt = Excerpt { rows: usize::MAX, columns: usize::MAX };

mod reading {
    use super::*;

    /// What a trace should add up to: the state of each process after each of its events.
    #[derive(Default)]
    struct States(Vec<(u64, ProcessId, State)>);

    impl<P: jeton::Process> Observer<P> for States {
        fn event(
            &mut self,
            process: ProcessId,
            _: &jeton::model::Event<P>,
            _: Option<jeton::engine::MessageId>,
            world: &World<P>,
        ) {
            self.0.push((world.event(), process, State::default()));
        }
        fn check(&mut self, world: &World<P>) -> Result<(), Violation> {
            if let Some((number, process, state)) = self.0.last_mut().filter(|(number, ..)| *number == world.event()) {
                let _ = number;
                *state = State::parse(&format!("{:?}", world.process(*process)));
            }
            Ok(())
        }
    }

    struct Watch(u64);

    impl Visitor for Watch {
        type Output = (Vec<Record>, States);
        fn visit<S: System>(self, case: Case<S>) -> Self::Output {
            let mut both = (Recorder::new().with_states(), States::default());
            Runner::new(&case).expect("a valid setup").run_observed(self.0, &mut both);
            (both.0.finish(), both.1)
        }
    }

    #[test]
    fn the_changes_of_a_state_add_up_to_it() {
        for (name, seed) in RUNS {
            let (records, States(expected)) = scenario(name).visit(Watch(seed));
            let mut states: BTreeMap<ProcessId, State> = BTreeMap::new();
            let mut told = BTreeMap::new();
            let mut fields = 0;
            for record in &records {
                let state = states.entry(record.process).or_default();
                if let Some(changes) = &record.state {
                    fields += changes.fields().count();
                    state.apply(changes);
                }
                if !matches!(record.kind, Kind::Loss | Kind::Partition { .. } | Kind::Pause { .. }) {
                    told.insert(record.number, (state.clone(), record.crashed));
                }
            }
            let mut whole = 0;
            // The last event may have ended the run before anything was recorded of its state.
            for (number, process, state) in &expected[..expected.len() - 1] {
                let (told, crashed) = &told[number];
                assert!(*crashed || told == state, "{name}, event {number} of {process}: {told:?} is {state:?}");
                whole += state.fields().count();
            }
            assert!(fields * 2 < whole, "{name}: {fields} of {whole} fields is no difference");
        }
    }

    #[test]
    fn a_message_has_two_ends_or_a_fate() {
        for story in stories() {
            let over = story.ending.wrong_at.is_some();
            let mut in_flight = 0;
            for message in &story.messages {
                if let Some(arrived) = message.arrived {
                    assert_eq!(story.events[arrived].process, message.to);
                    assert!(message.sent <= arrived && message.lost.is_none());
                }
                in_flight += usize::from(message.arrived.is_none() && message.lost.is_none());
            }
            assert!(over || in_flight < story.messages.len() / 10, "{}: {in_flight} in flight", story.title());
        }
    }

    #[test]
    fn who_is_in_a_critical_section_is_what_the_indications_say() {
        for story in stories() {
            let entered: usize = story
                .trace()
                .records
                .iter()
                .flat_map(|record| &record.effects)
                .filter(
                    |effect| matches!(effect, jeton::trace::Effect::Indicate(said) if said.get("entered").is_some()),
                )
                .count();
            let spans = story.spans.iter().filter(|span| matches!(span.kind, SpanKind::Critical(_))).count();
            assert_eq!(spans, entered, "{}", story.title());
            assert!(entered > 0, "{}", story.title());
        }
    }

    /// From hand to hand: whoever has the token got it from a message or made it, and it leaves by a message, or is
    /// lost with a crash, or is there at the end.
    #[test]
    fn the_path_of_a_token_is_continuous() {
        let story = story("query_ring_no_faults", 7);
        let mut at: Option<ProcessId> = None;
        let mut hops = 0;
        for (place, event) in story.events.iter().enumerate() {
            if let Some(message) = event.message.map(|message| &story.messages[message]).filter(|message| message.token)
            {
                assert!(at.is_none());
                assert_eq!(message.to, event.process);
                at = Some(event.process);
                hops += 1;
            }
            let sends = story.messages.iter().any(|message| message.sent == place && message.token);
            if sends {
                at = None;
            }
            let has = |span: &&view::Span| {
                span.kind == SpanKind::Token && span.from <= place && span.to.is_none_or(|to| to > place)
            };
            let holders: Vec<_> = story.spans.iter().filter(has).map(|span| span.process).collect();
            assert_eq!(holders, at.into_iter().collect::<Vec<_>>(), "after event {}", event.number);
        }
        assert!(hops > 20, "{hops} hops");
    }

    #[test]
    fn what_waits_for_a_busy_or_a_paused_process_is_held() {
        let source = "about = \"Pauses.\"\nexpect = \"holds\"\nprocesses = 3\n[system]\nname = \"query_ring\"\n\
            [[faults.pauses]]\nprocess = 1\nat_tick = 5\nlength_ticks = 40\n";
        let paused = Story::new(trace(&Scenario::parse("pauses.toml", source).expect("a scenario"), 7));
        let span = paused.spans.iter().find(|span| matches!(span.kind, SpanKind::Paused(_))).expect("a pause");
        let until = paused.events[span.to.expect("it ends")].tick;
        for story in [paused, story("durable_slow_processes", 7)] {
            let held: Vec<_> = story.messages.iter().filter(|message| message.held.is_some()).collect();
            assert!(!held.is_empty(), "{}", story.title());
            for message in held {
                let (before, handled) = (message.held.expect("held"), message.arrived.expect("handled"));
                assert!(message.sent <= before && before < handled);
                assert!(story.events[before].tick < story.events[handled].tick, "it waited for a tick at least");
            }
            let of_the_pause =
                |message: &&view::Message| message.arrived.is_some_and(|at| story.events[at].tick == until);
            let in_it = story.messages.iter().filter(of_the_pause).filter(|message| message.held.is_some()).count();
            assert!(in_it > 0 || story.title().starts_with("durable"), "{}", story.title());
        }
    }
}

mod svg {
    use super::*;

    /// Goes through the tags of a text that has to be XML, and counts them.
    pub(super) fn elements(xml: &str) -> BTreeMap<String, usize> {
        let tag = Regex::new(r#"<(/?)([a-z]+)((?: [a-zA-Z:-]+="[^"<>]*")*)(/?)>"#).expect("an expression");
        let (mut open, mut counts, mut end) = (Vec::new(), BTreeMap::new(), 0);
        for found in tag.captures_iter(xml) {
            let whole = found.get(0).expect("a match");
            let between = &xml[end..whole.start()];
            assert!(!between.contains(['<', '>']), "what is this: {between}");
            end = whole.end();
            match (&found[1], &found[4]) {
                ("/", _) => assert_eq!(open.pop(), Some(found[2].to_owned())),
                (_, "/") => *counts.entry(found[2].to_owned()).or_default() += 1,
                _ => {
                    *counts.entry(found[2].to_owned()).or_default() += 1;
                    open.push(found[2].to_owned());
                }
            }
        }
        assert!(open.is_empty() && xml[end..].trim().is_empty(), "{open:?}");
        counts
    }

    #[test]
    fn each_scenario_is_drawn_as_it_was() {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
        let mut names: Vec<String> = fs::read_dir(directory)
            .expect("a directory")
            .map(|entry| entry.expect("an entry").path().file_stem().expect("a name").to_string_lossy().into_owned())
            .collect();
        names.sort();
        assert!(names.len() > 50, "{}", names.len());
        // The last rows: enough to see a change of any system or of the drawing, and little enough to keep.
        let excerpt = Excerpt { rows: 10, columns: 5 };
        for name in names {
            let drawn = view::svg(&story(&name, 7), &excerpt);
            elements(&drawn);
            insta::with_settings!({ snapshot_path => "snapshots/svg", prepend_module_to_snapshot => false }, {
                insta::assert_snapshot!(name, drawn);
            });
        }
    }

    #[test]
    fn everything_can_be_drawn_and_is_well_formed() {
        for story in stories() {
            let counts = elements(&view::svg(&story, &EVERYTHING));
            assert!(counts["path"] > story.messages.len() / 4, "{}", story.title());
        }
    }

    /// The picture in the README is drawn by this version.
    #[test]
    fn the_picture_of_the_readme_is_what_is_drawn() {
        let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join("two_tokens.svg");
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).expect("a README");
        assert!(text.contains("examples/two_tokens.svg"));
        let drawn = view::svg(&story("query_ring_without_confirm_loss", 29), &Excerpt { rows: 40, columns: 5 });
        let kept = fs::read_to_string(&place).unwrap_or_default();
        assert!(
            kept == drawn,
            "cargo jeton view scenarios/query_ring_without_confirm_loss.toml --seed 29 --strategy random \
             --rows 40 -o {}",
            place.display()
        );
    }
}

mod mermaid {
    use super::*;

    #[derive(Default)]
    struct Read {
        participants: Vec<String>,
        /// From, how, to, what.
        arrows: Vec<(String, String, String, String)>,
        notes: Vec<(Vec<String>, String)>,
        active: BTreeMap<String, u32>,
    }

    /// Reads what Mermaid's grammar of sequence diagrams allows, as far as it is used.
    fn read(text: &str) -> Read {
        let mut lines = text.lines();
        assert_eq!(lines.next(), Some("sequenceDiagram"));
        let (arrow, note) = (r"^(p\d+)(->>|--x)(p\d+): (.+)$", r"^Note over (p\d+(?:,p\d+)?): (.+)$");
        let [arrow, note] = [arrow, note].map(|text| Regex::new(text).expect("an expression"));
        let entity = Regex::new(r"#(\d+);").expect("an expression");
        let mut read = Read::default();
        for line in lines {
            let line = line.strip_prefix("    ").expect("indented");
            let words = |text: &str| {
                assert!(!entity.replace_all(text, "").contains([';', '#', '<', '>', '{', '}', '"', '%']), "{text}");
                let decoded = entity.replace_all(text, |found: &regex::Captures<'_>| {
                    char::from_u32(found[1].parse().expect("a number")).expect("a character").to_string()
                });
                decoded.into_owned()
            };
            let known = |name: &str| assert!(read.participants.iter().any(|known| known == name), "{line}");
            if let Some(found) = arrow.captures(line) {
                known(&found[1]);
                known(&found[3]);
                read.arrows.push((found[1].to_owned(), found[2].to_owned(), found[3].to_owned(), words(&found[4])));
            } else if let Some(found) = note.captures(line) {
                let over: Vec<String> = found[1].split(',').map(str::to_owned).collect();
                for name in &over {
                    known(name);
                }
                read.notes.push((over, words(&found[2])));
            } else {
                let (word, name) = line.split_once(' ').unwrap_or_else(|| panic!("what is this: {line}"));
                match word {
                    "participant" => read.participants.push(name.to_owned()),
                    "activate" => *read.active.entry(name.to_owned()).or_default() += 1,
                    "deactivate" => {
                        let active = read.active.get_mut(name).expect("it was activated");
                        *active = active.checked_sub(1).expect("it is active");
                    }
                    _ => panic!("what is this: {line}"),
                }
            }
        }
        read
    }

    #[test]
    fn it_is_read_back_with_every_message_and_the_sentence() {
        for story in stories() {
            let read = read(&view::mermaid(&story, &EVERYTHING));
            assert_eq!(read.participants.len(), story.processes() as usize);
            let crosses = read.arrows.iter().filter(|(_, how, ..)| how == "--x").count();
            assert!(crosses <= story.messages.iter().filter(|message| message.lost.is_some()).count());
            let (_, last) = read.notes.last().expect("a note");
            assert_eq!(*last, story.ending.text);
            let inside = |process: &str| {
                let of_it = |span: &&view::Span| {
                    matches!(span.kind, SpanKind::Critical(_)) && span.process.to_string() == process
                };
                story.spans.iter().filter(of_it).filter(|span| span.to.is_none()).count()
            };
            for (process, active) in &read.active {
                assert_eq!(*active as usize, inside(process), "{}: {process}", story.title());
            }
        }
    }

    #[test]
    fn all_messages_are_there_where_nothing_is_folded() {
        // Before a violation nothing is folded.
        let story = story("query_ring_without_confirm_loss", 29);
        let read = read(&view::mermaid(&story, &Excerpt { rows: 40, columns: 9 }));
        let first = story.events.len() - 39;
        let arrived =
            story.messages.iter().filter(|message| message.arrived.is_some_and(|place| place >= first)).count();
        assert_eq!(read.arrows.iter().filter(|(_, how, ..)| how == "->>").count(), arrived);
    }
}

mod shiviz {
    use super::*;

    type Clock = BTreeMap<String, u64>;

    /// Reads it as `ShiViz` does: the expression, the one that divides executions, the log.
    fn read(text: &str) -> Vec<(String, Clock, String)> {
        let mut lines = text.splitn(3, '\n');
        let expression = Regex::new(lines.next().expect("an expression")).expect("an expression");
        assert_eq!(lines.next(), Some(""), "one execution");
        let (log, mut end, mut events) = (lines.next().expect("a log"), 0, Vec::new());
        for found in expression.captures_iter(log) {
            let whole = found.get(0).expect("a match");
            assert!(log[end..whole.start()].trim().is_empty(), "{}", &log[end..whole.start()]);
            end = whole.end();
            let clock: Clock = serde_json::from_str(&found["clock"]).expect("a clock in JSON");
            events.push((found["host"].to_owned(), clock, found["event"].to_owned()));
        }
        assert!(log[end..].trim().is_empty());
        events
    }

    #[test]
    fn its_clocks_say_what_happened_before_what() {
        for story in stories() {
            let steps: Vec<usize> = (0..story.events.len()).filter(|place| story.events[*place].is_step()).collect();
            let read = read(&view::shiviz(&story));
            assert_eq!(read.len(), steps.len(), "{}", story.title());
            let mut own: BTreeMap<&str, u64> = BTreeMap::new();
            for (host, clock, _) in &read {
                let count = own.entry(host).or_default();
                *count += 1;
                assert_eq!(clock[host], *count, "an own entry goes up by one");
            }
            // Against the definition, for a part of all pairs.
            let previous = story.previous();
            for later in (0..steps.len()).step_by(7) {
                let mut before = BTreeSet::new();
                let mut open = vec![steps[later]];
                while let Some(place) = open.pop() {
                    if before.insert(place) {
                        open.extend(previous[place]);
                        open.extend(story.events[place].message.map(|message| story.messages[message].sent));
                    }
                }
                for earlier in 0..=later {
                    let (host, clock, _) = &read[earlier];
                    let says = read[later].1.get(host).is_some_and(|count| *count >= clock[host]);
                    assert_eq!(says, before.contains(&steps[earlier]), "{}: {earlier} before {later}", story.title());
                }
            }
        }
    }
}

mod chrome {
    use super::*;

    #[test]
    fn every_flow_goes_from_a_slice_to_a_later_one() {
        for story in stories() {
            let document: Json = serde_json::from_str(&view::chrome(&story)).expect("JSON");
            let events = document["traceEvents"].as_array().expect("events");
            let number = |event: &Json, key: &str| event[key].as_u64().unwrap_or_else(|| panic!("{key}: {event}"));
            let mut slices: BTreeMap<(u64, u64), BTreeSet<(u64, u64)>> = BTreeMap::new();
            let (mut starts, mut finishes) = (BTreeMap::new(), BTreeMap::new());
            for event in events {
                let row = (number(event, "pid"), number(event, "tid"));
                match event["ph"].as_str().expect("a phase") {
                    "X" => {
                        let (at, length) = (number(event, "ts"), number(event, "dur"));
                        assert!(length > 0);
                        slices.entry(row).or_default().insert((at, at + length));
                    }
                    "s" => drop(starts.insert(number(event, "id"), (row, number(event, "ts")))),
                    "f" => drop(finishes.insert(number(event, "id"), (row, number(event, "ts")))),
                    "i" => assert!(matches!(event["s"].as_str(), Some("g" | "p" | "t"))),
                    "M" => assert!(event["args"]["name"].is_string()),
                    other => panic!("phase {other}"),
                }
            }
            assert_eq!(starts.len(), story.messages.iter().filter(|message| message.arrived.is_some()).count());
            assert_eq!(starts.keys().collect::<Vec<_>>(), finishes.keys().collect::<Vec<_>>());
            for (id, (row, at)) in &starts {
                let (to, until) = finishes[id];
                assert!(at <= &until);
                for (row, at) in [(row, at), (&to, &until)] {
                    assert!(slices[row].iter().any(|(from, to)| (from..to).contains(&at)), "a flow ends in a slice");
                }
            }
            // Slices of one row are beside each other or within each other.
            for (row, slices) in slices.iter().filter(|((_, tid), _)| *tid == 1) {
                let slices: Vec<_> = slices.iter().collect();
                assert!(slices.windows(2).all(|pair| pair[0].1 <= pair[1].0), "{row:?} of {}", story.title());
            }
            let sections = events
                .iter()
                .filter(|event| event["name"].as_str().is_some_and(|name| name.starts_with("critical section")));
            let spans = story.spans.iter().filter(|span| matches!(span.kind, SpanKind::Critical(_))).count();
            assert_eq!(sections.count(), spans);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn a_garbled_trace_is_refused_or_drawn(
        run in 0..RUNS.len(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0_u8..4), 1..6),
        rows in 0_usize..50,
        columns in 0_usize..9,
    ) {
        static WRITTEN: std::sync::OnceLock<Vec<Vec<u8>>> = std::sync::OnceLock::new();
        let written = WRITTEN.get_or_init(|| stories().map(|story| {
            let mut bytes = Vec::new();
            story.trace().write(&mut bytes).expect("a buffer takes it");
            bytes
        }).collect());
        let mut bytes = written[run].clone();
        for (place, byte, kind) in edits {
            let place = place.index(bytes.len());
            match kind {
                0 => bytes[place] = byte,
                1 | 2 => bytes[place] = b'0' + byte % 10,
                _ => { bytes.remove(place); }
            }
        }
        if let Ok(trace) = Trace::read(&bytes[..]) {
            let story = Story::new(trace);
            let excerpt = Excerpt { rows, columns };
            svg::elements(&view::svg(&story, &excerpt));
            view::mermaid(&story, &excerpt);
            view::shiviz(&story);
            view::chrome(&story);
            view::html(&story);
            view::text(&story, 80);
        }
    }
}
