//! Properties as a run asks them, of a bell that nobody need know.

use super::*;
use crate::engine::{Agenda, Application, Crash, End, Moment, Observer, Outcome, Setup, Simulation, World};
use crate::model::{Context, Effect, Event, Never, Process, ProcessId, Ticks};

/// Rings thrice, every ten ticks, and answers what it is asked so many ticks later, if at all.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Bell {
    rung: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize)]
enum Timer {
    Ring,
    Answer(u64),
}

impl Process for Bell {
    type Config = Option<u64>;
    type Message = Never;
    type Timer = Timer;
    type Request = u64;
    type Indication = u64;
    type Stable = ();
    type Record = Never;

    fn new(_: ProcessId, _: &Self::Config) -> Self {
        Self { rung: 0 }
    }

    fn on_start(&mut self, ctx: &mut Context<'_, Self>) {
        ctx.set_timer(Timer::Ring, Ticks::new(10));
    }

    fn on_request(&mut self, request: u64, ctx: &mut Context<'_, Self>) {
        if let Some(after) = *ctx.config() {
            ctx.set_timer(Timer::Answer(request), Ticks::new(after));
        }
    }

    fn on_message(&mut self, _: ProcessId, message: Never, _: &mut Context<'_, Self>) {
        match message {}
    }

    fn on_timer(&mut self, timer: Timer, ctx: &mut Context<'_, Self>) {
        match timer {
            Timer::Answer(request) => ctx.indicate(request),
            Timer::Ring => {
                self.rung += 1;
                if self.rung < 3 {
                    ctx.set_timer(Timer::Ring, Ticks::new(10));
                }
            }
        }
    }
}

/// Asks the first process for 7 at tick 5.
struct Asks;

impl Application<Bell> for Asks {
    fn start(&mut self, process: ProcessId, _: &Bell, agenda: &mut Agenda<'_, u64>) {
        if process.index() == 0 {
            agenda.request(Ticks::new(5), 7);
        }
    }

    fn indication(&mut self, _: ProcessId, _: &u64, _: &mut Agenda<'_, u64>) {}

    fn settled(&self) -> bool {
        false
    }
}

/// Two bells, of which the first crashes in this step of its own.
fn run(answer: Option<u64>, crash: Option<u64>, observer: &mut impl Observer<Bell>) -> Outcome {
    let mut setup = Setup::<Bell>::new(2, answer);
    let moment = |step| Moment::InStep { step, after_effects: 0 };
    setup.faults.crashes = crash
        .map(|step| Crash { process: ProcessId::new(0), moment: moment(step), down_ticks: None })
        .into_iter()
        .collect();
    Simulation::new(setup).expect("a setup").run(1, &mut Asks, observer)
}

/// The property, its culprit and the tick of what a run was found to violate.
fn violated(outcome: Outcome) -> Option<(String, u32, u64)> {
    match outcome.end {
        End::Violated(found) => Some((found.property.clone(), found.processes[0].get(), outcome.at.get())),
        _ => None,
    }
}

#[test]
fn what_must_always_hold_is_asked_after_each_event_of_whoever_handled_it() {
    let at_most = |most: u64| {
        always(
            "rings",
            move |world: &World<Bell>, process| {
                if world.process(process).rung <= most { Ok(()) } else { Err("too often".to_owned()) }
            },
        )
    };
    assert_eq!(violated(run(None, None, &mut at_most(1))), Some(("rings".to_owned(), 0, 20)));
    assert_eq!(violated(run(None, None, &mut at_most(3))), None);
    // Who crashed in that very step is not asked about, but the other is.
    assert_eq!(violated(run(None, Some(3), &mut at_most(0))), Some(("rings".to_owned(), 1, 10)));
    let mut asked = Vec::new();
    run(
        None,
        Some(2),
        &mut always("asked", |_: &World<Bell>, process: ProcessId| {
            asked.push(process.get());
            Ok(())
        }),
    );
    assert_eq!(asked, [0, 1, 1, 1, 1, 1], "each after its start; then who is left, of the crash, and as it rings");
}

#[test]
fn what_happens_sometimes_is_counted_by_event_and_seen_by_name() {
    let twice = |world: &World<Bell>, process: ProcessId| world.process(process).rung == 2;
    let mut never_twice = sometimes("thrice_asked", |_: &World<Bell>, _| false);
    let mut rung_twice = sometimes("rung_twice", twice);
    run(None, None, &mut (&mut rung_twice, &mut never_twice));
    assert_eq!((rung_twice.name(), rung_twice.count(), never_twice.count()), ("rung_twice", 2, 0));
    let mut names = Vec::new();
    Observer::<Bell>::seen(&(&mut rung_twice, &mut never_twice), &mut |name| names.push(name));
    assert_eq!(names, ["rung_twice"]);
    // Not of who crashed in that step.
    let mut any = sometimes("any", |_: &World<Bell>, process: ProcessId| process.index() == 0);
    run(None, Some(2), &mut any);
    assert_eq!(any.count(), 1, "it started");
}

#[test]
fn what_must_come_in_the_end_comes_in_time_or_is_violated_then_or_at_the_end() {
    let answered = |bound| {
        eventually(
            "answered",
            Ticks::new(bound),
            |event: &Event<Bell>| if let Event::Request(what) = event { Some(*what) } else { None },
            |effect: &Effect<Bell>| if let Effect::Indicate { indication } = effect { Some(*indication) } else { None },
        )
    };
    assert_eq!(violated(run(Some(10), None, &mut answered(10))), None, "it is asked at 5 and answers at 15");
    assert_eq!(violated(run(Some(16), None, &mut answered(10))), Some(("answered".to_owned(), 0, 20)));
    assert_eq!(
        violated(run(None, None, &mut answered(100))),
        Some(("answered".to_owned(), 0, 30)),
        "it rests unanswered"
    );
    assert_eq!(violated(run(None, Some(3), &mut answered(100))), None, "who is gone waits no more");
}
