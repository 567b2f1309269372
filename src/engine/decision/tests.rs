//! Of each way to decide: what is asked, what is answered, what is kept.

use proptest::prelude::*;

use super::*;
use crate::model::ProcessId;

fn p(index: u32) -> ProcessId {
    ProcessId::new(index)
}

fn delay(from: u32, to: u32) -> Topic {
    Topic::Delay { from: p(from), to: p(to) }
}

fn key(topic: Topic, nth: u32) -> Key {
    Key { topic, nth }
}

fn answered(decisions: &[(Key, u64)]) -> Chance {
    Chance::answered(decisions.iter().cloned().collect())
}

/// The answers to so many questions about one channel, each below 1,000.
fn ask(chance: &mut Chance, count: usize) -> Vec<u64> {
    (0..count).map(|_| chance.below(Stream::Network, 1_000, || delay(0, 1))).collect()
}

/// The numbers of what was kept, and the answers.
fn kept(chance: &Chance) -> Vec<(String, u64)> {
    chance.kept().into_iter().map(|(key, answer)| (key.to_string(), answer)).collect()
}

fn entry(key: &str, answer: u64) -> (String, u64) {
    (key.to_owned(), answer)
}

mod seeded {
    use super::*;

    #[test]
    fn a_seeded_run_makes_no_keys_and_keeps_nothing() {
        let mut chance = Chance::seeded(1);
        for _ in 0..10 {
            chance.below(Stream::Network, 10, || panic!("a key was made"));
            chance.happens(Stream::Network, 500, || panic!("a key was made"));
            chance.span(Stream::Network, &Distribution::Uniform(1, 10), || panic!("a key was made"));
        }
        chance.keep(delay(0, 1), 5);
        assert_eq!(chance.kept(), Decisions::new());
        assert_eq!(chance.left_over(), (vec![], vec![]));
    }

    #[test]
    fn one_seed_gives_one_sequence_of_answers_and_another_seed_another() {
        assert_eq!(ask(&mut Chance::seeded(1), 20), ask(&mut Chance::seeded(1), 20));
        assert_ne!(ask(&mut Chance::seeded(1), 20), ask(&mut Chance::seeded(2), 20));
    }

    #[test]
    fn what_there_is_no_choice_about_draws_nothing() {
        for mut chance in [Chance::seeded(1), Chance::recorded(1)] {
            assert_eq!(chance.below(Stream::Network, 1, || delay(0, 1)), 0);
            let constant = Distribution::Constant(7);
            assert_eq!(chance.span(Stream::Network, &constant, || delay(0, 1)), Ticks::new(7));
            assert_eq!(ask(&mut chance, 5), ask(&mut Chance::seeded(1), 5));
        }
    }

    #[test]
    fn a_stream_does_not_shift_when_another_is_drawn_from() {
        let mut chance = Chance::seeded(1);
        chance.below(Stream::Faults, 10, || delay(0, 1));
        assert_eq!(ask(&mut chance, 5), ask(&mut Chance::seeded(1), 5));
    }

    #[test]
    fn what_happens_never_or_always_does() {
        let mut chance = Chance::seeded(1);
        assert!((0..1_000).all(|_| !chance.happens(Stream::Network, 0, || delay(0, 1))));
        assert!((0..1_000).all(|_| chance.happens(Stream::Network, 1_000, || delay(0, 1))));
        let count = (0..10_000).filter(|_| chance.happens(Stream::Network, 100, || delay(0, 1))).count();
        assert!((900..1_100).contains(&count), "a tenth of 10,000 is {count}");
    }

    #[test]
    fn a_span_takes_every_length_within_its_bounds() {
        let mut chance = Chance::seeded(1);
        for spread in [Distribution::Uniform(3, 6), Distribution::Exponential { min: 3, mean: 5, max: 6 }] {
            let drawn: Vec<_> = (0..500).map(|_| chance.span(Stream::Network, &spread, || delay(0, 1)).get()).collect();
            for length in 0..10 {
                assert_eq!(drawn.contains(&length), (3..=6).contains(&length), "{length} of {spread:?}");
            }
        }
    }
}

mod recorded {
    use super::*;

    #[test]
    fn a_recorded_run_draws_what_the_seeded_one_does() {
        assert_eq!(ask(&mut Chance::recorded(1), 20), ask(&mut Chance::seeded(1), 20));
        assert_eq!(Chance::recorded(1).plan(1_000), Chance::seeded(1).plan(1_000));
    }

    #[test]
    fn keys_count_per_topic() {
        let mut chance = Chance::recorded(1);
        for topic in [delay(0, 1), delay(1, 0), delay(0, 1), delay(0, 2), delay(0, 1)] {
            chance.keep(topic, 9);
        }
        let expected = ["delay p0->p1 #1", "delay p0->p1 #2", "delay p0->p1 #3", "delay p0->p2 #1", "delay p1->p0 #1"];
        assert_eq!(kept(&chance), expected.map(|key| entry(key, 9)));
    }

    #[test]
    fn an_answer_of_0_is_counted_and_not_kept() {
        let mut chance = Chance::recorded(1);
        for answer in [0, 4, 0, 5] {
            chance.keep(delay(0, 1), answer);
        }
        assert_eq!(kept(&chance), [entry("delay p0->p1 #2", 4), entry("delay p0->p1 #4", 5)]);
    }

    #[test]
    fn what_there_is_no_choice_about_is_counted_so_that_keys_do_not_shift() {
        let mut chance = Chance::recorded(1);
        chance.below(Stream::Network, 1, || delay(0, 1));
        chance.keep(delay(0, 1), 3);
        assert_eq!(kept(&chance), [entry("delay p0->p1 #2", 3)]);
    }

    #[test]
    fn of_a_span_what_is_above_the_shortest_is_kept() {
        let mut chance = Chance::recorded(1);
        let taken = chance.span(Stream::Network, &Distribution::Uniform(100, 200), || delay(0, 1)).get();
        assert!(taken > 100, "this seed's is not the shortest");
        assert_eq!(kept(&chance), [entry("delay p0->p1 #1", taken - 100)]);
    }

    #[test]
    fn a_plan_is_kept_by_what_it_comes_to_not_by_its_draws() {
        let mut chance = Chance::recorded(1);
        chance.plan(1_000);
        assert_eq!(chance.kept(), Decisions::new());
    }
}

mod answered {
    use super::*;

    #[test]
    fn what_is_listed_gets_its_answer_and_the_rest_the_simplest() {
        let mut chance = answered(&[(key(delay(0, 1), 2), 7)]);
        assert_eq!(ask(&mut chance, 3), [0, 7, 0]);
        assert_eq!(chance.left_over(), (vec![], vec![]));
        assert_eq!(kept(&chance), [entry("delay p0->p1 #2", 7)]);
    }

    #[test]
    fn an_answer_is_to_a_topic_whatever_else_is_asked() {
        let mut chance = answered(&[(key(delay(0, 1), 1), 7)]);
        assert_eq!(chance.below(Stream::Network, 10, || delay(1, 0)), 0);
        assert_eq!(chance.below(Stream::Network, 10, || delay(0, 1)), 7);
    }

    #[test]
    fn spans_and_shares_are_looked_up_too() {
        let loss = Topic::Loss { from: p(0), to: p(1) };
        let mut chance = answered(&[(key(delay(0, 1), 1), 7), (key(loss.clone(), 2), 1)]);
        let mut span = || chance.span(Stream::Network, &Distribution::Uniform(3, 20), || delay(0, 1)).get();
        assert_eq!((span(), span()), (10, 3));
        let mut happens = || chance.happens(Stream::Network, 999, || loss.clone());
        assert_eq!((happens(), happens()), (false, true));
    }

    #[test]
    fn one_answer_is_for_each_that_has_none_of_its_own() {
        let each = Key::each(&delay(0, 1)).expect("a span");
        let mut chance = answered(&[(each.clone(), 7), (key(delay(0, 1), 2), 0), (key(delay(0, 1), 3), 9)]);
        assert_eq!(chance.left_over().0, [key(delay(0, 1), 2), key(delay(0, 1), 3), each.clone()]);
        assert_eq!(ask(&mut chance, 4), [7, 0, 9, 7]);
        assert_eq!(chance.below(Stream::Network, 10, || delay(1, 0)), 0);
        assert_eq!(chance.left_over(), (vec![], vec![]));
        let all = [entry("delay p0->p1 #each", 7), entry("delay p0->p1 #2", 0), entry("delay p0->p1 #3", 9)];
        assert_eq!(kept(&chance), all);

        let mut chance = answered(&[(each.clone(), 1_000)]);
        assert_eq!(ask(&mut chance, 2), [999, 999]);
        assert_eq!(chance.left_over(), (vec![], vec![each]));
        assert_eq!(kept(&chance), [entry("delay p0->p1 #each", 999)]);
    }

    #[test]
    fn what_nothing_asks_for_is_left_over() {
        let (never, too_late) = (key(delay(2, 1), 1), key(delay(0, 1), 4));
        let mut chance = answered(&[(never.clone(), 7), (too_late.clone(), 7), (key(delay(0, 1), 1), 7)]);
        ask(&mut chance, 3);
        assert_eq!(chance.left_over(), (vec![too_late, never], vec![]));
    }

    #[test]
    fn an_answer_out_of_bounds_becomes_the_greatest_and_is_reported() {
        let (at, over) = (key(delay(0, 1), 1), key(delay(0, 1), 2));
        let mut chance = answered(&[(at, 999), (over.clone(), 1_000)]);
        assert_eq!(ask(&mut chance, 2), [999, 999]);
        assert_eq!(chance.left_over(), (vec![], vec![over]));
        assert_eq!(kept(&chance), [entry("delay p0->p1 #1", 999), entry("delay p0->p1 #2", 999)]);
    }

    #[test]
    fn where_there_is_no_choice_any_answer_but_0_is_out_of_bounds() {
        for bound in [0, 1] {
            let wrong = key(delay(0, 1), 2);
            let mut chance = answered(&[(key(delay(0, 1), 1), 0), (wrong.clone(), 1)]);
            let mut below = || chance.below(Stream::Network, bound, || delay(0, 1));
            assert_eq!((below(), below(), below()), (0, 0, 0), "below {bound}");
            assert_eq!(chance.left_over(), (vec![], vec![wrong]), "below {bound}");
        }
    }

    #[test]
    fn a_plan_draws_nothing_and_is_made_of_what_is_given() {
        let crash = Topic::CrashAt { process: p(1) };
        let mut chance = answered(&[(key(crash.clone(), 1), 30), (key(delay(0, 1), 1), 7)]);
        assert!(chance.is_answered());
        assert_eq!(chance.plan(1_000), 0);
        let given = chance.given(|topic| matches!(topic, Topic::CrashAt { .. }));
        assert_eq!(given, [(key(crash.clone(), 1), 30)]);
        assert_eq!(chance.left_over().0.len(), 2, "looking at what is given takes nothing");
        chance.keep(crash.clone(), 30);
        assert_eq!(chance.left_over().0, [key(delay(0, 1), 1)]);
        assert_eq!(kept(&chance), [entry("crash_at p1 #1", 30)]);
    }

    proptest! {
        #[test]
        fn what_a_recorded_run_keeps_gives_its_answers_again(
            seed: u64,
            questions in prop::collection::vec((0_u32..2, 0_u32..2, 0_u64..5), 0..60),
        ) {
            let run = |mut chance: Chance| {
                let ask = |&(from, to, bound): &(u32, u32, u64)| match bound {
                    0 => chance.happens(Stream::Network, 300, || Topic::Loss { from: p(from), to: p(to) }).into(),
                    bound => chance.below(Stream::Network, bound, || delay(from, to)),
                };
                let answers: Vec<u64> = questions.iter().map(ask).collect();
                (answers, chance)
            };
            let (answers, recorded) = run(Chance::recorded(seed));
            let (again, replayed) = run(Chance::answered(recorded.kept()));
            prop_assert_eq!(answers, again);
            prop_assert_eq!(replayed.left_over(), (vec![], vec![]));
            prop_assert_eq!(replayed.kept(), recorded.kept());
        }
    }
}

#[test]
fn a_key_of_two_processes_is_written_in_the_direction_in_which_things_go() {
    let (from, to, observer, of) = (p(0), p(1), p(1), p(0));
    for topic in [Topic::Delay { from, to }, Topic::Latency { observer, of }, Topic::SuspectAt { observer, of }] {
        let written = key(topic, 3).to_string();
        assert!(written.ends_with(" p0->p1 #3"), "{written}");
    }
}

/// Whoever goes through all answers tells of each, so that its keys are those of a replay.
#[test]
fn in_a_search_with_time_what_there_is_no_choice_about_is_told_too() {
    let mut chance = Chance::exhaustive_in_time();
    let loss = |to| Topic::Loss { from: p(0), to: p(to) };
    chance.below(Stream::Network, 1, || delay(0, 1));
    assert!(!chance.happens(Stream::Network, 0, || loss(1)));
    assert!(chance.happens(Stream::Network, 1_000, || loss(2)));
    assert_eq!(chance.said(), [(delay(0, 1), 0), (loss(1), 0), (loss(2), 1)]);
    assert!(!chance.turn(), "there is no other answer");
}

#[test]
fn where_a_manner_leaves_spans_to_the_setup_they_are_as_it_says() {
    for spread in [Distribution::Uniform(3, 90), Distribution::Exponential { min: 3, mean: 9, max: 90 }] {
        let spans = |mut chance: Chance| -> Vec<_> {
            (0..50).map(|_| chance.span(Stream::Network, &spread, || delay(0, 1))).collect()
        };
        let plain = spans(Chance::seeded(1));
        assert_eq!(spans(Chance::seeded(1).in_manner(Draw::Crashes(&[]))), plain, "{spread:?}");
    }
}
