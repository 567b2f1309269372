use std::ops::RangeInclusive;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use toml::{Table, Value};

use crate::algorithms::{self, with_system};
use crate::engine::{
    ChannelOrder, Crash, Detector, Distribution, Faults, FromDead, Moment, Network, Partition, Pause, RandomCrashes,
    ReportOrder, Setup, Unreliable, Windows,
};
use crate::explore::Case;
use crate::model::{Process, ProcessId};
use crate::mutex::{System, Workload};
use crate::scenario::{self, Scenario};

/// Fault plans for so many processes, out of what `within` allows: of each group of random crashes up to its number,
/// each with a victim and a moment; of random partitions and pauses likewise; loss and duplication up to their share.
/// What is exact in `within` is in each plan.
///
/// A plan is exact, so it can be printed, kept and made smaller: it shrinks towards no fault at all, then towards early
/// ones of the first processes.
///
/// ```
/// use jeton::engine::{Faults, RandomCrashes};
/// use jeton::testing::fault_plans;
/// use proptest::prelude::*;
///
/// let within = Faults { random: vec![RandomCrashes::up_to(2)], ..Faults::default() };
/// proptest!(|(plan in fault_plans(5, within))| {
///     prop_assert!(plan.random.is_empty() && plan.crashes.len() <= 2);
/// });
/// ```
pub fn fault_plans(processes: u32, within: Faults) -> BoxedStrategy<Faults> {
    raw_faults(processes, &within).prop_map(move |raw| raw.settle(processes, &within)).boxed()
}

/// Setups of so many processes, each within the world that `within` gives for that number: delays, latencies and times
/// of service between its least and its greatest, [fault plans](fault_plans) out of its faults, and channels, reports
/// and the dead no worse than its own. Whatever holds in that world must hold in each of them.
///
/// It shrinks towards fewer processes, no faults, and constant least delays.
///
/// ```
/// use jeton::algorithms::query_ring::{Parameters, QueryRing};
/// use jeton::explore::{Case, Runner};
/// use jeton::engine::{End, Setup};
/// use jeton::{mutex::System, testing::setups};
/// use proptest::prelude::*;
///
/// let worlds = setups(2..=5, |processes| {
///     let config = QueryRing::configure(processes, &Parameters::default()).expect("defaults");
///     Setup::<QueryRing>::new(processes, config).with_random_crashes(1)
/// });
/// proptest!(ProptestConfig::with_cases(20), |(setup in worlds, seed in any::<u64>().no_shrink())| {
///     let outcome = Runner::new(&Case::new(setup)).expect("a valid setup").run(seed);
///     prop_assert!(matches!(outcome.end, End::Settled | End::Quiescent), "{:?}", outcome.end);
/// });
/// ```
///
/// # Panics
/// If the range is empty.
pub fn setups<P>(
    processes: RangeInclusive<u32>,
    within: impl Fn(u32) -> Setup<P> + Send + Sync + 'static,
) -> BoxedStrategy<Setup<P>>
where
    P: Process + 'static,
    P::Config: std::fmt::Debug + Clone,
{
    let widest = within(*processes.end());
    let world = (
        processes.clone(),
        network(widest.network),
        detector(widest.detector),
        raw_faults(*processes.end(), &widest.faults),
    );
    world
        .prop_map(move |(processes, network, detector, raw)| {
            let mut setup = within(processes);
            setup.network = Network { links: setup.network.links, ..network };
            setup.detector = detector;
            setup.faults = raw.settle(processes, &setup.faults);
            setup
        })
        .boxed()
}

/// Workloads no heavier than this one: as many requests or fewer, down to one; thinking and holding between its least
/// and its greatest; as many writes, data ids and second data ids or fewer.
pub fn workloads(within: Workload) -> BoxedStrategy<Workload> {
    let numbers = (
        1..=within.requests.max(1),
        0..=within.write_per_mille,
        1..=within.data_ids.max(1),
        0..=within.second_per_mille,
        prop::bool::ANY,
    );
    (numbers, span(within.think_ticks), span(within.hold_ticks))
        .prop_map(move |((requests, writes, data_ids, second, disconnect), think_ticks, hold_ticks)| Workload {
            requests,
            think_ticks,
            hold_ticks,
            write_per_mille: writes,
            data_ids,
            second_per_mille: if data_ids < 2 { 0 } else { second },
            second_any: within.second_any,
            disconnect: within.disconnect && disconnect,
        })
        .boxed()
}

/// Scenarios of a built-in system, none beyond its baseline: whatever is drawn, everything it claims must hold. Each
/// has a [source](Scenario::source) that is a scenario file as it stands. `None` if there is no such system.
///
/// ```
/// use jeton::testing::scenarios;
/// use proptest::prelude::*;
///
/// proptest!(ProptestConfig::with_cases(10), |(scenario in scenarios("durable").expect("a system"))| {
///     prop_assert_eq!(scenario.expect().name(), "holds");
/// });
/// ```
pub fn scenarios(system: &str) -> Option<BoxedStrategy<Scenario>> {
    struct Baseline;
    impl algorithms::Visitor for Baseline {
        type Output = (&'static str, u32);
        fn visit<S: System>(self) -> Self::Output {
            (S::BASELINE, S::PROCESSES_MIN)
        }
    }
    struct World;
    impl scenario::Visitor for World {
        type Output = (u32, Network, Detector, Faults, Workload);
        fn visit<S: System>(self, case: Case<S>) -> Self::Output {
            let Setup { processes, network, detector, faults, .. } = &*case.setup;
            (*processes, network.clone(), *detector, faults.clone(), case.workload)
        }
    }
    let (baseline, least) = with_system(system, Baseline)?;
    let path = format!("{system}.toml");
    let parsed = Scenario::parse(&path, baseline).expect("a baseline is a scenario");
    let (most, network_within, detector_within, faults, workload) = parsed.visit(World);
    let table: Table = baseline.parse().expect("a scenario is TOML");
    let parts = (
        least.min(most)..=most,
        network(network_within),
        detector(detector_within),
        raw_faults(most, &faults),
        workloads(workload),
    );
    let scenarios = parts.prop_map(move |(processes, network, detector, raw, workload)| {
        let mut table = table.clone();
        table.insert("processes".to_owned(), Value::from(i64::from(processes)));
        for (key, value) in [
            ("network", Value::try_from(network)),
            ("detector", Value::try_from(detector)),
            ("faults", Value::try_from(raw.settle(processes, &faults))),
            ("workload", Value::try_from(workload)),
        ] {
            table.insert(key.to_owned(), value.expect("what is read from TOML can be written as TOML"));
        }
        Scenario::parse(&path, &table.to_string()).unwrap_or_else(|error| panic!("within a baseline: {error}"))
    });
    Some(scenarios.boxed())
}

/// Faults before it is known how many processes there are: who is meant is a number to be taken modulo the candidates.
/// So the number of processes and the faults shrink one without the other.
#[derive(Clone, Debug)]
struct RawFaults {
    /// For each group of random crashes.
    crashes: Vec<Vec<RawCrash>>,
    partitions: Vec<RawPartition>,
    pauses: Vec<RawPause>,
    messages: Option<Unreliable>,
}

#[derive(Clone, Debug)]
struct RawCrash {
    victim: u32,
    moment: Moment,
    down_ticks: Option<Distribution>,
}

#[derive(Clone, Debug)]
struct RawPartition {
    at_tick: u64,
    length_ticks: u64,
    /// For each process, whether it is on the side.
    side: Vec<bool>,
}

#[derive(Clone, Debug)]
struct RawPause {
    process: u32,
    at_tick: u64,
    length_ticks: u64,
}

impl RawFaults {
    fn settle(self, processes: u32, within: &Faults) -> Faults {
        let mut faults = Faults {
            crashes: within.crashes.clone(),
            partitions: within.partitions.clone(),
            pauses: within.pauses.clone(),
            messages: self.messages,
            ..Faults::default()
        };
        for (group, crashes) in within.random.iter().zip(self.crashes) {
            let mut candidates: Vec<ProcessId> = ProcessId::all(processes).filter(|&p| group.has(p)).collect();
            for RawCrash { victim, moment, down_ticks } in crashes {
                if candidates.is_empty() {
                    break;
                }
                let index = victim as usize % candidates.len();
                // Who stays down crashes once.
                let process = if down_ticks.is_none() { candidates.remove(index) } else { candidates[index] };
                faults.crashes.push(Crash { process, moment, down_ticks });
            }
        }
        for RawPartition { at_tick, length_ticks, side } in self.partitions {
            let side: Vec<ProcessId> = ProcessId::all(processes).filter(|process| side[process.index()]).collect();
            if !side.is_empty() {
                faults.partitions.push(Partition { at_tick, length_ticks, side });
            }
        }
        for RawPause { process, at_tick, length_ticks } in self.pauses {
            faults.pauses.push(Pause { process: ProcessId::new(process % processes), at_tick, length_ticks });
        }
        faults
    }
}

fn raw_faults(processes: u32, within: &Faults) -> BoxedStrategy<RawFaults> {
    let groups: Vec<_> = within.random.iter().map(|group| vec(crash(group), 0..=group.up_to as usize)).collect();
    let partitions = windows(within.random_partitions);
    let partition = (moment(within.random_partitions), vec(prop::bool::ANY, processes as usize))
        .prop_map(|((at_tick, length_ticks), side)| RawPartition { at_tick, length_ticks, side });
    let pause = (moment(within.random_pauses), 0..processes).prop_map(|((at_tick, length_ticks), process)| RawPause {
        process,
        at_tick,
        length_ticks,
    });
    let pauses = windows(within.random_pauses);
    (groups, vec(partition, 0..=partitions), vec(pause, 0..=pauses), unreliable(within.messages))
        .prop_map(|(crashes, partitions, pauses, messages)| RawFaults { crashes, partitions, pauses, messages })
        .boxed()
}

/// At most so many of them.
fn windows(within: Option<Windows>) -> usize {
    within.map_or(0, |windows| windows.up_to as usize)
}

/// When one begins and how long it lasts, in ticks.
fn moment(within: Option<Windows>) -> impl Strategy<Value = (u64, u64)> {
    let (last, length) = within.map_or((1, Distribution::Constant(1)), |w| (w.within_ticks, w.length_ticks));
    (1..=last, length.min().get()..=length.max().get())
}

fn unreliable(within: Option<Unreliable>) -> BoxedStrategy<Option<Unreliable>> {
    let Some(Unreliable { loss_per_mille, duplicate_per_mille, until_tick }) = within else {
        return Just(None).boxed();
    };
    let some =
        (0..=loss_per_mille, 0..=duplicate_per_mille, 1..=until_tick).prop_map(|(loss, duplicate, until_tick)| {
            Unreliable { loss_per_mille: loss, duplicate_per_mille: duplicate, until_tick }
        });
    option::of(some).boxed()
}

/// A crash falls after at most so many effects of a step, and on one of so many first occurrences of a condition.
const EFFECTS_MAX: u32 = 5;
const OCCURRENCES_MAX: u32 = 4;

fn crash(group: &RandomCrashes) -> BoxedStrategy<RawCrash> {
    let conditions: Vec<String> = if group.conditions.is_empty() {
        Workload::CONDITIONS.into_iter().map(str::to_owned).collect()
    } else {
        group.conditions.clone()
    };
    let moment = prop_oneof![
        (1..=group.within_ticks).prop_map(Moment::AtTick),
        (1..=group.within_steps, 0..=EFFECTS_MAX)
            .prop_map(|(step, after_effects)| Moment::InStep { step, after_effects }),
        (select(conditions), 1..=OCCURRENCES_MAX).prop_map(|(condition, nth)| Moment::When { condition, nth }),
    ];
    let down = match group.down_ticks {
        None => Just(None).boxed(),
        Some(down) => (down.min().get()..=down.max().get()).prop_map(|d| Some(Distribution::Constant(d))).boxed(),
    };
    (any::<u32>(), moment, down)
        .prop_map(|(victim, moment, down_ticks)| RawCrash { victim, moment, down_ticks })
        .boxed()
}

fn network(within: Network) -> BoxedStrategy<Network> {
    let orders = match within.order {
        ChannelOrder::Fifo => vec![ChannelOrder::Fifo],
        ChannelOrder::Unordered => vec![ChannelOrder::Fifo, ChannelOrder::Unordered],
    };
    // A prefix may be the whole; that everything is lost is another world, no worse and no better.
    let from_dead = match within.from_dead {
        FromDead::Prefix => vec![FromDead::Deliver, FromDead::Prefix],
        other => vec![other],
    };
    (select(orders), select(from_dead), span(within.delay_ticks), span(within.service_ticks))
        .prop_map(move |(order, from_dead, delay_ticks, service_ticks)| Network {
            order,
            from_dead,
            delay_ticks,
            service_ticks,
            links: within.links.clone(),
            to_dead: within.to_dead,
        })
        .boxed()
}

fn detector(within: Detector) -> BoxedStrategy<Detector> {
    let orders = match within.order {
        ReportOrder::AfterChannel => vec![ReportOrder::AfterChannel],
        ReportOrder::Unordered => vec![ReportOrder::AfterChannel, ReportOrder::Unordered],
    };
    (select(orders), span(within.latency_ticks))
        .prop_map(move |(order, latency_ticks)| Detector { latency_ticks, order, ..within })
        .boxed()
}

/// A distribution between the least and the greatest of this one.
fn span(within: Distribution) -> BoxedStrategy<Distribution> {
    let (min, max) = (within.min().get(), within.max().get());
    prop_oneof![
        (min..=max).prop_map(Distribution::Constant),
        (min..=max, min..=max).prop_map(|(a, b)| Distribution::Uniform(a.min(b), a.max(b))),
    ]
    .boxed()
}
