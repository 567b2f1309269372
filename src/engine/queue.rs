use super::wheel::{Key, Wheel};
use crate::model::Ticks;

/// The pending events, in a total order: by time, and within a tick in the order in which they were scheduled.
///
/// The next ones are in a sorted vector, which nothing beats while they are few; what is later than all of those is in
/// a wheel, and refills the vector a bucket at a time. So the price of an event does not grow with how many are
/// pending. What is pending stays where it is: only keys are moved.
#[derive(Clone, Debug)]
pub(crate) struct Queue<T> {
    /// The next key, [none](Key::NONE) also where the wheel must be asked. Never of what was removed.
    front: Key,
    /// What it stands for, if that came to the front at once: with one event at a time, as in a ring with one token,
    /// all do. Else it is free.
    at_hand: Slot<T>,
    /// The keys between the next one and the horizon, in order, from `head` on.
    near: Vec<Key>,
    head: usize,
    /// Keys from this [rank](Key::rank) on are in the wheel.
    horizon: u64,
    wheel: Wheel,
    slots: Vec<Slot<T>>,
    /// The first free slot.
    free: u32,
    sequence: u64,
    /// How many keys stand for something that was removed.
    stale: usize,
    /// How many events there may be at once before that is told, and whether there may have been more.
    most: u64,
    is_above: bool,
}

#[derive(Clone, Debug)]
enum Slot<T> {
    Pending(T),
    /// Its key is still about.
    Removed,
    /// The next free one.
    Free(u32),
}

/// No slot: the place of what is at hand.
const NONE: u32 = u32::MAX;

impl<T> Slot<T> {
    fn item(&self) -> Option<&T> {
        match self {
            Self::Pending(item) => Some(item),
            Self::Removed | Self::Free(_) => None,
        }
    }
}

/// More keys than this are not kept sorted if they can be parted. Measured with 10 to 10,000 pending: a longer vector
/// moves more memory at each insertion, a shorter one is refilled too often.
const NEAR_MAX: usize = 48;

/// Above any rank of a key.
const NEVER: u64 = u64::MAX;

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self {
            front: Key::NONE,
            at_hand: Slot::Free(NONE),
            near: Vec::new(),
            head: 0,
            horizon: NEVER,
            wheel: Wheel::default(),
            slots: Vec::new(),
            free: NONE,
            sequence: 0,
            stale: 0,
            most: u64::MAX,
            is_above: false,
        }
    }
}

impl<T> Queue<T> {
    /// Schedules an event. What is later than any run lasts is kept and never comes up.
    pub(crate) fn push(&mut self, at: Ticks, item: T) {
        self.push_soon(at.min(Key::LATEST), item);
    }

    /// Schedules an event that is not later than [`Key::LATEST`].
    #[inline(always)]
    pub(crate) fn push_soon(&mut self, at: Ticks, item: T) {
        let key = self.next_key(at);
        if self.front.is_some() || key.rank() >= self.horizon {
            self.push_among(key, item);
        } else {
            self.front = key;
            self.at_hand = Slot::Pending(item);
        }
    }

    /// Schedules an event where there are others.
    #[inline(always)]
    fn push_among(&mut self, key: Key, item: T) {
        if key < self.front && key.rank() < self.horizon {
            self.put_back();
            self.front = key;
            self.at_hand = Slot::Pending(item);
        } else {
            let slot = self.place(item);
            self.insert(key.with_slot(slot));
        }
    }

    /// Schedules an event and tells its place, by which it can be removed until it comes up.
    pub(crate) fn push_removable(&mut self, at: Ticks, item: T) -> u32 {
        let slot = self.place(item);
        let key = self.next_key(at.min(Key::LATEST)).with_slot(slot);
        if key < self.front && key.rank() < self.horizon {
            self.put_back();
            self.front = key;
        } else {
            self.insert(key);
        }
        slot
    }

    #[inline(always)]
    fn next_key(&mut self, at: Ticks) -> Key {
        self.sequence += 1;
        Key::new(at, self.sequence, NONE)
    }

    #[inline(always)]
    fn place(&mut self, item: T) -> u32 {
        let slot = self.free;
        match self.slots.get_mut(slot as usize) {
            Some(free) => {
                self.free = if let Slot::Free(next) = *free { next } else { NONE };
                *free = Slot::Pending(item);
                slot
            }
            None => {
                self.slots.push(Slot::Pending(item));
                self.is_above = self.slots.len() as u64 >= self.most;
                (self.slots.len() - 1) as u32
            }
        }
    }

    /// Something earlier has come: what was next, if anything was, is among the others from now on.
    #[inline(never)]
    fn put_back(&mut self) {
        if !self.front.is_some() {
            return;
        }
        let key = match std::mem::replace(&mut self.at_hand, Slot::Free(NONE)) {
            Slot::Pending(item) => {
                let slot = self.place(item);
                self.front.with_slot(slot)
            }
            Slot::Removed | Slot::Free(_) => self.front,
        };
        if self.head > 0 {
            self.head -= 1;
            self.near[self.head] = key;
        } else {
            self.near.insert(0, key);
        }
    }

    /// Puts in a key that is not the next one.
    #[inline(always)]
    fn insert(&mut self, key: Key) {
        if key.rank() >= self.horizon {
            self.wheel.push(key);
        } else {
            self.insert_behind(key);
        }
    }

    #[inline]
    fn insert_behind(&mut self, key: Key) {
        // Most are later than nearly all that are there.
        let mut index = self.near.len();
        self.near.push(key);
        while index > self.head && self.near[index - 1] > key {
            self.near[index] = self.near[index - 1];
            index -= 1;
        }
        self.near[index] = key;
        if self.near.len() > NEAR_MAX {
            self.tidy();
        }
    }

    /// Forgets the keys that are gone, and moves the later half of too many into the wheel, if they are not all of one
    /// tick.
    #[cold]
    #[inline(never)]
    fn tidy(&mut self) {
        self.near.drain(..self.head);
        self.head = 0;
        if self.near.len() <= NEAR_MAX / 2 {
            return;
        }
        let middle = self.near[self.near.len() / 2].time().max(self.wheel.base());
        let kept = self.near.partition_point(|key| key.time() < middle);
        if kept > 0 {
            // From the next event on, so that ever more of what is to come can be parted.
            self.wheel.rest_at(self.front.time().min(middle));
            self.horizon = Key::rank_of(middle);
            for key in self.near.drain(kept..) {
                self.wheel.push(key);
            }
        }
    }

    /// The next of the sorted keys that stands for something comes to the front.
    #[inline(always)]
    fn advance(&mut self) {
        if self.near.is_empty() {
            self.front = Key::NONE;
        } else {
            self.front = self.pop_near();
            if self.stale > 0 {
                self.skip_removed();
            }
        }
    }

    /// The first of the sorted keys. When all are gone, the vector is empty.
    #[inline]
    fn pop_near(&mut self) -> Key {
        let Some(&key) = self.near.get(self.head) else { return Key::NONE };
        self.head += 1;
        if self.head == self.near.len() {
            self.near.clear();
            self.head = 0;
        }
        key
    }

    #[cold]
    #[inline(never)]
    fn skip_removed(&mut self) {
        while self.front.is_some() && self.slots[self.front.slot()].item().is_none() {
            self.release(self.front);
            self.stale -= 1;
            self.front = self.pop_near();
        }
    }

    /// The slot of a key is free.
    #[inline(always)]
    fn release(&mut self, key: Key) -> Slot<T> {
        let slot = std::mem::replace(&mut self.slots[key.slot()], Slot::Free(self.free));
        self.free = key.slot() as u32;
        slot
    }

    #[cold]
    #[inline(never)]
    fn refill(&mut self) {
        while !self.front.is_some() && self.wheel.len() > 0 {
            self.horizon = self.wheel.take_first(&mut self.near, NEAR_MAX).map_or(NEVER, Key::rank_of);
            self.near.sort_unstable();
            self.advance();
        }
        // With nothing left, anything may come first again.
        if !self.front.is_some() {
            self.horizon = NEVER;
        }
    }

    /// When the next event is. What was removed is none.
    #[inline(always)]
    pub(crate) fn next_at(&mut self) -> Option<Ticks> {
        if !self.front.is_some() {
            self.refill();
            if !self.front.is_some() {
                return None;
            }
        }
        Some(Ticks::new(self.front.time()))
    }

    /// Takes the event that [`next_at`](Self::next_at) has just told of.
    #[inline]
    pub(crate) fn take(&mut self) -> Option<T> {
        self.take_at_hand().or_else(|| self.take_from_slot())
    }

    /// Takes the next event if it came to the front at once.
    #[inline(always)]
    pub(crate) fn take_at_hand(&mut self) -> Option<T> {
        if !matches!(self.at_hand, Slot::Pending(_)) {
            return None;
        }
        // An `Option` would be copied back whole, empty as it is.
        match std::mem::replace(&mut self.at_hand, Slot::Free(NONE)) {
            Slot::Pending(item) => {
                self.advance();
                Some(item)
            }
            Slot::Removed | Slot::Free(_) => None,
        }
    }

    /// Takes the next event where none [is at hand](Self::take_at_hand).
    #[inline(always)]
    pub(crate) fn take_from_slot(&mut self) -> Option<T> {
        if !self.front.is_some() {
            return None;
        }
        let slot = self.release(self.front);
        self.advance();
        if let Slot::Pending(item) = slot { Some(item) } else { None }
    }

    /// From now on [`is_above`](Self::is_above) tells whether there may have been more than so many events at once.
    pub(crate) fn tell_above(&mut self, most: u64) {
        self.most = most;
        self.is_above = self.slots.len() as u64 >= most;
    }

    #[inline]
    pub(crate) fn is_above(&self) -> bool {
        self.is_above
    }

    /// How many events there are.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.keys() - self.stale
    }

    fn keys(&self) -> usize {
        usize::from(self.front.is_some()) + self.near.len() - self.head + self.wheel.len()
    }

    /// The pending events that `wanted` accepts, in the order of scheduling whatever their times, each with its time
    /// and place. It looks at all of them.
    pub(crate) fn find(&self, wanted: impl Fn(&T) -> bool) -> Vec<(Ticks, u32)> {
        let matches = |key: &Key| self.get(key.slot() as u32).is_some_and(&wanted);
        let mut keys: Vec<Key> = [self.front]
            .iter()
            .filter(|key| key.is_some())
            .chain(&self.near[self.head..])
            .chain(self.wheel.keys())
            .copied()
            .filter(matches)
            .collect();
        keys.sort_unstable_by_key(|key| key.sequence());
        keys.into_iter().map(|key| (Ticks::new(key.time()), key.slot() as u32)).collect()
    }

    pub(crate) fn get(&self, slot: u32) -> Option<&T> {
        if slot == NONE { self.at_hand.item() } else { self.slots[slot as usize].item() }
    }

    /// Takes an event out, wherever it is in the order. Its key stays until it comes up or until half of all keys are
    /// such: removed timers cost nothing in the long run.
    pub(crate) fn remove(&mut self, slot: u32) -> Option<T> {
        if slot == NONE || (self.front.is_some() && self.front.slot() == slot as usize) {
            return self.take();
        }
        let place = &mut self.slots[slot as usize];
        place.item()?;
        let Slot::Pending(item) = std::mem::replace(place, Slot::Removed) else { return None };
        self.stale += 1;
        if self.stale > 64 && self.stale * 2 > self.keys() {
            self.near.drain(..self.head);
            self.head = 0;
            let Self { near, wheel, slots, free, stale, .. } = self;
            let mut is_kept = |key: &Key| {
                let slot = &mut slots[key.slot()];
                let kept = slot.item().is_some();
                if !kept {
                    *slot = Slot::Free(*free);
                    *free = key.slot() as u32;
                }
                kept
            };
            near.retain(&mut is_kept);
            wheel.retain(is_kept);
            *stale = 0;
        }
        Some(item)
    }

    pub(crate) fn clear(&mut self) {
        self.front = Key::NONE;
        self.at_hand = Slot::Free(NONE);
        self.near.clear();
        self.head = 0;
        self.horizon = NEVER;
        self.wheel.clear();
        self.slots.clear();
        self.free = NONE;
        self.sequence = 0;
        self.stale = 0;
        self.is_above = false;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_removed_event_does_not_come_up() {
        let mut queue = Queue::default();
        let slot = queue.push_removable(Ticks::new(1), 'a');
        queue.push(Ticks::new(2), 'b');
        let found = queue.find(|&item| item == 'a');
        assert_eq!(found, [(Ticks::new(1), slot)]);
        assert_eq!(queue.remove(slot), Some('a'));
        assert_eq!(queue.next_at(), Some(Ticks::new(2)));
        assert_eq!(queue.take(), Some('b'));
        assert_eq!(queue.next_at(), None);
    }

    #[test]
    fn removed_events_do_not_pile_up() {
        let mut queue = Queue::default();
        queue.push(Ticks::new(5), 0);
        for number in 1..10_000 {
            let slot = queue.push_removable(Ticks::new(1_000_000), number);
            assert_eq!(queue.remove(slot), Some(number));
        }
        assert_eq!(queue.len(), 1);
        assert!(queue.keys() < 200, "{}", queue.keys());
        assert!(queue.slots.len() < 200, "{}", queue.slots.len());
        assert_eq!(pop(&mut queue), Some((Ticks::new(5), 0)));
    }

    /// What a queue is, as simply as it can be said.
    #[derive(Default)]
    struct Model(Vec<(u64, usize)>);

    impl Model {
        fn pop(&mut self) -> Option<usize> {
            let first = (0..self.0.len()).min_by_key(|&index| self.0[index])?;
            Some(self.0.remove(first).1)
        }
    }

    /// Pops what was not removed.
    fn pop(queue: &mut Queue<usize>) -> Option<(Ticks, usize)> {
        let at = queue.next_at()?;
        Some((at, queue.take().expect("what is next is there")))
    }

    #[derive(Clone, Copy, Debug)]
    enum Step {
        /// So long from now, or from the next event, at which whoever looks ahead has looked.
        Push(u64),
        Pop,
        Remove(usize),
        Clear,
    }

    fn steps(most: u64, many: usize) -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            60 => (0..=most).prop_map(Step::Push),
            35 => Just(Step::Pop),
            8 => any::<usize>().prop_map(Step::Remove),
            1 => Just(Step::Clear),
        ];
        prop::collection::vec(step, 0..many)
    }

    proptest! {
        #[test]
        fn events_come_by_time_and_within_a_tick_as_scheduled(
            steps in prop_oneof![steps(5, 300), steps(100, 1_000), steps(10_000, 1_000), steps(1 << 44, 600)],
        ) {
            let (mut queue, mut model) = (Queue::default(), Model::default());
            let mut slots = std::collections::BTreeMap::new();
            let mut now = 0;
            for (number, step) in steps.into_iter().enumerate() {
                match step {
                    Step::Push(after) => {
                        let at = now + after;
                        if number % 3 == 0 {
                            slots.insert(number, queue.push_removable(Ticks::new(at), number));
                        } else {
                            queue.push(Ticks::new(at), number);
                        }
                        model.0.push((at.min((1 << 48) - 1), number));
                    }
                    Step::Pop => {
                        let popped = pop(&mut queue);
                        now = popped.map_or(now, |(at, _)| at.get());
                        prop_assert_eq!(popped.map(|(_, number)| number), model.pop());
                    }
                    Step::Remove(which) if !model.0.is_empty() => {
                        let (_, number) = model.0.remove(which % model.0.len());
                        let found = queue.find(|&other| other == number);
                        let slot = slots.get(&number).copied().unwrap_or_else(|| found[0].1);
                        prop_assert_eq!(queue.remove(slot), Some(number));
                    }
                    Step::Remove(_) => {}
                    Step::Clear => {
                        queue.clear();
                        model.0.clear();
                        now = 0;
                    }
                }
                prop_assert_eq!(queue.len(), model.0.len());
                let found: Vec<u64> = queue.find(|_| true).into_iter().map(|(at, _)| at.get()).collect();
                prop_assert_eq!(found, model.0.iter().map(|&(at, _)| at).collect::<Vec<_>>());
            }
            while let Some(expected) = model.pop() {
                prop_assert_eq!(pop(&mut queue).map(|(_, number)| number), Some(expected));
            }
            prop_assert_eq!(queue.next_at(), None);
        }
    }
}
