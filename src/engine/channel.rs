use crate::model::{ProcessId, Ticks};

/// When the last message of each channel arrives: what keeps FIFO channels in order. A record is made when a channel is
/// first used, since the n² of all of them cannot be had.
#[derive(Clone, Debug, Default)]
pub(crate) struct Channels {
    /// Of each sender the one that was used first is at hand: where all send to one neighbour there are no others.
    first: Vec<(ProcessId, Ticks)>,
    others: Vec<Row>,
}

/// The other channels out of one process.
#[derive(Clone, Debug, Default)]
struct Row {
    /// The receivers by their low bits, each in the first free place from there on: as many places as a power of
    /// two, or none. Those of one sender are seldom many, and most are next to each other.
    places: Vec<(ProcessId, Ticks)>,
    used: u32,
}

const NOBODY: ProcessId = ProcessId::new(u32::MAX);

const FREE: (ProcessId, Ticks) = (NOBODY, Ticks::ZERO);

impl Channels {
    pub(crate) fn reset(&mut self, processes: u32) {
        self.first.clear();
        self.first.resize(processes as usize, FREE);
        for row in self.others.iter_mut().filter(|row| row.used > 0) {
            row.places.fill(FREE);
            row.used = 0;
        }
        self.others.resize_with(processes as usize, Row::default);
    }

    /// When the last message from `from` to `to` arrives, to be read and set.
    #[inline(always)]
    pub(crate) fn last_arrival(&mut self, from: ProcessId, to: ProcessId) -> &mut Ticks {
        let first = &mut self.first[from.index()];
        if first.0 == to { &mut first.1 } else { self.others[from.index()].last_arrival(to, first) }
    }
}

impl Row {
    #[inline(always)]
    fn last_arrival<'a>(&'a mut self, to: ProcessId, first: &'a mut (ProcessId, Ticks)) -> &'a mut Ticks {
        // Without places the mask is all ones, and no process has such a number.
        let index = to.index() & self.places.len().wrapping_sub(1);
        if self.places.get(index).is_some_and(|place| place.0 == to) {
            return &mut self.places[index].1;
        }
        self.look_for(to, first)
    }

    #[inline(never)]
    fn look_for<'a>(&'a mut self, to: ProcessId, first: &'a mut (ProcessId, Ticks)) -> &'a mut Ticks {
        if first.0 == NOBODY {
            first.0 = to;
            return &mut first.1;
        }
        if self.used as usize * 4 >= self.places.len() * 3 {
            self.grow();
        }
        let index = self.find(to);
        let place = &mut self.places[index];
        if place.0 == NOBODY {
            *place = (to, Ticks::ZERO);
            self.used += 1;
        }
        &mut place.1
    }

    /// Where a receiver is, or belongs.
    #[inline]
    fn find(&self, to: ProcessId) -> usize {
        let mask = self.places.len() - 1;
        let mut index = to.index() & mask;
        while self.places[index].0 != to && self.places[index].0 != NOBODY {
            index = (index + 1) & mask;
        }
        index
    }

    #[cold]
    fn grow(&mut self) {
        let larger = (self.places.len() * 2).max(4);
        let before = std::mem::replace(&mut self.places, vec![FREE; larger]);
        for (to, last) in before.into_iter().filter(|place| place.0 != NOBODY) {
            let index = self.find(to);
            self.places[index] = (to, last);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn channels(processes: u32) -> Channels {
        let mut channels = Channels::default();
        channels.reset(processes);
        channels
    }

    #[test]
    fn nothing_has_arrived_on_a_channel_that_was_not_used() {
        let mut channels = channels(3);
        *channels.last_arrival(ProcessId::new(0), ProcessId::new(1)) = Ticks::new(5);
        assert_eq!(*channels.last_arrival(ProcessId::new(1), ProcessId::new(0)), Ticks::ZERO);
        assert_eq!(*channels.last_arrival(ProcessId::new(0), ProcessId::new(2)), Ticks::ZERO);
        assert_eq!(*channels.last_arrival(ProcessId::new(0), ProcessId::new(1)), Ticks::new(5));
    }

    #[test]
    fn a_reset_forgets_what_has_arrived_and_where_the_last_look_up_ended() {
        let mut channels = channels(2);
        for to in 0..2 {
            *channels.last_arrival(ProcessId::new(0), ProcessId::new(to)) = Ticks::new(5);
        }
        channels.reset(3);
        for (from, to) in [(0, 1), (0, 2), (2, 0)] {
            assert_eq!(*channels.last_arrival(ProcessId::new(from), ProcessId::new(to)), Ticks::ZERO);
        }
    }

    proptest! {
        #[test]
        fn each_channel_keeps_what_it_was_last_set_to(
            sent in prop::collection::vec((0_u32..3, 0_u32..40, 1_u64..1_000), 0..200),
        ) {
            let mut channels = channels(40);
            let mut model = BTreeMap::new();
            for (from, to, at) in sent {
                let last = channels.last_arrival(ProcessId::new(from), ProcessId::new(to));
                prop_assert_eq!(*last, model.get(&(from, to)).copied().unwrap_or_default());
                *last = Ticks::new(at);
                model.insert((from, to), Ticks::new(at));
            }
        }
    }
}
