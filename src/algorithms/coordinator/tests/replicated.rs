use super::super::message::{Absence, Body, Change, Claim};
use super::super::{Replicated, ReplicatedParameters, ReplicatedServer, Replication};
use super::{D0, D1, connect, enter, fence, grant, holding, idle, leave, message, p, send, waiting};
use crate::model::{Bench, Effect, Process, ProcessId, Ticks};
use crate::mutex::{DataId, Indication, Mutex, Request, System};

fn with(set: impl FnOnce(&mut ReplicatedParameters)) -> ReplicatedParameters {
    let mut parameters = ReplicatedParameters::default();
    set(&mut parameters);
    parameters
}

fn asynchronous() -> ReplicatedParameters {
    with(|parameters| parameters.replication = Replication::Async)
}

fn primary() -> Bench<Replicated> {
    Bench::new(0, 6, ReplicatedParameters::default())
}

fn backup() -> Bench<Replicated> {
    Bench::new(1, 6, ReplicatedParameters::default())
}

/// A backup that has made these changes and is primary now.
fn promoted(changes: &[Change], parameters: ReplicatedParameters) -> Bench<Replicated> {
    let mut server = Bench::new(1, 6, parameters);
    for (sequence, &change) in (1..).zip(changes) {
        copies(&mut server, sequence, change);
    }
    server.crash_of(0);
    server
}

fn sent(to: u32, stamp: u64, body: Body) -> Effect<Replicated> {
    send::<ReplicatedServer>(to, stamp, body)
}

fn replicated(sequence: u64, change: Change) -> Effect<Replicated> {
    sent(1, 0, Body::Replicate { sequence, change })
}

fn acknowledged(sequence: u64) -> Effect<Replicated> {
    sent(0, 0, Body::Acknowledge { sequence })
}

fn step(client: u32, claim: Claim) -> Change {
    Change::Step { client: p(client), claim }
}

fn dead(client: u32) -> Change {
    Change::Gone { client: p(client), absence: Absence::Dead }
}

fn accepted(client: u32, data: DataId, request: u64) -> Effect<Replicated> {
    Effect::Indicate { indication: Indication::Accepted { client: p(client), data, request } }
}

/// A grant of `D0` by the server with this stamp.
fn granted(to: u32, stamp: u64, request: u64, counter: u64) -> Effect<Replicated> {
    sent(to, stamp, grant(D0, request, fence(0, counter)))
}

/// A server hears an enter of a client's first request.
fn enters(server: &mut Bench<Replicated>, client: u32) -> Vec<Effect<Replicated>> {
    server.message(client, message(0, enter(D0, 1)))
}

/// The backup hears of a change.
fn copies(server: &mut Bench<Replicated>, sequence: u64, change: Change) -> Vec<Effect<Replicated>> {
    server.message(0, message(0, Body::Replicate { sequence, change }))
}

/// The primary hears an acknowledgement.
fn acknowledges(server: &mut Bench<Replicated>, sequence: u64) -> Vec<Effect<Replicated>> {
    server.message(1, message(0, Body::Acknowledge { sequence }))
}

#[test]
fn r1_every_accepted_change_goes_to_the_backup_with_a_sequence_number() {
    let mut server = primary();
    assert_eq!(enters(&mut server, 2), [replicated(1, step(2, waiting(D0, 1)))]);
    let left = server.message(2, message(0, leave(D0, 1)));
    assert_eq!(left, [replicated(2, step(2, idle(D0, 1)))]);
    assert_eq!(server.crash_of(3), [replicated(3, dead(3))]);
}

#[test]
fn r1_what_changes_nothing_does_not_go_to_the_backup() {
    let mut server = primary();
    enters(&mut server, 2);
    assert_eq!(enters(&mut server, 2), [], "known");
    server.message(2, message(0, leave(D0, 1)));
    assert_eq!(enters(&mut server, 2), [], "older");
}

#[test]
fn r1_the_backup_makes_the_changes_in_their_order_and_acknowledges_each() {
    let mut server = backup();
    assert_eq!(copies(&mut server, 2, step(3, waiting(D0, 1))), [], "it keeps one that comes early");
    assert_eq!(server.notes, ["change_came_early"]);
    let effects = copies(&mut server, 1, step(2, waiting(D0, 1)));
    assert_eq!(effects, [accepted(2, D0, 1), acknowledged(1), accepted(3, D0, 1), acknowledged(2)]);
    assert_eq!(copies(&mut server, 1, step(2, waiting(D0, 1))), [], "again");
}

#[test]
fn r1_tables_that_saw_the_same_changes_grant_the_same() {
    let changes = [step(2, waiting(D0, 1)), step(3, waiting(D0, 1)), step(4, waiting(D0, 1)), dead(3)];
    let mut server = promoted(&changes, ReplicatedParameters::default());
    assert_eq!(server.message(2, message(1, leave(D0, 1))), [granted(4, 1, 1, 2)]);
}

#[test]
fn r2_with_sync_the_primary_acts_after_the_acknowledgement() {
    let mut server = primary();
    assert_eq!(enters(&mut server, 2), [replicated(1, step(2, waiting(D0, 1)))]);
    assert_eq!(acknowledges(&mut server, 1), [granted(2, 0, 1, 1)]);
    server.message(3, message(0, enter(D1, 1)));
    assert_eq!(server.message(4, message(0, connect(&[]))), [], "it says nothing that the backup might not know");
    let effects = acknowledges(&mut server, 2);
    assert_eq!(effects, [sent(3, 0, grant(D1, 1, fence(0, 1))), sent(4, 0, Body::Accept)]);
    assert_eq!(server.message(5, message(0, connect(&[]))), [sent(5, 0, Body::Accept)]);
}

#[test]
fn r2_an_acknowledgement_stands_for_those_before_it() {
    let mut server = primary();
    enters(&mut server, 2);
    server.message(3, message(0, enter(D1, 1)));
    let both = [granted(2, 0, 1, 1), sent(3, 0, grant(D1, 1, fence(0, 1)))];
    assert_eq!(acknowledges(&mut server, 2), both);
    assert_eq!(acknowledges(&mut server, 1), []);
    assert_eq!(server.message(5, message(0, connect(&[]))), [sent(5, 0, Body::Accept)], "nothing is taken back");
}

#[test]
fn r2_with_async_the_primary_acts_at_once_but_tells_the_backup_first() {
    let mut server = Bench::<Replicated>::new(0, 6, asynchronous());
    assert_eq!(enters(&mut server, 2), [replicated(1, step(2, waiting(D0, 1))), granted(2, 0, 1, 1)]);
    let mut server = Bench::<Replicated>::new(1, 6, asynchronous());
    let effects = copies(&mut server, 1, step(2, waiting(D0, 1)));
    assert_eq!(effects, [accepted(2, D0, 1)], "nobody waits for an acknowledgement");
}

#[test]
fn r2_if_the_backup_is_dead_the_primary_acts_alone() {
    let mut server = primary();
    enters(&mut server, 2);
    enters(&mut server, 3);
    let effects = server.crash_of(1);
    assert_eq!(effects, [accepted(2, D0, 1), accepted(3, D0, 1), granted(2, 0, 1, 1)]);
    assert_eq!(server.notes, ["backup_died"]);
    assert_eq!(server.message(2, message(0, leave(D0, 1))), [granted(3, 0, 1, 2)]);
    assert_eq!(enters(&mut server, 4), [accepted(4, D0, 1)]);
    assert_eq!(acknowledges(&mut server, 1), [], "the last word of the dead");
}

#[test]
fn r3_the_backup_sends_the_present_holders_their_grants_again_and_goes_on() {
    let mut server = backup();
    copies(&mut server, 1, step(2, waiting(D0, 1)));
    copies(&mut server, 2, step(3, waiting(D0, 1)));
    copies(&mut server, 3, step(4, waiting(D1, 7)));
    assert_eq!(server.crash_of(0), [granted(2, 1, 1, 1), sent(4, 1, grant(D1, 7, fence(0, 1)))]);
    assert_eq!(server.notes, ["failover"]);
    assert_eq!(server.message(2, message(1, leave(D0, 1))), [granted(3, 1, 1, 2)]);
}

#[test]
fn without_granting_again_a_grant_in_flight_is_lost_with_the_primary() {
    let mut server = Bench::<Replicated>::new(1, 6, with(|parameters| parameters.rules.grant_again = false));
    copies(&mut server, 1, step(2, waiting(D0, 1)));
    assert_eq!(server.crash_of(0), []);
}

#[test]
fn r3_the_table_is_struck_of_everyone_reported_dead() {
    let mut server = backup();
    copies(&mut server, 1, step(2, waiting(D0, 1)));
    copies(&mut server, 2, step(3, waiting(D0, 1)));
    copies(&mut server, 3, step(4, waiting(D0, 1)));
    assert_eq!(server.crash_of(2), [], "as long as there is a primary it decides");
    assert_eq!(server.crash_of(3), []);
    assert_eq!(server.crash_of(0), [granted(4, 1, 1, 2)]);
    assert_eq!(server.crash_of(4), [], "and those reported later");
    assert_eq!(enters(&mut server, 5), [accepted(5, D0, 1), granted(5, 1, 1, 3)]);
}

#[test]
fn r3_changes_that_came_early_follow_one_that_is_lost() {
    let mut server = backup();
    copies(&mut server, 2, step(3, waiting(D0, 1)));
    assert_eq!(server.crash_of(0), []);
    assert_eq!(enters(&mut server, 2), [accepted(2, D0, 1), granted(2, 1, 1, 1)]);
}

#[test]
fn r4_what_arrives_before_the_backup_knows_itself_primary_is_set_aside() {
    let mut server = backup();
    assert_eq!(server.message(2, message(1, connect(&[waiting(D0, 1)]))), []);
    assert_eq!(server.notes, ["set_aside"]);
    let effects = server.crash_of(0);
    assert_eq!(effects, [sent(2, 1, Body::Accept), accepted(2, D0, 1), granted(2, 1, 1, 1)]);
}

#[test]
fn without_setting_aside_what_arrives_early_is_dropped() {
    let mut server = Bench::<Replicated>::new(1, 6, with(|parameters| parameters.rules.set_aside = false));
    server.message(2, message(1, connect(&[waiting(D0, 1)])));
    assert_eq!(server.crash_of(0), []);
}

#[test]
fn rule_4_what_was_set_aside_from_the_dead_is_ignored() {
    let aside = |parameters| {
        let mut server = Bench::<Replicated>::new(1, 6, parameters);
        server.message(2, message(1, connect(&[waiting(D0, 1)])));
        server.crash_of(2);
        server.crash_of(0)
    };
    assert_eq!(aside(ReplicatedParameters::default()), []);
    let without = aside(with(|parameters| parameters.rules.ignore_dead = false));
    assert_eq!(without.last(), Some(&granted(2, 1, 1, 1)), "without the rule");
}

#[test]
fn rule_4_what_arrives_from_the_dead_is_ignored() {
    let mut server = primary();
    server.crash_of(2);
    assert_eq!(enters(&mut server, 2), []);
    assert_eq!(server.notes, ["message_of_the_dead_ignored"]);
}

#[test]
fn rule_1_an_old_enter_is_not_queued_after_its_leave() {
    let after_leave = |parameters| {
        let mut server = Bench::<Replicated>::new(0, 6, parameters);
        server.message(2, message(0, leave(D0, 1)));
        enters(&mut server, 2)
    };
    assert_eq!(after_leave(ReplicatedParameters::default()), []);
    let without = after_leave(with(|parameters| parameters.rules.steps = false));
    assert_eq!(without, [replicated(2, step(2, waiting(D0, 1)))], "without steps");
}

#[test]
fn rule_6_a_disconnect_frees_what_its_leaves_have_not_on_both_servers() {
    let mut server = primary();
    enters(&mut server, 2);
    enters(&mut server, 3);
    acknowledges(&mut server, 2);
    let gone = Change::Gone { client: p(2), absence: Absence::Disconnected };
    assert_eq!(server.message(2, message(0, Body::Disconnect)), [replicated(3, gone)]);
    assert_eq!(acknowledges(&mut server, 3), [granted(3, 0, 1, 2)]);
    let mut server = promoted(&[step(2, waiting(D0, 1)), gone], ReplicatedParameters::default());
    assert_eq!(enters(&mut server, 2), [], "the disconnect had overtaken it");
    assert_eq!(enters(&mut server, 3), [accepted(3, D0, 1), granted(3, 1, 1, 2)]);
}

/// A client that is accepted by the primary and waits for `D0`.
fn waiter() -> Bench<Replicated> {
    let mut client = Bench::new(2, 6, ReplicatedParameters::default());
    client.request(Request::Connect);
    client.message(0, message(0, Body::Accept));
    assert_eq!(client.request(Request::Enter(D0)), [sent(0, 0, enter(D0, 1))]);
    client
}

#[test]
fn r5_clients_that_hear_of_the_death_of_the_primary_say_to_the_backup_where_they_stand() {
    let mut client = waiter();
    client.message(0, message(0, grant(D0, 1, fence(0, 1))));
    client.request(Request::Enter(D1));
    assert_eq!(client.crash_of(0), [sent(1, 1, connect(&[holding(D0, 1), waiting(D1, 1)]))]);
    assert_eq!(client.message(1, message(1, Body::Accept)), []);
    assert_eq!(client.process.accepted_by(), Some(p(1)));
    assert_eq!(client.request(Request::Leave(D0))[1], sent(1, 1, leave(D0, 1)));
}

#[test]
fn r5_the_death_of_the_backup_is_nothing_to_a_client() {
    let mut client = waiter();
    assert_eq!(client.crash_of(1), []);
    assert_eq!(client.process.accepted_by(), Some(p(0)));
}

#[test]
fn r5_a_client_that_connects_later_turns_to_the_server_that_is_left() {
    let mut client = Bench::<Replicated>::new(2, 6, ReplicatedParameters::default());
    assert_eq!(client.crash_of(0), []);
    assert_eq!(client.request(Request::Connect), [sent(1, 1, connect(&[]))]);
}

#[test]
fn r5_one_that_has_disconnected_tells_the_backup_too() {
    let mut client = waiter();
    client.request(Request::Disconnect);
    assert_eq!(client.crash_of(0), [sent(1, 1, Body::Disconnect)]);
}

#[test]
fn r5_a_client_takes_the_grant_of_the_new_primary_before_it_hears_of_the_death_and_not_the_old_one_after() {
    let mut client = waiter();
    let entered = client.message(1, message(1, grant(D0, 1, fence(0, 1))));
    assert_eq!(entered, [Effect::Indicate { indication: Indication::Entered(D0, fence(0, 1)) }]);
    let mut client = waiter();
    client.crash_of(0);
    assert_eq!(client.message(0, message(0, grant(D0, 1, fence(0, 1)))), []);
    assert_eq!(client.notes, ["older_server_ignored"]);
}

#[test]
fn r5_a_leave_that_the_dead_primary_did_not_pass_on_is_made_up_for() {
    let mut client = waiter();
    client.message(0, message(0, grant(D0, 1, fence(0, 1))));
    client.request(Request::Leave(D0));
    // The backup grants again what it thinks is held.
    assert_eq!(client.message(1, message(1, grant(D0, 1, fence(0, 1)))), [sent(1, 1, leave(D0, 1))]);
    assert_eq!(client.notes, ["grant_over_answered_with_leave"]);
    assert_eq!(client.crash_of(0), [sent(1, 1, connect(&[idle(D0, 1)]))]);
    assert_eq!(client.message(1, message(1, grant(D0, 1, fence(0, 1)))), [], "the connect says so");
}

#[test]
fn r5_queues_keep_their_order_and_requests_that_the_backup_never_heard_of_go_last() {
    let changes = [step(2, waiting(D0, 1)), step(3, waiting(D0, 1)), step(4, waiting(D0, 1))];
    let mut server = promoted(&changes, ReplicatedParameters::default());
    server.message(5, message(1, connect(&[waiting(D0, 1)])));
    assert_eq!(server.notes, ["request_never_heard_of"]);
    server.message(4, message(1, connect(&[waiting(D0, 1)])));
    server.message(3, message(1, connect(&[waiting(D0, 1)])));
    for (counter, [client, next]) in (2..).zip([[2, 3], [3, 4], [4, 5]]) {
        assert_eq!(server.message(client, message(1, leave(D0, 1))), [granted(next, 1, 1, counter)]);
    }
}

#[test]
fn r5_a_request_that_comes_with_the_first_connect_is_no_failover() {
    let mut server = primary();
    let effects = server.message(2, message(0, connect(&[waiting(D0, 1)])));
    assert_eq!(effects, [sent(2, 0, Body::Accept), replicated(1, step(2, waiting(D0, 1)))]);
    assert!(server.notes.is_empty());
}

#[test]
fn r5_claims_are_merged_by_step() {
    let changes = [step(2, waiting(D0, 1)), step(3, waiting(D0, 1))];
    let mut server = promoted(&changes, ReplicatedParameters::default());
    let effects = server.message(2, message(1, connect(&[idle(D0, 1)])));
    assert_eq!(effects, [sent(2, 1, Body::Accept), granted(3, 1, 1, 2)], "the holder has left");
    server.message(3, message(1, connect(&[waiting(D0, 1)])));
    assert_eq!(server.notes, ["known_step_ignored", "failover_with_grant_in_flight"]);
    assert_eq!(server.message(2, message(1, connect(&[holding(D0, 1)]))), [sent(2, 1, Body::Accept)], "older");
}

#[test]
fn r6_changes_that_arrive_when_the_primary_is_dead_are_ignored() {
    let mut server = promoted(&[], ReplicatedParameters::default());
    assert_eq!(copies(&mut server, 1, step(2, waiting(D0, 1))), []);
    assert_eq!(server.notes, ["late_replication_ignored"]);
    assert_eq!(enters(&mut server, 3), [accepted(3, D0, 1), granted(3, 1, 1, 1)]);
}

#[test]
fn r7_both_servers_count_on() {
    let changes = [step(2, waiting(D0, 1)), step(2, idle(D0, 1)), step(3, waiting(D0, 1)), step(3, idle(D0, 1))];
    let mut server = promoted(&changes, ReplicatedParameters::default());
    assert_eq!(enters(&mut server, 4), [accepted(4, D0, 1), granted(4, 1, 1, 3)]);
}

#[test]
fn a_message_shows_what_it_grants() {
    let message = message(0, grant(D1, 4, fence(0, 1)));
    assert_eq!(Replicated::grant(&message), Some((D1, 4)));
    assert_eq!(Replicated::grant(&super::message(0, Body::Accept)), None);
}

#[test]
fn two_servers_come_first_and_nobody_restarts() {
    let parameters = ReplicatedParameters::default();
    let restarts = ProcessId::all(4).any(|p| Replicated::restarts(&parameters, p));
    let clients: Vec<bool> =
        (0..4).map(|p| Bench::<Replicated>::new(p, 4, parameters.clone()).process.takes_requests()).collect();
    assert_eq!((restarts, clients), (false, vec![false, false, true, true]));
    assert_eq!(Replicated::PROCESSES_MIN, 3);
}

#[test]
fn parameters_have_defaults_and_refuse_what_they_do_not_know() {
    let parameters: ReplicatedParameters = toml::from_str("replication = \"async\"").expect("a way to replicate");
    assert_eq!(parameters, asynchronous());
    assert!(toml::from_str::<ReplicatedParameters>("replication = \"half\"").is_err());
    assert!(toml::from_str::<ReplicatedParameters>("retry_interval_ticks = 5").is_err());
    assert_eq!(Replicated::configure(3, &parameters), Ok(parameters));
}

#[test]
fn patience_counts_the_requests_before() {
    let parameters = ReplicatedParameters::default();
    let patience = |requests| Replicated::patience(&parameters, 3, 10.into(), 20.into(), 30.into(), requests);
    assert!(patience(5) >= patience(4) + Ticks::new(4 * 10 + 30));
    assert_eq!(patience(u64::MAX), Ticks::MAX);
}
