//! Every interleaving once more, as plainly as it can be said: whole states that are copied, compared and hashed.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

use jeton::engine::{ChannelOrder, DetectorClass, FromDead, ReportOrder, ToDead};
use jeton::model::{Effect, Event, Report, Surroundings};
use jeton::mutex::{Indication, Mutex, Request, TOKEN_ACCEPTED};
use jeton::{Context, Process, ProcessId};

use super::state::{ENTER, Item, Life, Member, Phase, State};
use crate::partial_order::{D, Model, Toy};

/// What comes sooner or later, if it stays possible.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Due {
    Channel(usize, usize),
    Message(usize, usize, Item),
    Report(usize, usize),
    Timer(usize, u8),
    Request(usize, u8),
    Restart(usize),
}

/// A way on.
#[derive(Clone, Debug)]
pub(super) struct Way {
    pub(super) to: State,
    pub(super) comes: Option<Due>,
    /// The names of the properties that its step violates.
    pub(super) violates: BTreeSet<&'static str>,
}

impl Way {
    fn new(to: State, comes: Option<Due>, mut violates: BTreeSet<&'static str>) -> Self {
        violates.extend(to.has_tokens().then_some("single_token"));
        Self { to, comes, violates }
    }
}

struct Group {
    up_to: u32,
    among: Vec<usize>,
    comes_back: bool,
}

/// The rules.
pub(super) struct Machine<'a> {
    model: &'a Model,
    groups: Vec<Group>,
    /// Whether the fencing numbers are remembered.
    fences: bool,
}

/// What a handler did, with the state that it left, if it came to its end.
struct Run {
    effects: Vec<Effect<Toy>>,
    after: Option<Toy>,
}

/// Answers from a list, and 0 where it ends; tells how many there were to each question.
struct Answers<'a> {
    given: &'a [u32],
    asked: RefCell<Vec<u32>>,
    waiting: Vec<u32>,
}

impl Answers<'_> {
    fn answer(&self, bound: u32) -> u32 {
        // Where there is one answer nothing is asked.
        if bound == 1 {
            return 0;
        }
        let mut asked = self.asked.borrow_mut();
        asked.push(bound);
        self.given.get(asked.len() - 1).copied().unwrap_or(0)
    }
}

impl Surroundings for Answers<'_> {
    fn choose(&mut self, bound: u32) -> u32 {
        self.answer(bound)
    }

    fn inbox_len(&self, from: ProcessId) -> usize {
        self.answer(self.waiting[from.index()] + 1) as usize
    }
}

/// After how many effects of a step a crash in it can be told from one before or after the step. Who does not come to
/// the end of its start has no application.
fn crash_points(event: &Event<Toy>, effects: &[Effect<Toy>]) -> Vec<usize> {
    if matches!(event, Event::Start | Event::Restart) {
        return (0..=effects.len()).collect();
    }
    let is_seen =
        |effect: &Effect<Toy>| matches!(effect, Effect::Send { .. } | Effect::Store { .. } | Effect::Indicate { .. });
    let mut seen: Vec<usize> = (1..=effects.len()).filter(|done| is_seen(&effects[done - 1])).collect();
    seen.pop();
    seen
}

pub(super) fn id(process: usize) -> ProcessId {
    ProcessId::new(process as u32)
}

impl<'a> Machine<'a> {
    pub(super) fn new(model: &'a Model, fences: bool) -> Self {
        let faults = &model.setup.faults;
        assert!(faults.crashes.is_empty(), "no model has them");
        let group = |random: &jeton::engine::RandomCrashes| Group {
            up_to: random.up_to,
            // An empty list is everybody.
            among: (0..model.setup.processes as usize)
                .filter(|&process| random.among.is_empty() || random.among.contains(&id(process)))
                .collect(),
            comes_back: random.down_ticks.is_some(),
        };
        Self { model, groups: faults.random.iter().map(group).collect(), fences }
    }

    fn count(&self) -> usize {
        self.model.setup.processes as usize
    }

    fn is_fifo(&self) -> bool {
        self.model.setup.network.order == ChannelOrder::Fifo
    }

    /// The ways to the states after the start.
    pub(super) fn roots(&self) -> Vec<Way> {
        let member = |process| Member {
            life: Life::Up(Toy::new(id(process), &self.model.setup.config)),
            starts: 1,
            timers: BTreeSet::new(),
            fired: 0,
            user: None,
            requests: BTreeMap::new(),
            held: false,
            waits: false,
        };
        let before = State {
            members: (0..self.count()).map(member).collect(),
            channels: vec![vec![Vec::new(); self.count()]; self.count()],
            crashes: self.groups.iter().map(|group| group.up_to).collect(),
            losses: self.model.losses,
            duplicates: self.model.duplicates,
            greatest: None,
        };
        let mut roots = vec![Way { to: before, comes: None, violates: BTreeSet::new() }];
        for process in 0..self.count() {
            let mut next = Vec::new();
            for Way { to: before, violates, .. } in roots {
                let mut ways = Vec::new();
                self.step(process, &Event::Start, &before, None, &mut ways);
                self.crashes(process, &before, &BTreeSet::new(), &mut ways);
                for mut way in ways {
                    way.violates.extend(&violates);
                    next.push(way);
                }
            }
            roots = next;
        }
        roots
    }

    /// How many processes have crashed on the way to a state.
    pub(super) fn crashes_before(&self, state: &State) -> usize {
        let left = self.groups.iter().zip(&state.crashes);
        left.map(|(group, left)| (group.up_to - left) as usize).sum()
    }

    /// All ways on; with `free` timers, they fire though something else is sure to come.
    pub(super) fn ways(&self, state: &State, free: bool) -> Vec<Way> {
        let mut ways = Vec::new();
        let hurries = self.hurries(state);
        for process in 0..self.count() {
            self.messages(process, state, &mut ways);
            match state.members[process].life {
                Life::Up(_) => {
                    self.reports(process, state, &mut ways);
                    self.requests(process, state, &mut ways);
                    self.timers(process, state, hurries, free, &mut ways);
                    self.crashes(process, state, &BTreeSet::new(), &mut ways);
                }
                Life::Down { comes_back: true } => self.restart(process, state, &mut ways),
                Life::Down { comes_back: false } => {}
            }
        }
        ways
    }

    /// The places in the channel from which a message can be handled.
    fn first(&self, items: &[Item]) -> Vec<usize> {
        let messages = (0..items.len()).filter(|&place| items[place] != Item::Report);
        messages.take(if self.is_fifo() { 1 } else { usize::MAX }).collect()
    }

    /// Whether a message, a report, or what follows from a request is sure to come.
    pub(super) fn hurries(&self, state: &State) -> bool {
        (0..self.count()).any(|process| {
            let member = &state.members[process];
            let is_up = matches!(member.life, Life::Up(_));
            let channels = || state.channels[process].iter();
            channels().any(|items| !self.first(items).is_empty())
                || is_up && channels().any(|items| items.first() == Some(&Item::Report))
                || is_up && member.is_asked_soon()
        })
    }

    fn messages(&self, process: usize, state: &State, ways: &mut Vec<Way>) {
        let is_up = matches!(state.members[process].life, Life::Up(_));
        for from in 0..self.count() {
            for place in self.first(&state.channels[process][from]) {
                let item = state.channels[process][from][place];
                let Item::Message(message) = item else { unreachable!("reports are no messages") };
                let mut without = state.clone();
                without.channels[process][from].remove(place);
                self.normalise(&mut without.channels[process][from]);
                let due = if self.is_fifo() { Due::Channel(from, process) } else { Due::Message(from, process, item) };
                let event = Event::Message { from: id(from), message };
                if is_up {
                    self.step(process, &event, &without, Some(due), ways);
                } else {
                    ways.push(Way::new(without.clone(), Some(due), BTreeSet::new()));
                }
                if state.losses > 0 {
                    without.losses -= 1;
                    ways.push(Way::new(without, None, BTreeSet::new()));
                }
                if state.duplicates > 0 && is_up {
                    let mut with = state.clone();
                    with.duplicates -= 1;
                    self.step(process, &event, &with, None, ways);
                }
            }
        }
    }

    fn reports(&self, process: usize, state: &State, ways: &mut Vec<Way>) {
        for of in 0..self.count() {
            if state.channels[process][of].first() == Some(&Item::Report) {
                let mut without = state.clone();
                without.channels[process][of].remove(0);
                self.normalise(&mut without.channels[process][of]);
                let event = Event::Report(Report::Crash(id(of)));
                self.step(process, &event, &without, Some(Due::Report(process, of)), ways);
            }
        }
    }

    fn requests(&self, process: usize, state: &State, ways: &mut Vec<Way>) {
        let member = &state.members[process];
        for &request in member.requests.keys() {
            let due = member.is_asked_soon().then_some(Due::Request(process, request));
            let mut asked = state.clone();
            let member = &mut asked.members[process];
            let left = member.requests.get_mut(&request).expect("it is one of them");
            *left -= 1;
            if *left == 0 {
                member.requests.remove(&request);
            }
            let user = member.user.as_mut().expect("who asks has an application");
            if request == ENTER {
                user.phase = Phase::Waiting;
                member.waits = true;
                self.step(process, &Event::Request(Request::Enter(D)), &asked, due, ways);
            } else if user.has {
                self.step(process, &Event::Request(Request::Leave(D)), &asked, due, ways);
            } else {
                // It has lost what it wanted to leave.
                ways.push(Way::new(asked, due, BTreeSet::new()));
            }
        }
    }

    fn timers(&self, process: usize, state: &State, hurries: bool, free: bool, ways: &mut Vec<Way>) {
        let member = &state.members[process];
        for &timer in &member.timers {
            let mut fired = state.clone();
            fired.members[process].timers.remove(&timer);
            if hurries && member.fired < self.model.early {
                let mut early = fired.clone();
                early.members[process].fired += u32::from(self.model.early < u32::MAX);
                self.step(process, &Event::Timer(timer), &early, None, ways);
            }
            if free || !hurries {
                self.step(process, &Event::Timer(timer), &fired, Some(Due::Timer(process, timer)), ways);
            }
        }
    }

    fn restart(&self, process: usize, state: &State, ways: &mut Vec<Way>) {
        let mut state = state.clone();
        if self.tells() {
            for other in 0..self.count() {
                if matches!(state.members[other].life, Life::Down { .. }) && other != process {
                    self.put(Item::Report, other, process, &mut state);
                }
            }
        }
        state.members[process].life = Life::Up(Toy::new(id(process), &self.model.setup.config));
        state.members[process].starts += 1;
        self.step(process, &Event::Restart, &state, Some(Due::Restart(process)), ways);
    }

    fn tells(&self) -> bool {
        self.model.setup.detector.class != DetectorClass::None
    }

    fn put(&self, item: Item, from: usize, to: usize, state: &mut State) {
        state.channels[to][from].push(item);
        self.normalise(&mut state.channels[to][from]);
    }

    /// What may come in any order stands in one order.
    fn normalise(&self, items: &mut Vec<Item>) {
        if self.model.setup.detector.order == ReportOrder::Unordered {
            let (mut reports, messages): (Vec<_>, Vec<_>) = items.iter().partition(|&&item| item == Item::Report);
            reports.extend(messages);
            *items = reports;
        }
        if !self.is_fifo() {
            for between in items.split_mut(|&item| item == Item::Report) {
                between.sort_unstable();
            }
        }
    }

    /// A process handles an event: each way that its handler can go, and each crash in it.
    fn step(&self, process: usize, event: &Event<Toy>, state: &State, due: Option<Due>, ways: &mut Vec<Way>) {
        let mut answers: Vec<u32> = Vec::new();
        loop {
            let (run, asked) = self.handle(process, event, state, &answers);
            match run {
                Some(Run { effects, after }) => {
                    let (to, violates) = self.follow(process, event, state, &effects, after);
                    ways.push(Way::new(to, due, violates));
                    for done in crash_points(event, &effects) {
                        let (broken, violates) = self.follow(process, event, state, &effects[..done], None);
                        self.crashes(process, &broken, &violates, ways);
                    }
                }
                None => ways.push(Way::new(state.clone(), due, BTreeSet::from(["no_panic"]))),
            }
            // The next answers, the last one first.
            answers.resize(asked.len(), 0);
            while answers.last().is_some_and(|&last| last + 1 == asked[answers.len() - 1]) {
                answers.pop();
            }
            let Some(last) = answers.last_mut() else { return };
            *last += 1;
        }
    }

    fn handle(&self, process: usize, event: &Event<Toy>, state: &State, given: &[u32]) -> (Option<Run>, Vec<u32>) {
        let Life::Up(toy) = &state.members[process].life else { unreachable!("only who is up handles anything") };
        let has_inbox = self.model.setup.network.service_ticks.max().get() > 0;
        let messages = |items: &Vec<Item>| items.iter().filter(|&&item| item != Item::Report).count() as u32;
        let waiting = state.channels[process].iter().map(|items| if has_inbox { messages(items) } else { 0 });
        let mut answers = Answers { given, asked: RefCell::default(), waiting: waiting.collect() };
        let (mut after, mut effects) = (toy.clone(), Vec::new());
        let setup = &self.model.setup;
        let boot = u64::from(state.members[process].starts);
        let mut ctx = Context::new(id(process), setup.processes, boot, &setup.config, &mut effects, &mut answers);
        let handled = catch_unwind(AssertUnwindSafe(|| after.handle(event.clone(), &(), &mut ctx)));
        (handled.is_ok().then_some(Run { effects, after: Some(after) }), answers.asked.into_inner())
    }

    /// These effects are done, and the process is then as it is `after`, or about to crash; and what that violates.
    fn follow(
        &self,
        process: usize,
        event: &Event<Toy>,
        state: &State,
        effects: &[Effect<Toy>],
        after: Option<Toy>,
    ) -> (State, BTreeSet<&'static str>) {
        let (mut to, mut violates) = (state.clone(), BTreeSet::new());
        let mut takes = false;
        for effect in effects {
            match effect {
                Effect::Send { to: receiver, message } => {
                    let receiver = receiver.index();
                    let reaches = match to.members[receiver].life {
                        Life::Up(_) => true,
                        Life::Down { comes_back } => comes_back && self.model.setup.network.to_dead == ToDead::Datagram,
                    };
                    if reaches {
                        self.put(Item::Message(*message), process, receiver, &mut to);
                    }
                }
                Effect::SetTimer { timer, .. } => drop(to.members[process].timers.insert(*timer)),
                Effect::CancelTimer { timer } => drop(to.members[process].timers.remove(timer)),
                Effect::Indicate { indication: Indication::Entered(_, fence) } => {
                    let holds = |(other, member): (usize, &Member)| other != process && member.is_up() && member.held;
                    if to.members.iter().enumerate().any(holds) {
                        violates.insert("single_holder");
                    }
                    let seen = to.greatest.unwrap_or((fence.counter, process));
                    if fence.counter < seen.0 || fence.counter == seen.0 && process != seen.1 {
                        violates.insert("fencing_grows");
                    } else if self.fences {
                        to.greatest = Some((fence.counter, process));
                    }
                    to.members[process].entered();
                }
                Effect::Indicate { indication: Indication::Left(_) } => to.members[process].left(),
                Effect::Indicate { .. } | Effect::Store { .. } => {}
                Effect::Note { note } => takes |= *note == TOKEN_ACCEPTED,
            }
        }
        if let Some(after) = after {
            let member = &mut to.members[process];
            match event {
                Event::Start => member.start(self.model.workload.requests),
                Event::Restart => member.start_again(),
                _ => {}
            }
            if member.held && after.tokens() == 0 {
                violates.insert("token_in_cs");
            }
            let mine = after.replica().map(|replica| replica.version);
            member.life = Life::Up(after);
            let newest = to.members.iter().filter_map(Member::version).max();
            if takes && newest > mine {
                violates.insert("fresh_replica");
            }
        }
        (to, violates)
    }

    /// A process crashes as it is: with each group that lets it, and each rest of what it has in flight.
    fn crashes(&self, process: usize, state: &State, violates: &BTreeSet<&'static str>, ways: &mut Vec<Way>) {
        for (index, group) in self.groups.iter().enumerate() {
            if state.crashes[index] == 0 || !group.among.contains(&process) {
                continue;
            }
            let mut to = state.clone();
            to.crashes[index] -= 1;
            to.members[process].crash(group.comes_back);
            let waits = group.comes_back && self.model.setup.network.to_dead == ToDead::Datagram;
            for items in &mut to.channels[process] {
                items.retain(|&item| waits && item != Item::Report);
            }
            let mut all = vec![to];
            for other in 0..self.count() {
                all = all.iter().flat_map(|to| self.cut(process, other, to)).collect();
            }
            let way = |to| Way::new(to, None, violates.clone());
            ways.extend(all.into_iter().map(way));
        }
    }

    /// What may be left of a channel from a process that crashes; then the report of it, if there is one.
    fn cut(&self, process: usize, other: usize, state: &State) -> Vec<State> {
        let items = &state.channels[other][process];
        let places: Vec<usize> = (0..items.len()).filter(|&place| items[place] != Item::Report).collect();
        let lost: Vec<BTreeSet<usize>> = match self.model.setup.network.from_dead {
            FromDead::Deliver => vec![BTreeSet::new()],
            FromDead::Drop => vec![places.iter().copied().collect()],
            FromDead::Prefix if self.is_fifo() => {
                (0..=places.len()).map(|kept| places[kept..].iter().copied().collect()).collect()
            }
            FromDead::Prefix => (0..1_u32 << places.len())
                .map(|set| (0..places.len()).filter(|bit| set >> bit & 1 == 1).map(|bit| places[bit]).collect())
                .collect(),
        };
        let is_told = self.tells() && state.members[other].is_up();
        let left = |lost: BTreeSet<usize>| {
            let mut left = state.clone();
            let items = items.iter().enumerate().filter(|(place, _)| !lost.contains(place));
            left.channels[other][process] = items.map(|(_, &item)| item).collect();
            self.normalise(&mut left.channels[other][process]);
            if is_told {
                self.put(Item::Report, process, other, &mut left);
            }
            left
        };
        lost.into_iter().map(left).collect()
    }
}
