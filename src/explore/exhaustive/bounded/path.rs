//! The way to what was found, as the decisions of a run in virtual time, and that run.

use std::collections::BTreeMap;

use super::search::Search;
use crate::engine::bounded::{Happening, Next, Space, What};
use crate::engine::interleaving::Watch;
use crate::engine::{Decisions, Key, Topic};
use crate::explore::exhaustive::Step;
use crate::model::{Process, ProcessId};

/// What leads from one state to the next.
#[derive(Clone, Debug)]
pub(super) struct Edge {
    passed: u64,
    what: What,
    said: Vec<(Topic, u64)>,
    /// What happens, for people.
    text: String,
}

impl Edge {
    /// The first edge from a state that is wanted.
    ///
    /// # Panics
    /// If there is none: it was one of the search.
    pub(super) fn find<P: Process, W: Watch<P>>(
        search: &mut Search<P, W>,
        from: u32,
        wanted: impl Fn(&Next<'_>) -> bool,
    ) -> Self {
        let tuple = search.states.get(from).to_vec();
        let mut edge = None;
        search.space.successors(&tuple, &mut |next| {
            let is_it = wanted(&next);
            if is_it {
                edge = Some((next.passed, next.what, (next.said)()));
            }
            !is_it
        });
        let (passed, what, said) = edge.expect("what the search went along is there again");
        Self { passed, what, said, text: describe(&search.space, what) }
    }

    /// The edges along these states.
    pub(super) fn along<P: Process, W: Watch<P>>(search: &mut Search<P, W>, path: &[u32]) -> Vec<Self> {
        Self::where_all(search, path, |_| true)
    }

    fn where_all<P: Process, W: Watch<P>>(
        search: &mut Search<P, W>,
        path: &[u32],
        wanted: impl Fn(&Next<'_>) -> bool,
    ) -> Vec<Self> {
        let mut edges = Vec::new();
        for pair in path.windows(2) {
            let to = search.states.get(pair[1]).to_vec();
            let is_it = |next: &Next<'_>| next.found.is_none() && next.tuple == to && wanted(next);
            edges.push(Self::find(search, pair[0], is_it));
        }
        edges
    }

    /// The edges of a way round: time passes on the first, or on none.
    pub(super) fn around<P: Process, W: Watch<P>>(
        search: &mut Search<P, W>,
        round: &[u32],
        stands_still: bool,
    ) -> Vec<Self> {
        let comes = |next: &Next<'_>| !matches!(next.what, What::Crash { .. });
        if stands_still {
            return Self::where_all(search, round, |next| next.passed == 0 && comes(next));
        }
        let mut edges = Self::where_all(search, &round[..2], |next| next.passed > 0 && comes(next));
        edges.extend(Self::where_all(search, &round[1..], comes));
        edges
    }
}

/// Tells a run, edge by edge.
#[derive(Debug, Default)]
pub(super) struct Teller {
    pub(super) decisions: Decisions,
    /// What is told to people: the starts are not.
    pub(super) steps: Vec<Step>,
    /// How many events there have been, the starts among them.
    pub(super) events: u64,
    counters: BTreeMap<Topic, u32>,
    /// How many steps each process has made.
    made: BTreeMap<u16, u64>,
    now: u64,
    last: Option<(u16, u64)>,
}

impl Teller {
    pub(super) fn tell(&mut self, edge: &Edge) {
        self.now += edge.passed;
        self.events += u64::from(edge.what != What::Aside);
        let id = |process: u16| ProcessId::new(process.into());
        match edge.what {
            What::Aside => {}
            What::Step { process, event, cut } => {
                let step = self.made.entry(process).or_insert(0);
                *step += 1;
                let step = *step;
                self.last = Some((process, step));
                if let Some(effects) = cut {
                    self.decide(Topic::CrashIn { process: id(process), step }, u64::from(effects) + 1);
                }
                if event != Happening::Start || cut.is_some() {
                    self.step(process, edge, cut.is_some());
                }
            }
            What::Crash { victim, at_beginning } => {
                let victim_id = id(victim);
                match self.last {
                    Some((process, step)) if !at_beginning => {
                        self.decide(Topic::CrashAfter { process: id(process), step }, u64::from(victim) + 1);
                    }
                    _ => self.decide(Topic::CrashAt { process: victim_id }, self.now),
                }
                self.step(victim, edge, false);
            }
        }
        for (topic, answer) in &edge.said {
            self.decide(topic.clone(), *answer);
        }
    }

    fn step(&mut self, process: u16, edge: &Edge, crashes: bool) {
        let event = format!("{} at tick {}", edge.text, self.now);
        self.steps.push(Step { process: ProcessId::new(process.into()), event, crashes });
    }

    fn decide(&mut self, topic: Topic, answer: u64) {
        let nth = self.counters.entry(topic.clone()).or_insert(0);
        *nth += 1;
        if answer != 0 {
            self.decisions.insert(Key { topic, nth: *nth }, answer);
        }
    }
}

/// What happens.
fn describe<P: Process, W: Watch<P>>(space: &Space<P, W>, what: What) -> String {
    let id = |process: u16| ProcessId::new(process.into());
    let event = match what {
        What::Step { event, .. } => event,
        What::Crash { .. } => return "crashes".to_owned(),
        What::Aside => return String::new(),
    };
    match event {
        Happening::Start | Happening::Begin => "starts".to_owned(),
        Happening::Message { from, message } => format!("handles {:?} from {}", space.message(message), id(from)),
        Happening::Timer { timer } => format!("has its timer {:?} fire", space.timer(timer)),
        Happening::Report { of } => format!("is told that {} crashed", id(of)),
        Happening::Request { request } => format!("is asked to {:?}", space.requested(request)),
        Happening::Restart => "comes back".to_owned(),
    }
}
