//! Of messages: what becomes of each, in which order, and how long it takes.

use super::*;

proptest! {
    #[test]
    fn on_fifo_channels_no_message_overtakes_another((setup, seed, wishes) in cases()) {
        let mut setup = setup;
        setup.network.order = ChannelOrder::Fifo;
        prop_assert_eq!(overtakings(&run(&setup, seed, wishes).1), 0);
    }

    #[test]
    fn a_message_is_handled_or_lost_and_never_both((setup, seed, wishes) in cases()) {
        let (outcome, records) = run(&setup, seed, wishes);
        let mut fates: BTreeMap<MessageId, u32> = BTreeMap::new();
        for record in &records {
            for effect in &record.effects {
                if let Effect::Send { id, .. } = effect {
                    prop_assert_eq!(fates.insert(*id, 0), None, "a second message of this number");
                }
            }
            for copied in &record.copied {
                prop_assert_eq!(fates.insert(copied.copy, 0), None, "a second message of this number");
            }
            let handled = if let Kind::Message { id, .. } = record.kind { Some(id) } else { None };
            for id in handled.into_iter().chain(record.lost.iter().map(|loss| loss.id)) {
                *fates.get_mut(&id).expect("a message that was sent") += 1;
            }
        }
        let least = u32::from(outcome.end == End::Quiescent);
        for (id, times) in fates {
            prop_assert!((least..=1).contains(&times), "message {} was handled or lost {} times", id.get(), times);
        }
    }

    #[test]
    fn a_message_takes_as_long_as_its_channel_says((setup, seed, wishes) in cases(), copies: bool) {
        let mut setup = setup;
        let unreliable = Unreliable { loss_per_mille: 0, duplicate_per_mille: 300, until_tick: 60 };
        setup.faults.messages = Some(unreliable).filter(|_| copies);
        let (_, records) = run(&setup, seed, wishes);
        let mut sent: BTreeMap<MessageId, (Ticks, Distribution)> = BTreeMap::new();
        for record in &records {
            for (id, to) in sends(record) {
                let link = setup.network.links.iter().find(|link| (link.from, link.to) == (record.process, to));
                let delay = link.map_or(setup.network.delay_ticks, |link| link.delay_ticks);
                sent.insert(id, (record.tick, delay));
            }
            if let Kind::Message { id, .. } = record.kind {
                let (at, delay) = sent[&id];
                prop_assert!(record.tick >= at + delay.min());
                prop_assert!(handles_late(&setup) || record.tick <= at + delay.max());
            }
        }
    }

    #[test]
    fn every_loss_has_its_cause((setup, seed, wishes) in cases()) {
        let mut world = Watch::new(&setup);
        let mut sent: BTreeMap<MessageId, Life> = BTreeMap::new();
        let mut partitions: Vec<(&[ProcessId], Ticks)> = Vec::new();
        let (_, records) = run(&setup, seed, wishes);
        for record in &records {
            world.begin(record);
            if let Kind::Partition { side, until } = &record.kind {
                partitions.push((side, *until));
            }
            for (id, to) in sends(record) {
                sent.insert(id, world.life(to));
            }
            if let Kind::Message { id, .. } = record.kind {
                let unbroken = sent[&id].up && sent[&id] == world.life(record.process);
                prop_assert!(unbroken || setup.network.to_dead == ToDead::Datagram);
            }
            world.end(record);
            for loss in &record.lost {
                let receiver = world.life(loss.to);
                let unreliable = setup.faults.messages;
                prop_assert!(match loss.cause {
                    LossCause::ReceiverDown => {
                        !receiver.up || setup.network.to_dead == ToDead::Connection && sent[&loss.id] != receiver
                    }
                    LossCause::SenderCrashed => {
                        setup.network.from_dead != FromDead::Deliver
                            && loss.from == record.process
                            && !world.life(loss.from).up
                    }
                    LossCause::Network => unreliable.is_some_and(|until| record.tick.get() <= until.until_tick),
                    LossCause::Partition => partitions.iter().any(|(side, until)| {
                        record.tick < *until && side.contains(&loss.from) != side.contains(&loss.to)
                    }),
                }, "{:?} in {:?}", loss, record);
            }
        }
    }

    #[test]
    fn of_the_messages_of_the_dead_the_last_are_lost((setup, seed, wishes) in cases()) {
        let mut setup = setup;
        setup.network.order = ChannelOrder::Fifo;
        let (_, records) = run(&setup, seed, wishes);
        let mut sent: BTreeMap<MessageId, usize> = BTreeMap::new();
        // By channel: the crash after which nothing of what was sent before it, from this message on, arrives.
        let mut cut: Vec<(ProcessId, ProcessId, usize, MessageId)> = Vec::new();
        for (index, record) in records.iter().enumerate() {
            sent.extend(sends(record).into_iter().map(|(id, _)| (id, index)));
            if let Kind::Message { from, id, .. } = record.kind {
                let broken = |(of, to, crash, first): &(ProcessId, ProcessId, usize, MessageId)| {
                    (*of, *to) == (from, record.process) && sent[&id] <= *crash && id >= *first
                };
                prop_assert!(!cut.iter().any(broken), "{:?}", record);
            }
            for loss in record.lost.iter().filter(|loss| loss.cause == LossCause::SenderCrashed) {
                cut.push((loss.from, loss.to, index, loss.id));
            }
        }
        if setup.network.from_dead == FromDead::Drop && !handles_late(&setup) {
            for (index, record) in records.iter().enumerate() {
                if let Kind::Message { from, id, .. } = record.kind {
                    let died = records[sent[&id]..index].iter().any(|other| crashes(other) == Some(from));
                    prop_assert!(!died, "{:?} was sent by one who died since", record);
                }
            }
        }
    }
}

#[test]
fn on_unordered_channels_messages_overtake_each_other() {
    let mut setup = Setup::new(3, Rules { hops: 30, beats: 9 });
    setup.network.order = ChannelOrder::Unordered;
    setup.network.delay_ticks = Distribution::Uniform(1, 40);
    assert!((0..20).any(|seed| overtakings(&run(&setup, seed, 2).1) > 0));
}

/// A connection breaks when its receiver dies, and what was under way is lost though the receiver is back in
/// time; a datagram finds whoever is there when it arrives.
#[test]
fn a_message_to_one_who_was_down_meanwhile_is_lost_on_a_connection_and_arrives_as_a_datagram() {
    let mut setup = Setup::new(2, Rules { hops: 1, beats: 0 });
    setup.network.delay_ticks = Distribution::Constant(10);
    setup.faults.crashes.push(crash(1, Moment::AtTick(3), Some(2)));
    let token = |to_dead| {
        let mut setup = setup.clone();
        setup.network.to_dead = to_dead;
        let (_, records) = run(&setup, 1, 0);
        let record = records.into_iter().find(|record| match &record.kind {
            Kind::Message { id, .. } => id.get() == 0,
            _ => record.lost.iter().any(|loss| loss.id.get() == 0),
        });
        record.map(|record| (record.tick.get(), matches!(record.kind, Kind::Message { .. })))
    };
    assert_eq!(token(ToDead::Connection), Some((10, false)));
    assert_eq!(token(ToDead::Datagram), Some((10, true)));
}

fn overtakings(records: &[Record]) -> usize {
    let mut last: BTreeMap<(ProcessId, ProcessId), MessageId> = BTreeMap::new();
    let mut overtakings = 0;
    for record in records {
        if let Kind::Message { from, id, .. } = record.kind {
            let before = last.insert((from, record.process), id);
            overtakings += usize::from(before.is_some_and(|before| before > id));
        }
    }
    overtakings
}
