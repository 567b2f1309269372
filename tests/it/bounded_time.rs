//! Every schedule of virtual time: the stateless coordinator with a grace at its bound and one tick below, and random
//! schedules beside.

use std::sync::Arc;

use jeton::algorithms::coordinator::{Durable, Stateless, StatelessParameters, grace_bound};
use jeton::engine::{End, Limits, Outcome, RandomCrashes, ReportOrder, Setup};
use jeton::explore::{Case, Counterexample, Exhaustive, Part, Proof, Reproducer, Runner, Schedule, Strategy, Verdict};
use jeton::mutex::{System, Workload};
use jeton::{ProcessId, Ticks};
use proptest::prelude::*;

/// The longest of everything, in ticks.
#[derive(Clone, Copy, Debug)]
struct Spans {
    order: ReportOrder,
    delay: u64,
    latency: u64,
    retry: u64,
    think: u64,
    hold: (u64, u64),
}

const AFTER: ReportOrder = ReportOrder::AfterChannel;
const BEFORE: ReportOrder = ReportOrder::Unordered;

impl Spans {
    fn bound(&self) -> u64 {
        let parameters = StatelessParameters { retry_interval_ticks: self.retry, ..StatelessParameters::default() };
        grace_bound(&parameters, self.delay.into(), self.latency.into(), self.order == AFTER).get()
    }

    /// Two clients with one request each; the server crashes once and is soon up again.
    fn case(&self, grace: u64) -> Case<Stateless> {
        let Self { order, delay, latency, retry, think, hold } = *self;
        let parameters =
            StatelessParameters { retry_interval_ticks: retry, grace_ticks: grace, ..StatelessParameters::default() };
        let config = Stateless::configure(3, &parameters).expect("it can be");
        let mut setup = Setup::<Stateless>::new(3, config);
        setup.network.delay_ticks = (1..=delay).into();
        setup.detector.latency_ticks = (1..=latency).into();
        setup.detector.order = order;
        let among = vec![ProcessId::new(0)];
        let down_ticks = Some((1..=2).into());
        setup.faults.random =
            vec![RandomCrashes { among, down_ticks, within_ticks: 20, within_steps: 12, ..RandomCrashes::up_to(1) }];
        let (think_ticks, hold_ticks) = ((0..=think).into(), (hold.0..=hold.1).into());
        let workload = Workload { requests: 1, write_per_mille: 0, think_ticks, hold_ticks, ..Workload::default() };
        let mut case = Case::new(setup);
        case.set_workload(workload);
        case
    }
}

fn check(case: &Case<Stateless>) -> Proof {
    Exhaustive::of(case.clone()).bounded_time().run().expect("it can be run")
}

/// The schedule of what was found, as it is kept, and how its run ends: as it says.
fn replayed(case: &Case<Stateless>, counterexample: &Counterexample) -> (Schedule, Outcome) {
    let schedule: Schedule = counterexample.schedule.to_string().parse().expect("it is read as it is written");
    let part = case.part(&schedule.part).expect("there is such a part");
    let (outcome, divergence) = Runner::new(&part).expect("it can be run").replay(schedule.decisions.clone(), &mut ());
    assert!(schedule.is_reproduced_by(&outcome.end) && divergence.is_empty(), "{:?}\n{counterexample}", outcome.end);
    (schedule, outcome)
}

/// The longest delay decides, or the longest latency, or the retry interval, with reports in either order.
const WORLDS: [Spans; 4] = [
    Spans { order: AFTER, delay: 1, latency: 1, retry: 1, think: 1, hold: (0, 6) },
    Spans { order: AFTER, delay: 2, latency: 1, retry: 2, think: 0, hold: (6, 7) },
    Spans { order: AFTER, delay: 2, latency: 1, retry: 3, think: 0, hold: (7, 7) },
    Spans { order: BEFORE, delay: 1, latency: 2, retry: 1, think: 0, hold: (6, 7) },
];

#[test]
fn the_stateless_coordinator_is_verified_with_a_grace_at_its_bound() {
    for spans in WORLDS {
        let proof = check(&spans.case(spans.bound()));
        proof.assert_verified();
        assert!(proof.checked.contains(&"every_request_granted") && proof.coverage.frontier == 0, "{spans:?}");
    }
}

#[test]
fn one_tick_below_it_has_two_holders_in_a_run_that_is_replayed() {
    for spans in WORLDS {
        let case = spans.case(spans.bound() - 1);
        let proof = check(&case);
        let counterexample = proof.counterexample().unwrap_or_else(|| panic!("{spans:?}: {:?}", proof.coverage));
        assert_eq!(counterexample.property, "single_holder", "{spans:?}: {counterexample}");
        assert!(matches!(counterexample.schedule, Reproducer::Timed(_)));
        let (schedule, outcome) = replayed(&case, counterexample);
        assert!(schedule.part.is_whole(), "{spans:?}");
        let End::Violated(violation) = outcome.end else { panic!("it is reproduced") };
        assert_eq!(violation.explanation, counterexample.explanation);
        assert!(counterexample.draw(80).contains("single_holder"), "{}", counterexample.draw(80));
        let starts = 3;
        assert_eq!(counterexample.steps.len() as u64 + starts, violation.event, "{counterexample}");
    }
}

#[test]
fn what_comes_beyond_the_limits_or_the_patience_of_a_run_is_found_and_replayed_too() {
    let limits: [fn(&mut Limits); 3] =
        [|limits| limits.ticks = 3, |limits| limits.events = 4, |limits| limits.pending = 1];
    let limited = |limit: fn(&mut Limits)| {
        let mut case = WORLDS[0].case(WORLDS[0].bound() - 1);
        limit(&mut Arc::make_mut(&mut case.setup).limits);
        case
    };
    let impatient = Case { patience: Ticks::new(1), ..limited(|_| {}) };
    for case in limits.map(limited).into_iter().chain([impatient]) {
        let proof = check(&case);
        let counterexample = proof.counterexample().expect("it has no limits but its own");
        assert_eq!(counterexample.property, "single_holder", "{counterexample}");
        let (schedule, outcome) = replayed(&case, counterexample);
        assert_eq!(schedule.part, Part { to_event: Some(outcome.stats.events), ..Part::default() });
        assert!(counterexample.ending.at > Ticks::new(3), "{counterexample}");
    }
}

#[test]
fn a_search_that_is_cut_short_proves_nothing() {
    let case = WORLDS[1].case(WORLDS[1].bound());
    let proof = Exhaustive::of(case).bounded_time().states_max(500).run().expect("it can be run");
    assert_eq!(proof.verdict, Verdict::Incomplete);
    assert!(proof.coverage.frontier > 0 && proof.coverage.states >= 500, "{:?}", proof.coverage);
}

/// The server crashes, and its clients ask for it again and again.
fn without_a_server() -> Case<Stateless> {
    let spans = WORLDS[0];
    let mut case = spans.case(spans.bound());
    Arc::make_mut(&mut case.setup).faults.random[0].down_ticks = None;
    case
}

#[test]
fn who_never_comes_back_leaves_its_clients_waiting_for_ever() {
    let case = without_a_server();
    let proof = check(&case);
    let counterexample = proof.counterexample().unwrap_or_else(|| panic!("{:?}", proof.coverage));
    assert_eq!(counterexample.property, "every_request_granted", "{counterexample}");
    let cycle = counterexample.cycle.expect("they ask again and again");
    let (schedule, outcome) = replayed(&case, counterexample);
    let round = schedule.part.round.expect("it goes round");
    assert_eq!((round.to_event - round.from_event) as usize, counterexample.steps.len() - cycle, "{counterexample}");
    let ending = schedule.part.ending(&outcome);
    assert_eq!(ending, counterexample.ending);
    assert_eq!((ending.cycle_from_event, ending.event), (Some(round.from_event), round.to_event));
}

#[test]
fn what_goes_round_is_told_in_one_turn_however_patient_its_clients_are() {
    let case = without_a_server();
    let of_patience = |ticks| Case { patience: Ticks::new(ticks), ..case.clone() };
    let told = |case: &Case<Stateless>| check(case).counterexample().expect("nobody answers").clone();
    let counterexample = told(&of_patience(1 << 40));
    assert_eq!(counterexample, told(&case));
    assert_eq!(counterexample, told(&of_patience(1)));
    assert!(counterexample.records.len() < 100, "{} events", counterexample.records.len());
    let drawn = counterexample.draw(80);
    assert!(drawn.contains("again and again from here on:") && drawn.contains("and round again"), "{drawn}");
}

#[test]
fn the_durable_coordinator_needs_no_grace() {
    let config = Durable::configure(3, &<Durable as System>::Parameters::default()).expect("it can be");
    let mut setup = Setup::<Durable>::new(3, config);
    setup.network.delay_ticks = (1..=2).into();
    setup.detector.latency_ticks = 1.into();
    let workload = Workload { requests: 1, think_ticks: 0.into(), hold_ticks: 0.into(), ..Workload::default() };
    let proof = Exhaustive::new(setup).workload(workload).bounded_time().run().expect("it can be run");
    proof.assert_verified();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// What random schedules find, the search finds, and nothing that it verifies is violated in one.
    #[test]
    fn random_schedules_find_nothing_that_the_search_does_not(
        after in any::<bool>(),
        delay in 1_u64..3,
        latency in 1_u64..4,
        retry in 2_u64..4,
        below in 0_u64..3,
    ) {
        let spans = Spans { order: if after { AFTER } else { BEFORE }, delay, latency, retry, think: 0, hold: (5, 7) };
        let case = spans.case(spans.bound() - below);
        let proof = check(&case);
        prop_assert!(proof.verdict != Verdict::Incomplete);
        prop_assert!(proof.is_verified() || below > 0, "{:?}", spans);
        for strategy in [Strategy::Random, Strategy::Swarm, Strategy::CrashPoints, Strategy::Pct] {
            let mut runner = Runner::new(&Case { strategy, ..case.clone() }).expect("it can be run");
            for seed in 0..100 {
                if let End::Violated(violation) = runner.run(seed).end {
                    prop_assert!(!proof.is_verified(), "{}: {}", seed, violation);
                }
            }
        }
    }
}
