use super::super::message::{Body, Claim, Timer};
use super::super::{Stateless, StatelessParameters, StatelessServer, grace_bound};
use super::{D0, D1, connect, enter, fence, grant, holding, idle, leave, message, p, send, waiting};
use crate::model::{Bench, Effect, ProcessId, Ticks};
use crate::mutex::{Indication, Mutex, Request, System};

fn with(set: impl FnOnce(&mut StatelessParameters)) -> StatelessParameters {
    let mut parameters = StatelessParameters::default();
    set(&mut parameters);
    parameters
}

/// A server that has just started.
fn starting(parameters: StatelessParameters) -> Bench<Stateless> {
    let mut server = Bench::new(0, 6, parameters);
    server.start();
    server
}

/// A server whose grace is over, and to whom clients 1 to `clients` have connected, each under number 1.
fn serving(clients: u32, parameters: StatelessParameters) -> Bench<Stateless> {
    let mut server = starting(parameters);
    for client in 1..=clients {
        connects(&mut server, client, 1, &[]);
    }
    server.timer(Timer::Grace);
    server
}

fn server(clients: u32) -> Bench<Stateless> {
    serving(clients, StatelessParameters::default())
}

/// The server hears a connect under this number.
fn connects(server: &mut Bench<Stateless>, client: u32, number: u64, claims: &[Claim]) -> Vec<Effect<Stateless>> {
    server.message(client, message(number, connect(claims)))
}

/// The server hears an enter on the first connection.
fn enters(server: &mut Bench<Stateless>, client: u32, request: u64) -> Vec<Effect<Stateless>> {
    server.message(client, message(1, enter(D0, request)))
}

/// The server hears a leave on the first connection.
fn leaves(server: &mut Bench<Stateless>, client: u32, request: u64) -> Vec<Effect<Stateless>> {
    server.message(client, message(1, leave(D0, request)))
}

fn sent(to: u32, stamp: u64, body: Body) -> Effect<Stateless> {
    send::<StatelessServer>(to, stamp, body)
}

fn granted(effects: &[Effect<Stateless>]) -> Vec<(u32, u64)> {
    let grant = |effect: &Effect<Stateless>| match effect {
        Effect::Send { to, message } => Stateless::grant(message).map(|(_, request)| (to.get(), request)),
        _ => None,
    };
    effects.iter().filter_map(grant).collect()
}

fn retry(number: u64) -> Effect<Stateless> {
    Effect::SetTimer { timer: Timer::Retry(number), after: Ticks::new(20) }
}

fn no_retry(number: u64) -> Effect<Stateless> {
    Effect::CancelTimer { timer: Timer::Retry(number) }
}

/// A client that is accepted under number 1 and waits for `D0`.
fn waiter(parameters: StatelessParameters) -> Bench<Stateless> {
    let number = u64::from(parameters.rules.connection_numbers);
    let mut client = Bench::new(1, 3, parameters);
    client.request(Request::Connect);
    client.message(0, message(number, Body::Accept));
    client.request(Request::Enter(D0));
    client
}

/// The same in the critical section.
fn holder() -> Bench<Stateless> {
    let mut client = waiter(StatelessParameters::default());
    client.message(0, message(1, grant(D0, 1, fence(1, 1))));
    client
}

#[test]
fn s1_a_client_that_hears_of_the_death_reclaims_under_the_next_number() {
    let mut client = holder();
    client.request(Request::Enter(D1));
    let effects = client.crash_of(0);
    assert_eq!(effects, [sent(0, 2, connect(&[holding(D0, 1), waiting(D1, 1)])), retry(2)]);
}

#[test]
fn s1_the_number_grows_with_each_report_and_never_with_a_retry() {
    let mut client = waiter(StatelessParameters::default());
    client.crash_of(0);
    assert_eq!(client.timer(Timer::Retry(2)), [sent(0, 2, connect(&[waiting(D0, 1)])), retry(2)]);
    assert_eq!(client.crash_of(0), [sent(0, 3, connect(&[waiting(D0, 1)])), retry(3)]);
}

#[test]
fn without_keeping_the_number_every_accept_comes_too_late_for_a_short_retry_interval() {
    let mut client = waiter(with(|parameters| parameters.rules.keep_number = false));
    client.crash_of(0);
    assert_eq!(client.timer(Timer::Retry(2)), [sent(0, 3, connect(&[waiting(D0, 1)])), retry(3)]);
    assert_eq!(client.message(0, message(2, Body::Accept)), []);
    assert_eq!(client.process.accepted_by(), None);
}

#[test]
fn s1_a_report_does_not_put_off_a_retry_that_is_due() {
    let mut client = waiter(StatelessParameters::default());
    client.crash_of(0);
    client.crash_of(0);
    // The timer of the older connection tries once more for the present one, and is not set again.
    assert_eq!(client.timer(Timer::Retry(2)), [sent(0, 3, connect(&[waiting(D0, 1)]))]);
    client.message(0, message(3, Body::Accept));
    assert_eq!(client.timer(Timer::Retry(2)), []);
}

#[test]
fn s1_the_server_echoes_the_number() {
    let mut server = server(1);
    assert_eq!(connects(&mut server, 1, 7, &[]), [sent(1, 7, Body::Accept)]);
    let effects = server.message(1, message(7, enter(D0, 1)));
    assert_eq!(effects, [sent(1, 7, grant(D0, 1, fence(1, 1)))]);
}

#[test]
fn s1_a_server_ignores_what_comes_under_an_older_number() {
    let mut server = server(1);
    connects(&mut server, 1, 2, &[]);
    assert_eq!(enters(&mut server, 1, 1), []);
    assert_eq!(server.notes, ["older_connection_ignored"]);
    assert_eq!(connects(&mut server, 1, 1, &[waiting(D0, 1)]), []);
    assert_eq!(server.notes, ["older_connection_ignored"]);
}

#[test]
fn s1_a_client_ignores_what_comes_under_an_older_number() {
    let mut client = waiter(StatelessParameters::default());
    client.crash_of(0);
    assert_eq!(client.message(0, message(1, grant(D0, 1, fence(1, 1)))), []);
    assert_eq!(client.notes, ["older_connection_ignored"]);
    assert_eq!(client.message(0, message(1, Body::Accept)), []);
    assert_eq!(client.message(0, message(2, Body::Accept)), [no_retry(2)]);
}

#[test]
fn without_connection_numbers_a_grant_of_the_dead_server_is_taken() {
    let mut client = waiter(with(|parameters| parameters.rules.connection_numbers = false));
    assert_eq!(client.crash_of(0)[0], sent(0, 0, connect(&[waiting(D0, 1)])), "the new server thinks that it waits");
    let entered = client.message(0, message(0, grant(D0, 1, fence(1, 1))));
    assert_eq!(entered, [Effect::Indicate { indication: Indication::Entered(D0, fence(1, 1)) }]);
}

#[test]
fn s1_what_changed_after_the_first_connect_under_a_number_is_told_upon_the_accept() {
    let mut client = holder();
    client.crash_of(0);
    client.request(Request::Leave(D0));
    client.request(Request::Enter(D1));
    // This retry says it, but an earlier connect may be the one that is accepted.
    assert_eq!(client.timer(Timer::Retry(2))[0], sent(0, 2, connect(&[idle(D0, 1), waiting(D1, 1)])));
    let effects = client.message(0, message(2, Body::Accept));
    assert_eq!(effects, [no_retry(2), sent(0, 2, leave(D0, 1)), sent(0, 2, enter(D1, 1))]);
}

#[test]
fn s2_a_server_that_starts_grants_nothing_for_the_grace_and_then_serves() {
    let mut server = Bench::<Stateless>::new(0, 3, with(|parameters| parameters.grace_ticks = 33));
    let grace = [Effect::SetTimer { timer: Timer::Grace, after: Ticks::new(33) }];
    assert_eq!(server.start(), grace, "the first time too");
    connects(&mut server, 1, 1, &[]);
    assert_eq!(enters(&mut server, 1, 1), []);
    assert_eq!(server.timer(Timer::Grace), [sent(1, 1, grant(D0, 1, fence(1, 1)))]);
    assert_eq!(server.restart(), grace);
}

#[test]
fn s2_a_lock_that_is_reclaimed_in_the_grace_is_its_holders() {
    let mut server = starting(StatelessParameters::default());
    connects(&mut server, 2, 1, &[waiting(D0, 1)]);
    connects(&mut server, 3, 1, &[waiting(D0, 4)]);
    assert_eq!(connects(&mut server, 1, 2, &[holding(D0, 3)]), [sent(1, 2, Body::Accept)]);
    assert_eq!(server.notes, ["reclaim_in_grace"]);
    assert_eq!(server.timer(Timer::Grace), []);
    assert_eq!(granted(&server.message(1, message(2, leave(D0, 3)))), [(2, 1)], "those who wait, as they came");
}

#[test]
fn s2_without_a_grace_a_lock_is_granted_before_its_holder_reclaims_it() {
    let mut server = starting(with(|parameters| parameters.grace_ticks = 0));
    server.timer(Timer::Grace);
    assert_eq!(granted(&connects(&mut server, 2, 2, &[waiting(D0, 1)])), [(2, 1)]);
}

#[test]
fn s3_a_request_that_has_been_granted_is_granted_again_under_a_newer_number() {
    let mut server = server(2);
    assert_eq!(enters(&mut server, 1, 1), [sent(1, 1, grant(D0, 1, fence(1, 1)))]);
    let effects = connects(&mut server, 1, 2, &[waiting(D0, 1)]);
    assert_eq!(effects, [sent(1, 2, Body::Accept), sent(1, 2, grant(D0, 1, fence(1, 1)))]);
    assert_eq!(server.notes, ["known_step_ignored", "granted_again"]);
    // Not by a retry: the client will not ignore the grant.
    assert_eq!(connects(&mut server, 1, 2, &[waiting(D0, 1)]), [sent(1, 2, Body::Accept)]);
}

#[test]
fn s3_a_request_that_waits_keeps_its_place() {
    let mut server = server(3);
    for client in [3, 1, 2] {
        enters(&mut server, client, 1);
    }
    assert_eq!(connects(&mut server, 1, 2, &[waiting(D0, 1)]), [sent(1, 2, Body::Accept)]);
    assert_eq!(leaves(&mut server, 3, 1), [sent(1, 2, grant(D0, 1, fence(1, 2)))]);
}

#[test]
fn without_granting_again_the_client_waits_for_what_it_has() {
    let mut server = serving(1, with(|parameters| parameters.rules.grant_again = false));
    enters(&mut server, 1, 1);
    assert_eq!(connects(&mut server, 1, 2, &[waiting(D0, 1)]), [sent(1, 2, Body::Accept)]);
}

#[test]
fn s4_a_message_on_an_unknown_connection_is_answered_with_a_reset() {
    let mut server = server(1);
    server.restart();
    assert_eq!(enters(&mut server, 1, 1), [sent(1, 1, Body::Reset)]);
    assert_eq!(server.notes, ["connection_reset"]);
    connects(&mut server, 1, 1, &[]);
    assert_eq!(server.message(1, message(2, enter(D0, 1))), [sent(1, 2, Body::Reset)], "nor one that is newer");
}

#[test]
fn without_reset_a_message_on_an_unknown_connection_is_ignored() {
    let mut server = serving(0, with(|parameters| parameters.rules.reset = false));
    assert_eq!(enters(&mut server, 1, 1), []);
}

#[test]
fn s4_a_client_whose_connection_is_reset_connects_again_under_the_next_number() {
    let mut client = waiter(StatelessParameters::default());
    let effects = client.message(0, message(1, Body::Reset));
    assert_eq!(effects, [sent(0, 2, connect(&[waiting(D0, 1)])), retry(2)]);
    assert_eq!(client.message(0, message(1, Body::Reset)), [], "once for each connection");
}

#[test]
fn s5_the_fencing_number_is_the_boot_number_and_a_counter() {
    let mut server = server(1);
    assert_eq!(enters(&mut server, 1, 1), [sent(1, 1, grant(D0, 1, fence(1, 1)))]);
    leaves(&mut server, 1, 1);
    assert_eq!(enters(&mut server, 1, 2), [sent(1, 1, grant(D0, 2, fence(1, 2)))]);
    server.restart();
    connects(&mut server, 1, 2, &[waiting(D0, 3)]);
    assert_eq!(server.timer(Timer::Grace), [sent(1, 2, grant(D0, 3, fence(2, 1)))]);
}

#[test]
fn s6_a_reclaim_after_the_grace_of_a_lock_granted_since_is_refused() {
    let refused = [sent(1, 2, Body::Accept), sent(1, 2, Body::Refuse { data: D0, request: 3 })];
    let mut server = server(2);
    enters(&mut server, 2, 1);
    assert_eq!(connects(&mut server, 1, 2, &[holding(D0, 3)]), refused);
    assert_eq!(server.notes, ["reclaim_refused"]);
    // So it is though the lock is free again: another may have written since.
    leaves(&mut server, 2, 1);
    assert_eq!(connects(&mut server, 1, 2, &[holding(D0, 3)]), refused);
}

#[test]
fn s6_a_reclaim_of_what_the_client_has_left_since_is_not_refused() {
    let mut server = server(2);
    enters(&mut server, 2, 1);
    connects(&mut server, 1, 2, &[idle(D0, 3)]);
    assert_eq!(connects(&mut server, 1, 2, &[holding(D0, 3)]), [sent(1, 2, Body::Accept)], "it came late");
    assert_eq!(granted(&server.message(1, message(2, enter(D0, 4)))), []);
    assert_eq!(granted(&leaves(&mut server, 2, 1)), [(1, 4)]);
}

#[test]
fn s6_a_reclaim_after_the_grace_of_a_lock_not_granted_since_is_granted() {
    let mut server = server(1);
    assert_eq!(connects(&mut server, 2, 1, &[holding(D0, 3)]), [sent(2, 1, Body::Accept)]);
    assert_eq!(server.notes, ["reclaim_after_grace"]);
    assert_eq!(enters(&mut server, 1, 1), []);
}

#[test]
fn s6_of_two_who_reclaim_one_lock_the_second_is_refused() {
    let mut server = starting(StatelessParameters::default());
    connects(&mut server, 1, 1, &[holding(D0, 3)]);
    let effects = connects(&mut server, 2, 1, &[holding(D0, 1)]);
    assert_eq!(effects, [sent(2, 1, Body::Accept), sent(2, 1, Body::Refuse { data: D0, request: 1 })]);
}

#[test]
fn s6_a_client_that_is_refused_has_lost_the_lock() {
    let mut client = holder();
    let lost = client.message(0, message(1, Body::Refuse { data: D0, request: 1 }));
    assert_eq!(lost, [Effect::Indicate { indication: Indication::Lost(D0) }]);
    assert_eq!(client.request(Request::Leave(D0)), [], "there is nothing to leave");
    assert_eq!(client.request(Request::Enter(D0)), [sent(0, 1, enter(D0, 2))]);
    assert_eq!(client.message(0, message(1, Body::Refuse { data: D0, request: 1 })), [], "the refusal again");
}

#[test]
fn rule_1_steps_order_what_comes_on_one_connection() {
    let mut server = server(1);
    leaves(&mut server, 1, 1);
    assert_eq!(enters(&mut server, 1, 1), []);
    assert_eq!(server.notes, ["stale_step_ignored"]);
    let mut server = serving(1, with(|parameters| parameters.rules.steps = false));
    leaves(&mut server, 1, 1);
    assert_eq!(granted(&enters(&mut server, 1, 1)), [(1, 1)], "without steps");
}

#[test]
fn rule_4_the_dead_hold_nothing_and_whatever_still_arrives_from_them_is_ignored() {
    let mut server = server(2);
    enters(&mut server, 1, 1);
    enters(&mut server, 2, 1);
    assert_eq!(granted(&server.crash_of(1)), [(2, 1)]);
    assert_eq!(connects(&mut server, 1, 2, &[holding(D0, 1)]), []);
    assert_eq!(server.notes, ["message_of_the_dead_ignored"]);
}

#[test]
fn without_the_rule_on_the_dead_the_dead_are_granted_locks() {
    let mut server = serving(1, with(|parameters| parameters.rules.ignore_dead = false));
    server.crash_of(1);
    assert_eq!(granted(&connects(&mut server, 1, 1, &[waiting(D0, 1)])), [(1, 1)]);
}

#[test]
fn rule_6_a_disconnect_counts_on_any_connection_and_frees_what_its_leaves_have_not() {
    let mut server = server(2);
    enters(&mut server, 1, 1);
    enters(&mut server, 2, 1);
    assert_eq!(granted(&server.message(1, message(9, Body::Disconnect))), [(2, 1)]);
    assert_eq!(connects(&mut server, 1, 9, &[waiting(D0, 2)]), [], "the disconnect had overtaken it");
    assert_eq!(server.notes, ["message_of_the_disconnected_ignored"]);
}

#[test]
fn rule_6_one_that_has_disconnected_says_so_once_more_even_if_an_older_connect_is_accepted() {
    let mut client = waiter(StatelessParameters::default());
    client.crash_of(0);
    client.request(Request::Disconnect);
    assert_eq!(client.message(0, message(1, Body::Accept)), [sent(0, 2, Body::Disconnect)]);
}

#[test]
fn the_least_grace_is_the_later_of_report_and_retry_and_a_delay() {
    let bound = |retry, delay, latency, after_channel| {
        let parameters = with(|parameters| parameters.retry_interval_ticks = retry);
        grace_bound(&parameters, Ticks::new(delay), Ticks::new(latency), after_channel).get()
    };
    assert_eq!(bound(20, 10, 5, false), 30, "the retry interval");
    assert_eq!(bound(20, 10, 25, false), 35, "the latency");
    assert_eq!(bound(2, 10, 5, false), 15);
    assert_eq!(bound(2, 10, 5, true), 20, "reports wait for messages");
}

#[test]
fn only_the_server_restarts() {
    let parameters = StatelessParameters::default();
    let restarts: Vec<bool> = ProcessId::all(3).map(|p| Stateless::restarts(&parameters, p)).collect();
    assert_eq!(restarts, [true, false, false]);
    assert!(Stateless::registers(&(), p(1)), "there is no list to be on");
}

#[test]
fn parameters_have_defaults_and_refuse_what_they_do_not_know() {
    let parameters: StatelessParameters = toml::from_str("grace_ticks = 7").expect("a grace");
    assert_eq!(parameters, with(|parameters| parameters.grace_ticks = 7));
    assert!(toml::from_str::<StatelessParameters>("rules = { resets = false }").is_err());
    let none = with(|parameters| parameters.retry_interval_ticks = 0);
    assert_eq!(Stateless::configure(2, &none).err().map(|impossible| impossible.key), Some("retry_interval_ticks"));
}

#[test]
fn patience_counts_the_grace() {
    let patience = |grace| {
        let parameters = with(|parameters| parameters.grace_ticks = grace);
        Stateless::patience(&parameters, 3, 10.into(), 20.into(), 30.into(), 4)
    };
    assert!(patience(1000) >= patience(0) + Ticks::new(1000));
}
