//! The algorithms of the literature with a mistake in each. Nothing goes wrong but that.

use jeton::ProcessId;
use jeton::algorithms::carvalho_roucairol::CarvalhoRoucairol;
use jeton::algorithms::classic::{Algorithm, Classic, Config, NoParameters};
use jeton::algorithms::lamport::{self, Lamport};
use jeton::algorithms::maekawa::{Maekawa, Parameters, Rules};
use jeton::algorithms::naimi_trehel::{self, NaimiTrehel};
use jeton::algorithms::raymond::{self, Raymond};
use jeton::algorithms::ricart_agrawala::{self, RicartAgrawala};
use jeton::algorithms::suzuki_kasami::{self, SuzukiKasami};
use jeton::engine::ChannelOrder;
use jeton::explore::Case;
use jeton::model::{Effect, Event};
use jeton::mutex::{Mutex, Property, Request};

use super::mutant::{Mutant, Mutation, Scene};
use super::{Entry, Pair, case, short};

pub(super) const ZOO: &[Entry] = &[
    Entry {
        name: "acknowledged_too_soon",
        wrong: "A request is acknowledged with the time it bears, which is not later (Lamport, rule 2).",
        violates: Property::EveryRequestGranted.name(),
        specimen: &Pair {
            broken: calm::<Lamport, Mutant<Classic<Lamport>, AcknowledgedTooSoon>>,
            sound: calm::<Lamport, Classic<Lamport>>,
        },
    },
    Entry {
        name: "acknowledgement_overtakes",
        wrong: "Lamport's algorithm runs on channels that are not FIFO.",
        violates: Property::FencingGrows.name(),
        specimen: &Pair { broken: || lamport(ChannelOrder::Unordered), sound: || lamport(ChannelOrder::Fifo) },
    },
    Entry {
        name: "nothing_deferred",
        wrong: "Who is in its critical section replies at once (Ricart and Agrawala, rule 2).",
        violates: Property::SingleHolder.name(),
        specimen: &Pair {
            broken: calm::<RicartAgrawala, Mutant<Classic<RicartAgrawala>, NothingDeferred>>,
            sound: calm::<RicartAgrawala, Classic<RicartAgrawala>>,
        },
    },
    Entry {
        name: "authorisation_not_asked_for_again",
        wrong: "Who gives an authorisation back while it waits does not ask for it (Carvalho and Roucairol, rule 5).",
        violates: Property::EveryRequestGranted.name(),
        specimen: &Pair {
            broken: calm::<CarvalhoRoucairol, Mutant<Classic<CarvalhoRoucairol>, NotAskedAgain>>,
            sound: calm::<CarvalhoRoucairol, Classic<CarvalhoRoucairol>>,
        },
    },
    Entry {
        name: "nobody_inquires",
        wrong: "Arbiters leave a deadlock as it is (Maekawa, rule 3).",
        violates: Property::EveryRequestGranted.name(),
        specimen: &Pair {
            broken: || maekawa(Rules { inquire: false, ..Rules::default() }),
            sound: || maekawa(Rules::default()),
        },
    },
    Entry {
        name: "overtaken_not_told",
        wrong: "Who was first in an arbiter's queue and is no longer is not told that it failed (Maekawa, rule 5).",
        violates: Property::EveryRequestGranted.name(),
        specimen: &Pair {
            broken: || maekawa(Rules { tell_overtaken: false, ..Rules::default() }),
            sound: || maekawa(Rules::default()),
        },
    },
    Entry {
        name: "all_granted",
        wrong: "Who sends the token enters everybody's request as granted (Suzuki and Kasami, rule 4).",
        violates: Property::EveryRequestGranted.name(),
        specimen: &Pair {
            broken: calm::<SuzukiKasami, Mutant<Classic<SuzukiKasami>, AllGranted>>,
            sound: calm::<SuzukiKasami, Classic<SuzukiKasami>>,
        },
    },
    Entry {
        name: "privilege_not_asked_back",
        wrong: "Who passes the privilege on does not ask for it again for the next of its queue (Raymond, rule 5).",
        violates: Property::EveryRequestGranted.name(),
        specimen: &Pair {
            broken: calm::<Raymond, Mutant<Classic<Raymond>, NotAskedBack>>,
            sound: calm::<Raymond, Classic<Raymond>>,
        },
    },
    Entry {
        name: "token_kept",
        wrong: "Who sends the token to its next keeps it (Naimi and Tréhel, rule 4).",
        violates: Property::SingleToken.name(),
        specimen: &Pair {
            broken: calm::<NaimiTrehel, Mutant<Classic<NaimiTrehel>, TokenKept>>,
            sound: calm::<NaimiTrehel, Classic<NaimiTrehel>>,
        },
    },
];

/// Nothing goes wrong.
fn calm<A: Algorithm, Q: Mutex<Config = Config<A::Parameters>>>() -> Case<Q> {
    case::<Classic<A>, Q>(4, &A::Parameters::default(), short(3), |_| {})
}

fn lamport(order: ChannelOrder) -> Case<Classic<Lamport>> {
    case::<Classic<Lamport>, _>(3, &NoParameters {}, short(3), |setup| setup.network.order = order)
}

fn maekawa(rules: Rules) -> Case<Classic<Maekawa>> {
    case::<Classic<Maekawa>, _>(5, &Parameters { rules }, short(3), |_| {})
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct AcknowledgedTooSoon;

impl Mutation<Classic<Lamport>> for AcknowledgedTooSoon {
    fn after(
        &mut self,
        event: &Event<Classic<Lamport>>,
        effects: &mut Vec<Effect<Classic<Lamport>>>,
        _: &mut Scene<'_, Classic<Lamport>>,
    ) {
        let Event::Message { message: lamport::Message::Request { time: asked }, .. } = event else { return };
        for effect in effects {
            if let Effect::Send { message: lamport::Message::Acknowledge { time }, .. } = effect {
                *time = asked.saturating_sub(1);
            }
        }
    }
}

/// Remembers whether it is inside, and to whom it has replied there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct NothingDeferred {
    inside: bool,
    replied: Vec<ProcessId>,
}

impl Mutation<Classic<RicartAgrawala>> for NothingDeferred {
    fn after(
        &mut self,
        event: &Event<Classic<RicartAgrawala>>,
        effects: &mut Vec<Effect<Classic<RicartAgrawala>>>,
        _: &mut Scene<'_, Classic<RicartAgrawala>>,
    ) {
        match event {
            Event::Request(Request::Leave(_)) => {
                effects.retain(|effect| !matches!(effect, Effect::Send { to, .. } if self.replied.contains(to)));
                *self = Self::default();
            }
            Event::Message { from, message: ricart_agrawala::Message::Request { .. } } if self.inside => {
                effects.push(Effect::Send { to: *from, message: ricart_agrawala::Message::Reply });
                self.replied.push(*from);
            }
            _ => self.inside |= effects.iter().any(|effect| matches!(effect, Effect::Indicate { .. })),
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct NotAskedAgain;

impl Mutation<Classic<CarvalhoRoucairol>> for NotAskedAgain {
    fn after(
        &mut self,
        event: &Event<Classic<CarvalhoRoucairol>>,
        effects: &mut Vec<Effect<Classic<CarvalhoRoucairol>>>,
        _: &mut Scene<'_, Classic<CarvalhoRoucairol>>,
    ) {
        use ricart_agrawala::Message;
        if let Event::Message { message: Message::Request { .. }, .. } = event {
            effects.retain(|effect| !matches!(effect, Effect::Send { message: Message::Request { .. }, .. }));
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct AllGranted;

impl Mutation<Classic<SuzukiKasami>> for AllGranted {
    fn after(
        &mut self,
        event: &Event<Classic<SuzukiKasami>>,
        effects: &mut Vec<Effect<Classic<SuzukiKasami>>>,
        _: &mut Scene<'_, Classic<SuzukiKasami>>,
    ) {
        if !matches!(event, Event::Request(Request::Leave(_))) {
            return;
        }
        for effect in effects {
            if let Effect::Send { message: suzuki_kasami::Message::Token(token), .. } = effect {
                token.granted.iter_mut().for_each(|number| *number += 1);
            }
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct NotAskedBack;

impl Mutation<Classic<Raymond>> for NotAskedBack {
    fn after(
        &mut self,
        _: &Event<Classic<Raymond>>,
        effects: &mut Vec<Effect<Classic<Raymond>>>,
        _: &mut Scene<'_, Classic<Raymond>>,
    ) {
        let is = |effect: &Effect<_>, wanted| matches!(effect, Effect::Send { message, .. } if *message == wanted);
        if effects.iter().any(|effect| is(effect, raymond::Message::Privilege)) {
            effects.retain(|effect| !is(effect, raymond::Message::Request));
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct TokenKept;

impl Mutation<Classic<NaimiTrehel>> for TokenKept {
    fn after(
        &mut self,
        event: &Event<Classic<NaimiTrehel>>,
        effects: &mut Vec<Effect<Classic<NaimiTrehel>>>,
        scene: &mut Scene<'_, Classic<NaimiTrehel>>,
    ) {
        use naimi_trehel::Message;
        let sent = effects.iter().any(|effect| matches!(effect, Effect::Send { message: Message::Token, .. }));
        if sent && matches!(event, Event::Request(Request::Leave(_))) {
            let kept = Event::Message { from: scene.me, message: Message::Token };
            effects.extend(scene.handle(kept));
        }
    }
}
