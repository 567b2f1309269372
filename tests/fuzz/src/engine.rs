//! Any small world of any built-in system, and any answers to its decisions.

use std::collections::BTreeMap;

use arbitrary::{Result, Unstructured};
use jeton::ProcessId;
use jeton::algorithms::{self, with_system};
use jeton::engine::{
    ChannelOrder, Crash, Decisions, Detector, DetectorClass, Distribution, Divergence, End, Faults, FromDead, Key,
    Link, MessageId, Moment, Network, Outcome, Partition, Pause, RandomCrashes, ReportOrder, ToDead, Topic, Unreliable,
    Windows,
};
use jeton::explore::{Case, Exhaustive, Minimiser, Reproducer, Runner, Schedule, Strategy, Verdict};
use jeton::mutex::{System, Workload};
use jeton::scenario::{Scenario, Visitor};
use jeton::trace::{Ending, Header, Kind, Record, Recorder, Trace};
use toml::{Table, Value};

use super::{Few, bounded, round_trip};

/// A small world, and the decisions of a run in it.
pub fn engine(data: &[u8]) {
    let mut bytes = Unstructured::new(data);
    // Bytes that are at an end are zeros: nothing is refused for want of them.
    let (tame, scenario) = world(&mut bytes).expect("there is always another answer");
    if let Some(scenario) = scenario {
        scenario.visit(Drive { tame, bytes });
    }
}

/// What can be switched off in each system.
const RULES: [(&str, &[&str]); 5] = [
    ("query_ring", &["cancel_question", "confirm_loss", "drop_dead", "earlier_questions", "hold_early", "resend_edit"]),
    ("neighbour_ring", &["change_in_question", "change_in_token", "ignore_dead", "late_answers", "refuse_old_hops"]),
    ("durable", &["await_all_answers", "incarnations", "reset", "steps", "store_before_accept"]),
    ("stateless", &["connection_numbers", "ignore_dead", "inbox_check", "keep_number", "steps"]),
    ("replicated", &["grant_again", "set_aside"]),
];

/// A scenario, and whether it is no harder than what its system is made for; none, if it is impossible.
fn world(bytes: &mut Unstructured<'_>) -> Result<(bool, Option<Scenario>)> {
    struct Baseline;
    impl algorithms::Visitor for Baseline {
        type Output = (&'static str, u32);
        fn visit<S: System>(self) -> Self::Output {
            (S::BASELINE, S::PROCESSES_MIN)
        }
    }
    let name = *bytes.choose(algorithms::NAMES)?;
    let tame = bytes.ratio(1, 3)?;
    let (baseline, least) = with_system(name, Baseline).expect("one of the names");
    let mut table: Table = baseline.parse().expect("a baseline is TOML");
    let processes = bytes.int_in_range(least.min(5)..=5)?;
    table.insert("processes".to_owned(), processes.into());
    let mut add = |key: &str, value: std::result::Result<Value, toml::ser::Error>| {
        table.insert(key.to_owned(), value.expect("what is read from TOML can be written as TOML"));
    };
    add("workload", Value::try_from(workload(bytes)?));
    if !tame {
        add("network", Value::try_from(network(bytes, processes)?));
        add("detector", Value::try_from(detector(bytes)?));
        add("faults", Value::try_from(faults(bytes, processes)?));
        let mut system = Table::from_iter([("name".to_owned(), name.into())]);
        let rules = RULES.iter().find(|(of, _)| *of == name);
        if let Some((_, rules)) = rules.filter(|_| bytes.arbitrary().unwrap_or_default()) {
            let rule = (*bytes.choose(rules)?).to_owned();
            system.insert("rules".to_owned(), Table::from_iter([(rule, false.into())]).into());
        }
        add("system", Ok(system.into()));
    }
    Ok((tame, Scenario::parse("fuzz.toml", &table.to_string()).ok()))
}

fn workload(bytes: &mut Unstructured<'_>) -> Result<Workload> {
    let usual = Workload::default();
    let data_ids = bytes.int_in_range(1..=3)?;
    Ok(Workload {
        requests: bytes.int_in_range(0..=3)?,
        think_ticks: if bytes.arbitrary()? { span(bytes, 0)? } else { usual.think_ticks },
        write_per_mille: bytes.int_in_range(0..=1000)?,
        data_ids,
        second_per_mille: if data_ids > 1 { bytes.int_in_range(0..=1000)? } else { 0 },
        ..usual
    })
}

fn span(bytes: &mut Unstructured<'_>, least: u64) -> Result<Distribution> {
    let (min, more) = (bytes.int_in_range(least..=20)?, bytes.int_in_range(0..=40)?);
    Ok(match bytes.int_in_range(0..=2)? {
        0 => Distribution::Constant(min),
        1 => Distribution::Uniform(min, min + more),
        _ => Distribution::Exponential { min, mean: min + more / 4, max: min + more },
    })
}

fn network(bytes: &mut Unstructured<'_>, processes: u32) -> Result<Network> {
    let links = list(bytes, 2, |bytes| {
        Ok(Link { from: process(bytes, processes)?, to: process(bytes, processes)?, delay_ticks: span(bytes, 1)? })
    })?;
    Ok(Network {
        order: *bytes.choose(&[ChannelOrder::Fifo, ChannelOrder::Unordered])?,
        delay_ticks: span(bytes, 1)?,
        links,
        from_dead: *bytes.choose(&[FromDead::Deliver, FromDead::Prefix, FromDead::Drop])?,
        to_dead: *bytes.choose(&[ToDead::Connection, ToDead::Datagram])?,
        service_ticks: if bytes.arbitrary()? { span(bytes, 0)? } else { 0.into() },
    })
}

fn detector(bytes: &mut Unstructured<'_>) -> Result<Detector> {
    let classes = [DetectorClass::Perfect, DetectorClass::EventuallyPerfect, DetectorClass::None];
    let class = *bytes.choose(&classes)?;
    let suspicions = if class == DetectorClass::EventuallyPerfect { Some(windows(bytes)?) } else { None };
    let order = *bytes.choose(&[ReportOrder::AfterChannel, ReportOrder::Unordered])?;
    Ok(Detector { class, latency_ticks: span(bytes, 0)?, order, suspicions })
}

fn faults(bytes: &mut Unstructured<'_>, processes: u32) -> Result<Faults> {
    let crashes = list(bytes, 2, |bytes| {
        let moment = match bytes.int_in_range(0..=2)? {
            0 => Moment::AtTick(bytes.int_in_range(1..=100)?),
            1 => Moment::InStep { step: bytes.int_in_range(1..=20)?, after_effects: bytes.int_in_range(0..=4)? },
            _ => Moment::When {
                condition: (*bytes.choose(&Workload::CONDITIONS)?).to_owned(),
                nth: bytes.int_in_range(1..=3)?,
            },
        };
        Ok(Crash { process: process(bytes, processes)?, moment, down_ticks: down(bytes)? })
    })?;
    let random = list(bytes, 1, |bytes| {
        Ok(RandomCrashes { down_ticks: down(bytes)?, ..RandomCrashes::up_to(bytes.int_in_range(0..=3)?) })
    })?;
    let partitions = list(bytes, 1, |bytes| {
        let side = ProcessId::all(processes).filter(|_| bytes.arbitrary().unwrap_or_default()).collect();
        Ok(Partition { at_tick: bytes.int_in_range(1..=100)?, length_ticks: bytes.int_in_range(1..=50)?, side })
    })?;
    let pauses = list(bytes, 1, |bytes| {
        let (at_tick, length_ticks) = (bytes.int_in_range(1..=100)?, bytes.int_in_range(1..=50)?);
        Ok(Pause { process: process(bytes, processes)?, at_tick, length_ticks })
    })?;
    let messages = Unreliable {
        loss_per_mille: bytes.int_in_range(0..=300)?,
        duplicate_per_mille: bytes.int_in_range(0..=300)?,
        until_tick: bytes.int_in_range(1..=200)?,
    };
    Ok(Faults {
        crashes,
        random,
        partitions,
        pauses,
        messages: Some(messages).filter(|_| bytes.arbitrary().unwrap_or_default()),
        random_partitions: if bytes.arbitrary()? { Some(windows(bytes)?) } else { None },
        random_pauses: if bytes.arbitrary()? { Some(windows(bytes)?) } else { None },
    })
}

fn down(bytes: &mut Unstructured<'_>) -> Result<Option<Distribution>> {
    Ok(if bytes.arbitrary()? { Some(span(bytes, 1)?) } else { None })
}

fn windows(bytes: &mut Unstructured<'_>) -> Result<Windows> {
    let (up_to, within_ticks) = (bytes.int_in_range(0..=2)?, bytes.int_in_range(1..=100)?);
    Ok(Windows { up_to, within_ticks, length_ticks: span(bytes, 1)? })
}

fn process(bytes: &mut Unstructured<'_>, processes: u32) -> Result<ProcessId> {
    Ok(ProcessId::new(bytes.int_in_range(0..=processes - 1)?))
}

fn list<T>(
    bytes: &mut Unstructured<'_>,
    most: usize,
    mut item: impl FnMut(&mut Unstructured<'_>) -> Result<T>,
) -> Result<Vec<T>> {
    let count = bytes.int_in_range(0..=most)?;
    (0..count).map(|_| item(bytes)).collect()
}

/// Words of decisions, and how many processes each is about; of 3, it is about a step of one.
const WORDS: [(&str, u32); 20] = [
    ("delay", 2),
    ("loss", 2),
    ("duplicate", 2),
    ("copy_delay", 2),
    ("latency", 2),
    ("cut_off", 2),
    ("suspect_at", 2),
    ("suspect_length", 2),
    ("service", 1),
    ("down", 1),
    ("partition_at", 0),
    ("partition_length", 0),
    ("partition_side", 1),
    ("pause_at", 1),
    ("pause_length", 1),
    ("choice", 1),
    ("think", 1),
    ("crash_at", 1),
    ("crash_in", 3),
    ("crash_after", 3),
];
/// Those from here on are crashes: more of them are more than a scenario allows.
const CRASHES_FROM: usize = 17;

/// A key, whether or not there is such a decision; one process more than there are is named.
fn key(bytes: &mut Unstructured<'_>, processes: u32, tame: bool) -> Result<Key> {
    let last = if tame { CRASHES_FROM } else { WORDS.len() } - 1;
    let (word, about) = WORDS[bytes.int_in_range(0..=last)?];
    let (p, q) = (bytes.int_in_range(0..=processes)?, bytes.int_in_range(0..=processes)?);
    let nth: u32 = bytes.int_in_range(0..=12)?;
    // `#each` where it can be.
    let nth = match (word, nth) {
        ("delay" | "copy_delay" | "latency" | "service", 0) => "each".to_owned(),
        (_, nth) => nth.max(1).to_string(),
    };
    let text = match about {
        0 => format!("{word} #{nth}"),
        1 => format!("{word} p{p} #{nth}"),
        2 => format!("{word} p{p}->p{q} #{nth}"),
        _ => format!("{word} p{p} step {} #{nth}", bytes.int_in_range(1..=20u32)?),
    };
    let key: Key = text.parse().unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(key.to_string(), text);
    Ok(key)
}

/// Other answers to some decisions of a run, and to some that it may not have.
fn edit(bytes: &mut Unstructured<'_>, decisions: &Decisions, processes: u32, tame: bool) -> Result<Decisions> {
    let mut edited = decisions.clone();
    for _ in 0..bytes.int_in_range(0..=12)? {
        let nth = bytes.int_in_range(0..=edited.len())?;
        let answer = match bytes.int_in_range(0..=9)? {
            9 => bytes.arbitrary()?,
            _ => bytes.int_in_range(0..=12)?,
        };
        let removes = bytes.arbitrary()?;
        match edited.keys().nth(nth).cloned() {
            Some(key) if removes => drop(edited.remove(&key)),
            // Who crashes is an answer, too.
            Some(Key { topic: Topic::CrashAfter { .. }, .. }) if tame => {}
            Some(key) => drop(edited.insert(key, answer)),
            None => drop(edited.insert(key(bytes, processes, tame)?, answer)),
        }
    }
    Ok(edited)
}

struct Drive<'a> {
    /// Whether all that the system claims must hold.
    tame: bool,
    bytes: Unstructured<'a>,
}

/// A run, and all there is to know of it.
pub(crate) struct Run {
    pub(crate) outcome: Outcome,
    pub(crate) divergence: Divergence,
    records: Vec<Record>,
    /// The decisions that it came to.
    pub(crate) decisions: Decisions,
}

pub(crate) fn play<S: System>(runner: &mut Runner<S>, decisions: &Decisions) -> Run {
    let mut recorder = Recorder::new();
    let (outcome, divergence) = runner.replay(decisions.clone(), &mut recorder);
    Run { outcome, divergence, records: recorder.finish(), decisions: runner.decisions() }
}

impl Visitor for Drive<'_> {
    type Output = ();

    fn visit<S: System>(self, case: Case<S>) {
        let Self { tame, mut bytes } = self;
        let mut case = bounded(case);
        let processes = case.setup.processes;
        case.strategy = *bytes.choose(&Strategy::ALL).expect("there are some");
        let seed = bytes.int_in_range(0..=255).expect("a number");
        let mut runner = Runner::new(&case).expect("a scenario is possible");
        let (recorded, decisions) = runner.record(seed);
        let replayed = play(&mut runner, &decisions);
        assert_eq!(replayed.outcome, recorded, "a replay is another run");
        assert!(replayed.divergence.is_empty(), "{:?}", replayed.divergence);

        let edited = edit(&mut bytes, &decisions, processes, tame).expect("there is always another answer");
        let run = play(&mut runner, &edited);
        laws(&case, &run);
        if tame {
            assert!(!matches!(run.outcome.end, End::Violated(_)), "{}: {:?}\n{edited:?}", S::NAME, run.outcome.end);
        }
        let again = play(&mut runner, &run.decisions);
        assert_eq!(again.outcome, run.outcome, "what it came to is another run");
        assert_eq!(again.records, run.records);
        assert!(again.divergence.is_empty(), "{:?}", again.divergence);
        files(&run, processes);
        if let End::Violated(violation) = &run.outcome.end {
            let crashes = |(key, _): &(&Key, &u64)| {
                matches!(key.topic, Topic::CrashAt { .. } | Topic::CrashIn { .. } | Topic::CrashAfter { .. })
            };
            let more = run.decisions.iter().filter(crashes).any(|(key, answer)| decisions.get(key) != Some(answer));
            Few(Minimised { property: &violation.property, decisions: &run.decisions, more }).visit(case);
        } else if bytes.ratio(1, 4).expect("a number") {
            Few(Interleaved).visit(case);
        }
    }
}

/// What holds of every run.
fn laws<S: System>(case: &Case<S>, run: &Run) {
    let mut last = (0, jeton::Ticks::ZERO);
    let mut delivered: BTreeMap<(ProcessId, ProcessId), MessageId> = BTreeMap::new();
    let mut fates: BTreeMap<MessageId, u32> = BTreeMap::new();
    for record in &run.records {
        let at = (record.number, record.tick);
        assert!(last.0 <= at.0 && last.1 <= at.1, "{last:?}, then {at:?}");
        last = at;
        let handled = if let Kind::Message { from, id, .. } = record.kind { Some((from, id)) } else { None };
        if let Some((from, id)) = handled {
            let before = delivered.insert((from, record.process), id);
            let fifo = case.setup.network.order == ChannelOrder::Fifo;
            assert!(!fifo || before.is_none_or(|before| before < id), "{before:?} and {id:?} of one channel");
        }
        for id in handled.map(|(_, id)| id).into_iter().chain(record.lost.iter().map(|loss| loss.id)) {
            *fates.entry(id).or_insert(0) += 1;
        }
    }
    assert!(fates.values().all(|times| *times == 1), "a message is handled or lost once: {fates:?}");
    assert!(last.0 <= case.setup.limits.events && last.0 == run.outcome.stats.events);
}

/// It can be kept, in both ways.
fn files(run: &Run, processes: u32) {
    let Run { outcome, records, decisions, .. } = run;
    let violation = if let End::Violated(violation) = &outcome.end { Some(violation.into()) } else { None };
    let schedule = Schedule { violation, decisions: decisions.clone(), ..Schedule::default() };
    assert_eq!(round_trip(&schedule.to_string()), Some(schedule));

    let header = Header::new("fuzz", processes);
    let trace = Trace { header, records: records.clone(), ending: Ending::new(outcome) };
    let mut file = Vec::new();
    trace.write(&mut file).expect("a buffer takes it");
    let read = Trace::read(&file[..]).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(read, trace);
    assert_eq!(read.fingerprint(), trace.fingerprint());
}

/// A schedule that violates a property: whatever is left of it fails alike.
struct Minimised<'a> {
    property: &'a str,
    decisions: &'a Decisions,
    /// Whether others crash than were drawn to, and so perhaps more than may: then it is no schedule of the case.
    more: bool,
}

impl Visitor for Minimised<'_> {
    type Output = ();

    fn visit<S: System>(self, case: Case<S>) {
        let Self { property, decisions, more } = self;
        let minimiser = Minimiser::new(&case, property).max_runs(30).max_events(5_000).seeds(0..0);
        let Some(small) = minimiser.run(decisions).expect("it was possible") else {
            return assert!(more, "it fails");
        };
        let part = case.part(&small.part).expect("there is such a part");
        let replayed = play(&mut Runner::new(&part).expect("a part is possible"), &small.decisions);
        assert_eq!(replayed.outcome.end, End::Violated(small.violation));
        assert!(replayed.divergence.is_empty(), "{:?}", replayed.divergence);
    }
}

/// A few of its interleavings; what is found there is found again.
struct Interleaved;

impl Visitor for Interleaved {
    type Output = ();

    fn visit<S: System>(self, case: Case<S>) {
        let search = || Exhaustive::of(case.clone()).jobs(1).states_max(60);
        let Ok(proof) = search().run() else { return };
        if let Verdict::Violated(counterexample) = proof.verdict {
            let Reproducer::Untimed(schedule) = &counterexample.schedule else { panic!("it has no clock") };
            let replayed = search().replay(schedule).expect("it was possible");
            assert!(replayed.is_ok(), "{:?}", replayed.err().map(|departure| departure.problem));
        }
    }
}
