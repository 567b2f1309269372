//! Bars on stderr; where nobody watches, nothing is drawn.

use indicatif::{ProgressBar, ProgressStyle};

/// How many of so many schedules are run.
pub(super) fn schedules(all: u64, of: impl Into<String>) -> ProgressBar {
    styled(ProgressBar::new(all), of, "{msg} {wide_bar} {pos}/{len} schedules, {eta} to go")
}

/// How many of at most so many runs were spent.
pub(super) fn runs(most: u64, on: impl Into<String>) -> ProgressBar {
    styled(ProgressBar::new(most), on, "{msg} {wide_bar} {pos}/{len} runs")
}

/// How many points of a sweep are measured; how many there are is said later.
pub(super) fn points() -> ProgressBar {
    styled(ProgressBar::new(0), "", "{wide_bar} {pos}/{len} points, {eta} to go")
}

/// What has no end that is known: its prefix tells how far it is.
pub(super) fn open_ended(of: impl Into<String>) -> ProgressBar {
    styled(ProgressBar::new_spinner(), of, "{msg}: {prefix}, {elapsed}")
}

fn styled(bar: ProgressBar, message: impl Into<String>, template: &str) -> ProgressBar {
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    bar.with_message(message.into()).with_style(style)
}
