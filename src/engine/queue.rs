use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::model::Ticks;

/// The pending events, in a total order: by time, and within a tick in the order in which they were scheduled.
///
/// One key holds time, sequence and place, so that the heap compares single numbers and what is pending stays where it
/// is.
#[derive(Clone, Debug)]
pub(crate) struct Queue<T> {
    heap: BinaryHeap<Reverse<u128>>,
    slots: Vec<Option<T>>,
    free: Vec<u32>,
    sequence: u64,
    /// How many keys in the heap stand for something that was removed.
    stale: usize,
}

/// Time and sequence have 48 bits of the key each, the place 32.
const TIME_MAX: u64 = (1 << 48) - 1;

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self { heap: BinaryHeap::new(), slots: Vec::new(), free: Vec::new(), sequence: 0, stale: 0 }
    }
}

impl<T> Queue<T> {
    /// Schedules an event, and tells its place, by which it can be removed until it comes up. What is later than any
    /// run lasts is kept and never comes up.
    pub(crate) fn push(&mut self, at: Ticks, item: T) -> u32 {
        let slot = match self.free.pop() {
            Some(slot) => {
                self.slots[slot as usize] = Some(item);
                slot
            }
            None => {
                self.slots.push(Some(item));
                (self.slots.len() - 1) as u32
            }
        };
        let time = u128::from(at.get().min(TIME_MAX));
        self.heap.push(Reverse(time << 80 | u128::from(self.sequence) << 32 | u128::from(slot)));
        self.sequence += 1;
        slot
    }

    /// When the next event is. What was removed is none.
    pub(crate) fn next_at(&mut self) -> Option<Ticks> {
        loop {
            let &Reverse(key) = self.heap.peek()?;
            if self.stale == 0 || self.slots[key as u32 as usize].is_some() {
                return Some(Ticks::new((key >> 80) as u64));
            }
            self.pop();
        }
    }

    /// Takes the next event; `None` inside where it was removed meanwhile.
    pub(crate) fn pop(&mut self) -> Option<Option<T>> {
        let Reverse(key) = self.heap.pop()?;
        let slot = key as u32;
        self.free.push(slot);
        let item = self.slots[slot as usize].take();
        self.stale -= usize::from(item.is_none());
        Some(item)
    }

    /// How many events there are.
    pub(crate) fn len(&self) -> usize {
        self.heap.len() - self.stale
    }

    /// The pending events that `wanted` accepts, in order, each with its time and place. It looks at all of them.
    pub(crate) fn find(&self, wanted: impl Fn(&T) -> bool) -> Vec<(Ticks, u32)> {
        let matches = |key: &u128| self.slots[*key as u32 as usize].as_ref().is_some_and(&wanted);
        let mut keys: Vec<u128> = self.heap.iter().map(|&Reverse(key)| key).filter(matches).collect();
        // In the order of scheduling, whatever their times.
        keys.sort_unstable_by_key(|key| key << 48);
        keys.into_iter().map(|key| (Ticks::new((key >> 80) as u64), key as u32)).collect()
    }

    pub(crate) fn get(&self, slot: u32) -> Option<&T> {
        self.slots[slot as usize].as_ref()
    }

    /// Takes an event out, wherever it is in the order. Its key stays until it comes up or until half of all keys are
    /// such: removed timers cost nothing in the long run.
    pub(crate) fn remove(&mut self, slot: u32) -> Option<T> {
        let item = self.slots[slot as usize].take()?;
        self.stale += 1;
        if self.stale > 64 && self.stale * 2 > self.heap.len() {
            let Self { heap, slots, free, stale, .. } = self;
            heap.retain(|&Reverse(key)| {
                let slot = key as u32;
                let kept = slots[slot as usize].is_some();
                if !kept {
                    free.push(slot);
                }
                kept
            });
            *stale = 0;
        }
        Some(item)
    }

    pub(crate) fn clear(&mut self) {
        self.heap.clear();
        self.slots.clear();
        self.free.clear();
        self.sequence = 0;
        self.stale = 0;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_removed_event_comes_up_empty() {
        let mut queue = Queue::default();
        queue.push(Ticks::new(1), 'a');
        queue.push(Ticks::new(2), 'b');
        let found = queue.find(|&item| item == 'a');
        assert_eq!(found, [(Ticks::new(1), 0)]);
        assert_eq!(queue.remove(0), Some('a'));
        assert_eq!(queue.pop(), Some(None));
        assert_eq!(queue.next_at(), Some(Ticks::new(2)));
        assert_eq!(queue.pop(), Some(Some('b')));
        assert_eq!(queue.pop(), None);
    }

    #[test]
    fn removed_events_do_not_pile_up() {
        let mut queue = Queue::default();
        queue.push(Ticks::new(5), 0);
        for number in 1..10_000 {
            let slot = queue.push(Ticks::new(1_000_000), number);
            assert_eq!(queue.remove(slot), Some(number));
        }
        assert_eq!(queue.len(), 1);
        assert!(queue.heap.len() < 200, "{}", queue.heap.len());
        assert!(queue.slots.len() < 200, "{}", queue.slots.len());
        assert_eq!(queue.pop(), Some(Some(0)));
    }

    proptest! {
        #[test]
        fn events_come_by_time_and_within_a_tick_as_scheduled(
            steps in prop::collection::vec((0..5, 0_u64..6), 0..200),
        ) {
            let mut queue = Queue::default();
            let mut model: Vec<(u64, usize)> = Vec::new();
            for (number, (kind, at)) in steps.into_iter().enumerate() {
                let push = kind < 3;
                if push {
                    queue.push(Ticks::new(at), number);
                    model.push((at, number));
                } else {
                    model.sort_unstable();
                    let expected = (!model.is_empty()).then(|| Some(model.remove(0).1));
                    prop_assert_eq!(queue.pop(), expected);
                }
            }
            prop_assert_eq!(queue.len(), model.len());
        }
    }
}
