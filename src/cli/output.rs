//! Where results go.

use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::Fault;

/// Standard output, a line at a time. When its reader is gone nobody wants the rest, and that is no fault.
pub(super) struct Output(io::Stdout);

impl Output {
    pub(super) fn stdout() -> Self {
        Self(io::stdout())
    }

    /// Writes whole lines at once, so that an interrupt leaves none half written.
    pub(super) fn lines(&mut self, text: &str) {
        let mut text = text.to_owned();
        text.push('\n');
        let mut stdout = self.0.lock();
        if let Err(error) = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
            let status = if error.kind() == io::ErrorKind::BrokenPipe { 0 } else { 2 };
            std::process::exit(status);
        }
    }
}

/// Says on stderr what is not a result.
pub(super) fn complain(kind: &str, problem: &str) {
    // If that is gone too there is nobody left to tell.
    let _ = writeln!(io::stderr(), "{kind}: {problem}");
}

/// A file that appears whole or not at all: it is written beside its place and then moved there.
pub(super) struct NewFile {
    place: PathBuf,
    beside: PathBuf,
}

impl NewFile {
    /// Checks that it can be written, so that this is known before any work is done for it. Nothing of it is there
    /// until it is finished.
    pub(super) fn create(place: &Path) -> Result<Self, Fault> {
        let Some(name) = place.file_name() else {
            return Err(Fault::new(format!("{}: cannot be written: it names no file", place.display())));
        };
        if place.is_dir() {
            return Err(Fault::new(format!("{}: cannot be written: it is a directory", place.display())));
        }
        let mut hidden = OsString::from(".");
        hidden.push(name);
        hidden.push(format!(".{}", std::process::id()));
        let file = Self { place: place.to_owned(), beside: place.with_file_name(hidden) };
        let tried = fs::File::create(&file.beside).and_then(|_| fs::remove_file(&file.beside));
        tried.map(|()| file).map_err(|error| unwritable(place, &error))
    }

    /// Writes all of it and puts it in its place.
    pub(super) fn finish(self, content: &[u8]) -> Result<(), Fault> {
        let written = fs::File::create(&self.beside).and_then(|mut file| {
            file.write_all(content)?;
            file.sync_all()
        });
        written.and_then(|()| fs::rename(&self.beside, &self.place)).map_err(|error| {
            // What is half written is of no use, and that it cannot be removed is no news.
            let _ = fs::remove_file(&self.beside);
            unwritable(&self.place, &error)
        })
    }
}

fn unwritable(place: &Path, error: &io::Error) -> Fault {
    Fault::new(format!("{}: cannot be written: {error}", place.display()))
}
