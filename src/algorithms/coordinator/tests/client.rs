//! What every client does, shown on one of the durable coordinator, which has no more than a retry of its own.

use super::super::message::{Body, Timer};
use super::super::{Durable, DurableParameters};
use super::{D0, D1, connect, enter, fence, grant, leave, message, p, send};
use crate::model::{Bench, Effect, Event, Process, Report, Ticks};
use crate::mutex::{Indication, Mutex, Request};

const RETRY: Effect<Durable> = Effect::SetTimer { timer: Timer::Retry(0), after: Ticks::new(20) };
const NO_RETRY: Effect<Durable> = Effect::CancelTimer { timer: Timer::Retry(0) };

fn client_of(parameters: DurableParameters) -> Bench<Durable> {
    Bench::new(1, 3, parameters)
}

/// A client that the first incarnation has accepted.
fn accepted() -> Bench<Durable> {
    let mut client = client_of(DurableParameters::default());
    client.request(Request::Connect);
    client.message(0, message(1, Body::Accept));
    client
}

/// An accepted client in the critical section of `D0`.
fn holder() -> Bench<Durable> {
    let mut client = accepted();
    client.request(Request::Enter(D0));
    client.message(0, message(1, grant(D0, 1, fence(1, 1))));
    client
}

fn indicate(indication: Indication) -> Effect<Durable> {
    Effect::Indicate { indication }
}

#[test]
fn a_client_enters_writes_and_leaves() {
    let mut client = accepted();
    assert_eq!(client.request(Request::Enter(D0)), [send(0, 1, enter(D0, 1))]);
    let entered = client.message(0, message(1, grant(D0, 1, fence(1, 7))));
    assert_eq!(entered, [indicate(Indication::Entered(D0, fence(1, 7)))]);
    assert_eq!(client.request(Request::Write(D0, 42)), [indicate(Indication::Written(D0))]);
    let left = client.request(Request::Leave(D0));
    assert_eq!(left, [indicate(Indication::Left(D0)), send(0, 1, leave(D0, 1))], "it is out before the lock goes on");
    assert_eq!(client.request(Request::Enter(D0)), [send(0, 1, enter(D0, 2))], "the next request");
}

#[test]
fn a_client_may_hold_one_lock_and_wait_for_another() {
    let mut client = holder();
    assert_eq!(client.request(Request::Enter(D1)), [send(0, 1, enter(D1, 1))]);
    let entered = client.message(0, message(1, grant(D1, 1, fence(1, 1))));
    assert_eq!(entered, [indicate(Indication::Entered(D1, fence(1, 1)))]);
}

#[test]
fn requests_out_of_order_are_ignored() {
    let mut client = accepted();
    assert_eq!(client.request(Request::Leave(D0)), []);
    assert_eq!(client.request(Request::Write(D0, 1)), []);
    assert_eq!(client.request(Request::Connect), []);
    client.request(Request::Enter(D0));
    assert_eq!(client.request(Request::Enter(D0)), []);
    assert_eq!(client.request(Request::Leave(D0)), []);
}

#[test]
fn rule_3_a_grant_of_a_request_that_is_over_is_ignored_if_its_leave_is_on_the_way() {
    let mut client = holder();
    client.request(Request::Leave(D0));
    assert_eq!(client.message(0, message(1, grant(D0, 1, fence(1, 1)))), []);
    assert_eq!(client.notes, ["grant_ignored"]);
    // So it is if an enter is on the way that implies the leave.
    client.request(Request::Enter(D0));
    assert_eq!(client.message(0, message(1, grant(D0, 1, fence(1, 1)))), []);
}

#[test]
fn rule_3_a_grant_of_a_request_that_is_over_is_answered_with_a_leave_if_none_is_on_the_way_to_that_incarnation() {
    let mut client = holder();
    client.request(Request::Leave(D0));
    assert_eq!(client.message(0, message(2, grant(D0, 1, fence(2, 1)))), [send(0, 2, leave(D0, 1))]);
    assert_eq!(client.notes, ["grant_over_answered_with_leave"]);
    assert_eq!(client.message(0, message(2, grant(D0, 1, fence(2, 1)))), [], "now it is on the way");
}

#[test]
fn rule_3_a_grant_names_the_request_and_a_later_request_does_not_take_it() {
    let mut client = holder();
    client.crash_of(0);
    client.request(Request::Leave(D0));
    client.request(Request::Enter(D0));
    assert_eq!(client.message(0, message(2, grant(D0, 1, fence(2, 1)))), [send(0, 2, leave(D0, 1))]);
    let entered = client.message(0, message(2, grant(D0, 2, fence(2, 2))));
    assert_eq!(entered, [indicate(Indication::Entered(D0, fence(2, 2)))]);
}

#[test]
fn without_steps_a_later_request_takes_the_grant_of_an_earlier_one() {
    let mut parameters = DurableParameters::default();
    parameters.rules.steps = false;
    let mut client = client_of(parameters);
    client.request(Request::Connect);
    client.message(0, message(1, Body::Accept));
    client.request(Request::Enter(D0));
    client.message(0, message(1, grant(D0, 1, fence(1, 1))));
    client.request(Request::Leave(D0));
    client.request(Request::Enter(D0));
    let entered = client.message(0, message(1, grant(D0, 1, fence(1, 1))));
    assert_eq!(entered, [indicate(Indication::Entered(D0, fence(1, 1)))]);
}

#[test]
fn a_grant_that_comes_twice_is_ignored() {
    let mut client = holder();
    assert_eq!(client.message(0, message(1, grant(D0, 1, fence(1, 1)))), []);
    assert_eq!(client.request(Request::Write(D0, 1)), [indicate(Indication::Written(D0))], "still inside");
}

#[test]
fn rule_6_a_client_connects_first_and_is_accepted() {
    let mut client = client_of(DurableParameters::default());
    assert_eq!(client.process.accepted_by(), None);
    assert_eq!(client.request(Request::Connect), [send(0, 0, connect(&[])), RETRY]);
    assert_eq!(client.process.accepted_by(), None);
    assert_eq!(client.message(0, message(1, Body::Accept)), [NO_RETRY]);
    assert_eq!(client.process.accepted_by(), Some(p(0)));
}

#[test]
fn rule_6_a_request_before_the_accept_makes_the_client_wait_and_is_sent_then() {
    let mut client = client_of(DurableParameters::default());
    client.request(Request::Connect);
    assert_eq!(client.request(Request::Enter(D0)), []);
    assert_eq!(client.request(Request::Enter(D1)), []);
    let sent = client.message(0, message(1, Body::Accept));
    assert_eq!(sent, [NO_RETRY, send(0, 1, enter(D0, 1)), send(0, 1, enter(D1, 1))]);
}

#[test]
fn rule_6_a_leave_before_the_accept_is_sent_then() {
    let mut client = holder();
    client.crash_of(0);
    assert_eq!(client.request(Request::Leave(D0)), [indicate(Indication::Left(D0))]);
    assert_eq!(client.message(0, message(1, Body::Accept)), [NO_RETRY, send(0, 1, leave(D0, 1))]);
}

#[test]
fn rule_6_what_the_server_was_told_is_not_told_again() {
    let mut client = holder();
    client.request(Request::Leave(D0));
    client.request(Request::Enter(D1));
    client.crash_of(0);
    assert_eq!(client.message(0, message(1, Body::Accept)), [NO_RETRY]);
}

#[test]
fn rule_6_a_client_that_hears_of_the_death_of_its_server_connects_again_and_again_until_it_is_accepted() {
    let mut client = accepted();
    assert_eq!(client.crash_of(0), [send(0, 1, connect(&[])), RETRY]);
    assert_eq!(client.notes, ["connected_again"]);
    assert_eq!(client.process.accepted_by(), None);
    assert_eq!(client.timer(Timer::Retry(0)), [send(0, 1, connect(&[])), RETRY]);
    assert_eq!(client.timer(Timer::Retry(0)), [send(0, 1, connect(&[])), RETRY]);
    client.message(0, message(2, Body::Accept));
    assert_eq!(client.timer(Timer::Retry(0)), []);
}

#[test]
fn rule_6_the_first_connect_is_tried_again_too_since_the_server_may_have_died_unheard() {
    let mut client = client_of(DurableParameters::default());
    assert_eq!(client.crash_of(0), [], "it is not connected");
    client.request(Request::Connect);
    assert_eq!(client.timer(Timer::Retry(0)), [send(0, 0, connect(&[])), RETRY]);
}

#[test]
fn only_the_death_of_the_server_matters_to_a_client() {
    let mut client = accepted();
    assert_eq!(client.crash_of(2), []);
    assert_eq!(client.handle(Event::Report(Report::Restore(p(0)))), []);
    assert_eq!(client.process.accepted_by(), Some(p(0)));
}

#[test]
fn rule_6_one_that_disconnects_leaves_everything_first() {
    let mut client = holder();
    client.request(Request::Enter(D1));
    let sent = client.request(Request::Disconnect);
    let left = [indicate(Indication::Left(D0)), send(0, 1, leave(D0, 1)), send(0, 1, leave(D1, 1))];
    assert_eq!(sent[..3], left);
    assert_eq!(sent[3..], [send(0, 1, Body::Disconnect)]);
    assert_eq!(client.process.accepted_by(), None);
}

#[test]
fn rule_6_one_that_disconnects_while_it_connects_gives_up_connecting() {
    let mut client = client_of(DurableParameters::default());
    client.request(Request::Connect);
    client.request(Request::Enter(D0));
    assert_eq!(client.request(Request::Disconnect), [send(0, 0, Body::Disconnect), NO_RETRY]);
    assert_eq!(client.crash_of(0), []);
    assert_eq!(client.timer(Timer::Retry(0)), []);
}

#[test]
fn rule_6_one_that_has_disconnected_says_so_once_more_if_it_is_accepted_or_asked() {
    let mut client = accepted();
    client.request(Request::Disconnect);
    assert_eq!(client.message(0, message(2, Body::Accept)), [send(0, 2, Body::Disconnect)]);
    assert_eq!(client.message(0, message(2, Body::Ask)), [send(0, 2, Body::Disconnect)]);
    for request in [Request::Connect, Request::Enter(D0), Request::Leave(D0), Request::Disconnect] {
        assert_eq!(client.request(request), []);
    }
}

#[test]
fn one_that_never_connected_disconnects_in_silence() {
    let mut client = client_of(DurableParameters::default());
    assert_eq!(client.request(Request::Disconnect), []);
}

#[test]
fn clients_take_requests_and_servers_do_not() {
    assert!(client_of(DurableParameters::default()).process.takes_requests());
    let mut server = Bench::<Durable>::new(0, 3, DurableParameters::default());
    assert!(!server.process.takes_requests());
    assert_eq!(server.request(Request::Enter(D0)), []);
}
