//! One test or more for each rule, on the effects of single steps.

use super::*;
use crate::algorithms::classic::bench::{Steps, entered_with, left, peer, send, send_all};

fn request(time: u64) -> Message {
    Message::Request { time }
}

fn acknowledge(time: u64) -> Message {
    Message::Acknowledge { time }
}

fn release(time: u64) -> Message {
    Message::Release { time }
}

#[test]
fn rule_1_a_request_goes_to_every_other_with_its_time() {
    let mut peer = peer::<Lamport>(1, 4);
    assert_eq!(peer.enter(), send_all::<Lamport>([0, 2, 3], &request(1)));
}

#[test]
fn rule_1_a_request_is_later_than_whatever_was_received() {
    let mut peer = peer::<Lamport>(1, 3);
    peer.message(0, release(7));
    assert_eq!(peer.enter(), send_all::<Lamport>([0, 2], &request(8)));
}

#[test]
fn rule_2_a_request_is_acknowledged_later_than_it_was_made() {
    let mut peer = peer::<Lamport>(1, 3);
    assert_eq!(peer.message(0, request(7)), [send(0, acknowledge(8))]);
    assert_eq!(peer.message(2, request(3)), [send(2, acknowledge(9))]);
}

#[test]
fn rules_3_and_5_who_is_first_and_heard_of_all_enters_and_tells_all_of_leaving() {
    let mut peer = peer::<Lamport>(1, 3);
    peer.enter();
    assert_eq!(peer.message(0, acknowledge(2)), []);
    assert_eq!(peer.message(2, acknowledge(2)), [entered_with(1, 1)]);
    assert_eq!(peer.leave(), [vec![left()], send_all::<Lamport>([0, 2], &release(3))].concat());
}

#[test]
fn rule_4_a_release_makes_room_for_the_next() {
    let mut peer = peer::<Lamport>(1, 3);
    peer.message(0, request(1));
    peer.enter();
    assert_eq!(peer.message(0, acknowledge(4)), []);
    assert_eq!(peer.message(2, acknowledge(4)), [], "p0 is first");
    assert_eq!(peer.message(0, release(5)), [entered_with(3, 1)]);
}

#[test]
fn rule_5_any_later_message_will_do_and_an_earlier_one_will_not() {
    let mut peer = peer::<Lamport>(1, 3);
    peer.enter();
    assert_eq!(peer.message(0, acknowledge(2)), []);
    assert_eq!(peer.message(2, request(1)), [send(2, acknowledge(3)), entered_with(1, 1)], "p2 is later by its id");
}

#[test]
fn rule_5_a_message_of_the_same_time_is_later_only_by_a_higher_id() {
    let mut peer = peer::<Lamport>(1, 2);
    peer.enter();
    assert_eq!(peer.message(0, request(1)), [send(0, acknowledge(2))], "p0 is first");
    assert_eq!(peer.message(0, acknowledge(3)), []);
    assert_eq!(peer.message(0, release(4)), [entered_with(1, 1)]);
}
