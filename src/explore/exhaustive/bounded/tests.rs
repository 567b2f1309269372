//! Models whose schedules can be counted otherwise, and states that random schedules come to.

use jeton::algorithms::coordinator::{Durable, Stateless, StatelessParameters};

use super::search::{Search, Stop};
use super::*;
use crate::engine::bounded::What;
use crate::engine::interleaving::intern::Interner;
use crate::engine::{
    ChannelOrder, Crash, DetectorClass, FromDead, Moment, Observer, Pause, RandomCrashes, ReportOrder, Setup, ToDead,
    Unreliable, Violation, Windows, World,
};
use crate::explore::Strategy;
use crate::model::{Context, Never, Process, ProcessId};
use crate::mutex::{Fence, Indication, Request, System, Workload};

mod told;

/// At its start process 0 sends so many messages to each of the others; each has a timer for so many ticks.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Sender {
    heard: Vec<u64>,
    rang: bool,
}

impl Process for Sender {
    /// How many messages, and for how many ticks the timer is set, if at all.
    type Config = (u64, Option<u64>);
    type Message = u64;
    type Timer = ();
    type Request = Request;
    type Indication = Indication;
    type Stable = ();
    type Record = Never;

    fn new(_: ProcessId, _: &Self::Config) -> Self {
        Self { heard: Vec::new(), rang: false }
    }

    fn on_start(&mut self, ctx: &mut Context<'_, Self>) {
        let (messages, timer) = *ctx.config();
        if let Some(after) = timer {
            ctx.set_timer((), Ticks::new(after));
        }
        if ctx.me().get() == 0 {
            for to in ctx.others() {
                (0..messages).for_each(|message| ctx.send(to, message));
            }
        }
    }

    fn on_request(&mut self, _: Request, _: &mut Context<'_, Self>) {}

    fn on_message(&mut self, _: ProcessId, message: u64, _: &mut Context<'_, Self>) {
        self.heard.push(message);
    }

    fn on_timer(&mut self, (): (), ctx: &mut Context<'_, Self>) {
        self.rang = true;
        if ctx.config().0 == AGAIN {
            ctx.set_timer((), Ticks::ZERO);
        }
    }
}

/// So many messages are none, and a timer that is set again at once.
const AGAIN: u64 = u64::MAX;

impl Mutex for Sender {}

fn sender(others: u32, config: (u64, Option<u64>), delay: u64) -> Setup<Sender> {
    let mut setup = Setup::new(others + 1, config);
    setup.network.delay_ticks = (1..=delay).into();
    setup
}

/// How many schedules there are: ways through the states, from the first to those that lead nowhere. What comes to the
/// same is one, or counts each time.
fn schedules<P: Mutex>(setup: Setup<P>, each: bool) -> u64 {
    let watch = Lookout::new(setup.processes, Workload { requests: 0, ..Workload::default() }, &[], &[]);
    let mut search = Search::new(Arc::new(setup), watch, false, false);
    assert_eq!(search.run(&mut |_| true), Stop::Exhausted);
    // An event leads to a state that was found no sooner.
    let mut ways = vec![0; search.states.len()];
    for state in (0..search.states.len() as u32).rev() {
        let tuple = search.states.get(state).to_vec();
        let mut next = Vec::new();
        search.space.successors(&tuple, &mut |it| {
            next.push(it.tuple.to_vec());
            true
        });
        if !each {
            next.sort_unstable();
            next.dedup();
        }
        let numbers = next.iter().map(|tuple| {
            (0..search.states.len() as u32).find(|&other| search.states.get(other) == tuple).expect("it was found")
        });
        ways[state as usize] = numbers.map(|to| ways[to as usize]).sum::<u64>() + u64::from(next.is_empty());
    }
    ways[0]
}

fn choose(n: u64, k: u64) -> u64 {
    (1..=k).fold(1, |product, i| product * (n + 1 - i) / i)
}

#[test]
fn messages_to_different_receivers_have_each_delay() {
    for (receivers, delay) in [(1, 1), (1, 4), (2, 3), (3, 2), (3, 3)] {
        assert_eq!(schedules(sender(receivers, (1, None), delay), false), delay.pow(receivers), "{receivers} {delay}");
    }
}

#[test]
fn those_of_one_fifo_channel_arrive_in_their_order() {
    for (messages, delay) in [(2, 2), (3, 2), (2, 4), (3, 3)] {
        // Ticks that never decrease.
        let expected = choose(delay + messages - 1, messages);
        assert_eq!(schedules(sender(1, (messages, None), delay), false), expected, "{messages} {delay}");
        let mut setup = sender(1, (messages, None), delay);
        setup.network.order = ChannelOrder::Unordered;
        assert_eq!(schedules(setup, false), delay.pow(messages as u32), "{messages} {delay}, unordered");
    }
}

#[test]
fn a_crash_comes_at_every_moment() {
    // One process, whose start is one effect and whose timer is due after `ticks`. It crashes never; in its start,
    // before the effect; after its start; at the beginning of each tick; after its timer; or after all that.
    for ticks in [1, 2, 5] {
        let mut setup = sender(0, (0, Some(ticks)), 1);
        setup.faults.random = vec![RandomCrashes::up_to(1)];
        // That it never crashes is no end of its own: there is always one more moment.
        assert_eq!(schedules(setup, true), 1 + 1 + ticks + 1 + 1, "{ticks}");
    }
}

#[test]
fn a_crash_comes_between_any_two_effects() {
    for messages in [1, 2, 3] {
        let mut setup = sender(1, (messages, None), 1);
        setup.detector.class = DetectorClass::None;
        setup.faults.random = vec![RandomCrashes { among: vec![ProcessId::new(0)], ..RandomCrashes::up_to(1) }];
        // Before each message is sent; after each start, and at the beginning of the tick in which they come; after
        // each has come; or after all that.
        assert_eq!(schedules(setup, true), messages + 2 + 1 + messages + 1, "{messages}");
    }
}

/// What process 1 has heard in the end, of each way on which the other crashes before time passes.
fn heard(search: &mut Search<Sender, Lookout<Sender>>, tuple: &[u32], crashed: bool, all: &mut Vec<Vec<u64>>) {
    let mut next = Vec::new();
    search.space.successors(tuple, &mut |it| {
        let crashes = matches!(it.what, What::Crash { .. });
        if crashed || it.passed == 0 {
            next.push((it.tuple.to_vec(), crashed || crashes));
        }
        true
    });
    if next.is_empty() && crashed {
        let states = search.space.states(tuple);
        all.push(states[1].as_ref().expect("only the other crashes").heard.clone());
    }
    for (tuple, crashed) in next {
        heard(search, &tuple, crashed, all);
    }
}

#[test]
fn of_messages_in_no_order_those_that_were_sent_last_are_lost() {
    let mut setup = sender(1, (2, None), 2);
    setup.network.order = ChannelOrder::Unordered;
    setup.network.from_dead = FromDead::Prefix;
    setup.detector.class = DetectorClass::None;
    setup.faults.random = vec![RandomCrashes { among: vec![ProcessId::new(0)], ..RandomCrashes::up_to(1) }];
    let watch = Lookout::new(2, Workload { requests: 0, ..Workload::default() }, &[], &[]);
    let mut search = Search::new(Arc::new(setup), watch, false, false);
    let (before, mut all) = (search.space.before(), Vec::new());
    heard(&mut search, &before, false, &mut all);
    all.sort();
    all.dedup();
    assert_eq!(all, [vec![], vec![0], vec![0, 1], vec![1, 0]], "never the second alone");
}

#[test]
fn time_that_stands_still_is_no_proof() {
    let mut setup = sender(0, (0, Some(0)), 1);
    setup.config.0 = AGAIN;
    let mut case = Case::new(setup);
    case.set_workload(Workload { requests: 0, ..Workload::default() });
    case.properties = vec![Property::EveryRequestGranted];
    let proof = Exhaustive::of(case.clone()).bounded_time().run().expect("it can be run");
    let counterexample = proof.counterexample().expect("its timer is set again and again");
    assert_eq!((counterexample.property, counterexample.cycle), ("time_passes", Some(1)));
    // The start, the first timer, and the next one.
    assert_eq!((counterexample.ending.cycle_from_event, counterexample.ending.event), (Some(2), 3));
    let Reproducer::Timed(schedule) = &counterexample.schedule else { panic!("it is one of virtual time") };
    let case = case.part(&schedule.part).expect("it is there");
    let (outcome, divergence) = Runner::new(&case).expect("it can be run").replay(schedule.decisions.clone(), &mut ());
    assert!(schedule.is_reproduced_by(&outcome.end) && divergence.is_empty(), "{:?}", outcome.end);
}

/// The state of every process that is up, after each event.
struct Seen<P>(Interner<Vec<Option<P>>>);

impl<P: Mutex> Observer<P> for Seen<P> {
    fn check(&mut self, world: &World<P>) -> Result<(), Violation> {
        let all = ProcessId::all(world.count());
        self.0.intern(all.map(|p| world.is_up(p).then(|| world.process(p).clone())).collect());
        Ok(())
    }
}

/// Whatever random schedules come to is among the states.
fn covers<P: Mutex>(setup: Setup<P>, requests: u32, schedules: u64) {
    let mut case = Case::new(setup);
    case.set_workload(Workload {
        requests,
        write_per_mille: 0,
        think_ticks: 0.into(),
        hold_ticks: (0..=1).into(),
        ..Workload::default()
    });
    case.properties.clear();
    let exhaustive = Exhaustive::of(case.clone());
    let mut search = Search::new(Arc::clone(&case.setup), exhaustive.watch(&[]), false, false);
    assert_eq!(search.run(&mut |progress| progress.states < 400_000), Stop::Exhausted, "{:?}", search.progress());
    let mut all = Interner::default();
    for state in 0..search.states.len() as u32 {
        all.intern(search.space.states(search.states.get(state)));
    }
    let mut seen = Seen(Interner::default());
    for strategy in [Strategy::Random, Strategy::Swarm, Strategy::CrashPoints] {
        let mut runner = Runner::new(&Case { strategy, ..case.clone() }).expect("it can be run");
        for seed in 0..schedules {
            runner.run_observed(seed, &mut seen);
        }
    }
    assert!(seen.0.len() >= 8, "{} states", seen.0.len());
    let missing = (0..seen.0.len() as u32).map(|number| seen.0.get(number)).find(|it| all.number(it).is_none());
    assert!(missing.is_none(), "{missing:?} is none of {} states", all.len());
}

fn worlds<S: System>(config: &S::Config, processes: u32, restarts: bool) -> Vec<Setup<S>>
where
    S::Config: Clone,
{
    let mut setup = Setup::<S>::new(processes, config.clone());
    setup.network.delay_ticks = (1..=2).into();
    setup.detector.latency_ticks = (0..=1).into();
    let down_ticks = restarts.then(|| (1..=2).into());
    let among = vec![ProcessId::new(0)];
    setup.faults.random =
        vec![RandomCrashes { among, down_ticks, within_ticks: 12, within_steps: 8, ..RandomCrashes::up_to(1) }];
    let mut others = setup.clone();
    others.network.order = ChannelOrder::Unordered;
    others.network.from_dead = FromDead::Prefix;
    others.network.to_dead = ToDead::Datagram;
    others.detector.order = ReportOrder::Unordered;
    let mut dropped = setup.clone();
    dropped.network.from_dead = FromDead::Drop;
    vec![setup, others, dropped]
}

#[test]
fn every_state_of_a_random_schedule_of_the_stateless_coordinator_is_found() {
    let parameters = StatelessParameters { grace_ticks: 4, retry_interval_ticks: 4, ..StatelessParameters::default() };
    let config = Stateless::configure(2, &parameters).expect("it can be");
    for setup in worlds::<Stateless>(&config, 2, true) {
        covers(setup, 1, 300);
    }
}

#[test]
fn every_state_of_a_random_schedule_of_the_durable_coordinator_is_found() {
    let config = Durable::configure(2, &<Durable as System>::Parameters::default()).expect("it can be");
    for setup in worlds::<Durable>(&config, 2, true) {
        covers(setup, 1, 300);
    }
}

#[test]
fn what_bounded_time_does_not_have_is_refused_by_its_name() {
    fn setup<'a>(search: &'a mut Exhaustive<'_, Sender>) -> &'a mut Setup<Sender> {
        Arc::make_mut(&mut search.case.setup)
    }
    let refused = |change: fn(&mut Exhaustive<'_, Sender>)| {
        let mut search = Exhaustive::new(sender(1, (1, None), 1)).bounded_time();
        change(&mut search);
        search.refuse_in_time().err().map_or(String::new(), |refused| refused.key)
    };
    assert_eq!(refused(|_| ()), "");
    assert_eq!(refused(|search| (search.losses, search.duplicates) = (Some(0), Some(0))), "");
    let crash = |search: &mut Exhaustive<'_, Sender>| {
        let (process, moment) = (ProcessId::new(0), Moment::AtTick(1));
        setup(search).faults.crashes = vec![Crash { process, moment, down_ticks: None }];
    };
    assert_eq!(refused(crash), "faults.crashes");
    let unreliable = |search: &mut Exhaustive<'_, Sender>| {
        let none = Unreliable { loss_per_mille: 0, duplicate_per_mille: 0, until_tick: 1 };
        setup(search).faults.messages = Some(none);
    };
    assert_eq!(refused(unreliable), "faults.messages");
    let pause = |search: &mut Exhaustive<'_, Sender>| {
        setup(search).faults.pauses = vec![Pause { process: ProcessId::new(0), at_tick: 1, length_ticks: 1 }];
    };
    assert_eq!(refused(pause), "faults.pauses");
    let pauses = |search: &mut Exhaustive<'_, Sender>| {
        let none = Windows { up_to: 0, within_ticks: 1, length_ticks: (1..=1).into() };
        setup(search).faults.random_pauses = Some(none);
    };
    assert_eq!(refused(pauses), "faults.pauses");
    assert_eq!(refused(|search| setup(search).network.service_ticks = (0..=1).into()), "network.service_ticks");
    assert_eq!(refused(|search| search.early_timers = 1), "early_timers");
    assert_eq!(refused(|search| search.losses = Some(1)), "losses");
    assert_eq!(refused(|search| search.duplicates = Some(1)), "losses");
    assert_eq!(refused(|search| search.reduction = Reduction::Symmetry), "reduction");
}

/// It is alone, enters and leaves at once, and knows in which of its lives it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Hermit {
    life: u64,
    entries: u32,
}

impl Process for Hermit {
    type Config = ();
    type Message = Never;
    type Timer = Never;
    type Request = Request;
    type Indication = Indication;
    type Stable = ();
    type Record = Never;

    fn new(_: ProcessId, (): &()) -> Self {
        Self { life: 1, entries: 0 }
    }

    fn on_request(&mut self, request: Request, ctx: &mut Context<'_, Self>) {
        match request {
            Request::Enter(data) => {
                self.entries += 1;
                ctx.indicate(Indication::Entered(data, Fence::default()));
            }
            Request::Leave(data) => ctx.indicate(Indication::Left(data)),
            _ => {}
        }
    }

    fn on_message(&mut self, _: ProcessId, message: Never, _: &mut Context<'_, Self>) {
        match message {}
    }

    fn on_restart(&mut self, (): &(), ctx: &mut Context<'_, Self>) {
        self.life = ctx.boot();
    }
}

impl Mutex for Hermit {}

#[test]
fn who_crashes_in_a_restart_has_as_many_requests_left_as_before() {
    let mut setup = Setup::<Hermit>::new(1, ());
    let down_ticks = Some(1.into());
    setup.faults.random =
        vec![RandomCrashes { down_ticks, within_ticks: 6, within_steps: 4, ..RandomCrashes::up_to(2) }];
    covers(setup, 2, 2_000);
}
