use std::collections::BTreeMap;

use super::DataId;
use crate::model::ProcessId;

/// How far entries follow the order in which they were asked for: an entry *overtakes* every request for the same data
/// id that was made before its own and still waits.
///
/// It is a measure, not a property: messages overtake each other on the way to a server, and a token goes round.
#[derive(Clone, Debug, Default)]
pub(super) struct Fairness {
    lines: BTreeMap<DataId, Line>,
    /// The place of each request that waits.
    places: BTreeMap<(ProcessId, DataId), usize>,
    pub(super) entries: u64,
    pub(super) overtakes: u64,
}

/// The requests for one data id in the order in which they were made, and how many of the first so many still wait: a
/// Fenwick tree (Fenwick 1994), so that asking takes O(log n).
#[derive(Clone, Debug, Default)]
struct Line(Vec<u64>);

impl Fairness {
    /// A new run; what was counted stays.
    pub(super) fn reset(&mut self) {
        self.lines.clear();
        self.places.clear();
    }

    pub(super) fn requested(&mut self, process: ProcessId, data: DataId) {
        let place = self.lines.entry(data).or_default().push();
        if let Some(before) = self.places.insert((process, data), place) {
            self.remove(data, before);
        }
    }

    pub(super) fn entered(&mut self, process: ProcessId, data: DataId) {
        let Some(place) = self.places.remove(&(process, data)) else { return };
        self.remove(data, place);
        self.entries += 1;
        self.overtakes += self.lines.get(&data).map_or(0, |line| line.waiting_before(place));
    }

    pub(super) fn crashed(&mut self, process: ProcessId) {
        let all = (process, DataId::new(0))..=(process, DataId::new(u32::MAX));
        let gone: Vec<(DataId, usize)> = self.places.range(all).map(|(&(_, data), &place)| (data, place)).collect();
        for (data, place) in gone {
            self.places.remove(&(process, data));
            self.remove(data, place);
        }
    }

    fn remove(&mut self, data: DataId, place: usize) {
        if let Some(line) = self.lines.get_mut(&data) {
            line.remove(place);
        }
    }
}

impl Line {
    /// One more at the end, which waits. Returns its place, counted from 1.
    fn push(&mut self) -> usize {
        let place = self.0.len() + 1;
        let mut sum = 1;
        let mut step = 1;
        while step < lowest_bit(place) {
            sum += self.0[place - step - 1];
            step *= 2;
        }
        self.0.push(sum);
        place
    }

    fn remove(&mut self, place: usize) {
        let mut at = place;
        while at <= self.0.len() {
            self.0[at - 1] -= 1;
            at += lowest_bit(at);
        }
    }

    fn waiting_before(&self, place: usize) -> u64 {
        let mut at = place - 1;
        let mut sum = 0;
        while at > 0 {
            sum += self.0[at - 1];
            at -= lowest_bit(at);
        }
        sum
    }
}

fn lowest_bit(number: usize) -> usize {
    1 << number.trailing_zeros()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const D: DataId = DataId::new(0);

    #[test]
    fn who_enters_in_turn_overtakes_nobody_and_the_last_all_before_it() {
        let mut fairness = Fairness::default();
        for process in 0..4 {
            fairness.requested(ProcessId::new(process), D);
        }
        fairness.entered(ProcessId::new(0), D);
        assert_eq!((fairness.entries, fairness.overtakes), (1, 0));
        fairness.entered(ProcessId::new(3), D);
        assert_eq!((fairness.entries, fairness.overtakes), (2, 2));
        fairness.crashed(ProcessId::new(1));
        fairness.entered(ProcessId::new(2), D);
        assert_eq!((fairness.entries, fairness.overtakes), (3, 2));
    }

    proptest! {
        #[test]
        fn it_counts_as_a_list_would(events in prop::collection::vec((0_u32..6, 0..3_u8), 0..120)) {
            let mut fairness = Fairness::default();
            let (mut line, mut overtakes) = (Vec::new(), 0);
            for (index, event) in events {
                let process = ProcessId::new(index);
                let place = line.iter().position(|&p| p == process);
                match (event, place) {
                    (0, None) => {
                        fairness.requested(process, D);
                        line.push(process);
                    }
                    (1, Some(place)) => {
                        fairness.entered(process, D);
                        overtakes += place as u64;
                        line.remove(place);
                    }
                    (2, _) => {
                        fairness.crashed(process);
                        line.retain(|&p| p != process);
                    }
                    _ => {}
                }
                prop_assert_eq!(fairness.overtakes, overtakes);
            }
        }
    }
}
