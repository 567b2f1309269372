use std::collections::{BTreeMap, VecDeque};

use crate::engine::{MessageId, Observer, Violation, World};
use crate::model::{Effect, Event, Process, ProcessId, Ticks};

/// What is owed to whom, and since when. An obligation is overdue when more ticks than the bound have passed since the
/// later of its start and the last fault: a fault gives everyone a new start.
///
/// Starting, meeting and asking for what is overdue take O(log n) of the obligations open.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Obligations<K> {
    bound: Ticks,
    /// Of each open obligation its serial number.
    open: BTreeMap<(ProcessId, K), u64>,
    /// All that were started, by age; those that were met meanwhile are dropped when they come to the front and it
    /// matters, or when there are too many.
    queue: VecDeque<(Ticks, ProcessId, K, u64)>,
    serial: u64,
}

impl<K: Ord + Clone> Obligations<K> {
    /// None, each to be met within `bound` ticks.
    pub fn new(bound: Ticks) -> Self {
        Self { bound, open: BTreeMap::new(), queue: VecDeque::new(), serial: 0 }
    }

    /// Something is owed to a process from `now` on. What is owed already stays as old as it is.
    pub fn start(&mut self, process: ProcessId, what: K, now: Ticks) {
        if self.queue.len() > 64 + 2 * self.open.len() {
            let open = &self.open;
            self.queue.retain(|(_, process, what, serial)| open.get(&(*process, what.clone())) == Some(serial));
        }
        let serial = self.serial;
        self.open.entry((process, what.clone())).or_insert_with(|| {
            self.queue.push_back((now, process, what, serial));
            serial
        });
        self.serial += 1;
    }

    /// It has been met.
    pub fn meet(&mut self, process: ProcessId, what: K) {
        self.open.remove(&(process, what));
    }

    /// Nothing is owed to this process any more.
    pub fn forget(&mut self, process: ProcessId) {
        self.open.retain(|(whose, _), _| *whose != process);
    }

    /// Whether anything is owed.
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// What is owed to a process.
    pub fn of(&self, process: ProcessId) -> impl Iterator<Item = &K> {
        self.open.keys().filter(move |(whose, _)| *whose == process).map(|(_, what)| what)
    }

    /// The oldest that is open, and since when.
    pub fn oldest(&mut self) -> Option<(Ticks, ProcessId, &K)> {
        while let Some((_, process, what, serial)) = self.queue.front() {
            if self.open.get(&(*process, what.clone())) == Some(serial) {
                break;
            }
            self.queue.pop_front();
        }
        self.queue.front().map(|(since, process, what, _)| (*since, *process, what))
    }

    /// Whether it is too early for any to be overdue, as it nearly always is.
    #[inline(always)]
    pub(crate) fn is_early(&self, now: Ticks, last_fault: Ticks) -> bool {
        // Met or not, the first is the oldest.
        self.queue.front().is_none_or(|(first, ..)| now <= (*first).max(last_fault) + self.bound)
    }

    /// The oldest that is open, if it is overdue.
    pub fn overdue(&mut self, now: Ticks, last_fault: Ticks) -> Option<(Ticks, ProcessId, &K)> {
        if self.is_early(now, last_fault) {
            return None;
        }
        let bound = self.bound;
        self.oldest().filter(|(since, ..)| now > (*since).max(last_fault) + bound)
    }

    /// Back to none.
    pub fn clear(&mut self) {
        self.open.clear();
        self.queue.clear();
    }
}

/// A liveness property: whatever `asks` finds in an event of a process must be found by `grants` in an effect of that
/// process, at most `bound` ticks after the later of the event and the last fault. What a process that crashes was
/// waiting for is forgotten. If a run comes to its end before, because nothing is left to happen, that is a violation
/// too; a run that is cut off is none, and no proof either.
///
/// ```
/// use jeton::property::eventually;
/// use jeton::{Ticks, model::{Effect, Event}};
/// # use jeton::Process;
/// # fn f<P: Process<Request = u32, Indication = u32>>() -> impl jeton::engine::Observer<P> {
/// // Every request `n` is answered by the indication `n` within 100 ticks.
/// eventually(
///     "answered",
///     Ticks::new(100),
///     |event: &Event<P>| match event { Event::Request(n) => Some(*n), _ => None },
///     |effect: &Effect<P>| match effect { Effect::Indicate { indication } => Some(*indication), _ => None },
/// )
/// # }
/// ```
pub fn eventually<P, K, A, G>(name: &'static str, bound: Ticks, asks: A, grants: G) -> Eventually<K, A, G>
where
    P: Process,
    K: Ord + Clone + std::fmt::Debug,
    A: FnMut(&Event<P>) -> Option<K>,
    G: FnMut(&Effect<P>) -> Option<K>,
{
    Eventually { name, owed: Obligations::new(bound), asks, grants }
}

/// See [`eventually`].
#[derive(Clone, Debug)]
pub struct Eventually<K, A, G> {
    name: &'static str,
    owed: Obligations<K>,
    asks: A,
    grants: G,
}

impl<P, K, A, G> Observer<P> for Eventually<K, A, G>
where
    P: Process,
    K: Ord + Clone + std::fmt::Debug,
    A: FnMut(&Event<P>) -> Option<K>,
    G: FnMut(&Effect<P>) -> Option<K>,
{
    fn event(&mut self, process: ProcessId, event: &Event<P>, _message: Option<MessageId>, world: &World<P>) {
        if let Some(what) = (self.asks)(event) {
            self.owed.start(process, what, world.now());
        }
    }

    fn effect(&mut self, process: ProcessId, effect: &Effect<P>, _message: Option<MessageId>, _world: &World<P>) {
        if let Some(what) = (self.grants)(effect) {
            self.owed.meet(process, what);
        }
    }

    fn crashed(&mut self, process: ProcessId, _world: &World<P>) {
        self.owed.forget(process);
    }

    fn check(&mut self, world: &World<P>) -> Result<(), Violation> {
        match self.owed.overdue(world.now(), world.last_fault()) {
            None => Ok(()),
            Some((since, process, what)) => {
                let explanation = format!("{process} has waited for {what:?} since tick {since}");
                Err(world.violation(self.name, vec![process], explanation))
            }
        }
    }

    fn end(&mut self, world: &World<P>) -> Result<(), Violation> {
        match self.owed.oldest() {
            None => Ok(()),
            Some((since, process, what)) => {
                let explanation =
                    format!("{process} has waited for {what:?} since tick {since}, and nothing is left to happen");
                Err(world.violation(self.name, vec![process], explanation))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const P: ProcessId = ProcessId::new(0);
    const Q: ProcessId = ProcessId::new(1);

    #[test]
    fn an_obligation_is_overdue_only_past_its_bound() {
        let mut owed = Obligations::new(Ticks::new(10));
        owed.start(P, 'a', Ticks::new(5));
        assert_eq!(owed.overdue(Ticks::new(15), Ticks::ZERO), None);
        assert_eq!(owed.overdue(Ticks::new(16), Ticks::ZERO), Some((Ticks::new(5), P, &'a')));
    }

    #[test]
    fn what_is_left_when_the_first_was_met_is_overdue_only_past_its_own_bound() {
        let mut owed = Obligations::new(Ticks::new(10));
        owed.start(P, 'a', Ticks::new(1));
        owed.start(Q, 'b', Ticks::new(5));
        owed.meet(P, 'a');
        assert_eq!(owed.overdue(Ticks::new(15), Ticks::ZERO), None);
        assert_eq!(owed.overdue(Ticks::new(16), Ticks::ZERO), Some((Ticks::new(5), Q, &'b')));
    }

    #[test]
    fn a_fault_gives_a_new_start() {
        let mut owed = Obligations::new(Ticks::new(10));
        owed.start(P, 'a', Ticks::new(5));
        assert_eq!(owed.overdue(Ticks::new(30), Ticks::new(20)), None);
        assert!(owed.overdue(Ticks::new(31), Ticks::new(20)).is_some());
    }

    #[test]
    fn what_was_met_or_forgotten_is_not_owed_and_the_next_is_the_oldest() {
        let mut owed = Obligations::new(Ticks::new(10));
        owed.start(P, 'a', Ticks::new(1));
        owed.start(Q, 'a', Ticks::new(2));
        owed.start(Q, 'b', Ticks::new(3));
        owed.meet(P, 'a');
        assert_eq!(owed.oldest(), Some((Ticks::new(2), Q, &'a')));
        owed.meet(Q, 'a');
        owed.start(Q, 'a', Ticks::new(9));
        assert_eq!(owed.oldest(), Some((Ticks::new(3), Q, &'b')), "the second 'a' is younger than 'b'");
        owed.forget(Q);
        assert!(owed.is_empty() && owed.oldest().is_none());
    }

    #[test]
    fn what_was_met_does_not_pile_up() {
        let mut owed = Obligations::new(Ticks::MAX);
        owed.start(Q, 'b', Ticks::ZERO);
        for tick in 1..10_000 {
            owed.start(P, 'a', Ticks::new(tick));
            owed.meet(P, 'a');
            assert_eq!(owed.overdue(Ticks::new(tick), Ticks::ZERO), None);
        }
        assert!(owed.queue.len() < 100, "{}", owed.queue.len());
        assert_eq!(owed.oldest(), Some((Ticks::ZERO, Q, &'b')));
    }

    #[test]
    fn asking_again_does_not_make_it_younger() {
        let mut owed = Obligations::new(Ticks::new(10));
        owed.start(P, 'a', Ticks::new(1));
        owed.start(P, 'a', Ticks::new(8));
        assert_eq!(owed.oldest(), Some((Ticks::new(1), P, &'a')));
    }

    #[test]
    fn what_is_owed_to_a_process_is_told_of_that_one_until_all_is_cleared() {
        let mut owed = Obligations::new(Ticks::new(10));
        owed.start(P, 'a', Ticks::new(1));
        owed.start(Q, 'b', Ticks::new(2));
        owed.start(P, 'c', Ticks::new(3));
        assert_eq!(owed.of(P).collect::<Vec<_>>(), [&'a', &'c']);
        owed.forget(P);
        assert_eq!((owed.of(P).count(), owed.of(Q).count(), owed.is_empty()), (0, 1, false));
        owed.clear();
        assert!(owed.is_empty() && owed.of(Q).next().is_none() && owed.oldest().is_none());
        assert_eq!(owed, Obligations { serial: 3, ..Obligations::new(Ticks::new(10)) });
    }

    #[test]
    fn it_is_early_until_the_first_could_be_overdue() {
        let mut owed = Obligations::new(Ticks::new(10));
        assert!(owed.is_early(Ticks::MAX, Ticks::ZERO), "nothing is owed");
        owed.start(P, 'a', Ticks::new(5));
        assert!(owed.is_early(Ticks::new(15), Ticks::ZERO) && !owed.is_early(Ticks::new(16), Ticks::ZERO));
        assert!(owed.is_early(Ticks::new(18), Ticks::new(8)) && !owed.is_early(Ticks::new(19), Ticks::new(8)));
    }
}
