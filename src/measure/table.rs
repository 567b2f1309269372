use std::fmt::Write;

use super::run::mean;
use super::{CrashKind, Load, Mean, Phase, Point, Results, Row};
use crate::view::plot::number;

/// The results as text of at most so many columns: messages per entry over the number of processes, at the lowest load
/// and the highest, then everything of the most processes, then what a crash costs.
pub fn table(results: &Results, width: usize) -> String {
    let mut parts = Vec::new();
    let loads = ends(&results.sweep.loads);
    for &load in &loads {
        parts.push(matrix(results, load, width));
    }
    for &load in &loads {
        parts.extend(details(results, load, width));
    }
    parts.extend(loads.last().and_then(|&load| crashes(results, load, width)));
    parts.join("\n\n")
}

/// Messages per entry: a row for each system, a column for each number of processes.
pub fn matrix(results: &Results, load: Load, width: usize) -> String {
    let sizes = &results.sweep.processes;
    let mut rows = vec![vec!["N =".to_owned()]];
    rows[0].extend(sizes.iter().map(|&size| number(f64::from(size))));
    for system in &results.sweep.systems {
        let mut row = vec![system.clone()];
        row.extend(sizes.iter().map(|&size| {
            let mut points = results.of(Phase::FaultFree, load);
            let point = points.find(|point| point.system == *system && point.processes == size);
            shown(point.and_then(|point| point.mean(|run| run.messages)), false)
        }));
        rows.push(row);
    }
    let heading = format!("messages per entry, {}", conditions(results, load));
    format!("{}\n{}", wrap(&heading, width).trim_start(), columns(&rows, width))
}

/// `load 1 (saturated), mean of 10 seeds`.
pub(super) fn conditions(results: &Results, load: Load) -> String {
    let saturated = if load == Load::SATURATED { " (saturated)" } else { "" };
    let seeds = match results.sweep.seeds {
        1 => "1 seed".to_owned(),
        seeds => format!("mean of {seeds} seeds"),
    };
    format!("load {load}{saturated}, {seeds}")
}

/// The lowest and the highest, or the one there is.
pub(super) fn ends(loads: &[Load]) -> Vec<Load> {
    let mut ends: Vec<Load> = loads.iter().min().into_iter().chain(loads.iter().max()).copied().collect();
    ends.dedup();
    ends
}

fn shown(mean: Option<Mean>, with_error: bool) -> String {
    match mean {
        None => "–".to_owned(),
        Some(Mean { mean, error, of }) if with_error && of > 1 => format!("{} ± {}", number(mean), number(error)),
        Some(Mean { mean, .. }) => number(mean),
    }
}

const DETAILS: [&str; 9] = ["", "messages", "p99", "bytes", "idle", "wait", "p99", "sync/T", "overtakes"];

fn details(results: &Results, load: Load, width: usize) -> Option<String> {
    let most = *results.sweep.processes.iter().max()?;
    let delay = mean(&results.sweep.delay);
    let mut rows = vec![DETAILS.map(str::to_owned).to_vec()];
    rows[0].push("Jain".to_owned());
    for point in results.of(Phase::FaultFree, load).filter(|point| point.processes == most) {
        let mean = |of: fn(&Row) -> Option<f64>, with_error| shown(point.mean(of), with_error);
        rows.push(vec![
            point.system.clone(),
            mean(|run| run.messages, true),
            number(point.messages.p99 as f64),
            mean(|run| run.bytes, false),
            mean(|run| run.idle, false),
            mean(|run| run.wait, false),
            number(point.wait.p99 as f64),
            shown(point.mean(|run| run.handover.map(|ticks| ticks / delay)), false),
            mean(|run| run.overtaken, false),
            mean(|run| run.jain, false),
        ]);
    }
    let heading = format!("each entry of {most} processes, {} ± 95 %", conditions(results, load));
    let legend = "bytes of JSON; idle: messages of idle circulation; wait in ticks; sync/T: synchronisation delay in \
                  message delays";
    let heading = wrap(&heading, width);
    let (heading, legend) = (heading.trim_start(), wrap(legend, width));
    (rows.len() > 1).then(|| format!("{heading}\n{}\n{legend}", columns(&rows, width)))
}

fn crashes(results: &Results, load: Load, width: usize) -> Option<String> {
    let most = *results.sweep.processes.iter().max()?;
    let mut rows: Vec<Vec<String>> =
        vec![["", "crash of", "recovery messages", "outage, ticks", "seeds"].map(str::to_owned).into()];
    for point in results.points.iter().filter(|point| point.load == load && point.processes == most) {
        let Phase::Crash(kind) = point.phase else { continue };
        rows.push(vec![
            point.system.clone(),
            victim(kind).to_owned(),
            shown(point.mean(|run| Some(run.recovery)), true),
            shown(point.mean(|run| run.outage), true),
            point.rows.len().to_string(),
        ]);
    }
    if results.sweep.crashes.is_empty() {
        return None;
    }
    let mut text = String::new();
    if rows.len() > 1 {
        let heading = format!("one crash among {most} processes, {} ± 95 %", conditions(results, load));
        let _ = write!(text, "{}\n{}", wrap(&heading, width).trim_start(), columns(&rows, width));
        let legend = "outage: from the crash to the next entry of anybody; what can come back is down for 50 ticks; \
                      seeds: those in which the process was in that state";
        let _ = write!(text, "\n{}", wrap(legend, width));
    }
    let without = results.without_crashes();
    if !without.is_empty() {
        let told = format!("no crash is survived by {}, as their papers assume", without.join(", "));
        let _ = write!(text, "{}{}", if text.is_empty() { "" } else { "\n" }, wrap(&told, width));
    }
    Some(text)
}

/// What crashes.
pub(super) fn victim(kind: CrashKind) -> &'static str {
    match kind {
        CrashKind::Idle => "an idle process",
        CrashKind::Waiting => "a waiting process",
        CrashKind::Holder => "the holder",
        CrashKind::Token => "the next holder",
        CrashKind::Coordinator => "process 0",
    }
}

/// Rows in columns, the first to the left and the others to the right; those for which there is no room are left out,
/// and that is said.
fn columns(rows: &[Vec<String>], width: usize) -> String {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let broad = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let mut taken = 0;
    let mut fit = 0;
    for column in 0..count {
        taken += broad(column).unwrap_or(0) + 2;
        if taken > width && column > 1 {
            break;
        }
        fit = column + 1;
    }
    let mut lines = Vec::new();
    for row in rows {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate().take(fit) {
            let pad = " ".repeat(broad(column).unwrap_or(0).saturating_sub(cell.chars().count()));
            let _ = if column == 0 { write!(line, "  {cell}{pad}") } else { write!(line, "  {pad}{cell}") };
        }
        lines.push(line.trim_end().to_owned());
    }
    if fit < count {
        let left_out: Vec<&str> = rows[0][fit..].iter().map(String::as_str).collect();
        lines.push(wrap(&format!("no room for {}: see --csv, or a wider terminal", left_out.join(", ")), width));
    }
    lines.join("\n")
}

fn wrap(text: &str, width: usize) -> String {
    let mut lines = vec![String::from(" ")];
    for word in text.split(' ') {
        let line = lines.last_mut().expect("there is one");
        if line.chars().count() + 1 + word.chars().count() > width && line.len() > 1 {
            lines.push(format!("  {word}"));
        } else {
            line.push(' ');
            line.push_str(word);
        }
    }
    lines.join("\n")
}

/// Those points that are of a system.
pub(super) fn of_system<'a>(points: &[&'a Point], system: &str) -> Vec<&'a Point> {
    points.iter().copied().filter(|point| point.system == system).collect()
}
