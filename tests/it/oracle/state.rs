//! All there is, and what of it shows.

use std::collections::{BTreeMap, BTreeSet};

use jeton::mutex::Mutex;

use super::machine::{Due, id};
use crate::partial_order::{Toy, Word};

/// What is under way in a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Item {
    /// The sender crashed.
    Report,
    Message(Word),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Life {
    Up(Toy),
    Down { comes_back: bool },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Phase {
    Thinking,
    Waiting,
    Inside,
    Done,
}

/// The application at a process, from its start on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct User {
    pub(super) phase: Phase,
    pub(super) rounds: u32,
    pub(super) has: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Member {
    pub(super) life: Life,
    pub(super) starts: u32,
    pub(super) timers: BTreeSet<u8>,
    /// How many have fired early, if that is counted.
    pub(super) fired: u32,
    pub(super) user: Option<User>,
    /// What it will request, and how often.
    pub(super) requests: BTreeMap<u8, u32>,
    pub(super) held: bool,
    pub(super) waits: bool,
}

pub(super) const ENTER: u8 = 0;
pub(super) const LEAVE: u8 = 1;

/// All there is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct State {
    pub(super) members: Vec<Member>,
    /// By receiver, then by sender.
    pub(super) channels: Vec<Vec<Vec<Item>>>,
    pub(super) crashes: Vec<u32>,
    pub(super) losses: u32,
    pub(super) duplicates: u32,
    /// The greatest fencing number that was shown, and by whom, if anybody asks.
    pub(super) greatest: Option<(u64, usize)>,
}

impl State {
    /// The timers that are set.
    pub(super) fn timers(&self) -> impl Iterator<Item = Due> {
        let members = self.members.iter().enumerate();
        members.flat_map(|(process, member)| member.timers.iter().map(move |&timer| Due::Timer(process, timer)))
    }

    /// Whether somebody who is up waits for a grant.
    pub(super) fn waits(&self) -> bool {
        self.members.iter().any(|member| member.is_up() && member.waits)
    }

    /// Whether there is more than one valid token.
    pub(super) fn has_tokens(&self) -> bool {
        let of = |(member, channels): (&Member, &Vec<Vec<Item>>)| {
            let Life::Up(toy) = &member.life else { return 0 };
            let valid = |from: usize, item: &Item| match item {
                Item::Message(word) => Toy::token(word).filter(|_| toy.would_accept(id(from), word)),
                Item::Report => None,
            };
            let channels = channels.iter().enumerate();
            let tokens: BTreeSet<u64> =
                channels.flat_map(|(from, items)| items.iter().filter_map(move |item| valid(from, item))).collect();
            toy.tokens() as usize + tokens.len()
        };
        self.members.iter().zip(&self.channels).map(of).sum::<usize>() > 1
    }
}

impl Member {
    pub(super) fn is_up(&self) -> bool {
        matches!(self.life, Life::Up(_))
    }

    pub(super) fn version(&self) -> Option<i64> {
        if let Life::Up(toy) = &self.life { toy.replica().map(|replica| replica.version) } else { None }
    }

    /// Who is in a critical section or waits for one does not think for ever.
    pub(super) fn is_asked_soon(&self) -> bool {
        !self.requests.is_empty() && (self.held || self.waits)
    }

    pub(super) fn will_ask(&mut self, request: u8) {
        *self.requests.entry(request).or_default() += 1;
    }

    pub(super) fn entered(&mut self) {
        (self.held, self.waits) = (true, false);
        if let Some(user) = self.user.as_mut().filter(|user| user.phase == Phase::Waiting) {
            (user.phase, user.has) = (Phase::Inside, true);
            self.will_ask(LEAVE);
        }
    }

    pub(super) fn left(&mut self) {
        self.held = false;
        if let Some(user) = self.user.as_mut().filter(|user| user.has) {
            user.has = false;
            if user.phase == Phase::Inside {
                self.begin_round();
            }
        }
    }

    pub(super) fn begin_round(&mut self) {
        let user = self.user.as_mut().expect("who begins a round has an application");
        if user.rounds == 0 {
            user.phase = Phase::Done;
        } else {
            (user.rounds, user.phase) = (user.rounds - 1, Phase::Thinking);
            self.will_ask(ENTER);
        }
    }

    pub(super) fn start(&mut self, rounds: u32) {
        self.user = Some(User { phase: Phase::Done, rounds, has: false });
        if rounds > 0 {
            self.begin_round();
        }
    }

    pub(super) fn start_again(&mut self) {
        if self.user.as_ref().is_some_and(|user| user.rounds > 0) {
            self.begin_round();
        }
    }

    pub(super) fn crash(&mut self, comes_back: bool) {
        self.life = Life::Down { comes_back };
        self.timers.clear();
        self.requests.clear();
        (self.held, self.waits) = (false, false);
        // Without a round to come, an application is as good as none.
        self.user = self.user.take().filter(|user| comes_back && user.rounds > 0);
        if let Some(user) = &mut self.user {
            (user.phase, user.has) = (Phase::Done, false);
        }
        if !comes_back {
            self.fired = 0;
        }
    }
}
