use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

use proptest::prelude::*;

use super::super::message::{Absence, Step};
use super::super::table::{Grant, Learned, Table};
use super::{D0, D1, holding, idle, p, waiting};
use crate::model::ProcessId;

/// A table in which each of these clients has asked for [`D0`] once, in this order, and nothing is granted.
fn asked(clients: &[u32]) -> Table {
    let mut table = Table::default();
    for &client in clients {
        assert_eq!(table.take(p(client), waiting(D0, 1), true), Learned::Waits { leave_implied: false });
    }
    table
}

fn queue(table: &Table) -> Vec<ProcessId> {
    table.waiting(D0).collect()
}

fn hash(table: &Table) -> u64 {
    BuildHasherDefault::<DefaultHasher>::default().hash_one(table)
}

#[test]
fn rule_1_a_server_ignores_what_is_older_than_what_it_knows() {
    let mut table = asked(&[1]);
    table.take(p(1), idle(D0, 1), true);
    let known = table.clone();
    assert_eq!(table.take(p(1), waiting(D0, 1), true), Learned::Older);
    assert_eq!(table.take(p(1), holding(D0, 1), true), Learned::Older);
    assert_eq!(table, known);
}

#[test]
fn rule_1_a_request_at_a_known_step_is_not_queued_twice() {
    let mut table = asked(&[1, 2]);
    assert_eq!(table.take(p(1), waiting(D0, 1), true), Learned::Known);
    assert_eq!(queue(&table), [p(1), p(2)]);
    table.grant(D0);
    assert_eq!(table.take(p(1), waiting(D0, 1), true), Learned::Known);
    assert_eq!((table.holder(D0), queue(&table)), (Some(p(1)), vec![p(2)]));
}

#[test]
fn rule_1_steps_are_known_for_each_data_id() {
    let mut table = asked(&[1]);
    table.take(p(1), idle(D0, 1), true);
    assert_eq!(table.take(p(1), waiting(D1, 1), true), Learned::Waits { leave_implied: false });
}

#[test]
fn rule_1_an_enter_of_a_later_step_from_the_recorded_holder_implies_its_leave() {
    let mut table = asked(&[1, 2]);
    table.grant(D0);
    assert_eq!(table.take(p(1), waiting(D0, 2), true), Learned::Waits { leave_implied: true });
    assert_eq!((table.holder(D0), queue(&table)), (None, vec![p(2), p(1)]));
    assert_eq!(table.take(p(1), idle(D0, 1), true), Learned::Older, "the leave, when it comes at last");
}

#[test]
fn without_steps_an_old_claim_undoes_a_new_one() {
    let mut table = asked(&[1]);
    table.take(p(1), idle(D0, 1), false);
    table.take(p(1), waiting(D0, 1), false);
    assert_eq!(queue(&table), [p(1)]);
}

#[test]
fn rule_2_a_free_lock_goes_to_the_first_in_its_queue() {
    let mut table = asked(&[2, 1]);
    assert_eq!(table.grant(D0), Some(Grant { client: p(2), data: D0, request: 1, counter: 1 }));
    assert_eq!(table.grant(D0), None, "it is not free");
    table.take(p(2), idle(D0, 1), true);
    assert_eq!(table.grant(D0), Some(Grant { client: p(1), data: D0, request: 1, counter: 2 }));
}

#[test]
fn rule_4_all_the_locks_of_the_dead_are_free_and_its_places_vanish() {
    let mut table = asked(&[1, 2, 3]);
    table.take(p(2), holding(D1, 1), true);
    assert_eq!(table.bury(p(2), Absence::Dead), [D1]);
    assert_eq!((table.holder(D1), queue(&table)), (None, vec![p(1), p(3)]));
    assert_eq!(table.absence(p(2)), Some(Absence::Dead));
    table.grant(D0);
    assert_eq!(table.bury(p(1), Absence::Disconnected), [D0]);
    assert_eq!(table.grant(D0).map(|grant| grant.client), Some(p(3)));
}

#[test]
fn rule_4_a_client_that_dies_idle_changes_nothing() {
    let mut table = asked(&[1]);
    table.take(p(2), idle(D0, 4), true);
    assert_eq!(table.bury(p(2), Absence::Dead), []);
    assert_eq!(queue(&table), [p(1)]);
}

#[test]
fn rule_5_the_counter_grows_for_each_data_id() {
    let mut table = asked(&[1, 2]);
    table.take(p(1), waiting(D1, 1), true);
    let counters = [D0, D1].map(|data| table.grant(data).map(|grant| grant.counter));
    assert_eq!(counters, [Some(1), Some(1)]);
    table.take(p(1), idle(D0, 1), true);
    assert_eq!(table.grant(D0).map(|grant| grant.counter), Some(2));
}

#[test]
fn a_claim_to_hold_what_another_holds_conflicts_each_time() {
    let mut table = Table::default();
    assert_eq!(table.take(p(1), holding(D0, 1), true), Learned::Holds);
    assert_eq!(table.take(p(1), holding(D0, 1), true), Learned::Known);
    assert_eq!(table.take(p(2), holding(D0, 1), true), Learned::Conflicts);
    assert_eq!(table.take(p(2), holding(D0, 1), true), Learned::Conflicts);
    assert_eq!(table.holder(D0), Some(p(1)));
}

#[test]
fn a_grant_is_unconfirmed_until_its_receiver_claims_it() {
    let mut table = asked(&[1]);
    assert_eq!(table.unconfirmed(D0), None);
    let grant = table.grant(D0);
    assert_eq!(table.unconfirmed(D0), grant);
    table.take(p(1), holding(D0, 1), true);
    assert_eq!(table.unconfirmed(D0), None);
}

#[test]
fn tables_in_which_the_same_clients_wait_are_equal_whoever_dropped_out_of_the_queue() {
    let plain = asked(&[1, 3]);
    let mut gaps = Table::default();
    gaps.take(p(3), waiting(D0, 1), true);
    gaps.queue_first(p(1), D0);
    gaps.learn(p(1), waiting(D0, 1), true);
    assert_eq!((&gaps, hash(&gaps)), (&plain, hash(&plain)));
    assert_ne!(asked(&[3, 1]), plain, "the order counts");
    assert_ne!(hash(&asked(&[3, 1])), hash(&plain));
}

proptest! {
    /// The queue against a plain list: clients come at either end, drop out, and are served.
    #[test]
    fn the_queue_does_as_a_plain_list_does(actions in prop::collection::vec((0..4u8, 0..6u32), 0..60)) {
        let mut table = Table::default();
        let mut list: Vec<ProcessId> = Vec::new();
        let mut requests = [0; 6];
        for (action, client) in actions {
            let (id, request) = (p(client), &mut requests[client as usize]);
            match action {
                0 | 1 if list.contains(&id) || table.holder(D0) == Some(id) => {}
                0 => {
                    *request += 1;
                    table.take(id, waiting(D0, *request), true);
                    list.push(id);
                }
                1 => {
                    *request += 1;
                    table.learn(id, waiting(D0, *request), true);
                    table.queue_first(id, D0);
                    list.insert(0, id);
                }
                2 => {
                    table.take(id, idle(D0, *request), true);
                    list.retain(|&waiting| waiting != id);
                }
                _ => {
                    let free = table.holder(D0).is_none();
                    let first = if free && !list.is_empty() { Some(list.remove(0)) } else { None };
                    prop_assert_eq!(table.grant(D0).map(|grant| grant.client), first);
                }
            }
            prop_assert_eq!(queue(&table), list.clone());
            prop_assert_eq!(table.is_contended(), table.holder(D0).is_some() && !list.is_empty());
        }
    }
}

#[test]
fn those_without_a_place_are_found_by_lock_and_in_the_order_of_their_ids() {
    let mut table = asked(&[4, 5]);
    table.grant(D0);
    for client in [3, 2, 1] {
        table.learn(p(client), waiting(D0, 1), true);
    }
    table.learn(p(1), waiting(D1, 1), true);
    table.learn(p(3), idle(D0, 1), true);
    let found: Vec<_> = table.without_place().into_iter().collect();
    assert_eq!(found, [(D0, vec![p(1), p(2)]), (D1, vec![p(1)])]);
}

#[test]
fn steps_are_ordered_by_request_and_then_by_phase() {
    let steps = [Step::default(), Step::waiting(1), Step::holding(1), Step::idle(1), Step::waiting(2)];
    assert!(steps.is_sorted_by(|a, b| a < b));
}
