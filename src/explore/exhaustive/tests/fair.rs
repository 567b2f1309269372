//! What must come in every fair run.

use super::*;
use crate::engine::RandomCrashes;
use crate::model::Report;

/// Process 0 may enter when process 1 answers, or is dead, or when its own timer fires. Meanwhile it sends itself
/// something for ever.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Asker {
    waits: bool,
    is_alone: bool,
}

/// For what it waits.
#[derive(Clone, Copy, Debug)]
enum Way {
    Answer {
        /// Or until it knows that the other is dead.
        heeds: bool,
        /// After how many turns what it sends itself is as before.
        turns: u32,
    },
    /// Its timer, that is set all the time.
    Timer,
    /// One of two timers, each of which is cancelled when the other is set.
    Timers,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
enum Call {
    Ask,
    Answer,
    Round(u32),
}

impl Process for Asker {
    type Config = Way;
    type Message = Call;
    type Timer = u32;
    type Request = Request;
    type Indication = Indication;
    type Stable = ();
    type Record = Never;

    fn new(_: ProcessId, _: &Way) -> Self {
        Self { waits: false, is_alone: false }
    }

    fn on_start(&mut self, ctx: &mut Context<'_, Self>) {
        if ctx.me() == ProcessId::new(0) {
            ctx.send(ctx.me(), Call::Round(0));
        }
    }

    fn on_request(&mut self, request: Request, ctx: &mut Context<'_, Self>) {
        match request {
            Request::Enter(_) => {
                self.waits = true;
                if matches!(ctx.config(), Way::Answer { .. }) {
                    ctx.send(ProcessId::new(1), Call::Ask);
                }
                self.enter_if_alone(ctx);
            }
            Request::Leave(data) => ctx.indicate(Indication::Left(data)),
            _ => {}
        }
    }

    fn on_message(&mut self, from: ProcessId, call: Call, ctx: &mut Context<'_, Self>) {
        match call {
            Call::Ask => ctx.send(from, Call::Answer),
            Call::Answer => self.enter(ctx),
            Call::Round(turn) => Self::go_round(turn, ctx),
        }
    }

    fn on_timer(&mut self, _: u32, ctx: &mut Context<'_, Self>) {
        self.enter(ctx);
    }

    fn on_report(&mut self, _: Report, ctx: &mut Context<'_, Self>) {
        self.is_alone = matches!(ctx.config(), Way::Answer { heeds: true, .. });
        self.enter_if_alone(ctx);
    }
}

impl Asker {
    fn go_round(turn: u32, ctx: &mut Context<'_, Self>) {
        let turns = match *ctx.config() {
            Way::Answer { turns, .. } => turns,
            Way::Timer => {
                ctx.set_timer(0, Ticks::new(1));
                1
            }
            Way::Timers => {
                ctx.set_timer(turn, Ticks::new(1));
                ctx.cancel_timer(1 - turn);
                2
            }
        };
        ctx.send(ctx.me(), Call::Round((turn + 1) % turns));
    }

    fn enter_if_alone(&mut self, ctx: &mut Context<'_, Self>) {
        if self.is_alone {
            self.enter(ctx);
        }
    }

    fn enter(&mut self, ctx: &mut Context<'_, Self>) {
        if std::mem::take(&mut self.waits) {
            ctx.indicate(Indication::Entered(DataId::new(0), Fence::default()));
        }
    }
}

impl Mutex for Asker {}

fn asker(way: Way, crashes: u32) -> Case<Asker> {
    let mut setup = Setup::<Asker>::new(2, way);
    setup.faults.random = vec![RandomCrashes { among: vec![ProcessId::new(1)], ..RandomCrashes::up_to(crashes) }];
    let mut case = Case::new(setup);
    case.set_workload(Workload { requests: 1, write_per_mille: 0, ..Workload::default() });
    case.requests = vec![1, 0];
    case
}

fn prove(way: Way) -> Proof {
    Exhaustive::of(asker(way, 1)).run().expect("it can be run")
}

/// Process 0 waits for ever, while nothing happens but turns.
fn assert_starves(proof: &Proof) {
    let found = proof.counterexample().expect("it waits for ever");
    assert_eq!((found.property, &found.processes[..]), ("every_request_granted", &[ProcessId::new(0)][..]));
    let cycle = &found.steps[found.cycle.expect("it goes round for ever")..];
    assert!(cycle.iter().all(|step| step.event.starts_with("handles Round")), "{found}");
}

#[test]
fn a_report_comes_in_the_end_though_a_message_goes_round_for_ever() {
    prove(Way::Answer { heeds: true, turns: 1 }).assert_verified();
}

#[test]
fn who_does_not_heed_a_report_waits_for_ever() {
    assert_starves(&prove(Way::Answer { heeds: false, turns: 1 }));
}

#[test]
fn a_timer_fires_in_the_end_if_it_is_set_all_the_way_round_and_else_it_need_not() {
    prove(Way::Timer).assert_verified();
    assert_starves(&prove(Way::Timers));
}

/// It asks every 4,096 states, so also while it looks for the nearest cycle.
#[test]
fn a_search_for_long_cycles_that_is_stopped_whenever_it_asks_comes_to_nothing() {
    let exhaustive = Exhaustive::of(asker(Way::Answer { heeds: true, turns: 4_100 }, 0));
    let mut search = exhaustive.search(&[Property::EveryRequestGranted]);
    assert_eq!((search.start(), search.run(|_| true)), (None, Stop::Exhausted));
    let mut look_through = |stop_at: u32| {
        let mut asked = 0;
        let mut may = |_| {
            asked += 1;
            asked != stop_at
        };
        let outcome = liveness::look_through(&mut search, &mut Pass::new(&mut may));
        (outcome, asked)
    };
    let (outcome, times) = look_through(0);
    assert!(matches!(outcome, Outcome::Settled));
    for stop_at in 1..=times {
        let (outcome, _) = look_through(stop_at);
        assert!(matches!(outcome, Outcome::Limit), "stopped at the {stop_at}th of {times} times");
    }
}
