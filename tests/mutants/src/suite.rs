//! The tests: which mutants each comes to and how long it takes, and which of them notices a mutant.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use crate::copy::Program;

/// One test.
#[derive(Serialize, Deserialize)]
pub struct Test {
    program: usize,
    name: String,
    millis: u64,
    reached: HashSet<u32>,
}

/// All of them that pass without a mutant.
pub struct Suite {
    programs: Vec<Program>,
    own: PathBuf,
    tests: Vec<Test>,
    /// How often a test noticed a mutant of a file: it is asked first the next time.
    noticed: Mutex<HashMap<String, HashMap<usize, u64>>>,
}

/// What became of a mutant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// By this test.
    Caught(String),
    /// A test did not come to its end, or took all memory.
    Endless(String),
    /// All that come to it pass.
    Missed,
    /// No test comes to it.
    Unreached,
    /// It does not compile.
    Unviable,
}

impl Suite {
    /// Runs each test alone, and writes down which mutants it comes to; but for those that were `known`.
    pub fn learn(
        programs: Vec<Program>,
        own: &Path,
        known: Vec<Test>,
        jobs: usize,
        told: impl Fn(usize, usize) + Sync,
    ) -> Result<Self> {
        let mut names = Vec::new();
        for (program, built) in programs.iter().enumerate() {
            let listed = Command::new(&built.path).args(["--list", "--format=terse"]).current_dir(own).output()?;
            let listed = String::from_utf8(listed.stdout).context("names are text")?;
            let tests = listed.lines().filter_map(|line| line.strip_suffix(": test"));
            // What looks at the source sees that it was changed.
            let tests = tests.filter(|name| !known.iter().any(|test| test.program == program && test.name == *name));
            names.extend(tests.filter(|name| !name.starts_with("tidy")).map(|name| (program, name.to_owned())));
        }
        let mut suite = Self { programs, own: own.to_owned(), tests: Vec::new(), noticed: Mutex::default() };
        let done = Mutex::new(Vec::new());
        let next = Mutex::new(names.iter());
        std::thread::scope(|scope| {
            let workers: Vec<_> = (0..jobs)
                .map(|job| {
                    let (suite, next, done, told, names) = (&suite, &next, &done, &told, &names);
                    scope.spawn(move || -> Result<()> {
                        while let Some((program, name)) = { next.lock().expect("nobody panics with it").next() } {
                            let test = suite.learn_one(*program, name, job)?;
                            let mut done = done.lock().expect("nobody panics with it");
                            done.push(test);
                            told(done.len(), names.len());
                        }
                        Ok(())
                    })
                })
                .collect();
            workers.into_iter().try_for_each(|worker| worker.join().expect("it does not panic"))
        })?;
        suite.tests = known;
        suite.tests.extend(done.into_inner().expect("nobody panics with it").into_iter().flatten());
        Ok(suite)
    }

    fn learn_one(&self, program: usize, name: &str, job: usize) -> Result<Option<Test>> {
        let file = self.own.with_file_name(format!("reached.{job}"));
        let _ = fs::remove_file(&file);
        let began = Instant::now();
        let mut command = self.command(program, &[name], 600);
        let passed = command.env("JETON_MUTANTS_REACHED", &file).status()?.success();
        let millis = began.elapsed().as_millis() as u64;
        if !passed {
            eprintln!("left out, since it fails without a mutant: {name}");
            return Ok(None);
        }
        let reached = fs::read_to_string(&file).unwrap_or_default();
        let reached = reached.lines().map(|id| id.parse().context("a number")).collect::<Result<_>>()?;
        Ok(Some(Test { program, name: name.to_owned(), millis, reached }))
    }

    fn command(&self, program: usize, tests: &[&str], seconds: u64) -> Command {
        let mut command = limited(&self.programs[program].path, &self.own, seconds);
        command.args(["--exact", "--test-threads=1"]).args(tests);
        command
    }

    /// What the tests that come to a mutant say of it: those first that noticed others of its file, then the fast ones,
    /// in ever larger batches. No more is run than takes `budget` milliseconds without a mutant.
    pub fn outcome(&self, id: u32, file: &str, budget: u64) -> Result<Outcome> {
        let mut asked: Vec<usize> =
            (0..self.tests.len()).filter(|&test| self.tests[test].reached.contains(&id)).collect();
        if asked.is_empty() {
            return Ok(Outcome::Unreached);
        }
        let noticed = self.noticed.lock().expect("nobody panics with it").get(file).cloned().unwrap_or_default();
        asked.sort_by_key(|test| {
            let test_noticed = noticed.get(test).copied().unwrap_or(0);
            let millis = self.tests[*test].millis;
            // Often and fast comes first.
            (u64::MAX - (test_noticed * 1000).checked_div(millis.max(5)).unwrap_or(0), millis)
        });
        let mut spent = 0;
        let mut size = 200;
        let mut rest = &asked[..];
        while !rest.is_empty() {
            let mut millis = 0;
            let end = rest.iter().take_while(|&&test| {
                let fits = millis == 0 || millis + self.tests[test].millis <= size;
                millis += self.tests[test].millis;
                fits
            });
            let (batch, after) = rest.split_at(end.count());
            let millis: u64 = batch.iter().map(|&test| self.tests[test].millis).sum();
            if spent > 0 && spent + millis > budget {
                break;
            }
            if let Some(outcome) = self.batch(id, file, batch, millis)? {
                return Ok(outcome);
            }
            (rest, spent, size) = (after, spent + millis, size * 4);
        }
        // The tests next to it are asked whatever they take.
        let own = neighbourhood(file);
        let own: Vec<usize> = rest.iter().copied().filter(|&test| self.tests[test].name.starts_with(&own)).collect();
        let millis = own.iter().map(|&test| self.tests[test].millis).sum();
        Ok(self.batch(id, file, &own, millis)?.unwrap_or(Outcome::Missed))
    }

    fn batch(&self, id: u32, file: &str, batch: &[usize], millis: u64) -> Result<Option<Outcome>> {
        for program in 0..self.programs.len() {
            let tests: Vec<usize> = batch.iter().copied().filter(|&test| self.tests[test].program == program).collect();
            if tests.is_empty() {
                continue;
            }
            let names: Vec<&str> = tests.iter().map(|&test| self.tests[test].name.as_str()).collect();
            let mut child = self
                .command(program, &names, 5 + millis * 8 / 1000)
                .env("JETON_MUTANT", id.to_string())
                .stdout(Stdio::piped())
                .spawn()?;
            let (ended, said) = wait(&mut child, Duration::from_millis(60_000 + millis * 40))?;
            if ended == Some(true) {
                continue;
            }
            let failed: BTreeSet<&str> = said
                .lines()
                .filter_map(|line| {
                    line.strip_prefix("test ")
                        .and_then(|line| line.split(" ... ").next())
                        .filter(|_| line.contains("FAILED"))
                })
                .collect();
            let by = tests.iter().find(|&&test| failed.contains(self.tests[test].name.as_str()));
            let Some(&by) = by else { return Ok(Some(Outcome::Endless(last_begun(&said)))) };
            let mut noticed = self.noticed.lock().expect("nobody panics with it");
            *noticed.entry(file.to_owned()).or_default().entry(by).or_default() += 1;
            return Ok(Some(Outcome::Caught(self.tests[by].name.clone())));
        }
        Ok(None)
    }

    pub fn tests(&self) -> &[Test] {
        &self.tests
    }

    /// How many tests there are, and how long they take one after another.
    pub fn size(&self) -> (usize, Duration) {
        (self.tests.len(), Duration::from_millis(self.tests.iter().map(|test| test.millis).sum()))
    }

    /// The slowest tests.
    pub fn slowest(&self) -> BTreeMap<u64, &str> {
        let mut all: BTreeMap<u64, &str> = self.tests.iter().map(|test| (test.millis, test.name.as_str())).collect();
        while all.len() > 20 {
            all.pop_first();
        }
        all
    }
}

/// A test program that has so many seconds of processor time, and some memory.
fn limited(program: &Path, own: &Path, seconds: u64) -> Command {
    let mut command = Command::new("bash");
    command
        .arg("-c")
        .arg(format!("ulimit -t {seconds} -v 8000000 -c 0; exec \"$@\""))
        .arg("test")
        .arg(program)
        .current_dir(own)
        .env("CARGO_MANIFEST_DIR", own)
        .env("INSTA_UPDATE", "no")
        .env("PROPTEST_DISABLE_FAILURE_PERSISTENCE", "1")
        .env("RUST_BACKTRACE", "0")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0);
    command
}

/// What all tests say of the one mutant that these programs were built with.
pub fn all(programs: &[Program], own: &Path) -> Result<Outcome> {
    for program in programs {
        let mut child = limited(&program.path, own, 1800).args(["--skip", "tidy"]).stdout(Stdio::piped()).spawn()?;
        let (ended, said) = wait(&mut child, Duration::from_secs(1800))?;
        match (ended, said.lines().find(|line| line.ends_with("FAILED"))) {
            (Some(true), _) => {}
            (_, Some(by)) => return Ok(Outcome::Caught(by.to_owned())),
            (_, None) => return Ok(Outcome::Endless(program.name.clone())),
        }
    }
    Ok(Outcome::Missed)
}

/// Whether it passed, or nothing if it had to be stopped, and what it printed.
fn wait(child: &mut Child, longest: Duration) -> Result<(Option<bool>, String)> {
    let output = child.stdout.take().expect("it is piped");
    let reader = std::thread::spawn(move || {
        let mut said = Vec::new();
        let _ = std::io::Read::read_to_end(&mut { output }, &mut said);
        String::from_utf8_lossy(&said).into_owned()
    });
    let began = Instant::now();
    let mut pause = Duration::from_millis(1);
    let ended = loop {
        if let Some(status) = child.try_wait()? {
            break Some(status.success());
        }
        if began.elapsed() > longest {
            // With whatever it has started.
            let group = format!("-{}", child.id());
            let killed = Command::new("kill").args(["-KILL", "--", &group]).status()?;
            ensure!(killed.success(), "it cannot be stopped");
            child.wait()?;
            break None;
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(20));
    };
    Ok((ended, reader.join().expect("it does not panic")))
}

/// The test that was under way when the program ended.
fn last_begun(said: &str) -> String {
    let last = said.lines().filter_map(|line| line.strip_prefix("test ")?.split(" ... ").next()).next_back();
    last.unwrap_or("the first of them").to_owned()
}

/// How the names of the tests begin that are in a file or in another of its directory.
fn neighbourhood(file: &str) -> String {
    let directory = file.trim_start_matches("src/").rsplit_once('/').map_or("", |(directory, _)| directory);
    directory.replace('/', "::") + "::"
}
