//! What comes of steps in virtual time: how much is too much, when a run ends, and what does not outlive a crash.

use super::super::application::Idle;
use super::super::disturbance::Unreliable;
use super::super::fault::{Crash, Moment};
use super::super::setup::{Link, ReportOrder, ToDead};
use super::super::simulation::{End, Limit, Outcome, Simulation};
use super::*;
use crate::model::{Context, Never};

/// What a process does: at the start, and upon each timer.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// Sends itself so many messages.
    Messages(u32),
    /// Sets so many timers for tick 1.
    Timers(u32),
    /// One timer of no delay after the other, so many in all, then a rest of a tick, and the same again.
    Chain(u64),
    /// Asks its application each time, upon which it is asked in turn.
    Asking(u64),
    /// Sends itself one message after the other, so many in all, and the others as many.
    Relay(u64),
    /// Sends every other one a message.
    Greeting,
    /// Sets a timer far away.
    Far,
    /// The same, and cancels it.
    Cancelled,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Busy {
    fired: u64,
    requested: u64,
}

impl Process for Busy {
    type Config = Way;
    type Message = ();
    type Timer = u32;
    type Request = ();
    type Indication = ();
    type Stable = ();
    type Record = Never;

    fn new(_: ProcessId, _: &Way) -> Self {
        Self { fired: 0, requested: 0 }
    }

    fn on_start(&mut self, ctx: &mut Context<'_, Self>) {
        match *ctx.config() {
            Way::Messages(count) => (0..count).for_each(|_| ctx.send(ctx.me(), ())),
            Way::Timers(count) => (0..count).for_each(|timer| ctx.set_timer(timer, Ticks::new(1))),
            Way::Chain(_) => ctx.set_timer(0, Ticks::ZERO),
            Way::Asking(_) => ctx.indicate(()),
            Way::Relay(_) => ctx.send(ctx.me(), ()),
            Way::Greeting => ctx.others().for_each(|other| ctx.send(other, ())),
            Way::Far => ctx.set_timer(0, Ticks::new(1_000)),
            Way::Cancelled => {
                ctx.set_timer(0, Ticks::new(1_000));
                ctx.cancel_timer(0);
            }
        }
    }

    fn on_message(&mut self, _: ProcessId, (): (), ctx: &mut Context<'_, Self>) {
        self.fired += 1;
        if matches!(*ctx.config(), Way::Relay(count) if self.fired < count) {
            ProcessId::all(ctx.count()).for_each(|process| ctx.send(process, ()));
        }
    }

    fn on_timer(&mut self, _: u32, ctx: &mut Context<'_, Self>) {
        self.fired += 1;
        if let Way::Chain(count) = *ctx.config() {
            if self.fired < 2 * count {
                ctx.set_timer(0, Ticks::new(u64::from(self.fired == count)));
            }
        }
    }

    fn on_request(&mut self, (): (), ctx: &mut Context<'_, Self>) {
        self.requested += 1;
        if let Way::Asking(count) = *ctx.config() {
            if self.requested < count {
                ctx.indicate(());
            }
        }
    }
}

/// Makes a request upon each indication, and one at the start.
struct Eager {
    first: Ticks,
}

impl Application<Busy> for Eager {
    fn start(&mut self, _: ProcessId, _: &Busy, agenda: &mut Agenda<'_, ()>) {
        agenda.request(self.first, ());
    }

    fn indication(&mut self, _: ProcessId, (): &(), agenda: &mut Agenda<'_, ()>) {
        agenda.request(Ticks::ZERO, ());
    }

    fn settled(&self) -> bool {
        false
    }
}

/// Wants nothing from the start on.
struct Content;

impl Application<Busy> for Content {
    fn indication(&mut self, _: ProcessId, (): &(), _: &mut Agenda<'_, ()>) {}

    fn settled(&self) -> bool {
        true
    }
}

/// A process that crashes at this tick, for two.
fn crash(process: u32, at: u64) -> Crash {
    Crash { process: ProcessId::new(process), moment: Moment::AtTick(at), down_ticks: Some(2.into()) }
}

fn setup(way: Way) -> Setup<Busy> {
    let mut setup = Setup::new(1, way);
    setup.network.delay_ticks = 1.into();
    setup
}

fn run(setup: Setup<Busy>) -> Outcome {
    Simulation::new(setup).expect("a valid setup").run(1, &mut Idle, &mut ())
}

/// Which property a run violates, if it is not done before.
fn violated(setup: Setup<Busy>, application: &mut impl Application<Busy>) -> Option<String> {
    match Simulation::new(setup).expect("a valid setup").run(1, application, &mut ()).end {
        End::Violated(violation) => Some(violation.property),
        End::Quiescent => None,
        end => panic!("neither done nor violated: {end:?}"),
    }
}

mod too_much {
    use super::*;

    #[test]
    fn a_large_system_may_have_more_of_everything() {
        let (one, ten) = (Bounds::of(1), Bounds::of(10));
        for (bounds, timers, at_once, messages) in [(one, 2_064, 100_064, 20_064), (ten, 2_640, 100_640, 26_400)] {
            assert!(!bounds.is_too_much(timers, at_once));
            assert!(bounds.is_too_much(timers + 1, 0) && bounds.is_too_much(0, at_once + 1));
            assert_eq!(bounds.crowd(), messages);
        }
    }

    #[test]
    fn as_many_messages_as_allowed_are_no_finding_and_one_more_is() {
        assert_eq!(violated(setup(Way::Messages(20_064)), &mut Idle), None);
        assert_eq!(violated(setup(Way::Messages(20_065)), &mut Idle).as_deref(), Some("bounded_messages"));
    }

    /// With no service they are handled on arrival, and with some they wait before that.
    #[test]
    fn messages_that_were_handled_are_not_on_their_way() {
        for service in [0, 1, 3] {
            let mut setup = setup(Way::Relay(21_000));
            setup.network.service_ticks = service.into();
            setup.network.to_dead = ToDead::Datagram;
            assert_eq!(violated(setup, &mut Idle), None, "{service}");
        }
    }

    #[test]
    fn messages_that_were_lost_are_not_on_their_way() {
        let mut setup = Setup { processes: 2, ..setup(Way::Relay(21_000)) };
        setup.faults.crashes.push(Crash { down_ticks: None, ..crash(1, 1) });
        setup.network.service_ticks = 1.into();
        assert_eq!(violated(setup, &mut Idle), None);
    }

    #[test]
    fn as_many_timers_as_allowed_are_no_finding_and_one_more_is() {
        assert_eq!(violated(setup(Way::Timers(2_064)), &mut Idle), None);
        assert_eq!(violated(setup(Way::Timers(2_065)), &mut Idle).as_deref(), Some("bounded_timers"));
    }

    /// What is at once is counted anew in each tick.
    #[test]
    fn as_long_a_chain_in_a_tick_as_allowed_is_no_finding_and_a_longer_one_is() {
        assert_eq!(violated(setup(Way::Chain(100_064)), &mut Idle), None);
        assert_eq!(violated(setup(Way::Chain(100_065)), &mut Idle).as_deref(), Some("time_passes"));
    }

    /// Where each step is looked at, because of a crash that waits for its condition.
    #[test]
    fn the_bounds_are_the_same_while_a_crash_is_waited_for() {
        let watched = |way| {
            let mut setup = setup(way);
            let moment = Moment::When { condition: "inside".to_owned(), nth: 1 };
            setup.faults.crashes.push(Crash { process: ProcessId::new(0), moment, down_ticks: None });
            violated(setup, &mut Idle)
        };
        assert_eq!(watched(Way::Chain(100_064)), None);
        assert_eq!(watched(Way::Chain(100_065)).as_deref(), Some("time_passes"));
        assert_eq!(watched(Way::Timers(2_064)), None);
        assert_eq!(watched(Way::Messages(20_064)), None);
    }

    #[test]
    fn requests_of_no_delay_are_counted_too_and_others_are_not() {
        let mut application = Eager { first: Ticks::new(1) };
        assert_eq!(violated(setup(Way::Asking(100_064)), &mut application), None);
        assert_eq!(violated(setup(Way::Asking(100_067)), &mut application).as_deref(), Some("time_passes"));
    }
}

mod ends {
    use super::*;

    fn limited(way: Way, limit: impl FnOnce(&mut Setup<Busy>)) -> Outcome {
        let mut setup = setup(way);
        limit(&mut setup);
        let mut simulation = Simulation::new(setup).expect("a valid setup");
        let outcome = simulation.run(1, &mut Idle, &mut ());
        assert_eq!(simulation.record(1, &mut Idle, &mut ()).0, outcome, "however closely it is looked at");
        outcome
    }

    #[test]
    fn each_event_counts_whether_it_comes_of_a_message_or_a_timer() {
        assert_eq!(run(setup(Way::Messages(40))).stats.events, 41);
        assert_eq!(run(setup(Way::Timers(40))).stats.events, 41);
        assert_eq!(run(setup(Way::Messages(40))).stats.messages, 40);
    }

    /// However many of them are in one tick.
    #[test]
    fn no_event_is_beyond_the_limit() {
        for (way, events) in [(Way::Messages(40), 5), (Way::Messages(40), 30), (Way::Timers(40), 30)] {
            let outcome = limited(way, |setup| setup.limits.events = events);
            assert_eq!((outcome.end, outcome.stats.events), (End::CutOff(Limit::Events), events), "{way:?}");
        }
        let outcome = limited(Way::Messages(40), |setup| setup.limits.events = 41);
        assert_eq!(outcome.end, End::Quiescent);
    }

    #[test]
    fn more_pending_events_than_allowed_cut_a_run_off() {
        for way in [Way::Messages(40), Way::Timers(40)] {
            for (pending, end) in
                [(30, End::CutOff(Limit::Pending)), (39, End::CutOff(Limit::Pending)), (40, End::Quiescent)]
            {
                for delay in [1.into(), (1..=2).into()] {
                    let outcome = limited(way, |setup| {
                        setup.limits.pending = pending;
                        setup.network.delay_ticks = delay;
                    });
                    assert_eq!(outcome.end, end, "{way:?}, {pending}, {delay:?}");
                }
            }
        }
    }

    #[test]
    fn who_wants_nothing_is_left_alone_for_a_while_after_that_and_after_the_last_fault() {
        let ended = |crashes: &[u64]| {
            let mut setup = Setup { processes: 2, ..setup(Way::Far) };
            setup.limits.settle_ticks = Some(10);
            setup.faults.crashes = crashes.iter().map(|&at| crash(1, at)).collect();
            let outcome = Simulation::new(setup).expect("a valid setup").run(1, &mut Content, &mut ());
            (outcome.end, outcome.at.get(), outcome.stats.crashes)
        };
        assert_eq!(ended(&[]), (End::Settled, 10, 0));
        // It is back up after two ticks.
        assert_eq!(ended(&[7]), (End::Settled, 19, 1));
        assert_eq!(ended(&[10, 22]), (End::Settled, 34, 2));
        assert_eq!(ended(&[11]), (End::Settled, 10, 0), "too late to be seen");
    }

    #[test]
    fn a_crash_beyond_the_last_tick_does_not_keep_a_run_from_its_end() {
        let ended = |at| {
            let outcome = limited(Way::Messages(0), |setup| {
                setup.limits.ticks = 10;
                setup.faults.crashes.push(Crash { down_ticks: None, ..crash(0, at) });
            });
            (outcome.end, outcome.at.get(), outcome.stats.crashes)
        };
        assert_eq!((ended(10), ended(11)), ((End::Quiescent, 10, 1), (End::Quiescent, 0, 0)));
    }

    #[test]
    fn a_cancelled_timer_does_not_keep_a_run_from_its_end() {
        let outcome = run(setup(Way::Cancelled));
        assert_eq!((outcome.end, outcome.at), (End::Quiescent, Ticks::ZERO));
    }
}

#[test]
fn a_link_has_a_delay_of_its_own_whatever_others_have() {
    for others in [1.into(), (1..=9).into()] {
        let mut setup = setup(Way::Messages(3));
        let (from, to) = (ProcessId::new(0), ProcessId::new(0));
        setup.network.delay_ticks = others;
        setup.network.links = vec![Link { from, to, delay_ticks: 50.into() }];
        assert_eq!(run(setup).at, Ticks::new(50), "{others:?}");
    }
}

#[test]
fn an_idle_application_wants_nothing_and_ends_nothing() {
    let (idle, state): (&dyn Application<Busy>, _) = (&Idle, Busy { fired: 0, requested: 0 });
    assert!(!idle.settled() && idle.conditions().is_empty());
    assert!(!idle.holds("inside", ProcessId::new(0), &state) && !idle.holds_in_flight("token_in_flight", &()));
}

/// However closely it is looked at.
#[test]
fn a_crash_comes_after_the_events_of_earlier_ticks_and_before_those_of_its_own() {
    for (at, fired) in [(1, 0), (2, 3), (3, 3)] {
        let mut setup = setup(Way::Timers(3));
        setup.faults.crashes.push(crash(0, at));
        let mut simulation = Simulation::new(setup).expect("a valid setup");
        let outcome = simulation.run(1, &mut Idle, &mut ());
        // A start, a crash and a restart.
        assert_eq!((outcome.stats.events, outcome.at.get()), (fired + 3, at + 2), "at {at}");
        assert_eq!(simulation.record(1, &mut Idle, &mut ()).0, outcome, "at {at}");
    }
}

/// Messages that a process is handed while it handles one wait until it is done.
#[test]
fn a_process_that_takes_its_time_handles_one_event_after_the_other() {
    let mut setup = setup(Way::Messages(3));
    setup.network.service_ticks = 10.into();
    let outcome = run(setup);
    assert_eq!((outcome.end, outcome.at.get(), outcome.stats.events), (End::Quiescent, 30, 4));
}

#[test]
fn a_copy_is_no_message_that_was_sent() {
    let mut setup = setup(Way::Messages(3));
    setup.faults.messages = Some(Unreliable { loss_per_mille: 0, duplicate_per_mille: 1_000, until_tick: 10 });
    let stats = run(setup).stats;
    assert_eq!((stats.messages, stats.events), (3, 7));
}

#[test]
fn a_request_to_a_life_that_is_over_does_not_reach_the_next() {
    let requested = |first| {
        let mut setup = setup(Way::Messages(0));
        setup.faults.crashes.push(crash(0, 5));
        let mut simulation = Simulation::new(setup).expect("a valid setup");
        let outcome = simulation.run(1, &mut Eager { first: Ticks::new(first) }, &mut ());
        assert_eq!(outcome.stats.restarts, 1);
        // A start, a crash and a restart.
        outcome.stats.events - 3
    };
    assert_eq!((requested(4), requested(6), requested(10)), (1, 0, 0));
}

/// Who is told of whose crash, and when.
#[derive(Default)]
struct Told(Vec<(u32, u32, u64)>);

impl Observer<Busy> for Told {
    fn event(&mut self, observer: ProcessId, event: &Event<Busy>, _: Option<MessageId>, world: &World<Busy>) {
        if let Event::Report(Report::Crash(of)) = event {
            self.0.push((observer.get(), of.get(), world.now().get()));
        }
    }
}

#[test]
fn who_comes_back_is_told_of_the_dead_after_what_they_still_have_in_flight_to_it() {
    let mut setup = Setup { processes: 3, ..setup(Way::Greeting) };
    let link = |from: u32, to: u32, delay: u64| {
        let (from, to) = (ProcessId::new(from), ProcessId::new(to));
        Link { from, to, delay_ticks: delay.into() }
    };
    setup.network.links = vec![link(0, 1, 20), link(0, 2, 90), link(2, 1, 60)];
    setup.network.to_dead = ToDead::Datagram;
    setup.detector.latency_ticks = 1.into();
    setup.detector.order = ReportOrder::AfterChannel;
    setup.faults.crashes = vec![crash(1, 3), Crash { down_ticks: None, ..crash(0, 4) }];
    let mut told = Told::default();
    Simulation::new(setup).expect("a valid setup").run(1, &mut Idle, &mut told);
    assert_eq!(told.0, [(2, 1, 4), (1, 0, 20), (2, 0, 90)]);
}
