use crate::model::{ProcessId, Ticks};

/// When the last message of each channel arrives: what keeps FIFO channels in order. A record is made when a channel is
/// first used, since the n² of all of them cannot be had.
#[derive(Clone, Debug, Default)]
pub(crate) struct Channels {
    rows: Vec<Row>,
}

/// The channels out of one process, by receiver.
#[derive(Clone, Debug, Default)]
struct Row {
    records: Vec<(ProcessId, Ticks)>,
    /// Where the last look-up ended: most processes send to the same one again.
    hint: u32,
}

impl Channels {
    pub(crate) fn reset(&mut self, processes: u32) {
        for row in &mut self.rows {
            row.records.clear();
        }
        self.rows.resize_with(processes as usize, Row::default);
    }

    /// When the last message from `from` to `to` arrives, to be read and set.
    #[inline(always)]
    pub(crate) fn last_arrival(&mut self, from: ProcessId, to: ProcessId) -> &mut Ticks {
        let row = &mut self.rows[from.index()];
        let hint = row.hint as usize;
        let index = match row.records.get(hint) {
            Some((receiver, _)) if *receiver == to => hint,
            _ => row.find(to),
        };
        &mut row.records[index].1
    }
}

impl Row {
    #[cold]
    fn find(&mut self, to: ProcessId) -> usize {
        let index = match self.records.binary_search_by_key(&to, |record| record.0) {
            Ok(index) => index,
            Err(index) => {
                self.records.insert(index, (to, Ticks::ZERO));
                index
            }
        };
        self.hint = index as u32;
        index
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
            sent in prop::collection::vec((0_u32..3, 0_u32..6, 1_u64..1_000), 0..100),
        ) {
            let mut channels = channels(6);
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
