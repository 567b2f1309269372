//! The numbers that grow as long as the token goes round.

use super::{Change, Message, NeighbourRing};
use crate::model::{Counters, Family, Part, ProcessId};

/// A process adds to the hops that it has sent and received. One that is less than all of those, in a message or kept
/// from one, is only compared: no token of it is accepted, and none is created from it. A version was a hop once.
const HOP: Family = Family::shared(0);

/// The numbers of a process's searches.
fn search(asker: ProcessId) -> Family {
    Family::of(1, asker)
}

/// Attempts and losses are few, and no two processes count them as one.
pub(super) fn show(part: Part<'_, NeighbourRing>, counters: &mut Counters<'_>) {
    match part {
        Part::State(me, state) => {
            counters.shift(HOP, &mut state.sent_hop);
            counters.shift(HOP, &mut state.received_hop);
            counters.order(HOP, &mut state.newest.version);
            for question in state.questions.values_mut() {
                counters.order(HOP, &mut question.sent_hop);
                show_change(question.change.as_mut(), counters);
            }
            counters.order(search(me), &mut state.round);
            if let Some(search) = &mut state.search {
                counters.order(HOP, &mut search.hop);
            }
        }
        Part::Message { from, to, message } => show_message(from, to, message, counters),
        Part::Stable(..) | Part::Timer(..) => {}
    }
}

fn show_message(from: ProcessId, to: ProcessId, message: &mut Message, counters: &mut Counters<'_>) {
    match message {
        Message::Token { hop, change } | Message::WhoLostPrev { sent_hop: hop, change, .. } => {
            counters.order(HOP, hop);
            show_change(change.as_mut(), counters);
        }
        Message::Change(change) => show_change(Some(change), counters),
        Message::IAmNext { .. } => {}
        Message::WhereIsToken { round } => counters.order(search(from), round),
        Message::TokenSeen { round, sent_hop, .. } => {
            counters.order(search(to), round);
            counters.order(HOP, sent_hop);
        }
        Message::TokenLost { hop, .. } | Message::SendAgain { hop } => counters.order(HOP, hop),
    }
}

fn show_change(change: Option<&mut Change>, counters: &mut Counters<'_>) {
    if let Some(change) = change {
        counters.order(HOP, &mut change.version);
    }
}
