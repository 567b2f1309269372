//! What is found out once and looked up from then on.

use super::canonical::Renaming;
use super::inbox::{Inbox, REPORT};
use super::node::{Life, Local, Node, Nodes};
use super::space::{About, Brief, Global, Item, Mail, Range, Space, UNKNOWN};
use super::symmetry::Moved;
use super::watch::Watch;
use crate::model::{Process, ProcessId};

/// What a look-up did not find: it is to be found out first.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Unknown<G> {
    /// What an event comes to.
    Step {
        node: u32,
        event: u32,
        inbox: u32,
    },
    /// An inbox with a letter more.
    With {
        inbox: u32,
        letter: u32,
    },
    /// An inbox without one of its messages, or reports, that may come next.
    Rest {
        inbox: u32,
        index: usize,
        report: bool,
    },
    Weight {
        node: u32,
        inbox: u32,
    },
    /// To whom a process sends though nothing more comes to it.
    Alone {
        node: u32,
        inbox: u32,
    },
    /// A process after a crash.
    Crash {
        node: u32,
        comes_back: bool,
    },
    /// What belongs to all after a crash.
    Struck {
        global: u32,
        process: u16,
        group: usize,
    },
    /// What is left in flight to a process after its crash.
    Bereaved {
        inbox: u32,
        comes_back: bool,
    },
    /// What can be left in flight from a process after its crash, with the report of it, or without.
    Cut {
        inbox: u32,
        of: u16,
        told: bool,
    },
    /// What belongs to all.
    Global(Box<Global<G>>),
    /// A node, or an inbox, with other counters.
    Renamed(Renaming),
    /// A part of a state under another naming.
    Moved(Moved),
}

impl<P: Process, W: Watch<P>> Space<P, W> {
    /// Finds something out; it may be known by now, with something else.
    pub(crate) fn find_out(&mut self, unknown: Unknown<W::Global>) {
        match unknown {
            Unknown::Step { node, event, inbox } => self.find_step(node, event, inbox),
            Unknown::With { inbox, letter } => {
                let (from, item) = *self.letters.get(letter);
                let with = self.changed(inbox, |inbox, orders| inbox.push(from, item, orders));
                self.pushes.insert((inbox, letter), with);
            }
            Unknown::Rest { inbox, index, report } => {
                let list = |mail: &Mail| if report { mail.reports[index] } else { mail.deliveries[index] };
                let Item { from, place, .. } = list(&self.mail[inbox as usize]);
                let rest = self.changed(inbox, |inbox, orders| inbox.remove(from, usize::from(place), orders));
                let mail = &mut self.mail[inbox as usize];
                let items = if report { &mut mail.reports } else { &mut mail.deliveries };
                items[index].rest = rest;
            }
            Unknown::Weight { node, inbox } => self.find_weight(node, inbox),
            Unknown::Alone { node, inbox } => self.find_alone(node, inbox),
            Unknown::Crash { node, comes_back } => {
                let crashed = self.nodes.crash(node, comes_back);
                self.learn();
                self.about[node as usize].crashed[usize::from(comes_back)] = crashed;
            }
            Unknown::Struck { global, process, group } => self.find_struck(global, process, group),
            Unknown::Bereaved { inbox, comes_back } => self.find_bereaved(inbox, comes_back),
            Unknown::Cut { inbox, of, told } => self.find_cut(inbox, of, told),
            Unknown::Global(global) => {
                self.globals.intern(*global);
            }
            Unknown::Renamed(renaming) => self.rename(renaming),
            Unknown::Moved(moved) => self.find_moved(moved),
        }
    }

    fn changed(&mut self, inbox: u32, change: impl FnOnce(&mut Inbox, super::inbox::Orders)) -> u32 {
        let mut changed = self.inboxes.get(inbox).clone();
        change(&mut changed, self.orders);
        let changed = self.inboxes.intern(changed);
        self.learn();
        changed
    }

    fn find_step(&mut self, node: u32, event: u32, inbox: u32) {
        if self.step(node, event, inbox).is_ok() {
            return;
        }
        let local = *self.events.get(event);
        let (outcomes, looks) = self.nodes.step(node, local, self.inboxes.get(inbox));
        let first = u32::try_from(self.outcomes.len()).expect("fewer than 2^32 outcomes");
        let range = Range { first, count: outcomes.len() as u32, looks };
        if self.is_symmetric() && self.nodes.diary.is_none() {
            self.compare(node, local, &outcomes, looks);
        }
        let process = self.nodes.all.get(node).process;
        for outcome in outcomes {
            let first_send = u32::try_from(self.sends.len()).expect("fewer than 2^32 messages of outcomes");
            for &(to, message) in &outcome.sends {
                self.sends.push((to, self.letters.intern((process, message))));
                self.see(process, to);
            }
            self.brief.push(Brief {
                node: outcome.node,
                first_send,
                sends: outcome.sends.len() as u32,
                crashes: outcome.crashes,
                shows: outcome.shows,
                panicked: outcome.panicked.is_some(),
                quiet: false,
            });
            self.outcomes.push(outcome);
        }
        self.learn();
        for outcome in range.first..range.first + range.count {
            self.brief[outcome as usize].quiet = self.is_quiet(node, outcome);
        }
        if looks {
            self.looking.insert((node, event, inbox), range);
        }
        if self.steps.get(&(node, event)).is_none() {
            self.steps.insert((node, event), range);
        }
    }

    fn find_weight(&mut self, node: u32, inbox: u32) {
        let Nodes { all, messages, watch, .. } = &self.nodes;
        let mut flight = Vec::new();
        for (from, items) in self.inboxes.get(inbox).channels() {
            let from = ProcessId::new(u32::from(*from));
            flight.extend(items.iter().filter(|&&item| item != REPORT).map(|&item| (from, messages.get(item))));
        }
        let weight = match &all.get(node).life {
            Life::Up(state) => watch.weigh(state, &flight),
            Life::Down { .. } => 0,
        };
        self.weights.insert((node, inbox), weight);
    }

    /// Looks at the nodes and inboxes that are new.
    pub(super) fn learn(&mut self) {
        while self.about.len() < self.nodes.all.len() {
            let number = self.about.len() as u32;
            let about = self.look_at(number);
            self.about.push(about);
            let counters = self.nodes.counters_of_node(self.nodes.all.get(number), &mut self.canon);
            self.canon.show(true, counters);
        }
        while self.mail.len() < self.inboxes.len() {
            let number = self.mail.len() as u32;
            let inbox = self.inboxes.get(number);
            let values = &mut self.values[2 * usize::from(inbox.to) + 1];
            let rank = values.len() as u32;
            values.push(number);
            let mut deliveries = Vec::new();
            for (from, place) in inbox.deliverable(self.orders) {
                let message = inbox.channel(from)[place];
                let event = self.events.intern(Local::Message { from, message });
                deliveries.push(Item { from, place: place as u16, message, event, rest: UNKNOWN });
            }
            let mut reports = Vec::new();
            for of in inbox.reportable() {
                let event = self.events.intern(Local::Report { of });
                reports.push(Item { from: of, place: 0, message: REPORT, event, rest: UNKNOWN });
            }
            let counters = self.nodes.counters_of_inbox(inbox, &mut self.canon);
            self.canon.show(false, counters);
            let mut messages = inbox.channels().iter().flat_map(|(_, items)| items).filter(|&&item| item != REPORT);
            let is_weighed = messages.any(|&item| self.nodes.watch.is_weighed(self.nodes.messages.get(item)));
            self.mail.push(Mail { rank, deliveries, reports, bereaved: [UNKNOWN; 2], is_weighed });
        }
    }

    fn look_at(&mut self, number: u32) -> About<W::Facts> {
        let node: &Node<P, W::Local> = self.nodes.all.get(number);
        let values = &mut self.values[2 * usize::from(node.process)];
        let rank = values.len() as u32;
        values.push(number);
        let watch = &self.nodes.watch;
        let state = match &node.life {
            Life::Up(state) => Some(state),
            Life::Down { .. } => None,
        };
        let mut requests = node.requests.clone();
        requests.dedup();
        let events = &mut self.events;
        let mut fires = |timer, counts| events.intern(Local::Timer { timer, counts });
        let timers = node.timers.iter().map(|&timer| (timer, fires(timer, true), fires(timer, false))).collect();
        About {
            rank,
            is_up: state.is_some(),
            comes_back: matches!(node.life, Life::Down { comes_back: true }),
            fired: node.fired,
            crashed: [UNKNOWN; 2],
            timers,
            hurries: !requests.is_empty() && !watch.may_put_off(&node.local),
            requests: requests.iter().map(|&request| (request, events.intern(Local::Request { request }))).collect(),
            weight: state.map_or(0, |state| watch.weigh(state, &[])),
            facts: watch.facts(ProcessId::new(node.process.into()), state, &node.stable, &node.local),
        }
    }
}
