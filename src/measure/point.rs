use std::fmt;

use hdrhistogram::Histogram;
use serde_json::{Value as Json, json};

use super::{CrashKind, Load, Mean};
use crate::mutex::{Purpose, Sum};

/// Whether anything went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Nothing.
    FaultFree,
    /// One crash.
    Crash(CrashKind),
}

/// What one run came to: a row of `runs.csv`.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Which run.
    pub seed: u64,
    /// How many entries were looked at.
    pub entries: u64,
    /// Messages per entry.
    pub messages: Option<f64>,
    /// Bytes per entry.
    pub bytes: Option<f64>,
    /// Messages of idle circulation per entry.
    pub idle: Option<f64>,
    /// The mean waiting time, in ticks.
    pub wait: Option<f64>,
    /// The mean synchronisation delay, in ticks; nothing if nobody ever waited at a leave.
    pub handover: Option<f64>,
    /// Requests overtaken per entry.
    pub overtaken: Option<f64>,
    /// Jain's index; nothing with a crash.
    pub jain: Option<f64>,
    /// Messages of recovery.
    pub recovery: f64,
    /// From the crash to the next entry, in ticks.
    pub outage: Option<f64>,
}

/// Of all entries of all seeds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Percentiles {
    /// Half are no greater.
    pub p50: u64,
    /// Nine in ten are no greater.
    pub p90: u64,
    /// 99 in a hundred are no greater.
    pub p99: u64,
    /// None is greater.
    pub max: u64,
}

/// The messages of one type, sent for one purpose, in all runs of a point, whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeRow {
    /// The type.
    pub name: String,
    /// What they were sent for.
    pub purpose: Purpose,
    /// How many and how much.
    pub sum: Sum,
}

/// What a system costs with so many processes, at this load, in this phase.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// Its name.
    pub system: String,
    /// How many processes, servers included.
    pub processes: u32,
    /// How many of them have an application.
    pub applications: u32,
    /// The load.
    pub load: Load,
    /// Whether anything went wrong.
    pub phase: Phase,
    /// Each run. One in which the crash did not strike, since the process was never in that state, is not among them.
    pub rows: Vec<Row>,
    /// In how many runs the crash did not strike.
    pub spared: u64,
    /// Messages of an entry.
    pub messages: Percentiles,
    /// Waiting time, in ticks.
    pub wait: Percentiles,
    /// Synchronisation delay, in ticks.
    pub handover: Percentiles,
    /// The messages by their types.
    pub types: Vec<TypeRow>,
}

/// A row of a file, its columns by their names.
pub(super) type Record = Vec<(&'static str, Json)>;

impl Point {
    /// The mean over the runs of something that each run has.
    pub fn mean(&self, of: impl Fn(&Row) -> Option<f64>) -> Option<Mean> {
        Mean::of(&self.rows.iter().filter_map(of).collect::<Vec<_>>())
    }

    fn key(&self) -> Record {
        vec![
            ("system", json!(self.system)),
            ("processes", json!(self.processes)),
            ("applications", json!(self.applications)),
            ("load", json!(self.load.get())),
            ("phase", json!(self.phase.to_string())),
        ]
    }

    pub(super) fn record(&self) -> Record {
        let mut record = self.key();
        let entries: u64 = self.rows.iter().map(|row| row.entries).sum();
        record.extend([
            ("seeds", json!(self.rows.len())),
            ("spared_seeds", json!(self.spared)),
            ("entries", json!(entries)),
        ]);
        let mut put = |[mean, error]: [&'static str; 2], of: fn(&Row) -> Option<f64>| {
            let found = self.mean(of);
            record.push((mean, json!(found.map(|found| found.mean))));
            // Of one run nothing is known of the error, which is not 0.
            record.push((error, json!(found.filter(|found| found.of > 1).map(|found| found.error))));
        };
        put(["messages_per_entry", "messages_per_entry_ci95"], |row| row.messages);
        put(["bytes_per_entry", "bytes_per_entry_ci95"], |row| row.bytes);
        put(["idle_messages_per_entry", "idle_messages_per_entry_ci95"], |row| row.idle);
        put(["waiting_ticks", "waiting_ticks_ci95"], |row| row.wait);
        put(["sync_delay_ticks", "sync_delay_ticks_ci95"], |row| row.handover);
        put(["overtakes_per_entry", "overtakes_per_entry_ci95"], |row| row.overtaken);
        put(["jain_index", "jain_index_ci95"], |row| row.jain);
        put(["recovery_messages", "recovery_messages_ci95"], |row| Some(row.recovery));
        put(["outage_ticks", "outage_ticks_ci95"], |row| row.outage);
        let mut put = |names: [&'static str; 4], of: Percentiles| {
            record.extend(names.into_iter().zip([of.p50, of.p90, of.p99, of.max].map(|value| json!(value))));
        };
        put(["messages_p50", "messages_p90", "messages_p99", "messages_max"], self.messages);
        put(["waiting_ticks_p50", "waiting_ticks_p90", "waiting_ticks_p99", "waiting_ticks_max"], self.wait);
        put(
            ["sync_delay_ticks_p50", "sync_delay_ticks_p90", "sync_delay_ticks_p99", "sync_delay_ticks_max"],
            self.handover,
        );
        record
    }

    pub(super) fn run_records(&self) -> impl Iterator<Item = Record> + '_ {
        self.rows.iter().map(|row| {
            let mut record = self.key();
            record.extend([
                ("seed", json!(row.seed)),
                ("entries", json!(row.entries)),
                ("messages_per_entry", json!(row.messages)),
                ("bytes_per_entry", json!(row.bytes)),
                ("idle_messages_per_entry", json!(row.idle)),
                ("waiting_ticks", json!(row.wait)),
                ("sync_delay_ticks", json!(row.handover)),
                ("overtakes_per_entry", json!(row.overtaken)),
                ("jain_index", json!(row.jain)),
                ("recovery_messages", json!(row.recovery)),
                ("outage_ticks", json!(row.outage)),
            ]);
            record
        })
    }

    pub(super) fn type_records(&self) -> impl Iterator<Item = Record> + '_ {
        self.types.iter().map(|TypeRow { name, purpose, sum }| {
            let mut record = self.key();
            record.extend([
                ("type", json!(name)),
                ("purpose", json!(purpose)),
                ("messages", json!(sum.messages)),
                ("bytes", json!(sum.bytes)),
            ]);
            record
        })
    }
}

impl Percentiles {
    pub(super) fn of(histogram: &Histogram<u64>) -> Self {
        let at = |share| if histogram.is_empty() { 0 } else { histogram.value_at_quantile(share) };
        Self { p50: at(0.5), p90: at(0.9), p99: at(0.99), max: histogram.max() }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FaultFree => f.write_str("fault_free"),
            Self::Crash(kind) => write!(f, "crash_{kind}"),
        }
    }
}

/// A table with a heading, as CSV (RFC 4180, but for its line ends). What is not known is empty.
pub(super) fn csv(records: impl IntoIterator<Item = Record>) -> String {
    let mut text = String::new();
    for record in records {
        if text.is_empty() {
            let names: Vec<&str> = record.iter().map(|(name, _)| *name).collect();
            text = names.join(",") + "\n";
        }
        let values: Vec<String> = record.into_iter().map(|(_, value)| field(&value)).collect();
        text += &values.join(",");
        text.push('\n');
    }
    text
}

fn field(value: &Json) -> String {
    match value {
        Json::Null => String::new(),
        Json::String(text) if text.contains([',', '"', '\n']) => format!("\"{}\"", text.replace('"', "\"\"")),
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The same as JSON Lines, the columns in their order.
pub(super) fn json_lines(records: impl IntoIterator<Item = Record>) -> String {
    let line = |record: Record| {
        let fields: Vec<String> = record.into_iter().map(|(name, value)| format!("{}:{value}", json!(name))).collect();
        format!("{{{}}}\n", fields.join(","))
    };
    records.into_iter().map(line).collect()
}
