//! What is on its way to one process.

use crate::engine::setup::{ChannelOrder, FromDead, ReportOrder};

/// A report that the sender of this channel crashed, at its place among the messages.
pub(super) const REPORT: u32 = u32::MAX;

/// How messages and reports may overtake each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Orders {
    pub(super) channel: ChannelOrder,
    pub(super) report: ReportOrder,
}

/// The channels to one process and the reports that it is to be told, in normal form: what may come next in any order
/// stands in one order. Messages are numbers.
///
/// A report stands in the channel from the process that it is about, behind what was in flight when that crashed. A
/// restarted process sends behind it, and what it sends may come before the report.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Inbox {
    /// The receiver.
    pub(super) to: u16,
    /// By sender; none is empty.
    channels: Vec<(u16, Vec<u32>)>,
}

impl Inbox {
    pub(super) fn new(to: u16) -> Self {
        Self { to, channels: Vec::new() }
    }

    pub(super) fn channels(&self) -> &[(u16, Vec<u32>)] {
        &self.channels
    }

    /// What is in flight from a sender, reports and all.
    pub(super) fn channel(&self, from: u16) -> &[u32] {
        self.channels.iter().find(|(sender, _)| *sender == from).map_or(&[], |(_, items)| items)
    }

    /// How many messages are in flight from a sender.
    pub(super) fn messages(&self, from: u16) -> usize {
        self.channel(from).iter().filter(|&&item| item != REPORT).count()
    }

    pub(super) fn push(&mut self, from: u16, item: u32, orders: Orders) {
        self.change(from, orders, |items| items.push(item));
    }

    pub(super) fn remove(&mut self, from: u16, index: usize, orders: Orders) {
        self.change(from, orders, |items| {
            items.remove(index);
        });
    }

    /// Puts something in the place of what is in flight from a sender.
    pub(super) fn change(&mut self, from: u16, orders: Orders, change: impl FnOnce(&mut Vec<u32>)) {
        let index = self.channels.partition_point(|(sender, _)| *sender < from);
        if self.channels.get(index).is_none_or(|(sender, _)| *sender != from) {
            self.channels.insert(index, (from, Vec::new()));
        }
        let items = &mut self.channels[index].1;
        change(items);
        orders.normalise(items);
        if items.is_empty() {
            self.channels.remove(index);
        }
    }

    /// The messages that may be handled next: their senders and their places in the channel.
    pub(super) fn deliverable(&self, orders: Orders) -> Vec<(u16, usize)> {
        let mut all = Vec::new();
        for (from, items) in &self.channels {
            for (index, item) in items.iter().enumerate().filter(|(_, item)| **item != REPORT) {
                // Of equal ones next to each other the first stands for all.
                if index == 0 || items[index - 1] != *item || orders.channel == ChannelOrder::Fifo {
                    all.push((*from, index));
                }
                if orders.channel == ChannelOrder::Fifo {
                    break;
                }
            }
        }
        all
    }

    /// The crashes that may be reported next.
    pub(super) fn reportable(&self) -> Vec<u16> {
        let first = self.channels.iter().filter(|(_, items)| items[0] == REPORT);
        first.map(|(of, _)| *of).collect()
    }
}

impl Orders {
    /// What may be left of what is in flight in a channel when its sender crashes; reports stay.
    pub(super) fn cut(self, items: &[u32], from_dead: FromDead) -> Vec<Vec<u32>> {
        let reports = || items.iter().copied().filter(|&item| item == REPORT);
        match (from_dead, self.channel) {
            (FromDead::Deliver, _) => vec![items.to_vec()],
            (FromDead::Drop, _) => vec![reports().collect()],
            (FromDead::Prefix, ChannelOrder::Fifo) => {
                let kept = |length: usize| {
                    let (kept, lost) = items.split_at(length);
                    kept.iter().chain(lost.iter().filter(|&&item| item == REPORT)).copied().collect()
                };
                (0..=items.len()).map(kept).collect()
            }
            // The last to arrive are lost, and any may be the last.
            (FromDead::Prefix, ChannelOrder::Unordered) => {
                let mut all = vec![Vec::new()];
                for &item in items {
                    let without = if item == REPORT { Vec::new() } else { all.clone() };
                    for kept in &mut all {
                        kept.push(item);
                    }
                    all.extend(without);
                }
                all
            }
        }
    }

    fn normalise(self, items: &mut [u32]) {
        if self.report == ReportOrder::Unordered {
            // They wait for nothing: stable, so that messages keep their order.
            items.sort_by_key(|&item| item != REPORT);
        }
        if self.channel == ChannelOrder::Unordered {
            for between in items.split_mut(|&item| item == REPORT) {
                between.sort_unstable();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inbox(orders: Orders, items: &[u32]) -> Inbox {
        let mut inbox = Inbox::default();
        for &item in items {
            inbox.push(4, item, orders);
        }
        inbox
    }

    #[test]
    fn on_a_fifo_channel_only_the_first_message_can_come() {
        let orders = Orders { channel: ChannelOrder::Fifo, report: ReportOrder::AfterChannel };
        let mut inbox = inbox(orders, &[9, 7, REPORT, 8]);
        assert_eq!((inbox.deliverable(orders), inbox.reportable()), (vec![(4, 0)], vec![]));
        inbox.remove(4, 0, orders);
        inbox.remove(4, 0, orders);
        // What the next life of the sender sends need not wait for the report of its death.
        assert_eq!((inbox.deliverable(orders), inbox.reportable()), (vec![(4, 1)], vec![4]));
        inbox.remove(4, 1, orders);
        inbox.remove(4, 0, orders);
        assert_eq!(inbox, Inbox::default());
    }

    #[test]
    fn on_an_unordered_channel_any_message_can_come_and_equal_ones_are_one() {
        let orders = Orders { channel: ChannelOrder::Unordered, report: ReportOrder::AfterChannel };
        let some = inbox(orders, &[9, 7, 9, REPORT, 7]);
        assert_eq!(some, inbox(orders, &[9, 9, 7, REPORT, 7]));
        assert_ne!(some, inbox(orders, &[9, 9, REPORT, 7, 7]));
        assert_eq!((some.deliverable(orders), some.reportable()), (vec![(4, 0), (4, 1), (4, 4)], vec![]));
        assert_eq!(some.messages(4), 4);
    }

    #[test]
    fn an_unordered_report_waits_for_nothing() {
        let orders = Orders { channel: ChannelOrder::Fifo, report: ReportOrder::Unordered };
        let some = inbox(orders, &[9, 7, REPORT, 8]);
        assert_eq!(some, inbox(orders, &[9, REPORT, 7, 8]));
        assert_eq!((some.deliverable(orders), some.reportable()), (vec![(4, 1)], vec![4]));
    }

    #[test]
    fn there_is_one_channel_for_each_sender_and_in_their_order() {
        let orders = Orders { channel: ChannelOrder::Fifo, report: ReportOrder::AfterChannel };
        let mut inbox = Inbox::default();
        for (from, item) in [(4, 1), (2, 2), (7, 3), (4, 4), (2, 5), (7, 6), (0, 7)] {
            inbox.push(from, item, orders);
        }
        assert_eq!(inbox.channels(), [(0, vec![7]), (2, vec![2, 5]), (4, vec![1, 4]), (7, vec![3, 6])]);
    }
}
