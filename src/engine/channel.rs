use crate::model::{ProcessId, Ticks};

/// When the last message of each channel arrives: what keeps FIFO channels in order. A record is made when a channel is
/// first used, since the n² of all of them cannot be had.
#[derive(Clone, Debug, Default)]
pub(crate) struct Channels {
    rows: Vec<Row>,
}

/// The channels out of one process.
#[derive(Clone, Debug, Default)]
struct Row {
    /// The one that was used first, which is at hand: where all send to one neighbour there are no others.
    first: Option<(ProcessId, Ticks)>,
    /// By receiver.
    others: Vec<(ProcessId, Ticks)>,
}

impl Channels {
    pub(crate) fn reset(&mut self, processes: u32) {
        self.rows.truncate(processes as usize);
        for row in &mut self.rows {
            row.first = None;
            row.others.clear();
        }
        self.rows.resize_with(processes as usize, Row::default);
    }

    /// When the last message from `from` to `to` arrives, to be read and set.
    #[inline(always)]
    pub(crate) fn last_arrival(&mut self, from: ProcessId, to: ProcessId) -> &mut Ticks {
        let Row { first, others } = &mut self.rows[from.index()];
        let (receiver, last) = first.get_or_insert((to, Ticks::ZERO));
        if *receiver == to { last } else { find(others, to) }
    }
}

#[inline(never)]
fn find(records: &mut Vec<(ProcessId, Ticks)>, to: ProcessId) -> &mut Ticks {
    let index = match records.binary_search_by_key(&to, |record| record.0) {
        Ok(index) => index,
        Err(index) => {
            records.insert(index, (to, Ticks::ZERO));
            index
        }
    };
    &mut records[index].1
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
