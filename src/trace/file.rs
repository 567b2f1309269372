//! Traces as files: JSON Lines. First a [`Header`], then a line for each [`Record`], last an [`Ending`]. One run always
//! gives the same bytes: the fields have a fixed order, there are no floats, and nothing says when or where it ran.

use std::io::{self, BufRead, Write};

use serde::{Deserialize, Serialize};

use super::fingerprint::{encode, fingerprint};
use super::reader::{ReadError, Reader};
use super::record::Record;
use super::recorder::Sink;
use crate::engine::{End, Limit, Outcome, Stats};
use crate::model::{ProcessId, Ticks};

/// The name of the format, in every header.
pub const FORMAT: &str = "jeton-trace";

/// The version of the format that is written. The first is read too: it had whole states rather than what changed.
pub const VERSION: u32 = 2;

/// A whole trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// What was run.
    pub header: Header,
    /// What happened.
    pub records: Vec<Record>,
    /// How it ended.
    pub ending: Ending,
}

impl Trace {
    /// Reads a trace file.
    ///
    /// # Errors
    /// The first line that is not what it must be.
    pub fn read(input: impl BufRead) -> Result<Self, ReadError> {
        let mut reader = Reader::new(input)?;
        let records = reader.by_ref().collect::<Result<_, _>>()?;
        let (header, ending) = reader.finish()?;
        Ok(Self { header, records, ending })
    }

    /// Writes a trace file.
    ///
    /// # Errors
    /// What `output` refuses.
    pub fn write(&self, output: impl Write) -> io::Result<()> {
        let mut writer = Writer::new(output, &self.header)?;
        for record in &self.records {
            writer.write(record)?;
        }
        writer.finish(&self.ending).map(drop)
    }

    /// The fingerprint of its records, in hexadecimal; see [`Fingerprint`](super::Fingerprint).
    pub fn fingerprint(&self) -> String {
        fingerprint(&self.records)
    }
}

/// The first line of a trace file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// [`FORMAT`]
    pub format: String,
    /// [`VERSION`]
    pub version: u32,
    /// The name of the scenario.
    pub scenario: String,
    /// The seed; absent where a list of decisions was replayed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// The name of the strategy whose seed it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strategy: Option<String>,
    /// The number of processes.
    pub processes: u32,
    /// The text of the scenario.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

impl Header {
    /// A header of the present version, without seed, strategy and source.
    pub fn new(scenario: impl Into<String>, processes: u32) -> Self {
        let (format, version) = (FORMAT.to_owned(), VERSION);
        Self { format, version, scenario: scenario.into(), seed: None, strategy: None, processes, source: None }
    }

    /// With the seed of the run.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// With the name of the strategy whose seed it is.
    #[must_use]
    pub fn with_strategy(mut self, strategy: impl Into<String>) -> Self {
        self.strategy = Some(strategy.into());
        self
    }

    /// With the text of the scenario.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<String>) -> Self {
        self.source = Some(source.into());
        self
    }
}

/// The last line of a trace file: an [`Outcome`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ending {
    /// How the run ended.
    pub end: Ended,
    /// Which limit it met, if it was cut off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<Limit>,
    /// Which property is violated, if one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub property: Option<String>,
    /// When: the tick of the violation, or the last one.
    pub at: Ticks,
    /// The number of the event with which the violation was seen, or of the last one.
    pub event: u64,
    /// The processes that the violation concerns.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub processes: Vec<ProcessId>,
    /// What is wrong, in one sentence without its full stop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explanation: Option<String>,
    /// If the run goes round for ever: after which event the state is one that it comes back to with the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cycle_from_event: Option<u64>,
    /// What was counted.
    pub stats: Stats,
}

/// How a run ended, without the details.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// [`End::Settled`]
    Settled,
    /// [`End::Quiescent`]
    Quiescent,
    /// [`End::Violated`]
    Violated,
    /// [`End::CutOff`]
    CutOff,
}

impl Ending {
    /// The last line for a run that came to this.
    pub fn new(outcome: &Outcome) -> Self {
        let mut ending = Self {
            end: Ended::Settled,
            limit: None,
            property: None,
            at: outcome.at,
            event: outcome.stats.events,
            processes: Vec::new(),
            explanation: None,
            cycle_from_event: None,
            stats: outcome.stats,
        };
        match &outcome.end {
            End::Settled => {}
            End::Quiescent => ending.end = Ended::Quiescent,
            End::Violated(violation) => {
                ending.end = Ended::Violated;
                ending.property = Some(violation.property.clone());
                ending.at = violation.at;
                ending.event = violation.event;
                ending.processes.clone_from(&violation.processes);
                ending.explanation = Some(violation.explanation.clone());
            }
            End::CutOff(limit) => {
                ending.end = Ended::CutOff;
                ending.limit = Some(*limit);
            }
        }
        ending
    }
}

/// Writes a trace file line by line.
///
/// As a [`Sink`] it writes the records of a run while the run goes on: `Recorder::to(writer)`. What the output refuses
/// then is told by [`Writer::finish`].
#[derive(Debug)]
pub struct Writer<W> {
    output: W,
    refused: Option<io::Error>,
    /// The buffer that every line uses again.
    line: Vec<u8>,
}

impl<W: Write> Writer<W> {
    /// Writes the header.
    ///
    /// # Errors
    /// What `output` refuses.
    pub fn new(output: W, header: &Header) -> io::Result<Self> {
        let mut writer = Self { output, refused: None, line: Vec::new() };
        writer.write_line(header)?;
        Ok(writer)
    }

    /// Writes a record.
    ///
    /// # Errors
    /// What the output refuses.
    pub fn write(&mut self, record: &Record) -> io::Result<()> {
        self.line.clear();
        encode(record, &mut self.line);
        self.output.write_all(&self.line)
    }

    /// Writes how it ended, and gives the output back.
    ///
    /// # Errors
    /// What the output refuses, or refused since.
    pub fn finish(mut self, ending: &Ending) -> io::Result<W> {
        if let Some(error) = self.refused {
            return Err(error);
        }
        self.write_line(ending)?;
        self.output.flush()?;
        Ok(self.output)
    }

    fn write_line(&mut self, line: &impl Serialize) -> io::Result<()> {
        self.line.clear();
        serde_json::to_writer(&mut self.line, line)?;
        self.line.push(b'\n');
        self.output.write_all(&self.line)
    }
}

impl<W: Write> Sink for Writer<W> {
    fn take(&mut self, record: Record) {
        if self.refused.is_none() {
            self.refused = self.write(&record).err();
        }
    }
}
