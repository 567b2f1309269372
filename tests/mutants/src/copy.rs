//! The project a second time, with the mutants in it, and what comes of building that.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::hash::{Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;

use crate::list::{Genre, Mutant};
use crate::weave::{SWITCH, weave};

/// What a build and its tests want of the project.
const WANTED: [&str; 9] =
    ["Cargo.toml", "Cargo.lock", "README.md", "CHANGELOG.md", "src", "tests", "benches", "examples", "scenarios"];

/// How all of it is built.
const HOW: [&str; 4] = ["--profile=mutants", "--all-features", "--locked", "--quiet"];

pub struct Copy {
    root: PathBuf,
    own: PathBuf,
    optimised: bool,
    without_it: bool,
}

/// A test program.
pub struct Program {
    pub path: PathBuf,
    pub name: String,
}

impl Copy {
    /// What is run thousands of times is worth being `optimised`; of the tests, those in `tests/it` may be left out.
    pub fn new(root: &Path, own: PathBuf, optimised: bool, without_it: bool) -> Result<Self> {
        if own.exists() {
            fs::remove_dir_all(&own)?;
        }
        fs::create_dir_all(&own)?;
        for wanted in WANTED {
            if root.join(wanted).exists() {
                run(Command::new("cp").arg("-r").arg(root.join(wanted)).arg(&own))?;
            }
        }
        let mut manifest = fs::read_to_string(own.join("Cargo.toml"))?;
        manifest.push_str("\n[workspace]\n");
        fs::write(own.join("Cargo.toml"), manifest)?;
        Ok(Self { root: root.to_owned(), own, optimised, without_it })
    }

    pub fn own(&self) -> &Path {
        &self.own
    }

    /// Weaves all mutants but these, and gives those that found no place.
    pub fn weave(&self, mutants: &[Mutant], without: &BTreeSet<u32>) -> Result<BTreeSet<u32>> {
        let mut files: BTreeMap<&str, Vec<(u32, &Mutant)>> = BTreeMap::new();
        let mut left = BTreeSet::new();
        for (id, mutant) in (0..).zip(mutants) {
            let of_file = files.entry(&mutant.file).or_default();
            if !without.contains(&id) {
                of_file.push((id, mutant));
            }
        }
        for (file, mutants) in files {
            let source = fs::read_to_string(self.root.join(file))?;
            let (woven, homeless) = weave(&source, mutants.into_iter()).with_context(|| file.to_owned())?;
            fs::write(self.own.join(file), woven)?;
            left.extend(homeless);
        }
        let count = mutants.len();
        fs::write(self.own.join("src/mutant.rs"), format!("const COUNT: usize = {count};\n{SWITCH}"))?;
        let library = fs::read_to_string(self.root.join("src/lib.rs"))?;
        fs::write(self.own.join("src/lib.rs"), format!("{library}\nmod mutant;\n"))?;
        Ok(left)
    }

    /// A number for the source as it was woven.
    pub fn digest(&self, mutants: &[Mutant]) -> Result<u64> {
        let files: BTreeSet<&str> = mutants.iter().map(|mutant| mutant.file.as_str()).collect();
        let mut hasher = std::hash::DefaultHasher::new();
        for file in files {
            fs::read(self.own.join(file))?.hash(&mut hasher);
        }
        Ok(hasher.finish())
    }

    /// Puts the source back as it is.
    pub fn restore(&self, file: &str) -> Result<()> {
        fs::copy(self.root.join(file), self.own.join(file))?;
        Ok(())
    }

    /// Writes a file with one mutant alone.
    pub fn change(&self, mutant: &Mutant) -> Result<()> {
        let source = fs::read_to_string(self.root.join(&mutant.file))?;
        fs::write(self.own.join(&mutant.file), mutant.apply(&source))?;
        Ok(())
    }

    /// The mutants that the compiler will not have, and with which errors, as far as it comes.
    pub fn refused(&self) -> Result<BTreeMap<u32, BTreeSet<String>>> {
        let mut refused: BTreeMap<u32, BTreeSet<String>> = BTreeMap::new();
        let mut strange = Vec::new();
        for compiler in self.errors()? {
            let code = compiler.code.map_or(String::new(), |code| code.code);
            for span in compiler.spans.iter().filter(|span| span.is_primary) {
                match self.mutant_at(&span.file_name, span.line_start)? {
                    Some(id) => drop(refused.entry(id).or_default().insert(code.clone())),
                    None => strange.push(format!("{}:{}: {}", span.file_name, span.line_start, compiler.message)),
                }
            }
        }
        if refused.is_empty() && !strange.is_empty() {
            bail!("it does not compile, and not for a mutant: {strange:#?}");
        }
        Ok(refused)
    }

    /// Those that the compiler will not have in the source as it stands, where one function has one of them at a time.
    pub fn refused_unwoven(&self, mutants: &[(u32, &Mutant)]) -> Result<BTreeSet<u32>> {
        let mut unviable = BTreeSet::new();
        let mut left = mutants.to_vec();
        while !left.is_empty() {
            let mut round: BTreeMap<(&str, usize), (u32, &Mutant)> = BTreeMap::new();
            for &(id, mutant) in &left {
                round.entry((&mutant.file, mutant.lines().0)).or_insert((id, mutant));
            }
            let files: BTreeSet<&str> = round.keys().map(|(file, _)| *file).collect();
            for file in &files {
                let mut source = fs::read_to_string(self.root.join(file))?;
                // From behind, so that what is still to be changed is where it was.
                for (_, mutant) in round.iter().rev().filter(|((of, _), _)| of == file).map(|(_, mutant)| mutant) {
                    source = mutant.apply(&source);
                }
                fs::write(self.own.join(file), source)?;
            }
            let mut refused = BTreeSet::new();
            for compiler in self.errors()? {
                for span in compiler.spans.iter().filter(|span| span.is_primary) {
                    let within = |mutant: &Mutant| {
                        let (first, last) = mutant.lines();
                        mutant.file == span.file_name && (first..=last).contains(&span.line_start)
                    };
                    refused.extend(round.values().filter(|(_, mutant)| within(mutant)).map(|(id, _)| *id));
                }
            }
            files.iter().try_for_each(|file| self.restore(file))?;
            // What is refused may have hidden what is wrong with the others.
            let settled = |id: &u32| round.values().any(|(of, _)| of == id) && refused.is_empty();
            left.retain(|(id, _)| !refused.contains(id) && !settled(id));
            unviable.extend(refused);
        }
        Ok(unviable)
    }

    fn errors(&self) -> Result<impl Iterator<Item = Compiler>> {
        let messages = self.cargo("check", &["--lib"])?.into_iter();
        Ok(messages.filter_map(|message| message.message).filter(|message| message.level == "error"))
    }

    /// The last mutant asked for up to this line.
    fn mutant_at(&self, file: &str, line: usize) -> Result<Option<u32>> {
        let source = fs::read_to_string(self.own.join(file))?;
        let lines: Vec<&str> = source.lines().take(line).collect();
        let asked = lines.iter().rev().take(12).find_map(|line| {
            let ids = line.split("mutant::is(").nth(1)?;
            ids.split(')').next()?.trim_end_matches("u32").parse().ok()
        });
        // An operator's line begins with the number of its mutant.
        let operator = lines.last().and_then(|line| {
            let (id, rest) = line.trim().split_once("u32 => ")?;
            (!rest.is_empty()).then(|| id.parse().ok())?
        });
        Ok(operator.or(asked))
    }

    /// Whether it compiles as it stands.
    pub fn compiles(&self) -> Result<bool> {
        Ok(self.errors()?.next().is_none())
    }

    /// The test programs, built.
    pub fn programs(&self) -> Result<Vec<Program>> {
        let mut programs = Vec::new();
        let all = ["--no-run", "--lib", "--test=it", "--bin=jeton"];
        let targets = if self.without_it { &all[..2] } else { &all };
        for message in self.cargo("test", targets)? {
            if let Some(compiler) = message.message.filter(|message| message.level == "error") {
                bail!("the tests do not compile: {}", compiler.message);
            }
            if let (Some(path), Some(target)) = (message.executable, message.target)
                && target.kind != ["bin"]
            {
                programs.push(Program { path, name: target.name });
            }
        }
        let expected = if self.without_it { 1 } else { 2 };
        ensure!(programs.len() == expected, "the library's own tests and tests/it are a program each");
        Ok(programs)
    }

    fn cargo(&self, command: &str, and: &[&str]) -> Result<Vec<Message>> {
        let output = Command::new("cargo")
            .arg(command)
            .args(HOW)
            .args(and)
            .arg(format!("--config=profile.mutants.opt-level={}", u8::from(self.optimised)))
            .arg("--message-format=json")
            .env("CARGO_TARGET_DIR", self.own.with_extension("built"))
            .env("CARGO_INCREMENTAL", "1")
            // Nobody sees a warning, and a mutant's value may well be unused.
            .env("RUSTFLAGS", "--cap-lints=warn")
            .current_dir(&self.own)
            .stderr(Stdio::null())
            .output()
            .context("cargo did not start")?;
        serde_json::Deserializer::from_slice(&output.stdout)
            .into_iter()
            .map(|message| message.context("cargo's message is not understood"))
            .collect()
    }
}

/// A type's own error, which is no matter of how the mutants are woven.
pub fn is_unviable(mutant: &Mutant, codes: &BTreeSet<String>) -> bool {
    let of_types =
        ["E0277", "E0283", "E0308", "E0369", "E0425", "E0432", "E0433", "E0423", "E0599", "E0600", "E0614", "E0061"];
    let value = mutant.genre == Genre::FnValue && !mutant.is_opaque();
    (value || matches!(mutant.genre, Genre::BinaryOperator | Genre::UnaryOperator))
        && codes.iter().all(|code| of_types.contains(&code.as_str()))
}

fn run(command: &mut Command) -> Result<()> {
    let status = command.status()?;
    ensure!(status.success(), "{command:?} failed");
    Ok(())
}

/// What cargo says, as far as it matters.
#[derive(Deserialize)]
struct Message {
    message: Option<Compiler>,
    executable: Option<PathBuf>,
    target: Option<Target>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

#[derive(Deserialize)]
struct Compiler {
    level: String,
    message: String,
    code: Option<Code>,
    spans: Vec<CompilerSpan>,
}

#[derive(Deserialize)]
struct Code {
    code: String,
}

#[derive(Deserialize)]
struct CompilerSpan {
    file_name: String,
    line_start: usize,
    is_primary: bool,
}
