//! Where results go.

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
    file: fs::File,
    temporary: PathBuf,
    place: PathBuf,
}

impl NewFile {
    /// Begins it. That it cannot be written is known before any work is done.
    pub(super) fn create(place: &Path) -> Result<Self, Fault> {
        let Some(name) = place.file_name() else {
            return Err(Fault::new(format!("{}: cannot be written: it names no file", place.display())));
        };
        if place.is_dir() {
            return Err(Fault::new(format!("{}: cannot be written: it is a directory", place.display())));
        }
        let mut hidden = std::ffi::OsString::from(".");
        hidden.push(name);
        hidden.push(format!(".{}", std::process::id()));
        let temporary = place.with_file_name(hidden);
        match fs::File::create(&temporary) {
            Ok(file) => Ok(Self { file, temporary, place: place.to_owned() }),
            Err(error) => Err(unwritable(place, &error)),
        }
    }

    /// Writes all of it and puts it in its place.
    pub(super) fn finish(mut self, content: &[u8]) -> Result<(), Fault> {
        let written = self.file.write_all(content).and_then(|()| self.file.sync_all());
        written.and_then(|()| fs::rename(&self.temporary, &self.place)).map_err(|error| unwritable(&self.place, &error))
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        // It is gone already if all went well.
        let _ = fs::remove_file(&self.temporary);
    }
}

fn unwritable(place: &Path, error: &io::Error) -> Fault {
    Fault::new(format!("{}: cannot be written: {error}", place.display()))
}
