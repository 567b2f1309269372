//! What stands beneath every "holds".

use super::layout::grouped;

/// The lines that tell in how many schedules what should be tried was tried, how fair it was, and what never happened.
pub(super) fn tried(wanted: &[(&str, u64)], entries: u64, overtakes: u64) -> Vec<String> {
    let mut lines = Vec::new();
    let (seen, never): (Vec<_>, Vec<_>) = wanted.iter().partition(|(_, count)| *count > 0);
    if !seen.is_empty() {
        let seen: Vec<String> = seen.iter().map(|(name, count)| format!("{name}\u{a0}{}", grouped(*count))).collect();
        lines.push(format!("seen: {}", seen.join(", ")));
    }
    if entries > 0 {
        let per_entry = as_f64(overtakes) / as_f64(entries);
        lines.push(format!("fairness: an entry overtakes {per_entry:.2} older requests on average"));
    }
    if !never.is_empty() {
        let never: Vec<&str> = never.iter().map(|(name, _)| *name).collect();
        lines.push(format!("never: {}", never.join(", ")));
    }
    lines
}

/// Near enough for three figures.
#[allow(clippy::cast_precision_loss, reason = "three figures are shown")]
pub(super) fn as_f64(count: u64) -> f64 {
    count as f64
}
