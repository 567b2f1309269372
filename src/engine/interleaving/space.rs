//! States of the whole, as tuples of numbers, and what may happen next in each.

use std::sync::Arc;

use super::Bounds;
use super::ample::Ample;
use super::canonical::Canon;
use super::inbox::{Inbox, Orders, REPORT};
use super::intern::{Interner, Memo};
use super::learn::Unknown;
use super::node::{Local, Nodes, Outcome};
use super::successors::{Move, Successor, Successors};
use super::symmetry::Symmetry;
use super::watch::{Found, Watch};
use crate::engine::setup::{ChannelOrder, Setup, ToDead};
use crate::model::{Process, ProcessId};

/// Every interleaving of a setup: from each state, the events that may come next, and the states after them.
///
/// A state is a tuple of numbers: for each process one for itself and one for what is in flight to it, then one for
/// what belongs to all. What a step comes to is found out once for each state of a process and each event, and looked
/// up from then on; so is all else that a successor takes. Looking up changes nothing, so that threads share it: what
/// is [unknown](Unknown) yet is learnt by one of them.
pub(crate) struct Space<P: Process, W: Watch<P>> {
    pub(super) setup: Arc<Setup<P>>,
    pub(super) bounds: Bounds,
    pub(super) groups: Vec<Group>,
    pub(super) orders: Orders,
    pub(super) nodes: Nodes<P, W>,
    /// Beside each node what is looked up of it in each state that it is in.
    pub(super) about: Vec<About<W::Facts>>,
    pub(super) inboxes: Interner<Inbox>,
    pub(super) mail: Vec<Mail>,
    pub(super) globals: Interner<Global<W::Global>>,
    /// What each place of a tuple counts from 0, but for the last.
    pub(super) values: Vec<Vec<u32>>,
    pub(super) events: Interner<Local>,
    /// A sender and what it sends.
    pub(super) letters: Interner<(u16, u32)>,
    pub(super) outcomes: Vec<Outcome<W::Shown>>,
    /// Of each outcome, what is looked up at every turn.
    pub(super) brief: Vec<Brief>,
    /// The receivers and letters of all outcomes.
    pub(super) sends: Vec<(u16, u32)>,
    /// By node and event.
    pub(super) steps: Memo<(u32, u32), Range>,
    /// By node, event and inbox, where a handler looks into its inbox.
    pub(super) looking: Memo<(u32, u32, u32), Range>,
    /// By inbox and letter.
    pub(super) pushes: Memo<(u32, u32), u32>,
    pub(super) weights: Memo<(u32, u32), u32>,
    /// What belongs to all after a crash: by what did before, who crashed, and with which group.
    pub(super) struck: Memo<(u32, u16, usize), u32>,
    /// By inbox, whose sender crashes, and whether the receiver is told: the first and the number of what can be left.
    pub(super) cuts: Memo<(u32, u16, bool), (u32, u32)>,
    pub(super) cut: Vec<u32>,
    pub(super) canon: Canon,
    pub(super) symmetry: Symmetry,
    pub(super) ample: Ample,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Range {
    pub(super) first: u32,
    pub(super) count: u32,
    /// What the handler does depends on its inbox.
    pub(super) looks: bool,
}

/// An outcome in brief.
#[derive(Clone, Copy, Debug)]
pub(super) struct Brief {
    pub(super) node: u32,
    pub(super) first_send: u32,
    pub(super) sends: u32,
    pub(super) crashes: bool,
    pub(super) shows: bool,
    pub(super) panicked: bool,
    /// It can be one of a mover, as far as it alone is concerned.
    pub(super) quiet: bool,
}

/// Processes of which so many may crash.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub(super) up_to: u32,
    pub(super) among: Vec<ProcessId>,
    pub(super) comes_back: bool,
}

/// What belongs to no process.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Global<G> {
    /// How many crashes each group has left.
    pub(super) crashes: Vec<u32>,
    pub(super) losses: u32,
    pub(super) duplicates: u32,
    pub(super) watch: G,
}

#[derive(Clone, Debug)]
pub(super) struct About<F> {
    /// Among the states of its process.
    pub(super) rank: u32,
    pub(super) is_up: bool,
    pub(super) comes_back: bool,
    pub(super) fired: u32,
    /// After a crash for good, and after one from which it comes back, if they are known.
    pub(super) crashed: [u32; 2],
    /// Each that is set, and its firing as an event, early and not.
    pub(super) timers: Vec<(u32, u32, u32)>,
    /// Each that is to be requested, once, and that as an event.
    pub(super) requests: Vec<(u32, u32)>,
    /// Whether one of them will be requested before long.
    pub(super) hurries: bool,
    pub(super) facts: F,
    /// What it weighs with nothing in flight to it that does.
    pub(super) weight: u32,
}

/// What may come next of what is in flight to a process.
#[derive(Clone, Debug)]
pub(super) struct Mail {
    /// Among what can be in flight to its process.
    pub(super) rank: u32,
    pub(super) deliveries: Vec<Item>,
    pub(super) reports: Vec<Item>,
    /// After a crash of its process for good, and after one from which it comes back, if they are known.
    pub(super) bereaved: [u32; 2],
    /// Whether some of it may weigh something.
    pub(super) is_weighed: bool,
}

/// A message, or a report.
#[derive(Clone, Copy, Debug)]
pub(super) struct Item {
    pub(super) from: u16,
    /// Its place in the channel.
    pub(super) place: u16,
    pub(super) message: u32,
    pub(super) event: u32,
    /// The inbox without it, if it is known.
    pub(super) rest: u32,
}

/// The rest of an inbox, or what comes of a crash, is not known yet.
pub(super) const UNKNOWN: u32 = u32::MAX;

#[inline]
pub(super) fn known(number: u32) -> Option<u32> {
    (number != UNKNOWN).then_some(number)
}

/// What happens in one event, besides its step: it takes something from what is in flight, or from a budget.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cause {
    pub(super) process: usize,
    /// What is in flight to the process now.
    pub(super) inbox: u32,
    /// What belongs to all now.
    pub(super) global: u32,
    pub(super) event: Move,
}

/// A state in which a search begins.
pub(crate) struct Root {
    pub(crate) tuple: Vec<u32>,
    /// How many processes have crashed on the way.
    pub(crate) crashes: usize,
    pub(crate) found: Option<Found>,
}

impl<P: Process, W: Watch<P>> Space<P, W> {
    pub(crate) fn new(setup: Arc<Setup<P>>, watch: W, bounds: Bounds) -> Self {
        let drawn = setup.faults.random.iter().map(|random| Group {
            up_to: random.up_to,
            among: ProcessId::all(setup.processes).filter(|process| random.has(*process)).collect(),
            comes_back: random.down_ticks.is_some(),
        });
        let exact = setup.faults.crashes.iter().map(|crash| Group {
            up_to: 1,
            among: vec![crash.process],
            comes_back: crash.down_ticks.is_some(),
        });
        let (mut letters, mut events) = (Interner::default(), Interner::default());
        events.intern(Local::Start);
        events.intern(Local::Restart);
        for process in 0..setup.processes as u16 {
            letters.intern((process, REPORT));
        }
        Self {
            groups: drawn.chain(exact).collect(),
            orders: Orders { channel: setup.network.order, report: setup.detector.order },
            nodes: Nodes::new(&setup, watch),
            values: vec![Vec::new(); 2 * setup.processes as usize],
            setup,
            bounds,
            about: Vec::new(),
            inboxes: Interner::default(),
            mail: Vec::new(),
            globals: Interner::default(),
            events,
            letters,
            outcomes: Vec::new(),
            brief: Vec::new(),
            sends: Vec::new(),
            steps: Memo::default(),
            looking: Memo::default(),
            pushes: Memo::default(),
            weights: Memo::default(),
            struck: Memo::default(),
            cuts: Memo::default(),
            cut: Vec::new(),
            canon: Canon::default(),
            symmetry: Symmetry::default(),
            ample: Ample::default(),
        }
    }

    /// How many processes there are.
    pub(crate) fn count(&self) -> usize {
        self.setup.processes as usize
    }

    /// The length of a tuple.
    pub(crate) fn length(&self) -> usize {
        2 * self.count() + 1
    }

    /// What the numbers stand for takes so many bytes, at a guess for what values own.
    pub(crate) fn bytes(&self) -> usize {
        const OWNED: usize = 160;
        let values = self.nodes.all.len() + self.inboxes.len() + self.outcomes.len() + self.nodes.messages.len();
        let outcomes = self.outcomes.capacity() * (size_of::<Outcome<W::Shown>>() + size_of::<Brief>());
        self.nodes.all.bytes()
            + self.inboxes.bytes()
            + outcomes
            + (self.about.capacity() * size_of::<About<W::Facts>>() + self.mail.capacity() * size_of::<Mail>())
            + (self.steps.bytes() + self.looking.bytes() + self.pushes.bytes() + self.weights.bytes())
            + (self.struck.bytes() + self.cuts.bytes() + self.canon.bytes() + self.symmetry.bytes())
            + self.ample.bytes()
            + values * OWNED
    }

    /// How many values there are in all; it grows whenever any place gets one.
    pub(crate) fn size(&self) -> usize {
        self.about.len() + self.mail.len() + self.globals.len()
    }

    /// How many values each place of a tuple has had so far.
    pub(crate) fn counts(&self) -> Vec<usize> {
        self.values.iter().map(Vec::len).chain([self.globals.len()]).collect()
    }

    /// The state before the start.
    pub(crate) fn before(&mut self) -> Vec<u32> {
        let mut tuple = Vec::new();
        for process in ProcessId::all(self.setup.processes) {
            tuple.push(self.nodes.before(process));
            tuple.push(self.inboxes.intern(Inbox::new(process.get() as u16)));
        }
        let crashes = self.groups.iter().map(|group| group.up_to).collect();
        let Bounds { losses, duplicates, .. } = self.bounds;
        tuple.push(self.globals.intern(Global { crashes, losses, duplicates, watch: W::Global::default() }));
        self.learn();
        tuple
    }

    /// The states after the start, in which the processes start one after the other; some may crash in it, or before.
    pub(crate) fn roots(&mut self) -> Vec<Root> {
        let mut started = vec![Root { tuple: self.before(), crashes: 0, found: None }];
        let mut next = Successors::default();
        for process in 0..self.count() {
            let mut all = Vec::new();
            for before in started {
                self.start(process as u16, &before.tuple, &mut next);
                for index in 0..next.len() {
                    let (tuple, successor) = next.get(index);
                    let crashes = before.crashes + usize::from(successor.is_crash());
                    let found = before.found.clone().or_else(|| successor.found.as_deref().cloned());
                    all.push(Root { tuple: tuple.to_vec(), crashes, found });
                }
            }
            started = all;
        }
        started
    }

    /// How a process starts, after those before it have, or crashes before it does: every outcome is a successor.
    pub(crate) fn start(&mut self, process: u16, tuple: &[u32], out: &mut Successors) {
        while let Err(unknown) = self.known_start(process, tuple, out) {
            self.find_out(unknown);
        }
    }

    fn known_start(&self, process: u16, tuple: &[u32], out: &mut Successors) -> Result<(), Unknown<W::Global>> {
        out.clear();
        self.weigh_all(tuple, out)?;
        let start = self.events.number(&Local::Start).expect("the start is one of the first events");
        let event = Move::Request { process, request: 0 };
        let process = usize::from(process);
        let cause = Cause { process, inbox: tuple[2 * process + 1], global: tuple[tuple.len() - 1], event };
        self.happen(start, cause, tuple, out)?;
        self.strike(process, tuple, out)
    }

    /// Whether a message, a report or a request that does not wait for anything is to come.
    pub(crate) fn hurries(&self, tuple: &[u32]) -> bool {
        (0..self.count()).any(|process| {
            let about = &self.about[tuple[2 * process] as usize];
            let mail = &self.mail[tuple[2 * process + 1] as usize];
            !mail.deliveries.is_empty() || about.is_up && (about.hurries || !mail.reports.is_empty())
        })
    }

    /// Whether the application at a process will request something before long.
    pub(crate) fn is_requested_soon(&self, tuple: &[u32], process: u16) -> bool {
        self.about[tuple[2 * usize::from(process)] as usize].hurries
    }

    /// The timers that are set, by process and number.
    pub(crate) fn timers<'a>(&'a self, tuple: &'a [u32]) -> impl Iterator<Item = (u16, u32)> + use<'a, P, W> {
        let of = |process: usize| {
            self.about[tuple[2 * process] as usize].timers.iter().map(move |&(timer, ..)| (process as u16, timer))
        };
        (0..self.count()).flat_map(of)
    }

    pub(crate) fn is_fifo(&self) -> bool {
        self.orders.channel == ChannelOrder::Fifo
    }

    pub(super) fn spent(
        &self,
        global: u32,
        spend: impl FnOnce(&mut Global<W::Global>),
    ) -> Result<u32, Unknown<W::Global>> {
        let mut global = self.globals.get(global).clone();
        spend(&mut global);
        self.global(global)
    }

    pub(super) fn global(&self, global: Global<W::Global>) -> Result<u32, Unknown<W::Global>> {
        self.globals.number(&global).ok_or_else(|| Unknown::Global(Box::new(global)))
    }

    /// Something happens that is no step.
    pub(super) fn pass(&self, cause: Cause, tuple: &[u32], out: &mut Successors) -> Result<(), Unknown<W::Global>> {
        let first = out.tuples.len();
        out.tuples.extend_from_slice(tuple);
        out.tuples[first + 2 * cause.process + 1] = cause.inbox;
        out.tuples[first + tuple.len() - 1] = cause.global;
        self.finish(cause.event, false, None, tuple, out)
    }

    /// A process makes a step: every outcome of it is a successor of `tuple`.
    #[inline]
    pub(super) fn happen(
        &self,
        event: u32,
        cause: Cause,
        tuple: &[u32],
        out: &mut Successors,
    ) -> Result<(), Unknown<W::Global>> {
        let Cause { process, inbox, global, .. } = cause;
        let range = self.step(tuple[2 * process], event, inbox)?;
        for index in range.first..range.first + range.count {
            let brief = self.brief[index as usize];
            out.outcome = Some(index);
            if brief.crashes && self.armed(process, global).next().is_none() {
                continue;
            }
            let first = out.tuples.len();
            out.tuples.extend_from_slice(tuple);
            let work = &mut out.tuples[first..];
            work[2 * process] = brief.node;
            work[2 * process + 1] = inbox;
            work[tuple.len() - 1] = global;
            let sends = brief.first_send as usize..(brief.first_send + brief.sends) as usize;
            for &(to, letter) in &self.sends[sends] {
                self.send(to, letter, work)?;
            }
            let mut found = None;
            if brief.panicked {
                found = self.outcomes[index as usize].panicked.clone().map(Box::new);
            }
            if brief.shows {
                let checked = self.check(process, index, work)?;
                found = found.or(checked.map(Box::new));
            }
            if brief.crashes {
                self.crash_in_step(cause, found.as_deref(), tuple, out)?;
            } else {
                self.finish(cause.event, false, found, tuple, out)?;
            }
        }
        out.outcome = None;
        Ok(())
    }

    #[inline]
    pub(super) fn step(&self, node: u32, event: u32, inbox: u32) -> Result<Range, Unknown<W::Global>> {
        let unknown = Unknown::Step { node, event, inbox };
        match self.steps.get(&(node, event)) {
            None => Err(unknown),
            Some(range) if range.looks => self.looking.get(&(node, event, inbox)).ok_or(unknown),
            Some(range) => Ok(range),
        }
    }

    #[inline]
    fn send(&self, to: u16, letter: u32, tuple: &mut [u32]) -> Result<(), Unknown<W::Global>> {
        let receiver = &self.about[tuple[2 * usize::from(to)] as usize];
        let reaches = receiver.is_up || receiver.comes_back && self.setup.network.to_dead == ToDead::Datagram;
        if reaches {
            let slot = 2 * usize::from(to) + 1;
            tuple[slot] = self.with(tuple[slot], letter)?;
        }
        Ok(())
    }

    #[inline]
    pub(super) fn with(&self, inbox: u32, letter: u32) -> Result<u32, Unknown<W::Global>> {
        self.pushes.get(&(inbox, letter)).ok_or(Unknown::With { inbox, letter })
    }

    /// A step has shown something; returns what is violated.
    fn check(&self, process: usize, outcome: u32, tuple: &mut [u32]) -> Result<Option<Found>, Unknown<W::Global>> {
        let slot = tuple.len() - 1;
        let global = self.globals.get(tuple[slot]);
        let shown = &self.outcomes[outcome as usize].shown;
        let facts = self.facts(tuple);
        let (found, changed) = self.nodes.watch.check(ProcessId::new(process as u32), shown, &facts, &global.watch);
        if let Some(watch) = changed {
            tuple[slot] = self.global(Global { watch, ..global.clone() })?;
        }
        Ok(found)
    }

    /// The last tuple of `out` is a successor of `tuple`.
    #[inline]
    pub(super) fn finish(
        &self,
        event: Move,
        crashed: bool,
        mut found: Option<Box<Found>>,
        tuple: &[u32],
        out: &mut Successors,
    ) -> Result<(), Unknown<W::Global>> {
        if found.is_none() && self.bounds.weighs {
            let first = out.all.len() * tuple.len();
            found = self.weigh(&out.tuples[first..first + tuple.len()], tuple, &out.weights)?;
        }
        let outcome = out.outcome;
        out.all.push(Successor { event, crashed, found, outcome });
        Ok(())
    }

    /// What others must know of each process.
    pub(crate) fn facts(&self, tuple: &[u32]) -> Vec<&W::Facts> {
        (0..self.count()).map(|process| &self.about[tuple[2 * process] as usize].facts).collect()
    }

    pub(crate) fn message(&self, number: u32) -> &P::Message {
        self.nodes.messages.get(number)
    }

    pub(crate) fn timer(&self, number: u32) -> &P::Timer {
        self.nodes.timers.get(number)
    }

    pub(crate) fn requested(&self, number: u32) -> &P::Request {
        self.nodes.requests.get(number)
    }

    pub(crate) fn watch(&self) -> &W {
        &self.nodes.watch
    }
}
