//! The mutants that `cargo mutants` would make one by one.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

/// A change of the source, and where.
#[derive(Debug, Clone, Deserialize)]
pub struct Mutant {
    pub name: String,
    pub file: String,
    pub genre: Genre,
    pub replacement: String,
    pub span: Span,
    pub function: Option<Function>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Function {
    pub return_type: String,
    pub span: Span,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
pub enum Genre {
    FnValue,
    BinaryOperator,
    UnaryOperator,
    MatchArm,
    MatchArmGuard,
    StructField,
}

/// From the first character to behind the last.
#[derive(Debug, Clone, Deserialize)]
pub struct Span {
    pub start: Place,
    pub end: Place,
}

/// Both count from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
pub struct Place {
    pub line: usize,
    pub column: usize,
}

impl From<proc_macro2::LineColumn> for Place {
    fn from(at: proc_macro2::LineColumn) -> Self {
        Self { line: at.line, column: at.column + 1 }
    }
}

/// All of them, in the order of the source; `.cargo/mutants.toml` says of which files.
pub fn mutants(root: &Path) -> Result<Vec<Mutant>> {
    let listed = Command::new("cargo")
        .args(["mutants", "--list", "--json"])
        .current_dir(root)
        .output()
        .context("cargo mutants did not start: `cargo install --locked cargo-mutants`")?;
    ensure!(listed.status.success(), "cargo mutants: {}", String::from_utf8_lossy(&listed.stderr));
    serde_json::from_slice(&listed.stdout).context("what cargo mutants lists is not understood")
}

impl Mutant {
    /// The first and the last line of the function it is in, or of itself.
    pub fn lines(&self) -> (usize, usize) {
        let span = self.function.as_ref().map_or(&self.span, |function| &function.span);
        (span.start.line, span.end.line)
    }

    /// Whether it is the value of a function of which only a trait is told.
    pub fn is_opaque(&self) -> bool {
        self.genre == Genre::FnValue
            && self.function.as_ref().is_some_and(|function| function.return_type.contains("impl "))
    }

    /// The source with this one change, as `cargo mutants` would write it.
    pub fn apply(&self, source: &str) -> String {
        let (start, end) = (offset(source, self.span.start), offset(source, self.span.end));
        // Every line stays at its place.
        let lines = "\n".repeat(source[start..end].matches('\n').count());
        format!("{}{}{lines}{}", &source[..start], self.replacement, &source[end..])
    }
}

fn offset(source: &str, at: Place) -> usize {
    let line: usize = source.split_inclusive('\n').take(at.line - 1).map(str::len).sum();
    let within = source[line..].chars().take(at.column - 1).map(char::len_utf8).sum::<usize>();
    line + within
}
