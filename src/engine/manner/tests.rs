//! How a manner shifts the odds, and that it stays within what the setup allows.

use super::*;

fn p(index: u32) -> ProcessId {
    ProcessId::new(index)
}

fn delay(from: u32, to: u32) -> Topic {
    Topic::Delay { from: p(from), to: p(to) }
}

fn swarm() -> Swarm {
    let plain = Shape::Plain;
    let (losses, copies) = (Share::None, Share::More);
    Swarm { messages: Shape::Even, reports: plain, applications: plain, others: plain, losses, copies }
}

/// How many of 1,000 are like this.
fn per_mille<T>(drawn: &[T], is_like: impl Fn(&T) -> bool) -> usize {
    drawn.iter().filter(|item| is_like(item)).count() * 1_000 / drawn.len()
}

#[test]
fn a_share_is_shifted_for_its_own_kind_of_fault() {
    let manner = Manner::Swarm(swarm());
    assert_eq!(manner.share(100, &Topic::Loss { from: p(0), to: p(1) }), 0);
    assert_eq!(manner.share(100, &Topic::Duplicate { from: p(0), to: p(1) }), 400);
    assert_eq!(manner.share(100, &delay(0, 1)), 100);
    assert_eq!([0, 300, 950, 1_000].map(|share| Share::More.of(share)), [0, 900, 950, 1_000], "something stays open");
    assert_eq!(Share::Plain.of(100), 100);
}

#[test]
fn a_swarm_draws_nothing_where_there_is_no_choice() {
    let mut streams = Streams::new(1);
    assert_eq!(Manner::Swarm(swarm()).span(&mut streams, Stream::Network, 1, &delay(0, 1)), None);
    assert_eq!(streams.below(Stream::Network, 1_000), Streams::new(1).below(Stream::Network, 1_000));
}

mod shapes {
    use super::*;

    const BOUND: u64 = 50;

    /// What a shape draws for one channel.
    fn drawn(shape: Shape) -> Vec<u64> {
        let mut streams = Streams::new(1);
        let drawn = (0..4_000).map(|_| shape.draw(&mut streams, Stream::Network, BOUND, &delay(0, 1)));
        drawn.collect::<Option<_>>().expect("the shape chooses")
    }

    #[test]
    fn a_plain_one_leaves_it_to_the_setup() {
        assert_eq!(Shape::Plain.draw(&mut Streams::new(1), Stream::Network, BOUND, &delay(0, 1)), None);
    }

    #[test]
    fn an_even_one_takes_every_span_as_often() {
        let drawn = drawn(Shape::Even);
        for span in 0..BOUND {
            assert!((10..=30).contains(&per_mille(&drawn, |&other| other == span)), "{span}");
        }
    }

    #[test]
    fn what_is_mostly_least_or_greatest_is_something_else_in_one_of_so_many_cases() {
        for (shape, usual) in [(Shape::MostlyLeast(8), 0), (Shape::MostlyGreatest(8), BOUND - 1)] {
            let drawn = drawn(shape);
            let others = per_mille(&drawn, |&span| span != usual);
            assert!((100..=145).contains(&others), "an eighth, but for a fiftieth of it, is {others}: {shape:?}");
            assert!(drawn.iter().all(|&span| span < BOUND));
        }
    }

    #[test]
    fn ends_are_the_longest_in_so_many_of_8_cases_and_else_the_shortest() {
        let drawn = drawn(Shape::Ends(2));
        assert!(drawn.iter().all(|&span| span == 0 || span == BOUND - 1));
        let longest = per_mille(&drawn, |&span| span > 0);
        assert!((220..=280).contains(&longest), "a quarter is {longest}");
    }

    #[test]
    fn a_channel_or_a_sender_has_a_pace_of_its_own_that_it_keeps_in_three_of_four_cases() {
        for (shape, key) in [(Shape::ByPair { salt: 7 }, chain(&delay(0, 1))), (Shape::ByProcess { salt: 7 }, 0)] {
            let usual = pace(7, key, BOUND);
            let kept = per_mille(&drawn(shape), |&span| span == usual);
            assert!((720..=790).contains(&kept), "three quarters and a little are {kept}: {shape:?}");
        }
    }

    #[test]
    fn a_third_of_the_channels_is_fast_and_a_third_is_slow() {
        let paces: Vec<_> = (0..3_000).map(|salt| pace(salt, 5, 1_000)).collect();
        let (fast, slow) = (per_mille(&paces, |&pace| pace == 0), per_mille(&paces, |&pace| pace == 999));
        assert!((300..=367).contains(&fast) && (300..=367).contains(&slow), "{fast} {slow}");
        assert!(paces.iter().all(|&pace| pace < 1_000));
        let slower = per_mille(&paces, |pace| (500..999).contains(pace));
        assert!((130..=200).contains(&slower), "half of the rest is {slower}");
    }
}

mod faults {
    use super::*;

    fn mixes() -> Vec<Odds> {
        let manner = Manner::Swarm(swarm());
        let mut streams = Streams::new(1);
        (0..4_000).map(|_| FaultMix::draw(Some(&manner), &mut streams).0.expect("a swarm mixes faults")).collect()
    }

    fn mix(number: Number, part: u64, start: u64) -> FaultMix {
        FaultMix(Some(Odds { number, part, start, moment: Some(1) }))
    }

    #[test]
    fn only_a_swarm_mixes_faults() {
        for manner in [None, Some(Manner::Crashes(Vec::new()))] {
            assert!(FaultMix::draw(manner.as_ref(), &mut Streams::new(1)).0.is_none());
        }
    }

    #[test]
    fn each_number_is_drawn_in_a_quarter_of_the_mixes() {
        let mixes = mixes();
        for wanted in [Number::None, Number::Plain, Number::Some, Number::Greatest] {
            let of = |odds: &Odds| std::mem::discriminant(&odds.number) == std::mem::discriminant(&wanted);
            let share = per_mille(&mixes, of);
            assert!((220..=280).contains(&share), "{wanted:?}: {share}");
        }
    }

    #[test]
    fn half_of_the_mixes_begin_at_once_and_half_have_one_kind_of_moment() {
        let mixes = mixes();
        let at_once = per_mille(&mixes, |odds| odds.start == 0);
        assert!((460..=540).contains(&at_once), "{at_once}");
        let mixed = per_mille(&mixes, |odds| odds.moment.is_none());
        assert!((460..=540).contains(&mixed), "{mixed}");
        assert!(mixes.iter().all(|odds| odds.part < 5 && odds.start < 256 && odds.moment.is_none_or(|kind| kind < 3)));
        assert!((0..5).all(|part| mixes.iter().any(|odds| odds.part == part)));
    }

    /// What a seed means includes them.
    #[test]
    fn the_mixes_of_a_seed_never_change() {
        let mixes: Vec<_> = mixes()[..5].iter().map(|odds| (odds.part, odds.start, odds.moment)).collect();
        assert_eq!(mixes, [(3, 0, Some(2)), (3, 0, Some(0)), (3, 0, None), (3, 200, Some(0)), (0, 39, None)]);
    }

    #[test]
    fn the_number_is_none_or_some_or_the_greatest() {
        let number = |number, up_to| {
            let mix = mix(number, 0, 0);
            (mix.number(up_to, |_| 0), mix.number(up_to, |bound| bound - 1))
        };
        assert_eq!(number(Number::None, 3), (0, 0));
        assert_eq!(number(Number::Plain, 3), (0, 3));
        assert_eq!(number(Number::Some, 3), (1, 3));
        assert_eq!(number(Number::Greatest, 3), (3, 3));
        for none in [Number::None, Number::Plain, Number::Some, Number::Greatest] {
            assert_eq!(number(none, 0), (0, 0), "none is allowed: {none:?}");
        }
    }

    /// The first moment that a mix may draw in a run of so many ticks, and the last.
    fn moments(mix: FaultMix, within: u64) -> (u64, u64) {
        (mix.moment(within, |_| 0), mix.moment(within, |bound| bound - 1))
    }

    #[test]
    fn moments_are_in_their_part_of_the_run() {
        assert_eq!(moments(FaultMix::default(), 1_024), (1, 1_024));
        assert_eq!(moments(mix(Number::Plain, 0, 128), 1_024), (1, 1_024), "the whole has one place");
        assert_eq!(moments(mix(Number::Plain, 2, 0), 1_024), (1, 256));
        assert_eq!(moments(mix(Number::Plain, 2, 128), 1_024), (385, 640));
        assert_eq!(moments(mix(Number::Plain, 4, 255), 2), (1, 1), "a part is a tick at least");
        assert_eq!(moments(mix(Number::Plain, 1, 255), u64::MAX).1, 9_187_343_239_835_811_840 + (u64::MAX >> 1));
    }

    #[test]
    fn the_kind_of_moment_is_the_chosen_one_where_there_is_it() {
        let mix = mix(Number::Plain, 0, 0);
        assert_eq!(mix.kind(3, |_| 2), 1);
        assert_eq!(mix.kind(1, |_| 0), 0, "there is no second one");
        assert_eq!(FaultMix::default().kind(3, |_| 2), 2);
    }
}

#[test]
fn what_is_ordered_among_itself_is_one_chain() {
    let pair = |from: u64, to: u64| from << 32 | to;
    let (from, to, process) = (p(1), p(2), p(3));
    assert_eq!(chain(&delay(1, 2)), pair(1, 2));
    assert_eq!(chain(&Topic::CopyDelay { from, to }), pair(1, 2));
    assert_eq!(chain(&Topic::Latency { observer: to, of: from }), pair(1, 2));
    assert_eq!(chain(&Topic::SuspectLength { observer: to, of: from }), pair(1, 2));
    let what = "think".into();
    let at = [Topic::Service { process }, Topic::Down { process }, Topic::PauseLength { process }];
    for topic in at.into_iter().chain([Topic::Application { process, what }]) {
        assert_eq!(chain(&topic), pair(3, 3), "{topic:?}");
    }
    assert_eq!(chain(&Topic::PartitionLength), 0);
}

#[test]
fn each_kind_of_span_has_a_shape_of_its_own() {
    let [messages, reports, applications, others] = [1, 2, 3, 4].map(Shape::Ends);
    let swarm = Swarm { messages, reports, applications, others, ..swarm() };
    let slow = |topic: Topic| match swarm.shape(&topic) {
        Shape::Ends(slow) => *slow,
        other => panic!("{other:?}"),
    };
    let (from, to, process) = (p(1), p(2), p(3));
    assert_eq!([slow(delay(1, 2)), slow(Topic::CopyDelay { from, to })], [1, 1]);
    assert_eq!(slow(Topic::Latency { observer: from, of: to }), 2);
    assert_eq!(slow(Topic::Application { process, what: "think".into() }), 3);
    assert_eq!([slow(Topic::Service { process }), slow(Topic::Down { process })], [4, 4]);
}

mod priorities {
    use super::*;

    fn priorities(changes: [(u64, Option<u64>); CHANGES_MAX]) -> Priorities {
        Priorities { salt: 7, changes, seen: 0, chains: 0, of_message: Vec::new(), at_hand: None }
    }

    /// How late a chain is that has not fallen behind.
    fn own(chain: u64) -> u64 {
        scale(hash(7, chain), 50)
    }

    #[test]
    fn a_chain_goes_on_with_the_first_message_upon_one_of_it() {
        let mut priorities = priorities([(0, None); CHANGES_MAX]);
        assert_eq!(priorities.span(50, &delay(0, 1)), Some(own(1)));
        assert_eq!(priorities.span(50, &delay(0, 1)), Some(own(2)), "another begins one of its own");
        priorities.handles(Some(0));
        assert_eq!(priorities.span(50, &delay(1, 2)), Some(own(1)));
        assert_eq!(priorities.span(50, &delay(1, 2)), Some(own(3)), "only the first goes on");
        assert_eq!(priorities.span(50, &Topic::Latency { observer: p(0), of: p(1) }), Some(own(4)));
        assert_eq!(priorities.span(50, &Topic::CopyDelay { from: p(0), to: p(1) }), Some(own(5)));
        assert_eq!(priorities.span(50, &Topic::Service { process: p(0) }), None, "that is no message");
        priorities.handles(Some(4));
        assert_eq!(priorities.span(50, &delay(1, 2)), Some(own(5)), "the copy has the number after the others");
        priorities.handles(None);
        assert_eq!(priorities.span(50, &delay(1, 2)), Some(own(6)));
    }

    #[test]
    fn a_chain_falls_behind_at_a_change_point_and_is_as_late_as_can_be_from_then_on() {
        let mut priorities = priorities([(2, None), (3, None), (0, None), (0, None)]);
        assert_eq!(priorities.span(50, &delay(0, 1)), Some(own(1)));
        assert_eq!(priorities.span(50, &delay(0, 1)), Some(49));
        assert_eq!(priorities.span(50, &delay(0, 1)), Some(49));
        for (message, late) in [(0, Some(own(1))), (1, Some(49)), (2, Some(49))] {
            priorities.handles(Some(message));
            assert_eq!(priorities.span(50, &delay(1, 2)), late, "message {message}");
        }
    }

    #[test]
    fn there_are_one_to_four_change_points_on_horizons_short_and_long() {
        let mut streams = Streams::new(1);
        let changes = |_| Priorities::draw(&mut streams).changes.map(|(at, _)| at);
        let drawn: Vec<[u64; CHANGES_MAX]> = (0..4_000).map(changes).collect();
        let all: Vec<&[u64]> = drawn.iter().map(|at| at.split(|at| *at == 0).next().unwrap_or(at)).collect();
        let count = |changes: &[u64]| changes.iter().filter(|at| **at > 0).count();
        assert!(drawn.iter().zip(&all).all(|(drawn, at)| count(drawn) == at.len()), "none is before the first message");
        for number in 1..=CHANGES_MAX {
            let share = per_mille(&all, |changes| changes.len() == number);
            assert!((220..=280).contains(&share), "{number}: {share}");
        }
        assert!(all.concat().iter().all(|at| (1..=1_024).contains(at)));
        let short = per_mille(&all, |changes| changes.iter().all(|at| *at <= 8));
        let long = per_mille(&all, |changes| changes.iter().any(|at| *at > 512));
        assert!((125..=350).contains(&short) && (62..=125).contains(&long), "{short} {long}");
    }
}
