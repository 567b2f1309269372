//! One test or more for each rule, on the effects of single steps.

use super::*;
use crate::algorithms::classic::bench::{Steps, entered_with, left, peer, send, send_all};

fn request(sequence: u64) -> Message {
    Message::Request { sequence }
}

#[test]
fn rule_1_a_request_goes_to_every_other_with_a_number_greater_than_any_seen() {
    let mut peer = peer::<RicartAgrawala>(1, 4);
    peer.message(2, request(6));
    assert_eq!(peer.enter(), send_all::<RicartAgrawala>([0, 2, 3], &request(7)));
}

#[test]
fn rule_2_who_wants_nothing_replies() {
    let mut peer = peer::<RicartAgrawala>(1, 3);
    assert_eq!(peer.message(0, request(1)), [send(0, Message::Reply)]);
}

#[test]
fn rule_2_who_comes_later_replies_and_who_comes_first_defers() {
    let mut peer = peer::<RicartAgrawala>(1, 4);
    peer.message(3, request(4));
    peer.enter();
    assert_eq!(peer.message(3, request(4)), [send(3, Message::Reply)], "4 is before 5");
    assert_eq!(peer.message(0, request(5)), [send(0, Message::Reply)], "of two 5 the lower id is first");
    assert_eq!(peer.message(2, request(5)), []);
    assert!(peer.noted("reply_deferred"));
}

#[test]
fn rule_3_who_has_all_replies_enters() {
    let mut peer = peer::<RicartAgrawala>(1, 3);
    peer.enter();
    assert_eq!(peer.message(0, Message::Reply), []);
    assert_eq!(peer.message(2, Message::Reply), [entered_with(1, 1)]);
}

#[test]
fn rule_4_who_leaves_sends_what_it_deferred_once() {
    let mut peer = peer::<RicartAgrawala>(0, 3);
    peer.enter();
    peer.message(2, request(1));
    peer.message(1, Message::Reply);
    peer.message(2, Message::Reply);
    assert_eq!(peer.message(1, request(9)), [], "inside");
    assert_eq!(peer.leave(), [left(), send(2, Message::Reply), send(1, Message::Reply)]);
    peer.enter();
    peer.message(1, Message::Reply);
    peer.message(2, Message::Reply);
    assert_eq!(peer.leave(), [left()]);
}
