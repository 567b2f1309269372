//! Traces: what is recorded, written, read, fingerprinted and drawn.

use std::io;

use jeton::engine::{
    Crash, Distribution, End, FromDead, Idle, Moment, Outcome, Partition, Pause, RandomCrashes, Setup, Simulation,
};
use jeton::trace::{
    Diagram, Effect, Ended, Ending, Fingerprint, Follow, Header, Kind, Mark, ReadError, Record, Recorder, Sink, State,
    Trace, Writer, fingerprint,
};
use jeton::{Context, Never, Process, ProcessId};
use proptest::prelude::*;
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

use crate::toy::{Message, OneHolder, Rules, Runner, Wishes, cases};

mod writing {
    use super::*;

    #[test]
    fn a_trace_is_a_header_a_line_for_each_event_and_an_outcome() {
        let mut setup = Setup::new(3, Rules { hops: 6, beats: 1 });
        setup.faults.crashes.push(crash(1, Moment::InStep { step: 2, after_effects: 1 }, Some(15)));
        setup.faults.partitions.push(Partition { at_tick: 20, length_ticks: 3, side: vec![ProcessId::new(2)] });
        setup.faults.pauses.push(Pause { process: ProcessId::new(0), at_tick: 21, length_ticks: 5 });
        insta::assert_snapshot!(text(&trace(&setup, 1, 1)));
    }

    #[test]
    fn a_violation_is_in_the_last_line() {
        let trace = trace(&violating(), violating_seed(), 2);
        let text = text(&trace);
        insta::assert_snapshot!(text.lines().last().expect("a line"));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_and_written_again_as_the_same_bytes((setup, seed, wishes) in cases()) {
            let trace = trace(&setup, seed, wishes);
            let written = bytes(&trace);
            let read = Trace::read(&written[..]).expect("a trace");
            prop_assert_eq!(&read, &trace);
            prop_assert_eq!(bytes(&read), written);
        }

        #[test]
        fn a_trace_that_is_written_while_the_run_goes_on_is_the_same((setup, seed, wishes) in cases()) {
            let kept = trace(&setup, seed, wishes);
            let writer = Writer::new(Vec::new(), &kept.header).expect("a buffer takes it");
            let (writer, outcome) = observe(&setup, seed, wishes, Recorder::to(writer));
            let written = writer.finish(&Ending::new(&outcome)).expect("a buffer takes it");
            prop_assert!(written == bytes(&kept));
        }

        #[test]
        fn one_seed_gives_the_same_bytes_whatever_ran_before_it((setup, seed, wishes) in cases(), other: u64) {
            let mut simulation = simulation(&setup);
            let mut run = |seed| {
                let mut recorder = Recorder::new();
                let outcome = simulation.run(seed, &mut Wishes::new(wishes), &mut recorder);
                let ending = Ending::new(&outcome);
                bytes(&Trace { header: Header::new("toy", setup.processes), records: recorder.finish(), ending })
            };
            let first = run(seed);
            run(other);
            prop_assert!(run(seed) == first);
        }
    }

    /// An output that takes so many bytes and no more.
    struct Full(usize);

    impl io::Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 = self.0.checked_sub(bytes.len()).ok_or(io::ErrorKind::StorageFull)?;
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_the_output_refuses_during_a_run_is_told_in_the_end() {
        let setup = Setup::new(3, Rules { hops: 6, beats: 1 });
        let writer = Writer::new(Full(500), &Header::new("toy", 3)).expect("room for a header");
        let (writer, outcome) = observe(&setup, 1, 0, Recorder::to(writer));
        let error = writer.finish(&Ending::new(&outcome)).err().expect("an error");
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    }
}

mod recording {
    use super::*;

    #[derive(Clone, Debug, PartialEq, Eq, Hash)]
    struct Faulty;

    impl Process for Faulty {
        type Config = ();
        type Message = &'static str;
        type Timer = Never;
        type Request = Never;
        type Indication = Never;
        type Stable = ();
        type Record = Never;

        fn new(_me: ProcessId, _config: &()) -> Self {
            Self
        }

        fn on_start(&mut self, ctx: &mut Context<'_, Self>) {
            ctx.send(ctx.me(), "boom");
        }

        fn on_message(&mut self, _from: ProcessId, message: &'static str, _ctx: &mut Context<'_, Self>) {
            panic!("{message}");
        }
    }

    #[test]
    fn the_event_in_which_a_handler_panics_is_the_last_record() {
        let mut recorder = Recorder::new();
        let mut simulation = Simulation::<Faulty>::new(Setup::new(1, ())).expect("a valid setup");
        let outcome = simulation.run(1, &mut Idle, &mut recorder);
        let End::Violated(violation) = outcome.end else { panic!("{:?}", outcome.end) };
        let last = recorder.finish().pop().expect("a record");
        assert_eq!(last.number, violation.event);
        assert!(matches!(last.kind, Kind::Message { content, .. } if content == "boom"));
    }

    #[test]
    fn a_state_is_recorded_where_it_changed_and_anew_after_a_restart() {
        let mut setup = Setup::new(2, Rules { hops: 3, beats: 1 });
        setup.faults.crashes.push(crash(1, Moment::AtTick(60), Some(5)));
        let (records, _) = observe(&setup, 1, 0, Recorder::new().with_states());
        let states: Vec<_> = records.iter().map(|record| (record.process.get(), record.state.is_some())).collect();
        assert_eq!(states[..2], [(0, true), (1, true)], "every start");
        let restarted = records.iter().find(|record| record.kind == Kind::Restart).expect("a restart");
        assert!(restarted.state.is_some());
        let pong =
            |record: &&Record| matches!(&record.kind, Kind::Message { content, .. } if content.get("Pong").is_some());
        assert_eq!(records.iter().find(pong).expect("a pong").state, None, "a pong changes no state");
    }

    #[test]
    fn states_do_not_change_the_fingerprint() {
        let setup = violating();
        let (plain, _) = observe(&setup, 15, 2, Recorder::new());
        let (with_states, _) = observe(&setup, 15, 2, Recorder::new().with_states());
        assert_ne!(plain, with_states);
        assert_eq!(fingerprint(&plain), fingerprint(&with_states));
        assert_eq!(with_states.iter().map(Record::plain).collect::<Vec<_>>(), plain);
    }

    struct Token;

    impl Follow<Runner> for Token {
        fn carries(&self, message: &Message) -> bool {
            matches!(message, Message::Token { .. })
        }
        fn has(&self, runner: &Runner) -> u32 {
            u32::from(runner.has)
        }
    }

    #[test]
    fn what_is_followed_is_recorded_where_it_is_and_changes_no_fingerprint() {
        let setup = violating();
        let (plain, _) = observe(&setup, 15, 2, Recorder::new());
        let (followed, _) = observe(&setup, 15, 2, Recorder::new().following(Token));
        assert_eq!(fingerprint(&plain), fingerprint(&followed));
        let mut has = [0; 5];
        for record in &followed {
            let tokens = record.effects.iter().filter_map(|effect| match effect {
                Effect::Send { id, content, .. } if content.get("Token").is_some() => Some(*id),
                _ => None,
            });
            assert_eq!(record.carriers, tokens.collect::<Vec<_>>());
            let has = &mut has[record.process.index()];
            assert_ne!(record.has, Some(*has), "only what changed");
            *has = if record.crashed { 0 } else { record.has.unwrap_or(*has) };
        }
        assert!(followed.iter().any(|record| record.has == Some(1)), "somebody had one");
    }

    proptest! {
        #[test]
        fn the_fingerprint_of_a_run_is_that_of_its_file_and_the_hash_of_the_lines(
            (setup, seed, wishes) in cases(),
        ) {
            let streamed = observe(&setup, seed, wishes, Recorder::to(Fingerprint::new())).0.to_string();
            let text = text(&trace(&setup, seed, wishes));
            prop_assert_eq!(&Trace::read(text.as_bytes()).expect("a trace").fingerprint(), &streamed);
            let lines: Vec<&str> = text.split_inclusive('\n').collect();
            let hash = Sha256::digest(lines[1..lines.len() - 1].concat());
            prop_assert_eq!(format!("{hash:x}"), streamed);
        }
    }
}

mod reading {
    use super::*;

    const HEADER: &str = r#"{"format":"jeton-trace","version":1,"scenario":"toy","processes":2}"#;
    const START: &str = r#"{"number":1,"tick":0,"process":0,"kind":"start"}"#;
    const END: &str = r#"{"end":"quiescent","at":0,"event":1,"stats":{}}"#;

    fn error(lines: &[&str]) -> String {
        Trace::read(lines.join("\n").as_bytes()).expect_err("no trace").to_string()
    }

    #[test]
    fn a_small_trace_by_hand_is_read() {
        let trace = Trace::read([HEADER, START, END].join("\n").as_bytes()).expect("a trace");
        assert_eq!((trace.header.scenario.as_str(), trace.records.len()), ("toy", 1));
        assert_eq!(trace.ending.end, Ended::Quiescent);
    }

    #[test]
    fn the_first_version_is_read_and_its_states_are_taken_apart() {
        let with_state = START.replace('}', r#","state":"Toy { hop: 3 }"}"#);
        let trace = Trace::read([HEADER, &with_state, END].join("\n").as_bytes()).expect("a trace");
        assert_eq!(trace.records[0].state, Some(State::parse("Toy { hop: 3 }")));
        let written = bytes(&trace);
        assert_eq!(Trace::read(&written[..]).expect("a trace"), trace, "as the version of today");
    }

    #[test]
    fn what_is_no_trace_is_said_with_its_line() {
        let version = HEADER.replace(r#""version":1"#, r#""version":3,"more":[]"#);
        let odd = START.replace("start", "stop");
        let more = START.replace('}', r#","colour":"red"}"#);
        let stranger = START.replace(r#""process":0"#, r#""process":2"#);
        let late = START.replace(r#""tick":0"#, r#""tick":7"#);
        let errors = [
            error(&[]),
            error(&["# notes"]),
            error(&[START]),
            error(&[&version]),
            error(&[r#"{"format":"jeton-trace","version":1}"#]),
            error(&[HEADER]),
            error(&[HEADER, START, START]),
            error(&[HEADER, START, END, START]),
            error(&[HEADER, START, "", END]),
            error(&[HEADER, &odd, END]),
            error(&[HEADER, &more, END]),
            error(&[HEADER, &START[..20]]),
            error(&[HEADER, &stranger, END]),
            error(&[HEADER, &late, START, END]),
            error(&[HEADER, START, &END.replace("quiescent", "quiet")]),
        ];
        insta::assert_snapshot!(errors.join("\n"));
    }

    #[test]
    fn every_trace_that_is_cut_short_is_refused() {
        let written = bytes(&trace(&Setup::new(2, Rules { hops: 2, beats: 0 }), 1, 1));
        // The line feed at the very end may be missing.
        for length in 0..written.len() - 1 {
            assert!(Trace::read(&written[..length]).is_err(), "{length} bytes");
        }
        assert!(Trace::read(&written[..written.len() - 1]).is_ok());
    }

    #[test]
    fn an_input_that_cannot_be_read_is_said_with_its_line() {
        struct Broken;
        impl io::Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::ErrorKind::ConnectionReset.into())
            }
        }
        let input = io::Read::chain(HEADER.as_bytes(), io::Read::chain(&b"\n"[..], Broken));
        let read = Trace::read(io::BufReader::new(input));
        assert!(matches!(read, Err(ReadError::Io { line: 2, .. })), "{read:?}");
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 1024, ..ProptestConfig::default() })]

        #[test]
        fn a_garbled_trace_is_refused_or_drawn_and_never_a_panic(
            seed in 0_u64..4,
            edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0_u8..4), 1..4),
            width in 0_usize..120,
        ) {
            let mut written = bytes(&trace(&violating(), seed, 1));
            for (place, byte, kind) in edits {
                let place = place.index(written.len());
                match kind {
                    0 => written[place] = byte,
                    1 => written[place] = b'0' + byte % 10,
                    2 => written.insert(place, byte),
                    _ => { written.remove(place); }
                }
            }
            if let Ok(trace) = Trace::read(&written[..]) {
                draw(&trace, &Diagram::new().width(width).brief(true));
            }
        }
    }
}

mod drawing {
    use super::*;

    #[test]
    fn three_processes_one_of_which_crashes_in_a_step_and_comes_back() {
        let mut setup = Setup::new(3, Rules { hops: 8, beats: 1 });
        setup.network.from_dead = FromDead::Drop;
        setup.faults.crashes.push(crash(1, Moment::InStep { step: 2, after_effects: 1 }, Some(30)));
        setup.faults.partitions.push(Partition { at_tick: 20, length_ticks: 3, side: vec![ProcessId::new(2)] });
        setup.faults.pauses.push(Pause { process: ProcessId::new(0), at_tick: 21, length_ticks: 5 });
        insta::assert_snapshot!(draw(&trace(&setup, 1, 1), &marked()));
    }

    #[test]
    fn five_processes_up_to_a_violation() {
        insta::assert_snapshot!(draw(&trace(&violating(), violating_seed(), 2), &marked()));
    }

    #[test]
    fn five_processes_briefly() {
        insta::assert_snapshot!(draw(&trace(&violating(), violating_seed(), 2), &marked().brief(true)));
    }

    #[test]
    fn twelve_processes_in_ascii() {
        let setup = Setup::new(12, Rules { hops: 14, beats: 0 });
        insta::assert_snapshot!(draw(&trace(&setup, 2, 1), &marked().ascii(true)));
    }

    #[test]
    fn of_a_thousand_processes_those_that_crash_or_act_last() {
        let mut setup = Setup::new(1_000, Rules { hops: 30, beats: 0 });
        setup.faults.crashes.push(crash(28, Moment::When { condition: "token_in_flight".to_owned(), nth: 1 }, None));
        insta::assert_snapshot!(draw(&trace(&setup, 2, 0), &marked()));
    }

    proptest! {
        #[test]
        fn no_line_is_wider_than_asked(
            (setup, seed, wishes) in cases(),
            width in 40_usize..160,
            ascii: bool,
            brief: bool,
        ) {
            let trace = trace(&setup, seed, wishes);
            let drawn = draw(&trace, &marked().width(width).ascii(ascii).brief(brief).notes(brief));
            for line in drawn.lines() {
                prop_assert!(line.chars().count() <= width, "{}", line);
                prop_assert!(!ascii || line.is_ascii(), "{}", line);
            }
        }
    }

    fn marked() -> Diagram<'static> {
        Diagram::new().marks("has the token", |_, indication| match indication {
            Json::String(_) => Some(Mark::End(0)),
            _ => Some(Mark::Begin(0)),
        })
    }
}

/// Five processes that crash and come back: two tokens, sooner or later.
fn violating() -> Setup<Runner> {
    let mut setup = Setup::new(5, Rules { hops: 60, beats: 1 });
    setup.faults.random = vec![RandomCrashes {
        down_ticks: Some(Distribution::Uniform(10, 30)),
        within_ticks: 80,
        ..RandomCrashes::up_to(3)
    }];
    setup
}

/// The first that shows it.
fn violating_seed() -> u64 {
    let violates = |&seed: &u64| matches!(observe(&violating(), seed, 2, Recorder::new()).1.end, End::Violated(_));
    (0..1_000).find(violates).expect("one of them violates it")
}

fn crash(process: u32, moment: Moment, down: Option<u64>) -> Crash {
    Crash { process: ProcessId::new(process), moment, down_ticks: down.map(Distribution::Constant) }
}

fn simulation(setup: &Setup<Runner>) -> Simulation<Runner> {
    Simulation::new(setup.clone()).expect("a valid setup")
}

fn observe<S: Sink, F: Follow<Runner>>(
    setup: &Setup<Runner>,
    seed: u64,
    wishes: u32,
    recorder: Recorder<S, F>,
) -> (S, Outcome) {
    let mut observer = (recorder, OneHolder::default());
    let outcome = simulation(setup).run(seed, &mut Wishes::new(wishes), &mut observer);
    (observer.0.finish(), outcome)
}

fn trace(setup: &Setup<Runner>, seed: u64, wishes: u32) -> Trace {
    let (records, outcome) = observe(setup, seed, wishes, Recorder::new());
    let header = Header::new("toy", setup.processes).with_seed(seed);
    Trace { header, records, ending: Ending::new(&outcome) }
}

fn bytes(trace: &Trace) -> Vec<u8> {
    let mut bytes = Vec::new();
    trace.write(&mut bytes).expect("a buffer takes it");
    bytes
}

fn text(trace: &Trace) -> String {
    String::from_utf8(bytes(trace)).expect("text")
}

fn draw(trace: &Trace, diagram: &Diagram<'_>) -> String {
    diagram.render(trace.header.processes, &trace.records, Some(&trace.ending))
}
