//! Exploration as a test of its own: it reads what CI says of how much, and keeps what failed.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::thread;

use super::exploration::{Exploration, Finding, Report};
use super::minimise::Minimiser;
use super::picture::draw;
use super::reduction::Part;
use super::runner::{Case, Runner};
use super::schedule::{Recorded, Schedule};
use super::trial::Trial;
use super::watchdog::{Hang, Watchdog};
use super::why::why_first;
use crate::engine::{Decisions, End, Invalid, Setup, Violation};
use crate::model::{Process, ProcessId};

/// A diagram in a test's output is as wide as the narrowest terminal.
const WIDTH: usize = 80;
/// Of a longer picture so many lines are there: how it begins, and what it comes to.
const FIRST_LINES: usize = 80;
const LAST_LINES: usize = 320;
/// Of a schedule that a limit left large, so many decisions are told.
const REASONS_MAX: usize = 40;

/// A schedule that violates something, as small as it could be made.
struct Small {
    violation: Violation,
    part: Part,
    decisions: Decisions,
    /// How it was found.
    found: String,
}

impl<P: Process, T: Trial<P>> Exploration<'_, P, T> {
    /// Explores as a test does. It tries the schedules that were kept of earlier failures first, then as many new ones
    /// as it was told to; the environment variables `JETON_SCHEDULES` and `JETON_SEED` say otherwise, for a short run
    /// on each push and a long one at night. A schedule that fails is made small and kept in `tests/schedules/`, in a
    /// file named after the test, and the test fails with its picture.
    ///
    /// A handler that never returns ends the whole process, with exit status 1 and the schedule kept like others.
    ///
    /// It returns what was covered, to be looked at: `assert!(report.sometimes["holder_crashed"] > 0)`.
    ///
    /// ```should_panic
    /// # use jeton::{Context, Never, Process, ProcessId, engine::Setup, explore::Exploration, mutex::*};
    /// # #[derive(Clone, Debug, PartialEq, Eq, Hash)]
    /// # struct Reckless;
    /// # impl Process for Reckless {
    /// #     type Config = ();
    /// #     type Message = ();
    /// #     type Timer = Never;
    /// #     type Request = Request;
    /// #     type Indication = Indication;
    /// #     type Stable = ();
    /// #     type Record = Never;
    /// #     fn new(_me: ProcessId, _config: &()) -> Self { Reckless }
    /// #     fn on_request(&mut self, request: Request, ctx: &mut Context<'_, Self>) {
    /// #         match request {
    /// #             Request::Enter(data) => ctx.indicate(Indication::Entered(data, Fence::default())),
    /// #             Request::Leave(data) => ctx.indicate(Indication::Left(data)),
    /// #             _ => {}
    /// #         }
    /// #     }
    /// #     fn on_message(&mut self, _: ProcessId, _: (), _: &mut Context<'_, Self>) {}
    /// # }
    /// # impl Mutex for Reckless {}
    /// # let kept = std::env::temp_dir().join(format!("jeton-doc-{}", std::process::id()));
    /// // `Reckless` enters whenever it is asked to.
    /// Exploration::<Reckless>::new(Setup::new(3, ())).keep_in(&kept).check();
    /// ```
    ///
    /// # Panics
    /// If a property is violated, a schedule was cut off, or the setup cannot be run.
    pub fn check(mut self) -> Report {
        let name = self.name.clone().unwrap_or_else(test_name);
        let directory = self.directory.clone().unwrap_or_else(default_directory);
        self.schedules = number("JETON_SCHEDULES").unwrap_or(self.schedules);
        self.first_seed = number("JETON_SEED").unwrap_or(self.first_seed);
        let case = self.case.clone();
        let impossible = |invalid: Invalid| -> ! { panic!("the setup cannot be run: {invalid}") };

        let bark = |hang: Hang| hung(&hang, &directory, &name);
        let watchdog = Watchdog::new(self.hang_after, &bark);
        if let Some(failure) =
            try_kept(&case, watchdog, &directory, &name).unwrap_or_else(|invalid| impossible(invalid))
        {
            panic!("{}", tell(&case, &failure).unwrap_or_else(|invalid| impossible(invalid)));
        }
        let report = self.run_under(Some(watchdog)).unwrap_or_else(|invalid| impossible(invalid));
        if let Some(finding) = report.findings.first() {
            let mut failure = shrink(&case, finding, Some(watchdog)).unwrap_or_else(|invalid| impossible(invalid));
            let _ = write!(failure.found, "\n{}", keep(&failure, &directory, &name));
            panic!("{}", tell(&case, &failure).unwrap_or_else(|invalid| impossible(invalid)));
        }
        report.assert_holds();
        println!("{name}: {}", covered(&report));
        report
    }

    /// Runs them, and explains the first violation as [`check`](Self::check) does: with a picture of a schedule made as
    /// small as still shows it, and the decisions that it takes. It keeps nothing and reads no environment.
    ///
    /// # Errors
    /// [`Failure`], which is that explanation; or says that schedules were cut off, or what in the setup cannot be.
    pub fn explain(self) -> Result<Report, Failure> {
        let case = self.case.clone();
        let impossible = |invalid: Invalid| Failure { violation: None, text: invalid.to_string() };
        let report = self.run().map_err(impossible)?;
        if let Some(finding) = report.findings.first() {
            let small = shrink(&case, finding, None).map_err(impossible)?;
            let text = tell(&case, &small).map_err(impossible)?;
            return Err(Failure { violation: Some(small.violation), text });
        }
        match report.cut_off_text() {
            Some(text) => Err(Failure { violation: None, text }),
            None => Ok(report),
        }
    }
}

/// Why something is not known to hold, as a person wants it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct Failure {
    /// What is violated, in the schedule that was made small; none if schedules were cut off, or could not be run.
    pub violation: Option<Violation>,
    text: String,
}

/// The name of the test that runs, as a file can have it.
fn test_name() -> String {
    let thread = thread::current();
    let name = thread.name().filter(|&name| name != "main").unwrap_or("schedule");
    name.replace("::", "-")
}

fn default_directory() -> PathBuf {
    let package = env::var_os("CARGO_MANIFEST_DIR").map_or_else(PathBuf::new, PathBuf::from);
    package.join("tests").join("schedules")
}

fn number(variable: &str) -> Option<u64> {
    let text = env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is `{text}`, expected a whole number")))
}

/// Replays the schedules that were kept of this test; the first that violates a property still, if any does.
fn try_kept<P: Process, T: Trial<P>>(
    case: &Case<P, T>,
    watchdog: Watchdog<'_>,
    directory: &Path,
    name: &str,
) -> Result<Option<Small>, Invalid> {
    for path in kept(directory, name) {
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let schedule: Schedule = text.parse().unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let Some(case) = case.part(&schedule.part) else {
            panic!("{}: the setup of this test has no such part any more: remove the file", path.display())
        };
        let mut runner = Runner::new(&case)?;
        let decisions = schedule.decisions.clone();
        let (outcome, _) = watchdog.replay(&case, &mut runner, decisions, &mut ());
        if let End::Violated(violation) = outcome.end {
            let found = format!("it was kept in {}", path.display());
            let Schedule { part, decisions, .. } = schedule;
            return Ok(Some(Small { violation, part, decisions, found }));
        }
    }
    Ok(None)
}

/// The files that were kept of a test: `name.property.toml`.
fn kept(directory: &Path, name: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(directory) else { return Vec::new() };
    let is_of_test = |path: &PathBuf| {
        let stem = path.file_name().and_then(|file| file.to_str()).and_then(|file| file.strip_suffix(".toml"));
        stem.and_then(|stem| stem.rsplit_once('.')).is_some_and(|(test, _)| test == name)
    };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(is_of_test).collect();
    paths.sort();
    paths
}

fn shrink<P: Process, T: Trial<P>>(
    case: &Case<P, T>,
    finding: &Finding,
    watchdog: Option<Watchdog<'_>>,
) -> Result<Small, Invalid> {
    let Finding { seed, found_within, violation } = finding;
    let (_, decisions) = Runner::new(case)?.record(*seed);
    let mut found = format!("seed {seed} of strategy {} shows it, within {found_within} schedules", case.strategy);
    Ok(match Minimiser::new(case, &*violation.property).seeds_after(*seed).watchdog(watchdog).run(&decisions)? {
        Some(small) => {
            if let Some(other) = small.seed {
                let _ = write!(found, "; that of seed {other}, which is drawn, came to fewer decisions");
            }
            if !small.minimal {
                let _ = write!(found, "; made smaller in {} runs, and not known to be 1-minimal", small.runs);
            }
            Small { violation: small.violation, part: small.part, decisions: small.decisions, found }
        }
        None => Small { violation: violation.clone(), part: Part::default(), decisions, found },
    })
}

/// A handler never returns. No test can end that has it on one of its threads, so the whole process does; and what
/// tests print is kept back until they end, so this is written around it.
fn hung(hang: &Hang, directory: &Path, name: &str) -> ! {
    let Hang { violation, part, decisions, .. } = hang.clone();
    let text = violation.to_string();
    let kept = keep(&Small { violation, part, decisions, found: String::new() }, directory, name);
    let _ = writeln!(io::stderr(), "{name}: {text}\n{kept}");
    std::process::exit(1)
}

/// Keeps a schedule for the next time, and says where, or why not.
fn keep(failure: &Small, directory: &Path, name: &str) -> String {
    let violation = Some(Recorded::from(&failure.violation));
    let (part, decisions) = (failure.part.clone(), failure.decisions.clone());
    let schedule = Schedule { violation, part, decisions, scenario: None };
    let path = directory.join(format!("{name}.{}.toml", failure.violation.property));
    match write_whole(&path, &schedule.to_string()) {
        Ok(()) => format!("it is kept in {}, and this test tries it first from now on", path.display()),
        Err(error) => format!("it could not be kept in {}: {error}", path.display()),
    }
}

/// Writes a file beside its place and moves it there, so that nothing half written is ever found.
fn write_whole(path: &Path, text: &str) -> io::Result<()> {
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)?;
    }
    let beside = path.with_extension(format!("toml.{}", std::process::id()));
    fs::write(&beside, text)?;
    fs::rename(&beside, path)
}

/// The failure as a person wants it: what is wrong, the picture, and what it takes.
fn tell<P: Process, T: Trial<P>>(case: &Case<P, T>, failure: &Small) -> Result<String, Invalid> {
    let case = &case.part(&failure.part).expect("it was run");
    let picture = shorten(draw(case, &failure.decisions, WIDTH)?.trim_end());
    let mut text = format!("{}\n\n{picture}\n", failure.violation);
    if failure.decisions.is_empty() {
        text.push_str("\nIt takes no decision: the simplest schedule shows it.\n");
    } else {
        text.push_str("\nIt takes these decisions; all others are the simplest:\n");
        for reason in why_first(case, &failure.decisions, REASONS_MAX)? {
            let _ = writeln!(text, "  {reason}");
        }
        let more = failure.decisions.len().saturating_sub(REASONS_MAX);
        if more > 0 {
            let _ = writeln!(text, "  and {more} more");
        }
    }
    if let Some(all) = all_are_needed(case) {
        let _ = writeln!(
            text,
            "\nAll {all} processes are there, as none may be taken out: `without` of `Mutex` or `Exploration` says how."
        );
    }
    let _ = write!(text, "\n{}", failure.found);
    Ok(text)
}

/// How many processes there are, if no smaller case could be tried for want of a way to take one out.
fn all_are_needed<P: Process, T: Trial<P>>(case: &Case<P, T>) -> Option<u32> {
    let Setup { processes, config, .. } = &*case.setup;
    let can_go = |process| case.trial.without(config, *processes, process).is_some();
    (*processes > 2 && !ProcessId::all(*processes).any(can_go)).then_some(*processes)
}

/// A picture without its middle, if it is too long for anyone to read.
fn shorten(picture: &str) -> String {
    let lines: Vec<&str> = picture.lines().collect();
    let left_out = lines.len().saturating_sub(FIRST_LINES + LAST_LINES);
    if left_out <= 1 {
        return picture.to_owned();
    }
    let line =
        format!("      ... {left_out} lines of the picture are left out: `jeton::explore::draw` has them all ...");
    let last = &lines[lines.len() - LAST_LINES..];
    [&lines[..FIRST_LINES], &[&*line], last].concat().join("\n")
}

fn covered(report: &Report) -> String {
    let sometimes: Vec<String> = report.sometimes.iter().map(|(name, count)| format!("{name} {count}")).collect();
    let Report { schedules, events, first_seed, strategy, .. } = report;
    let seen = if sometimes.is_empty() { String::new() } else { format!("; seen in: {}", sometimes.join(", ")) };
    format!("holds in {schedules} schedules from seed {first_seed} of strategy {strategy} ({events} events){seen}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explore::toy::letters;

    #[test]
    fn a_long_picture_is_without_its_middle_and_says_so() {
        let picture = |lines: usize| (1..=lines).map(|line| line.to_string()).collect::<Vec<_>>().join("\n");
        assert_eq!(shorten(&picture(401)), picture(401));
        let shortened = shorten(&picture(100_400));
        let lines: Vec<&str> = shortened.lines().collect();
        assert_eq!((lines.len(), lines[79], lines[81]), (401, "80", "100081"));
        assert!(lines[80].contains(" 100000 lines of the picture are left out"), "{}", lines[80]);
        assert_eq!(lines.last(), Some(&"100400"));
    }

    #[test]
    fn all_processes_are_needed_if_there_could_be_fewer_but_none_can_be_taken_out() {
        let needed = |processes, without: fn(&u32, u32, ProcessId) -> Option<u32>| {
            let mut case = letters(1, |_| false);
            std::sync::Arc::make_mut(&mut case.setup).processes = processes;
            case.trial.without = without;
            all_are_needed(&case)
        };
        assert_eq!(needed(3, |_, _, _| None), Some(3));
        assert_eq!(needed(4, |_, _, _| None), Some(4));
        assert_eq!(needed(3, |config, _, process| (process.get() == 1).then_some(*config)), None);
        assert_eq!(needed(2, |_, _, _| None), None, "one alone shares nothing");
    }

    #[test]
    fn what_holds_is_told_with_how_much_was_run_and_what_was_seen() {
        let strategy = crate::explore::Strategy::Swarm;
        let mut report = Report { schedules: 20, first_seed: 7, events: 300, strategy, ..Report::default() };
        let told = "holds in 20 schedules from seed 7 of strategy swarm (300 events)";
        assert_eq!(covered(&report), told);
        report.sometimes = [("entered", 9), ("left", 1)].into();
        assert_eq!(covered(&report), format!("{told}; seen in: entered 9, left 1"));
    }
}
