//! Query rings with a mistake in each.

use std::collections::BTreeSet;

use jeton::ProcessId;
use jeton::algorithms::query_ring::{Config, Message, Parameters, QueryRing, Rules};
use jeton::engine::{Distribution, ReportOrder};
use jeton::explore::Case;
use jeton::model::{Effect, Event, Report};
use jeton::mutex::{DataId, Fence, Indication, Mutex, Property, Replica, TOKEN_ACCEPTED};

use super::mutant::{Mutant, Mutation, Scene};
use super::{Entry, NO_PANIC, Pair, case, crashes, short};

pub(super) const ZOO: &[Entry] = &[
    Entry {
        name: "token_passed_on_entering",
        wrong: "A peer passes the token on when it enters, and again when it leaves.",
        violates: Property::SingleToken.name(),
        specimen: &Pair {
            broken: faultless::<Mutant<QueryRing, TokenPassedOnEntering>>,
            sound: faultless::<QueryRing>,
        },
    },
    Entry {
        name: "edit_after_token",
        wrong: "Who leaves sends the token first, and then the edit.",
        violates: Property::FreshReplica.name(),
        specimen: &Pair { broken: faultless::<Mutant<QueryRing, EditAfterToken>>, sound: faultless::<QueryRing> },
    },
    Entry {
        name: "question_not_cancelled",
        wrong: "A token does not cancel the question of whoever gets it (rule 4).",
        violates: Property::SingleToken.name(),
        specimen: &Pair {
            broken: || one_crash::<QueryRing>(&Rules { cancel_question: false, ..Rules::default() }),
            sound: || one_crash::<QueryRing>(&Rules::default()),
        },
    },
    Entry {
        name: "loss_not_confirmed",
        wrong: "The coordinator creates a token for each report of loss (rule 6).",
        violates: Property::SingleToken.name(),
        specimen: &Pair {
            broken: || one_crash::<QueryRing>(&Rules { confirm_loss: false, ..Rules::default() }),
            sound: || one_crash::<QueryRing>(&Rules::default()),
        },
    },
    Entry {
        name: "first_never_asks",
        wrong: "The peer that starts with the token leaves it to the others to ask for it.",
        violates: Property::EveryRequestGranted.name(),
        specimen: &Pair { broken: patient::<Mutant<QueryRing, FirstNeverAsks>>, sound: patient::<QueryRing> },
    },
    Entry {
        name: "early_messages_dropped",
        wrong: "What comes early is held and never released, which is to say dropped (rule 8).",
        violates: Property::FreshReplica.name(),
        specimen: &Pair { broken: patient::<Mutant<QueryRing, EarlyMessagesDropped>>, sound: patient::<QueryRing> },
    },
    Entry {
        name: "early_messages_delivered",
        wrong: "What comes early is not held: a question overtakes a token in flight from a dead peer (rule 8).",
        violates: Property::SingleToken.name(),
        specimen: &Pair {
            broken: || slow::<QueryRing>(&Rules { hold_early: false, ..Rules::default() }, ReportOrder::AfterChannel),
            sound: || slow::<QueryRing>(&Rules::default(), ReportOrder::AfterChannel),
        },
    },
    Entry {
        name: "token_of_the_dead_accepted",
        wrong: "A token that arrives from a peer reported dead is as good as any (rule 8).",
        violates: Property::SingleToken.name(),
        specimen: &Pair {
            broken: || slow::<QueryRing>(&Rules { drop_dead: false, ..Rules::default() }, ReportOrder::Unordered),
            sound: || slow::<QueryRing>(&Rules::default(), ReportOrder::Unordered),
        },
    },
    Entry {
        name: "questions_outrun",
        wrong: "Only the newest question counts, and a round takes longer than the timeout (rule 4).",
        violates: Property::EveryRequestGranted.name(),
        specimen: &Pair {
            broken: || impatient::<QueryRing>(&Rules { earlier_questions: false, ..Rules::default() }),
            sound: || impatient::<QueryRing>(&Rules::default()),
        },
    },
    Entry {
        name: "askers_block_each_other",
        wrong: "A peer that has a question out drops the questions of others, as it will know soon enough itself.",
        violates: Property::EveryRequestGranted.name(),
        specimen: &Pair { broken: patient::<Mutant<QueryRing, AskersBlockEachOther>>, sound: patient::<QueryRing> },
    },
    Entry {
        name: "stale_value_resent",
        wrong: "The edit that is sent to a new successor has the newest version, and the value before it (rule 7).",
        violates: Property::ReplicasConverge.name(),
        specimen: &Pair { broken: patient::<Mutant<QueryRing, StaleValueResent>>, sound: patient::<QueryRing> },
    },
    Entry {
        name: "question_taken_for_leave_to_enter",
        wrong: "A peer whose question comes back enters, since nobody else is in its critical section (rule 6).",
        violates: Property::TokenInCs.name(),
        specimen: &Pair {
            broken: patient::<Mutant<QueryRing, QuestionTakenForLeaveToEnter>>,
            sound: patient::<QueryRing>,
        },
    },
    Entry {
        name: "loss_reported_to_the_holder_panics",
        wrong: "A peer that has the token believes that nobody can report its loss (rule 6).",
        violates: NO_PANIC,
        specimen: &Pair {
            broken: three::<Mutant<QueryRing, LossReportedToTheHolderPanics>>,
            sound: three::<QueryRing>,
        },
    },
];

/// Nothing goes wrong.
fn faultless<Q: Mutex<Config = Config>>() -> Case<Q> {
    case::<QueryRing, Q>(3, &Parameters::default(), short(1), |_| {})
}

/// One peer crashes, or none.
fn one_crash<Q: Mutex<Config = Config>>(rules: &Rules) -> Case<Q> {
    let parameters = Parameters { token_timeout_ticks: 30, rules: rules.clone(), ..Parameters::default() };
    case::<QueryRing, Q>(4, &parameters, short(2), |setup| setup.faults.random.push(crashes(1, [])))
}

/// Up to two peers crash.
fn patient<Q: Mutex<Config = Config>>() -> Case<Q> {
    case::<QueryRing, Q>(4, &Parameters::default(), short(2), |setup| setup.faults.random.push(crashes(2, [])))
}

/// One of three peers crashes, or none.
fn three<Q: Mutex<Config = Config>>() -> Case<Q> {
    case::<QueryRing, Q>(3, &Parameters::default(), short(1), |setup| setup.faults.random.push(crashes(1, [])))
}

/// Some messages take very long; reports wait for them, or do not.
fn slow<Q: Mutex<Config = Config>>(rules: &Rules, order: ReportOrder) -> Case<Q> {
    let parameters = Parameters { token_timeout_ticks: 20, rules: rules.clone(), ..Parameters::default() };
    case::<QueryRing, Q>(4, &parameters, short(1), |setup| {
        setup.network.delay_ticks = Distribution::Exponential { min: 1, mean: 6, max: 100 };
        setup.detector.latency_ticks = (1..=10).into();
        setup.detector.order = order;
        setup.faults.random.push(crashes(2, []));
    })
}

/// A question is repeated before it is back.
fn impatient<Q: Mutex<Config = Config>>(rules: &Rules) -> Case<Q> {
    let parameters = Parameters { token_timeout_ticks: 10, rules: rules.clone(), ..Parameters::default() };
    case::<QueryRing, Q>(4, &parameters, short(1), |setup| {
        setup.network.delay_ticks = (5..=10).into();
        setup.faults.random.push(crashes(1, []));
    })
}

fn is_token(effect: &Effect<QueryRing>) -> bool {
    matches!(effect, Effect::Send { message: Message::Token { .. }, .. })
}

fn notes(effects: &[Effect<QueryRing>], name: &str) -> bool {
    effects.iter().any(|effect| matches!(effect, Effect::Note { note } if *note == name))
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct TokenPassedOnEntering;

impl Mutation<QueryRing> for TokenPassedOnEntering {
    fn after(&mut self, _: &Event<QueryRing>, effects: &mut Vec<Effect<QueryRing>>, scene: &mut Scene<'_, QueryRing>) {
        let entered = effects.iter().find_map(|effect| match effect {
            Effect::Indicate { indication: Indication::Entered(_, Fence { epoch, .. }) } => Some(*epoch),
            _ => None,
        });
        if let Some(generation) = entered {
            effects.push(Effect::Send { to: scene.next(), message: Message::Token { generation } });
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct EditAfterToken;

impl Mutation<QueryRing> for EditAfterToken {
    fn after(&mut self, _: &Event<QueryRing>, effects: &mut Vec<Effect<QueryRing>>, _: &mut Scene<'_, QueryRing>) {
        if let Some(index) = effects.iter().position(is_token) {
            if index > 0 && matches!(effects[index - 1], Effect::Send { message: Message::Edit { .. }, .. }) {
                effects.swap(index - 1, index);
            }
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct FirstNeverAsks;

impl Mutation<QueryRing> for FirstNeverAsks {
    fn before(&mut self, event: Event<QueryRing>, scene: &mut Scene<'_, QueryRing>) -> Option<Event<QueryRing>> {
        (scene.me != ProcessId::new(0) || !matches!(event, Event::Timer(_))).then_some(event)
    }
}

/// Remembers who is dead.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct EarlyMessagesDropped(BTreeSet<ProcessId>);

impl Mutation<QueryRing> for EarlyMessagesDropped {
    fn before(&mut self, event: Event<QueryRing>, scene: &mut Scene<'_, QueryRing>) -> Option<Event<QueryRing>> {
        match event {
            Event::Report(Report::Crash(process)) => {
                self.0.insert(process);
            }
            Event::Message { message: Message::TokenLost { .. }, .. } => {}
            Event::Message { from, .. } => {
                let before = |p: ProcessId| ProcessId::new((p.get() + scene.count - 1) % scene.count);
                let mut predecessor = before(scene.me);
                while self.0.contains(&predecessor) {
                    predecessor = before(predecessor);
                }
                if from != predecessor {
                    return None;
                }
            }
            _ => {}
        }
        Some(event)
    }
}

/// Remembers whether it has a question out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct AskersBlockEachOther(bool);

impl Mutation<QueryRing> for AskersBlockEachOther {
    fn before(&mut self, event: Event<QueryRing>, scene: &mut Scene<'_, QueryRing>) -> Option<Event<QueryRing>> {
        let of_another = matches!(
            event,
            Event::Message { message: Message::Question { asker, .. }, .. } if asker != scene.me
        );
        (!self.0 || !of_another).then_some(event)
    }

    fn after(&mut self, _: &Event<QueryRing>, effects: &mut Vec<Effect<QueryRing>>, _: &mut Scene<'_, QueryRing>) {
        self.0 = (self.0 || notes(effects, "question_asked")) && !notes(effects, TOKEN_ACCEPTED);
    }
}

/// Remembers the replica, and the value before it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct StaleValueResent {
    now: Option<Replica>,
    before: u64,
}

impl Mutation<QueryRing> for StaleValueResent {
    fn after(
        &mut self,
        event: &Event<QueryRing>,
        effects: &mut Vec<Effect<QueryRing>>,
        scene: &mut Scene<'_, QueryRing>,
    ) {
        let now = scene.process().replica();
        if now != self.now {
            self.before = self.now.map_or(0, |replica| replica.value);
            self.now = now;
        }
        if !matches!(event, Event::Report(_)) {
            return;
        }
        for effect in effects {
            if let Effect::Send { message: Message::Edit { value, .. }, .. } = effect {
                *value = self.before;
            }
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct QuestionTakenForLeaveToEnter;

impl Mutation<QueryRing> for QuestionTakenForLeaveToEnter {
    fn after(&mut self, event: &Event<QueryRing>, effects: &mut Vec<Effect<QueryRing>>, _: &mut Scene<'_, QueryRing>) {
        let Event::Message { message: Message::Question { generation, .. }, .. } = *event else { return };
        if notes(effects, "loss_reported") {
            let fence = Fence { epoch: generation + 1, counter: 0 };
            *effects = vec![Effect::Indicate { indication: Indication::Entered(DataId::new(0), fence) }];
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct LossReportedToTheHolderPanics;

impl Mutation<QueryRing> for LossReportedToTheHolderPanics {
    fn after(&mut self, event: &Event<QueryRing>, _: &mut Vec<Effect<QueryRing>>, scene: &mut Scene<'_, QueryRing>) {
        if matches!(event, Event::Message { message: Message::TokenLost { .. }, .. }) {
            assert_eq!(scene.process().tokens(), 0, "the token is here");
        }
    }
}
