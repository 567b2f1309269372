//! One test or more for each rule, on the effects of single steps. Those of rules 4 to 6 are in `questions`.

mod questions;

use super::*;
use crate::model::{Bench, Effect, Event, Ticks};
use crate::mutex::{Mutex, System};

type Effects = Vec<Effect<QueryRing>>;

const TIMEOUT: Ticks = Ticks::new(60);

/// Peer `me` of a ring of `count`, in the order of ids, with the rules as `switch` leaves them.
fn peer_with(me: u32, count: u32, switch: impl Fn(&mut Rules)) -> Bench<QueryRing> {
    let mut parameters = Parameters::default();
    switch(&mut parameters.rules);
    let config = QueryRing::configure(count, &parameters).expect("the order of ids is a ring");
    let mut peer = Bench::new(me, count, config);
    peer.start();
    peer
}

fn peer(me: u32, count: u32) -> Bench<QueryRing> {
    peer_with(me, count, |_| {})
}

fn p(id: u32) -> ProcessId {
    ProcessId::new(id)
}

fn token(generation: u64) -> Message {
    Message::Token { generation }
}

fn edit(origin: u32, version: i64, value: u64) -> Message {
    Message::Edit { origin: p(origin), version, value }
}

fn question(asker: u32, id: u64) -> Message {
    Message::Question { asker: p(asker), id, generation: 0 }
}

fn lost() -> Message {
    Message::TokenLost { generation: 0 }
}

fn send(to: u32, message: Message) -> Effect<QueryRing> {
    Effect::Send { to: p(to), message }
}

fn entered(generation: u64) -> Effect<QueryRing> {
    Effect::Indicate { indication: Indication::Entered(DATA, Fence { epoch: generation, counter: 0 }) }
}

fn left() -> Effect<QueryRing> {
    Effect::Indicate { indication: Indication::Left(DATA) }
}

fn set_timer() -> Effect<QueryRing> {
    Effect::SetTimer { timer: Timer::TokenTimeout, after: TIMEOUT }
}

fn cancel_timer() -> Effect<QueryRing> {
    Effect::CancelTimer { timer: Timer::TokenTimeout }
}

trait Steps {
    fn enter(&mut self) -> Effects;
    fn write(&mut self, value: u64) -> Effects;
    fn leave(&mut self) -> Effects;
    fn time_out(&mut self) -> Effects;
    fn noted(&self, note: &str) -> bool;
}

impl Steps for Bench<QueryRing> {
    fn enter(&mut self) -> Effects {
        self.request(Request::Enter(DATA))
    }
    fn write(&mut self, value: u64) -> Effects {
        self.request(Request::Write(DATA, value))
    }
    fn leave(&mut self) -> Effects {
        self.request(Request::Leave(DATA))
    }
    fn time_out(&mut self) -> Effects {
        self.timer(Timer::TokenTimeout)
    }
    fn noted(&self, note: &str) -> bool {
        self.notes.contains(&note)
    }
}

#[test]
fn rule_1_a_peer_that_does_not_want_to_enter_passes_the_token_on() {
    let mut peer = peer(1, 3);
    assert_eq!(peer.message(0, token(4)), [send(2, token(4))]);
    assert!(peer.noted(TOKEN_ACCEPTED));
    assert_eq!(peer.process.tokens(), 0);
}

#[test]
fn rule_1_a_peer_that_wants_to_enter_keeps_the_token_and_enters() {
    let mut peer = peer(1, 3);
    assert_eq!(peer.enter(), [set_timer()]);
    assert_eq!(peer.message(0, token(4)), [entered(4), cancel_timer()]);
    assert!(peer.noted(TOKEN_ACCEPTED));
    assert_eq!(peer.process.tokens(), 1);
}

#[test]
fn rule_1_the_token_starts_at_the_first_of_the_ring_order_which_need_not_be_that_of_ids() {
    let parameters = Parameters { ring_order: Some(vec![2, 0, 1]), ..Parameters::default() };
    let config = QueryRing::configure(3, &parameters).expect("it is a permutation");
    assert_eq!(Bench::<QueryRing>::new(0, 3, config.clone()).start(), []);
    assert_eq!(Bench::<QueryRing>::new(1, 3, config.clone()).start(), []);
    let mut first = Bench::<QueryRing>::new(2, 3, config.clone());
    assert_eq!(first.process.tokens(), 1);
    assert_eq!(first.start(), [send(0, token(0))]);
    assert!(first.noted(TOKEN_ACCEPTED));
    assert_eq!(Bench::<QueryRing>::new(1, 3, config).message(0, token(0)), [send(2, token(0))]);
}

#[test]
fn rule_2_leaving_after_an_edit_sends_the_edit_and_then_the_token() {
    let mut peer = peer(1, 3);
    peer.enter();
    peer.message(0, token(0));
    assert_eq!(peer.write(7), [Effect::Indicate { indication: Indication::Written(DATA) }]);
    assert_eq!(peer.process.replica(), Some(Replica { version: 1, value: 7 }));
    peer.write(8);
    assert_eq!(peer.leave(), [left(), send(2, edit(1, 2, 8)), send(2, token(0))]);
    assert_eq!(peer.process.tokens(), 0);
}

#[test]
fn rule_2_leaving_without_an_edit_sends_the_token_alone() {
    let mut peer = peer(1, 3);
    peer.enter();
    peer.message(0, token(0));
    assert_eq!(peer.leave(), [left(), send(2, token(0))]);
}

#[test]
fn rule_3_an_edit_newer_than_mine_is_applied_and_passed_on() {
    let mut peer = peer(1, 3);
    assert_eq!(peer.message(0, edit(0, 5, 7)), [send(2, edit(0, 5, 7))]);
    assert_eq!(peer.process.replica(), Some(Replica { version: 5, value: 7 }));
}

#[test]
fn rule_3_any_other_edit_stops_so_that_ones_own_does_and_one_whose_origin_died() {
    let mut peer = peer(1, 3);
    peer.message(0, edit(0, 5, 7));
    for other in [edit(1, 5, 7), edit(0, 5, 7), edit(0, 4, 1)] {
        assert_eq!(peer.message(0, other), []);
        assert!(peer.noted(note::EDIT_STOPPED));
        assert_eq!(peer.process.replica(), Some(Replica { version: 5, value: 7 }));
    }
}

#[test]
fn without_newer_edits_only_a_peer_stops_its_own_edit_and_no_other() {
    let mut peer = peer_with(1, 3, |rules| rules.newer_edits_only = false);
    peer.message(0, edit(0, 5, 7));
    assert_eq!(peer.message(0, edit(2, 4, 1)), [send(2, edit(2, 4, 1))]);
    assert_eq!(peer.process.replica(), Some(Replica { version: 4, value: 1 }));
    assert_eq!(peer.message(0, edit(1, 6, 2)), []);
}

#[test]
fn rule_7_the_ring_closes_over_the_successor_and_the_new_one_is_sent_the_edit() {
    let mut peer = peer(0, 4);
    peer.message(3, edit(3, 2, 7));
    assert_eq!(peer.crash_of(2), [], "not the successor");
    assert_eq!(peer.crash_of(1), [send(3, edit(0, 2, 7))]);
    assert!(peer.noted(note::EDIT_RESENT));
    assert_eq!(peer.message(3, token(0)), [send(3, token(0))]);
    assert_eq!(peer.crash_of(1), [], "a second report of one death");
}

#[test]
fn without_resend_edit_the_new_successor_is_sent_nothing() {
    let mut peer = peer_with(0, 3, |rules| rules.resend_edit = false);
    assert_eq!(peer.crash_of(1), []);
    assert_eq!(peer.message(2, token(0)), [send(2, token(0))]);
}

#[test]
fn rule_8_a_ring_message_from_a_live_peer_that_is_not_the_predecessor_is_held_until_it_is() {
    let mut peer = peer(0, 4);
    for early in [edit(2, 1, 7), token(0), question(2, 1)] {
        assert_eq!(peer.message(2, early), []);
        assert!(peer.noted(note::EARLY_HELD));
    }
    assert_eq!(peer.process.tokens(), 1, "set aside, and valid");
    assert_eq!(peer.crash_of(3), [send(1, edit(2, 1, 7)), send(1, token(0)), send(1, question(2, 1))]);
    assert!(peer.noted(note::HELD_RELEASED));
    assert_eq!(peer.process.tokens(), 0);
    assert_eq!(peer.message(2, token(0)), [send(1, token(0))]);
}

#[test]
fn rule_8_a_question_that_is_released_waits_for_what_is_released_behind_it() {
    let mut peer = peer(0, 4);
    peer.message(2, question(1, 1));
    peer.message(2, token(0));
    assert_eq!(peer.crash_of(3), [send(1, token(0))]);
    assert!(peer.noted(note::WAITING_QUESTION_DROPPED));
}

#[test]
fn rule_8_a_report_of_loss_is_not_a_ring_message_and_not_held() {
    assert_eq!(peer(0, 4).message(2, lost()), [set_timer(), send(1, question(0, 1))]);
}

#[test]
fn rule_8_held_messages_are_released_nearest_sender_first() {
    let mut peer = peer(0, 5);
    peer.message(2, edit(2, 2, 2));
    peer.message(3, edit(3, 1, 1));
    assert_eq!(peer.crash_of(4), [send(1, edit(3, 1, 1))], "2 is beyond 3, which is alive");
    assert_eq!(peer.crash_of(3), [send(1, edit(2, 2, 2))]);
}

#[test]
fn rule_8_what_is_held_from_a_peer_reported_dead_is_dropped() {
    let mut peer = peer(0, 4);
    peer.message(2, token(0));
    assert_eq!(peer.crash_of(2), []);
    assert!(peer.noted(note::HELD_DROPPED));
    assert_eq!(peer.process.tokens(), 0);
    assert_eq!(peer.crash_of(3), []);
}

#[test]
fn rule_8_what_still_arrives_from_a_peer_reported_dead_is_dropped() {
    let mut peer = peer(0, 3);
    assert!(peer.process.would_accept(p(2), &token(0)));
    peer.crash_of(2);
    assert!(!peer.process.would_accept(p(2), &token(0)));
    for late in [token(0), edit(2, 1, 7), question(1, 1), lost()] {
        assert_eq!(peer.message(2, late), []);
        assert!(peer.noted(note::DEAD_DROPPED));
    }
}

#[test]
fn without_hold_early_a_ring_message_is_handled_whoever_sent_it() {
    let mut peer = peer_with(0, 4, |rules| rules.hold_early = false);
    assert_eq!(peer.message(2, question(2, 1)), [send(1, question(2, 1))]);
}

#[test]
fn without_drop_dead_what_arrives_or_is_held_from_a_peer_reported_dead_is_handled() {
    let mut peer = peer_with(0, 4, |rules| rules.drop_dead = false);
    peer.message(2, edit(2, 1, 7));
    assert_eq!(peer.crash_of(2), [send(1, edit(2, 1, 7))]);
    assert_eq!(peer.message(2, token(0)), [send(1, token(0))]);
}

#[test]
fn rule_9_the_last_peer_keeps_the_token_and_sends_nothing_to_itself() {
    let mut peer = peer(0, 2);
    peer.enter();
    peer.message(1, token(0));
    peer.write(7);
    assert_eq!(peer.crash_of(1), []);
    assert_eq!(peer.leave(), [left()]);
    assert_eq!(peer.process.tokens(), 1);
    assert_eq!(peer.enter(), [entered(0)]);
}

#[test]
fn rule_9_the_last_peer_has_an_answer_to_its_question_at_once() {
    let mut peer = peer(1, 2);
    peer.enter();
    peer.crash_of(0);
    assert_eq!(peer.time_out(), [set_timer(), entered(1), cancel_timer()]);
    assert!(peer.noted(note::ALONE));
}

#[test]
fn rule_9_a_ring_of_one_has_the_token_from_the_start() {
    let mut peer = peer(0, 1);
    assert_eq!(peer.process.tokens(), 1);
    assert_eq!(peer.enter(), [entered(0)]);
    assert_eq!(peer.leave(), [left()]);
}

#[test]
fn requests_out_of_order_or_for_other_data_are_ignored() {
    let mut peer = peer(1, 3);
    let other = DataId::new(1);
    for request in [Request::Connect, Request::Disconnect, Request::Enter(other)] {
        assert_eq!(peer.request(request), []);
    }
    assert_eq!((peer.write(7), peer.leave()), (vec![], vec![]));
    peer.enter();
    assert_eq!((peer.enter(), peer.write(7), peer.leave()), (vec![], vec![], vec![]));
    peer.message(0, token(0));
    assert_eq!((peer.enter(), peer.request(Request::Leave(other))), (vec![], vec![]));
    assert_eq!(peer.process.replica(), Some(Replica { version: 0, value: 0 }));
}

#[test]
fn a_suspicion_taken_back_is_ignored_and_so_is_one_of_oneself() {
    let mut peer = peer(0, 3);
    assert_eq!(peer.crash_of(0), []);
    assert_eq!(peer.message(2, token(0)), [send(1, token(0))]);
    peer.crash_of(1);
    assert_eq!(peer.handle(Event::Report(Report::Restore(p(1)))), []);
    assert_eq!(peer.message(2, token(0)), [send(2, token(0))]);
}

#[test]
fn a_ring_order_is_a_permutation_of_the_ids() {
    let problem = |order: &[u32]| {
        let parameters = Parameters { ring_order: Some(order.to_vec()), ..Parameters::default() };
        QueryRing::configure(3, &parameters).expect_err("it is no ring of three").to_string()
    };
    assert_eq!(problem(&[0, 1, 3]), "ring_order: names 3, which is no process; expected each of the 3 ids from 0 once");
    assert_eq!(problem(&[0, 1, 0]), "ring_order: names 0 twice; expected each of the 3 ids from 0 once");
    assert_eq!(problem(&[2, 0]), "ring_order: leaves out 1; expected each of the 3 ids from 0 once");
}

#[test]
fn a_timeout_is_at_least_one_tick() {
    let parameters = Parameters { token_timeout_ticks: 0, ..Parameters::default() };
    assert_eq!(QueryRing::configure(3, &parameters).expect_err("it is 0").key, "token_timeout_ticks");
}

#[test]
fn parameters_have_defaults_and_refuse_unknown_keys() {
    let parsed: Parameters =
        toml::from_str("ring_order = [1, 0]\nrules = { hold_early = false }").expect("both keys exist");
    let rules = Rules { hold_early: false, ..Rules::default() };
    assert_eq!(parsed, Parameters { ring_order: Some(vec![1, 0]), token_timeout_ticks: 60, rules });
    assert!(toml::from_str::<Parameters>("rules = { hold_late = false }").is_err());
}

#[test]
fn patience_grows_with_every_cause_of_waiting_and_does_not_overflow() {
    let patience = |timeout, processes, delay, latency, hold, requests| {
        let parameters = Parameters { token_timeout_ticks: timeout, ..Parameters::default() };
        let config = QueryRing::configure(processes, &parameters).expect("the order of ids is a ring");
        let [delay, latency, hold] = [delay, latency, hold].map(Ticks::new);
        QueryRing::patience(&config, processes, delay, latency, hold, requests)
    };
    let least = patience(60, 3, 10, 30, 5, 2);
    assert_eq!(least, Ticks::new(30 + 20 + 2 * (60 + 60) + 10 + 60 + 25));
    for more in [
        patience(61, 3, 10, 30, 5, 2),
        patience(60, 4, 10, 30, 5, 2),
        patience(60, 3, 11, 30, 5, 2),
        patience(60, 3, 10, 31, 5, 2),
        patience(60, 3, 10, 30, 6, 2),
        patience(60, 3, 10, 30, 5, 3),
    ] {
        assert!(more > least);
    }
    assert_eq!(patience(u64::MAX, 3, u64::MAX, 1, 1, 1), Ticks::MAX);
}
