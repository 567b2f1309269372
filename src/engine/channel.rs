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
