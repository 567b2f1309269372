mod mending;
mod searching;

use super::*;
use crate::model::{Bench, Effect, Ticks};
use crate::mutex::{Fence, System, TOKEN_ACCEPTED};

type Ring = Bench<NeighbourRing>;
type Effects = Vec<Effect<NeighbourRing>>;

const INITIAL: i64 = -4; // the version of the replicas of a ring of four

fn ring_without(me: u32, count: u32, switch_off: impl FnOnce(&mut Rules)) -> Ring {
    let mut parameters = Parameters::default();
    switch_off(&mut parameters.rules);
    let config = NeighbourRing::configure(count, &parameters).expect("the parameters are possible");
    Bench::new(me, count, config)
}

fn ring(me: u32, count: u32) -> Ring {
    ring_without(me, count, |_| {})
}

fn p(index: u32) -> ProcessId {
    ProcessId::new(index)
}

fn send(to: u32, message: Message) -> Effect<NeighbourRing> {
    Effect::Send { to: p(to), message }
}

fn change(version: i64, attempt: u32, value: u64) -> Change {
    Change { version, attempt, value }
}

fn token(hop: i64, change: Change) -> Message {
    Message::Token { hop, change: Some(change) }
}

/// The token as it goes round before anyone has written in a ring of four.
fn blank_token(hop: i64) -> Message {
    token(hop, change(INITIAL, 0, 0))
}

fn question(id: u32, sent_hop: i64, change: Change) -> Message {
    Message::WhoLostPrev { id, sent_hop, change: Some(change) }
}

fn blank_question(id: u32, sent_hop: i64) -> Message {
    question(id, sent_hop, change(INITIAL, 0, 0))
}

fn indicate(indication: Indication) -> Effect<NeighbourRing> {
    Effect::Indicate { indication }
}

fn entered(counter: u64) -> Effect<NeighbourRing> {
    indicate(Indication::Entered(LOCK, Fence { epoch: 0, counter }))
}

fn set(timer: Timer, ticks: u64) -> Effect<NeighbourRing> {
    Effect::SetTimer { timer, after: Ticks::new(ticks) }
}

fn cancel(timer: Timer) -> Effect<NeighbourRing> {
    Effect::CancelTimer { timer }
}

const ENTER: Request = Request::Enter(LOCK);
const LEAVE: Request = Request::Leave(LOCK);

fn write(value: u64) -> Request {
    Request::Write(LOCK, value)
}

/// Process 1 of a ring of four, in its critical section under hop 1.
fn inside() -> Ring {
    let mut ring = ring(1, 4);
    ring.request(ENTER);
    ring.message(0, blank_token(1));
    ring
}

/// The same, with a write of 7 out.
fn writing() -> Ring {
    let mut ring = inside();
    ring.request(write(7));
    ring
}

fn sends_token(effects: &Effects) -> bool {
    effects.iter().any(|effect| matches!(effect, Effect::Send { message: Message::Token { .. }, .. }))
}

fn version(ring: &Ring) -> i64 {
    ring.process.replica().expect("every process has a replica").version
}

// The start

#[test]
fn at_the_start_process_0_treats_the_token_as_if_it_had_just_arrived() {
    let mut first = ring(0, 4);
    assert_eq!(first.process.tokens(), 1);
    assert_eq!(first.start(), [send(1, blank_token(1))]);
    assert_eq!(first.notes, [TOKEN_ACCEPTED]);
    assert_eq!(first.process.tokens(), 0);
    assert_eq!(ring(3, 4).start(), []);
}

#[test]
fn at_the_start_the_token_is_between_no_two_processes() {
    for count in 1..6 {
        for i in 0..count {
            let (before, after) = (ring(i, count).process, ring((i + 1) % count, count).process);
            assert!(before.sent_hop <= after.received_hop, "{i} of {count}");
            assert!(before.newest.version < after.received_hop.min(after.sent_hop), "{i} of {count}");
        }
    }
}

// Rule 1

#[test]
fn rule_1_a_token_that_nobody_wants_is_passed_on_with_the_next_hop() {
    let mut ring = ring(1, 4);
    assert_eq!(ring.message(0, blank_token(1)), [send(2, blank_token(2))]);
    assert_eq!(ring.notes, [TOKEN_ACCEPTED]);
}

#[test]
fn rule_1_a_waiting_process_keeps_the_token_and_enters() {
    let mut ring = ring(1, 4);
    assert_eq!(ring.request(ENTER), [set(Timer::Token, 60)]);
    assert_eq!(ring.message(0, blank_token(1)), [cancel(Timer::Token), entered(5)]);
    assert_eq!(ring.process.tokens(), 1);
}

#[test]
fn rule_1_the_application_is_told_that_it_left_before_the_token_is_passed_on() {
    assert_eq!(inside().request(LEAVE), [indicate(Indication::Left(LOCK)), send(2, blank_token(2))]);
}

#[test]
fn rule_1_the_change_of_a_token_is_applied_if_newer_and_goes_on_with_it() {
    let mut ring = ring(1, 4);
    assert_eq!(ring.message(0, token(5, change(2, 0, 9))), [send(2, token(6, change(2, 0, 9)))]);
    assert_eq!(ring.process.replica(), Some(Replica { version: 2, value: 9 }));
    assert_eq!(ring.message(0, token(9, change(1, 5, 8))), [send(2, token(10, change(2, 0, 9)))]);
}

#[test]
fn without_change_in_token_a_token_bears_none() {
    let mut ring = ring_without(1, 4, |rules| rules.change_in_token = false);
    ring.message(0, Message::Change(change(0, 0, 9)));
    let bare = |hop| Message::Token { hop, change: None };
    assert_eq!(ring.message(0, bare(1)), [send(2, bare(2))]);
}

#[test]
fn a_token_is_refused_unless_its_hop_exceeds_the_last_one_received() {
    let mut ring = ring(1, 4);
    ring.message(0, blank_token(5));
    for hop in [1, 5] {
        assert!(!ring.process.would_accept(p(0), &blank_token(hop)));
        assert_eq!(ring.message(0, blank_token(hop)), []);
        assert_eq!(ring.notes, ["hop_refused"]);
    }
    assert!(ring.process.would_accept(p(0), &blank_token(6)));
    assert!(sends_token(&ring.message(0, blank_token(6))));
}

#[test]
fn without_refuse_old_hops_a_copy_of_a_token_becomes_a_second_one() {
    let mut ring = ring_without(1, 4, |rules| rules.refuse_old_hops = false);
    ring.message(0, blank_token(1));
    assert!(ring.process.would_accept(p(0), &blank_token(1)));
    assert!(sends_token(&ring.message(0, blank_token(1))));
}

#[test]
fn a_token_is_named_by_its_hop() {
    assert_eq!(NeighbourRing::token(&blank_token(3)), NeighbourRing::token(&token(3, change(1, 1, 1))));
    assert_ne!(NeighbourRing::token(&blank_token(3)), NeighbourRing::token(&blank_token(4)));
    assert_eq!(NeighbourRing::token(&Message::SendAgain { hop: 3 }), None);
}

// Rule 2

#[test]
fn rule_2_a_write_sends_a_change_whose_version_is_the_hop() {
    let mut ring = inside();
    let own = Message::Change(change(1, 0, 7));
    assert_eq!(ring.request(write(7)), [set(Timer::Change, 60), send(2, own)]);
    assert_eq!(ring.process.replica(), Some(Replica { version: 1, value: 7 }));
}

#[test]
fn rule_2_a_write_is_complete_when_its_change_has_come_round() {
    let mut ring = writing();
    let effects = ring.message(0, Message::Change(change(1, 0, 7)));
    assert_eq!(effects, [cancel(Timer::Change), indicate(Indication::Written(LOCK))]);
}

#[test]
fn rule_2_the_writer_leaves_only_when_its_write_is_complete() {
    let mut ring = writing();
    assert_eq!(ring.request(LEAVE), []);
    let own = change(1, 0, 7);
    assert_eq!(
        ring.message(0, Message::Change(own)),
        [
            cancel(Timer::Change),
            indicate(Indication::Written(LOCK)),
            indicate(Indication::Left(LOCK)),
            send(2, token(2, own)),
        ]
    );
}

#[test]
fn rule_2_news_is_applied_and_passed_on() {
    let mut ring = ring(1, 4);
    for news in [change(0, 0, 9), change(0, 1, 9), change(3, 0, 8)] {
        assert_eq!(ring.message(0, Message::Change(news)), [send(2, Message::Change(news))]);
        assert_eq!(version(&ring), news.version);
    }
}

#[test]
fn rule_2_what_is_no_news_is_dropped() {
    let mut ring = ring(1, 4);
    ring.message(0, Message::Change(change(3, 1, 8)));
    for old in [change(3, 1, 8), change(3, 0, 8), change(2, 9, 7)] {
        assert_eq!(ring.message(0, Message::Change(old)), []);
        assert_eq!(ring.notes, ["change_dropped"]);
    }
    assert_eq!(ring.process.replica(), Some(Replica { version: 3, value: 8 }));
}

#[test]
fn rule_2_a_waiting_writer_sends_its_change_again_with_the_next_attempt_number() {
    let mut ring = writing();
    for attempt in 1..3 {
        let again = Message::Change(change(1, attempt, 7));
        assert_eq!(ring.timer(Timer::Change), [send(2, again), set(Timer::Change, 60)]);
    }
    let effects = ring.message(0, Message::Change(change(1, 0, 7)));
    assert!(effects.contains(&indicate(Indication::Written(LOCK))), "any attempt that comes round will do");
    assert_eq!(ring.timer(Timer::Change), []);
}

#[test]
fn rule_2_a_second_write_of_one_stay_is_not_completed_by_the_change_of_the_first() {
    let mut ring = writing();
    ring.message(0, Message::Change(change(1, 0, 7)));
    let second = change(1, 1, 8);
    assert!(ring.request(write(8)).contains(&send(2, Message::Change(second))));
    assert_eq!(ring.message(0, Message::Change(change(1, 0, 7))), []);
    assert!(ring.message(0, Message::Change(second)).contains(&indicate(Indication::Written(LOCK))));
}

// Requests and parameters

#[test]
fn requests_out_of_order_or_of_another_lock_are_ignored() {
    let mut ring = ring(1, 4);
    for request in [LEAVE, write(1), Request::Enter(DataId::new(1)), Request::Connect, Request::Disconnect] {
        assert_eq!(ring.request(request), []);
    }
    ring.request(ENTER);
    for request in [ENTER, LEAVE, write(1)] {
        assert_eq!(ring.request(request), []);
    }
    let mut ring = writing();
    for request in [ENTER, write(2), LEAVE, LEAVE] {
        assert_eq!(ring.request(request), []);
    }
}

#[test]
fn parameters_have_defaults_and_refuse_unknown_keys() {
    let parsed: Parameters = toml::from_str("token_timeout_ticks = 9\nrules = { drop_dead = false }").expect("valid");
    let rules = Rules { drop_dead: false, ..Rules::default() };
    assert_eq!(parsed, Parameters { token_timeout_ticks: 9, rules, ..Parameters::default() });
    assert!(toml::from_str::<Parameters>("token_timeout = 9").is_err());
    assert!(toml::from_str::<Parameters>("rules = { drop_death = false }").is_err());
}

#[test]
fn a_timeout_of_0_is_impossible() {
    type Zero = fn(&mut Parameters);
    let zeros: [(&str, Zero); 3] = [
        ("token_timeout_ticks", |p| p.token_timeout_ticks = 0),
        ("change_timeout_ticks", |p| p.change_timeout_ticks = 0),
        ("link_timeout_ticks", |p| p.link_timeout_ticks = 0),
    ];
    for (key, zero) in zeros {
        let mut parameters = Parameters::default();
        zero(&mut parameters);
        assert_eq!(NeighbourRing::configure(3, &parameters).map_err(|it| it.key), Err(key));
    }
}

#[test]
fn patience_grows_with_all_it_depends_on_and_never_overflows() {
    let patience = |delay, latency, hold, requests| {
        let config = NeighbourRing::configure(4, &Parameters::default()).expect("the defaults are possible");
        let [delay, latency, hold] = [delay, latency, hold].map(Ticks::new);
        NeighbourRing::patience(&config, 4, delay, latency, hold, requests)
    };
    let least = patience(1, 1, 1, 1);
    for more in [patience(2, 1, 1, 1), patience(1, 2, 1, 1), patience(1, 1, 2, 1), patience(1, 1, 1, 2)] {
        assert!(least < more && more < Ticks::MAX);
    }
    assert_eq!(patience(u64::MAX, u64::MAX, u64::MAX, u64::MAX), Ticks::MAX);
}
