use super::explain::{self, Explained};
use super::fairness::Fairness;
use super::holders::Holders;
use super::queues::Queues;
use super::replicas::Replicas;
use super::tokens::Tokens;
use super::waiting::{Waiting, graph};
use super::{DataId, Indication, Mutex, Property, Request, TOKEN_ACCEPTED};
use crate::engine::{Lost, MessageId, Observer, Violation, World};
use crate::model::{Effect, Event, ProcessId, Ticks};
use crate::property::Tally;

/// The properties of mutual exclusion at work on a run: all those chosen, in one observer, because they look at the
/// same things.
///
/// It keeps what it must know of each process and brings it up to date with the one that stepped, so that an event
/// costs the same in a system of any size.
#[derive(Clone, Debug)]
pub struct Monitor<P: Mutex> {
    chosen: Chosen,
    /// What of each process is looked at after each of its steps.
    watches_tokens: bool,
    watches_replicas: bool,
    tokens: Tokens<P>,
    replicas: Replicas,
    holders: Holders,
    queues: Queues,
    fairness: Fairness,
    waiting: Waiting,
    /// Who has written in the critical section it is in.
    writers: Vec<ProcessId>,
    /// Whether there was a valid token after the last event.
    had_token: bool,
    step: Step,
    tally: Tally,
    ready: bool,
    /// Whether safety violations are collected rather than end the run, and those of this run.
    collects: bool,
    collected: Vec<Violation>,
}

/// Which properties are checked.
#[derive(Clone, Copy, Debug)]
struct Chosen(u32);

impl Chosen {
    fn new(properties: &[Property]) -> Self {
        Self(properties.iter().fold(0, |set, &property| set | 1 << property as u32))
    }

    #[inline]
    fn has(self, property: Property) -> bool {
        self.0 & 1 << property as u32 != 0
    }
}

/// What the present event has shown so far.
#[derive(Clone, Debug, Default)]
struct Step {
    process: Option<ProcessId>,
    token_accepted: bool,
    /// Asked for by the event's request.
    asked: bool,
    /// Who has left the critical section in which it wrote.
    writer_left: Option<ProcessId>,
    /// Whether there is any of the three, or something was found.
    is_rare: bool,
    found: Vec<(Property, Vec<ProcessId>, String)>,
}

impl<P: Mutex> Monitor<P> {
    /// Checks these properties; requests must be answered within `patience` ticks of the later of the request and the
    /// last fault.
    pub fn new(properties: &[Property], patience: Ticks) -> Self {
        let chosen = Chosen::new(properties);
        let of_replicas = [Property::FreshReplica, Property::SynchronousWrite, Property::ReplicasConverge];
        Self {
            chosen,
            watches_tokens: chosen.has(Property::SingleToken),
            watches_replicas: of_replicas.into_iter().any(|property| chosen.has(property)),
            tokens: Tokens::default(),
            replicas: Replicas::default(),
            holders: Holders::default(),
            queues: Queues::default(),
            fairness: Fairness::default(),
            waiting: Waiting::new(patience),
            writers: Vec::new(),
            had_token: false,
            step: Step::default(),
            tally: Tally::new(),
            ready: false,
            collects: false,
            collected: Vec::new(),
        }
    }

    /// Does not end a run at the first violation, but collects the first of each property: what one run shows of one
    /// property then hides nothing of another. A request that is not granted still ends it, since nothing need follow.
    #[must_use]
    pub fn collecting(mut self) -> Self {
        self.collects = true;
        self
    }

    /// What was collected in the last run, but for the violation that ended it.
    pub fn collected(&self) -> &[Violation] {
        &self.collected
    }

    /// The names that the monitor itself counts, besides the notes of the processes.
    pub const SOMETIMES: [&'static str; 3] = ["holder_crashed", "waiter_crashed", "idle_crashed"];

    /// Ready for the next run; what was counted stays.
    pub fn reset(&mut self) {
        self.ready = false;
        self.collected.clear();
        self.tally.close();
    }

    /// Something else worth trying happened in this run.
    pub(crate) fn mark(&mut self, name: &'static str) {
        self.tally.mark(name);
    }

    /// In how many runs each thing worth trying happened since this was last asked; the last run is over.
    pub fn take_tally(&mut self) -> Tally {
        self.tally.close();
        std::mem::take(&mut self.tally)
    }

    /// The entries into critical sections since this was last asked, and how many requests they overtook: requests for
    /// the same data id that were made before the entry's own and still waited.
    pub fn take_overtakes(&mut self) -> (u64, u64) {
        (std::mem::take(&mut self.fairness.entries), std::mem::take(&mut self.fairness.overtakes))
    }

    #[inline(never)]
    fn prepare(&mut self, world: &World<P>) {
        self.tokens.reset(world.count());
        self.replicas.reset(world.count());
        self.holders.reset();
        self.queues.reset();
        self.fairness.reset();
        self.waiting.reset();
        self.writers.clear();
        self.had_token = false;
        self.step = Step::default();
        self.ready = true;
        if self.watches_replicas {
            for process in ProcessId::all(world.count()) {
                self.replicas.set(process, world.process(process).replica());
            }
        }
    }

    #[cold]
    #[inline(never)]
    fn found(&mut self, property: Property, explain: impl FnOnce() -> Explained) {
        if self.chosen.has(property) {
            let (processes, explanation) = explain();
            self.step.found.push((property, processes, explanation));
            self.step.is_rare = true;
        }
    }

    /// What is looked at after few steps, and whatever was found.
    #[inline(never)]
    fn check_rare(&mut self, process: Option<ProcessId>, world: &World<P>) -> Result<(), Violation> {
        if let Some(process) = process {
            if self.watches_replicas && self.step.token_accepted {
                self.check_fresh(process, world);
            }
            if self.watches_replicas && self.step.writer_left.is_some() {
                self.check_written(process, world);
            }
            if self.step.asked && self.chosen.has(Property::NoDeadlock) {
                self.check_cycle(process);
            }
        }
        let found = std::mem::take(&mut self.step.found);
        self.step = Step { found, ..Step::default() };
        if self.step.found.is_empty() { Ok(()) } else { self.raise_found(world) }
    }

    #[cold]
    fn raise_found(&mut self, world: &World<P>) -> Result<(), Violation> {
        let mut found = std::mem::take(&mut self.step.found);
        // One event can violate several; the order of the properties says which is told.
        found.sort_by_key(|(property, ..)| *property);
        for (property, processes, explanation) in found {
            self.raise(world.violation(property.name(), processes, explanation))?;
        }
        Ok(())
    }

    fn raise(&mut self, violation: Violation) -> Result<(), Violation> {
        if !self.collects {
            return Err(violation);
        }
        if !self.collected.iter().any(|known| known.property == violation.property) {
            self.collected.push(violation);
        }
        Ok(())
    }

    #[inline(never)]
    fn indicated(&mut self, process: ProcessId, indication: &Indication, world: &World<P>) {
        self.waiting.indicated(process, indication);
        match *indication {
            Indication::Entered(data, fence) => {
                self.holders.entered(process, data);
                self.fairness.entered(process, data);
                if let Some(seen) = self.holders.show(process, data, fence) {
                    self.found(Property::FencingGrows, || explain::fence_refused(process, data, fence, seen));
                }
            }
            Indication::Written(_) => self.writers.push(process),
            // A request of the dead has no turn.
            Indication::Accepted { client, data, request } if world.is_up(client) => {
                self.queues.accept(client, data, request);
            }
            Indication::Accepted { .. } => {}
            Indication::Left(data) | Indication::Lost(data) => {
                self.holders.left(process, data);
                if self.writers.contains(&process) {
                    self.writers.retain(|&writer| writer != process);
                    self.step.writer_left = Some(process);
                    self.step.is_rare = true;
                }
            }
        }
    }

    #[inline(never)]
    fn check_holders(&mut self, process: ProcessId, data: DataId) {
        let holders = self.holders.of(data);
        if holders.len() > 1 {
            let holders = holders.to_vec();
            self.found(Property::SingleHolder, || explain::several_holders(holders, data, process));
        }
    }

    #[inline(always)]
    fn check_state(&mut self, process: ProcessId, state: &P, world: &World<P>) {
        if self.holders.is_inside(process) && state.tokens() == 0 {
            self.found(Property::TokenInCs, || explain::tokenless(process));
        }
        if self.watches_replicas {
            self.replicas.update(process, state.replica());
        }
        if state.accepted_by().is_some() && self.chosen.has(Property::RegisteredBeforeAck) {
            self.check_stored(process, world);
        }
    }

    /// Of all tokens, whoever stepped, crashed or was lost to.
    #[inline(always)]
    fn check_tokens(&mut self, valid: u64) {
        if valid == 1 {
            self.had_token = true;
        } else {
            self.check_none_or_several_tokens(valid);
        }
    }

    #[inline(never)]
    fn check_none_or_several_tokens(&mut self, valid: u64) {
        if valid == 0 && self.had_token {
            self.tally.mark("token_lost");
        }
        self.had_token = valid > 0;
        if valid > 1 {
            let (places, tokens) = (self.tokens.places(), self.tokens.describe());
            self.found(Property::SingleToken, || explain::several_tokens(places, &tokens));
        }
    }

    #[inline(never)]
    fn check_fresh(&mut self, process: ProcessId, world: &World<P>) {
        let (Some(mine), Some(newest)) = (world.process(process).replica(), self.replicas.newest()) else { return };
        if mine.version < newest {
            let other = self.replicas.with_version(newest).unwrap_or(process);
            self.found(Property::FreshReplica, || explain::stale_token(process, mine, other, newest));
        }
    }

    #[inline(never)]
    fn check_written(&mut self, writer: ProcessId, world: &World<P>) {
        let (Some(mine), Some(oldest)) = (world.process(writer).replica(), self.replicas.oldest()) else { return };
        if oldest < mine.version {
            let other = self.replicas.with_version(oldest).unwrap_or(writer);
            self.found(Property::SynchronousWrite, || explain::left_too_early(writer, mine, other, oldest));
        }
    }

    #[inline(never)]
    fn check_grant(&mut self, server: ProcessId, client: ProcessId, message: &P::Message, world: &World<P>) {
        let Some((data, request)) = P::grant(message).filter(|_| world.is_up(client)) else { return };
        if let Some((passed, _)) = self.queues.grant(client, data, request) {
            self.found(Property::QueueOrder, || explain::passed_over(server, client, passed, data));
        }
    }

    #[inline(never)]
    fn check_stored(&mut self, process: ProcessId, world: &World<P>) {
        let Some(server) = world.process(process).accepted_by() else { return };
        if !P::registers(world.stable(server), process) {
            self.found(Property::RegisteredBeforeAck, || explain::unlisted(process, server));
        }
    }

    #[inline(never)]
    fn requested(&mut self, process: ProcessId, request: &Request, world: &World<P>) {
        if self.chosen.has(Property::EveryRequestGranted) {
            self.waiting.requested(process, request, world.now());
        }
        if let Request::Enter(data) = request {
            self.step.asked = true;
            self.step.is_rare = true;
            self.holders.requested(process, *data);
            self.fairness.requested(process, *data);
        }
    }

    /// Any effect but a message.
    #[inline(never)]
    fn effect_otherwise(&mut self, process: ProcessId, effect: &Effect<P>, world: &World<P>) {
        match effect {
            Effect::Indicate { indication } => {
                self.indicated(process, indication, world);
                if let Indication::Entered(data, _) = *indication {
                    self.check_holders(process, data);
                }
            }
            Effect::Note { note } => {
                self.tally.mark(note);
                if *note == TOKEN_ACCEPTED {
                    self.step.token_accepted = true;
                    self.step.is_rare = true;
                }
            }
            Effect::Store { record } => {
                if let Some(client) = P::unregisters(record) {
                    if world.is_up(client) && world.process(client).accepted_by() == Some(process) {
                        self.found(Property::RegisteredBeforeAck, || explain::struck_off(process, client));
                    }
                }
            }
            _ => {}
        }
    }

    #[inline(never)]
    fn check_waiting(&mut self, world: &World<P>) -> Result<(), Violation> {
        match self.waiting.overdue(world) {
            None => Ok(()),
            Some((process, data, waits)) => Err(self.not_granted(process, data, &waits, world)),
        }
    }

    /// A request without an answer, with who waits for whom.
    fn not_granted(&self, process: ProcessId, data: DataId, waits: &str, world: &World<P>) -> Violation {
        let holder = self.holders.of(data).first().copied();
        let explanation = format!("{waits}: {}", graph(process, holder, world));
        world.violation(Property::EveryRequestGranted.name(), vec![process], explanation)
    }

    /// What is wrong with a run that goes round for ever from here on.
    pub(crate) fn goes_round(&mut self, world: &World<P>) -> Result<(), Violation> {
        self.judge("the run goes round for ever", "for ever", world)
    }

    /// What should have come by now, and why it comes no more.
    fn judge(&mut self, why: &str, diverged: &str, world: &World<P>) -> Result<(), Violation> {
        let unanswered = self.waiting.oldest();
        let unanswered = unanswered
            .map(|(process, data, waits)| self.not_granted(process, data, &format!("{waits}, and {why}"), world));
        // A write that is not done has not stopped, and explains why replicas differ.
        if self.chosen.has(Property::ReplicasConverge) && (unanswered.is_none() || self.collects) {
            if let Some([one, other]) = self.replicas.difference() {
                let (processes, explanation) = explain::diverged(diverged, one, other);
                self.raise(world.violation(Property::ReplicasConverge.name(), processes, explanation))?;
            }
        }
        unanswered.map_or(Ok(()), Err)
    }

    #[inline(never)]
    fn check_cycle(&mut self, process: ProcessId) {
        if let Some(cycle) = self.holders.cycle(process) {
            self.found(Property::NoDeadlock, || explain::deadlock(&cycle));
        }
    }
}

impl<P: Mutex> Observer<P> for Monitor<P> {
    #[inline(always)]
    fn event(&mut self, process: ProcessId, event: &Event<P>, message: Option<MessageId>, world: &World<P>) {
        if !self.ready {
            self.prepare(world);
        }
        self.step.process = Some(process);
        match event {
            Event::Message { message: content, .. } if self.watches_tokens && P::token(content).is_some() => {
                if let Some(id) = message {
                    self.tokens.arrived(id);
                }
            }
            Event::Request(request) => self.requested(process, request, world),
            _ => {}
        }
    }

    #[inline(always)]
    fn effect(&mut self, process: ProcessId, effect: &Effect<P>, message: Option<MessageId>, world: &World<P>) {
        match effect {
            Effect::Send { to, message: content } => {
                if let (true, Some(id)) = (self.watches_tokens, message) {
                    self.tokens.sent(process, *to, id, content);
                }
                if P::grant(content).is_some() && self.chosen.has(Property::QueueOrder) {
                    self.check_grant(process, *to, content, world);
                }
            }
            effect => self.effect_otherwise(process, effect, world),
        }
    }

    fn crashed(&mut self, process: ProcessId, world: &World<P>) {
        if !self.ready {
            self.prepare(world);
        }
        self.queues.crashed(process);
        self.fairness.crashed(process);
        let waited = self.holders.is_waiting(process);
        let held = self.holders.crashed(process);
        if world.process(process).takes_requests() {
            self.tally.mark(match (held, waited) {
                (0, true) => "waiter_crashed",
                (0, false) => "idle_crashed",
                (1, _) => "holder_crashed",
                _ => "holder_of_two_crashed",
            });
        } else {
            self.tally.mark("server_crashed");
        }
        self.waiting.crashed(process);
        self.writers.retain(|&writer| writer != process);
        self.tokens.crashed(process);
        self.replicas.set(process, None);
        if self.step.process == Some(process) {
            self.step.process = None;
        }
    }

    fn lost(&mut self, lost: &Lost<'_, P>, _world: &World<P>) {
        if self.watches_tokens && P::token(lost.message).is_some() {
            self.tokens.arrived(lost.id);
        }
    }

    fn duplicated(&mut self, _to: ProcessId, message: MessageId, copy: MessageId, _world: &World<P>) {
        if self.watches_tokens {
            self.tokens.duplicated(message, copy);
        }
    }

    #[inline(always)]
    fn check(&mut self, world: &World<P>) -> Result<(), Violation> {
        let process = self.step.process.take();
        if let Some(process) = process {
            let state = world.process(process);
            if self.watches_tokens {
                let valid = self.tokens.valid_after(process, state.tokens(), world);
                self.check_tokens(valid);
            }
            self.check_state(process, state, world);
        } else if self.watches_tokens {
            self.check_tokens(self.tokens.valid());
        }
        if self.step.is_rare {
            self.check_rare(process, world)?;
        }
        if self.waiting.is_early(world) { Ok(()) } else { self.check_waiting(world) }
    }

    fn end(&mut self, world: &World<P>) -> Result<(), Violation> {
        self.judge("nothing is left to happen", "all is quiet, and", world)
    }
}
