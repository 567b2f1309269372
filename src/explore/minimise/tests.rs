//! Letters that come late, of which just enough must be left.

// A method alone is not general enough: it is one of a search of a certain lifetime.
#![allow(clippy::redundant_closure_for_method_calls)]

use super::*;
use crate::engine::{Crash, Faults, Moment, Streams};
use crate::explore::toy::{Letters, Post, RULE, Rule, Writer, decision, later, letters};
use crate::explore::trial::Own;
use crate::model::ProcessId;

type Trial = Own<Writer, crate::engine::Idle, Post>;

fn search<'a>(minimiser: &'a Minimiser<'a, Writer, Trial>) -> Search<'a, Writer, Trial> {
    Search { minimiser, runs: 0, events: 0, cut_off: false, left: (0, 0) }
}

fn stage(case: &Letters) -> Stage<Writer, Trial> {
    Stage::new(Part::default(), case.clone()).expect("a setup")
}

/// A search, and a schedule it is at.
fn at<R>(
    case: &Letters,
    decisions: &Decisions,
    act: impl FnOnce(&mut Search<'_, Writer, Trial>, &mut Stage<Writer, Trial>, &mut Failing) -> R,
) -> (R, Failing) {
    let minimiser = Minimiser::new(case, RULE);
    let (mut search, mut stage) = (search(&minimiser), stage(case));
    let mut best = search.fails(&mut stage, decisions).expect("it is violated");
    search.runs = 0;
    let result = act(&mut search, &mut stage, &mut best);
    (result, best)
}

/// Eleven letters of the first writer are late, or a certain one of the other is as late as can be.
const ELEVEN_OR_ONE: Rule = |came| came.late(0) >= 11 || came.has(1, 1, 9);

#[test]
fn of_two_schedules_that_nobody_understands_that_with_fewer_decisions_takes_less_and_else_the_shorter() {
    let ((), few) = at(&letters(3, |came| came.late(0) == 3), &later(0, 3, 9), |_, _, _| ());
    assert_eq!((few.size(), few.effort()), ((3, 27), (10, few.violation.event)));
    let ((), many) = at(&letters(12, |came| came.late(0) == 12), &later(0, 12, 7), |_, _, _| ());
    assert_eq!((many.size(), many.effort()), ((12, 84), (12, many.violation.event)));
    assert!(few.violation.event > 0);
}

#[test]
fn a_schedule_is_kept_only_if_it_fails_and_is_smaller() {
    let case = letters(3, |came| came.late(0) >= 1);
    let known = later(0, 2, 5);
    let ((), best) = at(&case, &known, |search, stage, best| {
        for other in [later(0, 2, 5), later(0, 2, 6), later(0, 3, 5), later(0, 1, 4)] {
            assert!(!search.try_it(stage, &other, best), "{other:?}");
            assert_eq!(best.decisions, known);
        }
        assert!(search.try_it(stage, &later(0, 1, 9), best));
    });
    assert_eq!(best.decisions, later(0, 1, 9));
}

#[test]
fn all_that_is_not_needed_is_taken_away_and_nothing_is_tried_twice() {
    let case = letters(8, |came| came.has(0, 3, 5) && came.has(1, 7, 5));
    let all = [later(0, 8, 5), later(1, 8, 5)].into_iter().flatten().collect();
    let ((), best) = at(&case, &all, |search, stage, best| search.take_away(stage, best));
    assert_eq!(best.decisions, [decision("delay p0->p2 #3", 5), decision("delay p1->p2 #7", 5)].into());
    let (runs, _) = at(&letters(1, |came| came.late(0) == 1), &later(0, 1, 5), |search, stage, best| {
        search.take_away(stage, best);
        search.runs
    });
    assert_eq!(runs, 1, "without it, and that is all there is to try");
}

#[test]
fn many_decisions_about_one_channel_become_one_if_that_fails_too() {
    // The fourth letter must not be late, so those before it stay what they are.
    let case = letters(30, |came| came.late(0) == 3 && came.has(0, 4, 0) && came.late(1) >= 30);
    let many = [later(0, 3, 5), later(1, 30, 6)].into_iter().flatten().collect();
    let (gathered, best) = at(&case, &many, |search, stage, best| search.gather(stage, best));
    let mut expected = later(0, 3, 5);
    expected.extend([decision("delay p1->p2 #each", 6)]);
    assert!(gathered);
    assert_eq!(best.decisions, expected);
    // Two are no fewer than one and what it takes to understand it; and what is one already stays.
    let case = letters(2, |came| came.late(0) == 2);
    for few in [later(0, 2, 5), [decision("delay p0->p2 #each", 5)].into()] {
        let (gathered, best) = at(&case, &few, |search, stage, best| search.gather(stage, best));
        assert!(!gathered);
        assert_eq!(best.decisions, few);
    }
}

#[test]
fn another_schedule_is_taken_if_this_one_has_more_than_a_few_decisions() {
    let case = letters(11, ELEVEN_OR_ONE);
    let small = Minimiser::new(&case, RULE).run(&later(0, 11, 9)).expect("a setup").expect("it fails");
    assert_eq!(small.decisions, [decision("delay p1->p2 #1", 9)].into());
    assert!(small.seed.is_some() && small.minimal);
    let of_seed = Runner::new(&case).expect("a setup").record(small.seed.expect("a seed")).1;
    assert_eq!(of_seed.get(&decision("delay p1->p2 #1", 9).0), Some(&9));
}

#[test]
fn with_a_few_decisions_no_other_schedule_is_looked_for() {
    let case = letters(10, |came| came.late(0) >= 10 || came.has(1, 1, 9));
    let (others, best) = at(&case, &later(0, 10, 5), |search, stage, best| {
        let stage = Stage::new(Part::default(), stage.case.clone()).expect("a setup");
        let mut found = Found { stage, best: best.clone(), seed: None, minimal: true };
        search.try_others(&mut found).expect("a setup");
        (search.runs, found.seed)
    });
    assert_eq!((others, best.decisions.len()), ((0, None), 10));
}

#[test]
fn of_a_whole_case_no_other_schedule_is_looked_for_but_more_than_a_few_decisions_become_one() {
    let case = letters(11, ELEVEN_OR_ONE);
    let small = Minimiser::new(&case, RULE).whole_case().run(&later(0, 11, 9)).expect("a setup").expect("it fails");
    assert_eq!(small.decisions, [decision("delay p0->p2 #each", 5)].into());
    assert_eq!((small.seed, small.part), (None, Part::default()));
}

#[test]
fn a_schedule_that_is_no_part_of_it_is_found_by_chance() {
    // Of the third letter alone it would be enough.
    let case = letters(4, |came| came.late(0) >= 2 || (5..10).any(|later| came.has(0, 3, later)));
    let two = later(0, 2, 5);
    let (varied, best) = at(&case, &two, |search, stage, best| search.vary(stage, best, Reach::Near));
    assert!(varied);
    assert_eq!(best.decisions.into_keys().collect::<Vec<_>>(), [decision("delay p0->p2 #3", 5).0]);
    let only = letters(4, |came| came.late(0) >= 1);
    let (varied, best) = at(&only, &later(0, 1, 5), |search, stage, best| search.vary(stage, best, Reach::Near));
    assert!(!varied, "there is none with less: {best:?}");
}

#[test]
fn of_the_first_seeds_that_fail_the_smallest_is_found() {
    let case = letters(2, |came| came.has(1, 1, 9));
    let minimiser = Minimiser::new(&case, RULE);
    let (mut search_all, mut whole) = (search(&minimiser), stage(&case));
    let found = search_all.try_seeds(&mut whole, 1_000).expect("one in ten fails");
    assert_eq!(found.decisions, [decision("delay p1->p2 #1", 9)].into());
    assert!(search_all.runs < 1_000, "three are enough");
    let never = letters(2, |came| came.has(1, 1, 10));
    let minimiser = Minimiser::new(&never, RULE);
    assert!(search(&minimiser).try_seeds(&mut stage(&never), 20).is_none());
    let spent = Minimiser::new(&case, RULE).max_runs(0);
    let mut spent = search(&spent);
    assert!(spent.try_seeds(&mut whole, 1_000).is_none());
    assert_eq!(spent.runs, 0, "a limit is met");
}

#[test]
fn no_answer_of_a_changed_schedule_is_the_simplest_one() {
    let mut chance = Streams::new(1);
    let decisions = later(0, 5, 1);
    let all: Vec<Decisions> = (0..100).map(|_| explore_again::changed(&decisions, 2, &mut chance)).collect();
    assert!(all.iter().flat_map(Decisions::values).all(|&answer| answer > 0));
    assert!(all.iter().all(|changed| changed.len() <= 3) && all.iter().any(|changed| *changed != all[0]));
}

#[test]
fn a_smaller_case_is_taken_if_its_schedule_is_understood_at_a_glance_or_has_no_more_decisions() {
    let takes = |needed: u32, rule: Rule, known: u32| {
        let (case, at_hand) = (letters(12, rule), letters(12, |came| came.late(0) >= 1));
        let (taken, best) = at(&at_hand, &later(0, known, 9), |search, stage, best| {
            let mut smaller = Stage::new(Part::default(), case.clone()).expect("a setup");
            let found = search.fails(&mut smaller, &later(0, needed, 5)).expect("it is violated");
            search.takes(stage, best, &mut smaller, found)
        });
        assert_eq!(best.decisions.len(), if taken { needed } else { known } as usize);
        taken
    };
    assert!(takes(10, |came| came.late(0) >= 10, 1));
    assert!(!takes(11, |came| came.late(0) >= 11, 1));
    assert!(takes(11, |came| came.late(0) >= 11, 11));
}

#[test]
fn requests_and_faults_that_play_no_part_are_left_out() {
    let mut case = letters(2, |came| came.late(0) >= 1);
    case.requests = vec![3, 3, 3];
    let setup = std::sync::Arc::make_mut(&mut case.setup);
    let crash = Crash { process: ProcessId::new(1), moment: Moment::AtTick(50), down_ticks: None };
    setup.faults.crashes = vec![crash];
    let small = Minimiser::new(&case, RULE).run(&later(0, 1, 5)).expect("a setup").expect("it fails");
    assert_eq!(small.part.faults, Some(Faults::default()));
    assert_eq!(small.part.requests.iter().sum::<u32>(), 1, "{:?}", small.part);
    let whole = Minimiser::new(&case, RULE).whole_case().run(&later(0, 1, 5)).expect("a setup").expect("it fails");
    assert!(whole.part.is_whole());
}
