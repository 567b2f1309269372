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
