//! What is pending, by the ticks that are left until it is due.

/// A pending event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Item {
    /// A process starts.
    Start {
        process: u16,
    },
    /// Its application does.
    Begin {
        process: u16,
    },
    /// The rank is that in the order of sending among those of its channel, where it matters.
    Message {
        from: u16,
        to: u16,
        message: u32,
        rank: u16,
    },
    /// A message that does not reach its receiver, which was down since it was sent.
    Doomed {
        from: u16,
        to: u16,
        rank: u16,
    },
    /// A message that was lost with its sender: those behind it come no sooner.
    Gap {
        from: u16,
        to: u16,
    },
    Timer {
        process: u16,
        timer: u32,
    },
    Report {
        observer: u16,
        of: u16,
    },
    Request {
        process: u16,
        request: u32,
    },
    Restart {
        process: u16,
    },
}

impl Item {
    /// From whom to whom it goes, if it is, or was, a message.
    fn channel(self) -> Option<(u16, u16)> {
        match self {
            Self::Message { from, to, .. } | Self::Doomed { from, to, .. } | Self::Gap { from, to } => Some((from, to)),
            _ => None,
        }
    }

    /// From whom to whom it goes and its rank, if it is a message in flight.
    fn flight(self) -> Option<(u16, u16, u16)> {
        match self {
            Self::Message { from, to, rank, .. } | Self::Doomed { from, to, rank } => Some((from, to, rank)),
            _ => None,
        }
    }
}

/// All that is pending, each with the ticks until it is due, in the order in which it will come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Calendar {
    entries: Vec<(u64, Item)>,
}

impl Calendar {
    pub(super) fn first(&self) -> Option<(u64, Item)> {
        self.entries.first().copied()
    }

    /// Behind all that is due in the same tick.
    pub(super) fn put(&mut self, after: u64, item: Item) {
        let place = self.entries.partition_point(|(other, _)| *other <= after);
        self.entries.insert(place, (after, item));
    }

    /// The first is taken out, and time is where it is due. Returns how many ticks that was.
    pub(super) fn take(&mut self) -> Option<(u64, Item)> {
        let first = self.first()?;
        self.entries.remove(0);
        self.pass(first.0);
        if let Some((from, to, rank)) = first.1.flight() {
            self.close_ranks(from, to, rank);
        }
        Some(first)
    }

    /// So many ticks pass, with nothing due in them.
    pub(super) fn pass(&mut self, ticks: u64) {
        for (after, _) in &mut self.entries {
            *after -= ticks;
        }
    }

    pub(super) fn items(&self) -> impl Iterator<Item = Item> + use<'_> {
        self.entries.iter().map(|(_, item)| *item)
    }

    /// Those for which there is something instead, or nothing any more.
    pub(super) fn replace(&mut self, with: impl Fn(Item) -> Option<Item>) {
        self.entries.retain_mut(|(_, item)| with(*item).map(|other| *item = other).is_some());
    }

    /// When the last message of a channel arrives; now, if there is none.
    pub(super) fn last_arrival(&self, from: u16, to: u16) -> u64 {
        let of = self.entries.iter().filter(|(_, item)| item.channel() == Some((from, to)));
        of.map(|(after, _)| *after).max().unwrap_or(0)
    }

    /// When the last message in flight from one to another arrives, if there is any.
    pub(super) fn last_in_flight(&self, from: u16, to: u16) -> Option<u64> {
        let is_of = |item: Item| item.flight().is_some_and(|(sender, receiver, _)| (sender, receiver) == (from, to));
        self.entries.iter().filter(|(_, item)| is_of(*item)).map(|(after, _)| *after).max()
    }

    /// How many messages are in flight from one to another.
    pub(super) fn in_flight(&self, from: u16, to: u16) -> u16 {
        let is_of = |item: Item| item.flight().is_some_and(|(sender, receiver, _)| (sender, receiver) == (from, to));
        self.items().filter(|item| is_of(*item)).count() as u16
    }

    /// Loses so many of the messages that were sent last from one to another; on a FIFO channel a gap is left.
    pub(super) fn lose_last(&mut self, from: u16, to: u16, count: u64, is_fifo: bool) {
        let is_of = |item: Item| item.flight().is_some_and(|(sender, receiver, _)| (sender, receiver) == (from, to));
        for nth in 0..count {
            let of = self.entries.iter().enumerate().filter(|(_, (_, item))| is_of(*item));
            // Without ranks, they are in the order of sending.
            let last = of.max_by_key(|(place, (_, item))| (item.flight().map(|(.., rank)| rank), *place));
            let Some((place, _)) = last else { return };
            if is_fifo && nth == 0 {
                self.entries[place].1 = Item::Gap { from, to };
            } else {
                self.entries.remove(place);
            }
        }
    }

    fn close_ranks(&mut self, from: u16, to: u16, gone: u16) {
        for (_, item) in &mut self.entries {
            if let Item::Message { from: sender, to: receiver, rank, .. }
            | Item::Doomed { from: sender, to: receiver, rank } = item
            {
                if (*sender, *receiver) == (from, to) && *rank > gone {
                    *rank -= 1;
                }
            }
        }
    }

    /// What it takes, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.entries.capacity() * size_of::<(u64, Item)>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(message: u32, rank: u16) -> Item {
        Item::Message { from: 0, to: 1, message, rank }
    }

    #[test]
    fn what_is_due_in_one_tick_comes_in_the_order_of_scheduling() {
        let mut calendar = Calendar::default();
        for (after, number) in [(2, 0), (1, 1), (2, 2), (1, 3)] {
            calendar.put(after, message(number, 0));
        }
        let order: Vec<_> = std::iter::from_fn(|| calendar.take()).collect();
        let expected = [(1, 1), (0, 3), (1, 0), (0, 2)];
        assert_eq!(order, expected.map(|(after, number)| (after, message(number, 0))));
    }

    #[test]
    fn the_last_to_be_sent_are_lost_whenever_they_would_arrive() {
        let mut calendar = Calendar::default();
        for (after, number) in [(9, 0), (3, 1), (5, 2)] {
            calendar.put(after, message(number, number as u16));
        }
        calendar.lose_last(0, 1, 2, false);
        assert_eq!(calendar.items().collect::<Vec<_>>(), [message(0, 0)]);
    }

    #[test]
    fn a_gap_holds_back_what_is_behind_it_and_is_no_message() {
        let mut calendar = Calendar::default();
        calendar.put(4, message(0, 0));
        calendar.put(7, message(1, 0));
        calendar.lose_last(0, 1, 1, true);
        assert_eq!((calendar.last_arrival(0, 1), calendar.last_in_flight(0, 1)), (7, Some(4)));
    }

    #[test]
    fn ranks_close_when_one_arrives() {
        let mut calendar = Calendar::default();
        for (after, number) in [(3, 0), (1, 1), (5, 2)] {
            calendar.put(after, message(number, number as u16));
        }
        calendar.take();
        assert_eq!(calendar.items().collect::<Vec<_>>(), [message(0, 0), message(2, 1)]);
    }
}
