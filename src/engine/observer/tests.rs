//! Whoever looks on through another observer misses nothing.

use std::sync::Arc;

use super::*;
use crate::engine::Setup;
use crate::model::{Context, Never};

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Mute;

impl Process for Mute {
    type Config = ();
    type Message = u8;
    type Timer = Never;
    type Request = Never;
    type Indication = Never;
    type Stable = ();
    type Record = Never;

    fn new(_: ProcessId, (): &()) -> Self {
        Self
    }

    fn on_message(&mut self, _: ProcessId, _: u8, _: &mut Context<'_, Self>) {}
}

/// Writes down what it is told, and finds fault with it if it is to.
#[derive(Default)]
struct Ear {
    heard: Vec<&'static str>,
    finds: Option<&'static str>,
}

impl Ear {
    fn verdict(&mut self, heard: &'static str, world: &World<Mute>) -> Result<(), Violation> {
        self.heard.push(heard);
        self.finds.map_or(Ok(()), |name| Err(world.violation(name, Vec::new(), String::new())))
    }
}

impl Observer<Mute> for Ear {
    fn event(&mut self, _: ProcessId, _: &Event<Mute>, _: Option<MessageId>, _: &World<Mute>) {
        self.heard.push("event");
    }
    fn effect(&mut self, _: ProcessId, _: &Effect<Mute>, _: Option<MessageId>, _: &World<Mute>) {
        self.heard.push("effect");
    }
    fn crashed(&mut self, _: ProcessId, _: &World<Mute>) {
        self.heard.push("crashed");
    }
    fn lost(&mut self, _: &Lost<'_, Mute>, _: &World<Mute>) {
        self.heard.push("lost");
    }
    fn duplicated(&mut self, _: ProcessId, _: MessageId, _: MessageId, _: &World<Mute>) {
        self.heard.push("duplicated");
    }
    fn queued(&mut self, _: ProcessId, _: MessageId, _: &World<Mute>) {
        self.heard.push("queued");
    }
    fn partitioned(&mut self, _: &[ProcessId], _: Ticks, _: &World<Mute>) {
        self.heard.push("partitioned");
    }
    fn paused(&mut self, _: ProcessId, _: Ticks, _: &World<Mute>) {
        self.heard.push("paused");
    }
    fn check(&mut self, world: &World<Mute>) -> Result<(), Violation> {
        self.verdict("check", world)
    }
    fn end(&mut self, world: &World<Mute>) -> Result<(), Violation> {
        self.verdict("end", world)
    }
    fn seen(&self, mark: &mut dyn FnMut(&'static str)) {
        mark("seen");
    }
}

const ALL: [&str; 10] =
    ["event", "effect", "crashed", "lost", "duplicated", "queued", "partitioned", "paused", "check", "end"];

/// Tells an observer of one of each; what it found, and how many it named.
fn tell_all(mut observer: impl Observer<Mute>) -> ([Option<String>; 2], usize) {
    let world = World::<Mute>::new(Arc::new(Setup::new(2, ())));
    let (p, id) = (ProcessId::new(0), MessageId(0));
    let effect = Effect::Send { to: p, message: 1 };
    observer.event(p, &Event::Start, None, &world);
    observer.effect(p, &effect, Some(id), &world);
    observer.crashed(p, &world);
    observer.lost(&Lost { from: p, to: p, id, message: &1, cause: LossCause::Network }, &world);
    observer.duplicated(p, id, id, &world);
    observer.queued(p, id, &world);
    observer.partitioned(&[p], Ticks::ZERO, &world);
    observer.paused(p, Ticks::ZERO, &world);
    let found = [observer.check(&world), observer.end(&world)].map(|found| found.err().map(|found| found.property));
    let mut seen = 0;
    observer.seen(&mut |_| seen += 1);
    (found, seen)
}

#[test]
fn a_pair_of_references_hears_what_each_would_alone() {
    let (mut one, mut other) = (Ear::default(), Ear::default());
    assert_eq!(tell_all((&mut one, &mut other)), ([None, None], 2));
    assert_eq!((one.heard, other.heard), (ALL.to_vec(), ALL.to_vec()));
}

#[test]
fn either_of_a_pair_may_find_fault_and_the_first_is_believed_first() {
    let finds = |finds| Ear { finds, ..Ear::default() };
    for (one, other, found) in
        [(Some("one"), None, "one"), (None, Some("other"), "other"), (Some("one"), Some("other"), "one")]
    {
        let found = || Some(found.to_owned());
        assert_eq!(tell_all((finds(one), finds(other))).0, [found(), found()]);
    }
}
