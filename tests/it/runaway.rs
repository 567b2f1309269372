//! Algorithms that run away: each ends in a finding with a schedule, soon and in little memory. So each is run in a
//! process of its own, which is this binary again and has no more memory than that.

use std::env;
use std::process::Command;

use jeton::engine::{End, Limit, Setup};
use jeton::explore::{Case, Exploration, Minimiser, Runner, draw, why};
use jeton::mutex::{Indication, Mutex, Request};
use jeton::{Context, Never, Process, ProcessId, Ticks};

/// How it runs away when it is first asked to enter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Way {
    Panic,
    Chain,
    MessagesForEver,
    MessagesInOneStep,
    NotesInOneStep,
    TimersForEver,
    TimersInOneStep,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Runaway;

impl Process for Runaway {
    type Config = Way;
    type Message = ();
    type Timer = u64;
    type Request = Request;
    type Indication = Indication;
    type Stable = ();
    type Record = Never;

    fn new(_me: ProcessId, _way: &Way) -> Self {
        Self
    }

    fn on_request(&mut self, _request: Request, ctx: &mut Context<'_, Self>) {
        let me = ctx.me();
        match ctx.config() {
            Way::Panic => panic!("asked to enter"),
            Way::Chain => ctx.set_timer(0, Ticks::ZERO),
            Way::MessagesForEver => ctx.send(me, ()),
            Way::TimersForEver => ctx.set_timer(1, Ticks::new(1)),
            Way::MessagesInOneStep => loop {
                ctx.send(me, ());
            },
            Way::NotesInOneStep => loop {
                ctx.note("again");
            },
            Way::TimersInOneStep => {
                for timer in 0.. {
                    ctx.set_timer(timer, Ticks::new(1));
                }
            }
        }
    }

    /// Each message begets two.
    fn on_message(&mut self, from: ProcessId, (): (), ctx: &mut Context<'_, Self>) {
        ctx.send(from, ());
        ctx.send(from, ());
    }

    fn on_timer(&mut self, timer: u64, ctx: &mut Context<'_, Self>) {
        match ctx.config() {
            Way::Chain => ctx.set_timer(timer, Ticks::ZERO),
            _ => [2 * timer, 2 * timer + 1].into_iter().for_each(|timer| ctx.set_timer(timer, Ticks::new(1))),
        }
    }
}

impl Mutex for Runaway {
    fn without(way: &Way, _processes: u32, _process: ProcessId) -> Option<Way> {
        Some(*way)
    }
}

fn case(way: Way) -> Case<Runaway> {
    Case::new(Setup::new(3, way))
}

#[track_caller]
fn is_found(way: Way, property: &str) {
    let case = case(way);
    let report = Exploration::of(case.clone()).schedules(10).run().expect("a valid setup");
    let finding = report.findings.first().unwrap_or_else(|| panic!("{way:?}: nothing found, {report:?}"));
    println!("{way:?}: {}", finding.violation);
    assert_eq!(finding.violation.property, property, "{way:?}");
    let (_, decisions) = Runner::new(&case).expect("a valid setup").record(finding.seed);
    let small = Minimiser::new(&case, property)
        .max_events(if way == Way::Chain { 1_000_000 } else { 200_000 })
        .run(&decisions)
        .expect("a valid setup")
        .expect("it fails");
    assert_eq!(small.part.without.len(), 2, "{way:?}: one process is enough");
    let small_case = case.part(&small.part).expect("there is such a part");
    let (outcome, _) = Runner::new(&small_case).expect("a valid setup").replay(small.decisions.clone(), &mut ());
    assert_eq!(outcome.end, End::Violated(small.violation), "{way:?}");
    let picture = draw(&small_case, &small.decisions, 80).expect("a valid setup");
    assert!(picture.contains(&format!("{property} violated")), "{way:?}");
    let reasons = why(&small_case, &small.decisions).expect("a valid setup");
    assert_eq!(reasons.len(), small.decisions.len(), "{way:?}");
}

const VARIABLE: &str = "JETON_TEST_RUNAWAY";
/// What a process may have, in KiB of addresses: its threads alone reserve a good part of it.
const MEMORY: u32 = 1 << 20;

/// Runs a test of this module in a process of its own. A system without a shell to impose the limit has none.
#[track_caller]
fn in_little_memory(test: &str, work: impl FnOnce()) {
    if env::var_os(VARIABLE).is_some() || cfg!(not(unix)) {
        return work();
    }
    let limited = format!("ulimit -v {MEMORY} && exec \"$@\"");
    let output = Command::new("sh")
        .args(["-c", &limited, "sh"])
        .arg(env::current_exe().expect("this binary"))
        .args(["--exact", "--nocapture", &format!("runaway::{test}")])
        .env(VARIABLE, "1")
        // Looking for the lines of one may take more memory than there is, and then it never ends.
        .env("RUST_BACKTRACE", "0")
        .output()
        .expect("it runs");
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    println!("{text}");
    assert!(output.status.success() && text.contains("1 passed"), "{}: {text}", output.status);
}

#[test]
fn a_panic() {
    in_little_memory("a_panic", || is_found(Way::Panic, "no_panic"));
}

#[test]
fn events_without_end_in_one_tick() {
    in_little_memory("events_without_end_in_one_tick", || is_found(Way::Chain, "time_passes"));
}

#[test]
fn ever_more_messages() {
    in_little_memory("ever_more_messages", || is_found(Way::MessagesForEver, "bounded_messages"));
}

#[test]
fn ever_more_timers() {
    in_little_memory("ever_more_timers", || is_found(Way::TimersForEver, "bounded_timers"));
}

#[test]
fn a_step_without_end() {
    in_little_memory("a_step_without_end", || {
        is_found(Way::MessagesInOneStep, "no_panic");
        is_found(Way::NotesInOneStep, "no_panic");
        is_found(Way::TimersInOneStep, "no_panic");
    });
}

/// The limit is one: more memory than that cannot be had.
#[cfg(unix)]
#[test]
#[should_panic(expected = "memory allocation of")]
fn the_limit_holds() {
    in_little_memory("the_limit_holds", || {
        let much = vec![1_u8; MEMORY as usize * 1024];
        println!("{}", much.len());
    });
}

/// A limit that somebody set too low is no fault of the algorithm.
#[test]
fn a_low_limit_cuts_off_before() {
    let mut setup = Setup::<Runaway>::new(3, Way::MessagesForEver);
    setup.limits.pending = 1_000;
    let outcome = Runner::new(&Case::new(setup)).expect("a valid setup").run(0);
    assert_eq!(outcome.end, End::CutOff(Limit::Pending));
}
