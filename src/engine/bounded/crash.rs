//! Crashes and restarts, tick by tick: what becomes of messages, timers, reports and the application.

use super::calendar::Item;
use super::space::{Draft, Space};
use crate::engine::decision::{Chance, Topic};
use crate::engine::interleaving::Watch;
use crate::engine::rng::Stream;
use crate::engine::setup::{ChannelOrder, DetectorClass, FromDead, ReportOrder, ToDead};
use crate::model::{Process, ProcessId};

impl<P: Process, W: Watch<P>> Space<P, W> {
    /// The group with which a process may crash, if it may.
    pub(super) fn armed(&self, victim: u16, left: &[u32]) -> Option<usize> {
        let victim = ProcessId::new(victim.into());
        let mut groups = self.setup.faults.random.iter().enumerate();
        groups.find(|(index, group)| left[*index] > 0 && group.has(victim)).map(|(index, _)| index)
    }

    /// The process crashes, in one of all ways.
    pub(super) fn crash(&mut self, victim: u16, group: usize, draft: &mut Draft<W::Global>, chance: &mut Chance) {
        let down = self.setup.faults.random[group].down_ticks;
        let place = usize::from(victim);
        draft.actors[place] = self.crashed(draft.actors[place], down.is_some());
        draft.global.crashes[group] -= 1;
        draft.global.down.push(victim);
        let id = ProcessId::new(victim.into());
        if let Some(after) = self.watch().crashed(id, &draft.global.watch) {
            draft.global.watch = after;
        }
        let (breaks, lingers) = (self.setup.network.to_dead == ToDead::Connection, self.lingers());
        draft.calendar.replace(|item| match item {
            Item::Timer { process, .. } | Item::Request { process, .. } if process == victim => None,
            Item::Report { observer, .. } if observer == victim => None,
            Item::Message { from, to, rank, .. } if to == victim && breaks => {
                lingers.then_some(Item::Doomed { from, to, rank })
            }
            item => Some(item),
        });
        self.cut_off(victim, draft, chance);
        if let Some(down) = down {
            let after = chance.span(Stream::Faults, &down, || Topic::Down { process: id });
            draft.calendar.put(after.get(), Item::Restart { process: victim });
        }
        for observer in 0..self.count() as u16 {
            if self.is_up(draft.actors[usize::from(observer)]) {
                self.report(observer, victim, draft, chance);
            }
        }
    }

    /// Whether it matters what becomes of a message that does not reach its receiver.
    fn lingers(&self) -> bool {
        let network = &self.setup.network;
        network.order == ChannelOrder::Fifo
            || network.from_dead == FromDead::Prefix
            || self.setup.detector.order == ReportOrder::AfterChannel
    }

    /// Loses what is to be lost of the messages in flight from the dead.
    fn cut_off(&self, victim: u16, draft: &mut Draft<W::Global>, chance: &mut Chance) {
        if self.setup.network.from_dead == FromDead::Deliver {
            return;
        }
        for to in 0..self.count() as u16 {
            let flight = u64::from(draft.calendar.in_flight(victim, to));
            if flight == 0 {
                continue;
            }
            let id = |process: u16| ProcessId::new(process.into());
            let lost = match self.setup.network.from_dead {
                FromDead::Prefix => {
                    let topic = || Topic::CutOff { from: id(victim), to: id(to) };
                    chance.below(Stream::Faults, flight + 1, topic)
                }
                _ => flight,
            };
            draft.calendar.lose_last(victim, to, lost, self.setup.network.order == ChannelOrder::Fifo);
        }
    }

    /// The failure detector will tell the observer of a crash; behind the channel, if reports keep behind it.
    pub(super) fn report(&self, observer: u16, of: u16, draft: &mut Draft<W::Global>, chance: &mut Chance) {
        let detector = &self.setup.detector;
        if detector.class == DetectorClass::None {
            return;
        }
        let id = |process: u16| ProcessId::new(process.into());
        let topic = || Topic::Latency { observer: id(observer), of: id(of) };
        let mut after = chance.span(Stream::Detector, &detector.latency_ticks, topic).get();
        if detector.order == ReportOrder::AfterChannel {
            after = after.max(draft.calendar.last_in_flight(of, observer).unwrap_or(0));
        }
        draft.calendar.put(after, Item::Report { observer, of });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jeton::algorithms::coordinator::Durable;
    use jeton::mutex::{Lookout, System, Workload};

    use super::super::calendar::Calendar;
    use super::super::space::What;
    use super::*;
    use crate::engine::fault::RandomCrashes;
    use crate::engine::setup::Setup;

    /// Three processes, messages of a tick, and one crash for ever, of which nobody is told.
    fn setup() -> Setup<Durable> {
        let config = Durable::configure(3, &<Durable as System>::Parameters::default()).expect("it can be");
        let mut setup = Setup::new(3, config);
        setup.detector.class = DetectorClass::None;
        setup.faults.random = vec![RandomCrashes::up_to(1)];
        setup
    }

    type Entries = Vec<(u64, Item)>;

    /// What is pending when process 0 has crashed, in each way in which it may, and how often it was lost how much.
    fn crashed(setup: Setup<Durable>, pending: &[(u64, Item)]) -> Vec<(Entries, Vec<(Topic, u64)>)> {
        let watch = Lookout::new(3, Workload::default(), &[], &[]);
        let mut space = Space::new(Arc::new(setup), watch, false);
        let before = space.before();
        let mut before = space.draft(&before);
        before.calendar = Calendar::default();
        for &(after, item) in pending {
            before.calendar.put(after, item);
        }
        let mut chance = Chance::exhaustive_in_time();
        let mut ways = Vec::new();
        loop {
            let mut draft = before.clone();
            space.crash(0, 0, &mut draft, &mut chance);
            assert_eq!((&draft.global.crashes[..], &draft.global.down[..]), (&[0][..], &[0][..]));
            assert!([0, 1, 2].map(|place| space.is_up(draft.actors[place])) == [false, true, true]);
            let mut at = 0;
            let next = || draft.calendar.take();
            let entries = std::iter::from_fn(next).map(|(after, item)| {
                at += after;
                (at, item)
            });
            ways.push((entries.collect(), chance.said()));
            if !chance.turn() {
                return ways;
            }
        }
    }

    /// The one way in which it crashes.
    fn left(setup: Setup<Durable>, pending: &[(u64, Item)]) -> Entries {
        let mut ways = crashed(setup, pending);
        assert_eq!(ways.len(), 1, "{ways:?}");
        ways.remove(0).0
    }

    fn message(from: u16, to: u16) -> Item {
        Item::Message { from, to, message: 0, rank: 0 }
    }

    #[test]
    fn what_was_to_come_to_a_victim_alone_never_does() {
        let of = |process| {
            [
                (3, Item::Timer { process, timer: 0 }),
                (4, Item::Request { process, request: 0 }),
                (5, Item::Report { observer: process, of: 2 }),
            ]
        };
        assert_eq!(left(setup(), &[of(0), of(1)].concat()), of(1));
    }

    /// What comes to nothing keeps nothing from coming.
    #[test]
    fn a_crash_may_come_in_each_tick_up_to_the_next_event() {
        let watch = Lookout::new(3, Workload::default(), &[], &[]);
        let mut space = Space::new(Arc::new(setup()), watch, false);
        let before = space.before();
        let mut draft = space.draft(&before);
        draft.calendar = Calendar::default();
        draft.calendar.put(2, Item::Doomed { from: 0, to: 1, rank: 0 });
        draft.calendar.put(3, Item::Gap { from: 0, to: 2 });
        draft.calendar.put(4, Item::Report { observer: 1, of: 2 });
        let tuple = space.tuple(draft);
        let mut crashes = Vec::new();
        space.successors(&tuple, &mut |next| {
            match next.what {
                What::Crash { victim, at_beginning: true } => crashes.push((next.passed, victim)),
                what => assert!(next.passed == 4 && !matches!(what, What::Crash { .. }), "{what:?}"),
            }
            true
        });
        let each = |tick| [0, 1, 2].map(|victim| (tick, victim));
        assert_eq!(crashes, [1, 2, 3, 4].map(each).concat());
    }

    /// Where something else may wait for it, a message that comes to nothing keeps its place.
    #[test]
    fn a_message_to_a_victim_goes_with_the_connection() {
        let pending = [(3, message(1, 0)), (4, message(1, 2)), (5, message(2, 1))];
        let doomed = |from, to| Item::Doomed { from, to, rank: 0 };
        let (gone, kept) = (pending[1..].to_vec(), [&[(3, doomed(1, 0))], &pending[1..]].concat());
        let world = |order, from_dead, reports| {
            let mut setup = setup();
            (setup.network.order, setup.network.from_dead, setup.detector.order) = (order, from_dead, reports);
            setup
        };
        let (unordered, anyhow) = (ChannelOrder::Unordered, ReportOrder::Unordered);
        assert_eq!(left(world(unordered, FromDead::Deliver, anyhow), &pending), gone);
        assert_eq!(left(world(unordered, FromDead::Drop, anyhow), &pending), gone);
        assert_eq!(left(world(ChannelOrder::Fifo, FromDead::Deliver, anyhow), &pending), kept);
        assert_eq!(left(world(unordered, FromDead::Prefix, anyhow), &pending), kept);
        assert_eq!(left(world(unordered, FromDead::Deliver, ReportOrder::AfterChannel), &pending), kept);
        let mut datagrams = world(ChannelOrder::Fifo, FromDead::Deliver, anyhow);
        datagrams.network.to_dead = ToDead::Datagram;
        assert_eq!(left(datagrams, &pending), pending);
    }

    #[test]
    fn of_the_messages_of_a_victim_are_lost_none_or_all_or_any_number_of_the_last() {
        let pending = [(3, message(0, 1)), (4, message(0, 1)), (5, message(1, 2))];
        let world = |order, from_dead| {
            let mut setup = setup();
            (setup.network.order, setup.network.from_dead) = (order, from_dead);
            setup
        };
        let gap = Item::Gap { from: 0, to: 1 };
        assert_eq!(left(world(ChannelOrder::Fifo, FromDead::Deliver), &pending), pending);
        assert_eq!(left(world(ChannelOrder::Unordered, FromDead::Drop), &pending), [pending[2]]);
        assert_eq!(left(world(ChannelOrder::Fifo, FromDead::Drop), &pending), [(4, gap), pending[2]]);
        // To whom nothing is on its way nothing is lost.
        let said = |lost| vec![(Topic::CutOff { from: ProcessId::new(0), to: ProcessId::new(1) }, lost)];
        let ways = [
            (pending.to_vec(), said(0)),
            (vec![pending[0], (4, gap), pending[2]], said(1)),
            (vec![(4, gap), pending[2]], said(2)),
        ];
        assert_eq!(crashed(world(ChannelOrder::Fifo, FromDead::Prefix), &pending), ways);
    }
}
