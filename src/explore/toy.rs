//! Letters of which it matters how long each takes: what a schedule must have for its property to be violated is said
//! by each test.

use super::Case;
use super::trial::Own;
use crate::engine::{ChannelOrder, Decisions, Idle, MessageId, Observer, Setup, Violation, World};
use crate::model::{Context, Event, Never, Process, ProcessId};
use crate::mutex::{Fence, Indication, Mutex, Request};

/// Two write so many letters each to a third, in no order.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Writer;

impl Process for Writer {
    type Config = u32;
    type Message = u32;
    type Timer = Never;
    type Request = Never;
    type Indication = Never;
    type Stable = ();
    type Record = Never;

    fn new(_: ProcessId, _: &u32) -> Self {
        Self
    }

    fn on_start(&mut self, ctx: &mut Context<'_, Self>) {
        if ctx.me() != READER {
            for number in 1..=*ctx.config() {
                ctx.send(READER, number);
            }
        }
    }

    fn on_message(&mut self, _: ProcessId, _: u32, ctx: &mut Context<'_, Self>) {
        ctx.note("letter_came");
    }
}

const READER: ProcessId = ProcessId::new(2);

/// The letters that came: from whom, which, and how much longer than the shortest time each took.
#[derive(Clone, Debug, Default)]
pub(super) struct Came(Vec<(u32, u32, u64)>);

impl Came {
    /// How many letters of this writer took half of the longest time at least.
    pub(super) fn late(&self, from: u32) -> usize {
        self.0.iter().filter(|letter| letter.0 == from && letter.2 >= 5).count()
    }

    /// Whether this letter came, so much later than it could have.
    pub(super) fn has(&self, from: u32, number: u32, later: u64) -> bool {
        self.0.contains(&(from, number, later))
    }
}

pub(super) type Rule = fn(&Came) -> bool;

/// Violated as soon as the rule says so.
#[derive(Clone, Debug)]
pub(super) struct Post {
    rule: Rule,
    came: Came,
}

impl Observer<Writer> for Post {
    fn event(&mut self, _: ProcessId, event: &Event<Writer>, _: Option<MessageId>, world: &World<Writer>) {
        if let Event::Message { from, message } = event {
            self.came.0.push((from.get(), *message, world.now().get() - 1));
        }
    }

    fn check(&mut self, world: &World<Writer>) -> Result<(), Violation> {
        if (self.rule)(&self.came) { Err(world.violation(RULE, vec![READER], "it is so".to_owned())) } else { Ok(()) }
    }
}

/// The property.
pub(super) const RULE: &str = "rule";

pub(super) type Letters = Case<Writer, Own<Writer, Idle, Post>>;

/// So many letters of each, and what must not be.
pub(super) fn letters(number: u32, rule: Rule) -> Letters {
    let mut setup = Setup::new(3, number);
    setup.network.order = ChannelOrder::Unordered;
    Case::of_any(setup, Idle, Post { rule, came: Came::default() })
}

/// The first letters of a writer come so much later.
pub(super) fn later(from: u32, letters: u32, answer: u64) -> Decisions {
    (1..=letters).map(|number| decision(&format!("delay p{from}->p2 #{number}"), answer)).collect()
}

pub(super) fn decision(key: &str, answer: u64) -> (crate::engine::Key, u64) {
    (key.parse().expect("a key"), answer)
}

/// Enters whenever it is asked to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Reckless;

impl Process for Reckless {
    type Config = ();
    type Message = Never;
    type Timer = Never;
    type Request = Request;
    type Indication = Indication;
    type Stable = ();
    type Record = Never;

    fn new(_: ProcessId, (): &()) -> Self {
        Self
    }

    fn on_request(&mut self, request: Request, ctx: &mut Context<'_, Self>) {
        match request {
            Request::Enter(data) => ctx.indicate(Indication::Entered(data, Fence::default())),
            Request::Leave(data) => ctx.indicate(Indication::Left(data)),
            _ => {}
        }
    }

    fn on_message(&mut self, _: ProcessId, message: Never, _: &mut Context<'_, Self>) {
        match message {}
    }
}

impl Mutex for Reckless {}
