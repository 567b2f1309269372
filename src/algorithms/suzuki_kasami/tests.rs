//! One test or more for each rule, on the effects of single steps.

use super::*;
use crate::algorithms::classic::bench::{Steps, entered, left, p, peer, send, send_all};
use crate::mutex::Mutex;

fn request(number: u64) -> Message {
    Message::Request { number }
}

fn token(granted: [u64; 3], queue: &[u32]) -> Message {
    let queue = queue.iter().map(|&id| p(id)).collect();
    Message::Token(Token { granted: granted.to_vec(), queue })
}

#[test]
fn rule_1_who_has_the_token_enters() {
    let mut peer = peer::<SuzukiKasami>(0, 3);
    assert_eq!((peer.process.tokens(), peer.enter()), (1, vec![entered()]));
}

#[test]
fn rule_1_who_has_it_not_asks_everyone_and_enters_with_the_token() {
    let mut peer = peer::<SuzukiKasami>(1, 3);
    assert_eq!(peer.enter(), send_all::<SuzukiKasami>([0, 2], &request(1)));
    assert_eq!(peer.message(0, token([0; 3], &[])), [entered()]);
    assert_eq!(peer.process.tokens(), 1);
}

#[test]
fn rule_2_an_idle_token_is_sent_to_who_asks() {
    let mut peer = peer::<SuzukiKasami>(0, 3);
    assert_eq!(peer.message(2, request(1)), [send(2, token([0; 3], &[]))]);
    assert!(peer.noted("idle_token_sent"));
    assert_eq!(peer.message(1, request(1)), [], "it is gone");
}

#[test]
fn rule_2_a_request_that_was_granted_moves_nothing() {
    let mut peer = peer::<SuzukiKasami>(1, 3);
    peer.enter();
    peer.message(2, token([0, 0, 1], &[]));
    peer.leave();
    assert_eq!(peer.message(2, request(1)), []);
    assert_eq!(peer.message(2, request(2)), [send(2, token([0, 1, 1], &[]))]);
}

#[test]
fn rule_4_who_leaves_queues_all_open_requests_and_sends_the_token_to_the_first() {
    let mut peer = peer::<SuzukiKasami>(1, 3);
    peer.enter();
    peer.message(0, token([4, 0, 0], &[2]));
    assert_eq!(peer.message(0, request(5)), [], "inside");
    assert_eq!(peer.message(2, request(1)), []);
    assert_eq!(peer.leave(), [left(), send(2, token([4, 1, 0], &[0]))]);
}

#[test]
fn rule_4_who_leaves_keeps_the_token_if_nobody_asked() {
    let mut peer = peer::<SuzukiKasami>(0, 3);
    peer.enter();
    assert_eq!(peer.leave(), [left()]);
    assert_eq!(peer.enter(), [entered()]);
}
