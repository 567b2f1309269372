//! The workload and the safety properties as a search has them: by state, where virtual time goes by events.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use super::explain::{self, Explained};
use super::queues::Queues;
use super::{Applications, DataId, Fence, Indication, Mutex, Property, Replica, Request, TOKEN_ACCEPTED, Workload};
use crate::engine::interleaving::{Found, Watch};
use crate::engine::{Agenda, Application};
use crate::model::{Effect, Event, ProcessId, Relabelling};

/// What an exhaustive search of a lock watches.
#[derive(Clone, Debug)]
pub(crate) struct Lookout<P> {
    processes: u32,
    workload: Workload,
    requests: Vec<u32>,
    properties: Vec<Property>,
    of: PhantomData<fn() -> P>,
}

/// Of one process: its application, and what that was told.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Local {
    applications: Applications,
    /// The critical sections that it is in.
    held: Vec<DataId>,
    waits_for: Option<DataId>,
    /// It has written in the critical section that it is in.
    wrote: bool,
}

/// Of the whole run; each is kept only where its property is checked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Global {
    /// The greatest fencing number that each resource has seen, and whose it was.
    greatest: BTreeMap<DataId, (Fence, ProcessId)>,
    queues: Queues,
}

/// What a step has shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Shown {
    told: Vec<Told>,
    asked: bool,
    token_accepted: bool,
    /// It is in a critical section and has no token.
    tokenless: bool,
    /// It has left the critical section in which it wrote.
    writer_left: bool,
    /// It has its accept now and had it not before, or not from this server.
    accepted: bool,
    unregistered: Vec<ProcessId>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Told {
    Entered(DataId, Fence),
    Accepted(ProcessId, DataId, u64),
    Granted(ProcessId, DataId, u64),
}

/// What others must know of a process; what nobody asks for is as if it were not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Facts {
    is_up: bool,
    held: Vec<DataId>,
    waits_for: Option<DataId>,
    replica: Option<Replica>,
    accepted_by: Option<ProcessId>,
    /// Whom its stable storage lists.
    registers: Vec<ProcessId>,
}

impl<P: Mutex> Lookout<P> {
    /// Of this workload, and so many requests of each process where they are listed, with a view to these properties.
    pub(crate) fn new(processes: u32, workload: Workload, requests: &[u32], properties: &[Property]) -> Self {
        let (requests, properties) = (requests.to_vec(), properties.to_vec());
        Self { processes, workload, requests, properties, of: PhantomData }
    }

    fn has(&self, property: Property) -> bool {
        self.properties.contains(&property)
    }

    fn indicated(&self, local: &mut Local, shown: &mut Shown, indication: &Indication) {
        match *indication {
            Indication::Entered(data, fence) => {
                if !local.held.contains(&data) {
                    local.held.push(data);
                    local.held.sort_unstable();
                }
                if local.waits_for == Some(data) {
                    local.waits_for = None;
                }
                shown.told.push(Told::Entered(data, fence));
            }
            Indication::Written(_) => local.wrote = true,
            Indication::Left(data) | Indication::Lost(data) => {
                local.held.retain(|&held| held != data);
                shown.writer_left |= local.wrote;
                local.wrote = false;
            }
            Indication::Accepted { client, data, request } if self.has(Property::QueueOrder) => {
                shown.told.push(Told::Accepted(client, data, request));
            }
            Indication::Accepted { .. } => {}
        }
    }

    /// What was told in this step, in order; the memory of it, if it has changed.
    fn recall(&self, process: ProcessId, told: &[Told], step: &mut Step<'_>, global: &Global) -> Option<Global> {
        if told.is_empty() {
            return None;
        }
        let mut after = global.clone();
        for told in told {
            match *told {
                Told::Entered(data, fence) => {
                    step.entered(process, data);
                    if self.has(Property::FencingGrows) {
                        let seen = *after.greatest.entry(data).or_insert((fence, process));
                        if fence < seen.0 || fence == seen.0 && process != seen.1 {
                            step.add(Property::FencingGrows, explain::fence_refused(process, data, fence, seen));
                        } else {
                            after.greatest.insert(data, (fence, process));
                        }
                    }
                }
                // A request of the dead has no turn.
                Told::Accepted(client, data, request) if step.is_up(client) => {
                    after.queues.accept(client, data, request);
                }
                Told::Granted(client, data, request) if step.is_up(client) => {
                    if let Some((passed, _)) = after.queues.grant(client, data, request) {
                        step.add(Property::QueueOrder, explain::passed_over(process, client, passed, data));
                    }
                }
                Told::Accepted(..) | Told::Granted(..) => {}
            }
        }
        (after != *global).then_some(after)
    }
}

/// One step under examination.
struct Step<'a> {
    facts: &'a [&'a Facts],
    found: Vec<(Property, Vec<ProcessId>, String)>,
}

impl<'a> Step<'a> {
    fn is_up(&self, process: ProcessId) -> bool {
        self.facts[process.index()].is_up
    }

    fn live(&self) -> impl Iterator<Item = (ProcessId, &'a Facts)> + use<'a> {
        all(self.facts).filter(|(_, facts)| facts.is_up)
    }

    fn add(&mut self, property: Property, (processes, explanation): Explained) {
        self.found.push((property, processes, explanation));
    }

    fn entered(&mut self, process: ProcessId, data: DataId) {
        let inside = |&(other, facts): &(ProcessId, &Facts)| other != process && facts.held.contains(&data);
        let mut holders: Vec<ProcessId> = self.live().filter(inside).map(|(other, _)| other).collect();
        if !holders.is_empty() {
            holders.push(process);
            self.add(Property::SingleHolder, explain::several_holders(holders, data, process));
        }
    }

    fn token_accepted(&mut self, process: ProcessId) {
        let Some(mine) = self.facts[process.index()].replica else { return };
        let versions = self.live().filter_map(|(other, facts)| facts.replica.map(|replica| (replica.version, other)));
        if let Some((newest, other)) = versions.max().filter(|&(newest, _)| newest > mine.version) {
            self.add(Property::FreshReplica, explain::stale_token(process, mine, other, newest));
        }
    }

    fn writer_left(&mut self, writer: ProcessId) {
        let Some(mine) = self.facts[writer.index()].replica else { return };
        let versions = self.live().filter_map(|(other, facts)| facts.replica.map(|replica| (replica.version, other)));
        if let Some((oldest, other)) = versions.min().filter(|&(oldest, _)| oldest < mine.version) {
            self.add(Property::SynchronousWrite, explain::left_too_early(writer, mine, other, oldest));
        }
    }

    fn accepted(&mut self, process: ProcessId) {
        let Some(server) = self.facts[process.index()].accepted_by else { return };
        if !self.facts[server.index()].registers.contains(&process) {
            self.add(Property::RegisteredBeforeAck, explain::unlisted(process, server));
        }
    }

    fn unregistered(&mut self, server: ProcessId, client: ProcessId) {
        let facts = self.facts[client.index()];
        if facts.is_up && facts.accepted_by == Some(server) {
            self.add(Property::RegisteredBeforeAck, explain::struck_off(server, client));
        }
    }

    /// Whether each waits for what the next one holds, round to this process.
    fn asked(&mut self, process: ProcessId) {
        let mut path: Vec<(ProcessId, DataId)> = Vec::new();
        let mut at = process;
        loop {
            let Some(data) = self.facts[at.index()].waits_for else { return };
            path.push((at, data));
            let holder = self.live().find(|(_, facts)| facts.held.contains(&data));
            let Some((holder, _)) = holder else { return };
            at = holder;
            if at == process {
                break;
            }
            if path.iter().any(|(seen, _)| *seen == at) {
                return;
            }
        }
        self.add(Property::NoDeadlock, explain::deadlock(&path));
    }
}

fn all<'a>(facts: &'a [&'a Facts]) -> impl Iterator<Item = (ProcessId, &'a Facts)> {
    facts.iter().enumerate().map(|(index, facts)| (ProcessId::new(index as u32), *facts))
}

impl<P: Mutex> Watch<P> for Lookout<P> {
    type Local = Local;
    type Global = Global;
    type Shown = Shown;
    type Facts = Facts;

    fn before(&self) -> Local {
        let applications = Applications::new(self.workload).with_requests(&self.requests);
        Local { applications, held: Vec::new(), waits_for: None, wrote: false }
    }

    fn start(&self, local: &mut Local, process: ProcessId, state: &P, agenda: &mut Agenda<'_, Request>) {
        local.applications.start(process, state, agenda);
    }

    fn requested(&self, local: &mut Local, process: ProcessId, request: &Request) -> bool {
        Application::<P>::requested(&mut local.applications, process, request)
    }

    /// Whoever thinks may think for ever; whoever holds a lock, or waits for one, goes on.
    fn may_put_off(&self, local: &Local) -> bool {
        local.held.is_empty() && local.waits_for.is_none()
    }

    fn event(&self, local: &mut Local, shown: &mut Shown, event: &Event<P>) {
        if let Event::Request(Request::Enter(data)) = event {
            local.waits_for = Some(*data);
            shown.asked = self.has(Property::NoDeadlock);
        }
    }

    fn effect(
        &self,
        local: &mut Local,
        shown: &mut Shown,
        process: ProcessId,
        effect: &Effect<P>,
        agenda: &mut Agenda<'_, Request>,
    ) {
        match effect {
            Effect::Send { to, message } if self.has(Property::QueueOrder) => {
                if let Some((data, request)) = P::grant(message) {
                    shown.told.push(Told::Granted(*to, data, request));
                }
            }
            Effect::Indicate { indication } => {
                self.indicated(local, shown, indication);
                Application::<P>::indication(&mut local.applications, process, indication, agenda);
            }
            Effect::Note { note } => shown.token_accepted |= *note == TOKEN_ACCEPTED,
            Effect::Store { record } => shown.unregistered.extend(P::unregisters(record)),
            _ => {}
        }
    }

    fn after(&self, local: &Local, shown: &mut Shown, before: &P, state: &P) {
        shown.tokenless = !local.held.is_empty() && state.tokens() == 0 && self.has(Property::TokenInCs);
        shown.accepted = self.has(Property::RegisteredBeforeAck)
            && state.accepted_by().is_some()
            && state.accepted_by() != before.accepted_by();
        shown.token_accepted &= self.has(Property::FreshReplica);
        shown.writer_left &= self.has(Property::SynchronousWrite);
    }

    fn cut_short(&self, shown: &mut Shown) {
        let Shown { told, unregistered, .. } = std::mem::take(shown);
        *shown = Shown { told, unregistered, ..Shown::default() };
    }

    fn crash(&self, local: &mut Local, process: ProcessId, comes_back: bool) {
        let Local { mut applications, .. } = local.clone();
        Application::<P>::crashed(&mut applications, process);
        *local = self.before();
        if comes_back && applications.goes_on(process) {
            local.applications = applications;
        }
    }

    fn restarted(&self, local: &mut Local, process: ProcessId, state: &P, agenda: &mut Agenda<'_, Request>) {
        local.applications.restarted(process, state, agenda);
    }

    fn facts(&self, _process: ProcessId, state: Option<&P>, stable: &P::Stable, local: &Local) -> Facts {
        let registered = |client: &ProcessId| P::registers(stable, *client);
        let any = |properties: &[Property]| properties.iter().any(|property| self.has(*property));
        let registers = any(&[Property::RegisteredBeforeAck]);
        let count = if registers { self.processes } else { 0 };
        let holds = any(&[Property::SingleHolder, Property::NoDeadlock]);
        let waits = any(&[Property::NoDeadlock, Property::EveryRequestGranted]);
        let replicates = any(&[Property::FreshReplica, Property::SynchronousWrite, Property::ReplicasConverge]);
        Facts {
            is_up: state.is_some(),
            held: if holds { local.held.clone() } else { Vec::new() },
            waits_for: local.waits_for.filter(|_| waits),
            replica: state.filter(|_| replicates).and_then(P::replica),
            accepted_by: state.filter(|_| registers).and_then(P::accepted_by),
            registers: ProcessId::all(count).filter(registered).collect(),
        }
    }

    fn check(
        &self,
        process: ProcessId,
        shown: &Shown,
        facts: &[&Facts],
        global: &Global,
    ) -> (Option<Found>, Option<Global>) {
        let mut step = Step { facts, found: Vec::new() };
        let after = self.recall(process, &shown.told, &mut step, global);
        if shown.tokenless {
            step.add(Property::TokenInCs, explain::tokenless(process));
        }
        if shown.token_accepted {
            step.token_accepted(process);
        }
        if shown.writer_left {
            step.writer_left(process);
        }
        if shown.accepted {
            step.accepted(process);
        }
        if shown.asked {
            step.asked(process);
        }
        for &client in &shown.unregistered {
            step.unregistered(process, client);
        }
        // One step can violate several; the order of the properties says which is told.
        let found = step.found.into_iter().filter(|(property, ..)| self.has(*property));
        let found = found.min_by_key(|(property, ..)| *property);
        let found =
            found.map(|(property, processes, explanation)| Found { property: property.name(), processes, explanation });
        (found, after)
    }

    fn crashed(&self, process: ProcessId, global: &Global) -> Option<Global> {
        let mut after = global.clone();
        after.queues.crashed(process);
        (after != *global).then_some(after)
    }

    fn relabel(&self, local: &mut Local, from: ProcessId, to: ProcessId) {
        local.applications.relabel(from, to);
    }

    fn relabel_request(&self, request: &mut Request, from: ProcessId, to: ProcessId) {
        Applications::relabel_request(request, from, to);
    }

    fn relabel_global(&self, global: &mut Global, ids: &Relabelling<'_>) {
        for (_, holder) in global.greatest.values_mut() {
            ids.put(holder);
        }
        global.queues.relabel(ids);
    }

    fn relabel_shown(&self, shown: &mut Shown, ids: &Relabelling<'_>) {
        for told in &mut shown.told {
            match told {
                Told::Entered(..) => {}
                Told::Accepted(client, ..) | Told::Granted(client, ..) => ids.put(client),
            }
        }
        shown.unregistered.iter_mut().for_each(|client| ids.put(client));
    }

    fn is_weighed(&self, message: &P::Message) -> bool {
        P::token(message).is_some()
    }

    /// Valid tokens: those that it has, and those on their way that it would accept, copies of one counted once.
    fn weigh(&self, state: &P, flight: &[(ProcessId, &P::Message)]) -> u32 {
        let valid =
            flight.iter().filter(|(from, message)| P::token(message).is_some() && state.would_accept(*from, message));
        let mut tokens: Vec<u64> = valid.filter_map(|(_, message)| P::token(message)).collect();
        tokens.sort_unstable();
        tokens.dedup();
        state.tokens() + tokens.len() as u32
    }

    fn overweight(&self, weights: &[u32]) -> Found {
        let places = weights.iter().enumerate().filter(|(_, weight)| **weight > 0);
        let places = places.map(|(index, weight)| (ProcessId::new(index as u32), *weight));
        let parts: Vec<String> =
            places.clone().map(|(process, weight)| format!("{weight} at or to {process}")).collect();
        let places = places.map(|(process, _)| process).collect();
        let (processes, explanation) = explain::several_tokens(places, &parts.join(", "));
        Found { property: Property::SingleToken.name(), processes, explanation }
    }

    fn unsettled(&self, facts: &[&Facts]) -> Option<Found> {
        let live = || all(facts).filter(|(_, facts)| facts.is_up);
        if self.has(Property::EveryRequestGranted) {
            if let Some((process, data)) = live().find_map(|(process, facts)| Some((process, facts.waits_for?))) {
                let explanation = format!("{process} waits for {data} for ever");
                let property = Property::EveryRequestGranted.name();
                return Some(Found { property, processes: vec![process], explanation });
            }
        }
        if self.has(Property::ReplicasConverge) {
            let mut replicas = live().filter_map(|(process, facts)| Some((process, facts.replica?)));
            let one = replicas.next()?;
            let other = replicas.find(|(_, other)| *other != one.1)?;
            let (processes, explanation) = explain::diverged("for ever", one, other);
            return Some(Found { property: Property::ReplicasConverge.name(), processes, explanation });
        }
        None
    }
}
