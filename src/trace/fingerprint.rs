use std::fmt;

use sha2::{Digest, Sha256};

use super::record::Record;
use super::recorder::Sink;

/// The fingerprint of a run: SHA-256 over the lines of its records, each the compact JSON of a [`Record`] and a line
/// feed, in the order of its fields, but without those for viewers (`state`, `carriers`, `has`, `waited_from`). So it
/// can be had from a trace file with `sed` and `sha256sum`, and neither the name of the scenario nor what viewers add
/// changes it.
///
/// It takes records as they come and keeps none: `Recorder::to(Fingerprint::new())` is an observer that fingerprints a
/// run. It is printed in hexadecimal.
///
/// ```
/// use jeton::engine::{Idle, Setup, Simulation};
/// use jeton::trace::{Fingerprint, Recorder};
/// # use jeton::{Context, Never, Process, ProcessId};
/// # #[derive(Clone, Debug, PartialEq, Eq, Hash)]
/// # struct Idler;
/// # impl Process for Idler {
/// #     type Config = ();
/// #     type Message = Never;
/// #     type Timer = Never;
/// #     type Request = Never;
/// #     type Indication = Never;
/// #     type Stable = ();
/// #     type Record = Never;
/// #     fn new(_me: ProcessId, _config: &()) -> Self { Idler }
/// #     fn on_message(&mut self, _from: ProcessId, message: Never, _ctx: &mut Context<'_, Self>) { match message {} }
/// # }
/// let mut simulation = Simulation::<Idler>::new(Setup::new(1, ()))?;
/// let mut recorder = Recorder::to(Fingerprint::new());
/// simulation.run(7, &mut Idle, &mut recorder);
/// let line = "{\"number\":1,\"tick\":0,\"process\":0,\"kind\":\"start\"}\n";
/// # use sha2::{Digest, Sha256};
/// # let sha256sum = |line| format!("{:x}", Sha256::digest(line));
/// assert_eq!(recorder.finish().to_string(), sha256sum(line));
/// # Ok::<(), jeton::engine::Invalid>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Fingerprint {
    hash: Sha256,
    /// The buffer that every record uses again.
    line: Vec<u8>,
}

impl Fingerprint {
    /// The fingerprint of no record.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the next record.
    pub fn add(&mut self, record: &Record) {
        self.line.clear();
        if record.is_for_viewers() {
            encode(&record.plain(), &mut self.line);
        } else {
            encode(record, &mut self.line);
        }
        self.hash.update(&self.line);
    }
}

impl Sink for Fingerprint {
    fn take(&mut self, record: Record) {
        self.add(&record);
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}", self.hash.clone().finalize())
    }
}

/// The fingerprint of records, in hexadecimal.
pub fn fingerprint(records: &[Record]) -> String {
    let mut fingerprint = Fingerprint::new();
    for record in records {
        fingerprint.add(record);
    }
    fingerprint.to_string()
}

/// Appends the line of a record.
pub(super) fn encode(record: &Record, line: &mut Vec<u8>) {
    serde_json::to_writer(&mut *line, record).expect("a record is plain data, and a buffer takes it");
    line.push(b'\n');
}
