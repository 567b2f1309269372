//! What must come in the end, on the same models here and in stateright, whose `eventually` is forgotten where a path
//! comes to a state that was seen before: round a cycle, and where two paths join, as its authors say
//! (<https://github.com/stateright/stateright/pull/3>). What each says is asserted, so that a version that mends it is
//! noticed.

use jeton::engine::{ChannelOrder, Setup};
use jeton::explore::{Exhaustive, Verdict};
use jeton::mutex::{Mutex, Property, Workload};
use stateright::actor::{Actor, ActorModel, Network};
use stateright::{Checker, Expectation, Model};

mod ring;
mod withdrawal;

/// What is so, or what a checker says is so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Says {
    Holds,
    Violated,
}

/// What is so, what each says, and what jeton shows for it.
struct Row {
    model: &'static str,
    truth: Says,
    stateright: Says,
    jeton: Says,
    shown: Option<String>,
}

fn jeton_says<P: Mutex>(config: P::Config) -> (Says, Option<String>) {
    let mut setup = Setup::<P>::new(3, config);
    setup.network.order = ChannelOrder::Unordered;
    let workload = Workload { requests: 1, write_per_mille: 0, ..Workload::default() };
    let search = Exhaustive::new(setup).workload(workload).properties(&[Property::EveryRequestGranted]);
    let proof = search.run().expect("it can be run");
    assert!(proof.unchecked.is_empty());
    match proof.verdict {
        Verdict::Verified => (Says::Holds, None),
        Verdict::Violated(counterexample) => (Says::Violated, Some(counterexample.to_string())),
        Verdict::Incomplete => panic!("it is small"),
    }
}

/// Whether the process with this number is `served` in the end, whatever happens.
fn stateright_says<A>(actors: [A; 3], process: usize, served: fn(&A::State) -> bool) -> Says
where
    A: Actor<Storage = (), Random = (), Msg: Ord + Send + Sync, Timer: Ord + Send + Sync, State: Send + Sync>
        + Send
        + Sync
        + 'static,
{
    let model = ActorModel::new((process, served), ())
        .actors(actors)
        .init_network(Network::new_unordered_nonduplicating([]))
        .property(Expectation::Eventually, "served", |model: &ActorModel<A, (usize, fn(&A::State) -> bool)>, state| {
            (model.cfg.1)(&state.actor_states[model.cfg.0])
        })
        // It stops when it has found all it looks for.
        .property(Expectation::Sometimes, "never", |_, _| false);
    let checker = model.checker().spawn_bfs().join();
    if checker.discovery("served").is_some() { Says::Violated } else { Says::Holds }
}

pub(crate) fn table() {
    println!("\n## Whoever waits is served in the end\n");
    println!("| model | so it is | stateright's `eventually` says | jeton's `every_request_granted` says |");
    println!("| --- | --- | --- | --- |");
    let rows = [ring::comes_round(), ring::stops(), ring::skips(), withdrawal::withdrawn()];
    for Row { model, truth, stateright, jeton, .. } in &rows {
        println!("| {model} | {truth:?} | {stateright:?} | {jeton:?} |");
    }
    for Row { model, shown, .. } in &rows {
        if let Some(shown) = shown {
            println!("\nWhat jeton shows where {model}:\n\n{}", shown.trim_end());
        }
    }
    let wrong: Vec<&str> = rows.iter().filter(|row| row.stateright != row.truth).map(|row| row.model).collect();
    assert!(rows.iter().all(|row| row.jeton == row.truth), "jeton is wrong");
    assert_eq!(wrong, [ring::SKIPS, withdrawal::WITHDRAWN], "stateright is not wrong where it was");
}
