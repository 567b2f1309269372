use proptest::prelude::*;

use super::*;
use crate::engine::Limit;
use crate::explore::Report;

fn plan(schedules: u64, shard: Shard) -> Plan {
    Plan { first_seed: 7, schedules, minimise: 3, shard }
}

fn shard(index: u64, count: u64) -> Shard {
    Shard::new(index, count).expect("a shard")
}

/// What a chunk might have shown: every third schedule fails, and every tenth is cut off.
fn made_up(plan: &Plan, chunk: u64) -> CampaignStep {
    let seeds = || plan.chunk(chunk).map(|index| plan.first_seed + index);
    let failing: Vec<u64> = seeds().filter(|seed| seed % 3 == 0).collect();
    let cut_off: Vec<u64> = seeds().filter(|seed| seed % 10 == 9).collect();
    let mut totals = Totals {
        schedules: seeds().count() as u64,
        events: seeds().sum(),
        cut_off: cut_off.len() as u64,
        first_cut_off: cut_off.first().map(|seed| (*seed, Limit::Events)),
        ..Totals::default()
    };
    if !failing.is_empty() {
        let failing = Failing { schedules: failing.len() as u64, seeds: failing };
        totals.failing.insert("single_holder".to_owned(), failing);
        totals.sometimes.insert("holder_crashed".to_owned(), 1);
    }
    CampaignStep::Chunk { chunk, totals }
}

fn small(seed: u64, decisions: &[&str]) -> CampaignStep {
    let decisions = decisions.iter().map(|key| (key.parse().expect("a key"), 1)).collect();
    let schedule = Schedule { decisions, ..Schedule::default() };
    CampaignStep::Small(Box::new(Small { property: "single_holder".to_owned(), seed, minimal: true, schedule }))
}

fn done(plan: Plan) -> Campaign {
    let mut campaign = Campaign::new(plan);
    for chunk in plan.own_chunks() {
        campaign.take(made_up(&plan, chunk)).expect("its own");
    }
    campaign
}

proptest! {
    #[test]
    fn every_schedule_is_in_one_chunk_of_one_part(schedules in 1_u64..200_000, count in 1_u64..40) {
        let parts: Vec<Plan> = (1..=count).map(|index| plan(schedules, shard(index, count))).collect();
        let mut chunks: Vec<u64> = parts.iter().flat_map(Plan::own_chunks).collect();
        chunks.sort_unstable();
        let covered: Vec<_> = chunks.iter().map(|chunk| parts[0].chunk(*chunk)).collect();
        prop_assert_eq!((covered[0].start, covered[covered.len() - 1].end), (0, schedules));
        prop_assert!(covered.windows(2).all(|pair| pair[0].end == pair[1].start));
        for part in parts {
            let own: u64 = part.own_chunks().map(|chunk| part.chunk(chunk)).map(|range| range.end - range.start).sum();
            prop_assert_eq!(part.own_schedules(), own);
        }
    }

    #[test]
    fn the_order_of_the_steps_changes_nothing(
        schedules in 1_u64..3000,
        order in Just((0..200_u64).collect::<Vec<_>>()).prop_shuffle(),
    ) {
        let whole = plan(schedules, Shard::WHOLE);
        let mut shuffled = Campaign::new(whole);
        for chunk in order.into_iter().filter(|chunk| *chunk < whole.chunks()) {
            shuffled.take(made_up(&whole, chunk)).expect("its own");
        }
        prop_assert_eq!(shuffled, done(whole));
    }
}

#[test]
fn no_schedule_counts_twice_and_none_of_another_part() {
    let part = plan(100, shard(2, 3));
    let mut campaign = done(part);
    assert_eq!(campaign.take(made_up(&part, 1)), Err(Misfit::Twice(1)));
    assert_eq!(campaign.take(made_up(&part, 2)), Err(Misfit::Foreign(2)));
    let far = CampaignStep::Chunk { chunk: 10, totals: Totals::default() };
    assert_eq!(campaign.take(far), Err(Misfit::Foreign(10)));
    let short = CampaignStep::Chunk { chunk: 1, totals: Totals { schedules: 15, ..Totals::default() } };
    assert_eq!(Campaign::new(part).take(short), Err(Misfit::Length { chunk: 1, found: 15, expected: 16 }));
}

#[test]
fn the_first_failures_of_all_parts_are_among_the_first_of_each() {
    let whole = done(plan(1000, Shard::WHOLE));
    let wanted: Vec<u64> = whole.unminimised().map(|(_, seed)| seed).collect();
    assert_eq!(wanted, [9, 12, 15]);
    assert!(whole.wants("single_holder", 9) && whole.wants("single_holder", 15));
    assert!(!whole.wants("single_holder", 10) && !whole.wants("no_deadlock", 9));
    let parts = (1..=4).map(|index| done(plan(1000, shard(index, 4))));
    let of_parts: Vec<u64> =
        parts.flat_map(|part| part.unminimised().map(|(_, seed)| seed).collect::<Vec<_>>()).collect();
    assert!(wanted.iter().all(|seed| of_parts.contains(seed)), "{of_parts:?}");
}

#[test]
fn nothing_is_made_small_before_all_schedules_were_run() {
    let whole = plan(40, Shard::WHOLE);
    let mut campaign = Campaign::new(whole);
    for chunk in [2, 0] {
        campaign.take(made_up(&whole, chunk)).expect("its own");
        assert_eq!(campaign.unminimised().next(), None);
    }
    assert_eq!([0, 1, 2].map(|chunk| campaign.has(chunk)), [true, false, true]);
    campaign.take(made_up(&whole, 1)).expect("its own");
    assert!(!campaign.is_complete());
    for seed in [9, 12, 15] {
        campaign.take(small(seed, &["delay p0->p1 #1"])).expect("wanted");
    }
    assert!(campaign.is_complete());
    let refused = Misfit::Unasked { property: "single_holder".to_owned(), seed: 9 };
    assert_eq!(campaign.take(small(9, &[])), Err(refused));
}

#[test]
fn what_differs_in_the_timing_alone_is_one_form() {
    let mut campaign = done(plan(40, Shard::WHOLE));
    let steps = [
        small(9, &["crash_in p1 step 4 #1", "delay p0->p1 #1"]),
        small(12, &["crash_at p2 #1"]),
        small(15, &["crash_at p2 #1", "crash_at p1 #1"]),
    ];
    for step in steps {
        campaign.take(step).expect("wanted");
    }
    let forms = campaign.forms();
    let shown: Vec<_> = forms.iter().map(|form| (form.faults["crash"], form.schedules, form.seed)).collect();
    assert_eq!(shown, [(1, 2, 12), (2, 1, 15)]);
}

#[test]
fn a_step_is_read_as_it_is_written() {
    let whole = plan(100, Shard::WHOLE);
    for step in [made_up(&whole, 3), small(9, &["delay p0->p1 #1"])] {
        let text = serde_json::to_string(&step).expect("JSON");
        assert_eq!(serde_json::from_str::<CampaignStep>(&text).expect(&text), step);
    }
}

#[test]
fn totals_are_those_of_the_report_and_add_up() {
    let failing = |schedules, seeds: std::ops::Range<u64>| {
        [("single_holder".to_owned(), Failing { schedules, seeds: seeds.collect() })].into()
    };
    let report = |cut_off: Option<u64>, seeds: std::ops::Range<u64>| Report {
        schedules: 10,
        events: 200,
        messages: 30,
        entries: 4,
        overtakes: 5,
        cut_off: cut_off.map_or(0, |_| 1),
        first_cut_off: cut_off.map(|seed| (seed, Limit::Ticks)),
        sometimes: [("holder_crashed", 7)].into(),
        failing: failing(90, seeds),
        ..Report::default()
    };
    let (one, other) = (Totals::from(report(Some(8), 50..140)), Totals::from(report(Some(3), 0..20)));
    let mut both = one.clone();
    both.add(&other);
    let sum = Totals {
        schedules: 20,
        events: 400,
        messages: 60,
        entries: 8,
        overtakes: 10,
        cut_off: 2,
        first_cut_off: Some((3, Limit::Ticks)),
        sometimes: [("holder_crashed".to_owned(), 14)].into(),
        failing: [("single_holder".to_owned(), Failing { schedules: 180, seeds: (0..20).chain(50..130).collect() })]
            .into(),
    };
    assert_eq!(both, sum, "of the seeds the lowest hundred");
    let mut the_other_way = other;
    the_other_way.add(&one);
    assert_eq!(the_other_way, both);
    let (only_cut_off, only_failing) =
        (Totals { failing: BTreeMap::new(), ..one }, Totals { cut_off: 0, ..Totals::from(report(None, 0..1)) });
    assert!(!only_cut_off.holds() && !only_failing.holds() && Totals { cut_off: 0, ..only_cut_off }.holds());
}

#[test]
fn each_kind_of_fault_is_told_apart_and_timing_is_none() {
    let keys = [
        "crash_at p0 #1",
        "crash_in p1 step 4 #1",
        "loss p0->p1 #1",
        "duplicate p0->p1 #2",
        "partition_at #1",
        "pause_at p0 #1",
        "cut_off p0->p1 #1",
        "suspect_at p0->p1 #1",
        "delay p0->p1 #1",
        "copy_delay p0->p1 #1",
    ];
    let keys = keys.map(|key| key.parse::<crate::engine::Key>().unwrap_or_else(|error| panic!("{key}: {error}")));
    let schedule = Schedule { decisions: keys.into_iter().map(|key| (key, 1)).collect(), ..Schedule::default() };
    let kinds = ["cut-off", "duplicate", "false suspicion", "loss", "partition", "pause"].map(|kind| (kind, 1));
    let expected: BTreeMap<_, u64> = kinds.into_iter().chain([("crash", 2)]).collect();
    assert_eq!(form::faults(&schedule), expected);
}

#[test]
fn a_plan_is_possible_with_some_schedules_not_too_many_and_a_seed_for_each() {
    let possible = |change: fn(&mut Plan)| {
        let mut plan = plan(40, Shard::WHOLE);
        change(&mut plan);
        plan.is_possible()
    };
    assert!(possible(|_| ()) && possible(|plan| plan.schedules = 1) && possible(|plan| plan.minimise = Failing::SEEDS));
    assert!(possible(|plan| plan.schedules = Plan::SCHEDULES_MAX));
    assert!(possible(|plan| plan.first_seed = u64::MAX - 39), "the last seed is the greatest");
    assert!(!possible(|plan| plan.first_seed = u64::MAX - 38));
    assert!(!possible(|plan| plan.schedules = 0) && !possible(|plan| plan.schedules = Plan::SCHEDULES_MAX + 1));
    assert!(!possible(|plan| plan.minimise = Failing::SEEDS + 1));
}
