//! The journal: a line for each step that was done, in the order in which they were.
//!
//! A line is a checksum, a space, and the step as JSON. The checksum is of the step and of the checksum of the line
//! before, and that of the first line is of the manifest too: a line that is torn, lost or of another campaign shows,
//! and it and all after it do not count.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::explore::CampaignStep;

/// A step of one of the scenarios.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    /// Which scenario, in the order of the manifest.
    pub(super) scenario: usize,
    pub(super) step: CampaignStep,
}

/// What could be read of a journal.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Read {
    pub(super) entries: Vec<Entry>,
    /// How much of the file that is, and how much there is in all, in bytes.
    pub(super) good: u64,
    pub(super) all: u64,
    chain: Chain,
}

/// The checksum of the line before.
#[derive(Clone, Debug, Default, PartialEq)]
struct Chain(Vec<u8>);

impl Chain {
    fn new(manifest: &str) -> Self {
        Self(Sha256::digest(manifest).to_vec())
    }

    fn next(&self, text: &[u8]) -> Self {
        Self(Sha256::new().chain_update(&self.0).chain_update(text).finalize().to_vec())
    }

    /// As it is written: the first 64 bits.
    fn written(&self) -> String {
        let first = self.0.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        format!("{first:016x}")
    }
}

/// Reads the bytes of the journal of a campaign, as far as they are whole.
pub(super) fn read(manifest: &str, bytes: &[u8]) -> Read {
    let mut read = Read { all: bytes.len() as u64, chain: Chain::new(manifest), ..Read::default() };
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let Some((entry, chain)) = entry(line, &read.chain) else { break };
        read.entries.push(entry);
        read.chain = chain;
        read.good += line.len() as u64;
    }
    read
}

fn entry(line: &[u8], before: &Chain) -> Option<(Entry, Chain)> {
    let line = line.strip_suffix(b"\n")?;
    let space = line.iter().position(|byte| *byte == b' ')?;
    let (checksum, text) = (&line[..space], &line[space + 1..]);
    let chain = before.next(text);
    if checksum != chain.written().as_bytes() {
        return None;
    }
    Some((serde_json::from_slice(text).ok()?, chain))
}

/// The journal, at its end.
pub(super) struct Journal {
    file: File,
    chain: Chain,
    synced: Instant,
}

/// A power cut costs about so much; a kill costs nothing that was written.
const SYNC: Duration = Duration::from_secs(1);

impl Journal {
    /// Goes on behind what could be read; what could not is cut away.
    pub(super) fn open(place: &Path, read: &Read) -> io::Result<Self> {
        let file = File::options().append(true).create(true).open(place)?;
        if read.good < read.all {
            file.set_len(read.good)?;
            file.sync_data()?;
        }
        Ok(Self { file, chain: read.chain.clone(), synced: Instant::now() })
    }

    /// Adds a line.
    pub(super) fn add(&mut self, entry: &Entry) -> io::Result<()> {
        let text = serde_json::to_string(entry)?;
        self.chain = self.chain.next(text.as_bytes());
        self.file.write_all(format!("{} {text}\n", self.chain.written()).as_bytes())?;
        if self.synced.elapsed() >= SYNC {
            self.sync()?;
        }
        Ok(())
    }

    /// Has it outlast a power cut.
    pub(super) fn sync(&mut self) -> io::Result<()> {
        self.synced = Instant::now();
        self.file.sync_data()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explore::Totals;

    fn entry(chunk: u64) -> Entry {
        Entry {
            scenario: 0,
            step: CampaignStep::Chunk { chunk, totals: Totals { schedules: 16, ..Totals::default() } },
        }
    }

    fn written(name: &str, entries: u64) -> (std::path::PathBuf, Vec<u8>) {
        let place = std::env::temp_dir().join(format!("jeton-journal-{name}-{}", std::process::id()));
        let _ = std::fs::remove_file(&place);
        let mut journal = Journal::open(&place, &read("m", b"")).expect("opened");
        for chunk in 0..entries {
            journal.add(&entry(chunk)).expect("written");
        }
        let bytes = std::fs::read(&place).expect("read");
        (place, bytes)
    }

    #[test]
    fn wherever_it_is_torn_the_whole_lines_before_count_and_no_others() {
        let (place, bytes) = written("torn", 3);
        std::fs::remove_file(place).expect("removed");
        let ends: Vec<usize> = (1..=bytes.len()).filter(|end| bytes[end - 1] == b'\n').collect();
        for length in 0..=bytes.len() {
            let whole = ends.iter().filter(|end| **end <= length).count();
            let read = read("m", &bytes[..length]);
            assert_eq!(read.entries, (0..whole as u64).map(entry).collect::<Vec<_>>());
            assert_eq!(read.good, if whole == 0 { 0 } else { ends[whole - 1] as u64 });
        }
    }

    #[test]
    fn any_changed_byte_ends_it() {
        let (place, bytes) = written("changed", 2);
        std::fs::remove_file(place).expect("removed");
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert!(read("m", &changed).entries.len() < 2, "byte {at}");
        }
    }

    #[test]
    fn a_lost_or_repeated_line_and_another_manifest_show() {
        let (place, bytes) = written("lost", 3);
        std::fs::remove_file(place).expect("removed");
        let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
        assert_eq!(read("m", &[lines[0], lines[2]].concat()).entries.len(), 1);
        assert_eq!(read("m", &[lines[0], lines[0], lines[1]].concat()).entries.len(), 1);
        assert_eq!(read("n", &bytes).entries.len(), 0);
    }

    #[test]
    fn it_goes_on_behind_a_torn_line() {
        let (place, bytes) = written("on", 2);
        std::fs::write(&place, &bytes[..bytes.len() - 3]).expect("written");
        let torn = read("m", &bytes[..bytes.len() - 3]);
        Journal::open(&place, &torn).expect("opened").add(&entry(7)).expect("written");
        let whole = read("m", &std::fs::read(&place).expect("read"));
        std::fs::remove_file(place).expect("removed");
        assert_eq!(whole.entries, [entry(0), entry(7)]);
        assert_eq!(whole.good, whole.all);
    }
}
