use super::config::{Config, Parameters};
use super::{Message, QueryRing, note};
use crate::model::{Counters, Family, Part, ProcessId, Ticks};
use crate::mutex::{Circumstances, Impossible, Mutex, Property, Replica, System, Wait, sealed};

impl Mutex for QueryRing {
    const CONDITIONS: &'static [&'static str] = &["in_critical_section", "waiting", "has_token", "token_in_flight"];
    const PROPERTIES: &'static [Property] = &[
        Property::SingleHolder,
        Property::SingleToken,
        Property::TokenInCs,
        Property::FreshReplica,
        Property::EveryRequestGranted,
        Property::ReplicasConverge,
    ];

    /// Not here: the branches of rule 5 in which a question waits, which take a service time or a pause, and the last
    /// peer's question to itself, which takes a crash of all others.
    const SOMETIMES: &'static [&'static str] = &[
        note::TOKEN_CREATED,
        note::EDIT_STOPPED,
        note::QUESTION_ASKED,
        note::QUESTION_CANCELLED,
        note::QUESTION_MET_TOKEN,
        note::QUESTION_OF_DEAD,
        note::QUESTION_RETURNED,
        note::QUESTION_STALE,
        note::LOSS_REPORTED,
        note::LOSS_CONFIRMATION,
        note::LOSS_IGNORED,
        note::EDIT_RESENT,
        note::EARLY_HELD,
        note::HELD_RELEASED,
        note::HELD_DROPPED,
        note::DEAD_DROPPED,
    ];

    fn without(config: &Config, _processes: u32, peer: ProcessId) -> Option<Config> {
        config.without(peer)
    }

    fn waits_for(&self, _me: ProcessId) -> Vec<Wait> {
        let early = self.held.keys().map(|&sender| Wait::new(format!("the death of those between it and {sender}")));
        let mut waits: Vec<Wait> = early.collect();
        if self.question.is_some() {
            waits.push(Wait::from(self.predecessor, "its question to come back"));
        } else if self.token.is_none() {
            waits.push(Wait::from(self.predecessor, "the token"));
        }
        waits
    }

    fn tokens(&self) -> u32 {
        let set_aside = self.held.values().flatten().filter(|message| Self::token(message).is_some()).count();
        u32::from(self.token.is_some()) + u32::try_from(set_aside).unwrap_or(u32::MAX - 1)
    }

    fn token(message: &Message) -> Option<u64> {
        match *message {
            Message::Token { generation } => Some(generation),
            _ => None,
        }
    }

    /// So it is where rule 8 drops it. Without that part of the rule such a token counts from its acceptance on.
    fn would_accept(&self, from: ProcessId, _message: &Message) -> bool {
        !self.knows_dead(from)
    }

    fn replica(&self) -> Option<Replica> {
        Some(self.replica)
    }
}

impl sealed::Sealed for QueryRing {}

impl System for QueryRing {
    const NAME: &'static str = "query_ring";
    const PROCESSES_MIN: u32 = 1;
    const DATA_IDS_MAX: u32 = 1;
    const TOLERATES_FAULTS: bool = true;
    const BASELINE: &'static str = include_str!("baseline.toml");
    const DIALS: &'static [(&'static str, &'static str)] = &[
        ("one crash too many: all peers", "faults.random = [{ up_to = 5 }]"),
        ("timeout below a round", "system.token_timeout_ticks = 5"),
    ];

    type Parameters = Parameters;

    fn configure(processes: u32, parameters: &Parameters) -> Result<Config, Impossible> {
        Config::new(processes, parameters)
    }

    fn restarts(_config: &Config, _process: ProcessId) -> bool {
        false
    }

    /// Every term is the worst case of one thing that may stand between a peer that waits and its turn, counted from
    /// the last fault, one after the other:
    ///
    /// 1. *The ring closes.* Reports arrive, if need be behind what was in flight, and what was held is released.
    /// 2. *The loss is noticed.* The timer of the peer that waits has been set since its request, so it asks within one
    ///    timeout. A hop of a question takes a delay, and one more for what is in the inbox behind it.
    /// 3. *The loss is reported*, straight to the coordinator.
    /// 4. *The loss is confirmed.* The coordinator asks at once; or it ignores the report for a question of its own
    ///    that is out and may have died with a peer: that one is asked again within one timeout.
    /// 5. *The token comes round.* A hop takes a delay, and one more for the edit ahead of it. The token stays once
    ///    with every other peer at most; to be generous, the requests before are counted as well.
    fn patience(config: &Config, processes: u32, delay: Ticks, latency: Ticks, hold: Ticks, requests: u64) -> Ticks {
        let hop = delay + delay;
        let round = times(hop, u64::from(processes));
        let closed = latency + hop;
        let asked = config.token_timeout + round;
        let confirmed = delay + config.token_timeout + round;
        let stays = times(hold, u64::from(processes).saturating_add(requests));
        closed + asked + confirmed + round + stays
    }

    fn warnings(config: &Config, circumstances: &Circumstances) -> Vec<String> {
        let Circumstances { processes, delay_max, .. } = *circumstances;
        let needs = [
            (circumstances.fifo, "FIFO channels: a token can overtake the edit that was sent before it"),
            (circumstances.perfect_detector, "a perfect failure detector: the ring closes over whoever is suspected"),
            (circumstances.reliable, "reliable channels: nobody sends an edit twice"),
        ];
        let mut warnings = Circumstances::unmet(Self::NAME, &needs);
        let (trip, timeout) = (times(delay_max, u64::from(processes)), config.token_timeout);
        if timeout < trip {
            warnings.push(format!(
                "token_timeout_ticks is {timeout}, and a trip round the ring takes up to {trip}: peers ask again \
                 before an answer can be back, which costs messages"
            ));
        }
        warnings
    }
}

fn times(span: Ticks, count: u64) -> Ticks {
    Ticks::new(span.get().saturating_mul(count))
}

/// The ids of questions, of each asker: they grow with every timeout, and are only compared. What else grows does so
/// with writes and with losses of the token, of which there are as many as there are.
pub(super) fn show_counters(part: Part<'_, QueryRing>, counters: &mut Counters<'_>) {
    match part {
        Part::State(me, state) => {
            counters.order(asked_by(me), &mut state.asked);
            if let Some(question) = &mut state.question {
                counters.order(asked_by(me), &mut question.since);
            }
            for question in &mut state.waiting_questions {
                counters.order(asked_by(question.asker), &mut question.id);
            }
            for message in state.held.values_mut().flatten() {
                show_message(message, counters);
            }
        }
        Part::Message { message, .. } => show_message(message, counters),
        Part::Stable(..) | Part::Timer(..) => {}
    }
}

fn show_message(message: &mut Message, counters: &mut Counters<'_>) {
    if let Message::Question { asker, id, .. } = message {
        counters.order(asked_by(*asker), id);
    }
}

fn asked_by(asker: ProcessId) -> Family {
    Family::of(0, asker)
}
