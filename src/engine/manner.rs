//! In what manner a schedule draws: the same decisions and the same bounds, with other odds.
//!
//! A manner never leaves what the setup allows: spans stay between their shortest and their longest, and faults within
//! their numbers and moments. So what a schedule of any manner shows, the setup can show. Plain drawing knows nothing
//! of all this; a manner has a stream of its own, so that the others are as they would be.

use super::decision::Topic;
use super::rng::{Stream, Streams};
use crate::model::ProcessId;

/// What a strategy wants of one schedule.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum Draw<'a> {
    /// Each answer as the setup says.
    #[default]
    Plain,
    /// A mix of its own for this schedule: how spans are spread, which faults are on, how many and when.
    Swarm,
    /// Priorities of chains of messages, lowered at a few points.
    Priorities,
    /// Drawn crashes are these; all else is plain.
    Crashes(&'a [CrashPoint]),
}

/// A crash in a step of a process, after so many of its effects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CrashPoint {
    pub(crate) process: ProcessId,
    /// Counted from 1.
    pub(crate) step: u64,
    pub(crate) effects: u32,
}

/// The generator of the strategies, for what they draw outside of a run.
#[derive(Clone, Debug)]
pub(crate) struct Dice(Streams);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Streams::new(seed))
    }

    /// A number in `0..bound`.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        below(&mut self.0, bound)
    }
}

fn below(streams: &mut Streams, bound: u64) -> u64 {
    streams.below(Stream::Strategy, bound)
}

/// The manner of one schedule.
#[derive(Clone, Debug)]
pub(crate) enum Manner {
    Swarm(Swarm),
    Priorities(Priorities),
    Crashes(Vec<CrashPoint>),
}

impl Manner {
    pub(crate) fn new(draw: Draw<'_>, streams: &mut Streams) -> Option<Box<Self>> {
        match draw {
            Draw::Plain => None,
            Draw::Swarm => Some(Box::new(Self::Swarm(Swarm::draw(streams)))),
            Draw::Priorities => Some(Box::new(Self::Priorities(Priorities::draw(streams)))),
            Draw::Crashes(points) => Some(Box::new(Self::Crashes(points.to_vec()))),
        }
    }

    /// How far above its shortest a span is, in `0..bound`; `None` leaves it to the setup.
    pub(crate) fn span(&mut self, streams: &mut Streams, stream: Stream, bound: u64, topic: &Topic) -> Option<u64> {
        match self {
            Self::Swarm(_) if bound == 1 => None,
            Self::Swarm(swarm) => swarm.shape(topic).draw(streams, stream, bound, topic),
            Self::Priorities(priorities) => priorities.span(bound, topic),
            Self::Crashes(_) => None,
        }
    }

    /// A process is about to handle a message, or something else.
    pub(crate) fn handles(&mut self, message: Option<u64>) {
        if let Self::Priorities(priorities) = self {
            priorities.handles(message);
        }
    }

    /// In how many of 1,000 cases something happens, instead of `per_mille`.
    pub(crate) fn share(&self, per_mille: u16, topic: &Topic) -> u16 {
        match (self, topic) {
            (Self::Swarm(swarm), Topic::Loss { .. }) => swarm.losses.of(per_mille),
            (Self::Swarm(swarm), Topic::Duplicate { .. }) => swarm.copies.of(per_mille),
            _ => per_mille,
        }
    }
}

/// A mix.
#[derive(Clone, Debug)]
pub(crate) struct Swarm {
    messages: Shape,
    reports: Shape,
    applications: Shape,
    others: Shape,
    losses: Share,
    copies: Share,
}

impl Swarm {
    fn draw(streams: &mut Streams) -> Self {
        Self {
            messages: Shape::new(streams),
            reports: Shape::new(streams),
            applications: Shape::new(streams),
            others: Shape::new(streams),
            losses: Share::new(streams),
            copies: Share::new(streams),
        }
    }

    fn shape(&self, topic: &Topic) -> &Shape {
        match topic {
            Topic::Delay { .. } | Topic::CopyDelay { .. } => &self.messages,
            Topic::Latency { .. } => &self.reports,
            Topic::Application { .. } => &self.applications,
            _ => &self.others,
        }
    }
}

/// How spans of one kind are spread between their shortest and their longest.
#[derive(Clone, Copy, Debug)]
enum Shape {
    /// As the setup says.
    Plain,
    /// All the same.
    Even,
    /// The shortest, but for one in so many.
    MostlyLeast(u64),
    /// The longest, but for one in so many.
    MostlyGreatest(u64),
    /// The longest in so many of 8 cases, and else the shortest.
    Ends(u64),
    /// Some channels are fast, some slow, and some in between.
    ByPair { salt: u64 },
    /// Some senders are fast, some slow, and some in between.
    ByProcess { salt: u64 },
}

impl Shape {
    fn new(streams: &mut Streams) -> Self {
        match below(streams, 8) {
            0 => Self::Plain,
            1 => Self::Even,
            2 => Self::MostlyLeast(2 << below(streams, 4)),
            3 => Self::MostlyGreatest(2 << below(streams, 4)),
            4 | 5 => Self::Ends(1 + below(streams, 7)),
            6 => Self::ByPair { salt: below(streams, u64::MAX) },
            _ => Self::ByProcess { salt: below(streams, u64::MAX) },
        }
    }

    fn draw(self, streams: &mut Streams, stream: Stream, bound: u64, topic: &Topic) -> Option<u64> {
        let greatest = bound - 1;
        let mut rare = |one_in: u64| streams.below(stream, one_in) == 0;
        let chosen = match self {
            Self::Plain => return None,
            Self::Even => None,
            Self::MostlyLeast(one_in) => (!rare(one_in)).then_some(0),
            Self::MostlyGreatest(one_in) => (!rare(one_in)).then_some(greatest),
            Self::Ends(slow) => Some(if streams.below(stream, 8) < slow { greatest } else { 0 }),
            Self::ByPair { salt } => (!rare(4)).then(|| pace(salt, chain(topic), bound)),
            Self::ByProcess { salt } => (!rare(4)).then(|| pace(salt, chain(topic) >> 32, bound)),
        };
        Some(chosen.unwrap_or_else(|| streams.below(stream, bound)))
    }
}

/// How many of 1,000 messages are lost, or arrive twice.
#[derive(Clone, Copy, Debug)]
enum Share {
    None,
    Plain,
    More,
}

impl Share {
    fn new(streams: &mut Streams) -> Self {
        match below(streams, 4) {
            0 => Self::None,
            1 | 2 => Self::Plain,
            _ => Self::More,
        }
    }

    fn of(self, per_mille: u16) -> u16 {
        match self {
            Self::None => 0,
            Self::Plain => per_mille,
            // What is left to chance stays so.
            Self::More => per_mille.saturating_mul(4).min(900).max(per_mille),
        }
    }
}

/// The mix of one kind of fault: whether it is on, how many there are, and in which part of a run.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct FaultMix(Option<Odds>);

#[derive(Clone, Copy, Debug)]
struct Odds {
    number: Number,
    /// The moments are in a part of the run that is `2^-part` of it, and begins at `start / 256` of the rest.
    part: u64,
    start: u64,
    /// The kind of moment, if it is always the same.
    moment: Option<u64>,
}

#[derive(Clone, Copy, Debug)]
enum Number {
    None,
    Plain,
    Some,
    Greatest,
}

impl FaultMix {
    /// For each kind of fault one is drawn.
    pub(crate) fn draw(manner: Option<&Manner>, streams: &mut Streams) -> Self {
        let Some(Manner::Swarm(_)) = manner else { return Self(None) };
        let number = match below(streams, 8) {
            0 | 1 => Number::None,
            2 | 3 => Number::Plain,
            4 | 5 => Number::Some,
            _ => Number::Greatest,
        };
        let part = below(streams, 5);
        let start = if below(streams, 2) == 0 { 0 } else { below(streams, 256) };
        let moment = if below(streams, 2) == 0 { None } else { Some(below(streams, 3)) };
        Self(Some(Odds { number, part, start, moment }))
    }

    /// How many of at most `up_to`, where `draw` draws below a bound.
    pub(crate) fn number(self, up_to: u32, mut draw: impl FnMut(u64) -> u64) -> u64 {
        let up_to = u64::from(up_to);
        match self.0.map(|odds| odds.number) {
            None | Some(Number::Plain) => draw(up_to + 1),
            Some(Number::None) => 0,
            Some(Number::Some) => (1 + draw(up_to.max(1))).min(up_to),
            Some(Number::Greatest) => up_to,
        }
    }

    /// A moment in `1..=within`.
    pub(crate) fn moment(self, within: u64, mut draw: impl FnMut(u64) -> u64) -> u64 {
        let Some(Odds { part, start, .. }) = self.0 else { return 1 + draw(within) };
        let length = (within >> part).max(1);
        let first = u128::from(within - length) * u128::from(start) / 256;
        1 + first as u64 + draw(length)
    }

    /// Which of so many kinds of moment.
    pub(crate) fn kind(self, kinds: u64, mut draw: impl FnMut(u64) -> u64) -> u64 {
        match self.0.and_then(|odds| odds.moment) {
            Some(kind) if kind < kinds => kind,
            _ => draw(kinds),
        }
    }
}

/// The greatest number of change points.
const CHANGES_MAX: usize = 4;

/// Chains of messages have priorities: a low one makes each message late, a high one lets it through at once. A chain
/// is a message, the first that its receiver sends upon it, and so on; any other message begins a chain of its own, and
/// so does each report. At each change point the chain at hand falls behind all others.
#[derive(Clone, Debug)]
pub(crate) struct Priorities {
    salt: u64,
    /// At which messages and reports a chain falls behind, and then which one did.
    changes: [(u64, Option<u64>); CHANGES_MAX],
    seen: u64,
    chains: u64,
    /// The chain of each message, in the order of sending.
    of_message: Vec<u64>,
    /// The chain that the next message goes on with.
    at_hand: Option<u64>,
}

impl Priorities {
    fn draw(streams: &mut Streams) -> Self {
        let salt = below(streams, u64::MAX);
        // How long the run will be nobody knows: short horizons are as likely as long ones.
        let horizon = 8 << below(streams, 8);
        let number = 1 + below(streams, CHANGES_MAX as u64) as usize;
        let mut changes = [(0, None); CHANGES_MAX];
        for change in &mut changes[..number] {
            change.0 = 1 + below(streams, horizon);
        }
        Self { salt, changes, seen: 0, chains: 0, of_message: Vec::new(), at_hand: None }
    }

    fn handles(&mut self, message: Option<u64>) {
        self.at_hand = message.and_then(|id| self.of_message.get(id as usize).copied());
    }

    fn span(&mut self, bound: u64, topic: &Topic) -> Option<u64> {
        let chain = match topic {
            Topic::Delay { .. } => {
                let chain = self.at_hand.take().unwrap_or_else(|| self.begin());
                self.of_message.push(chain);
                chain
            }
            Topic::CopyDelay { .. } => {
                let chain = self.begin();
                self.of_message.push(chain);
                chain
            }
            Topic::Latency { .. } => self.begin(),
            _ => return None,
        };
        self.seen += 1;
        let mut is_behind = false;
        for (at, fallen) in &mut self.changes {
            if *at == self.seen {
                *fallen = Some(chain);
            }
            is_behind |= *fallen == Some(chain);
        }
        Some(if is_behind { bound - 1 } else { scale(hash(self.salt, chain), bound) })
    }

    fn begin(&mut self) -> u64 {
        self.chains += 1;
        self.chains
    }
}

/// What orders events among themselves: the channel of a message or a report, or the process.
fn chain(topic: &Topic) -> u64 {
    let pair = |one: ProcessId, other: ProcessId| u64::from(one.get()) << 32 | u64::from(other.get());
    match topic {
        Topic::Delay { from, to } | Topic::CopyDelay { from, to } => pair(*from, *to),
        Topic::Latency { observer, of } | Topic::SuspectLength { observer, of } => pair(*of, *observer),
        Topic::Service { process }
        | Topic::Down { process }
        | Topic::PauseLength { process }
        | Topic::Application { process, .. } => pair(*process, *process),
        _ => 0,
    }
}

/// A third each are at once, as late as can be, and anywhere between.
fn pace(salt: u64, chain: u64, bound: u64) -> u64 {
    let hash = hash(salt, chain);
    match hash % 3 {
        0 => 0,
        1 => bound - 1,
        _ => scale(hash, bound),
    }
}

/// The high half of the product, as in [`Streams::below`].
fn scale(word: u64, bound: u64) -> u64 {
    ((u128::from(word) * u128::from(bound)) >> 64) as u64
}

/// The finisher of `SplitMix64`.
fn hash(salt: u64, number: u64) -> u64 {
    let mut z = salt ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests;
