//! A handler that never returns: a test with one in it ends its process, and leaves the schedule behind. So the test is
//! run in a process of its own, which is this binary again.

use std::path::Path;
use std::process::Command;
use std::time::Duration;
use std::{env, fs, thread};

use jeton::engine::Setup;
use jeton::explore::{Exploration, Schedule};
use jeton::mutex::{Fence, Indication, Mutex, Request};
use jeton::{Context, Never, Process, ProcessId};

use super::scenario::directory;

/// Asks the next process for leave, which never returns from the third such question.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Stuck(u32);

impl Process for Stuck {
    type Config = ();
    type Message = ();
    type Timer = Never;
    type Request = Request;
    type Indication = Indication;
    type Stable = ();
    type Record = Never;

    fn new(_me: ProcessId, (): &()) -> Self {
        Self(0)
    }

    fn on_request(&mut self, _request: Request, ctx: &mut Context<'_, Self>) {
        ctx.send(ProcessId::new((ctx.me().get() + 1) % ctx.count()), ());
    }

    fn on_message(&mut self, from: ProcessId, (): (), ctx: &mut Context<'_, Self>) {
        self.0 += 1;
        if self.0 == 3 {
            loop {
                thread::sleep(Duration::from_millis(10));
            }
        }
        ctx.send(from, ());
    }
}

impl Mutex for Stuck {}

const VARIABLE: &str = "JETON_TEST_HANG_IN";

/// Does nothing unless it is in a process of its own.
#[test]
fn child() {
    if let Some(directory) = env::var_os(VARIABLE) {
        let exploration = Exploration::<Stuck>::new(Setup::new(3, ())).named("stuck").keep_in(directory);
        exploration.hang_after(Duration::from_millis(500)).check();
    }
}

fn run_child(test: &str, directory: &Path) -> (i32, String) {
    let output = Command::new(env::current_exe().expect("this binary"))
        .args([test, "--exact"])
        .env(VARIABLE, directory)
        .output()
        .expect("it runs");
    let text = String::from_utf8(output.stderr).expect("text");
    (output.status.code().expect("no signal"), text)
}

#[test]
fn a_handler_that_never_returns_ends_the_process_and_leaves_its_schedule() {
    let directory = directory("hang");
    let (status, text) = run_child("hang::child", &directory);
    assert_eq!(status, 1, "{text}");
    assert!(text.contains("stuck: handlers_return violated at tick "), "{text}");
    assert!(text.contains("has not returned from handling Message { from: p"), "{text}");
    let file = directory.join("stuck.handlers_return.toml");
    let kept = fs::read_to_string(&file).expect("it is kept");
    let schedule: Schedule = kept.parse().expect("a schedule");
    assert!(!schedule.decisions.is_empty(), "{kept}");

    // The next time it is tried first, and shows the same.
    let (status, again) = run_child("hang::child", &directory);
    assert_eq!((status, again), (1, text));
    assert_eq!(fs::read_to_string(&file).expect("it is kept"), kept);
}

/// Enters whenever it is asked to; of fewer than three, it never returns from that.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct StuckInFew;

impl Process for StuckInFew {
    type Config = ();
    type Message = ();
    type Timer = Never;
    type Request = Request;
    type Indication = Indication;
    type Stable = ();
    type Record = Never;

    fn new(_me: ProcessId, (): &()) -> Self {
        Self
    }

    fn on_request(&mut self, request: Request, ctx: &mut Context<'_, Self>) {
        while ctx.count() < 3 {
            thread::sleep(Duration::from_millis(10));
        }
        match request {
            Request::Enter(data) => ctx.indicate(Indication::Entered(data, Fence::default())),
            Request::Leave(data) => ctx.indicate(Indication::Left(data)),
            _ => {}
        }
    }

    fn on_message(&mut self, _from: ProcessId, (): (), _ctx: &mut Context<'_, Self>) {}
}

impl Mutex for StuckInFew {
    fn without((): &(), _processes: u32, _process: ProcessId) -> Option<()> {
        Some(())
    }
}

/// Does nothing unless it is in a process of its own.
#[test]
fn child_that_is_made_small() {
    if let Some(directory) = env::var_os(VARIABLE) {
        let exploration = Exploration::<StuckInFew>::new(Setup::new(3, ())).named("few").keep_in(directory);
        exploration.hang_after(Duration::from_millis(500)).check();
    }
}

#[test]
fn one_that_shows_while_a_schedule_is_made_small_leaves_the_part_in_which_it_does() {
    let directory = directory("hang_small");
    let (status, text) = run_child("hang::child_that_is_made_small", &directory);
    assert_eq!(status, 1, "{text}");
    assert!(text.contains("few: handlers_return violated at tick "), "{text}");
    let kept = fs::read_to_string(directory.join("few.handlers_return.toml")).expect("it is kept");
    let schedule: Schedule = kept.parse().expect("a schedule");
    assert_eq!(schedule.part.without.len(), 1, "{kept}");
    fs::remove_dir_all(directory).expect("removed");
}
