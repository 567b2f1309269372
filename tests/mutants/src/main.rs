//! Which mistakes no test would catch: the mutants of `cargo mutants`, all of them in one program, each switched on in
//! its turn, and only the tests that come to it asked. What takes minutes to build and run for one mutant alone takes a
//! second so. What cannot be woven into the others is built alone.

mod copy;
mod list;
mod suite;
mod weave;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use anyhow::{Context, Result};
use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use serde::de::DeserializeOwned;

use copy::Copy;
use list::Mutant;
use suite::{Outcome, Suite};

/// Which mistakes no test would catch.
#[derive(Parser)]
struct Options {
    /// Every n-th mutant only.
    #[arg(long, default_value_t = 1)]
    every: usize,
    /// Only those whose names contain this, or one of these.
    #[arg(long)]
    only: Vec<String>,
    /// Only those that nothing has caught so far: that were missed, or not tried.
    #[arg(long)]
    missed: bool,
    /// Only by the library's own tests, which are built and run sooner; what they miss another may catch.
    #[arg(long = "library")]
    without_it: bool,
    /// Those too that cannot be built into one program with the others; each takes minutes.
    #[arg(long)]
    alone: bool,
    /// How many at a time.
    #[arg(long, default_value_t = std::thread::available_parallelism().map_or(1, usize::from))]
    jobs: usize,
    /// No more of the tests than take so long, for each mutant.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
}

fn main() -> Result<()> {
    let options = Options::parse();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize()?;
    let target = root.join("target/mutants");
    fs::create_dir_all(&target)?;
    let kept = target.join("outcomes.json");
    let mut outcomes: BTreeMap<String, Outcome> = read(&kept).unwrap_or_default();

    let mutants = list::mutants(&root)?;
    eprintln!("{} mutants", mutants.len());
    let chosen = choose(&mutants, &options, &outcomes);
    let copy = Copy::new(&root, target.join("woven"), true, options.without_it)?;
    let (unviable, apart) = build(&copy, &mutants, &chosen)?;
    let suite = learn(&copy, &mutants, options.jobs, &target.join("learned.json"))?;
    try_all(&suite, &chosen, &unviable, &apart, &options, &kept, &mut outcomes)?;
    if options.alone {
        let copy = Copy::new(&root, target.join("alone"), false, options.without_it)?;
        for (_, mutant) in chosen.iter().filter(|(id, _)| apart.contains(id)) {
            let outcome = alone(&copy, mutant)?;
            eprintln!("built alone: {outcome:?} {}", mutant.name);
            outcomes.insert(mutant.name.clone(), outcome);
            keep(&kept, &outcomes)?;
        }
    }
    report(&chosen, &outcomes);
    Ok(())
}

/// What each test comes to; of a source that was tried before, only of the tests that are new.
fn learn(copy: &Copy, mutants: &[Mutant], jobs: usize, kept: &Path) -> Result<Suite> {
    let programs = copy.programs()?;
    let source = copy.digest(mutants)?;
    let known = read::<(u64, _)>(kept).filter(|(of, _)| *of == source).map(|(_, tests)| tests).unwrap_or_default();
    let bar = bar("tests tried without a mutant");
    let suite = Suite::learn(programs, copy.own(), known, jobs, |done, all| {
        bar.set_length(all as u64);
        bar.set_position(done as u64);
    })?;
    bar.finish_and_clear();
    keep(kept, &(source, suite.tests()))?;
    let (count, took) = suite.size();
    eprintln!("{count} tests, {} s one after another; the slowest:", took.as_secs());
    for (millis, name) in suite.slowest().into_iter().rev() {
        eprintln!("{millis:>8} ms {name}");
    }
    Ok(suite)
}

/// The mutants to be tried, from everywhere, so that what is known after a while is a sample.
fn choose<'a>(mutants: &'a [Mutant], options: &Options, last: &BTreeMap<String, Outcome>) -> Vec<(u32, &'a Mutant)> {
    let mut chosen: Vec<(u32, &Mutant)> = (0..)
        .zip(mutants)
        .filter(|(_, mutant)| is_one_of(&options.only, &mutant.name))
        .filter(|(_, mutant)| !options.missed || last.get(&mutant.name).is_none_or(is_missed))
        .step_by(options.every)
        .collect();
    chosen.sort_by_key(|(id, _)| (id % 16, *id));
    chosen
}

fn is_one_of(only: &[String], name: &str) -> bool {
    only.is_empty() || only.iter().any(|part| name.contains(part))
}

fn is_missed(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Missed | Outcome::Unreached)
}

fn bar(what: &'static str) -> ProgressBar {
    let style = ProgressStyle::with_template("{pos}/{len} {msg}, {eta} to go").expect("it is a template");
    ProgressBar::new(0).with_style(style).with_message(what)
}

/// Builds it with all of the chosen that can be built: gives what no compiler would have, and what has to be built
/// alone.
fn build(copy: &Copy, mutants: &[Mutant], chosen: &[(u32, &Mutant)]) -> Result<(BTreeSet<u32>, BTreeSet<u32>)> {
    let opaque: Vec<_> = chosen.iter().copied().filter(|(_, mutant)| mutant.is_opaque()).collect();
    let (mut unviable, mut apart) = (copy.refused_unwoven(&opaque)?, BTreeSet::new());
    let mut without: BTreeSet<u32> = (0..mutants.len() as u32).collect();
    for (id, _) in chosen {
        without.remove(id);
    }
    without.extend(&unviable);
    loop {
        apart.extend(copy.weave(mutants, &without)?);
        let refused = copy.refused()?;
        eprintln!("the compiler refuses {} more", refused.len());
        if refused.is_empty() {
            break;
        }
        for (id, codes) in refused {
            without.insert(id);
            if copy::is_unviable(&mutants[id as usize], &codes) {
                unviable.insert(id);
            } else {
                eprintln!("{codes:?} {}", mutants[id as usize].name);
                apart.insert(id);
            }
        }
    }
    let woven: Vec<_> = chosen.iter().copied().filter(|(id, _)| apart.contains(id)).collect();
    let refused = copy.refused_unwoven(&woven)?;
    copy.weave(mutants, &without)?;
    apart.retain(|id| !refused.contains(id));
    for id in &apart {
        eprintln!("not woven: {}", mutants[*id as usize].name);
    }
    unviable.extend(refused);
    Ok((unviable, apart))
}

/// Tries each mutant, and writes down now and then what is known.
fn try_all(
    suite: &Suite,
    chosen: &[(u32, &Mutant)],
    unviable: &BTreeSet<u32>,
    apart: &BTreeSet<u32>,
    options: &Options,
    kept: &Path,
    outcomes: &mut BTreeMap<String, Outcome>,
) -> Result<()> {
    let bar = bar("mutants");
    bar.set_length(chosen.len() as u64);
    let next = Mutex::new(chosen.iter());
    let outcomes = Mutex::new(outcomes);
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..options.jobs)
            .map(|_| {
                scope.spawn(|| -> Result<()> {
                    while let Some((id, mutant)) = { next.lock().expect("nobody panics with it").next() } {
                        bar.inc(1);
                        let outcome = if unviable.contains(id) {
                            Outcome::Unviable
                        } else if apart.contains(id) {
                            continue;
                        } else {
                            suite.outcome(*id, &mutant.file, options.seconds * 1000)?
                        };
                        let mut outcomes = outcomes.lock().expect("nobody panics with it");
                        if is_missed(&outcome) {
                            bar.suspend(|| eprintln!("{outcome:?} {}", mutant.name));
                        }
                        outcomes.insert(mutant.name.clone(), outcome);
                        if outcomes.len().is_multiple_of(50) {
                            keep(kept, &*outcomes)?;
                        }
                    }
                    Ok(())
                })
            })
            .collect();
        workers.into_iter().try_for_each(|worker| worker.join().expect("it does not panic"))
    })?;
    bar.finish_and_clear();
    keep(kept, &outcomes.into_inner().expect("nobody panics with it"))
}

/// Tries what cannot be woven in.
fn alone(copy: &Copy, mutant: &Mutant) -> Result<Outcome> {
    copy.change(mutant)?;
    let outcome = if copy.compiles()? { suite::all(&copy.programs()?, copy.own())? } else { Outcome::Unviable };
    copy.restore(&mutant.file)?;
    Ok(outcome)
}

fn read<T: DeserializeOwned>(kept: &Path) -> Option<T> {
    serde_json::from_slice(&fs::read(kept).ok()?).ok()
}

fn keep(kept: &Path, what: &impl Serialize) -> Result<()> {
    let aside: PathBuf = kept.with_extension("aside");
    let mut file = fs::File::create(&aside)?;
    file.write_all(&serde_json::to_vec_pretty(what)?)?;
    fs::rename(&aside, kept).context("what was found out cannot be kept")
}

fn report(chosen: &[(u32, &Mutant)], outcomes: &BTreeMap<String, Outcome>) {
    let count = |which: fn(&Outcome) -> bool| {
        chosen.iter().filter_map(|(_, mutant)| outcomes.get(&mutant.name)).filter(|outcome| which(outcome)).count()
    };
    let caught = count(|outcome| matches!(outcome, Outcome::Caught(_)));
    let endless = count(|outcome| matches!(outcome, Outcome::Endless(_)));
    let missed = count(|outcome| *outcome == Outcome::Missed);
    let unreached = count(|outcome| *outcome == Outcome::Unreached);
    let unviable = count(|outcome| *outcome == Outcome::Unviable);
    let viable = caught + endless + missed + unreached;
    for (_, mutant) in chosen {
        if outcomes.get(&mutant.name).is_some_and(is_missed) {
            println!("missed: {}", mutant.name);
        }
    }
    let untried = chosen.iter().filter(|(_, mutant)| !outcomes.contains_key(&mutant.name)).count();
    println!(
        "{viable} viable mutants: {caught} caught, {endless} never ended, {missed} missed, {unreached} no test comes to"
    );
    println!(
        "{:.1} % caught; {unviable} more do not compile, and {untried} were not tried (`--alone`)",
        100.0 * (caught + endless) as f64 / viable.max(1) as f64
    );
}
