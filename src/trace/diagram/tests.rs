use super::*;
use crate::engine::Stats;
use crate::model::Ticks;

/// Draws records that are written as in a file, below the legend.
fn drawn(processes: u32, lines: &[&str], diagram: &Diagram<'_>, ending: Option<&Ending>) -> String {
    let records = lines.iter().map(|line| serde_json::from_str(line).expect("a record")).collect::<Vec<Record>>();
    let text = diagram.render(processes, &records, ending);
    let rows = text.split_inclusive('\n').skip_while(|line| !line.contains(" tick "));
    rows.skip(1).collect()
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
        processes: vec![ProcessId::new(1)],
        explanation: Some(explanation.to_owned()),
        stats: Stats::default(),
    }
}

#[test]
fn a_message_points_from_its_sender_when_it_is_sent_and_when_it_is_handled() {
    let rows = drawn(
        3,
        &[
            r#"{"number":1,"tick":4,"process":1,"kind":{"timer":"Retry"},"effects":[{"send":{"to":0,"id":0,"content":{"Ask":1}}}]}"#,
            r#"{"number":2,"tick":6,"process":0,"kind":{"message":{"from":1,"id":0,"content":{"Ask":1}}}}"#,
            r#"{"number":3,"tick":8,"process":1,"kind":{"message":{"from":0,"id":3,"content":"No"}},"effects":[{"send":{"to":2,"id":4,"content":"No"}}]}"#,
        ],
        &marked(),
        None,
    );
    let expected = "
    4  │         p0◀Ask─○ Retry          │
    6  ●◀Ask─p1         │                │
    8  │          p0─No▶●─No▶p2          │
";
    assert_eq!(rows, expected[1..]);
}

#[test]
fn messages_of_one_name_to_several_processes_share_an_arrow() {
    let send = |to: u32| format!(r#"{{"send":{{"to":{to},"id":{to},"content":"Ask"}}}}"#);
    let sends: Vec<String> = [0, 1, 3, 4, 5].map(send).to_vec();
    let line =
        format!(r#"{{"number":1,"tick":0,"process":2,"kind":{{"request":"x"}},"effects":[{}]}}"#, sends.join(","));
    let rows = drawn(6, &[&line], &Diagram::new(), None);
    let expected = "
    0  │           │ p0,p1◀Ask─● x         │           │           │
       │           │           ├─Ask▶p3..p5            │           │
";
    assert_eq!(rows, expected[1..]);
}

#[test]
fn a_lost_message_ends_in_a_cross_where_it_is_lost() {
    let rows = drawn(
        2,
        &[
            r#"{"number":1,"tick":1,"process":0,"kind":"start","effects":[{"send":{"to":1,"id":0,"content":"Hello"}}],"lost":[{"id":0,"from":0,"to":1,"cause":"network"}]}"#,
            r#"{"number":2,"tick":2,"process":0,"kind":{"request":"x"},"effects":[{"send":{"to":1,"id":1,"content":"Bye"}}]}"#,
            r#"{"number":3,"tick":3,"process":1,"kind":"crash"}"#,
            r#"{"number":3,"tick":5,"process":1,"kind":"loss","lost":[{"id":1,"from":0,"to":1,"cause":"receiver_down"}]}"#,
        ],
        &marked(),
        None,
    );
    let expected = "
    1  ● start             │
       ├─Hello✗p1          │
    2  ● x                 │
       ├─Bye▶p1            │
    3  │                   ✗ crash
    5  │            p0─Bye✗
";
    assert_eq!(rows, expected[1..]);
}

#[test]
fn a_process_has_no_line_from_its_crash_to_its_restart_and_its_mark_is_gone() {
    let rows = drawn(
        2,
        &[
            r#"{"number":1,"tick":1,"process":0,"kind":{"request":"x"},"effects":[{"indicate":{"entered":0}}]}"#,
            r#"{"number":2,"tick":2,"process":1,"kind":{"request":"x"}}"#,
            r#"{"number":3,"tick":3,"process":0,"kind":{"request":"y"},"crashed":true}"#,
            r#"{"number":4,"tick":4,"process":1,"kind":{"report":{"crash":0}}}"#,
            r#"{"number":5,"tick":5,"process":0,"kind":"restart"}"#,
            r#"{"number":6,"tick":6,"process":1,"kind":{"report":{"restore":0}},"effects":[{"indicate":{"entered":0}},{"indicate":"left"}]}"#,
        ],
        &marked(),
        None,
    );
    let expected = "
    1  ● x, ENTERED 0      │
    2  ║                   ● x
    3  ● y                 │
       ✗ crash             │
    4                      ● †p0
    5  ● restart           │
    6  │       p0 is alive ● ENTERED 0, LEFT
";
    assert_eq!(rows, expected[1..]);
}

#[test]
fn a_pause_is_at_its_process_and_a_partition_goes_across() {
    let rows = drawn(
        2,
        &[
            r#"{"number":1,"tick":1,"process":1,"kind":{"pause":{"until":7}}}"#,
            r#"{"number":1,"tick":2,"process":0,"kind":{"partition":{"side":[0],"until":9}}}"#,
        ],
        &marked(),
        None,
    );
    let expected = "
    1  │                   │ pause until 7
    2  ┄┄ p0 and the others are apart until 9 ┄┄┄┄┄┄┄┄┄┄┄┄┄┄
";
    assert_eq!(rows, expected[1..]);
}

/// So many events in which two processes pass a token to each other, one a tick, then a request.
fn hops(count: u64) -> Vec<String> {
    let hop = |number: u64| {
        let (at, from) = (number % 2, (number + 1) % 2);
        let effects = format!(r#"[{{"send":{{"to":{from},"id":{number},"content":"Token"}}}}]"#);
        let kind = format!(r#"{{"message":{{"from":{from},"id":{},"content":"Token"}}}}"#, number - 1);
        format!(r#"{{"number":{number},"tick":{number},"process":{at},"kind":{kind},"effects":{effects}}}"#)
    };
    let request = format!(r#"{{"number":{0},"tick":{0},"process":0,"kind":{{"request":"x"}}}}"#, count + 1);
    (1..=count).map(hop).chain([request]).collect()
}

#[test]
fn briefly_a_token_that_hops_idle_is_one_line() {
    let lines = hops(100);
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let rows = drawn(2, &lines, &marked().brief(true), None);
    assert_eq!(rows, "       ⋮ 100 events, no request and no indication: 100 Token\n  101  ● x                 │\n");
    let few = drawn(2, &lines[..4], &marked().brief(true), None);
    assert_eq!(few.lines().count(), 8, "four hops are no long stretch");
}

#[test]
fn briefly_the_last_40_events_before_a_violation_are_there() {
    let lines = hops(100);
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let rows = drawn(2, &lines, &marked().brief(true), Some(&violation(101, "")));
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
    let lines = hops(1);
    let mut lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    lines.push(r#"{"number":3,"tick":3,"process":77,"kind":"crash"}"#);
    lines.push(r#"{"number":4,"tick":4,"process":50,"kind":{"timer":"t"}}"#);
    let records = lines.iter().map(|line| serde_json::from_str(line).expect("a record")).collect::<Vec<Record>>();
    let text = Diagram::new().width(40).render(100, &records, Some(&violation(4, "")));
    let heading = text.lines().find(|line| line.contains(" tick ")).expect("a heading");
    assert_eq!(heading.split_whitespace().collect::<Vec<_>>(), ["tick", "p0", "p1", "p50", "p77"]);
    assert!(text.contains("4 of 100 processes; left out are 96, who do nothing"), "{text}");
}

#[test]
fn what_would_garble_a_terminal_is_not_drawn() {
    let line = r#"{"number":1,"tick":1,"process":0,"kind":{"request":"\u001b[2Jé\n"}}"#;
    let drawn = |ascii| drawn(1, &[line], &Diagram::new().ascii(ascii), None);
    assert_eq!(drawn(false).trim(), "1  ● ?[2Jé?");
    assert_eq!(drawn(true).trim(), "1  * ?[2J??");
}
