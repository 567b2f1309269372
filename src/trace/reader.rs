use std::io::{self, BufRead};

use serde::de::DeserializeOwned;

use super::file::{Ending, FORMAT, Header, VERSION};
use super::record::{Effect, Kind, Record};
use crate::engine::spelling::in_words;
use crate::model::{ProcessId, Report, Ticks};

/// Reads a trace file line by line: the header at once, then, as an iterator, the records.
///
/// After an error there are no more records.
#[derive(Debug)]
pub struct Reader<R> {
    input: R,
    header: Header,
    ending: Option<Ending>,
    /// The number of lines read.
    line: u64,
    /// Where the last record was.
    last: (u64, Ticks),
    failed: bool,
    buffer: Vec<u8>,
}

/// Why a file is not a trace. Lines are counted from 1.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The file cannot be read.
    #[error("line {line}: {source}")]
    Io {
        /// The line that could not be had.
        line: u64,
        /// Why not.
        source: io::Error,
    },
    /// The first line is no header of a trace.
    #[error(
        "line 1: no header of a trace, expected one with \"format\":\"{FORMAT}\", as `jeton run --trace` writes it"
    )]
    NotATrace,
    /// The trace is of another version.
    #[error(
        "line 1: version {found} of the trace format, expected one up to {VERSION}: write it again with this jeton"
    )]
    Version {
        /// Which.
        found: u64,
    },
    /// A line does not say what it should.
    #[error("line {line}, column {column}: {problem}")]
    Line {
        /// Which.
        line: u64,
        /// Where in it, counted from 1; 0 if no place is to blame.
        column: usize,
        /// What is wrong with it.
        problem: String,
    },
    /// A record names a process that there is not.
    #[error("line {line}: process {} of {processes}, expected 0..={}", .process.get(), processes.saturating_sub(1))]
    NoSuchProcess {
        /// The record's.
        line: u64,
        /// Which process.
        process: ProcessId,
        /// How many there are.
        processes: u32,
    },
    /// A record comes before the one that it follows, by its number or its tick.
    #[error(
        "line {line}: event {number} at tick {tick} follows event {} at tick {}, expected events in their order",
        .after.0, .after.1
    )]
    OutOfOrder {
        /// The record's.
        line: u64,
        /// Its number.
        number: u64,
        /// Its tick.
        tick: Ticks,
        /// The number and tick of the one before.
        after: (u64, Ticks),
    },
    /// The file ends without an outcome.
    #[error(
        "line {line}: the file ends before the outcome of the run, expected that as its last line: was it cut short?"
    )]
    Truncated {
        /// The one that is missing.
        line: u64,
    },
    /// Something comes after the outcome.
    #[error("line {line}: more lines after the outcome of the run, expected one run: are there two in the file?")]
    AfterTheEnd {
        /// The first of them.
        line: u64,
    },
}

impl<R: BufRead> Reader<R> {
    /// Reads the header.
    ///
    /// # Errors
    /// If it is no header of this version.
    pub fn new(input: R) -> Result<Self, ReadError> {
        let header = Header::new("", 0);
        let start = (0, Ticks::ZERO);
        let mut reader = Self { input, header, ending: None, line: 0, last: start, failed: false, buffer: Vec::new() };
        if !reader.next_line()? {
            return Err(ReadError::NotATrace);
        }
        reader.header = reader.read_header()?;
        Ok(reader)
    }

    /// What was run.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Reads what is left, and returns the header and how the run ended.
    ///
    /// # Errors
    /// The first line that is not what it must be. After an error that was had before, it is that the file ends early.
    pub fn finish(mut self) -> Result<(Header, Ending), ReadError> {
        self.by_ref().try_for_each(|record| record.map(drop))?;
        let line = self.line + 1;
        self.ending.map(|ending| (self.header, ending)).ok_or(ReadError::Truncated { line })
    }

    /// Another version may have other fields, so the format and the version are looked at first.
    fn read_header(&self) -> Result<Header, ReadError> {
        let header: serde_json::Value = serde_json::from_slice(&self.buffer).map_err(|_| ReadError::NotATrace)?;
        let version = header.get("version").and_then(serde_json::Value::as_u64);
        match (header.get("format").and_then(serde_json::Value::as_str), version) {
            (Some(FORMAT), Some(found)) if !(1..=u64::from(VERSION)).contains(&found) => {
                Err(ReadError::Version { found })
            }
            // What is read of an older one is what this one says.
            (Some(FORMAT), _) => self.parse().map(|header: Header| Header { version: VERSION, ..header }),
            _ => Err(ReadError::NotATrace),
        }
    }

    /// Reads a line; false at the end of the file.
    fn next_line(&mut self) -> Result<bool, ReadError> {
        self.buffer.clear();
        let line = self.line + 1;
        let read = self.input.read_until(b'\n', &mut self.buffer).map_err(|source| ReadError::Io { line, source })?;
        self.line += u64::from(read > 0);
        Ok(read > 0)
    }

    fn parse<T: DeserializeOwned>(&self) -> Result<T, ReadError> {
        serde_json::from_slice(&self.buffer).map_err(|error| {
            let problem = error.to_string();
            // It ends with the place, which counts lines within this one.
            let problem = problem.rsplit_once(" at line ").map_or(problem.as_str(), |(problem, _)| problem);
            ReadError::Line { line: self.line, column: error.column(), problem: in_words(problem) }
        })
    }

    /// The next record; `None` if it is the ending that comes next.
    fn next_record(&mut self) -> Result<Option<Record>, ReadError> {
        if !self.next_line()? {
            return Err(ReadError::Truncated { line: self.line + 1 });
        }
        if self.buffer.starts_with(b"{\"end\"") {
            let ending: Ending = self.parse()?;
            ending.processes.iter().try_for_each(|&process| self.check_process(process))?;
            if self.next_line()? {
                return Err(ReadError::AfterTheEnd { line: self.line });
            }
            self.ending = Some(ending);
            return Ok(None);
        }
        let record: Record = self.parse()?;
        self.check(&record)?;
        self.last = (record.number, record.tick);
        Ok(Some(record))
    }

    fn check(&self, record: &Record) -> Result<(), ReadError> {
        let Record { number, tick, .. } = *record;
        let (last_number, last_tick) = self.last;
        if number < last_number || tick < last_tick {
            return Err(ReadError::OutOfOrder { line: self.line, number, tick, after: self.last });
        }
        self.check_process(record.process)?;
        match &record.kind {
            Kind::Message { from, .. } => self.check_process(*from)?,
            Kind::Report(Report::Crash(of) | Report::Restore(of)) => self.check_process(*of)?,
            Kind::Partition { side, .. } => side.iter().try_for_each(|&process| self.check_process(process))?,
            _ => {}
        }
        for effect in &record.effects {
            if let Effect::Send { to, .. } = effect {
                self.check_process(*to)?;
            }
        }
        let lost = record.lost.iter().flat_map(|loss| [loss.from, loss.to]);
        lost.chain(record.copied.iter().map(|copied| copied.to)).try_for_each(|process| self.check_process(process))
    }

    fn check_process(&self, process: ProcessId) -> Result<(), ReadError> {
        let processes = self.header.processes;
        if process.get() < processes {
            return Ok(());
        }
        Err(ReadError::NoSuchProcess { line: self.line, process, processes })
    }
}

impl<R: BufRead> Iterator for Reader<R> {
    type Item = Result<Record, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed || self.ending.is_some() {
            return None;
        }
        let next = self.next_record();
        self.failed = next.is_err();
        next.transpose()
    }
}
