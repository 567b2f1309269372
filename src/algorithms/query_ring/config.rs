use serde::{Deserialize, Serialize};

use crate::model::{ProcessId, Ticks};
use crate::mutex::Impossible;

/// The parameters of a query ring in a scenario file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Parameters {
    /// The order of the peers in the ring: every id once. The token starts at the first. Without it, the order of ids.
    pub ring_order: Option<Vec<u32>>,
    /// How long a peer waits for the token before it asks the ring for it, and between one question and the next, in
    /// ticks. A timeout shorter than a trip round the ring costs questions that nobody needed, and nothing else.
    pub token_timeout_ticks: u64,
    /// The rules that can be switched off, to see what each is for.
    pub rules: Rules,
}

impl Default for Parameters {
    fn default() -> Self {
        Self { ring_order: None, token_timeout_ticks: 60, rules: Rules::default() }
    }
}

/// The rules of the query ring that can be switched off. All are on by default; all but `inbox_check` are needed for
/// the properties that the ring claims.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[allow(clippy::struct_excessive_bools, reason = "each is one independent switch of a scenario file")]
pub struct Rules {
    /// Rule 3: an edit that is not newer than the replica stops. Off: a peer applies every edit and stops none but its
    /// own, so that one whose sender died goes round for ever and brings old data back.
    pub newer_edits_only: bool,
    /// Rule 4: receiving a token cancels one's own outstanding question, a confirmation too. Off: a question that
    /// overtakes the token's stay at its asker comes back as if the token were lost, and there are two.
    pub cancel_question: bool,
    /// Rule 4: the return of any question asked since the last token counts. Off: only the newest one's does, so that
    /// a lost token is never replaced where a trip round the ring takes longer than the timeout.
    pub earlier_questions: bool,
    /// Rule 5: a question waits for the messages that are in the inbox behind it. Off: it is passed on at once, which
    /// costs questions and nothing else.
    pub inbox_check: bool,
    /// Rule 6: the coordinator confirms a loss with a question of its own. Off: it creates a token for every report,
    /// also for two reports of one loss.
    pub confirm_loss: bool,
    /// Rule 7: a peer sends its edit to a new successor. Off: an edit that died with the old one misses the rest of the
    /// ring.
    pub resend_edit: bool,
    /// Rule 8: a ring message from a live peer that is not one's predecessor is held until it is. Off: a question
    /// overtakes a token that is still on its way from a dead peer, and there are two.
    pub hold_early: bool,
    /// Rule 8: what arrives from a peer reported dead, or is held from it, is dropped. Off: a token arrives after a
    /// question has gone round without it, and there are two.
    pub drop_dead: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            newer_edits_only: true,
            cancel_question: true,
            earlier_questions: true,
            inbox_check: true,
            confirm_loss: true,
            resend_edit: true,
            hold_early: true,
            drop_dead: true,
        }
    }
}

/// What the peers of a query ring share: the order of the ring, the timeout and the rules.
#[derive(Clone, Debug)]
pub struct Config {
    /// The peer at each place of the ring.
    order: Vec<ProcessId>,
    /// The place of each peer, so that a neighbour is found without a search.
    places: Vec<u32>,
    pub(super) token_timeout: Ticks,
    pub(super) rules: Rules,
}

impl Config {
    pub(super) fn new(processes: u32, parameters: &Parameters) -> Result<Self, Impossible> {
        let order: Vec<ProcessId> = match &parameters.ring_order {
            Some(ids) => ids.iter().map(|&id| ProcessId::new(id)).collect(),
            None => ProcessId::all(processes).collect(),
        };
        let places = places(processes, &order)?;
        if parameters.token_timeout_ticks == 0 {
            let problem = "is 0, so that questions would be asked without end; expected at least 1".to_owned();
            return Err(Impossible { key: "token_timeout_ticks", problem });
        }
        let token_timeout = Ticks::new(parameters.token_timeout_ticks);
        Ok(Self { order, places, token_timeout, rules: parameters.rules.clone() })
    }

    /// The ring without a peer, in which those of greater ids have moved up by one.
    pub(super) fn without(&self, peer: ProcessId) -> Option<Self> {
        let left = self.order.iter().filter(|&&other| other != peer);
        let order: Vec<_> = left.map(|other| ProcessId::new(other.get() - u32::from(*other > peer))).collect();
        let places = places(order.len() as u32, &order).ok().filter(|places| !places.is_empty())?;
        Some(Self { order, places, token_timeout: self.token_timeout, rules: self.rules.clone() })
    }

    /// The peer that has the token at the start.
    pub(super) fn first(&self) -> ProcessId {
        self.order[0]
    }

    /// The next peer of the ring, dead or alive.
    pub(super) fn after(&self, peer: ProcessId) -> ProcessId {
        let next = self.places[peer.index()] as usize + 1;
        self.order[if next == self.order.len() { 0 } else { next }]
    }

    /// The peer of which `peer` is the next.
    pub(super) fn before(&self, peer: ProcessId) -> ProcessId {
        let place = self.places[peer.index()] as usize;
        self.order[if place == 0 { self.order.len() } else { place } - 1]
    }
}

/// The place of each peer in a ring order, or what is wrong with the order.
fn places(processes: u32, order: &[ProcessId]) -> Result<Vec<u32>, Impossible> {
    const NOWHERE: u32 = u32::MAX;
    let refuse = |what: String| {
        let problem = format!("{what}; expected each of the {processes} ids from 0 once");
        Err(Impossible { key: "ring_order", problem })
    };
    let mut places = vec![NOWHERE; processes as usize];
    for (place, &peer) in (0..).zip(order) {
        match places.get_mut(peer.index()) {
            None => return refuse(format!("names {}, which is no process", peer.get())),
            Some(taken) if *taken != NOWHERE => return refuse(format!("names {} twice", peer.get())),
            Some(free) => *free = place,
        }
    }
    match places.iter().position(|&place| place == NOWHERE) {
        Some(missing) => refuse(format!("leaves out {missing}")),
        None => Ok(places),
    }
}
