//! stateright: a model checker of actors. The reference model of `workloads/reference.rs` as its actors, for the search
//! of every interleaving and for random walks: untimed, each state with its fingerprint, a property asked of each.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::time::Duration;

use stateright::actor::{Actor, ActorModel, ActorModelState, Id, Network, Out, model_timeout};
use stateright::{Checker, Expectation, Model, UniformChooser};

use super::{CLIENTS, ROUNDS, SHORT, timed};

#[derive(Clone)]
pub(crate) struct Node {
    rounds: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum State {
    Server { holder: Option<Id>, queue: VecDeque<Id> },
    Waiting { left: u32 },
    Inside { left: u32 },
    Done,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Word {
    Req,
    Grant,
    Rel,
}

fn server() -> Id {
    Id::from(0)
}

impl Actor for Node {
    type Msg = Word;
    type Timer = ();
    type State = State;
    type Storage = ();
    type Random = ();

    fn on_start(&self, id: Id, _: &Option<()>, out: &mut Out<Self>) -> State {
        if id == server() {
            return State::Server { holder: None, queue: VecDeque::new() };
        }
        out.send(server(), Word::Req);
        State::Waiting { left: self.rounds }
    }

    fn on_msg(&self, _: Id, state: &mut Cow<'_, State>, from: Id, word: Word, out: &mut Out<Self>) {
        match (state.to_mut(), word) {
            (State::Server { holder: holder @ None, .. }, Word::Req) => {
                *holder = Some(from);
                out.send(from, Word::Grant);
            }
            (State::Server { queue, .. }, Word::Req) => queue.push_back(from),
            (State::Server { holder, queue }, Word::Rel) => {
                *holder = queue.pop_front();
                if let Some(next) = *holder {
                    out.send(next, Word::Grant);
                }
            }
            (client, _) => {
                if let State::Waiting { left } = *client {
                    *client = State::Inside { left };
                    out.set_timer((), model_timeout());
                }
            }
        }
    }

    fn on_timeout(&self, _: Id, state: &mut Cow<'_, State>, (): &(), out: &mut Out<Self>) {
        let State::Inside { left } = **state else { return };
        out.send(server(), Word::Rel);
        *state.to_mut() = if left > 1 { State::Waiting { left: left - 1 } } else { State::Done };
        if left > 1 {
            out.send(server(), Word::Req);
        }
    }
}

/// The reference model, with the property that `always` says.
pub(crate) fn reference(
    clients: u32,
    rounds: u32,
    network: Network<Word>,
    always: fn(&ActorModel<Node>, &ActorModelState<Node>) -> bool,
) -> ActorModel<Node> {
    let nodes = (0..=clients).map(|_| Node { rounds });
    ActorModel::new((), ()).actors(nodes).init_network(network).property(Expectation::Always, "always", always)
}

fn at_most_one_inside(_: &ActorModel<Node>, state: &ActorModelState<Node>) -> bool {
    state.actor_states.iter().filter(|state| matches!(***state, State::Inside { .. })).count() <= 1
}

pub(crate) fn short(first: u64, runs: u64) -> Duration {
    // Every walk has a state more than it has steps.
    let states = (SHORT + 1) * runs;
    timed(|| {
        let model = reference(CLIENTS, ROUNDS, Network::new_ordered([]), at_most_one_inside);
        let checker = model
            .checker()
            .threads(1)
            .target_state_count(states as usize)
            .spawn_simulation(first, UniformChooser)
            .join();
        checker.assert_properties();
        assert_eq!((checker.state_count() as u64, checker.max_depth() as u64), (states, SHORT));
    })
}
