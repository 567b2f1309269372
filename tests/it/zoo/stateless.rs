//! Stateless coordinators with a mistake in each. The server is process 0.

use jeton::algorithms::coordinator::message::{Body, Message, Phase};
use jeton::algorithms::coordinator::{Stateless, StatelessParameters, StatelessRules, grace_bound};
use jeton::engine::{Distribution, RandomCrashes, Setup};
use jeton::explore::{Case, Exhaustive, Proof};
use jeton::model::{Effect, Event};
use jeton::mutex::{Mutex, Property, Workload};

use super::mutant::{Mutant, Mutation, Scene};
use super::{Entry, Pair, case, crashes, short};

pub(super) const ZOO: &[Entry] = &[
    Entry {
        name: "grace_too_short_by_one",
        wrong: "The grace ends one tick before the last reclaim can come.",
        violates: Property::SingleHolder.name(),
        specimen: &Pair { broken: || late::<Stateless>(1), sound: || late::<Stateless>(0) },
    },
    Entry {
        name: "holders_do_not_reclaim",
        wrong: "A client that connects again says what it waits for, and not what it holds (S1).",
        violates: Property::SingleHolder.name(),
        specimen: &Pair {
            broken: || restart::<Mutant<Stateless, HoldersDoNotReclaim>>(StatelessRules::default()),
            sound: || restart::<Stateless>(StatelessRules::default()),
        },
    },
    Entry {
        name: "retries_counted_as_connections",
        wrong: "Each retry has a new number, and a round trip takes longer than the retry interval (S1).",
        violates: Property::EveryRequestGranted.name(),
        specimen: &Pair {
            broken: || impatient::<Stateless>(StatelessRules { keep_number: false, ..StatelessRules::default() }),
            sound: || impatient::<Stateless>(StatelessRules::default()),
        },
    },
];

/// Stays are longer than the grace, now and then.
const LONG_STAYS: Distribution = Distribution::Uniform(0, 60);

/// The server crashes now and then, and comes back.
fn restart<Q: Mutex<Config = StatelessParameters>>(rules: StatelessRules) -> Case<Q> {
    let parameters = StatelessParameters { rules, grace_ticks: 40, ..StatelessParameters::default() };
    let workload = Workload { hold_ticks: LONG_STAYS, ..short(2) };
    case::<Stateless, Q>(4, &parameters, workload, |setup| server_crashes(setup, 2, 30))
}

/// The grace is as long as it must be, or almost, and the server is soon up again.
fn late<Q: Mutex<Config = StatelessParameters>>(too_short_by: u64) -> Case<Q> {
    let mut parameters = StatelessParameters { retry_interval_ticks: 4, ..StatelessParameters::default() };
    let (delay, latency) = (4, 8);
    let bound = grace_bound(&parameters, delay.into(), latency.into(), true);
    parameters.grace_ticks = bound.get() - too_short_by;
    let workload = Workload { hold_ticks: LONG_STAYS, ..short(1) };
    case::<Stateless, Q>(3, &parameters, workload, |setup| {
        setup.network.delay_ticks = (1..=delay).into();
        setup.detector.latency_ticks = (1..=latency).into();
        server_crashes(setup, 1, 2);
    })
}

/// A round trip takes longer than the retry interval.
fn impatient<Q: Mutex<Config = StatelessParameters>>(rules: StatelessRules) -> Case<Q> {
    let parameters = StatelessParameters { rules, retry_interval_ticks: 8, grace_ticks: 40 };
    case::<Stateless, Q>(3, &parameters, short(1), |setup| {
        setup.network.delay_ticks = 5.into();
        server_crashes(setup, 1, 30);
    })
}

/// So small that every schedule of virtual time is soon run.
fn tiny<Q: Mutex<Config = StatelessParameters>>(too_short_by: u64) -> Proof {
    let mut parameters = StatelessParameters { retry_interval_ticks: 2, ..StatelessParameters::default() };
    let (delay, latency) = (2_u64, 1_u64);
    let bound = grace_bound(&parameters, delay.into(), latency.into(), true);
    parameters.grace_ticks = bound.get() - too_short_by;
    let (think_ticks, hold_ticks) = (0.into(), (6..=7).into());
    let workload = Workload { think_ticks, hold_ticks, write_per_mille: 0, ..short(1) };
    let case = case::<Stateless, Q>(3, &parameters, workload, |setup| {
        setup.network.delay_ticks = (1..=delay).into();
        setup.detector.latency_ticks = latency.into();
        server_crashes(setup, 1, 2);
    });
    Exhaustive::of(case).bounded_time().run().expect("the setup can be run")
}

/// The third has connection numbers that grow for ever, so that no state comes again.
#[test]
fn mistakes_that_need_time_are_found_in_bounded_time() {
    tiny::<Stateless>(0).assert_verified();
    let found = [tiny::<Stateless>(1), tiny::<Mutant<Stateless, HoldersDoNotReclaim>>(0)];
    for (proof, entry) in found.iter().zip(ZOO) {
        let counterexample = proof.counterexample().unwrap_or_else(|| panic!("{}: {:?}", entry.name, proof.coverage));
        assert_eq!(counterexample.property, entry.violates, "{}: {counterexample}", entry.name);
    }
}

fn server_crashes<Q: Mutex>(setup: &mut Setup<Q>, up_to: u32, down: u64) {
    let down_ticks = Some((1..=down).into());
    setup.faults.random.push(RandomCrashes { down_ticks, ..crashes(up_to, [0]) });
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct HoldersDoNotReclaim;

impl Mutation<Stateless> for HoldersDoNotReclaim {
    fn after(&mut self, _: &Event<Stateless>, effects: &mut Vec<Effect<Stateless>>, _: &mut Scene<'_, Stateless>) {
        for effect in effects {
            if let Effect::Send { message: Message { body: Body::Connect { claims }, .. }, .. } = effect {
                claims.retain(|claim| claim.step.phase != Phase::Holding);
            }
        }
    }
}
