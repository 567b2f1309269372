use super::super::message::{Body, Claim};
use super::super::{Durable, DurableParameters, DurableRecord, DurableServer, DurableStable};
use super::{D0, D1, connect, enter, fence, grant, holding, idle, leave, message, p, phases, send, waiting};
use crate::model::{Bench, Effect, Event, Process, ProcessId, Report, Ticks};
use crate::mutex::{Indication, Mutex, Request, System};

fn server_of(parameters: DurableParameters) -> Bench<Durable> {
    let mut server = Bench::new(0, 6, parameters);
    server.start();
    server
}

fn with(set: impl FnOnce(&mut DurableParameters)) -> DurableParameters {
    let mut parameters = DurableParameters::default();
    set(&mut parameters);
    parameters
}

/// A server of the first incarnation that has accepted clients 1 to `clients`.
fn accepting(clients: u32, parameters: DurableParameters) -> Bench<Durable> {
    let mut server = server_of(parameters);
    for client in 1..=clients {
        server.message(client, message(0, connect(&[])));
    }
    server
}

fn server(clients: u32) -> Bench<Durable> {
    accepting(clients, DurableParameters::default())
}

/// The same after a crash: the second incarnation, which has asked and waits.
fn recovering(clients: u32) -> Bench<Durable> {
    let mut server = server(clients);
    server.restart();
    server
}

fn store(record: DurableRecord) -> Effect<Durable> {
    Effect::Store { record }
}

fn sent(to: u32, stamp: u64, body: Body) -> Effect<Durable> {
    send::<DurableServer>(to, stamp, body)
}

/// The server hears an enter of its first incarnation.
fn enters(server: &mut Bench<Durable>, client: u32, request: u64) -> Vec<Effect<Durable>> {
    server.message(client, message(1, enter(D0, request)))
}

/// The server hears a leave.
fn leaves(server: &mut Bench<Durable>, client: u32, request: u64) -> Vec<Effect<Durable>> {
    server.message(client, message(1, leave(D0, request)))
}

/// The server hears an answer to the question of its second incarnation.
fn answers(server: &mut Bench<Durable>, client: u32, claims: &[Claim]) -> Vec<Effect<Durable>> {
    server.message(client, message(2, phases(claims)))
}

/// Whom the effects grant what.
fn granted(effects: &[Effect<Durable>]) -> Vec<(u32, u64)> {
    let grant = |effect: &Effect<Durable>| match effect {
        Effect::Send { to, message } => Durable::grant(message).map(|(_, request)| (to.get(), request)),
        _ => None,
    };
    effects.iter().filter_map(grant).collect()
}

#[test]
fn rule_2_the_lock_goes_from_one_to_the_next_in_the_order_of_the_requests() {
    let mut server = server(3);
    assert_eq!(enters(&mut server, 2, 1), [sent(2, 1, grant(D0, 1, fence(1, 1)))]);
    assert_eq!(enters(&mut server, 1, 1), []);
    assert_eq!(enters(&mut server, 3, 1), []);
    assert_eq!(leaves(&mut server, 2, 1), [sent(1, 1, grant(D0, 1, fence(1, 2)))]);
    assert_eq!(leaves(&mut server, 1, 1), [sent(3, 1, grant(D0, 1, fence(1, 3)))]);
    assert_eq!(leaves(&mut server, 3, 1), []);
}

#[test]
fn rule_1_an_old_enter_is_not_queued_after_its_leave() {
    let mut server = server(2);
    assert_eq!(leaves(&mut server, 1, 1), []);
    assert_eq!(enters(&mut server, 1, 1), []);
    assert_eq!(server.notes, ["stale_step_ignored"]);
}

#[test]
fn without_steps_an_old_enter_is_queued_after_its_leave() {
    let mut server = accepting(2, with(|parameters| parameters.rules.steps = false));
    leaves(&mut server, 1, 1);
    assert_eq!(granted(&enters(&mut server, 1, 1)), [(1, 1)]);
}

#[test]
fn rule_1_an_enter_of_the_holder_implies_its_leave() {
    let mut server = server(2);
    enters(&mut server, 1, 1);
    enters(&mut server, 2, 1);
    assert_eq!(granted(&enters(&mut server, 1, 2)), [(2, 1)]);
    assert_eq!(server.notes, ["leave_implied"]);
}

#[test]
fn rule_4_all_the_locks_of_the_dead_go_each_to_the_next() {
    let mut server = server(3);
    for (client, data) in [(1, D0), (1, D1), (2, D0), (3, D1)] {
        server.message(client, message(1, enter(data, 1)));
    }
    let effects = server.crash_of(1);
    let next = [sent(2, 1, grant(D0, 1, fence(1, 2))), sent(3, 1, grant(D1, 1, fence(1, 2)))];
    assert_eq!(effects[1..], next);
    assert_eq!(server.notes, ["two_locks_freed_by_crash"]);
    assert_eq!(server.crash_of(1), [], "the report again");
}

#[test]
fn rule_4_the_places_of_the_dead_vanish() {
    let mut server = server(3);
    for client in [1, 2, 3] {
        enters(&mut server, client, 1);
    }
    server.crash_of(2);
    assert_eq!(granted(&leaves(&mut server, 1, 1)), [(3, 1)]);
}

#[test]
fn rule_4_whatever_still_arrives_from_the_dead_is_ignored() {
    let mut server = server(2);
    server.crash_of(1);
    assert_eq!(enters(&mut server, 1, 1), []);
    assert_eq!(server.notes, ["message_of_the_dead_ignored"]);
    assert_eq!(server.message(1, message(0, connect(&[]))), []);
    assert_eq!(granted(&enters(&mut server, 2, 1)), [(2, 1)]);
}

#[test]
fn without_the_rule_on_the_dead_the_dead_are_granted_locks() {
    let mut server = accepting(2, with(|parameters| parameters.rules.ignore_dead = false));
    server.crash_of(1);
    assert_eq!(granted(&enters(&mut server, 1, 1)), [(1, 1)]);
}

#[test]
fn a_server_does_not_take_a_death_back() {
    let mut server = server(2);
    server.crash_of(1);
    assert_eq!(server.handle(Event::Report(Report::Restore(p(1)))), []);
    assert_eq!(enters(&mut server, 1, 1), []);
}

#[test]
fn d1_a_client_is_stored_then_accepted() {
    let mut server = server_of(DurableParameters::default());
    let effects = server.message(3, message(0, connect(&[])));
    assert_eq!(effects, [store(DurableRecord::Add(p(3))), sent(3, 1, Body::Accept)]);
    assert!(Durable::registers(&server.stable, p(3)) && !Durable::registers(&server.stable, p(4)));
}

#[test]
fn without_storing_first_a_client_is_accepted_before_it_is_stored() {
    let mut server = server_of(with(|parameters| parameters.rules.store_before_accept = false));
    let effects = server.message(3, message(0, connect(&[])));
    assert_eq!(effects, [sent(3, 1, Body::Accept), store(DurableRecord::Add(p(3)))]);
}

#[test]
fn d1_those_whom_the_server_has_listed_are_accepted_at_once() {
    let mut server = recovering(2);
    assert_eq!(server.message(1, message(1, connect(&[]))), [sent(1, 2, Body::Accept)]);
    let others = server.message(4, message(1, connect(&[])));
    assert_eq!(others, [store(DurableRecord::Add(p(4))), sent(4, 2, Body::Accept)]);
}

#[test]
fn d1_a_death_is_stored_before_the_lock_goes_on() {
    let mut server = server(2);
    enters(&mut server, 1, 1);
    enters(&mut server, 2, 1);
    let effects = server.crash_of(1);
    assert_eq!(effects, [store(DurableRecord::Remove(p(1))), sent(2, 1, grant(D0, 1, fence(1, 2)))]);
    assert_eq!(Durable::unregisters(&DurableRecord::Remove(p(1))), Some(p(1)));
    assert_eq!(Durable::unregisters(&DurableRecord::Add(p(1))), None);
}

#[test]
fn d1_a_disconnect_is_stored_and_frees_what_its_leaves_have_not() {
    let mut server = server(2);
    enters(&mut server, 1, 1);
    enters(&mut server, 2, 1);
    let effects = server.message(1, message(1, Body::Disconnect));
    assert_eq!(effects, [store(DurableRecord::Remove(p(1))), sent(2, 1, grant(D0, 1, fence(1, 2)))]);
    // Whatever the disconnect overtook comes too late.
    assert_eq!(server.message(1, message(0, connect(&[]))), []);
    assert_eq!(leaves(&mut server, 1, 1), []);
}

#[test]
fn d1_a_change_of_the_list_is_a_record_of_its_own() {
    let mut stable = DurableStable::default();
    for record in [DurableRecord::Incarnation(4), DurableRecord::Add(p(1)), DurableRecord::Add(p(2))] {
        Durable::apply(&mut stable, record);
    }
    Durable::apply(&mut stable, DurableRecord::Remove(p(1)));
    assert_eq!(stable, DurableStable { clients: [p(2)].into(), incarnation: 4 });
}

#[test]
fn d2_a_server_that_restarts_stores_the_next_incarnation_and_asks_every_listed_client() {
    let mut server = server(2);
    let effects = server.restart();
    assert_eq!(effects, [store(DurableRecord::Incarnation(2)), sent(1, 2, Body::Ask), sent(2, 2, Body::Ask)]);
}

#[test]
fn d2_an_incarnation_is_not_used_twice_even_if_the_server_dies_again_while_it_recovers() {
    let mut server = recovering(1);
    assert_eq!(server.restart()[0], store(DurableRecord::Incarnation(3)));
    assert_eq!(server.message(1, message(2, phases(&[]))), [], "an answer to the incarnation before");
    assert_eq!(server.message(1, message(3, enter(D0, 1))), [], "it still waits");
    assert_eq!(granted(&server.message(1, message(3, phases(&[])))), [(1, 1)]);
}

#[test]
fn d2_nothing_is_granted_until_each_has_answered_or_is_reported_dead() {
    let mut server = recovering(3);
    assert_eq!(enters(&mut server, 1, 1), []);
    assert_eq!(answers(&mut server, 1, &[]), []);
    assert_eq!(answers(&mut server, 2, &[waiting(D1, 1)]), []);
    let effects = server.crash_of(3);
    assert_eq!(granted(&effects), [(1, 1), (2, 1)]);
}

#[test]
fn d2_with_nobody_listed_there_is_nobody_to_wait_for() {
    let mut server = recovering(0);
    server.message(1, message(0, connect(&[])));
    assert_eq!(server.message(1, message(2, enter(D0, 1))), [sent(1, 2, grant(D0, 1, fence(2, 1)))]);
}

#[test]
fn d2_one_that_has_disconnected_meanwhile_is_waited_for_no_longer() {
    let mut server = recovering(2);
    answers(&mut server, 1, &[waiting(D0, 1)]);
    assert_eq!(granted(&server.message(2, message(2, Body::Disconnect))), [(1, 1)]);
}

#[test]
fn without_awaiting_all_a_free_lock_is_granted_at_once() {
    let mut server = accepting(2, with(|parameters| parameters.rules.await_all_answers = false));
    server.restart();
    assert_eq!(granted(&enters(&mut server, 1, 1)), [(1, 1)], "though client 2 may hold it");
    assert_eq!(answers(&mut server, 2, &[holding(D0, 1)]), []);
    assert_eq!(server.notes, ["two_holders_claimed"]);
}

#[test]
fn d2_holders_are_holders() {
    let mut server = recovering(2);
    answers(&mut server, 1, &[holding(D0, 3)]);
    assert_eq!(answers(&mut server, 2, &[waiting(D0, 1)]), []);
    assert_eq!(server.notes, ["recovered", "restart_with_holder_and_queue"]);
    assert_eq!(leaves(&mut server, 1, 3), [sent(2, 2, grant(D0, 1, fence(2, 1)))]);
}

/// The order in which a server grants `D0` to those who wait, when it chooses thus.
fn order(server: &mut Bench<Durable>, last: Vec<Effect<Durable>>) -> Vec<u32> {
    let mut effects = last;
    let mut order = Vec::new();
    while let [(client, request)] = granted(&effects)[..] {
        order.push(client);
        effects = leaves(server, client, request);
    }
    order
}

#[test]
fn d2_those_who_wait_enter_a_new_queue_in_random_order() {
    for (choices, expected) in [([0, 0], [1, 2, 3]), ([1, 0], [2, 1, 3]), ([2, 0], [3, 2, 1]), ([2, 1], [3, 1, 2])] {
        let mut server = recovering(3);
        server.choices(&choices);
        answers(&mut server, 2, &[waiting(D0, 1)]);
        answers(&mut server, 1, &[waiting(D0, 1)]);
        let last = answers(&mut server, 3, &[waiting(D0, 1)]);
        assert_eq!(order(&mut server, last), expected, "choices {choices:?}");
    }
}

#[test]
fn d2_each_lock_has_a_new_queue_of_its_own() {
    let mut server = recovering(2);
    server.choices(&[0, 1]);
    answers(&mut server, 1, &[waiting(D0, 1), waiting(D1, 1)]);
    let effects = answers(&mut server, 2, &[waiting(D0, 1), waiting(D1, 1)]);
    assert_eq!(effects, [sent(1, 2, grant(D0, 1, fence(2, 1))), sent(2, 2, grant(D1, 1, fence(2, 1)))]);
}

#[test]
fn d2_requests_that_arrive_meanwhile_queue_behind() {
    let mut server = recovering(2);
    server.message(3, message(0, connect(&[])));
    enters(&mut server, 3, 1);
    answers(&mut server, 1, &[waiting(D0, 1)]);
    let last = answers(&mut server, 2, &[waiting(D0, 1)]);
    assert_eq!(order(&mut server, last), [1, 2, 3]);
}

#[test]
fn d2_one_that_waited_and_died_before_the_last_answer_is_not_queued() {
    let mut server = recovering(2);
    answers(&mut server, 1, &[waiting(D0, 1)]);
    server.crash_of(1);
    let last = answers(&mut server, 2, &[waiting(D0, 1)]);
    assert_eq!(order(&mut server, last), [2]);
}

#[test]
fn d2_the_rest_is_idle_and_its_old_enters_stay_old() {
    let mut server = recovering(1);
    answers(&mut server, 1, &[idle(D0, 2)]);
    assert_eq!(enters(&mut server, 1, 2), []);
    assert_eq!(granted(&enters(&mut server, 1, 3)), [(1, 3)]);
}

#[test]
fn d3_an_older_answer_that_the_server_waits_for_counts_as_one() {
    let mut server = recovering(1);
    assert_eq!(enters(&mut server, 1, 2), []);
    assert_eq!(granted(&answers(&mut server, 1, &[holding(D0, 1)])), [(1, 2)], "it no longer holds");
    assert_eq!(server.notes[..2], ["stale_step_ignored", "late_answer_counted"]);
}

#[test]
fn without_late_answers_an_older_one_is_waited_for_for_ever() {
    let mut server = accepting(1, with(|parameters| parameters.rules.late_answers = false));
    server.restart();
    enters(&mut server, 1, 2);
    assert_eq!(answers(&mut server, 1, &[holding(D0, 1)]), []);
    assert_eq!(enters(&mut server, 1, 3), []);
}

#[test]
fn d3_an_answer_that_comes_twice_is_no_news() {
    let mut server = recovering(1);
    answers(&mut server, 1, &[waiting(D0, 1)]);
    leaves(&mut server, 1, 1);
    assert_eq!(answers(&mut server, 1, &[waiting(D0, 1)]), []);
    assert_eq!(server.notes, ["stale_step_ignored"]);
}

#[test]
fn d4_an_answer_to_an_older_incarnation_does_not_count() {
    let mut server = recovering(1);
    enters(&mut server, 1, 1);
    assert_eq!(server.message(1, message(1, phases(&[]))), []);
    assert_eq!(server.notes, ["older_incarnation_ignored"]);
    assert_eq!(granted(&answers(&mut server, 1, &[])), [(1, 1)]);
}

/// A client that waits for `D0`, and has heard of the second incarnation.
fn asked(parameters: DurableParameters) -> Bench<Durable> {
    let stamps = if parameters.rules.incarnations { [1, 2] } else { [0, 0] };
    let mut client = Bench::<Durable>::new(1, 3, parameters);
    client.request(Request::Connect);
    client.message(0, message(stamps[0], Body::Accept));
    client.request(Request::Enter(D0));
    assert_eq!(client.message(0, message(stamps[1], Body::Ask)), [sent(0, stamps[1], phases(&[waiting(D0, 1)]))]);
    client
}

#[test]
fn d4_clients_ignore_messages_of_an_older_incarnation_than_the_newest_seen() {
    let mut client = asked(DurableParameters::default());
    assert_eq!(client.message(0, message(1, grant(D0, 1, fence(1, 1)))), []);
    assert_eq!(client.notes, ["older_incarnation_ignored"]);
    assert_eq!(client.message(0, message(1, Body::Ask)), []);
    let entered = client.message(0, message(2, grant(D0, 1, fence(2, 1))));
    assert_eq!(entered, [Effect::Indicate { indication: Indication::Entered(D0, fence(2, 1)) }]);
}

#[test]
fn without_incarnations_a_grant_of_the_dead_one_is_taken() {
    let parameters = with(|parameters| parameters.rules.incarnations = false);
    let mut client = asked(parameters.clone());
    let entered = client.message(0, message(0, grant(D0, 1, fence(1, 1))));
    assert_eq!(entered, [Effect::Indicate { indication: Indication::Entered(D0, fence(1, 1)) }]);
    let mut server = accepting(1, parameters);
    assert_eq!(server.restart()[1..], [sent(1, 0, Body::Ask)], "messages of all incarnations look alike");
    assert_eq!(server.stable.incarnation, 2, "fencing numbers still grow");
}

#[test]
fn d5_the_fencing_number_is_the_incarnation_and_a_counter() {
    let mut server = server(1);
    enters(&mut server, 1, 1);
    leaves(&mut server, 1, 1);
    assert_eq!(enters(&mut server, 1, 2), [sent(1, 1, grant(D0, 2, fence(1, 2)))]);
    server.restart();
    answers(&mut server, 1, &[idle(D0, 2)]);
    let effects = server.message(1, message(2, enter(D0, 3)));
    assert_eq!(effects, [sent(1, 2, grant(D0, 3, fence(2, 1)))], "greater, since the incarnation is");
}

#[test]
fn d6_to_connect_again_changes_none_of_the_phases() {
    let mut client = asked(DurableParameters::default());
    // The report of the first crash comes late: the second incarnation has asked already.
    let effects = client.crash_of(0);
    assert_eq!(effects[0], sent(0, 2, connect(&[])));
    let entered = client.message(0, message(2, grant(D0, 1, fence(2, 1))));
    assert_eq!(entered, [Effect::Indicate { indication: Indication::Entered(D0, fence(2, 1)) }]);
    client.message(0, message(2, Body::Accept));
    client.crash_of(0);
    assert_eq!(client.message(0, message(3, Body::Ask)), [sent(0, 3, phases(&[holding(D0, 1)]))]);
}

#[test]
fn only_the_server_restarts() {
    let restarts: Vec<bool> = ProcessId::all(3).map(|p| Durable::restarts(&DurableParameters::default(), p)).collect();
    assert_eq!(restarts, [true, false, false]);
}

#[test]
fn a_retry_interval_of_no_time_cannot_be() {
    let parameters = with(|parameters| parameters.retry_interval_ticks = 0);
    let impossible = Durable::configure(3, &parameters).map_err(|impossible| impossible.to_string());
    assert_eq!(impossible.err().as_deref(), Some("retry_interval_ticks: is 0, expected at least 1"));
    assert_eq!(Durable::configure(3, &DurableParameters::default()), Ok(DurableParameters::default()));
}

#[test]
fn parameters_have_defaults_and_refuse_what_they_do_not_know() {
    let parameters: DurableParameters = toml::from_str("rules = { steps = false }").expect("a rule to leave out");
    assert_eq!(parameters, with(|parameters| parameters.rules.steps = false));
    assert!(toml::from_str::<DurableParameters>("rules = { stepps = false }").is_err());
    assert!(toml::from_str::<DurableParameters>("retry_interval = 5").is_err());
}

#[test]
fn patience_grows_with_what_is_before_a_request_and_does_not_overflow() {
    let parameters = DurableParameters::default();
    let patience = |requests| Durable::patience(&parameters, 3, 10.into(), 20.into(), 30.into(), requests);
    assert!(patience(0) < patience(1));
    assert_eq!(patience(u64::MAX), Ticks::MAX);
}
