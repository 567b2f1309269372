//! One test or more for each rule, on the effects of single steps.

use super::*;
use crate::algorithms::classic::Classic;
use crate::algorithms::classic::bench::{Steps, entered, left, peer, send, send_all};
use crate::model::Bench;

fn request(sequence: u64) -> Message {
    Message::Request { sequence }
}

/// Process 1 of 3, which was in its critical section before and has all authorisations.
fn authorised() -> Bench<Classic<CarvalhoRoucairol>> {
    let mut peer = peer::<CarvalhoRoucairol>(1, 3);
    peer.enter();
    peer.message(0, Message::Reply);
    peer.message(2, Message::Reply);
    peer.leave();
    peer
}

#[test]
fn rules_1_and_3_at_first_everyone_is_asked() {
    let mut peer = peer::<CarvalhoRoucairol>(1, 3);
    assert_eq!(peer.enter(), send_all::<CarvalhoRoucairol>([0, 2], &request(1)));
    assert_eq!(peer.message(0, Message::Reply), []);
    assert_eq!(peer.message(2, Message::Reply), [entered()]);
}

#[test]
fn rule_2_who_asks_again_alone_asks_nobody() {
    let mut peer = authorised();
    assert_eq!(peer.enter(), [entered()]);
    assert_eq!(peer.leave(), [left()]);
    assert_eq!(peer.enter(), [entered()]);
}

#[test]
fn rule_4_only_who_has_asked_since_is_asked() {
    let mut peer = authorised();
    assert_eq!(peer.message(2, request(4)), [send(2, Message::Reply)]);
    assert_eq!(peer.enter(), [send(2, request(5))]);
    assert_eq!(peer.message(2, Message::Reply), [entered()]);
}

#[test]
fn rule_4_who_is_inside_defers_even_a_lower_number() {
    let mut peer = authorised();
    peer.enter();
    assert_eq!(peer.message(0, request(1)), []);
    assert!(peer.noted("reply_deferred"));
}

#[test]
fn rule_4_who_waits_defers_what_comes_later_and_answers_what_comes_first() {
    let mut peer = peer::<CarvalhoRoucairol>(1, 3);
    peer.enter();
    assert_eq!(peer.message(2, request(1)), [], "of two 1 the lower id is first");
    assert_eq!(peer.message(0, request(1)), [send(0, Message::Reply)], "it is asked already");
}

#[test]
fn rule_5_an_authorisation_that_is_taken_back_while_it_is_needed_is_asked_for_again() {
    let mut peer = authorised();
    peer.message(2, request(4));
    peer.enter();
    assert_eq!(peer.message(0, request(3)), [send(0, Message::Reply), send(0, request(5))]);
    assert!(peer.noted("asked_again"));
    assert_eq!(peer.message(2, Message::Reply), []);
    assert_eq!(peer.message(0, Message::Reply), [entered()]);
}

#[test]
fn rule_6_who_leaves_sends_what_it_deferred_and_must_ask_again() {
    let mut peer = authorised();
    peer.enter();
    peer.message(0, request(9));
    assert_eq!(peer.leave(), [left(), send(0, Message::Reply)]);
    assert_eq!(peer.enter(), [send(0, request(10))]);
}
