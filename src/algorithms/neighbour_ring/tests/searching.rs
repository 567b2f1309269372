//! Rule 6.

use super::*;

/// Process 2 of a ring of four, which has waited too long.
fn searching() -> Ring {
    let mut ring = ring(2, 4);
    ring.request(ENTER);
    let asked = Message::WhereIsToken { round: 1 };
    assert_eq!(
        ring.timer(Timer::Token),
        [set(Timer::Token, 60), send(0, asked.clone()), send(1, asked.clone()), send(3, asked)]
    );
    ring
}

fn seen(round: u64, has: bool, sent_hop: i64) -> Message {
    Message::TokenSeen { round, has, sent_hop }
}

#[test]
fn rule_6_each_answers_with_its_sent_hop_and_whether_it_holds_the_token() {
    let asked = Message::WhereIsToken { round: 3 };
    assert_eq!(ring(3, 4).message(2, asked.clone()), [send(2, seen(3, false, 0))]);
    assert_eq!(inside().message(2, asked.clone()), [send(2, seen(3, true, -2))]);
    let mut holding = ring(1, 4);
    holding.crash_of(2);
    holding.message(0, blank_token(1));
    assert_eq!(holding.message(3, asked), [send(3, seen(3, true, -2))], "set aside is held too");
}

#[test]
fn rule_6_if_nobody_holds_the_token_the_scheduler_is_told_who_sent_the_highest_hop() {
    let mut ring = searching();
    assert_eq!(ring.message(0, seen(1, false, 5)), []);
    assert_eq!(ring.message(1, seen(1, false, 6)), []);
    assert_eq!(ring.message(3, seen(1, false, 4)), [send(0, Message::TokenLost { sender: p(1), hop: 6 })]);
}

#[test]
fn rule_6_the_askers_own_sent_hop_counts() {
    let mut ring = ring(2, 4);
    ring.message(1, blank_token(2));
    ring.request(ENTER);
    ring.timer(Timer::Token);
    ring.message(0, seen(1, false, 1));
    ring.message(1, seen(1, false, 2));
    assert_eq!(ring.message(3, seen(1, false, 0)), [send(0, Message::TokenLost { sender: p(2), hop: 3 })]);
}

#[test]
fn rule_6_if_somebody_holds_the_token_the_search_ends_and_the_next_timeout_begins_another() {
    let mut ring = searching();
    ring.message(0, seen(1, false, 5));
    assert_eq!(ring.message(1, seen(1, true, 2)), []);
    assert_eq!(ring.notes, ["token_seen"]);
    assert_eq!(ring.message(3, seen(1, false, 4)), []);
    assert!(ring.timer(Timer::Token).contains(&send(0, Message::WhereIsToken { round: 2 })));
}

#[test]
fn rule_6_answers_to_an_earlier_search_are_ignored() {
    let mut ring = searching();
    ring.message(1, seen(1, true, 2));
    ring.timer(Timer::Token);
    for other in [0, 1, 3] {
        assert_eq!(ring.message(other, seen(1, false, 9)), []);
    }
    ring.message(0, seen(2, false, 5));
    ring.message(1, seen(2, false, 6));
    assert_eq!(ring.message(3, seen(2, false, 4)), [send(0, Message::TokenLost { sender: p(1), hop: 6 })]);
}

#[test]
fn rule_6_a_repeated_answer_does_not_count_twice() {
    let mut ring = searching();
    for _ in 0..3 {
        assert_eq!(ring.message(0, seen(1, false, 5)), []);
    }
}

#[test]
fn rule_6_a_timeout_during_a_search_asks_those_again_that_have_not_answered() {
    let mut ring = searching();
    ring.message(0, seen(1, false, 5));
    let again = Message::WhereIsToken { round: 1 };
    assert_eq!(ring.timer(Timer::Token), [set(Timer::Token, 60), send(1, again.clone()), send(3, again)]);
}

#[test]
fn rule_6_the_dead_are_excused_when_the_search_begins_and_while_it_is_out() {
    let mut ring = ring(2, 4);
    ring.crash_of(0);
    ring.request(ENTER);
    ring.timer(Timer::Token);
    ring.message(1, seen(1, false, 6));
    let effects = ring.crash_of(3);
    assert!(effects.contains(&send(1, Message::TokenLost { sender: p(1), hop: 6 })), "1 is now the lowest");
}

#[test]
fn rule_6_the_scheduler_has_the_sender_send_that_token_again() {
    let mut scheduler = ring(0, 4);
    scheduler.start();
    let lost = |sender, hop| Message::TokenLost { sender: p(sender), hop };
    assert_eq!(scheduler.message(2, lost(1, 6)), [send(1, Message::SendAgain { hop: 6 })]);
    assert_eq!(scheduler.message(2, lost(0, 1)), [send(1, blank_token(1))], "itself, at once");
    scheduler.crash_of(3);
    assert_eq!(scheduler.message(2, lost(3, 6)), []);
}

#[test]
fn rule_6_a_token_is_sent_again_only_if_it_is_the_last_one_sent() {
    let mut ring = ring(1, 4);
    ring.message(0, blank_token(1));
    assert_eq!(ring.message(0, Message::SendAgain { hop: 2 }), [send(2, blank_token(2))]);
    assert_eq!(ring.message(0, Message::SendAgain { hop: 1 }), []);
    ring.request(ENTER);
    ring.message(0, blank_token(5));
    assert_eq!(ring.message(0, Message::SendAgain { hop: 2 }), [], "it has come back");
}

#[test]
fn rule_6_a_token_is_not_sent_again_while_next_is_empty() {
    let mut ring = ring(1, 4);
    ring.message(0, blank_token(1));
    ring.crash_of(2);
    assert_eq!(ring.message(0, Message::SendAgain { hop: 2 }), []);
}

#[test]
fn rule_6_the_search_ends_when_the_token_comes() {
    let mut ring = searching();
    assert_eq!(ring.message(1, blank_token(2)), [cancel(Timer::Token), entered(6)]);
    for other in [0, 1, 3] {
        assert_eq!(ring.message(other, seen(1, false, 5)), []);
    }
    assert_eq!(ring.timer(Timer::Token), []);
}
