//! One test or more for each rule, on the effects of single steps.

use super::*;
use crate::algorithms::classic::bench::{Steps, entered, left, p, peer, send};
use crate::mutex::Mutex;

fn request(asker: u32) -> Message {
    Message::Request { asker: p(asker) }
}

#[test]
fn rule_1_the_root_has_the_token_and_enters() {
    let mut peer = peer::<NaimiTrehel>(0, 3);
    assert_eq!((peer.process.tokens(), peer.enter()), (1, vec![entered()]));
}

#[test]
fn rules_1_and_3_another_asks_its_father_and_enters_with_the_token() {
    let mut peer = peer::<NaimiTrehel>(1, 3);
    assert_eq!(peer.enter(), [send(0, request(1))]);
    assert_eq!(peer.message(0, Message::Token), [entered()]);
    assert_eq!(peer.leave(), [left()]);
    assert_eq!(peer.enter(), [entered()], "it is the root");
}

#[test]
fn rule_2_a_request_is_sent_on_and_the_path_reversed() {
    let mut peer = peer::<NaimiTrehel>(1, 4);
    assert_eq!(peer.message(2, request(3)), [send(0, request(3))]);
    assert_eq!(peer.enter(), [send(3, request(1))], "3 asked last");
}

#[test]
fn rule_2_an_idle_root_sends_the_token() {
    let mut peer = peer::<NaimiTrehel>(0, 3);
    assert_eq!(peer.message(1, request(2)), [send(2, Message::Token)]);
    assert_eq!(peer.process.tokens(), 0);
    assert_eq!(peer.enter(), [send(2, request(0))]);
}

#[test]
fn rules_2_and_4_a_root_that_waits_or_is_inside_has_a_next_and_sends_it_the_token_on_leaving() {
    for waits in [true, false] {
        let mut peer = peer::<NaimiTrehel>(1, 3);
        peer.enter();
        if !waits {
            peer.message(0, Message::Token);
        }
        assert_eq!(peer.message(0, request(2)), []);
        assert_eq!(peer.message(2, request(0)), [send(2, request(0))], "it is the root no longer");
        if waits {
            assert_eq!(peer.message(0, Message::Token), [entered()]);
        }
        assert_eq!(peer.leave(), [left(), send(2, Message::Token)]);
        assert_eq!(peer.process.tokens(), 0);
    }
}
