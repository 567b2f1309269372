use std::fs::{self, File};
use std::io::{self, Read as _, Seek, Write};
use std::path::{Path, PathBuf};

use super::super::Fault;
use super::super::layout::grouped;
use super::super::output::{self, NewFile};
use super::journal::{self, Entry, Journal};
use super::report::Small;
use super::{Manifest, Report, note};
use crate::explore::{Campaign, CampaignStep};

const MANIFEST: &str = "campaign.json";
const JOURNAL: &str = "journal";
const LOCK: &str = "lock";
const REPORT: &str = "report.txt";
const REPORT_JSON: &str = "report.jsonl";
pub(super) const PAGE: &str = "report.html";
/// The folder of the small schedules and their views, and how their names end.
pub(super) const SCHEDULES: &str = "schedules";
pub(super) const SCHEDULE: &str = ".toml";
pub(super) const VIEW: &str = ".html";

/// The directory of a campaign, for one process alone.
pub(in crate::cli) struct Directory {
    place: PathBuf,
    journal: Journal,
    entries: Vec<Entry>,
    /// As long as it is open, nobody else works here; the system lets go of it whatever becomes of this process.
    _lock: File,
}

/// What is kept in a directory, for whoever only reads it.
pub(in crate::cli) struct Part {
    pub(in crate::cli) manifest: Manifest,
    pub(in crate::cli) steps: Vec<(usize, CampaignStep)>,
}

impl Directory {
    /// Opens the directory of this campaign, or makes it.
    pub(in crate::cli) fn open(place: &Path, manifest: &Manifest) -> Result<Self, Fault> {
        if place.is_file() {
            return Err(Fault::new(format!("{}: it is a file, and a campaign needs a directory", place.display())));
        }
        fs::create_dir_all(place).map_err(|error| unwritable(place, &error))?;
        let kept = manifest_in(place)?;
        if kept.is_none() {
            if let Some(other) = names(place)?.into_iter().find(|name| name != LOCK && !is_beside(name)) {
                return Err(Fault::new(format!("{}: no campaign is in it, but `{other}` is", place.display())));
            }
        }
        let lock = lock(place)?;
        // It may have been written before the lock was had.
        let kept = manifest_in(place)?;
        if let Some(kept) = &kept {
            let differences = manifest.differences(kept);
            if !differences.is_empty() {
                let differences = differences.join("; ");
                return Err(Fault::new(format!("{}: it has another campaign: {differences}", place.display())));
            }
        }
        sweep(place)?;
        let text = manifest.text();
        if kept.is_none() {
            NewFile::create(&place.join(MANIFEST))?.finish(text.as_bytes())?;
        }
        let file = place.join(JOURNAL);
        let read = journal::read(&text, &bytes(&file)?);
        let journal = Journal::open(&file, &read).map_err(|error| unwritable(&file, &error))?;
        if kept.is_some() {
            note_damage(&file, read.all - read.good);
        }
        Ok(Self { place: place.to_owned(), journal, entries: read.entries, _lock: lock })
    }

    /// Where the campaigns of the manifest stand; it says so on stderr.
    pub(in crate::cli) fn resume(&mut self, manifest: &Manifest) -> Result<Vec<Campaign>, Fault> {
        let mut campaigns = manifest.campaigns();
        let begun = !self.entries.is_empty();
        for Entry { scenario, step } in self.entries.drain(..) {
            take(&mut campaigns, scenario, step)
                .map_err(|why| Fault::new(format!("{}: {why}", self.place.join(JOURNAL).display())))?;
        }
        if begun {
            let done: u64 = campaigns.iter().map(|campaign| campaign.totals().schedules).sum();
            let all: u64 = campaigns.iter().map(|campaign| campaign.plan().own_schedules()).sum();
            let (done, all) = (grouped(done), grouped(all));
            note(&format!("{}: {done} of {all} schedules are done already", self.place.display()));
        }
        Ok(campaigns)
    }

    /// Keeps a step.
    pub(in crate::cli) fn keep(&mut self, scenario: usize, step: &CampaignStep) -> Result<(), Fault> {
        let added = self.journal.add(&Entry { scenario, step: step.clone() });
        added.map_err(|error| unwritable(&self.place.join(JOURNAL), &error))
    }

    /// Writes the report, and the schedules and views that it names. Returns where its page is.
    pub(in crate::cli) fn publish(&mut self, report: &Report<'_>) -> Result<PathBuf, Fault> {
        self.journal.sync().map_err(|error| unwritable(&self.place.join(JOURNAL), &error))?;
        let schedules = self.place.join(SCHEDULES);
        fs::create_dir_all(&schedules).map_err(|error| unwritable(&schedules, &error))?;
        for small in report.small() {
            let Small { schedule, view } = small?;
            for (name, text) in [schedule].into_iter().chain(view) {
                NewFile::create(&schedules.join(name))?.finish(text.as_bytes())?;
            }
        }
        let none = Path::new("");
        for (name, text) in
            [(PAGE, report.page()), (REPORT_JSON, report.shown(true, none)), (REPORT, report.shown(false, none))]
        {
            NewFile::create(&self.place.join(name))?.finish(text.as_bytes())?;
        }
        Ok(self.place.join(PAGE))
    }
}

impl Part {
    /// Reads what is there and changes nothing.
    pub(in crate::cli) fn read(place: &Path) -> Result<Self, Fault> {
        let Some(manifest) = manifest_in(place)? else {
            return Err(Fault::new(format!(
                "{}: no campaign is in it, expected what `explore --out` leaves",
                place.display()
            )));
        };
        let _lock = lock_to_read(place)?;
        let file = place.join(JOURNAL);
        let read = journal::read(&manifest.text(), &bytes(&file)?);
        note_damage(&file, read.all - read.good);
        Ok(Self { manifest, steps: read.entries.into_iter().map(|entry| (entry.scenario, entry.step)).collect() })
    }

    /// Where its campaigns stand.
    pub(in crate::cli) fn campaigns(&self) -> Result<Vec<Campaign>, String> {
        let mut campaigns = self.manifest.campaigns();
        for (scenario, step) in &self.steps {
            take(&mut campaigns, *scenario, step.clone())?;
        }
        Ok(campaigns)
    }
}

/// Says on stderr how much of a journal is of no use.
fn note_damage(file: &Path, bytes: u64) {
    if bytes > 0 {
        let bytes = grouped(bytes);
        output::complain("warning", &format!("{}: its last {bytes} bytes are torn and do not count", file.display()));
    }
}

fn take(campaigns: &mut [Campaign], scenario: usize, step: CampaignStep) -> Result<(), String> {
    let campaign = campaigns.get_mut(scenario).ok_or_else(|| format!("there is no scenario {scenario}"))?;
    campaign.take(step).map_err(|misfit| misfit.to_string())
}

fn manifest_in(place: &Path) -> Result<Option<Manifest>, Fault> {
    let file = place.join(MANIFEST);
    match fs::read_to_string(&file) {
        Ok(text) => match Manifest::parse(&text) {
            Ok(manifest) => Ok(Some(manifest)),
            Err(why) => Err(Fault::new(format!("{}: it is {why}", file.display()))),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unreadable(&file, &error)),
    }
}

fn bytes(file: &Path) -> Result<Vec<u8>, Fault> {
    match fs::read(file) {
        Ok(bytes) => Ok(bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(unreadable(file, &error)),
    }
}

/// Has the directory for itself; the number of the process in the file is for people.
fn lock(place: &Path) -> Result<File, Fault> {
    let path = place.join(LOCK);
    let file = File::options().read(true).write(true).create(true).truncate(false).open(&path);
    let mut file = file.map_err(|error| unwritable(&path, &error))?;
    held(place, &mut file, fs4::FileExt::try_lock)?;
    let process = std::process::id().to_string();
    let written = file.set_len(0).and_then(|()| file.write_all(process.as_bytes()));
    written.map(|()| file).map_err(|error| unwritable(&path, &error))
}

/// Sees to it that nobody writes while this reads; others may read too. `None` if the lock was not copied along.
fn lock_to_read(place: &Path) -> Result<Option<File>, Fault> {
    let path = place.join(LOCK);
    match File::open(&path) {
        Ok(mut file) => held(place, &mut file, fs4::FileExt::try_lock_shared).map(|()| Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unreadable(&path, &error)),
    }
}

fn held(place: &Path, file: &mut File, lock: fn(&File) -> Result<(), fs4::TryLockError>) -> Result<(), Fault> {
    match lock(file) {
        Ok(()) => Ok(()),
        Err(fs4::TryLockError::WouldBlock) => {
            let mut process = String::new();
            let _ = file.rewind().and_then(|()| file.read_to_string(&mut process));
            let process = if process.is_empty() { process } else { format!(", process {process}") };
            Err(Fault::new(format!("{}: another jeton works in it{process}", place.display())))
        }
        Err(fs4::TryLockError::Error(error)) => Err(Fault::new(format!("{}: no lock: {error}", place.display()))),
    }
}

fn names(place: &Path) -> Result<Vec<String>, Fault> {
    let listed = || -> io::Result<Vec<String>> {
        let entries = fs::read_dir(place)?;
        entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
    };
    let mut names = listed().map_err(|error| unreadable(place, &error))?;
    names.sort();
    Ok(names)
}

/// Whether it is the name of a file that was to be moved to its place; see [`NewFile`].
fn is_beside(name: &str) -> bool {
    let Some((file, process)) = name.strip_prefix('.').and_then(|name| name.rsplit_once('.')) else { return false };
    let is_ours =
        [MANIFEST, REPORT, REPORT_JSON, PAGE].contains(&file) || file.ends_with(SCHEDULE) || file.ends_with(VIEW);
    is_ours && !process.is_empty() && process.bytes().all(|byte| byte.is_ascii_digit())
}

/// Removes what a killed process left half written.
fn sweep(place: &Path) -> Result<(), Fault> {
    for folder in [place.to_owned(), place.join(SCHEDULES)] {
        if folder.is_dir() {
            for name in names(&folder)?.into_iter().filter(|name| is_beside(name)) {
                let file = folder.join(name);
                fs::remove_file(&file).map_err(|error| unwritable(&file, &error))?;
            }
        }
    }
    Ok(())
}

fn unwritable(place: &Path, error: &io::Error) -> Fault {
    Fault::new(format!("{}: cannot be written: {error}", place.display()))
}

fn unreadable(place: &Path, error: &io::Error) -> Fault {
    Fault::new(format!("{}: cannot be read: {error}", place.display()))
}
