//! One test or more for each rule, on the effects of single steps. The tree of seven: 0 has 1 and 2, 1 has 3 and 4, 2
//! has 5 and 6.

use super::*;
use crate::algorithms::classic::bench::{Steps, entered, left, peer, peer_with, send};
use crate::mutex::Mutex;
use Message::{Privilege, Request};

#[test]
fn rules_1_and_4_who_has_the_privilege_enters() {
    let mut peer = peer::<Raymond>(0, 7);
    assert_eq!((peer.process.tokens(), peer.enter()), (1, vec![entered()]));
}

#[test]
fn rules_1_and_5_who_has_it_not_asks_in_its_direction() {
    let mut peer = peer::<Raymond>(4, 7);
    assert_eq!(peer.enter(), [send(1, Request)]);
    assert_eq!(peer.message(1, Privilege), [entered()]);
}

#[test]
fn rules_2_and_5_a_neighbours_request_is_made_ones_own_once() {
    let mut peer = peer::<Raymond>(1, 7);
    assert_eq!(peer.message(4, Request), [send(0, Request)]);
    assert_eq!(peer.message(3, Request), [], "it has asked");
    assert_eq!(peer.enter(), []);
}

#[test]
fn rules_3_to_5_the_privilege_goes_on_to_the_first_and_is_asked_back_for_the_next() {
    let mut peer = peer::<Raymond>(1, 7);
    peer.message(4, Request);
    peer.enter();
    assert_eq!(peer.message(0, Privilege), [send(4, Privilege), send(4, Request)]);
    assert_eq!(peer.process.tokens(), 0);
    assert_eq!(peer.message(4, Privilege), [entered()]);
}

#[test]
fn rule_4_who_uses_the_privilege_keeps_it() {
    let mut peer = peer::<Raymond>(0, 7);
    peer.enter();
    assert_eq!(peer.message(2, Request), []);
    assert_eq!(peer.message(1, Request), []);
    assert_eq!(peer.leave(), [left(), send(2, Privilege), send(2, Request)]);
}

#[test]
fn rule_6_who_leaves_keeps_the_privilege_if_nobody_asked() {
    let mut peer = peer::<Raymond>(0, 7);
    peer.enter();
    assert_eq!(peer.leave(), [left()]);
    assert_eq!(peer.message(2, Request), [send(2, Privilege)]);
}

#[test]
fn the_arity_makes_the_tree() {
    let mut chain = peer_with::<Raymond>(4, 7, &Parameters { arity: 1 });
    assert_eq!(chain.enter(), [send(3, Request)]);
    let mut star = peer_with::<Raymond>(4, 7, &Parameters { arity: 6 });
    assert_eq!(star.enter(), [send(0, Request)]);
    assert_eq!(Raymond::check(7, &Parameters { arity: 0 }).map_err(|impossible| impossible.key), Err("arity"));
}
