//! Replicated coordinators with a mistake in each. The primary is process 0, the backup process 1.

use std::collections::BTreeSet;

use jeton::algorithms::coordinator::message::{Body, Change, Claim, Message, Phase, Step, Timer};
use jeton::algorithms::coordinator::{Replicated, ReplicatedParameters, ReplicatedRules, Replication};
use jeton::engine::FromDead;
use jeton::explore::Case;
use jeton::model::{Effect, Event, Report};
use jeton::mutex::{Indication, Mutex, Property, Workload};
use jeton::{ProcessId, Ticks};

use super::mutant::{Mutant, Mutation, Scene};
use super::{Entry, Pair, case, crashes, short};

const PRIMARY: ProcessId = ProcessId::new(0);
const BACKUP: ProcessId = ProcessId::new(1);

pub(super) const ZOO: &[Entry] = &[
    Entry {
        name: "grants_before_acknowledgement",
        wrong: "The primary acts before the backup has the change (R2).",
        violates: Property::FencingGrows.name(),
        specimen: &Pair {
            broken: || losing::<Replicated>(Replication::Async),
            sound: || losing::<Replicated>(Replication::Sync),
        },
    },
    Entry {
        name: "grants_not_sent_again",
        wrong: "The new primary takes it that whoever has a lock knows (R3).",
        violates: Property::EveryRequestGranted.name(),
        specimen: &Pair {
            broken: || {
                let rules = ReplicatedRules { grant_again: false, ..ReplicatedRules::default() };
                failover::<Replicated>(rules)
            },
            sound: || failover::<Replicated>(ReplicatedRules::default()),
        },
    },
    Entry {
        name: "early_clients_not_set_aside",
        wrong: "What clients send to the backup before it knows itself primary is dropped (R4).",
        violates: Property::EveryRequestGranted.name(),
        specimen: &Pair {
            broken: || {
                let rules = ReplicatedRules { set_aside: false, ..ReplicatedRules::default() };
                failover::<Replicated>(rules)
            },
            sound: || failover::<Replicated>(ReplicatedRules::default()),
        },
    },
    Entry {
        name: "silence_taken_for_death",
        wrong: "The backup takes over after a silence; the primary waits for its acknowledgements for ever.",
        violates: Property::EveryRequestGranted.name(),
        specimen: &Pair { broken: quiet::<Mutant<Replicated, SilenceTakenForDeath>>, sound: quiet::<Replicated> },
    },
    Entry {
        name: "acknowledged_and_forgotten",
        wrong: "The backup acknowledges a request that comes while another waits, and does not keep it.",
        violates: Property::QueueOrder.name(),
        specimen: &Pair {
            broken: || failover::<Mutant<Replicated, AcknowledgedAndForgotten>>(ReplicatedRules::default()),
            sound: || failover::<Replicated>(ReplicatedRules::default()),
        },
    },
];

/// One of the servers may crash.
fn failover<Q: Mutex<Config = ReplicatedParameters>>(rules: ReplicatedRules) -> Case<Q> {
    let parameters = ReplicatedParameters { rules, ..ReplicatedParameters::default() };
    case::<Replicated, Q>(5, &parameters, short(2), |setup| setup.faults.random.push(crashes(1, [0, 1])))
}

/// The primary may crash, and what it sent last is lost.
fn losing<Q: Mutex<Config = ReplicatedParameters>>(replication: Replication) -> Case<Q> {
    let parameters = ReplicatedParameters { replication, ..ReplicatedParameters::default() };
    case::<Replicated, Q>(4, &parameters, short(1), |setup| {
        setup.network.from_dead = FromDead::Prefix;
        setup.faults.random.push(crashes(1, [0]));
    })
}

/// Nothing goes wrong.
fn quiet<Q: Mutex<Config = ReplicatedParameters>>() -> Case<Q> {
    let workload = Workload { think_ticks: (0..=60).into(), ..short(2) };
    case::<Replicated, Q>(4, &ReplicatedParameters::default(), workload, |_| {})
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct SilenceTakenForDeath;

impl SilenceTakenForDeath {
    const SILENCE: Ticks = Ticks::new(40);
}

impl Mutation<Replicated> for SilenceTakenForDeath {
    fn before(&mut self, event: Event<Replicated>, _: &mut Scene<'_, Replicated>) -> Option<Event<Replicated>> {
        match event {
            Event::Timer(Timer::Grace) => Some(Event::Report(Report::Crash(PRIMARY))),
            event => Some(event),
        }
    }

    fn after(
        &mut self,
        event: &Event<Replicated>,
        effects: &mut Vec<Effect<Replicated>>,
        scene: &mut Scene<'_, Replicated>,
    ) {
        let heard = matches!(event, Event::Message { from: PRIMARY, .. } | Event::Start);
        if scene.me == BACKUP && heard {
            effects.push(Effect::SetTimer { timer: Timer::Grace, after: Self::SILENCE });
        }
    }
}

/// Remembers who holds the lock or waits for it, as far as it has kept that.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct AcknowledgedAndForgotten {
    kept: BTreeSet<ProcessId>,
    /// What it says of a request that it does not keep.
    accepted: Option<Indication>,
}

impl Mutation<Replicated> for AcknowledgedAndForgotten {
    fn before(&mut self, mut event: Event<Replicated>, _: &mut Scene<'_, Replicated>) -> Option<Event<Replicated>> {
        if let Event::Message { message: Message { body: Body::Replicate { change, .. }, .. }, .. } = &mut event {
            match change {
                Change::Step { client, claim: Claim { data, step } } if step.phase == Phase::Waiting => {
                    if !self.kept.is_empty() && step.request > 1 {
                        let (client, data, request) = (*client, *data, step.request);
                        self.accepted = Some(Indication::Accepted { client, data, request });
                        *step = Step::default();
                    } else {
                        self.kept.insert(*client);
                    }
                }
                Change::Step { client, .. } | Change::Gone { client, .. } => {
                    self.kept.remove(client);
                }
            }
        }
        Some(event)
    }

    fn after(&mut self, _: &Event<Replicated>, effects: &mut Vec<Effect<Replicated>>, _: &mut Scene<'_, Replicated>) {
        effects.extend(self.accepted.take().map(|indication| Effect::Indicate { indication }));
    }
}
