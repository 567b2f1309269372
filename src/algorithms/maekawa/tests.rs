//! One test or more for each rule, on the effects of single steps. The grid of four: the quorum of 0 is 0, 1 and 2,
//! that of 3 is 1, 2 and 3.

use super::*;
use crate::algorithms::classic::Classic;
use crate::algorithms::classic::bench::{Steps, entered, left, peer, peer_with, send, send_all};
use crate::model::Bench;
use Message::{Failed, Inquire, Release, Relinquish};

fn request(sequence: u64) -> Message {
    Message::Request { sequence }
}

fn locked(sequence: u64) -> Message {
    Message::Locked { sequence }
}

/// An arbiter that has locked for process 2 with sequence number 5.
fn arbiter(rules: Rules) -> Bench<Classic<Maekawa>> {
    let mut arbiter = peer_with::<Maekawa>(0, 4, &Parameters { rules });
    assert_eq!(arbiter.message(2, request(5)), [send(2, locked(5))]);
    arbiter
}

/// Process 0, which has locked for itself and has the lock of 1, and waits for that of 2.
fn waiting() -> Bench<Classic<Maekawa>> {
    let mut peer = peer::<Maekawa>(0, 4);
    assert_eq!(peer.enter(), send_all::<Maekawa>([1, 2], &request(1)));
    assert_eq!(peer.message(1, locked(1)), []);
    peer
}

#[test]
fn rule_1_who_has_the_locks_of_its_quorum_enters_and_releases_them_on_leaving() {
    let mut peer = waiting();
    assert_eq!(peer.message(2, locked(1)), [entered()]);
    assert_eq!(peer.leave(), [left(), send(1, Release), send(2, Release)]);
}

#[test]
fn rule_2_an_arbiter_locks_for_one_at_a_time_in_the_order_of_sequence_numbers() {
    let mut arbiter = arbiter(Rules::default());
    arbiter.message(1, request(9));
    arbiter.message(3, request(8));
    assert_eq!(arbiter.message(2, Release), [send(3, locked(9))]);
    assert_eq!(arbiter.message(3, Release), [send(1, locked(9))]);
    assert_eq!(arbiter.message(1, Release), []);
}

#[test]
fn rule_3_a_request_that_does_not_come_first_has_failed() {
    let mut arbiter = arbiter(Rules::default());
    assert_eq!(arbiter.message(3, request(5)), [send(3, Failed)], "later than the lock, by its id");
    arbiter.message(1, request(2));
    assert_eq!(arbiter.message(3, request(3)), [send(3, Failed)], "later than what waits");
}

#[test]
fn rule_3_a_request_that_comes_first_makes_the_arbiter_inquire_once() {
    let mut arbiter = arbiter(Rules::default());
    assert_eq!(arbiter.message(1, request(5)), [send(2, Inquire)], "earlier, by its id");
    assert_eq!(arbiter.message(3, request(4)), [send(1, Failed)]);
    let mut without = super::tests::arbiter(Rules { inquire: false, ..Rules::default() });
    assert_eq!(without.message(1, request(5)), []);
}

#[test]
fn rule_4_a_lock_that_is_given_up_goes_to_the_first_and_comes_back() {
    let mut arbiter = arbiter(Rules::default());
    arbiter.message(1, request(4));
    assert_eq!(arbiter.message(2, Relinquish), [send(1, locked(5))]);
    assert_eq!(arbiter.message(3, request(3)), [send(1, Inquire)], "it may inquire again");
    assert_eq!(arbiter.message(1, Release), [send(3, locked(5))]);
    assert_eq!(arbiter.message(3, Release), [send(2, locked(5))]);
}

#[test]
fn rule_4_who_has_failed_elsewhere_relinquishes_whichever_comes_first() {
    let mut inquired = waiting();
    assert_eq!(inquired.message(1, Inquire), [], "it may still come through");
    assert_eq!(inquired.message(2, Failed), [send(1, Relinquish)]);
    let mut failed = waiting();
    assert_eq!(failed.message(2, Failed), []);
    assert_eq!(failed.message(1, Inquire), [send(1, Relinquish)]);
    assert!(failed.noted("relinquished"));
}

#[test]
fn rule_4_a_lock_that_was_given_up_is_needed_again() {
    let mut peer = waiting();
    peer.message(2, Failed);
    peer.message(1, Inquire);
    assert_eq!(peer.message(2, locked(1)), []);
    assert_eq!(peer.message(2, Inquire), [send(2, Relinquish)], "that of 1 is not back");
    assert_eq!(peer.message(1, locked(1)), []);
    assert_eq!(peer.message(2, locked(1)), [entered()]);
}

#[test]
fn rule_4_an_inquiry_is_ignored_inside_and_after_leaving() {
    let mut peer = waiting();
    peer.message(2, locked(1));
    assert_eq!(peer.message(1, Inquire), []);
    assert!(peer.noted("inquiry_ignored"));
    peer.leave();
    assert_eq!(peer.message(1, Inquire), []);
    peer.enter();
    assert_eq!(peer.message(1, Inquire), [], "it is of the request before");
    assert_eq!(peer.message(2, Failed), []);
}

#[test]
fn rule_5_who_was_first_and_is_no_longer_has_failed() {
    let mut told = arbiter(Rules::default());
    told.message(3, request(4));
    assert_eq!(told.message(1, request(3)), [send(3, Failed)]);
    assert!(told.noted("overtaken_told"));
    let mut silent = arbiter(Rules { tell_overtaken: false, ..Rules::default() });
    silent.message(3, request(4));
    assert_eq!(silent.message(1, request(3)), []);
}

#[test]
fn rule_6_a_lock_tells_of_the_requests_that_wait() {
    let mut arbiter = arbiter(Rules::default());
    arbiter.message(3, request(9));
    arbiter.message(1, request(8));
    assert_eq!(arbiter.message(2, Release), [send(1, locked(9))]);
    let mut peer = peer::<Maekawa>(0, 1);
    assert_eq!(peer.enter(), [entered()], "it is its own arbiter");
    let mut peer = waiting();
    peer.message(2, locked(9));
    peer.leave();
    assert_eq!(peer.enter(), send_all::<Maekawa>([1, 2], &request(10)));
}

#[test]
fn what_a_process_says_to_itself_is_done_at_once_and_is_no_message() {
    let mut peer = peer::<Maekawa>(1, 4);
    assert_eq!(peer.message(0, request(3)), [send(0, locked(3))]);
    assert_eq!(peer.enter(), [send(0, request(4)), send(3, request(4))], "its own arbiter tells it that it failed");
    peer.message(3, locked(4));
    assert_eq!(peer.message(3, Inquire), [send(3, Relinquish)]);
    assert_eq!(peer.message(0, Release), [], "and locks for it");
    assert_eq!(peer.message(3, locked(4)), []);
    assert_eq!(peer.message(0, locked(4)), [entered()]);
}

#[test]
fn any_two_quorums_have_a_process_in_common() {
    for processes in 1..=200 {
        let quorums: Vec<_> = ProcessId::all(processes).map(|process| quorum(process, processes)).collect();
        let root = processes.isqrt() + u32::from(processes.isqrt().pow(2) < processes);
        for (process, one) in ProcessId::all(processes).zip(&quorums) {
            assert!(one.contains(&process), "{process} of {processes} is in its own");
            assert!(one.is_sorted_by(|a, b| a < b) && one.iter().all(|member| member.get() < processes));
            assert!(one.len() < 2 * root as usize, "{process} of {processes}: {}", one.len());
            for other in &quorums {
                assert!(one.iter().any(|member| other.binary_search(member).is_ok()), "{one:?} {other:?}");
            }
        }
    }
}
