//! Some processes move while all others wait, where that leaves out no violation: partial-order reduction.
//!
//! An *ample* set in a state is all that some processes, the *movers*, may do next, so that (Peled, CAV 1993):
//!
//! 1. The others, as long as no mover moves, can neither give a mover anything new to do nor change what it does. A
//!    message behind the head of a FIFO channel is nothing new. Whom a process sends to of its own accord, from the
//!    state that it is in and what is in flight to it, is tried out; once it may have got anything more, it may send to
//!    whomever it has been seen to send to in any step. Crashes observe and are observed by all: as long as one is
//!    possible, there are no ample sets. Timers fire in states that do not *hurry*: a mover has something to do that is
//!    sure to come, so that all states hurry until it moves.
//! 2. No step of a mover shows anything, changes what others must know of it or what it weighs, sends to who is down
//!    and loses it unless it has come back, or looks into its inbox. So it does, before and after steps of the others,
//!    the same, and so do they.
//! 3. One of the states after a mover's step is looked at later than this one (Bošnački and Holzmann, SPIN 2005).
//!    Losses and repetitions do not count for it, since they may use up what others need.
//!
//! *Nothing is missed.* Take the shortest way, of any order, to a violation from a state that is looked at; from one
//! that is looked at as late as any, if there are several. If all events of that state are looked at, the first leads
//! to a shorter one. Otherwise, if a mover moves on the way, its first event could have come first, by 1 and 2, and
//! leads to a shorter one; by 2 it is not the violation, unless it panics, and then it is found, or something weighs
//! too much in the end, which does not depend on the order. If none does, the way is still there after any event of a
//! mover, 3 has one that leads to a state which is looked at later. What has been sent by then makes nothing weigh
//! less, and the mover itself weighs what it did: a loss or a repetition, after which it may weigh something else,
//! comes first only where it is on the way, so that the state in the end is the same. Where a mover takes away the last
//! that was sure to come, what fired early on the way fires now without being counted; to have fired less is to be able
//! to do more.
//!
//! *Whom a process has been seen to send to* is at first nobody. When a step is seen that sends to somebody else, the
//! search begins anew. In the last one all steps that were found do as was seen. So do all others: take the shortest
//! way to a step that does not, as above; the steps before it do as was seen, so that 1 holds on the way; and if the
//! step itself is a mover's, the search has found it.
//!
//! With [symmetry](super::symmetry) a state stands for others: the same, but for names, which what was seen is closed
//! under. A step that is not symmetrical would be found as a violation would.

use super::intern::Memo;
use super::learn::Unknown;
use super::space::{Brief, Global, Item, Range, Space, UNKNOWN};
use super::watch::Watch;
use crate::engine::setup::{ChannelOrder, ToDead};
use crate::model::Process;

/// An event, and what is in flight to its process then.
type Alternative = (u32, u32);

/// All processes: nobody waits. There are no more than its bits.
pub(crate) const ALL: u64 = u64::MAX;
const MOST: usize = ALL.count_ones() as usize;

/// What a process does of its own accord is tried out so many steps far, and so many in all.
const STEPS_DEEP: usize = 24;
const STEPS: u32 = 512;

/// Who sends to whom. Sets of processes are bits.
#[derive(Clone, Debug, Default)]
pub(super) struct Ample {
    is_on: bool,
    /// By sender: to whom it has been seen to send.
    seen: Vec<u64>,
    has_grown: bool,
    /// By node and inbox: to whom it sends of its own accord.
    alone: Memo<(u32, u32), Alone>,
}

impl Ample {
    pub(super) fn bytes(&self) -> usize {
        self.alone.bytes()
    }
}

/// What a process does though nothing more comes to it.
#[derive(Clone, Copy, Debug, Default)]
struct Alone {
    /// To whom it sends.
    to: u64,
    /// That is not all.
    more: bool,
}

/// What matters of each process of a state.
struct Seats {
    /// Those that may do something.
    active: u64,
    up: u64,
    /// Those that are down and may come back.
    back: u64,
    /// Those of which one is to be a mover.
    first: u64,
    /// To whom each sends though nothing more comes to it.
    alone: [u64; MOST],
    /// Behind something of whom more may come to each, and is nothing new.
    heads: [u64; MOST],
}

fn bit(process: usize) -> u64 {
    1 << process
}

fn members(mut set: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let first = (set != 0).then(|| set.trailing_zeros() as usize);
        set &= set.wrapping_sub(1);
        first
    })
}

impl<P: Process, W: Watch<P>> Space<P, W> {
    /// From now on ample sets are told.
    pub(crate) fn find_ample(&mut self) {
        self.ample.is_on = true;
        self.ample.seen.resize(self.count(), 0);
    }

    pub(crate) fn has_ample(&self) -> bool {
        self.ample.is_on
    }

    /// Whether a search that relied on what had been seen must begin anew; asked again, it need not.
    pub(crate) fn has_seen_more(&mut self) -> bool {
        std::mem::take(&mut self.ample.has_grown)
    }

    /// A process sends to another.
    pub(super) fn see(&mut self, from: u16, to: u16) {
        if !self.ample.is_on || self.ample.seen[usize::from(from)] & bit(to.into()) != 0 {
            return;
        }
        self.ample.has_grown = true;
        for (from, to) in self.renamings(from, to) {
            self.ample.seen[from] |= bit(to);
        }
    }

    /// Whether an outcome can be one of a mover.
    pub(super) fn is_quiet(&self, node: u32, outcome: u32) -> bool {
        let Brief { node: after, shows, .. } = self.brief[outcome as usize];
        !shows && self.about[node as usize].facts == self.about[after as usize].facts
    }

    /// The movers of each ample set of a state, but for the third condition; those that do least first.
    pub(crate) fn movers(&self, tuple: &[u32], out: &mut Vec<u64>) -> Result<(), Unknown<W::Global>> {
        out.clear();
        let Some(seats) = self.seats(tuple)? else { return Ok(()) };
        let mut found: Vec<(u32, u64)> = Vec::new();
        // Of each process whether it can be a mover, and how many ways it has to go.
        let mut ways: [Option<Option<u32>>; MOST] = [None; MOST];
        for process in members(seats.first) {
            let Some(movers) = self.undisturbed(bit(process), &seats) else { continue };
            if found.iter().any(|(_, other)| *other == movers) {
                continue;
            }
            let mut sum = Some(0);
            for mover in members(movers) {
                let each = match ways[mover] {
                    Some(known) => known,
                    None => self.quiet_ways(mover, tuple, &seats)?,
                };
                ways[mover] = Some(each);
                sum = sum.zip(each).map(|(sum, each)| sum + each);
            }
            found.extend(sum.map(|sum| (sum, movers)));
        }
        found.sort_unstable();
        out.extend(found.iter().map(|(_, movers)| *movers));
        Ok(())
    }

    /// None where there can be no movers: where a crash is possible, or nothing is sure to come, or one moves anyway.
    fn seats(&self, tuple: &[u32]) -> Result<Option<Seats>, Unknown<W::Global>> {
        let Global { crashes, losses, duplicates, .. } = self.globals.get(tuple[tuple.len() - 1]);
        let is_lossy = *losses > 0 || *duplicates > 0;
        let mut seats = Seats { active: 0, up: 0, back: 0, first: 0, alone: [0; MOST], heads: [0; MOST] };
        for process in 0..self.count() {
            let about = &self.about[tuple[2 * process] as usize];
            seats.up |= u64::from(about.is_up) << process;
            seats.back |= u64::from(about.comes_back) << process;
        }
        let alive = seats.up | seats.back;
        let strikes = |(group, _): (&super::space::Group, _)| group.among.iter().any(|id| alive & bit(id.index()) != 0);
        if self.groups.iter().zip(crashes).filter(|(_, left)| **left > 0).any(strikes) {
            return Ok(None);
        }
        let counts = self.bounds.early_timers.is_some();
        for process in members(alive) {
            let (node, inbox) = (tuple[2 * process], tuple[2 * process + 1]);
            let (about, mail) = (&self.about[node as usize], &self.mail[inbox as usize]);
            let is_sure = !mail.deliveries.is_empty() || about.hurries || !mail.reports.is_empty();
            let is_active = is_sure || about.comes_back || !about.requests.is_empty() || self.may_fire_early(node);
            seats.active |= u64::from(is_active) << process;
            // If none of it is counted, a timer fires in any state.
            let is_first = about.is_up && if counts { is_sure } else { is_active };
            seats.first |= u64::from(is_first) << process;
        }
        if seats.first == 0 || seats.active.count_ones() < 2 {
            return Ok(None);
        }
        let protects = self.orders.channel == ChannelOrder::Fifo && !self.bounds.weighs;
        for process in members(seats.active) {
            let (node, inbox) = (tuple[2 * process], tuple[2 * process + 1]);
            let Alone { to, more } = self.ample.alone.get(&(node, inbox)).ok_or(Unknown::Alone { node, inbox })?;
            let seen = self.ample.seen[process];
            seats.alone[process] = if more || is_lossy { to | seen } else { to };
            if protects {
                let senders = self.mail[inbox as usize].deliveries.iter().map(|item| bit(item.from.into()));
                seats.heads[process] = senders.fold(0, |all, sender| all | sender);
            }
        }
        Ok(Some(seats))
    }

    /// Whether a process has a timer fire in a state that hurries.
    fn may_fire_early(&self, node: u32) -> bool {
        let about = &self.about[node as usize];
        !about.timers.is_empty() && self.bounds.early_timers.is_none_or(|most| about.fired < most)
    }

    /// These movers and whoever else must be one, so that nobody disturbs them; none, if that is everyone or cannot be.
    fn undisturbed(&self, mut movers: u64, seats: &Seats) -> Option<u64> {
        let alive = seats.up | seats.back;
        loop {
            if movers & !seats.up != 0 || movers & seats.active == seats.active {
                return None;
            }
            // The others that get something, and then may do anything.
            let mut stirred = 0;
            let sends = |process: usize, stirred: u64| {
                if stirred & bit(process) == 0 { seats.alone[process] } else { self.ample.seen[process] }
            };
            loop {
                let moving = (seats.active | stirred) & !movers;
                let reached = members(moving).fold(stirred, |all, other| all | sends(other, stirred));
                let reached = reached & alive & !movers;
                if reached == stirred {
                    break;
                }
                stirred = reached;
            }
            let moving = (seats.active | stirred) & !movers;
            let disturbs = |&other: &usize| {
                let to = sends(other, stirred) & movers;
                members(to).any(|mover| seats.heads[mover] & bit(other) == 0)
            };
            let disturbing = members(moving).filter(disturbs).fold(0, |all, other| all | bit(other));
            if disturbing == 0 {
                return Some(movers);
            }
            movers |= disturbing;
        }
    }

    /// How many ways a process has to go, if each can be one of a mover.
    fn quiet_ways(&self, process: usize, tuple: &[u32], seats: &Seats) -> Result<Option<u32>, Unknown<W::Global>> {
        let (node, inbox) = (tuple[2 * process], tuple[2 * process + 1]);
        let mut ways = 0;
        for (event, rest) in self.events_alone(node, inbox)? {
            let range = self.step(node, event, rest)?;
            if range.looks {
                return Ok(None);
            }
            for index in range.first..range.first + range.count {
                let brief = self.brief[index as usize];
                if brief.crashes {
                    continue;
                }
                if !brief.quiet || self.reaches_the_returning(brief, seats) {
                    return Ok(None);
                }
                if self.bounds.weighs && self.weight(brief.node, rest)? != self.weight(node, inbox)? {
                    return Ok(None);
                }
                ways += 1;
            }
        }
        Ok(Some(ways))
    }

    /// Whether it makes a difference to what is sent when a receiver comes back.
    fn reaches_the_returning(&self, brief: Brief, seats: &Seats) -> bool {
        let sends = &self.sends[brief.first_send as usize..(brief.first_send + brief.sends) as usize];
        self.setup.network.to_dead != ToDead::Datagram && sends.iter().any(|&(to, _)| seats.back & bit(to.into()) != 0)
    }

    /// What a process that is up may do next while a state hurries.
    fn events_alone(&self, node: u32, inbox: u32) -> Result<Vec<Alternative>, Unknown<W::Global>> {
        let (about, mail) = (&self.about[node as usize], &self.mail[inbox as usize]);
        let mut events = Vec::new();
        for (items, report) in [(&mail.deliveries, false), (&mail.reports, true)] {
            for (index, &Item { event, rest, .. }) in items.iter().enumerate() {
                if rest == UNKNOWN {
                    return Err(Unknown::Rest { inbox, index, report });
                }
                events.push((event, rest));
            }
        }
        events.extend(about.requests.iter().map(|&(_, event)| (event, inbox)));
        if self.may_fire_early(node) {
            let counts = self.bounds.early_timers.is_some();
            let fires = |&(_, counted, uncounted): &(u32, u32, u32)| (if counts { counted } else { uncounted }, inbox);
            events.extend(about.timers.iter().map(fires));
        }
        Ok(events)
    }

    /// Finds out to whom a process sends though nothing more comes to it.
    pub(super) fn find_alone(&mut self, node: u32, inbox: u32) {
        let (mut path, mut left) = (Vec::new(), STEPS);
        self.alone(node, inbox, &mut path, &mut left);
    }

    fn alone(&mut self, node: u32, inbox: u32, path: &mut Vec<(u32, u32)>, left: &mut u32) -> Alone {
        if let Some(known) = self.ample.alone.get(&(node, inbox)) {
            return known;
        }
        let mut alone = Alone { to: 0, more: true };
        if path.len() >= STEPS_DEEP || *left == 0 || path.contains(&(node, inbox)) {
            // It is known of the first of the path in any case.
            return alone;
        }
        if self.about[node as usize].is_up {
            alone.more = false;
            path.push((node, inbox));
            self.try_out((node, inbox), &mut alone, path, left);
            path.pop();
        }
        self.ample.alone.insert((node, inbox), alone);
        alone
    }

    fn try_out(&mut self, (node, inbox): (u32, u32), alone: &mut Alone, path: &mut Vec<(u32, u32)>, left: &mut u32) {
        let me = self.nodes.all.get(node).process;
        for (event, rest) in self.learnt(|space| space.events_alone(node, inbox)) {
            let Range { first, count, .. } = self.learnt(|space| space.step(node, event, rest));
            for outcome in first..first + count {
                *left = left.saturating_sub(1);
                let Brief { node: after, first_send, sends, crashes, panicked, .. } = self.brief[outcome as usize];
                if crashes || panicked {
                    continue;
                }
                let mut inbox = rest;
                for index in first_send..first_send + sends {
                    let (to, letter) = self.sends[index as usize];
                    if to == me {
                        inbox = self.learnt(|space| space.with(inbox, letter));
                    } else {
                        alone.to |= bit(to.into());
                    }
                }
                let Alone { to, more } = self.alone(after, inbox, path, left);
                alone.to |= to;
                alone.more |= more;
            }
        }
    }

    /// Looks something up, and finds out what it takes.
    fn learnt<T>(&mut self, look: impl Fn(&Self) -> Result<T, Unknown<W::Global>>) -> T {
        loop {
            match look(self) {
                Ok(found) => return found,
                Err(unknown) => self.find_out(unknown),
            }
        }
    }
}
