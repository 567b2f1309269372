//! Rules 3, 4, 5, 7 and 8.

use super::*;

// Rule 3

#[test]
fn rule_3_a_process_whose_next_is_reported_dead_asks_everyone_else_who_lost_its_prev() {
    let mut ring = ring(1, 5);
    ring.crash_of(4);
    let asked = question(1, -3, change(-5, 0, 0));
    let expected = [send(0, asked.clone()), send(3, asked), set(Timer::Link, 40)];
    assert_eq!(ring.crash_of(2), expected);
    assert_eq!(ring.process.next(), None);
}

#[test]
fn rule_3_the_question_is_repeated_while_next_is_empty() {
    let mut ring = ring(1, 4);
    ring.crash_of(2);
    let asked = blank_question(1, -2);
    assert_eq!(ring.timer(Timer::Link), [send(0, asked.clone()), send(3, asked), set(Timer::Link, 40)]);
    ring.message(3, Message::IAmNext { id: 1 });
    assert_eq!(ring.timer(Timer::Link), []);
}

#[test]
fn rule_3_each_loss_of_a_next_has_a_new_id() {
    let mut ring = ring(1, 5);
    ring.crash_of(2);
    ring.message(3, Message::IAmNext { id: 1 });
    assert!(ring.crash_of(3).contains(&send(0, question(2, -3, change(-5, 0, 0)))));
}

#[test]
fn rule_3_the_death_of_another_leaves_the_links_as_they_are() {
    let mut ring = ring(1, 4);
    assert_eq!(ring.crash_of(3), []);
    assert_eq!(ring.process.next(), Some(p(2)));
}

#[test]
fn rule_3_while_next_is_empty_the_token_and_changes_are_held() {
    let mut ring = ring(1, 4);
    ring.crash_of(2);
    assert_eq!(ring.message(0, Message::Change(change(0, 0, 9))), []);
    assert_eq!(ring.notes, ["change_held"]);
    assert_eq!(ring.message(0, blank_token(1)), []);
    assert_eq!(ring.notes, [TOKEN_ACCEPTED, "token_held"]);
    assert_eq!(ring.process.tokens(), 1);
}

#[test]
fn rule_3_a_process_that_has_the_token_may_enter_while_next_is_empty() {
    let mut ring = ring(1, 4);
    ring.crash_of(2);
    ring.message(0, blank_token(1));
    assert!(ring.request(ENTER).contains(&entered(5)));
}

#[test]
fn rule_3_a_second_stay_waits_for_the_next_hop_so_that_fencing_numbers_grow() {
    let mut ring = inside();
    ring.crash_of(2);
    assert_eq!(ring.request(LEAVE), [indicate(Indication::Left(LOCK))]);
    assert_eq!(ring.process.tokens(), 1);
    assert_eq!(ring.request(ENTER), [set(Timer::Token, 60)]);
    assert_eq!(ring.timer(Timer::Token), [set(Timer::Token, 60)], "it need not search for what it has");
    assert!(ring.message(3, Message::IAmNext { id: 1 }).contains(&send(3, blank_token(2))));
    assert!(ring.message(0, blank_token(4)).contains(&entered(8)));
}

#[test]
fn rule_3_a_writer_whose_next_is_empty_does_not_count_attempts() {
    let mut ring = writing();
    ring.crash_of(2);
    assert_eq!(ring.timer(Timer::Change), [set(Timer::Change, 60)]);
    let effects = ring.message(3, Message::IAmNext { id: 1 });
    assert!(effects.contains(&send(3, Message::Change(change(1, 0, 7)))));
}

// Rule 4

#[test]
fn rule_4_a_question_is_kept_until_every_process_between_is_reported_dead() {
    let mut ring = ring(0, 4);
    ring.start();
    assert_eq!(ring.message(1, blank_question(1, -2)), []);
    assert_eq!(ring.notes, ["question_kept"]);
    assert_eq!(ring.crash_of(2), []);
    assert_eq!(ring.crash_of(3), [send(1, Message::IAmNext { id: 1 })]);
    assert_eq!(ring.process.prev(), p(1));
}

#[test]
fn rule_4_a_question_is_answered_at_once_if_every_process_between_is_known_to_be_dead() {
    let mut ring = ring(3, 4);
    ring.crash_of(2);
    assert_eq!(ring.message(1, blank_question(1, -2)), [send(1, Message::IAmNext { id: 1 })]);
}

#[test]
fn rule_4_a_repeated_question_is_answered_again() {
    let mut ring = ring(3, 4);
    ring.crash_of(2);
    for _ in 0..2 {
        assert_eq!(ring.message(1, blank_question(1, 4)).last(), Some(&send(1, Message::IAmNext { id: 1 })));
    }
}

#[test]
fn rule_4_the_newer_of_two_questions_of_one_asker_is_kept() {
    for order in [[1, 2], [2, 1]] {
        let mut ring = ring(3, 4);
        for id in order {
            ring.message(1, blank_question(id, -2));
        }
        assert_eq!(ring.crash_of(2), [send(1, Message::IAmNext { id: 2 })]);
    }
}

#[test]
fn rule_4_the_question_of_an_asker_that_dies_is_dropped() {
    let mut ring = ring(3, 4);
    ring.message(1, blank_question(1, -2));
    assert_eq!(ring.crash_of(1), []);
    assert_eq!(ring.notes, ["question_dropped"]);
    assert_eq!(ring.crash_of(2), []);
}

#[test]
fn rule_4_the_asker_beyond_a_dead_asker_is_answered() {
    let mut ring = ring(3, 4);
    ring.message(1, blank_question(1, -2));
    ring.message(0, blank_question(1, 1));
    ring.crash_of(1);
    assert_eq!(ring.crash_of(2).last(), Some(&send(0, Message::IAmNext { id: 1 })));
}

#[test]
fn rule_4_the_askers_change_is_applied_if_newer_and_passed_on() {
    let mut ring = ring(3, 4);
    ring.crash_of(2);
    let news = change(0, 0, 9);
    let effects = ring.message(1, question(1, -2, news));
    assert_eq!(effects, [send(0, Message::Change(news)), send(1, Message::IAmNext { id: 1 })]);
    assert_eq!(version(&ring), 0);
}

#[test]
fn rule_4_the_askers_change_completes_the_write_that_it_is_of() {
    let mut ring = writing();
    ring.crash_of(0);
    let effects = ring.message(3, question(1, 0, change(1, 0, 7)));
    assert!(effects.contains(&indicate(Indication::Written(LOCK))));
}

#[test]
fn rule_4_a_kept_question_completes_no_write_while_a_process_between_may_be_alive() {
    let mut ring = writing();
    assert_eq!(ring.message(3, question(1, 0, change(1, 0, 7))), []);
    assert!(ring.crash_of(0).contains(&indicate(Indication::Written(LOCK))));
}

#[test]
fn rule_4_the_dead_had_the_token_if_the_asker_sent_a_hop_that_exceeds_what_was_received() {
    let mut ring = ring(3, 4);
    ring.crash_of(2);
    assert_eq!(
        ring.message(1, blank_question(1, 2)),
        [send(0, blank_token(4)), send(1, Message::IAmNext { id: 1 })],
        "the asker sent hop 2 to process 2, which would have sent hop 3"
    );
    assert_eq!(ring.notes, ["change_dropped", "token_created", TOKEN_ACCEPTED]);
}

#[test]
fn rule_4_a_created_token_has_the_hop_it_would_have_if_all_the_dead_had_passed_it_on() {
    let mut ring = ring(0, 4);
    ring.start();
    ring.request(ENTER);
    ring.crash_of(2);
    ring.crash_of(3);
    let effects = ring.message(1, blank_question(1, 2));
    assert!(effects.contains(&entered(4 + 4)), "2 to process 2, 3 to process 3, 4 to process 0");
}

#[test]
fn rule_4_no_token_is_created_if_it_went_by() {
    let mut ring = ring(3, 4);
    ring.message(2, blank_token(3));
    ring.crash_of(2);
    for sent_hop in [2, 3] {
        assert_eq!(ring.message(1, blank_question(1, sent_hop)), [send(1, Message::IAmNext { id: 1 })]);
    }
}

#[test]
fn rule_4_a_token_is_created_once_however_often_the_question_comes() {
    let mut ring = ring(3, 4);
    ring.crash_of(2);
    assert!(sends_token(&ring.message(1, blank_question(1, 2))));
    assert!(!sends_token(&ring.message(1, blank_question(1, 2))));
}

#[test]
fn rule_4_a_created_token_takes_the_askers_change_along() {
    let mut ring = ring(3, 4);
    ring.crash_of(2);
    let news = change(1, 0, 9);
    assert!(ring.message(1, question(1, 2, news)).contains(&send(0, token(4, news))));
}

#[test]
fn without_change_in_question_a_question_bears_none() {
    let mut ring = ring_without(1, 3, |rules| rules.change_in_question = false);
    let asked = Message::WhoLostPrev { id: 1, sent_hop: -1, change: None };
    assert_eq!(ring.crash_of(2), [send(0, asked), set(Timer::Link, 40)]);
}

/// Process 1 wrote under hop 1, and its change and the only process that had it besides died with it. The token was
/// created without the write and has been here as hop 4; then the question of process 1 can be answered, because
/// its death is not reported yet.
fn question_of_a_dead_writer(mut ring: Ring) -> (Ring, Effects) {
    let written = change(1, 0, 7);
    ring.message(1, question(1, -2, written));
    ring.message(3, blank_token(4));
    ring.crash_of(2);
    let effects = ring.crash_of(3);
    (ring, effects)
}

#[test]
fn rule_4_news_older_than_the_last_token_received_is_lost() {
    let (ring, effects) = question_of_a_dead_writer(ring(0, 4));
    assert_eq!(effects, [send(1, Message::IAmNext { id: 1 })]);
    assert_eq!(ring.notes, ["kept_question_answered", "change_refused"]);
    assert_eq!(version(&ring), INITIAL);
}

#[test]
fn without_refuse_old_changes_a_lost_write_comes_to_light_behind_the_token() {
    let ring = ring_without(0, 4, |rules| rules.refuse_old_changes = false);
    let (ring, effects) = question_of_a_dead_writer(ring);
    assert!(effects.contains(&send(1, Message::Change(change(1, 0, 7)))));
    assert_eq!(version(&ring), 1);
}

// Rule 5

#[test]
fn rule_5_the_asker_links_and_sends_its_newest_change_and_then_the_token() {
    let mut ring = ring(1, 4);
    ring.crash_of(2);
    let news = change(0, 0, 9);
    ring.message(0, Message::Change(news));
    ring.message(0, blank_token(1));
    assert_eq!(
        ring.message(3, Message::IAmNext { id: 1 }),
        [cancel(Timer::Link), send(3, Message::Change(news)), send(3, token(2, news))]
    );
    assert_eq!(ring.process.next(), Some(p(3)));
}

#[test]
fn rule_5_a_process_in_its_critical_section_keeps_the_token_when_it_links() {
    let mut ring = inside();
    ring.crash_of(2);
    assert!(!sends_token(&ring.message(3, Message::IAmNext { id: 1 })));
    assert!(sends_token(&ring.request(LEAVE)));
}

#[test]
fn rule_5_only_an_answer_to_the_latest_question_counts_and_only_the_first() {
    let mut ring = ring(1, 6);
    ring.crash_of(2);
    ring.message(3, Message::IAmNext { id: 1 });
    assert_eq!(ring.message(4, Message::IAmNext { id: 1 }), []);
    ring.crash_of(3);
    assert_eq!(ring.message(5, Message::IAmNext { id: 1 }), []);
    assert_eq!(ring.notes, ["answer_ignored"]);
    assert_eq!(ring.process.next(), None);
    ring.message(4, Message::IAmNext { id: 2 });
    assert_eq!(ring.process.next(), Some(p(4)));
}

// Rule 7

#[test]
fn rule_7_whatever_arrives_from_a_process_reported_dead_is_dropped() {
    let mut ring = ring(1, 4);
    ring.crash_of(2);
    ring.crash_of(0);
    assert!(!ring.process.would_accept(p(0), &blank_token(1)));
    let before = ring.process.clone();
    for message in [
        blank_token(1),
        Message::Change(change(0, 0, 9)),
        blank_question(1, 1),
        Message::IAmNext { id: 1 },
        Message::WhereIsToken { round: 1 },
        Message::TokenLost { sender: p(1), hop: -2 },
    ] {
        assert_eq!(ring.message(0, message), []);
        assert_eq!(ring.notes, ["dead_dropped"]);
    }
    assert_eq!(ring.process, before);
}

#[test]
fn without_drop_dead_a_process_links_to_a_dead_one() {
    let mut ring = ring_without(1, 4, |rules| rules.drop_dead = false);
    ring.crash_of(2);
    ring.crash_of(3);
    ring.message(3, Message::IAmNext { id: 1 });
    assert_eq!(ring.process.next(), Some(p(3)));
    assert!(ring.process.would_accept(p(3), &blank_token(1)));
    let before = ring.process.clone();
    assert_eq!(ring.message(3, blank_question(1, 9)), [], "rule 4: only the questions of the living are kept");
    assert_eq!(ring.process, before);
}

#[test]
fn a_crash_is_reported_once_and_a_report_taken_back_is_ignored() {
    let mut ring = ring(1, 4);
    ring.crash_of(2);
    let before = ring.process.clone();
    assert_eq!(ring.crash_of(2), []);
    assert_eq!(ring.handle(crate::model::Event::Report(Report::Restore(p(2)))), []);
    assert_eq!(ring.process, before);
}

// Rule 8

#[test]
fn rule_8_next_is_the_process_itself_and_nobody_is_asked() {
    let mut ring = ring(1, 3);
    ring.crash_of(2);
    assert_eq!(ring.crash_of(0).first(), Some(&cancel(Timer::Link)));
    assert_eq!((ring.process.next(), ring.process.prev()), (Some(p(1)), p(1)));
    assert!(ring.notes.contains(&"alone"));
}

#[test]
fn rule_8_a_token_that_the_dead_had_is_created_and_kept() {
    let mut ring = ring(1, 3);
    ring.message(0, token(1, change(-3, 0, 0)));
    ring.request(ENTER);
    ring.crash_of(2);
    let effects = ring.crash_of(0);
    assert!(effects.contains(&entered(4 + 3)), "hop 2 to process 2, 3 to process 0, 4 to itself");
}

#[test]
fn rule_8_the_last_process_keeps_the_token_it_has() {
    let mut ring = ring(1, 3);
    ring.crash_of(2);
    ring.message(0, token(1, change(-3, 0, 0)));
    ring.crash_of(0);
    assert!(!ring.notes.contains(&"token_created"));
    assert_eq!(ring.process.tokens(), 1);
    assert!(ring.request(ENTER).contains(&entered(1 + 3)));
}

#[test]
fn rule_8_a_write_is_complete_when_the_last_other_dies() {
    let mut ring = writing();
    ring.request(LEAVE);
    ring.crash_of(0);
    ring.crash_of(2);
    let effects = ring.crash_of(3);
    assert!(effects.ends_with(&[indicate(Indication::Written(LOCK)), indicate(Indication::Left(LOCK))]));
}

#[test]
fn rule_8_a_process_that_is_alone_writes_at_once_and_passes_the_token_to_itself() {
    let mut ring = ring(0, 1);
    assert_eq!(ring.start(), []);
    for hop in 0..3 {
        assert!(ring.request(ENTER).contains(&entered(hop + 1)));
        assert_eq!(ring.request(write(hop)), [indicate(Indication::Written(LOCK))]);
        assert_eq!(ring.request(LEAVE), [indicate(Indication::Left(LOCK))]);
    }
    assert_eq!(ring.process.replica(), Some(Replica { version: 2, value: 2 }));
}

#[test]
fn rule_8_a_process_that_waits_with_a_spent_token_enters_when_it_is_alone() {
    let mut ring = ring(1, 2);
    ring.request(ENTER);
    ring.message(0, token(1, change(-2, 0, 0)));
    ring.process.next = None; // of two, the loss of the one other is loneliness; of more it is not
    ring.request(LEAVE);
    ring.request(ENTER);
    assert!(ring.crash_of(0).contains(&entered(2 + 2)));
}
