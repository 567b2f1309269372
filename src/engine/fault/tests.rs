//! What a plan of crashes is made of, exact, drawn and looked up, and when it must be asked.

use std::collections::BTreeSet;

use super::super::decision::Decisions;
use super::*;

const CONDITIONS: &[&str] = &["waiting", "inside"];

fn p(index: u32) -> ProcessId {
    ProcessId::new(index)
}

fn exactly(moments: impl IntoIterator<Item = (u32, Moment)>) -> Faults {
    let crash = |(process, moment)| Crash { process: p(process), moment, down_ticks: None };
    Faults { crashes: moments.into_iter().map(crash).collect(), ..Faults::default() }
}

fn randomly(random: RandomCrashes) -> Faults {
    Faults { random: vec![random], ..Faults::default() }
}

/// The plans of many seeds for four processes.
fn drawn(random: &RandomCrashes) -> Vec<Plan> {
    let faults = randomly(random.clone());
    (0..300).map(|seed| Plan::new(&faults, 4, CONDITIONS, &mut Chance::seeded(seed))).collect()
}

fn victims(plan: &Plan) -> Vec<ProcessId> {
    let at = plan.at.iter().map(|crash| crash.process);
    at.chain(plan.in_step.iter().map(|crash| crash.process))
        .chain(plan.watches.iter().map(|watch| watch.process))
        .collect()
}

fn looked_up(decisions: impl IntoIterator<Item = (Topic, u64)>) -> (Plan, Chance) {
    let decisions: Decisions = decisions.into_iter().map(|(topic, answer)| (Key { topic, nth: 1 }, answer)).collect();
    let mut chance = Chance::answered(decisions);
    let random = RandomCrashes { down_ticks: Some(9.into()), ..RandomCrashes::up_to(4) };
    (Plan::new(&randomly(random), 4, CONDITIONS, &mut chance), chance)
}

#[test]
fn no_faults_make_no_plan() {
    let plan = Plan::new(&Faults::default(), 4, CONDITIONS, &mut Chance::seeded(1));
    assert_eq!(victims(&plan), []);
    assert!(!plan.has_steps());
    assert_eq!(plan.alarm(p(0), 1), u64::MAX);
}

mod exact {
    use super::*;

    fn plan(moments: impl IntoIterator<Item = (u32, Moment)>) -> Plan {
        Plan::new(&exactly(moments), 4, CONDITIONS, &mut Chance::seeded(1))
    }

    fn step(step: u64, after_effects: u32) -> Moment {
        Moment::InStep { step, after_effects }
    }

    #[test]
    fn crashes_by_time_come_in_the_order_of_time_then_of_processes() {
        let plan = plan([(2, Moment::AtTick(9)), (3, Moment::AtTick(5)), (1, Moment::AtTick(9))]);
        let order: Vec<_> = plan.at.iter().map(|crash| (crash.at.get(), crash.process)).collect();
        assert_eq!(order, [(5, p(3)), (9, p(1)), (9, p(2))]);
        assert!(plan.at.iter().all(|crash| !crash.drawn));
    }

    #[test]
    fn the_alarm_rings_at_the_next_step_of_the_process_that_the_plan_knows() {
        let plan = plan([(1, step(7, 0)), (1, step(3, 2)), (2, step(5, 0))]);
        assert!(plan.has_steps());
        assert_eq!([1, 3, 4, 7, 8].map(|from| plan.alarm(p(1), from)), [3, 3, 7, 7, u64::MAX]);
        assert_eq!(plan.alarm(p(2), 1), 5);
        assert_eq!(plan.alarm(p(0), 1), u64::MAX);
    }

    #[test]
    fn a_crash_in_a_step_falls_in_this_step_of_this_process_after_so_many_effects() {
        let plan = plan([(1, step(3, 2))]);
        assert_eq!(plan.crash_in(p(1), 3), Some((2, None, false)));
        assert_eq!(plan.crash_in(p(1), 2), None);
        assert_eq!(plan.crash_in(p(2), 3), None);
    }

    #[test]
    fn a_crash_on_a_condition_waits_for_so_many_occurrences() {
        let plan = plan([(1, Moment::When { condition: "inside".into(), nth: 3 })]);
        let [watch] = &plan.watches[..] else { panic!("one watch, not {:?}", plan.watches) };
        assert_eq!((watch.process, watch.condition.as_str(), watch.left, watch.held), (p(1), "inside", 3, false));
        assert!(!plan.has_steps());
    }

    #[test]
    fn how_long_it_stays_down_goes_with_the_crash() {
        let mut faults = exactly([(0, Moment::AtTick(1)), (1, step(1, 0))]);
        for crash in &mut faults.crashes {
            crash.down_ticks = Some(9.into());
        }
        let plan = Plan::new(&faults, 4, CONDITIONS, &mut Chance::seeded(1));
        assert_eq!(plan.at[0].down, Some(9.into()));
        assert_eq!(plan.crash_in(p(1), 1), Some((0, Some(9.into()), false)));
        assert_eq!(plan.drawn_down(p(0)), None);
    }
}

mod random {
    use super::*;

    #[test]
    fn every_number_of_crashes_up_to_the_greatest_is_drawn() {
        let counts: BTreeSet<_> = drawn(&RandomCrashes::up_to(3)).iter().map(|plan| victims(plan).len()).collect();
        assert_eq!(counts, BTreeSet::from([0, 1, 2, 3]));
    }

    #[test]
    fn who_stays_down_crashes_once() {
        for plan in drawn(&RandomCrashes::up_to(4)) {
            let victims = victims(&plan);
            assert_eq!(victims.iter().collect::<BTreeSet<_>>().len(), victims.len(), "{victims:?}");
        }
    }

    #[test]
    fn who_comes_back_may_crash_again() {
        let random = RandomCrashes { down_ticks: Some(9.into()), ..RandomCrashes::up_to(3) };
        let again = drawn(&random).iter().any(|plan| {
            let victims = victims(plan);
            victims.iter().collect::<BTreeSet<_>>().len() < victims.len()
        });
        assert!(again);
    }

    #[test]
    fn only_and_all_of_those_named_crash() {
        let victims_of = |random: &RandomCrashes| -> BTreeSet<_> { drawn(random).iter().flat_map(victims).collect() };
        let among = RandomCrashes { among: vec![p(1), p(3)], ..RandomCrashes::up_to(2) };
        assert_eq!(victims_of(&among), BTreeSet::from([p(1), p(3)]));
        assert_eq!(victims_of(&RandomCrashes::up_to(2)), ProcessId::all(4).collect());
    }

    #[test]
    fn moments_stay_within_their_bounds_and_reach_them() {
        let random = RandomCrashes { within_ticks: 3, within_steps: 2, ..RandomCrashes::up_to(4) };
        let plans = drawn(&random);
        let ticks: BTreeSet<_> = plans.iter().flat_map(|plan| &plan.at).map(|crash| crash.at.get()).collect();
        let steps: BTreeSet<_> = plans.iter().flat_map(|plan| &plan.in_step).map(|crash| crash.step).collect();
        let effects: BTreeSet<_> = plans.iter().flat_map(|plan| &plan.in_step).map(|crash| crash.effects).collect();
        let times: BTreeSet<_> = plans.iter().flat_map(|plan| &plan.watches).map(|watch| watch.left).collect();
        assert_eq!(ticks, (1..=3).collect());
        assert_eq!(steps, (1..=2).collect());
        assert_eq!(effects, (0..=4).collect());
        assert_eq!(times, (1..=4).collect());
    }

    #[test]
    fn the_conditions_are_those_named_or_else_the_applications() {
        let conditions = |random: &RandomCrashes| -> BTreeSet<_> {
            drawn(random).iter().flat_map(|plan| &plan.watches).map(|watch| watch.condition.clone()).collect()
        };
        let named = RandomCrashes { conditions: vec!["idle".into()], ..RandomCrashes::up_to(2) };
        assert_eq!(conditions(&named), BTreeSet::from(["idle".into()]));
        assert_eq!(conditions(&RandomCrashes::up_to(2)), BTreeSet::from(["inside".into(), "waiting".into()]));
    }

    #[test]
    fn an_application_without_conditions_has_the_other_moments() {
        let faults = randomly(RandomCrashes::up_to(4));
        let plans = (0..100).map(|seed| Plan::new(&faults, 4, &[], &mut Chance::seeded(seed)));
        assert!(plans.into_iter().all(|plan| plan.watches.is_empty()));
    }
}

mod replayed {
    use super::*;

    #[test]
    fn nothing_is_drawn() {
        let (plan, _) = looked_up([]);
        assert_eq!(victims(&plan), []);
    }

    #[test]
    fn given_crashes_are_laid_down_and_their_victims_come_back_as_configured() {
        let (plan, _) = looked_up([
            (Topic::CrashAt { process: p(1) }, 30),
            (Topic::CrashIn { process: p(2), step: 4 }, 3),
            (Topic::CrashAfter { process: p(2), step: 6 }, 1),
        ]);
        let [crash] = &plan.at[..] else { panic!("one crash by time, not {:?}", plan.at) };
        assert_eq!((crash.process, crash.at.get(), crash.down, crash.drawn), (p(1), 30, Some(9.into()), true));
        assert_eq!(plan.crash_in(p(2), 4), Some((2, Some(9.into()), true)));
        assert_eq!(plan.crashes_after(p(2), 6), [p(0)]);
        assert_eq!(plan.crashes_after(p(2), 4), []);
        assert_eq!([1, 5, 7].map(|from| plan.alarm(p(2), from)), [4, 6, u64::MAX]);
        assert!(plan.has_steps());
    }

    #[test]
    fn a_crash_is_left_over_until_it_comes_to_pass() {
        let (_, chance) = looked_up([(Topic::CrashAt { process: p(1) }, 30)]);
        assert_eq!(chance.left_over().0, [Key { topic: Topic::CrashAt { process: p(1) }, nth: 1 }]);
    }

    #[test]
    fn an_answer_of_0_is_no_crash() {
        let (plan, _) = looked_up([
            (Topic::CrashAt { process: p(1) }, 0),
            (Topic::CrashIn { process: p(2), step: 4 }, 0),
            (Topic::CrashAfter { process: p(2), step: 6 }, 0),
        ]);
        assert_eq!(victims(&plan), []);
        assert!(!plan.has_steps());
    }

    #[test]
    fn a_crash_of_a_process_that_there_is_not_is_left_over() {
        let (plan, chance) = looked_up([(Topic::CrashAt { process: p(4) }, 30)]);
        assert_eq!(victims(&plan), []);
        assert_eq!(chance.left_over().0.len(), 1);
    }
}
