use serde_json::json;

use super::*;
use crate::engine::{LossCause, MessageId, Stats};
use crate::model::{Report, Ticks};
use crate::trace::record::{Effect, Loss};

/// Draws records, below the legend.
fn drawn(processes: u32, records: &[Record], diagram: &Diagram<'_>, ending: Option<&Ending>) -> String {
    let text = diagram.render(processes, records, ending);
    let rows = text.split_inclusive('\n').skip_while(|line| !line.contains(" tick "));
    rows.skip(1).collect()
}

fn p(index: u32) -> ProcessId {
    ProcessId::new(index)
}

/// An event that came to nothing, at this tick.
fn event(tick: u64, process: u32, kind: Kind) -> Record {
    Record::new(tick, Ticks::new(tick), p(process), kind)
}

fn request() -> Kind {
    Kind::Request(json!("x"))
}

fn message(from: u32, id: u64, name: &str) -> Kind {
    Kind::Message { from: p(from), id: MessageId(id), content: json!(name) }
}

fn send(to: u32, id: u64, name: &str) -> Effect {
    Effect::Send { to: p(to), id: MessageId(id), content: json!({ name: 1 }) }
}

fn lost(id: u64, from: u32, to: u32, cause: LossCause) -> Vec<Loss> {
    vec![Loss { id: MessageId(id), from: p(from), to: p(to), cause }]
}

fn marked() -> Diagram<'static> {
    Diagram::new().width(60).marks("inside", |_, indication| match indication {
        Json::Object(_) => Some(Mark::Begin(0)),
        _ => Some(Mark::End(0)),
    })
}

fn violation(at: u64, explanation: &str) -> Ending {
    Ending {
        end: Ended::Violated,
        limit: None,
        property: Some("one_holder".to_owned()),
        at: Ticks::new(at),
        event: 9,
        processes: vec![p(1)],
        explanation: Some(explanation.to_owned()),
        cycle_from_event: None,
        stats: Stats::default(),
    }
}

#[test]
fn a_message_points_from_its_sender_when_it_is_sent_and_when_it_is_handled() {
    let records = [
        Record { effects: vec![send(0, 0, "Ask")], ..event(4, 1, Kind::Timer(json!("Retry"))) },
        event(6, 0, message(1, 0, "Ask")),
        Record { effects: vec![send(2, 4, "No")], ..event(8, 1, message(0, 3, "No")) },
    ];
    let expected = "
    4  │         p0◀Ask─○ Retry          │
    6  ●◀Ask─p1         │                │
    8  │          p0─No▶●─No▶p2          │
";
    assert_eq!(drawn(3, &records, &marked(), None), expected[1..]);
}

#[test]
fn messages_of_one_name_to_several_processes_share_an_arrow() {
    let sends = [0, 1, 3, 4, 5].map(|to| send(to, to.into(), "Ask"));
    let records = [Record { effects: sends.into(), ..event(0, 2, request()) }];
    let expected = "
    0  │           │ p0,p1◀Ask─● x         │           │           │
       │           │           ├─Ask▶p3..p5            │           │
";
    assert_eq!(drawn(6, &records, &Diagram::new(), None), expected[1..]);
}

#[test]
fn messages_of_different_names_have_their_arrows_in_the_order_of_sending() {
    let sends = vec![send(1, 0, "Edit"), send(1, 1, "Token"), send(1, 2, "Edit"), send(1, 3, "Edit")];
    let records = [Record { effects: sends, ..event(0, 0, message(1, 9, "Go")) }];
    let expected = "
    0  ●◀Go─p1             │
       ├─Edit▶p1           │
       ├─Token▶p1          │
       ├─2×Edit▶p1         │
";
    assert_eq!(drawn(2, &records, &Diagram::new(), None), expected[1..]);
}

#[test]
fn a_lost_message_ends_in_a_cross_where_it_is_lost() {
    let effects = |id, name| vec![send(1, id, name)];
    let at_once = lost(0, 0, 1, LossCause::Network);
    let records = [
        Record { effects: effects(0, "Hello"), lost: at_once, ..event(1, 0, Kind::Start) },
        Record { effects: effects(1, "Bye"), ..event(2, 0, request()) },
        event(3, 1, Kind::Crash),
        Record { lost: lost(1, 0, 1, LossCause::ReceiverDown), ..event(5, 1, Kind::Loss) },
    ];
    let expected = "
    1  ● start             │
       ├─Hello✗p1          │
    2  ● x                 │
       ├─Bye▶p1            │
    3  │                   ✗ crash
    5  │            p0─Bye✗
";
    assert_eq!(drawn(2, &records, &marked(), None), expected[1..]);
}

#[test]
fn a_process_has_no_line_from_its_crash_to_its_restart_and_its_mark_is_gone() {
    let entered = || Effect::Indicate(json!({ "entered": 0 }));
    let both = vec![entered(), Effect::Indicate(json!("left"))];
    let records = [
        Record { effects: vec![entered()], ..event(1, 0, request()) },
        event(2, 1, request()),
        Record { crashed: true, ..event(3, 0, request()) },
        event(4, 1, Kind::Report(Report::Crash(p(0)))),
        event(5, 0, Kind::Restart),
        Record { effects: both, ..event(6, 1, Kind::Report(Report::Restore(p(0)))) },
    ];
    let expected = "
    1  ● x, ENTERED 0      │
    2  ║                   ● x
    3  ● x                 │
       ✗ crash             │
    4                      ● †p0
    5  ● restart           │
    6  │       p0 is alive ● ENTERED 0, LEFT
";
    assert_eq!(drawn(2, &records, &marked(), None), expected[1..]);
}

#[test]
fn a_pause_is_at_its_process_and_a_partition_goes_across() {
    let records = [
        event(1, 1, Kind::Pause { until: Ticks::new(7) }),
        event(2, 0, Kind::Partition { side: vec![p(0)], until: Ticks::new(9) }),
    ];
    let expected = "
    1  │                   │ pause until 7
    2  ┄┄ p0 and the others are apart until 9 ┄┄┄┄┄┄┄┄┄┄┄┄┄┄
";
    assert_eq!(drawn(2, &records, &marked(), None), expected[1..]);
}

/// So many events in which two processes pass a token to each other, one a tick, then a request.
fn hops(count: u32) -> Vec<Record> {
    let hop = |number: u32| {
        let (at, peer, id) = (number % 2, (number + 1) % 2, u64::from(number));
        Record { effects: vec![send(peer, id, "Token")], ..event(id, at, message(peer, id - 1, "Token")) }
    };
    (1..=count).map(hop).chain([event(u64::from(count) + 1, 0, request())]).collect()
}

#[test]
fn briefly_a_token_that_hops_idle_is_one_line() {
    let records = hops(100);
    let rows = drawn(2, &records, &marked().brief(true), None);
    assert_eq!(rows, "       ⋮ 100 events, no request and no indication: 100 Token\n  101  ● x                 │\n");
    let few = drawn(2, &records[..4], &marked().brief(true), None);
    assert_eq!(few.lines().count(), 8, "four hops are no long stretch");
}

#[test]
fn briefly_the_last_40_events_before_a_violation_are_there() {
    let rows = drawn(2, &hops(100), &marked().brief(true), Some(&violation(101, "")));
    let first = rows.lines().next().expect("a line");
    assert_eq!(first.trim(), "⋮ 61 events, no request and no indication: 61 Token");
}

#[test]
fn a_violation_is_the_end_in_one_sentence() {
    let rows =
        drawn(2, &[], &marked(), Some(&violation(12, "p0 and p1 have it at once, which is one too many for it")));
    let expected = "
✗ one_holder violated at tick 12 (event 9): p0 and p1 have
  it at once, which is one too many for it
";
    assert_eq!(rows, expected[1..]);
}

#[test]
fn if_not_all_processes_have_room_those_that_matter_have() {
    let mut records = hops(1);
    records.extend([event(3, 77, Kind::Crash), event(4, 50, Kind::Timer(json!("t")))]);
    let text = Diagram::new().width(40).render(100, &records, Some(&violation(4, "")));
    let heading = text.lines().find(|line| line.contains(" tick ")).expect("a heading");
    assert_eq!(heading.split_whitespace().collect::<Vec<_>>(), ["tick", "p0", "p1", "p50", "p77"]);
    assert!(text.contains("4 of 100 processes; left out are 96, who do nothing"), "{text}");
}

#[test]
fn what_would_garble_a_terminal_is_not_drawn() {
    let records = [event(1, 0, Kind::Request(json!("\u{1b}[2Jé\n")))];
    let drawn = |ascii| drawn(1, &records, &Diagram::new().ascii(ascii), None);
    assert_eq!(drawn(false).trim(), "1  ● ?[2Jé?");
    assert_eq!(drawn(true).trim(), "1  * ?[2J??");
}
