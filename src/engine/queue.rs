use super::few::{FEW, Few};
use super::wheel::{LAST, Wheel};
use crate::model::Ticks;

/// The pending events, in a total order: by time, and within a tick in the order in which they were scheduled.
///
/// As long as there are few, each is put in its place, which nothing beats; what finds no room there, and what comes
/// after it, is in a wheel, whose price does not grow with how many there are. Measured against a sorted vector of keys
/// before the wheel: with 10,000 events pending in ten ticks that took twice as long, in millions of ticks as long.
#[derive(Clone, Debug)]
pub(crate) struct Queue<T> {
    /// They are before all others.
    few: Few<T>,
    wheel: Wheel<T>,
    /// By its ticket, whether an event was removed.
    removed: Vec<bool>,
    /// Tickets that no event has.
    tickets: Vec<u32>,
    /// How many events are only there to be skipped.
    stale: usize,
    /// With how many events in the wheel there may be too many, and whether there may have been.
    most: u64,
    is_above: bool,
}

/// What may be removed has a ticket, which the queue gave it.
pub(crate) trait Removable {
    fn ticket(&self) -> Option<u32>;
}

/// Whether an event was not removed. If it was, its ticket is free.
fn is_kept<T: Removable>(item: &T, removed: &mut [bool], tickets: &mut Vec<u32>) -> bool {
    match item.ticket() {
        Some(ticket) if removed[ticket as usize] => {
            removed[ticket as usize] = false;
            tickets.push(ticket);
            false
        }
        _ => true,
    }
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self {
            few: Few::default(),
            wheel: Wheel::default(),
            removed: Vec::new(),
            tickets: Vec::new(),
            stale: 0,
            most: u64::MAX,
            is_above: false,
        }
    }
}

impl<T: Removable> Queue<T> {
    /// Schedules an event. What is later than any run lasts is kept and never comes up.
    pub(crate) fn push(&mut self, at: Ticks, item: T, now: Ticks) {
        self.push_soon(at.min(Ticks::new(LAST)), item, now);
    }

    /// Schedules an event that is before the end of time; tells whether [there may be too many](Self::is_above) with
    /// it.
    #[inline(always)]
    pub(crate) fn push_soon(&mut self, at: Ticks, item: T, now: Ticks) -> bool {
        debug_assert!((now..=Ticks::new(LAST)).contains(&at), "a tick that is over, or that never comes");
        let at = at.get();
        // No call takes the event along: it would have to pass through memory, and be read from there too soon.
        if at < self.wheel.earliest() {
            match self.few.last_at_if_full() {
                None => {
                    *self.few.place(at) = Some(item);
                    return false;
                }
                Some(last) if at < last => {
                    self.put_back(now);
                    *self.few.place(at) = Some(item);
                    return self.look_whether_above();
                }
                Some(_) => self.wheel.prepare(at, now.get()),
            }
        }
        self.wheel.push(at, item);
        self.look_whether_above()
    }

    /// The last of the few goes into the wheel.
    #[cold]
    #[inline(never)]
    fn put_back(&mut self, now: Ticks) {
        if let Some((at, item)) = self.few.pop_last() {
            self.wheel.push_first(at, item, now.get());
        }
    }

    #[inline(always)]
    fn look_whether_above(&mut self) -> bool {
        let is_above = self.wheel.len() as u64 >= self.most;
        if is_above {
            self.is_above = true;
        }
        is_above
    }

    /// Schedules an event that is given a ticket, by which it can be removed until it comes up.
    #[inline(always)]
    pub(crate) fn push_removable(&mut self, at: Ticks, make: impl FnOnce(u32) -> T, now: Ticks) -> u32 {
        let ticket = self.tickets.pop().unwrap_or_else(|| {
            self.removed.push(false);
            (self.removed.len() - 1) as u32
        });
        self.push_soon(at.min(Ticks::new(LAST)), make(ticket), now);
        ticket
    }

    /// When the next event is. What was removed is none.
    #[inline(always)]
    pub(crate) fn next_at(&mut self) -> Option<Ticks> {
        if let Some(at) = self.few.first_at() {
            return Some(Ticks::new(at));
        }
        if self.wheel.due_at().is_none() {
            self.look_ahead();
        }
        self.wheel.due_at().map(Ticks::new)
    }

    /// What is put in before this tick is before all others.
    #[inline(always)]
    pub(crate) fn soonest(&self) -> Ticks {
        Ticks::new(self.few.first_at().unwrap_or(self.wheel.earliest()))
    }

    /// Looks for the next event in the wheel. Nothing that was removed is ever due.
    #[inline(never)]
    fn look_ahead(&mut self) {
        loop {
            self.wheel.turn();
            if self.stale == 0 || self.wheel.due_at().is_none() {
                return;
            }
            self.skip_removed();
            if self.wheel.due_at().is_some() {
                return;
            }
        }
    }

    #[cold]
    #[inline(never)]
    fn skip_removed(&mut self) {
        let Self { wheel, removed, tickets, stale, .. } = self;
        wheel.retain_due(|item| {
            let is_kept = is_kept(item, removed, tickets);
            *stale -= usize::from(!is_kept);
            is_kept
        });
    }

    /// Takes the event that [`next_at`](Self::next_at) has just told of. If it has a ticket, that is to be
    /// [given back](Self::give_back).
    #[inline(always)]
    pub(crate) fn take(&mut self) -> Option<T> {
        match self.few.pop() {
            Some(place) => place.take(),
            None => self.wheel.pop(),
        }
    }

    /// The same if it is one of the few: where it is, to be taken from there. What it is can so be seen before it is
    /// moved, and then moved field by field.
    #[inline(always)]
    pub(crate) fn at_hand(&mut self) -> Option<&mut Option<T>> {
        self.few.pop()
    }

    /// The same if it is none of the few.
    #[inline(always)]
    pub(crate) fn take_due(&mut self) -> Option<T> {
        if self.few.len() == 0 { self.wheel.pop() } else { None }
    }

    /// The event with this ticket was taken.
    #[inline]
    pub(crate) fn give_back(&mut self, ticket: u32) {
        self.tickets.push(ticket);
    }

    /// From now on [`is_above`](Self::is_above) tells whether there may have been more than so many events at once.
    pub(crate) fn tell_above(&mut self, most: u64) {
        self.most = most.saturating_add(1).saturating_sub(FEW as u64);
        self.is_above = false;
        self.look_whether_above();
    }

    #[inline]
    pub(crate) fn is_above(&self) -> bool {
        self.is_above
    }

    /// How many events there are.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.kept() - self.stale
    }

    fn kept(&self) -> usize {
        self.few.len() + self.wheel.len()
    }

    /// All events, each with its time, in no order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Ticks, &T)> {
        let is_kept = |item: &T| item.ticket().is_none_or(|ticket| !self.removed[ticket as usize]);
        let in_wheel = self.wheel.iter().filter(move |(_, item)| is_kept(item));
        self.few.iter().chain(in_wheel).map(|(at, item)| (Ticks::new(at), item))
    }

    /// Takes out the event with this ticket, which is at this time. One in the wheel stays to be skipped until it would
    /// come up or until half of all are such: removed timers cost nothing in the long run.
    pub(crate) fn remove(&mut self, ticket: u32, at: Ticks) {
        if self.few.remove(|item| item.ticket() == Some(ticket)) {
            self.tickets.push(ticket);
            return;
        }
        self.removed[ticket as usize] = true;
        self.stale += 1;
        if self.wheel.due_at() == Some(at.get().min(LAST)) {
            self.skip_removed();
        } else if self.stale > 64 && self.stale * 2 > self.kept() {
            self.remove_where(|_| false);
        }
    }

    /// Takes out all events like this, which have no tickets, and those that are only there to be skipped. It looks at
    /// all.
    pub(crate) fn remove_where(&mut self, mut is_gone: impl FnMut(&T) -> bool) {
        self.few.retain(|item| !is_gone(item));
        let Self { wheel, removed, tickets, .. } = self;
        wheel.retain(|item| is_kept(item, removed, tickets) && !is_gone(item));
        self.stale = 0;
    }

    pub(crate) fn clear(&mut self) {
        self.few.clear();
        self.wheel.clear();
        self.removed.clear();
        self.tickets.clear();
        self.stale = 0;
        self.is_above = false;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    impl Removable for (usize, Option<u32>) {
        fn ticket(&self) -> Option<u32> {
            self.1
        }
    }

    type Numbers = Queue<(usize, Option<u32>)>;

    fn push_removable(queue: &mut Numbers, at: u64, number: usize, now: u64) -> u32 {
        queue.push_removable(Ticks::new(at), |ticket| (number, Some(ticket)), Ticks::new(now))
    }

    #[test]
    fn a_removed_event_does_not_come_up() {
        let mut queue = Numbers::default();
        let ticket = push_removable(&mut queue, 1, 7, 0);
        queue.push(Ticks::new(2), (8, None), Ticks::ZERO);
        queue.remove(ticket, Ticks::new(1));
        assert_eq!(pop(&mut queue), Some((Ticks::new(2), 8)));
        assert_eq!(queue.next_at(), None);
    }

    #[test]
    fn removed_events_do_not_pile_up() {
        let mut queue = Numbers::default();
        queue.push(Ticks::new(5), (0, None), Ticks::ZERO);
        for number in 1..10_000 {
            let ticket = push_removable(&mut queue, 1_000_000, number, 0);
            queue.remove(ticket, Ticks::new(1_000_000));
        }
        assert_eq!(queue.len(), 1);
        assert!(queue.kept() < 200, "{}", queue.kept());
        assert!(queue.removed.len() < 200, "{}", queue.removed.len());
        assert_eq!(pop(&mut queue), Some((Ticks::new(5), 0)));
    }

    #[test]
    fn a_ticket_that_is_given_back_is_given_out_again() {
        let mut queue = Numbers::default();
        for number in 0..1_000 {
            push_removable(&mut queue, 1, number, 1);
            assert_eq!(pop(&mut queue), Some((Ticks::new(1), number)));
        }
        assert_eq!(queue.removed.len(), 1);
    }

    #[test]
    fn more_events_than_so_many_are_told_of_and_far_fewer_are_not() {
        const MOST: usize = 100;
        let mut queue = Numbers::default();
        queue.tell_above(MOST as u64);
        for number in 0..MOST - FEW {
            queue.push(Ticks::new(number as u64), (number, None), Ticks::ZERO);
            assert!(!queue.is_above(), "with {number}");
        }
        let mut told = false;
        for number in MOST - FEW..=MOST {
            told |= queue.push_soon(Ticks::new(number as u64), (number, None), Ticks::ZERO);
        }
        assert!(told && queue.is_above());
        while pop(&mut queue).is_some() {}
        assert!(queue.is_above(), "there were");
        queue.tell_above(MOST as u64);
        assert!(!queue.is_above(), "not from now on");
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
    fn pop(queue: &mut Numbers) -> Option<(Ticks, usize)> {
        let at = queue.next_at()?;
        let (number, ticket) = queue.take().expect("what is next is there");
        if let Some(ticket) = ticket {
            queue.give_back(ticket);
        }
        Some((at, number))
    }

    #[derive(Clone, Copy, Debug)]
    enum Step {
        /// So long from now.
        Push(u64),
        Pop,
        /// Looks ahead, and does not go there.
        Peek,
        Remove(usize),
        Clear,
    }

    fn steps(most: u64, many: usize) -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            60 => (0..=most).prop_map(Step::Push),
            35 => Just(Step::Pop),
            5 => Just(Step::Peek),
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
            let (mut queue, mut model) = (Numbers::default(), Model::default());
            let mut tickets = std::collections::BTreeMap::new();
            let mut now = 0;
            for (number, step) in steps.into_iter().enumerate() {
                match step {
                    Step::Push(after) => {
                        let at = now + after;
                        if number % 3 == 0 {
                            tickets.insert(number, (push_removable(&mut queue, at, number, now), Ticks::new(at)));
                        } else {
                            queue.push(Ticks::new(at), (number, None), Ticks::new(now));
                        }
                        model.0.push((at.min((1 << 48) - 1), number));
                    }
                    Step::Pop => {
                        let popped = pop(&mut queue);
                        now = popped.map_or(now, |(at, _)| at.get());
                        prop_assert_eq!(popped.map(|(_, number)| number), model.pop());
                    }
                    Step::Peek => {
                        let next = model.0.iter().min().map(|&(at, _)| Ticks::new(at));
                        prop_assert_eq!(queue.next_at(), next);
                    }
                    Step::Remove(which) if !model.0.is_empty() => {
                        let (_, number) = model.0.remove(which % model.0.len());
                        match tickets.get(&number) {
                            Some(&(ticket, at)) => queue.remove(ticket, at),
                            None => queue.remove_where(|&(other, _)| other == number),
                        }
                    }
                    Step::Remove(_) => {}
                    Step::Clear => {
                        queue.clear();
                        model.0.clear();
                        now = 0;
                    }
                }
                prop_assert_eq!(queue.len(), model.0.len());
                let mut kept: Vec<_> = queue.iter().map(|(at, &(number, _))| (at.get(), number)).collect();
                kept.sort_unstable_by_key(|&(_, number)| number);
                prop_assert_eq!(&kept, &model.0);
            }
            while let Some(expected) = model.pop() {
                prop_assert_eq!(pop(&mut queue).map(|(_, number)| number), Some(expected));
            }
            prop_assert_eq!(queue.next_at(), None);
        }
    }
}
