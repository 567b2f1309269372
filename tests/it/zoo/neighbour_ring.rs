//! Neighbour rings with a mistake in each.

use jeton::algorithms::neighbour_ring::{Config, Message, NeighbourRing, Parameters, Rules, Timer};
use jeton::engine::{ChannelOrder, ReportOrder, Unreliable};
use jeton::explore::Case;
use jeton::model::{Effect, Event};
use jeton::mutex::{Mutex, Property, Request};

use super::mutant::{Mutant, Mutation, Scene};
use super::{Entry, NO_PANIC, Pair, case, crashes, short};

pub(super) const ZOO: &[Entry] = &[
    Entry {
        name: "old_hops_accepted",
        wrong: "A token is accepted whatever its hop, and so is its copy.",
        violates: Property::SingleToken.name(),
        specimen: &Pair {
            broken: || lossy::<NeighbourRing>(Rules { refuse_old_hops: false, ..Rules::default() }),
            sound: || lossy::<NeighbourRing>(Rules::default()),
        },
    },
    Entry {
        name: "writer_leaves_at_once",
        wrong: "A writer does not wait for its change to come round (rule 2).",
        violates: Property::SynchronousWrite.name(),
        specimen: &Pair {
            broken: one_crash::<Mutant<NeighbourRing, WriterLeavesAtOnce>>,
            sound: one_crash::<NeighbourRing>,
        },
    },
    Entry {
        name: "whoever_is_asked_is_next",
        wrong: "A process answers whoever lost its next, though others between them are alive (rule 4).",
        violates: Property::SynchronousWrite.name(),
        specimen: &Pair {
            broken: one_crash::<Mutant<NeighbourRing, WhoeverIsAskedIsNext>>,
            sound: one_crash::<NeighbourRing>,
        },
    },
    Entry {
        name: "lost_next_asked_for_once",
        wrong: "The question who lost its prev is not repeated (rule 3).",
        violates: Property::EveryRequestGranted.name(),
        specimen: &Pair {
            broken: || lossy::<Mutant<NeighbourRing, LostNextAskedForOnce>>(Rules::default()),
            sound: || lossy::<NeighbourRing>(Rules::default()),
        },
    },
    Entry {
        name: "change_sent_once",
        wrong: "A change that does not come round is not sent again, and the write is never done (rule 2).",
        violates: Property::EveryRequestGranted.name(),
        specimen: &Pair {
            broken: || lossy::<Mutant<NeighbourRing, ChangeSentOnce>>(Rules::default()),
            sound: || lossy::<NeighbourRing>(Rules::default()),
        },
    },
    Entry {
        name: "change_not_in_question",
        wrong: "A token is created without a change that the dead swallowed (rule 4).",
        violates: Property::FreshReplica.name(),
        specimen: &Pair {
            broken: || disorder::<NeighbourRing>(Rules { change_in_question: false, ..Rules::default() }),
            sound: || disorder::<NeighbourRing>(Rules::default()),
        },
    },
    Entry {
        name: "dead_are_believed",
        wrong: "What arrives from a process reported dead is believed (rule 7).",
        violates: Property::EveryRequestGranted.name(),
        specimen: &Pair {
            broken: || disorder::<NeighbourRing>(Rules { drop_dead: false, ..Rules::default() }),
            sound: || disorder::<NeighbourRing>(Rules::default()),
        },
    },
    Entry {
        name: "last_writer_panics",
        wrong: "A writer whose change is out when the last other process dies has nobody to wait for (rule 8).",
        violates: NO_PANIC,
        specimen: &Pair {
            broken: all_but_one::<Mutant<NeighbourRing, LastWriterPanics>>,
            sound: all_but_one::<NeighbourRing>,
        },
    },
];

/// One process crashes, or none.
fn one_crash<Q: Mutex<Config = Config>>() -> Case<Q> {
    case::<NeighbourRing, Q>(4, &Parameters::default(), short(2), |setup| {
        setup.faults.random.push(crashes(1, []));
    })
}

/// All but one crash.
fn all_but_one<Q: Mutex<Config = Config>>() -> Case<Q> {
    case::<NeighbourRing, Q>(3, &Parameters::default(), short(2), |setup| {
        setup.faults.random.push(crashes(2, []));
    })
}

/// Messages are lost and repeated for a while.
fn lossy<Q: Mutex<Config = Config>>(rules: Rules) -> Case<Q> {
    let parameters = Parameters { rules, ..Parameters::default() };
    case::<NeighbourRing, Q>(4, &parameters, short(2), |setup| {
        setup.faults.random.push(crashes(1, []));
        setup.faults.messages = Some(Unreliable { loss_per_mille: 20, duplicate_per_mille: 20, until_tick: 150 });
    })
}

/// Nothing keeps its order.
fn disorder<Q: Mutex<Config = Config>>(rules: Rules) -> Case<Q> {
    let parameters = Parameters { rules, ..Parameters::default() };
    case::<NeighbourRing, Q>(5, &parameters, short(2), |setup| {
        setup.network.order = ChannelOrder::Unordered;
        setup.detector.order = ReportOrder::Unordered;
        setup.faults.random.push(crashes(3, []));
    })
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct WriterLeavesAtOnce;

impl Mutation<NeighbourRing> for WriterLeavesAtOnce {
    fn after(
        &mut self,
        event: &Event<NeighbourRing>,
        effects: &mut Vec<Effect<NeighbourRing>>,
        scene: &mut Scene<'_, NeighbourRing>,
    ) {
        let change = effects.iter().find_map(|effect| match effect {
            Effect::Send { message: message @ Message::Change(_), .. } => Some(message.clone()),
            _ => None,
        });
        if let (Event::Request(_), Some(message)) = (event, change) {
            effects.extend(scene.handle(Event::Message { from: scene.me, message }));
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct WhoeverIsAskedIsNext;

impl Mutation<NeighbourRing> for WhoeverIsAskedIsNext {
    fn after(
        &mut self,
        event: &Event<NeighbourRing>,
        effects: &mut Vec<Effect<NeighbourRing>>,
        _: &mut Scene<'_, NeighbourRing>,
    ) {
        if let Event::Message { from, message: Message::WhoLostPrev { id, .. } } = event {
            effects.push(Effect::Send { to: *from, message: Message::IAmNext { id: *id } });
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct LostNextAskedForOnce;

impl Mutation<NeighbourRing> for LostNextAskedForOnce {
    fn before(
        &mut self,
        event: Event<NeighbourRing>,
        _: &mut Scene<'_, NeighbourRing>,
    ) -> Option<Event<NeighbourRing>> {
        (!matches!(event, Event::Timer(Timer::Link))).then_some(event)
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct ChangeSentOnce;

impl Mutation<NeighbourRing> for ChangeSentOnce {
    fn before(
        &mut self,
        event: Event<NeighbourRing>,
        _: &mut Scene<'_, NeighbourRing>,
    ) -> Option<Event<NeighbourRing>> {
        (!matches!(event, Event::Timer(Timer::Change))).then_some(event)
    }
}

/// Remembers whether its write is out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct LastWriterPanics(bool);

impl Mutation<NeighbourRing> for LastWriterPanics {
    fn after(
        &mut self,
        event: &Event<NeighbourRing>,
        effects: &mut Vec<Effect<NeighbourRing>>,
        _: &mut Scene<'_, NeighbourRing>,
    ) {
        let alone = effects.iter().any(|effect| matches!(effect, Effect::Note { note: "alone" }));
        assert!(!(self.0 && alone), "nobody is left to wait for");
        let written = effects.iter().any(|effect| matches!(effect, Effect::Indicate { .. }));
        self.0 = !written && (self.0 || matches!(event, Event::Request(Request::Write(..))));
    }
}
