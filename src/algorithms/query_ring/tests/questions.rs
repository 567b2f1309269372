//! Rules 4 to 6: asking, passing a question on, and what follows from its return.

use super::*;

#[test]
fn rule_4_a_peer_that_waits_longer_than_the_timeout_asks_and_asks_again_under_a_new_id() {
    let mut peer = peer(1, 3);
    peer.enter();
    assert_eq!(peer.time_out(), [set_timer(), send(2, question(1, 1))]);
    assert_eq!(peer.time_out(), [set_timer(), send(2, question(1, 2))]);
}

#[test]
fn rule_4_a_peer_that_does_not_wait_does_not_ask() {
    assert_eq!(peer(1, 3).time_out(), []);
}

#[test]
fn rule_4_receiving_a_token_cancels_ones_own_outstanding_question() {
    let mut peer = peer(1, 3);
    peer.enter();
    peer.time_out();
    peer.message(0, token(0));
    assert!(peer.noted(note::QUESTION_CANCELLED));
    peer.leave();
    assert_eq!(peer.message(0, question(1, 1)), []);
    assert!(peer.noted(note::QUESTION_STALE));
}

#[test]
fn without_cancel_question_a_question_that_the_token_followed_is_taken_for_a_loss() {
    let mut peer = peer_with(1, 3, |rules| rules.cancel_question = false);
    peer.enter();
    peer.time_out();
    peer.message(0, token(0));
    peer.leave();
    assert_eq!(peer.message(0, question(1, 1)), [send(0, lost())]);
}

#[test]
fn rule_4_the_return_of_any_question_since_the_last_token_counts() {
    let mut peer = peer(1, 3);
    peer.enter();
    peer.time_out();
    peer.time_out();
    assert_eq!(peer.message(0, question(1, 1)), [send(0, lost())]);
    assert_eq!(peer.message(0, question(1, 2)), [], "one loss is reported once");
}

#[test]
fn rule_4_a_question_from_before_the_last_token_never_counts() {
    let mut peer = peer(1, 3);
    peer.enter();
    peer.time_out();
    peer.message(0, token(0));
    peer.leave();
    peer.enter();
    peer.time_out();
    assert_eq!(peer.message(0, question(1, 1)), []);
    assert_eq!(peer.message(0, question(1, 2)), [send(0, lost())]);
}

#[test]
fn without_earlier_questions_only_the_return_of_the_newest_question_counts() {
    let mut peer = peer_with(1, 3, |rules| rules.earlier_questions = false);
    peer.enter();
    peer.time_out();
    peer.time_out();
    assert_eq!(peer.message(0, question(1, 1)), []);
    assert!(peer.noted(note::QUESTION_STALE));
    assert_eq!(peer.message(0, question(1, 2)), [send(0, lost())]);
}

#[test]
fn rule_5_a_question_is_dropped_by_whoever_has_the_token() {
    let mut peer = peer(1, 3);
    peer.enter();
    peer.message(0, token(0));
    assert_eq!(peer.message(0, question(2, 1)), []);
    assert!(peer.noted(note::QUESTION_MET_TOKEN));
}

#[test]
fn rule_5_a_question_is_dropped_by_whoever_knows_the_asker_dead() {
    let mut peer = peer(1, 4);
    peer.crash_of(3);
    assert_eq!(peer.message(0, question(3, 1)), []);
    assert!(peer.noted(note::QUESTION_OF_DEAD));
}

#[test]
fn rule_5_every_peer_a_question_passes_raises_its_generation_to_its_own() {
    let mut peer = peer(1, 3);
    let asked = |generation| Message::Question { asker: p(2), id: 1, generation };
    peer.message(0, token(4));
    assert_eq!(peer.message(0, asked(3)), [send(2, asked(4))]);
    assert_eq!(peer.message(0, asked(5)), [send(2, asked(5))]);
}

#[test]
fn rule_5_a_question_waits_until_the_messages_behind_it_in_the_inbox_are_handled() {
    let mut peer = peer(1, 4);
    assert_eq!(peer.inbox(&[2, 0, 0]).message(0, question(3, 1)), [], "two of the three are the predecessor's");
    assert!(peer.noted(note::QUESTION_WAITS));
    assert_eq!(peer.inbox(&[0]).message(0, edit(0, 1, 7)), [send(2, edit(0, 1, 7))]);
    assert_eq!(peer.inbox(&[0]).message(0, edit(0, 1, 7)), [send(2, question(3, 1))]);
    assert!(peer.noted(note::WAITING_QUESTION_PASSED));
    assert_eq!(peer.message(0, edit(0, 1, 7)), [], "it goes on once");
}

#[test]
fn rule_5_questions_that_wait_go_on_in_their_order() {
    let mut peer = peer(1, 4);
    peer.inbox(&[0, 0]).message(0, question(3, 1));
    assert_eq!(peer.inbox(&[0]).message(0, question(2, 1)), []);
    assert_eq!(peer.inbox(&[]).message(0, edit(0, 0, 0)), [send(2, question(3, 1)), send(2, question(2, 1))]);
}

#[test]
fn rule_5_a_question_that_waits_is_dropped_if_one_of_the_messages_was_the_token() {
    let mut peer = peer(1, 4);
    peer.inbox(&[0, 0]).message(0, question(3, 1));
    assert_eq!(peer.message(0, token(0)), [send(2, token(0))]);
    assert!(peer.noted(note::WAITING_QUESTION_DROPPED));
    assert_eq!(peer.message(0, edit(0, 0, 0)), []);
}

#[test]
fn rule_5_a_question_that_waits_goes_on_when_the_predecessor_dies_since_a_token_of_its_is_dropped() {
    let mut peer = peer(1, 4);
    peer.inbox(&[0]).message(0, question(3, 1));
    assert_eq!(peer.crash_of(0), [send(2, question(3, 1))]);
    assert_eq!(peer.message(0, token(0)), []);
}

#[test]
fn rule_5_a_question_that_waits_is_dropped_when_its_asker_dies() {
    let mut peer = peer(1, 4);
    peer.inbox(&[0]).message(0, question(3, 1));
    peer.crash_of(3);
    assert_eq!(peer.inbox(&[]).message(0, edit(0, 0, 0)), []);
}

#[test]
fn without_inbox_check_a_question_is_passed_on_at_once() {
    let mut peer = peer_with(1, 4, |rules| rules.inbox_check = false);
    assert_eq!(peer.inbox(&[0, 0]).message(0, question(3, 1)), [send(2, question(3, 1))]);
}

#[test]
fn rule_6_a_question_that_comes_back_is_reported_to_the_lowest_id_not_known_dead() {
    for (dead, coordinator) in [(&[][..], 0), (&[0], 1), (&[1], 0), (&[1, 0], 2)] {
        let mut peer = peer(3, 4);
        for &dead in dead {
            peer.crash_of(dead);
        }
        peer.enter();
        peer.time_out();
        assert_eq!(peer.message(2, question(3, 1)), [send(coordinator, lost())], "with {dead:?} dead");
    }
}

#[test]
fn rule_6_a_report_that_is_lost_with_the_coordinator_is_repeated_to_the_next() {
    let mut peer = peer(2, 3);
    peer.enter();
    peer.time_out();
    assert_eq!(peer.message(1, question(2, 1)), [send(0, lost())]);
    peer.crash_of(0);
    assert_eq!(peer.time_out(), [set_timer(), send(1, question(2, 2))]);
    assert_eq!(peer.message(1, question(2, 2)), [send(1, lost())]);
}

#[test]
fn rule_6_the_coordinator_confirms_by_a_question_of_its_own_and_creates_a_token_when_that_is_back() {
    let mut peer = peer(0, 3);
    assert_eq!(peer.message(1, lost()), [set_timer(), send(1, question(0, 1))]);
    let back = Message::Question { asker: p(0), id: 1, generation: 4 };
    assert_eq!(peer.message(2, back), [cancel_timer(), send(1, token(5))]);
    assert!(peer.noted(note::TOKEN_CREATED) && peer.noted(TOKEN_ACCEPTED));
}

#[test]
fn rule_6_the_token_is_newer_than_any_that_the_report_met() {
    let mut peer = peer(0, 3);
    peer.message(1, Message::TokenLost { generation: 6 });
    assert_eq!(peer.message(2, question(0, 1)), [cancel_timer(), send(1, token(7))]);
}

#[test]
fn rule_6_whoever_receives_a_report_of_loss_acts_as_coordinator() {
    let mut peer = peer(1, 3);
    assert_eq!(peer.message(2, lost()), [set_timer(), send(2, question(1, 1))]);
    assert_eq!(peer.message(0, question(1, 1)), [cancel_timer(), send(2, token(1))]);
}

#[test]
fn rule_6_no_token_is_created_if_one_came_while_the_confirmation_was_out() {
    let mut peer = peer(0, 3);
    peer.message(1, lost());
    assert_eq!(peer.message(2, token(0)), [send(1, token(0)), cancel_timer()]);
    assert_eq!(peer.message(2, question(0, 1)), []);
}

#[test]
fn rule_6_a_confirmation_is_repeated_on_timeout_though_the_coordinator_does_not_wait() {
    let mut peer = peer(0, 3);
    peer.message(1, lost());
    assert_eq!(peer.time_out(), [set_timer(), send(1, question(0, 2))]);
    assert_eq!(peer.message(2, question(0, 2)), [cancel_timer(), send(1, token(1))]);
    assert_eq!(peer.time_out(), []);
}

#[test]
fn rule_6_while_a_confirmation_is_out_further_reports_are_ignored() {
    let mut peer = peer(0, 3);
    peer.message(1, lost());
    assert_eq!(peer.message(2, lost()), []);
    assert!(peer.noted(note::LOSS_IGNORED));
}

#[test]
fn rule_6_a_confirmation_replaces_an_ordinary_question() {
    let mut peer = peer(1, 3);
    peer.enter();
    peer.time_out();
    assert_eq!(peer.message(2, lost()), [set_timer(), send(2, question(1, 2))]);
    assert_eq!(peer.message(0, question(1, 1)), [], "it was asked before the report, and proves nothing of it");
    assert_eq!(peer.message(0, question(1, 2)), [entered(1), cancel_timer()]);
}

#[test]
fn rule_6_whoever_has_the_token_ignores_reports() {
    let mut peer = peer(0, 3);
    peer.enter();
    peer.message(2, token(0));
    assert_eq!(peer.message(1, lost()), []);
    assert!(peer.noted(note::LOSS_IGNORED));
}

#[test]
fn rule_6_whoever_has_the_token_ignores_the_return_of_its_own_question() {
    // With the cancellation the question is over in any case.
    let mut peer = peer_with(1, 3, |rules| rules.cancel_question = false);
    peer.enter();
    peer.time_out();
    peer.message(0, token(0));
    assert_eq!(peer.message(0, question(1, 1)), []);
    assert!(peer.noted(note::QUESTION_STALE));
}

#[test]
fn rule_6_an_asker_that_was_the_coordinator_when_it_asked_needs_no_second_round() {
    let mut peer = peer(0, 3);
    peer.enter();
    peer.time_out();
    assert_eq!(peer.message(2, question(0, 1)), [entered(1), cancel_timer()]);
    assert!(peer.noted(note::TOKEN_CREATED));
}

#[test]
fn rule_6_an_asker_that_became_the_coordinator_after_it_asked_confirms() {
    let mut peer = peer(1, 3);
    peer.enter();
    peer.time_out();
    peer.crash_of(0);
    assert_eq!(peer.message(2, question(1, 1)), [set_timer(), send(2, question(1, 2))]);
    assert!(peer.noted(note::LOSS_CONFIRMATION));
}

#[test]
fn rule_6_a_question_repeated_by_a_new_coordinator_does_not_make_those_before_it_confirmations() {
    let mut peer = peer(1, 3);
    peer.enter();
    peer.time_out();
    peer.crash_of(0);
    assert_eq!(peer.time_out(), [set_timer(), send(2, question(1, 2))]);
    assert_eq!(peer.message(2, question(1, 1)), []);
    assert_eq!(peer.message(2, question(1, 2)), [entered(1), cancel_timer()]);
}

#[test]
fn without_confirm_loss_two_reports_of_one_loss_make_two_tokens() {
    let mut peer = peer_with(0, 3, |rules| rules.confirm_loss = false);
    assert_eq!(peer.message(1, lost()), [send(1, token(1))]);
    assert_eq!(peer.message(2, lost()), [send(1, token(2))]);
}
