//! Durable coordinators with a mistake in each. The server is process 0.

use std::collections::BTreeSet;

use jeton::ProcessId;
use jeton::algorithms::coordinator::message::{Body, Message};
use jeton::algorithms::coordinator::{Durable, DurableParameters, DurableRecord, DurableRules};
use jeton::engine::{ChannelOrder, Distribution, RandomCrashes, ReportOrder, Setup};
use jeton::explore::Case;
use jeton::model::{Effect, Event, Report};
use jeton::mutex::{Mutex, Property, Workload};

use super::mutant::{Mutant, Mutation, Scene};
use super::{Entry, Pair, case, crashes, short};

const SERVER: ProcessId = ProcessId::new(0);

pub(super) const ZOO: &[Entry] = &[
    Entry {
        name: "accept_before_store",
        wrong: "A client is accepted first, and then stored.",
        violates: Property::RegisteredBeforeAck.name(),
        specimen: &Pair {
            broken: || restart::<Mutant<Durable, AcceptBeforeStore>>(DurableRules::default()),
            sound: || restart::<Durable>(DurableRules::default()),
        },
    },
    Entry {
        name: "grants_before_all_answers",
        wrong: "A server that restarts grants before everybody has said where it stands (D2).",
        violates: Property::SingleHolder.name(),
        specimen: &Pair {
            broken: || restart::<Durable>(DurableRules { await_all_answers: false, ..DurableRules::default() }),
            sound: || restart::<Durable>(DurableRules::default()),
        },
    },
    Entry {
        name: "fencing_number_reset",
        wrong: "The fencing number begins anew when the server restarts (D5).",
        violates: Property::FencingGrows.name(),
        specimen: &Pair {
            broken: || restart::<Mutant<Durable, FencingNumberReset>>(DurableRules::default()),
            sound: || restart::<Durable>(DurableRules::default()),
        },
    },
    Entry {
        name: "requests_during_recovery_forgotten",
        wrong: "An enter that comes while the server waits for answers is dropped (D2).",
        violates: Property::EveryRequestGranted.name(),
        specimen: &Pair {
            broken: one_restart::<Mutant<Durable, RequestsDuringRecoveryForgotten>>,
            sound: one_restart::<Durable>,
        },
    },
    Entry {
        name: "late_answer_not_counted",
        wrong: "An answer that an enter has overtaken does not count as one, so that the server waits for ever (D3).",
        violates: Property::EveryRequestGranted.name(),
        specimen: &Pair {
            broken: || disorder::<Durable>(DurableRules { late_answers: false, ..DurableRules::default() }),
            sound: || disorder::<Durable>(DurableRules::default()),
        },
    },
    Entry {
        name: "older_incarnations_heard",
        wrong: "Messages do not say which incarnation of the server they belong to (D4).",
        violates: Property::FencingGrows.name(),
        specimen: &Pair {
            broken: || slow::<Durable>(DurableRules { incarnations: false, ..DurableRules::default() }),
            sound: || slow::<Durable>(DurableRules::default()),
        },
    },
    Entry {
        name: "steps_ignored",
        wrong: "The server takes what overtook for what came first (rule 1).",
        violates: Property::EveryRequestGranted.name(),
        specimen: &Pair {
            broken: || disorder::<Durable>(DurableRules { steps: false, ..DurableRules::default() }),
            sound: || disorder::<Durable>(DurableRules::default()),
        },
    },
    Entry {
        name: "dead_are_heard",
        wrong: "The enter of a client that is reported dead is queued like any other (rule 4).",
        violates: Property::EveryRequestGranted.name(),
        specimen: &Pair {
            broken: || deaths::<Durable>(DurableRules { ignore_dead: false, ..DurableRules::default() }),
            sound: || deaths::<Durable>(DurableRules::default()),
        },
    },
    Entry {
        name: "dead_keep_their_places",
        wrong: "The death of a client that waits changes nothing (rule 4).",
        violates: Property::EveryRequestGranted.name(),
        specimen: &Pair {
            broken: || deaths::<Mutant<Durable, DeadKeepTheirPlaces>>(DurableRules::default()),
            sound: || deaths::<Durable>(DurableRules::default()),
        },
    },
    Entry {
        name: "one_lock_of_the_dead_freed",
        wrong: "Of the locks that a client held when it died only one goes to the next in its queue (rule 4).",
        violates: Property::EveryRequestGranted.name(),
        specimen: &Pair { broken: two_locks::<Mutant<Durable, OneLockOfTheDeadFreed>>, sound: two_locks::<Durable> },
    },
    Entry {
        name: "last_come_first_served",
        wrong: "The queue is a stack.",
        violates: Property::EveryRequestGranted.name(),
        specimen: &Pair { broken: crowd::<Mutant<Durable, LastComeFirstServed>>, sound: crowd::<Durable> },
    },
    Entry {
        name: "second_lock_in_any_order",
        wrong: "Applications that hold one lock ask for another, whichever it is.",
        violates: Property::NoDeadlock.name(),
        specimen: &Pair { broken: || circles::<Durable>(true), sound: || circles::<Durable>(false) },
    },
];

fn parameters(rules: DurableRules) -> DurableParameters {
    DurableParameters { rules, ..DurableParameters::default() }
}

/// The server crashes now and then, and comes back.
fn restart<Q: Mutex<Config = DurableParameters>>(rules: DurableRules) -> Case<Q> {
    case::<Durable, Q>(4, &parameters(rules), short(2), |setup| server_crashes(setup, 2))
}

/// The server of two clients crashes once, and comes back.
fn one_restart<Q: Mutex<Config = DurableParameters>>() -> Case<Q> {
    case::<Durable, Q>(3, &DurableParameters::default(), short(2), |setup| server_crashes(setup, 1))
}

/// The server crashes now and then, and nothing keeps its order.
fn disorder<Q: Mutex<Config = DurableParameters>>(rules: DurableRules) -> Case<Q> {
    case::<Durable, Q>(3, &parameters(rules), short(2), |setup| {
        setup.network.order = ChannelOrder::Unordered;
        setup.detector.order = ReportOrder::Unordered;
        server_crashes(setup, 2);
    })
}

/// Some messages take very long, and meanwhile the server comes back.
fn slow<Q: Mutex<Config = DurableParameters>>(rules: DurableRules) -> Case<Q> {
    case::<Durable, Q>(3, &parameters(rules), short(2), |setup| {
        setup.network.order = ChannelOrder::Unordered;
        setup.network.delay_ticks = Distribution::Exponential { min: 1, mean: 8, max: 100 };
        setup.detector.order = ReportOrder::Unordered;
        server_crashes(setup, 2);
    })
}

/// Clients crash.
fn deaths<Q: Mutex<Config = DurableParameters>>(rules: DurableRules) -> Case<Q> {
    case::<Durable, Q>(4, &parameters(rules), short(2), |setup| {
        setup.detector.order = ReportOrder::Unordered;
        setup.faults.random.push(crashes(1, 1..4));
    })
}

/// A client crashes that holds two locks.
fn two_locks<Q: Mutex<Config = DurableParameters>>() -> Case<Q> {
    let workload = Workload { data_ids: 2, second_per_mille: 500, ..short(2) };
    case::<Durable, Q>(4, &DurableParameters::default(), workload, |setup| {
        setup.faults.random.push(crashes(1, 1..4));
    })
}

/// Nothing goes wrong, but everyone asks again and again.
fn crowd<Q: Mutex<Config = DurableParameters>>() -> Case<Q> {
    let workload = Workload { think_ticks: (0..=5).into(), hold_ticks: 5.into(), ..short(30) };
    case::<Durable, Q>(5, &DurableParameters::default(), workload, |setup| setup.network.delay_ticks = 5.into())
}

/// Nothing goes wrong but what the applications do.
fn circles<Q: Mutex<Config = DurableParameters>>(second_any: bool) -> Case<Q> {
    let workload = Workload { data_ids: 3, second_per_mille: 500, second_any, ..short(1) };
    case::<Durable, Q>(4, &DurableParameters::default(), workload, |_| {})
}

fn server_crashes<Q: Mutex>(setup: &mut Setup<Q>, up_to: u32) {
    let down_ticks = Some((1..=30).into());
    setup.faults.random.push(RandomCrashes { down_ticks, ..crashes(up_to, [0]) });
}

fn body(effect: &Effect<Durable>) -> Option<&Body> {
    match effect {
        Effect::Send { message: Message { body, .. }, .. } => Some(body),
        _ => None,
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct AcceptBeforeStore;

impl Mutation<Durable> for AcceptBeforeStore {
    fn after(&mut self, _: &Event<Durable>, effects: &mut Vec<Effect<Durable>>, _: &mut Scene<'_, Durable>) {
        let store = effects.iter().position(|effect| matches!(effect, Effect::Store { record: DurableRecord::Add(_) }));
        if let Some(store) = store {
            effects.swap(store, store + 1);
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct FencingNumberReset;

impl Mutation<Durable> for FencingNumberReset {
    fn after(&mut self, _: &Event<Durable>, effects: &mut Vec<Effect<Durable>>, _: &mut Scene<'_, Durable>) {
        for effect in effects {
            if let Effect::Send { message: Message { body: Body::Grant { fence, .. }, .. }, .. } = effect {
                fence.epoch = 1;
            }
        }
    }
}

/// Remembers whose answers it waits for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct RequestsDuringRecoveryForgotten(BTreeSet<ProcessId>);

impl Mutation<Durable> for RequestsDuringRecoveryForgotten {
    fn before(&mut self, event: Event<Durable>, scene: &mut Scene<'_, Durable>) -> Option<Event<Durable>> {
        match &event {
            Event::Message { message: Message { body: Body::Enter { .. }, .. }, .. }
                if scene.me == SERVER && !self.0.is_empty() =>
            {
                return None;
            }
            Event::Message { from, message: Message { body: Body::Phases { .. }, .. } } => {
                self.0.remove(from);
            }
            Event::Report(Report::Crash(process)) => {
                self.0.remove(process);
            }
            _ => {}
        }
        Some(event)
    }

    fn after(&mut self, _: &Event<Durable>, effects: &mut Vec<Effect<Durable>>, _: &mut Scene<'_, Durable>) {
        for effect in effects {
            if let Effect::Send { to, message: Message { body: Body::Ask, .. } } = effect {
                self.0.insert(*to);
            }
        }
    }
}

/// Remembers who waits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct DeadKeepTheirPlaces(BTreeSet<ProcessId>);

impl Mutation<Durable> for DeadKeepTheirPlaces {
    fn before(&mut self, event: Event<Durable>, scene: &mut Scene<'_, Durable>) -> Option<Event<Durable>> {
        match &event {
            Event::Message { from, message: Message { body: Body::Enter { .. }, .. } } if scene.me == SERVER => {
                self.0.insert(*from);
            }
            Event::Report(Report::Crash(process)) if self.0.contains(process) => return None,
            _ => {}
        }
        Some(event)
    }

    fn after(&mut self, _: &Event<Durable>, effects: &mut Vec<Effect<Durable>>, _: &mut Scene<'_, Durable>) {
        for effect in effects {
            if let Effect::Send { to, message: Message { body: Body::Grant { .. }, .. } } = effect {
                self.0.remove(to);
            }
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct OneLockOfTheDeadFreed;

impl Mutation<Durable> for OneLockOfTheDeadFreed {
    fn after(&mut self, event: &Event<Durable>, effects: &mut Vec<Effect<Durable>>, scene: &mut Scene<'_, Durable>) {
        if scene.me == SERVER && matches!(event, Event::Report(Report::Crash(_))) {
            let mut grants = 0;
            effects.retain(|effect| {
                grants += u32::from(matches!(body(effect), Some(Body::Grant { .. })));
                !matches!(body(effect), Some(Body::Grant { .. })) || grants == 1
            });
        }
    }
}

/// Remembers the enters that the server has not been shown yet, and whether the lock is held.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct LastComeFirstServed {
    stack: Vec<(ProcessId, Message)>,
    held: bool,
}

impl Mutation<Durable> for LastComeFirstServed {
    fn before(&mut self, event: Event<Durable>, _: &mut Scene<'_, Durable>) -> Option<Event<Durable>> {
        match event {
            Event::Message { from, message: message @ Message { body: Body::Enter { .. }, .. } } if self.held => {
                self.stack.push((from, message));
                None
            }
            event => Some(event),
        }
    }

    fn after(&mut self, event: &Event<Durable>, effects: &mut Vec<Effect<Durable>>, scene: &mut Scene<'_, Durable>) {
        match event {
            Event::Message { message: Message { body: Body::Enter { .. }, .. }, .. } => self.held = true,
            Event::Message { message: Message { body: Body::Leave { .. }, .. }, .. } => match self.stack.pop() {
                Some((from, message)) => effects.extend(scene.handle(Event::Message { from, message })),
                None => self.held = false,
            },
            _ => {}
        }
    }
}
